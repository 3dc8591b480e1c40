//! `Form::emit` of every AArch64 form, with operands made of the input, against a forward encoder, in both directions
//! and into every kind of buffer.

#![no_main]
// Of what the tests share, each target uses a part.
#![allow(dead_code, unused_imports)]

#[path = "../../tests/support/aarch64/buffers.rs"]
mod buffers;
mod input;
#[path = "../../tests/support/side.rs"]
mod side;
#[path = "../../tests/support/aarch64/mod.rs"]
mod support;

use buffers::{fits, grows, in_both_directions, overflows};
use libfuzzer_sys::fuzz_target;
use support::{MODEL, Sample, choices::Choices};
use tailfirst::aarch64::{Form, forms};
use tailfirst_gen::aarch64::Form as Model;

fuzz_target!(|bytes: &[u8]| {
    let numbers = input::large_numbers(bytes);
    let Some((form, numbers)) = numbers.split_first() else { return };
    let form = *form as usize % MODEL.len();
    let (model, form) = (&MODEL[form], &forms()[form]);
    let sample = Sample::new(model, &mut Choices::new(numbers));
    let checks: [fn(&Model, &Form, &Sample) -> Result<(), String>; 3] =
        [in_both_directions!(grows), in_both_directions!(fits), in_both_directions!(overflows)];
    for check in checks {
        if let Err(mistake) = check(model, form, &sample) {
            panic!("{}: {mistake}, {:?}", form.name, sample.values);
        }
    }
});
