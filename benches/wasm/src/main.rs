//! The compiler of `examples/wasm` beside others: how fast each compiles, and how fast what it made runs.
//!
//! All are measured in one process, one after the other on each module, and this is repeated; of the repetitions the
//! fastest counts. So a machine that is busy with something else slows all of them alike, and seldom the fastest run.
//! Each compiles on one thread. A module exports `run`, whose result must be the same everywhere.
//!
//! ```text
//! programs/build.sh target/programs
//! cargo run --release -- target/programs/*.wasm
//! cargo run --release --no-default-features -- target/programs/*.wasm      without Wasmtime
//! ```

mod contenders;
mod table;

use std::error::Error;
use std::time::{Duration, Instant};

use contenders::{Contender, contenders};

/// How often each contender compiles and runs each module.
const REPETITIONS: usize = 5;
/// What `run` is called with.
const ARGUMENT: i32 = 1;

/// The best of a contender on a module.
#[derive(Clone, Copy)]
pub struct Measured {
    compile: Duration,
    run: Duration,
    /// Of machine code, where it is known.
    code: Option<usize>,
}

/// One contender, once on one module: what it took, and the result.
fn measure(contender: &dyn Contender, binary: &[u8]) -> Result<(Measured, i32), Box<dyn Error>> {
    let start = Instant::now();
    let mut compiled = contender.compile(binary)?;
    let compile = start.elapsed();
    compiled.instantiate()?;
    let start = Instant::now();
    let result = compiled.run(ARGUMENT)?;
    Ok((Measured { compile, run: start.elapsed(), code: compiled.code() }, result))
}

fn main() -> Result<(), Box<dyn Error>> {
    let contenders = contenders()?;
    let mut rows = vec![];
    for path in std::env::args().skip(1) {
        let binary = std::fs::read(&path)?;
        let mut best: Vec<Option<Measured>> = vec![None; contenders.len()];
        let mut expected = None;
        for _ in 0..REPETITIONS {
            for (contender, best) in contenders.iter().zip(&mut best) {
                let (now, result) =
                    measure(&**contender, &binary).map_err(|error| format!("{path}: {}: {error}", contender.name()))?;
                if *expected.get_or_insert(result) != result {
                    return Err(format!("{path}: {} computes {result}, not {expected:?}", contender.name()).into());
                }
                let before = best.unwrap_or(now);
                *best = Some(Measured {
                    compile: now.compile.min(before.compile),
                    run: now.run.min(before.run),
                    code: now.code,
                });
            }
        }
        let name = path.rsplit('/').next().unwrap_or(&path).trim_end_matches(".wasm").to_string();
        eprintln!("{name} measured");
        rows.push(table::Row {
            name,
            code_section: contenders::code_section(&binary)?,
            best: best.into_iter().flatten().collect(),
        });
    }
    table::print(&contenders.iter().map(|contender| contender.name()).collect::<Vec<_>>(), &rows);
    Ok(())
}
