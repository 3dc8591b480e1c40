//! `ins`: the mnemonic and the explicit operands.

use super::{Class, Kind, Mask, Pointer, Rounding};
use crate::error::Reason;

/// Prefixes that lead a mnemonic.
const LEADING: [&str; 11] =
    ["lock", "rep", "repe", "repne", "xacquire", "xrelease", "bnd", "notrack", "{nf}", "{evex}", "addr32"];

/// An operand as written, before `en` and `io` say more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Without decorations.
    pub text: String,
    pub kind: Kind,
    pub mask: Option<Mask>,
    pub rounding: Option<Rounding>,
}

/// The mnemonic with its leading prefixes, and the operands.
pub fn parse(ins: &str) -> Result<(String, Vec<Written>), Reason> {
    let mut words = ins.split(' ').peekable();
    let mut mnemonic = Vec::new();
    while let Some(word) = words.next_if(|word| LEADING.contains(word)) {
        mnemonic.push(word);
    }
    mnemonic.extend(words.next());
    let mnemonic = mnemonic.join(" ");
    let rest = ins[mnemonic.len()..].trim();
    if rest.is_empty() {
        return Ok((mnemonic, Vec::new()));
    }
    let operands = rest.split(',').map(|text| operand(text.trim())).collect::<Result<_, _>>()?;
    Ok((mnemonic, operands))
}

fn operand(text: &str) -> Result<Written, Reason> {
    let unknown = || Reason::UnknownOperand { text: text.into() };
    if text == "{dfv}" {
        return Ok(Written { text: "dfv".into(), kind: Kind::FlagsValue, mask: None, rounding: None });
    }
    let (plain, decorations) = match text.find('{') {
        Some(at) => (text[..at].trim_end(), &text[at..]),
        None => (text, ""),
    };
    let (mask, rounding) = match decorations {
        "" => (None, None),
        "{er}" => (None, Some(Rounding::Embedded)),
        "{sae}" => (None, Some(Rounding::SuppressExceptions)),
        _ => match decorations.strip_prefix("{k").and_then(|rest| rest.split_once('}')) {
            Some((digit, "")) if is_digit(digit) => (Some(Mask::Merging), None),
            Some((digit, "{z}")) if is_digit(digit) => (Some(Mask::Zeroing), None),
            _ => return Err(unknown()),
        },
    };
    let kind = kind(plain).ok_or_else(unknown)?;
    Ok(Written { text: plain.into(), kind, mask, rounding })
}

fn is_digit(text: &str) -> bool {
    text.len() == 1 && text.as_bytes()[0].is_ascii_digit()
}

fn kind(text: &str) -> Option<Kind> {
    let fixed = match text {
        "AL" | "AX" | "EAX" | "RAX" | "XMM0" | "ST(0)" | "ST" | "ES" | "BSR0" => Some(0),
        "CL" | "CX" | "ECX" | "RCX" | "1" | "CS" => Some(1),
        "DX" | "EDX" | "RDX" | "SS" => Some(2),
        "EBX" | "RBX" | "3" | "DS" => Some(3),
        "FS" => Some(4),
        "GS" => Some(5),
        _ => None,
    };
    if let Some(number) = fixed {
        return Some(Kind::Fixed(number));
    }
    if let Some(bits) = text.strip_prefix("uimm") {
        return Some(Kind::Imm { bits: imm_bits(bits)?, signed: false });
    }
    if let Some(bits) = text.strip_prefix("imm") {
        return Some(Kind::Imm { bits: imm_bits(bits)?, signed: true });
    }
    if let Some(bits) = text.strip_prefix("rel") {
        return matches!(bits, "8" | "32").then(|| Kind::Rel { bits: if bits == "8" { 8 } else { 32 } });
    }
    let (moffs, prefixed) = text.strip_prefix("seg:").map_or((text, false), |moffs| (moffs, true));
    if let Some(bits) = moffs.strip_prefix("moffs") {
        return Some(Kind::Moffs { bits: imm_bits(bits)?, prefixed });
    }
    let pointer = match text {
        "[rsi]" => Some(Pointer::Rsi),
        "[rbx]" => Some(Pointer::Rbx),
        "[rdi]" => Some(Pointer::Rdi),
        _ => None,
    };
    if let Some(pointer) = pointer {
        return Some(Kind::FixedAddress(pointer));
    }
    let vsib = match text {
        "vm32x" | "vm64x" => Some(Class::Xmm),
        "vm32y" | "vm64y" => Some(Class::Ymm),
        "vm32z" | "vm64z" => Some(Class::Zmm),
        _ => None,
    };
    if let Some(class) = vsib {
        return Some(Kind::Vsib { class });
    }
    // `r/m64` is short for `r64/m64`; so with APX's `er/m64`.
    for (short, long) in [("er/m", "er"), ("r/m", "r")] {
        if let Some(size) = text.strip_prefix(short) {
            let class = class(&format!("{long}{size}"))?;
            let bits = if size == "8h" { 8 } else { size.parse().ok()? };
            return Some(Kind::RegMem { class, bits, broadcast: None });
        }
    }
    if let Some((register, memory)) = text.split_once('/') {
        let class = class(register)?;
        let (memory, broadcast) = match memory.split_once('/') {
            Some((memory, element)) => (memory, Some(element.strip_prefix('m')?.strip_suffix("bcst")?.parse().ok()?)),
            None => (memory, None),
        };
        return Some(Kind::RegMem { class, bits: memory_bits(memory)??, broadcast });
    }
    if let Some(bits) = text.strip_prefix('e').and_then(memory_bits) {
        return Some(Kind::Mem { bits, extended: true });
    }
    if let Some(bits) = memory_bits(text) {
        return Some(Kind::Mem { bits, extended: false });
    }
    class(text).map(Kind::Reg)
}

fn imm_bits(text: &str) -> Option<u32> {
    match text {
        "4" => Some(4),
        "8" => Some(8),
        "16" => Some(16),
        "32" => Some(32),
        "64" => Some(64),
        _ => None,
    }
}

/// The size of a memory operand; `Some(None)` is memory without one.
#[allow(clippy::option_option)]
fn memory_bits(text: &str) -> Option<Option<u32>> {
    let size = text.strip_prefix('m')?;
    if size.is_empty() {
        return Some(None);
    }
    if let Some((selector, offset)) = size.split_once(':') {
        return Some(Some(selector.parse::<u32>().ok()?.checked_add(offset.parse().ok()?)?));
    }
    for (suffix, unit) in [("byte", 8), ("fp", 1), ("int", 1), ("bcd", 1), ("", 1)] {
        if let Some(number) = size.strip_suffix(suffix)
            && let Ok(number) = number.parse::<u32>()
        {
            return Some(number.checked_mul(unit));
        }
    }
    None
}

fn class(text: &str) -> Option<Class> {
    Some(match text {
        "r8" => Class::R8,
        "r8h" => Class::R8h,
        "r16" => Class::R16,
        "r32" => Class::R32,
        "r64" => Class::R64,
        "er8" => Class::E8,
        "er16" => Class::E16,
        "er32" => Class::E32,
        "er64" => Class::E64,
        "ST(i)" => Class::St,
        "Sreg" => Class::Sreg,
        "k1+1" => Class::KPair,
        "cr" => Class::Cr,
        "dr" => Class::Dr,
        _ => match text.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "xmm" => Class::Xmm,
            "ymm" => Class::Ymm,
            "zmm" => Class::Zmm,
            "tmm" => Class::Tmm,
            "mm" => Class::Mm,
            "k" => Class::K,
            _ => return None,
        },
    })
}

/// The function's name: mnemonic and operands, as in `add_rm64_imm8`.
pub fn name(mnemonic: &str, operands: &[Written]) -> String {
    let mut name = String::new();
    let no_flags = mnemonic.contains("{nf}");
    name.push_str(&mnemonic.replace("{nf} ", "").replace("{evex}", "evex").replace([' ', '.'], "_"));
    for operand in operands {
        name.push('_');
        name.push_str(&name_part(operand));
    }
    if no_flags {
        name.push_str("_nf");
    }
    name.to_ascii_lowercase()
}

fn name_part(operand: &Written) -> String {
    if operand.kind == Kind::Reg(Class::KPair) {
        return "kp1".into();
    }
    let mut part = String::new();
    for (i, piece) in operand.text.split('/').enumerate() {
        match piece.strip_suffix("bcst") {
            Some(element) => part.push_str(&element.replace('m', "b")),
            None => {
                let vector = ["xmm", "ymm", "zmm", "tmm", "mm", "k"]
                    .into_iter()
                    .find(|class| piece.strip_prefix(class).is_some_and(is_digit));
                match vector {
                    Some(class) if i == 0 => part.push_str(class),
                    _ => part.extend(piece.chars().filter(char::is_ascii_alphanumeric)),
                }
            }
        }
    }
    let part = part.replace("uimm", "imm");
    let mask = match operand.mask {
        Some(Mask::Merging) => "_k1",
        Some(Mask::Zeroing) => "_k1z",
        None => "",
    };
    let rounding = match operand.rounding {
        Some(Rounding::Embedded) => "_er",
        Some(Rounding::SuppressExceptions) => "_sae",
        None => "",
    };
    format!("{part}{mask}{rounding}")
}
