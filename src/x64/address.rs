//! The parts of an address, and their shortest encoding (SDM vol. 2A, tables 2-2 and 2-3).
//!
//! There is no displacement unless one is needed, one byte if it fits, a SIB byte only for an index, for want of a
//! base, or for RSP and R12, which have no other form; RBP and R13 always need a displacement, since theirs without one
//! means something else. What depends on the base and the displacement's length alone is looked up, so that an address
//! is encoded without a branch on its values.

use super::{
    tables::TABLES,
    word::{Address, Word},
};
use core::hint::select_unpredictable;

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
    /// All scales, in the order of their bits.
    pub const ALL: [Scale; 4] = [Scale::X1, Scale::X2, Scale::X4, Scale::X8];

    /// The scale by this factor: 1, 2, 4 or 8.
    #[inline(always)]
    pub const fn new(factor: i32) -> Option<Scale> {
        match factor {
            1 => Some(Scale::X1),
            2 => Some(Scale::X2),
            4 => Some(Scale::X4),
            8 => Some(Scale::X8),
            _ => None,
        }
    }

    /// What the index is multiplied with.
    #[inline(always)]
    pub const fn factor(self) -> i32 {
        1 << self as i32
    }
}

/// What goes with the displacement's length, without a branch: what decides is not predictable.
#[inline(always)]
fn by_length<T>(disp: i32, none: T, one: T, four: T) -> T {
    let some = select_unpredictable(disp as i8 as i32 == disp, one, four);
    select_unpredictable(disp == 0, none, some)
}

#[inline(always)]
pub(super) fn based(base: u8, disp: i32) -> Word {
    let bases = by_length(disp, &TABLES.based_0, &TABLES.based_1, &TABLES.based_4);
    let base = (base & 31) as usize;
    bases.addresses[base].with_tail(bases.tails[base], disp as u32 as u64)
}

#[inline(always)]
pub(super) fn indexed(base: u8, index: u8, scale: u8, disp: i32) -> Word {
    let bases = by_length(disp, &TABLES.indexed_0, &TABLES.indexed_1, &TABLES.indexed_4);
    let (base, index) = ((base & 31) as usize, (index & 31) as usize);
    let sib = bases.tails[base] | TABLES.indices.sibs[index] | (scale as u64) << 6;
    // SIB and displacement are consecutive, and the last byte is the most significant.
    bases.addresses[base].with_index(TABLES.indices.heads[index]).with_tail(0, sib | (disp as u32 as u64) << 8)
}

/// Without a base there are always four bytes of displacement, and a SIB byte, because ModRM without one means RIP.
#[inline(always)]
pub(super) const fn baseless(index: u8, scale: u8, disp: i32) -> Word {
    let sib = (scale as u64) << 6 | (index as u64 & 7) << 3 | 5;
    Address::new(4, 5, index, 5, 0).with_tail(0, sib | (disp as u32 as u64) << 8)
}
