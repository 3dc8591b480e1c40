//! Choices: functions whose operation is a value.
//!
//! The forms of a family may differ in nothing but a number in their encoding: the condition of `jcc`, the operation of
//! `add`, `or`, ... Where the table says so, the family makes one function more for each row, which takes that number
//! as its first parameter:
//!
//! ```text
//!   choice: (col: "mn", code: "n", name: "alu", ty: "Alu")
//!
//!   add_rm64_r64(rm64, r64), or_rm64_r64(rm64, r64), ...    the forms
//!   alu_rm64_r64(alu, rm64, r64)                            all of them; alu is Alu::Add, Alu::Or, ...
//! ```
//!
//! What is checked: the constants of the forms are those of a first one, and the code shifted to its place.

use crate::{
    error::{Reason, TableError},
    names::{self, Aliased},
    print::{self, Item},
    row,
};
use proc_macro2::{Ident, Literal, Span};
use quote::quote;
use std::collections::{BTreeMap, HashMap};

/// What tells a form from the others of its family, and the function that takes it as a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The type of the value.
    pub ty: String,
    /// This form's value.
    pub variant: String,
    /// What the documentation says that the value is.
    pub shown: String,
    /// The value's number.
    pub code: u32,
    /// The function.
    pub function: String,
    /// The form's syntax, with the choice's name in place of the variant.
    pub syntax: String,
}

impl Choice {
    /// The choice of a form, whose function and syntax with the choice's name these are.
    pub fn new(choice: &row::Choice, function: String, syntax: String) -> Result<Choice, Reason> {
        let (ty, variant) = (choice.ty.clone(), capitalized(&choice.variant));
        if let Some(name) = [&ty, &variant].into_iter().find(|name| !names::is_type(name)) {
            return Err(Reason::TypeName { name: name.clone() });
        }
        // The parameter has the type's name.
        if let Some(name) = [function.clone(), snake(&ty)].into_iter().find(|name| !names::is_function(name)) {
            return Err(Reason::Name { name });
        }
        Ok(Choice { ty, shown: variant.to_lowercase(), variant, code: choice.code, function, syntax })
    }
}

/// A form that may be one of a family.
pub trait Member: Aliased {
    /// Its choice.
    fn choice(&self) -> Option<&Choice>;
    /// The same, to be changed.
    fn choice_mut(&mut self) -> Option<&mut Choice>;
    /// Its parameters, as text, which those of its family have, too.
    fn parameters(&self) -> Vec<String>;
    /// Its row's constants.
    fn number(&self) -> u64;
}

/// The forms that one function takes as values.
#[derive(Debug)]
pub struct Family<'a, F> {
    /// In the order of the table.
    pub forms: Vec<&'a F>,
    /// Where the code is added to the first form's constants.
    pub shift: u32,
}

impl<'a, F: Member> Family<'a, F> {
    /// The first form, and its choice.
    pub fn first(&self) -> Option<(&'a F, &'a Choice)> {
        let first = self.forms.first()?;
        Some((*first, first.choice()?))
    }
}

/// Numbers the values of each type by the bits of the words in which its forms differ, where they stand.
pub fn number_by_bits<F: Member>(forms: &mut [F]) {
    let mut bits: HashMap<String, u64> = HashMap::new();
    let mut firsts: HashMap<String, u64> = HashMap::new();
    for form in &*forms {
        let Some(choice) = form.choice() else { continue };
        let first = firsts.entry(choice.function.clone()).or_insert(form.number());
        *bits.entry(choice.ty.clone()).or_default() |= *first ^ form.number();
    }
    for form in forms {
        let number = form.number();
        if let Some(choice) = form.choice_mut() {
            choice.code = (number & bits.get(&choice.ty).copied().unwrap_or_default()) as u32;
        }
    }
}

/// The families of forms that are checked one by one.
pub fn families<F: Member>(forms: &[F]) -> Result<Vec<Family<'_, F>>, TableError> {
    let mut families: Vec<Family<F>> = Vec::new();
    let (mut codes, mut variants) = (HashMap::new(), HashMap::new());
    for form in forms {
        let Some(choice) = form.choice() else { continue };
        // Each value has one number, and each number one value.
        let code = *codes.entry((&choice.ty, &choice.variant)).or_insert(choice.code);
        let variant = *variants.entry((&choice.ty, choice.code)).or_insert(&choice.variant);
        if code != choice.code || *variant != choice.variant {
            return Err(form.error(Reason::Choice { variant: choice.variant.clone() }));
        }
        let is_same =
            |family: &&mut Family<F>| family.first().is_some_and(|(_, first)| first.function == choice.function);
        match families.iter_mut().rev().find(is_same) {
            Some(family) => family.forms.push(form),
            None => families.push(Family { forms: vec![form], shift: 0 }),
        }
    }
    for family in &mut families {
        family.shift = shift(&family.forms)?;
    }
    Ok(families)
}

/// Where the forms' codes stand in their constants.
fn shift<F: Member>(forms: &[&F]) -> Result<u32, TableError> {
    let mut differences = forms.windows(2).filter_map(|pair| {
        let codes = i64::from(pair[1].choice()?.code) - i64::from(pair[0].choice()?.code);
        let numbers = pair[1].number().wrapping_sub(pair[0].number()) as i64;
        (codes != 0).then(|| (numbers / codes) as u64)
    });
    let step = differences.next().unwrap_or(1);
    let is_placed = |form: &&F, first: &&F| {
        let (code, first_code) = (form.choice().map(|c| c.code), first.choice().map(|c| c.code));
        let codes = u64::from(code.unwrap_or(0)).wrapping_sub(first_code.unwrap_or(0).into());
        form.parameters() == first.parameters()
            && form.number() == first.number().wrapping_add(codes.wrapping_mul(step))
    };
    match forms.iter().find(|form| !step.is_power_of_two() || !is_placed(form, &forms[0])) {
        Some(form) => {
            Err(form.error(Reason::Choice { variant: form.choice().map_or(String::new(), |c| c.variant.clone()) }))
        }
        None => Ok(step.trailing_zeros()),
    }
}

/// The types of the values, as the text of a module: those of `runtime_types` are the runtime's own, and only checked.
pub fn types<F: Member>(forms: &[F], runtime_types: &[&str]) -> String {
    let mut text = String::from("// Generated from tables/ by tailfirst-gen. Change the tables.\n\n");
    let mut types: Vec<&str> = forms.iter().filter_map(|form| Some(form.choice()?.ty.as_str())).collect();
    types.sort_unstable();
    types.dedup();
    for ty in types {
        let mut variants = Variants::new();
        for choice in forms.iter().filter_map(F::choice).filter(|choice| choice.ty == ty) {
            let shown = variants.entry((choice.code, &choice.variant)).or_default();
            if !shown.contains(&&*choice.shown) {
                shown.push(&choice.shown);
            }
        }
        text += &if runtime_types.contains(&ty) { checks(ty, &variants) } else { declaration(ty, &variants) };
        text.push('\n');
    }
    text
}

/// The values of a type by number and name, and what the documentation says that they are.
type Variants<'a> = BTreeMap<(u32, &'a str), Vec<&'a str>>;

fn declaration(ty: &str, variants: &Variants<'_>) -> String {
    let (name, count) = (ident(ty), Literal::usize_unsuffixed(variants.len()));
    let names: Vec<_> = variants.keys().map(|(_, variant)| ident(variant)).collect();
    let each = variants.iter().map(|((code, variant), shown)| {
        let (docs, variant, code) = (format!("`{}`.", shown.join("`, `")), ident(variant), hex(*code));
        quote!(#[doc = #docs] #variant = #code)
    });
    let number = ident(if variants.keys().all(|(code, _)| *code < 256) { "u8" } else { "u32" });
    let declared = Item {
        docs: vec!["An operation as a value; its number is the one in encodings.".into()],
        tokens: quote! {
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            #[repr(#number)]
            pub enum #name { #(#each),* }
        },
    };
    let all = Item {
        docs: vec!["All of them, in the order of their numbers.".into()],
        tokens: quote!(pub const ALL: [#name; #count] = [#(#name::#names),*];),
    };
    print::items(None, &[declared]) + "\n" + &print::items(Some(quote!(impl #name)), &[all])
}

/// A number in base 16.
fn hex(code: u32) -> Literal {
    format!("{code:#X}").parse().unwrap_or_else(|_| Literal::u32_unsuffixed(code))
}

fn checks(ty: &str, variants: &Variants<'_>) -> String {
    variants
        .keys()
        .map(|(code, variant)| format!("const _: () = assert!({ty}::{variant} as u32 == {code});\n"))
        .collect()
}

/// A type's name as a part of a function's, or as a parameter's.
pub fn snake(ty: &str) -> String {
    let mut text = String::new();
    for c in ty.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(c.to_lowercase());
    }
    text
}

/// A type's or variant's name.
fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}
