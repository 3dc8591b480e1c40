//! What emission is of a compilation, and what it would be over iced-x86.
//!
//! The compiler has one emission layer, so the other is not compiled with. Instead the machine instructions that it has
//! emitted for a module are [read back](recording), and [placed once more](steps) from the last to the first, with the
//! labels that branches want: by tailfirst's functions, and by iced's encoder [as yk does it](yk). A third way places
//! nothing, and tells what it costs to go through the list. What is none of the compiler's functions but its use of
//! them is not part of this: late immediates, going back to a snapshot, constants, jump tables, marks for traps.

mod forms;
mod recording;
mod steps;
mod yk;

use std::num::NonZeroUsize;
use std::time::Duration;

use tailfirst::exec::{Arena, RegionEncoder};
use tailfirst::x64::X64;
use tailfirst_wasm::compile::Config;
use tailfirst_wasm::runtime::Engine;

use crate::measure::thread_time;
use crate::{Outcome, Program};
use steps::Part;
use yk::Yk;

const REPETITIONS: usize = 9;

/// The best of a module.
#[derive(Clone, Copy)]
struct Times {
    compile: Duration,
    nothing: Duration,
    tailfirst: Duration,
    yk: Duration,
}

impl Times {
    const MAX: Times =
        Times { compile: Duration::MAX, nothing: Duration::MAX, tailfirst: Duration::MAX, yk: Duration::MAX };

    fn min(self, other: Times) -> Times {
        Times {
            compile: self.compile.min(other.compile),
            nothing: self.nothing.min(other.nothing),
            tailfirst: self.tailfirst.min(other.tailfirst),
            yk: self.yk.min(other.yk),
        }
    }
}

/// What a compilation by the other layer would take.
fn over_yk(times: &Times) -> f64 {
    times.compile.as_secs_f64() - times.tailfirst.as_secs_f64() + times.yk.as_secs_f64()
}

pub fn emission(programs: &[Program]) -> Outcome<()> {
    if !cfg!(target_arch = "x86_64") {
        return Err("iced-x86 is an assembler for x86-64 only".into());
    }
    println!(
        "| module | instructions | left out | compiles, ms | list, ms | tailfirst, ms | iced, ms | ns an instruction \
         | share | share, iced | compiles over iced |\n|---|{}",
        "---:|".repeat(10)
    );
    let mut ratios = vec![];
    for program in programs {
        let engine = Engine::new(Config { threads: Some(NonZeroUsize::MIN), ..Config::default() })?;
        let parts = {
            let module = engine.compile(&program.binary)?;
            let recorded = recording::instructions(module.compiled())?;
            recorded.iter().map(|instructions| Part::new(instructions)).collect::<Vec<_>>()
        };
        let mut replay = Replay::new(parts)?;
        replay.check().map_err(|error| format!("{}: {error}", program.name))?;
        let mut best = Times::MAX;
        for _ in 0..REPETITIONS {
            let (compile, compiled) = timed(|| engine.compile(&program.binary));
            compiled?;
            let (nothing, ()) = timed(|| replay.nothing());
            let (tailfirst, placed) = timed(|| replay.tailfirst(|_, _| Ok(())));
            placed?;
            let (yk, placed) = timed(|| replay.yk(|_, _| Ok(())));
            placed?;
            best = best.min(Times { compile, nothing, tailfirst, yk });
        }
        ratios.push(over_yk(&best) / best.compile.as_secs_f64());
        print_row(&program.name, &replay.parts, &best);
    }
    let logs: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    println!("| geometric mean |{} {:.2} |", " |".repeat(9), (logs / ratios.len() as f64).exp());
    Ok(())
}

fn print_row(name: &str, parts: &[Part], times: &Times) {
    let instructions: usize = parts.iter().map(|part| part.kept.len()).sum();
    let left_out: usize = parts.iter().map(|part| part.left_out).sum();
    let ms = |time: Duration| format!("{:.2}", time.as_secs_f64() * 1e3);
    let alone = |time: Duration| time.as_secs_f64() - times.nothing.as_secs_f64();
    let each = |time: Duration| alone(time) / instructions as f64 * 1e9;
    println!(
        "| {name} | {instructions} | {left_out} | {} | {} | {} | {} | {:.1} / {:.1} | {:.1} % | {:.1} % | {:.2} |",
        ms(times.compile),
        ms(times.nothing),
        ms(times.tailfirst),
        ms(times.yk),
        each(times.tailfirst),
        each(times.yk),
        alone(times.tailfirst) / times.compile.as_secs_f64() * 100.0,
        alone(times.yk) / over_yk(times) * 100.0,
        over_yk(times) / times.compile.as_secs_f64(),
    );
}

fn timed<R>(work: impl FnOnce() -> R) -> (Duration, R) {
    let start = thread_time();
    let result = work();
    (thread_time() - start, result)
}

/// A module's parts, and memory for the longest.
struct Replay {
    parts: Vec<Part>,
    arena: Arena,
    room: usize,
    yk: Yk,
}

impl Replay {
    fn new(parts: Vec<Part>) -> Outcome<Replay> {
        /// The longest instruction.
        const LONGEST: usize = 15;
        let room = LONGEST * parts.iter().map(|part| part.kept.len()).max().unwrap_or_default() + 4096;
        Ok(Replay { parts, arena: Arena::builder().reserve(8 * room).build()?, room, yk: Yk::new(room) })
    }

    fn nothing(&self) {
        for step in self.parts.iter().flat_map(|part| &part.steps) {
            (step.calls.nothing)(&step.operands);
        }
    }

    fn tailfirst(&self, mut with: impl FnMut(&Part, &[u8]) -> Outcome<()>) -> Outcome<()> {
        for part in &self.parts {
            let mut enc: RegionEncoder<X64> = self.arena.region(self.room)?.into_encoder();
            enc.write(|enc| {
                let labels: Vec<_> = (0..part.labels).map(|_| enc.label()).collect();
                for step in &part.steps {
                    (step.calls.tailfirst)(enc, &labels, &step.operands);
                }
            });
            with(part, enc.finish()?.bytes())?;
        }
        Ok(())
    }

    fn yk(&mut self, mut with: impl FnMut(&Part, &[u8]) -> Outcome<()>) -> Outcome<()> {
        for part in &self.parts {
            self.yk.begin(part.labels);
            for step in &part.steps {
                (step.calls.yk)(&mut self.yk, &step.operands);
            }
            with(part, self.yk.finish())?;
        }
        Ok(())
    }

    /// Whether both ways place what was recorded.
    fn check(&mut self) -> Outcome<()> {
        self.tailfirst(Part::check)?;
        self.yk(Part::check)
    }
}
