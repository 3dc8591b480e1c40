//! `tailfirst-gen list [--isa x64|aarch64] [--tables DIR]`: every form of the tables, one a line. With `--tables`,
//! those of another crate's tables, which are checked together with these.
//!
//! The columns: the encoder function, the encoding, where and how operands are accessed, the CPU features, the table,
//! the syntax.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};
use tailfirst_gen::{Extension, TableError, aarch64_forms, x64_forms};

const USAGE: &str = "usage: tailfirst-gen list [--isa x64|aarch64] [--tables DIR]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some((isas, tables)) = options(&arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match list(isas, tables) {
        Ok(lines) => {
            // A reader that has seen enough (`| head`) closes the pipe; that is no failure.
            let _ = io::stdout().lock().write_all(lines.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Which instruction sets are wanted.
#[derive(Clone, Copy)]
struct Isas {
    x64: bool,
    aarch64: bool,
}

/// The instruction sets and the tables that are asked for.
fn options<'a>(arguments: &[&'a str]) -> Option<(Isas, Option<&'a Path>)> {
    let (["list"], mut options) = arguments.split_at_checked(1)? else { return None };
    let (mut isas, mut tables) = (Isas { x64: true, aarch64: true }, None);
    while let [option, value, rest @ ..] = options {
        match (*option, *value) {
            ("--isa", "x64") => isas.aarch64 = false,
            ("--isa", "aarch64") => isas.x64 = false,
            ("--tables", dir) => tables = Some(Path::new(dir)),
            _ => return None,
        }
        options = rest;
    }
    (options.is_empty() && (isas.x64 || isas.aarch64)).then_some((isas, tables))
}

fn list(isas: Isas, tables: Option<&Path>) -> Result<String, TableError> {
    // The tables lie beside this package.
    let runtime_tables = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tables"));
    let extension = tables.map(|tables| {
        let (name, is_enabled) = ("Extension", &|_: &str| true);
        Extension { tables, name, runtime_tables, has_forms: false, is_enabled }
    });
    let mut text = String::new();
    if isas.x64 {
        let forms = extension.as_ref().map_or_else(|| x64_forms(runtime_tables).map(Some), Extension::x64_forms)?;
        text.extend(forms.into_iter().flatten().map(|form| form.list_line() + "\n"));
    }
    if isas.aarch64 {
        let forms =
            extension.as_ref().map_or_else(|| aarch64_forms(runtime_tables).map(Some), Extension::aarch64_forms)?;
        text.extend(forms.into_iter().flatten().map(|form| form.list_line() + "\n"));
    }
    Ok(text)
}
