//! `Form::emit` of every AArch64 form, with operands made of the input, against a forward encoder, in both directions
//! and into every kind of buffer.

#![no_main]

mod input;

use libfuzzer_sys::fuzz_target;
use tailfirst::aarch64::forms;
use tailfirst_roundtrip::{
    aarch64::{MODEL, mistake},
    choices::Choices,
};

fuzz_target!(|bytes: &[u8]| {
    let numbers = input::large_numbers(bytes);
    let Some((form, numbers)) = numbers.split_first() else { return };
    let form = *form as usize % MODEL.len();
    if let Some(mistake) = mistake(&MODEL[form], &forms()[form], &mut Choices::new(numbers)) {
        panic!("{mistake}");
    }
});
