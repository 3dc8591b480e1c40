//! The words that the runtime places, and looks for, by itself.

use super::{
    Form,
    emit::{HEADER, hex},
};
use crate::error::{Reason, TableError};

/// The names of their rows.
const NAMES: [&str; 23] = [
    "add_x_imm",
    "adr",
    "b",
    "b_cond",
    "bc_cond",
    "bl",
    "br",
    "brk",
    "cbnz_w",
    "cbnz_x",
    "cbz_w",
    "cbz_x",
    "ldr_w_lit",
    "ldr_w_uoff",
    "ldr_x_lit",
    "ldr_x_uoff",
    "ldrsw_x_lit",
    "ldrsw_x_uoff",
    "nop",
    "sub_x_imm",
    "tbnz",
    "tbz",
    "udf",
];

/// A constant for each of them, as the text of a module inside the one that has the type.
pub fn words(forms: &[Form]) -> Result<String, TableError> {
    let mut text = format!("{HEADER}\nuse super::Instruction;\n");
    for name in NAMES {
        let missing = || TableError::of_table("aarch64", Reason::Missing { name: name.into() });
        let form = forms.iter().find(|form| form.name == name).ok_or_else(missing)?;
        let (constant, bits, mask) = (name.to_ascii_uppercase(), hex(form.bits.value), hex(form.bits.mask));
        text += &format!("\n/// `{}`\n", form.syntax);
        text += &format!("pub(crate) const {constant}: Instruction = Instruction {{ bits: {bits}, mask: {mask} }};\n");
    }
    Ok(text)
}
