//! Forms of instructions, checked, and the Rust that encodes them.
//!
//! ```text
//!   rows as text --x64, aarch64--> checked forms --emit--> tokens --print--> text
//! ```
//!
//! Every check is made on the way from row to form. So what emits code deals with forms that are right, and a mistake
//! in a table is a [`TableError`] that names file, row and reason.
//!
//! Reading table files is left to `tailfirst-gen`, whose only other part this is. As a package by itself it is compiled
//! while the reader's dependencies are, for which a user of the crate would wait.

#![warn(clippy::unwrap_used)]

pub mod aarch64;
pub mod choice;
pub mod condition;
pub mod cpu;
mod data;
mod error;
mod fields;
pub mod layout;
pub mod method;
mod names;
mod pages;
mod print;
pub mod row;
pub mod x64;

pub use error::{Reason, TableError};
