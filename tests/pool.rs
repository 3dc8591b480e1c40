//! Constants and addresses beside the code.

use tailfirst::{Align, Code, Field, FinishError, Label, RelocationTarget, Symbol, aarch64, x64};

fn at<const N: usize, I: tailfirst::Isa>(code: &Code<'_, I>, label: Label) -> [u8; N] {
    let offset = code.offset_of(label).expect("the constant is placed");
    *code.bytes()[offset..].first_chunk().expect("inside the code")
}

#[test]
fn one_copy_of_each_constant() {
    let mut enc = x64::Encoder::new();
    let labels = [enc.constant_f64(0.5), enc.constant_u64(7), enc.constant_u32(7), enc.constant_f64(0.5)];
    assert_eq!(labels[0], labels[3]);
    // The same bytes, and so the same constant.
    assert_eq!(enc.constant_u64(0.5f64.to_bits()), labels[0]);
    let code = enc.finish().expect("the pool is placed");
    assert_eq!(code.bytes().len(), 20);
    assert_eq!(at(&code, labels[0]), 0.5f64.to_le_bytes());
    assert_eq!(at(&code, labels[1]), 7u64.to_le_bytes());
    assert_eq!(at(&code, labels[2]), 7u32.to_le_bytes());
}

#[test]
fn constants_are_aligned() {
    let mut enc = aarch64::Encoder::new();
    enc.nop();
    let sizes = [(3, 1), (5, 16), (64, 64), (1, 2), (8, 8), (0, 32)];
    let labels = sizes.map(|(len, align)| {
        let bytes: Vec<u8> = (0..len).map(|byte| byte as u8 ^ align as u8).collect();
        let label = enc.constant(&bytes, Align::new(align).expect("a power of two")).expect("at most 64 bytes");
        (label, bytes, align as usize)
    });
    // Code that follows is aligned again.
    enc.place_pool();
    enc.nop();
    let code = enc.finish().expect("all is placed");
    assert_eq!(code.bytes().len() % 4, 0);
    assert_eq!(code.end_alignment(), 64);
    for (label, bytes, align) in labels {
        let offset = code.offset_of(label).expect("placed");
        assert_eq!((code.bytes().len() - offset) % align, 0, "{align}");
        assert_eq!(code.bytes()[offset..offset + bytes.len()], bytes);
    }
}

#[test]
fn a_constant_asked_for_again_more_strictly() {
    let mut enc = x64::Encoder::new();
    let eight = Align::of::<8>();
    let loose = enc.constant(&[1; 16], eight).expect("short");
    assert_eq!(enc.constant(&[1; 16], Align::of::<16>()), Some(loose));
    enc.place_pool();
    assert_eq!(enc.constant(&[1; 16], eight), Some(loose));
    let stricter = enc.constant(&[1; 16], Align::of::<4096>()).expect("short");
    let code = enc.finish().expect("all is placed");
    for (label, align) in [(loose, 16), (stricter, 4096)] {
        assert_eq!((code.bytes().len() - code.offset_of(label).expect("placed")) % align, 0);
    }
}

#[test]
fn a_constant_whose_place_was_rolled_back_waits_again() {
    let mut enc = x64::Encoder::new();
    let loose = enc.constant(&[1; 16], Align::of::<1>()).expect("short");
    let before = enc.snapshot();
    // Aligned by chance.
    enc.place_pool();
    enc.rollback(before);
    enc.ret();
    assert_eq!(enc.constant(&[1; 16], Align::of::<16>()), Some(loose));
    let code = enc.finish().expect("all is placed");
    assert_eq!((code.bytes().len() - code.offset_of(loose).expect("placed")) % 16, 0);
}

#[test]
fn too_long_a_constant() {
    assert_eq!(x64::Encoder::new().constant(&[0; 65], Align::of::<1>()), None);
}

#[test]
fn constants_out_of_reach_are_placed_again() {
    let mut enc = aarch64::Encoder::new();
    let first = enc.constant_u64(1);
    enc.place_pool();
    let near = enc.constant_u64(1);
    enc.data(&vec![0; 1 << 20]);
    let far = enc.constant_u64(1);
    assert_eq!(near, first);
    assert_ne!(far, first);
    enc.ldr_x_lit(aarch64::X0, far);
    enc.finish().expect("the second copy is near");
}

/// A copy that is rolled back leaves the one before it.
#[test]
fn rolling_back_a_copy() {
    let mut enc = aarch64::Encoder::new();
    let first = enc.constant_u64(1);
    enc.place_pool();
    let near = enc.snapshot();
    for _ in 0..2 {
        enc.data(&vec![0; 1 << 20]);
        assert_ne!(enc.constant_u64(1), first);
        enc.constant_u64(2);
        enc.rollback(near);
        assert_eq!(enc.constant_u64(1), first);
    }
    let code = enc.finish().expect("all is placed");
    assert_eq!(code.bytes(), 1u64.to_le_bytes());
}

#[test]
fn a_pool_in_a_block() {
    let mut enc = x64::Encoder::new();
    enc.aligned(Align::of::<16>(), |enc| {
        enc.constant_u64(1);
        enc.place_pool();
    });
    assert_eq!(enc.finish().map(|_| ()), Err(FinishError::PoolInBlock));
}

#[test]
fn constants_asked_for_in_blocks() {
    let mut enc = x64::Encoder::new();
    enc.ret();
    let inside = enc.forward(|enc| {
        let label = enc.constant_f64(2.0);
        enc.addsd_xmm_xmmm64(x64::XMM0, label);
        label
    });
    assert_eq!(enc.constant_f64(2.0), inside);
    let code = enc.finish().expect("all is placed");
    assert_eq!(at(&code, inside), 2f64.to_le_bytes());
}

#[test]
fn rolling_back_the_pool() {
    let mut enc = x64::Encoder::new();
    let kept = enc.constant_u64(1);
    let before = enc.snapshot();
    enc.constant_u64(2);
    enc.place_pool();
    enc.rollback(before);
    assert_eq!(enc.constant_u64(1), kept);
    let code = enc.finish().expect("what is left is placed again");
    assert_eq!(code.bytes(), 1u64.to_le_bytes());
}

#[test]
fn addresses_as_constants() {
    let symbol = Symbol(5);
    let mut enc = x64::Encoder::new();
    enc.ret();
    let slot = enc.constant_address(symbol);
    assert_eq!(enc.constant_address(symbol), slot);
    enc.call_rm64(slot);
    let mut code = enc.finish().expect("the pool is placed");
    assert_eq!(code.relocations().len(), 1);
    assert_eq!(code.relocations()[0].target, RelocationTarget::Symbol(symbol));
    code.link(0x1000, |_| Some(0x1234_5678_9ABC_DEF0)).expect("an address fits");
    assert_eq!(at(&code, slot), 0x1234_5678_9ABC_DEF0u64.to_le_bytes());
}

#[test]
fn addresses_of_labels() {
    let mut x64 = x64::Encoder::new();
    x64.ret();
    let (x64_target, base) = (x64.here(), 0x7F00_0000_1000);
    x64.data_address(x64_target);
    let mut code = x64.finish().expect("all is bound");
    code.link(base, |_| None).expect("nothing to resolve");
    assert_eq!(code.bytes()[..8], (base + 8).to_le_bytes());

    let mut a64 = aarch64::Encoder::new();
    a64.nop();
    let target = a64.here();
    a64.data_address(target);
    let mut code = a64.finish().expect("all is bound");
    code.link(base, |_| None).expect("nothing to resolve");
    assert_eq!(code.bytes()[..8], (base + 8).to_le_bytes());
}

/// The entries of a jump table, also in a forward block, where they are placed in reading order.
#[test]
fn offsets_as_data() {
    macro_rules! table {
        ($encoder:expr) => {{
            let mut enc = $encoder;
            enc.data_u32(0xAAAA);
            let high = enc.here();
            let low = enc.label();
            enc.forward(|enc| {
                enc.data_offset(high);
                enc.data_offset(low);
            });
            enc.data_offset(high);
            enc.data_u32(0xBBBB);
            enc.bind(low);
            let code = enc.finish().expect("all is bound");
            let words: Vec<i32> =
                code.bytes().chunks(4).map(|word| i32::from_le_bytes(word.try_into().expect("four bytes"))).collect();
            assert_eq!(words, [0xBBBB, 12, 8, -12, 0xAAAA]);
        }};
    }
    table!(x64::Encoder::new());
    table!(aarch64::Encoder::new());
}

#[test]
fn near_from_anywhere() {
    let region = 0x1_0000_0000..0x1_1000_0000;
    let reach = 1u64 << 31;
    // Up from the lowest byte, down from the highest.
    assert!(x64::Rel::NEAR.reaches_from(&region, region.start + reach - 1));
    assert!(!x64::Rel::NEAR.reaches_from(&region, region.start + reach));
    assert!(x64::Rel::NEAR.reaches_from(&region, region.end - reach));
    assert!(!x64::Rel::NEAR.reaches_from(&region, region.end - reach - 1));
    let reach = 128 << 20;
    let small = 0x1_0000_0000..0x1_0010_0000;
    assert!(aarch64::Rel::NEAR.reaches_from(&small, small.start + reach - 4));
    assert!(!aarch64::Rel::NEAR.reaches_from(&small, small.start + reach));
    assert!(!aarch64::Rel::NEAR.reaches_from(&small, small.end - reach - 4));
}
