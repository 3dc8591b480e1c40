//! What calls are made of on AArch64.

use super::Machine;
use tailfirst::{
    Direction, Encoder, Label, Late, Symbol,
    aarch64::{A64, AddImm, Cond, D3, Q3, UImm, W2, X1, X2, X3},
};

const BIT: UImm<6, 0> = match UImm::new(33) {
    Some(bit) => bit,
    None => panic!("six bits"),
};

impl Machine for A64 {
    const REFERENCES: usize = 11;

    fn plain<D: Direction>(enc: &mut Encoder<'_, Self, D>, number: usize) {
        match number % 4 {
            0 => enc.nop(),
            1 => enc.mov_x_imm(X3, 0xFFFF_0000_1234_0000),
            2 => enc.add_x(X1, X1, X3),
            _ => enc.ret(),
        }
    }

    fn refer<D: Direction>(enc: &mut Encoder<'_, Self, D>, kind: usize, label: Label) {
        match kind {
            0 => enc.b(label),
            1 => enc.bl(label),
            2 => enc.b_cond(Cond::GT, label),
            3 => enc.cbz_w(W2, label),
            4 => enc.tbz(X3, BIT, label),
            5 => enc.adr(X1, label),
            6 => enc.ldr_x_lit(X3, label),
            7 => enc.ldr_d_lit(D3, label),
            8 => enc.ldr_q_lit(Q3, label),
            9 => enc.cbgt_x(X1, X2, label),
            _ => enc.bc_cond(Cond::LT, label),
        }
    }

    fn late<D: Direction>(enc: &mut Encoder<'_, Self, D>, late: Late) {
        enc.with_late(late, |enc, imm: AddImm| enc.add_x_imm(X1, X1, imm));
    }

    fn with_late<D: Direction>(
        enc: &mut Encoder<'_, Self, D>,
        late: Late,
        inside: impl FnOnce(&mut Encoder<'_, Self, D>),
    ) {
        enc.with_late(late, |enc, imm: AddImm| {
            enc.add_x_imm(X1, X1, imm);
            inside(enc);
            enc.bl(Symbol(3));
        });
    }
}
