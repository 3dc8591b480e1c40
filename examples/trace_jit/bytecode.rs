//! The bytecode: what a program is, and what each of its operations means.
//!
//! A frame is one array of 64-bit slots, addressed by a byte: 32 integer registers, 32 float registers, and the
//! program's constants. An instruction names slots only, so a register and a constant are read in the same way and no
//! instruction needs a second form with an immediate. Whether a slot holds an integer or a float is known from its
//! number.
//!
//! The meaning of an operation stands here once (`apply`, `holds`): the interpreter executes it and the trace builder
//! folds constants with it, so that they cannot disagree. The back ends must match it: shift counts are taken modulo
//! 64, integers wrap around, a float becomes an integer by saturation.

pub const INT_REGISTERS: u8 = 32;
pub const FLOAT_REGISTERS: u8 = 32;
/// Slots below this number are registers, the others are the program's constants.
pub const FIRST_CONSTANT: u8 = INT_REGISTERS + FLOAT_REGISTERS;
pub const SLOTS: usize = 256;
pub const MAX_CONSTANTS: usize = SLOTS - FIRST_CONSTANT as usize;

/// The number of a frame slot.
pub type Slot = u8;

/// The class of a value, and of the machine registers that can hold it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Class {
    Int,
    Float,
}

/// The class of a register slot. A constant may serve as either.
pub fn class_of(slot: Slot) -> Class {
    debug_assert!(slot < FIRST_CONSTANT);
    if slot < INT_REGISTERS { Class::Int } else { Class::Float }
}

/// The name that a program's text has for a register slot.
pub fn slot_name(slot: Slot) -> String {
    match class_of(slot) {
        Class::Int => format!("r{slot}"),
        Class::Float => format!("f{}", slot - INT_REGISTERS),
    }
}

/// One instruction. `a` is the destination where there is one; `imm` is a displacement or the target of a jump.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inst {
    pub op: Op,
    pub a: Slot,
    pub b: Slot,
    pub c: Slot,
    pub imm: i32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Op {
    /// a = b
    Mov,
    // a = b op c, integers
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    Sar,
    // a = b op c, floats
    FAdd,
    FSub,
    FMul,
    FDiv,
    /// a = square root of b
    FSqrt,
    /// a (float) = b (integer)
    ToFloat,
    /// a (integer) = b (float)
    ToInt,
    // a = memory[b + imm]
    Load8,
    Load64,
    // memory[b + imm] = a
    Store8,
    Store64,
    /// go to imm
    Jump,
    // if b cond c, go to imm
    JumpEq,
    JumpNe,
    JumpLt,
    JumpGe,
    JumpFEq,
    JumpFNe,
    JumpFLt,
    JumpFLe,
    /// the result is a
    Halt,
}

/// An operation on two integers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum IntOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    Sar,
}

impl IntOp {
    /// The result. The divisor of `Div` and `Rem` is not zero: their caller has to look first.
    #[inline(always)]
    pub fn apply(self, a: i64, b: i64) -> i64 {
        match self {
            IntOp::Add => a.wrapping_add(b),
            IntOp::Sub => a.wrapping_sub(b),
            IntOp::Mul => a.wrapping_mul(b),
            IntOp::Div => a.wrapping_div(b),
            IntOp::Rem => a.wrapping_rem(b),
            IntOp::And => a & b,
            IntOp::Or => a | b,
            IntOp::Xor => a ^ b,
            IntOp::Shl => a.wrapping_shl(b as u32),
            IntOp::Shr => (a as u64).wrapping_shr(b as u32) as i64,
            IntOp::Sar => a.wrapping_shr(b as u32),
        }
    }

    pub fn commutes(self) -> bool {
        matches!(self, IntOp::Add | IntOp::Mul | IntOp::And | IntOp::Or | IntOp::Xor)
    }

    pub fn is_shift(self) -> bool {
        matches!(self, IntOp::Shl | IntOp::Shr | IntOp::Sar)
    }
}

/// An operation on two floats.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FloatOp {
    Add,
    Sub,
    Mul,
    Div,
}

impl FloatOp {
    #[inline(always)]
    pub fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            FloatOp::Add => a + b,
            FloatOp::Sub => a - b,
            FloatOp::Mul => a * b,
            FloatOp::Div => a / b,
        }
    }

    pub fn commutes(self) -> bool {
        matches!(self, FloatOp::Add | FloatOp::Mul)
    }
}

/// A condition between two values. The float conditions that begin with `Not` hold when an operand is NaN.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Cond {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    /// At most, unsigned: the bounds check.
    Below,
    FEq,
    FNe,
    FLt,
    FLe,
    NotFLt,
    NotFLe,
}

impl Cond {
    pub fn class(self) -> Class {
        match self {
            Cond::Eq | Cond::Ne | Cond::Lt | Cond::Le | Cond::Gt | Cond::Ge | Cond::Below => Class::Int,
            Cond::FEq | Cond::FNe | Cond::FLt | Cond::FLe | Cond::NotFLt | Cond::NotFLe => Class::Float,
        }
    }

    /// Whether the condition holds between two slots' contents.
    #[inline(always)]
    pub fn holds(self, a: u64, b: u64) -> bool {
        let (i, j) = (a as i64, b as i64);
        let (x, y) = (f64::from_bits(a), f64::from_bits(b));
        match self {
            Cond::Eq => i == j,
            Cond::Ne => i != j,
            Cond::Lt => i < j,
            Cond::Le => i <= j,
            Cond::Gt => i > j,
            Cond::Ge => i >= j,
            Cond::Below => a <= b,
            Cond::FEq => x == y,
            Cond::FNe => x != y,
            Cond::FLt => x < y,
            Cond::FLe => x <= y,
            Cond::NotFLt => !matches!(x.partial_cmp(&y), Some(std::cmp::Ordering::Less)),
            Cond::NotFLe => !matches!(x.partial_cmp(&y), Some(std::cmp::Ordering::Less | std::cmp::Ordering::Equal)),
        }
    }

    /// The condition that holds exactly when this one does not. `Below` is never negated: only its success is recorded.
    pub fn negated(self) -> Option<Cond> {
        Some(match self {
            Cond::Eq => Cond::Ne,
            Cond::Ne => Cond::Eq,
            Cond::Lt => Cond::Ge,
            Cond::Ge => Cond::Lt,
            Cond::Le => Cond::Gt,
            Cond::Gt => Cond::Le,
            Cond::Below => return None,
            Cond::FEq => Cond::FNe,
            Cond::FNe => Cond::FEq,
            Cond::FLt => Cond::NotFLt,
            Cond::NotFLt => Cond::FLt,
            Cond::FLe => Cond::NotFLe,
            Cond::NotFLe => Cond::FLe,
        })
    }

    /// The condition with its operands exchanged, where there is one.
    pub fn mirrored(self) -> Option<Cond> {
        Some(match self {
            Cond::Eq | Cond::Ne | Cond::FEq | Cond::FNe => self,
            Cond::Lt => Cond::Gt,
            Cond::Gt => Cond::Lt,
            Cond::Le => Cond::Ge,
            Cond::Ge => Cond::Le,
            _ => return None,
        })
    }
}

/// The width of a memory access. Bytes are zero-extended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Width {
    Byte,
    Word,
}

impl Width {
    pub fn bytes(self) -> usize {
        match self {
            Width::Byte => 1,
            Width::Word => 8,
        }
    }
}

/// A parsed program.
#[derive(Clone, PartialEq, Debug)]
pub struct Program {
    pub name: String,
    pub code: Vec<Inst>,
    /// The contents of the slots from `FIRST_CONSTANT` on.
    pub constants: Vec<u64>,
    /// The size of the linear memory in bytes; it starts out as zeroes.
    pub memory: usize,
}

/// What a running program can see and change. Native code finds the frame at its beginning.
#[derive(Clone, PartialEq, Debug)]
#[repr(C)]
pub struct State {
    pub frame: [u64; SLOTS],
    pub memory: Vec<u8>,
}

impl State {
    pub fn new(program: &Program) -> State {
        let mut frame = [0; SLOTS];
        frame[FIRST_CONSTANT as usize..][..program.constants.len()].copy_from_slice(&program.constants);
        State { frame, memory: vec![0; program.memory] }
    }
}

/// A program's last word: the class of the slot that it returned, and the contents.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value {
    Int(i64),
    Float(f64),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Int(v) => write!(f, "{v}"),
            Value::Float(v) => write!(f, "{v:?}"),
        }
    }
}

/// Why a program was stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trap {
    OutOfBounds { pc: usize, address: u64 },
    DivideByZero { pc: usize },
}

impl std::fmt::Display for Trap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Trap::OutOfBounds { pc, address } => {
                write!(f, "instruction {pc}: address {address:#x} is outside the memory")
            }
            Trap::DivideByZero { pc } => write!(f, "instruction {pc}: division by zero"),
        }
    }
}

impl std::error::Error for Trap {}
