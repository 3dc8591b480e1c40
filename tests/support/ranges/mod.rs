//! Code with branches near and beyond their reach, and a machine that follows them.

pub mod machine;
pub mod program;
