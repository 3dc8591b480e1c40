//! A register of another width than the operand's, and one where an address is wanted.

use tailfirst::aarch64::*;

fn main() {
    let mut enc = Encoder::new();
    enc.add_x(X0, W1, X2);
    let _ = enc.ldr_x(X0, W1);
}
