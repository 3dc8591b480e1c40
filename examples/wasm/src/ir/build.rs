//! From a validated body to a [`Function`]: locals and the operand stack become values.
//!
//! The builder keeps, for the place that it has come to, the value of each local and of each stack entry. A `local.get`
//! pushes the local's value, a `local.set` replaces it, and neither is an instruction of the function.
//!
//! Where control flow meets, an edge brings the results of the block and the locals that are set inside it. At a
//! block's end all edges to it are known, and a local becomes a parameter only if they differ. At a loop's head they
//! are not, and each local that the loop sets becomes one; what of these nobody needs, [`liveness`](super::liveness)
//! finds.
//!
//! Code that is not reachable is skipped.

use wasmparser::{BlockType, FunctionBody, Operator, ValType};

use super::locals::Assigned;
use super::module::ModuleInfo;
use super::ops::{Cond, IntOp, Width};
use super::{Class, Definition, Edge, Function, Inst, Label, LabelInfo, List, Loop, Value, ValueInfo};
use crate::compile::CompileError;

/// More values in lists than this, and the function is refused.
const MOST: usize = 1 << 24;

enum FrameKind {
    Block,
    Loop,
    /// With the label of the `else`, and what a set local and the parameters were at the `if`.
    If {
        otherwise: Label,
        locals: Vec<Value>,
        parameters: Vec<Value>,
    },
}

struct Frame {
    kind: FrameKind,
    /// Where branches lead.
    label: Label,
    /// Its number, by which `assigned` knows it.
    block: usize,
    /// The height of the stack below its parameters.
    height: usize,
    results: Vec<Class>,
    /// The edges to the label.
    edges: Vec<u32>,
    reachable: bool,
}

pub(super) struct Builder<'m> {
    pub(super) module: &'m ModuleInfo,
    pub(super) function: Function,
    locals: Vec<Value>,
    classes: Vec<Class>,
    pub(super) stack: Vec<Value>,
    frames: Vec<Frame>,
    assigned: Assigned,
    /// The number of the next block.
    blocks: usize,
    /// How many blocks have begun inside the code that is skipped.
    skipped: u32,
    pub(super) offset: u32,
}

/// Builds the function of that index.
pub fn build(
    module: &ModuleInfo,
    index: u32,
    body: &FunctionBody<'_>,
    assigned: Assigned,
) -> Result<Function, CompileError> {
    let ty = module.function_type(index);
    let function = Function {
        index,
        ty: module.functions[index as usize],
        offset: body.range().start as u32,
        arguments: ty.params().len() as u32,
        ..Function::default()
    };
    let mut builder = Builder {
        module,
        function,
        locals: vec![],
        classes: vec![],
        stack: vec![],
        frames: vec![],
        assigned,
        blocks: 1,
        skipped: 0,
        offset: body.range().start as u32,
    };
    builder.begin(ty.params(), ty.results(), body)?;
    let mut reader = body.get_operators_reader()?;
    while !reader.eof() {
        let (operator, offset) = reader.read_with_offset()?;
        builder.offset = offset as u32;
        builder.operator(&operator)?;
        if builder.function.pool.len() > MOST {
            return Err(CompileError::TooLarge { offset, function: index, what: "values at joins" });
        }
    }
    Ok(builder.function)
}

impl Builder<'_> {
    fn begin(
        &mut self,
        parameters: &[ValType],
        results: &[ValType],
        body: &FunctionBody<'_>,
    ) -> Result<(), CompileError> {
        for (number, &ty) in (0..).zip(parameters) {
            let value = self.value(Class::of(ty), Definition::Argument(number));
            self.locals.push(value);
            self.classes.push(Class::of(ty));
        }
        let mut zeros = [None; 3];
        for locals in body.get_locals_reader()? {
            let (count, ty) = locals?;
            let class = Class::of(ty);
            let zero = *zeros[class as usize].get_or_insert_with(|| self.constant_of(class, 0));
            for _ in 0..count {
                self.locals.push(zero);
                self.classes.push(class);
            }
        }
        let label = self.label(List::default(), None);
        self.frames.push(Frame {
            kind: FrameKind::Block,
            label,
            block: 0,
            height: 0,
            results: results.iter().map(|&ty| Class::of(ty)).collect(),
            edges: vec![],
            reachable: true,
        });
        // The locals are gone when the function ends.
        self.assigned[0].clear();
        Ok(())
    }

    pub(super) fn value(&mut self, class: Class, definition: Definition) -> Value {
        let value = Value(self.function.values.len() as u32);
        self.function.has_vectors |= class == Class::Vector;
        self.function.values.push(ValueInfo { class, definition, weight: 0 });
        value
    }

    /// The result of the instruction that is pushed next.
    pub(super) fn result(&mut self, class: Class) -> Value {
        let inst = self.function.insts.len() as u32;
        self.value(class, Definition::Inst(inst))
    }

    pub(super) fn constant_of(&mut self, class: Class, bits: u64) -> Value {
        let d = self.value(class, Definition::Constant(bits));
        self.inst(Inst::Constant { d, bits });
        d
    }

    pub(super) fn inst(&mut self, inst: Inst) {
        self.function.effects += u32::from(inst.has_effect());
        self.function.insts.push(inst);
        self.function.offsets.push(self.offset);
    }

    fn label(&mut self, parameters: List, head: Option<Loop>) -> Label {
        let label = Label(self.function.labels.len() as u32);
        self.function.labels.push(LabelInfo { parameters, head });
        label
    }

    pub(super) fn list(&mut self, values: impl IntoIterator<Item = Value>) -> List {
        let start = self.function.pool.len() as u32;
        self.function.pool.extend(values);
        List { start, len: self.function.pool.len() as u32 - start }
    }

    /// Takes so many values from the stack, which keep their order.
    pub(super) fn take(&mut self, count: usize) -> List {
        let values = self.stack.split_off(self.stack.len() - count);
        self.list(values)
    }

    pub(super) fn pop(&mut self) -> Value {
        self.stack.pop().expect("the body is valid")
    }

    pub(super) fn local_get(&mut self, local: u32) {
        self.stack.push(self.locals[local as usize]);
    }

    pub(super) fn local_set(&mut self, local: u32, value: Value) {
        self.locals[local as usize] = value;
    }

    fn block_type(&self, ty: BlockType) -> (usize, Vec<Class>, Vec<Class>) {
        let classes = |types: &[ValType]| types.iter().map(|&ty| Class::of(ty)).collect::<Vec<_>>();
        let (parameters, results) = match ty {
            BlockType::Empty => (vec![], vec![]),
            BlockType::Type(ty) => (vec![], vec![Class::of(ty)]),
            BlockType::FuncType(index) => {
                let ty = &self.module.types[index as usize];
                (classes(ty.params()), classes(ty.results()))
            }
        };
        (self.stack.len() - parameters.len(), parameters, results)
    }

    fn current_locals(&self, block: usize) -> impl Iterator<Item = Value> + '_ {
        self.assigned[block].iter().map(|&local| self.locals[local as usize])
    }

    /// An edge to the label of a frame, with the values on top of the stack.
    fn edge(&mut self, frame: usize) -> u32 {
        let Frame { label, block, ref results, ref kind, .. } = self.frames[frame];
        let count = match kind {
            FrameKind::Loop => {
                self.function.labels[label.0 as usize].parameters.len as usize - self.assigned[block].len()
            }
            FrameKind::Block | FrameKind::If { .. } => results.len(),
        };
        let mut arguments = self.stack[self.stack.len() - count..].to_vec();
        arguments.extend(self.current_locals(block));
        let edge = self.edge_to(label, arguments);
        self.frames[frame].edges.push(edge);
        edge
    }

    fn edge_to(&mut self, label: Label, arguments: Vec<Value>) -> u32 {
        let arguments = self.list(arguments);
        self.function.edges.push(Edge { label, arguments });
        self.function.edges.len() as u32 - 1
    }

    fn frame_at(&self, depth: u32) -> usize {
        self.frames.len() - 1 - depth as usize
    }

    fn unreachable(&mut self) {
        let frame = self.frames.last_mut().expect("the body is valid");
        frame.reachable = false;
        self.stack.truncate(frame.height);
    }

    fn push_frame(&mut self, kind: FrameKind, label: Label, height: usize, results: Vec<Class>) {
        let block = self.blocks;
        self.blocks += 1;
        self.frames.push(Frame { kind, label, block, height, results, edges: vec![], reachable: true });
    }

    pub(super) fn block(&mut self, ty: BlockType) {
        let (height, _, results) = self.block_type(ty);
        let label = self.label(List::default(), None);
        self.push_frame(FrameKind::Block, label, height, results);
    }

    pub(super) fn loop_(&mut self, ty: BlockType) {
        let (height, parameters, results) = self.block_type(ty);
        let block = self.blocks;
        let label = self.label(List::default(), Some(Loop::default()));
        let mut arguments = self.stack.split_off(height);
        arguments.extend(self.current_locals(block));
        let edge = self.edge_to(label, arguments);
        self.inst(Inst::Jump { edge });
        self.inst(Inst::LoopHead { label });

        let mut values = vec![];
        for class in parameters {
            let value = self.value(class, Definition::Parameter(label));
            self.stack.push(value);
            values.push(value);
        }
        for local in self.assigned[block].clone() {
            let value = self.value(self.classes[local as usize], Definition::Parameter(label));
            self.locals[local as usize] = value;
            values.push(value);
        }
        let parameters = self.list(values);
        let first = self.function.values.len() as u32;
        let head = Some(Loop { first, ..Loop::default() });
        self.function.labels[label.0 as usize] = LabelInfo { parameters, head };
        self.push_frame(FrameKind::Loop, label, height, results);
    }

    pub(super) fn if_(&mut self, ty: BlockType) {
        let test = self.pop();
        let (height, _, results) = self.block_type(ty);
        let otherwise = self.label(List::default(), None);
        let edge = self.edge_to(otherwise, vec![]);
        self.branch(test, false, edge);
        let label = self.label(List::default(), None);
        let locals = self.current_locals(self.blocks).collect();
        let parameters = self.stack[height..].to_vec();
        self.push_frame(FrameKind::If { otherwise, locals, parameters }, label, height, results);
    }

    /// Ends the first arm of an `if`, and goes back to what there was before it.
    pub(super) fn else_(&mut self) {
        let last = self.frames.len() - 1;
        if self.frames[last].reachable {
            let edge = self.edge(last);
            self.inst(Inst::Jump { edge });
        }
        let frame = &mut self.frames[last];
        frame.reachable = true;
        self.stack.truncate(frame.height);
        if let FrameKind::If { otherwise, locals, parameters } = std::mem::replace(&mut frame.kind, FrameKind::Block) {
            for (&local, value) in self.assigned[frame.block].iter().zip(locals) {
                self.locals[local as usize] = value;
            }
            self.stack.extend(parameters);
            self.inst(Inst::Bind { label: otherwise });
        }
    }

    pub(super) fn end(&mut self) {
        if matches!(self.frames.last(), Some(Frame { kind: FrameKind::If { .. }, .. })) {
            self.else_();
        }
        let last = self.frames.len() - 1;
        let frame = &self.frames[last];
        if let FrameKind::Loop = frame.kind {
            self.inst(Inst::LoopEnd { label: frame.label });
            if !self.frames.pop().is_some_and(|frame| frame.reachable) {
                self.leave_unreachable();
            }
            return;
        }
        if frame.edges.is_empty() && frame.reachable {
            // Nothing leads here but the code before.
            self.frames.pop();
            return self.end_of_function();
        }
        if frame.reachable {
            let edge = self.edge(last);
            self.inst(Inst::Jump { edge });
        }
        let Some(frame) = self.frames.pop() else { return };
        self.stack.truncate(frame.height);
        if frame.edges.is_empty() {
            return self.leave_unreachable();
        }
        self.join(&frame);
        self.end_of_function();
    }

    fn end_of_function(&mut self) {
        if self.frames.is_empty() {
            let values = self.take(self.stack.len());
            self.inst(Inst::Return { values });
        }
    }

    fn leave_unreachable(&mut self) {
        if !self.frames.is_empty() {
            self.unreachable();
        }
    }

    /// Binds a block's label: where all edges bring the same, there is no parameter.
    fn join(&mut self, frame: &Frame) {
        let classes = frame.results.iter().copied();
        let locals = &self.assigned[frame.block];
        let classes = classes.chain(locals.iter().map(|&local| self.classes[local as usize])).collect::<Vec<_>>();
        let mut parameters = vec![];
        let mut kept = vec![];
        for (number, class) in classes.into_iter().enumerate() {
            let mut arguments = frame.edges.iter().map(|&edge| {
                let List { start, .. } = self.function.edges[edge as usize].arguments;
                self.function.pool[start as usize + number]
            });
            let first = arguments.next().expect("a join has an edge");
            let value = if arguments.all(|argument| argument == first) {
                first
            } else {
                let value = self.value(class, Definition::Parameter(frame.label));
                parameters.push(value);
                kept.push(number);
                value
            };
            match number.checked_sub(frame.results.len()) {
                None => self.stack.push(value),
                Some(local) => {
                    let local = self.assigned[frame.block][local];
                    self.locals[local as usize] = value;
                }
            }
        }
        for &edge in &frame.edges {
            let arguments = &mut self.function.edges[edge as usize].arguments;
            let start = arguments.start as usize;
            arguments.len = kept.len() as u32;
            for (to, &from) in kept.iter().enumerate() {
                self.function.pool[start + to] = self.function.pool[start + from];
            }
        }
        let parameters = self.list(parameters);
        self.function.labels[frame.label.0 as usize].parameters = parameters;
        self.inst(Inst::Bind { label: frame.label });
    }

    pub(super) fn br(&mut self, depth: u32) {
        let frame = self.frame_at(depth);
        if frame == 0 {
            return self.return_();
        }
        let edge = self.edge(frame);
        self.inst(Inst::Jump { edge });
        self.unreachable();
    }

    pub(super) fn br_if(&mut self, depth: u32) {
        let test = self.pop();
        let edge = self.edge(self.frame_at(depth));
        self.branch(test, true, edge);
    }

    /// A branch on whether a value is zero, which may be another's being so.
    fn branch(&mut self, mut test: Value, mut when: bool, edge: u32) {
        while let Some(Inst::Compare { cond: Cond::Eq, width: Width::W32, a, b, .. }) = self.definition(test) {
            if self.function.constant(b) != Some(0) {
                break;
            }
            (test, when) = (a, !when);
        }
        self.inst(Inst::Branch { test, when, edge });
    }

    pub(super) fn definition(&self, value: Value) -> Option<Inst> {
        match self.function.value(value).definition {
            Definition::Inst(inst) => Some(self.function.insts[inst as usize]),
            _ => None,
        }
    }

    pub(super) fn br_table(&mut self, depths: impl Iterator<Item = u32>) {
        let index = self.pop();
        let first = self.function.edges.len() as u32;
        for depth in depths {
            self.edge(self.frame_at(depth));
            if self.function.pool.len() > MOST {
                // The function is refused when this operator is done.
                break;
            }
        }
        let count = self.function.edges.len() as u32 - first;
        self.inst(Inst::Switch { index, first, count });
        self.unreachable();
    }

    pub(super) fn return_(&mut self) {
        let count = self.frames[0].results.len();
        let values = self.take(count);
        self.inst(Inst::Return { values });
        self.unreachable();
    }

    pub(super) fn trap(&mut self) {
        self.inst(Inst::Unreachable);
        self.unreachable();
    }

    /// An operation on integers, unless its result is known.
    pub(super) fn int(&mut self, op: IntOp, width: Width) {
        let (b, a) = (self.pop(), self.pop());
        let constants = (self.function.constant(a), self.function.constant(b));
        let value = match constants {
            (Some(a), Some(b)) => self.constant_of(Class::Int, op.apply(width, a, b)),
            (None, Some(0)) if !matches!(op, IntOp::And | IntOp::Mul) => a,
            (Some(_), None) if op.commutes() => self.int_value(op, width, b, a),
            _ => self.int_value(op, width, a, b),
        };
        self.stack.push(value);
    }

    fn int_value(&mut self, op: IntOp, width: Width, a: Value, b: Value) -> Value {
        let d = self.result(Class::Int);
        self.inst(Inst::Int { op, width, d, a, b });
        d
    }

    /// Whether the operator that comes next is in code that cannot be reached.
    fn skips(&mut self, operator: &Operator<'_>) -> bool {
        if self.frames.last().is_none_or(|frame| frame.reachable) {
            return false;
        }
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                self.skipped += 1;
                self.blocks += 1;
                true
            }
            Operator::End if self.skipped > 0 => {
                self.skipped -= 1;
                true
            }
            Operator::Else | Operator::End => self.skipped > 0,
            _ => true,
        }
    }

    fn operator(&mut self, operator: &Operator<'_>) -> Result<(), CompileError> {
        if self.skips(operator) { Ok(()) } else { self.translate(operator) }
    }
}
