//! The memory that a cursor moves in: a buffer, and what happens at its tip.
//!
//! When less than the red zone is left, a growing buffer grows. On a fixed one the cursor moves into a *spill*, a
//! private piece of memory that holds a single instruction, or a batch, which is copied to its place when the next one
//! begins. So a fixed buffer can be filled to its last byte, nothing is ever written outside it, and positions keep
//! counting when it is full. What does not fit is cut off, and what fits is kept: going back to where the code still
//! fitted finds it whole.
//!
//! All of this is out of line and compiled once, for both directions: which one it is, is a value here.
//!
//! `// Invariant(limit):` `limit` is where the cursor may be at most for the red zone to be free ahead of it; in the
//! spill it is always behind the cursor, so that every instruction outside a batch comes by the slow path. It is nearer
//! than the buffer's tip while a *deadline* comes first (see [`far`](crate::far)): one look watches both. Whoever sets
//! a deadline nearer than `MOST_FREE` bytes zeroes `free`, which forces the slow path.
//!
//! `// Invariant(pos):` the bytes from `origin` to the cursor are one more than the number of bytes placed so far, in
//! the buffer and in the spill alike, and at most `COUNTED` and a few instructions. (One more, because that is how a
//! [`Pos`] counts.)
//!
//! `// Invariant(full):` of a fixed buffer that is full, every byte is code: the first ones that were placed.

#[cfg(feature = "aarch64")]
use super::cursor::Place;
use super::{
    buffer::{Buffer, MAX_LEN},
    cursor::Room,
};
use crate::{direction::Grows, references::label::Pos};
use alloc::vec::Vec;
use core::num::NonZeroU32;

/// Bytes ahead of the cursor that one call of `place` may touch.
pub(crate) const RED_ZONE: usize = 64;
/// The bytes that a batch may take without a look, at most.
const MOST_BATCH: usize = 1024;
/// The red zone of a batch, and what it may take before that.
const SPILL: usize = RED_ZONE + MOST_BATCH;
/// The bytes that may be placed from one look to the next.
pub(crate) const MOST_FREE: usize = 4096;
/// Bytes that are counted when a fixed buffer is too small.
const COUNTED: usize = MAX_LEN + (1 << 30);

/// What a cursor writes into.
pub(crate) struct Memory<'buf> {
    grows: Grows,
    /// Invariant(limit).
    limit: usize,
    /// With so many bytes placed, an instruction's way is by the slow path; `usize::MAX` is never.
    deadline: usize,
    /// One behind the address of the base, as seen from the cursor.
    origin: usize,
    buffer: Buffer<'buf>,
    /// Where a fixed buffer's last instructions are written, one at a time, or a batch; `SPILL` bytes of spare
    /// capacity, once that is needed.
    spill: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The cursor is in the buffer.
    InBuffer,
    /// The cursor is in the spill; `placed` bytes have reached the buffer.
    InSpill { placed: usize },
    /// The cursor is in the spill, and an instruction did not fit. Invariant(full).
    Full,
}

impl<'buf> Memory<'buf> {
    pub(super) fn new(buffer: Buffer<'buf>, grows: Grows) -> Self {
        Memory { grows, limit: 0, deadline: usize::MAX, origin: 0, buffer, spill: Vec::new(), state: State::InBuffer }
    }

    /// Memory that grows.
    pub(crate) fn growing(grows: Grows) -> Memory<'static> {
        Memory::new(Buffer::growing(0), grows)
    }

    /// The same, if it is nobody else's.
    pub(super) fn owned(self) -> Option<Memory<'static>> {
        let Memory { grows, limit, deadline, origin, buffer, spill, state } = self;
        Some(Memory { grows, limit, deadline, origin, buffer: buffer.owned()?, spill, state })
    }

    /// Forgets all that was placed, and gives the place of an empty buffer's cursor.
    #[inline(always)]
    pub(super) fn restart(&mut self, grows: Grows) -> usize {
        if self.grows == grows && self.deadline == usize::MAX && self.state == State::InBuffer && self.origin != 0 {
            // Nothing has changed but the cursor.
            return grows.ahead(self.origin, 1);
        }
        self.restart_slowly(grows)
    }

    #[cold]
    #[inline(never)]
    fn restart_slowly(&mut self, grows: Grows) -> usize {
        self.grows = grows;
        self.deadline = usize::MAX;
        self.state = State::InBuffer;
        self.in_buffer(0)
    }

    /// The position of what is placed at `at` when so many more bytes are placed.
    #[inline(always)]
    pub(super) fn pos(&self, grows: Grows, at: usize, bytes: usize) -> Pos {
        let count = (self.count(grows, at) as u32).wrapping_add(bytes as u32);
        debug_assert_ne!(count, 0);
        // SAFETY: Invariant(pos): the count is between 1 and COUNTED and a few instructions, which is below 2^32.
        Pos::from_count(unsafe { NonZeroU32::new_unchecked(count) })
    }

    /// One more than the number of bytes placed so far.
    #[inline(always)]
    pub(super) fn count(&self, grows: Grows, at: usize) -> usize {
        debug_assert!(grows == self.grows);
        // Invariant(pos)
        grows.between(self.origin, at)
    }

    /// The pointer to an address where the cursor is or was since the memory last changed: of the buffer, or of the
    /// spill. Both were exposed when the cursor came there.
    #[cfg(not(miri))]
    #[inline(always)]
    pub(super) fn pointer(&mut self, at: usize) -> *mut u8 {
        core::ptr::with_exposed_provenance_mut(at)
    }

    /// The same for Miri, which of an exposed address does not know what it points into, and so would miss a store
    /// outside.
    #[cfg(miri)]
    pub(super) fn pointer(&mut self, at: usize) -> *mut u8 {
        let base = match self.state {
            State::InBuffer => self.buffer.extent().0,
            State::InSpill { .. } | State::Full => self.spill.as_mut_ptr(),
        };
        base.with_addr(at)
    }

    pub(super) fn deadline(&self) -> usize {
        self.deadline
    }

    pub(crate) fn set_deadline(&mut self, placed: usize) {
        self.deadline = placed;
        if self.state == State::InBuffer {
            self.limit = self.limit_in_buffer();
        }
    }

    /// Where the cursor may be at most. `wrapping_add`, because a buffer shorter than the red zone has a limit behind
    /// its base, which is never accessed.
    fn limit_in_buffer(&mut self) -> usize {
        let (_, len) = self.buffer.extent();
        let room = len as isize - RED_ZONE as isize;
        let bytes = room.min(isize::try_from(self.deadline).unwrap_or(isize::MAX));
        // The base is one ahead of the origin.
        self.grows.ahead(self.origin, (bytes + 1) as usize)
    }

    /// The bytes ahead of `at` that are known to be free, as far as from one look to the next; none if the number is
    /// negative.
    #[inline(always)]
    pub(super) fn free_ahead(&self, grows: Grows, at: usize) -> isize {
        debug_assert!(grows == self.grows);
        // Invariant(limit)
        (grows.between(at, self.limit) as isize).min(MOST_FREE as isize)
    }

    /// A place for what takes so many bytes, with as many placed, and what is free when it has taken them.
    #[cold]
    #[inline(never)]
    #[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
    pub(super) extern "C" fn room_for(&mut self, at: usize, bytes: usize) -> Room {
        let at = self.with_room_between(at, 0);
        Room { at, free: self.free_ahead(self.grows, at) - bytes as isize }
    }

    /// A place between instructions from which so many bytes are free, and the red zone ahead of them, with as many
    /// placed.
    pub(super) fn with_room_between(&mut self, at: usize, bytes: usize) -> usize {
        debug_assert!(bytes <= MOST_BATCH);
        let at = self.settle(at);
        let at = self.leave_spill(at);
        if self.state == State::InBuffer { self.with_free(at, bytes) } else { at }
    }

    /// A place from which the red zone is free, with as many bytes placed. From the spill it does not lead back to the
    /// buffer, where what a batch may take might not be free.
    #[cold]
    #[inline(never)]
    fn with_room(&mut self, at: usize) -> usize {
        if self.state == State::InBuffer { self.with_free(at, 0) } else { self.settle(at) }
    }

    /// From the buffer, a place from which so many bytes are free, and the red zone ahead of them, with as many placed.
    fn with_free(&mut self, at: usize, bytes: usize) -> usize {
        let placed = self.count(self.grows, at) - 1;
        let needed = RED_ZONE + bytes;
        let (_, len) = self.buffer.extent();
        if len - placed >= needed {
            // A deadline may have led here.
            return at;
        }
        while self.buffer.grow(placed, self.grows) {
            let (_, len) = self.buffer.extent();
            if len - placed >= needed {
                return self.in_buffer(placed);
            }
        }
        self.state = State::InSpill { placed };
        self.in_spill(placed)
    }

    /// From an empty spill back to the buffer, if that has room: a batch needed more than there was, but took less.
    fn leave_spill(&mut self, at: usize) -> usize {
        let State::InSpill { placed } = self.state else { return at };
        let (_, len) = self.buffer.extent();
        if len - placed < RED_ZONE {
            return at;
        }
        self.state = State::InBuffer;
        self.in_buffer(placed)
    }

    /// Places `bytes`, and gives the cursor's new place.
    pub(super) fn place_bytes(&mut self, at: usize, bytes: &[u8]) -> usize {
        if self.state == State::Full {
            // They are only counted.
            let placed = self.count(self.grows, at) - 1;
            return self.in_spill(placed.saturating_add(bytes.len()));
        }
        match self.grows {
            Grows::Down => bytes.rchunks(RED_ZONE).fold(at, |at, piece| self.place_piece(at, piece)),
            Grows::Up => bytes.chunks(RED_ZONE).fold(at, |at, piece| self.place_piece(at, piece)),
        }
    }

    fn place_piece(&mut self, at: usize, piece: &[u8]) -> usize {
        debug_assert!(piece.len() <= RED_ZONE);
        let at = if self.free_ahead(self.grows, at) < 0 { self.with_room(at) } else { at };
        let next = self.grows.ahead(at, piece.len());
        let start = self.pointer(self.grows.lower(at, next));
        // SAFETY: Invariant(room): RED_ZONE bytes ahead of the cursor may be written, and a piece is not longer; it is
        // no part of what the cursor owns or borrows uniquely.
        unsafe { core::ptr::copy_nonoverlapping(piece.as_ptr(), start, piece.len()) };
        next
    }

    /// Back to where `placed` bytes had been placed.
    pub(super) fn truncate(&mut self, at: usize, placed: usize) -> usize {
        let at = self.settle(at);
        if placed >= self.count(self.grows, at) {
            return at;
        }
        let (_, len) = self.buffer.extent();
        if placed <= len {
            // Invariant(full): what remains is in the buffer.
            self.state = State::InBuffer;
            self.in_buffer(placed)
        } else {
            self.in_spill(placed)
        }
    }

    /// Brings all bytes to the buffer; gives the cursor's new place.
    #[inline(always)]
    pub(super) fn settle(&mut self, at: usize) -> usize {
        match self.state {
            State::InBuffer => at,
            State::InSpill { .. } | State::Full => self.flush_spill(self.count(self.grows, at) - 1),
        }
    }

    /// The `placed` bytes at the base; their number if not all of them fit. Comes after `settle`.
    #[inline]
    pub(super) fn code(&mut self, placed: usize) -> Result<&mut [u8], usize> {
        if self.state == State::Full {
            return Err(placed);
        }
        let start = match self.state {
            State::InBuffer => {
                let base = self.grows.ahead(self.origin, 1);
                self.pointer(self.grows.lower(base, self.grows.ahead(base, placed)))
            }
            _ => {
                let (start, len) = self.buffer.extent();
                debug_assert!(placed <= len);
                // SAFETY: the bytes are in the buffer.
                unsafe { start.add(self.grows.lower(0, len - placed)) }
            }
        };
        // SAFETY: Invariant(pos): the `placed` bytes at the buffer's base were written by `place`, `place_word`,
        // `place_piece` or `flush_spill`, and the returned borrow is unique because `self` is.
        Ok(unsafe { core::slice::from_raw_parts_mut(start, placed) })
    }

    /// The code as far as it fits. Comes after `settle`.
    pub(super) fn code_that_fits(&mut self, placed: usize) -> &mut [u8] {
        let (start, len) = self.buffer.extent();
        let kept = placed.min(len);
        let first = if self.grows == Grows::Down { len - kept } else { 0 };
        // SAFETY: as in `code`; of a full buffer by Invariant(full).
        unsafe { core::slice::from_raw_parts_mut(start.add(first), kept) }
    }

    /// The cursor's place in the buffer with so many bytes placed.
    fn in_buffer(&mut self, placed: usize) -> usize {
        let (start, len) = self.buffer.extent();
        debug_assert!(placed <= len);
        let start = start.expose_provenance();
        let base = if self.grows == Grows::Down { start + len } else { start };
        self.origin = self.grows.behind(base, 1);
        self.limit = self.limit_in_buffer();
        self.grows.ahead(base, placed)
    }

    /// The cursor's place in an empty spill with so many bytes placed.
    fn in_spill(&mut self, placed: usize) -> usize {
        // Counting ends a little above what any buffer holds, so that positions stay in 32 bits.
        let placed = placed.min(COUNTED);
        self.spill.reserve_exact(SPILL);
        let start = self.spill.as_mut_ptr().expose_provenance();
        let at = if self.grows == Grows::Down { start + SPILL } else { start };
        // Invariant(limit)
        self.limit = self.grows.behind(at, 1);
        self.origin = self.grows.behind(at, placed + 1);
        at
    }

    /// Copies what is in the spill to its place in the buffer, as far as it fits, and empties the spill; `total` bytes
    /// have been placed. Nothing else goes from the spill to the buffer.
    #[cold]
    #[inline(never)]
    fn flush_spill(&mut self, total: usize) -> usize {
        if let State::InSpill { placed } = self.state {
            let (start, len) = self.buffer.extent();
            let new = total.min(len) - placed;
            debug_assert!(new <= SPILL);
            let (from, to) = match self.grows {
                Grows::Down => (SPILL - new, len - placed - new),
                Grows::Up => (0, placed),
            };
            // SAFETY:
            // 1. the `new` bytes at the spill's base were written by `place`, `place_word` or `place_piece`, which
            //    began there;
            // 2. `placed + new <= len`, so the place is inside the buffer;
            // 3. the spill is no part of the buffer.
            unsafe { core::ptr::copy_nonoverlapping(self.spill.as_ptr().add(from), start.add(to), new) };
            // Invariant(full)
            self.state = if total <= len { State::InSpill { placed: total } } else { State::Full };
        }
        self.in_spill(total)
    }
}

/// What is out of line between A64 instructions.
#[cfg(feature = "aarch64")]
impl Memory<'_> {
    /// The direction in which code grows here.
    pub(crate) fn grows(&self) -> Grows {
        self.grows
    }

    /// The number of bytes placed.
    #[inline(always)]
    pub(crate) fn placed(&self, place: Place) -> usize {
        // Invariant(pos)
        self.count(self.grows, place.0) - 1
    }

    /// The position that is reached with so many more bytes, in code that grows as it does here.
    #[inline(always)]
    pub(crate) fn pos_ahead(&self, grows: Grows, place: Place, bytes: usize) -> Pos {
        self.pos(grows, place.0, bytes)
    }

    /// Whether the deadline has come.
    pub(crate) fn is_due(&self, place: Place, bytes: usize) -> bool {
        self.placed(place).saturating_add(bytes) >= self.deadline
    }

    /// Places instructions, in their order.
    pub(crate) fn place_words(&mut self, place: Place, words: &[u32]) -> Place {
        let grows = self.grows;
        let place_one = |at, word: &u32| self.place_bytes(at, &word.to_le_bytes());
        Place(match grows {
            Grows::Down => words.iter().rev().fold(place.0, place_one),
            Grows::Up => words.iter().fold(place.0, place_one),
        })
    }

    /// Places data.
    pub(crate) fn place_data(&mut self, place: Place, bytes: &[u8]) -> Place {
        Place(self.place_bytes(place.0, bytes))
    }

    /// Room for one instruction.
    pub(crate) fn room_for_word(&mut self, place: Place) -> Room {
        self.room_for(place.0, super::cursor::WORD)
    }

    /// Brings the deadline forward to `placed` bytes, unless it comes before that already.
    #[inline(always)]
    pub(crate) fn note_deadline(&mut self, grows: Grows, placed: usize) {
        debug_assert!(grows == self.grows);
        if placed < self.deadline {
            self.deadline = placed;
            // Invariant(limit)
            let limit = grows.ahead(self.origin, placed.wrapping_add(1));
            if (grows.between(limit, self.limit) as isize) > 0 {
                self.limit = limit;
            }
        }
    }

    pub(crate) fn bring_deadline_forward(&mut self, bytes: usize) {
        self.set_deadline(self.deadline.saturating_sub(bytes));
    }
}
