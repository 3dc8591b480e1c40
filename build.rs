//! Turns tables/ into encoder functions. Everything that it does is in the package `tailfirst-gen`.

use std::{env, path::Path, process::exit};
use tailfirst_gen::{Wanted, generate};

fn main() {
    println!("cargo::rerun-if-changed=tables");
    let feature = |name: &str| env::var_os(format!("CARGO_FEATURE_{name}")).is_some();
    let wanted = Wanted { x64: feature("X64"), aarch64: feature("AARCH64"), forms: feature("FORMS") };
    // Cargo sets OUT_DIR for every build script.
    let out = env::var_os("OUT_DIR").expect("OUT_DIR is set by cargo");
    if let Err(error) = generate(Path::new("tables"), Path::new(&out), wanted) {
        println!("cargo::error={error}");
        exit(1);
    }
}
