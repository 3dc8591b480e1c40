//! What a snapshot records: how much of everything there was.
//!
//! Almost all is listed in the order of time, so going back is cutting each list to its length. What is changed in
//! place is listed, too, and undone: fixups that an island serves, constants that are placed, late immediates that are
//! set, labels that are bound. So both cost in proportion to what is done and undone, however many snapshots are taken.
//!
//! Labels and late immediates themselves are never dropped, since somebody may still have their numbers, and would
//! take newer ones for them: they are pending again.
//!
//! Binding a label is too common to be listed each time. Labels are numbered in the order of time, in whatever scope,
//! so one comparison tells: those below `watched` are bound the slow way, which lists them. These are the ones that are
//! older than the newest snapshot, or that a rollback has made pending. All others that are younger than the snapshot
//! are made pending one by one, and are watched from then on; so that is done once to each label.
//!
//! A snapshot is known by its number, and costs no memory here. Going back makes the later ones invalid, which is one
//! interval of numbers.

use super::{
    References,
    cold::Cold,
    deadline::Heads,
    fixup::Field,
    label::Label,
    pool::{self, Pool},
};
use crate::{
    code::data_ranges::Length,
    encoder::late::{Late, LateField},
};

/// How many references there were, and how much else that is listed in the order of time.
#[derive(Clone, Copy)]
pub(crate) struct Since {
    pub(super) fixups: usize,
    pub(super) open: usize,
    pub(super) late: usize,
    pub(super) served: usize,
    pub(super) bound: usize,
    pub(super) data: Length,
}

/// How many labels and references there were, to go back to.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    home: usize,
    part: u64,
    number: u64,
    labels: usize,
    since: Since,
    late_set: usize,
    late_outside: usize,
    watched_bound: usize,
    /// Whose constants and cold code are meant; none if there were none.
    common: Option<usize>,
    pool: pool::Extent,
    /// In how many states cold code has been.
    cold: usize,
    alignment: u32,
    heads: Heads,
    copied: usize,
}

impl<F: Field, L: LateField> References<F, L> {
    pub(super) fn since(&self) -> Since {
        Since {
            fixups: self.fixups.len(),
            open: self.open.len(),
            late: self.late_uses.len(),
            served: self.deadlines.served.len(),
            bound: self.bound.len(),
            data: self.data.length(),
        }
    }

    /// What there is.
    pub(crate) fn extent(&mut self) -> Extent {
        let number = self.next_number();
        if self.open_block.is_some() {
            // The block has what is in common, and may change it.
            self.gone.add(number..number + 1, |_| {});
        }
        let labels = self.labels.len();
        self.watched = self.first + labels as u32;
        let cold = self.common.as_mut().and_then(|common| common.cold.as_mut()).map_or(0, Cold::states);
        Extent {
            home: self.home,
            part: self.part,
            number,
            labels,
            since: self.since(),
            late_set: self.late_set.len(),
            late_outside: self.late_outside.len(),
            watched_bound: self.watched_bound.len(),
            common: self.common.as_ref().map(|common| common.home),
            pool: self.pool().map_or(pool::Extent::NONE, Pool::extent),
            cold,
            alignment: self.alignment,
            heads: self.deadlines.heads,
            copied: self.deadlines.copied.len(),
        }
    }

    /// Forgets what came later. `false` if that is not of the current scope, or gone.
    pub(crate) fn truncate(&mut self, extent: Extent) -> bool {
        let Extent { home, part, number, .. } = extent;
        let is_ours = (home, part) == (self.home, self.part) && number > self.began;
        // With a block, what is in common may have been lost.
        let has_common =
            extent.common.is_none_or(|home| self.common.as_ref().is_some_and(|common| common.home == home));
        if !is_ours || !has_common || self.gone.contain(number) || self.open_block.is_some() {
            return false;
        }
        // All later snapshots.
        self.gone.add(number + 1..self.last_number + 1, |_| {});
        self.cut(&extent);
        true
    }

    /// Cuts everything to its length.
    pub(super) fn cut(&mut self, extent: &Extent) {
        let &Extent { labels, since, late_set, late_outside, watched_bound, .. } = extent;
        let &Extent { pool, cold, alignment, heads, copied, .. } = extent;
        let Since { fixups, open, late, served, bound, data } = since;
        for served in self.deadlines.served.drain(served..) {
            self.fixups[served.fixup].is_served = false;
        }
        self.deadlines.heads = heads;
        for (fixup, label) in self.deadlines.copied.drain(copied..).rev() {
            self.fixups[fixup].label = label;
        }
        self.fixups.truncate(fixups);
        self.open.truncate(open);
        self.late_uses.truncate(late);
        self.bound.truncate(bound);
        self.data.truncate(data);
        self.late_outside.truncate(late_outside);
        if let Some(common) = &mut self.common {
            common.pool.truncate(pool);
            if let Some(code) = &mut common.cold {
                code.go_back(cold);
            }
        }
        for Late(number) in self.late_set.drain(late_set..) {
            if let Some(value) = self.late_values.get_mut((number - self.first_late) as usize) {
                *value = None;
            }
        }
        self.alignment = alignment;
        for Label(number) in self.watched_bound.drain(watched_bound..) {
            if let Some(state) = self.labels.get_mut(number.wrapping_sub(self.first) as usize) {
                *state = None;
            }
        }
        let first = u64::from(self.first);
        let (oldest, next) = (first + labels as u64, first + self.labels.len() as u64);
        let all = &mut self.labels;
        self.listed.add(oldest..next, |new| {
            all[(new.start - first) as usize..(new.end - first) as usize].fill(None);
        });
        self.watched = next as u32;
    }
}
