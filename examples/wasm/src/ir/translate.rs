//! What each operator of WebAssembly is as an instruction of a [`Function`](super::Function).

mod simd;

use wasmparser::{MemArg, Operator};

use super::build::Builder;
use super::ops::{
    Builtin, Cond, Convert, DivOp, FloatCond, FloatOp, FloatUnary, FloatWidth, IntOp, IntUnary, Load, Misfit, Sign,
    Store, Width,
};
use super::{Class, Definition, Inst, Value};
use crate::compile::CompileError;
use FloatWidth::{F32, F64};
use Sign::{Signed, Unsigned};
use Width::{W32, W64};

impl Builder<'_> {
    pub(super) fn translate(&mut self, operator: &Operator<'_>) -> Result<(), CompileError> {
        use Operator as O;
        match *operator {
            O::Nop => {}
            O::Unreachable => self.trap(),
            O::Block { blockty } => self.block(blockty),
            O::Loop { blockty } => self.loop_(blockty),
            O::If { blockty } => self.if_(blockty),
            O::Else => self.else_(),
            O::End => self.end(),
            O::Br { relative_depth } => self.br(relative_depth),
            O::BrIf { relative_depth } => self.br_if(relative_depth),
            O::BrTable { ref targets } => {
                let mut depths = vec![];
                for depth in targets.targets() {
                    depths.push(depth?);
                }
                depths.push(targets.default());
                self.br_table(depths.into_iter());
            }
            O::Return => self.return_(),
            O::Call { function_index } => self.call(function_index),
            O::CallIndirect { type_index, table_index } => self.call_indirect(type_index, table_index),
            O::Drop => drop(self.pop()),
            O::Select | O::TypedSelect { .. } => self.select(),
            O::LocalGet { local_index } => self.local_get(local_index),
            O::LocalSet { local_index } => {
                let value = self.pop();
                self.local_set(local_index, value);
            }
            O::LocalTee { local_index } => {
                let value = self.pop();
                self.local_set(local_index, value);
                self.stack.push(value);
            }
            O::GlobalGet { global_index } => {
                let class = Class::of(self.module.globals[global_index as usize].content_type);
                self.define(class, |d| Inst::GlobalGet { d, global: global_index });
            }
            O::GlobalSet { global_index } => {
                let value = self.pop();
                self.inst(Inst::GlobalSet { global: global_index, value });
            }
            O::RefNull { .. } => self.constant(Class::Int, 0),
            O::RefIsNull => self.zero_test(W64),
            O::RefFunc { function_index } => {
                self.define(Class::Int, |d| Inst::FunctionReference { d, function: function_index });
            }
            O::MemorySize { .. } => self.define(Class::Int, |d| Inst::MemorySize { d }),
            O::MemoryGrow { .. } => self.builtin_with_result(Builtin::MemoryGrow, &[], 1),
            O::MemoryCopy { .. } => self.builtin(Builtin::MemoryCopy, &[], 3),
            O::MemoryFill { .. } => self.builtin(Builtin::MemoryFill, &[], 3),
            O::MemoryInit { data_index, .. } => self.builtin(Builtin::MemoryInit, &[data_index], 3),
            O::DataDrop { data_index } => self.builtin(Builtin::DataDrop, &[data_index], 0),
            O::TableGet { table } => {
                let index = self.pop();
                self.define(Class::Int, |d| Inst::TableGet { d, table, index });
            }
            O::TableSet { table } => {
                let (value, index) = (self.pop(), self.pop());
                self.inst(Inst::TableSet { table, index, value });
            }
            O::TableSize { table } => self.define(Class::Int, |d| Inst::TableSize { d, table }),
            O::TableGrow { table } => self.builtin_with_result(Builtin::TableGrow, &[table], 2),
            O::TableFill { table } => self.builtin(Builtin::TableFill, &[table], 3),
            O::TableCopy { dst_table, src_table } => self.builtin(Builtin::TableCopy, &[dst_table, src_table], 3),
            O::TableInit { elem_index, table } => self.builtin(Builtin::TableInit, &[table, elem_index], 3),
            O::ElemDrop { elem_index } => self.builtin(Builtin::ElemDrop, &[elem_index], 0),
            O::I32Const { value } => self.constant(Class::Int, u64::from(value as u32)),
            O::I64Const { value } => self.constant(Class::Int, value as u64),
            O::F32Const { value } => self.constant(Class::Float, value.bits().into()),
            O::F64Const { value } => self.constant(Class::Float, value.bits()),
            // The upper half of an `i32` is zero.
            O::I64ExtendI32U => {}
            O::I32Eqz => self.zero_test(W32),
            O::I64Eqz => self.zero_test(W64),
            _ => return self.memory_access(operator),
        }
        Ok(())
    }

    fn memory_access(&mut self, operator: &Operator<'_>) -> Result<(), CompileError> {
        use Operator as O;
        match *operator {
            O::I32Load { memarg } => self.load(Load::U32, memarg),
            O::I64Load { memarg } => self.load(Load::I64, memarg),
            O::F32Load { memarg } => self.load(Load::Float(F32), memarg),
            O::F64Load { memarg } => self.load(Load::Float(F64), memarg),
            O::I32Load8S { memarg } => self.load(Load::S8(W32), memarg),
            O::I32Load8U { memarg } | O::I64Load8U { memarg } => self.load(Load::U8, memarg),
            O::I32Load16S { memarg } => self.load(Load::S16(W32), memarg),
            O::I32Load16U { memarg } | O::I64Load16U { memarg } => self.load(Load::U16, memarg),
            O::I64Load8S { memarg } => self.load(Load::S8(W64), memarg),
            O::I64Load16S { memarg } => self.load(Load::S16(W64), memarg),
            O::I64Load32S { memarg } => self.load(Load::S32, memarg),
            O::I64Load32U { memarg } => self.load(Load::U32, memarg),
            O::I32Store { memarg } | O::I64Store32 { memarg } => self.store(Store::I32, memarg),
            O::I64Store { memarg } => self.store(Store::I64, memarg),
            O::F32Store { memarg } => self.store(Store::Float(F32), memarg),
            O::F64Store { memarg } => self.store(Store::Float(F64), memarg),
            O::I32Store8 { memarg } | O::I64Store8 { memarg } => self.store(Store::I8, memarg),
            O::I32Store16 { memarg } | O::I64Store16 { memarg } => self.store(Store::I16, memarg),
            _ => return self.integers(operator),
        }
        Ok(())
    }

    fn integers(&mut self, operator: &Operator<'_>) -> Result<(), CompileError> {
        use Operator as O;
        match *operator {
            O::I32Add => self.int(IntOp::Add, W32),
            O::I32Sub => self.int(IntOp::Sub, W32),
            O::I32Mul => self.int(IntOp::Mul, W32),
            O::I32And => self.int(IntOp::And, W32),
            O::I32Or => self.int(IntOp::Or, W32),
            O::I32Xor => self.int(IntOp::Xor, W32),
            O::I32Shl => self.int(IntOp::Shl, W32),
            O::I32ShrS => self.int(IntOp::ShrS, W32),
            O::I32ShrU => self.int(IntOp::ShrU, W32),
            O::I32Rotl => self.int(IntOp::Rotl, W32),
            O::I32Rotr => self.int(IntOp::Rotr, W32),
            O::I64Add => self.int(IntOp::Add, W64),
            O::I64Sub => self.int(IntOp::Sub, W64),
            O::I64Mul => self.int(IntOp::Mul, W64),
            O::I64And => self.int(IntOp::And, W64),
            O::I64Or => self.int(IntOp::Or, W64),
            O::I64Xor => self.int(IntOp::Xor, W64),
            O::I64Shl => self.int(IntOp::Shl, W64),
            O::I64ShrS => self.int(IntOp::ShrS, W64),
            O::I64ShrU => self.int(IntOp::ShrU, W64),
            O::I64Rotl => self.int(IntOp::Rotl, W64),
            O::I64Rotr => self.int(IntOp::Rotr, W64),
            O::I32DivS => self.divide(DivOp::DivS, W32),
            O::I32DivU => self.divide(DivOp::DivU, W32),
            O::I32RemS => self.divide(DivOp::RemS, W32),
            O::I32RemU => self.divide(DivOp::RemU, W32),
            O::I64DivS => self.divide(DivOp::DivS, W64),
            O::I64DivU => self.divide(DivOp::DivU, W64),
            O::I64RemS => self.divide(DivOp::RemS, W64),
            O::I64RemU => self.divide(DivOp::RemU, W64),
            O::I32Clz => self.int_unary(IntUnary::Clz, W32),
            O::I32Ctz => self.int_unary(IntUnary::Ctz, W32),
            O::I32Popcnt => self.int_unary(IntUnary::Popcnt, W32),
            O::I64Clz => self.int_unary(IntUnary::Clz, W64),
            O::I64Ctz => self.int_unary(IntUnary::Ctz, W64),
            O::I64Popcnt => self.int_unary(IntUnary::Popcnt, W64),
            O::I32Extend8S => self.int_unary(IntUnary::Extend8, W32),
            O::I32Extend16S => self.int_unary(IntUnary::Extend16, W32),
            O::I64Extend8S => self.int_unary(IntUnary::Extend8, W64),
            O::I64Extend16S => self.int_unary(IntUnary::Extend16, W64),
            O::I64Extend32S | O::I64ExtendI32S => self.int_unary(IntUnary::Extend32, W64),
            O::I32WrapI64 => self.int_unary(IntUnary::Wrap, W32),
            O::I32Eq => self.compare(Cond::Eq, W32),
            O::I32Ne => self.compare(Cond::Ne, W32),
            O::I32LtS => self.compare(Cond::LtS, W32),
            O::I32LtU => self.compare(Cond::LtU, W32),
            O::I32GtS => self.compare(Cond::GtS, W32),
            O::I32GtU => self.compare(Cond::GtU, W32),
            O::I32LeS => self.compare(Cond::LeS, W32),
            O::I32LeU => self.compare(Cond::LeU, W32),
            O::I32GeS => self.compare(Cond::GeS, W32),
            O::I32GeU => self.compare(Cond::GeU, W32),
            O::I64Eq => self.compare(Cond::Eq, W64),
            O::I64Ne => self.compare(Cond::Ne, W64),
            O::I64LtS => self.compare(Cond::LtS, W64),
            O::I64LtU => self.compare(Cond::LtU, W64),
            O::I64GtS => self.compare(Cond::GtS, W64),
            O::I64GtU => self.compare(Cond::GtU, W64),
            O::I64LeS => self.compare(Cond::LeS, W64),
            O::I64LeU => self.compare(Cond::LeU, W64),
            O::I64GeS => self.compare(Cond::GeS, W64),
            O::I64GeU => self.compare(Cond::GeU, W64),
            _ => return self.floats(operator),
        }
        Ok(())
    }

    fn floats(&mut self, operator: &Operator<'_>) -> Result<(), CompileError> {
        use Operator as O;
        match *operator {
            O::F32Add => self.float(FloatOp::Add, F32),
            O::F32Sub => self.float(FloatOp::Sub, F32),
            O::F32Mul => self.float(FloatOp::Mul, F32),
            O::F32Div => self.float(FloatOp::Div, F32),
            O::F32Min => self.float(FloatOp::Min, F32),
            O::F32Max => self.float(FloatOp::Max, F32),
            O::F32Copysign => self.float(FloatOp::Copysign, F32),
            O::F64Add => self.float(FloatOp::Add, F64),
            O::F64Sub => self.float(FloatOp::Sub, F64),
            O::F64Mul => self.float(FloatOp::Mul, F64),
            O::F64Div => self.float(FloatOp::Div, F64),
            O::F64Min => self.float(FloatOp::Min, F64),
            O::F64Max => self.float(FloatOp::Max, F64),
            O::F64Copysign => self.float(FloatOp::Copysign, F64),
            O::F32Abs => self.float_unary(FloatUnary::Abs, F32),
            O::F32Neg => self.float_unary(FloatUnary::Neg, F32),
            O::F32Ceil => self.float_unary(FloatUnary::Ceil, F32),
            O::F32Floor => self.float_unary(FloatUnary::Floor, F32),
            O::F32Trunc => self.float_unary(FloatUnary::Trunc, F32),
            O::F32Nearest => self.float_unary(FloatUnary::Nearest, F32),
            O::F32Sqrt => self.float_unary(FloatUnary::Sqrt, F32),
            O::F64Abs => self.float_unary(FloatUnary::Abs, F64),
            O::F64Neg => self.float_unary(FloatUnary::Neg, F64),
            O::F64Ceil => self.float_unary(FloatUnary::Ceil, F64),
            O::F64Floor => self.float_unary(FloatUnary::Floor, F64),
            O::F64Trunc => self.float_unary(FloatUnary::Trunc, F64),
            O::F64Nearest => self.float_unary(FloatUnary::Nearest, F64),
            O::F64Sqrt => self.float_unary(FloatUnary::Sqrt, F64),
            O::F32Eq => self.float_compare(FloatCond::Eq, F32),
            O::F32Ne => self.float_compare(FloatCond::Ne, F32),
            O::F32Lt => self.float_compare(FloatCond::Lt, F32),
            O::F32Gt => self.float_compare(FloatCond::Gt, F32),
            O::F32Le => self.float_compare(FloatCond::Le, F32),
            O::F32Ge => self.float_compare(FloatCond::Ge, F32),
            O::F64Eq => self.float_compare(FloatCond::Eq, F64),
            O::F64Ne => self.float_compare(FloatCond::Ne, F64),
            O::F64Lt => self.float_compare(FloatCond::Lt, F64),
            O::F64Gt => self.float_compare(FloatCond::Gt, F64),
            O::F64Le => self.float_compare(FloatCond::Le, F64),
            O::F64Ge => self.float_compare(FloatCond::Ge, F64),
            _ => return self.conversions(operator),
        }
        Ok(())
    }

    fn conversions(&mut self, operator: &Operator<'_>) -> Result<(), CompileError> {
        use Operator as O;
        let to_int = |from, to, sign, misfit| Convert::ToInt { from, to, sign, misfit };
        let to_float = |from, to, sign| Convert::ToFloat { from, to, sign };
        let (trap, saturate) = (Misfit::Trap, Misfit::Saturate);
        self.convert(match *operator {
            O::I32TruncF32S => to_int(F32, W32, Signed, trap),
            O::I32TruncF32U => to_int(F32, W32, Unsigned, trap),
            O::I32TruncF64S => to_int(F64, W32, Signed, trap),
            O::I32TruncF64U => to_int(F64, W32, Unsigned, trap),
            O::I64TruncF32S => to_int(F32, W64, Signed, trap),
            O::I64TruncF32U => to_int(F32, W64, Unsigned, trap),
            O::I64TruncF64S => to_int(F64, W64, Signed, trap),
            O::I64TruncF64U => to_int(F64, W64, Unsigned, trap),
            O::I32TruncSatF32S => to_int(F32, W32, Signed, saturate),
            O::I32TruncSatF32U => to_int(F32, W32, Unsigned, saturate),
            O::I32TruncSatF64S => to_int(F64, W32, Signed, saturate),
            O::I32TruncSatF64U => to_int(F64, W32, Unsigned, saturate),
            O::I64TruncSatF32S => to_int(F32, W64, Signed, saturate),
            O::I64TruncSatF32U => to_int(F32, W64, Unsigned, saturate),
            O::I64TruncSatF64S => to_int(F64, W64, Signed, saturate),
            O::I64TruncSatF64U => to_int(F64, W64, Unsigned, saturate),
            O::F32ConvertI32S => to_float(W32, F32, Signed),
            O::F32ConvertI32U => to_float(W32, F32, Unsigned),
            O::F32ConvertI64S => to_float(W64, F32, Signed),
            O::F32ConvertI64U => to_float(W64, F32, Unsigned),
            O::F64ConvertI32S => to_float(W32, F64, Signed),
            O::F64ConvertI32U => to_float(W32, F64, Unsigned),
            O::F64ConvertI64S => to_float(W64, F64, Signed),
            O::F64ConvertI64U => to_float(W64, F64, Unsigned),
            O::F32DemoteF64 => Convert::Demote,
            O::F64PromoteF32 => Convert::Promote,
            O::I32ReinterpretF32 => Convert::IntBits(F32),
            O::I64ReinterpretF64 => Convert::IntBits(F64),
            O::F32ReinterpretI32 => Convert::FloatBits(F32),
            O::F64ReinterpretI64 => Convert::FloatBits(F64),
            _ => return self.vectors(operator),
        });
        Ok(())
    }

    /// Pushes an instruction, and its result onto the stack.
    fn define(&mut self, class: Class, inst: impl FnOnce(Value) -> Inst) {
        let d = self.result(class);
        self.inst(inst(d));
        self.stack.push(d);
    }

    fn constant(&mut self, class: Class, bits: u64) {
        let value = self.constant_of(class, bits);
        self.stack.push(value);
    }

    fn divide(&mut self, op: DivOp, width: Width) {
        let (b, a) = (self.pop(), self.pop());
        self.define(Class::Int, |d| Inst::Divide { op, width, d, a, b });
    }

    fn int_unary(&mut self, op: IntUnary, width: Width) {
        let a = self.pop();
        self.define(Class::Int, |d| Inst::IntUnary { op, width, d, a });
    }

    fn compare(&mut self, cond: Cond, width: Width) {
        let (b, a) = (self.pop(), self.pop());
        let (cond, a, b) = match self.function.constant(a) {
            Some(_) => (cond.swapped(), b, a),
            None => (cond, a, b),
        };
        self.define(Class::Int, |d| Inst::Compare { cond, width, d, a, b });
    }

    /// Whether a value is zero: of a comparison, its inverse.
    fn zero_test(&mut self, width: Width) {
        let a = self.pop();
        match self.definition(a) {
            Some(Inst::Compare { cond, width, a, b, .. }) => {
                self.define(Class::Int, |d| Inst::Compare { cond: cond.inverse(), width, d, a, b });
            }
            Some(Inst::FloatCompare { cond, width, a, b, .. }) => {
                self.define(Class::Int, |d| Inst::FloatCompare { cond: cond.inverse(), width, d, a, b });
            }
            _ => {
                let b = self.constant_of(Class::Int, 0);
                self.define(Class::Int, |d| Inst::Compare { cond: Cond::Eq, width, d, a, b });
            }
        }
    }

    fn float(&mut self, op: FloatOp, width: FloatWidth) {
        let (b, a) = (self.pop(), self.pop());
        self.define(Class::Float, |d| Inst::Float { op, width, d, a, b });
    }

    fn float_unary(&mut self, op: FloatUnary, width: FloatWidth) {
        let a = self.pop();
        self.define(Class::Float, |d| Inst::FloatUnary { op, width, d, a });
    }

    fn float_compare(&mut self, cond: FloatCond, width: FloatWidth) {
        let (b, a) = (self.pop(), self.pop());
        self.define(Class::Int, |d| Inst::FloatCompare { cond, width, d, a, b });
    }

    fn convert(&mut self, op: Convert) {
        let a = self.pop();
        let class = match op {
            Convert::ToInt { .. } | Convert::IntBits(_) => Class::Int,
            Convert::ToFloat { .. } | Convert::Demote | Convert::Promote | Convert::FloatBits(_) => Class::Float,
        };
        self.define(class, |d| Inst::Convert { op, d, a });
    }

    fn select(&mut self) {
        let (test, b, a) = (self.pop(), self.pop(), self.pop());
        let class = self.function.value(a).class;
        self.define(class, |d| Inst::Select { d, test, a, b });
    }

    fn load(&mut self, kind: Load, memarg: MemArg) {
        let class = match kind {
            Load::Float(_) => Class::Float,
            Load::Vector(_) => Class::Vector,
            _ => Class::Int,
        };
        let address = self.pop();
        let (address, offset) = self.place(address, memarg);
        let order = self.function.effects + 1;
        self.define(class, |d| Inst::Load { kind, d, address, offset, order });
    }

    fn store(&mut self, kind: Store, memarg: MemArg) {
        let (value, address) = (self.pop(), self.pop());
        let (address, offset) = self.place(address, memarg);
        self.inst(Inst::Store { kind, address, value, offset });
    }

    /// An address and an offset with the same sum: a constant address is all offset, if that holds it.
    fn place(&mut self, address: Value, memarg: MemArg) -> (Value, u32) {
        let offset = memarg.offset as u32;
        match self.function.constant(address).and_then(|address| offset.checked_add(address as u32)) {
            Some(offset) => (self.constant_of(Class::Int, 0), offset),
            None => (address, offset),
        }
    }

    fn builtin_arguments(&mut self, immediates: &[u32], count: usize) -> super::List {
        let mut arguments = vec![];
        for &immediate in immediates {
            arguments.push(self.constant_of(Class::Int, immediate.into()));
        }
        arguments.extend(self.stack.split_off(self.stack.len() - count));
        self.list(arguments)
    }

    fn builtin(&mut self, builtin: Builtin, immediates: &[u32], count: usize) {
        let arguments = self.builtin_arguments(immediates, count);
        self.inst(Inst::CallBuiltin { builtin, arguments, d: None });
    }

    fn builtin_with_result(&mut self, builtin: Builtin, immediates: &[u32], count: usize) {
        let arguments = self.builtin_arguments(immediates, count);
        self.define(Class::Int, |d| Inst::CallBuiltin { builtin, arguments, d: Some(d) });
    }

    fn results(&mut self, ty: u32) -> super::List {
        let inst = self.function.insts.len() as u32;
        let mut results = vec![];
        for &ty in self.module.types[ty as usize].results() {
            results.push(self.value(Class::of(ty), Definition::Inst(inst)));
        }
        self.stack.extend(&results);
        self.list(results)
    }

    fn call(&mut self, function: u32) {
        let ty = self.module.functions[function as usize];
        let arguments = self.take(self.module.types[ty as usize].params().len());
        let results = self.results(ty);
        self.inst(Inst::Call { function, arguments, results });
    }

    fn call_indirect(&mut self, ty: u32, table: u32) {
        let index = self.pop();
        let arguments = self.take(self.module.types[ty as usize].params().len());
        let results = self.results(ty);
        self.inst(Inst::CallIndirect { table, ty, index, arguments, results });
    }
}
