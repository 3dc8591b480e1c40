//! Names of operands: system registers and operations, barriers, prefetches, and the functions that take them.

use crate::{functions::Function, texts::Texts};
use serde::Serialize;
use std::io;
use tailfirst_gen::aarch64::{Access, kinds::Kind, named::Named};
use tailfirst_roundtrip::aarch64::MODEL;

/// A type whose constants have names.
#[derive(Serialize)]
pub struct NamedType {
    ty: String,
    /// The fields of its numbers, from the highest, and their widths.
    fields: Vec<(String, u32)>,
    /// The functions that take one, with the parameter that it is if there is a form.
    functions: Vec<(String, Use, String)>,
    /// The names.
    names: Vec<Name>,
}

impl NamedType {
    /// The type.
    #[cfg(test)]
    pub fn ty(&self) -> &str {
        &self.ty
    }

    /// The names.
    pub fn names(&self) -> &[Name] {
        &self.names
    }
}

/// A name: its title, the manual's spelling, its number, and whether it is read, written or both.
pub type Name = (usize, String, u32, &'static str);

/// What a function does with an operand that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Use {
    /// It reads what has the name into a register.
    #[serde(rename = "r")]
    Reads,
    /// It writes that, or acts on it.
    #[serde(rename = "w")]
    Writes,
}

/// The names of both tables.
pub fn all(functions: &[Function], texts: &mut Texts) -> io::Result<Vec<NamedType>> {
    let named = tailfirst_gen::aarch64_names(&crate::repository().join("tables")).map_err(io::Error::other)?;
    Ok(named.iter().map(|named| named_type(named, functions, texts)).collect())
}

fn named_type(named: &Named, functions: &[Function], texts: &mut Texts) -> NamedType {
    let takes = |kind: &Kind| kind.ty == named.ty || kind.from.contains(&named.ty.as_str());
    let forms = MODEL.iter().filter_map(|form| {
        let operand = form.operands.iter().find(|operand| takes(&operand.kind))?;
        let reads = form.operands.iter().any(|operand| operand.access == Access::Write);
        Some((form.name.clone(), if reads { Use::Reads } else { Use::Writes }, operand.param.clone()))
    });
    let words = |function: &Function| -> Vec<String> {
        function.declaration.split(|c: char| !c.is_alphanumeric()).map(String::from).collect()
    };
    let above = functions.iter().filter(|function| function.isa == 1 && words(function).contains(&named.ty));
    let names = named.titles.iter().flat_map(|(title, constants)| {
        let title = texts.number(title);
        constants.iter().map(move |constant| {
            let access = constant.access.map_or("", Access::letters);
            (title, constant.name.clone(), constant.value, access)
        })
    });
    let above = above.map(|function| (function.name.clone(), Use::Writes, String::new()));
    NamedType {
        ty: named.ty.clone(),
        fields: named.fields.clone(),
        functions: above.chain(forms).collect(),
        names: names.collect(),
    }
}
