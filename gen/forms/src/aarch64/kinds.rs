//! Operand kinds: what an operand is in a table, in bits, and in Rust.
//!
//! ```text
//!   kinds --find--> what the rows' operands are
//!      '--types--> operand types --> impls of `Bits`, variants of `Operand`
//! ```
//!
//! One line a kind, which is all that a new one needs besides its type. The Rust types are in the runtime's `aarch64`
//! module; each has a method that gives its value right-aligned in the kind's width, and a constructor from such a
//! value. `U`, `U<<n` and `S<<n` take their width from the fields, and lists (`V4Sx2`) are made from the lines of their
//! element and of their sort of list.

use std::{borrow::Cow, collections::HashSet, sync::LazyLock};

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
    /// What else becomes one: variants of the runtime's `Operand`, which of plain types have the types' names.
    pub from: &'static [&'static str],
}

impl Kind {
    /// What a function takes in place of this kind and its like, if the size of a register or an access is a value: a
    /// register by its widest name, and an offset in accesses.
    pub(super) fn of_any_size(&self) -> Option<Kind> {
        let line = match (self.name.as_str(), scaled_immediate(&self.name)) {
            ("W" | "X", _) => lines().find(|line| line.name == "X")?,
            ("B" | "H" | "S" | "D" | "Q", _) => lines().find(|line| line.name == "VHigh")?,
            ("Index0" | "Index1" | "Index2" | "Index3" | "Index4", _) => &SIZED_INDEX,
            (_, Some(("UImm", _))) if self.width == SIZED_OFFSET.width => &SIZED_OFFSET,
            _ => return None,
        };
        Some(line.kind())
    }

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

/// A line of the table.
struct Line {
    name: &'static str,
    width: u32,
    ty: &'static str,
    by: By,
    param: &'static str,
    symbol: &'static str,
    /// What else becomes one if it is chosen at run time: variants of the runtime's `Operand`. The type takes them by
    /// `TryFrom`, and [`IMM`] by `new`.
    from: &'static [&'static str],
}

const fn line(
    name: &'static str,
    width: u32,
    ty: &'static str,
    by: By,
    param: &'static str,
    symbol: &'static str,
    from: &'static [&'static str],
) -> Line {
    Line { name, width, ty, by, param, symbol, from }
}

impl Line {
    fn kind(&self) -> Kind {
        let &Line { name, width, ty, by, param, symbol, from } = self;
        Kind { name: name.into(), width, ty: ty.into(), by, param, symbol, from }
    }
}

use By::{Into, Method, Value};

/// An immediate by its value.
const IMM: &[&str] = &["Imm"];

const EXTRACT: By = Method("extract_bits", "from_extract_bits");
const INSERT: By = Method("insert_bits", "from_insert_bits");

#[rustfmt::skip]
const KINDS: &[Line] = &[
    //   kind        width type              taken    parameter   symbol also from
    // general registers
    line("X",              5,  "X",              Into,    "reg",      "X",   &["XSp"]),
    line("W",              5,  "W",              Into,    "reg",      "W",   &["WSp"]),
    line("XSP",            5,  "XSp",            Into,    "reg",      "X",   &["X"]),
    line("WSP",            5,  "WSp",            Into,    "reg",      "W",   &["W"]),
    line("XPair",          5,  "XPair",          Value,   "pair",     "",    &[]),
    line("WPair",          5,  "WPair",          Value,   "pair",     "",    &[]),
    line("XOctet",         5,  "XOctet",         Value,   "octet",    "",    &[]),
    // immediates
    line("AddImm",         13, "AddImm",         Into,    "imm",      "",    IMM),
    line("AtLeastImm",     6,  "AtLeastImm",     Into,    "imm",      "",    IMM),
    line("AtMostImm",      6,  "AtMostImm",      Into,    "imm",      "",    IMM),
    line("LogicalImm32",   12, "LogicalImm32",   Into,    "imm",      "",    IMM),
    line("LogicalImm64",   13, "LogicalImm64",   Into,    "imm",      "",    IMM),
    line("InvertedImm64",  13, "InvertedImm64",  Value,   "imm",      "",    IMM),
    line("MovWide32",      17, "MovWide32",      Value,   "imm",      "",    IMM),
    line("MovWide64",      18, "MovWide64",      Value,   "imm",      "",    IMM),
    line("MovInverted32",  17, "MovInverted32",  Value,   "imm",      "",    IMM),
    line("MovInverted64",  18, "MovInverted64",  Value,   "imm",      "",    IMM),
    line("Shift32",        8,  "Shift32",        Value,   "shift",    "",    &[]),
    line("Shift64",        8,  "Shift64",        Value,   "shift",    "",    &[]),
    line("ShiftRor32",     8,  "ShiftRor32",     Into,    "shift",    "",    &["Shift32"]),
    line("ShiftRor64",     8,  "ShiftRor64",     Into,    "shift",    "",    &["Shift64"]),
    line("Extended32",     11, "Extended32",     Into,    "rm",       "",    &["W"]),
    line("Extended64",     11, "Extended64",     Into,    "rm",       "",    &["W", "X"]),
    line("Index0",         9,  "Index<0>",       Into,    "index",    "",    &["X"]),
    line("Index1",         9,  "Index<1>",       Into,    "index",    "",    &["X"]),
    line("Index2",         9,  "Index<2>",       Into,    "index",    "",    &["X"]),
    line("Index3",         9,  "Index<3>",       Into,    "index",    "",    &["X"]),
    line("Index4",         9,  "Index<4>",       Into,    "index",    "",    &["X"]),
    line("LslImm32",       12, "LslImm32",       Into,    "shift",    "",    IMM),
    line("LslImm64",       12, "LslImm64",       Into,    "shift",    "",    IMM),
    line("BfxField32",     12, "BitField32",     EXTRACT, "field",    "",    &[]),
    line("BfxField64",     12, "BitField64",     EXTRACT, "field",    "",    &[]),
    line("BfiField32",     12, "BitField32",     INSERT,  "field",    "",    &[]),
    line("BfiField64",     12, "BitField64",     INSERT,  "field",    "",    &[]),
    line("Fbits32",        6,  "Fbits32",        Value,   "fbits",    "",    IMM),
    line("Fbits64",        6,  "Fbits64",        Value,   "fbits",    "",    IMM),
    line("FpImm8",         8,  "FpImm8",         Into,    "imm",      "",    &[]),
    line("ShrImm8",        3,  "ShrImm<8>",      Value,   "shift",    "",    IMM),
    line("ShrImm16",       4,  "ShrImm<16>",     Value,   "shift",    "",    IMM),
    line("ShrImm32",       5,  "ShrImm<32>",     Value,   "shift",    "",    IMM),
    line("ShrImm64",       6,  "ShrImm<64>",     Value,   "shift",    "",    IMM),
    line("LaneFbits16",    4,  "LaneFbits<16>",  Value,   "fbits",    "",    IMM),
    line("LaneFbits32",    5,  "LaneFbits<32>",  Value,   "fbits",    "",    IMM),
    line("LaneFbits64",    6,  "LaneFbits<64>",  Value,   "fbits",    "",    IMM),
    line("Msl",            1,  "Msl",            Value,   "shift",    "",    &[]),
    line("ByteMask64",     8,  "ByteMask64",     Value,   "mask",     "",    IMM),
    line("Rot2",           2,  "Rotation",       Value,   "rotation", "",    IMM),
    line("Rot1",           1,  "RotationOdd",    Value,   "rotation", "",    IMM),
    // conditions, flags, named operands
    line("Cond",           4,  "Cond",           Value,   "cond",     "",    &[]),
    line("CondInv",        4,  "CondInv",        Value,   "cond",     "",    &["Cond"]),
    line("Nzcv",           4,  "Nzcv",           Value,   "nzcv",     "",    &[]),
    line("SysReg",         15, "SysReg",         Value,   "register", "",    &[]),
    line("SysOp",          14, "SysOp",          Value,   "op",       "",    &[]),
    line("DcOp",           10, "DcOp",           Value,   "op",       "",    &[]),
    line("AtOp",           10, "AtOp",           Value,   "op",       "",    &[]),
    line("IcOp",           10, "IcOp",           Value,   "op",       "",    &[]),
    line("TlbiOp",         14, "TlbiOp",         Value,   "op",       "",    &[]),
    line("TlbiXOp",        14, "TlbiXOp",        Value,   "op",       "",    &[]),
    line("TlbiPairOp",     14, "TlbiPairOp",     Value,   "op",       "",    &[]),
    line("GicOp",          10, "GicOp",          Value,   "op",       "",    &[]),
    line("PlbiOp",         10, "PlbiOp",         Value,   "op",       "",    &[]),
    line("PlbiXOp",        10, "PlbiXOp",        Value,   "op",       "",    &[]),
    line("PState",         6,  "PState",         Value,   "field",    "",    &[]),
    line("Barrier",        4,  "Barrier",        Value,   "barrier",  "",    &[]),
    line("BarrierNxs",     2,  "BarrierNxs",     Value,   "barrier",  "",    &[]),
    line("Prefetch",       5,  "Prefetch",       Value,   "op",       "",    &[]),
    line("PrefetchOp",     5,  "PrefetchOp",     Into,    "op",       "",    &["Prefetch"]),
    line("RangePrefetch",  6,  "RangePrefetch",  Value,   "op",       "",    &[]),
    line("BtiTarget",      2,  "BtiTarget",      Value,   "target",   "",    &[]),
    // scalar and vector registers, elements, lists
    line("B",              5,  "B",              Value,   "reg",      "B",   &[]),
    line("H",              5,  "H",              Value,   "reg",      "H",   &[]),
    line("S",              5,  "S",              Value,   "reg",      "S",   &[]),
    line("D",              5,  "D",              Value,   "reg",      "D",   &[]),
    line("Q",              5,  "Q",              Value,   "reg",      "Q",   &[]),
    line("V8B",            5,  "V8B",            Value,   "reg",      "V",   &[]),
    line("V16B",           5,  "V16B",           Value,   "reg",      "V",   &[]),
    line("V4H",            5,  "V4H",            Value,   "reg",      "V",   &[]),
    line("V8H",            5,  "V8H",            Value,   "reg",      "V",   &[]),
    line("V2H",            5,  "V2H",            Value,   "reg",      "V",   &[]),
    line("V2S",            5,  "V2S",            Value,   "reg",      "V",   &[]),
    line("V4S",            5,  "V4S",            Value,   "reg",      "V",   &[]),
    line("V1D",            5,  "V1D",            Value,   "reg",      "V",   &[]),
    line("V2D",            5,  "V2D",            Value,   "reg",      "V",   &[]),
    line("V1Q",            5,  "V1Q",            Value,   "reg",      "V",   &[]),
    line("VHigh",          5,  "V",              Value,   "reg",      "V",   &[]),
    line("LaneB",          9,  "LaneB",          Value,   "lane",     "",    &[]),
    line("LaneH",          8,  "LaneH",          Value,   "lane",     "",    &[]),
    line("LaneS",          7,  "LaneS",          Value,   "lane",     "",    &[]),
    line("LaneD",          6,  "LaneD",          Value,   "lane",     "",    &[]),
    line("LaneH4",         7,  "LaneHLow",       Value,   "lane",     "",    &[]),
    line("LaneB3",         7,  "LaneBLow",       Value,   "lane",     "",    &[]),
    line("PairH",          7,  "PairH",          Value,   "pair",     "",    &[]),
    line("PairHLow",       6,  "PairHLow",       Value,   "pair",     "",    &[]),
    line("PairS",          6,  "PairS",          Value,   "pair",     "",    &[]),
    line("LutSegment2",    6,  "LutSegment<2>",  Value,   "segment",  "",    &[]),
    line("LutSegment4",    7,  "LutSegment<4>",  Value,   "segment",  "",    &[]),
    line("LutSegment8",    8,  "LutSegment<8>",  Value,   "segment",  "",    &[]),
];

// No row has these: they stand for kinds that differ by the size of an access.
const SIZED_INDEX: Line = line("SizedIndex", 9, "SizedIndex", Into, "index", "", &[]);
const SIZED_OFFSET: Line = line("SizedOffset", 12, "SizedOffset", Value, "imm", "", &[]);

/// Those of SVE and SME.
#[rustfmt::skip]
const SCALABLE_KINDS: &[Line] = &[
    //   kind        width type              taken    parameter   symbol also from
    // SVE
    line("Z",              5,  "Z",              Value,   "reg",      "Z",   &[]),
    line("ZB",             5,  "ZB",             Value,   "reg",      "Z",   &[]),
    line("ZH",             5,  "ZH",             Value,   "reg",      "Z",   &[]),
    line("ZS",             5,  "ZS",             Value,   "reg",      "Z",   &[]),
    line("ZD",             5,  "ZD",             Value,   "reg",      "Z",   &[]),
    line("ZQ",             5,  "ZQ",             Value,   "reg",      "Z",   &[]),
    line("ZLowB",          4,  "ZLow<ZB>",       Value,   "reg",      "Z",   &[]),
    line("ZLowH",          4,  "ZLow<ZH>",       Value,   "reg",      "Z",   &[]),
    line("ZLowS",          4,  "ZLow<ZS>",       Value,   "reg",      "Z",   &[]),
    line("ZLowD",          4,  "ZLow<ZD>",       Value,   "reg",      "Z",   &[]),
    line("ZEvenLowB",      3,  "ZEvenLow<ZB>",   Value,   "reg",      "Z",   &[]),
    line("ZEvenLowH",      3,  "ZEvenLow<ZH>",   Value,   "reg",      "Z",   &[]),
    line("ZEvenLowS",      3,  "ZEvenLow<ZS>",   Value,   "reg",      "Z",   &[]),
    line("ZEvenLowD",      3,  "ZEvenLow<ZD>",   Value,   "reg",      "Z",   &[]),
    line("ZEvenHighB",     3,  "ZEvenHigh<ZB>",  Value,   "reg",      "Z",   &[]),
    line("ZEvenHighH",     3,  "ZEvenHigh<ZH>",  Value,   "reg",      "Z",   &[]),
    line("ZEvenHighS",     3,  "ZEvenHigh<ZS>",  Value,   "reg",      "Z",   &[]),
    line("ZEvenHighD",     3,  "ZEvenHigh<ZD>",  Value,   "reg",      "Z",   &[]),
    line("ZLaneB",         7,  "ZLaneB",         Value,   "lane",     "",    &[]),
    line("ZLaneH",         6,  "ZLaneH",         Value,   "lane",     "",    &[]),
    line("ZLaneS",         5,  "ZLaneS",         Value,   "lane",     "",    &[]),
    line("ZLaneD",         5,  "ZLaneD",         Value,   "lane",     "",    &[]),
    line("ZLaneSLong",     6,  "ZLaneSLong",     Value,   "lane",     "",    &[]),
    line("ZLaneHLong",     7,  "ZLaneHLong",     Value,   "lane",     "",    &[]),
    line("ZLaneBLong",     8,  "ZLaneBLong",     Value,   "lane",     "",    &[]),
    line("ZControl",       5,  "ZControl",       Value,   "segment",  "",    &[]),
    line("ZPairH",         5,  "ZPairH",         Value,   "pair",     "",    &[]),
    line("ZPairS",         5,  "ZPairS",         Value,   "pair",     "",    &[]),
    line("ZIndexB",        11, "ZIndex<B>",      Value,   "lane",     "",    &[]),
    line("ZIndexH",        10, "ZIndex<H>",      Value,   "lane",     "",    &[]),
    line("ZIndexS",        9,  "ZIndex<S>",      Value,   "lane",     "",    &[]),
    line("ZIndexD",        8,  "ZIndex<D>",      Value,   "lane",     "",    &[]),
    line("ZSExtend",       6,  "ZSExtend",       Value,   "offsets",  "",    &[]),
    line("ZDExtend",       6,  "ZDExtend",       Value,   "offsets",  "",    &[]),
    line("P",              4,  "P",              Into,    "pred",     "P",   &["PLow"]),
    line("PB",             4,  "PB",             Value,   "pred",     "P",   &[]),
    line("PH",             4,  "PH",             Value,   "pred",     "P",   &[]),
    line("PS",             4,  "PS",             Value,   "pred",     "P",   &[]),
    line("PD",             4,  "PD",             Value,   "pred",     "P",   &[]),
    line("PM",             4,  "PM",             Into,    "pred",     "P",   &["PLowM"]),
    line("PZ",             4,  "PZ",             Into,    "pred",     "P",   &["PLowZ"]),
    line("PLow",           3,  "PLow",           Value,   "pred",     "P",   &[]),
    line("PLowM",          3,  "PLowM",          Value,   "pred",     "P",   &[]),
    line("PLowZ",          3,  "PLowZ",          Value,   "pred",     "P",   &[]),
    line("PN",             3,  "PN",             Value,   "pred",     "PN",  &[]),
    line("PNZ",            3,  "PNZ",            Value,   "pred",     "PN",  &[]),
    line("PNB",            3,  "PNB",            Value,   "pred",     "PN",  &[]),
    line("PNH",            3,  "PNH",            Value,   "pred",     "PN",  &[]),
    line("PNS",            3,  "PNS",            Value,   "pred",     "PN",  &[]),
    line("PND",            3,  "PND",            Value,   "pred",     "PN",  &[]),
    line("PNAnyB",         4,  "PNAny<B>",       Into,    "pred",     "PN",  &["PNB"]),
    line("PNAnyH",         4,  "PNAny<H>",       Into,    "pred",     "PN",  &["PNH"]),
    line("PNAnyS",         4,  "PNAny<S>",       Into,    "pred",     "PN",  &["PNS"]),
    line("PNAnyD",         4,  "PNAny<D>",       Into,    "pred",     "PN",  &["PND"]),
    line("PIndexB",        6,  "PIndex<B>",      Value,   "index",    "",    &[]),
    line("PIndexH",        5,  "PIndex<H>",      Value,   "index",    "",    &[]),
    line("PIndexS",        4,  "PIndex<S>",      Value,   "index",    "",    &[]),
    line("PIndexD",        3,  "PIndex<D>",      Value,   "index",    "",    &[]),
    line("SvePrefetch",    4,  "SvePrefetch",    Value,   "op",       "",    &[]),
    line("VlxN",           1,  "VlxN",           Value,   "vl",       "",    &[]),
    line("SvePattern",     5,  "SvePattern",     Value,   "pattern",  "",    &[]),
    line("Mul16",          4,  "Mul16",          Value,   "mul",      "",    IMM),
    line("SveImm",         9,  "SveImm",         Value,   "imm",      "",    IMM),
    line("SveSImm",        9,  "SveSImm",        Value,   "imm",      "",    IMM),
    line("HalfOrOne",      1,  "HalfOrOne",      Value,   "imm",      "",    &[]),
    line("MulVl3",         4,  "MulVl3",         Value,   "imm",      "",    IMM),
    line("ZeroOrOne",      1,  "ZeroOrOne",      Value,   "imm",      "",    &[]),
    line("HalfOrTwo",      1,  "HalfOrTwo",      Value,   "imm",      "",    &[]),
    // SME
    line("ZAH",            1,  "ZAH",            Value,   "tile",     "",    &[]),
    line("ZAS",            2,  "ZAS",            Value,   "tile",     "",    &[]),
    line("ZAD",            3,  "ZAD",            Value,   "tile",     "",    &[]),
    line("ZASliceB",       7,  "ZASlice<B>",     Value,   "slice",    "",    &[]),
    line("ZASliceH",       7,  "ZASlice<H>",     Value,   "slice",    "",    &[]),
    line("ZASliceS",       7,  "ZASlice<S>",     Value,   "slice",    "",    &[]),
    line("ZASliceD",       7,  "ZASlice<D>",     Value,   "slice",    "",    &[]),
    line("ZASliceQ",       7,  "ZASlice<Q>",     Value,   "slice",    "",    &[]),
    line("ZASlices2B",     6,  "ZASlices<B, 2>", Value,   "slices",   "",    &[]),
    line("ZASlices2H",     6,  "ZASlices<H, 2>", Value,   "slices",   "",    &[]),
    line("ZASlices2S",     6,  "ZASlices<S, 2>", Value,   "slices",   "",    &[]),
    line("ZASlices2D",     6,  "ZASlices<D, 2>", Value,   "slices",   "",    &[]),
    line("ZASlices4B",     5,  "ZASlices<B, 4>", Value,   "slices",   "",    &[]),
    line("ZASlices4H",     5,  "ZASlices<H, 4>", Value,   "slices",   "",    &[]),
    line("ZASlices4S",     5,  "ZASlices<S, 4>", Value,   "slices",   "",    &[]),
    line("ZASlices4D",     6,  "ZASlices<D, 4>", Value,   "slices",   "",    &[]),
    line("ZARange2of16",   5,  "ZARange<2, 16>", Value,   "za",       "",    &[]),
    line("ZARange2of8",    4,  "ZARange<2, 8>",  Value,   "za",       "",    &[]),
    line("ZARange4of16",   4,  "ZARange<4, 16>", Value,   "za",       "",    &[]),
    line("ZARange4of8",    3,  "ZARange<4, 8>",  Value,   "za",       "",    &[]),
    line("ZAVector",       6,  "ZAVector",       Value,   "za",       "",    &[]),
    line("ZAArray",        5,  "ZAArray",        Value,   "za",       "",    &[]),
    line("ZATileMask",     8,  "ZATileMask",     Value,   "tiles",    "",    &[]),
    line("SmeMode",        2,  "SmeMode",        Value,   "mode",     "",    &[]),
];

/// Lists `<element>x<count><suffix>`: suffix, list type, elements, and the width of each count's value; 0 is the
/// element's width.
type ListLine = (&'static str, &'static str, &'static [&'static str], &'static [(&'static str, u32)]);

const ARRANGEMENTS: &[&str] = &["V8B", "V16B", "V4H", "V8H", "V2S", "V4S", "V1D", "V2D"];
const ELEMENTS: &[&str] = &["LaneB", "LaneH", "LaneS", "LaneD"];
const SCALABLE: &[&str] = &["Z", "ZB", "ZH", "ZS", "ZD", "ZQ"];
const HALVED: &[&str] = &["ZB", "ZH", "ZS", "ZD"];
const PREDICATES: &[&str] = &["PB", "PH", "PS", "PD"];
const ANY_COUNT: &[(&str, u32)] = &[("1", 0), ("2", 0), ("3", 0), ("4", 0)];
const TWO: &[(&str, u32)] = &[("2", 0)];
const TWO_EVEN: &[(&str, u32)] = &[("2", 3)];
const TWO_OR_FOUR: &[(&str, u32)] = &[("2", 4), ("4", 3)];

const SORTS_OF_LISTS: &[ListLine] = &[
    ("", "List", ARRANGEMENTS, ANY_COUNT),
    ("", "LaneList", ELEMENTS, ANY_COUNT),
    ("", "ZList", SCALABLE, ANY_COUNT),
    ("a", "ZListAligned", SCALABLE, TWO_OR_FOUR),
    ("s", "ZListStrided", SCALABLE, TWO_OR_FOUR),
    ("l", "ZListLow", HALVED, TWO_EVEN),
    ("h", "ZListHigh", HALVED, TWO_EVEN),
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
    let kind = |ty: Cow<'static, str>, by, param| {
        Found::Kind(Kind { name: name.into(), width, ty, by, param, symbol: "", from: &[] })
    };
    if let Some((ty, scale)) = scaled_immediate(name) {
        let fits = (1..=16).contains(&width) && width + scale <= 24;
        // Only what has exactly the width of a Rust integer converts from one.
        let by = if scale == 0 && matches!(width, 8 | 16) { Into } else { Value };
        return if fits { kind(format!("{ty}<{width}, {scale}>").into(), by, "imm") } else { Found::Width(16) };
    }
    let mut targets = TARGETS.iter().filter(|line| line.0 == name).peekable();
    if let Some(first) = targets.peek() {
        let expected = first.1;
        return match targets.find(|line| line.1 == width) {
            Some(line) => kind("Target".into(), By::Target(line.2), "target"),
            None => Found::Width(expected),
        };
    }
    if let Some(line) = lines().find(|line| line.name == name) {
        return if width == line.width { Found::Kind(line.kind()) } else { Found::Width(line.width) };
    }
    if let Some(list) = LISTS.iter().find(|list| list.name == name) {
        let ty = Cow::from(list.ty.as_str());
        return if width == list.width { kind(ty, Value, "list") } else { Found::Width(list.width) };
    }
    Found::Nothing
}

fn lines() -> impl Iterator<Item = &'static Line> {
    KINDS.iter().chain(SCALABLE_KINDS)
}

/// A list: its name, its width, its type and its element.
struct List {
    name: String,
    width: u32,
    ty: String,
    element: &'static Line,
}

/// Every list.
static LISTS: LazyLock<Vec<List>> = LazyLock::new(|| {
    let of_sort = |&(suffix, list, elements, counts): &ListLine| {
        let elements = lines().filter(move |line| elements.contains(&line.name));
        elements.flat_map(move |element| {
            counts.iter().map(move |(count, width)| List {
                name: format!("{}x{count}{suffix}", element.name),
                width: if *width == 0 { element.width } else { *width },
                ty: format!("{list}<{}, {count}>", element.ty),
                element,
            })
        })
    };
    SORTS_OF_LISTS.iter().flat_map(of_sort).collect()
});

/// A Rust type of operands.
pub(super) struct OperandType {
    /// The variant of the runtime's `Operand`: the type's name, and if that has arguments, the kind's.
    pub variant: String,
    /// The type.
    pub ty: Cow<'static, str>,
    /// How functions take it.
    pub by: By,
    /// The variants of `Operand` that become one.
    pub from: &'static [&'static str],
    /// Whether it is of SVE or SME.
    pub is_scalable: bool,
}

/// The types of all kinds, each once. `UImm` and `SImm` are not among them: there is one for each width and scale.
pub(super) fn types() -> Vec<OperandType> {
    let is_scalable = |line: &Line| SCALABLE_KINDS.iter().any(|other| other.name == line.name);
    let plain = lines().map(|line| OperandType {
        variant: if line.ty.contains('<') { line.name } else { line.ty }.into(),
        ty: line.ty.into(),
        by: line.by,
        from: line.from,
        is_scalable: is_scalable(line),
    });
    let lists = LISTS.iter().map(|list| OperandType {
        variant: list.name.clone(),
        ty: list.ty.as_str().into(),
        by: Value,
        from: &[],
        is_scalable: is_scalable(list.element),
    });
    let mut seen = HashSet::new();
    plain.chain(lists).filter(|ty| seen.insert(ty.ty.clone())).collect()
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
        let mut seen = HashSet::new();
        for line in lines() {
            assert!(seen.insert(line.name), "{}", line.name);
            assert!(TARGETS.iter().all(|other| other.0 != line.name), "{}", line.name);
        }
    }

    #[test]
    fn types_are_tokens() {
        for ty in types() {
            assert!(ty.ty.parse::<proc_macro2::TokenStream>().is_ok_and(|tokens| !tokens.is_empty()), "{}", ty.ty);
        }
    }

    #[test]
    fn every_kind_has_one_variant() {
        let types = types();
        let variants: HashSet<&str> = types.iter().map(|ty| ty.variant.as_str()).collect();
        assert_eq!(variants.len(), types.len(), "two types have one variant");
        for line in lines() {
            let ty = types.iter().find(|ty| ty.ty == line.ty);
            // Kinds of one type share its variant.
            assert!(ty.is_some_and(|ty| ty.from == line.from), "{}", line.name);
            assert!(line.from.iter().all(|from| *from == "Imm" || variants.contains(from)), "{}", line.name);
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
