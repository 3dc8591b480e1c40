//! Placing a block below an encoder's code.
//!
//! A block's length is known when it is placed, so each of its offsets turns into a position by a subtraction, or inside a forward block, whose own place is open,
//! by an addition. All that can go wrong is looked at first: an encoder gets the whole block or nothing of it.

use super::{
    Block, LabelRef, Place, PrependError, Reference, Unsupported,
    dialect::{Dialect, Shape},
};
use crate::{
    Encoder, Label, Pos, Range, Target,
    buffer::MAX_LEN,
    fixup::{Field, sealed::Isa},
    references::References,
};
use alloc::vec::Vec;
use dynasmrt::{
    LabelKind,
    relocations::{Relocation, RelocationKind},
};

/// A reference that leaves the block, or whose field depends on where the code will run.
pub(super) struct Open<F> {
    from: usize,
    field: F,
    target: Outside,
}

enum Outside {
    Target(Target),
    /// A place in the block.
    Offset(usize),
}

type Labels<I> = References<<I as Isa>::Field, <I as Isa>::LateField>;

impl<I: Dialect> Encoder<'_, I> {
    /// Places a block of `dynasm!` code below what was placed before, and empties the block.
    ///
    /// Labels that the block shares and places are bound. What `.align` asked for holds as with [`align`](Self::align), with a gap behind the block's
    /// end that is filled with instructions that do nothing.
    ///
    /// # Errors
    /// The first mistake made in the block, or else a reference that cannot be resolved; see [`PrependError`]. Then nothing is placed, and the block is empty all the
    /// same.
    pub fn prepend(&mut self, block: &mut Block<I>) -> Result<(), PrependError> {
        let result = self.place_block(block);
        block.empty();
        result
    }

    fn place_block(&mut self, block: &mut Block<I>) -> Result<(), PrependError> {
        let len = block.bytes.len();
        if let Some(fault) = block.fault {
            return Err(fault);
        }
        if len > MAX_LEN {
            return Err(PrependError::TooLong { len });
        }
        let (is_forward, align) = (self.cursor.is_forward(), block.align);
        if is_forward && align.bytes() > 1 {
            return Err(PrependError::AlignedInForwardBlock { align: align.bytes() });
        }
        I::before(self, align.bytes() as usize + len);
        let placed = self.cursor.placed();
        let gap = align.gap(placed + len);
        // Beyond 32 bits is what fits no buffer; `finish` says so.
        let count = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        let ground = if is_forward {
            Ground::Within { start: count(placed) }
        } else {
            Ground::Below { start: count(placed + gap + len) }
        };
        block.resolve(&self.references, ground)?;

        I::place_gap(self, gap);
        self.references.align(align.bytes());
        let mut ends = Vec::new();
        if is_forward {
            ends.extend(block.open.iter().map(|open| count(open.from)));
            ends.push(count(len));
            ends.sort_unstable();
        }
        self.cursor.place_code(&block.bytes, &ends);
        for &(label, offset) in &block.placed {
            if let Some(label) = block.shared(label) {
                self.references.bind(label, ground.of(count(offset)));
            }
        }
        // Fixups are in the order of their positions.
        block.open.sort_unstable_by_key(|open| open.from);
        if !is_forward {
            block.open.reverse();
        }
        let fixups = self.references.fixups.len();
        for Open { from, field, target } in block.open.drain(..) {
            let from = match ground {
                Ground::Below { .. } => count(from),
                Ground::Within { .. } => I::recorded(count(from)),
            };
            let target = match target {
                Outside::Target(target) => target,
                Outside::Offset(offset) => self.references.new_label(Some(ground.of(count(offset)))).into(),
            };
            self.references.pend(ground.of(from), field, target);
        }
        if !is_forward {
            let fixups = fixups..self.references.fixups.len();
            I::after_block(self, fixups);
        }
        Ok(())
    }
}

impl<I: Dialect> Block<I> {
    /// Fills all fields that are known, and gathers the others in `open`.
    fn resolve(&mut self, labels: &Labels<I>, ground: Ground) -> Result<(), PrependError> {
        for &(label, at) in &self.placed {
            if let Some(label) = self.shared(label).filter(|&label| !labels.knows(label)) {
                return Err(PrependError::ForeignLabel { label, at });
            }
        }
        let references = core::mem::take(&mut self.references);
        let result = references.iter().try_for_each(|reference| self.resolve_one(reference, labels, ground));
        self.references = references;
        result
    }

    fn resolve_one(
        &mut self,
        reference: &Reference<I::Relocation>,
        labels: &Labels<I>,
        ground: Ground,
    ) -> Result<(), PrependError> {
        let &Reference { target, at, from, ref relocation, .. } = reference;
        let shape = I::shape(relocation, from as i64 - at as i64, self.bytes.get(at..).unwrap_or_default());
        match (relocation.kind(), target) {
            (RelocationKind::Relative, Place::Label(label)) => match self.offset_of(label, at)? {
                Some(inside) => self.refer_inside(reference, shape, inside),
                None => self.refer_outside(reference, shape, label.kind(), labels, ground),
            },
            (RelocationKind::RelToAbs, Place::Value(address)) => {
                let Shape::Field(field) = shape else { return Err(reference.no_field()) };
                let Some(&symbol) = self.symbols.get(&address) else {
                    return Err(PrependError::UnknownAddress { address, at });
                };
                self.open.push(Open { from, field, target: Outside::Target(symbol.into()) });
                Ok(())
            }
            (RelocationKind::Absolute, Place::Value(value)) => match shape {
                Shape::Number => self.write_number(reference, value as i64),
                _ => Err(reference.no_field()),
            },
            (RelocationKind::AbsToRel, _) => Err(reference.unsupported(Unsupported::AbsoluteAddress)),
            _ => Err(reference.unsupported(Unsupported::Kind)),
        }
    }

    /// A distance within the block, which is the same wherever that lies; but not its pages.
    fn refer_inside(
        &mut self,
        reference: &Reference<I::Relocation>,
        shape: Shape<I::Field>,
        inside: usize,
    ) -> Result<(), PrependError> {
        let &Reference { from, offset, .. } = reference;
        let to = (inside as i64).saturating_add(offset as i64);
        let distance = to.saturating_sub(from as i64);
        match shape {
            Shape::Field(field) if field.needs_address() => match usize::try_from(to) {
                Ok(to) if to <= self.bytes.len() => {
                    self.open.push(Open { from, field, target: Outside::Offset(to) });
                    Ok(())
                }
                _ => Err(reference.unsupported(Unsupported::Offset { offset })),
            },
            Shape::Field(field) => self.fill(reference, field, distance),
            Shape::Number => self.write_number(reference, distance),
            Shape::Other => Err(reference.no_field()),
        }
    }

    /// A distance to a label of the encoder.
    fn refer_outside(
        &mut self,
        reference: &Reference<I::Relocation>,
        shape: Shape<I::Field>,
        label: LabelKind,
        labels: &Labels<I>,
        ground: Ground,
    ) -> Result<(), PrependError> {
        let &Reference { at, from, offset, .. } = reference;
        let Some(shared) = self.shared(label) else { return Err(PrependError::UnknownLabel { label, at }) };
        if !labels.knows(shared) {
            return Err(PrependError::ForeignLabel { label: shared, at });
        }
        let Shape::Field(field) = shape else { return Err(reference.no_field()) };
        if offset != 0 {
            return Err(reference.unsupported(Unsupported::Offset { offset }));
        }
        match labels.pos_of(shared) {
            // In a forward block none is in sight.
            Some(pos) if !field.needs_address() => self.fill(reference, field, ground.of(from as u32).distance_to(pos)),
            _ => {
                self.open.push(Open { from, field, target: Outside::Target(shared.into()) });
                Ok(())
            }
        }
    }

    fn fill(
        &mut self,
        reference: &Reference<I::Relocation>,
        field: I::Field,
        distance: i64,
    ) -> Result<(), PrependError> {
        let range = field.range();
        if !range.holds(distance) {
            return Err(reference.out_of_range(distance, range));
        }
        field.write(&mut self.bytes, reference.from, distance);
        Ok(())
    }

    fn write_number(&mut self, reference: &Reference<I::Relocation>, value: i64) -> Result<(), PrependError> {
        let size = reference.relocation.size();
        let half = 1_i64 << (8 * size - 1).min(62);
        let range = match size {
            8 => Range { low: i64::MIN, high: i64::MAX, step: 1 },
            _ => Range { low: -half, high: half - 1, step: 1 },
        };
        let field = self.bytes.get_mut(reference.at..).and_then(|rest| rest.get_mut(..size));
        match field {
            Some(field) if range.holds(value) => {
                field.copy_from_slice(&value.to_le_bytes()[..size]);
                Ok(())
            }
            _ => Err(reference.out_of_range(value, range)),
        }
    }

    /// Where a label is in the block, if it is.
    fn offset_of(&self, label: LabelRef, at: usize) -> Result<Option<usize>, PrependError> {
        match label {
            LabelRef::Name(name) => Ok(self.names.resolve_static(&name).ok().map(|offset| offset.0)),
            LabelRef::Dynamic(label) => match self.dynamics.get(label.get_id()) {
                Some(dynamic) => Ok(dynamic.placed),
                None => Err(PrependError::ForeignDynamicLabel { label, at }),
            },
        }
    }

    /// The encoder's label that a label stands for.
    fn shared(&self, label: LabelKind) -> Option<Label> {
        match label {
            LabelKind::Local(_) => None,
            LabelKind::Global(name) => self.globals.get(name).copied(),
            LabelKind::Dynamic(label) => self.dynamics.get(label.get_id()).and_then(|dynamic| dynamic.shared),
        }
    }
}

impl<R: Relocation> Reference<R> {
    fn unsupported(&self, problem: Unsupported) -> PrependError {
        PrependError::Unsupported { target: self.target.kind(), at: self.at, problem }
    }

    fn no_field(&self) -> PrependError {
        self.unsupported(Unsupported::Field { size: self.relocation.size() })
    }

    fn out_of_range(&self, distance: i64, range: Range) -> PrependError {
        PrependError::OutOfRange { target: self.target.kind(), at: self.at, distance, range }
    }
}

/// Where the block lies.
#[derive(Clone, Copy)]
enum Ground {
    /// In code that grows down: the distance of the block's start from the end.
    Below { start: u32 },
    /// In a forward block: the distance from its start.
    Within { start: u32 },
}

impl Ground {
    /// The position of an offset in the block.
    fn of(self, offset: u32) -> Pos {
        match self {
            Ground::Below { start } => Pos::at(start.saturating_sub(offset)),
            Ground::Within { start } => Pos::at(start.saturating_add(offset)),
        }
    }
}
