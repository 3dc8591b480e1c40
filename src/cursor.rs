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
//! A piece of an x64 instruction is a chunk: some bytes in a word whose *last* byte is the most significant.
//! Placing it is one unaligned store of that word that ends at the cursor, and a subtraction. What the store leaves below the chunk is
//! overwritten by the next chunk; the red zone is where that happens. So optional bytes at a chunk's low end (prefixes) cost no branch
//! and no shift: an absent one only shortens the length.
//!
//! Beside the cursor stands how many bytes below it are known to be *free*. An instruction takes from that what it may need at most, a matter of its type, and
//! only when too little is left is the buffer looked at. So the check is one subtraction; and in a [batch](crate::Encoder::batch), which begins with a number known to
//! the compiler, it is none, and of the cursor's moves only the sum remains.
//!
//! When less than the red zone is left, a growing buffer grows; on a fixed one the cursor moves into a *spill*, a private piece of memory that holds a single
//! instruction, or a batch, which is copied to its place if it fits. So a fixed buffer can be filled to its last byte, nothing is ever written outside it, and
//! positions keep counting when it is full.
//!
//! A forward block is written by a cursor that never leaves its spill: each instruction is placed there backward, as always, and then appended to the block. So
//! the encoder functions know nothing of the direction, and only the slow path is another.
//!
//! `// Invariant(room):` `free` bytes below `at`, and `RED_ZONE` bytes below those, may be written, unless `free` is 0 or negative. `limit` is at least `start + RED_ZONE`
//! while the cursor is in the buffer, and above the cursor whenever it is in the spill; so `at >= limit` means that the difference is free. It is higher while a
//! *deadline* comes before the buffer's end (see [`aarch64::island`](crate::aarch64)): one look watches both. What brings a deadline closer than `MOST_FREE` bytes takes
//! care that the next instruction looks.
//! `// Invariant(pos):` `origin - at` is one more than the number of bytes placed so far, in the buffer and in the spill alike, and
//! at most `COUNTED` and a few instructions. (One more, because that is how a [`Pos`] counts.)

#[cfg(feature = "x64")]
use crate::chunk::Chunk;
use crate::{
    buffer::{Buffer, MAX_LEN, Staging},
    label::Pos,
};
use alloc::{boxed::Box, vec::Vec};
use core::{mem::ManuallyDrop, num::NonZeroU32, ptr::with_exposed_provenance_mut};

/// Bytes below the cursor that one call of `place` may touch.
const RED_ZONE: usize = 64;
#[cfg(feature = "x64")]
const MAX_CHUNKS: usize = RED_ZONE / 8;
/// The bytes that a batch may take without a look, at most.
const MOST_BATCH: usize = 1024;
/// The red zone of a batch, and what it may take above that.
const SPILL: usize = RED_ZONE + MOST_BATCH;
/// The bytes that may be placed from one look to the next.
pub(crate) const MOST_FREE: usize = 4096;
/// What an A64 instruction takes of these: as a branch it may become three.
#[cfg(feature = "aarch64")]
const WORD: usize = 16;
/// Bytes that are counted when a fixed buffer is too small.
const COUNTED: usize = MAX_LEN + (1 << 30);

/// Where the next byte goes, and what it goes into.
///
/// Two words are all that placing an instruction changes. The rest is behind a pointer, and what is out of line gets that pointer, and the words by value, and
/// cannot unwind (`extern "C"`). So the compiler knows that no call sees the words, keeps them in registers from one instruction to the next, and stores them once.
pub(crate) struct Cursor<'buf> {
    /// An exposed address. As an integer, because the compiler sees what a pointer may point to through a few steps only; then it would take the code for a
    /// part of the encoder, and load that again after each store.
    at: usize,
    /// Invariant(room). Taken from before it is looked at, so that this is one subtraction and its sign.
    free: isize,
    memory: Box<Memory<'buf>>,
}

/// Where the next instruction ends, and what is known to be free below that when it has taken its part.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Room {
    at: usize,
    free: isize,
}

/// What a cursor writes into.
pub(crate) struct Memory<'buf> {
    limit: usize,
    /// With so many bytes placed, an instruction's way is by the slow path; `usize::MAX` is never.
    deadline: usize,
    /// One above the address of the buffer's end, as seen from the cursor.
    origin: usize,
    buffer: Buffer<'buf>,
    /// Where a fixed buffer's last instructions are written, one at a time, or a batch; `SPILL` bytes of spare capacity, once that is needed.
    spill: Vec<u8>,
    state: State,
    /// The last forward block inside this code, kept for its memory.
    spare: Option<Cursor<'buf>>,
    /// Of a forward block's cursor, the one around it. Here, and not with the block's caller, so that a panic cannot lose it.
    outer: Option<Cursor<'buf>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The cursor is in the buffer.
    InBuffer,
    /// The cursor is in the spill; `placed` bytes have reached the buffer's high end.
    InSpill { placed: usize },
    /// The cursor is in the spill, and an instruction did not fit.
    Full,
    /// The cursor is in the spill, from which each instruction is appended to a forward block.
    Forward,
}

/// A four-byte instruction that may depend on where it lies. (A trait and not a closure, so that it can be `inline(always)`.)
#[cfg(feature = "aarch64")]
pub(crate) trait WordAt<'buf, R> {
    /// The instruction placed at `place`.
    fn word(self, memory: &mut Memory<'buf>, references: &mut R, place: Place) -> Word;
}

/// Some chunks, from the last bytes to the first: one, or a pair of these.
#[cfg(feature = "x64")]
pub(crate) trait Chunks {
    const COUNT: usize;

    /// Stores the bytes that end at `at`; gives the place of the first.
    ///
    /// # Safety
    /// `8 * COUNT` bytes below `at` may be written.
    unsafe fn store_below(self, at: *mut u8) -> *mut u8;
}

#[cfg(feature = "x64")]
macro_rules! chunk_of {
    ($($word:ident)*) => {$(
        impl Chunks for Chunk<$word> {
            const COUNT: usize = 1;

            #[cfg_attr(not(debug_assertions), inline(always))]
            unsafe fn store_below(self, at: *mut u8) -> *mut u8 {
                debug_assert!(self.len <= size_of::<$word>());
                // SAFETY: Invariant(chunk), and the word's bytes, eight at most, lie below `at`; the store is unaligned, and plain bytes have no invalid
                // values.
                unsafe {
                    at.sub(size_of::<$word>()).cast::<$word>().write_unaligned(self.word.to_le());
                    at.sub(self.len)
                }
            }
        }
    )*};
}

#[cfg(feature = "x64")]
chunk_of!(u8 u32 u64);

#[cfg(feature = "x64")]
impl<A: Chunks, B: Chunks> Chunks for (A, B) {
    const COUNT: usize = A::COUNT + B::COUNT;

    #[cfg_attr(not(debug_assertions), inline(always))]
    unsafe fn store_below(self, at: *mut u8) -> *mut u8 {
        // SAFETY: Invariant(chunk): a chunk is not longer than its word, so the first ones move `at` down by at most `8 * A::COUNT` bytes.
        unsafe { self.1.store_below(self.0.store_below(at)) }
    }
}

impl<'buf> Cursor<'buf> {
    pub(crate) fn new(buffer: Buffer<'buf>) -> Self {
        let (limit, origin) = (0, 0);
        let mut memory = Box::new(Memory {
            limit,
            deadline: usize::MAX,
            origin,
            buffer,
            spill: Vec::new(),
            state: State::InBuffer,
            spare: None,
            outer: None,
        });
        Cursor { at: memory.start(), free: 0, memory }
    }

    /// Back to the buffer's end, out of all blocks.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn clear(&mut self) {
        if self.is_forward() {
            self.leave_blocks();
        }
        let at = self.memory.clear();
        self.move_to(at);
    }

    /// Puts the cursor at `at`, and looks what is free below.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn move_to(&mut self, at: usize) {
        self.at = at;
        self.free = self.memory.free_below(at);
    }

    #[cold]
    #[inline(never)]
    fn leave_blocks(&mut self) {
        while let Some(outer) = self.memory.outer.take() {
            let block = core::mem::replace(self, outer);
            self.memory.spare = Some(block);
        }
    }

    /// A cursor whose code grows upward: for a forward block.
    fn forward() -> Self {
        Cursor::new(Buffer::Forward(Staging::default()))
    }

    /// Puts a forward cursor in this one's place.
    pub(crate) fn begin_forward(&mut self) {
        let mut block = self.memory.spare.take().unwrap_or_else(Cursor::forward);
        let at = block.memory.clear();
        block.move_to(at);
        let outer = core::mem::replace(self, block);
        self.memory.outer = Some(outer);
    }

    /// Puts the outer cursor back, and keeps the block. The block's length; `None` if this is no forward cursor, or if the block is too
    /// long.
    pub(crate) fn end_forward(&mut self) -> Option<usize> {
        let outer = self.memory.outer.take()?;
        let mut block = core::mem::replace(self, outer);
        let at = block.memory.settle(block.at);
        block.move_to(at);
        let len = match &block.memory.buffer {
            Buffer::Forward(staging) if !staging.is_full() => Some(staging.bytes.len()),
            _ => None,
        };
        self.memory.spare = Some(block);
        len
    }

    /// Places the last forward block.
    pub(crate) fn place_forward(&mut self) {
        let Some(block) = self.memory.spare.take() else { return };
        if let Buffer::Forward(staging) = &block.memory.buffer {
            let at = self.memory.place_bytes(self.at, &staging.bytes, &staging.ends);
            self.move_to(at);
        }
        self.memory.spare = Some(block);
    }

    /// Where the instructions of the last forward block end, in bytes from its start.
    pub(crate) fn block_ends(&self) -> &[u32] {
        match self.memory.spare.as_ref().map(|block| &block.memory.buffer) {
            Some(Buffer::Forward(staging)) => &staging.ends,
            _ => &[],
        }
    }

    /// Whether code grows upward here.
    pub(crate) fn is_forward(&self) -> bool {
        self.memory.state == State::Forward
    }

    /// Places data.
    pub(crate) fn place_bytes(&mut self, bytes: &[u8]) {
        let at = self.memory.place_bytes(self.at, bytes, &[bytes.len() as u32]);
        self.move_to(at);
    }

    /// Places zeros up to an alignment: fewer than the largest one has bytes.
    pub(crate) fn place_zeros(&mut self, gap: usize) {
        const ZEROS: [u8; 4096] = [0; 4096];
        self.place_bytes(&ZEROS[..gap]);
    }

    /// Places code, in which the instructions that matter end at `ends`, in order.
    #[cfg(feature = "dynasm")]
    pub(crate) fn place_code(&mut self, code: &[u8], ends: &[u32]) {
        let at = self.memory.place_bytes(self.at, code, ends);
        self.move_to(at);
    }

    /// Back to where `placed` bytes had been placed; there are at least as many.
    pub(crate) fn truncate(&mut self, placed: usize) {
        let at = self.memory.truncate(self.at, placed);
        self.move_to(at);
    }

    /// Bytes placed so far: the distance of the last placed byte from the end.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn placed(&self) -> usize {
        // Invariant(pos)
        self.memory.count(self.at) - 1
    }

    /// The position of what was placed last.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn pos(&self) -> Pos {
        self.pos_below(0)
    }

    /// The position of what is placed next, if that has so many bytes.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn pos_below(&self, bytes: u8) -> Pos {
        self.memory.pos(self.at, bytes)
    }

    /// Places one instruction, given as chunks from its last bytes to its first.
    #[cfg(feature = "x64")]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn place<C: Chunks>(&mut self, chunks: C) {
        const { assert!(C::COUNT <= MAX_CHUNKS) }
        let Room { at, free } = self.room_for(8 * C::COUNT);
        // SAFETY: Invariant(room): RED_ZONE bytes below the cursor may be written; that is room for MAX_CHUNKS.
        self.at = unsafe { chunks.store_below(with_exposed_provenance_mut(at)) }.expose_provenance();
        // Invariant(room): no chunk is longer than eight bytes.
        self.free = free;
    }

    /// Where the next byte goes, and what is free when so many bytes are placed.
    #[cfg(feature = "x64")]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn room_for(&mut self, bytes: usize) -> Room {
        // A pointer, so that the compiler need not follow each instruction's calls to here and on when it looks for cycles.
        let slow: extern "C" fn(&mut Memory<'buf>, usize, usize) -> Room = Memory::room_for;
        let free = self.free - bytes as isize;
        if free >= 0 { Room { at: self.at, free } } else { slow(&mut self.memory, self.at, bytes) }
    }

    /// Places one four-byte instruction, which `instruction` gives when it is known where that lies. Where too little is known to be free, `slow` makes room.
    #[cfg(feature = "aarch64")]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn place_word<R>(
        &mut self,
        references: &mut R,
        slow: extern "C" fn(&mut Memory<'buf>, &mut R, usize) -> Room,
        instruction: impl WordAt<'buf, R>,
    ) {
        let free = self.free - WORD as isize;
        let Room { at: end, free } =
            if free >= 0 { Room { at: self.at, free } } else { slow(&mut self.memory, references, self.at) };
        let (word, free) = match instruction.word(&mut self.memory, references, Place { end }) {
            Word::Here(word) => (word, free),
            Word::Due(word) => (word, 0),
            Word::Placed(place) => {
                // Invariant(room): it took no more than WORD bytes, or it came to other memory, where a batch's bytes are free, too.
                (self.at, self.free) = (place.end, free);
                return;
            }
        };
        let at = end - 4;
        // SAFETY: Invariant(room), and 4 <= RED_ZONE; whoever gives a word has placed nothing. The store is unaligned.
        unsafe { with_exposed_provenance_mut::<u32>(at).write_unaligned(word.to_le()) };
        (self.at, self.free) = (at, free);
    }

    /// Lets `f`, which is out of line, place something.
    #[cfg(feature = "aarch64")]
    pub(crate) fn with_memory(&mut self, f: impl FnOnce(&mut Memory<'buf>, Place) -> Place) {
        let at = f(&mut self.memory, Place { end: self.at }).end;
        self.move_to(at);
    }

    /// The number of bytes placed at which the slow path looks for what is due.
    pub(crate) fn deadline(&self) -> usize {
        self.memory.deadline
    }

    /// Sets that number.
    pub(crate) fn set_deadline(&mut self, placed: usize) {
        self.memory.set_deadline(placed);
        self.move_to(self.at);
    }

    /// Whether a batch of so many bytes can begin.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn has_room_for_batch(&self, bytes: usize) -> bool {
        self.free >= bytes as isize
    }

    /// Makes room for a batch of so many bytes, where no deadline comes before them.
    pub(crate) fn make_room_for_batch(&mut self, bytes: usize) {
        debug_assert!(bytes <= MOST_BATCH);
        self.at = self.memory.with_room_between(self.at, bytes);
        self.free = bytes as isize;
    }

    /// Begins a batch, for which there is room: of what is free it may take so many bytes.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn begin_batch(&mut self, bytes: usize) {
        debug_assert!(self.has_room_for_batch(bytes));
        self.free = bytes as isize;
    }

    /// Ends a batch.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn end_batch(&mut self) {
        self.move_to(self.at);
    }

    /// The code placed so far, or the number of bytes that a fixed buffer would have needed.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn code(&mut self) -> Result<&mut [u8], usize> {
        let placed = self.placed();
        let at = self.memory.settle(self.at);
        self.move_to(at);
        self.memory.code(placed)
    }
}

/// A cursor's place, passed by value: the address above what is placed next.
#[cfg(feature = "aarch64")]
#[derive(Clone, Copy)]
pub(crate) struct Place {
    end: usize,
}

/// What became of an instruction.
#[cfg(feature = "aarch64")]
pub(crate) enum Word {
    /// It is this one, and nothing was placed.
    Here(u32),
    /// It is this one, and the next instruction must look whether something is due.
    Due(u32),
    /// It was placed, or what stands for it.
    Placed(Place),
}

#[cfg(feature = "aarch64")]
impl Memory<'_> {
    /// The number of bytes placed.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn placed(&self, place: Place) -> usize {
        // Invariant(pos)
        self.count(place.end) - 1
    }

    /// The position of what is placed next, if that has so many bytes.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn pos_below(&self, place: Place, bytes: u8) -> Pos {
        self.pos(place.end, bytes)
    }

    /// Whether the deadline has come, where something can be placed.
    pub(crate) fn is_due(&self, place: Place, bytes: usize) -> bool {
        self.state != State::Forward && self.placed(place).saturating_add(bytes) >= self.deadline
    }

    /// Whether code grows upward here.
    pub(crate) fn is_forward(&self) -> bool {
        self.state == State::Forward
    }

    /// Places instructions, the last one highest.
    pub(crate) fn place_words(&mut self, place: Place, words: &[u32]) -> Place {
        let mut at = place.end;
        for word in words.iter().rev() {
            at = self.place_bytes(at, &word.to_le_bytes(), &[4]);
        }
        Place { end: at }
    }

    /// Places data.
    pub(crate) fn place_data(&mut self, place: Place, bytes: &[u8]) -> Place {
        Place { end: self.place_bytes(place.end, bytes, &[bytes.len() as u32]) }
    }

    /// Room for one instruction.
    pub(crate) fn room_for_word(&mut self, place: Place) -> Room {
        self.room_for(place.end, WORD)
    }
}

#[cfg(feature = "aarch64")]
impl Place {
    pub(crate) fn new(end: usize) -> Self {
        Place { end }
    }
}

impl Memory<'_> {
    /// The position of what is placed below `at`, if that has so many bytes.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn pos(&self, at: usize, bytes: u8) -> Pos {
        let count = (self.count(at) as u32).wrapping_add(bytes.into());
        debug_assert_ne!(count, 0);
        // SAFETY: Invariant(pos): the count is between 1 and COUNTED and a few instructions, which is below 2^32.
        Pos::from_count(unsafe { NonZeroU32::new_unchecked(count) })
    }

    #[cfg(feature = "aarch64")]
    /// Brings the deadline forward to `placed` bytes, unless it comes before that already.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn note_deadline(&mut self, placed: usize) {
        if placed < self.deadline {
            self.deadline = placed;
            self.limit = self.limit.max(self.origin.saturating_sub(placed));
        }
    }

    #[cfg(feature = "aarch64")]
    pub(crate) fn bring_deadline_forward(&mut self, bytes: usize) {
        self.set_deadline(self.deadline.saturating_sub(bytes));
    }

    pub(crate) fn set_deadline(&mut self, placed: usize) {
        self.deadline = placed;
        if self.state == State::InBuffer {
            let (start, _) = self.buffer.extent();
            // Invariant(room)
            self.limit = (start.addr().wrapping_add(RED_ZONE)).max(self.origin.saturating_sub(placed));
        }
    }

    /// One more than the number of bytes placed so far.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn count(&self, at: usize) -> usize {
        // Invariant(pos)
        self.origin.wrapping_sub(at)
    }

    /// The bytes below `at` that are known to be free, as far as from one look to the next; none if the number is negative.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn free_below(&self, at: usize) -> isize {
        // Invariant(room)
        (at.wrapping_sub(self.limit) as isize).min(MOST_FREE as isize)
    }

    /// A place for what takes so many bytes, with as many placed, and what is free when it has taken them.
    #[cold]
    #[inline(never)]
    #[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
    extern "C" fn room_for(&mut self, at: usize, bytes: usize) -> Room {
        let at = self.with_room_between(at, 0);
        Room { at, free: self.free_below(at) - bytes as isize }
    }

    /// A place between instructions from which so many bytes are free, and the red zone below them, with as many placed.
    fn with_room_between(&mut self, at: usize, bytes: usize) -> usize {
        let at = self.settle(at);
        let at = self.leave_spill(at);
        if self.state == State::InBuffer { self.with_free(at, bytes) } else { at }
    }

    /// A place from which the red zone is free, with as many bytes placed. From the spill it does not lead back to the buffer, where what a batch may take
    /// might not be free.
    #[cold]
    #[inline(never)]
    fn with_room(&mut self, at: usize) -> usize {
        if self.state == State::InBuffer { self.with_free(at, 0) } else { self.settle(at) }
    }

    /// From the buffer, a place from which so many bytes are free, and the red zone below them, with as many placed.
    fn with_free(&mut self, at: usize, bytes: usize) -> usize {
        let placed = self.count(at) - 1;
        let needed = RED_ZONE + bytes;
        let (_, len) = self.buffer.extent();
        if len - placed >= needed {
            // A deadline may have led here.
            return at;
        }
        while self.buffer.grow(placed) {
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

    fn clear(&mut self) -> usize {
        if let Buffer::Forward(staging) = &mut self.buffer {
            staging.clear();
        }
        self.deadline = usize::MAX;
        self.start()
    }

    /// The place of an empty buffer's cursor.
    fn start(&mut self) -> usize {
        if let Buffer::Forward(_) = self.buffer {
            self.state = State::Forward;
            self.in_spill(0)
        } else {
            self.state = State::InBuffer;
            self.in_buffer(0)
        }
    }

    /// Places `bytes`, in which instructions end at `ends`, and gives the cursor's new place.
    fn place_bytes(&mut self, at: usize, bytes: &[u8], ends: &[u32]) -> usize {
        if let State::Forward = self.state {
            let at = self.settle(at);
            let Buffer::Forward(staging) = &mut self.buffer else { return at };
            staging.append(bytes, ends);
            let placed = staging.bytes.len();
            return self.in_spill(placed);
        }
        let mut at = at;
        for piece in bytes.rchunks(RED_ZONE) {
            if at < self.limit {
                at = self.with_room(at);
            }
            at -= piece.len();
            // SAFETY: Invariant(room): RED_ZONE bytes below the cursor may be written, and a piece is not longer; `bytes` is no part of what the
            // cursor owns or borrows uniquely.
            unsafe { core::ptr::copy_nonoverlapping(piece.as_ptr(), with_exposed_provenance_mut(at), piece.len()) };
        }
        at
    }

    fn truncate(&mut self, at: usize, placed: usize) -> usize {
        let at = self.settle(at);
        if placed >= self.count(at) {
            return at;
        }
        let (_, len) = self.buffer.extent();
        match &mut self.buffer {
            Buffer::Forward(staging) => {
                staging.truncate(placed);
                self.in_spill(placed)
            }
            _ if placed <= len => {
                self.state = State::InBuffer;
                self.in_buffer(placed)
            }
            _ => self.in_spill(placed),
        }
    }

    /// Brings all bytes to the buffer; gives the cursor's new place.
    fn settle(&mut self, at: usize) -> usize {
        match self.state {
            State::InBuffer => at,
            State::InSpill { .. } | State::Full | State::Forward => self.flush_spill(self.count(at) - 1),
        }
    }

    /// The highest `placed` bytes; their number if not all of them fit. Comes after `settle`.
    fn code(&mut self, placed: usize) -> Result<&mut [u8], usize> {
        if matches!(self.state, State::Full | State::Forward) {
            return Err(placed);
        }
        let (start, len) = self.buffer.extent();
        debug_assert!(placed <= len);
        // SAFETY: Invariant(pos): the highest `placed` bytes of the buffer were written by `place`, `place_word` or
        // `flush_spill`, and the returned borrow is unique because `self` is.
        Ok(unsafe { core::slice::from_raw_parts_mut(start.add(len - placed), placed) })
    }

    fn in_buffer(&mut self, placed: usize) -> usize {
        let (start, len) = self.buffer.extent();
        debug_assert!(placed <= len);
        // `wrapping_add`, because a buffer shorter than the red zone has a limit beyond its end, which is never accessed.
        let start = start.expose_provenance();
        self.origin = start + len + 1;
        self.limit = start.wrapping_add(RED_ZONE).max(self.origin.saturating_sub(self.deadline));
        start + (len - placed)
    }

    fn in_spill(&mut self, placed: usize) -> usize {
        // Counting ends a little above what any buffer holds, so that positions stay in 32 bits.
        let placed = placed.min(COUNTED);
        self.spill.reserve_exact(SPILL);
        let at = self.spill.as_mut_ptr().expose_provenance() + SPILL;
        // Invariant(room): the limit is above the cursor, so that every instruction outside a batch comes by `with_room`.
        self.limit = at + 1;
        self.origin = at.wrapping_add(placed + 1);
        at
    }

    /// Copies what is in the spill to its place in the buffer, and empties the spill; `total` bytes have been placed.
    fn flush_spill(&mut self, total: usize) -> usize {
        if let State::InSpill { placed } = self.state {
            let (start, len) = self.buffer.extent();
            if total <= len {
                let new = total - placed;
                debug_assert!(new <= SPILL);
                // SAFETY:
                // 1. the last `new` bytes of the spill were written by `place` or `place_word`, which began at its end;
                // 2. `placed <= total <= len`, so the place is inside the buffer;
                // 3. the spill is no part of the buffer.
                unsafe {
                    let from = self.spill.as_ptr().add(SPILL - new);
                    core::ptr::copy_nonoverlapping(from, start.add(len - total), new);
                }
                self.state = State::InSpill { placed: total };
            } else {
                self.state = State::Full;
            }
        }
        if let (State::Forward, Buffer::Forward(staging)) = (self.state, &mut self.buffer) {
            let new = total - staging.bytes.len();
            if new > 0 {
                debug_assert!(new <= SPILL);
                // SAFETY: the last `new` bytes of the spill were written by `place` or `place_word`, which began at its end.
                let placed = unsafe { core::slice::from_raw_parts(self.spill.as_ptr().add(SPILL - new), new) };
                staging.append(placed, &[new as u32]);
                let placed = staging.bytes.len();
                return self.in_spill(placed);
            }
        }
        self.in_spill(total)
    }
}

/// Runs `f` on a value that is moved to the stack for as long, and back.
///
/// Of what it reaches by a reference the compiler soon has to assume the worst: it counts the uses, and from some hundred on an encoder's cursor is
/// stored after each instruction and loaded for the next. A value on the stack it takes apart, and keeps in registers.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn on_stack<T, R>(home: &mut T, f: impl FnOnce(&mut T) -> R) -> R {
    struct Moved<'a, T> {
        value: ManuallyDrop<T>,
        home: &'a mut T,
    }

    impl<T> Drop for Moved<'_, T> {
        #[cfg_attr(not(debug_assertions), inline(always))]
        fn drop(&mut self) {
            // SAFETY: `home` has been without its value since that was moved out, so nothing is overwritten that would have to be dropped; the value is not used
            // again, since this is its drop.
            unsafe { core::ptr::write(self.home, ManuallyDrop::take(&mut self.value)) }
        }
    }

    // SAFETY: the value is moved back before `home` can be seen again: `Moved` holds the only reference to it, is not given away, and is dropped on
    // return and on unwinding alike.
    let value = ManuallyDrop::new(unsafe { core::ptr::read(home) });
    f(&mut Moved { value, home }.value)
}
