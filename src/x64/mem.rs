//! Memory operands, which read like assembly: `RBX + RCX * 4 + 8`.
//!
//! The sum is kept in its parts, and encoded where it is used: see [`address`](super::address).

use super::{
    address::{Parts, Scale},
    operand::{AnyAddress, Rm},
    reg::{EGpr8, EGpr16, EGpr32, EGpr64, EXmm, EYmm, Gpr32, Gpr64, Xmm, Ymm, Zmm},
    word::{Prefixes, Word},
};
use crate::{
    error::AddressProblem,
    references::label::{Label, Symbol, Target},
};
use core::ops::{Add, Mul, Sub};

/// A memory operand.
///
/// ```
/// use tailfirst::x64::*;
///
/// let field: Mem = RBX + 16;
/// let element = RBX + RCX * 8 - 16;
/// let pointer = Mem::from(RDI);
/// let thread_local = (RAX + 8).fs();
/// let compressed = EBX + ECX * 4; // 32-bit addressing
/// # let _ = (field, element, pointer, thread_local, compressed);
/// ```
///
/// A scale other than 1, 2, 4, 8, an RSP as an index, a second index, or a sum beyond 32 bits makes an operand that `finish` reports as
/// [`FinishError::Address`](crate::FinishError::Address). Where registers are run-time values, [`Mem::new`] checks at once.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mem {
    place: Place,
    prefixes: Prefixes,
}

/// What an address says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Parts(Parts),
    /// Bytes from the end of the instruction.
    Rip(i32),
    /// Found by `finish`.
    Target(Target),
    Wrong(AddressProblem),
}

impl Place {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn encode(self) -> Word {
        match self {
            Place::Parts(parts) => parts.encode(),
            Place::Rip(disp) => Word::rip(disp),
            Place::Target(target) => Word::pc_relative(target),
            Place::Wrong(problem) => Word::wrong(problem),
        }
    }

    /// The same, as many bytes further.
    #[cfg_attr(not(debug_assertions), inline(always))]
    const fn offset(self, by: i32) -> Place {
        match self {
            Place::Parts(parts) => match parts.disp.checked_add(by) {
                Some(disp) => Place::Parts(Parts { disp, ..parts }),
                None => Place::Wrong(AddressProblem::Displacement),
            },
            Place::Rip(disp) => match disp.checked_add(by) {
                Some(disp) => Place::Rip(disp),
                None => Place::Wrong(AddressProblem::Displacement),
            },
            Place::Target(_) if by != 0 => Place::Wrong(AddressProblem::TargetDisplacement),
            Place::Target(_) | Place::Wrong(_) => self,
        }
    }

    /// The same, as many bytes lower.
    #[cfg_attr(not(debug_assertions), inline(always))]
    const fn offset_down(self, by: i32) -> Place {
        match by.checked_neg() {
            Some(by) => self.offset(by),
            None => Place::Wrong(AddressProblem::Displacement),
        }
    }

    /// The same with an index, if there is none.
    #[cfg_attr(not(debug_assertions), inline(always))]
    const fn with_index(self, index: u8, factor: i32) -> Place {
        match (self, Scale::new(factor)) {
            (Place::Wrong(_), _) => self,
            (Place::Rip(_) | Place::Target(_), _) => Place::Wrong(AddressProblem::NeedsSib),
            (Place::Parts(Parts { index: Some(_), .. }), _) => Place::Wrong(AddressProblem::TwoIndices),
            (Place::Parts(_), None) => Place::Wrong(AddressProblem::Scale),
            (Place::Parts(_), Some(_)) if index == 4 => Place::Wrong(AddressProblem::IndexIsStackPointer),
            (Place::Parts(parts), Some(scale)) => Place::Parts(Parts { index: Some((index, scale)), ..parts }),
        }
    }
}

/// A scaled index: `RCX * 4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScaledIndex<R = Gpr64> {
    register: R,
    /// 1, 2, 4 or 8, if the address is to be right.
    factor: i32,
}

impl Mem {
    /// The operand from its parts; `None` if the index is RSP, which no encoding can say.
    ///
    /// Without a base the displacement is an absolute address, sign-extended from 32 bits.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn new(base: Option<Gpr64>, index: Option<(Gpr64, Scale)>, disp: i32) -> Option<Mem> {
        let index = match index {
            Some((register, _)) if register.number() == 4 => return None,
            Some((register, scale)) => Some((register.number(), scale)),
            None => None,
        };
        let base = match base {
            Some(register) => Some(register.number()),
            None => None,
        };
        Some(Mem::plain(Place::Parts(Parts { base, index, disp })))
    }

    /// The address `disp`, sign-extended from 32 bits.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn absolute(disp: i32) -> Mem {
        Mem::plain(Place::Parts(Parts { base: None, index: None, disp }))
    }

    /// `disp` bytes from the end of the instruction.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn rip(disp: i32) -> Mem {
        Mem::plain(Place::Rip(disp))
    }

    /// The operand relative to FS.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn fs(self) -> Mem {
        self.with(Prefixes::FS)
    }

    /// The operand relative to GS.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn gs(self) -> Mem {
        self.with(Prefixes::GS)
    }

    /// For generated code: the operand as ModRM.rm.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn rm(self) -> Word {
        self.place.encode().with(self.prefixes)
    }

    /// Whether no register is above number 7.
    pub(super) const fn needs_no_rex(self) -> bool {
        match self.place {
            Place::Parts(Parts { base: Some(8..), .. } | Parts { index: Some((8.., _)), .. }) => false,
            Place::Parts(_) | Place::Rip(_) | Place::Target(_) | Place::Wrong(_) => true,
        }
    }

    /// Whether the address has 32 bits.
    pub(super) const fn has_32_bits(self) -> bool {
        self.prefixes.addr32()
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    const fn plain(place: Place) -> Mem {
        Mem { place, prefixes: Prefixes::NONE }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    const fn with(self, prefixes: Prefixes) -> Mem {
        Mem { prefixes: self.prefixes.and(prefixes), ..self }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    const fn based(base: u8, disp: i32) -> Mem {
        Mem::plain(Place::Parts(Parts { base: Some(base), index: None, disp }))
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    const fn with_index(self, index: u8, factor: i32) -> Mem {
        Mem { place: self.place.with_index(index, factor), ..self }
    }
}

impl core::fmt::Debug for Mem {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let size = if self.prefixes.addr32() { 32 } else { 64 };
        match self.place {
            Place::Parts(parts) => write!(f, "[{size} seg {:x?} {parts:?}]", self.prefixes.segment()),
            Place::Rip(disp) => write!(f, "[rip + {disp}]"),
            Place::Target(target) => write!(f, "[rip -> {target:?}]"),
            Place::Wrong(problem) => write!(f, "[{problem:?}]"),
        }
    }
}

impl From<Label> for Mem {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn from(label: Label) -> Self {
        Mem::plain(Place::Target(Target::Label(label)))
    }
}

impl From<Symbol> for Mem {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn from(symbol: Symbol) -> Self {
        Mem::plain(Place::Target(Target::Symbol(symbol)))
    }
}

impl<R: AnyAddress> From<Mem> for Rm<R> {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn from(mem: Mem) -> Self {
        Rm::memory(mem)
    }
}

impl From<Gpr64> for Mem {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn from(base: Gpr64) -> Self {
        Mem::based(base.number(), 0)
    }
}

impl From<Gpr32> for Mem {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn from(base: Gpr32) -> Self {
        base + 0
    }
}

impl Add<i32> for Gpr64 {
    type Output = Mem;
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn add(self, disp: i32) -> Mem {
        Mem::based(self.number(), disp)
    }
}

impl Sub<i32> for Gpr64 {
    type Output = Mem;
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn sub(self, disp: i32) -> Mem {
        Mem::from(self) - disp
    }
}

impl Add<i32> for Gpr32 {
    type Output = Mem;
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn add(self, disp: i32) -> Mem {
        Mem::based(self.number(), disp).with(Prefixes::ADDR32)
    }
}

impl Sub<i32> for Gpr32 {
    type Output = Mem;
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn sub(self, disp: i32) -> Mem {
        Mem::from(self) - disp
    }
}

impl Add<i32> for Mem {
    type Output = Mem;
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn add(self, disp: i32) -> Mem {
        Mem { place: self.place.offset(disp), ..self }
    }
}

impl Sub<i32> for Mem {
    type Output = Mem;
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn sub(self, disp: i32) -> Mem {
        Mem { place: self.place.offset_down(disp), ..self }
    }
}

impl Mul<i32> for Gpr64 {
    type Output = ScaledIndex;
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn mul(self, factor: i32) -> ScaledIndex {
        ScaledIndex { register: self, factor }
    }
}

impl Mul<i32> for Gpr32 {
    type Output = ScaledIndex<Gpr32>;
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn mul(self, factor: i32) -> ScaledIndex<Gpr32> {
        ScaledIndex { register: self, factor }
    }
}

impl Add<ScaledIndex> for Gpr64 {
    type Output = Mem;
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn add(self, index: ScaledIndex) -> Mem {
        Mem::from(self) + index
    }
}

impl Add<ScaledIndex<Gpr32>> for Gpr32 {
    type Output = Mem;
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn add(self, index: ScaledIndex<Gpr32>) -> Mem {
        Mem::from(self).with_index(index.register.number(), index.factor)
    }
}

impl Add<Gpr64> for Gpr64 {
    type Output = Mem;
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn add(self, index: Gpr64) -> Mem {
        self + index * 1
    }
}

impl Add<ScaledIndex> for Mem {
    type Output = Mem;
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn add(self, index: ScaledIndex) -> Mem {
        self.with_index(index.register.number(), index.factor)
    }
}

impl Add<i32> for ScaledIndex {
    type Output = Mem;
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn add(self, disp: i32) -> Mem {
        Mem::absolute(disp) + self
    }
}

/// A memory operand whose index is a vector register (VSIB): one address an element.
///
/// ```
/// use tailfirst::x64::*;
/// let gather: VMem<Ymm> = RBX + YMM2 * 8 + 64;
/// # let _ = gather;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VMem<R> {
    place: Place,
    class: core::marker::PhantomData<R>,
}

impl<R> VMem<R> {
    const fn new(place: Place) -> Self {
        VMem { place, class: core::marker::PhantomData }
    }

    /// For generated code: the operand as ModRM.rm.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn rm(self) -> Word {
        self.place.encode()
    }

    /// For generated code: the number of the index register.
    pub const fn number(self) -> u8 {
        match self.place {
            Place::Parts(Parts { index: Some((index, _)), .. }) => index,
            // It is wrong, and reported anyway.
            _ => 0,
        }
    }
}

impl<R> Add<i32> for VMem<R> {
    type Output = VMem<R>;
    fn add(self, disp: i32) -> VMem<R> {
        VMem::new(self.place.offset(disp))
    }
}

impl<R> Sub<i32> for VMem<R> {
    type Output = VMem<R>;
    fn sub(self, disp: i32) -> VMem<R> {
        VMem::new(self.place.offset_down(disp))
    }
}

macro_rules! vector_index {
    ($($register:ident)*) => {$(
        impl Mul<i32> for $register {
            type Output = ScaledIndex<$register>;
            fn mul(self, factor: i32) -> ScaledIndex<$register> {
                ScaledIndex { register: self, factor }
            }
        }

        impl Add<ScaledIndex<$register>> for Gpr64 {
            type Output = VMem<$register>;
            fn add(self, index: ScaledIndex<$register>) -> VMem<$register> {
                VMem::new(match Scale::new(index.factor) {
                    Some(scale) => {
                        let index = Some((index.register.number(), scale));
                        Place::Parts(Parts { base: Some(self.number()), index, disp: 0 })
                    }
                    None => Place::Wrong(AddressProblem::Scale),
                })
            }
        }
    )*};
}

vector_index!(Xmm Ymm Zmm EXmm EYmm);

impl From<VMem<Xmm>> for VMem<EXmm> {
    fn from(mem: VMem<Xmm>) -> Self {
        VMem::new(mem.place)
    }
}

impl From<VMem<Ymm>> for VMem<EYmm> {
    fn from(mem: VMem<Ymm>) -> Self {
        VMem::new(mem.place)
    }
}

/// A memory operand of an APX instruction, addressed by any of 32 registers: `R17 + R20 * 8 + 4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EMem(Mem);

impl EMem {
    /// For generated code: the operand as ModRM.rm.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn rm(self) -> Word {
        self.0.rm()
    }
}

impl From<Mem> for EMem {
    fn from(mem: Mem) -> Self {
        EMem(mem)
    }
}

impl From<Label> for EMem {
    fn from(label: Label) -> Self {
        EMem(label.into())
    }
}

impl From<Symbol> for EMem {
    fn from(symbol: Symbol) -> Self {
        EMem(symbol.into())
    }
}

impl From<EGpr64> for EMem {
    fn from(base: EGpr64) -> Self {
        base + 0
    }
}

impl Add<i32> for EGpr64 {
    type Output = EMem;
    fn add(self, disp: i32) -> EMem {
        EMem(Mem::based(self.number(), disp))
    }
}

impl Mul<i32> for EGpr64 {
    type Output = ScaledIndex<EGpr64>;
    fn mul(self, factor: i32) -> ScaledIndex<EGpr64> {
        ScaledIndex { register: self, factor }
    }
}

impl Add<ScaledIndex<EGpr64>> for EGpr64 {
    type Output = EMem;
    fn add(self, index: ScaledIndex<EGpr64>) -> EMem {
        EMem(Mem::based(self.number(), 0).with_index(index.register.number(), index.factor))
    }
}

impl Add<i32> for EMem {
    type Output = EMem;
    fn add(self, disp: i32) -> EMem {
        EMem(self.0 + disp)
    }
}

macro_rules! extended_memory {
    ($($class:ident)*) => {$(
        impl From<EMem> for Rm<$class> {
            fn from(mem: EMem) -> Self {
                Rm::memory(mem.0)
            }
        }
    )*};
}

extended_memory!(EGpr8 EGpr16 EGpr32 EGpr64);
