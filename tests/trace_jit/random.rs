//! Random programs that always end.
//!
//! Loops count registers that nothing else writes, and the number of turns shrinks with the depth. Most addresses are
//! masked into bounds and most divisors are not zero, but not all: a trap must find the same state too. Integers and
//! floats have their own parts of the memory, so that the bits of a NaN, which are the processor's business, never
//! become an integer.

use quickcheck::{Arbitrary, Gen};
use std::fmt::Write;

/// The memory's size, and where the floats begin in it.
const MEMORY: usize = 272;
pub const FLOATS: usize = 144;

#[derive(Clone, Debug)]
enum Statement {
    Lines(String),
    If {
        condition: String,
        then: Vec<Statement>,
        otherwise: Vec<Statement>,
    },
    Loop {
        turns: u32,
        body: Vec<Statement>,
    },
    /// Leaves the innermost loop.
    Break {
        condition: String,
    },
}

#[derive(Clone)]
pub struct RandomProgram {
    statements: Vec<Statement>,
}

impl std::fmt::Debug for RandomProgram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text())
    }
}

impl RandomProgram {
    /// The program's text.
    pub fn text(&self) -> String {
        let mut text = format!(".memory {MEMORY}\n");
        for n in 0..12 {
            text += &format!(" mov r{n}, {}\n fmov f{n}, {n}.75\n", n * 1_000_003 % 97 - 20);
        }
        let mut labels = 0;
        render(&self.statements, &mut text, &mut labels, 0, None);
        text + " halt r0\n"
    }
}

fn render(statements: &[Statement], text: &mut String, labels: &mut u32, depth: u32, end: Option<u32>) {
    for statement in statements {
        *labels += 1;
        let label = *labels;
        let rendered = match statement {
            Statement::Lines(lines) => writeln!(text, "{lines}"),
            Statement::Break { condition } => match end {
                Some(end) => writeln!(text, " {condition}, end{end}"),
                None => Ok(()),
            },
            Statement::If { condition, then, otherwise } => {
                *text += &format!(" {condition}, then{label}\n");
                render(otherwise, text, labels, depth, end);
                *text += &format!(" jmp join{label}\nthen{label}:\n");
                render(then, text, labels, depth, end);
                writeln!(text, "join{label}:")
            }
            Statement::Loop { turns, body } => {
                let counter = 20 + depth;
                *text += &format!(" mov r{counter}, 0\nloop{label}:\n");
                render(body, text, labels, depth + 1, Some(label));
                *text += &format!(" add r{counter}, r{counter}, 1\n jlt r{counter}, {turns}, loop{label}\n");
                writeln!(text, "end{label}:")
            }
        };
        rendered.expect("a String takes all text");
    }
}

fn pick<'t>(g: &mut Gen, choices: &[&'t str]) -> &'t str {
    g.choose(choices).expect("there are choices")
}

fn number(g: &mut Gen, below: u32) -> u32 {
    u32::arbitrary(g) % below
}

/// A register that may be written.
fn int(g: &mut Gen) -> String {
    format!("r{}", number(g, 12))
}

fn float(g: &mut Gen) -> String {
    format!("f{}", number(g, 12))
}

fn int_operand(g: &mut Gen) -> String {
    match number(g, 10) {
        0..5 => int(g),
        5 => format!("r{}", 20 + number(g, 3)),
        6 => pick(g, &["0", "1", "-1", "2", "8", "64", "4095", "4096", "-4096", "0x7fffffff"]).into(),
        7 => pick(g, &["0x8000000000000000", "0x80000000", "-2147483648", "0xff00ff00ff00ff00", "0x5555555555555555"])
            .into(),
        _ => (number(g, 50) as i32 - 20).to_string(),
    }
}

fn float_operand(g: &mut Gen) -> String {
    match number(g, 4) {
        0 => pick(g, &["0.0", "1.0", "-0.5", "1e300", "-1e-300", "0.1", "inf", "-0.0"]).into(),
        _ => float(g),
    }
}

fn condition(g: &mut Gen) -> String {
    match number(g, 3) {
        0 => {
            let name = pick(g, &["fjeq", "fjne", "fjlt", "fjle", "fjgt", "fjge"]);
            format!("{name} {}, {}", float_operand(g), float_operand(g))
        }
        _ => {
            let name = pick(g, &["jeq", "jne", "jlt", "jle", "jgt", "jge"]);
            format!("{name} {}, {}", int_operand(g), int_operand(g))
        }
    }
}

fn lines(g: &mut Gen) -> String {
    match number(g, 20) {
        0..7 => {
            let name = pick(g, &["add", "sub", "mul", "and", "or", "xor", "shl", "shr", "sar"]);
            format!(" {name} {}, {}, {}", int(g), int_operand(g), int_operand(g))
        }
        7..11 => {
            let name = pick(g, &["fadd", "fsub", "fmul", "fdiv"]);
            format!(" {name} {}, {}, {}", float(g), float_operand(g), float_operand(g))
        }
        11 => format!(" fsqrt {}, {}", float(g), float_operand(g)),
        12 => format!(" itof {}, {}", float(g), int_operand(g)),
        13 => format!(" ftoi {}, {}", int(g), float_operand(g)),
        14 => format!(" mov {}, {}\n fmov {}, {}", int(g), int_operand(g), float(g), float_operand(g)),
        15 => {
            let name = pick(g, &["div", "rem"]);
            let (dividend, divisor) = (int_operand(g), int_operand(g));
            match number(g, 16) {
                0 => format!(" {name} {}, {dividend}, {divisor}", int(g)),
                _ => format!(" or r12, {divisor}, 1\n {name} {}, {dividend}, r12", int(g)),
            }
        }
        16 => match number(g, 16) {
            0 => format!(" ld {}, [{}]", int(g), int(g)),
            1 => format!(" and r13, {}, 255\n ld {}, [r13 - 8]", int(g), int(g)),
            n => {
                let name = pick(g, &["ld", "ld8"]);
                format!(" and r13, {}, 63\n {name} {}, [r13 + {}]", int(g), int(g), n * 4)
            }
        },
        17 if number(g, 2) == 0 => {
            // A store between two loads of what it overwrites.
            let (base, at) = (int(g), number(g, 3) * 4);
            let load = format!(" ld {}, [r13 + 4]\n", int(g));
            format!(" and r13, {base}, 63\n{load} st [r13 + {at}], {}\n ld {}, [r13 + 4]", int_operand(g), int(g))
        }
        17 => format!(" and r13, {}, 127\n {} [r13], {}", int(g), pick(g, &["st", "st8"]), int_operand(g)),
        18 => format!(" and r13, {}, 120\n fld {}, [r13 + {FLOATS}]", int(g), float(g)),
        _ => format!(" and r13, {}, 120\n fst [r13 + {FLOATS}], {}", int(g), float_operand(g)),
    }
}

fn statements(g: &mut Gen, count: u32, depth: u32) -> Vec<Statement> {
    let statement = |g: &mut Gen| match number(g, 12) {
        0 | 1 if depth < 4 => {
            let (then, otherwise) = (number(g, 3), number(g, 3));
            Statement::If {
                condition: condition(g),
                then: statements(g, then, depth),
                otherwise: statements(g, otherwise, depth),
            }
        }
        2 if depth < 3 => {
            let turns = if depth == 0 { 60 + number(g, 140) } else { 1 + number(g, 12) };
            let count = 1 + number(g, 4);
            Statement::Loop { turns, body: statements(g, count, depth + 1) }
        }
        3 if depth > 0 && number(g, 3) == 0 => Statement::Break { condition: condition(g) },
        _ => Statement::Lines(lines(g)),
    };
    (0..count).map(|_| statement(g)).collect()
}

impl Arbitrary for RandomProgram {
    fn arbitrary(g: &mut Gen) -> RandomProgram {
        let turns = 60 + number(g, 200);
        let count = 2 + number(g, 14);
        let body = statements(g, count, 1);
        let mut program = statements(g, 3, 0);
        program.push(Statement::Loop { turns, body });
        RandomProgram { statements: program }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = RandomProgram>> {
        Box::new(smaller(&self.statements).into_iter().map(|statements| RandomProgram { statements }))
    }
}

/// Every way to leave out one statement, or to take a statement apart.
fn smaller(statements: &[Statement]) -> Vec<Vec<Statement>> {
    let mut all = Vec::new();
    for (index, statement) in statements.iter().enumerate() {
        let mut replaced = |by: Vec<Statement>| {
            let mut copy = statements.to_vec();
            copy.splice(index..=index, by);
            all.push(copy);
        };
        replaced(vec![]);
        match statement {
            Statement::Lines(_) | Statement::Break { .. } => {}
            Statement::If { condition, then, otherwise } => {
                replaced(then.clone());
                replaced(otherwise.clone());
                for then in smaller(then) {
                    replaced(vec![Statement::If { condition: condition.clone(), then, otherwise: otherwise.clone() }]);
                }
                for otherwise in smaller(otherwise) {
                    replaced(vec![Statement::If { condition: condition.clone(), then: then.clone(), otherwise }]);
                }
            }
            Statement::Loop { turns, body } => {
                for body in smaller(body) {
                    replaced(vec![Statement::Loop { turns: *turns, body }]);
                }
            }
        }
    }
    all
}
