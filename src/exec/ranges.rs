//! Which bytes of the arena are free.
//!
//! Free ranges are kept twice: by place, so that a range that comes back joins its neighbours at once, and by length,
//! so that the smallest one that is large enough is found at once. A piece is cut from the *top* of that range: code
//! grows downward, the unused low end of a piece comes back, and so the next piece ends where the last code begins.
//!
//! `// Invariant(apart):` no two free ranges overlap or touch, and both indices hold the same ranges.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// Free ranges of offsets.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    /// Start to end.
    by_start: BTreeMap<usize, usize>,
    /// Length and start.
    by_len: BTreeSet<(usize, usize)>,
    total: usize,
}

impl Ranges {
    /// The smallest free range of at least `len` bytes, cut from its top.
    pub(super) fn take(&mut self, len: usize) -> Option<Range<usize>> {
        // Of equal lengths the highest, so that the low end of the arena stays in one piece.
        let &(smallest, _) = self.by_len.range((len, 0)..).next()?;
        let &(_, start) = self.by_len.range((smallest, 0)..=(smallest, usize::MAX)).next_back()?;
        let end = start + smallest;
        Some(self.cut(start..end, end - len..end))
    }

    /// `len` bytes anywhere, at a multiple of `step`. `random` gives a number below the one that it gets.
    pub(super) fn take_anywhere(
        &mut self,
        len: usize,
        step: usize,
        mut random: impl FnMut(usize) -> usize,
    ) -> Option<Range<usize>> {
        let fitting = self.by_len.range((len, 0)..);
        let &(found, start) = fitting.clone().nth(random(fitting.count().max(1)))?;
        let at = start + random((found - len) / step + 1) * step;
        Some(self.cut(start..start + found, at..at + len))
    }

    /// Takes `piece` out of `whole`, which is free.
    fn cut(&mut self, whole: Range<usize>, piece: Range<usize>) -> Range<usize> {
        self.remove(whole.clone());
        self.insert(whole.start..piece.start);
        self.insert(piece.end..whole.end);
        piece
    }

    /// Makes a range free again.
    pub(super) fn give(&mut self, range: Range<usize>) {
        let Range { mut start, mut end } = range;
        if start == end {
            return;
        }
        // Invariant(apart): at most one neighbour touches on each side.
        if let Some((&low, &low_end)) = self.by_start.range(..=start).next_back() {
            debug_assert!(low_end <= start, "freed twice");
            if low_end == start {
                self.remove(low..low_end);
                start = low;
            }
        }
        if let Some((&high, &high_end)) = self.by_start.range(start..).next() {
            debug_assert!(end <= high, "freed twice");
            if high == end {
                self.remove(high..high_end);
                end = high_end;
            }
        }
        self.insert(start..end);
    }

    fn insert(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.by_start.insert(range.start, range.end);
            self.by_len.insert((range.len(), range.start));
            self.total += range.len();
        }
    }

    fn remove(&mut self, range: Range<usize>) {
        self.by_start.remove(&range.start);
        self.by_len.remove(&(range.len(), range.start));
        self.total -= range.len();
    }

    /// Whether all of a range is free.
    pub(super) fn contains(&self, range: &Range<usize>) -> bool {
        let below = self.by_start.range(..=range.start).next_back();
        below.is_some_and(|(_, &end)| range.end <= end)
    }

    /// The free ranges, lowest first.
    #[cfg(test)]
    fn iter(&self) -> impl Iterator<Item = Range<usize>> {
        self.by_start.iter().map(|(&start, &end)| start..end)
    }

    /// Bytes that are free.
    pub(super) fn total(&self) -> usize {
        self.total
    }

    /// Bytes of the longest free range.
    pub(super) fn largest(&self) -> usize {
        self.by_len.last().map_or(0, |&(len, _)| len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quickcheck::quickcheck;

    fn ranges(len: usize) -> Ranges {
        let mut ranges = Ranges::default();
        ranges.give(0..len);
        ranges
    }

    #[test]
    fn pieces_come_from_the_top_and_join_again() {
        let mut free = ranges(100);
        let (a, b, c) = (free.take(10), free.take(20), free.take(30));
        assert_eq!((a.clone(), b.clone(), c.clone()), (Some(90..100), Some(70..90), Some(40..70)));
        assert_eq!(free.take(41), None);
        free.give(70..90);
        assert_eq!((free.largest(), free.total()), (40, 60));
        // The smallest that is large enough.
        assert_eq!(free.take(15), Some(75..90));
        free.give(75..90);
        free.give(40..70);
        free.give(90..100);
        assert!(free.iter().eq(std::iter::once(0..100)));
    }

    quickcheck! {
        /// Taken ranges never overlap, and whatever the order, all that is given back is one range at last.
        fn nothing_is_lost(steps: Vec<(bool, u8, u8)>) -> bool {
            const LEN: usize = 2000;
            let mut free = ranges(LEN);
            let mut taken: Vec<Range<usize>> = vec![];
            for (anywhere, len, which) in steps {
                let len = usize::from(len) + 1;
                let piece = match anywhere {
                    true => free.take_anywhere(len, 1, |below| usize::from(which) % below),
                    false => free.take(len),
                };
                match piece {
                    Some(piece) => {
                        let apart = taken.iter().all(|other| piece.end <= other.start || other.end <= piece.start);
                        if !apart || piece.len() != len || piece.end > LEN {
                            return false;
                        }
                        taken.push(piece);
                    }
                    None if free.largest() >= len => return false,
                    None => {
                        if !taken.is_empty() {
                            let index = usize::from(which) % taken.len();
                            free.give(taken.swap_remove(index));
                        }
                    }
                }
                if free.total() + taken.iter().map(Range::len).sum::<usize>() != LEN {
                    return false;
                }
            }
            taken.into_iter().for_each(|piece| free.give(piece));
            free.iter().eq(std::iter::once(0..LEN))
        }
    }
}
