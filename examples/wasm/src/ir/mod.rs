//! A function as the compiler wants it: instructions in the order of the code, values with one definition each.
//!
//! Locals and the operand stack are gone: [`build`] follows them while it decodes, so that an instruction names the
//! values that it uses. Where control flow meets, a [`Label`] has parameters, and each [`Edge`] to it brings an
//! argument for each. There is no graph: an [`Inst::Bind`] or [`Inst::LoopHead`] says where in the list a label is.
//!
//! Invariants:
//! * Before a `Bind` or a `LoopHead` stands an instruction that control does not flow out of, so that each way to it is
//!   an edge.
//! * A value is defined before it is used in the list, and its definition dominates its uses.
//! * An `i32` is a 64-bit word whose upper half is zero, and so `i64.extend_i32_u` is no instruction at all.

pub mod build;
pub mod decode;
pub mod liveness;
pub mod locals;
pub mod module;
pub mod ops;
pub mod simd;
mod translate;

use std::ops::Range;

use wasmparser::ValType;

use ops::{
    Builtin, Cond, Convert, DivOp, FloatCond, FloatOp, FloatUnary, FloatWidth, IntOp, IntUnary, Load, Store, Width,
};
use simd::{Lanes, VectorBinary, VectorUnary};

/// A value's number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Value(pub u32);

/// Which registers hold a value, and how much of them: floats and vectors share theirs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    Int,
    Float,
    Vector,
}

impl Class {
    pub fn of(ty: ValType) -> Class {
        match ty {
            ValType::F32 | ValType::F64 => Class::Float,
            ValType::V128 => Class::Vector,
            ValType::I32 | ValType::I64 | ValType::Ref(_) => Class::Int,
        }
    }

    /// The words that a value takes where it is not in a register.
    pub fn words(self) -> u32 {
        match self {
            Class::Int | Class::Float => 1,
            Class::Vector => 2,
        }
    }
}

/// Where a value comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Definition {
    /// The function's argument of that number.
    Argument(u32),
    /// The parameter of a label.
    Parameter(Label),
    /// Of vectors only zero.
    Constant(u64),
    /// The instruction of that number.
    Inst(u32),
}

/// What is known of a value.
#[derive(Clone, Copy, Debug)]
pub struct ValueInfo {
    pub class: Class,
    pub definition: Definition,
    /// How often it is used, a use in a loop counting as four outside; zero if nothing needs it.
    pub weight: u32,
}

/// A place in the code that edges lead to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Label(pub u32);

/// A way to a label.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edge {
    pub label: Label,
    pub arguments: List,
}

/// Values in the function's pool of lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct List {
    pub start: u32,
    pub len: u32,
}

impl List {
    pub fn range(self) -> Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }
}

/// What is known of a loop beforehand.
#[derive(Clone, Debug, Default)]
pub struct Loop {
    /// The number of the first value that is defined inside. The parameters are defined outside.
    pub first: u32,
    /// The values from outside that are used inside, first use first.
    pub uses: Vec<Value>,
    /// Labels outside that edges inside lead to.
    pub exits: Vec<Label>,
    /// Whether a call inside leaves no value in its register.
    pub calls: bool,
}

/// What is known of a label.
#[derive(Clone, Debug, Default)]
pub struct LabelInfo {
    pub parameters: List,
    /// If it is a loop's head.
    pub head: Option<Loop>,
}

/// An instruction. The result, if there is one, is `d`.
#[derive(Clone, Copy, Debug)]
pub enum Inst {
    Constant {
        d: Value,
        bits: u64,
    },
    Int {
        op: IntOp,
        width: Width,
        d: Value,
        a: Value,
        b: Value,
    },
    Divide {
        op: DivOp,
        width: Width,
        d: Value,
        a: Value,
        b: Value,
    },
    IntUnary {
        op: IntUnary,
        width: Width,
        d: Value,
        a: Value,
    },
    Compare {
        cond: Cond,
        width: Width,
        d: Value,
        a: Value,
        b: Value,
    },
    Float {
        op: FloatOp,
        width: FloatWidth,
        d: Value,
        a: Value,
        b: Value,
    },
    FloatUnary {
        op: FloatUnary,
        width: FloatWidth,
        d: Value,
        a: Value,
    },
    FloatCompare {
        cond: FloatCond,
        width: FloatWidth,
        d: Value,
        a: Value,
        b: Value,
    },
    Convert {
        op: Convert,
        d: Value,
        a: Value,
    },
    /// The function's vector of that number. No [`Definition::Constant`]: to make it again is to load it again.
    VectorConstant {
        d: Value,
        vector: u32,
    },
    VectorUnary {
        op: VectorUnary,
        d: Value,
        a: Value,
    },
    VectorBinary {
        op: VectorBinary,
        d: Value,
        a: Value,
        b: Value,
    },
    /// The bits of `a` where those of `mask` are one, else those of `b`.
    Bitselect {
        d: Value,
        a: Value,
        b: Value,
        mask: Value,
    },
    /// `a` unless `test` is zero, else `b`.
    Select {
        d: Value,
        test: Value,
        a: Value,
        b: Value,
    },
    /// `order` is how many instructions have an effect up to this one.
    Load {
        kind: Load,
        d: Value,
        address: Value,
        offset: u32,
        order: u32,
    },
    Store {
        kind: Store,
        address: Value,
        value: Value,
        offset: u32,
    },
    /// The vector with one lane from memory.
    LoadLane {
        lanes: Lanes,
        lane: u8,
        d: Value,
        address: Value,
        value: Value,
        offset: u32,
    },
    StoreLane {
        lanes: Lanes,
        lane: u8,
        address: Value,
        value: Value,
        offset: u32,
    },
    MemorySize {
        d: Value,
    },
    GlobalGet {
        d: Value,
        global: u32,
    },
    GlobalSet {
        global: u32,
        value: Value,
    },
    TableGet {
        d: Value,
        table: u32,
        index: Value,
    },
    TableSet {
        table: u32,
        index: Value,
        value: Value,
    },
    TableSize {
        d: Value,
        table: u32,
    },
    FunctionReference {
        d: Value,
        function: u32,
    },
    /// With the values for the parameters behind the context.
    CallBuiltin {
        builtin: Builtin,
        arguments: List,
        d: Option<Value>,
    },
    Call {
        function: u32,
        arguments: List,
        results: List,
    },
    CallIndirect {
        table: u32,
        ty: u32,
        index: Value,
        arguments: List,
        results: List,
    },
    /// Here is a label that is met after all edges to it.
    Bind {
        label: Label,
    },
    LoopHead {
        label: Label,
    },
    /// Where a loop's code ends in the list.
    LoopEnd {
        label: Label,
    },
    Jump {
        edge: u32,
    },
    /// Takes the edge if `test` is not zero, or if it is, as `when` says.
    Branch {
        test: Value,
        when: bool,
        edge: u32,
    },
    /// The edges are consecutive; the last is taken for every index beyond.
    Switch {
        index: Value,
        first: u32,
        count: u32,
    },
    Return {
        values: List,
    },
    Unreachable,
}

impl Inst {
    /// Whether it may stop the program or change what others see, so that it stays where it is.
    pub fn has_effect(&self) -> bool {
        match self {
            Inst::Convert { op, .. } => op.traps(),
            Inst::Divide { .. }
            | Inst::Load { .. }
            | Inst::LoadLane { .. }
            | Inst::Store { .. }
            | Inst::StoreLane { .. }
            | Inst::GlobalSet { .. }
            | Inst::TableGet { .. }
            | Inst::TableSet { .. }
            | Inst::CallBuiltin { .. }
            | Inst::Call { .. }
            | Inst::CallIndirect { .. }
            | Inst::Bind { .. }
            | Inst::LoopHead { .. }
            | Inst::LoopEnd { .. }
            | Inst::Jump { .. }
            | Inst::Branch { .. }
            | Inst::Switch { .. }
            | Inst::Return { .. }
            | Inst::Unreachable => true,
            _ => false,
        }
    }

    /// Whether it is a call, which leaves no value in its register.
    pub fn is_call(&self) -> bool {
        matches!(self, Inst::CallBuiltin { .. } | Inst::Call { .. } | Inst::CallIndirect { .. })
    }

    /// The one result of an instruction that has no list of them.
    pub fn result(&self) -> Option<Value> {
        match *self {
            Inst::Constant { d, .. }
            | Inst::Int { d, .. }
            | Inst::Divide { d, .. }
            | Inst::IntUnary { d, .. }
            | Inst::Compare { d, .. }
            | Inst::Float { d, .. }
            | Inst::FloatUnary { d, .. }
            | Inst::FloatCompare { d, .. }
            | Inst::Convert { d, .. }
            | Inst::VectorConstant { d, .. }
            | Inst::VectorUnary { d, .. }
            | Inst::VectorBinary { d, .. }
            | Inst::Bitselect { d, .. }
            | Inst::Select { d, .. }
            | Inst::Load { d, .. }
            | Inst::LoadLane { d, .. }
            | Inst::MemorySize { d }
            | Inst::GlobalGet { d, .. }
            | Inst::TableGet { d, .. }
            | Inst::TableSize { d, .. }
            | Inst::FunctionReference { d, .. } => Some(d),
            Inst::CallBuiltin { d, .. } => d,
            _ => None,
        }
    }
}

/// A function's body.
#[derive(Clone, Debug, Default)]
pub struct Function {
    /// Its index in the module, and its type's.
    pub index: u32,
    pub ty: u32,
    /// The body's offset in the module.
    pub offset: u32,
    pub insts: Vec<Inst>,
    /// The offset in the module of what each instruction was made from.
    pub offsets: Vec<u32>,
    pub values: Vec<ValueInfo>,
    pub labels: Vec<LabelInfo>,
    pub edges: Vec<Edge>,
    /// What [`List`]s are ranges of.
    pub pool: Vec<Value>,
    /// Constants of 128 bits.
    pub vectors: Vec<u128>,
    /// Whether any value is a vector.
    pub has_vectors: bool,
    /// The arguments, which are the first values.
    pub arguments: u32,
    /// How many instructions have an effect.
    pub effects: u32,
}

impl Function {
    pub fn list(&self, list: List) -> &[Value] {
        &self.pool[list.range()]
    }

    pub fn value(&self, value: Value) -> &ValueInfo {
        &self.values[value.0 as usize]
    }

    pub fn constant(&self, value: Value) -> Option<u64> {
        match self.value(value).definition {
            Definition::Constant(bits) => Some(bits),
            _ => None,
        }
    }

    /// The values that an instruction uses, apart from those that its edges bring.
    pub fn operands(&self, inst: &Inst) -> impl Iterator<Item = Value> + '_ {
        let (fixed, list) = match *inst {
            Inst::Int { a, b, .. }
            | Inst::Divide { a, b, .. }
            | Inst::Compare { a, b, .. }
            | Inst::Float { a, b, .. }
            | Inst::FloatCompare { a, b, .. }
            | Inst::VectorBinary { a, b, .. } => ([Some(a), Some(b), None], List::default()),
            Inst::IntUnary { a, .. }
            | Inst::FloatUnary { a, .. }
            | Inst::Convert { a, .. }
            | Inst::VectorUnary { a, .. } => ([Some(a), None, None], List::default()),
            Inst::Bitselect { a, b, mask, .. } => ([Some(a), Some(b), Some(mask)], List::default()),
            Inst::Select { test, a, b, .. } => ([Some(test), Some(a), Some(b)], List::default()),
            Inst::Load { address, .. } => ([Some(address), None, None], List::default()),
            Inst::LoadLane { address, value, .. }
            | Inst::Store { address, value, .. }
            | Inst::StoreLane { address, value, .. } => ([Some(address), Some(value), None], List::default()),
            Inst::GlobalSet { value, .. } => ([Some(value), None, None], List::default()),
            Inst::TableGet { index, .. } | Inst::Switch { index, .. } => ([Some(index), None, None], List::default()),
            Inst::TableSet { index, value, .. } => ([Some(index), Some(value), None], List::default()),
            Inst::Branch { test, .. } => ([Some(test), None, None], List::default()),
            Inst::CallBuiltin { arguments, .. } | Inst::Call { arguments, .. } => ([None; 3], arguments),
            Inst::CallIndirect { index, arguments, .. } => ([Some(index), None, None], arguments),
            Inst::Return { values } => ([None; 3], values),
            Inst::Constant { .. }
            | Inst::VectorConstant { .. }
            | Inst::MemorySize { .. }
            | Inst::GlobalGet { .. }
            | Inst::TableSize { .. }
            | Inst::FunctionReference { .. }
            | Inst::Bind { .. }
            | Inst::LoopHead { .. }
            | Inst::LoopEnd { .. }
            | Inst::Jump { .. }
            | Inst::Unreachable => ([None; 3], List::default()),
        };
        fixed.into_iter().flatten().chain(self.list(list).iter().copied())
    }

    /// The edges of an instruction, as a range of `edges`.
    pub fn edges_of(&self, inst: &Inst) -> Range<usize> {
        match *inst {
            Inst::Jump { edge } | Inst::Branch { edge, .. } => edge as usize..edge as usize + 1,
            Inst::Switch { first, count, .. } => first as usize..(first + count) as usize,
            _ => 0..0,
        }
    }
}
