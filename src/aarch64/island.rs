//! Branches beyond their reach.
//!
//! A conditional branch reaches 1 MiB, TBZ 32 KiB, compare-and-branch 1 KiB; B reaches 128 MiB. What a short one cannot reach, a B can. Where the B stands depends
//! on what is known when the branch is placed:
//!
//! ```text
//!   label bound: a veneer              label pending: an island, when the reach of a branch above it ends
//!
//!       b.ne over   <- inverted            b over            <- placed last, since code below falls through into it
//!       b    label                         b label2
//!   over:                                  b label1
//!                                      over:
//!                                          ...
//!                                          tbz x0, #3, label1   <- leads to `b label1`, unless label1 is bound in time
//! ```
//!
//! A branch that cannot be inverted goes to the B, and is followed by another B over that. The B of an island is itself a reference to a
//! pending label; when its own reach ends, another island leads on.
//!
//! An ADR of a bound label, and an LDR of one into a general register, become a sequence that reaches 16 MiB. Where the label is pending they get no help, but for constants: where the first
//! reference to one that is not placed yet comes due, an island has those constants that wait. So only an ADR or LDR of something else can be out of range downward; upward also
//! a load into a vector register, and what is more than 16 MiB away, or 128 MiB of a branch.
//!
//! # Deadlines
//!
//! The last eighth of a reach is for islands: a reference's *deadline* is where that begins. The cursor compares with the earliest one anyway, when it
//! looks for room (see [`cursor`](crate::cursor)), so code without long branches pays nothing. When a deadline comes, the references that are due get their branches, the one
//! whose reach ends first comes first; and while there is an island, those that are due soon, too. References to the same label share one.
//!
//! Where something must stay in one piece (data, a forward block), its length is known before it is placed, and what would come due inside is served above it. Code that may
//! be moved down when complete (an aligned block) counts its largest move against all references from outside.
//!
//! Constants have room in the last eighth, too: when more than half of that wait, they are due. They are aligned, which ends the aligned blocks around as
//! [`align`](Encoder::align) does, to begin anew. So that this is rare, what comes due soon is placed before an aligned block, and so are constants when many wait.
//!
//! `// Invariant(due):` the cursor's deadline is not above that of any reference that is pending and has no island, except while a forward block is being written.

use super::{A64, Encoder, LateImm, Rel};
use crate::{
    cursor::{MOST_FREE, Memory, Place, Room},
    deadline::{REACHES, Served},
    fixup::{Field, Fixup},
    label::{Label, Pos},
};
use arrayvec::ArrayVec;

pub(super) type References = crate::references::References<Rel, LateImm>;

const B: u32 = 0x1400_0000;

/// For how many labels an island has a branch that no reference is due for yet, and among how many it looks for a label.
const COMPANY: usize = 16;

/// The reaches that are of branches come first; then that of loads.
const BRANCHES: usize = 4;
const LOADS: usize = 4;

/// With more bytes of constants waiting, they are due.
const MOST_WAITING: usize = 1 << 16;

/// Constants that come due so soon are placed before an aligned block.
const BEFORE_BLOCK: usize = 1 << 16;

impl Rel {
    /// The field, now that it is known what instruction has it.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn in_word(self, word: u32) -> Rel {
        match self {
            Rel::Imm19 if word & 0x3B00_0000 == 0x1800_0000 => Rel::Lit19,
            field => field,
        }
    }

    /// Which of the reaches it has, if an island can help it.
    #[cfg_attr(not(debug_assertions), inline(always))]
    const fn reach(self) -> Option<usize> {
        match self {
            Rel::Imm9 => Some(0),
            Rel::Imm14 => Some(1),
            Rel::Imm19 => Some(2),
            Rel::Imm26 => Some(3),
            Rel::Lit19 | Rel::Adr21 => Some(LOADS),
            _ => None,
        }
    }

    /// Whether a B can help it.
    fn is_branch(self) -> bool {
        self.reach().is_some_and(|reach| reach < BRANCHES)
    }

    /// How far it reaches down, in bytes.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn down(self) -> usize {
        self.range().low.unsigned_abs() as usize
    }

    /// Whether a deadline is later than the next look, however late that is.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn reach_is_long(self) -> bool {
        self.down() / 8 * 7 > MOST_FREE
    }

    /// The deadline of a reference from `from`, in bytes placed, if an island can help it.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn deadline(self, from: Pos) -> Option<usize> {
        self.reach().map(|_| from.from_end() as usize + self.down() / 8 * 7)
    }
}

/// The slow path of every instruction: islands that are due, and room.
#[cold]
#[inline(never)]
#[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
pub(super) extern "C" fn slow(memory: &mut Memory<'_>, references: &mut References, at: usize) -> Room {
    let place = references.place_due(memory, Place::new(at), 0);
    memory.room_for_word(place)
}

/// Places a branch to a label that is bound, and too far for `field`.
#[cold]
#[inline(never)]
#[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
pub(super) extern "C" fn veneer(
    memory: &mut Memory<'_>,
    references: &mut References,
    place: Place,
    word: u32,
    field: Rel,
    (label, target): (Label, Pos),
) -> Place {
    let distance = |pos: Pos| pos.distance_to(target);
    let start = memory.pos_below(place, 4);
    let far = Rel::Imm26;
    if let Some(long) = Long::of(word, field) {
        let words = long.len();
        if let Some(words) = long.words(distance(memory.pos_below(place, 4 * words))) {
            return memory.place_words(place, &words);
        }
    }
    if !field.is_branch() || !far.reaches(distance(start)) {
        let field = if field.is_branch() { far } else { field };
        references.out_of_range(label, start, distance(start), field);
        return memory.place_words(place, &[word]);
    }
    let b = B | far.bits(distance(start));
    let over = field.bits(8);
    match inverted(word, field) {
        Inverted::Word(inverted) => memory.place_words(place, &[inverted | over, b]),
        Inverted::Never => memory.place_words(place, &[b]),
        Inverted::NoWord => memory.place_words(place, &[word | over, B | far.bits(8), b]),
    }
}

/// ADR, or a load of a literal into a general register, which holds the literal's address until then:
///
/// ```text
///     adr x0, low 12 bits
///     add x0, x0, #rest, lsl #12
///     ldr x0, [x0]
/// ```
struct Long {
    register: u32,
    /// Without its registers.
    load: Option<u32>,
}

impl Long {
    fn of(word: u32, field: Rel) -> Option<Long> {
        let register = word & 31;
        let load = match (field, word >> 24) {
            (Rel::Adr21, _) => None,
            (Rel::Lit19, 0x18) => Some(0xB940_0000),
            (Rel::Lit19, 0x58) => Some(0xF940_0000),
            (Rel::Lit19, 0x98) => Some(0xB980_0000),
            // Vector registers hold no address, and a prefetch has no register.
            _ => return None,
        };
        // ADD takes number 31 for the stack pointer.
        (register != 31).then_some(Long { register, load })
    }

    /// The number of instructions.
    fn len(&self) -> u8 {
        if self.load.is_some() { 3 } else { 2 }
    }

    /// The instructions, for a distance from the first one of less than 16 MiB upward.
    fn words(self, distance: i64) -> Option<ArrayVec<u32, 3>> {
        let Long { register, load } = self;
        let pages = u32::try_from(distance >> 12).ok().filter(|pages| *pages < 1 << 12)?;
        if load.is_some() && distance & 3 != 0 {
            return None;
        }
        let adr = 0x1000_0000 | Rel::Adr21.bits(distance & 0xFFF) | register;
        let add = 0x9140_0000 | pages << 10 | register << 5 | register;
        let load = load.map(|load| load | register << 5 | register);
        Some([adr, add].into_iter().chain(load).collect())
    }
}

/// The branch that is taken when another one is not.
enum Inverted {
    Word(u32),
    /// None, since the other one is always taken.
    Never,
    /// There is one, which no instruction can say.
    NoWord,
}

/// Inverts a conditional branch.
fn inverted(word: u32, field: Rel) -> Inverted {
    const COMPARE_REGISTERS: u32 = 0x7400_0000;
    let is_equality = word >> 22 & 3 == 3;
    match field {
        // AL and NV
        Rel::Imm19 if word >> 25 == 0x2A && word & 0xE == 0xE => Inverted::Never,
        Rel::Imm19 if word >> 25 == 0x2A => Inverted::Word(word ^ 1),
        // CBZ, CBNZ, TBZ, TBNZ
        Rel::Imm19 | Rel::Imm14 => Inverted::Word(word ^ 1 << 24),
        Rel::Imm9 if is_equality => Inverted::Word(word ^ 1 << 21),
        Rel::Imm9 if word & 0x7F00_0000 == COMPARE_REGISTERS => {
            // Not a > b is b >= a.
            let (rm, rt) = (word >> 16 & 31, word & 31);
            Inverted::Word((word ^ 1 << 21) & !(31 << 16 | 31) | rt << 16 | rm)
        }
        _ => Inverted::NoWord,
    }
}

/// An island in the making.
struct Island {
    /// Bytes placed before.
    start: usize,
    place: Place,
    /// The labels of its last branches, and where these are.
    recent: [Option<(Label, Pos)>; COMPANY],
    len: usize,
}

impl Island {
    fn new(memory: &Memory<'_>, place: Place) -> Self {
        Island { start: memory.placed(place), place, recent: [None; COMPANY], len: 0 }
    }

    /// Goes to where instructions can be, which is not behind all data.
    fn begin(&mut self, memory: &mut Memory<'_>) {
        let placed = memory.placed(self.place);
        if placed == self.start {
            self.place = memory.place_data(self.place, &[0; 3][..placed.wrapping_neg() & 3]);
            self.start = memory.placed(self.place);
        }
    }

    /// Gives the reference a branch that it reaches.
    fn serve(&mut self, memory: &mut Memory<'_>, references: &mut References, index: usize) {
        self.begin(memory);
        let Some(&Fixup { label, .. }) = references.fixups.get(index) else { return };
        let shared = self.recent.iter().flatten().find(|branch| branch.0 == label);
        let to = match shared {
            Some(&(_, to)) => to,
            None => {
                self.place = memory.place_words(self.place, &[B]);
                let from = memory.pos_below(self.place, 0);
                references.fixups.push(Fixup { from, label, field: Rel::Imm26, is_served: false });
                self.recent[self.len % COMPANY] = Some((label, from));
                self.len += 1;
                from
            }
        };
        references.fixups[index].is_served = true;
        references.deadlines.served.push(Served { fixup: index, to });
    }

    /// Has the constants that wait.
    fn place_pool(&mut self, memory: &mut Memory<'_>, references: &mut References) {
        self.begin(memory);
        let image = references.lay_out_pool::<A64>(memory.placed(self.place));
        self.place = memory.place_data(self.place, &image);
        references.pool.keep(image);
    }

    /// Leads code that falls through around it.
    fn end(self, memory: &mut Memory<'_>) -> Place {
        if memory.placed(self.place) == self.start {
            return self.place;
        }
        let over = memory.placed(self.place) - self.start + 4;
        memory.place_words(self.place, &[B | Rel::Imm26.bits(over as i64)])
    }
}

impl References {
    /// Places islands for what is due before `bytes` more bytes are placed.
    #[inline(never)]
    pub(super) fn place_due(&mut self, memory: &mut Memory<'_>, place: Place, bytes: usize) -> Place {
        if !memory.is_due(place, bytes) {
            return place;
        }
        let has_pool = self.is_pool_due(memory.placed(place).saturating_add(bytes));
        if has_pool && let Some(place) = self.place_due_outermost(memory, place, bytes) {
            return place;
        }
        self.place_island(memory, place, bytes, has_pool)
    }

    /// Whether constants must have their places before so many bytes are placed.
    fn is_pool_due(&mut self, placed: usize) -> bool {
        let [.., load] = self.heads(self.fixups.len());
        let is_due = |index| self.deadline(index).is_some_and(|deadline| placed >= deadline);
        self.pool.waiting_bytes() > MOST_WAITING || load.is_some_and(is_due)
    }

    /// As `place_due`, in no block: those around begin anew below. `None` where there are none.
    fn place_due_outermost(&mut self, memory: &mut Memory<'_>, place: Place, bytes: usize) -> Option<Place> {
        let own = self.own_fixups();
        let suspended = self.suspend()?;
        let place = self.after_block(memory, place, own);
        let place = self.place_due(memory, place, bytes);
        let place = self.before_move(memory, place, bytes, suspended.may_move as usize);
        self.resume(suspended, memory.pos_below(place, 0));
        Some(place)
    }

    /// Places an island, if there is something for it: with the constants that wait, if they are due.
    #[inline(never)]
    fn place_island(&mut self, memory: &mut Memory<'_>, place: Place, bytes: usize, has_pool: bool) -> Place {
        // While the island is placed, only room matters.
        memory.set_deadline(usize::MAX);
        let fixups = self.fixups.len();
        let mut island = Island::new(memory, place);
        // With the branch over the island, and the constants, which come below the branches in it.
        let pool = if has_pool { self.pool.waiting_bytes() } else { 0 };
        let bytes = bytes.saturating_add(4 + pool);
        while let Some(index) = self.next_due(memory.placed(island.place).saturating_add(bytes), fixups, |_| 0) {
            island.serve(memory, self, index);
        }
        let most = if island.len > 0 { island.len + COMPANY } else { 0 };
        while island.len < most
            && let placed = memory.placed(island.place).saturating_add(bytes)
            && let Some(index) = self.next_due(placed, fixups, |field| field.down() / 8)
        {
            island.serve(memory, self, index);
        }
        if has_pool {
            island.place_pool(memory, self);
        }
        let place = island.end(memory);
        for index in self.heads(fixups).into_iter().flatten().chain(fixups..self.fixups.len()) {
            if let Some(deadline) = self.deadline(index) {
                memory.note_deadline(deadline);
            }
        }
        place
    }

    /// Brings all deadlines forward before a block that may be moved by `moves` bytes, since code above may soon be so much farther away. `bytes` bytes are to come
    /// without an island.
    #[inline(never)]
    fn before_move(&mut self, memory: &mut Memory<'_>, place: Place, bytes: usize, moves: usize) -> Place {
        let bytes = bytes.saturating_add(moves);
        let mut place = self.place_due(memory, place, bytes);
        let soon = memory.placed(place).saturating_add(BEFORE_BLOCK);
        let has_many = self.pool.waiting_bytes() > MOST_WAITING / 2;
        if self.depth() == 0 && (has_many || memory.is_due(place, BEFORE_BLOCK) && self.is_pool_due(soon)) {
            place = self.place_island(memory, place, bytes, true);
        }
        memory.bring_deadline_forward(moves);
        place
    }

    /// Notes the deadlines of a block that is in its place. A label outside that turns out to be too far above gets an island below the block.
    #[inline(never)]
    fn after_block(&mut self, memory: &mut Memory<'_>, place: Place, fixups: core::ops::Range<usize>) -> Place {
        let mut island = Island::new(memory, place);
        let known = self.fixups.len();
        for index in fixups {
            let Some(&Fixup { from, label, field, is_served }) = self.fixups.get(index) else { break };
            match (self.pos_of(label), field.deadline(from)) {
                (Some(pos), Some(_)) if field.is_branch() && !is_served && !field.reaches(from.distance_to(pos)) => {
                    island.serve(memory, self, index);
                }
                (_, Some(deadline)) => memory.note_deadline(deadline),
                (_, None) => {}
            }
        }
        let place = island.end(memory);
        for index in known..self.fixups.len() {
            if let Some(deadline) = self.deadline(index) {
                memory.note_deadline(deadline);
            }
        }
        if self.pool.waiting_bytes() > MOST_WAITING {
            memory.note_deadline(0);
        }
        place
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
        let reaches = |pos| field.reaches(from.distance_to(pos));
        match field.reach() {
            Some(own) if own != reach => false,
            Some(LOADS) => self.pool.is_waiting(label),
            Some(_) => !is_served && !self.pos_of(label).is_some_and(reaches),
            None => false,
        }
    }

    /// The deadline of a reference that an island can help.
    fn deadline(&self, index: usize) -> Option<usize> {
        let Fixup { from, field, .. } = self.fixups[index];
        // Islands in a block that may be moved are as if moved already, as seen from outside.
        let inside = |scope: &&crate::references::Scope| scope.since.fixups > index;
        let moves: usize = self.scopes.iter().filter(inside).map(|scope| scope.may_move as usize).sum();
        field.deadline(from).map(|deadline| deadline.saturating_sub(moves))
    }

    /// Of the branches among the first `fixups` references that one whose reach ends first, if it is due with `placed` bytes placed, or so much later as `early` says.
    fn next_due(&mut self, placed: usize, fixups: usize, early: fn(Rel) -> usize) -> Option<usize> {
        let mut next: Option<(usize, usize)> = None;
        for index in self.heads(fixups).into_iter().take(BRANCHES).flatten() {
            let Fixup { from, field, .. } = self.fixups[index];
            let end = from.from_end() as usize + field.down();
            let is_due = self.deadline(index).is_some_and(|deadline| placed.saturating_add(early(field)) >= deadline);
            if is_due && next.is_none_or(|(_, first)| end < first) {
                next = Some((index, end));
            }
        }
        next.map(|(index, _)| index)
    }
}

/// What the encoder does about blocks and data.
impl Encoder<'_> {
    /// Makes sure that no island comes between the next instructions, `bytes` bytes together.
    ///
    /// When the reach of a branch ends whose label is still pending, branches to its label are placed between any two instructions, and a branch over them. That
    /// is harmless to most code, and not to what depends on the distance of its parts: a call and the label of its return address, a patch site, a
    /// loop of exclusive loads and stores, a table placed by several calls of [`data`](Self::data). Calling this first keeps them together, up to 896 bytes; a
    /// [forward block](Self::forward) and the bytes of one call of `data` are kept together anyway, however long.
    ///
    /// A branch to a bound label that is too far becomes two or three instructions, here, too, and so do `adr` and a load of a literal into a general register.
    ///
    /// ```
    /// use tailfirst::{Symbol, aarch64::*};
    /// let mut enc = Encoder::new();
    /// enc.ret();
    /// enc.keep_together(4);
    /// let return_address = enc.here();
    /// enc.bl(Symbol(1));
    /// assert_eq!(enc.finish()?.offset_of(return_address), Some(4));
    /// # Ok::<(), tailfirst::FinishError>(())
    /// ```
    pub fn keep_together(&mut self, bytes: usize) {
        let references = &mut *self.references;
        self.cursor.with_memory(|memory, place| references.place_due(memory, place, bytes));
    }
}

pub(super) fn before_move(enc: &mut Encoder<'_>, bytes: usize) {
    let references = &mut *enc.references;
    enc.cursor.with_memory(|memory, place| references.before_move(memory, place, 0, bytes));
}

/// Has the constants placed where the next instruction goes, if there are many.
pub(super) fn constants_wait(enc: &mut Encoder<'_>, bytes: usize) {
    if bytes > MOST_WAITING {
        enc.cursor.with_memory(|memory, place| {
            memory.note_deadline(0);
            place
        });
    }
}

pub(super) fn before_data(enc: &mut Encoder<'_>, bytes: usize) {
    let references = &mut *enc.references;
    enc.cursor.with_memory(|memory, place| {
        // Data is placed in pieces, which belong together.
        let goes_on = references.deadlines.after_data == Some(memory.placed(place));
        if goes_on { place } else { references.place_due(memory, place, bytes) }
    });
}

pub(super) fn after_data(enc: &mut Encoder<'_>, bytes: usize) {
    if bytes > 0 && !enc.cursor.is_forward() {
        enc.references.deadlines.after_data = Some(enc.cursor.placed());
    }
}

pub(super) fn before_forward(enc: &mut Encoder<'_>, bytes: usize) {
    let references = &mut *enc.references;
    enc.cursor.with_memory(|memory, place| {
        if memory.is_forward() {
            return place;
        }
        // The block's positions go up, and down once it is placed.
        let own = references.own_fixups();
        references.fixups[own].reverse();
        if !memory.is_due(place, bytes) {
            return place;
        }
        // Its own references are not due, and come below the island's.
        references.outside(|references| references.place_due(memory, place, bytes))
    });
}

pub(super) fn after_block(enc: &mut Encoder<'_>, fixups: core::ops::Range<usize>) {
    let references = &mut *enc.references;
    enc.cursor.with_memory(|memory, place| references.after_block(memory, place, fixups));
}
