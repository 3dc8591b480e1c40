//! What the walk asks of a machine.
//!
//! **Every method emits below what was emitted before it**: the walk goes from a function's last instruction to its
//! first. A method that is more than one machine instruction writes them in reading order itself.
//!
//! A back end keeps registers for itself: the context's, the memory's, and one scratch register of each class, so that
//! a method needs none from outside unless it says so by [`Needs`]. It writes the result last, or says by [`Apart`]
//! which operands must survive.

use super::notes::Noted;
use super::registers::{Reg, RegSet};
use crate::abi::TrapKind;
use crate::ir::ops::{
    Builtin, Cond, Convert, DivOp, FloatCond, FloatOp, FloatUnary, FloatWidth, IntOp, IntUnary, Load, Store, Width,
};
use crate::ir::simd::{Lanes, VectorBinary, VectorUnary};
use crate::ir::{Class, Inst};

/// A place in the code, where [`Label`](crate::ir::Label) is one in the function.
pub use tailfirst::Label as CodeLabel;
/// A function of this module, in this part or in another.
pub use tailfirst::Target as Callee;
use tailfirst::{Pos, Snapshot};

/// Where a value is. Words of the stack have eight bytes; a vector is in two of them, of which this is the first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Reg(Reg),
    /// A word of the frame.
    Slot(u32),
    /// A word that the caller has set aside for arguments and results beyond the registers.
    Incoming(u32),
    /// Such a word for a function that is called.
    Outgoing(u32),
}

impl Place {
    /// The word of the stack that is so many behind.
    pub fn word(self, number: u32) -> Place {
        match self {
            Place::Reg(_) => self,
            Place::Slot(word) => Place::Slot(word + number),
            Place::Incoming(word) => Place::Incoming(word + number),
            Place::Outgoing(word) => Place::Outgoing(word + number),
        }
    }
}

/// Where a value comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    Place(Place),
    /// Of vectors only zero.
    Constant(u64),
}

/// An operand that need not be in a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    Reg(Reg),
    Immediate(u64),
    Memory(Folded),
}

/// A place in memory 0: a register, if it is not zero, and what is added.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    pub address: Option<Reg>,
    pub offset: u32,
}

/// A load that is an operand of who uses it. Its address is not in the result's register, unless the first operand is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Folded {
    pub access: Access,
    pub bytes: u32,
    /// The offset of the load in the module.
    pub offset: u32,
}

/// What a branch or a selection depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Test {
    Int { cond: Cond, width: Width, a: Reg, b: Operand },
    Float { cond: FloatCond, width: FloatWidth, a: Reg, b: Reg },
}

impl Test {
    /// Holds when this does not.
    pub fn inverse(self) -> Test {
        match self {
            Test::Int { cond, width, a, b } => Test::Int { cond: cond.inverse(), width, a, b },
            Test::Float { cond, width, a, b } => Test::Float { cond: cond.inverse(), width, a, b },
        }
    }
}

/// Who would take a constant or a load as an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taker {
    Int(IntOp, Width),
    /// The first operand of `add_scaled`.
    Scaled(Width),
    Compare(Width),
    Float(FloatOp, FloatWidth),
    Vector(VectorBinary),
    Store(Store),
}

/// Which operands must not be in the result's register.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Apart {
    #[default]
    None,
    /// The last one.
    Last,
    All,
}

/// What an instruction needs besides its operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Needs {
    pub apart: Apart,
    /// What it destroys. Its operands are elsewhere.
    pub destroys: RegSet,
    /// The one of these where its last operand may be, and is best; the result is not there.
    pub last: Option<Reg>,
}

/// The layout of a frame, from the stack pointer upward: words for calls, the context if there is a call that changes
/// it, slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Frame {
    pub outgoing: u32,
    pub saves_context: bool,
    /// The words of the slots.
    pub slots: u32,
    /// Whether slots and words for calls are aligned to 16 bytes.
    pub has_vectors: bool,
    /// Whether the function calls.
    pub calls: bool,
    /// Whether there is no frame at all.
    pub bare: bool,
}

/// A state of the code to go back to.
#[derive(Clone, Copy, Debug)]
pub struct Checkpoint {
    pub snapshot: Snapshot,
    pub noted: Noted,
}

/// Where control enters and leaves for functions of one type.
#[derive(Clone, Copy, Debug)]
pub struct StubLabels {
    pub entry: CodeLabel,
    pub host: CodeLabel,
}

/// An instruction set's half of the compiler.
pub trait Target {
    /// What may be handed out, best first.
    fn registers(class: Class) -> &'static [Reg];
    /// Where arguments are, and results.
    fn arguments(class: Class) -> &'static [Reg];
    /// Where the arguments of builtins behind the context are.
    const BUILTIN_ARGUMENTS: &'static [Reg];
    /// Where `call_builtin` leaves a result.
    const BUILTIN_RESULT: Reg;
    /// Whether this machine, if it is one of these, has what the code for vectors needs.
    fn has_vectors() -> bool;
    /// A register as its assembler writes it.
    fn name(reg: Reg) -> String;
    /// A register that the walk never hands out.
    fn scratch(class: Class) -> Reg;
    /// Whether `taker` has a form with this constant.
    fn immediate(taker: Taker, value: u64) -> bool;
    /// Whether `taker` has a form whose last operand is such a load.
    fn folds(taker: Taker, load: Load) -> bool;
    fn needs(inst: &Inst) -> Needs;

    /// The offset in the module of the instruction that is emitted from now on. What was emitted is complete, and the
    /// place that is reached its beginning.
    fn set_offset(&mut self, offset: u32);
    /// A label of what is emitted later.
    fn label(&mut self) -> CodeLabel;
    fn bind(&mut self, label: CodeLabel);
    /// A label of the place that is reached, which nothing leads to.
    fn here(&mut self) -> CodeLabel;
    /// The place that is reached.
    fn pos(&self) -> Pos;
    fn pos_of(&self, label: CodeLabel) -> Option<Pos>;
    fn checkpoint(&mut self) -> Checkpoint;
    /// Drops what was emitted since, and the labels that were made.
    fn go_back(&mut self, to: Checkpoint);
    fn jump(&mut self, label: CodeLabel);

    /// Copies a value, or makes a constant. Between two words only what is no vector.
    fn copy(&mut self, class: Class, to: Place, from: Source);
    fn int(&mut self, op: IntOp, width: Width, d: Reg, a: Reg, b: Operand);
    /// `a` and `b` times two to the power of `shift`, which is 1, 2 or 3.
    fn add_scaled(&mut self, width: Width, d: Reg, a: Operand, b: Reg, shift: u8);
    fn divide(&mut self, op: DivOp, width: Width, d: Reg, a: Reg, b: Reg);
    fn int_unary(&mut self, op: IntUnary, width: Width, d: Reg, a: Reg);
    fn float(&mut self, op: FloatOp, width: FloatWidth, d: Reg, a: Reg, b: Operand);
    fn float_unary(&mut self, op: FloatUnary, width: FloatWidth, d: Reg, a: Reg);
    fn convert(&mut self, op: Convert, d: Reg, a: Reg);
    fn vector_constant(&mut self, d: Reg, bits: u128);
    fn vector_unary(&mut self, op: VectorUnary, d: Reg, a: Reg);
    fn vector_binary(&mut self, op: VectorBinary, d: Reg, a: Reg, b: Operand);
    /// The bytes of both by indices, which are below 32.
    fn shuffle(&mut self, indices: [u8; 16], d: Reg, a: Reg, b: Reg);
    fn bitselect(&mut self, d: Reg, a: Reg, b: Reg, mask: Reg);
    /// One or zero.
    fn set(&mut self, d: Reg, test: Test);
    fn select(&mut self, class: Class, d: Reg, test: Test, a: Reg, b: Reg);
    fn branch(&mut self, test: Test, label: CodeLabel);
    /// Goes to the label of that number, to the last one for every index beyond. May destroy `temporary`.
    fn switch(&mut self, index: Reg, temporary: Reg, labels: &[CodeLabel]);
    fn trap(&mut self, kind: TrapKind);

    fn load(&mut self, kind: Load, d: Reg, access: Access);
    fn store(&mut self, kind: Store, access: Access, value: Operand);
    fn load_lane(&mut self, lanes: Lanes, lane: u8, d: Reg, value: Reg, access: Access);
    fn store_lane(&mut self, lanes: Lanes, lane: u8, access: Access, value: Reg);
    fn memory_size(&mut self, d: Reg);
    fn global_get(&mut self, class: Class, d: Reg, global: u32);
    fn global_set(&mut self, class: Class, global: u32, value: Reg);
    fn table_get(&mut self, d: Reg, table: u32, index: Reg);
    fn table_set(&mut self, table: u32, index: Reg, value: Reg);
    fn table_size(&mut self, d: Reg, table: u32);
    fn function_reference(&mut self, d: Reg, function: u32);

    /// A function of this module.
    fn call(&mut self, function: Callee);
    /// A function by its record, which is that of an imported one.
    fn call_imported(&mut self, function: u32);
    /// The function in a table. May destroy `index`.
    fn call_indirect(&mut self, table: u32, ty: u32, index: Reg);
    fn call_builtin(&mut self, builtin: Builtin);

    /// Begins a function, at its end. `slots` of the frame is not known yet.
    fn begin(&mut self, frame: Frame);
    /// Frees the frame and returns.
    fn leave(&mut self);
    /// Ends a function, at its start, and binds its label.
    fn enter(&mut self, frame: Frame, function: CodeLabel);
    /// Emits what the function's traps lead to, below everything of it.
    fn end(&mut self);

    /// The way out of traps.
    fn exit(&mut self) -> CodeLabel;
    /// The stubs for functions with these arguments and results.
    fn stubs(&mut self, arguments: &[Class], results: &[Class], exit: CodeLabel) -> StubLabels;
}
