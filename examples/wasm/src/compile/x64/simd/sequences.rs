//! What is no instruction of AVX.
//!
//! Each sequence writes the result's register after the last use of the operands, or [`needs`](super::needs) says
//! that it does not.

use tailfirst::block;
use tailfirst::x64::{EAX, Gpr32, Xmm};

use super::lanes::ByLanes;
use super::{F32, F64, High, I8x16, I16x8, I32x4, I64x2, Low, Signed, T, Unsigned, X64};
use crate::ir::ops::{FloatWidth, Sign};
use crate::ir::simd::{Half, Lanes};

/// Predicates of CMPPS.
const EQUAL: u8 = 0;
const UNORDERED: u8 = 3;

/// A choice of four lanes of 32 bits, the lowest first.
const fn order(lanes: [u8; 4]) -> u8 {
    lanes[0] | lanes[1] << 2 | lanes[2] << 4 | lanes[3] << 6
}

impl X64<'_, '_> {
    /// The ones in each byte: of pairs of bits, of fours, of all eight.
    pub(super) fn count_vector_bits(&mut self, d: Xmm, a: Xmm) {
        let (pairs, fours, eights) = (self.every(I8x16, 0x55), self.every(I8x16, 0x33), self.every(I8x16, 0x0f));
        block!(*self.enc;
            vpsrlw_xmm_xmm_imm8(T, a, 1);
            vpand_xmm_xmm_xmmm128(T, T, pairs);
            vpsubb_xmm_xmm_xmmm128(d, a, T);
            vpand_xmm_xmm_xmmm128(T, d, fours);
            vpsrlw_xmm_xmm_imm8(d, d, 2);
            vpand_xmm_xmm_xmmm128(d, d, fours);
            vpaddb_xmm_xmm_xmmm128(d, d, T);
            vpsrlw_xmm_xmm_imm8(T, d, 4);
            vpaddb_xmm_xmm_xmmm128(d, d, T);
            vpand_xmm_xmm_xmmm128(d, d, eights);
        );
    }

    /// Sums are sums of products with one. VPMADDUBSW takes its first operand without a sign, VPMADDWD both with one.
    pub(super) fn add_pairs(&mut self, lanes: Lanes, sign: Sign, d: Xmm, a: Xmm) {
        let ones = self.every(lanes, 1);
        match (lanes, sign) {
            (I8x16, Signed) => {
                block!(*self.enc; vmovdqu_xmm_xmmm128(T, ones); vpmaddubsw_xmm_xmm_xmmm128(d, T, a));
            }
            (I8x16, Unsigned) => self.enc.vpmaddubsw_xmm_xmm_xmmm128(d, a, ones),
            (_, Signed) => self.enc.vpmaddwd_xmm_xmm_xmmm128(d, a, ones),
            (_, Unsigned) => {
                // Each number less 2^15 has a sign.
                let (highest, excess) = (self.every(I16x8, 1 << 15), self.every(I32x4, 1 << 16));
                block!(*self.enc;
                    vpxor_xmm_xmm_xmmm128(d, a, highest);
                    vpmaddwd_xmm_xmm_xmmm128(d, d, ones);
                    vpaddd_xmm_xmm_xmmm128(d, d, excess);
                );
            }
        }
    }

    pub(super) fn unsigned_to_floats(&mut self, width: FloatWidth, d: Xmm, a: Xmm) {
        match width {
            F32 => {
                // Both halves are exact, the upper one with the sign's bit free, and their sum is rounded once.
                let low = self.every(I32x4, 0xffff);
                block!(*self.enc;
                    vpand_xmm_xmm_xmmm128(T, a, low);
                    vpsubd_xmm_xmm_xmmm128(d, a, T);
                    vcvtdq2ps_xmm_xmmm128(T, T);
                    vpsrld_xmm_xmm_imm8(d, d, 1);
                    vcvtdq2ps_xmm_xmmm128(d, d);
                    vaddps_xmm_xmm_xmmm128(d, d, d);
                    vaddps_xmm_xmm_xmmm128(d, d, T);
                );
            }
            F64 => {
                // As the lowest bits of 2^52, which is then subtracted.
                let high = self.every(I32x4, 0x4330_0000);
                let power = self.every(I64x2, 0x4330_0000_0000_0000);
                block!(*self.enc;
                    vunpcklps_xmm_xmm_xmmm128(d, a, high);
                    vsubpd_xmm_xmm_xmmm128(d, d, power);
                );
            }
        }
    }

    /// Conversions give the least integer for what does not fit.
    pub(super) fn saturate(&mut self, width: FloatWidth, sign: Sign, d: Xmm, a: Xmm) {
        match (width, sign) {
            (F32, Signed) => block!(*self.enc;
                // NaN becomes zero, and T has the sign's bit where the float is not negative.
                vcmpps_xmm_xmm_xmmm128_imm8(T, a, a, EQUAL);
                vandps_xmm_xmm_xmmm128(d, a, T);
                vpxor_xmm_xmm_xmmm128(T, T, d);
                vcvttps2dq_xmm_xmmm128(d, d);
                // Where the integer is negative nevertheless, it is the least one, whose inverse is the greatest.
                vpand_xmm_xmm_xmmm128(T, T, d);
                vpsrad_xmm_xmm_imm8(T, T, 31);
                vpxor_xmm_xmm_xmmm128(d, d, T);
            ),
            (F32, Unsigned) => {
                let power = self.every(I32x4, 2_147_483_648_f32.to_bits().into());
                let least = self.every(I32x4, 0x8000_0001);
                block!(*self.enc;
                    // NaN and what is negative become zero.
                    zero(T);
                    vmaxps_xmm_xmm_xmmm128(d, a, T);
                    // T = 2^31 less the float, which fits if the float does, and saturates so that what is less by it
                    // is the greatest.
                    vmovdqu_xmm_xmmm128(T, power);
                    vsubps_xmm_xmm_xmmm128(T, T, d);
                    vcvttps2dq_xmm_xmmm128(T, T);
                    vpmaxsd_xmm_xmm_xmmm128(T, T, least);
                    // Where the integer is 2^31, the float is not less, and the result is less by T.
                    vcvttps2dq_xmm_xmmm128(d, d);
                    vpsubd_xmm_xmm_xmmm128(T, d, T);
                    vblendvps_xmm_xmm_xmmm128_xmm(d, d, T, d);
                );
            }
            (F64, Signed) => {
                let greatest = self.every(I64x2, 2_147_483_647_f64.to_bits());
                block!(*self.enc;
                    // The greatest, or zero for NaN, of which VMINPD gives the second operand.
                    vcmppd_xmm_xmm_xmmm128_imm8(T, a, a, EQUAL);
                    vandps_xmm_xmm_xmmm128(T, T, greatest);
                    vminpd_xmm_xmm_xmmm128(d, a, T);
                    vcvttpd2dq_xmm_xmmm128(d, d);
                );
            }
            (F64, Unsigned) => {
                let greatest = self.every(I64x2, 4_294_967_295_f64.to_bits());
                let power = self.every(I64x2, 4_503_599_627_370_496_f64.to_bits());
                block!(*self.enc;
                    zero(T);
                    vmaxpd_xmm_xmm_xmmm128(d, a, T);
                    vminpd_xmm_xmm_xmmm128(d, d, greatest);
                    vroundpd_xmm_xmmm128_imm8(d, d, 3);
                    // The integer is in the lowest bits of the sum with 2^52.
                    vaddpd_xmm_xmm_xmmm128(d, d, power);
                    vshufps_xmm_xmm_xmmm128_imm8(d, d, T, order([0, 2, 0, 2]));
                );
            }
        }
    }

    /// The product of the lower halves, and above it the sum of what the halves are crosswise.
    pub(super) fn multiply_longs(&mut self, d: Xmm, a: Xmm, b: Xmm) {
        block!(*self.enc;
            vpshufd_xmm_xmmm128_imm8(T, b, order([1, 0, 3, 2]));
            vpmulld_xmm_xmm_xmmm128(T, T, a);
            vphaddd_xmm_xmm_xmmm128(T, T, T);
            vpmovzxdq_xmm_xmmm64(T, T);
            vpsllq_xmm_xmm_imm8(T, T, 32);
            vpmuludq_xmm_xmm_xmmm128(d, a, b);
            vpaddq_xmm_xmm_xmmm128(d, d, T);
        );
    }

    /// Only -1 times -1 does not fit, and comes out as -1, whose inverse is the greatest.
    pub(super) fn multiply_fractions(&mut self, d: Xmm, a: Xmm, b: Xmm) {
        let overflow = self.every(I16x8, 0x8000);
        block!(*self.enc;
            vpmulhrsw_xmm_xmm_xmmm128(T, a, b);
            vpcmpeqw_xmm_xmm_xmmm128(d, T, overflow);
            vpxor_xmm_xmm_xmmm128(d, d, T);
        );
    }

    pub(super) fn multiply_extended(&mut self, lanes: Lanes, half: Half, sign: Sign, d: Xmm, a: Xmm, b: Xmm) {
        let enc = &mut *self.enc;
        match lanes {
            I8x16 => {
                match half {
                    Low => block!(*enc;
                        extend(lanes, sign, T, a.into());
                        extend(lanes, sign, d, b.into());
                        vpmullw_xmm_xmm_xmmm128(d, d, T);
                    ),
                    High => block!(*enc;
                        vpunpckhqdq_xmm_xmm_xmmm128(T, a, a);
                        extend(lanes, sign, T, T.into());
                        vpunpckhqdq_xmm_xmm_xmmm128(d, b, b);
                        extend(lanes, sign, d, d.into());
                        vpmullw_xmm_xmm_xmmm128(d, d, T);
                    ),
                };
            }
            I16x8 => {
                // The upper halves of the products are made apart from the lower ones.
                match half {
                    Low => enc.vpunpcklwd_xmm_xmm_xmmm128(d, T, d),
                    High => enc.vpunpckhwd_xmm_xmm_xmmm128(d, T, d),
                }
                match sign {
                    Signed => enc.vpmulhw_xmm_xmm_xmmm128(d, a, b),
                    Unsigned => enc.vpmulhuw_xmm_xmm_xmmm128(d, a, b),
                }
                enc.vpmullw_xmm_xmm_xmmm128(T, a, b);
            }
            _ => {
                let lanes = match half {
                    Low => order([0, 0, 1, 1]),
                    High => order([2, 2, 3, 3]),
                };
                match sign {
                    Signed => enc.vpmuldq_xmm_xmm_xmmm128(d, d, T),
                    Unsigned => enc.vpmuludq_xmm_xmm_xmmm128(d, d, T),
                }
                block!(*enc; vpshufd_xmm_xmmm128_imm8(T, a, lanes); vpshufd_xmm_xmmm128_imm8(d, b, lanes));
            }
        }
    }

    /// VMINPS gives the second operand if one is NaN or both are zero. So the two orders give both, whose bits together
    /// are the negative zero, or a NaN of which the canonical bits are kept.
    pub(super) fn least_floats(&mut self, width: FloatWidth, d: Xmm, a: Xmm, b: Xmm) {
        self.enc.vandnps_xmm_xmm_xmmm128(d, d, T);
        self.payload(width, d);
        block!(*self.enc;
            least_float(width, T, a, b);
            least_float(width, d, b, a);
            vorps_xmm_xmm_xmmm128(T, T, d);
            compare_floats(width, UNORDERED, d, T, d);
            vorps_xmm_xmm_xmmm128(T, T, d);
        );
    }

    /// Likewise; what differs, the sign of zero if anything, is subtracted, which makes it positive.
    pub(super) fn most_floats(&mut self, width: FloatWidth, d: Xmm, a: Xmm, b: Xmm) {
        self.enc.vandnps_xmm_xmm_xmmm128(d, T, d);
        self.payload(width, T);
        self.enc.compare_floats(width, UNORDERED, T, d, d);
        match width {
            F32 => self.enc.vsubps_xmm_xmm_xmmm128(d, T, d),
            F64 => self.enc.vsubpd_xmm_xmm_xmmm128(d, T, d),
        }
        block!(*self.enc;
            most_float(width, T, a, b);
            most_float(width, d, b, a);
            vxorps_xmm_xmm_xmmm128(d, d, T);
            vorps_xmm_xmm_xmmm128(T, T, d);
        );
    }

    /// Of lanes that are all ones, the bits below those that a canonical NaN has.
    fn payload(&mut self, width: FloatWidth, d: Xmm) {
        match width {
            F32 => self.enc.vpsrld_xmm_xmm_imm8(d, d, 10),
            F64 => self.enc.vpsrlq_xmm_xmm_imm8(d, d, 13),
        }
    }

    /// Shifts to the right if it is said whether there is a sign, else to the left.
    pub(super) fn shift_vector(&mut self, lanes: Lanes, right: Option<Sign>, d: Xmm, a: Xmm, count: Gpr32) {
        match (lanes, right) {
            (I8x16, _) => self.shift_bytes(right, d, a),
            (I64x2, Some(Signed)) => {
                let highest = self.every(I64x2, 1 << 63);
                // The sign's bit, where it has come to, makes a number's upper bits its own.
                block!(*self.enc;
                    vmovdqu_xmm_xmmm128(d, highest);
                    vpsrlq_xmm_xmm_xmmm128(d, d, T);
                    vpsrlq_xmm_xmm_xmmm128(T, a, T);
                    vpxor_xmm_xmm_xmmm128(T, T, d);
                    vpsubq_xmm_xmm_xmmm128(d, T, d);
                );
            }
            (_, Some(sign)) => self.enc.shift_right(lanes, sign, d, a, T),
            (_, None) => self.enc.shift_left(lanes, d, a, T),
        }
        block!(*self.enc;
            mov_r32_rm32(EAX, count);
            and_rm32_imm(EAX, lanes.bits() as i32 - 1);
            vmovd_xmm_rm32(T, EAX);
        );
    }

    pub(super) fn shift_left_by(&mut self, lanes: Lanes, count: u8, d: Xmm, a: Xmm) {
        match lanes {
            I8x16 => {
                let within = self.every(I8x16, 0xff << count & 0xff);
                block!(*self.enc; vpsllw_xmm_xmm_imm8(d, a, count); vpand_xmm_xmm_xmmm128(d, d, within));
            }
            I16x8 => self.enc.vpsllw_xmm_xmm_imm8(d, a, count),
            I32x4 => self.enc.vpslld_xmm_xmm_imm8(d, a, count),
            I64x2 => self.enc.vpsllq_xmm_xmm_imm8(d, a, count),
        }
    }

    pub(super) fn shift_right_by(&mut self, lanes: Lanes, sign: Sign, count: u8, d: Xmm, a: Xmm) {
        match (lanes, sign) {
            (I16x8, Signed) => self.enc.vpsraw_xmm_xmm_imm8(d, a, count),
            (I16x8, Unsigned) => self.enc.vpsrlw_xmm_xmm_imm8(d, a, count),
            (I32x4, Signed) => self.enc.vpsrad_xmm_xmm_imm8(d, a, count),
            (I32x4, Unsigned) => self.enc.vpsrld_xmm_xmm_imm8(d, a, count),
            (I64x2, Unsigned) => self.enc.vpsrlq_xmm_xmm_imm8(d, a, count),
            (I8x16, Unsigned) => {
                let within = self.every(I8x16, 0xff >> count);
                block!(*self.enc; vpsrlw_xmm_xmm_imm8(d, a, count); vpand_xmm_xmm_xmmm128(d, d, within));
            }
            // The sign's bit, where it has come to, makes a number's upper bits its own.
            (I8x16 | I64x2, Signed) => {
                let sign = self.every(lanes, 1 << (lanes.bits() - 1 - u32::from(count)));
                block!(*self.enc;
                    vmovdqu_xmm_xmmm128(T, sign);
                    vpxor_xmm_xmm_xmmm128(d, d, T);
                    sub(lanes, d, d, T);
                );
                self.shift_right_by(lanes, Unsigned, count, d, a);
            }
        }
    }

    /// By T, as words, without what comes from the other byte.
    fn shift_bytes(&mut self, right: Option<Sign>, d: Xmm, a: Xmm) {
        let upper = self.every(I16x8, 0xff00);
        match right {
            None => block!(*self.enc;
                // d = the bits that stay within their byte.
                ones(d);
                vpsrlw_xmm_xmm_imm8(d, d, 8);
                vpsrlw_xmm_xmm_xmmm128(d, d, T);
                vpackuswb_xmm_xmm_xmmm128(d, d, d);
                vpand_xmm_xmm_xmmm128(d, d, a);
                vpsllw_xmm_xmm_xmmm128(d, d, T);
            ),
            Some(Unsigned) => block!(*self.enc;
                ones(d);
                vpsrlw_xmm_xmm_imm8(d, d, 8);
                vpsrlw_xmm_xmm_xmmm128(d, d, T);
                vpackuswb_xmm_xmm_xmmm128(d, d, d);
                vpsrlw_xmm_xmm_xmmm128(T, a, T);
                vpand_xmm_xmm_xmmm128(d, d, T);
            ),
            Some(Signed) => block!(*self.enc;
                // The lower bytes, from the upper half of their words and back.
                vpsllw_xmm_xmm_imm8(d, a, 8);
                vpsraw_xmm_xmm_xmmm128(d, d, T);
                vpsrlw_xmm_xmm_imm8(d, d, 8);
                vpsraw_xmm_xmm_xmmm128(T, a, T);
                vpand_xmm_xmm_xmmm128(T, T, upper);
                vpor_xmm_xmm_xmmm128(d, d, T);
            ),
        }
    }
}
