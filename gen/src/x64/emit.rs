//! Forms to Rust: one method a form, whose body is one call of the runtime's primitive for the encoding's shape.

use super::{
    Class, Encoding, Form, Immediate, Kind, MASK, Mask, Mode, Operand, Rex, Rounding, Slot,
    check::{segment, term_operand},
};
use crate::{
    condition::Term,
    print::{self, Item},
};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;
use std::collections::HashMap;

/// The encoder functions, as the text of a module; `runtime` is the path of the tailfirst crate.
pub fn encoders(forms: &[Form], runtime: &TokenStream) -> String {
    let mut items: Vec<Item> = forms.iter().map(|form| Item { docs: docs(form), tokens: function(form) }).collect();
    items.extend(selectors(forms));
    let mut text = String::from("// Generated from tables/x64/ by tailfirst-gen. Change the tables.\n\n");
    text += &print::file(quote! {
        use #runtime::Target;
        #[allow(unused_imports)]
        use #runtime::x64::{*, encode::{self, EvexOp, Imm, Op, Reg, RegisterClass, Rex2Op, VexOp}};
    });
    text.push('\n');
    text += &print::items(Some(quote!(impl Encoder<'_>)), &items);
    text
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
    say("Needs", form.when.as_ref().map_or(String::new(), |when| format!("`{}`; else `finish` fails", when.text)));
    say("CPU", form.cpu.join(", "));
    say("Table", form.table.clone());
    say("Feature", form.feature.as_ref().map_or(String::new(), |feature| format!("`{feature}`")));
    docs
}

fn ident(name: &str) -> Ident {
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
        Class::Tmm => quote!(Tmm),
        Class::St => quote!(St),
        Class::Sreg => quote!(Sreg),
    }
}

/// The operand's type without decorations, and whether it is made by `into`.
fn plain_type(form: &Form, kind: &Kind) -> (TokenStream, bool) {
    match kind {
        Kind::Reg(class) => {
            let converted =
                matches!(class, Class::E8 | Class::E16 | Class::E32 | Class::E64 | Class::EXmm | Class::EYmm);
            (class_type(*class), converted)
        }
        Kind::RegMem { class, broadcast, .. } => {
            let class = class_type(*class);
            (if broadcast.is_some() { quote!(Bcst<#class>) } else { quote!(Rm<#class>) }, true)
        }
        Kind::Mem { .. } if form.is_without_rex() => (quote!(Low<Mem>), false),
        Kind::Mem { extended: true, .. } => (quote!(EMem), true),
        Kind::Mem { .. } => (quote!(Mem), true),
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
        Kind::Moffs { .. } => (quote!(u64), false),
        Kind::FlagsValue => (quote!(Dfv), false),
        Kind::Fixed(_) => (quote!(()), false),
    }
}

/// The operand's type, and whether it is made by `into`.
pub(super) fn parameter_type(form: &Form, operand: &Operand) -> (TokenStream, bool) {
    let (plain, converted) = plain_type(form, &operand.kind);
    let decorated = match (operand.mask, operand.rounding) {
        (Some(Mask::Merging), _) if form.needs_mask() => quote!(NonZeroMasked<#plain>),
        (Some(Mask::Merging), _) => quote!(Masked<#plain>),
        (Some(Mask::Zeroing), _) => quote!(MaskedZ<#plain>),
        (None, Some(Rounding::Embedded)) => quote!(Er<#plain>),
        (None, Some(Rounding::SuppressExceptions)) => quote!(Sae<#plain>),
        (None, None) => return (plain, converted),
    };
    (decorated, true)
}

/// Whether the operand carries EVEX bits besides its own.
fn is_decorated(operand: &Operand) -> bool {
    let broadcast = matches!(operand.kind, Kind::RegMem { broadcast: Some(_), .. });
    operand.mask.is_some() || operand.rounding.is_some() || broadcast
}

/// The constant for prefixes, REX.W and opcode bytes.
fn legacy_op(prefixes: &[u8], rex: Rex, opcode: &[u8]) -> TokenStream {
    let opcode = opcode.iter().map(|byte| hex(*byte));
    let mut op = quote!(Op::new(&[#(#opcode),*]));
    if !prefixes.is_empty() {
        let prefixes = prefixes.iter().map(|byte| hex(*byte));
        op = quote!(#op.prefixed(&[#(#prefixes),*]));
    }
    if rex == Rex::W {
        op = quote!(#op.w());
    }
    quote!(const { #op })
}

/// Selectors: where two rows differ only in the size of a sign-extended immediate or of a displacement, one function takes the shorter if the
/// value fits.
fn selectors(forms: &[Form]) -> Vec<Item> {
    let by_name: HashMap<&str, &Form> = forms.iter().map(|form| (form.name.as_str(), form)).collect();
    let selector = |short| by_immediate(short, &by_name).or_else(|| by_distance(short, &by_name));
    forms.iter().filter_map(selector).collect()
}

fn by_distance(short: &Form, by_name: &HashMap<&str, &Form>) -> Option<Item> {
    let stem = short.name.strip_suffix("_rel8")?;
    let near = by_name.get(format!("{stem}_rel32").as_str())?;
    let op = |form: &Form| match &form.encoding {
        Encoding::Legacy { prefixes, rex, opcode, .. } => Some(legacy_op(prefixes, *rex, opcode)),
        _ => None,
    };
    let (name, short_op, near_op) = (ident(stem), op(short)?, op(near)?);
    let tokens = quote! {
        #[cfg_attr(not(debug_assertions), inline(always))]
        pub fn #name(&mut self, target: impl Into<Target>) {
            encode::branch_by_distance(self, #short_op, #near_op, target.into())
        }
    };
    let docs = vec![
        format!("`{}` if the target is bound and near enough, else `{}`", short.syntax, near.syntax),
        String::new(),
        format!("A selector: [`{0}`](Self::{0}) or [`{1}`](Self::{1}).", short.name, near.name),
    ];
    Some(Item { docs, tokens })
}

/// Which one it is depends on a value that no branch predictor knows, so both are made from constants, and one is selected.
fn by_immediate(short: &Form, by_name: &HashMap<&str, &Form>) -> Option<Item> {
    let stem = short.name.strip_suffix("_imm8")?;
    let (long, bytes) = [("imm16", 2), ("imm32", 4)]
        .into_iter()
        .find_map(|(imm, bytes)| Some((*by_name.get(format!("{stem}_{imm}").as_str())?, bytes)))?;
    let (
        Encoding::Legacy { prefixes, rex, opcode: short_opcode, modrm: Some(modrm), .. },
        Encoding::Legacy {
            prefixes: long_prefixes, rex: long_rex, opcode: long_opcode, modrm: Some(long_modrm), ..
        },
    ) = (&short.encoding, &long.encoding)
    else {
        return None;
    };
    if (prefixes, rex, modrm) != (long_prefixes, long_rex, long_modrm) {
        return None;
    }
    let (parameters, conversions) = parameters(long);
    let names = parameter_names(long);
    let (reg, rm) = (reg_part(long, &names), rm_part(long, &names));
    let imm = names.last()?;
    let name = ident(&format!("{stem}_imm"));
    let imm = if bytes == 4 { quote!(#imm) } else { quote!(#imm.into()) };
    let bytes = Literal::usize_unsuffixed(bytes);
    let short_op = legacy_op(prefixes, *rex, short_opcode);
    let long_op = legacy_op(prefixes, *rex, long_opcode);
    let tokens = quote! {
        #[cfg_attr(not(debug_assertions), inline(always))]
        pub fn #name(&mut self, #(#parameters),*) {
            #(#conversions)*
            encode::rm_imm_by_size(self, #short_op, #long_op, #reg, #rm, #imm, #bytes)
        }
    };
    let docs = vec![
        format!("`{}` if the value fits, else `{}`", short.syntax, long.syntax),
        String::new(),
        format!("A selector: [`{0}`](Self::{0}) or [`{1}`](Self::{1}).", short.name, long.name),
    ];
    Some(Item { docs, tokens })
}

/// The parameters of a form's function, and what converts those that are used more than once to their types.
fn parameters(form: &Form) -> (Vec<TokenStream>, Vec<TokenStream>) {
    let mut parameters = Vec::new();
    let mut conversions = Vec::new();
    for (operand, name) in form.operands.iter().zip(parameter_names(form)) {
        if operand.slot == Slot::Fixed {
            continue;
        }
        let (ty, converted) = parameter_type(form, operand);
        if converted {
            parameters.push(quote!(#name: impl Into<#ty>));
            if !is_used_once(form, operand) {
                conversions.push(quote!(let #name: #ty = #name.into();));
            }
        } else {
            parameters.push(quote!(#name: #ty));
        }
    }
    (parameters, conversions)
}

fn function(form: &Form) -> TokenStream {
    let name = ident(&form.name);
    let names = parameter_names(form);
    let (parameters, conversions) = parameters(form);
    let check = condition(form, &names);
    let body = body(form, &names);
    quote! {
        #[cfg_attr(not(debug_assertions), inline(always))]
        pub fn #name(&mut self, #(#parameters),*) {
            #(#conversions)*
            #check
            #body
        }
    }
}

/// The check of the row's `when`.
fn condition(form: &Form, names: &[Ident]) -> TokenStream {
    let Some(when) = form.when.as_ref().filter(|_| has_check(form)) else { return TokenStream::new() };
    let term = |term: &Term| -> TokenStream {
        let number = match term {
            Term::Number(number) => *number,
            Term::Name(name) => match (segment(name), term_operand(form, name)) {
                (Some(number), _) => number.into(),
                (None, Some(Operand { kind: Kind::Fixed(number), .. })) => (*number).into(),
                (None, Some(operand)) => {
                    let at = form.operands.iter().position(|other| std::ptr::eq(other, operand)).unwrap_or_default();
                    let operand_name = plain(form, (operand, &names[at]));
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
        // That a mask is not k0 is a matter of its type.
        let by_value = all_of.iter().filter(|comparison| comparison.left != Term::Name(MASK.into()));
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

/// Whether the function names the operand in one place, which then converts it: a binding costs build time.
fn is_used_once(form: &Form, operand: &Operand) -> bool {
    !is_decorated(operand) && !has_check(form)
}

/// Whether operands' values decide whether the form can be encoded. That a mask is not k0 is a matter of its type.
fn has_check(form: &Form) -> bool {
    form.when.as_ref().is_some_and(|when| when.names().any(|name| name != MASK))
}

/// The operand without its decorations, which hold it.
fn plain(form: &Form, (operand, name): (&Operand, &Ident)) -> TokenStream {
    let (_, converted) = parameter_type(form, operand);
    if operand.mask.is_some() || operand.rounding.is_some() {
        quote!(#name.operand())
    } else if converted && is_used_once(form, operand) {
        quote!(#name.into())
    } else {
        quote!(#name)
    }
}

fn hex(byte: u8) -> Literal {
    // `Literal` has no hexadecimal constructor; its parser knows the notation.
    format!("{byte:#04X}").parse().unwrap_or_else(|_| Literal::u8_unsuffixed(byte))
}

/// The operand in a place, and its parameter.
fn named<'a>(form: &'a Form, names: &'a [Ident], slot: Slot) -> Option<(&'a Operand, &'a Ident)> {
    form.operands.iter().zip(names).find(|(operand, _)| operand.slot == slot)
}

/// ModRM.reg: an operand, or the digit.
fn reg_part(form: &Form, names: &[Ident]) -> TokenStream {
    if let Some(operand) = named(form, names, Slot::Reg) {
        let operand = plain(form, operand);
        return quote!(#operand.reg());
    }
    let digit = Literal::u8_unsuffixed(form.modrm().and_then(|modrm| modrm.reg).unwrap_or(0));
    quote!(Reg::digit(#digit))
}

/// ModRM.rm: an operand, or fixed.
fn rm_part(form: &Form, names: &[Ident]) -> TokenStream {
    let modrm = form.modrm();
    let Some(operand) = named(form, names, Slot::Rm) else {
        let fixed = Literal::u8_unsuffixed(modrm.and_then(|modrm| modrm.rm).unwrap_or(0));
        return quote!(encode::RmWord::fixed(#fixed));
    };
    let operand = plain(form, operand);
    if modrm.is_some_and(|modrm| modrm.mode == Mode::MemorySib) {
        quote!(#operand.rm().with_sib())
    } else {
        quote!(#operand.rm())
    }
}

fn body(form: &Form, names: &[Ident]) -> TokenStream {
    let named = |slot: Slot| named(form, names, slot);
    let modrm = form.modrm();
    let (reg, rm) = (reg_part(form, names), rm_part(form, names));
    let vvvv = match named(Slot::Vvvv) {
        Some(operand) => {
            let operand = plain(form, operand);
            quote!(#operand.number())
        }
        None => quote!(0),
    };
    let immediate = immediate(form, names);
    let has_immediate = !immediate.is_empty();
    let decorations = form
        .operands
        .iter()
        .zip(names)
        .filter(|(operand, _)| is_decorated(operand))
        .map(|(_, name)| quote!(#name.decorations()));
    let decorations = decorations.reduce(|a, b| quote!(#a.and(#b))).unwrap_or_else(|| quote!(Decorations::NONE));
    match &form.encoding {
        Encoding::Legacy { prefixes, rex, opcode, plus, .. } => {
            // WAIT is an instruction by itself, which stands in front of the address's prefixes, too.
            let (wait, prefixes) = match prefixes.split_first() {
                Some((0x9B, rest)) => (quote!(encode::op(self, const { Op::new(&[0x9B]) });), rest),
                _ => (TokenStream::new(), &prefixes[..]),
            };
            let op = legacy_op(prefixes, *rex, opcode);
            let target = named(Slot::Rel).map(|operand| plain(form, operand));
            let register = named(Slot::Opcode).map(|operand| plain(form, operand));
            let instruction = match (form.immediates.first(), modrm, register) {
                (Some(Immediate::Rel(1)), ..) => quote!(encode::rel8(self, #op, #target)),
                (Some(Immediate::Rel(_)), ..) => quote!(encode::rel32(self, #op, #target)),
                (_, Some(_), _) if has_immediate => quote!(encode::rm_imm(self, #op, #reg, #rm, #immediate)),
                (_, Some(_), _) => quote!(encode::rm(self, #op, #reg, #rm)),
                (_, None, Some(register)) if *plus && has_immediate => {
                    quote!(encode::plus_imm(self, #op, #register.rm(), #immediate))
                }
                (_, None, Some(register)) => quote!(encode::plus(self, #op, #register.rm())),
                (_, None, None) if has_immediate => quote!(encode::op_imm(self, #op, #immediate)),
                (_, None, None) => quote!(encode::op(self, #op)),
            };
            if wait.is_empty() { instruction } else { quote!(#instruction; #wait) }
        }
        Encoding::Rex2 { prefixes, w, map1, opcode, .. } => {
            let map = ident(if *map1 { "map1" } else { "map0" });
            let opcode = hex(*opcode);
            let mut op = quote!(Rex2Op::#map(#opcode));
            if !prefixes.is_empty() {
                let prefixes = prefixes.iter().map(|byte| hex(*byte));
                op = quote!(#op.prefixed(&[#(#prefixes),*]));
            }
            if *w {
                op = quote!(#op.w());
            }
            let op = quote!(const { #op });
            let immediate = if has_immediate { immediate } else { quote!(Imm::NONE) };
            match (modrm, named(Slot::Opcode).map(|operand| plain(form, operand))) {
                (Some(_), _) => quote!(encode::rex2(self, #op, #reg, #rm, #immediate)),
                (None, Some(register)) => quote!(encode::rex2_plus(self, #op, #register.rm(), #immediate)),
                (None, None) => quote!(encode::rex2_op(self, #op, #immediate)),
            }
        }
        Encoding::Vex { l, pp, map, w, opcode, .. } => {
            let fields = [*map, *pp, *l, *w].map(Literal::u8_unsuffixed);
            let opcode = hex(*opcode);
            let op = quote!(const { VexOp::new(#(#fields,)* #opcode) });
            match modrm {
                None => quote!(encode::vex_op(self, #op)),
                Some(_) if has_immediate => quote!(encode::vex_imm(self, #op, #reg, #vvvv, #rm, #immediate)),
                Some(_) => quote!(encode::vex(self, #op, #reg, #vvvv, #rm)),
            }
        }
        Encoding::Evex { ll, pp, map, w, opcode, disp8, apx, .. } => {
            let fields = [*map, *pp, *ll, *w].map(Literal::u8_unsuffixed);
            let opcode = hex(*opcode);
            let mut op = quote!(EvexOp::new(#(#fields,)* #opcode));
            let (full, element) = (disp8.0.trailing_zeros(), disp8.1.trailing_zeros());
            if (full, element) != (0, 0) {
                let (full, element) = (Literal::u32_unsuffixed(full), Literal::u32_unsuffixed(element));
                op = quote!(#op.disp8(#full, #element));
            }
            if let Some(apx) = apx {
                // The highest bit of a condition is stored as it is, in the place of V4, which is stored inverted.
                let scc = apx.scc.map_or(0, |scc| scc ^ 8);
                let last = hex(scc | u8::from(apx.nd) << 4 | u8::from(apx.nf) << 2);
                op = quote!(#op.apx(#last));
            }
            let op = quote!(const { #op });
            let immediate = if has_immediate { immediate } else { quote!(Imm::NONE) };
            let vsib = form.operands.iter().any(|operand| matches!(operand.kind, Kind::Vsib { .. }));
            if vsib {
                quote!(encode::evex_vsib(self, #op, #reg, #rm, #decorations))
            } else {
                quote!(encode::evex(self, #op, #reg, #vvvv, #rm, #decorations, #immediate))
            }
        }
    }
}

/// The immediate bytes; nothing where the form has none.
fn immediate(form: &Form, names: &[Ident]) -> TokenStream {
    let mut operands = form
        .operands
        .iter()
        .zip(names)
        .filter(|(operand, _)| matches!(operand.slot, Slot::Imm | Slot::Moffs | Slot::Is4));
    let mut all = TokenStream::new();
    for immediate in &form.immediates {
        if matches!(immediate, Immediate::Rel(_)) {
            continue;
        }
        let Some((operand, name)) = operands.next() else { break };
        let value = plain(form, (operand, name));
        if *immediate == Immediate::Is5 {
            let Some((_, low)) = operands.next() else { break };
            return quote!(Imm::is5(#value.number(), #low));
        }
        let one = match operand.kind {
            Kind::Imm { bits, signed } => {
                let constructor = ident(&format!("{}{bits}", if signed { 'i' } else { 'u' }));
                quote!(Imm::#constructor(#value))
            }
            Kind::Moffs { .. } => quote!(Imm::u64(#value)),
            _ => quote!(Imm::is4(#value.number())),
        };
        all = if all.is_empty() { one } else { quote!(#all.then(#one)) };
    }
    all
}

/// The forms as data, for the feature `forms`: the text of a module inside `x64::form`.
///
/// Each form has a constant and a function of its own: rustc takes minutes for one initializer that holds all of them. The functions are
/// `#[inline]` and the array is a constant, so that machine code is made in a crate that asks for the forms, and nowhere else.
pub fn forms_data(forms: &[Form]) -> String {
    let mut text = String::new();
    let mut all = String::new();
    for form in forms {
        text += &print::inline(form_entry(form));
        text.push('\n');
        all += &format!("    {},\n", form.name.to_ascii_uppercase());
    }
    text + "pub(super) const FORMS: &[Form] = &[\n" + &all + "];\n"
}

fn form_entry(form: &Form) -> TokenStream {
    let Form { name, mnemonic, syntax, notation, en, rflags, cpu, table, .. } = form;
    let parameters: Vec<_> = form.parameters().collect();
    let operands = parameters.iter().map(|operand| {
        let (ty, _) = parameter_type(form, operand);
        let (text, kind) = (&operand.text, print::inline(ty));
        let access = ident(match operand.access {
            super::Access::Read => "Read",
            super::Access::Write => "Write",
            super::Access::ReadWrite => "ReadWrite",
            super::Access::None => "None",
        });
        quote!(OperandInfo { name: #text, kind: #kind, access: Access::#access })
    });
    let implicit = form.implicit.iter().map(|(access, what)| format!("{}:{what}", access.letters()));
    let (constant, function) = (ident(&name.to_ascii_uppercase()), ident(name));
    let arguments = parameters.iter().enumerate().map(|(index, operand)| {
        let (ty, _) = parameter_type(form, operand);
        let (index, expected) = (Literal::usize_unsuffixed(index), print::inline(ty.clone()));
        quote!(get::<#ty>(operands, #index, #expected)?)
    });
    let operands_name = ident(if parameters.is_empty() { "_operands" } else { "operands" });
    quote! {
        #[inline]
        fn #function(enc: &mut Encoder<'_>, #operands_name: &[Operand]) -> Result<(), OperandError> {
            enc.#function(#(#arguments),*);
            Ok(())
        }
        const #constant: Form = Form {
            name: #name, mnemonic: #mnemonic, syntax: #syntax, encoding: #notation, op_en: #en,
            operands: &[#(#operands),*], implicit: &[#(#implicit),*], rflags: #rflags, cpu: &[#(#cpu),*], table: #table,
            emit: #function
        };
    }
}
