//! Turns tables of instruction encodings into Rust encoder functions.
//!
//! ```text
//!   tables/*.ron --table--> rows as text --x64, aarch64--> checked forms --emit--> tokens --print--> text
//! ```
//!
//! Every check is made on the way from row to form, so that what emits code deals with forms that are right, and a mistake
//! in a table is an error that names file, row and reason.

#![allow(missing_docs)] // TODO remove when complete

pub mod condition;
mod error;
mod names;
mod print;
pub mod table;
pub mod x64;

pub use error::{Reason, TableError};

use std::path::Path;

/// Reads `tables/x64` and gives its forms.
pub fn x64_forms(tables: &Path) -> Result<Vec<x64::Form>, TableError> {
    x64::forms(&table::read_dir(&tables.join("x64"))?)
}

/// Writes the encoders of every table to `out`: `x64.rs`, `aarch64.rs`.
pub fn generate(tables: &Path, out: &Path) -> Result<(), TableError> {
    let runtime = quote::quote!(crate);
    write(out, "x64.rs", &x64::encoders(&x64_forms(tables)?, &runtime))
}

fn write(out: &Path, file: &str, text: &str) -> Result<(), TableError> {
    let path = out.join(file);
    std::fs::write(&path, text)
        .map_err(|cause| TableError::of_table(file, Reason::Unreadable { path, cause: cause.to_string() }))
}
