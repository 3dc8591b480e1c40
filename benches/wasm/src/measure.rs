//! How fast each contender compiles, and how fast what it made runs.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::contenders::{Contender, code_section, compilers};
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
    /// Bytes of machine code.
    pub code: usize,
}

/// The processor's time that this thread has had: none of what others on the machine take.
pub fn thread_time() -> Duration {
    read(ClockId::ThreadCPUTime)
}

/// The same of all threads of this process: one contender at a time is at work, some in a thread of their own.
pub fn process_time() -> Duration {
    read(ClockId::ProcessCPUTime)
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// One contender, once on one module.
fn once(contender: &dyn Contender, program: &Program) -> Outcome<Measured> {
    let start = process_time();
    let compiled = contender.compile(&program.binary)?;
    let compile = process_time() - start;
    let replay = Replay::new(program.events.clone());
    let mut machine = compiled.instantiate(&replay)?;
    let start = process_time();
    replay.run(&mut *machine)?;
    Ok(Measured { compile, run: process_time() - start, code: compiled.code() })
}

pub fn measure(programs: &[Program]) -> Outcome<()> {
    let contenders = compilers()?;
    let mut rows = vec![];
    for program in programs {
        let mut best: Vec<Option<Measured>> = vec![None; contenders.len()];
        for _ in 0..repetitions(program) {
            for (contender, best) in contenders.iter().zip(&mut best) {
                let latest = once(&**contender, program)
                    .map_err(|error| format!("{}: {}: {error}", program.name, contender.name()))?;
                let before = best.unwrap_or(latest);
                *best = Some(Measured {
                    compile: latest.compile.min(before.compile),
                    run: latest.run.min(before.run),
                    code: latest.code,
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
