//! Blocks: random programs of them against a model, short branches, alignment and pages in them.

use crate::{
    block_mistakes::is_usable_after_clear,
    nests::{A16, Within, in_all_blocks, is_up},
    trees,
};
use quickcheck::TestResult;
use tailfirst::{
    Align, Direction, FinishError, Symbol,
    aarch64::{self, A64},
    x64::{Assembler, Emitter, Encoder, RAX, RCX, RDI, RSI, X64},
};
use tailfirst_roundtrip::choices;

#[test]
fn programs_with_blocks_x64() {
    fn property(numbers: Vec<u64>) -> TestResult {
        trees::is_as_expected::<X64>(&numbers, false)
    }
    choices::check("programs_with_blocks_x64", 1500).quickcheck(property as fn(Vec<u64>) -> TestResult);
}

#[test]
fn programs_with_blocks_aarch64() {
    fn property(numbers: Vec<u64>) -> TestResult {
        trees::is_as_expected::<A64>(&numbers, false)
    }
    choices::check("programs_with_blocks_aarch64", 1500).quickcheck(property as fn(Vec<u64>) -> TestResult);
}

/// A branch inside a block to a label inside is short where it reaches, however deep that is.
#[test]
fn branches_inside_a_block_are_short_where_they_reach() {
    fn test<O: Direction, D: Within<O>>() {
        // What lies below counts from the end of the branch.
        let most = if is_up::<D>() { 126 } else { 127 };
        for block in D::blocks() {
            for (between, len) in [(0, 2), (most, 2), (most + 1, 5)] {
                let mut enc = Emitter::<O>::new();
                enc.ret();
                block(&mut enc, &mut |enc| {
                    let label = enc.here();
                    (0..between).for_each(|_| enc.cld());
                    let before = enc.pos().from_base();
                    enc.jmp(label);
                    assert_eq!(enc.pos().from_base() - before, len);
                });
                let code = enc.finish().expect("all labels are bound");
                let jump = code.bytes().iter().position(|&byte| byte == [0xEB, 0xE9][usize::from(len == 5)]);
                let distance = if is_up::<D>() { -(between + len as i32) } else { between };
                let field = &distance.to_le_bytes()[..len as usize - 1];
                assert_eq!(&code.bytes()[jump.expect("it is there") + 1..][..field.len()], field);
            }
        }
    }
    in_all_blocks!(test);
}

/// Out of an aligned loop to the instruction behind it: short as long as the loop may be moved.
#[test]
fn a_branch_out_of_an_aligned_block_is_short_where_it_reaches_anyhow() {
    for (between, len) in [(0, 2), (127 - 16, 2), (128 - 16, 6)] {
        let mut enc = Encoder::new();
        enc.ret();
        let exit = enc.here();
        enc.aligned(Align::of::<16>(), |enc| {
            enc.nops(between);
            enc.jnz(exit);
        });
        let code = enc.finish().expect("it reaches");
        let gap = code.bytes().len() - 1 - between - len;
        assert!(gap < 16, "{between}: {gap}");
        let up = (between + gap) as u8;
        let bytes = if len == 2 { vec![0x75, up] } else { vec![0x0F, 0x85, up, 0, 0, 0] };
        assert_eq!(&code.bytes()[..len], bytes);
    }
}

/// Labels from outside are pending inside, and those of a complete block are not.
#[test]
fn labels_in_sight() {
    let mut enc = Encoder::new();
    enc.ret();
    let outside = enc.here();
    assert!(enc.pos_of(outside).is_some());
    let inside = enc.aligned(A16, |enc| {
        assert_eq!(enc.pos_of(outside), None);
        let label = enc.here();
        assert!(enc.pos_of(label).is_some());
        let pending = enc.label();
        let inner = enc.forward(|enc| {
            assert_eq!((enc.pos_of(outside), enc.pos_of(label)), (None, None));
            let inner = enc.here();
            assert_eq!(enc.pos_of(inner), Some(enc.pos()));
            enc.bind(pending);
            assert_eq!(enc.pos_of(pending), None);
            inner
        });
        assert!(enc.pos_of(inner).is_some() && enc.pos_of(pending).is_some());
        // What is above an alignment is not moved with the rest.
        enc.align_code(A16);
        assert_eq!(enc.pos_of(label), None);
        label
    });
    assert!(enc.pos_of(inside).is_some() && enc.pos_of(outside).is_some());

    let mut asm = Assembler::new();
    asm.ret();
    let outside = asm.here();
    asm.aligned(A16, |asm| {
        // Nothing is moved.
        assert!(asm.pos_of(outside).is_some());
        let inside = asm.backward(|enc| {
            assert_eq!(enc.pos_of(outside), None);
            let label = enc.here();
            assert_eq!(enc.pos_of(label), Some(enc.pos()));
            label
        });
        assert!(asm.pos_of(inside).is_some());
    });
}

/// A nest of loops, each with an aligned head.
#[test]
fn aligned_in_aligned() {
    for (outer, inner) in [(16, 64), (64, 16), (32, 32)] {
        let (outer, inner) = (Align::new(outer).expect("a power of two"), Align::new(inner).expect("a power of two"));
        let mut enc = Encoder::new();
        enc.ret();
        let heads = enc.aligned(outer, |enc| {
            let outer_head = enc.label();
            enc.jnz(outer_head);
            enc.dec_rm64(RSI);
            let inner_head = enc.aligned(inner, |enc| {
                let head = enc.label();
                enc.jnz(head);
                enc.dec_rm64(RDI);
                enc.bind(head);
                head
            });
            enc.mov_r64_imm(RDI, 10);
            enc.bind(outer_head);
            (outer_head, inner_head)
        });
        let code = enc.finish().expect("all labels are bound");
        let from_end = |label| code.bytes().len() - code.offset_of(label).expect("it is bound");
        assert_eq!((from_end(heads.0) % outer.bytes() as usize, from_end(heads.1) % inner.bytes() as usize), (0, 0));
        assert_eq!(code.end_alignment(), outer.max(inner).bytes());
    }
}

/// Two pages of relocations to places in the code: those of blocks are moved with them.
#[test]
fn pages_in_blocks() {
    use aarch64::X1;
    let mut enc = aarch64::Encoder::new();
    enc.ret();
    enc.aligned(Align::of::<64>(), |enc| {
        let label = enc.label();
        enc.adrp(X1, label);
        enc.forward(|enc| {
            enc.nop();
            enc.adrp(X1, label);
            enc.bind(label);
            enc.adrp(X1, Symbol(1));
        });
    });
    let code = enc.finish().expect("all labels are bound");
    let mut found: Vec<_> = code.relocations().iter().map(|r| (r.from, format!("{:?}", r.target))).collect();
    found.sort();
    assert_eq!(
        found,
        [(4, "Offset(8)".into()), (8, "Symbol(Symbol(1))".into()), (12, "Offset(8)".into())] as [(usize, String); 3]
    );
}

#[test]
fn results_and_borrows_go_through_blocks() {
    let mut enc = Encoder::new();
    let mut count = 0;
    let text = String::from("moved");
    let label = enc.forward(|enc| {
        count += text.len();
        enc.here()
    });
    assert_eq!((enc.aligned(A16, |_| text), count), ("moved".into(), 5));
    let code = enc.finish().expect("nothing is wrong");
    assert_eq!((code.bytes().len(), code.offset_of(label)), (0, Some(0)));
}

/// `begin_block` and `end_block` give what `forward` and `backward` give: for blocks in each other, used again, several
/// in a row, with labels, constants and late immediates across their borders.
#[test]
fn blocks_without_closures() {
    let mut by_closures = Encoder::new();
    let exit = by_closures.label();
    let frame = by_closures.late();
    for number in 0..3 {
        by_closures.ret();
        by_closures.forward(|asm| {
            asm.jmp(exit);
            let inside = asm.here();
            let constant = asm.constant_u64(number);
            asm.lea_r64_m(RAX, constant);
            asm.backward(|enc| {
                enc.jz(inside);
                enc.with_late(frame, |enc, imm: i32| enc.add_rm64_imm(RCX, imm));
                enc.aligned(A16, |enc| enc.cld());
            });
            asm.call(Symbol(1));
        });
    }
    by_closures.bind(exit);
    by_closures.set_late(frame, 7);
    let code = by_closures.finish().expect("nothing is wrong");

    let (mut enc, mut asm, mut inner) = (Encoder::new(), Assembler::new(), Encoder::new());
    // What is in them is forgotten.
    asm.ret();
    asm.constant_u64(77);
    inner.here();
    let exit = enc.label();
    let frame = enc.late();
    for number in 0..3 {
        enc.ret();
        enc.begin_block(&mut asm);
        asm.jmp(exit);
        let inside = asm.here();
        let constant = asm.constant_u64(number);
        asm.lea_r64_m(RAX, constant);
        asm.begin_block(&mut inner);
        inner.jz(inside);
        inner.with_late(frame, |enc, imm: i32| enc.add_rm64_imm(RCX, imm));
        inner.aligned(A16, |enc| enc.cld());
        asm.end_block(&mut inner);
        asm.call(Symbol(1));
        enc.end_block(&mut asm);
        // Empty, and encoders of their own.
        assert_eq!(inner.finish().map(|code| code.bytes().len()), Ok(0));
        is_usable_after_clear(&mut asm);
        is_usable_after_clear(&mut inner);
    }
    enc.bind(exit);
    enc.set_late(frame, 7);
    let same = enc.finish().expect("nothing is wrong");
    assert_eq!((same.bytes(), same.end_alignment()), (code.bytes(), code.end_alignment()));
    assert_eq!(same.relocations(), code.relocations());
}

/// Of what is around a block, code that is placed meanwhile lies before the block.
#[test]
fn code_around_a_block_that_is_open() {
    let (mut enc, mut asm) = (Encoder::new(), Assembler::new());
    let label = enc.label();
    enc.ret();
    enc.begin_block(&mut asm);
    let inside = asm.here();
    asm.stc();
    asm.jmp(label);
    enc.nop();
    enc.bind(label);
    enc.end_block(&mut asm);
    enc.jmp(inside);
    let code = enc.finish().expect("nothing is wrong");
    assert_eq!(code.bytes(), [0xEB, 0, 0xF9, 0xE9, 0, 0, 0, 0, 0x90, 0xC3]);
}

/// A block in a slice, which has room for it or has not.
#[test]
fn a_block_in_a_slice() {
    let (mut enc, mut memory) = (Encoder::new(), [0xEE; 12]);
    let mut asm = Assembler::in_slice(&mut memory[1..11]);
    for (count, expected) in [(10, Ok(11)), (11, Err(FinishError::OutOfSpace { needed: 12 })), (10, Ok(11))] {
        enc.clear();
        enc.ret();
        enc.begin_block(&mut asm);
        asm.nops(count);
        enc.end_block(&mut asm);
        assert_eq!(enc.finish().map(|code| code.bytes().len()), expected);
    }
    drop(asm);
    assert_eq!((memory[0], memory[11]), (0xEE, 0xEE));
}
