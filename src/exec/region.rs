//! A region: memory of the arena that code is being written into.
//!
//! The encoder writes into the region itself, so the code is where it will run (or at its other address), and only its
//! references are left to be resolved. The order is borrow-checked: the encoder borrows the region, the code borrows
//! the encoder, and publishing takes the region away.

use super::{
    ExecCode, ExecError,
    far::Veneers,
    patch::CodeId,
    pieces::{Owner, Piece, Shared},
    sys::Writable,
    views,
};
use crate::{Code, Isa, Symbol, direction::Grows};
use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// A piece of the arena that is given back when this is dropped.
pub(super) struct Held {
    pub(super) shared: Arc<Shared>,
    piece: Piece,
}

impl Held {
    pub(super) fn bytes(&self) -> Range<usize> {
        self.piece.bytes.clone()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shared.free(self.piece.clone());
    }
}

/// Memory for code, writable and not executable. It goes back to the arena when it is dropped.
///
/// A region stays in its thread, since on Apple silicon it is the thread that may write: while a thread has a region
/// there, it cannot run code of any arena. Its [encoder](crate::exec::RegionEncoder) may change threads.
///
/// ```compile_fail,E0277
/// # use tailfirst::exec::*;
/// fn elsewhere(region: Region) {
///     std::thread::spawn(move || region.len());
/// }
/// ```
pub struct Region {
    pub(super) ground: Ground,
    /// On Apple silicon, what lets the thread write.
    writable: Writable,
}

/// A region's memory, without leave for a thread to write there: what may go to another thread.
pub(super) struct Ground {
    held: Held,
    id: u64,
}

impl Ground {
    fn new(shared: Arc<Shared>, piece: Piece) -> Ground {
        // Counts regions, to tell them apart: 2^64 are not made.
        static REGIONS: AtomicU64 = AtomicU64::new(0);
        Ground { held: Held { shared, piece }, id: REGIONS.fetch_add(1, Ordering::Relaxed) }
    }

    /// [`Region::place`].
    pub(super) fn place(&self) -> Place {
        let bytes = self.held.bytes();
        let write_end = self.held.shared.views.write().addr() + bytes.end;
        let run_end = self.held.shared.addresses().start + bytes.end as u64;
        Place { region: self.id, len: bytes.len(), write_end, run_end }
    }
}

impl Region {
    pub(super) fn new(shared: Arc<Shared>, piece: Piece) -> Region {
        Region::on(Ground::new(shared, piece))
    }

    /// The region for this thread to write into.
    pub(super) fn on(ground: Ground) -> Region {
        Region { ground, writable: Writable::new() }
    }

    /// The region's bytes, which an [`Encoder`](crate::Encoder::in_slice) fills from the end, or from the start if its
    /// code grows up. Both ends are aligned to 64 bytes at least.
    ///
    /// They hold anything, but nothing secret: what was there before in this arena.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        let Ground { held, .. } = &self.ground;
        let Range { start, end } = held.bytes();
        // SAFETY: Invariant(owner): the piece is this region's, its pages are open, and memory from the system is
        // initialised. The borrow of the region keeps other slices away; the run view of these bytes is nobody's to use
        // before they are published.
        unsafe { core::slice::from_raw_parts_mut(held.shared.views.write().add(start), end - start) }
    }

    /// The number of bytes: what was asked for, rounded up.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.place().len()
    }

    /// [`Place::run_end`].
    pub fn run_end(&self) -> u64 {
        self.place().run_end()
    }

    /// [`Place::run_start`].
    pub fn run_start(&self) -> u64 {
        self.place().run_start()
    }

    /// [`Place::reaches`].
    pub fn reaches(&self, address: u64) -> bool {
        self.place().reaches(address)
    }

    /// Where the region is: what a code generator asks, and [links](Place::link) with, while the encoder borrows the
    /// region. It is a copy, so it is taken before that.
    pub fn place(&self) -> Place {
        self.ground.place()
    }

    /// Makes the code executable, and gives the rest of the region back to the arena.
    ///
    /// # Errors
    /// [`ExecError::ForeignCode`] if the code was placed for another region; [`ExecError::System`], after which the
    /// code is gone.
    pub fn publish(mut self, code: Placed) -> Result<ExecCode, ExecError> {
        if code.region != self.ground.id {
            return Err(ExecError::ForeignCode);
        }
        let run_start = self.run_start();
        code.veneers.write(self.bytes_mut(), run_start);
        // The thread may write until this returns.
        let Region { ground: Ground { mut held, id }, writable: _writable } = self;
        let Held { shared, piece } = &mut held;
        let (grows, len) = (code.veneers.grows(), code.veneers.code());
        shared.publish(piece, grows, code.veneers.len(), Owner::Code)?;
        let start = match grows {
            Grows::Down => piece.bytes.end - len,
            Grows::Up => piece.bytes.start,
        };
        // A region becomes one code at most, so its number serves.
        Ok(ExecCode::new(held, CodeId(id), start..start + len))
    }
}

impl core::fmt::Debug for Region {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Region").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// Where a [`Region`] is: all that is to be known of it, and remains known while an encoder borrows it.
///
/// ```
/// # #[cfg(target_arch = "x86_64")] {
/// use tailfirst::{Symbol, exec::{Arena, Place}, x64::*};
///
/// /// Calls what is near directly, and what is far through a register.
/// fn call(enc: &mut Encoder, place: Place, callee: Symbol, address: u64) {
///     if place.reaches(address) {
///         enc.call(callee);
///     } else {
///         enc.call_rm64(RAX);
///         enc.mov_r64_imm64(RAX, address as i64);
///     }
/// }
///
/// let arena = Arena::builder().build()?;
/// let mut region = arena.region(64)?;
/// let place = region.place();
/// let mut enc = Encoder::in_slice(region.bytes_mut());
/// enc.ret();
/// call(&mut enc, place, Symbol(0), place.run_start() ^ 1 << 46);
/// assert_eq!(enc.finish()?.bytes().len(), 13);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Place {
    region: u64,
    len: usize,
    write_end: usize,
    run_end: u64,
}

impl Place {
    /// The region's number of bytes.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The address that the byte after the region's last one will have when it runs. An instruction that an encoder
    /// whose code grows down has placed at `n` ([`Pos::from_base`](crate::Pos::from_base)) runs at this address less
    /// `n`.
    pub fn run_end(&self) -> u64 {
        self.run_end
    }

    /// The address that the region's first byte will have when it runs. An instruction that an encoder whose code grows
    /// up has placed at `n` ([`Pos::from_base`](crate::Pos::from_base)) runs at this address plus `n`.
    pub fn run_start(&self) -> u64 {
        self.run_end - self.len as u64
    }

    /// Whether near branches reach `address` from everywhere in this region.
    pub fn reaches(&self, address: u64) -> bool {
        views::near(self.run_start()..self.run_end(), address)
    }

    /// [Links](Code::link) code that an encoder has written into the region, for the address where it will run.
    ///
    /// `resolve` gives symbols' addresses. A branch that does not reach its symbol (a call, a jump, a conditional
    /// branch) is led there by a *veneer*, a jump of 16 bytes beside the code in the region, one for each such symbol's
    /// address. It changes X16 on AArch64, as linkers' veneers do, if the target is more than 128 MiB away, and nothing
    /// on x86-64. With [`Branches::Marked`](super::Branches::Marked) such a target must be marked, since the veneer's
    /// jump is indirect. [`Arena::callable`](super::Arena::callable) gives stubs that all codes share.
    ///
    /// Instructions that load from a symbol, or take its address, have to reach it themselves; let [a
    /// constant](crate::Encoder::constant_address) hold the address of what is far.
    ///
    /// # Errors
    /// [`ExecError::ForeignCode`] if the code is not in this region; [`ExecError::Misaligned`] if the code asks for
    /// more alignment than the region has; [`ExecError::Link`] as [`Code::link`], also for a branch that does not even
    /// reach a veneer; [`ExecError::TooLong`] if the region has no room for veneers.
    pub fn link<I: Isa>(
        self,
        code: &mut Code<'_, I>,
        resolve: impl FnMut(Symbol) -> Option<u64>,
    ) -> Result<Placed, ExecError> {
        let bytes = code.bytes().as_ptr_range();
        let len = code.bytes().len();
        let run = self.run_start()..self.run_end();
        let (is_here, base) = match code.grows {
            Grows::Down => (bytes.end.addr() == self.write_end, run.end - len.min(self.len) as u64),
            Grows::Up => (bytes.start.addr() == self.write_end - self.len, run.start),
        };
        if !is_here {
            return Err(ExecError::ForeignCode);
        }
        let alignment = code.alignment;
        if !code.grows.lower(run.start, run.end).is_multiple_of(u64::from(alignment)) {
            return Err(ExecError::Misaligned { alignment });
        }
        let mut veneers = Veneers::beside(code.grows, len);
        // Code for another processor cannot run here, and this one's veneers would be no use to it.
        let has_veneers = I::ARCH == std::env::consts::ARCH;
        code.link_through(base, resolve, |target| has_veneers.then(|| veneers.lead_to(target, &run)))?;
        self.placed(veneers)
    }

    /// Says that the highest `len` bytes of the region are code that needs no linking: bytes that were copied there, or
    /// that the caller has linked for [`Region::run_end`] less `len`.
    ///
    /// # Errors
    /// [`ExecError::TooLong`] if the region is shorter.
    pub fn code(self, len: usize) -> Result<Placed, ExecError> {
        self.placed(Veneers::beside(Grows::Down, len))
    }

    fn placed(self, veneers: Veneers) -> Result<Placed, ExecError> {
        let (len, most) = (veneers.len(), self.len);
        if len > most {
            return Err(ExecError::TooLong { len, region: most });
        }
        Ok(Placed { region: self.region, veneers })
    }
}

impl core::fmt::Debug for Place {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Place").field("len", &self.len).finish_non_exhaustive()
    }
}

/// Code at the end of a region, or at its start if it grew up, linked for where it is: what [`Region::publish`] wants.
#[derive(Clone)]
pub struct Placed {
    region: u64,
    veneers: Veneers,
}

impl core::fmt::Debug for Placed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Placed").field("len", &self.veneers.len()).finish_non_exhaustive()
    }
}
