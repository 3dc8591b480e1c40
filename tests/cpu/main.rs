//! CPU features: what is detected, and what a form needs.

// What both instruction sets share is a part of either's support.
#![allow(clippy::duplicate_mod)]

mod detect;

// It says nothing of the machine that it runs on, and optimised for an emulated one it takes ten minutes to compile.
#[cfg(target_arch = "x86_64")]
mod features;

#[cfg(target_arch = "x86_64")]
#[path = "../support/aarch64/mod.rs"]
mod a64;
#[cfg(target_arch = "x86_64")]
#[path = "../support/side.rs"]
mod side;
#[cfg(target_arch = "x86_64")]
#[path = "../support/x64/mod.rs"]
mod support;
