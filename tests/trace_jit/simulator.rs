//! A machine that executes what the compiler asks its back end for, with as few registers as a test wants.
//!
//! It stands for a processor wherever the test runs, and it is strict: an operation on two addresses whose second
//! operand is in the result's register is refused, and what an operation destroys is destroyed.

use crate::backend::{Backend, EmitError, Fixed, Mem, Operand, Place, Reg, RegSet, Source, Stub};
use crate::bytecode::{Cond, FloatOp, IntOp, Slot, Width};
use crate::compile::{Exit, compile};
use crate::context::Context;
use crate::ir::{Ins, Trace};
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
    /// Goes on in the trace of that number.
    Link(usize),
    Exit(u32),
}

/// Finished code: steps in the order of their execution, and where each label is.
struct Finished {
    steps: Vec<Step>,
    labels: Vec<usize>,
    start: usize,
    first_exit: u32,
    /// Where each exit leads, if not out.
    sides: Vec<Option<usize>>,
}

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
    /// Exits are not patched here.
    type Site = ();

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

    fn here(&mut self) -> usize {
        self.labels.push(Some(self.steps.len()));
        self.labels.len() - 1
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

    fn aligned_loop(&mut self, write: impl FnOnce(&mut Self)) -> usize {
        let head = self.labels.len();
        self.labels.push(None);
        self.steps.push(Step::Jump(head));
        write(self);
        self.labels[head] = Some(self.steps.len());
        head
    }

    fn link(&mut self, trace: usize) {
        self.steps.push(Step::Link(trace));
    }

    fn exit(&mut self, number: u32) -> Stub<usize, ()> {
        self.steps.push(Step::Exit(number));
        Stub { jump: self.here(), site: () }
    }
}

/// The machine itself.
pub struct Simulator<const N: u32, const X86: bool> {
    registers: [u64; 64],
    traces: Vec<Finished>,
}

impl<const N: u32, const X86: bool> Simulator<N, X86> {
    pub fn new() -> Self {
        Simulator { registers: [0xdead_beef; 64], traces: vec![] }
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
            Step::Link(_) | Step::Exit(_) => unreachable!("handled by the caller"),
        }
        None
    }
}

impl<const N: u32, const X86: bool> Machine for Simulator<N, X86> {
    fn install(&mut self, trace: &Trace, pending: &[(Slot, Source)], first_exit: u32) -> Result<Vec<Exit>, EmitError> {
        let mut asm = Simulated::<N, X86>::default();
        let compiled = compile(&mut asm, trace, pending, first_exit)?;
        let count = asm.steps.len();
        let labels: Vec<usize> = asm.labels.iter().map(|label| count - label.expect("every label is bound")).collect();
        let steps = asm.steps.into_iter().rev().collect();
        let start = labels[compiled.start];
        let sides = vec![None; compiled.exits.len()];
        self.traces.push(Finished { steps, labels, start, first_exit, sides });
        Ok(compiled.exits)
    }

    fn attach(&mut self, (trace, exit): (usize, usize), side: usize) -> Result<(), EmitError> {
        assert_eq!(self.traces[trace].sides[exit].replace(side), None, "the exit has a side trace");
        Ok(())
    }

    unsafe fn run(&mut self, context: &mut Context, trace: usize) {
        let mut at = (trace, self.traces[trace].start);
        loop {
            let (trace, step) = at;
            let code = &self.traces[trace];
            let to = match code.steps[step] {
                Step::Link(to) => Some(to),
                Step::Exit(number) => {
                    let side = code.sides[(number - code.first_exit) as usize];
                    if side.is_none() {
                        context.exit = number.into();
                        break;
                    }
                    side
                }
                _ => None,
            };
            at = match to {
                Some(to) => (to, self.traces[to].start),
                None => {
                    let label = self.step(code.steps[step], context);
                    (trace, label.map_or(step + 1, |label| self.traces[trace].labels[label]))
                }
            };
        }
        context.saved = self.registers;
    }
}
