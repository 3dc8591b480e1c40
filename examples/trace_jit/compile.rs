//! The compiler: a trace is walked once, from its last instruction to its first, and turns into machine code that grows
//! downward.
//!
//! What lies highest is emitted first:
//!
//! ```text
//! pool                   constants that no immediate holds: `tailfirst` puts them here in the end
//! start:  copies         where the trace's inputs come from -> where they are needed
//!         ...            what is computed once
//! loop:   copies         homes -> where the body first needs its values         (aligned)
//!         ...            the body
//!         copies         the next turn's values -> homes
//!         jmp loop       the only label that is pending, while the body is emitted
//! exits                  a stub for each guard, bound before the guard is met: a guard is one branch
//! ```
//!
//! A trace that is no loop writes its slots to the frame at its end and jumps to the trace that it links to.
//!
//! The loop is a block that moves when it is complete, so that its head is aligned. The block's closure gets the
//! encoder, and so the walk does not own it: it is passed along. Nothing here remembers a position; what others have to
//! find in the finished code is a label, and labels move with their code.
//!
//! When the walk meets a guard, the allocator knows where every value is at that point; the exit notes this for each
//! slot of the guard's snapshot (`Exit::restores`). Restoring is done in Rust (`vm.rs`), from the registers that the
//! exit has saved, or not at all, when a side trace begins there: its inputs are then just in these places.

use crate::allocate::Allocator;
use crate::backend::{Backend, EmitError, Fixed, Mem, Operand, Place, Reg, RegSet, Source, Stub};
use crate::bytecode::{IntOp, Slot};
use crate::homes::{Homes, frame_word, immediate};
use crate::ir::{End, Ins, Phi, Ref, Trace};
use crate::moves::sequence;

/// Where and how the interpreter goes on when a guard has failed.
#[derive(Clone, PartialEq, Debug)]
pub struct Exit {
    pub pc: usize,
    pub restores: Vec<(Slot, Source)>,
}

/// What a piece of code was emitted for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    Start,
    Ins(Ref),
    Head,
    End,
    Exit(usize),
}

/// A trace as an encoder has it now: labels into its code.
pub struct Compiled<L, S> {
    pub start: L,
    /// The loop's first instruction.
    pub head: Option<L>,
    pub exits: Vec<Exit>,
    /// The exits' stubs, each of which begins with a jump that can be patched.
    pub stubs: Vec<Stub<L, S>>,
    /// What each piece of code is for, the highest first.
    pub marks: Vec<(L, Mark)>,
}

/// Compiles a trace. `pending` are the slots that it does not find in the frame when it starts, and where they are
/// instead: none at a loop's head. Its exits have the numbers from `first_exit` on.
pub fn compile<B: Backend>(
    asm: &mut B,
    trace: &Trace,
    pending: &[(Slot, Source)],
    first_exit: u32,
) -> Result<Compiled<B::Label, B::Site>, EmitError> {
    let no_exit = Exit { pc: 0, restores: vec![] };
    let mut walk = Walk::<B> {
        trace,
        a: Allocator::new(&trace.ins),
        stubs: Vec::with_capacity(trace.snapshots.len()),
        exits: vec![no_exit; trace.snapshots.len()],
        marks: Vec::new(),
    };
    walk.stubs(asm, first_exit);
    let mut head = None;
    match &trace.end {
        End::Loop { body, phis } => {
            let homes = Homes::plan::<B>(trace, *body, phis, &mut walk.a);
            head = Some(asm.aligned_loop(|asm| {
                walk.turn(asm, *body, phis, &homes);
                walk.instructions(asm, *body..trace.ins.len());
                walk.head(asm, *body, phis, &homes);
            }));
            walk.instructions(asm, 0..*body);
        }
        End::Link { trace: to, slots } => {
            asm.link(*to);
            walk.hints(pending);
            let wanted = slots.iter().map(|&(slot, v)| (Place::Mem(Mem::Frame(slot)), v));
            walk.arrange(asm, wanted.collect(), |_, _| false);
            walk.mark(asm, Mark::End);
            walk.instructions(asm, 0..trace.ins.len());
        }
    }
    walk.start(asm, pending);
    if walk.a.overflowed() {
        return Err(EmitError::Spills);
    }
    let Walk { exits, stubs, marks, .. } = walk;
    Ok(Compiled { start: asm.here(), head, exits, stubs, marks })
}

struct Walk<'t, B: Backend> {
    trace: &'t Trace,
    a: Allocator<'t>,
    stubs: Vec<Stub<B::Label, B::Site>>,
    exits: Vec<Exit>,
    marks: Vec<(B::Label, Mark)>,
}

impl<B: Backend> Walk<'_, B> {
    fn get(&self, v: Ref) -> Ins {
        self.trace.ins[v.index()]
    }

    /// Says what was emitted since the last mark.
    fn mark(&mut self, asm: &mut B, mark: Mark) {
        self.marks.push((asm.here(), mark));
    }

    fn stubs(&mut self, asm: &mut B, first_exit: u32) {
        for number in (0..self.trace.snapshots.len()).rev() {
            let stub = asm.exit(first_exit + number as u32);
            self.stubs.push(stub);
            self.mark(asm, Mark::Exit(number));
        }
        self.stubs.reverse();
    }

    /// A side trace's inputs are best left in the registers that they come in.
    fn hints(&mut self, pending: &[(Slot, Source)]) {
        for (index, &ins) in self.trace.ins.iter().enumerate() {
            if let Source::Place(Place::Reg(reg)) = source(ins, pending) {
                self.a.hints[index] = Some(reg);
            }
        }
    }

    /// The end of a loop's body, where everything must be at home.
    fn turn(&mut self, asm: &mut B, body: usize, phis: &[Phi], homes: &Homes) {
        let at_home = |v: Ref| homes.of[v.index()];
        let mut wanted = Vec::new();
        for v in (0..body as u32).map(Ref) {
            if let (Some(Place::Reg(reg)), false) = (at_home(v), phis.iter().any(|phi| phi.entry == v)) {
                wanted.push((Place::Reg(reg), v));
            }
        }
        for phi in phis {
            wanted.extend(at_home(phi.entry).map(|home| (home, phi.next)));
        }
        self.arrange(asm, wanted, |place, v| {
            let replaced = phis.iter().find(|phi| phi.next == v && at_home(phi.entry) == Some(place));
            replaced.is_some_and(|&phi| homes.replaces(phi, body))
        });
        self.mark(asm, Mark::End);
    }

    /// Lets each place hold its value from here down. A value in no place yet gets the first that wants it, without a
    /// copy: a register at once, a word of memory if it `may_live_there`.
    fn arrange(&mut self, asm: &mut B, wanted: Vec<(Place, Ref)>, may_live_there: impl Fn(Place, Ref) -> bool) {
        let mut copies: Vec<(Place, Source)> = Vec::new();
        let (registers, words): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|(place, _)| matches!(place, Place::Reg(_)));
        for (place, v) in registers.into_iter().chain(words) {
            let constant = self.get(v).constant();
            match (place, constant, self.a.reg_of(v), self.a.mem_of(v)) {
                // A constant that lives in a register for the whole loop is held there; any other is made on the spot.
                (Place::Reg(reg), Some(_), None, _) if self.a.hints[v.index()] == Some(reg) => self.a.hold(reg, v),
                (_, Some(bits), _, _) => copies.push((place, Source::Const(bits))),
                (_, None, Some(from), _) => copies.push((place, Source::Place(Place::Reg(from)))),
                (Place::Reg(reg), None, None, _) => self.a.hold(reg, v),
                (Place::Mem(_), None, None, Some(from)) => copies.push((place, Source::Place(Place::Mem(from)))),
                (Place::Mem(mem), None, None, None) => {
                    if may_live_there(place, v) || frame_word(self.get(v)) == Some(mem) {
                        self.a.set_mem(v, Some(mem));
                    } else {
                        let from = self.a.keep::<B>(v);
                        copies.push((place, from));
                    }
                }
            }
        }
        self.emit(asm, copies);
    }

    /// The loop's head, where everything is at home.
    fn head(&mut self, asm: &mut B, body: usize, phis: &[Phi], homes: &Homes) {
        let is_phi = |v: Ref| phis.iter().any(|phi| phi.entry == v);
        let mut copies = Vec::new();
        for v in (0..body as u32).map(Ref) {
            let from = match (homes.of[v.index()], self.get(v).constant()) {
                (Some(home), _) => Source::Place(home),
                (None, Some(bits)) => Source::Const(bits),
                (None, None) => continue,
            };
            copies.extend(self.a.reg_of(v).map(|reg| (Place::Reg(reg), from)));
            // What is the same in every turn was spilled once, in front of the loop.
            if is_phi(v) {
                copies.extend(self.a.mem_of(v).map(|mem| (Place::Mem(mem), from)));
            }
        }
        self.emit(asm, copies);
        for v in (0..self.trace.ins.len() as u32).map(Ref) {
            if let Some(reg) = self.a.reg_of(v) {
                debug_assert!(v.index() < body, "{v} lives across the loop's head");
                self.a.release(reg);
            }
        }
        for v in (0..body as u32).map(Ref) {
            match homes.of[v.index()] {
                Some(Place::Reg(reg)) => {
                    self.a.hold(reg, v);
                    if is_phi(v) {
                        self.a.set_mem(v, None);
                    }
                }
                Some(Place::Mem(mem)) => self.a.set_mem(v, Some(mem)),
                None => {}
            }
        }
        self.mark(asm, Mark::Head);
    }

    /// The start of the trace. All inputs leave the places that they come in at once, so a side trace has all spill
    /// words to itself from here on.
    fn start(&mut self, asm: &mut B, pending: &[(Slot, Source)]) {
        let mut copies = Vec::new();
        for v in (0..self.trace.ins.len() as u32).map(Ref) {
            let from = source(self.get(v), pending);
            copies.extend(self.a.reg_of(v).map(|reg| (Place::Reg(reg), from)));
            copies.extend(
                self.a.mem_of(v).filter(|_| frame_word(self.get(v)).is_some()).map(|mem| (Place::Mem(mem), from)),
            );
        }
        self.emit(asm, copies);
        self.mark(asm, Mark::Start);
    }

    fn copy(&mut self, asm: &mut B, to: Reg, from: Reg) {
        if to != from {
            asm.copy(Place::Reg(to), Source::Place(Place::Reg(from)));
        }
    }

    /// Emits parallel copies.
    fn emit(&mut self, asm: &mut B, copies: Vec<(Place, Source)>) {
        for (to, from) in sequence(copies).into_iter().rev() {
            asm.copy(to, from);
        }
    }

    fn instructions(&mut self, asm: &mut B, range: std::ops::Range<usize>) {
        for index in range.rev() {
            let v = Ref(index as u32);
            self.instruction(asm, v);
            self.mark(asm, Mark::Ins(v));
        }
    }

    fn instruction(&mut self, asm: &mut B, v: Ref) {
        let ins = self.get(v);
        match ins {
            // These are there when the trace starts, or are made where they are needed.
            Ins::Int(_) | Ins::Float(_) | Ins::Slot(_) => {}
            Ins::Store(width, base, displacement, value) => {
                let base = self.a.read(asm, base, RegSet::EMPTY, None);
                let value = self.operand(asm, ins, value, RegSet::of(base));
                asm.store(width, base, displacement, value);
            }
            Ins::Guard(cond, a, b, snapshot) => {
                let a = self.a.read(asm, a, RegSet::EMPTY, None);
                let b = self.operand(asm, ins, b, RegSet::of(a));
                let slots = &self.trace.snapshots[snapshot];
                let restores = slots.slots.iter().map(|&(slot, v)| (slot, self.a.keep::<B>(v))).collect();
                self.exits[snapshot] = Exit { pc: slots.pc, restores };
                asm.guard(cond, a, b, self.stubs[snapshot].jump);
            }
            _ => {
                // A value that nobody needs is not computed.
                if let Some(d) = self.a.define(asm, v) {
                    self.compute(asm, ins, d);
                }
            }
        }
    }

    fn compute(&mut self, asm: &mut B, ins: Ins, d: Reg) {
        match ins {
            Ins::IntOp(op, a, b) => self.int_op(asm, ins, op, d, a, b),
            Ins::FloatOp(op, a, b) => {
                let (a, b) = if op.commutes() { self.in_order(a, b) } else { (a, b) };
                let avoid = if B::TWO_ADDRESS && a != b { RegSet::of(d) } else { RegSet::EMPTY };
                let b = self.a.read(asm, b, avoid, Some(d));
                let a = self.a.read(asm, a, RegSet::of(b), Some(d));
                asm.float(op, d, a, b);
            }
            Ins::Sqrt(a) => {
                let a = self.a.read(asm, a, RegSet::EMPTY, Some(d));
                asm.sqrt(d, a);
            }
            Ins::ToFloat(a) => {
                let a = self.a.read(asm, a, RegSet::EMPTY, None);
                asm.to_float(d, a);
            }
            Ins::ToInt(a) => {
                let a = self.a.read(asm, a, RegSet::EMPTY, None);
                asm.to_int(d, a);
            }
            Ins::Load(width, _, base, displacement) => {
                let base = self.a.read(asm, base, RegSet::EMPTY, Some(d));
                asm.load(width, d, base, displacement);
            }
            Ins::Int(_) | Ins::Float(_) | Ins::Slot(_) | Ins::Store(..) | Ins::Guard(..) => {
                unreachable!("{ins} is not computed from operands")
            }
        }
    }

    fn operand(&mut self, asm: &mut B, ins: Ins, v: Ref, avoid: RegSet) -> Operand {
        match immediate::<B>(&self.trace.ins, ins, v) {
            Some(value) => Operand::Imm(value),
            None => Operand::Reg(self.a.read(asm, v, avoid, None)),
        }
    }

    /// The operands of a commutative operation: first the one that dies here, whose register the result can take.
    fn in_order(&self, a: Ref, b: Ref) -> (Ref, Ref) {
        if self.a.reg_of(a).is_some() && self.a.reg_of(b).is_none() { (b, a) } else { (a, b) }
    }

    fn int_op(&mut self, asm: &mut B, ins: Ins, op: IntOp, d: Reg, a: Ref, b: Ref) {
        let imm = immediate::<B>(&self.trace.ins, ins, b);
        let (a, b) = if op.commutes() && imm.is_none() { self.in_order(a, b) } else { (a, b) };
        let Fixed { destroys, second } = if imm.is_none() { B::fixed(op) } else { Fixed::NOTHING };
        let special = second.map_or(destroys, |reg| destroys.with(RegSet::of(reg)));

        // The result cannot be made where the second operand must be.
        let target = match second {
            Some(reg) if reg == d => {
                let target = self.a.take(asm, d.class(), special, None);
                self.copy(asm, d, target);
                target
            }
            _ => d,
        };
        let results = RegSet::of(d).with(RegSet::of(target));
        for reg in special.iter().filter(|&reg| reg != target) {
            if second != Some(reg) || self.a.holder(reg) != Some(b) {
                self.a.vacate(asm, reg, special.with(results));
            }
        }

        let second_operand = match (imm, second) {
            (Some(value), _) => Operand::Imm(value),
            (None, Some(reg)) => {
                if self.a.reg_of(b).is_none() {
                    self.a.hold(reg, b);
                }
                Operand::Reg(reg)
            }
            (None, None) => {
                let avoid = if B::TWO_ADDRESS && a != b { results } else { RegSet::EMPTY };
                Operand::Reg(self.a.read(asm, b, avoid.with(destroys), Some(target)))
            }
        };
        let b_reg = imm.is_none().then(|| self.a.reg_of(b)).flatten();
        let avoid = b_reg.map_or(special, |reg| special.with(RegSet::of(reg)));
        let a = self.a.read(asm, a, avoid, Some(target));
        asm.int(op, target, a, second_operand);
        if let (Some(to), Some(from)) = (second, b_reg) {
            self.copy(asm, to, from);
        }
    }
}

/// Where the value of a constant or a slot comes from when the trace starts.
fn source(ins: Ins, pending: &[(Slot, Source)]) -> Source {
    match (ins, ins.constant(), frame_word(ins)) {
        (_, Some(bits), _) => Source::Const(bits),
        (Ins::Slot(slot), _, Some(word)) => match pending.iter().find(|&&(pending, _)| pending == slot) {
            Some(&(_, from)) => from,
            None => Source::Place(Place::Mem(word)),
        },
        // Anything else has no place any more when the walk arrives at the start.
        _ => Source::Const(0),
    }
}
