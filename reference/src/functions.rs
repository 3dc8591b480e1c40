//! The functions above the forms: selectors, and functions that take what tells forms apart as a value.
//!
//! ```text
//!   tables -- tailfirst-gen --> methods with their roles --+
//!                                                          +--> functions, each with those that it chooses from
//!   src/x64, src/aarch64 ------> methods and their calls --+
//! ```
//!
//! No list is kept by hand. A method that is written by hand is a selector if it calls forms, itself or by way of
//! methods that users cannot call.

use crate::{
    prose::paragraphs,
    source::{self, Reach, Written},
    texts::Texts,
};
use proc_macro2::TokenStream;
use serde::Serialize;
use std::{
    collections::{BTreeSet, HashMap},
    io,
    path::Path,
};
use syn::{FnArg, Pat, Signature};
use tailfirst_gen::{Method, Role};
use tailfirst_roundtrip::{aarch64, x64};

/// A function, as the script reads it.
#[derive(Debug, Serialize)]
pub struct Function {
    /// 0 for x86-64, 1 for AArch64.
    pub isa: usize,
    pub name: String,
    /// What it does, a paragraph a text; the first one is a line of the list.
    docs: Vec<String>,
    /// Name, parameters and result.
    pub declaration: String,
    /// The names of the parameters.
    arguments: Vec<String>,
    pub kind: Kind,
    /// The functions that it chooses from: forms, and other functions.
    pub of: Vec<String>,
    /// Its other names.
    pub synonyms: Vec<String>,
    cpu: usize,
    feature: usize,
    /// The file that it is from.
    file: usize,
}

/// How a function chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// By the operands.
    Selector,
    /// By a parameter that is no operand: an operation, a width.
    Value,
}

/// What a form needs.
struct Needs<'a> {
    cpu: &'a [String],
    feature: Option<&'a str>,
}

/// The functions of both instruction sets.
pub fn all(repository: &Path, texts: &mut Texts) -> io::Result<Vec<Function>> {
    let x64_forms =
        x64::MODEL.iter().map(|form| (&*form.name, Needs { cpu: &form.cpu, feature: form.feature.as_deref() }));
    let aarch64_forms =
        aarch64::MODEL.iter().map(|form| (&*form.name, Needs { cpu: &form.cpu, feature: form.feature.as_deref() }));
    let x64_methods = tailfirst_gen::x64::methods(&x64::MODEL);
    let aarch64_methods = tailfirst_gen::aarch64::methods(&aarch64::MODEL);
    let mut functions = of_isa(0, &x64_forms.collect(), x64_methods, source::methods(repository, "src/x64")?, texts)?;
    let written = source::methods(repository, "src/aarch64")?;
    functions.extend(of_isa(1, &aarch64_forms.collect(), aarch64_methods, written, texts)?);
    Ok(functions)
}

fn of_isa(
    isa: usize,
    forms: &HashMap<&str, Needs<'_>>,
    generated: Vec<Method>,
    written: Vec<Written>,
    texts: &mut Texts,
) -> io::Result<Vec<Function>> {
    let synonyms: Vec<(String, String)> = generated
        .iter()
        .filter_map(|method| match &method.role {
            Role::Synonym(of) => Some((of.clone(), method.name())),
            _ => None,
        })
        .collect();
    let known: BTreeSet<String> = generated.iter().map(Method::name).collect();
    let by_hand = written.iter().filter(|method| method.reach == Reach::Users).map(|method| Method {
        docs: method.docs.lines().map(String::from).collect(),
        attributes: TokenStream::new(),
        signature: method.signature.clone(),
        body: TokenStream::new(),
        table: method.file.clone(),
        role: Role::Selects(chosen(method, &written, &known)),
    });
    // What a generated function's documentation says besides its first line, its role says.
    let by_table =
        generated.iter().filter(|method| !matches!(method.role, Role::Form | Role::Synonym(_))).map(|method| {
            let docs = method.docs.iter().take(1).cloned().collect();
            Method { docs, table: format!("tables/{}", method.table), ..method.clone() }
        });
    let choosing: Vec<(Method, Kind, Vec<String>)> = by_hand
        .chain(by_table)
        .filter_map(|method| {
            let (kind, of) = match &method.role {
                Role::Selects(of) => (Kind::Selector, of.clone()),
                Role::ByValue(of) => (Kind::Value, of.clone()),
                Role::Form | Role::Synonym(_) => return None,
            };
            (!of.is_empty()).then_some((method, kind, of))
        })
        .collect();
    let all_of: HashMap<String, Vec<String>> =
        choosing.iter().map(|(method, _, of)| (method.name(), of.clone())).collect();
    let function = |(method, kind, of): (Method, Kind, Vec<String>)| {
        let name = method.name();
        let mut names = Vec::new();
        forms_of(&name, &all_of, &mut names);
        let needs: Vec<&Needs<'_>> = names.iter().filter_map(|name| forms.get(name.as_str())).collect();
        let cpu = common(needs.iter().map(|needs| needs.cpu.iter().map(String::as_str).collect()));
        let feature = common(needs.iter().map(|needs| needs.feature.into_iter().collect()));
        Ok(Function {
            isa,
            docs: paragraphs(&method.docs),
            declaration: method.declaration(),
            arguments: arguments(&method)?,
            kind,
            of,
            synonyms: synonyms.iter().filter(|(of, _)| *of == name).map(|(_, synonym)| synonym.clone()).collect(),
            name,
            cpu: texts.number(cpu.join(" ")),
            feature: texts.number(feature.join(" ")),
            file: texts.number(&method.table),
        })
    };
    choosing.into_iter().map(function).collect()
}

/// The functions of the tables that a method calls, itself or by way of methods that users cannot call.
fn chosen(method: &Written, written: &[Written], known: &BTreeSet<String>) -> Vec<String> {
    let mut chosen = Vec::new();
    let mut seen = BTreeSet::from([&method.name]);
    let mut calls: Vec<&String> = method.calls.iter().rev().collect();
    while let Some(name) = calls.pop() {
        if !seen.insert(name) {
            continue;
        }
        if known.contains(name) {
            chosen.push(name.clone());
        } else if let Some(called) = written.iter().find(|called| called.name == *name) {
            match called.reach {
                Reach::Users => chosen.push(name.clone()),
                Reach::Others => calls.extend(called.calls.iter().rev()),
            }
        }
    }
    chosen
}

/// The forms among which a function chooses in the end.
fn forms_of(name: &str, of: &HashMap<String, Vec<String>>, forms: &mut Vec<String>) {
    match of.get(name) {
        Some(names) => names.iter().for_each(|name| forms_of(name, of, forms)),
        None => forms.push(name.into()),
    }
}

/// What all lists have, in the order of the first.
fn common<'a>(mut lists: impl Iterator<Item = Vec<&'a str>>) -> Vec<&'a str> {
    let first = lists.next().unwrap_or_default();
    lists.fold(first, |common, list| common.into_iter().filter(|word| list.contains(word)).collect())
}

/// The names of a method's parameters.
fn arguments(method: &Method) -> io::Result<Vec<String>> {
    let signature = syn::parse_str::<Signature>(&format!("fn {}", method.signature));
    let signature = signature.map_err(|error| io::Error::other(format!("{}: {error}", method.name())))?;
    let names = signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(argument) => match &*argument.pat {
            Pat::Ident(pattern) => Some(pattern.ident.to_string()),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    });
    Ok(names.collect())
}
