//! The recorder: bytecode, as it is executed, becomes a trace.
//!
//! It looks at each instruction just before the interpreter executes it, and follows two things: which value each
//! register slot holds now (`values`), and which of these the frame in memory has not yet (`dirty`). What the
//! interpreter is about to decide from data becomes a guard: the way a branch goes, that an address is in bounds, that
//! a divisor is not zero. A guard on a branch exits to the other side; a guard on an operation exits to the operation
//! itself, for the interpreter to do what it does then.
//!
//! A recording starts at a loop's head, or at an exit that is taken often, and ends where it meets a trace: itself,
//! which closes the loop, or an other one, which it then links to. The turn of a loop that happens to leave it would
//! make a bad trace, a loop around the loop, so it is not recorded; a later turn will do.

use std::collections::HashMap;

use crate::bytecode::{Class, Cond, FIRST_CONSTANT, FloatOp, Inst, IntOp, Op, Slot, State, Width, class_of};
use crate::ir::{Builder, End, Ins, Ref, Snapshot, Trace};
use crate::loops;

/// A trace that grows longer than this is not worth its compilation.
const MAX_INSTRUCTIONS: usize = 1000;
/// How often a loop inside the trace, without a trace of its own, may be run through.
const MAX_TURNS: usize = 4;

/// Why a recording was given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Abort {
    TooLong,
    InnerLoop,
    LeavesLoop,
    /// The program ends, or is about to trap.
    Stops,
}

pub struct Recorder {
    start: usize,
    /// The last instruction of the loop that must not be left.
    last: Option<usize>,
    builder: Builder,
    values: [Option<Ref>; FIRST_CONSTANT as usize],
    /// One bit a slot.
    dirty: u64,
    turns: HashMap<usize, usize>,
}

impl Recorder {
    /// Starts at the head of a loop, where the frame is up to date. It must not be left if it has a `last` instruction.
    pub fn at_head(pc: usize, last: Option<usize>) -> Recorder {
        Recorder {
            start: pc,
            last,
            builder: Builder::default(),
            values: [None; FIRST_CONSTANT as usize],
            dirty: 0,
            turns: HashMap::new(),
        }
    }

    /// Starts at an exit. `pending` are the slots that native code has not written to the frame when it gets there,
    /// with their value if it is known.
    pub fn at_exit(pc: usize, pending: impl Iterator<Item = (Slot, Option<u64>)>) -> Recorder {
        let mut recorder = Recorder::at_head(pc, None);
        for (slot, constant) in pending {
            let ins = match (constant, class_of(slot)) {
                (None, _) => Ins::Slot(slot),
                (Some(bits), Class::Int) => Ins::Int(bits as i64),
                (Some(bits), Class::Float) => Ins::Float(bits),
            };
            let value = recorder.builder.emit(ins);
            recorder.write(slot, value);
        }
        recorder
    }

    /// Records the instruction `i`, which is about to be executed at `pc` in `state`.
    pub fn record(&mut self, i: Inst, pc: usize, state: &State) -> Result<(), Abort> {
        if self.builder.ins.len() > MAX_INSTRUCTIONS {
            return Err(Abort::TooLong);
        }
        match i.op {
            Op::Mov => {
                let value = self.read(i.b, class_of(i.a), state);
                self.write(i.a, value);
            }
            Op::Add => self.int_op(i, IntOp::Add, state),
            Op::Sub => self.int_op(i, IntOp::Sub, state),
            Op::Mul => self.int_op(i, IntOp::Mul, state),
            Op::Div => self.divide(i, IntOp::Div, pc, state)?,
            Op::Rem => self.divide(i, IntOp::Rem, pc, state)?,
            Op::And => self.int_op(i, IntOp::And, state),
            Op::Or => self.int_op(i, IntOp::Or, state),
            Op::Xor => self.int_op(i, IntOp::Xor, state),
            Op::Shl => self.int_op(i, IntOp::Shl, state),
            Op::Shr => self.int_op(i, IntOp::Shr, state),
            Op::Sar => self.int_op(i, IntOp::Sar, state),
            Op::FAdd => self.float_op(i, FloatOp::Add, state),
            Op::FSub => self.float_op(i, FloatOp::Sub, state),
            Op::FMul => self.float_op(i, FloatOp::Mul, state),
            Op::FDiv => self.float_op(i, FloatOp::Div, state),
            Op::FSqrt => {
                let b = self.read(i.b, Class::Float, state);
                self.define(i.a, Ins::Sqrt(b));
            }
            Op::ToFloat => {
                let b = self.read(i.b, Class::Int, state);
                self.define(i.a, Ins::ToFloat(b));
            }
            Op::ToInt => self.float_to_int(i, pc, state)?,
            Op::Load8 => self.load(i, Width::Byte, pc, state)?,
            Op::Load64 => self.load(i, Width::Word, pc, state)?,
            Op::Store8 => self.store(i, Width::Byte, pc, state)?,
            Op::Store64 => self.store(i, Width::Word, pc, state)?,
            Op::Jump => {}
            Op::JumpEq => self.branch(i, Cond::Eq, pc, state),
            Op::JumpNe => self.branch(i, Cond::Ne, pc, state),
            Op::JumpLt => self.branch(i, Cond::Lt, pc, state),
            Op::JumpGe => self.branch(i, Cond::Ge, pc, state),
            Op::JumpFEq => self.branch(i, Cond::FEq, pc, state),
            Op::JumpFNe => self.branch(i, Cond::FNe, pc, state),
            Op::JumpFLt => self.branch(i, Cond::FLt, pc, state),
            Op::JumpFLe => self.branch(i, Cond::FLe, pc, state),
            Op::Halt => return Err(Abort::Stops),
        }
        Ok(())
    }

    /// Notes that control goes from one instruction to an other.
    pub fn go(&mut self, from: usize, to: usize) -> Result<(), Abort> {
        if self.last.is_some_and(|last| to < self.start || to > last) {
            return Err(Abort::LeavesLoop);
        }
        if to <= from {
            let turns = self.turns.entry(to).or_default();
            *turns += 1;
            if *turns > MAX_TURNS {
                return Err(Abort::InnerLoop);
            }
        }
        Ok(())
    }

    /// Ends the trace where it began.
    pub fn close(self) -> Trace {
        loops::close(self.start, self.builder.ins, self.builder.snapshots, &self.values)
    }

    /// Ends the trace at the start of the trace of that number.
    pub fn link(self, trace: usize) -> Trace {
        let slots = self.snapshot(self.start).slots;
        Trace { ins: self.builder.ins, snapshots: self.builder.snapshots, end: End::Link { trace, slots } }
    }

    fn snapshot(&self, pc: usize) -> Snapshot {
        let is_dirty = |slot: &Slot| self.dirty >> slot & 1 != 0;
        let slots = (0..FIRST_CONSTANT).filter(is_dirty).filter_map(|slot| Some((slot, self.values[slot as usize]?)));
        Snapshot { pc, slots: slots.collect() }
    }

    fn read(&mut self, slot: Slot, class: Class, state: &State) -> Ref {
        if slot >= FIRST_CONSTANT {
            let bits = state.frame[slot as usize];
            return self.builder.emit(match class {
                Class::Int => Ins::Int(bits as i64),
                Class::Float => Ins::Float(bits),
            });
        }
        match self.values[slot as usize] {
            Some(value) => value,
            None => {
                let value = self.builder.emit(Ins::Slot(slot));
                self.values[slot as usize] = Some(value);
                value
            }
        }
    }

    fn write(&mut self, slot: Slot, value: Ref) {
        self.values[slot as usize] = Some(value);
        self.dirty |= 1 << slot;
    }

    fn define(&mut self, slot: Slot, ins: Ins) {
        let value = self.builder.emit(ins);
        self.write(slot, value);
    }

    fn guard(&mut self, cond: Cond, a: Ref, b: Ref, exit: usize) {
        let snapshot = self.snapshot(exit);
        self.builder.guard(cond, a, b, || snapshot);
    }

    fn int_op(&mut self, i: Inst, op: IntOp, state: &State) {
        let (b, c) = (self.read(i.b, Class::Int, state), self.read(i.c, Class::Int, state));
        self.define(i.a, Ins::IntOp(op, b, c));
    }

    fn float_op(&mut self, i: Inst, op: FloatOp, state: &State) {
        let (b, c) = (self.read(i.b, Class::Float, state), self.read(i.c, Class::Float, state));
        self.define(i.a, Ins::FloatOp(op, b, c));
    }

    /// The compiled division is defined for every divisor but 0 and -1.
    fn divide(&mut self, i: Inst, op: IntOp, pc: usize, state: &State) -> Result<(), Abort> {
        let (b, c) = (self.read(i.b, Class::Int, state), self.read(i.c, Class::Int, state));
        let (zero, minus_one) = (self.builder.int(0), self.builder.int(-1));
        match (state.frame[i.c as usize] as i64, op) {
            (0, _) => return Err(Abort::Stops),
            (-1, IntOp::Div) => {
                self.guard(Cond::Eq, c, minus_one, pc);
                self.define(i.a, Ins::IntOp(IntOp::Sub, zero, b));
            }
            (-1, _) => {
                self.guard(Cond::Eq, c, minus_one, pc);
                self.write(i.a, zero);
            }
            _ => {
                self.guard(Cond::Ne, c, zero, pc);
                self.guard(Cond::Ne, c, minus_one, pc);
                self.define(i.a, Ins::IntOp(op, b, c));
            }
        }
        Ok(())
    }

    /// The compiled conversion is defined for what fits; x86 answers `i64::MIN` for everything else.
    fn float_to_int(&mut self, i: Inst, pc: usize, state: &State) -> Result<(), Abort> {
        let float = f64::from_bits(state.frame[i.b as usize]);
        if !(float > i64::MIN as f64 && float < i64::MAX as f64) {
            return Err(Abort::Stops);
        }
        let b = self.read(i.b, Class::Float, state);
        let (value, sentinel) = (self.builder.emit(Ins::ToInt(b)), self.builder.int(i64::MIN));
        self.guard(Cond::Ne, value, sentinel, pc);
        self.write(i.a, value);
        Ok(())
    }

    /// Guards that the access is in bounds. Returns the base and the displacement to access.
    fn address(&mut self, i: Inst, width: Width, pc: usize, state: &State) -> Result<(Ref, i32), Abort> {
        let limit = state.memory.len().checked_sub(width.bytes()).ok_or(Abort::Stops)? as i64;
        let value = state.frame[i.b as usize] as i64;
        let base = self.read(i.b, Class::Int, state);
        // One comparison does for base and displacement together if neither is negative, which is the usual case.
        let reach = limit - i64::from(i.imm);
        if i.imm >= 0 && (0..=reach).contains(&value) {
            let reach = self.builder.int(reach);
            self.guard(Cond::Below, base, reach, pc);
            return Ok((base, i.imm));
        }
        if !(0..=limit).contains(&value.wrapping_add(i.imm.into())) {
            return Err(Abort::Stops);
        }
        let (displacement, limit) = (self.builder.int(i.imm.into()), self.builder.int(limit));
        let address = self.builder.emit(Ins::IntOp(IntOp::Add, base, displacement));
        self.guard(Cond::Below, address, limit, pc);
        Ok((address, 0))
    }

    fn load(&mut self, i: Inst, width: Width, pc: usize, state: &State) -> Result<(), Abort> {
        let (base, displacement) = self.address(i, width, pc, state)?;
        self.define(i.a, Ins::Load(width, class_of(i.a), base, displacement));
        Ok(())
    }

    fn store(&mut self, i: Inst, width: Width, pc: usize, state: &State) -> Result<(), Abort> {
        let (base, displacement) = self.address(i, width, pc, state)?;
        let class = if i.a < FIRST_CONSTANT { class_of(i.a) } else { Class::Int };
        let value = self.read(i.a, class, state);
        self.builder.store(width, base, displacement, value);
        Ok(())
    }

    fn branch(&mut self, i: Inst, cond: Cond, pc: usize, state: &State) {
        let (b, c) = (self.read(i.b, cond.class(), state), self.read(i.c, cond.class(), state));
        let (taken, other) = (i.imm as usize, pc + 1);
        match cond.negated() {
            Some(negated) if !cond.holds(state.frame[i.b as usize], state.frame[i.c as usize]) => {
                self.guard(negated, b, c, taken);
            }
            _ => self.guard(cond, b, c, other),
        }
    }
}
