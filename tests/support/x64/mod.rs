//! What the x86-64 tests share: a second encoder to compare with, and random operands for any form.

// Every test is a crate by itself and uses a part of this.
#![allow(dead_code)]

pub mod choices;
pub mod forward;
pub mod operands;

use std::{path::Path, sync::LazyLock};
use tailfirst_gen::x64::Form;

/// The checked rows of tables/x64, in the order of [`tailfirst::x64::forms`].
pub static MODEL: LazyLock<Vec<Form>> = LazyLock::new(|| {
    // A package deeper in the tree includes this, too.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().find(|dir| dir.join("tables/x64").is_dir()).expect("the tables are above the package");
    tailfirst_gen::x64_forms(&root.join("tables")).unwrap_or_else(|error| panic!("{error}"))
});
