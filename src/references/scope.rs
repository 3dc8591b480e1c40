//! The scopes of blocks.
//!
//! A block (see [`block`](crate::block)) is placed, or moved, when it is complete, so inside it no distance to the outside is known, and positions
//! are the block's own until then. A scope does that without a test on the common path: it puts the array of positions away, so that
//! all labels from outside look pending, and starts a new one for the labels made inside. At its end positions are turned into those of
//! the surrounding scope. In a forward block not even its own labels are in sight, since their distances would count backward; they are kept *aside*.
//!
//! `// Invariant(first):` the labels of the current scope are numbered from `first` on, without gaps, and `first` is the number of labels of all scopes around it.

use super::References;
#[cfg(feature = "x64")]
use crate::label::Label;
use crate::{data_ranges::Length, fixup::Field, label::Pos, late::LateField};
use alloc::vec::Vec;

/// A scope that another one stands in, and what is known of that.
pub(crate) struct Scope {
    number: u64,
    began: u64,
    /// This scope's labels.
    first: u32,
    labels: Vec<Option<Pos>>,
    /// The inner scope's labels, if they are kept from sight.
    aside: Option<Vec<Option<Pos>>>,
    /// Where the inner scope begins, and its references.
    start: Pos,
    pub(crate) since: Since,
    /// Bytes that the inner scope may be moved down, at most, when it is complete.
    pub(crate) may_move: u32,
}

/// How many references there were, and how much else that is listed in the order of time.
#[derive(Clone, Copy)]
pub(crate) struct Since {
    pub(crate) fixups: usize,
    pub(super) open: usize,
    pub(super) late: usize,
    pub(crate) served: usize,
    pub(super) bound: usize,
    pub(super) watched_bound: usize,
    pub(super) data: Length,
}

/// Whether a scope's own labels are in sight.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    Own,
    None,
}

/// A scope of one encoder.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    home: usize,
    number: u64,
}

/// An aligned block's scope that begins anew.
#[derive(Clone, Copy)]
pub(crate) struct Suspended {
    number: u64,
    pub(crate) may_move: u32,
}

impl<F: Field, L: LateField> References<F, L> {
    /// Begins a scope at a position, which may be moved down by so many bytes when it is complete.
    pub(crate) fn enter(&mut self, sight: Sight, start: Pos, may_move: u32) -> Identity {
        let number = self.next_number();
        self.enter_as(number, sight, start, may_move);
        self.identity()
    }

    fn enter_as(&mut self, number: u64, sight: Sight, start: Pos, may_move: u32) {
        let since = self.since();
        let inner_first = self.first + self.own_labels().len() as u32;
        let empty = self.spare_labels.pop().unwrap_or_default();
        let (inner, aside) = match sight {
            Sight::Own => (empty, None),
            // Without capacity, so that nothing is ever put there.
            Sight::None => (Vec::new(), Some(empty)),
        };
        let (first, labels, began) = (inner_first, inner, self.last_number);
        let mut scope = Scope { number, began, first, labels, aside, start, since, may_move };
        self.exchange(&mut scope);
        self.scopes.push(scope);
    }

    pub(super) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// The current scope.
    pub(super) fn identity(&self) -> Identity {
        Identity { home: self.home, number: self.scope }
    }

    /// Whether this is the current scope, of this encoder.
    pub(crate) fn is_in(&self, entered: Identity) -> bool {
        entered == self.identity()
    }

    pub(super) fn since(&self) -> Since {
        Since {
            fixups: self.fixups.len(),
            open: self.open.len(),
            late: self.late_uses.len(),
            served: self.deadlines.served.len(),
            bound: self.bound.len(),
            watched_bound: self.watched_bound.len(),
            data: self.data.length(),
        }
    }

    /// The current scope's fixups.
    pub(crate) fn own_fixups(&self) -> core::ops::Range<usize> {
        self.scopes.last().map_or(0, |scope| scope.since.fixups)..self.fixups.len()
    }

    /// Places something outside the current scope, which is complete: `f` sees what there is without it.
    #[cfg(feature = "aarch64")]
    pub(crate) fn outside<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
        let Some(mut scope) = self.scopes.pop() else { return f(self) };
        self.exchange(&mut scope);
        let fixups = self.fixups.split_off(scope.since.fixups);
        let open = self.open.split_off(scope.since.open);
        let late_uses = self.late_uses.split_off(scope.since.late);
        let bound = self.bound.split_off(scope.since.bound);
        let data = self.data.split_off(scope.since.data);
        let result = f(self);
        scope.since = self.since();
        self.fixups.extend(fixups);
        self.open.extend(open);
        self.late_uses.extend(late_uses);
        self.bound.extend(bound);
        self.data.append(data);
        self.exchange(&mut scope);
        self.scopes.push(scope);
        result
    }

    /// Exchanges what is the current scope's and what is of the one around it.
    fn exchange(&mut self, scope: &mut Scope) {
        core::mem::swap(&mut self.first, &mut scope.first);
        core::mem::swap(&mut self.labels, &mut scope.labels);
        core::mem::swap(&mut self.scope, &mut scope.number);
        core::mem::swap(&mut self.began, &mut scope.began);
    }

    /// The bytes from `from` up to a label outside of aligned blocks, as if these had been moved as far as they may be; `None` if the label is not bound
    /// there, or a forward block lies between.
    #[cfg(feature = "x64")]
    #[cold]
    #[inline(never)]
    pub(crate) fn most_bytes_up(&self, from: Pos, label: Label) -> Option<i64> {
        let mut moves = 0;
        for scope in self.scopes.iter().rev() {
            if scope.aside.is_some() {
                return None;
            }
            moves += i64::from(scope.may_move);
            if let Some(own) = label.0.checked_sub(scope.first) {
                let pos = scope.labels.get(own as usize).copied().flatten()?;
                return Some(from.distance_to(pos) + moves);
            }
        }
        None
    }

    /// The current scope's labels, in sight or aside.
    pub(super) fn own_labels(&self) -> &Vec<Option<Pos>> {
        self.scopes.last().and_then(|scope| scope.aside.as_ref()).unwrap_or(&self.labels)
    }

    pub(super) fn own_labels_mut(&mut self) -> &mut Vec<Option<Pos>> {
        self.scopes.last_mut().and_then(|scope| scope.aside.as_mut()).unwrap_or(&mut self.labels)
    }

    /// Ends the current scope: `position` turns its positions into those of the scope around it, and `origin` those that fields are measured
    /// from. Gives the position where the scope began.
    pub(crate) fn leave(&mut self, position: impl Fn(Pos) -> Pos, origin: impl Fn(Pos) -> Pos) -> Option<Pos> {
        let mut scope = self.scopes.pop()?;
        self.exchange(&mut scope);
        let Scope { labels: own, aside, start, since, .. } = scope;
        let mut inner = aside.unwrap_or(own);
        self.own_labels_mut().extend(inner.drain(..).map(|pos| pos.map(&position)));
        self.spare_labels.push(inner);
        // Binding adds those to the list again that are from further out.
        let inside = since.bound..self.bound.len();
        for index in inside.clone() {
            let (label, pos) = self.bound[index];
            self.bind(label, position(pos));
        }
        self.bound.drain(inside);
        for fixup in &mut self.fixups[since.fixups..] {
            fixup.from = origin(fixup.from);
        }
        for served in &mut self.deadlines.served[since.served..] {
            served.to = position(served.to);
        }
        for open in &mut self.open[since.open..] {
            open.from = origin(open.from);
        }
        for late in &mut self.late_uses[since.late..] {
            late.from = origin(late.from);
        }
        self.data.place_since(since.data, &position);
        Some(start)
    }

    /// How many blocks are open.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn depth(&self) -> usize {
        self.scopes.len()
    }

    /// Ends an aligned block's scope, for it to begin anew below what is placed so far and must not be moved.
    pub(crate) fn suspend(&mut self) -> Option<Suspended> {
        let number = self.scope;
        let may_move = self.scopes.last()?.may_move;
        self.leave(|pos| pos, |pos| pos)?;
        Some(Suspended { number, may_move })
    }

    /// Begins such a scope anew.
    pub(crate) fn resume(&mut self, Suspended { number, may_move }: Suspended, start: Pos) {
        self.enter_as(number, Sight::Own, start, may_move);
    }
}
