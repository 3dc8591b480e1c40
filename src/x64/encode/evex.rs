//! EVEX encodings (SDM vol. 2A, 2.7), and their extension by APX (APX specification, "Extended EVEX").
//!
//! ```text
//!   62   R3' X3' B3' R4' B4 mmm   W vvvv' X4' pp   z L'L b V4' aaa   opcode ModRM
//! ```
//!
//! A prime says that the bit is stored inverted. A vector register in ModRM.rm has its fifth bit in X3; a general one in B4. A vector index
//! (VSIB) has it in V4. APX reuses `z L'L b V4' aaa`: ND takes b's place, NF bit 2 of aaa, and a conditional compare's
//! condition the low four bits.
//!
//! A displacement of one byte counts units of N bytes, which the row's tuple type fixes; so the tail of a memory operand is made anew here.

use super::{Imm, Reg, place_special};
use crate::{
    chunk::Chunk,
    x64::{Encoder, decorate::Decorations, word::Word},
};

/// The EVEX prefix's own fields and the opcode byte of a row.
#[derive(Debug, Clone, Copy)]
pub struct EvexOp {
    opcode: u8,
    map: u8,
    /// W at bit 7, pp.
    bits: u8,
    /// The last payload byte: L'L at bits 6 and 5; for APX ND, NF or SCC.
    last: u8,
    /// N of disp8*N for a full operand, as a power of two.
    full: u8,
    /// N of disp8*N for a broadcast element.
    element: u8,
}

impl EvexOp {
    /// `map` is 1 (0F), 2 (0F38), 3 (0F3A) or 4 to 6; `pp` 0 (none), 1 (66), 2 (F3) or 3 (F2); `ll` 0, 1, 2 for 128, 256, 512 bits.
    pub const fn new(map: u8, pp: u8, ll: u8, w: u8, opcode: u8) -> Self {
        EvexOp { opcode, map, bits: w << 7 | pp, last: ll << 5, full: 0, element: 0 }
    }

    /// N of disp8*N is `1 << full`, and `1 << element` for a broadcast.
    pub const fn disp8(self, full: u8, element: u8) -> Self {
        EvexOp { full, element, ..self }
    }

    /// APX: the bits that stand in for `z L'L b V4' aaa`, of which V4 is not inverted here.
    pub const fn apx(self, last: u8) -> Self {
        EvexOp { last, ..self }
    }

    /// The head that ends in ModRM: `bits` are the operands' heads.
    #[inline]
    fn with_modrm(self, vvvv: u8, bits: u32, decorations: Decorations) -> Chunk {
        let fifth = |flag: u32| u8::from(bits & flag != 0);
        let (b4, x4, r4, v4) = (fifth(Word::HIGH_B), fifth(Word::HIGH_X), fifth(Word::HIGH_R), vvvv >> 4 & 1);
        let rxb = bits as u8 & 7;
        let p0 = (!rxb & 7) << 5 | (r4 ^ 1) << 4 | b4 << 3 | self.map;
        let p1 = self.bits | (!vvvv & 15) << 3 | (x4 ^ 1) << 2;
        let p2 = (self.last ^ (v4 ^ 1) << 3) & !decorations.cleared() | decorations.set();
        let head = u64::from_be_bytes([0, self.opcode, p2, p1, p0, 0x62, 0, 0]);
        Chunk::new(head | u64::from(bits & Word::MODRM) << 32, 6)
    }
}

/// An instruction with ModRM, and an immediate if it has one; `vvvv` is 0 where the row has none.
#[inline]
pub fn evex(enc: &mut Encoder<'_>, op: EvexOp, reg: Reg, vvvv: u8, rm: Word, decorations: Decorations, imm: Imm) {
    if rm.is_register() {
        enc.cursor.place((imm.0, op.with_modrm(vvvv, reg.0 | rm.head, decorations)));
    } else {
        memory(enc, op, reg, vvvv, rm, decorations, imm);
    }
}

/// An instruction with a vector index.
pub fn evex_vsib(enc: &mut Encoder<'_>, op: EvexOp, reg: Reg, rm: Word, decorations: Decorations) {
    // The index's fifth bit goes to V4, not to X4.
    let v4 = u8::from(rm.head & Word::HIGH_X != 0);
    let rm = Word { head: rm.head & !Word::HIGH_X, ..rm };
    memory(enc, op, reg, v4 << 4, rm, decorations, Imm::NONE);
}

#[inline(never)]
fn memory(enc: &mut Encoder<'_>, op: EvexOp, reg: Reg, vvvv: u8, rm: Word, decorations: Decorations, imm: Imm) {
    let rm = rm.with_disp8_unit(if decorations.broadcast() { op.element } else { op.full });
    let head = op.with_modrm(vvvv, reg.0 | rm.head, decorations);
    if rm.is_special() {
        place_special(enc, head, rm, imm.0);
    } else {
        enc.cursor.place(((imm.0, rm.tail()), head));
    }
}
