//! Registers.
//!
//! Register 31 is SP in some places and ZR in others, so the two have types of their own: [`X`] and [`W`] hold the
//! general registers and ZR, [`XSp`] and [`WSp`] the general registers and SP. The constants [`X0`] to [`X30`] are
//! neither ([`Gpr64`]) and convert to both, so `enc.add_x_imm(X0, SP, ...)` compiles and `enc.add_x_imm(X0, XZR, ...)`
//! does not.

use super::vector::{
    LaneB, LaneBLow, LaneD, LaneH, LaneHLow, LaneS, LutSegment, PairH, PairHLow, PairS, V1D, V1Q, V2D, V2H, V2S, V4H,
    V4S, V8B, V8H, V16B,
};
use core::fmt;

/// A register class whose numbers go straight into a field.
macro_rules! class {
    ($(#[$doc:meta])* $ty:ident, $count:literal: $($name:ident $number:literal)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $ty(u8);

        impl $ty {
            #[doc = concat!("The register with this number, below ", $count, ".")]
            #[inline(always)]
            pub const fn new(number: u8) -> Option<Self> {
                if number < $count { Some($ty(number)) } else { None }
            }

            #[doc = concat!("The register with this number modulo ", $count, ": for a register allocator's numbers, which are below ", $count, " anyway.")]
            #[inline(always)]
            pub const fn wrapping(number: u8) -> Self {
                $ty(number % $count)
            }

            /// Its number in encodings.
            #[inline(always)]
            pub const fn number(self) -> u8 {
                self.0
            }

            /// Its value in the instruction.
            #[inline(always)]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            #[doc = concat!("The operand with these bits, below ", $count, ".")]
            #[inline(always)]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < $count { Some($ty(bits as u8)) } else { None }
            }
        }

        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self.0 {
                    $($number => stringify!($name),)*
                    // Invariant: every constructor keeps the number below the count.
                    _ => "?",
                })
            }
        }

        $(
            #[doc = concat!("Register ", stringify!($name), ".")]
            pub const $name: $ty = $ty($number);
        )*
    };
}

class!(
    /// A 64-bit general register: not SP, not XZR. Converts to [`X`] and [`XSp`].
    Gpr64, 31: X0 0 X1 1 X2 2 X3 3 X4 4 X5 5 X6 6 X7 7 X8 8 X9 9 X10 10 X11 11 X12 12 X13 13 X14 14 X15 15 X16 16 X17 17
    X18 18 X19 19 X20 20 X21 21 X22 22 X23 23 X24 24 X25 25 X26 26 X27 27 X28 28 X29 29 X30 30
);
class!(
    /// A 32-bit general register: not WSP, not WZR. Converts to [`W`] and [`WSp`].
    Gpr32, 31: W0 0 W1 1 W2 2 W3 3 W4 4 W5 5 W6 6 W7 7 W8 8 W9 9 W10 10 W11 11 W12 12 W13 13 W14 14 W15 15 W16 16 W17 17
    W18 18 W19 19 W20 20 W21 21 W22 22 W23 23 W24 24 W25 25 W26 26 W27 27 W28 28 W29 29 W30 30
);
class!(
    /// The lowest byte of a vector register.
    B, 32: B0 0 B1 1 B2 2 B3 3 B4 4 B5 5 B6 6 B7 7 B8 8 B9 9 B10 10 B11 11 B12 12 B13 13 B14 14 B15 15 B16 16 B17 17
    B18 18 B19 19 B20 20 B21 21 B22 22 B23 23 B24 24 B25 25 B26 26 B27 27 B28 28 B29 29 B30 30 B31 31
);
class!(
    /// The low 16 bits of a vector register: half precision.
    H, 32: H0 0 H1 1 H2 2 H3 3 H4 4 H5 5 H6 6 H7 7 H8 8 H9 9 H10 10 H11 11 H12 12 H13 13 H14 14 H15 15 H16 16 H17 17
    H18 18 H19 19 H20 20 H21 21 H22 22 H23 23 H24 24 H25 25 H26 26 H27 27 H28 28 H29 29 H30 30 H31 31
);
class!(
    /// The low 32 bits of a vector register: single precision.
    S, 32: S0 0 S1 1 S2 2 S3 3 S4 4 S5 5 S6 6 S7 7 S8 8 S9 9 S10 10 S11 11 S12 12 S13 13 S14 14 S15 15 S16 16 S17 17
    S18 18 S19 19 S20 20 S21 21 S22 22 S23 23 S24 24 S25 25 S26 26 S27 27 S28 28 S29 29 S30 30 S31 31
);
class!(
    /// The low 64 bits of a vector register: double precision.
    D, 32: D0 0 D1 1 D2 2 D3 3 D4 4 D5 5 D6 6 D7 7 D8 8 D9 9 D10 10 D11 11 D12 12 D13 13 D14 14 D15 15 D16 16 D17 17
    D18 18 D19 19 D20 20 D21 21 D22 22 D23 23 D24 24 D25 25 D26 26 D27 27 D28 28 D29 29 D30 30 D31 31
);
class!(
    /// All 128 bits of a vector register, as one value.
    Q, 32: Q0 0 Q1 1 Q2 2 Q3 3 Q4 4 Q5 5 Q6 6 Q7 7 Q8 8 Q9 9 Q10 10 Q11 11 Q12 12 Q13 13 Q14 14 Q15 15 Q16 16 Q17 17
    Q18 18 Q19 19 Q20 20 Q21 21 Q22 22 Q23 23 Q24 24 Q25 25 Q26 26 Q27 27 Q28 28 Q29 29 Q30 30 Q31 31
);
class!(
    /// A vector register; with an arrangement (`V3.v4s()`) or as an element (`V3.s(1)`) it is an operand.
    V, 32: V0 0 V1 1 V2 2 V3 3 V4 4 V5 5 V6 6 V7 7 V8 8 V9 9 V10 10 V11 11 V12 12 V13 13 V14 14 V15 15 V16 16 V17 17
    V18 18 V19 19 V20 20 V21 21 V22 22 V23 23 V24 24 V25 25 V26 26 V27 27 V28 28 V29 29 V30 30 V31 31
);

/// Both of a pair of types that share register 31.
macro_rules! general {
    ($(#[$doc:meta])* $ty:ident, $plain:ident, $(#[$doc31:meta])* $name31:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $ty(u8);

        $(#[$doc31])*
        pub const $name31: $ty = $ty(31);

        impl $ty {
            #[doc = concat!("The register with this number, at most 31, which is ", stringify!($name31), ".")]
            #[inline(always)]
            pub const fn new(number: u8) -> Option<Self> {
                if number < 32 { Some($ty(number)) } else { None }
            }

            /// The register with this number modulo 32: for a register allocator's numbers, which are below 32 anyway.
            #[inline(always)]
            pub const fn wrapping(number: u8) -> Self {
                $ty(number % 32)
            }

            /// Its number in encodings.
            #[inline(always)]
            pub const fn number(self) -> u8 {
                self.0
            }

            /// Its value in the instruction.
            #[inline(always)]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits, below 32.
            #[inline(always)]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 32 { Some($ty(bits as u8)) } else { None }
            }

            #[doc = concat!("The general register, unless this is ", stringify!($name31), ".")]
            #[inline(always)]
            pub const fn general(self) -> Option<$plain> {
                $plain::new(self.0)
            }
        }

        impl From<$plain> for $ty {
            #[inline(always)]
            fn from(register: $plain) -> Self {
                $ty(register.0)
            }
        }

        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.general() {
                    Some(register) => register.fmt(f),
                    None => f.write_str(stringify!($name31)),
                }
            }
        }
    };
}

general!(
    /// A 64-bit general register or XZR.
    X, Gpr64,
    /// The 64-bit zero register.
    XZR
);
general!(
    /// A 32-bit general register or WZR.
    W, Gpr32,
    /// The 32-bit zero register.
    WZR
);
general!(
    /// A 64-bit general register or SP.
    XSp, Gpr64,
    /// The stack pointer.
    SP
);
general!(
    /// A 32-bit general register or WSP.
    WSp, Gpr32,
    /// The low half of the stack pointer.
    WSP
);

/// Register 31 of one type is not that of the other, and the rest are the same.
macro_rules! general_of_both {
    ($($ty:ident $other:ident)*) => {$(
        impl TryFrom<$other> for $ty {
            type Error = $other;

            #[inline]
            fn try_from(register: $other) -> Result<Self, $other> {
                register.general().map($ty::from).ok_or(register)
            }
        }
    )*};
}

general_of_both!(X XSp  XSp X  W WSp  WSp W);

impl Gpr64 {
    /// The register's low half.
    #[inline(always)]
    pub const fn w(self) -> Gpr32 {
        Gpr32(self.0)
    }
}

impl Gpr32 {
    /// The register whose low half this is.
    #[inline(always)]
    pub const fn x(self) -> Gpr64 {
        Gpr64(self.0)
    }
}

impl X {
    /// The register's low half.
    #[inline(always)]
    pub const fn w(self) -> W {
        W(self.0)
    }
}

impl W {
    /// The register whose low half this is.
    #[inline(always)]
    pub const fn x(self) -> X {
        X(self.0)
    }
}

impl XSp {
    /// The register's low half.
    #[inline(always)]
    pub const fn w(self) -> WSp {
        WSp(self.0)
    }
}

impl WSp {
    /// The register whose low half this is.
    #[inline(always)]
    pub const fn x(self) -> XSp {
        XSp(self.0)
    }
}

/// Other widths of a vector register as a scalar: `D3.s()` is S3. (`V3.s(1)` is an element.)
macro_rules! scalars {
    ($($from:ident: $($method:ident $to:ident $text:literal)*;)*) => {$(
        impl $from {$(
            #[doc = concat!($text, " of the register.")]
            #[inline(always)]
            pub const fn $method(self) -> $to {
                $to(self.0)
            }
        )*

            /// The vector register that this is a part of.
            #[inline(always)]
            pub const fn v(self) -> V {
                V(self.0)
            }
        }
    )*};
}

scalars! {
    B: h H "The low 16 bits" s S "The low 32 bits" d D "The low 64 bits" q Q "All 128 bits";
    H: b B "The lowest byte" s S "The low 32 bits" d D "The low 64 bits" q Q "All 128 bits";
    S: b B "The lowest byte" h H "The low 16 bits" d D "The low 64 bits" q Q "All 128 bits";
    D: b B "The lowest byte" h H "The low 16 bits" s S "The low 32 bits" q Q "All 128 bits";
    Q: b B "The lowest byte" h H "The low 16 bits" s S "The low 32 bits" d D "The low 64 bits";
}

/// Consecutive registers that are one operand, by the first of them, which is even and at most the last that so many
/// can begin with.
macro_rules! consecutive {
    ($(#[$doc:meta])* $ty:ident of $single:ident, at most $last:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty(u8);

        impl $ty {
            #[doc = concat!("The registers that begin with this one; `None` if its number is odd or above ", $last, ".")]
            #[inline(always)]
            pub const fn new(first: $single) -> Option<Self> {
                Self::from_bits(first.number() as u32)
            }

            /// Its first register's number.
            #[inline(always)]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            #[doc = concat!("The operand with these bits, even and at most ", $last, ".")]
            #[inline(always)]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits <= $last && bits % 2 == 0 { Some($ty(bits as u8)) } else { None }
            }
        }
    };
}

consecutive! {
    /// Two consecutive 64-bit registers, the first of them even; the last pair is X30 and XZR.
    XPair of Gpr64, at most 30
}
consecutive! {
    /// Two consecutive 32-bit registers, the first of them even; the last pair is W30 and WZR.
    WPair of Gpr32, at most 30
}
consecutive! {
    /// Eight consecutive 64-bit registers, the first of them even, and X22 at most: 64 bytes that are loaded or stored
    /// as one.
    XOctet of Gpr64, at most 22
}

macro_rules! pair_debug {
    ($($ty:ident, $single:ident, $general:ident;)*) => {$(
        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match $general::new(self.0 + 1) {
                    Some(second) => write!(f, "{:?}, {second:?}", $single(self.0)),
                    // Not reached: the number is even and below 32.
                    None => write!(f, "{:?}, ?", $single(self.0)),
                }
            }
        }
    )*};
}

pair_debug! {
    XPair, Gpr64, X;
    WPair, Gpr32, W;
}

impl fmt::Debug for XOctet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "X{}, ..., X{}", self.0, self.0 + 7)
    }
}

macro_rules! views {
    ($($method:ident $ty:ident $text:literal)*) => {
        impl V {$(
            #[doc = concat!("The register as ", $text, ".")]
            #[inline(always)]
            pub const fn $method(self) -> $ty {
                $ty::of_register(self)
            }
        )*}
    };
}

views! {
    v8b V8B "8 bytes"
    v16b V16B "16 bytes"
    v2h V2H "2 halfwords"
    v4h V4H "4 halfwords"
    v8h V8H "8 halfwords"
    v2s V2S "2 words"
    v4s V4S "4 words"
    v1d V1D "one doubleword"
    v2d V2D "2 doublewords"
    v1q V1Q "one quadword"
}

impl V {
    /// All 128 bits, as one value. Narrower ones come from it: `V3.q().d()` is D3.
    #[inline(always)]
    pub const fn q(self) -> Q {
        Q(self.0)
    }

    /// The byte `lane`, below 16.
    #[inline(always)]
    pub const fn b(self, lane: u8) -> Option<LaneB> {
        LaneB::new(self, lane)
    }

    /// The byte `lane`, below 16, for the instructions that reach V0 to V7 only; `None` for other registers.
    #[inline(always)]
    pub const fn b_low(self, lane: u8) -> Option<LaneBLow> {
        LaneBLow::new(self, lane)
    }

    /// The halfword `lane`, below 8.
    #[inline(always)]
    pub const fn h(self, lane: u8) -> Option<LaneH> {
        LaneH::new(self, lane)
    }

    /// The halfword `lane`, below 8, for the instructions that reach V0 to V15 only; `None` for other registers.
    #[inline(always)]
    pub const fn h_low(self, lane: u8) -> Option<LaneHLow> {
        LaneHLow::new(self, lane)
    }

    /// The word `lane`, below 4.
    #[inline(always)]
    pub const fn s(self, lane: u8) -> Option<LaneS> {
        LaneS::new(self, lane)
    }

    /// The doubleword `lane`, below 2.
    #[inline(always)]
    pub const fn d(self, lane: u8) -> Option<LaneD> {
        LaneD::new(self, lane)
    }

    /// The complex number `index`, below 4, of halfwords.
    #[inline(always)]
    pub const fn pair_h(self, index: u8) -> Option<PairH> {
        PairH::new(self, index)
    }

    /// The complex number `index`, below 2, of halfwords in the low half.
    #[inline(always)]
    pub const fn pair_h_low(self, index: u8) -> Option<PairHLow> {
        PairHLow::new(self, index)
    }

    /// The complex number `index`, below 2, of words.
    #[inline(always)]
    pub const fn pair_s(self, index: u8) -> Option<PairS> {
        PairS::new(self, index)
    }

    /// The segment `index`, below `COUNT`, of indices into a table.
    #[inline(always)]
    pub const fn segment<const COUNT: u32>(self, index: u8) -> Option<LutSegment<COUNT>> {
        LutSegment::new(self, index)
    }
}
