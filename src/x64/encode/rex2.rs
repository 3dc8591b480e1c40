//! Legacy opcodes behind REX2, APX's prefix for 32 general registers (APX specification, "REX2 prefix").
//!
//! ```text
//!   prefixes   D5   M0 R4 X4 B4 W R3 X3 B3   opcode ...
//! ```

use super::{Imm, ImmPart, Reg, RegPart, RmPart, place_special, rows::Rex2Row};
use crate::{
    bytes::chunk::Chunk,
    direction::Direction,
    x64::{Emitter, word::Word},
};

/// The constants of a row, in their places.
#[derive(Debug, Clone, Copy)]
struct Rex2Op {
    opcode: u8,
    /// M0 and W, as in the payload.
    bits: u8,
    /// The prefix bytes, the last one most significant.
    prefix: u64,
    prefix_len: usize,
    /// The digit as ModRM.reg.
    digit: u32,
}

impl Rex2Op {
    #[cfg_attr(not(debug_assertions), inline(always))]
    const fn unpack(row: u64) -> Self {
        let row = Rex2Row(row);
        Rex2Op {
            opcode: row.opcode(),
            bits: row.m0_w(),
            prefix: (row.prefixes() as u64) << 48,
            prefix_len: row.prefix_len() as usize,
            digit: (row.digit() as u32) << 27,
        }
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
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn rex2<D: Direction, R: RegPart, M: RmPart>(
    enc: &mut Emitter<'_, D>,
    row: u64,
    reg: impl Into<R>,
    rm: impl Into<M>,
    imm: impl ImmPart,
) {
    plain(enc, Rex2Op::unpack(row), reg.into().reg(), rm.into().rm().encode(), imm.imm());
}

#[inline]
fn plain<D: Direction>(enc: &mut Emitter<'_, D>, op: Rex2Op, reg: Reg, rm: Word, imm: Imm) {
    let head = op.with_modrm(op.digit | reg.reg_bits().0 | rm.head);
    if rm.is_special() {
        place_special(enc, head, rm, imm.0);
    } else {
        enc.cursor.place(((imm.0, rm.tail()), head));
    }
}

/// An instruction with a register in its opcode.
#[inline]
pub fn rex2_plus<D: Direction, M: RmPart>(
    enc: &mut Emitter<'_, D>,
    row: u64,
    register: impl Into<M>,
    imm: impl ImmPart,
) {
    let register = register.into().rm().encode();
    let head = Rex2Op::unpack(row).head(register.head);
    let low = u64::from(register.head & 7 << 24) << 32;
    enc.cursor.place((imm.imm().0, Chunk::new(head.word | low, head.len)));
}

/// An instruction without register operands.
#[inline]
pub fn rex2_op<D: Direction>(enc: &mut Emitter<'_, D>, row: u64, imm: impl ImmPart) {
    enc.cursor.place((imm.imm().0, Rex2Op::unpack(row).head(0)));
}
