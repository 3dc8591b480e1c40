//! Turns tables of instruction encodings into Rust encoder functions.
//!
//! ```text
//!   tables/*.ron --table--> rows as text --x64, aarch64--> checked forms --emit--> tokens --print--> text
//! ```
//!
//! Every check is made on the way from row to form. So what emits code deals with forms that are right, and a mistake in a table
//! is a [`TableError`] that names file, row and reason. The checked forms are public: the tests of `tailfirst` hold the
//! generated encoders to them.

#![warn(clippy::unwrap_used)]

pub mod aarch64;
pub mod condition;
mod error;
mod names;
mod print;
pub mod table;
pub mod x64;

pub use error::{Reason, TableError};

use quote::quote;
use std::{fs, path::Path};

/// The forms of `tables/x64`.
pub fn x64_forms(tables: &Path) -> Result<Vec<x64::Form>, TableError> {
    x64::forms(&table::read_dir(&tables.join("x64"))?)
}

/// The forms of `tables/aarch64`.
pub fn aarch64_forms(tables: &Path) -> Result<Vec<aarch64::Form>, TableError> {
    aarch64::forms(&table::read_dir(&tables.join("aarch64"))?)
}

/// What to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The encoders of `x64/`.
    pub x64: bool,
    /// The encoders of `aarch64/`.
    pub aarch64: bool,
    /// The forms as data, too.
    pub forms: bool,
}

/// Writes the encoders of the tables to `out`: `x64.rs` and `aarch64.rs`, and the forms as data to `x64_forms.rs` and
/// `aarch64_forms.rs`.
pub fn generate(tables: &Path, out: &Path, wanted: Wanted) -> Result<(), TableError> {
    let runtime = quote!(crate);
    if wanted.x64 {
        let forms = x64_forms(tables)?;
        write(out, "x64.rs", &x64::encoders(&forms, &runtime))?;
        if wanted.forms {
            write(out, "x64_forms.rs", &x64::forms_data(&forms))?;
        }
    }
    if wanted.aarch64 {
        let forms = aarch64_forms(tables)?;
        write(out, "aarch64.rs", &aarch64::encoders(&forms, &runtime))?;
        if wanted.forms {
            write(out, "aarch64_forms.rs", &aarch64::forms_data(&forms))?;
        }
    }
    Ok(())
}

fn write(out: &Path, file: &str, text: &str) -> Result<(), TableError> {
    let path = out.join(file);
    fs::write(&path, text)
        .map_err(|cause| TableError::of_table(file, Reason::Unwritable { path, cause: cause.to_string() }))
}
