//! Settings for a new arena.

use super::{
    Arena, ExecError,
    error::Feature,
    pieces::{CHUNK, Shared},
    sys,
    views::Views,
};
use std::sync::Arc;

/// How the arena switches between writable and executable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Mode {
    /// [`Dual`](Self::Dual) if the system allows it, else [`Flip`](Self::Flip).
    #[default]
    Auto,
    /// Two address ranges for one memory: one can be written, the other can be run.
    ///
    /// Publishing and patching need no call of the system, and traces share pages. What can write to the process finds
    /// a writable view of all code, if it finds out where. Linux and Windows.
    Dual,
    /// One address range, whose pages are first writable and then executable.
    ///
    /// No writable view of published code exists; each region costs a few calls of the system and whole pages, and so
    /// does each patch, for which changed copies take the pages' place (on Linux; on Windows and Intel Macs, code in
    /// this mode cannot be patched). Linux counts a mapping for each such range, and allows a process some 65,000. On
    /// Apple silicon it is threads that change, not pages.
    Flip,
}

/// Where indirect branches may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Branches {
    /// Anywhere.
    #[default]
    Any,
    /// To instructions that say so: on AArch64, pages are mapped with PROT_BTI where processor and Linux have it, and
    /// code must begin with `bti c` wherever a function pointer leads, and with `bti j` (or `bti jc`) wherever a jump
    /// through a register does. On other systems nothing changes.
    Marked,
}

/// Settings for a new [`Arena`].
#[derive(Clone)]
pub struct Builder {
    reserve: usize,
    pub(super) limit: usize,
    mode: Mode,
    pub(super) branches: Branches,
    pub(super) guard_pages: bool,
    pub(super) random_placement: bool,
    near: Option<u64>,
}

impl Builder {
    /// What [`Arena::builder`] gives.
    pub(super) fn new() -> Builder {
        Builder {
            reserve: 64 << 20,
            limit: usize::MAX,
            mode: Mode::Auto,
            branches: Branches::Any,
            guard_pages: false,
            random_placement: false,
            near: None,
        }
    }

    /// Bytes of address space, rounded up to a multiple of 64 KiB; 64 MiB if nothing else is said. At most
    /// [`Arena::MOST`].
    pub fn reserve(mut self, bytes: usize) -> Self {
        self.reserve = bytes;
        self
    }

    /// The most memory to be committed at a time, in bytes; no limit but the address space if nothing else is said.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// How memory becomes executable.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Where indirect branches may lead.
    pub fn branches(mut self, branches: Branches) -> Self {
        self.branches = branches;
        self
    }

    /// A page without access below every region. Each region has pages of its own then. (Around the arena there are
    /// such pages always.)
    pub fn guard_pages(mut self) -> Self {
        self.guard_pages = true;
        self
    }

    /// Regions at random places of the arena, and not side by side.
    pub fn random_placement(mut self) -> Self {
        self.random_placement = true;
        self
    }

    /// An address that near branches should reach; a place in this program's code if nothing else is said.
    pub fn near(mut self, address: u64) -> Self {
        self.near = Some(address);
        self
    }

    /// Reserves the address space.
    ///
    /// # Errors
    /// [`ExecError::Reserve`] if it is more than [`Arena::MOST`], [`ExecError::Unsupported`] if the system has no such
    /// mode or guard pages, and [`ExecError::System`].
    pub fn build(self) -> Result<Arena, ExecError> {
        let page = sys::page_size();
        let asked = self.reserve;
        let too_much = ExecError::Reserve { asked, most: Arena::MOST };
        let len = asked.max(1).checked_next_multiple_of(page.max(CHUNK)).ok_or(too_much)?;
        if len > Arena::MOST {
            return Err(too_much);
        }
        let host = self.near.map_or(Builder::build as fn(Self) -> _ as usize, |address| address as usize);
        let views = Views::reserve(self.mode, len + 2 * page, host)?;
        if self.guard_pages && !views.has_guards() {
            return Err(ExecError::Unsupported { mode: views.mode(), what: Feature::GuardPages });
        }
        Ok(Arena { shared: Arc::new(Shared::new(views, self)) })
    }
}

impl core::fmt::Debug for Builder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Without `near`, which is an address.
        let Builder { reserve, limit, mode, branches, guard_pages, random_placement, near: _ } = self;
        f.debug_struct("Builder")
            .field("reserve", reserve)
            .field("limit", limit)
            .field("mode", mode)
            .field("branches", branches)
            .field("guard_pages", guard_pages)
            .field("random_placement", random_placement)
            .finish_non_exhaustive()
    }
}
