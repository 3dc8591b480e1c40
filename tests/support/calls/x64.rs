//! What calls are made of on x86-64.

use super::Machine;
use tailfirst::{
    Direction, Encoder, Label, Late, Symbol,
    x64::{Cond, R9, RAX, RCX, RSP, X64, XMM3},
};

impl Machine for X64 {
    const REFERENCES: usize = 10;

    fn plain<D: Direction>(enc: &mut Encoder<'_, Self, D>, number: usize) {
        match number % 5 {
            0 => enc.nop(),
            1 => enc.mov_r64_imm64(RAX, 0x1122_3344_5566_7788),
            2 => enc.add_rm64_r64(RSP + RCX * 4 + 0x1234, R9),
            3 => enc.ret(),
            // The index cannot be RSP.
            _ => enc.vaddpd_ymm_ymm_ymmm256(tailfirst::x64::YMM1, tailfirst::x64::YMM12, RAX + 8),
        }
    }

    fn refer<D: Direction>(enc: &mut Encoder<'_, Self, D>, kind: usize, label: Label) {
        match kind {
            0 => enc.jmp(label),
            1 => enc.jcc(Cond::G, label),
            2 => enc.call(label),
            3 => enc.lea_r64_m(RAX, label),
            4 => enc.cmp_rm32_imm32(label, 0x1234),
            5 => enc.jmp_rel8(label),
            6 => enc.jne_rel32(label),
            7 => enc.mov_r64_rm64(R9, label),
            8 => enc.mov_r64_address(RCX, label),
            _ => enc.movsd_xmm_xmmm64(XMM3, label),
        }
    }

    fn late<D: Direction>(enc: &mut Encoder<'_, Self, D>, late: Late) {
        enc.with_late(late, |enc, imm: i32| enc.add_rm64_imm(RSP, imm));
    }

    fn with_late<D: Direction>(
        enc: &mut Encoder<'_, Self, D>,
        late: Late,
        inside: impl FnOnce(&mut Encoder<'_, Self, D>),
    ) {
        enc.with_late(late, |enc, imm: i32| {
            enc.mov_rm32_imm32(RSP + imm, imm);
            inside(enc);
            enc.call(Symbol(3));
        });
    }
}
