//! An address or a distance instead of a label.

use tailfirst::{aarch64, x64};

fn main() {
    x64::Encoder::new().jmp(0x1000);
    aarch64::Encoder::new().bl(0x1000_u64);
}
