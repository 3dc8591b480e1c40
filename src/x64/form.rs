//! The x86-64 forms as data, and emission of a form chosen at run time.

use super::{
    Addressed, Assembler, Bcst, CpuFeature, CpuFeatures, Cr, Dfv, Dr, EGpr8, EGpr16, EGpr32, EGpr64, EMem, EXmm, EYmm,
    Emitter, Encoder, Er, Gpr8, Gpr8h, Gpr16, Gpr32, Gpr64, K, KPair, Low, Masked, MaskedDestination, Mem, Merging, Mm,
    Moffs, NarrowMem, Rm, Round, Sae, Sreg, St, StringSource, Tmm, U4, VMem, WideMem, WriteMask, XlatTable, Xmm, Ymm,
    Zeroing, Zmm,
    operand::{ExtendedAddress, RegisterClass},
};
use crate::{
    Direction, Down, Up,
    form::{OperandError, OperandInfo},
    references::label::{Label, Symbol, Target},
};

/// A form: one encoding, and the function that writes it.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// The encoder function.
    pub name: &'static str,
    /// The mnemonic, with the prefixes that lead it.
    pub mnemonic: &'static str,
    /// Mnemonic and explicit operands, in the manual's notation.
    pub syntax: &'static str,
    /// The encoding, in the manual's notation.
    pub encoding: &'static str,
    /// Where each operand goes, a letter an operand.
    pub op_en: &'static str,
    /// The parameters of the function: the explicit operands without those that the opcode fixes.
    pub operands: &'static [OperandInfo],
    /// Implicit operands: `access:register`.
    pub implicit: &'static [&'static str],
    /// Flags: `r:` read, `w:` written, `0:` cleared, `1:` set, `u:` undefined.
    pub rflags: &'static str,
    /// CPU features, all needed.
    pub cpu: &'static [CpuFeature],
    /// Further ones, which [`CpuFeature`] does not know: those of tables of another crate.
    pub other_cpu: &'static [&'static str],
    /// The table with the form's row.
    pub table: &'static str,
    /// What calls the encoder function.
    pub emit: Emit,
}

/// What calls an encoder function: one of those that a function can call.
#[derive(Debug, Clone, Copy)]
pub struct Emit {
    /// That function.
    pub call: Call,
    /// Which one.
    pub index: u8,
}

/// A function that calls one of some encoder functions, for each direction.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// In code that grows down.
    pub down: fn(&mut Encoder<'_>, u8, &[Operand]) -> Result<(), OperandError>,
    /// In code that grows up.
    pub up: fn(&mut Assembler<'_>, u8, &[Operand]) -> Result<(), OperandError>,
}

impl Form {
    /// The features of [`cpu`](Self::cpu), and what they imply.
    pub fn needs(&self) -> CpuFeatures {
        self.cpu.iter().copied().collect()
    }

    /// Calls the encoder function.
    ///
    /// # Errors
    /// The operands are not those of the form; nothing is placed then.
    pub fn emit<D: Direction>(&self, enc: &mut Emitter<'_, D>, operands: &[Operand]) -> Result<(), OperandError> {
        if operands.len() != self.operands.len() {
            return Err(OperandError::Count { expected: self.operands.len(), found: operands.len() });
        }
        let Emit { call, index } = self.emit;
        D::choose(enc, |enc| (call.down)(enc, index, operands), |enc| (call.up)(enc, index, operands))
    }
}

/// Every form, table by table.
#[cfg_attr(unoptimized, inline(never))]
#[cfg_attr(not(unoptimized), inline)]
pub fn forms() -> &'static [Form] {
    generated::FORMS
}

mod generated {
    use super::{get as parameter, *};
    use crate::form::Access;
    include!(concat!(env!("OUT_DIR"), "/x64_forms.rs"));
}

/// An operand of any kind, with its decorations.
#[derive(Clone, Copy, PartialEq)]
pub struct Operand {
    value: Value,
    mask: Option<K>,
    zeroing: bool,
    broadcast: bool,
    round: Option<Round>,
    sae: bool,
}

impl Operand {
    const fn plain(value: Value) -> Self {
        Operand { value, mask: None, zeroing: false, broadcast: false, round: None, sae: false }
    }

    /// An immediate; 64-bit unsigned values by their bits.
    pub const fn imm(value: i64) -> Self {
        Operand::plain(Value::Imm(value))
    }

    /// The operand with a mask; K0 is none.
    #[must_use]
    pub fn k(self, mask: impl Into<K>) -> Self {
        Operand { mask: Some(mask.into()), ..self }
    }

    /// The operand with zeroing.
    #[must_use]
    pub const fn z(self) -> Self {
        Operand { zeroing: true, ..self }
    }

    /// The memory operand as one element, broadcast.
    #[must_use]
    pub const fn broadcast(self) -> Self {
        Operand { broadcast: true, ..self }
    }

    /// The register with a rounding mode.
    #[must_use]
    pub const fn rounded(self, round: Round) -> Self {
        Operand { round: Some(round), ..self }
    }

    /// The register with exceptions suppressed.
    #[must_use]
    pub const fn sae(self) -> Self {
        Operand { sae: true, ..self }
    }

    const fn is_plain(&self) -> bool {
        self.mask.is_none() && !self.zeroing && !self.broadcast && self.round.is_none() && !self.sae
    }
}

/// As one writes it: `XMM1.k(K2).z()`.
impl core::fmt::Debug for Operand {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.value.fmt(f)?;
        if let Some(mask) = self.mask {
            write!(f, ".k({mask:?})")?;
        }
        if self.zeroing {
            f.write_str(".z()")?;
        }
        if self.broadcast {
            f.write_str(".broadcast()")?;
        }
        if let Some(round) = self.round {
            write!(f, ".rounded({round:?})")?;
        }
        if self.sae { f.write_str(".sae()") } else { Ok(()) }
    }
}

macro_rules! values {
    ($($variant:ident($ty:ty),)*) => {
        #[derive(Clone, Copy, PartialEq)]
        enum Value {
            Imm(i64),
            $($variant($ty),)*
        }

        impl core::fmt::Debug for Value {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self {
                    Value::Imm(value) => value.fmt(f),
                    $(Value::$variant(value) => value.fmt(f),)*
                }
            }
        }

        $(
            impl From<$ty> for Operand {
                fn from(value: $ty) -> Self {
                    Operand::plain(Value::$variant(value))
                }
            }
        )*
    };
}

values! {
    Gpr8(Gpr8), Gpr8h(Gpr8h), Gpr16(Gpr16), Gpr32(Gpr32), Gpr64(Gpr64),
    EGpr8(EGpr8), EGpr16(EGpr16), EGpr32(EGpr32), EGpr64(EGpr64),
    Xmm(Xmm), Ymm(Ymm), Zmm(Zmm), EXmm(EXmm), EYmm(EYmm), K(K), KPair(KPair), Tmm(Tmm), St(St), Sreg(Sreg), Mm(Mm), Cr(Cr), Dr(Dr),
    Mem(Mem), EMem(EMem), VMemX(VMem<Xmm>), VMemY(VMem<Ymm>), VMemZ(VMem<Zmm>), VMemEX(VMem<EXmm>), VMemEY(VMem<EYmm>),
    Label(Label), Symbol(Symbol), Dfv(Dfv), StringSource(StringSource), XlatTable(XlatTable),
    MaskedDestination(MaskedDestination), Moffs(Moffs),
}

impl From<WriteMask> for Operand {
    fn from(mask: WriteMask) -> Self {
        K::from(mask).into()
    }
}

/// A parameter's type, made from an operand.
pub trait Parameter: Sized {
    /// `None` if it is of another kind.
    fn from_operand(operand: &Operand) -> Option<Self>;
}

/// The parameter at `index`, whose type is called `expected`.
pub fn get<T: Parameter>(operands: &[Operand], index: usize, expected: &'static str) -> Result<T, OperandError> {
    operands.get(index).and_then(T::from_operand).ok_or(OperandError::Kind { index, expected })
}

macro_rules! plain_parameters {
    ($($ty:ty: $($variant:ident)*;)*) => {$(
        impl Parameter for $ty {
            fn from_operand(operand: &Operand) -> Option<Self> {
                match operand.value {
                    $(Value::$variant(value) if operand.is_plain() => Some(value.into()),)*
                    _ => None,
                }
            }
        }
    )*};
}

plain_parameters! {
    Gpr8: Gpr8; Gpr8h: Gpr8h; Gpr16: Gpr16; Gpr32: Gpr32; Gpr64: Gpr64;
    EGpr8: EGpr8 Gpr8; EGpr16: EGpr16 Gpr16; EGpr32: EGpr32 Gpr32; EGpr64: EGpr64 Gpr64;
    Xmm: Xmm; Ymm: Ymm; Zmm: Zmm; EXmm: EXmm Xmm; EYmm: EYmm Ymm; K: K; KPair: KPair; Tmm: Tmm; St: St; Sreg: Sreg; Mm: Mm; Cr: Cr; Dr: Dr;
    Mem: Mem Label Symbol; EMem: EMem Mem Label Symbol;
    VMem<Xmm>: VMemX; VMem<Ymm>: VMemY; VMem<Zmm>: VMemZ; VMem<EXmm>: VMemEX VMemX; VMem<EYmm>: VMemEY VMemY;
    Target: Label Symbol; Dfv: Dfv; StringSource: StringSource; XlatTable: XlatTable;
    MaskedDestination: MaskedDestination; Moffs: Moffs;
}

macro_rules! immediate_parameters {
    ($($ty:ty)*) => {$(
        impl Parameter for $ty {
            fn from_operand(operand: &Operand) -> Option<Self> {
                match operand.value {
                    Value::Imm(value) if operand.is_plain() => value.try_into().ok(),
                    _ => None,
                }
            }
        }
    )*};
}

immediate_parameters!(i8 u8 i16 u16 i32 u32 i64);

impl Parameter for u64 {
    fn from_operand(operand: &Operand) -> Option<Self> {
        i64::from_operand(operand).map(|bits| bits as u64)
    }
}

impl Parameter for U4 {
    fn from_operand(operand: &Operand) -> Option<Self> {
        u8::from_operand(operand).and_then(U4::new)
    }
}

impl<R: RegisterClass + Parameter> Parameter for Low<R> {
    fn from_operand(operand: &Operand) -> Option<Self> {
        R::from_operand(operand).and_then(Low::new)
    }
}

impl<M: Parameter + Addressed> Parameter for WideMem<M> {
    fn from_operand(operand: &Operand) -> Option<Self> {
        M::from_operand(operand).and_then(WideMem::new)
    }
}

impl<M: Parameter + Addressed> Parameter for NarrowMem<M> {
    fn from_operand(operand: &Operand) -> Option<Self> {
        M::from_operand(operand).and_then(NarrowMem::new)
    }
}

impl Parameter for Low<Mem> {
    fn from_operand(operand: &Operand) -> Option<Self> {
        Mem::from_operand(operand).and_then(Low::memory)
    }
}

impl Parameter for Rm<Gpr8h> {
    fn from_operand(operand: &Operand) -> Option<Self> {
        let register = Gpr8h::from_operand(operand).map(Rm::from);
        register.or_else(|| Low::<Mem>::from_operand(operand).map(Rm::from))
    }
}

macro_rules! register_or_memory {
    ($memory:ident: $($class:ident)*) => {$(
        impl Parameter for Rm<$class> {
            fn from_operand(operand: &Operand) -> Option<Self> {
                let register = $class::from_operand(operand).map(Rm::from);
                register.or_else(|| $memory::from_operand(operand).map(Rm::from))
            }
        }
    )*};
}

register_or_memory!(Mem: Gpr8 Gpr16 Gpr32 Gpr64 Xmm Ymm K Mm);
register_or_memory!(EMem: EGpr8 EGpr16 EGpr32 EGpr64 Zmm EXmm EYmm);

impl<R: ExtendedAddress + Parameter> Parameter for Bcst<R> {
    fn from_operand(operand: &Operand) -> Option<Self> {
        if operand.broadcast {
            let element = Operand { broadcast: false, ..*operand };
            return EMem::from_operand(&element).map(|mem| mem.broadcast().into());
        }
        R::from_operand(operand).map(Bcst::from).or_else(|| EMem::from_operand(operand).map(Bcst::from))
    }
}

impl Operand {
    fn write_mask(&self) -> Option<WriteMask> {
        self.mask.and_then(K::write_mask)
    }
}

impl<T: Parameter + Copy> Parameter for Masked<T> {
    fn from_operand(operand: &Operand) -> Option<Self> {
        let inner = T::from_operand(&Operand { mask: None, ..*operand })?;
        Some(Masked::new(inner, operand.write_mask()?))
    }
}

impl<T: Parameter + Copy> Parameter for Merging<T> {
    fn from_operand(operand: &Operand) -> Option<Self> {
        let inner = T::from_operand(&Operand { mask: None, ..*operand })?;
        Some(match operand.write_mask() {
            Some(mask) => Masked::new(inner, mask).into(),
            None => inner.into(),
        })
    }
}

impl<T: Parameter + Copy> Parameter for Zeroing<T> {
    fn from_operand(operand: &Operand) -> Option<Self> {
        let inner = T::from_operand(&Operand { mask: None, zeroing: false, ..*operand })?;
        let is_memory = EMem::from_operand(&Operand::plain(operand.value)).is_some();
        match (operand.write_mask(), operand.zeroing) {
            (None, false) => Some(inner.into()),
            (Some(mask), false) => Some(Masked::new(inner, mask).into()),
            // Zeroing is for registers, and for elements that a mask leaves out.
            (Some(mask), true) if !is_memory => Some(Zeroing::zeroed(inner, mask)),
            (_, true) => None,
        }
    }
}

/// Registers that `{er}` and `{sae}` may stand behind.
macro_rules! rounded_parameters {
    ($($class:ident)*) => {$(
        rounded_parameters!(@outer $class, $class);
        rounded_parameters!(@outer Rm<$class>, $class);
        rounded_parameters!(@outer Bcst<$class>, $class);
    )*};
    (@outer $inner:ty, $class:ident) => {
        impl Parameter for Er<$inner> {
            fn from_operand(operand: &Operand) -> Option<Self> {
                match operand.round {
                    Some(round) => $class::from_operand(&Operand { round: None, ..*operand }).map(|r| r.rounded(round).into()),
                    None => <$inner>::from_operand(operand).map(Er::from),
                }
            }
        }

        impl Parameter for Sae<$inner> {
            fn from_operand(operand: &Operand) -> Option<Self> {
                if operand.sae {
                    return $class::from_operand(&Operand { sae: false, ..*operand }).map(|r| r.sae().into());
                }
                <$inner>::from_operand(operand).map(Sae::from)
            }
        }
    };
}

rounded_parameters!(EXmm EYmm Zmm);

macro_rules! rounded_general {
    ($($class:ident)*) => {$(
        impl Parameter for Er<Rm<$class>> {
            fn from_operand(operand: &Operand) -> Option<Self> {
                match operand.round {
                    Some(round) => $class::from_operand(&Operand { round: None, ..*operand }).map(|r| r.rounded(round).into()),
                    None => Rm::<$class>::from_operand(operand).map(Er::from),
                }
            }
        }
    )*};
}

rounded_general!(EGpr32 EGpr64);
