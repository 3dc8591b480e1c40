//! Operands that the manual has names for: system registers and operations, barriers, prefetches.
//!
//! ```text
//!   tables/names/aarch64_*.ron --check--> names and numbers, by type --emit--> constants of the type
//! ```
//!
//! A group says whose constants its names are, and the fields of the type's numbers, from the highest. A name has a
//! number for each field, as the manual's tables have.

use super::{Access, check::access};
use crate::{
    error::{Reason, TableError},
    fields::record,
    names::is_constant,
};
use std::collections::{BTreeMap, HashSet};

/// A table of names as written; see `tables/README.md`.
#[derive(Debug, Clone)]
pub struct Names {
    /// The manuals.
    pub source: String,
    /// The names, in groups.
    pub groups: Vec<Group>,
}

record!(Names: source groups;);

/// Names of one type under one title.
#[derive(Debug, Clone)]
pub struct Group {
    /// The type whose constants they are, of the runtime's `aarch64::system`.
    pub ty: String,
    /// What they have in common.
    pub title: String,
    /// The fields of the type's numbers, `op1:3 CRm:4`, from the highest.
    pub fields: String,
    /// The names.
    pub names: Vec<Name>,
}

record!(Group: ty title fields names;);

/// A name.
#[derive(Debug, Clone)]
pub struct Name {
    /// As the manual spells it.
    pub name: String,
    /// A number for each field.
    pub at: String,
    /// Of a register: `r` if it is only read, `w` if it is only written, `rw`.
    pub io: Option<String>,
}

record!(Name: name at; io);

/// A type and its names, checked.
#[derive(Debug, Clone)]
pub struct Named {
    /// The type.
    pub ty: String,
    /// The fields of its numbers, from the highest: names and widths.
    pub fields: Vec<(String, u32)>,
    /// Its names, by title, in the order of the tables.
    pub titles: Vec<(String, Vec<Constant>)>,
}

/// A checked name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constant {
    /// As the manual spells it.
    pub name: String,
    /// Its number.
    pub value: u32,
    /// Of a register: whether it is read, written or both.
    pub access: Option<Access>,
    /// Its documentation, a line.
    pub docs: String,
}

impl Named {
    /// Every name.
    pub fn constants(&self) -> impl Iterator<Item = &Constant> {
        self.titles.iter().flat_map(|(_, constants)| constants)
    }

    /// How wide its numbers are.
    pub fn width(&self) -> u32 {
        self.fields.iter().map(|field| field.1).sum()
    }
}

/// A field: its name and its width.
type Field<'a> = (&'a str, u32);

/// Checks the tables, which are given with their files' names.
pub fn named(tables: &[(&str, Names)]) -> Result<Vec<Named>, TableError> {
    let mut types: BTreeMap<&str, (&str, Named)> = BTreeMap::new();
    let mut constants_of_types = HashSet::new();
    for (table, Names { source, groups }) in tables {
        if source.trim().is_empty() {
            return Err(TableError::of_table(table, Reason::NoSource));
        }
        for group in groups {
            let wrong = |row: &str, problem| Err(TableError::of_row(table, row, Reason::Named { problem }));
            let Some(fields) = fields(&group.fields) else {
                return wrong(&group.title, "its fields are no names with widths, 16 bits at most together");
            };
            let new = || Named {
                ty: group.ty.clone(),
                fields: fields.iter().map(|(name, width)| ((*name).into(), *width)).collect(),
                titles: Vec::new(),
            };
            let (first, named) = types.entry(&group.ty).or_insert_with(|| (&group.fields, new()));
            if *first != group.fields {
                return wrong(&group.title, "another group of its type has other fields");
            }
            let mut constants = Vec::new();
            for name in &group.names {
                let constant = match constant(name, &fields) {
                    Ok(constant) => constant,
                    Err(reason) => return Err(TableError::of_row(table, &name.name, reason)),
                };
                if !constants_of_types.insert((&*group.ty, name.name.to_ascii_uppercase())) {
                    return wrong(&name.name, "the type has this name already");
                }
                constants.push(constant);
            }
            named.titles.push((group.title.clone(), constants));
        }
    }
    Ok(types.into_values().map(|(_, named)| named).collect())
}

fn fields(text: &str) -> Option<Vec<Field<'_>>> {
    let fields = text.split_whitespace().map(|field| {
        let (name, width) = field.split_once(':')?;
        Some((name, width.parse().ok().filter(|width| (1..=16).contains(width))?))
    });
    let fields: Vec<Field<'_>> = fields.collect::<Option<_>>()?;
    let width: u32 = fields.iter().map(|field| field.1).sum();
    (1..=16).contains(&width).then_some(fields)
}

fn constant(name: &Name, fields: &[Field<'_>]) -> Result<Constant, Reason> {
    let wrong = |problem| Reason::Named { problem };
    if !is_constant(&name.name) {
        return Err(wrong("its name is no constant's"));
    }
    let numbers: Vec<&str> = name.at.split_whitespace().collect();
    if numbers.len() != fields.len() {
        return Err(wrong("it has not one number a field"));
    }
    let (mut value, mut place) = (0, Vec::new());
    for (number, (field, width)) in numbers.into_iter().zip(fields) {
        let number = number.parse::<u32>().ok().filter(|number| *number < 1 << width);
        let number = number.ok_or_else(|| wrong("a number is not its field's"))?;
        value = value << width | number;
        place.push(format!("{field} {number}"));
    }
    let access = name.io.as_deref().map(access).transpose()?;
    let how = match access {
        Some(Access::Read) => ", which is only read",
        Some(Access::Write) => ", which is only written",
        Some(Access::ReadWrite) | None => "",
    };
    let docs = format!("`{}`{how}: {}.", name.name, place.join(", "));
    Ok(Constant { name: name.name.clone(), value, access, docs })
}

/// The constants, and for each type its names by number, as the text of the module that has the types.
pub fn constants(types: &[Named]) -> String {
    let mut text = String::from("// Generated from tables/names/ by tailfirst-gen. Change the tables.\n");
    for named in types {
        let ty = &named.ty;
        for (title, constants) in &named.titles {
            text += &format!("\n/// {title}.\nimpl {ty} {{\n");
            for Constant { name, value, docs, .. } in constants {
                let name = name.to_ascii_uppercase();
                text += &format!("    /// {docs}\n    pub const {name}: {ty} = {ty}({value:#x});\n");
            }
            text += "}\n";
        }
        let mut by_number: Vec<&Constant> = named.constants().collect();
        by_number.sort_by_key(|constant| constant.value);
        let number = if named.width() > 8 { "u16" } else { "u8" };
        text +=
            &format!("\nimpl {ty} {{\n    /// By number.\n    const NAMES: &'static [({number}, &'static str)] = &[\n");
        for Constant { name, value, .. } in by_number {
            text += &format!("        ({value:#x}, \"{name}\"),\n");
        }
        text += "    ];\n}\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(fields: &str, names: &[(&str, &str, Option<&str>)]) -> Names {
        let names =
            names.iter().map(|&(name, at, io)| Name { name: name.into(), at: at.into(), io: io.map(Into::into) });
        let group = Group { ty: "DcOp".into(), title: "DC".into(), fields: fields.into(), names: names.collect() };
        Names { source: "a manual".into(), groups: vec![group] }
    }

    fn problem(fields: &str, names: &[(&str, &str, Option<&str>)]) -> &'static str {
        match named(&[("names/test.ron", table(fields, names))]) {
            Err(TableError { reason: Reason::Named { problem }, .. }) => problem,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn numbers_are_put_together_from_the_highest_field() {
        let zva = table("op1:3 CRm:4 op2:3", &[("ZVA", "3 4 1", Some("w"))]);
        let types = named(&[("names/test.ron", zva)]).expect("a legal table");
        let docs = "`ZVA`, which is only written: op1 3, CRm 4, op2 1.".into();
        let zva = Constant { name: "ZVA".into(), value: 0x1A1, access: Some(Access::Write), docs };
        assert_eq!((types.len(), types[0].width(), &types[0].titles[0].1), (1, 10, &vec![zva]));
        assert!(constants(&types).contains("pub const ZVA: DcOp = DcOp(0x1a1);"));
    }

    #[test]
    fn what_is_refused() {
        assert_eq!(problem("op1:3", &[("ZVA", "8", None)]), "a number is not its field's");
        assert_eq!(problem("op1:3", &[("ZVA", "1 1", None)]), "it has not one number a field");
        assert_eq!(problem("op1:3", &[("Zva", "1", None), ("ZVA", "2", None)]), "the type has this name already");
        assert_eq!(problem("op1:3", &[("z-a", "1", None)]), "its name is no constant's");
        let widths = "its fields are no names with widths, 16 bits at most together";
        assert_eq!(problem("op1", &[]), widths);
        assert_eq!(problem("op1:9 op2:8", &[]), widths);
    }
}
