//! What an operand contributes to an instruction.
//!
//! A register or memory operand fixes a few bits at known places: ModRM and REX bits, and the bytes behind ModRM.
//! Tables give them by the registers' numbers, so that a shape has only to combine words:
//!
//! ```text
//!   Word.head   31 .. 24   23 .. 16            15 .. 8   7 .. 0
//!               ModRM      registers' fifth    REX       REX
//!                          bits, as in REX2
//!   Word.tail   SIB and displacement, at the top
//!   Word.info   the tail's length, and what kind of operand it is
//! ```
//!
//! An instruction's head ends in ModRM, with one or two opcode bytes in front of it, and REX in front of those. So the
//! bits of REX stand at both places, and no operand is ever shifted. The copy that is not needed does no harm. Below REX
//! the next store overwrites it. In the first of two opcode bytes, OR-ing R, X and B changes nothing: that byte is 0F,
//! whose low four bits are ones.
//!
//! In every word the last byte is the most significant, as in the cursor's chunks. What a plain operand does not have
//! is behind one flag, `SPECIAL`: a segment, 32-bit addressing, a label or symbol instead of a displacement, or a
//! mistake that only the values show.

use super::{reg::Sreg, tables::rex};
use crate::{
    bytes::chunk::Chunk,
    error::AddressProblem,
    references::label::{Label, Symbol, Target},
};

/// A memory operand as ModRM.rm and what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Word {
    pub(super) head: u32,
    pub(super) info: u32,
    pub(super) tail: u64,
}

impl Word {
    pub(super) const REX: u32 = 0x40;
    /// Where ModRM stands.
    pub(super) const MODRM: u32 = 0xFF << 24;
    /// What an operand may set of REX, at the lower of its places: any of it makes a prefix necessary.
    pub(super) const NEEDS_REX: u32 = Self::REX | 7;
    // What a fifth bit of a register number extends: neighbours, as in REX2.
    pub(super) const HIGH_B: u32 = 1 << 16;
    pub(super) const HIGH_X: u32 = 1 << 17;
    pub(super) const HIGH_R: u32 = 1 << 18;
    pub(super) const FIFTH: u32 = Self::HIGH_B | Self::HIGH_X | Self::HIGH_R;

    // In `info`. The lowest byte is for making an address: how far what it adds to the tail is shifted up. The next one
    // has the bytes of the tail's word that are not used: with these the cursor's new place is a sum, and with the
    // tail's length a difference, which costs more.
    const SHIFT: u32 = 63;
    const UNUSED: u32 = 0xFF << Self::UNUSED_AT;
    const UNUSED_AT: u32 = 8;
    const SPECIAL: u32 = 1 << 17;
    // How an operand is special. In the last three the tail says which.
    const PREFIXES_AT: u32 = 18;
    const LABEL: u32 = 1 << 22;
    const SYMBOL: u32 = 1 << 23;
    const PROBLEM: u32 = 1 << 24;

    /// What follows ModRM.
    #[inline(always)]
    pub(super) const fn tail(self) -> Chunk {
        Chunk::new(self.tail, self.tail_len())
    }

    #[inline(always)]
    pub(super) const fn is_special(self) -> bool {
        self.info & Self::SPECIAL != 0
    }

    /// Bytes behind ModRM: 0 to 5.
    #[inline(always)]
    pub(super) const fn tail_len(self) -> usize {
        8 - ((self.info & Self::UNUSED) >> Self::UNUSED_AT) as usize
    }

    #[inline(always)]
    pub(super) const fn modrm(self) -> u8 {
        (self.head >> 24) as u8
    }

    /// The address's prefixes.
    pub(super) const fn prefixes(self) -> Prefixes {
        Prefixes::from_bits((self.info >> Self::PREFIXES_AT) as u8)
    }

    /// What a PC-relative address refers to.
    #[inline(always)]
    pub(super) const fn target(self) -> Option<Target> {
        let number = (self.tail >> 32) as u32;
        if self.info & Self::LABEL != 0 {
            Some(Target::Label(Label(number)))
        } else if self.info & Self::SYMBOL != 0 {
            Some(Target::Symbol(Symbol(number)))
        } else {
            None
        }
    }

    /// What is added to the address of what a PC-relative address refers to.
    pub(super) const fn addend(self) -> i16 {
        self.tail as i16
    }

    /// Why this is no address.
    #[inline(always)]
    pub(super) const fn problem(self) -> Option<AddressProblem> {
        if self.info & Self::PROBLEM == 0 {
            return None;
        }
        Some(AddressProblem::ALL[self.tail as usize % AddressProblem::ALL.len()])
    }

    /// `[rip + disp]` whose displacement is found later.
    #[inline(always)]
    pub(super) const fn pc_relative(target: Target, addend: i16) -> Self {
        let (number, kind) = match target {
            Target::Label(label) => (label.0, Self::LABEL),
            Target::Symbol(symbol) => (symbol.0, Self::SYMBOL),
        };
        let rip = Self::rip(0);
        Word { info: rip.info | Self::SPECIAL | kind, tail: (number as u64) << 32 | addend as u16 as u64, ..rip }
    }

    /// `[rip + disp]`.
    #[inline(always)]
    pub(super) const fn rip(disp: i32) -> Self {
        Address::new(5, 0, 0, 4, 0).with_tail(0, disp as u32 as u64)
    }

    /// An address that cannot be encoded; `finish` reports it.
    #[inline(always)]
    pub(super) const fn wrong(problem: AddressProblem) -> Self {
        let rip = Self::rip(0);
        Word { info: rip.info | Self::SPECIAL | Self::PROBLEM, tail: problem as u64, ..rip }
    }

    /// The same address, `[base + disp]`, with a SIB byte.
    pub(super) const fn with_sib(self) -> Self {
        let low = self.modrm() as u64 & 7;
        if low == 4 {
            return self;
        }
        let len = self.tail_len();
        let sib = (4 << 3 | low) << (56 - 8 * len);
        Word { head: self.head & !(7 << 24) | 4 << 24, info: self.info - (1 << Self::UNUSED_AT), tail: self.tail | sib }
    }

    /// The same address with its displacement in units of `1 << log2` bytes where that makes it one byte (disp8*N).
    pub(super) const fn with_disp8_unit(self, log2: u8) -> Self {
        if log2 == 0 || self.target().is_some() || self.problem().is_some() {
            return self;
        }
        let (mode, low) = (self.modrm() >> 6, self.modrm() & 7);
        // Without a base, and relative to RIP, the displacement always has four bytes.
        if mode == 0 {
            return self;
        }
        let sib_len = if low == 4 { 1 } else { 0 };
        let disp_len = self.tail_len() as u32 - sib_len;
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
        let head = self.head & !(0xC0 << 24) | mode << 30;
        let info = self.info & !Self::UNUSED | (8 - disp_len - sib_len) << Self::UNUSED_AT;
        Word { head, info, tail: disp | sib << (56 - 8 * disp_len) }
    }

    /// The address with these prefixes. A wrong one has none.
    #[inline(always)]
    pub(super) const fn with(self, Prefixes(prefixes): Prefixes) -> Self {
        if prefixes == 0 || self.info & Self::PROBLEM != 0 {
            return self;
        }
        Word { info: self.info | Self::SPECIAL | (prefixes as u32) << Self::PREFIXES_AT, ..self }
    }
}

/// What an address may have in front of its instruction: the number of a segment register and one more in three bits,
/// and 32-bit addressing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Prefixes(u8);

impl Prefixes {
    pub(super) const NONE: Prefixes = Prefixes(0);
    pub(super) const ADDR32: Prefixes = Prefixes(8);
    const SEGMENT: u8 = 7;
    const ALL: u8 = 15;
    /// The prefix bytes of ES, CS, SS, DS, FS and GS, by what stands in the three bits.
    const SEGMENTS: [u8; 8] = [0, 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0];

    #[inline(always)]
    pub(super) const fn bits(self) -> u8 {
        self.0
    }

    #[inline(always)]
    pub(super) const fn from_bits(bits: u8) -> Prefixes {
        Prefixes(bits & Self::ALL)
    }

    #[inline(always)]
    pub(super) const fn and(self, more: Prefixes) -> Prefixes {
        Prefixes(self.0 | more.0)
    }

    /// The prefix of a segment register.
    #[inline(always)]
    pub(super) const fn of_segment(segment: Sreg) -> Prefixes {
        Prefixes(segment.number() + 1)
    }

    /// The prefix of a segment register, if there is one.
    #[inline(always)]
    pub(super) const fn with_segment(segment: Option<Sreg>) -> Prefixes {
        match segment {
            Some(segment) => Prefixes::of_segment(segment),
            None => Prefixes::NONE,
        }
    }

    #[inline(always)]
    pub(super) const fn has_segment(self) -> bool {
        self.segment_number() != 0
    }

    #[inline(always)]
    pub(super) const fn segment_number(self) -> u8 {
        self.0 & Self::SEGMENT
    }

    /// The segment prefix byte.
    pub(super) const fn segment(self) -> Option<u8> {
        if self.has_segment() { Some(Self::SEGMENTS[self.segment_number() as usize]) } else { None }
    }

    /// Their bytes.
    pub(super) const fn bytes(self) -> Chunk {
        const fn byte(byte: u8) -> Chunk {
            Chunk::new((byte as u64) << 56, 1)
        }
        let none = Chunk::new(0, 0);
        let segment = if let Some(segment) = self.segment() { byte(segment) } else { none };
        segment.then(if self.addr32() { byte(0x67) } else { none })
    }

    /// Whether the address has 32 bits (prefix 67).
    pub(super) const fn addr32(self) -> bool {
        self.0 & Self::ADDR32.0 != 0
    }
}

/// The prefixes of an address that no ModRM says; for generated code.
#[derive(Debug, Clone, Copy)]
pub struct AddressPrefixes(pub(super) Prefixes);

/// A plain address of registers by number, but for its tail.
#[derive(Clone, Copy)]
pub(super) struct Address {
    pub(super) head: u32,
    info: u32,
}

impl Address {
    /// With a tail of `len` bytes, of which what lies behind the first `offset` bytes is given later.
    pub(super) const fn new(modrm: u8, base: u8, index: u8, len: u32, offset: u32) -> Address {
        let low = rex((base as u32 >> 3 & 1) | (index as u32 >> 2 & 2));
        let high_b = if base & 16 != 0 { Word::HIGH_B } else { 0 };
        let high_x = if index & 16 != 0 { Word::HIGH_X } else { 0 };
        let head = (modrm as u32) << 24 | low | high_b | high_x;
        let shift = 64 - 8 * (len - offset);
        Address { head, info: (8 - len) << Word::UNUSED_AT | shift & Word::SHIFT }
    }

    /// The address with an index, whose bits in the head these are.
    #[inline(always)]
    pub(super) const fn with_index(self, bits: u32) -> Address {
        Address { head: self.head | bits, ..self }
    }

    /// The address with `more` behind those bytes. Nothing is 0, however far it is shifted.
    #[inline(always)]
    pub(super) const fn with_tail(self, first: u64, more: u64) -> Word {
        // Masked, so that the tests of flags fold: the compiler cannot see into a table.
        Word { head: self.head, info: self.info & Word::UNUSED, tail: first | more << (self.info & Word::SHIFT) }
    }
}
