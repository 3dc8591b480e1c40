//! Whether the catalogue of errors has every error, and none that does not exist.
//!
//! The enumerations may grow, so a `match` in this crate needs an arm for what comes later, and would notice nothing.
//! So the sources are asked: each error that is a struct, and each variant of the others, is to have a section with a
//! block that names it.

use crate::support::{read, repository, sources};
use std::collections::BTreeSet;

/// Enumerations that are a part of an error.
const PARTS: [&str; 2] = ["AddressProblem", "Unsupported"];

/// The word that `text` begins with.
fn word(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or(text)
}

/// The errors of some source: structs by their name, and enumerations by their variants, as `FinishError::OpenBlock`.
fn errors(source: &str) -> BTreeSet<String> {
    let mut names: BTreeSet<&str> = source.split("error::Error for ").skip(1).map(word).collect();
    names.extend(PARTS);
    let mut found: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut of = None;
    for line in source.lines() {
        if let Some(rest) = line.strip_prefix("pub enum ") {
            of = names.get(word(rest)).copied();
            of.map(|name| found.remove(name));
        } else if line == "}" {
            of = None;
        } else if let (Some(name), Some(variant)) = (of, line.strip_prefix("    "))
            && variant.starts_with(|first: char| first.is_ascii_uppercase())
        {
            found.insert(format!("{name}::{}", word(variant)));
        }
    }
    found
}

/// The sections of a chapter: their titles and what stands in them.
fn sections(chapter: &str) -> Vec<(&str, &str)> {
    let section = |section| {
        let (title, text): (&str, &str) = str::split_once(section, '\n').unwrap_or((section, ""));
        // What comes behind the chapter's next part is not the section's.
        (title.trim_matches('`'), text.split("\n## ").next().unwrap_or(text))
    };
    chapter.split("\n### ").skip(1).map(section).collect()
}

#[test]
fn every_error_has_a_section_with_a_test() {
    let wanted = errors(&sources(&repository("src")));
    assert!(wanted.len() > 70, "only {} errors found: are they written otherwise now?", wanted.len());

    let mut found = BTreeSet::new();
    for name in super::CHAPTERS.iter().filter(|name| name.starts_with("errors-")) {
        let chapter = read(name);
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
fn errors_are_read() {
    let source = "impl core::error::Error for A {}\nimpl core::error::Error for B {}\npub struct B;\n\
                  pub enum A {\n    /// Doc.\n    One,\n    Two {\n        at: u32,\n    },\n    Three(Four),\n}\n\
                  pub enum AddressProblem {\n    Five,\n}\npub enum Unsupported {\n    Six,\n}\n\
                  pub enum C {\n    Seven,\n}\n";
    let expected = ["A::One", "A::Three", "A::Two", "AddressProblem::Five", "B", "Unsupported::Six"];
    assert_eq!(errors(source).into_iter().collect::<Vec<_>>(), expected);
}
