//! The text of a program, parsed.
//!
//! ```text
//! ; everything after a semicolon is a comment
//! .memory 4096                 bytes of linear memory
//! loop:                        a label
//!     add  r0, r0, 1           r0 to r31 hold integers
//!     fmul f1, f1, 0.5         f0 to f31 hold floats
//!     ld   r2, [r0 + 8]        also ld8, fld; st, st8 and fst take the address first
//!     jlt  r0, 100, loop
//!     halt r0                  the program's result
//! ```
//!
//! Every error names its line. A parsed program is safe to run without further checks: its jumps land inside the code,
//! and its last instruction does not fall off the end.

use std::collections::HashMap;
use std::fmt;

use crate::bytecode::{FIRST_CONSTANT, FLOAT_REGISTERS, INT_REGISTERS, Inst, MAX_CONSTANTS, Op, Program, Slot};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    pub line: usize,
    pub reason: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for ParseError {}

/// Mnemonic, operation, and the operands in the text's order. An operand is its kind and the field that it goes into:
/// `r` integer register, `i` integer register or constant, `f` float register, `g` float register or constant, `x` any
/// register; `@` is an address (into `b` and `imm`), `>` a label (into `imm`).
const MNEMONICS: &[(&str, Op, &[&str])] = &[
    ("mov", Op::Mov, &["ra", "ib"]),
    ("add", Op::Add, &["ra", "ib", "ic"]),
    ("sub", Op::Sub, &["ra", "ib", "ic"]),
    ("mul", Op::Mul, &["ra", "ib", "ic"]),
    ("div", Op::Div, &["ra", "ib", "ic"]),
    ("rem", Op::Rem, &["ra", "ib", "ic"]),
    ("and", Op::And, &["ra", "ib", "ic"]),
    ("or", Op::Or, &["ra", "ib", "ic"]),
    ("xor", Op::Xor, &["ra", "ib", "ic"]),
    ("shl", Op::Shl, &["ra", "ib", "ic"]),
    ("shr", Op::Shr, &["ra", "ib", "ic"]),
    ("sar", Op::Sar, &["ra", "ib", "ic"]),
    ("fmov", Op::Mov, &["fa", "gb"]),
    ("fadd", Op::FAdd, &["fa", "gb", "gc"]),
    ("fsub", Op::FSub, &["fa", "gb", "gc"]),
    ("fmul", Op::FMul, &["fa", "gb", "gc"]),
    ("fdiv", Op::FDiv, &["fa", "gb", "gc"]),
    ("fsqrt", Op::FSqrt, &["fa", "gb"]),
    ("itof", Op::ToFloat, &["fa", "ib"]),
    ("ftoi", Op::ToInt, &["ra", "gb"]),
    ("ld8", Op::Load8, &["ra", "@"]),
    ("ld", Op::Load64, &["ra", "@"]),
    ("fld", Op::Load64, &["fa", "@"]),
    ("st8", Op::Store8, &["@", "ia"]),
    ("st", Op::Store64, &["@", "ia"]),
    ("fst", Op::Store64, &["@", "ga"]),
    ("jmp", Op::Jump, &[">"]),
    ("jeq", Op::JumpEq, &["ib", "ic", ">"]),
    ("jne", Op::JumpNe, &["ib", "ic", ">"]),
    ("jlt", Op::JumpLt, &["ib", "ic", ">"]),
    ("jge", Op::JumpGe, &["ib", "ic", ">"]),
    ("jgt", Op::JumpLt, &["ic", "ib", ">"]),
    ("jle", Op::JumpGe, &["ic", "ib", ">"]),
    ("fjeq", Op::JumpFEq, &["gb", "gc", ">"]),
    ("fjne", Op::JumpFNe, &["gb", "gc", ">"]),
    ("fjlt", Op::JumpFLt, &["gb", "gc", ">"]),
    ("fjle", Op::JumpFLe, &["gb", "gc", ">"]),
    ("fjgt", Op::JumpFLt, &["gc", "gb", ">"]),
    ("fjge", Op::JumpFLe, &["gc", "gb", ">"]),
    ("halt", Op::Halt, &["xa"]),
];

#[derive(Default)]
struct Parser<'t> {
    code: Vec<Inst>,
    constants: Vec<u64>,
    memory: usize,
    labels: HashMap<&'t str, usize>,
    /// Instruction, label and line of every jump.
    jumps: Vec<(usize, &'t str, usize)>,
}

pub fn parse(name: &str, text: &str) -> Result<Program, ParseError> {
    let mut parser = Parser::default();
    for (index, line) in text.lines().enumerate() {
        parser.line(line, index + 1).map_err(|reason| ParseError { line: index + 1, reason })?;
    }
    let Parser { mut code, constants, memory, labels, jumps } = parser;
    for (pc, label, line) in jumps {
        let target =
            *labels.get(label).ok_or_else(|| ParseError { line, reason: format!("there is no label `{label}`") })?;
        if target == code.len() {
            return Err(ParseError { line, reason: format!("no instruction follows the label `{label}`") });
        }
        code[pc].imm = target as i32;
    }
    if !matches!(code.last(), Some(Inst { op: Op::Halt | Op::Jump, .. })) {
        let reason = "the program must end with `halt` or `jmp`".to_string();
        return Err(ParseError { line: text.lines().count(), reason });
    }
    Ok(Program { name: name.to_string(), code, constants, memory })
}

impl<'t> Parser<'t> {
    fn line(&mut self, line: &'t str, number: usize) -> Result<(), String> {
        let mut text = line.split(';').next().unwrap_or("").trim();
        if let Some((label, rest)) = text.split_once(':') {
            if label.is_empty() || !label.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(format!("`{label}` cannot be a label"));
            }
            if self.labels.insert(label, self.code.len()).is_some() {
                return Err(format!("the label `{label}` is there already"));
            }
            text = rest.trim();
        }
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        match word {
            "" => Ok(()),
            ".memory" => {
                self.memory = rest.trim().parse().map_err(|_| format!("`{}` is not a size", rest.trim()))?;
                Ok(())
            }
            mnemonic => self.instruction(mnemonic, rest.trim(), number),
        }
    }

    fn instruction(&mut self, mnemonic: &str, operands: &'t str, line: usize) -> Result<(), String> {
        let (_, op, kinds) = MNEMONICS
            .iter()
            .find(|row| row.0 == mnemonic)
            .ok_or_else(|| format!("there is no instruction `{mnemonic}`"))?;
        let given: Vec<&str> = if operands.is_empty() { vec![] } else { operands.split(',').map(str::trim).collect() };
        if given.len() != kinds.len() {
            return Err(format!("`{mnemonic}` takes {} operands, not {}", kinds.len(), given.len()));
        }
        let mut inst = Inst { op: *op, a: 0, b: 0, c: 0, imm: 0 };
        for (&kind, &text) in kinds.iter().zip(&given) {
            match kind {
                "@" => (inst.b, inst.imm) = self.address(text)?,
                ">" => self.jumps.push((self.code.len(), text, line)),
                _ => {
                    let slot = self.slot(&kind[..1], text)?;
                    match &kind[1..] {
                        "a" => inst.a = slot,
                        "b" => inst.b = slot,
                        _ => inst.c = slot,
                    }
                }
            }
        }
        self.code.push(inst);
        Ok(())
    }

    fn slot(&mut self, kind: &str, text: &str) -> Result<Slot, String> {
        let int = || register(text, 'r', INT_REGISTERS);
        let float = || register(text, 'f', FLOAT_REGISTERS).map(|n| INT_REGISTERS + n);
        match kind {
            "r" => int().ok_or_else(|| format!("`{text}` is not an integer register")),
            "f" => float().ok_or_else(|| format!("`{text}` is not a float register")),
            "x" => int().or_else(float).ok_or_else(|| format!("`{text}` is not a register")),
            "i" => match int() {
                Some(slot) => Ok(slot),
                None => {
                    let value = integer(text).ok_or_else(|| format!("`{text}` is no integer register or constant"))?;
                    self.constant(value as u64)
                }
            },
            _ => match float() {
                Some(slot) => Ok(slot),
                None => {
                    let value: f64 = text.parse().map_err(|_| format!("`{text}` is no float register or constant"))?;
                    self.constant(value.to_bits())
                }
            },
        }
    }

    fn address(&mut self, text: &str) -> Result<(Slot, i32), String> {
        let wrong = || format!("`{text}` is not an address; write [r1 + 8]");
        let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).ok_or_else(wrong)?.trim();
        // The sign of a constant address is not an operator.
        let Some(at) = inner.rfind(['+', '-']).filter(|&at| at > 0) else {
            return Ok((self.slot("i", inner)?, 0));
        };
        let magnitude = integer(inner[at + 1..].trim()).ok_or_else(wrong)?;
        let displacement = if inner[at..].starts_with('-') { magnitude.wrapping_neg() } else { magnitude };
        let displacement =
            i32::try_from(displacement).map_err(|_| format!("the displacement of `{text}` is too large"))?;
        Ok((self.slot("i", inner[..at].trim())?, displacement))
    }

    fn constant(&mut self, bits: u64) -> Result<Slot, String> {
        let index = match self.constants.iter().position(|&c| c == bits) {
            Some(index) => index,
            None => {
                if self.constants.len() == MAX_CONSTANTS {
                    return Err(format!("more than {MAX_CONSTANTS} different constants"));
                }
                self.constants.push(bits);
                self.constants.len() - 1
            }
        };
        Ok(FIRST_CONSTANT + index as Slot)
    }
}

fn register(text: &str, letter: char, count: u8) -> Option<u8> {
    let number: u8 = text.strip_prefix(letter)?.parse().ok()?;
    (number < count).then_some(number)
}

fn integer(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok().map(|v| v as i64),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        parse("test", text).expect_err(text).to_string()
    }

    #[test]
    fn errors_name_line_and_reason() {
        assert_eq!(refused("frob r1\n"), "line 1: there is no instruction `frob`");
        assert_eq!(refused("\n  add r1, r2\n"), "line 2: `add` takes 3 operands, not 2");
        assert_eq!(refused("add r1, r2, f3"), "line 1: `f3` is no integer register or constant");
        assert_eq!(refused("mov 5, r2"), "line 1: `5` is not an integer register");
        assert_eq!(refused("mov r32, r2"), "line 1: `r32` is not an integer register");
        assert_eq!(refused("fadd f1, f2, x"), "line 1: `x` is no float register or constant");
        assert_eq!(refused("; c\njmp away"), "line 2: there is no label `away`");
        assert_eq!(refused("a:\na: halt r0"), "line 2: the label `a` is there already");
        assert_eq!(refused("jmp a\na:"), "line 1: no instruction follows the label `a`");
        assert_eq!(refused("ld r1, r2"), "line 1: `r2` is not an address; write [r1 + 8]");
        assert_eq!(refused("ld r1, [r2 + r3]"), "line 1: `[r2 + r3]` is not an address; write [r1 + 8]");
        assert_eq!(refused("ld r1, [r2 + 4294967296]"), "line 1: the displacement of `[r2 + 4294967296]` is too large");
        assert_eq!(refused(".memory some"), "line 1: `some` is not a size");
        assert_eq!(refused("mov r0, 1"), "line 1: the program must end with `halt` or `jmp`");
    }

    #[test]
    fn operands_land_in_their_fields() {
        let program = parse("test", "x: jgt r1, 7, x\n ld r2, [r3 - 8]\n fst [-1], f2\n halt f31").expect("parses");
        assert_eq!(program.constants, [7, u64::MAX]);
        assert_eq!(
            program.code,
            [
                Inst { op: Op::JumpLt, a: 0, b: 64, c: 1, imm: 0 },
                Inst { op: Op::Load64, a: 2, b: 3, c: 0, imm: -8 },
                Inst { op: Op::Store64, a: 34, b: 65, c: 0, imm: 0 },
                Inst { op: Op::Halt, a: 63, b: 0, c: 0, imm: 0 },
            ]
        );
    }
}
