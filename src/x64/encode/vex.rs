//! VEX encodings (SDM vol. 2A, 2.3).
//!
//! ```text
//!   C5   R' vvvv' L pp                      opcode ModRM     map 0F, no W, X or B
//!   C4   R' X' B' mmmmm   W vvvv' L pp      opcode ModRM     everything
//! ```
//!
//! A prime says that the bit is stored inverted. The two-byte prefix is the three-byte one without its middle.

use super::{Imm, Reg, place_special};
use crate::{
    chunk::Chunk,
    x64::{Encoder, word::Word},
};

/// The VEX prefix's own fields and the opcode byte of a row.
#[derive(Debug, Clone, Copy)]
pub struct VexOp {
    opcode: u8,
    map: u8,
    /// W at bit 7, L at bit 2, pp.
    bits: u8,
}

impl VexOp {
    /// `map` is 1 (0F), 2 (0F38) or 3 (0F3A); `pp` 0 (none), 1 (66), 2 (F3) or 3 (F2); `l` is 1 for 256 bits.
    pub const fn new(map: u8, pp: u8, l: u8, w: u8, opcode: u8) -> Self {
        VexOp { opcode, map, bits: w << 7 | l << 2 | pp }
    }

    /// The head that ends in ModRM: `bits` are the operands' heads.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn with_modrm(self, vvvv: u8, bits: u32) -> Chunk {
        // Operands have R, X and B as REX does, in bits 2 to 0 of a byte; in the prefix they are bits 7 to 5.
        let rxb = u64::from(!bits & 7) << 5;
        let last = u64::from(self.bits) | u64::from(!vvvv & 15) << 3;
        let end = u64::from(bits & Word::MODRM) << 32 | u64::from(self.opcode) << 48 | last << 40;
        let short = end | (rxb & 0x80) << 40 | 0xC5 << 32;
        let long = end | (rxb | u64::from(self.map)) << 32 | 0xC4 << 24;
        let fits = self.map == 1 && self.bits & 0x80 == 0 && bits & 3 == 0;
        Chunk::select(fits, Chunk::new(short, 4), Chunk::new(long, 5))
    }
}

/// An instruction without ModRM.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn vex_op(enc: &mut Encoder<'_>, op: VexOp) {
    let Chunk { word, len } = op.with_modrm(0, 0);
    enc.cursor.place(Chunk::new(word << 8, len - 1));
}

/// An instruction with ModRM; `vvvv` is 0 where the row has none.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn vex(enc: &mut Encoder<'_>, op: VexOp, reg: Reg, vvvv: u8, rm: Word) {
    vex_imm(enc, op, reg, vvvv, rm, Imm::NONE);
}

/// An instruction with ModRM and an immediate byte.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn vex_imm(enc: &mut Encoder<'_>, op: VexOp, reg: Reg, vvvv: u8, rm: Word, imm: Imm) {
    let head = op.with_modrm(vvvv, reg.0 | rm.head);
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
