//! Any text as a table of either instruction set: an error that names its row, or forms and the Rust that encodes them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::str;
use tailfirst_gen::{Home, aarch64, table::read, x64};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(forms) = read("x64/fuzz.ron", text).and_then(|lines| x64::forms(&lines)) {
        x64::encoders(&forms, Home::Runtime);
        x64::forms_data(&forms);
    }
    if let Ok(forms) = read("aarch64/fuzz.ron", text).and_then(|lines| aarch64::forms(&lines)) {
        aarch64::encoders(&forms, Home::Runtime);
        aarch64::forms_data(&forms);
    }
});
