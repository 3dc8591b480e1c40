//! Why a block could not be placed.

use crate::{Label, Range};
use dynasmrt::{DynamicLabel, LabelKind, TargetKind};

/// Why [`Encoder::place`](crate::Encoder::place) failed. Positions (`at`) are offsets in bytes from the block's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlaceError {
    /// A label that is neither placed in the block, where a local one would have to be, nor shared with the encoder.
    UnknownLabel {
        /// The label.
        label: LabelKind,
        /// The position of the reference.
        at: usize,
    },
    /// A dynamic label that this block did not make, as far as its number tells.
    ForeignDynamicLabel {
        /// The label.
        label: DynamicLabel,
        /// The position where it was placed or referred to.
        at: usize,
    },
    /// A global or dynamic label was placed a second time.
    DuplicateLabel {
        /// The label.
        label: LabelKind,
        /// The position where it was placed again.
        at: usize,
    },
    /// A label was shared that is not the encoder's.
    ForeignLabel {
        /// The encoder's label.
        label: Label,
        /// The position where it was placed or referred to.
        at: usize,
    },
    /// What is referred to is too far away, or not at a multiple of what the field counts in. (On AArch64 a conditional
    /// branch to a label of the encoder is led on by an island below the block, which must be in its reach.)
    OutOfRange {
        /// What is referred to.
        target: TargetKind,
        /// The position of the field.
        at: usize,
        /// The distance in bytes, or the value.
        distance: i64,
        /// What the field can hold.
        range: Range,
    },
    /// An address (`extern`) for which the block has no symbol.
    UnknownAddress {
        /// The address.
        address: usize,
        /// The position of the field.
        at: usize,
    },
    /// A reference that the encoder cannot resolve.
    Unsupported {
        /// What is referred to.
        target: TargetKind,
        /// The position of the field.
        at: usize,
        /// Why it cannot.
        problem: Unsupported,
    },
    /// A field that does not lie in what was pushed before its relocation; `dynasm!` makes none such.
    FieldOutside {
        /// The position where the relocation was noted.
        at: usize,
        /// The field's start, in bytes back from there.
        field_offset: u8,
        /// Where the distance is measured from, in bytes back from there.
        ref_offset: u8,
    },
    /// `.align` by what is no power of two, or above 4096.
    BadAlign {
        /// The alignment in bytes.
        alignment: usize,
        /// The position.
        at: usize,
    },
    /// The block has more bytes than any encoder's buffer.
    TooLong {
        /// Their number.
        len: usize,
    },
}

/// Why the encoder cannot resolve a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsupported {
    /// A label's address, in a field that is too small for one.
    Address {
        /// The field's size in bytes.
        size: usize,
    },
    /// A distance to what is outside of the block, in a field that neither an instruction has at this place nor data,
    /// which has four bytes for distances.
    Field {
        /// The field's size in bytes.
        size: usize,
    },
    /// An offset is added to a place outside of the block, or in it to one whose address or page counts, and leads out
    /// of it.
    Offset {
        /// The offset in bytes.
        offset: isize,
    },
    /// The kind of relocation does not go with the target: a distance to a number, for one. `dynasm!` makes none such.
    Kind,
}

impl core::fmt::Display for PlaceError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            PlaceError::UnknownLabel { label, at } => write!(
                f,
                "{label} (referred to {at} bytes into the block) is neither placed in the block nor shared with the encoder"
            ),
            PlaceError::ForeignDynamicLabel { label, at } => write!(
                f,
                "dynamic label {} (used {at} bytes into the block) was not made by this block since it was cleared",
                label.get_id()
            ),
            PlaceError::DuplicateLabel { label, at } => {
                write!(f, "{label} is placed a second time, {at} bytes into the block")
            }
            PlaceError::ForeignLabel { label, at } => {
                write!(f, "{label} (used {at} bytes into the block) is shared, but not the encoder's")
            }
            PlaceError::OutOfRange { target, at, distance, range } => write!(
                f,
                "{target} is {distance} bytes off, but the field {at} bytes into the block holds {} to {} in steps of {}",
                range.low, range.high, range.step
            ),
            PlaceError::UnknownAddress { address, at } => {
                write!(f, "no symbol is shared for address {address:#x} (referred to {at} bytes into the block)")
            }
            PlaceError::Unsupported { target, at, problem } => {
                write!(f, "{target} (referred to {at} bytes into the block): {problem}")
            }
            PlaceError::FieldOutside { at, field_offset, ref_offset } => write!(
                f,
                "a relocation {at} bytes into the block has its field {field_offset} bytes back, measured from {ref_offset} bytes back, where there is none"
            ),
            PlaceError::BadAlign { alignment, at } => {
                write!(
                    f,
                    "alignment to {alignment} bytes ({at} bytes into the block): it must be a power of two up to 4096"
                )
            }
            PlaceError::TooLong { len } => write!(f, "the block has {len} bytes, more than any buffer"),
        }
    }
}

impl core::error::Error for PlaceError {}

impl core::fmt::Display for Unsupported {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Unsupported::Address { size } => {
                write!(f, "its address does not fit {size} bytes: use eight, or a relative reference")
            }
            Unsupported::Field { size } => {
                write!(
                    f,
                    "neither instructions nor data have such a field of {size} bytes to refer out of the block with"
                )
            }
            Unsupported::Offset { offset } => {
                write!(f, "no offset ({offset} bytes) can be added to it: share a label for the place itself")
            }
            Unsupported::Kind => f.write_str("the kind of relocation does not go with the target"),
        }
    }
}
