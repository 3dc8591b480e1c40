//! Scalable vectors and predicates.
//!
//! A register has a type without an element size, and one for each size and use, which differ in nothing but what
//! takes them. P0 to P7, which alone can govern most instructions, have a type of their own ([`PLow`]) that converts
//! to [`P`].

use crate::aarch64::{B, D, H, S, reg::V};
use core::{fmt, marker::PhantomData};

/// Register classes, views of registers: types whose bits are a number below a count.
macro_rules! numbered {
    ($($(#[$doc:meta])* $ty:ident $count:literal $prefix:literal $first:literal $suffix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $ty(pub(super) u8);

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

/// Any predicate as a counter of elements, PN0 to PN15, as CNTP takes it: `PNAny::<B>::new(3)`. [`PNB`] and its like
/// convert to it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PNAny<T>(u8, PhantomData<T>);

macro_rules! any_counters {
    ($($ty:ident $low:ident)*) => {$(
        impl PNAny<$ty> {
            /// The counter with this number, below 16.
            #[inline]
            pub const fn new(number: u8) -> Option<Self> {
                Self::from_bits(number as u32)
            }

            /// Its value in the instruction.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits, below 16.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 16 { Some(PNAny(bits as u8, PhantomData)) } else { None }
            }
        }

        impl From<$low> for PNAny<$ty> {
            #[inline]
            fn from(counter: $low) -> Self {
                PNAny(counter.number(), PhantomData)
            }
        }

        impl fmt::Debug for PNAny<$ty> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("PN{}.", stringify!($ty)), self.0)
            }
        }
    )*};
}

any_counters!(B PNB H PNH S PNS D PND);

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

            #[doc = concat!("The register of ", $first, " to ", $last, " that this number is, modulo how many there are.")]
            #[inline]
            pub const fn wrapping(number: u8) -> Self {
                $ty(number.wrapping_sub($first) % ($last - $first + 1))
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
    PLow: b PB "with byte elements" h PH "with halfword elements"
        s PS "with word elements" d PD "with doubleword elements"
        m PLowM "governing, merging" z PLowZ "governing, zeroing";
    PN: b PNB "with byte elements" h PNH "with halfword elements"
        s PNS "with word elements" d PND "with doubleword elements"
        z PNZ "governing, zeroing";
}

impl Z {
    /// The vector register that is the low 128 bits.
    #[inline]
    pub const fn v(self) -> V {
        V::wrapping(self.0)
    }
}

impl V {
    /// The scalable vector whose low 128 bits the register is.
    #[inline]
    pub const fn z(self) -> Z {
        Z(self.number())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers() {
        assert_eq!(PN::new(7), None);
        assert_eq!(PN::new(8), Some(PN8));
        assert_eq!(PM::from(P3.m()), P::from(P3).m());
    }
}
