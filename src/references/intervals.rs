//! Numbers that are given in the order of time, as a few intervals.

use alloc::vec::Vec;
use core::ops::Range;

/// Numbers, of which those added last reach further than all before.
#[derive(Default)]
pub(super) struct Intervals {
    /// Invariant(apart): they ascend and are apart.
    apart: Vec<Range<u64>>,
}

impl Intervals {
    pub(super) fn contain(&self, number: u64) -> bool {
        let at = self.apart.partition_point(|interval| interval.end <= number);
        self.apart.get(at).is_some_and(|interval| interval.start <= number)
    }

    /// Adds all numbers of `interval`, whose end is not below the others' ends, and gives those that are new to `new`.
    /// The intervals that it touches become one, so each is met here once.
    pub(super) fn add(&mut self, interval: Range<u64>, mut new: impl FnMut(Range<u64>)) {
        if interval.is_empty() {
            return;
        }
        let first = self.apart.partition_point(|before| before.end < interval.start);
        let mut start = interval.start;
        let mut reached = interval.start;
        for known in self.apart.drain(first..) {
            debug_assert!(known.end <= interval.end);
            start = start.min(known.start);
            if reached < known.start {
                new(reached..known.start);
            }
            reached = known.end;
        }
        if reached < interval.end {
            new(reached..interval.end);
        }
        // Invariant(apart): what is left ends before this begins.
        self.apart.push(start..interval.end);
    }

    pub(super) fn clear(&mut self) {
        self.apart.clear();
    }
}
