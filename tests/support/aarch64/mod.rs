//! What the AArch64 tests share: a second encoder to compare with, and random operands for any form.

// Every test is a crate by itself and uses a part of this.
#![allow(dead_code)]

#[path = "../x64/choices.rs"]
pub mod choices;
pub mod forward;
pub mod named;
pub mod public;
pub mod value;

use choices::Choices;
use std::{path::Path, sync::LazyLock};
use tailfirst::{Symbol, aarch64::Operand};
use tailfirst_gen::aarch64::Form;
use value::Value;

/// The checked rows of tables/aarch64, in the order of [`tailfirst::aarch64::forms`].
pub static MODEL: LazyLock<Vec<Form>> = LazyLock::new(|| {
    // A package deeper in the workspace includes this, too.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root =
        here.ancestors().find(|dir| dir.join("tables/aarch64").is_dir()).expect("the tables are in the workspace");
    tailfirst_gen::aarch64_forms(&root.join("tables")).unwrap_or_else(|error| panic!("{error}"))
});

/// What a PC-relative operand refers to.
pub const TARGET: Symbol = Symbol(7);

/// An instruction: its operands as the manual has them, and how the public API is asked for them.
#[derive(Debug, Clone)]
pub struct Sample {
    pub values: Vec<Value>,
    spelling: u64,
}

impl Sample {
    /// Random operands that satisfy the form's `when`.
    pub fn new(form: &Form, choices: &mut Choices) -> Sample {
        let mut values: Vec<Value> = form
            .operands
            .iter()
            .map(|operand| value::random(&operand.kind.name, operand.kind.width, choices))
            .collect();
        if !forward::holds(form, &values) {
            settle(form, &mut values);
        }
        Sample { values, spelling: choices.number() }
    }

    /// The operands for [`tailfirst::aarch64::Form::emit`].
    pub fn operands(&self, form: &Form) -> Vec<Operand> {
        let kinds = form.operands.iter().map(|operand| operand.kind.name.as_str());
        let spell = |(i, (kind, value))| public::operand(kind, value, self.spelling >> i & 1 == 1);
        kinds.zip(&self.values).enumerate().map(spell).collect()
    }

    /// The distance of the PC-relative operand, if there is one.
    pub fn distance(&self) -> Option<i64> {
        self.values.iter().find_map(|value| match value {
            Value::Distance(distance) => Some(*distance),
            _ => None,
        })
    }
}

/// Changes registers until the form's `when` holds.
fn settle(form: &Form, values: &mut [Value]) {
    let first = values.to_vec();
    for step in 1..31 {
        for (i, operand) in form.operands.iter().enumerate() {
            let has_31 = value::registers(&operand.kind.name).is_some_and(|numbers| numbers.len() == 32);
            if let (true, Value::Register(register)) = (has_31, &first[i]) {
                values[i] = Value::Register((register + i as u32 * step) % 31);
            }
        }
        if forward::holds(form, values) {
            return;
        }
    }
    panic!("{}: no registers satisfy its `when`", form.name);
}
