//! Fields that refer to a place in the code.
//!
//! Distances are measured in bytes from the start of the instruction that holds the field.

use crate::{Edge, Field, Range};

/// A PC-relative field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rel {
    /// B, BL: 26 bits, in instructions; +-128 MiB.
    Imm26,
    /// B.cond, CBZ, CBNZ: 19 bits, in instructions; +-1 MiB.
    Imm19,
    /// LDR (literal), PRFM (literal): 19 bits, in instructions; +-1 MiB.
    Lit19,
    /// TBZ, TBNZ: 14 bits, in instructions; +-32 KiB.
    Imm14,
    /// Compare and branch: 9 bits, in instructions; +-1 KiB.
    Imm9,
    /// AUTIASPPC, RETAASPPC and the like: 16 bits, in instructions, to lower addresses only.
    Back16,
    /// ADR: 21 bits, in bytes; +-1 MiB.
    Adr21,
    /// ADRP: 21 bits, in pages of 4 KiB; +-4 GiB. Depends on the address where the code runs.
    AdrPage,
    /// Four bytes of data: the distance of the target from the data itself.
    Offset32,
    /// Eight bytes of data: the target's address. Depends on where the code runs.
    Address64,
}

impl Rel {
    /// The field of B and BL.
    pub const NEAR: Rel = Rel::Imm26;

    /// The bits that `distance`, which is in range, sets in the instruction.
    #[inline(always)]
    pub(super) const fn bits(self, distance: i64) -> u32 {
        let units = (distance >> 2) as u32;
        match self {
            Rel::Imm26 => units & 0x03FF_FFFF,
            Rel::Imm19 | Rel::Lit19 => (units & 0x7_FFFF) << 5,
            Rel::Imm14 => (units & 0x3FFF) << 5,
            Rel::Imm9 => (units & 0x1FF) << 5,
            Rel::Back16 => (units.wrapping_neg() & 0xFFFF) << 5,
            Rel::Adr21 => split(distance as u32),
            Rel::AdrPage => split((distance >> 12) as u32),
            Rel::Offset32 | Rel::Address64 => distance as u32,
        }
    }

    /// The field's place.
    pub(crate) const fn mask(self) -> u32 {
        match self {
            Rel::Imm26 => 0x03FF_FFFF,
            Rel::Imm19 | Rel::Lit19 => 0x7_FFFF << 5,
            Rel::Imm14 => 0x3FFF << 5,
            Rel::Imm9 => 0x1FF << 5,
            Rel::Back16 => 0xFFFF << 5,
            Rel::Adr21 | Rel::AdrPage => 0x7_FFFF << 5 | 3 << 29,
            Rel::Offset32 | Rel::Address64 => u32::MAX,
        }
    }
}

/// 21 bits as `immlo` and `immhi`.
#[inline(always)]
const fn split(value: u32) -> u32 {
    (value & 3) << 29 | (value >> 2 & 0x7_FFFF) << 5
}

impl Field for Rel {
    const ORIGIN: Edge = Edge::Start;

    #[inline(always)]
    fn range(self) -> Range {
        let signed = |bits: u32, step: i64| {
            let half = step << (bits - 1);
            Range { low: -half, high: half - step, step }
        };
        match self {
            Rel::Imm26 => signed(26, 4),
            Rel::Imm19 | Rel::Lit19 => signed(19, 4),
            Rel::Imm14 => signed(14, 4),
            Rel::Imm9 => signed(9, 4),
            Rel::Back16 => Range { low: -0xFFFF * 4, high: 0, step: 4 },
            Rel::Adr21 => signed(21, 1),
            Rel::AdrPage => signed(21, 4096),
            Rel::Offset32 => signed(32, 1),
            Rel::Address64 => Range { low: i64::MIN, high: i64::MAX, step: 1 },
        }
    }

    #[inline(always)]
    fn write(self, code: &mut [u8], from: usize, distance: i64) {
        if self == Rel::Address64 {
            if let Some(bytes) = code.get_mut(from..).and_then(|rest| rest.first_chunk_mut()) {
                *bytes = distance.to_le_bytes();
            }
            return;
        }
        // An instruction is four bytes, so the slice has them from its start on.
        if let Some(bytes) = code.get_mut(from..).and_then(|rest| rest.first_chunk_mut::<4>()) {
            let word = u32::from_le_bytes(*bytes);
            *bytes = (word & !self.mask() | self.bits(distance)).to_le_bytes();
        }
    }

    fn is_branch(self) -> bool {
        match self {
            Rel::Imm26 | Rel::Imm19 | Rel::Imm14 | Rel::Imm9 => true,
            Rel::Lit19 | Rel::Back16 | Rel::Adr21 | Rel::AdrPage | Rel::Offset32 | Rel::Address64 => false,
        }
    }

    #[inline(always)]
    fn needs_address(self) -> bool {
        matches!(self, Rel::AdrPage | Rel::Address64)
    }

    fn distance(self, from: u64, to: u64) -> i64 {
        match self {
            Rel::AdrPage => (to & !0xFFF).wrapping_sub(from & !0xFFF) as i64,
            Rel::Address64 => to as i64,
            _ => to.wrapping_sub(from) as i64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges() {
        for field in [Rel::Imm26, Rel::Imm19, Rel::Lit19, Rel::Imm14, Rel::Imm9, Rel::Back16, Rel::Adr21, Rel::AdrPage]
        {
            let range = field.range();
            for distance in [range.low, range.high] {
                assert!(range.holds(distance));
                assert_eq!(field.bits(distance) & !field.mask(), 0, "{field:?}");
                // What is in the field already is replaced.
                let mut code = [0xFF; 12];
                field.write(&mut code, 4, distance);
                let word = u32::from_le_bytes([code[4], code[5], code[6], code[7]]);
                assert_eq!(word, !field.mask() | field.bits(distance));
                assert_eq!((code[3], code[8]), (0xFF, 0xFF));
            }
            assert!(!range.holds(range.low - range.step) && !range.holds(range.high + range.step));
        }
        assert_eq!(Rel::Imm26.bits(-4), 0x03FF_FFFF);
        assert_eq!(Rel::Adr21.bits(5), 1 << 29 | 1 << 5);
        assert_eq!(Rel::Back16.bits(-8), 2 << 5);
    }

    #[test]
    fn pages() {
        assert_eq!(Rel::AdrPage.distance(0x1FFC, 0x2000), 0x1000);
        assert_eq!(Rel::AdrPage.distance(0x1000, 0x1FFF), 0);
        assert_eq!(Rel::AdrPage.distance(0x3000, 0x1FFF), -0x2000);
        assert_eq!(Rel::AdrPage.bits(0x5000), 1 << 29 | 1 << 5);
    }
}
