//! The language: five registers of 64 bits, a small memory, and jumps to bytecodes by index; and its interpreter.

/// The words of a program's memory: a power of two.
pub const WORDS: usize = 64;
pub type Memory = [u64; WORDS];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Register {
    /// The result.
    R0,
    /// The argument, at first; the others are 0.
    R1,
    R2,
    R3,
    R4,
}
pub use Register::*;

#[derive(Debug, Clone, Copy)]
pub enum Operand {
    Reg(Register),
    /// With as many copies of its sign as 64 bits take.
    Imm(i32),
}
pub use Operand::*;

#[allow(dead_code, reason = "the example has programs for some, its tests for all")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Mov,
    Add,
    Sub,
    Mul,
    /// Unsigned; 0 if the divisor is 0.
    Div,
    /// Unsigned; what was there if the divisor is 0.
    Mod,
    And,
    Or,
    Xor,
    /// Shifts by the count modulo 64.
    Lsh,
    Rsh,
    Arsh,
}

#[allow(dead_code, reason = "the example has programs for some, its tests for all")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cond {
    Eq,
    Ne,
    /// Unsigned; with an S in front, signed.
    Gt,
    Ge,
    Lt,
    Le,
    Sgt,
    Sge,
    Slt,
    Sle,
    /// The two have a bit in common.
    Set,
}

/// A target is the index of a bytecode; a displacement is in bytes. An access is to the word in which its address lies,
/// modulo the memory's size.
#[derive(Debug, Clone, Copy)]
pub enum Bytecode {
    Alu(Op, Register, Operand),
    Jump(usize),
    JumpIf(Cond, Register, Operand, usize),
    Load(Register, Register, i32),
    Store(Register, i32, Register),
    Exit,
}

/// A program that stays within itself.
#[derive(Debug, Clone)]
pub struct Program(Vec<Bytecode>);

impl Program {
    /// Verifies a program: that jumps go to bytecodes, and the last does not run off the end. Else it is given back.
    pub fn new(bytecodes: Vec<Bytecode>) -> Result<Program, Vec<Bytecode>> {
        let stays = |&bytecode: &Bytecode| match bytecode {
            Bytecode::Jump(target) | Bytecode::JumpIf(.., target) => target < bytecodes.len(),
            _ => true,
        };
        let ends = matches!(bytecodes.last(), Some(Bytecode::Exit | Bytecode::Jump(_)));
        if ends && bytecodes.iter().all(stays) { Ok(Program(bytecodes)) } else { Err(bytecodes) }
    }

    pub fn bytecodes(&self) -> &[Bytecode] {
        &self.0
    }

    /// Runs the program, and gives its result.
    pub fn interpret(&self, argument: u64, memory: &mut Memory) -> u64 {
        let mut registers = [0, argument, 0, 0, 0];
        let mut at = 0;
        loop {
            let get = |register| registers[register as usize];
            let value = |operand| match operand {
                Reg(register) => get(register),
                Imm(imm) => imm as u64,
            };
            let word = |base, displacement: i32| get(base).wrapping_add(displacement as u64) as usize / 8 % WORDS;
            let bytecode = self.0[at];
            at += 1;
            match bytecode {
                Bytecode::Alu(op, dst, src) => registers[dst as usize] = apply(op, get(dst), value(src)),
                Bytecode::JumpIf(cond, a, b, _) if !holds(cond, get(a), value(b)) => {}
                Bytecode::Jump(target) | Bytecode::JumpIf(.., target) => at = target,
                Bytecode::Load(dst, base, displacement) => registers[dst as usize] = memory[word(base, displacement)],
                Bytecode::Store(base, displacement, src) => memory[word(base, displacement)] = get(src),
                Bytecode::Exit => return get(R0),
            }
        }
    }
}

fn apply(op: Op, a: u64, b: u64) -> u64 {
    match op {
        Op::Mov => b,
        Op::Add => a.wrapping_add(b),
        Op::Sub => a.wrapping_sub(b),
        Op::Mul => a.wrapping_mul(b),
        Op::Div => a.checked_div(b).unwrap_or(0),
        Op::Mod => a.checked_rem(b).unwrap_or(a),
        Op::And => a & b,
        Op::Or => a | b,
        Op::Xor => a ^ b,
        Op::Lsh => a.wrapping_shl(b as u32),
        Op::Rsh => a.wrapping_shr(b as u32),
        Op::Arsh => (a as i64).wrapping_shr(b as u32) as u64,
    }
}

fn holds(cond: Cond, a: u64, b: u64) -> bool {
    match cond {
        Cond::Eq => a == b,
        Cond::Ne => a != b,
        Cond::Gt => a > b,
        Cond::Ge => a >= b,
        Cond::Lt => a < b,
        Cond::Le => a <= b,
        Cond::Sgt => a as i64 > b as i64,
        Cond::Sge => a as i64 >= b as i64,
        Cond::Slt => (a as i64) < b as i64,
        Cond::Sle => a as i64 <= b as i64,
        Cond::Set => a & b != 0,
    }
}
