//! When the processors see new code.
//!
//! *x86-64.* Instruction caches follow what is written, whatever address it is written through, so nothing is done for
//! new code. Code that other threads may be running is another matter (Intel SDM vol. 3, 'Handling Self- and
//! Cross-Modifying Code'; AMD APM vol. 2, 'Cross-Modifying Code'): an aligned store of up to eight bytes is seen whole
//! or not at all, and a thread is certain to run the new bytes once it has executed a serializing instruction.
//!
//! *AArch64.* Data and instruction caches know nothing of one another (Arm ARM, 'Caches and memory hierarchy'): what
//! was written is cleaned to the point of unification line by line (`dc cvau`, by the view that was written), then the
//! lines are invalidated in the instruction caches (`ic ivau`, by the view that is run, since such a cache may be
//! looked up by virtual address), with a `dsb ish` after each, and an `isb` for the thread's own pipeline. CTR_EL0
//! gives the sizes of the lines, and says which of the two steps this processor does by itself. Other threads need a
//! context synchronization event of their own.
//!
//! *Other threads.* On Linux, `membarrier(PRIVATE_EXPEDITED_SYNC_CORE)` interrupts every processor that runs this
//! process, and the way back from the kernel is a serializing instruction, or a context synchronization event.
//! FlushProcessWriteBuffers interrupts them on Windows. macOS has no call for this: there, other threads see a change
//! when they next enter the kernel, or execute an `isb`.
//!
//! Once the process is registered, `membarrier` fails for want of a little memory, which it then asks for some times
//! more, or because the process has since forbidden itself the call (by seccomp). What cannot be synchronized is
//! reported: who believed that all threads run the new code might free the old.
//!
//! What the call is for: a processor may have fetched the old bytes, and the manuals let it run them until it
//! serializes itself. Who patches a jump away from a trace, and then frees that, must know that nobody enters it any
//! more. No test of this crate shows it: without the call the stress tests pass as well, on x86-64, where processors in
//! fact notice a store to what they have fetched, and under qemu, which translates anew what was written. It stays,
//! because what the manuals promise is all that there is to build on. (A [slot](super::SiteKind::Slot) is data and
//! needs none of it.)

use super::{ExecError, error::Request, sys::fault};

/// Makes `len` bytes, just written through `write`, what the calling thread and newly arriving ones execute at `run`.
///
/// # Safety
/// Both ranges are mapped and can be read, and are the same memory.
#[cfg_attr(target_arch = "x86_64", inline(always))]
pub(super) unsafe fn make_visible(write: *const u8, run: *const u8, len: usize) {
    #[cfg(target_arch = "x86_64")]
    let _ = (write, run, len);
    #[cfg(all(target_arch = "aarch64", target_os = "macos"))]
    {
        unsafe extern "C" {
            /// From <libkern/OSCacheControl.h>.
            fn sys_icache_invalidate(start: *mut core::ffi::c_void, len: usize);
        }
        let _ = write;
        // SAFETY: the caller's promise.
        unsafe { sys_icache_invalidate(run.cast_mut().cast(), len) };
    }
    #[cfg(all(target_arch = "aarch64", windows))]
    {
        use windows_sys::Win32::System::{Diagnostics::Debug::FlushInstructionCache, Threading::GetCurrentProcess};
        let _ = write;
        // SAFETY: the caller's promise; the handle of the own process is always valid.
        unsafe { FlushInstructionCache(GetCurrentProcess(), run.cast(), len) };
    }
    #[cfg(all(target_arch = "aarch64", not(any(target_os = "macos", windows))))]
    // SAFETY: the caller's promise.
    unsafe {
        lines::clean_and_invalidate(write, run, len);
    }
}

#[cfg(all(target_arch = "aarch64", not(any(target_os = "macos", windows))))]
mod lines {
    use core::arch::asm;

    /// What CTR_EL0 says of the caches (Arm ARM, 'Cache Type Register').
    #[derive(Clone, Copy)]
    struct CacheType(u64);

    impl CacheType {
        fn read() -> CacheType {
            let value;
            // SAFETY: Linux lets user code read CTR_EL0, or reads it for it.
            unsafe { asm!("mrs {}, ctr_el0", out(reg) value, options(nomem, nostack, preserves_flags)) };
            CacheType(value)
        }

        /// Bytes of the smallest data cache line.
        fn data_line(self) -> usize {
            4 << (self.0 >> 16 & 15)
        }

        /// Bytes of the smallest instruction cache line.
        fn instruction_line(self) -> usize {
            4 << (self.0 & 15)
        }

        /// IDC: data need not be cleaned.
        fn data_is_clean(self) -> bool {
            self.0 >> 28 & 1 != 0
        }

        /// DIC: instruction caches need not be invalidated.
        fn instructions_follow(self) -> bool {
            self.0 >> 29 & 1 != 0
        }
    }

    /// The addresses of the cache lines of a range.
    fn of(start: *const u8, len: usize, line: usize) -> impl Iterator<Item = usize> {
        let start = start.addr();
        (start & !(line - 1)..start + len).step_by(line)
    }

    /// # Safety
    /// Both ranges are mapped and can be read.
    pub(super) unsafe fn clean_and_invalidate(write: *const u8, run: *const u8, len: usize) {
        let caches = CacheType::read();
        // SAFETY: maintenance by address of mapped memory changes no values; not `nomem`, so that what was written
        // before is written.
        unsafe {
            if !caches.data_is_clean() {
                for line in of(write, len, caches.data_line()) {
                    asm!("dc cvau, {}", in(reg) line, options(nostack, preserves_flags));
                }
            }
            asm!("dsb ish", options(nostack, preserves_flags));
            if !caches.instructions_follow() {
                for line in of(run, len, caches.instruction_line()) {
                    asm!("ic ivau, {}", in(reg) line, options(nostack, preserves_flags));
                }
                asm!("dsb ish", options(nostack, preserves_flags));
            }
            asm!("isb", options(nostack, preserves_flags));
        }
    }
}

/// Interrupts the processors that run this process.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn membarrier() -> Result<(), ExecError> {
    use rustix::{
        io::Errno,
        thread::{MembarrierCommand, membarrier},
    };
    const TRIES: usize = 100;
    let mut left = TRIES;
    loop {
        match membarrier(MembarrierCommand::PrivateExpeditedSyncCore) {
            Ok(()) => return Ok(()),
            Err(Errno::NOMEM) if left > 1 => {
                left -= 1;
                std::thread::yield_now();
            }
            Err(error) => {
                return Err(ExecError::System { request: Request::Synchronize, code: error.raw_os_error() });
            }
        }
    }
}

/// How the other threads' pipelines are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pipelines {
    /// By a call of the system.
    Synchronized,
    /// Not at all: each thread is on its own.
    Unreached,
}

impl Pipelines {
    /// Tells the system that this process will want it.
    pub(super) fn register() -> Pipelines {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            use rustix::thread::{MembarrierCommand, membarrier};
            if membarrier(MembarrierCommand::RegisterPrivateExpeditedSyncCore).is_ok() {
                return Pipelines::Synchronized;
            }
        }
        if cfg!(windows) { Pipelines::Synchronized } else { Pipelines::Unreached }
    }

    /// After this, every thread of the process runs what was made visible before.
    pub(super) fn synchronize(self) -> Result<(), ExecError> {
        match self {
            Pipelines::Unreached => Ok(()),
            Pipelines::Synchronized => {
                fault::check(Request::Synchronize)?;
                #[cfg(any(target_os = "linux", target_os = "android"))]
                membarrier()?;
                #[cfg(windows)]
                // SAFETY: the function has no demands.
                unsafe {
                    windows_sys::Win32::System::Threading::FlushProcessWriteBuffers()
                };
                Ok(())
            }
        }
    }

    /// As [`synchronize`](Self::synchronize), for code at addresses that no thread has been told of, as far as the
    /// processor needs it.
    pub(super) fn synchronize_for_new_code(self) -> Result<(), ExecError> {
        // A thread that has fetched from there before, be it on speculation, must not go on with that.
        if cfg!(target_arch = "aarch64") { self.synchronize() } else { Ok(()) }
    }
}
