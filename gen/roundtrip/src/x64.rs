//! x86-64: a second encoder to compare with, and random operands for any form.

mod buffers;
#[doc(hidden)]
pub mod forward;
#[doc(hidden)]
pub mod operands;

#[doc(hidden)]
pub use buffers::mistake;

use std::{path::Path, sync::LazyLock};
use tailfirst_gen::x64::Form;

/// The checked rows of the tables of `tailfirst`, in the order of [`tailfirst::x64::forms`].
#[doc(hidden)]
pub static MODEL: LazyLock<Vec<Form>> =
    LazyLock::new(|| tailfirst_gen::x64_forms(crate::runtime_tables()).unwrap_or_else(|error| panic!("{error}")));

/// Holds the forms of another crate's tables to their rows. `tables` is the folder that its build script named, and
/// `forms` are those of the module that was made of it.
///
/// # Panics
/// A form is not what its row says, or has none.
pub fn check(tables: impl AsRef<Path>, forms: &[tailfirst::x64::Form]) {
    let models = crate::extension(tables.as_ref()).x64_forms().unwrap_or_else(|error| panic!("{error}"));
    let models = models.unwrap_or_default();
    let model = |form: &tailfirst::x64::Form| models.iter().find(|model| model.name == form.name);
    let pairs = forms.iter().map(|form| (model(form).unwrap_or_else(|| panic!("no row makes {}", form.name)), form));
    crate::check("x64", pairs, mistake);
}
