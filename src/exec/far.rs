//! Stubs for calls to what near branches do not reach.
//!
//! A stub is 16 bytes: a jump through the eight bytes behind it, which hold the target's address.
//!
//! ```text
//!  x86-64   jmp [rip + 2]          ud2                 .quad target
//!  AArch64  ldr x16, #8            br x16              .quad target
//! ```
//!
//! Stubs fill pieces of the arena that are published first and filled then, as [patches](super::patch) are, since stubs beside them are running.

use super::{
    ExecError,
    arena::{Owner, Piece, Shared},
};
use std::{
    collections::HashMap,
    sync::{
        PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Bytes of a stub, and of a piece for them.
const STUB: usize = 16;
const PIECE: usize = 4096;

/// What stands before the address.
const JUMP: [u8; 8] = if cfg!(target_arch = "x86_64") {
    [0xFF, 0x25, 2, 0, 0, 0, 0x0F, 0x0B]
} else {
    [0x50, 0x00, 0x00, 0x58, 0x00, 0x02, 0x1F, 0xD6]
};

/// The stubs of an arena.
#[derive(Default)]
pub(super) struct FarCalls {
    /// Target to stub.
    stubs: HashMap<u64, u64>,
    /// Where the next stubs go: the last piece, from `used` bytes on. Earlier ones are full.
    last: Option<(Piece, usize)>,
}

impl Shared {
    /// The address of a stub for `target`.
    pub(super) fn far_call(&self, target: u64) -> Result<u64, ExecError> {
        // A stub is noted when it is complete, so whatever panicked left nothing half done.
        let mut far_calls = self.far_calls.lock().unwrap_or_else(PoisonError::into_inner);
        let FarCalls { stubs, last } = &mut *far_calls;
        if let Some(&stub) = stubs.get(&target) {
            return Ok(stub);
        }
        let (piece, used) = match last {
            Some((piece, used)) if piece.bytes.len() - *used >= STUB => (piece, used),
            _ => {
                let (piece, used) = last.insert((self.far_piece()?, 0));
                (piece, used)
            }
        };
        let start = piece.bytes.start + *used;
        // SAFETY: the piece is published for stubs, and nobody knows the one that is written. The start of a piece is aligned to 64 bytes.
        unsafe {
            self.edit(start..start + STUB, |stub| {
                let [jump, address] = [stub, stub.add(8)].map(|word| AtomicU64::from_ptr(word.cast()));
                address.store(target, Ordering::Relaxed);
                jump.store(u64::from_ne_bytes(JUMP), Ordering::Release);
            })?;
        }
        self.pipelines.synchronize_for_new_code();
        *used += STUB;
        let stub = self.addresses().start + start as u64;
        stubs.insert(target, stub);
        Ok(stub)
    }

    /// A published piece without stubs, which stays as long as the arena.
    fn far_piece(&self) -> Result<Piece, ExecError> {
        let mut piece = self.take(PIECE)?;
        let bytes = piece.bytes.len();
        match self.publish(&mut piece, bytes, Owner::FarCalls) {
            Ok(()) => Ok(piece),
            Err(error) => {
                self.free(piece);
                Err(error)
            }
        }
    }
}
