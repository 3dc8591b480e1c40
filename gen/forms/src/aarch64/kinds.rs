//! Operand kinds: what an operand is in a table, in bits, and in Rust.
//!
//! One line a kind. The Rust types are in the runtime's `aarch64` module; each has a method that gives its value
//! right-aligned in the kind's width, and a constructor from such a value. `U`, `U<<n` and `S<<n` take their width from
//! the fields, and lists (`V4Sx2`) are made from the lines of their element and of their sort of list.

use std::borrow::Cow;

/// What an operand is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// As in the tables.
    pub name: String,
    /// The width of its value in bits.
    pub width: u32,
    /// The Rust type of its parameter.
    pub ty: Cow<'static, str>,
    /// How it is taken, and how it gives its bits.
    pub by: By,
    /// Its parameter's name, if its fields do not give one.
    pub param: &'static str,
    /// What comes before the register's letter in the syntax, `X` for `<Xd>`; empty for what is no plain register.
    pub symbol: &'static str,
}

impl Kind {
    /// The bits of its value that are zero in every value.
    pub(super) fn always_zero(&self) -> u32 {
        match self.name.as_str() {
            // the first of an even pair, of eight that begin with an even one
            "XPair" | "WPair" | "XOctet" => 1,
            _ => 0,
        }
    }

    /// The bits of its value that are never all set; 0 if every value exists.
    pub(super) fn never_all_set(&self) -> u32 {
        match self.name.as_str() {
            // there are 24 of them
            "Prefetch" => 0b11000,
            // X22 is the last that eight begin with
            "XOctet" => 0b11000,
            _ => 0,
        }
    }
}

/// How a function takes an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// As it is; `bits()` are its bits.
    Value,
    /// Anything that converts to it; `bits()` are its bits.
    Into,
    /// As it is; these two methods are to and from its bits.
    Method(&'static str, &'static str),
    /// A branch or literal target, in this field of the runtime's `Rel`.
    Target(&'static str),
}

/// A line of the table: kind, widths, type, how it is taken, parameter, symbol.
type KindLine = (&'static str, &'static [u32], &'static str, By, &'static str, &'static str);

use By::{Into, Method, Value};

const EXTRACT: By = Method("extract_bits", "from_extract_bits");
const INSERT: By = Method("insert_bits", "from_insert_bits");

#[rustfmt::skip]
const KINDS: &[KindLine] = &[
    // general registers
    ("X",              &[5],  "X",              Into,    "reg",     "X"),
    ("W",              &[5],  "W",              Into,    "reg",     "W"),
    ("XSP",            &[5],  "XSp",            Into,    "reg",     "X"),
    ("WSP",            &[5],  "WSp",            Into,    "reg",     "W"),
    ("XPair",          &[5],  "XPair",          Value,   "pair",    ""),
    ("WPair",          &[5],  "WPair",          Value,   "pair",    ""),
    ("XOctet",         &[5],  "XOctet",         Value,   "octet",   ""),
    // immediates
    ("AddImm",         &[13], "AddImm",         Into,    "imm",     ""),
    ("AtLeastImm",     &[6],  "AtLeastImm",     Into,    "imm",     ""),
    ("AtMostImm",      &[6],  "AtMostImm",      Into,    "imm",     ""),
    ("LogicalImm32",   &[12], "LogicalImm32",   Into,    "imm",     ""),
    ("LogicalImm64",   &[13], "LogicalImm64",   Into,    "imm",     ""),
    ("InvertedImm64",  &[13], "InvertedImm64",  Value,   "imm",     ""),
    ("MovWide32",      &[17], "MovWide32",      Value,   "imm",     ""),
    ("MovWide64",      &[18], "MovWide64",      Value,   "imm",     ""),
    ("MovInverted32",  &[17], "MovInverted32",  Value,   "imm",     ""),
    ("MovInverted64",  &[18], "MovInverted64",  Value,   "imm",     ""),
    ("Shift32",        &[8],  "Shift32",        Value,   "shift",   ""),
    ("Shift64",        &[8],  "Shift64",        Value,   "shift",   ""),
    ("ShiftRor32",     &[8],  "ShiftRor32",     Into,    "shift",   ""),
    ("ShiftRor64",     &[8],  "ShiftRor64",     Into,    "shift",   ""),
    ("Extended32",     &[11], "Extended32",     Into,    "rm",      ""),
    ("Extended64",     &[11], "Extended64",     Into,    "rm",      ""),
    ("Index0",         &[9],  "Index<0>",       Into,    "index",   ""),
    ("Index1",         &[9],  "Index<1>",       Into,    "index",   ""),
    ("Index2",         &[9],  "Index<2>",       Into,    "index",   ""),
    ("Index3",         &[9],  "Index<3>",       Into,    "index",   ""),
    ("Index4",         &[9],  "Index<4>",       Into,    "index",   ""),
    ("LslImm32",       &[12], "LslImm32",       Into,    "shift",   ""),
    ("LslImm64",       &[12], "LslImm64",       Into,    "shift",   ""),
    ("BfxField32",     &[12], "BitField32",     EXTRACT, "field",   ""),
    ("BfxField64",     &[12], "BitField64",     EXTRACT, "field",   ""),
    ("BfiField32",     &[12], "BitField32",     INSERT,  "field",   ""),
    ("BfiField64",     &[12], "BitField64",     INSERT,  "field",   ""),
    ("Fbits32",        &[6],  "Fbits32",        Value,   "fbits",   ""),
    ("Fbits64",        &[6],  "Fbits64",        Value,   "fbits",   ""),
    ("FpImm8",         &[8],  "FpImm8",         Into,    "imm",     ""),
    ("ShrImm8",        &[3],  "ShrImm<8>",      Value,   "shift",   ""),
    ("ShrImm16",       &[4],  "ShrImm<16>",     Value,   "shift",   ""),
    ("ShrImm32",       &[5],  "ShrImm<32>",     Value,   "shift",   ""),
    ("ShrImm64",       &[6],  "ShrImm<64>",     Value,   "shift",   ""),
    ("LaneFbits16",    &[4],  "LaneFbits<16>",  Value,   "fbits",   ""),
    ("LaneFbits32",    &[5],  "LaneFbits<32>",  Value,   "fbits",   ""),
    ("LaneFbits64",    &[6],  "LaneFbits<64>",  Value,   "fbits",   ""),
    ("Msl",            &[1],  "Msl",            Value,   "shift",   ""),
    ("ByteMask64",     &[8],  "ByteMask64",     Value,   "mask",    ""),
    ("Rot2",           &[2],  "Rotation",       Value,   "rotation", ""),
    ("Rot1",           &[1],  "RotationOdd",    Value,   "rotation", ""),
    // conditions, flags, named operands
    ("Cond",           &[4],  "Cond",           Value,   "cond",    ""),
    ("CondInv",        &[4],  "CondInv",        Value,   "cond",    ""),
    ("Nzcv",           &[4],  "Nzcv",           Value,   "nzcv",    ""),
    ("SysReg",         &[15], "SysReg",         Value,   "register", ""),
    ("SysOp",          &[14], "SysOp",          Value,   "op",      ""),
    ("DcOp",           &[10], "DcOp",           Value,   "op",      ""),
    ("AtOp",           &[10], "AtOp",           Value,   "op",      ""),
    ("IcOp",           &[10], "IcOp",           Value,   "op",      ""),
    ("TlbiOp",         &[14], "TlbiOp",         Value,   "op",      ""),
    ("TlbiXOp",        &[14], "TlbiXOp",        Value,   "op",      ""),
    ("TlbiPairOp",     &[14], "TlbiPairOp",     Value,   "op",      ""),
    ("GicOp",          &[10], "GicOp",          Value,   "op",      ""),
    ("PlbiOp",         &[10], "PlbiOp",         Value,   "op",      ""),
    ("PlbiXOp",        &[10], "PlbiXOp",        Value,   "op",      ""),
    ("PState",         &[6],  "PState",         Value,   "field",   ""),
    ("Barrier",        &[4],  "Barrier",        Value,   "barrier", ""),
    ("BarrierNxs",     &[2],  "BarrierNxs",     Value,   "barrier", ""),
    ("Prefetch",       &[5],  "Prefetch",       Value,   "op",      ""),
    ("PrefetchOp",     &[5],  "PrefetchOp",     Into,    "op",      ""),
    ("RangePrefetch",  &[6],  "RangePrefetch",  Value,   "op",      ""),
    ("BtiTarget",      &[2],  "BtiTarget",      Value,   "target",  ""),
    // scalar and vector registers, elements, lists
    ("B",              &[5],  "B",              Value,   "reg",     "B"),
    ("H",              &[5],  "H",              Value,   "reg",     "H"),
    ("S",              &[5],  "S",              Value,   "reg",     "S"),
    ("D",              &[5],  "D",              Value,   "reg",     "D"),
    ("Q",              &[5],  "Q",              Value,   "reg",     "Q"),
    ("V8B",            &[5],  "V8B",            Value,   "reg",     "V"),
    ("V16B",           &[5],  "V16B",           Value,   "reg",     "V"),
    ("V4H",            &[5],  "V4H",            Value,   "reg",     "V"),
    ("V8H",            &[5],  "V8H",            Value,   "reg",     "V"),
    ("V2H",            &[5],  "V2H",            Value,   "reg",     "V"),
    ("V2S",            &[5],  "V2S",            Value,   "reg",     "V"),
    ("V4S",            &[5],  "V4S",            Value,   "reg",     "V"),
    ("V1D",            &[5],  "V1D",            Value,   "reg",     "V"),
    ("V2D",            &[5],  "V2D",            Value,   "reg",     "V"),
    ("V1Q",            &[5],  "V1Q",            Value,   "reg",     "V"),
    ("VHigh",          &[5],  "V",              Value,   "reg",     "V"),
    ("LaneB",          &[9],  "LaneB",          Value,   "lane",    ""),
    ("LaneH",          &[8],  "LaneH",          Value,   "lane",    ""),
    ("LaneS",          &[7],  "LaneS",          Value,   "lane",    ""),
    ("LaneD",          &[6],  "LaneD",          Value,   "lane",    ""),
    ("LaneH4",         &[7],  "LaneHLow",       Value,   "lane",    ""),
    ("LaneB3",         &[7],  "LaneBLow",       Value,   "lane",    ""),
    ("PairH",          &[7],  "PairH",          Value,   "pair",    ""),
    ("PairHLow",       &[6],  "PairHLow",       Value,   "pair",    ""),
    ("PairS",          &[6],  "PairS",          Value,   "pair",    ""),
    ("LutSegment2",    &[6],  "LutSegment<2>",  Value,   "segment", ""),
    ("LutSegment4",    &[7],  "LutSegment<4>",  Value,   "segment", ""),
    ("LutSegment8",    &[8],  "LutSegment<8>",  Value,   "segment", ""),
    // SVE
    ("Z",              &[5],  "Z",              Value,   "reg",     "Z"),
    ("ZB",             &[5],  "ZB",             Value,   "reg",     "Z"),
    ("ZH",             &[5],  "ZH",             Value,   "reg",     "Z"),
    ("ZS",             &[5],  "ZS",             Value,   "reg",     "Z"),
    ("ZD",             &[5],  "ZD",             Value,   "reg",     "Z"),
    ("ZQ",             &[5],  "ZQ",             Value,   "reg",     "Z"),
    ("ZLowB",          &[4],  "ZLow<ZB>",       Value,   "reg",     "Z"),
    ("ZLowH",          &[4],  "ZLow<ZH>",       Value,   "reg",     "Z"),
    ("ZLowS",          &[4],  "ZLow<ZS>",       Value,   "reg",     "Z"),
    ("ZLowD",          &[4],  "ZLow<ZD>",       Value,   "reg",     "Z"),
    ("ZEvenLowB",      &[3],  "ZEvenLow<ZB>",   Value,   "reg",     "Z"),
    ("ZEvenLowH",      &[3],  "ZEvenLow<ZH>",   Value,   "reg",     "Z"),
    ("ZEvenLowS",      &[3],  "ZEvenLow<ZS>",   Value,   "reg",     "Z"),
    ("ZEvenLowD",      &[3],  "ZEvenLow<ZD>",   Value,   "reg",     "Z"),
    ("ZEvenHighB",     &[3],  "ZEvenHigh<ZB>",  Value,   "reg",     "Z"),
    ("ZEvenHighH",     &[3],  "ZEvenHigh<ZH>",  Value,   "reg",     "Z"),
    ("ZEvenHighS",     &[3],  "ZEvenHigh<ZS>",  Value,   "reg",     "Z"),
    ("ZEvenHighD",     &[3],  "ZEvenHigh<ZD>",  Value,   "reg",     "Z"),
    ("ZLaneB",         &[7],  "ZLaneB",         Value,   "lane",    ""),
    ("ZLaneH",         &[6],  "ZLaneH",         Value,   "lane",    ""),
    ("ZLaneS",         &[5],  "ZLaneS",         Value,   "lane",    ""),
    ("ZLaneD",         &[5],  "ZLaneD",         Value,   "lane",    ""),
    ("ZLaneSLong",     &[6],  "ZLaneSLong",     Value,   "lane",    ""),
    ("ZLaneHLong",     &[7],  "ZLaneHLong",     Value,   "lane",    ""),
    ("ZLaneBLong",     &[8],  "ZLaneBLong",     Value,   "lane",    ""),
    ("ZControl",       &[5],  "ZControl",       Value,   "segment", ""),
    ("ZPairH",         &[5],  "ZPairH",         Value,   "pair",    ""),
    ("ZPairS",         &[5],  "ZPairS",         Value,   "pair",    ""),
    ("ZIndexB",        &[11], "ZIndex<B>",      Value,   "lane",    ""),
    ("ZIndexH",        &[10], "ZIndex<H>",      Value,   "lane",    ""),
    ("ZIndexS",        &[9],  "ZIndex<S>",      Value,   "lane",    ""),
    ("ZIndexD",        &[8],  "ZIndex<D>",      Value,   "lane",    ""),
    ("ZSExtend",       &[6],  "ZSExtend",       Value,   "offsets", ""),
    ("ZDExtend",       &[6],  "ZDExtend",       Value,   "offsets", ""),
    ("P",              &[4],  "P",              Into,    "pred",    "P"),
    ("PB",             &[4],  "PB",             Value,   "pred",    "P"),
    ("PH",             &[4],  "PH",             Value,   "pred",    "P"),
    ("PS",             &[4],  "PS",             Value,   "pred",    "P"),
    ("PD",             &[4],  "PD",             Value,   "pred",    "P"),
    ("PM",             &[4],  "PM",             Into,    "pred",    "P"),
    ("PZ",             &[4],  "PZ",             Into,    "pred",    "P"),
    ("PLow",           &[3],  "PLow",           Value,   "pred",    "P"),
    ("PLowM",          &[3],  "PLowM",          Value,   "pred",    "P"),
    ("PLowZ",          &[3],  "PLowZ",          Value,   "pred",    "P"),
    ("PN",             &[3],  "PN",             Value,   "pred",    "PN"),
    ("PNZ",            &[3],  "PNZ",            Value,   "pred",    "PN"),
    ("PNB",            &[3],  "PNB",            Value,   "pred",    "PN"),
    ("PNH",            &[3],  "PNH",            Value,   "pred",    "PN"),
    ("PNS",            &[3],  "PNS",            Value,   "pred",    "PN"),
    ("PND",            &[3],  "PND",            Value,   "pred",    "PN"),
    ("PNAnyB",         &[4],  "PNAny<B>",       Into,    "pred",    "PN"),
    ("PNAnyH",         &[4],  "PNAny<H>",       Into,    "pred",    "PN"),
    ("PNAnyS",         &[4],  "PNAny<S>",       Into,    "pred",    "PN"),
    ("PNAnyD",         &[4],  "PNAny<D>",       Into,    "pred",    "PN"),
    ("PIndexB",        &[6],  "PIndex<B>",      Value,   "index",   ""),
    ("PIndexH",        &[5],  "PIndex<H>",      Value,   "index",   ""),
    ("PIndexS",        &[4],  "PIndex<S>",      Value,   "index",   ""),
    ("PIndexD",        &[3],  "PIndex<D>",      Value,   "index",   ""),
    ("SvePrefetch",    &[4],  "SvePrefetch",    Value,   "op",      ""),
    ("VlxN",           &[1],  "VlxN",           Value,   "vl",      ""),
    ("SvePattern",     &[5],  "SvePattern",     Value,   "pattern", ""),
    ("Mul16",          &[4],  "Mul16",          Value,   "mul",     ""),
    ("SveImm",         &[9],  "SveImm",         Value,   "imm",     ""),
    ("SveSImm",        &[9],  "SveSImm",        Value,   "imm",     ""),
    ("HalfOrOne",      &[1],  "HalfOrOne",      Value,   "imm",     ""),
    ("MulVl3",         &[4],  "MulVl3",         Value,   "imm",     ""),
    ("ZeroOrOne",      &[1],  "ZeroOrOne",      Value,   "imm",     ""),
    ("HalfOrTwo",      &[1],  "HalfOrTwo",      Value,   "imm",     ""),
    // SME
    ("ZAH",            &[1],  "ZAH",            Value,   "tile",    ""),
    ("ZAS",            &[2],  "ZAS",            Value,   "tile",    ""),
    ("ZAD",            &[3],  "ZAD",            Value,   "tile",    ""),
    ("ZASliceB",       &[7],  "ZASlice<B>",     Value,   "slice",   ""),
    ("ZASliceH",       &[7],  "ZASlice<H>",     Value,   "slice",   ""),
    ("ZASliceS",       &[7],  "ZASlice<S>",     Value,   "slice",   ""),
    ("ZASliceD",       &[7],  "ZASlice<D>",     Value,   "slice",   ""),
    ("ZASliceQ",       &[7],  "ZASlice<Q>",     Value,   "slice",   ""),
    ("ZASlices2B",     &[6],  "ZASlices<B, 2>", Value,   "slices",  ""),
    ("ZASlices2H",     &[6],  "ZASlices<H, 2>", Value,   "slices",  ""),
    ("ZASlices2S",     &[6],  "ZASlices<S, 2>", Value,   "slices",  ""),
    ("ZASlices2D",     &[6],  "ZASlices<D, 2>", Value,   "slices",  ""),
    ("ZASlices4B",     &[5],  "ZASlices<B, 4>", Value,   "slices",  ""),
    ("ZASlices4H",     &[5],  "ZASlices<H, 4>", Value,   "slices",  ""),
    ("ZASlices4S",     &[5],  "ZASlices<S, 4>", Value,   "slices",  ""),
    ("ZASlices4D",     &[6],  "ZASlices<D, 4>", Value,   "slices",  ""),
    ("ZARange2of16",   &[5],  "ZARange<2, 16>", Value,   "za",      ""),
    ("ZARange2of8",    &[4],  "ZARange<2, 8>",  Value,   "za",      ""),
    ("ZARange4of16",   &[4],  "ZARange<4, 16>", Value,   "za",      ""),
    ("ZARange4of8",    &[3],  "ZARange<4, 8>",  Value,   "za",      ""),
    ("ZAVector",       &[6],  "ZAVector",       Value,   "za",      ""),
    ("ZAArray",        &[5],  "ZAArray",        Value,   "za",      ""),
    ("ZATileMask",     &[8],  "ZATileMask",     Value,   "tiles",   ""),
    ("SmeMode",        &[2],  "SmeMode",        Value,   "mode",    ""),
];

/// Lists `<element>x<count><suffix>`: suffix, list type, elements, and the width of each count's value; 0 is the
/// element's width.
type ListLine = (&'static str, &'static str, &'static [&'static str], &'static [(&'static str, u32)]);

const ARRANGEMENTS: &[&str] = &["V8B", "V16B", "V4H", "V8H", "V2S", "V4S", "V1D", "V2D"];
const ELEMENTS: &[&str] = &["LaneB", "LaneH", "LaneS", "LaneD"];
const SCALABLE: &[&str] = &["Z", "ZB", "ZH", "ZS", "ZD", "ZQ"];
const PREDICATES: &[&str] = &["PB", "PH", "PS", "PD"];
const ANY_COUNT: &[(&str, u32)] = &[("1", 0), ("2", 0), ("3", 0), ("4", 0)];
const TWO: &[(&str, u32)] = &[("2", 0)];
const TWO_EVEN: &[(&str, u32)] = &[("2", 3)];
const TWO_OR_FOUR: &[(&str, u32)] = &[("2", 4), ("4", 3)];

const LISTS: &[ListLine] = &[
    ("", "List", ARRANGEMENTS, ANY_COUNT),
    ("", "LaneList", ELEMENTS, ANY_COUNT),
    ("", "ZList", SCALABLE, ANY_COUNT),
    ("a", "ZListAligned", SCALABLE, TWO_OR_FOUR),
    ("s", "ZListStrided", SCALABLE, TWO_OR_FOUR),
    ("l", "ZListLow", SCALABLE, TWO_EVEN),
    ("h", "ZListHigh", SCALABLE, TWO_EVEN),
    ("", "PList", PREDICATES, TWO),
    ("a", "PListAligned", PREDICATES, TWO_EVEN),
];

/// Targets: kind, width, field of `Rel`, and where that keeps its bits: lowest bit and width of each part, highest
/// first.
type TargetLine = (&'static str, u32, &'static str, &'static [(u32, u32)]);

#[rustfmt::skip]
const TARGETS: &[TargetLine] = &[
    ("Label",   26, "Imm26",   &[(0, 26)]),
    ("Label",   19, "Imm19",   &[(5, 19)]),
    ("Literal", 19, "Lit19",   &[(5, 19)]),
    ("Label",   16, "Back16",  &[(5, 16)]),
    ("Label",   14, "Imm14",   &[(5, 14)]),
    ("Label",   9,  "Imm9",    &[(5, 9)]),
    ("Adr",     21, "Adr21",   &[(5, 19), (29, 2)]),
    ("AdrPage", 21, "AdrPage", &[(5, 19), (29, 2)]),
];

/// What looking for a kind finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A kind of the given width.
    Kind(Kind),
    /// The kind exists, in another width.
    Width(u32),
    /// There is no such kind.
    Nothing,
}

/// The kind of this name for fields that are `width` wide together.
pub fn find(name: &str, width: u32) -> Found {
    let kind = |ty: Cow<'static, str>, by, param, symbol| {
        Found::Kind(Kind { name: name.into(), width, ty, by, param, symbol })
    };
    if let Some((ty, scale)) = scaled_immediate(name) {
        let fits = (1..=16).contains(&width) && width + scale <= 24;
        // Only what has exactly the width of a Rust integer converts from one.
        let by = if scale == 0 && matches!(width, 8 | 16) { Into } else { Value };
        return if fits { kind(format!("{ty}<{width}, {scale}>").into(), by, "imm", "") } else { Found::Width(16) };
    }
    let mut targets = TARGETS.iter().filter(|line| line.0 == name).peekable();
    if let Some(first) = targets.peek() {
        let expected = first.1;
        return match targets.find(|line| line.1 == width) {
            Some(line) => kind("Target".into(), By::Target(line.2), "target", ""),
            None => Found::Width(expected),
        };
    }
    if let Some(line) = KINDS.iter().find(|line| line.0 == name) {
        let &(_, widths, ty, by, param, symbol) = line;
        return if widths.contains(&width) { kind(ty.into(), by, param, symbol) } else { Found::Width(widths[0]) };
    }
    if let Some((expected, ty)) = list(name) {
        return if width == expected { kind(ty.into(), Value, "list", "") } else { Found::Width(expected) };
    }
    Found::Nothing
}

/// A list: its width and its type.
fn list(name: &str) -> Option<(u32, String)> {
    let (element, count) = name.rsplit_once('x')?;
    LISTS.iter().find_map(|(suffix, ty, elements, counts)| {
        let (count, width) = counts.iter().find(|(n, _)| count.strip_suffix(suffix) == Some(n))?;
        let line = KINDS.iter().find(|line| line.0 == element && elements.contains(&element))?;
        let width = if *width == 0 { line.1[0] } else { *width };
        Some((width, format!("{ty}<{}, {count}>", line.2)))
    })
}

/// `U`, `U<<n`, `S<<n`: the type, and n.
fn scaled_immediate(name: &str) -> Option<(&'static str, u32)> {
    match name.split_once("<<") {
        None => (name == "U").then_some(("UImm", 0)),
        Some((letter, scale)) => {
            let scale = scale.parse().ok().filter(|scale| *scale <= 16)?;
            match letter {
                "U" => Some(("UImm", scale)),
                "S" => Some(("SImm", scale)),
                _ => None,
            }
        }
    }
}

/// Where a field of `Rel` keeps its bits: lowest bit and width of each part, highest first.
pub(super) fn target_places(field: &str) -> &'static [(u32, u32)] {
    TARGETS.iter().find(|line| line.2 == field).map_or(&[], |line| line.3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_kind_is_there_twice() {
        for (i, line) in KINDS.iter().enumerate() {
            assert!(KINDS[..i].iter().all(|other| other.0 != line.0), "{}", line.0);
            assert!(TARGETS.iter().all(|other| other.0 != line.0), "{}", line.0);
        }
    }

    #[test]
    fn types_are_tokens() {
        for line in KINDS {
            assert!(line.2.parse::<proc_macro2::TokenStream>().is_ok_and(|tokens| !tokens.is_empty()), "{}", line.0);
        }
    }

    #[test]
    fn widths_choose() {
        let ty = |name, width| match find(name, width) {
            Found::Kind(kind) => kind.ty.to_string(),
            other => format!("{other:?}"),
        };
        assert_eq!(ty("U<<3", 12), "UImm<12, 3>");
        assert_eq!(ty("S<<0", 9), "SImm<9, 0>");
        assert_eq!(ty("S", 5), "S");
        assert_eq!(ty("V16Bx4", 5), "List<V16B, 4>");
        assert_eq!(ty("LaneSx2", 7), "LaneList<LaneS, 2>");
        assert_eq!(ty("ZBx3", 5), "ZList<ZB, 3>");
        assert_eq!(ty("ZDx4s", 3), "ZListStrided<ZD, 4>");
        assert_eq!(find("ZDx2a", 5), Found::Width(4));
        assert_eq!(find("ZDx3a", 5), Found::Nothing);
        assert_eq!(find("Label", 20), Found::Width(26));
        assert_eq!(find("X", 4), Found::Width(5));
        assert_eq!(find("LaneH4x2", 7), Found::Nothing);
        assert_eq!(find("Y", 5), Found::Nothing);
    }
}
