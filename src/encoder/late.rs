//! Late immediates: constants that are used before they are known.
//!
//! A backward assembler meets a function's epilogues before its prologue, and so places `add rsp, frame` before it is
//! known how large the frame is. A [`Late`] stands for such a constant. An instruction is placed with a *placeholder*,
//! whose type says which kind of immediate it is, and which selects the widest encoding; the prologue sets the
//! constant; `finish` replaces the placeholder, and fails if the value does not fit or the placeholder is not where it
//! should be.
//!
//! ```
//! use tailfirst::x64::*;
//!
//! let mut enc = Encoder::new();
//! let frame = enc.late();
//! enc.ret();
//! enc.with_late(frame, |enc, imm: i32| enc.add_rm64_imm(RSP, imm));
//! // ... the body, which decides how large the frame is ...
//! enc.set_late(frame, 40);
//! enc.sub_rm64_imm(RSP, 40);
//! assert_eq!(enc.finish()?.bytes()[4..11], [0x48, 0x81, 0xC4, 40, 0, 0, 0]);
//! # Ok::<(), tailfirst::FinishError>(())
//! ```
//!
//! What lies above the frame is at the constant and something more, which is a sum:
//!
//! ```
//! # use tailfirst::x64::*;
//! # let mut enc = Encoder::new();
//! # let frame = enc.late();
//! // The first argument on the stack, behind the return address.
//! enc.with_late(frame + 8, |enc, displacement: i32| enc.mov_r64_rm64(RAX, RSP + displacement));
//! # enc.set_late(frame, 40);
//! # assert_eq!(enc.finish()?.bytes(), [0x48, 0x8B, 0x84, 0x24, 48, 0, 0, 0]);
//! # Ok::<(), tailfirst::FinishError>(())
//! ```

use crate::{
    Direction, Encoder, Field, Isa, Range,
    references::label::{NUMBERS_APART, Pos},
};
use core::ops::{Add, Sub};

/// A constant of one encoder that is set later. Strange ones are reported as strange [labels](crate::Label) are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Late(pub(crate) u32);

impl core::fmt::Display for Late {
    /// How many late immediates its encoder had made before.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "late immediate {}", self.0 % NUMBERS_APART)
    }
}

/// A [`Late`] and a number that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LateSum {
    pub(crate) late: Late,
    pub(crate) plus: i64,
}

impl From<Late> for LateSum {
    fn from(late: Late) -> Self {
        LateSum { late, plus: 0 }
    }
}

impl Add<i32> for Late {
    type Output = LateSum;

    fn add(self, plus: i32) -> LateSum {
        LateSum { late: self, plus: plus.into() }
    }
}

impl Sub<i32> for Late {
    type Output = LateSum;

    fn sub(self, minus: i32) -> LateSum {
        LateSum { late: self, plus: -i64::from(minus) }
    }
}

/// A kind of immediate that can be filled in later.
pub trait LateField: Copy + core::fmt::Debug + PartialEq {
    /// The values that the field can hold; of a field that scales large values, those of the kind of `value`.
    fn range_for(self, value: i64) -> Range;

    /// Where the placeholder is in an instruction; `None` if it is not there exactly once, or this is not one
    /// instruction.
    fn find_placeholder(self, instruction: &[u8]) -> Option<usize>;

    /// Writes a value in range to the place of the placeholder, index `at` of `code`.
    fn write(self, code: &mut [u8], at: usize, value: i64);
}

/// A type of immediate that can be filled in later: `i32` on x86-64, and on AArch64 [`AddImm`](crate::aarch64::AddImm),
/// [`UImm<12, _>`](crate::aarch64::UImm) and `u16`.
pub trait Placeholder<I: Isa>: Copy {
    /// What stands for the value until it is known.
    const PLACEHOLDER: Self;
    /// Where it stands.
    const FIELD: I::LateField;
}

/// A use of a late immediate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LateUse<L> {
    /// The positions before and behind the instruction.
    pub(crate) earlier: Pos,
    pub(crate) later: Pos,
    /// What positions in errors are: as those of references are, its end on x86-64, its start on AArch64.
    pub(crate) at: Pos,
    pub(crate) late: LateSum,
    pub(crate) field: L,
    /// Where the value is in the instruction, when it is where the placeholder was.
    pub(crate) inside: Option<usize>,
}

impl<I: Isa, D: Direction> Encoder<'_, I, D> {
    /// A new late immediate.
    pub fn late(&mut self) -> Late {
        self.references.new_late()
    }

    /// Places one instruction by `place`, which gets a placeholder for `late` to use once: as its immediate, or (on
    /// x86-64) as its displacement. `late` is a [`Late`], or one and a number: `frame + 8`.
    ///
    /// `finish` fails with [`LateOutOfRange`](crate::FinishError::LateOutOfRange) if the value does not fit, and with
    /// [`LateMisplaced`](crate::FinishError::LateMisplaced) if the placeholder is not in what `place` has placed, or
    /// more than once, or if that is more than one instruction of AArch64.
    pub fn with_late<P: Placeholder<I>>(&mut self, late: impl Into<LateSum>, place: impl FnOnce(&mut Self, P)) {
        let late = late.into();
        I::before(self, 64);
        let earlier = self.pos();
        // What a panic leaves may have the placeholder.
        self.and_then(
            |enc| place(enc, P::PLACEHOLDER),
            |enc| {
                let later = enc.pos();
                let at = I::Field::ORIGIN.of(D::GROWS, earlier, later);
                enc.references.use_late(LateUse { earlier, later, at, late, field: P::FIELD, inside: None });
            },
        );
    }

    /// Gives a late immediate its value.
    ///
    /// Setting one twice is a mistake that [`finish`](Self::finish) reports; so is using one that is never set.
    pub fn set_late(&mut self, late: Late, value: i64) {
        self.references.set_late(late, value);
    }
}
