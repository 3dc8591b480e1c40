//! Resolving: what is done when all code is placed.
//!
//! One pass over the fixups fills the fields; another leads those that do not reach their label to the islands that serve them. What depends on addresses becomes
//! relocations, and late immediates replace their placeholders.

use super::References;
use crate::{
    deadline::Served,
    error::FinishError,
    fixup::{Field, Fixup},
    label::{Label, Pos, Target},
    late::{LateField, LateUse},
    reloc::{OpenRelocation, Relocation, RelocationTarget},
};

impl<F: Field, L: LateField> References<F, L> {
    /// Fills the fields of all references, and turns what stays open into relocations.
    pub(crate) fn resolve(&mut self, code: &mut [u8]) -> Result<(), FinishError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if !self.scopes.is_empty() {
            return Err(FinishError::OpenBlock);
        }
        debug_assert_eq!(self.first, 0);
        let labels = &self.labels[..];
        for fixup in &self.fixups {
            let &Fixup { from, label, field, .. } = fixup;
            // Invariant(first), outside of scopes.
            let Some(&Some(pos)) = labels.get(label.0 as usize) else { return Err(self.unresolved(label, from)) };
            let (at, distance) = (from.from_end(), from.distance_to(pos));
            if field.fill(code, at as usize, distance).is_none() && !fixup.is_served {
                return Err(FinishError::OutOfRange { label, at, distance, range: field.range() });
            }
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

    /// Leads what does not reach its label to the island that serves it.
    #[cold]
    fn fill_served(&self, code: &mut [u8]) -> Result<(), FinishError> {
        for &Served { fixup, to } in &self.deadlines.served {
            let Fixup { from, label, field, .. } = self.fixups[fixup];
            let Some(pos) = self.pos_of(label) else { return Err(self.unresolved(label, from)) };
            let direct = from.distance_to(pos);
            if field.reaches(direct) {
                continue;
            }
            let at = from.from_end();
            if field.fill(code, at as usize, from.distance_to(to)).is_none() {
                return Err(FinishError::OutOfRange { label, at, distance: direct, range: field.range() });
            }
        }
        Ok(())
    }

    /// Turns what is open into relocations, in code of `len` bytes.
    #[cold]
    fn relocate(&mut self, len: usize) -> Result<(), FinishError> {
        let offset = |pos: Pos| len - pos.from_end() as usize;
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
    fn fill_late(&mut self, code: &mut [u8]) -> Result<(), FinishError> {
        for LateUse { from, late, field, is_filled } in &mut self.late_uses {
            let (late, at) = (*late, from.from_end());
            let value = match self.late_values.get(late.0 as usize) {
                Some(Some(value)) => *value,
                Some(None) => return Err(FinishError::LateUnset { late, at }),
                None => return Err(FinishError::ForeignLate { late }),
            };
            let range = field.range();
            if !range.holds(value) {
                return Err(FinishError::LateOutOfRange { late, at, value, range });
            }
            let index = code.len().wrapping_sub(at as usize);
            // Finished again, the code has the value where the placeholder was.
            if !*is_filled && !field.has_placeholder(code, index) {
                return Err(FinishError::LateMisplaced { late, at });
            }
            field.write(code, index, value);
            *is_filled = true;
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
