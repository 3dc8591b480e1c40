//! Changing code while other threads may be running it.
//!
//! A patch is one aligned atomic store, so a thread that runs the place sees the old instruction or the new one and
//! nothing between. What can be changed so is a [`Site`]:
//!
//! | kind | field | store |
//! |---|---|---|
//! | [`X64Rel32`](SiteKind::X64Rel32), [`X64Imm32`](SiteKind::X64Imm32) | 4 bytes at the instruction's end, or anywhere in it, inside 8 aligned bytes | the 8 bytes |
//! | [`X64Imm64`](SiteKind::X64Imm64) | 8 aligned bytes | the 8 bytes |
//! | [`A64Branch`](SiteKind::A64Branch) | an instruction that is B, BL, NOP or BRK before and after | the 4 bytes |
//! | [`A64Conditional`](SiteKind::A64Conditional) | a conditional branch; only while no thread executes it | the 4 bytes |
//! | [`A64Literal`](SiteKind::A64Literal) | 8 aligned bytes of data | the 8 bytes |
//! | [`Slot`](SiteKind::Slot) | an address in 8 aligned bytes of data, of x86-64 or AArch64 | the 8 bytes |
//!
//! The instructions are those that the manuals allow to be changed under a running thread: on x86-64 the boundaries of
//! instructions stay, and no processor splits an aligned eight-byte store (AMD APM vol. 2, 'Cross-Modifying Code'); on
//! AArch64 they are the ones of Arm ARM 'Concurrent modification and execution of instructions', of which the table's
//! are those that a patch can want. Other branches (B.cond, CBZ, TBZ) cannot be changed so: let them lead to a B that
//! can, or stop the threads and use [`ExecCode::patch_stopped`].
//!
//! A batch is checked whole before the first store. With [two views](super::Mode::Dual) its stores go through the view
//! that is written, without any call of the system; with [one](super::Mode::Flip), the pages from the lowest site to
//! the highest are exchanged for changed copies, once for the batch. Then caches are made to agree, and all threads'
//! pipelines are synchronized: when [`ExecCode::patch`] returns, every thread runs the new code (on macOS: once it has
//! entered the kernel; see [`Arena::synchronizes`](super::Arena::synchronizes)). *While* it runs, threads see the
//! batch's sites change one by one, in no order.
//!
//! ```
//! # #[cfg(target_arch = "x86_64")] {
//! use tailfirst::{exec::*, x64::*};
//!
//! let arena = Arena::builder().build()?;
//! let mut region = arena.region(64)?;
//! let place = region.place();
//! let mut enc = Encoder::in_slice(region.bytes_mut());
//! enc.ret();
//! while enc.pos().from_base() % 8 != 0 {
//!     enc.nop(); // a region's end is aligned, so the immediate will end where eight aligned bytes do
//! }
//! enc.mov_r32_imm32(EAX, 1);
//! let number = enc.here();
//! let mut code = enc.finish()?;
//! let placed = place.link(&mut code, |_| None)?;
//! let offset = code.offset_of(number).expect("bound above");
//! let code = region.publish(placed)?;
//!
//! let function = code.function::<unsafe extern "C" fn() -> i32>(offset)?;
//! let site = code.patch_site(Site { offset: offset + 1, kind: SiteKind::X64Imm32 })?;
//! // SAFETY: such a function was emitted there, and it may return any number.
//! unsafe {
//!     assert_eq!(function(), 1);
//!     let undo = code.patch(&[Patch { site, value: Value::I32(2) }])?;
//!     assert_eq!(function(), 2);
//!     code.patch(&undo)?;
//!     assert_eq!(function(), 1);
//! }
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod store;

pub use error::PatchError;

use super::{ExecCode, ExecError};
use crate::{Range, Site, SiteKind};
use std::collections::BTreeMap;
use store::{Change, Reach, Word, exchange, exchangeable, read};

/// What a [`Site`] shall hold.
///
/// `Debug` tells which of these it is and no more, since each of them may hold an address.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Value {
    /// The address that the instruction shall refer to, or the slot hold.
    Target(u64),
    /// Four bytes.
    I32(i32),
    /// Eight bytes.
    U64(u64),
    /// An instruction.
    Instruction(u32),
}

impl core::fmt::Debug for Value {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Value::Target(_) => "Target(..)",
            Value::I32(_) => "I32(..)",
            Value::U64(_) => "U64(..)",
            Value::Instruction(_) => "Instruction(..)",
        })
    }
}

/// A site that was found right for one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PatchSite {
    code: CodeId,
    site: Site,
}

impl PatchSite {
    /// The site.
    pub fn site(self) -> Site {
        self.site
    }
}

/// One change: [`ExecCode::patch`] takes a list of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Patch {
    /// Where.
    pub site: PatchSite,
    /// What shall be there.
    pub value: Value,
}

/// Tells codes apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct CodeId(pub(super) u64);

impl core::fmt::Debug for CodeId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Whether an instruction may be, or come to be, at a site of this kind.
fn may_stand(word: u32, kind: SiteKind) -> bool {
    match kind {
        SiteKind::A64Conditional => Reach::of(word).is_some(),
        _ => exchangeable(word),
    }
}

impl ExecCode {
    /// Checks a site: that it is in the code, and that one store can change it.
    ///
    /// # Errors
    /// [`PatchError::Outside`], [`PatchError::Misaligned`], and for branches of AArch64 [`PatchError::Instruction`].
    pub fn patch_site(&self, site: Site) -> Result<PatchSite, PatchError> {
        let Site { offset, kind } = site;
        if offset.checked_add(kind.bytes()).is_none_or(|end| end > self.len()) {
            return Err(PatchError::Outside { site, len: self.len() });
        }
        let at = self.start() + offset;
        if !kind.fits(at) {
            return Err(PatchError::Misaligned { site, at: at % 8 });
        }
        match self.value_at(site) {
            Value::Instruction(word) if !may_stand(word, kind) => Err(PatchError::Instruction { site, word }),
            _ => Ok(PatchSite { code: self.id, site }),
        }
    }

    /// What a site holds now.
    ///
    /// # Errors
    /// [`PatchError::ForeignSite`].
    pub fn value(&self, site: PatchSite) -> Result<Value, PatchError> {
        if site.code != self.id {
            return Err(PatchError::ForeignSite { site: site.site });
        }
        Ok(self.value_at(site.site))
    }

    fn value_at(&self, site: Site) -> Value {
        let shared = &self.held.shared;
        // SAFETY: the site is inside the code, aligned, and can be read; nobody edits it now.
        shared
            .unedited(|| unsafe { read(shared.views.run().add(self.start() + site.offset), site.kind) })
            .into_value(self.address() + site.offset as u64, site.kind)
    }

    /// Makes changes to code that other threads may be running. All of them are checked first, and none is made if one
    /// is wrong.
    ///
    /// Gives what undoes them, as changes in their turn.
    ///
    /// # Errors
    /// [`PatchError::ForeignSite`], [`PatchError::Width`], [`PatchError::OutOfRange`], [`PatchError::Instruction`],
    /// [`PatchError::Running`]; [`PatchError::Exec`] if the mode cannot do it or the system refuses, and then nothing
    /// is changed; [`PatchError::Unsynchronized`] if the system refuses when all is changed.
    ///
    /// # Safety
    /// * Each site is what it was said to be: such a field of one instruction, or such data.
    /// * The code is as sound with any of the changes as without: they become visible one by one, and at different
    ///   times to different threads.
    /// * What they refer to exists as long as the code does, or until they are undone and no thread is there any more.
    pub unsafe fn patch(&self, patches: &[Patch]) -> Result<Vec<Patch>, PatchError> {
        let is_conditional = |patch: &&Patch| patch.site.site.kind == SiteKind::A64Conditional;
        if let Some(patch) = patches.iter().find(is_conditional) {
            return Err(PatchError::Running { site: patch.site.site });
        }
        // SAFETY: the caller's promise; there are no conditional branches among them.
        unsafe { self.patch_stopped(patches) }
    }

    /// As [`patch`](Self::patch), for sites of every kind: also of [conditional branches](SiteKind::A64Conditional),
    /// which the Arm ARM does not allow to be changed while a thread may execute them. There a
    /// [`Target`](Value::Target) is led to by the branch that stands there; an [`Instruction`](Value::Instruction) is
    /// any such branch, a B, BL, NOP or BRK.
    ///
    /// When this returns, all threads may run the code again, and run the new (on macOS: those that have executed an
    /// `isb`, or entered the kernel).
    ///
    /// # Errors
    /// Those of [`patch`](Self::patch), but for [`PatchError::Running`].
    ///
    /// # Safety
    /// What [`patch`](Self::patch) asks for, and of the conditional branches:
    /// * No thread executes one of them, or comes to it, from when this is called until it returns: the threads are
    ///   stopped elsewhere, or there is one only, which is here.
    /// * No other thread changes them meanwhile.
    pub unsafe fn patch_stopped(&self, patches: &[Patch]) -> Result<Vec<Patch>, PatchError> {
        let mut changes = Vec::with_capacity(patches.len());
        let mut branches = BTreeMap::new();
        for patch in patches {
            changes.push((patch.site.site, self.check(patch, &mut branches)?));
        }
        let start = self.start();
        let ends = changes.iter().map(|(site, _)| start + site.offset..start + site.offset + site.kind.bytes());
        let lowest = ends.clone().map(|bytes| bytes.start).min();
        let highest = ends.map(|bytes| bytes.end).max();
        let (Some(lowest), Some(highest)) = (lowest, highest) else { return Ok(vec![]) };
        // Whole words: they are in the piece, which starts and ends at cache lines.
        let range = lowest / 8 * 8..highest.next_multiple_of(8);
        let mut old = Vec::with_capacity(changes.len());
        let shared = &self.held.shared;
        // SAFETY: the range is in this code's piece, and what the changes do to who runs them is the caller's promise.
        // Each field is in the range, aligned as `fits` says, and the lock of `edit` makes this the only writer.
        unsafe {
            shared.edit(range.clone(), |first| {
                for &(site, change) in &changes {
                    let field = first.add(start + site.offset - range.start);
                    old.push((site, exchange(field, site.kind, change)));
                }
            })?;
        }
        shared.pipelines.synchronize().map_err(PatchError::Unsynchronized)?;
        let undo = |(site, word): (Site, Word)| Patch {
            site: PatchSite { code: self.id, site },
            value: word.into_value(self.address() + site.offset as u64, site.kind),
        };
        // A site that was changed twice gets its first value last.
        Ok(old.into_iter().rev().map(undo).collect())
    }

    /// What a patch makes of its field. `branches` are the conditional branches that patches before it have changed, by
    /// offset.
    fn check(&self, patch: &Patch, branches: &mut BTreeMap<usize, u32>) -> Result<Change, PatchError> {
        let &Patch { site: PatchSite { code, site }, value } = patch;
        if code != self.id {
            return Err(PatchError::ForeignSite { site });
        }
        let distance_in = |target: u64, range: Range| {
            let from = self.address() + site.offset as u64 + site.kind.origin();
            let distance = target.wrapping_sub(from) as i64;
            if range.holds(distance) { Ok(distance) } else { Err(PatchError::OutOfRange { site, distance, range }) }
        };
        let distance = |target| distance_in(target, site.kind.range());
        match (site.kind, value) {
            (SiteKind::A64Conditional, Value::Target(_) | Value::Instruction(_)) => {
                let old =
                    branches.get(&site.offset).map_or_else(|| self.value_at(site), |&word| Value::Instruction(word));
                let new = match (value, old) {
                    (Value::Target(target), Value::Instruction(old)) => {
                        let reach = Reach::of(old).ok_or(PatchError::Instruction { site, word: old })?;
                        reach.lead(old, distance_in(target, reach.range())?)
                    }
                    (Value::Instruction(new), _) if may_stand(new, site.kind) => new,
                    (Value::Instruction(word), _) => return Err(PatchError::Instruction { site, word }),
                    _ => return Err(PatchError::Width { site, value }),
                };
                branches.insert(site.offset, new);
                Ok(Change::Instruction(new))
            }
            (SiteKind::X64Rel32, Value::Target(target)) => Ok(Change::Four(distance(target)? as u32)),
            (SiteKind::X64Imm32, Value::I32(value)) => Ok(Change::Four(value as u32)),
            (SiteKind::X64Imm64 | SiteKind::A64Literal, Value::U64(value)) => Ok(Change::Eight(value)),
            (SiteKind::Slot, Value::Target(target)) => Ok(Change::Eight(target)),
            (SiteKind::A64Branch, Value::Target(target)) => Ok(Change::Branch(distance(target)?)),
            (SiteKind::A64Branch, Value::Instruction(word)) => match exchangeable(word) {
                true => Ok(Change::Instruction(word)),
                false => Err(PatchError::Instruction { site, word }),
            },
            _ => Err(PatchError::Width { site, value }),
        }
    }
}
