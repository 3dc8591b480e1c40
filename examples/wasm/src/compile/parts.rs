//! Parts of a module, compiled on several threads, each where it will run.
//!
//! A part is a run of functions with an encoder and a region of its own. How a module is divided depends on its bytes
//! and not on the threads. The threads take the parts in order, one after the other, and each takes its region when it
//! takes its part. So regions are where they are whoever fills them, and code is the same on any number of threads.
//!
//! How long code becomes is not known before. A region is as long as code hardly ever becomes, [`Config::room`] says
//! how long that is, and what it has too much goes back to the arena when the part is published: it was addresses, and
//! no memory. A part that becomes longer after all is compiled once more, in a region of exactly its length: an encoder
//! that is full still counts. Which parts these are depends on the module again. They are emitted in a second round,
//! when the first one is over, since a region that is given back between two others would make a difference.
//!
//! Within a part a call is a label. A call from part to part is a symbol, the function's number, which
//! [linking](super::link) knows an address for.
//!
//! Of several functions with errors the first one's is given. Whoever finds one takes care that no more parts are
//! handed out. Those before it have been, and are compiled to their ends.

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, available_parallelism};

use tailfirst::exec::{Arena, RegionEncoder};
use tailfirst::{FinishError, Symbol};

use super::target::{Callee, CodeLabel};
use super::{CompileError, Config, Host, HostIsa, Progress, Site, Spent, emit_functions};
use crate::ir::decode::{Body, Decoded, Scratch};

/// Code that is not linked.
pub struct Part {
    pub enc: RegionEncoder<HostIsa>,
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

/// A part that is to be emitted.
struct Plan {
    functions: Range<usize>,
    /// Bytes of its region.
    room: usize,
}

/// A part that was emitted.
struct Emitted {
    part: Part,
    /// How long its region should have been, if it was too short.
    needed: Option<usize>,
}

/// Emits all parts. They are in the order of their functions.
pub fn emit(
    module: &Decoded<'_>,
    config: &Config,
    arena: &Arena,
    watch: &(dyn Fn(Progress) + Sync),
) -> Result<Vec<Part>, CompileError> {
    let done = AtomicUsize::new(0);
    let count = || watch(Progress { done: 1 + done.fetch_add(1, Ordering::Relaxed), total: module.bodies.len() });
    let plans = plan(&module.bodies, config, arena.stats().free);
    let emitted = emit_planned(module, config, arena, &plans, &count)?;
    let mut longer = vec![];
    let mut parts = vec![];
    for (Plan { functions, .. }, Emitted { part, needed }) in plans.into_iter().zip(emitted) {
        match needed {
            None => parts.push(Ok(part)),
            Some(room) => {
                longer.push(Plan { functions, room });
                // Its region goes back to the arena.
                parts.push(Err(part.spent));
            }
        }
    }
    let mut again = emit_planned(module, config, arena, &longer, &|| {})?.into_iter();
    let mut once_more = |before: Spent| {
        let Emitted { mut part, needed } = again.next().expect("each was planned");
        part.spent += before;
        match needed {
            None => Ok(part),
            Some(needed) => Err(FinishError::OutOfSpace { needed }.into()),
        }
    };
    parts.into_iter().map(|part| part.or_else(&mut once_more)).collect()
}

/// What is emitted first of all, for an arena with so many free bytes.
fn plan(bodies: &[Body<'_>], config: &Config, free: usize) -> Vec<Plan> {
    /// A trap, an entry and an end are code of no bytes of WebAssembly.
    const LEAST: usize = 1024;
    let bytes = |functions: &Range<usize>| bodies[functions.clone()].iter().map(Body::bytes).sum::<usize>();
    // The other half is for what becomes longer, and for other modules.
    let most = free / 2 / bytes(&(0..bodies.len())).max(1);
    let room = |functions: &Range<usize>| bytes(functions) * config.room.min(most) + LEAST;
    let parts = divide(bodies, config.part).into_iter();
    parts.map(|functions| Plan { room: room(&functions), functions }).collect()
}

/// Emits parts, on several threads if there are several.
fn emit_planned(
    module: &Decoded<'_>,
    config: &Config,
    arena: &Arena,
    plans: &[Plan],
    count: &(dyn Fn() + Sync),
) -> Result<Vec<Emitted>, CompileError> {
    let queue = Mutex::new(plans.iter().enumerate());
    let next = || {
        // Who panicked was in the arena, which is as good as before.
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        let (number, plan) = queue.next()?;
        // Parts and regions are in one order.
        let enc = arena.region(plan.room).map(|region| region.into_encoder());
        Some((number, &plan.functions, enc))
    };
    let stop = || queue.lock().unwrap_or_else(PoisonError::into_inner).by_ref().for_each(drop);
    let work = || {
        let mut scratch = Scratch::default();
        let mut emitted = vec![];
        while let Some((number, functions, enc)) = next() {
            let part = match enc {
                Ok(enc) => emit_part(module, config, functions.clone(), enc, &mut scratch, count),
                Err(error) => Err(error.into()),
            };
            if part.is_err() {
                stop();
            }
            emitted.push((number, part));
        }
        emitted
    };
    let wanted = config.threads.or_else(|| available_parallelism().ok()).map_or(1, usize::from);
    let mut emitted = thread::scope(|scope| {
        // The others do the work of a thread that the system refuses.
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..wanted.min(plans.len())).filter_map(spawn).collect();
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

/// Emits a part, and finishes it as far as labels within it go.
fn emit_part(
    module: &Decoded<'_>,
    config: &Config,
    functions: Range<usize>,
    mut enc: RegionEncoder<HostIsa>,
    scratch: &mut Scratch,
    count: &dyn Fn(),
) -> Result<Emitted, CompileError> {
    let (functions, sites, spent) = enc.write(|enc| -> Result<_, CompileError> {
        let mut target = Host::new(enc, config.bounds);
        let (functions, spent) = emit_functions(module, functions, &mut target, scratch, count)?;
        Ok((functions, std::mem::take(&mut target.notes.sites), spent))
    })?;
    let needed = match enc.finish() {
        Ok(_) => None,
        Err(FinishError::OutOfSpace { needed }) => Some(needed),
        Err(error) => return Err(error.into()),
    };
    Ok(Emitted { part: Part { enc, functions, sites, spent }, needed })
}
