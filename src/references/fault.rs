//! The first mistake, and where it was made.
//!
//! `finish` reports one mistake: the first that was noticed while code was placed, or else the first that resolving
//! meets. Positions in it are counted from the base of the code, so they change as the code does that they lie in: when
//! a block is placed, an aligned block is moved, or a cold part gets its place.
//!
//! A position alone does not tell which instruction is meant, since some mistakes are noticed before their instruction
//! is placed, and distances are measured from its start or its end. So a *byte* of it is noted as well.

use super::References;
use crate::{
    direction::Grows,
    encoder::late::LateField,
    error::FinishError,
    isa::Edge,
    references::{fixup::Field, label::Pos},
};

/// A mistake, and a byte of the instruction that it is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    error: FinishError,
    byte: Option<Pos>,
    /// Whether the positions are those of cold code that has no place yet.
    is_in_cold: bool,
}

impl Fault {
    pub(super) fn at(error: FinishError, byte: Pos) -> Self {
        Fault { error, byte: Some(byte), is_in_cold: false }
    }

    fn moved(self, place: impl Fn(Pos) -> Pos) -> Self {
        let Fault { mut error, byte, .. } = self;
        if let Some(at) = error.at_mut() {
            *at = place(Pos::at(*at)).from_base();
        }
        Fault { error, byte: byte.map(place), is_in_cold: false }
    }
}

impl Grows {
    /// The byte that is placed next, when the code has reached `reached`.
    pub(crate) fn next_byte(self, reached: Pos) -> Pos {
        self.byte_at(self.lower(Edge::Start, Edge::End), reached)
    }

    /// The byte that was placed last.
    pub(crate) fn last_byte(self, reached: Pos) -> Pos {
        self.byte_at(self.lower(Edge::End, Edge::Start), reached)
    }

    /// The byte of what has this edge at a position.
    pub(crate) fn byte_at(self, edge: Edge, pos: Pos) -> Pos {
        match (edge, self) {
            (Edge::Start, _) => pos,
            (Edge::End, Grows::Down) => pos.ahead(1),
            (Edge::End, Grows::Up) => pos.behind(Pos::at(1)),
        }
    }
}

impl<F: Field, L: LateField> References<F, L> {
    /// Notes a mistake for `finish`, unless there is one already.
    #[cold]
    #[inline(never)]
    #[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
    pub(crate) extern "C" fn fail(&mut self, error: FinishError) {
        self.note(Fault { error, byte: None, is_in_cold: false });
    }

    /// Likewise, of a mistake that is about the instruction with this byte.
    #[cold]
    #[inline(never)]
    #[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
    pub(crate) extern "C" fn fail_at(&mut self, error: FinishError, byte: Pos) {
        self.note(Fault::at(error, byte));
    }

    pub(super) fn note(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    /// A mistake of a reference that is measured from `from`.
    pub(super) fn fault_of_reference(&self, error: FinishError, from: Pos) -> Fault {
        Fault::at(error, self.grows.byte_at(F::ORIGIN, from))
    }

    /// Takes over the mistake of a block that has been placed.
    pub(super) fn take_over_fault(&mut self, block: &mut Self, place: impl Fn(Pos) -> Pos) {
        if let Some(fault) = block.fault.take() {
            self.note(if fault.is_in_cold { fault } else { fault.moved(place) });
        }
    }

    /// Takes over the mistake of a cold part that has ended.
    pub(super) fn take_over_fault_of_cold(&mut self, part: &mut Self) {
        if let Some(fault) = part.fault.take() {
            self.note(Fault { is_in_cold: fault.byte.is_some(), ..fault });
        }
    }

    /// The cold code of which the mistake may be has got its place.
    pub(super) fn place_fault_of_cold(&mut self, place: impl Fn(Pos) -> Pos) {
        self.fault = self.fault.map(|fault| if fault.is_in_cold { fault.moved(place) } else { fault });
    }

    /// What was placed from `start` on has been moved.
    pub(super) fn move_fault(&mut self, start: Pos, moved: impl Fn(Pos) -> Pos) {
        self.fault = self.fault.map(|fault| match fault {
            Fault { byte: Some(byte), is_in_cold: false, .. } if byte > start => fault.moved(moved),
            _ => fault,
        });
    }

    /// Whether there is a mistake.
    pub(super) fn has_fault(&self) -> bool {
        self.fault.is_some()
    }

    /// Reports a mistake, and remembers where it was.
    pub(super) fn report(&mut self, result: Result<(), Fault>) -> Result<(), FinishError> {
        self.reported = result.err().and_then(|fault| fault.byte);
        result.map_err(|fault| fault.error)
    }

    /// A byte of the instruction that the mistake is about which was reported last.
    pub(crate) fn reported(&self) -> Option<Pos> {
        self.reported
    }
}

impl From<FinishError> for Fault {
    fn from(error: FinishError) -> Self {
        Fault { error, byte: None, is_in_cold: false }
    }
}
