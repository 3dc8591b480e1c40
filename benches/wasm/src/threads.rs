//! What several threads are worth to the compiler of `examples/wasm`.
//!
//! On a machine that others use, the time until a compilation is over says little. So beside it stands the processor
//! time of the thread that had most: nobody has to wait longer on a machine with enough processors, since threads wait
//! for each other at the end only.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use tailfirst_wasm::compile::Config;
use tailfirst_wasm::runtime::Engine;

use crate::measure::thread_time;
use crate::{Outcome, Program};

const THREADS: [usize; 4] = [1, 2, 4, 8];
const REPETITIONS: usize = 9;

/// The best of a number of threads.
#[derive(Clone, Copy)]
struct Times {
    until_over: Duration,
    busiest: Duration,
}

pub fn threads(programs: &[Program]) -> Outcome<()> {
    let numbers = THREADS.map(|number| format!(" {number} |"));
    println!("| until it is over / busiest thread, ms |{}\n|---|{}", numbers.concat(), "---:|".repeat(THREADS.len()));
    for program in programs {
        let mut best = THREADS.map(|_| Times { until_over: Duration::MAX, busiest: Duration::MAX });
        for _ in 0..REPETITIONS {
            for (&number, best) in THREADS.iter().zip(&mut best) {
                let Times { until_over, busiest } = once(program, number)?;
                best.until_over = best.until_over.min(until_over);
                best.busiest = best.busiest.min(busiest);
            }
        }
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        let cells = best.map(|Times { until_over, busiest }| {
            format!(" {:.0} / {:.0} |", milliseconds(until_over), milliseconds(busiest))
        });
        println!("| {} |{}", program.name, cells.concat());
    }
    Ok(())
}

fn once(program: &Program, threads: usize) -> Outcome<Times> {
    let engine = Engine::new(Config { threads: NonZeroUsize::new(threads), ..Config::default() })?;
    let had = Mutex::new(HashMap::new());
    let note = |time| had.lock().expect("nobody panics").insert(thread::current().id(), time);
    let (start, before) = (Instant::now(), thread_time());
    let own = thread::current().id();
    // Every thread notes its time after each function, and this one once more for what it does in the end.
    engine.compile_watched(&program.binary, &|_| {
        let before = if thread::current().id() == own { before } else { Duration::ZERO };
        note(thread_time() - before);
    })?;
    note(thread_time() - before);
    let until_over = start.elapsed();
    let busiest = had.lock().expect("nobody panics").values().copied().max().unwrap_or_default();
    Ok(Times { until_over, busiest })
}
