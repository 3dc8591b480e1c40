//! The language: 64-bit registers, a small memory, and jumps to bytecodes by index.

use tailfirst::x64::Cond;

/// The words of a program's memory: a power of two.
pub const WORDS: usize = 64;
pub type Memory = [i64; WORDS];

/// A register's number: 0, the result, to 5.
pub type Register = u8;

#[derive(Debug, Clone, Copy)]
pub enum Operand {
    Reg(Register),
    Imm(i32),
}
pub use Operand::{Imm, Reg};

#[derive(Debug, Clone, Copy)]
pub enum Op {
    Mov,
    Add,
    Sub,
    Mul,
    And,
}

/// A target is the index of a bytecode; a displacement is in bytes.
#[derive(Debug, Clone, Copy)]
pub enum Bytecode {
    Alu(Op, Register, Operand),
    Jump(usize),
    JumpIf(Cond, Register, Operand, usize),
    Load(Register, Register, i32),
    Store(Register, i32, Register),
    Exit,
}

fn word(address: i64, disp: i32) -> usize {
    (address as usize).wrapping_add(disp as usize) / 8 % WORDS
}

/// Whether CMP of the two sets the flags of the condition.
fn holds(cond: Cond, a: i64, b: i64) -> bool {
    let (difference, overflow) = a.overflowing_sub(b);
    match cond {
        Cond::O => overflow,
        Cond::B => (a as u64) < b as u64,
        Cond::E => a == b,
        Cond::Be => a as u64 <= b as u64,
        Cond::S => difference < 0,
        Cond::P => (difference as u8).count_ones().is_multiple_of(2),
        Cond::L => a < b,
        Cond::Le => a <= b,
        Cond::No | Cond::Ae | Cond::Ne | Cond::A | Cond::Ns | Cond::Np | Cond::Ge | Cond::G => {
            !holds(cond.inverse(), a, b)
        }
    }
}

/// Runs a program, with its argument in register 1.
pub fn interpret(program: &[Bytecode], argument: i64, memory: &mut Memory) -> i64 {
    let mut regs = [0; 6];
    regs[1] = argument;
    let mut at = 0;
    loop {
        let value = |operand| match operand {
            Reg(register) => regs[usize::from(register)],
            Imm(imm) => i64::from(imm),
        };
        let (mut next, get) = (at + 1, |register| value(Reg(register)));
        match program[at] {
            Bytecode::Alu(op, dst, src) => {
                let (old, src) = (get(dst), value(src));
                regs[usize::from(dst)] = match op {
                    Op::Mov => src,
                    Op::Add => old.wrapping_add(src),
                    Op::Sub => old.wrapping_sub(src),
                    Op::Mul => old.wrapping_mul(src),
                    Op::And => old & src,
                };
            }
            Bytecode::Jump(target) => next = target,
            Bytecode::JumpIf(cond, a, b, target) => {
                let (a, b) = (get(a), value(b));
                let jumps = holds(cond, a, b);
                next = if jumps { target } else { next };
            }
            Bytecode::Load(dst, base, disp) => regs[usize::from(dst)] = memory[word(get(base), disp)],
            Bytecode::Store(base, disp, src) => memory[word(get(base), disp)] = get(src),
            Bytecode::Exit => return regs[0],
        }
        at = next;
    }
}
