//! `begin_block` and `end_block`, and the assembler between them: it is empty afterwards, and as good as new.

use tailfirst::{Align, FinishError, aarch64, block, x64::*};

/// Jumps around a label of its own and to one from outside, with what blocks hand over: labels, fixups, data.
fn write(asm: &mut Assembler<'_>, outside: tailfirst::Label) -> tailfirst::Label {
    let inside = asm.label();
    asm.jz(inside);
    asm.jmp(outside);
    asm.bind(inside);
    asm.data(&[1, 2, 3]);
    asm.inc_rm32(EAX);
    inside
}

#[test]
fn a_pair_is_a_closure() {
    let (mut by_pair, mut by_closure, mut asm) = (Encoder::new(), Encoder::new(), Assembler::new());
    // What the assembler had is forgotten.
    asm.align(Align::of::<64>());
    asm.ret();
    for enc in [&mut by_pair, &mut by_closure] {
        enc.ret();
    }
    let outside = (by_pair.here(), by_closure.here());
    let mut insides = vec![];
    for _ in 0..3 {
        by_pair.begin_block(&mut asm);
        let inside = write(&mut asm, outside.0);
        by_pair.end_block(&mut asm);
        assert_eq!(asm.pos().from_base(), 0);
        insides.push((inside, by_closure.forward(|asm| write(asm, outside.1))));
    }
    let (pair, closure) = (by_pair.finish().unwrap(), by_closure.finish().unwrap());
    assert_eq!(pair.bytes(), closure.bytes());
    assert_eq!(pair.end_alignment(), 1);
    for (one, other) in insides {
        assert_eq!(pair.offset_of(one), closure.offset_of(other));
        assert!(pair.offset_of(one).is_some());
    }
}

#[test]
fn the_assembler_is_as_good_as_new() {
    fn alone(asm: &mut Assembler<'_>) -> Vec<u8> {
        let head = asm.here();
        let late = asm.late();
        asm.with_late(late, |asm, imm: i32| asm.add_rm64_imm(RAX, imm));
        asm.jmp(head);
        asm.set_late(late, 7);
        asm.finish().unwrap().bytes().to_vec()
    }
    let expected = alone(&mut Assembler::new());
    let (mut enc, mut asm) = (Encoder::new(), Assembler::new());
    let outside = enc.label();
    enc.bind(outside);
    enc.begin_block(&mut asm);
    write(&mut asm, outside);
    enc.end_block(&mut asm);
    assert_eq!(alone(&mut asm), expected);
    // And it is a block again.
    enc.begin_block(&mut asm);
    block!(asm; push_r64(RBX); pop_r64(RBX));
    enc.end_block(&mut asm);
    assert!(enc.finish().unwrap().bytes().starts_with(&[0x53, 0x5B]));
    assert_eq!(alone(&mut asm), expected);
}

#[test]
fn a_snapshot_of_the_block_ends_with_it() {
    let (mut enc, mut asm) = (aarch64::Encoder::new(), aarch64::Assembler::new());
    enc.begin_block(&mut asm);
    let snapshot = asm.snapshot();
    asm.nop();
    enc.end_block(&mut asm);
    asm.nop();
    asm.rollback(snapshot);
    assert_eq!(asm.finish().unwrap_err(), FinishError::ForeignSnapshot);
    assert_eq!(enc.finish().unwrap().bytes().len(), 4);
}

#[test]
fn constants_of_both_are_kept_apart() {
    let (mut enc, mut asm) = (Encoder::new(), Assembler::new());
    let own = asm.constant_u64(1);
    asm.mov_r64_rm64(RAX, own);
    enc.ret();
    enc.begin_block(&mut asm);
    let constant = asm.constant_u64(2);
    asm.mov_r64_rm64(RCX, constant);
    enc.end_block(&mut asm);
    let constant = asm.constant_u64(3);
    asm.mov_r64_rm64(RDX, constant);
    let holds = |bytes: &[u8], value: u64| bytes.windows(8).any(|eight| eight == value.to_le_bytes());
    let (code, block) = (enc.finish().unwrap(), asm.finish().unwrap());
    let held = [1, 2, 3].map(|value| (holds(code.bytes(), value), holds(block.bytes(), value)));
    assert_eq!(held, [(false, false), (true, false), (false, true)]);
}
