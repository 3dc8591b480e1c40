//! Selectors: they pick the shortest form for the operands at hand. A selector picks; it never encodes.
//!
//! Most are generated: for arithmetic (`add_rm64_imm`) where two rows differ only in the size of a sign-extended
//! immediate, and for branches (`jne`) where they differ in the size of the displacement.

#[cfg(feature = "x64-avx")]
use super::Xmm;
use super::{Emitter, Gpr64, Rel};
use crate::{Direction, IntoTarget};

/// Moves.
impl<D: Direction> Emitter<'_, D> {
    /// Loads a constant by the shortest `mov`: 5 bytes (6 for r8-r15) if it fits 32 bits unsigned, 7 if it fits 32
    /// bits signed, else 10.
    ///
    /// Flags are left alone; where they need not be, `xor_rm32_r32` makes a zero in two bytes.
    #[inline(always)]
    pub fn mov_r64_imm(&mut self, r64: Gpr64, imm: i64) {
        if let Ok(unsigned) = u32::try_from(imm) {
            // Writing a 32-bit register clears the high half.
            self.mov_r32_imm32(r64.r32(), unsigned as i32);
        } else if let Ok(signed) = i32::try_from(imm) {
            self.mov_rm64_imm32(r64, signed);
        } else {
            self.mov_r64_imm64(r64, imm);
        }
    }

    /// `mov r64, imm64` of the address of `target`, 10 bytes, which [`Code::link`](crate::Code::link) fills in. Unlike
    /// `lea` it reaches any address, and as a [patch site](crate::SiteKind::X64Imm64) it can get any other:
    ///
    /// ```
    /// use tailfirst::{SiteKind, x64::*};
    /// let mut enc = Encoder::new();
    /// enc.ret();
    /// let exit = enc.here();
    /// enc.jmp_rm64(RAX);
    /// let guard = enc.patchable(SiteKind::X64Imm64, |enc| enc.mov_r64_address(RAX, exit));
    /// let mut code = enc.finish()?;
    /// code.link(0x7000_0000_0000, |_| None).expect("there is no symbol");
    /// let site = code.site(guard).expect("placed, and aligned");
    /// let address = 0x7000_0000_0000 + code.offset_of(exit).expect("bound") as u64;
    /// assert_eq!(code.bytes()[site.offset..][..8], address.to_le_bytes());
    /// # Ok::<(), tailfirst::FinishError>(())
    /// ```
    pub fn mov_r64_address(&mut self, r64: Gpr64, target: impl IntoTarget) {
        let earlier = self.pos();
        self.mov_r64_imm64(r64, 0);
        let end = D::GROWS.higher(earlier, self.pos());
        self.references.pend(end, Rel::Address64, target.into());
    }
}

/// Moves of the lowest element of a vector register, between registers.
#[cfg(feature = "x64-avx")]
impl<D: Direction> Emitter<'_, D> {
    /// `vmovss xmm1, xmm2, xmm3`, by the opcode that takes 4 bytes where one does: that of stores if only xmm3 is above
    /// number 7.
    ///
    /// ```
    /// use tailfirst::x64::*;
    /// let mut enc = Encoder::new();
    /// enc.vmovss(XMM1, XMM2, XMM9);
    /// enc.vmovss(XMM9, XMM2, XMM1);
    /// enc.vmovss(XMM8, XMM2, XMM9);
    /// assert_eq!(
    ///     enc.finish()?.bytes(),
    ///     [
    ///         0xC4, 0x41, 0x6A, 0x10, 0xC1, // either opcode needs 5 bytes
    ///         0xC5, 0x6A, 0x10, 0xC9, // as a load
    ///         0xC5, 0x6A, 0x11, 0xC9, // as a store
    ///     ]
    /// );
    /// # Ok::<(), tailfirst::FinishError>(())
    /// ```
    #[inline(always)]
    pub fn vmovss(&mut self, xmm1: Xmm, xmm2: Xmm, xmm3: Xmm) {
        if is_shorter_as_store(xmm1, xmm3) {
            self.vmovss_s_xmm_xmm_xmm(xmm1, xmm2, xmm3);
        } else {
            self.vmovss_xmm_xmm_xmm(xmm1, xmm2, xmm3);
        }
    }

    /// `vmovsd xmm1, xmm2, xmm3`, by the opcode that takes 4 bytes where one does, as [`vmovss`](Self::vmovss).
    #[inline(always)]
    pub fn vmovsd(&mut self, xmm1: Xmm, xmm2: Xmm, xmm3: Xmm) {
        if is_shorter_as_store(xmm1, xmm3) {
            self.vmovsd_s_xmm_xmm_xmm(xmm1, xmm2, xmm3);
        } else {
            self.vmovsd_xmm_xmm_xmm(xmm1, xmm2, xmm3);
        }
    }
}

/// Whether VEX has two bytes only if the destination stands in ModRM.rm.
#[cfg(feature = "x64-avx")]
#[inline(always)]
const fn is_shorter_as_store(destination: Xmm, source: Xmm) -> bool {
    destination.number() < 8 && source.number() > 7
}

/// Branches.
impl<D: Direction> Emitter<'_, D> {
    /// `call` of a function here, or of one outside: an address is a [`Symbol`](crate::Symbol), which
    /// [`Symbols::at`](crate::Symbols::at) makes of it. The callee's convention says how the stack is aligned at a call.
    #[inline(always)]
    pub fn call(&mut self, target: impl IntoTarget) {
        self.call_rel32(target);
    }
}
