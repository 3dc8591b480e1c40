//! Holds a back end's bytes against what the description says, decoded by iced-x86: mnemonics, registers, addresses
//! with the size of the access, constants, and the block that a branch leads to.

use iced_x86::{Decoder, DecoderOptions, Instruction, OpKind, Register};
use tailfirst_backend_generator::{CONDITIONS, Call, Condition, Operand};
use tailfirst_backend_ir::{Backend, Gpr, Op, Program};

/// How many instructions a program has.
pub fn instructions(program: &Program, arms: &[Vec<Call>]) -> usize {
    program.ops.iter().map(|op| arms[usize::from(op.kind)].len()).sum::<usize>() + 1
}

pub fn verify(backend: &mut dyn Backend, program: &Program, arms: &[Vec<Call>]) -> Result<(), String> {
    let length = backend.assemble(program);
    let bytes = backend.bytes();
    if bytes.len() != length {
        return Err(format!("{} bytes, said to be {length}", bytes.len()));
    }
    let decoded: Vec<Instruction> = Decoder::with_ip(64, &bytes, 0, DecoderOptions::NONE).into_iter().collect();
    let expected = instructions(program, arms);
    if decoded.len() != expected {
        return Err(format!("{} instructions, expected {expected}", decoded.len()));
    }
    // Where each block begins.
    let mut starts = Vec::new();
    let mut at = 0;
    for (_, ops) in program.blocks() {
        starts.push(decoded[at].ip());
        at += ops.iter().map(|op| arms[usize::from(op.kind)].len()).sum::<usize>();
    }
    let calls = program.ops.iter().flat_map(|op| arms[usize::from(op.kind)].iter().map(move |call| (op, call)));
    for (instruction, (op, call)) in decoded.iter().zip(calls) {
        if !is_meant(instruction, op, call, &starts) {
            let bytes = &bytes[instruction.ip() as usize..instruction.next_ip() as usize];
            return Err(format!("{:?} {bytes:02x?}, expected {call:?} of {op:?}", instruction.code()));
        }
    }
    match decoded.last() {
        Some(last) if mnemonic(last) == "ret" => Ok(()),
        _ => Err("no `ret` at the end".to_owned()),
    }
}

fn mnemonic(instruction: &Instruction) -> String {
    format!("{:?}", instruction.mnemonic()).to_lowercase()
}

fn is_meant(instruction: &Instruction, op: &Op, call: &Call, starts: &[u64]) -> bool {
    let expected = match call.condition {
        Condition::Value => format!("j{}", CONDITIONS[op.cond as usize]),
        Condition::Named(_) | Condition::None => call.mnemonic.clone(),
    };
    if mnemonic(instruction) != expected || instruction.op_count() as usize != call.operands.len() {
        return false;
    }
    // A constant for all of a register may come as the lower half.
    if let [Operand::Gpr { slot, .. }, Operand::Wide] = call.operands[..] {
        let low = u32::try_from(op.wide).is_ok() && is_register(instruction, 0, gpr(32, op.gpr[slot]));
        return (low || is_register(instruction, 0, gpr(64, op.gpr[slot])))
            && is_constant(instruction, 1, op.wide, u64::MAX);
    }
    let bits = match call.operands[0] {
        Operand::Gpr { bits, .. } | Operand::Memory { bits, .. } => bits,
        _ => 64,
    };
    let mask = u64::MAX >> (64 - bits.max(8));
    call.operands.iter().zip(0..).all(|(&operand, at)| match operand {
        Operand::Gpr { bits, slot } => is_register(instruction, at, gpr(bits, op.gpr[slot])),
        Operand::Xmm { slot } => is_register(instruction, at, Register::XMM0 + op.xmm[slot] as u32),
        Operand::Cl => is_register(instruction, at, Register::CL),
        Operand::Memory { bits, base, disp, is_indexed } => {
            let (index, scale) = match is_indexed {
                true => (gpr(64, op.index), 1 << op.scale as u32),
                false => (Register::None, 1),
            };
            instruction.op_kind(at) == OpKind::Memory
                && instruction.memory_base() == gpr(64, op.gpr[base])
                && instruction.memory_index() == index
                && instruction.memory_index_scale() == scale
                && instruction.memory_displacement64() as i64 == i64::from(op.disp[disp])
                && instruction.memory_size().size() == bits as usize / 8
        }
        Operand::Shortest { slot } | Operand::Constant { bits: 32, slot } => {
            is_constant(instruction, at, op.imm[slot].into(), mask)
        }
        Operand::Constant { bits: 16, slot } => is_constant(instruction, at, (op.imm[slot] as i16).into(), mask),
        Operand::Constant { slot, .. } => is_constant(instruction, at, (op.imm[slot] as i8).into(), mask),
        Operand::Count => is_constant(instruction, at, op.count.into(), 0xff),
        // Looked at above.
        Operand::Wide => false,
        Operand::Label { slot } => {
            instruction.op_kind(at) == OpKind::NearBranch64
                && instruction.near_branch_target() == starts[usize::from(op.label[slot])]
        }
    })
}

fn is_register(instruction: &Instruction, at: u32, register: Register) -> bool {
    instruction.op_kind(at) == OpKind::Register && instruction.op_register(at) == register
}

fn is_constant(instruction: &Instruction, at: u32, value: i64, mask: u64) -> bool {
    instruction.try_immediate(at).is_ok_and(|found| found & mask == value as u64 & mask)
}

/// The register of so many bits.
fn gpr(bits: u32, register: Gpr) -> Register {
    let number = register as u32;
    match bits {
        // The high bytes come between the low ones.
        8 if number < 4 => Register::AL + number,
        8 => Register::SPL + (number - 4),
        16 => Register::AX + number,
        32 => Register::EAX + number,
        _ => Register::RAX + number,
    }
}

#[cfg(all(test, feature = "luajit-outlined"))]
mod tests {
    use super::*;
    use crate::programs::{Draw, programs};
    use tailfirst_backend_generator::arms;
    use tailfirst_backend_ir::{Cond, Scale, Xmm};

    /// Operations that differ from one in one operand.
    fn neighbours(op: &Op, blocks: usize) -> Vec<Op> {
        fn next<T: Copy + PartialEq>(all: &[T], value: T) -> T {
            let at = all.iter().position(|&other| other == value).map_or(0, |at| at + 1);
            all[at % all.len()]
        }
        let mut all = Vec::new();
        let mut push = |change: &dyn Fn(&mut Op)| {
            let mut other = op.clone();
            change(&mut other);
            all.push(other);
        };
        (0..4).for_each(|slot| push(&|op| op.gpr[slot] = next(Gpr::ALL, op.gpr[slot])));
        (0..3).for_each(|slot| push(&|op| op.xmm[slot] = next(Xmm::ALL, op.xmm[slot])));
        for slot in 0..2 {
            push(&|op| op.imm[slot] ^= 1);
            push(&|op| op.imm[slot] ^= 1 << 20);
            push(&|op| op.disp[slot] ^= 1);
            push(&|op| op.disp[slot] ^= 1 << 20);
            push(&|op| op.label[slot] = (op.label[slot] + 1) % blocks as u16);
        }
        push(&|op| op.index = next(Gpr::ALL, op.index));
        push(&|op| op.scale = next(Scale::ALL, op.scale));
        push(&|op| op.cond = next(Cond::ALL, op.cond));
        push(&|op| op.count += 1);
        push(&|op| op.wide ^= 1);
        push(&|op| op.wide ^= 1 << 40);
        all
    }

    fn other_size(bits: u32) -> u32 {
        if bits == 32 { 64 } else { 32 }
    }

    /// Calls that differ from one in an operand's size, or are of another instruction.
    fn relatives(call: &Call) -> Vec<Call> {
        let mut all = Vec::new();
        let mut push = |change: &dyn Fn(&mut Call)| {
            let mut other = call.clone();
            change(&mut other);
            all.push(other);
        };
        push(&|call| (call.mnemonic, call.condition) = ("nop".to_owned(), Condition::None));
        for at in 0..call.operands.len() {
            match call.operands[at] {
                // A constant of a register\'s size says nothing of the size.
                Operand::Gpr { bits, slot } if !call.operands.contains(&Operand::Wide) => {
                    push(&|call| call.operands[at] = Operand::Gpr { bits: other_size(bits), slot })
                }
                Operand::Memory { bits, base, disp, is_indexed } => {
                    push(&|call| {
                        call.operands[at] = Operand::Memory { bits: other_size(bits), base, disp, is_indexed }
                    });
                    push(&|call| {
                        call.operands[at] = Operand::Memory { bits, base, disp, is_indexed: !is_indexed };
                    });
                }
                _ => {}
            }
        }
        all
    }

    /// An instruction is not taken for one that differs in anything.
    #[test]
    fn only_its_own_call_is_meant() {
        let arms = arms();
        let programs = programs(Draw::Even);
        let mut tried = 0;
        for program in &programs[..4] {
            let mut backend = backend_luajit_outlined::Backend::new(tailfirst_backend_ir::ROOM);
            assert_eq!(verify(&mut backend, program, &arms), Ok(()));
            let bytes = backend.bytes();
            let decoded: Vec<Instruction> = Decoder::with_ip(64, &bytes, 0, DecoderOptions::NONE).into_iter().collect();
            let mut starts = Vec::new();
            let mut calls = Vec::new();
            for (_, ops) in program.blocks() {
                starts.push(decoded[calls.len()].ip());
                calls.extend(ops.iter().flat_map(|op| arms[usize::from(op.kind)].iter().map(move |call| (op, call))));
            }
            for (instruction, (op, call)) in decoded.iter().zip(calls) {
                for other in neighbours(op, starts.len()) {
                    let is_same = meaning(&other, call) == meaning(op, call);
                    assert_eq!(
                        is_meant(instruction, &other, call, &starts),
                        is_same,
                        "{call:?} of {op:?} and {other:?}"
                    );
                }
                for other in relatives(call) {
                    assert!(!is_meant(instruction, op, &other, &starts), "{call:?} and {other:?} of {op:?}");
                    tried += 1;
                }
            }
        }
        assert!(tried > 10_000, "{tried}");
    }

    /// A call with the values of its operands.
    fn meaning(op: &Op, call: &Call) -> String {
        let mnemonic = match call.condition {
            Condition::Value => format!("j{}", CONDITIONS[op.cond as usize]),
            Condition::Named(_) | Condition::None => call.mnemonic.clone(),
        };
        let operands = call.operands.iter().map(|&operand| match operand {
            Operand::Gpr { bits, slot } => format!("{:?}:{bits}", op.gpr[slot]),
            Operand::Xmm { slot } => format!("{:?}", op.xmm[slot]),
            Operand::Memory { bits, base, disp, is_indexed } => {
                let index = is_indexed.then_some((op.index, op.scale));
                format!("{:?} {:?} {index:?} {bits}", op.gpr[base], op.disp[disp])
            }
            Operand::Shortest { slot } | Operand::Constant { bits: 32, slot } => format!("{}", op.imm[slot]),
            Operand::Constant { bits: 16, slot } => format!("{}", op.imm[slot] as i16),
            Operand::Constant { slot, .. } => format!("{}", op.imm[slot] as i8),
            Operand::Count => format!("{}", op.count),
            Operand::Wide => format!("{}", op.wide),
            Operand::Cl => "cl".to_owned(),
            Operand::Label { slot } => format!("block {}", op.label[slot]),
        });
        format!("{mnemonic} {:?}", operands.collect::<Vec<_>>())
    }
}
