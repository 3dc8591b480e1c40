//! Interleaved rounds: in each, every back end assembles every program once.
//!
//! What disturbs the machine then disturbs all alike. *Warm*, another program was assembled just before; *displaced*,
//! the caches were filled with something else. For each program the least and the median time are kept, and summed up
//! over the programs, so that none counts for more than its length.

use std::hint::black_box;
use std::time::Instant;
use tailfirst_backend_ir::{Backend, Program};

/// What stands in the caches before a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caches {
    Warm,
    Displaced,
}

/// Nanoseconds an instruction.
pub struct Times {
    pub min: f64,
    pub median: f64,
}

/// More than a core's caches hold.
const DISPLACING: usize = 32 << 20;

/// The times of each back end, in their order.
pub fn measure(
    backends: &mut [Box<dyn Backend>],
    programs: &[Program],
    instructions: usize,
    caches: Caches,
    rounds: usize,
) -> Vec<Times> {
    let memory = vec![1u8; if caches == Caches::Displaced { DISPLACING } else { 0 }];
    let mut samples = vec![vec![Vec::with_capacity(rounds); programs.len()]; backends.len()];
    for round in 0..rounds {
        for (backend, samples) in backends.iter_mut().zip(&mut samples) {
            // The first of a turn finds what the other contenders left behind.
            backend.assemble(&programs[programs.len() - 1 - round % programs.len()]);
            for (program, samples) in programs.iter().zip(samples) {
                if caches == Caches::Displaced {
                    black_box(memory.iter().step_by(64).map(|&byte| u64::from(byte)).sum::<u64>());
                }
                let start = Instant::now();
                black_box(backend.assemble(program));
                samples.push(start.elapsed().as_nanos() as u64);
            }
        }
    }
    let times = samples.iter_mut().map(|programs| {
        programs.iter_mut().for_each(|samples| samples.sort_unstable());
        let sum = |at: usize| programs.iter().map(|samples| samples[at]).sum::<u64>() as f64 / instructions as f64;
        Times { min: sum(0), median: sum(rounds / 2) }
    });
    times.collect()
}
