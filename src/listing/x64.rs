//! x86-64 as text, by iced-x86.

use super::{
    Disassemble, Names, byte_directive,
    sealed::{Disassembler, Line},
};
use crate::{
    code::relocation::Relocation,
    x64::{Rel, X64},
};
use alloc::{boxed::Box, collections::BTreeMap, string::String};
use core::ops::Range;
use iced_x86::{Decoder, DecoderOptions, Formatter, Instruction, IntelFormatter, OpKind, SymbolResolver, SymbolResult};

impl Disassemble for X64 {
    fn disassembler(Names { places, relocated }: Names) -> Box<dyn Disassembler> {
        let targets = Targets { places, relocated: relocated.clone() };
        let mut formatter = IntelFormatter::with_options(Some(Box::new(targets)), None);
        let options = formatter.options_mut();
        options.set_space_after_operand_separator(true);
        options.set_branch_leading_zeros(false);
        options.set_show_branch_size(false);
        options.set_hex_prefix("0x");
        options.set_hex_suffix("");
        options.set_uppercase_hex(false);
        options.set_small_hex_numbers_in_decimal(false);
        Box::new(Iced { formatter, relocated })
    }

    fn relocated_data(relocation: &Relocation<Rel>) -> Option<Range<usize>> {
        let len = match relocation.field {
            Rel::Offset32 => 4,
            Rel::Address64 => 8,
            Rel::Rel8 | Rel::Rel32 | Rel::Disp32 { .. } => return None,
        };
        Some(relocation.from.checked_sub(len)?..relocation.from)
    }

    const COLUMN: usize = 8;
}

struct Iced {
    formatter: IntelFormatter,
    /// By the address of the instruction's end.
    relocated: BTreeMap<u64, String>,
}

impl Disassembler for Iced {
    fn instruction(&mut self, code: &[u8], address: u64) -> Line {
        let instruction = Decoder::with_ip(64, code, address, DecoderOptions::NONE).decode();
        if instruction.is_invalid() {
            return Line { text: byte_directive(&code[..1]), len: 1, note: None };
        }
        let mut text = String::new();
        self.formatter.format(&instruction, &mut text);
        let note = match is_branch(&instruction) || instruction.is_ip_rel_memory_operand() {
            // The text shows it.
            true => None,
            false => self.relocated.get(&instruction.next_ip()).cloned(),
        };
        Line { text, len: instruction.len(), note }
    }
}

fn is_branch(instruction: &Instruction) -> bool {
    instruction.op0_kind() == OpKind::NearBranch64
}

/// The names of PC-relative targets.
struct Targets {
    places: BTreeMap<u64, String>,
    relocated: BTreeMap<u64, String>,
}

impl SymbolResolver for Targets {
    fn symbol(
        &mut self,
        instruction: &Instruction,
        _operand: u32,
        _instruction_operand: Option<u32>,
        address: u64,
        _address_size: u32,
    ) -> Option<SymbolResult<'_>> {
        // It is asked about every number, and most are not addresses.
        let is_relative = instruction.is_ip_rel_memory_operand() && instruction.ip_rel_memory_address() == address;
        if !is_branch(instruction) && !is_relative {
            return None;
        }
        let name = self.relocated.get(&instruction.next_ip()).or_else(|| self.places.get(&address))?;
        Some(SymbolResult::with_str(address, name))
    }
}
