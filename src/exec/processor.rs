//! What the processor tells of itself: instructions that only a machine of its kind can run. (`crate::processor`; here,
//! since this is where `unsafe` has to do with executing.)

use core::arch::x86_64::{__cpuid_count, _xgetbv};

/// EAX, EBX, ECX and EDX, which CPUID gives for a leaf and a sub-leaf.
#[inline]
pub(crate) fn cpuid(leaf: u32, subleaf: u32) -> [u32; 4] {
    // SAFETY: every x86-64 processor has CPUID, and programs may use it. (Newer compilers know that by themselves.)
    #[allow(unused_unsafe)]
    let found = unsafe { __cpuid_count(leaf, subleaf) };
    [found.eax, found.ebx, found.ecx, found.edx]
}

/// XCR0: which registers the operating system has enabled. None, if it has not enabled XGETBV.
#[inline]
pub(crate) fn xgetbv() -> u64 {
    const OSXSAVE: u32 = 1 << 27;
    if cpuid(1, 0)[2] & OSXSAVE == 0 {
        return 0;
    }
    // SAFETY: CPUID says that the operating system has enabled XGETBV (SDM vol. 2A, CPUID, leaf 01H), for which
    // register 0 exists then.
    unsafe { _xgetbv(0) }
}
