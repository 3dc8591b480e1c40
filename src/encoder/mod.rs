//! The encoder: a cursor, labels, and what is still to be resolved.
//!
//! The instruction set's own methods (the forms and the selectors) are in [`x64`](crate::x64) and
//! [`aarch64`](crate::aarch64); what both share is here.

// First, since rustdoc has functions in the order of modules.
mod life;

pub mod batch;
pub mod blocks;
pub mod cold;
pub mod constants;
pub mod data;
pub mod late;
pub mod patchable;
pub mod snapshot;

use crate::{
    Isa,
    bytes::cursor::Cursor,
    direction::{Direction, Down},
    isa::sealed,
};
use alloc::boxed::Box;

/// An assembler. Each call places an instruction next to what was placed before: *below* it in an encoder that grows
/// [`Down`], *above* it in one that grows [`Up`](crate::Up).
///
/// Use the names [`x64::Encoder`](crate::x64::Encoder) and [`aarch64::Encoder`](crate::aarch64::Encoder), whose code
/// grows down, and [`x64::Assembler`](crate::x64::Assembler) and [`aarch64::Assembler`](crate::aarch64::Assembler),
/// whose code grows up. `I` is the instruction set and `D` the direction; code for both directions names
/// [`x64::Emitter`](crate::x64::Emitter) or [`aarch64::Emitter`](crate::aarch64::Emitter).
pub struct Encoder<'buf, I: Isa, D: Direction = Down> {
    pub(crate) cursor: Cursor<'buf, D>,
    // Behind a pointer for the cursor's sake: see there.
    pub(crate) references: Box<sealed::References<I>>,
}

impl<I: Isa, D: Direction> core::fmt::Debug for Encoder<'_, I, D> {
    /// How much has been placed, and in which direction; not the code, which is not resolved yet.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let bytes = self.pos().from_base();
        f.debug_struct("Encoder").field("grows", &D::GROWS).field("bytes", &bytes).finish_non_exhaustive()
    }
}

impl<I: Isa, D: Direction> Encoder<'_, I, D> {
    /// Runs `place`, and then `after`, also when a panic leaves `place`.
    fn and_then<R>(&mut self, place: impl FnOnce(&mut Self) -> R, after: impl FnOnce(&mut Self)) -> R {
        struct Then<'a, T, F: FnOnce(&mut T)> {
            enc: &'a mut T,
            after: Option<F>,
        }

        impl<T, F: FnOnce(&mut T)> Drop for Then<'_, T, F> {
            fn drop(&mut self) {
                if let Some(after) = self.after.take() {
                    after(self.enc);
                }
            }
        }

        place(Then { enc: self, after: Some(after) }.enc)
    }
}
