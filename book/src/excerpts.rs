//! Whether excerpts of the crate's own code, which cannot be compiled by themselves, are still such.

use crate::{
    CHAPTERS,
    support::{read, repository, sources},
};
use std::fs;

/// The lines of the blocks that are not tests, with what they are of.
fn excerpts() -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    for name in CHAPTERS {
        let mut is_excerpt = false;
        for line in read(name).lines() {
            match line {
                "```rust,ignore" => is_excerpt = true,
                "```" => is_excerpt = false,
                _ if is_excerpt => lines.push((*name, line.trim().to_owned())),
                _ => {}
            }
        }
    }
    lines
}

#[test]
fn excerpts_are_as_the_source_is() {
    let out = std::env::temp_dir().join(format!("tailfirst-book-excerpts-{}", std::process::id()));
    fs::create_dir_all(&out).expect("a directory for temporary files");
    tailfirst_gen::generate(&repository("tables"), &out, |_| true).expect("the tables are right");
    let source = sources(&repository("src")) + &sources(&out);
    fs::remove_dir_all(&out).expect("it was made above");
    let lines = excerpts();
    assert!(lines.len() > 10, "only {} lines found", lines.len());
    let strange: Vec<_> = lines.iter().filter(|(_, line)| !source.contains(line.as_str())).collect();
    assert!(strange.is_empty(), "in no source: {strange:#?}");
}
