//! Random safe calls, right and wrong: none panics, and what comes out does not depend on the memory.

use crate::calls;
use quickcheck::TestResult;
use tailfirst::{aarch64::A64, x64::X64};
use tailfirst_roundtrip::choices;

#[test]
fn whatever_is_called_x64() {
    fn property(numbers: Vec<u64>) -> TestResult {
        calls::holds::<X64>(&numbers)
    }
    choices::check("whatever_is_called_x64", 1000).quickcheck(property as fn(Vec<u64>) -> TestResult);
}

#[test]
fn whatever_is_called_aarch64() {
    fn property(numbers: Vec<u64>) -> TestResult {
        calls::holds::<A64>(&numbers)
    }
    choices::check("whatever_is_called_aarch64", 1000).quickcheck(property as fn(Vec<u64>) -> TestResult);
}
