//! Operations on floats, and conversions.
//!
//! Minimum, maximum and conversions are as WebAssembly has them, saturation included. A conversion that shall trap
//! compares with what the integer can hold before.

use tailfirst::aarch64::{B, Cond as Cc, D, D31, Gpr32, Gpr64, S, S31, V31, W16, X16};
use tailfirst::block;

use super::{A64, Reg, d, s, w, x};
use crate::abi::TrapKind;
use crate::ir::ops::{Convert, FloatOp, FloatUnary, FloatWidth, Misfit, Sign, Width};
use FloatWidth::{F32, F64};

impl A64<'_, '_> {
    pub(super) fn float_operation(&mut self, op: FloatOp, width: FloatWidth, to: Reg, a: Reg, b: Reg) {
        match width {
            F32 => self.float_32(op, s(to), s(a), s(b)),
            F64 => self.float_64(op, d(to), d(a), d(b)),
        }
    }

    fn float_32(&mut self, op: FloatOp, to: S, a: S, b: S) {
        let enc = &mut *self.enc;
        match op {
            FloatOp::Add => enc.fadd_s(to, a, b),
            FloatOp::Sub => enc.fsub_s(to, a, b),
            FloatOp::Mul => enc.fmul_s(to, a, b),
            FloatOp::Div => enc.fdiv_s(to, a, b),
            FloatOp::Min => enc.fmin_s(to, a, b),
            FloatOp::Max => enc.fmax_s(to, a, b),
            FloatOp::Copysign => {
                block!(*enc;
                    mov_w_imm(W16, 1 << 31);
                    fmov_s_w(S31, W16);
                    bsl_v8b(V31.v8b(), b.v().v8b(), a.v().v8b());
                    fmov_s(to, S31);
                );
            }
        }
    }

    fn float_64(&mut self, op: FloatOp, to: D, a: D, b: D) {
        let enc = &mut *self.enc;
        match op {
            FloatOp::Add => enc.fadd_d(to, a, b),
            FloatOp::Sub => enc.fsub_d(to, a, b),
            FloatOp::Mul => enc.fmul_d(to, a, b),
            FloatOp::Div => enc.fdiv_d(to, a, b),
            FloatOp::Min => enc.fmin_d(to, a, b),
            FloatOp::Max => enc.fmax_d(to, a, b),
            FloatOp::Copysign => {
                block!(*enc;
                    mov_x_imm(X16, 1 << 63);
                    fmov_d_x(D31, X16);
                    bsl_v8b(V31.v8b(), b.v().v8b(), a.v().v8b());
                    fmov_d(to, D31);
                );
            }
        }
    }

    pub(super) fn float_of_float(&mut self, op: FloatUnary, width: FloatWidth, to: Reg, a: Reg) {
        let enc = &mut *self.enc;
        match (op, width) {
            (FloatUnary::Abs, F32) => enc.fabs_s(s(to), s(a)),
            (FloatUnary::Neg, F32) => enc.fneg_s(s(to), s(a)),
            (FloatUnary::Ceil, F32) => enc.frintp_s(s(to), s(a)),
            (FloatUnary::Floor, F32) => enc.frintm_s(s(to), s(a)),
            (FloatUnary::Trunc, F32) => enc.frintz_s(s(to), s(a)),
            (FloatUnary::Nearest, F32) => enc.frintn_s(s(to), s(a)),
            (FloatUnary::Sqrt, F32) => enc.fsqrt_s(s(to), s(a)),
            (FloatUnary::Abs, F64) => enc.fabs_d(d(to), d(a)),
            (FloatUnary::Neg, F64) => enc.fneg_d(d(to), d(a)),
            (FloatUnary::Ceil, F64) => enc.frintp_d(d(to), d(a)),
            (FloatUnary::Floor, F64) => enc.frintm_d(d(to), d(a)),
            (FloatUnary::Trunc, F64) => enc.frintz_d(d(to), d(a)),
            (FloatUnary::Nearest, F64) => enc.frintn_d(d(to), d(a)),
            (FloatUnary::Sqrt, F64) => enc.fsqrt_d(d(to), d(a)),
        }
    }

    /// The number of ones, by the vector registers, which alone have it.
    pub(super) fn count_bits(&mut self, to: Gpr32, a: Gpr64) {
        block!(*self.enc;
            fmov_d_x(D31, a);
            cnt_v8b(V31.v8b(), V31.v8b());
            addv_v8b(B::wrapping(31), V31.v8b());
            fmov_w_s(to, S31);
        );
    }

    pub(super) fn conversion(&mut self, op: Convert, to: Reg, a: Reg) {
        let enc = &mut *self.enc;
        match op {
            Convert::Demote => enc.fcvt_s_d(s(to), d(a)),
            Convert::Promote => enc.fcvt_d_s(d(to), s(a)),
            Convert::IntBits(F32) => enc.fmov_w_s(w(to), s(a)),
            Convert::IntBits(F64) => enc.fmov_x_d(x(to), d(a)),
            Convert::FloatBits(F32) => enc.fmov_s_w(s(to), w(a)),
            Convert::FloatBits(F64) => enc.fmov_d_x(d(to), x(a)),
            Convert::ToFloat { from, to: width, sign } => match (from, width, sign) {
                (Width::W32, F32, Sign::Signed) => enc.scvtf_s_w(s(to), w(a)),
                (Width::W32, F32, Sign::Unsigned) => enc.ucvtf_s_w(s(to), w(a)),
                (Width::W32, F64, Sign::Signed) => enc.scvtf_d_w(d(to), w(a)),
                (Width::W32, F64, Sign::Unsigned) => enc.ucvtf_d_w(d(to), w(a)),
                (Width::W64, F32, Sign::Signed) => enc.scvtf_s_x(s(to), x(a)),
                (Width::W64, F32, Sign::Unsigned) => enc.ucvtf_s_x(s(to), x(a)),
                (Width::W64, F64, Sign::Signed) => enc.scvtf_d_x(d(to), x(a)),
                (Width::W64, F64, Sign::Unsigned) => enc.ucvtf_d_x(d(to), x(a)),
            },
            Convert::ToInt { from, to: width, sign, misfit } => {
                match (width, from, sign) {
                    (Width::W32, F32, Sign::Signed) => enc.fcvtzs_w_s(w(to), s(a)),
                    (Width::W32, F32, Sign::Unsigned) => enc.fcvtzu_w_s(w(to), s(a)),
                    (Width::W32, F64, Sign::Signed) => enc.fcvtzs_w_d(w(to), d(a)),
                    (Width::W32, F64, Sign::Unsigned) => enc.fcvtzu_w_d(w(to), d(a)),
                    (Width::W64, F32, Sign::Signed) => enc.fcvtzs_x_s(x(to), s(a)),
                    (Width::W64, F32, Sign::Unsigned) => enc.fcvtzu_x_s(x(to), s(a)),
                    (Width::W64, F64, Sign::Signed) => enc.fcvtzs_x_d(x(to), d(a)),
                    (Width::W64, F64, Sign::Unsigned) => enc.fcvtzu_x_d(x(to), d(a)),
                }
                if misfit == Misfit::Trap {
                    self.check_range(from, width, sign, a);
                }
            }
        }
    }

    /// Traps unless the float is between those next to what the integer holds.
    fn check_range(&mut self, from: FloatWidth, to: Width, sign: Sign, a: Reg) {
        let invalid = self.trap_label(TrapKind::InvalidConversion);
        let overflow = self.trap_label(TrapKind::IntegerOverflow);
        let least = -((1_u64 << (to.bits() - 1)) as f64);
        // The least float that fits if the next smaller integer is none, else that integer, which does not.
        let (below, low) = match (sign, from, to) {
            (Sign::Unsigned, ..) => (Cc::LE, -1.0),
            (Sign::Signed, F64, Width::W32) => (Cc::LE, least - 1.0),
            (Sign::Signed, ..) => (Cc::LT, least),
        };
        let high = match sign {
            Sign::Signed => -least,
            Sign::Unsigned => -2.0 * least,
        };
        self.enc.b_cond(Cc::GE, overflow);
        self.compare_with(from, a, high);
        self.enc.b_cond(below, overflow);
        self.compare_with(from, a, low);
        self.enc.b_cond(Cc::VS, invalid);
        match from {
            F32 => self.enc.fcmp_s(s(a), s(a)),
            F64 => self.enc.fcmp_d(d(a), d(a)),
        }
    }

    fn compare_with(&mut self, width: FloatWidth, a: Reg, value: f64) {
        match width {
            F32 => self.enc.fcmp_s(s(a), S31),
            F64 => self.enc.fcmp_d(d(a), D31),
        }
        let bits = match width {
            F32 => (value as f32).to_bits().into(),
            F64 => value.to_bits(),
        };
        self.constant_float(Reg::float(31), bits);
    }
}
