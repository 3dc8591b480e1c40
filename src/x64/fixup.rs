//! PC-relative fields.

use crate::fixup::{Field, Range};

/// A field that refers to a place. Distances are measured from the end of the instruction, or of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rel {
    /// One byte, the instruction's last.
    Rel8,
    /// Four bytes, with so many bytes of the instruction behind them.
    Disp32 {
        /// The immediate's bytes: 0, 1, 2 or 4.
        trailing: u8,
    },
    /// Four bytes of data: the distance of the target from the data itself.
    Offset32,
    /// Eight bytes of data: the target's address. Depends on where the code runs.
    Address64,
}

impl Rel {
    /// The field of near branches and calls.
    pub const NEAR: Rel = Rel::disp32(0);

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
            // The field holds four more.
            Rel::Offset32 => Range { low: i32::MIN as i64 - 4, high: i32::MAX as i64 - 4, step: 1 },
            Rel::Address64 => Range { low: i64::MIN, high: i64::MAX, step: 1 },
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
            Rel::Rel8 => put(code, from.wrapping_sub(1), [distance as u8]),
            Rel::Disp32 { trailing } => {
                put(code, from.wrapping_sub(4 + usize::from(trailing)), (distance as i32).to_le_bytes());
            }
            Rel::Offset32 => put(code, from.wrapping_sub(4), ((distance + 4) as i32).to_le_bytes()),
            Rel::Address64 => put(code, from.wrapping_sub(8), distance.to_le_bytes()),
        }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn fill(self, code: &mut [u8], from_end: usize, distance: i64) -> Option<()> {
        if self != Rel::NEAR {
            return self.fill_other(code, from_end, distance);
        }
        // By itself, for speed: most are of this kind, which reaches everything.
        let below = from_end + 4;
        let (_, field) = code.split_at_mut_checked(code.len().wrapping_sub(below))?;
        *field.first_chunk_mut()? = (distance as i32).to_le_bytes();
        Some(())
    }

    fn is_branch(self, code: &[u8], from: usize) -> bool {
        match self {
            Rel::Rel8 => true,
            // Before the displacement of an operand stands its ModRM byte, with mod 00 and r/m 101; no branch's opcode ends in such a byte.
            Rel::Disp32 { trailing: 0 } => {
                from.checked_sub(5).and_then(|at| code.get(at)).is_some_and(|byte| byte & 0xC7 != 0x05)
            }
            Rel::Disp32 { .. } | Rel::Offset32 | Rel::Address64 => false,
        }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn needs_address(self) -> bool {
        self == Rel::Address64
    }

    fn distance(self, from: u64, to: u64) -> i64 {
        match self {
            Rel::Address64 => to as i64,
            _ => to.wrapping_sub(from) as i64,
        }
    }
}

impl Rel {
    #[inline(never)]
    fn fill_other(self, code: &mut [u8], from_end: usize, distance: i64) -> Option<()> {
        let from = code.len().wrapping_sub(from_end);
        self.reaches(distance).then(|| self.write(code, from, distance))
    }
}

/// Writes a field, which is inside the code.
#[cfg_attr(not(debug_assertions), inline(always))]
fn put<const N: usize>(code: &mut [u8], start: usize, bytes: [u8; N]) {
    if let Some(field) = code.get_mut(start..).and_then(|rest| rest.first_chunk_mut()) {
        *field = bytes;
    }
}
