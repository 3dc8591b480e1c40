//! A table's Cargo feature is a feature of the crate: a misspelt one could never be enabled, and its forms would be in
//! no build.

use std::{collections::BTreeSet, fs, path::Path};
use tailfirst_gen::{
    Reason, aarch64_cpu, aarch64_forms,
    cpu::{Checked, Found, Place},
    x64_cpu, x64_forms,
};

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

/// A row's `cpu` is a feature of tables/cpu/, and each of these is there with how it is found, or why it cannot be.
#[test]
fn cpu_features_are_in_their_tables() {
    let tables = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tables"));
    let (x64, aarch64) = (x64_cpu(tables).unwrap(), aarch64_cpu(tables).unwrap());
    let rows = [
        (&x64, x64_forms(tables).unwrap().into_iter().map(|form| form.cpu).collect::<BTreeSet<_>>()),
        (&aarch64, aarch64_forms(tables).unwrap().into_iter().map(|form| form.cpu).collect()),
    ];
    for (cpu, rows) in rows {
        let named: BTreeSet<&String> = rows.iter().flatten().collect();
        assert!(named.len() > 100, "{} features", named.len());
        for name in named {
            let feature = cpu.find(name).unwrap_or_else(|| panic!("{name} is not in the table"));
            match &feature.found {
                Found::Tests(tests) => assert!(!tests.is_empty(), "{name}"),
                Found::Always => {}
                Found::Not => assert!(feature.row.unknown.as_ref().is_some_and(|reason| !reason.is_empty()), "{name}"),
            }
        }
        let known = cpu.check_row(&["SSE9".into()]);
        assert_eq!(known, Err(Reason::UnknownFeature { name: "SSE9".into() }));
    }
    // No two features of x64 are the same bits, and what CPUID tells of AVX, AVX-512, AMX and APX is tied to XCR0.
    let tests = |feature: &Checked| match &feature.found {
        Found::Tests(tests) => tests.clone(),
        _ => vec![],
    };
    for (index, feature) in x64.features.iter().enumerate() {
        let own = tests(feature);
        let twin = x64.features[..index].iter().find(|other| !own.is_empty() && tests(other) == own);
        assert!(twin.is_none(), "{} and {}", feature.row.name, twin.unwrap().row.name);
        let name = feature.row.name.as_str();
        let is_known = feature.found != Found::Not;
        for (prefix, bit) in [("AVX", 2), ("AVX512", 7), ("AMX", 18), ("APX", 19)] {
            if name.starts_with(prefix) && is_known {
                assert!(own.iter().any(|test| test.place == Place::Xcr0 && test.low == bit), "{name}");
            }
        }
    }
}
