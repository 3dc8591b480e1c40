//! Branches beyond their reach, as A64 has them.
//!
//! A conditional branch reaches 1 MiB, TBZ 32 KiB, compare-and-branch 1 KiB; B reaches 128 MiB. What a short one cannot
//! reach, a B can. Where the label is pending, the B is in an island (see [`far`](crate::far)). Where it is bound, and
//! too far, the branch becomes a *veneer*:
//!
//! ```text
//!       b.ne over   <- inverted
//!       b    label
//!   over:
//! ```
//!
//! A branch that cannot be inverted goes to the B, and is followed by another B over that.
//!
//! An ADR of a bound label, and an LDR of one into a general register, become a sequence that reaches 16 MiB. Pending
//! ADR and LDR get no island, except to pool constants: when the first such load comes due, the waiting constants are
//! placed there. So only an ADR or LDR of something else can be out of range; of bound labels also a load into a vector
//! register, and what is more than 16 MiB away, or 128 MiB of a branch.

use super::{A64, Emitter, LateImm, Rel};
use crate::{
    Direction, Field,
    bytes::{
        cursor::{Place, Room},
        memory::{MOST_FREE, Memory},
    },
    far::{Far, MOST_WAITING},
    references::label::{Label, Pos},
    words::{
        Instruction,
        aarch64::{
            ADD_X_IMM, ADR, B, B_COND, BC_COND, LDR_W_LIT, LDR_W_UOFF, LDR_X_LIT, LDR_X_UOFF, LDRSW_X_LIT,
            LDRSW_X_UOFF, SUB_X_IMM,
        },
    },
};
use arrayvec::ArrayVec;

pub(super) type References = crate::references::References<Rel, LateImm>;

impl Far for Rel {
    type Isa = A64;
    const JUMP: Rel = Rel::Imm26;
    const LOADS: usize = 4;

    #[inline(always)]
    fn reach_number(self) -> Option<usize> {
        match self {
            Rel::Imm9 => Some(0),
            Rel::Imm14 => Some(1),
            Rel::Imm19 => Some(2),
            Rel::Imm26 => Some(3),
            Rel::Lit19 | Rel::Adr21 => Some(Self::LOADS),
            _ => None,
        }
    }

    #[inline(always)]
    fn reach(self) -> usize {
        self.range().low.unsigned_abs() as usize
    }

    fn jump(distance: i64) -> u32 {
        B.with(Rel::JUMP.bits(distance))
    }
}

impl Rel {
    /// Whether a deadline is later than the next look, however late that is.
    #[inline(always)]
    pub(super) fn reach_is_long(self) -> bool {
        self.time() > MOST_FREE
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
    let grows = memory.grows();
    // The start of one of so many words, counted from the lowest.
    let start = |memory: &Memory<'_>, index: usize, words: usize| {
        memory.pos_ahead(grows, place, 4 * grows.lower(index, words - index))
    };
    if let Some(long) = Long::of(word, field) {
        let first = start(memory, 0, long.len());
        if let Some(words) = long.words(grows.distance(first, target)) {
            return memory.place_words(place, &words);
        }
    }
    let over = field.bits(8);
    let mut words: ArrayVec<u32, 3> = ArrayVec::new();
    if field.is_branch() && field != Rel::JUMP {
        match inverted(word, field) {
            Inverted::Word(inverted) => words.push(inverted | over),
            Inverted::Never => {}
            Inverted::NoWord => words.extend([word | over, Rel::jump(8)]),
        }
    }
    let from = start(memory, words.len(), words.len() + 1);
    let distance = grows.distance(from, target);
    let reaching = if field.is_branch() { Rel::JUMP } else { field };
    if !field.is_branch() || !reaching.reaches(distance) {
        references.out_of_range(label, from, distance, reaching);
        return memory.place_words(place, &[word]);
    }
    words.push(Rel::jump(distance));
    memory.place_words(place, &words)
}

/// ADR, or a load of a literal into a general register, which holds the literal's address until then:
///
/// ```text
///     adr x0, low 12 bits
///     add x0, x0, #rest, lsl #12     (sub, if the label lies below)
///     ldr x0, [x0]
/// ```
struct Long {
    register: u32,
    load: Option<Instruction>,
}

impl Long {
    fn of(word: u32, field: Rel) -> Option<Long> {
        let register = word & 31;
        let loads = [(LDR_W_LIT, LDR_W_UOFF), (LDR_X_LIT, LDR_X_UOFF), (LDRSW_X_LIT, LDRSW_X_UOFF)];
        let load = match field {
            Rel::Adr21 => None,
            // Vector registers hold no address, and a prefetch has no register.
            Rel::Lit19 => Some(loads.into_iter().find(|(literal, _)| literal.is(word))?.1),
            _ => return None,
        };
        // ADD takes number 31 for the stack pointer.
        (register != 31).then_some(Long { register, load })
    }

    /// The number of instructions.
    fn len(&self) -> usize {
        if self.load.is_some() { 3 } else { 2 }
    }

    /// The instructions, for a distance from the first one of less than 16 MiB.
    fn words(self, distance: i64) -> Option<ArrayVec<u32, 3>> {
        // By 12 bits.
        const SHIFTED: u32 = 1 << 22;
        let Long { register, load } = self;
        let bytes = distance.unsigned_abs();
        let pages = u32::try_from(bytes >> 12).ok().filter(|pages| *pages < 1 << 12)?;
        if load.is_some() && distance & 3 != 0 {
            return None;
        }
        let low = (bytes & 0xFFF) as i64;
        let (sum, low) = if distance < 0 { (SUB_X_IMM, -low) } else { (ADD_X_IMM, low) };
        let adr = ADR.with(Rel::Adr21.bits(low) | register);
        let sum = sum.with(SHIFTED | pages << 10 | register << 5 | register);
        let load = load.map(|load| load.with(register << 5 | register));
        Some([adr, sum].into_iter().chain(load).collect())
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
    let is_conditional = B_COND.is(word) || BC_COND.is(word);
    let is_equality = word >> 22 & 3 == 3;
    match field {
        // AL and NV
        Rel::Imm19 if is_conditional && word & 0xE == 0xE => Inverted::Never,
        Rel::Imm19 if is_conditional => Inverted::Word(word ^ 1),
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

/// What the encoder does about blocks and data.
impl<D: Direction> Emitter<'_, D> {
    /// Makes sure that no island comes between the next instructions, `bytes` bytes together.
    ///
    /// If a branch would go out of range before its label is bound, the encoder inserts an island between two of your
    /// instructions: a branch to that label, and a jump over it. That is harmless to most code, and not to what depends
    /// on the distance of its parts: a call and the label of its return address, a patch site, a loop of exclusive
    /// loads and stores, a table placed by several calls of [`data`](Self::data). Calling this first keeps them
    /// together, up to 896 bytes; a [block](Self::forward) of that length and the bytes of one call of `data` are kept
    /// together anyway.
    ///
    /// A branch to a bound label that is too far becomes two or three instructions, here, too, and so do `adr` and a
    /// load of a literal into a general register.
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
        with_references(self, |references, memory, place| references.place_due(memory, place, bytes));
    }
}

/// Lets `f` place something.
fn with_references<'buf, D: Direction>(
    enc: &mut Emitter<'buf, D>,
    f: impl FnOnce(&mut References, &mut Memory<'buf>, Place) -> Place,
) {
    let references = &mut *enc.references;
    enc.cursor.with_memory(|memory, place| f(references, memory, place));
}

pub(super) fn before_movable<D: Direction>(enc: &mut Emitter<'_, D>, max_shift: usize) {
    with_references(enc, |references, memory, place| references.before_movable(memory, place, max_shift));
}

/// Has the constants placed where the next instruction goes, if there are many.
pub(super) fn constants_wait<D: Direction>(enc: &mut Emitter<'_, D>, bytes: usize) {
    if bytes > MOST_WAITING {
        enc.cursor.set_deadline(0);
    }
}

pub(super) fn after_fixups<D: Direction>(enc: &mut Emitter<'_, D>, fixups: core::ops::Range<usize>) {
    with_references(enc, |references, memory, place| references.after_fixups(memory, place, fixups));
}

pub(super) fn before_end_of_block<D: Direction>(enc: &mut Emitter<'_, D>) {
    if !enc.references.fixups.is_empty() {
        with_references(enc, |references, memory, place| references.before_end_of_block(memory, place));
    }
}
