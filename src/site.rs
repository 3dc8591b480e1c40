//! Patch sites: places in code that are to be changed later, also while it runs.
//!
//! A guard that fails often gets a side trace, a call gets another target, a counter another limit. So that a thread which runs the code sees the old or the new
//! field and nothing between, the change must be one aligned store; so the field must lie inside eight aligned bytes. Where that is not so, instructions
//! that do nothing are placed behind the instruction, before it itself is. A site is recorded where it is made, and never searched for.
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

use crate::{Align, Code, Encoder, FinishError, Label, fixup::sealed};

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
pub enum SiteKind {
    /// The distance of a jump, a call or a RIP-relative operand: the last four bytes of an instruction, inside eight aligned bytes.
    X64Rel32,
    /// An immediate or displacement of four bytes, inside eight aligned bytes; the instruction's last ones.
    X64Imm32,
    /// An immediate of eight bytes, aligned to eight.
    X64Imm64,
    /// An instruction: B, BL, NOP or BRK.
    A64Branch,
    /// Data of eight bytes, aligned to eight, as LDR (literal) loads it.
    A64Literal,
    /// An address in eight bytes of data, aligned to eight, that code calls, jumps or loads through. On both instruction sets: a
    /// [constant](Encoder::constant_address) is one.
    Slot,
}

impl SiteKind {
    /// The field's length.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            SiteKind::X64Rel32 | SiteKind::X64Imm32 | SiteKind::A64Branch => 4,
            SiteKind::X64Imm64 | SiteKind::A64Literal | SiteKind::Slot => 8,
        }
    }

    /// Whether one store can change such a field at `at`, counted from an aligned place.
    pub(crate) const fn fits(self, at: usize) -> bool {
        match self {
            SiteKind::X64Rel32 | SiteKind::X64Imm32 => at % 8 <= 4,
            SiteKind::A64Branch => at.is_multiple_of(4),
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
    /// The field lies so that no single store can change it: it is another encoder's.
    Misaligned {
        /// The site.
        site: Site,
    },
}

impl core::fmt::Display for SiteError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            SiteError::Outside { kind } => write!(f, "no {kind:?} of this code: of another encoder, or rolled back"),
            SiteError::Misaligned { site } => write!(
                f,
                "no single store can change a {:?} at offset {:#x}: the point is of another encoder",
                site.kind, site.offset
            ),
        }
    }
}

impl core::error::Error for SiteError {}

impl<I: sealed::Isa> Encoder<'_, I> {
    /// Places one instruction (or eight bytes of data) by `place` so that its last field can be changed while the code runs.
    ///
    /// The code's end must be aligned: see [`Code::end_alignment`]. Inside a forward block this is a mistake that [`finish`](Self::finish) reports, since
    /// where that will lie is not known; so is an instruction too short for the field. In an [aligned](Self::aligned) block it counts as something aligned inside: it
    /// and what was placed before stay where they are, unless it is an [`A64Branch`](SiteKind::A64Branch), which is right wherever an instruction is.
    pub fn patchable(&mut self, kind: SiteKind, place: impl FnOnce(&mut Self)) -> PatchPoint {
        if self.cursor.is_forward() {
            self.references.fail(FinishError::AlignedInForwardBlock { align: 8 });
        }
        self.references.align(8);
        // What is moved comes to lie at any instruction's boundary.
        let is_pinned = kind != SiteKind::A64Branch;
        if is_pinned {
            self.pin();
        }
        I::before(self, 64);
        // The field ends where the instruction does, so it starts at a multiple of four below that.
        let end = self.cursor.placed();
        if !kind.fits((end + kind.bytes()).wrapping_neg()) {
            self.align_code(Align::of::<8>());
        }
        let field = self.pos().below(kind.bytes() as u32);
        place(self);
        if self.pos() < field {
            self.references.fail(FinishError::NoPatchField { kind, at: self.pos().from_end() });
        }
        let field = self.references.new_label(Some(field));
        if is_pinned {
            self.pin();
        }
        PatchPoint { field, kind }
    }
}

impl<I: sealed::Isa> Code<'_, I> {
    /// Where a patch point came to lie.
    ///
    /// # Errors
    /// [`SiteError::Outside`], [`SiteError::Misaligned`].
    pub fn site(&self, point: PatchPoint) -> Result<Site, SiteError> {
        let PatchPoint { field, kind } = point;
        let offset = self.offset_of(field).ok_or(SiteError::Outside { kind })?;
        let site = Site { offset, kind };
        // Counted from the end, which is aligned.
        if kind.fits(offset.wrapping_sub(self.bytes().len())) { Ok(site) } else { Err(SiteError::Misaligned { site }) }
    }
}
