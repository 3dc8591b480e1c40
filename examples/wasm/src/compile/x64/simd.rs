//! Operations on vectors.
//!
//! They need AVX, whose forms leave their operands alone. What is no instruction of it is a sequence with XMM15, and if
//! that does not suffice with the result's register, from which [`needs`] then keeps the operands away.

mod lanes;
mod memory;
mod sequences;

use tailfirst::x64::{Gpr8, Gpr64, RAX, XMM15, Xmm, XmmM};
use tailfirst::{Label, block};

use super::{Apart, Needs, Operand, Reg, X64, gpr, gpr8, gpr32, xmm};
use crate::ir::ops::{Cond, FloatCond, FloatOp, FloatUnary, FloatWidth, Sign};
use crate::ir::simd::{Half, Lanes, VectorBinary, VectorUnary};
use FloatWidth::{F32, F64};
use Half::{High, Low};
use Lanes::{I8x16, I16x8, I32x4, I64x2};
use Sign::{Signed, Unsigned};
use lanes::ByLanes;

/// Holds a part of a result while a sequence makes another.
const T: Xmm = XMM15;

pub(super) fn needs(op: VectorBinary) -> Needs {
    use VectorBinary::{Shl, Shr};
    let apart = match op {
        Shl(I8x16) | Shr(I8x16, _) | Shr(I64x2, Signed) => Apart::All,
        _ => Apart::None,
    };
    Needs { apart, ..Needs::default() }
}

/// Whether the operation is an instruction by itself, whose second operand may be in memory, at any address.
pub(super) fn is_one_instruction(op: VectorBinary) -> bool {
    use VectorBinary as V;
    match op {
        V::And | V::Or | V::Xor | V::Add(_) | V::Sub(_) | V::Mul(I16x8 | I32x4) => true,
        V::AddSat(..) | V::SubSat(..) | V::Min(..) | V::Max(..) | V::Avgr(_) | V::Dot | V::Narrow(..) => true,
        V::Compare(cond, _) => matches!(cond, Cond::Eq | Cond::GtS),
        V::FloatCompare(..) => true,
        V::Float(op, _) => !matches!(op, FloatOp::Min | FloatOp::Max | FloatOp::Copysign),
        _ => false,
    }
}

/// The bits of all lanes by those of one.
fn repeated(lanes: Lanes, bits: u64) -> u128 {
    let lane = u128::from(bits);
    (0..128).step_by(lanes.bits() as usize).fold(0, |vector, at| vector | lane << at)
}

/// The lanes as wide as such floats.
fn lanes_of(width: FloatWidth) -> Lanes {
    match width {
        F32 => I32x4,
        F64 => I64x2,
    }
}

/// The floats' bits without the sign's.
fn magnitude(width: FloatWidth) -> u64 {
    match width {
        F32 => u64::from(u32::MAX >> 1),
        F64 => u64::MAX >> 1,
    }
}

impl X64<'_, '_> {
    fn every(&mut self, lanes: Lanes, bits: u64) -> Label {
        self.enc.constant_u128(repeated(lanes, bits))
    }

    pub(super) fn constant_vector(&mut self, d: Xmm, bits: u128) {
        if bits == u128::MAX {
            return self.enc.ones(d);
        }
        let constant = self.enc.constant_u128(bits);
        self.enc.vmovdqu_xmm_xmmm128(d, constant);
    }

    pub(super) fn vector_of_one(&mut self, op: VectorUnary, d: Reg, a: Reg) {
        use VectorUnary as V;
        match op {
            V::Extract(..) | V::ExtractFloat(..) | V::AnyTrue | V::AllTrue(_) | V::Bitmask(_) => {
                return self.scalar_of_vector(op, d, a);
            }
            V::Splat(lanes) => return self.splat(lanes, xmm(d), gpr(a)),
            _ => {}
        }
        let (d, a) = (xmm(d), xmm(a));
        let enc = &mut *self.enc;
        match op {
            V::Not => block!(*enc; ones(T); vpxor_xmm_xmm_xmmm128(d, a, T)),
            V::Abs(I8x16) => enc.vpabsb_xmm_xmmm128(d, a),
            V::Abs(I16x8) => enc.vpabsw_xmm_xmmm128(d, a),
            V::Abs(I32x4) => enc.vpabsd_xmm_xmmm128(d, a),
            // By the sign the number or what makes it zero.
            V::Abs(I64x2) => {
                block!(*enc; zero(T); sub(I64x2, T, T, a); vblendvpd_xmm_xmm_xmmm128_xmm(d, a, T, a));
            }
            V::Neg(lanes) => block!(*enc; zero(T); sub(lanes, d, T, a)),
            V::Popcnt => self.count_vector_bits(d, a),
            V::Extend(lanes, Low, sign) => enc.extend(lanes, sign, d, a.into()),
            V::Extend(lanes, High, sign) => {
                block!(*enc; vpunpckhqdq_xmm_xmm_xmmm128(T, a, a); extend(lanes, sign, d, T.into()));
            }
            V::AddPairs(lanes, sign) => self.add_pairs(lanes, sign, d, a),
            V::Shl(lanes, count) => self.shift_left_by(lanes, count, d, a),
            V::Shr(lanes, sign, count) => self.shift_right_by(lanes, sign, count, d, a),
            V::Float(op, width) => self.float_vector(op, width, d, a),
            V::ToFloat(F32, Signed) => enc.vcvtdq2ps_xmm_xmmm128(d, a),
            V::ToFloat(F64, Signed) => enc.vcvtdq2pd_xmm_xmmm64(d, a),
            V::ToFloat(width, Unsigned) => self.unsigned_to_floats(width, d, a),
            V::ToInt(width, sign) => self.saturate(width, sign, d, a),
            V::Demote => enc.vcvtpd2ps_xmm_xmmm128(d, a),
            V::Promote => enc.vcvtps2pd_xmm_xmmm64(d, a),
            V::SplatFloat(F32) => enc.vshufps_xmm_xmm_xmmm128_imm8(d, a, a, 0),
            V::SplatFloat(F64) => enc.vmovddup_xmm_xmmm64(d, a),
            V::Splat(_) | V::Extract(..) | V::ExtractFloat(..) | V::AnyTrue | V::AllTrue(_) | V::Bitmask(_) => {
                unreachable!("these are of other classes")
            }
        }
    }

    fn scalar_of_vector(&mut self, op: VectorUnary, d: Reg, a: Reg) {
        use VectorUnary as V;
        let a = xmm(a);
        let enc = &mut *self.enc;
        match op {
            V::Extract(I8x16, lane, Unsigned) => enc.vpextrb_r32m8_xmm_imm8(gpr32(d), a, lane),
            V::Extract(I8x16, lane, Signed) => {
                block!(*enc; vpextrb_r32m8_xmm_imm8(gpr32(d), a, lane); movsx_r32_rm8(gpr32(d), gpr8(d)));
            }
            V::Extract(I16x8, lane, Unsigned) => enc.vpextrw_r32_xmm_imm8(gpr32(d), a, lane),
            V::Extract(I16x8, lane, Signed) => {
                block!(*enc; vpextrw_r32_xmm_imm8(gpr32(d), a, lane); movsx_r32_rm16(gpr32(d), gpr32(d).r16()));
            }
            V::Extract(I32x4, lane, _) => enc.vpextrd_rm32_xmm_imm8(gpr32(d), a, lane),
            V::Extract(I64x2, lane, _) => enc.vpextrq_rm64_xmm_imm8(gpr(d), a, lane),
            // What is above a float may be anything.
            V::ExtractFloat(F32, lane) => enc.vpermilps_xmm_xmmm128_imm8(xmm(d), a, lane),
            V::ExtractFloat(F64, lane) => enc.vpermilpd_xmm_xmmm128_imm8(xmm(d), a, lane),
            V::AnyTrue => {
                let al = Gpr8::wrapping(RAX.number());
                block!(*enc; vptest_xmm_xmmm128(a, a); setne_rm8(al); movzx_r32_rm8(gpr32(d), al));
            }
            V::AllTrue(lanes) => {
                let al = Gpr8::wrapping(RAX.number());
                block!(*enc;
                    zero(T);
                    equal(lanes, T, T, a);
                    vptest_xmm_xmmm128(T, T);
                    sete_rm8(al);
                    movzx_r32_rm8(gpr32(d), al);
                );
            }
            V::Bitmask(I8x16) => enc.vpmovmskb_r32_xmm(gpr32(d), a),
            V::Bitmask(I16x8) => {
                block!(*enc; zero(T); vpacksswb_xmm_xmm_xmmm128(T, a, T); vpmovmskb_r32_xmm(gpr32(d), T));
            }
            V::Bitmask(I32x4) => enc.vmovmskps_r32_xmm(gpr32(d), a),
            V::Bitmask(I64x2) => enc.vmovmskpd_r32_xmm(gpr32(d), a),
            _ => unreachable!("{op:?} makes a vector"),
        }
    }

    /// A number in every lane.
    pub(super) fn splat(&mut self, lanes: Lanes, d: Xmm, a: Gpr64) {
        let enc = &mut *self.enc;
        match lanes {
            I8x16 => block!(*enc; vmovd_xmm_rm32(d, a.r32()); zero(T); vpshufb_xmm_xmm_xmmm128(d, d, T)),
            I16x8 => block!(*enc;
                vmovd_xmm_rm32(d, a.r32());
                vpshuflw_xmm_xmmm128_imm8(d, d, 0);
                vpshufd_xmm_xmmm128_imm8(d, d, 0);
            ),
            I32x4 => block!(*enc; vmovd_xmm_rm32(d, a.r32()); vpshufd_xmm_xmmm128_imm8(d, d, 0)),
            I64x2 => block!(*enc; vmovq_xmm_rm64(d, a); vpunpcklqdq_xmm_xmm_xmmm128(d, d, d)),
        }
    }

    fn float_vector(&mut self, op: FloatUnary, width: FloatWidth, d: Xmm, a: Xmm) {
        let rounding = match op {
            FloatUnary::Abs => {
                let magnitude = self.every(lanes_of(width), magnitude(width));
                return self.enc.vandps_xmm_xmm_xmmm128(d, a, magnitude);
            }
            FloatUnary::Neg => {
                let sign = self.every(lanes_of(width), magnitude(width) + 1);
                return self.enc.vxorps_xmm_xmm_xmmm128(d, a, sign);
            }
            FloatUnary::Sqrt => {
                return match width {
                    F32 => self.enc.vsqrtps_xmm_xmmm128(d, a),
                    F64 => self.enc.vsqrtpd_xmm_xmmm128(d, a),
                };
            }
            // No exception if the result is not exact.
            FloatUnary::Nearest => 8,
            FloatUnary::Floor => 8 | 1,
            FloatUnary::Ceil => 8 | 2,
            FloatUnary::Trunc => 8 | 3,
        };
        match width {
            F32 => self.enc.vroundps_xmm_xmmm128_imm8(d, a, rounding),
            F64 => self.enc.vroundpd_xmm_xmmm128_imm8(d, a, rounding),
        }
    }

    pub(super) fn vector_of_two(&mut self, op: VectorBinary, d: Reg, a: Reg, b: Operand) {
        match b {
            Operand::Memory(load) => {
                self.one_instruction(op, xmm(d), xmm(a), Self::place(load.access).into());
                self.approach_folded(load);
            }
            Operand::Reg(b) if is_one_instruction(op) => self.one_instruction(op, xmm(d), xmm(a), xmm(b).into()),
            Operand::Reg(b) => self.vector_of_registers(op, d, a, b),
            Operand::Immediate(_) => unreachable!("`immediate` refuses it"),
        }
    }

    /// What [`is_one_instruction`].
    fn one_instruction(&mut self, op: VectorBinary, d: Xmm, a: Xmm, b: XmmM) {
        use VectorBinary as V;
        let enc = &mut *self.enc;
        match op {
            V::And => enc.vpand_xmm_xmm_xmmm128(d, a, b),
            V::Or => enc.vpor_xmm_xmm_xmmm128(d, a, b),
            V::Xor => enc.vpxor_xmm_xmm_xmmm128(d, a, b),
            V::Add(lanes) => enc.add(lanes, d, a, b),
            V::Sub(lanes) => enc.sub(lanes, d, a, b),
            V::Mul(I16x8) => enc.vpmullw_xmm_xmm_xmmm128(d, a, b),
            V::Mul(_) => enc.vpmulld_xmm_xmm_xmmm128(d, a, b),
            V::AddSat(I8x16, Signed) => enc.vpaddsb_xmm_xmm_xmmm128(d, a, b),
            V::AddSat(I8x16, Unsigned) => enc.vpaddusb_xmm_xmm_xmmm128(d, a, b),
            V::AddSat(_, Signed) => enc.vpaddsw_xmm_xmm_xmmm128(d, a, b),
            V::AddSat(_, Unsigned) => enc.vpaddusw_xmm_xmm_xmmm128(d, a, b),
            V::SubSat(I8x16, Signed) => enc.vpsubsb_xmm_xmm_xmmm128(d, a, b),
            V::SubSat(I8x16, Unsigned) => enc.vpsubusb_xmm_xmm_xmmm128(d, a, b),
            V::SubSat(_, Signed) => enc.vpsubsw_xmm_xmm_xmmm128(d, a, b),
            V::SubSat(_, Unsigned) => enc.vpsubusw_xmm_xmm_xmmm128(d, a, b),
            V::Min(lanes, sign) => enc.least(lanes, sign, d, a, b),
            V::Max(lanes, sign) => enc.most(lanes, sign, d, a, b),
            V::Avgr(I8x16) => enc.vpavgb_xmm_xmm_xmmm128(d, a, b),
            V::Avgr(_) => enc.vpavgw_xmm_xmm_xmmm128(d, a, b),
            V::Dot => enc.vpmaddwd_xmm_xmm_xmmm128(d, a, b),
            V::Narrow(I16x8, Signed) => enc.vpacksswb_xmm_xmm_xmmm128(d, a, b),
            V::Narrow(I16x8, Unsigned) => enc.vpackuswb_xmm_xmm_xmmm128(d, a, b),
            V::Narrow(_, Signed) => enc.vpackssdw_xmm_xmm_xmmm128(d, a, b),
            V::Narrow(_, Unsigned) => enc.vpackusdw_xmm_xmm_xmmm128(d, a, b),
            V::Compare(Cond::Eq, lanes) => enc.equal(lanes, d, a, b),
            V::Compare(_, lanes) => enc.greater(lanes, d, a, b),
            V::FloatCompare(cond, width) => enc.compare_floats(width, predicate(cond), d, a, b),
            V::Float(FloatOp::Add, F32) => enc.vaddps_xmm_xmm_xmmm128(d, a, b),
            V::Float(FloatOp::Add, F64) => enc.vaddpd_xmm_xmm_xmmm128(d, a, b),
            V::Float(FloatOp::Sub, F32) => enc.vsubps_xmm_xmm_xmmm128(d, a, b),
            V::Float(FloatOp::Sub, F64) => enc.vsubpd_xmm_xmm_xmmm128(d, a, b),
            V::Float(FloatOp::Mul, F32) => enc.vmulps_xmm_xmm_xmmm128(d, a, b),
            V::Float(FloatOp::Mul, F64) => enc.vmulpd_xmm_xmm_xmmm128(d, a, b),
            V::Float(FloatOp::Div, F32) => enc.vdivps_xmm_xmm_xmmm128(d, a, b),
            V::Float(FloatOp::Div, F64) => enc.vdivpd_xmm_xmm_xmmm128(d, a, b),
            _ => unreachable!("{op:?} is more than one instruction"),
        }
    }

    fn vector_of_registers(&mut self, op: VectorBinary, d: Reg, a: Reg, b: Reg) {
        use VectorBinary as V;
        match op {
            V::Shl(lanes) => return self.shift_vector(lanes, None, xmm(d), xmm(a), gpr32(b)),
            V::Shr(lanes, sign) => return self.shift_vector(lanes, Some(sign), xmm(d), xmm(a), gpr32(b)),
            V::Replace(lanes, lane) => return self.replace(lanes, lane, xmm(d), xmm(a), b),
            _ => {}
        }
        let (d, a, b) = (xmm(d), xmm(a), xmm(b));
        let enc = &mut *self.enc;
        match op {
            // The machine inverts the first operand.
            V::AndNot => enc.vpandn_xmm_xmm_xmmm128(d, b, a),
            V::Mul(_) => self.multiply_longs(d, a, b),
            V::Q15Mulr => self.multiply_fractions(d, a, b),
            V::ExtMul(lanes, half, sign) => self.multiply_extended(lanes, half, sign, d, a, b),
            // The machine gives the second operand unless the first is less.
            V::PMin(width) => enc.least_float(width, d, b, a),
            V::PMax(width) => enc.most_float(width, d, b, a),
            V::Swizzle => {
                // Indices from 16 on get the bit that makes zero.
                let beyond = self.every(I8x16, 0x70);
                block!(*self.enc; vpaddusb_xmm_xmm_xmmm128(T, b, beyond); vpshufb_xmm_xmm_xmmm128(d, a, T));
            }
            V::ReplaceFloat(F32, lane) => enc.vinsertps_xmm_xmm_xmmm32_imm8(d, a, b, lane << 4),
            V::ReplaceFloat(F64, 0) => enc.vmovsd_xmm_xmm_xmm(d, a, b),
            V::ReplaceFloat(F64, _) => enc.vmovlhps_xmm_xmm_xmm(d, a, b),
            V::Compare(cond, lanes) => self.compare_vectors(cond, lanes, d, a, b),
            V::Float(FloatOp::Min, width) => self.least_floats(width, d, a, b),
            V::Float(_, width) => self.most_floats(width, d, a, b),
            _ => unreachable!("{op:?} is emitted elsewhere"),
        }
    }

    fn replace(&mut self, lanes: Lanes, lane: u8, d: Xmm, a: Xmm, b: Reg) {
        match lanes {
            I8x16 => self.enc.vpinsrb_xmm_xmm_r32m8_imm8(d, a, gpr32(b), lane),
            I16x8 => self.enc.vpinsrw_xmm_xmm_r32m16_imm8(d, a, gpr32(b), lane),
            I32x4 => self.enc.vpinsrd_xmm_xmm_rm32_imm8(d, a, gpr32(b), lane),
            I64x2 => self.enc.vpinsrq_xmm_xmm_rm64_imm8(d, a, gpr(b), lane),
        }
    }

    fn compare_vectors(&mut self, cond: Cond, lanes: Lanes, d: Xmm, a: Xmm, b: Xmm) {
        let enc = &mut *self.enc;
        match cond {
            Cond::Ne => block!(*enc; equal(lanes, d, a, b); invert(d, T)),
            Cond::Eq | Cond::GtS => unreachable!("these are one instruction"),
            Cond::LtS => enc.greater(lanes, d, b, a),
            Cond::LeS if lanes == I64x2 => block!(*enc; greater(lanes, d, a, b); invert(d, T)),
            Cond::GeS if lanes == I64x2 => block!(*enc; greater(lanes, d, b, a); invert(d, T)),
            // An operand is the lesser of both if it is not greater.
            Cond::LeS => block!(*enc; least(lanes, Signed, T, a, b); equal(lanes, d, T, a)),
            Cond::LeU => block!(*enc; least(lanes, Unsigned, T, a, b); equal(lanes, d, T, a)),
            Cond::GeS => block!(*enc; least(lanes, Signed, T, a, b); equal(lanes, d, T, b)),
            Cond::GeU => block!(*enc; least(lanes, Unsigned, T, a, b); equal(lanes, d, T, b)),
            Cond::GtU => block!(*enc; least(lanes, Unsigned, T, a, b); equal(lanes, d, T, a); invert(d, T)),
            Cond::LtU => block!(*enc; least(lanes, Unsigned, T, a, b); equal(lanes, d, T, b); invert(d, T)),
        }
    }

    pub(super) fn shuffle_bytes(&mut self, indices: [u8; 16], d: Xmm, a: Xmm, b: Xmm) {
        if a == b || indices.iter().all(|&index| index < 16) {
            let of_a = self.enc.constant_u128(u128::from_le_bytes(indices.map(|index| index & 15)));
            return self.enc.vpshufb_xmm_xmm_xmmm128(d, a, of_a);
        }
        // An index with the highest bit makes zero.
        let of_a = indices.map(|index| if index < 16 { index } else { 128 });
        let of_b = indices.map(|index| if index < 16 { 128 } else { index - 16 });
        let [of_a, of_b] = [of_a, of_b].map(|indices| self.enc.constant_u128(u128::from_le_bytes(indices)));
        block!(*self.enc;
            vpshufb_xmm_xmm_xmmm128(T, a, of_a);
            vpshufb_xmm_xmm_xmmm128(d, b, of_b);
            vpor_xmm_xmm_xmmm128(d, d, T);
        );
    }

    pub(super) fn select_bits(&mut self, d: Xmm, a: Xmm, b: Xmm, mask: Xmm) {
        block!(*self.enc;
            vpand_xmm_xmm_xmmm128(T, a, mask);
            vpandn_xmm_xmm_xmmm128(d, mask, b);
            vpor_xmm_xmm_xmmm128(d, d, T);
        );
    }
}

/// That of CMPPS, quiet or not.
fn predicate(cond: FloatCond) -> u8 {
    match cond {
        FloatCond::Eq => 0,
        FloatCond::Lt => 1,
        FloatCond::Le => 2,
        FloatCond::Ne => 4,
        FloatCond::NotLt => 5,
        FloatCond::NotLe => 6,
        FloatCond::NotGe => 9,
        FloatCond::NotGt => 10,
        FloatCond::Ge => 13,
        FloatCond::Gt => 14,
    }
}
