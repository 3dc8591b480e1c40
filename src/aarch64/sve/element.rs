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

            #[doc = concat!("The element `lane` modulo ", $lanes, ", of the register modulo ", $registers, ".")]
            #[inline]
            pub const fn wrapping(register: Z, lane: u8) -> Self {
                $ty(lane % $lanes * $registers + register.0 % $registers)
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
    /// A halfword of each 128-bit segment of one of the vectors Z0 to Z15, as instructions that take several vectors
    /// have it; of dot products of bytes, two of them.
    ZLaneHLong 8 16 "H";
    /// A byte of each 128-bit segment of one of the vectors Z0 to Z15, as instructions that take several vectors have
    /// it.
    ZLaneBLong 16 16 "B";
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

            #[doc = concat!("The element `lane` modulo ", $lanes, ".")]
            #[inline]
            pub const fn wrapping(register: Z, lane: u8) -> Self {
                ZIndex((lane % $lanes) as u16 * 32 + register.0 as u16, PhantomData)
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

/// A quarter of a vector that says which elements of others are taken: of one of Z20 to Z23 or Z28 to Z31.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ZControl(
    // segment:K:Zk
    u8,
);

impl ZControl {
    /// The quarter `segment`, below 4, of one of Z20 to Z23 or Z28 to Z31.
    #[inline]
    pub const fn new(register: Z, segment: u8) -> Option<Self> {
        let (low, high) = (register.0 & 3, register.0 >> 3 & 1);
        if register.0 & 0b10100 == 0b10100 && segment < 4 {
            Some(ZControl(segment << 3 | high << 2 | low))
        } else {
            None
        }
    }

    /// Its value in the instruction: the segment above three bits of the register's number.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }

    /// The operand with these bits, below 32.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits < 32 { Some(ZControl(bits as u8)) } else { None }
    }
}

impl fmt::Debug for ZControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let register = 20 + (self.0 & 4) * 2 + (self.0 & 3);
        write!(f, "Z{}[{}]", register, self.0 >> 3)
    }
}

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
        super::{Z0, Z3, Z7, Z8, Z15, Z19, Z20, Z24, Z31},
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
        assert_eq!(ZLaneBLong::new(Z15, 15).map(ZLaneBLong::bits), Some(255));
        assert_eq!((ZLaneBLong::new(Z31, 0), ZLaneHLong::new(Z15, 8)), (None, None));
        assert_eq!(ZControl::new(Z31, 3).map(ZControl::bits), Some(31));
        assert_eq!(ZControl::new(Z20, 1).map(ZControl::bits), Some(8));
        assert_eq!((ZControl::new(Z19, 0), ZControl::new(Z24, 0), ZControl::new(Z20, 4)), (None, None, None));
        assert_eq!(alloc::format!("{:?}", ZControl::new(Z31, 2)), "Some(Z31[2])");
        assert_eq!(PIndex::<H>::new(W15, 7).map(PIndex::<H>::bits), Some(31));
        assert_eq!((PIndex::<H>::new(W11, 0), PIndex::<D>::new(W16, 0), PIndex::<D>::new(W12, 2)), (None, None, None));
    }

    /// Every register and lane, beyond what the fields hold, too.
    #[test]
    fn wrapping_is_modulo_what_the_fields_hold() {
        macro_rules! holds {
            ($($ty:ty, $lanes:literal $registers:literal;)*) => {$(
                for (number, lane) in (0..32).flat_map(|number| (0..=255).map(move |lane| (number, lane))) {
                    let wrapped = <$ty>::new(Z(number % $registers), lane % $lanes);
                    assert_eq!(Some(<$ty>::wrapping(Z(number), lane)), wrapped, "{number} {lane}");
                }
            )*};
        }
        holds! {
            ZLaneB, 16 8; ZLaneH, 8 8; ZLaneS, 4 8; ZLaneD, 2 16; ZLaneSLong, 4 16; ZLaneHLong, 8 16; ZLaneBLong, 16 16;
            ZPairH, 4 8; ZPairS, 2 16; ZIndex<B>, 64 32; ZIndex<H>, 32 32; ZIndex<S>, 16 32; ZIndex<D>, 8 32;
        }
    }
}
