//! Late immediates (see [`late`](crate::late)).

use super::{A64, AddImm, UImm};
use crate::{LateField, Placeholder, Range};

/// A kind of immediate that can be filled in later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LateImm {
    /// The twelve bits of ADD and SUB (immediate) and their shift: 0 to 4095, and multiples of 4096 up to 4095 of them.
    Add,
    /// The twelve bits of a load or store with an unsigned offset: multiples of `1 << log2`.
    Offset {
        /// The access's size in bytes, as a power of two.
        log2: u8,
    },
    /// The sixteen bits of MOVZ, MOVN and MOVK: 0 to 65535.
    Mov,
}

/// What stands in twelve and in sixteen bits until the value is known.
const TWELVE: u32 = 0xA5A;
const SIXTEEN: u32 = 0xA55A;
/// The bit of ADD and SUB (immediate) that shifts the twelve bits by as many.
const ADD_SHIFT: u32 = 1 << 22;

impl LateField for LateImm {
    fn range_for(self, value: i64) -> Range {
        let unsigned = |bits: u32, log2: u8| Range { low: 0, high: ((1 << bits) - 1) << log2, step: 1 << log2 };
        match self {
            LateImm::Add => unsigned(12, if value < 1 << 12 { 0 } else { 12 }),
            LateImm::Offset { log2 } => unsigned(12, log2),
            LateImm::Mov => unsigned(16, 0),
        }
    }

    fn find_placeholder(self, instruction: &[u8]) -> Option<usize> {
        let (mask, placeholder) = match self {
            LateImm::Add => (ADD_SHIFT | 0xFFF << 10, TWELVE << 10),
            LateImm::Offset { .. } => (0xFFF << 10, TWELVE << 10),
            LateImm::Mov => (0xFFFF << 5, SIXTEEN << 5),
        };
        let word = u32::from_le_bytes(instruction.try_into().ok()?);
        (word & mask == placeholder).then_some(0)
    }

    fn write(self, code: &mut [u8], at: usize, value: i64) {
        let (mask, bits) = match self {
            LateImm::Add if value < 1 << 12 => (0xFFF << 10, (value as u32) << 10),
            LateImm::Add => (0xFFF << 10, ADD_SHIFT | ((value >> 12) as u32) << 10),
            LateImm::Offset { log2 } => (0xFFF << 10, ((value >> log2) as u32) << 10),
            LateImm::Mov => (0xFFFF << 5, (value as u32) << 5),
        };
        if let Some(word) = code.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
            *word = (u32::from_le_bytes(*word) & !mask | bits).to_le_bytes();
        }
    }
}

impl Placeholder<A64> for AddImm {
    const PLACEHOLDER: AddImm = AddImm::of::<TWELVE>();
    const FIELD: LateImm = LateImm::Add;
}

impl<const LOG2: u32> Placeholder<A64> for UImm<12, LOG2> {
    const PLACEHOLDER: Self = match UImm::from_bits(TWELVE) {
        Some(placeholder) => placeholder,
        None => panic!("twelve bits"),
    };
    const FIELD: LateImm = LateImm::Offset { log2: LOG2 as u8 };
}

impl Placeholder<A64> for u16 {
    const PLACEHOLDER: u16 = SIXTEEN as u16;
    const FIELD: LateImm = LateImm::Mov;
}
