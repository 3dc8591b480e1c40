//! What a block refuses, with what data, and that nothing is left of it.

use super::one_x64;
use dynasmrt::{
    DynasmApi, DynasmLabelApi, LabelKind, TargetKind,
    components::LabelRegistry,
    dynasm,
    relocations::{Relocation, RelocationKind, RelocationSize},
    x64::X64Relocation,
};
use tailfirst::{
    FinishError, Range, aarch64,
    dynasm::{A64Block, PlaceError, Unsupported, X64Block},
    x64,
};

#[test]
fn what_is_out_of_range() {
    use aarch64::*;
    let tbz = Range { low: -0x8000, high: 0x7FFC, step: 4 };
    for (distance, is_near) in [(0x7FFC, true), (0x8000, false)] {
        let (mut enc, mut block) = (Encoder::new(), A64Block::new());
        let filler = vec![0_u8; distance as usize - 4];
        dynasm!(block; .arch aarch64; nop; tbz x1, 3, >far; .bytes &filler; far:);
        let error = PlaceError::OutOfRange { target: TargetKind::Local("far"), at: 4, distance, range: tbz };
        assert_eq!(enc.place(&mut block), if is_near { Ok(()) } else { Err(error) });
    }
    // A load has the field of a conditional branch, and no island helps it.
    let (mut enc, mut block) = (Encoder::new(), A64Block::new());
    let far = enc.label();
    let label = block.share(far);
    dynasm!(block; .arch aarch64; ldr x1, =>label);
    enc.place(&mut block).unwrap();
    enc.nops(0x10_0000);
    enc.bind(far);
    let range = Range { low: -0x10_0000, high: 0xF_FFFC, step: 4 };
    assert_eq!(enc.finish().map(|_| ()), Ok(()));
    enc.clear();
    let far = enc.label();
    let label = block.share(far);
    dynasm!(block; .arch aarch64; ldr x1, =>label);
    enc.place(&mut block).unwrap();
    enc.nops(0x10_0004);
    enc.bind(far);
    let error = FinishError::OutOfRange { label: far, at: 4, distance: -0x10_0004, range };
    assert_eq!(enc.finish().map(|_| ()), Err(error));
    assert_eq!(
        one_x64(|block| dynasm!(block; .arch x64; jmp BYTE >far; .bytes [0; 128]; far:)),
        Err(PlaceError::OutOfRange {
            target: TargetKind::Local("far"),
            at: 1,
            distance: 128,
            range: Range { low: -128, high: 127, step: 1 },
        })
    );
    assert!(one_x64(|block| dynasm!(block; .arch x64; jmp BYTE >far; .bytes [0; 127]; far:)).is_ok());
    // Not at a multiple of four.
    let (mut enc, mut block) = (Encoder::new(), A64Block::new());
    dynasm!(block; .arch aarch64; b >odd; .u8 1; odd:);
    let range = Range { low: -(1 << 27), high: (1 << 27) - 4, step: 4 };
    let error = PlaceError::OutOfRange { target: TargetKind::Local("odd"), at: 0, distance: 5, range };
    assert_eq!(enc.place(&mut block), Err(error));
}

#[test]
fn labels_that_are_not_there() {
    let unknown = |label, at| Err(PlaceError::UnknownLabel { label, at });
    assert_eq!(one_x64(|block| dynasm!(block; .arch x64; nop; jmp >a)), unknown(LabelKind::Local("a"), 2));
    assert_eq!(one_x64(|block| dynasm!(block; .arch x64; a: ; jmp >a)), unknown(LabelKind::Local("a"), 1));
    assert_eq!(one_x64(|block| dynasm!(block; .arch x64; nop; jmp <a; a:)), unknown(LabelKind::Local("a"), 2));
    assert_eq!(one_x64(|block| dynasm!(block; .arch x64; jmp ->a)), unknown(LabelKind::Global("a"), 1));
    let mut own = None;
    let result = one_x64(|block| {
        let label = *own.insert(block.new_dynamic_label());
        dynasm!(block; .arch x64; jmp =>label);
    });
    assert_eq!(result, unknown(LabelKind::Dynamic(own.unwrap()), 1));

    let duplicate = |label, at| Err(PlaceError::DuplicateLabel { label, at });
    let twice = one_x64(|block| dynasm!(block; .arch x64; ->a: ; nop; ->a:));
    assert_eq!(twice, duplicate(LabelKind::Global("a"), 1));
    let result = one_x64(|block| {
        let label = *own.insert(block.new_dynamic_label());
        dynasm!(block; .arch x64; =>label; nop; =>label);
    });
    assert_eq!(result, duplicate(LabelKind::Dynamic(own.unwrap()), 1));

    // Of another registry.
    let foreign = LabelRegistry::new().new_dynamic_label();
    let error = PlaceError::ForeignDynamicLabel { label: foreign, at: 1 };
    assert_eq!(one_x64(|block| dynasm!(block; .arch x64; nop; =>foreign)), Err(error));
    assert_eq!(one_x64(|block| dynasm!(block; .arch x64; jmp =>foreign)), Err(error));

    // Of another encoder.
    let mut other = x64::Encoder::new();
    let label = other.here();
    let error = PlaceError::ForeignLabel { label, at: 1 };
    for is_placed in [false, true] {
        let result = one_x64(|block| {
            let shared = block.share(label);
            match is_placed {
                true => dynasm!(block; .arch x64; nop; =>shared),
                false => dynasm!(block; .arch x64; jmp =>shared),
            }
        });
        assert_eq!(result, Err(error));
    }
}

/// Labels that are shared but not bound, or bound twice, are `finish`'s matter.
#[test]
fn shared_labels_that_are_bound_wrongly() {
    let (mut enc, mut block) = (x64::Encoder::new(), X64Block::new());
    let label = enc.label();
    let shared = block.share(label);
    dynasm!(block; .arch x64; jmp =>shared; nop);
    enc.place(&mut block).unwrap();
    assert_eq!(enc.finish().map(|_| ()), Err(FinishError::UnboundLabel { label, at: 1 }));

    let (mut enc, mut block) = (x64::Encoder::new(), X64Block::new());
    let label = enc.here();
    let shared = block.share(label);
    dynasm!(block; .arch x64; nop; =>shared; nop);
    enc.place(&mut block).unwrap();
    assert_eq!(enc.finish().map(|_| ()), Err(FinishError::BoundTwice { label, at: 1 }));
}

#[test]
fn what_is_not_supported() {
    let (mut enc, mut block) = (x64::Encoder::new(), X64Block::new());
    let label = enc.here();
    let shared = block.share(label);
    let mut refused = |push: &dyn Fn(&mut X64Block), at: usize, problem| {
        push(&mut block);
        let error = PlaceError::Unsupported { target: TargetKind::Dynamic(shared), at, problem };
        assert_eq!(enc.place(&mut block), Err(error), "{error}");
        assert_eq!(enc.pos().from_base(), 0);
    };
    let address = Unsupported::Address { size: 4 };
    refused(&|block| dynasm!(block; .arch x64; nop; .abs32 =>shared), 1, address);
    refused(&|block| dynasm!(block; .arch x64; =>shared; .abs32 =>shared), 0, address);
    refused(&|block| dynasm!(block; .arch x64; .abs64 =>(shared) + 4), 0, Unsupported::Offset { offset: 4 });
    refused(&|block| dynasm!(block; .arch x64; jmp =>(shared) + 4), 1, Unsupported::Offset { offset: 4 });
    refused(&|block| dynasm!(block; .arch x64; nop; .rel16 =>shared), 1, Unsupported::Field { size: 2 });
    refused(&|block| dynasm!(block; .arch x64; nop; .rel8 =>shared), 1, Unsupported::Field { size: 1 });
    refused(&|block| dynasm!(block; .arch x64; nop; .rel64 =>shared), 1, Unsupported::Field { size: 8 });
    let kind = |kind| X64Relocation::from_size(kind, RelocationSize::DWord);
    let absolute = kind(RelocationKind::Absolute);
    refused(
        &|block| {
            block.push_i32(0);
            block.dynamic_relocation(shared, 0, 4, 0, absolute)
        },
        0,
        Unsupported::Kind,
    );

    // Fields that are not there.
    for (field_offset, ref_offset) in [(4, 0), (0, 0), (3, 0), (8, 0), (2, 4), (255, 255)] {
        let relocation = kind(RelocationKind::Relative);
        let result = one_x64(|block| {
            block.push_u16(0);
            block.global_relocation("a", isize::MAX, field_offset, ref_offset, relocation);
        });
        assert_eq!(result, Err(PlaceError::FieldOutside { at: 2, field_offset, ref_offset }));
    }
    let result = one_x64(|block| {
        block.push_u32(0);
        block.global_label("a");
        block.global_relocation("a", isize::MAX, 4, 0, kind(RelocationKind::Relative));
    });
    assert!(matches!(result, Err(PlaceError::OutOfRange { distance: 0x7FFF_FFFF_FFFF_FFFB, .. })));

    let (mut enc, mut block) = (aarch64::Encoder::new(), A64Block::new());
    let label = enc.here();
    let shared = block.share(label);
    dynasm!(block; .arch aarch64; nop; .rel64 =>shared);
    let problem = Unsupported::Field { size: 8 };
    let error = PlaceError::Unsupported { target: TargetKind::Dynamic(shared), at: 4, problem };
    assert_eq!(enc.place(&mut block), Err(error));
}
