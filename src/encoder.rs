//! The encoder: a cursor, labels, and what is still to be resolved.
//!
//! The instruction set's own methods (the forms and the selectors) are in [`x64`](crate::x64) and
//! [`aarch64`](crate::aarch64); what both share is here.

use crate::{
    buffer::Buffer,
    code::Code,
    cursor::{Cursor, on_stack},
    error::FinishError,
    fixup::sealed,
    label::{Label, Pos},
    references::References,
};
use alloc::boxed::Box;

/// An assembler whose code grows downward: each call places an instruction *below* what was placed before.
///
/// `I` is the instruction set; use the names [`x64::Encoder`](crate::x64::Encoder) and
/// [`aarch64::Encoder`](crate::aarch64::Encoder).
pub struct Encoder<'buf, I: sealed::Isa> {
    pub(crate) cursor: Cursor<'buf>,
    // Behind a pointer for the cursor's sake: see there.
    pub(crate) references: Box<References<I::Field, I::LateField>>,
}

impl<I: sealed::Isa> Default for Encoder<'static, I> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I: sealed::Isa> Encoder<'static, I> {
    /// An encoder with a buffer of its own, which grows as needed up to 2 GiB.
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// As [`new`](Self::new), with room for `bytes` bytes from the start.
    pub fn with_capacity(bytes: usize) -> Self {
        Self::over(Buffer::growing(bytes))
    }
}

impl<'buf, I: sealed::Isa> Encoder<'buf, I> {
    /// An encoder that fills `slice` from its end, and never writes outside it.
    ///
    /// If the code does not fit, [`finish`](Self::finish) returns [`FinishError::OutOfSpace`], which says how large the slice should have been.
    pub fn in_slice(slice: &'buf mut [u8]) -> Self {
        Self::over(Buffer::fixed(slice))
    }

    fn over(buffer: Buffer<'buf>) -> Self {
        Encoder { cursor: Cursor::new(buffer), references: Box::new(I::new_references()) }
    }

    /// Makes the encoder ready for new code, in the memory that it has. Labels made so far become invalid.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn clear(&mut self) {
        self.cursor.clear();
        self.references.clear();
    }

    /// Runs `f` on this encoder, for a stretch of instructions: their room is made at once, and the encoder is kept in registers meanwhile.
    ///
    /// The code is the same. What is gained is the check of the capacity, and a store and a load an instruction where the compiler does not see by itself that it can
    /// do without; that is a fifth of the time. Made room for are some forty instructions; those beyond that are checked one by one. Good stretches are the instructions
    /// for one operation of the compiler's input, or as many as one function places in a row.
    ///
    /// Inside a [forward block](Self::forward) a batch is a mistake that [`finish`](Self::finish) reports.
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
            I::make_room_for_batch(self);
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
        if self.cursor.is_forward() {
            self.references.fail(FinishError::BatchInForwardBlock { at: self.pos().from_end() });
        }
        I::before(self, I::BATCH);
        self.cursor.make_room_for_batch(I::BATCH);
    }

    /// The position of the instruction placed last.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn pos(&self) -> Pos {
        self.cursor.pos()
    }

    /// A new label, pending until it is [bound](Self::bind).
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn label(&mut self) -> Label {
        self.references.new_label(None)
    }

    /// A new label, bound to the instruction placed last.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn here(&mut self) -> Label {
        let pos = self.pos();
        self.references.new_label(Some(pos))
    }

    /// Binds a pending label to the instruction placed last.
    ///
    /// Binding a label twice is a mistake that [`finish`](Self::finish) reports.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn bind(&mut self, label: Label) {
        let pos = self.pos();
        self.references.bind(label, pos);
    }

    /// The position of a label; `None` while it is pending. Inside a block, labels from outside are as if pending.
    #[inline]
    pub fn pos_of(&self, label: Label) -> Option<Pos> {
        self.references.pos_of(label)
    }

    /// Places the [constants](crate::Encoder::constant) that are not placed yet, resolves every reference and gives the code.
    ///
    /// # Errors
    /// The first mistake made, or else what cannot be resolved; see [`FinishError`].
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn finish(&mut self) -> Result<Code<'_, I>, FinishError> {
        if self.cursor.is_forward() {
            return Err(FinishError::OpenBlock);
        }
        if !self.references.pool.is_placed() {
            // On the stack, because who calls this should not have to assume that the encoder is known elsewhere.
            on_stack(self, I::place_pool);
        }
        let bytes = self.cursor.code().map_err(|needed| FinishError::OutOfSpace { needed })?;
        I::resolve(&mut self.references, bytes)?;
        Ok(Code {
            bytes,
            relocations: self.references.relocations(),
            labels: self.references.labels(),
            data: self.references.data(),
            alignment: self.references.alignment(),
        })
    }
}
