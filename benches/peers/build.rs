//! Compiles the emitter in C, always with -O2, as LuaJIT is built, whatever Cargo's profile says; and tells the program
//! which compilers made it, for the record.

use std::process::Command;

fn first_line(program: &std::ffi::OsStr) -> String {
    let output = Command::new(program).arg("--version").output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().next().unwrap_or("unknown").to_owned()
}

fn main() {
    println!("cargo::rerun-if-changed=luajit/emit.c");
    let mut build = cc::Build::new();
    build.file("luajit/emit.c").opt_level(2).debug(false).warnings(true).std("c11");
    let compiler = build.get_compiler();
    build.compile("tailfirst_peers_luajit");

    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    println!("cargo::rustc-env=PEERS_RUSTC={}", first_line(&rustc));
    println!("cargo::rustc-env=PEERS_CC={}", first_line(compiler.path().as_os_str()));
}
