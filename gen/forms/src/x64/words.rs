//! The instructions that the runtime places by itself.

use super::{Encoding, Form, Rex, emit::HEADER};
use crate::error::{Reason, TableError};

/// The names of their rows: legacy ones without REX.
const NAMES: [&str; 3] = ["int3", "jmp_rm64", "ud2"];

/// A constant for each of them, as the text of a module: its bytes up to ModRM, which holds the digit only.
pub fn words(forms: &[Form]) -> Result<String, TableError> {
    let mut text = String::from(HEADER);
    for name in NAMES {
        let missing = || TableError::of_table("x64", Reason::Missing { name: name.into() });
        let form = forms.iter().find(|form| form.name == name).ok_or_else(missing)?;
        let Encoding::Legacy { prefixes, rex: Rex::AsNeeded, opcode, modrm, .. } = &form.encoding else {
            return Err(missing());
        };
        let digit = modrm.map(|modrm| modrm.reg.unwrap_or(0) << 3);
        let bytes: Vec<_> = prefixes.iter().chain(opcode).chain(&digit).map(|byte| format!("{byte:#04X}")).collect();
        let (constant, count, bytes) = (name.to_ascii_uppercase(), bytes.len(), bytes.join(", "));
        text += &format!("\n/// `{}`\npub(crate) const {constant}: [u8; {count}] = [{bytes}];\n", form.syntax);
    }
    Ok(text)
}
