//! Labels, and who refers to them.
//!
//! Labels are numbers, handed out in order; their positions are a plain array. A reference to a label that is bound already is resolved where it is made. One that
//! is not becomes a [`Fixup`], resolved in one pass by `finish`; so finishing takes time in proportion to the fixups, and nothing is
//! searched or hashed.
//!
//! # Scopes
//!
//! A block (see [`block`](crate::block)) is placed, or moved, when it is complete, so inside it no distance to the outside is known, and positions
//! are the block's own until then. A scope does that without a test on the common path: it puts the array of positions away, so that
//! all labels from outside look pending, and starts a new one for the labels made inside. At its end positions are turned into those of
//! the surrounding scope. In a forward block not even its own labels are in sight, since their distances would count backward; they are kept *aside*.
//!
//! `// Invariant(first):` the labels of the current scope are numbered from `first` on, without gaps, and `first` is the number of labels of all scopes around it.

use crate::{
    deadline::{Deadlines, Heads, Served},
    error::FinishError,
    fixup::{Field, Fixup},
    label::{Label, Pos, Target},
    late::{Late, LateField, LateUse},
    reloc::{OpenRelocation, Relocation, RelocationTarget},
};
use alloc::vec::Vec;

/// Labels, and who refers to them.
///
/// What is out of line gets these and never the encoder, and where it happens between instructions it cannot unwind (`extern "C"`): so the compiler
/// keeps the cursor in registers.
pub(crate) struct References<F, L> {
    /// The number of the first label in `labels`.
    first: u32,
    labels: Vec<Option<Pos>>,
    /// Outside forward blocks in the order of their positions.
    pub(crate) fixups: Vec<Fixup<F>>,
    pub(crate) deadlines: Deadlines,
    open: Vec<OpenRelocation<F>>,
    late_uses: Vec<LateUse<L>>,
    late_values: Vec<Option<i64>>,
    relocations: Vec<Relocation<F>>,
    /// The scopes around the current one, the outermost first, each with what the scope inside it has collected.
    pub(crate) scopes: Vec<Scope>,
    /// The strictest alignment asked for, in bytes.
    alignment: u32,
    /// The first mistake; `finish` reports it.
    fault: Option<FinishError>,
}

/// A scope that another one stands in, and what is known of that.
pub(crate) struct Scope {
    /// This scope's labels.
    first: u32,
    labels: Vec<Option<Pos>>,
    /// The inner scope's labels, if they are kept from sight.
    aside: Option<Vec<Option<Pos>>>,
    /// Labels from further out that were bound in the inner scope.
    bound: Vec<(Label, Pos)>,
    /// Where the inner scope's references begin.
    pub(crate) since: Since,
    /// Bytes that the inner scope may be moved down, at most, when it is complete.
    #[cfg_attr(not(feature = "aarch64"), allow(dead_code, reason = "only A64 has islands"))]
    pub(crate) may_move: u32,
}

/// How many references there were.
#[derive(Clone, Copy)]
pub(crate) struct Since {
    pub(crate) fixups: usize,
    open: usize,
    late: usize,
    pub(crate) served: usize,
}

/// Whether a scope's own labels are in sight.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    Own,
    None,
}

/// A scope that was entered; its depth.
#[derive(Clone, Copy)]
pub(crate) struct Entered(usize);

/// How many labels and references there were, to go back to.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    labels: usize,
    since: Since,
    late_values: usize,
    depth: usize,
    heads: Heads,
}

impl<F: Field, L: LateField> References<F, L> {
    pub(crate) fn new() -> Self {
        References {
            first: 0,
            labels: Vec::new(),
            fixups: Vec::new(),
            deadlines: Deadlines::default(),
            open: Vec::new(),
            late_uses: Vec::new(),
            late_values: Vec::new(),
            relocations: Vec::new(),
            scopes: Vec::new(),
            alignment: 1,
            fault: None,
        }
    }

    pub(crate) fn clear(&mut self) {
        // Without the memory of the outermost scope's labels, if this is inside one; that is a mistake, which the scope's end reports.
        *self = References {
            first: 0,
            labels: emptied(core::mem::take(&mut self.labels)),
            fixups: emptied(core::mem::take(&mut self.fixups)),
            deadlines: core::mem::take(&mut self.deadlines).emptied(),
            open: emptied(core::mem::take(&mut self.open)),
            late_uses: emptied(core::mem::take(&mut self.late_uses)),
            late_values: emptied(core::mem::take(&mut self.late_values)),
            relocations: emptied(core::mem::take(&mut self.relocations)),
            scopes: emptied(core::mem::take(&mut self.scopes)),
            alignment: 1,
            fault: None,
        };
    }

    pub(crate) fn relocations(&self) -> &[Relocation<F>] {
        &self.relocations
    }

    pub(crate) fn labels(&self) -> &[Option<Pos>] {
        &self.labels
    }

    pub(crate) fn alignment(&self) -> u32 {
        self.alignment
    }

    pub(crate) fn align(&mut self, bytes: u32) {
        self.alignment = self.alignment.max(bytes);
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn pos_of(&self, label: Label) -> Option<Pos> {
        // Invariant(first): a label from outside is far beyond the end.
        self.labels.get(label.0.wrapping_sub(self.first) as usize).copied().flatten()
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
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
        let labels = match self.scopes.last_mut() {
            Some(Scope { aside: Some(aside), .. }) => aside,
            _ => &mut self.labels,
        };
        let label = Label(self.first + labels.len() as u32);
        labels.push(pos);
        label
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn bind(&mut self, label: Label, pos: Pos) {
        match self.labels.get_mut(label.0.wrapping_sub(self.first) as usize) {
            Some(state @ None) => *state = Some(pos),
            _ => self.bind_slowly(label, pos),
        }
    }

    /// The rare cases: a label from outside or out of sight, or a mistake.
    #[cold]
    #[inline(never)]
    #[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
    extern "C" fn bind_slowly(&mut self, label: Label, pos: Pos) {
        let at = pos.from_end();
        let own = label.0.wrapping_sub(self.first) as usize;
        let problem = match self.scopes.last_mut() {
            Some(scope) if label.0 < self.first => {
                scope.bound.push((label, pos));
                return;
            }
            Some(Scope { aside: Some(aside), .. }) => match aside.get_mut(own) {
                Some(state @ None) => {
                    *state = Some(pos);
                    return;
                }
                Some(Some(_)) => FinishError::BoundTwice { label, at },
                None => FinishError::ForeignLabel { label, at },
            },
            _ if own < self.labels.len() => FinishError::BoundTwice { label, at },
            _ => FinishError::ForeignLabel { label, at },
        };
        self.fail(problem);
    }

    /// Notes a mistake for `finish`, unless there is one already.
    #[cold]
    #[inline(never)]
    #[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
    pub(crate) extern "C" fn fail(&mut self, fault: FinishError) {
        self.fault.get_or_insert(fault);
    }

    #[cold]
    #[inline(never)]
    #[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
    pub(crate) extern "C" fn out_of_range(&mut self, label: Label, from: Pos, distance: i64, field: F) {
        self.fail(FinishError::OutOfRange { label, at: from.from_end(), distance, range: field.range() });
    }

    /// The distance from `from` to `target`, if that is known; else the reference is noted, and the field is to be filled later.
    #[cfg(feature = "x64")]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn refer(&mut self, from: Pos, field: F, target: Target) -> Option<i64> {
        if let Target::Label(label) = target
            && !field.needs_address()
            && let Some(pos) = self.pos_of(label)
        {
            let distance = from.distance_to(pos);
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
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn pend(&mut self, from: Pos, field: F, target: Target) {
        match target {
            Target::Label(label) if !field.needs_address() && self.fixups.len() < self.fixups.capacity() => {
                self.fixups.push(Fixup { from, label, field, is_served: false });
            }
            _ => self.pend_slowly(from, field, target),
        }
    }

    /// The rare cases: a symbol, or no room.
    #[cold]
    #[inline(never)]
    #[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
    extern "C" fn pend_slowly(&mut self, from: Pos, field: F, target: Target) {
        match target {
            Target::Label(label) if !field.needs_address() => {
                self.fixups.push(Fixup { from, label, field, is_served: false });
            }
            _ => self.open.push(OpenRelocation { from, field, target }),
        }
    }

    pub(crate) fn new_late(&mut self) -> Late {
        self.late_values.push(None);
        Late(self.late_values.len() as u32 - 1)
    }

    pub(crate) fn set_late(&mut self, late: Late, value: i64) {
        match self.late_values.get_mut(late.0 as usize) {
            Some(unset @ None) => *unset = Some(value),
            Some(Some(_)) => self.fail(FinishError::LateSetTwice { late }),
            None => self.fail(FinishError::ForeignLate { late }),
        }
    }

    pub(crate) fn use_late(&mut self, from: Pos, field: L, late: Late) {
        self.late_uses.push(LateUse { from, late, field });
    }

    /// Begins a scope, which may be moved down by so many bytes when it is complete.
    pub(crate) fn enter(&mut self, sight: Sight, may_move: u32) -> Entered {
        let inner_first = self.first + self.count() as u32;
        let since = self.since();
        let aside = (sight == Sight::None).then(Vec::new);
        let labels = core::mem::take(&mut self.labels);
        self.scopes.push(Scope { first: self.first, labels, aside, bound: Vec::new(), since, may_move });
        self.first = inner_first;
        Entered(self.scopes.len())
    }

    fn since(&self) -> Since {
        Since {
            fixups: self.fixups.len(),
            open: self.open.len(),
            late: self.late_uses.len(),
            served: self.deadlines.served.len(),
        }
    }

    /// The current scope's fixups.
    pub(crate) fn own_fixups(&self) -> core::ops::Range<usize> {
        self.scopes.last().map_or(0, |scope| scope.since.fixups)..self.fixups.len()
    }

    #[cfg(feature = "aarch64")]
    /// Exchanges the labels in sight for those around the current scope, and back.
    pub(crate) fn exchange_sight(&mut self) {
        if let Some(scope) = self.scopes.last_mut() {
            core::mem::swap(&mut self.first, &mut scope.first);
            core::mem::swap(&mut self.labels, &mut scope.labels);
        }
    }

    /// The number of the current scope's labels.
    fn count(&self) -> usize {
        match self.scopes.last() {
            Some(Scope { aside: Some(aside), .. }) => aside.len(),
            _ => self.labels.len(),
        }
    }

    /// Ends a scope: `position` turns its positions into those of the scope around it, and `origin` those that fields are measured from.
    pub(crate) fn leave(&mut self, entered: Entered, position: impl Fn(Pos) -> Pos, origin: impl Fn(Pos) -> Pos) {
        if self.scopes.len() != entered.0 {
            return self.fail(FinishError::ClearedInBlock);
        }
        // Invariant(first) held for the depth, so there is one.
        let Some(Scope { first, labels, aside, bound, since, may_move: _ }) = self.scopes.pop() else { return };
        let own = core::mem::replace(&mut self.labels, labels);
        self.first = first;
        let outer = match self.scopes.last_mut() {
            Some(Scope { aside: Some(aside), .. }) => aside,
            _ => &mut self.labels,
        };
        outer.extend(aside.unwrap_or(own).into_iter().map(|pos| pos.map(&position)));
        for (label, pos) in bound {
            self.bind(label, position(pos));
        }
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
    }

    pub(crate) fn extent(&self) -> Extent {
        Extent {
            labels: self.count(),
            since: self.since(),
            late_values: self.late_values.len(),
            depth: self.scopes.len(),
            heads: self.deadlines.heads,
        }
    }

    /// Forgets what came after `extent`: `is_later` tells the positions of that. `false` if it was not taken here.
    pub(crate) fn truncate(&mut self, extent: Extent, is_later: impl Fn(Pos) -> bool) -> bool {
        let Extent { labels, since, late_values, depth, heads } = extent;
        let now = self.extent();
        let is_shorter = labels <= now.labels
            && since.fixups <= now.since.fixups
            && since.open <= now.since.open
            && since.late <= now.since.late
            && since.served <= now.since.served
            && late_values <= now.late_values;
        if !is_shorter || depth != self.scopes.len() {
            return false;
        }
        for served in self.deadlines.served.drain(since.served..) {
            self.fixups[served.fixup].is_served = false;
        }
        self.deadlines.heads = heads;
        self.deadlines.after_data = None;
        self.fixups.truncate(since.fixups);
        self.open.truncate(since.open);
        self.late_uses.truncate(since.late);
        self.late_values.truncate(late_values);
        let own = match self.scopes.last_mut() {
            Some(scope) => {
                scope.bound.retain(|&(_, pos)| !is_later(pos));
                scope.aside.as_mut().unwrap_or(&mut self.labels)
            }
            None => &mut self.labels,
        };
        own.truncate(labels);
        for label in own {
            label.take_if(|pos| is_later(*pos));
        }
        true
    }

    /// Fills the fields of all references, and turns what stays open into relocations.
    pub(crate) fn resolve(&mut self, code: &mut [u8]) -> Result<(), FinishError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if !self.scopes.is_empty() {
            return Err(FinishError::OpenBlock);
        }
        for &Fixup { from, label, field, is_served } in &self.fixups {
            let Some(pos) = self.pos_of(label) else { return Err(self.unresolved(label, from)) };
            let distance = from.distance_to(pos);
            if !field.reaches(distance) {
                if is_served {
                    continue;
                }
                return Err(FinishError::OutOfRange { label, at: from.from_end(), distance, range: field.range() });
            }
            field.write(code, code.len().wrapping_sub(from.from_end() as usize), distance);
        }
        if !self.deadlines.served.is_empty() {
            self.fill_served(code)?;
        }
        self.relocations.clear();
        if !self.open.is_empty() {
            self.relocate(code.len())?;
        }
        if !self.late_uses.is_empty() {
            self.fill_late(code)?;
        }
        Ok(())
    }

    /// Leads what does not reach its label to the island that serves it.
    #[cold]
    fn fill_served(&self, code: &mut [u8]) -> Result<(), FinishError> {
        for &Served { fixup, to } in &self.deadlines.served {
            let Fixup { from, label, field, .. } = self.fixups[fixup];
            let Some(pos) = self.pos_of(label) else { return Err(self.unresolved(label, from)) };
            let direct = from.distance_to(pos);
            if field.reaches(direct) {
                continue;
            }
            let distance = from.distance_to(to);
            if !field.reaches(distance) {
                return Err(FinishError::OutOfRange {
                    label,
                    at: from.from_end(),
                    distance: direct,
                    range: field.range(),
                });
            }
            field.write(code, code.len().wrapping_sub(from.from_end() as usize), distance);
        }
        Ok(())
    }

    /// Turns what is open into relocations, in code of `len` bytes.
    #[cold]
    fn relocate(&mut self, len: usize) -> Result<(), FinishError> {
        let offset = |pos: Pos| len - pos.from_end() as usize;
        for &OpenRelocation { from, field, target } in &self.open {
            let target = match target {
                Target::Symbol(symbol) => RelocationTarget::Symbol(symbol),
                Target::Label(label) => match self.pos_of(label) {
                    Some(pos) => RelocationTarget::Offset(offset(pos)),
                    None => return Err(self.unresolved(label, from)),
                },
            };
            self.relocations.push(Relocation { from: offset(from), field, target });
        }
        Ok(())
    }

    #[cold]
    fn fill_late(&mut self, code: &mut [u8]) -> Result<(), FinishError> {
        for &LateUse { from, late, field } in &self.late_uses {
            let at = from.from_end();
            let value = match self.late_values.get(late.0 as usize) {
                Some(Some(value)) => *value,
                Some(None) => return Err(FinishError::LateUnset { late, at }),
                None => return Err(FinishError::ForeignLate { late }),
            };
            let range = field.range();
            if !range.holds(value) {
                return Err(FinishError::LateOutOfRange { late, at, value, range });
            }
            if !field.replace(code, code.len().wrapping_sub(at as usize), value) {
                return Err(FinishError::LateMisplaced { late, at });
            }
        }
        Ok(())
    }

    /// What is wrong with a label that has no position.
    #[cold]
    fn unresolved(&self, label: Label, from: Pos) -> FinishError {
        let at = from.from_end();
        match self.labels.get(label.0 as usize) {
            Some(_) => FinishError::UnboundLabel { label, at },
            None => FinishError::ForeignLabel { label, at },
        }
    }
}

fn emptied<T>(mut vec: Vec<T>) -> Vec<T> {
    vec.clear();
    vec
}
