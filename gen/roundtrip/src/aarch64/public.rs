//! Operands of the public API, made from what they mean with its own constructors.

use super::{
    TARGET,
    value::{CONDITIONS, Value},
};
use std::{collections::HashMap, sync::LazyLock};
use tailfirst::aarch64::*;

/// What every constructor below gives for an operand that exists.
const EXISTS: &str = "the operand exists";

/// The condition of an index into [`CONDITIONS`].
fn condition(index: usize) -> Cond {
    use Cond::*;
    let all = [EQ, NE, Cond::HS, Cond::LO, MI, PL, VS, VC, HI, LS, GE, LT, GT, LE, AL, NV];
    assert_eq!(all.len(), CONDITIONS.len());
    all[index]
}

/// A number as the type that a constructor takes.
fn number<T: TryFrom<i64>>(value: i64) -> T {
    T::try_from(value).ok().expect("the number has the constructor's type")
}

/// A register with an extension and a shift, as one writes it.
fn extended(register: u32, how: &str, amount: u32) -> ExtendedReg {
    let (number, amount) = (register as u8, amount as u8);
    let (w, x) = (W::new(number).expect(EXISTS), X::new(number).expect(EXISTS));
    match how {
        "uxtb" => w.uxtb(amount),
        "uxth" => w.uxth(amount),
        "uxtw" => w.uxtw(amount),
        "uxtx" => x.uxtx(amount),
        "sxtb" => w.sxtb(amount),
        "sxth" => w.sxth(amount),
        "sxtw" => w.sxtw(amount),
        _ => x.sxtx(amount),
    }
}

fn index<const LOG2: u32>(register: u32, how: &str, scaled: bool) -> Index<LOG2> {
    if scaled && LOG2 == 0 {
        let number = register as u8;
        return match how {
            "uxtw" => Index::scaled_uxtw(W::new(number).expect(EXISTS)),
            "sxtw" => Index::scaled_sxtw(W::new(number).expect(EXISTS)),
            _ => Index::scaled(X::new(number).expect(EXISTS)),
        };
    }
    Index::new(extended(register, how, if scaled { LOG2 } else { 0 })).expect(EXISTS)
}

macro_rules! shift {
    ($ty:ident $how:expr, $amount:expr) => {
        match $how {
            "lsl" => $ty::lsl($amount),
            "lsr" => $ty::lsr($amount),
            _ => $ty::asr($amount),
        }
    };
}

/// The operand; `other` asks for another way to say the same, where there is one.
pub fn operand(kind: &str, value: &Value, other: bool) -> Operand {
    match *value {
        Value::Register(number) => register(kind, number as u8, other),
        Value::Element { register, lane } => element(kind, register as u8, lane as u8, other),
        Value::Number(number) => immediate(kind, number, other),
        Value::Real(real) => match kind {
            "FpImm8" => FpImm8::new(real).expect(EXISTS).into(),
            "HalfOrOne" => if real == 0.5 { HalfOrOne::Half } else { HalfOrOne::One }.into(),
            "ZeroOrOne" => if real == 0.0 { ZeroOrOne::Zero } else { ZeroOrOne::One }.into(),
            _ => if real == 0.5 { HalfOrTwo::Half } else { HalfOrTwo::Two }.into(),
        },
        Value::Condition(index) => match kind {
            "CondInv" if !other => CondInv::new(condition(index)).expect(EXISTS).into(),
            // A plain condition converts.
            _ => condition(index).into(),
        },
        Value::Shift { how, amount } => match kind {
            "Shift32" => shift!(Shift32 how, amount).expect(EXISTS).into(),
            "Shift64" => shift!(Shift64 how, amount).expect(EXISTS).into(),
            "ShiftRor32" if how == "ror" => ShiftRor32::ror(amount).expect(EXISTS).into(),
            "ShiftRor64" if how == "ror" => ShiftRor64::ror(amount).expect(EXISTS).into(),
            // What has no ROR converts to what has it.
            "ShiftRor32" if other => shift!(Shift32 how, amount).expect(EXISTS).into(),
            "ShiftRor64" if other => shift!(Shift64 how, amount).expect(EXISTS).into(),
            "ShiftRor32" => shift!(ShiftRor32 how, amount).expect(EXISTS).into(),
            _ => shift!(ShiftRor64 how, amount).expect(EXISTS).into(),
        },
        Value::Extended { register, how, amount } => match kind {
            // A register by itself is extended from its own size.
            "Extended32" | "Extended64" if other && how == "uxtw" && amount == 0 => {
                W::new(register as u8).expect(EXISTS).into()
            }
            "Extended64" if other && how == "uxtx" && amount == 0 => X::new(register as u8).expect(EXISTS).into(),
            "Extended32" => {
                let (w, amount) = (W::new(register as u8).expect(EXISTS), amount as u8);
                let narrow = match how {
                    "uxtx" => w.uxtx(amount),
                    "sxtx" => w.sxtx(amount),
                    _ => extended(register, how, amount.into()),
                };
                Extended32::new(narrow).expect(EXISTS).into()
            }
            "Extended64" => Extended64::new(extended(register, how, amount)).expect(EXISTS).into(),
            _ => {
                let z = Z::new(register as u8).expect(EXISTS);
                match (kind, how) {
                    ("ZSExtend", "uxtw") => z.s().uxtw().into(),
                    ("ZSExtend", _) => z.s().sxtw().into(),
                    (_, "uxtw") => z.d().uxtw().into(),
                    _ => z.d().sxtw().into(),
                }
            }
        },
        Value::Index { register, how, scaled } => match kind {
            _ if other && how == "uxtx" && !scaled => X::new(register as u8).expect(EXISTS).into(),
            "Index0" => index::<0>(register, how, scaled).into(),
            "Index1" => index::<1>(register, how, scaled).into(),
            "Index2" => index::<2>(register, how, scaled).into(),
            "Index3" => index::<3>(register, how, scaled).into(),
            _ => index::<4>(register, how, scaled).into(),
        },
        Value::BitField { lsb, width } => match kind {
            "BfxField32" | "BfiField32" => BitField32::new(lsb, width).expect(EXISTS).into(),
            _ => BitField64::new(lsb, width).expect(EXISTS).into(),
        },
        Value::System { op0, op1, crn, crm, op2 } => {
            let [op0, op1, crn, crm, op2] = [op0, op1, crn, crm, op2].map(|number| number as u8);
            match kind {
                "SysReg" => SysReg::new(op0, op1, crn, crm, op2).expect(EXISTS).into(),
                _ => SysOp::new(op1, crn, crm, op2).expect(EXISTS).into(),
            }
        }
        Value::Named(named) => (named.operand)(),
        Value::Slice { vertical, index, tile, offset } => {
            let (index, tile, offset) = (Gpr32::new(index as u8).expect(EXISTS), tile as u8, offset as u8);
            macro_rules! slice {
                ($ty:ident) => {
                    match vertical {
                        true => ZASlice::<$ty>::vertical(tile, index, offset),
                        false => ZASlice::<$ty>::horizontal(tile, index, offset),
                    }
                    .expect(EXISTS)
                    .into()
                };
            }
            macro_rules! slices {
                ($ty:ident, $count:literal) => {
                    match vertical {
                        true => ZASlices::<$ty, $count>::vertical(tile, index, offset),
                        false => ZASlices::<$ty, $count>::horizontal(tile, index, offset),
                    }
                    .expect(EXISTS)
                    .into()
                };
            }
            match kind {
                "ZASlices2B" => slices!(B, 2),
                "ZASlices2H" => slices!(H, 2),
                "ZASlices2S" => slices!(S, 2),
                "ZASlices2D" => slices!(D, 2),
                "ZASlices4B" => slices!(B, 4),
                "ZASlices4H" => slices!(H, 4),
                "ZASlices4S" => slices!(S, 4),
                "ZASlices4D" => slices!(D, 4),
                "ZASliceB" => slice!(B),
                "ZASliceH" => slice!(H),
                "ZASliceS" => slice!(S),
                "ZASliceD" => slice!(D),
                _ => slice!(Q),
            }
        }
        Value::Array { index, offset } => {
            let index = Gpr32::new(index as u8).expect(EXISTS);
            match kind {
                "ZARange2of16" => ZARange::<2, 16>::new(index, offset as u8).expect(EXISTS).into(),
                "ZARange2of8" => ZARange::<2, 8>::new(index, offset as u8).expect(EXISTS).into(),
                "ZARange4of16" => ZARange::<4, 16>::new(index, offset as u8).expect(EXISTS).into(),
                "ZARange4of8" => ZARange::<4, 8>::new(index, offset as u8).expect(EXISTS).into(),
                "ZAVector" => ZAVector::new(index, offset as u8).expect(EXISTS).into(),
                "PIndexB" => PIndex::<B>::new(index, offset as u8).expect(EXISTS).into(),
                "PIndexH" => PIndex::<H>::new(index, offset as u8).expect(EXISTS).into(),
                "PIndexS" => PIndex::<S>::new(index, offset as u8).expect(EXISTS).into(),
                "PIndexD" => PIndex::<D>::new(index, offset as u8).expect(EXISTS).into(),
                _ => ZAArray::new(index, offset as u8).expect(EXISTS).into(),
            }
        }
        Value::Distance(_) => TARGET.into(),
        Value::Bits { width, bits } => from_bits(kind, width, bits).expect(EXISTS),
    }
}

/// The kinds of the runtime's forms, by name and width.
static KINDS: LazyLock<HashMap<(&str, u32), &tailfirst::aarch64::form::Value>> = LazyLock::new(|| {
    let values = forms().iter().flat_map(|form| form.values);
    values.map(|value| ((value.kind, value.width), *value)).collect()
});

/// The operand with these bits, as the runtime has it.
pub fn from_bits(kind: &str, width: u32, bits: u32) -> Option<Operand> {
    KINDS.get(&(kind, width)).and_then(|value| value.from_bits(bits))
}

fn immediate(kind: &str, value: i64, other: bool) -> Operand {
    // An immediate by its value converts to what the form wants.
    let plain = Operand::Imm(value);
    match kind {
        "Nzcv" => Nzcv::new(number(value)).expect(EXISTS).into(),
        "Barrier" => Barrier::new(number(value)).expect(EXISTS).into(),
        "Prefetch" => Prefetch::from_bits(number(value)).expect(EXISTS).into(),
        "PrefetchOp" => PrefetchOp::new(number(value)).expect(EXISTS).into(),
        "RangePrefetch" => RangePrefetch::new(number(value)).expect(EXISTS).into(),
        "SvePrefetch" => SvePrefetch::new(number(value)).expect(EXISTS).into(),
        "SvePattern" => SvePattern::new(number(value)).expect(EXISTS).into(),
        "Msl" => if value == 8 { Msl::By8 } else { Msl::By16 }.into(),
        "VlxN" => if value == 2 { VlxN::VLx2 } else { VlxN::VLx4 }.into(),
        "ZATileMask" => ZATileMask::new(number(value)).into(),
        _ if other => plain,
        "AddImm" => AddImm::new(number(value)).expect(EXISTS).into(),
        "AtLeastImm" => AtLeastImm::new(number(value)).expect(EXISTS).into(),
        "AtMostImm" => AtMostImm::new(number(value)).expect(EXISTS).into(),
        "LogicalImm32" => LogicalImm32::new(number(value)).expect(EXISTS).into(),
        "LogicalImm64" => LogicalImm64::new(value as u64).expect(EXISTS).into(),
        "InvertedImm64" => InvertedImm64::new(value as u64).expect(EXISTS).into(),
        "MovWide32" => MovWide32::new(number(value)).expect(EXISTS).into(),
        "MovWide64" => MovWide64::new(value as u64).expect(EXISTS).into(),
        "MovInverted32" => MovInverted32::new(number(value)).expect(EXISTS).into(),
        "MovInverted64" => MovInverted64::new(value as u64).expect(EXISTS).into(),
        "LslImm32" => LslImm32::new(number(value)).expect(EXISTS).into(),
        "LslImm64" => LslImm64::new(number(value)).expect(EXISTS).into(),
        "Fbits32" => Fbits32::new(number(value)).expect(EXISTS).into(),
        "Fbits64" => Fbits64::new(number(value)).expect(EXISTS).into(),
        "ShrImm8" => ShrImm::<8>::new(number(value)).expect(EXISTS).into(),
        "ShrImm16" => ShrImm::<16>::new(number(value)).expect(EXISTS).into(),
        "ShrImm32" => ShrImm::<32>::new(number(value)).expect(EXISTS).into(),
        "ShrImm64" => ShrImm::<64>::new(number(value)).expect(EXISTS).into(),
        "LaneFbits16" => LaneFbits::<16>::new(number(value)).expect(EXISTS).into(),
        "LaneFbits32" => LaneFbits::<32>::new(number(value)).expect(EXISTS).into(),
        "LaneFbits64" => LaneFbits::<64>::new(number(value)).expect(EXISTS).into(),
        "ByteMask64" => ByteMask64::new(value as u64).expect(EXISTS).into(),
        "Rot2" => Rotation::new(number(value)).expect(EXISTS).into(),
        "Rot1" => RotationOdd::new(number(value)).expect(EXISTS).into(),
        "MulVl3" => MulVl3::new(number(value)).expect(EXISTS).into(),
        "Mul16" => Mul16::new(number(value)).expect(EXISTS).into(),
        "SveImm" => SveImm::new(number(value)).expect(EXISTS).into(),
        "SveSImm" => SveSImm::new(number(value)).expect(EXISTS).into(),
        // UImm and SImm have no variants of their own.
        _ => plain,
    }
}

fn element(kind: &str, register: u8, lane: u8, other: bool) -> Operand {
    let (element, list) = kind.split_once('x').unwrap_or((kind, ""));
    let v = V::new(register).expect(EXISTS);
    let z = Z::new(register).expect(EXISTS);
    macro_rules! list {
        ($first:expr, $ty:ident) => {{
            let first: $ty = $first.expect(EXISTS);
            match list {
                "1" => LaneList::<$ty, 1>::new(first).into(),
                "2" => LaneList::<$ty, 2>::new(first).into(),
                "3" => LaneList::<$ty, 3>::new(first).into(),
                "4" => LaneList::<$ty, 4>::new(first).into(),
                _ => first.into(),
            }
        }};
    }
    match element {
        "LaneB" => list!(v.b(lane), LaneB),
        "LaneH" => list!(v.h(lane), LaneH),
        "LaneS" => list!(v.s(lane), LaneS),
        "LaneD" => list!(v.d(lane), LaneD),
        "LaneB3" if other => LaneBLow::new(v, lane).expect(EXISTS).into(),
        "LaneB3" => v.b_low(lane).expect(EXISTS).into(),
        "PairH" => v.pair_h(lane).expect(EXISTS).into(),
        "PairHLow" => v.pair_h_low(lane).expect(EXISTS).into(),
        "PairS" => v.pair_s(lane).expect(EXISTS).into(),
        "LutSegment2" => v.segment::<2>(lane).expect(EXISTS).into(),
        "LutSegment4" => v.segment::<4>(lane).expect(EXISTS).into(),
        "LutSegment8" => v.segment::<8>(lane).expect(EXISTS).into(),
        "LaneH4" if other => LaneHLow::new(v, lane).expect(EXISTS).into(),
        "LaneH4" => v.h_low(lane).expect(EXISTS).into(),
        "ZLaneB" => ZLaneB::new(z, lane).expect(EXISTS).into(),
        "ZLaneHLong" => ZLaneHLong::new(z, lane).expect(EXISTS).into(),
        "ZLaneBLong" => ZLaneBLong::new(z, lane).expect(EXISTS).into(),
        "ZControl" => ZControl::new(z, lane).expect(EXISTS).into(),
        "ZLaneSLong" => ZLaneSLong::new(z, lane).expect(EXISTS).into(),
        "ZPairH" => ZPairH::new(z, lane).expect(EXISTS).into(),
        "ZPairS" => ZPairS::new(z, lane).expect(EXISTS).into(),
        "ZLaneH" => ZLaneH::new(z, lane).expect(EXISTS).into(),
        "ZLaneS" => ZLaneS::new(z, lane).expect(EXISTS).into(),
        "ZLaneD" => ZLaneD::new(z, lane).expect(EXISTS).into(),
        _ => match kind {
            "ZIndexB" => ZIndex::<B>::new(z, lane).expect(EXISTS).into(),
            "ZIndexH" => ZIndex::<H>::new(z, lane).expect(EXISTS).into(),
            "ZIndexS" => ZIndex::<S>::new(z, lane).expect(EXISTS).into(),
            "ZIndexD" => ZIndex::<D>::new(z, lane).expect(EXISTS).into(),
            _ => panic!("no element {kind}"),
        },
    }
}

fn register(kind: &str, number: u8, other: bool) -> Operand {
    // X3 is neither X nor XSp, and converts to both.
    match (kind, Gpr64::new(number), Gpr32::new(number)) {
        ("X" | "XSP", Some(general), _) if other => return general.into(),
        ("W" | "WSP", _, Some(general)) if other => return general.into(),
        _ => {}
    }
    let (element, list) = kind.split_once('x').unwrap_or((kind, ""));
    macro_rules! v {
        ($first:expr, $ty:ident) => {
            match list {
                "1" => List::<$ty, 1>::new($first).into(),
                "2" => List::<$ty, 2>::new($first).into(),
                "3" => List::<$ty, 3>::new($first).into(),
                "4" => List::<$ty, 4>::new($first).into(),
                _ => $first.into(),
            }
        };
    }
    macro_rules! z {
        ($first:expr, $ty:ident) => {
            match list {
                "1" => ZList::<$ty, 1>::new($first).into(),
                "2" => ZList::<$ty, 2>::new($first).into(),
                "3" => ZList::<$ty, 3>::new($first).into(),
                "4" => ZList::<$ty, 4>::new($first).into(),
                "2a" => ZListAligned::<$ty, 2>::new($first).expect(EXISTS).into(),
                "4a" => ZListAligned::<$ty, 4>::new($first).expect(EXISTS).into(),
                "2s" => ZListStrided::<$ty, 2>::new($first).expect(EXISTS).into(),
                "4s" => ZListStrided::<$ty, 4>::new($first).expect(EXISTS).into(),
                _ => $first.into(),
            }
        };
    }
    if kind.starts_with('V') {
        let v = V::new(number).expect(EXISTS);
        return match element {
            "VHigh" => v.into(),
            "V2H" => v.v2h().into(),
            "V1Q" => v.v1q().into(),
            "V8B" => v!(v.v8b(), V8B),
            "V16B" => v!(v.v16b(), V16B),
            "V4H" => v!(v.v4h(), V4H),
            "V8H" => v!(v.v8h(), V8H),
            "V2S" => v!(v.v2s(), V2S),
            "V4S" => v!(v.v4s(), V4S),
            "V1D" => v!(v.v1d(), V1D),
            "V2D" => v!(v.v2d(), V2D),
            _ => panic!("no register {kind}"),
        };
    }
    if kind.starts_with('Z') && !kind.starts_with("ZA") {
        let z = Z::new(number).expect(EXISTS);
        macro_rules! half {
            ($first:expr, $ty:ident) => {
                match list {
                    "2l" => return ZListLow::<$ty, 2>::new($first).expect(EXISTS).into(),
                    "2h" => return ZListHigh::<$ty, 2>::new($first).expect(EXISTS).into(),
                    _ => {}
                }
            };
        }
        match element {
            "ZB" => half!(z.b(), ZB),
            "ZH" => half!(z.h(), ZH),
            "ZS" => half!(z.s(), ZS),
            "ZD" => half!(z.d(), ZD),
            _ => {}
        }
        return match element {
            "Z" => match list {
                "2" => ZList::<Z, 2>::new(z).into(),
                "2a" => ZListAligned::<Z, 2>::new(z).expect(EXISTS).into(),
                _ => z.into(),
            },
            "ZEvenLowB" => ZEvenLow::<ZB>::new(z.b()).expect(EXISTS).into(),
            "ZEvenLowH" => ZEvenLow::<ZH>::new(z.h()).expect(EXISTS).into(),
            "ZEvenLowS" => ZEvenLow::<ZS>::new(z.s()).expect(EXISTS).into(),
            "ZEvenLowD" => ZEvenLow::<ZD>::new(z.d()).expect(EXISTS).into(),
            "ZEvenHighB" => ZEvenHigh::<ZB>::new(z.b()).expect(EXISTS).into(),
            "ZEvenHighH" => ZEvenHigh::<ZH>::new(z.h()).expect(EXISTS).into(),
            "ZEvenHighS" => ZEvenHigh::<ZS>::new(z.s()).expect(EXISTS).into(),
            "ZEvenHighD" => ZEvenHigh::<ZD>::new(z.d()).expect(EXISTS).into(),
            "ZQ" => z!(z.q(), ZQ),
            "ZB" => z!(z.b(), ZB),
            "ZH" => z!(z.h(), ZH),
            "ZS" => z!(z.s(), ZS),
            "ZD" => z!(z.d(), ZD),
            "ZLowB" => ZLow::<ZB>::new(z.b()).expect(EXISTS).into(),
            "ZLowH" => ZLow::<ZH>::new(z.h()).expect(EXISTS).into(),
            "ZLowS" => ZLow::<ZS>::new(z.s()).expect(EXISTS).into(),
            "ZLowD" => ZLow::<ZD>::new(z.d()).expect(EXISTS).into(),
            _ => panic!("no register {kind}"),
        };
    }
    // P0 to P7 have a type of their own, which converts.
    let low = PLow::new(number).filter(|_| other || kind.starts_with("PLow"));
    match kind {
        "X" => X::new(number).expect(EXISTS).into(),
        "W" => W::new(number).expect(EXISTS).into(),
        "XSP" => XSp::new(number).expect(EXISTS).into(),
        "WSP" => WSp::new(number).expect(EXISTS).into(),
        "XPair" => XPair::new(Gpr64::new(number).expect(EXISTS)).expect(EXISTS).into(),
        "XOctet" => XOctet::new(Gpr64::new(number).expect(EXISTS)).expect(EXISTS).into(),
        "WPair" => WPair::new(Gpr32::new(number).expect(EXISTS)).expect(EXISTS).into(),
        "B" => B::new(number).expect(EXISTS).into(),
        "H" => H::new(number).expect(EXISTS).into(),
        "S" => S::new(number).expect(EXISTS).into(),
        "D" => D::new(number).expect(EXISTS).into(),
        "Q" => Q::new(number).expect(EXISTS).into(),
        "ZAH" => ZAH::new(number).expect(EXISTS).into(),
        "ZAS" => ZAS::new(number).expect(EXISTS).into(),
        "ZAD" => ZAD::new(number).expect(EXISTS).into(),
        // PN8 to PN15 have types of their own, which convert.
        "PNAnyB" | "PNAnyH" | "PNAnyS" | "PNAnyD" => match (kind, PN::new(number).filter(|_| other)) {
            ("PNAnyB", Some(counter)) => counter.b().into(),
            ("PNAnyH", Some(counter)) => counter.h().into(),
            ("PNAnyS", Some(counter)) => counter.s().into(),
            (_, Some(counter)) => counter.d().into(),
            ("PNAnyB", None) => PNAny::<B>::new(number).expect(EXISTS).into(),
            ("PNAnyH", None) => PNAny::<H>::new(number).expect(EXISTS).into(),
            ("PNAnyS", None) => PNAny::<S>::new(number).expect(EXISTS).into(),
            (_, None) => PNAny::<D>::new(number).expect(EXISTS).into(),
        },
        "PBx2" | "PHx2" | "PSx2" | "PDx2" | "PBx2a" | "PHx2a" | "PSx2a" | "PDx2a" => {
            let p = P::new(number).expect(EXISTS);
            macro_rules! p {
                ($first:expr, $ty:ident) => {
                    match list {
                        "2" => PList::<$ty, 2>::new($first).into(),
                        _ => PListAligned::<$ty, 2>::new($first).expect(EXISTS).into(),
                    }
                };
            }
            match element {
                "PB" => p!(p.b(), PB),
                "PH" => p!(p.h(), PH),
                "PS" => p!(p.s(), PS),
                _ => p!(p.d(), PD),
            }
        }
        "PN" | "PNZ" | "PNB" | "PNH" | "PNS" | "PND" => {
            let counter = PN::new(number).expect(EXISTS);
            match kind {
                "PN" => counter.into(),
                "PNZ" => counter.z().into(),
                "PNB" => counter.b().into(),
                "PNH" => counter.h().into(),
                "PNS" => counter.s().into(),
                _ => counter.d().into(),
            }
        }
        _ => match (kind, low, P::new(number).expect(EXISTS)) {
            ("P" | "PLow", Some(low), _) => low.into(),
            ("PM" | "PLowM", Some(low), _) => low.m().into(),
            ("PZ" | "PLowZ", Some(low), _) => low.z().into(),
            ("PB", Some(low), _) => low.b().into(),
            ("PH", Some(low), _) => low.h().into(),
            ("PS", Some(low), _) => low.s().into(),
            ("PD", Some(low), _) => low.d().into(),
            ("P", None, p) => p.into(),
            ("PM", None, p) => p.m().into(),
            ("PZ", None, p) => p.z().into(),
            ("PB", None, p) => p.b().into(),
            ("PH", None, p) => p.h().into(),
            ("PS", None, p) => p.s().into(),
            ("PD", None, p) => p.d().into(),
            _ => panic!("no register {kind}"),
        },
    }
}
