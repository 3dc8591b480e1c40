//! The compiler of `examples/wasm` beside others: whether real modules do in it what they do in V8, how fast each
//! compiles them, and how fast what it made runs.
//!
//! A module comes with a trace of what a JavaScript program asked of it ([`trace`]), which is [replayed](replay):
//! whatever the module answers differently is an error.
//!
//! All contenders are measured in one process, one after the other on each module, and this is repeated; of the
//! repetitions the fastest counts, in time that the process has had on processors. Each compiles on one thread. The
//! [`memory`] that a compilation takes is measured in a process of its own. Of the compiler of `examples/wasm` it is
//! told apart what several [`threads`] are worth, and on x86-64 what [`emission`] is of its time.
//!
//! ```text
//! programs/build.sh target/programs
//! cargo run --release -- check target/programs/*.wasm
//! cargo run --release -- measure target/programs/*.wasm
//! cargo run --release -- memory target/programs/*.wasm
//! cargo run --release -- emission target/programs/*.wasm
//! cargo run --release -- threads target/programs/*.wasm
//! ```
//!
//! Without Wasmtime and Wasmer, by `--no-default-features`, it is built in a minute.

mod contenders;
mod emission;
mod measure;
mod memory;
mod replay;
mod table;
mod threads;
mod trace;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use contenders::{Contender, contenders};
use replay::Replay;
use trace::Event;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// A module with what it is to do.
struct Program {
    name: String,
    binary: Vec<u8>,
    events: Arc<[Event]>,
}

impl Program {
    fn read(path: &str) -> Outcome<Program> {
        let path = Path::new(path);
        Ok(Program {
            name: path.file_stem().unwrap_or_default().to_string_lossy().into(),
            binary: std::fs::read(path)?,
            events: trace::read(path)?.into(),
        })
    }
}

const USAGE: &str = "usage: check|measure|memory|emission|threads MODULES";

fn main() -> Outcome<ExitCode> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let (command, paths) = arguments.split_first().ok_or(USAGE)?;
    let programs = || paths.iter().map(|path| Program::read(path)).collect::<Outcome<Vec<_>>>();
    match &**command {
        "check" => return check(&programs()?),
        "measure" => measure::measure(&programs()?)?,
        "memory" => memory::memory(paths)?,
        memory::CHILD => memory::child(paths)?,
        "emission" => emission::emission(&programs()?)?,
        "threads" => threads::threads(&programs()?)?,
        _ => return Err(USAGE.into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints whether each module does in each contender what it did when its trace was recorded.
fn check(programs: &[Program]) -> Outcome<ExitCode> {
    let contenders = contenders()?;
    let names: Vec<_> = contenders.iter().map(|contender| contender.name()).collect();
    println!(
        "| module | code section | calls | {} |\n|---|---:|---:|{}",
        names.join(" | "),
        "---|".repeat(names.len())
    );
    let mut status = ExitCode::SUCCESS;
    for program in programs {
        let answers: Vec<_> = contenders
            .iter()
            .map(|contender| match replay(&**contender, program) {
                Ok(()) => "as in V8".to_string(),
                Err(error) => {
                    status = ExitCode::FAILURE;
                    error.to_string()
                }
            })
            .collect();
        let calls = program.events.iter().filter(|event| matches!(event, Event::Call(..) | Event::Import(..))).count();
        let size = contenders::code_section(&program.binary)?;
        println!("| {} | {size} | {calls} | {} |", program.name, answers.join(" | "));
    }
    Ok(status)
}

fn replay(contender: &dyn Contender, program: &Program) -> Outcome<()> {
    let replay = Replay::new(program.events.clone());
    let mut machine = contender.compile(&program.binary)?.instantiate(&replay)?;
    replay.run(&mut *machine)?;
    replay.check_memory(&mut *machine)
}
