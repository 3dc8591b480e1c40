//! The back end for x86-64.
//!
//! The result of most instructions replaces their first operand, so `d = a op b` is a copy and the operation, unless the
//! allocator has made `a` and `d` the same register; `lea` does without the copy. Shift counts are in RCX and divisions
//! destroy RDX, which the allocator knows (`fixed`); RAX, where quotients come out, is scratch and belongs to nobody.
//!
//! Within a method, instructions are written from the last to the first, as everywhere.

use tailfirst::Label;
use tailfirst::x64::{
    Cond as Cc, Encoder, Gpr8, Gpr32, Gpr64, Mem as Address, R12, R13, R14, R15, RAX, RBP, RBX, RCX, RDI, RDX, RSI,
    XMM15, Xmm,
};

use crate::backend::{Backend, EmitError, Fixed, Mem, Operand, Place, Reg, RegSet, Source};
use crate::bytecode::{Class, Cond, FloatOp, IntOp, Width};
use crate::context::Context;
use crate::ir::Ins;

const CONTEXT: Gpr64 = RBP;
const MEMORY: Gpr64 = RBX;
/// What a C function must leave as it found it.
const PRESERVED: [Gpr64; 6] = [RBX, RBP, R12, R13, R14, R15];

#[derive(Default)]
pub struct X64 {
    enc: Encoder<'static>,
}

fn gpr(reg: Reg) -> Gpr64 {
    Gpr64::new(reg.number()).expect("INTS holds numbers below 16")
}

fn gpr32(reg: Reg) -> Gpr32 {
    Gpr32::new(reg.number()).expect("INTS holds numbers below 16")
}

fn gpr8(reg: Reg) -> Gpr8 {
    Gpr8::new(reg.number()).expect("INTS holds numbers below 16")
}

fn xmm(reg: Reg) -> Xmm {
    Xmm::new(reg.number()).expect("FLOATS holds numbers below 16")
}

fn word(mem: Mem) -> Address {
    CONTEXT + mem.offset()
}

fn imm32(value: i64) -> i32 {
    i32::try_from(value).expect("`immediate` refuses what 32 bits cannot hold")
}

impl X64 {
    fn copy_int(&mut self, d: Gpr64, a: Gpr64) {
        if d != a {
            self.enc.mov_r64_rm64(d, a);
        }
    }

    fn copy_float(&mut self, d: Xmm, a: Xmm) {
        if d != a {
            self.enc.movaps_xmm_xmmm128(d, a);
        }
    }

    fn int_imm(&mut self, op: IntOp, d: Reg, a: Reg, value: i64) {
        let (target, a) = (gpr(d), gpr(a));
        match op {
            IntOp::Add if target != a => return self.enc.lea_r64_m(target, a + imm32(value)),
            IntOp::Mul => {
                return match i8::try_from(value) {
                    Ok(value) => self.enc.imul_r64_rm64_imm8(target, a, value),
                    Err(_) => self.enc.imul_r64_rm64_imm32(target, a, imm32(value)),
                };
            }
            IntOp::Add => self.enc.add_rm64_imm(target, imm32(value)),
            IntOp::Sub => self.enc.sub_rm64_imm(target, imm32(value)),
            IntOp::And => self.enc.and_rm64_imm(target, imm32(value)),
            IntOp::Or => self.enc.or_rm64_imm(target, imm32(value)),
            IntOp::Xor => self.enc.xor_rm64_imm(target, imm32(value)),
            IntOp::Shl => self.enc.shl_rm64_imm8(target, (value & 63) as u8),
            IntOp::Shr => self.enc.shr_rm64_imm8(target, (value & 63) as u8),
            IntOp::Sar => self.enc.sar_rm64_imm8(target, (value & 63) as u8),
            IntOp::Div | IntOp::Rem => unreachable!("`immediate` refuses divisors"),
        }
        self.copy_int(target, a);
    }

    fn int_reg(&mut self, op: IntOp, d: Reg, a: Reg, b: Reg) {
        let (d, a, b) = (gpr(d), gpr(a), gpr(b));
        match op {
            IntOp::Add if d != a => return self.enc.lea_r64_m(d, a + b),
            IntOp::Div | IntOp::Rem => {
                self.copy_int(d, if op == IntOp::Div { RAX } else { RDX });
                self.enc.idiv_rm64(b);
                self.enc.cqo();
                return self.enc.mov_r64_rm64(RAX, a);
            }
            IntOp::Add => self.enc.add_rm64_r64(d, b),
            IntOp::Sub => self.enc.sub_rm64_r64(d, b),
            IntOp::Mul => self.enc.imul_r64_rm64(d, b),
            IntOp::And => self.enc.and_rm64_r64(d, b),
            IntOp::Or => self.enc.or_rm64_r64(d, b),
            IntOp::Xor => self.enc.xor_rm64_r64(d, b),
            IntOp::Shl => self.enc.shl_rm64_cl(d),
            IntOp::Shr => self.enc.shr_rm64_cl(d),
            IntOp::Sar => self.enc.sar_rm64_cl(d),
        }
        self.copy_int(d, a);
    }
}

impl Backend for X64 {
    const NAME: &'static str = "x86-64";
    /// All but RAX (scratch), RSP, and the two bases.
    const INTS: RegSet = RegSet(0xffff & !(1 << 0 | 1 << 3 | 1 << 4 | 1 << 5));
    /// All but XMM15, which is scratch.
    const FLOATS: RegSet = RegSet(0x7fff << 32);
    const TWO_ADDRESS: bool = true;
    type Label = Label;

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
            Operand::Imm(value) => self.int_imm(op, d, a, value),
            Operand::Reg(b) => self.int_reg(op, d, a, b),
        }
    }

    fn float(&mut self, op: FloatOp, d: Reg, a: Reg, b: Reg) {
        let (d, a, b) = (xmm(d), xmm(a), xmm(b));
        match op {
            FloatOp::Add => self.enc.addsd_xmm_xmmm64(d, b),
            FloatOp::Sub => self.enc.subsd_xmm_xmmm64(d, b),
            FloatOp::Mul => self.enc.mulsd_xmm_xmmm64(d, b),
            FloatOp::Div => self.enc.divsd_xmm_xmmm64(d, b),
        }
        self.copy_float(d, a);
    }

    fn sqrt(&mut self, d: Reg, a: Reg) {
        self.enc.sqrtsd_xmm_xmmm64(xmm(d), xmm(a));
    }

    fn to_float(&mut self, d: Reg, a: Reg) {
        let d = xmm(d);
        self.enc.cvtsi2sd_xmm_rm64(d, gpr(a));
        // The conversion leaves the high half alone, and so would wait for whatever wrote the register last.
        self.enc.xorps_xmm_xmmm128(d, d);
    }

    fn to_int(&mut self, d: Reg, a: Reg) {
        self.enc.cvttsd2si_r64_xmmm64(gpr(d), xmm(a));
    }

    fn load(&mut self, width: Width, d: Reg, base: Reg, displacement: i32) {
        let address = MEMORY + gpr(base) + displacement;
        match (width, d.class()) {
            (Width::Byte, _) => self.enc.movzx_r32_rm8(gpr32(d), address),
            (Width::Word, Class::Int) => self.enc.mov_r64_rm64(gpr(d), address),
            (Width::Word, Class::Float) => self.enc.movsd_xmm_xmmm64(xmm(d), address),
        }
    }

    fn store(&mut self, width: Width, base: Reg, displacement: i32, value: Operand) {
        let address = MEMORY + gpr(base) + displacement;
        match (width, value) {
            (Width::Byte, Operand::Imm(value)) => self.enc.mov_rm8_imm8(address, value as i8),
            (Width::Byte, Operand::Reg(reg)) => self.enc.mov_rm8_r8(address, gpr8(reg)),
            (Width::Word, Operand::Imm(value)) => self.enc.mov_rm64_imm32(address, imm32(value)),
            (Width::Word, Operand::Reg(reg)) => match reg.class() {
                Class::Int => self.enc.mov_rm64_r64(address, gpr(reg)),
                Class::Float => self.enc.movsd_xmmm64_xmm(address, xmm(reg)),
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
            Cond::FEq => {
                self.enc.jp(exit);
                Cc::Ne
            }
            Cond::FNe => {
                let unordered = self.enc.here();
                self.enc.je(exit);
                self.enc.jp(unordered);
                return self.compare(cond, a, b);
            }
            // `a < b` is `b above a`, which is false if they are unordered.
            Cond::FLt => Cc::Be,
            Cond::FLe => Cc::B,
            Cond::NotFLt => Cc::A,
            Cond::NotFLe => Cc::Ae,
        };
        self.enc.jcc(unless, exit);
        self.compare(cond, a, b);
    }

    fn copy(&mut self, to: Place, from: Source) {
        match (to, from) {
            (Place::Reg(to), Source::Const(bits)) => match (to.class(), bits) {
                (Class::Int, 0) => self.enc.xor_rm32_r32(gpr32(to), gpr32(to)),
                (Class::Int, _) => self.enc.mov_r64_imm(gpr(to), bits as i64),
                (Class::Float, 0) => self.enc.xorps_xmm_xmmm128(xmm(to), xmm(to)),
                (Class::Float, _) => {
                    self.enc.movq_xmm_rm64(xmm(to), RAX);
                    self.enc.mov_r64_imm(RAX, bits as i64);
                }
            },
            (Place::Mem(to), Source::Const(bits)) => match i32::try_from(bits as i64) {
                Ok(value) => self.enc.mov_rm64_imm32(word(to), value),
                Err(_) => {
                    self.enc.mov_rm64_r64(word(to), RAX);
                    self.enc.mov_r64_imm(RAX, bits as i64);
                }
            },
            (Place::Reg(to), Source::Place(Place::Reg(from))) => match to.class() {
                Class::Int => self.copy_int(gpr(to), gpr(from)),
                Class::Float => self.copy_float(xmm(to), xmm(from)),
            },
            (Place::Reg(to), Source::Place(Place::Mem(from))) => match to.class() {
                Class::Int => self.enc.mov_r64_rm64(gpr(to), word(from)),
                Class::Float => self.enc.movsd_xmm_xmmm64(xmm(to), word(from)),
            },
            (Place::Mem(to), Source::Place(Place::Reg(from))) => match from.class() {
                Class::Int => self.enc.mov_rm64_r64(word(to), gpr(from)),
                Class::Float => self.enc.movsd_xmmm64_xmm(word(to), xmm(from)),
            },
            (Place::Mem(to), Source::Place(Place::Mem(from))) => {
                self.enc.movsd_xmmm64_xmm(word(to), XMM15);
                self.enc.movsd_xmm_xmmm64(XMM15, word(from));
            }
        }
    }

    fn jump(&mut self, to: Label) {
        self.enc.jmp(to);
    }

    fn jump_through(&mut self, gate: u32) {
        self.enc.jmp_rm64(CONTEXT + Context::gate(gate));
    }

    fn exit(&mut self, gate: u32) {
        self.jump_through(gate);
        self.enc.mov_rm64_imm32(CONTEXT + Context::exit(), gate as i32);
    }

    fn enter(&mut self) {
        self.enc.jmp_rm64(RDX);
        self.enc.mov_r64_rm64(MEMORY, RSI);
        self.enc.mov_r64_rm64(CONTEXT, RDI);
        for reg in PRESERVED.into_iter().rev() {
            self.enc.push_r64(reg);
        }
    }

    fn leave(&mut self) {
        self.enc.ret();
        for reg in PRESERVED {
            self.enc.pop_r64(reg);
        }
        for reg in Self::INTS.with(Self::FLOATS).iter() {
            self.copy(Place::Mem(Mem::Saved(reg.0)), Source::Place(Place::Reg(reg)));
        }
    }
}

impl X64 {
    fn compare(&mut self, cond: Cond, a: Reg, b: Operand) {
        match (cond, b) {
            (_, Operand::Imm(0)) => self.enc.test_rm64_r64(gpr(a), gpr(a)),
            (_, Operand::Imm(value)) => self.enc.cmp_rm64_imm(gpr(a), imm32(value)),
            (Cond::FLt | Cond::FLe | Cond::NotFLt | Cond::NotFLe, Operand::Reg(b)) => {
                self.enc.ucomisd_xmm_xmmm64(xmm(b), xmm(a));
            }
            (_, Operand::Reg(b)) => match a.class() {
                Class::Int => self.enc.cmp_rm64_r64(gpr(a), gpr(b)),
                Class::Float => self.enc.ucomisd_xmm_xmmm64(xmm(a), xmm(b)),
            },
        }
    }
}
