//! The table of services names tests that exist.

use std::fs;

#[test]
fn every_service_names_its_tests() {
    let table = include_str!("../src/services.md");
    let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests")).expect("the tests are beside this");
    let sources: String =
        files.filter_map(|file| fs::read_to_string(file.expect("a directory entry").path()).ok()).collect();
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
