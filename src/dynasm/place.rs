//! Placing a block next to an encoder's code.
//!
//! A block's length is known when it is placed, so each of its offsets turns into a position by a subtraction, or where
//! code grows up by an addition. An encoder gets the whole block or nothing of it, so all that can go wrong is looked
//! at first:
//!
//! 1. What does not depend on the block's place: [`Block::resolve`] fills the fields whose targets lie in the block,
//!    and gathers the others as *open*.
//! 2. Islands that are due (AArch64) go above the block. Now its place is known, and [`Block::reach`] fills the open
//!    fields whose labels are in sight. If one of them cannot be helped, the islands are taken back.
//! 3. The block is placed, and what is still open becomes the encoder's. A branch to a label in sight that it does not
//!    reach gets an island below the block, which keeps its layout so.

use super::{
    Block, LabelRef, Place, PlaceError, Reference, Unsupported,
    dialect::{Dialect, Shape},
};
use crate::{
    Direction, Encoder, Field, Label, Pos, Range, Target, bytes::buffer::MAX_LEN, direction::Grows, isa::sealed::Isa,
    references::References,
};
use dynasmrt::{
    LabelKind, TargetKind,
    relocations::{Relocation, RelocationKind},
};

/// A reference that leaves the block, or whose field depends on where the code will run.
pub(super) struct Open<F> {
    /// Where the encoder's field is measured from.
    from: usize,
    field: F,
    target: Outside,
    /// What a mistake is reported with.
    kind: TargetKind,
    at: usize,
}

enum Outside {
    Target(Target),
    /// A place in the block.
    Offset(usize),
}

type Labels<I> = References<<I as Isa>::Field, <I as Isa>::LateField>;

impl<I: Dialect, D: Direction> Encoder<'_, I, D> {
    /// Places a block of `dynasm!` code next to what was placed before: below it, or above it in an encoder that grows
    /// up. Empties the block.
    ///
    /// Labels that the block shares and places are bound. What `.align` asked for holds as with [`align`](Self::align),
    /// with a gap between the block and what was placed before that is filled with instructions that do nothing.
    ///
    /// # Errors
    /// The first mistake made in the block, or else a reference that cannot be resolved; see [`PlaceError`]. Then
    /// nothing is placed, and the block is empty all the same.
    pub fn place(&mut self, block: &mut Block<I>) -> Result<(), PlaceError> {
        let result = self.place_dynasm(block);
        block.empty();
        result
    }

    fn place_dynasm(&mut self, block: &mut Block<I>) -> Result<(), PlaceError> {
        let len = block.bytes.len();
        if let Some(fault) = block.fault {
            return Err(fault);
        }
        if len > MAX_LEN {
            return Err(PlaceError::TooLong { len });
        }
        let align = block.align;
        block.resolve(&self.references)?;

        if align.bytes() > 1 {
            self.settle();
        }
        let room = align.bytes() as usize + len;
        let is_due = self.cursor.placed().saturating_add(room) >= self.cursor.deadline();
        let before_islands = is_due.then(|| self.snapshot());
        I::before(self, room);
        let placed = self.cursor.placed();
        let gap = align.gap_before(D::GROWS, placed, len);
        // Beyond 32 bits is what fits no buffer; `finish` says so.
        let count = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        let start = count(placed + gap + D::GROWS.lower(0, len));
        let ground = Ground { grows: D::GROWS, start, len: count(len) };
        if let Err(error) = block.reach(&self.references, ground) {
            if let Some(before) = before_islands {
                self.rollback(before);
            }
            return Err(error);
        }

        I::place_gap(self, gap);
        self.references.align(align.bytes());
        self.cursor.place_bytes(&block.bytes);
        // What is no whole instruction at the block's end is data.
        let rest = len % I::CODE_ALIGN.bytes() as usize;
        let (begin, end) = (ground.of(count(len - rest)), ground.of(count(len)));
        self.references.note_data(begin.min(end), begin.max(end));
        for &(label, offset) in &block.placed {
            if let Some(label) = block.shared(label) {
                self.references.bind(label, ground.of(count(offset)));
            }
        }
        // Fixups are in the order of their positions.
        block.open.sort_unstable_by_key(|open| open.from);
        if D::GROWS == Grows::Down {
            block.open.reverse();
        }
        let fixups = self.references.fixups.len();
        for Open { from, field, target, .. } in block.open.drain(..) {
            let target = match target {
                Outside::Target(target) => target,
                Outside::Offset(offset) => self.references.new_label(Some(ground.of(count(offset)))).into(),
            };
            self.references.pend(ground.of(count(from)), field, target);
        }
        let fixups = fixups..self.references.fixups.len();
        I::after_fixups(self, fixups);
        if align.bytes() > 1 {
            self.settle();
        }
        Ok(())
    }
}

impl<I: Dialect> Block<I> {
    /// Fills the fields whose targets lie in the block, and gathers the others in `open`.
    fn resolve(&mut self, labels: &Labels<I>) -> Result<(), PlaceError> {
        for &(label, at) in &self.placed {
            if let Some(label) = self.shared(label).filter(|&label| !labels.knows(label)) {
                return Err(PlaceError::ForeignLabel { label, at });
            }
        }
        let references = core::mem::take(&mut self.references);
        let result = references.iter().try_for_each(|reference| self.resolve_one(reference, labels));
        self.references = references;
        result
    }

    fn resolve_one(&mut self, reference: &Reference<I::Relocation>, labels: &Labels<I>) -> Result<(), PlaceError> {
        let &Reference { target, at, from, ref relocation, .. } = reference;
        let shape = I::shape(relocation, from as i64 - at as i64, &self.bytes, at);
        match (relocation.kind(), target) {
            (RelocationKind::Relative, Place::Label(label)) => match self.offset_of(label, at)? {
                Some(inside) => self.refer_inside(reference, shape, inside),
                None => {
                    let target = self.outside(reference, label.kind(), labels)?;
                    self.leave(reference, shape, target)
                }
            },
            (RelocationKind::AbsToRel, Place::Label(label)) => {
                let target = match self.offset_of(label, at)? {
                    Some(inside) => self.inside(reference, inside)?,
                    None => self.outside(reference, label.kind(), labels)?,
                };
                match relocation.size() {
                    8 => self.open(reference, I::data_origin(at, 8), I::ADDRESS64, target),
                    size => return Err(reference.unsupported(Unsupported::Address { size })),
                }
                Ok(())
            }
            (RelocationKind::RelToAbs, Place::Value(address)) => match self.symbols.get(&address) {
                Some(&symbol) => self.leave(reference, shape, Outside::Target(symbol.into())),
                None => Err(PlaceError::UnknownAddress { address, at }),
            },
            (RelocationKind::Absolute, Place::Value(value)) => match shape {
                Shape::Number => self.write_number(reference, value as i64),
                _ => Err(reference.no_field()),
            },
            _ => Err(reference.unsupported(Unsupported::Kind)),
        }
    }

    /// A distance within the block, which is the same wherever that lies; but not its pages.
    fn refer_inside(
        &mut self,
        reference: &Reference<I::Relocation>,
        shape: Shape<I::Field>,
        inside: usize,
    ) -> Result<(), PlaceError> {
        let &Reference { from, offset, .. } = reference;
        let distance = (inside as i64).saturating_add(offset as i64).saturating_sub(from as i64);
        match shape {
            Shape::Field(field) if field.needs_address() => {
                let target = self.inside(reference, inside)?;
                self.open(reference, from, field, target);
                Ok(())
            }
            Shape::Field(field) if field.range().holds(distance) => {
                field.write(&mut self.bytes, from, distance);
                Ok(())
            }
            Shape::Field(field) => Err(reference.out_of_range(distance, field.range())),
            Shape::Number => self.write_number(reference, distance),
            Shape::Other => Err(reference.no_field()),
        }
    }

    /// A distance to what is outside of the block.
    fn leave(
        &mut self,
        reference: &Reference<I::Relocation>,
        shape: Shape<I::Field>,
        target: Outside,
    ) -> Result<(), PlaceError> {
        let &Reference { at, from, ref relocation, .. } = reference;
        match shape {
            Shape::Field(field) => self.open(reference, from, field, target),
            Shape::Number if relocation.size() == 4 && from == at => {
                self.open(reference, I::data_origin(at, 4), I::OFFSET32, target);
            }
            _ => return Err(reference.no_field()),
        }
        Ok(())
    }

    fn open(&mut self, reference: &Reference<I::Relocation>, from: usize, field: I::Field, target: Outside) {
        self.open.push(Open { from, field, target, kind: reference.target.kind(), at: reference.at });
    }

    /// The place in the block that is referred to.
    fn inside(&self, reference: &Reference<I::Relocation>, inside: usize) -> Result<Outside, PlaceError> {
        let offset = reference.offset;
        match inside.checked_add_signed(offset) {
            Some(to) if to <= self.bytes.len() => Ok(Outside::Offset(to)),
            _ => Err(reference.unsupported(Unsupported::Offset { offset })),
        }
    }

    /// The encoder's label that is referred to.
    fn outside(
        &self,
        reference: &Reference<I::Relocation>,
        label: LabelKind,
        labels: &Labels<I>,
    ) -> Result<Outside, PlaceError> {
        let &Reference { at, offset, .. } = reference;
        match self.shared(label) {
            None => Err(PlaceError::UnknownLabel { label, at }),
            Some(label) if !labels.knows(label) => Err(PlaceError::ForeignLabel { label, at }),
            Some(_) if offset != 0 => Err(reference.unsupported(Unsupported::Offset { offset })),
            Some(label) => Ok(Outside::Target(label.into())),
        }
    }

    /// Fills the open fields whose labels are in sight, and leaves those open that reach them by an island.
    fn reach(&mut self, labels: &Labels<I>, ground: Ground) -> Result<(), PlaceError> {
        // The island behind the block begins at a multiple of four, and has at most one branch for each. The position
        // of a branch is its start: growing down it lies behind the branch's own bytes, growing up behind the branch
        // over all.
        let island = ground.farthest().from_base().saturating_add(3) & !3;
        let farthest = Pos::at(island.saturating_add((self.open.len() as u32).saturating_mul(4)));
        let mut result = Ok(());
        self.open.retain(|&Open { from, field, ref target, kind, at }| {
            let Outside::Target(Target::Label(label)) = *target else { return true };
            let Some(pos) = labels.pos_of(label).filter(|_| !field.needs_address()) else { return true };
            let origin = ground.of(from as u32);
            let grows = ground.grows;
            let (distance, range) = (grows.distance(origin, pos), field.range());
            if range.holds(distance) {
                field.write(&mut self.bytes, from, distance);
                return false;
            }
            let reaches = |far: I::Field| far.range().holds(grows.distance(farthest, pos));
            let is_led_on =
                I::island_field(field).is_some_and(reaches) && range.holds(grows.distance(origin, farthest));
            if !is_led_on && result.is_ok() {
                result = Err(PlaceError::OutOfRange { target: kind, at, distance, range });
            }
            true
        });
        result
    }

    fn write_number(&mut self, reference: &Reference<I::Relocation>, value: i64) -> Result<(), PlaceError> {
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
    fn offset_of(&self, label: LabelRef, at: usize) -> Result<Option<usize>, PlaceError> {
        match label {
            LabelRef::Name(name) => Ok(self.names.resolve_static(&name).ok().map(|offset| offset.0)),
            LabelRef::Dynamic(label) => match self.dynamics.get(label.get_id()) {
                Some(dynamic) => Ok(dynamic.placed),
                None => Err(PlaceError::ForeignDynamicLabel { label, at }),
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
    fn unsupported(&self, problem: Unsupported) -> PlaceError {
        PlaceError::Unsupported { target: self.target.kind(), at: self.at, problem }
    }

    fn no_field(&self) -> PlaceError {
        self.unsupported(Unsupported::Field { size: self.relocation.size() })
    }

    fn out_of_range(&self, distance: i64, range: Range) -> PlaceError {
        PlaceError::OutOfRange { target: self.target.kind(), at: self.at, distance, range }
    }
}

/// Where the block lies.
#[derive(Clone, Copy)]
struct Ground {
    grows: Grows,
    /// The distance of its start from the base of the code.
    start: u32,
    len: u32,
}

impl Ground {
    /// The position of an offset in the block.
    fn of(self, offset: u32) -> Pos {
        Pos::at(match self.grows {
            Grows::Down => self.start.saturating_sub(offset),
            Grows::Up => self.start.saturating_add(offset),
        })
    }

    /// The end of the block behind which code goes on to grow.
    fn farthest(self) -> Pos {
        self.of(self.grows.lower(self.len, 0))
    }
}
