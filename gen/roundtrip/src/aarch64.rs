//! AArch64: a second encoder to compare with, and random operands for any form.

mod buffers;
#[doc(hidden)]
pub mod forward;
#[doc(hidden)]
pub mod named;
#[doc(hidden)]
pub mod public;
#[doc(hidden)]
pub mod value;

#[doc(hidden)]
pub use buffers::{BASE, mistake};

use crate::choices::Choices;
use std::{path::Path, sync::LazyLock};
use tailfirst::{Symbol, aarch64::Operand};
use tailfirst_gen::aarch64::{
    Form,
    kinds::{By, Kind},
};
use value::Value;

/// The checked rows of the tables of `tailfirst`, in the order of [`tailfirst::aarch64::forms`].
#[doc(hidden)]
pub static MODEL: LazyLock<Vec<Form>> =
    LazyLock::new(|| tailfirst_gen::aarch64_forms(crate::runtime_tables()).unwrap_or_else(|error| panic!("{error}")));

/// Holds the forms of another crate's tables to their rows. `tables` is the folder that its build script named, and
/// `forms` are those of the module that was made of it.
///
/// # Panics
/// A form is not what its row says, or has none.
pub fn check(tables: impl AsRef<Path>, forms: &[tailfirst::aarch64::Form]) {
    let models = crate::extension(tables.as_ref()).aarch64_forms().unwrap_or_else(|error| panic!("{error}"));
    let models = models.unwrap_or_default();
    let model = |form: &tailfirst::aarch64::Form| models.iter().find(|model| model.name == form.name);
    let pairs = forms.iter().map(|form| (model(form).unwrap_or_else(|| panic!("no row makes {}", form.name)), form));
    crate::check("aarch64", pairs, mistake);
}

/// What a PC-relative operand refers to.
#[doc(hidden)]
pub const TARGET: Symbol = Symbol(7);

/// An instruction: its operands as the manual has them, and how the public API is asked for them.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Sample {
    pub values: Vec<Value>,
    spelling: u64,
}

impl Sample {
    /// Random operands that satisfy the form's `when`.
    pub fn new(form: &Form, choices: &mut Choices) -> Sample {
        Sample::of(form, choices, |kind, choices| value::random(&kind.name, kind.width, choices))
    }

    /// The same with operands by their bits, but for targets.
    pub fn by_bits(form: &Form, choices: &mut Choices) -> Sample {
        Sample::of(form, choices, |kind, choices| match kind.by {
            By::Target(_) => value::random(&kind.name, kind.width, choices),
            _ => value::random_bits(&kind.name, kind.width, choices),
        })
    }

    fn of(form: &Form, choices: &mut Choices, random: impl Fn(&Kind, &mut Choices) -> Value) -> Sample {
        let mut values: Vec<Value> = form.operands.iter().map(|operand| random(&operand.kind, choices)).collect();
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

/// Changes registers, and what may be some, until the form's `when` holds.
fn settle(form: &Form, values: &mut [Value]) {
    let first = values.to_vec();
    for step in 1..31 {
        for (i, operand) in form.operands.iter().enumerate() {
            let has_31 = value::registers(&operand.kind.name).is_some_and(|numbers| numbers.len() == 32);
            if let (true, Value::Register(register)) = (has_31, &first[i]) {
                values[i] = Value::Register((register + i as u32 * step) % 31);
            }
            if let Value::Bits { width, bits } = first[i] {
                values[i] = value::next_bits(&operand.kind.name, width, bits + (i as u32 + 1) * step);
            }
        }
        if forward::holds(form, values) {
            return;
        }
    }
    panic!("{}: no registers satisfy its `when`", form.name);
}
