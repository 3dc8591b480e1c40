//! Batches: stretches of instructions whose room is made at once.
//!
//! That pays where calls are expanded, with the feature `inline`: from about ten instructions on, since moving the
//! encoder to registers and back takes some forty instructions of the machine. Without that feature each call looks for
//! room by itself, and a batch is its closure.

use crate::{Direction, Encoder, Isa, bytes::cursor::on_stack};

impl<I: Isa, D: Direction> Encoder<'_, I, D> {
    /// Runs `f` on this encoder, for a stretch of instructions: their room is made at once, and the encoder is kept in
    /// registers meanwhile.
    ///
    /// The code is the same. With the feature `inline` it saves one check of the capacity, and usually one load and one
    /// store, an instruction, and costs some forty instructions of the machine, so that it pays from about ten calls in
    /// a row on. Room for about 40 instructions is made; further ones are checked one by one. Without the feature it
    /// does nothing.
    ///
    /// ```
    /// use tailfirst::x64::*;
    /// let mut enc = Encoder::new();
    /// enc.batch(|enc| {
    ///     enc.ret();
    ///     enc.add_rm64_r64(RAX, RCX);
    /// });
    /// assert_eq!(enc.finish()?.bytes(), [0x48, 0x01, 0xC8, 0xC3]);
    /// # Ok::<(), tailfirst::FinishError>(())
    /// ```
    #[inline(always)]
    pub fn batch<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
        if !cfg!(feature = "inline") {
            return f(self);
        }
        if !self.cursor.has_room(I::BATCH) {
            D::make_room_for_batch(self);
        }
        on_stack(self, |enc| {
            enc.cursor.begin_batch(I::BATCH);
            let result = f(enc);
            enc.cursor.end_batch();
            result
        })
    }

    /// Makes room for a batch, and lets what would come due in it come before.
    pub(crate) fn make_room_for_batch(&mut self) {
        I::before(self, I::BATCH);
        self.cursor.make_room_for_batch(I::BATCH);
    }
}
