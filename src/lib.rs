//! An assembler for JIT compilers: encoders for x86-64 and AArch64 that write code from its last instruction to its
//! first, or from its first to its last.
//!
//! A JIT that walks its IR backward meets every use of a value before its definition, and so can allocate registers
//! while it emits code. It needs an assembler whose code grows *downward*:
//!
//! ```text
//!   low addresses                                         high addresses
//!   +-------------------------+-----------------------------------+
//!   |          free           |  ...  third   second   first      |
//!   +-------------------------+-----------------------------------+
//!                             ^ cursor                            ^ base
//! ```
//!
//! ```
//! use tailfirst::x64::*;
//!
//! // The sum of 1..=n, written from the last instruction to the first.
//! let mut enc = Encoder::new();
//! enc.ret();
//! let done = enc.here();            // bound: the ret is placed already
//! let head = enc.label();           // pending: the loop's head will lie below
//! enc.jnz(head);                    // the back edge, the only reference to resolve later
//! enc.dec_rm64(RDI);
//! enc.add_rm64_r64(RAX, RDI);
//! enc.bind(head);                   // the head is the instruction placed last, the add
//! enc.jz(done);                     // near enough: two bytes
//! enc.test_rm64_r64(RDI, RDI);
//! enc.xor_rm32_r32(EAX, EAX);
//! let code = enc.finish()?;         // bytes and relocations, or an error with the data
//! assert_eq!(code.bytes().len(), 20);
//! # Ok::<(), tailfirst::FinishError>(())
//! ```
//!
//! Most code generators go forward. For them there is the same with code that grows *upward*, an
//! [`Assembler`](x64::Assembler):
//!
//! ```
//! use tailfirst::x64::*;
//!
//! let mut asm = Assembler::new();
//! asm.xor_rm32_r32(EAX, EAX);
//! asm.test_rm64_r64(RDI, RDI);
//! let done = asm.label();           // pending: it will lie above
//! asm.jz(done);
//! let head = asm.here();            // bound: the place of what comes next
//! asm.add_rm64_r64(RAX, RDI);
//! asm.dec_rm64(RDI);
//! asm.jnz(head);                    // exact at once, and short
//! asm.bind(done);
//! asm.ret();
//! assert_eq!(asm.finish()?.bytes().len(), 20);
//! # Ok::<(), tailfirst::FinishError>(())
//! ```
//!
//! The two are one generic type, [`Encoder`], whose parameter is the direction, [`Down`] or [`Up`]. Functions and
//! services are the same. A helper for one direction does not compile with the other; one for both names an
//! [`Emitter`](x64::Emitter), and [`block!`] is reading order in both. A [block](Encoder::forward) of either direction
//! can stand in code of the other.
//!
//! # Words
//!
//! A *form* is one encoding and the function that writes it, named after the manual's syntax: `add r/m64, imm8` is
//! [`add_rm64_imm8`](x64::Encoder#method.add_rm64_imm8). Its documentation shows the row of the table that it comes
//! from. A *selector* picks among forms by the operands at hand: [`mov_r64_imm`](x64::Encoder#method.mov_r64_imm),
//! [`jmp`](x64::Encoder#method.jmp), [`mov_x_imm`](aarch64::Encoder#method.mov_x_imm).
//!
//! All functions are on one page, [`Encoder`]'s, which takes a browser some time. `x64::instructions` and
//! `aarch64::instructions` have them by table, under the manual's titles.
//!
//! There is no `enc.mov`: a mnemonic has many encodings, and the name says which one is meant. A function that the
//! compiler does not find may be behind a Cargo feature that is off (see [Features](#features)). Two things that
//! compile and may surprise, and one that does not compile:
//!
//! ```
//! use tailfirst::x64::*;
//!
//! let mut enc = Encoder::new();
//! enc.mov_r64_rm64(RAX, RBX);     // a register is a register: RAX = RBX
//! enc.mov_r64_rm64(RAX, RBX + 0); // memory: RAX = [RBX]
//! // The processor extends the sign of immediates, so they are signed. 0xFFFF_0000 alone does not fit.
//! enc.and_rm32_imm32(EAX, 0xFFFF_0000_u32 as i32);
//! assert_eq!(enc.finish()?.bytes(), [0x81, 0xE0, 0, 0, 0xFF, 0xFF, 0x48, 0x8B, 0x03, 0x48, 0x8B, 0xC3]);
//! # Ok::<(), tailfirst::FinishError>(())
//! ```
//!
//! A function as a value is a closure, which also leaves the operands' conversions to whoever calls it:
//!
//! ```
//! use tailfirst::x64::*;
//!
//! type Op = fn(&mut Encoder<'_>, Gpr64, Gpr64);
//! let ops: [Op; 2] = [|enc, a, b| enc.imul_r64_rm64(a, b), |enc, a, b| enc.add_r64_rm64(a, b)];
//! let mut enc = Encoder::new();
//! for op in ops {
//!     op(&mut enc, RAX, RDI);
//! }
//! assert_eq!(enc.finish()?.bytes(), [0x48, 0x03, 0xC7, 0x48, 0x0F, 0xAF, 0xC7]);
//! # Ok::<(), tailfirst::FinishError>(())
//! ```
//!
//! Where the operation alone is a value, [`alu_rm64_r64`](x64::Encoder#method.alu_rm64_r64) and its kin take it, at no
//! cost.
//!
//! The *base* is where code begins to grow: its end if it grows down, its start if it grows up. A [`Pos`] counts from
//! there. A [`Label`] is *bound* when its place is known, *pending* before. Lower and higher are addresses. A *fixup*
//! is a reference to a pending label, resolved by [`Encoder::finish`]; a [`Relocation`] refers to something outside and
//! leaves with the [`Code`].
//!
//! What a code generator needs beyond instructions is listed in [`services`], and which processors have which
//! instructions in [`cpu`].
//!
//! # Mistakes
//!
//! Encoder functions return nothing and never panic. A wrong operand does not compile (SP where XZR is meant, a 32-bit
//! register in a 64-bit form), or cannot be made (`AddImm::new(4097)` is `None`). What only the whole code shows, such
//! as an unbound label or a full buffer, is a [`FinishError`].
//!
//! # Features
//!
//! * `std` (default): links the standard library; without it the crate is `no_std` + alloc.
//! * `x64`, `aarch64` (both default): the instruction sets. Extensions: `x64-avx` and `aarch64-neon` (both default),
//!   `x64-avx512`, `x64-avx10`, `x64-apx`, `x64-hints` (the prefixes of HLE and MPX, which most processors ignore),
//!   `aarch64-sve`, `aarch64-sme`; all of them: `x64-full`, `aarch64-full`.
//! * `inline`: calls of encoder functions are expanded: faster in a loop of a dozen calls, larger and slower to build
//!   in a back end.
//! * `forms`: every form as data, [emission](x64::Form::emit) of one that is chosen at run time, and the way back: the
//!   form that [some bytes](x64::Form::at) are, and a [check](cpu#checking-code) of code against a processor's
//!   features.
//! * `exec`: executable memory, written in place and patched while it runs.
//! * `unwind`: [call frame information](unwind), given beside prologues and epilogues.
//! * `listing`: finished code as [text](listing), with names and comments.
//! * `debug-info` (with `std` and `unwind`; Linux): gdb, perf and panics are [told](debug) about code.
//! * `dynasm`: blocks that dynasm-rs's `dynasm!` fills, for the `dynasm` module.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]
#![warn(clippy::unwrap_used)]
// Without an instruction set there is nothing that uses the rest.
#![cfg_attr(not(any(feature = "x64", feature = "aarch64")), allow(dead_code, unused_imports, unused_macros))]
// Links lead to what a feature brings, also where it is off.
#![cfg_attr(
    not(all(feature = "x64", feature = "aarch64", feature = "forms", feature = "debug-info", feature = "listing")),
    allow(rustdoc::broken_intra_doc_links)
)]

extern crate alloc;

// First, since rustdoc has functions in the order of modules: an encoder's life before its instructions.
mod encoder;

#[macro_use]
#[cfg(any(feature = "x64", feature = "aarch64"))]
mod conditions;

#[cfg(feature = "aarch64")]
pub mod aarch64;
mod bytes;
mod code;
#[cfg(any(feature = "x64", feature = "aarch64"))]
pub mod cpu;
#[cfg(all(feature = "debug-info", target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub mod debug;
mod direction;
#[cfg(feature = "dynasm")]
pub mod dynasm;
mod error;
#[cfg(all(feature = "exec", any(target_arch = "x86_64", target_arch = "aarch64"), any(unix, windows)))]
pub mod exec;
#[cfg(feature = "aarch64")]
mod far;
#[cfg(feature = "forms")]
mod form;
mod isa;
#[cfg(feature = "listing")]
pub mod listing;
#[cfg(any(
    feature = "listing",
    all(feature = "debug-info", target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))
))]
mod printable;
#[cfg(all(feature = "std", feature = "x64", target_arch = "x86_64"))]
#[path = "exec/processor.rs"]
mod processor;
mod references;
#[cfg(any(feature = "x64", feature = "aarch64"))]
mod shape;
#[doc = include_str!("services.md")]
pub mod services {
    #[doc(inline)]
    pub use crate::{
        code::marks,
        encoder::{batch, blocks, cold, constants, data, late, patchable, snapshot},
        references::label,
    };
}
#[cfg(feature = "unwind")]
pub mod unwind;
#[cfg(any(feature = "aarch64", feature = "exec"))]
mod words;
#[cfg(feature = "x64")]
pub mod x64;

pub use code::{
    Code,
    marks::{LineTable, Marks, Row},
    relocation::{LinkError, Relocation, RelocationTarget},
    symbols::Symbols,
};
pub use direction::{Direction, Down, Up};
pub use encoder::{
    Encoder,
    cold::AroundCold,
    data::Align,
    late::{Late, LateField, LateSum, Placeholder},
    patchable::{PatchPoint, Site, SiteError, SiteKind},
    snapshot::Snapshot,
};
pub use error::{AddressProblem, FinishError};
#[cfg(feature = "forms")]
pub use form::{Access, OperandError, OperandInfo};
pub use isa::{Edge, Isa};
#[cfg(feature = "listing")]
pub use listing::Listing;
pub use references::{
    fixup::{Field, Range},
    label::{IntoTarget, Label, Pos, Symbol, Target},
};

/// The README's examples are tests.
#[cfg(all(doctest, feature = "x64", feature = "aarch64"))]
#[doc = include_str!("../README.md")]
struct Readme;
