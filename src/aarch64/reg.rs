//! Registers.
//!
//! Register 31 is SP in some places and ZR in others, so the two have types of their own: [`X`] and [`W`] hold the
//! general registers and ZR, [`XSp`] and [`WSp`] the general registers and SP. The constants [`X0`] to [`X30`] are
//! neither ([`Gpr64`]) and convert to both, so `enc.add_x_imm(X0, SP, ...)` compiles and `enc.add_x_imm(X0, XZR, ...)`
//! does not.

use super::vector::{LaneB, LaneD, LaneH, LaneHLow, LaneS, V1D, V1Q, V2D, V2H, V2S, V4H, V4S, V8B, V8H, V16B};
use core::fmt;

/// A register class whose numbers go straight into a field.
macro_rules! class {
    ($(#[$doc:meta])* $ty:ident, $count:literal: $($name:ident)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $ty(u8);

        impl $ty {
            #[doc = concat!("The register with this number, below ", $count, ".")]
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub const fn new(number: u8) -> Option<Self> {
                if number < $count { Some($ty(number)) } else { None }
            }

            #[doc = concat!("The register with this number modulo ", $count, ": for a register allocator's numbers, which are below ", $count, " anyway.")]
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub const fn wrapping(number: u8) -> Self {
                $ty(number % $count)
            }

            /// Its number in encodings.
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub const fn number(self) -> u8 {
                self.0
            }

            /// Its value in the instruction.
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            #[doc = concat!("The operand with these bits, below ", $count, ".")]
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < $count { Some($ty(bits as u8)) } else { None }
            }
        }

        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                const NAMES: [&str; $count] = [$(stringify!($name)),*];
                // Invariant: every constructor keeps the number below the count.
                f.write_str(NAMES.get(self.0 as usize).copied().unwrap_or("?"))
            }
        }

        class!(@consts $ty, 0, $($name)*);
    };
    (@consts $ty:ident, $number:expr, $name:ident $($rest:ident)*) => {
        #[doc = concat!("Register ", stringify!($name), ".")]
        pub const $name: $ty = $ty($number);
        class!(@consts $ty, $number + 1, $($rest)*);
    };
    (@consts $ty:ident, $number:expr,) => {};
}

class!(
    /// A 64-bit general register: not SP, not XZR. Converts to [`X`] and [`XSp`].
    Gpr64, 31: X0 X1 X2 X3 X4 X5 X6 X7 X8 X9 X10 X11 X12 X13 X14 X15
    X16 X17 X18 X19 X20 X21 X22 X23 X24 X25 X26 X27 X28 X29 X30
);
class!(
    /// A 32-bit general register: not WSP, not WZR. Converts to [`W`] and [`WSp`].
    Gpr32, 31: W0 W1 W2 W3 W4 W5 W6 W7 W8 W9 W10 W11 W12 W13 W14 W15
    W16 W17 W18 W19 W20 W21 W22 W23 W24 W25 W26 W27 W28 W29 W30
);
class!(
    /// The lowest byte of a vector register.
    B, 32: B0 B1 B2 B3 B4 B5 B6 B7 B8 B9 B10 B11 B12 B13 B14 B15
    B16 B17 B18 B19 B20 B21 B22 B23 B24 B25 B26 B27 B28 B29 B30 B31
);
class!(
    /// The low 16 bits of a vector register: half precision.
    H, 32: H0 H1 H2 H3 H4 H5 H6 H7 H8 H9 H10 H11 H12 H13 H14 H15
    H16 H17 H18 H19 H20 H21 H22 H23 H24 H25 H26 H27 H28 H29 H30 H31
);
class!(
    /// The low 32 bits of a vector register: single precision.
    S, 32: S0 S1 S2 S3 S4 S5 S6 S7 S8 S9 S10 S11 S12 S13 S14 S15
    S16 S17 S18 S19 S20 S21 S22 S23 S24 S25 S26 S27 S28 S29 S30 S31
);
class!(
    /// The low 64 bits of a vector register: double precision.
    D, 32: D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15
    D16 D17 D18 D19 D20 D21 D22 D23 D24 D25 D26 D27 D28 D29 D30 D31
);
class!(
    /// All 128 bits of a vector register, as one value.
    Q, 32: Q0 Q1 Q2 Q3 Q4 Q5 Q6 Q7 Q8 Q9 Q10 Q11 Q12 Q13 Q14 Q15
    Q16 Q17 Q18 Q19 Q20 Q21 Q22 Q23 Q24 Q25 Q26 Q27 Q28 Q29 Q30 Q31
);
class!(
    /// A vector register; with an arrangement (`V3.v4s()`) or as an element (`V3.s(1)`) it is an operand.
    V, 32: V0 V1 V2 V3 V4 V5 V6 V7 V8 V9 V10 V11 V12 V13 V14 V15
    V16 V17 V18 V19 V20 V21 V22 V23 V24 V25 V26 V27 V28 V29 V30 V31
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
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub const fn new(number: u8) -> Option<Self> {
                if number < 32 { Some($ty(number)) } else { None }
            }

            /// The register with this number modulo 32: for a register allocator's numbers, which are below 32 anyway.
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub const fn wrapping(number: u8) -> Self {
                $ty(number % 32)
            }

            /// Its number in encodings.
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub const fn number(self) -> u8 {
                self.0
            }

            /// Its value in the instruction.
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits, below 32.
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 32 { Some($ty(bits as u8)) } else { None }
            }

            #[doc = concat!("The general register, unless this is ", stringify!($name31), ".")]
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub const fn general(self) -> Option<$plain> {
                $plain::new(self.0)
            }
        }

        impl From<$plain> for $ty {
            #[cfg_attr(not(debug_assertions), inline(always))]
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

impl Gpr64 {
    /// The register's low half.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn w(self) -> Gpr32 {
        Gpr32(self.0)
    }
}

impl Gpr32 {
    /// The register whose low half this is.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn x(self) -> Gpr64 {
        Gpr64(self.0)
    }
}

impl X {
    /// The register's low half.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn w(self) -> W {
        W(self.0)
    }
}

impl W {
    /// The register whose low half this is.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn x(self) -> X {
        X(self.0)
    }
}

macro_rules! pair {
    ($(#[$doc:meta])* $ty:ident, $single:ident, $general:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty(u8);

        impl $ty {
            /// The pair that begins with this register; `None` if its number is odd.
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub const fn new(first: $single) -> Option<Self> {
                Self::from_bits(first.number() as u32)
            }

            /// Its first register's number.
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits, even and below 32.
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 32 && bits % 2 == 0 { Some($ty(bits as u8)) } else { None }
            }
        }

        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match $general::new(self.0 + 1) {
                    Some(second) => write!(f, "{:?}, {second:?}", $single(self.0)),
                    // Not reached: the number is even and below 32.
                    None => write!(f, "{:?}, ?", $single(self.0)),
                }
            }
        }
    };
}

pair!(
    /// Two consecutive 64-bit registers, the first of them even; the last pair is X30 and XZR.
    XPair, Gpr64, X
);
pair!(
    /// Two consecutive 32-bit registers, the first of them even; the last pair is W30 and WZR.
    WPair, Gpr32, W
);

macro_rules! views {
    ($($method:ident $ty:ident $text:literal)*) => {
        impl V {$(
            #[doc = concat!("The register as ", $text, ".")]
            #[cfg_attr(not(debug_assertions), inline(always))]
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
    /// The byte `lane`, below 16.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn b(self, lane: u8) -> Option<LaneB> {
        LaneB::new(self, lane)
    }

    /// The halfword `lane`, below 8.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn h(self, lane: u8) -> Option<LaneH> {
        LaneH::new(self, lane)
    }

    /// The halfword `lane`, below 8, for the instructions that reach V0 to V15 only; `None` for other registers.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn h_low(self, lane: u8) -> Option<LaneHLow> {
        LaneHLow::new(self, lane)
    }

    /// The word `lane`, below 4.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn s(self, lane: u8) -> Option<LaneS> {
        LaneS::new(self, lane)
    }

    /// The doubleword `lane`, below 2.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn d(self, lane: u8) -> Option<LaneD> {
        LaneD::new(self, lane)
    }
}
