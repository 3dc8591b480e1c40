//! What EVEX and APX add to operands: masks, zeroing, broadcast, rounding, default flags.
//!
//! A decoration belongs to its operand, as in the manual: `ZMM1.k(K2).z()`, `Mem::from(RDI).broadcast()`,
//! `ZMM3.rounded(Round::Up)`. An operand that a form may decorate is taken as `impl Into<MaskedZ<..>>`, so
//! a plain one does as well, and a decoration that the form does not have does not compile.

use super::{
    Mem, VMem,
    operand::{AnyAddress, RegisterClass, Rm},
    reg::{EXmm, EYmm, K, Xmm, Ymm, Zmm},
    word::Word,
};
use core::marker::PhantomData;

/// For generated code: what decorations change in the last payload byte of EVEX, and whether the memory operand is one element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decorations {
    set: u8,
    clear: u8,
    broadcast: bool,
}

impl Decorations {
    /// No decorations.
    pub const NONE: Decorations = Decorations { set: 0, clear: 0, broadcast: false };
    const Z: u8 = 0x80;
    const L: u8 = 0x60;
    const B: u8 = 0x10;

    const fn mask(mask: Option<K>, zeroing: bool) -> Self {
        let k = match mask {
            Some(k) => k.number(),
            None => 0,
        };
        Decorations { set: k | if zeroing { Self::Z } else { 0 }, clear: 0, broadcast: false }
    }

    /// These and those of another operand.
    #[inline]
    pub const fn and(self, other: Self) -> Self {
        Decorations {
            set: self.set | other.set,
            clear: self.clear | other.clear,
            broadcast: self.broadcast | other.broadcast,
        }
    }

    pub(crate) const fn set(self) -> u8 {
        self.set
    }

    pub(crate) const fn cleared(self) -> u8 {
        self.clear
    }

    pub(crate) const fn broadcast(self) -> bool {
        self.broadcast
    }
}

/// A rounding mode, which replaces MXCSR's and suppresses exceptions (`{rn-sae}`, ...).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// To nearest, ties to even.
    Nearest = 0,
    /// Toward negative infinity.
    Down = 1,
    /// Toward positive infinity.
    Up = 2,
    /// Toward zero.
    Zero = 3,
}

/// An operand with a mask: elements that are masked out keep their value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Masked<T> {
    operand: T,
    mask: Option<K>,
}

/// An operand with a mask: elements that are masked out keep their value, or become 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaskedZ<T> {
    operand: T,
    mask: Option<K>,
    zeroing: bool,
}

/// An operand with a mask other than K0, as gathers and scatters need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonZeroMasked<T> {
    operand: T,
    mask: K,
}

impl<T: Copy> Masked<T> {
    #[cfg(feature = "forms")]
    pub(super) const fn new(operand: T, mask: Option<K>) -> Self {
        Masked { operand, mask }
    }

    /// Elements that are masked out become 0.
    pub const fn z(self) -> MaskedZ<T> {
        MaskedZ { operand: self.operand, mask: self.mask, zeroing: true }
    }

    /// The operand for forms that need a mask; `None` for K0, which means none.
    pub const fn non_zero(self) -> Option<NonZeroMasked<T>> {
        match self.mask {
            Some(mask) if mask.number() != 0 => Some(NonZeroMasked { operand: self.operand, mask }),
            _ => None,
        }
    }

    /// For generated code: the operand without its mask.
    pub const fn operand(self) -> T {
        self.operand
    }

    /// For generated code: the mask's bits.
    pub const fn decorations(self) -> Decorations {
        Decorations::mask(self.mask, false)
    }
}

impl<T: Copy> MaskedZ<T> {
    /// For generated code: the operand without its mask.
    pub const fn operand(self) -> T {
        self.operand
    }

    /// For generated code: the mask's bits.
    pub const fn decorations(self) -> Decorations {
        Decorations::mask(self.mask, self.zeroing)
    }
}

impl<T: Copy> NonZeroMasked<T> {
    /// For generated code: the operand without its mask.
    pub const fn operand(self) -> T {
        self.operand
    }

    /// For generated code: the mask's bits.
    pub const fn decorations(self) -> Decorations {
        Decorations::mask(Some(self.mask), false)
    }
}

impl<T> From<Masked<T>> for MaskedZ<T> {
    fn from(masked: Masked<T>) -> Self {
        MaskedZ { operand: masked.operand, mask: masked.mask, zeroing: false }
    }
}

/// One element in memory, broadcast to all (`{1to8}`, ...).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broadcast(Mem);

impl Mem {
    /// One element, broadcast to all; its size is the form's.
    pub const fn broadcast(self) -> Broadcast {
        Broadcast(self)
    }

    /// The operand with a mask.
    pub const fn k(self, mask: K) -> Masked<Mem> {
        Masked { operand: self, mask: Some(mask) }
    }
}

impl<R: Copy> VMem<R> {
    /// The operand with a mask.
    pub const fn k(self, mask: K) -> Masked<VMem<R>> {
        Masked { operand: self, mask: Some(mask) }
    }
}

/// A register, memory, or one element of memory broadcast to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bcst<R> {
    word: Word,
    broadcast: bool,
    class: PhantomData<R>,
}

impl<R> Bcst<R> {
    const fn new(word: Word, broadcast: bool) -> Self {
        Bcst { word, broadcast, class: PhantomData }
    }

    /// For generated code: the operand as ModRM.rm.
    pub const fn rm(self) -> Word {
        self.word
    }

    /// For generated code: the broadcast's bits.
    pub const fn decorations(self) -> Decorations {
        let set = if self.broadcast { Decorations::B } else { 0 };
        Decorations { set, clear: 0, broadcast: self.broadcast }
    }
}

impl<R: RegisterClass> From<R> for Bcst<R> {
    fn from(register: R) -> Self {
        Bcst::new(register.rm(), false)
    }
}

impl<R: AnyAddress> From<Mem> for Bcst<R> {
    fn from(mem: Mem) -> Self {
        Bcst::new(mem.rm(), false)
    }
}

impl<R: AnyAddress> From<Broadcast> for Bcst<R> {
    fn from(element: Broadcast) -> Self {
        Bcst::new(element.0.rm(), true)
    }
}

/// A register with a rounding mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rounded<R> {
    register: R,
    round: Round,
}

/// A register whose operation suppresses exceptions (`{sae}`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suppressed<R> {
    register: R,
}

/// An operand that may have a rounding mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Er<T> {
    operand: T,
    decorations: Decorations,
}

/// An operand that may suppress exceptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sae<T> {
    operand: T,
    decorations: Decorations,
}

impl<T> From<T> for Masked<T> {
    fn from(operand: T) -> Self {
        Masked { operand, mask: None }
    }
}

impl<T> From<T> for MaskedZ<T> {
    fn from(operand: T) -> Self {
        MaskedZ { operand, mask: None, zeroing: false }
    }
}

/// `xmm/m128 {k1}{z}`: masked register, or masked memory, which has no zeroing.
impl<R: RegisterClass> From<R> for MaskedZ<Rm<R>> {
    fn from(register: R) -> Self {
        Rm::from(register).into()
    }
}

impl<R: RegisterClass> From<Masked<R>> for MaskedZ<Rm<R>> {
    fn from(masked: Masked<R>) -> Self {
        MaskedZ { operand: masked.operand.into(), mask: masked.mask, zeroing: false }
    }
}

impl<R: RegisterClass> From<MaskedZ<R>> for MaskedZ<Rm<R>> {
    fn from(masked: MaskedZ<R>) -> Self {
        MaskedZ { operand: masked.operand.into(), mask: masked.mask, zeroing: masked.zeroing }
    }
}

impl<R: AnyAddress> From<Mem> for MaskedZ<Rm<R>> {
    fn from(mem: Mem) -> Self {
        Rm::from(mem).into()
    }
}

impl<R: AnyAddress> From<Masked<Mem>> for MaskedZ<Rm<R>> {
    fn from(masked: Masked<Mem>) -> Self {
        MaskedZ { operand: masked.operand.into(), mask: masked.mask, zeroing: false }
    }
}

/// An operand under `Er` or `Sae`: a register alone, or one that may be memory.
trait Inner<R>: Copy + From<R> {
    fn inner_decorations(self) -> Decorations;
}

impl<R: RegisterClass> Inner<R> for R {
    fn inner_decorations(self) -> Decorations {
        Decorations::NONE
    }
}

impl<R: RegisterClass> Inner<R> for Rm<R> {
    fn inner_decorations(self) -> Decorations {
        Decorations::NONE
    }
}

impl<R: RegisterClass> Inner<R> for Bcst<R> {
    fn inner_decorations(self) -> Decorations {
        self.decorations()
    }
}

macro_rules! rounding {
    ($outer:ident, $decorated:ident, |$register:ident| $decorations:expr) => {
        impl<T: Copy> $outer<T> {
            /// For generated code: the operand without its decoration.
            pub const fn operand(self) -> T {
                self.operand
            }

            /// For generated code: the decoration's bits.
            pub const fn decorations(self) -> Decorations {
                self.decorations
            }
        }

        impl<R: RegisterClass> From<$decorated<R>> for $outer<R> {
            fn from($register: $decorated<R>) -> Self {
                $outer { operand: $register.register, decorations: $decorations }
            }
        }

        impl<R: RegisterClass> From<$decorated<R>> for $outer<Rm<R>> {
            fn from($register: $decorated<R>) -> Self {
                $outer { operand: $register.register.into(), decorations: $decorations }
            }
        }

        impl<R: RegisterClass> From<$decorated<R>> for $outer<Bcst<R>> {
            fn from($register: $decorated<R>) -> Self {
                $outer { operand: $register.register.into(), decorations: $decorations }
            }
        }

        impl<R: RegisterClass> From<R> for $outer<R> {
            fn from(register: R) -> Self {
                $outer { operand: register, decorations: register.inner_decorations() }
            }
        }

        impl<R: RegisterClass> From<R> for $outer<Rm<R>> {
            fn from(register: R) -> Self {
                Rm::from(register).into()
            }
        }

        impl<R: RegisterClass> From<R> for $outer<Bcst<R>> {
            fn from(register: R) -> Self {
                Bcst::from(register).into()
            }
        }

        impl<R: RegisterClass> From<Rm<R>> for $outer<Rm<R>> {
            fn from(operand: Rm<R>) -> Self {
                $outer { operand, decorations: operand.inner_decorations() }
            }
        }

        impl<R: RegisterClass> From<Bcst<R>> for $outer<Bcst<R>> {
            fn from(operand: Bcst<R>) -> Self {
                $outer { operand, decorations: operand.inner_decorations() }
            }
        }

        impl<R: AnyAddress> From<Mem> for $outer<Rm<R>> {
            fn from(mem: Mem) -> Self {
                Rm::from(mem).into()
            }
        }

        impl<R: AnyAddress> From<Mem> for $outer<Bcst<R>> {
            fn from(mem: Mem) -> Self {
                Bcst::from(mem).into()
            }
        }

        impl<R: AnyAddress> From<Broadcast> for $outer<Bcst<R>> {
            fn from(element: Broadcast) -> Self {
                Bcst::from(element).into()
            }
        }
    };
}

rounding!(Er, Rounded, |rounded| Decorations {
    set: Decorations::B | (rounded.round as u8) << 5,
    clear: Decorations::L,
    broadcast: false
});
rounding!(Sae, Suppressed, |_suppressed| Decorations { set: Decorations::B, clear: 0, broadcast: false });

/// Decorations of registers; those of the first sixteen make operands of the EVEX classes.
macro_rules! decorate {
    ($($register:ident => $class:ident)*) => {$(
        impl $register {
            /// The operand with a mask.
            pub fn k(self, mask: K) -> Masked<$class> {
                Masked { operand: self.into(), mask: Some(mask) }
            }

            /// The operand with a rounding mode.
            pub fn rounded(self, round: Round) -> Rounded<$class> {
                Rounded { register: self.into(), round }
            }

            /// The operand with exceptions suppressed.
            pub fn sae(self) -> Suppressed<$class> {
                Suppressed { register: self.into() }
            }
        }
    )*};
}

decorate!(Xmm => EXmm Ymm => EYmm EXmm => EXmm EYmm => EYmm Zmm => Zmm);

impl K {
    /// The operand with a mask.
    pub const fn k(self, mask: K) -> Masked<K> {
        Masked { operand: self, mask: Some(mask) }
    }
}

macro_rules! general_rounding {
    ($($register:ident)*) => {$(
        impl super::$register {
            /// The operand with a rounding mode, for conversions to floating point.
            pub const fn rounded(self, round: Round) -> Rounded<super::$register> {
                Rounded { register: self, round }
            }
        }
    )*};
}

general_rounding!(Gpr32 Gpr64);

/// A plain XMM or YMM register where EVEX would take any of the 32.
macro_rules! widen {
    ($from:ident => $to:ident: $($wrapper:ty),*) => {$(
        impl From<$from> for $wrapper {
            fn from(register: $from) -> Self {
                $to::from(register).into()
            }
        }
    )*};
}

widen!(Xmm => EXmm: Rm<EXmm>, Bcst<EXmm>, Masked<EXmm>, MaskedZ<EXmm>, MaskedZ<Rm<EXmm>>,
    Er<EXmm>, Er<Rm<EXmm>>, Er<Bcst<EXmm>>, Sae<EXmm>, Sae<Rm<EXmm>>, Sae<Bcst<EXmm>>);
widen!(Ymm => EYmm: Rm<EYmm>, Bcst<EYmm>, Masked<EYmm>, MaskedZ<EYmm>, MaskedZ<Rm<EYmm>>,
    Er<EYmm>, Er<Rm<EYmm>>, Er<Bcst<EYmm>>, Sae<EYmm>, Sae<Rm<EYmm>>, Sae<Bcst<EYmm>>);

/// The flags that an APX conditional compare sets when its condition does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dfv(u8);

impl Dfv {
    /// No flags.
    pub const NONE: Dfv = Dfv(0);
    /// Carry.
    pub const CF: Dfv = Dfv(1);
    /// Zero.
    pub const ZF: Dfv = Dfv(2);
    /// Sign.
    pub const SF: Dfv = Dfv(4);
    /// Overflow.
    pub const OF: Dfv = Dfv(8);

    /// The flags by their bits: overflow 8, sign 4, zero 2, carry 1.
    pub const fn from_bits(bits: u8) -> Option<Dfv> {
        if bits < 16 { Some(Dfv(bits)) } else { None }
    }

    /// Both sets of flags.
    pub const fn and(self, other: Dfv) -> Dfv {
        Dfv(self.0 | other.0)
    }

    /// For generated code: what vvvv is to be, which is stored inverted as these flags are not.
    pub const fn number(self) -> u8 {
        !self.0 & 15
    }
}
