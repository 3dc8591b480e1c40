//! The compiler for AArch64.
//!
//! The bytecode's registers are some that a function may change: no stack frame. X16 and X17 are scratch.

use tailfirst::aarch64::*;
use tailfirst::{Code, FinishError, Label, aarch64};

use crate::bytecode::{Bytecode, Cond, Imm, Op, Operand, Program, Reg, Register, WORDS};

/// What a program becomes: a function of its argument and its memory, which come in X0 and X1.
pub type Function = unsafe extern "C" fn(u64, *mut u64) -> u64;

const REGISTERS: [Gpr64; 5] = [X2, X0, X3, X4, X5];
const MEMORY: Gpr64 = X1;

fn gpr(register: Register) -> Gpr64 {
    REGISTERS[register as usize]
}

#[derive(Default)]
pub struct Compiler {
    asm: Assembler<'static>,
    labels: Vec<Label>,
}

impl Compiler {
    /// The machine code of a program.
    pub fn compile(&mut self, program: &Program) -> Result<Code<'_, A64>, FinishError> {
        self.asm.clear();
        self.labels.clear();
        self.labels.extend(program.bytecodes().iter().map(|_| self.asm.label()));
        for register in REGISTERS.into_iter().filter(|&register| register != X0) {
            self.asm.mov_x(register, XZR);
        }
        for (at, &bytecode) in program.bytecodes().iter().enumerate() {
            self.asm.bind(self.labels[at]);
            self.bytecode(bytecode);
        }
        self.asm.finish()
    }

    fn bytecode(&mut self, bytecode: Bytecode) {
        match bytecode {
            Bytecode::Alu(op, dst, src) => self.operation(op, gpr(dst), src),
            Bytecode::Jump(target) => self.asm.b(self.labels[target]),
            Bytecode::JumpIf(cond, a, b, target) => {
                let cond = self.compare(cond, gpr(a), b);
                self.asm.b_cond(cond, self.labels[target]);
            }
            Bytecode::Load(dst, base, displacement) => {
                self.address(gpr(base), displacement);
                self.asm.ldr_x_reg(gpr(dst), MEMORY, X16);
            }
            Bytecode::Store(base, displacement, src) => {
                self.address(gpr(base), displacement);
                self.asm.str_x_reg(gpr(src), MEMORY, X16);
            }
            Bytecode::Exit => {
                self.asm.mov_x(X0, gpr(Register::R0));
                self.asm.ret();
            }
        }
    }

    fn operation(&mut self, op: Op, dst: Gpr64, src: Operand) {
        match (op, src) {
            (Op::Mov, Imm(imm)) => return self.asm.mov_x_imm(dst, imm as u64),
            (Op::Add, Imm(imm)) => return self.add(dst, dst, imm.into()),
            (Op::Sub, Imm(imm)) => return self.add(dst, dst, -i64::from(imm)),
            _ => {}
        }
        let src = self.in_register(src);
        let asm = &mut self.asm;
        match op {
            Op::Mov => asm.mov_x(dst, src),
            Op::Add => asm.add_sub_x(AddSub::Add, dst, dst, src),
            Op::Sub => asm.add_sub_x(AddSub::Sub, dst, dst, src),
            Op::Mul => asm.mul_x(dst, dst, src),
            // By 0 the quotient is 0, here as there; and so the remainder is the dividend.
            Op::Div => asm.udiv_x(dst, dst, src),
            Op::Mod => {
                asm.udiv_x(X17, dst, src);
                asm.msub_x(dst, X17, src, dst);
            }
            Op::And => asm.logic_x(Logic::And, dst, dst, src),
            Op::Or => asm.logic_x(Logic::Orr, dst, dst, src),
            Op::Xor => asm.logic_x(Logic::Eor, dst, dst, src),
            Op::Lsh => asm.shift_by_x(ShiftBy::Lsl, dst, dst, src),
            Op::Rsh => asm.shift_by_x(ShiftBy::Lsr, dst, dst, src),
            Op::Arsh => asm.shift_by_x(ShiftBy::Asr, dst, dst, src),
        }
    }

    fn in_register(&mut self, operand: Operand) -> Gpr64 {
        match operand {
            Reg(register) => gpr(register),
            Imm(imm) => {
                self.asm.mov_x_imm(X16, imm as u64);
                X16
            }
        }
    }

    /// Adds a constant: an immediate if there is one.
    fn add(&mut self, dst: Gpr64, a: Gpr64, value: i64) {
        if self.asm.add_x_const(dst, a, value).is_err() {
            self.asm.mov_x_imm(X16, value as u64);
            self.asm.add_x(dst, a, X16);
        }
    }

    /// Compares, and gives the condition that then holds.
    fn compare(&mut self, cond: Cond, a: Gpr64, b: Operand) -> aarch64::Cond {
        let b = self.in_register(b);
        match cond {
            Cond::Set => self.asm.tst_x(a, b),
            _ => self.asm.cmp_x(a, b),
        }
        match cond {
            Cond::Eq => aarch64::Cond::EQ,
            Cond::Ne | Cond::Set => aarch64::Cond::NE,
            Cond::Gt => aarch64::Cond::HI,
            Cond::Ge => aarch64::Cond::HS,
            Cond::Lt => aarch64::Cond::LO,
            Cond::Le => aarch64::Cond::LS,
            Cond::Sgt => aarch64::Cond::GT,
            Cond::Sge => aarch64::Cond::GE,
            Cond::Slt => aarch64::Cond::LT,
            Cond::Sle => aarch64::Cond::LE,
        }
    }

    /// Brings the offset of an address's word in the memory to X16.
    fn address(&mut self, base: Gpr64, displacement: i32) {
        self.add(X16, base, displacement.into());
        self.asm.and_x_imm(X16, X16, LogicalImm64::of::<{ 8 * (WORDS as u64 - 1) }>());
    }
}
