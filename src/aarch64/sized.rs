//! Loads and stores whose size is a value: what their offsets and indices are.
//!
//! An offset or an index that is scaled counts accesses, so the size decides what fits. [`Load::offset`] and
//! [`Load::index`] know it.

use super::{AddressError, ExtendedReg, FpSize, Load, SizedIndex, Store};

/// The offset of a load or store whose size is a value: so many times that size.
///
/// ```
/// use tailfirst::aarch64::*;
/// assert_eq!(Load::U32.offset(24), Ok(SizedOffset::of::<6>()));
/// assert_eq!(Load::U32.offset(25), Err(AddressError::Scaled { offset: 25, size: 4 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SizedOffset(u16);

impl SizedOffset {
    /// So many times the size of the access, below 4096.
    #[inline]
    pub const fn new(count: u32) -> Option<Self> {
        Self::from_bits(count)
    }

    /// So many times the size of the access, if that is known at compile time; one that cannot be encoded is a compile
    /// error.
    #[inline]
    pub const fn of<const COUNT: u32>() -> Self {
        const {
            match Self::new(COUNT) {
                Some(offset) => offset,
                None => panic!("no encoding of this offset exists"),
            }
        }
    }

    /// How many times the size of the access it is.
    #[inline]
    pub const fn count(self) -> u32 {
        self.0 as u32
    }

    /// Its value in the instruction.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }

    /// The operand with these bits, below 4096.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits < 1 << 12 { Some(SizedOffset(bits as u16)) } else { None }
    }

    /// The offset of so many bytes, if that is a multiple of 2<sup>`log2`</sup> in reach.
    #[inline]
    pub(super) const fn of_bytes(bytes: u32, log2: u32) -> Option<Self> {
        if bytes & ((1 << log2) - 1) == 0 { Self::new(bytes >> log2) } else { None }
    }
}

macro_rules! sized {
    ($($ty:ident $log2:expr;)*) => {$(
        impl $ty {
            #[inline]
            pub(super) const fn log2(self) -> u32 {
                $log2(self as u32)
            }

            /// The size of the access in bytes.
            #[inline]
            pub const fn size(self) -> u32 {
                1 << self.log2()
            }

            /// The offset of so many bytes: a multiple of the access's size, up to 4095 times that size.
            ///
            /// # Errors
            /// [`AddressError::Scaled`] if it is no such multiple.
            #[inline]
            pub const fn offset(self, bytes: u32) -> Result<SizedOffset, AddressError> {
                match SizedOffset::of_bytes(bytes, self.log2()) {
                    Some(offset) => Ok(offset),
                    None => Err(AddressError::Scaled { offset: bytes, size: self.size() }),
                }
            }

            /// The index that this register is, shifted by the logarithm of the access's size or not at all.
            ///
            /// # Errors
            /// [`AddressError::Register`] if the register is extended from less than 32 bits, or shifted otherwise.
            #[inline]
            pub const fn index(self, register: ExtendedReg) -> Result<SizedIndex, AddressError> {
                match SizedIndex::new(register, self.log2()) {
                    Some(index) => Ok(index),
                    None => Err(AddressError::Register { register, size: self.size() }),
                }
            }
        }
    )*};
}

// The field `size` stands in the highest bits.
const fn general(code: u32) -> u32 {
    code >> 30
}

// The high bit of `opc`, bit 23, makes 16 bytes of one.
const fn vector(code: u32) -> u32 {
    code >> 30 | (code >> 23 & 1) << 2
}

sized! {
    Load general;
    Store general;
    FpSize vector;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aarch64::{Index, W3, X3};

    #[test]
    fn sizes() {
        let loads = [Load::U8, Load::I8To32, Load::I8To64, Load::U16, Load::I16To32, Load::I16To64];
        assert_eq!(loads.map(Load::size), [1, 1, 1, 2, 2, 2]);
        assert_eq!([Load::U32, Load::I32To64, Load::U64].map(Load::size), [4, 4, 8]);
        assert_eq!([Store::U8, Store::U16, Store::U32, Store::U64].map(Store::size), [1, 2, 4, 8]);
        assert_eq!([FpSize::B, FpSize::H, FpSize::S, FpSize::D, FpSize::Q].map(FpSize::size), [1, 2, 4, 8, 16]);
    }

    #[test]
    fn offsets_count_accesses() {
        assert_eq!(Load::U64.offset(32760).map(SizedOffset::count), Ok(4095));
        assert_eq!(Load::U8.offset(4095).map(SizedOffset::bits), Ok(4095));
        assert_eq!(FpSize::Q.offset(65520).map(SizedOffset::count), Ok(4095));
        assert_eq!(Load::U64.offset(32768), Err(AddressError::Scaled { offset: 32768, size: 8 }));
        assert_eq!(Load::I8To64.offset(4096), Err(AddressError::Scaled { offset: 4096, size: 1 }));
        assert_eq!(FpSize::Q.offset(8), Err(AddressError::Scaled { offset: 8, size: 16 }));
        assert_eq!(Store::U16.offset(u32::MAX), Err(AddressError::Scaled { offset: u32::MAX, size: 2 }));
        assert_eq!((SizedOffset::new(4095), SizedOffset::new(4096)), (Some(SizedOffset::of::<4095>()), None));
    }

    #[test]
    fn indices_are_those_of_the_size() {
        let shifted = (0..6).flat_map(|amount| [X3.lsl(amount), X3.sxtx(amount), W3.uxtw(amount), W3.sxtw(amount)]);
        for register in shifted.chain([W3.uxth(0), W3.sxtb(0), W3.uxtx(0)]) {
            let bits = |index: Option<SizedIndex>| index.map(SizedIndex::bits);
            assert_eq!(bits(Load::U8.index(register).ok()), Index::<0>::new(register).map(Index::bits));
            assert_eq!(bits(Store::U16.index(register).ok()), Index::<1>::new(register).map(Index::bits));
            assert_eq!(bits(Load::I32To64.index(register).ok()), Index::<2>::new(register).map(Index::bits));
            assert_eq!(bits(FpSize::D.index(register).ok()), Index::<3>::new(register).map(Index::bits));
            assert_eq!(bits(FpSize::Q.index(register).ok()), Index::<4>::new(register).map(Index::bits));
        }
        assert_eq!(Load::U64.index(X3.lsl(2)), Err(AddressError::Register { register: X3.lsl(2), size: 8 }));
        assert_eq!(Load::U64.index(X3.lsl(3)), Ok(SizedIndex::scaled(X3)));
        assert_eq!(Load::U64.index(W3.sxtw(0)), Ok(SizedIndex::sxtw(W3)));
        assert_eq!(Load::U64.index(W3.uxtw(0)), Ok(SizedIndex::uxtw(W3)));
        assert_eq!(Load::U64.index(X3.lsl(0)), Ok(X3.into()));
    }
}
