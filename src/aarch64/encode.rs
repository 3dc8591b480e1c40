//! Encoding primitives: what the generated encoders call.
//!
//! An A64 instruction is one word, so there is one store an instruction. A form whose operand is a label or a symbol
//! goes by [`branch`]: what is bound already is filled in before the word is placed, and what is pending is noted for
//! `finish`. What is too far for its field is in `island.rs`.
//!
//! This module is the interface between generated code and the runtime, for tables in other crates too
//! (`tailfirst_gen::extend`): it follows the crate's semantic version, and changes as rarely as the public API does.

mod rows {
    include!(concat!(env!("OUT_DIR"), "/aarch64_rows.rs"));
}

pub use super::bits::Bits;
#[cfg(feature = "forms")]
pub use super::form::{Call, Emit, Value, get as parameter};
use super::{
    Emitter, Rel,
    island::{References, slow, veneer},
};
use crate::{
    Field, Pos, Target,
    bytes::{
        cursor::{Place, WORD, Word, WordAt},
        memory::Memory,
    },
    direction::{Direction, Grows},
    error::FinishError,
    far::Far,
    shape::shapes,
};
use core::marker::PhantomData;
use rows::Places;

/// Places an instruction.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn word<Dir: Direction>(enc: &mut Emitter<'_, Dir>, word: u32) {
    // To store a word takes no more than to call what does.
    if enc.cursor.has_room(WORD) {
        enc.cursor.place_word(&mut *enc.references, slow, Plain(word));
    } else {
        plain(enc, word);
    }
}

/// Places an instruction that refers to `target`; the field's bits in `word` are zero.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn branch<Dir: Direction>(enc: &mut Emitter<'_, Dir>, word: u32, field: Rel, target: impl Into<Target>) {
    // The field is known when this is compiled.
    match field {
        Rel::Imm19 if cfg!(not(feature = "inline")) => branch_imm19(enc, word, target.into()),
        Rel::Imm26 if cfg!(not(feature = "inline")) => branch_imm26(enc, word, target.into()),
        _ => branch_any(enc, word, field, target.into()),
    }
}

shapes! {
    crate::aarch64::A64:
    fn plain(enc, word: u32) {
        enc.cursor.place_word(&mut *enc.references, slow, Plain(word))
    }

    fn branch_imm19(enc, word: u32, target: Target) {
        match known(enc, Rel::Imm19, target) {
            Known::InReach(bits) => enc.cursor.place_word(&mut *enc.references, slow, Plain(word | bits)),
            Known::Nothing => pending_imm19(enc, word, target),
            Known::TooFar => branch_any(enc, word, Rel::Imm19, target),
        }
    }

    fn branch_imm26(enc, word: u32, target: Target) {
        match known(enc, Rel::Imm26, target) {
            Known::InReach(bits) => enc.cursor.place_word(&mut *enc.references, slow, Plain(word | bits)),
            Known::Nothing => pending_imm26(enc, word, target),
            Known::TooFar => branch_any(enc, word, Rel::Imm26, target),
        }
    }

    fn pending_imm19(enc, word: u32, target: Target) {
        place_pending(enc, word, Rel::Imm19, target)
    }

    fn pending_imm26(enc, word: u32, target: Target) {
        place_pending(enc, word, Rel::Imm26, target)
    }

    fn branch_any(enc, word: u32, field: Rel, target: Target) {
        place_branch(enc, word, field, target)
    }
}

/// What is known of a branch where a shape's body runs, that is, where there is room.
enum Known {
    /// The field's bits.
    InReach(u32),
    TooFar,
    Nothing,
}

#[inline(always)]
fn known<Dir: Direction>(enc: &Emitter<'_, Dir>, field: Rel, target: Target) -> Known {
    let Target::Label(label) = target else { return Known::Nothing };
    let Some(pos) = enc.references.pos_of(label) else { return Known::Nothing };
    let distance = Dir::GROWS.distance(enc.cursor.pos_ahead(Dir::GROWS.lower(0, 4)), pos);
    if holds(Dir::GROWS, field, distance) { Known::InReach(field.bits(distance)) } else { Known::TooFar }
}

/// Places a branch to what is not known yet, where there is room.
#[inline(always)]
fn place_pending<Dir: Direction>(enc: &mut Emitter<'_, Dir>, word: u32, field: Rel, target: Target) {
    let start = enc.cursor.pos_ahead(Dir::GROWS.lower(0, 4));
    enc.cursor.place_word(&mut *enc.references, slow, Pending { word, field, start, direction: PhantomData::<Dir> });
    // Last, so that what is rare here is a tail call.
    enc.references.pend(start, field, target);
}

/// Places a branch, whatever is known of it.
#[inline(always)]
fn place_branch<Dir: Direction>(enc: &mut Emitter<'_, Dir>, word: u32, field: Rel, target: Target) {
    enc.cursor.place_word(&mut *enc.references, slow, Branch { word, field, target, direction: PhantomData::<Dir> });
}

/// Operands at places of their own in the instruction: `at` has the lowest bit of each, packed as [`Places`].
///
/// Generated functions hand their parameters over as they are: each call in the body of a generated function is paid
/// for thousands of times whenever the crate is built.
macro_rules! operands {
    ($($word:ident $branch:ident: $($ty:ident $operand:ident $place:ident),*;)*) => {$(
        /// Places an instruction with the operands' bits `at` their places.
        #[cfg_attr(not(debug_assertions), inline(always))]
        pub fn $word<Dir: Direction, $($ty: Bits),*>(enc: &mut Emitter<'_, Dir>, fixed: u32, at: u32, $($operand: impl Into<$ty>),*) {
            word(enc, fixed $(| $operand.into().bits() << Places(at).$place())*);
        }

        /// Places an instruction with the operands' bits `at` their places, that refers to `target`.
        #[allow(clippy::too_many_arguments, reason = "as many as an instruction has operands")]
        #[cfg_attr(not(debug_assertions), inline(always))]
        pub fn $branch<Dir: Direction, $($ty: Bits),*>(enc: &mut Emitter<'_, Dir>,
            fixed: u32,
            at: u32,
            $($operand: impl Into<$ty>,)*
            field: Rel,
            target: impl Into<Target>,
        ) {
            branch(enc, fixed $(| $operand.into().bits() << Places(at).$place())*, field, target.into());
        }
    )*};
}

operands! {
    word1 branch1: A a first;
    word2 branch2: A a first, B b second;
    word3 branch3: A a first, B b second, C c third;
    word4 branch4: A a first, B b second, C c third, D d fourth;
}

/// An instruction that is the same everywhere.
struct Plain(u32);

impl<'buf> WordAt<'buf, References> for Plain {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn word(self, _memory: &mut Memory<'buf>, _references: &mut References, _place: Place) -> Word {
        Word::Here(self.0)
    }
}

/// An instruction that refers to a place.
struct Branch<Dir> {
    word: u32,
    field: Rel,
    target: Target,
    direction: PhantomData<Dir>,
}

impl<'buf, Dir: Direction> WordAt<'buf, References> for Branch<Dir> {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn word(self, memory: &mut Memory<'buf>, references: &mut References, place: Place) -> Word {
        let Branch { word, field, target, .. } = self;
        // Distances are measured from the instruction's start, which is where it will be placed.
        let start = memory.pos_ahead(Dir::GROWS, place, Dir::GROWS.lower(0, 4));
        if let Target::Label(label) = target
            && !field.needs_address()
            && let Some(pos) = references.pos_of(label)
        {
            let distance = Dir::GROWS.distance(start, pos);
            return if holds(Dir::GROWS, field, distance) {
                Word::Here(word | field.bits(distance))
            } else {
                Word::Placed(veneer(memory, references, place, word, field, (label, pos)))
            };
        }
        references.pend(start, field, target);
        Pending { word, field, start, direction: PhantomData::<Dir> }.word(memory, references, place)
    }
}

/// An instruction that refers to what is not known yet, and starts here.
struct Pending<Dir> {
    word: u32,
    field: Rel,
    start: Pos,
    direction: PhantomData<Dir>,
}

impl<'buf, Dir: Direction> WordAt<'buf, References> for Pending<Dir> {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn word(self, memory: &mut Memory<'buf>, _references: &mut References, _place: Place) -> Word {
        let Pending { word, field, start, .. } = self;
        let Some(deadline) = field.deadline(start) else { return Word::Here(word) };
        memory.note_deadline(Dir::GROWS, deadline);
        if field.reach_is_long() { Word::Here(word) } else { Word::Due(word) }
    }
}

/// Whether a field holds the distance of a bound label, which lies where code grew before. A field has a power of two
/// of distances in that direction, so one test of bits tells.
#[cfg_attr(not(debug_assertions), inline(always))]
fn holds(grows: Grows, field: Rel, distance: i64) -> bool {
    let range = field.range();
    match grows {
        // The highest one has all the bits that a distance may have.
        Grows::Down => distance & !range.high == 0,
        Grows::Up => -distance & (range.step - 1) == 0 && range.low <= distance,
    }
}

/// Notes that the operands of the instruction placed next do not go together.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn reject<Dir: Direction>(enc: &mut Emitter<'_, Dir>, form: &'static str, when: &'static str) {
    let at = enc.cursor.pos();
    let error = FinishError::Operands { form, when, at: at.from_base() };
    enc.references.fail_at(error, enc.references.grows().next_byte(at));
}

#[cfg(test)]
mod tests {
    use super::Places;

    /// What a generated function hands over is what the manual says of its fields.
    #[test]
    fn places() {
        let text = include_str!(concat!(env!("OUT_DIR"), "/aarch64.rs"));
        // 10011011000|Rm|0|Ra|Rn|Rd
        let (_, body) = text.split_once("pub fn madd_x(").expect("the function is there");
        let (_, body) = body.split_once("encode::word4(self, 0x9B000000, 0x").expect("its body is this call");
        let (digits, _) = body.split_once(',').expect("there are operands");
        let places = Places(u32::from_str_radix(&digits.replace('_', ""), 16).expect("is a number"));
        // Rd, Rn, Rm, Ra
        assert_eq!((places.first(), places.second(), places.third(), places.fourth()), (0, 5, 16, 10));
    }
}
