//! What each operator on vectors is as an instruction.

use wasmparser::{MemArg, Operator};

use crate::compile::CompileError;
use crate::ir::build::Builder;
use crate::ir::ops::{Cond, FloatCond, FloatOp, FloatUnary, FloatWidth, Load, Sign, Store};
use crate::ir::simd::{Half, Lanes, VectorBinary, VectorLoad, VectorUnary};
use crate::ir::{Class, Inst};
use FloatWidth::{F32, F64};
use Half::{High, Low};
use Lanes::{I8x16, I16x8, I32x4, I64x2};
use Sign::{Signed, Unsigned};

impl Builder<'_> {
    pub(super) fn vectors(&mut self, operator: &Operator<'_>) -> Result<(), CompileError> {
        use Operator as O;
        match *operator {
            O::V128Const { value } => self.vector_constant(value.into()),
            O::I8x16Shuffle { lanes } => {
                let indices = self.vector(u128::from_le_bytes(lanes));
                self.vector_binary(VectorBinary::Shuffle(indices));
            }
            O::V128Bitselect => {
                let (mask, b, a) = (self.pop(), self.pop(), self.pop());
                self.define(Class::Vector, |d| Inst::Bitselect { d, a, b, mask });
            }
            O::V128Load { memarg } => self.load(Load::Vector(VectorLoad::Whole), memarg),
            O::V128Load8x8S { memarg } => self.load(Load::Vector(VectorLoad::Extend(I8x16, Signed)), memarg),
            O::V128Load8x8U { memarg } => self.load(Load::Vector(VectorLoad::Extend(I8x16, Unsigned)), memarg),
            O::V128Load16x4S { memarg } => self.load(Load::Vector(VectorLoad::Extend(I16x8, Signed)), memarg),
            O::V128Load16x4U { memarg } => self.load(Load::Vector(VectorLoad::Extend(I16x8, Unsigned)), memarg),
            O::V128Load32x2S { memarg } => self.load(Load::Vector(VectorLoad::Extend(I32x4, Signed)), memarg),
            O::V128Load32x2U { memarg } => self.load(Load::Vector(VectorLoad::Extend(I32x4, Unsigned)), memarg),
            O::V128Load8Splat { memarg } => self.load(Load::Vector(VectorLoad::Splat(I8x16)), memarg),
            O::V128Load16Splat { memarg } => self.load(Load::Vector(VectorLoad::Splat(I16x8)), memarg),
            O::V128Load32Splat { memarg } => self.load(Load::Vector(VectorLoad::Splat(I32x4)), memarg),
            O::V128Load64Splat { memarg } => self.load(Load::Vector(VectorLoad::Splat(I64x2)), memarg),
            O::V128Load32Zero { memarg } => self.load(Load::Vector(VectorLoad::Zero(I32x4)), memarg),
            O::V128Load64Zero { memarg } => self.load(Load::Vector(VectorLoad::Zero(I64x2)), memarg),
            O::V128Store { memarg } => self.store(Store::Vector, memarg),
            O::V128Load8Lane { memarg, lane } => self.load_lane(I8x16, lane, memarg),
            O::V128Load16Lane { memarg, lane } => self.load_lane(I16x8, lane, memarg),
            O::V128Load32Lane { memarg, lane } => self.load_lane(I32x4, lane, memarg),
            O::V128Load64Lane { memarg, lane } => self.load_lane(I64x2, lane, memarg),
            O::V128Store8Lane { memarg, lane } => self.store_lane(I8x16, lane, memarg),
            O::V128Store16Lane { memarg, lane } => self.store_lane(I16x8, lane, memarg),
            O::V128Store32Lane { memarg, lane } => self.store_lane(I32x4, lane, memarg),
            O::V128Store64Lane { memarg, lane } => self.store_lane(I64x2, lane, memarg),
            O::I8x16ExtractLaneS { lane } => self.vector_unary(VectorUnary::Extract(I8x16, lane, Signed)),
            O::I8x16ExtractLaneU { lane } => self.vector_unary(VectorUnary::Extract(I8x16, lane, Unsigned)),
            O::I16x8ExtractLaneS { lane } => self.vector_unary(VectorUnary::Extract(I16x8, lane, Signed)),
            O::I16x8ExtractLaneU { lane } => self.vector_unary(VectorUnary::Extract(I16x8, lane, Unsigned)),
            O::I32x4ExtractLane { lane } => self.vector_unary(VectorUnary::Extract(I32x4, lane, Unsigned)),
            O::I64x2ExtractLane { lane } => self.vector_unary(VectorUnary::Extract(I64x2, lane, Unsigned)),
            O::F32x4ExtractLane { lane } => self.vector_unary(VectorUnary::ExtractFloat(F32, lane)),
            O::F64x2ExtractLane { lane } => self.vector_unary(VectorUnary::ExtractFloat(F64, lane)),
            O::I8x16ReplaceLane { lane } => self.vector_binary(VectorBinary::Replace(I8x16, lane)),
            O::I16x8ReplaceLane { lane } => self.vector_binary(VectorBinary::Replace(I16x8, lane)),
            O::I32x4ReplaceLane { lane } => self.vector_binary(VectorBinary::Replace(I32x4, lane)),
            O::I64x2ReplaceLane { lane } => self.vector_binary(VectorBinary::Replace(I64x2, lane)),
            O::F32x4ReplaceLane { lane } => self.vector_binary(VectorBinary::ReplaceFloat(F32, lane)),
            O::F64x2ReplaceLane { lane } => self.vector_binary(VectorBinary::ReplaceFloat(F64, lane)),
            _ => return self.vector_integers(operator),
        }
        Ok(())
    }

    fn vector_integers(&mut self, operator: &Operator<'_>) -> Result<(), CompileError> {
        use {Operator as O, VectorBinary as V};
        self.vector_binary(match *operator {
            O::V128And => V::And,
            O::V128AndNot => V::AndNot,
            O::V128Or => V::Or,
            O::V128Xor => V::Xor,
            O::I8x16Add => V::Add(I8x16),
            O::I8x16Sub => V::Sub(I8x16),
            O::I8x16AddSatS => V::AddSat(I8x16, Signed),
            O::I8x16AddSatU => V::AddSat(I8x16, Unsigned),
            O::I8x16SubSatS => V::SubSat(I8x16, Signed),
            O::I8x16SubSatU => V::SubSat(I8x16, Unsigned),
            O::I8x16AvgrU => V::Avgr(I8x16),
            O::I8x16MinS => V::Min(I8x16, Signed),
            O::I8x16MinU => V::Min(I8x16, Unsigned),
            O::I8x16MaxS => V::Max(I8x16, Signed),
            O::I8x16MaxU => V::Max(I8x16, Unsigned),
            O::I8x16Shl => V::Shl(I8x16),
            O::I8x16ShrS => V::Shr(I8x16, Signed),
            O::I8x16ShrU => V::Shr(I8x16, Unsigned),
            O::I16x8Add => V::Add(I16x8),
            O::I16x8Sub => V::Sub(I16x8),
            O::I16x8Mul => V::Mul(I16x8),
            O::I16x8AddSatS => V::AddSat(I16x8, Signed),
            O::I16x8AddSatU => V::AddSat(I16x8, Unsigned),
            O::I16x8SubSatS => V::SubSat(I16x8, Signed),
            O::I16x8SubSatU => V::SubSat(I16x8, Unsigned),
            O::I16x8AvgrU => V::Avgr(I16x8),
            O::I16x8MinS => V::Min(I16x8, Signed),
            O::I16x8MinU => V::Min(I16x8, Unsigned),
            O::I16x8MaxS => V::Max(I16x8, Signed),
            O::I16x8MaxU => V::Max(I16x8, Unsigned),
            O::I16x8Shl => V::Shl(I16x8),
            O::I16x8ShrS => V::Shr(I16x8, Signed),
            O::I16x8ShrU => V::Shr(I16x8, Unsigned),
            O::I32x4Add => V::Add(I32x4),
            O::I32x4Sub => V::Sub(I32x4),
            O::I32x4Mul => V::Mul(I32x4),
            O::I32x4MinS => V::Min(I32x4, Signed),
            O::I32x4MinU => V::Min(I32x4, Unsigned),
            O::I32x4MaxS => V::Max(I32x4, Signed),
            O::I32x4MaxU => V::Max(I32x4, Unsigned),
            O::I32x4Shl => V::Shl(I32x4),
            O::I32x4ShrS => V::Shr(I32x4, Signed),
            O::I32x4ShrU => V::Shr(I32x4, Unsigned),
            O::I64x2Add => V::Add(I64x2),
            O::I64x2Sub => V::Sub(I64x2),
            O::I64x2Mul => V::Mul(I64x2),
            O::I64x2Shl => V::Shl(I64x2),
            O::I64x2ShrS => V::Shr(I64x2, Signed),
            O::I64x2ShrU => V::Shr(I64x2, Unsigned),
            O::I16x8Q15MulrSatS => V::Q15Mulr,
            O::I32x4DotI16x8S => V::Dot,
            O::I16x8ExtMulLowI8x16S => V::ExtMul(I8x16, Low, Signed),
            O::I16x8ExtMulHighI8x16S => V::ExtMul(I8x16, High, Signed),
            O::I16x8ExtMulLowI8x16U => V::ExtMul(I8x16, Low, Unsigned),
            O::I16x8ExtMulHighI8x16U => V::ExtMul(I8x16, High, Unsigned),
            O::I32x4ExtMulLowI16x8S => V::ExtMul(I16x8, Low, Signed),
            O::I32x4ExtMulHighI16x8S => V::ExtMul(I16x8, High, Signed),
            O::I32x4ExtMulLowI16x8U => V::ExtMul(I16x8, Low, Unsigned),
            O::I32x4ExtMulHighI16x8U => V::ExtMul(I16x8, High, Unsigned),
            O::I64x2ExtMulLowI32x4S => V::ExtMul(I32x4, Low, Signed),
            O::I64x2ExtMulHighI32x4S => V::ExtMul(I32x4, High, Signed),
            O::I64x2ExtMulLowI32x4U => V::ExtMul(I32x4, Low, Unsigned),
            O::I64x2ExtMulHighI32x4U => V::ExtMul(I32x4, High, Unsigned),
            O::I8x16NarrowI16x8S => V::Narrow(I16x8, Signed),
            O::I8x16NarrowI16x8U => V::Narrow(I16x8, Unsigned),
            O::I16x8NarrowI32x4S => V::Narrow(I32x4, Signed),
            O::I16x8NarrowI32x4U => V::Narrow(I32x4, Unsigned),
            O::I8x16Swizzle => V::Swizzle,
            _ => return self.vector_comparisons(operator),
        });
        Ok(())
    }

    fn vector_comparisons(&mut self, operator: &Operator<'_>) -> Result<(), CompileError> {
        use {Operator as O, VectorBinary as V};
        self.vector_binary(match *operator {
            O::I8x16Eq => V::Compare(Cond::Eq, I8x16),
            O::I8x16Ne => V::Compare(Cond::Ne, I8x16),
            O::I8x16LtS => V::Compare(Cond::LtS, I8x16),
            O::I8x16LtU => V::Compare(Cond::LtU, I8x16),
            O::I8x16GtS => V::Compare(Cond::GtS, I8x16),
            O::I8x16GtU => V::Compare(Cond::GtU, I8x16),
            O::I8x16LeS => V::Compare(Cond::LeS, I8x16),
            O::I8x16LeU => V::Compare(Cond::LeU, I8x16),
            O::I8x16GeS => V::Compare(Cond::GeS, I8x16),
            O::I8x16GeU => V::Compare(Cond::GeU, I8x16),
            O::I16x8Eq => V::Compare(Cond::Eq, I16x8),
            O::I16x8Ne => V::Compare(Cond::Ne, I16x8),
            O::I16x8LtS => V::Compare(Cond::LtS, I16x8),
            O::I16x8LtU => V::Compare(Cond::LtU, I16x8),
            O::I16x8GtS => V::Compare(Cond::GtS, I16x8),
            O::I16x8GtU => V::Compare(Cond::GtU, I16x8),
            O::I16x8LeS => V::Compare(Cond::LeS, I16x8),
            O::I16x8LeU => V::Compare(Cond::LeU, I16x8),
            O::I16x8GeS => V::Compare(Cond::GeS, I16x8),
            O::I16x8GeU => V::Compare(Cond::GeU, I16x8),
            O::I32x4Eq => V::Compare(Cond::Eq, I32x4),
            O::I32x4Ne => V::Compare(Cond::Ne, I32x4),
            O::I32x4LtS => V::Compare(Cond::LtS, I32x4),
            O::I32x4LtU => V::Compare(Cond::LtU, I32x4),
            O::I32x4GtS => V::Compare(Cond::GtS, I32x4),
            O::I32x4GtU => V::Compare(Cond::GtU, I32x4),
            O::I32x4LeS => V::Compare(Cond::LeS, I32x4),
            O::I32x4LeU => V::Compare(Cond::LeU, I32x4),
            O::I32x4GeS => V::Compare(Cond::GeS, I32x4),
            O::I32x4GeU => V::Compare(Cond::GeU, I32x4),
            O::I64x2Eq => V::Compare(Cond::Eq, I64x2),
            O::I64x2Ne => V::Compare(Cond::Ne, I64x2),
            O::I64x2LtS => V::Compare(Cond::LtS, I64x2),
            O::I64x2GtS => V::Compare(Cond::GtS, I64x2),
            O::I64x2LeS => V::Compare(Cond::LeS, I64x2),
            O::I64x2GeS => V::Compare(Cond::GeS, I64x2),
            O::F32x4Eq => V::FloatCompare(FloatCond::Eq, F32),
            O::F32x4Ne => V::FloatCompare(FloatCond::Ne, F32),
            O::F32x4Lt => V::FloatCompare(FloatCond::Lt, F32),
            O::F32x4Gt => V::FloatCompare(FloatCond::Gt, F32),
            O::F32x4Le => V::FloatCompare(FloatCond::Le, F32),
            O::F32x4Ge => V::FloatCompare(FloatCond::Ge, F32),
            O::F32x4Add => V::Float(FloatOp::Add, F32),
            O::F32x4Sub => V::Float(FloatOp::Sub, F32),
            O::F32x4Mul => V::Float(FloatOp::Mul, F32),
            O::F32x4Div => V::Float(FloatOp::Div, F32),
            O::F32x4Min => V::Float(FloatOp::Min, F32),
            O::F32x4Max => V::Float(FloatOp::Max, F32),
            O::F32x4PMin => V::PMin(F32),
            O::F32x4PMax => V::PMax(F32),
            O::F64x2Eq => V::FloatCompare(FloatCond::Eq, F64),
            O::F64x2Ne => V::FloatCompare(FloatCond::Ne, F64),
            O::F64x2Lt => V::FloatCompare(FloatCond::Lt, F64),
            O::F64x2Gt => V::FloatCompare(FloatCond::Gt, F64),
            O::F64x2Le => V::FloatCompare(FloatCond::Le, F64),
            O::F64x2Ge => V::FloatCompare(FloatCond::Ge, F64),
            O::F64x2Add => V::Float(FloatOp::Add, F64),
            O::F64x2Sub => V::Float(FloatOp::Sub, F64),
            O::F64x2Mul => V::Float(FloatOp::Mul, F64),
            O::F64x2Div => V::Float(FloatOp::Div, F64),
            O::F64x2Min => V::Float(FloatOp::Min, F64),
            O::F64x2Max => V::Float(FloatOp::Max, F64),
            O::F64x2PMin => V::PMin(F64),
            O::F64x2PMax => V::PMax(F64),
            _ => return self.vectors_of_one(operator),
        });
        Ok(())
    }

    fn vectors_of_one(&mut self, operator: &Operator<'_>) -> Result<(), CompileError> {
        use {Operator as O, VectorUnary as V};
        self.vector_unary(match *operator {
            O::V128Not => V::Not,
            O::V128AnyTrue => V::AnyTrue,
            O::I8x16Abs => V::Abs(I8x16),
            O::I8x16Neg => V::Neg(I8x16),
            O::I8x16AllTrue => V::AllTrue(I8x16),
            O::I8x16Bitmask => V::Bitmask(I8x16),
            O::I8x16Splat => V::Splat(I8x16),
            O::I16x8Abs => V::Abs(I16x8),
            O::I16x8Neg => V::Neg(I16x8),
            O::I16x8AllTrue => V::AllTrue(I16x8),
            O::I16x8Bitmask => V::Bitmask(I16x8),
            O::I16x8Splat => V::Splat(I16x8),
            O::I32x4Abs => V::Abs(I32x4),
            O::I32x4Neg => V::Neg(I32x4),
            O::I32x4AllTrue => V::AllTrue(I32x4),
            O::I32x4Bitmask => V::Bitmask(I32x4),
            O::I32x4Splat => V::Splat(I32x4),
            O::I64x2Abs => V::Abs(I64x2),
            O::I64x2Neg => V::Neg(I64x2),
            O::I64x2AllTrue => V::AllTrue(I64x2),
            O::I64x2Bitmask => V::Bitmask(I64x2),
            O::I64x2Splat => V::Splat(I64x2),
            O::I8x16Popcnt => V::Popcnt,
            O::I16x8ExtendLowI8x16S => V::Extend(I8x16, Low, Signed),
            O::I16x8ExtendHighI8x16S => V::Extend(I8x16, High, Signed),
            O::I16x8ExtAddPairwiseI8x16S => V::AddPairs(I8x16, Signed),
            O::I16x8ExtendLowI8x16U => V::Extend(I8x16, Low, Unsigned),
            O::I16x8ExtendHighI8x16U => V::Extend(I8x16, High, Unsigned),
            O::I16x8ExtAddPairwiseI8x16U => V::AddPairs(I8x16, Unsigned),
            O::I32x4ExtendLowI16x8S => V::Extend(I16x8, Low, Signed),
            O::I32x4ExtendHighI16x8S => V::Extend(I16x8, High, Signed),
            O::I32x4ExtAddPairwiseI16x8S => V::AddPairs(I16x8, Signed),
            O::I32x4ExtendLowI16x8U => V::Extend(I16x8, Low, Unsigned),
            O::I32x4ExtendHighI16x8U => V::Extend(I16x8, High, Unsigned),
            O::I32x4ExtAddPairwiseI16x8U => V::AddPairs(I16x8, Unsigned),
            O::I64x2ExtendLowI32x4S => V::Extend(I32x4, Low, Signed),
            O::I64x2ExtendHighI32x4S => V::Extend(I32x4, High, Signed),
            O::I64x2ExtendLowI32x4U => V::Extend(I32x4, Low, Unsigned),
            O::I64x2ExtendHighI32x4U => V::Extend(I32x4, High, Unsigned),
            O::F32x4Splat => V::SplatFloat(F32),
            O::F64x2Splat => V::SplatFloat(F64),
            O::F32x4Ceil => V::Float(FloatUnary::Ceil, F32),
            O::F32x4Floor => V::Float(FloatUnary::Floor, F32),
            O::F32x4Trunc => V::Float(FloatUnary::Trunc, F32),
            O::F32x4Nearest => V::Float(FloatUnary::Nearest, F32),
            O::F32x4Abs => V::Float(FloatUnary::Abs, F32),
            O::F32x4Neg => V::Float(FloatUnary::Neg, F32),
            O::F32x4Sqrt => V::Float(FloatUnary::Sqrt, F32),
            O::F64x2Ceil => V::Float(FloatUnary::Ceil, F64),
            O::F64x2Floor => V::Float(FloatUnary::Floor, F64),
            O::F64x2Trunc => V::Float(FloatUnary::Trunc, F64),
            O::F64x2Nearest => V::Float(FloatUnary::Nearest, F64),
            O::F64x2Abs => V::Float(FloatUnary::Abs, F64),
            O::F64x2Neg => V::Float(FloatUnary::Neg, F64),
            O::F64x2Sqrt => V::Float(FloatUnary::Sqrt, F64),
            O::I32x4TruncSatF32x4S => V::ToInt(F32, Signed),
            O::I32x4TruncSatF64x2SZero => V::ToInt(F64, Signed),
            O::F32x4ConvertI32x4S => V::ToFloat(F32, Signed),
            O::F64x2ConvertLowI32x4S => V::ToFloat(F64, Signed),
            O::I32x4TruncSatF32x4U => V::ToInt(F32, Unsigned),
            O::I32x4TruncSatF64x2UZero => V::ToInt(F64, Unsigned),
            O::F32x4ConvertI32x4U => V::ToFloat(F32, Unsigned),
            O::F64x2ConvertLowI32x4U => V::ToFloat(F64, Unsigned),
            O::F32x4DemoteF64x2Zero => V::Demote,
            O::F64x2PromoteLowF32x4 => V::Promote,
            _ => {
                return Err(CompileError::Unsupported { offset: self.offset.into(), what: "such instructions" });
            }
        });
        Ok(())
    }

    /// The number of a vector among those of the function.
    fn vector(&mut self, bits: u128) -> u32 {
        self.function.vectors.push(bits);
        self.function.vectors.len() as u32 - 1
    }

    fn vector_constant(&mut self, bits: u128) {
        if bits == 0 {
            return self.constant(Class::Vector, 0);
        }
        let vector = self.vector(bits);
        self.define(Class::Vector, |d| Inst::VectorConstant { d, vector });
    }

    fn vector_unary(&mut self, op: VectorUnary) {
        use VectorUnary::{AllTrue, AnyTrue, Bitmask, Extract, ExtractFloat};
        let class = match op {
            AnyTrue | AllTrue(_) | Bitmask(_) | Extract(..) => Class::Int,
            ExtractFloat(..) => Class::Float,
            _ => Class::Vector,
        };
        let a = self.pop();
        self.define(class, |d| Inst::VectorUnary { op, d, a });
    }

    fn vector_binary(&mut self, op: VectorBinary) {
        let (b, a) = (self.pop(), self.pop());
        let shift = |lanes: Lanes| self.function.constant(b).map(|count| (count % u64::from(lanes.bits())) as u8);
        let by_constant = match op {
            VectorBinary::Shl(lanes) => shift(lanes).map(|count| (count, VectorUnary::Shl(lanes, count))),
            VectorBinary::Shr(lanes, sign) => shift(lanes).map(|count| (count, VectorUnary::Shr(lanes, sign, count))),
            _ => None,
        };
        match by_constant {
            Some((0, _)) => self.stack.push(a),
            Some((_, op)) => self.define(Class::Vector, |d| Inst::VectorUnary { op, d, a }),
            None => self.define(Class::Vector, |d| Inst::VectorBinary { op, d, a, b }),
        }
    }

    fn load_lane(&mut self, lanes: Lanes, lane: u8, memarg: MemArg) {
        let (value, address) = (self.pop(), self.pop());
        let (address, offset) = self.place(address, memarg);
        self.define(Class::Vector, |d| Inst::LoadLane { lanes, lane, d, address, value, offset });
    }

    fn store_lane(&mut self, lanes: Lanes, lane: u8, memarg: MemArg) {
        let (value, address) = (self.pop(), self.pop());
        let (address, offset) = self.place(address, memarg);
        self.inst(Inst::StoreLane { lanes, lane, address, value, offset });
    }
}
