//! Ways to what near branches do not reach.
//!
//! There are two. Both are 16 bytes: a jump through the eight bytes behind it, which hold the target's address.
//!
//! ```text
//!  x86-64   jmp [rip + 2]          ud2                 .quad target
//!  AArch64  ldr x16, #8            br x16              .quad target
//! ```
//!
//! A *stub* is there for all codes of the arena, and stays as long as that: [`Arena::callable`](super::Arena::callable)
//! makes one for a target. Stubs fill pieces of the arena that are published first and filled then, as
//! [patches](super::patch) are, since stubs beside them are running.
//!
//! A *veneer* belongs to one code, and is freed with it: linking makes one for each target that a branch of the code
//! does not reach. Veneers lie below code that grew down, and above code that grew up, in its region, so that
//! conditional branches, which on AArch64 reach less than an arena, reach them as long as the code is not longer than
//! that. When code is linked, an encoder still borrows the region; so the veneers' places are given then, and they are
//! written when it is published.
//!
//! ```text
//!  region   | free        | veneer 1 | veneer 0 | gap | code |       | code | gap | veneer 0 | veneer 1 |        free |
//!                                   multiples of 16 bytes    ^ end  start ^          multiples of 16 bytes
//!                                                                 multiples of 64
//! ```

use super::{
    ExecError,
    pieces::{Owner, Piece, Shared, TRAP},
};
use crate::{
    direction::Grows,
    words::{aarch64, x64},
};
use std::{
    collections::HashMap,
    ops::Range,
    sync::{
        PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Bytes of a stub or a veneer, and of a piece for stubs.
pub(super) const STUB: usize = 16;
const PIECE: usize = 4096;

/// What stands before the address.
const JUMP: [u8; 8] = if cfg!(target_arch = "x86_64") { X64_JUMP } else { A64_JUMP };

const X64_JUMP: [u8; 8] = {
    const RIP_RELATIVE: u8 = 0b101;
    let ([jmp, modrm], ud2) = (x64::JMP_RM64, x64::UD2);
    [jmp, modrm | RIP_RELATIVE, ud2.len() as u8, 0, 0, 0, ud2[0], ud2[1]]
};

const A64_JUMP: [u8; 8] = {
    const X16: u32 = 16;
    // The distance is in instructions.
    let [a, b, c, d] = aarch64::LDR_X_LIT.with((8 / 4) << 5 | X16).to_le_bytes();
    let [e, f, g, h] = aarch64::BR.with(X16 << 5).to_le_bytes();
    [a, b, c, d, e, f, g, h]
};

/// The stubs of an arena.
#[derive(Default)]
pub(super) struct Stubs {
    /// Target to stub.
    addresses: HashMap<u64, u64>,
    /// Where the next stubs go: the last piece, from `used` bytes on. Earlier ones are full.
    last: Option<(Piece, usize)>,
}

impl Shared {
    /// The address of a stub for `target`.
    pub(super) fn stub(&self, target: u64) -> Result<u64, ExecError> {
        // A stub is noted when it is complete, so whatever panicked left nothing half done.
        let mut stubs = self.stubs.lock().unwrap_or_else(PoisonError::into_inner);
        let Stubs { addresses, last } = &mut *stubs;
        if let Some(&stub) = addresses.get(&target) {
            return Ok(stub);
        }
        let (piece, used) = match last {
            Some((piece, used)) if piece.bytes.len() - *used >= STUB => (piece, used),
            _ => {
                let (piece, used) = last.insert((self.piece_for_stubs()?, 0));
                (piece, used)
            }
        };
        let start = piece.bytes.start + *used;
        // SAFETY: the piece is published for stubs, and nobody knows the one that is written. The start of a piece is
        // aligned to 64 bytes.
        unsafe {
            self.edit(start..start + STUB, |stub| {
                let [jump, address] = [stub, stub.add(8)].map(|word| AtomicU64::from_ptr(word.cast()));
                address.store(target, Ordering::Relaxed);
                jump.store(u64::from_ne_bytes(JUMP), Ordering::Release);
            })?;
        }
        self.pipelines.synchronize_for_new_code()?;
        *used += STUB;
        let stub = self.addresses().start + start as u64;
        addresses.insert(target, stub);
        Ok(stub)
    }

    /// A published piece without stubs, which stays as long as the arena.
    fn piece_for_stubs(&self) -> Result<Piece, ExecError> {
        let mut piece = self.take(PIECE)?;
        let bytes = piece.bytes.len();
        match self.publish(&mut piece, Grows::Down, bytes, Owner::Stubs) {
            Ok(()) => Ok(piece),
            Err(error) => {
                self.free(piece);
                Err(error)
            }
        }
    }
}

/// The veneers of one code.
#[derive(Clone)]
pub(super) struct Veneers {
    /// In which direction the code grew.
    grows: Grows,
    /// The code's length in bytes.
    code: usize,
    /// Their targets, from the veneer nearest to the code.
    targets: Vec<u64>,
}

impl Veneers {
    /// None so far, for code of so many bytes.
    pub(super) fn beside(grows: Grows, code: usize) -> Veneers {
        Veneers { grows, code, targets: vec![] }
    }

    /// In which direction the code grew.
    pub(super) fn grows(&self) -> Grows {
        self.grows
    }

    /// Where the veneer for `target` starts, in a region that runs at `run`.
    pub(super) fn lead_to(&mut self, target: u64, run: &Range<u64>) -> u64 {
        let index = self.targets.iter().position(|&known| known == target).unwrap_or_else(|| {
            self.targets.push(target);
            self.targets.len() - 1
        });
        run.start.wrapping_add(self.start(index, (run.end - run.start) as usize) as u64)
    }

    /// The code's length in bytes, without them.
    pub(super) fn code(&self) -> usize {
        self.code
    }

    /// How many bytes the code and the veneers up to this one take.
    fn up_to(&self, index: usize) -> usize {
        self.code.next_multiple_of(STUB) + (index + 1) * STUB
    }

    /// Where a veneer starts in a region of so many bytes.
    fn start(&self, index: usize, region: usize) -> usize {
        match self.grows {
            // Of more than there is room for, `Place` says so.
            Grows::Down => region.wrapping_sub(self.up_to(index)),
            Grows::Up => self.up_to(index) - STUB,
        }
    }

    /// The bytes that the code takes together with its veneers.
    pub(super) fn len(&self) -> usize {
        match self.targets.len() {
            0 => self.code,
            veneers => self.up_to(veneers - 1),
        }
    }

    /// Writes the veneers into the region, which is long enough and runs from the address `run_start` on.
    pub(super) fn write(&self, region: &mut [u8], run_start: u64) {
        let len = region.len();
        let gap_and_veneers = match self.grows {
            Grows::Down => len - self.len()..len - self.code,
            Grows::Up => self.code..self.len(),
        };
        region[gap_and_veneers].fill(TRAP);
        for (index, &target) in self.targets.iter().enumerate() {
            let start = self.start(index, len);
            region[start..][..STUB].copy_from_slice(&veneer(run_start + start as u64, target));
        }
    }
}

/// Code that jumps to `target` when it runs at `from`.
fn veneer(from: u64, target: u64) -> [u8; STUB] {
    let mut veneer = [0; STUB];
    veneer[..8].copy_from_slice(&JUMP);
    veneer[8..].copy_from_slice(&target.to_le_bytes());
    let distance = target.wrapping_sub(from) as i64;
    if cfg!(target_arch = "aarch64") && (-(128 << 20)..128 << 20).contains(&distance) {
        // It was a conditional branch that did not reach: a B does, and changes no register.
        veneer[..4].copy_from_slice(&aarch64::B.with((distance >> 2) as u32).to_le_bytes());
    }
    veneer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumps_of_both_machines() {
        assert_eq!(X64_JUMP, [0xFF, 0x25, 2, 0, 0, 0, 0x0F, 0x0B]);
        assert_eq!(A64_JUMP, [0x50, 0x00, 0x00, 0x58, 0x00, 0x02, 0x1F, 0xD6]);
    }
}
