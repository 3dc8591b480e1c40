//! Going back to an earlier state of an encoder.
//!
//! A trace may be abandoned half-way, an instruction replaced by one that goes better with the next. A snapshot is the number of everything that there is; going back
//! drops what came later, and the labels that were bound later are pending again.
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

use crate::{Encoder, FinishError, fixup::sealed, label::Pos, references::Extent};

/// A state of an encoder, to go [back](Encoder::rollback) to.
#[derive(Clone, Copy)]
pub struct Snapshot {
    pos: Pos,
    extent: Extent,
    deadline: usize,
}

impl<I: sealed::Isa> Encoder<'_, I> {
    /// The present state.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { pos: self.pos(), extent: self.references.extent(), deadline: self.cursor.deadline() }
    }

    /// Drops all code, labels and references that are newer than the snapshot.
    ///
    /// Going back with a snapshot of another encoder, of another block or of code that is gone is a mistake that
    /// [`finish`](Self::finish) reports, as far as it shows. A mistake made since the snapshot stays one.
    pub fn rollback(&mut self, snapshot: Snapshot) {
        let is_ours = snapshot.pos <= self.pos() && self.references.truncate(snapshot.extent, |pos| pos > snapshot.pos);
        if is_ours {
            self.cursor.truncate(snapshot.pos.from_end() as usize);
            self.cursor.set_deadline(snapshot.deadline);
        } else {
            self.references.fail(FinishError::ForeignSnapshot);
        }
    }
}
