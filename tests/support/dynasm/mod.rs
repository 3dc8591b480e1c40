//! Programs of `dynasm!` code, and two assemblers for each.

#![allow(clippy::useless_conversion, reason = "dynasm! converts registers that are bytes already")]

pub mod machine;
pub mod program;
