//! Forms as data (feature `forms`): what test drivers, fuzzers and instruction selectors need to know about encoder
//! functions, and how they call one that is chosen at run time.

/// What an instruction does with an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Reads it.
    Read,
    /// Writes it.
    Write,
    /// Reads and writes it.
    ReadWrite,
    /// Neither: an address that is not followed, a constant.
    None,
}

/// An explicit operand of a form, in the manual's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperandInfo {
    /// The operand as the table writes it: `r/m64`, `Rt`.
    pub name: &'static str,
    /// The Rust type that the encoder function takes.
    pub kind: &'static str,
    /// What the instruction does with it.
    pub access: Access,
}

/// Why a form cannot be emitted with some operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OperandError {
    /// The form has another number of operands.
    Count {
        /// How many it has.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// An operand is of another kind, or a value that the form cannot hold.
    Kind {
        /// Which operand, from 0.
        index: usize,
        /// The Rust type that the encoder function takes.
        expected: &'static str,
    },
}

impl core::fmt::Display for OperandError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            OperandError::Count { expected, found } => write!(f, "{found} operands for a form of {expected}"),
            OperandError::Kind { index, expected } => write!(f, "operand {index} is not of type {expected}"),
        }
    }
}

impl core::error::Error for OperandError {}
