//! The intermediate representation of a trace, and the builder that simplifies it while it grows.
//!
//! A trace is straight-line code in SSA form: an instruction is named by its index (`Ref`), its operands are earlier
//! indexes, and control leaves it only through guards. A guard has a snapshot: where the interpreter continues and
//! which frame slots it then has to find which values in. Nothing is written to the frame before that, so values live
//! in registers however often the program assigns them.
//!
//! The builder never emits an instruction twice (loads excepted, after a store), folds what is constant, puts constants
//! on the right, and drops guards that are known to hold.

use std::collections::HashMap;
use std::fmt;

use crate::bytecode::{Class, Cond, FloatOp, IntOp, Slot, Width, class_of, slot_name};

/// An instruction of the trace, and the value that it computes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ref(pub u32);

impl Ref {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ins {
    Int(i64),
    /// A float constant, by its bits.
    Float(u64),
    /// What a frame slot holds where the trace (or the next turn of its loop) begins.
    Slot(Slot),
    IntOp(IntOp, Ref, Ref),
    FloatOp(FloatOp, Ref, Ref),
    Sqrt(Ref),
    ToFloat(Ref),
    ToInt(Ref),
    Load(Width, Class, Ref, i32),
    Store(Width, Ref, i32, Ref),
    /// Leaves through the snapshot of that number unless the condition holds.
    Guard(Cond, Ref, Ref, usize),
}

impl Ins {
    /// The class of the value, if there is one.
    pub fn class(self) -> Option<Class> {
        match self {
            Ins::Int(_) | Ins::IntOp(..) | Ins::ToInt(_) => Some(Class::Int),
            Ins::Float(_) | Ins::FloatOp(..) | Ins::Sqrt(_) | Ins::ToFloat(_) => Some(Class::Float),
            Ins::Slot(slot) => Some(class_of(slot)),
            Ins::Load(_, class, ..) => Some(class),
            Ins::Store(..) | Ins::Guard(..) => None,
        }
    }

    /// The bits of a constant.
    pub fn constant(self) -> Option<u64> {
        match self {
            Ins::Int(value) => Some(value as u64),
            Ins::Float(bits) => Some(bits),
            _ => None,
        }
    }

    pub fn operands(self) -> [Option<Ref>; 2] {
        match self {
            Ins::Int(_) | Ins::Float(_) | Ins::Slot(_) => [None, None],
            Ins::Sqrt(a) | Ins::ToFloat(a) | Ins::ToInt(a) | Ins::Load(_, _, a, _) => [Some(a), None],
            Ins::IntOp(_, a, b) | Ins::FloatOp(_, a, b) | Ins::Store(_, a, _, b) | Ins::Guard(_, a, b, _) => {
                [Some(a), Some(b)]
            }
        }
    }

    /// The same instruction with other operands.
    pub fn map(self, f: impl Fn(Ref) -> Ref) -> Ins {
        match self {
            Ins::Int(_) | Ins::Float(_) | Ins::Slot(_) => self,
            Ins::IntOp(op, a, b) => Ins::IntOp(op, f(a), f(b)),
            Ins::FloatOp(op, a, b) => Ins::FloatOp(op, f(a), f(b)),
            Ins::Sqrt(a) => Ins::Sqrt(f(a)),
            Ins::ToFloat(a) => Ins::ToFloat(f(a)),
            Ins::ToInt(a) => Ins::ToInt(f(a)),
            Ins::Load(width, class, a, displacement) => Ins::Load(width, class, f(a), displacement),
            Ins::Store(width, a, displacement, b) => Ins::Store(width, f(a), displacement, f(b)),
            Ins::Guard(cond, a, b, snapshot) => Ins::Guard(cond, f(a), f(b), snapshot),
        }
    }
}

/// How the interpreter continues: at `pc`, with these values in these slots of the frame. All other slots hold already
/// what they should.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    pub pc: usize,
    pub slots: Vec<(Slot, Ref)>,
}

/// A value that a loop changes: `entry`, an `Ins::Slot`, stands for `next` of the turn before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Phi {
    pub entry: Ref,
    pub next: Ref,
}

/// What follows a trace's last instruction.
#[derive(Clone, PartialEq, Debug)]
pub enum End {
    /// Its own instruction `body`, again and again. What comes before `body` is executed once.
    Loop { body: usize, phis: Vec<Phi> },
    /// The start of the trace of that number, which finds these values in the frame.
    Link { trace: usize, slots: Vec<(Slot, Ref)> },
}

#[derive(Clone, PartialEq, Debug)]
pub struct Trace {
    pub ins: Vec<Ins>,
    pub snapshots: Vec<Snapshot>,
    pub end: End,
}

#[derive(Default)]
pub struct Builder {
    pub ins: Vec<Ins>,
    pub snapshots: Vec<Snapshot>,
    seen: HashMap<Ins, Ref>,
}

impl Builder {
    pub fn get(&self, r: Ref) -> Ins {
        self.ins[r.index()]
    }

    /// The value that `ins` computes: a constant, one that is there already, or a new one.
    pub fn emit(&mut self, ins: Ins) -> Ref {
        match self.fold(ins) {
            Ok(known) => known,
            Err(ins) => match self.seen.get(&ins) {
                Some(&known) => known,
                None => self.append(ins),
            },
        }
    }

    pub fn int(&mut self, value: i64) -> Ref {
        self.emit(Ins::Int(value))
    }

    pub fn store(&mut self, width: Width, base: Ref, displacement: i32, value: Ref) {
        self.append(Ins::Store(width, base, displacement, value));
        self.seen.retain(|ins, _| !matches!(ins, Ins::Load(..)));
    }

    /// Guards that `cond` holds. `snapshot` is asked only if that is not known already.
    pub fn guard(&mut self, cond: Cond, a: Ref, b: Ref, snapshot: impl FnOnce() -> Snapshot) {
        let (cond, a, b) = match (self.get(a).constant(), self.get(b).constant(), cond.mirrored()) {
            (Some(_), Some(_), _) => return,
            (Some(_), None, Some(mirrored)) => (mirrored, b, a),
            _ => (cond, a, b),
        };
        // In `seen`, guards have no snapshot: the first of two equal guards does for both.
        let key = Ins::Guard(cond, a, b, 0);
        if !self.seen.contains_key(&key) {
            let r = self.append(Ins::Guard(cond, a, b, self.snapshots.len()));
            self.seen.insert(key, r);
            self.snapshots.push(snapshot());
        }
    }

    fn append(&mut self, ins: Ins) -> Ref {
        let r = Ref(self.ins.len() as u32);
        self.ins.push(ins);
        if !matches!(ins, Ins::Store(..) | Ins::Guard(..)) {
            self.seen.insert(ins, r);
        }
        r
    }

    /// The value of `ins` if no instruction is needed for it, else `ins` in its canonical form.
    fn fold(&mut self, ins: Ins) -> Result<Ref, Ins> {
        match ins {
            Ins::IntOp(op, a, b) => match (self.get(a), self.get(b)) {
                (Ins::Int(x), Ins::Int(y)) if y != 0 || !matches!(op, IntOp::Div | IntOp::Rem) => {
                    Ok(self.int(op.apply(x, y)))
                }
                (Ins::Int(_), _) if op.commutes() => self.fold(Ins::IntOp(op, b, a)),
                (_, Ins::Int(y)) => match (op, y) {
                    (IntOp::Add | IntOp::Sub | IntOp::Or | IntOp::Xor, 0) => Ok(a),
                    (IntOp::Shl | IntOp::Shr | IntOp::Sar, y) if y & 63 == 0 => Ok(a),
                    (IntOp::Mul | IntOp::Div, 1) => Ok(a),
                    (IntOp::Mul | IntOp::And, 0) => Ok(b),
                    (IntOp::Sub, y) if y != i64::MIN => {
                        let negative = self.int(-y);
                        Err(Ins::IntOp(IntOp::Add, a, negative))
                    }
                    (IntOp::Mul, y) if y > 0 && y.count_ones() == 1 => {
                        let shift = self.int(y.trailing_zeros().into());
                        Err(Ins::IntOp(IntOp::Shl, a, shift))
                    }
                    _ => Err(ins),
                },
                _ => Err(ins),
            },
            Ins::FloatOp(op, a, b) => match (self.get(a), self.get(b)) {
                (Ins::Float(x), Ins::Float(y)) => {
                    let value = op.apply(f64::from_bits(x), f64::from_bits(y));
                    // The bits of a computed NaN are the processor's business.
                    if value.is_nan() { Err(ins) } else { Ok(self.emit(Ins::Float(value.to_bits()))) }
                }
                (Ins::Float(_), _) if op.commutes() => Err(Ins::FloatOp(op, b, a)),
                _ => Err(ins),
            },
            Ins::ToFloat(a) => match self.get(a) {
                Ins::Int(x) => Ok(self.emit(Ins::Float((x as f64).to_bits()))),
                _ => Err(ins),
            },
            _ => Err(ins),
        }
    }
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

impl fmt::Display for Ins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lower = |name: &dyn fmt::Debug| format!("{name:?}").to_lowercase();
        match *self {
            Ins::Int(value) => write!(f, "int     {value}"),
            Ins::Float(bits) => write!(f, "float   {:?}", f64::from_bits(bits)),
            Ins::Slot(slot) => write!(f, "slot    {}", slot_name(slot)),
            Ins::IntOp(op, a, b) => write!(f, "{:<7} {a} {b}", lower(&op)),
            Ins::FloatOp(op, a, b) => write!(f, "f{:<6} {a} {b}", lower(&op)),
            Ins::Sqrt(a) => write!(f, "fsqrt   {a}"),
            Ins::ToFloat(a) => write!(f, "itof    {a}"),
            Ins::ToInt(a) => write!(f, "ftoi    {a}"),
            Ins::Load(width, _, a, d) => write!(f, "load{:<3} [{a} {d:+}]", width.bytes() * 8),
            Ins::Store(width, a, d, b) => write!(f, "store{:<2} [{a} {d:+}] {b}", width.bytes() * 8),
            Ins::Guard(cond, a, b, snapshot) => write!(f, "guard   {} {a} {b}, else exit {snapshot}", lower(&cond)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot() -> Snapshot {
        Snapshot { pc: 0, slots: vec![] }
    }

    #[test]
    fn equal_instructions_are_emitted_once() {
        let mut b = Builder::default();
        let (x, one) = (b.emit(Ins::Slot(0)), b.int(1));
        let sum = b.emit(Ins::IntOp(IntOp::Add, x, one));
        assert_eq!(b.emit(Ins::IntOp(IntOp::Add, one, x)), sum);
        b.guard(Cond::Lt, one, x, snapshot);
        b.guard(Cond::Gt, x, one, snapshot);
        assert_eq!(b.snapshots.len(), 1);
    }

    #[test]
    fn a_store_forgets_loads() {
        let mut b = Builder::default();
        let x = b.emit(Ins::Slot(0));
        let load = Ins::Load(Width::Word, Class::Int, x, 0);
        let first = b.emit(load);
        assert_eq!(b.emit(load), first);
        b.store(Width::Word, x, 8, first);
        assert_ne!(b.emit(load), first);
    }

    #[test]
    fn constants_are_folded() {
        let mut b = Builder::default();
        let (x, zero, eight) = (b.emit(Ins::Slot(0)), b.int(0), b.int(8));
        assert_eq!(b.emit(Ins::IntOp(IntOp::Add, zero, x)), x);
        assert_eq!(b.emit(Ins::IntOp(IntOp::And, zero, x)), zero);
        let product = b.emit(Ins::IntOp(IntOp::Mul, eight, x));
        assert!(matches!(b.get(product), Ins::IntOp(IntOp::Shl, _, _)));
        let quotient = b.emit(Ins::IntOp(IntOp::Div, eight, zero));
        assert!(matches!(b.get(quotient), Ins::IntOp(IntOp::Div, _, _)));
        b.guard(Cond::Ne, eight, zero, snapshot);
        assert!(b.snapshots.is_empty());
    }
}
