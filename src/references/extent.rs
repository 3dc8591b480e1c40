//! What a snapshot records: how much of everything there was.
//!
//! All that References list is in the order of time, so going back is cutting each list to its length. What was changed in place since then (labels that were bound, late
//! immediates that were set, fixups that an island serves) is listed, too, and undone.

use super::{
    References,
    scope::{Identity, Since},
};
use crate::{
    deadline::Heads,
    fixup::Field,
    label::{Label, Pos},
    late::{Late, LateField},
};

/// How many labels and references there were, to go back to.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    identity: Identity,
    labels: usize,
    since: Since,
    late_values: usize,
    late_set: usize,
    constants: usize,
    alignment: u32,
    heads: Heads,
}

impl<F: Field, L: LateField> References<F, L> {
    /// Notes a snapshot at `here`.
    pub(crate) fn extent(&mut self, here: Pos) -> Extent {
        let number = self.next_number();
        self.snapshots.push(number);
        let own = self.scopes.last().and_then(|scope| scope.aside.as_ref()).unwrap_or(&self.labels);
        let bound_here = own.iter().zip(self.first..).filter(|&(pos, _)| *pos == Some(here));
        self.bound_at_snapshot.extend(bound_here.map(|(_, label)| Label(label)));
        Extent {
            identity: self.identity(number),
            labels: self.own_labels().len(),
            since: self.since(),
            late_values: self.late_values.len(),
            late_set: self.late_set.len(),
            constants: self.pool.len(),
            alignment: self.alignment,
            heads: self.deadlines.heads,
        }
    }

    /// Forgets what came after a snapshot at `here`. `false` if that is not of the current scope, or gone.
    pub(crate) fn truncate(&mut self, extent: Extent, here: Pos) -> bool {
        let Extent { identity, labels, since, late_values, late_set, constants, alignment, heads } = extent;
        let Since { fixups, open, late, served, bound, snapshots, bound_at_snapshot } = since;
        let in_scope = self.scopes.last().map_or(0, |scope| scope.since.snapshots);
        let is_listed = snapshots > in_scope && self.snapshots.get(snapshots - 1) == Some(&identity.number);
        if !is_listed || identity != self.identity(identity.number) {
            return false;
        }
        for served in self.deadlines.served.drain(served..) {
            self.fixups[served.fixup].is_served = false;
        }
        self.deadlines.heads = heads;
        self.deadlines.after_data = None;
        self.fixups.truncate(fixups);
        self.open.truncate(open);
        self.late_uses.truncate(late);
        self.bound.truncate(bound);
        self.snapshots.truncate(snapshots);
        self.bound_at_snapshot.truncate(bound_at_snapshot);
        self.late_values.truncate(late_values);
        // Inside a block no constant is placed.
        let is_outermost = self.scopes.is_empty();
        self.pool.truncate(constants, |pos| is_outermost && pos > here);
        for Late(index) in self.late_set.drain(late_set..) {
            if let Some(value) = self.late_values.get_mut(index as usize) {
                *value = None;
            }
        }
        self.alignment = alignment;
        let own = self.scopes.last_mut().and_then(|scope| scope.aside.as_mut()).unwrap_or(&mut self.labels);
        own.truncate(labels);
        for (label, number) in own.iter_mut().zip(self.first..) {
            // The last in the list are this snapshot's; of those before it none is here that is not also in its own.
            label.take_if(|pos| *pos > here || *pos == here && !self.bound_at_snapshot.contains(&Label(number)));
        }
        true
    }
}
