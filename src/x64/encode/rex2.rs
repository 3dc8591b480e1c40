//! Legacy opcodes behind REX2, APX's prefix for 32 general registers (APX specification, "REX2 prefix").
//!
//! ```text
//!   prefixes   D5   M0 R4 X4 B4 W R3 X3 B3   opcode ...
//! ```

use super::{Imm, Reg, special_address};
use crate::{
    chunk::Chunk,
    x64::{Encoder, operand::Word},
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

    #[inline]
    fn in_front_of(self, rest: Chunk, bits: u32) -> Chunk {
        let payload = u64::from(self.bits) | u64::from(bits >> 8 & 7) << 4 | u64::from(bits & 7);
        let head = 0xD5 | payload << 8 | u64::from(self.opcode) << 16;
        Chunk::new(self.prefix, self.prefix_len).then(Chunk::new(head << 40, 3)).then(rest)
    }

    #[inline]
    fn with_modrm(self, bits: u32) -> Chunk {
        self.in_front_of(Chunk::new(u64::from(bits >> 16 & 0xFF) << 56, 1), bits)
    }
}

/// An instruction with ModRM, and an immediate if it has one.
#[inline]
pub fn rex2(enc: &mut Encoder<'_>, op: Rex2Op, reg: Reg, rm: Word, imm: Imm) {
    if rm.is_special() {
        let address = special_address(enc, rm, imm.0.len);
        enc.cursor.place([imm.0, address.tail, op.with_modrm(reg.0 | rm.address_head()), address.prefixes]);
    } else {
        enc.cursor.place([imm.0, rm.tail(), op.with_modrm(reg.0 | rm.head())]);
    }
}

/// An instruction with a register in its opcode.
#[inline]
pub fn rex2_plus(enc: &mut Encoder<'_>, op: Rex2Op, register: Word, imm: Imm) {
    let head = op.in_front_of(Chunk::new(0, 0), register.head());
    enc.cursor.place([imm.0, Chunk::new(head.word | (register.0 >> 16 & 7) << 56, head.len)]);
}

/// An instruction without register operands.
#[inline]
pub fn rex2_op(enc: &mut Encoder<'_>, op: Rex2Op, imm: Imm) {
    enc.cursor.place([imm.0, op.in_front_of(Chunk::new(0, 0), 0)]);
}
