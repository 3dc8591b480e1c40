//! Immediates.
//!
//! Each kind of immediate is a type that only holds values its field can encode: `new` is where a value is refused, as
//! `None`, and `of` refuses it at compile time. Both are `const`. `bits` is the field's content, `from_bits` the way
//! back, and `value` what the instruction makes of it.
//!
//! What a field's content means is a subject of its own: plain numbers, perhaps in units ([`plain`]), patterns of
//! bits ([`bitmask`]), fractions ([`float`]), what vector instructions do with theirs ([`vector`]), and operands that
//! aliases compute their fields from ([`alias`]).

// The macros stand first, for the modules to see them.

/// Methods that all immediates have.
macro_rules! immediate {
    ($ty:ident, $value:ty) => {
        impl $ty {
            /// The immediate of a value known at compile time; a value that cannot be encoded is a compile error.
            #[inline]
            pub const fn of<const VALUE: $value>() -> Self {
                const {
                    match Self::new(VALUE) {
                        Some(immediate) => immediate,
                        None => panic!("no encoding of this immediate exists"),
                    }
                }
            }

            /// Its value in the instruction.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }
        }

        debug_by_value!([] $ty);
    };
}

/// Shows the value instead of the field's content.
macro_rules! debug_by_value {
    ([$($generic:tt)*] $ty:ty) => {
        impl<$($generic)*> core::fmt::Debug for $ty {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "#{:?}", self.value())
            }
        }
    };
}

mod alias;
mod bitmask;
mod float;
mod plain;
mod vector;

pub use alias::{
    AtLeastImm, AtMostImm, BitField32, BitField64, InvertedImm64, LslImm32, LslImm64, MovInverted32, MovInverted64,
    MovWide32, MovWide64,
};
pub use bitmask::{LogicalImm32, LogicalImm64};
pub use float::{Fbits32, Fbits64, FpImm8};
pub use plain::{AddImm, SImm, UImm};
pub use vector::{ByteMask64, LaneFbits, Msl, Rotation, RotationOdd, ShrImm};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_and_back() {
        fn check<T: Copy + PartialEq + core::fmt::Debug>(width: u32, from: fn(u32) -> Option<T>, bits: fn(T) -> u32) {
            for raw in 0..1u32 << width {
                if let Some(value) = from(raw) {
                    assert_eq!(bits(value), raw);
                }
            }
            assert_eq!(from(1 << width), None);
        }
        check(6, AtLeastImm::from_bits, AtLeastImm::bits);
        check(6, AtMostImm::from_bits, AtMostImm::bits);
        check(13, InvertedImm64::from_bits, InvertedImm64::bits);
        check(12, LslImm32::from_bits, LslImm32::bits);
        check(12, LslImm64::from_bits, LslImm64::bits);
        check(12, BitField32::from_extract_bits, BitField32::extract_bits);
        check(12, BitField64::from_extract_bits, BitField64::extract_bits);
        check(12, BitField32::from_insert_bits, BitField32::insert_bits);
        check(12, BitField64::from_insert_bits, BitField64::insert_bits);
        check(17, MovInverted32::from_bits, MovInverted32::bits);
        check(18, MovWide64::from_bits, MovWide64::bits);
        check(8, ByteMask64::from_bits, ByteMask64::bits);
        for mask in 0..256 {
            let mask = ByteMask64::from_bits(mask).expect("below 256");
            assert_eq!(ByteMask64::new(mask.value()), Some(mask));
        }
        check(9, SImm::<9, 0>::from_bits, SImm::bits);
        check(6, Fbits64::from_bits, Fbits64::bits);
    }
}
