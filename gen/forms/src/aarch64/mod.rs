//! AArch64 rows: from Arm's notation to encoder functions.
//!
//! A row gives 32 bits, some of them fields, and says which operand goes into which fields. [`forms()`] checks rows and
//! makes [`Form`]s of them, [`encoders`] turns forms into Rust. What an operand is, in Rust and in bits, is one line of
//! [`kinds`].

pub mod bits;
mod check;
mod emit;
mod finder;
pub mod kinds;
mod layouts;
pub mod named;
mod prefix;
mod types;
mod words;

pub use check::forms;
pub use emit::{choices, encoders, forms_data, methods, pages, readers};
pub use finder::{finder, finder_reader};
pub use layouts::LAYOUTS;
pub use prefix::{Governing, Prefix, Prefixed, Source};
pub use types::{bits as operand_bits, variants as operand_variants};
pub use words::words;

use crate::{choice::Choice, condition::Condition, fields::record, row::TextRow};

/// A row as written; see `tables/README.md`.
#[derive(Debug, Clone)]
pub struct Row {
    /// The function's name.
    pub name: String,
    /// Arm's name of the encoding.
    pub id: Option<String>,
    /// Arm's assembler syntax.
    pub asm: String,
    /// The 32 bits, from the highest.
    pub bits: String,
    /// The operands and the fields that they fill.
    pub ops: String,
    /// What must hold between fields.
    pub when: Option<String>,
    /// Architecture features, as Arm names them.
    pub cpu: Option<String>,
    /// Another form that can produce the same bits.
    pub alias: Option<String>,
    /// NZCV access.
    pub flags: Option<String>,
    /// Whether it may follow MOVPRFX, where its operands do not say so.
    pub prefix: Option<String>,
    /// The type whose values are this row's instruction and others, as operations of one function.
    pub choice: Option<String>,
}

record!(Row: name asm bits; id ops when cpu alias flags prefix choice);

impl TextRow for Row {
    fn title(&self) -> &str {
        &self.name
    }

    fn written(&self) -> String {
        match &self.id {
            Some(id) => format!("{}, {id}", self.name),
            None => self.name.clone(),
        }
    }

    fn texts(&mut self) -> Vec<&mut String> {
        let Row { name, id, asm, bits, ops, when, cpu, alias, flags, prefix, choice } = self;
        let optional = [id, when, cpu, alias, flags, prefix, choice].into_iter().flatten();
        [name, asm, bits, ops].into_iter().chain(optional).collect()
    }

    fn cpu(&mut self) -> &mut Option<String> {
        &mut self.cpu
    }
}

/// A checked row: one instruction, one function.
#[derive(Debug, Clone)]
pub struct Form {
    /// The function's name.
    pub name: String,
    /// Arm's name of the encoding; `None` for most aliases.
    pub id: Option<String>,
    /// The mnemonic in lower case.
    pub mnemonic: String,
    /// Arm's assembler syntax.
    pub syntax: String,
    /// The bits.
    pub bits: bits::Bits,
    /// The explicit operands, in the manual's order.
    pub operands: Vec<Operand>,
    /// What must hold between fields.
    pub condition: Option<Condition>,
    /// NZCV access as written: `w:nzcv`.
    pub flags: Option<String>,
    /// What it has to do with MOVPRFX.
    pub prefix: Prefix,
    /// Architecture features, all needed; `A|B` is either.
    pub cpu: Vec<String>,
    /// Another form that can produce the same bits.
    pub alias: Option<String>,
    /// The table, relative to the tables' root.
    pub table: String,
    /// The title of its group there.
    pub title: String,
    /// The row's `name` and `id` as the table writes them.
    pub row: String,
    /// The Cargo feature that the function is behind, besides its instruction set's.
    pub feature: Option<String>,
    /// What tells the form from others, if one function takes that as a value.
    pub choice: Option<Choice>,
}

/// An explicit operand.
#[derive(Debug, Clone)]
pub struct Operand {
    /// The parameter's name.
    pub param: String,
    /// The fields that its value fills, highest first; each list gets the whole value. Indices into
    /// [`bits::Bits::fields`].
    pub fields: Vec<Vec<usize>>,
    /// What it is.
    pub kind: kinds::Kind,
    /// Whether the instruction reads or writes it.
    pub access: Access,
}

impl Operand {
    /// The fields that it fills, as the tables have them: `Rm:option:imm3`, `Rn&Rm`.
    fn field_names(&self, bits: &bits::Bits) -> String {
        let list = |list: &Vec<usize>| {
            let names: Vec<&str> = list.iter().map(|&f| bits.fields[f].name.as_str()).collect();
            names.join(":")
        };
        self.fields.iter().map(list).collect::<Vec<_>>().join("&")
    }
}

/// What an instruction does with an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// `r`
    Read,
    /// `w`
    Write,
    /// `rw`
    ReadWrite,
}

impl Access {
    /// As in the tables.
    pub fn letters(self) -> &'static str {
        match self {
            Access::Read => "r",
            Access::Write => "w",
            Access::ReadWrite => "rw",
        }
    }

    /// For people.
    fn words(self) -> &'static str {
        match self {
            Access::Read => "read",
            Access::Write => "written",
            Access::ReadWrite => "read and written",
        }
    }
}

impl Form {
    /// The form as one line of the listing: name, bits, operands, features, table, syntax.
    pub fn list_line(&self) -> String {
        let operands: Vec<String> = self
            .operands
            .iter()
            .map(|o| format!("{}={}:{}", o.field_names(&self.bits), o.kind.name, o.access.letters()))
            .collect();
        let operands = if operands.is_empty() { "-".into() } else { operands.join(" ") };
        let line = format!(
            "{:<20} {:<46} {:<44} {:<14} {:<26} {}",
            self.name,
            self.bits.to_string(),
            operands,
            self.cpu_text(),
            self.table,
            self.syntax
        );
        line.trim_end().to_string()
    }

    /// The features in one text, `base` if there are none.
    pub(crate) fn cpu_text(&self) -> String {
        if self.cpu.is_empty() { "base".into() } else { self.cpu.join(" ") }
    }
}
