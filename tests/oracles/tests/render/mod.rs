//! Assembly, from a row's syntax and what its operands mean.
//!
//! The symbols of the syntax (`<Xd|SP>`, `<amount>`) come in the order of the operands. Each operand gives the text
//! of one or more of them; a symbol that comes again has the same text. What is optional (`{, <shift> #<amount>}`) is
//! always written.

// Every test is a crate by itself and uses a part of this.
#![allow(dead_code)]

use tailfirst_gen::aarch64::Form;
use tailfirst_roundtrip::aarch64::{
    named::Named,
    value::{CONDITIONS, EXTENSIONS, Value, consecutive},
};

/// What an operand is written as.
enum Piece {
    /// The next symbols, one after the other.
    Symbols(Vec<String>),
    /// Registers of a list, of which the syntax has all, or the first and the last.
    List(Vec<String>),
    /// Instead of one of these parts of the syntax.
    Instead(&'static [&'static str], String),
}

fn one(text: impl Into<String>) -> Piece {
    Piece::Symbols(vec![text.into()])
}

/// Braces of lists, while those of options are taken away.
const OPEN: char = '\u{1}';
const CLOSE: char = '\u{2}';

/// The instruction in lower case; None if a symbol has no operand.
pub fn render(form: &Form, values: &[Value]) -> Option<String> {
    // Where LLVM prints no zero offset, it does not always read one. What has no name is a number.
    let plain = form.syntax.replace("{, #0}", "").replace("(<option>|#<imm>)", "<imm>");
    let plain = plain.replace("(<prfop>|#<imm5>)", "<imm5>").replace("(<rprfop>|#<imm6>)", "<imm6>");
    let syntax = without_options(&plain);
    let mut known: Vec<(String, String)> = Vec::new();
    let mut rest = syntax.as_str();
    let mut text = String::new();
    for (operand, value) in form.operands.iter().zip(values) {
        match piece(&operand.kind.name, value) {
            Piece::Symbols(symbols) => {
                for symbol in symbols {
                    let name = next_symbol(&mut rest, &mut text, &known)?;
                    text += &symbol;
                    // A counter of 32 bits is named by both of its registers.
                    if name == "<Xdn>" {
                        known.push(("<Wdn>".into(), format!("w{}", symbol.trim_start_matches('x'))));
                    }
                    known.push((name, symbol));
                }
            }
            Piece::List(registers) => {
                let mut at = 0;
                while at < registers.len() {
                    let name = next_symbol(&mut rest, &mut text, &known)?;
                    text += &registers[at];
                    known.push((name, registers[at].clone()));
                    let is_range = rest.split(['<', CLOSE]).next().is_some_and(|between| between.contains('-'));
                    at = if is_range { registers.len() - 1 } else { at + 1 };
                }
            }
            Piece::Instead(parts, replacement) => {
                let (at, part) = parts.iter().filter_map(|part| Some((rest.find(part)?, part))).min()?;
                text += &substitute(&rest[..at], &known)?;
                text += &replacement;
                rest = &rest[at + part.len()..];
            }
        }
    }
    // The amount by which a structure load or store moves its base has no bits.
    if rest.ends_with("#<imm>") {
        known.push(("<imm>".into(), structure_bytes(form)?.to_string()));
    }
    text += &substitute(rest, &known)?;
    Some(text.replace(OPEN, "{").replace(CLOSE, "}").to_lowercase().trim().trim_end_matches(',').to_string())
}

/// Without the braces around what may be left out; those of lists are marked.
fn without_options(syntax: &str) -> String {
    let mut text = String::new();
    let mut open = Vec::new();
    for (at, c) in syntax.char_indices() {
        match c {
            '{' => {
                let list =
                    ["<V", "<Z", "<Pd1>", "<mask>", "ZT0"].iter().any(|start| syntax[at + 1..].starts_with(start));
                open.push(list);
                text.extend(list.then_some(OPEN));
            }
            '}' => text.extend(open.pop().unwrap_or(false).then_some(CLOSE)),
            _ => text.push(c),
        }
    }
    text
}

/// Moves behind the next symbol that is not known, and gives its name; what stands before it is written.
fn next_symbol(rest: &mut &str, text: &mut String, known: &[(String, String)]) -> Option<String> {
    loop {
        let start = rest.find('<')?;
        let end = start + rest[start..].find('>')? + 1;
        let name = &rest[start..end];
        *text += &rest[..start];
        *rest = &rest[end..];
        match known.iter().find(|(symbol, _)| symbol == name) {
            Some((_, again)) => *text += again,
            None => return Some(name.to_string()),
        }
    }
}

fn substitute(syntax: &str, known: &[(String, String)]) -> Option<String> {
    let text = known.iter().fold(syntax.to_string(), |text, (symbol, again)| text.replace(symbol, again));
    (!text.contains('<')).then_some(text)
}

/// Bytes of the registers in the list, or of the elements.
fn structure_bytes(form: &Form) -> Option<u32> {
    let list = form.syntax.split('{').nth(1)?.split('}').next()?;
    let count = list.matches('<').count() as u32;
    let arrangement = list.rsplit('.').next()?;
    let bytes = |letter| match letter {
        'B' => 1,
        'H' => 2,
        'S' => 4,
        _ => 8,
    };
    let element = bytes(arrangement.chars().last()?);
    let lanes = arrangement.trim_end_matches(char::is_alphabetic).parse::<u32>();
    match lanes {
        Ok(lanes) if !form.mnemonic.ends_with('r') => Some(count * lanes * element),
        _ => Some(count * element),
    }
}

fn general(prefix: char, number: u32, name31: &str) -> String {
    if number == 31 { name31.into() } else { format!("{prefix}{number}") }
}

/// The manual's names by number; empty where there is none.
const PATTERNS: [&str; 32] = [
    "pow2", "vl1", "vl2", "vl3", "vl4", "vl5", "vl6", "vl7", "vl8", "vl16", "vl32", "vl64", "vl128", "vl256", "", "",
    "", "", "", "", "", "", "", "", "", "", "", "", "", "mul4", "mul3", "all",
];
const BARRIERS: [&str; 16] =
    ["", "oshld", "oshst", "osh", "", "nshld", "nshst", "nsh", "", "ishld", "ishst", "ish", "", "ld", "st", "sy"];
const PREFETCHES: [&str; 24] = [
    "pldl1keep",
    "pldl1strm",
    "pldl2keep",
    "pldl2strm",
    "pldl3keep",
    "pldl3strm",
    "pldslckeep",
    "pldslcstrm",
    "plil1keep",
    "plil1strm",
    "plil2keep",
    "plil2strm",
    "plil3keep",
    "plil3strm",
    "plislckeep",
    "plislcstrm",
    "pstl1keep",
    "pstl1strm",
    "pstl2keep",
    "pstl2strm",
    "pstl3keep",
    "pstl3strm",
    "pstslckeep",
    "pstslcstrm",
];
const SVE_PREFETCHES: [&str; 14] = [
    "pldl1keep",
    "pldl1strm",
    "pldl2keep",
    "pldl2strm",
    "pldl3keep",
    "pldl3strm",
    "",
    "",
    "pstl1keep",
    "pstl1strm",
    "pstl2keep",
    "pstl2strm",
    "pstl3keep",
    "pstl3strm",
];
const RANGE_PREFETCHES: [&str; 6] = ["pldkeep", "pstkeep", "", "", "pldstrm", "pststrm"];

fn named_number(names: &[&str], number: i64) -> String {
    match names.get(number as usize) {
        Some(name) if !name.is_empty() => name.to_string(),
        _ => format!("#{number}"),
    }
}

fn hex(value: i64) -> Piece {
    one(format!("{:#x}", value as u64))
}

/// The name of an operation as assemblers have it.
fn name(named: &Named) -> String {
    named.name.to_lowercase()
}

fn piece(kind: &str, value: &Value) -> Piece {
    match *value {
        Value::Register(number) => register(kind, number),
        Value::Element { register, lane } => {
            let count = kind.split_once('x').and_then(|(_, count)| count.parse::<u32>().ok()).unwrap_or(1);
            let letter = if kind.starts_with('Z') { 'z' } else { 'v' };
            let registers = (0..count).map(|i| format!("{letter}{}", (register + i) % 32));
            Piece::Symbols(registers.chain([lane.to_string()]).collect())
        }
        Value::Number(number) => match kind {
            "AddImm" => {
                let text = if number >= 4096 { format!("#{}, lsl #12", number >> 12) } else { format!("#{number}") };
                Piece::Instead(&["#<imm>, <shift>"], text)
            }
            "SveImm" | "SveSImm" => {
                let plain = if kind == "SveImm" { 0..256 } else { -128..128 };
                let text =
                    if plain.contains(&number) { format!("#{number}") } else { format!("#{}, lsl #8", number >> 8) };
                Piece::Instead(&["#<imm>, <shift>"], text)
            }
            "LogicalImm32" | "LogicalImm64" | "MovWide32" | "MovWide64" | "MovInverted32" | "MovInverted64"
            | "ByteMask64" | "InvertedImm64" => hex(number),
            "SvePattern" => one(named_number(&PATTERNS, number)),
            "Barrier" => one(named_number(&BARRIERS, number)),
            "Prefetch" | "PrefetchOp" => one(named_number(&PREFETCHES, number)),
            "SvePrefetch" => one(named_number(&SVE_PREFETCHES, number)),
            "RangePrefetch" => one(named_number(&RANGE_PREFETCHES, number)),
            "VlxN" => one(format!("vlx{number}")),
            "ZATileMask" => {
                let tiles: Vec<_> =
                    (0..8).filter(|tile| number >> tile & 1 == 1).map(|tile| format!("za{tile}.d")).collect();
                one(tiles.join(", "))
            }
            _ => one(number.to_string()),
        },
        Value::Real(real) => one(format!("{real:.8}")),
        Value::Condition(index) => one(CONDITIONS[index]),
        Value::Shift { how, amount } => Piece::Symbols(vec![how.into(), amount.to_string()]),
        Value::Extended { register, how, amount } => match kind {
            "ZSExtend" | "ZDExtend" => Piece::Symbols(vec![format!("z{register}"), how.into()]),
            _ => {
                let register =
                    if kind == "Extended32" { general('w', register, "wzr") } else { extended(register, how) };
                let parts = &["<R><m>, <extend> #<amount>", "<Wm>, <extend> #<amount>"];
                Piece::Instead(parts, format!("{register}, {how} #{amount}"))
            }
        },
        Value::Index { register, how, scaled } => {
            let amount = if scaled { format!(" #{}", &kind["Index".len()..]) } else { String::new() };
            let extend = match (how, scaled) {
                ("uxtx", false) => String::new(),
                ("uxtx", true) => format!(", lsl{amount}"),
                _ => format!(", {how}{amount}"),
            };
            Piece::Instead(&["(<Wm>|<Xm>), <extend> <amount>"], format!("{}{extend}", extended(register, how)))
        }
        Value::BitField { lsb, width } => Piece::Symbols(vec![lsb.to_string(), width.to_string()]),
        Value::System { op0, op1, crn, crm, op2 } => match kind {
            "SysReg" => Piece::Instead(
                &["(<systemreg>|S<op0>_<op1>_<Cn>_<Cm>_<op2>)"],
                format!("s{op0}_{op1}_c{crn}_c{crm}_{op2}"),
            ),
            _ => Piece::Symbols(vec![op1.to_string(), format!("c{crn}"), format!("c{crm}"), op2.to_string()]),
        },
        Value::Named(named) => match (kind, named.name) {
            ("BarrierNxs", _) => Piece::Instead(&["<option>nXS"], name(named)),
            ("BtiTarget", "NONE") | ("SmeMode", "SmZa") => one(""),
            _ => one(name(named)),
        },
        Value::Slice { vertical, index, tile, offset } => {
            let direction = if vertical { "v" } else { "h" };
            let tile = [format!("za{tile}"), direction.into(), format!("w{index}")];
            Piece::Symbols(tile.into_iter().chain(offsets(kind, offset)).collect())
        }
        Value::Array { index, offset } => {
            Piece::Symbols([format!("w{index}")].into_iter().chain(offsets(kind, offset)).collect())
        }
        Value::Distance(distance) => one(format!("#{distance}")),
        Value::Bits { .. } => panic!("how {kind} is written is not known"),
    }
}

/// The offset of a slice or vector of ZA, and that of the last one where there are several.
fn offsets(kind: &str, offset: u32) -> impl Iterator<Item = String> {
    let last = offset + consecutive(kind) - 1;
    [offset, last].into_iter().take(if last > offset { 2 } else { 1 }).map(|offset| offset.to_string())
}

fn extended(register: u32, how: &str) -> String {
    if how.ends_with('x') { general('x', register, "xzr") } else { general('w', register, "wzr") }
}

fn register(kind: &str, number: u32) -> Piece {
    match kind {
        "X" => one(general('x', number, "xzr")),
        "W" => one(general('w', number, "wzr")),
        "XSP" => one(general('x', number, "sp")),
        "WSP" => one(general('w', number, "wsp")),
        "XOctet" => one(format!("x{number}")),
        "XPair" => Piece::Symbols(vec![format!("x{number}"), general('x', number + 1, "xzr")]),
        "WPair" => Piece::Symbols(vec![format!("w{number}"), general('w', number + 1, "wzr")]),
        "B" | "H" | "S" | "D" | "Q" => one(format!("{}{number}", kind.to_lowercase())),
        "ZAH" | "ZAS" | "ZAD" => one(format!("za{number}")),
        _ if kind.starts_with("PN") => one(format!("pn{number}")),
        _ if kind.starts_with('P') && kind.contains('x') => {
            Piece::List(vec![format!("p{number}"), format!("p{}", (number + 1) % 16)])
        }
        _ if kind.starts_with('P') => one(format!("p{number}")),
        _ => {
            let letter = if kind.starts_with('Z') { 'z' } else { 'v' };
            let list = kind.split_once('x').map_or("", |(_, list)| list);
            let count = list.trim_end_matches(char::is_alphabetic).parse().unwrap_or(1);
            let stride = if list.ends_with('s') { 16 / count } else { 1 };
            Piece::List((0..count).map(|i| format!("{letter}{}", (number + i * stride) % 32)).collect())
        }
    }
}

/// Assembly without what means nothing: spaces, the base of numbers, zero offsets and shifts.
pub fn normal(text: &str) -> String {
    let text = text.to_lowercase();
    let (mnemonic, operands) = text.split_once(' ').unwrap_or((&text, ""));
    let mut rest: String = operands.chars().filter(|c| !c.is_whitespace()).collect();
    let mut normal = String::new();
    while !rest.is_empty() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
        let negative = rest.starts_with('-') && !normal.ends_with(is_word);
        let start = usize::from(negative);
        let end = start + rest[start..].find(|c| !is_word(c)).unwrap_or(rest.len() - start);
        let end = end.max(1);
        let word: String = rest.drain(..end).collect();
        match number(&word) {
            Some(value) => normal += &value,
            None => normal += &word,
        }
    }
    let mut normal = normal.replace('#', "").replace(",0,mulvl", "").replace(",lsl0", "").replace(",0]", "]");
    for extension in EXTENSIONS {
        normal = normal.replace(&format!(",{extension}0"), &format!(",{extension}"));
    }
    // An immediate of SVE and its shift are one number, and a list is all of its registers.
    if let Some((head, value)) = normal.strip_suffix(",lsl8").and_then(|rest| rest.rsplit_once(','))
        && let (true, Ok(value)) = (head.starts_with('z'), value.parse::<i64>())
    {
        normal = format!("{head},{}", value << 8);
    }
    while let Some(range) =
        normal.split(['{', '}']).find(|list| list.contains('-') && list.starts_with('z')).map(String::from)
    {
        let Some(all) = whole_list(&range) else { break };
        normal = normal.replace(&range, &all);
    }
    // The whole vector is what is meant if nothing else is said.
    let normal = normal.trim_end_matches(",mul1").trim_end_matches(",all");
    format!("{mnemonic} {normal}")
}

/// `z30.b-z1.b` as `z30.b,z31.b,z0.b,z1.b`.
fn whole_list(range: &str) -> Option<String> {
    let (first, last) = range.split_once('-')?;
    let register = |text: &str| text[1..].split('.').next().and_then(|number| number.parse::<u32>().ok());
    let (from, to, element) = (register(first)?, register(last)?, first.find('.').map_or("", |at| &first[at..]));
    let all = (0..=(to + 32 - from) % 32).map(|i| format!("z{}{element}", (from + i) % 32));
    Some(all.collect::<Vec<_>>().join(","))
}

/// A number in one notation, modulo 2^64.
fn number(word: &str) -> Option<String> {
    let (negative, digits) = word.strip_prefix('-').map_or((false, word), |digits| (true, digits));
    let magnitude = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok()?,
        None if digits.contains('.') => {
            return digits.parse::<f64>().ok().map(|real| format!("{}{real}", if negative { "-" } else { "" }));
        }
        None => digits.parse().ok()?,
    };
    Some((if negative { magnitude.wrapping_neg() } else { magnitude } as i64).to_string())
}
