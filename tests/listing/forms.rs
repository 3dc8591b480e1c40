//! The committed listing in tests/listing/ is what the tables expand to, one line a form.
//!
//! Families and sized aliases are for writing; the listing is for reviewing. A change of a table shows in it line by line, and this test
//! fails until the listing is brought up to date:
//!
//! ```text
//! UPDATE_LISTING=1 cargo test --test listing
//! ```

use std::{env, fs, path::Path};

fn check(isa: &str, lines: impl Iterator<Item = String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/listing").join(format!("{isa}.txt"));
    let expanded: String = lines.map(|line| line.trim_end().to_string() + "\n").collect();
    if env::var_os("UPDATE_LISTING").is_some() {
        fs::write(&path, &expanded).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let differing = committed.lines().zip(expanded.lines()).position(|(committed, expanded)| committed != expanded);
    if let Some(line) = differing {
        panic!(
            "tests/listing/{isa}.txt, line {}: committed\n  {}\nbut the tables say\n  {}\n(UPDATE_LISTING=1 writes it anew)",
            line + 1,
            committed.lines().nth(line).unwrap(),
            expanded.lines().nth(line).unwrap(),
        );
    }
    assert_eq!(committed.lines().count(), expanded.lines().count(), "forms of {isa}: committed, and in the tables");
}

fn tables() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tables"))
}

#[test]
fn x64() {
    check("x64", tailfirst_gen::x64_forms(tables()).unwrap().iter().map(|form| form.list_line()));
}

#[test]
fn aarch64() {
    check("aarch64", tailfirst_gen::aarch64_forms(tables()).unwrap().iter().map(|form| form.list_line()));
}

/// Every form that tables/README.md names as proof of a notation exists.
#[test]
fn awkward_cases() {
    let readme = fs::read_to_string(tables().join("README.md")).unwrap();
    let (_, cases) = readme.split_once("## Awkward cases").unwrap();
    let (x64, aarch64) = cases.split_once("### AArch64").unwrap();
    let x64_names: Vec<String> =
        tailfirst_gen::x64_forms(tables()).unwrap().into_iter().map(|form| form.name).collect();
    let aarch64_names: Vec<String> =
        tailfirst_gen::aarch64_forms(tables()).unwrap().into_iter().map(|form| form.name).collect();
    for (cases, names) in [(x64, x64_names), (aarch64, aarch64_names)] {
        let rows = cases.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| case"));
        let mut named = 0;
        for row in rows {
            let proof = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
            for form in proof.split('`').skip(1).step_by(2) {
                assert!(names.iter().any(|name| name == form), "{form}, in {row}");
                named += 1;
            }
        }
        assert!(named > 20, "{named} forms are named");
    }
}
