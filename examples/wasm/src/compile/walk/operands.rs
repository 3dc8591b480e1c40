//! The operands of the instruction that the walk has come to, and where its result goes.
//!
//! An operand is a register unless the machine takes something else in its place. A constant is an immediate. A load is
//! a place in memory, if nobody else needs its value and no instruction with an effect lies between: it is emitted
//! where it is used, and the walk passes by where it stood. A multiple by 2, 4 or 8 is part of the addition, and a
//! comparison of the branch.

use super::Walk;
use crate::compile::registers::{Reg, RegSet};
use crate::compile::target::{Access, Apart, Folded, Needs, Operand, Taker, Target, Test};
use crate::ir::ops::{Cond, IntOp, Width};
use crate::ir::{Definition, Inst, Value};

impl<T: Target> Walk<'_, T> {
    /// The operands of what commutes, a load that can be folded last.
    pub(super) fn in_order(&self, taker: Taker, a: Value, b: Value) -> (Value, Value) {
        let swap = self.foldable(taker, a).is_some()
            && self.foldable(taker, b).is_none()
            && self.function.constant(b).is_none();
        if swap { (b, a) } else { (a, b) }
    }

    /// The operands of what commutes, the one first that is best where the result is.
    pub(super) fn best_first(&self, taker: Taker, d: Reg, a: Value, b: Value) -> (Value, Value) {
        let swap = self.foldable(taker, b).is_none()
            && self.state.reg(b).is_none()
            && (self.state.reg(a).is_some() || self.state.hint(b) == Some(d));
        if swap { (b, a) } else { (a, b) }
    }

    /// The load that a value is, if it can be an operand: nobody else needs the value, and there is no effect between.
    pub(super) fn foldable(&self, taker: Taker, value: Value) -> Option<usize> {
        let Definition::Inst(inst) = self.function.value(value).definition else { return None };
        match self.function.insts[inst as usize] {
            Inst::Load { kind, order, .. }
                if order == self.effects
                    && self.folded.is_none()
                    && !self.state.is_needed(value)
                    && T::folds(taker, kind) =>
            {
                Some(inst as usize)
            }
            _ => None,
        }
    }

    pub(super) fn fold(&mut self, taker: Taker, value: Value, except: RegSet) -> Option<Operand> {
        let inst = self.foldable(taker, value)?;
        let Inst::Load { kind, address, offset, order, .. } = self.function.insts[inst] else { return None };
        self.folded = Some(order);
        let access = self.access(address, offset, None, except);
        Some(Operand::Memory(Folded { access, bytes: kind.bytes(), offset: self.function.offsets[inst] }))
    }

    /// Whether the second operand of an addition is a multiple of a value by 2, 4 or 8 that nobody else needs.
    pub(super) fn scaled(&self, width: Width, a: Value, b: Value) -> Option<(Value, Value, u8)> {
        let Definition::Inst(inst) = self.function.value(b).definition else { return None };
        let Inst::Int { op: IntOp::Shl, width: same, a: value, b: shift, .. } = self.function.insts[inst as usize]
        else {
            return None;
        };
        let shift = self.function.constant(shift).filter(|shift| (1..=3).contains(shift))?;
        (same == width && !self.state.is_needed(b)).then_some((a, value, shift as u8))
    }

    /// The register for a result, which nobody may want if the instruction is there for its effect.
    pub(super) fn result(&mut self, d: Value, needs: Needs) -> Reg {
        for reg in needs.destroys.iter() {
            if self.state.held(reg) != Some(d) {
                let except = needs.destroys;
                self.state.vacate(self.target, reg, except);
            }
        }
        let except = needs.last.map_or(RegSet::EMPTY, RegSet::of);
        if let Some(reg) = self.state.reg(d).filter(|&reg| except.contains(reg)) {
            self.state.vacate(self.target, reg, needs.destroys);
        }
        let class = self.function.value(d).class;
        match self.state.define(self.target, d, except) {
            Some(reg) => reg,
            None => self.state.allocate(self.target, class, None, except),
        }
    }

    pub(super) fn immediate(&self, taker: Taker, value: Value) -> Option<Operand> {
        // One that is in a register already is shorter from there.
        let bits = self.function.constant(value).filter(|_| self.state.reg(value).is_none())?;
        T::immediate(taker, bits).then_some(Operand::Immediate(bits))
    }

    /// A place in memory; the builder makes constant addresses zero.
    pub(super) fn access(&mut self, address: Value, offset: u32, wanted: Option<Reg>, except: RegSet) -> Access {
        let is_zero = self.function.constant(address) == Some(0) && self.state.reg(address).is_none();
        let address = (!is_zero).then(|| self.state.use_in(self.target, address, wanted, except));
        Access { address, offset }
    }

    /// The first operand, where the result is if possible.
    pub(super) fn operand(&mut self, a: Value, d: Reg, needs: Needs) -> Reg {
        let except = if needs.apart == Apart::All { RegSet::of(d) } else { RegSet::EMPTY };
        self.state.use_in(self.target, a, Some(d), except.with(needs.destroys))
    }

    /// The last operand: a load, or a register where it must be.
    pub(super) fn last_operand(&mut self, taker: Taker, b: Value, d: Reg, a: Reg, needs: Needs) -> Operand {
        match self.fold(taker, b, RegSet::of(a).with(RegSet::of(d)).with(needs.destroys)) {
            Some(operand) => operand,
            None => Operand::Reg(self.last_register(b, d, a, needs)),
        }
    }

    pub(super) fn last_register(&mut self, b: Value, d: Reg, a: Reg, needs: Needs) -> Reg {
        let wanted = if needs.apart == Apart::None { Some(d) } else { needs.last };
        let except = if needs.apart == Apart::None { RegSet::EMPTY } else { RegSet::of(d) };
        let except = except.with(needs.destroys.without(needs.last.map_or(RegSet::EMPTY, RegSet::of)));
        self.state.use_in(self.target, b, wanted, except.with(RegSet::of(a)))
    }

    pub(super) fn unary(&mut self, inst: &Inst, d: Value, a: Value) -> (Reg, Reg) {
        let needs = T::needs(inst);
        let d = self.result(d, needs);
        let except = if needs.apart == Apart::None { RegSet::EMPTY } else { RegSet::of(d) };
        let a = self.state.use_in(self.target, a, Some(d), except.with(needs.destroys));
        (d, a)
    }

    /// The test that a comparison is, with registers for its operands.
    pub(super) fn comparison(&mut self, inst: &Inst, except: RegSet) -> Option<Test> {
        match *inst {
            Inst::Compare { cond, width, a, b, .. } => {
                let taker = Taker::Compare(width);
                let (first, last) = self.in_order(taker, a, b);
                let cond = if first == a { cond } else { cond.swapped() };
                let a = self.state.use_in(self.target, first, None, except);
                let except = except.with(RegSet::of(a));
                let constant = self.immediate(taker, last);
                let b = match constant.or_else(|| self.fold(taker, last, except)) {
                    Some(operand) => operand,
                    None => Operand::Reg(self.state.use_in(self.target, last, None, except)),
                };
                Some(Test::Int { cond, width, a, b })
            }
            Inst::FloatCompare { cond, width, a, b, .. } => {
                let b = self.state.use_in(self.target, b, None, except);
                let a = self.state.use_in(self.target, a, None, except.with(RegSet::of(b)));
                Some(Test::Float { cond, width, a, b })
            }
            _ => None,
        }
    }

    /// A test whether a value is not zero: the comparison that it is, if nobody else needs it.
    pub(super) fn test(&mut self, value: Value, except: RegSet) -> Test {
        if let Definition::Inst(inst) = self.function.value(value).definition
            && !self.state.is_needed(value)
            && let Some(test) = self.comparison(&self.function.insts[inst as usize], except)
        {
            return test;
        }
        let a = self.state.use_in(self.target, value, None, except);
        Test::Int { cond: Cond::Ne, width: Width::W32, a, b: Operand::Immediate(0) }
    }
}

/// The register that an operand keeps from others.
pub(super) fn operand_set(operand: Operand) -> RegSet {
    match operand {
        Operand::Reg(reg) => RegSet::of(reg),
        Operand::Memory(Folded { access, .. }) => access.address.map_or(RegSet::EMPTY, RegSet::of),
        Operand::Immediate(_) => RegSet::EMPTY,
    }
}
