//! What an operand contributes to an instruction, computed when the operand is made.
//!
//! A register or memory operand fixes a few bits at known places: ModRM and REX bits, and the bytes behind ModRM. An operand
//! carries them ready made, so that an encoder function has only to combine words:
//!
//! ```text
//!   Word   63 ........ 24   23 .. 16   15 14 .. 12  11   10 9 8    7 .. 0
//!          tail: SIB and    ModRM      |  tail len  |    - X4 B4   REX byte; in a memory operand that is
//!          displacement,    (reg = 0)  register     special        special, its spare bits say how
//!          at the top
//! ```
//!
//! The tail's last byte is the most significant, as in a the cursor's chunks. What a plain operand does not have is
//! behind one bit, `SPECIAL`: a segment, 32-bit addressing, a label or symbol instead of a displacement, or a mistake that
//! only the values show.

use super::mem::Mem;
use super::reg::{EGpr32, EGpr64, EXmm, EYmm, Gpr8, Gpr8h, Gpr16, Gpr32, Gpr64, K, Tmm, Xmm, Ymm, Zmm};
use crate::{
    chunk::Chunk,
    error::AddressProblem,
    label::{Label, Symbol, Target},
};
use core::marker::PhantomData;

/// A register as ModRM.reg: the bits of a [`Word`] that it sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reg(pub(crate) u32);

impl Reg {
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn gpr(number: u8) -> Self {
        let n = number as u32;
        Reg((n << 19 | n >> 1) & 0x0038_0004 | (n & 0x10) << 6)
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn vector(number: u8) -> Self {
        Self::gpr(number)
    }

    /// SPL, BPL, SIL and DIL are AH, CH, DH and BH unless there is a REX prefix.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn gpr8(number: u8) -> Self {
        let forced = if number & 0xC == 4 { Word::REX } else { 0 };
        Reg(Self::gpr(number).0 | forced as u32)
    }

    /// An opcode extension, `/digit` in the manual, below 8.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn digit(digit: u8) -> Self {
        Self::gpr(digit & 7)
    }
}

/// A register or memory operand as ModRM.rm and what follows it; see the [module](self) for its layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Word(pub(crate) u64);

impl Word {
    pub(crate) const REX_B: u64 = 1;
    pub(crate) const REX_X: u64 = 2;
    pub(crate) const REX: u64 = 0x40;
    pub(crate) const X4: u64 = 1 << 9;
    pub(crate) const REGISTER: u64 = 1 << 15;
    const SPECIAL: u64 = 1 << 11;
    // How an operand is special, in bits of the REX byte that ModRM.rm does not use.
    const FS: u64 = 1 << 2;
    const GS: u64 = 1 << 3;
    const ADDR32: u64 = 1 << 4;
    const NO_DISPLACEMENT: u64 = 1 << 5;
    const SYMBOL: u64 = 1 << 7;
    const PROBLEM: u64 = 1 << 6;
    /// What no plain address has.
    pub(crate) const FLAGS: u64 = Self::REGISTER | Self::SPECIAL;
    /// The bits that go into the instruction's head.
    pub(crate) const HEAD: u64 = 0x00FF_0343;

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn gpr(number: u8) -> Self {
        let n = number as u64;
        Word((0xC0 | n & 7) << 16 | n >> 3 & 1 | (n >> 4) << 8 | Self::REGISTER)
    }

    /// The fifth bit of a vector register takes REX.X's place, which an address would need.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn vector(number: u8) -> Self {
        let n = number as u64;
        Word((0xC0 | n & 7) << 16 | n >> 3 & 1 | (n >> 4) << 1 | Self::REGISTER)
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn gpr8(number: u8) -> Self {
        let forced = if number & 0xC == 4 { Self::REX } else { 0 };
        Word(Self::gpr(number).0 | forced)
    }

    /// ModRM.rm that the opcode fixes, in a register form; below 8.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn fixed(rm: u8) -> Self {
        Self::gpr(rm & 7)
    }

    /// What goes into the head: ModRM and REX bits.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn head(self) -> u32 {
        (self.0 & Self::HEAD) as u32
    }

    /// As [`head`](Self::head), for a special address, in which spare bits mean something else.
    pub(crate) const fn address_head(self) -> u32 {
        self.head() & !(Self::REX as u32)
    }

    /// What follows ModRM.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn tail(self) -> Chunk {
        Chunk::new(self.0, self.tail_len())
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn is_register(self) -> bool {
        self.0 & Self::REGISTER != 0
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn is_special(self) -> bool {
        self.0 & (Self::SPECIAL | Self::REGISTER) == Self::SPECIAL
    }

    /// For generated code: the register's number; `None` for memory.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn register(self) -> Option<u8> {
        if !self.is_register() {
            return None;
        }
        let (low, b, x, b4) = (self.modrm() & 7, self.0 & 1, self.0 >> 1 & 1, self.0 >> 8 & 1);
        Some(low | (b << 3 | (x | b4) << 4) as u8)
    }

    /// Bytes behind ModRM: 0 to 5.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn tail_len(self) -> usize {
        (self.0 >> 12 & 7) as usize
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn modrm(self) -> u8 {
        (self.0 >> 16) as u8
    }

    /// The segment prefix byte.
    pub(crate) const fn segment(self) -> Option<u8> {
        if !self.is_special() || self.problem().is_some() {
            None
        } else if self.0 & Self::FS != 0 {
            Some(0x64)
        } else if self.0 & Self::GS != 0 {
            Some(0x65)
        } else {
            None
        }
    }

    /// Whether the address has 32 bits (prefix 67).
    pub(crate) const fn addr32(self) -> bool {
        self.is_special() && self.0 & Self::NO_DISPLACEMENT == 0 && self.0 & Self::ADDR32 != 0
    }

    /// What a PC-relative address refers to.
    pub(crate) const fn target(self) -> Option<Target> {
        if !self.is_special() || self.0 & Self::NO_DISPLACEMENT == 0 || self.0 & Self::PROBLEM != 0 {
            None
        } else if self.0 & Self::SYMBOL != 0 {
            Some(Target::Symbol(Symbol((self.0 >> 32) as u32)))
        } else {
            Some(Target::Label(Label((self.0 >> 32) as u32)))
        }
    }

    /// Why this is no address.
    pub(crate) const fn problem(self) -> Option<AddressProblem> {
        if !self.is_special() || self.0 & Self::NO_DISPLACEMENT == 0 || self.0 & Self::PROBLEM == 0 {
            return None;
        }
        Some(match self.0 >> 32 {
            0 => AddressProblem::Scale,
            1 => AddressProblem::IndexIsStackPointer,
            2 => AddressProblem::Displacement,
            3 => AddressProblem::TwoIndices,
            4 => AddressProblem::NeedsSib,
            _ => AddressProblem::TargetDisplacement,
        })
    }

    /// `[rip + disp]` whose displacement is found later.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn pc_relative(target: Target) -> Self {
        let (bits, kind) = match target {
            Target::Label(label) => (label.0, 0),
            Target::Symbol(symbol) => (symbol.0, Self::SYMBOL),
        };
        Word((bits as u64) << 32 | 0x05 << 16 | 4 << 12 | Self::SPECIAL | Self::NO_DISPLACEMENT | kind)
    }

    /// An address that cannot be encoded; `finish` reports it.
    #[cold]
    pub(crate) const fn wrong(problem: AddressProblem) -> Self {
        let code = match problem {
            AddressProblem::Scale => 0,
            AddressProblem::IndexIsStackPointer => 1,
            AddressProblem::Displacement => 2,
            AddressProblem::TwoIndices => 3,
            AddressProblem::NeedsSib => 4,
            AddressProblem::TargetDisplacement => 5,
        };
        Word(code << 32 | 0x05 << 16 | 4 << 12 | Self::SPECIAL | Self::NO_DISPLACEMENT | Self::PROBLEM)
    }

    /// The same address with a SIB byte, for forms that need one.
    pub(crate) const fn with_sib(self) -> Self {
        let low = self.0 >> 16 & 7;
        if low == 4 || self.problem().is_some() {
            return self;
        }
        if self.modrm() & 0xC7 == 5 {
            return Self::wrong(AddressProblem::NeedsSib);
        }
        let len = self.tail_len();
        let sib = (4 << 3 | low) << (56 - 8 * len);
        let displacement = self.0 & !(u64::MAX >> (8 * len));
        let rest = self.0 & 0x00FF_FFFF & !(7 << 16 | 7 << 12);
        Word(displacement | sib | rest | 4 << 16 | (len as u64 + 1) << 12)
    }

    /// The same address with its displacement in units of `1 << log2` bytes where that makes it one byte (disp8*N).
    pub(crate) const fn with_disp8_unit(self, log2: u8) -> Self {
        if log2 == 0 || self.is_register() || self.target().is_some() || self.problem().is_some() {
            return self;
        }
        let (mode, low) = (self.modrm() >> 6, self.modrm() & 7);
        let sib_len = if low == 4 { 1 } else { 0 };
        let disp_len = self.tail_len() - sib_len;
        let sib = if sib_len == 1 { self.0 >> (56 - 8 * disp_len) & 0xFF } else { 0 };
        // Without a base, and relative to RIP, the displacement always has four bytes.
        if mode == 0 {
            return self;
        }
        let disp = match disp_len {
            1 => (self.0 >> 56) as u8 as i8 as i32,
            _ => (self.0 >> 32) as u32 as i32,
        };
        let scaled = disp >> log2;
        let (mode, disp, disp_len) = if scaled << log2 == disp && scaled as i8 as i32 == scaled {
            (1, (scaled as u8 as u64) << 56, 1)
        } else {
            (2, (disp as u32 as u64) << 32, 4)
        };
        let sib = sib << (56 - 8 * disp_len);
        let rest = self.0 & 0x00FF_FFFF & !(0xC0 << 16 | 7 << 12);
        Word(disp | sib | rest | mode << 22 | ((disp_len + sib_len) as u64) << 12)
    }

    /// The word with a segment prefix or 32-bit addressing.
    const fn with(self, flag: u64) -> Self {
        if self.problem().is_some() {
            return self;
        }
        Word(self.0 | Self::SPECIAL | flag)
    }

    pub(crate) const fn with_fs(self) -> Self {
        self.with(Self::FS)
    }

    pub(crate) const fn with_gs(self) -> Self {
        self.with(Self::GS)
    }

    pub(crate) const fn with_addr32(self) -> Self {
        self.with(Self::ADDR32)
    }
}

/// A class of registers that a ModRM part can hold.
pub trait RegisterClass: Copy {
    /// The register as ModRM.reg.
    fn reg(self) -> Reg;
    /// The register as ModRM.rm.
    fn rm(self) -> Word;
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
        if register.reg().0 & 0xFFFF == 0 { Some(Low(register)) } else { None }
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
        if mem.rm().0 & (Word::REX_B | Word::REX_X) == 0 { Some(Low(mem)) } else { None }
    }

    /// For generated code: the operand as ModRM.rm.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn rm(self) -> Word {
        self.0.rm()
    }
}

impl From<Low<Mem>> for Rm<Gpr8h> {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn from(mem: Low<Mem>) -> Self {
        Rm::from_word(mem.0.rm())
    }
}

/// A register of class `R`, or memory: `r/m64`, `xmm/m128`, ... in the manual.
///
/// Made `From` a register, a [`Mem`] or a [`Label`]; encoder functions take `impl Into<Rm<..>>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rm<R> {
    word: Word,
    class: PhantomData<R>,
}

impl<R> Rm<R> {
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn from_word(word: Word) -> Self {
        Rm { word, class: PhantomData }
    }

    /// For generated code: the operand as ModRM.rm.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn rm(self) -> Word {
        self.word
    }
}

impl<R: RegisterClass> From<R> for Rm<R> {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn from(register: R) -> Self {
        Rm::from_word(register.rm())
    }
}

impl<R: AnyAddress> From<Label> for Rm<R> {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn from(label: Label) -> Self {
        Rm::from_word(Word::pc_relative(Target::Label(label)))
    }
}

impl<R: AnyAddress> From<Symbol> for Rm<R> {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn from(symbol: Symbol) -> Self {
        Rm::from_word(Word::pc_relative(Target::Symbol(symbol)))
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
