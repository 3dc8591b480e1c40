//! Executable memory. Each piece of code has pages of its own, which are written first and made executable then.

use std::io;

use memmap2::{Mmap, MmapMut};

pub struct Executable {
    pages: Mmap,
}

impl Executable {
    pub fn new(code: &[u8]) -> io::Result<Executable> {
        let mut pages = MmapMut::map_anon(code.len())?;
        pages.copy_from_slice(code);
        let pages = pages.make_exec()?;
        flush(&pages);
        Ok(Executable { pages })
    }

    /// The address of its first instruction. It stays valid as long as this exists.
    pub fn start(&self) -> *const u8 {
        self.pages.as_ptr()
    }
}

/// Lets the processor see new code: AArch64's instruction cache does not notice what is written.
#[cfg(target_arch = "aarch64")]
fn flush(code: &[u8]) {
    unsafe extern "C" {
        /// From the compiler's runtime library.
        fn __clear_cache(start: *const u8, end: *const u8);
    }
    let range = code.as_ptr_range();
    // SAFETY: 1. the range is that of a slice, so all of it is mapped and readable.
    unsafe { __clear_cache(range.start, range.end) };
}

#[cfg(not(target_arch = "aarch64"))]
fn flush(_code: &[u8]) {}
