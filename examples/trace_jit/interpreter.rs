//! The interpreter: one `match` an instruction.
//!
//! `step` is the language's definition, and everything that executes bytecode is a loop around it: the plain
//! interpreter below, the JIT's profiling loop and the recorder (`vm.rs`). It is inlined into each of them, so the
//! plain loop pays for no hook.

use crate::bytecode::{Class, Cond, FloatOp, Inst, IntOp, Op, Program, Slot, State, Trap, Value, Width, class_of};

/// Where control goes after an instruction.
pub enum Next {
    At(usize),
    Halt(Value),
}

impl State {
    #[inline(always)]
    fn int(&self, slot: Slot) -> i64 {
        self.frame[slot as usize] as i64
    }

    #[inline(always)]
    fn float(&self, slot: Slot) -> f64 {
        f64::from_bits(self.frame[slot as usize])
    }

    #[inline(always)]
    fn set(&mut self, slot: Slot, bits: u64) {
        self.frame[slot as usize] = bits;
    }

    #[inline(always)]
    fn int_op(&mut self, i: Inst, op: IntOp) {
        self.set(i.a, op.apply(self.int(i.b), self.int(i.c)) as u64);
    }

    #[inline(always)]
    fn divide(&mut self, i: Inst, op: IntOp, pc: usize) -> Result<(), Trap> {
        if self.int(i.c) == 0 {
            return Err(Trap::DivideByZero { pc });
        }
        self.int_op(i, op);
        Ok(())
    }

    #[inline(always)]
    fn float_op(&mut self, i: Inst, op: FloatOp) {
        self.set(i.a, op.apply(self.float(i.b), self.float(i.c)).to_bits());
    }

    /// The bytes that an instruction accesses.
    #[inline(always)]
    fn bytes(&mut self, i: Inst, width: Width, pc: usize) -> Result<&mut [u8], Trap> {
        let address = self.int(i.b).wrapping_add(i.imm.into()) as u64;
        let start = address as usize;
        let end = start.wrapping_add(width.bytes());
        if start <= end { self.memory.get_mut(start..end) } else { None }.ok_or(Trap::OutOfBounds { pc, address })
    }

    #[inline(always)]
    fn branch(&self, i: Inst, cond: Cond, pc: usize) -> usize {
        if cond.holds(self.frame[i.b as usize], self.frame[i.c as usize]) { i.imm as usize } else { pc + 1 }
    }

    /// A slot's contents as the program would name them.
    pub fn value(&self, slot: Slot) -> Value {
        match class_of(slot) {
            Class::Int => Value::Int(self.int(slot)),
            Class::Float => Value::Float(self.float(slot)),
        }
    }

    /// Executes the instruction `i` at `pc`.
    #[inline(always)]
    pub fn step(&mut self, i: Inst, pc: usize) -> Result<Next, Trap> {
        match i.op {
            Op::Mov => self.set(i.a, self.frame[i.b as usize]),
            Op::Add => self.int_op(i, IntOp::Add),
            Op::Sub => self.int_op(i, IntOp::Sub),
            Op::Mul => self.int_op(i, IntOp::Mul),
            Op::Div => self.divide(i, IntOp::Div, pc)?,
            Op::Rem => self.divide(i, IntOp::Rem, pc)?,
            Op::And => self.int_op(i, IntOp::And),
            Op::Or => self.int_op(i, IntOp::Or),
            Op::Xor => self.int_op(i, IntOp::Xor),
            Op::Shl => self.int_op(i, IntOp::Shl),
            Op::Shr => self.int_op(i, IntOp::Shr),
            Op::Sar => self.int_op(i, IntOp::Sar),
            Op::FAdd => self.float_op(i, FloatOp::Add),
            Op::FSub => self.float_op(i, FloatOp::Sub),
            Op::FMul => self.float_op(i, FloatOp::Mul),
            Op::FDiv => self.float_op(i, FloatOp::Div),
            Op::FSqrt => self.set(i.a, self.float(i.b).sqrt().to_bits()),
            Op::ToFloat => self.set(i.a, (self.int(i.b) as f64).to_bits()),
            Op::ToInt => self.set(i.a, self.float(i.b) as i64 as u64),
            Op::Load8 => {
                let byte = self.bytes(i, Width::Byte, pc)?[0];
                self.set(i.a, byte.into());
            }
            Op::Load64 => {
                let mut word = [0; 8];
                word.copy_from_slice(self.bytes(i, Width::Word, pc)?);
                self.set(i.a, u64::from_le_bytes(word));
            }
            Op::Store8 => {
                let byte = self.int(i.a) as u8;
                self.bytes(i, Width::Byte, pc)?[0] = byte;
            }
            Op::Store64 => {
                let word = self.frame[i.a as usize].to_le_bytes();
                self.bytes(i, Width::Word, pc)?.copy_from_slice(&word);
            }
            Op::Jump => return Ok(Next::At(i.imm as usize)),
            Op::JumpEq => return Ok(Next::At(self.branch(i, Cond::Eq, pc))),
            Op::JumpNe => return Ok(Next::At(self.branch(i, Cond::Ne, pc))),
            Op::JumpLt => return Ok(Next::At(self.branch(i, Cond::Lt, pc))),
            Op::JumpGe => return Ok(Next::At(self.branch(i, Cond::Ge, pc))),
            Op::JumpFEq => return Ok(Next::At(self.branch(i, Cond::FEq, pc))),
            Op::JumpFNe => return Ok(Next::At(self.branch(i, Cond::FNe, pc))),
            Op::JumpFLt => return Ok(Next::At(self.branch(i, Cond::FLt, pc))),
            Op::JumpFLe => return Ok(Next::At(self.branch(i, Cond::FLe, pc))),
            Op::Halt => return Ok(Next::Halt(self.value(i.a))),
        }
        Ok(Next::At(pc + 1))
    }
}

/// Runs a program from its first instruction to its `halt`.
pub fn run(program: &Program, state: &mut State) -> Result<Value, Trap> {
    let mut pc = 0;
    loop {
        match state.step(program.code[pc], pc)? {
            Next::At(next) => pc = next,
            Next::Halt(value) => return Ok(value),
        }
    }
}
