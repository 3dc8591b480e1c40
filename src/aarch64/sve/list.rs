//! Lists of scalable vectors, and vectors whose number has four bits.
//!
//! `{Z3.S, Z4.S}` is a first register and a count. Loads and stores take any first one; instructions of SME2 take lists
//! that begin at a multiple of their length, or whose registers are far apart, which saves the bits that are always
//! zero.

use super::{PB, PD, PH, PS, Z, ZB, ZD, ZH, ZQ, ZS};
use core::{fmt, marker::PhantomData};

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

/// An even one of the scalable vectors Z0 to Z15, with an element size.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ZEvenLow<T>(u8, PhantomData<T>);

/// An even one of the scalable vectors Z16 to Z31, with an element size.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ZEvenHigh<T>(u8, PhantomData<T>);

/// `N` consecutive scalable vectors, the first one's number a multiple of `N` below 16.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ZListLow<T, const N: usize>(u8, PhantomData<T>);

/// `N` consecutive scalable vectors, the first one's number a multiple of `N` from 16 on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ZListHigh<T, const N: usize>(u8, PhantomData<T>);

/// `N` consecutive predicates, P0 following P15: `{P3.S, P4.S}` is `PList::<PS, 2>::new(P3.s())`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PList<T, const N: usize>(u8, PhantomData<T>);

/// `N` consecutive predicates, the first one's number a multiple of `N`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PListAligned<T, const N: usize>(u8, PhantomData<T>);

/// Lists and registers of one half of the vectors: `N` apart, from `first` on.
macro_rules! half {
    ($doc:literal: $list:ident $single:ident $first:literal; $($ty:ident)*) => {$(
        impl<const N: usize> $list<$ty, N> {
            #[doc = concat!("The list that begins with `first`, whose number is a multiple of `N` ", $doc, ".")]
            #[inline]
            pub const fn new(first: $ty) -> Option<Self> {
                let is_in_half = first.0 & 16 == $first;
                if is_in_half && first.0 as usize % N == 0 {
                    Self::from_bits((first.0 - $first) as u32 / N as u32)
                } else {
                    None
                }
            }

            /// Its value in the instruction: the number of the first within the half, divided by `N`.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits, below 16 / `N`.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 16 / N as u32 { Some($list(bits as u8, PhantomData)) } else { None }
            }
        }

        impl<const N: usize> fmt::Debug for $list<$ty, N> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_set().entries((0..N as u8).map(|i| $ty($first + self.0 * N as u8 + i))).finish()
            }
        }

        impl $single<$ty> {
            #[doc = concat!("The operand of a register whose number is even ", $doc, ".")]
            #[inline]
            pub const fn new(register: $ty) -> Option<Self> {
                match $list::<$ty, 2>::new(register) {
                    Some(list) => Some($single(list.0, PhantomData)),
                    None => None,
                }
            }

            /// Its value in the instruction: half the number within the half.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits, below 8.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 8 { Some($single(bits as u8, PhantomData)) } else { None }
            }
        }

        impl fmt::Debug for $single<$ty> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                $ty($first + self.0 * 2).fmt(f)
            }
        }
    )*};
}

half!("and below 16": ZListLow ZEvenLow 0; ZB ZH ZS ZD);
half!("and 16 or more": ZListHigh ZEvenHigh 16; ZB ZH ZS ZD);

/// Lists of consecutive registers of `$count`, from any one on and from a multiple of their length on.
macro_rules! consecutive {
    ($list:ident $aligned:ident $count:literal: $($ty:ident)*) => {$(
        impl<const N: usize> $list<$ty, N> {
            /// The list that begins with `first`.
            #[inline]
            pub const fn new(first: $ty) -> Self {
                $list(first.0, PhantomData)
            }

            /// Its value in the instruction: the number of the first.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            #[doc = concat!("The operand with these bits, below ", $count, ".")]
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < $count { Some($list(bits as u8, PhantomData)) } else { None }
            }
        }

        impl<const N: usize> fmt::Debug for $list<$ty, N> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_set().entries((0..N as u8).map(|i| $ty((self.0 + i) % $count))).finish()
            }
        }

        impl<const N: usize> $aligned<$ty, N> {
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

            #[doc = concat!("The operand with these bits, below ", $count, " / `N`.")]
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < $count / N as u32 { Some($aligned(bits as u8, PhantomData)) } else { None }
            }
        }

        impl<const N: usize> fmt::Debug for $aligned<$ty, N> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_set().entries((0..N as u8).map(|i| $ty(self.0 * N as u8 + i))).finish()
            }
        }
    )*};
}

consecutive!(ZList ZListAligned 32: Z ZB ZH ZS ZD ZQ);
consecutive!(PList PListAligned 16: PB PH PS PD);

macro_rules! sized {
    ($($ty:ident)*) => {$(
        impl From<$ty> for ZList<$ty, 1> {
            #[inline]
            fn from(single: $ty) -> Self {
                Self::new(single)
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

sized!(Z ZB ZH ZS ZD ZQ);

#[cfg(test)]
mod tests {
    use super::{
        super::{P3, P14, P15, Z3, Z4, Z8, Z14, Z16, Z23, Z28, Z30},
        *,
    };

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
        assert_eq!(ZListLow::<ZB, 2>::new(Z14.b()).map(ZListLow::<ZB, 2>::bits), Some(7));
        assert_eq!(ZListHigh::<ZB, 2>::new(Z30.b()).map(ZListHigh::<ZB, 2>::bits), Some(7));
        assert_eq!((ZListLow::<ZB, 2>::new(Z16.b()), ZListLow::<ZB, 2>::new(Z3.b())), (None, None));
        assert_eq!((ZListHigh::<ZB, 2>::new(Z14.b()), ZListHigh::<ZB, 2>::new(Z23.b())), (None, None));
        assert_eq!((ZEvenLow::<ZS>::new(Z16.s()), ZEvenLow::<ZS>::new(Z3.s())), (None, None));
        assert_eq!((ZEvenHigh::<ZS>::new(Z14.s()), ZEvenHigh::<ZS>::new(Z23.s())), (None, None));
        assert_eq!(alloc::format!("{:?}", ZListHigh::<ZH, 2>::from_bits(7)), "Some({Z30.H, Z31.H})");
        assert_eq!(alloc::format!("{:?}", ZEvenHigh::<ZH>::new(Z28.h())), "Some(Z28.H)");
        assert_eq!(PListAligned::<PS, 2>::new(P14.s()).map(PListAligned::<PS, 2>::bits), Some(7));
        assert_eq!(PListAligned::<PS, 2>::new(P3.s()), None);
        assert_eq!(alloc::format!("{:?}", PList::<PB, 2>::new(P15.b())), "{P15.B, P0.B}");
    }
}
