//! Addresses, for the selectors of loads and stores.
//!
//! ```
//! use tailfirst::aarch64::*;
//! let plain = Address::from(SP);
//! let field = X2 + 4096;
//! let element = X2 + X3.lsl(3);
//! let signed = X2 + W3.sxtw(2);
//! # let _ = (plain, field, element, signed);
//! ```

use super::{
    reg::{Gpr32, Gpr64, W, X, XSp},
    shift::ExtendedReg,
};
use core::{fmt, ops};

/// A base register and what is added to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address {
    /// The base.
    pub base: XSp,
    /// What is added.
    pub offset: Offset,
}

impl Address {
    /// The address so many bytes further on; `None` if a register is added already, or the sum is no `i32`.
    ///
    /// ```
    /// use tailfirst::aarch64::*;
    /// assert_eq!((X2 + 8).checked_add(-16), Some(X2 - 8));
    /// assert_eq!((X2 + X3).checked_add(8), None);
    /// ```
    #[inline]
    pub const fn checked_add(self, bytes: i32) -> Option<Address> {
        match self.offset {
            Offset::Bytes(offset) => match offset.checked_add(bytes) {
                Some(offset) => Some(Address { base: self.base, offset: Offset::Bytes(offset) }),
                None => None,
            },
            Offset::Register(_) => None,
        }
    }
}

/// What is added to a base register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Offset {
    /// So many bytes.
    Bytes(i32),
    /// A register, perhaps extended, perhaps shifted.
    Register(ExtendedReg),
}

/// No instruction has this address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// The offset is neither -256 to 255, nor a multiple of the access's size up to 4095 times that size.
    Offset {
        /// The offset in bytes.
        offset: i32,
        /// The size of the access in bytes.
        size: u32,
    },
    /// The register is extended from less than 32 bits, or shifted by something else than 0 and the access's size.
    Register {
        /// The register.
        register: ExtendedReg,
        /// The size of the access in bytes.
        size: u32,
    },
    /// The offset is no multiple of the access's size up to 4095 times that size.
    Scaled {
        /// The offset in bytes.
        offset: u32,
        /// The size of the access in bytes.
        size: u32,
    },
    /// The offset of a pair of accesses is a register, or no multiple of one access's size from -64 to 63 times that
    /// size.
    Pair {
        /// What is added to the base.
        offset: Offset,
        /// The size of one access in bytes.
        size: u32,
    },
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddressError::Offset { offset, size } => {
                write!(f, "an access of {size} bytes has no offset {offset}")
            }
            AddressError::Register { register, size } => {
                write!(f, "an access of {size} bytes has no index {register:?}")
            }
            AddressError::Scaled { offset, size } => {
                write!(f, "{offset} is no multiple of {size} up to {}", 4095 * u64::from(*size))
            }
            AddressError::Pair { offset, size } => {
                let (low, high) = (-64 * i64::from(*size), 63 * i64::from(*size));
                write!(
                    f,
                    "a pair of {size} bytes each has no offset {offset:?}, expected a multiple from {low} to {high}"
                )
            }
        }
    }
}

impl core::error::Error for AddressError {}

impl From<XSp> for Address {
    #[inline]
    fn from(base: XSp) -> Self {
        Address { base, offset: Offset::Bytes(0) }
    }
}

impl From<Gpr64> for Address {
    #[inline]
    fn from(base: Gpr64) -> Self {
        XSp::from(base).into()
    }
}

macro_rules! operators {
    ($($base:ident)*) => {$(
        impl ops::Add<i32> for $base {
            type Output = Address;

            #[inline]
            fn add(self, offset: i32) -> Address {
                Address { base: self.into(), offset: Offset::Bytes(offset) }
            }
        }

        impl ops::Sub<i32> for $base {
            type Output = Address;

            /// The lowest `i32`, which has no opposite, is out of reach of every access, as is the highest.
            #[inline]
            fn sub(self, offset: i32) -> Address {
                Address { base: self.into(), offset: Offset::Bytes(offset.saturating_neg()) }
            }
        }

        impl ops::Add<ExtendedReg> for $base {
            type Output = Address;

            #[inline]
            fn add(self, register: ExtendedReg) -> Address {
                Address { base: self.into(), offset: Offset::Register(register) }
            }
        }

        impl ops::Add<Gpr64> for $base {
            type Output = Address;

            #[inline]
            fn add(self, register: Gpr64) -> Address {
                self + register.lsl(0)
            }
        }

        impl ops::Add<X> for $base {
            type Output = Address;

            #[inline]
            fn add(self, register: X) -> Address {
                self + register.lsl(0)
            }
        }

        impl ops::Add<Gpr32> for $base {
            type Output = Address;

            /// The register is zero-extended.
            #[inline]
            fn add(self, register: Gpr32) -> Address {
                self + register.uxtw(0)
            }
        }

        impl ops::Add<W> for $base {
            type Output = Address;

            /// The register is zero-extended.
            #[inline]
            fn add(self, register: W) -> Address {
                self + register.uxtw(0)
            }
        }
    )*};
}

operators!(Gpr64 XSp);
