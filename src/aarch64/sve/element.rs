//! Elements of scalable vectors, and vectors of offsets.
//!
//! An element and its vector share a field: the higher the lane can be, the fewer vectors can be named with it.

use super::{Z, ZD, ZS};
use crate::aarch64::{B, D, Gpr32, H, S};
use core::{fmt, marker::PhantomData};

macro_rules! elements {
    ($($(#[$doc:meta])* $ty:ident $lanes:literal $registers:literal $letter:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty(u8);

        impl $ty {
            #[doc = concat!("The element `lane`, below ", $lanes, ", of a register below Z", $registers, ".")]
            #[inline]
            pub const fn new(register: Z, lane: u8) -> Option<Self> {
                if lane < $lanes && register.0 < $registers { Some($ty(lane * $registers + register.0)) } else { None }
            }

            /// Its value in the instruction: the lane above the register.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < $lanes * $registers { Some($ty(bits as u8)) } else { None }
            }
        }

        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("Z{}.", $letter, "[{}]"), self.0 % $registers, self.0 / $registers)
            }
        }
    )*};
}

elements! {
    /// A byte of each 128-bit segment of one of the vectors Z0 to Z7.
    ZLaneB 16 8 "B";
    /// A halfword of each 128-bit segment of one of the vectors Z0 to Z7.
    ZLaneH 8 8 "H";
    /// A word of each 128-bit segment of one of the vectors Z0 to Z7.
    ZLaneS 4 8 "S";
    /// A doubleword of each 128-bit segment of one of the vectors Z0 to Z15.
    ZLaneD 2 16 "D";
    /// A word of each 128-bit segment of one of the vectors Z0 to Z15, as multiplication to doublewords takes it.
    ZLaneSLong 4 16 "S";
    /// A complex number of halfwords of each 128-bit segment of one of the vectors Z0 to Z7.
    ZPairH 4 8 "H";
    /// A complex number of words of each 128-bit segment of one of the vectors Z0 to Z15.
    ZPairS 2 16 "S";
}

/// An element of a scalable vector by its index, as DUP takes it: `ZIndex::<S>::new(Z3, 5)`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ZIndex<T>(u16, PhantomData<T>);

macro_rules! indices {
    ($($ty:ident $lanes:literal)*) => {$(
        impl ZIndex<$ty> {
            #[doc = concat!("The element `lane`, below ", $lanes, ".")]
            #[inline]
            pub const fn new(register: Z, lane: u8) -> Option<Self> {
                Self::from_bits((lane as u32) << 5 | register.bits())
            }

            /// Its value in the instruction: the lane above the register.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < $lanes * 32 { Some(ZIndex(bits as u16, PhantomData)) } else { None }
            }
        }

        impl fmt::Debug for ZIndex<$ty> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("Z{}.", stringify!($ty), "[{}]"), self.0 % 32, self.0 / 32)
            }
        }
    )*};
}

indices!(B 64 H 32 S 16 D 8);

/// An element of a predicate, as PSEL takes it: the one whose number is a register plus a lane, modulo the number of
/// elements. `PIndex::<B>::new(W12, 3)`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PIndex<T>(
    // Rv:lane
    u8,
    PhantomData<T>,
);

macro_rules! predicate_indices {
    ($($ty:ident $lanes:literal)*) => {$(
        impl PIndex<$ty> {
            #[doc = concat!("`register` is W12 to W15, `lane` below ", $lanes, ".")]
            #[inline]
            pub const fn new(register: Gpr32, lane: u8) -> Option<Self> {
                match register.number().checked_sub(12) {
                    Some(selector) if selector < 4 && lane < $lanes => {
                        Some(PIndex(selector * $lanes | lane, PhantomData))
                    }
                    _ => None,
                }
            }

            /// Its value in the instruction: the register above the lane.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 4 * $lanes { Some(PIndex(bits as u8, PhantomData)) } else { None }
            }
        }

        impl fmt::Debug for PIndex<$ty> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "[W{}, {}]", 12 + self.0 / $lanes, self.0 % $lanes)
            }
        }
    )*};
}

predicate_indices!(B 16 H 8 S 4 D 2);

macro_rules! extended {
    ($($(#[$doc:meta])* $ty:ident of $vector:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty(u8);

        impl $ty {
            /// Its value in the instruction: 0 or 1 for zero- or sign-extension above the register.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits, below 64.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 64 { Some($ty(bits as u8)) } else { None }
            }
        }

        impl $vector {
            /// The elements' low words, zero-extended.
            #[inline]
            pub const fn uxtw(self) -> $ty {
                $ty(self.0)
            }

            /// The elements' low words, sign-extended.
            #[inline]
            pub const fn sxtw(self) -> $ty {
                $ty(self.0 | 32)
            }
        }

        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}, {}", $vector(self.0 % 32), if self.0 < 32 { "UXTW" } else { "SXTW" })
            }
        }
    )*};
}

extended! {
    /// Offsets in a vector of words, extended to 64 bits.
    ZSExtend of ZS;
    /// Offsets in the low words of a vector of doublewords, extended to 64 bits.
    ZDExtend of ZD;
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Z0, Z3, Z7, Z8, Z15, Z31},
        *,
    };
    use crate::aarch64::{W11, W12, W15, W16};

    #[test]
    fn elements() {
        assert_eq!(ZLaneH::new(Z7, 7).map(ZLaneH::bits), Some(63));
        assert_eq!((ZLaneH::new(Z8, 0), ZLaneD::new(Z15, 2)), (None, None));
        assert_eq!(ZIndex::<D>::new(Z31, 7).map(ZIndex::<D>::bits), Some(255));
        assert_eq!((ZIndex::<D>::new(Z0, 8), ZIndex::<B>::new(Z0, 64)), (None, None));
        assert_eq!(Z3.s().sxtw().bits(), 35);
        assert_eq!(ZLaneB::new(Z7, 15).map(ZLaneB::bits), Some(127));
        assert_eq!((ZPairH::new(Z7, 4), ZPairS::new(Z15, 2), ZLaneSLong::new(Z31, 0)), (None, None, None));
        assert_eq!(PIndex::<H>::new(W15, 7).map(PIndex::<H>::bits), Some(31));
        assert_eq!((PIndex::<H>::new(W11, 0), PIndex::<D>::new(W16, 0), PIndex::<D>::new(W12, 2)), (None, None, None));
    }
}
