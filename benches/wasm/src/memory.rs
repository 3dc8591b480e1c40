//! How much memory a compilation takes at most.
//!
//! Code is in memory that no allocator knows of, so it is the system that is asked: each compilation has a process of
//! its own, which reads the module, sets its peak of resident memory (`VmHWM`) back to what it has, and compiles. What
//! the peak is more than that is the compilation's, code and what instantiating needs included. wasmi is left out: it
//! keeps what it has not run yet as it is.

use std::fs::{read_to_string, write};
use std::process::Command;

use crate::contenders::compilers;
use crate::{Outcome, Program};

/// The command that [`child`] is for.
pub const CHILD: &str = "memory-of";

/// Prints a table.
pub fn memory(paths: &[String]) -> Outcome<()> {
    let names: Vec<_> = compilers()?.iter().map(|contender| contender.name()).collect();
    println!("| peak, MB | {} |\n|---|{}", names.join(" | "), "---:|".repeat(names.len()));
    for path in paths {
        let program = Program::read(path)?;
        let mut cells = vec![];
        for name in &names {
            let output = Command::new(std::env::current_exe()?).args([CHILD, name, path]).output()?;
            if !output.status.success() {
                return Err(format!("{path}: {name}: {}", String::from_utf8_lossy(&output.stderr)).into());
            }
            let kibibytes: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
            cells.push(format!("{:.1}", kibibytes * 1024.0 / 1e6));
        }
        println!("| {} | {} |", program.name, cells.join(" | "));
    }
    Ok(())
}

/// Compiles one module by one contender, and prints how many KiB that took.
pub fn child(arguments: &[String]) -> Outcome<()> {
    let [name, path] = arguments else { return Err("a contender and a module are wanted".into()) };
    let contenders = compilers()?;
    let contender = contenders.iter().find(|contender| contender.name() == name).ok_or("there is no such contender")?;
    let binary = std::fs::read(path)?;
    write("/proc/self/clear_refs", "5")?;
    let before = peak()?;
    let compiled = contender.compile(&binary)?;
    println!("{}", peak()?.saturating_sub(before));
    drop(compiled);
    Ok(())
}

fn peak() -> Outcome<u64> {
    let status = read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the system tells no peak")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
