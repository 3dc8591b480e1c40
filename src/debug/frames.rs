//! Frame rules as perf wants them, for the file that it makes of a function.
//!
//! ```text
//!  code | to a multiple of 8 | .eh_frame | .eh_frame_hdr
//! ```
//!
//! perf lays the file out so, at addresses that only it knows. So what leads from the rules to the code has to be
//! relative to where it stands. A [`Function`] has an `.eh_frame` for the unwinder of its process, with absolute
//! addresses; here it is written again with distances, and the header is made that says which rules are which
//! function's (Linux Standard Base, 'Exception Frames').
//!
//! Read is what [`UnwindTable::eh_frame`](crate::unwind::UnwindTable::eh_frame) and [`EhFrame`](crate::unwind::EhFrame)
//! write: entries of version 1 without an augmentation. Anything else has no relative form here.

use super::Function;
use std::collections::HashMap;

/// How an address is written: the distance from the field, in four signed bytes.
const FROM_FIELD: u8 = 0x1B;
/// The same, the distance from the header.
const FROM_HEADER: u8 = 0x3B;
/// A number of four bytes.
const NUMBER: u8 = 0x03;

/// The two sections.
pub(super) struct Frames {
    pub(super) eh_frame: Vec<u8>,
    pub(super) header: Vec<u8>,
}

/// The sections for a function; `None` if it has no rules, or they cannot be read, or are too far apart.
pub(super) fn relative(function: &Function<'_>) -> Option<Frames> {
    // From here on addresses are counted from the code's start.
    let base = function.code.len().checked_next_multiple_of(8)? as i64;
    let mut eh_frame = Vec::new();
    let mut common = HashMap::new();
    let mut entries = Vec::new();
    let mut rest = Reader { bytes: function.eh_frame, at: 0 };
    loop {
        let start = rest.at;
        let len = match rest.u32()? {
            0 => break,
            len => len as usize,
        };
        let id_at = rest.at;
        let mut entry = Reader { bytes: rest.take(len)?, at: 0 };
        let new_start = eh_frame.len();
        // Their length comes at last.
        eh_frame.extend([0; 4]);
        match entry.u32()? {
            0 => {
                let [1, 0] = entry.take(2)? else { return None };
                let factors = entry.rest();
                // The two alignment factors and the column of the return address.
                entry.leb128()?;
                entry.leb128()?;
                entry.take(1)?;
                let factors = &factors[..factors.len() - entry.rest().len()];
                eh_frame.extend([0, 0, 0, 0, 1, b'z', b'R', 0]);
                eh_frame.extend(factors);
                eh_frame.extend([1, FROM_FIELD]);
                common.insert(start, new_start);
            }
            back => {
                let its_common = common.get(&id_at.checked_sub(back as usize)?)?;
                let (begin, len) = (entry.u64()?, entry.u64()?);
                let begin = begin.wrapping_sub(function.address);
                if begin >= function.code.len() as u64 {
                    // Another function's, which has a file of its own.
                    eh_frame.truncate(new_start);
                    continue;
                }
                entries.push((begin as i64, base + new_start as i64));
                let back = (eh_frame.len() - its_common) as u32;
                eh_frame.extend(back.to_ne_bytes());
                let field = base + eh_frame.len() as i64;
                eh_frame.extend(distance(field, begin as i64)?);
                eh_frame.extend(u32::try_from(len).ok()?.to_ne_bytes());
                eh_frame.push(0);
            }
        }
        eh_frame.extend(entry.rest());
        // To the next multiple with instructions that do nothing.
        eh_frame.resize(eh_frame.len().next_multiple_of(8), 0);
        let len = (eh_frame.len() - new_start - 4) as u32;
        eh_frame[new_start..][..4].copy_from_slice(&len.to_ne_bytes());
    }
    if entries.is_empty() {
        return None;
    }
    // No further entry; the header stays aligned.
    eh_frame.extend([0; 8]);

    let here = base + eh_frame.len() as i64;
    let mut header = vec![1, FROM_FIELD, NUMBER, FROM_HEADER];
    header.extend(distance(here + 4, base)?);
    header.extend((entries.len() as u32).to_ne_bytes());
    entries.sort_unstable();
    for (begin, entry) in entries {
        header.extend(distance(here, begin)?);
        header.extend(distance(here, entry)?);
    }
    Some(Frames { eh_frame, header })
}

fn distance(from: i64, to: i64) -> Option<[u8; 4]> {
    Some(i32::try_from(to - from).ok()?.to_ne_bytes())
}

/// What is left to read.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or(&[])
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let taken = self.rest().get(..len)?;
        self.at += len;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_ne_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_ne_bytes(self.take(8)?.try_into().ok()?))
    }

    /// Passes a number of seven bits a byte.
    fn leb128(&mut self) -> Option<()> {
        while self.take(1)?[0] >= 0x80 {}
        Some(())
    }
}
