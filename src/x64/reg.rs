//! Registers.
//!
//! A register is its number; what may stand where is a matter of types. `Gpr8` is the sixteen low bytes, four of which
//! (spl, bpl, sil, dil) exist only with a REX prefix; `Gpr8h` is the eight byte registers without REX, among them ah,
//! ch, dh and bh. The first sixteen vector registers ([`Xmm`], [`Ymm`]) go into every encoding, all thirty-two
//! ([`EXmm`], [`EYmm`], [`Zmm`]) only into EVEX; so with general registers and APX ([`EGpr32`], [`EGpr64`]).

use super::operand::{AnyAddress, ExtendedAddress, Reg, RegRule, RegisterClass};

/// A class of registers, whose numbers set bits by `$rule`.
macro_rules! class {
    ($(#[$doc:meta])* $ty:ident, $count:literal, $rule:ident) => {
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

            /// The number in encodings.
            #[inline(always)]
            pub const fn number(self) -> u8 {
                self.0
            }
        }

        impl RegisterClass for $ty {
            #[inline(always)]
            fn reg(self) -> Reg {
                Reg::new(RegRule::$rule, self.0)
            }
        }
    };
}

/// Constants for registers of a class.
macro_rules! constants {
    ($ty:ident: $($name:ident $number:literal)*) => {$(
        #[doc = concat!("Register ", stringify!($name), ".")]
        pub const $name: $ty = $ty($number);
    )*};
}

macro_rules! registers {
    ($(#[$doc:meta])* $ty:ident, $count:literal, $rule:ident: $($name:ident $number:literal)*) => {
        class!($(#[$doc])* $ty, $count, $rule);
        constants!($ty: $($name $number)*);

        impl core::fmt::Debug for $ty {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(match self.0 {
                    $($number => stringify!($name),)*
                    // Invariant: every constructor keeps the number below the count.
                    _ => "?",
                })
            }
        }
    };
}

/// The first sixteen registers of an extended class keep their plain names and types.
macro_rules! extended {
    ($(#[$doc:meta])* $ty:ident, from $plain:ident, $count:literal, $rule:ident: $($name:ident $number:literal)*) => {
        class!($(#[$doc])* $ty, $count, $rule);
        constants!($ty: $($name $number)*);

        impl From<$plain> for $ty {
            #[inline(always)]
            fn from(register: $plain) -> Self {
                $ty(register.0)
            }
        }

        impl core::fmt::Debug for $ty {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(match self.0 {
                    $($number => stringify!($name),)*
                    plain => return $plain(plain).fmt(f),
                })
            }
        }
    };
}

registers!(
    /// A 64-bit general register.
    Gpr64, 16, Plain: RAX 0 RCX 1 RDX 2 RBX 3 RSP 4 RBP 5 RSI 6 RDI 7 R8 8 R9 9 R10 10 R11 11 R12 12 R13 13 R14 14 R15 15
);
registers!(
    /// A 32-bit general register.
    Gpr32, 16, Plain: EAX 0 ECX 1 EDX 2 EBX 3 ESP 4 EBP 5 ESI 6 EDI 7 R8D 8 R9D 9 R10D 10 R11D 11 R12D 12 R13D 13 R14D 14
    R15D 15
);
registers!(
    /// A 16-bit general register.
    Gpr16, 16, Plain: AX 0 CX 1 DX 2 BX 3 SP 4 BP 5 SI 6 DI 7 R8W 8 R9W 9 R10W 10 R11W 11 R12W 12 R13W 13 R14W 14 R15W 15
);
registers!(
    /// The low byte of a general register. SPL, BPL, SIL and DIL take a REX prefix.
    Gpr8, 16, Byte: AL 0 CL 1 DL 2 BL 3 SPL 4 BPL 5 SIL 6 DIL 7 R8B 8 R9B 9 R10B 10 R11B 11 R12B 12 R13B 13 R14B 14
    R15B 15
);
registers!(
    /// A byte register of an instruction without a REX prefix: the low or high byte of RAX, RCX, RDX, RBX.
    ///
    /// AL, CL, DL and BL are `LOW_AL`, ... here, since their plain names are the [`Gpr8`]s.
    Gpr8h, 8, Plain: LOW_AL 0 LOW_CL 1 LOW_DL 2 LOW_BL 3 AH 4 CH 5 DH 6 BH 7
);
registers!(
    /// A 128-bit vector register.
    Xmm, 16, Vector: XMM0 0 XMM1 1 XMM2 2 XMM3 3 XMM4 4 XMM5 5 XMM6 6 XMM7 7 XMM8 8 XMM9 9 XMM10 10 XMM11 11 XMM12 12
    XMM13 13 XMM14 14 XMM15 15
);
registers!(
    /// A 256-bit vector register.
    Ymm, 16, Vector: YMM0 0 YMM1 1 YMM2 2 YMM3 3 YMM4 4 YMM5 5 YMM6 6 YMM7 7 YMM8 8 YMM9 9 YMM10 10 YMM11 11 YMM12 12
    YMM13 13 YMM14 14 YMM15 15
);
registers!(
    /// A 512-bit vector register.
    Zmm, 32, Vector: ZMM0 0 ZMM1 1 ZMM2 2 ZMM3 3 ZMM4 4 ZMM5 5 ZMM6 6 ZMM7 7 ZMM8 8 ZMM9 9 ZMM10 10 ZMM11 11 ZMM12 12
    ZMM13 13 ZMM14 14 ZMM15 15 ZMM16 16 ZMM17 17 ZMM18 18 ZMM19 19 ZMM20 20 ZMM21 21 ZMM22 22 ZMM23 23 ZMM24 24 ZMM25 25
    ZMM26 26 ZMM27 27 ZMM28 28 ZMM29 29 ZMM30 30 ZMM31 31
);
class!(
    /// A mask register: K0, or one of the [`WriteMask`]s.
    K, 8, Plain
);
constants!(K: K0 0);

/// A mask register that can mask elements: K1 to K7. (Where a mask goes, the number of K0 says that there is none.)
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteMask(u8);

constants!(WriteMask: K1 1 K2 2 K3 3 K4 4 K5 5 K6 6 K7 7);

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

/// Two consecutive mask registers, the first of them even.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KPair(u8);

impl KPair {
    /// The pair that begins with this register; `None` if its number is odd.
    pub const fn new(first: K) -> Option<Self> {
        if first.0 & 1 == 0 { Some(KPair(first.0)) } else { None }
    }

    /// The first register.
    pub const fn first(self) -> K {
        K(self.0)
    }
}

impl RegisterClass for KPair {
    #[inline(always)]
    fn reg(self) -> Reg {
        self.first().reg()
    }
}

impl core::fmt::Debug for KPair {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "K{}, K{}", self.0, self.0 + 1)
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
    Tmm, 8, Plain: TMM0 0 TMM1 1 TMM2 2 TMM3 3 TMM4 4 TMM5 5 TMM6 6 TMM7 7
);
registers!(
    /// A register of the x87 stack, counted from its top.
    St, 8, Plain: ST0 0 ST1 1 ST2 2 ST3 3 ST4 4 ST5 5 ST6 6 ST7 7
);
registers!(
    /// A 64-bit register of MMX, which shares its bits with the x87 stack.
    Mm, 8, Plain: MM0 0 MM1 1 MM2 2 MM3 3 MM4 4 MM5 5 MM6 6 MM7 7
);

/// A control register. The numbers between these are reserved.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cr(u8);

constants!(Cr: CR0 0 CR2 2 CR3 3 CR4 4 CR8 8);

impl Cr {
    /// The register with this number: 0, 2, 3, 4 or 8.
    #[inline(always)]
    pub const fn new(number: u8) -> Option<Self> {
        if matches!(number, 0 | 2..=4 | 8) { Some(Cr(number)) } else { None }
    }

    /// The number in encodings.
    #[inline(always)]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl RegisterClass for Cr {
    #[inline(always)]
    fn reg(self) -> Reg {
        Reg::new(RegRule::Plain, self.0)
    }
}

impl core::fmt::Debug for Cr {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "CR{}", self.0)
    }
}

registers!(
    /// A debug register. DR4 and DR5 are other names of DR6 and DR7, or none, as CR4 says.
    Dr, 8, Plain: DR0 0 DR1 1 DR2 2 DR3 3 DR4 4 DR5 5 DR6 6 DR7 7
);
registers!(
    /// A segment register.
    Sreg, 6, Plain: ES 0 CS 1 SS 2 DS 3 FS 4 GS 5
);
extended!(
    /// A 128-bit vector register of an EVEX instruction.
    EXmm, from Xmm, 32, Vector: XMM16 16 XMM17 17 XMM18 18 XMM19 19 XMM20 20 XMM21 21 XMM22 22 XMM23 23 XMM24 24
    XMM25 25 XMM26 26 XMM27 27 XMM28 28 XMM29 29 XMM30 30 XMM31 31
);
extended!(
    /// A 256-bit vector register of an EVEX instruction.
    EYmm, from Ymm, 32, Vector: YMM16 16 YMM17 17 YMM18 18 YMM19 19 YMM20 20 YMM21 21 YMM22 22 YMM23 23 YMM24 24
    YMM25 25 YMM26 26 YMM27 27 YMM28 28 YMM29 29 YMM30 30 YMM31 31
);
extended!(
    /// A 64-bit general register of an APX instruction.
    EGpr64, from Gpr64, 32, Plain: R16 16 R17 17 R18 18 R19 19 R20 20 R21 21 R22 22 R23 23 R24 24 R25 25 R26 26 R27 27
    R28 28 R29 29 R30 30 R31 31
);
extended!(
    /// A 32-bit general register of an APX instruction.
    EGpr32, from Gpr32, 32, Plain: R16D 16 R17D 17 R18D 18 R19D 19 R20D 20 R21D 21 R22D 22 R23D 23 R24D 24 R25D 25 R26D 26
    R27D 27 R28D 28 R29D 29 R30D 30 R31D 31
);

macro_rules! addresses {
    ($address:ident: $($ty:ident)*) => {$(impl $address for $ty {})*};
}

addresses!(AnyAddress: Gpr8 Gpr16 Gpr32 Gpr64 EGpr8 EGpr16 EGpr32 EGpr64 Xmm Ymm Zmm EXmm EYmm K Mm);
addresses!(ExtendedAddress: EGpr8 EGpr16 EGpr32 EGpr64 Zmm EXmm EYmm);

extended!(
    /// The low byte of a general register in an APX instruction.
    EGpr8, from Gpr8, 32, Plain: R16B 16 R17B 17 R18B 18 R19B 19 R20B 20 R21B 21 R22B 22 R23B 23 R24B 24 R25B 25 R26B 26
    R27B 27 R28B 28 R29B 29 R30B 30 R31B 31
);
extended!(
    /// A 16-bit general register of an APX instruction.
    EGpr16, from Gpr16, 32, Plain: R16W 16 R17W 17 R18W 18 R19W 19 R20W 20 R21W 21 R22W 22 R23W 23 R24W 24 R25W 25 R26W 26
    R27W 27 R28W 28 R29W 29 R30W 30 R31W 31
);

/// Other widths of the registers of a class: `RAX.r32()` is EAX, and `EAX.r64()` is RAX.
macro_rules! widths {
    ($($from:ident: $($method:ident $to:ident $bits:literal)*;)*) => {$(
        impl $from {$(
            #[doc = concat!("The ", $bits, " bits of the register, as an operand.")]
            #[inline(always)]
            pub const fn $method(self) -> $to {
                $to(self.0)
            }
        )*}
    )*};
}

widths! {
    Gpr8: r16 Gpr16 "16" r32 Gpr32 "32" r64 Gpr64 "64";
    Gpr16: r8 Gpr8 "low 8" r32 Gpr32 "32" r64 Gpr64 "64";
    Gpr32: r8 Gpr8 "low 8" r16 Gpr16 "low 16" r64 Gpr64 "64";
    Gpr64: r8 Gpr8 "low 8" r16 Gpr16 "low 16" r32 Gpr32 "low 32";
    EGpr8: r16 EGpr16 "16" r32 EGpr32 "32" r64 EGpr64 "64";
    EGpr16: r8 EGpr8 "low 8" r32 EGpr32 "32" r64 EGpr64 "64";
    EGpr32: r8 EGpr8 "low 8" r16 EGpr16 "low 16" r64 EGpr64 "64";
    EGpr64: r8 EGpr8 "low 8" r16 EGpr16 "low 16" r32 EGpr32 "low 32";
    Xmm: ymm Ymm "256" zmm Zmm "512";
    Ymm: xmm Xmm "low 128" zmm Zmm "512";
    Zmm: xmm EXmm "low 128" ymm EYmm "low 256";
    EXmm: ymm EYmm "256" zmm Zmm "512";
    EYmm: xmm EXmm "low 128" zmm Zmm "512";
}

/// The byte above the lowest one, and back.
macro_rules! high_bytes {
    ($($from:ident $back:ident)*) => {
        $(impl $from {
            /// The second byte of the register: AH, CH, DH or BH; the others have no name for it.
            #[inline(always)]
            pub const fn high_byte(self) -> Option<Gpr8h> {
                if self.0 < 4 { Some(Gpr8h(self.0 + 4)) } else { None }
            }
        })*

        impl Gpr8h {$(
            /// The register that the byte is a part of, be it the lowest or the second: A, C, D or B.
            #[inline(always)]
            pub const fn $back(self) -> $from {
                $from(self.0 % 4)
            }
        )*}
    };
}

high_bytes!(Gpr16 r16 Gpr32 r32 Gpr64 r64);

impl Gpr8 {
    /// The byte as an operand of an instruction without a REX prefix, which has names for AL, CL, DL and BL only.
    #[inline(always)]
    pub const fn without_rex(self) -> Option<Gpr8h> {
        if self.0 < 4 { Some(Gpr8h(self.0)) } else { None }
    }
}

/// The first sixteen of an extended class.
macro_rules! plain {
    ($($from:ident $to:ident)*) => {$(
        impl $from {
            #[doc = concat!("The register as a [`", stringify!($to), "`], if it is one of the first sixteen.")]
            #[inline(always)]
            pub const fn plain(self) -> Option<$to> {
                $to::new(self.0)
            }
        }
    )*};
}

plain!(EGpr8 Gpr8 EGpr16 Gpr16 EGpr32 Gpr32 EGpr64 Gpr64 EXmm Xmm EYmm Ymm);
