//! A number where an immediate is wanted.

use tailfirst::aarch64::*;

fn main() {
    let mut enc = Encoder::new();
    enc.add_x_imm(X0, X1, 5);
    enc.and_x_imm(X0, X1, 0xFF);
    enc.lsl_x_imm(X0, X1, 3);
}
