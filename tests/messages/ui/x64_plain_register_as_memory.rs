//! An address in a register, where a byte register is the other choice.

use tailfirst::x64::*;

fn main() {
    Encoder::new().movzx_r32_rm8(EAX, RBX);
}
