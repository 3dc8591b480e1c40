//! Late immediates (see [`late`](crate::late)).

use super::X64;
use crate::{LateField, Placeholder, Range};

/// A kind of immediate that can be filled in later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LateImm {
    /// Four bytes: an immediate, sign-extended, or a displacement.
    Imm32,
}

impl LateField for LateImm {
    fn range_for(self, _: i64) -> Range {
        match self {
            LateImm::Imm32 => Range { low: i32::MIN.into(), high: i32::MAX.into(), step: 1 },
        }
    }

    fn find_placeholder(self, instruction: &[u8]) -> Option<usize> {
        let LateImm::Imm32 = self;
        let placeholder = i32::PLACEHOLDER.to_le_bytes();
        let mut places = (0..instruction.len()).filter(|&at| instruction[at..].starts_with(&placeholder));
        places.next().filter(|_| places.next().is_none())
    }

    fn write(self, code: &mut [u8], at: usize, value: i64) {
        let LateImm::Imm32 = self;
        if let Some(field) = code.get_mut(at..).and_then(|code| code.first_chunk_mut()) {
            *field = (value as i32).to_le_bytes();
        }
    }
}

impl Placeholder<X64> for i32 {
    // Fits no shorter field, and, being negative, none that is not sign-extended: `mov_r64_imm` would zero-extend 32
    // bits. Its bytes differ, so that with bytes beside it it is found at one place only.
    const PLACEHOLDER: i32 = -0x614B_2E19;
    const FIELD: LateImm = LateImm::Imm32;
}
