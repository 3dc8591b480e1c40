//! What is no single instruction.

use tailfirst::aarch64::{CondInv, D31, Gpr32, H, LogicalImm32, S31, UImm, V, W16, X16, XZR};
use tailfirst::block;

use super::{A64, F32, F64, I8x16, I16x8, I32x4, I64x2, T, U, each};
use crate::ir::ops::{FloatWidth, Sign};
use crate::ir::simd::Lanes;

impl A64<'_, '_> {
    /// One or zero, by a comparison with zero of a vector's words, of which the greater ones of pairs are taken.
    fn set_by_halves(&mut self, to: Gpr32, cond: CondInv, of: V) {
        block!(*self.enc;
            umaxp_v4s(T.v4s(), of.v4s(), of.v4s());
            fmov_x_d(X16, D31);
            cmp_x(X16, XZR);
            cset_w(to, cond);
        );
    }

    pub(super) fn any_true(&mut self, to: Gpr32, a: V) {
        self.set_by_halves(to, CondInv::NE, a);
    }

    /// Whether no lane is equal to zero.
    pub(super) fn all_true(&mut self, lanes: Lanes, to: Gpr32, a: V) {
        self.set_by_halves(to, CondInv::EQ, T);
        each!(self.enc, lanes, cmeq_v16b_zero cmeq_v8h_zero cmeq_v4s_zero cmeq_v2d_zero, T, a);
    }

    /// Each lane that is negative is a bit of its own, and their sum is all bits.
    pub(super) fn bitmask(&mut self, lanes: Lanes, to: Gpr32, a: V) {
        self.enc.fmov_w_s(to, S31);
        let bits = match lanes {
            I8x16 => {
                // Bytes have eight bits each: the upper half is that of words.
                block!(*self.enc;
                    ext_v16b(U.v16b(), T.v16b(), T.v16b(), UImm::of::<8>());
                    zip1_v16b(T.v16b(), T.v16b(), U.v16b());
                    addv_v8h(H::wrapping(31), T.v8h());
                );
                0x8040_2010_0804_0201_8040_2010_0804_0201
            }
            I16x8 => {
                self.enc.addv_v8h(H::wrapping(31), T.v8h());
                0x0080_0040_0020_0010_0008_0004_0002_0001
            }
            I32x4 => {
                self.enc.addv_v4s(S31, T.v4s());
                0x0000_0008_0000_0004_0000_0002_0000_0001
            }
            I64x2 => {
                self.enc.addp_d(D31, T.v2d());
                0x0000_0000_0000_0002_0000_0000_0000_0001
            }
        };
        let bits = self.enc.constant_u128(bits);
        block!(*self.enc; ldr_q_lit(U.q(), bits); and_v16b(T.v16b(), T.v16b(), U.v16b()));
        each!(self.enc, lanes, cmlt_v16b_zero cmlt_v8h_zero cmlt_v4s_zero cmlt_v2d_zero, T, a);
    }

    /// The product of the lower halves, and above it the sum of what the halves are crosswise.
    pub(super) fn multiply_longs(&mut self, to: V, a: V, b: V) {
        block!(*self.enc;
            rev64_v4s(T.v4s(), b.v4s());
            mul_v4s(T.v4s(), T.v4s(), a.v4s());
            uaddlp_v2d(T.v2d(), T.v4s());
            shl_v2d_imm(T.v2d(), T.v2d(), UImm::of::<32>());
            xtn_v2s(U.v2s(), a.v2d());
            xtn_v2s(to.v2s(), b.v2d());
            umlal_v2d(T.v2d(), U.v2s(), to.v2s());
            mov_v16b(to.v16b(), T.v16b());
        );
    }

    /// By a count in each lane, which is negative for a shift to the right.
    pub(super) fn shift_vector(&mut self, lanes: Lanes, right: Option<Sign>, to: V, a: V, count: Gpr32) {
        match right {
            Some(Sign::Signed) => each!(self.enc, lanes, sshl_v16b sshl_v8h sshl_v4s sshl_v2d, to, a, T),
            _ => each!(self.enc, lanes, ushl_v16b ushl_v8h ushl_v4s ushl_v2d, to, a, T),
        }
        // The lowest byte of a lane is what counts.
        self.enc.dup_v16b(T.v16b(), W16);
        if right.is_some() {
            self.enc.neg_w(W16, W16);
        }
        let mask = LogicalImm32::new(lanes.bits() - 1).expect("all ones from the lowest bit on");
        self.enc.and_w_imm(W16, count, mask);
    }

    /// The first of two where `a` is greater than `b`, else the second.
    pub(super) fn choose_greater(&mut self, width: FloatWidth, to: V, a: V, b: V, (first, second): (V, V)) {
        block!(*self.enc; bsl_v16b(T.v16b(), first.v16b(), second.v16b()); mov_v16b(to.v16b(), T.v16b()));
        each!(self.enc, width, fcmgt_v4s fcmgt_v2d, T, a, b);
    }

    /// A vector by a condition.
    pub(in crate::compile::aarch64) fn select_vector(&mut self, to: V, cond: CondInv, a: V, b: V) {
        block!(*self.enc;
            csetm_x(X16, cond);
            dup_v2d(T.v2d(), X16);
            bsl_v16b(T.v16b(), a.v16b(), b.v16b());
            mov_v16b(to.v16b(), T.v16b());
        );
    }
}
