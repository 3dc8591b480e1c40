//! Patch sites: places in code that are to be changed later, also while it runs.
//!
//! A guard that fails often gets a side trace, a call gets another target, a counter another limit. So that a thread
//! which runs the code sees the old or the new field and nothing between, the change must be one aligned store; so the
//! field must lie inside eight aligned bytes. Where that is not so, instructions that do nothing are placed behind the
//! instruction, before it itself is. A site is recorded where it is made, and never searched for.
//!
//! ```
//! use tailfirst::{SiteKind, x64::*};
//!
//! let mut enc = Encoder::new();
//! enc.ret();
//! let exit = enc.here();
//! let guard = enc.patchable(SiteKind::X64Rel32, |enc| enc.jmp_rel32(exit));
//! let code = enc.finish()?;
//! let site = code.site(guard).expect("placed, and aligned");
//! assert_eq!(code.bytes()[site.offset - 1], 0xE9);
//! # Ok::<(), tailfirst::FinishError>(())
//! ```
//!
//! With feature `exec`, `ExecCode::patch` changes sites in code that runs; `exec::Value` says what each kind takes.

use crate::{
    Align, Code, Direction, Encoder, Field, FinishError, Isa, Label, Pos, direction::Grows,
    references::hidden::References,
};

/// A place in code that can be changed while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Site {
    /// Offset of the field's first byte from the start of the code.
    pub offset: usize,
    /// What is there.
    pub kind: SiteKind,
}

/// What kind of field a [`Site`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SiteKind {
    /// The distance of a jump, a call or a RIP-relative operand: the last four bytes of an instruction, inside eight
    /// aligned bytes.
    X64Rel32,
    /// An immediate or displacement of four bytes, inside eight aligned bytes; the instruction's last ones.
    X64Imm32,
    /// An immediate of eight bytes, aligned to eight.
    X64Imm64,
    /// An instruction: B, BL, NOP or BRK.
    A64Branch,
    /// A conditional branch: B.cond, BC.cond, CBZ, CBNZ, TBZ or TBNZ. It cannot be changed while threads run it, only
    /// by `ExecCode::patch_stopped`.
    A64Conditional,
    /// Data of eight bytes, aligned to eight, as LDR (literal) loads it.
    A64Literal,
    /// An address in eight bytes of data, aligned to eight, that code calls, jumps or loads through. On both
    /// instruction sets: a [constant](Encoder::constant_address) is one.
    Slot,
}

impl SiteKind {
    /// The field's length.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            SiteKind::X64Rel32 | SiteKind::X64Imm32 | SiteKind::A64Branch | SiteKind::A64Conditional => 4,
            SiteKind::X64Imm64 | SiteKind::A64Literal | SiteKind::Slot => 8,
        }
    }

    /// Whether one store can change such a field at `at`, counted from an aligned place.
    pub(crate) const fn fits(self, at: usize) -> bool {
        match self {
            SiteKind::X64Rel32 | SiteKind::X64Imm32 => at % 8 <= 4,
            SiteKind::A64Branch | SiteKind::A64Conditional => at.is_multiple_of(4),
            SiteKind::X64Imm64 | SiteKind::A64Literal | SiteKind::Slot => at.is_multiple_of(8),
        }
    }
}

/// A site of code that is not finished yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PatchPoint {
    /// The field's first byte.
    field: Label,
    kind: SiteKind,
}

/// Why a [`PatchPoint`] is no site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SiteError {
    /// The code does not contain it: it is another encoder's, or was rolled back.
    Outside {
        /// What it was to be.
        kind: SiteKind,
    },
}

impl core::fmt::Display for SiteError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            SiteError::Outside { kind } => write!(f, "no {kind:?} of this code: of another encoder, or rolled back"),
        }
    }
}

impl core::error::Error for SiteError {}

impl<I: Isa, D: Direction> Encoder<'_, I, D> {
    /// Places one instruction (or eight bytes of data) by `place` so that its last field can be changed while the code
    /// runs.
    ///
    /// `place` may be called twice: in an encoder that grows up, where an instruction's end is known when it has been
    /// placed, a first try is rolled back if the field does not lie as it must.
    ///
    /// The code's base must be aligned: see [`Code::end_alignment`] and [`Code::start_alignment`].
    ///
    /// What `place` has placed must have such a field, which [`finish`](Self::finish) checks (`NoPatchField`): the one
    /// reference in it is of the kind's field, at its end, and its length is one that fits the kind. That the last
    /// bytes of an instruction are an immediate is not known, and not checked. Labels are as if pending in `place`, so
    /// branches have their near form.
    ///
    /// Inside an [aligned](Self::aligned) block, a patch site settles the position of everything placed so far, except
    /// branches of AArch64, which need no alignment. So the block's gap comes to lie between the site and what is
    /// placed next, inside the loop. Where that is not wanted, write the loop [forward](Self::forward): there its gap
    /// comes before it is placed.
    pub fn patchable(&mut self, kind: SiteKind, place: impl Fn(&mut Self)) -> PatchPoint {
        self.references.align(8);
        // What is moved comes to lie at any instruction's boundary.
        let is_settled = !matches!(kind, SiteKind::A64Branch | SiteKind::A64Conditional);
        if is_settled {
            self.settle();
        }
        I::before(self, 64);
        // A field that fits begins and ends at a multiple of four, where others are too far from the next eight.
        let unit = if kind.bytes() == 8 { Align::of::<8>() } else { Align::of::<4>() };
        let (mut is_site, field) = match D::GROWS {
            Grows::Down => {
                // The field ends where the instruction does, so it starts so many bytes below that.
                let field = self.cursor.placed() + kind.bytes();
                if !kind.fits(field.wrapping_neg()) {
                    self.align_code(unit);
                }
                let field = self.pos().ahead(kind.bytes() as u32);
                (self.place_site(kind, &place), field)
            }
            Grows::Up => {
                let before = self.snapshot();
                let field_at = |enc: &Self| enc.cursor.placed().saturating_sub(kind.bytes());
                let mut is_site = self.place_site(kind, &place);
                let at = field_at(self);
                if is_site && !kind.fits(at) {
                    self.rollback(before);
                    I::place_gap(self, unit.gap(at));
                    is_site = self.place_site(kind, &place);
                }
                (is_site, Pos::at(field_at(self) as u32))
            }
        };
        is_site &= self.pos() >= field;
        if !is_site {
            let at = self.pos();
            self.references.fail_at(FinishError::NoPatchField { kind, at: at.from_base() }, D::GROWS.last_byte(at));
        }
        let field = self.references.new_label(Some(field.min(self.pos())));
        if is_settled {
            self.settle();
        }
        PatchPoint { field, kind }
    }

    /// Places what is to be a site, and says whether it can be one.
    fn place_site(&mut self, kind: SiteKind, place: &impl Fn(&mut Self)) -> bool {
        let earlier = self.pos();
        let hidden = self.references.hide_labels();
        let mut reference = References::None;
        self.and_then(place, |enc| reference = enc.references.show_labels(hidden));
        let later = self.pos();
        let origin = I::Field::ORIGIN.of(D::GROWS, earlier, later);
        let field = match reference {
            References::None => None,
            References::One(from, field) if from == origin => Some(field),
            References::One(..) | References::Several => return false,
        };
        I::is_site(kind, later.from_base().saturating_sub(earlier.from_base()), field)
    }
}

impl<I: Isa> Code<'_, I> {
    /// Where a patch point came to lie.
    ///
    /// # Errors
    /// [`SiteError::Outside`].
    pub fn site(&self, point: PatchPoint) -> Result<Site, SiteError> {
        let PatchPoint { field, kind } = point;
        // Of another encoder, the label may have the number of any here: it may stand where the code ends, or where no
        // single store can change the field. (Counted from the base, which is aligned.)
        let is_site = |&offset: &usize| {
            self.bytes().len() - offset >= kind.bytes() && kind.fits(offset.wrapping_sub(self.base()))
        };
        let offset = self.offset_of(field).filter(is_site).ok_or(SiteError::Outside { kind })?;
        Ok(Site { offset, kind })
    }
}
