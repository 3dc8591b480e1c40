//! Encoding primitives: what the generated encoders call.
//!
//! An A64 instruction is one word, so there is one store an instruction. A form whose operand is a label or a symbol
//! goes by [`branch`]: what is bound already is filled in before the word is placed, and what is pending is noted for
//! `finish`. What is too far for its field is in `island.rs`.
//!
//! This module is the interface between generated code and the runtime, for tables in other crates too: it
//! follows the crate's semantic version, and changes as rarely as the public API does.

use super::{
    Encoder, Rel,
    island::{References, slow, veneer},
};
use crate::{
    cursor::{Memory, Place, Word, WordAt},
    error::FinishError,
    fixup::Field,
    label::Target,
};

/// Places an instruction.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn word(enc: &mut Encoder<'_>, word: u32) {
    enc.cursor.place_word(&mut *enc.references, slow, Plain(word));
}

/// Places an instruction that refers to `target`; the field's bits in `word` are zero.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn branch(enc: &mut Encoder<'_>, word: u32, field: Rel, target: Target) {
    let field = field.in_word(word);
    enc.cursor.place_word(&mut *enc.references, slow, Branch { word, field, target });
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
struct Branch {
    word: u32,
    field: Rel,
    target: Target,
}

impl<'buf> WordAt<'buf, References> for Branch {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn word(self, memory: &mut Memory<'buf>, references: &mut References, place: Place) -> Word {
        let Branch { word, field, target } = self;
        // Distances are measured from the instruction's start, which is where it will be placed.
        let start = memory.pos_below(place, 4);
        if let Target::Label(label) = target
            && !field.needs_address()
            && let Some(pos) = references.pos_of(label)
        {
            let distance = start.distance_to(pos);
            return if field.reaches(distance) {
                Word::Here(word | field.bits(distance))
            } else {
                Word::Placed(veneer(memory, references, place, word, field, (label, pos)))
            };
        }
        references.pend(start, field, target);
        if let Some(deadline) = field.deadline(start) {
            memory.note_deadline(deadline);
        }
        Word::Here(word)
    }
}

/// Notes that the operands of the instruction placed next do not go together.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn reject(enc: &mut Encoder<'_>, form: &'static str, when: &'static str) {
    let at = enc.cursor.pos().from_end();
    enc.references.fail(FinishError::Operands { form, when, at });
}
