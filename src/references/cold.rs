//! What cold parts leave with the encoder: see [`cold`](crate::encoder::cold).
//!
//! All cold parts of an encoder are written into one piece of code, one after the other, by references of its own.
//! While a part is open these are a block's. When it ends, its labels become pending labels of the code around it, so
//! that they have numbers there, and with their positions they join what the cold code has bound of outside: it owns no
//! label then, and the next part can begin with other numbers.
//!
//! Cold code is placed as it stands: what lies at a position comes to lie as far from where the first waiting part
//! begins. It is copied, and stays where it was, so that going back to before it was placed is forgetting that it was.
//!
//! A snapshot of the code around counts in how many *states* cold code has been, of those that a snapshot may go back
//! to. The state is noted at the first change after a snapshot; so the note is made once for each snapshot that such a
//! change follows, and a snapshot costs nothing here.

use super::{
    References,
    block::Parent,
    deadline::{REACHES, Served},
    extent::{Extent, Since},
};
use crate::{
    bytes::resting::Resting,
    code::relocation::OpenRelocation,
    direction::Grows,
    encoder::late::{LateField, LateUse},
    references::{
        fixup::{Field, Fixup},
        label::{Label, Pos},
    },
};
use alloc::{boxed::Box, vec::Vec};

/// The cold code of an encoder, between its parts.
pub(crate) struct Cold<F, L> {
    pub(crate) code: Resting,
    pub(crate) references: Box<References<F, L>>,
    pub(crate) history: History,
}

/// What part of cold code waits for its place, and what was so before.
pub(crate) struct History {
    waiting: Waiting,
    states: Vec<State>,
    /// Whether there may be a snapshot that is newer than the last state noted.
    is_watched: bool,
}

/// The parts that wait for their place.
#[derive(Clone, Copy)]
struct Waiting {
    parts: usize,
    /// Where the first one begins.
    from: Pos,
    since: Since,
}

/// All that may change in cold code.
#[derive(Clone, Copy)]
struct State {
    pos: Pos,
    deadline: usize,
    extent: Extent,
    waiting: Waiting,
}

impl History {
    fn new<F: Field, L: LateField>(references: &References<F, L>) -> Self {
        let waiting = Waiting { parts: 0, from: Pos::at(0), since: references.since() };
        History { waiting, states: Vec::new(), is_watched: true }
    }
}

impl<F: Field, L: LateField> Cold<F, L> {
    fn new(grows: Grows) -> Self {
        let references = Box::new(References { is_cold: true, ..References::numbered(grows, 0) });
        Cold { code: Resting::empty(grows), history: History::new(&references), references }
    }

    pub(super) fn clear(&mut self) {
        self.code.clear();
        self.references.clear();
        self.references.is_cold = true;
        let states = core::mem::take(&mut self.history.states);
        self.history = History { states, ..History::new(&self.references) };
        self.history.states.clear();
    }

    pub(super) fn grows(&self) -> Grows {
        self.references.grows
    }

    /// Whether something waits for its place.
    pub(super) fn is_waiting(&self) -> bool {
        self.history.waiting.parts > 0
    }

    /// In how many states it has been. One who knows that may go back.
    pub(super) fn states(&mut self) -> usize {
        self.history.is_watched = true;
        self.history.states.len()
    }

    /// Notes the state before something changes, if one may go back to it.
    fn note_state(&mut self) {
        if core::mem::take(&mut self.history.is_watched) {
            let (pos, deadline) = (self.code.pos(), self.code.deadline());
            let (extent, waiting) = (self.references.extent(), self.history.waiting);
            self.history.states.push(State { pos, deadline, extent, waiting });
        }
    }

    /// Goes back to when it had been in so many states.
    pub(super) fn go_back(&mut self, states: usize) {
        let Some(&State { pos, deadline, extent, waiting }) = self.history.states.get(states) else { return };
        self.history.states.truncate(states);
        self.history.waiting = waiting;
        self.history.is_watched = true;
        self.references.cut(&extent);
        self.code.truncate(pos);
        self.code.set_deadline(deadline);
    }

    /// The alignment that the parts that wait ask for.
    pub(crate) fn alignment(&self) -> u32 {
        self.references.alignment
    }

    /// Where the first one begins.
    pub(crate) fn begin(&self) -> Pos {
        self.history.waiting.from
    }

    /// The bytes of those that wait, or their number if memory cannot hold them.
    pub(crate) fn waiting_code(&mut self) -> Result<&[u8], usize> {
        self.code.code_since(self.history.waiting.from)
    }

    /// Nothing waits any more.
    fn all_are_placed(&mut self) {
        self.history.waiting = Waiting { parts: 0, from: self.code.pos(), since: self.references.since() };
        // What comes due from now on is another's business.
        self.references.deadlines.heads = [self.references.fixups.len(); REACHES];
        self.references.alignment = 1;
    }
}

impl<F: Field, L: LateField> References<F, L> {
    /// The direction of cold code: that of the outermost encoder.
    pub(crate) fn cold_grows(&self) -> Grows {
        self.common.as_ref().map_or(self.grows, |common| common.grows)
    }

    /// Whether there are cold parts that this code may place: not in a block, which is placed whole.
    pub(crate) fn has_waiting_cold(&self) -> bool {
        // While a block is open that has its own, what is here may be of the other direction.
        let is_ours = |cold: &Cold<F, L>| cold.is_waiting() && cold.grows() == self.grows;
        !self.shares_common() && self.cold().is_some_and(is_ours)
    }

    /// Whether constants of cold code wait for their place.
    pub(crate) fn has_waiting_constants_in_cold(&self) -> bool {
        self.cold().is_some_and(|cold| cold.references.has_waiting_constants())
    }

    fn cold(&self) -> Option<&Cold<F, L>> {
        self.common.as_ref()?.cold.as_ref()
    }

    /// Begins a cold part.
    pub(crate) fn begin_cold(&mut self) -> Cold<F, L> {
        let common = self.common();
        let grows = common.grows;
        let mut cold = common.cold.take().unwrap_or_else(|| Cold::new(grows));
        cold.note_state();
        let block = self.open_block();
        self.number_block(&mut cold.references);
        // None of the constants outside wait in its pool.
        cold.references.parent = Some(Parent { home: self.home, block, waiting_bytes: 0 });
        cold
    }

    /// Ends the cold part that is open, and complete.
    pub(crate) fn end_cold(&mut self, mut cold: Cold<F, L>) {
        let part = &mut *cold.references;
        self.open_block = None;
        part.parent = None;
        // Before what is seen to be wrong only here: that came later.
        self.take_over_fault_of_cold(part);
        self.labels.resize(self.labels.len() + part.labels.len(), None);
        let labels = (part.first..).map(Label).zip(part.labels.drain(..));
        part.bound.extend(labels.filter_map(|(label, pos)| Some((label, pos?))));
        self.late_values.append(&mut part.late_values);
        self.late_set.append(&mut part.late_set);
        for (late, value) in part.late_outside.drain(..) {
            self.set_late(late, value);
        }
        self.has_lost_numbers |= core::mem::take(&mut part.has_lost_numbers);
        part.forget_snapshots();
        // What was placed by cold parts inside is here now.
        if let Some(common) = &mut part.common {
            common.cold = None;
        }
        cold.history.waiting.parts += 1;
        self.common().cold = Some(cold);
    }

    /// Takes cold code away, to place it.
    pub(crate) fn take_cold(&mut self) -> Option<Cold<F, L>> {
        let mut cold = self.common.as_mut()?.cold.take()?;
        cold.note_state();
        Some(cold)
    }

    /// Takes over what cold parts have that were placed from `base` on, and keeps them. Gives the range of their
    /// fixups.
    pub(crate) fn take_over_cold(&mut self, mut cold: Cold<F, L>, base: Pos) -> core::ops::Range<usize> {
        let Waiting { from: begin, since, .. } = cold.history.waiting;
        let part = &*cold.references;
        let place = |pos: Pos| base.ahead(pos.from_base().saturating_sub(begin.from_base()));
        let first_fixup = self.fixups.len();
        let fixups = part.fixups[since.fixups..].iter();
        self.fixups.extend(fixups.map(|fixup| Fixup { from: place(fixup.from), ..*fixup }));
        let served = part.deadlines.served[since.served..].iter();
        self.deadlines.served.extend(
            served.map(|&Served { fixup, to }| Served { fixup: first_fixup + (fixup - since.fixups), to: place(to) }),
        );
        let open = part.open[since.open..].iter();
        self.open.extend(open.map(|open| OpenRelocation { from: place(open.from), ..*open }));
        let late_uses = part.late_uses[since.late..].iter();
        self.late_uses.extend(late_uses.map(|late| LateUse {
            earlier: place(late.earlier),
            later: place(late.later),
            at: place(late.at),
            ..*late
        }));
        for &(label, pos) in &part.bound[since.bound..] {
            self.bind(label, place(pos));
        }
        self.place_fault_of_cold(place);
        let first = self.movable.as_ref().map(|movable| movable.since.data);
        self.data.take_over_since(first, &part.data, since.data, begin, place);
        cold.all_are_placed();
        self.common().cold = Some(cold);
        first_fixup..self.fixups.len()
    }
}
