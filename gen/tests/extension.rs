//! Tables of another crate: what is checked together with tailfirst's own, and what messages name.

use std::{fs, path::Path};
use tailfirst_gen::Extension;

/// A crate with one x86-64 table and one AArch64 table, each of one row; gives what goes wrong, or the functions.
fn extended(test: &str, x64_row: &str, aarch64_row: &str) -> Result<Vec<String>, String> {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    for (isa, row) in [("x64", x64_row), ("aarch64", aarch64_row)] {
        let dir = root.join("tables").join(isa);
        fs::create_dir_all(&dir).expect("a folder for the test");
        let text = format!(r#"Table(source: "a manual", groups: [(title: "A group", rows: [{row}])])"#);
        fs::write(dir.join("alu.ron"), text).expect("a table for the test");
    }
    let tables = root.join("tables");
    let extension = Extension {
        tables: &tables,
        name: "Own",
        runtime_tables: &Path::new(env!("CARGO_MANIFEST_DIR")).join("../tables"),
        has_forms: true,
        is_enabled: &|_| false,
    };
    // Where the test runs is no part of what is said.
    let said = |error: tailfirst_gen::TableError| error.to_string().replace(&root.display().to_string(), "crate");
    extension.write(&root).map_err(said)?;
    let [x64, aarch64] = ["x64.rs", "aarch64.rs"].map(|file| fs::read_to_string(root.join(file)).expect("written"));
    assert!(x64.contains("pub trait Own {") && aarch64.contains("for Emitter<'_, Dir> {"));
    let x64 = extension.x64_forms().map_err(said)?.into_iter().flatten().map(|form| form.name);
    let aarch64 = extension.aarch64_forms().map_err(said)?.into_iter().flatten().map(|form| form.name);
    Ok(x64.chain(aarch64).collect())
}

const X64: &str = r#"(ins: "own r64, r/m64", op: "REX.W 0F 0A /r", en: "RM", io: "w r")"#;
const AARCH64: &str =
    r#"(name: "own", id: "OWN", asm: "OWN", bits: "1101010100|0|00|011|0010|1010|111|11111", alias: "hint")"#;

#[test]
fn own_rows_alone_become_functions() {
    assert_eq!(extended("functions", X64, AARCH64), Ok(vec!["own_r64_rm64".into(), "own".into()]));
}

/// A function of tailfirst's would hide the trait's.
#[test]
fn a_name_that_is_taken() {
    let row = r#"(ins: "add r64, r/m64", op: "REX.W 0F 0A /r", en: "RM", io: "w r")"#;
    let error = r#"crate/tables/x64/alu.ron: "add r64, r/m64": the name add_r64_rm64 is taken by "add r64, r/m64""#;
    assert_eq!(extended("names", row, AARCH64), Err(error.into()));
}

#[test]
fn code_that_is_taken() {
    let row = r#"(ins: "own r64, r/m64", op: "REX.W 03 /r", en: "RM", io: "w r")"#;
    let error = r#"crate/tables/x64/alu.ron: "own r64, r/m64": can produce the same code as "add r64, r/m64"; one of them must say so with `alias`"#;
    assert_eq!(extended("code", row, AARCH64), Err(error.into()));
    let row = AARCH64.replace(r#", alias: "hint""#, "");
    let error = extended("words", X64, &row).expect_err("a hint");
    assert!(error.starts_with(r#"crate/tables/aarch64/alu.ron: "own": can produce the same code as"#), "{error}");
}

/// Features that tailfirst does not know are kept as texts, beside those that it knows.
#[test]
fn features_of_its_own() {
    let x64 = X64.replace(r#"io: "w r""#, r#"io: "w r", cpu: "AVX2 OWN_MATRIX""#);
    let aarch64 = AARCH64.replace(r#"asm: "OWN""#, r#"asm: "OWN", cpu: "OWN_HINTS FEAT_LSE""#);
    assert!(extended("cpu", &x64, &aarch64).is_ok());
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cpu");
    let written = |file: &str| fs::read_to_string(root.join(file)).expect("written").replace([' ', '\n'], "");
    let x64 = written("x64.rs");
    assert!(x64.contains("cpu:LIST_0,other_cpu:LIST_1,"), "{x64}");
    assert!(x64.contains("LIST_0:&[CpuFeature]=&[CpuFeature::AVX2];"), "{x64}");
    assert!(x64.contains(r#"LIST_1:&[&str]=&["OWN_MATRIX"];"#), "{x64}");
    let aarch64 = written("aarch64.rs");
    assert!(aarch64.contains("cpu:LIST_0,other_cpu:LIST_1,"), "{aarch64}");
    assert!(aarch64.contains("LIST_0:&[CpuFeature]=&[CpuFeature::FEAT_LSE];"), "{aarch64}");
    assert!(aarch64.contains(r#"LIST_1:&[&str]=&["OWN_HINTS"];"#), "{aarch64}");
}

#[test]
fn a_field_that_does_not_exist() {
    let row = r#"(ins: "own r64, r/m64", op: "REX.W 0F 0A /r", en: "RM", io: "w r", speed: "high")"#;
    let error = extended("fields", row, AARCH64).expect_err("no such field");
    assert!(error.starts_with("crate/tables/x64/alu.ron: line 1, column ") && error.contains("speed"), "{error}");
}
