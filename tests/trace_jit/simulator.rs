//! A machine that executes what the compiler asks its back end for, with as few registers as a test wants.
//!
//! It stands for a processor wherever the test runs, and it is strict: an operation on two addresses whose second operand is in the
//! result's register is refused, and what an operation destroys is destroyed.

use std::cell::RefCell;
use std::rc::Rc;

use crate::backend::{Backend, EmitError, Fixed, Mem, Operand, Place, Reg, RegSet, Source};
use crate::bytecode::{Cond, FloatOp, IntOp, Width};
use crate::context::Context;
use crate::ir::Ins;
use crate::vm::Machine;

#[derive(Clone, Copy, Debug)]
enum Step {
    Int(IntOp, Reg, Reg, Operand),
    Float(FloatOp, Reg, Reg, Reg),
    Sqrt(Reg, Reg),
    ToFloat(Reg, Reg),
    ToInt(Reg, Reg),
    Load(Width, Reg, Reg, i32),
    Store(Width, Reg, i32, Operand),
    Guard(Cond, Reg, Operand, usize),
    Copy(Place, Source),
    Jump(usize),
    JumpThrough(u32),
    Exit(u32),
}

/// Finished code: steps in the order of their execution, and where each label is.
struct Finished {
    steps: Vec<Step>,
    labels: Vec<usize>,
}

thread_local! {
    /// All code that was finished; its bytes are its index here.
    static FINISHED: RefCell<Vec<Rc<Finished>>> = const { RefCell::new(Vec::new()) };
}

const STEP_BYTES: usize = 8;
const COUNT: Reg = Reg::int(0);
const DESTROYED: Reg = Reg::int(1);

/// The back end of a machine with `N` registers of each class, and x86's habits if `X86`.
#[derive(Default)]
pub struct Simulated<const N: u32, const X86: bool> {
    /// In the order of emission.
    steps: Vec<Step>,
    /// Steps that were emitted when the label was bound.
    labels: Vec<Option<usize>>,
}

impl<const N: u32, const X86: bool> Backend for Simulated<N, X86> {
    const NAME: &'static str = "simulated";
    const INTS: RegSet = RegSet((1 << N) - 1);
    const FLOATS: RegSet = RegSet(((1 << N) - 1) << 32);
    const TWO_ADDRESS: bool = X86;
    type Label = usize;

    fn immediate(ins: Ins, value: i64) -> bool {
        match ins {
            Ins::IntOp(op, ..) => {
                op.is_shift() || i8::try_from(value).is_ok() && !matches!(op, IntOp::Div | IntOp::Rem)
            }
            Ins::Guard(cond, ..) => cond.class() == crate::bytecode::Class::Int && i8::try_from(value).is_ok(),
            Ins::Store(..) => value == 0,
            _ => false,
        }
    }

    fn fixed(op: IntOp) -> Fixed {
        match op {
            IntOp::Shl | IntOp::Shr | IntOp::Sar if X86 => Fixed { destroys: RegSet::EMPTY, second: Some(COUNT) },
            IntOp::Div | IntOp::Rem if X86 => Fixed { destroys: RegSet::of(DESTROYED), second: None },
            _ => Fixed::NOTHING,
        }
    }

    fn label(&mut self) -> usize {
        self.labels.push(None);
        self.labels.len() - 1
    }

    fn here(&mut self) -> usize {
        self.labels.push(Some(self.steps.len()));
        self.labels.len() - 1
    }

    fn bind(&mut self, label: usize) {
        assert_eq!(self.labels[label].replace(self.steps.len()), None);
    }

    fn position(&self) -> usize {
        self.steps.len() * STEP_BYTES
    }

    fn finish(self) -> Result<Vec<u8>, EmitError> {
        let count = self.steps.len();
        let mut code = vec![0; count * STEP_BYTES];
        let bound = |label: &Option<usize>| count - label.expect("every label is bound");
        let labels = self.labels.iter().map(bound).collect();
        let steps = self.steps.into_iter().rev().collect();
        FINISHED.with_borrow_mut(|finished| {
            code[..8].copy_from_slice(&finished.len().to_le_bytes());
            finished.push(Rc::new(Finished { steps, labels }));
        });
        Ok(code)
    }

    fn int(&mut self, op: IntOp, d: Reg, a: Reg, b: Operand) {
        if let (true, Operand::Reg(b)) = (X86, b) {
            assert!(d != b || d == a, "{op:?}: the result replaces the second operand");
            assert!(!op.is_shift() || b == COUNT && d != COUNT, "{op:?}: the count is in {b:?}");
            assert!(!matches!(op, IntOp::Div | IntOp::Rem) || b != DESTROYED, "{op:?}: the divisor is destroyed");
        }
        self.steps.push(Step::Int(op, d, a, b));
    }

    fn float(&mut self, op: FloatOp, d: Reg, a: Reg, b: Reg) {
        assert!(!X86 || d != b || d == a, "{op:?}: the result replaces the second operand");
        self.steps.push(Step::Float(op, d, a, b));
    }

    fn sqrt(&mut self, d: Reg, a: Reg) {
        self.steps.push(Step::Sqrt(d, a));
    }

    fn to_float(&mut self, d: Reg, a: Reg) {
        self.steps.push(Step::ToFloat(d, a));
    }

    fn to_int(&mut self, d: Reg, a: Reg) {
        self.steps.push(Step::ToInt(d, a));
    }

    fn load(&mut self, width: Width, d: Reg, base: Reg, displacement: i32) {
        self.steps.push(Step::Load(width, d, base, displacement));
    }

    fn store(&mut self, width: Width, base: Reg, displacement: i32, value: Operand) {
        self.steps.push(Step::Store(width, base, displacement, value));
    }

    fn guard(&mut self, cond: Cond, a: Reg, b: Operand, exit: usize) {
        assert!(self.labels[exit].is_some(), "exits are emitted before their guards");
        self.steps.push(Step::Guard(cond, a, b, exit));
    }

    fn copy(&mut self, to: Place, from: Source) {
        self.steps.push(Step::Copy(to, from));
    }

    fn jump(&mut self, to: usize) {
        self.steps.push(Step::Jump(to));
    }

    fn jump_through(&mut self, gate: u32) {
        self.steps.push(Step::JumpThrough(gate));
    }

    fn exit(&mut self, gate: u32) {
        self.steps.push(Step::Exit(gate));
    }

    fn enter(&mut self) {}

    fn leave(&mut self) {}
}

/// The machine itself.
pub struct Simulator<const N: u32, const X86: bool> {
    registers: [u64; 64],
}

impl<const N: u32, const X86: bool> Simulator<N, X86> {
    pub fn new() -> Self {
        Simulator { registers: [0xdead_beef; 64] }
    }

    fn get(&self, reg: Reg) -> u64 {
        let is_there = <Simulated<N, X86> as Backend>::INTS.with(Simulated::<N, X86>::FLOATS).contains(reg);
        assert!(is_there, "{reg:?} may not be used");
        self.registers[reg.0 as usize]
    }

    fn set(&mut self, reg: Reg, value: u64) {
        self.get(reg);
        self.registers[reg.0 as usize] = value;
    }

    fn operand(&self, operand: Operand) -> u64 {
        match operand {
            Operand::Reg(reg) => self.get(reg),
            Operand::Imm(value) => value as u64,
        }
    }

    fn float(&self, reg: Reg) -> f64 {
        f64::from_bits(self.get(reg))
    }

    /// Executes a step. The label to go on at, if it jumps.
    fn step(&mut self, step: Step, context: &mut Context) -> Option<usize> {
        let at = |registers: u64, displacement: i32| registers.wrapping_add(displacement as u64) as usize;
        match step {
            Step::Int(op, d, a, b) => {
                let (a, divisor) = (self.get(a) as i64, self.operand(b) as i64);
                if X86 && matches!((op, b), (IntOp::Div | IntOp::Rem, Operand::Reg(_))) {
                    assert!(divisor != 0 && divisor != -1, "{op:?} by {divisor}");
                    self.set(DESTROYED, 0xdead);
                }
                self.set(d, op.apply(a, divisor) as u64);
            }
            Step::Float(op, d, a, b) => self.set(d, op.apply(self.float(a), self.float(b)).to_bits()),
            Step::Sqrt(d, a) => self.set(d, self.float(a).sqrt().to_bits()),
            Step::ToFloat(d, a) => self.set(d, (self.get(a) as i64 as f64).to_bits()),
            Step::ToInt(d, a) => self.set(d, self.float(a) as i64 as u64),
            Step::Load(width, d, base, displacement) => {
                let start = at(self.get(base), displacement);
                let mut word = [0; 8];
                word[..width.bytes()].copy_from_slice(&context.state.memory[start..start + width.bytes()]);
                self.set(d, u64::from_le_bytes(word));
            }
            Step::Store(width, base, displacement, value) => {
                let start = at(self.get(base), displacement);
                let word = self.operand(value).to_le_bytes();
                context.state.memory[start..start + width.bytes()].copy_from_slice(&word[..width.bytes()]);
            }
            Step::Guard(cond, a, b, exit) => {
                if !cond.holds(self.get(a), self.operand(b)) {
                    return Some(exit);
                }
            }
            Step::Copy(to, from) => {
                let value = match from {
                    Source::Const(bits) => bits,
                    Source::Place(Place::Reg(reg)) => self.get(reg),
                    Source::Place(Place::Mem(mem)) => context.read(mem),
                };
                match to {
                    Place::Reg(reg) => self.set(reg, value),
                    Place::Mem(Mem::Frame(slot)) => context.state.frame[slot as usize] = value,
                    Place::Mem(Mem::Spill(number)) => context.spills[number as usize] = value,
                    Place::Mem(Mem::Temporary) => context.temporary = value,
                    Place::Mem(Mem::Saved(_)) => panic!("only exits save registers"),
                }
            }
            Step::Jump(label) => return Some(label),
            Step::JumpThrough(_) | Step::Exit(_) => unreachable!("handled by the caller"),
        }
        None
    }
}

/// The address at which code is left; others are indexes of finished code.
const LEAVE: usize = usize::MAX;

impl<const N: u32, const X86: bool> Machine for Simulator<N, X86> {
    type Backend = Simulated<N, X86>;

    fn leave(&self) -> usize {
        LEAVE
    }

    fn install(&mut self, code: &[u8]) -> Result<usize, EmitError> {
        let mut index = [0; 8];
        index.copy_from_slice(&code[..8]);
        Ok(usize::from_le_bytes(index))
    }

    unsafe fn run(&mut self, context: &mut Context, mut address: usize) {
        while address != LEAVE {
            let code = FINISHED.with_borrow(|finished| finished[address].clone());
            let mut at = 0;
            address = loop {
                match code.steps[at] {
                    Step::JumpThrough(gate) => break context.gates[gate as usize],
                    Step::Exit(gate) => {
                        context.exit = gate.into();
                        break context.gates[gate as usize];
                    }
                    step => at = self.step(step, context).map_or(at + 1, |label| code.labels[label]),
                }
            };
        }
        context.saved = self.registers;
    }
}
