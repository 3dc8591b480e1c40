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

#[cfg(target_arch = "x86_64")]
#[path = "../support/lanes/mod.rs"]
mod lanes;
