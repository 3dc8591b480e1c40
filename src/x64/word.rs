//! What an operand contributes to an instruction, computed when the operand is made.
//!
//! A register or memory operand fixes a few bits at known places: ModRM and REX bits, and the bytes behind ModRM. An operand
//! carries them ready made, so that an encoder function has only to mask and combine words:
//!
//! ```text
//!   Word.head   63 .. 56   55 .. 48   47 .. 40   39 .. 32   31 .. 24   23 ............. 0
//!               ModRM      REX        REX        REX        REX        flags, tail length
//!   Word.tail   SIB and displacement, at the top
//! ```
//!
//! REX has bits to spare, in which more flags are.
//!
//! A head chunk ends in ModRM, and zero to three opcode bytes lie between that and REX. So the bits of REX stand at all the
//! places where they may be needed, and a row's constant mask picks one: no operand is ever shifted.
//!
//! In every word the last byte is the most significant, as in the cursor's chunks. What a plain operand does not have is
//! behind one flag, `SPECIAL`: a segment, 32-bit addressing, a label or symbol instead of a displacement, or a mistake that
//! only the values show.

use crate::{
    chunk::Chunk,
    error::AddressProblem,
    label::{Label, Symbol, Target},
};

/// REX bits at all the places where they may be needed.
const fn rex(bits: u64) -> u64 {
    bits << 24 | bits << 32 | bits << 40 | bits << 48
}

/// Words of the registers of a class, by number; more than 32 there are not.
type Table = [u64; 32];

/// The bits that a register as ModRM.reg sets in a head: ModRM.reg, REX.R, and the fifth bit in a flag.
const fn reg_bits(n: u64) -> u64 {
    (n & 7) << 59 | rex((n >> 3 & 1) << 2) | if n & 0x10 != 0 { Word::HIGH_R } else { 0 }
}

/// The bits that a general register as ModRM.rm sets in a head: ModRM.rm, REX.B, and the fifth bit in a flag.
const fn rm_bits(n: u64) -> u64 {
    (0xC0 | n & 7) << 56 | rex(n >> 3 & 1) | if n & 0x10 != 0 { Word::HIGH_B } else { 0 }
}

/// SPL, BPL, SIL and DIL are AH, CH, DH and BH unless there is a REX prefix.
const fn forced(n: u64) -> u64 {
    if n & !3 == 4 { rex(Word::REX) } else { 0 }
}

macro_rules! table {
    ($name:ident = |$n:ident| $bits:expr) => {
        const $name: Table = {
            let mut table = [0; 32];
            let mut $n = 0;
            while $n < 32 {
                table[$n as usize] = $bits;
                $n += 1;
            }
            table
        };
    };
}

table!(REG = |n| reg_bits(n));
table!(REG8 = |n| reg_bits(n) | forced(n));
table!(GENERAL = |n| rm_bits(n));
table!(GENERAL8 = |n| rm_bits(n) | forced(n));
// The fifth bit of a vector register takes the place of REX.X, which an address would need.
table!(VECTOR = |n| rm_bits(n & 15) | rex((n >> 4) << 1));

/// A register as ModRM.reg: the bits of a [`Word`]'s head that it sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reg(pub(super) u64);

impl Reg {
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn gpr(number: u8) -> Self {
        Reg(REG[number as usize & 31])
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn gpr8(number: u8) -> Self {
        Reg(REG8[number as usize & 31])
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn vector(number: u8) -> Self {
        Self::gpr(number)
    }

    /// An opcode extension, `/digit` in the manual, below 8.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn digit(digit: u8) -> Self {
        Reg((digit as u64 & 7) << 59)
    }

    /// Whether the register can do without REX.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn needs_no_rex(self) -> bool {
        self.0 & (Word::REX_FIELD | Word::HIGH_R) == 0
    }
}

/// A register or memory operand as ModRM.rm and what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Word {
    pub(super) head: u64,
    pub(super) tail: u64,
}

impl Word {
    const REX: u64 = 0x40;
    /// Where ModRM stands.
    pub(super) const MODRM: u64 = 0xFF << 56;
    /// One of the places of REX.
    const REX_FIELD: u64 = 0xFF << 40;

    pub(super) const TAIL_LEN: u64 = 7;
    const REGISTER: u64 = 1 << 3;
    const SPECIAL: u64 = 1 << 4;
    // What a fifth bit of a register number extends.
    pub(super) const HIGH_B: u64 = 1 << 5;
    pub(super) const HIGH_X: u64 = 1 << 6;
    pub(super) const HIGH_R: u64 = 1 << 7;
    // For making an address: how far its displacement is shifted up in the tail, and what is known of its SIB byte.
    const SHIFT: u32 = 8;
    const SIB: u32 = 16;
    // How an operand is special; spare bits of REX. In the last three the tail says which.
    const FS: u64 = 0x10 << 24;
    const GS: u64 = 0x20 << 24;
    const ADDR32: u64 = 0x80 << 24;
    const LABEL: u64 = 0x10 << 32;
    const SYMBOL: u64 = 0x20 << 32;
    const PROBLEM: u64 = 0x80 << 32;
    /// What a plain address may have set. Said where one is looked up, it spares the tests of flags later: the compiler cannot see into a table.
    pub(super) const PLAIN: u64 = !(Self::REGISTER | Self::SPECIAL);

    /// The head of a plain address, of registers by number, with a tail of `len` bytes, of which the last `disp_len` are the displacement.
    pub(super) const fn address(modrm: u8, base: u8, index: u8, len: u64, disp_len: u64) -> u64 {
        let low = rex((base as u64 >> 3 & 1) | (index as u64 >> 2 & 2));
        let high_b = if base & 16 != 0 { Self::HIGH_B } else { 0 };
        let high_x = if index & 16 != 0 { Self::HIGH_X } else { 0 };
        let sib = (index as u64 & 7) << 3 | base as u64 & 7;
        let shift = (64 - 8 * disp_len) & 63;
        (modrm as u64) << 56 | low | high_b | high_x | len | shift << Self::SHIFT | sib << Self::SIB
    }

    /// The displacement where the tail of this head has it. No displacement is 0, wherever that is.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn place_disp(head: u64, disp: i32) -> u64 {
        // What is shifted out at the top are copies of the sign.
        (disp as u32 as u64) << (head >> Self::SHIFT & 63)
    }

    /// The SIB byte without its scale, from the heads of base and index.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn sib(head: u64) -> u64 {
        head >> Self::SIB & 0x3F
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    const fn register_of(bits: u64) -> Self {
        // The flag is put in here and not in the table, where the compiler could not see it.
        Word { head: bits | Self::REGISTER, tail: 0 }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn gpr(number: u8) -> Self {
        Self::register_of(GENERAL[number as usize & 31])
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn gpr8(number: u8) -> Self {
        Self::register_of(GENERAL8[number as usize & 31])
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn vector(number: u8) -> Self {
        Self::register_of(VECTOR[number as usize & 31])
    }

    /// ModRM.rm that the opcode fixes, in a register form; below 8.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn fixed(rm: u8) -> Self {
        Word { head: (0xC0 | rm as u64 & 7) << 56 | Self::REGISTER, tail: 0 }
    }

    /// What follows ModRM.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn tail(self) -> Chunk {
        Chunk::new(self.tail, self.tail_len())
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn is_register(self) -> bool {
        self.head & Self::REGISTER != 0
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn is_special(self) -> bool {
        self.head & Self::SPECIAL != 0
    }

    /// Whether the operand can do without REX.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn needs_no_rex(self) -> bool {
        self.head & (Self::REX_FIELD | Self::HIGH_B | Self::HIGH_X) == 0
    }

    /// For generated code: the register's number; `None` for memory.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn register(self) -> Option<u8> {
        if !self.is_register() {
            return None;
        }
        let rex = self.head >> 40;
        let fifth = rex >> 1 & 1 | (self.head & Self::HIGH_B != 0) as u64;
        Some(self.modrm() & 7 | ((rex & 1) << 3 | fifth << 4) as u8)
    }

    /// Bytes behind ModRM: 0 to 5.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn tail_len(self) -> usize {
        (self.head & Self::TAIL_LEN) as usize
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn modrm(self) -> u8 {
        (self.head >> 56) as u8
    }

    /// The segment prefix byte.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn segment(self) -> Option<u8> {
        if self.head & Self::FS != 0 {
            Some(0x64)
        } else if self.head & Self::GS != 0 {
            Some(0x65)
        } else {
            None
        }
    }

    /// Whether the address has 32 bits (prefix 67).
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn addr32(self) -> bool {
        self.head & Self::ADDR32 != 0
    }

    /// What a PC-relative address refers to.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn target(self) -> Option<Target> {
        let number = (self.tail >> 32) as u32;
        if self.head & Self::LABEL != 0 {
            Some(Target::Label(Label(number)))
        } else if self.head & Self::SYMBOL != 0 {
            Some(Target::Symbol(Symbol(number)))
        } else {
            None
        }
    }

    /// Why this is no address.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn problem(self) -> Option<AddressProblem> {
        if self.head & Self::PROBLEM == 0 {
            return None;
        }
        Some(match self.tail {
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
    pub(super) const fn pc_relative(target: Target) -> Self {
        let (number, kind) = match target {
            Target::Label(label) => (label.0, Self::LABEL),
            Target::Symbol(symbol) => (symbol.0, Self::SYMBOL),
        };
        Word { head: Self::rip(0).head | Self::SPECIAL | kind, tail: (number as u64) << 32 }
    }

    /// `[rip + disp]`.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn rip(disp: i32) -> Self {
        Word { head: 0x05 << 56 | 4, tail: (disp as u32 as u64) << 32 }
    }

    /// An address that cannot be encoded; `finish` reports it.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn wrong(problem: AddressProblem) -> Self {
        let code = match problem {
            AddressProblem::Scale => 0,
            AddressProblem::IndexIsStackPointer => 1,
            AddressProblem::Displacement => 2,
            AddressProblem::TwoIndices => 3,
            AddressProblem::NeedsSib => 4,
            AddressProblem::TargetDisplacement => 5,
        };
        Word { head: Self::rip(0).head | Self::SPECIAL | Self::PROBLEM, tail: code }
    }

    /// The same address with a SIB byte, for forms that need one.
    pub(super) const fn with_sib(self) -> Self {
        let low = self.modrm() as u64 & 7;
        if low == 4 || self.problem().is_some() {
            return self;
        }
        if self.modrm() & 0xC7 == 5 {
            return Self::wrong(AddressProblem::NeedsSib);
        }
        let len = self.tail_len();
        let sib = (4 << 3 | low) << (56 - 8 * len);
        let displacement = self.tail & !(u64::MAX >> (8 * len));
        let head = self.head & !(7 << 56 | Self::TAIL_LEN) | 4 << 56 | (len as u64 + 1);
        Word { head, tail: displacement | sib }
    }

    /// The same address with its displacement in units of `1 << log2` bytes where that makes it one byte (disp8*N).
    pub(super) const fn with_disp8_unit(self, log2: u8) -> Self {
        if log2 == 0 || self.is_register() || self.target().is_some() || self.problem().is_some() {
            return self;
        }
        let (mode, low) = (self.modrm() >> 6, self.modrm() & 7);
        // Without a base, and relative to RIP, the displacement always has four bytes.
        if mode == 0 {
            return self;
        }
        let sib_len = if low == 4 { 1 } else { 0 };
        let disp_len = self.tail_len() - sib_len;
        let sib = if sib_len == 1 { self.tail >> (56 - 8 * disp_len) & 0xFF } else { 0 };
        let disp = match disp_len {
            1 => (self.tail >> 56) as u8 as i8 as i32,
            _ => (self.tail >> 32) as u32 as i32,
        };
        let scaled = disp >> log2;
        let (mode, disp, disp_len) = if scaled << log2 == disp && scaled as i8 as i32 == scaled {
            (1, (scaled as u8 as u64) << 56, 1)
        } else {
            (2, (disp as u32 as u64) << 32, 4)
        };
        let head = self.head & !(0xC0 << 56 | Self::TAIL_LEN) | mode << 62 | (disp_len + sib_len) as u64;
        Word { head, tail: disp | sib << (56 - 8 * disp_len) }
    }

    /// A base's number, of which the low three bits stand elsewhere.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn base(self, low: u8) -> u8 {
        low & 7 | (self.head >> 37 & 8) as u8 | if self.head & Self::HIGH_B != 0 { 16 } else { 0 }
    }

    /// The base's number, whose low three bits stand in the SIB byte; the address has one.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn sib_base(self) -> u8 {
        self.base((self.tail >> (64 - 8 * self.tail_len())) as u8)
    }

    /// The index as it stands in the SIB byte, with its higher bits; the address has a SIB byte.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn sib_index(self) -> u8 {
        let sib = (self.tail >> (64 - 8 * self.tail_len())) as u8;
        sib >> 3 & 7 | (self.head >> 38 & 8) as u8 | if self.head & Self::HIGH_X != 0 { 16 } else { 0 }
    }

    /// The scale as it stands in the SIB byte; the address has a SIB byte.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn sib_scale(self) -> u8 {
        (self.tail >> (70 - 8 * self.tail_len()) & 3) as u8
    }

    /// The word with a segment prefix or 32-bit addressing.
    const fn with(self, flag: u64) -> Self {
        if self.problem().is_some() {
            return self;
        }
        Word { head: self.head | Self::SPECIAL | flag, ..self }
    }

    pub(super) const fn with_fs(self) -> Self {
        self.with(Self::FS)
    }

    pub(super) const fn with_gs(self) -> Self {
        self.with(Self::GS)
    }

    pub(super) const fn with_addr32(self) -> Self {
        self.with(Self::ADDR32)
    }
}
