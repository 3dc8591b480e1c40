//! The back end for AArch64.
//!
//! Three operands, any register anywhere: nothing is asked of the allocator. X16, X17 and D31 are scratch: X16 takes
//! constants and addresses on their way.
//!
//! What becomes more than one instruction is written in reading order: as a `block!`, or as a forward block where there
//! is a loop inside. Constants that would take more than two instructions come from the pool.

use tailfirst::aarch64::{
    AddImm, Address, AddressError, Cond as Cc, D, D31, Emitter, Encoder, FpImm8, Gpr32, Gpr64, LogicalImm64, LslImm64,
    SImm, SP, UImm, WZR, X, X0, X1, X2, X16, X17, X19, X20, X21, X22, X23, X24, X25, X26, X27, X28, X29, X30, XZR,
};
use tailfirst::{Direction, Label, PatchPoint, SiteKind, block};

use crate::backend::{
    Backend, Door, Fixed, HostBackend, LEAVE, LOOP_ALIGN, Mem, Operand, Place, Reg, RegSet, Source, Stub,
    symbol_of_trace,
};
use crate::bytecode::{Class, Cond, FloatOp, IntOp, Width};
use crate::context::Context;
use crate::ir::Ins;

const CONTEXT: Gpr64 = X27;
const MEMORY: Gpr64 = X28;
const SCRATCH: Reg = Reg(32 + D31.number());
/// What a C function must leave as it found it, in pairs; of D8 to D15 too, from the first on.
const PRESERVED: [(Gpr64, Gpr64); 6] = [(X29, X30), (X19, X20), (X21, X22), (X23, X24), (X25, X26), (X27, X28)];
const PRESERVED_FLOATS: [u8; 4] = [8, 10, 12, 14];

fn x(reg: Reg) -> Gpr64 {
    Gpr64::wrapping(reg.number())
}

fn w(reg: Reg) -> Gpr32 {
    x(reg).w()
}

fn d(reg: Reg) -> D {
    float(reg.number())
}

fn float(number: u8) -> D {
    D::wrapping(number)
}

fn word(mem: Mem) -> Address {
    CONTEXT + mem.offset()
}

/// What becomes of an access to the context: all of it is in reach.
const IN_REACH: &str = "the context is smaller than 32 KiB";

/// What becomes of a constant operand.
const ACCEPTED: &str = "`immediate` has accepted the value";

/// The value, or its opposite, as an operand of ADD, SUB, CMP and CMN.
fn add_imm(value: i64) -> Option<AddImm> {
    AddImm::new(u32::try_from(value.unsigned_abs()).ok()?)
}

/// More words for the encoder.
trait Words {
    fn copy_int(&mut self, to: Gpr64, from: Gpr64);
    fn load_word(&mut self, to: Reg, from: Mem);
    fn store_word(&mut self, from: Reg, to: Mem);
    /// Accesses the linear memory at `base + displacement`; `access` is the instruction that does.
    fn access(&mut self, base: Reg, displacement: i32, access: impl Fn(&mut Self, Address) -> Result<(), AddressError>);
    fn constant_int(&mut self, to: Gpr64, bits: u64);
    fn constant_float(&mut self, to: D, bits: u64);
    fn int_imm(&mut self, op: IntOp, d: Gpr64, a: Gpr64, value: i64);
    fn int_reg(&mut self, op: IntOp, d: Gpr64, a: Gpr64, b: Gpr64);
    fn compare(&mut self, a: Reg, b: Operand);
    /// `str x` to the context.
    fn note(&mut self, from: impl Into<X>, to: Address);
}

/// Whether moves of 16 bits each make the value with two instructions at most.
fn is_short(bits: u64) -> bool {
    let others = |filler: u16| (0..4).filter(|i| (bits >> (16 * i)) as u16 != filler).count();
    others(0).min(others(0xffff)) <= 2 || LogicalImm64::new(bits).is_some()
}

impl<Dir: Direction> Words for Emitter<'_, Dir> {
    fn copy_int(&mut self, to: Gpr64, from: Gpr64) {
        if to != from {
            self.mov_x(to, from);
        }
    }

    fn load_word(&mut self, to: Reg, from: Mem) {
        match to.class() {
            Class::Int => self.ldr_x(x(to), word(from)),
            Class::Float => self.ldr_d(d(to), word(from)),
        }
        .expect(IN_REACH);
    }

    fn store_word(&mut self, from: Reg, to: Mem) {
        match from.class() {
            Class::Int => self.str_x(x(from), word(to)),
            Class::Float => self.str_d(d(from), word(to)),
        }
        .expect(IN_REACH);
    }

    fn note(&mut self, from: impl Into<X>, to: Address) {
        self.str_x(from, to).expect(IN_REACH);
    }

    fn access(
        &mut self,
        base: Reg,
        displacement: i32,
        access: impl Fn(&mut Self, Address) -> Result<(), AddressError>,
    ) {
        if displacement == 0 {
            return access(self, MEMORY + x(base)).expect("any register is an offset");
        }
        if access(self, X16 + displacement).is_ok() {
            return self.add_x(X16, MEMORY, x(base));
        }
        access(self, X16 + X17).expect("any register is an offset");
        block!(*self;
            add_x(X16, MEMORY, x(base));
            mov_x_imm(X17, i64::from(displacement) as u64);
        );
    }

    fn constant_int(&mut self, to: Gpr64, bits: u64) {
        if is_short(bits) {
            return self.mov_x_imm(to, bits);
        }
        let constant = self.constant_u64(bits);
        self.ldr_x_lit(to, constant);
    }

    fn constant_float(&mut self, to: D, bits: u64) {
        match FpImm8::new(f64::from_bits(bits)) {
            Some(imm) => self.fmov_d_imm(to, imm),
            None if bits == 0 => self.fmov_d_x(to, XZR),
            None => {
                let constant = self.constant_u64(bits);
                self.ldr_d_lit(to, constant);
            }
        }
    }

    fn int_imm(&mut self, op: IntOp, d: Gpr64, a: Gpr64, value: i64) {
        let shift = || UImm::new((value & 63) as u32).expect("a count below 64");
        match op {
            IntOp::Add => self.add_x_const(d, a, value).expect(ACCEPTED),
            IntOp::And => self.and_x_const(d, a, value as u64).expect(ACCEPTED),
            IntOp::Or => self.orr_x_const(d, a, value as u64).expect(ACCEPTED),
            IntOp::Xor => self.eor_x_const(d, a, value as u64).expect(ACCEPTED),
            IntOp::Shl => self.lsl_x_imm(d, a, LslImm64::new((value & 63) as u32).expect("a count below 64")),
            IntOp::Shr => self.lsr_x_imm(d, a, shift()),
            IntOp::Sar => self.asr_x_imm(d, a, shift()),
            IntOp::Sub | IntOp::Mul | IntOp::Div | IntOp::Rem => unreachable!("`immediate` refuses {op:?}"),
        }
    }

    fn int_reg(&mut self, op: IntOp, d: Gpr64, a: Gpr64, b: Gpr64) {
        match op {
            IntOp::Add => self.add_x(d, a, b),
            IntOp::Sub => self.sub_x(d, a, b),
            IntOp::Mul => self.mul_x(d, a, b),
            IntOp::Div => self.sdiv_x(d, a, b),
            IntOp::Rem => block!(*self; sdiv_x(X16, a, b); msub_x(d, X16, b, a)),
            IntOp::And => self.and_x(d, a, b),
            IntOp::Or => self.orr_x(d, a, b),
            IntOp::Xor => self.eor_x(d, a, b),
            IntOp::Shl => self.lslv_x(d, a, b),
            IntOp::Shr => self.lsrv_x(d, a, b),
            IntOp::Sar => self.asrv_x(d, a, b),
        }
    }

    fn compare(&mut self, a: Reg, b: Operand) {
        match b {
            Operand::Imm(value) => self.cmp_x_const(x(a), value).expect(ACCEPTED),
            Operand::Reg(b) => match a.class() {
                Class::Int => self.cmp_x(x(a), x(b)),
                Class::Float => self.fcmp_d(d(a), d(b)),
            },
        }
    }
}

impl Backend for Encoder<'_> {
    const NAME: &'static str = "AArch64";
    /// X0 to X15 and X19 to X26: not the scratch registers, the platform's X18, the two bases, FP and LR.
    const INTS: RegSet = RegSet(0xffff | 0xff << 19);
    /// All but D31, which is scratch.
    const FLOATS: RegSet = RegSet(0x7fff_ffff << 32);
    const TWO_ADDRESS: bool = false;
    type Label = Label;
    type Site = PatchPoint;

    fn immediate(ins: Ins, value: i64) -> bool {
        match ins {
            Ins::IntOp(IntOp::Add, ..) => add_imm(value).is_some(),
            Ins::IntOp(IntOp::And | IntOp::Or | IntOp::Xor, ..) => LogicalImm64::new(value as u64).is_some(),
            Ins::IntOp(op, ..) => op.is_shift(),
            Ins::Guard(cond, ..) => cond.class() == Class::Int && add_imm(value).is_some(),
            Ins::Store(..) => value == 0,
            _ => false,
        }
    }

    fn fixed(_op: IntOp) -> Fixed {
        Fixed::NOTHING
    }

    fn here(&mut self) -> Label {
        self.here()
    }

    fn int(&mut self, op: IntOp, d: Reg, a: Reg, b: Operand) {
        match b {
            Operand::Imm(value) => self.int_imm(op, x(d), x(a), value),
            Operand::Reg(b) => self.int_reg(op, x(d), x(a), x(b)),
        }
    }

    fn float(&mut self, op: FloatOp, to: Reg, a: Reg, b: Reg) {
        let (to, a, b) = (d(to), d(a), d(b));
        match op {
            FloatOp::Add => self.fadd_d(to, a, b),
            FloatOp::Sub => self.fsub_d(to, a, b),
            FloatOp::Mul => self.fmul_d(to, a, b),
            FloatOp::Div => self.fdiv_d(to, a, b),
        }
    }

    fn sqrt(&mut self, to: Reg, a: Reg) {
        self.fsqrt_d(d(to), d(a));
    }

    fn to_float(&mut self, to: Reg, a: Reg) {
        self.scvtf_d_x(d(to), x(a));
    }

    fn to_int(&mut self, to: Reg, a: Reg) {
        self.fcvtzs_x_d(x(to), d(a));
    }

    fn load(&mut self, width: Width, to: Reg, base: Reg, displacement: i32) {
        self.access(base, displacement, |this, address| match width {
            Width::Byte => this.ldrb_w(w(to), address),
            Width::Word => match to.class() {
                Class::Int => this.ldr_x(x(to), address),
                Class::Float => this.ldr_d(d(to), address),
            },
        });
    }

    fn store(&mut self, width: Width, base: Reg, displacement: i32, value: Operand) {
        self.access(base, displacement, |this, address| match (width, value) {
            (Width::Byte, Operand::Reg(reg)) => this.strb_w(w(reg), address),
            (Width::Byte, Operand::Imm(_)) => this.strb_w(WZR, address),
            (Width::Word, Operand::Reg(reg)) => match reg.class() {
                Class::Int => this.str_x(x(reg), address),
                Class::Float => this.str_d(d(reg), address),
            },
            (Width::Word, Operand::Imm(_)) => this.str_x(XZR, address),
        });
    }

    fn guard(&mut self, cond: Cond, a: Reg, b: Operand, exit: Label) {
        // The branch is taken when the condition does not hold. FCMP of a NaN sets C and V.
        let unless = match (cond, b) {
            (Cond::Eq, Operand::Imm(0)) => return self.cbnz_x(x(a), exit),
            (Cond::Ne, Operand::Imm(0)) => return self.cbz_x(x(a), exit),
            (Cond::Eq | Cond::FEq, _) => Cc::NE,
            (Cond::Ne | Cond::FNe, _) => Cc::EQ,
            (Cond::Lt, _) => Cc::GE,
            (Cond::Le, _) => Cc::GT,
            (Cond::Gt, _) => Cc::LE,
            (Cond::Ge, _) => Cc::LT,
            (Cond::Below, _) => Cc::HI,
            (Cond::FLt, _) => Cc::PL,
            (Cond::FLe, _) => Cc::HI,
            (Cond::NotFLt, _) => Cc::MI,
            (Cond::NotFLe, _) => Cc::LS,
        };
        block!(*self; compare(a, b); b_cond(unless, exit));
    }

    fn copy(&mut self, to: Place, from: Source) {
        match (to, from) {
            (Place::Reg(to), Source::Const(bits)) => match to.class() {
                Class::Int => self.constant_int(x(to), bits),
                Class::Float => self.constant_float(d(to), bits),
            },
            (Place::Mem(to), Source::Const(0)) => self.note(XZR, word(to)),
            (Place::Mem(to), Source::Const(bits)) => block!(*self; constant_int(X16, bits); note(X16, word(to))),
            (Place::Reg(to), Source::Place(Place::Reg(from))) => match to.class() {
                Class::Int => self.copy_int(x(to), x(from)),
                Class::Float => self.fmov_d(d(to), d(from)),
            },
            (Place::Reg(to), Source::Place(Place::Mem(from))) => self.load_word(to, from),
            (Place::Mem(to), Source::Place(Place::Reg(from))) => self.store_word(from, to),
            (Place::Mem(to), Source::Place(Place::Mem(from))) => block!(*self;
                load_word(SCRATCH, from);
                store_word(SCRATCH, to);
            ),
        }
    }

    fn aligned_loop(&mut self, write: impl FnOnce(&mut Self)) -> Label {
        self.aligned(LOOP_ALIGN, |asm| {
            let head = asm.label();
            asm.b(head);
            write(asm);
            asm.bind(head);
            head
        })
    }

    fn link(&mut self, trace: usize) {
        self.b(symbol_of_trace(trace));
    }

    fn exit(&mut self, number: u32) -> Stub<Label, PatchPoint> {
        block!(*self;
            mov_x_imm(X16, number.into());
            note(X16, CONTEXT + Context::exit());
            b(LEAVE);
        );
        let leaves = self.here();
        let site = self.patchable(SiteKind::A64Branch, |enc| enc.b(leaves));
        Stub { jump: self.here(), site }
    }
}

impl HostBackend for Encoder<'_> {
    fn door(&mut self) -> Door {
        // The epilogue is met first: how large the frame is, the prologue says.
        let frame = self.late();
        self.ret();
        self.with_late(frame, |enc, bytes: AddImm| enc.add_x_imm(SP, SP, bytes));
        for (index, (first, second)) in PRESERVED.into_iter().enumerate() {
            self.ldp_x_off(first, second, SP, pair(index));
        }
        for (index, first) in PRESERVED_FLOATS.into_iter().enumerate() {
            self.ldp_d_off(float(first), float(first + 1), SP, pair(PRESERVED.len() + index));
        }
        for reg in Self::INTS.with(Self::FLOATS).iter() {
            self.copy(Place::Mem(Mem::Saved(reg.0)), Source::Place(Place::Reg(reg)));
        }
        let leave = self.here();

        let enter = self.forward(|asm| {
            let enter = asm.here();
            let bytes = AddImm::of::<{ 16 * (PRESERVED.len() + PRESERVED_FLOATS.len()) as u32 }>();
            asm.set_late(frame, bytes.value().into());
            asm.sub_x_imm(SP, SP, bytes);
            for (index, (first, second)) in PRESERVED.into_iter().enumerate() {
                asm.stp_x_off(first, second, SP, pair(index));
            }
            for (index, first) in PRESERVED_FLOATS.into_iter().enumerate() {
                asm.stp_d_off(float(first), float(first + 1), SP, pair(PRESERVED.len() + index));
            }
            asm.copy_int(CONTEXT, X0);
            asm.copy_int(MEMORY, X1);
            asm.br(X2);
            enter
        });
        Door { enter, leave }
    }
}

/// Where a pair of registers is saved.
fn pair(index: usize) -> SImm<7, 3> {
    SImm::new(16 * index as i32).expect("the save area is smaller than 512 bytes")
}
