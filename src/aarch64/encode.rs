//! Encoding primitives: what the generated encoders call.
//!
//! An A64 instruction is one word, so there is one store an instruction. A form whose operand is a label or a symbol
//! goes by [`branch`]: what is bound already is filled in before the word is placed, and what is pending is noted for
//! `finish`.
//!
//! This module is the interface between generated code and the runtime, for tables in other crates too: it
//! follows the crate's semantic version, and changes as rarely as the public API does.

use super::{Encoder, Rel};
use crate::{error::FinishError, label::Target};

/// Places an instruction.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn word(enc: &mut Encoder<'_>, word: u32) {
    enc.cursor.place_word(word);
}

/// Places an instruction that refers to `target`; the field's bits in `word` are zero.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn branch(enc: &mut Encoder<'_>, word: u32, field: Rel, target: Target) {
    // Distances are measured from the instruction's start, which is where it will be placed.
    let start = enc.cursor.pos_below(4);
    let bits = enc.references.refer(start, field, target).map_or(0, |distance| field.bits(distance));
    enc.cursor.place_word(word | bits);
}

/// Notes that the operands of the instruction placed next do not go together.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn reject(enc: &mut Encoder<'_>, form: &'static str, when: &'static str) {
    let at = enc.cursor.pos().from_end();
    enc.references.fail(FinishError::Operands { form, when, at });
}
