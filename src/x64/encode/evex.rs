//! EVEX encodings (SDM vol. 2A, 2.7), and their extension by APX (APX specification, "Extended EVEX").
//!
//! ```text
//!   62   R3' X3' B3' R4' B4 mmm   W vvvv' X4' pp   z L'L b V4' aaa   opcode ModRM
//! ```
//!
//! A prime says that the bit is stored inverted. A vector register in ModRM.rm has its fifth bit in X3; a general one
//! in B4. A vector index (VSIB) has it in V4. APX reuses `z L'L b V4' aaa`: ND takes b's place, NF bit 2 of aaa, and a
//! conditional compare's condition the low four bits.
//!
//! A displacement of one byte counts units of N bytes, which the row's tuple type fixes; so the tail of a memory
//! operand is made anew here.

use super::{Imm, ImmPart, Operand, RegPart, RmPart, VvvvPart, place_special, rows::EvexRow};
use crate::{
    bytes::chunk::Chunk,
    direction::Direction,
    shape::shapes,
    x64::{Emitter, decorate::Decorations, mem::PackedMem, operand::PackedReg, word::Word},
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

shapes! {
    crate::x64::X64:
    fn register(
        enc,
        row: EvexRow,
        reg: PackedReg,
        vvvv: u8,
        rm: PackedReg,
        decorations: Decorations,
        imm: Imm
    ) {
        let head = row.with_modrm(vvvv, reg.reg_bits().0 | rm.rm_bits().0, decorations);
        enc.cursor.place((imm.0, head))
    }

    fn memory(enc, row: EvexRow, reg: PackedReg, vvvv: u8, rm: PackedMem, decorations: Decorations, imm: Imm) {
        place_memory(enc, row, reg, vvvv, rm.encode(), decorations, imm)
    }

    fn vsib(enc, row: EvexRow, reg: PackedReg, rm: PackedMem, decorations: Decorations) {
        // The index's fifth bit goes to V4, not to X4.
        let word = rm.encode();
        let v4 = u8::from(word.head & Word::HIGH_X != 0);
        let word = Word { head: word.head & !Word::HIGH_X, ..word };
        place_memory(enc, row, reg, v4 << 4, word, decorations, Imm::NONE)
    }
}

fn place_memory<D: Direction>(
    enc: &mut Emitter<'_, D>,
    row: EvexRow,
    reg: PackedReg,
    vvvv: u8,
    word: Word,
    decorations: Decorations,
    imm: Imm,
) {
    let word = word.with_disp8_unit(if decorations.broadcast() { row.element() } else { row.full() });
    let head = row.with_modrm(vvvv, reg.reg_bits().0 | word.head, decorations);
    if word.is_special() {
        place_special(enc, head, word, imm.0);
    } else {
        enc.cursor.place(((imm.0, word.tail()), head));
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
    let (reg, vvvv, imm) = (reg.reg().packed(), vvvv.number(), imm.imm());
    match rm.rm() {
        Operand::Register(rm) => register(enc, row, reg, vvvv, rm.packed(), decorations, imm),
        Operand::Memory(rm) => memory(enc, row, reg, vvvv, rm.packed(), decorations, imm),
    }
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
    let decorations = reg.decorations().and(rm.decorations());
    // A vector index is in an address.
    if let Operand::Memory(rm) = rm.rm() {
        vsib(enc, row, reg.reg().packed(), rm.packed(), decorations);
    }
}
