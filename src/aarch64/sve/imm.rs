//! Small immediates of SVE: how many elements or vectors, constants of floating-point instructions, bytes that may be
//! shifted.

use core::fmt;

choices! {
    /// How many vectors a predicate-as-counter counts for.
    VlxN: VLx2 0 "Two" VLx4 1 "Four";
    /// The immediate of FADD, FSUB and FSUBR.
    HalfOrOne: Half 0 "0.5" One 1 "1.0";
    /// The immediate of FMUL.
    HalfOrTwo: Half 0 "0.5" Two 1 "2.0";
    /// The immediate of FMAX, FMAXNM, FMIN and FMINNM.
    ZeroOrOne: Zero 0 "0.0" One 1 "1.0";
}

/// How many elements of a vector: a power of two, a fixed number, all. A number that the vector has not means none.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SvePattern(u8);

/// What a prefetch is of, and for what: a kind of access, a level of cache, whether it is to be kept. Numbers without
/// a name are reserved hints.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SvePrefetch(u8);

macro_rules! named_numbers {
    ($ty:ident $count:literal: $($name:ident $bits:literal)*) => {
        impl $ty {
            $(
                #[doc = concat!("`", stringify!($name), "`.")]
                pub const $name: $ty = $ty($bits);
            )*

            const NAMES: &'static [(u8, &'static str)] = &[$(($bits, stringify!($name))),*];

            #[doc = concat!("The operand of a number below ", $count, ", also of one without a name.")]
            #[inline]
            pub const fn new(bits: u8) -> Option<Self> {
                if bits < $count { Some($ty(bits)) } else { None }
            }

            /// Its value in the instruction.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            #[doc = concat!("The operand with these bits, below ", $count, ".")]
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < $count { Some($ty(bits as u8)) } else { None }
            }
        }

        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match Self::NAMES.iter().find(|(bits, _)| *bits == self.0) {
                    Some((_, name)) => f.write_str(name),
                    None => write!(f, "#{}", self.0),
                }
            }
        }
    };
}

named_numbers! {
    SvePattern 32: POW2 0 VL1 1 VL2 2 VL3 3 VL4 4 VL5 5 VL6 6 VL7 7 VL8 8 VL16 9 VL32 10 VL64 11
    VL128 12 VL256 13 MUL4 29 MUL3 30
    ALL 31
}

named_numbers! {
    SvePrefetch 16: PLDL1KEEP 0 PLDL1STRM 1 PLDL2KEEP 2 PLDL2STRM 3 PLDL3KEEP 4 PLDL3STRM 5 PSTL1KEEP 8 PSTL1STRM 9
    PSTL2KEEP 10 PSTL2STRM 11 PSTL3KEEP 12 PSTL3STRM 13
}

/// An offset in vectors of a structure of three: a multiple of 3 from -24 to 21.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MulVl3(
    // in structures
    i8,
);

impl MulVl3 {
    /// The offset of this value.
    #[inline]
    pub const fn new(value: i32) -> Option<Self> {
        if -24 <= value && value <= 21 && value % 3 == 0 { Some(MulVl3((value / 3) as i8)) } else { None }
    }

    /// Its value.
    #[inline]
    pub const fn value(self) -> i32 {
        self.0 as i32 * 3
    }

    /// Its value in the instruction: a third, in four bits.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0 as u32 & 15
    }

    /// The operand with these bits, below 16.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits < 16 { Some(MulVl3((bits as i8) << 4 >> 4)) } else { None }
    }
}

/// A multiplier of a number of elements: 1 to 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mul16(
    // less one
    u8,
);

impl Mul16 {
    /// The multiplier `value`, 1 to 16.
    #[inline]
    pub const fn new(value: u32) -> Option<Self> {
        if 1 <= value && value <= 16 { Some(Mul16(value as u8 - 1)) } else { None }
    }

    /// Its value.
    #[inline]
    pub const fn value(self) -> u32 {
        self.0 as u32 + 1
    }

    /// Its value in the instruction: one less.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }

    /// The operand with these bits, below 16.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits < 16 { Some(Mul16(bits as u8)) } else { None }
    }
}

macro_rules! shifted_immediates {
    ($($(#[$doc:meta])* $ty:ident $value:ident $byte:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty(
            // sh:imm8
            u16,
        );

        impl $ty {
            /// The immediate of this value, if it is a byte, or a byte times 256.
            #[inline]
            pub const fn new(value: $value) -> Option<Self> {
                let high = value >> 8;
                if value as $byte as $value == value {
                    Some($ty(value as u8 as u16))
                } else if high << 8 == value && high as $byte as $value == high {
                    Some($ty(1 << 8 | high as u8 as u16))
                } else {
                    None
                }
            }

            /// Its value.
            #[inline]
            pub const fn value(self) -> $value {
                let byte = self.0 as $byte as $value;
                if self.0 >> 8 == 0 { byte } else { byte << 8 }
            }

            /// Its value in the instruction: `sh:imm8`.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 1 << 9 { Some($ty(bits as u16)) } else { None }
            }
        }
    )*};
}

shifted_immediates! {
    /// An unsigned immediate of SVE: 0 to 255, or a multiple of 256 up to 65280.
    SveImm u32 u8;
    /// A signed immediate of SVE: -128 to 127, or a multiple of 256 from -32768 to 32512.
    SveSImm i32 i8;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn immediates() {
        assert_eq!(SveImm::new(65280).map(SveImm::bits), Some(0x1FF));
        assert_eq!((SveImm::new(257), SveImm::new(65536)), (None, None));
        assert_eq!(SveSImm::new(-32768).map(SveSImm::bits), Some(0x180));
        assert_eq!(SveSImm::new(-32768).map(SveSImm::value), Some(-32768));
        assert_eq!((SveSImm::new(128), SveSImm::new(32768), SveSImm::new(-129)), (None, None, None));
        assert_eq!((MulVl3::new(-24).map(MulVl3::bits), MulVl3::new(21).map(MulVl3::bits)), (Some(8), Some(7)));
        assert_eq!((MulVl3::new(24), MulVl3::new(4), MulVl3::new(-27)), (None, None, None));
        assert_eq!(MulVl3::from_bits(15).map(MulVl3::value), Some(-3));
        assert_eq!((Mul16::new(0), Mul16::new(17)), (None, None));
    }
}
