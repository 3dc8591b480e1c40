//! A register of another width than the operand's.

use tailfirst::x64::*;

fn main() {
    let mut enc = Encoder::new();
    enc.mov_r64_rm64(RAX, EBX);
    enc.mov_r8_rm8(AL, RBX);
}
