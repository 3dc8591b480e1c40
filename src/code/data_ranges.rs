//! Where data lies among code.
//!
//! Who reads finished code, as the listing does, cannot tell data from instructions. The encoder can: data is placed by
//! functions of its own, out of line. Each notes from where to where, and what is placed next to it goes on where it
//! ended, so that a table is one range however many calls placed it. Code without data pays nothing.

use crate::{Align, direction::Grows, references::label::Pos};
use alloc::vec::Vec;
use core::ops::Range;

/// Ranges of data, in the order in which they were placed.
#[derive(Debug, Default)]
pub(crate) struct DataRanges(Vec<(Pos, Pos)>);

/// How many ranges there were, and where the last one ended.
#[derive(Clone, Copy)]
pub(crate) struct Length {
    ranges: usize,
    end: Option<Pos>,
}

impl DataRanges {
    /// Notes a range, which joins the last one noted since `first`, if that ends where this begins.
    pub(crate) fn note(&mut self, first: Option<Length>, begin: Pos, end: Pos) {
        let own = first.map_or(0, |first| first.ranges);
        match self.0[own..].last_mut() {
            Some(last) if last.1 == begin => last.1 = end,
            _ if begin == end => {}
            _ => self.0.push((begin, end)),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn length(&self) -> Length {
        Length { ranges: self.0.len(), end: self.0.last().map(|last| last.1) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes over those of a block, with `place` for its positions.
    pub(crate) fn take_over(&mut self, block: &mut DataRanges, place: impl Fn(Pos) -> Pos) {
        // What begins there is what ended last in the block: its order is the other way round.
        self.0.extend(block.0.drain(..).rev().map(|(begin, end)| (place(end), place(begin))));
    }

    /// Takes over those of cold code that came since, which lie from position `begin` on, with `place` for their
    /// positions. They may join the last one noted here since `first`.
    pub(crate) fn take_over_since(
        &mut self,
        first: Option<Length>,
        cold: &DataRanges,
        since: Length,
        begin: Pos,
        place: impl Fn(Pos) -> Pos,
    ) {
        // The last one from before may have grown.
        for &(from, to) in cold.0[since.ranges.saturating_sub(1)..].iter().filter(|range| range.1 > begin) {
            self.note(first, place(from.max(begin)), place(to));
        }
    }

    /// Forgets what came since.
    pub(crate) fn truncate(&mut self, length: Length) {
        self.0.truncate(length.ranges);
        if let (Some(last), Some(end)) = (self.0.last_mut(), length.end) {
            last.1 = end;
        }
    }

    /// Turns the positions of what came since into others.
    pub(crate) fn place_since(&mut self, length: Length, position: impl Fn(Pos) -> Pos) {
        for (begin, end) in &mut self.0[length.ranges..] {
            (*begin, *end) = (position(*begin), position(*end));
        }
    }

    /// A place that is no multiple of `align`, with code on one side of it, where `placed` bytes have been placed.
    pub(crate) fn misaligned_code(&self, align: Align, placed: Pos) -> Option<Pos> {
        let edges = self.0.iter().flat_map(|&(begin, end)| [begin, end]);
        let mut misaligned: Vec<Pos> = edges.filter(|edge| align.gap(edge.from_base() as usize) > 0).collect();
        misaligned.sort_unstable();
        // Where data meets data there is no code, and none where all ends.
        let places = misaligned.chunk_by(|a, b| a == b);
        places.filter(|place| place.len() == 1).map(|place| place[0]).find(|&place| place != placed)
    }

    /// As offsets in code of `len` bytes, as far as they lie in it.
    pub(crate) fn offsets(&self, grows: Grows, len: usize) -> impl Iterator<Item = Range<usize>> {
        let offset = move |pos: Pos| grows.index(len, pos.min(Pos::at(len as u32)));
        let ranges = self.0.iter();
        let ranges = ranges.map(move |&(begin, end)| offset(grows.lower(begin, end))..offset(grows.higher(begin, end)));
        ranges.filter(|range| !range.is_empty())
    }
}
