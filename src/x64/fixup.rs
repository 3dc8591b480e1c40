//! PC-relative fields.

use crate::{Edge, Field, Range};

/// A field that refers to a place. Distances are measured from the end of the instruction, or of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rel {
    /// One byte, the instruction's last.
    Rel8,
    /// Four bytes of a branch or call, the instruction's last.
    Rel32,
    /// Four bytes of a RIP-relative operand, with so many bytes of the instruction behind them.
    Disp32 {
        /// The immediate's bytes: 0, 1, 2 or 4.
        trailing: u8,
        /// What the operand adds to the target's address, in bytes.
        addend: i16,
    },
    /// Four bytes of data: the distance of the target from the data itself.
    Offset32,
    /// Eight bytes of data: the target's address. Depends on where the code runs.
    Address64,
}

impl Rel {
    /// The field of near branches and calls.
    pub const NEAR: Rel = Rel::Rel32;

    #[inline(always)]
    pub(crate) const fn disp32(trailing: usize, addend: i16) -> Rel {
        Rel::Disp32 { trailing: trailing as u8, addend }
    }

    /// What the field adds to a distance.
    #[inline(always)]
    pub(crate) const fn addend(self) -> i64 {
        match self {
            Rel::Disp32 { addend, .. } => addend as i64,
            // It is counted from the data's end.
            Rel::Offset32 => 4,
            Rel::Rel8 | Rel::Rel32 | Rel::Address64 => 0,
        }
    }
}

impl Field for Rel {
    const ORIGIN: Edge = Edge::End;

    #[inline(always)]
    fn range(self) -> Range {
        match self {
            Rel::Rel8 => Range { low: -128, high: 127, step: 1 },
            Rel::Rel32 | Rel::Disp32 { .. } | Rel::Offset32 => {
                Range { low: i32::MIN as i64 - self.addend(), high: i32::MAX as i64 - self.addend(), step: 1 }
            }
            Rel::Address64 => Range { low: i64::MIN, high: i64::MAX, step: 1 },
        }
    }

    #[inline(always)]
    fn reaches(self, distance: i64) -> bool {
        // A buffer is smaller than 2 GiB; one that has overflowed is refused for that.
        matches!(self, Rel::Rel32 | Rel::Disp32 { addend: 0, .. }) || self.range().holds(distance)
    }

    #[inline(always)]
    fn write(self, code: &mut [u8], from: usize, distance: i64) {
        // An instruction that has the field is as long as this says, so the bytes are there.
        match self {
            Rel::Rel8 => put(code, from.wrapping_sub(1), [distance as u8]),
            Rel::Rel32 => put(code, from.wrapping_sub(4), (distance as i32).to_le_bytes()),
            Rel::Disp32 { trailing, .. } => {
                let value = (distance + self.addend()) as i32;
                put(code, from.wrapping_sub(4 + usize::from(trailing)), value.to_le_bytes());
            }
            Rel::Offset32 => put(code, from.wrapping_sub(4), ((distance + self.addend()) as i32).to_le_bytes()),
            Rel::Address64 => put(code, from.wrapping_sub(8), distance.to_le_bytes()),
        }
    }

    #[inline(always)]
    fn fill(self, code: &mut [u8], from: usize, distance: i64) -> Option<()> {
        if self != Rel::Rel32 {
            return self.fill_other(code, from, distance);
        }
        // By itself, for speed: most are of this kind, which reaches everything. Counted from the end it takes one
        // comparison.
        let behind = code.len().wrapping_sub(from);
        let start = code.len().checked_sub(behind.wrapping_add(4))?;
        *code.get_mut(start..)?.first_chunk_mut()? = (distance as i32).to_le_bytes();
        Some(())
    }

    fn is_branch(self) -> bool {
        matches!(self, Rel::Rel8 | Rel::Rel32)
    }

    #[inline(always)]
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
    fn fill_other(self, code: &mut [u8], from: usize, distance: i64) -> Option<()> {
        self.reaches(distance).then(|| self.write(code, from, distance))
    }
}

/// Writes a field, which is inside the code.
#[inline(always)]
fn put<const N: usize>(code: &mut [u8], start: usize, bytes: [u8; N]) {
    if let Some(field) = code.get_mut(start..).and_then(|rest| rest.first_chunk_mut()) {
        *field = bytes;
    }
}
