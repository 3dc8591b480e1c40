//! The operations on vectors of 128 bits, without their operands.

use super::ops::{Cond, FloatCond, FloatOp, FloatUnary, FloatWidth, Sign};

/// How integers lie in a vector.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Lanes {
    I8x16,
    I16x8,
    I32x4,
    I64x2,
}

impl Lanes {
    /// The bytes of one.
    pub fn bytes(self) -> u32 {
        match self {
            Lanes::I8x16 => 1,
            Lanes::I16x8 => 2,
            Lanes::I32x4 => 4,
            Lanes::I64x2 => 8,
        }
    }

    pub fn bits(self) -> u32 {
        8 * self.bytes()
    }
}

/// Which lanes of a vector become wider ones.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Half {
    Low,
    High,
}

/// One operand.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum VectorUnary {
    Not,
    Abs(Lanes),
    Neg(Lanes),
    /// Of bytes.
    Popcnt,
    /// Half of these lanes, each with twice its bits.
    Extend(Lanes, Half, Sign),
    /// The sums of neighbours of these lanes, with twice their bits.
    AddPairs(Lanes, Sign),
    /// Shifts by a number that is not zero and less than a lane's bits.
    Shl(Lanes, u8),
    Shr(Lanes, Sign, u8),
    Float(FloatUnary, FloatWidth),
    /// 32-bit integers to floats; to `F64` the lower two.
    ToFloat(FloatWidth, Sign),
    /// Floats to 32-bit integers, as near as they come; two zeros behind those of `F64`.
    ToInt(FloatWidth, Sign),
    Demote,
    Promote,
    /// A scalar in every lane.
    Splat(Lanes),
    SplatFloat(FloatWidth),
    /// The scalar in a lane.
    Extract(Lanes, u8, Sign),
    ExtractFloat(FloatWidth, u8),
    /// One or zero: whether any bit is one.
    AnyTrue,
    /// One or zero: whether no lane is zero.
    AllTrue(Lanes),
    /// The lanes' uppermost bits as an integer.
    Bitmask(Lanes),
}

/// Two operands. The last one is a scalar in shifts and `Replace`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum VectorBinary {
    And,
    /// With the inverse of the second operand.
    AndNot,
    Or,
    Xor,
    Add(Lanes),
    Sub(Lanes),
    Mul(Lanes),
    AddSat(Lanes, Sign),
    SubSat(Lanes, Sign),
    Min(Lanes, Sign),
    Max(Lanes, Sign),
    /// The mean of unsigned lanes, rounded up.
    Avgr(Lanes),
    /// The rounded product of two fixed-point numbers of 15 bits behind the point.
    Q15Mulr,
    /// The sums of neighbours' products, of `I16x8`.
    Dot,
    /// The products of half of these lanes, with twice their bits.
    ExtMul(Lanes, Half, Sign),
    /// These lanes as the nearest ones of half their bits, those of the first operand below.
    Narrow(Lanes, Sign),
    Shl(Lanes),
    Shr(Lanes, Sign),
    Compare(Cond, Lanes),
    FloatCompare(FloatCond, FloatWidth),
    Float(FloatOp, FloatWidth),
    /// The second operand if it is less, else the first.
    PMin(FloatWidth),
    PMax(FloatWidth),
    /// Bytes of the first operand by the indices in the second; zero for those beyond.
    Swizzle,
    /// Bytes of both by the indices in the function's vector of that number.
    Shuffle(u32),
    Replace(Lanes, u8),
    ReplaceFloat(FloatWidth, u8),
}

impl VectorBinary {
    pub fn commutes(self) -> bool {
        use VectorBinary as V;
        match self {
            V::And | V::Or | V::Xor | V::Add(_) | V::Mul(_) | V::AddSat(..) | V::Avgr(_) | V::Q15Mulr | V::Dot => true,
            V::Min(..) | V::Max(..) | V::ExtMul(..) => true,
            V::Compare(cond, _) => matches!(cond, Cond::Eq | Cond::Ne),
            V::FloatCompare(cond, _) => matches!(cond, FloatCond::Eq | FloatCond::Ne),
            V::Float(op, _) => matches!(op, FloatOp::Add | FloatOp::Mul),
            _ => false,
        }
    }
}

/// What becomes a vector when it is read from memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum VectorLoad {
    Whole,
    /// Eight bytes of such lanes, each with twice its bits.
    Extend(Lanes, Sign),
    /// One, in every lane.
    Splat(Lanes),
    /// One, in the lowest lane, and zeros.
    Zero(Lanes),
}

impl VectorLoad {
    pub fn bytes(self) -> u32 {
        match self {
            VectorLoad::Whole => 16,
            VectorLoad::Extend(..) => 8,
            VectorLoad::Splat(lanes) | VectorLoad::Zero(lanes) => lanes.bytes(),
        }
    }
}
