//! `tailfirst-gen list [--isa x64|aarch64]`: every form of the tables, one a line.
//!
//! The columns: the encoder function, the encoding, where and how operands are accessed, the CPU features, the table, the syntax.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};
use tailfirst_gen::{TableError, aarch64_forms, x64_forms};

const USAGE: &str = "usage: tailfirst-gen list [--isa x64|aarch64]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (x64, aarch64) = match arguments[..] {
        ["list"] => (true, true),
        ["list", "--isa", "x64"] => (true, false),
        ["list", "--isa", "aarch64"] => (false, true),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match list(x64, aarch64) {
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

fn list(x64: bool, aarch64: bool) -> Result<String, TableError> {
    // The tables lie beside this package.
    let tables = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tables"));
    let mut lines = Vec::new();
    if x64 {
        lines.extend(x64_forms(tables)?.iter().map(|form| form.list_line()));
    }
    if aarch64 {
        lines.extend(aarch64_forms(tables)?.iter().map(|form| form.list_line()));
    }
    lines.push(String::new());
    Ok(lines.join("\n"))
}
