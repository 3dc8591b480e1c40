//! Operands as the manual describes them, and random ones of every kind.

use super::{
    forward::{bitmasks32, bitmasks64},
    named::{self, Named},
    public,
};
use crate::choices::Choices;
use std::ops::RangeInclusive;

/// An operand's meaning; its kind says what of.
#[derive(Debug, Clone)]
pub enum Value {
    /// A register, the first of a pair or list, or a ZA tile, by number.
    Register(u32),
    /// A register and one of its elements; or of a list, its first register.
    Element { register: u32, lane: u32 },
    /// An immediate, or a number that has a name.
    Number(i64),
    /// A floating-point immediate.
    Real(f64),
    /// An index into [`CONDITIONS`].
    Condition(usize),
    /// `lsl`, `lsr`, `asr` or `ror`.
    Shift { how: &'static str, amount: u32 },
    /// A register with one of [`EXTENSIONS`] and a shift.
    Extended { register: u32, how: &'static str, amount: u32 },
    /// An index register with one of [`EXTENSIONS`], perhaps times the access's size.
    Index { register: u32, how: &'static str, scaled: bool },
    /// Bits `lsb` to `lsb + width - 1`.
    BitField { lsb: u32, width: u32 },
    /// A system register or operation.
    System { op0: u32, op1: u32, crn: u32, crm: u32, op2: u32 },
    /// A system operation that has a name.
    Named(&'static Named),
    /// A slice of a ZA tile; `index` is the number of the W register.
    Slice { vertical: bool, index: u32, tile: u32, offset: u32 },
    /// Vectors of the ZA array; `index` is the number of the W register.
    Array { index: u32, offset: u32 },
    /// How far the target is, in bytes; for ADRP, how far its page is.
    Distance(i64),
    /// An operand by its bits: of a kind that nothing more is known of here.
    Bits { width: u32, bits: u32 },
}

pub const CONDITIONS: [&str; 16] =
    ["eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "al", "nv"];

/// In the order of `option`.
pub const EXTENSIONS: [&str; 8] = ["uxtb", "uxth", "uxtw", "uxtx", "sxtb", "sxth", "sxtw", "sxtx"];

/// The numbers of a register kind, plain ones first; for a list those of its first register.
pub fn registers(kind: &str) -> Option<Vec<u32>> {
    let all = |range: RangeInclusive<u32>| Some(range.collect());
    match kind {
        "X" | "W" | "XSP" | "WSP" | "B" | "H" | "S" | "D" | "Q" | "VHigh" => all(0..=31),
        "Z" | "ZB" | "ZH" | "ZS" | "ZD" | "ZQ" => all(0..=31),
        "XPair" | "WPair" => Some((0..31).step_by(2).collect()),
        "XOctet" => Some((0..=22).step_by(2).collect()),
        "P" | "PB" | "PH" | "PS" | "PD" | "PM" | "PZ" => all(0..=15),
        "PNAnyB" | "PNAnyH" | "PNAnyS" | "PNAnyD" => all(0..=15),
        "PLow" | "PLowM" | "PLowZ" => all(0..=7),
        "PN" | "PNZ" | "PNB" | "PNH" | "PNS" | "PND" => all(8..=15),
        "ZLowB" | "ZLowH" | "ZLowS" | "ZLowD" => all(0..=15),
        "ZEvenLowB" | "ZEvenLowH" | "ZEvenLowS" | "ZEvenLowD" => Some((0..16).step_by(2).collect()),
        "ZEvenHighB" | "ZEvenHighH" | "ZEvenHighS" | "ZEvenHighD" => Some((16..32).step_by(2).collect()),
        "ZAH" => all(0..=1),
        "ZAS" => all(0..=3),
        "ZAD" => all(0..=7),
        "VlxN" => None,
        _ => {
            let list = kind.split_once('x').map_or("", |(_, list)| list);
            match (kind.as_bytes()[0], list) {
                // V16B, V16Bx1, ZBx4
                (b'V', _) | (b'Z', "1" | "2" | "3" | "4") => all(0..=31),
                (b'P', "2") => all(0..=15),
                (b'P', "2a") => Some((0..16).step_by(2).collect()),
                (b'Z', "2a") => Some((0..32).step_by(2).collect()),
                (b'Z', "2l") => Some((0..16).step_by(2).collect()),
                (b'Z', "2h") => Some((16..32).step_by(2).collect()),
                (b'Z', "4a") => Some((0..32).step_by(4).collect()),
                (b'Z', "2s") => Some((0..8).chain(16..24).collect()),
                (b'Z', "4s") => Some((0..4).chain(16..20).collect()),
                _ => None,
            }
        }
    }
}

/// The numbers of registers and lanes of an element kind.
pub fn elements(kind: &str) -> Option<(u32, u32)> {
    let (element, list) = kind.split_once('x').unwrap_or((kind, ""));
    Some(match (element, list) {
        ("LaneB", "" | "1" | "2" | "3" | "4") => (32, 16),
        ("LaneH", "" | "1" | "2" | "3" | "4") => (32, 8),
        ("LaneS", "" | "1" | "2" | "3" | "4") => (32, 4),
        ("LaneD", "" | "1" | "2" | "3" | "4") => (32, 2),
        ("LaneH4", "") => (16, 8),
        ("LaneB3", "") => (8, 16),
        ("PairH", "") => (32, 4),
        ("PairHLow" | "PairS", "") => (32, 2),
        ("LutSegment2" | "LutSegment4" | "LutSegment8", "") => (32, size(kind)),
        ("ZLaneB", "") => (8, 16),
        ("ZLaneH", "") => (8, 8),
        ("ZLaneS", "") => (8, 4),
        ("ZLaneD" | "ZPairS", "") => (16, 2),
        ("ZLaneSLong", "") => (16, 4),
        ("ZLaneHLong", "") => (16, 8),
        ("ZLaneBLong", "") => (16, 16),
        ("ZPairH", "") => (8, 4),
        _ => {
            // ZIndexB is ZIndex and B, with no `x` of a list
            match kind {
                "ZIndexB" => (32, 64),
                "ZIndexH" => (32, 32),
                "ZIndexS" => (32, 16),
                "ZIndexD" => (32, 8),
                _ => return None,
            }
        }
    })
}

/// How many slices a kind of slice is of, or vectors of the ZA array a kind of them.
pub fn consecutive(kind: &str) -> u32 {
    let rest = kind.strip_prefix("ZASlices").or_else(|| kind.strip_prefix("ZARange"));
    rest.and_then(|rest| rest.chars().next()).and_then(|count| count.to_digit(10)).unwrap_or(1)
}

/// The numbers of vectors that say which elements are taken.
pub const CONTROLS: [u32; 8] = [20, 21, 22, 23, 28, 29, 30, 31];

/// The tiles, and the offsets of a kind of slice, in units of what it is of.
pub fn slices(kind: &str) -> Option<(u32, u32)> {
    match kind {
        "ZASlices2B" => Some((1, 8)),
        "ZASlices2H" => Some((2, 4)),
        "ZASlices2S" => Some((4, 2)),
        "ZASlices2D" | "ZASlices4D" => Some((8, 1)),
        "ZASlices4B" => Some((1, 4)),
        "ZASlices4H" => Some((2, 2)),
        "ZASlices4S" => Some((4, 1)),
        "ZASliceB" => Some((1, 16)),
        "ZASliceH" => Some((2, 8)),
        "ZASliceS" => Some((4, 4)),
        "ZASliceD" => Some((8, 2)),
        "ZASliceQ" => Some((16, 1)),
        _ => None,
    }
}

/// How far the lane of a predicate's element goes in the instruction.
pub fn predicate_lanes(kind: &str) -> u32 {
    match kind {
        "PIndexB" => 16,
        "PIndexH" => 8,
        "PIndexS" => 4,
        "PIndexD" => 2,
        _ => panic!("{kind} is no element of a predicate"),
    }
}

/// `U`, `U<<3`, `S<<0`: whether it is signed, and the shift.
pub fn scaled(kind: &str) -> Option<(bool, u32)> {
    match kind.split_once("<<") {
        None => (kind == "U").then_some((false, 0)),
        Some((letter, shift)) => Some((letter == "S", shift.parse().ok()?)),
    }
}

/// The number at the end of a kind's name.
pub fn size(kind: &str) -> u32 {
    kind.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or_else(|_| panic!("{kind} has no number"))
}

/// One of a range, often at its ends.
fn around(low: i64, high: i64, choices: &mut Choices) -> i64 {
    match choices.below(6) {
        0 => low,
        1 => high,
        2 => (low + 1).min(high),
        3 => (high - 1).max(low),
        _ => low + choices.number().wrapping_rem((high - low + 1) as u64) as i64,
    }
}

/// A field of `width` bits, as a number.
fn field(width: u32, signed: bool, choices: &mut Choices) -> i64 {
    let count = 1i64 << width;
    if !signed {
        return around(0, count - 1, choices);
    }
    match choices.below(8) {
        0 => 0,
        1 => 1,
        2 => -1,
        _ => around(-count / 2, count / 2 - 1, choices),
    }
}

/// A random operand of a kind, often at an edge.
pub fn random(kind: &str, width: u32, choices: &mut Choices) -> Value {
    if let Some(numbers) = registers(kind) {
        return Value::Register(numbers[around(0, numbers.len() as i64 - 1, choices) as usize]);
    }
    if let Some((registers, lanes)) = elements(kind) {
        let register = around(0, i64::from(registers) - 1, choices) as u32;
        return Value::Element { register, lane: around(0, i64::from(lanes) - 1, choices) as u32 };
    }
    if let Some((tiles, offsets)) = slices(kind) {
        return Value::Slice {
            vertical: choices.below(2) == 1,
            index: 12 + choices.below(4) as u32,
            tile: around(0, i64::from(tiles) - 1, choices) as u32,
            offset: around(0, i64::from(offsets) - 1, choices) as u32 * consecutive(kind),
        };
    }
    if let Some((signed, shift)) = scaled(kind) {
        return Value::Number(field(width, signed, choices) << shift);
    }
    let register = |choices: &mut Choices| around(0, 31, choices) as u32;
    match kind {
        "AddImm" => {
            let imm12 = around(0, 4095, choices);
            Value::Number(if choices.below(2) == 1 { imm12 << 12 } else { imm12 })
        }
        "AtLeastImm" => Value::Number(around(1, 64, choices)),
        "AtMostImm" => Value::Number(around(-1, 62, choices)),
        "LogicalImm32" => Value::Number(choices.one_of(&bitmasks32().values) as i64),
        "LogicalImm64" => Value::Number(choices.one_of(&bitmasks64().values) as i64),
        "InvertedImm64" => Value::Number(!choices.one_of(&bitmasks64().values) as i64),
        "MovWide32" | "MovWide64" => Value::Number(
            ((around(0, 0xFFFF, choices) as u64) << (16 * choices.below(size(kind) as usize / 16))) as i64,
        ),
        "MovInverted32" => {
            // All ones inverted leave one halfword, which is MovWide32's.
            let imm16 = around(0, 0xFFFE, choices) as u32;
            Value::Number(i64::from(!(imm16 << (16 * choices.below(2)))))
        }
        "MovInverted64" => Value::Number(!((around(0, 0xFFFF, choices) as u64) << (16 * choices.below(4))) as i64),
        "Shift32" | "Shift64" => {
            let amount = around(0, i64::from(size(kind)) - 1, choices) as u32;
            Value::Shift { how: choices.one_of(&["lsl", "lsr", "asr"]), amount }
        }
        "ShiftRor32" | "ShiftRor64" => {
            let amount = around(0, i64::from(size(kind)) - 1, choices) as u32;
            Value::Shift { how: choices.one_of(&["lsl", "lsr", "asr", "ror"]), amount }
        }
        "Extended32" | "Extended64" => {
            let how = choices.one_of(&EXTENSIONS);
            Value::Extended { register: register(choices), how, amount: around(0, 4, choices) as u32 }
        }
        "Index0" | "Index1" | "Index2" | "Index3" | "Index4" => {
            let scaled = choices.below(2) == 1;
            let (mut register, mut how) = (register(choices), choices.one_of(&["uxtx", "uxtw", "sxtw", "sxtx"]));
            if kind == "Index0" && scaled {
                // There is a way to say `lsl #0` of a general register, and none for XZR and SXTX.
                register = register.min(30);
                how = if how == "sxtx" { "uxtx" } else { how };
            }
            Value::Index { register, how, scaled }
        }
        "LslImm32" | "LslImm64" => Value::Number(around(0, i64::from(size(kind)) - 1, choices)),
        "BfxField32" | "BfxField64" | "BfiField32" | "BfiField64" => {
            let size = size(kind);
            let lsb = around(0, i64::from(size) - 1, choices) as u32;
            Value::BitField { lsb, width: around(1, i64::from(size - lsb), choices) as u32 }
        }
        "Fbits32" | "Fbits64" => Value::Number(around(1, i64::from(size(kind)), choices)),
        "FpImm8" => {
            let sixteenths = around(16, 31, choices) as f64;
            let value = sixteenths / 16.0 * 2f64.powi(around(-3, 4, choices) as i32);
            Value::Real(if choices.below(2) == 1 { -value } else { value })
        }
        "ShrImm8" | "ShrImm16" | "ShrImm32" | "ShrImm64" | "LaneFbits16" | "LaneFbits32" | "LaneFbits64" => {
            Value::Number(around(1, i64::from(size(kind)), choices))
        }
        "Msl" => Value::Number(choices.one_of(&[8, 16])),
        "ByteMask64" => {
            let bytes = around(0, 255, choices);
            Value::Number((0..8).filter(|i| bytes >> i & 1 == 1).map(|i| 0xFF << (8 * i)).sum())
        }
        "Rot2" => Value::Number(choices.one_of(&[0, 90, 180, 270])),
        "Rot1" => Value::Number(choices.one_of(&[90, 270])),
        "Cond" => Value::Condition(choices.below(16)),
        "CondInv" => Value::Condition(choices.below(14)),
        "Nzcv" | "SvePrefetch" => Value::Number(around(0, 15, choices)),
        "SysReg" | "SysOp" => Value::System {
            op0: 2 + choices.below(2) as u32,
            op1: around(0, 7, choices) as u32,
            crn: around(0, 15, choices) as u32,
            crm: around(0, 15, choices) as u32,
            op2: around(0, 7, choices) as u32,
        },
        "Barrier" => Value::Number(around(0, 15, choices)),
        "Prefetch" => Value::Number(around(0, 23, choices)),
        "PrefetchOp" | "SvePattern" => Value::Number(around(0, 31, choices)),
        "RangePrefetch" => Value::Number(around(0, 63, choices)),
        "Mul16" => Value::Number(around(1, 16, choices)),
        "MulVl3" => Value::Number(3 * around(-8, 7, choices)),
        "ZSExtend" | "ZDExtend" => {
            Value::Extended { register: register(choices), how: choices.one_of(&["uxtw", "sxtw"]), amount: 0 }
        }
        "VlxN" => Value::Number(choices.one_of(&[2, 4])),
        "SveImm" => {
            let imm8 = around(0, 255, choices);
            Value::Number(if choices.below(2) == 1 { imm8 << 8 } else { imm8 })
        }
        "SveSImm" => {
            let imm8 = around(-128, 127, choices);
            Value::Number(if choices.below(2) == 1 { imm8 << 8 } else { imm8 })
        }
        "HalfOrOne" => Value::Real(choices.one_of(&[0.5, 1.0])),
        "HalfOrTwo" => Value::Real(choices.one_of(&[0.5, 2.0])),
        "ZeroOrOne" => Value::Real(choices.one_of(&[0.0, 1.0])),
        "PIndexB" | "PIndexH" | "PIndexS" | "PIndexD" => Value::Array {
            index: 12 + choices.below(4) as u32,
            offset: around(0, i64::from(predicate_lanes(kind)) - 1, choices) as u32,
        },
        "ZControl" => Value::Element { register: choices.one_of(&CONTROLS), lane: around(0, 3, choices) as u32 },
        "ZARange2of16" | "ZARange2of8" | "ZARange4of16" | "ZARange4of8" => Value::Array {
            index: 8 + choices.below(4) as u32,
            offset: around(0, (1 << width) / 4 - 1, choices) as u32 * consecutive(kind),
        },
        "ZAVector" => Value::Array { index: 12 + choices.below(4) as u32, offset: around(0, 15, choices) as u32 },
        "ZAArray" => Value::Array { index: 8 + choices.below(4) as u32, offset: around(0, 7, choices) as u32 },
        "ZATileMask" => Value::Number(around(0, 255, choices)),
        "Label" if width == 16 => Value::Distance(-4 * field(16, false, choices)),
        "Label" | "Literal" => Value::Distance(4 * field(width, true, choices)),
        "Adr" => Value::Distance(field(21, true, choices)),
        "AdrPage" => Value::Distance(field(21, true, choices) << 12),
        _ => match named::of_kind(kind) {
            Some(all) => Value::Named(&all[choices.below(all.len())]),
            None => random_bits(kind, width, choices),
        },
    }
}

/// A random operand of a kind, by its bits.
pub fn random_bits(kind: &str, width: u32, choices: &mut Choices) -> Value {
    next_bits(kind, width, around(0, (1 << width) - 1, choices) as u32)
}

/// The first operand of a kind from these bits on, beginning again at 0.
pub fn next_bits(kind: &str, width: u32, bits: u32) -> Value {
    let (first, count) = (bits % (1 << width), 1 << width);
    let exists = (first..count).chain(0..first).find(|bits| public::from_bits(kind, width, *bits).is_some());
    Value::Bits { width, bits: exists.unwrap_or_else(|| panic!("no random operand of kind {kind}")) }
}
