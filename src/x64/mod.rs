//! x86-64: operands, encoder functions, selectors.

mod cond;
mod decorate;
pub mod encode;
mod fixup;
#[cfg(feature = "forms")]
mod form;
mod mem;
pub mod operand;
mod reg;
mod select;

mod generated {
    include!(concat!(env!("OUT_DIR"), "/x64.rs"));
}

pub use cond::Cond;
pub use decorate::*;
pub use fixup::Rel;
#[cfg(feature = "forms")]
pub use form::{Form, Operand, forms};
pub use mem::{EMem, Mem, Scale, ScaledIndex, VMem};
pub use operand::{ERm32, ERm64, EXmmM, EYmmM, KM, Low, Rm, Rm8, Rm8h, Rm16, Rm32, Rm64, U4, XmmM, YmmM, ZmmM};
pub use reg::*;

/// The instruction set x86-64, as the parameter of [`Encoder`](crate::Encoder).
#[derive(Debug, Clone, Copy)]
pub enum X64 {}

impl crate::fixup::sealed::Isa for X64 {
    type Field = Rel;
}

/// An x86-64 assembler whose code grows downward.
pub type Encoder<'buf> = crate::Encoder<'buf, X64>;
