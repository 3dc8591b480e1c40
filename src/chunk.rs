//! A piece of an instruction: up to eight bytes in a word.
//!
//! The *last* byte is the most significant, so that pieces are joined by shifting the first one, and an optional byte at the low
//! end (a prefix) is there or not by the length alone.

use core::hint::select_unpredictable;

/// Up to eight consecutive bytes of an instruction, the last one most significant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chunk {
    pub(crate) word: u64,
    // Invariant(chunk): at most 8.
    pub(crate) len: usize,
}

impl Chunk {
    /// The `len` most significant bytes of `word`; `len` is at most 8.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn new(word: u64, len: usize) -> Self {
        debug_assert!(len <= 8);
        Chunk { word, len }
    }

    /// This chunk followed by another; together at most 8 bytes.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn then(self, next: Chunk) -> Self {
        debug_assert!(self.len + next.len <= 8);
        // A shift by 64 is none: an eight-byte `next` leaves no room for this chunk.
        let word = match self.word.checked_shr(8 * next.len as u32) {
            Some(shifted) => shifted | next.word,
            None => next.word,
        };
        Chunk { word, len: self.len + next.len }
    }

    /// One of two chunks, without a branch: what decides is not predictable.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn select(first: bool, a: Chunk, b: Chunk) -> Chunk {
        let (word, len) = (select_unpredictable(first, a.word, b.word), select_unpredictable(first, a.len, b.len));
        Chunk { word, len }
    }
}
