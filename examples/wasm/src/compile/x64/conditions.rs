//! Comparisons, and what depends on their flags.

use tailfirst::block;
use tailfirst::x64::Cond as Cc;

use super::integers::Wide;
use super::{CodeLabel, Operand, Reg, Target, Test, X64, ZeroTest, gpr, gpr32, xmm};
use crate::ir::ops::{Cond, FloatCond, FloatWidth, Width};

impl X64<'_, '_> {
    /// Goes to the label if the condition holds and what parity says.
    pub(super) fn branch_on(&mut self, cc: Cc, parity: Parity, label: CodeLabel) {
        match parity {
            Parity::Ignored => self.enc.jcc(cc, label),
            // Both must hold, or one of them.
            Parity::AndOrdered => {
                let over = self.enc.label();
                self.enc.bind(over);
                block!(*self.enc; jp(over); jcc(cc, label));
            }
            Parity::OrUnordered => block!(*self.enc; jcc(cc, label); jp(label)),
        }
    }

    /// Emits the comparison of a test.
    pub(super) fn flags(&mut self, test: Test) {
        match test {
            Test::Int { a, b: Operand::Immediate(0), width, cond } => {
                let before = self.checkpoint();
                self.enc.test_self(width, a);
                if matches!(cond, Cond::Eq | Cond::Ne) {
                    self.test = Some(ZeroTest { reg: a, width, before, pos: self.enc.pos() });
                }
            }
            Test::Int { a, b: Operand::Immediate(value), width, .. } => match width {
                Width::W32 => self.enc.cmp_rm32_imm(gpr32(a), value as i32),
                Width::W64 => self.enc.cmp_rm64_imm(gpr(a), value as i32),
            },
            Test::Int { a, b: Operand::Memory(load), width, .. } => {
                let place = Self::place(load.access);
                match width {
                    Width::W32 => self.enc.cmp_r32_rm32(gpr32(a), place),
                    Width::W64 => self.enc.cmp_r64_rm64(gpr(a), place),
                }
                self.approach_folded(load);
            }
            Test::Int { a, b: Operand::Reg(b), width, .. } => match width {
                Width::W32 => self.enc.cmp_rm32_r32(gpr32(a), gpr32(b)),
                Width::W64 => self.enc.cmp_rm64_r64(gpr(a), gpr(b)),
            },
            Test::Float { cond, width, a, b } => {
                use FloatCond::{Le, Lt, NotLe, NotLt};
                let (a, b) = if matches!(cond, Lt | Le | NotLt | NotLe) { (b, a) } else { (a, b) };
                match width {
                    FloatWidth::F32 => self.enc.ucomiss_xmm_xmmm32(xmm(a), xmm(b)),
                    FloatWidth::F64 => self.enc.ucomisd_xmm_xmmm64(xmm(a), xmm(b)),
                }
            }
        }
    }
}

impl X64<'_, '_> {
    /// Drops the comparison behind, if that is with zero and of what an instruction leaves here that sets the flags by
    /// its result.
    pub(super) fn sets_flags(&mut self, width: Width, d: Reg) {
        if let Some(test) = self.test.take()
            && (test.pos, test.reg, test.width) == (self.enc.pos(), d, width)
        {
            let behind = self.notes.marks.as_ref().and_then(|marks| marks.last()).map(|&(_, offset)| offset);
            self.go_back(test.before);
            if let (Some(marks), Some(offset)) = (&mut self.notes.marks, behind) {
                marks.push((self.enc.here(), offset));
            }
        }
    }
}

/// What the parity flag, which says that floats are unordered, has to do with a condition.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Parity {
    Ignored,
    AndOrdered,
    OrUnordered,
}

/// The condition of a test after its comparison. That of floats sets ZF, PF and CF if an operand is NaN, so `a < b` is
/// `b above a`.
pub(super) fn condition(test: Test) -> (Cc, Parity) {
    match test {
        Test::Int { cond, .. } => {
            let cc = match cond {
                Cond::Eq => Cc::E,
                Cond::Ne => Cc::Ne,
                Cond::LtS => Cc::L,
                Cond::LtU => Cc::B,
                Cond::GtS => Cc::G,
                Cond::GtU => Cc::A,
                Cond::LeS => Cc::Le,
                Cond::LeU => Cc::Be,
                Cond::GeS => Cc::Ge,
                Cond::GeU => Cc::Ae,
            };
            (cc, Parity::Ignored)
        }
        Test::Float { cond, .. } => match cond {
            FloatCond::Eq => (Cc::E, Parity::AndOrdered),
            FloatCond::Ne => (Cc::Ne, Parity::OrUnordered),
            FloatCond::Lt | FloatCond::Gt => (Cc::A, Parity::Ignored),
            FloatCond::Le | FloatCond::Ge => (Cc::Ae, Parity::Ignored),
            FloatCond::NotLt | FloatCond::NotGt => (Cc::Be, Parity::Ignored),
            FloatCond::NotLe | FloatCond::NotGe => (Cc::B, Parity::Ignored),
        },
    }
}
