//! Vector operands: arrangements, elements, lists.
//!
//! The arrangement belongs to the operand's type, so a form takes `V4S` and nothing else. An element carries its lane
//! above its register's number, as the instructions' fields want it, highest bit first.

use super::reg::V;
use core::{fmt, marker::PhantomData};

macro_rules! arrangements {
    ($($ty:ident $text:literal $debug:literal)*) => {$(
        #[doc = concat!("A vector register as ", $text, ".")]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $ty(u8);

        impl $ty {
            #[inline]
            pub(super) const fn of_register(register: V) -> Self {
                $ty(register.number())
            }

            /// The register.
            #[inline]
            pub const fn v(self) -> V {
                V::wrapping(self.0)
            }

            /// The register's number.
            #[inline]
            pub const fn number(self) -> u8 {
                self.0
            }

            /// Its value in the instruction.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits, below 32.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 32 { Some($ty(bits as u8)) } else { None }
            }
        }

        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("V{}.", $debug), self.0)
            }
        }
    )*};
}

arrangements! {
    V8B "8 bytes" "8B"
    V16B "16 bytes" "16B"
    V2H "2 halfwords" "2H"
    V4H "4 halfwords" "4H"
    V8H "8 halfwords" "8H"
    V2S "2 words" "2S"
    V4S "4 words" "4S"
    V1D "one doubleword" "1D"
    V2D "2 doublewords" "2D"
    V1Q "one quadword" "1Q"
}

macro_rules! elements {
    ($($(#[$doc:meta])* $ty:ident $lanes:literal $registers:literal $letter:literal)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty(u16);

        impl $ty {
            #[doc = concat!("The element `lane`, below ", $lanes, ", of a register below V", $registers, ".")]
            #[inline]
            pub const fn new(register: V, lane: u8) -> Option<Self> {
                if lane < $lanes && register.number() < $registers {
                    Some($ty(lane as u16 * $registers + register.number() as u16))
                } else {
                    None
                }
            }

            #[doc = concat!("The element `lane` modulo ", $lanes, ", of the register modulo ", $registers, ".")]
            #[inline]
            pub const fn wrapping(register: V, lane: u8) -> Self {
                $ty((lane % $lanes) as u16 * $registers + (register.number() % $registers) as u16)
            }

            /// Its value in the instruction: the lane above the register.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < $lanes * $registers { Some($ty(bits as u16)) } else { None }
            }
        }

        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("V{}.", $letter, "[{}]"), self.0 % $registers, self.0 / $registers)
            }
        }
    )*};
}

elements! {
    /// A byte of a vector register.
    LaneB 16 32 "B"
    /// A halfword of a vector register.
    LaneH 8 32 "H"
    /// A byte of one of the registers V0 to V7.
    LaneBLow 16 8 "B"
    /// A halfword of one of the registers V0 to V15.
    LaneHLow 8 16 "H"
    /// A complex number of a vector register: a pair of halfwords, whose index counts pairs.
    PairH 4 32 "H"
    /// A complex number of the low half of a vector register: a pair of halfwords, whose index counts pairs.
    PairHLow 2 32 "H"
    /// A complex number of a vector register: a pair of words, whose index counts pairs.
    PairS 2 32 "S"
    /// A word of a vector register.
    LaneS 4 32 "S"
    /// A doubleword of a vector register.
    LaneD 2 32 "D"
}

/// One of the `COUNT` segments of a vector register, in which LUTI2 and LUTI4 find their indices: `V3[1]` is
/// `V3.segment(1)`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LutSegment<const COUNT: u32>(
    // the segment's number above the register's
    u16,
);

impl<const COUNT: u32> LutSegment<COUNT> {
    /// The segment `index`, below `COUNT`, of a register.
    #[inline]
    pub const fn new(register: V, index: u8) -> Option<Self> {
        Self::from_bits((index as u32) << 5 | register.number() as u32)
    }

    /// Its value in the instruction: the index above the register.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }

    /// The operand with these bits, below 32 times `COUNT`.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits < COUNT << 5 { Some(LutSegment(bits as u16)) } else { None }
    }
}

impl<const COUNT: u32> fmt::Debug for LutSegment<COUNT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "V{}[{}]", self.0 % 32, self.0 / 32)
    }
}

/// `N` consecutive vector registers, V0 following V31: `{V3.4S, V4.4S}` is `List::<V4S, 2>::new(V3.v4s())`, or
/// `V3.v4s().list()` where a form says how many.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct List<T, const N: usize> {
    first: u8,
    arrangement: PhantomData<T>,
}

/// One element of `N` consecutive vector registers: `{V3.S, V4.S}[1]` is `LaneList::<LaneS, 2>::new(V3.s(1)?)`, or
/// `V3.s(1)?.list()` where a form says how many.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LaneList<T, const N: usize> {
    first: u16,
    element: PhantomData<T>,
}

macro_rules! lists {
    ($list:ident $field:ident: $($ty:ident)*) => {$(
        impl<const N: usize> $list<$ty, N> {
            /// The list that begins with `first`.
            #[inline]
            pub const fn new(first: $ty) -> Self {
                $list { first: first.0, $field: PhantomData }
            }

            /// Its value in the instruction, which is that of the first.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.first as u32
            }

            /// The operand with these bits.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                match $ty::from_bits(bits) {
                    Some(first) => Some(Self::new(first)),
                    None => None,
                }
            }
        }

        impl $ty {
            /// The list that begins with it, as long as what takes it wants.
            #[inline]
            pub const fn list<const N: usize>(self) -> $list<$ty, N> {
                $list::<$ty, N>::new(self)
            }
        }

        impl From<$ty> for $list<$ty, 1> {
            #[inline]
            fn from(single: $ty) -> Self {
                Self::new(single)
            }
        }

        impl<const N: usize> fmt::Debug for $list<$ty, N> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // The register is in the low five bits, a lane above it.
                let operand = |i| $ty(self.first & !31 | (self.first + i) & 31);
                f.debug_set().entries((0..N as _).map(operand)).finish()
            }
        }
    )*};
}

lists!(List arrangement: V8B V16B V4H V8H V2S V4S V1D V2D);
lists!(LaneList element: LaneB LaneH LaneS LaneD);
