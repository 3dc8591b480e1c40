//! The width of operands, as a value.

/// The bits of general registers and of memory that an instruction works on, for functions like `add_rm_r`. Registers
/// are given as [`Gpr64`](super::Gpr64)s, whatever the width; as ever, what writes 32 bits of one clears the rest.
///
/// ```
/// use tailfirst::x64::*;
/// fn add(enc: &mut Encoder, width: Width) {
///     enc.ret();
///     enc.alu_rm_r(width, Alu::Add, RAX, RDI);
///     enc.mov_r_rm(width, RAX, RSI);
/// }
/// let mut enc = Encoder::new();
/// add(&mut enc, Width::W32);
/// assert_eq!(enc.finish()?.bytes(), [0x8B, 0xC6, 0x01, 0xF8, 0xC3]);
/// # Ok::<(), tailfirst::FinishError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Width {
    /// 32 bits.
    W32 = 0,
    /// 64 bits.
    W64 = 1,
}
