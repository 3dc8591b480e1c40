//! What a command-line program asks of its system: the part of WASI preview 1 that needs no network and changes no
//! file.
//!
//! A program imports these calls as functions, passes addresses in its memory, and gets an error number. The table
//! [`CALLS`] is the list of what is here, with the parameters' types; [`ABSENT`] are the calls that a program may
//! import and that say that the system has no such call. The program sees one folder, if it is given one, and reads
//! there; whatever leads out of it, by `..` or by a link, `cap-std` refuses.

mod errno;
mod files;
mod guest;

use std::cell::RefCell;
use std::fmt;
use std::io::{Read, Write};
use std::path::Path;
use std::rc::Rc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use rustix::time::ClockId;
use wasmparser::ValType;

use crate::runtime::{Caller, HostError, Linker, OutOfBounds};
use crate::value::Value;
use errno::Errno;
use files::Descriptor;
use guest::Guest;

/// The module that programs import the calls from.
const MODULE: &str = "wasi_snapshot_preview1";

/// A program's system: its arguments, its environment, and what it has opened.
pub struct Wasi {
    arguments: Vec<String>,
    environment: Vec<String>,
    /// By number; what is closed leaves a gap.
    descriptors: Vec<Option<Descriptor>>,
}

/// The program has called `proc_exit`. This is the error that a call of its `_start` fails with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub i32);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the program ended with status {}", self.0)
    }
}

impl std::error::Error for Exit {}

/// How a call ends that does not succeed.
enum Stop {
    Errno(Errno),
    Exit(Exit),
}

impl From<Errno> for Stop {
    fn from(errno: Errno) -> Stop {
        Stop::Errno(errno)
    }
}

impl From<OutOfBounds> for Stop {
    fn from(error: OutOfBounds) -> Stop {
        Stop::Errno(error.into())
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Stop {
        Stop::Errno(error.into())
    }
}

/// A call: its arguments are integers, 32-bit ones without sign.
type Call = fn(&mut Wasi, &Guest, &[u64]) -> Result<(), Stop>;

/// Calls by name, with the parameters' types: `i` has 32 bits, `I` has 64.
const CALLS: &[(&str, &str, Call)] = &[
    ("args_get", "ii", Wasi::args_get),
    ("args_sizes_get", "ii", Wasi::args_sizes_get),
    ("clock_res_get", "ii", Wasi::clock_res_get),
    ("clock_time_get", "iIi", Wasi::clock_time_get),
    ("environ_get", "ii", Wasi::environ_get),
    ("environ_sizes_get", "ii", Wasi::environ_sizes_get),
    ("fd_close", "i", Wasi::fd_close),
    ("fd_fdstat_get", "ii", Wasi::fd_fdstat_get),
    ("fd_fdstat_set_flags", "ii", Wasi::fd_fdstat_set_flags),
    ("fd_filestat_get", "ii", Wasi::fd_filestat_get),
    ("fd_pread", "iiiIi", Wasi::fd_pread),
    ("fd_prestat_dir_name", "iii", Wasi::fd_prestat_dir_name),
    ("fd_prestat_get", "ii", Wasi::fd_prestat_get),
    ("fd_read", "iiii", Wasi::fd_read),
    ("fd_readdir", "iiiIi", Wasi::fd_readdir),
    ("fd_seek", "iIii", Wasi::fd_seek),
    ("fd_tell", "ii", Wasi::fd_tell),
    ("fd_write", "iiii", Wasi::fd_write),
    ("path_filestat_get", "iiiii", Wasi::path_filestat_get),
    ("path_open", "iiiiiIIii", Wasi::path_open),
    ("proc_exit", "i", Wasi::proc_exit),
    ("random_get", "ii", Wasi::random_get),
    ("sched_yield", "", |_, _, _| Ok(())),
];

/// Calls that are not here, with the parameters' types.
const ABSENT: &[(&str, &str)] = &[
    ("fd_advise", "iIIi"),
    ("fd_allocate", "iII"),
    ("fd_datasync", "i"),
    ("fd_fdstat_set_rights", "iII"),
    ("fd_filestat_set_size", "iI"),
    ("fd_filestat_set_times", "iIIi"),
    ("fd_pwrite", "iiiIi"),
    ("fd_renumber", "ii"),
    ("fd_sync", "i"),
    ("path_create_directory", "iii"),
    ("path_filestat_set_times", "iiiiIIi"),
    ("path_link", "iiiiiii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
    ("poll_oneoff", "iiii"),
    ("proc_raise", "i"),
    ("sock_accept", "iii"),
    ("sock_recv", "iiiiii"),
    ("sock_send", "iiiii"),
    ("sock_shutdown", "ii"),
];

impl Default for Wasi {
    /// A system with this process's standard streams, and nothing else.
    fn default() -> Wasi {
        Wasi::new(Box::new(std::io::stdin()), Box::new(std::io::stdout()), Box::new(std::io::stderr()))
    }
}

impl Wasi {
    /// A system with these streams, and nothing else.
    pub fn new(input: Box<dyn Read>, output: Box<dyn Write>, errors: Box<dyn Write>) -> Wasi {
        let descriptors =
            vec![Some(Descriptor::Input(input)), Some(Descriptor::Output(output)), Some(Descriptor::Output(errors))];
        Wasi { arguments: vec![], environment: vec![], descriptors }
    }

    /// Adds an argument; the first one is the program's name.
    pub fn argument(mut self, argument: impl Into<String>) -> Wasi {
        self.arguments.push(argument.into());
        self
    }

    /// Adds a variable of the environment.
    pub fn variable(mut self, name: &str, value: &str) -> Wasi {
        self.environment.push(format!("{name}={value}"));
        self
    }

    /// Lets the program read a folder, which it sees by this name.
    ///
    /// # Errors
    /// The folder cannot be opened.
    pub fn folder(mut self, path: impl AsRef<Path>, name: impl Into<String>) -> std::io::Result<Wasi> {
        let folder = Dir::open_ambient_dir(path, ambient_authority())?;
        self.descriptors.push(Some(Descriptor::Folder { folder, name: Some(name.into()) }));
        Ok(self)
    }

    /// Defines the calls for modules that a linker instantiates.
    pub fn define(self, linker: &mut Linker) {
        let system = Rc::new(RefCell::new(self));
        for &(name, parameters, call) in CALLS {
            let system = system.clone();
            let results: &[ValType] = if name == "proc_exit" { &[] } else { &[ValType::I32] };
            linker.function(MODULE, name, &types(parameters), results, move |caller, arguments| {
                answer(run(&mut system.borrow_mut(), call, caller, arguments))
            });
        }
        for &(name, parameters) in ABSENT {
            linker.function(MODULE, name, &types(parameters), &[ValType::I32], |_, _| {
                answer(Err(Stop::Errno(Errno::NOSYS)))
            });
        }
    }

    fn args_get(&mut self, guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        write_strings(guest, &self.arguments, arguments)
    }

    fn args_sizes_get(&mut self, guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        write_sizes(guest, &self.arguments, arguments)
    }

    fn environ_get(&mut self, guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        write_strings(guest, &self.environment, arguments)
    }

    fn environ_sizes_get(&mut self, guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        write_sizes(guest, &self.environment, arguments)
    }

    fn clock_res_get(&mut self, guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        let resolution = rustix::time::clock_getres(clock(arguments[0])?);
        Ok(guest.write_u64(arguments[1], nanoseconds(resolution))?)
    }

    fn clock_time_get(&mut self, guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        let now = rustix::time::clock_gettime(clock(arguments[0])?);
        Ok(guest.write_u64(arguments[2], nanoseconds(now))?)
    }

    fn random_get(&mut self, guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        let mut buffer = [0; 256];
        for (address, length) in guest::pieces(arguments[0], arguments[1], buffer.len()) {
            let piece = &mut buffer[..length];
            // The system fills up to 256 bytes whole.
            rustix::rand::getrandom(&mut *piece, rustix::rand::GetRandomFlags::empty())
                .map_err(std::io::Error::from)?;
            guest.write(address, piece)?;
        }
        Ok(())
    }

    fn proc_exit(&mut self, _guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        Err(Stop::Exit(Exit(arguments[0] as i32)))
    }
}

fn types(letters: &str) -> Vec<ValType> {
    letters.chars().map(|letter| if letter == 'I' { ValType::I64 } else { ValType::I32 }).collect()
}

fn run(system: &mut Wasi, call: Call, caller: &Caller<'_>, arguments: &[Value]) -> Result<(), Stop> {
    let guest = Guest { memory: caller.memory().ok_or(Errno::FAULT)? };
    let arguments: Vec<u64> = arguments.iter().map(|argument| argument.to_slot() as u64).collect();
    call(system, &guest, &arguments)
}

/// What the program gets. `proc_exit`, the one call without a result, always stops.
fn answer(outcome: Result<(), Stop>) -> Result<Vec<Value>, HostError> {
    match outcome {
        Ok(()) => Ok(vec![Value::I32(0)]),
        Err(Stop::Errno(errno)) => Ok(vec![Value::I32(errno.0)]),
        Err(Stop::Exit(exit)) => Err(exit.into()),
    }
}

/// Writes pointers to strings, and the strings, each with a zero byte behind it.
fn write_strings(guest: &Guest, strings: &[String], arguments: &[u64]) -> Result<(), Stop> {
    let (mut pointer, mut place) = (arguments[0], arguments[1]);
    for string in strings {
        guest.write_u32(pointer, place as u32)?;
        guest.write(place, string.as_bytes())?;
        guest.write(place + string.len() as u64, &[0])?;
        pointer += 4;
        place += string.len() as u64 + 1;
    }
    Ok(())
}

/// Writes how many strings there are, and the bytes that they take.
fn write_sizes(guest: &Guest, strings: &[String], arguments: &[u64]) -> Result<(), Stop> {
    let bytes: usize = strings.iter().map(|string| string.len() + 1).sum();
    guest.write_u32(arguments[0], strings.len() as u32)?;
    Ok(guest.write_u32(arguments[1], bytes as u32)?)
}

fn clock(id: u64) -> Result<ClockId, Errno> {
    match id {
        0 => Ok(ClockId::Realtime),
        1 => Ok(ClockId::Monotonic),
        2 => Ok(ClockId::ProcessCPUTime),
        3 => Ok(ClockId::ThreadCPUTime),
        _ => Err(Errno::INVAL),
    }
}

fn nanoseconds(time: rustix::time::Timespec) -> u64 {
    (time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64)
}
