//! The one store of a patch.

use super::Value;
use crate::{
    Range, SiteKind,
    words::{
        Instruction,
        aarch64::{B, B_COND, BC_COND, BL, BRK, CBNZ_W, CBNZ_X, CBZ_W, CBZ_X, NOP, TBNZ, TBZ},
    },
};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

impl SiteKind {
    /// From where distances are measured, from the field's start.
    pub(super) fn origin(self) -> u64 {
        if self == SiteKind::X64Rel32 { 4 } else { 0 }
    }

    pub(super) fn range(self) -> Range {
        match self {
            SiteKind::A64Branch => Reach::Bits26.range(),
            _ => Range { low: i32::MIN.into(), high: i32::MAX.into(), step: 1 },
        }
    }
}

/// A branch's distance, of so many bits.
#[derive(Clone, Copy)]
pub(super) enum Reach {
    Bits26,
    Bits19,
    Bits14,
}

impl Reach {
    /// That of an instruction that may stand at a conditional branch's site. One that is no branch is to become a B.
    pub(super) fn of(word: u32) -> Option<Reach> {
        let is_any = |of: &[Instruction]| of.iter().any(|instruction| instruction.is(word));
        if exchangeable(word) {
            Some(Reach::Bits26)
        } else if is_any(&[B_COND, BC_COND, CBZ_W, CBZ_X, CBNZ_W, CBNZ_X]) {
            Some(Reach::Bits19)
        } else if is_any(&[TBZ, TBNZ]) {
            Some(Reach::Bits14)
        } else {
            None
        }
    }

    pub(super) const fn range(self) -> Range {
        let bits = match self {
            Reach::Bits26 => 26,
            Reach::Bits19 => 19,
            Reach::Bits14 => 14,
        };
        // In words, with a sign.
        Range { low: -(4 << (bits - 1)), high: (4 << (bits - 1)) - 4, step: 4 }
    }

    /// The instruction, leading so far.
    pub(super) fn lead(self, word: u32, distance: i64) -> u32 {
        let words = (distance >> 2) as u32;
        let (bits, at) = match self {
            Reach::Bits26 => return if BL.is(word) { BL } else { B }.with(words),
            Reach::Bits19 => (19, 5),
            Reach::Bits14 => (14, 5),
        };
        let mask = ((1 << bits) - 1) << at;
        word & !mask | words << at & mask
    }
}

/// What a field's bits become.
#[derive(Clone, Copy)]
pub(super) enum Change {
    Four(u32),
    Eight(u64),
    /// B or BL, so far away.
    Branch(i64),
    Instruction(u32),
}

/// Whether an instruction may be exchanged for another such one while threads run it.
pub(super) fn exchangeable(word: u32) -> bool {
    [B, BL, NOP, BRK].iter().any(|instruction| instruction.is(word))
}

/// The bits of a field.
#[derive(Clone, Copy)]
pub(super) enum Word {
    Four(u32),
    Eight(u64),
}

impl Word {
    /// As the value that the kind takes, for a field at `address`.
    pub(super) fn into_value(self, address: u64, kind: SiteKind) -> Value {
        match (self, kind) {
            (Word::Four(bits), SiteKind::X64Rel32) => {
                Value::Target((address + kind.origin()).wrapping_add(bits as i32 as u64))
            }
            (Word::Four(bits), SiteKind::A64Branch | SiteKind::A64Conditional) => Value::Instruction(bits),
            (Word::Four(bits), _) => Value::I32(bits as i32),
            (Word::Eight(bits), SiteKind::Slot) => Value::Target(bits),
            (Word::Eight(bits), _) => Value::U64(bits),
        }
    }
}

/// # Safety
/// The field can be read, lies as `SiteKind::fits` says, and is not written meanwhile.
pub(super) unsafe fn read(field: *const u8, kind: SiteKind) -> Word {
    // SAFETY: the caller's promise.
    unsafe {
        match kind.bytes() {
            8 => Word::Eight(field.cast::<u64>().read_unaligned()),
            _ => Word::Four(field.cast::<u32>().read_unaligned()),
        }
    }
}

/// Stores what a change makes of a field, in one piece. Gives what was there.
///
/// # Safety
/// The field's aligned eight bytes can be written (its four, for a branch of AArch64), it lies in them as
/// `SiteKind::fits` says, and nobody else writes.
pub(super) unsafe fn exchange(field: *mut u8, kind: SiteKind, change: Change) -> Word {
    let at = field.addr() % 8;
    // SAFETY: the caller's promise.
    unsafe {
        debug_assert!(kind.fits(field.addr()));
        let old = read(field, kind);
        // Release: what new code or data this leads to was written before.
        match (change, old) {
            (Change::Eight(new), _) => AtomicU64::from_ptr(field.cast()).store(new, Ordering::Release),
            (Change::Four(new), _) => {
                let word = AtomicU64::from_ptr(field.sub(at).cast());
                let mut bytes = word.load(Ordering::Relaxed).to_ne_bytes();
                bytes[at..at + 4].copy_from_slice(&new.to_ne_bytes());
                word.store(u64::from_ne_bytes(bytes), Ordering::Release);
            }
            (Change::Instruction(new), _) => AtomicU32::from_ptr(field.cast()).store(new, Ordering::Release),
            (Change::Branch(distance), Word::Four(old)) => {
                let new = Reach::Bits26.lead(old, distance);
                AtomicU32::from_ptr(field.cast()).store(new, Ordering::Release);
            }
            // A branch's field has four bytes.
            (Change::Branch(_), Word::Eight(_)) => {}
        }
        old
    }
}
