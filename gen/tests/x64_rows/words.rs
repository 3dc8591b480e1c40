//! Words: an instruction's constant bytes, for what is written without an encoder function.

use super::*;

const INT3: &str = r#"(ins: "int3", op: "CC", en: "ZO", io: ""),"#;
const JMP: &str = r#"(ins: "jmp r/m64", op: "D64 FF /4", en: "M", io: "r"),"#;
const UD2: &str = r#"(ins: "ud2", op: "0F 0B", en: "ZO", io: ""),"#;

#[test]
fn are_the_bytes_up_to_modrm() {
    let text = x64::words(&rows(&[UD2, JMP, INT3].concat()).unwrap()).unwrap();
    assert!(text.contains("\n/// `int3`\npub(crate) const INT3: [u8; 1] = [0xCC];\n"), "{text}");
    assert!(text.contains("\n/// `jmp r/m64`\npub(crate) const JMP_RM64: [u8; 2] = [0xFF, 0x20];\n"), "{text}");
    assert!(text.contains("\n/// `ud2`\npub(crate) const UD2: [u8; 2] = [0x0F, 0x0B];\n"), "{text}");
}

#[test]
fn a_row_that_the_runtime_needs_must_be_there() {
    let missing = Reason::Missing { name: "jmp_rm64".into() };
    let error = x64::words(&rows(&[UD2, INT3].concat()).unwrap());
    assert_eq!(error, Err(TableError { table: "x64".into(), row: None, reason: missing }));
}
