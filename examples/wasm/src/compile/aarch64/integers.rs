//! Operations on integers.

use tailfirst::aarch64::{Cond as Cc, Gpr32, Gpr64, LslImm32, LslImm64, Shift32, Shift64, UImm, W16, X16, X17};
use tailfirst::block;

use super::{A64, ACCEPTED, CodeLabel, Reg, w, x};
use crate::abi::TrapKind;
use crate::ir::ops::{DivOp, IntOp, IntUnary, Width};

/// What becomes of a shift's count.
const COUNT: &str = "the count is below the width";

impl A64<'_, '_> {
    pub(super) fn int_with_constant(&mut self, op: IntOp, width: Width, d: Reg, a: Reg, value: u64) {
        let enc = &mut *self.enc;
        let count = value as u32;
        match width {
            Width::W32 => {
                let (d, a) = (w(d), w(a));
                let right = UImm::wrapping(count);
                match op {
                    IntOp::Add => enc.add_w_const(d, a, value as i32).expect(ACCEPTED),
                    IntOp::Sub => enc.sub_w_const(d, a, value as i32).expect(ACCEPTED),
                    IntOp::And => enc.and_w_const(d, a, value as u32).expect(ACCEPTED),
                    IntOp::Or => enc.orr_w_const(d, a, value as u32).expect(ACCEPTED),
                    IntOp::Xor => enc.eor_w_const(d, a, value as u32).expect(ACCEPTED),
                    IntOp::Shl => enc.lsl_w_imm(d, a, LslImm32::wrapping(count)),
                    IntOp::ShrU => enc.lsr_w_imm(d, a, right),
                    IntOp::ShrS => enc.asr_w_imm(d, a, right),
                    IntOp::Rotr => enc.ror_w_imm(d, a, right),
                    IntOp::Rotl => enc.ror_w_imm(d, a, UImm::wrapping(count.wrapping_neg())),
                    IntOp::Mul => unreachable!("`immediate` refuses factors"),
                }
            }
            Width::W64 => {
                let (d, a) = (x(d), x(a));
                let right = UImm::wrapping(count);
                match op {
                    IntOp::Add => enc.add_x_const(d, a, value as i64).expect(ACCEPTED),
                    IntOp::Sub => enc.sub_x_const(d, a, value as i64).expect(ACCEPTED),
                    IntOp::And => enc.and_x_const(d, a, value).expect(ACCEPTED),
                    IntOp::Or => enc.orr_x_const(d, a, value).expect(ACCEPTED),
                    IntOp::Xor => enc.eor_x_const(d, a, value).expect(ACCEPTED),
                    IntOp::Shl => enc.lsl_x_imm(d, a, LslImm64::wrapping(count)),
                    IntOp::ShrU => enc.lsr_x_imm(d, a, right),
                    IntOp::ShrS => enc.asr_x_imm(d, a, right),
                    IntOp::Rotr => enc.ror_x_imm(d, a, right),
                    IntOp::Rotl => enc.ror_x_imm(d, a, UImm::wrapping(count.wrapping_neg())),
                    IntOp::Mul => unreachable!("`immediate` refuses factors"),
                }
            }
        }
    }

    pub(super) fn int_with_register(&mut self, op: IntOp, width: Width, d: Reg, a: Reg, b: Reg) {
        match width {
            Width::W32 => self.int_32(op, w(d), w(a), w(b)),
            Width::W64 => self.int_64(op, x(d), x(a), x(b)),
        }
    }

    pub(super) fn add_shifted(&mut self, width: Width, d: Reg, a: Reg, b: Reg, shift: u8) {
        let shift = u32::from(shift);
        match width {
            Width::W32 => self.enc.add_w_shift(w(d), w(a), w(b), Shift32::lsl(shift).expect(COUNT)),
            Width::W64 => self.enc.add_x_shift(x(d), x(a), x(b), Shift64::lsl(shift).expect(COUNT)),
        }
    }

    fn int_32(&mut self, op: IntOp, d: Gpr32, a: Gpr32, b: Gpr32) {
        let enc = &mut *self.enc;
        match op {
            IntOp::Add => enc.add_w(d, a, b),
            IntOp::Sub => enc.sub_w(d, a, b),
            IntOp::Mul => enc.mul_w(d, a, b),
            IntOp::And => enc.and_w(d, a, b),
            IntOp::Or => enc.orr_w(d, a, b),
            IntOp::Xor => enc.eor_w(d, a, b),
            IntOp::Shl => enc.lslv_w(d, a, b),
            IntOp::ShrU => enc.lsrv_w(d, a, b),
            IntOp::ShrS => enc.asrv_w(d, a, b),
            IntOp::Rotr => enc.rorv_w(d, a, b),
            IntOp::Rotl => block!(*enc; neg_w(W16, b); rorv_w(d, a, W16)),
        }
    }

    fn int_64(&mut self, op: IntOp, d: Gpr64, a: Gpr64, b: Gpr64) {
        let enc = &mut *self.enc;
        match op {
            IntOp::Add => enc.add_x(d, a, b),
            IntOp::Sub => enc.sub_x(d, a, b),
            IntOp::Mul => enc.mul_x(d, a, b),
            IntOp::And => enc.and_x(d, a, b),
            IntOp::Or => enc.orr_x(d, a, b),
            IntOp::Xor => enc.eor_x(d, a, b),
            IntOp::Shl => enc.lslv_x(d, a, b),
            IntOp::ShrU => enc.lsrv_x(d, a, b),
            IntOp::ShrS => enc.asrv_x(d, a, b),
            IntOp::Rotr => enc.rorv_x(d, a, b),
            IntOp::Rotl => block!(*enc; neg_x(X16, b); rorv_x(d, a, X16)),
        }
    }

    /// The machine's division gives zero for the divisor zero, and the least number for the quotient that is too large,
    /// so the remainder needs no case of its own.
    pub(super) fn division(&mut self, op: DivOp, width: Width, d: Reg, a: Reg, b: Reg) {
        let zero = self.trap_label(TrapKind::DivisionByZero);
        let overflow = (op == DivOp::DivS).then(|| self.trap_label(TrapKind::IntegerOverflow));
        let enc = &mut *self.enc;
        match (op, width) {
            (DivOp::DivS, Width::W32) => enc.sdiv_w(w(d), w(a), w(b)),
            (DivOp::DivS, Width::W64) => enc.sdiv_x(x(d), x(a), x(b)),
            (DivOp::DivU, Width::W32) => enc.udiv_w(w(d), w(a), w(b)),
            (DivOp::DivU, Width::W64) => enc.udiv_x(x(d), x(a), x(b)),
            (DivOp::RemS, Width::W32) => block!(*enc; sdiv_w(W16, w(a), w(b)); msub_w(w(d), W16, w(b), w(a))),
            (DivOp::RemS, Width::W64) => block!(*enc; sdiv_x(X16, x(a), x(b)); msub_x(x(d), X16, x(b), x(a))),
            (DivOp::RemU, Width::W32) => block!(*enc; udiv_w(W16, w(a), w(b)); msub_w(w(d), W16, w(b), w(a))),
            (DivOp::RemU, Width::W64) => block!(*enc; udiv_x(X16, x(a), x(b)); msub_x(x(d), X16, x(b), x(a))),
        }
        if let Some(overflow) = overflow {
            // The least number by -1: a comparison of it with 1 overflows, and of no other.
            enc.forward(|asm| {
                let fits = asm.label();
                match width {
                    Width::W32 => asm.cmp_w_const(w(b), -1).expect(ACCEPTED),
                    Width::W64 => asm.cmp_x_const(x(b), -1).expect(ACCEPTED),
                }
                asm.b_cond(Cc::NE, fits);
                match width {
                    Width::W32 => asm.cmp_w_const(w(a), 1).expect(ACCEPTED),
                    Width::W64 => asm.cmp_x_const(x(a), 1).expect(ACCEPTED),
                }
                asm.b_cond(Cc::VS, overflow);
                asm.bind(fits);
            });
        }
        match width {
            Width::W32 => self.enc.cbz_w(w(b), zero),
            Width::W64 => self.enc.cbz_x(x(b), zero),
        }
    }

    pub(super) fn int_of_int(&mut self, op: IntUnary, width: Width, d: Reg, a: Reg) {
        let enc = &mut *self.enc;
        match (op, width) {
            (IntUnary::Clz, Width::W32) => enc.clz_w(w(d), w(a)),
            (IntUnary::Clz, Width::W64) => enc.clz_x(x(d), x(a)),
            (IntUnary::Ctz, Width::W32) => block!(*enc; rbit_w(W16, w(a)); clz_w(w(d), W16)),
            (IntUnary::Ctz, Width::W64) => block!(*enc; rbit_x(X16, x(a)); clz_x(x(d), X16)),
            (IntUnary::Popcnt, _) => self.count_bits(w(d), x(a)),
            (IntUnary::Extend8, Width::W32) => enc.sxtb_w(w(d), w(a)),
            (IntUnary::Extend8, Width::W64) => enc.sxtb_x(x(d), w(a)),
            (IntUnary::Extend16, Width::W32) => enc.sxth_w(w(d), w(a)),
            (IntUnary::Extend16, Width::W64) => enc.sxth_x(x(d), w(a)),
            (IntUnary::Extend32, _) => enc.sxtw_x(x(d), w(a)),
            (IntUnary::Wrap, _) => enc.mov_w(w(d), w(a)),
        }
    }

    /// Goes to the label of that number, by a table of distances that lies behind the jump.
    pub(super) fn jump_table(&mut self, index: Gpr32, labels: &[CodeLabel]) {
        let last = labels.len() as u32 - 1;
        let enc = &mut *self.enc;
        enc.in_order(labels, |enc, &label| enc.data_offset(label));
        let table = enc.here();
        enc.br(X17);
        enc.add_x(X17, X17, X16);
        enc.ldrsw_x(X16, X17).expect(super::NO_OFFSET);
        block!(*enc;
            mov_w_imm(W16, last);
            cmp_w(index, W16);
            csel_w(W16, index, W16, Cc::LO);
            adr(X17, table);
            add_x_shift(X17, X17, X16, const { Shift64::lsl(2).expect(COUNT) });
        );
    }
}
