//! A tracing JIT: what a backward assembler is for.
//!
//! A small register-based bytecode is interpreted until a loop is hot; one turn of it is recorded as a trace, straight-line
//! code with guards; the trace is compiled *from its last instruction to its first*, and runs from then on. In that one
//! walk registers are allocated, because every use of a value is met before its definition, and machine code is emitted by
//! `tailfirst`, downward. Read in this order:
//!
//! * `bytecode`, `parse`, `interpreter`: the language
//! * `ir`, `record`, `loops`: from executed bytecode to a trace
//! * `compile`, `allocate`, `homes`, `moves`: from a trace to machine code
//! * `backend`, `x64`, `aarch64`: what differs from machine to machine
//! * `vm`, `context`, `native`, `memory`: running it
//!
//! ```text
//! cargo run --release --example trace_jit                       the programs in `programs/`
//! cargo run --release --example trace_jit -- my_program.asm
//! cargo run --release --example trace_jit -- --summary          without the listings
//! cargo run --release --example trace_jit -- --other            with listings for the other instruction set
//! ```
//!
//! For each program it prints what the interpreter and the JIT compute and how long they take, and every trace with its
//! machine code. The exit status says whether the results were equal.

mod aarch64;
mod allocate;
mod backend;
mod bytecode;
mod compile;
mod context;
mod homes;
mod interpreter;
mod ir;
mod listing;
mod loops;
mod memory;
mod moves;
mod native;
mod parse;
mod record;
mod vm;
mod x64;

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use backend::Backend;
use bytecode::{Program, State, Trap, Value};
use compile::Compiled;
use native::{Host, Native, Other};
use vm::{Installed, Vm, recompile};

/// Which machine code is listed.
#[derive(Clone, Copy)]
enum Listings {
    None,
    Host,
    Other,
}

const PROGRAMS: [(&str, &str); 6] = [
    ("sieve", include_str!("programs/sieve.asm")),
    ("collatz", include_str!("programs/collatz.asm")),
    ("mandelbrot", include_str!("programs/mandelbrot.asm")),
    ("matrix", include_str!("programs/matrix.asm")),
    ("branches", include_str!("programs/branches.asm")),
    ("pressure", include_str!("programs/pressure.asm")),
];

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs what the arguments ask for. Whether interpreter and JIT agree.
fn run(arguments: Vec<String>) -> Result<bool, Box<dyn Error>> {
    let (options, files): (Vec<&String>, Vec<&String>) = arguments.iter().partition(|a| a.starts_with("--"));
    let mut listings = Listings::Host;
    for option in options {
        match option.as_str() {
            "--summary" => listings = Listings::None,
            "--other" => listings = Listings::Other,
            other => return Err(format!("there is no option `{other}`").into()),
        }
    }

    let mut programs = Vec::new();
    for (name, text) in PROGRAMS.iter().filter(|_| files.is_empty()) {
        programs.push(parse::parse(name, text).map_err(|error| format!("{name}: {error}"))?);
    }
    for file in files {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
        programs.push(parse::parse(file, &text).map_err(|error| format!("{file}: {error}"))?);
    }

    let mut agree = true;
    for program in &programs {
        agree &= compare(program, listings)?;
    }
    Ok(agree)
}

/// Runs a program both ways and prints what came out.
fn compare(program: &Program, listings: Listings) -> Result<bool, Box<dyn Error>> {
    let mut state = State::new(program);
    let (expected, interpreter_time) = timed(|| interpreter::run(program, &mut state));
    let mut vm = Vm::new(program, Native::new()?);
    let (result, jit_time) = timed(|| vm.run());

    let agree = same(result, expected) && vm.state().memory == state.memory;
    println!("{}", program.name);
    println!("    interpreter  {:<24} {interpreter_time:>10.1?}", show(expected));
    println!("    JIT          {:<24} {jit_time:>10.1?}", show(result));
    println!(
        "    {}, {:.1} times as fast on {}; {} traces, entered {} times from the interpreter, {} recordings given up",
        if agree { "equal" } else { "DIFFERENT" },
        interpreter_time.as_secs_f64() / jit_time.as_secs_f64(),
        Host::NAME,
        vm.traces.len(),
        vm.statistics.entered,
        vm.statistics.aborted,
    );
    match listings {
        Listings::None => {}
        Listings::Host => print_listings::<Host>(&vm.traces, vm.traces.iter().map(|installed| &installed.compiled)),
        Listings::Other => print_listings::<Other>(&vm.traces, recompile::<Other>(&vm.traces)?.iter()),
    }
    Ok(agree)
}

fn print_listings<'c, B: Backend>(traces: &[Installed], compiled: impl Iterator<Item = &'c Compiled>) {
    for (number, (installed, compiled)) in traces.iter().zip(compiled).enumerate() {
        print!("\n{}", listing::listing::<B>(number, installed, compiled));
    }
    println!();
}

fn timed<T>(f: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = f();
    (value, start.elapsed())
}

/// Whether two results are the same, NaN being the same as NaN.
fn same(a: Result<Value, Trap>, b: Result<Value, Trap>) -> bool {
    match (a, b) {
        (Ok(Value::Float(a)), Ok(Value::Float(b))) => a == b || a.is_nan() && b.is_nan(),
        (a, b) => a == b,
    }
}

fn show(result: Result<Value, Trap>) -> String {
    match result {
        Ok(value) => value.to_string(),
        Err(trap) => trap.to_string(),
    }
}
