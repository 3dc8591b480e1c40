//! Safe calls, right and wrong: none panics, and what comes out does not depend on the memory.

#![no_main]
// Of what the tests share, each target uses a part.
#![allow(dead_code, unused_imports)]

#[path = "../../tests/support/calls/mod.rs"]
mod calls;
use tailfirst_roundtrip::choices;
mod input;

use libfuzzer_sys::{Corpus, fuzz_target};
use tailfirst::{aarch64::A64, x64::X64};

fuzz_target!(
    // The fuzzer's own hook ends the process before the calls that have led to a panic can be told.
    init: std::panic::set_hook(Box::new(|_| ())),
    |bytes: &[u8]| -> Corpus {
        let Some((kind, rest)) = bytes.split_first() else { return Corpus::Reject };
        let numbers = input::small_numbers(rest);
        let mistake = if kind % 2 == 0 { calls::mistake::<X64>(&numbers) } else { calls::mistake::<A64>(&numbers) };
        if let Some(mistake) = mistake {
            eprintln!("{mistake}");
            std::process::abort();
        }
        Corpus::Keep
    }
);
