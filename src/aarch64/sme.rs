//! SME operands: tiles of the ZA array, their slices, and vectors of the array.
//!
//! A slice is selected by a general register and an offset; only four registers can do that: W12 to W15 for slices and
//! single vectors, W8 to W11 for groups of vectors.

use super::reg::{B, D, Gpr32, H, Q, S};
use core::{fmt, marker::PhantomData};

macro_rules! tiles {
    ($($(#[$doc:meta])* $ty:ident $count:literal: $($name:ident $number:literal)*;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty(u8);

        $(
            #[doc = concat!("Tile ", stringify!($name), ".")]
            pub const $name: $ty = $ty($number);
        )*

        impl $ty {
            #[doc = concat!("The tile with this number, below ", $count, ".")]
            #[inline]
            pub const fn new(number: u8) -> Option<Self> {
                if number < $count { Some($ty(number)) } else { None }
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
    )*};
}

tiles! {
    /// A ZA tile of halfwords.
    ZAH 2: ZA0H 0 ZA1H 1;
    /// A ZA tile of words.
    ZAS 4: ZA0S 0 ZA1S 1 ZA2S 2 ZA3S 3;
    /// A ZA tile of doublewords.
    ZAD 8: ZA0D 0 ZA1D 1 ZA2D 2 ZA3D 3 ZA4D 4 ZA5D 5 ZA6D 6 ZA7D 7;
}

/// The register among the four from W`first` on, as two bits.
const fn selector(register: Gpr32, first: u8) -> Option<u8> {
    let number = register.number();
    if first <= number && number < first + 4 { Some(number - first) } else { None }
}

/// A row or column of a ZA tile whose elements are [`B`], [`H`], [`S`], [`D`] or [`Q`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ZASlice<T>(
    // V:Rs:tile:offset
    u8,
    PhantomData<T>,
);

/// What is below `V:Rs`.
const fn tile_and_offset(bits: u8, offsets: u8) -> (u8, u8) {
    (bits % 16 / offsets, bits % offsets)
}

macro_rules! slices {
    ($($ty:ident $tiles:literal $offsets:literal)*) => {$(
        impl ZASlice<$ty> {
            #[doc = concat!(
                "The row `register` + `offset` of tile `tile`: the register is W12 to W15, there are ", $tiles,
                " tiles, and offsets below ", $offsets, "."
            )]
            #[inline]
            pub const fn horizontal(tile: u8, register: Gpr32, offset: u8) -> Option<Self> {
                match selector(register, 12) {
                    Some(selector) if tile < $tiles && offset < $offsets => {
                        Some(ZASlice(selector << 4 | tile * $offsets | offset, PhantomData))
                    }
                    _ => None,
                }
            }

            #[doc = concat!(
                "The column `register` + `offset` of tile `tile`: the register is W12 to W15, there are ", $tiles,
                " tiles, and offsets below ", $offsets, "."
            )]
            #[inline]
            pub const fn vertical(tile: u8, register: Gpr32, offset: u8) -> Option<Self> {
                match Self::horizontal(tile, register, offset) {
                    Some(row) => Some(ZASlice(row.0 | 1 << 6, PhantomData)),
                    None => None,
                }
            }

            /// Its value in the instruction: `V:Rs:tile:offset`.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits, below 128.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 128 { Some(ZASlice(bits as u8, PhantomData)) } else { None }
            }
        }

        impl fmt::Debug for ZASlice<$ty> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let direction = if self.0 >> 6 == 0 { 'H' } else { 'V' };
                let (tile, offset) = tile_and_offset(self.0, $offsets);
                let register = 12 + (self.0 >> 4 & 3);
                write!(f, concat!("ZA{}{}.", stringify!($ty), "[W{}, {}]"), tile, direction, register, offset)
            }
        }
    )*};
}

slices!(B 1 16 H 2 8 S 4 4 D 8 2 Q 16 1);

/// `N` consecutive rows or columns of a ZA tile whose elements are [`B`], [`H`], [`S`] or [`D`], from a multiple of
/// `N` on: two, or four.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ZASlices<T, const N: usize>(
    // V:Rs:tile:offset, the offset in units of N
    u8,
    PhantomData<T>,
);

/// A number's quotient and remainder.
const fn split(number: u8, by: u8) -> (u8, u8) {
    (number / by, number % by)
}

macro_rules! groups_of_slices {
    ($($ty:ident $count:literal $tiles:literal $groups:literal)*) => {$(
        impl ZASlices<$ty, $count> {
            #[doc = concat!(
                "The rows from `register` + `offset` on of tile `tile`: the register is W12 to W15, there are ", $tiles,
                " tiles, and ", $groups, " offsets that are multiples of ", $count, "."
            )]
            #[inline]
            pub const fn horizontal(tile: u8, register: Gpr32, offset: u8) -> Option<Self> {
                match selector(register, 12) {
                    Some(selector) if tile < $tiles && offset % $count == 0 && offset / $count < $groups => {
                        let place = tile * $groups + offset / $count;
                        Some(ZASlices(selector * ($tiles * $groups) + place, PhantomData))
                    }
                    _ => None,
                }
            }

            #[doc = concat!(
                "The columns from `register` + `offset` on of tile `tile`: the register is W12 to W15, there are ",
                $tiles, " tiles, and ", $groups, " offsets that are multiples of ", $count, "."
            )]
            #[inline]
            pub const fn vertical(tile: u8, register: Gpr32, offset: u8) -> Option<Self> {
                match Self::horizontal(tile, register, offset) {
                    Some(rows) => Some(ZASlices(rows.0 + 4 * $tiles * $groups, PhantomData)),
                    None => None,
                }
            }

            /// Its value in the instruction: `V:Rs:tile:offset`.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 8 * $tiles * $groups { Some(ZASlices(bits as u8, PhantomData)) } else { None }
            }
        }

        impl fmt::Debug for ZASlices<$ty, $count> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let (rest, group) = split(self.0, $groups);
                let (rest, tile) = split(rest, $tiles);
                let direction = if rest < 4 { 'H' } else { 'V' };
                let (register, first) = (12 + rest % 4, group * $count);
                write!(
                    f,
                    concat!("ZA{}{}.", stringify!($ty), "[W{}, {}:{}]"),
                    tile, direction, register, first, first + $count - 1
                )
            }
        }
    )*};
}

groups_of_slices!(B 2 1 8 H 2 2 4 S 2 4 2 D 2 8 1 B 4 1 4 H 4 2 2 S 4 4 1 D 4 8 1);

/// `N` consecutive vectors of the ZA array, from a register plus an offset on: the offset is a multiple of `N` below
/// `LIMIT`. `ZARange::<2, 16>::new(W8, 14)` is `[W8, 14:15]`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ZARange<const N: u8, const LIMIT: u8>(
    // Rv:offset, the offset in units of N
    u8,
);

impl<const N: u8, const LIMIT: u8> ZARange<N, LIMIT> {
    /// `register` is W8 to W11, `offset` a multiple of `N` below `LIMIT`.
    #[inline]
    pub const fn new(register: Gpr32, offset: u8) -> Option<Self> {
        match selector(register, 8) {
            Some(selector) if offset < LIMIT => match split(offset, N) {
                (group, 0) => Some(ZARange(selector * (LIMIT / N) + group)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Its value in the instruction: the register above the offset.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }

    /// The operand with these bits.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits < 4 * (LIMIT / N) as u32 { Some(ZARange(bits as u8)) } else { None }
    }
}

impl<const N: u8, const LIMIT: u8> fmt::Debug for ZARange<N, LIMIT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = LIMIT / N;
        let first = self.0 % groups * N;
        write!(f, "ZA[W{}, {}:{}]", 8 + self.0 / groups, first, first + N - 1)
    }
}

macro_rules! vectors {
    ($($(#[$doc:meta])* $ty:ident $first:literal $last:literal $offsets:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty(
            // Rv:offset
            u8,
        );

        impl $ty {
            #[doc = concat!("`register` is W", $first, " to W", $last, ", `offset` below ", $offsets, ".")]
            #[inline]
            pub const fn new(register: Gpr32, offset: u8) -> Option<Self> {
                match selector(register, $first) {
                    Some(selector) if offset < $offsets => Some($ty(selector * $offsets | offset)),
                    _ => None,
                }
            }

            /// Its value in the instruction: the register above the offset.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 4 * $offsets { Some($ty(bits as u8)) } else { None }
            }
        }

        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "ZA[W{}, {}]", $first + self.0 / $offsets, self.0 % $offsets)
            }
        }
    )*};
}

vectors! {
    /// A vector of the ZA array: the one whose number is a register plus an offset.
    ZAVector 12 15 16;
    /// A group of vectors of the ZA array, from the one on whose number is a register plus an offset.
    ZAArray 8 11 8;
}

/// A set of ZA tiles, as ZERO takes it: a bit a tile of doublewords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ZATileMask(u8);

impl ZATileMask {
    /// No tile.
    pub const NONE: ZATileMask = ZATileMask(0);
    /// The whole array.
    pub const ZA: ZATileMask = ZATileMask(0xFF);

    /// The tiles of a mask: bit i is ZA`i`.D.
    #[inline]
    pub const fn new(tiles: u8) -> Self {
        ZATileMask(tiles)
    }

    /// A tile of halfwords.
    #[inline]
    pub const fn h(tile: ZAH) -> Self {
        ZATileMask(0x55 << tile.0)
    }

    /// A tile of words.
    #[inline]
    pub const fn s(tile: ZAS) -> Self {
        ZATileMask(0x11 << tile.0)
    }

    /// A tile of doublewords.
    #[inline]
    pub const fn d(tile: ZAD) -> Self {
        ZATileMask(1 << tile.0)
    }

    /// The tiles of both.
    #[inline]
    pub const fn union(self, other: ZATileMask) -> Self {
        ZATileMask(self.0 | other.0)
    }

    /// Its value in the instruction.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }

    /// The operand with these bits, below 256.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits < 256 { Some(ZATileMask(bits as u8)) } else { None }
    }
}

impl core::ops::BitOr for ZATileMask {
    type Output = ZATileMask;

    #[inline]
    fn bitor(self, other: ZATileMask) -> ZATileMask {
        self.union(other)
    }
}

choices! {
    /// What SMSTART starts and SMSTOP stops.
    SmeMode: Sm 1 "Streaming mode" Za 2 "The ZA array" SmZa 3 "Streaming mode and the ZA array";
}

#[cfg(test)]
mod tests {
    use super::super::reg::*;
    use super::*;

    #[test]
    fn slices_and_vectors() {
        assert_eq!(ZASlice::<S>::horizontal(3, W13, 2).map(ZASlice::<S>::bits), Some(1 << 4 | 3 << 2 | 2));
        assert_eq!(ZASlice::<Q>::vertical(15, W15, 0).map(ZASlice::<Q>::bits), Some(0x7F));
        assert_eq!((ZASlice::<S>::horizontal(4, W13, 0), ZASlice::<S>::horizontal(0, W13, 4)), (None, None));
        assert_eq!(ZASlice::<B>::vertical(0, W11, 0), None);
        assert_eq!(ZAVector::new(W15, 15).map(ZAVector::bits), Some(63));
        assert_eq!((ZAVector::new(W16, 0), ZAArray::new(W12, 0), ZAArray::new(W8, 8)), (None, None, None));
        assert_eq!(ZAArray::new(W11, 7).map(ZAArray::bits), Some(31));
        assert_eq!(ZASlices::<S, 2>::vertical(3, W13, 2).map(ZASlices::<S, 2>::bits), Some(1 << 5 | 1 << 3 | 7));
        assert_eq!(ZASlices::<D, 4>::horizontal(7, W15, 0).map(ZASlices::<D, 4>::bits), Some(3 << 3 | 7));
        assert_eq!((ZASlices::<B, 4>::horizontal(0, W12, 2), ZASlices::<D, 2>::horizontal(0, W12, 2)), (None, None));
        assert_eq!((ZASlices::<B, 4>::horizontal(1, W12, 0), ZASlices::<D, 2>::horizontal(0, W11, 0)), (None, None));
        assert_eq!(alloc::format!("{:?}", ZASlices::<H, 4>::from_bits(0x1F)), "Some(ZA1V.H[W15, 4:7])");
        assert_eq!(ZASlices::<H, 4>::from_bits(0x20), None);
        assert_eq!(ZARange::<2, 16>::new(W11, 14).map(ZARange::bits), Some(31));
        assert_eq!(ZARange::<4, 8>::new(W9, 4).map(ZARange::bits), Some(3));
        assert_eq!((ZARange::<4, 8>::new(W9, 8), ZARange::<4, 16>::new(W9, 2)), (None, None));
        assert_eq!((ZARange::<2, 8>::new(W12, 0), ZARange::<2, 8>::from_bits(16)), (None, None));
        assert_eq!(alloc::format!("{:?}", ZARange::<4, 16>::from_bits(7)), "Some(ZA[W9, 12:15])");
        assert_eq!((ZATileMask::h(ZA1H) | ZATileMask::d(ZA0D)).bits(), 0xAB);
        assert_eq!(ZATileMask::s(ZA3S).bits(), 0x88);
        assert_eq!(alloc::format!("{:?}", ZASlice::<D>::from_bits(0x7F)), "Some(ZA7V.D[W15, 1])");
    }
}
