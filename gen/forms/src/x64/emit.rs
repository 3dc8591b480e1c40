//! Forms to Rust: one method a form, whose body is one call of the runtime's primitive for the encoding's shape.

use super::{
    Class, Encoding, Form, Immediate, Kind, Mask, Mode, Operand, Pointer, Rex, Rounding, SEGMENT, Slot,
    check::{segment, term_operand},
    is_of_type,
    layouts::{self, LAYOUTS, row},
    synonym,
};
use crate::{
    choice::{self, Family},
    condition::Term,
    cpu::Cpu,
    data::Common,
    layout,
    method::{Home, Method, Role},
    pages::{self, Line},
    print,
};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;
use std::collections::HashMap;

pub(super) const HEADER: &str = "// Generated from tables/x64/ by tailfirst-gen. Change the tables.\n";

/// The encoder functions.
pub fn methods(forms: &[Form]) -> Vec<Method> {
    let plain: Vec<Source> = forms.iter().map(Source::of_form).collect();
    let by_value: Vec<Source> =
        choice::families(forms).unwrap_or_default().iter().filter_map(Source::of_family).collect();
    let of_both_widths = both_widths(plain.iter().chain(&by_value));
    let mut methods: Vec<Method> = plain.iter().chain(&by_value).chain(&of_both_widths).map(method).collect();
    methods.extend(forms.iter().flat_map(synonym::of_form));
    methods.extend(selectors(&plain));
    methods.extend(selectors(&by_value));
    methods.extend(selectors(&of_both_widths));
    methods
}

/// The encoder functions, as the text of a module.
pub fn encoders(forms: &[Form], home: Home<'_>) -> String {
    let runtime = home.runtime();
    let mut text = format!(
        "{HEADER}//\n{}\n\
         #[allow(unused_imports)]\n\
         use {runtime}::{{Direction, IntoTarget}};\n\
         #[allow(unused_imports)]\n\
         use {runtime}::x64::{{*, encode::{{self, Imm}}}};\n\n",
        layout::legends(&LAYOUTS)
    );
    text += &home.methods(&methods(forms));
    text
}

/// The pages of documentation, as the text of a module.
pub fn pages(forms: &[Form]) -> String {
    let lines = forms.iter().map(|form| Line {
        name: &form.name,
        mnemonic: &form.mnemonic,
        syntax: &form.syntax,
        encoding: form.notation.clone(),
        table: &form.table,
        title: &form.title,
    });
    pages::pages(&lines.collect::<Vec<_>>(), "crate::x64::Encoder")
}

/// A function's form, and what it takes as values.
#[derive(Clone)]
struct Source {
    form: Form,
    values: Vec<Value>,
    /// The functions whose values are given.
    functions: Vec<String>,
}

/// What of an encoding is a value.
#[derive(Clone)]
struct Value {
    ty: Ident,
    parameter: Ident,
    /// The number that the form's own encoding has, and where that is added to its constants.
    code: u32,
    shift: u32,
}

impl Source {
    fn of_form(form: &Form) -> Source {
        Source { form: form.clone(), values: vec![], functions: vec![] }
    }

    /// Of the forms of a family, by the operation.
    fn of_family(family: &Family<Form>) -> Option<Source> {
        let (first, choice) = family.first()?;
        let form = Form { name: choice.function.clone(), syntax: choice.syntax.clone(), ..first.clone() };
        let (ty, parameter) = (ident(&choice.ty), ident(&choice::snake(&choice.ty)));
        Some(Source {
            form,
            values: vec![Value { ty, parameter, code: choice.code, shift: family.shift }],
            functions: family.forms.iter().map(|form| form.name.clone()).collect(),
        })
    }

    /// Of two forms that differ in W only, by the operands' width.
    fn of_widths(narrow: &Source, wide: &Source) -> Option<Source> {
        let (narrow_form, wide_form) = (&narrow.form, &wide.form);
        let difference = layouts::number(&wide_form.encoding) ^ layouts::number(&narrow_form.encoding);
        let has_w =
            |form: &Form| matches!(form.encoding, Encoding::Legacy { rex: Rex::W, .. } | Encoding::Vex { w: 1, .. });
        if difference.count_ones() != 1 || !has_w(wide_form) || has_w(narrow_form) || wide_form.has_check() {
            return None;
        }
        let width =
            Value { ty: ident("Width"), parameter: ident("width"), code: 1, shift: difference.trailing_zeros() };
        Some(Source {
            form: Form {
                name: without_width(&wide_form.name, "64"),
                syntax: wide_form.syntax.replace("64", ""),
                ..wide_form.clone()
            },
            values: [width].into_iter().chain(wide.values.iter().cloned()).collect(),
            functions: vec![narrow_form.name.clone(), wide_form.name.clone()],
        })
    }

    fn docs(&self) -> Vec<String> {
        let what: Vec<_> = self.values.iter().map(|value| format!("`{}`", value.parameter)).collect();
        if what.is_empty() {
            return docs(&self.form);
        }
        let functions: Vec<_> = self.functions.iter().map(|name| format!("[`{name}`](Self::{name})")).collect();
        vec![
            format!("`{}`, with {} as a value", self.form.syntax, what.join(" and ")),
            String::new(),
            format!("One of {}.", functions.join(", ")),
        ]
    }

    /// The parameters for the values.
    fn parameters(&self) -> TokenStream {
        self.values.iter().map(|Value { ty, parameter, .. }| quote!(#parameter: #ty,)).collect()
    }

    /// The constants that the function hands over.
    fn row(&self, encoding: &Encoding) -> TokenStream {
        let (layout, number) = (layouts::layout(encoding), layouts::number(encoding));
        let own = self.values.iter().map(|value| u64::from(value.code) << value.shift);
        let (rest, number_type) =
            (layout.literal(own.fold(number, u64::wrapping_sub)), ident(&format!("u{}", layout.bits)));
        let values = self.values.iter().map(|Value { parameter, shift, .. }| match Literal::u32_unsuffixed(*shift) {
            _ if *shift == 0 => quote!(+ (#parameter as #number_type)),
            shift => quote!(+ ((#parameter as #number_type) << #shift)),
        });
        quote!(#rest #(#values)*)
    }
}

/// Functions for 32 and 64 bits in one.
fn both_widths<'a>(sources: impl Iterator<Item = &'a Source> + Clone) -> Vec<Source> {
    let narrow: HashMap<String, &Source> =
        sources.clone().map(|source| (without_width(&source.form.name, "32"), source)).collect();
    let pair = |wide: &Source| Source::of_widths(narrow.get(&without_width(&wide.form.name, "64"))?, wide);
    sources.filter_map(pair).collect()
}

/// A function's name in which registers, and what may be one, have no width: `add_rm_r`.
fn without_width(name: &str, width: &str) -> String {
    let operand = |word: &str| match word.strip_suffix(width) {
        Some(kind @ ("r" | "rm" | "m")) => kind.to_string(),
        _ => word.to_string(),
    };
    name.split('_').map(operand).collect::<Vec<_>>().join("_")
}

/// The types of operations that functions take as values, as the text of a module of the runtime.
pub fn choices(forms: &[Form]) -> String {
    choice::types(forms, &["Cond"])
}

/// What reads the constants that the encoder functions hand over, as the text of a module of the runtime.
pub fn readers() -> String {
    layout::readers(&LAYOUTS)
}

fn docs(form: &Form) -> Vec<String> {
    let mut docs =
        vec![format!("`{}`", form.syntax), String::new(), format!("Encoding: `{}` ({})", form.notation, form.en)];
    let mut say = |what: &str, text: String| {
        if !text.is_empty() {
            docs.push(String::new());
            docs.push(format!("{what}: {text}"));
        }
    };
    let operands: Vec<_> = form.operands.iter().map(|o| format!("`{}` {}", o.text, o.access.words())).collect();
    say("Operands", operands.join("; "));
    let implicit: Vec<_> = form.implicit.iter().map(|(access, what)| format!("`{what}` {}", access.words())).collect();
    say("Implicit", implicit.join("; "));
    say("Flags", if form.rflags.is_empty() { String::new() } else { format!("`{}`", form.rflags) });
    let otherwise = if form.has_check() { "; else `finish` fails" } else { ", by the operand's type" };
    say("Needs", form.when.as_ref().map_or(String::new(), |when| format!("`{}`{otherwise}", when.text)));
    say("CPU", form.cpu.join(", "));
    say("Table", format!("{}, `{}`", form.table, form.row));
    say("Feature", form.feature.as_ref().map_or(String::new(), |feature| format!("`{feature}`")));
    docs
}

pub(super) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// The operand's parameter: its text as an identifier, numbered where two are alike.
pub(super) fn parameter_names(form: &Form) -> Vec<Ident> {
    let mut names: Vec<String> = Vec::new();
    for operand in &form.operands {
        let plain: String = operand.text.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        // A constant (`shl r/m64, 1`) is no parameter, but has its place in the list.
        let plain = if operand.slot == Slot::Fixed { format!("fixed{plain}") } else { plain };
        let plain = plain.to_ascii_lowercase().replace("uimm", "imm");
        let taken = names.iter().filter(|name| **name == plain || name.starts_with(&format!("{plain}_"))).count();
        names.push(if taken == 0 { plain } else { format!("{plain}_{}", taken + 1) });
    }
    names.iter().map(|name| ident(name)).collect()
}

fn class_type(class: Class) -> TokenStream {
    match class {
        Class::R8 => quote!(Gpr8),
        Class::R8h => quote!(Gpr8h),
        Class::R16 => quote!(Gpr16),
        Class::R32 => quote!(Gpr32),
        Class::R64 => quote!(Gpr64),
        Class::Low16 => quote!(Low<Gpr16>),
        Class::Low32 => quote!(Low<Gpr32>),
        Class::E8 => quote!(EGpr8),
        Class::E16 => quote!(EGpr16),
        Class::E32 => quote!(EGpr32),
        Class::E64 => quote!(EGpr64),
        Class::Xmm => quote!(Xmm),
        Class::Ymm => quote!(Ymm),
        Class::Zmm => quote!(Zmm),
        Class::EXmm => quote!(EXmm),
        Class::EYmm => quote!(EYmm),
        Class::K => quote!(K),
        Class::KPair => quote!(KPair),
        Class::Tmm => quote!(Tmm),
        Class::St => quote!(St),
        Class::Sreg => quote!(Sreg),
        Class::Mm => quote!(Mm),
        Class::Cr => quote!(Cr),
        Class::Dr => quote!(Dr),
    }
}

/// The operand's type without decorations, and whether it is made by `into`.
fn plain_type(form: &Form, kind: &Kind) -> (TokenStream, bool) {
    match kind {
        Kind::Reg(class) => {
            let converted = matches!(
                class,
                Class::E8 | Class::E16 | Class::E32 | Class::E64 | Class::EXmm | Class::EYmm | Class::K
            );
            (class_type(*class), converted)
        }
        Kind::RegMem { class, broadcast, .. } => {
            let class = class_type(*class);
            (if broadcast.is_some() { quote!(Bcst<#class>) } else { quote!(Rm<#class>) }, true)
        }
        Kind::Mem { .. } if form.is_without_rex() => (quote!(Low<Mem>), false),
        Kind::Mem { extended, .. } => {
            let plain = if *extended { quote!(EMem) } else { quote!(Mem) };
            let sized = match form.address_bits() {
                Some(32) => quote!(NarrowMem<#plain>),
                Some(_) => quote!(WideMem<#plain>),
                None => plain,
            };
            (sized, true)
        }
        Kind::Vsib { class } => {
            let class = class_type(*class);
            (quote!(VMem<#class>), true)
        }
        Kind::Imm { bits: 4, .. } => (quote!(U4), false),
        Kind::Imm { bits, signed } => {
            let ty = ident(&format!("{}{bits}", if *signed { 'i' } else { 'u' }));
            (quote!(#ty), false)
        }
        Kind::Rel { .. } => (quote!(Target), true),
        Kind::Moffs { prefixed: false, .. } => (quote!(u64), false),
        Kind::Moffs { prefixed: true, .. } => (quote!(Moffs), false),
        Kind::FixedAddress(Pointer::Rsi) => (quote!(StringSource), false),
        Kind::FixedAddress(Pointer::Rbx) => (quote!(XlatTable), false),
        Kind::FixedAddress(Pointer::Rdi) => (quote!(MaskedDestination), false),
        Kind::FlagsValue => (quote!(Dfv), false),
        Kind::Fixed(_) => (quote!(()), false),
    }
}

/// The operand's type, and whether it is made by `into`.
pub(super) fn parameter_type(form: &Form, operand: &Operand) -> (TokenStream, bool) {
    let (plain, converted) = plain_type(form, &operand.kind);
    let decorated = match (operand.mask, operand.rounding) {
        (Some(Mask::Merging), _) if form.needs_mask() => quote!(Masked<#plain>),
        (Some(Mask::Merging), _) => quote!(Merging<#plain>),
        (Some(Mask::Zeroing), _) => quote!(Zeroing<#plain>),
        (None, Some(Rounding::Embedded)) => quote!(Er<#plain>),
        (None, Some(Rounding::SuppressExceptions)) => quote!(Sae<#plain>),
        (None, None) => return (plain, converted),
    };
    (decorated, true)
}

/// Selectors: where two rows differ only in the size of a sign-extended immediate or of a displacement, one function
/// takes the shorter if the value fits.
fn selectors(sources: &[Source]) -> Vec<Method> {
    let by_name: HashMap<&str, &Source> = sources.iter().map(|source| (source.form.name.as_str(), source)).collect();
    let mut methods = Vec::new();
    for short in sources {
        if let Some(selector) = by_immediate(short, &by_name).or_else(|| by_distance(short, &by_name)) {
            methods.push(selector);
            methods.extend(synonym::of_selector(&short.form));
        }
    }
    methods
}

fn by_distance(short: &Source, by_name: &HashMap<&str, &Source>) -> Option<Method> {
    let stem = short.form.name.strip_suffix("_rel8")?;
    let near = by_name.get(format!("{stem}_rel32").as_str())?;
    // The primitive places opcode and distance alone.
    let is_bare =
        |source: &&Source| matches!(&source.form.encoding, Encoding::Legacy { prefixes, .. } if prefixes.is_empty());
    if ![&short, near].into_iter().all(is_bare) {
        return None;
    }
    let (name, short_row, near_row) = (ident(stem), short.row(&short.form.encoding), near.row(&near.form.encoding));
    let value = short.parameters();
    let signature = quote!(#name(&mut self, #value target: impl IntoTarget));
    let body = quote!(encode::branch_by_distance(self, #short_row, #near_row, target));
    let docs = vec![
        format!("`{}` if the target is bound and near enough, else `{}`", short.form.syntax, near.form.syntax),
        String::new(),
        format!("A selector: [`{0}`](Self::{0}) or [`{1}`](Self::{1}).", short.form.name, near.form.name),
    ];
    let role = Role::Selects(vec![short.form.name.clone(), near.form.name.clone()]);
    Some(Method { docs, attributes: TokenStream::new(), signature, body, table: short.form.table.clone(), role })
}

/// Which one it is depends on a value that no branch predictor knows, so both are made from constants, and one is
/// selected.
fn by_immediate(short: &Source, by_name: &HashMap<&str, &Source>) -> Option<Method> {
    let stem = short.form.name.strip_suffix("_imm8")?;
    let long = ["imm16", "imm32"].into_iter().find_map(|imm| by_name.get(format!("{stem}_{imm}").as_str()))?;
    let (
        Encoding::Legacy { prefixes, rex, opcode, modrm: Some(modrm), .. },
        Encoding::Legacy {
            prefixes: long_prefixes, rex: long_rex, opcode: long_opcode, modrm: Some(long_modrm), ..
        },
    ) = (&short.form.encoding, &long.form.encoding)
    else {
        return None;
    };
    // Bit s of the opcode tells them apart.
    let is_sign_extended = matches!((&opcode[..], &long_opcode[..]), ([short], [long]) if *short == long | 2);
    if (prefixes, rex, modrm) != (long_prefixes, long_rex, long_modrm) || !is_sign_extended {
        return None;
    }
    let (parameters, conversions) = parameters(&long.form);
    let names = parameter_names(&long.form);
    let (reg, rm) = (argument(&long.form, &names, Slot::Reg), rm_argument(&long.form, &names));
    let generic = generic(&[&rm]);
    let (reg, rm) = (reg.value, rm.value);
    let imm = names.last()?;
    let name = ident(&format!("{stem}_imm"));
    let row = long.row(&long.form.encoding);
    let value = short.parameters();
    let signature = quote!(#name(&mut self, #value #(#parameters),*));
    let body = quote!(#(#conversions)* encode::rm_imm_by_size #generic(self, #row, #reg, #rm, #imm));
    let docs = vec![
        format!("`{}` if the value fits, else `{}`", short.form.syntax, long.form.syntax),
        String::new(),
        format!("A selector: [`{0}`](Self::{0}) or [`{1}`](Self::{1}).", short.form.name, long.form.name),
    ];
    let role = Role::Selects(vec![short.form.name.clone(), long.form.name.clone()]);
    Some(Method { docs, attributes: TokenStream::new(), signature, body, table: short.form.table.clone(), role })
}

/// Whether the function itself converts its operands: where a check looks at them, and where the primitive takes plain
/// registers, but the form more.
fn converts(form: &Form) -> bool {
    let has_mask_register = form.operands.iter().any(|operand| matches!(operand.kind, Kind::Reg(Class::K)));
    form.has_check() || has_mask_register && matches!(form.encoding, Encoding::Vex { .. })
}

/// The parameters of a form's function, and what converts them to their types.
pub(super) fn parameters(form: &Form) -> (Vec<TokenStream>, Vec<TokenStream>) {
    let mut parameters = Vec::new();
    let mut conversions = Vec::new();
    for (operand, name) in form.operands.iter().zip(parameter_names(form)) {
        if operand.slot == Slot::Fixed {
            continue;
        }
        let (ty, converted) = parameter_type(form, operand);
        if matches!(operand.kind, Kind::Rel { .. }) {
            parameters.push(quote!(#name: impl IntoTarget));
        } else if converted {
            parameters.push(quote!(#name: impl IntoOperand<#ty>));
            if converts(form) {
                conversions.push(quote!(let #name: #ty = #name.into();));
            }
        } else {
            parameters.push(quote!(#name: #ty));
        }
    }
    (parameters, conversions)
}

fn method(source: &Source) -> Method {
    let (form, value) = (&source.form, source.parameters());
    let name = ident(&form.name);
    let names = parameter_names(form);
    let (parameters, conversions) = parameters(form);
    let check = condition(form, &names);
    let body = body(source, &names);
    Method {
        docs: source.docs(),
        attributes: TokenStream::new(),
        signature: quote!(#name(&mut self, #value #(#parameters),*)),
        body: quote!(#(#conversions)* #check #body),
        table: form.table.clone(),
        role: if source.values.is_empty() { Role::Form } else { Role::ByValue(source.functions.clone()) },
    }
}

/// The check of the row's `when`.
fn condition(form: &Form, names: &[Ident]) -> TokenStream {
    let Some(when) = form.when.as_ref().filter(|_| form.has_check()) else { return TokenStream::new() };
    let term = |term: &Term| -> TokenStream {
        let number = match term {
            Term::Number(number) => *number,
            Term::Name(name) if name == SEGMENT => {
                let memory = named(form, names, Slot::Rm).map(plain);
                return quote!(#memory.rm().segment());
            }
            Term::Name(name) => match (segment(name), term_operand(form, name)) {
                (Some(number), _) => number.into(),
                (None, Some(Operand { kind: Kind::Fixed(number), .. })) => (*number).into(),
                (None, Some(operand)) => {
                    let at = form.operands.iter().position(|other| std::ptr::eq(other, operand)).unwrap_or_default();
                    let operand_name = plain((operand, &names[at]));
                    return if matches!(operand.kind, Kind::RegMem { .. }) {
                        quote!(#operand_name.rm().register())
                    } else {
                        quote!(Some(#operand_name.number()))
                    };
                }
                // Checked when the form was made.
                (None, None) => return TokenStream::new(),
            },
        };
        let number = Literal::u32_unsuffixed(number);
        quote!(Some(#number))
    };
    // Rejected is what meets none of the conjunctions.
    let unmet = when.any_of.iter().map(|all_of| {
        let by_value = all_of.iter().filter(|c| !matches!(&c.left, Term::Name(name) if is_of_type(name)));
        let comparisons = by_value.map(|comparison| {
            let (left, right) = (term(&comparison.left), term(&comparison.right));
            if comparison.equal { quote!(#left != #right) } else { quote!(#left == #right) }
        });
        let unmet = quote!(#(#comparisons)||*);
        if when.any_of.len() > 1 && all_of.len() > 1 { quote!((#unmet)) } else { unmet }
    });
    let (name, text) = (&form.name, &when.text);
    quote! {
        if #(#unmet)&&* {
            encode::reject(self, #name, #text);
        }
    }
}

/// The operand without its decorations, in a function that has converted it.
fn plain((operand, name): (&Operand, &Ident)) -> TokenStream {
    if operand.mask.is_some() || operand.rounding.is_some() { quote!(#name.operand()) } else { quote!(#name) }
}

/// The operand in a place, and its parameter.
fn named<'a>(form: &'a Form, names: &'a [Ident], slot: Slot) -> Option<(&'a Operand, &'a Ident)> {
    form.operands.iter().zip(names).find(|(operand, _)| operand.slot == slot)
}

/// What a primitive gets for a place in the encoding.
struct Argument {
    value: TokenStream,
    /// The type that it has, or is converted to; none where the parameter's own bound says it.
    ty: Option<TokenStream>,
}

/// The operand in a place, `()` if there is none.
fn argument(form: &Form, names: &[Ident], slot: Slot) -> Argument {
    let Some((operand, name)) = named(form, names, slot) else {
        return Argument { value: quote!(()), ty: Some(quote!(())) };
    };
    let (ty, converted) = parameter_type(form, operand);
    Argument { value: quote!(#name), ty: (!converted || converts(form)).then_some(ty) }
}

/// ModRM.rm: an operand, or fixed.
fn rm_argument(form: &Form, names: &[Ident]) -> Argument {
    let modrm = form.modrm();
    if named(form, names, Slot::Rm).is_none() {
        let fixed = Literal::u8_unsuffixed(modrm.and_then(|modrm| modrm.rm).unwrap_or(0));
        return Argument { value: quote!(encode::Reg::fixed(#fixed)), ty: Some(quote!(encode::Reg)) };
    }
    let operand = argument(form, names, Slot::Rm);
    if modrm.is_some_and(|modrm| modrm.mode == Mode::MemorySib) {
        let Argument { value, ty } = operand;
        let converted = if ty.is_some() { value } else { quote!(#value.into()) };
        Argument { value: quote!(#converted.rm().with_sib()), ty: Some(quote!(encode::Operand)) }
    } else {
        operand
    }
}

/// The types that a primitive converts its arguments to, if the parameters' bounds do not say all of them.
fn generic(arguments: &[&Argument]) -> TokenStream {
    if arguments.iter().all(|argument| argument.ty.is_none()) {
        return TokenStream::new();
    }
    let types = arguments.iter().map(|argument| argument.ty.clone().unwrap_or_else(|| quote!(_)));
    // The first one is the encoder's direction.
    quote!(::<_, #(#types),*>)
}

fn body(source: &Source, names: &[Ident]) -> TokenStream {
    let form = &source.form;
    let modrm = form.modrm();
    let [reg, vvvv, opcode_register, target] =
        [Slot::Reg, Slot::Vvvv, Slot::Opcode, Slot::Rel].map(|slot| argument(form, names, slot));
    let rm = rm_argument(form, names);
    let has_register = named(form, names, Slot::Opcode).is_some();
    let (rm_type, all_types) = (generic(&[&rm]), generic(&[&reg, &vvvv, &rm]));
    let (two_types, register_type) = (generic(&[&reg, &rm]), generic(&[&opcode_register]));
    let [reg, vvvv, rm, register, target] = [reg, vvvv, rm, opcode_register, target].map(|argument| argument.value);
    let immediate = immediate(form, names);
    let has_immediate = !immediate.is_empty();
    let fixed_address = form.operands.iter().zip(names).find_map(|(operand, name)| {
        matches!(operand.kind, Kind::FixedAddress(_) | Kind::Moffs { prefixed: true, .. }).then_some(name)
    });
    let immediate = if has_immediate { immediate } else { quote!(()) };
    let (wait, encoding) = apart_from_wait(&form.encoding);
    let row = source.row(&encoding);
    let instruction = match encoding {
        Encoding::Legacy { plus, .. } => {
            let instruction = match (form.immediates.first(), modrm) {
                (_, None) if fixed_address.is_some() => quote!(encode::op_at(self, #row, #fixed_address)),
                (Some(Immediate::Rel(1)), _) => quote!(encode::rel8(self, #row, #target)),
                (Some(Immediate::Rel(_)), _) => quote!(encode::rel32(self, #row, #target)),
                (_, Some(_)) if has_immediate => quote!(encode::rm_imm #rm_type(self, #row, #reg, #rm, #immediate)),
                (_, Some(_)) => quote!(encode::rm #rm_type(self, #row, #reg, #rm)),
                (_, None) if plus && has_immediate => quote!(encode::plus_imm(self, #row, #register, #immediate)),
                (_, None) if has_register => quote!(encode::plus(self, #row, #register)),
                (_, None) if has_immediate => quote!(encode::op_imm(self, #row, #immediate)),
                (_, None) => quote!(encode::op(self, #row)),
            };
            match wait {
                Some(wait) => {
                    quote!(encode::wait_before(self, #wait); #instruction; encode::wait_after(self, #wait))
                }
                None => instruction,
            }
        }
        Encoding::Rex2 { .. } => match modrm {
            Some(_) => quote!(encode::rex2 #two_types(self, #row, #reg, #rm, #immediate)),
            None if has_register => quote!(encode::rex2_plus #register_type(self, #row, #register, #immediate)),
            None => quote!(encode::rex2_op(self, #row, #immediate)),
        },
        Encoding::Vex { .. } if form.is_xop() => {
            quote!(encode::xop #rm_type(self, #row, #reg, #vvvv, #rm, #immediate))
        }
        Encoding::Vex { .. } => match modrm {
            None => quote!(encode::vex_op(self, #row)),
            Some(_) if has_immediate => quote!(encode::vex_imm #rm_type(self, #row, #reg, #vvvv, #rm, #immediate)),
            Some(_) => quote!(encode::vex #rm_type(self, #row, #reg, #vvvv, #rm)),
        },
        Encoding::Evex { .. } => {
            if form.operands.iter().any(|operand| matches!(operand.kind, Kind::Vsib { .. })) {
                quote!(encode::evex_vsib #two_types(self, #row, #reg, #rm))
            } else {
                quote!(encode::evex #all_types(self, #row, #reg, #vvvv, #rm, #immediate))
            }
        }
    };
    match fixed_address.filter(|_| modrm.is_some()) {
        Some(address) => quote! {
            encode::address_before(self, #address);
            #instruction;
            encode::address_after(self, #address)
        },
        None => instruction,
    }
}

/// The constants of WAIT, if the encoding begins with it, and the rest: WAIT is an instruction by itself, which stands
/// in front of an address's prefixes, too.
fn apart_from_wait(encoding: &Encoding) -> (Option<Literal>, Encoding) {
    const WAIT: u8 = 0x9B;
    let mut encoding = encoding.clone();
    let wait = match &mut encoding {
        Encoding::Legacy { prefixes, .. } if prefixes.first() == Some(&WAIT) => {
            prefixes.remove(0);
            let (prefixes, rex, opcode) = (vec![], Rex::AsNeeded, vec![WAIT]);
            Some(row(&Encoding::Legacy { prefixes, rex, opcode, plus: false, modrm: None }))
        }
        _ => None,
    };
    (wait, encoding)
}

/// The immediate: the bare operand, or what two of them make; nothing where the form has none.
fn immediate(form: &Form, names: &[Ident]) -> TokenStream {
    let operands: Vec<_> = form
        .operands
        .iter()
        .zip(names)
        .filter(|(operand, _)| matches!(operand.slot, Slot::Imm | Slot::Moffs | Slot::Is4))
        .collect();
    match &operands[..] {
        [] => TokenStream::new(),
        [(_, only)] => quote!(#only),
        [(_, register), (_, low), ..] if form.immediates.contains(&Immediate::Is5) => {
            quote!(Imm::is5(#register.number(), #low))
        }
        all => {
            let one = all.iter().map(|(operand, name)| {
                let constructor = match operand.kind {
                    Kind::Imm { bits, signed } => ident(&format!("{}{bits}", if signed { 'i' } else { 'u' })),
                    _ => ident("u64"),
                };
                quote!(Imm::#constructor(#name))
            });
            one.reduce(|all, one| quote!(#all.then(#one))).unwrap_or_default()
        }
    }
}

/// The forms as data, for the feature `forms`: the text of a module inside `x64::form`.
pub fn forms_data(forms: &[Form], cpu: &Cpu) -> String {
    let mut common = Common::default();
    let mut text = String::from("pub(super) const FORMS: &[Form] = &[\n");
    for form in forms {
        text += &format!("    {},\n", print::inline(form_data(form, cpu, &mut common)));
    }
    text + "];\n\n" + &common.into_items()
}

fn form_data(form: &Form, cpu: &Cpu, common: &mut Common) -> TokenStream {
    let Form { name, mnemonic, syntax, notation, en, rflags, table, .. } = form;
    let cpu = cpu.fields(&form.cpu, common);
    let parameters: Vec<_> = form.parameters().collect();
    let types: Vec<_> = parameters.iter().map(|operand| parameter_type(form, operand).0).collect();
    let operands = parameters.iter().zip(&types).map(|(operand, ty)| {
        let (text, kind) = (&operand.text, print::inline(ty.clone()));
        let access = ident(match operand.access {
            super::Access::Read => "Read",
            super::Access::Write => "Write",
            super::Access::ReadWrite => "ReadWrite",
            super::Access::None => "None",
        });
        quote!(OperandInfo { name: #text, kind: #kind, access: Access::#access })
    });
    let operands = common.list(&quote!(OperandInfo), operands);
    let implicit = form.implicit.iter().map(|(access, what)| format!("{}:{what}", access.letters()));
    let implicit = common.list(&quote!(&str), implicit.map(|text| quote!(#text)));
    let emit = common.emit(name, &types);
    quote! {
        Form {
            name: #name, mnemonic: #mnemonic, syntax: #syntax, encoding: #notation, op_en: #en,
            operands: #operands, implicit: #implicit, rflags: #rflags, #cpu, table: #table,
            emit: #emit
        }
    }
}
