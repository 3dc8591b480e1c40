//! A mnemonic without its operands.

use tailfirst::x64::*;

fn main() {
    Encoder::new().mov(RAX, RBX);
}
