//! What a snapshot records: how much of everything there was.
//!
//! Almost all is listed in the order of time, so going back is cutting each list to its length. What is changed in place is listed, too, and undone: fixups that an
//! island serves, constants that are placed, late immediates that are set, labels that are bound. So both cost in proportion to what is done and undone, however many
//! snapshots are taken.
//!
//! Binding a label is too common to be listed each time. Only if it is older than the newest snapshot must it be pending again after going back; younger ones are cut off.
//! Labels are numbered in the order of time, in whatever scope, so one comparison tells: those below `watched` are bound the slow way, which lists them.
//!
//! A snapshot is known by its number, and costs no memory here. Going back makes the later ones invalid, which is one interval of numbers; going
//! back farther swallows the intervals inside.

use super::{
    References,
    scope::{Identity, Since},
};
use crate::{
    deadline::Heads,
    fixup::Field,
    label::Label,
    late::{Late, LateField},
    pool,
};

/// How many labels and references there were, to go back to.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    scope: Identity,
    number: u64,
    labels: usize,
    since: Since,
    late_values: usize,
    late_set: usize,
    pool: pool::Extent,
    alignment: u32,
    heads: Heads,
    after_data: Option<usize>,
}

/// What going back has made invalid: snapshots with numbers above `after`, up to `until`.
///
/// Invariant(gone): they ascend and are apart.
pub(super) struct Gone {
    after: u64,
    until: u64,
}

impl<F: Field, L: LateField> References<F, L> {
    /// What there is.
    pub(crate) fn extent(&mut self) -> Extent {
        let number = self.next_number();
        let labels = self.own_labels().len();
        self.watched = self.first + labels as u32;
        Extent {
            scope: self.identity(),
            number,
            labels,
            since: self.since(),
            late_values: self.late_values.len(),
            late_set: self.late_set.len(),
            pool: self.pool.extent(),
            alignment: self.alignment,
            heads: self.deadlines.heads,
            after_data: self.deadlines.after_data,
        }
    }

    /// Forgets what came later. `false` if that is not of the current scope, or gone.
    pub(crate) fn truncate(&mut self, extent: Extent) -> bool {
        let Extent { scope, number, labels, since, late_values, late_set, pool, alignment, heads, after_data } = extent;
        let Since { fixups, open, late, served, bound, watched_bound, data } = since;
        if !self.is_in(scope) || number <= self.began || self.is_gone(number) {
            return false;
        }
        self.all_gone_after(number);
        for served in self.deadlines.served.drain(served..) {
            self.fixups[served.fixup].is_served = false;
        }
        self.deadlines.heads = heads;
        self.deadlines.after_data = after_data;
        self.fixups.truncate(fixups);
        self.open.truncate(open);
        self.late_uses.truncate(late);
        self.bound.truncate(bound);
        self.data.truncate(data);
        self.late_values.truncate(late_values);
        self.pool.truncate(pool);
        for Late(index) in self.late_set.drain(late_set..) {
            if let Some(value) = self.late_values.get_mut(index as usize) {
                *value = None;
            }
        }
        self.alignment = alignment;
        self.own_labels_mut().truncate(labels);
        while self.watched_bound.len() > watched_bound
            && let Some(Label(number)) = self.watched_bound.pop()
        {
            // Labels that a later snapshot watched may be gone.
            let own = (number - self.first) as usize;
            if let Some(state) = self.own_labels_mut().get_mut(own) {
                *state = None;
            }
        }
        true
    }

    fn is_gone(&self, number: u64) -> bool {
        let at = self.gone.partition_point(|gone| gone.until < number);
        self.gone.get(at).is_some_and(|gone| gone.after < number)
    }

    /// Makes all later snapshots invalid.
    fn all_gone_after(&mut self, number: u64) {
        // Invariant(gone): this one is not gone, so what is gone later is so as a whole.
        let before = self.gone.partition_point(|gone| gone.after < number);
        self.gone.truncate(before);
        if self.last_number > number {
            self.gone.push(Gone { after: number, until: self.last_number });
        }
    }
}
