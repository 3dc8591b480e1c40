//! Immediates are signed: the processor extends their sign.

use tailfirst::x64::*;

fn main() {
    let mut enc = Encoder::new();
    enc.cmp_rm8_imm8(AL, 0xFF);
    enc.and_rm32_imm32(EAX, 0xFFFF_0000);
}
