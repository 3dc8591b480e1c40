//! Registers.
//!
//! A register is its number; what may stand where is a matter of types. `Gpr8` is the sixteen low bytes, four of which (spl, bpl, sil, dil)
//! exist only with a REX prefix; `Gpr8h` is the eight byte registers without REX, among them ah, ch, dh and bh. The first sixteen vector registers
//! ([`Xmm`], [`Ymm`]) go into every encoding, all thirty-two ([`EXmm`], [`EYmm`], [`Zmm`]) only into EVEX; so with general registers and APX
//! ([`EGpr32`], [`EGpr64`]).

use super::{
    operand::{AnyAddress, RegisterClass},
    word::{Reg, Word},
};

/// A class of registers, whose ModRM parts are made by `$field`.
macro_rules! class {
    ($(#[$doc:meta])* $ty:ident, $count:literal, $field:ident) => {
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

            /// The number in encodings.
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub const fn number(self) -> u8 {
                self.0
            }
        }

        impl RegisterClass for $ty {
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn reg(self) -> Reg {
                Reg::$field(self.0)
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            fn rm(self) -> Word {
                Word::$field(self.0)
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            fn number(self) -> u8 {
                self.0
            }
        }
    };
}

/// Constants for the registers of a class, from a number on.
macro_rules! constants {
    ($ty:ident, $number:expr, $name:ident $($rest:ident)*) => {
        #[doc = concat!("Register ", stringify!($name), ".")]
        pub const $name: $ty = $ty($number);
        constants!($ty, $number + 1, $($rest)*);
    };
    ($ty:ident, $number:expr,) => {};
}

macro_rules! registers {
    ($(#[$doc:meta])* $ty:ident, $count:literal, $field:ident: $($name:ident)*) => {
        class!($(#[$doc])* $ty, $count, $field);
        constants!($ty, 0, $($name)*);

        impl core::fmt::Debug for $ty {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                const NAMES: [&str; $count] = [$(stringify!($name)),*];
                f.write_str(NAMES[self.0 as usize])
            }
        }
    };
}

/// The first sixteen registers of an extended class keep their plain names and types.
macro_rules! extended {
    ($(#[$doc:meta])* $ty:ident, from $plain:ident, $count:literal, $field:ident: $($name:ident)*) => {
        class!($(#[$doc])* $ty, $count, $field);
        constants!($ty, 16, $($name)*);

        impl From<$plain> for $ty {
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn from(register: $plain) -> Self {
                $ty(register.0)
            }
        }

        impl core::fmt::Debug for $ty {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                const HIGH: [&str; 16] = [$(stringify!($name)),*];
                match $plain::new(self.0) {
                    Some(plain) => plain.fmt(f),
                    None => f.write_str(HIGH[self.0 as usize - 16]),
                }
            }
        }
    };
}

registers!(
    /// A 64-bit general register.
    Gpr64, 16, gpr: RAX RCX RDX RBX RSP RBP RSI RDI R8 R9 R10 R11 R12 R13 R14 R15
);
registers!(
    /// A 32-bit general register.
    Gpr32, 16, gpr: EAX ECX EDX EBX ESP EBP ESI EDI R8D R9D R10D R11D R12D R13D R14D R15D
);
registers!(
    /// A 16-bit general register.
    Gpr16, 16, gpr: AX CX DX BX SP BP SI DI R8W R9W R10W R11W R12W R13W R14W R15W
);
registers!(
    /// The low byte of a general register. SPL, BPL, SIL and DIL take a REX prefix.
    Gpr8, 16, gpr8: AL CL DL BL SPL BPL SIL DIL R8B R9B R10B R11B R12B R13B R14B R15B
);
registers!(
    /// A byte register of an instruction without a REX prefix: the low or high byte of RAX, RCX, RDX, RBX.
    ///
    /// AL, CL, DL and BL are `LOW_AL`, ... here, since their plain names are the [`Gpr8`]s.
    Gpr8h, 8, gpr: LOW_AL LOW_CL LOW_DL LOW_BL AH CH DH BH
);
registers!(
    /// A 128-bit vector register.
    Xmm, 16, vector: XMM0 XMM1 XMM2 XMM3 XMM4 XMM5 XMM6 XMM7 XMM8 XMM9 XMM10 XMM11 XMM12 XMM13 XMM14 XMM15
);
registers!(
    /// A 256-bit vector register.
    Ymm, 16, vector: YMM0 YMM1 YMM2 YMM3 YMM4 YMM5 YMM6 YMM7 YMM8 YMM9 YMM10 YMM11 YMM12 YMM13 YMM14 YMM15
);
registers!(
    /// A 512-bit vector register.
    Zmm, 32, vector: ZMM0 ZMM1 ZMM2 ZMM3 ZMM4 ZMM5 ZMM6 ZMM7 ZMM8 ZMM9 ZMM10 ZMM11 ZMM12 ZMM13 ZMM14 ZMM15
    ZMM16 ZMM17 ZMM18 ZMM19 ZMM20 ZMM21 ZMM22 ZMM23 ZMM24 ZMM25 ZMM26 ZMM27 ZMM28 ZMM29 ZMM30 ZMM31
);
class!(
    /// A mask register: K0, or one of the [`WriteMask`]s.
    K, 8, gpr
);
constants!(K, 0, K0);

/// A mask register that can mask elements: K1 to K7. (Where a mask goes, the number of K0 says that there is none.)
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteMask(u8);

constants!(WriteMask, 1, K1 K2 K3 K4 K5 K6 K7);

impl WriteMask {
    /// The register with this number, 1 to 7.
    pub const fn new(number: u8) -> Option<Self> {
        if 0 < number && number < 8 { Some(WriteMask(number)) } else { None }
    }

    /// The number in encodings.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl K {
    /// The register as one that can mask elements; `None` for K0.
    pub const fn write_mask(self) -> Option<WriteMask> {
        WriteMask::new(self.0)
    }
}

impl From<WriteMask> for K {
    fn from(mask: WriteMask) -> Self {
        K(mask.0)
    }
}

impl core::fmt::Debug for K {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "K{}", self.0)
    }
}

impl core::fmt::Debug for WriteMask {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        K::from(*self).fmt(f)
    }
}

registers!(
    /// A tile register (AMX).
    Tmm, 8, gpr: TMM0 TMM1 TMM2 TMM3 TMM4 TMM5 TMM6 TMM7
);
registers!(
    /// A register of the x87 stack, counted from its top.
    St, 8, gpr: ST0 ST1 ST2 ST3 ST4 ST5 ST6 ST7
);
registers!(
    /// A segment register.
    Sreg, 6, gpr: ES CS SS DS FS GS
);
extended!(
    /// A 128-bit vector register of an EVEX instruction.
    EXmm, from Xmm, 32, vector: XMM16 XMM17 XMM18 XMM19 XMM20 XMM21 XMM22 XMM23 XMM24 XMM25 XMM26 XMM27 XMM28 XMM29 XMM30 XMM31
);
extended!(
    /// A 256-bit vector register of an EVEX instruction.
    EYmm, from Ymm, 32, vector: YMM16 YMM17 YMM18 YMM19 YMM20 YMM21 YMM22 YMM23 YMM24 YMM25 YMM26 YMM27 YMM28 YMM29 YMM30 YMM31
);
extended!(
    /// A 64-bit general register of an APX instruction.
    EGpr64, from Gpr64, 32, gpr: R16 R17 R18 R19 R20 R21 R22 R23 R24 R25 R26 R27 R28 R29 R30 R31
);
extended!(
    /// A 32-bit general register of an APX instruction.
    EGpr32, from Gpr32, 32, gpr: R16D R17D R18D R19D R20D R21D R22D R23D R24D R25D R26D R27D R28D R29D R30D R31D
);

macro_rules! any_address {
    ($($ty:ident)*) => {$(impl AnyAddress for $ty {})*};
}

any_address!(Gpr8 Gpr16 Gpr32 Gpr64 EGpr8 EGpr16 EGpr32 EGpr64 Xmm Ymm Zmm EXmm EYmm K);

extended!(
    /// The low byte of a general register in an APX instruction.
    EGpr8, from Gpr8, 32, gpr: R16B R17B R18B R19B R20B R21B R22B R23B R24B R25B R26B R27B R28B R29B R30B R31B
);
extended!(
    /// A 16-bit general register of an APX instruction.
    EGpr16, from Gpr16, 32, gpr: R16W R17W R18W R19W R20W R21W R22W R23W R24W R25W R26W R27W R28W R29W R30W R31W
);

impl Gpr32 {
    /// The low half of a 64-bit register.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn low_half(register: Gpr64) -> Gpr32 {
        Gpr32(register.0)
    }
}
