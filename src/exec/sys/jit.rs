//! macOS on Apple silicon: pages that are writable or executable *per thread*.
//!
//! Memory for code is mapped once, with MAP_JIT, and says that it is writable and executable; what holds is the switch
//! of each thread, which is one of the two. A thread starts out able to execute. The switch is one for all such memory,
//! so it is counted here: a thread that has two regions open writes until it has finished both, and cannot run code of
//! any arena before.

use super::{Access, fault};
use crate::exec::{Branches, ExecError, error::Request};
use rustix::{
    io::Errno,
    mm::{MapFlags, ProtFlags},
};
use std::{cell::Cell, marker::PhantomData, ops::Range, ptr::without_provenance_mut};

/// Bytes of a page.
pub(in crate::exec) fn page_size() -> usize {
    rustix::param::page_size()
}

/// MAP_JIT of <sys/mman.h>.
const MAP_JIT: MapFlags = MapFlags::from_bits_retain(0x0800);

unsafe extern "C" {
    /// From <pthread.h>: 1 lets the calling thread execute, 0 lets it write.
    fn pthread_jit_write_protect_np(enabled: core::ffi::c_int);
}

thread_local! {
    /// How many `Writable` the thread has.
    static WRITERS: Cell<usize> = const { Cell::new(0) };
}

/// While it exists, its thread can write to code and cannot run it.
pub(in crate::exec) struct Writable(
    // The switch is the thread's.
    PhantomData<*mut ()>,
);

impl Writable {
    pub(in crate::exec) fn new() -> Writable {
        if WRITERS.replace(WRITERS.get() + 1) == 0 {
            // SAFETY: the function exists since macOS 11, the first on this processor, and has no other demands.
            unsafe { pthread_jit_write_protect_np(0) };
        }
        Writable(PhantomData)
    }
}

impl Drop for Writable {
    fn drop(&mut self) {
        if WRITERS.replace(WRITERS.get() - 1) == 1 {
            // SAFETY: as in `new`.
            unsafe { pthread_jit_write_protect_np(1) };
        }
    }
}

/// Memory mapped with MAP_JIT; the system commits pages when they are touched. Unmapped when it is dropped.
pub(in crate::exec) struct Mapping {
    start: *mut u8,
    len: usize,
}

// SAFETY: a mapping belongs to the process, not to a thread.
unsafe impl Send for Mapping {}
// SAFETY: its methods are unsafe and say what their callers owe.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Whether it is threads, and not pages, that can write at one time and run at another.
    pub(in crate::exec) const SWITCHES_THREADS: bool = true;

    /// Memory for code, at `hint` if that is free.
    pub(in crate::exec) fn reserve(len: usize, hint: Option<usize>) -> Result<Mapping, ExecError> {
        fault::check(Request::Reserve)?;
        let all = ProtFlags::READ | ProtFlags::WRITE | ProtFlags::EXEC;
        let hint = without_provenance_mut(hint.unwrap_or(0));
        // SAFETY: without MAP_FIXED, a mapping takes the place of no other.
        let start = unsafe { rustix::mm::mmap_anonymous(hint, len, all, MapFlags::PRIVATE | MAP_JIT) };
        let refused = |error: Errno| ExecError::System { request: Request::Reserve, code: error.raw_os_error() };
        Ok(Mapping { start: start.map_err(refused)?.cast(), len })
    }

    pub(in crate::exec) fn start(&self) -> *mut u8 {
        self.start
    }

    pub(in crate::exec) fn len(&self) -> usize {
        self.len
    }

    /// Does nothing: pages are writable for threads that have a [`Writable`], and executable for others.
    ///
    /// # Safety
    /// None.
    pub(in crate::exec) unsafe fn protect(&self, _: Range<usize>, _: Access) -> Result<(), ExecError> {
        Ok(())
    }

    /// Does nothing: such memory is given back as a whole.
    ///
    /// # Safety
    /// None.
    pub(in crate::exec) unsafe fn discard(&self, _: Range<usize>) -> Result<(), ExecError> {
        Ok(())
    }

    /// Changes bytes that may be running: `edit` gets a pointer to them.
    ///
    /// # Safety
    /// The new bytes are as good as the old ones for whoever runs them.
    pub(in crate::exec) unsafe fn edit(
        &self,
        bytes: Range<usize>,
        _: Branches,
        edit: impl FnOnce(*mut u8),
    ) -> Result<(), ExecError> {
        let _writable = Writable::new();
        // SAFETY: the bytes are in the mapping.
        edit(unsafe { self.start.add(bytes.start) });
        Ok(())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and whoever owns it drops it last. If the system refuses, the memory stays with
        // the process.
        let _ = unsafe { rustix::mm::munmap(self.start.cast(), self.len) };
    }
}
