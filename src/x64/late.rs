//! Late immediates (see [`late`](crate::late)).

use super::X64;
use crate::{LateField, Placeholder, Range};

/// A kind of immediate that can be filled in later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LateImm {
    /// The instruction's last four bytes: an immediate, sign-extended, or a displacement with no immediate behind it.
    Imm32,
}

impl LateField for LateImm {
    fn range(self) -> Range {
        match self {
            LateImm::Imm32 => Range { low: i32::MIN.into(), high: i32::MAX.into(), step: 1 },
        }
    }

    fn has_placeholder(self, code: &[u8], from: usize) -> bool {
        let LateImm::Imm32 = self;
        code.get(..from).is_some_and(|code| code.ends_with(&i32::PLACEHOLDER.to_le_bytes()))
    }

    fn write(self, code: &mut [u8], from: usize, value: i64) {
        let LateImm::Imm32 = self;
        if let Some(field) = code.get_mut(..from).and_then(|code| code.last_chunk_mut()) {
            *field = (value as i32).to_le_bytes();
        }
    }
}

impl Placeholder<X64> for i32 {
    // Fits no shorter field, and, being negative, none that is not sign-extended: `mov_r64_imm` would zero-extend 32 bits.
    const PLACEHOLDER: i32 = -0x5A5A_5A5B;
    const FIELD: LateImm = LateImm::Imm32;
}
