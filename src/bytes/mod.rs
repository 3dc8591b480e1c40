//! Writing bytes: the [`cursor`] that instructions move, the [`memory`] that it moves in, [`resting`] while the cursor
//! is away, the [`buffer`] that this is cut from, and the [`chunk`]s that an x86-64 instruction is placed in.

pub(crate) mod buffer;
#[cfg(feature = "x64")]
pub(crate) mod chunk;
pub(crate) mod cursor;
pub(crate) mod memory;
pub(crate) mod resting;
