//! Operands that may be one of several things: a register or memory, a register that needs no REX bits.

use super::mem::Mem;
use super::reg::{EGpr32, EGpr64, EXmm, EYmm, Gpr8, Gpr8h, Gpr16, Gpr32, Gpr64, K, Mm, Tmm, Xmm, Ymm, Zmm};
use super::{tables::TABLES, word::Word};
use crate::{Label, Symbol};
use core::marker::PhantomData;

/// What can stand where an operand of type `T` is wanted: the operand itself, and what becomes one of its own accord,
/// as a register and a [`Mem`] become an [`Rm`].
///
/// It is [`Into`] by another name, under which the compiler says what is missing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the operand `{T}`",
    label = "expected `{T}`",
    note = "an `Rm<R>` is a register of class `R` or memory, and memory at a register alone is `RBX + 0`",
    note = "other widths of a register are its methods: `RBX.r32()` is EBX"
)]
pub trait IntoOperand<T>: Into<T> {}

#[diagnostic::do_not_recommend]
impl<T, O: Into<T>> IntoOperand<T> for O {}

/// A register as encodings see it: its number, and what its class adds to that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reg {
    rule: RegRule,
    number: u8,
}

/// Which bits a register's number sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RegRule {
    /// Those of general registers, and of all that have no more than sixteen.
    Plain,
    /// REX, too, of SPL, BPL, SIL and DIL.
    Byte,
    /// The fifth bit stands in REX.X's place where the register is ModRM.rm.
    Vector,
}

impl Reg {
    #[inline(always)]
    pub(super) const fn new(rule: RegRule, number: u8) -> Reg {
        Reg { rule, number }
    }

    /// A number that the opcode fixes, below 8.
    #[inline(always)]
    pub const fn fixed(number: u8) -> Reg {
        Reg::new(RegRule::Plain, number & 7)
    }

    /// The number in encodings.
    #[inline(always)]
    pub const fn number(self) -> u8 {
        self.number
    }

    /// In one byte, for a function that is not inlined.
    #[inline(always)]
    pub(super) const fn packed(self) -> PackedReg {
        PackedReg((self.rule as u8) << 5 | self.number)
    }

    /// Its bits in a head, as ModRM.reg.
    #[inline(always)]
    pub(super) const fn reg_bits(self) -> RegBits {
        self.packed().reg_bits()
    }

    /// Whether the register can do without REX.
    const fn needs_no_rex(self) -> bool {
        self.reg_bits().0 & (Word::NEEDS_REX | Word::FIFTH) == 0
    }
}

/// A [`Reg`] in one byte: where tables have it.
#[derive(Debug, Clone, Copy)]
pub(super) struct PackedReg(u8);

impl PackedReg {
    /// The register, or if that is number 0 this digit.
    #[inline(always)]
    pub(super) const fn or_digit(self, digit: u8) -> PackedReg {
        PackedReg(self.0 | digit)
    }

    #[inline(always)]
    pub(super) const fn reg_bits(self) -> RegBits {
        RegBits(TABLES.reg[self.0 as usize & 127])
    }

    #[inline(always)]
    pub(super) const fn rm_bits(self) -> RmBits {
        RmBits(TABLES.rm[self.0 as usize & 127])
    }
}

/// What a register sets in a head as ModRM.reg.
#[derive(Debug, Clone, Copy)]
pub(super) struct RegBits(pub(super) u32);

/// What a register sets in a head as ModRM.rm.
#[derive(Debug, Clone, Copy)]
pub(super) struct RmBits(pub(super) u32);

/// A class of registers that a ModRM part can hold.
pub trait RegisterClass: Copy {
    /// The register.
    fn reg(self) -> Reg;
}

impl RegisterClass for Reg {
    #[inline(always)]
    fn reg(self) -> Reg {
        self
    }
}

/// What stands in ModRM.rm: a register, or memory, which is encoded where it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// A register.
    Register(Reg),
    /// Memory.
    Memory(Mem),
}

impl Operand {
    /// The register's number; `None` for memory.
    pub const fn register(self) -> Option<u8> {
        match self {
            Operand::Register(register) => Some(register.number()),
            Operand::Memory(_) => None,
        }
    }

    /// The segment of an address, counted from 1; 0 where none is said.
    pub const fn segment(self) -> Option<u8> {
        match self {
            Operand::Register(_) => Some(0),
            Operand::Memory(mem) => Some(mem.segment_number()),
        }
    }

    /// The same operand, whose address has a SIB byte.
    pub const fn with_sib(self) -> Operand {
        match self {
            Operand::Register(_) => self,
            Operand::Memory(mem) => Operand::Memory(mem.with_sib()),
        }
    }
}

/// Classes that go with any address. Byte registers without REX do not: their address must do without REX too.
pub trait AnyAddress: RegisterClass {}

/// Classes of instructions with EVEX or REX2, which go with an address of any of 32 registers.
pub trait ExtendedAddress: AnyAddress {}

/// A register or address that needs no REX bits: one of the first eight registers, or memory addressed by them.
///
/// A form that uses AH, CH, DH or BH has no REX prefix, so its other operands are of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Low<T>(T);

impl<R: RegisterClass> Low<R> {
    /// `None` if the register's number is above 7.
    #[inline(always)]
    pub fn new(register: R) -> Option<Self> {
        if register.reg().needs_no_rex() { Some(Low(register)) } else { None }
    }

    /// For generated code: the register.
    #[inline(always)]
    pub fn reg(self) -> Reg {
        self.0.reg()
    }
}

impl Low<Mem> {
    /// `None` if the base or the index is above number 7.
    #[inline(always)]
    pub const fn memory(mem: Mem) -> Option<Self> {
        if mem.needs_no_rex() { Some(Low(mem)) } else { None }
    }

    /// For generated code: the operand as ModRM.rm.
    #[inline(always)]
    pub const fn rm(self) -> Operand {
        Operand::Memory(self.0)
    }
}

impl From<Low<Mem>> for Rm<Gpr8h> {
    #[inline(always)]
    fn from(mem: Low<Mem>) -> Self {
        Rm::memory(mem.0)
    }
}

/// A register of class `R`, or memory: `r/m64`, `xmm/m128`, ... in the manual.
///
/// Made `From` a register, a [`Mem`] or a [`Label`]; encoder functions take an [`IntoOperand<Rm<..>>`](IntoOperand).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rm<R> {
    operand: Operand,
    class: PhantomData<R>,
}

impl<R> Rm<R> {
    #[inline(always)]
    const fn new(operand: Operand) -> Self {
        Rm { operand, class: PhantomData }
    }

    #[inline(always)]
    pub(super) const fn memory(mem: Mem) -> Self {
        Rm::new(Operand::Memory(mem))
    }

    /// For generated code: the operand as ModRM.rm.
    #[inline(always)]
    pub const fn rm(self) -> Operand {
        self.operand
    }
}

impl<R: RegisterClass> From<R> for Rm<R> {
    #[inline(always)]
    fn from(register: R) -> Self {
        Rm::new(Operand::Register(register.reg()))
    }
}

impl<R: AnyAddress> From<Label> for Rm<R> {
    #[inline(always)]
    fn from(label: Label) -> Self {
        Rm::memory(label.into())
    }
}

impl<R: AnyAddress> From<Symbol> for Rm<R> {
    #[inline(always)]
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
/// `mm/m64`.
pub type MmM = Rm<Mm>;
/// A tile.
pub type TmmM = Rm<Tmm>;

/// An immediate of four bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct U4(u8);

impl U4 {
    /// `None` above 15.
    #[inline(always)]
    pub const fn new(value: u8) -> Option<U4> {
        if value < 16 { Some(U4(value)) } else { None }
    }

    /// The value.
    #[inline(always)]
    pub const fn bits(self) -> u8 {
        self.0
    }
}
