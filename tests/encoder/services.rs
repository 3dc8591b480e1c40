//! The table of services names tests that exist.

use std::{fs, path::Path};

#[test]
fn every_service_names_its_tests() {
    let table = include_str!("../../src/services.md");
    let mut sources = String::new();
    read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests")), &mut sources);
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() > 20);
    for row in rows {
        let columns: Vec<&str> = row.trim_matches('|').split('|').collect();
        let [_, _, down, up] = columns[..] else { panic!("four columns: {row}") };
        for held_by in [down, up] {
            let tests: Vec<&str> = held_by.split('`').skip(1).step_by(2).collect();
            assert!(!tests.is_empty(), "no test holds {row}");
            for test in tests {
                let is_there = ['(', '<'].iter().any(|next| sources.contains(&format!("fn {test}{next}")));
                assert!(is_there, "no test {test} in {row}");
            }
        }
    }
}

/// Adds what Rust files in a directory hold.
fn read(directory: &Path, sources: &mut String) {
    for file in fs::read_dir(directory).expect("a directory of this package") {
        let path = file.expect("a directory entry").path();
        if path.is_dir() {
            read(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs::read_to_string(&path).expect("UTF-8"));
        }
    }
}
