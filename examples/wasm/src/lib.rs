//! A compiler for WebAssembly 2.0 whose only pass over a function goes from its last instruction to its first.
//!
//! [`ir`] decodes a module and turns each function into values with one definition each. [`compile`] walks them
//! backward, and emits code through `tailfirst` as it goes. [`abi`] is what compiled code and the run time know of each
//! other.

pub mod abi;
pub mod compile;
pub mod ir;
pub mod runtime;
pub mod value;
pub mod wasi;
