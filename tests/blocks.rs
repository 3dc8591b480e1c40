//! Blocks: random programs of them against a model, and what must not be done with them.

#[path = "support/trees/mod.rs"]
mod trees;

use quickcheck::TestResult;
use tailfirst::{aarch64::A64, x64::X64};

#[test]
fn programs_with_blocks_x64() {
    fn property(numbers: Vec<u64>) -> TestResult {
        trees::is_as_expected::<X64>(&numbers, false)
    }
    trees::choices::check("programs_with_blocks_x64", 1500).quickcheck(property as fn(Vec<u64>) -> TestResult);
}

#[test]
fn programs_with_blocks_aarch64() {
    fn property(numbers: Vec<u64>) -> TestResult {
        trees::is_as_expected::<A64>(&numbers, false)
    }
    trees::choices::check("programs_with_blocks_aarch64", 1500).quickcheck(property as fn(Vec<u64>) -> TestResult);
}
