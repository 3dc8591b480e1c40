//! Forms as Rust: encoder functions, and the forms as data.
//!
//! A function is its form's fixed word, or-ed with each operand's bits shifted to their fields. What the generated code
//! calls is in the runtime's `aarch64::encode`.

use super::{
    Access, Form, Governing, Prefix, Prefixed,
    bits::low_mask,
    check::{Part, parts},
    kinds::{By, Kind},
    layouts::{LAYOUTS, places},
};
use crate::{
    choice::{self, Choice, Family},
    condition::{Comparison, Condition, Term},
    cpu::Cpu,
    data::Common,
    layout,
    method::{Home, Method, Role},
    pages::{self, Line},
    print,
};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

pub(super) const HEADER: &str = "// Generated from tables/aarch64/ by tailfirst-gen. Change the tables.\n";

/// The encoder functions.
pub fn methods(forms: &[Form]) -> Vec<Method> {
    methods_with(forms, &by_value(forms))
}

/// The encoder functions, with these that take an operation as a value.
fn methods_with(forms: &[Form], by_value: &[ByValue<'_>]) -> Vec<Method> {
    let names: HashSet<&str> = forms.iter().map(|form| form.name.as_str()).collect();
    let plain = forms.iter().map(|form| method(form, None, &names));
    plain.chain(by_value.iter().map(|general| general.method(&names))).collect()
}

/// The encoder functions, as the text of a module.
pub fn encoders(forms: &[Form], home: Home<'_>) -> String {
    let by_value = by_value(forms);
    String::from(HEADER)
        + "//\n"
        + &layout::legends(&LAYOUTS)
        + "\n"
        + &imports(forms, &by_value, home)
        + "\n"
        + &aliases(forms)
        + "\n"
        + &home.methods(&methods_with(forms, &by_value))
}

/// The pages of documentation, as the text of a module.
pub fn pages(forms: &[Form]) -> String {
    let lines = forms.iter().map(|form| Line {
        name: &form.name,
        mnemonic: &form.mnemonic,
        syntax: &form.syntax,
        encoding: form.bits.to_string(),
        table: &form.table,
        title: &form.title,
    });
    pages::pages(&lines.collect::<Vec<_>>(), "crate::aarch64::Encoder")
}

/// What reads the numbers that the encoder functions hand over, as the text of a module of the runtime.
pub fn readers() -> String {
    layout::readers(&LAYOUTS)
}

/// The forms as a constant `FORMS`, for the runtime's feature `forms`; what it names is in scope there.
pub fn forms_data(forms: &[Form], cpu: &Cpu) -> String {
    // Each kind once, under its name and width.
    let kinds: BTreeMap<(&str, u32), &Kind> = forms
        .iter()
        .flat_map(|form| &form.operands)
        .map(|operand| ((operand.kind.name.as_str(), operand.kind.width), &operand.kind))
        .collect();
    let mut text = String::from(HEADER) + &format!("\nstatic VALUES: [Value; {}] = [\n", kinds.len());
    for kind in kinds.values() {
        text += &format!("    {},\n", print::inline(value_data(kind)));
    }
    let numbers: HashMap<_, _> = kinds.into_keys().zip(0..).collect();
    let mut common = Common::default();
    text += "];\n\npub(super) const FORMS: &[Form] = &[\n";
    for form in forms {
        text += &format!("    {},\n", print::inline(form_data(form, &numbers, cpu, &mut common)));
    }
    text + "];\n\n" + &common.into_items()
}

/// The runtime's items that these forms name.
fn imports(forms: &[Form], by_value: &[ByValue<'_>], home: Home<'_>) -> String {
    let runtime = home.runtime();
    let mut names = BTreeSet::from(["Emitter", "encode"]);
    let mut crate_names: BTreeSet<&str> = BTreeSet::from(["Direction"]);
    if matches!(home, Home::Runtime) {
        // An extension declares the types of its choices where its functions are.
        names.extend(forms.iter().filter_map(|form| Some(form.choice.as_ref()?.ty.as_str())));
    }
    let all = forms.iter().chain(by_value.iter().map(|general| &general.form));
    for operand in all.flat_map(|form| &form.operands) {
        match operand.kind.by {
            By::Target(_) => {
                crate_names.insert("IntoTarget");
                names.insert("Rel");
            }
            by => {
                if matches!(by, By::Into) {
                    names.insert("IntoOperand");
                }
                let words = operand.kind.ty.split(|c: char| !c.is_ascii_alphanumeric());
                names.extend(words.filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase())));
            }
        }
    }
    import(runtime, "", crate_names) + &import(runtime, "::aarch64", names)
}

/// One `use`, wrapped.
fn import(runtime: &str, module: &str, names: BTreeSet<&str>) -> String {
    let path = format!("{runtime}{module}");
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

/// A name for each type with arguments that functions take. Constant arguments are bodies to the compiler, which it
/// checks wherever they stand: so here, and not in each function. Rustdoc shows what a private name stands for.
fn aliases(forms: &[Form]) -> String {
    let kinds = forms.iter().flat_map(|form| &form.operands).map(|operand| &*operand.kind.ty);
    let types: BTreeSet<&str> = kinds.filter(|ty| ty.contains('<')).collect();
    types.into_iter().map(|ty| format!("type {} = {ty};\n", alias(ty))).collect()
}

/// Such a name: `UImm12x3` of `UImm<12, 3>`.
fn alias(ty: &str) -> String {
    ty.replace(['<', '>'], "").replace(", ", "x")
}

/// The types of operations that functions take as values, as the text of a module of the runtime.
pub fn choices(forms: &[Form]) -> String {
    choice::types(forms, &[])
}

/// A function that takes an operation as a value.
struct ByValue<'a> {
    family: Family<'a, Form>,
    choice: &'a Choice,
    /// What the forms have in common, with operands that stand for those of any of them.
    form: Form,
    /// Whether some of these operands are none of the forms'.
    is_of_any_size: bool,
}

/// The functions that take an operation as a value.
fn by_value(forms: &[Form]) -> Vec<ByValue<'_>> {
    choice::families(forms).unwrap_or_default().into_iter().filter_map(ByValue::new).collect()
}

impl<'a> ByValue<'a> {
    fn new(family: Family<'a, Form>) -> Option<Self> {
        let (first, choice) = family.first()?;
        let mut form = Form { name: choice.function.clone(), id: None, syntax: choice.syntax.clone(), ..first.clone() };
        form.bits.value &= !choice.code;
        let mut is_of_any_size = false;
        for (i, operand) in form.operands.iter_mut().enumerate() {
            let is_same = |form: &&Form| form.operands.get(i).is_some_and(|other| other.kind == operand.kind);
            if family.forms.iter().all(is_same) {
                continue;
            }
            if let Some(kind) = operand.kind.of_any_size() {
                let field = operand.field_names(&form.bits);
                let symbol = |kind: &Kind| format!("<{}{}>", kind.symbol, field.trim_start_matches('R'));
                form.syntax = form.syntax.replace(&symbol(&operand.kind), &symbol(&kind));
                operand.kind = kind;
                is_of_any_size = true;
            }
        }
        Some(ByValue { family, choice, form, is_of_any_size })
    }

    fn method(&self, names: &HashSet<&str>) -> Method {
        let functions: Vec<String> = self.family.forms.iter().map(|form| form.name.clone()).collect();
        let links: Vec<_> = functions.iter().map(|name| format!("[`{name}`](Self::{name})")).collect();
        let mut docs = vec![
            format!("`{}`, the operation as a value", self.form.syntax),
            String::new(),
            format!("One of {}.", links.join(", ")),
        ];
        if self.is_of_any_size {
            docs.push("Registers go by their widest names; offsets and indices that are scaled count accesses.".into());
        }
        Method { docs, role: Role::ByValue(functions), ..method(&self.form, Some(&self.choice.ty), names) }
    }
}

/// A form's function; of an operation that is a value of this type. `names` are those of all functions.
fn method(form: &Form, ty: Option<&str>, names: &HashSet<&str>) -> Method {
    let name = ident(&form.name);
    let value = ty.map(|ty| (ident(&choice::snake(ty)), ident(ty)));
    let value_param = value.as_ref().map(|(param, ty)| quote!(, #param: #ty));
    let value = value.map(|(param, _)| quote!(#param as u32));
    let params = form.operands.iter().map(|operand| {
        let (param, ty) = (ident(&operand.param), ident(&alias(&operand.kind.ty)));
        match operand.kind.by {
            By::Into => quote!(#param: impl IntoOperand<#ty>),
            By::Target(_) => quote!(#param: impl IntoTarget),
            By::Value | By::Method(..) => quote!(#param: #ty),
        }
    });
    let body = packed(form, value.as_ref()).unwrap_or_else(|| bound(form, value.as_ref()));
    // Rustdoc's search finds Arm's names, too.
    let alias = form.id.as_ref().map(|id| quote!(#[doc(alias = #id)]));
    Method {
        docs: docs(form, names),
        attributes: quote!(#alias),
        signature: quote!(#name(&mut self #value_param #(, #params)*)),
        body,
        table: form.table.clone(),
        role: Role::Form,
    }
}

/// The usual body: one call that has the bare operands, each of which goes to one field. Whatever else is in a body
/// costs build time.
fn packed(form: &Form, value: Option<&TokenStream>) -> Option<TokenStream> {
    let (mut lowest_bits, mut types, mut params, mut target) = (Vec::new(), Vec::new(), Vec::new(), None);
    for operand in &form.operands {
        let (param, ty) = (ident(&operand.param), ident(&alias(&operand.kind.ty)));
        match operand.kind.by {
            By::Target(rel) => {
                target = Some((ident(rel), param));
                continue;
            }
            By::Value => types.push(Some(ty)),
            // The parameter's bound says it.
            By::Into => types.push(None),
            By::Method(..) => return None,
        }
        let runs: Vec<Vec<Part>> = operand.fields.iter().map(|list| parts(list, &form.bits)).collect();
        let [run] = &runs[..] else { return None };
        let &[Part { from: 0, width, to }] = &run[..] else { return None };
        if width != operand.kind.width {
            return None;
        }
        lowest_bits.push(to);
        params.push(param);
    }
    if form.condition.is_some() || !(1..=4).contains(&params.len()) {
        return None;
    }
    let word = hex(form.bits.value);
    let word = value.map_or(quote!(#word), |value| quote!(#word | #value));
    let at = places(&lowest_bits);
    let by_bounds = types.iter().all(Option::is_none);
    let types = types.into_iter().map(|ty| ty.map_or_else(|| quote!(_), |ty| quote!(#ty)));
    let types = if by_bounds { TokenStream::new() } else { quote!(::<_, #(#types),*>) };
    let count = params.len();
    Some(match target {
        Some((rel, target)) => {
            let branch = ident(&format!("branch{count}"));
            quote!(encode::#branch #types(self, #word, #at, #(#params),*, Rel::#rel, #target))
        }
        None => {
            let place = ident(&format!("word{count}"));
            quote!(encode::#place #types(self, #word, #at, #(#params),*))
        }
    })
}

/// The body in general: a binding for each operand that is named more than once, the check of the condition, and the
/// word.
fn bound(form: &Form, value: Option<&TokenStream>) -> TokenStream {
    let mut bindings = Vec::new();
    let mut word = Terms(form.bits.value, value.cloned().into_iter().collect());
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
        let in_condition = form
            .condition
            .iter()
            .flat_map(Condition::names)
            .any(|name| operand.fields.iter().flatten().any(|&f| form.bits.fields[f].name == name));
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
        Some((rel, param)) => quote!(encode::branch(self, #word, Rel::#rel, #param)),
        None => quote!(encode::word(self, #word)),
    };
    quote! {
        #(#bindings)*
        #check
        #place
    }
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
fn docs(form: &Form, names: &HashSet<&str>) -> Vec<String> {
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
    say("MOVPRFX", prefix(form));
    let when = form.condition.as_ref().map(|when| format!("`{}`; else `finish` fails", when.text));
    say("Needs", when.unwrap_or_default());
    let alias = form.alias.as_deref().map(|alias| {
        let alias = if names.contains(alias) { format!("[`{alias}`](Self::{alias})") } else { format!("`{alias}`") };
        format!("{alias} can place the same word")
    });
    say("Alias", alias.unwrap_or_default());
    say("CPU", form.cpu_text());
    say("Table", format!("{}, `{}`", form.table, form.row));
    say("Feature", form.feature.as_ref().map_or(String::new(), |feature| format!("`{feature}`")));
    docs
}

/// What the documentation says of MOVPRFX.
fn prefix(form: &Form) -> String {
    let letter = |element: u8| ["B", "H", "S", "D", "Q"][usize::from(element)];
    match &form.prefix {
        Prefix::After(Prefixed { governing: None, .. }) => "may come before, unpredicated".into(),
        Prefix::After(Prefixed { governing: Some(Governing { element, .. }), .. }) => {
            format!("may come before, unpredicated or by the same predicate with elements of {}", letter(*element))
        }
        Prefix::Never | Prefix::Any | Prefix::Is(_) => String::new(),
    }
}

/// A kind as data.
fn value_data(kind: &Kind) -> TokenStream {
    let (name, width, ty) = (&kind.name, Literal::u32_unsuffixed(kind.width), ty(&kind.ty));
    let from_bits = match kind.by {
        By::Target(_) => quote!(|_| None),
        By::Method(_, from) => {
            let from = ident(from);
            quote!(|bits| <#ty>::#from(bits).map(Operand::from))
        }
        By::Value | By::Into => quote!(|bits| <#ty>::from_bits(bits).map(Operand::from)),
    };
    quote!(Value { kind: #name, width: #width, from_bits: #from_bits })
}

/// A form as data; `numbers` are the indices of kinds among `VALUES`.
fn form_data(form: &Form, numbers: &HashMap<(&str, u32), usize>, cpu: &Cpu, common: &mut Common) -> TokenStream {
    let Form { name, mnemonic, syntax, table, .. } = form;
    let cpu = cpu.fields(&form.cpu, common);
    let encoding = form.bits.to_string();
    let id = option(form.id.as_deref());
    let flags = form.flags.as_deref().unwrap_or_default();
    let condition = option(form.condition.as_ref().map(|c| c.text.as_str()));
    let alias = option(form.alias.as_deref());
    let infos = form.operands.iter().map(|operand| {
        let (fields, kind) = (operand.field_names(&form.bits), &*operand.kind.ty);
        let access = ident(match operand.access {
            Access::Read => "Read",
            Access::Write => "Write",
            Access::ReadWrite => "ReadWrite",
        });
        quote!(OperandInfo { name: #fields, kind: #kind, access: Access::#access })
    });
    let infos = common.list(&quote!(OperandInfo), infos);
    let values = form.operands.iter().map(|operand| {
        let number = Literal::usize_unsuffixed(numbers[&(operand.kind.name.as_str(), operand.kind.width)]);
        quote!(&VALUES[#number])
    });
    let values = common.list(&quote!(&Value), values);
    let types: Vec<_> = form.operands.iter().map(|operand| ty(&operand.kind.ty)).collect();
    let emit = common.emit(name, &types);
    quote! {
        Form {
            name: #name, mnemonic: #mnemonic, syntax: #syntax, encoding: #encoding, id: #id,
            operands: #infos, values: #values,
            condition: #condition, flags: #flags, #cpu, alias: #alias, table: #table,
            emit: #emit
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

pub(super) fn hex(value: u32) -> Literal {
    let text = if value <= 0xFFFF { format!("{value:#X}") } else { format!("0x{value:08X}") };
    // Digits in base 16 are a literal.
    text.parse().unwrap_or_else(|_| Literal::u32_unsuffixed(value))
}
