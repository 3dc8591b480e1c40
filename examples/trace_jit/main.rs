//! A tracing JIT: what a backward assembler is for.
//!
//! A small register-based bytecode is interpreted until a loop is hot; one turn of it is recorded as a trace,
//! straight-line code with guards; the trace is compiled *from its last instruction to its first*, and runs from then
//! on. In that one walk registers are allocated, because every use of a value is met before its definition, and machine
//! code is emitted by `tailfirst`, downward. Read in this order:
//!
//! * `bytecode`, `parse`, `interpreter`: the language
//! * `ir`, `record`, `loops`: from executed bytecode to a trace
//! * `compile`, `allocate`, `homes`, `moves`: from a trace to machine code
//! * `backend`, `x64`, `aarch64`: what differs from machine to machine
//! * `vm`, `context`, `native`: running it
//! * `listing`: looking at it
//!
//! What of `tailfirst` is used for what:
//!
//! | service | for | in |
//! |---|---|---|
//! | `block!`, `Encoder::forward` | what one trace instruction becomes, in reading order | `x64`, `aarch64` |
//! | operations as values | one case for a kind of operation | `x64` |
//! | `Encoder::aligned` | loops, whose heads are met last | `x64`, `aarch64`, `compile` |
//! | the constant pool | floats and long integers | `x64`, `aarch64` |
//! | late immediates | the frame's size, in the epilogue, before the prologue says it | `x64`, `aarch64` |
//! | symbols | the way out, and other traces | `backend`, `native` |
//! | `exec`: arena, regions | code that is written where it runs, near all other code | `native` |
//! | `exec`: typed entries | going from Rust to native code | `native` |
//! | `exec`: patch sites | side traces, which take over exits of code that was published before | `native` |
//! | `Marks` | which trace instruction a piece of code is for | `native`, `listing` |
//! | `Listing` | machine code with comments and names | `listing` |
//!
//! The trace is walked backward, but what one of its instructions becomes is written in reading order, which costs next
//! to nothing. Calls in a row are a `block!`, which makes them in reverse; a helper that places something or nothing,
//! such as `copy_int`, is a call like any other. Where there is a label or a loop inside it is a forward block, whose
//! encoder grows up, and which is placed whole: a guard of two branches, the way in. An exit's stub goes backward, like
//! the walk: it begins with a jump to what lies behind it, which is bound then.
//!
//! Exits lie out of the way of what runs, behind it. How many there are is known before the walk, so they come first,
//! and a guard finds its exit bound: its branch is exact at once, and on x86-64 short, four times out of five in the
//! programs below. A compiler that comes to know of an exit only at its guard writes it there, with `Encoder::cold`,
//! which lays it out of the way, too. Its label is pending until then, so the branch to it is a near one.
//!
//! An operation can be a value: `alu_rm64_r64(Alu::Xor, d, b)`. On x86-64, where most operations are a copy and one
//! instruction, those two are written once for all operations, not once for each. AArch64, with three operands, has one
//! call for an operation, which a value would not make shorter.
//!
//! ```text
//! cargo run --release --example trace_jit                       the programs in `programs/`
//! cargo run --release --example trace_jit -- my_program.asm
//! cargo run --release --example trace_jit -- --listing          with every trace and its machine code
//! cargo run --release --example trace_jit -- --other            the same, for the other instruction set
//! ```
//!
//! For each program it prints what the interpreter and the JIT compute and how long they take. The exit status says
//! whether the results were equal.

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
mod moves;
mod native;
mod parse;
mod record;
mod vm;
mod x64;

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use backend::{Backend, EmitError};
use bytecode::{Program, State, Trap, Value};
use listing::listings;
use native::{Host, HostEncoder, Native, Other};
use vm::Vm;

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
    let mut wanted = Listings::None;
    for option in options {
        match option.as_str() {
            "--listing" => wanted = Listings::Host,
            "--other" => wanted = Listings::Other,
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
        agree &= compare(program, wanted)?;
    }
    Ok(agree)
}

/// Runs a program both ways and prints what came out.
fn compare(program: &Program, wanted: Listings) -> Result<bool, Box<dyn Error>> {
    let mut state = State::new(program);
    let (expected, interpreter_time) = timed(|| interpreter::run(program, &mut state));
    let mut vm = Vm::new(program, Native::new()?);
    let (result, jit_time) = timed(|| vm.run());

    let agree = same(result, expected) && vm.state().memory == state.memory;
    println!("{}", program.name);
    println!("    interpreter  {:<24} {interpreter_time:>10.1?}", show(expected));
    println!("    JIT          {:<24} {jit_time:>10.1?}", show(result));
    println!(
        "    {}, {:.1} times as fast on {}; {} traces, {} of them patched in; native code entered {} times, {} recordings given up",
        if agree { "equal" } else { "DIFFERENT" },
        interpreter_time.as_secs_f64() / jit_time.as_secs_f64(),
        HostEncoder::NAME,
        vm.traces.len(),
        vm.statistics.attached,
        vm.statistics.entered,
        vm.statistics.aborted,
    );
    match wanted {
        Listings::None => {}
        Listings::Host => print_listings(listings::<Host>(&vm.traces))?,
        Listings::Other => print_listings(listings::<Other>(&vm.traces))?,
    }
    Ok(agree)
}

fn print_listings(listings: Result<Vec<String>, EmitError>) -> Result<(), EmitError> {
    for listed in listings? {
        println!("\n{listed}");
    }
    Ok(())
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
