//! References to labels that were pending when they were used.
//!
//! A fixup says where a reference is measured from and which field of the code holds it. Fixups are a plain array of small
//! records, resolved in one pass by `finish` and gone afterwards. (References to symbols, and to pages of addresses, leave with the code
//! instead: see [`reloc`](crate::reloc).)

use crate::label::{Label, Pos};

/// An instruction set, as far as labels and relocations depend on it. Sealed: [`X64`](crate::x64::X64) and
/// [`A64`](crate::aarch64::A64).
pub trait Isa: sealed::Isa {}

impl<I: sealed::Isa> Isa for I {}

pub(crate) mod sealed {
    /// The kinds of field that refer to a place in the code.
    pub trait Isa {
        /// A field's kind.
        type Field: super::Field;
        /// A late immediate's kind.
        type LateField: crate::late::LateField;

        /// What the fields of the instruction placed next are measured from, if `pos` is the position of the one placed last.
        fn instruction_origin(pos: crate::Pos) -> crate::Pos;

        /// The same for an instruction in a forward block, as an offset: there `recorded` is what was recorded before it was placed, and `ends` are the
        /// offsets where instructions end.
        fn forward_origin(recorded: u32, ends: &[u32]) -> u32;

        /// Fills a gap in code with instructions that do nothing.
        fn fill(gap: &mut [u8]);

        /// Called before `bytes` bytes are placed with nothing between them.
        fn before(_: &mut crate::Encoder<'_, Self>, _bytes: usize)
        where
            Self: Sized,
        {
        }

        /// Called before a block is placed that may be moved down by so many bytes.
        fn before_move(_: &mut crate::Encoder<'_, Self>, _bytes: usize)
        where
            Self: Sized,
        {
        }

        /// As `before`, of data.
        fn before_data(_: &mut crate::Encoder<'_, Self>, _bytes: usize)
        where
            Self: Sized,
        {
        }

        /// As `before`, of a forward block, whose scope has not been left.
        fn before_forward(_: &mut crate::Encoder<'_, Self>, _bytes: usize)
        where
            Self: Sized,
        {
        }

        /// Called when a block is in its place: `fixups` are its own, in the order of their positions.
        fn after_block(_: &mut crate::Encoder<'_, Self>, _fixups: core::ops::Range<usize>)
        where
            Self: Sized,
        {
        }
    }
}

/// A kind of PC-relative field.
pub trait Field: Copy + core::fmt::Debug + PartialEq {
    /// The distances that the field can hold.
    fn range(self) -> Range;

    /// Whether the field can hold a distance between two places of one buffer.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn reaches(self, distance: i64) -> bool {
        self.range().holds(distance)
    }

    /// Writes `distance`, which is in range, into `code`, whose index `from` is the byte that distances are measured from.
    fn write(self, code: &mut [u8], from: usize, distance: i64);

    /// The kind as a relocation whose target is known only by its address, if the field depends on the addresses themselves.
    fn needs_address(self) -> bool {
        false
    }

    /// The value of the field: the distance between two addresses as the field counts it.
    fn distance(self, from: u64, to: u64) -> i64 {
        to.wrapping_sub(from) as i64
    }
}

/// The distances that a field can hold, in bytes, from where its instruction set measures them: the end of the instruction on
/// x86-64, its start on AArch64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The lowest distance.
    pub low: i64,
    /// The highest distance.
    pub high: i64,
    /// Distances are multiples of this many bytes.
    pub step: i64,
}

impl Range {
    /// Whether the field can hold `distance`.
    #[inline]
    pub const fn holds(self, distance: i64) -> bool {
        self.low <= distance && distance <= self.high && distance % self.step == 0
    }
}

/// A reference to a label of this buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fixup<F> {
    /// Where the distance is measured from.
    pub(crate) from: Pos,
    pub(crate) label: Label,
    pub(crate) field: F,
    /// Whether there is an island's branch for it to reach, should the label be too far.
    pub(crate) is_served: bool,
}
