//! What is x86-64's: every form against the forward reference, iced-x86 and the processor; rejections; labels.

mod iced;
mod labels;
mod reject;
mod round_trip;

// On the processor itself.
#[cfg(target_arch = "x86_64")]
mod execute;
#[cfg(target_arch = "x86_64")]
mod execute_lanes;

#[path = "../support/x64/buffers.rs"]
mod buffers;
#[cfg(target_arch = "x86_64")]
#[path = "../support/lanes/mod.rs"]
mod lanes;
#[path = "../support/side.rs"]
mod side;
#[path = "../support/x64/mod.rs"]
mod support;

#[cfg(target_arch = "x86_64")]
use support::choices;
