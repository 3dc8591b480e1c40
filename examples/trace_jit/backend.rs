//! What the compiler knows of a machine, and asks of it.
//!
//! Registers are numbers here: 0 to 31 hold integers, 32 to 63 floats. A back end says which of them may be handed out;
//! the others are its own, among them one that always holds the context's address, one for the address of the linear
//! memory, and scratch registers, so that every method can do what it says with no register from outside.
//!
//! **Every method emits below what was emitted before it.** The caller works from a trace's last instruction to its
//! first.

use std::fmt;

use tailfirst::exec::{ExecError, PatchError};
use tailfirst::{Align, FinishError, Label, Symbol};
use tailfirst::{PatchPoint, SiteError};

use crate::bytecode::{Class, Cond, FloatOp, IntOp, Slot, Width};
use crate::context::SPILLS;
use crate::ir::Ins;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Reg(pub u8);

impl Reg {
    pub const fn int(number: u8) -> Reg {
        Reg(number)
    }

    pub fn class(self) -> Class {
        if self.0 < 32 { Class::Int } else { Class::Float }
    }

    /// Its number among those of its class.
    pub fn number(self) -> u8 {
        self.0 & 31
    }
}

/// A set of registers, one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegSet(pub u64);

impl RegSet {
    pub const EMPTY: RegSet = RegSet(0);

    pub const fn of(reg: Reg) -> RegSet {
        RegSet(1 << reg.0)
    }

    pub const fn with(self, other: RegSet) -> RegSet {
        RegSet(self.0 | other.0)
    }

    pub const fn without(self, other: RegSet) -> RegSet {
        RegSet(self.0 & !other.0)
    }

    pub fn contains(self, reg: Reg) -> bool {
        self.0 >> reg.0 & 1 != 0
    }

    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    pub fn first(self) -> Option<Reg> {
        (self.0 != 0).then(|| Reg(self.0.trailing_zeros() as u8))
    }

    pub fn last(self) -> Option<Reg> {
        (self.0 != 0).then(|| Reg(63 - self.0.leading_zeros() as u8))
    }

    pub fn iter(self) -> impl Iterator<Item = Reg> {
        (0..64).map(Reg).filter(move |&reg| self.contains(reg))
    }
}

/// A word of the context.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mem {
    Frame(Slot),
    Spill(u32),
    Temporary,
    /// Where an exit leaves a register.
    Saved(u8),
}

/// Where a value is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    Reg(Reg),
    Mem(Mem),
}

/// Where a value comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    Place(Place),
    Const(u64),
}

/// The last operand of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    Reg(Reg),
    Imm(i64),
}

/// What an operation asks of particular registers: these are destroyed, and the second operand must be in that one,
/// which the result and the first operand must not be in.
#[derive(Clone, Copy)]
pub struct Fixed {
    pub destroys: RegSet,
    pub second: Option<Reg>,
}

impl Fixed {
    pub const NOTHING: Fixed = Fixed { destroys: RegSet::EMPTY, second: None };
}

/// Why a trace was not installed.
#[derive(Debug)]
pub enum EmitError {
    /// More values than the context has words for.
    Spills,
    Finish(FinishError),
    Exec(ExecError),
    Site(SiteError),
    Patch(PatchError),
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EmitError::Spills => write!(f, "more than {SPILLS} values are spilled"),
            EmitError::Finish(error) => error.fmt(f),
            EmitError::Exec(error) => error.fmt(f),
            EmitError::Site(error) => error.fmt(f),
            EmitError::Patch(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for EmitError {}

impl From<SiteError> for EmitError {
    fn from(error: SiteError) -> Self {
        EmitError::Site(error)
    }
}

impl From<FinishError> for EmitError {
    fn from(error: FinishError) -> Self {
        EmitError::Finish(error)
    }
}

impl From<ExecError> for EmitError {
    fn from(error: ExecError) -> Self {
        EmitError::Exec(error)
    }
}

impl From<PatchError> for EmitError {
    fn from(error: PatchError) -> Self {
        EmitError::Patch(error)
    }
}

/// What the code refers to that lies outside it: the way out of native code, and other traces by their numbers, from 0.
pub const LEAVE: Symbol = Symbol(0);

pub fn symbol_of_trace(number: usize) -> Symbol {
    Symbol(1 + number as u32)
}

/// The inverse of `symbol_of_trace`.
pub fn trace_of_symbol(symbol: Symbol) -> Option<usize> {
    (symbol.0 as usize).checked_sub(1)
}

/// What the addresses of loops' first instructions are multiples of.
pub const LOOP_ALIGN: Align = Align::of::<16>();

/// Implemented for `tailfirst`'s encoders themselves: a back end is an encoder with other words. So the encoder can be
/// passed along into the closures of its blocks.
pub trait Backend {
    const NAME: &'static str;
    /// What may be handed out for integers and for floats.
    const INTS: RegSet;
    const FLOATS: RegSet;
    /// Whether the result replaces the first operand, so that the second must be in an other register than the result.
    const TWO_ADDRESS: bool;
    type Label: Copy;
    /// What is patched of an exit's jump.
    type Site: Copy;

    /// Whether `value` may be the last operand of `ins` as it is.
    fn immediate(ins: Ins, value: i64) -> bool;
    /// What `op` asks of particular registers if its second operand is in a register.
    fn fixed(op: IntOp) -> Fixed;

    /// A label of what was emitted last.
    fn here(&mut self) -> Self::Label;

    fn int(&mut self, op: IntOp, d: Reg, a: Reg, b: Operand);
    fn float(&mut self, op: FloatOp, d: Reg, a: Reg, b: Reg);
    fn sqrt(&mut self, d: Reg, a: Reg);
    fn to_float(&mut self, d: Reg, a: Reg);
    fn to_int(&mut self, d: Reg, a: Reg);
    fn load(&mut self, width: Width, d: Reg, base: Reg, displacement: i32);
    fn store(&mut self, width: Width, base: Reg, displacement: i32, value: Operand);
    /// Goes to `exit` unless the condition holds.
    fn guard(&mut self, cond: Cond, a: Reg, b: Operand, exit: Self::Label);
    /// Copies a value, or makes a constant.
    fn copy(&mut self, to: Place, from: Source);
    /// A loop: what `write` emits, with a jump at its end back to its first instruction, which is aligned to
    /// `LOOP_ALIGN`.
    fn aligned_loop(&mut self, write: impl FnOnce(&mut Self)) -> Self::Label;
    /// Jumps to the start of a trace that is there already.
    fn link(&mut self, trace: usize);
    /// The stub of an exit: a jump that can be patched, and behind it, where it leads at first, what notes in the
    /// context which exit this is and goes to `LEAVE`.
    fn exit(&mut self, number: u32) -> Stub<Self::Label, Self::Site>;
}

/// What else the processor's back end knows.
pub trait HostBackend: Backend<Label = Label, Site = PatchPoint> {
    /// The way from Rust to native code and back.
    fn door(&mut self) -> Door;
}

/// The stub of an exit.
#[derive(Clone, Copy)]
pub struct Stub<L, S> {
    /// Its first instruction, a jump.
    pub jump: L,
    /// What is patched of that.
    pub site: S,
}

/// Where code is entered and left.
#[derive(Clone, Copy)]
pub struct Door {
    /// The C function that goes from Rust to native code, with three arguments: context, linear memory, and code.
    pub enter: Label,
    /// Where exits lead at first: saves all registers of `INTS` and `FLOATS`, and returns from `enter`'s function.
    pub leave: Label,
}
