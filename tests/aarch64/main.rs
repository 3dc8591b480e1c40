//! What is AArch64's: every form against the forward reference; rejections; labels, reach and islands.

#[path = "../support/ranges/mod.rs"]
mod ranges;

mod islands;
mod labels;
mod operands;
mod prefix;
mod reach;
mod reject;
mod round_trip;
