//! A64 as text, by yaxpeax-arm.

use super::{
    Disassemble, Names, byte_directive,
    sealed::{Disassembler, Line},
};
use crate::{
    aarch64::{A64, Rel},
    code::relocation::Relocation,
};
use alloc::{boxed::Box, format, string::ToString};
use core::ops::Range;
use yaxpeax_arch::{Decoder, U8Reader};
use yaxpeax_arm::armv8::a64::{InstDecoder, Instruction, Opcode, Operand};

impl Disassemble for A64 {
    fn disassembler(names: Names) -> Box<dyn Disassembler> {
        Box::new(Yaxpeax(names))
    }

    fn relocated_data(relocation: &Relocation<Rel>) -> Option<Range<usize>> {
        let len = match relocation.field {
            Rel::Offset32 => 4,
            Rel::Address64 => 8,
            _ => return None,
        };
        Some(relocation.from..relocation.from + len)
    }

    const COLUMN: usize = 4;
}

struct Yaxpeax(Names);

impl Disassembler for Yaxpeax {
    fn instruction(&mut self, code: &[u8], address: u64) -> Line {
        let Some(word) = code.first_chunk() else {
            return Line { text: byte_directive(code), len: code.len(), note: None };
        };
        match InstDecoder::default().decode(&mut U8Reader::new(word)) {
            Ok(instruction) => self.with_target(&instruction, address),
            Err(_) => {
                let text = format!(".inst {:#010x}", u32::from_le_bytes(*word));
                Line { text, len: word.len(), note: self.0.relocated.get(&address).cloned() }
            }
        }
    }
}

impl Yaxpeax {
    /// The instruction, whose last operand, if it is PC-relative, is given as a name or an address.
    fn with_target(&self, instruction: &Instruction, address: u64) -> Line {
        let mut text = instruction.to_string();
        let mut note = self.0.relocated.get(&address).cloned();
        let distance = instruction.operands.iter().find_map(|operand| match operand {
            Operand::PCOffset(distance) => Some(*distance),
            _ => None,
        });
        // Written "$+0x8".
        if let (Some(distance), Some(start)) = (distance, text.find('$')) {
            let from = if instruction.opcode == Opcode::ADRP { address & !0xFFF } else { address };
            let target = from.wrapping_add_signed(distance);
            text.truncate(start);
            let name = note.take().or_else(|| self.0.places.get(&target).cloned());
            text += &name.unwrap_or_else(|| format!("{target:#x}"));
        }
        Line { text, len: 4, note }
    }
}
