//! SVE operands.
//!
//! The element size belongs to the operand's type (`Z3.s()`), as does what a governing predicate does to inactive
//! elements (`P1.m()` merges, `P1.z()` zeroes). A type holds only what its field can: lists of vectors that begin or
//! are spaced as the instruction wants them, elements of the vectors that can be named with them, immediates of eight
//! bits and a shift.

mod element;
mod imm;
mod list;
mod register;

pub use element::*;
pub use imm::*;
pub use list::*;
pub use register::*;
