//! Randomness that shrinks.
//!
//! A random operand has many parts, and a shrinker for each would be more code than what it serves. So quickcheck makes
//! (and shrinks) nothing but a list of numbers, and everything random is derived from them, one number a choice. Every
//! choice is ordered from plain to odd, and a list that has run out gives zeros, so a shorter list of smaller numbers
//! is a simpler instruction.
//!
//! `TAILFIRST_SEED=n` repeats a run; each prints its seed. `TAILFIRST_CASES=n` multiplies the number of cases,
//! `TAILFIRST_CASES=/n` divides it.

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

/// The run's seed, which is printed.
pub fn seed(test: &str) -> u64 {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
    let given = std::env::var("TAILFIRST_SEED").ok();
    let seed = given.map_or_else(now, |text| text.parse().expect("a number"));
    println!("{test}: TAILFIRST_SEED={seed}");
    seed
}

/// What `TAILFIRST_CASES` asks for.
enum Cases {
    TimesMore(u64),
    TimesFewer(u64),
}

fn asked() -> Cases {
    let number = |text: &str| text.parse().expect("a number");
    match std::env::var("TAILFIRST_CASES") {
        Ok(text) => match text.strip_prefix('/') {
            Some(divisor) => Cases::TimesFewer(number(divisor)),
            None => Cases::TimesMore(number(&text)),
        },
        Err(_) => Cases::TimesMore(1),
    }
}

/// How often to do what is done `cases` times unless asked for more, or fewer.
pub fn times(cases: u64) -> u64 {
    match asked() {
        Cases::TimesMore(factor) => cases * factor,
        Cases::TimesFewer(divisor) => cases.div_ceil(divisor),
    }
}

/// Of cases that are listed, the distance of those that are to be tried.
pub fn stride() -> usize {
    match asked() {
        Cases::TimesMore(_) => 1,
        Cases::TimesFewer(divisor) => divisor as usize,
    }
}

/// A quickcheck that says how to repeat it.
pub fn check(test: &str, cases: u64) -> QuickCheck {
    let cases = times(cases);
    // Where few cases are wanted, each takes long.
    let size = if stride() == 1 { 100 } else { 20 };
    QuickCheck::new().rng(Gen::from_size_and_seed(size, seed(test))).tests(cases).max_tests(cases)
}
