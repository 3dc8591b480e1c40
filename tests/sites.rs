//! Patch sites: where they lie, and what is none.

use tailfirst::{Align, FinishError, SiteError, SiteKind, aarch64, x64};

#[test]
fn fields_lie_inside_eight_aligned_bytes() {
    for lead in 0..64 {
        let mut enc = x64::Encoder::new();
        enc.data(&vec![0x90; lead]);
        let exit = enc.here();
        let points = [
            (enc.patchable(SiteKind::X64Rel32, |enc| enc.jmp_rel32(exit)), 4),
            (enc.patchable(SiteKind::X64Imm32, |enc| enc.cmp_rm64_imm32(x64::RAX, 0x1111_1111)), 4),
            (enc.patchable(SiteKind::X64Imm64, |enc| enc.mov_r64_imm64(x64::RAX, 0x2222_2222_2222_2222)), 8),
            (enc.patchable(SiteKind::X64Rel32, |enc| enc.jne_rel32(exit)), 4),
        ];
        let code = enc.finish().expect("all is bound");
        assert_eq!(code.end_alignment(), 8);
        for (point, bytes) in points {
            let site = code.site(point).expect("aligned");
            let from_end = code.bytes().len() - site.offset;
            // The first and the last byte are in the same eight.
            assert_eq!((from_end - 1) / 8, (from_end - bytes) / 8, "{site:?} with {lead} bytes behind");
        }
        let offset = |index: usize| code.site(points[index].0).expect("aligned").offset;
        assert_eq!(code.bytes()[offset(1)..][..4], [0x11; 4]);
        assert_eq!(code.bytes()[offset(2)..][..8], [0x22; 8]);
        assert_eq!(code.bytes()[offset(3) - 2..][..2], [0x0F, 0x85]);
    }
}

#[test]
fn instructions_and_literals_of_aarch64() {
    let mut enc = aarch64::Encoder::new();
    enc.nop();
    let exit = enc.here();
    let branch = enc.patchable(SiteKind::A64Branch, |enc| enc.b(exit));
    let literal = enc.patchable(SiteKind::A64Literal, |enc| enc.data_u64(0x3333_3333_3333_3333));
    let code = enc.finish().expect("all is bound");
    assert_eq!(code.bytes().len() - code.site(branch).expect("a word").offset, 8);
    let literal = code.site(literal).expect("aligned");
    assert_eq!((code.bytes().len() - literal.offset) % 8, 0);
    assert_eq!(code.bytes()[literal.offset..][..8], [0x33; 8]);
}

#[test]
fn what_is_too_short() {
    let mut enc = x64::Encoder::new();
    enc.patchable(SiteKind::X64Rel32, |enc| enc.ret());
    assert!(matches!(enc.finish().map(|_| ()), Err(FinishError::NoPatchField { kind: SiteKind::X64Rel32, .. })));
}

#[test]
fn in_a_forward_block() {
    let mut enc = x64::Encoder::new();
    let exit = enc.here();
    enc.forward(|enc| enc.patchable(SiteKind::X64Rel32, |enc| enc.jmp_rel32(exit)));
    assert_eq!(enc.finish().map(|_| ()), Err(FinishError::AlignedInForwardBlock { align: 8 }));
}

#[test]
fn in_an_aligned_block_that_is_moved() {
    let mut enc = x64::Encoder::new();
    let exit = enc.here();
    // The field's three high bytes would be in the next eight.
    let point = enc.aligned(Align::of::<8>(), |enc| {
        let point = enc.patchable(SiteKind::X64Rel32, |enc| enc.jmp_rel32(exit));
        enc.nop();
        point
    });
    let code = enc.finish().expect("all is bound");
    // Moved by two bytes: four to seven bytes from the end have become six to nine.
    assert_eq!(code.bytes().len(), 8);
    assert!(code.site(point).is_ok());

    let mut enc = x64::Encoder::new();
    let exit = enc.here();
    let point = enc.aligned(Align::of::<8>(), |enc| {
        enc.nops(2);
        let point = enc.patchable(SiteKind::X64Rel32, |enc| enc.jmp_rel32(exit));
        enc.nops(4);
        point
    });
    let code = enc.finish().expect("all is bound");
    assert!(matches!(code.site(point), Err(SiteError::Misaligned { .. })), "{:?}", code.site(point));
}

#[test]
fn what_was_rolled_back() {
    let mut enc = x64::Encoder::new();
    enc.ret();
    let exit = enc.here();
    let before = enc.snapshot();
    let point = enc.patchable(SiteKind::X64Rel32, |enc| enc.jmp_rel32(exit));
    enc.rollback(before);
    let code = enc.finish().expect("all is bound");
    assert_eq!(code.site(point), Err(SiteError::Outside { kind: SiteKind::X64Rel32 }));
}
