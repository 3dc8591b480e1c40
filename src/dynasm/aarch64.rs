//! AArch64: dynasm-rs does not tell which field a relocation fills, but shows it when it fills one.

use super::{
    Block,
    dialect::{Dialect, Shape},
};
use crate::aarch64::{A64, Rel};
use dynasmrt::{aarch64::Aarch64Relocation, relocations::Relocation};

/// A block of A64 code.
pub type A64Block = Block<A64>;

impl Dialect for A64 {
    type Relocation = Aarch64Relocation;

    fn shape(relocation: &Aarch64Relocation, before_origin: i64, code: &[u8], at: usize) -> Shape<Rel> {
        if relocation.size() != 4 {
            return Shape::Number;
        }
        // Zero written into ones leaves zeros where the field is.
        let mut word = [0xFF; 4];
        let is_written = relocation.write_value(&mut word, 0).is_ok();
        let mask = !u32::from_le_bytes(word);
        if mask == u32::MAX {
            return Shape::Number;
        }
        let field = [Rel::Imm26, Rel::Imm19, Rel::Imm14, Rel::Adr21].into_iter().find(|field| field.mask() == mask);
        match field {
            Some(_) if !is_written || before_origin != 0 => Shape::Other,
            // ADR and ADRP have the same field. One in its lowest bit is a byte or a page.
            Some(Rel::Adr21) if relocation.read_value(&(1_u32 << 29).to_le_bytes()) != 1 => Shape::Field(Rel::AdrPage),
            Some(Rel::Imm19) if is_load(code.get(at..).unwrap_or_default()) => Shape::Field(Rel::Lit19),
            Some(field) => Shape::Field(field),
            None => Shape::Other,
        }
    }

    fn data_origin(at: usize, _size: usize) -> usize {
        at
    }

    fn island_field(field: Rel) -> Option<Rel> {
        // What B does not reach, the B of an island farther below does not reach either.
        matches!(field, Rel::Imm19 | Rel::Imm14).then_some(Rel::Imm26)
    }
}

/// Whether an instruction is a load of a literal, whose field is that of a conditional branch, too.
fn is_load(instruction: &[u8]) -> bool {
    instruction.first_chunk().is_some_and(|bytes| u32::from_le_bytes(*bytes) & 0x3B00_0000 == 0x1800_0000)
}
