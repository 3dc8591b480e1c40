//! Traps: how a function ends that WebAssembly does not let go on.

use std::fmt;

use crate::abi::{TrapKind, TrapSite};

/// A trap, and where it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trap {
    /// What happened.
    pub kind: TrapKind,
    /// The instruction's offset in the module. A segment that does not fit traps at no instruction.
    pub offset: Option<u32>,
}

impl Trap {
    pub(super) fn at(site: TrapSite) -> Trap {
        Trap { kind: site.kind, offset: Some(site.wasm_offset) }
    }

    pub(super) fn of_segment(kind: TrapKind) -> Trap {
        Trap { kind, offset: None }
    }
}

impl fmt::Display for TrapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrapKind::Unreachable => "unreachable",
            TrapKind::MemoryOutOfBounds => "out of bounds memory access",
            TrapKind::TableOutOfBounds => "out of bounds table access",
            TrapKind::UndefinedElement => "undefined element",
            TrapKind::UninitializedElement => "uninitialized element",
            TrapKind::IndirectCallTypeMismatch => "indirect call type mismatch",
            TrapKind::DivisionByZero => "integer divide by zero",
            TrapKind::IntegerOverflow => "integer overflow",
            TrapKind::InvalidConversion => "invalid conversion to integer",
            TrapKind::StackOverflow => "call stack exhausted",
        })
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offset {
            Some(offset) => write!(f, "{} at {offset:#x}", self.kind),
            None => write!(f, "{} by a segment", self.kind),
        }
    }
}

impl std::error::Error for Trap {}
