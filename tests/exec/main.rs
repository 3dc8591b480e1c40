//! Executable memory: arenas, regions, far calls, loading, patching.

#![cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), any(target_os = "linux", windows)))]

#[path = "../support/exec.rs"]
mod support;

mod arena;
mod far;
mod load;
mod patch;
mod texts;
