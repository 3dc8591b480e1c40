//! Batches: stretches of instructions whose room is made at once.

use crate::{Direction, Encoder, Isa, bytes::cursor::on_stack};

impl<I: Isa, D: Direction> Encoder<'_, I, D> {
    /// Runs `f` on this encoder, for a stretch of instructions: their room is made at once, and the encoder is kept in registers meanwhile.
    ///
    /// The code is the same. It saves one check of the capacity, and usually one load and one store, an instruction. Room for about 40 instructions is made;
    /// further ones are checked one by one. Good stretches are the instructions for one operation of the compiler's input, or as many as one function places in a row.
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
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn batch<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
        if !self.cursor.has_room_for_batch(I::BATCH) {
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
