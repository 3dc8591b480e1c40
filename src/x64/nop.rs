//! Instructions that do nothing, as long as possible (SDM vol. 2B, NOP, table 4-12).

use super::{Emitter, Mem, RAX, RBP};
use crate::Direction;

impl<D: Direction> Emitter<'_, D> {
    /// Places `bytes` bytes of instructions that do nothing, with as few of them as possible (nine bytes at most each).
    pub fn nops(&mut self, bytes: usize) {
        let mut left = bytes;
        while left > 0 {
            let len = left.min(9);
            self.one_nop(len);
            left -= len;
        }
    }

    /// One instruction of 1 to 9 bytes.
    fn one_nop(&mut self, len: usize) {
        // RBP always has a displacement; 256 does not fit a byte.
        let (byte, sib_byte) = (RBP + 0, RBP + RAX * 1);
        let (far, sib_far) = (RAX + 256, RAX + RAX * 1 + 256);
        match len {
            1 => self.nop(),
            2 => self.nopw(),
            3 => self.nop_rm32(Mem::from(RAX)),
            4 => self.nop_rm32(byte),
            5 => self.nop_rm32(sib_byte),
            6 => self.nop_rm16(sib_byte),
            7 => self.nop_rm32(far),
            8 => self.nop_rm32(sib_far),
            _ => self.nop_rm16(sib_far),
        }
    }
}
