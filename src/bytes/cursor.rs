//! The cursor: where the next instruction goes.
//!
//! In an [`Encoder`](crate::Encoder) that grows down an instruction is placed last byte first, so the cursor moves from
//! high addresses to low ones:
//!
//! ```text
//!   low addresses                                               high addresses
//!   +---------------------------+------------+----------------------------+
//!   |       not yet used        | red zone   | code placed so far         |
//!   +---------------------------+------------+----------------------------+
//!   ^ tip                       <- RED_ZONE ->^ at                         ^ base
//!                                             <--------- pos ------------->
//! ```
//!
//! In one that grows up this picture is mirrored: the base is the lowest address, and the red zone lies above the code.
//!
//! A piece of an x64 instruction is a chunk: some bytes in a word whose *last* byte is the most significant. Growing
//! down, placing it is one unaligned store of that word that ends at the cursor, and a subtraction; what the store
//! leaves below the chunk is overwritten by the next one. Growing up, the word is shifted first so that the chunk lies
//! at its low end, and the store begins at the cursor; then what is too much lies above, and is overwritten next. So in
//! both directions an optional byte at a chunk's low end (a prefix) costs no branch: an absent one only shortens the
//! length.
//!
//! Beside the cursor stands how many bytes ahead of it are known to be *free*. Each instruction first subtracts its
//! worst-case size, which its type says; a negative result takes the slow path, which looks at the
//! [`memory`](super::memory). In a [batch](crate::Encoder::batch) the first number is constant, so the checks fold away
//! and the moves of the cursor merge.
//!
//! `// Invariant(room):` `free` bytes ahead of `at`, and `RED_ZONE` bytes ahead of those, may be written, unless `free`
//! is 0 or negative.

#[cfg(feature = "x64")]
use super::chunk::Chunk;
#[cfg(feature = "x64")]
use super::memory::RED_ZONE;
use super::{buffer::Buffer, memory::Memory, resting::Resting};
#[cfg(feature = "x64")]
use crate::direction::Grows;
use crate::{direction::Direction, references::label::Pos};
use alloc::boxed::Box;
use core::{marker::PhantomData, mem::ManuallyDrop};

#[cfg(feature = "x64")]
const MAX_CHUNKS: usize = RED_ZONE / 8;
/// What an A64 instruction takes of what is free: as a branch it may become three.
#[cfg(feature = "aarch64")]
pub(crate) const WORD: usize = 16;

/// Where the next byte goes, and what it goes into.
///
/// Two words are all that placing an instruction changes. The rest is behind a pointer, and what is out of line gets
/// that pointer, and the words by value, and cannot unwind (`extern "C"`). So the compiler knows that no call sees the
/// words, keeps them in registers from one instruction to the next, and stores them once.
pub(crate) struct Cursor<'buf, D> {
    /// An exposed address. As an integer, because the compiler sees what a pointer may point to through a few steps
    /// only; then it would take the code for a part of the encoder, and load that again after each store.
    at: usize,
    /// Invariant(room). Taken from before it is looked at, so that this is one subtraction and its sign.
    free: isize,
    pub(crate) memory: Box<Memory<'buf>>,
    direction: PhantomData<D>,
}

/// Where the next instruction goes, and what is known to be free when it has taken its part.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Room {
    pub(super) at: usize,
    pub(super) free: isize,
}

/// A cursor's place, passed by value: where the next byte goes.
#[cfg(feature = "aarch64")]
#[derive(Clone, Copy)]
pub(crate) struct Place(pub(super) usize);

#[cfg(feature = "aarch64")]
impl Place {
    pub(crate) fn new(at: usize) -> Self {
        Place(at)
    }
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

/// A four-byte instruction that may depend on where it lies. (A trait and not a closure, so that it can be
/// `inline(always)`.)
#[cfg(feature = "aarch64")]
pub(crate) trait WordAt<'buf, R> {
    /// The instruction placed at `place`.
    fn word(self, memory: &mut Memory<'buf>, references: &mut R, place: Place) -> Word;
}

/// Some chunks, from the last bytes to the first: one, or a pair of these.
#[cfg(feature = "x64")]
pub(crate) trait Chunks: Copy {
    const COUNT: usize;

    /// The bytes of all.
    fn bytes(self) -> usize;

    /// Stores the bytes that end at `at`; gives the place of the first.
    ///
    /// # Safety
    /// `8 * COUNT` bytes below `at` may be written.
    unsafe fn store_below(self, at: *mut u8) -> *mut u8;

    /// Stores the bytes that begin at `at`; gives the place behind the last.
    ///
    /// # Safety
    /// `8 * COUNT` bytes from `at` upward may be written.
    unsafe fn store_above(self, at: *mut u8) -> *mut u8;
}

#[cfg(feature = "x64")]
macro_rules! chunk_of {
    ($($word:ident)*) => {$(
        impl Chunks for Chunk<$word> {
            const COUNT: usize = 1;

            #[inline(always)]
            fn bytes(self) -> usize {
                self.len
            }

            #[inline(always)]
            unsafe fn store_below(self, at: *mut u8) -> *mut u8 {
                debug_assert!(self.len <= size_of::<$word>());
                // SAFETY: Invariant(chunk), and the word's bytes, eight at most, lie below `at`; bytes need no
                // alignment, and those that were there are not dropped.
                unsafe {
                    *at.sub(size_of::<$word>()).cast::<[u8; size_of::<$word>()]>() = self.word.to_le_bytes();
                    at.sub(self.len)
                }
            }

            #[inline(always)]
            unsafe fn store_above(self, at: *mut u8) -> *mut u8 {
                debug_assert!(self.len <= size_of::<$word>());
                // Of no bytes anything may be stored, so it does not matter that a shift by the word's width is none.
                let word = self.word.wrapping_shr(8 * (size_of::<$word>() - self.len) as u32);
                // SAFETY: as in `store_below`, of the bytes from `at` upward.
                unsafe {
                    *at.cast::<[u8; size_of::<$word>()]>() = word.to_le_bytes();
                    at.add(self.len)
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

    #[inline(always)]
    fn bytes(self) -> usize {
        self.0.bytes() + self.1.bytes()
    }

    #[inline(always)]
    unsafe fn store_below(self, at: *mut u8) -> *mut u8 {
        // SAFETY: Invariant(chunk): a chunk is not longer than its word, so the first ones move `at` down by at most `8 *
        // A::COUNT` bytes.
        unsafe { self.1.store_below(self.0.store_below(at)) }
    }

    #[inline(always)]
    unsafe fn store_above(self, at: *mut u8) -> *mut u8 {
        // SAFETY: as in `store_below`, upward.
        unsafe { self.0.store_above(self.1.store_above(at)) }
    }
}

impl<D: Direction> Cursor<'static, D> {
    /// Leaves the memory, for a while.
    pub(crate) fn rest(self) -> Resting {
        Resting::new(self.memory, self.at, D::GROWS)
    }

    /// Goes on where a cursor of the same direction left.
    pub(crate) fn back_in(resting: Resting) -> Self {
        let Resting { memory, at, .. } = resting;
        let free = memory.free_ahead(D::GROWS, at);
        Cursor { at, free, memory, direction: PhantomData }
    }
}

impl<'buf, D: Direction> Cursor<'buf, D> {
    pub(crate) fn new(buffer: Buffer<'buf>) -> Self {
        Self::in_memory(Box::new(Memory::new(buffer, D::GROWS)))
    }

    /// A cursor at the base of memory.
    #[inline(always)]
    pub(crate) fn in_memory(mut memory: Box<Memory<'buf>>) -> Self {
        let at = memory.restart(D::GROWS);
        let free = memory.free_ahead(D::GROWS, at);
        Cursor { at, free, memory, direction: PhantomData }
    }

    /// The same, if the memory is nobody else's.
    pub(crate) fn owned(self) -> Option<Cursor<'static, D>> {
        let Cursor { at, free, memory, direction } = self;
        Some(Cursor { at, free, memory: Box::new(memory.owned()?), direction })
    }

    /// The memory without its cursor, for another one.
    pub(crate) fn into_memory(self) -> Box<Memory<'buf>> {
        self.memory
    }

    /// Back to the base.
    #[inline(always)]
    pub(crate) fn clear(&mut self) {
        let at = self.memory.restart(D::GROWS);
        self.move_to(at);
    }

    /// Puts the cursor at `at`, and looks what is free ahead.
    #[inline(always)]
    fn move_to(&mut self, at: usize) {
        self.at = at;
        self.free = self.memory.free_ahead(D::GROWS, at);
    }

    /// Places bytes in their order.
    #[inline]
    pub(crate) fn place_bytes(&mut self, bytes: &[u8]) {
        let free = self.free - bytes.len() as isize;
        if free < 0 {
            let at = self.memory.place_bytes(self.at, bytes);
            return self.move_to(at);
        }
        let next = D::GROWS.ahead(self.at, bytes.len());
        let start = self.memory.pointer(D::GROWS.lower(self.at, next));
        // SAFETY: Invariant(room): `free` bytes ahead of the cursor may be written, and these are not more; they are no
        // part of what the cursor owns or borrows uniquely.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len()) };
        (self.at, self.free) = (next, free);
    }

    /// Places zeros up to an alignment: fewer than the largest one has bytes.
    pub(crate) fn place_zeros(&mut self, gap: usize) {
        const ZEROS: [u8; 4096] = [0; 4096];
        self.place_bytes(&ZEROS[..gap]);
    }

    /// Back to where `placed` bytes had been placed; there are at least as many.
    pub(crate) fn truncate(&mut self, placed: usize) {
        let at = self.memory.truncate(self.at, placed);
        self.move_to(at);
    }

    /// Bytes placed so far: the distance of the cursor from the base.
    #[inline(always)]
    pub(crate) fn placed(&self) -> usize {
        // Invariant(pos)
        self.memory.count(D::GROWS, self.at) - 1
    }

    /// The position that is reached.
    #[inline(always)]
    pub(crate) fn pos(&self) -> Pos {
        self.pos_ahead(0)
    }

    /// The position that is reached with so many more bytes.
    #[inline(always)]
    pub(crate) fn pos_ahead(&self, bytes: usize) -> Pos {
        self.memory.pos(D::GROWS, self.at, bytes)
    }

    /// The position of the next instruction's end, if it has so many bytes.
    #[cfg(feature = "x64")]
    #[inline(always)]
    pub(crate) fn end_of_next(&self, bytes: usize) -> Pos {
        self.pos_ahead(D::GROWS.higher(0, bytes))
    }

    /// Places one instruction, given as chunks from its last bytes to its first.
    #[cfg(feature = "x64")]
    #[inline(always)]
    pub(crate) fn place<C: Chunks>(&mut self, chunks: C) {
        const { assert!(C::COUNT <= MAX_CHUNKS) }
        let Room { at, free } = self.room_for(8 * C::COUNT);
        let at = self.memory.pointer(at);
        // SAFETY: Invariant(room): RED_ZONE bytes ahead of the cursor may be written; that is room for MAX_CHUNKS.
        let next = unsafe {
            match D::GROWS {
                Grows::Down => chunks.store_below(at),
                Grows::Up => chunks.store_above(at),
            }
        };
        self.at = next.expose_provenance();
        // Invariant(room): no chunk is longer than eight bytes.
        self.free = free;
    }

    /// Where the next byte goes, and what is free when so many bytes are placed.
    #[cfg(feature = "x64")]
    #[inline(always)]
    fn room_for(&mut self, bytes: usize) -> Room {
        // A pointer, so that the compiler need not follow each instruction's calls to here and on when it looks for
        // cycles.
        let slow: extern "C" fn(&mut Memory<'buf>, usize, usize) -> Room = Memory::room_for;
        let free = self.free - bytes as isize;
        if free >= 0 { Room { at: self.at, free } } else { slow(&mut self.memory, self.at, bytes) }
    }

    /// Makes room for one four-byte instruction, as `slow` does.
    #[cfg(feature = "aarch64")]
    pub(crate) fn make_room_for_word<R>(
        &mut self,
        references: &mut R,
        slow: extern "C" fn(&mut Memory<'buf>, &mut R, usize) -> Room,
    ) {
        let Room { at, free } = slow(&mut self.memory, references, self.at);
        // In the spill no more is known to be free than this one instruction takes.
        (self.at, self.free) = (at, free.max(0) + WORD as isize);
    }

    /// Places one four-byte instruction, which `instruction` gives when it is known where that lies. Where too little
    /// is known to be free, `slow` makes room.
    #[cfg(feature = "aarch64")]
    #[inline(always)]
    pub(crate) fn place_word<R>(
        &mut self,
        references: &mut R,
        slow: extern "C" fn(&mut Memory<'buf>, &mut R, usize) -> Room,
        instruction: impl WordAt<'buf, R>,
    ) {
        let free = self.free - WORD as isize;
        let Room { at, free } =
            if free >= 0 { Room { at: self.at, free } } else { slow(&mut self.memory, references, self.at) };
        let (word, free) = match instruction.word(&mut self.memory, references, Place(at)) {
            Word::Here(word) => (word, free),
            Word::Due(word) => (word, 0),
            Word::Placed(place) => {
                // Invariant(room): either at most WORD bytes were used here, or we are in the spill, which has
                // MOST_BATCH bytes free.
                (self.at, self.free) = (place.0, free);
                return;
            }
        };
        let next = D::GROWS.ahead(at, 4);
        let start = self.memory.pointer(D::GROWS.lower(at, next)).cast::<[u8; 4]>();
        // SAFETY: Invariant(room), and 4 <= RED_ZONE; whoever gives a word has placed nothing. Bytes need no alignment.
        unsafe { *start = word.to_le_bytes() };
        (self.at, self.free) = (next, free);
    }

    /// Lets `f`, which is out of line, place something.
    #[cfg(feature = "aarch64")]
    pub(crate) fn with_memory(&mut self, f: impl FnOnce(&mut Memory<'buf>, Place) -> Place) {
        let at = f(&mut self.memory, Place(self.at)).0;
        self.move_to(at);
    }

    /// The number of bytes placed at which the slow path looks for what is due.
    pub(crate) fn deadline(&self) -> usize {
        self.memory.deadline()
    }

    /// Sets that number.
    pub(crate) fn set_deadline(&mut self, placed: usize) {
        self.memory.set_deadline(placed);
        self.move_to(self.at);
    }

    /// Whether so many bytes are known to be free.
    #[inline(always)]
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.free >= bytes as isize
    }

    /// Makes room for a batch of so many bytes, where no deadline comes before them.
    pub(crate) fn make_room_for_batch(&mut self, bytes: usize) {
        self.at = self.memory.with_room_between(self.at, bytes);
        self.free = bytes as isize;
    }

    /// Begins a batch, for which there is room: of what is free it may take so many bytes.
    #[inline(always)]
    pub(crate) fn begin_batch(&mut self, bytes: usize) {
        debug_assert!(self.has_room(bytes));
        self.free = bytes as isize;
    }

    /// Ends a batch.
    #[inline(always)]
    pub(crate) fn end_batch(&mut self) {
        self.move_to(self.at);
    }

    /// The code placed so far, or the number of bytes that a fixed buffer would have needed.
    #[inline(always)]
    pub(crate) fn code(&mut self) -> Result<&mut [u8], usize> {
        let placed = self.placed();
        let at = self.memory.settle(self.at);
        self.move_to(at);
        self.memory.code(placed)
    }

    /// The code as far as it fits.
    pub(crate) fn code_that_fits(&mut self) -> &mut [u8] {
        let placed = self.placed();
        let at = self.memory.settle(self.at);
        self.move_to(at);
        self.memory.code_that_fits(placed)
    }
}

/// Runs `f` on a value that is moved to the stack for as long, and back.
///
/// Of what it reaches by a reference the compiler soon has to assume the worst: it counts the uses, and from some
/// hundred on an encoder's cursor is stored after each instruction and loaded for the next. A value on the stack it
/// takes apart, and keeps in registers.
#[inline(always)]
pub(crate) fn on_stack<T, R>(home: &mut T, f: impl FnOnce(&mut T) -> R) -> R {
    struct Moved<'a, T> {
        value: ManuallyDrop<T>,
        home: &'a mut T,
    }

    impl<T> Drop for Moved<'_, T> {
        #[inline(always)]
        fn drop(&mut self) {
            // SAFETY: `home` has been without its value since that was moved out, so nothing is overwritten that would
            // have to be dropped; the value is not used again, since this is its drop.
            unsafe { core::ptr::write(self.home, ManuallyDrop::take(&mut self.value)) }
        }
    }

    // SAFETY: the value is moved back before `home` can be seen again: `Moved` holds the only reference to it, is not
    // given away, and is dropped on return and on unwinding alike.
    let value = ManuallyDrop::new(unsafe { core::ptr::read(home) });
    f(&mut Moved { value, home }.value)
}
