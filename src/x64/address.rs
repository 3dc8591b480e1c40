//! The parts of an address, and their shortest encoding (SDM vol. 2A, tables 2-2 and 2-3).
//!
//! There is no displacement unless one is needed, one byte if it fits, a SIB byte only for an index, for want of a base, or for RSP and R12, which have no
//! other form; RBP and R13 always need a displacement, since theirs without one means something else. What depends on the base and the
//! displacement's length alone is looked up, so that an address is encoded without a branch on its values.

use super::word::Word;

/// What an index is multiplied with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scale {
    /// Bytes.
    X1,
    /// Units of 2 bytes.
    X2,
    /// Units of 4 bytes.
    X4,
    /// Units of 8 bytes.
    X8,
}

impl Scale {
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn from_factor(factor: i32) -> Option<Scale> {
        match factor {
            1 => Some(Scale::X1),
            2 => Some(Scale::X2),
            4 => Some(Scale::X4),
            8 => Some(Scale::X8),
            _ => None,
        }
    }

    /// From the two bits in a SIB byte.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn from_bits(bits: u8) -> Scale {
        match bits & 3 {
            0 => Scale::X1,
            1 => Scale::X2,
            2 => Scale::X4,
            _ => Scale::X8,
        }
    }
}

/// The parts of an address: register numbers, and a displacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) base: Option<u8>,
    pub(super) index: Option<(u8, Scale)>,
    pub(super) disp: i32,
}

impl Parts {
    /// The shortest form of the address.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) const fn encode(self) -> Word {
        match self {
            Parts { base: None, index, disp } => baseless(index, disp),
            Parts { base: Some(base), index: None, disp } => based(base, disp),
            Parts { base: Some(base), index: Some((index, scale)), disp } => indexed(base, index, scale, disp),
        }
    }

    /// The parts of an ordinary address; `None` for one relative to RIP, and for a wrong one.
    #[inline]
    pub(super) const fn decode(word: Word) -> Option<Parts> {
        let (mode, low) = (word.modrm() >> 6, word.modrm() & 7);
        if word.target().is_some() || word.problem().is_some() || (mode == 0 && low == 5) {
            return None;
        }
        let has_sib = low == 4;
        let disp = match word.tail_len() - has_sib as usize {
            0 => 0,
            1 => (word.tail >> 56) as u8 as i8 as i32,
            _ => (word.tail >> 32) as u32 as i32,
        };
        if !has_sib {
            return Some(Parts { base: Some(word.base(low)), index: None, disp });
        }
        let base = word.sib_base();
        let index = word.sib_index();
        Some(Parts {
            base: if mode == 0 && base & 7 == 5 { None } else { Some(base) },
            index: if index == 4 { None } else { Some((index, Scale::from_bits(word.sib_scale()))) },
            disp,
        })
    }
}

/// The heads of addresses, by their base, for one length of the displacement; and what the tail has besides that.
struct Bases {
    heads: [u64; 32],
    tails: [u64; 32],
}

/// RBP and R13 have no form without a displacement.
const fn disp_len(base: u8, wanted: u64) -> u64 {
    if wanted == 0 && base & 7 == 5 { 1 } else { wanted }
}

/// ModRM's mode for a displacement of so many bytes.
const fn mode(disp_len: u64) -> u8 {
    match disp_len {
        0 => 0,
        1 => 0x40,
        _ => 0x80,
    }
}

/// `[base + disp]`; the tail is the SIB byte of RSP and R12 (an index of 4 is none).
const fn based_on(wanted: u64) -> Bases {
    let mut bases = Bases { heads: [0; 32], tails: [0; 32] };
    let mut base = 0;
    while base < 32 {
        let disp_len = disp_len(base, wanted);
        let (tail, sib_len) = if base & 7 == 4 { (0x24 << (56 - 8 * disp_len), 1) } else { (0, 0) };
        bases.heads[base as usize] = Word::address(mode(disp_len) | base & 7, base, 0, sib_len + disp_len, disp_len);
        bases.tails[base as usize] = tail;
        base += 1;
    }
    bases
}

/// `[base + index * scale + disp]`, without the index.
const fn indexed_on(wanted: u64) -> [u64; 32] {
    let mut heads = [0; 32];
    let mut base = 0;
    while base < 32 {
        let disp_len = disp_len(base, wanted);
        heads[base as usize] = Word::address(mode(disp_len) | 4, base, 0, 1 + disp_len, disp_len);
        base += 1;
    }
    heads
}

// By the displacement's length in bytes.
const BASED_0: &Bases = &based_on(0);
const BASED_1: &Bases = &based_on(1);
const BASED_4: &Bases = &based_on(4);
const INDEXED_0: &[u64; 32] = &indexed_on(0);
const INDEXED_1: &[u64; 32] = &indexed_on(1);
const INDEXED_4: &[u64; 32] = &indexed_on(4);

/// What an index adds to the head, by its number.
const INDEX: &[u64; 32] = &{
    let mut heads = [0; 32];
    let mut index = 0;
    while index < 32 {
        heads[index as usize] = Word::address(0, 0, index, 0, 8);
        index += 1;
    }
    heads
};

/// What goes with the displacement's length, without a branch: what decides is not predictable.
#[cfg_attr(not(debug_assertions), inline(always))]
const fn by_length<T: Copy>(disp: i32, none: T, one: T, four: T) -> T {
    let some = if disp as i8 as i32 == disp { one } else { four };
    if disp == 0 { none } else { some }
}

#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) const fn based(base: u8, disp: i32) -> Word {
    let bases = by_length(disp, BASED_0, BASED_1, BASED_4);
    let head = bases.heads[(base & 31) as usize] & Word::PLAIN;
    Word { head, tail: bases.tails[(base & 31) as usize] | Word::place_disp(head, disp) }
}

#[cfg_attr(not(debug_assertions), inline(always))]
const fn indexed(base: u8, index: u8, scale: Scale, disp: i32) -> Word {
    let base = by_length(disp, INDEXED_0, INDEXED_1, INDEXED_4)[(base & 31) as usize] & Word::PLAIN;
    let head = base | INDEX[(index & 31) as usize] & Word::PLAIN;
    // SIB and displacement are consecutive, and the last byte is the most significant.
    let sib = Word::sib(head) | (scale as u64) << 6;
    Word { head, tail: (sib | (disp as u32 as u64) << 8) << (64 - 8 * (base & Word::TAIL_LEN)) }
}

/// Without a base there are always four bytes of displacement, and a SIB byte, because ModRM without one means RIP.
#[cfg_attr(not(debug_assertions), inline(always))]
const fn baseless(index: Option<(u8, Scale)>, disp: i32) -> Word {
    let (index, scale) = match index {
        Some((index, scale)) => (index, (scale as u64) << 6),
        None => (4, 0),
    };
    let head = Word::address(4, 5, index, 5, 4);
    Word { head, tail: (Word::sib(head) | scale | (disp as u32 as u64) << 8) << 24 }
}
