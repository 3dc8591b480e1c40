//! The encoder: a cursor, labels, and what is still to be resolved.
//!
//! The instruction set's own methods (the forms and the selectors) are in [`x64`](crate::x64) and
//! [`aarch64`](crate::aarch64); what both share is here.

use crate::{
    buffer::Buffer,
    code::Code,
    cursor::{Cursor, on_stack},
    error::FinishError,
    fixup::{Field, Fixup, sealed},
    label::{Label, Pos, Target},
    reloc::{OpenRelocation, Relocation, RelocationTarget},
};
use alloc::{boxed::Box, vec::Vec};

/// An assembler whose code grows downward: each call places an instruction *below* what was placed before.
///
/// `I` is the instruction set; use the names [`x64::Encoder`](crate::x64::Encoder) and
/// [`aarch64::Encoder`](crate::aarch64::Encoder).
pub struct Encoder<'buf, I: sealed::Isa> {
    pub(crate) cursor: Cursor<'buf>,
    // Behind a pointer for the cursor's sake: see there.
    pub(crate) references: Box<References<I::Field>>,
}

/// Labels, and who refers to them.
///
/// What is out of line gets these and never the encoder, and where it happens between instructions it cannot unwind (`extern "C"`): so the compiler
/// keeps the cursor in registers.
pub(crate) struct References<F> {
    labels: Vec<Option<Pos>>,
    fixups: Vec<Fixup<F>>,
    open: Vec<OpenRelocation<F>>,
    relocations: Vec<Relocation<F>>,
    /// The first mistake; `finish` reports it.
    fault: Option<FinishError>,
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
        let references = References {
            labels: Vec::new(),
            fixups: Vec::new(),
            open: Vec::new(),
            relocations: Vec::new(),
            fault: None,
        };
        Encoder { cursor: Cursor::new(buffer), references: Box::new(references) }
    }

    /// Makes the encoder ready for new code, in the memory that it has. Labels made so far become invalid.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn clear(&mut self) {
        self.cursor.clear();
        self.references.clear();
    }

    /// Runs `f` on this encoder, which is kept in registers meanwhile: for a long stretch of instructions in one function.
    ///
    /// The code is the same. What is gained is a store and a load an instruction, where the compiler does not see by itself that it can
    /// do without.
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
        on_stack(self, f)
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
        match self.references.labels.get_mut(label.0 as usize) {
            Some(state @ None) => *state = Some(pos),
            Some(Some(_)) => self.fail(FinishError::BoundTwice { label, at: pos.from_end() }),
            None => self.fail(FinishError::ForeignLabel { label, at: pos.from_end() }),
        }
    }

    /// The position of a label; `None` while it is pending.
    #[inline]
    pub fn pos_of(&self, label: Label) -> Option<Pos> {
        self.references.pos_of(label)
    }

    /// Notes a mistake for `finish`, unless there is one already.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn fail(&mut self, fault: FinishError) {
        self.references.fail(fault);
    }

    /// Resolves every reference and gives the code.
    ///
    /// # Errors
    /// The first mistake made, or else what cannot be resolved; see [`FinishError`].
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn finish(&mut self) -> Result<Code<'_, I>, FinishError> {
        let bytes = self.cursor.code().map_err(|needed| FinishError::OutOfSpace { needed })?;
        self.references.resolve(bytes)?;
        Ok(Code { bytes, relocations: &self.references.relocations, labels: &self.references.labels })
    }
}

impl<F: Field> References<F> {
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn pos_of(&self, label: Label) -> Option<Pos> {
        self.labels.get(label.0 as usize).copied().flatten()
    }

    fn clear(&mut self) {
        let References { labels, fixups, open, relocations, fault } = self;
        labels.clear();
        fixups.clear();
        open.clear();
        relocations.clear();
        *fault = None;
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn new_label(&mut self, pos: Option<Pos>) -> Label {
        // Fewer than 2^32 labels: each takes four bytes of memory, more than any code that fits a buffer can use.
        let label = Label(self.labels.len() as u32);
        if self.labels.len() < self.labels.capacity() {
            self.labels.push(pos);
        } else {
            self.grow_labels(pos);
        }
        label
    }

    #[cold]
    #[inline(never)]
    #[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
    extern "C" fn grow_labels(&mut self, pos: Option<Pos>) {
        self.labels.push(pos);
    }

    /// Notes a mistake for `finish`, unless there is one already.
    #[cold]
    #[inline(never)]
    #[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
    pub(crate) extern "C" fn fail(&mut self, fault: FinishError) {
        self.fault.get_or_insert(fault);
    }

    #[cold]
    #[inline(never)]
    #[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
    extern "C" fn out_of_range(&mut self, label: Label, from: Pos, distance: i64, field: F) {
        self.fail(FinishError::OutOfRange { label, at: from.from_end(), distance, range: field.range() });
    }

    /// The distance from `from` to `target`, if that is known; else the reference is noted, and the field is to be filled later.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn refer(&mut self, from: Pos, field: F, target: Target) -> Option<i64> {
        if let Target::Label(label) = target
            && !field.needs_address()
            && let Some(pos) = self.pos_of(label)
        {
            let distance = from.distance_to(pos);
            if field.reaches(distance) {
                return Some(distance);
            }
            self.out_of_range(label, from, distance, field);
        } else {
            self.pend(from, field, target);
        }
        None
    }

    /// Notes a reference that is not known yet.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn pend(&mut self, from: Pos, field: F, target: Target) {
        match target {
            Target::Label(label) if !field.needs_address() && self.fixups.len() < self.fixups.capacity() => {
                self.fixups.push(Fixup { from, label, field });
            }
            _ => self.pend_slowly(from, field, target),
        }
    }

    /// The rare cases: a symbol, or no room.
    #[cold]
    #[inline(never)]
    #[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
    extern "C" fn pend_slowly(&mut self, from: Pos, field: F, target: Target) {
        match target {
            Target::Label(label) if !field.needs_address() => self.fixups.push(Fixup { from, label, field }),
            _ => self.open.push(OpenRelocation { from, field, target }),
        }
    }

    /// Fills the fields of all fixups, and turns what stays open into relocations.
    fn resolve(&mut self, code: &mut [u8]) -> Result<(), FinishError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        for &Fixup { from, label, field } in &self.fixups {
            let Some(pos) = self.pos_of(label) else { return Err(self.unresolved(label, from)) };
            let distance = from.distance_to(pos);
            if !field.reaches(distance) {
                return Err(FinishError::OutOfRange { label, at: from.from_end(), distance, range: field.range() });
            }
            field.write(code, code.len().wrapping_sub(from.from_end() as usize), distance);
        }
        if !self.open.is_empty() {
            self.relocate(code.len())?;
        }
        Ok(())
    }

    /// Turns what is open into relocations, in code of `len` bytes.
    #[cold]
    fn relocate(&mut self, len: usize) -> Result<(), FinishError> {
        let offset = |pos: Pos| len - pos.from_end() as usize;
        self.relocations.clear();
        for &OpenRelocation { from, field, target } in &self.open {
            let target = match target {
                Target::Symbol(symbol) => RelocationTarget::Symbol(symbol),
                Target::Label(label) => match self.pos_of(label) {
                    Some(pos) => RelocationTarget::Offset(offset(pos)),
                    None => return Err(self.unresolved(label, from)),
                },
            };
            self.relocations.push(Relocation { from: offset(from), field, target });
        }
        Ok(())
    }

    /// What is wrong with a label that has no position.
    #[cold]
    fn unresolved(&self, label: Label, from: Pos) -> FinishError {
        let at = from.from_end();
        match self.labels.get(label.0 as usize) {
            Some(_) => FinishError::UnboundLabel { label, at },
            None => FinishError::ForeignLabel { label, at },
        }
    }
}
