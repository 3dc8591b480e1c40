//! The operations of instructions, without their operands.

use super::simd::VectorLoad;

/// How many bits of an integer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Width {
    W32,
    W64,
}

impl Width {
    pub fn bits(self) -> u32 {
        match self {
            Width::W32 => 32,
            Width::W64 => 64,
        }
    }
}

/// How many bits of a float.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FloatWidth {
    F32,
    F64,
}

/// Two integers to one; never traps.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum IntOp {
    Add,
    Sub,
    Mul,
    And,
    Or,
    Xor,
    Shl,
    ShrS,
    ShrU,
    Rotl,
    Rotr,
}

impl IntOp {
    pub fn commutes(self) -> bool {
        matches!(self, IntOp::Add | IntOp::Mul | IntOp::And | IntOp::Or | IntOp::Xor)
    }

    pub fn shifts(self) -> bool {
        matches!(self, IntOp::Shl | IntOp::ShrS | IntOp::ShrU | IntOp::Rotl | IntOp::Rotr)
    }

    /// What the operation makes of constants.
    pub fn apply(self, width: Width, a: u64, b: u64) -> u64 {
        match width {
            Width::W32 => {
                let (a, b) = (a as u32, b as u32);
                u64::from(match self {
                    IntOp::Add => a.wrapping_add(b),
                    IntOp::Sub => a.wrapping_sub(b),
                    IntOp::Mul => a.wrapping_mul(b),
                    IntOp::And => a & b,
                    IntOp::Or => a | b,
                    IntOp::Xor => a ^ b,
                    IntOp::Shl => a.wrapping_shl(b),
                    IntOp::ShrS => (a as i32).wrapping_shr(b) as u32,
                    IntOp::ShrU => a.wrapping_shr(b),
                    IntOp::Rotl => a.rotate_left(b & 31),
                    IntOp::Rotr => a.rotate_right(b & 31),
                })
            }
            Width::W64 => match self {
                IntOp::Add => a.wrapping_add(b),
                IntOp::Sub => a.wrapping_sub(b),
                IntOp::Mul => a.wrapping_mul(b),
                IntOp::And => a & b,
                IntOp::Or => a | b,
                IntOp::Xor => a ^ b,
                IntOp::Shl => a.wrapping_shl(b as u32),
                IntOp::ShrS => (a as i64).wrapping_shr(b as u32) as u64,
                IntOp::ShrU => a.wrapping_shr(b as u32),
                IntOp::Rotl => a.rotate_left(b as u32 & 63),
                IntOp::Rotr => a.rotate_right(b as u32 & 63),
            },
        }
    }
}

/// Two integers to one; traps if the divisor is zero, and `DivS` if the quotient is too large.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DivOp {
    DivS,
    DivU,
    RemS,
    RemU,
}

/// An integer to another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum IntUnary {
    Clz,
    Ctz,
    Popcnt,
    /// The lowest 8, 16 or 32 bits with their sign.
    Extend8,
    Extend16,
    Extend32,
    /// The lowest 32 bits.
    Wrap,
}

/// A comparison of integers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Cond {
    Eq,
    Ne,
    LtS,
    LtU,
    GtS,
    GtU,
    LeS,
    LeU,
    GeS,
    GeU,
}

impl Cond {
    /// What holds when this does not.
    pub fn inverse(self) -> Cond {
        match self {
            Cond::Eq => Cond::Ne,
            Cond::Ne => Cond::Eq,
            Cond::LtS => Cond::GeS,
            Cond::LtU => Cond::GeU,
            Cond::GtS => Cond::LeS,
            Cond::GtU => Cond::LeU,
            Cond::LeS => Cond::GtS,
            Cond::LeU => Cond::GtU,
            Cond::GeS => Cond::LtS,
            Cond::GeU => Cond::LtU,
        }
    }

    /// What holds of the operands in the other order.
    pub fn swapped(self) -> Cond {
        match self {
            Cond::Eq => Cond::Eq,
            Cond::Ne => Cond::Ne,
            Cond::LtS => Cond::GtS,
            Cond::LtU => Cond::GtU,
            Cond::GtS => Cond::LtS,
            Cond::GtU => Cond::LtU,
            Cond::LeS => Cond::GeS,
            Cond::LeU => Cond::GeU,
            Cond::GeS => Cond::LeS,
            Cond::GeU => Cond::LeU,
        }
    }
}

/// A comparison of floats. `Lt` and its kin are false if an operand is NaN, and `NotLt` and its kin are true.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FloatCond {
    Eq,
    Ne,
    Lt,
    Gt,
    Le,
    Ge,
    NotLt,
    NotGt,
    NotLe,
    NotGe,
}

impl FloatCond {
    /// What holds when this does not.
    pub fn inverse(self) -> FloatCond {
        match self {
            FloatCond::Eq => FloatCond::Ne,
            FloatCond::Ne => FloatCond::Eq,
            FloatCond::Lt => FloatCond::NotLt,
            FloatCond::Gt => FloatCond::NotGt,
            FloatCond::Le => FloatCond::NotLe,
            FloatCond::Ge => FloatCond::NotGe,
            FloatCond::NotLt => FloatCond::Lt,
            FloatCond::NotGt => FloatCond::Gt,
            FloatCond::NotLe => FloatCond::Le,
            FloatCond::NotGe => FloatCond::Ge,
        }
    }
}

/// Two floats to one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FloatOp {
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
    Copysign,
}

/// A float to another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FloatUnary {
    Abs,
    Neg,
    Ceil,
    Floor,
    Trunc,
    Nearest,
    Sqrt,
}

/// Whether an integer has a sign.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Sign {
    Signed,
    Unsigned,
}

/// What a conversion does with what does not fit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Misfit {
    Trap,
    Saturate,
}

/// From one type to another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Convert {
    ToInt {
        from: FloatWidth,
        to: Width,
        sign: Sign,
        misfit: Misfit,
    },
    ToFloat {
        from: Width,
        to: FloatWidth,
        sign: Sign,
    },
    Demote,
    Promote,
    /// The same bits in an integer.
    IntBits(FloatWidth),
    /// The same bits in a float.
    FloatBits(FloatWidth),
}

impl Convert {
    pub fn traps(self) -> bool {
        matches!(self, Convert::ToInt { misfit: Misfit::Trap, .. })
    }
}

/// What is read from memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Load {
    U8,
    U16,
    U32,
    I64,
    /// With the sign extended to so many bits.
    S8(Width),
    S16(Width),
    S32,
    Float(FloatWidth),
    Vector(VectorLoad),
}

impl Load {
    pub fn bytes(self) -> u32 {
        match self {
            Load::U8 | Load::S8(_) => 1,
            Load::U16 | Load::S16(_) => 2,
            Load::U32 | Load::S32 | Load::Float(FloatWidth::F32) => 4,
            Load::I64 | Load::Float(FloatWidth::F64) => 8,
            Load::Vector(load) => load.bytes(),
        }
    }
}

/// What is written to memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Store {
    I8,
    I16,
    I32,
    I64,
    Float(FloatWidth),
    Vector,
}

impl Store {
    pub fn bytes(self) -> u32 {
        match self {
            Store::I8 => 1,
            Store::I16 => 2,
            Store::I32 | Store::Float(FloatWidth::F32) => 4,
            Store::I64 | Store::Float(FloatWidth::F64) => 8,
            Store::Vector => 16,
        }
    }
}

/// What the run time does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Builtin {
    MemoryGrow,
    MemoryCopy,
    MemoryFill,
    MemoryInit,
    DataDrop,
    TableGrow,
    TableFill,
    TableCopy,
    TableInit,
    ElemDrop,
}
