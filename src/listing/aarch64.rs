//! A64 as text, by yaxpeax-arm.

use super::{Disassemble, byte_directive, sealed::Disassembler};
use crate::aarch64::A64;
use alloc::{
    boxed::Box,
    collections::BTreeMap,
    format,
    string::{String, ToString},
};
use core::ops::Range;
use yaxpeax_arch::{Decoder, U8Reader};
use yaxpeax_arm::armv8::a64::{InstDecoder, Instruction, Opcode, Operand};

impl Disassemble for A64 {
    fn disassembler(names: BTreeMap<u64, String>) -> Box<dyn Disassembler> {
        Box::new(Yaxpeax(names))
    }

    fn relocated_from(instruction: Range<usize>) -> usize {
        instruction.start
    }

    const COLUMN: usize = 4;
}

/// With the names of addresses.
struct Yaxpeax(BTreeMap<u64, String>);

impl Disassembler for Yaxpeax {
    fn instruction(&mut self, code: &[u8], address: u64) -> (String, usize) {
        let Some(word) = code.first_chunk() else { return (byte_directive(code), code.len()) };
        match InstDecoder::default().decode(&mut U8Reader::new(word)) {
            Ok(instruction) => (self.with_target(&instruction, address), word.len()),
            Err(_) => (format!(".inst {:#010x}", u32::from_le_bytes(*word)), word.len()),
        }
    }
}

impl Yaxpeax {
    /// The instruction's text, whose last operand, if it is PC-relative, is given as a name or an address.
    fn with_target(&self, instruction: &Instruction, address: u64) -> String {
        let mut text = instruction.to_string();
        let distance = instruction.operands.iter().find_map(|operand| match operand {
            Operand::PCOffset(distance) => Some(*distance),
            _ => None,
        });
        // Written "$+0x8".
        if let (Some(distance), Some(start)) = (distance, text.find('$')) {
            let from = if instruction.opcode == Opcode::ADRP { address & !0xFFF } else { address };
            let target = from.wrapping_add_signed(distance);
            text.truncate(start);
            text += &self.0.get(&target).cloned().unwrap_or_else(|| format!("{target:#x}"));
        }
        text
    }
}
