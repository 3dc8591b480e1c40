//! Turns tables of instruction encodings into Rust encoder functions.
//!
//! ```text
//!   tables/*.ron --table--> rows as text --tailfirst-forms--> checked forms and text of encoders
//! ```
//!
//! A mistake in a table is a [`TableError`] that names file, row and reason. The checked forms are public: the tests of `tailfirst` hold the
//! generated encoders to them.

#![warn(clippy::unwrap_used)]

mod extension;
pub mod table;

pub use extension::{Extension, extend};

pub use tailfirst_forms::method::Home;
pub use tailfirst_forms::{Reason, TableError, aarch64, condition, x64};

use std::{fs, panic::resume_unwind, path::Path, thread};

/// The forms of `tables/x64`.
pub fn x64_forms(tables: &Path) -> Result<Vec<x64::Form>, TableError> {
    x64::forms(&table::read_dir(&tables.join("x64"))?)
}

/// The forms of `tables/aarch64`.
pub fn aarch64_forms(tables: &Path) -> Result<Vec<aarch64::Form>, TableError> {
    aarch64::forms(&table::read_dir(&tables.join("aarch64"))?)
}

/// Writes what the runtime includes to `out`, for each instruction set:
///
/// | file | content |
/// |---|---|
/// | `x64.rs`, `aarch64.rs` | the encoders |
/// | `x64_values.rs`, `aarch64_values.rs` | the types of operations that are values |
/// | `x64_rows.rs`, `aarch64_rows.rs` | what reads the numbers that they hand over |
/// | `x64_words.rs`, `aarch64_words.rs` | the instructions that the runtime places by itself |
/// | `x64_forms.rs`, `aarch64_forms.rs` | the forms as data |
///
/// What is written is a matter of Cargo features: those of the instruction sets, those that the tables name, `forms`, and `exec`, which has
/// instructions of both sets. Every form of a set is checked, whatever is written.
pub fn generate(tables: &Path, out: &Path, is_enabled: impl Fn(&str) -> bool + Sync) -> Result<(), TableError> {
    // Both at once: while a build script runs, cargo has nothing else to do.
    thread::scope(|scope| {
        let x64 = scope.spawn(|| generate_x64(tables, out, &is_enabled));
        generate_aarch64(tables, out, &is_enabled)?;
        x64.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

fn generate_x64(tables: &Path, out: &Path, is_enabled: &impl Fn(&str) -> bool) -> Result<(), TableError> {
    if !is_enabled("x64") && !is_enabled("exec") {
        return Ok(());
    }
    let mut forms = x64_forms(tables)?;
    write(out, "x64_words.rs", &x64::words(&forms)?)?;
    if !is_enabled("x64") {
        return Ok(());
    }
    forms.retain(|form| form.feature.as_deref().is_none_or(is_enabled));
    write(out, "x64.rs", &x64::encoders(&forms, Home::Runtime))?;
    write(out, "x64_values.rs", &x64::choices(&forms))?;
    write(out, "x64_rows.rs", &x64::readers())?;
    if is_enabled("forms") { write(out, "x64_forms.rs", &x64::forms_data(&forms)) } else { Ok(()) }
}

fn generate_aarch64(tables: &Path, out: &Path, is_enabled: &impl Fn(&str) -> bool) -> Result<(), TableError> {
    if !is_enabled("aarch64") && !is_enabled("exec") {
        return Ok(());
    }
    let mut forms = aarch64_forms(tables)?;
    write(out, "aarch64_words.rs", &aarch64::words(&forms)?)?;
    if !is_enabled("aarch64") {
        return Ok(());
    }
    forms.retain(|form| form.feature.as_deref().is_none_or(is_enabled));
    write(out, "aarch64.rs", &aarch64::encoders(&forms, Home::Runtime))?;
    write(out, "aarch64_values.rs", &aarch64::choices(&forms))?;
    write(out, "aarch64_rows.rs", &aarch64::readers())?;
    if is_enabled("forms") { write(out, "aarch64_forms.rs", &aarch64::forms_data(&forms)) } else { Ok(()) }
}

fn write(out: &Path, file: &str, text: &str) -> Result<(), TableError> {
    let path = out.join(file);
    fs::write(&path, text)
        .map_err(|cause| TableError::of_table(file, Reason::Unwritable { path, cause: cause.to_string() }))
}
