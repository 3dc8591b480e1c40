//! tailfirst, by plain calls and behind functions that are not inlined.

use crate::{Call, Condition, Growth, Operand, Writer};
use std::collections::BTreeMap;
use std::fmt::Write;

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

/// The functions, by their names, with their parameters' types and the function of tailfirst that each calls.
#[derive(Default)]
pub struct Outlined(BTreeMap<String, (Vec<&'static str>, String)>);

impl Writer for Outlined {
    const GROWTH: Growth = Growth::Down;

    fn call(&mut self, call: &Call) -> String {
        let mut name = call.function.clone();
        let mut types = Vec::new();
        if call.condition == Condition::Value {
            types.push("Cond");
        }
        for operand in &call.operands {
            types.push(match operand {
                Operand::Gpr { bits: 8, .. } => "Gpr8",
                Operand::Gpr { bits: 16, .. } => "Gpr16",
                Operand::Gpr { bits: 32, .. } => "Gpr32",
                Operand::Gpr { .. } => "Gpr64",
                Operand::Xmm { .. } => "Xmm",
                Operand::Memory { .. } => {
                    name.push_str("_memory");
                    "Mem"
                }
                Operand::Shortest { .. } | Operand::Constant { bits: 32, .. } => "i32",
                Operand::Constant { bits: 16, .. } => "i16",
                Operand::Constant { .. } => "i8",
                Operand::Count => "u8",
                Operand::Wide => "i64",
                Operand::Cl => continue,
                Operand::Label { .. } => "Label",
            });
        }
        self.0.insert(name.clone(), (types, call.function.clone()));
        format!("{name}(enc, {});", arguments(call).join(", "))
    }

    fn items(&self) -> String {
        let mut text = String::new();
        for (name, (types, function)) in &self.0 {
            let _ = write!(text, "#[inline(never)]\nfn {name}(enc: &mut Encoder<'_>");
            types.iter().enumerate().for_each(|(at, ty)| {
                let _ = write!(text, ", o{at}: {ty}");
            });
            let names: Vec<_> = (0..types.len()).map(|at| format!("o{at}")).collect();
            let _ = write!(text, ") {{\n    enc.{function}({});\n}}\n", names.join(", "));
        }
        text
    }
}
