//! Threads that write code, on systems where that is nothing special.

use std::marker::PhantomData;

/// While it exists, its thread can write to code. Nothing here, but it stays in its thread as the one of Apple silicon
/// must.
pub(in crate::exec) struct Writable(PhantomData<*mut ()>);

impl Writable {
    pub(in crate::exec) fn new() -> Writable {
        Writable(PhantomData)
    }
}
