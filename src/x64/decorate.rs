//! What EVEX and APX add to operands: masks, zeroing, broadcast, rounding, default flags.
//!
//! A decoration belongs to its operand, as in the manual: `ZMM1.k(K2).z()`, `Mem::from(RDI).broadcast()`,
//! `ZMM3.rounded(Round::Up)`. An operand that a form may decorate is taken as `impl IntoOperand<Zeroing<..>>`, so
//! a plain one does as well, and a decoration that the form does not have does not compile.
//!
//! There are two sorts of types. What is made is what is written: a [`Masked`] operand has a mask, which is not K0, a
//! [`Zeroed`] one is a register with a mask. What a form takes says what it may have: [`Merging`] is `{k1}` in the
//! manual, [`Zeroing`] is `{k1}{z}`, [`Er`] is `{er}`, [`Sae`] is `{sae}`; a gather, which must have a mask, takes
//! [`Masked`] itself.

use super::{
    EMem, Mem, VMem,
    operand::{AnyAddress, ExtendedAddress, Operand, RegisterClass, Rm},
    reg::{EGpr32, EGpr64, EXmm, EYmm, Gpr32, Gpr64, K, WriteMask, Xmm, Ymm, Zmm},
};
use crate::references::label::{Label, Symbol};
use core::marker::PhantomData;

/// For generated code: what decorations change in the last payload byte of EVEX, and whether the memory operand is one
/// element.
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

    const fn mask(mask: WriteMask) -> Self {
        Decorations { set: mask.number(), clear: 0, broadcast: false }
    }

    const fn zeroing(mask: WriteMask) -> Self {
        Decorations { set: mask.number() | Self::Z, clear: 0, broadcast: false }
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
    mask: WriteMask,
}

/// A register with a mask: elements that are masked out become 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zeroed<R> {
    register: R,
    mask: WriteMask,
}

/// An operand that may have a mask: elements that are masked out keep their value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merging<T> {
    operand: T,
    decorations: Decorations,
}

/// An operand that may have a mask: elements that are masked out keep their value, or, in a register, become 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zeroing<T> {
    operand: T,
    decorations: Decorations,
}

impl<T: Copy> Masked<T> {
    #[cfg(feature = "forms")]
    pub(super) const fn new(operand: T, mask: WriteMask) -> Self {
        Masked { operand, mask }
    }

    /// For generated code: the operand without its mask.
    pub const fn operand(self) -> T {
        self.operand
    }

    /// For generated code: the mask's bits.
    pub const fn decorations(self) -> Decorations {
        Decorations::mask(self.mask)
    }
}

impl<R: RegisterClass> Masked<R> {
    /// Elements that are masked out become 0.
    pub const fn z(self) -> Zeroed<R> {
        Zeroed { register: self.operand, mask: self.mask }
    }
}

impl<T: Copy> Merging<T> {
    /// For generated code: the operand without its mask.
    pub const fn operand(self) -> T {
        self.operand
    }

    /// For generated code: the mask's bits.
    pub const fn decorations(self) -> Decorations {
        self.decorations
    }
}

impl<T: Copy> Zeroing<T> {
    #[cfg(feature = "forms")]
    pub(super) const fn zeroed(operand: T, mask: WriteMask) -> Self {
        Zeroing { operand, decorations: Decorations::zeroing(mask) }
    }

    /// For generated code: the operand without its mask.
    pub const fn operand(self) -> T {
        self.operand
    }

    /// For generated code: the mask's bits.
    pub const fn decorations(self) -> Decorations {
        self.decorations
    }
}

impl<T> From<T> for Merging<T> {
    fn from(operand: T) -> Self {
        Merging { operand, decorations: Decorations::NONE }
    }
}

impl<T> From<Masked<T>> for Merging<T> {
    fn from(masked: Masked<T>) -> Self {
        Merging { operand: masked.operand, decorations: Decorations::mask(masked.mask) }
    }
}

impl<T> From<T> for Zeroing<T> {
    fn from(operand: T) -> Self {
        Zeroing { operand, decorations: Decorations::NONE }
    }
}

impl<T> From<Masked<T>> for Zeroing<T> {
    fn from(masked: Masked<T>) -> Self {
        Zeroing { operand: masked.operand, decorations: Decorations::mask(masked.mask) }
    }
}

impl<R> From<Zeroed<R>> for Zeroing<R> {
    fn from(zeroed: Zeroed<R>) -> Self {
        Zeroing { operand: zeroed.register, decorations: Decorations::zeroing(zeroed.mask) }
    }
}

/// One element in memory, broadcast to all (`{1to8}`, ...).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broadcast<M>(M);

macro_rules! memory {
    ($($memory:ident)*) => {$(
        impl $memory {
            /// One element, broadcast to all; its size is the form's.
            pub const fn broadcast(self) -> Broadcast<$memory> {
                Broadcast(self)
            }

            /// The operand with a mask.
            pub const fn k(self, mask: WriteMask) -> Masked<$memory> {
                Masked { operand: self, mask }
            }
        }
    )*};
}

memory!(Mem EMem);

impl<R: Copy> VMem<R> {
    /// The operand with a mask.
    pub const fn k(self, mask: WriteMask) -> Masked<VMem<R>> {
        Masked { operand: self, mask }
    }
}

impl From<Masked<VMem<Xmm>>> for Masked<VMem<EXmm>> {
    fn from(masked: Masked<VMem<Xmm>>) -> Self {
        Masked { operand: masked.operand.into(), mask: masked.mask }
    }
}

impl From<Masked<VMem<Ymm>>> for Masked<VMem<EYmm>> {
    fn from(masked: Masked<VMem<Ymm>>) -> Self {
        Masked { operand: masked.operand.into(), mask: masked.mask }
    }
}

/// A register, memory, or one element of memory broadcast to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bcst<R> {
    operand: Operand,
    broadcast: bool,
    class: PhantomData<R>,
}

impl<R> Bcst<R> {
    const fn new(operand: Operand, broadcast: bool) -> Self {
        Bcst { operand, broadcast, class: PhantomData }
    }

    /// For generated code: the operand as ModRM.rm.
    pub const fn rm(self) -> Operand {
        self.operand
    }

    /// For generated code: the broadcast's bits.
    pub const fn decorations(self) -> Decorations {
        let set = if self.broadcast { Decorations::B } else { 0 };
        Decorations { set, clear: 0, broadcast: self.broadcast }
    }
}

impl<R: RegisterClass> From<R> for Bcst<R> {
    fn from(register: R) -> Self {
        Bcst::new(Operand::Register(register.reg()), false)
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

/// `xmm/m128 {k1}{z}`: masked register, or masked memory, which has no zeroing.
impl<R: RegisterClass> From<R> for Zeroing<Rm<R>> {
    fn from(register: R) -> Self {
        Rm::from(register).into()
    }
}

impl<R: RegisterClass> From<Masked<R>> for Zeroing<Rm<R>> {
    fn from(masked: Masked<R>) -> Self {
        Zeroing { operand: masked.operand.into(), decorations: Decorations::mask(masked.mask) }
    }
}

impl<R: RegisterClass> From<Zeroed<R>> for Zeroing<Rm<R>> {
    fn from(zeroed: Zeroed<R>) -> Self {
        Zeroing { operand: zeroed.register.into(), decorations: Decorations::zeroing(zeroed.mask) }
    }
}

/// What may be memory, made from an address.
macro_rules! addressed {
    ($($memory:ident $address:ident;)*) => {$(
        impl<R: $address> From<$memory> for Bcst<R> {
            fn from(mem: $memory) -> Self {
                Bcst::new(Rm::<R>::from(mem).rm(), false)
            }
        }

        addressed!(@in $memory $address: Zeroing<Rm>, Er<Rm>, Sae<Rm>, Er<Bcst>, Sae<Bcst>);
    )*};
    (@in $memory:ident $address:ident: $($outer:ident<$inner:ident>),*) => {$(
        impl<R: $address> From<$memory> for $outer<$inner<R>> {
            fn from(mem: $memory) -> Self {
                $inner::from(mem).into()
            }
        }
    )*};
}

addressed!(Mem AnyAddress; EMem ExtendedAddress; Label AnyAddress; Symbol AnyAddress;);

/// What may be decorated memory.
macro_rules! decorated_memory {
    ($($memory:ident $address:ident;)*) => {$(
        impl<R: $address> From<Masked<$memory>> for Zeroing<Rm<R>> {
            fn from(masked: Masked<$memory>) -> Self {
                Zeroing { operand: masked.operand.into(), decorations: Decorations::mask(masked.mask) }
            }
        }

        impl<R: $address> From<Broadcast<$memory>> for Bcst<R> {
            fn from(element: Broadcast<$memory>) -> Self {
                Bcst::new(Rm::<R>::from(element.0).rm(), true)
            }
        }

        decorated_memory!(@broadcast $memory $address: Er, Sae);
    )*};
    (@broadcast $memory:ident $address:ident: $($outer:ident),*) => {$(
        impl<R: $address> From<Broadcast<$memory>> for $outer<Bcst<R>> {
            fn from(element: Broadcast<$memory>) -> Self {
                Bcst::from(element).into()
            }
        }
    )*};
}

decorated_memory!(Mem AnyAddress; EMem ExtendedAddress;);

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
    };
}

rounding!(Er, Rounded, |rounded| Decorations {
    set: Decorations::B | (rounded.round as u8) << 5,
    clear: Decorations::L,
    broadcast: false
});
// L'L would be a rounding mode, which these do not have: it is 0, whatever the length.
rounding!(Sae, Suppressed, |_suppressed| Decorations { set: Decorations::B, clear: Decorations::L, broadcast: false });

/// Decorations of registers; those of the first sixteen make operands of the EVEX classes.
macro_rules! decorate {
    ($($register:ident => $class:ident)*) => {$(
        impl $register {
            /// The operand with a mask.
            pub fn k(self, mask: WriteMask) -> Masked<$class> {
                Masked { operand: self.into(), mask }
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
    pub const fn k(self, mask: WriteMask) -> Masked<K> {
        Masked { operand: self, mask }
    }
}

impl WriteMask {
    /// The operand with a mask.
    pub fn k(self, mask: WriteMask) -> Masked<K> {
        K::from(self).k(mask)
    }
}

macro_rules! general_rounding {
    ($($register:ident => $class:ident)*) => {$(
        impl $register {
            /// The operand with a rounding mode, for conversions to floating point.
            pub fn rounded(self, round: Round) -> Rounded<$class> {
                Rounded { register: self.into(), round }
            }
        }
    )*};
}

general_rounding!(Gpr32 => EGpr32 Gpr64 => EGpr64 EGpr32 => EGpr32 EGpr64 => EGpr64);

/// A plain register where EVEX would take any of the 32, K1 to K7 where K0 would do.
macro_rules! widen {
    ($from:ident => $to:ident: $($wrapper:ty),*) => {$(
        impl From<$from> for $wrapper {
            fn from(register: $from) -> Self {
                $to::from(register).into()
            }
        }
    )*};
}

widen!(Xmm => EXmm: Rm<EXmm>, Bcst<EXmm>, Merging<EXmm>, Zeroing<EXmm>, Zeroing<Rm<EXmm>>,
    Er<EXmm>, Er<Rm<EXmm>>, Er<Bcst<EXmm>>, Sae<EXmm>, Sae<Rm<EXmm>>, Sae<Bcst<EXmm>>);
widen!(Ymm => EYmm: Rm<EYmm>, Bcst<EYmm>, Merging<EYmm>, Zeroing<EYmm>, Zeroing<Rm<EYmm>>,
    Er<EYmm>, Er<Rm<EYmm>>, Er<Bcst<EYmm>>, Sae<EYmm>, Sae<Rm<EYmm>>, Sae<Bcst<EYmm>>);
widen!(WriteMask => K: Rm<K>, Merging<K>);
widen!(Gpr32 => EGpr32: Er<Rm<EGpr32>>);
widen!(Gpr64 => EGpr64: Er<Rm<EGpr64>>);

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
