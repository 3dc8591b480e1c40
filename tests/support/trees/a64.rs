//! What trees are made of on AArch64.

use super::Machine;
use tailfirst::{
    Direction, Label, Late, Symbol,
    aarch64::{A64, AddImm, Cond, Emitter, UImm, W2, X1, X3},
};

impl Machine for A64 {
    const KINDS: usize = 6;
    const UNIT: usize = 4;

    fn run<D: Direction>(enc: &mut Emitter<'_, D>, count: usize) {
        (0..count).for_each(|_| enc.add_x(X1, X1, X3));
    }

    fn refer<D: Direction>(enc: &mut Emitter<'_, D>, kind: usize, label: Label) {
        match kind {
            0 => enc.b(label),
            1 => enc.bl(label),
            2 => enc.b_cond(Cond::GT, label),
            3 => enc.cbz_w(W2, label),
            4 => enc.tbz(X3, UImm::new(33).expect("below 64"), label),
            _ => enc.adr(X1, label),
        }
    }

    fn symbol<D: Direction>(enc: &mut Emitter<'_, D>, symbol: Symbol) {
        enc.bl(symbol);
    }

    fn late<D: Direction>(enc: &mut Emitter<'_, D>, late: Late) {
        enc.with_late(late, |enc, imm: AddImm| enc.add_x_imm(X1, X1, imm));
    }

    fn run_bytes(count: usize) -> Vec<u8> {
        0x8B03_0021u32.to_le_bytes().repeat(count)
    }

    fn is_short(_kind: usize, _above: bool, _between: usize) -> bool {
        false
    }

    fn refer_bytes(kind: usize, _short: bool, distance: i64) -> Vec<u8> {
        let field = |bits: u32| (distance >> 2) as u32 & ((1 << bits) - 1);
        let word = match kind {
            0 => 0x1400_0000 | field(26),
            1 => 0x9400_0000 | field(26),
            2 => 0x5400_000C | field(19) << 5,
            3 => 0x3400_0002 | field(19) << 5,
            // Bit 33: b5 is 1, b40 is 1.
            4 => 0xB608_0003 | field(14) << 5,
            _ => 0x1000_0001 | field(19) << 5 | (distance as u32 & 3) << 29,
        };
        word.to_le_bytes().to_vec()
    }

    fn symbol_bytes() -> (usize, Vec<u8>) {
        (0, 0x9400_0000u32.to_le_bytes().to_vec())
    }

    fn late_bytes(value: i64) -> Vec<u8> {
        (0x9100_0021 | (value as u32) << 10).to_le_bytes().to_vec()
    }

    fn is_gap(bytes: &[u8]) -> bool {
        bytes.len().is_multiple_of(4) && bytes.chunks(4).all(|word| word == 0xD503_201Fu32.to_le_bytes())
    }
}
