//! Holds a contender's bytes against the reference list, before anything is timed.
//!
//! x64 bytes are decoded by iced-x86 and compared by meaning (mnemonic, registers, address, immediate, and the index of
//! the instruction that a branch lands on), because contenders may choose different lengths. A64 has one word for each
//! of E's instructions, so words are compared. The floor's bytes lack the front of instructions longer than eight
//! bytes; the rest is compared with the shortest encodings.

use crate::contender::{Contender, iced};
use crate::workload::{Inputs, Insn, Workload};
use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

/// Runs the contender, and says what is wrong with its bytes or how many there are.
pub fn verify(contender: &mut dyn Contender, workload: Workload, all: &[Inputs]) -> Result<usize, String> {
    // All, so that what a run left behind for the next is seen too; the first at last, as the floor knows no other.
    all.iter().rev().for_each(|inputs| contender.run(workload, inputs));
    let inputs = &all[0];
    let bytes = contender.bytes();
    match workload {
        Workload::E => arm(&bytes, &inputs.arm_words())?,
        _ if contender.is_complete() => x64(&bytes, &inputs.insns(workload))?,
        _ => ends(&bytes, &iced::shortest(&inputs.insns(workload)))?,
    }
    Ok(bytes.len())
}

fn arm(bytes: &[u8], reference: &[u32]) -> Result<(), String> {
    let (words, rest) = bytes.as_chunks::<4>();
    if words.len() != reference.len() || !rest.is_empty() {
        return Err(format!("{} bytes for {} words", bytes.len(), reference.len()));
    }
    for (at, (&word, &expected)) in words.iter().zip(reference).enumerate() {
        let word = u32::from_le_bytes(word);
        if word != expected {
            return Err(format!("word {at} is {word:08x}, expected {expected:08x}"));
        }
    }
    Ok(())
}

fn ends(bytes: &[u8], pieces: &[Vec<u8>]) -> Result<(), String> {
    let mut end = 0;
    for (at, piece) in pieces.iter().enumerate() {
        end += piece.len();
        let stored = piece.len().min(8);
        if bytes.get(end - stored..end) != Some(&piece[piece.len() - stored..]) {
            return Err(format!("instruction {at} differs from {piece:02x?}"));
        }
    }
    if end == bytes.len() { Ok(()) } else { Err(format!("{} bytes, expected {end}", bytes.len())) }
}

fn x64(bytes: &[u8], reference: &[Insn]) -> Result<(), String> {
    let decoded: Vec<Instruction> = Decoder::with_ip(64, bytes, 0, DecoderOptions::NONE).into_iter().collect();
    for (at, (expected, instruction)) in reference.iter().zip(&decoded).enumerate() {
        let lands_on = |target| decoded.binary_search_by_key(&target, Instruction::ip).ok();
        if !means(instruction, *expected, lands_on) {
            let bytes = &bytes[instruction.ip() as usize..instruction.next_ip() as usize];
            return Err(format!("instruction {at} is {:?} {bytes:02x?}, expected {expected:?}", instruction.code()));
        }
    }
    if decoded.len() == reference.len() {
        Ok(())
    } else {
        Err(format!("{} instructions, expected {}", decoded.len(), reference.len()))
    }
}

/// By the condition's number.
const JCC: [Mnemonic; 16] = {
    use Mnemonic::*;
    [Jo, Jno, Jb, Jae, Je, Jne, Jbe, Ja, Js, Jns, Jp, Jnp, Jl, Jge, Jle, Jg]
};

fn means(instruction: &Instruction, expected: Insn, lands_on: impl Fn(u64) -> Option<usize>) -> bool {
    let (gpr, xmm) = (iced::gpr, iced::xmm);
    let is = |mnemonic, operands| instruction.mnemonic() == mnemonic && instruction.op_count() == operands;
    let register =
        |at, register| instruction.op_kind(at) == OpKind::Register && instruction.op_register(at) == register;
    let immediate = |at, value: u64| instruction.try_immediate(at).is_ok_and(|immediate| immediate == value);
    let memory = |at, base, index, scale: u8, disp: i32| {
        instruction.op_kind(at) == OpKind::Memory
            && instruction.segment_prefix() == Register::None
            && instruction.memory_base() == base
            && instruction.memory_index() == index
            && (index == Register::None || instruction.memory_index_scale() == u32::from(scale))
            && instruction.memory_displacement64() as i64 == i64::from(disp)
    };
    let branch = |mnemonic, target| {
        is(mnemonic, 1)
            && instruction.op_kind(0) == OpKind::NearBranch64
            && lands_on(instruction.near_branch_target()) == Some(target)
    };
    let at_base = |at, base, disp| memory(at, gpr(base), Register::None, 1, disp);
    let two = |mnemonic, dst, src| is(mnemonic, 2) && register(0, dst) && register(1, src);
    match expected {
        Insn::Mov { dst, src } => two(Mnemonic::Mov, gpr(dst), gpr(src)),
        Insn::Add { dst, src } => two(Mnemonic::Add, gpr(dst), gpr(src)),
        Insn::Imul { dst, src } => two(Mnemonic::Imul, gpr(dst), gpr(src)),
        Insn::Addsd { dst, src } => two(Mnemonic::Addsd, xmm(dst), xmm(src)),
        Insn::Sub { dst, imm } => is(Mnemonic::Sub, 2) && register(0, gpr(dst)) && immediate(1, imm as u64),
        Insn::Cmp { dst, imm } => is(Mnemonic::Cmp, 2) && register(0, gpr(dst)) && immediate(1, imm as u64),
        Insn::MovImm { dst, imm } => is(Mnemonic::Mov, 2) && register(0, gpr(dst)) && immediate(1, imm),
        Insn::Shl { dst, count } => is(Mnemonic::Shl, 2) && register(0, gpr(dst)) && immediate(1, count.into()),
        Insn::Load { dst, base, disp } => is(Mnemonic::Mov, 2) && register(0, gpr(dst)) && at_base(1, base, disp),
        Insn::Store { base, disp, src } => is(Mnemonic::Mov, 2) && at_base(0, base, disp) && register(1, gpr(src)),
        Insn::Movsd { dst, base, disp } => is(Mnemonic::Movsd, 2) && register(0, xmm(dst)) && at_base(1, base, disp),
        Insn::Lea { dst, base, index, scale, disp } => {
            is(Mnemonic::Lea, 2) && register(0, gpr(dst)) && memory(1, gpr(base), gpr(index), scale, disp)
        }
        Insn::Jne { target } => branch(Mnemonic::Jne, target),
        Insn::Jcc { cond, target } => branch(JCC[usize::from(cond)], target),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No instruction of a list passes for a line that asks for something else.
    #[test]
    fn only_its_own_line_is_meant() {
        let inputs = Inputs::new(0);
        for workload in [Workload::A, Workload::C, Workload::H] {
            let list = inputs.insns(workload);
            let bytes = iced::shortest(&list).concat();
            let decoded: Vec<Instruction> = Decoder::with_ip(64, &bytes, 0, DecoderOptions::NONE).into_iter().collect();
            let lands_on = |target| decoded.binary_search_by_key(&target, Instruction::ip).ok();
            for (at, instruction) in decoded.iter().enumerate().step_by(7) {
                for &line in &list {
                    assert_eq!(means(instruction, line, lands_on), line == list[at], "{line:?} and {:?}", list[at]);
                }
            }
        }
    }
}
