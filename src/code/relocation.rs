//! References that leave with the code.
//!
//! A reference to a [`Symbol`] cannot be resolved before the symbol's address is known, and a reference by 4 KiB pages
//! (AArch64's ADRP) not before the code's own address is. Both are listed by
//! [`Code::relocations`](crate::Code::relocations) and resolved by [`Code::link`](crate::Code::link), or by a linker of
//! the user's.

use crate::references::{
    fixup::Range,
    label::{Pos, Symbol, Target},
};

/// A reference that `finish` leaves open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Relocation<F> {
    /// Offset in bytes, from the start of the code, of the byte that the distance is measured from: the end of the
    /// instruction on x86-64, its start on AArch64.
    pub from: usize,
    /// The kind of field, with what it adds to the distance.
    pub field: F,
    /// What is referred to.
    pub target: RelocationTarget,
}

/// What a [`Relocation`] refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelocationTarget {
    /// Something outside.
    Symbol(Symbol),
    /// A place in this code, as an offset in bytes from its start.
    Offset(usize),
}

/// A relocation before the code's length is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenRelocation<F> {
    pub(crate) from: Pos,
    pub(crate) field: F,
    pub(crate) target: Target,
}

/// Why [`Code::link`](crate::Code::link) failed.
///
/// Its texts, [`Debug`](core::fmt::Debug) included, tell no distances: with an address that is known, a distance is an
/// address.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkError {
    /// The resolver knows no address for the symbol.
    UnknownSymbol {
        /// The symbol.
        symbol: Symbol,
        /// Offset of the reference, as [`Relocation::from`].
        from: usize,
    },
    /// The symbol is too far away for the field.
    OutOfRange {
        /// What is referred to.
        target: RelocationTarget,
        /// Offset of the reference, as [`Relocation::from`].
        from: usize,
        /// The distance in bytes.
        distance: i64,
        /// What the field can hold.
        range: Range,
    },
}

impl core::fmt::Display for LinkError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            LinkError::UnknownSymbol { symbol, from } => {
                write!(f, "no address for symbol {} (referred to at offset {from:#x})", symbol.0)
            }
            LinkError::OutOfRange { target, from, range, .. } => {
                match target {
                    RelocationTarget::Symbol(symbol) => write!(f, "symbol {}", symbol.0)?,
                    RelocationTarget::Offset(offset) => write!(f, "offset {offset:#x}")?,
                }
                let Range { low, high, step } = range;
                write!(
                    f,
                    " is out of reach from offset {from:#x}, {low} to {high} bytes in steps of {step}; let a constant hold its address"
                )
            }
        }
    }
}

impl core::fmt::Debug for LinkError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            LinkError::UnknownSymbol { symbol, from } => {
                f.debug_struct("UnknownSymbol").field("symbol", symbol).field("from", from).finish()
            }
            LinkError::OutOfRange { target, from, range, distance: _ } => f
                .debug_struct("OutOfRange")
                .field("target", target)
                .field("from", from)
                .field("range", range)
                .finish_non_exhaustive(),
        }
    }
}

impl core::error::Error for LinkError {}
