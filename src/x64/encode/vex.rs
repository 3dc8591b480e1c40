//! VEX encodings (SDM vol. 2A, 2.3).
//!
//! ```text
//!   C5   R' vvvv' L pp                      opcode ModRM     map 0F, no W, X or B
//!   C4   R' X' B' mmmmm   W vvvv' L pp      opcode ModRM     everything
//! ```
//!
//! A prime says that the bit is stored inverted. The two-byte prefix is the three-byte one without its middle.

use super::{ImmPart, RegPart, RmPart, VvvvPart, place_special, rows::VexRow};
use crate::{
    bytes::chunk::Chunk,
    direction::Direction,
    x64::{Emitter, word::Word},
};

impl VexRow {
    /// The head that ends in ModRM: `bits` are the operands' heads.
    #[cfg_attr(not(debug_assertions), inline(always))]
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

/// An instruction without ModRM.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn vex_op<D: Direction>(enc: &mut Emitter<'_, D>, row: u32) {
    let Chunk { word, len } = VexRow(row).with_modrm(0, 0);
    enc.cursor.place(Chunk::new(word << 8, len - 1));
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

/// An instruction with ModRM and an immediate byte.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn vex_imm<D: Direction, M: RmPart>(
    enc: &mut Emitter<'_, D>,
    row: u32,
    reg: impl RegPart,
    vvvv: impl VvvvPart,
    rm: impl Into<M>,
    imm: impl ImmPart,
) {
    let (row, vvvv, imm) = (VexRow(row), vvvv.number(), imm.imm());
    let (reg, rm) = (reg.reg(), rm.into().rm().encode());
    let head = row.with_modrm(vvvv, reg.reg_bits().0 | rm.head);
    if rm.is_register() && imm.0.len <= 3 {
        enc.cursor.place(head.then(imm.0));
    } else if rm.is_register() {
        enc.cursor.place((imm.0, head));
    } else if rm.is_special() {
        place_special(enc, head, rm, imm.0);
    } else {
        enc.cursor.place(((imm.0, rm.tail()), head));
    }
}
