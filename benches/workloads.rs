//! `tailfirst` alone, by criterion, for work on its speed: workloads A to E with the floor and memcpy beside it, and
//! the cost of a pending label as their number grows.
//!
//! ```text
//! cargo bench -p tailfirst-peers
//! ```
//!
//! The workloads are those of benches/peers/, where the other assemblers are measured too; figures to quote come from
//! there. (This bench belongs to that package, so that `cargo test` never builds criterion.)

#![allow(missing_docs)] // what the macros make has none

#[path = "peers/src/contender/mod.rs"]
#[allow(dead_code)] // the peers are not measured here
mod contender;
#[path = "peers/src/workload.rs"]
#[allow(dead_code)]
mod workload;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use workload::{Inputs, Workload};

/// Operands differ from run to run, as in a JIT: see benches/peers/src/timing.rs.
const INPUTS: u64 = 8;

fn workloads(criterion: &mut Criterion) {
    let inputs: Vec<Inputs> = (0..INPUTS).map(Inputs::new).collect();
    let mut contenders =
        contender::all(&inputs[0], |name| name.starts_with("tailfirst") || ["floor", "memcpy"].contains(&name));
    for workload in Workload::ALL {
        let mut group = criterion.benchmark_group(format!("{}: {}", workload.letter(), workload.about()));
        group.throughput(Throughput::Elements(match workload {
            Workload::E => inputs[0].arm_words().len() as u64,
            _ => inputs[0].insns(workload).len() as u64,
        }));
        for contender in &mut contenders {
            if !contender.workloads().contains(&workload) {
                continue;
            }
            let mut turn = inputs.iter().cycle();
            group.bench_function(contender.name(), |bencher| {
                bencher.iter(|| contender.run(workload, turn.next().expect("a cycle has no end")));
            });
        }
        group.finish();
    }
}

/// Each label is used once while it is pending, bound, and resolved by `finish`.
fn pending_labels(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pending labels and fixups");
    let mut enc = tailfirst::x64::Encoder::new();
    for count in [1_000, 10_000, 100_000, 1_000_000] {
        group.throughput(Throughput::Elements(count));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(|| {
                enc.clear();
                let labels: Vec<_> = (0..count).map(|_| enc.label()).collect();
                for &label in &labels {
                    enc.jmp(label);
                }
                for &label in &labels {
                    enc.nop();
                    enc.bind(label);
                }
                enc.finish().expect("every label is bound").bytes().len()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, workloads, pending_labels);
criterion_main!(benches);
