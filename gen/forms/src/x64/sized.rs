//! Sized aliases: `rv`, `ry`, `rb` and their kin stand for one row a size, as in the SDM's opcode maps.
//!
//! The expansion is textual, like a family's: what comes out is a row of fixed size.

use super::Row;
use crate::error::Reason;

struct Size {
    /// Alias and what it stands for.
    operands: &'static [(&'static str, &'static str)],
    /// What goes in front of a legacy opcode.
    op: &'static str,
    /// What `pv` and `Wv`, `Wy` in REX2, VEX, XOP and EVEX become.
    pp: &'static str,
    w: &'static str,
    iz: &'static str,
}

const V: [Size; 3] = [
    Size {
        operands: &[
            ("rv", "r16"),
            ("r/mv", "r/m16"),
            ("erv", "er16"),
            ("er/mv", "er/m16"),
            ("emv", "em16"),
            ("mv", "m16"),
            ("immz", "imm16"),
            ("rAX", "AX"),
        ],
        op: "66",
        pp: "66",
        w: "W0",
        iz: "iw",
    },
    Size {
        operands: &[
            ("rv", "r32"),
            ("r/mv", "r/m32"),
            ("erv", "er32"),
            ("er/mv", "er/m32"),
            ("emv", "em32"),
            ("mv", "m32"),
            ("immz", "imm32"),
            ("rAX", "EAX"),
        ],
        op: "",
        pp: "NP",
        w: "W0",
        iz: "id",
    },
    Size {
        operands: &[
            ("rv", "r64"),
            ("r/mv", "r/m64"),
            ("erv", "er64"),
            ("er/mv", "er/m64"),
            ("emv", "em64"),
            ("mv", "m64"),
            ("immz", "imm32"),
            ("rAX", "RAX"),
        ],
        op: "REX.W",
        pp: "NP",
        w: "W1",
        iz: "id",
    },
];

const Y: [Size; 2] = [
    Size {
        operands: &[
            ("ry", "r32"),
            ("r/my", "r/m32"),
            ("my", "m32"),
            ("rAy", "EAX"),
            ("ery", "er32"),
            ("er/my", "er/m32"),
            ("emy", "em32"),
        ],
        op: "",
        pp: "NP",
        w: "W0",
        iz: "id",
    },
    Size {
        operands: &[
            ("ry", "r64"),
            ("r/my", "r/m64"),
            ("my", "m64"),
            ("rAy", "RAX"),
            ("ery", "er64"),
            ("er/my", "er/m64"),
            ("emy", "em64"),
        ],
        op: "REX.W",
        pp: "NP",
        w: "W1",
        iz: "id",
    },
];

const B: [Size; 2] = [
    Size { operands: &[("rb", "r8"), ("r/mb", "r/m8")], op: "", pp: "NP", w: "W0", iz: "ib" },
    Size { operands: &[("rb", "r8h"), ("r/mb", "r/m8h")], op: "NOREX", pp: "NP", w: "W0", iz: "ib" },
];

/// What ends a word of `ins`.
const SEPARATORS: [char; 3] = [' ', ',', '{'];

/// The rows that a row stands for: itself, or one a size.
pub fn expand(row: &Row) -> Result<Vec<Row>, Reason> {
    let words: Vec<&str> = row.ins.split(SEPARATORS).filter(|word| !word.is_empty()).collect();
    let uses = |sizes: &[Size]| words.iter().any(|word| sizes[0].operands.iter().any(|(alias, _)| alias == word));
    let sizes: &[Size] = match (uses(&V), uses(&Y), uses(&B)) {
        (false, false, false) => return Ok(vec![row.clone()]),
        (true, false, false) => &V,
        (false, true, false) => &Y,
        (false, false, true) => &B,
        _ => return Err(Reason::MixedSizes { text: row.ins.clone() }),
    };
    Ok(sizes.iter().map(|size| resize(row, size)).collect())
}

fn resize(row: &Row, size: &Size) -> Row {
    let mut ins = String::new();
    // Words keep their separators.
    for piece in row.ins.split_inclusive(SEPARATORS) {
        let word = piece.trim_end_matches(SEPARATORS);
        let sized = size.operands.iter().find(|(alias, _)| *alias == word).map_or(word, |(_, sized)| sized);
        ins.push_str(sized);
        ins.push_str(&piece[word.len()..]);
    }
    let mut words: Vec<String> = Vec::new();
    for word in row.op.split(' ') {
        words.push(match word {
            "iz" => size.iz.into(),
            _ if word.contains("EX.") || word.starts_with("XOP.") || word.starts_with("REX2.") => {
                word.replace(".pv", &format!(".{}", size.pp)).replace("Wv", size.w).replace("Wy", size.w)
            }
            _ => word.into(),
        });
    }
    // VEX, XOP and EVEX hold 66 and W themselves, REX2 holds W.
    let op = match size.op {
        "REX.W" if row.op.contains("REX2.") => "",
        _ if row.op.contains("VEX.") || row.op.contains("XOP.") => "",
        op => op,
    };
    if !op.is_empty() {
        // 66 leads the prefixes; REX stands behind them.
        let at = if op == "66" { 0 } else { words.iter().take_while(|word| is_prefix(word)).count() };
        words.insert(at, op.into());
    }
    Row { ins, op: words.join(" "), ..row.clone() }
}

fn is_prefix(word: &str) -> bool {
    matches!(word, "NP" | "66" | "67" | "F2" | "F3" | "F0" | "2E" | "3E")
}
