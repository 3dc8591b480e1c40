//! Shifted and extended registers.
//!
//! `X3.lsl(2)` and `W3.sxtw(0)` say what they mean, whatever the amount; which amounts exist depends on where the
//! register stands. So they make an [`ExtendedReg`], and the operand types ([`Extended64`], [`Index`], ...) take it
//! with `new`, which is `None` for an amount that they have not, or without a check where the type of register leaves
//! no doubt (`From<X>`, [`Index::scaled`]).

use super::{
    IntoOperand,
    reg::{Gpr32, Gpr64, W, X},
};
use core::fmt;

/// How a register is extended to 64 bits before it is shifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Extend {
    /// From the lowest byte, with zeros.
    Uxtb,
    /// From the low 16 bits, with zeros.
    Uxth,
    /// From the low 32 bits, with zeros.
    Uxtw,
    /// Not at all.
    Uxtx,
    /// From the lowest byte, with copies of its sign.
    Sxtb,
    /// From the low 16 bits, with copies of their sign.
    Sxth,
    /// From the low 32 bits, with copies of their sign.
    Sxtw,
    /// Not at all; the manual has both.
    Sxtx,
}

impl Extend {
    /// All extensions, in the order of their bits.
    pub const ALL: [Extend; 8] = [
        Extend::Uxtb,
        Extend::Uxth,
        Extend::Uxtw,
        Extend::Uxtx,
        Extend::Sxtb,
        Extend::Sxth,
        Extend::Sxtw,
        Extend::Sxtx,
    ];

    /// The extension with these bits, below 8.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits < 8 { Some(Self::ALL[bits as usize]) } else { None }
    }

    /// Its value in the instruction.
    #[inline]
    pub const fn bits(self) -> u32 {
        self as u32
    }
}

/// A register, extended and shifted left; not every instruction can do that with every amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExtendedReg {
    pub(super) number: u8,
    pub(super) extend: Extend,
    pub(super) amount: u8,
    // whether it is an X register; UXTX and SXTX are said of both, in operations of their sizes
    pub(super) is_wide: bool,
}

macro_rules! extended_from {
    ($($ty:ident $is_wide:literal: $($method:ident $extend:ident $doc:literal)*;)*) => {$(
        impl $ty {$(
            #[doc = concat!($doc, ", shifted left by `amount` bits.")]
            #[inline]
            pub const fn $method(self, amount: u8) -> ExtendedReg {
                ExtendedReg { number: self.number(), extend: Extend::$extend, amount, is_wide: $is_wide }
            }
        )*}
    )*};
}

extended_from! {
    Gpr64 true: lsl Uxtx "The register" uxtx Uxtx "The register" sxtx Sxtx "The register";
    X true: lsl Uxtx "The register" uxtx Uxtx "The register" sxtx Sxtx "The register";
    Gpr32 false: uxtb Uxtb "The lowest byte, zero-extended" uxth Uxth "The low 16 bits, zero-extended"
        uxtw Uxtw "The register, zero-extended" sxtb Sxtb "The lowest byte, sign-extended"
        sxth Sxth "The low 16 bits, sign-extended" sxtw Sxtw "The register, sign-extended"
        uxtx Uxtx "The register, which a 32-bit operation takes as it is"
        sxtx Sxtx "The register, which a 32-bit operation takes as it is";
    W false: uxtb Uxtb "The lowest byte, zero-extended" uxth Uxth "The low 16 bits, zero-extended"
        uxtw Uxtw "The register, zero-extended" sxtb Sxtb "The lowest byte, sign-extended"
        sxth Sxth "The low 16 bits, sign-extended" sxtw Sxtw "The register, sign-extended"
        uxtx Uxtx "The register, which a 32-bit operation takes as it is"
        sxtx Sxtx "The register, which a 32-bit operation takes as it is";
}

/// How a register operand is shifted, as a value: [`Shift64::new`] and its kin make an operand of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ShiftKind {
    /// Left.
    Lsl,
    /// Right, zeros coming in.
    Lsr,
    /// Right, copies of the sign coming in.
    Asr,
    /// Right in a circle; logical operations only.
    Ror,
}

impl ShiftKind {
    /// All kinds, in the order of their bits.
    pub const ALL: [ShiftKind; 4] = [ShiftKind::Lsl, ShiftKind::Lsr, ShiftKind::Asr, ShiftKind::Ror];

    /// Its value in the instruction.
    #[inline]
    pub const fn bits(self) -> u32 {
        self as u32
    }

    /// The kind with these bits, below 4.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits < 4 { Some(Self::ALL[bits as usize]) } else { None }
    }
}

macro_rules! shifts {
    ($($(#[$doc:meta])* $ty:ident $size:literal $types:literal: $($method:ident $kind:ident $text:literal)*;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty(
            // shift:imm6
            u8,
        );

        impl $ty {
            $(
                #[doc = concat!("Shift ", $text, " by `amount` bits, below ", $size, ".")]
                #[inline]
                pub const fn $method(amount: u32) -> Option<Self> {
                    Self::new(ShiftKind::$kind, amount)
                }
            )*

            /// No shift.
            pub const NONE: $ty = $ty(0);

            #[doc = concat!("A shift of this kind by `amount` bits, below ", $size, "; `None` also for a kind that the operation has not.")]
            #[inline]
            pub const fn new(kind: ShiftKind, amount: u32) -> Option<Self> {
                if kind.bits() < $types && amount < $size { Some($ty((kind as u8) << 6 | amount as u8)) } else { None }
            }

            /// How it shifts.
            #[inline]
            pub const fn kind(self) -> ShiftKind {
                ShiftKind::ALL[(self.0 >> 6) as usize]
            }

            /// By how many bits it shifts.
            #[inline]
            pub const fn amount(self) -> u32 {
                (self.0 & 0x3F) as u32
            }

            /// Its value in the instruction: `shift:imm6`.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                let (shift, amount) = (bits >> 6, bits & 0x3F);
                if shift < $types && amount < $size { Some($ty(bits as u8)) } else { None }
            }
        }

        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                const NAMES: [&str; 4] = ["LSL", "LSR", "ASR", "ROR"];
                write!(f, "{} #{}", NAMES[self.kind() as usize], self.amount())
            }
        }
    )*};
}

shifts! {
    /// The shift of a 32-bit register operand.
    Shift32 32 3: lsl Lsl "left" lsr Lsr "right, zeros coming in" asr Asr "right, copies of the sign coming in";
    /// The shift of a 64-bit register operand.
    Shift64 64 3: lsl Lsl "left" lsr Lsr "right, zeros coming in" asr Asr "right, copies of the sign coming in";
    /// The shift of a 32-bit register operand of a logical operation.
    ShiftRor32 32 4: lsl Lsl "left" lsr Lsr "right, zeros coming in" asr Asr "right, copies of the sign coming in"
        ror Ror "right in a circle";
    /// The shift of a 64-bit register operand of a logical operation.
    ShiftRor64 64 4: lsl Lsl "left" lsr Lsr "right, zeros coming in" asr Asr "right, copies of the sign coming in"
        ror Ror "right in a circle";
}

impl From<Shift32> for ShiftRor32 {
    #[inline]
    fn from(shift: Shift32) -> Self {
        ShiftRor32(shift.0)
    }
}

impl From<Shift64> for ShiftRor64 {
    #[inline]
    fn from(shift: Shift64) -> Self {
        ShiftRor64(shift.0)
    }
}

macro_rules! extended_operand {
    ($($(#[$doc:meta])* $ty:ident $is_wide:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty(
            // Rm:option:imm3
            u16,
        );

        impl $ty {
            /// The operand, if its amount is at most 4; UXTX and SXTX are of registers as wide as the operation.
            #[inline]
            pub const fn new(register: ExtendedReg) -> Option<Self> {
                let is_whole = matches!(register.extend, Extend::Uxtx | Extend::Sxtx);
                if register.amount > 4 || is_whole && register.is_wide != $is_wide {
                    return None;
                }
                Self::from_bits((register.number as u32) << 6 | register.extend.bits() << 3 | register.amount as u32)
            }

            /// Its value in the instruction: `Rm:option:imm3`.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 1 << 11 && bits & 7 <= 4 { Some($ty(bits as u16)) } else { None }
            }
        }

        impl From<W> for $ty {
            #[inline]
            fn from(register: W) -> Self {
                $ty((register.number() as u16) << 6 | (Extend::Uxtw as u16) << 3)
            }
        }

        impl From<Gpr32> for $ty {
            #[inline]
            fn from(register: Gpr32) -> Self {
                W::from(register).into()
            }
        }

        impl TryFrom<ExtendedReg> for $ty {
            type Error = ExtendError;

            fn try_from(register: ExtendedReg) -> Result<Self, ExtendError> {
                Self::new(register).ok_or(ExtendError { register })
            }
        }
    )*};
}

extended_operand! {
    /// The extended register of a 32-bit ADD, SUB, CMP or CMN.
    Extended32 false;
    /// The extended register of a 64-bit ADD, SUB, CMP or CMN.
    Extended64 true;
}

impl From<X> for Extended64 {
    #[inline]
    fn from(register: X) -> Self {
        Extended64((register.number() as u16) << 6 | (Extend::Uxtx as u16) << 3)
    }
}

impl From<Gpr64> for Extended64 {
    #[inline]
    fn from(register: Gpr64) -> Self {
        X::from(register).into()
    }
}

/// The register that is added to a base address, where memory is accessed in units of 2<sup>`LOG2`</sup> bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Index<const LOG2: u32>(
    // Rm:option:S
    u16,
);

impl<const LOG2: u32> Index<LOG2> {
    /// The operand, if the register is extended from 32 bits or not at all, and shifted by `LOG2` or not at all.
    #[inline]
    pub const fn new(register: ExtendedReg) -> Option<Self> {
        match index_bits(register, LOG2) {
            Some(bits) => Some(Index(bits)),
            None => None,
        }
    }
}

/// The index that a register is, shifted by `log2` or not at all.
#[inline]
const fn index_bits(register: ExtendedReg, log2: u32) -> Option<u16> {
    let amount = register.amount as u32;
    // Extensions from 32 and 64 bits have bit 1, those from 64 bits bit 0, too.
    let is_address = match register.extend.bits() & 3 {
        2 => true,
        3 => register.is_wide,
        _ => false,
    };
    if !is_address || (amount != 0 && amount != log2) {
        return None;
    }
    let scaled = amount == log2 && log2 != 0;
    Some(index_of_parts(register.number, register.extend, scaled as u16))
}

#[inline]
const fn index_of_parts(number: u8, extend: Extend, scaled: u16) -> u16 {
    (number as u16) << 4 | (extend as u16) << 1 | scaled
}

/// The register that is added to a base address, where the size of the access is a value: [`Load::index`] makes one of
/// a register that is shifted, and here are those that do not depend on the size.
///
/// [`Load::index`]: super::Load::index
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SizedIndex(
    // Rm:option:S
    u16,
);

impl SizedIndex {
    /// The operand, if the register is extended from 32 bits or not at all, and shifted by `log2` or not at all.
    #[inline]
    pub(super) const fn new(register: ExtendedReg, log2: u32) -> Option<Self> {
        match index_bits(register, log2) {
            Some(bits) => Some(SizedIndex(bits)),
            None => None,
        }
    }

    /// The zero-extended register.
    #[inline]
    pub fn uxtw(register: impl IntoOperand<W>) -> Self {
        SizedIndex(index_of_parts(register.into().number(), Extend::Uxtw, 0))
    }

    /// The sign-extended register.
    #[inline]
    pub fn sxtw(register: impl IntoOperand<W>) -> Self {
        SizedIndex(index_of_parts(register.into().number(), Extend::Sxtw, 0))
    }
}

macro_rules! indices {
    ($([$($generic:tt)*] $ty:ty, $of_bits:expr;)*) => {$(
        impl $($generic)* $ty {
            /// The register times the size of an access.
            #[inline]
            pub fn scaled(register: impl IntoOperand<X>) -> Self {
                $of_bits(index_of_parts(register.into().number(), Extend::Uxtx, 1))
            }

            /// The zero-extended register times the size of an access.
            #[inline]
            pub fn scaled_uxtw(register: impl IntoOperand<W>) -> Self {
                $of_bits(index_of_parts(register.into().number(), Extend::Uxtw, 1))
            }

            /// The sign-extended register times the size of an access.
            #[inline]
            pub fn scaled_sxtw(register: impl IntoOperand<W>) -> Self {
                $of_bits(index_of_parts(register.into().number(), Extend::Sxtw, 1))
            }

            /// Its value in the instruction: `Rm:option:S`.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                // bits<2> is bit 1 of the extension
                if bits < 1 << 9 && bits >> 2 & 1 == 1 { Some($of_bits(bits as u16)) } else { None }
            }
        }

        impl $($generic)* From<X> for $ty {
            #[inline]
            fn from(register: X) -> Self {
                $of_bits(index_of_parts(register.number(), Extend::Uxtx, 0))
            }
        }

        impl $($generic)* From<Gpr64> for $ty {
            #[inline]
            fn from(register: Gpr64) -> Self {
                X::from(register).into()
            }
        }
    )*};
}

indices! {
    [<const LOG2: u32>] Index<LOG2>, Index;
    [] SizedIndex, SizedIndex;
}

impl<const LOG2: u32> TryFrom<ExtendedReg> for Index<LOG2> {
    type Error = ExtendError;

    fn try_from(register: ExtendedReg) -> Result<Self, ExtendError> {
        Self::new(register).ok_or(ExtendError { register })
    }
}

/// The instruction cannot extend or shift a register like this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtendError {
    /// The register.
    pub register: ExtendedReg,
}

impl fmt::Display for ExtendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ExtendedReg { number, extend, amount, is_wide } = self.register;
        let file = if is_wide { 'X' } else { 'W' };
        write!(f, "{file}{number}, {extend:?} and shifted by {amount}, is no operand here")
    }
}

impl core::error::Error for ExtendError {}

#[cfg(test)]
mod tests {
    use super::super::reg::*;
    use super::*;

    #[test]
    fn extended_edges() {
        assert_eq!(Extended64::new(W3.uxtb(4)).map(Extended64::bits), Some(3 << 6 | 4));
        assert_eq!(Extended64::new(W3.uxtb(5)), None);
        assert_eq!(Extended64::new(X3.sxtx(1)).map(Extended64::bits), Some(3 << 6 | 7 << 3 | 1));
        assert_eq!(Extended32::new(W3.sxtx(1)).map(Extended32::bits), Some(3 << 6 | 7 << 3 | 1));
        assert_eq!((Extended32::new(X3.sxtx(1)), Extended64::new(W3.uxtx(0))), (None, None));
        assert_eq!(Extended64::from(X3).bits(), 3 << 6 | 3 << 3);
        assert_eq!(Extended64::new(X3.lsl(255)), None);
        assert_eq!(Extended64::new(X3.lsl(8)), None);
    }

    #[test]
    fn index_edges() {
        assert_eq!(Index::<3>::new(X1.lsl(3)), Some(Index::scaled(X1)));
        assert_eq!(Index::<3>::new(X1.lsl(0)), Some(Index::from(X1)));
        assert_eq!(Index::<3>::new(X1.lsl(2)), None);
        assert_eq!(Index::<0>::new(X1.lsl(0)).map(Index::bits), Some(1 << 4 | 3 << 1));
        assert_eq!(Index::<2>::new(W1.sxtw(2)), Some(Index::scaled_sxtw(W1)));
        assert_eq!((Index::<2>::new(W1.uxth(2)), Index::<2>::new(W1.uxtx(2))), (None, None));
        assert_eq!(Index::<0>::scaled(XZR).bits(), 31 << 4 | 3 << 1 | 1);
        assert_eq!(Index::<0>::scaled_uxtw(WZR).bits(), 31 << 4 | 2 << 1 | 1);
        assert_eq!((0..1 << 9).filter_map(Index::<2>::from_bits).count(), 256);
    }

    #[test]
    fn shift_edges() {
        assert_eq!(Shift32::lsl(31).map(Shift32::bits), Some(31));
        assert_eq!((Shift32::lsl(32), Shift64::asr(64)), (None, None));
        assert_eq!(ShiftRor64::ror(63).map(ShiftRor64::bits), Some(0xFF));
        assert_eq!((Shift64::from_bits(0xC0), Shift32::from_bits(0x20)), (None, None));
        assert_eq!(Shift64::lsr(4).map(ShiftRor64::from), ShiftRor64::lsr(4));
    }
}
