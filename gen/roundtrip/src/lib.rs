//! Round trips of tables: what a function places is what its row says.
//!
//! The functions that tables make write instructions from the end, packed into words, into memory that may be too
//! small. This is a second encoder for the same checked rows, which writes forward, a byte or a field at a time, and
//! shares no code with the first one; and random operands for any form. A case puts one instruction between others,
//! in both directions and into every kind of buffer, and compares.
//!
//! ```text
//!   row --+--> function, as a form --+
//!         |                          +--> random operands, both directions, every buffer --> the same bytes
//!         +--> forward encoder ------+
//! ```
//!
//! A crate with tables of its own ([`tailfirst_gen::extend`]) has it as a dev-dependency:
//!
//! ```ignore
//! #[test]
//! fn rows_round_trip() {
//!     tailfirst_roundtrip::x64::check("tables", custom_isa::x64::forms());
//!     tailfirst_roundtrip::aarch64::check("tables", custom_isa::aarch64::forms());
//! }
//! ```
//!
//! What this shares with the functions is the reader of the tables: a row that says something wrong is not found here,
//! but by a test that knows the manual's bytes.

pub mod aarch64;
pub mod x64;

// The parts, for the tests of `tailfirst` itself.
#[doc(hidden)]
pub mod choices;
#[doc(hidden)]
pub mod side;

use choices::Choices;
use quickcheck::{Arbitrary, Gen};
use std::path::Path;
use tailfirst_gen::Extension;

/// Where the tables of `tailfirst` are.
fn runtime_tables() -> &'static Path {
    Path::new(env!("TAILFIRST_TABLES"))
}

/// The tables of another crate.
fn extension(tables: &Path) -> Extension<'_> {
    Extension { tables, name: "Extension", runtime_tables: runtime_tables(), has_forms: true, is_enabled: &|_| true }
}

/// Random cases a form.
const CASES: u64 = 200;

/// Tries random numbers, of which operands are made.
///
/// # Panics
/// One of the forms is not what its row says. The message has the smallest such case that was found for each.
fn check<'a, M: 'a, F: 'a>(
    test: &str,
    pairs: impl IntoIterator<Item = (&'a M, &'a F)>,
    mistake: impl Fn(&M, &F, &mut Choices<'_>) -> Option<String>,
) {
    let mut random = Gen::from_size_and_seed(100, choices::seed(test));
    let mut mistakes = Vec::new();
    for (model, form) in pairs {
        let found = |numbers: &Vec<u64>| mistake(model, form, &mut Choices::new(numbers));
        let mut cases = (0..choices::times(CASES)).map(|_| choices::numbers(&mut random));
        if let Some(mut numbers) = cases.find(|numbers| found(numbers).is_some()) {
            while let Some(smaller) = numbers.shrink().find(|smaller| found(smaller).is_some()) {
                numbers = smaller;
            }
            mistakes.extend(found(&numbers));
        }
    }
    assert!(mistakes.is_empty(), "{} forms:\n{}", mistakes.len(), mistakes.join("\n\n"));
}
