//! The operand types as lists, for macros of the runtime.
//!
//! What a type needs for each list is in the macro. So the runtime says what a new kind gets, and the table of
//! [`kinds`](super::kinds) who gets it.

use super::kinds::{By, OperandType, types};

const HEADER: &str = "// Generated from gen/forms/src/aarch64/kinds.rs by tailfirst-gen. Change the kinds.\n";

/// The types that have `bits()`, as calls of the macros `operand_bits` and, for SVE and SME, `scalable_bits`.
pub fn bits() -> String {
    let types = types();
    // The others have several methods, which functions call by name.
    let all = || types.iter().filter(|ty| !matches!(ty.by, By::Method(..)));
    let line = |ty: &OperandType| format!("{};", ty.ty);
    let (plain, scalable) = (all().filter(|ty| !ty.is_scalable), all().filter(|ty| ty.is_scalable));
    String::from(HEADER) + &call("operand_bits", plain.map(line)) + &call("scalable_bits", scalable.map(line))
}

/// The variants of `Operand`, as a call of the macro `operands`: variant, type, and the variants that become one.
pub fn variants() -> String {
    let line = |ty: &OperandType| {
        let from: String = ty.from.iter().map(|from| format!(", {from}")).collect();
        format!("{} {}{from};", ty.variant, ty.ty)
    };
    String::from(HEADER) + &call("operands", types().iter().map(line))
}

fn call(name: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: String = lines.map(|line| format!("    {line}\n")).collect();
    format!("\n{name}! {{\n{lines}}}\n")
}
