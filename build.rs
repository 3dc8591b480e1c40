//! Turns tables/ into encoder functions. Everything that it does is in the package `tailfirst-gen`.

use std::{env, path::Path, process::exit};

fn main() {
    println!("cargo::rerun-if-changed=tables");
    let tables = Path::new("tables");
    // Cargo sets OUT_DIR for every build script.
    let out = env::var_os("OUT_DIR").expect("OUT_DIR is set by cargo");
    if let Err(error) = tailfirst_gen::generate(tables, Path::new(&out)) {
        println!("cargo::error={error}");
        exit(1);
    }
}
