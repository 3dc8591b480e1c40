//! Parts of a module, compiled on several threads.
//!
//! A part is a run of functions with an encoder of its own. How a module is divided depends on its bytes and not on the
//! threads, so its code is the same on any number of them. The threads take the parts in order, one after the other.
//!
//! Within a part a call is a label. A call from part to part is a symbol, the function's number, which
//! [linking](super::link) knows an address for.
//!
//! Of several functions with errors the first one's is given. Whoever finds one takes care that no more parts are
//! handed out. Those before it have been, and are compiled to their ends.

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, available_parallelism};

use tailfirst::Symbol;

use super::target::{Callee, CodeLabel};
use super::{CompileError, Config, Host, HostEncoder, Progress, Site, Spent, emit_functions};
use crate::ir::decode::{Body, Decoded, Scratch};

/// Code that is not finished.
pub struct Part {
    pub enc: HostEncoder<'static>,
    pub functions: Functions,
    pub sites: Vec<Site>,
    pub spent: Spent,
}

/// The functions of a part.
pub struct Functions {
    /// The number of the first one among those that are not imported.
    first: usize,
    pub labels: Vec<CodeLabel>,
}

impl Functions {
    pub fn new(numbers: Range<usize>, label: impl FnMut(usize) -> CodeLabel) -> Functions {
        Functions { first: numbers.start, labels: numbers.map(label).collect() }
    }

    /// The label of a function of this part.
    pub fn label(&self, number: usize) -> CodeLabel {
        self.labels[number - self.first]
    }

    /// What a call of any function refers to.
    pub fn callee(&self, number: usize) -> Callee {
        match number.checked_sub(self.first).and_then(|at| self.labels.get(at)) {
            Some(&label) => label.into(),
            None => Symbol(number as u32).into(),
        }
    }
}

/// Emits all parts. They are in the order of their functions.
pub fn emit(
    module: &Decoded<'_>,
    config: &Config,
    watch: &(dyn Fn(Progress) + Sync),
) -> Result<Vec<Part>, CompileError> {
    let parts = divide(&module.bodies, config.part);
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let count = || watch(Progress { done: 1 + done.fetch_add(1, Ordering::Relaxed), total: module.bodies.len() });
    let work = || {
        let mut scratch = Scratch::default();
        let mut emitted = vec![];
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(functions) = parts.get(number) else { return emitted };
            let part = emit_part(module, config, functions.clone(), &mut scratch, &count);
            if part.is_err() {
                next.store(parts.len(), Ordering::Relaxed);
            }
            emitted.push((number, part));
        }
    };
    let wanted = config.threads.or_else(|| available_parallelism().ok()).map_or(1, usize::from);
    let mut emitted = thread::scope(|scope| {
        // The others do the work of a thread that the system refuses.
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..wanted.min(parts.len())).filter_map(spawn).collect();
        let own = work();
        let others = others.into_iter().flat_map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        own.into_iter().chain(others).collect::<Vec<_>>()
    });
    emitted.sort_by_key(|&(number, _)| number);
    emitted.into_iter().map(|(_, part)| part).collect()
}

/// Runs of functions of at least so many bytes. The last one may have less.
fn divide(bodies: &[Body<'_>], least: usize) -> Vec<Range<usize>> {
    let mut parts = vec![];
    let (mut start, mut bytes) = (0, 0);
    for (number, body) in bodies.iter().enumerate() {
        bytes += body.bytes();
        if bytes >= least {
            parts.push(start..number + 1);
            (start, bytes) = (number + 1, 0);
        }
    }
    if start < bodies.len() {
        parts.push(start..bodies.len());
    }
    parts
}

/// A byte of WebAssembly becomes two of code. If it is more, the memory grows.
const ROOM: usize = 3;

fn emit_part(
    module: &Decoded<'_>,
    config: &Config,
    functions: Range<usize>,
    scratch: &mut Scratch,
    count: &dyn Fn(),
) -> Result<Part, CompileError> {
    let bytes: usize = module.bodies[functions.clone()].iter().map(Body::bytes).sum();
    let mut enc = HostEncoder::with_capacity(bytes * ROOM);
    let mut target = Host::new(&mut enc, config.bounds);
    let (functions, spent) = emit_functions(module, functions, &mut target, scratch, count)?;
    let sites = std::mem::take(&mut target.notes.sites);
    Ok(Part { enc, functions, sites, spent })
}
