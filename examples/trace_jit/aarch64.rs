//! The back end for AArch64.
//!
//! Three operands, any register anywhere: nothing is asked of the allocator. X16, X17 and D31 are scratch: X16 takes
//! constants and addresses on their way.
//!
//! Within a method, instructions are written from the last to the first, as everywhere.

use tailfirst::Label;
use tailfirst::aarch64::{
    AddImm, Address, AddressError, Cond as Cc, D, D31, Encoder, FpImm8, Gpr32, Gpr64, LogicalImm64, LslImm64, SImm, SP,
    UImm, WZR, X0, X1, X2, X16, X17, X19, X20, X21, X22, X23, X24, X25, X26, X27, X28, X29, X30, XZR,
};

use crate::backend::{Backend, EmitError, Fixed, Mem, Operand, Place, Reg, RegSet, Source};
use crate::bytecode::{Class, Cond, FloatOp, IntOp, Width};
use crate::context::Context;
use crate::ir::Ins;

const CONTEXT: Gpr64 = X27;
const MEMORY: Gpr64 = X28;
/// What a C function must leave as it found it, in pairs; of D8 to D15 too, from the first on.
const PRESERVED: [(Gpr64, Gpr64); 6] = [(X29, X30), (X19, X20), (X21, X22), (X23, X24), (X25, X26), (X27, X28)];
const PRESERVED_FLOATS: [u8; 4] = [8, 10, 12, 14];
/// 16 bytes a pair.
const SAVE_AREA: i32 = 16 * (PRESERVED.len() + PRESERVED_FLOATS.len()) as i32;

#[derive(Default)]
pub struct Aarch64 {
    enc: Encoder<'static>,
}

fn x(reg: Reg) -> Gpr64 {
    Gpr64::new(reg.number()).expect("INTS holds numbers below 31")
}

fn w(reg: Reg) -> Gpr32 {
    x(reg).w()
}

fn d(reg: Reg) -> D {
    float(reg.number())
}

fn float(number: u8) -> D {
    D::new(number).expect("there are 32 of them")
}

fn word(mem: Mem) -> Address {
    CONTEXT + mem.offset()
}

/// What becomes of an access to the context: all of it is in reach.
const IN_REACH: &str = "the context is smaller than 32 KiB";

/// The value, or its opposite, as an operand of ADD, SUB, CMP and CMN.
fn add_imm(value: i64) -> Option<AddImm> {
    AddImm::new(u32::try_from(value.unsigned_abs()).ok()?)
}

impl Aarch64 {
    fn copy_int(&mut self, to: Gpr64, from: Gpr64) {
        if to != from {
            self.enc.mov_x(to, from);
        }
    }

    fn load_word(&mut self, to: Reg, address: Address) -> Result<(), AddressError> {
        match to.class() {
            Class::Int => self.enc.ldr_x(x(to), address),
            Class::Float => self.enc.ldr_d(d(to), address),
        }
    }

    fn store_word(&mut self, from: Reg, address: Address) -> Result<(), AddressError> {
        match from.class() {
            Class::Int => self.enc.str_x(x(from), address),
            Class::Float => self.enc.str_d(d(from), address),
        }
    }

    /// Accesses the linear memory at `base + displacement`; `access` is the instruction that does.
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
            return self.enc.add_x(X16, MEMORY, x(base));
        }
        access(self, X16 + X17).expect("any register is an offset");
        self.enc.mov_x_imm(X17, i64::from(displacement) as u64);
        self.enc.add_x(X16, MEMORY, x(base));
    }

    fn int_imm(&mut self, op: IntOp, d: Gpr64, a: Gpr64, value: i64) {
        const ACCEPTED: &str = "`immediate` has accepted the value";
        let logical = || LogicalImm64::new(value as u64).expect(ACCEPTED);
        let shift = || UImm::new((value & 63) as u32).expect("a count below 64");
        match op {
            IntOp::Add if value < 0 => self.enc.sub_x_imm(d, a, add_imm(value).expect(ACCEPTED)),
            IntOp::Add => self.enc.add_x_imm(d, a, add_imm(value).expect(ACCEPTED)),
            IntOp::And => self.enc.and_x_imm(d, a, logical()),
            IntOp::Or => self.enc.orr_x_imm(d, a, logical()),
            IntOp::Xor => self.enc.eor_x_imm(d, a, logical()),
            IntOp::Shl => self.enc.lsl_x_imm(d, a, LslImm64::new((value & 63) as u32).expect("a count below 64")),
            IntOp::Shr => self.enc.lsr_x_imm(d, a, shift()),
            IntOp::Sar => self.enc.asr_x_imm(d, a, shift()),
            IntOp::Sub | IntOp::Mul | IntOp::Div | IntOp::Rem => unreachable!("`immediate` refuses {op:?}"),
        }
    }

    fn int_reg(&mut self, op: IntOp, d: Gpr64, a: Gpr64, b: Gpr64) {
        match op {
            IntOp::Add => self.enc.add_x(d, a, b),
            IntOp::Sub => self.enc.sub_x(d, a, b),
            IntOp::Mul => self.enc.mul_x(d, a, b),
            IntOp::Div => self.enc.sdiv_x(d, a, b),
            IntOp::Rem => {
                self.enc.msub_x(d, X16, b, a);
                self.enc.sdiv_x(X16, a, b);
            }
            IntOp::And => self.enc.and_x(d, a, b),
            IntOp::Or => self.enc.orr_x(d, a, b),
            IntOp::Xor => self.enc.eor_x(d, a, b),
            IntOp::Shl => self.enc.lslv_x(d, a, b),
            IntOp::Shr => self.enc.lsrv_x(d, a, b),
            IntOp::Sar => self.enc.asrv_x(d, a, b),
        }
    }

    fn compare(&mut self, a: Reg, b: Operand) {
        match b {
            Operand::Imm(value) => {
                let imm = add_imm(value).expect("`immediate` has accepted the value");
                if value < 0 { self.enc.cmn_x_imm(x(a), imm) } else { self.enc.cmp_x_imm(x(a), imm) }
            }
            Operand::Reg(b) => match a.class() {
                Class::Int => self.enc.cmp_x(x(a), x(b)),
                Class::Float => self.enc.fcmp_d(d(a), d(b)),
            },
        }
    }

    fn constant(&mut self, to: Reg, bits: u64) {
        match (to.class(), FpImm8::new(f64::from_bits(bits))) {
            (Class::Int, _) => self.enc.mov_x_imm(x(to), bits),
            (Class::Float, Some(imm)) => self.enc.fmov_d_imm(d(to), imm),
            (Class::Float, None) if bits == 0 => self.enc.fmov_d_x(d(to), XZR),
            (Class::Float, None) => {
                self.enc.fmov_d_x(d(to), X16);
                self.enc.mov_x_imm(X16, bits);
            }
        }
    }
}

impl Backend for Aarch64 {
    const NAME: &'static str = "AArch64";
    /// X0 to X15 and X19 to X26: not the scratch registers, the platform's X18, the two bases, FP and LR.
    const INTS: RegSet = RegSet(0xffff | 0xff << 19);
    /// All but D31, which is scratch.
    const FLOATS: RegSet = RegSet(0x7fff_ffff << 32);
    const TWO_ADDRESS: bool = false;
    type Label = Label;

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

    fn label(&mut self) -> Label {
        self.enc.label()
    }

    fn here(&mut self) -> Label {
        self.enc.here()
    }

    fn bind(&mut self, label: Label) {
        self.enc.bind(label);
    }

    fn position(&self) -> usize {
        self.enc.pos().from_end() as usize
    }

    fn finish(mut self) -> Result<Vec<u8>, EmitError> {
        match self.enc.finish() {
            Ok(code) => Ok(code.bytes().to_vec()),
            Err(error) => Err(EmitError(error.to_string())),
        }
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
            FloatOp::Add => self.enc.fadd_d(to, a, b),
            FloatOp::Sub => self.enc.fsub_d(to, a, b),
            FloatOp::Mul => self.enc.fmul_d(to, a, b),
            FloatOp::Div => self.enc.fdiv_d(to, a, b),
        }
    }

    fn sqrt(&mut self, to: Reg, a: Reg) {
        self.enc.fsqrt_d(d(to), d(a));
    }

    fn to_float(&mut self, to: Reg, a: Reg) {
        self.enc.scvtf_d_x(d(to), x(a));
    }

    fn to_int(&mut self, to: Reg, a: Reg) {
        self.enc.fcvtzs_x_d(x(to), d(a));
    }

    fn load(&mut self, width: Width, to: Reg, base: Reg, displacement: i32) {
        self.access(base, displacement, |this, address| match width {
            Width::Byte => this.enc.ldrb_w(w(to), address),
            Width::Word => this.load_word(to, address),
        });
    }

    fn store(&mut self, width: Width, base: Reg, displacement: i32, value: Operand) {
        self.access(base, displacement, |this, address| match (width, value) {
            (Width::Byte, Operand::Reg(reg)) => this.enc.strb_w(w(reg), address),
            (Width::Byte, Operand::Imm(_)) => this.enc.strb_w(WZR, address),
            (Width::Word, Operand::Reg(reg)) => this.store_word(reg, address),
            (Width::Word, Operand::Imm(_)) => this.enc.str_x(XZR, address),
        });
    }

    fn guard(&mut self, cond: Cond, a: Reg, b: Operand, exit: Label) {
        // The branch is taken when the condition does not hold. FCMP of a NaN sets C and V.
        let unless = match (cond, b) {
            (Cond::Eq, Operand::Imm(0)) => return self.enc.cbnz_x(x(a), exit),
            (Cond::Ne, Operand::Imm(0)) => return self.enc.cbz_x(x(a), exit),
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
        self.enc.b_cond(unless, exit);
        self.compare(a, b);
    }

    fn copy(&mut self, to: Place, from: Source) {
        match (to, from) {
            (Place::Reg(to), Source::Const(bits)) => self.constant(to, bits),
            (Place::Mem(to), Source::Const(0)) => self.enc.str_x(XZR, word(to)).expect(IN_REACH),
            (Place::Mem(to), Source::Const(bits)) => {
                self.enc.str_x(X16, word(to)).expect(IN_REACH);
                self.enc.mov_x_imm(X16, bits);
            }
            (Place::Reg(to), Source::Place(Place::Reg(from))) => match to.class() {
                Class::Int => self.copy_int(x(to), x(from)),
                Class::Float => self.enc.fmov_d(d(to), d(from)),
            },
            (Place::Reg(to), Source::Place(Place::Mem(from))) => self.load_word(to, word(from)).expect(IN_REACH),
            (Place::Mem(to), Source::Place(Place::Reg(from))) => self.store_word(from, word(to)).expect(IN_REACH),
            (Place::Mem(to), Source::Place(Place::Mem(from))) => {
                self.enc.str_d(D31, word(to)).expect(IN_REACH);
                self.enc.ldr_d(D31, word(from)).expect(IN_REACH);
            }
        }
    }

    fn jump(&mut self, to: Label) {
        self.enc.b(to);
    }

    fn jump_through(&mut self, gate: u32) {
        self.enc.br(X16);
        self.enc.ldr_x(X16, CONTEXT + Context::gate(gate)).expect(IN_REACH);
    }

    fn exit(&mut self, gate: u32) {
        self.jump_through(gate);
        self.enc.str_x(X16, CONTEXT + Context::exit()).expect(IN_REACH);
        self.enc.mov_x_imm(X16, gate.into());
    }

    fn enter(&mut self) {
        self.enc.br(X2);
        self.copy_int(MEMORY, X1);
        self.copy_int(CONTEXT, X0);
        for (index, first) in PRESERVED_FLOATS.into_iter().enumerate() {
            self.enc.stp_d_off(float(first), float(first + 1), SP, pair(PRESERVED.len() + index));
        }
        for (index, (first, second)) in PRESERVED.into_iter().enumerate().skip(1) {
            self.enc.stp_x_off(first, second, SP, pair(index));
        }
        self.enc.stp_x_pre(X29, X30, SP, SImm::of::<{ -SAVE_AREA }>());
    }

    fn leave(&mut self) {
        self.enc.ret();
        self.enc.ldp_x_post(X29, X30, SP, SImm::of::<SAVE_AREA>());
        for (index, (first, second)) in PRESERVED.into_iter().enumerate().skip(1) {
            self.enc.ldp_x_off(first, second, SP, pair(index));
        }
        for (index, first) in PRESERVED_FLOATS.into_iter().enumerate() {
            self.enc.ldp_d_off(float(first), float(first + 1), SP, pair(PRESERVED.len() + index));
        }
        for reg in Self::INTS.with(Self::FLOATS).iter() {
            self.copy(Place::Mem(Mem::Saved(reg.0)), Source::Place(Place::Reg(reg)));
        }
    }
}

/// Where a pair of registers is saved.
fn pair(index: usize) -> SImm<7, 3> {
    SImm::new(16 * index as i32).expect("the save area is smaller than 512 bytes")
}
