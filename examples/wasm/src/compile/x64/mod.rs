//! The back end for x86-64.
//!
//! R15 holds the context and R14 the memory's address. RAX and XMM15 are scratch: no value is there between
//! instructions, and quotients and the results of builtins come out in RAX. Shift counts are in RCX, and divisions
//! destroy RDX, which the walk knows by [`Needs`].
//!
//! The result of most instructions replaces their first operand, so `d = a op b` is a copy and the operation, unless
//! the walk has made `a` and `d` the same register; an addition is an `lea` without the copy.
//!
//! What can trap goes to an `ud2` behind the function, one for each place; an access in the guard region is itself the
//! place.

mod calls;
mod conditions;
mod floats;
mod integers;
mod memory;
mod simd;
mod stubs;

use tailfirst::x64::{Encoder, Gpr8, Gpr32, Gpr64, Mem, R14, R15, RAX, RCX, RDX, RSP, XMM15, Xmm};
use tailfirst::{Late, Pos};
#[cfg(target_arch = "x86_64")]
use {
    std::sync::LazyLock,
    tailfirst::x64::{CpuFeature, CpuFeatures},
};

use self::conditions::{Parity, condition};
use self::memory::{load_reg, store_reg};
use super::Bounds;
use super::notes::Notes;
use super::registers::{Reg, RegSet};
use super::target::{
    Access, Apart, Callee, Checkpoint, CodeLabel, Folded, Frame, Needs, Operand, Place, Source, StubLabels, Taker,
    Target, Test,
};
use crate::abi::TrapKind;
use crate::ir::ops::{
    Builtin, Convert, DivOp, FloatCond, FloatOp, FloatUnary, FloatWidth, IntOp, IntUnary, Load, Store, Width,
};
use crate::ir::simd::{Lanes, VectorBinary, VectorLoad, VectorUnary};
use crate::ir::{Class, Inst};

const CONTEXT: Gpr64 = R15;
const MEMORY: Gpr64 = R14;

const fn ints<const N: usize>(numbers: [u8; N]) -> [Reg; N] {
    let mut regs = [Reg::int(0); N];
    let mut at = 0;
    while at < N {
        regs[at] = Reg::int(numbers[at]);
        at += 1;
    }
    regs
}

const fn floats<const N: usize>() -> [Reg; N] {
    let mut regs = [Reg::float(0); N];
    let mut at = 0;
    while at < N {
        regs[at] = Reg::float(at as u8);
        at += 1;
    }
    regs
}

/// Those with short encodings first, and RCX and RDX last, which shifts and divisions want.
const INTS: [Reg; 12] = ints([3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 2, 1]);
const FLOATS: [Reg; 15] = floats();
/// As System V has them, and then some.
const INT_ARGUMENTS: [Reg; 8] = ints([7, 6, 2, 1, 8, 9, 10, 11]);
const FLOAT_ARGUMENTS: [Reg; 8] = floats();
/// System V's, without the first, which is the context's.
const BUILTIN_ARGUMENTS: [Reg; 5] = ints([6, 2, 1, 8, 9]);

fn gpr(reg: Reg) -> Gpr64 {
    Gpr64::wrapping(reg.number())
}

fn gpr32(reg: Reg) -> Gpr32 {
    Gpr32::wrapping(reg.number())
}

fn gpr8(reg: Reg) -> Gpr8 {
    Gpr8::wrapping(reg.number())
}

fn xmm(reg: Reg) -> Xmm {
    Xmm::wrapping(reg.number())
}

/// A constant as a sign-extended immediate of 32 bits, for an operation of that width.
fn immediate(width: Width, value: u64) -> Option<i32> {
    match width {
        Width::W32 => Some(value as i32),
        Width::W64 => i32::try_from(value as i64).ok(),
    }
}

/// The encoder and what it has met of the function that is being compiled.
pub struct X64<'e, 'b> {
    pub(super) enc: &'e mut Encoder<'b>,
    bounds: Bounds,
    frame: Frame,
    /// The frame's size, which is needed before it is known.
    size: Late,
    /// A comparison with zero that the instruction before may make needless.
    test: Option<ZeroTest>,
    pub(super) notes: Notes,
}

/// A comparison with zero that was emitted last, for a branch on whether the register is zero.
struct ZeroTest {
    reg: Reg,
    width: Width,
    before: Checkpoint,
    pos: Pos,
}

impl<'e, 'b> X64<'e, 'b> {
    pub fn new(enc: &'e mut Encoder<'b>, bounds: Bounds) -> Self {
        let size = enc.late();
        X64 { enc, bounds, frame: Frame::default(), size, test: None, notes: Notes::default() }
    }

    /// Where the code goes that traps now.
    fn trap_label(&mut self, kind: TrapKind) -> CodeLabel {
        self.notes.trap_label(self.enc, kind)
    }

    /// What was emitted last traps by itself.
    fn site(&mut self, kind: TrapKind) {
        self.notes.site(self.enc, kind);
    }

    fn word(&self, slot: u32) -> Mem {
        RSP + 8 * (words_before(self.frame) + slot) as i32
    }

    /// Emits an instruction with a word of the caller's.
    fn with_incoming(&mut self, word: u32, place: impl FnOnce(&mut Encoder<'b>, Mem)) {
        // The return address lies between.
        let beyond = 8 + 8 * word as i32;
        if self.frame.bare {
            return place(self.enc, RSP + beyond);
        }
        self.enc.with_late(self.size + beyond, |enc, displacement: i32| place(enc, RSP + displacement));
    }

    fn constant_int(&mut self, d: Gpr64, bits: u64) {
        self.enc.mov_r64_imm(d, bits as i64);
    }
}

/// The words of a frame below its slots.
fn words_before(frame: Frame) -> u32 {
    let words = frame.outgoing + u32::from(frame.saves_context);
    if frame.has_vectors { words.next_multiple_of(2) } else { words }
}

/// The bytes of a frame: with the return address, a multiple of 16 if anything is called or is to be aligned.
fn frame_bytes(frame: Frame) -> u32 {
    let bytes = 8 * (words_before(frame) + frame.slots);
    if (frame.calls || frame.has_vectors && !frame.bare) && bytes.is_multiple_of(16) { bytes + 8 } else { bytes }
}

impl Target for X64<'_, '_> {
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

    #[cfg(target_arch = "x86_64")]
    fn has_vectors() -> bool {
        static AVX: LazyLock<bool> = LazyLock::new(|| CpuFeatures::detect().contains(CpuFeature::AVX));
        *AVX
    }

    /// Code for another machine is only read.
    #[cfg(not(target_arch = "x86_64"))]
    fn has_vectors() -> bool {
        true
    }

    fn name(reg: Reg) -> String {
        let name = match reg.class() {
            Class::Int => format!("{:?}", gpr(reg)),
            Class::Float | Class::Vector => format!("{:?}", xmm(reg)),
        };
        name.to_lowercase()
    }

    fn scratch(class: Class) -> Reg {
        match class {
            Class::Int => Reg::int(RAX.number()),
            Class::Float | Class::Vector => Reg::float(XMM15.number()),
        }
    }

    fn immediate(taker: Taker, value: u64) -> bool {
        match taker {
            Taker::Int(op, _) if op.shifts() => true,
            Taker::Int(_, width) | Taker::Scaled(width) | Taker::Compare(width) => immediate(width, value).is_some(),
            Taker::Float(..) | Taker::Vector(_) => false,
            Taker::Store(Store::Float(FloatWidth::F64) | Store::I64) => immediate(Width::W64, value).is_some(),
            Taker::Store(Store::Vector) => false,
            Taker::Store(_) => true,
        }
    }

    fn folds(taker: Taker, load: Load) -> bool {
        match (taker, load) {
            (Taker::Int(op, Width::W32), Load::U32) | (Taker::Int(op, Width::W64), Load::I64) => !op.shifts(),
            (Taker::Compare(Width::W32), Load::U32) | (Taker::Compare(Width::W64), Load::I64) => true,
            (Taker::Float(op, width), Load::Float(loaded)) => {
                width == loaded && matches!(op, FloatOp::Add | FloatOp::Sub | FloatOp::Mul | FloatOp::Div)
            }
            (Taker::Vector(op), Load::Vector(VectorLoad::Whole)) => simd::is_one_instruction(op),
            _ => false,
        }
    }

    fn needs(inst: &Inst) -> Needs {
        let last = Needs { apart: Apart::Last, ..Needs::default() };
        match inst {
            Inst::Int { op, .. } if op.shifts() => {
                let rcx = Reg::int(RCX.number());
                Needs { destroys: RegSet::of(rcx), last: Some(rcx), ..last }
            }
            Inst::Int { op: IntOp::Sub, .. } => last,
            Inst::Float { op: FloatOp::Add | FloatOp::Mul | FloatOp::Copysign, .. } => Needs::default(),
            Inst::Float { .. } => last,
            Inst::VectorBinary { op, .. } => simd::needs(*op),
            Inst::Divide { .. } => Needs { destroys: RegSet::of(Reg::int(RDX.number())), ..Needs::default() },
            _ => Needs::default(),
        }
    }

    fn set_offset(&mut self, offset: u32) {
        self.notes.set_offset(self.enc, offset);
    }

    fn label(&mut self) -> CodeLabel {
        self.test = None;
        self.enc.label()
    }

    fn bind(&mut self, label: CodeLabel) {
        self.test = None;
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
        self.enc.jmp(label);
    }

    fn copy(&mut self, class: Class, to: Place, from: Source) {
        match (to, from) {
            (Place::Reg(to), Source::Constant(bits)) => match (class, bits) {
                (Class::Int, 0) => self.enc.xor_rm32_r32(gpr32(to), gpr32(to)),
                (Class::Int, _) => self.constant_int(gpr(to), bits),
                (Class::Vector, _) | (Class::Float, 0) => self.enc.xorps_xmm_xmmm128(xmm(to), xmm(to)),
                (Class::Float, _) => {
                    let constant = self.enc.constant_u64(bits);
                    self.enc.movsd_xmm_xmmm64(xmm(to), constant);
                }
            },
            (Place::Reg(to), Source::Place(Place::Reg(from))) => self.copy_reg(to, from),
            (Place::Reg(to), Source::Place(Place::Incoming(word))) => {
                self.with_incoming(word, |enc, mem| load_reg(enc, class, to, mem));
            }
            (Place::Reg(to), Source::Place(from)) => {
                let mem = self.own_word(from);
                load_reg(self.enc, class, to, mem);
            }
            (Place::Incoming(word), Source::Place(Place::Reg(from))) => {
                self.with_incoming(word, |enc, mem| store_reg(enc, class, mem, from));
            }
            (to, Source::Place(Place::Reg(from))) => {
                let mem = self.own_word(to);
                store_reg(self.enc, class, mem, from);
            }
            (to, from) => {
                let class = if class == Class::Vector { class } else { Class::Int };
                let through = Place::Reg(Self::scratch(class));
                self.copy(class, to, Source::Place(through));
                self.copy(class, through, from);
            }
        }
    }

    fn int(&mut self, op: IntOp, width: Width, d: Reg, a: Reg, b: Operand) {
        self.int_operation(op, width, d, a, b);
    }

    fn add_scaled(&mut self, width: Width, d: Reg, a: Operand, b: Reg, shift: u8) {
        let scaled = gpr(b) * (1 << shift);
        let sum = match a {
            Operand::Reg(a) => gpr(a) + scaled,
            Operand::Immediate(value) => scaled + immediate(width, value).unwrap_or_default(),
            Operand::Memory(_) => unreachable!("`folds` refuses it"),
        };
        match width {
            Width::W32 => self.enc.lea_r32_m(gpr32(d), sum),
            Width::W64 => self.enc.lea_r64_m(gpr(d), sum),
        }
    }

    fn divide(&mut self, op: DivOp, width: Width, d: Reg, a: Reg, b: Reg) {
        self.division(op, width, d, a, b);
    }

    fn int_unary(&mut self, op: IntUnary, width: Width, d: Reg, a: Reg) {
        self.int_of_int(op, width, d, a);
    }

    fn float(&mut self, op: FloatOp, width: FloatWidth, d: Reg, a: Reg, b: Operand) {
        match b {
            Operand::Memory(load) => self.float_with_load(op, width, xmm(d), xmm(a), load),
            Operand::Reg(b) => self.float_operation(op, width, xmm(d), xmm(a), xmm(b)),
            Operand::Immediate(_) => unreachable!("`immediate` refuses it"),
        }
    }

    fn float_unary(&mut self, op: FloatUnary, width: FloatWidth, d: Reg, a: Reg) {
        self.float_of_float(op, width, xmm(d), xmm(a));
    }

    fn convert(&mut self, op: Convert, d: Reg, a: Reg) {
        self.conversion(op, d, a);
    }

    fn vector_constant(&mut self, d: Reg, bits: u128) {
        self.constant_vector(xmm(d), bits);
    }

    fn vector_unary(&mut self, op: VectorUnary, d: Reg, a: Reg) {
        self.vector_of_one(op, d, a);
    }

    fn vector_binary(&mut self, op: VectorBinary, d: Reg, a: Reg, b: Operand) {
        self.vector_of_two(op, d, a, b);
    }

    fn shuffle(&mut self, indices: [u8; 16], d: Reg, a: Reg, b: Reg) {
        self.shuffle_bytes(indices, xmm(d), xmm(a), xmm(b));
    }

    fn bitselect(&mut self, d: Reg, a: Reg, b: Reg, mask: Reg) {
        self.select_bits(xmm(d), xmm(a), xmm(b), xmm(mask));
    }

    fn set(&mut self, d: Reg, test: Test) {
        match test {
            Test::Float { cond: cond @ (FloatCond::Eq | FloatCond::Ne), width, a, b } => {
                self.set_equal(cond, width, gpr32(d), xmm(a), xmm(b));
            }
            _ => {
                self.enc.movzx_r32_rm8(gpr32(d), Gpr8::wrapping(RAX.number()));
                let (cc, _) = condition(test);
                self.enc.setcc_rm8(cc, Gpr8::wrapping(RAX.number()));
                self.flags(test);
            }
        }
    }

    fn select(&mut self, class: Class, d: Reg, test: Test, a: Reg, b: Reg) {
        let (cc, parity) = condition(test);
        if class == Class::Int && parity == Parity::Ignored {
            self.enc.cmovcc_r64_rm64(cc.inverse(), gpr(d), gpr(b));
            self.copy_reg(d, a);
            return self.flags(test);
        }
        let done = self.label();
        self.bind(done);
        self.copy_reg(d, b);
        self.branch_on(cc, parity, done);
        self.copy_reg(d, a);
        self.flags(test);
    }

    fn branch(&mut self, test: Test, label: CodeLabel) {
        let (cc, parity) = condition(test);
        self.branch_on(cc, parity, label);
        self.flags(test);
    }

    fn switch(&mut self, index: Reg, temporary: Reg, labels: &[CodeLabel]) {
        self.jump_table(gpr(index), gpr(temporary), labels);
    }

    fn trap(&mut self, kind: TrapKind) {
        self.enc.ud2();
        self.site(kind);
    }

    fn load(&mut self, kind: Load, d: Reg, access: Access) {
        self.load_from(kind, d, access);
    }

    fn store(&mut self, kind: Store, access: Access, value: Operand) {
        self.store_to(kind, access, value);
    }

    fn load_lane(&mut self, lanes: Lanes, lane: u8, d: Reg, value: Reg, access: Access) {
        self.load_into_lane(lanes, lane, d, value, access);
    }

    fn store_lane(&mut self, lanes: Lanes, lane: u8, access: Access, value: Reg) {
        self.store_from_lane(lanes, lane, access, value);
    }

    fn memory_size(&mut self, d: Reg) {
        self.size_of_memory(gpr(d));
    }

    fn global_get(&mut self, class: Class, d: Reg, global: u32) {
        self.read_global(class, d, global);
    }

    fn global_set(&mut self, class: Class, global: u32, value: Reg) {
        self.write_global(class, global, value);
    }

    fn table_get(&mut self, d: Reg, table: u32, index: Reg) {
        self.read_table(gpr(d), table, gpr(index));
    }

    fn table_set(&mut self, table: u32, index: Reg, value: Reg) {
        self.write_table(table, gpr(index), gpr(value));
    }

    fn table_size(&mut self, d: Reg, table: u32) {
        self.size_of_table(gpr32(d), table);
    }

    fn function_reference(&mut self, d: Reg, function: u32) {
        self.reference(gpr(d), function);
    }

    fn call(&mut self, function: Callee) {
        self.enc.call(function);
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
        self.enc.with_late(self.size, |enc, bytes: i32| enc.add_rm64_imm(RSP, bytes));
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

impl X64<'_, '_> {
    fn own_word(&self, place: Place) -> Mem {
        match place {
            Place::Slot(slot) => self.word(slot),
            Place::Outgoing(word) | Place::Incoming(word) => RSP + 8 * word as i32,
            Place::Reg(reg) => gpr(reg).into(),
        }
    }

    /// All of a register, whatever is in it.
    fn copy_reg(&mut self, to: Reg, from: Reg) {
        if to == from {
            return;
        }
        match (to.class(), from.class()) {
            (Class::Int, Class::Int) => self.enc.mov_r64_rm64(gpr(to), gpr(from)),
            (Class::Int, _) => self.enc.movq_rm64_xmm(gpr(to), xmm(from)),
            (_, Class::Int) => self.enc.movq_xmm_rm64(xmm(to), gpr(from)),
            (_, _) => self.enc.movaps_xmm_xmmm128(xmm(to), xmm(from)),
        }
    }
}
