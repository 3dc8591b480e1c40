//! The arena, as its users know it.

use super::{Builder, ExecError, Mode, Region, coherence::Pipelines, pieces::Shared, views};
#[cfg(test)]
use std::ops::Range;
use std::sync::Arc;

/// A range of addresses for code. Cheap to clone: clones are the same arena, which lives until the last one, the last
/// region and the last code are gone.
#[derive(Clone)]
pub struct Arena {
    pub(super) shared: Arc<Shared>,
}

impl Arena {
    /// The most bytes that an arena can have: so many that near branches reach every place of it from every other. 2
    /// GiB (less 1 MiB) on x86-64, 128 MiB (less 1 MiB) on AArch64.
    pub const MOST: usize = views::REACH - (1 << 20);

    /// Settings for a new arena.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// A piece of at least `bytes` bytes to write code into.
    ///
    /// # Errors
    /// [`ExecError::Exhausted`], [`ExecError::Limit`], [`ExecError::System`].
    pub fn region(&self, bytes: usize) -> Result<Region, ExecError> {
        Ok(Region::new(self.shared.clone(), self.shared.take(bytes)?))
    }

    /// The mode that the arena has; never [`Mode::Auto`].
    pub fn mode(&self) -> Mode {
        self.shared.views.mode()
    }

    /// Whether near branches reach `address` from everywhere in the arena.
    pub fn reaches(&self, address: u64) -> bool {
        views::near(self.shared.addresses(), address)
    }

    /// An address for near calls and jumps to `target`, from everywhere in the arena: `target` itself if that [can be
    /// reached](Self::reaches), else that of a stub in the arena that jumps there.
    ///
    /// There is one stub for each target, and it stays as long as the arena. A stub changes X16 on AArch64, as linkers'
    /// stubs do, and nothing on x86-64. With [`Branches::Marked`](super::Branches::Marked), the target must be marked,
    /// as for every indirect jump.
    ///
    /// [Linking](super::Place::link) gives far branches veneers by itself, to each code its own. A stub saves those
    /// where many codes call one function.
    ///
    /// # Errors
    /// As [`region`](Self::region), if there is no memory for the stub; [`ExecError::Unsupported`] if code cannot be
    /// changed in this mode.
    pub fn callable(&self, target: u64) -> Result<u64, ExecError> {
        if self.reaches(target) { Ok(target) } else { self.shared.stub(target) }
    }

    /// Closes pages that nothing uses, and gives their memory back to the system. Gives the number of bytes.
    pub fn trim(&self) -> usize {
        self.shared.trim()
    }

    /// The addresses where code runs, and those of the guard pages.
    #[cfg(test)]
    pub(super) fn addresses(&self) -> Range<u64> {
        self.shared.addresses()
    }

    /// Whether a finished [patch](super::ExecCode::patch) is seen by every thread at once. If not (on macOS, and where
    /// Linux has no `membarrier`), other threads see it when they next enter the kernel, or execute a serializing
    /// instruction (x86-64) or an `isb` (AArch64).
    pub fn synchronizes(&self) -> bool {
        self.shared.pipelines == Pipelines::Synchronized
    }

    /// What is used, and what is free.
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }
}

impl core::fmt::Debug for Arena {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Arena").field("mode", &self.mode()).field("stats", &self.stats()).finish()
    }
}

/// What an arena's bytes are used for. Pieces are counted as they are handed out, in cache lines or pages, and with
/// their guard pages: what is free, used and lost adds up to what is reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Bytes of address space, without the guard pages around it.
    pub reserved: usize,
    /// Bytes that have memory.
    pub committed: usize,
    /// Bytes that can be handed out.
    pub free: usize,
    /// Bytes of the longest free piece.
    pub largest_free: usize,
    /// Regions that are being written.
    pub regions: usize,
    /// Their bytes.
    pub region_bytes: usize,
    /// Codes that are published.
    pub codes: usize,
    /// Their bytes.
    pub code_bytes: usize,
    /// Bytes for [far calls](Arena::callable).
    pub far_bytes: usize,
    /// Bytes that the system refused to close, and that are therefore never handed out again.
    pub lost: usize,
}
