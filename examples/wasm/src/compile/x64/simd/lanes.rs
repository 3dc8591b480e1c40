//! Forms for all lanes by one name, as far as AVX has them.

use tailfirst::Direction;
use tailfirst::x64::{Emitter, IntoOperand, Xmm, XmmM};

use crate::ir::ops::{FloatWidth, Sign};
use crate::ir::simd::Lanes;
use FloatWidth::{F32, F64};
use Lanes::{I8x16, I16x8, I32x4, I64x2};
use Sign::{Signed, Unsigned};

pub(super) trait ByLanes {
    fn add(&mut self, lanes: Lanes, d: Xmm, a: Xmm, b: impl IntoOperand<XmmM>);
    fn sub(&mut self, lanes: Lanes, d: Xmm, a: Xmm, b: impl IntoOperand<XmmM>);
    fn equal(&mut self, lanes: Lanes, d: Xmm, a: Xmm, b: impl IntoOperand<XmmM>);
    fn greater(&mut self, lanes: Lanes, d: Xmm, a: Xmm, b: impl IntoOperand<XmmM>);
    /// The lesser ones; not of `I64x2`.
    fn least(&mut self, lanes: Lanes, sign: Sign, d: Xmm, a: Xmm, b: impl IntoOperand<XmmM>);
    /// The greater ones; not of `I64x2`.
    fn most(&mut self, lanes: Lanes, sign: Sign, d: Xmm, a: Xmm, b: impl IntoOperand<XmmM>);
    /// Shifts by the number in `count`; not `I8x16`.
    fn shift_left(&mut self, lanes: Lanes, d: Xmm, a: Xmm, count: Xmm);
    /// Likewise, and `I64x2` only without a sign.
    fn shift_right(&mut self, lanes: Lanes, sign: Sign, d: Xmm, a: Xmm, count: Xmm);
    /// The lower half of the lanes with twice their bits; not of `I64x2`.
    fn extend(&mut self, lanes: Lanes, sign: Sign, d: Xmm, a: XmmM);
    /// Compares by a predicate of CMPPS.
    fn compare_floats(&mut self, width: FloatWidth, predicate: u8, d: Xmm, a: Xmm, b: impl IntoOperand<XmmM>);
    fn least_float(&mut self, width: FloatWidth, d: Xmm, a: Xmm, b: Xmm);
    fn most_float(&mut self, width: FloatWidth, d: Xmm, a: Xmm, b: Xmm);
    /// All bits one.
    fn ones(&mut self, d: Xmm);
    fn zero(&mut self, d: Xmm);
    fn invert(&mut self, d: Xmm, through: Xmm);
}

/// Said of lanes for which there is no form.
const NO_FORM: &str = "the lanes have a sequence of their own";

impl<D: Direction> ByLanes for Emitter<'_, D> {
    fn add(&mut self, lanes: Lanes, d: Xmm, a: Xmm, b: impl IntoOperand<XmmM>) {
        match lanes {
            I8x16 => self.vpaddb_xmm_xmm_xmmm128(d, a, b),
            I16x8 => self.vpaddw_xmm_xmm_xmmm128(d, a, b),
            I32x4 => self.vpaddd_xmm_xmm_xmmm128(d, a, b),
            I64x2 => self.vpaddq_xmm_xmm_xmmm128(d, a, b),
        }
    }

    fn sub(&mut self, lanes: Lanes, d: Xmm, a: Xmm, b: impl IntoOperand<XmmM>) {
        match lanes {
            I8x16 => self.vpsubb_xmm_xmm_xmmm128(d, a, b),
            I16x8 => self.vpsubw_xmm_xmm_xmmm128(d, a, b),
            I32x4 => self.vpsubd_xmm_xmm_xmmm128(d, a, b),
            I64x2 => self.vpsubq_xmm_xmm_xmmm128(d, a, b),
        }
    }

    fn equal(&mut self, lanes: Lanes, d: Xmm, a: Xmm, b: impl IntoOperand<XmmM>) {
        match lanes {
            I8x16 => self.vpcmpeqb_xmm_xmm_xmmm128(d, a, b),
            I16x8 => self.vpcmpeqw_xmm_xmm_xmmm128(d, a, b),
            I32x4 => self.vpcmpeqd_xmm_xmm_xmmm128(d, a, b),
            I64x2 => self.vpcmpeqq_xmm_xmm_xmmm128(d, a, b),
        }
    }

    fn greater(&mut self, lanes: Lanes, d: Xmm, a: Xmm, b: impl IntoOperand<XmmM>) {
        match lanes {
            I8x16 => self.vpcmpgtb_xmm_xmm_xmmm128(d, a, b),
            I16x8 => self.vpcmpgtw_xmm_xmm_xmmm128(d, a, b),
            I32x4 => self.vpcmpgtd_xmm_xmm_xmmm128(d, a, b),
            I64x2 => self.vpcmpgtq_xmm_xmm_xmmm128(d, a, b),
        }
    }

    fn least(&mut self, lanes: Lanes, sign: Sign, d: Xmm, a: Xmm, b: impl IntoOperand<XmmM>) {
        match (lanes, sign) {
            (I8x16, Signed) => self.vpminsb_xmm_xmm_xmmm128(d, a, b),
            (I8x16, Unsigned) => self.vpminub_xmm_xmm_xmmm128(d, a, b),
            (I16x8, Signed) => self.vpminsw_xmm_xmm_xmmm128(d, a, b),
            (I16x8, Unsigned) => self.vpminuw_xmm_xmm_xmmm128(d, a, b),
            (I32x4, Signed) => self.vpminsd_xmm_xmm_xmmm128(d, a, b),
            (I32x4, Unsigned) => self.vpminud_xmm_xmm_xmmm128(d, a, b),
            (I64x2, _) => unreachable!("{NO_FORM}"),
        }
    }

    fn most(&mut self, lanes: Lanes, sign: Sign, d: Xmm, a: Xmm, b: impl IntoOperand<XmmM>) {
        match (lanes, sign) {
            (I8x16, Signed) => self.vpmaxsb_xmm_xmm_xmmm128(d, a, b),
            (I8x16, Unsigned) => self.vpmaxub_xmm_xmm_xmmm128(d, a, b),
            (I16x8, Signed) => self.vpmaxsw_xmm_xmm_xmmm128(d, a, b),
            (I16x8, Unsigned) => self.vpmaxuw_xmm_xmm_xmmm128(d, a, b),
            (I32x4, Signed) => self.vpmaxsd_xmm_xmm_xmmm128(d, a, b),
            (I32x4, Unsigned) => self.vpmaxud_xmm_xmm_xmmm128(d, a, b),
            (I64x2, _) => unreachable!("{NO_FORM}"),
        }
    }

    fn shift_left(&mut self, lanes: Lanes, d: Xmm, a: Xmm, count: Xmm) {
        match lanes {
            I8x16 => unreachable!("{NO_FORM}"),
            I16x8 => self.vpsllw_xmm_xmm_xmmm128(d, a, count),
            I32x4 => self.vpslld_xmm_xmm_xmmm128(d, a, count),
            I64x2 => self.vpsllq_xmm_xmm_xmmm128(d, a, count),
        }
    }

    fn shift_right(&mut self, lanes: Lanes, sign: Sign, d: Xmm, a: Xmm, count: Xmm) {
        match (lanes, sign) {
            (I16x8, Signed) => self.vpsraw_xmm_xmm_xmmm128(d, a, count),
            (I16x8, Unsigned) => self.vpsrlw_xmm_xmm_xmmm128(d, a, count),
            (I32x4, Signed) => self.vpsrad_xmm_xmm_xmmm128(d, a, count),
            (I32x4, Unsigned) => self.vpsrld_xmm_xmm_xmmm128(d, a, count),
            (I64x2, Unsigned) => self.vpsrlq_xmm_xmm_xmmm128(d, a, count),
            (I8x16, _) | (I64x2, Signed) => unreachable!("{NO_FORM}"),
        }
    }

    fn extend(&mut self, lanes: Lanes, sign: Sign, d: Xmm, a: XmmM) {
        match (lanes, sign) {
            (I8x16, Signed) => self.vpmovsxbw_xmm_xmmm64(d, a),
            (I8x16, Unsigned) => self.vpmovzxbw_xmm_xmmm64(d, a),
            (I16x8, Signed) => self.vpmovsxwd_xmm_xmmm64(d, a),
            (I16x8, Unsigned) => self.vpmovzxwd_xmm_xmmm64(d, a),
            (I32x4, Signed) => self.vpmovsxdq_xmm_xmmm64(d, a),
            (I32x4, Unsigned) => self.vpmovzxdq_xmm_xmmm64(d, a),
            (I64x2, _) => unreachable!("no lanes are wider"),
        }
    }

    fn compare_floats(&mut self, width: FloatWidth, predicate: u8, d: Xmm, a: Xmm, b: impl IntoOperand<XmmM>) {
        match width {
            F32 => self.vcmpps_xmm_xmm_xmmm128_imm8(d, a, b, predicate),
            F64 => self.vcmppd_xmm_xmm_xmmm128_imm8(d, a, b, predicate),
        }
    }

    fn least_float(&mut self, width: FloatWidth, d: Xmm, a: Xmm, b: Xmm) {
        match width {
            F32 => self.vminps_xmm_xmm_xmmm128(d, a, b),
            F64 => self.vminpd_xmm_xmm_xmmm128(d, a, b),
        }
    }

    fn most_float(&mut self, width: FloatWidth, d: Xmm, a: Xmm, b: Xmm) {
        match width {
            F32 => self.vmaxps_xmm_xmm_xmmm128(d, a, b),
            F64 => self.vmaxpd_xmm_xmm_xmmm128(d, a, b),
        }
    }

    fn ones(&mut self, d: Xmm) {
        self.vpcmpeqd_xmm_xmm_xmmm128(d, d, d);
    }

    fn zero(&mut self, d: Xmm) {
        self.vpxor_xmm_xmm_xmmm128(d, d, d);
    }

    fn invert(&mut self, d: Xmm, through: Xmm) {
        tailfirst::block!(*self; ones(through); vpxor_xmm_xmm_xmmm128(d, d, through));
    }
}
