//! x86-64 as text, by iced-x86.

use super::{Disassemble, byte_directive, sealed::Disassembler};
use crate::x64::X64;
use alloc::{boxed::Box, collections::BTreeMap, string::String};
use core::ops::Range;
use iced_x86::{Decoder, DecoderOptions, Formatter, Instruction, IntelFormatter, OpKind, SymbolResolver, SymbolResult};

impl Disassemble for X64 {
    fn disassembler(names: BTreeMap<u64, String>) -> Box<dyn Disassembler> {
        let mut formatter = IntelFormatter::with_options(Some(Box::new(Names(names))), None);
        let options = formatter.options_mut();
        options.set_space_after_operand_separator(true);
        options.set_branch_leading_zeros(false);
        options.set_show_branch_size(false);
        options.set_hex_prefix("0x");
        options.set_hex_suffix("");
        options.set_uppercase_hex(false);
        options.set_small_hex_numbers_in_decimal(false);
        Box::new(Iced(formatter))
    }

    fn relocated_from(instruction: Range<usize>) -> usize {
        instruction.end
    }

    const COLUMN: usize = 8;
}

struct Iced(IntelFormatter);

impl Disassembler for Iced {
    fn instruction(&mut self, code: &[u8], address: u64) -> (String, usize) {
        let instruction = Decoder::with_ip(64, code, address, DecoderOptions::NONE).decode();
        if instruction.is_invalid() {
            return (byte_directive(&code[..1]), 1);
        }
        let mut text = String::new();
        self.0.format(&instruction, &mut text);
        (text, instruction.len())
    }
}

struct Names(BTreeMap<u64, String>);

impl SymbolResolver for Names {
    fn symbol(
        &mut self,
        instruction: &Instruction,
        _operand: u32,
        _instruction_operand: Option<u32>,
        address: u64,
        _address_size: u32,
    ) -> Option<SymbolResult<'_>> {
        // It is asked about every number, and most are not addresses.
        let is_branch = instruction.op0_kind() == OpKind::NearBranch64;
        let is_relative = instruction.is_ip_rel_memory_operand() && instruction.ip_rel_memory_address() == address;
        if !is_branch && !is_relative {
            return None;
        }
        self.0.get(&address).map(|name| SymbolResult::with_str(address, name))
    }
}
