//! `op`: the encoding, byte by byte.

use super::{Apx, Encoding, Immediate, ModRm, Mode, Rex, Tuple};
use crate::error::Reason;

/// `op`, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    pub encoding: Encoding,
    pub immediates: Vec<Immediate>,
    /// Operands have 64 bits without REX.W.
    pub is_64_by_default: bool,
}

const fn problem(problem: &'static str) -> Reason {
    Reason::Encoding { problem }
}

/// Parses `op`; `tuple` is the row's `tt`, and `element` the bits of a broadcast element or of the memory operand.
pub fn parse(op: &str, tuple: Option<Tuple>, sizes: Sizes) -> Result<Parsed, Reason> {
    let mut words = op.split(' ').filter(|word| !word.is_empty()).peekable();
    let first = *words.peek().ok_or(problem("is empty"))?;
    let head = if ["VEX.", "XOP.", "EVEX."].iter().any(|prefix| first.starts_with(prefix)) {
        words.next();
        Head::Vector(VectorPrefix::parse(first)?)
    } else {
        Head::Legacy(LegacyPrefixes::parse(&mut words)?)
    };
    let mut opcode = Vec::new();
    let mut plus = false;
    while let Some(word) = words.peek() {
        let (digits, register) = match word.split_once('+') {
            Some((digits, "r" | "i")) => (digits, true),
            Some(_) => return Err(Reason::UnknownEncodingWord { word: (*word).into() }),
            None => (*word, false),
        };
        let Some(byte) = hex_byte(digits) else { break };
        opcode.push(byte);
        words.next();
        if register {
            if byte & 7 != 0 {
                return Err(problem("the opcode of a +r row has its low bits set"));
            }
            plus = true;
            break;
        }
    }
    let mut modrm = None;
    let mut immediates = Vec::new();
    for word in words {
        if let Some(parsed) = parse_modrm(word)? {
            if modrm.is_some() || !immediates.is_empty() {
                return Err(problem("ModRM stands once, in front of the immediates"));
            }
            modrm = Some(parsed);
            continue;
        }
        immediates.push(match word {
            "ib" => Immediate::Value(1),
            "iw" => Immediate::Value(2),
            "id" => Immediate::Value(4),
            "iq" | "io" => Immediate::Value(8),
            "cb" => Immediate::Rel(1),
            "cd" => Immediate::Rel(4),
            "mo" => Immediate::Moffs,
            "/is4" => Immediate::Is4,
            "/is5" => Immediate::Is5,
            _ => return Err(Reason::UnknownEncodingWord { word: word.into() }),
        });
    }
    let is_64_by_default = matches!(&head, Head::Legacy(prefixes) if prefixes.is_64_by_default);
    let encoding = match head {
        Head::Legacy(prefixes) => prefixes.encoding(opcode, plus, modrm)?,
        Head::Vector(prefix) => prefix.encoding(opcode, modrm, tuple, sizes)?,
    };
    if tuple.is_some() && !matches!(encoding, Encoding::Evex { .. }) {
        return Err(Reason::Tuple { problem: "only EVEX rows have one" });
    }
    Ok(Parsed { encoding, immediates, is_64_by_default })
}

/// The bits of the memory operand and of its broadcast element, from which disp8*N follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    pub memory: Option<u32>,
    pub element: Option<u32>,
}

fn hex_byte(word: &str) -> Option<u8> {
    let hex = word.len() == 2 && word.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
    if hex { u8::from_str_radix(word, 16).ok() } else { None }
}

/// `/r`, `/3`, `!(11):rrr:100`, `11:rrr:000`.
fn parse_modrm(word: &str) -> Result<Option<ModRm>, Reason> {
    if word == "/r" {
        return Ok(Some(ModRm { mode: Mode::Any, reg: None, rm: None }));
    }
    if matches!(word, "/is4" | "/is5") {
        return Ok(None);
    }
    if let Some(digit) = word.strip_prefix('/') {
        let value: u8 = digit.parse().map_err(|_| Reason::UnknownEncodingWord { word: word.into() })?;
        if value > 7 {
            return Err(Reason::OutOfRange { what: "/n", value: value.into(), low: 0, high: 7 });
        }
        return Ok(Some(ModRm { mode: Mode::Any, reg: Some(value), rm: None }));
    }
    let Some((mode, parts)) = word.split_once(':') else { return Ok(None) };
    let unknown = || Reason::UnknownEncodingWord { word: word.into() };
    let (reg, rm) = parts.split_once(':').ok_or_else(unknown)?;
    let part = |part: &str, letters: &str| -> Result<Option<u8>, Reason> {
        if part == letters {
            return Ok(None);
        }
        let binary = part.len() == 3;
        u8::from_str_radix(part, 2).ok().filter(|_| binary).map(Some).ok_or_else(unknown)
    };
    let (reg, rm) = (part(reg, "rrr")?, part(rm, "bbb")?);
    match (mode, rm) {
        ("11", rm) => Ok(Some(ModRm { mode: Mode::Register, reg, rm })),
        ("!(11)", None) => Ok(Some(ModRm { mode: Mode::Memory, reg, rm: None })),
        ("!(11)", Some(4)) => Ok(Some(ModRm { mode: Mode::MemorySib, reg, rm: None })),
        _ => Err(unknown()),
    }
}

enum Head {
    Legacy(LegacyPrefixes),
    Vector(VectorPrefix),
}

struct LegacyPrefixes {
    prefixes: Vec<u8>,
    rex: Rex,
    rex2: Option<bool>,
    is_64_by_default: bool,
}

impl LegacyPrefixes {
    fn parse<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str> + Clone>) -> Result<Self, Reason> {
        let mut parsed =
            LegacyPrefixes { prefixes: Vec::new(), rex: Rex::AsNeeded, rex2: None, is_64_by_default: false };
        let mut none = false;
        while let Some(word) = words.peek().copied() {
            match word {
                "NP" => none = true,
                "D64" => parsed.is_64_by_default = true,
                "REX.W" => parsed.rex = Rex::W,
                "NOREX" => parsed.rex = Rex::Forbidden,
                "REX2.W0" => parsed.rex2 = Some(false),
                "REX2.W1" => parsed.rex2 = Some(true),
                "66" | "67" | "F2" | "F3" | "F0" | "2E" | "3E" | "9B" => {
                    // The last byte of a row is its opcode, whatever it looks like.
                    let mut rest = words.clone();
                    rest.next();
                    match (rest.peek(), hex_byte(word)) {
                        (Some(_), Some(byte)) if parsed.rex == Rex::AsNeeded => parsed.prefixes.push(byte),
                        _ => break,
                    }
                }
                _ => break,
            }
            words.next();
        }
        if none && parsed.prefixes.iter().any(|prefix| matches!(prefix, 0x66 | 0xF2 | 0xF3)) {
            return Err(problem("NP and a mandatory prefix"));
        }
        if parsed.prefixes.len() > 3 {
            return Err(problem("more than three prefixes"));
        }
        Ok(parsed)
    }

    fn encoding(self, opcode: Vec<u8>, plus: bool, modrm: Option<ModRm>) -> Result<Encoding, Reason> {
        if opcode.is_empty() {
            return Err(problem("there is no opcode byte"));
        }
        if plus && modrm.is_some() {
            return Err(problem("+r and ModRM"));
        }
        if let Some(w) = self.rex2 {
            let (map1, opcode) = match opcode[..] {
                [0x0F, opcode] => (true, opcode),
                [opcode] => (false, opcode),
                _ => return Err(problem("REX2 is for opcodes of map 0 and 1")),
            };
            return Ok(Encoding::Rex2 { prefixes: self.prefixes, w, map1, opcode, plus, modrm });
        }
        if opcode.len() > 3 {
            return Err(problem("more than three opcode bytes"));
        }
        // The primitives count on it: REX's bits vanish in 0F.
        if opcode.len() > 1 && modrm.is_some() && opcode[0] != 0x0F {
            return Err(problem("several opcode bytes in front of ModRM begin with 0F"));
        }
        Ok(Encoding::Legacy { prefixes: self.prefixes, rex: self.rex, opcode, plus, modrm })
    }
}

#[derive(PartialEq, Eq)]
enum Space {
    Vex,
    Xop,
    Evex,
}

struct VectorPrefix {
    space: Space,
    l: u8,
    pp: u8,
    map: u8,
    w: u8,
    apx: Option<Apx>,
}

impl VectorPrefix {
    fn parse(word: &str) -> Result<Self, Reason> {
        let mut parts = word.split('.');
        let space = match parts.next() {
            Some("EVEX") => Space::Evex,
            Some("XOP") => Space::Xop,
            _ => Space::Vex,
        };
        let (evex, xop) = (space == Space::Evex, space == Space::Xop);
        let mut prefix = VectorPrefix { space, l: 0, pp: 0, map: 0, w: 0, apx: None };
        let mut apx = Apx { nd: false, nf: false, scc: None };
        let (mut has_l, mut has_pp, mut has_w, mut has_apx) = (false, false, false, false);
        for part in parts {
            let once = |seen: &mut bool, target: &mut u8, value: u8| {
                let first = !std::mem::replace(seen, true);
                *target = value;
                if first { Ok(()) } else { Err(problem("a part of VEX or EVEX stands twice")) }
            };
            match part {
                "128" | "LIG" | "LZ" | "L0" | "LLIG" | "LLZ" => once(&mut has_l, &mut prefix.l, 0)?,
                "256" | "L1" => once(&mut has_l, &mut prefix.l, 1)?,
                "512" if evex => once(&mut has_l, &mut prefix.l, 2)?,
                "NP" => once(&mut has_pp, &mut prefix.pp, 0)?,
                "66" => once(&mut has_pp, &mut prefix.pp, 1)?,
                "F3" => once(&mut has_pp, &mut prefix.pp, 2)?,
                "F2" => once(&mut has_pp, &mut prefix.pp, 3)?,
                "0F" if !xop => prefix.map = 1,
                "0F38" if !xop => prefix.map = 2,
                "0F3A" if !xop => prefix.map = 3,
                "X8" if xop => prefix.map = 8,
                "X9" if xop => prefix.map = 9,
                "XA" if xop => prefix.map = 10,
                "MAP4" if evex => prefix.map = 4,
                "MAP5" if !xop => prefix.map = 5,
                "MAP6" if evex => prefix.map = 6,
                "MAP7" if !xop => prefix.map = 7,
                "W0" | "WIG" => once(&mut has_w, &mut prefix.w, 0)?,
                "W1" => once(&mut has_w, &mut prefix.w, 1)?,
                "ND0" | "ND1" if evex => (apx.nd, has_apx) = (part == "ND1", true),
                "NF0" | "NF1" if evex => (apx.nf, has_apx) = (part == "NF1", true),
                _ => match part.strip_prefix("SCC").and_then(|scc| scc.parse::<u8>().ok()) {
                    Some(scc) if evex && scc < 16 => (apx.scc, has_apx) = (Some(scc), true),
                    _ => return Err(Reason::UnknownEncodingWord { word: part.into() }),
                },
            }
        }
        if !(has_l && has_pp && has_w) || prefix.map == 0 {
            return Err(problem("VEX and EVEX say length, prefix, map and W"));
        }
        if has_apx || prefix.map == 4 {
            prefix.apx = Some(apx);
        }
        Ok(prefix)
    }

    fn encoding(
        self,
        opcode: Vec<u8>,
        modrm: Option<ModRm>,
        tuple: Option<Tuple>,
        sizes: Sizes,
    ) -> Result<Encoding, Reason> {
        let (opcode, modrm) = match (&opcode[..], modrm) {
            ([opcode], modrm) => (*opcode, modrm),
            // As with legacy opcodes, a further byte is a ModRM without operands.
            ([opcode, modrm], None) if *modrm >= 0xC0 => {
                let fixed = ModRm { mode: Mode::Register, reg: Some(modrm >> 3 & 7), rm: Some(modrm & 7) };
                (*opcode, Some(fixed))
            }
            _ => return Err(problem("VEX and EVEX have one opcode byte")),
        };
        let VectorPrefix { space, l, pp, map, w, apx } = self;
        if space == Space::Xop && modrm.is_none() {
            return Err(problem("XOP needs ModRM"));
        }
        if space != Space::Evex {
            return Ok(Encoding::Vex { l, pp, map, w, opcode, modrm });
        }
        let modrm = modrm.ok_or(problem("EVEX needs ModRM"))?;
        let disp8 = match (tuple, apx.is_some()) {
            (None, true) => (1, 1),
            (None, false) if sizes.memory.is_none() => (1, 1),
            (None, false) => return Err(Reason::Tuple { problem: "a row with a memory operand needs one" }),
            (Some(_), true) => return Err(Reason::Tuple { problem: "map 4 has none" }),
            (Some(tuple), false) => disp8_units(tuple, l, w, sizes)?,
        };
        Ok(Encoding::Evex { ll: l, pp, map, w, opcode, modrm, disp8, apx })
    }
}

/// N of disp8*N (SDM vol. 2A, tables 2-36 and 2-37): for the whole operand, and for a broadcast element.
fn disp8_units(tuple: Tuple, ll: u8, w: u8, sizes: Sizes) -> Result<(u32, u32), Reason> {
    let vector = 16 << ll;
    let element = sizes.element.map_or(if w == 1 { 8 } else { 4 }, |bits| bits / 8);
    let units = match tuple {
        Tuple::Full => (vector, element),
        Tuple::Half => (vector / 2, element),
        Tuple::Quarter => (vector / 4, element),
        Tuple::FullMem => (vector, vector),
        Tuple::HalfMem => (vector / 2, vector / 2),
        Tuple::QuarterMem => (vector / 4, vector / 4),
        Tuple::EighthMem => (vector / 8, vector / 8),
        Tuple::Mem128 => (16, 16),
        Tuple::MovDdup => (if ll == 0 { 8 } else { vector }, 8),
        Tuple::Tuple1Byte => (1, 1),
        Tuple::Tuple1Word => (2, 2),
        // Compress and expand have a whole vector in memory, but address single elements.
        Tuple::Tuple1Scalar if sizes.memory.is_none_or(|bits| bits > 64) => (element, element),
        // These move as many bytes as their memory operand has.
        Tuple::Tuple1Scalar | Tuple::Tuple1Fixed | Tuple::Tuple2 | Tuple::Tuple4 | Tuple::Tuple8 => {
            let bytes = sizes.memory.map_or(element, |bits| bits / 8);
            (bytes, bytes)
        }
    };
    let fits = |unit: u32| unit.is_power_of_two() && unit <= 64;
    if !fits(units.0) || !fits(units.1) {
        return Err(Reason::Tuple { problem: "the operand has no size that a displacement can be scaled by" });
    }
    if sizes.element.is_some() && !matches!(tuple, Tuple::Full | Tuple::Half | Tuple::Quarter) {
        return Err(Reason::Tuple { problem: "a broadcast needs Full, Half or Quarter" });
    }
    let agrees = match tuple {
        Tuple::Full
        | Tuple::FullMem
        | Tuple::Half
        | Tuple::HalfMem
        | Tuple::QuarterMem
        | Tuple::EighthMem
        | Tuple::Mem128 => sizes.memory.is_none_or(|bits| bits == units.0 * 8),
        _ => true,
    };
    if !agrees {
        return Err(Reason::Tuple { problem: "it does not agree with the size of the memory operand" });
    }
    Ok(units)
}
