//! References to labels that were pending when they were used.
//!
//! A fixup says where a reference is measured from and which field of the code holds it. Fixups are a plain array of
//! small records, resolved in one pass by `finish`, or when the block is complete that has label and reference, and gone
//! afterwards. (References to symbols, and to pages of addresses, leave with the code instead: see
//! [`relocation`](crate::code::relocation).)

use super::label::{Label, Pos};
use crate::isa::Edge;

/// A kind of PC-relative field.
pub trait Field: Copy + core::fmt::Debug + PartialEq {
    /// What distances are measured from: an end of the instruction.
    const ORIGIN: Edge;

    /// The distances that the field can hold.
    fn range(self) -> Range;

    /// Whether the field can hold a distance between two places of one buffer.
    #[inline(always)]
    fn reaches(self, distance: i64) -> bool {
        self.range().holds(distance)
    }

    /// Writes `distance`, which is in range, into `code`, whose index `from` is the byte that distances are measured
    /// from.
    fn write(self, code: &mut [u8], from: usize, distance: i64);

    /// As `write`; `None` if the field cannot hold the distance.
    #[inline(always)]
    fn fill(self, code: &mut [u8], from: usize, distance: i64) -> Option<()> {
        self.reaches(distance).then(|| self.write(code, from, distance))
    }

    /// Whether the field is one of a branch: of an instruction that may as well lead to a jump to the target.
    fn is_branch(self) -> bool;

    /// The kind as a relocation whose target is known only by its address, if the field depends on the addresses
    /// themselves.
    fn needs_address(self) -> bool {
        false
    }

    /// Whether the field reaches the address `target` from anywhere in a region that code may be placed in.
    ///
    /// That decides, before registers are allocated, whether a call needs a register for the address or can be
    /// near:
    ///
    /// ```
    /// use tailfirst::{Field, x64::Rel};
    ///
    /// let region = 0x7f00_0000_0000..0x7f00_1000_0000;
    /// assert!(Rel::NEAR.reaches_from(&region, 0x7f00_4000_0000));
    /// assert!(!Rel::NEAR.reaches_from(&region, 0x5555_5555_0000));
    /// ```
    fn reaches_from(self, region: &core::ops::Range<u64>, target: u64) -> bool {
        let range = self.range();
        let near = |from: u64| {
            let distance = self.distance(from, target);
            range.low <= distance && distance <= range.high
        };
        // Distances shrink as addresses grow, so both ends decide; an instruction may end at the region's end.
        near(region.start) && near(region.end)
    }

    /// The value of the field: the distance between two addresses as the field counts it.
    fn distance(self, from: u64, to: u64) -> i64 {
        to.wrapping_sub(from) as i64
    }
}

/// The distances that a field can hold, in bytes, from where its instruction set measures them: the end of the
/// instruction on x86-64, its start on AArch64.
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
