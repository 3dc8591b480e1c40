//! Why code was not changed.

use super::{ExecError, Value};
use crate::{Range, Site, SiteKind};

/// Why code was not changed. The texts, those of `Debug` included, contain no addresses, nor distances and
/// instructions, which tell addresses.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatchError {
    /// The site is not inside the code.
    Outside {
        /// The site.
        site: Site,
        /// The code's length in bytes.
        len: usize,
    },
    /// The field lies so that no single store can change it.
    Misaligned {
        /// The site.
        site: Site,
        /// Where the field starts in its aligned eight bytes.
        at: usize,
    },
    /// The site was found right for another code.
    ForeignSite {
        /// The site.
        site: Site,
    },
    /// The value is not of the kind that the site takes.
    Width {
        /// The site.
        site: Site,
        /// The value.
        value: Value,
    },
    /// The field does not reach the target.
    OutOfRange {
        /// The site.
        site: Site,
        /// The distance in bytes.
        distance: i64,
        /// What the field can hold.
        range: Range,
    },
    /// An instruction that may not be changed, or be the new one, while threads run it.
    Instruction {
        /// The site.
        site: Site,
        /// The instruction.
        word: u32,
    },
    /// A conditional branch, which cannot be changed while threads run it: see
    /// [`ExecCode::patch_stopped`](super::ExecCode::patch_stopped).
    Running {
        /// The site.
        site: Site,
    },
    /// The memory cannot be changed.
    Exec(ExecError),
    /// All is changed, but the system has refused to synchronize the threads: until they next enter the kernel, they
    /// may run the old code. So what that refers to must stay.
    Unsynchronized(ExecError),
}

impl core::fmt::Display for PatchError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let of = |site: &Site| format!("the {:?} at offset {:#x}", site.kind, site.offset);
        match self {
            PatchError::Outside { site, len } => write!(f, "{} is not inside the code's {len} bytes", of(site)),
            PatchError::Misaligned { site, at } => {
                write!(
                    f,
                    "{} starts at byte {at} of eight aligned ones, so one store cannot change it; align it",
                    of(site)
                )
            }
            PatchError::ForeignSite { site } => write!(f, "{} is a site of another code", of(site)),
            PatchError::Width { site, value } => {
                let value = match value {
                    Value::Target(_) => "a target",
                    Value::I32(_) => "four bytes",
                    Value::U64(_) => "eight bytes",
                    Value::Instruction(_) => "an instruction",
                };
                write!(f, "{} does not take {value}; see Value", of(site))
            }
            PatchError::OutOfRange { site, range, .. } => write!(
                f,
                "{} does not reach its target, only {} to {} in steps of {}",
                of(site),
                range.low,
                range.high,
                range.step
            ),
            PatchError::Instruction { site, .. } => write!(
                f,
                "{}: neither the old instruction nor the new one may be any but {}",
                of(site),
                match site.kind {
                    SiteKind::A64Conditional => "B.cond, BC.cond, CBZ, CBNZ, TBZ, TBNZ, B, BL, NOP and BRK",
                    _ => "B, BL, NOP and BRK; branch to such a one",
                }
            ),
            PatchError::Running { site } => write!(f, "{} can be changed by patch_stopped only", of(site)),
            PatchError::Exec(error) => error.fmt(f),
            PatchError::Unsynchronized(error) => {
                write!(f, "the code is changed, but threads may still run the old: {error}")
            }
        }
    }
}

impl core::fmt::Debug for PatchError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            PatchError::Outside { site, len } => {
                f.debug_struct("Outside").field("site", site).field("len", len).finish()
            }
            PatchError::Misaligned { site, at } => {
                f.debug_struct("Misaligned").field("site", site).field("at", at).finish()
            }
            PatchError::ForeignSite { site } => f.debug_struct("ForeignSite").field("site", site).finish(),
            PatchError::Width { site, value } => {
                f.debug_struct("Width").field("site", site).field("value", value).finish()
            }
            PatchError::OutOfRange { site, range, distance: _ } => {
                f.debug_struct("OutOfRange").field("site", site).field("range", range).finish_non_exhaustive()
            }
            PatchError::Instruction { site, word: _ } => {
                f.debug_struct("Instruction").field("site", site).finish_non_exhaustive()
            }
            PatchError::Running { site } => f.debug_struct("Running").field("site", site).finish(),
            PatchError::Exec(error) => f.debug_tuple("Exec").field(error).finish(),
            PatchError::Unsynchronized(error) => f.debug_tuple("Unsynchronized").field(error).finish(),
        }
    }
}

impl core::error::Error for PatchError {}

impl From<ExecError> for PatchError {
    fn from(error: ExecError) -> Self {
        PatchError::Exec(error)
    }
}
