//! Branches beyond their reach: islands.
//!
//! A short branch to a label that is pending may not reach it. Then something else must be placed within its reach that
//! leads on to the label, an *island*, while there is time. What a field reaches, and with which word an island leads
//! on, is the instruction set's business ([`Far`]); when islands come, and who is served, is decided here, for both
//! directions of growth.
//!
//! ```text
//!   growing down                                growing up
//!
//!       b over            <- placed last            tbz x0, #3, label1   <- leads to `b label1`, unless label1 is bound in time
//!       b label2                                    ...
//!       b label1                                    b over               <- placed first
//!   over:                                           b label1
//!       ...                                         b label2
//!       tbz x0, #3, label1                      over:
//! ```
//!
//! The branch of an island is itself a reference to a pending label; when its own reach ends, another island leads on.
//!
//! # Deadlines
//!
//! The last eighth of a reach is for islands: a reference's *deadline* is where that begins. The cursor compares with
//! the earliest one anyway, when it looks for room (see [`memory`](crate::bytes::memory)), so code without long
//! branches pays nothing. When a deadline comes, the references that are due get their branches, the one whose reach
//! ends first comes first; and while there is an island, those that are due soon, too. References to the same label
//! share one.
//!
//! Where something must stay in one piece (one call of `data`, a block), its length is known before it is placed, and
//! what would come due inside is served before it. Code that may be moved when complete counts its largest shift
//! against all references from outside.
//!
//! A block, which grows in the other direction, serves what is due inside as any encoder does. What it does not bind,
//! and what would reach too little beyond its base when the code around it goes on there, it serves at its end.
//!
//! Loads of constants get no branch: when the first one that waits comes due, the constants are placed in the island.
//! They have room in the last eighth, too: when more than half of that wait, they are due. They are aligned, which
//! settles the aligned block around. So that this is rare, what comes due soon is placed before an aligned block, and
//! so are constants when many wait.
//!
//! `// Invariant(due):` the memory's deadline is not later than that of any reference that is pending and has no
//! island.

use crate::{
    bytes::{cursor::Place, memory::Memory},
    direction::Grows,
    isa::sealed::Isa,
    references::{
        References,
        deadline::{REACHES, Served},
        fixup::{Field, Fixup},
        label::{Label, Pos},
    },
};
use alloc::vec::Vec;

/// For how many labels an island has branches that no reference is due for yet, at most.
const MAX_EARLY_BRANCHES: usize = 16;

/// Among how many of its last labels an island looks for one.
const RECENT_LABELS: usize = 16;

/// With more bytes of constants waiting, they are due.
pub(crate) const MOST_WAITING: usize = 1 << 16;

/// Constants that come due so soon are placed before an aligned block.
const BEFORE_MOVABLE: usize = 1 << 16;

/// How many branches an island has at most. If more are due, another one follows, and constants that come due meanwhile
/// are placed between the two.
const MOST_BRANCHES: usize = 1 << 13;

/// Bytes beside the gap that the code around a block may need for its first island, at the most.
const BEHIND_BLOCK: usize = 64;

/// A field, as far as islands are concerned. Fields differ in how far they reach; each reach has a number.
pub trait Far: Field {
    /// The instruction set.
    type Isa: Isa<Field = Self>;
    /// The field of an island's branches, which reaches farthest.
    const JUMP: Self;
    /// The number of the reach that loads have; those of branches are lower.
    const LOADS: usize;

    /// The number of its reach, if an island can help it.
    fn reach_number(self) -> Option<usize>;

    /// How far it reaches in both directions, in bytes: to a little less upward.
    fn reach(self) -> usize;

    /// The island's branch, over a distance in bytes.
    fn jump(distance: i64) -> u32;

    /// Bytes from a reference to its deadline.
    #[inline(always)]
    fn time(self) -> usize {
        self.reach() / 8 * 7
    }

    /// Whether the last eighth of its reach has room for constants.
    fn is_patient(self) -> bool {
        self.reach() / 8 > MOST_WAITING
    }

    /// The deadline of a reference from `from`, in bytes placed, if an island can help it.
    #[inline(always)]
    fn deadline(self, from: Pos) -> Option<usize> {
        self.reach_number().map(|_| from.from_base() as usize + self.time())
    }
}

type ReferencesOf<F> = References<F, <<F as Far>::Isa as Isa>::LateField>;

/// An island in the making. Nothing of it is placed before its end, but it is known where all of it will lie.
struct Island {
    /// Where it begins.
    place: Place,
    /// Bytes placed there.
    start: usize,
    /// The labels of its last branches, and where these are.
    recent: [Option<(Label, Pos)>; RECENT_LABELS],
    branches: usize,
}

impl Island {
    /// Goes to where instructions can be, which is not behind all data.
    fn new(memory: &Memory<'_>, place: Place) -> Self {
        let placed = memory.placed(place);
        let start = placed + (placed.wrapping_neg() & 3);
        Island { place, start, recent: [None; RECENT_LABELS], branches: 0 }
    }

    /// Bytes placed with the branches that it has so far.
    fn placed(&self) -> usize {
        self.start + 4 * self.branches
    }

    /// Gives the reference a branch that it reaches.
    fn serve<F: Far>(&mut self, references: &mut ReferencesOf<F>, index: usize) {
        let Some(&Fixup { label, .. }) = references.fixups.get(index) else { return };
        let shared = self.recent.iter().flatten().find(|branch| branch.0 == label);
        let to = match shared {
            Some(&(_, to)) => to,
            None => {
                // Growing down it is below the ones before, growing up above the branch over all.
                let from = Pos::at(self.placed() as u32 + 4);
                references.fixups.push(Fixup { from, label, field: F::JUMP, is_served: false });
                self.recent[self.branches % RECENT_LABELS] = Some((label, from));
                self.branches += 1;
                from
            }
        };
        references.fixups[index].is_served = true;
        references.deadlines.served.push(Served { fixup: index, to });
    }

    /// Places it, with the constants that wait if it `has_pool`; code that runs into it is led around it.
    fn end<F: Far>(self, memory: &mut Memory<'_>, references: &mut ReferencesOf<F>, has_pool: bool) -> Place {
        if self.branches == 0 && !has_pool {
            return self.place;
        }
        // What is missing behind data goes on with that.
        let rest = self.start - memory.placed(self.place);
        references.note_data(position(memory, self.place), Pos::at(self.start as u32));
        let start = memory.place_data(self.place, &[0; 3][..rest]);
        let branches = alloc::vec![F::jump(0); self.branches];
        let over = |pool: &[u8]| [F::jump((4 + 4 * self.branches + pool.len()) as i64)];
        let pool_at = self.placed() + if memory.grows() == Grows::Up { 4 } else { 0 };
        let pool = if has_pool { references.lay_out_pool::<F::Isa>(pool_at) } else { Vec::new() };
        let place = match memory.grows() {
            Grows::Down => {
                let place = memory.place_words(start, &branches);
                let place = memory.place_data(place, &pool);
                memory.place_words(place, &over(&pool))
            }
            Grows::Up => {
                let place = memory.place_words(start, &over(&pool));
                let place = memory.place_words(place, &branches);
                memory.place_data(place, &pool)
            }
        };
        if has_pool {
            references.keep_image(pool);
        }
        place
    }
}

impl<F: Far> ReferencesOf<F> {
    /// Places islands for what is due before `bytes` more bytes are placed. Then nothing is, before these.
    #[inline(never)]
    pub(crate) fn place_due(&mut self, memory: &mut Memory<'_>, mut place: Place, bytes: usize) -> Place {
        // An island may make something else due by its own length.
        while memory.is_due(place, bytes) {
            if self.is_pool_due(memory.placed(place).saturating_add(bytes)) {
                // Constants are aligned, so what is placed so far must stay where it is, and they, too.
                place = self.settle_around(memory, place);
                (place, _) = self.place_island(memory, place, bytes, true);
                place = self.settle_around(memory, place);
                continue;
            }
            let before = memory.placed(place);
            let is_complete;
            (place, is_complete) = self.place_island(memory, place, bytes, false);
            if is_complete && memory.placed(place) == before {
                break;
            }
        }
        place
    }

    /// As [`place_due`](Self::place_due), for branches only: nothing is settled.
    fn place_due_branches(&mut self, memory: &mut Memory<'_>, mut place: Place, bytes: usize) -> Place {
        let mut is_complete = false;
        while !is_complete && memory.is_due(place, bytes) {
            (place, is_complete) = self.place_island(memory, place, bytes, false);
        }
        place
    }

    /// Settles what has been placed so far, if it may still be moved.
    fn settle_around(&mut self, memory: &mut Memory<'_>, place: Place) -> Place {
        let max_shift = self.max_shift();
        if max_shift == 0 {
            return place;
        }
        let fixups = self.movable_fixups();
        self.settle(position(memory, place));
        let place = self.after_fixups(memory, place, fixups);
        memory.bring_deadline_forward(max_shift as usize);
        self.settle(position(memory, place));
        place
    }

    /// Whether constants must have their places before so many bytes are placed.
    fn is_pool_due(&mut self, placed: usize) -> bool {
        if !self.has_waiting_constants() {
            return false;
        }
        let load = self.heads(self.fixups.len())[F::LOADS];
        let is_due = |index| self.deadline(index).is_some_and(|deadline| placed >= deadline);
        self.too_many_wait() || load.is_some_and(is_due)
    }

    /// Whether constants must have their places because they are many.
    fn too_many_wait(&self) -> bool {
        self.waiting_bytes() > MOST_WAITING && self.has_waiting_constants()
    }

    /// Places an island, if there is something for it: with the constants that wait, if they are due, and then only
    /// with branches that cannot wait for them. Tells whether that is all that was due, but for branches that could.
    #[inline(never)]
    fn place_island(&mut self, memory: &mut Memory<'_>, place: Place, bytes: usize, has_pool: bool) -> (Place, bool) {
        // While the island is placed, only room matters.
        memory.set_deadline(usize::MAX);
        if has_pool {
            self.copy_outer_constants(Self::is_load);
        }
        let fixups = self.fixups.len();
        let mut island = Island::new(memory, place);
        // With the branch over the island, and the constants, which come behind the branches in it.
        let pool = if has_pool { self.waiting_bytes() } else { 0 };
        let bytes = bytes.saturating_add(4 + pool);
        let is_for = |field: F| !(has_pool && field.is_patient());
        let is_full = |island: &Island| !has_pool && island.branches >= MOST_BRANCHES;
        while !is_full(&island)
            && let placed = island.placed().saturating_add(bytes)
            && let Some(index) = self.next_due(placed, fixups, is_for, |_| 0)
        {
            island.serve(self, index);
        }
        let is_complete = !is_full(&island);
        let most = if is_complete && island.branches > 0 { island.branches + MAX_EARLY_BRANCHES } else { 0 };
        while island.branches < most
            && let placed = island.placed().saturating_add(bytes)
            && let Some(index) = self.next_due(placed, fixups, is_for, |field| field.reach() / 8)
        {
            island.serve(self, index);
        }
        let place = island.end(memory, self, has_pool);
        for index in self.heads(fixups).into_iter().flatten().chain(fixups..self.fixups.len()) {
            self.note_deadline(memory, index);
        }
        if self.too_many_wait() {
            memory.note_deadline(memory.grows(), 0);
        }
        (place, is_complete)
    }

    fn note_deadline(&self, memory: &mut Memory<'_>, index: usize) {
        if let Some(deadline) = self.deadline(index) {
            memory.note_deadline(memory.grows(), deadline);
        }
    }

    /// Brings all deadlines forward before code that may be moved by `max_shift` bytes, since what was placed before
    /// may soon be so much farther away.
    #[inline(never)]
    pub(crate) fn before_movable(&mut self, memory: &mut Memory<'_>, place: Place, max_shift: usize) -> Place {
        let mut place = self.place_due(memory, place, max_shift);
        let soon = memory.placed(place).saturating_add(BEFORE_MOVABLE);
        let has_many = self.waiting_bytes() > MOST_WAITING / 2 && self.has_waiting_constants();
        let is_outermost = self.max_shift() == 0;
        if is_outermost && (has_many || memory.is_due(place, BEFORE_MOVABLE) && self.is_pool_due(soon)) {
            (place, _) = self.place_island(memory, place, 0, true);
            place = self.place_due_branches(memory, place, max_shift);
        }
        memory.bring_deadline_forward(max_shift);
        place
    }

    /// Notes the deadlines of fixups that have got their places: the last ones. A label that turns out to be bound too
    /// far away gets an island here.
    #[inline(never)]
    pub(crate) fn after_fixups(
        &mut self,
        memory: &mut Memory<'_>,
        place: Place,
        fixups: core::ops::Range<usize>,
    ) -> Place {
        let grows = memory.grows();
        let mut beyond = Vec::new();
        for index in fixups {
            let Some(&Fixup { from, label, field, is_served }) = self.fixups.get(index) else { break };
            let is_beyond = |pos: Pos| field.is_branch() && !is_served && !field.reaches(grows.distance(from, pos));
            if let Some(reach) = field.reach_number()
                && self.pos_of(label).is_some_and(is_beyond)
            {
                beyond.push((reach, index));
            }
            self.note_deadline(memory, index);
        }
        let place = if beyond.is_empty() { place } else { self.place_island_for(memory, place, &beyond) };
        if self.too_many_wait() {
            memory.note_deadline(grows, 0);
        }
        place
    }

    /// Places an island for references that are given with their reaches' numbers.
    #[cold]
    fn place_island_for(&mut self, memory: &mut Memory<'_>, place: Place, references: &[(usize, usize)]) -> Place {
        // What waits beside them would come due in the island, or is among them.
        let place = self.place_due_branches(memory, place, 4 + 4 * references.len());
        let known = self.fixups.len();
        let mut island = Island::new(memory, place);
        for index in by_reach(references) {
            if !self.fixups[index].is_served {
                island.serve(self, index);
            }
        }
        let place = island.end(memory, self, false);
        for index in known..self.fixups.len() {
            self.note_deadline(memory, index);
        }
        place
    }

    /// Serves, at the end of a block, what it has not bound and what would not reach far enough beyond its base.
    pub(crate) fn before_end_of_block(&mut self, memory: &mut Memory<'_>, place: Place) -> Place {
        let needs = self.alignment() as usize + BEHIND_BLOCK;
        // Those that reach farther can wait for constants, which cannot wait for them.
        let (mut near, mut far) = (Vec::new(), Vec::new());
        let mut has_pool = false;
        for index in 0..self.fixups.len() {
            let Fixup { from, label, field, is_served } = self.fixups[index];
            let Some(reach) = field.reach_number() else { continue };
            let is_near = from.from_base() as usize + needs < field.time();
            if is_near || is_served || self.pos_of(label).is_some() {
                continue;
            }
            if reach < F::LOADS {
                let patience = if field.is_patient() { &mut far } else { &mut near };
                patience.push((reach, index));
            } else if self.pool().is_some_and(|pool| pool.is_waiting(label)) {
                has_pool = true;
            }
        }
        memory.set_deadline(usize::MAX);
        if has_pool {
            self.copy_outer_constants(Self::is_load);
        }
        let mut island = Island::new(memory, place);
        by_reach(&near).for_each(|index| island.serve(self, index));
        if has_pool {
            let place = island.end(memory, self, true);
            island = Island::new(memory, place);
        }
        by_reach(&far).for_each(|index| island.serve(self, index));
        island.end(memory, self, false)
    }

    fn is_load(field: F) -> bool {
        field.reach_number() == Some(F::LOADS)
    }

    /// Of the first `fixups` references those of each reach that come due first.
    fn heads(&mut self, fixups: usize) -> [Option<usize>; REACHES] {
        let mut next = [None; REACHES];
        for (reach, next) in next.iter_mut().enumerate() {
            let mut head = self.deadlines.heads[reach];
            while head < fixups && !self.needs_island(head, reach) {
                head += 1;
            }
            self.deadlines.heads[reach] = head;
            *next = (head < fixups).then_some(head);
        }
        next
    }

    /// Whether the reference has this reach, and nothing that it reaches, for which an island could do something.
    fn needs_island(&self, index: usize, reach: usize) -> bool {
        let Fixup { from, label, field, is_served } = self.fixups[index];
        let reaches = |pos| field.reaches(self.grows().distance(from, pos));
        match field.reach_number() {
            Some(own) if own != reach => false,
            Some(own) if own == F::LOADS => self.pool().is_some_and(|pool| pool.is_waiting(label)),
            Some(_) => !is_served && !self.pos_of(label).is_some_and(reaches),
            None => false,
        }
    }

    /// The deadline of a reference that an island can help. What lies outside of code that may be moved is as if that
    /// had been moved already.
    fn deadline(&self, index: usize) -> Option<usize> {
        let Fixup { from, field, .. } = self.fixups[index];
        let is_outside = index < self.movable_fixups().start;
        let shift = if is_outside { self.max_shift() as usize } else { 0 };
        field.deadline(from).map(|deadline| deadline.saturating_sub(shift))
    }

    /// Of the branches among the first `fixups` references that `is_for` holds of that one whose reach ends first, if
    /// it is due with `placed` bytes placed, or so much later as `early` says.
    fn next_due(
        &mut self,
        placed: usize,
        fixups: usize,
        is_for: impl Fn(F) -> bool,
        early: fn(F) -> usize,
    ) -> Option<usize> {
        let mut next: Option<(usize, usize)> = None;
        for index in self.heads(fixups).into_iter().take(F::LOADS).flatten() {
            let Fixup { from, field, .. } = self.fixups[index];
            if !is_for(field) {
                continue;
            }
            let end = from.from_base() as usize + field.reach();
            let is_due = self.deadline(index).is_some_and(|deadline| placed.saturating_add(early(field)) >= deadline);
            if is_due && next.is_none_or(|(_, first)| end < first) {
                next = Some((index, end));
            }
        }
        next.map(|(index, _)| index)
    }
}

/// The indices of references that are given with their reaches' numbers, those that reach least first: all of these
/// take less room than the others have left.
fn by_reach(references: &[(usize, usize)]) -> impl Iterator<Item = usize> {
    // A pass for each, since there are few; the code of a sort would be most of this module's.
    (0..REACHES)
        .flat_map(|number| references.iter().filter(move |&&(reach, _)| reach == number).map(|&(_, index)| index))
}

fn position(memory: &Memory<'_>, place: Place) -> Pos {
    memory.pos_ahead(memory.grows(), place, 0)
}
