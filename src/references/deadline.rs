//! What is kept of references that will not reach much further.
//!
//! A branch to a pending label has a deadline: code grows away from it, and when its label is not bound before the
//! field's reach ends, something else must be placed within reach that leads on to the label, an *island*. Which fields
//! can be helped so, and how, is the instruction set's business: see `aarch64/island.rs`. Here is what the labels'
//! bookkeeping must know of it.
//!
//! Fixups are an array in the order of their positions. So of all fixups with the same reach the first is due first,
//! and a *head* for each reach, an index that only moves on, finds what is due: nothing is searched twice. A fixup that
//! an island serves stays as it was, and is marked; the island's branch is a new fixup behind all others. So a
//! [rollback](crate::Encoder::rollback) only drops what is newer, takes the marks off, and puts the heads back.

use super::label::{Label, Pos};
use alloc::vec::Vec;

/// Fields differ in how far they reach; so many of these reaches have deadlines.
pub(crate) const REACHES: usize = 5;

/// For each reach the first fixup that may still need an island.
pub(crate) type Heads = [usize; REACHES];

/// The references that come due, and those that islands serve.
#[derive(Default)]
pub(crate) struct Deadlines {
    pub(crate) heads: Heads,
    pub(crate) served: Vec<Served>,
    /// Fixups of a block that refer to copies of the surrounding code's constants, and what they referred to before.
    pub(crate) copied: Vec<(usize, Label)>,
}

/// A fixup that reaches an island, should it not reach its label.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served {
    /// Its index.
    pub(crate) fixup: usize,
    /// The island's branch.
    pub(crate) to: Pos,
}

impl Deadlines {
    /// None, in the same memory.
    pub(crate) fn clear(&mut self) {
        let Deadlines { heads, served, copied } = self;
        *heads = Heads::default();
        served.clear();
        copied.clear();
    }
}
