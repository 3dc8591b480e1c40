//! PC-relative fields.

use crate::fixup::{Field, Range};

/// A PC-relative field. Distances are measured from the end of the instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rel {
    /// One byte, the instruction's last.
    Rel8,
    /// Four bytes, with so many bytes of the instruction behind them.
    Disp32 {
        /// The immediate's bytes: 0, 1, 2 or 4.
        trailing: u8,
    },
}

impl Rel {
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn disp32(trailing: usize) -> Rel {
        Rel::Disp32 { trailing: trailing as u8 }
    }
}

impl Field for Rel {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn range(self) -> Range {
        match self {
            Rel::Rel8 => Range { low: -128, high: 127, step: 1 },
            Rel::Disp32 { .. } => Range { low: i32::MIN as i64, high: i32::MAX as i64, step: 1 },
        }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn reaches(self, distance: i64) -> bool {
        // A buffer is smaller than 2 GiB; one that has overflowed is refused for that.
        matches!(self, Rel::Disp32 { .. }) || self.range().holds(distance)
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn write(self, code: &mut [u8], from: usize, distance: i64) {
        // An instruction that has the field is as long as this says, so the bytes are there.
        match self {
            Rel::Rel8 => {
                if let Some(byte) = code.get_mut(from.wrapping_sub(1)) {
                    *byte = distance as u8;
                }
            }
            Rel::Disp32 { trailing } => {
                let start = from.wrapping_sub(4 + usize::from(trailing));
                if let Some(field) = code.get_mut(start..).and_then(|rest| rest.first_chunk_mut()) {
                    *field = (distance as i32).to_le_bytes();
                }
            }
        }
    }
}
