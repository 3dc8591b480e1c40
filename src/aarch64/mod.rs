//! AArch64 (A64).
//!
//! ```
//! use tailfirst::aarch64::*;
//!
//! // sum of 1..=n, written from the last instruction to the first
//! let mut enc = Encoder::new();
//! enc.ret();
//! let done = enc.here();
//! let head = enc.label();
//! enc.cbnz_x(X1, head);
//! enc.sub_x_imm(X1, X1, AddImm::of::<1>());
//! enc.add_x(X0, X0, X1);
//! enc.bind(head);
//! enc.cbz_x(X1, done);
//! enc.mov_x(X0, XZR);
//! enc.mov_x(X1, X0);
//! let code = enc.finish()?;
//! assert_eq!(code.bytes().len(), 7 * 4);
//! # Ok::<(), tailfirst::FinishError>(())
//! ```
//!
//! A form's name is its mnemonic and what distinguishes its operands, as in `add_x_imm`, `ldr_x_post`, `fadd_d`. The
//! forms are generated from tables/aarch64/, and each shows its row. Above them stand the selectors, which choose among
//! forms by the operands at hand: [`Encoder::mov_x_imm`], [`Encoder::add_x_const`], [`Encoder::ldr_x`],
//! [`Encoder::ldp_x`], [`Encoder::b_eq`], and the like of each.

#[macro_use]
mod choices;

mod address;
mod bits;
mod cond;
mod cpu;
pub mod encode;
#[cfg(feature = "forms")]
mod find;
mod fixup;
#[cfg(feature = "forms")]
pub mod form;
mod imm;
mod island;
mod late;
mod operand;
#[cfg(feature = "forms")]
mod prefix;
mod reg;
mod select;
mod shift;
mod sized;
#[cfg(any(feature = "aarch64-sve", feature = "aarch64-sme", feature = "forms"))]
mod sme;
#[cfg(any(feature = "aarch64-sve", feature = "aarch64-sme", feature = "forms"))]
mod sve;
mod system;
mod values {
    //! Operations as values, as the tables have them.

    include!(concat!(env!("OUT_DIR"), "/aarch64_values.rs"));
}
mod vector;

// Conditions are written as the tables have them.
#[allow(clippy::nonminimal_bool)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/aarch64.rs"));
}

/// Every instruction, by table: what functions the encoder has, under the manual's titles.
#[cfg(doc)]
pub mod instructions {
    include!(concat!(env!("OUT_DIR"), "/aarch64_pages.rs"));
}

use crate::{Direction, Down, SiteKind, Up};

pub use address::{Address, AddressError, Offset};
pub use cond::{Cond, CondInv, Nzcv};
#[cfg(feature = "forms")]
pub use cpu::UnsupportedForm;
pub use cpu::{CpuFeature, CpuFeatures};
pub use fixup::Rel;
#[cfg(feature = "forms")]
pub use form::{Form, Operand, forms};
pub use imm::{
    AddImm, AtLeastImm, AtMostImm, BitField32, BitField64, ByteMask64, Fbits32, Fbits64, FpImm8, InvertedImm64,
    LaneFbits, LogicalImm32, LogicalImm64, LslImm32, LslImm64, MovInverted32, MovInverted64, MovWide32, MovWide64, Msl,
    Rotation, RotationOdd, SImm, ShrImm, UImm,
};
pub use late::LateImm;
pub use operand::IntoOperand;
#[cfg(feature = "forms")]
pub use prefix::{PrefixProblem, WrongPrefix};
pub use reg::*;
pub use select::ImmError;
pub use shift::{
    Extend, ExtendError, Extended32, Extended64, ExtendedReg, Index, Shift32, Shift64, ShiftKind, ShiftRor32,
    ShiftRor64, SizedIndex,
};
pub use sized::SizedOffset;
#[cfg(any(feature = "aarch64-sve", feature = "aarch64-sme", feature = "forms"))]
pub use sme::*;
#[cfg(any(feature = "aarch64-sve", feature = "aarch64-sme", feature = "forms"))]
pub use sve::*;
pub use system::{
    AtOp, Barrier, BarrierNxs, BtiTarget, DcOp, GicOp, IcOp, PState, PlbiOp, PlbiXOp, Prefetch, PrefetchOp,
    RangePrefetch, SysOp, SysReg, TlbiOp, TlbiPairOp, TlbiXOp,
};
pub use values::{AddSub, CondSelect, Divide, FpArith, FpSize, Load, Logic, LogicImm, ShiftBy, Store};
pub use vector::{
    LaneB, LaneBLow, LaneD, LaneH, LaneHLow, LaneList, LaneS, List, LutSegment, PairH, PairHLow, PairS, V1D, V1Q, V2D,
    V2H, V2S, V4H, V4S, V8B, V8H, V16B,
};

/// The instruction set, as a parameter of [`Encoder`](crate::Encoder) and [`Code`](crate::Code).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum A64 {}

impl crate::isa::sealed::Isa for A64 {
    type Field = Rel;
    type LateField = LateImm;

    #[cfg(feature = "exec")]
    const ARCH: &'static str = "aarch64";
    const OFFSET32: Rel = Rel::Offset32;
    const ADDRESS64: Rel = Rel::Address64;
    const CODE_ALIGN: crate::Align = crate::Align::of::<4>();
    const MOST_FOR_INSTRUCTION: usize = crate::bytes::cursor::WORD;
    // What would come due within a batch comes before it, so it should be short beside the reach of compare-and-branch.
    const BATCH: usize = 512;
    // LDR (literal) reaches 1 MiB; what lies between is still to come.
    const POOL_REACH: u32 = 1 << 19;

    fn make_room<D: Direction>(enc: &mut Emitter<'_, D>) {
        enc.cursor.make_room_for_word(&mut *enc.references, island::slow);
    }

    fn leave_room<D: Direction>(_: &mut Emitter<'_, D>) {}

    fn before<D: Direction>(enc: &mut Emitter<'_, D>, bytes: usize) {
        enc.keep_together(bytes);
    }

    fn before_movable<D: Direction>(enc: &mut Emitter<'_, D>, max_shift: usize) {
        island::before_movable(enc, max_shift);
    }

    fn constants_wait<D: Direction>(enc: &mut Emitter<'_, D>, bytes: usize) {
        island::constants_wait(enc, bytes);
    }

    fn after_fixups<D: Direction>(enc: &mut Emitter<'_, D>, fixups: core::ops::Range<usize>) {
        island::after_fixups(enc, fixups);
    }

    fn before_end_of_block<D: Direction>(enc: &mut Emitter<'_, D>) {
        island::before_end_of_block(enc);
    }

    fn is_site(kind: SiteKind, bytes: u32, field: Option<Rel>) -> bool {
        match (kind, field) {
            (SiteKind::A64Branch, field) => matches!(field, None | Some(Rel::Imm26)) && bytes == 4,
            (SiteKind::A64Conditional, field) => matches!(field, Some(Rel::Imm19 | Rel::Imm14)) && bytes == 4,
            (SiteKind::A64Literal | SiteKind::Slot, field) => {
                matches!(field, None | Some(Rel::Address64)) && bytes == 8
            }
            (SiteKind::X64Rel32 | SiteKind::X64Imm32 | SiteKind::X64Imm64, _) => false,
        }
    }

    fn place_gap<D: Direction>(enc: &mut Emitter<'_, D>, bytes: usize) {
        // Behind data there may be a rest.
        enc.place_data(bytes % 4, |enc| enc.cursor.place_zeros(bytes % 4));
        enc.nops(bytes);
    }

    crate::isa::sealed::concrete_steps!();
}

impl<D: Direction> Emitter<'_, D> {
    /// Places `bytes` bytes of NOP, rounded down to whole instructions.
    pub fn nops(&mut self, bytes: usize) {
        for _ in 0..bytes / 4 {
            self.nop();
        }
    }
}

/// An A64 assembler whose code grows downward: each call places an instruction *below* what was placed before.
pub type Encoder<'buf> = crate::Encoder<'buf, A64, Down>;

/// An A64 assembler whose code grows upward: each call places an instruction *above* what was placed before.
pub type Assembler<'buf> = crate::Encoder<'buf, A64, Up>;

/// An [`Encoder`] or an [`Assembler`], by the direction `D`: for functions that serve both.
pub type Emitter<'buf, D> = crate::Encoder<'buf, A64, D>;
