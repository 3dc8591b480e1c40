//! What is AArch64's: every form against the forward reference; rejections; labels, reach and islands.

#[path = "../support/aarch64/buffers.rs"]
mod buffers;
#[path = "../support/ranges/mod.rs"]
mod ranges;
#[path = "../support/side.rs"]
mod side;
#[path = "../support/aarch64/mod.rs"]
mod support;

mod islands;
mod labels;
mod operands;
mod reach;
mod reject;
mod round_trip;

use support::choices;
