//! Operations on floats, and conversions.
//!
//! Minimum and maximum of the machine give the second operand if the two are equal or one is NaN, so zeros of both
//! signs and NaNs have cases of their own. A truncation gives the least integer if the float does not fit, and that is
//! what is looked at first; why it does not fit is found out afterwards.

use tailfirst::x64::{Alu, Arith, Assembler, EAX, Emitter, Encoder, Gpr32, Gpr64, RAX, Shift, XMM15, Xmm};
use tailfirst::{Direction, Label, block};

use super::{Folded, Reg, X64, gpr, gpr32, xmm};
use crate::abi::TrapKind;
use crate::ir::ops::{Convert, FloatCond, FloatOp, FloatUnary, FloatWidth, Misfit, Sign, Width};
use FloatWidth::{F32, F64};

/// Forms of both widths by one name.
trait Wide {
    fn arith(&mut self, width: FloatWidth, arith: Arith, d: Xmm, b: Xmm);
    fn compare(&mut self, width: FloatWidth, a: Xmm, b: Xmm);
    fn copy_float(&mut self, d: Xmm, a: Xmm);
    /// Truncates to 64 bits.
    fn truncate(&mut self, width: FloatWidth, d: Gpr64, a: Xmm);
    /// From 64 bits.
    fn convert_int(&mut self, width: FloatWidth, d: Xmm, a: Gpr64);
}

impl<D: Direction> Wide for Emitter<'_, D> {
    fn arith(&mut self, width: FloatWidth, arith: Arith, d: Xmm, b: Xmm) {
        match width {
            F32 => self.arithss_xmm_xmmm32(arith, d, b),
            F64 => self.arithsd_xmm_xmmm64(arith, d, b),
        }
    }

    fn compare(&mut self, width: FloatWidth, a: Xmm, b: Xmm) {
        match width {
            F32 => self.ucomiss_xmm_xmmm32(a, b),
            F64 => self.ucomisd_xmm_xmmm64(a, b),
        }
    }

    fn copy_float(&mut self, d: Xmm, a: Xmm) {
        if d != a {
            self.movaps_xmm_xmmm128(d, a);
        }
    }

    fn truncate(&mut self, width: FloatWidth, d: Gpr64, a: Xmm) {
        match width {
            F32 => self.cvttss2si_r64_xmmm32(d, a),
            F64 => self.cvttsd2si_r64_xmmm64(d, a),
        }
    }

    fn convert_int(&mut self, width: FloatWidth, d: Xmm, a: Gpr64) {
        match width {
            F32 => self.cvtsi2ss_xmm_rm64(d, a),
            F64 => self.cvtsi2sd_xmm_rm64(d, a),
        }
    }
}

/// The sign bit, in both halves of a register, so that it is an operand of 16 bytes.
fn sign_bit(width: FloatWidth) -> u64 {
    match width {
        F32 => 1 << 31,
        F64 => 1 << 63,
    }
}

fn mask(enc: &mut Encoder<'_>, bits: u64) -> Label {
    enc.constant_u128(u128::from(bits) << 64 | u128::from(bits))
}

fn float_bits(width: FloatWidth, value: f64) -> u64 {
    match width {
        F32 => (value as f32).to_bits().into(),
        F64 => value.to_bits(),
    }
}

impl X64<'_, '_> {
    pub(super) fn float_operation(&mut self, op: FloatOp, width: FloatWidth, d: Xmm, a: Xmm, b: Xmm) {
        let arith = match op {
            FloatOp::Add => Arith::Add,
            FloatOp::Sub => Arith::Sub,
            FloatOp::Mul => Arith::Mul,
            FloatOp::Div => Arith::Div,
            FloatOp::Min => return self.extreme(Arith::Min, width, d, a, b),
            FloatOp::Max => return self.extreme(Arith::Max, width, d, a, b),
            FloatOp::Copysign => return self.copysign(width, d, a, b),
        };
        // Only what commutes lets the result be where the second operand is.
        let (a, b) = if d == b { (b, a) } else { (a, b) };
        block!(*self.enc; copy_float(d, a); arith(width, arith, d, b));
    }

    pub(super) fn float_with_load(&mut self, op: FloatOp, width: FloatWidth, d: Xmm, a: Xmm, load: Folded) {
        let arith = match op {
            FloatOp::Add => Arith::Add,
            FloatOp::Sub => Arith::Sub,
            FloatOp::Mul => Arith::Mul,
            FloatOp::Div => Arith::Div,
            FloatOp::Min | FloatOp::Max | FloatOp::Copysign => unreachable!("`folds` refuses {op:?}"),
        };
        let place = Self::place(load.access);
        match width {
            F32 => self.enc.arithss_xmm_xmmm32(arith, d, place),
            F64 => self.enc.arithsd_xmm_xmmm64(arith, d, place),
        }
        self.approach_folded(load);
        self.enc.copy_float(d, a);
    }

    fn extreme(&mut self, arith: Arith, width: FloatWidth, d: Xmm, a: Xmm, b: Xmm) {
        self.enc.forward(|asm| {
            let (differ, unordered, done) = (asm.label(), asm.label(), asm.label());
            asm.copy_float(d, a);
            asm.compare(width, d, b);
            asm.jp(unordered);
            asm.jne(differ);
            // Equal: zeros of both signs, or the same.
            if arith == Arith::Min {
                asm.orps_xmm_xmmm128(d, b)
            } else {
                asm.andps_xmm_xmmm128(d, b)
            }
            asm.jmp(done);
            asm.bind(unordered);
            asm.arith(width, Arith::Add, d, b);
            asm.jmp(done);
            asm.bind(differ);
            asm.arith(width, arith, d, b);
            asm.bind(done);
        });
    }

    fn copysign(&mut self, width: FloatWidth, d: Xmm, a: Xmm, b: Xmm) {
        let sign = mask(self.enc, sign_bit(width));
        let others = mask(self.enc, !sign_bit(width));
        block!(*self.enc;
            copy_float(XMM15, b);
            andps_xmm_xmmm128(XMM15, sign);
            copy_float(d, a);
            andps_xmm_xmmm128(d, others);
            orps_xmm_xmmm128(d, XMM15);
        );
    }

    pub(super) fn float_of_float(&mut self, op: FloatUnary, width: FloatWidth, d: Xmm, a: Xmm) {
        let rounding = match op {
            FloatUnary::Abs => {
                let others = mask(self.enc, !sign_bit(width));
                return block!(*self.enc; copy_float(d, a); andps_xmm_xmmm128(d, others));
            }
            FloatUnary::Neg => {
                let sign = mask(self.enc, sign_bit(width));
                return block!(*self.enc; copy_float(d, a); xorps_xmm_xmmm128(d, sign));
            }
            FloatUnary::Sqrt => {
                return match width {
                    F32 => self.enc.sqrtss_xmm_xmmm32(d, a),
                    F64 => self.enc.sqrtsd_xmm_xmmm64(d, a),
                };
            }
            // No exception if the result is not exact.
            FloatUnary::Nearest => 8,
            FloatUnary::Floor => 8 | 1,
            FloatUnary::Ceil => 8 | 2,
            FloatUnary::Trunc => 8 | 3,
        };
        match width {
            F32 => self.enc.roundss_xmm_xmmm32_imm8(d, a, rounding),
            F64 => self.enc.roundsd_xmm_xmmm64_imm8(d, a, rounding),
        }
    }

    /// One if the operands are equal, or if they are not; flags would tell by two of them.
    pub(super) fn set_equal(&mut self, cond: FloatCond, width: FloatWidth, d: Gpr32, a: Xmm, b: Xmm) {
        let predicate = if cond == FloatCond::Eq { 0 } else { 4 };
        let enc = &mut *self.enc;
        block!(*enc; movd_rm32_xmm(d, XMM15); and_rm32_imm(d, 1));
        match width {
            F32 => enc.cmpss_xmm_xmmm32_imm8(XMM15, b, predicate),
            F64 => enc.cmpsd_xmm_xmmm64_imm8(XMM15, b, predicate),
        }
        enc.copy_float(XMM15, a);
    }

    pub(super) fn conversion(&mut self, op: Convert, d: Reg, a: Reg) {
        let enc = &mut *self.enc;
        match op {
            Convert::Demote => enc.cvtsd2ss_xmm_xmmm64(xmm(d), xmm(a)),
            Convert::Promote => enc.cvtss2sd_xmm_xmmm32(xmm(d), xmm(a)),
            Convert::IntBits(F32) => enc.movd_rm32_xmm(gpr32(d), xmm(a)),
            Convert::IntBits(F64) => enc.movq_rm64_xmm(gpr(d), xmm(a)),
            Convert::FloatBits(F32) => enc.movd_xmm_rm32(xmm(d), gpr32(a)),
            Convert::FloatBits(F64) => enc.movq_xmm_rm64(xmm(d), gpr(a)),
            Convert::ToFloat { from: Width::W64, to, sign: Sign::Unsigned } => {
                self.unsigned_to_float(to, xmm(d), gpr(a));
            }
            Convert::ToFloat { from, to, sign } => {
                match (from, sign, to) {
                    (Width::W32, Sign::Signed, F32) => enc.cvtsi2ss_xmm_rm32(xmm(d), gpr32(a)),
                    (Width::W32, Sign::Signed, F64) => enc.cvtsi2sd_xmm_rm32(xmm(d), gpr32(a)),
                    // The upper half of 32 bits is zero.
                    _ => enc.convert_int(to, xmm(d), gpr(a)),
                }
                // The conversion leaves the rest of the register alone, and so would wait for who wrote it last.
                enc.xorps_xmm_xmmm128(xmm(d), xmm(d));
            }
            Convert::ToInt { from, to, sign, misfit } => self.truncate_checked(from, to, sign, misfit, d, xmm(a)),
        }
    }

    fn unsigned_to_float(&mut self, to: FloatWidth, d: Xmm, a: Gpr64) {
        self.enc.forward(|asm| {
            let (large, done) = (asm.label(), asm.label());
            asm.xorps_xmm_xmmm128(d, d);
            asm.test_rm64_r64(a, a);
            asm.js(large);
            asm.convert_int(to, d, a);
            asm.jmp(done);
            // Half of it, rounded to odd, and doubled.
            asm.bind(large);
            let even = asm.label();
            asm.mov_r64_rm64(RAX, a);
            asm.shift_rm64_imm8(Shift::Shr, RAX, 1);
            asm.jnc(even);
            asm.or_rm64_imm(RAX, 1);
            asm.bind(even);
            asm.convert_int(to, d, RAX);
            asm.arith(to, Arith::Add, d, d);
            asm.bind(done);
        });
    }

    fn truncate_checked(&mut self, from: FloatWidth, to: Width, sign: Sign, misfit: Misfit, d: Reg, a: Xmm) {
        let traps = (misfit == Misfit::Trap)
            .then(|| (self.trap_label(TrapKind::InvalidConversion), self.trap_label(TrapKind::IntegerOverflow)));
        let truncation = Truncation { from, to, sign, d: gpr(d), a };
        self.enc.forward(|asm| {
            let (misfit, done) = (asm.label(), asm.label());
            truncation.fast(asm, misfit, done);
            asm.bind(misfit);
            match traps {
                Some((invalid, overflow)) => truncation.trap(asm, invalid, overflow, done),
                None => truncation.saturate(asm, done),
            }
            asm.bind(done);
        });
    }
}

/// A conversion of the float in `a` to an integer in `d`.
#[derive(Clone, Copy)]
struct Truncation {
    from: FloatWidth,
    to: Width,
    sign: Sign,
    d: Gpr64,
    a: Xmm,
}

impl Truncation {
    /// Loads a constant into XMM15.
    fn constant(self, asm: &mut Assembler<'_>, value: f64) {
        let constant = asm.constant_u64(float_bits(self.from, value));
        asm.movsd_xmm_xmmm64(XMM15, constant);
    }

    /// Goes to `done` with the result, or to `misfit`, which is what follows.
    fn fast(self, asm: &mut Assembler<'_>, misfit: Label, done: Label) {
        let Truncation { from, to, sign, d, a } = self;
        match (to, sign) {
            (Width::W32, _) => {
                // 64 bits hold what 32 should; the result fits if nothing is lost.
                asm.truncate(from, RAX, a);
                match sign {
                    Sign::Signed => asm.movsxd_r64_rm32(d, EAX),
                    Sign::Unsigned => asm.mov_r32_rm32(d.r32(), EAX),
                }
                asm.cmp_rm64_r64(d, RAX);
                asm.jne(misfit);
                asm.mov_r32_rm32(d.r32(), EAX);
                asm.jmp(done);
            }
            (Width::W64, Sign::Signed) => {
                asm.truncate(from, d, a);
                // Only the least number less one overflows.
                asm.cmp_rm64_imm(d, 1);
                asm.jno(done);
            }
            (Width::W64, Sign::Unsigned) => {
                let large = asm.label();
                self.constant(asm, 9_223_372_036_854_775_808.0);
                asm.compare(from, a, XMM15);
                asm.jp(misfit);
                asm.jae(large);
                asm.truncate(from, d, a);
                asm.test_rm64_r64(d, d);
                asm.jns(done);
                asm.jmp(misfit);
                asm.bind(large);
                // XMM15 = a - 2^63, as the negative of what it holds and the operand.
                self.constant(asm, -9_223_372_036_854_775_808.0);
                asm.arith(from, Arith::Add, XMM15, a);
                asm.truncate(from, d, XMM15);
                asm.btc_rm64_imm8(d, 63);
                asm.test_rm64_r64(d, d);
                asm.js(done);
            }
        }
    }

    fn trap(self, asm: &mut Assembler<'_>, invalid: Label, overflow: Label, done: Label) {
        asm.compare(self.from, self.a, self.a);
        asm.jp(invalid);
        if let (Width::W64, Sign::Signed) = (self.to, self.sign) {
            // The least number may be the right one.
            self.constant(asm, -9_223_372_036_854_775_808.0);
            asm.compare(self.from, self.a, XMM15);
            asm.je(done);
        }
        asm.jmp(overflow);
    }

    fn saturate(self, asm: &mut Assembler<'_>, done: Label) {
        let (least, most) = match (self.to, self.sign) {
            (Width::W32, Sign::Signed) => (0x8000_0000, 0x7fff_ffff),
            (Width::W64, Sign::Signed) => (i64::MIN, i64::MAX),
            (Width::W32, Sign::Unsigned) => (0, 0xffff_ffff),
            (Width::W64, Sign::Unsigned) => (0, -1),
        };
        // Neither constants nor copies of them touch the flags of the comparison.
        asm.xorps_xmm_xmmm128(XMM15, XMM15);
        asm.compare(self.from, self.a, XMM15);
        asm.mov_r64_imm(self.d, most);
        asm.ja(done);
        asm.mov_r64_imm(self.d, least);
        asm.jnp(done);
        asm.alu_rm64_r64(Alu::Xor, self.d, self.d);
    }
}
