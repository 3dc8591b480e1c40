//! Legacy encodings: prefixes, REX, and one to three opcode bytes.
//!
//! ```text
//!   placed last                                        placed first
//!   +----------+-----+-------------------------------+
//!   | prefixes | REX | 0F  38 or 3A  opcode  ModRM   |
//!   +----------+-----+-------------------------------+
//!     a store                one store, with REX if there are at most two opcode bytes
//! ```
//!
//! REX is always written, and counted when it is needed. So the store of the prefixes overwrites one that is not, and nothing is selected.
//!
//! `// Invariant(legacy):` the operands of a legacy row have no fifth bits: their types end at register 15.

use super::{Imm, ImmPart, RegPart, RmPart, distance32, place_special, rows::LegacyRow};
use crate::{
    bytes::{chunk::Chunk, cursor::Chunks},
    direction::{Direction, Grows},
    references::{
        References,
        label::{Pos, Target},
    },
    x64::{Emitter, Rel, late::LateImm, word::Word},
};
use core::hint::select_unpredictable;

/// The constants of a row, in their places.
#[derive(Debug, Clone, Copy)]
struct Op {
    /// The opcode bytes, the last one most significant, at the word's high end.
    opcode: u32,
    opcode_len: u32,
    /// The prefix bytes, likewise.
    prefix: u32,
    prefix_len: u32,
    w: u32,
    /// The digit as ModRM.reg.
    digit: u32,
}

impl Op {
    #[cfg_attr(not(debug_assertions), inline(always))]
    const fn unpack(row: u64) -> Op {
        let row = LegacyRow(row);
        Op {
            opcode: row.opcode() << 8,
            opcode_len: row.opcode_len() as u32,
            prefix: row.prefixes() << 8,
            prefix_len: row.prefix_len() as u32,
            w: if row.w() { 0x48 } else { 0 },
            digit: (row.digit() as u32) << 27,
        }
    }

    /// Whether REX and what follows it, up to ModRM, are one chunk.
    const fn is_short(self) -> bool {
        self.opcode_len <= 2
    }

    /// REX, if the operands' heads `bits` need it, an opcode of one or two bytes, and ModRM.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn with_modrm(self, bits: u32) -> Chunk<u32> {
        // Where REX would stand before one opcode byte stands 0F before two, which has all its bits but this one.
        let bits = if self.opcode_len == 2 { bits & !(Word::REX << 8) } else { bits };
        self.behind_rex(bits, self.opcode >> 8, 1)
    }

    /// REX, if the register needs it, and an opcode of one or two bytes whose low bits hold the register.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn with_register(self, register: Word) -> Chunk<u32> {
        let bits = register.head & (7 << 24 | Word::NEEDS_REX);
        // REX stands below the register's bits, and is shifted up to its place; what stays below that is overwritten.
        self.behind_rex(bits | bits << self.rex_place(0), self.opcode, 0)
    }

    /// An opcode of one or two bytes, without operands.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn alone(self) -> Chunk<u32> {
        self.behind_rex(0, self.opcode, 0)
    }

    /// Where REX stands in front of the opcode, and of so many bytes behind that.
    const fn rex_place(self, behind: u32) -> u32 {
        24 - 8 * (self.opcode_len + behind)
    }

    /// REX, if `bits` need it, in front of the opcode as it stands in a word, in which `behind` bytes follow it.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn behind_rex(self, bits: u32, opcode: u32, behind: u32) -> Chunk<u32> {
        let place = self.rex_place(behind);
        let has_rex = self.w != 0 || bits & Word::NEEDS_REX << place != 0;
        let len = (self.opcode_len + behind) as usize + usize::from(has_rex);
        Chunk::new(bits | opcode | (Word::REX | self.w) << place, len)
    }

    /// The same in two chunks, since three opcode bytes leave no room for REX.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn apart(self, bits: u32) -> (Chunk<u32>, Chunk<u8>) {
        let rex = bits & Word::NEEDS_REX;
        let has_rex = self.w != 0 || rex != 0;
        let opcode = Chunk::new(bits & Word::MODRM | self.opcode >> 8, 1 + self.opcode_len as usize);
        (opcode, Chunk::new((rex | Word::REX | self.w) as u8, usize::from(has_rex)))
    }

    /// The bytes of an instruction that has no REX and no ModRM, without an immediate.
    const fn len(self) -> usize {
        (self.prefix_len + self.opcode_len) as usize + if self.w == 0 { 0 } else { 1 }
    }

    const fn prefixes(self) -> Chunk<u32> {
        Chunk::new(self.prefix, self.prefix_len as usize)
    }
}

/// Places `head`, which ends in the opcode or in ModRM, with the row's prefixes in front of it.
#[cfg_attr(not(debug_assertions), inline(always))]
fn place_prefixed<D: Direction>(enc: &mut Emitter<'_, D>, op: Op, head: impl Chunks) {
    if op.prefix_len == 0 { enc.cursor.place(head) } else { enc.cursor.place((head, op.prefixes())) }
}

/// Places a head and the immediate behind it: in one store if they fit a word.
#[cfg_attr(not(debug_assertions), inline(always))]
fn place_with_imm<D: Direction>(enc: &mut Emitter<'_, D>, op: Op, head: Chunk<u32>, Imm(imm): Imm) {
    match imm.len {
        0 => place_prefixed(enc, op, head),
        1 if op.opcode_len == 1 => place_prefixed(enc, op, head.then_byte(imm)),
        1..=4 => place_prefixed(enc, op, head.then(imm)),
        _ => place_prefixed(enc, op, (imm, head)),
    }
}

/// Places a head that ends in ModRM, of which `bits` are the operands' heads, in front of what is placed before it.
#[cfg_attr(not(debug_assertions), inline(always))]
fn place_modrm<D: Direction>(enc: &mut Emitter<'_, D>, op: Op, bits: u32, behind: impl Chunks) {
    if op.is_short() {
        place_prefixed(enc, op, (behind, op.with_modrm(bits)));
    } else {
        place_prefixed(enc, op, (behind, op.apart(bits)));
    }
}

/// An instruction without operand fields.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn op<D: Direction>(enc: &mut Emitter<'_, D>, row: u64) {
    op_imm(enc, row, ());
}

/// An instruction whose only operand field is an immediate.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn op_imm<D: Direction>(enc: &mut Emitter<'_, D>, row: u64, imm: impl ImmPart) {
    let op = Op::unpack(row);
    place_with_imm(enc, op, op.alone(), imm.imm());
}

/// An instruction with a register in its opcode (`+r`).
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn plus<D: Direction>(enc: &mut Emitter<'_, D>, row: u64, register: impl RmPart) {
    plus_imm(enc, row, register, ());
}

/// An instruction with a register in its opcode (`+r`), and an immediate.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn plus_imm<D: Direction>(enc: &mut Emitter<'_, D>, row: u64, register: impl RmPart, imm: impl ImmPart) {
    let op = Op::unpack(row);
    place_with_imm(enc, op, op.with_register(register.rm()), imm.imm());
}

/// An instruction with ModRM (`/r`, `/digit`).
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn rm<D: Direction, M: RmPart>(enc: &mut Emitter<'_, D>, row: u64, reg: impl RegPart, rm: impl Into<M>) {
    rm_imm(enc, row, reg, rm, ());
}

/// An instruction with ModRM (`/r`, `/digit`), and an immediate.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn rm_imm<D: Direction, M: RmPart>(
    enc: &mut Emitter<'_, D>,
    row: u64,
    reg: impl RegPart,
    rm: impl Into<M>,
    imm: impl ImmPart,
) {
    // `rm` comes last: what follows it looks at its flags, and is laid behind the branches of an address only if nothing is between.
    let (op, imm, reg, rm) = (Op::unpack(row), imm.imm(), reg.reg(), rm.into().rm());
    let bits = op.digit | reg.0 | rm.head;
    debug_assert_eq!(bits & Word::FIFTH, 0); // Invariant(legacy)
    // What the immediate's length decides is a matter of the row's constants.
    if rm.is_register() && op.is_short() {
        place_with_imm(enc, op, op.with_modrm(bits), imm);
    } else if rm.is_register() {
        place_modrm(enc, op, bits, imm.0);
    } else if rm.is_special() {
        place_special(enc, (op.apart(bits), op.prefixes()), rm, imm.0);
    } else if imm.0.len == 0 {
        place_modrm(enc, op, bits, rm.tail());
    } else {
        place_modrm(enc, op, bits, (imm.0, rm.tail()));
    }
}

/// An instruction with ModRM and a sign-extended immediate: `short` and one byte if the value fits it, else `long` and two or four bytes. The rows
/// differ in their single opcode byte.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn rm_imm_by_size<D: Direction, M: RmPart>(
    enc: &mut Emitter<'_, D>,
    short: u64,
    long: u64,
    reg: impl RegPart,
    rm: impl Into<M>,
    imm: impl Into<i32>,
    bytes: usize,
) {
    let (short_row, long_row, rm, imm) = (short, long, rm.into().rm(), imm.into());
    let (short, long) = (Op::unpack(short), Op::unpack(long));
    let fits = imm as i8 as i32 == imm;
    if rm.is_special() {
        return if fits {
            rm_imm::<D, Word>(enc, short_row, reg, rm, imm as i8)
        } else if bytes == 2 {
            rm_imm::<D, Word>(enc, long_row, reg, rm, imm as i16)
        } else {
            rm_imm::<D, Word>(enc, long_row, reg, rm, imm)
        };
    }
    // Nothing branches on the value: both sizes are made, and one is selected. An immediate stands as high in its word as it can; what is too much falls out.
    let head = long.behind_rex(long.digit | reg.reg().0 | rm.head, long.opcode >> 8, 1);
    let difference = (long.opcode ^ short.opcode) >> 8;
    let imm = (imm as u32 as u64) << 32;
    if rm.is_register() {
        let word = imm | u64::from(head.word);
        let short_word = Chunk::new((word ^ u64::from(difference)) << 24, head.len + 1);
        let long_word = Chunk::new(word << (32 - 8 * bytes), head.len + bytes);
        place_prefixed(enc, long, Chunk::select(fits, short_word, long_word));
    } else {
        let imm = Chunk::select(fits, Chunk::new(imm << 24, 1), Chunk::new(imm << (32 - 8 * bytes), bytes));
        let head = Chunk::new(head.word ^ select_unpredictable(fits, difference, 0), head.len);
        place_prefixed(enc, long, ((imm, rm.tail()), head));
    }
}

/// A branch with a displacement of one byte.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn rel8<D: Direction>(enc: &mut Emitter<'_, D>, row: u64, target: impl Into<Target>) {
    let end = enc.cursor.end_of_next(Op::unpack(row).len() + 1);
    let distance = distance32(enc.references.refer(D::GROWS, end, Rel::Rel8, target.into()));
    op_imm(enc, row, distance as i8);
}

/// A branch with a displacement of four bytes.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn rel32<D: Direction>(enc: &mut Emitter<'_, D>, row: u64, target: impl Into<Target>) {
    let end = enc.cursor.end_of_next(Op::unpack(row).len() + 4);
    let distance = distance32(enc.references.refer(D::GROWS, end, Rel::Rel32, target.into()));
    op_imm(enc, row, distance);
}

/// A branch: `short`, with one byte, if the target is bound and near enough, also when an aligned block around has been moved; else `near`, with four.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn branch_by_distance<D: Direction>(enc: &mut Emitter<'_, D>, short: u64, near: u64, target: impl Into<Target>) {
    let target = target.into();
    let end_of = |enc: &Emitter<'_, D>, row: u64, field: usize| enc.cursor.end_of_next(Op::unpack(row).len() + field);
    let end = end_of(enc, short, 1);
    let known = match target {
        Target::Label(label) => enc.references.pos_of(label),
        Target::Symbol(_) => None,
    };
    let (distance, is_short) = match known {
        Some(pos) => {
            let back = end.back_to(pos);
            match D::GROWS {
                Grows::Down => (back as i32, back <= 127),
                Grows::Up if back <= 128 => (-(back as i32), true),
                Grows::Up => (-(end_of(enc, near, 4).back_to(pos) as i32), false),
            }
        }
        None => {
            let near_end = end_of(enc, near, 4);
            // Code that grows up is never moved.
            if D::GROWS == Grows::Down && enc.references.is_movable() {
                (0, pend_in_movable(&mut enc.references, end, near_end, target))
            } else {
                enc.references.pend(near_end, Rel::Rel32, target);
                (0, false)
            }
        }
    };
    if is_short {
        op_imm(enc, short, distance as i8);
    } else {
        op_imm(enc, near, distance);
    }
}

/// Notes a branch whose distance is not known yet, in code that may be moved, and gives whether it is short. Then it ends
/// at `short`, else at `near`.
#[cold]
#[inline(never)]
#[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
extern "C" fn pend_in_movable(
    references: &mut References<Rel, LateImm>,
    short: Pos,
    near: Pos,
    target: Target,
) -> bool {
    let most = match target {
        Target::Label(label) => references.most_bytes_up(short, label),
        Target::Symbol(_) => None,
    };
    let is_short = most.is_some_and(|most| most <= 127);
    let (end, field) = if is_short { (short, Rel::Rel8) } else { (near, Rel::Rel32) };
    references.pend(end, field, target);
    is_short
}

/// WAIT, which is an instruction by itself, in front of what the same function places: here if code grows up.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn wait_before<D: Direction>(enc: &mut Emitter<'_, D>, row: u64) {
    if D::GROWS == Grows::Up {
        op(enc, row);
    }
}

/// The same if code grows down.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn wait_after<D: Direction>(enc: &mut Emitter<'_, D>, row: u64) {
    if D::GROWS == Grows::Down {
        op(enc, row);
    }
}
