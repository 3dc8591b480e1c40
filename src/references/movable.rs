//! Code that may still be moved: an aligned block in the making.
//!
//! The head of a loop that is written downward is aligned when it is reached; then the loop is moved down as a whole
//! (see [`blocks`](crate::encoder::blocks)). Until then no distance between inside and outside is known. The rule that
//! keeps this simple:
//!
//! > What may be moved is one piece of code: what was placed since the innermost aligned block began, or since something was aligned in it. All before that has its place for good.
//!
//! So when an aligned block begins inside another, or something in it is aligned, what has been placed so far is *settled*:
//! it will not move, and the gap of the block around will lie below it. There is never more than one movable piece,
//! however deep blocks are nested, and each label is settled once.
//!
//! On the common path nothing tests for this: the array of positions is put away as the *ground*, so that all labels
//! outside of the movable piece look pending, and a new one is begun for the labels made in it.

use super::{References, extent::Since};
#[cfg(feature = "x64")]
use crate::references::label::Label;
use crate::{
    encoder::late::LateField,
    references::{fixup::Field, label::Pos},
};
use alloc::{boxed::Box, vec::Vec};

/// The movable piece of code, and what is out of sight meanwhile.
pub(crate) struct Movable {
    /// The number of the first label in `ground`.
    ground_first: u32,
    /// The labels before those of the movable piece.
    ground: Vec<Option<Pos>>,
    /// Where it begins.
    start: Pos,
    /// How much of everything lies outside.
    pub(super) since: Since,
    /// Bytes that it may be moved, at most.
    pub(crate) max_shift: u32,
    /// How many aligned blocks are open, and how many fixups there were before the outermost one.
    depth: u32,
    outermost_fixups: usize,
}

impl Movable {
    /// Nothing, to be kept for its memory.
    fn unused(since: Since) -> Self {
        Movable {
            ground_first: 0,
            ground: Vec::new(),
            start: Pos::at(0),
            since,
            max_shift: 0,
            depth: 0,
            outermost_fixups: 0,
        }
    }
}

/// An aligned block that has begun.
#[derive(Clone, Copy)]
pub(crate) struct Entered {
    home: usize,
    part: u64,
    /// What is current again when it ends.
    outer_part: u64,
    outer_began: u64,
    outer_max_shift: u32,
}

impl<F: Field, L: LateField> References<F, L> {
    /// Begins an aligned block at a position, which may be moved by so many bytes when it is complete.
    pub(crate) fn begin_movable(&mut self, start: Pos, max_shift: u32) -> Entered {
        self.settle(start);
        let (outer_part, outer_began) = (self.part, self.began);
        let outer_max_shift = self.movable.as_ref().map_or(0, |movable| movable.max_shift);
        self.part = self.next_number();
        self.began = self.part;
        match &mut self.movable {
            Some(movable) => {
                movable.max_shift = max_shift;
                movable.depth += 1;
            }
            None => {
                let (ground_first, since) = (self.first, self.since());
                self.first += self.labels.len() as u32;
                let mut movable = self.spare_movable.take().unwrap_or_else(|| Box::new(Movable::unused(since)));
                let emptied = core::mem::take(&mut movable.ground);
                let ground = core::mem::replace(&mut self.labels, emptied);
                *movable =
                    Movable { ground_first, ground, start, since, max_shift, depth: 1, outermost_fixups: since.fixups };
                self.movable = Some(movable);
            }
        }
        Entered { home: self.home, part: self.part, outer_part, outer_began, outer_max_shift }
    }

    /// Whether the block is the innermost one that is open.
    pub(crate) fn is_in(&self, entered: &Entered) -> bool {
        self.home == entered.home && self.part == entered.part && self.movable.is_some()
    }

    /// Whether code may still be moved.
    #[cfg(feature = "x64")]
    #[inline(always)]
    pub(crate) fn is_movable(&self) -> bool {
        self.movable.is_some()
    }

    /// Where the movable piece begins.
    pub(crate) fn movable_start(&self) -> Option<Pos> {
        self.movable.as_ref().map(|movable| movable.start)
    }

    /// Bytes that the innermost aligned block may be moved.
    pub(crate) fn max_shift(&self) -> u32 {
        self.movable.as_ref().map_or(0, |movable| movable.max_shift)
    }

    /// The fixups of the movable piece; of all the code if there is none.
    pub(crate) fn movable_fixups(&self) -> core::ops::Range<usize> {
        self.movable.as_ref().map_or(0, |movable| movable.since.fixups)..self.fixups.len()
    }

    /// Settles what has been placed so far: it will not be moved any more.
    pub(crate) fn settle(&mut self, here: Pos) {
        let Some(mut movable) = self.movable.take() else { return };
        movable.ground.append(&mut self.labels);
        self.first = movable.ground_first + movable.ground.len() as u32;
        for index in movable.since.bound..self.bound.len() {
            let (label, pos) = self.bound[index];
            let own = label.0.wrapping_sub(movable.ground_first) as usize;
            if own >= movable.ground.len() && self.parent.is_some() {
                // The surrounding encoder's, as far as is known here.
                self.bound[movable.since.bound] = (label, pos);
                movable.since.bound += 1;
            } else {
                self.bind_among(&mut movable.ground, own, label, pos);
            }
        }
        self.bound.truncate(movable.since.bound);
        movable.start = here;
        movable.since = self.since();
        self.began = self.last_number;
        self.movable = Some(movable);
    }

    /// Ends an aligned block whose movable piece has been moved by so many bytes, down to `here`. Gives the fixups
    /// whose labels have come into sight, or may have moved.
    pub(crate) fn end_movable(&mut self, entered: &Entered, shift: u32, here: Pos) -> core::ops::Range<usize> {
        let mut fixups = self.movable_fixups();
        if shift > 0
            && let Some(movable) = &self.movable
        {
            let (since, start) = (movable.since, movable.start);
            let moved = |pos: Pos| pos.ahead(shift);
            self.move_fault(start, moved);
            self.labels.iter_mut().flatten().for_each(|pos| *pos = moved(*pos));
            self.bound[since.bound..].iter_mut().for_each(|(_, pos)| *pos = moved(*pos));
            self.fixups[since.fixups..].iter_mut().for_each(|fixup| fixup.from = moved(fixup.from));
            self.deadlines.served[since.served..].iter_mut().for_each(|served| served.to = moved(served.to));
            self.open[since.open..].iter_mut().for_each(|open| open.from = moved(open.from));
            for late in &mut self.late_uses[since.late..] {
                (late.earlier, late.later, late.at) = (moved(late.earlier), moved(late.later), moved(late.at));
            }
            self.data.place_since(since.data, moved);
        }
        self.settle(here);
        if let Some(mut movable) = self.movable.take() {
            movable.depth -= 1;
            movable.max_shift = entered.outer_max_shift;
            self.part = entered.outer_part;
            if movable.depth == 0 {
                fixups.start = movable.outermost_fixups;
                self.began = entered.outer_began;
                self.first = movable.ground_first;
                core::mem::swap(&mut self.labels, &mut movable.ground);
                self.spare_movable = Some(movable);
            } else {
                self.movable = Some(movable);
            }
        }
        fixups
    }

    /// The bytes from `from` up to a label that lies above the movable piece, when that has been moved as far as it may
    /// be; `None` if the label is not bound there.
    #[cfg(feature = "x64")]
    #[cold]
    #[inline(never)]
    pub(crate) fn most_bytes_up(&self, from: Pos, label: Label) -> Option<i64> {
        let movable = self.movable.as_ref()?;
        let own = label.0.wrapping_sub(movable.ground_first) as usize;
        let pos = movable.ground.get(own).copied().flatten()?;
        Some(self.grows.distance(from, pos) + i64::from(movable.max_shift))
    }
}
