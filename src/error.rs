//! Why code could not be finished.

use crate::{Label, Late, Range, SiteKind};

/// Why [`Encoder::finish`](crate::Encoder::finish) failed. Positions (`at`) are distances in bytes from the base of the
/// code: its end if it grows down, its start if it grows up. Of a reference to a label it is where distances are
/// measured from, [`Field::ORIGIN`](crate::Field::ORIGIN). Which instruction is meant, and what of the source it
/// belongs to, tells [`Code::mistake`](crate::Code::mistake).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FinishError {
    /// A label was used and never bound, or not again since a [rollback](crate::Encoder::rollback) dropped its place.
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
    /// `finish` was called inside a block, or a block was left by a panic.
    OpenBlock,
    /// The encoder was cleared, or exchanged for another one, inside a block or a patch site; or what was placed before
    /// a patch site was settled in it; or a block was ended that was not the open one, or labels were made outside of
    /// it meanwhile.
    ClearedInBlock,
    /// What was placed as a patch site is too short to have the field.
    NoPatchField {
        /// The field.
        kind: SiteKind,
        /// The position of the instruction.
        at: u32,
    },
    /// An instruction of AArch64 lies next to data that is no multiple of four bytes long:
    /// [`align_code`](crate::Encoder::align_code) fills up what is missing.
    MisalignedCode {
        /// The position where they meet.
        at: u32,
    },
    /// A late immediate of another encoder, or one that was made before the encoder was cleared.
    ForeignLate {
        /// The immediate.
        late: Late,
    },
    /// A late immediate was set a second time.
    LateSetTwice {
        /// The immediate.
        late: Late,
    },
    /// A late immediate was used and never set.
    LateUnset {
        /// The immediate.
        late: Late,
        /// The position of an instruction that uses it.
        at: u32,
    },
    /// A late immediate's value does not fit an instruction that uses it.
    LateOutOfRange {
        /// The immediate.
        late: Late,
        /// The position of the instruction.
        at: u32,
        /// The value, with what is added in this use.
        value: i64,
        /// What the instruction can hold.
        range: Range,
    },
    /// The instruction placed for a late immediate does not have the placeholder where its immediate should be.
    LateMisplaced {
        /// The immediate.
        late: Late,
        /// The position of the instruction.
        at: u32,
    },
    /// A snapshot that is not of this encoder's code: taken in another encoder or block, or before code that has been
    /// cleared or rolled back.
    ForeignSnapshot,
}

impl FinishError {
    /// The position in it.
    pub(crate) fn at_mut(&mut self) -> Option<&mut u32> {
        match self {
            FinishError::UnboundLabel { at, .. }
            | FinishError::OutOfRange { at, .. }
            | FinishError::BoundTwice { at, .. }
            | FinishError::ForeignLabel { at, .. }
            | FinishError::Address { at, .. }
            | FinishError::Operands { at, .. }
            | FinishError::NoPatchField { at, .. }
            | FinishError::MisalignedCode { at }
            | FinishError::LateUnset { at, .. }
            | FinishError::LateOutOfRange { at, .. }
            | FinishError::LateMisplaced { at, .. } => Some(at),
            FinishError::OutOfSpace { .. }
            | FinishError::OpenBlock
            | FinishError::ClearedInBlock
            | FinishError::ForeignLate { .. }
            | FinishError::LateSetTwice { .. }
            | FinishError::ForeignSnapshot => None,
        }
    }
}

/// What is wrong with a memory operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// What was added to a label or symbol does not fit 16 bits.
    TargetDisplacement,
    /// With the prefixes that the address takes the instruction has more than 15 bytes, which no processor decodes.
    Length,
    /// An address has one segment.
    TwoSegments,
    /// The registers of an address are all of 64 bits, or all of 32.
    MixedWidths,
}

#[cfg(feature = "x64")]
impl AddressProblem {
    /// All of them, by number.
    pub(crate) const ALL: [AddressProblem; 9] = [
        AddressProblem::Scale,
        AddressProblem::IndexIsStackPointer,
        AddressProblem::Displacement,
        AddressProblem::TwoIndices,
        AddressProblem::NeedsSib,
        AddressProblem::TargetDisplacement,
        AddressProblem::Length,
        AddressProblem::TwoSegments,
        AddressProblem::MixedWidths,
    ];
}

impl core::fmt::Display for FinishError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            FinishError::UnboundLabel { label, at } => {
                write!(f, "{label} is used {at} bytes from the base and never bound")
            }
            FinishError::OutOfRange { label, at, distance, range } => write!(
                f,
                "{label} is {distance} bytes from its use {at} bytes from the base, which can reach {} to {} in steps of {}",
                range.low, range.high, range.step
            ),
            FinishError::OutOfSpace { needed } => write!(f, "the buffer is too small: {needed} bytes are needed"),
            FinishError::BoundTwice { label, at } => {
                write!(f, "{label} is bound again {at} bytes from the base")
            }
            FinishError::ForeignLabel { label, at } => {
                write!(f, "{label}, used {at} bytes from the base, is not of this encoder")
            }
            FinishError::Address { problem, at } => {
                let problem = match problem {
                    AddressProblem::Scale => "an index is scaled by 1, 2, 4 or 8",
                    AddressProblem::IndexIsStackPointer => "the stack pointer cannot be an index",
                    AddressProblem::Displacement => "the displacement does not fit 32 bits",
                    AddressProblem::TwoIndices => "an address has one index",
                    AddressProblem::NeedsSib => "a PC-relative address has no SIB byte",
                    AddressProblem::TargetDisplacement => "what is added to a label or symbol must fit 16 bits",
                    AddressProblem::Length => "its prefixes make the instruction longer than 15 bytes",
                    AddressProblem::TwoSegments => "an address has one segment",
                    AddressProblem::MixedWidths => "the registers of an address are of one width",
                };
                write!(f, "{problem} (in the instruction {at} bytes from the base)")
            }
            FinishError::Operands { form, when, at } => {
                write!(f, "{form} needs {when} (in the instruction {at} bytes from the base)")
            }
            FinishError::OpenBlock => f.write_str("a block is still open: finish after it"),
            FinishError::ClearedInBlock => {
                f.write_str("the encoder was cleared or exchanged inside a block or patch site")
            }
            FinishError::NoPatchField { kind, at } => {
                write!(f, "the instruction {at} bytes from the base is too short to end in an {kind:?}")
            }
            FinishError::MisalignedCode { at } => {
                write!(
                    f,
                    "code follows data that is no multiple of four bytes long, {at} bytes from the base: align it"
                )
            }
            FinishError::ForeignLate { late } => write!(f, "{late} is not of this encoder"),
            FinishError::LateSetTwice { late } => write!(f, "{late} is set a second time"),
            FinishError::LateUnset { late, at } => {
                write!(f, "{late} is used {at} bytes from the base and never set")
            }
            FinishError::LateOutOfRange { late, at, value, range } => write!(
                f,
                "{late} is {value}, but its use {at} bytes from the base holds {} to {} in steps of {}",
                range.low, range.high, range.step
            ),
            FinishError::LateMisplaced { late, at } => {
                write!(f, "the instruction {at} bytes from the base does not end in the placeholder of {late}")
            }
            FinishError::ForeignSnapshot => f.write_str("the snapshot is not of this encoder's present code"),
        }
    }
}

impl core::error::Error for FinishError {}
