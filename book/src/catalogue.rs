//! Whether the catalogue of errors has every error, and none that does not exist.
//!
//! The enumerations may grow, so a `match` in this crate needs an arm for what comes later, and would notice nothing.
//! So the sources are asked: each variant of each public error is to have a section with a block that names it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Enumerations whose names do not tell that they belong to an error.
const OTHERS: [&str; 2] = ["AddressProblem", "Unsupported"];

fn sources(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("the crate's sources") {
        let path = entry.expect("an entry of a directory").path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The variants of the public errors of a source file, as `FinishError::OpenBlock`.
fn variants(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut of = None;
    for line in source.lines() {
        if let Some(rest) = line.strip_prefix("pub enum ") {
            let name = rest.split([' ', '<']).next().unwrap_or(rest);
            of = Some(name).filter(|name| name.ends_with("Error") || OTHERS.contains(name));
        } else if line == "}" {
            of = None;
        } else if let (Some(name), Some(variant)) = (of, line.strip_prefix("    "))
            && variant.starts_with(|first: char| first.is_ascii_uppercase())
        {
            let variant = variant.split([' ', '(', ',', '{']).next().unwrap_or(variant);
            found.push(format!("{name}::{variant}"));
        }
    }
    found
}

/// The sections of a chapter: their titles and what stands in them.
fn sections(chapter: &str) -> Vec<(&str, &str)> {
    chapter
        .split("\n### ")
        .skip(1)
        .map(|section| {
            let (title, text) = section.split_once('\n').unwrap_or((section, ""));
            // What comes behind the chapter's next part is not the section's.
            (title.trim_matches('`'), text.split("\n## ").next().unwrap_or(text))
        })
        .collect()
}

#[test]
fn every_error_has_a_section_with_a_test() {
    let book = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&book.join("../src"), &mut files);
    let wanted: BTreeSet<String> =
        files.iter().flat_map(|file| variants(&fs::read_to_string(file).expect("a source file"))).collect();
    assert!(wanted.len() > 70, "only {} variants found: is the source written otherwise now?", wanted.len());

    let mut found = BTreeSet::new();
    for name in super::CHAPTERS.iter().filter(|name| name.starts_with("errors-")) {
        let chapter = fs::read_to_string(book.join("chapters").join(name)).expect("a chapter");
        for (title, text) in sections(&chapter) {
            let block = text.split("```rust").nth(1).and_then(|rest| rest.split("```").next());
            let is_tested = block.is_some_and(|block| block.contains(title));
            assert!(is_tested, "{name}: the section {title} has no block that names it");
            assert!(found.insert(title.to_owned()), "{name}: {title} has two sections");
        }
    }
    let missing: Vec<_> = wanted.difference(&found).collect();
    let strange: Vec<_> = found.difference(&wanted).collect();
    assert!(missing.is_empty() && strange.is_empty(), "without a section: {missing:?}; no error: {strange:?}");
}

#[test]
fn variants_are_read() {
    let source = "pub enum AError<T> {\n    /// Doc.\n    One,\n    Two {\n        at: u32,\n    },\n    Three(Four),\n}\n\
                  pub enum B {\n    Five,\n}\n";
    assert_eq!(variants(source), ["AError::One", "AError::Two", "AError::Three"]);
}
