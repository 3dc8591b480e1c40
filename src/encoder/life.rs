//! An encoder's life: it is made, labels are bound in it, it is finished, and cleared to be used again.

use super::Encoder;
use crate::{
    Isa,
    bytes::{
        buffer::Buffer,
        cursor::{Cursor, on_stack},
    },
    code::Code,
    direction::Direction,
    error::FinishError,
    isa::sealed,
    references::label::{Label, Pos},
};
use alloc::boxed::Box;

impl<I: Isa, D: Direction> Default for Encoder<'static, I, D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I: Isa, D: Direction> Encoder<'static, I, D> {
    /// An encoder with a buffer of its own, which grows as needed up to 2 GiB.
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// As [`new`](Self::new), with room for `bytes` bytes from the start.
    pub fn with_capacity(bytes: usize) -> Self {
        Self::over(Buffer::growing(bytes))
    }
}

impl<'buf, I: Isa, D: Direction> Encoder<'buf, I, D> {
    /// An encoder that fills `slice` from its end, or from its start if code grows up, and never writes outside it.
    ///
    /// If the code does not fit, [`finish`](Self::finish) returns [`FinishError::OutOfSpace`], which says how large the
    /// slice should have been.
    pub fn in_slice(slice: &'buf mut [u8]) -> Self {
        Self::over(Buffer::fixed(slice, D::GROWS))
    }

    fn over(buffer: Buffer<'buf>) -> Self {
        Encoder { cursor: Cursor::new(buffer), references: Box::new(I::new_references(D::GROWS)) }
    }

    /// Makes the encoder ready for new code, in the memory that it has. Labels made so far become invalid.
    #[inline(always)]
    pub fn clear(&mut self) {
        self.cursor.clear();
        self.references.clear();
    }

    /// The position that is reached: that of the instruction placed last, or in an encoder that grows up of the one
    /// placed next.
    #[inline(always)]
    pub fn pos(&self) -> Pos {
        self.cursor.pos()
    }

    /// A new label, pending until it is [bound](Self::bind).
    #[inline(always)]
    pub fn label(&mut self) -> Label {
        self.references.new_label(None)
    }

    /// A new label, bound to the place that is reached: the instruction placed last, or in an encoder that grows up the
    /// one placed next.
    #[inline(always)]
    pub fn here(&mut self) -> Label {
        let pos = self.pos();
        self.references.new_label(Some(pos))
    }

    /// Binds a pending label to the place that is reached: the instruction placed last, or in an encoder that grows up
    /// the one placed next.
    ///
    /// Binding a label twice is a mistake that [`finish`](Self::finish) reports.
    #[inline(always)]
    pub fn bind(&mut self, label: Label) {
        let pos = self.pos();
        self.references.bind(label, pos);
    }

    /// The position of a label; `None` while it is pending. Inside a block, labels from outside are as if pending.
    #[inline]
    pub fn pos_of(&self, label: Label) -> Option<Pos> {
        self.references.pos_of(label)
    }

    /// Places the [cold parts](crate::Encoder::cold) and the [constants](crate::Encoder::constant) that are not placed
    /// yet, resolves every reference and gives the code.
    ///
    /// # Errors
    /// The first mistake made, or else what cannot be resolved; see [`FinishError`].
    #[inline(always)]
    pub fn finish(&mut self) -> Result<Code<'_, I>, FinishError> {
        if self.references.is_in_block() {
            return Err(FinishError::OpenBlock);
        }
        if self.references.has_waiting() {
            // On the stack, because who calls this should not have to assume that the encoder is known elsewhere.
            on_stack(self, Self::place_waiting);
        }
        if I::CODE_ALIGN.bytes() > 1
            && let Some(at) = self.references.data().misaligned_code(I::CODE_ALIGN, self.pos())
        {
            self.references.fail_at(FinishError::MisalignedCode { at: at.from_base() }, at);
        }
        let bytes = self.cursor.code().map_err(|needed| FinishError::OutOfSpace { needed })?;
        I::resolve(&mut self.references, bytes)?;
        Ok(Self::code(bytes, &self.references))
    }

    /// Places the cold parts and the constants that wait.
    fn place_waiting(&mut self) {
        D::place_cold(self);
        if self.references.has_waiting_constants() {
            D::place_pool(self);
        }
    }

    /// The code as far as it goes, to look at when [`finish`](Self::finish) has failed: with a
    /// [`Listing`](crate::Listing), and with [`Marks`](crate::Marks), which tell what of the source the instruction
    /// belongs to that `finish` refused. It is not to be run.
    ///
    /// Fields whose label is not known, or out of reach, are as they were placed. Constants and cold parts that wait
    /// are left out, and so is what does not fit a slice, and a block that is open.
    ///
    /// ```
    /// use tailfirst::{Marks, x64::*};
    /// let mut enc = Encoder::new();
    /// let mut marks = Marks::new();
    /// enc.ret();
    /// marks.mark(enc.here(), "return");
    /// let forgotten = enc.label();
    /// enc.jmp(forgotten);
    /// marks.mark(enc.here(), "loop");
    /// assert!(enc.finish().is_err());
    ///
    /// let code = enc.unfinished();
    /// assert_eq!(code.bytes(), [0xE9, 0, 0, 0, 0, 0xC3]);
    /// let lines = marks.table(&code);
    /// let refused = code.mistake().and_then(|offset| lines.at(offset));
    /// assert_eq!(refused.unwrap().what, "loop");
    /// ```
    pub fn unfinished(&mut self) -> Code<'_, I> {
        let bytes = self.cursor.code_that_fits();
        self.references.resolve_what_is_known(bytes);
        Self::code(bytes, &self.references)
    }

    fn code<'enc>(bytes: &'enc mut [u8], references: &'enc sealed::References<I>) -> Code<'enc, I> {
        Code {
            bytes,
            grows: D::GROWS,
            relocations: references.relocations(),
            labels: references.labels(),
            data: references.data(),
            alignment: references.alignment(),
            mistake: references.reported(),
        }
    }
}
