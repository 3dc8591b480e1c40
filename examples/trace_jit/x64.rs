//! The back end for x86-64.
//!
//! The result of most instructions replaces their first operand, so `d = a op b` is a copy and the operation, unless
//! the allocator has made `a` and `d` the same register; `lea` does without the copy. Shift counts are in RCX and
//! divisions destroy RDX, which the allocator knows (`fixed`); RAX, where quotients come out, is scratch and belongs to
//! nobody.
//!
//! What becomes more than one instruction is written in reading order: as a `block!`, or as a forward block where there
//! is a label or a loop inside. What the machine has for an operation is a value (`operation`), so that there is one
//! case for a kind of operation. Constants that no immediate holds come from the pool.

use tailfirst::x64::{
    Alu, Arith, Cond as Cc, Emitter, Encoder, Gpr8, Gpr32, Gpr64, Mem as Address, R12, R13, R14, R15, RAX, RBP, RBX,
    RCX, RDI, RDX, RSI, RSP, Shift, XMM15, Xmm,
};
use tailfirst::{Direction, Label, PatchPoint, SiteKind, block};

use crate::backend::{
    Backend, Door, Fixed, HostBackend, LEAVE, LOOP_ALIGN, Mem, Operand, Place, Reg, RegSet, Source, Stub,
    symbol_of_trace,
};
use crate::bytecode::{Class, Cond, FloatOp, IntOp, Width};
use crate::context::Context;
use crate::ir::Ins;

const CONTEXT: Gpr64 = RBP;
const MEMORY: Gpr64 = RBX;
/// What a C function must leave as it found it.
const PRESERVED: [Gpr64; 6] = [RBX, RBP, R12, R13, R14, R15];

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

fn word(mem: Mem) -> Address {
    CONTEXT + mem.offset()
}

fn imm32(value: i64) -> i32 {
    i32::try_from(value).expect("`immediate` refuses what 32 bits cannot hold")
}

/// What the machine has for an operation.
enum Operation {
    Alu(Alu),
    Shift(Shift),
    Multiply,
    /// With the result in that register.
    Divide(Gpr64),
}

fn operation(op: IntOp) -> Operation {
    match op {
        IntOp::Add => Operation::Alu(Alu::Add),
        IntOp::Sub => Operation::Alu(Alu::Sub),
        IntOp::And => Operation::Alu(Alu::And),
        IntOp::Or => Operation::Alu(Alu::Or),
        IntOp::Xor => Operation::Alu(Alu::Xor),
        IntOp::Shl => Operation::Shift(Shift::Shl),
        IntOp::Shr => Operation::Shift(Shift::Shr),
        IntOp::Sar => Operation::Shift(Shift::Sar),
        IntOp::Mul => Operation::Multiply,
        IntOp::Div => Operation::Divide(RAX),
        IntOp::Rem => Operation::Divide(RDX),
    }
}

/// More words for the encoder.
trait Words {
    fn copy_int(&mut self, d: Gpr64, a: Gpr64);
    fn copy_float(&mut self, d: Xmm, a: Xmm);
    fn constant_int(&mut self, d: Gpr64, bits: u64);
    fn int_imm(&mut self, op: IntOp, d: Gpr64, a: Gpr64, value: i64);
    fn int_reg(&mut self, op: IntOp, d: Gpr64, a: Gpr64, b: Gpr64);
    fn compare(&mut self, cond: Cond, a: Reg, b: Operand);
}

impl<D: Direction> Words for Emitter<'_, D> {
    fn copy_int(&mut self, d: Gpr64, a: Gpr64) {
        if d != a {
            self.mov_r64_rm64(d, a);
        }
    }

    fn copy_float(&mut self, d: Xmm, a: Xmm) {
        if d != a {
            self.movaps_xmm_xmmm128(d, a);
        }
    }

    fn constant_int(&mut self, d: Gpr64, bits: u64) {
        if i32::try_from(bits as i64).is_ok() || u32::try_from(bits).is_ok() {
            return self.mov_r64_imm(d, bits as i64);
        }
        let constant = self.constant_u64(bits);
        self.mov_r64_rm64(d, constant);
    }

    fn int_imm(&mut self, op: IntOp, d: Gpr64, a: Gpr64, value: i64) {
        match operation(op) {
            Operation::Alu(Alu::Add) if d != a => self.lea_r64_m(d, a + imm32(value)),
            Operation::Alu(alu) => block!(*self; copy_int(d, a); alu_rm64_imm(alu, d, imm32(value))),
            Operation::Shift(shift) => block!(*self; copy_int(d, a); shift_rm64_imm8(shift, d, (value & 63) as u8)),
            Operation::Multiply => self.imul_r64_rm64_imm(d, a, imm32(value)),
            Operation::Divide(_) => unreachable!("`immediate` refuses divisors"),
        }
    }

    fn int_reg(&mut self, op: IntOp, d: Gpr64, a: Gpr64, b: Gpr64) {
        match operation(op) {
            Operation::Alu(Alu::Add) if d != a => self.lea_r64_m(d, a + b),
            Operation::Alu(alu) => block!(*self; copy_int(d, a); alu_rm64_r64(alu, d, b)),
            Operation::Shift(shift) => block!(*self; copy_int(d, a); shift_rm64_cl(shift, d)),
            Operation::Multiply => block!(*self; copy_int(d, a); imul_r64_rm64(d, b)),
            Operation::Divide(result) => block!(*self;
                mov_r64_rm64(RAX, a);
                cqo();
                idiv_rm64(b);
                copy_int(d, result);
            ),
        }
    }

    fn compare(&mut self, cond: Cond, a: Reg, b: Operand) {
        match (cond, b) {
            (_, Operand::Imm(0)) => self.test_rm64_r64(gpr(a), gpr(a)),
            (_, Operand::Imm(value)) => self.cmp_rm64_imm(gpr(a), imm32(value)),
            (Cond::FLt | Cond::FLe | Cond::NotFLt | Cond::NotFLe, Operand::Reg(b)) => {
                self.ucomisd_xmm_xmmm64(xmm(b), xmm(a));
            }
            (_, Operand::Reg(b)) => match a.class() {
                Class::Int => self.cmp_rm64_r64(gpr(a), gpr(b)),
                Class::Float => self.ucomisd_xmm_xmmm64(xmm(a), xmm(b)),
            },
        }
    }
}

impl Backend for Encoder<'_> {
    const NAME: &'static str = "x86-64";
    /// All but RAX (scratch), RSP, and the two bases.
    const INTS: RegSet = RegSet(0xffff & !(1 << 0 | 1 << 3 | 1 << 4 | 1 << 5));
    /// All but XMM15, which is scratch.
    const FLOATS: RegSet = RegSet(0x7fff << 32);
    const TWO_ADDRESS: bool = true;
    type Label = Label;
    type Site = PatchPoint;

    fn immediate(ins: Ins, value: i64) -> bool {
        match ins {
            Ins::IntOp(IntOp::Div | IntOp::Rem, ..) => false,
            Ins::IntOp(op, ..) if op.is_shift() => true,
            Ins::Store(Width::Byte, ..) => true,
            Ins::Guard(cond, ..) if cond.class() == Class::Float => false,
            Ins::IntOp(..) | Ins::Store(..) | Ins::Guard(..) => i32::try_from(value).is_ok(),
            _ => false,
        }
    }

    fn fixed(op: IntOp) -> Fixed {
        match op {
            IntOp::Shl | IntOp::Shr | IntOp::Sar => {
                Fixed { destroys: RegSet::EMPTY, second: Some(Reg::int(RCX.number())) }
            }
            IntOp::Div | IntOp::Rem => Fixed { destroys: RegSet::of(Reg::int(RDX.number())), second: None },
            _ => Fixed::NOTHING,
        }
    }

    fn here(&mut self) -> Label {
        self.here()
    }

    fn int(&mut self, op: IntOp, d: Reg, a: Reg, b: Operand) {
        match b {
            Operand::Imm(value) => self.int_imm(op, gpr(d), gpr(a), value),
            Operand::Reg(b) => self.int_reg(op, gpr(d), gpr(a), gpr(b)),
        }
    }

    fn float(&mut self, op: FloatOp, d: Reg, a: Reg, b: Reg) {
        let (d, a, b) = (xmm(d), xmm(a), xmm(b));
        let arith = match op {
            FloatOp::Add => Arith::Add,
            FloatOp::Sub => Arith::Sub,
            FloatOp::Mul => Arith::Mul,
            FloatOp::Div => Arith::Div,
        };
        block!(*self; copy_float(d, a); arithsd_xmm_xmmm64(arith, d, b));
    }

    fn sqrt(&mut self, d: Reg, a: Reg) {
        self.sqrtsd_xmm_xmmm64(xmm(d), xmm(a));
    }

    fn to_float(&mut self, d: Reg, a: Reg) {
        // The conversion leaves the high half alone, and so would wait for whatever wrote the register last.
        block!(*self;
            xorps_xmm_xmmm128(xmm(d), xmm(d));
            cvtsi2sd_xmm_rm64(xmm(d), gpr(a));
        );
    }

    fn to_int(&mut self, d: Reg, a: Reg) {
        self.cvttsd2si_r64_xmmm64(gpr(d), xmm(a));
    }

    fn load(&mut self, width: Width, d: Reg, base: Reg, displacement: i32) {
        let address = MEMORY + gpr(base) + displacement;
        match (width, d.class()) {
            (Width::Byte, _) => self.movzx_r32_rm8(gpr32(d), address),
            (Width::Word, Class::Int) => self.mov_r64_rm64(gpr(d), address),
            (Width::Word, Class::Float) => self.movsd_xmm_xmmm64(xmm(d), address),
        }
    }

    fn store(&mut self, width: Width, base: Reg, displacement: i32, value: Operand) {
        let address = MEMORY + gpr(base) + displacement;
        match (width, value) {
            (Width::Byte, Operand::Imm(value)) => self.mov_rm8_imm8(address, value as i8),
            (Width::Byte, Operand::Reg(reg)) => self.mov_rm8_r8(address, gpr8(reg)),
            (Width::Word, Operand::Imm(value)) => self.mov_rm64_imm32(address, imm32(value)),
            (Width::Word, Operand::Reg(reg)) => match reg.class() {
                Class::Int => self.mov_rm64_r64(address, gpr(reg)),
                Class::Float => self.movsd_xmmm64_xmm(address, xmm(reg)),
            },
        }
    }

    fn guard(&mut self, cond: Cond, a: Reg, b: Operand, exit: Label) {
        // The branch is taken when the condition does not hold. UCOMISD sets ZF, PF and CF if an operand is NaN.
        let unless = match cond {
            Cond::Eq => Cc::Ne,
            Cond::Ne => Cc::E,
            Cond::Lt => Cc::Ge,
            Cond::Le => Cc::G,
            Cond::Gt => Cc::Le,
            Cond::Ge => Cc::L,
            Cond::Below => Cc::A,
            Cond::FEq => return block!(*self; compare(cond, a, b); jne(exit); jp(exit)),
            Cond::FNe => {
                return self.forward(|asm| {
                    let holds = asm.label();
                    asm.compare(cond, a, b);
                    asm.jp(holds);
                    asm.je(exit);
                    asm.bind(holds);
                });
            }
            // `a < b` is `b above a`, which is false if they are unordered.
            Cond::FLt => Cc::Be,
            Cond::FLe => Cc::B,
            Cond::NotFLt => Cc::A,
            Cond::NotFLe => Cc::Ae,
        };
        block!(*self; compare(cond, a, b); jcc(unless, exit));
    }

    fn copy(&mut self, to: Place, from: Source) {
        match (to, from) {
            (Place::Reg(to), Source::Const(bits)) => match (to.class(), bits) {
                (Class::Int, 0) => self.xor_rm32_r32(gpr32(to), gpr32(to)),
                (Class::Int, _) => self.constant_int(gpr(to), bits),
                (Class::Float, 0) => self.xorps_xmm_xmmm128(xmm(to), xmm(to)),
                (Class::Float, _) => {
                    let constant = self.constant_u64(bits);
                    self.movsd_xmm_xmmm64(xmm(to), constant);
                }
            },
            (Place::Mem(to), Source::Const(bits)) => match i32::try_from(bits as i64) {
                Ok(value) => self.mov_rm64_imm32(word(to), value),
                Err(_) => block!(*self; constant_int(RAX, bits); mov_rm64_r64(word(to), RAX)),
            },
            (Place::Reg(to), Source::Place(Place::Reg(from))) => match to.class() {
                Class::Int => self.copy_int(gpr(to), gpr(from)),
                Class::Float => self.copy_float(xmm(to), xmm(from)),
            },
            (Place::Reg(to), Source::Place(Place::Mem(from))) => match to.class() {
                Class::Int => self.mov_r64_rm64(gpr(to), word(from)),
                Class::Float => self.movsd_xmm_xmmm64(xmm(to), word(from)),
            },
            (Place::Mem(to), Source::Place(Place::Reg(from))) => match from.class() {
                Class::Int => self.mov_rm64_r64(word(to), gpr(from)),
                Class::Float => self.movsd_xmmm64_xmm(word(to), xmm(from)),
            },
            (Place::Mem(to), Source::Place(Place::Mem(from))) => block!(*self;
                movsd_xmm_xmmm64(XMM15, word(from));
                movsd_xmmm64_xmm(word(to), XMM15);
            ),
        }
    }

    fn aligned_loop(&mut self, write: impl FnOnce(&mut Self)) -> Label {
        self.aligned(LOOP_ALIGN, |asm| {
            let head = asm.label();
            asm.jmp(head);
            write(asm);
            asm.bind(head);
            head
        })
    }

    fn link(&mut self, trace: usize) {
        self.jmp(symbol_of_trace(trace));
    }

    fn exit(&mut self, number: u32) -> Stub<Label, PatchPoint> {
        block!(*self;
            mov_rm64_imm32(CONTEXT + Context::exit(), number as i32);
            jmp(LEAVE);
        );
        let leaves = self.here();
        let site = self.patchable(SiteKind::X64Rel32, |enc| enc.jmp_rel32(leaves));
        Stub { jump: self.here(), site }
    }
}

impl HostBackend for Encoder<'_> {
    fn door(&mut self) -> Door {
        // The epilogue is met first: how large the frame is, the prologue says.
        let frame = self.late();
        self.ret();
        self.with_late(frame, |enc, bytes: i32| enc.add_rm64_imm(RSP, bytes));
        for (slot, reg) in (0..).zip(PRESERVED) {
            self.mov_r64_rm64(reg, RSP + 8 * slot);
        }
        for reg in Self::INTS.with(Self::FLOATS).iter() {
            self.copy(Place::Mem(Mem::Saved(reg.0)), Source::Place(Place::Reg(reg)));
        }
        let leave = self.here();

        let enter = self.forward(|asm| {
            let enter = asm.here();
            // The return address, which the caller has pushed, makes the whole a multiple of 16.
            let bytes = 8 * PRESERVED.len() as i32 + 8;
            asm.set_late(frame, bytes.into());
            asm.sub_rm64_imm(RSP, bytes);
            for (slot, reg) in (0..).zip(PRESERVED) {
                asm.mov_rm64_r64(RSP + 8 * slot, reg);
            }
            asm.mov_r64_rm64(CONTEXT, RDI);
            asm.mov_r64_rm64(MEMORY, RSI);
            asm.jmp_rm64(RDX);
            enter
        });
        Door { enter, leave }
    }
}
