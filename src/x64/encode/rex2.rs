//! Legacy opcodes behind REX2, APX's prefix for 32 general registers (APX specification, "REX2 prefix").
//!
//! ```text
//!   prefixes   D5   M0 R4 X4 B4 W R3 X3 B3   opcode ...
//! ```

use super::{Imm, Reg, place_special};
use crate::{
    chunk::Chunk,
    x64::{Encoder, word::Word},
};

/// Prefixes, REX2's own bits and the opcode byte of a row.
#[derive(Debug, Clone, Copy)]
pub struct Rex2Op {
    opcode: u8,
    /// M0 and W.
    bits: u8,
    /// The prefix bytes, the last one most significant.
    prefix: u64,
    prefix_len: usize,
}

impl Rex2Op {
    /// An opcode of map 0.
    pub const fn map0(opcode: u8) -> Self {
        Rex2Op { opcode, bits: 0, prefix: 0, prefix_len: 0 }
    }

    /// An opcode of map 1 (`0F`).
    pub const fn map1(opcode: u8) -> Self {
        Rex2Op { opcode, bits: 0x80, prefix: 0, prefix_len: 0 }
    }

    /// The opcode with W.
    pub const fn w(self) -> Self {
        Rex2Op { bits: self.bits | 8, ..self }
    }

    /// The opcode behind these prefixes.
    ///
    /// # Panics
    /// There are more than two.
    pub const fn prefixed(self, bytes: &[u8]) -> Self {
        assert!(bytes.len() <= 2);
        let mut prefix = 0;
        let mut i = 0;
        while i < bytes.len() {
            prefix = prefix >> 8 | (bytes[i] as u64) << 56;
            i += 1;
        }
        Rex2Op { prefix, prefix_len: bytes.len(), ..self }
    }

    /// The head that ends in the opcode: `bits` are the operands' heads.
    #[inline]
    fn head(self, bits: u32) -> Chunk {
        // HIGH_B, HIGH_X and HIGH_R are neighbours, as they are in the payload.
        let fifth = (bits / Word::HIGH_B) & 7;
        let payload = u32::from(self.bits) | fifth << 4 | bits & 7;
        let head = 0xD5 | payload << 8 | u32::from(self.opcode) << 16;
        Chunk::new(self.prefix, self.prefix_len).then(Chunk::new(u64::from(head) << 40, 3))
    }

    /// The head that ends in ModRM.
    #[inline]
    fn with_modrm(self, bits: u32) -> Chunk {
        self.head(bits).then(Chunk::new(u64::from(bits & Word::MODRM) << 32, 1))
    }
}

/// An instruction with ModRM, and an immediate if it has one.
#[inline]
pub fn rex2(enc: &mut Encoder<'_>, op: Rex2Op, reg: Reg, rm: Word, imm: Imm) {
    if rm.is_special() {
        place_special(enc, op.with_modrm(reg.0 | rm.head), rm, imm.0);
    } else {
        enc.cursor.place(((imm.0, rm.tail()), op.with_modrm(reg.0 | rm.head)));
    }
}

/// An instruction with a register in its opcode.
#[inline]
pub fn rex2_plus(enc: &mut Encoder<'_>, op: Rex2Op, register: Word, imm: Imm) {
    let head = op.head(register.head);
    let low = u64::from(register.head & 7 << 24) << 32;
    enc.cursor.place((imm.0, Chunk::new(head.word | low, head.len)));
}

/// An instruction without register operands.
#[inline]
pub fn rex2_op(enc: &mut Encoder<'_>, op: Rex2Op, imm: Imm) {
    enc.cursor.place((imm.0, op.head(0)));
}
