//! CPU features: what is detected, and what a form needs.

mod detect;

// It says nothing of the machine that it runs on, and optimised for an emulated one it takes ten minutes to compile.
#[cfg(target_arch = "x86_64")]
mod features;
