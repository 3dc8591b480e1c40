//! Encoding primitives: what the generated encoders call.
//!
//! There is one function a shape of instruction. It takes the row's constants, packed in one number, and the operands as the
//! encoder function got them, and places the instruction tail first:
//!
//! ```text
//!   placed third            placed second          placed first
//!   +---------------------+ +--------------------+ +-----------+
//!   | prefixes REX opcode | | SIB  displacement  | | immediate |
//!   | ModRM               | |                    | |           |
//!   +---------------------+ +--------------------+ +-----------+
//!          head                    tail (from the operand's Word)
//! ```
//!
//! The head is one word whose last byte, ModRM, is the most significant, so that REX and the prefixes lie at its low end, where
//! an absent one costs nothing. A register operand has no tail; then the head and a short immediate are one store.
//!
//! This module is the interface between generated code and the runtime, for tables in other crates too: it
//! follows the crate's semantic version, and changes as rarely as the public API does.

mod evex;
mod legacy;
mod part;
mod rex2;
mod vex;

use super::{Emitter, LateImm, Rel, U4, word::Word};
use crate::{
    bytes::{chunk::Chunk, cursor::Chunks},
    direction::Direction,
    error::FinishError,
    references::{References, label::Pos},
};

pub use super::operand::RegisterClass;
pub use super::word::{Reg, Word as RmWord};
pub use evex::{evex, evex_vsib};
pub use legacy::{
    branch_by_distance, op, op_imm, plus, plus_imm, rel8, rel32, rm, rm_imm, rm_imm_by_size, wait_after, wait_before,
};
pub use part::{ImmPart, Part, RegPart, RmPart, VvvvPart};
pub use rex2::{rex2, rex2_op, rex2_plus};
pub use vex::{vex, vex_imm, vex_op};

/// An instruction's immediate bytes.
#[derive(Debug, Clone, Copy)]
pub struct Imm(Chunk);

impl Imm {
    /// No bytes.
    pub const NONE: Imm = Imm(Chunk::new(0, 0));

    /// One byte.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn i8(value: i8) -> Imm {
        Imm::u8(value as u8)
    }

    /// One byte.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn u8(value: u8) -> Imm {
        Imm(Chunk::new((value as u64) << 56, 1))
    }

    /// Two bytes.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn i16(value: i16) -> Imm {
        Imm::u16(value as u16)
    }

    /// Two bytes.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn u16(value: u16) -> Imm {
        Imm(Chunk::new((value as u64) << 48, 2))
    }

    /// Four bytes.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn i32(value: i32) -> Imm {
        Imm(Chunk::new((value as u32 as u64) << 32, 4))
    }

    /// Eight bytes.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn i64(value: i64) -> Imm {
        Imm(Chunk::new(value as u64, 8))
    }

    /// Eight bytes.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn u64(value: u64) -> Imm {
        Imm(Chunk::new(value, 8))
    }

    /// Two immediates, in the order of their bytes.
    ///
    /// # Panics
    /// They have more than eight bytes.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn then(self, next: Imm) -> Imm {
        assert!(self.0.len + next.0.len <= 8);
        Imm(self.0.then(next.0))
    }

    /// A register in the high half of a byte, four bits in the low one (`/is5`).
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn is5(register: u8, low: U4) -> Imm {
        Imm::u8(register << 4 | low.bits())
    }

    /// A register in the high half of a byte (`/is4`).
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn is4(register: u8) -> Imm {
        Imm::u8(register << 4)
    }
}

/// A special address's tail, and the prefixes that it needs in front of the head.
struct SpecialAddress {
    tail: Chunk,
    prefixes: Chunk,
}

/// The rare parts of an address: segment, 32-bit addressing, a label or symbol, a mistake.
///
/// `at` is the place that is reached, `others` the number of the instruction's other bytes, `trailing` that of immediate bytes behind the displacement.
#[cold]
#[inline(never)]
#[allow(improper_ctypes_definitions, reason = "for its promise not to unwind, not for C")]
extern "C" fn special_address(
    references: &mut References<Rel, LateImm>,
    at: Pos,
    word: Word,
    others: usize,
    trailing: usize,
) -> SpecialAddress {
    let none = Chunk::new(0, 0);
    if let Some(problem) = word.problem() {
        references.fail(FinishError::Address { problem, at: at.from_base() });
    }
    let byte = |byte: u8| Chunk::new(u64::from(byte) << 56, 1);
    let segment = word.prefixes().segment().map_or(none, byte);
    if let Some(target) = word.target() {
        let grows = references.grows();
        let end = grows.higher(at, at.ahead((others + segment.len + 4) as u32));
        let disp = distance32(references.refer(grows, end, Rel::disp32(trailing), target));
        return SpecialAddress { tail: Chunk::new(u64::from(disp as u32) << 32, 4), prefixes: segment };
    }
    let addr32 = if word.prefixes().addr32() { byte(0x67) } else { none };
    SpecialAddress { tail: word.tail(), prefixes: segment.then(addr32) }
}

/// Places an instruction with a special address: `imm`, the address, `head`.
#[cfg_attr(not(debug_assertions), inline(always))]
fn place_special<D: Direction>(enc: &mut Emitter<'_, D>, head: impl Chunks, word: Word, imm: Chunk) {
    let at = enc.cursor.pos();
    // A pointer, for the same reason as in the cursor.
    let special: extern "C" fn(&mut References<Rel, LateImm>, Pos, Word, usize, usize) -> SpecialAddress =
        special_address;
    let address = special(&mut enc.references, at, word, head.bytes() + imm.len, imm.len);
    enc.cursor.place(((imm, address.tail), (head, address.prefixes)));
}

/// What a field of up to four bytes holds; 0 while the distance is not known.
#[cfg_attr(not(debug_assertions), inline(always))]
fn distance32(known: Option<i64>) -> i32 {
    // A distance within a buffer fits 32 bits.
    known.map_or(0, |distance| distance as i32)
}

/// Notes that the operands of the instruction placed next do not go together; for generated code.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn reject<D: Direction>(enc: &mut Emitter<'_, D>, form: &'static str, when: &'static str) {
    let at = enc.cursor.pos().from_base();
    enc.references.fail(FinishError::Operands { form, when, at });
}
