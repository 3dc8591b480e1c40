//! Small fragments, as a tracing compiler assembles: each by a new assembler, and each by the one that is there.

use crate::allocations;
use std::hint::black_box;
use std::time::Instant;
use tailfirst_backend_ir::{Backend, Program};

/// Of a back end, for one fragment.
#[derive(Default)]
pub struct Fragment {
    pub new_ns: f64,
    pub new_allocations: f64,
    pub reused_ns: f64,
    pub reused_allocations: f64,
}

/// Room for a fragment's code, for contenders whose buffer does not grow.
const ROOM: usize = 4096;

/// Rounds are interleaved, and of each sum over the fragments the least counts.
pub fn measure(backends: &mut [Box<dyn Backend>], programs: &[Program], rounds: usize) -> Vec<Fragment> {
    let mut least = vec![[u64::MAX; 2]; backends.len()];
    let mut allocations = vec![[0; 2]; backends.len()];
    for _ in 0..rounds {
        for ((backend, least), allocations) in backends.iter_mut().zip(&mut least).zip(&mut allocations) {
            for (way, is_new) in [true, false].into_iter().enumerate() {
                let before = allocations::so_far();
                let start = Instant::now();
                for program in programs {
                    if is_new {
                        backend.renew(ROOM);
                    }
                    black_box(backend.assemble(program));
                }
                least[way] = least[way].min(start.elapsed().as_nanos() as u64);
                // The last round's: what is allocated once is there by then.
                allocations[way] = allocations::so_far() - before;
            }
        }
    }
    let each = |sum: u64| sum as f64 / programs.len() as f64;
    let fragments = least.into_iter().zip(allocations).map(|(least, allocations)| Fragment {
        new_ns: each(least[0]),
        new_allocations: each(allocations[0]),
        reused_ns: each(least[1]),
        reused_allocations: each(allocations[1]),
    });
    fragments.collect()
}
