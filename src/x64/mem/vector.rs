//! Memory operands whose index is a vector register.

use super::{EMem, Mem, ScaledIndex};
use crate::x64::{
    operand::Operand,
    reg::{EGpr64, EXmm, EYmm, Gpr32, Gpr64, Sreg, Xmm, Ymm, Zmm},
};
use core::ops::{Add, Mul, Sub};

/// A memory operand whose index is a vector register (VSIB): one address an element.
///
/// ```
/// use tailfirst::x64::*;
/// let gather: VMem<Ymm> = RBX + YMM2 * 8 + 64;
/// let absolute: VMem<Ymm> = (YMM2 * 1 + 0x1000).fs(); // each element is an address
/// let compressed: VMem<Ymm> = EBX + YMM2 * 8;
/// # let _ = (gather, absolute, compressed);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VMem<R> {
    mem: Mem,
    class: core::marker::PhantomData<R>,
}

impl<R: Copy> VMem<R> {
    /// The operand in a segment, as [`Mem::segment`].
    #[inline(always)]
    pub const fn segment(self, segment: Sreg) -> Self {
        VMem::new(self.mem.segment(segment))
    }

    /// The operand with addresses of 32 bits, as [`Mem::addr32`].
    #[inline(always)]
    pub const fn addr32(self) -> Self {
        VMem::new(self.mem.addr32())
    }
}

impl<R> VMem<R> {
    const fn new(mem: Mem) -> Self {
        VMem { mem, class: core::marker::PhantomData }
    }

    /// For generated code: the operand as ModRM.rm.
    #[inline(always)]
    pub const fn rm(self) -> Operand {
        Operand::Memory(self.mem)
    }

    /// For generated code: the number of the index register.
    pub const fn number(self) -> u8 {
        let (index, _) = self.mem.index();
        index
    }
}

impl<R> core::fmt::Debug for VMem<R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.mem.fmt(f)
    }
}

impl<R> Add<i32> for VMem<R> {
    type Output = VMem<R>;
    fn add(self, disp: i32) -> VMem<R> {
        VMem::new(self.mem.offset(disp))
    }
}

impl<R> Sub<i32> for VMem<R> {
    type Output = VMem<R>;
    fn sub(self, disp: i32) -> VMem<R> {
        VMem::new(self.mem.offset_down(disp))
    }
}

macro_rules! vector_index {
    ($($register:ident)*) => {$(
        impl Mul<i32> for $register {
            type Output = ScaledIndex<$register>;
            fn mul(self, factor: i32) -> ScaledIndex<$register> {
                ScaledIndex { register: self, factor }
            }
        }

        impl Add<ScaledIndex<$register>> for Gpr64 {
            type Output = VMem<$register>;
            fn add(self, index: ScaledIndex<$register>) -> VMem<$register> {
                Mem::from(self) + index
            }
        }

        impl Add<ScaledIndex<$register>> for Gpr32 {
            type Output = VMem<$register>;
            fn add(self, index: ScaledIndex<$register>) -> VMem<$register> {
                Mem::from(self) + index
            }
        }

        impl Add<ScaledIndex<$register>> for Mem {
            type Output = VMem<$register>;
            fn add(self, index: ScaledIndex<$register>) -> VMem<$register> {
                VMem::new(self.with_vector_index(index.register.number(), index.factor))
            }
        }

        impl Add<i32> for ScaledIndex<$register> {
            type Output = VMem<$register>;
            fn add(self, disp: i32) -> VMem<$register> {
                Mem::absolute(disp) + self
            }
        }
    )*};
}

vector_index!(Xmm Ymm Zmm EXmm EYmm);

/// Of an address with R16 to R31 the index may be any vector register: only EVEX encodes it.
macro_rules! extended_base {
    ($($register:ident => $class:ident)*) => {$(
        impl Add<ScaledIndex<$register>> for EGpr64 {
            type Output = VMem<$class>;
            fn add(self, index: ScaledIndex<$register>) -> VMem<$class> {
                EMem::from(self) + index
            }
        }

        impl Add<ScaledIndex<$register>> for EMem {
            type Output = VMem<$class>;
            fn add(self, index: ScaledIndex<$register>) -> VMem<$class> {
                VMem::new(self.0.with_vector_index(index.register.number(), index.factor))
            }
        }
    )*};
}

extended_base!(Xmm => EXmm EXmm => EXmm Ymm => EYmm EYmm => EYmm Zmm => Zmm);

impl From<VMem<Xmm>> for VMem<EXmm> {
    fn from(mem: VMem<Xmm>) -> Self {
        VMem::new(mem.mem)
    }
}

impl From<VMem<Ymm>> for VMem<EYmm> {
    fn from(mem: VMem<Ymm>) -> Self {
        VMem::new(mem.mem)
    }
}
