//! What a block hands to the encoder around it.
//!
//! A block (see [`blocks`](crate::encoder::blocks)) is written by an encoder of its own, with labels, fixups and
//! everything else of its own, which knows nothing of what is around it: a label with a number below its first one is
//! one of outside, and so pending. When the block is complete, its bytes are placed, and its positions become positions
//! of the code around it: counted from the other end, they lie as far behind the place that is reached as they lay
//! ahead of the block's base.
//!
//! ```text
//!   the block:     base |--- position --->| ... |
//!   its place:          |<--------- distance to the place reached --------| base of the code around it
//! ```
//!
//! So a block pays for what it has, and one that has only instructions is copied and forgotten.

use super::{References, cold::Cold, next_home, pool::Pool};
use crate::{
    bytes::memory::Memory,
    code::relocation::OpenRelocation,
    direction::Grows,
    encoder::late::{LateField, LateUse},
    error::FinishError,
    references::{
        deadline::{Heads, Served},
        fixup::{Field, Fixup},
        label::{Label, Pos},
    },
};
use alloc::{boxed::Box, vec::Vec};

/// What an encoder and the blocks inside it have in common. The innermost block that is open has it.
pub(crate) struct Common<F, L> {
    /// A number that no others have. With a block that is lost this is lost, too, and made anew.
    pub(super) home: usize,
    pub(crate) pool: Pool,
    /// The direction of the outermost encoder, and of cold code.
    pub(super) grows: Grows,
    /// Cold code, unless a part of it is open.
    pub(super) cold: Option<Cold<F, L>>,
    /// What former blocks were written in, kept for its memory. Empty.
    spares: Vec<Spare<F, L>>,
}

/// So many blocks are kept for their memory: of blocks in each other the innermost ones, which close first. A block's
/// memory has held all blocks inside it, so to keep every one would take the square of their depth.
const MOST_SPARES: usize = 8;

/// The memory and the references of a block.
pub(crate) type Spare<F, L> = (Box<Memory<'static>>, Box<References<F, L>>);

/// Whose block it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parent {
    pub(super) home: usize,
    pub(super) block: u64,
    /// The bytes of constants that waited outside when the block began.
    pub(super) waiting_bytes: usize,
}

impl<F: Field, L: LateField> Common<F, L> {
    /// Whether constants or cold parts wait for their places.
    #[inline(always)]
    fn has_waiting(&self) -> bool {
        self.pool.has_waiting() || self.cold.as_ref().is_some_and(Cold::is_waiting)
    }

    /// Makes it ready for new code, which grows in this direction.
    pub(super) fn clear(&mut self, grows: Grows) {
        self.pool.clear();
        self.grows = grows;
        // A block that was cleared may have that of the code around.
        self.cold = self.cold.take().filter(|cold| cold.grows() == grows);
        if let Some(cold) = &mut self.cold {
            cold.clear();
        }
    }
}

impl<F: Field, L: LateField> References<F, L> {
    /// What is in common; made when it is first needed.
    #[cold]
    #[inline(never)]
    pub(crate) fn common(&mut self) -> &mut Common<F, L> {
        let grows = self.grows;
        let new = || Box::new(Common { home: next_home(), pool: Pool::new(), grows, cold: None, spares: Vec::new() });
        self.common.get_or_insert_with(new)
    }

    /// Whether constants or cold parts wait for their places.
    #[inline(always)]
    pub(crate) fn has_waiting(&self) -> bool {
        self.common.as_ref().is_some_and(|common| common.has_waiting())
    }

    /// Whether what is in common is that of the code around, too.
    pub(crate) fn shares_common(&self) -> bool {
        self.parent.is_some() && !self.is_cold
    }

    /// The pool, if anything was ever asked of it.
    pub(crate) fn pool(&self) -> Option<&Pool> {
        self.common.as_ref().map(|common| &common.pool)
    }

    /// What a block inside this code can be written in.
    #[inline(always)]
    pub(crate) fn take_spare(&mut self, grows: Grows) -> Spare<F, L> {
        let spare = self.common.as_mut().and_then(|common| common.spares.pop());
        spare.unwrap_or_else(|| Self::new_spare(grows))
    }

    /// Its numbers are given when the block begins.
    #[cold]
    #[inline(never)]
    fn new_spare(grows: Grows) -> Spare<F, L> {
        (Box::new(Memory::growing(grows)), Box::new(References::numbered(grows, 0)))
    }

    /// Begins a block, whose references are empty.
    #[inline(always)]
    pub(crate) fn begin_block(&mut self, block: &mut Self) {
        if self.common.is_none() {
            self.common();
        }
        let number = self.open_block();
        block.grows = self.grows.opposite();
        block.keeps_references = self.keeps_references;
        self.number_block(block);
        let waiting_bytes = self.pool().map_or(0, Pool::waiting_bytes);
        block.parent = Some(Parent { home: self.home, block: number, waiting_bytes });
        // What the block has of its own comes back to it.
        core::mem::swap(&mut block.common, &mut self.common);
    }

    /// Opens a block, and gives its number.
    #[inline(always)]
    pub(super) fn open_block(&mut self) -> u64 {
        if self.open_block.is_some() {
            // One that was left by a panic, or never ended.
            self.lose_block();
            self.fail(FinishError::OpenBlock);
        }
        let number = self.next_number();
        self.open_block = Some(number);
        number
    }

    /// Lets the labels and the late immediates of a block that begins have the numbers behind those of this code.
    #[inline(always)]
    pub(super) fn number_block(&self, block: &mut Self) {
        block.first = self.first + self.labels.len() as u32;
        block.first_late = self.first_late + self.late_values.len() as u32;
        // Snapshots of what was written in the same memory before are not of this block.
        block.began = block.last_number;
        block.watched = 0;
    }

    /// Whether a block has nothing but bytes and fixups.
    #[inline(always)]
    fn has_no_more_than_fixups(&self) -> bool {
        let lists = self.labels.len()
            | self.open.len()
            | self.late_uses.len()
            | self.late_values.len()
            | self.late_outside.len()
            | self.bound.len()
            | self.deadlines.served.len();
        lists == 0 && !self.has_lost_numbers && self.data.is_empty() && !self.has_fault() && self.alignment == 1
    }

    /// Whether this block is the one that is open here, and complete.
    #[inline(always)]
    pub(crate) fn has_open(&self, block: &Self) -> bool {
        block.parent.is_some_and(|parent| parent.home == self.home && Some(parent.block) == self.open_block)
            && block.open_block.is_none()
            && block.movable.is_none()
            && block.first == self.first + self.labels.len() as u32
            && block.first_late == self.first_late + self.late_values.len() as u32
    }

    /// Closes the block that is open: its labels are pending labels of the code around it, until it is placed. Gives
    /// the alignment that it asks for.
    #[inline(always)]
    pub(crate) fn close_block(&mut self, block: &mut Self) -> u32 {
        self.open_block = None;
        if !block.labels.is_empty() {
            self.labels.resize(self.labels.len() + block.labels.len(), None);
        }
        core::mem::swap(&mut block.common, &mut self.common);
        block.parent = None;
        block.alignment
    }

    /// Takes over what a block has, whose bytes have been placed, up to `reached`. Gives the range of its fixups.
    #[inline(always)]
    pub(crate) fn take_over(&mut self, block: &mut Self, reached: Pos) -> core::ops::Range<usize> {
        let first_fixup = self.fixups.len();
        if !block.fixups.is_empty() {
            self.take_over_fixups(block, reached);
        }
        if !block.has_no_more_than_fixups() {
            self.take_over_rest(block, reached);
        }
        block.forget_snapshots();
        first_fixup..self.fixups.len()
    }

    #[inline(never)]
    fn take_over_fixups(&mut self, block: &mut Self, reached: Pos) {
        // The order of positions is the other way round. One by one, because there are few.
        for &fixup in block.fixups.iter().rev() {
            self.fixups.push(Fixup { from: reached.behind(fixup.from), ..fixup });
        }
        block.fixups.clear();
        block.deadlines.heads = Heads::default();
    }

    /// Takes over all but the fixups, which are the last ones here.
    #[inline(never)]
    fn take_over_rest(&mut self, block: &mut Self, reached: Pos) {
        let place = |pos: Pos| reached.behind(pos);
        // Before what is seen to be wrong only here: that came later.
        self.take_over_fault(block, place);
        for (number, pos) in (block.first..).zip(block.labels.drain(..)) {
            if let Some(pos) = pos {
                self.bind(Label(number), place(pos));
            }
        }
        for (label, pos) in block.bound.drain(..) {
            self.bind(label, place(pos));
        }
        let served = block.deadlines.served.drain(..);
        let index = |index: usize| self.fixups.len() - 1 - index;
        self.deadlines.served.extend(served.map(|Served { fixup, to }| Served { fixup: index(fixup), to: place(to) }));
        let open = block.open.drain(..);
        self.open.extend(open.map(|open| OpenRelocation { from: place(open.from), ..open }));
        let late_uses = block.late_uses.drain(..);
        self.late_uses.extend(late_uses.map(|late| LateUse {
            earlier: place(late.later),
            later: place(late.earlier),
            at: place(late.at),
            ..late
        }));
        self.late_values.append(&mut block.late_values);
        self.late_set.append(&mut block.late_set);
        for (late, value) in block.late_outside.drain(..) {
            self.set_late(late, value);
        }
        self.has_lost_numbers |= core::mem::take(&mut block.has_lost_numbers);
        block.deadlines.copied.clear();
        self.data.take_over(&mut block.data, place);
        self.align(core::mem::replace(&mut block.alignment, 1));
    }

    /// Notes which numbers are next by itself in what will be a block, and is empty now.
    pub(crate) fn enter_block(&mut self) {
        self.by_itself = (self.first, self.first_late);
    }

    /// Makes what a block was written in, and which is empty now, fit for code by itself.
    pub(crate) fn leave_block(&mut self) {
        (self.first, self.first_late) = self.by_itself;
        self.keeps_references = false;
        // Snapshots of the block are not of that code.
        (self.began, self.watched) = (self.last_number, 0);
    }

    /// Keeps what a block was written in, and is empty now.
    #[inline(always)]
    pub(crate) fn keep(&mut self, spare: Spare<F, L>) {
        if let Some(common) = &mut self.common
            && common.spares.len() < MOST_SPARES
        {
            common.spares.push(spare);
        }
    }

    /// Forgets what there was to go back to in a block that is placed.
    #[inline(always)]
    pub(super) fn forget_snapshots(&mut self) {
        self.watched_bound.clear();
        self.listed.clear();
        self.gone.clear();
    }

    /// Notes that a block has given numbers of which nothing is known here.
    pub(super) fn lose_block(&mut self) {
        self.has_lost_numbers = true;
    }

    /// Notes that the block that was open has not come back.
    pub(crate) fn fail_block(&mut self) {
        self.open_block = None;
        self.lose_block();
        self.fail(FinishError::ClearedInBlock);
    }
}
