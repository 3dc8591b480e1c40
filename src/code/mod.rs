//! Finished code.

pub(crate) mod data_ranges;
pub mod marks;
pub(crate) mod relocation;
pub(crate) mod symbols;

use crate::{
    Isa,
    direction::Grows,
    references::{
        fixup::Field,
        label::{Label, Pos, Symbol},
    },
};
use alloc::vec::Vec;
use data_ranges::DataRanges;
use relocation::{LinkError, Relocation, RelocationTarget};

/// Finished code: bytes, what is still to be linked, and where its labels are.
///
/// It borrows the encoder; [`Encoder::clear`](crate::Encoder::clear) makes that ready for the next code.
#[derive(Debug)]
pub struct Code<'enc, I: Isa> {
    pub(crate) bytes: &'enc mut [u8],
    pub(crate) grows: Grows,
    pub(crate) relocations: &'enc [Relocation<I::Field>],
    /// The number of the first label, and where labels are.
    pub(crate) labels: (u32, &'enc [Option<Pos>]),
    pub(crate) data: &'enc DataRanges,
    pub(crate) alignment: u32,
    /// A byte of the instruction that is why this code is not finished.
    pub(crate) mistake: Option<Pos>,
}

impl<I: Isa> Code<'_, I> {
    /// The machine code, lowest address first.
    pub fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// Required alignment of the address of the code's *end*, in bytes. 1 if none, and of code that grew up.
    pub fn end_alignment(&self) -> u32 {
        if self.grows == Grows::Down { self.alignment } else { 1 }
    }

    /// Required alignment of the address of the code's *start*, in bytes. 1 if none, and of code that grew down.
    pub fn start_alignment(&self) -> u32 {
        if self.grows == Grows::Up { self.alignment } else { 1 }
    }

    /// The same code, with a copy of its bytes.
    #[cfg(all(feature = "exec", any(target_arch = "x86_64", target_arch = "aarch64"), any(unix, windows)))]
    pub(crate) fn copied_to<'new>(&'new self, bytes: &'new mut [u8]) -> Code<'new, I> {
        Code { bytes, ..*self }
    }

    /// The offset of the code's base, which positions are counted from.
    pub(crate) fn base(&self) -> usize {
        match self.grows {
            Grows::Down => self.bytes.len(),
            Grows::Up => 0,
        }
    }

    /// The references that are still open: those to symbols, and those that depend on the code's address.
    pub fn relocations(&self) -> &[Relocation<I::Field>] {
        self.relocations
    }

    /// Offset in bytes of a bound label from the start of the code.
    pub fn offset_of(&self, label: Label) -> Option<usize> {
        let (first, labels) = self.labels;
        let pos = (*labels.get(label.0.checked_sub(first)? as usize)?)?;
        let offset = self.grows.index(self.bytes.len(), pos);
        (offset <= self.bytes.len()).then_some(offset)
    }

    /// Of code that is [not finished](crate::Encoder::unfinished): the offset of a byte of the instruction that
    /// [`finish`](crate::Encoder::finish) refused. With it [`Marks`](crate::Marks) tell which operation of the source
    /// that instruction belongs to.
    ///
    /// `None` if the mistake is about no instruction, or about one that this code has not.
    pub fn mistake(&self) -> Option<usize> {
        let offset = self.grows.index(self.bytes.len(), self.mistake?);
        (offset < self.bytes.len()).then_some(offset)
    }

    /// Notes with labels, given beside the encoder, in the order in which they stand in the code; at one place in the
    /// order in which code was placed there. Those without a place are left out.
    pub(crate) fn in_layout_order<N>(&self, notes: impl DoubleEndedIterator<Item = (Label, N)>) -> Vec<(usize, N)> {
        let placed = |(label, note)| Some((self.offset_of(label)?, note));
        let mut placed: Vec<(usize, N)> = match self.grows {
            Grows::Down => notes.rev().filter_map(placed).collect(),
            Grows::Up => notes.filter_map(placed).collect(),
        };
        placed.sort_by_key(|(offset, _)| *offset);
        placed
    }

    /// Where data lies, as offsets from the start of the code: what [`data`](crate::Encoder::data) and its kin placed,
    /// constants, and zeros before them. In no particular order.
    pub fn data(&self) -> impl Iterator<Item = core::ops::Range<usize>> {
        self.data.offsets(self.grows, self.bytes.len())
    }

    /// Resolves the open references for code that will run at address `base`.
    ///
    /// `resolve` gives a symbol's address. Linking again, for another base, is fine.
    ///
    /// # Errors
    /// [`LinkError::UnknownSymbol`] if `resolve` gives `None`, [`LinkError::OutOfRange`] if a field cannot reach;
    /// references before that one are resolved already.
    pub fn link(&mut self, base: u64, resolve: impl FnMut(Symbol) -> Option<u64>) -> Result<(), LinkError> {
        self.link_through(base, resolve, |_| None)
    }

    /// As [`link`](Self::link). Where a branch is too far from the address that it shall lead to, `detour` may give
    /// another from which the way leads there.
    pub(crate) fn link_through(
        &mut self,
        base: u64,
        mut resolve: impl FnMut(Symbol) -> Option<u64>,
        mut detour: impl FnMut(u64) -> Option<u64>,
    ) -> Result<(), LinkError> {
        for &Relocation { from, field, target } in self.relocations {
            let to = match target {
                RelocationTarget::Offset(offset) => base.wrapping_add(offset as u64),
                RelocationTarget::Symbol(symbol) => resolve(symbol).ok_or(LinkError::UnknownSymbol { symbol, from })?,
            };
            let distance_to = |to| field.distance(base.wrapping_add(from as u64), to);
            let (mut distance, range) = (distance_to(to), field.range());
            if !range.holds(distance) {
                // Not to an address where no instruction can start.
                let can_lead = distance % range.step == 0 && field.is_branch();
                let led = can_lead.then(|| detour(to)).flatten().map(distance_to);
                let too_far = LinkError::OutOfRange { target, from, distance, range };
                distance = led.filter(|&distance| range.holds(distance)).ok_or(too_far)?;
            }
            field.write(self.bytes, from, distance);
        }
        Ok(())
    }
}
