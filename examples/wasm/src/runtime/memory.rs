//! Linear memory.
//!
//! Code keeps a memory's base in a register or reads it once, and growth must not move it. So all addresses that the
//! memory may ever have are reserved at once, without access, and growing allows access to more of them. Nothing is
//! spent on what is reserved.
//!
//! The same reservation makes most bounds checks unnecessary. An address is the sum of a 32-bit index and a 32-bit
//! offset, so 8 GiB and a little more contain every access that code can express: one out of bounds meets a page
//! without access, and the fault handler makes a trap of it. With explicit checks the 4 GiB that a memory can have are
//! enough.

use std::cell::UnsafeCell;
use std::ptr::{self, NonNull};
use std::rc::Rc;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};
use wasmparser::MemoryType;

use crate::abi::MemoryRecord;
use crate::compile::Bounds;

/// Bytes of a WebAssembly page. Pages of the systems in use divide it.
pub const PAGE: u64 = 1 << 16;
/// What an index of 32 bits can address, in pages.
const MOST_PAGES: u64 = 1 << 16;
/// An index, an offset, and the widest access.
const GUARDED: usize = (8 << 30) + PAGE as usize;

/// A linear memory. Clones are the same memory.
#[derive(Clone, Debug)]
pub struct Memory {
    state: Rc<State>,
}

#[derive(Debug)]
struct State {
    base: NonNull<u8>,
    reserved: usize,
    /// The current size. Code reads it, through a pointer.
    record: UnsafeCell<MemoryRecord>,
    ty: MemoryType,
}

/// An access that is not within a memory's current size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfBounds {
    /// The first byte.
    pub address: u64,
    /// How many bytes.
    pub length: u64,
    /// The memory's bytes.
    pub size: u64,
}

impl std::fmt::Display for OutOfBounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let OutOfBounds { address, length, size } = self;
        write!(f, "{length} bytes at {address:#x} are not in a memory of {size:#x} bytes")
    }
}

impl std::error::Error for OutOfBounds {}

impl Memory {
    /// A memory of a type's initial size, all zero.
    ///
    /// # Errors
    /// The system has not the addresses, or not the memory.
    pub fn new(ty: MemoryType, bounds: Bounds) -> std::io::Result<Memory> {
        let pages = ty.maximum.unwrap_or(MOST_PAGES).min(MOST_PAGES);
        let reserved = match bounds {
            Bounds::Guard => GUARDED,
            // Something is reserved for a memory of no pages as well.
            Bounds::Explicit => (pages.max(1) * PAGE) as usize,
        };
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: the system chooses the place, where nothing is.
        let base = unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), reserved, ProtFlags::empty(), flags)? };
        let base = NonNull::new(base.cast()).expect("the system maps nothing at null");
        let record = UnsafeCell::new(MemoryRecord { bytes: 0 });
        let memory = Memory { state: Rc::new(State { base, reserved, record, ty }) };
        match memory.grow(ty.initial) {
            Some(_) => Ok(memory),
            None => Err(std::io::ErrorKind::OutOfMemory.into()),
        }
    }

    /// The type, with the current size as the initial one.
    pub fn ty(&self) -> MemoryType {
        MemoryType { initial: self.pages(), ..self.state.ty }
    }

    /// The current size in bytes.
    pub fn size(&self) -> u64 {
        // SAFETY: nobody holds a reference to the record.
        unsafe { (*self.state.record.get()).bytes }
    }

    /// The current size in pages.
    pub fn pages(&self) -> u64 {
        self.size() / PAGE
    }

    /// Grows by so many pages. The size before in pages, or `None` if the type or the system does not allow it.
    pub fn grow(&self, pages: u64) -> Option<u64> {
        let before = self.pages();
        let after = before.checked_add(pages)?;
        if after > self.state.ty.maximum.unwrap_or(MOST_PAGES).min(MOST_PAGES) {
            return None;
        }
        if pages > 0 {
            let access = MprotectFlags::READ | MprotectFlags::WRITE;
            // SAFETY: the bytes are in the reservation, which is as large as the largest size, and nobody uses them.
            unsafe {
                let start = self.state.base.as_ptr().add((before * PAGE) as usize);
                rustix::mm::mprotect(start.cast(), (pages * PAGE) as usize, access).ok()?;
            }
        }
        // SAFETY: nobody holds a reference to the record.
        unsafe { (*self.state.record.get()).bytes = after * PAGE };
        Some(before)
    }

    /// Copies bytes out of the memory.
    ///
    /// # Errors
    /// They are not all in it; then none is copied.
    pub fn read(&self, address: u64, bytes: &mut [u8]) -> Result<(), OutOfBounds> {
        let start = self.checked(address, bytes.len() as u64)?;
        // SAFETY: the bytes are in the memory, which no Rust slice overlaps.
        unsafe { ptr::copy_nonoverlapping(start, bytes.as_mut_ptr(), bytes.len()) };
        Ok(())
    }

    /// Copies bytes into the memory.
    ///
    /// # Errors
    /// They would not all be in it; then none is copied.
    pub fn write(&self, address: u64, bytes: &[u8]) -> Result<(), OutOfBounds> {
        let start = self.checked(address, bytes.len() as u64)?;
        // SAFETY: as for `read`.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len()) };
        Ok(())
    }

    /// Copies bytes within the memory, as if by way of a buffer.
    ///
    /// # Errors
    /// Either range is not in the memory; then nothing is copied.
    pub fn copy(&self, to: u64, from: u64, length: u64) -> Result<(), OutOfBounds> {
        let from = self.checked(from, length)?;
        let to = self.checked(to, length)?;
        // SAFETY: both ranges are in the memory.
        unsafe { ptr::copy(from, to, length as usize) };
        Ok(())
    }

    /// Sets bytes of the memory.
    ///
    /// # Errors
    /// The range is not in the memory; then nothing is set.
    pub fn fill(&self, address: u64, value: u8, length: u64) -> Result<(), OutOfBounds> {
        let start = self.checked(address, length)?;
        // SAFETY: the range is in the memory.
        unsafe { ptr::write_bytes(start, value, length as usize) };
        Ok(())
    }

    /// Where the range starts, if it is in the memory.
    fn checked(&self, address: u64, length: u64) -> Result<*mut u8, OutOfBounds> {
        let size = self.size();
        match address.checked_add(length) {
            // SAFETY: within the reservation.
            Some(end) if end <= size => Ok(unsafe { self.state.base.as_ptr().add(address as usize) }),
            _ => Err(OutOfBounds { address, length, size }),
        }
    }

    /// Whether every access that code can express is in the reservation.
    pub(super) fn is_guarded(&self) -> bool {
        self.state.reserved == GUARDED
    }

    pub(super) fn base(&self) -> *mut u8 {
        self.state.base.as_ptr()
    }

    pub(super) fn record(&self) -> *const MemoryRecord {
        self.state.record.get()
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // SAFETY: the reservation is this memory's, and nobody has it any more.
        let unmapped = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.reserved) };
        debug_assert!(unmapped.is_ok(), "the whole reservation is unmapped");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(initial: u64, maximum: Option<u64>, bounds: Bounds) -> std::io::Result<Memory> {
        let ty = MemoryType { initial, maximum, memory64: false, shared: false, page_size_log2: None };
        Memory::new(ty, bounds)
    }

    #[test]
    fn grows_in_place_up_to_its_maximum() {
        for bounds in [Bounds::Guard, Bounds::Explicit] {
            let memory = memory(0, Some(3), bounds).unwrap();
            let base = memory.base();
            assert_eq!(memory.write(0, &[1]), Err(OutOfBounds { address: 0, length: 1, size: 0 }));
            assert_eq!(memory.grow(2), Some(0));
            assert_eq!(memory.grow(2), None);
            assert_eq!(memory.grow(1), Some(2));
            assert_eq!((memory.pages(), memory.base()), (3, base));
            memory.write(3 * PAGE - 2, &[7, 8]).unwrap();
            let mut bytes = [9; 4];
            memory.read(3 * PAGE - 4, &mut bytes).unwrap();
            assert_eq!(bytes, [0, 0, 7, 8]);
        }
    }

    #[test]
    fn ranges_are_checked_whole() {
        let memory = memory(1, None, Bounds::Explicit).unwrap();
        let refused = Err(OutOfBounds { address: PAGE - 1, length: 2, size: PAGE });
        assert_eq!(memory.fill(PAGE - 1, 1, 2), refused);
        assert_eq!(memory.copy(0, PAGE - 1, 2), refused);
        assert_eq!(memory.copy(PAGE - 1, 0, 2), refused);
        assert_eq!(memory.fill(PAGE, 1, 0), Ok(()));
        assert!(memory.fill(u64::MAX, 1, 2).is_err());
        let mut last = [9];
        memory.read(PAGE - 1, &mut last).unwrap();
        assert_eq!(last, [0]);
    }
}
