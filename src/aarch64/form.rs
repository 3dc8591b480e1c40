//! The AArch64 forms as data, and emission of a form chosen at run time.

use super::*;
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
    /// The mnemonic in lower case.
    pub mnemonic: &'static str,
    /// Arm's assembler syntax.
    pub syntax: &'static str,
    /// The bits from the highest: `0` and `1`, `(0)` and `(1)` that should be so, fields.
    pub encoding: &'static str,
    /// Arm's name of the encoding; most aliases have none.
    pub id: Option<&'static str>,
    /// The explicit operands, in the manual's order.
    pub operands: &'static [OperandInfo],
    /// What the operands are in bits, one an operand.
    pub values: &'static [&'static Value],
    /// What must hold between fields; `finish` fails if it does not.
    pub condition: Option<&'static str>,
    /// Access to the flags: `r:nzcv w:nzcv`.
    pub flags: &'static str,
    /// Architecture features, all needed.
    pub cpu: &'static [CpuFeature],
    /// Further ones, which [`CpuFeature`] does not know: those of tables of another crate.
    pub other_cpu: &'static [&'static str],
    /// Another form that can place the same word.
    pub alias: Option<&'static str>,
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

/// What an operand is in bits.
#[derive(Debug, Clone, Copy)]
pub struct Value {
    /// The kind as the table names it: `X`, `U<<3`, `LogicalImm64`.
    pub kind: &'static str,
    /// The width of its value in bits.
    pub width: u32,
    /// [`Value::from_bits`].
    pub from_bits: fn(u32) -> Option<Operand>,
}

impl Value {
    /// The operand with these bits, right-aligned; `None` if there is none, and for labels, whose bits are a distance.
    ///
    /// ```
    /// use tailfirst::aarch64::*;
    /// let form = forms().iter().find(|form| form.name == "and_x_imm").unwrap();
    /// let imm = form.values[2];
    /// let legal = (0..1 << imm.width).filter_map(|bits| imm.from_bits(bits)).count();
    /// assert_eq!(legal, 5334);
    /// ```
    pub fn from_bits(&self, bits: u32) -> Option<Operand> {
        (self.from_bits)(bits)
    }
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
    include!(concat!(env!("OUT_DIR"), "/aarch64_forms.rs"));
}

/// The operand at an index, as the encoder function takes it.
pub fn get<T: TryFrom<Operand>>(operands: &[Operand], index: usize, expected: &'static str) -> Result<T, OperandError> {
    let operand = operands.get(index).and_then(|operand| T::try_from(*operand).ok());
    operand.ok_or(OperandError::Kind { index, expected })
}

/// The operand types: variant, type, and what else converts to it.
macro_rules! operands {
    ($($variant:ident $ty:ty $(, $pattern:pat => $convert:expr)*;)*) => {
        /// An operand of any kind.
        #[derive(Clone, Copy, PartialEq)]
        #[non_exhaustive]
        pub enum Operand {
            /// An immediate by its value; where a form wants a kind of immediate, it is converted.
            Imm(i64),
            /// What a branch, an address or a literal refers to.
            Target(Target),
            $(
                #[doc = concat!("A `", stringify!($variant), "`.")]
                $variant($ty),
            )*
        }

        impl core::fmt::Debug for Operand {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self {
                    Operand::Imm(value) => value.fmt(f),
                    Operand::Target(target) => target.fmt(f),
                    $(Operand::$variant(value) => value.fmt(f),)*
                }
            }
        }

        $(
            impl From<$ty> for Operand {
                fn from(value: $ty) -> Self {
                    Operand::$variant(value)
                }
            }

            impl TryFrom<Operand> for $ty {
                type Error = Operand;

                fn try_from(operand: Operand) -> Result<Self, Operand> {
                    let converted = match operand {
                        Operand::$variant(value) => Some(value),
                        $($pattern => $convert,)*
                        _ => None,
                    };
                    converted.ok_or(operand)
                }
            }
        )*
    };
}

/// An immediate's value as the type that its constructor takes.
fn number<T: TryFrom<i64>>(value: i64) -> Option<T> {
    T::try_from(value).ok()
}

operands! {
    X X, Operand::XSp(register) => register.general().map(X::from);
    W W, Operand::WSp(register) => register.general().map(W::from);
    XSp XSp, Operand::X(register) => register.general().map(XSp::from);
    WSp WSp, Operand::W(register) => register.general().map(WSp::from);
    XPair XPair;
    WPair WPair;
    XOctet XOctet;
    AddImm AddImm, Operand::Imm(value) => number(value).and_then(AddImm::new);
    AtLeastImm AtLeastImm, Operand::Imm(value) => number(value).and_then(AtLeastImm::new);
    AtMostImm AtMostImm, Operand::Imm(value) => number(value).and_then(AtMostImm::new);
    LogicalImm32 LogicalImm32, Operand::Imm(value) => number(value).and_then(LogicalImm32::new);
    LogicalImm64 LogicalImm64, Operand::Imm(value) => LogicalImm64::new(value as u64);
    InvertedImm64 InvertedImm64, Operand::Imm(value) => InvertedImm64::new(value as u64);
    MovWide32 MovWide32, Operand::Imm(value) => number(value).and_then(MovWide32::new);
    MovWide64 MovWide64, Operand::Imm(value) => MovWide64::new(value as u64);
    MovInverted32 MovInverted32, Operand::Imm(value) => number(value).and_then(MovInverted32::new);
    MovInverted64 MovInverted64, Operand::Imm(value) => MovInverted64::new(value as u64);
    LslImm32 LslImm32, Operand::Imm(value) => number(value).and_then(LslImm32::new);
    LslImm64 LslImm64, Operand::Imm(value) => number(value).and_then(LslImm64::new);
    BitField32 BitField32;
    BitField64 BitField64;
    Fbits32 Fbits32, Operand::Imm(value) => number(value).and_then(Fbits32::new);
    Fbits64 Fbits64, Operand::Imm(value) => number(value).and_then(Fbits64::new);
    FpImm8 FpImm8;
    ShrImm8 ShrImm<8>, Operand::Imm(value) => number(value).and_then(ShrImm::new);
    ShrImm16 ShrImm<16>, Operand::Imm(value) => number(value).and_then(ShrImm::new);
    ShrImm32 ShrImm<32>, Operand::Imm(value) => number(value).and_then(ShrImm::new);
    ShrImm64 ShrImm<64>, Operand::Imm(value) => number(value).and_then(ShrImm::new);
    LaneFbits16 LaneFbits<16>, Operand::Imm(value) => number(value).and_then(LaneFbits::new);
    LaneFbits32 LaneFbits<32>, Operand::Imm(value) => number(value).and_then(LaneFbits::new);
    LaneFbits64 LaneFbits<64>, Operand::Imm(value) => number(value).and_then(LaneFbits::new);
    Msl Msl;
    ByteMask64 ByteMask64, Operand::Imm(value) => ByteMask64::new(value as u64);
    Rotation Rotation, Operand::Imm(value) => number(value).and_then(Rotation::new);
    RotationOdd RotationOdd, Operand::Imm(value) => number(value).and_then(RotationOdd::new);
    Shift32 Shift32;
    Shift64 Shift64;
    ShiftRor32 ShiftRor32, Operand::Shift32(shift) => Some(shift.into());
    ShiftRor64 ShiftRor64, Operand::Shift64(shift) => Some(shift.into());
    Extended32 Extended32, Operand::W(register) => Some(register.into());
    Extended64 Extended64, Operand::W(register) => Some(register.into()), Operand::X(register) => Some(register.into());
    Index0 Index<0>, Operand::X(register) => Some(register.into());
    Index1 Index<1>, Operand::X(register) => Some(register.into());
    Index2 Index<2>, Operand::X(register) => Some(register.into());
    Index3 Index<3>, Operand::X(register) => Some(register.into());
    Index4 Index<4>, Operand::X(register) => Some(register.into());
    Cond Cond;
    CondInv CondInv, Operand::Cond(cond) => CondInv::new(cond);
    Nzcv Nzcv;
    SysReg SysReg;
    SysOp SysOp;
    DcOp DcOp;
    AtOp AtOp;
    IcOp IcOp;
    TlbiOp TlbiOp;
    TlbiXOp TlbiXOp;
    TlbiPairOp TlbiPairOp;
    GicOp GicOp;
    PlbiOp PlbiOp;
    PlbiXOp PlbiXOp;
    PState PState;
    Barrier Barrier;
    BarrierNxs BarrierNxs;
    Prefetch Prefetch;
    PrefetchOp PrefetchOp, Operand::Prefetch(op) => Some(op.into());
    RangePrefetch RangePrefetch;
    BtiTarget BtiTarget;
    B B;
    H H;
    S S;
    D D;
    Q Q;
    V V;
    V8B V8B;
    V16B V16B;
    V2H V2H;
    V4H V4H;
    V8H V8H;
    V2S V2S;
    V4S V4S;
    V1D V1D;
    V2D V2D;
    V1Q V1Q;
    LaneB LaneB;
    LaneH LaneH;
    LaneBLow LaneBLow;
    LaneHLow LaneHLow;
    PairH PairH;
    PairHLow PairHLow;
    PairS PairS;
    LutSegment2 LutSegment<2>;
    LutSegment4 LutSegment<4>;
    LutSegment8 LutSegment<8>;
    LaneS LaneS;
    LaneD LaneD;
    V8Bx1 List<V8B, 1>;
    V8Bx2 List<V8B, 2>;
    V8Bx3 List<V8B, 3>;
    V8Bx4 List<V8B, 4>;
    V16Bx1 List<V16B, 1>;
    V16Bx2 List<V16B, 2>;
    V16Bx3 List<V16B, 3>;
    V16Bx4 List<V16B, 4>;
    V4Hx1 List<V4H, 1>;
    V4Hx2 List<V4H, 2>;
    V4Hx3 List<V4H, 3>;
    V4Hx4 List<V4H, 4>;
    V8Hx1 List<V8H, 1>;
    V8Hx2 List<V8H, 2>;
    V8Hx3 List<V8H, 3>;
    V8Hx4 List<V8H, 4>;
    V2Sx1 List<V2S, 1>;
    V2Sx2 List<V2S, 2>;
    V2Sx3 List<V2S, 3>;
    V2Sx4 List<V2S, 4>;
    V4Sx1 List<V4S, 1>;
    V4Sx2 List<V4S, 2>;
    V4Sx3 List<V4S, 3>;
    V4Sx4 List<V4S, 4>;
    V1Dx1 List<V1D, 1>;
    V1Dx2 List<V1D, 2>;
    V1Dx3 List<V1D, 3>;
    V1Dx4 List<V1D, 4>;
    V2Dx1 List<V2D, 1>;
    V2Dx2 List<V2D, 2>;
    V2Dx3 List<V2D, 3>;
    V2Dx4 List<V2D, 4>;
    LaneBx1 LaneList<LaneB, 1>;
    LaneBx2 LaneList<LaneB, 2>;
    LaneBx3 LaneList<LaneB, 3>;
    LaneBx4 LaneList<LaneB, 4>;
    LaneHx1 LaneList<LaneH, 1>;
    LaneHx2 LaneList<LaneH, 2>;
    LaneHx3 LaneList<LaneH, 3>;
    LaneHx4 LaneList<LaneH, 4>;
    LaneSx1 LaneList<LaneS, 1>;
    LaneSx2 LaneList<LaneS, 2>;
    LaneSx3 LaneList<LaneS, 3>;
    LaneSx4 LaneList<LaneS, 4>;
    LaneDx1 LaneList<LaneD, 1>;
    LaneDx2 LaneList<LaneD, 2>;
    LaneDx3 LaneList<LaneD, 3>;
    LaneDx4 LaneList<LaneD, 4>;
    Z Z;
    ZB ZB;
    ZH ZH;
    ZS ZS;
    ZD ZD;
    ZQ ZQ;
    ZLowB ZLow<ZB>;
    ZLowH ZLow<ZH>;
    ZLowS ZLow<ZS>;
    ZLowD ZLow<ZD>;
    ZEvenLowB ZEvenLow<ZB>;
    ZEvenLowH ZEvenLow<ZH>;
    ZEvenLowS ZEvenLow<ZS>;
    ZEvenLowD ZEvenLow<ZD>;
    ZEvenHighB ZEvenHigh<ZB>;
    ZEvenHighH ZEvenHigh<ZH>;
    ZEvenHighS ZEvenHigh<ZS>;
    ZEvenHighD ZEvenHigh<ZD>;
    ZBx2l ZListLow<ZB, 2>;
    ZHx2l ZListLow<ZH, 2>;
    ZSx2l ZListLow<ZS, 2>;
    ZDx2l ZListLow<ZD, 2>;
    ZBx2h ZListHigh<ZB, 2>;
    ZHx2h ZListHigh<ZH, 2>;
    ZSx2h ZListHigh<ZS, 2>;
    ZDx2h ZListHigh<ZD, 2>;
    Zx2 ZList<Z, 2>;
    Zx2a ZListAligned<Z, 2>;
    ZLaneB ZLaneB;
    ZLaneH ZLaneH;
    ZLaneS ZLaneS;
    ZLaneD ZLaneD;
    ZLaneSLong ZLaneSLong;
    ZLaneHLong ZLaneHLong;
    ZLaneBLong ZLaneBLong;
    ZControl ZControl;
    ZPairH ZPairH;
    ZPairS ZPairS;
    ZIndexB ZIndex<B>;
    ZIndexH ZIndex<H>;
    ZIndexS ZIndex<S>;
    ZIndexD ZIndex<D>;
    PIndexB PIndex<B>;
    PIndexH PIndex<H>;
    PIndexS PIndex<S>;
    PIndexD PIndex<D>;
    ZSExtend ZSExtend;
    ZDExtend ZDExtend;
    P P, Operand::PLow(register) => Some(register.into());
    PB PB;
    PH PH;
    PS PS;
    PD PD;
    PM PM, Operand::PLowM(register) => Some(register.into());
    PZ PZ, Operand::PLowZ(register) => Some(register.into());
    PLow PLow;
    PLowM PLowM;
    PLowZ PLowZ;
    PN PN;
    PNZ PNZ;
    PNB PNB;
    PNH PNH;
    PNS PNS;
    PND PND;
    PNAnyB PNAny<B>, Operand::PNB(counter) => Some(counter.into());
    PNAnyH PNAny<H>, Operand::PNH(counter) => Some(counter.into());
    PNAnyS PNAny<S>, Operand::PNS(counter) => Some(counter.into());
    PNAnyD PNAny<D>, Operand::PND(counter) => Some(counter.into());
    PBx2 PList<PB, 2>;
    PHx2 PList<PH, 2>;
    PSx2 PList<PS, 2>;
    PDx2 PList<PD, 2>;
    PBx2a PListAligned<PB, 2>;
    PHx2a PListAligned<PH, 2>;
    PSx2a PListAligned<PS, 2>;
    PDx2a PListAligned<PD, 2>;
    SvePrefetch SvePrefetch;
    VlxN VlxN;
    SvePattern SvePattern;
    Mul16 Mul16, Operand::Imm(value) => number(value).and_then(Mul16::new);
    SveImm SveImm, Operand::Imm(value) => number(value).and_then(SveImm::new);
    SveSImm SveSImm, Operand::Imm(value) => number(value).and_then(SveSImm::new);
    HalfOrOne HalfOrOne;
    HalfOrTwo HalfOrTwo;
    ZeroOrOne ZeroOrOne;
    MulVl3 MulVl3, Operand::Imm(value) => number(value).and_then(MulVl3::new);
    ZAH ZAH;
    ZAS ZAS;
    ZAD ZAD;
    ZASliceB ZASlice<B>;
    ZASliceH ZASlice<H>;
    ZASliceS ZASlice<S>;
    ZASliceD ZASlice<D>;
    ZASliceQ ZASlice<Q>;
    ZASlices2B ZASlices<B, 2>;
    ZASlices2H ZASlices<H, 2>;
    ZASlices2S ZASlices<S, 2>;
    ZASlices2D ZASlices<D, 2>;
    ZASlices4B ZASlices<B, 4>;
    ZASlices4H ZASlices<H, 4>;
    ZASlices4S ZASlices<S, 4>;
    ZASlices4D ZASlices<D, 4>;
    ZARange2of16 ZARange<2, 16>;
    ZARange2of8 ZARange<2, 8>;
    ZARange4of16 ZARange<4, 16>;
    ZARange4of8 ZARange<4, 8>;
    ZAVector ZAVector;
    ZAArray ZAArray;
    ZATileMask ZATileMask;
    SmeMode SmeMode;
    ZBx1 ZList<ZB, 1>;
    ZBx2 ZList<ZB, 2>;
    ZBx3 ZList<ZB, 3>;
    ZBx4 ZList<ZB, 4>;
    ZHx1 ZList<ZH, 1>;
    ZHx2 ZList<ZH, 2>;
    ZHx3 ZList<ZH, 3>;
    ZHx4 ZList<ZH, 4>;
    ZSx1 ZList<ZS, 1>;
    ZSx2 ZList<ZS, 2>;
    ZSx3 ZList<ZS, 3>;
    ZSx4 ZList<ZS, 4>;
    ZDx1 ZList<ZD, 1>;
    ZDx2 ZList<ZD, 2>;
    ZDx3 ZList<ZD, 3>;
    ZDx4 ZList<ZD, 4>;
    ZQx1 ZList<ZQ, 1>;
    ZQx2 ZList<ZQ, 2>;
    ZQx3 ZList<ZQ, 3>;
    ZQx4 ZList<ZQ, 4>;
    ZQx2a ZListAligned<ZQ, 2>;
    ZQx4a ZListAligned<ZQ, 4>;
    ZQx2s ZListStrided<ZQ, 2>;
    ZQx4s ZListStrided<ZQ, 4>;
    ZBx2a ZListAligned<ZB, 2>;
    ZBx4a ZListAligned<ZB, 4>;
    ZBx2s ZListStrided<ZB, 2>;
    ZBx4s ZListStrided<ZB, 4>;
    ZHx2a ZListAligned<ZH, 2>;
    ZHx4a ZListAligned<ZH, 4>;
    ZHx2s ZListStrided<ZH, 2>;
    ZHx4s ZListStrided<ZH, 4>;
    ZSx2a ZListAligned<ZS, 2>;
    ZSx4a ZListAligned<ZS, 4>;
    ZSx2s ZListStrided<ZS, 2>;
    ZSx4s ZListStrided<ZS, 4>;
    ZDx2a ZListAligned<ZD, 2>;
    ZDx4a ZListAligned<ZD, 4>;
    ZDx2s ZListStrided<ZD, 2>;
    ZDx4s ZListStrided<ZD, 4>;
}

impl<const BITS: u32, const SHIFT: u32> From<UImm<BITS, SHIFT>> for Operand {
    fn from(immediate: UImm<BITS, SHIFT>) -> Self {
        Operand::Imm(immediate.value().into())
    }
}

impl<const BITS: u32, const SHIFT: u32> TryFrom<Operand> for UImm<BITS, SHIFT> {
    type Error = Operand;

    fn try_from(operand: Operand) -> Result<Self, Operand> {
        match operand {
            Operand::Imm(value) => number(value).and_then(UImm::new).ok_or(operand),
            _ => Err(operand),
        }
    }
}

impl<const BITS: u32, const SHIFT: u32> From<SImm<BITS, SHIFT>> for Operand {
    fn from(immediate: SImm<BITS, SHIFT>) -> Self {
        Operand::Imm(immediate.value().into())
    }
}

impl<const BITS: u32, const SHIFT: u32> TryFrom<Operand> for SImm<BITS, SHIFT> {
    type Error = Operand;

    fn try_from(operand: Operand) -> Result<Self, Operand> {
        match operand {
            Operand::Imm(value) => number(value).and_then(SImm::new).ok_or(operand),
            _ => Err(operand),
        }
    }
}

impl TryFrom<Operand> for Target {
    type Error = Operand;

    fn try_from(operand: Operand) -> Result<Self, Operand> {
        match operand {
            Operand::Target(target) => Ok(target),
            _ => Err(operand),
        }
    }
}

macro_rules! operand_from {
    ($($ty:ty => $variant:ident $convert:expr;)*) => {$(
        impl From<$ty> for Operand {
            fn from(value: $ty) -> Self {
                Operand::$variant($convert(value))
            }
        }
    )*};
}

operand_from! {
    Gpr64 => X X::from;
    Gpr32 => W W::from;
    i32 => Imm i64::from;
    i64 => Imm core::convert::identity;
    Target => Target core::convert::identity;
    Label => Target Target::from;
    Symbol => Target Target::from;
}
