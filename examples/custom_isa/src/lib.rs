//! An instruction-set simulator's magic instructions, as functions of `tailfirst`'s encoders.
//!
//! The rows are in `tables/`; the build script turns them into the traits [`x64::Simulator`] and
//! [`aarch64::Simulator`]:
//!
//! ```
//! use custom_isa::x64::Simulator;
//! use tailfirst::x64::*;
//!
//! let mut asm = Assembler::new();
//! asm.mov_r64_imm(RAX, 1);
//! asm.sim_call_imm16(7);
//! asm.sim_count_rm_imm8(Width::W64, RCX + 8, 1); // 32 or 64 bits as a value, as of tailfirst's own
//! asm.ret();
//! assert_eq!(asm.finish()?.bytes()[5..9], [0x0F, 0x04, 7, 0]);
//! # Ok::<(), tailfirst::FinishError>(())
//! ```

/// x86-64.
pub mod x64 {
    include!(concat!(env!("OUT_DIR"), "/x64.rs"));
}

/// AArch64.
pub mod aarch64 {
    include!(concat!(env!("OUT_DIR"), "/aarch64.rs"));
}
