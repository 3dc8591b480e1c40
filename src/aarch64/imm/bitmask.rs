//! Bitmask immediates, of AND, ORR, EOR and TST.
//!
//! Such a value is made of equal elements of 2, 4, 8, 16, 32 or 64 bits, and each element of one run of ones, rotated.
//! The field `N:immr:imms` is 13 bits: `imms` holds the element's size above (from its highest zero bit on; `N` counts
//! as its inverted bit 6) and the run's length less one below it, `immr` how far the run is rotated right from the
//! element's low end.

/// A 64-bit value as `N:immr:imms`.
const fn bitmask(value: u64) -> Option<u16> {
    if value == 0 || value == u64::MAX {
        return None;
    }
    let mut size: u32 = 64;
    while size > 2 {
        let half = size / 2;
        let mask = (1u64 << half) - 1;
        if value & mask != value >> half & mask {
            break;
        }
        size = half;
    }
    let element = value & (u64::MAX >> (64 - size));
    let ones = element.count_ones();
    // where the run begins
    let begin = if element & 1 == 0 {
        element.trailing_zeros()
    } else {
        // Either it begins at bit 0, or it wraps around, and begins above the only run of zeros.
        let first_zero = element.trailing_ones();
        (first_zero + (size - ones)) % size
    };
    if rotated_run(ones, begin, size) != element {
        return None;
    }
    let immr = (size - begin) % size;
    let imms = (!(size * 2 - 1) & 0x3F) | (ones - 1);
    let n = size / 64;
    Some((n << 12 | immr << 6 | imms) as u16)
}

/// `ones` ones from bit `begin` on, modulo `size`.
const fn rotated_run(ones: u32, begin: u32, size: u32) -> u64 {
    // `ones` is 1 to 63 and less than `size`.
    let run = (1u64 << ones) - 1;
    let wrapped = if begin == 0 { 0 } else { run >> (size - begin) };
    (run << begin | wrapped) & (u64::MAX >> (64 - size))
}

/// The value of `N:immr:imms`, if that is the immediate that [`bitmask`] gives; others are reserved or not canonical.
const fn bitmask_value(bits: u16) -> Option<u64> {
    let (n, immr, imms) = ((bits >> 12) as u32, (bits >> 6 & 0x3F) as u32, (bits & 0x3F) as u32);
    // The element's size is the highest bit of N:NOT(imms).
    let sizes = n << 6 | (!imms & 0x3F);
    if bits >> 13 != 0 || sizes < 2 {
        return None;
    }
    let size = 1 << sizes.ilog2();
    let (ones, right) = ((imms & (size - 1)) + 1, immr);
    if ones == size || right >= size {
        return None;
    }
    let mut value = rotated_run(ones, (size - right) % size, size);
    let mut filled = size;
    while filled < 64 {
        value |= value << filled;
        filled *= 2;
    }
    Some(value)
}

/// A bitmask immediate of a 64-bit operation (AND, ORR, EOR, TST): a pattern of 2, 4, ... 64 bits, repeated, that is
/// one run of ones, rotated. There are 5,334 of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogicalImm64(
    // N:immr:imms
    u16,
);

immediate!(LogicalImm64, u64);

impl LogicalImm64 {
    /// The immediate of this value, if it is such a pattern.
    #[inline]
    pub const fn new(value: u64) -> Option<Self> {
        match bitmask(value) {
            Some(bits) => Some(LogicalImm64(bits)),
            None => None,
        }
    }

    /// Its value.
    #[inline]
    pub const fn value(self) -> u64 {
        match bitmask_value(self.0) {
            Some(value) => value,
            // Not reached: the constructors make immediates with values.
            None => 0,
        }
    }

    /// The operand with these bits, `N:immr:imms`; `None` for reserved bits, and where `immr` has bits that mean
    /// nothing.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits >> 13 != 0 || bitmask_value(bits as u16).is_none() { None } else { Some(LogicalImm64(bits as u16)) }
    }
}

/// As [`LogicalImm64`], of a 32-bit operation.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogicalImm32(
    // immr:imms
    u16,
);

immediate!(LogicalImm32, u32);

impl LogicalImm32 {
    /// The immediate of this value, if it is such a pattern.
    #[inline]
    pub const fn new(value: u32) -> Option<Self> {
        // Twice the value has elements of at most 32 bits, so N is 0.
        match bitmask((value as u64) << 32 | value as u64) {
            Some(bits) => Some(LogicalImm32(bits)),
            None => None,
        }
    }

    /// Its value.
    #[inline]
    pub const fn value(self) -> u32 {
        LogicalImm64(self.0).value() as u32
    }

    /// The operand with these bits, `immr:imms`; `None` for reserved bits, and where `immr` has bits that mean nothing.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits >> 12 != 0 || bitmask_value(bits as u16).is_none() { None } else { Some(LogicalImm32(bits as u16)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{collections::BTreeSet, vec::Vec};

    /// Every bitmask immediate, from the manual's sentence and not from our code: sizes, runs, rotations.
    fn all_patterns() -> BTreeSet<u64> {
        let mut patterns = BTreeSet::new();
        for size in [2u32, 4, 8, 16, 32, 64] {
            for ones in 1..size {
                for rotation in 0..size {
                    let mut pattern = 0;
                    for bit in 0..ones {
                        let at = (bit + size - rotation) % size;
                        for copy in (0..64).step_by(size as usize) {
                            pattern |= 1u64 << (at + copy);
                        }
                    }
                    patterns.insert(pattern);
                }
            }
        }
        patterns
    }

    #[test]
    fn every_bitmask_has_its_bits() {
        let patterns = all_patterns();
        assert_eq!(patterns.len(), 5334);
        let mut seen = BTreeSet::new();
        for &pattern in &patterns {
            let imm = LogicalImm64::new(pattern).expect("is a pattern");
            assert_eq!(imm.value(), pattern);
            assert_eq!(LogicalImm64::from_bits(imm.bits()), Some(imm));
            assert!(seen.insert(imm.bits()));
            let low = pattern as u32;
            if pattern >> 32 == u64::from(low) {
                let imm32 = LogicalImm32::new(low).expect("is a pattern of at most 32 bits");
                assert_eq!((imm32.bits(), imm32.value()), (imm.bits(), low));
            }
        }
        let back: Vec<u64> = (0..1 << 13).filter_map(LogicalImm64::from_bits).map(LogicalImm64::value).collect();
        assert_eq!(back.len(), 5334);
        assert!(back.iter().all(|value| patterns.contains(value)));
        assert_eq!((0..1 << 12).filter_map(LogicalImm32::from_bits).count(), 1302);
    }

    #[test]
    fn what_is_no_bitmask() {
        let patterns = all_patterns();
        // Each pattern with one bit changed: close to what is encodable, mostly not encodable.
        for &pattern in &patterns {
            for bit in 0..64 {
                let value = pattern ^ 1 << bit;
                assert_eq!(LogicalImm64::new(value).is_some(), patterns.contains(&value), "{value:#x}");
            }
        }
        for value in [0, u64::MAX, 0x1234_5678_9ABC_DEF0, 5] {
            assert_eq!(LogicalImm64::new(value), None);
        }
        assert_eq!((LogicalImm32::new(0), LogicalImm32::new(u32::MAX)), (None, None));
    }
}
