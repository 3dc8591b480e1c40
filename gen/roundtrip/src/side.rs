//! The direction as tests see it: where code lies that has grown in it.

use std::ops::Range;
use tailfirst::{Code, Direction, Down, Encoder, Isa, Label, Up};

/// A direction of which a test knows which one it is.
pub trait Side: Direction {
    const IS_UP: bool;

    /// The first of two places in reading order, given in the order in which they are reached.
    fn lower<T>(earlier: T, later: T) -> T {
        if Self::IS_UP { earlier } else { later }
    }

    /// Which part of so much room is filled by `len` bytes.
    fn filled(room: usize, len: usize) -> Range<usize> {
        if Self::IS_UP { 0..len } else { room - len..room }
    }

    /// The distance of an offset in so many bytes of code from the code's base.
    fn from_base(len: usize, offset: usize) -> usize {
        if Self::IS_UP { offset } else { len - offset }
    }

    /// The distance of a label from the code's base.
    fn distance<I: Isa>(code: &Code<'_, I>, label: Label) -> usize {
        Self::from_base(code.bytes().len(), code.offset_of(label).expect("the label is bound"))
    }

    /// The alignment of the code's base.
    fn alignment<I: Isa>(code: &Code<'_, I>) -> u32;

    /// What was placed, given in the order in which it was, in reading order.
    fn reading_order<T>(mut placed: Vec<T>) -> Vec<T> {
        if !Self::IS_UP {
            placed.reverse();
        }
        placed
    }
}

impl Side for Down {
    const IS_UP: bool = false;

    fn alignment<I: Isa>(code: &Code<'_, I>) -> u32 {
        code.end_alignment()
    }
}

impl Side for Up {
    const IS_UP: bool = true;

    fn alignment<I: Isa>(code: &Code<'_, I>) -> u32 {
        code.start_alignment()
    }
}

/// A direction whose blocks have the other one.
pub trait Blocks: Side {
    type Other: Side;

    fn block<I: Isa, R>(enc: &mut Encoder<'_, I, Self>, write: impl FnOnce(&mut Encoder<'_, I, Self::Other>) -> R)
    -> R;
}

impl Blocks for Down {
    type Other = Up;

    fn block<I: Isa, R>(enc: &mut Encoder<'_, I, Down>, write: impl FnOnce(&mut Encoder<'_, I, Up>) -> R) -> R {
        enc.forward(write)
    }
}

impl Blocks for Up {
    type Other = Down;

    fn block<I: Isa, R>(enc: &mut Encoder<'_, I, Up>, write: impl FnOnce(&mut Encoder<'_, I, Down>) -> R) -> R {
        enc.backward(write)
    }
}
