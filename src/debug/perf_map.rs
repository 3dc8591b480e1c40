//! perf's map of a process: a text file of addresses, lengths and names (linux,
//! tools/perf/Documentation/jit-interface.txt).

use super::{Function, NO_FOLLOW};
use crate::printable;
use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// Names for `perf report`. See the [module](super) for an example.
///
/// The file knows no times: of two functions at one address in turn, perf takes the later for both.
/// [`JitDump`](super::JitDump) tells them apart.
#[derive(Debug)]
pub struct PerfMap {
    file: File,
}

impl PerfMap {
    /// The file where perf looks for it, `/tmp/perf-PID.map`.
    ///
    /// # Errors
    /// What creating it gives.
    pub fn new() -> io::Result<Self> {
        Self::at(format!("/tmp/perf-{}.map", std::process::id()))
    }

    /// A file elsewhere. What was in it, of an earlier process with the same number, is lost.
    ///
    /// # Errors
    /// What creating it gives; a symbolic link is not followed.
    pub fn at(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).custom_flags(NO_FOLLOW);
        Ok(PerfMap { file: options.open(path)? })
    }

    /// Adds a function. It is in the file when this returns.
    ///
    /// # Errors
    /// What writing gives.
    pub fn add(&mut self, function: &Function<'_>) -> io::Result<()> {
        let line = format!("{:x} {:x} {}\n", function.address, function.code.len(), printable::name(function.name));
        // At once, so that a reader sees no half of it.
        self.file.write_all(line.as_bytes())
    }
}
