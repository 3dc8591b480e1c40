//! Code that dynasm-rs's `dynasm!` pushes, against dynasm-rs's own assembler.
//!
//! dynasm-rs's assembler gets all statements of a program in their order; an encoder gets its parts from the last to
//! the first, and one that grows up in their order. All get the same branches of fixed size, so the bytes must be the
//! same, or all must refuse.

#[path = "dynasm/islands.rs"]
mod islands;
#[path = "dynasm/refusals.rs"]
mod refusals;
#[path = "support/dynasm/mod.rs"]
mod support;

use dynasmrt::{
    DynasmApi, DynasmLabelApi, TargetKind, VecAssembler,
    components::LitPool,
    dynasm,
    relocations::{Relocation, RelocationKind, RelocationSize},
    x64::X64Relocation,
};
use quickcheck::TestResult;
use support::{
    machine::{A64, Machine, X64, reference},
    program::{BRANCHES, Name, Part, Step, To, program},
};
use tailfirst::{
    Align, Down, FinishError, LinkError, Range, Symbol, Up, aarch64, block,
    dynasm::{A64Block, PlaceError, Unsupported, X64Block},
    x64,
};
use tailfirst_roundtrip::{
    choices,
    side::{Blocks, Side},
};

/// Whether all assemblers give the same bytes, or refuse.
fn agree<M: Machine>(program: &[Part]) -> Result<(), String> {
    let expected = reference::<M>(program);
    for (direction, ours) in [("down", M::encode::<Down>(program)), ("up", M::encode::<Up>(program))] {
        match (&expected, &ours) {
            (Ok(expected), Ok(ours)) if expected == ours => {}
            (Err(_), Err(_)) => {}
            _ => return Err(format!("{program:#?}\ndynasm-rs: {expected:02x?}\n{direction}: {ours:02x?}")),
        }
    }
    Ok(())
}

fn agrees<M: Machine>(numbers: Vec<u64>) -> TestResult {
    agree::<M>(&program(&numbers)).map_or_else(TestResult::error, |()| TestResult::passed())
}

#[test]
fn x64_programs_are_as_dynasm_rs_assembles_them() {
    choices::check("x64_programs", 5000).quickcheck(agrees::<X64> as fn(Vec<u64>) -> TestResult);
}

#[test]
fn aarch64_programs_are_as_dynasm_rs_assembles_them() {
    choices::check("aarch64_programs", 5000).quickcheck(agrees::<A64> as fn(Vec<u64>) -> TestResult);
}

/// Every form of reference to every kind of target: in the block, in another one, bound by the encoder, above and
/// below, in and out of blocks of the other direction.
fn every_reference<M: Machine>() {
    let filler = || Step::Plain { form: 0, registers: [1, 2, 3], number: 0 };
    let mut programs = 0;
    for (form, register) in (0..BRANCHES).flat_map(|form| [(form, 0), (form, 9)]) {
        let branch = |to| vec![filler(), Step::Branch { form, register, to }, filler()];
        let place = |name| vec![filler(), Step::Place(name), filler()];
        let mut layouts = vec![
            vec![Part::Block([place(Name::A), branch(To::BackwardA)].concat())],
            vec![Part::Block([branch(To::ForwardB), place(Name::B)].concat())],
            vec![Part::Block(branch(To::Extern))],
            vec![Part::Block(branch(To::Dynamic(0))), Part::Bind(0)],
            vec![Part::Bind(0), Part::Block(branch(To::Dynamic(0)))],
        ];
        for (to, name) in [(To::Global, Name::Global), (To::Dynamic(1), Name::Dynamic(1))] {
            layouts.push(vec![Part::Block([place(name), branch(to)].concat())]);
            layouts.push(vec![Part::Block([branch(to), place(name)].concat())]);
            layouts.push(vec![Part::Block(place(name)), Part::Block(branch(to))]);
            layouts.push(vec![Part::Block(branch(to)), Part::Block(place(name))]);
        }
        for layout in layouts {
            let first_is_other = [vec![Part::Other(layout[..1].to_vec())], layout[1..].to_vec()].concat();
            let last = layout.len() - 1;
            let last_is_other = [layout[..last].to_vec(), vec![Part::Other(layout[last..].to_vec())]].concat();
            for program in [first_is_other, last_is_other, vec![Part::Other(layout.clone())], layout] {
                // All are near enough, so both assemble it.
                if let Err(difference) = reference::<M>(&program).and(agree::<M>(&program)) {
                    // But for a byte to reach another address.
                    assert!(form == 13 && difference.contains("Impossible"), "{difference}");
                }
                programs += 1;
            }
        }
    }
    assert_eq!(programs, BRANCHES * 2 * 13 * 4);
}

#[test]
fn every_reference_x64() {
    every_reference::<X64>();
}

#[test]
fn every_reference_aarch64() {
    every_reference::<A64>();
}

/// One block beside a RET, which was placed before: the same in both directions. Gives the block, and the RET above.
fn one_x64(mut push: impl FnMut(&mut X64Block)) -> Result<Vec<u8>, PlaceError> {
    fn place<D: Side>(push: &mut impl FnMut(&mut X64Block)) -> Result<Vec<u8>, PlaceError> {
        let (mut enc, mut block) = (x64::Emitter::<D>::new(), X64Block::new());
        enc.ret();
        push(&mut block);
        let result = enc.place(&mut block);
        assert_eq!(block.offset().0, 0, "placing empties a block");
        let bytes = enc.finish().expect("nothing is left in an encoder that would not finish").bytes().to_vec();
        match result {
            Ok(()) => {
                assert_eq!(D::lower(bytes[0], bytes[bytes.len() - 1]), 0xC3);
                let block = &bytes[D::lower(1, 0)..][..bytes.len() - 1];
                Ok([block, &[0xC3]].concat())
            }
            Err(error) => {
                assert_eq!(bytes, [0xC3], "a block that is refused leaves nothing");
                assert!(!error.to_string().is_empty());
                Err(error)
            }
        }
    }
    let (down, up) = (place::<Down>(&mut push), place::<Up>(&mut push));
    assert_eq!(down, up);
    down
}

/// The whole of a function: registers and memory as the processor sees them.
#[cfg(target_arch = "x86_64")]
#[test]
fn runs() {
    use x64::*;
    let (mut enc, mut block) = (Encoder::new(), X64Block::new());
    // The sum over a table of the elements that are odd; 0 if it is empty. RDI: table, RSI: its length.
    enc.ret();
    let exit = enc.here();
    let (next, head) = (enc.label(), enc.label());
    let (exit_label, next_label, head_label) = (block.share(exit), block.share(next), block.share(head));
    dynasm!(block
        ; .arch x64
        ; =>next_label
        ; add rdi, 8
        ; dec rsi
        ; jz =>exit_label
        ; jmp =>head_label
    );
    enc.place(&mut block).unwrap();
    enc.add_r64_rm64(RAX, RCX);
    enc.forward(|enc| {
        enc.bind(head);
        enc.mov_r64_rm64(RCX, RDI + 0);
        dynasm!(block
            ; .arch x64
            ; test cl, 1
            ; jnz BYTE >odd
            ; jmp =>next_label
            ; odd:
        );
        enc.place(&mut block).unwrap();
    });
    dynasm!(block
        ; .arch x64
        ; xor eax, eax
        ; test rsi, rsi
        ; jz =>exit_label
    );
    enc.place(&mut block).unwrap();
    let code = enc.finish().unwrap();

    let mut memory = memmap2::MmapMut::map_anon(code.bytes().len()).unwrap();
    memory.copy_from_slice(code.bytes());
    let memory = memory.make_exec().unwrap();
    // SAFETY: the function follows the convention, and reads as many elements as it is told.
    let function: extern "sysv64" fn(*const u64, usize) -> u64 = unsafe { std::mem::transmute(memory.as_ptr()) };
    for length in 0..50 {
        let table: Vec<u64> = (0..length).map(|n| n * n + n / 3).collect();
        let expected: u64 = table.iter().filter(|n| *n % 2 == 1).sum();
        assert_eq!(function(table.as_ptr(), table.len()), expected, "{length} elements");
    }
}

/// A short branch of the encoder's own knows where the block's label is, and the block's label may stand at its end.
#[test]
fn the_encoder_refers_to_what_a_block_places() {
    use x64::*;
    let (mut enc, mut block) = (Encoder::new(), X64Block::new());
    enc.ret();
    let (inside, end) = (enc.label(), enc.label());
    let inside_label = block.share(inside);
    block.share_global("end", end);
    dynasm!(block; .arch x64; nop; =>inside_label; int3; ->end:);
    enc.place(&mut block).unwrap();
    enc.jmp(inside);
    enc.jmp(end);
    let code = enc.finish().unwrap();
    assert_eq!(code.bytes(), [0xEB, 0x04, 0xEB, 0x01, 0x90, 0xCC, 0xC3]);
    assert_eq!((code.offset_of(inside), code.offset_of(end)), (Some(5), Some(6)));

    let (mut asm, mut block) = (Assembler::new(), X64Block::new());
    asm.ret();
    let (start, inside, end) = (asm.label(), asm.label(), asm.label());
    let (start_label, inside_label) = (block.share(start), block.share(inside));
    block.share_global("end", end);
    dynasm!(block; .arch x64; =>start_label; nop; =>inside_label; int3; ->end:);
    asm.place(&mut block).unwrap();
    asm.jmp(end);
    asm.jmp(inside);
    asm.jmp(start);
    let code = asm.finish().unwrap();
    assert_eq!(code.bytes(), [0xC3, 0x90, 0xCC, 0xEB, 0xFE, 0xEB, 0xFB, 0xEB, 0xF8]);
    assert_eq!((code.offset_of(start), code.offset_of(inside), code.offset_of(end)), (Some(1), Some(2), Some(3)));
}

#[test]
fn inside_of_a_block_that_moves() {
    use x64::*;
    let (mut enc, mut block) = (Encoder::new(), X64Block::new());
    enc.ret();
    let (exit, head, lower) = (enc.here(), enc.label(), enc.label());
    let (exit_label, head_label, lower_label) = (block.share(exit), block.share(head), block.share(lower));
    enc.aligned(Align::of::<16>(), |enc| {
        dynasm!(block; .arch x64; =>head_label; dec rdi; jz =>exit_label; jmp =>head_label; jmp =>lower_label);
        enc.place(&mut block).unwrap();
    });
    enc.nop();
    enc.bind(lower);
    let code = enc.finish().unwrap();
    // From the head to the RET there are 31 bytes.
    #[rustfmt::skip]
    assert_eq!(code.bytes()[..20], [
        0x90,
        0x48, 0xFF, 0xCF,
        0x0F, 0x84, 22, 0, 0, 0,
        0xE9, (-14_i8) as u8, 0xFF, 0xFF, 0xFF,
        0xE9, (-20_i8) as u8, 0xFF, 0xFF, 0xFF,
    ]);
    assert_eq!((code.bytes().len(), code.offset_of(head), code.offset_of(exit)), (33, Some(1), Some(32)));
}

/// In the block alignment counts from its start, and that is aligned.
#[test]
fn alignment_counts_from_the_end() {
    fn counts<D: Side>(place: fn(&mut x64::Emitter<'_, D>, &mut X64Block)) {
        for before in 0..20_usize {
            let (mut enc, mut block) = (x64::Emitter::<D>::new(), X64Block::new());
            let here = enc.label();
            let label = block.share(here);
            for _ in 0..before {
                enc.ret();
            }
            dynasm!(block; .arch x64; inc eax; .align 8; =>label; .u64 0x1122_3344_5566_7788);
            place(&mut enc, &mut block);
            let code = enc.finish().unwrap();
            let at = code.offset_of(here).unwrap();
            let gap = before.wrapping_neg() & 7;
            assert_eq!((D::distance(&code, here) % 8, D::alignment(&code)), (0, 8));
            let block = &code.bytes()[at - 8..at + 8];
            assert_eq!(block[..8], [0xFF, 0xC0, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90]);
            assert_eq!(block[8..], 0x1122_3344_5566_7788_u64.to_le_bytes());
            assert_eq!(at - 8, D::lower(before + gap, 0));
            assert_eq!(code.bytes().len(), before + gap + 16);
            assert_eq!(code.bytes()[D::filled(code.bytes().len(), before)], vec![0xC3; before]);
        }
    }
    counts::<Down>(|enc, block| enc.place(block).unwrap());
    counts::<Down>(|enc, block| enc.forward(|asm| asm.place(block).unwrap()));
    counts::<Down>(|enc, block| enc.forward(|asm| asm.backward(|enc| enc.place(block).unwrap())));
    counts::<Up>(|asm, block| asm.place(block).unwrap());
    counts::<Up>(|asm, block| asm.backward(|enc| enc.place(block).unwrap()));
    counts::<Up>(|asm, block| asm.backward(|enc| enc.forward(|asm| asm.place(block).unwrap())));

    fn words<D: Side>() {
        let mut enc = aarch64::Emitter::<D>::new();
        let mut block = A64Block::new();
        enc.ret();
        // dynasm-rs fills with zeros here.
        dynasm!(block; .arch aarch64; mul x0, x1, x2; .align 16);
        enc.place(&mut block).unwrap();
        const NOP: u32 = 0xD503_201F;
        let words: Vec<u32> = enc
            .finish()
            .unwrap()
            .bytes()
            .chunks_exact(4)
            .map(|word| u32::from_le_bytes(word.try_into().unwrap()))
            .collect();
        let placed = vec![vec![0xD65F_03C0], vec![NOP; 3], vec![0x9B02_7C20, 0, 0, 0]];
        assert_eq!(words, D::reading_order(placed).concat());
    }
    words::<Down>();
    words::<Up>();

    let alignment = |alignment: usize| one_x64(|block| dynasm!(block; .arch x64; nop; .align alignment));
    assert_eq!(alignment(12), Err(PlaceError::BadAlign { alignment: 12, at: 1 }));
    assert_eq!(alignment(0), Err(PlaceError::BadAlign { alignment: 0, at: 1 }));
    assert_eq!(alignment(1), Ok(vec![0x90, 0xC3]));
}

/// In a block that is moved when it is complete, what is aligned and all above it stay where they are.
#[test]
fn alignment_inside_of_a_block_that_moves() {
    use x64::*;
    for (above, below) in (0..9).flat_map(|above| [(above, 1), (above, 7), (above, 8)]) {
        let (mut enc, mut block) = (Encoder::new(), X64Block::new());
        let (number, head, highest) = (enc.label(), enc.label(), enc.label());
        let label = block.share(number);
        enc.ret();
        enc.aligned(Align::of::<64>(), |enc| {
            enc.nops(above);
            enc.bind(highest);
            dynasm!(block; .arch x64; nop; .align 8; =>label; .u64 7);
            enc.place(&mut block).unwrap();
            enc.nops(below);
            enc.bind(head);
        });
        let code = enc.finish().unwrap();
        let from_end = |label| code.bytes().len() - code.offset_of(label).unwrap();
        assert_eq!((from_end(number) % 8, from_end(head) % 64, from_end(highest)), (0, 0, above + 1));
        assert_eq!(code.bytes()[code.offset_of(number).unwrap()..][..8], 7_u64.to_le_bytes());
    }
}

/// dynasm-rs's literal pools align what they hold.
#[test]
fn literal_pools() {
    fn emit(ops: &mut impl DynasmLabelApi<Relocation = X64Relocation>) {
        let mut pool = LitPool::new();
        pool.push_u8(1);
        pool.push_u64(0x0102_0304_0506_0708);
        pool.push_u16(7);
        let forward = pool.push_forward("target", RelocationSize::DWord, true);
        assert_eq!(forward, 20);
        dynasm!(ops; .arch x64; jmp >target; .align 8);
        pool.emit(ops);
        dynasm!(ops; .arch x64; target: ; int3; .align 8);
    }
    fn check<D: Side>(place: fn(&mut x64::Emitter<'_, D>, &mut X64Block)) {
        let mut expected = VecAssembler::new(0);
        emit(&mut expected);
        let (mut enc, mut block) = (x64::Emitter::<D>::new(), X64Block::new());
        emit(&mut block);
        place(&mut enc, &mut block);
        assert_eq!(enc.finish().unwrap().bytes(), expected.finalize().unwrap());
    }
    check::<Down>(|enc, block| enc.place(block).unwrap());
    check::<Down>(|enc, block| enc.forward(|asm| asm.place(block).unwrap()));
    check::<Up>(|asm, block| asm.place(block).unwrap());
    check::<Up>(|asm, block| asm.backward(|enc| enc.place(block).unwrap()));
}

#[test]
fn addresses_are_linked() {
    const ADDRESS: usize = 0x7000_1234;
    let push = |block: &mut X64Block| {
        block.share_symbol(ADDRESS, Symbol(7));
        dynasm!(block
            ; .arch x64
            ; call extern ADDRESS
            ; cmp DWORD [extern ADDRESS], 0x55
            ; .abs64 extern 0xFFFF_0000_1111_2222_u64 as usize
            ; .abs32 extern 77
        );
    };
    fn check<D: Blocks>(push: impl Fn(&mut X64Block), is_block: bool) {
        let (mut enc, mut block) = (x64::Emitter::<D>::new(), X64Block::new());
        push(&mut block);
        enc.in_order(0..2, |enc, step| match (step, is_block) {
            (0, false) => enc.place(&mut block).unwrap(),
            (0, true) => D::block(enc, |enc| {
                enc.in_order(0..2, |enc, step| match step {
                    0 => enc.nop(),
                    _ => enc.place(&mut block).unwrap(),
                });
            }),
            _ => enc.ret(),
        });
        let start = usize::from(is_block);
        let mut code = enc.finish().unwrap();
        let base = 0x7000_0000;
        code.link(base, |symbol| (symbol == Symbol(7)).then_some(ADDRESS as u64)).unwrap();
        let bytes = &code.bytes()[start..];
        let number = |at: usize| i64::from(i32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()));
        let base = base as i64 + start as i64;
        assert_eq!(base + 5 + number(1), ADDRESS as i64);
        let end = bytes.len() as i64 - 13;
        assert!(bytes[5] == 0x81 || bytes[5] == 0x83, "cmp");
        assert_eq!(base + end + number(7), ADDRESS as i64);
        assert_eq!(bytes[end as usize..], [0x22, 0x22, 0x11, 0x11, 0, 0, 0xFF, 0xFF, 77, 0, 0, 0, 0xC3]);
        assert!(matches!(
            code.link(0, |_| Some(u64::MAX / 2)),
            Err(LinkError::OutOfRange { target: tailfirst::RelocationTarget::Symbol(Symbol(7)), .. })
        ));
    }
    for is_block in [false, true] {
        check::<Down>(push, is_block);
        check::<Up>(push, is_block);
    }
    assert_eq!(
        one_x64(|block| dynasm!(block; .arch x64; nop; call extern 0x1234)),
        Err(PlaceError::UnknownAddress { address: 0x1234, at: 2 })
    );
    assert_eq!(
        one_x64(|block| dynasm!(block; .arch x64; .abs32 extern 0x8000_0000)),
        Err(PlaceError::OutOfRange {
            target: TargetKind::Value(0x8000_0000),
            at: 0,
            distance: 0x8000_0000,
            range: Range { low: i32::MIN.into(), high: i32::MAX.into(), step: 1 },
        })
    );
}

/// An offset is added to a place in the block, and the sum must be one.
#[test]
fn addresses_of_places_in_the_block() {
    fn address<D: Side>(offset: isize) -> Result<u64, PlaceError> {
        let (mut enc, mut block) = (x64::Emitter::<D>::new(), X64Block::new());
        dynasm!(block; .arch x64; nop; here: ; .abs64 <here + offset; nop);
        enc.place(&mut block)?;
        let mut code = enc.finish().expect("nothing is pending");
        assert_eq!(code.relocations().len(), 1);
        code.link(0x1_0000_0000, |_| None).expect("there is no symbol");
        Ok(u64::from_le_bytes(code.bytes()[1..9].try_into().unwrap()))
    }
    let address = |offset| {
        let (down, up) = (address::<Down>(offset), address::<Up>(offset));
        assert_eq!(down, up);
        down
    };
    for (offset, at) in [(0, 1), (-1, 0), (9, 10)] {
        assert_eq!(address(offset), Ok(0x1_0000_0000 + at));
    }
    for offset in [-2, 10, isize::MAX, isize::MIN] {
        let problem = Unsupported::Offset { offset };
        assert_eq!(address(offset), Err(PlaceError::Unsupported { target: TargetKind::Local("here"), at: 1, problem }));
    }
}

/// dynasm-rs 5.1 rounds up where it takes differences of pages, so the manual's definition is what this is held
/// against.
#[test]
fn pages() {
    use aarch64::*;
    fn check<D: Side>(base: u64, place: fn(&mut Emitter<'_, D>, &mut A64Block)) {
        let (mut enc, mut block) = (Emitter::<D>::new(), A64Block::new());
        let (start, exit) = (enc.label(), enc.label());
        let (first, label) = (block.share(start), block.share(exit));
        dynasm!(block; .arch aarch64; =>first; adrp x1, =>label; adrp x2, >here; .bytes [0; 4092]; here: ; adrp x3, >here + 4; here: ; nop);
        enc.in_order(0..2, |enc, step| match step {
            0 => place(enc, &mut block),
            _ => block!(enc; bind(exit); ret()),
        });
        let mut code = enc.finish().unwrap();
        let (start, exit) = (code.offset_of(start).unwrap(), code.offset_of(exit).unwrap());
        assert_eq!(code.relocations().len(), 3);
        code.link(base, |_| None).unwrap();
        for (at, to) in [(0, exit), (4, start + 4100), (4100, start + 4108)] {
            let at = start + at;
            let word = u32::from_le_bytes(code.bytes()[at..at + 4].try_into().unwrap());
            let pages = u64::from(word >> 5 & 0x7_FFFF) << 2 | u64::from(word >> 29 & 3);
            let page = |offset: usize| (base + offset as u64) >> 12;
            assert_eq!(pages, page(to) - page(at), "{base:#x}, at {at}");
            assert_eq!(word & 0x9F00_0000, 0x9000_0000);
        }
    }
    for base in [0x4000_0000_u64, 0x4000_0FF4, 0x4000_0FFC] {
        check::<Down>(base, |enc, block| enc.place(block).unwrap());
        check::<Down>(base, |enc, block| {
            enc.forward(|asm| {
                asm.nop();
                asm.backward(|enc| {
                    enc.place(block).unwrap();
                    enc.nop();
                });
            });
        });
        check::<Up>(base, |asm, block| asm.place(block).unwrap());
        check::<Up>(base, |asm, block| {
            asm.backward(|enc| {
                enc.forward(|asm| {
                    asm.nop();
                    asm.place(block).unwrap();
                });
                enc.nop();
            });
        });
    }
    // An offset that leads out of the block.
    let (mut enc, mut block) = (Encoder::new(), A64Block::new());
    dynasm!(block; .arch aarch64; here: ; adrp x1, <here - 4);
    assert_eq!(
        enc.place(&mut block),
        Err(PlaceError::Unsupported {
            target: TargetKind::Local("here"),
            at: 0,
            problem: Unsupported::Offset { offset: -4 },
        })
    );
}

/// Of a block's branches to labels that are bound much later one reaches least far, so that comes due last; growing
/// down that is the first.
#[test]
fn branches_of_a_block_get_islands() {
    use aarch64::*;
    fn check<D: Side>() {
        let (mut enc, mut block) = (Emitter::<D>::new(), A64Block::new());
        enc.ret();
        let (own, labels) = (enc.label(), [enc.label(), enc.label()]);
        let start = block.share(own);
        let [first, second] = labels.map(|label| block.share(label));
        dynasm!(block; .arch aarch64; =>start; tbz x1, 3, =>first; .bytes [0; 20_000]; tbz x1, 3, =>second);
        enc.place(&mut block).unwrap();
        enc.nops(40_000);
        for label in labels {
            enc.bind(label);
            enc.nop();
        }
        let code = enc.finish().unwrap();
        let word = |at: usize| u32::from_le_bytes(code.bytes()[at..at + 4].try_into().unwrap());
        let own = code.offset_of(own).unwrap();
        for (at, label) in [(own, labels[0]), (own + 20_004, labels[1])] {
            let island = at as i64 + i64::from((word(at) << 13) as i32 >> 18 << 2);
            let to = island + i64::from((word(island as usize) << 6) as i32 >> 4);
            assert_eq!((word(island as usize) >> 26, to), (5, code.offset_of(label).unwrap() as i64));
        }
    }
    check::<Down>();
    check::<Up>();
}

/// What is not shared ends with the block's content; what is shared goes on, until the block is cleared.
#[test]
fn one_block_serves_for_all() {
    fn check<D: Side>() {
        let (mut enc, mut block) = (x64::Emitter::<D>::new(), X64Block::new());
        enc.ret();
        let exit = enc.here();
        let shared = block.share(exit);
        let own = block.new_dynamic_label();
        for _ in 0..3 {
            dynasm!(block; .arch x64; a: ; ->b: ; =>own; jmp <a; jmp ->b; jmp =>own; jz =>shared);
            enc.place(&mut block).unwrap();
        }
        // A mistake is gone with the content it was made in.
        dynasm!(block; .arch x64; jmp <c);
        enc.place(&mut block).unwrap_err();
        dynasm!(block; .arch x64; jz =>shared);
        enc.place(&mut block).unwrap();
        // The exit is above all, or right behind the RET.
        let to_exit = |place: i32| {
            let distance = D::lower(-21 * place, 63 - 21 * place);
            [&[0x0F, 0x84][..], &distance.to_le_bytes()].concat()
        };
        let jumps = [0xE9, 251, 255, 255, 255, 0xE9, 246, 255, 255, 255, 0xE9, 241, 255, 255, 255];
        let mut placed = vec![vec![0xC3]];
        for number in 1..=3 {
            placed.push([&jumps[..], &to_exit(D::lower(number, 4 - number))].concat());
        }
        let last = D::lower([0x0F, 0x84, 0xBB, 0xFF, 0xFF, 0xFF], [0x0F, 0x84, 63, 0, 0, 0]);
        placed.push(last.to_vec());
        assert_eq!(enc.finish().unwrap().bytes(), D::reading_order(placed).concat());

        enc.clear();
        block.clear();
        dynasm!(block; .arch x64; jmp =>shared);
        assert_eq!(enc.place(&mut block), Err(PlaceError::ForeignDynamicLabel { label: shared, at: 1 }));
        let again = enc.here();
        assert_eq!(block.share(again), shared);
        dynasm!(block; .arch x64; jmp =>shared);
        enc.place(&mut block).unwrap();
        let distance = D::lower(-5_i32, 0).to_le_bytes();
        assert_eq!(enc.finish().unwrap().bytes(), [&[0xE9][..], &distance].concat());
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn in_a_slice() {
    fn check<D: Side>() {
        for room in [0, 5, 99, 100, 101] {
            let mut slice = vec![0; room];
            let (mut enc, mut block) = (x64::Emitter::<D>::in_slice(&mut slice), X64Block::new());
            dynasm!(block; .arch x64; jmp >end; .bytes [0x90; 94]; end: ; ret);
            enc.place(&mut block).unwrap();
            match enc.finish() {
                Ok(code) => assert_eq!((code.bytes().len(), code.bytes()[1]), (100, 94)),
                Err(error) => assert_eq!((error, room < 100), (FinishError::OutOfSpace { needed: 100 }, true)),
            }
        }
    }
    check::<Down>();
    check::<Up>();
}

/// Relocations by hand may come in any order.
#[test]
fn relocations_out_of_order() {
    fn check<D: Blocks>() {
        for is_block in [false, true] {
            let (mut enc, mut block) = (x64::Emitter::<D>::new(), X64Block::new());
            let exit = enc.label();
            let label = block.share(exit);
            let kind = || X64Relocation::from_size(RelocationKind::Relative, RelocationSize::DWord);
            block.push_u64(0);
            block.dynamic_relocation(label, 0, 4, 0, kind());
            block.dynamic_relocation(label, 0, 8, 4, kind());
            enc.in_order(0..2, |enc, step| match (step, is_block) {
                (0, false) => enc.place(&mut block).unwrap(),
                (0, true) => D::block(enc, |enc| enc.place(&mut block).unwrap()),
                _ => block!(enc; bind(exit); ret()),
            });
            assert_eq!(enc.finish().unwrap().bytes(), [4, 0, 0, 0, 0, 0, 0, 0, 0xC3]);
        }
    }
    check::<Down>();
    check::<Up>();
}
