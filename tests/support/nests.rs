//! Blocks of every kind, in encoders of both directions.

// Every test is a crate by itself and uses a part of this.
#![allow(dead_code)]

use std::any::TypeId;
use tailfirst::{
    Align, Direction, Down, Up,
    x64::{Assembler, Emitter, Encoder},
};

pub const A16: Align = Align::of::<16>();

/// Runs a function inside a block of an encoder with direction `O`; the encoder there has direction `D`.
pub type Block<O, D> = fn(&mut Emitter<'_, O>, &mut dyn FnMut(&mut Emitter<'_, D>));

/// The direction inside blocks of an encoder with direction `O`.
pub trait Within<O: Direction>: Direction {
    /// The kinds of blocks: one, some in each other, aligned and not.
    fn blocks() -> Vec<Block<O, Self>>
    where
        Self: Sized;
}

impl Within<Down> for Up {
    fn blocks() -> Vec<Block<Down, Up>> {
        vec![
            |enc, f| enc.forward(f),
            |enc, f| {
                let mut asm = Assembler::new();
                enc.begin_block(&mut asm);
                f(&mut asm);
                enc.end_block(&mut asm);
            },
            |enc, f| enc.forward(|asm| asm.forward(|asm| f(asm))),
            |enc, f| enc.aligned(A16, |enc| enc.forward(|asm| f(asm))),
            |enc, f| enc.forward(|asm| asm.aligned(A16, |asm| f(asm))),
            |enc, f| enc.forward(|asm| asm.backward(|enc| enc.forward(|asm| f(asm)))),
        ]
    }
}

impl Within<Down> for Down {
    fn blocks() -> Vec<Block<Down, Down>> {
        vec![
            |enc, f| enc.aligned(A16, |enc| f(enc)),
            |enc, f| enc.aligned(A16, |enc| enc.aligned(A16, |enc| f(enc))),
            |enc, f| enc.forward(|asm| asm.backward(|enc| f(enc))),
            |enc, f| enc.aligned(A16, |enc| enc.forward(|asm| asm.backward(|enc| enc.aligned(A16, |enc| f(enc))))),
        ]
    }
}

impl Within<Up> for Down {
    fn blocks() -> Vec<Block<Up, Down>> {
        vec![
            |asm, f| asm.backward(f),
            |asm, f| {
                let mut enc = Encoder::new();
                asm.begin_block(&mut enc);
                f(&mut enc);
                asm.end_block(&mut enc);
            },
            |asm, f| asm.aligned(A16, |asm| asm.backward(|enc| f(enc))),
            |asm, f| asm.backward(|enc| enc.aligned(A16, |enc| f(enc))),
            |asm, f| asm.backward(|enc| enc.forward(|asm| asm.backward(|enc| f(enc)))),
        ]
    }
}

impl Within<Up> for Up {
    fn blocks() -> Vec<Block<Up, Up>> {
        vec![|asm, f| asm.backward(|enc| enc.forward(|asm| f(asm))), |asm, f| {
            asm.backward(|enc| enc.aligned(A16, |enc| enc.forward(|asm| f(asm))))
        }]
    }
}

/// Whether code grows up.
pub fn is_up<D: Direction>() -> bool {
    TypeId::of::<D>() == TypeId::of::<Up>()
}

/// Calls a function that is generic over a direction for both.
#[allow(unused_macros)]
macro_rules! in_both_directions {
    ($test:ident) => {{
        $test::<tailfirst::Down>();
        $test::<tailfirst::Up>();
    }};
}

/// Calls a function that is generic over the direction of an encoder, and the one inside its blocks.
#[allow(unused_macros)]
macro_rules! in_all_blocks {
    ($test:ident) => {{
        $test::<tailfirst::Down, tailfirst::Down>();
        $test::<tailfirst::Down, tailfirst::Up>();
        $test::<tailfirst::Up, tailfirst::Down>();
        $test::<tailfirst::Up, tailfirst::Up>();
    }};
}

/// The same with another block inside the first.
#[allow(unused_macros)]
macro_rules! in_all_blocks_of_blocks {
    ($test:ident) => {{
        $test::<tailfirst::Down, tailfirst::Down, tailfirst::Down>();
        $test::<tailfirst::Down, tailfirst::Down, tailfirst::Up>();
        $test::<tailfirst::Down, tailfirst::Up, tailfirst::Down>();
        $test::<tailfirst::Down, tailfirst::Up, tailfirst::Up>();
        $test::<tailfirst::Up, tailfirst::Down, tailfirst::Down>();
        $test::<tailfirst::Up, tailfirst::Down, tailfirst::Up>();
        $test::<tailfirst::Up, tailfirst::Up, tailfirst::Down>();
        $test::<tailfirst::Up, tailfirst::Up, tailfirst::Up>();
    }};
}

#[allow(unused_imports)]
pub(crate) use {in_all_blocks, in_all_blocks_of_blocks, in_both_directions};
