//! The back end for AArch64.
//!
//! X28 holds the context and X27 the memory's address. X16 and V31 are scratch: no value is there between instructions.
//! X17 takes addresses and what else is needed within one step, and V30 parts of vectors. Three operands, any register
//! anywhere: what is one instruction asks nothing of the walk.
//!
//! A frame's size is known last, so where it is needed an ADD takes it as a late immediate, which is why large ones are
//! whole pages. The return address is in the frame of a function that calls, at a place that is known first.
//!
//! What can trap goes to an UDF behind the function, one for each place; an access in the guard region is itself the
//! place.

mod calls;
mod floats;
mod integers;
mod memory;
mod simd;
mod stubs;

use tailfirst::aarch64::{
    AddImm, Address, AddressError, CondInv, D, Encoder, FpImm8, Gpr32, Gpr64, LogicalImm32, LogicalImm64, S, SP, X17,
    X27, X28, X30, XZR,
};
use tailfirst::{Late, Pos, block};

use super::Bounds;
use super::notes::Notes;
use super::registers::Reg;
use super::target::{
    Access, Apart, Callee, Checkpoint, CodeLabel, Frame, Needs, Operand, Place, Source, StubLabels, Taker, Target, Test,
};
use crate::abi::TrapKind;
use crate::ir::ops::{
    Builtin, Cond, Convert, DivOp, FloatCond, FloatOp, FloatUnary, FloatWidth, IntOp, IntUnary, Load, Store, Width,
};
use crate::ir::simd::{Lanes, VectorBinary, VectorUnary};
use crate::ir::{Class, Inst};
use memory::{load_reg, store_reg};
use simd::{copy_vector, v};

const CONTEXT: Gpr64 = X28;
const MEMORY: Gpr64 = X27;

const fn registers<const N: usize>(first: u8) -> [Reg; N] {
    let mut regs = [Reg(0); N];
    let mut at = 0;
    while at < N {
        regs[at] = Reg(first + at as u8);
        at += 1;
    }
    regs
}

/// All but the scratch registers, the platform's X18, the two bases, FP and LR; the arguments' last.
const INTS: [Reg; 24] = {
    let mut regs = [Reg(0); 24];
    let mut at = 0;
    while at < 8 {
        regs[at] = Reg::int(8 + at as u8);
        regs[8 + at] = Reg::int(19 + at as u8);
        regs[16 + at] = Reg::int(at as u8);
        at += 1;
    }
    regs
};
const FLOATS: [Reg; 30] = registers(32);
const INT_ARGUMENTS: [Reg; 8] = registers(0);
const FLOAT_ARGUMENTS: [Reg; 8] = registers(32);
/// The C convention's, without the first, which is the context's.
const BUILTIN_ARGUMENTS: [Reg; 5] = registers(1);

fn x(reg: Reg) -> Gpr64 {
    Gpr64::wrapping(reg.number())
}

fn w(reg: Reg) -> Gpr32 {
    x(reg).w()
}

fn d(reg: Reg) -> D {
    D::wrapping(reg.number())
}

fn s(reg: Reg) -> S {
    S::wrapping(reg.number())
}

/// What becomes of a constant operand.
const ACCEPTED: &str = "`immediate` has accepted the value";
/// What becomes of an access at a register without an offset, or with another register.
const NO_OFFSET: &str = "every access has this form";

/// The encoder and what it has met of the function that is being compiled.
pub struct A64<'e, 'b> {
    pub(super) enc: &'e mut Encoder<'b>,
    bounds: Bounds,
    frame: Frame,
    /// The frame's size, which is needed before it is known.
    size: Late,
    pub(super) notes: Notes,
}

impl<'e, 'b> A64<'e, 'b> {
    pub fn new(enc: &'e mut Encoder<'b>, bounds: Bounds) -> Self {
        let size = enc.late();
        A64 { enc, bounds, frame: Frame::default(), size, notes: Notes::default() }
    }

    /// Where the code goes that traps now.
    fn trap_label(&mut self, kind: TrapKind) -> CodeLabel {
        self.notes.trap_label(self.enc, kind)
    }

    /// What was emitted last traps by itself.
    fn site(&mut self, kind: TrapKind) {
        self.notes.site(self.enc, kind);
    }

    fn kept_context(&self) -> u32 {
        8 * self.frame.outgoing
    }

    fn kept_return(&self) -> u32 {
        8 * (self.frame.outgoing + u32::from(self.frame.saves_context))
    }

    fn slot(&self, slot: u32) -> u32 {
        8 * (words_before(self.frame) + slot)
    }

    /// Accesses a word of the frame. `access` is the instruction that does; one that does not reach goes by X17.
    fn word(&mut self, offset: u32, access: impl Fn(&mut Encoder<'b>, Address) -> Result<(), AddressError>) {
        if access(self.enc, SP + offset as i32).is_err() {
            access(self.enc, X17.into()).expect(NO_OFFSET);
            block!(*self.enc; mov_x_imm(X17, u64::from(offset)); add_x_ext(X17, SP, X17));
        }
    }

    /// Accesses a word of the caller's.
    fn incoming(&mut self, word: u32, access: impl Fn(&mut Encoder<'b>, Address) -> Result<(), AddressError>) {
        // A function has at most 1,000 arguments and results, and accesses reach 4,095 words.
        if self.frame.bare {
            return access(self.enc, SP + 8 * word as i32).expect(NO_OFFSET);
        }
        access(self.enc, X17 + 8 * word as i32).expect(NO_OFFSET);
        self.enc.with_late(self.size, |enc, bytes: AddImm| enc.add_x_imm(X17, SP, bytes));
    }

    fn at(&mut self, place: Place, access: impl Fn(&mut Encoder<'b>, Address) -> Result<(), AddressError>) {
        match place {
            Place::Slot(slot) => self.word(self.slot(slot), access),
            Place::Outgoing(word) => self.word(8 * word, access),
            Place::Incoming(word) => self.incoming(word, access),
            Place::Reg(_) => unreachable!("registers are copied, not accessed"),
        }
    }

    fn constant_int(&mut self, to: Gpr64, bits: u64) {
        // Moves of 16 bits each, at most two of them, or the pool.
        if Encoder::mov_x_imm_count(to, bits) <= 2 {
            return self.enc.mov_x_imm(to, bits);
        }
        let constant = self.enc.constant_u64(bits);
        self.enc.ldr_x_lit(to, constant);
    }

    fn constant_float(&mut self, to: Reg, bits: u64) {
        let single = u32::try_from(bits).ok().and_then(|bits| FpImm8::new(f32::from_bits(bits).into()));
        match (FpImm8::new(f64::from_bits(bits)), single) {
            _ if bits == 0 => self.enc.fmov_d_x(d(to), XZR),
            (Some(imm), _) => self.enc.fmov_d_imm(d(to), imm),
            (None, Some(imm)) => self.enc.fmov_s_imm(s(to), imm),
            (None, None) => {
                let constant = self.enc.constant_u64(bits);
                self.enc.ldr_d_lit(d(to), constant);
            }
        }
    }

    fn copy_reg(&mut self, class: Class, to: Reg, from: Reg) {
        if to == from {
            return;
        }
        match (to.class(), from.class()) {
            (Class::Int, Class::Int) => self.enc.mov_x(x(to), x(from)),
            (Class::Int, _) => self.enc.fmov_x_d(x(to), d(from)),
            (_, Class::Int) => self.enc.fmov_d_x(d(to), x(from)),
            (_, _) if class == Class::Vector => copy_vector(self.enc, v(to), v(from)),
            (_, _) => self.enc.fmov_d(d(to), d(from)),
        }
    }

    /// Emits the comparison of a test.
    fn flags(&mut self, test: Test) {
        let enc = &mut *self.enc;
        match test {
            Test::Int { width: Width::W32, a, b: Operand::Immediate(value), .. } => {
                enc.cmp_w_const(w(a), value as i32).expect(ACCEPTED);
            }
            Test::Int { width: Width::W64, a, b: Operand::Immediate(value), .. } => {
                enc.cmp_x_const(x(a), value as i64).expect(ACCEPTED);
            }
            Test::Int { width: Width::W32, a, b, .. } => enc.cmp_w(w(a), w(register(b))),
            Test::Int { width: Width::W64, a, b, .. } => enc.cmp_x(x(a), x(register(b))),
            Test::Float { width: FloatWidth::F32, a, b, .. } => enc.fcmp_s(s(a), s(b)),
            Test::Float { width: FloatWidth::F64, a, b, .. } => enc.fcmp_d(d(a), d(b)),
        }
    }
}

/// An operand that is no constant.
fn register(operand: Operand) -> Reg {
    match operand {
        Operand::Reg(reg) => reg,
        Operand::Immediate(_) | Operand::Memory(_) => unreachable!("`immediate` and `folds` refuse {operand:?}"),
    }
}

/// The words of a frame below its slots.
fn words_before(frame: Frame) -> u32 {
    let words = frame.outgoing + u32::from(frame.saves_context) + u32::from(frame.calls);
    if frame.has_vectors { words.next_multiple_of(2) } else { words }
}

/// The bytes of a frame: one immediate of ADD, below 16 MiB.
fn frame_bytes(frame: Frame) -> u32 {
    let bytes = 8 * (words_before(frame) + frame.slots);
    bytes.next_multiple_of(if bytes < 4096 - 16 { 16 } else { 4096 })
}

/// The condition of a test after its comparison. That of floats sets C and V if an operand is NaN.
fn condition(test: Test) -> CondInv {
    match test {
        Test::Int { cond, .. } => match cond {
            Cond::Eq => CondInv::EQ,
            Cond::Ne => CondInv::NE,
            Cond::LtS => CondInv::LT,
            Cond::LtU => CondInv::LO,
            Cond::GtS => CondInv::GT,
            Cond::GtU => CondInv::HI,
            Cond::LeS => CondInv::LE,
            Cond::LeU => CondInv::LS,
            Cond::GeS => CondInv::GE,
            Cond::GeU => CondInv::HS,
        },
        Test::Float { cond, .. } => match cond {
            FloatCond::Eq => CondInv::EQ,
            FloatCond::Ne => CondInv::NE,
            FloatCond::Lt => CondInv::MI,
            FloatCond::Gt => CondInv::GT,
            FloatCond::Le => CondInv::LS,
            FloatCond::Ge => CondInv::GE,
            FloatCond::NotLt => CondInv::PL,
            FloatCond::NotGt => CondInv::LE,
            FloatCond::NotLe => CondInv::HI,
            FloatCond::NotGe => CondInv::LT,
        },
    }
}

/// Whether ADD, SUB, CMP or CMN has this value or its opposite.
fn is_sum(width: Width, value: u64) -> bool {
    let value = match width {
        Width::W32 => i64::from(value as i32),
        Width::W64 => value as i64,
    };
    u32::try_from(value.unsigned_abs()).is_ok_and(|value| AddImm::new(value).is_some())
}

impl Target for A64<'_, '_> {
    const BUILTIN_ARGUMENTS: &'static [Reg] = &BUILTIN_ARGUMENTS;
    const BUILTIN_RESULT: Reg = INT_ARGUMENTS[0];

    fn registers(class: Class) -> &'static [Reg] {
        match class {
            Class::Int => &INTS,
            Class::Float | Class::Vector => &FLOATS,
        }
    }

    fn arguments(class: Class) -> &'static [Reg] {
        match class {
            Class::Int => &INT_ARGUMENTS,
            Class::Float | Class::Vector => &FLOAT_ARGUMENTS,
        }
    }

    fn has_vectors() -> bool {
        true
    }

    fn name(reg: Reg) -> String {
        let name = match reg.class() {
            Class::Int => format!("{:?}", x(reg)),
            Class::Float | Class::Vector => format!("{:?}", simd::v(reg)),
        };
        name.to_lowercase()
    }

    fn scratch(class: Class) -> Reg {
        match class {
            Class::Int => Reg::int(16),
            Class::Float | Class::Vector => Reg::float(31),
        }
    }

    fn immediate(taker: Taker, value: u64) -> bool {
        match taker {
            Taker::Int(op, _) if op.shifts() => true,
            Taker::Int(IntOp::Add | IntOp::Sub, width) | Taker::Compare(width) => is_sum(width, value),
            Taker::Int(IntOp::And | IntOp::Or | IntOp::Xor, Width::W32) => LogicalImm32::new(value as u32).is_some(),
            Taker::Int(IntOp::And | IntOp::Or | IntOp::Xor, Width::W64) => LogicalImm64::new(value).is_some(),
            Taker::Int(..) | Taker::Scaled(_) | Taker::Float(..) | Taker::Vector(_) => false,
            Taker::Store(Store::Vector) => false,
            Taker::Store(_) => value == 0,
        }
    }

    /// Only loads and stores access memory.
    fn folds(_: Taker, _: Load) -> bool {
        false
    }

    fn needs(inst: &Inst) -> Needs {
        match inst {
            Inst::VectorBinary { op, .. } => simd::needs(*op),
            _ => Needs::default(),
        }
    }

    fn set_offset(&mut self, offset: u32) {
        self.notes.set_offset(self.enc, offset);
    }

    fn label(&mut self) -> CodeLabel {
        self.enc.label()
    }

    fn bind(&mut self, label: CodeLabel) {
        self.enc.bind(label);
    }

    fn here(&mut self) -> CodeLabel {
        self.enc.here()
    }

    fn pos(&self) -> Pos {
        self.enc.pos()
    }

    fn pos_of(&self, label: CodeLabel) -> Option<Pos> {
        self.enc.pos_of(label)
    }

    fn checkpoint(&mut self) -> Checkpoint {
        Checkpoint { snapshot: self.enc.snapshot(), noted: self.notes.noted() }
    }

    fn go_back(&mut self, to: Checkpoint) {
        self.enc.rollback(to.snapshot);
        self.notes.go_back(to.noted);
    }

    fn jump(&mut self, label: CodeLabel) {
        self.enc.b(label);
    }

    fn copy(&mut self, class: Class, to: Place, from: Source) {
        match (to, from) {
            (Place::Reg(to), Source::Constant(bits)) => match class {
                Class::Int => self.constant_int(x(to), bits),
                Class::Float => self.constant_float(to, bits),
                Class::Vector => self.constant_vector(v(to), bits.into()),
            },
            (Place::Reg(to), Source::Place(Place::Reg(from))) => self.copy_reg(class, to, from),
            (Place::Reg(to), Source::Place(from)) => self.at(from, |enc, place| load_reg(enc, class, to, place)),
            (to, Source::Place(Place::Reg(from))) => self.at(to, |enc, place| store_reg(enc, class, place, from)),
            (to, Source::Constant(0)) => {
                for word in 0..class.words() {
                    self.at(to.word(word), |enc, address| enc.str_x(XZR, address));
                }
            }
            (to, from) => {
                let through = Place::Reg(Self::scratch(Class::Float));
                self.copy(Class::Float, to, Source::Place(through));
                self.copy(Class::Float, through, from);
            }
        }
    }

    fn int(&mut self, op: IntOp, width: Width, d: Reg, a: Reg, b: Operand) {
        match b {
            Operand::Immediate(value) => self.int_with_constant(op, width, d, a, value),
            _ => self.int_with_register(op, width, d, a, register(b)),
        }
    }

    fn add_scaled(&mut self, width: Width, d: Reg, a: Operand, b: Reg, shift: u8) {
        self.add_shifted(width, d, register(a), b, shift);
    }

    fn divide(&mut self, op: DivOp, width: Width, d: Reg, a: Reg, b: Reg) {
        self.division(op, width, d, a, b);
    }

    fn int_unary(&mut self, op: IntUnary, width: Width, d: Reg, a: Reg) {
        self.int_of_int(op, width, d, a);
    }

    fn float(&mut self, op: FloatOp, width: FloatWidth, d: Reg, a: Reg, b: Operand) {
        self.float_operation(op, width, d, a, register(b));
    }

    fn float_unary(&mut self, op: FloatUnary, width: FloatWidth, d: Reg, a: Reg) {
        self.float_of_float(op, width, d, a);
    }

    fn convert(&mut self, op: Convert, d: Reg, a: Reg) {
        self.conversion(op, d, a);
    }

    fn vector_constant(&mut self, d: Reg, bits: u128) {
        self.constant_vector(v(d), bits);
    }

    fn vector_unary(&mut self, op: VectorUnary, d: Reg, a: Reg) {
        self.vector_of_one(op, d, a);
    }

    fn vector_binary(&mut self, op: VectorBinary, d: Reg, a: Reg, b: Operand) {
        match b {
            Operand::Reg(b) => self.vector_of_two(op, d, a, b),
            Operand::Immediate(_) | Operand::Memory(_) => unreachable!("`immediate` and `folds` refuse it"),
        }
    }

    fn shuffle(&mut self, indices: [u8; 16], d: Reg, a: Reg, b: Reg) {
        self.shuffle_bytes(indices, v(d), v(a), v(b));
    }

    fn bitselect(&mut self, d: Reg, a: Reg, b: Reg, mask: Reg) {
        self.select_bits(v(d), v(a), v(b), v(mask));
    }

    fn set(&mut self, d: Reg, test: Test) {
        self.enc.cset_w(w(d), condition(test));
        self.flags(test);
    }

    fn select(&mut self, class: Class, to: Reg, test: Test, a: Reg, b: Reg) {
        match class {
            Class::Int => self.enc.csel_x(x(to), x(a), x(b), condition(test).cond()),
            Class::Float => self.enc.fcsel_d(d(to), d(a), d(b), condition(test).cond()),
            Class::Vector => self.select_vector(v(to), condition(test), v(a), v(b)),
        }
        self.flags(test);
    }

    fn branch(&mut self, test: Test, label: CodeLabel) {
        match test {
            Test::Int { cond: Cond::Eq, width, a, b: Operand::Immediate(0) } => match width {
                Width::W32 => self.enc.cbz_w(w(a), label),
                Width::W64 => self.enc.cbz_x(x(a), label),
            },
            Test::Int { cond: Cond::Ne, width, a, b: Operand::Immediate(0) } => match width {
                Width::W32 => self.enc.cbnz_w(w(a), label),
                Width::W64 => self.enc.cbnz_x(x(a), label),
            },
            _ => {
                self.enc.b_cond(condition(test).cond(), label);
                self.flags(test);
            }
        }
    }

    fn switch(&mut self, index: Reg, _: Reg, labels: &[CodeLabel]) {
        self.jump_table(w(index), labels);
    }

    fn trap(&mut self, kind: TrapKind) {
        self.undefined();
        self.site(kind);
    }

    fn load(&mut self, kind: Load, d: Reg, access: Access) {
        self.load_from(kind, d, access);
    }

    fn store(&mut self, kind: Store, access: Access, value: Operand) {
        self.store_to(kind, access, value);
    }

    fn load_lane(&mut self, lanes: Lanes, lane: u8, d: Reg, value: Reg, access: Access) {
        self.load_into_lane(lanes, lane, v(d), v(value), access);
    }

    fn store_lane(&mut self, lanes: Lanes, lane: u8, access: Access, value: Reg) {
        self.store_from_lane(lanes, lane, access, v(value));
    }

    fn memory_size(&mut self, d: Reg) {
        self.size_of_memory(x(d));
    }

    fn global_get(&mut self, class: Class, d: Reg, global: u32) {
        self.read_global(class, d, global);
    }

    fn global_set(&mut self, class: Class, global: u32, value: Reg) {
        self.write_global(class, global, value);
    }

    fn table_get(&mut self, d: Reg, table: u32, index: Reg) {
        self.read_table(x(d), table, x(index));
    }

    fn table_set(&mut self, table: u32, index: Reg, value: Reg) {
        self.write_table(table, x(index), x(value));
    }

    fn table_size(&mut self, d: Reg, table: u32) {
        self.size_of_table(w(d), table);
    }

    fn function_reference(&mut self, d: Reg, function: u32) {
        self.reference(x(d), function);
    }

    fn call(&mut self, function: Callee) {
        self.enc.bl(function);
    }

    fn call_imported(&mut self, function: u32) {
        self.call_record(function);
    }

    fn call_indirect(&mut self, table: u32, ty: u32, index: Reg) {
        self.call_element(table, ty, index);
    }

    fn call_builtin(&mut self, builtin: Builtin) {
        self.call_run_time(builtin);
    }

    fn begin(&mut self, frame: Frame) {
        self.size = self.enc.late();
        self.frame = frame;
    }

    fn leave(&mut self) {
        self.enc.ret();
        if self.frame.bare {
            return;
        }
        self.enc.with_late(self.size, |enc, bytes: AddImm| enc.add_x_imm(SP, SP, bytes));
        if self.frame.calls {
            self.word(self.kept_return(), |enc, address| enc.ldr_x(X30, address));
        }
    }

    fn enter(&mut self, frame: Frame, function: CodeLabel) {
        self.prologue(frame, function);
    }

    fn end(&mut self) {
        self.place_traps();
    }

    fn exit(&mut self) -> CodeLabel {
        self.exit_stub()
    }

    fn stubs(&mut self, arguments: &[Class], results: &[Class], exit: CodeLabel) -> StubLabels {
        StubLabels { entry: self.entry_stub(arguments, results, exit), host: self.host_stub(arguments, results, exit) }
    }
}
