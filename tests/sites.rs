//! Patch sites: where they lie, and what is none.

use tailfirst::{Align, Encoder, FinishError, Isa, Site, SiteError, SiteKind, Symbol, aarch64, x64};

/// A site is placed behind so many bytes. The field is at the end of what is placed, one store can change it, and no more is placed above it than needed.
fn check<I: Isa>(
    mut enc: Encoder<'_, I>,
    lead: usize,
    kind: SiteKind,
    place: impl FnOnce(&mut Encoder<'_, I>),
    field: &[u8],
) {
    enc.data(&vec![0x90; lead]);
    let point = enc.patchable(kind, place);
    let code = enc.finish().expect("nothing is pending");
    let site = code.site(point).expect("it is there");
    assert_eq!(site.kind, kind);
    let (high, low) = (code.bytes().len() - site.offset - field.len(), code.bytes().len() - site.offset);
    // The first and the last byte are in the same aligned eight; a whole eight are those, and an instruction is at a multiple of four.
    assert_eq!((low - 1) / 8, high / 8, "{site:?} behind {lead} bytes");
    assert!(kind != SiteKind::A64Branch || low.is_multiple_of(4));
    assert_eq!(&code.bytes()[site.offset..][..field.len()], field, "{kind:?} behind {lead} bytes");
    assert!((lead..lead + 8).contains(&high), "{high} bytes for {lead}");
    if fits_behind(kind, lead) {
        assert_eq!(high, lead, "{kind:?}");
    }
    assert!(code.end_alignment() >= 8);
}

/// Whether a field may lie right behind so many bytes below an aligned place.
fn fits_behind(kind: SiteKind, lead: usize) -> bool {
    match kind {
        SiteKind::X64Rel32 | SiteKind::X64Imm32 => lead % 8 <= 4,
        SiteKind::X64Imm64 | SiteKind::A64Literal | SiteKind::Slot => lead.is_multiple_of(8),
        SiteKind::A64Branch => lead.is_multiple_of(4),
    }
}

#[test]
fn fields_lie_inside_eight_aligned_bytes() {
    use x64::*;
    for lead in 0..64 {
        let new = x64::Encoder::new;
        check(new(), lead, SiteKind::X64Rel32, |enc| enc.jmp_rel32(Symbol(1)), &[0; 4]);
        check(new(), lead, SiteKind::X64Rel32, |enc| enc.jne_rel32(Symbol(1)), &[0; 4]);
        check(new(), lead, SiteKind::X64Rel32, |enc| enc.mov_r64_rm64(RAX, Symbol(1)), &[0; 4]);
        check(new(), lead, SiteKind::X64Imm32, |enc| enc.cmp_rm64_imm32(RAX, 0x1111_1111), &[0x11; 4]);
        check(new(), lead, SiteKind::X64Imm32, |enc| enc.mov_r64_rm64(RAX, RBX + 0x1111_1111), &[0x11; 4]);
        check(new(), lead, SiteKind::X64Imm64, |enc| enc.mov_r64_imm64(RAX, 0x2222_2222_2222_2222), &[0x22; 8]);
        check(new(), lead, SiteKind::Slot, |enc| enc.data_address(Symbol(1)), &[0; 8]);
    }
}

#[test]
fn instructions_and_literals_of_aarch64() {
    for lead in 0..64 {
        let new = aarch64::Encoder::new;
        check(new(), lead, SiteKind::A64Branch, |enc| enc.nop(), &0xD503_201F_u32.to_le_bytes());
        check(new(), lead, SiteKind::A64Branch, |enc| enc.bl(Symbol(1)), &0x9400_0000_u32.to_le_bytes());
        check(new(), lead, SiteKind::A64Literal, |enc| enc.data_u64(0x3333_3333_3333_3333), &[0x33; 8]);
        check(new(), lead, SiteKind::A64Literal, |enc| enc.data_address(Symbol(1)), &[0; 8]);
        check(new(), lead, SiteKind::Slot, |enc| enc.data_address(Symbol(1)), &[0; 8]);
    }
}

/// A branch to a label that it does not reach becomes a branch over a B, and that is the site.
#[test]
fn a_veneer_of_aarch64_is_a_site() {
    let mut enc = aarch64::Encoder::new();
    let far = enc.here();
    enc.nops(0x8000);
    let point = enc.patchable(SiteKind::A64Branch, |enc| enc.tbz_w(aarch64::W1, aarch64::UImm::of::<3>(), far));
    let code = enc.finish().expect("in B's reach");
    let site = code.site(point).expect("a word");
    assert_eq!(site.offset, 4);
    assert_eq!(code.bytes()[4..8], (0x1400_0000_u32 | 0x8004 >> 2).to_le_bytes());
}

/// The address of a label as an immediate: backward, and wherever blocks take it.
#[test]
fn addresses_are_immediates() {
    use x64::*;
    let mut enc = Encoder::new();
    enc.ret();
    let exit = enc.here();
    enc.mov_r64_address(R9, exit);
    enc.aligned(Align::of::<16>(), |enc| {
        enc.forward(|enc| {
            enc.nop();
            enc.mov_r64_address(RCX, Symbol(3));
            enc.forward(|enc| enc.mov_r64_address(RAX, exit));
            enc.nop();
        });
    });
    let mut code = enc.finish().expect("all is bound");
    let base = 0x7123_0000_0000;
    code.link(base, |symbol| (symbol == Symbol(3)).then_some(0x1122_3344_5566_7788)).expect("any address fits");
    let exit = (base + code.offset_of(exit).expect("bound") as u64).to_le_bytes();
    let block =
        [&[0x90, 0x48, 0xB9, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11][..], &[0x48, 0xB8], &exit, &[0x90]];
    assert!(code.bytes().starts_with(&block.concat()));
    assert!(code.bytes().ends_with(&[&[0x49, 0xB9][..], &exit, &[0xC3]].concat()));
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

/// It stays where it is: only what is placed after it is moved.
#[test]
fn in_an_aligned_block_that_is_moved() {
    for (before, after) in (0..9).flat_map(|before| (0..9).map(move |after| (before, after))) {
        let mut enc = x64::Encoder::new();
        let exit = enc.here();
        let (first, second, head) = enc.aligned(Align::of::<32>(), |enc| {
            enc.nops(before);
            let first = enc.patchable(SiteKind::X64Rel32, |enc| enc.jmp_rel32(exit));
            enc.nops(after);
            let second = enc.patchable(SiteKind::X64Imm64, |enc| enc.mov_r64_imm64(x64::RAX, 0x2222_2222_2222_2222));
            enc.nops(3);
            (first, second, enc.here())
        });
        let code = enc.finish().expect("all is bound");
        assert_eq!((code.bytes().len() - code.offset_of(head).expect("bound")) % 32, 0);
        let (first, second) = (code.site(first).expect("aligned"), code.site(second).expect("aligned"));
        let above = code.bytes().len() - first.offset - 4;
        assert_eq!(code.bytes()[first.offset..][..4], (above as u32).to_le_bytes());
        assert_eq!(code.bytes()[second.offset..][..8], [0x22; 8]);
    }
    // An instruction of four bytes is right anywhere, so that nothing comes into the loop.
    let mut enc = aarch64::Encoder::new();
    let point = enc.aligned(Align::of::<64>(), |enc| {
        let point = enc.patchable(SiteKind::A64Branch, |enc| enc.nop());
        enc.ret();
        point
    });
    let code = enc.finish().expect("nothing is pending");
    assert_eq!((code.site(point).map(|site| site.offset), code.bytes().len()), (Ok(4), 64));
}

#[test]
fn of_another_encoder() {
    let mut other = x64::Encoder::new();
    other.nops(8);
    let point = other.patchable(SiteKind::X64Rel32, |enc| enc.jmp_rel32(Symbol(1)));
    let mut enc = x64::Encoder::new();
    enc.ret();
    assert_eq!(
        enc.finish().expect("nothing is pending").site(point),
        Err(SiteError::Outside { kind: SiteKind::X64Rel32 })
    );
    enc.nops(9);
    enc.here();
    enc.nops(5);
    let site = Site { offset: 5, kind: SiteKind::X64Rel32 };
    assert_eq!(enc.finish().expect("nothing is pending").site(point), Err(SiteError::Misaligned { site }));
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

/// The number of its label is known here, too, as that of a place from which the code is too short for the field.
#[test]
fn of_another_encoder_and_where_the_code_ends() {
    use SiteKind::*;
    for kind in [X64Rel32, X64Imm32, X64Imm64, A64Branch, A64Literal, Slot] {
        let bytes = if matches!(kind, X64Imm64 | A64Literal | Slot) { 8 } else { 4 };
        let mut other = x64::Encoder::new();
        let point = other.patchable(kind, |enc| enc.data(&[0; 8]));
        for behind in 0..=16 {
            let mut down = x64::Encoder::new();
            down.nops(behind);
            down.here();
            let mut up = x64::Assembler::new();
            let label = up.label();
            up.nops(16 - behind);
            up.bind(label);
            up.nops(behind);
            let down = down.finish().expect("nothing is pending");
            let up = up.finish().expect("nothing is pending");
            for (site, len) in [(down.site(point), behind), (up.site(point), 16)] {
                match site {
                    Ok(site) => assert!(site.kind == kind && site.offset + bytes <= len, "{site:?} in {len} bytes"),
                    Err(SiteError::Misaligned { site }) => assert!(site.offset + bytes <= len, "{site:?}"),
                    Err(error) => assert!(error == SiteError::Outside { kind } && behind < bytes, "{error:?}"),
                }
                assert!(site.is_err() || behind >= bytes);
            }
        }
    }
}
