//! Going back to an earlier state of an encoder.
//!
//! A trace may be abandoned half-way, an instruction replaced by one that goes better with the next. A snapshot is the
//! number of everything that there is; going back drops what came later. Labels and late immediates stay: those that
//! were bound or set later, or made later, are pending again. So one that a compiler still has from code that was
//! dropped can be bound anew, and [`finish`](Encoder::finish) reports it if it is used and never bound.
//!
//! ```
//! use tailfirst::x64::*;
//!
//! let mut enc = Encoder::new();
//! enc.ret();
//! let before = enc.snapshot();
//! enc.mov_r64_imm(RAX, 1);
//! enc.rollback(before); // better:
//! enc.xor_rm32_r32(EAX, EAX);
//! assert_eq!(enc.finish()?.bytes(), [0x31, 0xC0, 0xC3]);
//! # Ok::<(), tailfirst::FinishError>(())
//! ```

use crate::{
    Direction, Encoder, FinishError, Isa,
    references::{Extent, label::Pos},
};

/// A state of an encoder, to go [back](Encoder::rollback) to.
#[derive(Clone, Copy)]
pub struct Snapshot {
    pos: Pos,
    extent: Extent,
    deadline: usize,
}

impl core::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Snapshot").field("pos", &self.pos).finish_non_exhaustive()
    }
}

impl<I: Isa, D: Direction> Encoder<'_, I, D> {
    /// The present state.
    ///
    /// It takes a fixed time, and no memory beside what it returns. So an optimiser may take one before each
    /// instruction.
    #[must_use = "a snapshot does nothing but to be gone back to"]
    pub fn snapshot(&mut self) -> Snapshot {
        Snapshot { pos: self.pos(), extent: self.references.extent(), deadline: self.cursor.deadline() }
    }

    /// Drops all code, references and values of late immediates that are newer than the snapshot, which can be used
    /// again. Labels and late immediates that are newer stay, and are pending.
    ///
    /// It takes time in proportion to what is dropped. A label keeps its 4 bytes until the encoder is cleared, and a
    /// late immediate its 16; and the encoder remembers in 32 bytes which snapshots are dropped, and which labels were
    /// made pending, until code before them is dropped.
    ///
    /// [`finish`](Self::finish) reports a rollback to a snapshot that
    ///
    /// * belongs to another encoder or block, or
    /// * was itself rolled back, or
    /// * lies above something that was aligned inside an [`aligned`](Self::aligned) block. On AArch64 constants may be
    ///   placed there.
    ///
    /// A mistake made since the snapshot stays one.
    pub fn rollback(&mut self, snapshot: Snapshot) {
        if self.references.truncate(snapshot.extent) {
            self.cursor.truncate(snapshot.pos.from_base() as usize);
            self.cursor.set_deadline(snapshot.deadline);
        } else {
            self.references.fail(FinishError::ForeignSnapshot);
        }
    }
}
