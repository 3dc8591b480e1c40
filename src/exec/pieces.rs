//! Who has which bytes of the arena.
//!
//! A piece of the range is *taken* for a region, its pages are *opened*, and when the region is published its unused
//! low end comes back. In which steps pages are opened depends on whether code can be written while code of the same
//! page runs:
//!
//! * it can (two views, or macOS): regions share pages, pieces are multiples of a cache line, pages are opened in
//!   chunks and stay open until [`Arena::trim`](super::Arena::trim);
//! * it cannot (one view), or guard pages are wanted: every region has pages of its own, opened for it and closed after
//!   it.
//!
//! `// Invariant(owner):` a byte of the range is free, or belongs to one region, one code, or the stubs, or is lost:
//! closing its pages failed, and it is never handed out again.

use super::{
    Builder, ExecError, Stats,
    coherence::{self, Pipelines},
    far::Stubs,
    ranges::Ranges,
    sys,
    views::Views,
};
use crate::{
    direction::Grows,
    words::{aarch64, x64},
};
use std::{
    hash::{BuildHasher, RandomState},
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// What [`Stats`] counts piece by piece.
#[derive(Debug, Clone, Copy, Default)]
struct Use {
    regions: usize,
    region_bytes: usize,
    codes: usize,
    code_bytes: usize,
    far_bytes: usize,
}

/// Of what use a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Region,
    Code,
    Stubs,
}

impl Use {
    fn add(&mut self, owner: Owner, bytes: usize) {
        match owner {
            Owner::Region => (self.regions, self.region_bytes) = (self.regions + 1, self.region_bytes + bytes),
            Owner::Code => (self.codes, self.code_bytes) = (self.codes + 1, self.code_bytes + bytes),
            Owner::Stubs => self.far_bytes += bytes,
        }
    }

    fn subtract(&mut self, owner: Owner, bytes: usize) {
        match owner {
            Owner::Region => (self.regions, self.region_bytes) = (self.regions - 1, self.region_bytes - bytes),
            Owner::Code => (self.codes, self.code_bytes) = (self.codes - 1, self.code_bytes - bytes),
            Owner::Stubs => self.far_bytes -= bytes,
        }
    }
}

/// Bytes of the range that belong together.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) bytes: Range<usize>,
    /// Bytes below that are without access.
    guard: usize,
    owner: Owner,
}

impl Piece {
    /// With the guard page.
    fn whole(&self) -> Range<usize> {
        self.bytes.start - self.guard..self.bytes.end
    }
}

/// Pages are opened in chunks of so many bytes, or single ones where those are larger; an arena is a multiple of it.
pub(super) const CHUNK: usize = 64 << 10;

/// What traps, byte for byte: int3, or udf #0.
pub(super) const TRAP: u8 = if cfg!(target_arch = "x86_64") { x64::INT3[0] } else { aarch64::UDF.with(0) as u8 };

/// What arena, regions and codes have in common.
pub(super) struct Shared {
    pub(super) views: Views,
    options: Builder,
    pub(super) pipelines: Pipelines,
    page: usize,
    chunk: usize,
    shares_pages: bool,
    state: Mutex<State>,
    /// Held by whoever changes published code.
    editing: Mutex<()>,
    pub(super) stubs: Mutex<Stubs>,
    hash: RandomState,
}

struct State {
    free: Ranges,
    /// Bytes whose pages are open.
    committed: usize,
    /// One for each chunk, if regions share pages; else regions open and close their own.
    chunks: Vec<Chunk>,
    in_use: Use,
    /// What could not be closed.
    lost: Vec<Piece>,
    /// Random numbers drawn so far.
    random: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chunk {
    Closed,
    Open,
    /// Opening or closing it failed halfway: it counts as committed, and is opened before it is used.
    Undecided,
}

impl Shared {
    /// All of it free, and closed.
    pub(super) fn new(views: Views, options: Builder) -> Shared {
        let page = sys::page_size();
        let chunk = page.max(CHUNK);
        let shares_pages = views.shares_pages() && !options.guard_pages;
        let mut free = Ranges::default();
        free.give(page..views.len() - page);
        let chunks = if shares_pages { vec![Chunk::Closed; views.len().div_ceil(chunk)] } else { vec![] };
        let state = State { free, committed: 0, chunks, in_use: Use::default(), lost: vec![], random: 0 };
        Shared {
            page,
            chunk,
            shares_pages,
            views,
            options,
            pipelines: Pipelines::register(),
            state: Mutex::new(state),
            editing: Mutex::new(()),
            stubs: Mutex::default(),
            hash: RandomState::new(),
        }
    }

    pub(super) fn stats(&self) -> Stats {
        let state = self.state();
        let Use { regions, region_bytes, codes, code_bytes, far_bytes } = state.in_use;
        Stats {
            reserved: self.views.len() - 2 * self.page,
            committed: state.committed,
            free: state.free.total(),
            largest_free: state.free.largest(),
            regions,
            region_bytes,
            codes,
            code_bytes,
            far_bytes,
            lost: state.lost.iter().map(|piece| piece.whole().len()).sum(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics with the lock held; if it did, the state would still be one that was reached step by step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The addresses where code runs.
    pub(super) fn addresses(&self) -> Range<u64> {
        let start = self.views.run().addr() as u64;
        start..start + self.views.len() as u64
    }

    /// What pieces are multiples of, in bytes.
    pub(super) fn granule(&self) -> usize {
        // A cache line, so that writing one code does not disturb another that runs.
        if self.shares_pages { 64 } else { self.page }
    }

    /// Takes a piece for a region, and opens its pages.
    pub(super) fn take(&self, bytes: usize) -> Result<Piece, ExecError> {
        let guard = if self.options.guard_pages { self.page } else { 0 };
        let granule = self.granule();
        let mut state = self.state();
        self.close_lost(&mut state);
        let State { free, random, .. } = &mut *state;
        let exhausted =
            |asked, free: &Ranges| ExecError::Exhausted { asked, largest: free.largest(), free: free.total() };
        let asked = bytes.max(1).checked_next_multiple_of(granule).and_then(|bytes| bytes.checked_add(guard));
        let Some(asked) = asked else { return Err(exhausted(bytes, free)) };
        let taken = match self.options.random_placement {
            true => free.take_anywhere(asked, granule, |below| {
                *random += 1;
                (self.hash.hash_one(*random) % below as u64) as usize
            }),
            false => free.take(asked),
        };
        let Some(taken) = taken else { return Err(exhausted(asked, free)) };
        let piece = Piece { bytes: taken.start + guard..taken.end, guard, owner: Owner::Region };
        if self.shares_pages {
            if let Err(error) = self.open_chunks(&mut state, &piece.bytes) {
                state.free.give(taken);
                return Err(error);
            }
        } else {
            self.open_pages(&mut state, &piece)?;
        }
        state.in_use.add(piece.owner, piece.whole().len());
        Ok(piece)
    }

    /// Opens the pages of a piece that was just taken, or gives it back.
    fn open_pages(&self, state: &mut State, piece: &Piece) -> Result<(), ExecError> {
        let bytes = &piece.bytes;
        if let Err(error) = self.check_limit(state, bytes.len()) {
            state.free.give(piece.whole());
            return Err(error);
        }
        // SAFETY: Invariant(owner): nobody else has the piece, which has whole pages.
        let opened = unsafe { self.views.open(bytes.clone(), self.options.branches) };
        state.committed += bytes.len();
        if opened.is_err() {
            // Some of them may be open, or all in one view.
            self.give_back(state, piece.clone());
        }
        opened
    }

    /// Opens the chunks that a piece is in.
    fn open_chunks(&self, state: &mut State, bytes: &Range<usize>) -> Result<(), ExecError> {
        let chunks = bytes.start / self.chunk..bytes.end.div_ceil(self.chunk);
        let closed = |state: &State| {
            let closed = chunks.clone().filter(|&index| state.chunks[index] == Chunk::Closed);
            closed.map(|index| self.chunk_pages(index).len()).sum::<usize>()
        };
        let asked = closed(state);
        if asked > 0 && self.check_limit(state, asked).is_err() {
            self.close_unused(state);
            self.check_limit(state, asked)?;
        }
        for index in chunks {
            if state.chunks[index] == Chunk::Open {
                continue;
            }
            let pages = self.chunk_pages(index);
            if state.chunks[index] == Chunk::Closed {
                state.committed += pages.len();
            }
            // SAFETY: the chunk is not open, so nobody uses it yet.
            let opened = unsafe { self.views.open(pages, self.options.branches) };
            state.chunks[index] = if opened.is_ok() { Chunk::Open } else { Chunk::Undecided };
            if opened.is_err() {
                self.close_chunk(state, index);
            }
            opened?;
        }
        Ok(())
    }

    fn check_limit(&self, state: &State, asked: usize) -> Result<(), ExecError> {
        let (committed, limit) = (state.committed, self.options.limit);
        match committed.checked_add(asked) {
            Some(sum) if sum <= limit => Ok(()),
            _ => Err(ExecError::Limit { asked, committed, limit }),
        }
    }

    /// The pages of a chunk without those that guard the arena.
    fn chunk_pages(&self, index: usize) -> Range<usize> {
        let start = index * self.chunk;
        start.max(self.page)..(start + self.chunk).min(self.views.len() - self.page)
    }

    /// Publishes the `used` bytes at the base of a region's piece, from which code has grown, and frees the others.
    ///
    /// After an error it is still a region's piece, to be freed, but not to be written.
    pub(super) fn publish(&self, piece: &mut Piece, grows: Grows, used: usize, owner: Owner) -> Result<(), ExecError> {
        debug_assert!(used <= piece.bytes.len() && piece.owner == Owner::Region);
        let Range { start: low, end: high } = piece.bytes;
        let granule = self.granule();
        // Code of no bytes keeps one granule, so that it has an address of its own.
        let kept = used.next_multiple_of(granule).max(granule);
        let (start, end, gap, rest) = match grows {
            Grows::Down => (high - kept, high, high - kept..high - used, low..high - kept),
            Grows::Up => (low, low + kept, low + used..low + kept, low + kept..high),
        };
        self.trap(gap);
        if !self.shares_pages && !rest.is_empty() {
            // SAFETY: nobody writes any more, since publishing consumes the region, and nobody runs what was not
            // published.
            unsafe { self.views.close(rest.clone())? };
        }
        // SAFETY: the same. The pages are open in both views, or writable in the one, and can be read in both
        // afterwards.
        unsafe {
            self.views.publish(start..end, self.options.branches)?;
            coherence::make_visible(self.views.write().add(start), self.views.run().add(start), end - start);
        }
        self.pipelines.synchronize_for_new_code()?;
        let mut state = self.state();
        state.in_use.subtract(Owner::Region, high - low + piece.guard);
        state.in_use.add(owner, end - start + piece.guard);
        if !self.shares_pages {
            state.committed -= rest.len();
        }
        state.free.give(match grows {
            // The page below the code, if there is one, becomes its guard.
            Grows::Down => rest.start - piece.guard..rest.end - piece.guard,
            Grows::Up => rest,
        });
        (piece.bytes, piece.owner) = (start..end, owner);
        Ok(())
    }

    /// Frees a piece.
    pub(super) fn free(&self, piece: Piece) {
        if self.shares_pages {
            // Its pages stay open: whoever runs what was here shall be stopped.
            self.trap(piece.bytes.clone());
        }
        let mut state = self.state();
        state.in_use.subtract(piece.owner, piece.whole().len());
        self.give_back(&mut state, piece);
    }

    /// Closes the pages of a piece and makes it free; or else it is lost.
    fn give_back(&self, state: &mut State, piece: Piece) {
        if !self.shares_pages {
            // SAFETY: who owned the piece has given it up.
            if unsafe { self.views.close(piece.bytes.clone()) }.is_err() {
                state.lost.push(piece);
                return;
            }
            state.committed -= piece.bytes.len();
        }
        state.free.give(piece.whole());
    }

    /// Tries once more to close what could not be closed.
    fn close_lost(&self, state: &mut State) {
        for piece in core::mem::take(&mut state.lost) {
            self.give_back(state, piece);
        }
    }

    /// Closes the chunks that nobody has a piece of. Gives their bytes.
    fn close_unused(&self, state: &mut State) -> usize {
        let mut closed = 0;
        for index in 0..state.chunks.len() {
            if state.chunks[index] != Chunk::Closed && state.free.contains(&self.chunk_pages(index)) {
                closed += self.close_chunk(state, index);
            }
        }
        closed
    }

    /// Closes a chunk that nobody has a piece of. Gives its bytes, 0 if the system refuses.
    fn close_chunk(&self, state: &mut State, index: usize) -> usize {
        let pages = self.chunk_pages(index);
        let len = pages.len();
        // SAFETY: nobody uses it.
        if unsafe { self.views.close(pages) }.is_err() {
            // One view may be closed and the other not.
            state.chunks[index] = Chunk::Undecided;
            return 0;
        }
        state.chunks[index] = Chunk::Closed;
        state.committed -= len;
        len
    }

    pub(super) fn trim(&self) -> usize {
        let mut state = self.state();
        let before = state.committed;
        self.close_lost(&mut state);
        self.close_unused(&mut state);
        before - state.committed
    }

    /// Fills bytes that can be written with instructions that trap.
    fn trap(&self, bytes: Range<usize>) {
        let _writable = sys::Writable::new();
        // SAFETY: the caller owns the bytes, and their pages are open and writable in the write view.
        unsafe { self.views.write().add(bytes.start).write_bytes(TRAP, bytes.len()) };
    }

    /// Runs `read` while nobody changes published code.
    pub(super) fn unedited<T>(&self, read: impl FnOnce() -> T) -> T {
        let _alone = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        read()
    }

    /// Changes published bytes that may be running; see [`Views::edit`].
    ///
    /// # Safety
    /// The bytes are those of one published piece. Whoever runs them finds the new ones as good as the old ones.
    pub(super) unsafe fn edit(&self, bytes: Range<usize>, edit: impl FnOnce(*mut u8)) -> Result<(), ExecError> {
        let _alone = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the caller's promise; the lock keeps others from editing.
        unsafe { self.views.edit(bytes, self.options.branches, edit) }
    }
}
