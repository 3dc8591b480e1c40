//! Memory operands addressed by any of APX's 32 registers.

use super::{Mem, ScaledIndex};
use crate::{
    references::label::{Label, Symbol},
    x64::{
        operand::{ExtendedAddress, Operand, Rm},
        reg::{EGpr64, Sreg},
    },
};
use core::ops::{Add, Mul, Sub};

/// A memory operand addressed by any of 32 registers: `R17 + R20 * 8 + 4`. What EVEX and REX2 encode takes it.
///
/// R16 to R31 are there if the processor has APX, also where the instruction itself needs only AVX-512.
///
/// ```
/// # #[cfg(all(feature = "x64-avx512", feature = "x64-apx"))]
/// # {
/// use tailfirst::x64::*;
/// let mut enc = Encoder::new();
/// enc.add_er64_er64_erm64(R16, RDI, R17 + R20 * 8 + 4);
/// enc.vpaddd_zmm_k1z_zmm_zmmm512b32(ZMM1, ZMM2, (R17 + 64).broadcast());
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EMem(pub(super) Mem);

impl EMem {
    /// For generated code: the operand as ModRM.rm.
    #[inline(always)]
    pub const fn rm(self) -> Operand {
        Operand::Memory(self.0)
    }

    /// The operand in a segment, as [`Mem::segment`].
    #[inline(always)]
    pub const fn segment(self, segment: Sreg) -> EMem {
        EMem(self.0.segment(segment))
    }

    /// The operand with an address of 32 bits, as [`Mem::addr32`].
    #[inline(always)]
    pub const fn addr32(self) -> EMem {
        EMem(self.0.addr32())
    }
}

impl core::fmt::Debug for EMem {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Mem> for EMem {
    fn from(mem: Mem) -> Self {
        EMem(mem)
    }
}

impl From<Label> for EMem {
    fn from(label: Label) -> Self {
        EMem(label.into())
    }
}

impl From<Symbol> for EMem {
    fn from(symbol: Symbol) -> Self {
        EMem(symbol.into())
    }
}

impl From<EGpr64> for EMem {
    fn from(base: EGpr64) -> Self {
        base + 0
    }
}

impl Add<i32> for EGpr64 {
    type Output = EMem;
    fn add(self, disp: i32) -> EMem {
        EMem(Mem::based(self.number(), disp))
    }
}

impl Mul<i32> for EGpr64 {
    type Output = ScaledIndex<EGpr64>;
    fn mul(self, factor: i32) -> ScaledIndex<EGpr64> {
        ScaledIndex { register: self, factor }
    }
}

impl Add<ScaledIndex<EGpr64>> for EGpr64 {
    type Output = EMem;
    fn add(self, index: ScaledIndex<EGpr64>) -> EMem {
        EMem(Mem::based(self.number(), 0)) + index
    }
}

impl Add<ScaledIndex<EGpr64>> for EMem {
    type Output = EMem;
    fn add(self, index: ScaledIndex<EGpr64>) -> EMem {
        EMem(self.0.with_general_index(index.register.number(), index.factor, false))
    }
}

impl Add<i32> for ScaledIndex<EGpr64> {
    type Output = EMem;
    fn add(self, disp: i32) -> EMem {
        EMem(Mem::absolute(disp)) + self
    }
}

impl Add<i32> for EMem {
    type Output = EMem;
    fn add(self, disp: i32) -> EMem {
        EMem(self.0 + disp)
    }
}

impl Sub<i32> for EMem {
    type Output = EMem;
    fn sub(self, disp: i32) -> EMem {
        EMem(self.0 - disp)
    }
}

impl<R: ExtendedAddress> From<EMem> for Rm<R> {
    fn from(mem: EMem) -> Self {
        Rm::memory(mem.0)
    }
}
