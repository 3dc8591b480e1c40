//! XOP encodings (AMD64 APM vol. 6, 1.2.3): those of VEX with three bytes, of maps 8 to 10, behind 8F.
//!
//! ```text
//!   8F   R' X' B' mmmmm   W vvvv' L pp   opcode ModRM
//! ```
//!
//! A prime says that the bit is stored inverted. POP, whose opcode is 8F, has no ModRM in which mmmmm would be above 7.
//!
//! The rows are VEX's. The shapes are not, since those have immediates of one byte at most, and need not ask which byte
//! comes first.

use super::{Imm, ImmPart, Operand, RegPart, RmPart, VvvvPart, place_special, rows::VexRow};
use crate::{
    bytes::chunk::Chunk,
    direction::Direction,
    shape::shapes,
    x64::{Emitter, mem::PackedMem, operand::PackedReg, word::Word},
};

impl VexRow {
    /// The head that ends in ModRM: `bits` are the operands' heads.
    #[inline]
    fn xop_with_modrm(self, vvvv: u8, bits: u32) -> Chunk {
        let rxb = (!bits as u8 & 7) << 5;
        let last = self.w_l_pp() | (!vvvv & 15) << 3;
        let bits = bits | u32::from(self.digit()) << 27;
        let head = u64::from_be_bytes([0, self.opcode(), last, rxb | self.map(), 0x8F, 0, 0, 0]);
        Chunk::new(head | u64::from(bits & Word::MODRM) << 32, 5)
    }
}

shapes! {
    crate::x64::X64:
    fn register(enc, row: VexRow, reg: PackedReg, vvvv: u8, rm: PackedReg, imm: Imm) {
        enc.cursor.place((imm.0, row.xop_with_modrm(vvvv, reg.reg_bits().0 | rm.rm_bits().0)))
    }

    fn memory(enc, row: VexRow, reg: PackedReg, vvvv: u8, rm: PackedMem, imm: Imm) {
        let word = rm.encode();
        let head = row.xop_with_modrm(vvvv, reg.reg_bits().0 | word.head);
        if word.is_special() {
            place_special(enc, head, word, imm.0)
        } else {
            enc.cursor.place(((imm.0, word.tail()), head))
        }
    }
}

/// An instruction with ModRM, and an immediate if it has one.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn xop<D: Direction, M: RmPart>(
    enc: &mut Emitter<'_, D>,
    row: u32,
    reg: impl RegPart,
    vvvv: impl VvvvPart,
    rm: impl Into<M>,
    imm: impl ImmPart,
) {
    let (row, reg, vvvv, imm) = (VexRow(row), reg.reg().packed(), vvvv.number(), imm.imm());
    match rm.into().rm() {
        Operand::Register(rm) => register(enc, row, reg, vvvv, rm.packed(), imm),
        Operand::Memory(rm) => memory(enc, row, reg, vvvv, rm.packed(), imm),
    }
}
