//! Labels, and who refers to them.
//!
//! Labels are numbers, handed out in order; their positions are a plain array. A reference to a label that is bound already is resolved where it is made. One that
//! is not becomes a [`Fixup`], resolved in one pass by `finish`; so finishing takes time in proportion to the fixups, and nothing is
//! searched or hashed.
//!
//! All of this is one struct, whose parts have a file for each subject: [`labels`] and who refers to them, the [`scope`]s of blocks, the [`extent`] that a
//! snapshot goes back to, and what [`resolve`] does when all is placed.

mod extent;
mod labels;
mod resolve;
mod scope;

pub(crate) use extent::Extent;
use extent::Gone;
pub(crate) use scope::{Scope, Sight};

use crate::{
    data_ranges::DataRanges,
    deadline::Deadlines,
    error::FinishError,
    fixup::{Field, Fixup},
    label::{Label, Pos},
    late::{Late, LateField, LateUse},
    pool::Pool,
    reloc::{OpenRelocation, Relocation},
};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

/// Labels, and who refers to them.
///
/// What is out of line gets these and never the encoder, and where it happens between instructions it cannot unwind (`extern "C"`): so the compiler
/// keeps the cursor in registers.
pub struct References<F, L> {
    /// The number of the first label in `labels`.
    first: u32,
    labels: Vec<Option<Pos>>,
    /// Outside forward blocks in the order of their positions.
    pub(crate) fixups: Vec<Fixup<F>>,
    pub(crate) deadlines: Deadlines,
    open: Vec<OpenRelocation<F>>,
    late_uses: Vec<LateUse<L>>,
    late_values: Vec<Option<i64>>,
    /// The late immediates that have values, in the order in which they got them.
    late_set: Vec<Late>,
    relocations: Vec<Relocation<F>>,
    pub(crate) pool: Pool,
    /// Where data lies.
    data: DataRanges,
    /// The scopes around the current one, the outermost first, each with what the scope inside it has collected.
    pub(crate) scopes: Vec<Scope>,
    /// A number that no others have: it tells whose a scope or a snapshot is.
    home: usize,
    /// The number of the current scope, and the last number given: to scopes and snapshots, none twice.
    scope: u64,
    last_number: u64,
    /// Of the current scope are the snapshots with higher numbers only.
    began: u64,
    /// Labels with lower numbers are older than the newest snapshot. When they are bound, that is listed.
    watched: u32,
    watched_bound: Vec<Label>,
    /// Labels from outside a scope that were bound in it.
    bound: Vec<(Label, Pos)>,
    /// The numbers of snapshots that one cannot go back to.
    gone: Vec<Gone>,
    /// Emptied arrays of labels, kept for their memory.
    spare_labels: Vec<Vec<Option<Pos>>>,
    /// The strictest alignment asked for, in bytes.
    alignment: u32,
    /// The first mistake; `finish` reports it.
    fault: Option<FinishError>,
}

impl<F: Field, L: LateField> References<F, L> {
    pub(crate) fn new() -> Self {
        static HOMES: AtomicUsize = AtomicUsize::new(0);
        References {
            first: 0,
            labels: Vec::new(),
            fixups: Vec::new(),
            deadlines: Deadlines::default(),
            open: Vec::new(),
            late_uses: Vec::new(),
            late_values: Vec::new(),
            late_set: Vec::new(),
            relocations: Vec::new(),
            pool: Pool::new(),
            data: DataRanges::default(),
            scopes: Vec::new(),
            home: HOMES.fetch_add(1, Ordering::Relaxed),
            scope: 0,
            last_number: 0,
            began: 0,
            watched: 0,
            watched_bound: Vec::new(),
            bound: Vec::new(),
            gone: Vec::new(),
            spare_labels: Vec::new(),
            alignment: 1,
            fault: None,
        }
    }

    pub(crate) fn clear(&mut self) {
        // A number of its own tells what was cleared from what comes now.
        let number = self.next_number();
        let References {
            first,
            labels,
            fixups,
            deadlines,
            open,
            late_uses,
            late_values,
            late_set,
            relocations,
            pool,
            data,
            scopes,
            home: _,
            scope,
            last_number: _,
            began,
            watched,
            watched_bound,
            bound,
            gone,
            spare_labels: _,
            alignment,
            fault,
        } = self;
        *first = 0;
        // Inside a block these are the block's, and the outermost scope's memory is lost; that is a mistake, which the block's end reports.
        labels.clear();
        fixups.clear();
        deadlines.clear();
        open.clear();
        late_uses.clear();
        late_values.clear();
        late_set.clear();
        relocations.clear();
        pool.clear();
        data.clear();
        scopes.clear();
        *scope = number;
        *began = number;
        *watched = 0;
        watched_bound.clear();
        bound.clear();
        gone.clear();
        *alignment = 1;
        *fault = None;
    }

    pub(crate) fn relocations(&self) -> &[Relocation<F>] {
        &self.relocations
    }

    pub(crate) fn labels(&self) -> &[Option<Pos>] {
        &self.labels
    }

    pub(crate) fn data(&self) -> &DataRanges {
        &self.data
    }

    /// Notes that what was placed between two positions is data.
    pub(crate) fn note_data(&mut self, begin: Pos, end: Pos) {
        self.data.note(self.scopes.last().map(|scope| scope.since.data), begin, end);
    }

    pub(crate) fn alignment(&self) -> u32 {
        self.alignment
    }

    pub(crate) fn align(&mut self, bytes: u32) {
        self.alignment = self.alignment.max(bytes);
    }
}
