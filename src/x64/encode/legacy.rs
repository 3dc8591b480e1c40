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
//! REX is always written, and counted when it is needed. So the store of the prefixes overwrites one that is not, and
//! nothing is selected.
//!
//! `// Invariant(legacy):` the operands of a legacy row have no fifth bits: their types end at register 15.

use super::{
    AddressPrefixes, FixedAddress, Imm, ImmPart, Operand, RegPart, RmPart, distance32, place_special, rows::LegacyRow,
};
use crate::{
    bytes::{chunk::Chunk, cursor::Chunks},
    direction::{Direction, Grows},
    references::label::{Label, Target},
    shape::shapes,
    x64::{
        Emitter, Rel,
        mem::PackedMem,
        operand::{PackedReg, RegBits, RmBits},
        word::Word,
    },
};
use core::hint::select_unpredictable;

/// REX.W.
const REX_W: u32 = 8;

/// The constants of a row, in their places.
#[derive(Debug, Clone, Copy)]
struct Op {
    /// The opcode bytes, the last one most significant, at the word's high end.
    opcode: u32,
    opcode_len: u32,
    /// The prefix bytes, likewise.
    prefix: u32,
    prefix_len: u32,
    /// As in REX.
    w: u32,
}

impl LegacyRow {
    /// What sets bit s of the opcode, its last byte.
    const SIGN_EXTENDED: u64 = 2 << 24;

    /// Whether the operands have 16 bits.
    #[inline(always)]
    const fn has_66(self) -> bool {
        let [_, first, second, third] = self.prefixes().to_be_bytes();
        first == 0x66 || second == 0x66 || third == 0x66
    }
}

impl Op {
    #[inline(always)]
    const fn unpack(row: u64) -> Op {
        let row = LegacyRow(row);
        Op {
            opcode: row.opcode() << 8,
            opcode_len: row.opcode_len() as u32,
            prefix: row.prefixes() << 8,
            prefix_len: row.prefix_len() as u32,
            w: (row.w() as u32) << 3,
        }
    }

    /// What sets bit s of the opcode, where that stands in front of ModRM.
    const SIGN_EXTENDED: u32 = 2 << 16;

    /// The same constants, where so many opcode and prefix bytes are known when the function is compiled.
    #[inline(always)]
    const fn sized<const OPCODE: u32, const PREFIX: u32>(self) -> Op {
        debug_assert!(self.opcode_len == OPCODE && self.prefix_len == PREFIX);
        Op { opcode_len: OPCODE, prefix_len: PREFIX, ..self }
    }

    /// Whether REX and what follows it, up to ModRM, are one chunk.
    const fn is_short(self) -> bool {
        self.opcode_len <= 2
    }

    /// REX, if the operands' heads `bits` need it, an opcode of one or two bytes, and ModRM.
    #[inline(always)]
    fn with_modrm(self, bits: u32) -> Chunk<u32> {
        // Where REX would stand before one opcode byte stands 0F before two, which has all its bits but this one.
        let bits = if self.opcode_len == 2 { bits & !(Word::REX << 8) } else { bits };
        self.behind_rex(bits, self.opcode >> 8, 1)
    }

    /// REX, if the register needs it, and an opcode of one or two bytes whose low bits hold the register.
    #[inline(always)]
    fn with_register(self, register: RmBits) -> Chunk<u32> {
        let bits = register.0 & (7 << 24 | Word::NEEDS_REX);
        // REX stands below the register's bits. It is copied up in front of the opcode; the next store overwrites the
        // original.
        self.behind_rex(bits | bits << self.rex_place(0), self.opcode, 0)
    }

    /// An opcode of one or two bytes, without operands.
    #[inline(always)]
    fn alone(self) -> Chunk<u32> {
        self.behind_rex(0, self.opcode, 0)
    }

    /// Where REX stands in front of the opcode, and of so many bytes behind that.
    const fn rex_place(self, behind: u32) -> u32 {
        24 - 8 * (self.opcode_len + behind)
    }

    /// REX, if `bits` need it, in front of the opcode as it stands in a word, in which `behind` bytes follow it.
    #[inline(always)]
    fn behind_rex(self, bits: u32, opcode: u32, behind: u32) -> Chunk<u32> {
        let place = self.rex_place(behind);
        let bits = bits | self.w << place;
        let has_rex = bits & (Word::NEEDS_REX | REX_W) << place != 0;
        let len = (self.opcode_len + behind) as usize + usize::from(has_rex);
        Chunk::new(bits | opcode | Word::REX << place, len)
    }

    /// The same in two chunks, since three opcode bytes leave no room for REX.
    #[inline(always)]
    fn apart(self, bits: u32) -> (Chunk<u32>, Chunk<u8>) {
        let rex = bits & Word::NEEDS_REX | self.w;
        let opcode = Chunk::new(bits & Word::MODRM | self.opcode >> 8, 1 + self.opcode_len as usize);
        (opcode, Chunk::new((rex | Word::REX) as u8, usize::from(rex != 0)))
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
#[inline(always)]
fn place_prefixed<D: Direction>(enc: &mut Emitter<'_, D>, op: Op, head: impl Chunks) {
    if op.prefix_len == 0 { enc.cursor.place(head) } else { enc.cursor.place((head, op.prefixes())) }
}

/// Places a head and the immediate behind it: in one store if they fit a word.
#[inline(always)]
fn place_with_imm<D: Direction>(enc: &mut Emitter<'_, D>, op: Op, head: Chunk<u32>, Imm(imm): Imm) {
    match imm.len {
        0 => place_prefixed(enc, op, head),
        1 if op.opcode_len == 1 => place_prefixed(enc, op, head.then_byte(imm)),
        1..=4 => place_prefixed(enc, op, head.then(imm)),
        _ => place_prefixed(enc, op, (imm, head)),
    }
}

/// Places a head that ends in ModRM, of which `bits` are the operands' heads, in front of what is placed before it.
#[inline(always)]
fn place_modrm<D: Direction>(enc: &mut Emitter<'_, D>, op: Op, bits: u32, behind: impl Chunks) {
    if op.is_short() {
        place_prefixed(enc, op, (behind, op.with_modrm(bits)));
    } else {
        place_prefixed(enc, op, (behind, op.apart(bits)));
    }
}

/// Places an instruction whose ModRM.rm is a register.
#[inline(always)]
fn place_register<D: Direction>(enc: &mut Emitter<'_, D>, op: Op, reg: RegBits, rm: RmBits, imm: Imm) {
    let bits = reg.0 | rm.0;
    debug_assert_eq!(bits & Word::FIFTH, 0); // Invariant(legacy)
    if op.is_short() {
        place_with_imm(enc, op, op.with_modrm(bits), imm);
    } else {
        place_modrm(enc, op, bits, imm.0);
    }
}

/// Places an instruction whose ModRM.rm is memory.
#[inline(always)]
fn place_memory<D: Direction>(enc: &mut Emitter<'_, D>, row: u64, op: Op, reg: PackedReg, rm: PackedMem, imm: Imm) {
    let Some(word) = rm.encode_based() else { return indexed(enc, row, reg, rm, imm) };
    let bits = reg.reg_bits().0 | word.head;
    debug_assert_eq!(bits & Word::FIFTH, 0); // Invariant(legacy)
    if imm.0.len == 0 {
        place_modrm(enc, op, bits, word.tail());
    } else {
        place_modrm(enc, op, bits, (imm.0, word.tail()));
    }
}

/// Places an instruction with an immediate of one byte if the value fits that, else of `long` bytes. Nothing branches
/// on the value: both sizes are made, and one is selected.
#[inline(always)]
fn place_register_by_size<D: Direction>(
    enc: &mut Emitter<'_, D>,
    op: Op,
    reg: RegBits,
    rm: RmBits,
    imm: i32,
    long: usize,
) {
    let head = op.with_modrm(reg.0 | rm.0);
    // An immediate stands as high in its word as it can; what is too much falls out.
    let word = u64::from(imm as u32) << 32 | u64::from(head.word);
    let short_word = Chunk::new((word | u64::from(Op::SIGN_EXTENDED)) << 24, head.len + 1);
    let long_word = Chunk::new(word << (32 - 8 * long), head.len + long);
    place_prefixed(enc, op, Chunk::select(is_short(imm), short_word, long_word));
}

/// The same with memory.
#[inline(always)]
fn place_memory_by_size<D: Direction>(
    enc: &mut Emitter<'_, D>,
    (row, op): (u64, Op),
    reg: PackedReg,
    rm: PackedMem,
    value: i32,
    long: usize,
) {
    let word = u64::from(value as u32) << 32;
    let imm = Chunk::select(is_short(value), Chunk::new(word << 24, 1), Chunk::new(word << (32 - 8 * long), long));
    let Some(word) = rm.encode_based() else {
        let row = if is_short(value) { row | LegacyRow::SIGN_EXTENDED } else { row };
        return indexed(enc, row, reg, rm, Imm(imm));
    };
    let head = op.with_modrm(reg.reg_bits().0 | word.head);
    let head = Chunk::new(head.word | select_unpredictable(is_short(value), Op::SIGN_EXTENDED, 0), head.len);
    place_prefixed(enc, op, ((imm, word.tail()), head));
}

/// Whether a value fits one byte.
#[inline(always)]
const fn is_short(imm: i32) -> bool {
    imm as i8 as i32 == imm
}

shapes! {
    crate::x64::X64:
    /// An instruction whose address is more than a base and a displacement.
    fn indexed(enc, row: u64, reg: PackedReg, rm: PackedMem, imm: Imm) {
        let Some(word) = rm.encode_indexed() else { return special(enc, row, reg, rm, imm) };
        let op = Op::unpack(row);
        place_modrm(enc, op, reg.reg_bits().0 | word.head, (imm.0, word.tail()))
    }

    /// An instruction whose address is more than that, too.
    fn special(enc, row: u64, reg: PackedReg, rm: PackedMem, imm: Imm) {
        let (op, word) = (Op::unpack(row), rm.encode());
        let bits = reg.reg_bits().0 | word.head;
        debug_assert_eq!(bits & Word::FIFTH, 0); // Invariant(legacy)
        place_special(enc, (op.apart(bits), op.prefixes()), word, imm.0)
    }

    fn register(enc, row: u64, reg: PackedReg, rm: PackedReg) {
        place_register(enc, Op::unpack(row).sized::<1, 0>(), reg.reg_bits(), rm.rm_bits(), Imm::NONE)
    }

    fn register_imm8(enc, row: u64, reg: PackedReg, rm: PackedReg, imm: u8) {
        place_register(enc, Op::unpack(row).sized::<1, 0>(), reg.reg_bits(), rm.rm_bits(), Imm::u8(imm))
    }

    fn register_imm32(enc, row: u64, reg: PackedReg, rm: PackedReg, imm: i32) {
        place_register(enc, Op::unpack(row).sized::<1, 0>(), reg.reg_bits(), rm.rm_bits(), Imm::i32(imm))
    }

    fn register_0f(enc, row: u64, reg: PackedReg, rm: PackedReg) {
        place_register(enc, Op::unpack(row).sized::<2, 0>(), reg.reg_bits(), rm.rm_bits(), Imm::NONE)
    }

    fn register_prefixed_0f(enc, row: u64, reg: PackedReg, rm: PackedReg) {
        place_register(enc, Op::unpack(row).sized::<2, 1>(), reg.reg_bits(), rm.rm_bits(), Imm::NONE)
    }

    fn register_any(enc, row: u64, reg: PackedReg, rm: PackedReg, imm: Imm) {
        place_register(enc, Op::unpack(row), reg.reg_bits(), rm.rm_bits(), imm)
    }

    fn memory(enc, row: u64, reg: PackedReg, rm: PackedMem) {
        place_memory(enc, row, Op::unpack(row).sized::<1, 0>(), reg, rm, Imm::NONE)
    }

    fn memory_imm8(enc, row: u64, reg: PackedReg, rm: PackedMem, imm: u8) {
        place_memory(enc, row, Op::unpack(row).sized::<1, 0>(), reg, rm, Imm::u8(imm))
    }

    fn memory_imm32(enc, row: u64, reg: PackedReg, rm: PackedMem, imm: i32) {
        place_memory(enc, row, Op::unpack(row).sized::<1, 0>(), reg, rm, Imm::i32(imm))
    }

    fn memory_0f(enc, row: u64, reg: PackedReg, rm: PackedMem) {
        place_memory(enc, row, Op::unpack(row).sized::<2, 0>(), reg, rm, Imm::NONE)
    }

    fn memory_prefixed_0f(enc, row: u64, reg: PackedReg, rm: PackedMem) {
        place_memory(enc, row, Op::unpack(row).sized::<2, 1>(), reg, rm, Imm::NONE)
    }

    fn memory_any(enc, row: u64, reg: PackedReg, rm: PackedMem, imm: Imm) {
        place_memory(enc, row, Op::unpack(row), reg, rm, imm)
    }

    fn register_by_size(enc, row: u64, reg: PackedReg, rm: PackedReg, imm: i32) {
        place_register_by_size(enc, Op::unpack(row).sized::<1, 0>(), reg.reg_bits(), rm.rm_bits(), imm, 4)
    }

    fn register_by_size_16(enc, row: u64, reg: PackedReg, rm: PackedReg, imm: i32) {
        place_register_by_size(enc, Op::unpack(row).sized::<1, 1>(), reg.reg_bits(), rm.rm_bits(), imm, 2)
    }

    fn memory_by_size(enc, row: u64, reg: PackedReg, rm: PackedMem, imm: i32) {
        place_memory_by_size(enc, (row, Op::unpack(row).sized::<1, 0>()), reg, rm, imm, 4)
    }

    fn memory_by_size_16(enc, row: u64, reg: PackedReg, rm: PackedMem, imm: i32) {
        place_memory_by_size(enc, (row, Op::unpack(row).sized::<1, 1>()), reg, rm, imm, 2)
    }

    fn locked_by_size(enc, row: u64, reg: PackedReg, rm: PackedMem, imm: i32) {
        let long = if LegacyRow(row).has_66() { 2 } else { 4 };
        place_memory_by_size(enc, (row, Op::unpack(row)), reg, rm, imm, long)
    }

    fn opcode_register(enc, row: u64, register: PackedReg) {
        let op = Op::unpack(row).sized::<1, 0>();
        place_with_imm(enc, op, op.with_register(register.rm_bits()), Imm::NONE)
    }

    fn opcode_register_imm32(enc, row: u64, register: PackedReg, imm: i32) {
        let op = Op::unpack(row).sized::<1, 0>();
        place_with_imm(enc, op, op.with_register(register.rm_bits()), Imm::i32(imm))
    }

    fn opcode_register_imm64(enc, row: u64, register: PackedReg, imm: i64) {
        let op = Op::unpack(row).sized::<1, 0>();
        place_with_imm(enc, op, op.with_register(register.rm_bits()), Imm::i64(imm))
    }

    fn opcode_register_any(enc, row: u64, register: PackedReg, imm: Imm) {
        let op = Op::unpack(row);
        place_with_imm(enc, op, op.with_register(register.rm_bits()), imm)
    }

    fn opcode_alone(enc, row: u64, imm: Imm) {
        let op = Op::unpack(row);
        place_with_imm(enc, op, op.alone(), imm)
    }

    /// An instruction whose address no ModRM says, with its prefixes.
    fn opcode_at(enc, row: u64, prefixes: AddressPrefixes, imm: Imm) {
        let op = Op::unpack(row);
        enc.cursor.place(((imm.0, op.alone()), (op.prefixes(), prefixes.0.bytes())))
    }

    fn address_prefixes(enc, prefixes: AddressPrefixes) {
        enc.cursor.place(prefixes.0.bytes())
    }

    fn branch(enc, short: u64, near: u64, target: Target) {
        place_branch(enc, short, near, target)
    }

    fn pending_branch(enc, short: u64, near: u64, label: Label) {
        place_pending_branch(enc, short, near, label)
    }

    /// A branch in code that may be moved, whose distance is not known yet: it is short if the target is near enough
    /// wherever the code goes.
    fn branch_in_movable(enc, short: u64, near: u64, label: Label) {
        let short_end = enc.cursor.end_of_next(2);
        if enc.references.most_bytes_up(short_end, label).is_some_and(|most| most <= 127) {
            enc.references.pend_label(short_end, Rel::Rel8, label);
            place_short_branch(enc, short, 0)
        } else {
            let end = enc.cursor.end_of_next(near_branch_len(near));
            enc.references.pend_label(end, Rel::Rel32, label);
            place_near_branch(enc, near, 0)
        }
    }

    fn near_branch(enc, row: u64, target: Target) {
        let op = Op::unpack(row);
        let end = enc.cursor.end_of_next(op.len() + 4);
        let distance = distance32(enc.references.refer(enc.references.grows(), end, Rel::Rel32, target));
        place_with_imm(enc, op, op.alone(), Imm::i32(distance))
    }

    fn short_branch(enc, row: u64, target: Target) {
        let op = Op::unpack(row);
        let end = enc.cursor.end_of_next(op.len() + 1);
        let distance = distance32(enc.references.refer(enc.references.grows(), end, Rel::Rel8, target));
        place_with_imm(enc, op, op.alone(), Imm::i8(distance as i8))
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
    opcode_alone(enc, row, imm.imm());
}

/// An instruction whose address no ModRM says.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn op_at<D: Direction>(enc: &mut Emitter<'_, D>, row: u64, address: impl FixedAddress) {
    opcode_at(enc, row, address.prefixes(), address.imm());
}

/// An instruction with a register in its opcode (`+r`).
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn plus<D: Direction>(enc: &mut Emitter<'_, D>, row: u64, register: impl RegPart) {
    plus_imm(enc, row, register, ());
}

/// An instruction with a register in its opcode (`+r`), and an immediate.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn plus_imm<D: Direction>(enc: &mut Emitter<'_, D>, row: u64, register: impl RegPart, imm: impl ImmPart) {
    let (op, register, imm) = (LegacyRow(row), register.reg().packed(), imm.imm());
    match (op.opcode_len(), op.prefix_len(), imm.0.len) {
        (1, 0, 0) => opcode_register(enc, row, register),
        (1, 0, 4) => opcode_register_imm32(enc, row, register, (imm.0.word >> 32) as i32),
        (1, 0, 8) => opcode_register_imm64(enc, row, register, imm.0.word as i64),
        _ => opcode_register_any(enc, row, register, imm),
    }
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
    // What the row and the sorts of operands decide is decided when this is compiled.
    let (op, reg, imm) = (LegacyRow(row), reg_or_digit(row, reg), imm.imm());
    let shape = (op.opcode_len(), op.prefix_len(), imm.0.len);
    match rm.into().rm() {
        Operand::Register(rm) => match shape {
            (1, 0, 0) => register(enc, row, reg, rm.packed()),
            (1, 0, 1) => register_imm8(enc, row, reg, rm.packed(), (imm.0.word >> 56) as u8),
            (1, 0, 4) => register_imm32(enc, row, reg, rm.packed(), (imm.0.word >> 32) as i32),
            (2, 0, 0) => register_0f(enc, row, reg, rm.packed()),
            (2, 1, 0) => register_prefixed_0f(enc, row, reg, rm.packed()),
            _ => register_any(enc, row, reg, rm.packed(), imm),
        },
        Operand::Memory(rm) => match shape {
            (1, 0, 0) => memory(enc, row, reg, rm.packed()),
            (1, 0, 1) => memory_imm8(enc, row, reg, rm.packed(), (imm.0.word >> 56) as u8),
            (1, 0, 4) => memory_imm32(enc, row, reg, rm.packed(), (imm.0.word >> 32) as i32),
            (2, 0, 0) => memory_0f(enc, row, reg, rm.packed()),
            (2, 1, 0) => memory_prefixed_0f(enc, row, reg, rm.packed()),
            _ => memory_any(enc, row, reg, rm.packed(), imm),
        },
    }
}

/// What stands in ModRM.reg: a register, or the row's digit where there is none.
#[inline(always)]
fn reg_or_digit(row: u64, reg: impl RegPart) -> PackedReg {
    reg.reg().packed().or_digit(LegacyRow(row).digit())
}

/// An instruction with ModRM and a sign-extended immediate of four bytes, or of two with prefix 66; or, with the
/// opcode's bit s set, of one, if the value fits it (SDM vol. 2D, B.1.4.4).
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn rm_imm_by_size<D: Direction, M: RmPart>(
    enc: &mut Emitter<'_, D>,
    row: u64,
    reg: impl RegPart,
    rm: impl Into<M>,
    imm: impl Into<i32>,
) {
    let (op, reg, imm) = (LegacyRow(row), reg_or_digit(row, reg), imm.into());
    match (rm.into().rm(), op.prefix_len(), op.has_66()) {
        (Operand::Register(rm), _, false) => register_by_size(enc, row, reg, rm.packed(), imm),
        (Operand::Register(rm), _, true) => register_by_size_16(enc, row, reg, rm.packed(), imm),
        (Operand::Memory(rm), 0, false) => memory_by_size(enc, row, reg, rm.packed(), imm),
        (Operand::Memory(rm), 1, true) => memory_by_size_16(enc, row, reg, rm.packed(), imm),
        (Operand::Memory(rm), ..) => locked_by_size(enc, row, reg, rm.packed(), imm),
    }
}

/// A branch with a displacement of one byte.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn rel8<D: Direction>(enc: &mut Emitter<'_, D>, row: u64, target: impl Into<Target>) {
    short_branch(enc, row, target.into());
}

/// A branch with a displacement of four bytes.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn rel32<D: Direction>(enc: &mut Emitter<'_, D>, row: u64, target: impl Into<Target>) {
    near_branch(enc, row, target.into());
}

/// A branch: `short`, with one byte, if the target is bound and near enough, also when an aligned block around has been
/// moved; else `near`, with four.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn branch_by_distance<D: Direction>(enc: &mut Emitter<'_, D>, short: u64, near: u64, target: impl Into<Target>) {
    branch(enc, short, near, target.into());
}

/// Places a branch.
#[inline(always)]
fn place_branch<D: Direction>(enc: &mut Emitter<'_, D>, short: u64, near: u64, target: Target) {
    let Target::Label(label) = target else { return near_branch(enc, near, target) };
    let Some(pos) = enc.references.pos_of(label) else { return pending_branch(enc, short, near, label) };
    let back = enc.cursor.end_of_next(2).back_to(pos);
    let (is_short, distance) = match D::GROWS {
        Grows::Down => (back <= 127, back as i32),
        Grows::Up => (back <= 128, (back as i32).wrapping_neg()),
    };
    if is_short {
        place_short_branch(enc, short, distance as i8);
    } else {
        // It is counted from the instruction's end, which is further up if code grows up.
        let longer = near_branch_len(near) as i32 - 2;
        place_near_branch(enc, near, distance - D::GROWS.higher(0, longer));
    }
}

/// Places a branch to a label whose distance is not known yet.
#[inline(always)]
fn place_pending_branch<D: Direction>(enc: &mut Emitter<'_, D>, short: u64, near: u64, label: Label) {
    // Code that grows up is never moved.
    if D::GROWS == Grows::Down && enc.references.is_movable() {
        return branch_in_movable(enc, short, near, label);
    }
    let end = enc.cursor.end_of_next(near_branch_len(near));
    place_near_branch(enc, near, 0);
    // Last, so that what is rare here is a tail call.
    enc.references.pend_label(end, Rel::Rel32, label);
}

/// The bytes of a branch without prefixes whose distance has four bytes.
#[inline(always)]
fn near_branch_len(row: u64) -> usize {
    Op::unpack(row).opcode_len as usize + 4
}

/// Places a branch of two bytes.
#[inline(always)]
fn place_short_branch<D: Direction>(enc: &mut Emitter<'_, D>, row: u64, distance: i8) {
    enc.cursor.place(Chunk::new(u32::from(distance as u8) << 24 | Op::unpack(row).opcode >> 8, 2));
}

/// Places a branch without prefixes whose distance has four bytes.
#[inline(always)]
fn place_near_branch<D: Direction>(enc: &mut Emitter<'_, D>, row: u64, distance: i32) {
    let op = Op::unpack(row);
    let word = u64::from(distance as u32) << 32 | u64::from(op.opcode);
    enc.cursor.place(Chunk::new(word, near_branch_len(row)));
}

/// The prefixes of an address that no ModRM says, in front of what the same function places: here if code grows up.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn address_before<D: Direction>(enc: &mut Emitter<'_, D>, address: impl FixedAddress) {
    if D::GROWS == Grows::Up {
        address_prefixes(enc, address.prefixes());
    }
}

/// The same if code grows down.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn address_after<D: Direction>(enc: &mut Emitter<'_, D>, address: impl FixedAddress) {
    if D::GROWS == Grows::Down {
        address_prefixes(enc, address.prefixes());
    }
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
