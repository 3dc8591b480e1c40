//! Snapshots: random programs with parts that are placed and dropped, against the same without; and snapshots of something else.

#[path = "support/trees/mod.rs"]
mod trees;

use quickcheck::TestResult;
use tailfirst::{aarch64::A64, x64::X64};

#[test]
fn what_is_dropped_leaves_no_trace_x64() {
    fn property(numbers: Vec<u64>) -> TestResult {
        trees::is_as_expected::<X64>(&numbers, true)
    }
    trees::choices::check("what_is_dropped_leaves_no_trace_x64", 1500)
        .quickcheck(property as fn(Vec<u64>) -> TestResult);
}

#[test]
fn what_is_dropped_leaves_no_trace_aarch64() {
    fn property(numbers: Vec<u64>) -> TestResult {
        trees::is_as_expected::<A64>(&numbers, true)
    }
    trees::choices::check("what_is_dropped_leaves_no_trace_aarch64", 1500)
        .quickcheck(property as fn(Vec<u64>) -> TestResult);
}
