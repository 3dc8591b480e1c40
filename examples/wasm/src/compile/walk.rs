//! The walk: from a function's last instruction to its first, once.
//!
//! When the walk comes to an instruction, all that follows it is code already, and [`State`] knows in which registers
//! that code expects values. The result's register is free above the instruction; operands that are nowhere yet get
//! registers, the first one that of the result if possible; then the instruction is emitted. What nobody expects is not
//! emitted at all. A comparison that only a branch or a selection uses is emitted there, as its flags.
//!
//! Calls leave nothing in registers: what code behind a call expects there is reloaded right behind it.

pub mod borders;
mod operands;

use tailfirst::Pos;

use super::convention::{Position, positions, words};
use super::joins::{Joins, bring};
use super::moves::{self, Move};
use super::parts::Functions;
use super::registers::RegSet;
use super::state::State;
use super::target::{Checkpoint, CodeLabel, Frame, Needs, Operand, Place, Source, Taker, Target};
use crate::abi::TrapKind;
use crate::ir::module::ModuleInfo;
use crate::ir::ops::{Builtin, FloatOp, IntOp, Width};
use crate::ir::simd::VectorBinary;
use crate::ir::{Class, Function, Inst, List, Value};
use borders::Border;
use operands::operand_set;

/// The walk through one function.
pub struct Walk<'f, T> {
    module: &'f ModuleInfo,
    function: &'f Function,
    functions: &'f Functions,
    target: &'f mut T,
    state: State<'f>,
    joins: Joins<'f>,
    /// Edges that take moves and may not be taken: they lie below the function.
    asides: Vec<Aside>,
    /// The jump that was emitted last, unless something else leads to it.
    jumped: Option<Jumped>,
    /// How many instructions with an effect are before this one.
    effects: u32,
    /// The number among these of the load that was emitted as an operand.
    folded: Option<u32>,
    /// If anybody wants them, in the order of the walk.
    borders: Option<&'f mut Vec<Border>>,
    /// Where the jump led that the branch has replaced which was emitted last.
    replaced: Option<CodeLabel>,
}

/// A jump that a branch around it may replace.
struct Jumped {
    before: Checkpoint,
    start: Pos,
    end: Pos,
    to: CodeLabel,
    /// How many borders were behind it.
    borders: usize,
}

/// Moves, and where to go then.
struct Aside {
    at: CodeLabel,
    steps: Vec<Move>,
    to: CodeLabel,
}

/// Compiles a function, below what was emitted before.
///
/// A function that calls nothing is tried without a frame. If it turns out to need a word, it is compiled again.
pub fn walk<T: Target>(
    module: &ModuleInfo,
    function: &Function,
    functions: &Functions,
    target: &mut T,
    mut borders: Option<&mut Vec<Border>>,
) {
    let mut frame = frame::<T>(module, function);
    let before = target.checkpoint();
    let (slots, asides) = loop {
        target.begin(frame);
        let (slots, asides) = through(module, function, functions, target, borders.as_deref_mut());
        if slots == 0 || !frame.bare {
            break (slots, asides);
        }
        target.go_back(before);
        if let Some(borders) = &mut borders {
            borders.clear();
        }
        frame.bare = false;
    };
    frame.slots = slots;
    let label = functions.label(function.index as usize - module.imported_functions);
    target.enter(frame, label);
    for Aside { at, steps, to } in asides {
        target.jump(to);
        moves::emit(target, steps);
        target.bind(at);
    }
    target.end();
}

/// The walk itself, without the frame: says how many words its slots have, and what is to be emitted below.
fn through<T: Target>(
    module: &ModuleInfo,
    function: &Function,
    functions: &Functions,
    target: &mut T,
    borders: Option<&mut Vec<Border>>,
) -> (u32, Vec<Aside>) {
    let joins = Joins::new(function);
    let state = State::new(function);
    let effects = function.effects;
    let mut walk = Walk {
        module,
        function,
        functions,
        target,
        state,
        joins,
        asides: vec![],
        jumped: None,
        effects,
        folded: None,
        borders,
        replaced: None,
    };
    walk.hint_arguments();
    for (inst, &offset) in function.insts.iter().zip(&function.offsets).rev() {
        walk.target.set_offset(offset);
        walk.effects -= u32::from(inst.has_effect());
        walk.border_behind(inst);
        walk.inst(inst);
        walk.border_before(inst);
    }
    walk.target.set_offset(function.offset);
    walk.arguments();
    (walk.state.slots.words(), walk.asides)
}

/// What is known of the frame beforehand.
fn frame<T: Target>(module: &ModuleInfo, function: &Function) -> Frame {
    let mut frame = Frame { has_vectors: function.has_vectors, ..Frame::default() };
    for inst in &function.insts {
        frame.calls |= inst.is_call();
        if let Inst::Call { arguments, results, .. } | Inst::CallIndirect { arguments, results, .. } = *inst {
            for list in [arguments, results] {
                let classes = function.list(list).iter().map(|&value| function.value(value).class);
                frame.outgoing = frame.outgoing.max(words::<T>(classes));
            }
        }
        frame.saves_context |= match *inst {
            Inst::Call { function, .. } => (function as usize) < module.imported_functions,
            Inst::CallIndirect { .. } => true,
            _ => false,
        };
    }
    frame.bare = !frame.calls;
    frame
}

impl<T: Target> Walk<'_, T> {
    fn inst(&mut self, inst: &Inst) {
        if let Some(d) = inst.result()
            && !inst.has_effect()
            && !self.state.is_needed(d)
        {
            return;
        }
        match *inst {
            Inst::Constant { d, bits } => {
                if let Some(reg) = self.state.remove(d) {
                    let class = self.function.value(d).class;
                    self.target.copy(class, Place::Reg(reg), Source::Constant(bits));
                }
            }
            Inst::Int { op, width, d, a, b } => self.int(inst, (op, width), d, a, b),
            Inst::Divide { op, width, d, a, b } => {
                let needs = T::needs(inst);
                let d = self.result(d, needs);
                let a = self.operand(a, d, needs);
                let b = self.last_register(b, d, a, needs);
                self.target.divide(op, width, d, a, b);
            }
            Inst::IntUnary { op, width, d, a } => {
                let (d, a) = self.unary(inst, d, a);
                self.target.int_unary(op, width, d, a);
            }
            Inst::Compare { d, .. } | Inst::FloatCompare { d, .. } => {
                let d = self.result(d, Needs::default());
                let test = self.comparison(inst, RegSet::EMPTY);
                if let Some(test) = test {
                    self.target.set(d, test);
                }
            }
            Inst::Float { op, width, d, a, b } => {
                let taker = Taker::Float(op, width);
                let commutes = matches!(op, FloatOp::Add | FloatOp::Mul);
                let (a, b) = if commutes { self.in_order(taker, a, b) } else { (a, b) };
                let needs = T::needs(inst);
                let d = self.result(d, needs);
                let (a, b) = if commutes { self.best_first(taker, d, a, b) } else { (a, b) };
                let a = self.operand(a, d, needs);
                let b = self.last_operand(taker, b, d, a, needs);
                self.target.float(op, width, d, a, b);
            }
            Inst::FloatUnary { op, width, d, a } => {
                let (d, a) = self.unary(inst, d, a);
                self.target.float_unary(op, width, d, a);
            }
            Inst::Convert { op, d, a } => {
                let (d, a) = self.unary(inst, d, a);
                self.target.convert(op, d, a);
            }
            Inst::VectorConstant { d, vector } => {
                let d = self.result(d, Needs::default());
                self.target.vector_constant(d, self.function.vectors[vector as usize]);
            }
            Inst::VectorUnary { op, d, a } => {
                let (d, a) = self.unary(inst, d, a);
                self.target.vector_unary(op, d, a);
            }
            Inst::VectorBinary { op: VectorBinary::Shuffle(indices), d, a, b } => {
                let needs = T::needs(inst);
                let d = self.result(d, needs);
                let a = self.operand(a, d, needs);
                let b = self.last_register(b, d, a, needs);
                let indices = self.function.vectors[indices as usize].to_le_bytes();
                self.target.shuffle(indices, d, a, b);
            }
            Inst::VectorBinary { op, d, a, b } => {
                let taker = Taker::Vector(op);
                let (a, b) = if op.commutes() { self.in_order(taker, a, b) } else { (a, b) };
                let needs = T::needs(inst);
                let d = self.result(d, needs);
                let a = self.operand(a, d, needs);
                let b = self.last_operand(taker, b, d, a, needs);
                self.target.vector_binary(op, d, a, b);
            }
            Inst::Bitselect { d, a, b, mask } => {
                let d = self.result(d, Needs::default());
                let mask = self.state.use_in(self.target, mask, Some(d), RegSet::EMPTY);
                let a = self.state.use_in(self.target, a, Some(d), RegSet::of(mask));
                let b = self.state.use_in(self.target, b, Some(d), RegSet::of(mask).with(RegSet::of(a)));
                self.target.bitselect(d, a, b, mask);
            }
            Inst::Select { d, test, a, b } => {
                let class = self.function.value(d).class;
                let needs = T::needs(inst);
                let d = self.result(d, needs);
                let b = self.state.use_in(self.target, b, None, RegSet::of(d));
                let a = self.state.use_in(self.target, a, Some(d), RegSet::of(b));
                let test = self.test(test, RegSet::of(a).with(RegSet::of(b)).with(RegSet::of(d)));
                self.target.select(class, d, test, a, b);
            }
            Inst::Load { kind, d, address, offset, order } => {
                if self.folded.take() == Some(order) && !self.state.is_needed(d) {
                    return;
                }
                let d = self.result(d, Needs::default());
                let access = self.access(address, offset, Some(d), RegSet::EMPTY);
                self.target.load(kind, d, access);
            }
            Inst::Store { kind, address, value, offset } => {
                let value = match self.immediate(Taker::Store(kind), value) {
                    Some(operand) => operand,
                    None => Operand::Reg(self.state.use_in(self.target, value, None, RegSet::EMPTY)),
                };
                let access = self.access(address, offset, None, operand_set(value));
                self.target.store(kind, access, value);
            }
            Inst::LoadLane { lanes, lane, d, address, value, offset } => {
                let d = self.result(d, Needs::default());
                let value = self.state.use_in(self.target, value, Some(d), RegSet::EMPTY);
                let access = self.access(address, offset, None, RegSet::of(value));
                self.target.load_lane(lanes, lane, d, value, access);
            }
            Inst::StoreLane { lanes, lane, address, value, offset } => {
                let value = self.state.use_in(self.target, value, None, RegSet::EMPTY);
                let access = self.access(address, offset, None, RegSet::of(value));
                self.target.store_lane(lanes, lane, access, value);
            }
            Inst::MemorySize { d } => {
                let d = self.result(d, Needs::default());
                self.target.memory_size(d);
            }
            Inst::GlobalGet { d, global } => {
                let class = self.function.value(d).class;
                let d = self.result(d, Needs::default());
                self.target.global_get(class, d, global);
            }
            Inst::GlobalSet { global, value } => {
                let class = self.function.value(value).class;
                let value = self.state.use_in(self.target, value, None, RegSet::EMPTY);
                self.target.global_set(class, global, value);
            }
            Inst::TableGet { d, table, index } => {
                let (d, index) = self.unary(inst, d, index);
                self.target.table_get(d, table, index);
            }
            Inst::TableSet { table, index, value } => {
                let index = self.state.use_in(self.target, index, None, RegSet::EMPTY);
                let value = self.state.use_in(self.target, value, None, RegSet::of(index));
                self.target.table_set(table, index, value);
            }
            Inst::TableSize { d, table } => {
                let d = self.result(d, Needs::default());
                self.target.table_size(d, table);
            }
            Inst::FunctionReference { d, function } => {
                let d = self.result(d, Needs::default());
                self.target.function_reference(d, function);
            }
            Inst::CallBuiltin { builtin, arguments, d } => self.builtin(builtin, arguments, d),
            Inst::Call { function, arguments, results } => {
                self.after_call(results);
                match (function as usize).checked_sub(self.module.imported_functions) {
                    Some(own) => self.target.call(self.functions.callee(own)),
                    None => self.target.call_imported(function),
                }
                self.before_call(arguments, RegSet::EMPTY);
            }
            Inst::CallIndirect { table, ty, index, arguments, results } => {
                self.after_call(results);
                let except = RegSet::all(T::arguments(Class::Int));
                let index = self.state.use_in(self.target, index, None, except);
                self.target.call_indirect(table, ty, index);
                self.before_call(arguments, except);
            }
            Inst::Bind { label } => {
                self.jumped = None;
                self.joins.bind(label, &mut self.state, self.target);
                self.state.clear();
            }
            Inst::LoopHead { label } => {
                self.jumped = None;
                self.joins.bind_head(label, &mut self.state, self.target);
                self.state.clear();
                self.state.slots.leave_loop();
            }
            Inst::LoopEnd { label } => {
                let head = &self.function.labels[label.0 as usize].head;
                self.state.slots.enter_loop(head.as_ref().map_or(0, |head| head.first));
            }
            Inst::Jump { edge } => {
                self.state.clear();
                let edge = self.function.edges[edge as usize];
                let (label, steps) = self.joins.edge(edge, &mut self.state, self.target, RegSet::EMPTY);
                let end = self.target.pos();
                if self.target.pos_of(label) != Some(end) {
                    let before = self.target.checkpoint();
                    self.target.jump(label);
                    let (start, borders) = (self.target.pos(), self.count_borders());
                    self.jumped = Some(Jumped { before, start, end, to: label, borders });
                }
                moves::emit(self.target, steps);
            }
            Inst::Branch { test, when, edge } => self.branch(test, when, edge),
            Inst::Switch { index, first, count } => self.switch(index, first, count),
            Inst::Return { values } => self.leave(values),
            Inst::Unreachable => {
                self.state.clear();
                self.target.trap(TrapKind::Unreachable);
            }
        }
    }

    fn int(&mut self, inst: &Inst, (op, width): (IntOp, Width), d: Value, a: Value, b: Value) {
        if op == IntOp::Add
            && let Some((a, b, shift)) = self.scaled(width, a, b).or_else(|| self.scaled(width, b, a))
        {
            let d = self.result(d, Needs::default());
            let a = match self.immediate(Taker::Scaled(width), a) {
                Some(constant) => constant,
                None => Operand::Reg(self.state.use_in(self.target, a, Some(d), RegSet::EMPTY)),
            };
            let b = self.state.use_in(self.target, b, Some(d), operand_set(a));
            return self.target.add_scaled(width, d, a, b, shift);
        }
        let taker = Taker::Int(op, width);
        let (a, b) = if op.commutes() { self.in_order(taker, a, b) } else { (a, b) };
        let immediate = self.immediate(taker, b);
        let needs = if immediate.is_some() { Needs::default() } else { T::needs(inst) };
        let d = self.result(d, needs);
        let (a, b) = if op.commutes() && immediate.is_none() { self.best_first(taker, d, a, b) } else { (a, b) };
        let a = self.operand(a, d, needs);
        let b = match immediate {
            Some(operand) => operand,
            None => self.last_operand(taker, b, d, a, needs),
        };
        self.target.int(op, width, d, a, b);
    }

    fn branch(&mut self, test: Value, when: bool, edge: u32) {
        // What this evicts is reloaded where the edge is not taken, so the edge comes after it.
        let test = self.test(test, RegSet::EMPTY);
        let test = if when { test } else { test.inverse() };
        let edge = self.function.edges[edge as usize];
        let is_head = self.function.labels[edge.label.0 as usize].head.is_some();
        let (label, steps) = self.joins.edge(edge, &mut self.state, self.target, RegSet::EMPTY);
        if let Some(Jumped { before, start, end, to, borders }) = self.jumped.take()
            && !is_head
            && steps.is_empty()
            && (self.target.pos(), self.target.pos_of(label)) == (start, Some(end))
        {
            // The branch would only go around the jump.
            self.target.go_back(before);
            self.forget_borders(borders);
            self.replaced = Some(to);
            return self.target.branch(test.inverse(), to);
        }
        if steps.is_empty() {
            return self.target.branch(test, label);
        }
        if is_head {
            // A loop goes on here: its moves lie on the way.
            let behind = self.target.label();
            self.target.bind(behind);
            self.target.jump(label);
            moves::emit(self.target, steps);
            return self.target.branch(test.inverse(), behind);
        }
        let aside = self.aside(label, steps);
        self.target.branch(test, aside);
    }

    /// The label, or of the moves before it.
    fn aside(&mut self, to: CodeLabel, steps: Vec<Move>) -> CodeLabel {
        if steps.is_empty() {
            return to;
        }
        let at = self.target.label();
        self.asides.push(Aside { at, steps, to });
        at
    }

    fn switch(&mut self, index: Value, first: u32, count: u32) {
        self.state.clear();
        let [.., temporary, preferred] = *T::registers(Class::Int) else { return };
        let except = RegSet::of(temporary);
        let index = self.state.use_in(self.target, index, Some(preferred), except);
        let mut labels = vec![];
        for number in first..first + count {
            let edge = self.function.edges[number as usize];
            let (label, steps) = self.joins.edge(edge, &mut self.state, self.target, except);
            labels.push(self.aside(label, steps));
        }
        self.target.switch(index, temporary, &labels);
    }

    fn positions(&self, values: &[Value]) -> Vec<Position> {
        positions::<T>(values.iter().map(|&value| self.function.value(value).class)).collect()
    }

    fn leave(&mut self, values: List) {
        self.state.clear();
        let values = self.function.list(values);
        let places = self.positions(values).into_iter().map(Position::incoming);
        let wants = places.zip(values.iter().copied()).collect();
        let steps = bring::<T>(self.function, wants, &mut self.state, RegSet::EMPTY);
        self.target.leave();
        moves::emit(self.target, steps);
    }

    /// Results to where they are expected, and everything else that is expected back into its register.
    fn after_call(&mut self, results: List) {
        let results = self.function.list(results);
        let mut steps = vec![];
        for (position, &value) in self.positions(results).into_iter().zip(results) {
            self.receive(value, position.outgoing(), &mut steps);
        }
        self.reload_all(steps);
        for &value in results {
            self.state.give_back_slot(value);
        }
    }

    /// Moves a value, which is defined here, from where it arrives to where it is expected.
    fn receive(&mut self, value: Value, arrives: Place, steps: &mut Vec<Move>) {
        let class = self.function.value(value).class;
        let from = Source::Place(arrives);
        if let Some(reg) = self.state.remove(value) {
            steps.push(Move { to: Place::Reg(reg), from, class });
        }
        if let Some(slot) = self.state.slot(value) {
            steps.push(Move { to: Place::Slot(slot), from, class });
        }
    }

    fn reload_all(&mut self, mut steps: Vec<Move>) {
        let held: Vec<_> = self.state.all_held().collect();
        for (reg, value) in held {
            let from = self.state.reload(value);
            steps.push(Move { to: Place::Reg(reg), from, class: self.function.value(value).class });
        }
        self.state.clear();
        moves::emit(self.target, steps);
    }

    fn before_call(&mut self, arguments: List, except: RegSet) {
        let arguments = self.function.list(arguments);
        let places = self.positions(arguments).into_iter().map(Position::outgoing);
        let wants = places.zip(arguments.iter().copied()).collect();
        let except = except.without(RegSet::all(T::arguments(Class::Int)));
        let steps = bring::<T>(self.function, wants, &mut self.state, except);
        moves::emit(self.target, steps);
    }

    fn builtin(&mut self, builtin: Builtin, arguments: List, d: Option<Value>) {
        let mut steps = vec![];
        if let Some(d) = d {
            self.receive(d, Place::Reg(T::BUILTIN_RESULT), &mut steps);
        }
        self.reload_all(steps);
        if let Some(d) = d {
            self.state.give_back_slot(d);
        }
        self.target.call_builtin(builtin);
        let arguments = self.function.list(arguments);
        let places = T::BUILTIN_ARGUMENTS.iter().map(|&reg| Place::Reg(reg));
        let wants = places.zip(arguments.iter().copied()).collect();
        let steps = bring::<T>(self.function, wants, &mut self.state, RegSet::EMPTY);
        moves::emit(self.target, steps);
    }

    /// What is an argument is best where it arrives.
    fn hint_arguments(&mut self) {
        let values: Vec<_> = (0..self.function.arguments).map(Value).collect();
        for (position, &value) in self.positions(&values).into_iter().zip(&values) {
            if let Position::Reg(reg) = position {
                self.state.set_hint(value, reg);
            }
        }
    }

    /// The function's arguments to where they are expected.
    fn arguments(&mut self) {
        let values: Vec<_> = (0..self.function.arguments).map(Value).collect();
        let mut steps = vec![];
        for (position, &value) in self.positions(&values).into_iter().zip(&values) {
            self.receive(value, position.incoming(), &mut steps);
        }
        moves::emit(self.target, steps);
    }
}
