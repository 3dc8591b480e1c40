//! Memory whose cursor is away, and comes back to go on where it was.

use super::memory::Memory;
use crate::{direction::Grows, references::label::Pos};
use alloc::boxed::Box;

/// Memory that grows, and where its cursor was.
pub(crate) struct Resting {
    pub(super) memory: Box<Memory<'static>>,
    pub(super) at: usize,
    grows: Grows,
}

impl Resting {
    pub(super) fn new(memory: Box<Memory<'static>>, at: usize, grows: Grows) -> Self {
        Resting { memory, at, grows }
    }

    /// Memory in which nothing is placed.
    pub(crate) fn empty(grows: Grows) -> Self {
        let mut memory = Box::new(Memory::growing(grows));
        let at = memory.restart(grows);
        Resting::new(memory, at, grows)
    }

    /// Forgets all that was placed.
    pub(crate) fn clear(&mut self) {
        self.at = self.memory.restart(self.grows);
    }

    /// The position that is reached.
    pub(crate) fn pos(&self) -> Pos {
        self.memory.pos(self.grows, self.at, 0)
    }

    pub(crate) fn deadline(&self) -> usize {
        self.memory.deadline()
    }

    pub(crate) fn set_deadline(&mut self, placed: usize) {
        self.memory.set_deadline(placed);
    }

    /// Back to a position.
    pub(crate) fn truncate(&mut self, pos: Pos) {
        self.at = self.memory.truncate(self.at, pos.from_base() as usize);
    }

    /// What was placed since a position; or, if the memory cannot hold it, how many bytes that is.
    pub(crate) fn code_since(&mut self, pos: Pos) -> Result<&[u8], usize> {
        let (all, before) = (self.pos().from_base() as usize, pos.from_base() as usize);
        self.at = self.memory.settle(self.at);
        match self.memory.code(all) {
            Ok(code) if self.grows == Grows::Down => Ok(&code[..all - before]),
            Ok(code) => Ok(&code[before..]),
            Err(needed) => Err(needed - before),
        }
    }
}
