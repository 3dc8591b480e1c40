//! What the cursor writes into: memory that belongs to the encoder and grows, or a slice that the caller lends.
//!
//! Code is placed from a buffer's base: its high end if code grows down, its low end if code grows up. So a buffer that
//! grows keeps its contents at that end of the new memory. Nothing outside this module knows which kind of buffer it
//! writes to; the memory asks only for the two ends.

use crate::direction::Grows;
use alloc::vec::Vec;
use core::{marker::PhantomData, ptr::NonNull};

/// The largest buffer: distances within it fit the 32-bit displacements of both instruction sets.
pub(crate) const MAX_LEN: usize = i32::MAX as usize;

/// The memory around a cursor.
pub(crate) enum Buffer<'buf> {
    /// Owned. The vector's length stays 0: its spare capacity is the buffer.
    Growing(Vec<u8>),
    /// Lent for `'buf`, and never written outside.
    Fixed { start: NonNull<u8>, len: usize, lent: PhantomData<&'buf mut [u8]> },
}

// SAFETY: `Fixed` stands for a `&'buf mut [u8]`, which may be sent to another thread; `Growing` owns its memory.
unsafe impl Send for Buffer<'_> {}
// SAFETY: a shared `Buffer` gives out nothing but its ends as raw pointers.
unsafe impl Sync for Buffer<'_> {}

impl<'buf> Buffer<'buf> {
    pub(crate) fn growing(capacity: usize) -> Self {
        Buffer::Growing(Vec::with_capacity(capacity.min(MAX_LEN)))
    }

    pub(crate) fn fixed(slice: &'buf mut [u8], grows: Grows) -> Self {
        // Positions are counted in 31 bits, so of a longer slice only the part at the base is used.
        let unused = slice.len().saturating_sub(MAX_LEN);
        let slice = match grows {
            Grows::Down => &mut slice[unused..],
            Grows::Up => {
                let used = slice.len() - unused;
                &mut slice[..used]
            }
        };
        let len = slice.len();
        // The pointer comes from the unique borrow that `'buf` keeps alive.
        Buffer::Fixed { start: NonNull::from(slice).cast(), len, lent: PhantomData }
    }

    /// The same, if it is no slice that is lent.
    pub(crate) fn owned(self) -> Option<Buffer<'static>> {
        match self {
            Buffer::Growing(memory) => Some(Buffer::Growing(memory)),
            Buffer::Fixed { .. } => None,
        }
    }

    /// The lowest byte, and the number of bytes.
    pub(crate) fn extent(&mut self) -> (*mut u8, usize) {
        match self {
            Buffer::Growing(memory) => (memory.as_mut_ptr(), memory.capacity().min(MAX_LEN)),
            Buffer::Fixed { start, len, .. } => (start.as_ptr(), *len),
        }
    }

    /// Makes a growing buffer larger and keeps the `used` bytes at its base. `false` if it cannot grow.
    pub(crate) fn grow(&mut self, used: usize, grows: Grows) -> bool {
        let (old_start, old_len) = self.extent();
        let Buffer::Growing(memory) = self else { return false };
        if old_len >= MAX_LEN {
            return false;
        }
        debug_assert!(used <= old_len);
        let mut larger: Vec<u8> = Vec::with_capacity((old_len.max(2048) * 2).min(MAX_LEN));
        let new_len = larger.capacity().min(MAX_LEN);
        let (from, to) = match grows {
            Grows::Down => (old_len - used, new_len - used),
            Grows::Up => (0, 0),
        };
        // SAFETY:
        // 1. `used` bytes at the old base were written by the cursor, inside the old allocation (its contract);
        // 2. the new allocation is larger than the old one, so `used` bytes at its base are inside it;
        // 3. two allocations do not overlap.
        unsafe { core::ptr::copy_nonoverlapping(old_start.add(from), larger.as_mut_ptr().add(to), used) };
        *memory = larger;
        true
    }
}
