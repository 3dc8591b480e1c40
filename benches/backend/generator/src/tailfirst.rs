//! tailfirst, by plain calls and behind functions that are not inlined.

use crate::{Call, Condition, Growth, Operand, Writer};
use std::collections::BTreeMap;

/// An operand as an expression.
fn expression(operand: Operand) -> String {
    match operand {
        Operand::Gpr { bits, slot } => format!("Gpr{bits}::wrapping(op.gpr[{slot}] as u8)"),
        Operand::Xmm { slot } => format!("Xmm::wrapping(op.xmm[{slot}] as u8)"),
        Operand::Memory { base, disp, is_indexed: false, .. } => {
            format!("Gpr64::wrapping(op.gpr[{base}] as u8) + op.disp[{disp}]")
        }
        Operand::Memory { base, disp, is_indexed: true, .. } => {
            format!("indexed(op.gpr[{base}], op.index, op.scale, op.disp[{disp}])")
        }
        Operand::Shortest { slot } | Operand::Constant { bits: 32, slot } => format!("op.imm[{slot}]"),
        Operand::Constant { bits, slot } => format!("op.imm[{slot}] as i{bits}"),
        Operand::Count => "op.count".to_owned(),
        Operand::Wide => "op.wide".to_owned(),
        Operand::Cl => String::new(),
        Operand::Label { slot } => format!("labels[usize::from(op.label[{slot}])]"),
    }
}

fn arguments(call: &Call) -> Vec<String> {
    let condition = (call.condition == Condition::Value).then(|| "Cond::wrapping(op.cond as u8)".to_owned());
    condition
        .into_iter()
        .chain(call.operands.iter().map(|&operand| expression(operand)))
        .filter(|text| !text.is_empty())
        .collect()
}

pub struct Plain<const UP: bool>;

impl<const UP: bool> Writer for Plain<UP> {
    const GROWTH: Growth = if UP { Growth::Up } else { Growth::Down };

    fn call(&mut self, call: &Call) -> String {
        format!("enc.{}({});", call.function, arguments(call).join(", "))
    }
}

/// The functions by their names: each takes an operand's parts, as a compiler's own helper would, and makes the call.
#[derive(Default)]
pub struct Outlined(BTreeMap<String, String>);

/// An operand of a function that is not inlined: its parameters, what they get, and the operand that they make.
struct Parameters {
    declared: String,
    passed: String,
    made: String,
}

fn parameters(operand: Operand, at: usize) -> Parameters {
    let one =
        |ty: &str| Parameters { declared: format!("o{at}: {ty}"), passed: expression(operand), made: format!("o{at}") };
    match operand {
        Operand::Gpr { bits, .. } => one(&format!("Gpr{bits}")),
        Operand::Xmm { .. } => one("Xmm"),
        Operand::Shortest { .. } | Operand::Constant { bits: 32, .. } => one("i32"),
        Operand::Constant { bits, .. } => one(&format!("i{bits}")),
        Operand::Count => one("u8"),
        Operand::Wide => one("i64"),
        Operand::Cl => Parameters { declared: String::new(), passed: String::new(), made: String::new() },
        Operand::Label { .. } => one("Label"),
        Operand::Memory { base, disp, is_indexed: false, .. } => Parameters {
            declared: "base: Gpr64, disp: i32".to_owned(),
            passed: format!("Gpr64::wrapping(op.gpr[{base}] as u8), op.disp[{disp}]"),
            made: "base + disp".to_owned(),
        },
        Operand::Memory { base, disp, is_indexed: true, .. } => Parameters {
            declared: "base: ir::Gpr, index: ir::Gpr, scale: ir::Scale, disp: i32".to_owned(),
            passed: format!("op.gpr[{base}], op.index, op.scale, op.disp[{disp}]"),
            made: "indexed(base, index, scale, disp)".to_owned(),
        },
    }
}

impl Writer for Outlined {
    const GROWTH: Growth = Growth::Down;

    fn call(&mut self, call: &Call) -> String {
        let mut name = call.function.clone();
        let mut all = Vec::new();
        if call.condition == Condition::Value {
            let passed = "Cond::wrapping(op.cond as u8)".to_owned();
            all.push(Parameters { declared: "cond: Cond".to_owned(), passed, made: "cond".to_owned() });
        }
        for (at, &operand) in call.operands.iter().enumerate() {
            match operand {
                Operand::Memory { is_indexed: false, .. } => name.push_str("_based"),
                Operand::Memory { is_indexed: true, .. } => name.push_str("_indexed"),
                _ => {}
            }
            all.push(parameters(operand, at));
        }
        all.retain(|parameters| !parameters.declared.is_empty());
        let joined = |part: fn(&Parameters) -> &str| all.iter().map(part).collect::<Vec<_>>().join(", ");
        let (declared, made) = (joined(|all| &all.declared), joined(|all| &all.made));
        let text = format!(
            "#[inline(never)]\nfn {name}(enc: &mut Encoder<'_>, {declared}) {{\n    enc.{}({made});\n}}\n",
            call.function
        );
        self.0.insert(name.clone(), text);
        format!("{name}(enc, {});", joined(|all| &all.passed))
    }

    fn items(&self) -> String {
        self.0.values().map(String::as_str).collect()
    }
}
