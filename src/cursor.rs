//! The downward cursor: every raw write of the crate.
//!
//! An instruction is written last byte first, so the cursor moves from high addresses to low ones:
//!
//! ```text
//!   low addresses                                               high addresses
//!   +---------------------------+------------+----------------------------+
//!   |       not yet used        | red zone   | code placed so far         |
//!   +---------------------------+------------+----------------------------+
//!   ^ start                     <- RED_ZONE ->^ at                         ^ end
//!                                             <--------- pos ------------->
//! ```
//!
//! A piece of an x64 instruction is a chunk: up to eight bytes in a word whose *last* byte is the most significant.
//! Placing it is one unaligned eight-byte store that ends at the cursor, and a subtraction. What the store leaves below the chunk is
//! overwritten by the next chunk; the red zone is where that happens. So optional bytes at a chunk's low end (prefixes) cost no branch
//! and no shift: an absent one only shortens the length.
//!
//! Capacity is checked once an instruction. When less than the red zone is left, a growing buffer grows; on a fixed one the
//! cursor moves into a *spill*, a private piece of memory that holds a single instruction, which is copied to its place if
//! it fits. So a fixed buffer can be filled to its last byte, nothing is ever written outside it, and positions keep counting when it is full.
//!
//! `// Invariant(room):` `limit` is `start + RED_ZONE` while the cursor is in the buffer, and above the cursor whenever it is in
//! the spill; so `at >= limit` means that `RED_ZONE` bytes below `at` may be written.
//! `// Invariant(pos):` `origin - at` is one more than the number of bytes placed so far, in the buffer and in the spill alike, and
//! at most `COUNTED` and a few instructions. (One more, because that is how a [`Pos`] counts.)

#[cfg(feature = "x64")]
use crate::chunk::Chunk;
use crate::{
    buffer::{Buffer, MAX_LEN},
    label::Pos,
};
use alloc::{boxed::Box, vec::Vec};
use core::num::NonZeroU32;

/// Bytes below the cursor that one call of `place` may touch: four chunks, and the slack of the last store.
const RED_ZONE: usize = 64;
#[cfg(feature = "x64")]
const MAX_CHUNKS: usize = 4;
/// Bytes that are counted when a fixed buffer is too small.
const COUNTED: usize = MAX_LEN + (1 << 30);
#[cfg(feature = "x64")]
const _: () = assert!(MAX_CHUNKS * 8 + 8 <= RED_ZONE);

/// Where the next byte goes, and how far it may go.
///
/// These three words are all that placing an instruction touches. The buffer is behind a pointer of its own, and the slow path gets that and
/// the words by value: so the compiler knows that no call sees the words, and keeps them in registers from one instruction to the next.
pub(crate) struct Cursor<'buf> {
    place: Place,
    memory: Box<Memory<'buf>>,
}

/// A cursor's position.
#[derive(Clone, Copy)]
struct Place {
    at: *mut u8,
    limit: *mut u8,
    /// One above the address of the buffer's end, as seen from `at`.
    origin: usize,
}

/// What a cursor writes into.
struct Memory<'buf> {
    buffer: Buffer<'buf>,
    /// Where a fixed buffer's last instructions are written, one at a time; `RED_ZONE` bytes of spare capacity, once that is needed.
    spill: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The cursor is in the buffer.
    InBuffer,
    /// The cursor is in the spill; `placed` bytes have reached the buffer's high end.
    InSpill { placed: usize },
    /// The cursor is in the spill, and an instruction did not fit.
    Full,
}

// SAFETY: the pointers point into `memory`, which the cursor owns, or into what that borrows uniquely.
unsafe impl Send for Cursor<'_> {}
// SAFETY: a shared cursor reads no memory through its pointers.
unsafe impl Sync for Cursor<'_> {}

impl<'buf> Cursor<'buf> {
    pub(crate) fn new(buffer: Buffer<'buf>) -> Self {
        let mut memory = Box::new(Memory { buffer, spill: Vec::new(), state: State::InBuffer });
        Cursor { place: memory.in_buffer(0), memory }
    }

    /// Back to the buffer's end.
    pub(crate) fn clear(&mut self) {
        self.memory.state = State::InBuffer;
        self.place = self.memory.in_buffer(0);
    }

    /// Bytes placed so far: the distance of the last placed byte from the end.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn placed(&self) -> usize {
        // Invariant(pos)
        self.place.count() - 1
    }

    /// The position of what was placed last.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn pos(&self) -> Pos {
        self.pos_below(0)
    }

    /// The position of what is placed next, if that has so many bytes.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn pos_below(&self, bytes: u8) -> Pos {
        let count = (self.place.count() as u32).wrapping_add(bytes.into());
        debug_assert_ne!(count, 0);
        // SAFETY: Invariant(pos): the count is between 1 and COUNTED and a few instructions, which is below 2^32.
        Pos::from_count(unsafe { NonZeroU32::new_unchecked(count) })
    }

    /// Places one instruction, given as chunks from its last bytes to its first.
    #[cfg(feature = "x64")]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn place<const N: usize>(&mut self, chunks: [Chunk; N]) {
        const { assert!(N <= MAX_CHUNKS) }
        self.make_room();
        let mut at = self.place.at;
        for chunk in chunks {
            debug_assert!(chunk.len <= 8);
            // SAFETY:
            // 1. Invariant(room): RED_ZONE bytes below the cursor may be written;
            // 2. Invariant(chunk): earlier chunks moved `at` down by at most 8 bytes each, so with N <= MAX_CHUNKS the
            //    store's 8 bytes lie in the red zone;
            // 3. the store is unaligned, and plain bytes have no invalid values.
            unsafe {
                at.sub(8).cast::<u64>().write_unaligned(chunk.word.to_le());
                at = at.sub(chunk.len);
            }
        }
        self.place.at = at;
    }

    /// Places one four-byte instruction.
    #[cfg(feature = "aarch64")]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn place_word(&mut self, word: u32) {
        self.make_room();
        // SAFETY: Invariant(room), and 4 <= RED_ZONE; the store is unaligned.
        unsafe {
            self.place.at = self.place.at.sub(4);
            self.place.at.cast::<u32>().write_unaligned(word.to_le());
        }
    }

    /// Establishes Invariant(room): the red zone is free.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn make_room(&mut self) {
        if (self.place.at as usize) < self.place.limit as usize {
            self.place = self.memory.with_room(self.place);
        }
    }

    /// The code placed so far, or the number of bytes that a fixed buffer would have needed.
    pub(crate) fn code(&mut self) -> Result<&mut [u8], usize> {
        if self.memory.state != State::InBuffer {
            self.place = self.memory.flush_spill(self.place);
        }
        let placed = self.placed();
        if self.memory.state == State::Full {
            return Err(placed);
        }
        let (start, len) = self.memory.buffer.extent();
        debug_assert!(placed <= len);
        // SAFETY: Invariant(pos): the highest `placed` bytes of the buffer were written by `place`, `place_word` or
        // `flush_spill`, and the returned borrow is unique because `self` is.
        Ok(unsafe { core::slice::from_raw_parts_mut(start.add(len - placed), placed) })
    }
}

impl Place {
    /// One more than the number of bytes placed so far.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn count(self) -> usize {
        // Invariant(pos)
        self.origin.wrapping_sub(self.at as usize)
    }
}

impl Memory<'_> {
    /// A place from which the red zone is free, with as many bytes placed.
    #[cold]
    #[inline(never)]
    fn with_room(&mut self, place: Place) -> Place {
        let placed = place.count() - 1;
        if self.state != State::InBuffer {
            return self.flush_spill(place);
        }
        if self.buffer.grow(placed) {
            return self.in_buffer(placed);
        }
        self.state = State::InSpill { placed };
        self.in_spill(placed)
    }

    fn in_buffer(&mut self, placed: usize) -> Place {
        let (start, len) = self.buffer.extent();
        debug_assert!(placed <= len);
        // `wrapping_add`, because a buffer shorter than the red zone has a limit beyond its end, which is never accessed.
        let (at, limit) = (start.wrapping_add(len - placed), start.wrapping_add(RED_ZONE));
        Place { at, limit, origin: start as usize + len + 1 }
    }

    fn in_spill(&mut self, placed: usize) -> Place {
        // Counting ends a little above what any buffer holds, so that positions stay in 32 bits.
        let placed = placed.min(COUNTED);
        self.spill.reserve_exact(RED_ZONE);
        let at = self.spill.as_mut_ptr().wrapping_add(RED_ZONE);
        // Invariant(room): the limit is above the cursor, so that every instruction comes by `with_room`.
        Place { at, limit: at.wrapping_add(1), origin: (at as usize).wrapping_add(placed + 1) }
    }

    /// Copies what is in the spill to its place in the buffer, and empties the spill.
    fn flush_spill(&mut self, place: Place) -> Place {
        let total = place.count() - 1;
        if let State::InSpill { placed } = self.state {
            let (start, len) = self.buffer.extent();
            if total <= len {
                debug_assert!(total - placed <= RED_ZONE);
                // SAFETY:
                // 1. the `total - placed` bytes from `at` on are the spill's written part;
                // 2. `placed <= total <= len`, so the place is inside the buffer;
                // 3. the spill is no part of the buffer.
                unsafe { core::ptr::copy_nonoverlapping(place.at, start.add(len - total), total - placed) };
                self.state = State::InSpill { placed: total };
            } else {
                self.state = State::Full;
            }
        }
        self.in_spill(total)
    }
}
