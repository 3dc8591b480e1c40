//! Patch sites: where they lie, and what is none.

use tailfirst::{
    Align, Direction, Down, Encoder, FinishError, Isa, PatchPoint, SiteError, SiteKind, Symbol, Up, aarch64, block, x64,
};
use tailfirst_roundtrip::side::Side;

/// What is placed as a site: its kind, how, its length, and the field, its last bytes.
struct Place<I: Isa, D: Direction> {
    kind: SiteKind,
    place: fn(&mut Encoder<'_, I, D>),
    len: usize,
    field: Vec<u8>,
}

fn x64_places<D: Direction>() -> [Place<x64::X64, D>; 7] {
    use SiteKind::*;
    use x64::{RAX, RBX};
    let place = |kind, len, field: &[u8], place| Place { kind, place, len, field: field.to_vec() };
    [
        place(X64Rel32, 5, &[0; 4], |enc| enc.jmp_rel32(Symbol(1))),
        place(X64Rel32, 6, &[0; 4], |enc| enc.jne_rel32(Symbol(1))),
        place(X64Rel32, 7, &[0; 4], |enc| enc.mov_r64_rm64(RAX, Symbol(1))),
        place(X64Imm32, 7, &[0x11; 4], |enc| enc.cmp_rm64_imm32(RAX, 0x1111_1111)),
        place(X64Imm32, 7, &[0x11; 4], |enc| enc.mov_r64_rm64(RAX, RBX + 0x1111_1111)),
        place(X64Imm64, 10, &[0x22; 8], |enc| enc.mov_r64_imm64(RAX, 0x2222_2222_2222_2222)),
        place(Slot, 8, &[0; 8], |enc| enc.data_address(Symbol(1))),
    ]
}

fn aarch64_places<D: Direction>() -> [Place<aarch64::A64, D>; 8] {
    use SiteKind::*;
    use aarch64::{UImm, W1, X1};
    let place = |kind, field: &[u8], place| Place { kind, place, len: field.len(), field: field.to_vec() };
    [
        place(A64Branch, &0xD503_201F_u32.to_le_bytes(), |enc| enc.nop()),
        place(A64Branch, &0x9400_0000_u32.to_le_bytes(), |enc| enc.bl(Symbol(1))),
        place(A64Conditional, &0x5400_0001_u32.to_le_bytes(), |enc| enc.b_ne(Symbol(1))),
        place(A64Conditional, &0xB500_0001_u32.to_le_bytes(), |enc| enc.cbnz_x(X1, Symbol(1))),
        place(A64Conditional, &0x3618_0001_u32.to_le_bytes(), |enc| enc.tbz_w(W1, UImm::of::<3>(), Symbol(1))),
        place(A64Literal, &[0x33; 8], |enc| enc.data_u64(0x3333_3333_3333_3333)),
        place(A64Literal, &[0; 8], |enc| enc.data_address(Symbol(1))),
        place(Slot, &[0; 8], |enc| enc.data_address(Symbol(1))),
    ]
}

/// Whether one store can change the field that begins so far above an aligned place.
fn fits(kind: SiteKind, at: usize) -> bool {
    match kind {
        SiteKind::X64Rel32 | SiteKind::X64Imm32 => at % 8 <= 4,
        SiteKind::X64Imm64 | SiteKind::A64Literal | SiteKind::Slot => at.is_multiple_of(8),
        SiteKind::A64Branch | SiteKind::A64Conditional => at.is_multiple_of(4),
        other => panic!("{other:?} is new: say here where it fits"),
    }
}

/// A site is placed behind so many bytes. The field is at the end of what is placed, one store can change it, and no
/// more is placed before it than needed.
fn check<I: Isa, D: Side>(lead: usize, what: &Place<I, D>) {
    let Place { kind, place, len, ref field } = *what;
    let mut enc = Encoder::<I, D>::new();
    enc.data(&vec![0x90; lead]);
    let point = enc.patchable(kind, place);
    let code = enc.finish().expect("nothing is pending");
    let site = code.site(point).expect("it is there");
    assert_eq!(site.kind, kind);
    assert_eq!(&code.bytes()[site.offset..][..field.len()], field, "{kind:?} behind {lead} bytes");
    let total = code.bytes().len();
    // The base is aligned to a multiple of eight.
    let at = if D::IS_UP { site.offset } else { site.offset.wrapping_sub(total) };
    assert!(fits(kind, at), "{site:?} behind {lead} bytes");
    // Where the field would begin with a gap of so many bytes.
    let field_with =
        |gap: usize| if D::IS_UP { lead + gap + len } else { (lead + gap).wrapping_neg() }.wrapping_sub(field.len());
    let needed = (0..8).find(|&gap| fits(kind, field_with(gap))).expect("of eight places one fits");
    assert_eq!(total, lead + needed + len, "{kind:?} behind {lead} bytes");
    assert_eq!(site.offset + field.len(), if D::IS_UP { total } else { len });
    assert!(D::alignment(&code) >= 8);
}

#[test]
fn fields_lie_inside_eight_aligned_bytes() {
    for lead in 0..64 {
        x64_places::<Down>().iter().for_each(|what| check(lead, what));
        x64_places::<Up>().iter().for_each(|what| check(lead, what));
    }
}

#[test]
fn instructions_and_literals_of_aarch64() {
    for lead in 0..64 {
        aarch64_places::<Down>().iter().for_each(|what| check(lead, what));
        aarch64_places::<Up>().iter().for_each(|what| check(lead, what));
    }
}

/// In blocks, and in blocks of these, wherever the block comes to lie: `code.site` checks it, and the field is there.
#[test]
fn sites_in_blocks() {
    type Block<I, D, O> = fn(&mut Encoder<'_, I, D>, &mut dyn FnMut(&mut Encoder<'_, I, O>));
    fn check<I: Isa, D: Side, O: Side>(places: fn() -> Vec<Place<I, O>>, block: Block<I, D, O>, unit: usize) {
        for (before, inside) in (0..9).flat_map(|before| (0..9).map(move |inside| (before * unit, inside * unit))) {
            for Place { kind, place, field, .. } in places() {
                let mut enc = Encoder::<I, D>::new();
                enc.data(&vec![0x90; before]);
                let mut points: Vec<PatchPoint> = Vec::new();
                block(&mut enc, &mut |enc| {
                    enc.data(&vec![0x90; inside]);
                    points.push(enc.patchable(kind, place));
                    enc.data(&[0x90; 4]);
                    points.push(enc.patchable(kind, place));
                    enc.data(&vec![0x90; inside]);
                });
                let code = enc.finish().expect("nothing is pending");
                assert_eq!(D::alignment(&code), 8);
                for point in points {
                    let site = code.site(point).expect("it is where one store can change it");
                    assert_eq!(code.bytes()[site.offset..][..field.len()], field, "{kind:?}");
                }
            }
        }
    }
    fn x64<D: Side>() -> Vec<Place<x64::X64, D>> {
        x64_places().into()
    }
    fn aarch64<D: Side>() -> Vec<Place<aarch64::A64, D>> {
        aarch64_places().into()
    }
    fn both<I: Isa>(down: fn() -> Vec<Place<I, Down>>, up: fn() -> Vec<Place<I, Up>>, unit: usize) {
        check::<I, Down, Up>(up, |enc, f| enc.forward(|asm| f(asm)), unit);
        check::<I, Down, Up>(up, |enc, f| enc.forward(|asm| asm.backward(|enc| enc.forward(|asm| f(asm)))), unit);
        check::<I, Down, Down>(down, |enc, f| enc.forward(|asm| asm.backward(|enc| f(enc))), unit);
        check::<I, Up, Down>(down, |asm, f| asm.backward(|enc| f(enc)), unit);
        check::<I, Up, Up>(up, |asm, f| asm.backward(|enc| enc.forward(|asm| f(asm))), unit);
    }
    both::<x64::X64>(x64::<Down>, x64::<Up>, 1);
    both::<aarch64::A64>(aarch64::<Down>, aarch64::<Up>, 4);
}

/// What is placed twice, since its field did not lie right, leaves labels, late immediates, constants and references of
/// one time only.
#[test]
fn what_is_tried_twice_is_there_once() {
    use x64::*;
    fn check<D: Side>() {
        for lead in 0..16 {
            let mut enc = Emitter::<D>::new();
            let (frame, later) = (enc.late(), enc.label());
            enc.set_late(frame, 0x0101_0101);
            enc.data(&vec![0x90; lead]);
            let jump = enc.patchable(SiteKind::X64Rel32, |enc| enc.jmp_rel32(later));
            let load = enc.patchable(SiteKind::X64Rel32, |enc| {
                let constant = enc.constant_u64(0x77);
                enc.mov_r64_rm64(RAX, constant);
            });
            let add = enc.patchable(SiteKind::X64Imm32, |enc| {
                enc.with_late(frame, |enc, imm: i32| enc.add_rm64_imm(RSP, imm));
            });
            let address = enc.patchable(SiteKind::X64Imm64, |enc| enc.mov_r64_address(RCX, Symbol(1)));
            enc.bind(later);
            let mut code = enc.finish().expect("all is bound and set");
            assert_eq!(code.relocations().len(), 1);
            code.link(0x1000, |_| Some(0x0202_0202_0202_0202)).expect("any address fits");
            let target = code.offset_of(later).expect("bound");
            let field = |point| {
                let site = code.site(point).expect("it is there");
                (site.offset, i32::from_le_bytes(code.bytes()[site.offset..][..4].try_into().expect("four bytes")))
            };
            let (at, distance) = field(jump);
            assert_eq!((at + 4).checked_add_signed(distance as isize), Some(target));
            let (at, distance) = field(load);
            let constant = (at + 4).checked_add_signed(distance as isize).expect("in the code");
            assert_eq!(code.bytes()[constant..][..8], 0x77_u64.to_le_bytes());
            assert_eq!(code.bytes().iter().filter(|&&byte| byte == 0x77).count(), 1);
            assert_eq!(field(add).1, 0x0101_0101);
            assert_eq!(field(address).1, 0x0202_0202);
        }
    }
    check::<Down>();
    check::<Up>();
}

/// A conditional branch is no site of a branch that can be changed while it runs, near or far.
#[test]
fn only_b_and_bl_are_sites_of_branches() {
    use aarch64::*;
    fn check<D: Side>() {
        for nops in [0, 0x8004] {
            let mut enc = Emitter::<D>::new();
            let label = enc.here();
            enc.nops(nops);
            enc.patchable(SiteKind::A64Branch, |enc| enc.tbz_w(W1, UImm::of::<3>(), label));
            let is_none = |error| matches!(error, FinishError::NoPatchField { kind: SiteKind::A64Branch, .. });
            assert!(enc.finish().err().is_some_and(is_none));
        }
        // And others are none of conditional branches.
        let others: [fn(&mut Emitter<'_, D>); 4] = [
            |enc| enc.b(Symbol(1)),
            |enc| enc.nop(),
            |enc| enc.ldr_x_lit(X1, Symbol(1)),
            |enc| enc.cbgt_x(X1, X2, Symbol(1)),
        ];
        for place in others {
            let mut enc = Emitter::<D>::new();
            enc.patchable(SiteKind::A64Conditional, place);
            let is_none = |error| matches!(error, FinishError::NoPatchField { kind: SiteKind::A64Conditional, .. });
            assert!(enc.finish().err().is_some_and(is_none));
        }
    }
    check::<Down>();
    check::<Up>();
}

/// The address of a label as an immediate: backward, and wherever blocks take it.
#[test]
fn addresses_are_immediates() {
    use x64::*;
    fn inside<D: Direction>(enc: &mut Emitter<'_, D>, exit: tailfirst::Label) {
        enc.in_order(0..4, |enc, step| match step {
            1 => enc.mov_r64_address(RCX, Symbol(3)),
            // One of these is a block.
            2 => enc.forward(|asm| asm.backward(|enc| enc.mov_r64_address(RAX, exit))),
            _ => enc.nop(),
        });
    }
    fn check<D: Side>(block: fn(&mut Emitter<'_, D>, tailfirst::Label)) {
        let mut enc = Emitter::<D>::new();
        let (exit, start) = (enc.label(), enc.label());
        enc.in_order(0..3, |enc, step| match step {
            0 => enc.aligned(Align::of::<16>(), |enc| {
                enc.in_order(0..2, |enc, step| match step {
                    0 => enc.bind(start),
                    _ => block(enc, exit),
                })
            }),
            1 => enc.mov_r64_address(R9, exit),
            _ => block!(enc; bind(exit); ret()),
        });
        let mut code = enc.finish().expect("all is bound");
        let base = 0x7123_0000_0000;
        code.link(base, |symbol| (symbol == Symbol(3)).then_some(0x1122_3344_5566_7788)).expect("any address fits");
        let exit = (base + code.offset_of(exit).expect("bound") as u64).to_le_bytes();
        let block =
            [&[0x90, 0x48, 0xB9, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11][..], &[0x48, 0xB8], &exit, &[0x90]];
        assert!(code.bytes()[code.offset_of(start).expect("bound")..].starts_with(&block.concat()));
        assert!(code.bytes().ends_with(&[&[0x49, 0xB9][..], &exit, &[0xC3]].concat()));
    }
    check::<Down>(inside);
    check::<Down>(|enc, exit| enc.forward(|asm| inside(asm, exit)));
    check::<Up>(inside);
    check::<Up>(|asm, exit| asm.backward(|enc| inside(enc, exit)));
}

#[test]
fn what_is_too_short() {
    fn check<D: Side>() {
        for lead in 0..9 {
            let mut enc = x64::Emitter::<D>::new();
            enc.nops(lead);
            enc.patchable(SiteKind::X64Rel32, |enc| enc.ret());
            let result = enc.finish().map(|_| ());
            assert!(matches!(result, Err(FinishError::NoPatchField { kind: SiteKind::X64Rel32, .. })), "{lead}");
        }
    }
    check::<Down>();
    check::<Up>();
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
    for (kind, place) in [
        (SiteKind::A64Branch, (|enc| enc.nop()) as fn(&mut aarch64::Encoder<'_>)),
        (SiteKind::A64Conditional, |enc| enc.b_ne(Symbol(1))),
    ] {
        let mut enc = aarch64::Encoder::new();
        let point = enc.aligned(Align::of::<64>(), |enc| {
            let point = enc.patchable(kind, place);
            enc.ret();
            point
        });
        let code = enc.finish().expect("nothing is pending");
        assert_eq!((code.site(point).map(|site| site.offset), code.bytes().len()), (Ok(4), 64));
    }
}

/// In a loop that is written forward the gap lies before it, and none of it inside but what the site itself needs.
#[test]
fn in_an_aligned_loop_without_its_gap() {
    use x64::*;
    fn check<D: Side>() {
        for (behind, before) in (0..40).flat_map(|behind| (0..9).map(move |before| (behind, before))) {
            let mut enc = Emitter::<D>::new();
            let place = |enc: &mut Emitter<'_, D>| {
                enc.forward(|asm| {
                    asm.aligned(Align::of::<32>(), |asm| {
                        let head = asm.here();
                        (0..before).for_each(|_| asm.cld());
                        let guard = asm.patchable(SiteKind::X64Rel32, |asm| asm.jne_rel32(Symbol(1)));
                        asm.dec_rm64(RDI);
                        asm.jnz(head);
                        (head, guard, asm.here())
                    })
                })
            };
            let mut found = None;
            enc.in_order(0..2, |enc, step| match step {
                0 => found = Some(place(enc)),
                _ => enc.nops(behind),
            });
            let (head, guard, end) = found.expect("placed");
            let code = enc.finish().expect("all is bound");
            let base = if D::IS_UP { 0 } else { code.bytes().len() };
            let [head, end] = [head, end].map(|label| code.offset_of(label).expect("bound"));
            let at = code.site(guard).expect("aligned").offset;
            assert_eq!(head.abs_diff(base) % 32, 0);
            let needed =
                (0..8).find(|gap| fits(SiteKind::X64Rel32, before + gap + 2)).expect("of eight places one fits");
            assert_eq!((at - head, end - head), (before + needed + 2, before + needed + 6 + 5), "{behind} {before}");
        }
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn of_another_encoder() {
    fn check<D: Side>() {
        let mut other = x64::Emitter::<D>::new();
        other.nops(8);
        let point = other.patchable(SiteKind::X64Rel32, |enc| enc.jmp_rel32(Symbol(1)));
        let mut enc = x64::Emitter::<D>::new();
        enc.ret();
        let outside = Err(SiteError::Outside { kind: SiteKind::X64Rel32 });
        assert_eq!(enc.finish().expect("nothing is pending").site(point), outside);
        enc.nops(2);
        // As many labels as that encoder has.
        enc.in_order(0..2, |enc, step| match step {
            0 => enc.nops(5),
            _ => drop(enc.here()),
        });
        let code = enc.finish().expect("nothing is pending");
        assert_eq!(code.site(point), outside);
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn what_was_rolled_back() {
    fn check<D: Side>() {
        for lead in 0..8 {
            let mut enc = x64::Emitter::<D>::new();
            enc.nops(lead);
            let exit = enc.here();
            let before = enc.snapshot();
            let point = enc.patchable(SiteKind::X64Rel32, |enc| enc.jmp_rel32(exit));
            enc.rollback(before);
            let code = enc.finish().expect("all is bound");
            assert_eq!(code.bytes().len(), lead);
            assert_eq!(code.site(point), Err(SiteError::Outside { kind: SiteKind::X64Rel32 }));
        }
    }
    check::<Down>();
    check::<Up>();
}

/// A point that was rolled back is none, wherever newer labels stand.
#[test]
fn is_not_taken_for_a_newer_label() {
    fn check<I: Isa, D: Side>(what: &Place<I, D>, placed: usize, behind: usize) {
        let Place { kind, place, .. } = *what;
        let mut enc = Encoder::<I, D>::new();
        let before = enc.snapshot();
        let point = enc.patchable(kind, place);
        enc.rollback(before);
        enc.data(&vec![0; placed]);
        enc.here();
        enc.data(&vec![0; behind]);
        let code = enc.finish().expect("nothing is pending");
        assert_eq!(code.site(point), Err(SiteError::Outside { kind }), "{kind:?} {placed} {behind}");
    }
    for (placed, behind) in (0..=16).flat_map(|placed| (0..=16).map(move |behind| (placed, behind))) {
        x64_places::<Down>().iter().for_each(|what| check(what, placed, behind));
        x64_places::<Up>().iter().for_each(|what| check(what, placed, behind));
        aarch64_places::<Down>().iter().for_each(|what| check(what, 4 * placed, 4 * behind));
        aarch64_places::<Up>().iter().for_each(|what| check(what, 4 * placed, 4 * behind));
    }
}
