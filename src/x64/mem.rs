//! Memory operands, which read like assembly: `RBX + RCX * 4 + 8`.
//!
//! The sum is kept in its parts, and encoded where it is used: see [`address`](super::address).

mod extended;
mod sized;
mod vector;

pub use extended::EMem;
pub use sized::{Addressed, NarrowMem, WideMem};
pub use vector::VMem;

use super::{
    address::{self, Scale},
    operand::{AnyAddress, Operand, Rm},
    reg::{CS, DS, EGpr32, EGpr64, ES, FS, GS, Gpr32, Gpr64, SS, Sreg},
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
/// let table = (ECX * 4 + 0x1000).gs();
///
/// let mut enc = Encoder::new();
/// let constant = enc.constant_u64(0x1_0000_0000);
/// let upper_half = Mem::from(constant) + 4; // to a label 16 bits may be added
/// let below_4_gib = Mem::from(constant).addr32(); // [eip + constant]
/// # let _ = (field, element, pointer, thread_local, compressed, table, upper_half, below_4_gib);
/// ```
///
/// A scale other than 1, 2, 4, 8, an RSP as an index, a second index or segment, registers of both widths, or a sum
/// beyond 32 bits makes an operand that `finish` reports as [`FinishError::Address`](crate::FinishError::Address).
/// Where registers are run-time values, [`Mem::new`] checks at once.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mem {
    /// The displacement in bytes, or the number of what `kind` says.
    value: i32,
    /// The base's number. This byte and the next one are what is added to the address of a label or symbol.
    base: u8,
    /// The index's number, and above that its scale.
    index: u8,
    kind: Kind,
    prefixes: Prefixes,
}

/// What an address is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// `[base + disp]`
    Based,
    /// The same, of a form that needs a SIB byte.
    BasedWithSib,
    /// `[base + index * scale + disp]`
    Indexed,
    /// The same, with a vector register as index.
    VectorIndexed,
    /// `[index * scale + disp]`
    Scaled,
    /// The same, with a vector register as index.
    VectorScaled,
    /// `[disp]`
    Absolute,
    /// `disp` bytes from the end of the instruction.
    Rip,
    /// A label, by number; its distance is found by `finish`.
    Label,
    /// A symbol, likewise.
    Symbol,
    /// An [`AddressProblem`], by number.
    Wrong,
}

/// A [`Mem`] in one register, for a function that is not inlined. Put together by hand, since the compiler takes more
/// instructions for that, at each call.
///
/// ```text
///   63 .. 56    55 .. 48   47 .. 40   39 .. 32   31 .. 0
///   prefixes    kind       index      base       value
/// ```
#[derive(Debug, Clone, Copy)]
pub(super) struct PackedMem(u64);

impl PackedMem {
    /// The operand as ModRM.rm and what follows it, if it is a base and a displacement.
    #[inline(always)]
    pub(super) fn encode_based(self) -> Option<Word> {
        // The kind, if there are no prefixes.
        let kind = self.0 >> 48;
        if kind == Kind::Based as u64 { Some(address::based((self.0 >> 32) as u8, self.0 as i32)) } else { None }
    }

    /// The operand as ModRM.rm and what follows it, if it is a base, an index and a displacement.
    #[inline(always)]
    pub(super) fn encode_indexed(self) -> Option<Word> {
        let (kind, (index, scale)) = (self.0 >> 48, index_and_scale((self.0 >> 40) as u8));
        if kind == Kind::Indexed as u64 && index != Mem::NO_INDEX {
            Some(address::indexed((self.0 >> 32) as u8, index, scale, self.0 as i32))
        } else {
            None
        }
    }

    /// What is added to the address of a label or symbol.
    const fn addend(self) -> i16 {
        (self.0 >> 32) as i16
    }

    /// The operand as ModRM.rm and what follows it.
    pub(super) fn encode(self) -> Word {
        let (value, base) = (self.0 as i32, (self.0 >> 32) as u8);
        let (index, scale) = index_and_scale((self.0 >> 40) as u8);
        let word = match Kind::ALL[(self.0 >> 48) as u8 as usize % Kind::ALL.len()] {
            Kind::Based => address::based(base, value),
            Kind::BasedWithSib => address::based(base, value).with_sib(),
            Kind::Indexed | Kind::Scaled if index == Mem::NO_INDEX => Word::wrong(AddressProblem::IndexIsStackPointer),
            Kind::Indexed | Kind::VectorIndexed => address::indexed(base, index, scale, value),
            Kind::Scaled | Kind::VectorScaled => address::baseless(index, scale, value),
            Kind::Absolute => address::baseless(Mem::NO_INDEX, 0, value),
            Kind::Rip => Word::rip(value),
            Kind::Label => Word::pc_relative(Target::Label(Label(value as u32)), self.addend()),
            Kind::Symbol => Word::pc_relative(Target::Symbol(Symbol(value as u32)), self.addend()),
            Kind::Wrong => Word::wrong(AddressProblem::ALL[value as usize % AddressProblem::ALL.len()]),
        };
        word.with(Prefixes::from_bits((self.0 >> 56) as u8))
    }
}

/// The bits of `Mem::index` that are the register's number.
const INDEX_BITS: u32 = 5;

/// A scaled index: `RCX * 4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScaledIndex<R = Gpr64> {
    register: R,
    /// 1, 2, 4 or 8, if the address is to be right.
    factor: i32,
}

/// The parts of `Mem::index`.
#[inline(always)]
const fn index_and_scale(index: u8) -> (u8, u8) {
    (index & ((1 << INDEX_BITS) - 1), index >> INDEX_BITS)
}

impl Kind {
    /// All of them, by number.
    const ALL: [Kind; 11] = [
        Kind::Based,
        Kind::BasedWithSib,
        Kind::Indexed,
        Kind::VectorIndexed,
        Kind::Scaled,
        Kind::VectorScaled,
        Kind::Absolute,
        Kind::Rip,
        Kind::Label,
        Kind::Symbol,
        Kind::Wrong,
    ];
}

impl Mem {
    /// The operand from its parts; `None` if the index is RSP, which no encoding can say.
    ///
    /// Without a base the displacement is an absolute address, sign-extended from 32 bits.
    #[inline(always)]
    pub const fn new(base: Option<Gpr64>, index: Option<(Gpr64, Scale)>, disp: i32) -> Option<Mem> {
        let address = match base {
            Some(base) => Mem::based(base.number(), disp),
            None => Mem::absolute(disp),
        };
        match index {
            Some((index, _)) if index.number() == Mem::NO_INDEX => None,
            Some((index, scale)) => Some(address.with_index(index.number(), scale.factor())),
            None => Some(address),
        }
    }

    /// The number of RSP, which cannot be an index.
    const NO_INDEX: u8 = 4;

    /// The address `disp`, sign-extended from 32 bits.
    #[inline(always)]
    pub const fn absolute(disp: i32) -> Mem {
        Mem::plain(Kind::Absolute, 0, disp)
    }

    /// `disp` bytes from the end of the instruction.
    #[inline(always)]
    pub const fn rip(disp: i32) -> Mem {
        Mem::plain(Kind::Rip, 0, disp)
    }

    /// The operand in a segment. In 64-bit mode only FS and GS have bases.
    ///
    /// Of an indirect branch DS is what says `notrack` (SDM vol. 1, 18.3.1).
    #[inline(always)]
    pub const fn segment(self, segment: Sreg) -> Mem {
        if self.prefixes.has_segment() {
            return Mem::wrong(AddressProblem::TwoSegments);
        }
        self.with(Prefixes::of_segment(segment))
    }

    /// The operand with an address of 32 bits (prefix 67), of which the processor clears the upper half: EIP in place
    /// of RIP, the low halves of the registers.
    #[inline(always)]
    pub const fn addr32(self) -> Mem {
        self.with(Prefixes::ADDR32)
    }

    /// For generated code: the operand as ModRM.rm.
    #[inline(always)]
    pub const fn rm(self) -> Operand {
        Operand::Memory(self)
    }

    /// In one register.
    #[inline(always)]
    pub(super) const fn packed(self) -> PackedMem {
        let Mem { value, base, index, kind, prefixes } = self;
        let registers = (base as u64) << 32 | (index as u64) << 40;
        PackedMem(value as u32 as u64 | registers | (kind as u64) << 48 | (prefixes.bits() as u64) << 56)
    }

    /// The index's number, and the bits of its scale.
    #[inline(always)]
    const fn index(self) -> (u8, u8) {
        index_and_scale(self.index)
    }

    /// The same address with a SIB byte.
    pub(super) const fn with_sib(self) -> Mem {
        match self.kind {
            Kind::Based => Mem { kind: Kind::BasedWithSib, ..self },
            Kind::Rip | Kind::Label | Kind::Symbol => Mem::wrong(AddressProblem::NeedsSib),
            _ => self,
        }
    }

    /// Whether no register is above number 7.
    pub(super) const fn needs_no_rex(self) -> bool {
        let (index, _) = self.index();
        match self.kind {
            Kind::Based | Kind::BasedWithSib => self.base < 8,
            Kind::Indexed | Kind::VectorIndexed => self.base < 8 && index < 8,
            Kind::Scaled | Kind::VectorScaled => index < 8,
            Kind::Absolute | Kind::Rip | Kind::Label | Kind::Symbol | Kind::Wrong => true,
        }
    }

    /// The segment register's number and one more; 0 without one.
    pub(super) const fn segment_number(self) -> u8 {
        self.prefixes.segment_number()
    }

    /// Whether the address has 32 bits.
    pub(super) const fn has_32_bits(self) -> bool {
        self.prefixes.addr32()
    }

    #[inline(always)]
    const fn plain(kind: Kind, base: u8, value: i32) -> Mem {
        Mem { value, base, index: 0, kind, prefixes: Prefixes::NONE }
    }

    #[inline(always)]
    const fn wrong(problem: AddressProblem) -> Mem {
        Mem::plain(Kind::Wrong, 0, problem as i32)
    }

    #[inline(always)]
    const fn with(self, prefixes: Prefixes) -> Mem {
        Mem { prefixes: self.prefixes.and(prefixes), ..self }
    }

    #[inline(always)]
    const fn based(base: u8, disp: i32) -> Mem {
        Mem::plain(Kind::Based, base, disp)
    }

    /// What is added to the address of a label or symbol.
    const fn addend(self) -> i16 {
        i16::from_le_bytes([self.base, self.index])
    }

    /// The same, as many bytes further.
    #[inline(always)]
    const fn offset(self, by: i32) -> Mem {
        match (self.kind, self.value.checked_add(by)) {
            (Kind::Wrong, _) => self,
            (Kind::Label | Kind::Symbol, _) => match (self.addend() as i32).checked_add(by) {
                Some(sum) if sum as i16 as i32 == sum => {
                    let [base, index] = (sum as i16).to_le_bytes();
                    Mem { base, index, ..self }
                }
                _ => Mem::wrong(AddressProblem::TargetDisplacement),
            },
            (_, Some(value)) => Mem { value, ..self },
            (_, None) => Mem::wrong(AddressProblem::Displacement),
        }
    }

    /// The same, as many bytes lower.
    #[inline(always)]
    const fn offset_down(self, by: i32) -> Mem {
        match by.checked_neg() {
            Some(by) => self.offset(by),
            None => Mem::wrong(AddressProblem::Displacement),
        }
    }

    /// The same with an index, if there is none.
    #[inline(always)]
    const fn with_index(self, index: u8, factor: i32) -> Mem {
        let kind = match self.kind {
            Kind::Based | Kind::BasedWithSib => Kind::Indexed,
            Kind::Absolute => Kind::Scaled,
            Kind::Indexed | Kind::VectorIndexed | Kind::Scaled | Kind::VectorScaled => {
                return Mem::wrong(AddressProblem::TwoIndices);
            }
            Kind::Rip | Kind::Label | Kind::Symbol => return Mem::wrong(AddressProblem::NeedsSib),
            Kind::Wrong => return self,
        };
        match Scale::new(factor) {
            Some(scale) => Mem { kind, index: index | (scale as u8) << INDEX_BITS, ..self },
            None => Mem::wrong(AddressProblem::Scale),
        }
    }
}

impl Mem {
    /// The same with a general register as index, whose width must be that of the address.
    #[inline(always)]
    const fn with_general_index(self, index: u8, factor: i32, has_32_bits: bool) -> Mem {
        if self.has_32_bits() == has_32_bits || matches!(self.kind, Kind::Wrong) {
            self.with_index(index, factor)
        } else {
            Mem::wrong(AddressProblem::MixedWidths)
        }
    }

    /// The same with a vector register as index.
    #[inline(always)]
    const fn with_vector_index(self, index: u8, factor: i32) -> Mem {
        let mem = self.with_index(index, factor);
        match mem.kind {
            Kind::Indexed => Mem { kind: Kind::VectorIndexed, ..mem },
            Kind::Scaled => Mem { kind: Kind::VectorScaled, ..mem },
            _ => mem,
        }
    }
}

/// The segments by their names.
macro_rules! segments {
    ($([$($parameter:tt)*] $memory:ty;)*) => {$(
        segments!(@names [$($parameter)*] $memory: cs CS, ds DS, es ES, fs FS, gs GS, ss SS);
    )*};
    (@names [$($parameter:tt)*] $memory:ty: $($name:ident $segment:ident),*) => {
        impl<$($parameter)*> $memory {
            $(
                #[doc = concat!("The operand relative to ", stringify!($segment), ".")]
                #[inline(always)]
                pub const fn $name(self) -> Self {
                    self.segment($segment)
                }
            )*
        }
    };
}

segments!([] Mem; [R: Copy] VMem<R>; [] EMem;);

/// As an assembler writes it: `[fs: RBX + RCX * 4 + 8]`. Of a vector register in it only the number is known.
impl core::fmt::Debug for Mem {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Mem { value, base, kind, prefixes, .. } = self;
        let (index, scale) = self.index();
        let general = |f: &mut core::fmt::Formatter<'_>, number: u8| match prefixes.addr32() {
            true => EGpr32::new(number).map_or(Ok(()), |register| register.fmt(f)),
            false => EGpr64::new(number).map_or(Ok(()), |register| register.fmt(f)),
        };
        f.write_str("[")?;
        if let Some(segment) = prefixes.segment_number().checked_sub(1).and_then(Sreg::new) {
            write!(f, "{segment:?}: ")?;
        }
        if matches!(kind, Kind::Based | Kind::BasedWithSib | Kind::Indexed | Kind::VectorIndexed) {
            general(f, *base)?;
        }
        if matches!(kind, Kind::Indexed | Kind::VectorIndexed) {
            f.write_str(" + ")?;
        }
        match kind {
            Kind::Indexed | Kind::Scaled => general(f, index)?,
            Kind::VectorIndexed | Kind::VectorScaled => write!(f, "MM{index}")?,
            _ => {}
        }
        if matches!(kind, Kind::Indexed | Kind::VectorIndexed | Kind::Scaled | Kind::VectorScaled) {
            write!(f, " * {}", 1 << scale)?;
        }
        match kind {
            Kind::Absolute => write!(f, "{value}]"),
            Kind::Rip => write!(f, "RIP + {value}]"),
            Kind::Label | Kind::Symbol => write!(f, "{kind:?} {} + {}]", *value as u32, self.addend()),
            Kind::Wrong => write!(f, "wrong: {:?}]", AddressProblem::ALL.get(*value as usize)),
            _ if *value == 0 => f.write_str("]"),
            _ if *value < 0 => write!(f, " - {}]", value.unsigned_abs()),
            _ => write!(f, " + {value}]"),
        }
    }
}

impl From<Label> for Mem {
    #[inline(always)]
    fn from(label: Label) -> Self {
        Mem::plain(Kind::Label, 0, label.0 as i32)
    }
}

impl From<Symbol> for Mem {
    #[inline(always)]
    fn from(symbol: Symbol) -> Self {
        Mem::plain(Kind::Symbol, 0, symbol.0 as i32)
    }
}

impl<R: AnyAddress> From<Mem> for Rm<R> {
    #[inline(always)]
    fn from(mem: Mem) -> Self {
        Rm::memory(mem)
    }
}

impl From<Gpr64> for Mem {
    #[inline(always)]
    fn from(base: Gpr64) -> Self {
        Mem::based(base.number(), 0)
    }
}

impl From<Gpr32> for Mem {
    #[inline(always)]
    fn from(base: Gpr32) -> Self {
        base + 0
    }
}

impl Add<i32> for Gpr64 {
    type Output = Mem;
    #[inline(always)]
    fn add(self, disp: i32) -> Mem {
        Mem::based(self.number(), disp)
    }
}

impl Sub<i32> for Gpr64 {
    type Output = Mem;
    #[inline(always)]
    fn sub(self, disp: i32) -> Mem {
        Mem::from(self) - disp
    }
}

impl Add<i32> for Gpr32 {
    type Output = Mem;
    #[inline(always)]
    fn add(self, disp: i32) -> Mem {
        Mem::based(self.number(), disp).with(Prefixes::ADDR32)
    }
}

impl Sub<i32> for Gpr32 {
    type Output = Mem;
    #[inline(always)]
    fn sub(self, disp: i32) -> Mem {
        Mem::from(self) - disp
    }
}

impl Add<i32> for Mem {
    type Output = Mem;
    #[inline(always)]
    fn add(self, disp: i32) -> Mem {
        self.offset(disp)
    }
}

impl Sub<i32> for Mem {
    type Output = Mem;
    #[inline(always)]
    fn sub(self, disp: i32) -> Mem {
        self.offset_down(disp)
    }
}

impl Mul<i32> for Gpr64 {
    type Output = ScaledIndex;
    #[inline(always)]
    fn mul(self, factor: i32) -> ScaledIndex {
        ScaledIndex { register: self, factor }
    }
}

impl Mul<i32> for Gpr32 {
    type Output = ScaledIndex<Gpr32>;
    #[inline(always)]
    fn mul(self, factor: i32) -> ScaledIndex<Gpr32> {
        ScaledIndex { register: self, factor }
    }
}

impl Add<ScaledIndex> for Gpr64 {
    type Output = Mem;
    #[inline(always)]
    fn add(self, index: ScaledIndex) -> Mem {
        Mem::from(self) + index
    }
}

impl Add<ScaledIndex<Gpr32>> for Gpr32 {
    type Output = Mem;
    #[inline(always)]
    fn add(self, index: ScaledIndex<Gpr32>) -> Mem {
        Mem::from(self) + index
    }
}

impl Add<Gpr32> for Gpr32 {
    type Output = Mem;
    #[inline(always)]
    fn add(self, index: Gpr32) -> Mem {
        self + index * 1
    }
}

impl Add<Gpr64> for Gpr64 {
    type Output = Mem;
    #[inline(always)]
    fn add(self, index: Gpr64) -> Mem {
        self + index * 1
    }
}

impl Add<ScaledIndex> for Mem {
    type Output = Mem;
    #[inline(always)]
    fn add(self, index: ScaledIndex) -> Mem {
        self.with_general_index(index.register.number(), index.factor, false)
    }
}

impl Add<ScaledIndex<Gpr32>> for Mem {
    type Output = Mem;
    #[inline(always)]
    fn add(self, index: ScaledIndex<Gpr32>) -> Mem {
        self.with_general_index(index.register.number(), index.factor, true)
    }
}

impl Add<i32> for ScaledIndex {
    type Output = Mem;
    #[inline(always)]
    fn add(self, disp: i32) -> Mem {
        Mem::absolute(disp) + self
    }
}

impl Add<i32> for ScaledIndex<Gpr32> {
    type Output = Mem;
    #[inline(always)]
    fn add(self, disp: i32) -> Mem {
        Mem::absolute(disp).addr32() + self
    }
}
