//! Whether excerpts of the crate's own code, which cannot be compiled by themselves, are still such.

use crate::{
    CHAPTERS,
    support::{read, repository, sources},
};
use std::fs;

/// A text without its indentation.
fn flat(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

/// The blocks that are not tests, with the chapters that have them.
fn excerpts() -> Vec<(&'static str, String)> {
    let mut excerpts = Vec::new();
    for name in CHAPTERS {
        let chapter = read(name);
        let blocks = chapter.split("```rust,ignore\n").skip(1).filter_map(|rest| rest.split("\n```").next());
        excerpts.extend(blocks.map(|block| (*name, flat(block))));
    }
    excerpts
}

#[test]
fn excerpts_are_as_the_source_is() {
    let out = std::env::temp_dir().join(format!("tailfirst-book-excerpts-{}", std::process::id()));
    fs::create_dir_all(&out).expect("a directory for temporary files");
    tailfirst_gen::generate(&repository("tables"), &out, |_| true).expect("the tables are right");
    let source = flat(&(sources(&repository("src")) + &sources(&out)));
    fs::remove_dir_all(&out).expect("it was made above");
    let excerpts = excerpts();
    assert!(excerpts.len() > 3, "only {} excerpts found", excerpts.len());
    for (name, excerpt) in excerpts {
        assert!(source.contains(&excerpt), "{name}: in no source:\n{excerpt}");
    }
}
