//! SP where the instruction means XZR.

use tailfirst::aarch64::*;

fn main() {
    Encoder::new().add_x(X0, SP, X1);
}
