//! What the cursor writes into: memory that belongs to the encoder and grows, or a slice that the caller lends.
//!
//! Code is placed from a buffer's high end downward, so a buffer that grows keeps its contents at the *high* end of the new
//! memory. Nothing outside this module knows which kind of buffer it writes to; the cursor asks only for the
//! two ends.

use alloc::vec::Vec;
use core::{marker::PhantomData, ptr::NonNull};

/// The largest buffer: distances within it fit the 32-bit displacements of both instruction sets.
pub(crate) const MAX_LEN: usize = i32::MAX as usize;

/// The memory below a cursor.
pub(crate) enum Buffer<'buf> {
    /// Owned. The vector's length stays 0: its spare capacity is the buffer.
    Growing(Vec<u8>),
    /// Lent for `'buf`, and never written outside.
    Fixed { start: NonNull<u8>, len: usize, lent: PhantomData<&'buf mut [u8]> },
    /// A forward block, which no cursor points into.
    Forward(Staging),
}

/// A forward block in the making.
#[derive(Default)]
pub(crate) struct Staging {
    pub(crate) bytes: Vec<u8>,
    /// Where instructions end, in bytes from the start.
    pub(crate) ends: Vec<u32>,
    is_full: bool,
}

impl Staging {
    /// Appends instructions, which end at `ends` of `bytes`. Beyond `MAX_LEN` nothing is kept.
    pub(crate) fn append(&mut self, bytes: &[u8], ends: &[u32]) {
        let start = self.bytes.len();
        if self.is_full || start + bytes.len() > MAX_LEN {
            self.is_full = true;
            return;
        }
        self.bytes.extend_from_slice(bytes);
        self.ends.extend(ends.iter().map(|end| start as u32 + end));
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len);
        let kept = self.ends.partition_point(|&end| end as usize <= len);
        self.ends.truncate(kept);
    }

    pub(crate) fn clear(&mut self) {
        self.truncate(0);
        self.is_full = false;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }
}

// SAFETY: `Fixed` stands for a `&'buf mut [u8]`, which may be sent to another thread; `Growing` owns its memory.
unsafe impl Send for Buffer<'_> {}
// SAFETY: a shared `Buffer` gives out nothing but its ends as raw pointers.
unsafe impl Sync for Buffer<'_> {}

impl<'buf> Buffer<'buf> {
    pub(crate) fn growing(capacity: usize) -> Self {
        Buffer::Growing(Vec::with_capacity(capacity.min(MAX_LEN)))
    }

    pub(crate) fn fixed(slice: &'buf mut [u8]) -> Self {
        // Positions are counted in 31 bits, so of a longer slice only the high end is used.
        let unused = slice.len().saturating_sub(MAX_LEN);
        let slice = &mut slice[unused..];
        let len = slice.len();
        // The pointer comes from the unique borrow that `'buf` keeps alive.
        Buffer::Fixed { start: NonNull::from(slice).cast(), len, lent: PhantomData }
    }

    /// The lowest byte, and the number of bytes.
    pub(crate) fn extent(&mut self) -> (*mut u8, usize) {
        match self {
            Buffer::Growing(memory) => (memory.as_mut_ptr(), memory.capacity().min(MAX_LEN)),
            Buffer::Fixed { start, len, .. } => (start.as_ptr(), *len),
            Buffer::Forward(staging) => (staging.bytes.as_mut_ptr(), staging.bytes.len()),
        }
    }

    /// Makes a growing buffer larger and keeps its highest `used` bytes at the high end. `false` if it cannot grow.
    pub(crate) fn grow(&mut self, used: usize) -> bool {
        let (old_start, old_len) = self.extent();
        let Buffer::Growing(memory) = self else { return false };
        if old_len >= MAX_LEN {
            return false;
        }
        debug_assert!(used <= old_len);
        let mut larger: Vec<u8> = Vec::with_capacity((old_len.max(2048) * 2).min(MAX_LEN));
        let new_len = larger.capacity().min(MAX_LEN);
        // SAFETY:
        // 1. `used` bytes below the old end were written by the cursor, inside the old allocation (its contract);
        // 2. the new allocation is larger than the old one, so `used` bytes below its end are inside it;
        // 3. two allocations do not overlap.
        unsafe {
            let from = old_start.add(old_len - used);
            let to = larger.as_mut_ptr().add(new_len - used);
            core::ptr::copy_nonoverlapping(from, to, used);
        }
        *memory = larger;
        true
    }
}
