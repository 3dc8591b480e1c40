//! Labels and fixups while code is placed.
//!
//! A label is an index into the array of positions, pending while there is none. So binding one is a store, and a
//! reference compares an index and loads a position. What is rare is out of line and cannot unwind (`extern "C"`): a
//! label of another scope, a mistake, or an array without room.

use super::{
    References,
    fixup::{Field, Fixup},
    label::{Label, Pos, Target},
};
use crate::{
    code::relocation::OpenRelocation,
    direction::Grows,
    encoder::late::{Late, LateField, LateUse},
    error::FinishError,
};
use alloc::vec::Vec;

/// Room for what a fragment of code has, at once.
fn make_first_room<T>(list: &mut Vec<T>) {
    if list.capacity() == 0 {
        list.reserve(32);
    }
}

impl<F: Field, L: LateField> References<F, L> {
    #[inline(always)]
    pub(crate) fn pos_of(&self, label: Label) -> Option<Pos> {
        // Invariant(first): a label from outside is far beyond the end.
        self.labels.get(label.0.wrapping_sub(self.first) as usize).copied().flatten()
    }

    /// Whether the label is one of this encoder's, as far as its number tells.
    #[cfg(feature = "dynasm")]
    pub(crate) fn knows(&self, label: Label) -> bool {
        let is_outer = self.parent.is_some() || self.movable.is_some();
        (label.0 as usize) < self.first as usize + self.labels.len() && (is_outer || label.0 >= self.first)
    }

    #[inline(always)]
    pub(crate) fn new_label(&mut self, pos: Option<Pos>) -> Label {
        if self.labels.len() < self.labels.capacity() {
            // Fewer than 2^32 labels: each takes four bytes of memory, more than any code that fits a buffer can use.
            let label = Label(self.first + self.labels.len() as u32);
            self.labels.push(pos);
            label
        } else {
            self.new_label_slowly(pos)
        }
    }

    #[cold]
    #[inline(never)]
    #[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
    extern "C" fn new_label_slowly(&mut self, pos: Option<Pos>) -> Label {
        make_first_room(&mut self.labels);
        let label = Label(self.first + self.labels.len() as u32);
        self.labels.push(pos);
        label
    }

    #[inline(always)]
    pub(crate) fn bind(&mut self, label: Label, pos: Pos) {
        match self.labels.get_mut(label.0.wrapping_sub(self.first) as usize) {
            Some(state @ None) if label.0 >= self.watched => *state = Some(pos),
            _ => self.bind_slowly(label, pos),
        }
    }

    /// The rare cases: a label that is older than a snapshot, from outside or out of sight, or a mistake.
    #[cold]
    #[inline(never)]
    #[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
    extern "C" fn bind_slowly(&mut self, label: Label, pos: Pos) {
        let own = label.0.wrapping_sub(self.first) as usize;
        let is_in_other_code = self.parent.is_some() || self.movable.is_some();
        if own >= self.labels.len() && is_in_other_code {
            // Whether the code around knows it is that code's to say.
            self.bound.push((label, pos));
        } else {
            let mut labels = core::mem::take(&mut self.labels);
            self.bind_among(&mut labels, own, label, pos);
            self.labels = labels;
        }
    }

    /// Binds a label, which has index `own` among `labels`.
    pub(super) fn bind_among(&mut self, labels: &mut [Option<Pos>], own: usize, label: Label, pos: Pos) {
        let at = pos.from_base();
        match labels.get_mut(own) {
            Some(state @ None) => {
                *state = Some(pos);
                if label.0 < self.watched {
                    self.watched_bound.push(label);
                }
            }
            Some(Some(_)) => self.fail_at(FinishError::BoundTwice { label, at }, pos),
            None => self.fail_at(FinishError::ForeignLabel { label, at }, pos),
        }
    }

    #[cold]
    #[inline(never)]
    #[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
    pub(crate) extern "C" fn out_of_range(&mut self, label: Label, from: Pos, distance: i64, field: F) {
        let fault = self.too_far(label, from, distance, field);
        self.note(fault);
    }

    /// The direction in which code grows.
    pub(crate) fn grows(&self) -> Grows {
        self.grows
    }

    /// The distance from `from` to `target`, if that is known; else the reference is noted, and the field is to be
    /// filled later.
    #[cfg(feature = "x64")]
    #[inline(always)]
    pub(crate) fn refer(&mut self, grows: Grows, from: Pos, field: F, target: Target) -> Option<i64> {
        if let Target::Label(label) = target
            && !field.needs_address()
            && let Some(pos) = self.pos_of(label)
        {
            let distance = grows.distance(from, pos);
            if field.reaches(distance) {
                return Some(distance);
            }
            self.out_of_range(label, from, distance, field);
        } else {
            self.pend(from, field, target);
        }
        None
    }

    /// Notes a reference that is not known yet.
    #[inline(always)]
    pub(crate) fn pend(&mut self, from: Pos, field: F, target: Target) {
        match target {
            Target::Label(label) if !field.needs_address() => self.pend_label(from, field, label),
            _ => self.pend_slowly(from, field, target),
        }
    }

    /// Notes a reference to a label, by a field that holds a distance.
    #[inline(always)]
    pub(crate) fn pend_label(&mut self, from: Pos, field: F, label: Label) {
        if self.fixups.len() < self.fixups.capacity() {
            self.fixups.push(Fixup { from, label, field, is_served: false });
        } else {
            self.pend_slowly(from, field, Target::Label(label));
        }
    }

    /// The rare cases: a symbol, or no room.
    #[cold]
    #[inline(never)]
    #[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
    extern "C" fn pend_slowly(&mut self, from: Pos, field: F, target: Target) {
        match target {
            Target::Label(label) if !field.needs_address() => {
                make_first_room(&mut self.fixups);
                self.fixups.push(Fixup { from, label, field, is_served: false });
            }
            _ => self.open.push(OpenRelocation { from, field, target }),
        }
    }

    pub(crate) fn new_late(&mut self) -> Late {
        self.late_values.push(None);
        Late(self.first_late + self.late_values.len() as u32 - 1)
    }

    pub(crate) fn set_late(&mut self, late: Late, value: i64) {
        match self.late_values.get_mut(late.0.wrapping_sub(self.first_late) as usize) {
            Some(unset @ None) => {
                *unset = Some(value);
                self.late_set.push(late);
            }
            Some(Some(_)) => self.fail(FinishError::LateSetTwice { late }),
            None if self.parent.is_some() => self.late_outside.push((late, value)),
            None => self.fail(FinishError::ForeignLate { late }),
        }
    }

    pub(crate) fn use_late(&mut self, late_use: LateUse<L>) {
        self.late_uses.push(late_use);
    }
}
