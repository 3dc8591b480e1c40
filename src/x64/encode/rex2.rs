//! Legacy opcodes behind REX2, APX's prefix for 32 general registers (APX specification, "REX2 prefix").
//!
//! ```text
//!   prefixes   D5   M0 R4 X4 B4 W R3 X3 B3   opcode ...
//! ```

use super::{Imm, ImmPart, Operand, RegPart, RmPart, place_special, rows::Rex2Row};
use crate::{
    bytes::chunk::Chunk,
    direction::Direction,
    shape::shapes,
    x64::{Emitter, mem::PackedMem, operand::PackedReg, word::Word},
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
    #[inline(always)]
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

shapes! {
    crate::x64::X64:
    fn register(enc, row: u64, reg: PackedReg, rm: PackedReg, imm: Imm) {
        let op = Rex2Op::unpack(row);
        enc.cursor.place((imm.0, op.with_modrm(op.digit | reg.reg_bits().0 | rm.rm_bits().0)))
    }

    fn memory(enc, row: u64, reg: PackedReg, rm: PackedMem, imm: Imm) {
        let (op, word) = (Rex2Op::unpack(row), rm.encode());
        let head = op.with_modrm(op.digit | reg.reg_bits().0 | word.head);
        if word.is_special() {
            place_special(enc, head, word, imm.0)
        } else {
            enc.cursor.place(((imm.0, word.tail()), head))
        }
    }

    fn opcode_register(enc, row: u64, register: PackedReg, imm: Imm) {
        let bits = register.rm_bits().0;
        let head = Rex2Op::unpack(row).head(bits);
        let low = u64::from(bits & 7 << 24) << 32;
        enc.cursor.place((imm.0, Chunk::new(head.word | low, head.len)))
    }

    fn opcode_alone(enc, row: u64, imm: Imm) {
        enc.cursor.place((imm.0, Rex2Op::unpack(row).head(0)))
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
    let (reg, imm) = (reg.into().reg().packed(), imm.imm());
    match rm.into().rm() {
        Operand::Register(rm) => register(enc, row, reg, rm.packed(), imm),
        Operand::Memory(rm) => memory(enc, row, reg, rm.packed(), imm),
    }
}

/// An instruction with a register in its opcode.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn rex2_plus<D: Direction, R: RegPart>(
    enc: &mut Emitter<'_, D>,
    row: u64,
    register: impl Into<R>,
    imm: impl ImmPart,
) {
    opcode_register(enc, row, register.into().reg().packed(), imm.imm());
}

/// An instruction without register operands.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn rex2_op<D: Direction>(enc: &mut Emitter<'_, D>, row: u64, imm: impl ImmPart) {
    opcode_alone(enc, row, imm.imm());
}
