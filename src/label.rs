//! Labels and positions.
//!
//! A position is a distance from the *end* of the code, so it stays true while code grows downward and when the buffer
//! moves. A label is an index into a plain array of positions. It is *pending* until it is bound; a label that is used after it was bound lies at
//! a higher address, its distance is known at once, and no trace of the use is left.

use core::num::NonZeroU32;

/// A distance in bytes from the end of the code, at most 2^31; in a forward block, from the block's start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pos(
    // One more than the distance, so that `Option<Pos>` is four bytes.
    NonZeroU32,
);

impl Pos {
    /// The position whose distance is one less.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn from_count(count: NonZeroU32) -> Self {
        Pos(count)
    }

    /// The position so many bytes lower; `bytes` is small.
    pub(crate) const fn below(self, bytes: u32) -> Self {
        Pos(self.0.saturating_add(bytes))
    }

    /// The position at this distance from the end, at most 2^31.
    pub(crate) const fn at(from_end: u32) -> Self {
        Pos(NonZeroU32::MIN.saturating_add(from_end))
    }

    /// Bytes between this position and the end of the code.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn from_end(self) -> u32 {
        self.0.get() - 1
    }

    /// The bytes from this position up to `other`, which does not lie at a lower address.
    #[cfg(feature = "x64")]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn up_to(self, other: Pos) -> u32 {
        debug_assert!(other.0.get() <= self.0.get());
        self.0.get().wrapping_sub(other.0.get())
    }

    /// The bytes from this position up to `other`; negative if `other` lies at a lower address.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn distance_to(self, other: Pos) -> i64 {
        i64::from(self.0.get()) - i64::from(other.0.get())
    }
}

impl core::fmt::Debug for Pos {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "end-{}", self.from_end())
    }
}

/// A place in the code of one encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(pub(crate) u32);

/// A name for something outside the code, chosen by the user: references to it leave with the code as
/// [relocations](crate::Relocation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(pub u32);

/// What a PC-relative operand refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A place in this code.
    Label(Label),
    /// Something outside.
    Symbol(Symbol),
}

impl From<Label> for Target {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn from(label: Label) -> Self {
        Target::Label(label)
    }
}

impl From<Symbol> for Target {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn from(symbol: Symbol) -> Self {
        Target::Symbol(symbol)
    }
}
