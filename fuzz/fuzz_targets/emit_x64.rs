//! `Form::emit` of every x86-64 form, with operands made of the input, against a forward encoder, in both directions
//! and into every kind of buffer.

#![no_main]
// Of what the tests share, each target uses a part.
#![allow(dead_code, unused_imports)]

#[path = "../../tests/support/x64/buffers.rs"]
mod buffers;
mod input;
#[path = "../../tests/support/side.rs"]
mod side;
#[path = "../../tests/support/x64/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use support::MODEL;

fuzz_target!(|bytes: &[u8]| {
    let numbers = input::large_numbers(bytes);
    let Some((form, numbers)) = numbers.split_first() else { return };
    if let Some(mistake) = buffers::mistake(*form as usize % MODEL.len(), numbers) {
        panic!("{mistake}");
    }
});
