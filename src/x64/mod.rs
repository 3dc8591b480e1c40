//! x86-64.
//!
//! ```
//! use tailfirst::x64::*;
//!
//! let mut enc = Encoder::new();
//! enc.ret();
//! let exit = enc.here();
//! enc.mov_r64_rm64(RAX, RDI + RCX * 8 + 16);
//! enc.jz(exit); // the two-byte form, since it reaches
//! enc.cmp_rm64_imm(RCX, 0); // a selector: the one-byte immediate
//! let code = enc.finish()?;
//! assert_eq!(code.bytes(), [0x48, 0x83, 0xF9, 0x00, 0x74, 0x05, 0x48, 0x8B, 0x44, 0xCF, 0x10, 0xC3]);
//! # Ok::<(), tailfirst::FinishError>(())
//! ```
//!
//! A form's name is its mnemonic and its operands, as the manual writes them: `add r/m64, imm8` is
//! [`add_rm64_imm8`](Encoder#method.add_rm64_imm8), `lock xadd m64, r64` is
//! [`lock_xadd_m64_r64`](Encoder#method.lock_xadd_m64_r64), and operands that the opcode fixes are part of the name:
//! [`shl_rm64_cl`](Encoder#method.shl_rm64_cl). Forms are generated from tables/x64/, and each shows its row.
//!
//! # What does not compile
//!
//! A byte register without REX beside one that needs it, or an address that does:
//!
//! ```compile_fail,E0308
//! # use tailfirst::x64::*;
//! Encoder::new().mov_rm8h_r8h(AH, R8B);
//! ```
//! ```compile_fail,E0277
//! # use tailfirst::x64::*;
//! Encoder::new().mov_rm8h_r8h(R9 + 8, AH);
//! ```
//!
//! Registers of another size or class, also in an address:
//!
//! ```compile_fail,E0308
//! # use tailfirst::x64::*;
//! Encoder::new().add_rm64_r64(RAX, EBX);
//! ```
//! ```compile_fail,E0277
//! # use tailfirst::x64::*;
//! Encoder::new().mov_r64_rm64(RAX, RBX + XMM1 * 4);
//! ```
//! ```compile_fail,E0308
//! # use tailfirst::x64::*;
//! Encoder::new().vaddps_xmm_xmm_xmmm128(XMM0, XMM16, XMM1); // xmm16 needs EVEX
//! ```
//!
//! A decoration that the form does not have, a gather without a mask, zeroing without a mask or of memory, and K0 as a
//! mask:
//!
//! ```compile_fail,E0277
//! # use tailfirst::x64::*;
//! Encoder::new().vaddps_ymm_k1z_ymm_ymmm256b32(YMM0, YMM1, YMM2.rounded(Round::Up));
//! ```
//! ```compile_fail,E0277
//! # use tailfirst::x64::*;
//! Encoder::new().vpgatherdd_zmm_k1_vm32z(ZMM1, RAX + ZMM2 * 4);
//! ```
//! ```compile_fail,E0599
//! # use tailfirst::x64::*;
//! Encoder::new().vmovaps_zmm_k1z_zmmm512(ZMM1.z(), ZMM2);
//! ```
//! ```compile_fail,E0599
//! # use tailfirst::x64::*;
//! Encoder::new().vmovaps_zmmm512_k1z_zmm(Mem::from(RDI).k(K1).z(), ZMM2);
//! ```
//! ```compile_fail,E0308
//! # use tailfirst::x64::*;
//! Encoder::new().vmovaps_zmm_k1z_zmmm512(ZMM1.k(K0), ZMM2);
//! ```
//! ```compile_fail,E0277
//! # use tailfirst::x64::*;
//! Encoder::new().vcvtps2ph_m256_k1_zmm_imm8(RDI, ZMM1.sae(), 0); // exceptions are suppressed beside registers only
//! ```
//!
//! An address of 32 bits beside a register that is to hold one of 64:
//!
//! ```compile_fail,E0277
//! # use tailfirst::x64::*;
//! Encoder::new().movdir64b_r64_m512(RDI, ESI);
//! ```
//! ```compile_fail,E0277
//! # use tailfirst::x64::*;
//! Encoder::new().movdir64b_r32_m512(EDI, RSI);
//! ```
//!
//! More code while the finished code is in use:
//!
//! ```compile_fail,E0499
//! # use tailfirst::x64::*;
//! let mut enc = Encoder::new();
//! let code = enc.finish().unwrap();
//! enc.ret();
//! let _ = code.bytes();
//! ```

mod address;
mod cond;
mod cpu;
mod decorate;
pub mod encode;
#[cfg(feature = "forms")]
mod find;
mod fixed_address;
mod fixup;
#[cfg(feature = "forms")]
mod form;
mod late;
mod mem;
mod nop;
pub mod operand;
mod reg;
mod select;
mod tables;
mod values {
    //! Operations as values, as the tables have them.

    use super::Cond;

    include!(concat!(env!("OUT_DIR"), "/x64_values.rs"));
}
mod width;
mod word;

// Digits are in groups that follow the constants; see the head of the file.
#[allow(clippy::unusual_byte_groupings)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/x64.rs"));
}

/// Every instruction, by table: what functions the encoder has, under the manual's titles.
#[cfg(doc)]
pub mod instructions {
    include!(concat!(env!("OUT_DIR"), "/x64_pages.rs"));
}

use crate::{Direction, Down, SiteKind, Up};

pub use address::Scale;
pub use cond::Cond;
#[cfg(feature = "forms")]
pub use cpu::UnsupportedForm;
pub use cpu::{CpuFeature, CpuFeatures};
pub use decorate::*;
pub use fixed_address::{MaskedDestination, Moffs, StringSource, XlatTable};
pub use fixup::Rel;
#[cfg(feature = "forms")]
pub use form::{Form, Operand, forms};
pub use late::LateImm;
pub use mem::{Addressed, EMem, Mem, NarrowMem, ScaledIndex, VMem, WideMem};
pub use operand::{
    ERm32, ERm64, EXmmM, EYmmM, IntoOperand, KM, Low, MmM, Rm, Rm8, Rm8h, Rm16, Rm32, Rm64, U4, XmmM, YmmM, ZmmM,
};
pub use reg::*;
pub use values::{Alu, Arith, Shift};
pub use width::Width;

/// The instruction set x86-64, as the parameter of [`Encoder`](crate::Encoder).
#[derive(Debug, Clone, Copy)]
pub enum X64 {}

impl crate::isa::sealed::Isa for X64 {
    type Field = Rel;
    type LateField = LateImm;

    #[cfg(feature = "exec")]
    const ARCH: &'static str = "x86_64";
    const OFFSET32: Rel = Rel::Offset32;
    const ADDRESS64: Rel = Rel::Address64;
    const CODE_ALIGN: crate::Align = crate::Align::of::<1>();
    const MOST_FOR_INSTRUCTION: usize = crate::bytes::memory::RED_ZONE;
    const BATCH: usize = 1024;
    // RIP-relative operands reach all of a buffer.
    const POOL_REACH: u32 = u32::MAX;

    fn is_site(kind: SiteKind, bytes: u32, field: Option<Rel>) -> bool {
        match (kind, field) {
            (SiteKind::X64Rel32, field) => matches!(field, Some(Rel::Rel32 | Rel::Disp32 { trailing: 0, addend: 0 })),
            (SiteKind::X64Imm32, field) => field.is_none() && bytes > 4,
            (SiteKind::X64Imm64, field) => matches!(field, None | Some(Rel::Address64)) && bytes == 10,
            (SiteKind::Slot, field) => matches!(field, None | Some(Rel::Address64)) && bytes == 8,
            (SiteKind::A64Branch | SiteKind::A64Conditional | SiteKind::A64Literal, _) => false,
        }
    }

    fn place_gap<D: Direction>(enc: &mut Emitter<'_, D>, bytes: usize) {
        enc.nops(bytes);
    }

    crate::isa::sealed::concrete_steps!();
}

/// An x86-64 assembler whose code grows downward: each call places an instruction *below* what was placed before.
pub type Encoder<'buf> = crate::Encoder<'buf, X64, Down>;

/// An x86-64 assembler whose code grows upward: each call places an instruction *above* what was placed before.
pub type Assembler<'buf> = crate::Encoder<'buf, X64, Up>;

/// An [`Encoder`] or an [`Assembler`], by the direction `D`: for functions that serve both.
pub type Emitter<'buf, D> = crate::Encoder<'buf, X64, D>;
