//! How fast each contender compiles, and how fast what it made runs.

use std::time::{Duration, Instant};

use crate::contenders::{Contender, code_section, contenders};
use crate::replay::Replay;
use crate::{Outcome, Program, table};

/// How often each contender compiles and runs a module: a large one takes seconds.
fn repetitions(program: &Program) -> usize {
    if program.binary.len() > 4 << 20 { 2 } else { 5 }
}

/// The best of a contender on a module.
#[derive(Clone, Copy)]
pub struct Measured {
    pub compile: Duration,
    pub run: Duration,
    /// Of machine code, where it is known.
    pub code: Option<usize>,
}

/// One contender, once on one module.
fn once(contender: &dyn Contender, program: &Program) -> Outcome<Measured> {
    let start = Instant::now();
    let compiled = contender.compile(&program.binary)?;
    let compile = start.elapsed();
    let replay = Replay::new(program.events.clone());
    let mut machine = compiled.instantiate(&replay)?;
    let start = Instant::now();
    replay.run(&mut *machine)?;
    Ok(Measured { compile, run: start.elapsed(), code: compiled.code() })
}

pub fn measure(programs: &[Program]) -> Outcome<()> {
    let contenders = contenders()?;
    let mut rows = vec![];
    for program in programs {
        let mut best: Vec<Option<Measured>> = vec![None; contenders.len()];
        for _ in 0..repetitions(program) {
            for (contender, best) in contenders.iter().zip(&mut best) {
                let now = once(&**contender, program)
                    .map_err(|error| format!("{}: {}: {error}", program.name, contender.name()))?;
                let before = best.unwrap_or(now);
                *best = Some(Measured {
                    compile: now.compile.min(before.compile),
                    run: now.run.min(before.run),
                    code: now.code,
                });
            }
        }
        eprintln!("{} measured", program.name);
        rows.push(table::Row {
            name: program.name.clone(),
            code_section: code_section(&program.binary)?,
            best: best.into_iter().flatten().collect(),
        });
    }
    table::print(&contenders.iter().map(|contender| contender.name()).collect::<Vec<_>>(), &rows);
    Ok(())
}
