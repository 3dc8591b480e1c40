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

/// As that of Apple silicon has one: what borrows until it is dropped borrows as long here, and a program that compiles
/// on one system compiles on the other.
impl Drop for Writable {
    fn drop(&mut self) {}
}
