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
    pool::Pool,
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
    /// The late immediates that have values, in the order in which they got them.
    late_set: Vec<Late>,
    relocations: Vec<Relocation<F>>,
    pub(crate) pool: Pool,
    /// The scopes around the current one, the outermost first, each with what the scope inside it has collected.
    pub(crate) scopes: Vec<Scope>,
    /// The number of the current scope, and the last number given: to scopes and snapshots, none twice.
    scope: u64,
    last_number: u64,
    /// Labels from outside a scope that were bound in it.
    bound: Vec<(Label, Pos)>,
    /// The numbers of the snapshots that one can go back to.
    snapshots: Vec<u64>,
    /// For each snapshot, one after the other, the labels that were bound at its very position.
    bound_at_snapshot: Vec<Label>,
    /// Emptied arrays of labels, kept for their memory.
    spare_labels: Vec<Vec<Option<Pos>>>,
    /// The strictest alignment asked for, in bytes.
    alignment: u32,
    /// The first mistake; `finish` reports it.
    fault: Option<FinishError>,
}

/// A scope that another one stands in, and what is known of that.
pub(crate) struct Scope {
    number: u64,
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
    open: usize,
    late: usize,
    pub(crate) served: usize,
    bound: usize,
    snapshots: usize,
    bound_at_snapshot: usize,
}

/// Whether a scope's own labels are in sight.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    Own,
    None,
}

/// A scope or a snapshot of one encoder: the address of its references, and a number that they gave.
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
    pub(crate) fn new() -> Self {
        References {
            first: 0,
            labels: Vec::new(),
            fixups: Vec::new(),
            deadlines: Deadlines::default(),
            open: Vec::new(),
            late_uses: Vec::new(),
            late_values: Vec::new(),
            late_set: Vec::new(),
            relocations: Vec::new(),
            pool: Pool::new(),
            scopes: Vec::new(),
            scope: 0,
            last_number: 0,
            bound: Vec::new(),
            snapshots: Vec::new(),
            bound_at_snapshot: Vec::new(),
            spare_labels: Vec::new(),
            alignment: 1,
            fault: None,
        }
    }

    pub(crate) fn clear(&mut self) {
        // A number of its own tells what was cleared from what comes now.
        let number = self.next_number();
        let References {
            first,
            labels,
            fixups,
            deadlines,
            open,
            late_uses,
            late_values,
            late_set,
            relocations,
            pool,
            scopes,
            scope,
            last_number: _,
            bound,
            snapshots,
            bound_at_snapshot,
            spare_labels: _,
            alignment,
            fault,
        } = self;
        *first = 0;
        // Inside a block these are the block's, and the outermost scope's memory is lost; that is a mistake, which the block's end reports.
        labels.clear();
        fixups.clear();
        deadlines.clear();
        open.clear();
        late_uses.clear();
        late_values.clear();
        late_set.clear();
        relocations.clear();
        pool.clear();
        scopes.clear();
        *scope = number;
        bound.clear();
        snapshots.clear();
        bound_at_snapshot.clear();
        *alignment = 1;
        *fault = None;
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

    /// Whether the label is one of this encoder's, as far as its number tells.
    #[cfg(feature = "dynasm")]
    pub(crate) fn knows(&self, label: Label) -> bool {
        (label.0 as usize) < self.first as usize + self.own_labels().len()
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
        let label = Label(self.first + self.own_labels().len() as u32);
        self.own_labels_mut().push(pos);
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
            Some(_) if label.0 < self.first => {
                self.bound.push((label, pos));
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
            Some(unset @ None) => {
                *unset = Some(value);
                self.late_set.push(late);
            }
            Some(Some(_)) => self.fail(FinishError::LateSetTwice { late }),
            None => self.fail(FinishError::ForeignLate { late }),
        }
    }

    pub(crate) fn use_late(&mut self, from: Pos, field: L, late: Late) {
        self.late_uses.push(LateUse { from, late, field, is_filled: false });
    }

    /// Begins a scope at a position, which may be moved down by so many bytes when it is complete.
    pub(crate) fn enter(&mut self, sight: Sight, start: Pos, may_move: u32) -> Identity {
        let number = self.next_number();
        self.enter_as(number, sight, start, may_move);
        self.identity(number)
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
        let labels = core::mem::replace(&mut self.labels, inner);
        self.scopes.push(Scope { number: self.scope, first: self.first, labels, aside, start, since, may_move });
        self.first = inner_first;
        self.scope = number;
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// References do not move: the encoder has them in a box.
    fn identity(&self, number: u64) -> Identity {
        Identity { home: core::ptr::from_ref(self).addr(), number }
    }

    /// Whether this is the current scope, of this encoder.
    pub(crate) fn is_in(&self, entered: Identity) -> bool {
        entered == self.identity(self.scope)
    }

    fn since(&self) -> Since {
        Since {
            fixups: self.fixups.len(),
            open: self.open.len(),
            late: self.late_uses.len(),
            served: self.deadlines.served.len(),
            bound: self.bound.len(),
            snapshots: self.snapshots.len(),
            bound_at_snapshot: self.bound_at_snapshot.len(),
        }
    }

    /// The current scope's fixups.
    pub(crate) fn own_fixups(&self) -> core::ops::Range<usize> {
        self.scopes.last().map_or(0, |scope| scope.since.fixups)..self.fixups.len()
    }

    /// Exchanges the labels in sight for those around the current scope, and back.
    #[cfg(feature = "aarch64")]
    pub(crate) fn exchange_sight(&mut self) {
        if let Some(scope) = self.scopes.last_mut() {
            core::mem::swap(&mut self.first, &mut scope.first);
            core::mem::swap(&mut self.labels, &mut scope.labels);
        }
    }

    /// The current scope's labels, in sight or aside.
    fn own_labels(&self) -> &Vec<Option<Pos>> {
        self.scopes.last().and_then(|scope| scope.aside.as_ref()).unwrap_or(&self.labels)
    }

    fn own_labels_mut(&mut self) -> &mut Vec<Option<Pos>> {
        self.scopes.last_mut().and_then(|scope| scope.aside.as_mut()).unwrap_or(&mut self.labels)
    }

    /// Ends the current scope: `position` turns its positions into those of the scope around it, and `origin` those that fields are measured
    /// from. Gives the position where the scope began.
    pub(crate) fn leave(&mut self, position: impl Fn(Pos) -> Pos, origin: impl Fn(Pos) -> Pos) -> Option<Pos> {
        let Scope { number, first, labels, aside, start, since, may_move: _ } = self.scopes.pop()?;
        let own = core::mem::replace(&mut self.labels, labels);
        self.first = first;
        self.scope = number;
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
        self.snapshots.truncate(since.snapshots);
        self.bound_at_snapshot.truncate(since.bound_at_snapshot);
        Some(start)
    }

    /// How many blocks are open.
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
        for LateUse { from, late, field, is_filled } in &mut self.late_uses {
            let (late, at) = (*late, from.from_end());
            let value = match self.late_values.get(late.0 as usize) {
                Some(Some(value)) => *value,
                Some(None) => return Err(FinishError::LateUnset { late, at }),
                None => return Err(FinishError::ForeignLate { late }),
            };
            let range = field.range();
            if !range.holds(value) {
                return Err(FinishError::LateOutOfRange { late, at, value, range });
            }
            let index = code.len().wrapping_sub(at as usize);
            // Finished again, the code has the value where the placeholder was.
            if !*is_filled && !field.has_placeholder(code, index) {
                return Err(FinishError::LateMisplaced { late, at });
            }
            field.write(code, index, value);
            *is_filled = true;
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
