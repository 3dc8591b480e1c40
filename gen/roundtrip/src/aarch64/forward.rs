//! A forward encoder that reads the checked rows and nothing else.
//!
//! The crate's operands carry their bits ready made, and its functions shift them into a word. This encoder starts
//! from what an operand means, and finds its bits where the manual describes them, mostly by trying all of them: a
//! bitmask immediate is the
//! `N:immr:imms` that DecodeBitMasks turns into it, an FP immediate the `imm8` that VFPExpandImm turns into it. All
//! that both have in common is [`Form`], a row that was parsed and checked.

use super::value::{EXTENSIONS, Value, consecutive, predicate_lanes, scaled, size, slices};
use std::{collections::HashMap, sync::LazyLock};
use tailfirst_gen::{
    aarch64::{Form, Operand},
    condition::Term,
};

/// The instruction; the values are those of the form's operands in order.
pub fn encode(form: &Form, values: &[Value]) -> u32 {
    let mut word = form.bits.value;
    for (index, value) in fields(form, values).into_iter().enumerate() {
        word |= value << form.bits.fields[index].lsb;
    }
    word
}

/// The four bytes.
pub fn bytes(form: &Form, values: &[Value]) -> [u8; 4] {
    encode(form, values).to_le_bytes()
}

/// The contents of the form's fields.
fn fields(form: &Form, values: &[Value]) -> Vec<u32> {
    assert_eq!(form.operands.len(), values.len(), "{}", form.name);
    let mut contents = vec![None; form.bits.fields.len()];
    for (operand, value) in form.operands.iter().zip(values) {
        let bits = operand_bits(operand, value);
        for list in &operand.fields {
            // The last field has the lowest bits.
            let mut rest = bits;
            for &index in list.iter().rev() {
                let width = form.bits.fields[index].width;
                let low = u64::from(rest) & ((1 << width) - 1);
                assert!(contents[index].replace(low as u32).is_none(), "{}: a field is filled twice", form.name);
                rest = (u64::from(rest) >> width) as u32;
            }
            assert_eq!(rest, 0, "{}: {} is wider than its fields", form.name, operand.kind.name);
        }
    }
    contents
        .into_iter()
        .map(|content| content.unwrap_or_else(|| panic!("{}: a field is not filled", form.name)))
        .collect()
}

/// Whether the form's `when` holds.
pub fn holds(form: &Form, values: &[Value]) -> bool {
    let Some(condition) = &form.condition else { return true };
    let contents = fields(form, values);
    let number = |term: &Term| match term {
        Term::Number(number) => *number,
        Term::Name(name) => {
            let index = form.bits.fields.iter().position(|field| field.name == *name);
            contents[index.unwrap_or_else(|| panic!("{}: no field {name}", form.name))]
        }
    };
    condition.any_of.iter().any(|all_of| all_of.iter().all(|c| (number(&c.left) == number(&c.right)) == c.equal))
}

/// Bitmask immediates.
pub struct Bitmasks {
    /// In ascending order.
    pub values: Vec<u64>,
    /// `N:immr:imms` by value.
    bits: HashMap<u64, u32>,
}

/// The manual's DecodeBitMasks, as far as the immediate goes: `wmask` of a register of 64 bits, or None where it is
/// UNDEFINED.
fn decode_bit_masks(n: u32, imms: u32, immr: u32) -> Option<u64> {
    // len = HighestSetBit(immN:NOT(imms))
    let combined = n << 6 | (!imms & 0x3F);
    let len = (0..7).rev().find(|bit| combined >> bit & 1 == 1)?;
    if len < 1 {
        return None;
    }
    let levels = (1 << len) - 1;
    if imms & levels == levels {
        return None;
    }
    let (s, r) = (imms & levels, immr & levels);
    let esize = 1u32 << len;
    // welem = ZeroExtend(Ones(S + 1), esize), rotated right by R, replicated
    let mut wmask = 0;
    for bit in 0..=s {
        let at = (bit + esize - r) % esize;
        for copy in 0..64 / esize {
            wmask |= 1u64 << (at + copy * esize);
        }
    }
    Some(wmask)
}

fn bitmasks(ns: &[u32], mask: u64) -> Bitmasks {
    let mut bits = HashMap::new();
    for &n in ns {
        for imms in 0..64 {
            // Where `immr` has bits that DecodeBitMasks ignores, assemblers make them zero.
            for immr in 0..64 {
                if let Some(value) = decode_bit_masks(n, imms, immr) {
                    bits.entry(value & mask).or_insert(n << 12 | immr << 6 | imms);
                }
            }
        }
    }
    let mut values: Vec<u64> = bits.keys().copied().collect();
    values.sort_unstable();
    Bitmasks { values, bits }
}

pub fn bitmasks32() -> &'static Bitmasks {
    static ALL: LazyLock<Bitmasks> = LazyLock::new(|| bitmasks(&[0], 0xFFFF_FFFF));
    &ALL
}

pub fn bitmasks64() -> &'static Bitmasks {
    static ALL: LazyLock<Bitmasks> = LazyLock::new(|| bitmasks(&[0, 1], u64::MAX));
    &ALL
}

/// The manual's VFPExpandImm for 64 bits: a sign, `NOT(b):Replicate(b, 8):cd`, `efgh:Zeros(48)`.
pub fn vfp_expand_imm(imm8: u32) -> f64 {
    let imm8 = u64::from(imm8);
    let (sign, b, cd, efgh) = (imm8 >> 7, imm8 >> 6 & 1, imm8 >> 4 & 3, imm8 & 15);
    let exponent = (b ^ 1) << 10 | (b * 0xFF) << 2 | cd;
    f64::from_bits(sign << 63 | exponent << 52 | efgh << 48)
}

/// The only bits, of all with this width, that mean something.
fn search(width: u32, what: &Value, means: impl Fn(u32) -> bool) -> u32 {
    (0..1 << width).find(|bits| means(*bits)).unwrap_or_else(|| panic!("no bits mean {what:?}"))
}

/// The value of an operand in its fields.
fn operand_bits(operand: &Operand, value: &Value) -> u32 {
    let (kind, width) = (operand.kind.name.as_str(), operand.kind.width);
    let extension = |name: &str| EXTENSIONS.iter().position(|other| *other == name).expect("is an extension") as u32;
    match *value {
        Value::Register(number) => register_bits(kind, number),
        // bits 3, 1 and 0 of the register's number, below the segment
        Value::Element { register, lane } if kind == "ZControl" => lane << 3 | (register >> 3 & 1) << 2 | register & 3,
        Value::Element { register, lane } => {
            // the width of the register's number
            let below = if matches!(kind, "ZLaneD" | "ZLaneSLong" | "ZLaneHLong" | "ZLaneBLong" | "ZPairS") {
                4
            } else if kind.starts_with("ZLane") || kind == "ZPairH" {
                3
            } else if kind == "LaneH4" {
                4
            } else if kind == "LaneB3" {
                3
            } else {
                5
            };
            assert!(register < 1 << below);
            lane << below | register
        }
        Value::Number(number) => number_bits(kind, width, number, value),
        Value::Real(real) => match kind {
            "FpImm8" => search(8, value, |imm8| vfp_expand_imm(imm8) == real),
            "HalfOrOne" => search(1, value, |i1| [0.5, 1.0][i1 as usize] == real),
            "ZeroOrOne" => search(1, value, |i1| [0.0, 1.0][i1 as usize] == real),
            "HalfOrTwo" => search(1, value, |i1| [0.5, 2.0][i1 as usize] == real),
            _ => panic!("{kind} is not floating-point"),
        },
        // Conditions come in pairs of opposites, which differ in the lowest bit.
        Value::Condition(cond) => match kind {
            "CondInv" if cond % 2 == 0 => cond as u32 + 1,
            "CondInv" => cond as u32 - 1,
            _ => cond as u32,
        },
        Value::Shift { how, amount } => {
            let shift = match how {
                "lsl" => 0b00,
                "lsr" => 0b01,
                "asr" => 0b10,
                _ => 0b11,
            };
            shift << 6 | amount
        }
        Value::Extended { register, how, amount } => match kind {
            // xs above the register
            "ZSExtend" | "ZDExtend" => u32::from(how == "sxtw") << 5 | register,
            _ => register << 6 | extension(how) << 3 | amount,
        },
        Value::Index { register, how, scaled } => register << 4 | extension(how) << 1 | u32::from(scaled),
        Value::BitField { lsb, width } => {
            let size = size(kind);
            // SBFX and its like: immr = lsb, imms = lsb + width - 1; SBFIZ and its like: immr = -lsb modulo the size,
            // imms = width - 1.
            let (immr, imms) = if kind.starts_with("Bfx") {
                (lsb, lsb + width - 1)
            } else {
                ((0..size).find(|immr| (immr + lsb) % size == 0).expect("one of all residues"), width - 1)
            };
            immr << 6 | imms
        }
        Value::System { op0, op1, crn, crm, op2 } => {
            let operation = op1 << 11 | crn << 7 | crm << 3 | op2;
            if kind == "SysReg" { (op0 - 2) << 14 | operation } else { operation }
        }
        Value::Named(named) => match kind {
            "DcOp" | "AtOp" | "IcOp" => {
                assert_eq!(named.crn, 7);
                named.op1 << 7 | named.crm << 3 | named.op2
            }
            "TlbiOp" | "TlbiXOp" | "TlbiPairOp" => named.op1 << 11 | named.crn << 7 | named.crm << 3 | named.op2,
            "GicOp" | "PlbiOp" | "PlbiXOp" => named.op1 << 7 | named.crm << 3 | named.op2,
            "PState" => named.op1 << 3 | named.op2,
            "BarrierNxs" | "SmeMode" => named.crm,
            "BtiTarget" => named.op2,
            _ => panic!("{kind} is not only names"),
        },
        Value::Slice { vertical, index, tile, offset } => {
            // V:Rs:tile:offset, of which the last two have few bits, or none
            let (tiles, offsets) = slices(kind).expect("is a kind of slice");
            let selected = u32::from(vertical) << 2 | (index - 12);
            (selected * tiles + tile) * offsets + offset / consecutive(kind)
        }
        Value::Array { index, offset } => match kind {
            "ZAVector" => (index - 12) << 4 | offset,
            // Rv above the lane
            _ if kind.starts_with("PIndex") => (index - 12) * predicate_lanes(kind) + offset,
            _ if kind.starts_with("ZARange") => ((index - 8) << (width - 2)) | (offset / consecutive(kind)),
            _ => (index - 8) << 3 | offset,
        },
        Value::Distance(distance) => {
            let units = match kind {
                "Adr" => distance,
                "AdrPage" => distance >> 12,
                // counted backward
                _ if width == 16 => -distance >> 2,
                _ => distance >> 2,
            };
            (units & ((1 << width) - 1)) as u32
        }
        Value::Bits { bits, .. } => bits,
    }
}

fn register_bits(kind: &str, number: u32) -> u32 {
    match kind {
        "PN" | "PNZ" | "PNB" | "PNH" | "PNS" | "PND" => number - 8,
        _ if kind.starts_with("ZEven") => number % 16 / 2,
        _ => match kind.split_once('x') {
            Some((_, "2a")) => number / 2,
            Some((_, "2l" | "2h")) => number % 16 / 2,
            Some((_, "4a")) => number / 4,
            // T:Zt
            Some((_, "2s")) => number >> 4 << 3 | (number & 7),
            Some((_, "4s")) => number >> 4 << 2 | (number & 3),
            _ => number,
        },
    }
}

fn number_bits(kind: &str, width: u32, number: i64, value: &Value) -> u32 {
    if let Some((_, shift)) = scaled(kind) {
        assert_eq!(number % (1 << shift), 0);
        return ((number / (1 << shift)) & ((1 << width) - 1)) as u32;
    }
    let halfword = |bits: u32| u64::from(bits & 0xFFFF) << (16 * (bits >> 16));
    match kind {
        "AddImm" => search(13, value, |bits| i64::from(bits & 0xFFF) << (12 * (bits >> 12)) == number),
        // `cbge` is `cbgt` of one less, `cble` is `cblt` of one more.
        "AtLeastImm" => (number - 1) as u32,
        "AtMostImm" => (number + 1) as u32,
        "LogicalImm32" => bitmasks32().bits[&(number as u64)],
        "LogicalImm64" => bitmasks64().bits[&(number as u64)],
        "InvertedImm64" => bitmasks64().bits[&(!number as u64)],
        "MovWide32" | "MovWide64" => search(width, value, |bits| halfword(bits) == number as u64),
        "MovInverted32" => search(17, value, |bits| !halfword(bits) as u32 == number as u32),
        "MovInverted64" => search(18, value, |bits| !halfword(bits) == number as u64),
        // `lsl xd, xn, #s` is `ubfiz xd, xn, #s, #(64 - s)`.
        "LslImm32" | "LslImm64" => {
            let (size, amount) = (size(kind), number as u32);
            let immr = (0..size).find(|immr| (immr + amount) % size == 0).expect("one of all residues");
            immr << 6 | (size - amount - 1)
        }
        "Fbits32" | "Fbits64" => search(6, value, |scale| 64 - i64::from(scale) == number),
        // immh:immb is 2 * size - shift, or fbits, and its highest bit is fixed.
        "ShrImm8" | "ShrImm16" | "ShrImm32" | "ShrImm64" | "LaneFbits16" | "LaneFbits32" | "LaneFbits64" => {
            (2 * size(kind) - number as u32) & (size(kind) - 1)
        }
        "Msl" => u32::from(number == 16),
        "ByteMask64" => search(8, value, |bits| {
            (0..8).all(|byte| (number as u64 >> (8 * byte)) & 0xFF == u64::from(bits >> byte & 1) * 0xFF)
        }),
        "Rot2" => search(2, value, |rot| i64::from(rot) * 90 == number),
        "Rot1" => search(1, value, |rot| i64::from(rot) * 180 + 90 == number),
        "Mul16" => number as u32 - 1,
        "MulVl3" => search(4, value, |imm4| 3 * ((i64::from(imm4) ^ 8) - 8) == number),
        "VlxN" => search(1, value, |vl| i64::from(vl) * 2 + 2 == number),
        "SveImm" => search(9, value, |bits| i64::from(bits & 0xFF) << (8 * (bits >> 8)) == number),
        "SveSImm" => search(9, value, |bits| i64::from(bits as u8 as i8) << (8 * (bits >> 8)) == number),
        "Nzcv" | "Barrier" | "Prefetch" | "PrefetchOp" | "RangePrefetch" | "SvePattern" | "SvePrefetch"
        | "ZATileMask" => number as u32,
        _ => panic!("{kind} is no number"),
    }
}
