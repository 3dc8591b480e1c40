//! `cargo run -p tailfirst-reference -- DIR`: writes the instruction reference, a page to search in a browser, into a
//! folder. It needs no server.
//!
//! A form's entry is what its row says, and an example: operands, and the bytes that the encoder has made of them.

use tailfirst_roundtrip::{aarch64, choices::Choices, x64};

use serde::Serialize;
use serde_json::Value;
use std::{collections::HashMap, fmt::Debug, fs, io, path::Path, process::ExitCode};

/// What examples are made of: plain registers, mostly different ones.
const CHOICES: [u64; 12] = [0, 2, 6, 3, 1, 5, 4, 8, 7, 9, 11, 10];

/// Everything, in the order of the tables. Texts that many forms share are numbers, and the names of a form's fields
/// are given once.
#[derive(Serialize)]
struct Reference {
    texts: Vec<String>,
    fields: Vec<String>,
    forms: Vec<Vec<Value>>,
}

/// A form, as the script reads it.
#[derive(Serialize)]
struct Form {
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
enum Encoding {
    Notation(String),
    Bits(Vec<(String, u32)>),
}

/// Numbers for texts.
#[derive(Default)]
struct Texts {
    texts: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Texts {
    fn number(&mut self, text: impl Into<String>) -> usize {
        let text = text.into();
        *self.numbers.entry(text.clone()).or_insert_with(|| {
            self.texts.push(text);
            self.texts.len() - 1
        })
    }
}

fn joined<T: Debug>(operands: &[T]) -> String {
    operands.iter().map(|operand| format!("{operand:?}")).collect::<Vec<_>>().join(", ")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ")
}

fn x64_forms(texts: &mut Texts) -> Vec<Form> {
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

fn aarch64_forms(texts: &mut Texts) -> Vec<Form> {
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

fn write(dir: &Path) -> io::Result<usize> {
    let mut texts = Texts::default();
    let mut forms = x64_forms(&mut texts);
    forms.extend(aarch64_forms(&mut texts));
    let count = forms.len();
    let mut reference = Reference { texts: texts.texts, fields: Vec::new(), forms: Vec::new() };
    for form in forms {
        if let Value::Object(form) = serde_json::to_value(form)? {
            let (fields, values) = form.into_iter().unzip();
            reference.fields = fields;
            reference.forms.push(values);
        }
    }
    fs::create_dir_all(dir)?;
    // A script, since a page in a file may not read other files.
    fs::write(dir.join("forms.js"), format!("const REFERENCE = {};\n", serde_json::to_string(&reference)?))?;
    fs::write(dir.join("index.html"), include_str!("../site/index.html"))?;
    fs::write(dir.join("search.js"), include_str!("../site/search.js"))?;
    fs::write(dir.join("style.css"), include_str!("../site/style.css"))?;
    Ok(count)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dir] = &arguments[..] else {
        eprintln!("usage: tailfirst-reference DIR");
        return ExitCode::from(2);
    };
    match write(Path::new(dir)) {
        Ok(count) => {
            println!("{dir}/index.html: {count} forms");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{dir}: {error}");
            ExitCode::FAILURE
        }
    }
}
