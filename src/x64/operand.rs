//! Operands that may be one of several things: a register or memory, a register that needs no REX bits.

use super::mem::Mem;
use super::reg::{EGpr32, EGpr64, EXmm, EYmm, Gpr8, Gpr8h, Gpr16, Gpr32, Gpr64, K, Tmm, Xmm, Ymm, Zmm};
use super::word::{Reg, Word};
use crate::{Label, Symbol};
use core::marker::PhantomData;

/// A class of registers that a ModRM part can hold.
pub trait RegisterClass: Copy {
    /// The register as ModRM.reg.
    fn reg(self) -> Reg;
    /// The register as ModRM.rm.
    fn rm(self) -> Word;
    /// The number in encodings.
    fn number(self) -> u8;
}

/// Classes that go with any address. Byte registers without REX do not: their address must do without REX too.
pub trait AnyAddress: RegisterClass {}

/// A register or address that needs no REX bits: one of the first eight registers, or memory addressed by them.
///
/// A form that uses AH, CH, DH or BH has no REX prefix, so its other operands are of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Low<T>(T);

impl<R: RegisterClass> Low<R> {
    /// `None` if the register's number is above 7.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn new(register: R) -> Option<Self> {
        if register.reg().needs_no_rex() { Some(Low(register)) } else { None }
    }

    /// For generated code: the register as ModRM.reg.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn reg(self) -> Reg {
        self.0.reg()
    }

    /// For generated code: the register as ModRM.rm.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn rm(self) -> Word {
        self.0.rm()
    }
}

impl Low<Mem> {
    /// `None` if the base or the index is above number 7.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn memory(mem: Mem) -> Option<Self> {
        if mem.needs_no_rex() { Some(Low(mem)) } else { None }
    }

    /// For generated code: the operand as ModRM.rm.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn rm(self) -> Word {
        self.0.rm()
    }
}

impl From<Low<Mem>> for Rm<Gpr8h> {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn from(mem: Low<Mem>) -> Self {
        Rm::memory(mem.0)
    }
}

/// Memory whose address has 64 bits: of instructions that hold another address, as wide as this one, in a register.
///
/// ```
/// use tailfirst::x64::*;
/// let mut enc = Encoder::new();
/// enc.movdir64b_r64_m512(RDI, RSI);
/// enc.movdir64b_r64_m512(RDI, WideMem::new(RSI + 64).expect("its registers have 64 bits"));
/// assert_eq!(WideMem::new(ESI + 64), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WideMem(Mem);

impl WideMem {
    /// `None` if the address has 32 bits.
    pub const fn new(mem: Mem) -> Option<Self> {
        if mem.has_32_bits() { None } else { Some(WideMem(mem)) }
    }

    /// For generated code: the operand as ModRM.rm.
    pub fn rm(self) -> Word {
        self.0.rm()
    }
}

macro_rules! wide_memory {
    ($($from:ident)*) => {$(
        impl From<$from> for WideMem {
            fn from(address: $from) -> Self {
                WideMem(address.into())
            }
        }
    )*};
}

wide_memory!(Gpr64 Label Symbol);

/// A register of class `R`, or memory: `r/m64`, `xmm/m128`, ... in the manual.
///
/// Made `From` a register, a [`Mem`] or a [`Label`]; encoder functions take `impl Into<Rm<..>>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rm<R> {
    operand: Operand,
    class: PhantomData<R>,
}

/// Memory is encoded where it is used, and not by `into`, which the compiler inlines only as long as it is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operand {
    Register(Word),
    Memory(Mem),
}

impl<R> Rm<R> {
    #[cfg_attr(not(debug_assertions), inline(always))]
    const fn new(operand: Operand) -> Self {
        Rm { operand, class: PhantomData }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn memory(mem: Mem) -> Self {
        Rm::new(Operand::Memory(mem))
    }

    /// For generated code: the operand as ModRM.rm.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn rm(self) -> Word {
        match self.operand {
            Operand::Register(word) => word,
            Operand::Memory(mem) => mem.rm(),
        }
    }
}

impl<R: RegisterClass> From<R> for Rm<R> {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn from(register: R) -> Self {
        Rm::new(Operand::Register(register.rm()))
    }
}

impl<R: AnyAddress> From<Label> for Rm<R> {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn from(label: Label) -> Self {
        Rm::memory(label.into())
    }
}

impl<R: AnyAddress> From<Symbol> for Rm<R> {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn from(symbol: Symbol) -> Self {
        Rm::memory(symbol.into())
    }
}

/// `r/m8` with all sixteen low bytes.
pub type Rm8 = Rm<Gpr8>;
/// `r/m8` without REX.
pub type Rm8h = Rm<Gpr8h>;
/// `r/m16`.
pub type Rm16 = Rm<Gpr16>;
/// `r/m32`.
pub type Rm32 = Rm<Gpr32>;
/// `r/m64`.
pub type Rm64 = Rm<Gpr64>;
/// `r/m32` of an APX instruction.
pub type ERm32 = Rm<EGpr32>;
/// `r/m64` of an APX instruction.
pub type ERm64 = Rm<EGpr64>;
/// `xmm/m32`, `xmm/m64`, `xmm/m128`, ...
pub type XmmM = Rm<Xmm>;
/// `ymm/m256`.
pub type YmmM = Rm<Ymm>;
/// `xmm/m` of an EVEX instruction.
pub type EXmmM = Rm<EXmm>;
/// `ymm/m` of an EVEX instruction.
pub type EYmmM = Rm<EYmm>;
/// `zmm/m512`.
pub type ZmmM = Rm<Zmm>;
/// `k/m`.
pub type KM = Rm<K>;
/// A tile.
pub type TmmM = Rm<Tmm>;

/// An immediate of four bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct U4(u8);

impl U4 {
    /// `None` above 15.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn new(value: u8) -> Option<U4> {
        if value < 16 { Some(U4(value)) } else { None }
    }

    /// The value.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn bits(self) -> u8 {
        self.0
    }
}
