//! VEX encodings (SDM vol. 2A, 2.3).
//!
//! ```text
//!   C5   R' vvvv' L pp                      opcode ModRM     map 0F, no W, X or B
//!   C4   R' X' B' mmmmm   W vvvv' L pp      opcode ModRM     everything
//! ```
//!
//! A prime says that the bit is stored inverted. The two-byte prefix is the three-byte one without its middle.

use super::{Imm, ImmPart, Operand, RegPart, RmPart, VvvvPart, place_special, rows::VexRow};
use crate::{
    bytes::chunk::Chunk,
    direction::Direction,
    shape::shapes,
    x64::{Emitter, mem::PackedMem, operand::PackedReg, word::Word},
};

impl VexRow {
    /// The head that ends in ModRM: `bits` are the operands' heads.
    #[inline(always)]
    fn with_modrm(self, vvvv: u8, bits: u32) -> Chunk {
        // Operands have R, X and B as REX does, in bits 2 to 0 of a byte; in the prefix they are bits 7 to 5.
        let rxb = u64::from(!bits & 7) << 5;
        let last = u64::from(self.w_l_pp()) | u64::from(!vvvv & 15) << 3;
        let bits = bits | u32::from(self.digit()) << 27;
        let end = u64::from(bits & Word::MODRM) << 32 | u64::from(self.opcode()) << 48 | last << 40;
        let short = end | (rxb & 0x80) << 40 | 0xC5 << 32;
        let long = end | (rxb | u64::from(self.map())) << 32 | 0xC4 << 24;
        let fits = self.map() == 1 && !self.w() && bits & 3 == 0;
        Chunk::select(fits, Chunk::new(short, 4), Chunk::new(long, 5))
    }
}

#[inline(always)]
fn place_register<D: Direction>(
    enc: &mut Emitter<'_, D>,
    row: VexRow,
    reg: PackedReg,
    vvvv: u8,
    rm: PackedReg,
    imm: Chunk,
) {
    let head = row.with_modrm(vvvv, reg.reg_bits().0 | rm.rm_bits().0);
    if imm.len <= 3 {
        enc.cursor.place(head.then(imm));
    } else {
        enc.cursor.place((imm, head));
    }
}

#[inline(always)]
fn place_memory<D: Direction>(
    enc: &mut Emitter<'_, D>,
    row: VexRow,
    reg: PackedReg,
    vvvv: u8,
    rm: PackedMem,
    imm: Chunk,
) {
    let Some(word) = rm.encode_based().or_else(|| rm.encode_indexed()) else {
        return special(enc, row, reg, vvvv, rm, Imm(imm));
    };
    let head = row.with_modrm(vvvv, reg.reg_bits().0 | word.head);
    if imm.len == 0 {
        enc.cursor.place((word.tail(), head));
    } else {
        enc.cursor.place(((imm, word.tail()), head));
    }
}

shapes! {
    crate::x64::X64:
    /// An instruction with a special address.
    fn special(enc, row: VexRow, reg: PackedReg, vvvv: u8, rm: PackedMem, imm: Imm) {
        let word = rm.encode();
        let head = row.with_modrm(vvvv, reg.reg_bits().0 | word.head);
        if word.is_special() {
            place_special(enc, head, word, imm.0)
        } else {
            enc.cursor.place(((imm.0, word.tail()), head))
        }
    }

    fn register(enc, row: VexRow, reg: PackedReg, vvvv: u8, rm: PackedReg) {
        place_register(enc, row, reg, vvvv, rm, Imm::NONE.0)
    }

    fn register_imm(enc, row: VexRow, reg: PackedReg, vvvv: u8, rm: PackedReg, imm: u8) {
        place_register(enc, row, reg, vvvv, rm, Imm::u8(imm).0)
    }

    fn register_any(enc, row: VexRow, reg: PackedReg, vvvv: u8, rm: PackedReg, imm: Imm) {
        place_register(enc, row, reg, vvvv, rm, imm.0)
    }

    fn memory(enc, row: VexRow, reg: PackedReg, vvvv: u8, rm: PackedMem) {
        place_memory(enc, row, reg, vvvv, rm, Imm::NONE.0)
    }

    fn memory_imm(enc, row: VexRow, reg: PackedReg, vvvv: u8, rm: PackedMem, imm: u8) {
        place_memory(enc, row, reg, vvvv, rm, Imm::u8(imm).0)
    }

    fn alone(enc, row: VexRow) {
        let Chunk { word, len } = row.with_modrm(0, 0);
        enc.cursor.place(Chunk::new(word << 8, len - 1))
    }
}

/// An instruction without ModRM.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn vex_op<D: Direction>(enc: &mut Emitter<'_, D>, row: u32) {
    alone(enc, VexRow(row));
}

/// An instruction with ModRM.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn vex<D: Direction, M: RmPart>(
    enc: &mut Emitter<'_, D>,
    row: u32,
    reg: impl RegPart,
    vvvv: impl VvvvPart,
    rm: impl Into<M>,
) {
    vex_imm(enc, row, reg, vvvv, rm, ());
}

/// An instruction with ModRM and an immediate.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn vex_imm<D: Direction, M: RmPart>(
    enc: &mut Emitter<'_, D>,
    row: u32,
    reg: impl RegPart,
    vvvv: impl VvvvPart,
    rm: impl Into<M>,
    imm: impl ImmPart,
) {
    let (row, reg, vvvv, imm) = (VexRow(row), reg.reg().packed(), vvvv.number(), imm.imm());
    match (rm.into().rm(), imm.0.len) {
        (Operand::Register(rm), 0) => register(enc, row, reg, vvvv, rm.packed()),
        (Operand::Register(rm), 1) => register_imm(enc, row, reg, vvvv, rm.packed(), (imm.0.word >> 56) as u8),
        (Operand::Register(rm), _) => register_any(enc, row, reg, vvvv, rm.packed(), imm),
        (Operand::Memory(rm), 0) => memory(enc, row, reg, vvvv, rm.packed()),
        (Operand::Memory(rm), 1) => memory_imm(enc, row, reg, vvvv, rm.packed(), (imm.0.word >> 56) as u8),
        (Operand::Memory(rm), _) => special(enc, row, reg, vvvv, rm.packed(), imm),
    }
}
