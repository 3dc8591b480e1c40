//! The parts of an address, and their shortest encoding (SDM vol. 2A, tables 2-2 and 2-3).
//!
//! There is no displacement unless one is needed, one byte if it fits, a SIB byte only for an index, for want of a base, or for RSP and R12, which have no
//! other form; RBP and R13 always need a displacement, since theirs without one means something else. What depends on the base and the
//! displacement's length alone is looked up, so that an address is encoded without a branch on its values.

use super::word::{Address, Word};

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
}

/// The parts of an address: register numbers, and a displacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
}

/// What depends on the base and the length of the displacement.
struct Bases {
    /// By the base's number.
    addresses: [Address; 32],
    /// What the tail has besides the displacement.
    tails: [u64; 32],
}

/// RBP and R13 have no form without a displacement.
const fn disp_len(base: u8, wanted: u32) -> u32 {
    if wanted == 0 && base & 7 == 5 { 1 } else { wanted }
}

/// ModRM's mode for a displacement of so many bytes.
const fn mode(disp_len: u32) -> u8 {
    match disp_len {
        0 => 0,
        1 => 0x40,
        _ => 0x80,
    }
}

/// `[base + disp]`. The tail is the SIB byte of RSP and R12 (an index of 4 is none), in its place.
const fn based_on(wanted: u32) -> Bases {
    let mut bases = Bases { addresses: [Address::new(0, 0, 0, 0, 0); 32], tails: [0; 32] };
    let mut base = 0;
    while base < 32 {
        let disp_len = disp_len(base, wanted);
        let (tail, sib_len) = if base & 7 == 4 { (0x24 << (56 - 8 * disp_len), 1) } else { (0, 0) };
        bases.addresses[base as usize] = Address::new(mode(disp_len) | base & 7, base, 0, sib_len + disp_len, sib_len);
        bases.tails[base as usize] = tail;
        base += 1;
    }
    bases
}

/// `[base + index * scale + disp]`, without the index. The tail is what the base adds to the SIB byte.
const fn indexed_on(wanted: u32) -> Bases {
    let mut bases = Bases { addresses: [Address::new(0, 0, 0, 0, 0); 32], tails: [0; 32] };
    let mut base = 0;
    while base < 32 {
        let disp_len = disp_len(base, wanted);
        bases.addresses[base as usize] = Address::new(mode(disp_len) | 4, base, 0, 1 + disp_len, 0);
        bases.tails[base as usize] = base as u64 & 7;
        base += 1;
    }
    bases
}

/// What an index adds, by its number.
struct Indices {
    heads: [u32; 32],
    /// In the SIB byte.
    sibs: [u64; 32],
}

/// All that is looked up, in one place: the address of one table is enough.
struct Tables {
    // By the displacement's length in bytes.
    based_0: Bases,
    based_1: Bases,
    based_4: Bases,
    indexed_0: Bases,
    indexed_1: Bases,
    indexed_4: Bases,
    indices: Indices,
}

const TABLES: &Tables = &Tables {
    based_0: based_on(0),
    based_1: based_on(1),
    based_4: based_on(4),
    indexed_0: indexed_on(0),
    indexed_1: indexed_on(1),
    indexed_4: indexed_on(4),
    indices: {
        let mut indices = Indices { heads: [0; 32], sibs: [0; 32] };
        let mut index = 0;
        while index < 32 {
            indices.heads[index as usize] = Address::new(0, 0, index, 0, 0).head;
            indices.sibs[index as usize] = (index as u64 & 7) << 3;
            index += 1;
        }
        indices
    },
};

/// What goes with the displacement's length, without a branch: what decides is not predictable.
#[cfg_attr(not(debug_assertions), inline(always))]
const fn by_length<T: Copy>(disp: i32, none: T, one: T, four: T) -> T {
    let some = if disp as i8 as i32 == disp { one } else { four };
    if disp == 0 { none } else { some }
}

#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) const fn based(base: u8, disp: i32) -> Word {
    let bases = by_length(disp, &TABLES.based_0, &TABLES.based_1, &TABLES.based_4);
    let base = (base & 31) as usize;
    bases.addresses[base].with_tail(bases.tails[base], disp as u32 as u64)
}

#[cfg_attr(not(debug_assertions), inline(always))]
const fn indexed(base: u8, index: u8, scale: Scale, disp: i32) -> Word {
    let bases = by_length(disp, &TABLES.indexed_0, &TABLES.indexed_1, &TABLES.indexed_4);
    let (base, index) = ((base & 31) as usize, (index & 31) as usize);
    let sib = bases.tails[base] | TABLES.indices.sibs[index] | (scale as u64) << 6;
    // SIB and displacement are consecutive, and the last byte is the most significant.
    bases.addresses[base].with_index(TABLES.indices.heads[index]).with_tail(0, sib | (disp as u32 as u64) << 8)
}

/// Without a base there are always four bytes of displacement, and a SIB byte, because ModRM without one means RIP.
#[cfg_attr(not(debug_assertions), inline(always))]
const fn baseless(index: Option<(u8, Scale)>, disp: i32) -> Word {
    let (index, scale) = match index {
        Some((index, scale)) => (index, scale as u64),
        None => (4, 0),
    };
    let sib = scale << 6 | (index as u64 & 7) << 3 | 5;
    Address::new(4, 5, index, 5, 0).with_tail(0, sib | (disp as u32 as u64) << 8)
}
