//! Address space on Windows, and memory with two views: a section of the paging file, mapped twice.

use super::{Access, fault};
use crate::exec::{Branches, ExecError, Feature, Mode, error::Request};
use std::{ffi::c_void, ops::Range, ptr::without_provenance};
use windows_sys::Win32::{
    Foundation::{CloseHandle, HANDLE, INVALID_HANDLE_VALUE},
    System::{
        Memory::{
            CreateFileMappingW, FILE_MAP_EXECUTE, FILE_MAP_READ, FILE_MAP_WRITE, MEM_COMMIT, MEM_DECOMMIT, MEM_RELEASE,
            MEM_RESERVE, MEMORY_MAPPED_VIEW_ADDRESS, MapViewOfFileEx, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE,
            PAGE_NOACCESS, PAGE_PROTECTION_FLAGS, PAGE_READWRITE, SEC_RESERVE, UnmapViewOfFile, VirtualAlloc,
            VirtualFree, VirtualProtect,
        },
        SystemInformation::{GetSystemInfo, SYSTEM_INFO},
    },
};

/// Bytes of a page.
pub(in crate::exec) fn page_size() -> usize {
    let mut info = SYSTEM_INFO::default();
    // SAFETY: the function fills the structure and cannot fail.
    unsafe { GetSystemInfo(&mut info) };
    info.dwPageSize as usize
}

fn last_error(request: Request) -> ExecError {
    ExecError::System { request, code: std::io::Error::last_os_error().raw_os_error().unwrap_or_default() }
}

fn flags(access: Access) -> PAGE_PROTECTION_FLAGS {
    match access {
        Access::None => PAGE_NOACCESS,
        Access::Write => PAGE_READWRITE,
        // Control Flow Guard takes every 16 bytes of new executable pages for a valid target; Windows has no narrower
        // page protection.
        Access::Run(Branches::Any | Branches::Marked) => PAGE_EXECUTE_READ,
    }
}

/// A range of address space, given back when it is dropped.
pub(in crate::exec) struct Mapping {
    start: *mut u8,
    len: usize,
    kind: Kind,
}

#[derive(PartialEq)]
enum Kind {
    Private,
    View,
}

// SAFETY: a mapping belongs to the process, not to a thread.
unsafe impl Send for Mapping {}
// SAFETY: its methods call the system, which orders them, or are unsafe and say what their callers owe.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Whether it is threads, and not pages, that can write at one time and run at another.
    pub(in crate::exec) const SWITCHES_THREADS: bool = false;

    /// Address space of private memory without access; at `hint`, or an error if that is not free.
    pub(in crate::exec) fn reserve(len: usize, hint: Option<usize>) -> Result<Mapping, ExecError> {
        fault::check(Request::Reserve)?;
        let hint = without_provenance(hint.unwrap_or(0));
        // SAFETY: new address space takes the place of no other.
        let start = unsafe { VirtualAlloc(hint, len, MEM_RESERVE, PAGE_NOACCESS) };
        if start.is_null() {
            return Err(last_error(Request::Reserve));
        }
        Ok(Mapping { start: start.cast(), len, kind: Kind::Private })
    }

    pub(in crate::exec) fn start(&self) -> *mut u8 {
        self.start
    }

    pub(in crate::exec) fn len(&self) -> usize {
        self.len
    }

    fn place(&self, range: &Range<usize>) -> *mut c_void {
        debug_assert!(range.start <= range.end && range.end <= self.len);
        // SAFETY: offsets are inside the mapping.
        unsafe { self.start.add(range.start).cast() }
    }

    /// Changes what whole pages may be used for; pages that are to be written get memory if they have none.
    ///
    /// # Safety
    /// Nobody uses the pages in a way that is not allowed then.
    pub(in crate::exec) unsafe fn protect(&self, range: Range<usize>, access: Access) -> Result<(), ExecError> {
        fault::check(Request::Protect)?;
        let place = self.place(&range);
        // SAFETY: the pages are this mapping's; the rest is the caller's promise.
        let done = unsafe {
            match access {
                Access::Write => !VirtualAlloc(place, range.len(), MEM_COMMIT, PAGE_READWRITE).is_null(),
                _ => VirtualProtect(place, range.len(), flags(access), &mut 0) != 0,
            }
        };
        if done { Ok(()) } else { Err(last_error(Request::Protect)) }
    }

    /// Gives the memory of whole pages back and leaves them without access.
    ///
    /// # Safety
    /// Nobody uses the pages.
    pub(in crate::exec) unsafe fn discard(&self, range: Range<usize>) -> Result<(), ExecError> {
        fault::check(Request::Protect)?;
        // SAFETY: the pages are this mapping's, and nobody uses them.
        match unsafe { VirtualFree(self.place(&range), range.len(), MEM_DECOMMIT) } {
            0 => Err(last_error(Request::Protect)),
            _ => Ok(()),
        }
    }

    /// There is no way to do it here.
    ///
    /// # Safety
    /// None.
    pub(in crate::exec) unsafe fn edit(
        &self,
        _: Range<usize>,
        _: Branches,
        _: impl FnOnce(*mut u8),
    ) -> Result<(), ExecError> {
        Err(ExecError::Unsupported { mode: Mode::Flip, what: Feature::LivePatches })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and whoever owns it drops it last. If the system refuses, the memory stays with
        // the process.
        let _ = unsafe {
            match self.kind {
                Kind::Private => VirtualFree(self.start.cast(), 0, MEM_RELEASE),
                Kind::View => UnmapViewOfFile(MEMORY_MAPPED_VIEW_ADDRESS { Value: self.start.cast() }),
            }
        };
    }
}

/// Memory with a view to run and a view to write.
pub(in crate::exec) struct Pair {
    run: Mapping,
    write: Mapping,
}

/// The section; its views keep it alive.
struct Section(HANDLE);

impl Drop for Section {
    fn drop(&mut self) {
        // SAFETY: the handle is ours.
        unsafe { CloseHandle(self.0) };
    }
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
        let size = len as u64;
        // The section's protection is the most that its views may have together; no view has both.
        let protection = PAGE_EXECUTE_READWRITE | SEC_RESERVE;
        // SAFETY: a section without a name and of the paging file, with default security.
        let section = unsafe {
            CreateFileMappingW(
                INVALID_HANDLE_VALUE,
                core::ptr::null(),
                protection,
                (size >> 32) as u32,
                size as u32,
                core::ptr::null(),
            )
        };
        if section.is_null() {
            return Err(last_error(Request::Share));
        }
        let section = Section(section);
        let view = |access, hint: Option<usize>| {
            fault::check(Request::Reserve)?;
            // SAFETY: a new view takes the place of no other.
            let view = unsafe { MapViewOfFileEx(section.0, access, 0, 0, len, without_provenance(hint.unwrap_or(0))) };
            if view.Value.is_null() {
                return Err(last_error(Request::Reserve));
            }
            Ok(Mapping { start: view.Value.cast(), len, kind: Kind::View })
        };
        let run = find(&|hint| view(FILE_MAP_READ | FILE_MAP_EXECUTE, hint))?;
        let write = view(FILE_MAP_READ | FILE_MAP_WRITE, None)?;
        Ok(Pair { run, write })
    }

    pub(in crate::exec) fn run(&self) -> &Mapping {
        &self.run
    }

    pub(in crate::exec) fn write(&self) -> &Mapping {
        &self.write
    }

    /// Gives whole pages memory, and opens both views of them. After an error they may be open in one.
    ///
    /// # Safety
    /// Nobody uses the pages.
    pub(in crate::exec) unsafe fn commit(&self, range: Range<usize>, branches: Branches) -> Result<(), ExecError> {
        for (view, access) in [(&self.run, Access::Run(branches)), (&self.write, Access::Write)] {
            fault::check(Request::Commit)?;
            // SAFETY: the pages are the pair's, and nobody uses them. Memory of a section is committed through any
            // view; for the other view this sets the protection.
            let done = unsafe { VirtualAlloc(view.place(&range), range.len(), MEM_COMMIT, flags(access)) };
            if done.is_null() {
                return Err(last_error(Request::Commit));
            }
        }
        Ok(())
    }

    /// Closes both views of whole pages. A section's memory cannot be given back in parts.
    ///
    /// # Safety
    /// Nobody uses the pages.
    pub(in crate::exec) unsafe fn decommit(&self, range: Range<usize>) -> Result<(), ExecError> {
        // SAFETY: nobody uses the pages. Both are tried, whatever becomes of the first.
        let closed = unsafe { [self.write.protect_view(range.clone()), self.run.protect_view(range)] };
        closed.into_iter().collect()
    }
}

impl Mapping {
    /// Takes access from pages of a view.
    ///
    /// # Safety
    /// Nobody uses the pages.
    unsafe fn protect_view(&self, range: Range<usize>) -> Result<(), ExecError> {
        debug_assert!(self.kind == Kind::View);
        // SAFETY: the caller's promise.
        unsafe { self.protect(range, Access::None) }
    }
}
