//! Constants and addresses beside the code.

use tailfirst::{
    Align, Code, Direction, Down, Encoder, Field, Isa, Label, RelocationTarget, Symbol, Up, aarch64, block, x64,
};
use tailfirst_roundtrip::side::Side;

fn at<const N: usize, I: Isa>(code: &Code<'_, I>, label: Label) -> [u8; N] {
    let offset = code.offset_of(label).expect("the constant is placed");
    *code.bytes()[offset..].first_chunk().expect("inside the code")
}

#[test]
fn one_copy_of_each_constant() {
    fn check<I: Isa, D: Side>() {
        let mut enc = Encoder::<I, D>::new();
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
    check::<x64::X64, Down>();
    check::<x64::X64, Up>();
    check::<aarch64::A64, Down>();
    check::<aarch64::A64, Up>();
}

#[test]
fn constants_are_aligned() {
    fn check<D: Side>() {
        let mut enc = aarch64::Emitter::<D>::new();
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
        assert_eq!(D::alignment(&code), 64);
        for (label, bytes, align) in labels {
            let offset = code.offset_of(label).expect("placed");
            assert_eq!(D::distance(&code, label) % align, 0, "{align}");
            assert_eq!(code.bytes()[offset..offset + bytes.len()], bytes);
        }
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn a_constant_asked_for_again_more_strictly() {
    fn check<D: Side>() {
        let mut enc = x64::Emitter::<D>::new();
        let eight = Align::of::<8>();
        let loose = enc.constant(&[1; 16], eight).expect("short");
        assert_eq!(enc.constant(&[1; 16], Align::of::<16>()), Some(loose));
        enc.place_pool();
        assert_eq!(enc.constant(&[1; 16], eight), Some(loose));
        let stricter = enc.constant(&[1; 16], Align::of::<4096>()).expect("short");
        let code = enc.finish().expect("all is placed");
        for (label, align) in [(loose, 16), (stricter, 4096)] {
            assert_eq!(D::distance(&code, label) % align, 0);
        }
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn a_constant_whose_place_was_rolled_back_waits_again() {
    fn check<D: Side>() {
        let mut enc = x64::Emitter::<D>::new();
        let loose = enc.constant(&[1; 16], Align::of::<1>()).expect("short");
        let before = enc.snapshot();
        // Aligned by chance.
        enc.place_pool();
        enc.rollback(before);
        enc.ret();
        assert_eq!(enc.constant(&[1; 16], Align::of::<16>()), Some(loose));
        let code = enc.finish().expect("all is placed");
        assert_eq!(D::distance(&code, loose) % 16, 0);
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn too_long_a_constant() {
    assert_eq!(x64::Encoder::new().constant(&[0; 65], Align::of::<1>()), None);
    assert_eq!(x64::Assembler::new().constant(&[0; 65], Align::of::<1>()), None);
}

#[test]
fn constants_out_of_reach_are_placed_again() {
    fn check<D: Side>() {
        let mut enc = aarch64::Emitter::<D>::new();
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
    check::<Down>();
    check::<Up>();
}

/// A copy that is rolled back leaves the one before it.
#[test]
fn rolling_back_a_copy() {
    fn check<D: Side>() {
        let mut enc = aarch64::Emitter::<D>::new();
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
    check::<Down>();
    check::<Up>();
}

/// A pool in blocks of every kind: of what was asked for outside, around and inside, and what is asked for again is not
/// placed again.
#[test]
fn a_pool_in_a_block() {
    type Pool<D> = fn(&mut x64::Emitter<'_, D>) -> Vec<Label>;
    fn inside<D: Direction>(enc: &mut x64::Emitter<'_, D>) -> Vec<Label> {
        enc.nop();
        let labels = vec![enc.constant_u64(1), enc.constant_u32(2), enc.constant_u128(3)];
        enc.place_pool();
        enc.nop();
        assert_eq!(enc.constant_u32(2), labels[1]);
        // One that waits until the pool is placed outside.
        let later = enc.constant_u64(4);
        block!(enc; mov_r64_rm64(x64::RAX, labels[0]); mov_r64_rm64(x64::RAX, later));
        [labels, vec![later]].concat()
    }
    fn check<D: Side>(pools: &[Pool<D>]) {
        for (number, pool) in pools.iter().enumerate() {
            for before in 0..20 {
                let mut enc = x64::Emitter::<D>::new();
                enc.nops(before);
                let outside = enc.constant_u64(1);
                let labels = pool(&mut enc);
                assert_eq!(labels[0], outside);
                assert_eq!(enc.constant_u128(3), labels[2]);
                let code = enc.finish().expect("all is placed");
                let found: Vec<u128> = labels.iter().map(|&label| u128::from(at::<1, _>(&code, label)[0])).collect();
                assert_eq!(found, [1, 2, 3, 4], "{number}");
                for (label, align) in labels.iter().zip([8, 4, 16, 8]) {
                    assert_eq!(D::distance(&code, *label) % align, 0, "{number} behind {before}");
                }
                assert!(D::alignment(&code) >= 16);
                // What the loads load: found by their opcodes, the last of the code inside.
                let bytes = code.bytes();
                let loads: Vec<usize> =
                    (0..bytes.len() - 6).filter(|&at| bytes[at..at + 3] == [0x48, 0x8B, 0x05]).collect();
                let targets: Vec<Option<usize>> = loads
                    .iter()
                    .map(|&at| {
                        let disp = i32::from_le_bytes(bytes[at + 3..at + 7].try_into().expect("four bytes"));
                        (at + 7).checked_add_signed(disp as isize)
                    })
                    .collect();
                assert_eq!(targets, [code.offset_of(labels[0]), code.offset_of(labels[3])], "{number}");
            }
        }
    }
    const A32: Align = Align::of::<32>();
    check::<Down>(&[
        inside,
        |enc| enc.forward(inside),
        |enc| enc.aligned(A32, inside),
        |enc| enc.aligned(A32, |enc| enc.forward(inside)),
        |enc| enc.forward(|asm| asm.backward(inside)),
        |enc| enc.forward(|asm| asm.backward(|enc| enc.aligned(A32, inside))),
    ]);
    check::<Up>(&[
        inside,
        |asm| asm.backward(inside),
        |asm| asm.aligned(A32, inside),
        |asm| asm.backward(|enc| enc.aligned(A32, inside)),
        |asm| asm.backward(|enc| enc.forward(inside)),
        |asm| asm.aligned(A32, |asm| asm.backward(|enc| enc.aligned(A32, |enc| enc.forward(inside)))),
    ]);
}

#[test]
fn constants_asked_for_in_blocks() {
    fn ask<D: Direction>(enc: &mut x64::Emitter<'_, D>) -> Label {
        let label = enc.constant_f64(2.0);
        enc.addsd_xmm_xmmm64(x64::XMM0, label);
        label
    }
    fn check<D: Side>(block: fn(&mut x64::Emitter<'_, D>) -> Label) {
        let mut enc = x64::Emitter::<D>::new();
        enc.ret();
        let inside = block(&mut enc);
        assert_eq!(enc.constant_f64(2.0), inside);
        let code = enc.finish().expect("all is placed");
        assert_eq!(at(&code, inside), 2f64.to_le_bytes());
    }
    check::<Down>(|enc| enc.forward(ask));
    check::<Down>(|enc| enc.forward(|asm| asm.backward(ask)));
    check::<Up>(|asm| asm.backward(ask));
    check::<Up>(|asm| asm.backward(|enc| enc.forward(ask)));
}

#[test]
fn rolling_back_the_pool() {
    fn check<D: Side>(place: fn(&mut x64::Emitter<'_, D>)) {
        let mut enc = x64::Emitter::<D>::new();
        let kept = enc.constant_u64(1);
        let before = enc.snapshot();
        enc.constant_u64(2);
        place(&mut enc);
        enc.rollback(before);
        assert_eq!(enc.constant_u64(1), kept);
        let code = enc.finish().expect("what is left is placed again");
        assert_eq!(code.bytes(), 1u64.to_le_bytes());
        assert!(code.data().eq(std::iter::once(0..8)));
    }
    check::<Down>(|enc| enc.place_pool());
    check::<Down>(|enc| enc.forward(|asm| asm.place_pool()));
    check::<Up>(|asm| asm.place_pool());
    check::<Up>(|asm| asm.backward(|enc| enc.place_pool()));
}

#[test]
fn addresses_as_constants() {
    fn check<D: Side>() {
        let symbol = Symbol(5);
        let mut enc = x64::Emitter::<D>::new();
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
    check::<Down>();
    check::<Up>();
}

/// As data and as constants, of labels and symbols, directly and in blocks.
#[test]
fn addresses_of_labels() {
    const BASE: u64 = 0x7F00_0000_1000;
    const SYMBOL: Symbol = Symbol(9);
    /// Where an address is, and of what label, if it is not the symbol's.
    type Places = Vec<(Label, Option<Label>)>;
    fn addresses<I: Isa, D: Direction>(enc: &mut Encoder<'_, I, D>, outside: Label) -> Places {
        let inside = enc.here();
        let mut all = Vec::new();
        for target in [Some(outside), Some(inside), None] {
            let place = enc.label();
            match target {
                Some(target) => block!(enc; bind(place); data_address(target)),
                None => block!(enc; bind(place); data_address(SYMBOL)),
            }
            all.push((place, target));
        }
        let constant = enc.constant_address(inside);
        all.push((constant, Some(inside)));
        all
    }
    fn check<I: Isa, D: Side>(block: fn(&mut Encoder<'_, I, D>, Label) -> Places) {
        let mut enc = Encoder::<I, D>::new();
        enc.data(&[7; 12]);
        let outside = enc.here();
        let places = block(&mut enc, outside);
        enc.data(&[7; 4]);
        let mut code = enc.finish().expect("all is bound");
        assert_eq!(code.relocations().len(), 4);
        code.link(BASE, |symbol| (symbol == SYMBOL).then_some(0x1122_3344_5566_7788)).expect("any address fits");
        for (place, target) in places {
            let expected = target.map_or(0x1122_3344_5566_7788, |to| BASE + code.offset_of(to).expect("bound") as u64);
            assert_eq!(at(&code, place), expected.to_le_bytes());
        }
    }
    fn both<I: Isa>() {
        check::<I, Down>(addresses);
        check::<I, Down>(|enc, outside| enc.forward(|asm| addresses(asm, outside)));
        check::<I, Down>(|enc, outside| enc.aligned(Align::of::<64>(), |enc| addresses(enc, outside)));
        check::<I, Up>(addresses);
        check::<I, Up>(|asm, outside| asm.backward(|enc| addresses(enc, outside)));
        check::<I, Up>(|asm, outside| {
            asm.backward(|enc| enc.aligned(Align::of::<64>(), |enc| enc.forward(|asm| addresses(asm, outside))))
        });
    }
    both::<x64::X64>();
    both::<aarch64::A64>();
}

/// The entries of a jump table, also in a block of the other direction.
#[test]
fn offsets_as_data() {
    fn check<I: Isa, D: Side>() {
        let mut enc = Encoder::<I, D>::new();
        let (high, low) = (enc.label(), enc.label());
        enc.in_order(0..7, |enc, step| match step {
            0 => enc.bind(low),
            1 => enc.data_u32(0xBBBB),
            2 => enc.data_offset(high),
            3 => enc.forward(|asm| block!(asm; data_offset(high); data_offset(low))),
            4 => enc.backward(|enc| block!(enc; data_offset(high); data_offset(low))),
            5 => enc.bind(high),
            _ => enc.data_u32(0xAAAA),
        });
        let code = enc.finish().expect("all is bound");
        let words: Vec<i32> =
            code.bytes().chunks(4).map(|word| i32::from_le_bytes(word.try_into().expect("four bytes"))).collect();
        assert_eq!(words, [0xBBBB, 20, 16, -12, 8, -20, 0xAAAA]);
        // They are data.
        assert_eq!(code.data().map(|range| range.len()).sum::<usize>(), 28);
    }
    check::<x64::X64, Down>();
    check::<x64::X64, Up>();
    check::<aarch64::A64, Down>();
    check::<aarch64::A64, Up>();
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
