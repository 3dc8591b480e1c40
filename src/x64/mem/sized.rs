//! Memory whose address has a given size: of instructions that hold another address, as wide as this one, in a
//! register.

use super::{EMem, Mem};
use crate::{
    references::label::{Label, Symbol},
    x64::{
        operand::Operand,
        reg::{EGpr32, EGpr64, Gpr32, Gpr64},
    },
};

/// A memory operand by registers: [`Mem`] or [`EMem`].
pub trait Addressed: Copy {
    #[doc(hidden)]
    fn mem(self) -> Mem;
}

impl Addressed for Mem {
    #[inline(always)]
    fn mem(self) -> Mem {
        self
    }
}

impl Addressed for EMem {
    #[inline(always)]
    fn mem(self) -> Mem {
        self.0
    }
}

/// Memory whose address has 64 bits.
///
/// ```
/// use tailfirst::x64::*;
/// let mut enc = Encoder::new();
/// enc.movdir64b_r64_m512(RDI, RSI);
/// enc.movdir64b_r64_m512(RDI, WideMem::new(RSI + 64).expect("its registers have 64 bits"));
/// assert_eq!(WideMem::new(ESI + 64), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WideMem<M = Mem>(M);

impl<M: Addressed> WideMem<M> {
    /// `None` if the address has 32 bits.
    pub fn new(mem: M) -> Option<Self> {
        if mem.mem().has_32_bits() { None } else { Some(WideMem(mem)) }
    }

    /// For generated code: the operand as ModRM.rm.
    #[inline(always)]
    pub fn rm(self) -> Operand {
        Operand::Memory(self.0.mem())
    }
}

/// Memory whose address has 32 bits.
///
/// ```
/// use tailfirst::x64::*;
/// let mut enc = Encoder::new();
/// enc.movdir64b_r32_m512(EDI, ESI);
/// enc.movdir64b_r32_m512(EDI, NarrowMem::new(ESI + 64).expect("its registers have 32 bits"));
/// assert_eq!(NarrowMem::new(RSI + 64), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NarrowMem<M = Mem>(M);

impl<M: Addressed> NarrowMem<M> {
    /// `None` if the address has 64 bits.
    pub fn new(mem: M) -> Option<Self> {
        if mem.mem().has_32_bits() { Some(NarrowMem(mem)) } else { None }
    }

    /// For generated code: the operand as ModRM.rm.
    #[inline(always)]
    pub fn rm(self) -> Operand {
        Operand::Memory(self.0.mem())
    }
}

impl From<Gpr32> for NarrowMem {
    fn from(address: Gpr32) -> Self {
        NarrowMem(address.into())
    }
}

impl From<EGpr32> for NarrowMem<EMem> {
    fn from(address: EGpr32) -> Self {
        NarrowMem(EMem(Mem::based(address.number(), 0).addr32()))
    }
}

macro_rules! wide_memory {
    ($($from:ident for $mem:ident)*) => {$(
        impl From<$from> for WideMem<$mem> {
            fn from(address: $from) -> Self {
                WideMem(address.into())
            }
        }
    )*};
}

wide_memory!(Gpr64 for Mem Label for Mem Symbol for Mem EGpr64 for EMem Label for EMem Symbol for EMem);
