//! Legacy encodings: prefixes, REX, and one to three opcode bytes.

use super::{Imm, ImmPart, RegPart, RmPart, distance32, place_head, place_special};
use crate::{
    chunk::Chunk,
    label::Target,
    x64::{Encoder, Rel, word::Word},
};
use core::hint::select_unpredictable;

/// The constants of a row.
#[derive(Debug, Clone, Copy)]
struct Op {
    /// The opcode bytes, the last one most significant.
    opcode: u64,
    opcode_len: u32,
    /// The prefix bytes, likewise.
    prefix: u64,
    prefix_len: u32,
    w: u64,
    /// The digit in its place, ModRM.reg.
    digit: u64,
}

impl Op {
    /// The constants as generated code packs them:
    ///
    /// ```text
    ///   63 .. 40                39 .. 16         7 .. 5   4        3 .. 2            1 .. 0
    ///   opcode, last byte first prefix, likewise digit    REX.W    prefix's length   opcode's length
    /// ```
    #[cfg_attr(not(debug_assertions), inline(always))]
    const fn unpack(row: u64) -> Op {
        const BYTES: u64 = 0xFF_FFFF << 40;
        Op {
            opcode: row & BYTES,
            opcode_len: (row & 3) as u32,
            prefix: row << 24 & BYTES,
            prefix_len: (row >> 2 & 3) as u32,
            w: if row & 0x10 != 0 { 0x48 } else { 0 },
            digit: (row >> 5 & 7) << 59,
        }
    }

    /// The length of a head with REX and ModRM, at most 8.
    const fn longest(self) -> usize {
        (self.prefix_len + 1 + self.opcode_len + 1) as usize
    }

    /// The head that ends in ModRM: `bits` are the operands' heads.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn with_modrm(self, bits: u64) -> Chunk {
        self.head(bits & Word::MODRM | self.opcode >> 8, self.opcode_len + 1, bits)
    }

    /// The head that ends in the opcode, whose low bits hold a register.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn with_register(self, register: Word) -> Chunk {
        self.head(register.head & 7 << 56 | self.opcode, self.opcode_len, register.head)
    }

    /// The head that ends in the opcode, without operands.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn alone(self) -> Chunk {
        self.head(self.opcode, self.opcode_len, 0)
    }

    /// Prefixes and REX, if `bits` need it, in front of the highest `len` bytes of `word`.
    ///
    /// Without prefixes REX is the lowest byte, so it is always written, and counted when it is needed.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn head(self, word: u64, len: u32, bits: u64) -> Chunk {
        // Where REX stands: below `word`. Operands have their bits there.
        let place = 56 - 8 * len;
        let rex = bits & 0x47 << place;
        let has_rex = self.w != 0 || rex != 0;
        let with_rex = rex | (0x40 | self.w) << place;
        let below = if self.prefix_len == 0 {
            with_rex
        } else {
            let above = 64 - place;
            select_unpredictable(has_rex, with_rex | self.prefix >> above, self.prefix >> (above - 8))
        };
        Chunk::new(word | below, (len + self.prefix_len) as usize + usize::from(has_rex))
    }
}

/// An instruction without operand fields.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn op(enc: &mut Encoder<'_>, row: u64) {
    let op = Op::unpack(row);
    enc.cursor.place([op.alone()]);
}

/// An instruction whose only operand field is an immediate.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn op_imm(enc: &mut Encoder<'_>, row: u64, imm: impl ImmPart) {
    let op = Op::unpack(row);
    enc.cursor.place([imm.imm().0, op.alone()]);
}

/// An instruction with a register in its opcode (`+r`).
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn plus(enc: &mut Encoder<'_>, row: u64, register: impl RmPart) {
    let op = Op::unpack(row);
    enc.cursor.place([op.with_register(register.rm())]);
}

/// An instruction with a register in its opcode (`+r`), and an immediate.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn plus_imm(enc: &mut Encoder<'_>, row: u64, register: impl RmPart, imm: impl ImmPart) {
    let op = Op::unpack(row);
    enc.cursor.place([imm.imm().0, op.with_register(register.rm())]);
}

/// An instruction with ModRM (`/r`, `/digit`).
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn rm<M: RmPart>(enc: &mut Encoder<'_>, row: u64, reg: impl RegPart, rm: impl Into<M>) {
    let (op, rm) = (Op::unpack(row), rm.into().rm());
    let head = op.with_modrm(op.digit | reg.reg().0 | rm.head);
    if rm.is_register() {
        enc.cursor.place([head]);
    } else if rm.is_special() {
        place_special(enc, head, rm, Imm::NONE.0);
    } else {
        enc.cursor.place([rm.tail(), head]);
    }
}

/// An instruction with ModRM (`/r`, `/digit`), and an immediate.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn rm_imm<M: RmPart>(enc: &mut Encoder<'_>, row: u64, reg: impl RegPart, rm: impl Into<M>, imm: impl ImmPart) {
    let (op, rm, imm) = (Op::unpack(row), rm.into().rm(), imm.imm());
    let head = op.with_modrm(op.digit | reg.reg().0 | rm.head);
    if rm.is_register() {
        place_head(enc, head, op.longest(), imm.0);
    } else if rm.is_special() {
        place_special(enc, head, rm, imm.0);
    } else {
        enc.cursor.place([imm.0, rm.tail(), head]);
    }
}

/// An instruction with ModRM and a sign-extended immediate: `short` and one byte if the value fits it, else `long` and two or four bytes.
///
/// # Panics
/// `bytes` is neither 2 nor 4; in generated code it is one of them.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn rm_imm_by_size<M: RmPart>(
    enc: &mut Encoder<'_>,
    short: u64,
    long: u64,
    reg: impl RegPart,
    rm: impl Into<M>,
    imm: impl Into<i32>,
    bytes: usize,
) {
    assert!(bytes == 2 || bytes == 4);
    let (short_row, long_row, rm, imm) = (short, long, rm.into().rm(), imm.into());
    let (short, long) = (Op::unpack(short), Op::unpack(long));
    let fits = imm as i8 as i32 == imm;
    let (short_imm, long_imm) = (Imm::i8(imm as i8).0, Chunk::new((imm as u32 as u64) << (64 - 8 * bytes), bytes));
    let bits = short.digit | reg.reg().0 | rm.head;
    // Whether head and immediate fit one word, whatever the operands, is a matter of the rows' constants.
    if rm.is_register() && short.longest() < 8 && long.longest() + bytes <= 8 {
        let (short, long) = (short.with_modrm(bits).then(short_imm), long.with_modrm(bits).then(long_imm));
        enc.cursor.place([Chunk::select(fits, short, long)]);
    } else if rm.is_special() {
        if fits {
            rm_imm::<Word>(enc, short_row, reg, rm, Imm(short_imm))
        } else {
            rm_imm::<Word>(enc, long_row, reg, rm, Imm(long_imm))
        }
    } else {
        let head = Chunk::select(fits, short.with_modrm(bits), long.with_modrm(bits));
        enc.cursor.place([Chunk::select(fits, short_imm, long_imm), rm.tail(), head]);
    }
}

/// A branch with a displacement of one byte.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn rel8(enc: &mut Encoder<'_>, row: u64, target: impl Into<Target>) {
    let (op, target) = (Op::unpack(row), target.into());
    let end = enc.cursor.pos();
    let distance = distance32(enc.references.refer(end, Rel::Rel8, target));
    place_head(enc, op.alone(), op.longest(), Imm::i8(distance as i8).0);
}

/// A branch with a displacement of four bytes.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn rel32(enc: &mut Encoder<'_>, row: u64, target: impl Into<Target>) {
    let (op, target) = (Op::unpack(row), target.into());
    let end = enc.cursor.pos();
    let distance = distance32(enc.references.refer(end, Rel::disp32(0), target));
    place_head(enc, op.alone(), op.longest() - 1, Imm::i32(distance).0);
}

/// A branch: `short`, with one byte, if the target is bound and near enough, else `near`, with four.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn branch_by_distance(enc: &mut Encoder<'_>, short: u64, near: u64, target: impl Into<Target>) {
    let (short, near, target) = (Op::unpack(short), Op::unpack(near), target.into());
    let end = enc.cursor.pos();
    let known = match target {
        Target::Label(label) => enc.references.pos_of(label),
        Target::Symbol(_) => None,
    };
    // A bound label lies at a higher address, so the distance is not negative.
    let distance = match known {
        Some(pos) => end.distance_to(pos),
        None => {
            enc.references.pend(end, Rel::disp32(0), target);
            0
        }
    };
    if known.is_some() && distance <= 127 {
        enc.cursor.place([short.alone().then(Imm::i8(distance as i8).0)]);
    } else {
        place_head(enc, near.alone(), near.longest() - 1, Imm::i32(distance as i32).0);
    }
}
