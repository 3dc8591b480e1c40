//! From bytecode to machine code, in one pass forward.

use std::error::Error;
use tailfirst::x64::*;
use tailfirst::{Code, FinishError, Label, exec::Arena};

use crate::bytecode::{Bytecode, Imm, Memory, Op, Reg, Register, WORDS};

/// Where the bytecode's registers live, and what else the code needs; the first two arguments come in RDI and RSI.
const REGS: [Gpr64; 6] = [RAX, RDI, RDX, RCX, R8, R9];
const MEMORY: Gpr64 = RSI;
const ADDRESS: Gpr64 = R10;

pub struct Compiler {
    asm: Assembler<'static>,
    labels: Vec<Label>,
    arena: Arena,
}

impl Compiler {
    pub fn new() -> Result<Compiler, Box<dyn Error>> {
        Ok(Compiler { asm: Assembler::new(), labels: Vec::new(), arena: Arena::builder().build()? })
    }

    /// The machine code of a program.
    pub fn compile(&mut self, program: &[Bytecode]) -> Result<Code<'_, X64>, FinishError> {
        let asm = &mut self.asm;
        asm.clear();
        self.labels.clear();
        self.labels.extend(program.iter().map(|_| asm.label()));
        for register in [0, 2, 3, 4, 5] {
            asm.mov_r64_imm(REGS[register], 0);
        }
        for (at, &bytecode) in program.iter().enumerate() {
            self.asm.bind(self.labels[at]);
            self.bytecode(bytecode);
        }
        // A program that runs off its end goes no farther.
        self.asm.ud2();
        self.asm.finish()
    }

    fn bytecode(&mut self, bytecode: Bytecode) {
        let reg = |register: Register| REGS[usize::from(register)];
        let asm = &mut self.asm;
        match bytecode {
            Bytecode::Alu(op, dst, Reg(src)) => match op {
                Op::Mov => asm.mov_r64_rm64(reg(dst), reg(src)),
                Op::Add => asm.add_rm64_r64(reg(dst), reg(src)),
                Op::Sub => asm.sub_rm64_r64(reg(dst), reg(src)),
                Op::Mul => asm.imul_r64_rm64(reg(dst), reg(src)),
                Op::And => asm.and_rm64_r64(reg(dst), reg(src)),
            },
            Bytecode::Alu(op, dst, Imm(imm)) => match op {
                Op::Mov => asm.mov_r64_imm(reg(dst), imm.into()),
                Op::Add => asm.add_rm64_imm(reg(dst), imm),
                Op::Sub => asm.sub_rm64_imm(reg(dst), imm),
                Op::Mul => asm.imul_r64_rm64_imm(reg(dst), reg(dst), imm),
                Op::And => asm.and_rm64_imm(reg(dst), imm),
            },
            Bytecode::Jump(target) => asm.jmp(self.labels[target]),
            Bytecode::JumpIf(cond, a, b, target) => {
                match b {
                    Reg(b) => asm.cmp_rm64_r64(reg(a), reg(b)),
                    Imm(b) => asm.cmp_rm64_imm(reg(a), b),
                }
                asm.jcc(cond, self.labels[target]);
            }
            Bytecode::Load(dst, base, disp) => {
                self.address(reg(base), disp);
                self.asm.mov_r64_rm64(reg(dst), MEMORY + ADDRESS);
            }
            Bytecode::Store(base, disp, src) => {
                self.address(reg(base), disp);
                self.asm.mov_rm64_r64(MEMORY + ADDRESS, reg(src));
            }
            Bytecode::Exit => asm.ret(),
        }
    }

    /// Brings an address into the memory, to a word's beginning.
    fn address(&mut self, base: Gpr64, disp: i32) {
        self.asm.lea_r64_m(ADDRESS, base + disp);
        self.asm.and_rm64_imm(ADDRESS, (WORDS as i32 - 1) * 8);
    }

    /// Compiles a program and runs it.
    #[cfg(target_arch = "x86_64")]
    pub fn run(&mut self, program: &[Bytecode], argument: i64, memory: &mut Memory) -> Result<i64, Box<dyn Error>> {
        let bytes = self.compile(program)?.bytes().to_vec();
        let mut region = self.arena.region(bytes.len())?;
        let start = region.len() - bytes.len();
        region.bytes_mut()[start..].copy_from_slice(&bytes);
        let code = region.place().code(bytes.len())?;
        let code = region.publish(code)?;
        let function = code.function::<unsafe extern "sysv64" fn(i64, *mut i64) -> i64>(0)?;
        // SAFETY: `compile` gives a function of this type, which accesses the memory only.
        Ok(unsafe { function(argument, memory.as_mut_ptr()) })
    }
}
