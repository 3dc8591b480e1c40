//! perf's jitdump: a binary file of functions in the order of their making (linux,
//! tools/perf/Documentation/jitdump-specification.txt).
//!
//! perf learns of the file from the kernel, which records that a process has mapped it as executable; the mapping has
//! no other use. `perf inject --jit` then reads the file, writes an object file for each function, and puts them into
//! the recorded events where the times say. Times must be of the clock that perf was told to use:
//!
//! ```text
//! perf record -k CLOCK_MONOTONIC ./program && perf inject --jit -i perf.data -o perf.jit && perf report -i perf.jit
//! ```

use super::{
    Function, MACHINE, NO_FOLLOW, SourceLine,
    frames::{Frames, relative},
};
use crate::{LineTable, printable};
use rustix::{
    mm::{MapFlags, ProtFlags, mmap, munmap},
    thread::gettid,
    time::{ClockId, clock_gettime},
};
use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    ptr,
};

const MAGIC: u32 = 0x4A69_5444;
const VERSION: u32 = 1;
const HEADER_LEN: u32 = 40;
const CODE_LOAD: u32 = 0;
const DEBUG_INFO: u32 = 2;
const CLOSE: u32 = 3;
const UNWINDING_INFO: u32 = 4;

/// Functions, their lines, frame rules and code, for `perf inject --jit`.
///
/// # Frames
///
/// With frame rules, `perf record --call-graph dwarf` finds who called a function. If perf was built with libunwind
/// (`perf version --build-options` says so), it takes the rules from where a program would have them in memory:
/// directly above the code, some hundred bytes. They are not there, and need not be; but then no other function may be
/// there, either. So for that perf say that [there is room](Function::with_room_above), if there is: constants, or
/// bytes placed first, before any instruction.
///
/// ```no_run
/// use tailfirst::debug::{Function, JitDump};
///
/// let code = [0xC3]; // at that address
/// let mut dump = JitDump::new("/tmp")?; // /tmp/jit-PID.dump
/// dump.add(&Function::new("nothing", 0x7F00_0000_1000, &code))?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct JitDump {
    file: File,
    _mapping: Mapping,
    /// The number of functions so far.
    functions: u64,
}

impl JitDump {
    /// The file `jit-PID.dump` in a directory, which must not be mounted `noexec`.
    ///
    /// # Errors
    /// What creating, mapping and writing it give; a symbolic link is not followed.
    pub fn new(directory: impl AsRef<Path>) -> io::Result<Self> {
        let path = directory.as_ref().join(format!("jit-{}.dump", std::process::id()));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true).custom_flags(NO_FOLLOW);
        let mut file = options.open(path)?;
        let mut header = Record::default();
        header.u32(MAGIC).u32(VERSION).u32(HEADER_LEN).u32(MACHINE.0.into()).u32(0).u32(std::process::id());
        header.u64(now()).u64(0);
        debug_assert_eq!(header.0.len(), HEADER_LEN as usize);
        file.write_all(&header.0)?;
        let mapping = Mapping::new(&file)?;
        Ok(JitDump { file, _mapping: mapping, functions: 0 })
    }

    /// Adds a function. It is in the file when this returns.
    ///
    /// # Errors
    /// What writing gives.
    pub fn add(&mut self, function: &Function<'_>) -> io::Result<()> {
        let now = now();
        let mut records = Vec::new();
        // perf wants lines and frames before the code that they belong to.
        if let Some(lines) = function.lines.filter(|lines| !lines.rows().is_empty()) {
            records.extend(debug_info(function.address, lines).finished(DEBUG_INFO, now)?);
        }
        if let Some(frames) = relative(function) {
            records.extend(unwinding_info(function, &frames).finished(UNWINDING_INFO, now)?);
        }
        records.extend(code_load(function, self.functions).finished(CODE_LOAD, now)?);
        self.file.write_all(&records)?;
        self.functions += 1;
        Ok(())
    }
}

impl core::fmt::Debug for JitDump {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("JitDump").field("functions", &self.functions).finish_non_exhaustive()
    }
}

impl Drop for JitDump {
    fn drop(&mut self) {
        // The record is a courtesy: readers stop at the end of the file, too.
        if let Ok(close) = Record::default().finished(CLOSE, now()) {
            _ = self.file.write_all(&close);
        }
    }
}

fn code_load(function: &Function<'_>, index: u64) -> Record {
    let mut record = Record::default();
    record.u32(std::process::id()).u32(gettid().as_raw_nonzero().get() as u32);
    record.u64(function.address).u64(function.address).u64(function.code.len() as u64).u64(index);
    record.text(function.name);
    record.0.extend(function.code);
    record
}

fn debug_info(address: u64, lines: &LineTable<SourceLine<'_>>) -> Record {
    let mut record = Record::default();
    record.u64(address).u64(lines.rows().len() as u64);
    for row in lines.rows() {
        let SourceLine { file, line, column } = row.what;
        record.u64(address.wrapping_add(row.offsets.start as u64)).u32(line).u32(column).text(file);
    }
    record
}

/// perf's specification has the header stand first; what perf reads, and V8 writes, has it last.
fn unwinding_info(function: &Function<'_>, frames: &Frames) -> Record {
    let Frames { eh_frame, header } = frames;
    let len = eh_frame.len() + header.len();
    let end = function.code.len().next_multiple_of(8) + len;
    // What is said to be mapped becomes a part of the function's map, and is no other function's any more.
    let mapped = if end - function.code.len() <= function.room_above { len } else { 0 };
    let mut record = Record::default();
    record.u64(len as u64).u64(header.len() as u64).u64(mapped as u64);
    record.0.extend(eh_frame);
    record.0.extend(header);
    record
}

/// Bytes of a record, in this machine's order.
#[derive(Default)]
struct Record(Vec<u8>);

impl Record {
    fn u32(&mut self, value: u32) -> &mut Self {
        self.0.extend(value.to_ne_bytes());
        self
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.0.extend(value.to_ne_bytes());
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.0.extend(printable::name(text).bytes().chain([0]));
        self
    }

    /// With its head, which every record begins with.
    fn finished(&self, kind: u32, now: u64) -> io::Result<Vec<u8>> {
        const HEAD_LEN: usize = 16;
        let len = u32::try_from(HEAD_LEN + self.0.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut head = Record::default();
        head.u32(kind).u32(len).u64(now);
        head.0.extend(&self.0);
        Ok(head.0)
    }
}

/// Nanoseconds of CLOCK_MONOTONIC.
fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The file's first page, mapped as executable.
struct Mapping {
    start: *mut core::ffi::c_void,
}

/// Mapped whatever the size of a page is: the kernel rounds up.
const MAPPED: usize = HEADER_LEN as usize;

impl Mapping {
    fn new(file: &File) -> io::Result<Mapping> {
        let protection = ProtFlags::READ | ProtFlags::EXEC;
        // SAFETY: at an address that the kernel chooses it disturbs no memory in use.
        let start = unsafe { mmap(ptr::null_mut(), MAPPED, protection, MapFlags::PRIVATE, file, 0)? };
        Ok(Mapping { start })
    }
}

// SAFETY: nothing is read or run through the pointer; it is there to be unmapped, by whatever thread.
unsafe impl Send for Mapping {}
// SAFETY: as above: a shared mapping does nothing.
unsafe impl Sync for Mapping {}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: 1. `mmap` gave this range; 2. no reference into it was ever made. Should it fail, the page stays
        // mapped.
        _ = unsafe { munmap(self.start, MAPPED) };
    }
}
