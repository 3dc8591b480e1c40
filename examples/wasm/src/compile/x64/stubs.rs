//! The ways between Rust and code.
//!
//! The entry stub is a System V function of code, context and words. It saves what that convention preserves, and
//! beside it the previous entry's stack pointer, so that entries nest. The exit restores all that from wherever it is
//! reached: the entry stub jumps there when the code has returned, and so do traps and failed host functions.

use std::mem::offset_of;

use tailfirst::x64::{Assembler, EAX, Gpr64, Mem, R12, R13, R14, R15, RAX, RBP, RBX, RCX, RDI, RDX, RSI, RSP};

use super::memory::{context, field};
use super::{CONTEXT, CodeLabel, MEMORY, Reg, X64, gpr, xmm};
use crate::abi::{Activation, Context};
use crate::compile::convention::{Position, positions, words};
use crate::ir::Class;

/// What a System V function must leave as it found it.
const PRESERVED: [Gpr64; 6] = [RBX, RBP, R12, R13, R14, R15];
/// The words' address in the entry stub, which is in no argument's register.
const WORDS: Gpr64 = R12;
/// Passes words through there.
const THROUGH: Gpr64 = R13;

fn load(asm: &mut Assembler<'_>, reg: Reg, from: Mem) {
    match reg.class() {
        Class::Int => asm.mov_r64_rm64(gpr(reg), from),
        Class::Float => asm.movsd_xmm_xmmm64(xmm(reg), from),
    }
}

fn store(asm: &mut Assembler<'_>, to: Mem, reg: Reg) {
    match reg.class() {
        Class::Int => asm.mov_rm64_r64(to, gpr(reg)),
        Class::Float => asm.movsd_xmmm64_xmm(to, xmm(reg)),
    }
}

/// Words of the caller and of the stack as arguments and results, in the order of a list.
fn each(classes: &[Class]) -> impl Iterator<Item = (i32, Position)> {
    (0..).step_by(8).zip(positions::<X64<'_, '_>>(classes.iter().copied()))
}

impl X64<'_, '_> {
    pub(super) fn exit_stub(&mut self) -> CodeLabel {
        self.enc.forward(|asm| {
            let exit = asm.here();
            asm.mov_r64_rm64(RCX, context(offset_of!(Context, activation)));
            asm.mov_r64_rm64(RSP, field(RCX, offset_of!(Activation, entry_sp)));
            asm.pop_r64(RDX);
            asm.mov_rm64_r64(field(RCX, offset_of!(Activation, entry_sp)), RDX);
            asm.pop_r64(RDX);
            for reg in PRESERVED.into_iter().rev() {
                asm.pop_r64(reg);
            }
            asm.ret();
            exit
        })
    }

    pub(super) fn entry_stub(&mut self, arguments: &[Class], results: &[Class], exit: CodeLabel) -> CodeLabel {
        let own = |classes: &[Class]| words::<Self>(classes.iter().copied());
        let outgoing = 8 * own(arguments).max(own(results)).next_multiple_of(2) as i32;
        self.enc.forward(|asm| {
            let entry = asm.here();
            for reg in PRESERVED {
                asm.push_r64(reg);
            }
            asm.push_r64(RDX);
            asm.mov_r64_rm64(CONTEXT, RSI);
            asm.mov_r64_rm64(MEMORY, context(offset_of!(Context, memory_base)));
            asm.mov_r64_rm64(RCX, context(offset_of!(Context, activation)));
            asm.push_rm64(field(RCX, offset_of!(Activation, entry_sp)));
            // The return address and these make the stack pointer 8 more than a multiple of 16.
            asm.mov_rm64_r64(field(RCX, offset_of!(Activation, entry_sp)), RSP);
            asm.sub_rm64_imm(RSP, outgoing + 8);
            asm.mov_r64_rm64(RAX, RDI);
            asm.mov_r64_rm64(WORDS, RDX);
            for (at, position) in each(arguments) {
                match position {
                    Position::Reg(reg) => load(asm, reg, WORDS + at),
                    Position::Word(word) => {
                        asm.mov_r64_rm64(THROUGH, WORDS + at);
                        asm.mov_rm64_r64(RSP + 8 * word as i32, THROUGH);
                    }
                }
            }
            asm.call_rm64(RAX);
            asm.mov_r64_rm64(WORDS, RSP + (outgoing + 8 + 8));
            for (at, position) in each(results) {
                match position {
                    Position::Reg(reg) => store(asm, WORDS + at, reg),
                    Position::Word(word) => {
                        asm.mov_r64_rm64(THROUGH, RSP + 8 * word as i32);
                        asm.mov_rm64_r64(WORDS + at, THROUGH);
                    }
                }
            }
            asm.xor_rm32_r32(EAX, EAX);
            asm.jmp(exit);
            entry
        })
    }

    pub(super) fn host_stub(&mut self, arguments: &[Class], results: &[Class], exit: CodeLabel) -> CodeLabel {
        let count = arguments.len().max(results.len()) as i32;
        // With the return address, a multiple of 16.
        let bytes = 8 * (count | 1);
        let incoming = move |word: u32| RSP + (bytes + 8 + 8 * word as i32);
        self.enc.forward(|asm| {
            let host = asm.here();
            asm.sub_rm64_imm(RSP, bytes);
            for (at, position) in each(arguments) {
                match position {
                    Position::Reg(reg) => store(asm, RSP + at, reg),
                    Position::Word(word) => {
                        asm.mov_r64_rm64(RAX, incoming(word));
                        asm.mov_rm64_r64(RSP + at, RAX);
                    }
                }
            }
            asm.mov_r64_rm64(RDI, CONTEXT);
            asm.mov_r64_rm64(RSI, RSP);
            asm.call_rm64(context(offset_of!(Context, host)));
            asm.test_rm64_r64(RAX, RAX);
            asm.jnz(exit);
            for (at, position) in each(results) {
                match position {
                    Position::Reg(reg) => load(asm, reg, RSP + at),
                    Position::Word(word) => {
                        asm.mov_r64_rm64(RAX, RSP + at);
                        asm.mov_rm64_r64(incoming(word), RAX);
                    }
                }
            }
            asm.add_rm64_imm(RSP, bytes);
            asm.ret();
            host
        })
    }
}
