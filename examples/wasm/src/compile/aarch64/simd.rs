//! Operations on vectors.
//!
//! Most are one instruction. What is more goes through V31 and V30, and moves the result from there if it would be
//! written before the last operand is read.

mod memory;
mod sequences;

use tailfirst::aarch64::{Encoder, List, ShrImm, UImm, V, V16B, V30, V31};
use tailfirst::block;

use super::{A64, Apart, Needs, Reg, d, s, w, x};
use crate::ir::ops::{Cond, FloatCond, FloatOp, FloatUnary, FloatWidth, Sign};
use crate::ir::simd::{Half, Lanes, VectorBinary, VectorUnary};
use FloatWidth::{F32, F64};
use Half::{High, Low};
use Lanes::{I8x16, I16x8, I32x4, I64x2};
use Sign::{Signed, Unsigned};

/// Holds a part of a result while a sequence makes another.
const T: V = V31;
/// And so does this one.
const U: V = V30;
/// Validation has compared lanes with their number.
const LANE: &str = "the module is valid";
/// The builder has drawn counts of shifts into their range.
const COUNT: &str = "the count is in its range";

pub(super) fn v(reg: Reg) -> V {
    V::wrapping(reg.number())
}

/// An instruction of the names for each shape, with registers of that shape.
macro_rules! each {
    ($enc:expr, $lanes:expr, $b:ident $h:ident $s:ident $d:ident, $($reg:expr),+) => {
        match $lanes {
            I8x16 => $enc.$b($($reg.v16b()),+),
            I16x8 => $enc.$h($($reg.v8h()),+),
            I32x4 => $enc.$s($($reg.v4s()),+),
            I64x2 => $enc.$d($($reg.v2d()),+),
        }
    };
    ($enc:expr, $lanes:expr, $b:ident $h:ident $s:ident, $($reg:expr),+) => {
        match $lanes {
            I8x16 => $enc.$b($($reg.v16b()),+),
            I16x8 => $enc.$h($($reg.v8h()),+),
            I32x4 => $enc.$s($($reg.v4s()),+),
            I64x2 => unreachable!("no such operation has these lanes"),
        }
    };
    ($enc:expr, $width:expr, $s:ident $d:ident, $($reg:expr),+) => {
        match $width {
            F32 => $enc.$s($($reg.v4s()),+),
            F64 => $enc.$d($($reg.v2d()),+),
        }
    };
}
use each;

pub(super) fn needs(op: VectorBinary) -> Needs {
    use VectorBinary::{Narrow, Replace, ReplaceFloat};
    let apart = match op {
        Narrow(..) | Replace(..) | ReplaceFloat(..) => Apart::Last,
        _ => Apart::None,
    };
    Needs { apart, ..Needs::default() }
}

pub(super) fn copy_vector(enc: &mut Encoder<'_>, to: V, from: V) {
    if to != from {
        enc.mov_v16b(to.v16b(), from.v16b());
    }
}

impl A64<'_, '_> {
    pub(super) fn constant_vector(&mut self, to: V, bits: u128) {
        let [byte, others @ ..] = bits.to_le_bytes();
        if others.iter().all(|&other| other == byte) {
            return self.enc.movi_v16b(to.v16b(), UImm::wrapping(byte.into()));
        }
        let constant = self.enc.constant_u128(bits);
        self.enc.ldr_q_lit(to.q(), constant);
    }

    pub(super) fn vector_of_one(&mut self, op: VectorUnary, to: Reg, a: Reg) {
        use VectorUnary as O;
        let enc = &mut *self.enc;
        let (reg, of) = (to, a);
        let (to, a) = (v(to), v(a));
        match op {
            O::Not => enc.not_v16b(to.v16b(), a.v16b()),
            O::Abs(lanes) => each!(enc, lanes, abs_v16b abs_v8h abs_v4s abs_v2d, to, a),
            O::Neg(lanes) => each!(enc, lanes, neg_v16b neg_v8h neg_v4s neg_v2d, to, a),
            O::Popcnt => enc.cnt_v16b(to.v16b(), a.v16b()),
            O::Extend(lanes, half, sign) => extend(enc, lanes, half, sign, to, a),
            O::AddPairs(I8x16, Signed) => enc.saddlp_v8h(to.v8h(), a.v16b()),
            O::AddPairs(I8x16, Unsigned) => enc.uaddlp_v8h(to.v8h(), a.v16b()),
            O::AddPairs(_, Signed) => enc.saddlp_v4s(to.v4s(), a.v8h()),
            O::AddPairs(_, Unsigned) => enc.uaddlp_v4s(to.v4s(), a.v8h()),
            O::Shl(lanes, count) => shift_left(enc, lanes, count.into(), to, a),
            O::Shr(lanes, sign, count) => shift_right(enc, lanes, sign, count.into(), to, a),
            O::Float(op, width) => float_vector(enc, op, width, to, a),
            O::ToFloat(F32, Signed) => enc.scvtf_v4s(to.v4s(), a.v4s()),
            O::ToFloat(F32, Unsigned) => enc.ucvtf_v4s(to.v4s(), a.v4s()),
            O::ToFloat(F64, Signed) => block!(*enc; sxtl_v2d(to.v2d(), a.v2s()); scvtf_v2d(to.v2d(), to.v2d())),
            O::ToFloat(F64, Unsigned) => block!(*enc; uxtl_v2d(to.v2d(), a.v2s()); ucvtf_v2d(to.v2d(), to.v2d())),
            O::ToInt(F32, Signed) => enc.fcvtzs_v4s(to.v4s(), a.v4s()),
            O::ToInt(F32, Unsigned) => enc.fcvtzu_v4s(to.v4s(), a.v4s()),
            O::ToInt(F64, Signed) => block!(*enc; fcvtzs_v2d(to.v2d(), a.v2d()); sqxtn_v2s(to.v2s(), to.v2d())),
            O::ToInt(F64, Unsigned) => block!(*enc; fcvtzu_v2d(to.v2d(), a.v2d()); uqxtn_v2s(to.v2s(), to.v2d())),
            O::Demote => enc.fcvtn_v2s(to.v2s(), a.v2d()),
            O::Promote => enc.fcvtl_v2d(to.v2d(), a.v2s()),
            O::Splat(I8x16) => enc.dup_v16b(to.v16b(), w(of)),
            O::Splat(I16x8) => enc.dup_v8h(to.v8h(), w(of)),
            O::Splat(I32x4) => enc.dup_v4s(to.v4s(), w(of)),
            O::Splat(I64x2) => enc.dup_v2d(to.v2d(), x(of)),
            O::SplatFloat(F32) => enc.dup_v4s_elem(to.v4s(), a.s(0).expect(LANE)),
            O::SplatFloat(F64) => enc.dup_v2d_elem(to.v2d(), a.d(0).expect(LANE)),
            O::Extract(I8x16, lane, Signed) => enc.smov_w_b(w(reg), a.b(lane).expect(LANE)),
            O::Extract(I8x16, lane, Unsigned) => enc.umov_w_b(w(reg), a.b(lane).expect(LANE)),
            O::Extract(I16x8, lane, Signed) => enc.smov_w_h(w(reg), a.h(lane).expect(LANE)),
            O::Extract(I16x8, lane, Unsigned) => enc.umov_w_h(w(reg), a.h(lane).expect(LANE)),
            O::Extract(I32x4, lane, _) => enc.umov_w_s(w(reg), a.s(lane).expect(LANE)),
            O::Extract(I64x2, lane, _) => enc.umov_x_d(x(reg), a.d(lane).expect(LANE)),
            O::ExtractFloat(F32, lane) => enc.dup_s_elem(s(reg), a.s(lane).expect(LANE)),
            O::ExtractFloat(F64, lane) => enc.dup_d_elem(d(reg), a.d(lane).expect(LANE)),
            O::AnyTrue => self.any_true(w(reg), a),
            O::AllTrue(lanes) => self.all_true(lanes, w(reg), a),
            O::Bitmask(lanes) => self.bitmask(lanes, w(reg), a),
        }
    }

    pub(super) fn vector_of_two(&mut self, op: VectorBinary, to: Reg, a: Reg, b: Reg) {
        use VectorBinary as O;
        let enc = &mut *self.enc;
        let last = b;
        let (to, a, b) = (v(to), v(a), v(b));
        match op {
            O::And => enc.and_v16b(to.v16b(), a.v16b(), b.v16b()),
            O::AndNot => enc.bic_v16b(to.v16b(), a.v16b(), b.v16b()),
            O::Or => enc.orr_v16b(to.v16b(), a.v16b(), b.v16b()),
            O::Xor => enc.eor_v16b(to.v16b(), a.v16b(), b.v16b()),
            O::Add(lanes) => each!(enc, lanes, add_v16b add_v8h add_v4s add_v2d, to, a, b),
            O::Sub(lanes) => each!(enc, lanes, sub_v16b sub_v8h sub_v4s sub_v2d, to, a, b),
            O::Mul(I64x2) => self.multiply_longs(to, a, b),
            O::Mul(lanes) => each!(enc, lanes, mul_v16b mul_v8h mul_v4s, to, a, b),
            O::AddSat(lanes, Signed) => each!(enc, lanes, sqadd_v16b sqadd_v8h sqadd_v4s, to, a, b),
            O::AddSat(lanes, Unsigned) => each!(enc, lanes, uqadd_v16b uqadd_v8h uqadd_v4s, to, a, b),
            O::SubSat(lanes, Signed) => each!(enc, lanes, sqsub_v16b sqsub_v8h sqsub_v4s, to, a, b),
            O::SubSat(lanes, Unsigned) => each!(enc, lanes, uqsub_v16b uqsub_v8h uqsub_v4s, to, a, b),
            O::Min(lanes, Signed) => each!(enc, lanes, smin_v16b smin_v8h smin_v4s, to, a, b),
            O::Min(lanes, Unsigned) => each!(enc, lanes, umin_v16b umin_v8h umin_v4s, to, a, b),
            O::Max(lanes, Signed) => each!(enc, lanes, smax_v16b smax_v8h smax_v4s, to, a, b),
            O::Max(lanes, Unsigned) => each!(enc, lanes, umax_v16b umax_v8h umax_v4s, to, a, b),
            O::Avgr(lanes) => each!(enc, lanes, urhadd_v16b urhadd_v8h urhadd_v4s, to, a, b),
            O::Q15Mulr => enc.sqrdmulh_v8h(to.v8h(), a.v8h(), b.v8h()),
            O::Dot => block!(*enc;
                smull_v4s(T.v4s(), a.v4h(), b.v4h());
                smull2_v4s(U.v4s(), a.v8h(), b.v8h());
                addp_v4s(to.v4s(), T.v4s(), U.v4s());
            ),
            O::ExtMul(lanes, half, sign) => multiply_extended(enc, lanes, half, sign, to, a, b),
            O::Narrow(I16x8, Signed) => {
                block!(*enc; sqxtn_v8b(to.v8b(), a.v8h()); sqxtn2_v16b(to.v16b(), b.v8h()));
            }
            O::Narrow(I16x8, Unsigned) => {
                block!(*enc; sqxtun_v8b(to.v8b(), a.v8h()); sqxtun2_v16b(to.v16b(), b.v8h()));
            }
            O::Narrow(_, Signed) => block!(*enc; sqxtn_v4h(to.v4h(), a.v4s()); sqxtn2_v8h(to.v8h(), b.v4s())),
            O::Narrow(_, Unsigned) => block!(*enc; sqxtun_v4h(to.v4h(), a.v4s()); sqxtun2_v8h(to.v8h(), b.v4s())),
            O::Shl(lanes) => self.shift_vector(lanes, None, to, a, w(last)),
            O::Shr(lanes, sign) => self.shift_vector(lanes, Some(sign), to, a, w(last)),
            O::Compare(cond, lanes) => compare_vectors(enc, cond, lanes, to, a, b),
            O::FloatCompare(cond, width) => compare_floats(enc, cond, width, to, a, b),
            O::Float(op, width) => float_vectors(enc, op, width, to, a, b),
            O::PMin(width) => self.choose_greater(width, to, a, b, (b, a)),
            O::PMax(width) => self.choose_greater(width, to, b, a, (b, a)),
            O::Swizzle => enc.tbl1_v16b(to.v16b(), a.v16b().into(), b.v16b()),
            O::Replace(..) | O::ReplaceFloat(..) => {
                replace(enc, op, to, last);
                copy_vector(enc, to, a);
            }
            O::Shuffle(_) => unreachable!("it has a method of its own"),
        }
    }

    pub(super) fn shuffle_bytes(&mut self, indices: [u8; 16], to: V, a: V, b: V) {
        if a == b || indices.iter().all(|&index| index < 16) {
            let constant = self.enc.constant_u128(u128::from_le_bytes(indices.map(|index| index & 15)));
            return block!(*self.enc;
                ldr_q_lit(T.q(), constant);
                tbl1_v16b(to.v16b(), a.v16b().into(), T.v16b());
            );
        }
        // A table of two is in consecutive registers.
        let constant = self.enc.constant_u128(u128::from_le_bytes(indices));
        block!(*self.enc;
            mov_v16b(U.v16b(), a.v16b());
            mov_v16b(T.v16b(), b.v16b());
            ldr_q_lit(to.q(), constant);
            tbl2_v16b(to.v16b(), List::<V16B, 2>::new(U.v16b()), to.v16b());
        );
    }

    pub(super) fn select_bits(&mut self, to: V, a: V, b: V, mask: V) {
        block!(*self.enc;
            mov_v16b(T.v16b(), mask.v16b());
            bsl_v16b(T.v16b(), a.v16b(), b.v16b());
            mov_v16b(to.v16b(), T.v16b());
        );
    }
}

/// Half of the lanes with twice their bits.
fn extend(enc: &mut Encoder<'_>, lanes: Lanes, half: Half, sign: Sign, to: V, a: V) {
    match (lanes, half, sign) {
        (I8x16, Low, Signed) => enc.sxtl_v8h(to.v8h(), a.v8b()),
        (I8x16, Low, Unsigned) => enc.uxtl_v8h(to.v8h(), a.v8b()),
        (I8x16, High, Signed) => enc.sxtl2_v8h(to.v8h(), a.v16b()),
        (I8x16, High, Unsigned) => enc.uxtl2_v8h(to.v8h(), a.v16b()),
        (I16x8, Low, Signed) => enc.sxtl_v4s(to.v4s(), a.v4h()),
        (I16x8, Low, Unsigned) => enc.uxtl_v4s(to.v4s(), a.v4h()),
        (I16x8, High, Signed) => enc.sxtl2_v4s(to.v4s(), a.v8h()),
        (I16x8, High, Unsigned) => enc.uxtl2_v4s(to.v4s(), a.v8h()),
        (_, Low, Signed) => enc.sxtl_v2d(to.v2d(), a.v2s()),
        (_, Low, Unsigned) => enc.uxtl_v2d(to.v2d(), a.v2s()),
        (_, High, Signed) => enc.sxtl2_v2d(to.v2d(), a.v4s()),
        (_, High, Unsigned) => enc.uxtl2_v2d(to.v2d(), a.v4s()),
    }
}

fn shift_left(enc: &mut Encoder<'_>, lanes: Lanes, count: u32, to: V, a: V) {
    match lanes {
        I8x16 => enc.shl_v16b_imm(to.v16b(), a.v16b(), UImm::wrapping(count)),
        I16x8 => enc.shl_v8h_imm(to.v8h(), a.v8h(), UImm::wrapping(count)),
        I32x4 => enc.shl_v4s_imm(to.v4s(), a.v4s(), UImm::wrapping(count)),
        I64x2 => enc.shl_v2d_imm(to.v2d(), a.v2d(), UImm::wrapping(count)),
    }
}

fn shift_right(enc: &mut Encoder<'_>, lanes: Lanes, sign: Sign, count: u32, to: V, a: V) {
    match (lanes, sign) {
        (I8x16, Signed) => enc.sshr_v16b_imm(to.v16b(), a.v16b(), ShrImm::new(count).expect(COUNT)),
        (I8x16, Unsigned) => enc.ushr_v16b_imm(to.v16b(), a.v16b(), ShrImm::new(count).expect(COUNT)),
        (I16x8, Signed) => enc.sshr_v8h_imm(to.v8h(), a.v8h(), ShrImm::new(count).expect(COUNT)),
        (I16x8, Unsigned) => enc.ushr_v8h_imm(to.v8h(), a.v8h(), ShrImm::new(count).expect(COUNT)),
        (I32x4, Signed) => enc.sshr_v4s_imm(to.v4s(), a.v4s(), ShrImm::new(count).expect(COUNT)),
        (I32x4, Unsigned) => enc.ushr_v4s_imm(to.v4s(), a.v4s(), ShrImm::new(count).expect(COUNT)),
        (I64x2, Signed) => enc.sshr_v2d_imm(to.v2d(), a.v2d(), ShrImm::new(count).expect(COUNT)),
        (I64x2, Unsigned) => enc.ushr_v2d_imm(to.v2d(), a.v2d(), ShrImm::new(count).expect(COUNT)),
    }
}

fn multiply_extended(enc: &mut Encoder<'_>, lanes: Lanes, half: Half, sign: Sign, to: V, a: V, b: V) {
    match (lanes, half, sign) {
        (I8x16, Low, Signed) => enc.smull_v8h(to.v8h(), a.v8b(), b.v8b()),
        (I8x16, Low, Unsigned) => enc.umull_v8h(to.v8h(), a.v8b(), b.v8b()),
        (I8x16, High, Signed) => enc.smull2_v8h(to.v8h(), a.v16b(), b.v16b()),
        (I8x16, High, Unsigned) => enc.umull2_v8h(to.v8h(), a.v16b(), b.v16b()),
        (I16x8, Low, Signed) => enc.smull_v4s(to.v4s(), a.v4h(), b.v4h()),
        (I16x8, Low, Unsigned) => enc.umull_v4s(to.v4s(), a.v4h(), b.v4h()),
        (I16x8, High, Signed) => enc.smull2_v4s(to.v4s(), a.v8h(), b.v8h()),
        (I16x8, High, Unsigned) => enc.umull2_v4s(to.v4s(), a.v8h(), b.v8h()),
        (_, Low, Signed) => enc.smull_v2d(to.v2d(), a.v2s(), b.v2s()),
        (_, Low, Unsigned) => enc.umull_v2d(to.v2d(), a.v2s(), b.v2s()),
        (_, High, Signed) => enc.smull2_v2d(to.v2d(), a.v4s(), b.v4s()),
        (_, High, Unsigned) => enc.umull2_v2d(to.v2d(), a.v4s(), b.v4s()),
    }
}

fn float_vector(enc: &mut Encoder<'_>, op: FloatUnary, width: FloatWidth, to: V, a: V) {
    match op {
        FloatUnary::Abs => each!(enc, width, fabs_v4s fabs_v2d, to, a),
        FloatUnary::Neg => each!(enc, width, fneg_v4s fneg_v2d, to, a),
        FloatUnary::Ceil => each!(enc, width, frintp_v4s frintp_v2d, to, a),
        FloatUnary::Floor => each!(enc, width, frintm_v4s frintm_v2d, to, a),
        FloatUnary::Trunc => each!(enc, width, frintz_v4s frintz_v2d, to, a),
        FloatUnary::Nearest => each!(enc, width, frintn_v4s frintn_v2d, to, a),
        FloatUnary::Sqrt => each!(enc, width, fsqrt_v4s fsqrt_v2d, to, a),
    }
}

fn float_vectors(enc: &mut Encoder<'_>, op: FloatOp, width: FloatWidth, to: V, a: V, b: V) {
    match op {
        FloatOp::Add => each!(enc, width, fadd_v4s fadd_v2d, to, a, b),
        FloatOp::Sub => each!(enc, width, fsub_v4s fsub_v2d, to, a, b),
        FloatOp::Mul => each!(enc, width, fmul_v4s fmul_v2d, to, a, b),
        FloatOp::Div => each!(enc, width, fdiv_v4s fdiv_v2d, to, a, b),
        FloatOp::Min => each!(enc, width, fmin_v4s fmin_v2d, to, a, b),
        FloatOp::Max => each!(enc, width, fmax_v4s fmax_v2d, to, a, b),
        FloatOp::Copysign => unreachable!("no vector has it"),
    }
}

fn compare_vectors(enc: &mut Encoder<'_>, cond: Cond, lanes: Lanes, to: V, a: V, b: V) {
    match cond {
        Cond::Eq => each!(enc, lanes, cmeq_v16b cmeq_v8h cmeq_v4s cmeq_v2d, to, a, b),
        Cond::Ne => {
            enc.not_v16b(to.v16b(), to.v16b());
            each!(enc, lanes, cmeq_v16b cmeq_v8h cmeq_v4s cmeq_v2d, to, a, b);
        }
        Cond::GtS => each!(enc, lanes, cmgt_v16b cmgt_v8h cmgt_v4s cmgt_v2d, to, a, b),
        Cond::GtU => each!(enc, lanes, cmhi_v16b cmhi_v8h cmhi_v4s cmhi_v2d, to, a, b),
        Cond::GeS => each!(enc, lanes, cmge_v16b cmge_v8h cmge_v4s cmge_v2d, to, a, b),
        Cond::GeU => each!(enc, lanes, cmhs_v16b cmhs_v8h cmhs_v4s cmhs_v2d, to, a, b),
        Cond::LtS | Cond::LtU | Cond::LeS | Cond::LeU => compare_vectors(enc, cond.swapped(), lanes, to, b, a),
    }
}

fn compare_floats(enc: &mut Encoder<'_>, cond: FloatCond, width: FloatWidth, to: V, a: V, b: V) {
    match cond {
        FloatCond::Eq => each!(enc, width, fcmeq_v4s fcmeq_v2d, to, a, b),
        FloatCond::Gt => each!(enc, width, fcmgt_v4s fcmgt_v2d, to, a, b),
        FloatCond::Ge => each!(enc, width, fcmge_v4s fcmge_v2d, to, a, b),
        FloatCond::Lt => each!(enc, width, fcmgt_v4s fcmgt_v2d, to, b, a),
        FloatCond::Le => each!(enc, width, fcmge_v4s fcmge_v2d, to, b, a),
        FloatCond::Ne | FloatCond::NotLt | FloatCond::NotGt | FloatCond::NotLe | FloatCond::NotGe => {
            enc.not_v16b(to.v16b(), to.v16b());
            compare_floats(enc, cond.inverse(), width, to, a, b);
        }
    }
}

fn replace(enc: &mut Encoder<'_>, op: VectorBinary, to: V, b: Reg) {
    match op {
        VectorBinary::Replace(I8x16, lane) => enc.ins_b_gen(to.b(lane).expect(LANE), w(b)),
        VectorBinary::Replace(I16x8, lane) => enc.ins_h_gen(to.h(lane).expect(LANE), w(b)),
        VectorBinary::Replace(I32x4, lane) => enc.ins_s_gen(to.s(lane).expect(LANE), w(b)),
        VectorBinary::Replace(I64x2, lane) => enc.ins_d_gen(to.d(lane).expect(LANE), x(b)),
        VectorBinary::ReplaceFloat(F32, lane) => enc.ins_s_elem(to.s(lane).expect(LANE), v(b).s(0).expect(LANE)),
        VectorBinary::ReplaceFloat(F64, lane) => enc.ins_d_elem(to.d(lane).expect(LANE), v(b).d(0).expect(LANE)),
        _ => unreachable!("{op:?} replaces no lane"),
    }
}
