//! A backward assembler for JIT compilers.
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

mod buffer;
mod code;
mod cursor;
mod encoder;
mod error;
mod fixup;
mod label;
mod reloc;
#[cfg(any())]
pub mod aarch64;
#[cfg(feature = "x64")]
pub mod x64;

pub use code::Code;
pub use encoder::Encoder;
pub use error::{AddressProblem, FinishError};
pub use fixup::{Isa, Range};
pub use label::{Label, Pos, Symbol, Target};
pub use reloc::{LinkError, Relocation, RelocationTarget};
