//! The compiler for x86-64.
//!
//! The bytecode's registers are some that a function may change: no stack frame. RAX, RCX and RDX are scratch.

use tailfirst::x64::*;
use tailfirst::{Code, FinishError, Label, x64};

use crate::bytecode::{Bytecode, Cond, Imm, Op, Operand, Program, Reg, Register, WORDS};

/// What a program becomes: a function of its argument and its memory, which come in RDI and RSI.
pub type Function = unsafe extern "sysv64" fn(u64, *mut u64) -> u64;

const REGISTERS: [Gpr64; 5] = [R8, RDI, R9, R10, R11];
const MEMORY: Gpr64 = RSI;

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
    pub fn compile(&mut self, program: &Program) -> Result<Code<'_, X64>, FinishError> {
        self.asm.clear();
        self.labels.clear();
        self.labels.extend(program.bytecodes().iter().map(|_| self.asm.label()));
        for register in REGISTERS.into_iter().filter(|&register| register != RDI) {
            self.asm.xor_rm32_r32(register.r32(), register.r32());
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
            Bytecode::Jump(target) => self.asm.jmp(self.labels[target]),
            Bytecode::JumpIf(cond, a, b, target) => {
                let cond = self.compare(cond, gpr(a), b);
                self.asm.jcc(cond, self.labels[target]);
            }
            Bytecode::Load(dst, base, displacement) => {
                self.address(gpr(base), displacement);
                self.asm.mov_r64_rm64(gpr(dst), MEMORY + RAX);
            }
            Bytecode::Store(base, displacement, src) => {
                self.address(gpr(base), displacement);
                self.asm.mov_rm64_r64(MEMORY + RAX, gpr(src));
            }
            Bytecode::Exit => {
                self.asm.mov_r64_rm64(RAX, gpr(Register::R0));
                self.asm.ret();
            }
        }
    }

    fn operation(&mut self, op: Op, dst: Gpr64, src: Operand) {
        match op {
            Op::Mov => self.load(dst, src),
            Op::Add => self.alu(Alu::Add, dst, src),
            Op::Sub => self.alu(Alu::Sub, dst, src),
            Op::And => self.alu(Alu::And, dst, src),
            Op::Or => self.alu(Alu::Or, dst, src),
            Op::Xor => self.alu(Alu::Xor, dst, src),
            Op::Lsh => self.shift(Shift::Shl, dst, src),
            Op::Rsh => self.shift(Shift::Shr, dst, src),
            Op::Arsh => self.shift(Shift::Sar, dst, src),
            Op::Mul => {
                self.load(RCX, src);
                self.asm.imul_r64_rm64(dst, RCX);
            }
            Op::Div => self.divide(dst, src, RAX),
            Op::Mod => self.divide(dst, src, RDX),
        }
    }

    fn load(&mut self, dst: Gpr64, src: Operand) {
        match src {
            Reg(src) => self.asm.mov_r64_rm64(dst, gpr(src)),
            Imm(imm) => self.asm.mov_r64_imm(dst, imm.into()),
        }
    }

    fn alu(&mut self, alu: Alu, dst: Gpr64, src: Operand) {
        match src {
            Reg(src) => self.asm.alu_rm64_r64(alu, dst, gpr(src)),
            Imm(imm) => self.asm.alu_rm64_imm(alu, dst, imm),
        }
    }

    fn shift(&mut self, shift: Shift, dst: Gpr64, count: Operand) {
        self.load(RCX, count);
        self.asm.shift_rm64_cl(shift, dst);
    }

    /// Divides; `result` is where the quotient or the remainder comes out: of a division by 0, 0 or the dividend.
    fn divide(&mut self, dst: Gpr64, divisor: Operand, result: Gpr64) {
        self.load(RCX, divisor);
        let asm = &mut self.asm;
        let (by_zero, done) = (asm.label(), asm.label());
        asm.mov_r64_rm64(RAX, dst);
        asm.xor_rm32_r32(EDX, EDX);
        asm.test_rm64_r64(RCX, RCX);
        asm.jz(by_zero);
        asm.div_rm64(RCX);
        asm.bind(done);
        asm.mov_r64_rm64(dst, result);
        asm.cold(|asm| {
            asm.bind(by_zero);
            asm.xchg_rm64_r64(RAX, RDX);
            asm.jmp(done);
        });
    }

    /// Compares, and gives the condition that then holds.
    fn compare(&mut self, cond: Cond, a: Gpr64, b: Operand) -> x64::Cond {
        if cond == Cond::Set {
            self.load(RCX, b);
            self.asm.test_rm64_r64(a, RCX);
        } else {
            self.alu(Alu::Cmp, a, b);
        }
        match cond {
            Cond::Eq => x64::Cond::E,
            Cond::Ne | Cond::Set => x64::Cond::Ne,
            Cond::Gt => x64::Cond::A,
            Cond::Ge => x64::Cond::Ae,
            Cond::Lt => x64::Cond::B,
            Cond::Le => x64::Cond::Be,
            Cond::Sgt => x64::Cond::G,
            Cond::Sge => x64::Cond::Ge,
            Cond::Slt => x64::Cond::L,
            Cond::Sle => x64::Cond::Le,
        }
    }

    /// Brings the offset of an address's word in the memory to RAX.
    fn address(&mut self, base: Gpr64, displacement: i32) {
        self.asm.lea_r64_m(RAX, base + displacement);
        self.asm.and_rm64_imm(RAX, 8 * (WORDS as i32 - 1));
    }
}
