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

    fn shape(relocation: &X64Relocation, before_origin: i64, code: &[u8], at: usize) -> Shape<Rel> {
        // The origin is the instruction's end, with the immediate between.
        let trailing = before_origin - relocation.size() as i64;
        match (relocation.size(), u8::try_from(trailing)) {
            (1, Ok(0)) => Shape::Field(Rel::Rel8),
            (4, Ok(0)) if is_branch(code, at) => Shape::Field(Rel::Rel32),
            (4, Ok(trailing)) => Shape::Field(Rel::Disp32 { trailing, addend: 0 }),
            _ => Shape::Number,
        }
    }

    fn data_origin(at: usize, size: usize) -> usize {
        at + size
    }

    fn island_field(_field: Rel) -> Option<Rel> {
        None
    }
}

/// Whether a field of four bytes is one of a branch, which dynasm-rs does not tell. Before the displacement of an
/// operand stands its ModRM byte, with mod 00 and r/m 101; no branch's opcode ends in such a byte.
fn is_branch(code: &[u8], at: usize) -> bool {
    at.checked_sub(1).and_then(|at| code.get(at)).is_some_and(|byte| byte & 0xC7 != 0x05)
}
