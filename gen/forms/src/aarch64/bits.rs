//! The text of `bits`: 32 bits from the highest, as fixed bits and fields.
//!
//! `1101|sh:1|imm12|Rn|(1)(1)(1)(1)(1)|...`. A `(0)` or `(1)` should be so: we always write it so, and a decoder is
//! free to ignore it.

use crate::error::Reason;
use std::fmt;

/// The 32 bits of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bits {
    /// The fixed bits' values, should-be bits included.
    pub value: u32,
    /// Which bits are fixed, should-be bits included.
    pub mask: u32,
    /// Which of the fixed bits only should be as they are.
    pub should_be: u32,
    /// The fields, from the highest.
    pub fields: Vec<Field>,
}

/// Bits that an operand gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name in the manual.
    pub name: String,
    /// Its lowest bit.
    pub lsb: u32,
    /// Its number of bits.
    pub width: u32,
}

impl Field {
    /// Its bits in the instruction.
    pub fn mask(&self) -> u32 {
        low_mask(self.width) << self.lsb
    }
}

/// The lowest `width` bits, at most 32.
pub(crate) fn low_mask(width: u32) -> u32 {
    ((1u64 << width) - 1) as u32
}

/// Parses the text of `bits`.
pub fn parse(text: &str) -> Result<Bits, Reason> {
    let mut bits = Bits { value: 0, mask: 0, should_be: 0, fields: Vec::new() };
    // Bits from here on are still to come; below 0 there are too many.
    let mut next: i64 = 32;
    for piece in text.split('|').map(str::trim) {
        if piece.starts_with(['0', '1', '(']) {
            fixed(piece, &mut next, &mut bits)?;
        } else {
            let field = field(piece)?;
            if bits.fields.iter().any(|other| other.name == field.name) {
                return Err(Reason::Field { name: field.name, problem: "is twice in `bits`" });
            }
            next -= i64::from(field.width);
            bits.fields.push(Field { lsb: next.max(0) as u32, ..field });
        }
    }
    if next != 0 {
        return Err(Reason::OutOfRange { what: "the sum of the widths", value: 32 - next, low: 32, high: 32 });
    }
    Ok(bits)
}

/// Plain and should-be bits, mixed.
fn fixed(piece: &str, next: &mut i64, bits: &mut Bits) -> Result<(), Reason> {
    let wrong = || Reason::Bits { text: piece.into() };
    let mut chars = piece.chars();
    while let Some(c) = chars.next() {
        let (digit, should_be) = match c {
            '(' => {
                let digit = chars.next().ok_or_else(wrong)?;
                if chars.next() != Some(')') {
                    return Err(wrong());
                }
                (digit, true)
            }
            digit => (digit, false),
        };
        let value = digit.to_digit(2).ok_or_else(wrong)?;
        *next -= 1;
        if let Ok(lsb @ 0..=31) = u32::try_from(*next) {
            bits.value |= value << lsb;
            bits.mask |= 1 << lsb;
            bits.should_be |= u32::from(should_be) << lsb;
        }
    }
    Ok(())
}

/// `name` or `name:width`; its place is not known yet.
fn field(piece: &str) -> Result<Field, Reason> {
    let wrong = || Reason::Bits { text: piece.into() };
    let (name, width) = match piece.split_once(':') {
        Some((name, width)) => (name, width.parse().map_err(|_| wrong())?),
        None => (piece, implied_width(piece).ok_or_else(wrong)?),
    };
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name || !(1..=32).contains(&width) {
        return Err(wrong());
    }
    Ok(Field { name: name.into(), lsb: 0, width })
}

/// Registers are 5 wide, and `imm12` is 12 wide.
fn implied_width(name: &str) -> Option<u32> {
    match name.strip_prefix("imm") {
        Some(width) => width.parse().ok(),
        None => name.starts_with('R').then_some(5),
    }
}

impl fmt::Display for Bits {
    /// As in the tables, neighbouring bits joined.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut next = 32;
        let fixed = |f: &mut fmt::Formatter<'_>, high: u32, low: u32| {
            for bit in (low..high).rev() {
                let value = self.value >> bit & 1;
                if self.should_be >> bit & 1 == 1 { write!(f, "({value})")? } else { write!(f, "{value}")? }
            }
            if low > 0 && high > low { f.write_str("|") } else { Ok(()) }
        };
        for field in &self.fields {
            fixed(f, next, field.lsb + field.width)?;
            match implied_width(&field.name) {
                Some(width) if width == field.width => f.write_str(&field.name)?,
                _ => write!(f, "{}:{}", field.name, field.width)?,
            }
            if field.lsb > 0 {
                f.write_str("|")?;
            }
            next = field.lsb;
        }
        fixed(f, next, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_text() {
        let bits = parse("1|00|11011|010|Rm|0|(1)(1)(1)(1)(1)|Rn|Rd").expect("legal");
        assert_eq!((bits.value, bits.mask, bits.should_be), (0x9B40_7C00, 0xFFE0_FC00, 0x7C00));
        assert_eq!(bits.fields.iter().map(|f| f.lsb).collect::<Vec<_>>(), [16, 5, 0]);
        assert_eq!(bits.to_string(), "10011011010|Rm|0(1)(1)(1)(1)(1)|Rn|Rd");
        let branch = parse("0|00101|imm26").expect("legal");
        assert_eq!(branch.to_string(), "000101|imm26");
        let pair = parse("Rs:2|imm30").expect("legal");
        assert_eq!(pair.to_string(), "Rs:2|imm30");
    }

    #[test]
    fn what_is_no_bits() {
        let wrong = |text: &str| parse(text).expect_err(text);
        assert_eq!(wrong("01x"), Reason::Bits { text: "01x".into() });
        assert_eq!(wrong("(1"), Reason::Bits { text: "(1".into() });
        assert_eq!(wrong("cond"), Reason::Bits { text: "cond".into() });
        assert_eq!(wrong("cond:0"), Reason::Bits { text: "cond:0".into() });
        assert_eq!(wrong(""), Reason::Bits { text: "".into() });
        assert_eq!(wrong("Rn|Rn|imm22"), Reason::Field { name: "Rn".into(), problem: "is twice in `bits`" });
        assert_eq!(
            wrong("Rn|imm30"),
            Reason::OutOfRange { what: "the sum of the widths", value: 35, low: 32, high: 32 }
        );
    }
}
