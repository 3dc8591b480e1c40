//! What can be wrong with a table, as data.

use std::{fmt, path::PathBuf};

/// A mistake in a table: where it is, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableError {
    /// The table, relative to the tables' root: `x64/alu.ron`.
    pub table: String,
    /// The row as written, after its family's columns were put in; `None` when the mistake is not in a row.
    pub row: Option<String>,
    /// What is wrong.
    pub reason: Reason,
}

/// What is wrong with a row or a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // the fields say what their variant names
pub enum Reason {
    /// The file or directory could not be read.
    Unreadable { path: PathBuf, cause: String },
    /// The generated file could not be written.
    Unwritable { path: PathBuf, cause: String },
    /// The file is not RON of the expected shape (unknown or missing fields included).
    Syntax { line: usize, column: usize, cause: String },
    /// The table does not say which manual it is from.
    NoSource,
    /// A line of `each` has not one text a column.
    ColumnCount { columns: usize, texts: usize },
    /// `$name` names no column of the group.
    UnknownColumn { name: String },
    /// A column that no row of the group uses.
    UnusedColumn { name: String },
    /// Two columns whose names differ in capitals only.
    TwinColumns { name: String, twin: String },
    /// The forms of a choice differ in more than its number at one place, or the number is another value's, or none.
    Choice { variant: String },
    /// A group without rows.
    EmptyGroup { title: String },
    /// A word of an operand list is no operand.
    UnknownOperand { text: String },
    /// A word of `op` means nothing.
    UnknownEncodingWord { word: String },
    /// `op` lacks a part, or has it in a place where it cannot be.
    Encoding { problem: &'static str },
    /// A number is outside its range: `/n` above 7, a row's widths not summing to 32, ...
    OutOfRange { what: &'static str, value: i64, low: i64, high: i64 },
    /// `en` or `io` does not have one entry an explicit operand.
    Count { field: &'static str, expected: usize, found: usize },
    /// A letter of `en` that does not exist or does not suit its operand.
    Slot { letter: char, operand: String },
    /// Two operands go to the same place.
    SlotTwice { letter: char },
    /// `op` has a place (immediate, displacement, ModRM part, vvvv) that no operand fills, or the reverse.
    Unfilled { place: &'static str },
    /// Width of an operand and of its place differ.
    Width { what: String, expected: u32, found: u32 },
    /// An access word is none of `r w rw -`.
    Access { text: String },
    /// A word of `rflags` or `flags` means nothing.
    Flags { text: String },
    /// A word of `imp` means nothing.
    Implicit { text: String },
    /// `cpu` names nothing, or a word that is no feature name.
    Cpu { text: String },
    /// A row or a table of features names a CPU feature that is not in `tables/cpu`.
    UnknownFeature { name: String },
    /// A CPU feature of `tables/cpu` contradicts itself or another.
    CpuFeature { problem: &'static str },
    /// A name of `tables/names` is wrong.
    Named { problem: &'static str },
    /// What is to tell a CPU feature is no bit of a register.
    CpuTest { text: String },
    /// A tuple type is missing or superfluous, or does not suit the operand.
    Tuple { problem: &'static str },
    /// Sized aliases of different kinds in one row.
    MixedSizes { text: String },
    /// `when` does not parse, or names an operand that does not exist.
    Condition { text: String, problem: &'static str },
    /// A field of `bits` that no operand gives, or that two give.
    Field { name: String, problem: &'static str },
    /// Bits that are neither `0`, `1`, `(0)`, `(1)` nor a field.
    Bits { text: String },
    /// An operand kind that does not exist.
    UnknownKind { text: String },
    /// `prefix` is no word, or what the operands say by themselves; or they say too little.
    Prefix { problem: &'static str },
    /// The operands in `asm` and in `ops` do not agree.
    Assembly { problem: &'static str },
    /// The form's name is no Rust identifier.
    Name { name: String },
    /// A type or one of its values would have a name that is no Rust identifier.
    TypeName { name: String },
    /// An A64 row has neither Arm's name of the encoding nor says whose alias it is.
    Nameless,
    /// Two forms have one name.
    NameTwice { name: String, other: String },
    /// Two forms can produce the same code, and neither names the other as its `alias`.
    Overlap { other: String },
    /// `alias` names no form.
    UnknownAlias { name: String },
    /// `alias` names a form that cannot produce the same bits, or the row itself.
    AliasDisjoint { name: String },
    /// `alias` leads back to the row.
    AliasCircle { name: String },
    /// There is no form of a name that the runtime has instructions of.
    Missing { name: String },
    /// An extension's package does not depend on the runtime directly.
    NoRuntime,
    /// The runtime is not of the generator's version.
    OtherRuntime { runtime: String, generator: String },
}

impl TableError {
    /// An error without a row.
    pub fn of_table(table: &str, reason: Reason) -> Self {
        TableError { table: table.into(), row: None, reason }
    }
    /// An error in a row.
    pub fn of_row(table: &str, row: &str, reason: Reason) -> Self {
        TableError { table: table.into(), row: Some(row.into()), reason }
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.row {
            Some(row) => write!(f, "{}: \"{row}\": {}", self.table, self.reason),
            None => write!(f, "{}: {}", self.table, self.reason),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Reason::*;
        match self {
            Unreadable { path, cause } => write!(f, "cannot read {}: {cause}", path.display()),
            Unwritable { path, cause } => write!(f, "cannot write {}: {cause}", path.display()),
            Syntax { line, column, cause } => write!(f, "line {line}, column {column}: {cause}"),
            NoSource => write!(f, "`source` is empty, expected the manual and its sections"),
            ColumnCount { columns, texts } => write!(f, "a line of `each` has {texts} texts for {columns} columns"),
            UnknownColumn { name } => write!(f, "${name} is no column of this group"),
            UnusedColumn { name } => write!(f, "column \"{name}\" is used by no row of its group"),
            TwinColumns { name, twin } => write!(f, "columns \"{name}\" and \"{twin}\" differ in capitals only"),
            Choice { variant } => {
                write!(
                    f,
                    "choice: \"{variant}\" differs from the others in more than its number, or that is another's, or \
                     not in base 16"
                )
            }
            EmptyGroup { title } => write!(f, "group \"{title}\" makes no form"),
            UnknownOperand { text } => write!(f, "\"{text}\" is no operand (see the legend in tables/README.md)"),
            UnknownEncodingWord { word } => {
                write!(f, "\"{word}\" means nothing in `op` (see the legend in tables/README.md)")
            }
            Encoding { problem } => write!(f, "op: {problem}"),
            OutOfRange { what, value, low, high } => write!(f, "{what} is {value}, expected {low}-{high}"),
            Count { field, expected, found } => write!(f, "`{field}` has {found} entries for {expected} operands"),
            Slot { letter, operand } => write!(f, "`en` cannot put operand \"{operand}\" into '{letter}'"),
            SlotTwice { letter } => write!(f, "`en` uses '{letter}' twice"),
            Unfilled { place } => write!(f, "`op` and `en` do not agree on {place}"),
            Width { what, expected, found } => write!(f, "{what} is {found} bits wide, its place {expected}"),
            Access { text } => write!(f, "\"{text}\" is no access, expected r, w, rw or -"),
            Flags { text } => write!(f, "\"{text}\" says nothing about flags"),
            Implicit { text } => write!(f, "\"{text}\" is no implicit operand, expected access:register"),
            Cpu { text } => write!(f, "\"{text}\" is no list of CPU features"),
            UnknownFeature { name } => write!(f, "there is no CPU feature {name} in tables/cpu/"),
            CpuFeature { problem } => write!(f, "CPU feature: {problem}"),
            Named { problem } => f.write_str(problem),
            CpuTest { text } => write!(f, "\"{text}\" is no bit of a register, as in 07H.1:EAX[31] or HWCAP2[1]"),
            Tuple { problem } => write!(f, "tt: {problem}"),
            MixedSizes { text } => write!(f, "sized aliases of different kinds in \"{text}\""),
            Condition { text, problem } => write!(f, "when: \"{text}\": {problem}"),
            Field { name, problem } => write!(f, "field \"{name}\" {problem}"),
            Bits { text } => write!(f, "\"{text}\" is neither bits nor a field with a width"),
            UnknownKind { text } => write!(f, "\"{text}\" is no operand kind"),
            Prefix { problem } => write!(f, "prefix: {problem}"),
            Assembly { problem } => write!(f, "asm: {problem}"),
            Name { name } => write!(f, "\"{name}\" is no name for a function"),
            TypeName { name } => write!(f, "\"{name}\" is no name for a type or one of its values"),
            Nameless => write!(f, "neither `id`, which is Arm's name of the encoding, nor `alias`"),
            NameTwice { name, other } => write!(f, "the name {name} is taken by \"{other}\""),
            Overlap { other } => {
                write!(f, "can produce the same code as \"{other}\"; one of them must say so with `alias`")
            }
            Missing { name } => write!(f, "there is no form {name}, which the runtime needs"),
            NoRuntime => write!(f, "tailfirst is no dependency of this package, whose tables are to extend it"),
            OtherRuntime { runtime, generator } => {
                write!(f, "tailfirst is {runtime}, tailfirst-gen {generator}: take the same version of both")
            }
            UnknownAlias { name } => write!(f, "alias: there is no form {name}"),
            AliasDisjoint { name } => write!(f, "alias: {name} cannot produce the same bits"),
            AliasCircle { name } => write!(f, "alias: {name} is in the end an alias of this row"),
        }
    }
}

impl std::error::Error for TableError {}
