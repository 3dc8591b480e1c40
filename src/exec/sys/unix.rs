//! Address space on Unix.

use super::{Access, fault};
use crate::exec::{Branches, ExecError, error::Request};
use rustix::{
    io::Errno,
    mm::{MapFlags, MprotectFlags, ProtFlags},
};
use std::{ffi::c_void, ops::Range, ptr::without_provenance_mut};

/// Bytes of a page.
pub(in crate::exec) fn page_size() -> usize {
    rustix::param::page_size()
}

/// How an error number of the system becomes one of ours.
pub(super) fn refused(request: Request) -> impl Fn(Errno) -> ExecError {
    move |error| ExecError::System { request, code: error.raw_os_error() }
}

/// A range of address space, unmapped when it is dropped.
pub(in crate::exec) struct Mapping {
    start: *mut u8,
    len: usize,
}

// SAFETY: a mapping belongs to the process, not to a thread.
unsafe impl Send for Mapping {}
// SAFETY: its methods call the system, which orders them, or are unsafe and say what their callers owe.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Whether it is threads, and not pages, that can write at one time and run at another.
    pub(in crate::exec) const SWITCHES_THREADS: bool = false;

    /// Address space of private memory without access, at `hint` if that is free.
    pub(in crate::exec) fn reserve(len: usize, hint: Option<usize>) -> Result<Mapping, ExecError> {
        fault::check(Request::Reserve)?;
        let (none, flags) = (ProtFlags::empty(), MapFlags::PRIVATE | MapFlags::NORESERVE);
        // SAFETY: without MAP_FIXED, a mapping takes the place of no other.
        let start = unsafe { rustix::mm::mmap_anonymous(at(hint), len, none, flags) };
        Ok(Mapping { start: start.map_err(refused(Request::Reserve))?.cast(), len })
    }

    /// The mapping that the system has just made at `start`.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn of(start: *mut c_void, len: usize) -> Mapping {
        Mapping { start: start.cast(), len }
    }

    pub(in crate::exec) fn start(&self) -> *mut u8 {
        self.start
    }

    pub(in crate::exec) fn len(&self) -> usize {
        self.len
    }

    fn place(&self, range: &Range<usize>) -> *mut u8 {
        debug_assert!(range.start <= range.end && range.end <= self.len);
        debug_assert!(range.start.is_multiple_of(page_size()) && range.end.is_multiple_of(page_size()));
        // SAFETY: offsets are inside the mapping.
        unsafe { self.start.add(range.start) }
    }

    /// Changes what whole pages may be used for.
    ///
    /// # Safety
    /// Nobody uses the pages in a way that is not allowed then.
    pub(in crate::exec) unsafe fn protect(&self, range: Range<usize>, access: Access) -> Result<(), ExecError> {
        fault::check(Request::Protect)?;
        let flags = match access {
            Access::None => MprotectFlags::empty(),
            Access::Write => MprotectFlags::READ | MprotectFlags::WRITE,
            Access::Run(branches) => MprotectFlags::READ | MprotectFlags::EXEC | marked(branches),
        };
        // SAFETY: the pages are this mapping's; the rest is the caller's promise.
        unsafe { rustix::mm::mprotect(self.place(&range).cast(), range.len(), flags) }
            .map_err(refused(Request::Protect))
    }

    /// Gives the memory of whole pages back and leaves them without access.
    ///
    /// # Safety
    /// Nobody uses the pages.
    pub(in crate::exec) unsafe fn discard(&self, range: Range<usize>) -> Result<(), ExecError> {
        // SAFETY: the caller's promise.
        unsafe { self.protect(range.clone(), Access::None)? };
        // The pages are harmless already, so what this says does not matter.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        // SAFETY: the pages are this mapping's, and nobody uses them.
        let _ =
            unsafe { rustix::mm::madvise(self.place(&range).cast(), range.len(), rustix::mm::Advice::LinuxDontNeed) };
        Ok(())
    }

    /// Changes published bytes that may be running: `edit` gets a pointer to them in a copy of their pages, which then
    /// takes the pages' place.
    ///
    /// Who runs the pages sees the old ones or the new ones: the kernel moves the copy over them with its map of the
    /// address space locked, and who meets a page that is missing waits for that lock. (The kernel checks what it can
    /// before it begins; only if it has no memory for its own tables does it fail in the middle, and then the pages are
    /// gone, and who runs them faults.)
    ///
    /// # Safety
    /// The pages can be read, and nobody writes to them meanwhile. The new bytes are as good as the old ones for
    /// whoever runs them.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(in crate::exec) unsafe fn edit(
        &self,
        bytes: Range<usize>,
        branches: Branches,
        edit: impl FnOnce(*mut u8),
    ) -> Result<(), ExecError> {
        let page = page_size();
        let range = bytes.start / page * page..bytes.end.next_multiple_of(page);
        let copy = Mapping::reserve(range.len(), None)?;
        // SAFETY: nobody else knows the copy, which is as long as the range.
        unsafe {
            copy.protect(0..range.len(), Access::Write)?;
            self.place(&range).copy_to_nonoverlapping(copy.start, range.len());
            edit(copy.start.add(bytes.start - range.start));
            // Before anybody can run it.
            crate::exec::coherence::make_visible(copy.start, copy.start, range.len());
            copy.protect(0..range.len(), Access::Run(branches))?;
        }
        fault::check(Request::Replace)?;
        let (from, to) = (copy.start.cast(), self.place(&range).cast());
        let flags = rustix::mm::MremapFlags::MAYMOVE;
        // SAFETY: both ranges are ours, and the caller promises that the exchange hurts nobody.
        unsafe { rustix::mm::mremap_fixed(from, range.len(), range.len(), flags, to) }
            .map_err(refused(Request::Replace))?;
        // The copy's address space went with it.
        core::mem::forget(copy);
        Ok(())
    }

    /// There is no way to do it here.
    ///
    /// # Safety
    /// None.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(in crate::exec) unsafe fn edit(
        &self,
        _: Range<usize>,
        _: Branches,
        _: impl FnOnce(*mut u8),
    ) -> Result<(), ExecError> {
        Err(ExecError::Unsupported { mode: crate::exec::Mode::Flip, what: crate::exec::Feature::LivePatches })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and whoever owns it drops it last.
        let unmapped = unsafe { rustix::mm::munmap(self.start.cast(), self.len) };
        // Linux refuses it where it would leave the process with too many mappings. Then the address space stays with
        // the process, but nothing in it.
        if unmapped.is_err() {
            // SAFETY: as above: nobody uses the pages.
            let _ = unsafe { self.discard(0..self.len) };
        }
    }
}

/// A hint for the system.
pub(super) fn at(hint: Option<usize>) -> *mut c_void {
    without_provenance_mut(hint.unwrap_or(0))
}

/// The processor's check of indirect branches, where there is one.
fn marked(branches: Branches) -> MprotectFlags {
    #[cfg(all(any(target_os = "linux", target_os = "android"), target_arch = "aarch64"))]
    if branches == Branches::Marked && std::arch::is_aarch64_feature_detected!("bti") {
        return MprotectFlags::BTI;
    }
    let (Branches::Any | Branches::Marked) = branches;
    MprotectFlags::empty()
}
