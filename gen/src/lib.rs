//! Turns tables of instruction encodings into Rust encoder functions.
//!
//! ```text
//!   tables/*.ron --table--> rows as text --tailfirst-forms--> checked forms and text of encoders
//! ```
//!
//! A mistake in a table is a [`TableError`] that names file, row and reason. The checked forms are public: the tests of
//! `tailfirst` hold the generated encoders to them.

#![warn(clippy::unwrap_used)]

mod extension;
pub mod table;

pub use extension::{Extension, extend};

pub use tailfirst_forms::method::{Home, Method, Role};
pub use tailfirst_forms::{Reason, TableError, aarch64, condition, cpu, x64};

use cpu::Cpu;
use std::{fs, panic::resume_unwind, path::Path, thread};

/// The forms of `tables/x64`.
pub fn x64_forms(tables: &Path) -> Result<Vec<x64::Form>, TableError> {
    x64_forms_for(tables, &x64_cpu(tables)?)
}

fn x64_forms_for(tables: &Path, cpu: &Cpu) -> Result<Vec<x64::Form>, TableError> {
    let forms = x64::forms(&table::read_dir(&tables.join("x64"))?)?;
    for form in &forms {
        cpu.check_row(&form.cpu).map_err(|reason| TableError::of_row(&form.table, &form.syntax, reason))?;
    }
    Ok(forms)
}

/// The forms of `tables/aarch64`.
pub fn aarch64_forms(tables: &Path) -> Result<Vec<aarch64::Form>, TableError> {
    aarch64_forms_for(tables, &aarch64_cpu(tables)?)
}

fn aarch64_forms_for(tables: &Path, cpu: &Cpu) -> Result<Vec<aarch64::Form>, TableError> {
    let forms = aarch64::forms(&table::read_dir(&tables.join("aarch64"))?)?;
    for form in &forms {
        cpu.check_row(&form.cpu).map_err(|reason| TableError::of_row(&form.table, &form.name, reason))?;
    }
    Ok(forms)
}

/// The CPU features of `tables/cpu/x64.ron`.
pub fn x64_cpu(tables: &Path) -> Result<Cpu, TableError> {
    table::read_cpu(tables, X64_CPU)
}

/// The CPU features of `tables/cpu/aarch64.ron`.
pub fn aarch64_cpu(tables: &Path) -> Result<Cpu, TableError> {
    table::read_cpu(tables, AARCH64_CPU)
}

/// The names of system registers and other operands, of `tables/names/aarch64_*.ron`.
pub fn aarch64_names(tables: &Path) -> Result<Vec<aarch64::named::Named>, TableError> {
    table::read_names(tables, &["names/aarch64_operations.ron", "names/aarch64_registers.ron"])
}

const X64_CPU: &str = "cpu/x64.ron";
const AARCH64_CPU: &str = "cpu/aarch64.ron";

/// Writes what the runtime includes to `out`, for each instruction set:
///
/// | file | content |
/// |---|---|
/// | `x64.rs`, `aarch64.rs` | the encoders |
/// | `x64_values.rs`, `aarch64_values.rs` | the types of operations that are values |
/// | `x64_rows.rs`, `aarch64_rows.rs` | what reads the numbers that they hand over |
/// | `x64_pages.rs`, `aarch64_pages.rs` | pages of documentation |
/// | `x64_words.rs`, `aarch64_words.rs` | the instructions that the runtime places by itself |
/// | `aarch64_names.rs` | system registers and other operands that have names |
/// | `aarch64_bits.rs` | the types of operands that encoders take |
/// | `x64_cpu.rs`, `aarch64_cpu.rs` | CPU features, and what each implies |
/// | `x64_cpu_tests.rs`, `aarch64_cpu_tests.rs` | how they are detected |
/// | `x64_forms.rs`, `aarch64_forms.rs` | the forms as data |
/// | `aarch64_operands.rs` | the types of operands that are chosen at run time |
/// | `x64_finder.rs`, `aarch64_finder.rs` | what reads the next |
/// | `x64_finder.bin`, `aarch64_finder.bin` | the index that finds a form by its bytes |
///
/// What is written is a matter of Cargo features: those of the instruction sets, those that the tables name, `forms`,
/// and `exec`, which has instructions of both sets. Every form of a set is checked, whatever is written.
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
    let cpu = x64_cpu(tables)?;
    let mut forms = x64_forms_for(tables, &cpu)?;
    write(out, "x64_words.rs", &x64::words(&forms)?)?;
    if !is_enabled("x64") {
        return Ok(());
    }
    write(out, "x64_cpu.rs", &cpu.features(X64_CPU))?;
    write(out, "x64_cpu_tests.rs", &cpu.tests(X64_CPU))?;
    forms.retain(|form| form.feature.as_deref().is_none_or(is_enabled));
    write(out, "x64.rs", &x64::encoders(&forms, Home::Runtime))?;
    write(out, "x64_values.rs", &x64::choices(&forms))?;
    write(out, "x64_rows.rs", &x64::readers())?;
    write(out, "x64_pages.rs", &x64::pages(&forms))?;
    if is_enabled("forms") {
        write(out, "x64_forms.rs", &x64::forms_data(&forms, &cpu))?;
        write(out, "x64_finder.rs", &x64::finder_reader())?;
        write(out, "x64_finder.bin", &x64::finder(&forms))?;
    }
    Ok(())
}

fn generate_aarch64(tables: &Path, out: &Path, is_enabled: &impl Fn(&str) -> bool) -> Result<(), TableError> {
    if !is_enabled("aarch64") && !is_enabled("exec") {
        return Ok(());
    }
    let cpu = aarch64_cpu(tables)?;
    let mut forms = aarch64_forms_for(tables, &cpu)?;
    write(out, "aarch64_words.rs", &aarch64::words(&forms)?)?;
    if !is_enabled("aarch64") {
        return Ok(());
    }
    write(out, "aarch64_names.rs", &aarch64::named::constants(&aarch64_names(tables)?))?;
    write(out, "aarch64_bits.rs", &aarch64::operand_bits())?;
    write(out, "aarch64_cpu.rs", &cpu.features(AARCH64_CPU))?;
    write(out, "aarch64_cpu_tests.rs", &cpu.tests(AARCH64_CPU))?;
    forms.retain(|form| form.feature.as_deref().is_none_or(is_enabled));
    write(out, "aarch64.rs", &aarch64::encoders(&forms, Home::Runtime))?;
    write(out, "aarch64_values.rs", &aarch64::choices(&forms))?;
    write(out, "aarch64_rows.rs", &aarch64::readers())?;
    write(out, "aarch64_pages.rs", &aarch64::pages(&forms))?;
    if is_enabled("forms") {
        write(out, "aarch64_operands.rs", &aarch64::operand_variants())?;
        write(out, "aarch64_forms.rs", &aarch64::forms_data(&forms, &cpu))?;
        write(out, "aarch64_finder.rs", &aarch64::finder_reader(&forms))?;
        write(out, "aarch64_finder.bin", &aarch64::finder(&forms))?;
    }
    Ok(())
}

fn write(out: &Path, file: &str, content: &(impl AsRef<[u8]> + ?Sized)) -> Result<(), TableError> {
    let path = out.join(file);
    fs::write(&path, content)
        .map_err(|cause| TableError::of_table(file, Reason::Unwritable { path, cause: cause.to_string() }))
}
