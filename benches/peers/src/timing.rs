//! Interleaved rounds: in each round every contender assembles every workload a few times.
//!
//! What disturbs the machine then disturbs all contenders alike, and the minima of many rounds come from quiet moments.
//! A contender runs once untimed before its timed runs, to have its code and buffers near again after the others.
//!
//! No two runs of a turn see the same operands: processors remember some ten thousand outcomes of branches, and a
//! contender that branches on its operands would look two or three times as fast as it is in a JIT, where every buffer
//! is another. (With one input only, `--same-operands`, all runs see the same; the difference is the point.) Each run's
//! operands are read once before, so that they are as near for the first contender of a round as for the last.

use crate::contender::Contender;
use crate::workload::{Inputs, Workload};
use std::time::Instant;

const RUNS_A_TURN: usize = 4;

/// One contender's times for one workload, in nanoseconds an instruction.
pub struct Times {
    pub min: f64,
    pub median: f64,
}

/// Times for each job, in the order given; the runs take the inputs in turn. `instructions` is how many a run
/// assembles.
pub fn measure(
    contenders: &mut [Box<dyn Contender>],
    jobs: &[(usize, Workload)],
    inputs: &[Inputs],
    rounds: usize,
    instructions: impl Fn(Workload) -> usize,
) -> Vec<Times> {
    let mut samples = vec![Vec::with_capacity(rounds * RUNS_A_TURN); jobs.len()];
    for round in 0..rounds {
        for (&(contender, workload), samples) in jobs.iter().zip(&mut samples) {
            let contender = &mut contenders[contender];
            let mut turn = (0..=RUNS_A_TURN).map(|run| &inputs[(round + run) % inputs.len()]);
            contender.run(workload, turn.next().expect("one more than the timed runs"));
            for inputs in turn {
                inputs.touch();
                let start = Instant::now();
                contender.run(workload, inputs);
                samples.push(start.elapsed().as_nanos() as u64);
            }
        }
    }
    let times = jobs.iter().zip(&mut samples).map(|(&(_, workload), samples)| {
        samples.sort_unstable();
        let per_instruction = |nanos: u64| nanos as f64 / instructions(workload) as f64;
        Times { min: per_instruction(samples[0]), median: per_instruction(samples[samples.len() / 2]) }
    });
    times.collect()
}
