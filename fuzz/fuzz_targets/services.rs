//! Correct programs with all services, against a model that knows no buffers, positions or fixups; and AArch64 programs
//! with branches and constants beyond their reach, which a machine follows.
//!
//! The first byte says which. Each program is placed in both directions, the former into slices of many sizes, too.

#![no_main]
// Of what the tests share, each target uses a part.
#![allow(dead_code, unused_imports, unused_macros)]

use tailfirst_roundtrip::choices;
mod input;
#[path = "../../tests/support/ranges/mod.rs"]
mod ranges;
#[path = "../../tests/support/trees/mod.rs"]
mod trees;

use libfuzzer_sys::fuzz_target;
use ranges::program::{Filler, items, run};
use std::sync::LazyLock;
use tailfirst::{Down, Up, aarch64, x64};
use tailfirst_roundtrip::choices::Choices;

static FILLER: LazyLock<Filler> = LazyLock::new(Filler::new);

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let numbers = input::small_numbers(rest);
    let mistake = match kind % 5 {
        0 => trees::mistake::<x64::X64>(&numbers, false),
        1 => trees::mistake::<x64::X64>(&numbers, true),
        2 => trees::mistake::<aarch64::A64>(&numbers, false),
        3 => trees::mistake::<aarch64::A64>(&numbers, true),
        _ => {
            let items = items(&mut Choices::new(&numbers), 5, 3, 6, 12);
            run(&mut aarch64::Emitter::<Down>::new(), &FILLER, &items, 5);
            run(&mut aarch64::Emitter::<Up>::new(), &FILLER, &items, 5);
            None
        }
    };
    if let Some(mistake) = mistake {
        panic!("{mistake}");
    }
});
