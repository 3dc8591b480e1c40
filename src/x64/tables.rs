//! What operands look up by their registers' numbers.
//!
//! That is done with constants, and not by `static`s, so that in other crates, too, the compiler computes with the
//! values of registers that it knows; and with a single one, so that for many instructions the address of one table is
//! enough.

use super::word::{Address, Word};

/// REX bits at both places where they may be needed.
pub(super) const fn rex(bits: u32) -> u32 {
    bits | bits << 8
}

/// What numbers set in heads; more than 32 there are not.
type Heads = [u32; 32];

/// The same by the rule for a class of registers, and then by number; as many as a mask lets through.
type HeadsByRule = [u32; 128];

/// The bits that a register as ModRM.reg sets in a head: ModRM.reg, REX.R, and the fifth bit.
const fn reg_bits(n: u32) -> u32 {
    (n & 7) << 27 | rex((n >> 3 & 1) << 2) | if n & 0x10 != 0 { Word::HIGH_R } else { 0 }
}

/// The bits that a general register as ModRM.rm sets in a head: ModRM.rm, REX.B, and the fifth bit.
const fn rm_bits(n: u32) -> u32 {
    (0xC0 | n & 7) << 24 | rex(n >> 3 & 1) | if n & 0x10 != 0 { Word::HIGH_B } else { 0 }
}

/// SPL, BPL, SIL and DIL are AH, CH, DH and BH unless there is a REX prefix.
const fn forced(n: u32) -> u32 {
    if n & !3 == 4 { rex(Word::REX) } else { 0 }
}

const fn by_rule(rules: [Heads; 3]) -> HeadsByRule {
    let mut all = [0; 128];
    let mut i = 0;
    while i < 3 * 32 {
        all[i] = rules[i / 32][i % 32];
        i += 1;
    }
    all
}

macro_rules! heads {
    (|$n:ident| $bits:expr) => {{
        let mut heads = [0; 32];
        let mut $n = 0;
        while $n < 32 {
            heads[$n as usize] = $bits;
            $n += 1;
        }
        heads
    }};
}

/// What depends on the base and the length of the displacement.
pub(super) struct Bases {
    /// By the base's number.
    pub(super) addresses: [Address; 32],
    /// What the tail has besides the displacement.
    pub(super) tails: [u64; 32],
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
pub(super) struct Indices {
    pub(super) heads: Heads,
    /// In the SIB byte.
    pub(super) sibs: [u64; 32],
}

/// All of it.
pub(super) struct Tables {
    // In the order of `RegRule`.
    pub(super) reg: HeadsByRule,
    pub(super) rm: HeadsByRule,
    // By the displacement's length in bytes.
    pub(super) based_0: Bases,
    pub(super) based_1: Bases,
    pub(super) based_4: Bases,
    pub(super) indexed_0: Bases,
    pub(super) indexed_1: Bases,
    pub(super) indexed_4: Bases,
    pub(super) indices: Indices,
}

pub(super) const TABLES: &Tables = &Tables {
    reg: by_rule([heads!(|n| reg_bits(n)), heads!(|n| reg_bits(n) | forced(n)), heads!(|n| reg_bits(n))]),
    rm: by_rule([
        heads!(|n| rm_bits(n)),
        heads!(|n| rm_bits(n) | forced(n)),
        // The fifth bit of a vector register takes the place of REX.X, which an address would need.
        heads!(|n| rm_bits(n & 15) | rex((n >> 4) << 1)),
    ]),
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
