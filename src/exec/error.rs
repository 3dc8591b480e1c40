//! Why executable memory could not be had, or code not be placed in it.

use super::Mode;
use crate::LinkError;

/// What failed. The texts contain no addresses: they may end in a log. Neither do those of `Debug`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExecError {
    /// The operating system refused.
    System {
        /// What it was asked for.
        request: Request,
        /// Its error number, as [`std::io::Error::raw_os_error`].
        code: i32,
    },
    /// This system has no such arena.
    Unsupported {
        /// The mode that was asked for.
        mode: Mode,
        /// What it cannot do here.
        what: Feature,
    },
    /// An arena is smaller, so that every branch reaches every place of it.
    Reserve {
        /// The bytes asked for.
        asked: usize,
        /// The most that can be.
        most: usize,
    },
    /// The arena has no free range that is long enough.
    Exhausted {
        /// The bytes asked for, rounded up to what the arena hands out.
        asked: usize,
        /// The longest free range in bytes.
        largest: usize,
        /// All free bytes.
        free: usize,
    },
    /// The arena's [limit](super::Builder::limit) is reached.
    Limit {
        /// The bytes that would have had to be committed.
        asked: usize,
        /// The bytes that are committed.
        committed: usize,
        /// The limit.
        limit: usize,
    },
    /// The code does not lie at the end of the region, or was placed for another region.
    ForeignCode,
    /// The region is shorter than the code is said to be, or than the code and its veneers are.
    TooLong {
        /// Bytes of code and veneers.
        len: usize,
        /// Bytes of the region.
        region: usize,
    },
    /// The code asks for more alignment than its base has here. A region's ends are at multiples of 64 bytes at least.
    Misaligned {
        /// The alignment that it asks for, in bytes.
        alignment: u32,
    },
    /// A reference cannot be resolved.
    Link(LinkError),
    /// No instruction starts at such an offset: it is not in the code, or not aligned as the instruction set has it.
    Entry {
        /// The offset from the code's start, in bytes.
        offset: usize,
        /// The code's length in bytes.
        len: usize,
    },
}

/// What the operating system can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Address space.
    Reserve,
    /// Memory that can be mapped twice.
    Share,
    /// Memory for a part of the address space.
    Commit,
    /// Another protection of pages.
    Protect,
    /// Pages exchanged for others.
    Replace,
    /// The synchronization of all threads' pipelines.
    Synchronize,
}

/// What a mode may lack on a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Feature {
    /// The mode itself.
    Mode,
    /// Guard pages between regions.
    GuardPages,
    /// Patches of code that may be running.
    LivePatches,
}

impl core::fmt::Display for ExecError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            ExecError::System { request, code } => {
                let request = match request {
                    Request::Reserve => "address space for code",
                    Request::Share => "memory to be mapped twice",
                    Request::Commit => "memory for code",
                    Request::Protect => "another protection of code pages",
                    Request::Replace => "the exchange of code pages",
                    Request::Synchronize => "the synchronization of threads with new code",
                };
                write!(f, "the system refused {request}: {}", std::io::Error::from_raw_os_error(*code))
            }
            ExecError::Unsupported { mode, what } => {
                let what = match what {
                    Feature::Mode => "arena",
                    Feature::GuardPages => "guard pages between regions",
                    Feature::LivePatches => "changes of code that may be running",
                };
                write!(f, "this system has no {what} in mode {mode:?}; try another mode")
            }
            ExecError::Reserve { asked, most } => {
                write!(f, "an arena of {asked} bytes is too large for near branches, which allow {most}")
            }
            ExecError::Exhausted { asked, largest, free } => write!(
                f,
                "the arena has no {asked} bytes in one piece: {free} are free, at most {largest} together; drop code, or reserve more"
            ),
            ExecError::Limit { asked, committed, limit } => write!(
                f,
                "{asked} more bytes would exceed the arena's limit: {committed} of {limit} are committed; drop code, or raise the limit"
            ),
            ExecError::ForeignCode => write!(f, "the code does not lie at the end of this region"),
            ExecError::TooLong { len, region } => {
                write!(f, "{len} bytes of code and its veneers are more than the region's {region}; take a larger one")
            }
            ExecError::Misaligned { alignment } => {
                write!(f, "the code has to begin to grow at a multiple of {alignment} bytes, and does not here")
            }
            ExecError::Link(error) => error.fmt(f),
            ExecError::Entry { offset, len } => {
                write!(f, "offset {offset:#x} is no place of an instruction in {len} bytes of code")
            }
        }
    }
}

impl core::error::Error for ExecError {}

impl From<LinkError> for ExecError {
    fn from(error: LinkError) -> Self {
        ExecError::Link(error)
    }
}
