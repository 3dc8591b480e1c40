//! The machine instructions that the compiler has emitted for a module, read back from its code.
//!
//! What is no instruction is told apart by what refers to it. Constants lie below a part's code, and are what loads
//! relative to the instruction pointer are of. A jump table lies behind the indirect jump through it, is what `lea`
//! takes the address of, and has one more entry than the constant before it says.

use std::collections::BTreeSet;

use iced_x86::{Code, Decoder, DecoderOptions, Instruction, Register};
use tailfirst_wasm::compile::CompiledModule;

use crate::Outcome;

/// The instructions of each part, in the order of their addresses, which count from the module's first byte.
pub fn instructions(module: &CompiledModule) -> Outcome<Vec<Vec<Instruction>>> {
    module.code.to_vecs().iter().map(|(offset, bytes)| of_part(module, *offset, bytes)).collect()
}

fn of_part(module: &CompiledModule, offset: usize, bytes: &[u8]) -> Outcome<Vec<Instruction>> {
    let end = offset + bytes.len();
    let first = module.functions.iter().copied().filter(|at| (offset..end).contains(at)).min().unwrap_or(offset);
    let functions = decode(&bytes[first - offset..], first)?;
    let constants = functions.iter().filter(|instruction| loads_constant(instruction));
    let pool_end = constants.map(|load| load.memory_displacement64() as usize + load.memory_size().size()).max();
    let begin = pool_end.unwrap_or(offset);
    // Constants are aligned, and nothing starts with a zero.
    let padding = bytes[begin - offset..].iter().take_while(|&&byte| byte == 0).count();
    // What a function's branches lead to may be below it.
    let below = decode(&bytes[begin + padding - offset..first - offset], begin + padding)?;
    Ok(below.into_iter().chain(functions).collect())
}

fn loads_constant(instruction: &Instruction) -> bool {
    instruction.memory_base() == Register::RIP && instruction.code() != Code::Lea_r64_m
}

fn decode(bytes: &[u8], offset: usize) -> Outcome<Vec<Instruction>> {
    let mut decoder = Decoder::with_ip(64, bytes, offset as u64, DecoderOptions::NONE);
    let mut instructions = vec![];
    let mut tables = BTreeSet::new();
    let mut last_entry = 0;
    while decoder.can_decode() {
        if tables.first() == Some(&decoder.ip()) {
            let (begin, entries) = (decoder.position(), last_entry + 1);
            tables.pop_first();
            decoder.set_position(begin + 4 * entries).map_err(|error| error.to_string())?;
            decoder.set_ip((offset + begin + 4 * entries) as u64);
            continue;
        }
        let instruction = decoder.decode();
        match instruction.code() {
            Code::INVALID => return Err(format!("no instruction at {:#x}", instruction.ip()).into()),
            Code::Mov_r32_imm32 if instruction.op0_register() == Register::EAX => {
                last_entry = instruction.immediate32() as usize;
            }
            Code::Lea_r64_m if instruction.memory_base() == Register::RIP => {
                tables.insert(instruction.memory_displacement64());
            }
            _ => {}
        }
        instructions.push(instruction);
    }
    Ok(instructions)
}
