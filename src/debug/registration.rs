//! Frame rules for the unwinder of this process: what panics, C++ exceptions and `std::backtrace` use.
//!
//! An unwinder finds the rules of code from files by asking the dynamic linker. For code that it does not know, GCC's
//! runtime library, which Rust uses on Linux with glibc, asks the sections that were registered with
//! `__register_frame`. (LLVM's libunwind has a function of that name that takes something else, so this is not there
//! with other C libraries.)

use core::ptr;

unsafe extern "C" {
    /// Registers an `.eh_frame` section that ends in a zero length, and keeps the pointer.
    fn __register_frame(section: *const u8);
    /// Forgets the section, which must be registered.
    fn __deregister_frame(section: *const u8);
}

/// Frame rules that this process's unwinder knows, until this is dropped.
///
/// With them a panic passes through functions that were compiled at run time, if those were called as `extern
/// "C-unwind"`, a type that `ExecCode::function` takes (feature `exec`):
///
/// ```
/// use tailfirst::{debug::UnwindRegistration, unwind::Unwind, x64::*};
///
/// let mut enc = Encoder::new();
/// let mut unwind = Unwind::new();
/// enc.ret();
/// unwind.cfa_offset(enc.here(), 8);
/// enc.pop_r64(RBX);
/// enc.call_rm64(RDI);
/// unwind.cfa_offset(enc.here(), 16);
/// unwind.saved(enc.here(), RBX, -16);
/// enc.push_r64(RBX);
/// let code = enc.finish().unwrap();
///
/// let address = 0x7F00_0000_1000; // where `code.bytes()` were copied to
/// let section = unwind.table(&code)?.eh_frame(address);
/// // SAFETY: the section describes that code.
/// let registration = unsafe { UnwindRegistration::new(&section) };
/// // ... run it ...
/// drop(registration); // before the memory is used for something else
/// # Ok::<(), tailfirst::unwind::UnwindError>(())
/// ```
pub struct UnwindRegistration {
    /// A copy of the section, as words: the unwinder reads it as structures of C.
    // Invariant(registered): it is not empty, and the unwinder has its address.
    section: Box<[u64]>,
}

impl UnwindRegistration {
    /// Registers a copy of an `.eh_frame` section.
    ///
    /// # Safety
    /// * `eh_frame` is a whole section, made by [`UnwindTable::eh_frame`](crate::unwind::UnwindTable::eh_frame) or
    ///   [`EhFrame::to_bytes`](crate::unwind::EhFrame::to_bytes).
    /// * As long as this exists, the addresses that it describes hold the code that its rules were given for, or code
    ///   that never runs.
    /// * The rules are true at every place where that code calls something that can unwind.
    /// * This is not dropped while a frame of that code is being unwound.
    pub unsafe fn new(eh_frame: &[u8]) -> Self {
        debug_assert!(eh_frame.ends_with(&[0; 4]), "a section ends in a zero length");
        // One word more: whatever the length, there is a zero behind.
        let mut section = vec![0u64; eh_frame.len() / size_of::<u64>() + 1].into_boxed_slice();
        // SAFETY: 1. the target has at least as many bytes; 2. it is a new allocation.
        unsafe { ptr::copy_nonoverlapping(eh_frame.as_ptr(), section.as_mut_ptr().cast(), eh_frame.len()) };
        // SAFETY: 1. a section, by contract, that ends in a zero; 2. it stays where it is until `drop` deregisters it.
        unsafe { __register_frame(section.as_ptr().cast()) };
        UnwindRegistration { section }
    }
}

impl core::fmt::Debug for UnwindRegistration {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // The section is full of addresses.
        f.debug_struct("UnwindRegistration").field("len", &size_of_val(&*self.section)).finish_non_exhaustive()
    }
}

impl Drop for UnwindRegistration {
    fn drop(&mut self) {
        // SAFETY: Invariant(registered).
        unsafe { __deregister_frame(self.section.as_ptr().cast()) };
    }
}
