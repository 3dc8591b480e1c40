//! Operands as bits of an instruction, for the primitives that place many kinds of them (see
//! [`encode`](super::encode)).

use super::*;

/// An operand by its bits.
pub trait Bits {
    /// Its value in the instruction, right-aligned.
    fn bits(self) -> u32;
}

macro_rules! operands {
    ($($([$($parameter:tt)*])? $ty:ident $(<$($argument:tt),*>)?;)*) => {$(
        impl $(<$($parameter)*>)? Bits for $ty $(<$($argument),*>)? {
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn bits(self) -> u32 {
                // The method of the type itself.
                <$ty $(<$($argument),*>)?>::bits(self)
            }
        }
    )*};
}

macro_rules! plain {
    ($($ty:ident)*) => { operands!($($ty;)*); };
}

macro_rules! lists {
    ($list:ident: $($element:ident)*) => { operands!($([const N: usize] $list<$element, N>;)*); };
}

plain!(
    X W XSp WSp XPair WPair Extended32 Extended64 Shift32 Shift64 ShiftRor32 ShiftRor64 LslImm32 LslImm64
    AddImm AtLeastImm AtMostImm LogicalImm32 LogicalImm64 MovWide32 MovWide64 MovInverted32 MovInverted64
    ByteMask64 FpImm8 Msl InvertedImm64 Fbits32 Fbits64 Cond CondInv Nzcv Rotation RotationOdd
    AtOp Barrier BarrierNxs BtiTarget DcOp IcOp PState Prefetch PrefetchOp RangePrefetch SysOp SysReg
    TlbiOp TlbiXOp TlbiPairOp GicOp PlbiOp PlbiXOp
    B H S D Q V V16B V1D V1Q V2D V2H V2S V4H V4S V8B V8H LaneB LaneBLow LaneH LaneHLow LaneS LaneD
    PairH PairHLow PairS XOctet
);
operands!(
    [const WIDTH: u32, const SHIFT: u32] UImm<WIDTH, SHIFT>;
    [const WIDTH: u32, const SHIFT: u32] SImm<WIDTH, SHIFT>;
    [const SIZE: u32] ShrImm<SIZE>;
    [const SIZE: u32] LaneFbits<SIZE>;
    [const LOG2: u32] Index<LOG2>;
    [const COUNT: u32] LutSegment<COUNT>;
);
lists!(List: V16B V1D V2D V2S V4H V4S V8B V8H);
lists!(LaneList: LaneB LaneH LaneS LaneD);

#[cfg(any(feature = "aarch64-sve", feature = "aarch64-sme", feature = "forms"))]
mod scalable {
    use super::*;

    macro_rules! of_elements {
        ($outer:ident: $($element:ident)*) => { operands!($($outer<$element>;)*); };
    }

    plain!(
        Z ZB ZH ZS ZD ZQ ZSExtend ZDExtend HalfOrOne HalfOrTwo ZeroOrOne Mul16 MulVl3
        ZLaneB ZLaneH ZLaneS ZLaneSLong ZLaneHLong ZLaneBLong ZLaneD ZControl
        ZPairH ZPairS SvePrefetch SveImm SveSImm SvePattern VlxN
        P PB PH PS PD PZ PM PLow PLowZ PLowM PN PNB PNH PNS PND PNZ
        SmeMode ZAArray ZAH ZAS ZAD ZATileMask ZAVector
    );
    lists!(ZList: Z ZB ZH ZS ZD ZQ);
    lists!(ZListAligned: Z ZB ZH ZS ZD ZQ);
    lists!(ZListLow: ZB ZH ZS ZD);
    lists!(ZListHigh: ZB ZH ZS ZD);
    lists!(ZListStrided: ZB ZH ZS ZD ZQ);
    lists!(PList: PB PH PS PD);
    lists!(PListAligned: PB PH PS PD);
    of_elements!(ZLow: ZB ZH ZS ZD);
    of_elements!(ZEvenLow: ZB ZH ZS ZD);
    of_elements!(ZEvenHigh: ZB ZH ZS ZD);
    of_elements!(ZIndex: B H S D);
    of_elements!(PIndex: B H S D);
    of_elements!(PNAny: B H S D);
    of_elements!(ZASlice: B H S D Q);
    operands!(
        ZASlices<B, 2>; ZASlices<H, 2>; ZASlices<S, 2>; ZASlices<D, 2>;
        ZASlices<B, 4>; ZASlices<H, 4>; ZASlices<S, 4>; ZASlices<D, 4>;
        [const N: u8, const LIMIT: u8] ZARange<N, LIMIT>;
    );
}
