//! Synonyms: a condition has several names, and a function for each.
//!
//! The tables have one name a condition. A function by another name calls that one: `jz_rel32` is `je_rel32`.

use super::{
    Form, Slot,
    emit::{ident, parameter_names, parameters},
};
use crate::{
    choice::Choice,
    method::{Method, Role},
};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// The tables' names of conditions, and their others (SDM vol. 1, appendix B).
const CONDITIONS: [(&str, &[&str]); 12] = [
    ("b", &["c", "nae"]),
    ("ae", &["nc", "nb"]),
    ("e", &["z"]),
    ("ne", &["nz"]),
    ("be", &["na"]),
    ("a", &["nbe"]),
    ("p", &["pe"]),
    ("np", &["po"]),
    ("l", &["nge"]),
    ("ge", &["nl"]),
    ("le", &["ng"]),
    ("g", &["nle"]),
];

/// A form's function by the other names of its condition.
pub(super) fn of_form(form: &Form) -> Vec<Method> {
    if condition(form).is_none() {
        return Vec::new();
    }
    let (declared, _) = parameters(form);
    let all = form.operands.iter().zip(parameter_names(form));
    let names: Vec<_> = all.filter(|(operand, _)| operand.slot != Slot::Fixed).map(|(_, name)| name).collect();
    of_function(form, &form.name, &quote!(#(#declared),*), &names)
}

/// A selector of branches by the other names of the condition, which its short form has.
pub(super) fn of_selector(short: &Form) -> Vec<Method> {
    let Some(name) = short.name.strip_suffix("_rel8") else { return Vec::new() };
    of_function(short, name, &quote!(target: impl IntoTarget), &[ident("target")])
}

/// What a form's function has in its name, and another takes as a value.
fn condition(form: &Form) -> Option<&Choice> {
    form.choice.as_ref().filter(|choice| choice.ty == "Cond")
}

/// The other names of a function with the form's condition in its name.
pub(super) fn names(form: &Form, name: &str) -> Vec<String> {
    let Some(choice) = condition(form) else { return Vec::new() };
    let condition = choice.variant.to_lowercase();
    // Up to the condition, the function has the name of that which takes the condition as a value.
    let same = name.bytes().zip(choice.function.bytes()).take_while(|(own, general)| own == general).count();
    let (stem, rest) = name.split_at(same);
    let Some(rest) = rest.strip_prefix(&condition) else { return Vec::new() };
    let others = CONDITIONS.iter().find(|(first, _)| *first == condition).map_or(&[][..], |(_, others)| others);
    others.iter().map(|other| format!("{stem}{other}{rest}")).collect()
}

fn of_function(form: &Form, name: &str, declared: &TokenStream, arguments: &[Ident]) -> Vec<Method> {
    let synonym = |synonym: String| {
        let (own, synonym) = (ident(name), ident(&synonym));
        Method {
            docs: vec![format!("[`{name}`](Self::{name}) by another name.")],
            attributes: TokenStream::new(),
            signature: quote!(#synonym(&mut self, #declared)),
            body: quote!(self.#own(#(#arguments),*)),
            table: form.table.clone(),
            role: Role::Synonym(name.into()),
        }
    };
    names(form, name).into_iter().map(synonym).collect()
}
