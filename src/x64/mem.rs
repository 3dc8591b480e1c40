//! Memory operands, which read like assembly: `RBX + RCX * 4 + 8`.
//!
//! The sum is encoded as it is made, into the shortest address form: no displacement unless one is needed (RBP and R13 always need
//! one), one byte if it fits, a SIB byte only for an index or for RSP and R12, which have no other form.

use super::{
    operand::{AnyAddress, Rm, Word},
    reg::{EGpr8, EGpr16, EGpr32, EGpr64, EXmm, EYmm, Gpr32, Gpr64, Xmm, Ymm, Zmm},
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

/// What an index is multiplied with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scale {
    /// Bytes.
    X1,
    /// Units of 2 bytes.
    X2,
    /// Units of 4 bytes.
    X4,
    /// Units of 8 bytes.
    X8,
}

impl Scale {
    const fn from_factor(factor: i32) -> Option<Scale> {
        match factor {
            1 => Some(Scale::X1),
            2 => Some(Scale::X2),
            4 => Some(Scale::X4),
            8 => Some(Scale::X8),
            _ => None,
        }
    }
}

/// The parts of an address: register numbers, and a displacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Parts {
    base: Option<u8>,
    index: Option<(u8, Scale)>,
    disp: i32,
}

impl Parts {
    /// The shortest form of the address.
    #[cfg_attr(not(debug_assertions), inline(always))]
    const fn encode(self) -> Word {
        match self {
            Parts { base: None, index, disp } => baseless(index, disp),
            Parts { base: Some(base), index: None, disp } => based(base, disp),
            Parts { base: Some(base), index: Some((index, scale)), disp } => indexed(base, index, scale, disp),
        }
    }
}

/// How long a displacement is: none, one byte, four bytes.
#[cfg_attr(not(debug_assertions), inline(always))]
const fn disp_class(disp: i32) -> usize {
    if disp == 0 {
        0
    } else if disp as i8 as i32 == disp {
        1
    } else {
        2
    }
}

/// Bytes of a displacement, by class.
const DISP_LEN: [u64; 3] = [0, 1, 4];

/// The words of `[base]`, `[base + disp8]`, `[base + disp32]` without their displacements.
///
/// RSP and R12 have a SIB byte, since their ModRM.rm announces one. RBP and R13 have a displacement, since theirs without one means RIP.
const BASED: [[u64; 32]; 3] = {
    let mut words = [[0; 32]; 3];
    let mut class = 0;
    while class < 3 {
        let mut base = 0;
        while base < 32 {
            let low = base & 7;
            let class_used = if class == 0 && low == 5 { 1 } else { class };
            let disp_len = DISP_LEN[class_used];
            let (sib, sib_len) = if low == 4 { (0x24 << (56 - 8 * disp_len), 1) } else { (0, 0) };
            let modrm = (class_used as u64) << 6 | low;
            words[class][base as usize] =
                sib | modrm << 16 | (disp_len + sib_len) << 12 | (base >> 3 & 1) | (base >> 4) << 8;
            base += 1;
        }
        class += 1;
    }
    words
};

/// Plain addresses have none of the flags; saying so here, where the compiler cannot see it in a table, spares their tests later.
const PLAIN: u64 = !Word::FLAGS;

#[cfg_attr(not(debug_assertions), inline(always))]
const fn based(base: u8, disp: i32) -> Word {
    let class = disp_class(disp);
    // A shift that moves one byte to the top drops the rest.
    let shift = if class == 2 { 32 } else { 56 };
    Word(BASED[class][(base & 31) as usize] & PLAIN | (disp as u32 as u64) << shift)
}

#[cfg_attr(not(debug_assertions), inline(always))]
const fn indexed(base: u8, index: u8, scale: Scale, disp: i32) -> Word {
    // RBP and R13 without a displacement would mean no base.
    let class = if base & 7 == 5 && disp == 0 { 1 } else { disp_class(disp) };
    let disp_len = DISP_LEN[class];
    let sib = (scale as u64) << 6 | (index as u64 & 7) << 3 | base as u64 & 7;
    // SIB and displacement are consecutive, and the last byte is the most significant.
    let tail = (sib | (disp as u32 as u64) << 8) << (56 - 8 * disp_len);
    let bits = base as u64 >> 3 & 1 | (index as u64 >> 2) & 2 | (base as u64 >> 4) << 8 | (index as u64 >> 4) << 9;
    Word(tail | ((class as u64) << 6 | 4) << 16 | (disp_len + 1) << 12 | bits)
}

/// Without a base there are always four bytes of displacement, and a SIB byte, because ModRM without one means RIP.
const fn baseless(index: Option<(u8, Scale)>, disp: i32) -> Word {
    let (sib, bits) = match index {
        Some((index, scale)) => {
            let bits = (index as u64 >> 2) & 2 | (index as u64 >> 4) << 9;
            ((scale as u64) << 6 | (index as u64 & 7) << 3 | 5, bits)
        }
        None => (0x25, 0),
    };
    Word((sib | (disp as u32 as u64) << 8) << 24 | 4 << 16 | 5 << 12 | bits)
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
        Mem(Word((disp as u32 as u64) << 32 | 0x05 << 16 | 4 << 12))
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

    /// The same address, as many bytes further.
    #[cfg_attr(not(debug_assertions), inline(always))]
    const fn offset(self, by: i32) -> Mem {
        if self.0.target().is_some() && by != 0 {
            return Mem(Word::wrong(AddressProblem::TargetDisplacement));
        }
        let Some(parts) = self.parts() else { return self.rip_offset(by) };
        match parts.disp.checked_add(by) {
            Some(disp) => self.rebuilt(Parts { disp, ..parts }),
            None => Mem(Word::wrong(AddressProblem::Displacement)),
        }
    }

    /// An address relative to RIP (or a wrong one), as many bytes further.
    const fn rip_offset(self, by: i32) -> Mem {
        if self.0.target().is_some() || self.0.problem().is_some() {
            return self;
        }
        match ((self.0.0 >> 32) as u32 as i32).checked_add(by) {
            Some(disp) => Mem(Word(self.0.0 & 0xFFFF_FFFF | (disp as u32 as u64) << 32)),
            None => Mem(Word::wrong(AddressProblem::Displacement)),
        }
    }

    fn plus_index(self, index: u8, factor: i32) -> Mem {
        let Some(parts) = self.parts() else {
            let wrong = self.0.problem().is_some();
            return if wrong { self } else { Mem(Word::wrong(AddressProblem::NeedsSib)) };
        };
        if parts.index.is_some() {
            return Mem(Word::wrong(AddressProblem::TwoIndices));
        }
        match Mem::indexed(parts.base, index, factor, parts.disp).parts() {
            Some(parts) => self.rebuilt(parts),
            None => Mem::indexed(parts.base, index, factor, parts.disp),
        }
    }

    /// The parts of an ordinary address; `None` for one relative to RIP, and for a wrong one.
    const fn parts(self) -> Option<Parts> {
        let word = self.0.0;
        let (mode, low) = (self.0.modrm() >> 6, self.0.modrm() & 7);
        if self.0.target().is_some() || self.0.problem().is_some() || (mode == 0 && low == 5) {
            return None;
        }
        let (rex_b, rex_x) = ((word & 1) as u8, (word >> 1 & 1) as u8);
        let (b4, x4) = ((word >> 8 & 1) as u8, (word >> 9 & 1) as u8);
        let has_sib = low == 4;
        let disp_len = self.0.tail_len() - has_sib as usize;
        let disp = match disp_len {
            0 => 0,
            1 => (word >> 56) as u8 as i8 as i32,
            _ => (word >> 32) as u32 as i32,
        };
        if !has_sib {
            return Some(Parts { base: Some(low | rex_b << 3 | b4 << 4), index: None, disp });
        }
        let sib = (word >> (56 - 8 * disp_len)) as u8;
        let base = if mode == 0 && sib & 7 == 5 { None } else { Some(sib & 7 | rex_b << 3 | b4 << 4) };
        let index = sib >> 3 & 7 | rex_x << 3 | x4 << 4;
        let scale = match sib >> 6 {
            0 => Scale::X1,
            1 => Scale::X2,
            2 => Scale::X4,
            _ => Scale::X8,
        };
        Some(Parts { base, index: if index == 4 { None } else { Some((index, scale)) }, disp })
    }

    /// A new address with this one's segment and address size.
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
        match self.parts() {
            Some(parts) => write!(f, "[{size} seg {:x?} {parts:?}]", self.0.segment()),
            None => write!(f, "[rip + {}]", (self.0.0 >> 32) as u32 as i32),
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
        let word = self.word.0;
        let sib = (word >> (56 - 8 * (self.word.tail_len() - 1))) as u8;
        sib >> 3 & 7 | ((word & Word::REX_X != 0) as u8) << 3 | ((word & Word::X4 != 0) as u8) << 4
    }

    /// The same addresses, as many bytes further.
    fn offset(self, by: i32) -> VMem<R> {
        // The index may be number 4, which `parts` takes for none, so the SIB byte is kept as it is.
        let Some(parts) = Mem(self.word).parts() else { return self };
        let Some(disp) = parts.disp.checked_add(by) else {
            return VMem::from_word(Word::wrong(AddressProblem::Displacement));
        };
        let index = parts.index.unwrap_or((4, self.scale()));
        VMem::from_word(Parts { index: Some(index), disp, ..parts }.encode())
    }

    fn scale(self) -> Scale {
        let disp_len = self.word.tail_len() - 1;
        match self.word.0 >> (62 - 8 * disp_len) & 3 {
            0 => Scale::X1,
            1 => Scale::X2,
            2 => Scale::X4,
            _ => Scale::X8,
        }
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
