//! How deep code may go down the stack.
//!
//! Code runs on the stack of the thread that calls it, and compares the stack pointer with a limit wherever a function
//! has a frame worth it. Below the limit there is room for what does not look: host functions, and a fault's handler
//! on a thread without an alternate stack.

use std::mem::MaybeUninit;
use std::ptr;

/// What lies below the limit, in bytes.
const RESERVE: usize = 256 << 10;
/// The most that code may use even if a thread has more: the system may have promised a stack without an end.
const MOST: usize = 64 << 20;

/// The address that the stack pointer of this thread must not go below in code.
pub(super) fn limit() -> usize {
    let here = MaybeUninit::<u8>::uninit();
    let here = here.as_ptr() as usize;
    let most = here.saturating_sub(MOST);
    // Where the system does not say how far the stack goes, next to nothing can be assumed.
    end().map_or(here.saturating_sub(RESERVE), |end| end.saturating_add(RESERVE).max(most))
}

/// The lowest address of this thread's stack.
fn end() -> Option<usize> {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    let (mut address, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the attributes are made by the first call, if it succeeds, and freed by the last.
    unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return None;
        }
        let failed = libc::pthread_attr_getstack(attributes.as_ptr(), &mut address, &mut size);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        (failed == 0).then_some(address as usize)
    }
}
