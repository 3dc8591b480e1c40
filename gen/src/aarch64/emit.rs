//! Forms as Rust: encoder functions, and the forms as data.
//!
//! A function is its form's fixed word, or-ed with each operand's bits shifted to their fields. What the generated code calls is in
//! the runtime's `aarch64::encode`.

use super::{
    Form,
    bits::low_mask,
    check::{Part, parts},
    kinds::By,
};
use crate::{
    condition::{Comparison, Condition, Term},
    print::{self, Item},
};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;
use std::collections::BTreeSet;

const HEADER: &str = "// Generated from tables/aarch64/ by tailfirst-gen. Change the tables.\n\n";

/// One method a form, in an `impl` of the runtime's AArch64 encoder.
pub fn encoders(forms: &[Form], runtime: &TokenStream) -> String {
    let imports = imports(forms, runtime, &["Encoder", "encode"]);
    let methods: Vec<Item> = forms.iter().map(method).collect();
    String::from(HEADER) + &imports + "\n" + &print::items(Some(quote!(impl Encoder<'_>)), &methods)
}

/// The forms as a static array `FORMS`, for the runtime's feature `forms`.
pub fn forms_data(forms: &[Form], runtime: &TokenStream) -> String {
    let imports = imports(forms, runtime, &[]);
    let kinds: BTreeSet<(&str, u32)> =
        forms.iter().flat_map(|form| &form.operands).map(|o| (o.kind.name.as_str(), o.kind.width)).collect();
    let kinds: Vec<(&str, u32)> = kinds.into_iter().collect();
    let kind_items: Vec<TokenStream> = kinds
        .iter()
        .map(|&(name, width)| {
            // The set was made from these operands.
            let operand = forms.iter().flat_map(|form| &form.operands);
            let kind = operand.map(|o| &o.kind).find(|kind| kind.name == name && kind.width == width);
            let ty = kind.map_or_else(|| quote!(u32), |kind| ty(&kind.ty));
            let from_bits = match kind.map(|kind| kind.by) {
                Some(By::Target(_)) => quote!(|_| None),
                Some(By::Method(_, from)) => {
                    let from = ident(from);
                    quote!(|bits| <#ty>::#from(bits).map(Operand::from))
                }
                _ => quote!(|bits| <#ty>::from_bits(bits).map(Operand::from)),
            };
            let width = Literal::u32_unsuffixed(width);
            quote!(Kind { name: #name, width: #width, from_bits: #from_bits })
        })
        .collect();
    let mut text = String::from(HEADER) + &imports;
    text += &import(runtime, "::form::Access", BTreeSet::from(["Read", "ReadWrite", "Write"]));
    text += &import(runtime, "::aarch64::form", BTreeSet::from(["Form", "Kind", "Operand", "OperandInfo", "operand", "operands"]));
    let (kind_count, form_count) = (kinds.len(), forms.len());
    // A form a line: this is data, which nobody reads as code.
    text += &format!("\nstatic KINDS: [Kind; {kind_count}] = [\n");
    for kind in kind_items {
        text += &format!("    {kind},\n");
    }
    text += &format!("];\n\npub(super) static FORMS: [Form; {form_count}] = [\n");
    for form in forms {
        text += &format!("    {},\n", form_data(form, &kinds));
    }
    text + "];\n"
}

/// The runtime's items that these forms name.
fn imports(forms: &[Form], runtime: &TokenStream, always: &[&str]) -> String {
    let mut names: BTreeSet<&str> = always.iter().copied().collect();
    let mut crate_names: BTreeSet<&str> = BTreeSet::new();
    for operand in forms.iter().flat_map(|form| &form.operands) {
        match operand.kind.by {
            By::Target(_) => {
                crate_names.insert("Target");
                if !always.is_empty() {
                    names.insert("Rel");
                }
            }
            _ => {
                let words = operand.kind.ty.split(|c: char| !c.is_ascii_alphanumeric());
                names.extend(words.filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase())));
            }
        }
    }
    import(runtime, "", crate_names) + &import(runtime, "::aarch64", names)
}

/// One `use`, wrapped.
fn import(runtime: &TokenStream, module: &str, names: BTreeSet<&str>) -> String {
    let path: String = runtime.to_string().split_whitespace().chain([module]).collect();
    match names.iter().collect::<Vec<_>>().as_slice() {
        [] => String::new(),
        [name] => format!("use {path}::{name};\n"),
        names => {
            let mut text = format!("use {path}::{{");
            let mut column = 120;
            for name in names {
                if column + name.len() > 110 {
                    text += "\n   ";
                    column = 3;
                }
                column += name.len() + 2;
                text += &format!(" {name},");
            }
            text + "\n};\n"
        }
    }
}

/// A form's function.
fn method(form: &Form) -> Item {
    let name = ident(&form.name);
    let params = form.operands.iter().map(|operand| {
        let (param, ty) = (ident(&operand.param), ty(&operand.kind.ty));
        match operand.kind.by {
            By::Into | By::Target(_) => quote!(#param: impl Into<#ty>),
            By::Value | By::Method(..) => quote!(#param: #ty),
        }
    });
    let mut bindings = Vec::new();
    let mut word = Terms(form.bits.value, Vec::new());
    let mut target = None;
    for operand in &form.operands {
        let param = ident(&operand.param);
        let value = match operand.kind.by {
            By::Target(rel) => {
                target = Some((ident(rel), param));
                continue;
            }
            By::Into => quote!(#param.into().bits()),
            By::Value => quote!(#param.bits()),
            By::Method(bits, _) => {
                let bits = ident(bits);
                quote!(#param.#bits())
            }
        };
        let runs: Vec<Vec<Part>> = operand.fields.iter().map(|list| parts(list, &form.bits)).collect();
        let in_condition = form.condition.iter().flat_map(Condition::names).any(|name| {
            operand.fields.iter().flatten().any(|&f| form.bits.fields[f].name == name)
        });
        let value = if in_condition || runs.iter().flatten().count() > 1 {
            bindings.push(quote!(let #param = #value;));
            quote!(#param)
        } else {
            value
        };
        for part in runs.iter().flatten() {
            word.push(&value, operand.kind.width, *part);
        }
    }
    let check = form.condition.as_ref().map(|condition| {
        let (fails, name, text) = (fails(condition, form), &form.name, &condition.text);
        quote! {
            if #fails {
                encode::reject(self, #name, #text);
            }
        }
    });
    let word = word.tokens();
    let place = match target {
        Some((rel, param)) => quote!(encode::branch(self, #word, Rel::#rel, #param.into());),
        None => quote!(encode::word(self, #word);),
    };
    let tokens = quote! {
        #[inline]
        pub fn #name(&mut self #(, #params)*) {
            #(#bindings)*
            #check
            #place
        }
    };
    Item { docs: docs(form), tokens }
}

/// The word: fixed bits, and shifted values.
struct Terms(u32, Vec<TokenStream>);

impl Terms {
    fn push(&mut self, value: &TokenStream, width: u32, part: Part) {
        let run = slice(value, width, part.from, part.width);
        let to = Literal::u32_unsuffixed(part.to);
        self.1.push(match (part.to, part.width == width) {
            (0, true) => run,
            (0, false) => quote!((#run)),
            (_, true) => quote!(#run << #to),
            (_, false) => quote!((#run) << #to),
        });
    }

    fn tokens(&self) -> TokenStream {
        let (fixed, values) = (hex(self.0), &self.1);
        if self.0 == 0 && !values.is_empty() { quote!(#(#values)|*) } else { quote!(#fixed #(| #values)*) }
    }
}

/// `width` bits of a value from bit `from` on; the value has `whole` bits.
fn slice(value: &TokenStream, whole: u32, from: u32, width: u32) -> TokenStream {
    let (mask, shift) = (hex(low_mask(width)), Literal::u32_unsuffixed(from));
    match (from == 0, from + width == whole) {
        (true, true) => quote!(#value),
        (false, true) => quote!(#value >> #shift),
        (true, false) => quote!(#value & #mask),
        (false, false) => quote!(#value >> #shift & #mask),
    }
}

/// The opposite of a condition, over the bound parameters.
fn fails(condition: &Condition, form: &Form) -> TokenStream {
    let alone = condition.any_of.len() == 1;
    let all_of = condition.any_of.iter().map(|all_of| {
        let single = all_of.len() == 1;
        let any_of = all_of.iter().map(|Comparison { left, equal, right }| {
            let (left, right) = (term(left, form), term(right, form));
            if *equal { quote!(#left != #right) } else { quote!(#left == #right) }
        });
        let joined = quote!(#(#any_of)||*);
        if alone || single { joined } else { quote!((#joined)) }
    });
    quote!(#(#all_of)&&*)
}

fn term(term: &Term, form: &Form) -> TokenStream {
    let name = match term {
        Term::Number(number) => {
            let number = Literal::u32_unsuffixed(*number);
            return quote!(#number);
        }
        Term::Name(name) => name,
    };
    for operand in &form.operands {
        for list in &operand.fields {
            let mut from = operand.kind.width;
            for &f in list {
                let field = &form.bits.fields[f];
                from = from.saturating_sub(field.width);
                if field.name == *name {
                    let param = ident(&operand.param);
                    let run = slice(&quote!(#param), operand.kind.width, from, field.width);
                    return if field.width == operand.kind.width { run } else { quote!((#run)) };
                }
            }
        }
    }
    // Not reached: `check` has found the name among the fields, and each field at an operand.
    quote!(0)
}

/// The function's documentation: the row.
fn docs(form: &Form) -> Vec<String> {
    let id = form.id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
    let mut docs = vec![format!("`{}`", form.syntax), String::new(), format!("Encoding: `{}`{id}", form.bits)];
    let mut say = |what: &str, text: String| {
        if !text.is_empty() {
            docs.extend([String::new(), format!("{what}: {text}")]);
        }
    };
    let operands = form.operands.iter().map(|operand| format!("`{}` {}", operand.param, operand.access.words()));
    say("Operands", operands.collect::<Vec<_>>().join("; "));
    say("Flags", form.flags.as_ref().map_or(String::new(), |flags| format!("`{flags}`")));
    let when = form.condition.as_ref().map(|when| format!("`{}`; else [`finish`](Self::finish) fails", when.text));
    say("Needs", when.unwrap_or_default());
    let alias = form.alias.as_ref().map(|alias| format!("[`{alias}`](Self::{alias}) can place the same word"));
    say("Alias", alias.unwrap_or_default());
    say("CPU", form.cpu_text());
    say("Table", form.table.clone());
    docs
}

/// A form as data.
fn form_data(form: &Form, kinds: &[(&str, u32)]) -> TokenStream {
    let Form { name, mnemonic, syntax, cpu, table, .. } = form;
    let encoding = form.bits.to_string();
    let id = option(form.id.as_deref());
    let flags = form.flags.as_deref().unwrap_or_default();
    let condition = option(form.condition.as_ref().map(|c| c.text.as_str()));
    let alias = option(form.alias.as_deref());
    let infos = form.operands.iter().map(|operand| {
        let param = &operand.param;
        let access = ident(match operand.access {
            super::Access::Read => "Read",
            super::Access::Write => "Write",
            super::Access::ReadWrite => "ReadWrite",
        });
        let key = (operand.kind.name.as_str(), operand.kind.width);
        // The list was made from all operands, and is sorted.
        let index = Literal::usize_unsuffixed(kinds.partition_point(|kind| *kind < key));
        quote!(OperandInfo { name: #param, kind: &KINDS[#index], access: #access })
    });
    let emit = ident(name);
    let count = Literal::usize_unsuffixed(form.operands.len());
    let arguments = form.operands.iter().enumerate().map(|(i, operand)| {
        let ty = ty(&operand.kind.ty);
        let i = Literal::usize_unsuffixed(i);
        quote!(operand::<#ty>(given, #i)?)
    });
    quote! {
        Form {
            name: #name,
            mnemonic: #mnemonic,
            syntax: #syntax,
            encoding: #encoding,
            id: #id,
            operands: &[#(#infos),*],
            condition: #condition,
            flags: #flags,
            cpu: &[#(#cpu),*],
            alias: #alias,
            table: #table,
            emit: |enc, given| {
                operands(given, #count)?;
                enc.#emit(#(#arguments),*);
                Ok(())
            }
        }
    }
}

fn option(text: Option<&str>) -> TokenStream {
    match text {
        Some(text) => quote!(Some(#text)),
        None => quote!(None),
    }
}

fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

fn ty(text: &str) -> TokenStream {
    // The texts are those of `kinds`, whose test reads each of them.
    text.parse().unwrap_or_default()
}

fn hex(value: u32) -> Literal {
    let text = if value <= 0xFFFF { format!("{value:#X}") } else { format!("0x{value:08X}") };
    // Digits in base 16 are a literal.
    text.parse().unwrap_or_else(|_| Literal::u32_unsuffixed(value))
}
