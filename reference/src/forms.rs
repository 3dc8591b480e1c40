//! Forms: what a form's row says, and an example: operands, and the bytes that the encoder has made of them.

use crate::texts::Texts;
use serde::Serialize;
use std::fmt::Debug;
use tailfirst_roundtrip::{aarch64, choices::Choices, x64};

/// What examples are made of: plain registers, mostly different ones.
const CHOICES: [u64; 12] = [0, 2, 6, 3, 1, 5, 4, 8, 7, 9, 11, 10];

/// A form, as the script reads it.
#[derive(Serialize)]
pub struct Form {
    /// 0 for x86-64, 1 for AArch64.
    isa: usize,
    name: String,
    syntax: String,
    /// The encoding: for x64 in the manual's notation; for AArch64 its parts from the highest bit, each with its width.
    encoding: Encoding,
    /// The call's arguments, and what the instruction does with them.
    arguments: Vec<(String, &'static str)>,
    table: usize,
    title: usize,
    cpu: usize,
    feature: usize,
    flags: usize,
    /// Implicit operands, or what must hold between operands.
    notes: usize,
    alias: String,
    /// The function's other names.
    synonyms: Vec<String>,
    /// Operands, and the bytes from the lowest address.
    example: Option<(String, String)>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Encoding {
    Notation(String),
    Bits(Vec<(String, u32)>),
}

fn joined<T: Debug>(operands: &[T]) -> String {
    operands.iter().map(|operand| format!("{operand:?}")).collect::<Vec<_>>().join(", ")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ")
}

/// The forms of x86-64, in the order of the tables.
pub fn x64(texts: &mut Texts) -> Vec<Form> {
    let forms = x64::MODEL.iter().zip(tailfirst::x64::forms());
    forms
        .map(|(model, form)| {
            let mut enc = tailfirst::x64::Encoder::new();
            let labels = x64::operands::Labels { above: enc.here(), below: enc.label() };
            let mut sample = x64::operands::Sample::new(model, &mut Choices::new(&CHOICES));
            sample.below = 0;
            sample.above = 0;
            let operands = sample.operands(model, labels);
            let placed = form.emit(&mut enc, &operands).is_ok();
            enc.bind(labels.below);
            let bytes = enc.finish().ok().map(|code| hex(code.bytes()));
            let implicit = model.implicit.iter().map(|(access, register)| format!("{}:{register}", access.letters()));
            Form {
                isa: 0,
                name: model.name.clone(),
                syntax: model.syntax.clone(),
                encoding: Encoding::Notation(model.notation.clone()),
                arguments: model.parameters().map(|o| (o.text.clone(), o.access.letters())).collect(),
                table: texts.number(&model.table),
                title: texts.number(&model.title),
                cpu: texts.number(model.cpu.join(" ")),
                feature: texts.number(model.feature.clone().unwrap_or_default()),
                flags: texts.number(&model.rflags),
                notes: texts.number(implicit.collect::<Vec<_>>().join(" ")),
                alias: model.alias.clone().unwrap_or_default(),
                synonyms: model.synonyms(),
                example: bytes.filter(|_| placed).map(|bytes| (joined(&operands), bytes)),
            }
        })
        .collect()
}

/// A form's bits: fixed ones as digits, fields by name.
fn bits(form: &tailfirst_gen::aarch64::Form) -> Vec<(String, u32)> {
    let bits = &form.bits;
    let mut parts: Vec<(String, u32)> = Vec::new();
    let mut at = 32;
    while at > 0 {
        if let Some(field) = bits.fields.iter().find(|field| field.lsb + field.width == at) {
            parts.push((field.name.clone(), field.width));
            at = field.lsb;
            continue;
        }
        at -= 1;
        let digit = if bits.value >> at & 1 == 1 { '1' } else { '0' };
        match parts.last_mut() {
            Some((fixed, width)) if fixed.starts_with(['0', '1']) => {
                fixed.push(digit);
                *width += 1;
            }
            _ => parts.push((digit.into(), 1)),
        }
    }
    parts
}

/// The forms of AArch64, in the order of the tables.
pub fn aarch64(texts: &mut Texts) -> Vec<Form> {
    let forms = aarch64::MODEL.iter().zip(tailfirst::aarch64::forms());
    forms
        .map(|(model, form)| {
            let mut enc = tailfirst::aarch64::Encoder::new();
            let sample = aarch64::Sample::new(model, &mut Choices::new(&CHOICES));
            let operands = sample.operands(model);
            let placed = form.emit(&mut enc, &operands).is_ok();
            let bytes = enc.finish().ok().map(|code| hex(code.bytes()));
            Form {
                isa: 1,
                name: model.name.clone(),
                syntax: model.syntax.clone(),
                encoding: Encoding::Bits(bits(model)),
                arguments: model.operands.iter().map(|o| (o.param.clone(), o.access.letters())).collect(),
                table: texts.number(&model.table),
                title: texts.number(&model.title),
                cpu: texts.number(model.cpu.join(" ")),
                feature: texts.number(model.feature.clone().unwrap_or_default()),
                flags: texts.number(model.flags.clone().unwrap_or_default()),
                notes: texts.number(form.condition.unwrap_or_default()),
                alias: model.alias.clone().unwrap_or_default(),
                synonyms: Vec::new(),
                example: bytes.filter(|_| placed).map(|bytes| (joined(&operands), bytes)),
            }
        })
        .collect()
}
