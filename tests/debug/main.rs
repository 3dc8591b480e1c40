//! What debuggers, profilers and unwinders are told of code.

#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

#[path = "../support/debug/mod.rs"]
mod support;

mod gdb;
mod jitdump;
mod perf;
#[cfg(target_env = "gnu")]
mod unwind;
