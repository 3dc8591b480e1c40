//! The ways between Rust and code.
//!
//! The entry stub is a System V function of code, context and slots. It saves what that convention preserves, and
//! beside it the previous entry's stack pointer, so that entries nest. The exit restores all that from wherever it is
//! reached: the entry stub jumps there when the code has returned, and so do traps and failed host functions.

use std::mem::offset_of;

use tailfirst::x64::{Assembler, EAX, Gpr64, Mem, R12, R13, R14, R15, RAX, RBP, RBX, RCX, RDI, RDX, RSI, RSP};

use super::memory::{context, field, load_reg, store_reg};
use super::{CONTEXT, CodeLabel, MEMORY, X64};
use crate::abi::{Activation, Context};
use crate::compile::convention::{Position, positions, words};
use crate::ir::Class;

/// What a System V function must leave as it found it.
const PRESERVED: [Gpr64; 6] = [RBX, RBP, R12, R13, R14, R15];
/// The slots' address in the entry stub, which is in no argument's register.
const SLOTS: Gpr64 = R12;
/// Passes words through there.
const THROUGH: Gpr64 = R13;

/// Arguments or results: where they are in the slots, of which class, and where code has them.
fn each(classes: &[Class]) -> impl Iterator<Item = (i32, Class, Position)> {
    let positions = positions::<X64<'_, '_>>(classes.iter().copied());
    (0..).step_by(16).zip(classes).zip(positions).map(|((at, &class), position)| (at, class, position))
}

fn copy(asm: &mut Assembler<'_>, class: Class, to: Mem, from: Mem, through: Gpr64) {
    for offset in (0..8 * class.words() as i32).step_by(8) {
        asm.mov_r64_rm64(through, from + offset);
        asm.mov_rm64_r64(to + offset, through);
    }
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
            asm.mov_r64_rm64(SLOTS, RDX);
            for (at, class, position) in each(arguments) {
                match position {
                    Position::Reg(reg) => load_reg(asm, class, reg, SLOTS + at),
                    Position::Word(word) => copy(asm, class, RSP + 8 * word as i32, SLOTS + at, THROUGH),
                }
            }
            asm.call_rm64(RAX);
            asm.mov_r64_rm64(SLOTS, RSP + (outgoing + 8 + 8));
            for (at, class, position) in each(results) {
                match position {
                    Position::Reg(reg) => store_reg(asm, class, SLOTS + at, reg),
                    Position::Word(word) => copy(asm, class, SLOTS + at, RSP + 8 * word as i32, THROUGH),
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
        let bytes = 16 * count + 8;
        let incoming = move |word: u32| RSP + (bytes + 8 + 8 * word as i32);
        self.enc.forward(|asm| {
            let host = asm.here();
            asm.sub_rm64_imm(RSP, bytes);
            for (at, class, position) in each(arguments) {
                match position {
                    Position::Reg(reg) => store_reg(asm, class, RSP + at, reg),
                    Position::Word(word) => copy(asm, class, RSP + at, incoming(word), RAX),
                }
            }
            asm.mov_r64_rm64(RDI, CONTEXT);
            asm.mov_r64_rm64(RSI, RSP);
            asm.call_rm64(context(offset_of!(Context, host)));
            asm.test_rm64_r64(RAX, RAX);
            asm.jnz(exit);
            for (at, class, position) in each(results) {
                match position {
                    Position::Reg(reg) => load_reg(asm, class, reg, RSP + at),
                    Position::Word(word) => copy(asm, class, incoming(word), RSP + at, RAX),
                }
            }
            asm.add_rm64_imm(RSP, bytes);
            asm.ret();
            host
        })
    }
}
