//! What the back ends do: for each kind of operation the calls of its arm, in reading order, drawn from the forms by
//! their weights with a fixed seed.

use crate::forms::{self, Form};
use fastrand::Rng;

/// Kinds of operations.
pub const KINDS: usize = 400;

/// In the order of their codes, as mnemonics have them.
pub const CONDITIONS: [&str; 16] =
    ["o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"];

/// An operand, and where in an operation its value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// A general register.
    Gpr {
        /// Its size.
        bits: u32,
        /// Its place in `Op::gpr`.
        slot: usize,
    },
    /// A vector register.
    Xmm {
        /// Its place in `Op::xmm`.
        slot: usize,
    },
    /// Memory.
    Memory {
        /// What is accessed; zero if nothing is.
        bits: u32,
        /// The base's place in `Op::gpr`.
        base: usize,
        /// The displacement's place in `Op::disp`.
        disp: usize,
        /// Whether `Op::index` times `Op::scale` is added.
        is_indexed: bool,
    },
    /// A constant whose field is as short as it can be.
    Shortest {
        /// Its place in `Op::imm`.
        slot: usize,
    },
    /// A constant in a field of a certain size.
    Constant {
        /// The field's size.
        bits: u32,
        /// Its place in `Op::imm`.
        slot: usize,
    },
    /// `Op::count`.
    Count,
    /// `Op::wide`.
    Wide,
    /// The register CL.
    Cl,
    /// A block's label.
    Label {
        /// Its place in `Op::label`.
        slot: usize,
    },
}

/// The condition of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// There is none.
    None,
    /// The number of the one that the back end names.
    Named(usize),
    /// The operation's.
    Value,
}

/// One call of an encoder function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// tailfirst's name for it.
    pub function: String,
    /// The instruction's.
    pub mnemonic: String,
    /// As the manual orders them.
    pub operands: Vec<Operand>,
    /// As a row of forms.rs has it; of conditional instructions and branches nothing.
    pub(crate) opcode: Vec<&'static str>,
    /// On what the instruction depends.
    pub condition: Condition,
}

/// The arms, by kind.
pub fn arms() -> Vec<Vec<Call>> {
    let mut source = Source { rng: Rng::with_seed(13), plain: forms::plain(), compares: forms::compares() };
    (0..KINDS).map(|_| source.arm()).collect()
}

struct Source {
    rng: Rng,
    plain: Vec<Form>,
    compares: Vec<Form>,
}

/// Of a hundred arms, how many have so many calls: 2.5 on average.
const LENGTHS: [(usize, u32); 6] = [(1, 30), (2, 27), (3, 20), (4, 12), (5, 7), (6, 4)];

impl Source {
    fn arm(&mut self) -> Vec<Call> {
        let mut left = self.rng.u32(0..100);
        let mut lengths = LENGTHS.iter();
        let length = loop {
            let &(length, share) = lengths.next().expect("the shares are a hundred");
            match left.checked_sub(share) {
                Some(rest) => left = rest,
                None => break length,
            }
        };
        let mut calls = Vec::new();
        while calls.len() < length {
            match (length - calls.len(), self.rng.u32(0..100)) {
                (2.., 0..22) => {
                    calls.push(self.compare());
                    calls.push(self.branch());
                }
                (2.., 22..26) => {
                    calls.push(self.compare());
                    calls.push(self.conditional("set", "rm8", &["r8"]));
                }
                (2.., 26..29) => {
                    calls.push(self.compare());
                    calls.push(self.conditional("cmov", "r64_rm64", &["r64", "r64"]));
                }
                (_, 29..31) => calls.push(self.label_call("jmp")),
                (_, 31..33) => calls.push(self.label_call("call")),
                _ => {
                    let form = pick(&mut self.rng, &self.plain);
                    calls.push(from_form(&mut self.rng, form));
                }
            }
        }
        calls
    }

    fn compare(&mut self) -> Call {
        let form = pick(&mut self.rng, &self.compares);
        from_form(&mut self.rng, form)
    }

    fn branch(&mut self) -> Call {
        // Half of them with a condition that the operation says, as a compiler lowers comparisons.
        let condition =
            if self.rng.bool() { Condition::Value } else { Condition::Named(self.rng.usize(0..CONDITIONS.len())) };
        let function = match condition {
            Condition::Named(number) => format!("j{}", CONDITIONS[number]),
            _ => "jcc".to_owned(),
        };
        let operands = vec![Operand::Label { slot: self.rng.usize(0..2) }];
        Call { mnemonic: function.clone(), function, operands, opcode: Vec::new(), condition }
    }

    fn label_call(&mut self, function: &str) -> Call {
        let operands = vec![Operand::Label { slot: self.rng.usize(0..2) }];
        let (function, mnemonic) = (function.to_owned(), function.to_owned());
        Call { function, mnemonic, operands, opcode: Vec::new(), condition: Condition::None }
    }

    fn conditional(&mut self, stem: &str, forms: &str, operands: &[&'static str]) -> Call {
        let number = self.rng.usize(0..CONDITIONS.len());
        let mnemonic = format!("{stem}{}", CONDITIONS[number]);
        let operands = operands.iter().map(|&kind| operand(&mut self.rng, kind)).collect();
        let function = format!("{mnemonic}_{forms}");
        Call { function, mnemonic, operands, opcode: Vec::new(), condition: Condition::Named(number) }
    }
}

fn pick<'forms>(rng: &mut Rng, forms: &'forms [Form]) -> &'forms Form {
    let mut left = rng.u32(0..forms.iter().map(|form| form.weight).sum());
    let found = forms.iter().find(|form| match left.checked_sub(form.weight) {
        Some(rest) => {
            left = rest;
            false
        }
        None => true,
    });
    found.expect("the number is below the sum of the weights")
}

fn from_form(rng: &mut Rng, form: &Form) -> Call {
    Call {
        function: form.function.to_owned(),
        mnemonic: form.mnemonic().to_owned(),
        operands: form.operands.iter().map(|&kind| operand(rng, kind)).collect(),
        opcode: form.opcode.clone(),
        condition: Condition::None,
    }
}

fn operand(rng: &mut Rng, kind: &str) -> Operand {
    match kind {
        "imm" => return Operand::Shortest { slot: rng.usize(0..2) },
        "count" => return Operand::Count,
        "wide" => return Operand::Wide,
        "cl" => return Operand::Cl,
        _ => {}
    }
    let (kind, bits) = kind.split_at(1);
    let bits = if bits.is_empty() { 0 } else { bits.parse().expect("a size in bits") };
    match kind {
        "r" => Operand::Gpr { bits, slot: rng.usize(0..4) },
        "x" => Operand::Xmm { slot: rng.usize(0..3) },
        "b" | "s" => Operand::Memory { bits, base: rng.usize(0..4), disp: rng.usize(0..2), is_indexed: kind == "s" },
        "i" => Operand::Constant { bits, slot: rng.usize(0..2) },
        _ => panic!("{kind}{bits}: no such operand"),
    }
}
