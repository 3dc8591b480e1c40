//! Labels out of sight: what is placed meanwhile refers to none that is bound, so that each reference is noted, and can
//! be looked at.

use super::{References as All, extent::Since};
use crate::{
    encoder::late::LateField,
    error::FinishError,
    references::{fixup::Field, label::Pos},
};
use alloc::vec::Vec;

/// The labels that are out of sight, and how many references there were.
pub(crate) struct Hidden {
    labels: Vec<Option<Pos>>,
    /// Whether it was so before.
    kept_references: bool,
    /// The number of the first one made meanwhile.
    first: u32,
    since: Since,
    home: usize,
    /// What is written meanwhile, a part by itself: snapshots from before or after are not of it.
    part: u64,
    outer_part: u64,
    outer_began: u64,
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
        let (outer_part, outer_began) = (self.part, self.began);
        self.part = self.next_number();
        self.began = self.part;
        let kept_references = core::mem::replace(&mut self.keeps_references, true);
        let (first, since, home, part) = (self.first, self.since(), self.home, self.part);
        Hidden { labels, kept_references, first, since, home, part, outer_part, outer_began }
    }

    /// Brings them back. If that cannot be, since the encoder was cleared meanwhile, or exchanged, or what was placed
    /// before was settled, it is a mistake.
    pub(crate) fn show_labels(&mut self, hidden: Hidden) -> References<F> {
        let Hidden { mut labels, kept_references, first, since, home, part, outer_part, outer_began } = hidden;
        if (first, home, part) != (self.first, self.home, self.part) {
            self.fail(FinishError::ClearedInBlock);
            return References::Several;
        }
        self.keeps_references = kept_references;
        (self.part, self.began) = (outer_part, outer_began);
        self.first -= labels.len() as u32;
        labels.append(&mut self.labels);
        self.labels = labels;
        match (&self.fixups[since.fixups..], &self.open[since.open..]) {
            ([], []) => References::None,
            ([fixup], []) => References::One(fixup.from, fixup.field),
            ([], [open]) => References::One(open.from, open.field),
            _ => References::Several,
        }
    }
}
