//! SVE operands: scalable vectors, predicates, their lists and elements, and small immediates.
//!
//! The element size belongs to the operand's type (`Z3.s()`), as does what a governing predicate does to inactive
//! elements (`P1.m()` merges, `P1.z()` zeroes). P0 to P7, which alone can govern most instructions, have a type of
//! their own ([`PLow`]) that converts to [`P`].

use super::reg::{B, D, H, S};
use core::{fmt, marker::PhantomData};

/// Register classes, views of registers: types whose bits are a number below a count.
macro_rules! numbered {
    ($($(#[$doc:meta])* $ty:ident $count:literal $prefix:literal $first:literal $suffix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $ty(u8);

        impl $ty {
            /// The register's number.
            #[inline]
            pub const fn number(self) -> u8 {
                self.0 + $first
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
                write!(f, concat!($prefix, "{}", $suffix), self.number())
            }
        }
    )*};
}

numbered! {
    /// A scalable vector; with an element size (`Z3.s()`) it is what most instructions take.
    Z 32 "Z" 0 "";
    /// A scalable vector of bytes.
    ZB 32 "Z" 0 ".B";
    /// A scalable vector of halfwords.
    ZH 32 "Z" 0 ".H";
    /// A scalable vector of words.
    ZS 32 "Z" 0 ".S";
    /// A scalable vector of doublewords.
    ZD 32 "Z" 0 ".D";
    /// A scalable vector of quadwords.
    ZQ 32 "Z" 0 ".Q";
    /// A predicate.
    P 16 "P" 0 "";
    /// A predicate of byte elements.
    PB 16 "P" 0 ".B";
    /// A predicate of halfword elements.
    PH 16 "P" 0 ".H";
    /// A predicate of word elements.
    PS 16 "P" 0 ".S";
    /// A predicate of doubleword elements.
    PD 16 "P" 0 ".D";
    /// A governing predicate; inactive elements stay as they are.
    PM 16 "P" 0 "/M";
    /// A governing predicate; inactive elements become zero.
    PZ 16 "P" 0 "/Z";
    /// One of the predicates P0 to P7.
    PLow 8 "P" 0 "";
    /// A governing predicate, P0 to P7; inactive elements stay as they are.
    PLowM 8 "P" 0 "/M";
    /// A governing predicate, P0 to P7; inactive elements become zero.
    PLowZ 8 "P" 0 "/Z";
    /// A predicate as a counter, PN8 to PN15.
    PN 8 "PN" 8 "";
    /// A governing predicate as a counter, PN8 to PN15; inactive elements become zero.
    PNZ 8 "PN" 8 "/Z";
    /// A predicate as a counter of byte elements, PN8 to PN15.
    PNB 8 "PN" 8 ".B";
    /// A predicate as a counter of halfword elements, PN8 to PN15.
    PNH 8 "PN" 8 ".H";
    /// A predicate as a counter of word elements, PN8 to PN15.
    PNS 8 "PN" 8 ".S";
    /// A predicate as a counter of doubleword elements, PN8 to PN15.
    PND 8 "PN" 8 ".D";
}

/// Constants, and `new` by number.
macro_rules! constants {
    ($ty:ident $first:literal to $last:literal: $($name:ident $bits:literal)*) => {
        impl $ty {
            #[doc = concat!("The register with this number, ", $first, " to ", $last, ".")]
            #[inline]
            pub const fn new(number: u8) -> Option<Self> {
                match number.checked_sub($first) {
                    Some(bits) if number <= $last => Some($ty(bits)),
                    _ => None,
                }
            }
        }

        $(
            #[doc = concat!("Register ", stringify!($name), ".")]
            pub const $name: $ty = $ty($bits);
        )*
    };
}

constants!(Z 0 to 31: Z0 0 Z1 1 Z2 2 Z3 3 Z4 4 Z5 5 Z6 6 Z7 7 Z8 8 Z9 9 Z10 10 Z11 11 Z12 12 Z13 13 Z14 14 Z15 15
    Z16 16 Z17 17 Z18 18 Z19 19 Z20 20 Z21 21 Z22 22 Z23 23 Z24 24 Z25 25 Z26 26 Z27 27 Z28 28 Z29 29 Z30 30 Z31 31);
constants!(PLow 0 to 7: P0 0 P1 1 P2 2 P3 3 P4 4 P5 5 P6 6 P7 7);
constants!(P 0 to 15: P8 8 P9 9 P10 10 P11 11 P12 12 P13 13 P14 14 P15 15);
constants!(PN 8 to 15: PN8 0 PN9 1 PN10 2 PN11 3 PN12 4 PN13 5 PN14 6 PN15 7);

macro_rules! views {
    ($($from:ident: $($method:ident $ty:ident $text:literal)*;)*) => {$(
        impl $from {$(
            #[doc = concat!("The register ", $text, ".")]
            #[inline]
            pub const fn $method(self) -> $ty {
                $ty(self.0)
            }
        )*}
    )*};
}

views! {
    Z: b ZB "as bytes" h ZH "as halfwords" s ZS "as words" d ZD "as doublewords" q ZQ "as quadwords";
    P: b PB "with byte elements" h PH "with halfword elements" s PS "with word elements" d PD "with doubleword elements"
        m PM "governing, merging" z PZ "governing, zeroing";
    PLow: b PB "with byte elements" h PH "with halfword elements" s PS "with word elements" d PD "with doubleword elements"
        m PLowM "governing, merging" z PLowZ "governing, zeroing";
    PN: b PNB "with byte elements" h PNH "with halfword elements" s PNS "with word elements" d PND "with doubleword elements"
        z PNZ "governing, zeroing";
}

macro_rules! widen {
    ($($low:ident $all:ident)*) => {$(
        impl From<$low> for $all {
            #[inline]
            fn from(register: $low) -> Self {
                $all(register.0)
            }
        }
    )*};
}

widen!(PLow P PLowM PM PLowZ PZ);

/// `N` consecutive scalable vectors, Z0 following Z31: `{Z3.S, Z4.S}` is `ZList::<ZS, 2>::new(Z3.s())`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ZList<T, const N: usize>(u8, PhantomData<T>);

/// `N` consecutive scalable vectors, the first one's number a multiple of `N`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ZListAligned<T, const N: usize>(u8, PhantomData<T>);

/// `N` scalable vectors that are 16 / `N` apart: 2 from one of Z0 to Z7 or Z16 to Z23 on, 4 from one of Z0 to Z3 or Z16
/// to Z19 on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ZListStrided<T, const N: usize>(u8, PhantomData<T>);

/// A scalable vector with an element size, Z0 to Z15.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ZLow<T>(u8, PhantomData<T>);

macro_rules! sized {
    ($($ty:ident)*) => {$(
        impl<const N: usize> ZList<$ty, N> {
            /// The list that begins with `first`.
            #[inline]
            pub const fn new(first: $ty) -> Self {
                ZList(first.0, PhantomData)
            }

            /// Its value in the instruction: the number of the first.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits, below 32.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 32 { Some(ZList(bits as u8, PhantomData)) } else { None }
            }
        }

        impl From<$ty> for ZList<$ty, 1> {
            #[inline]
            fn from(single: $ty) -> Self {
                Self::new(single)
            }
        }

        impl<const N: usize> fmt::Debug for ZList<$ty, N> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_set().entries((0..N as u8).map(|i| $ty((self.0 + i) % 32))).finish()
            }
        }

        impl<const N: usize> ZListAligned<$ty, N> {
            /// The list that begins with `first`, whose number is a multiple of `N`.
            #[inline]
            pub const fn new(first: $ty) -> Option<Self> {
                if first.0 as usize % N == 0 { Self::from_bits(first.0 as u32 / N as u32) } else { None }
            }

            /// Its value in the instruction: the number of the first, divided by `N`.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits, below 32 / `N`.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 32 / N as u32 { Some(ZListAligned(bits as u8, PhantomData)) } else { None }
            }
        }

        impl<const N: usize> fmt::Debug for ZListAligned<$ty, N> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_set().entries((0..N as u8).map(|i| $ty(self.0 * N as u8 + i))).finish()
            }
        }

        impl<const N: usize> ZListStrided<$ty, N> {
            /// The list that begins with `first`; `None` if that is not one of the first 16 / `N` registers of either
            /// half.
            #[inline]
            pub const fn new(first: $ty) -> Option<Self> {
                let (half, low) = (first.0 as usize / 16, first.0 as usize % 16);
                if low < 16 / N { Self::from_bits((half * (16 / N) + low) as u32) } else { None }
            }

            /// Its value in the instruction: the number of the first, without the bits that are zero.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits, below 32 / `N`.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 32 / N as u32 { Some(ZListStrided(bits as u8, PhantomData)) } else { None }
            }
        }

        impl<const N: usize> fmt::Debug for ZListStrided<$ty, N> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let (bits, stride) = (self.0 as usize, 16 / N);
                let first = bits / stride * 16 + bits % stride;
                f.debug_set().entries((0..N).map(|i| $ty((first + i * stride) as u8))).finish()
            }
        }

        impl ZLow<$ty> {
            /// The operand of one of Z0 to Z15.
            #[inline]
            pub const fn new(register: $ty) -> Option<Self> {
                Self::from_bits(register.0 as u32)
            }

            /// Its value in the instruction.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits, below 16.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 16 { Some(ZLow(bits as u8, PhantomData)) } else { None }
            }
        }

        impl fmt::Debug for ZLow<$ty> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                $ty(self.0).fmt(f)
            }
        }
    )*};
}

sized!(ZB ZH ZS ZD);

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
    /// A halfword of each 128-bit segment of one of the vectors Z0 to Z7.
    ZLaneH 8 8 "H";
    /// A word of each 128-bit segment of one of the vectors Z0 to Z7.
    ZLaneS 4 8 "S";
    /// A doubleword of each 128-bit segment of one of the vectors Z0 to Z15.
    ZLaneD 2 16 "D";
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

macro_rules! choices {
    ($($(#[$doc:meta])* $ty:ident: $($name:ident $bits:literal $text:literal)*;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $ty {
            $(
                #[doc = concat!($text, ".")]
                $name = $bits,
            )*
        }

        impl $ty {
            /// Its value in the instruction.
            #[inline]
            pub const fn bits(self) -> u32 {
                self as u32
            }

            /// The operand with these bits.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                match bits {
                    $($bits => Some($ty::$name),)*
                    _ => None,
                }
            }
        }
    )*};
}

choices! {
    /// How many vectors a predicate-as-counter counts for.
    VlxN: VLx2 0 "Two" VLx4 1 "Four";
    /// The immediate of FADD, FSUB and FSUBR.
    HalfOrOne: Half 0 "0.5" One 1 "1.0";
    /// The immediate of FMUL.
    HalfOrTwo: Half 0 "0.5" Two 1 "2.0";
}

/// How many elements of a vector: a power of two, a fixed number, all. A number that the vector has not means none.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SvePattern(u8);

macro_rules! patterns {
    ($($name:ident $bits:literal)*) => {
        impl SvePattern {
            $(
                #[doc = concat!("`", stringify!($name), "`.")]
                pub const $name: SvePattern = SvePattern($bits);
            )*

            const NAMES: [(u8, &'static str); 17] = [$(($bits, stringify!($name))),*];
        }
    };
}

patterns! {
    POW2 0 VL1 1 VL2 2 VL3 3 VL4 4 VL5 5 VL6 6 VL7 7 VL8 8 VL16 9 VL32 10 VL64 11 VL128 12 VL256 13 MUL4 29 MUL3 30 ALL 31
}

impl SvePattern {
    /// The pattern of a number below 32; one without a name selects nothing.
    #[inline]
    pub const fn new(bits: u8) -> Option<Self> {
        if bits < 32 { Some(SvePattern(bits)) } else { None }
    }

    /// Its value in the instruction.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }

    /// The operand with these bits, below 32.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits < 32 { Some(SvePattern(bits as u8)) } else { None }
    }
}

impl fmt::Debug for SvePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::NAMES.iter().find(|(bits, _)| *bits == self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "#{}", self.0),
        }
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
    fn lists() {
        assert_eq!(ZListAligned::<ZS, 4>::new(Z28.s()).map(ZListAligned::<ZS, 4>::bits), Some(7));
        assert_eq!(ZListAligned::<ZS, 2>::new(Z3.s()), None);
        assert_eq!(ZListAligned::<ZS, 4>::from_bits(8), None);
        assert_eq!(ZListStrided::<ZB, 2>::new(Z23.b()).map(ZListStrided::<ZB, 2>::bits), Some(15));
        assert_eq!(ZListStrided::<ZB, 4>::new(Z16.b()).map(ZListStrided::<ZB, 4>::bits), Some(4));
        assert_eq!((ZListStrided::<ZB, 2>::new(Z8.b()), ZListStrided::<ZB, 4>::new(Z4.b())), (None, None));
        assert_eq!(alloc::format!("{:?}", ZListStrided::<ZB, 4>::from_bits(5)), "Some({Z17.B, Z21.B, Z25.B, Z29.B})");
        assert_eq!(ZLow::<ZH>::new(Z16.h()), None);
    }

    #[test]
    fn elements_and_immediates() {
        assert_eq!(ZLaneH::new(Z7, 7).map(ZLaneH::bits), Some(63));
        assert_eq!((ZLaneH::new(Z8, 0), ZLaneD::new(Z15, 2)), (None, None));
        assert_eq!(ZIndex::<D>::new(Z31, 7).map(ZIndex::<D>::bits), Some(255));
        assert_eq!((ZIndex::<D>::new(Z0, 8), ZIndex::<B>::new(Z0, 64)), (None, None));
        assert_eq!(Z3.s().sxtw().bits(), 35);
        assert_eq!(PN::new(7), None);
        assert_eq!(PN::new(8), Some(PN8));
        assert_eq!(PM::from(P3.m()), P::from(P3).m());
        assert_eq!(SveImm::new(65280).map(SveImm::bits), Some(0x1FF));
        assert_eq!((SveImm::new(257), SveImm::new(65536)), (None, None));
        assert_eq!(SveSImm::new(-32768).map(SveSImm::bits), Some(0x180));
        assert_eq!(SveSImm::new(-32768).map(SveSImm::value), Some(-32768));
        assert_eq!((SveSImm::new(128), SveSImm::new(32768), SveSImm::new(-129)), (None, None, None));
        assert_eq!((Mul16::new(0), Mul16::new(17)), (None, None));
    }
}
