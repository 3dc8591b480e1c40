//! Labels, and who refers to them.
//!
//! Labels are numbers, handed out in order; their positions are a plain array. A reference to a label that is bound
//! already is resolved where it is made. One that is not becomes a [`Fixup`], resolved in one pass by `finish`, or when
//! a block that has both ends of it is complete; so this takes time in proportion to the fixups, and nothing is searched
//! or hashed.
//!
//! All of this is one struct, whose parts have a file for each subject: [`labels`] and who refers to them, code that
//! may still be moved ([`movable`]), what a [`block`] hands to the encoder around it, and [`cold`] parts, the [`pool`]
//! of constants, the [`extent`] that a snapshot goes back to, and what [`resolve`] does when all is placed.

pub(crate) mod block;
pub(crate) mod cold;
pub(crate) mod deadline;
mod extent;
mod fault;
pub(crate) mod fixup;
pub(crate) mod hidden;
mod intervals;
pub mod label;
mod labels;
mod movable;
pub(crate) mod pool;
mod resolve;

pub(crate) use extent::Extent;

use crate::{
    code::{
        data_ranges::{DataRanges, Length},
        relocation::{OpenRelocation, Relocation},
    },
    direction::Grows,
    encoder::late::{Late, LateField, LateUse},
};
use alloc::{boxed::Box, vec::Vec};
use block::{Common, Parent};
use core::sync::atomic::{AtomicUsize, Ordering};
use deadline::Deadlines;
use fault::Fault;
use fixup::{Field, Fixup};
use intervals::Intervals;
use label::{Label, NUMBERS_APART, Pos};
use movable::Movable;

/// Labels, and who refers to them.
///
/// What is out of line gets these and never the encoder, and where it happens between instructions it cannot unwind
/// (`extern "C"`): so the compiler keeps the cursor in registers.
pub struct References<F, L> {
    grows: Grows,
    /// The number of the first label in `labels`.
    ///
    /// Invariant(first): labels are numbered from `first` on, without gaps. Those with lower numbers are the
    /// surrounding encoder's, or lie above code that may be moved.
    first: u32,
    labels: Vec<Option<Pos>>,
    /// In the order of their positions.
    pub(crate) fixups: Vec<Fixup<F>>,
    pub(crate) deadlines: Deadlines,
    open: Vec<OpenRelocation<F>>,
    late_uses: Vec<LateUse<L>>,
    /// The number of the first late immediate in `late_values`.
    first_late: u32,
    late_values: Vec<Option<i64>>,
    /// Whether a block was lost with the numbers that it had given to labels and late immediates.
    has_lost_numbers: bool,
    /// The late immediates that have values, in the order in which they got them.
    late_set: Vec<Late>,
    /// Late immediates of the surrounding encoder, and their values.
    late_outside: Vec<(Late, i64)>,
    relocations: Vec<Relocation<F>>,
    /// Where data lies.
    data: DataRanges,
    /// Labels with numbers below `first` that were bound here.
    bound: Vec<(Label, Pos)>,
    /// Code that may still be moved, and what there is outside of it.
    movable: Option<Box<Movable>>,
    /// The last one, kept for its memory. Its labels are none.
    spare_movable: Option<Box<Movable>>,
    /// What is shared with the blocks inside; the block that is open has it.
    common: Option<Box<Common<F, L>>>,
    /// The first numbers for labels and late immediates of what is a block now, and then is none.
    by_itself: (u32, u32),
    /// Of a block's references, whose block it is.
    parent: Option<Parent>,
    /// The number of the block that is open.
    open_block: Option<u64>,
    /// Whether this is cold code, which has what is in common for itself.
    is_cold: bool,
    /// A number that no others have: it tells whose a snapshot or a block is.
    home: usize,
    /// Whether what is written now will be looked at for its references, so that all are kept: see [`hidden`].
    keeps_references: bool,
    /// The number of what is written now, the code itself or a movable part of it, and the last number given: to these,
    /// snapshots and blocks, none twice.
    part: u64,
    last_number: u64,
    /// Of the current part are the snapshots with higher numbers only.
    began: u64,
    /// Labels with lower numbers are older than the newest snapshot, or than the last going back. When they are bound,
    /// that is listed.
    watched: u32,
    watched_bound: Vec<Label>,
    /// The numbers of labels that going back has made pending: so they are, unless they are listed.
    listed: Intervals,
    /// The numbers of snapshots that one cannot go back to.
    gone: Intervals,
    /// The strictest alignment asked for, in bytes.
    alignment: u32,
    /// The first mistake; `finish` reports it.
    fault: Option<Fault>,
    /// A byte of what the mistake is about that `finish` reported last.
    reported: Option<Pos>,
}

/// So many encoders have numbers for labels of their own, before they share some with others.
const HOLDERS_APART: usize = 1 << 10;

/// The first of the next numbers for labels: others have other ones, so that a label that strays is none of theirs.
fn numbers_apart() -> u32 {
    static TAKEN: AtomicUsize = AtomicUsize::new(0);
    (TAKEN.fetch_add(1, Ordering::Relaxed) % HOLDERS_APART) as u32 * NUMBERS_APART
}

/// A number that was never given before.
fn next_home() -> usize {
    static HOMES: AtomicUsize = AtomicUsize::new(0);
    HOMES.fetch_add(1, Ordering::Relaxed)
}

/// The first number of what comes behind `count` numbers. There are so many that the next ones fit.
fn next_first(first: u32, count: usize) -> u32 {
    let next = first as usize + count;
    if next < 1 << 31 { next as u32 } else { numbers_apart() }
}

impl<F: Field, L: LateField> References<F, L> {
    pub(crate) fn new(grows: Grows) -> Self {
        Self::numbered(grows, numbers_apart())
    }

    /// With so many as the first number for labels.
    fn numbered(grows: Grows, first: u32) -> Self {
        References {
            grows,
            first,
            labels: Vec::new(),
            fixups: Vec::new(),
            deadlines: Deadlines::default(),
            open: Vec::new(),
            late_uses: Vec::new(),
            first_late: first,
            late_values: Vec::new(),
            has_lost_numbers: false,
            late_set: Vec::new(),
            late_outside: Vec::new(),
            relocations: Vec::new(),
            data: DataRanges::default(),
            bound: Vec::new(),
            movable: None,
            spare_movable: None,
            common: None,
            by_itself: (first, first),
            parent: None,
            open_block: None,
            is_cold: false,
            home: next_home(),
            keeps_references: false,
            part: 0,
            last_number: 0,
            began: 0,
            watched: 0,
            watched_bound: Vec::new(),
            listed: Intervals::default(),
            gone: Intervals::default(),
            alignment: 1,
            fault: None,
            reported: None,
        }
    }

    pub(crate) fn clear(&mut self) {
        // A number of its own tells what was cleared from what comes now.
        let number = self.next_number();
        if self.parent.is_some() || self.open_block.is_some() {
            // That is a mistake inside a block, which the block's end reports.
            self.lose_block();
        }
        let References {
            grows,
            first,
            labels,
            fixups,
            deadlines,
            open,
            late_uses,
            first_late,
            late_values,
            has_lost_numbers,
            late_set,
            late_outside,
            relocations,
            data,
            bound,
            movable,
            spare_movable: _,
            common,
            by_itself: _,
            parent,
            open_block,
            is_cold,
            home: _,
            keeps_references,
            part,
            last_number: _,
            began,
            watched,
            watched_bound,
            listed,
            gone,
            alignment,
            fault,
            reported,
        } = self;
        // Labels and late immediates made so far become invalid: their numbers are not given again.
        if core::mem::take(has_lost_numbers) {
            (*first, *first_late) = (numbers_apart(), numbers_apart());
        } else {
            *first = next_first(*first, labels.len());
            *first_late = next_first(*first_late, late_values.len());
        }
        labels.clear();
        fixups.clear();
        deadlines.clear();
        open.clear();
        late_uses.clear();
        late_values.clear();
        late_set.clear();
        late_outside.clear();
        relocations.clear();
        data.clear();
        bound.clear();
        *movable = None;
        if let Some(common) = common {
            common.clear(*grows);
        }
        *parent = None;
        *open_block = None;
        // Cleared while it is open, a cold part is an encoder like others.
        *is_cold = false;
        *keeps_references = false;
        *part = number;
        *began = number;
        *watched = 0;
        watched_bound.clear();
        listed.clear();
        gone.clear();
        *alignment = 1;
        *fault = None;
        *reported = None;
    }

    #[inline(always)]
    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    pub(crate) fn relocations(&self) -> &[Relocation<F>] {
        &self.relocations
    }

    /// The positions of labels, and the number of the first one.
    pub(crate) fn labels(&self) -> (u32, &[Option<Pos>]) {
        (self.first, &self.labels)
    }

    pub(crate) fn data(&self) -> &DataRanges {
        &self.data
    }

    /// Notes that what was placed between two positions is data.
    pub(crate) fn note_data(&mut self, begin: Pos, end: Pos) {
        let first = self.movable.as_ref().map(|movable| movable.since.data);
        self.data.note(first, begin, end);
    }

    /// Forgets the data noted since there was so much.
    pub(crate) fn forget_data_since(&mut self, length: Length) {
        self.data.truncate(length);
    }

    pub(crate) fn alignment(&self) -> u32 {
        self.alignment
    }

    pub(crate) fn align(&mut self, bytes: u32) {
        self.alignment = self.alignment.max(bytes);
    }

    /// Whether a block is open, or this is one.
    pub(crate) fn is_in_block(&self) -> bool {
        self.parent.is_some() || self.open_block.is_some() || self.movable.is_some()
    }
}
