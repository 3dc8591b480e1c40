//! Selectors: they pick the shortest form for the operands at hand. A selector picks; it never encodes.
//!
//! Those for arithmetic with an immediate (`add_rm64_imm`) are generated, wherever two rows differ only in the size of
//! a sign-extended immediate.

use super::{Cond, Encoder, Gpr32, Gpr64};
use crate::label::{Label, Target};

/// Moves.
impl Encoder<'_> {
    /// The shortest `mov` of a constant: 5 bytes (6 for r8-r15) if it fits 32 bits unsigned, 7 if it fits 32 bits signed, else 10.
    ///
    /// Flags are left alone; where they need not be, `xor_rm32_r32` makes a zero in two bytes.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn mov_r64_imm(&mut self, r64: Gpr64, imm: i64) {
        if let Ok(unsigned) = u32::try_from(imm) {
            // Writing a 32-bit register clears the high half.
            self.mov_r32_imm32(Gpr32::low_half(r64), unsigned as i32);
        } else if let Ok(signed) = i32::try_from(imm) {
            self.mov_rm64_imm32(r64, signed);
        } else {
            self.mov_r64_imm64(r64, imm);
        }
    }
}

/// Branches: the two-byte form if the target is bound and near enough.
impl Encoder<'_> {
    /// `jmp`, by [`jmp_rel8`](Self::jmp_rel8) if that reaches, else by [`jmp_rel32`](Self::jmp_rel32), which is the one to call where the
    /// near form is wanted.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn jmp(&mut self, target: impl Into<Target>) {
        let target = target.into();
        if self.reaches_short(target) { self.jmp_rel8(target) } else { self.jmp_rel32(target) }
    }

    /// `call`.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn call(&mut self, target: impl Into<Target>) {
        self.call_rel32(target);
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn reaches_short(&self, target: Target) -> bool {
        match target {
            Target::Label(label) => self.is_near(label),
            Target::Symbol(_) => false,
        }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn is_near(&self, label: Label) -> bool {
        // A bound label lies at a higher address, so the distance is not negative.
        self.pos_of(label).is_some_and(|pos| self.pos().distance_to(pos) <= 127)
    }
}

macro_rules! conditional {
    ($($cond:ident $rel8:ident $rel32:ident: $($name:ident)*;)*) => {
        /// Conditional branches: the two-byte form if the target is bound and near enough.
        impl Encoder<'_> {
            /// `jcc` with a condition that is a value.
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub fn jcc(&mut self, cond: Cond, target: impl Into<Target>) {
                let target = target.into();
                if self.reaches_short(target) {
                    match cond {
                        $(Cond::$cond => self.$rel8(target),)*
                    }
                } else {
                    match cond {
                        $(Cond::$cond => self.$rel32(target),)*
                    }
                }
            }

            $($(
                #[doc = concat!("[`", stringify!($rel8), "`](Self::", stringify!($rel8), ") if that reaches, else [`", stringify!($rel32), "`](Self::", stringify!($rel32), ").")]
                #[cfg_attr(not(debug_assertions), inline(always))]
                pub fn $name(&mut self, target: impl Into<Target>) {
                    let target = target.into();
                    if self.reaches_short(target) { self.$rel8(target) } else { self.$rel32(target) }
                }
            )*)*
        }
    };
}

conditional! {
    O jo_rel8 jo_rel32: jo;
    No jno_rel8 jno_rel32: jno;
    B jb_rel8 jb_rel32: jb jc jnae;
    Ae jae_rel8 jae_rel32: jae jnc jnb;
    E je_rel8 je_rel32: je jz;
    Ne jne_rel8 jne_rel32: jne jnz;
    Be jbe_rel8 jbe_rel32: jbe jna;
    A ja_rel8 ja_rel32: ja jnbe;
    S js_rel8 js_rel32: js;
    Ns jns_rel8 jns_rel32: jns;
    P jp_rel8 jp_rel32: jp jpe;
    Np jnp_rel8 jnp_rel32: jnp jpo;
    L jl_rel8 jl_rel32: jl jnge;
    Ge jge_rel8 jge_rel32: jge jnl;
    Le jle_rel8 jle_rel32: jle jng;
    G jg_rel8 jg_rel32: jg jnle;
}
