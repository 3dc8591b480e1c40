//! Any text as a table of either instruction set: an error that names its row, or forms and the Rust that encodes them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::{path::Path, str, sync::LazyLock};
use tailfirst_gen::{Home, TableError, aarch64, aarch64_cpu, cpu::Cpu, table::read, x64, x64_cpu};

static CPU: LazyLock<[Cpu; 2]> = LazyLock::new(|| {
    let tables = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tables"));
    let read = |cpu: fn(&Path) -> Result<Cpu, TableError>| cpu(tables).unwrap_or_else(|error| panic!("{error}"));
    [read(x64_cpu), read(aarch64_cpu)]
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(forms) = read("x64/fuzz.ron", text).and_then(|lines| x64::forms(&lines)) {
        x64::encoders(&forms, Home::Runtime);
        x64::forms_data(&forms, &CPU[0]);
    }
    if let Ok(forms) = read("aarch64/fuzz.ron", text).and_then(|lines| aarch64::forms(&lines)) {
        aarch64::encoders(&forms, Home::Runtime);
        aarch64::forms_data(&forms, &CPU[1]);
    }
});
