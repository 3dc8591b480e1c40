//! What trees are made of on x86-64.

use super::Machine;
use tailfirst::{
    Direction, Label, Late, Symbol,
    x64::{Cond, Emitter, RAX, RSP, X64},
};

impl Machine for X64 {
    const KINDS: usize = 5;
    const UNIT: usize = 1;

    fn run<D: Direction>(enc: &mut Emitter<'_, D>, count: usize) {
        (0..count).for_each(|_| enc.cld());
    }

    fn refer<D: Direction>(enc: &mut Emitter<'_, D>, kind: usize, label: Label) {
        match kind {
            0 => enc.jmp(label),
            1 => enc.jcc(Cond::G, label),
            2 => enc.call(label),
            3 => enc.lea_r64_m(RAX, label),
            _ => enc.cmp_rm32_imm32(label, 0x1234),
        }
    }

    fn symbol<D: Direction>(enc: &mut Emitter<'_, D>, symbol: Symbol) {
        enc.cmp_rm8_imm8(symbol, 1);
    }

    fn late<D: Direction>(enc: &mut Emitter<'_, D>, late: Late) {
        enc.with_late(late, |enc, imm: i32| enc.add_rm64_imm(RSP, imm));
    }

    fn run_bytes(count: usize) -> Vec<u8> {
        vec![0xFC; count]
    }

    fn is_short(kind: usize, above: bool, between: usize) -> bool {
        // Distances count from the instruction's end. Its two bytes lie between that and what is below.
        kind < 2 && if above { between <= 127 } else { between + 2 <= 128 }
    }

    fn refer_bytes(kind: usize, short: bool, distance: i64) -> Vec<u8> {
        let (head, tail): (&[u8], &[u8]) = match (kind, short) {
            (0, true) => (&[0xEB], &[]),
            (1, true) => (&[0x7F], &[]),
            (0, false) => (&[0xE9], &[]),
            (1, false) => (&[0x0F, 0x8F], &[]),
            (2, _) => (&[0xE8], &[]),
            (3, _) => (&[0x48, 0x8D, 0x05], &[]),
            _ => (&[0x81, 0x3D], &[0x34, 0x12, 0, 0]),
        };
        let field = if short { 1 } else { 4 };
        let distance = distance - (head.len() + field + tail.len()) as i64;
        [head, &distance.to_le_bytes()[..field], tail].concat()
    }

    fn symbol_bytes() -> (usize, Vec<u8>) {
        (7, vec![0x80, 0x3D, 0, 0, 0, 0, 1])
    }

    fn late_bytes(value: i64) -> Vec<u8> {
        [&[0x48, 0x81, 0xC4], &(value as i32).to_le_bytes()[..]].concat()
    }

    fn is_gap(bytes: &[u8]) -> bool {
        let mut count = 0;
        let mut decoder = iced_x86::Decoder::new(64, bytes, iced_x86::DecoderOptions::NONE);
        while decoder.can_decode() {
            if decoder.decode().mnemonic() != iced_x86::Mnemonic::Nop {
                return false;
            }
            count += 1;
        }
        count == bytes.len().div_ceil(9)
    }
}
