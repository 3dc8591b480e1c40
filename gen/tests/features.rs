//! A table's Cargo feature is a feature of the crate: a misspelt one could never be enabled, and its forms would be in no build.

use std::{collections::BTreeSet, fs, path::Path};
use tailfirst_gen::{aarch64_forms, x64_forms};

#[test]
fn features_of_tables_are_in_the_manifest() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (_, features) = manifest.split_once("[features]").unwrap();
    let (features, _) = features.split_once("\n[").unwrap();
    let extensions: BTreeSet<&str> = features
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .filter(|(_, implied)| *implied == r#"["x64"]"# || *implied == r#"["aarch64"]"#)
        .map(|(name, _)| name)
        .collect();
    let tables = root.join("tables");
    let (x64, aarch64) = (x64_forms(&tables).unwrap(), aarch64_forms(&tables).unwrap());
    let named: BTreeSet<&str> = x64
        .iter()
        .filter_map(|form| form.feature.as_deref())
        .inspect(|feature| assert!(feature.starts_with("x64-"), "{feature} is for x64"))
        .chain(
            aarch64
                .iter()
                .filter_map(|form| form.feature.as_deref())
                .inspect(|feature| assert!(feature.starts_with("aarch64-"), "{feature} is for aarch64")),
        )
        .collect();
    assert_eq!(named, extensions, "features that tables name, and extensions in Cargo.toml");
    // Nor may an instruction set's extensions be missing where all are asked for.
    for full in ["x64-full", "aarch64-full"] {
        let isa = full.trim_end_matches("full");
        let line = features.lines().find(|line| line.starts_with(full)).unwrap();
        for extension in extensions.iter().filter(|extension| extension.starts_with(isa)) {
            assert!(line.contains(&format!("\"{extension}\"")), "{full} lacks {extension}");
        }
    }
}
