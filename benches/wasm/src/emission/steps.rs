//! Recorded instructions as calls that place them again, from the last to the first.

use std::collections::HashMap;

use iced_x86::{Code, ConditionCode, Decoder, DecoderOptions, Instruction, OpKind, Register};

use super::forms::{self, Calls, FORMS, Form, Operands};
use crate::Outcome;

pub struct Step {
    pub calls: &'static Calls,
    pub operands: Operands,
}

/// What one encoder places.
pub struct Part {
    pub steps: Vec<Step>,
    pub labels: usize,
    /// The instructions that have a step, in the order of their addresses.
    pub kept: Vec<Instruction>,
    /// How many have none.
    pub left_out: usize,
}

impl Part {
    pub fn new(instructions: &[Instruction]) -> Part {
        let forms: HashMap<_, _> = FORMS.iter().map(|form| (form.code, form)).collect();
        let known: HashMap<_, _> = instructions.iter().map(|instruction| (instruction.ip(), ())).collect();
        let mut labels = HashMap::new();
        for instruction in instructions.iter().filter(|instruction| is_branch(instruction)) {
            let target = instruction.near_branch_target();
            if known.contains_key(&target) {
                let number = labels.len() as u32;
                labels.entry(target).or_insert(number);
            }
        }
        let mut part = Part { steps: vec![], labels: labels.len(), kept: vec![], left_out: 0 };
        for instruction in instructions.iter().rev() {
            match step(instruction, &forms, &labels) {
                Some(step) => {
                    part.steps.push(step);
                    part.kept.push(*instruction);
                }
                None => part.left_out += 1,
            }
            if let Some(&target) = labels.get(&instruction.ip()) {
                part.steps.push(Step { calls: forms::BIND, operands: Operands { target, ..Operands::default() } });
            }
        }
        part.kept.reverse();
        part
    }

    /// Whether code has the kept instructions, and its branches lead to the same of them. Lengths may differ.
    pub fn check(&self, code: &[u8]) -> Outcome<()> {
        let placed: Vec<_> = Decoder::with_ip(64, code, 0, DecoderOptions::NONE).into_iter().collect();
        if placed.len() != self.kept.len() {
            return Err(format!("{} instructions instead of {}", placed.len(), self.kept.len()).into());
        }
        let place = |list: &[Instruction], instruction: &Instruction| {
            let target = instruction.near_branch_target();
            list.partition_point(|instruction| instruction.ip() < target)
        };
        for (expected, found) in self.kept.iter().zip(&placed) {
            let alike = match is_branch(expected) {
                true if expected.is_call_near() => found.is_call_near(),
                true => {
                    expected.condition_code() == found.condition_code()
                        && place(&self.kept, expected) == place(&placed, found)
                }
                false => are_alike(expected, found),
            };
            if !alike {
                return Err(format!("{found:?} instead of {expected:?}").into());
            }
        }
        Ok(())
    }
}

fn is_branch(instruction: &Instruction) -> bool {
    instruction.op0_kind() == OpKind::NearBranch64
}

/// Of the same operation and operands. Immediates are those of 32 bits or less, or of the same form.
fn are_alike(a: &Instruction, b: &Instruction) -> bool {
    let operand = |instruction: &Instruction, at| match instruction.op_kind(at) {
        OpKind::Register => format!("{:?}", instruction.op_register(at)),
        OpKind::Memory => format!(
            "{:?} {:?} {} {}",
            instruction.memory_base(),
            instruction.memory_index(),
            instruction.memory_index_scale(),
            instruction.memory_displacement64()
        ),
        _ => format!("{}", instruction.immediate(at) as u32),
    };
    a.mnemonic() == b.mnemonic() && (0..a.op_count()).all(|at| operand(a, at) == operand(b, at))
}

/// The number in encodings, which a byte register's own is not.
fn number(register: Register) -> u8 {
    register.full_register().number() as u8
}

fn step(instruction: &Instruction, forms: &HashMap<Code, &'static Form>, labels: &HashMap<u64, u32>) -> Option<Step> {
    let condition = instruction.condition_code();
    let mut operands = Operands { code: instruction.code().as_near_branch(), ..Operands::default() };
    // `None` is the first of them.
    operands.condition = (condition as u8).wrapping_sub(ConditionCode::o as u8);
    if is_branch(instruction) {
        let label = labels.get(&instruction.near_branch_target()).copied();
        operands.target = label.unwrap_or(instruction.near_branch_target() as u32);
        let calls = match label {
            Some(_) if condition != ConditionCode::None => forms::BRANCH,
            Some(_) if instruction.is_jmp_short_or_near() => forms::JUMP,
            Some(_) => forms::CALL,
            None if instruction.is_call_near() => forms::CALL_APART,
            None => return None,
        };
        return Some(Step { calls, operands });
    }
    if condition != ConditionCode::None {
        let all_registers = instruction.op_kinds().all(|kind| kind == OpKind::Register);
        let calls = match (all_registers, instruction.op_count(), instruction.op0_register().size()) {
            (true, 1, _) => forms::SET,
            (true, 2, 4) => forms::MOVE_32,
            (true, 2, 8) => forms::MOVE_64,
            _ => return None,
        };
        operands.reg = number(instruction.op0_register());
        operands.rm = number(instruction.op_register(instruction.op_count() - 1));
        return Some(Step { calls, operands });
    }
    let form = forms.get(&instruction.code())?;
    let mut calls = form.register;
    for (at, kind) in (0..instruction.op_count()).zip(form.operands) {
        match instruction.op_kind(at) {
            OpKind::Register if kind.contains("m") && *kind != "xmm" => {
                operands.rm = number(instruction.op_register(at));
            }
            OpKind::Register => operands.reg = number(instruction.op_register(at)),
            OpKind::Memory => {
                let (base, index) = (instruction.memory_base(), instruction.memory_index());
                if !base.is_gpr64() {
                    return None;
                }
                operands.base = number(base);
                operands.displacement = instruction.memory_displacement64() as i32;
                calls = form.based;
                if index != Register::None {
                    operands.index = number(index);
                    operands.scale = instruction.memory_index_scale().trailing_zeros() as u8;
                    calls = form.indexed;
                }
            }
            _ => operands.immediate = instruction.immediate(at) as i64,
        }
    }
    Some(Step { calls, operands })
}
