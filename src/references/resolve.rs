//! Resolving: what is done when all code is placed, or all of a block.
//!
//! One pass over the fixups fills the fields; another leads those that do not reach their label to the islands that
//! serve them. What depends on addresses becomes relocations, and late immediates replace their placeholders. Of a
//! block, only the fields are filled whose labels are bound in it, too.

use super::{
    References,
    deadline::{Heads, Served},
    fault::Fault,
    fixup::{Field, Fixup},
    label::{Label, Pos, Target},
};
use crate::{
    code::relocation::{OpenRelocation, Relocation, RelocationTarget},
    direction::Grows,
    encoder::late::{LateField, LateSum, LateUse},
    error::FinishError,
};

impl Grows {
    /// The index of a position in code of `len` bytes.
    #[inline(always)]
    pub(crate) const fn index(self, len: usize, pos: Pos) -> usize {
        match self {
            Grows::Down => len.wrapping_sub(pos.from_base() as usize),
            Grows::Up => pos.from_base() as usize,
        }
    }
}

impl<F: Field, L: LateField> References<F, L> {
    /// Fills the fields of all references, and turns what stays open into relocations.
    pub(crate) fn resolve(&mut self, code: &mut [u8]) -> Result<(), FinishError> {
        let result = self.resolve_all(code);
        self.report(result)
    }

    #[inline(always)]
    fn resolve_all(&mut self, code: &mut [u8]) -> Result<(), Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if self.is_in_block() {
            return Err(FinishError::OpenBlock.into());
        }
        // Each direction by itself, so that what depends on it is decided once.
        match self.grows {
            Grows::Down => self.fill_fixups(Grows::Down, code)?,
            Grows::Up => self.fill_fixups(Grows::Up, code)?,
        }
        if !self.deadlines.served.is_empty() {
            self.fill_served(code)?;
        }
        self.relocations.clear();
        if !self.open.is_empty() {
            self.relocate(code.len())?;
        }
        if !self.late_uses.is_empty() {
            self.fill_late(code)?;
        }
        Ok(())
    }

    #[inline(always)]
    fn fill_fixups(&self, grows: Grows, code: &mut [u8]) -> Result<(), Fault> {
        let (first, labels) = (self.first, &self.labels[..]);
        for fixup in &self.fixups {
            let &Fixup { from, label, field, .. } = fixup;
            let Some(&Some(pos)) = labels.get(label.0.wrapping_sub(first) as usize) else {
                return Err(self.unresolved(label, from));
            };
            let (index, distance) = (grows.index(code.len(), from), grows.distance(from, pos));
            if field.fill(code, index, distance).is_none() && !fixup.is_served {
                return Err(self.too_far(label, from, distance, field));
            }
        }
        Ok(())
    }

    /// Fills the fields of a complete block that refer to labels of its own which are bound. Their distances will not
    /// change, so who is around the block need not know of them.
    #[inline(always)]
    pub(crate) fn resolve_inside(&mut self, code: &mut [u8]) {
        // Islands know fixups by their places in the list, so a block with islands keeps all.
        if !self.labels.is_empty() && self.deadlines.served.is_empty() && !self.keeps_references {
            self.fill_inside(code);
        }
    }

    #[inline(never)]
    fn fill_inside(&mut self, code: &mut [u8]) {
        let (grows, first, labels) = (self.grows, self.first, &self.labels[..]);
        self.fixups.retain(|&Fixup { from, label, field, .. }| {
            let Some(&Some(pos)) = labels.get(label.0.wrapping_sub(first) as usize) else { return true };
            // One that is out of reach is for the code around: it gets an island there, or `finish` reports it.
            field.fill(code, grows.index(code.len(), from), grows.distance(from, pos)).is_none()
        });
        // None comes due in a block that is complete.
        self.deadlines.heads = Heads::default();
    }

    /// Fills the fields whose labels are bound and in reach, and leaves the others as they are.
    pub(crate) fn resolve_what_is_known(&mut self, code: &mut [u8]) {
        self.relocations.clear();
        for &Fixup { from, label, field, .. } in &self.fixups {
            let index = self.grows.index(code.len(), from);
            if let Some(pos) = self.pos_of(label)
                && index <= code.len()
            {
                // What does not reach stays as it is.
                let _ = field.fill(code, index, self.grows.distance(from, pos));
            }
        }
    }

    /// Leads what does not reach its label to the island that serves it.
    #[cold]
    fn fill_served(&self, code: &mut [u8]) -> Result<(), Fault> {
        for &Served { fixup, to } in &self.deadlines.served {
            let Fixup { from, label, field, .. } = self.fixups[fixup];
            let Some(pos) = self.pos_of(label) else { return Err(self.unresolved(label, from)) };
            let direct = self.grows.distance(from, pos);
            if field.reaches(direct) {
                continue;
            }
            let index = self.grows.index(code.len(), from);
            if field.fill(code, index, self.grows.distance(from, to)).is_none() {
                return Err(self.too_far(label, from, direct, field));
            }
        }
        Ok(())
    }

    /// Turns what is open into relocations, in code of `len` bytes.
    #[cold]
    fn relocate(&mut self, len: usize) -> Result<(), Fault> {
        let grows = self.grows;
        let offset = |pos: Pos| grows.index(len, pos);
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

    #[cold]
    fn fill_late(&mut self, code: &mut [u8]) -> Result<(), Fault> {
        let grows = self.grows;
        for LateUse { earlier, later, at, late, field, inside } in &mut self.late_uses {
            let LateSum { late, plus } = *late;
            let (byte, at) = (grows.next_byte(*earlier), at.from_base());
            let value = match self.late_values.get(late.0.wrapping_sub(self.first_late) as usize) {
                Some(Some(value)) => value.saturating_add(plus),
                Some(None) => return Err(Fault::at(FinishError::LateUnset { late, at }, byte)),
                None => return Err(Fault::at(FinishError::ForeignLate { late }, byte)),
            };
            let range = field.range_for(value);
            if !range.holds(value) {
                return Err(Fault::at(FinishError::LateOutOfRange { late, at, value, range }, byte));
            }
            let start = grows.index(code.len(), grows.lower(*earlier, *later));
            let end = grows.index(code.len(), grows.higher(*earlier, *later));
            // Finished again, the code has the value where the placeholder was.
            let found = inside.or_else(|| field.find_placeholder(code.get(start..end)?));
            let Some(found) = found else { return Err(Fault::at(FinishError::LateMisplaced { late, at }, byte)) };
            *inside = Some(found);
            field.write(code, start + found, value);
        }
        Ok(())
    }

    /// What is wrong with a label that has no position.
    #[cold]
    fn unresolved(&self, label: Label, from: Pos) -> Fault {
        let at = from.from_base();
        let error = match self.labels.get(label.0.wrapping_sub(self.first) as usize) {
            Some(_) => FinishError::UnboundLabel { label, at },
            None => FinishError::ForeignLabel { label, at },
        };
        self.fault_of_reference(error, from)
    }

    /// A label is out of reach.
    #[cold]
    pub(super) fn too_far(&self, label: Label, from: Pos, distance: i64, field: F) -> Fault {
        let error = FinishError::OutOfRange { label, at: from.from_base(), distance, range: field.range() };
        self.fault_of_reference(error, from)
    }
}
