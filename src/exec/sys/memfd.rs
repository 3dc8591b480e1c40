//! Memory with two views, on Linux: a file that exists in memory only, mapped twice.

use super::{Access, Mapping, fault, unix};
use crate::exec::{Branches, ExecError, error::Request};
use rustix::{
    fd::{AsFd, OwnedFd},
    fs::{FallocateFlags, MemfdFlags, SealFlags},
    io::Errno,
    mm::{MapFlags, ProtFlags},
};
use std::ops::Range;

/// Memory with a view to run and a view to write.
pub(in crate::exec) struct Pair {
    run: Mapping,
    write: Mapping,
    file: OwnedFd,
}

impl Pair {
    /// Memory of `len` bytes, none of them committed.
    ///
    /// `find` finds a place for the first view, by calling what it gets with hints.
    pub(in crate::exec) fn reserve(
        len: usize,
        find: impl FnOnce(&dyn Fn(Option<usize>) -> Result<Mapping, ExecError>) -> Result<Mapping, ExecError>,
    ) -> Result<Pair, ExecError> {
        fault::check(Request::Share)?;
        // Nobody executes the file itself. Kernels before 6.3 do not know that flag.
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = rustix::fs::memfd_create("code", flags | MemfdFlags::NOEXEC_SEAL)
            .or_else(|_| rustix::fs::memfd_create("code", flags))
            .map_err(unix::refused(Request::Share))?;
        rustix::fs::ftruncate(&file, len as u64).map_err(unix::refused(Request::Share))?;
        // A file that became shorter would take pages away from under running code.
        rustix::fs::fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)
            .map_err(unix::refused(Request::Share))?;
        let view = |hint| {
            fault::check(Request::Reserve)?;
            // SAFETY: without MAP_FIXED, a mapping takes the place of no other.
            unsafe { rustix::mm::mmap(unix::at(hint), len, ProtFlags::empty(), MapFlags::SHARED, file.as_fd(), 0) }
                .map(|start| Mapping::of(start, len))
                .map_err(unix::refused(Request::Reserve))
        };
        let (run, write) = (find(&view)?, view(None)?);
        let pair = Pair { run, write, file };
        pair.try_to_run()?;
        Ok(pair)
    }

    /// Some systems allow no such memory to be executed; better to know it now.
    fn try_to_run(&self) -> Result<(), ExecError> {
        let page = 0..super::page_size();
        // SAFETY: nobody knows the page yet, and nobody runs or writes it.
        unsafe {
            self.run.protect(page.clone(), Access::Run(Branches::Any))?;
            self.run.protect(page, Access::None)
        }
    }

    pub(in crate::exec) fn run(&self) -> &Mapping {
        &self.run
    }

    pub(in crate::exec) fn write(&self) -> &Mapping {
        &self.write
    }

    /// Gives whole pages memory, and opens both views of them.
    ///
    /// The memory is allocated here, so that a lack of it is an error now, and no signal when the memory is written.
    /// After an error the pages may be open in one view.
    ///
    /// # Safety
    /// Nobody uses the pages.
    pub(in crate::exec) unsafe fn commit(&self, range: Range<usize>, branches: Branches) -> Result<(), ExecError> {
        fault::check(Request::Commit)?;
        loop {
            match rustix::fs::fallocate(&self.file, FallocateFlags::empty(), range.start as u64, range.len() as u64) {
                Ok(()) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(unix::refused(Request::Commit)(error)),
            }
        }
        // SAFETY: nobody uses the pages.
        unsafe {
            self.run.protect(range.clone(), Access::Run(branches))?;
            self.write.protect(range, Access::Write)
        }
    }

    /// Closes both views of whole pages, and gives their memory back.
    ///
    /// # Safety
    /// Nobody uses the pages.
    pub(in crate::exec) unsafe fn decommit(&self, range: Range<usize>) -> Result<(), ExecError> {
        // SAFETY: nobody uses the pages. Both are tried, whatever becomes of the first.
        let closed =
            unsafe { [self.write.protect(range.clone(), Access::None), self.run.protect(range.clone(), Access::None)] };
        let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        // The pages are harmless already, so what this says does not matter.
        let _ = rustix::fs::fallocate(&self.file, hole, range.start as u64, range.len() as u64);
        closed.into_iter().collect()
    }
}
