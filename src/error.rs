//! Why code could not be finished.

use crate::{fixup::Range, label::Label};

/// Why [`Encoder::finish`](crate::Encoder::finish) failed. Positions (`at`) are distances in bytes from the end of the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FinishError {
    /// A label was used and never bound.
    UnboundLabel {
        /// The label.
        label: Label,
        /// The position of a reference to it.
        at: u32,
    },
    /// A label is too far from a reference to it.
    OutOfRange {
        /// The label.
        label: Label,
        /// The position of the reference.
        at: u32,
        /// The distance in bytes.
        distance: i64,
        /// What the field can hold.
        range: Range,
    },
    /// The code does not fit the buffer.
    OutOfSpace {
        /// The number of bytes that would have been enough.
        needed: usize,
    },
    /// A label was bound a second time.
    BoundTwice {
        /// The label.
        label: Label,
        /// The position where it was bound again.
        at: u32,
    },
    /// A label of another encoder, or one that was made before the encoder was cleared.
    ForeignLabel {
        /// The label.
        label: Label,
        /// The position where it was used.
        at: u32,
    },
    /// A memory operand that no instruction can hold.
    Address {
        /// What is wrong with it.
        problem: AddressProblem,
        /// The position of the instruction.
        at: u32,
    },
    /// Operands that the architecture does not allow together.
    Operands {
        /// The encoder function.
        form: &'static str,
        /// What must hold, as its table row says.
        when: &'static str,
        /// The position of the instruction.
        at: u32,
    },
}

/// What is wrong with a memory operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressProblem {
    /// The scale is not 1, 2, 4 or 8.
    Scale,
    /// RSP or ESP cannot be an index.
    IndexIsStackPointer,
    /// The displacement does not fit 32 bits.
    Displacement,
    /// An address has one index.
    TwoIndices,
    /// The form's address has a SIB byte, or an index was added, which an address relative to RIP does not have.
    NeedsSib,
    /// A displacement was added to a label or symbol.
    TargetDisplacement,
}

impl core::fmt::Display for FinishError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            FinishError::UnboundLabel { label, at } => {
                write!(f, "label {} is used {at} bytes from the end and never bound", label.0)
            }
            FinishError::OutOfRange { label, at, distance, range } => write!(
                f,
                "label {} is {distance} bytes from its use {at} bytes from the end, which can reach {} to {} in steps of {}",
                label.0, range.low, range.high, range.step
            ),
            FinishError::OutOfSpace { needed } => write!(f, "the buffer is too small: {needed} bytes are needed"),
            FinishError::BoundTwice { label, at } => {
                write!(f, "label {} is bound again {at} bytes from the end", label.0)
            }
            FinishError::ForeignLabel { label, at } => {
                write!(f, "label {}, used {at} bytes from the end, is not of this encoder", label.0)
            }
            FinishError::Address { problem, at } => {
                let problem = match problem {
                    AddressProblem::Scale => "an index is scaled by 1, 2, 4 or 8",
                    AddressProblem::IndexIsStackPointer => "the stack pointer cannot be an index",
                    AddressProblem::Displacement => "the displacement does not fit 32 bits",
                    AddressProblem::TwoIndices => "an address has one index",
                    AddressProblem::NeedsSib => "a PC-relative address has no SIB byte",
                    AddressProblem::TargetDisplacement => "a label or symbol takes no displacement",
                };
                write!(f, "{problem} (in the instruction {at} bytes from the end)")
            }
            FinishError::Operands { form, when, at } => {
                write!(f, "{form} needs {when} (in the instruction {at} bytes from the end)")
            }
        }
    }
}

impl core::error::Error for FinishError {}
