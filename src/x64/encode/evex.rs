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

use super::{Imm, ImmPart, Reg, RegPart, RmPart, VvvvPart, place_special, rows::EvexRow};
use crate::{
    bytes::chunk::Chunk,
    direction::Direction,
    x64::{Emitter, decorate::Decorations, word::Word},
};

impl EvexRow {
    /// The head that ends in ModRM: `bits` are the operands' heads.
    #[inline]
    fn with_modrm(self, vvvv: u8, bits: u32, decorations: Decorations) -> Chunk {
        let fifth = |flag: u32| u8::from(bits & flag != 0);
        let (b4, x4, r4, v4) = (fifth(Word::HIGH_B), fifth(Word::HIGH_X), fifth(Word::HIGH_R), vvvv >> 4 & 1);
        let rxb = bits as u8 & 7;
        let p0 = (!rxb & 7) << 5 | (r4 ^ 1) << 4 | b4 << 3 | self.map();
        let p1 = self.w_pp() | (!vvvv & 15) << 3 | (x4 ^ 1) << 2;
        let p2 = (self.ll_nd_scc() ^ (v4 ^ 1) << 3) & !decorations.cleared() | decorations.set();
        let bits = bits | u32::from(self.digit()) << 27;
        let head = u64::from_be_bytes([0, self.opcode(), p2, p1, p0, 0x62, 0, 0]);
        Chunk::new(head | u64::from(bits & Word::MODRM) << 32, 6)
    }
}

/// An instruction with ModRM, and an immediate if it has one.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn evex<D: Direction, R: RegPart, V: VvvvPart, M: RmPart>(
    enc: &mut Emitter<'_, D>,
    row: u64,
    reg: impl Into<R>,
    vvvv: impl Into<V>,
    rm: impl Into<M>,
    imm: impl ImmPart,
) {
    let (row, reg, vvvv, rm) = (EvexRow(row), reg.into(), vvvv.into(), rm.into());
    let decorations = reg.decorations().and(vvvv.decorations()).and(rm.decorations());
    plain(enc, row, reg.reg(), vvvv.number(), rm.rm().encode(), decorations, imm.imm());
}

/// An instruction with a vector index.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn evex_vsib<D: Direction, R: RegPart, M: RmPart>(
    enc: &mut Emitter<'_, D>,
    row: u64,
    reg: impl Into<R>,
    rm: impl Into<M>,
) {
    let (row, reg, rm) = (EvexRow(row), reg.into(), rm.into());
    vsib(enc, row, reg.reg(), rm.rm().encode(), reg.decorations().and(rm.decorations()));
}

#[inline]
fn plain<D: Direction>(
    enc: &mut Emitter<'_, D>,
    row: EvexRow,
    reg: Reg,
    vvvv: u8,
    rm: Word,
    decorations: Decorations,
    imm: Imm,
) {
    if rm.is_register() {
        enc.cursor.place((imm.0, row.with_modrm(vvvv, reg.reg_bits().0 | rm.head, decorations)));
    } else {
        memory(enc, row, reg, vvvv, rm, decorations, imm);
    }
}

fn vsib<D: Direction>(enc: &mut Emitter<'_, D>, row: EvexRow, reg: Reg, rm: Word, decorations: Decorations) {
    // The index's fifth bit goes to V4, not to X4.
    let v4 = u8::from(rm.head & Word::HIGH_X != 0);
    let rm = Word { head: rm.head & !Word::HIGH_X, ..rm };
    memory(enc, row, reg, v4 << 4, rm, decorations, Imm::NONE);
}

#[inline(never)]
fn memory<D: Direction>(
    enc: &mut Emitter<'_, D>,
    row: EvexRow,
    reg: Reg,
    vvvv: u8,
    rm: Word,
    decorations: Decorations,
    imm: Imm,
) {
    let rm = rm.with_disp8_unit(if decorations.broadcast() { row.element() } else { row.full() });
    let head = row.with_modrm(vvvv, reg.reg_bits().0 | rm.head, decorations);
    if rm.is_special() {
        place_special(enc, head, rm, imm.0);
    } else {
        enc.cursor.place(((imm.0, rm.tail()), head));
    }
}
