//! Labels out of sight: what is placed meanwhile refers to none that is bound, so that each reference is noted, and can be looked at.

use super::References as All;
use crate::{
    encoder::late::LateField,
    references::{fixup::Field, label::Pos},
};
use alloc::vec::Vec;

/// The labels that are out of sight, and how many references there were.
pub(crate) struct Hidden {
    labels: Vec<Option<Pos>>,
    fixups: usize,
    open: usize,
}

/// What was referred to meanwhile.
pub(crate) enum References<F> {
    None,
    /// Once: where the field is measured from, and which one it is.
    One(Pos, F),
    Several,
}

impl<F: Field, L: LateField> All<F, L> {
    /// Takes all labels out of sight.
    pub(crate) fn hide_labels(&mut self) -> Hidden {
        let labels = core::mem::take(&mut self.labels);
        self.first += labels.len() as u32;
        Hidden { labels, fixups: self.fixups.len(), open: self.open.len() }
    }

    /// Brings them back.
    pub(crate) fn show_labels(&mut self, hidden: Hidden) -> References<F> {
        let Hidden { mut labels, fixups, open } = hidden;
        self.first -= labels.len() as u32;
        labels.append(&mut self.labels);
        self.labels = labels;
        match (&self.fixups[fixups..], &self.open[open..]) {
            ([], []) => References::None,
            ([fixup], []) => References::One(fixup.from, fixup.field),
            ([], [open]) => References::One(open.from, open.field),
            _ => References::Several,
        }
    }
}
