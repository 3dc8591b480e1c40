//! Labels and positions.
//!
//! A position is a distance from the code's *base*: its end if code grows down, its start if code grows up. So it stays
//! true while code grows, and when the buffer moves. A label is an index into a plain array of positions. It is *pending*
//! until it is bound; of a label that is used after it was bound the distance is known at once, and no trace of the use
//! is left.

use crate::direction::Grows;
use core::num::NonZeroU32;

/// A distance in bytes, at most 2^31, from the base of the code: its end in an [`Encoder`](crate::Encoder) that grows
/// down, its start in one that grows up. In a block, from the base of the block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pos(
    // One more than the distance, so that `Option<Pos>` is four bytes.
    NonZeroU32,
);

impl Pos {
    /// The position whose distance is one less.
    #[inline(always)]
    pub(crate) const fn from_count(count: NonZeroU32) -> Self {
        Pos(count)
    }

    /// The position so many bytes farther from the base; `bytes` is small.
    #[inline(always)]
    pub(crate) const fn ahead(self, bytes: u32) -> Self {
        Pos(self.0.saturating_add(bytes))
    }

    /// The position at this distance from the base, at most 2^31.
    pub(crate) const fn at(from_base: u32) -> Self {
        Pos(NonZeroU32::MIN.saturating_add(from_base))
    }

    /// The position as far nearer to the base as `other` is away from its own.
    pub(crate) const fn behind(self, other: Pos) -> Self {
        Pos::at(self.from_base().saturating_sub(other.from_base()))
    }

    /// Bytes between this position and the base of the code.
    #[inline(always)]
    pub const fn from_base(self) -> u32 {
        self.0.get() - 1
    }

    /// The bytes back to `other`, which is not farther from the base; or anything where a buffer has overflowed and
    /// positions are not counted any more.
    #[cfg(feature = "x64")]
    #[inline(always)]
    pub(crate) const fn back_to(self, other: Pos) -> u32 {
        self.0.get().wrapping_sub(other.0.get())
    }
}

impl Grows {
    /// The bytes from one position up to another; negative if that lies at a lower address.
    #[inline(always)]
    pub(crate) const fn distance(self, from: Pos, to: Pos) -> i64 {
        let ahead = to.0.get() as i64 - from.0.get() as i64;
        match self {
            Grows::Down => -ahead,
            Grows::Up => ahead,
        }
    }
}

impl core::fmt::Debug for Pos {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "base+{}", self.from_base())
    }
}

/// A place in the code of one encoder.
///
/// A label of another encoder, or one made before the encoder was [cleared](crate::Encoder::clear), is reported by
/// [`finish`](crate::Encoder::finish) where it is used. What is checked is its number: encoders and their codes have
/// different ones, until a process has made more than a thousand encoders, or one of them more than two million labels.
/// A label outlives a [rollback](crate::Encoder::rollback), and is pending after it if it was made or bound since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(pub(crate) u32);

/// So many numbers an encoder has for labels before it shares some with others.
pub(crate) const NUMBERS_APART: u32 = 1 << 21;

impl core::fmt::Display for Label {
    /// How many labels its encoder had made before.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "label {}", self.0 % NUMBERS_APART)
    }
}

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

/// What can stand where a [`Target`] is wanted: a [`Label`], a [`Symbol`], or the target itself.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nothing to branch or refer to",
    label = "expected a label or a symbol",
    note = "a place in this code is a `Label`, made by `here()` or by `label()` and `bind(..)`",
    note = "an address is given to a `Symbol` when the code is linked: `Symbol(0)`, or `Symbols::at(address)`"
)]
pub trait IntoTarget: Into<Target> {}

#[diagnostic::do_not_recommend]
impl<T: Into<Target>> IntoTarget for T {}

impl From<Label> for Target {
    #[inline(always)]
    fn from(label: Label) -> Self {
        Target::Label(label)
    }
}

impl From<Symbol> for Target {
    #[inline(always)]
    fn from(symbol: Symbol) -> Self {
        Target::Symbol(symbol)
    }
}
