//! Memory operands, which read like assembly: `RBX + RCX * 4 + 8`.
//!
//! The sum is encoded as it is made, into the shortest address form: no displacement unless one is needed (RBP and R13 always need
//! one), one byte if it fits, a SIB byte only for an index or for RSP and R12, which have no other form.

use super::{
    address::{Parts, Scale, based},
    operand::{AnyAddress, Rm},
    reg::{EGpr8, EGpr16, EGpr32, EGpr64, EXmm, EYmm, Gpr32, Gpr64, Xmm, Ymm, Zmm},
    word::Word,
};
use crate::{
    error::AddressProblem,
    label::{Label, Symbol, Target},
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
pub struct Mem(Word);

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
        Some(Mem(Parts { base, index, disp }.encode()))
    }

    /// The address `disp`, sign-extended from 32 bits.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn absolute(disp: i32) -> Mem {
        Mem(Parts { base: None, index: None, disp }.encode())
    }

    /// `disp` bytes from the end of the instruction.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn rip(disp: i32) -> Mem {
        Mem(Word::rip(disp))
    }

    /// The operand relative to FS.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn fs(self) -> Mem {
        Mem(self.0.with_fs())
    }

    /// The operand relative to GS.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn gs(self) -> Mem {
        Mem(self.0.with_gs())
    }

    /// For generated code: the operand as ModRM.rm.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn rm(self) -> Word {
        self.0
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    const fn based(base: Gpr64, disp: i32) -> Mem {
        Mem(based(base.number(), disp))
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    const fn indexed(base: Option<u8>, index: u8, factor: i32, disp: i32) -> Mem {
        let Some(scale) = Scale::from_factor(factor) else { return Mem(Word::wrong(AddressProblem::Scale)) };
        if index == 4 {
            return Mem(Word::wrong(AddressProblem::IndexIsStackPointer));
        }
        Mem(Parts { base, index: Some((index, scale)), disp }.encode())
    }

    // Not `inline(always)`: with constants the compiler inlines it by itself, and without it would be too large.
    /// The same address, as many bytes further.
    #[inline]
    const fn offset(self, by: i32) -> Mem {
        if self.0.target().is_some() && by != 0 {
            return Mem(Word::wrong(AddressProblem::TargetDisplacement));
        }
        let Some(parts) = Parts::decode(self.0) else { return self.rip_offset(by) };
        match parts.disp.checked_add(by) {
            Some(disp) => self.rebuilt(Parts { disp, ..parts }),
            None => Mem(Word::wrong(AddressProblem::Displacement)),
        }
    }

    /// An address relative to RIP (or a wrong one), as many bytes further.
    #[inline]
    const fn rip_offset(self, by: i32) -> Mem {
        if self.0.target().is_some() || self.0.problem().is_some() {
            return self;
        }
        match ((self.0.tail >> 32) as u32 as i32).checked_add(by) {
            Some(disp) => Mem(Word { tail: (disp as u32 as u64) << 32, ..self.0 }),
            None => Mem(Word::wrong(AddressProblem::Displacement)),
        }
    }

    #[inline]
    fn plus_index(self, index: u8, factor: i32) -> Mem {
        let Some(parts) = Parts::decode(self.0) else {
            let wrong = self.0.problem().is_some();
            return if wrong { self } else { Mem(Word::wrong(AddressProblem::NeedsSib)) };
        };
        if parts.index.is_some() {
            return Mem(Word::wrong(AddressProblem::TwoIndices));
        }
        match Scale::from_factor(factor) {
            None => Mem(Word::wrong(AddressProblem::Scale)),
            Some(_) if index == 4 => Mem(Word::wrong(AddressProblem::IndexIsStackPointer)),
            Some(scale) => self.rebuilt(Parts { index: Some((index, scale)), ..parts }),
        }
    }

    /// A new address with this one's segment and address size.
    #[inline]
    const fn rebuilt(self, parts: Parts) -> Mem {
        let mut word = parts.encode();
        match self.0.segment() {
            Some(0x64) => word = word.with_fs(),
            Some(_) => word = word.with_gs(),
            None => {}
        }
        if self.0.addr32() {
            word = word.with_addr32();
        }
        Mem(word)
    }
}

impl core::fmt::Debug for Mem {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if let Some(target) = self.0.target() {
            return write!(f, "[rip -> {target:?}]");
        }
        if let Some(problem) = self.0.problem() {
            return write!(f, "[{problem:?}]");
        }
        let size = if self.0.addr32() { 32 } else { 64 };
        match Parts::decode(self.0) {
            Some(parts) => write!(f, "[{size} seg {:x?} {parts:?}]", self.0.segment()),
            None => write!(f, "[rip + {}]", (self.0.tail >> 32) as u32 as i32),
        }
    }
}

impl From<Label> for Mem {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn from(label: Label) -> Self {
        Mem(Word::pc_relative(Target::Label(label)))
    }
}

impl From<Symbol> for Mem {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn from(symbol: Symbol) -> Self {
        Mem(Word::pc_relative(Target::Symbol(symbol)))
    }
}

impl<R: AnyAddress> From<Mem> for Rm<R> {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn from(mem: Mem) -> Self {
        Rm::from_word(mem.0)
    }
}

impl From<Gpr64> for Mem {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn from(base: Gpr64) -> Self {
        Mem::based(base, 0)
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
        Mem::based(self, disp)
    }
}

impl Sub<i32> for Gpr64 {
    type Output = Mem;
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn sub(self, disp: i32) -> Mem {
        match disp.checked_neg() {
            Some(disp) => Mem::based(self, disp),
            None => Mem(Word::wrong(AddressProblem::Displacement)),
        }
    }
}

impl Add<i32> for Gpr32 {
    type Output = Mem;
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn add(self, disp: i32) -> Mem {
        Mem(Parts { base: Some(self.number()), index: None, disp }.encode().with_addr32())
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
        self.offset(disp)
    }
}

impl Sub<i32> for Mem {
    type Output = Mem;
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn sub(self, disp: i32) -> Mem {
        match disp.checked_neg() {
            Some(disp) => self.offset(disp),
            None => Mem(Word::wrong(AddressProblem::Displacement)),
        }
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
        Mem::indexed(Some(self.number()), index.register.number(), index.factor, 0)
    }
}

impl Add<ScaledIndex<Gpr32>> for Gpr32 {
    type Output = Mem;
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn add(self, index: ScaledIndex<Gpr32>) -> Mem {
        Mem(Mem::indexed(Some(self.number()), index.register.number(), index.factor, 0).0.with_addr32())
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
        self.plus_index(index.register.number(), index.factor)
    }
}

impl Add<i32> for ScaledIndex {
    type Output = Mem;
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn add(self, disp: i32) -> Mem {
        Mem::indexed(None, self.register.number(), self.factor, disp)
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
    word: Word,
    class: core::marker::PhantomData<R>,
}

impl<R> VMem<R> {
    const fn from_word(word: Word) -> Self {
        VMem { word, class: core::marker::PhantomData }
    }

    /// For generated code: the operand as ModRM.rm.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn rm(self) -> Word {
        self.word
    }
}

impl<R> Add<i32> for VMem<R> {
    type Output = VMem<R>;
    fn add(self, disp: i32) -> VMem<R> {
        self.offset(disp)
    }
}

impl<R> Sub<i32> for VMem<R> {
    type Output = VMem<R>;
    fn sub(self, disp: i32) -> VMem<R> {
        match disp.checked_neg() {
            Some(disp) => self.offset(disp),
            None => VMem::from_word(Word::wrong(AddressProblem::Displacement)),
        }
    }
}

impl<R> VMem<R> {
    /// For generated code: the number of the index register.
    pub const fn number(self) -> u8 {
        // An address that is wrong has no SIB byte, and is reported anyway.
        if self.word.problem().is_some() {
            return 0;
        }
        self.word.sib_index()
    }

    /// The same addresses, as many bytes further.
    fn offset(self, by: i32) -> VMem<R> {
        // The index may be number 4, which `parts` takes for none, so the SIB byte is kept as it is.
        let Some(parts) = Parts::decode(self.word) else { return self };
        let Some(disp) = parts.disp.checked_add(by) else {
            return VMem::from_word(Word::wrong(AddressProblem::Displacement));
        };
        let index = parts.index.unwrap_or((4, Scale::from_bits(self.word.sib_scale())));
        VMem::from_word(Parts { index: Some(index), disp, ..parts }.encode())
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
                VMem::from_word(match Scale::from_factor(index.factor) {
                    Some(scale) => {
                        let index = Some((index.register.number(), scale));
                        Parts { base: Some(self.number()), index, disp: 0 }.encode()
                    }
                    None => Word::wrong(AddressProblem::Scale),
                })
            }
        }
    )*};
}

vector_index!(Xmm Ymm Zmm EXmm EYmm);

impl From<VMem<Xmm>> for VMem<EXmm> {
    fn from(mem: VMem<Xmm>) -> Self {
        VMem::from_word(mem.word)
    }
}

impl From<VMem<Ymm>> for VMem<EYmm> {
    fn from(mem: VMem<Ymm>) -> Self {
        VMem::from_word(mem.word)
    }
}

/// A memory operand of an APX instruction, addressed by any of 32 registers: `R17 + R20 * 8 + 4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EMem(Mem);

impl EMem {
    /// For generated code: the operand as ModRM.rm.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn rm(self) -> Word {
        self.0.0
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
        EMem(Mem(Parts { base: Some(self.number()), index: None, disp }.encode()))
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
        EMem(Mem::indexed(Some(self.number()), index.register.number(), index.factor, 0))
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
                Rm::from_word(mem.0.0)
            }
        }
    )*};
}

extended_memory!(EGpr8 EGpr16 EGpr32 EGpr64);
