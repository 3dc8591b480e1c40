//! A piece of an instruction: up to eight bytes in a word.
//!
//! The *last* byte is the most significant, so that pieces are joined by shifting the first one, and an optional byte
//! at the low end (a prefix) is there or not by the length alone.

use core::hint::select_unpredictable;

/// Consecutive bytes of an instruction, in a word of eight, four or one bytes, the last one most significant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chunk<W = u64> {
    pub(crate) word: W,
    // Invariant(chunk): at most the word's.
    pub(crate) len: usize,
}

impl<W: Copy> Chunk<W> {
    /// The `len` most significant bytes of `word`; there are so many.
    #[inline(always)]
    pub(crate) const fn new(word: W, len: usize) -> Self {
        debug_assert!(len <= size_of::<W>());
        Chunk { word, len }
    }

    /// One of two chunks, without a branch: what decides is not predictable.
    #[inline(always)]
    pub(crate) fn select(first: bool, a: Self, b: Self) -> Self {
        let (word, len) = (select_unpredictable(first, a.word, b.word), select_unpredictable(first, a.len, b.len));
        Chunk { word, len }
    }
}

impl Chunk {
    /// This chunk followed by another; together at most 8 bytes.
    #[inline(always)]
    pub(crate) const fn then(self, next: Chunk) -> Self {
        debug_assert!(self.len + next.len <= 8);
        // A shift by 64 is none: an eight-byte `next` leaves no room for this chunk.
        let word = match self.word.checked_shr(8 * next.len as u32) {
            Some(shifted) => shifted | next.word,
            None => next.word,
        };
        Chunk { word, len: self.len + next.len }
    }
}

impl Chunk<u32> {
    /// This chunk followed by another, of at most four bytes.
    #[inline(always)]
    pub(crate) const fn then(self, next: Chunk) -> Chunk {
        debug_assert!(next.len <= 4);
        Chunk { word: (self.word as u64) << (32 - 8 * next.len) | next.word, len: self.len + next.len }
    }

    /// This chunk, of at most three bytes, followed by one byte.
    #[inline(always)]
    pub(crate) const fn then_byte(self, next: Chunk) -> Self {
        debug_assert!(self.len < 4 && next.len == 1);
        Chunk { word: self.word >> 8 | (next.word >> 32) as u32, len: self.len + 1 }
    }
}
