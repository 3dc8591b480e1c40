//! What tools outside the process, and the unwinder inside, are told about code: Linux on x86-64 and AArch64.
//!
//! Machine code that no file holds is a blank to gdb, to perf and to a panic that passes it. Each has its own way of
//! being told, and each way is a struct here that is fed [`Function`]s: a name, where the code runs, its bytes, and, if
//! there are, its [lines](crate::Marks) and its [frame rules](crate::unwind).
//!
//! | who asks | what tells it | what it learns |
//! |---|---|---|
//! | gdb | [`GdbRegistration`] | names, lines, frames |
//! | `perf report` | [`PerfMap`] | names |
//! | `perf inject --jit` | [`JitDump`] | names, lines, frames, the code itself |
//! | panics, exceptions, `std::backtrace` | [`UnwindRegistration`] | frames |
//!
//! None of them needs to know how the code came into memory, so a `Function` is plain data. What is registered must be
//! unregistered before the code goes: registrations do that when they are dropped.
//!
//! All of it is addresses. gdb's are in this process; perf's files can be read by whoever the process's umask lets read
//! new files.
//!
//! ```
//! use tailfirst::{Marks, debug::{Function, PerfMap, SourceLine}, x64::*};
//!
//! let mut enc = Encoder::new();
//! let mut marks = Marks::new();
//! enc.ret();
//! marks.mark(enc.here(), 3);
//! enc.lea_r64_m(RAX, RDI + RDI);
//! marks.mark(enc.here(), 2);
//! let code = enc.finish()?;
//! let lines = marks.table(&code).map(|line| SourceLine { file: "twice.lang", line: *line, column: 0 });
//!
//! let address = 0x7F00_0000_1000; // where `code.bytes()` were copied to
//! let function = Function::new("twice", address, code.bytes()).with_lines(&lines);
//! # let path = std::env::temp_dir().join(format!("tailfirst-doc-{}.map", std::process::id()));
//! # let mut map = PerfMap::at(&path).unwrap();
//! # if false {
//! let mut map = PerfMap::new().unwrap();
//! # }
//! map.add(&function).unwrap();
//! # assert_eq!(std::fs::read_to_string(&path).unwrap(), "7f0000001000 5 twice\n");
//! # std::fs::remove_file(path).unwrap();
//! # Ok::<(), tailfirst::FinishError>(())
//! ```

mod dwarf;
mod frames;
mod gdb;
mod image;
mod jitdump;
mod perf_map;
#[cfg(target_env = "gnu")]
mod registration;

pub use gdb::GdbRegistration;
pub use jitdump::JitDump;
pub use perf_map::PerfMap;
#[cfg(target_env = "gnu")]
pub use registration::UnwindRegistration;

use crate::LineTable;

/// A function in memory, as tools are told of it. `Debug` does not tell where it is.
#[derive(Clone, Copy)]
pub struct Function<'a> {
    name: &'a str,
    address: u64,
    code: &'a [u8],
    lines: Option<&'a LineTable<SourceLine<'a>>>,
    eh_frame: &'a [u8],
    room_above: usize,
}

impl<'a> Function<'a> {
    /// A function whose first byte is at `address` in this process. `code` is its bytes, there or in a copy.
    pub const fn new(name: &'a str, address: u64, code: &'a [u8]) -> Self {
        Function { name, address, code, lines: None, eh_frame: &[], room_above: 0 }
    }

    /// With its source lines; offsets are from the function's first byte. (Of a function that is a part of its code,
    /// the [part](LineTable::part) of the table.)
    pub const fn with_lines(self, lines: &'a LineTable<SourceLine<'a>>) -> Self {
        Function { lines: Some(lines), ..self }
    }

    /// With its frame rules: an `.eh_frame` section for the address at which the function runs, as
    /// [`UnwindTable::eh_frame`](crate::unwind::UnwindTable::eh_frame) makes it.
    pub const fn with_eh_frame(self, eh_frame: &'a [u8]) -> Self {
        Function { eh_frame, ..self }
    }

    /// With so many bytes directly above the code that are no other function's: perf [may need them](JitDump#frames).
    pub const fn with_room_above(self, bytes: usize) -> Self {
        Function { room_above: bytes, ..self }
    }
}

impl core::fmt::Debug for Function<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Function").field("name", &self.name).field("len", &self.code.len()).finish_non_exhaustive()
    }
}

/// A position in source text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SourceLine<'a> {
    /// The file's path, absolute or relative to where the tool looks for sources.
    pub file: &'a str,
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1; 0 is the whole line.
    pub column: u32,
}

/// The processor's number in ELF files.
#[cfg(target_arch = "x86_64")]
const MACHINE: object::elf::Machine = object::elf::EM_X86_64;
#[cfg(target_arch = "aarch64")]
const MACHINE: object::elf::Machine = object::elf::EM_AARCH64;

/// For files in directories that all may write to, where someone else's symbolic link could name any file of ours.
const NO_FOLLOW: i32 = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
