//! The virtual machine: it interprets, finds out what is hot, records and compiles it, and goes back and forth between
//! the interpreter and native code.
//!
//! * Jumps back are counted at their target. A target that has become hot is the head of a loop: the interpreter runs
//!   one turn of it with the recorder watching, and from then on a jump back to it enters the compiled trace.
//! * A trace is left through an exit. The exit's values are put back into the frame and the interpreter continues. An
//!   exit that is taken often gets a side trace, recorded from there to the head of a trace; its jump is patched to
//!   lead there, and control stays in native code.
//! * What cannot be recorded is tried again later, each time twice as much later, and then no more.
//!
//! The machine that executes compiled code is a parameter: the processor (`native.rs`), or what a test puts in its
//! place.

use crate::backend::{Backend, EmitError, Mem, Place, Source};
use crate::bytecode::{Program, Slot, State, Trap, Value};
use crate::compile::{Compiled, Exit, compile};
use crate::context::Context;
use crate::interpreter::Next;
use crate::ir::Trace;
use crate::record::{Abort, Recorder};

/// Turns that make a loop hot, and times that make an exit hot.
const HOT_LOOP: u32 = 50;
const HOT_EXIT: u32 = 10;
/// Recordings that may fail before a place is left to the interpreter for good.
const MAX_FAILURES: u32 = 6;
/// Recordings of a loop that may fail because the turn leaves it, before such a turn is taken all the same.
const MAX_LEAVES: u32 = 3;

pub trait Machine {
    /// Compiles a trace and makes it executable. Gives its exits. Traces are numbered in the order of their
    /// installation, from 0.
    ///
    /// `pending` and `first_exit` are what `compile` says.
    fn install(&mut self, trace: &Trace, pending: &[(Slot, Source)], first_exit: u32) -> Result<Vec<Exit>, EmitError>;

    /// Lets an exit of a trace (the trace's number, and the exit's in it) lead to a side trace, which was compiled for
    /// it.
    fn attach(&mut self, exit: (usize, usize), side: usize) -> Result<(), EmitError>;

    /// Executes a trace, and what it leads to, until an exit is left through.
    ///
    /// # Safety
    ///
    /// * The trace was installed in this machine, to run with a context like this, whose memory has the size that the
    ///   trace was recorded with.
    unsafe fn run(&mut self, context: &mut Context, trace: usize);
}

/// How often something happened, and how often it could not be recorded.
#[derive(Clone, Copy, Default)]
struct Heat {
    count: u32,
    failures: u32,
}

impl Heat {
    /// Counts. Whether it is time for a recording.
    fn warm(&mut self, threshold: u32) -> bool {
        self.count = self.count.saturating_add(1);
        self.failures < MAX_FAILURES && self.count >= threshold << self.failures
    }

    fn cool(&mut self) {
        *self = Heat { count: 0, failures: self.failures + 1 };
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The loop whose head is this instruction.
    Head(usize),
    /// The exit of this number.
    Exit(u32),
}

/// A trace that is being executed.
pub struct Installed {
    pub origin: Origin,
    pub trace: Trace,
    pub first_exit: u32,
    pub exits: Vec<Exit>,
    /// How hot its exits are.
    heat: Vec<Heat>,
}

/// The exit of that number: its trace, and its place among the trace's exits.
fn find_exit(traces: &[Installed], number: u32) -> (usize, usize) {
    let trace = traces.partition_point(|installed| installed.first_exit <= number) - 1;
    (trace, (number - traces[trace].first_exit) as usize)
}

/// What was counted.
#[derive(Clone, Copy, Default, Debug)]
pub struct Statistics {
    /// Entries into native code, and exits from it.
    pub entered: u64,
    /// Side traces that were patched in.
    pub attached: u64,
    pub aborted: u64,
}

pub struct Vm<'p, M: Machine> {
    program: &'p Program,
    machine: M,
    context: Box<Context>,
    /// For each instruction: how hot it is as a loop's head, and the number of its trace.
    heads: Vec<(Heat, Option<usize>)>,
    pub traces: Vec<Installed>,
    pub statistics: Statistics,
}

/// Why the interpreter has stopped.
enum Stop {
    Halt(Value),
    /// The loop from the first instruction to the second is hot.
    Hot(usize, usize),
    /// The trace of this number takes over.
    Trace(usize),
}

impl<'p, M: Machine> Vm<'p, M> {
    pub fn new(program: &'p Program, machine: M) -> Vm<'p, M> {
        let context = Context::new(State::new(program));
        let heads = vec![Default::default(); program.code.len()];
        let statistics = Statistics::default();
        Vm { program, machine, context, heads, traces: vec![], statistics }
    }

    pub fn state(&self) -> &State {
        &self.context.state
    }

    /// Runs the program from its first instruction to its `halt`.
    pub fn run(&mut self) -> Result<Value, Trap> {
        let mut pc = 0;
        loop {
            pc = match self.interpret(pc)? {
                Stop::Halt(value) => return Ok(value),
                Stop::Trace(trace) => self.execute(trace)?,
                Stop::Hot(head, last) => {
                    let last = (self.heads[head].0.failures < MAX_LEAVES).then_some(last);
                    self.record(Recorder::at_head(head, last), Origin::Head(head), &[], head)?
                }
            }
        }
    }

    fn interpret(&mut self, mut pc: usize) -> Result<Stop, Trap> {
        let code = &self.program.code[..];
        loop {
            match self.context.state.step(code[pc], pc)? {
                Next::At(next) => {
                    if next <= pc {
                        let (heat, trace) = &mut self.heads[next];
                        if let Some(trace) = *trace {
                            return Ok(Stop::Trace(trace));
                        }
                        if heat.warm(HOT_LOOP) {
                            return Ok(Stop::Hot(next, pc));
                        }
                    }
                    pc = next;
                }
                Next::Halt(value) => return Ok(Stop::Halt(value)),
            }
        }
    }

    /// Enters a trace. Returns where the interpreter continues.
    fn execute(&mut self, trace: usize) -> Result<usize, Trap> {
        self.statistics.entered += 1;
        // SAFETY: 1. `heads` holds numbers of installed traces; all code was compiled for this context, whose memory
        // never changes its size.
        unsafe { self.machine.run(&mut self.context, trace) };
        let number = self.context.exit as u32;
        let (trace, index) = find_exit(&self.traces, number);
        let Installed { exits, heat, .. } = &mut self.traces[trace];
        let (exit, heat) = (&exits[index], &mut heat[index]);
        let pc = exit.pc;
        // All values are read before the first is written: a slot's value may wait in an other slot's word.
        let values: Vec<u64> = exit.restores.iter().map(|&(_, from)| value(&self.context, from)).collect();
        for (&(slot, _), value) in exit.restores.iter().zip(values) {
            self.context.state.frame[slot as usize] = value;
        }
        if !heat.warm(HOT_EXIT) {
            return Ok(pc);
        }
        let pending = exit.restores.clone();
        let recorder = Recorder::at_exit(
            pc,
            pending.iter().map(|&(slot, from)| match from {
                Source::Const(bits) => (slot, Some(bits)),
                Source::Place(_) => (slot, None),
            }),
        );
        self.record(recorder, Origin::Exit(number), &pending, pc)
    }

    /// Records what the interpreter does from `pc` on, and compiles it. Returns where the interpreter continues.
    fn record(
        &mut self,
        recorder: Recorder,
        origin: Origin,
        pending: &[(Slot, Source)],
        mut pc: usize,
    ) -> Result<usize, Trap> {
        let trace = self.watch(recorder, origin, &mut pc)?;
        let installed = trace.is_ok_and(|trace| self.install(origin, trace, pending).is_ok());
        if !installed {
            self.statistics.aborted += 1;
            match origin {
                Origin::Head(head) => self.heads[head].0.cool(),
                Origin::Exit(number) => {
                    let (trace, index) = find_exit(&self.traces, number);
                    self.traces[trace].heat[index].cool();
                }
            }
        }
        Ok(pc)
    }

    /// Interprets and records from `pc` until the trace ends or is given up.
    fn watch(&mut self, mut recorder: Recorder, origin: Origin, pc: &mut usize) -> Result<Result<Trace, Abort>, Trap> {
        loop {
            let inst = self.program.code[*pc];
            if let Err(abort) = recorder.record(inst, *pc, &self.context.state) {
                return Ok(Err(abort));
            }
            let Next::At(next) = self.context.state.step(inst, *pc)? else {
                unreachable!("the recorder gives up before a `halt`")
            };
            let from = std::mem::replace(pc, next);
            if origin == Origin::Head(next) {
                return Ok(Ok(recorder.close()));
            }
            if let Err(abort) = recorder.go(from, next) {
                return Ok(Err(abort));
            }
            if let Some(trace) = self.heads[next].1 {
                return Ok(Ok(recorder.link(trace)));
            }
        }
    }

    fn install(&mut self, origin: Origin, trace: Trace, pending: &[(Slot, Source)]) -> Result<(), EmitError> {
        let first_exit = self.traces.iter().map(|installed| installed.trace.snapshots.len() as u32).sum();
        let number = self.traces.len();
        let exits = self.machine.install(&trace, pending, first_exit)?;
        let heat = vec![Heat::default(); exits.len()];
        self.traces.push(Installed { origin, trace, first_exit, exits, heat });
        match origin {
            Origin::Head(head) => self.heads[head].1 = Some(number),
            Origin::Exit(exit) => {
                self.machine.attach(find_exit(&self.traces, exit), number)?;
                self.statistics.attached += 1;
            }
        }
        Ok(())
    }
}

/// Compiles a trace anew, for another machine than it runs on. `before` are those that were installed before it,
/// compiled for that machine.
pub fn recompile<B: Backend>(
    asm: &mut B,
    traces: &[Installed],
    number: usize,
    before: &[Vec<Exit>],
) -> Result<Compiled<B::Label, B::Site>, EmitError> {
    let Installed { origin, trace, first_exit, .. } = &traces[number];
    let pending = match *origin {
        Origin::Head(_) => &[][..],
        Origin::Exit(exit) => {
            let (parent, index) = find_exit(traces, exit);
            &before[parent][index].restores
        }
    };
    compile(asm, trace, pending, *first_exit)
}

fn value(context: &Context, from: Source) -> u64 {
    match from {
        Source::Const(bits) => bits,
        Source::Place(Place::Mem(mem)) => context.read(mem),
        Source::Place(Place::Reg(reg)) => context.read(Mem::Saved(reg.0)),
    }
}
