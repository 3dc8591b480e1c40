//! Lists of scalable vectors, and vectors whose number has four bits.
//!
//! `{Z3.S, Z4.S}` is a first register and a count. Loads and stores take any first one; instructions of SME2 take lists
//! that begin at a multiple of their length, or whose registers are far apart, which saves the bits that are always
//! zero.

use super::{PB, PD, PH, PS, Z, ZB, ZD, ZH, ZQ, ZS};
use core::{fmt, marker::PhantomData};

/// `N` consecutive scalable vectors, Z0 following Z31: `{Z3.S, Z4.S}` is `ZList::<ZS, 2>::new(Z3.s())`, or
/// `Z3.s().list()` where a form says how many.
///
/// ```
/// use tailfirst::aarch64::*;
/// let mut enc = Encoder::new();
/// enc.ld2w_zs_reg(Z31.s().list(), P0.z(), X1, X2); // { z31.s, z0.s }
/// enc.smax_zsx2(ZListAligned::<ZS, 2>::of::<4>(), ZLow::<ZS>::of::<3>()); // { z4.s, z5.s }, { z4.s, z5.s }, z3.s
/// # let code = enc.finish()?;
/// # assert_eq!(code.bytes(), [0x04, 0xA0, 0xA3, 0xC1, 0x3F, 0xC0, 0x22, 0xA5]);
/// # Ok::<(), tailfirst::FinishError>(())
/// ```
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

/// `N` consecutive predicates, P0 following P15: `{P3.S, P4.S}` is `PList::<PS, 2>::new(P3.s())`, or `P3.s().list()`
/// where a form says how many.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PList<T, const N: usize>(u8, PhantomData<T>);

/// `N` consecutive predicates, the first one's number a multiple of `N`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PListAligned<T, const N: usize>(u8, PhantomData<T>);

/// `of`, where `new` is `None` for some registers.
macro_rules! of {
    ($first:ident) => {
        /// That of the register with this number, which is known at compile time; one that cannot be encoded is a
        /// compile error.
        #[inline]
        pub const fn of<const NUMBER: u8>() -> Self {
            const {
                let Some(first) = $first::from_bits(NUMBER as u32) else { panic!("no register has this number") };
                match Self::new(first) {
                    Some(operand) => operand,
                    None => panic!("no encoding of this register exists"),
                }
            }
        }
    };
}

/// Lists and registers of one half of the vectors: `N` apart, from `first` on.
macro_rules! half {
    ($doc:literal $half:literal: $list:ident $single:ident $first:literal; $($ty:ident)*) => {$(
        impl<const N: usize> $list<$ty, N> {
            of!($ty);

            #[doc = concat!("The list in ", $half, " that begins with `first` modulo 16, rounded to a multiple of `N`.")]
            #[inline]
            pub const fn wrapping(first: $ty) -> Self {
                $list(first.0 % 16 / N as u8, PhantomData)
            }

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
            of!($ty);

            #[doc = concat!("The operand in ", $half, " of a register modulo 16, rounded down to an even one.")]
            #[inline]
            pub const fn wrapping(register: $ty) -> Self {
                $single(register.0 % 16 / 2, PhantomData)
            }

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

half!("and below 16" "Z0 to Z15": ZListLow ZEvenLow 0; ZB ZH ZS ZD);
half!("and 16 or more" "Z16 to Z31": ZListHigh ZEvenHigh 16; ZB ZH ZS ZD);

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

        impl $ty {
            /// The list that begins with it, as long as what takes it wants.
            #[inline]
            pub const fn list<const N: usize>(self) -> $list<$ty, N> {
                $list::<$ty, N>::new(self)
            }
        }

        impl<const N: usize> fmt::Debug for $list<$ty, N> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_set().entries((0..N as u8).map(|i| $ty((self.0 + i) % $count))).finish()
            }
        }

        impl<const N: usize> $aligned<$ty, N> {
            of!($ty);

            /// The list that begins with `first`, rounded down to a multiple of `N`.
            #[inline]
            pub const fn wrapping(first: $ty) -> Self {
                $aligned(first.0 / N as u8, PhantomData)
            }

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
            of!($ty);

            /// The list that begins with `first`, in its half of the registers modulo 16 / `N`.
            #[inline]
            pub const fn wrapping(first: $ty) -> Self {
                let (half, stride) = (first.0 / 16, 16 / N as u8);
                ZListStrided(half * stride + first.0 % stride, PhantomData)
            }

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
            of!($ty);

            /// The operand of a register modulo 16.
            #[inline]
            pub const fn wrapping(register: $ty) -> Self {
                ZLow(register.0 % 16, PhantomData)
            }

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
        super::{P, P3, P14, P15, Z3, Z4, Z8, Z14, Z16, Z23, Z28, Z30},
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

    /// A list as the manual writes it.
    fn text(list: impl fmt::Debug) -> alloc::string::String {
        alloc::format!("{list:?}")
    }

    /// The registers with these numbers, likewise.
    fn registers(letter: char, numbers: impl IntoIterator<Item = u8>) -> alloc::string::String {
        let registers: alloc::vec::Vec<_> = numbers.into_iter().map(|n| alloc::format!("{letter}{n}.S")).collect();
        alloc::format!("{{{}}}", registers.join(", "))
    }

    #[test]
    fn a_register_begins_a_list_of_any_length() {
        for first in 0..32 {
            let register = Z::wrapping(first).s();
            let expected = |count| registers('Z', (0..count).map(|i| (first + i) % 32));
            assert_eq!(text(register.list::<1>()), expected(1));
            assert_eq!(text(register.list::<2>()), expected(2));
            assert_eq!(text(register.list::<3>()), expected(3));
            assert_eq!(text(register.list::<4>()), expected(4));
            let predicate = P::wrapping(first).s();
            assert_eq!(text(predicate.list::<2>()), registers('P', [first % 16, (first + 1) % 16]));
        }
    }

    /// Every register is rounded to one that begins an operand, and exactly those that do stay as they are.
    #[test]
    fn wrapping_rounds_to_what_new_takes() {
        /// The operand's registers, and its value's type.
        macro_rules! holds {
            ($ty:ty, $number:ident: $letter:literal $($register:ident).* => $expected:expr) => {
                let (operand, expected) = (<$ty>::wrapping($($register).*), $expected);
                assert_eq!(text(operand), registers($letter, expected), stringify!($ty));
                let is_first = expected.into_iter().next() == Some($number);
                assert_eq!(<$ty>::new($($register).*), is_first.then_some(operand), "{} {}", stringify!($ty), $number);
                assert_eq!(<$ty>::from_bits(operand.bits()), Some(operand));
            };
        }
        for n in 0..32_u8 {
            let z = Z::wrapping(n).s();
            let (two, four) = (n / 2 * 2, n / 4 * 4);
            holds!(ZListAligned<ZS, 2>, n: 'Z' z => [two, two + 1]);
            holds!(ZListAligned<ZS, 4>, n: 'Z' z => [four, four + 1, four + 2, four + 3]);
            // Of the number of a strided list's first register, bit 4 is stored and bits 2 to 0, or 1 to 0.
            let (two, four) = (n & 0b10111, n & 0b10011);
            holds!(ZListStrided<ZS, 2>, n: 'Z' z => [two, two + 8]);
            holds!(ZListStrided<ZS, 4>, n: 'Z' z => [four, four + 4, four + 8, four + 12]);
            let (low, high) = (n & 0b01110, n & 0b01110 | 16);
            holds!(ZListLow<ZS, 2>, n: 'Z' z => [low, low + 1]);
            holds!(ZListHigh<ZS, 2>, n: 'Z' z => [high, high + 1]);
            let p = P::wrapping(n).s();
            let (n, two) = (n % 16, n % 16 / 2 * 2);
            holds!(PListAligned<PS, 2>, n: 'P' p => [two, two + 1]);
        }
        for n in 0..32 {
            let z = Z::wrapping(n).s();
            let (low, even_low, even_high) = (n & 0b01111, n & 0b01110, n & 0b01110 | 16);
            assert_eq!(text(ZLow::<ZS>::wrapping(z)), alloc::format!("Z{low}.S"));
            assert_eq!(text(ZEvenLow::<ZS>::wrapping(z)), alloc::format!("Z{even_low}.S"));
            assert_eq!(text(ZEvenHigh::<ZS>::wrapping(z)), alloc::format!("Z{even_high}.S"));
            assert_eq!(ZLow::<ZS>::new(z), (n == low).then_some(ZLow::<ZS>::wrapping(z)));
            assert_eq!(ZEvenLow::<ZS>::new(z), (n == even_low).then_some(ZEvenLow::<ZS>::wrapping(z)));
            assert_eq!(ZEvenHigh::<ZS>::new(z), (n == even_high).then_some(ZEvenHigh::<ZS>::wrapping(z)));
        }
    }

    #[test]
    fn constants_are_checked_when_they_are_compiled() {
        assert_eq!(text(ZListAligned::<ZS, 4>::of::<28>()), "{Z28.S, Z29.S, Z30.S, Z31.S}");
        assert_eq!(text(ZListStrided::<ZB, 2>::of::<23>()), "{Z23.B, Z31.B}");
        assert_eq!(text(ZListStrided::<ZD, 4>::of::<16>()), "{Z16.D, Z20.D, Z24.D, Z28.D}");
        assert_eq!(text(ZListLow::<ZB, 2>::of::<14>()), "{Z14.B, Z15.B}");
        assert_eq!(text(ZListHigh::<ZB, 2>::of::<30>()), "{Z30.B, Z31.B}");
        assert_eq!(text(ZLow::<ZH>::of::<15>()), "Z15.H");
        assert_eq!(text(ZEvenLow::<ZH>::of::<14>()), "Z14.H");
        assert_eq!(text(ZEvenHigh::<ZH>::of::<16>()), "Z16.H");
        assert_eq!(text(PListAligned::<PD, 2>::of::<14>()), "{P14.D, P15.D}");
    }
}
