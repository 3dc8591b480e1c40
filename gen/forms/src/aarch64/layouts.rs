//! How the operands' places are packed.

use crate::layout::{Layout, field, zeros};
use proc_macro2::Literal;

/// All of them.
pub static LAYOUTS: [&Layout; 1] = [&PLACES];

static PLACES: Layout = Layout {
    name: "Places",
    of: "the places of operands",
    taken_by: &["word1", "word2", "word3", "word4", "branch1", "branch2", "branch3", "branch4"],
    bits: 32,
    groups: &[
        &[zeros(3), field("fourth", 5, "the lowest bit of the fourth operand")],
        &[zeros(3), field("third", 5, "the lowest bit of the third operand")],
        &[zeros(3), field("second", 5, "the lowest bit of the second operand")],
        &[zeros(3), field("first", 5, "the lowest bit of the first operand")],
    ],
};

/// The places of up to four operands.
pub(super) fn places(operands: &[u32]) -> Literal {
    let place = |index: usize| operands.get(index).copied().unwrap_or(0);
    PLACES.literal(PLACES.pack(&[("first", place(0)), ("second", place(1)), ("third", place(2)), ("fourth", place(3))]))
}
