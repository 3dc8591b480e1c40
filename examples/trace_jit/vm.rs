//! The virtual machine: it interprets, finds out what is hot, records and compiles it, and goes back and forth between the
//! interpreter and native code.
//!
//! * Jumps back are counted at their target. A target that has become hot is the head of a loop: the interpreter runs
//!   one turn of it with the recorder watching, and from then on a jump back to it enters the compiled trace.
//! * A trace is left through an exit. The exit's values are put back into the frame and the interpreter continues. An exit
//!   that is taken often gets a side trace, recorded from there to the head of a trace; its gate then leads to it,
//!   and control stays in native code.
//! * What cannot be recorded is tried again later, each time twice as much later, and then no more.
//!
//! The machine that executes compiled code is a parameter: the processor (`native.rs`), or what a test puts in its place.

use crate::backend::{Backend, EmitError, Mem, Place, Source};
use crate::bytecode::{Program, Slot, State, Trap, Value};
use crate::compile::{Compiled, Exit, compile};
use crate::context::{Context, GATES};
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
    type Backend: Backend;

    /// Where an exit without a side trace leads to.
    fn leave(&self) -> usize;
    /// Makes code executable. Returns its address.
    fn install(&mut self, code: &[u8]) -> Result<usize, EmitError>;
    /// Executes the code at `address` until it leaves.
    ///
    /// # Safety
    ///
    /// * `address` was returned by `install` of this machine, for code that was compiled to run with a context like this,
    ///   whose memory has the size that the code was recorded with.
    unsafe fn run(&mut self, context: &mut Context, address: usize);
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
    /// The exit behind this gate.
    Exit(u32),
}

/// A compiled trace.
pub struct Installed {
    pub origin: Origin,
    pub trace: Trace,
    pub first_gate: u32,
    pub compiled: Compiled,
}

impl Installed {
    /// Its exits' gates.
    fn gates(&self) -> std::ops::Range<u32> {
        self.first_gate..self.first_gate + self.trace.snapshots.len() as u32
    }
}

/// What is at a gate.
enum Gate {
    /// The start of a loop's trace.
    Trace,
    Exit {
        exit: Exit,
        heat: Heat,
    },
}

/// What was counted.
#[derive(Clone, Copy, Default, Debug)]
pub struct Statistics {
    pub entered: u64,
    pub aborted: u64,
}

pub struct Vm<'p, M: Machine> {
    program: &'p Program,
    machine: M,
    context: Box<Context>,
    /// For each instruction: how hot it is as a loop's head, and the gate of its trace.
    heads: Vec<(Heat, Option<u32>)>,
    gates: Vec<Gate>,
    pub traces: Vec<Installed>,
    pub statistics: Statistics,
}

/// Why the interpreter has stopped.
enum Stop {
    Halt(Value),
    /// The loop from the first instruction to the second is hot.
    Hot(usize, usize),
    /// The trace behind this gate takes over.
    Trace(u32),
}

impl<'p, M: Machine> Vm<'p, M> {
    pub fn new(program: &'p Program, machine: M) -> Vm<'p, M> {
        let context = Context::new(State::new(program), machine.leave());
        let heads = vec![Default::default(); program.code.len()];
        let statistics = Statistics::default();
        Vm { program, machine, context, heads, gates: vec![], traces: vec![], statistics }
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
                Stop::Trace(gate) => self.execute(gate)?,
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
                        let (heat, gate) = &mut self.heads[next];
                        if let Some(gate) = *gate {
                            return Ok(Stop::Trace(gate));
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

    /// Enters the trace at `gate`. Returns where the interpreter continues.
    fn execute(&mut self, gate: u32) -> Result<usize, Trap> {
        self.statistics.entered += 1;
        let address = self.context.gates[gate as usize];
        // SAFETY: 1. gates of traces hold addresses that `install` returned, 2. all code was compiled for this context,
        // whose memory never changes its size.
        unsafe { self.machine.run(&mut self.context, address) };
        let left_through = self.context.exit as u32;
        let Gate::Exit { exit, heat } = &mut self.gates[left_through as usize] else {
            unreachable!("only exits leave native code")
        };
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
        self.record(recorder, Origin::Exit(left_through), &pending, pc)
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
                Origin::Exit(gate) => {
                    if let Gate::Exit { heat, .. } = &mut self.gates[gate as usize] {
                        heat.cool();
                    }
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
            if let Some(gate) = self.heads[next].1 {
                return Ok(Ok(recorder.link(gate)));
            }
        }
    }

    fn install(&mut self, origin: Origin, trace: Trace, pending: &[(Slot, Source)]) -> Result<(), EmitError> {
        // The trace's exits, and its start if that is a loop's head.
        let first_gate = self.gates.len() as u32;
        if self.gates.len() + trace.snapshots.len() + 1 > GATES as usize {
            return Err(EmitError("all gates are in use".into()));
        }
        let compiled = compile::<M::Backend>(&trace, pending, first_gate)?;
        let address = self.machine.install(&compiled.code)?;
        for exit in &compiled.exits {
            self.gates.push(Gate::Exit { exit: exit.clone(), heat: Heat::default() });
        }
        let gate = match origin {
            Origin::Exit(gate) => gate,
            Origin::Head(head) => {
                let gate = self.gates.len() as u32;
                self.gates.push(Gate::Trace);
                self.heads[head].1 = Some(gate);
                gate
            }
        };
        self.context.gates[gate as usize] = address;
        self.traces.push(Installed { origin, trace, first_gate, compiled });
        Ok(())
    }
}

/// Compiles traces anew, for another machine than they run on.
pub fn recompile<B: Backend>(traces: &[Installed]) -> Result<Vec<Compiled>, EmitError> {
    let mut all: Vec<Compiled> = Vec::new();
    for installed in traces {
        let pending = match installed.origin {
            Origin::Head(_) => &[][..],
            Origin::Exit(gate) => {
                let parent = traces.iter().position(|parent| parent.gates().contains(&gate));
                let parent = parent.expect("every exit belongs to a trace");
                &all[parent].exits[(gate - traces[parent].first_gate) as usize].restores
            }
        };
        all.push(compile::<B>(&installed.trace, pending, installed.first_gate)?);
    }
    Ok(all)
}

fn value(context: &Context, from: Source) -> u64 {
    match from {
        Source::Const(bits) => bits,
        Source::Place(Place::Mem(mem)) => context.read(mem),
        Source::Place(Place::Reg(reg)) => context.read(Mem::Saved(reg.0)),
    }
}
