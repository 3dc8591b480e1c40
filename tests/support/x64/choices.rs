//! Randomness that shrinks.
//!
//! A random operand has many parts, and a shrinker for each would be more code than what it serves. So quickcheck makes (and
//! shrinks) nothing but a list of numbers, and everything random is derived from them, one number a choice. Every choice is
//! ordered from plain to odd, and a list that has run out gives zeros, so a shorter list of smaller numbers is a simpler instruction.
//!
//! `TAILFIRST_SEED=n` repeats a run; each prints its seed. `TAILFIRST_CASES=n` multiplies the number of cases.

use quickcheck::{Arbitrary, Gen, QuickCheck};
use std::time::{SystemTime, UNIX_EPOCH};

/// Numbers that have not been used yet.
#[derive(Debug, Clone)]
pub struct Choices<'a> {
    numbers: &'a [u64],
}

impl<'a> Choices<'a> {
    pub fn new(numbers: &'a [u64]) -> Self {
        Choices { numbers }
    }

    pub fn number(&mut self) -> u64 {
        match self.numbers {
            [first, rest @ ..] => {
                self.numbers = rest;
                *first
            }
            [] => 0,
        }
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.number() % bound as u64) as usize
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// True once in `n` times.
    pub fn rarely(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }
}

/// The numbers that one case is made of.
pub fn numbers(g: &mut Gen) -> Vec<u64> {
    // Enough for any instruction. `u64::arbitrary` prefers extremes, which the choices do not need.
    (0..32)
        .map(|_| {
            (u64::from(u16::arbitrary(g)) << 48) ^ (u64::from(u32::arbitrary(g)) << 16) ^ u64::from(u32::arbitrary(g))
        })
        .collect()
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// The run's seed, which is printed.
pub fn seed(test: &str) -> u64 {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
    let seed = variable("TAILFIRST_SEED").unwrap_or_else(now);
    println!("{test}: TAILFIRST_SEED={seed}");
    seed
}

/// How often to do what is done `cases` times unless asked for more.
pub fn times(cases: u64) -> u64 {
    cases * variable("TAILFIRST_CASES").unwrap_or(1)
}

/// A quickcheck that says how to repeat it.
pub fn check(test: &str, cases: u64) -> QuickCheck {
    let cases = times(cases);
    QuickCheck::new().rng(Gen::from_size_and_seed(100, seed(test))).tests(cases).max_tests(cases)
}
