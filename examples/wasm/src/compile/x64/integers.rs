//! Operations on integers.

use tailfirst::x64::{Alu, Cond, EAX, EDX, Emitter, Gpr64, Mem, RAX, RCX, RDX, Shift};
use tailfirst::{Direction, block};

use super::{Operand, Reg, X64, gpr, gpr8, gpr32, immediate};
use crate::abi::TrapKind;
use crate::ir::ops::{DivOp, IntOp, IntUnary, Width};

/// What the machine has for an operation.
enum Operation {
    Alu(Alu),
    Shift(Shift),
    Multiply,
}

fn operation(op: IntOp) -> Operation {
    match op {
        IntOp::Add => Operation::Alu(Alu::Add),
        IntOp::Sub => Operation::Alu(Alu::Sub),
        IntOp::And => Operation::Alu(Alu::And),
        IntOp::Or => Operation::Alu(Alu::Or),
        IntOp::Xor => Operation::Alu(Alu::Xor),
        IntOp::Shl => Operation::Shift(Shift::Shl),
        IntOp::ShrS => Operation::Shift(Shift::Sar),
        IntOp::ShrU => Operation::Shift(Shift::Shr),
        IntOp::Rotl => Operation::Shift(Shift::Rol),
        IntOp::Rotr => Operation::Shift(Shift::Ror),
        IntOp::Mul => Operation::Multiply,
    }
}

/// Forms of both widths by one name.
pub(super) trait Wide {
    fn copy(&mut self, width: Width, d: Reg, a: Reg);
    fn alu(&mut self, width: Width, alu: Alu, d: Reg, b: Reg);
    fn alu_imm(&mut self, width: Width, alu: Alu, d: Reg, value: i32);
    fn shift_cl(&mut self, width: Width, shift: Shift, d: Reg);
    fn shift_imm(&mut self, width: Width, shift: Shift, d: Reg, count: u8);
    fn multiply(&mut self, width: Width, d: Reg, b: Reg);
    fn test_self(&mut self, width: Width, a: Reg);
}

impl<D: Direction> Wide for Emitter<'_, D> {
    /// Of 64 bits always: the upper half is zero where it should be.
    fn copy(&mut self, _: Width, d: Reg, a: Reg) {
        if d != a {
            self.mov_r64_rm64(gpr(d), gpr(a));
        }
    }

    fn alu(&mut self, width: Width, alu: Alu, d: Reg, b: Reg) {
        match width {
            Width::W32 => self.alu_rm32_r32(alu, gpr32(d), gpr32(b)),
            Width::W64 => self.alu_rm64_r64(alu, gpr(d), gpr(b)),
        }
    }

    fn alu_imm(&mut self, width: Width, alu: Alu, d: Reg, value: i32) {
        match width {
            Width::W32 => self.alu_rm32_imm(alu, gpr32(d), value),
            Width::W64 => self.alu_rm64_imm(alu, gpr(d), value),
        }
    }

    fn shift_cl(&mut self, width: Width, shift: Shift, d: Reg) {
        match width {
            Width::W32 => self.shift_rm32_cl(shift, gpr32(d)),
            Width::W64 => self.shift_rm64_cl(shift, gpr(d)),
        }
    }

    fn shift_imm(&mut self, width: Width, shift: Shift, d: Reg, count: u8) {
        match width {
            Width::W32 => self.shift_rm32_imm8(shift, gpr32(d), count & 31),
            Width::W64 => self.shift_rm64_imm8(shift, gpr(d), count & 63),
        }
    }

    fn multiply(&mut self, width: Width, d: Reg, b: Reg) {
        match width {
            Width::W32 => self.imul_r32_rm32(gpr32(d), gpr32(b)),
            Width::W64 => self.imul_r64_rm64(gpr(d), gpr(b)),
        }
    }

    fn test_self(&mut self, width: Width, a: Reg) {
        match width {
            Width::W32 => self.test_rm32_r32(gpr32(a), gpr32(a)),
            Width::W64 => self.test_rm64_r64(gpr(a), gpr(a)),
        }
    }
}

impl X64<'_, '_> {
    pub(super) fn int_operation(&mut self, op: IntOp, width: Width, d: Reg, a: Reg, b: Operand) {
        match b {
            Operand::Immediate(value) => self.int_with_constant(op, width, d, a, value),
            // The operands of what commutes may be the other way round.
            Operand::Reg(b) if op.commutes() && d == b => self.int_with_register(op, width, d, b, a),
            Operand::Reg(b) => self.int_with_register(op, width, d, a, b),
        }
    }

    fn int_with_constant(&mut self, op: IntOp, width: Width, d: Reg, a: Reg, bits: u64) {
        let value = immediate(width, bits).unwrap_or_default();
        if let Operation::Alu(_) = operation(op)
            && (op != IntOp::Add || d == a)
        {
            self.sets_flags(width, d);
        }
        let enc = &mut *self.enc;
        match (operation(op), width) {
            (Operation::Alu(Alu::Add), Width::W32) if d != a => enc.lea_r32_m(gpr32(d), gpr(a) + value),
            (Operation::Alu(Alu::Add), Width::W64) if d != a => enc.lea_r64_m(gpr(d), gpr(a) + value),
            (Operation::Alu(alu), _) => block!(*enc; copy(width, d, a); alu_imm(width, alu, d, value)),
            (Operation::Shift(Shift::Shl), Width::W64) if d != a && bits & 63 == 1 => {
                enc.lea_r64_m(gpr(d), gpr(a) + gpr(a));
            }
            (Operation::Shift(shift), _) => {
                block!(*enc; copy(width, d, a); shift_imm(width, shift, d, bits as u8));
            }
            (Operation::Multiply, Width::W32) => enc.imul_r32_rm32_imm(gpr32(d), gpr32(a), value),
            (Operation::Multiply, Width::W64) => enc.imul_r64_rm64_imm(gpr(d), gpr(a), value),
        }
    }

    fn int_with_register(&mut self, op: IntOp, width: Width, d: Reg, a: Reg, b: Reg) {
        if let Operation::Alu(_) = operation(op)
            && (op != IntOp::Add || d == a)
        {
            self.sets_flags(width, d);
        }
        let enc = &mut *self.enc;
        match (operation(op), width) {
            (Operation::Alu(Alu::Add), Width::W32) if d != a => enc.lea_r32_m(gpr32(d), gpr(a) + gpr(b)),
            (Operation::Alu(Alu::Add), Width::W64) if d != a => enc.lea_r64_m(gpr(d), gpr(a) + gpr(b)),
            (Operation::Alu(alu), _) => block!(*enc; copy(width, d, a); alu(width, alu, d, b)),
            (Operation::Shift(shift), _) => block!(*enc;
                copy(width, Reg::int(RCX.number()), b);
                copy(width, d, a);
                shift_cl(width, shift, d);
            ),
            (Operation::Multiply, _) => block!(*enc; copy(width, d, a); multiply(width, d, b)),
        }
    }

    pub(super) fn division(&mut self, op: DivOp, width: Width, d: Reg, a: Reg, b: Reg) {
        let zero = self.trap_label(TrapKind::DivisionByZero);
        let overflow = (op == DivOp::DivS).then(|| self.trap_label(TrapKind::IntegerOverflow));
        let rax = Reg::int(RAX.number());
        let rdx = Reg::int(RDX.number());
        self.enc.forward(|asm| {
            let done = asm.label();
            asm.test_self(width, b);
            asm.jz(zero);
            match (op, overflow) {
                (DivOp::DivS, Some(overflow)) => {
                    // The least number by -1: a comparison of it with 1 overflows, and of no other.
                    let ok = asm.label();
                    asm.alu_imm(width, Alu::Cmp, b, -1);
                    asm.jne(ok);
                    asm.alu_imm(width, Alu::Cmp, a, 1);
                    asm.jo(overflow);
                    asm.bind(ok);
                }
                (DivOp::RemS, _) => {
                    asm.xor_rm32_r32(EDX, EDX);
                    asm.alu_imm(width, Alu::Cmp, b, -1);
                    asm.je(done);
                }
                _ => {}
            }
            asm.copy(width, rax, a);
            match (op, width) {
                (DivOp::DivS | DivOp::RemS, Width::W32) => {
                    asm.cdq();
                    asm.idiv_rm32(gpr32(b));
                }
                (DivOp::DivS | DivOp::RemS, Width::W64) => {
                    asm.cqo();
                    asm.idiv_rm64(gpr(b));
                }
                (DivOp::DivU | DivOp::RemU, Width::W32) => {
                    asm.xor_rm32_r32(EDX, EDX);
                    asm.div_rm32(gpr32(b));
                }
                (DivOp::DivU | DivOp::RemU, Width::W64) => {
                    asm.xor_rm32_r32(EDX, EDX);
                    asm.div_rm64(gpr(b));
                }
            }
            asm.bind(done);
            let result = if matches!(op, DivOp::DivS | DivOp::DivU) { rax } else { rdx };
            asm.copy(width, d, result);
        });
    }

    pub(super) fn int_of_int(&mut self, op: IntUnary, width: Width, d: Reg, a: Reg) {
        let enc = &mut *self.enc;
        match (op, width) {
            (IntUnary::Clz, _) => {
                // BSR leaves the number of the highest bit, and something if there is none; that is 31 or 63 without
                // it, and twice the bits less one is what gives the width.
                enc.forward(|asm| {
                    let some = asm.label();
                    asm.scan_reverse(width, a);
                    asm.jnz(some);
                    asm.mov_r32_imm32(EAX, 2 * width.bits() as i32 - 1);
                    asm.bind(some);
                    asm.xor_rm32_imm(EAX, width.bits() as i32 - 1);
                    asm.copy(width, d, Reg::int(RAX.number()));
                });
            }
            (IntUnary::Ctz, _) => {
                enc.forward(|asm| {
                    let some = asm.label();
                    asm.scan(width, a);
                    asm.jnz(some);
                    asm.mov_r32_imm32(EAX, width.bits() as i32);
                    asm.bind(some);
                    asm.copy(width, d, Reg::int(RAX.number()));
                });
            }
            (IntUnary::Popcnt, Width::W32) => enc.popcnt_r32_rm32(gpr32(d), gpr32(a)),
            (IntUnary::Popcnt, Width::W64) => enc.popcnt_r64_rm64(gpr(d), gpr(a)),
            (IntUnary::Extend8, Width::W32) => enc.movsx_r32_rm8(gpr32(d), gpr8(a)),
            (IntUnary::Extend8, Width::W64) => enc.movsx_r64_rm8(gpr(d), gpr8(a)),
            (IntUnary::Extend16, Width::W32) => enc.movsx_r32_rm16(gpr32(d), gpr32(a).r16()),
            (IntUnary::Extend16, Width::W64) => enc.movsx_r64_rm16(gpr(d), gpr32(a).r16()),
            (IntUnary::Extend32, _) => enc.movsxd_r64_rm32(gpr(d), gpr32(a)),
            (IntUnary::Wrap, _) => enc.mov_r32_rm32(gpr32(d), gpr32(a)),
        }
    }
}

/// Scans for bits, into RAX.
trait Scan {
    fn scan(&mut self, width: Width, a: Reg);
    fn scan_reverse(&mut self, width: Width, a: Reg);
}

impl<D: Direction> Scan for Emitter<'_, D> {
    fn scan(&mut self, width: Width, a: Reg) {
        match width {
            Width::W32 => self.bsf_r32_rm32(EAX, gpr32(a)),
            Width::W64 => self.bsf_r64_rm64(RAX, gpr(a)),
        }
    }

    fn scan_reverse(&mut self, width: Width, a: Reg) {
        match width {
            Width::W32 => self.bsr_r32_rm32(EAX, gpr32(a)),
            Width::W64 => self.bsr_r64_rm64(RAX, gpr(a)),
        }
    }
}

impl X64<'_, '_> {
    /// Goes to the label of that number, by a table of distances that lies behind the jump.
    pub(super) fn jump_table(&mut self, index: Gpr64, temporary: Gpr64, labels: &[super::CodeLabel]) {
        let last = labels.len() as i32 - 1;
        let enc = &mut *self.enc;
        enc.in_order(labels, |enc, &label| enc.data_offset(label));
        let table = enc.here();
        block!(*enc;
            mov_r32_imm32(EAX, last);
            cmp_rm32_r32(index.r32(), EAX);
            cmovcc_r32_rm32(Cond::B, EAX, index.r32());
            lea_r64_m(temporary, table);
            lea_r64_m(RAX, temporary + RAX * 4);
            movsxd_r64_rm32(temporary, Mem::from(RAX));
            add_r64_rm64(RAX, temporary);
            jmp_rm64(RAX);
        );
    }
}
