//! What the operating systems are asked for, in their own words; nothing else in `exec` calls them.
//!
//! A `Mapping` is a range of address space whose pages have one of three kinds of [`Access`]; a `Pair` is memory that
//! has two such ranges. No function here can make a page writable and executable at one address: `Access` cannot say
//! it. (The exception is Apple silicon's own way, where the processor refuses per thread: see `jit.rs`.)

use super::Branches;

#[cfg(all(target_os = "macos", target_arch = "aarch64"))]
mod jit;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod memfd;
#[cfg(not(any(target_os = "linux", target_os = "android", windows)))]
mod single;
#[cfg(all(unix, not(all(target_os = "macos", target_arch = "aarch64"))))]
mod unix;
#[cfg(windows)]
mod windows;
#[cfg(not(all(target_os = "macos", target_arch = "aarch64")))]
mod writable;

#[cfg(all(target_os = "macos", target_arch = "aarch64"))]
pub(super) use jit::{Mapping, Writable, page_size};
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) use memfd::Pair;
#[cfg(not(any(target_os = "linux", target_os = "android", windows)))]
pub(super) use single::Pair;
#[cfg(all(unix, not(all(target_os = "macos", target_arch = "aarch64"))))]
pub(super) use unix::{Mapping, page_size};
#[cfg(windows)]
pub(super) use windows::{Mapping, Pair, page_size};
#[cfg(not(all(target_os = "macos", target_arch = "aarch64")))]
pub(super) use writable::Writable;

#[cfg(test)]
pub(super) mod fault;
#[cfg(not(test))]
pub(super) mod fault {
    use crate::exec::{ExecError, error::Request};

    /// Where the tests let a request fail.
    pub(in crate::exec) fn check(_: Request) -> Result<(), ExecError> {
        Ok(())
    }
}

/// What a page may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Nothing.
    #[cfg_attr(all(target_os = "macos", target_arch = "aarch64"), expect(dead_code))]
    None,
    /// Reading and writing.
    Write,
    /// Reading and running.
    Run(Branches),
}
