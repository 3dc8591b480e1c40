//! Turns tables/ into encoder functions. Everything that it does is in the package `tailfirst-gen`.

use std::{env, path::Path, process::exit};

fn main() {
    println!("cargo::rerun-if-changed=tables");
    let is_enabled = |feature: &str| {
        let name = feature.to_uppercase().replace('-', "_");
        env::var_os(format!("CARGO_FEATURE_{name}")).is_some()
    };
    // Cargo sets OUT_DIR for every build script.
    let out = env::var_os("OUT_DIR").expect("OUT_DIR is set by cargo");
    // What build scripts of packages with tables of their own want to know (`tailfirst_gen::extend`).
    let tables = Path::new(env!("CARGO_MANIFEST_DIR")).join("tables");
    println!("cargo::metadata=tables={}", tables.display());
    println!("cargo::metadata=version={}", env!("CARGO_PKG_VERSION"));
    println!("cargo::metadata=forms={}", is_enabled("forms"));
    println!("cargo::rustc-check-cfg=cfg(unoptimized)");
    if env::var_os("OPT_LEVEL").is_some_and(|level| level == "0") {
        println!("cargo::rustc-cfg=unoptimized");
    }
    if let Err(error) = tailfirst_gen::generate(Path::new("tables"), Path::new(&out), is_enabled) {
        println!("cargo::error={error}");
        exit(1);
    }
}
