//! What may follow MOVPRFX.
//!
//! MOVPRFX copies a vector for the next instruction, which reads and writes the copy. So both have the same destination,
//! and the instruction names it by no other operand. Where it merges, the prefix may be predicated: by the same
//! predicate, with elements of the same size. All of this follows from the operands. What the manual forbids all the
//! same, and breakpoints, which it allows, are rows with a `prefix`.

use super::{Access, Operand, bits::Bits, check::is_register, kinds::Kind};
use crate::error::Reason;

/// What an instruction has to do with MOVPRFX.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prefix {
    /// It must not follow one.
    Never,
    /// It may follow any.
    Any,
    /// It may follow one that agrees with it in this.
    After(Prefixed),
    /// It is one.
    Is(Prefixed),
}

/// What a MOVPRFX and the next instruction must agree in. Fields are indices into [`Bits::fields`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefixed {
    /// The field with the vector that is written.
    pub destination: usize,
    /// The other vectors that are read.
    pub sources: Vec<Source>,
    /// Which elements are written, if not all.
    pub governing: Option<Governing>,
}

/// Vectors that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The field with their number.
    pub field: usize,
    /// The logarithm of how many they are, of which the field's number is a multiple.
    pub count: u8,
}

/// Which elements are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Governing {
    /// The field with the predicate that says so.
    pub predicate: usize,
    /// The elements' size, the logarithm of their bytes.
    pub element: u8,
}

/// What the operands say of an instruction, and the row where that is not all.
pub(super) fn of(row: Option<&str>, mnemonic: &str, operands: &[Operand], bits: &Bits) -> Result<Prefix, Reason> {
    let from_operands = match mnemonic {
        "movprfx" => prefixed(operands, bits, |_| true, |_| true).map(Prefix::Is),
        // PM, PLowM
        _ => prefixed(operands, bits, |access| access == Access::ReadWrite, |kind| kind.name.ends_with('M'))
            .map(Prefix::After),
    };
    match (row, from_operands) {
        (None, from_operands) => Ok(from_operands.unwrap_or(Prefix::Never)),
        (Some("never"), Some(Prefix::After(_))) => Ok(Prefix::Never),
        (Some("any"), None) => Ok(Prefix::Any),
        (Some("never" | "any"), _) => Err(Reason::Prefix { problem: "the operands say so" }),
        (Some(_), _) => Err(Reason::Prefix { problem: "expected \"never\" or \"any\"" }),
    }
}

/// What a MOVPRFX and the next instruction agree in, if there is a vector that is written like this.
fn prefixed(
    operands: &[Operand],
    bits: &Bits,
    is_written: impl Fn(Access) -> bool,
    governs: impl Fn(&Kind) -> bool,
) -> Option<Prefixed> {
    let name = |field: usize| bits.fields[field].name.as_str();
    let is_vector = |kind: &Kind| kind.name == "Z" || element(kind).is_some();
    let written = operands.iter().find(|operand| is_vector(&operand.kind) && is_written(operand.access))?;
    // What is in two fields is two operands of another instruction, which reads it.
    let [list] = written.fields.as_slice() else { return None };
    let [destination] = list[..] else { return None };
    let is_source =
        |field: &usize| *field != destination && is_register(name(*field)) && name(*field).starts_with(['Z', 'V']);
    let sources_of = |operand: &Operand| {
        // ZSx2a
        let count = u8::from(operand.kind.name.ends_with("x2a"));
        let fields = operand.fields.iter().flatten().copied().filter(is_source);
        fields.map(|field| Source { field, count }).collect::<Vec<_>>()
    };
    let sources = operands.iter().flat_map(sources_of).collect();
    let governing = operands.iter().find_map(|operand| {
        let predicate = *operand.fields.first()?.first()?;
        // A conversion has elements of the wider of two sizes; those of a second source do not count.
        let counts =
            |operand: &&Operand| operand.fields.iter().flatten().any(|f| *f == destination || name(*f) == "Zn");
        let element = operands.iter().filter(counts).filter_map(|operand| element(&operand.kind)).max()?;
        (operand.kind.symbol == "P" && governs(&operand.kind)).then_some(Governing { predicate, element })
    });
    Some(Prefixed { destination, sources, governing })
}

/// The size of a vector's elements.
fn element(kind: &Kind) -> Option<u8> {
    let sizes = ["ZB", "ZH", "ZS", "ZD", "ZQ"];
    sizes.iter().position(|name| *name == kind.name).map(|size| size as u8)
}
