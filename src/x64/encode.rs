//! Encoding primitives: what the generated encoders call.
//!
//! There is one function a sort of encoding. It takes the row's constants, packed in one number, and the operands as
//! the encoder function got them, and calls the shape (`src/shape.rs`) that they need, which places the instruction
//! tail first:
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
//! The head is one word whose last byte, ModRM, is the most significant, so that REX and the prefixes lie at its low
//! end, where an absent one costs nothing. A register operand has no tail; then the head and a short immediate are one
//! store.
//!
//! This module is the interface between generated code and the runtime, for tables in other crates too
//! (`tailfirst_gen::extend`): it follows the crate's semantic version, and changes as rarely as the public API does.

mod evex;
mod legacy;
mod part;
mod rex2;
mod vex;
mod xop;

#[allow(dead_code, reason = "some constants are read by themselves, some together with their neighbours")]
mod rows {
    include!(concat!(env!("OUT_DIR"), "/x64_rows.rs"));
}

use super::{Emitter, LateImm, Rel, U4, word::Word};
use crate::{
    bytes::{chunk::Chunk, cursor::Chunks},
    direction::Direction,
    error::{AddressProblem, FinishError},
    references::{References, label::Pos},
};

#[cfg(feature = "forms")]
pub use super::form::{Call, Emit, get as parameter};
pub use super::{
    fixed_address::FixedAddress,
    operand::{Operand, Reg, RegisterClass},
    word::AddressPrefixes,
};
pub use evex::{evex, evex_vsib};
pub use legacy::{
    address_after, address_before, branch_by_distance, op, op_at, op_imm, plus, plus_imm, rel8, rel32, rm, rm_imm,
    rm_imm_by_size, wait_after, wait_before,
};
pub use part::{ImmPart, Part, RegPart, RmPart, VvvvPart};
pub use rex2::{rex2, rex2_op, rex2_plus};
pub use vex::{vex, vex_imm, vex_op};
pub use xop::xop;

/// An instruction's immediate bytes.
#[derive(Debug, Clone, Copy)]
pub struct Imm(Chunk);

impl Imm {
    /// No bytes.
    pub const NONE: Imm = Imm(Chunk::new(0, 0));

    /// One byte.
    #[inline(always)]
    pub const fn i8(value: i8) -> Imm {
        Imm::u8(value as u8)
    }

    /// One byte.
    #[inline(always)]
    pub const fn u8(value: u8) -> Imm {
        Imm(Chunk::new((value as u64) << 56, 1))
    }

    /// Two bytes.
    #[inline(always)]
    pub const fn i16(value: i16) -> Imm {
        Imm::u16(value as u16)
    }

    /// Two bytes.
    #[inline(always)]
    pub const fn u16(value: u16) -> Imm {
        Imm(Chunk::new((value as u64) << 48, 2))
    }

    /// Four bytes.
    #[inline(always)]
    pub const fn i32(value: i32) -> Imm {
        Imm(Chunk::new((value as u32 as u64) << 32, 4))
    }

    /// Four bytes.
    #[inline(always)]
    pub const fn u32(value: u32) -> Imm {
        Imm::i32(value as i32)
    }

    /// Eight bytes.
    #[inline(always)]
    pub const fn i64(value: i64) -> Imm {
        Imm(Chunk::new(value as u64, 8))
    }

    /// Eight bytes.
    #[inline(always)]
    pub const fn u64(value: u64) -> Imm {
        Imm(Chunk::new(value, 8))
    }

    /// Two immediates, in the order of their bytes.
    ///
    /// # Panics
    /// They have more than eight bytes.
    #[inline(always)]
    pub const fn then(self, next: Imm) -> Imm {
        assert!(self.0.len + next.0.len <= 8);
        Imm(self.0.then(next.0))
    }

    /// A register in the high half of a byte, four bits in the low one (`/is5`).
    #[inline(always)]
    pub const fn is5(register: u8, low: U4) -> Imm {
        Imm::u8(register << 4 | low.bits())
    }

    /// A register in the high half of a byte (`/is4`).
    #[inline(always)]
    pub const fn is4(register: u8) -> Imm {
        Imm::u8(register << 4)
    }
}

/// A special address's tail, and the prefixes that it needs in front of the head.
struct SpecialAddress {
    tail: Chunk,
    prefixes: Chunk,
}

/// The bytes of the longest instruction. Only with an address's prefixes there would be longer ones.
const LONGEST: usize = 15;

/// The rare parts of an address: segment, 32-bit addressing, a label or symbol, a mistake.
///
/// `at` is the place that is reached, `others` the number of the instruction's other bytes, `trailing` that of
/// immediate bytes behind the displacement.
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
    if let Some(problem) = word.problem() {
        references.fail_at(FinishError::Address { problem, at: at.from_base() }, references.grows().next_byte(at));
    }
    let prefixes = word.prefixes().bytes();
    let tail = if word.target().is_some() { 4 } else { word.tail().len };
    if others + tail + prefixes.len > LONGEST {
        let error = FinishError::Address { problem: AddressProblem::Length, at: at.from_base() };
        references.fail_at(error, references.grows().next_byte(at));
    }
    if let Some(target) = word.target() {
        let grows = references.grows();
        let end = grows.higher(at, at.ahead((others + prefixes.len + 4) as u32));
        let field = Rel::disp32(trailing, word.addend());
        let disp = references.refer(grows, end, field, target).map_or(0, |distance| (distance + field.addend()) as i32);
        return SpecialAddress { tail: Chunk::new(u64::from(disp as u32) << 32, 4), prefixes };
    }
    SpecialAddress { tail: word.tail(), prefixes }
}

/// Places an instruction with a special address: `imm`, the address, `head`.
#[inline(always)]
fn place_special<D: Direction>(enc: &mut Emitter<'_, D>, head: impl Chunks, word: Word, imm: Chunk) {
    let at = enc.cursor.pos();
    // A pointer, for the same reason as in the cursor.
    let special: extern "C" fn(&mut References<Rel, LateImm>, Pos, Word, usize, usize) -> SpecialAddress =
        special_address;
    let address = special(&mut enc.references, at, word, head.bytes() + imm.len, imm.len);
    enc.cursor.place(((imm, address.tail), (head, address.prefixes)));
}

/// What a field of up to four bytes holds; 0 while the distance is not known.
#[inline(always)]
fn distance32(known: Option<i64>) -> i32 {
    // A distance within a buffer fits 32 bits.
    known.map_or(0, |distance| distance as i32)
}

/// Notes that the operands of the instruction placed next do not go together; for generated code.
#[inline(always)]
pub fn reject<D: Direction>(enc: &mut Emitter<'_, D>, form: &'static str, when: &'static str) {
    let at = enc.cursor.pos();
    let error = FinishError::Operands { form, when, at: at.from_base() };
    enc.references.fail_at(error, enc.references.grows().next_byte(at));
}

/// What generated functions hand over is what the manuals say of their rows.
#[cfg(test)]
#[allow(clippy::unusual_byte_groupings, reason = "a group is a field")]
mod tests {
    use super::rows::{EvexRow, LegacyRow, VexRow};

    /// The number in the body of a generated function.
    fn number(function: &str) -> u64 {
        let text = include_str!(concat!(env!("OUT_DIR"), "/x64.rs"));
        let (_, rest) = text.split_once(&alloc::format!("pub fn {function}(")).expect("the function is there");
        let (_, rest) = rest.split_once("(self, 0x").expect("its body is a call");
        let end = rest.find(',').expect("there are operands");
        u64::from_str_radix(&rest[..end].replace('_', ""), 16).expect("is a number")
    }

    #[test]
    fn legacy() {
        // REX.W 83 /5 ib
        let sub = LegacyRow(number("sub_rm64_imm8"));
        assert_eq!((sub.opcode(), sub.opcode_len()), (0x83_0000, 1));
        assert_eq!((sub.prefixes(), sub.prefix_len()), (0, 0));
        assert_eq!((sub.digit(), sub.w()), (5, true));
        // F2 0F 38 F0 /r
        let crc = LegacyRow(number("crc32_r32_rm8"));
        assert_eq!((crc.opcode(), crc.opcode_len()), (0xF0_38_0F, 3));
        assert_eq!((crc.prefixes(), crc.prefix_len()), (0xF2_0000, 1));
        assert_eq!((crc.digit(), crc.w()), (0, false));
        // 66 F0 0F BA /7 ib
        let btc = LegacyRow(number("lock_btc_m16_imm8"));
        assert_eq!((btc.opcode(), btc.opcode_len()), (0xBA_0F00, 2));
        assert_eq!((btc.prefixes(), btc.prefix_len(), btc.digit()), (0xF0_6600, 2, 7));
    }

    #[test]
    #[cfg(feature = "x64-apx")]
    fn rex2() {
        // 66 REX2.M0.W0 BA /4 ib
        let bt = super::rows::Rex2Row(number("bt_erm16_imm8"));
        assert_eq!((bt.opcode(), bt.digit(), bt.m0(), bt.w()), (0xBA, 4, true, false));
        assert_eq!((bt.prefixes(), bt.prefix_len()), (0x6600, 1));
        assert_eq!(bt.m0_w(), 0x80);
    }

    #[test]
    #[cfg(feature = "x64-avx")]
    fn vex() {
        // VEX.256.66.0F3A.W1 00 /r ib
        let vpermq = VexRow(number("vpermq_ymm_ymmm256_imm8") as u32);
        assert_eq!((vpermq.opcode(), vpermq.map(), vpermq.digit()), (0, 3, 0));
        assert_eq!((vpermq.w(), vpermq.l(), vpermq.pp()), (true, true, 1));
        assert_eq!(vpermq.w_l_pp(), 0b1_0000_1_01);
        // VEX.128.66.0F.WIG 73 /3 ib
        let vpsrldq = VexRow(number("vpsrldq_xmm_xmm_imm8") as u32);
        assert_eq!((vpsrldq.opcode(), vpsrldq.map(), vpsrldq.digit(), vpsrldq.w_l_pp()), (0x73, 1, 3, 1));
    }

    #[test]
    #[cfg(feature = "x64-avx")]
    fn xop() {
        // XOP.L0.NP.X9.W1 02 /6
        let blci = VexRow(number("blci_r64_rm64") as u32);
        assert_eq!((blci.opcode(), blci.map(), blci.digit(), blci.w_l_pp()), (2, 9, 6, 0b1_0000_0_00));
    }

    #[test]
    #[cfg(feature = "x64-avx512")]
    fn evex() {
        // EVEX.512.66.0F.W1 58 /r, Full: 64 bytes, or 8 if broadcast
        let vaddpd = EvexRow(number("vaddpd_zmm_k1z_zmm_zmmm512b64_er"));
        assert_eq!((vaddpd.opcode(), vaddpd.map(), vaddpd.digit()), (0x58, 1, 0));
        assert_eq!((vaddpd.w(), vaddpd.pp(), vaddpd.ll()), (true, 1, 2));
        assert_eq!((vaddpd.full(), vaddpd.element()), (6, 3));
        assert_eq!((vaddpd.w_pp(), vaddpd.ll_nd_scc()), (0b1_00000_01, 0b10_00000));
    }
}
