//! x86-64: all of dynasm-rs's fields are plain numbers; where they stand tells which of them an instruction has.

use super::{
    Block,
    dialect::{Dialect, Shape},
};
use crate::x64::{Rel, X64};
use dynasmrt::{relocations::Relocation, x64::X64Relocation};

/// A block of x86-64 code.
pub type X64Block = Block<X64>;

impl Dialect for X64 {
    type Relocation = X64Relocation;

    fn shape(relocation: &X64Relocation, before_origin: i64, _code: &[u8]) -> Shape<Rel> {
        // The origin is the instruction's end, with the immediate between.
        let trailing = before_origin - relocation.size() as i64;
        match (relocation.size(), u8::try_from(trailing)) {
            (1, Ok(0)) => Shape::Field(Rel::Rel8),
            (4, Ok(trailing)) => Shape::Field(Rel::Disp32 { trailing }),
            _ => Shape::Number,
        }
    }

    fn recorded(from: u32) -> u32 {
        // Any place inside the instruction will do; the field's last byte is one.
        from.saturating_sub(1)
    }

    fn data_origin(at: usize, size: usize) -> usize {
        at + size
    }

    fn island_field(_field: Rel) -> Option<Rel> {
        None
    }
}
