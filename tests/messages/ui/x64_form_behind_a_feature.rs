//! An instruction whose Cargo feature is off.

use tailfirst::x64::*;

fn main() {
    Encoder::new().vaddps_zmm_k1z_zmm_zmmm512b32(ZMM0, ZMM1, ZMM2);
}
