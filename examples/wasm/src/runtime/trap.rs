//! Traps: how a function ends that WebAssembly does not let go on.

use std::fmt;

use crate::abi::TrapKind;

/// A trap, and where it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trap {
    /// What happened.
    pub kind: TrapKind,
    /// The instruction. A segment that does not fit traps at none.
    pub place: Option<TrapPlace>,
}

/// An instruction of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrapPlace {
    /// The function's index.
    pub function: u32,
    /// The instruction's offset in the module.
    pub offset: u32,
}

impl Trap {
    pub(super) fn of_segment(kind: TrapKind) -> Trap {
        Trap { kind, place: None }
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
        match self.place {
            Some(TrapPlace { function, offset }) => write!(f, "{} in function {function} at {offset:#x}", self.kind),
            None => write!(f, "{} by a segment", self.kind),
        }
    }
}

impl std::error::Error for Trap {}
