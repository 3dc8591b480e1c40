//! The arena's address range, and through which addresses it is written and run.
//!
//! ```text
//!  Dual    run view    | none |  read, run   |        two ranges, one memory; a page opens in both at once
//!          write view  | none |  read, write |
//!
//!  Flip    one range   | none |  read, write |  then  | read, run |  and at last none again
//! ```
//!
//! `// Invariant(w^x):` a page is never writable and executable at one address: `Access` has no such value. (macOS's
//! MAP_JIT keeps that per thread.)
//!
//! Offsets are bytes from the start of the range, the same in both views.

use super::{
    Branches, ExecError, Mode, coherence,
    sys::{Access, Mapping, Pair},
};
use std::ops::Range;

/// How far a near branch reaches, which is also the most that an arena can have: rel32 on x86-64, B and BL on AArch64.
pub(super) const REACH: usize = if cfg!(target_arch = "x86_64") { 1 << 31 } else { 128 << 20 };

/// Whether a branch anywhere in `range` reaches `target`, and one there anywhere in `range`.
pub(super) fn near(range: Range<u64>, target: u64) -> bool {
    let farthest = range.start.abs_diff(target).max(range.end.abs_diff(target));
    // A little less, since distances are measured from the end of an instruction on x86-64.
    farthest <= REACH as u64 - 64
}

/// The arena's memory.
pub(super) enum Views {
    /// One range.
    Flip(Mapping),
    /// Two ranges.
    Dual(Pair),
}

impl Views {
    /// Address space of `len` bytes, from where near branches reach `host` if such is free.
    pub(super) fn reserve(mode: Mode, len: usize, host: usize) -> Result<Views, ExecError> {
        match mode {
            Mode::Auto => Views::reserve(Mode::Dual, len, host).or_else(|_| Views::reserve(Mode::Flip, len, host)),
            Mode::Dual => Ok(Views::Dual(Pair::reserve(len, |at| find(len, host, at))?)),
            Mode::Flip => Ok(Views::Flip(find(len, host, &|hint| Mapping::reserve(len, hint))?)),
        }
    }

    /// The mode that it was in the end.
    pub(super) fn mode(&self) -> Mode {
        match self {
            Views::Flip(_) => Mode::Flip,
            Views::Dual(_) => Mode::Dual,
        }
    }

    /// Whether code can be written while code of the same page runs.
    pub(super) fn shares_pages(&self) -> bool {
        match self {
            Views::Flip(_) => Mapping::SWITCHES_THREADS,
            Views::Dual(_) => true,
        }
    }

    /// Whether single pages can be without access.
    pub(super) fn has_guards(&self) -> bool {
        match self {
            Views::Flip(_) => !Mapping::SWITCHES_THREADS,
            Views::Dual(_) => true,
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Views::Flip(mapping) => mapping.len(),
            Views::Dual(pair) => pair.run().len(),
        }
    }

    /// Where code runs.
    pub(super) fn run(&self) -> *mut u8 {
        match self {
            Views::Flip(mapping) => mapping.start(),
            Views::Dual(pair) => pair.run().start(),
        }
    }

    /// Where code is written.
    pub(super) fn write(&self) -> *mut u8 {
        match self {
            Views::Flip(mapping) => mapping.start(),
            Views::Dual(pair) => pair.write().start(),
        }
    }

    /// Gives whole pages memory, and makes them writable in the write view. After an error they are to be
    /// [closed](Self::close).
    ///
    /// # Safety
    /// Nobody uses the pages.
    pub(super) unsafe fn open(&self, pages: Range<usize>, branches: Branches) -> Result<(), ExecError> {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Views::Flip(mapping) => mapping.protect(pages, Access::Write),
                Views::Dual(pair) => pair.commit(pages, branches),
            }
        }
    }

    /// Makes whole open pages executable in the run view.
    ///
    /// # Safety
    /// Nobody writes to the pages.
    pub(super) unsafe fn publish(&self, pages: Range<usize>, branches: Branches) -> Result<(), ExecError> {
        match self {
            // SAFETY: the caller's promise.
            Views::Flip(mapping) => unsafe { mapping.protect(pages, Access::Run(branches)) },
            Views::Dual(_) => Ok(()),
        }
    }

    /// Takes memory and access from whole pages.
    ///
    /// # Safety
    /// Nobody uses the pages.
    pub(super) unsafe fn close(&self, pages: Range<usize>) -> Result<(), ExecError> {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Views::Flip(mapping) => mapping.discard(pages),
                Views::Dual(pair) => pair.decommit(pages),
            }
        }
    }

    /// Changes published code that may be running: `edit` gets a pointer through which it writes to `range`, with
    /// atomic stores.
    ///
    /// # Safety
    /// The range is published, and nobody else edits its pages meanwhile. Whoever runs the code finds the new bytes as
    /// good as the old ones.
    pub(super) unsafe fn edit(
        &self,
        range: Range<usize>,
        branches: Branches,
        edit: impl FnOnce(*mut u8),
    ) -> Result<(), ExecError> {
        // SAFETY: the caller's promise. Both views of a published range are open, at least for reading.
        unsafe {
            match self {
                Views::Flip(mapping) => mapping.edit(range.clone(), branches, edit)?,
                Views::Dual(pair) => edit(pair.write().start().add(range.start)),
            }
            coherence::make_visible(self.write().add(range.start), self.run().add(range.start), range.len());
        }
        Ok(())
    }
}

/// Tries places around `host`, then any.
fn find(
    len: usize,
    host: usize,
    at: &dyn Fn(Option<usize>) -> Result<Mapping, ExecError>,
) -> Result<Mapping, ExecError> {
    // Windows places mappings at multiples of 64 KiB, and no page is larger.
    const STEP: usize = 64 << 10;
    // The host's code is not a point.
    const HOST: usize = 16 << 20;
    const TRIES: usize = 12;
    // Below first: the heap grows upward from the program.
    let nearest = host.checked_sub(HOST + len).map(|below| below / STEP * STEP);
    let apart = REACH.saturating_sub(len + 2 * HOST) / TRIES / STEP * STEP;
    let below = (0..TRIES).filter_map(|n| nearest?.checked_sub(n * apart));
    let above = (0..TRIES).filter_map(|n| host.checked_add(HOST + n * apart)?.checked_next_multiple_of(STEP));
    for hint in below.chain(above).filter(|&hint| hint != 0) {
        // An occupied place is no error, and a system that refuses everything will say so below.
        if let Ok(mapping) = at(Some(hint)) {
            let first = mapping.start().addr() as u64;
            if near(first..first + len as u64, host as u64) {
                return Ok(mapping);
            }
        }
    }
    at(None)
}
