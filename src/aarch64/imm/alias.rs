//! Operands of aliases: what MOV, LSL, UBFX and their like are given, and the canonical instruction's fields follow
//! from.
//!
//! MOV (wide immediate) has no field for its value, but MOVZ's or MOVN's halfword and its place; a left shift is
//! UBFM's rotation and last bit; so is a bit field, in two ways: one for instructions that take it out, one for those
//! that put it in.

use super::LogicalImm64;

/// What BIC, EON and ORN with an immediate are given, which are AND, EOR and ORR of the inverted one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct InvertedImm64(LogicalImm64);

debug_by_value!([] InvertedImm64);

impl InvertedImm64 {
    /// The immediate of this value, if its inversion is a bitmask.
    #[inline]
    pub const fn new(value: u64) -> Option<Self> {
        match LogicalImm64::new(!value) {
            Some(inverted) => Some(InvertedImm64(inverted)),
            None => None,
        }
    }

    /// The immediate of a value known at compile time; a value that cannot be encoded is a compile error.
    #[inline]
    pub const fn of<const VALUE: u64>() -> Self {
        const {
            match Self::new(VALUE) {
                Some(immediate) => immediate,
                None => panic!("no encoding of this immediate exists"),
            }
        }
    }

    /// Its value.
    #[inline]
    pub const fn value(self) -> u64 {
        !self.0.value()
    }

    /// Its value in the instruction, `N:immr:imms` of the inversion.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0.bits()
    }

    /// The operand with these bits.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        match LogicalImm64::from_bits(bits) {
            Some(inverted) => Some(InvertedImm64(inverted)),
            None => None,
        }
    }
}

macro_rules! one_off {
    ($($(#[$doc:meta])* $ty:ident $value:ident $first:literal to $last:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty(
            // the place in the range
            u8,
        );

        immediate!($ty, $value);

        impl $ty {
            #[doc = concat!("The immediate of this value, ", $first, " to ", $last, ".")]
            #[inline]
            pub const fn new(value: $value) -> Option<Self> {
                if $first <= value && value <= $last { Some($ty((value - $first) as u8)) } else { None }
            }

            /// Its value.
            #[inline]
            pub const fn value(self) -> $value {
                self.0 as $value + $first
            }

            /// The operand with these bits, below 64.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 64 { Some($ty(bits as u8)) } else { None }
            }
        }
    )*};
}

one_off! {
    /// What a register is compared with by CBGE and CBHS, which are CBGT and CBHI of one less.
    AtLeastImm u32 1 to 64;
    /// What a register is compared with by CBLE and CBLS, which are CBLT and CBLO of one more.
    AtMostImm i32 -1 to 62;
}

/// `hw:imm16` of the only halfword of `value` that is not zero; 0 for 0.
const fn wide(value: u64) -> Option<u32> {
    if value == 0 {
        return Some(0);
    }
    let hw = value.trailing_zeros() / 16;
    let imm16 = value >> (16 * hw);
    if imm16 > 0xFFFF { None } else { Some(hw << 16 | imm16 as u32) }
}

/// The low part of `hw:imm16`.
const fn imm16(bits: u32) -> u32 {
    bits & 0xFFFF
}

macro_rules! move_wide {
    ($($(#[$doc:meta])* $ty:ident $value:ident $bits:literal $invert:literal $refused:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty(
            // hw:imm16
            u32,
        );

        immediate!($ty, $value);

        impl $ty {
            /// The immediate of this value, if one instruction of this kind can make it.
            #[inline]
            pub const fn new(value: $value) -> Option<Self> {
                match wide((if $invert { !value } else { value }) as u64) {
                    Some(bits) if imm16(bits) != $refused => Some($ty(bits)),
                    _ => None,
                }
            }

            /// Its value.
            #[inline]
            pub const fn value(self) -> $value {
                let value = (imm16(self.0) as $value) << (16 * (self.0 >> 16));
                if $invert { !value } else { value }
            }

            /// The operand with these bits, `hw:imm16`. A shifted zero is `None`: that is no alias of this kind.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                let (hw, imm16) = (bits >> 16, imm16(bits));
                if bits >> $bits != 0 || imm16 == $refused || (imm16 == 0 && hw != 0) { None } else { Some($ty(bits)) }
            }
        }
    )*};
}

// Above 16 bits: refuses nothing.
const NOTHING: u32 = 1 << 16;

move_wide! {
    /// A 32-bit value with at most one halfword that is not zero: `mov wd, #imm` by MOVZ.
    MovWide32 u32 17 false NOTHING;
    /// A 64-bit value with at most one halfword that is not zero: `mov xd, #imm` by MOVZ.
    MovWide64 u64 18 false NOTHING;
    /// A 32-bit value with at most one halfword that is not all ones, and that is no [`MovWide32`]: `mov wd, #imm` by
    /// MOVN.
    MovInverted32 u32 17 true 0xFFFF;
    /// A 64-bit value with at most one halfword that is not all ones: `mov xd, #imm` by MOVN.
    MovInverted64 u64 18 true NOTHING;
}

macro_rules! left_shift {
    ($($ty:ident $size:literal)*) => {$(
        #[doc = concat!("The amount of LSL (immediate), as UBFM says it: 0 to ", $size, " less one.")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty(
            // immr:imms
            u16,
        );

        immediate!($ty, u32);

        impl $ty {
            #[doc = concat!("The shift by `amount` bits, below ", $size, ".")]
            #[inline]
            pub const fn new(amount: u32) -> Option<Self> {
                if amount < $size { Some(Self::wrapping(amount)) } else { None }
            }

            #[doc = concat!("The shift by `amount` modulo ", $size, " bits.")]
            #[inline]
            pub const fn wrapping(amount: u32) -> Self {
                let amount = amount % $size;
                $ty((($size - amount) % $size << 6 | ($size - 1 - amount)) as u16)
            }

            /// The amount.
            #[inline]
            pub const fn value(self) -> u32 {
                $size - 1 - (self.0 & 0x3F) as u32
            }

            /// The operand with these bits, `immr:imms`; `None` if they are no left shift.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                let imms = bits & 0x3F;
                if imms >= $size {
                    return None;
                }
                match Self::new($size - 1 - imms) {
                    Some(shift) if shift.bits() == bits => Some(shift),
                    _ => None,
                }
            }
        }
    )*};
}

left_shift!(LslImm32 32 LslImm64 64);

macro_rules! bit_field {
    ($($ty:ident $size:literal)*) => {$(
        #[doc = concat!("Some bits of a ", $size, "-bit register: the lowest of them, and how many.")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty {
            lsb: u8,
            width: u8,
        }

        impl $ty {
            #[doc = concat!("`width` bits from bit `lsb` on: at least one, none above bit ", $size, " less one.")]
            #[inline]
            pub const fn new(lsb: u32, width: u32) -> Option<Self> {
                if lsb < $size && 1 <= width && width <= $size - lsb {
                    Some($ty { lsb: lsb as u8, width: width as u8 })
                } else {
                    None
                }
            }

            /// The lowest bit.
            #[inline]
            pub const fn lsb(self) -> u32 {
                self.lsb as u32
            }

            /// The number of bits.
            #[inline]
            pub const fn width(self) -> u32 {
                self.width as u32
            }

            /// Its value in an instruction that takes the bits out of a register (UBFX, SBFX, BFXIL): `immr:imms`.
            #[inline]
            pub const fn extract_bits(self) -> u32 {
                self.lsb() << 6 | (self.lsb() + self.width() - 1)
            }

            /// Its value in an instruction that puts bits into a register (UBFIZ, SBFIZ, BFI, BFC): `immr:imms`.
            #[inline]
            pub const fn insert_bits(self) -> u32 {
                ($size - self.lsb()) % $size << 6 | (self.width() - 1)
            }

            /// The operand with these [`extract_bits`](Self::extract_bits).
            #[inline]
            pub const fn from_extract_bits(bits: u32) -> Option<Self> {
                let (lsb, last) = (bits >> 6, bits & 0x3F);
                if lsb <= last && last < $size { Self::new(lsb, last - lsb + 1) } else { None }
            }

            /// The operand with these [`insert_bits`](Self::insert_bits).
            #[inline]
            pub const fn from_insert_bits(bits: u32) -> Option<Self> {
                let immr = bits >> 6;
                if immr < $size { Self::new(($size - immr) % $size, (bits & 0x3F) + 1) } else { None }
            }
        }
    )*};
}

bit_field!(BitField32 32 BitField64 64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges() {
        assert_eq!(MovWide64::new(0x1234 << 32).map(MovWide64::bits), Some(0x2_1234));
        assert_eq!(MovWide64::new(0x1_0001), None);
        assert_eq!(MovInverted64::new(u64::MAX).map(MovInverted64::bits), Some(0));
        assert_eq!(MovInverted32::new(0xFFFF_0000), None);
        assert_eq!(MovInverted32::new(0x1234_FFFF).map(MovInverted32::value), Some(0x1234_FFFF));
        assert_eq!(LslImm64::new(0).map(LslImm64::bits), Some(0x3F));
        assert_eq!(LslImm64::new(63).map(LslImm64::bits), Some(1 << 6));
        assert_eq!(LslImm64::new(64), None);
        assert_eq!(LslImm32::new(1).map(LslImm32::bits), Some(31 << 6 | 30));
        assert_eq!(BitField64::new(8, 4).map(BitField64::extract_bits), Some(8 << 6 | 11));
        assert_eq!(BitField64::new(8, 4).map(BitField64::insert_bits), Some(56 << 6 | 3));
        assert_eq!((BitField32::new(31, 2), BitField32::new(0, 0)), (None, None));
    }
}
