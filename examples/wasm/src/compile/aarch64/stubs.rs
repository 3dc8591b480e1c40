//! The ways between Rust and code.
//!
//! The entry stub is a C function of code, context and slots. It saves what that convention preserves, and beside it
//! the previous entry's stack pointer, so that entries nest. The exit restores all that from wherever it is reached:
//! the entry stub goes there when the code has returned, and so do traps and failed host functions.

use std::mem::offset_of;

use tailfirst::aarch64::{
    Address, Assembler, D, Gpr64, SImm, SP, X0, X1, X2, X16, X17, X19, X20, X21, X22, X23, X24, X25, X26, X27, X28,
    X29, X30,
};

use super::memory::{load_reg, store_reg};
use super::{A64, CONTEXT, CodeLabel, MEMORY, NO_OFFSET, Reg, Target};
use crate::abi::{Activation, Context};
use crate::compile::convention::{Position, positions, words};
use crate::ir::Class;

/// What a C function must leave as it found it, in pairs; of D8 to D15 too, from the first on.
const PRESERVED: [(Gpr64, Gpr64); 6] = [(X29, X30), (X19, X20), (X21, X22), (X23, X24), (X25, X26), (X27, X28)];
const PRESERVED_FLOATS: [u8; 4] = [8, 10, 12, 14];
/// The bytes of these, of the slots' address and of the previous entry's stack pointer.
const SAVED: i32 = 16 * (PRESERVED.len() + PRESERVED_FLOATS.len() + 1) as i32;
/// The slots' address, which is in no argument's register.
const SLOTS: Gpr64 = X19;

/// Where a pair of registers is saved.
fn pair(index: usize) -> SImm<7, 3> {
    SImm::new(16 * index as i32).expect("the save area is smaller than 512 bytes")
}

fn field(base: Gpr64, offset: usize) -> Address {
    base + offset as i32
}

fn load(asm: &mut Assembler<'_>, class: Class, reg: Reg, from: Address) {
    load_reg(asm, class, reg, from).expect(NO_OFFSET);
}

fn store(asm: &mut Assembler<'_>, class: Class, to: Address, reg: Reg) {
    store_reg(asm, class, to, reg).expect(NO_OFFSET);
}

/// Arguments or results: where they are in the slots, of which class, and where code has them. There are at most 1,000
/// of each, and loads reach 4,095 words.
fn each(classes: &[Class]) -> impl Iterator<Item = (i32, Class, Position)> {
    let positions = positions::<A64<'_, '_>>(classes.iter().copied());
    (0..).step_by(16).zip(classes).zip(positions).map(|((at, &class), position)| (at, class, position))
}

fn copy(asm: &mut Assembler<'_>, class: Class, to: Address, from: Address) {
    let through = A64::scratch(class);
    load(asm, class, through, from);
    store(asm, class, to, through);
}

fn get(asm: &mut Assembler<'_>, to: Gpr64, from: Address) {
    asm.ldr_x(to, from).expect(NO_OFFSET);
}

impl A64<'_, '_> {
    pub(super) fn exit_stub(&mut self) -> CodeLabel {
        self.enc.forward(|asm| {
            let exit = asm.here();
            get(asm, X16, field(CONTEXT, offset_of!(Context, activation)));
            get(asm, X17, field(X16, offset_of!(Activation, entry_sp)));
            asm.mov_x_sp(SP, X17);
            get(asm, X17, SP + (SAVED - 16));
            asm.str_x(X17, field(X16, offset_of!(Activation, entry_sp))).expect(NO_OFFSET);
            for (index, (first, second)) in PRESERVED.into_iter().enumerate() {
                asm.ldp_x_off(first, second, SP, pair(index));
            }
            for (index, first) in PRESERVED_FLOATS.into_iter().enumerate() {
                asm.ldp_d_off(D::wrapping(first), D::wrapping(first + 1), SP, pair(PRESERVED.len() + index));
            }
            asm.add_x_const(SP, SP, SAVED.into()).expect(super::ACCEPTED);
            asm.ret();
            exit
        })
    }

    pub(super) fn entry_stub(&mut self, arguments: &[Class], results: &[Class], exit: CodeLabel) -> CodeLabel {
        let own = |classes: &[Class]| words::<Self>(classes.iter().copied());
        let outgoing = 8 * own(arguments).max(own(results)).next_multiple_of(2) as i32;
        self.enc.forward(|asm| {
            let entry = asm.here();
            asm.sub_x_const(SP, SP, SAVED.into()).expect(super::ACCEPTED);
            for (index, (first, second)) in PRESERVED.into_iter().enumerate() {
                asm.stp_x_off(first, second, SP, pair(index));
            }
            for (index, first) in PRESERVED_FLOATS.into_iter().enumerate() {
                asm.stp_d_off(D::wrapping(first), D::wrapping(first + 1), SP, pair(PRESERVED.len() + index));
            }
            asm.mov_x(CONTEXT, X1);
            get(asm, MEMORY, field(CONTEXT, offset_of!(Context, memory_base)));
            get(asm, X16, field(CONTEXT, offset_of!(Context, activation)));
            get(asm, X17, field(X16, offset_of!(Activation, entry_sp)));
            asm.str_x(X17, SP + (SAVED - 16)).expect(NO_OFFSET);
            asm.str_x(X2, SP + (SAVED - 8)).expect(NO_OFFSET);
            asm.mov_x_sp(X17, SP);
            asm.str_x(X17, field(X16, offset_of!(Activation, entry_sp))).expect(NO_OFFSET);
            asm.mov_x_imm(X16, outgoing as u64);
            asm.sub_x_ext(SP, SP, X16);
            asm.mov_x(X17, X0);
            asm.mov_x(SLOTS, X2);
            for (at, class, position) in each(arguments) {
                match position {
                    Position::Reg(reg) => load(asm, class, reg, SLOTS + at),
                    Position::Word(word) => copy(asm, class, SP + 8 * word as i32, SLOTS + at),
                }
            }
            asm.blr(X17);
            get(asm, SLOTS, SP + (outgoing + SAVED - 8));
            for (at, class, position) in each(results) {
                match position {
                    Position::Reg(reg) => store(asm, class, SLOTS + at, reg),
                    Position::Word(word) => copy(asm, class, SLOTS + at, SP + 8 * word as i32),
                }
            }
            asm.mov_x_imm(X0, 0);
            asm.b(exit);
            entry
        })
    }

    pub(super) fn host_stub(&mut self, arguments: &[Class], results: &[Class], exit: CodeLabel) -> CodeLabel {
        // The slots, and the return address.
        let slots = 16 * arguments.len().max(results.len()) as i32;
        let bytes = slots + 16;
        let incoming = move |word: u32| SP + (bytes + 8 * word as i32);
        self.enc.forward(|asm| {
            let host = asm.here();
            asm.mov_x_imm(X16, bytes as u64);
            asm.sub_x_ext(SP, SP, X16);
            asm.str_x(X30, SP + slots).expect(NO_OFFSET);
            for (at, class, position) in each(arguments) {
                match position {
                    Position::Reg(reg) => store(asm, class, SP + at, reg),
                    Position::Word(word) => copy(asm, class, SP + at, incoming(word)),
                }
            }
            asm.mov_x(X0, CONTEXT);
            asm.mov_x_sp(X1, SP);
            get(asm, X16, field(CONTEXT, offset_of!(Context, host)));
            asm.blr(X16);
            asm.cbnz_x(X0, exit);
            for (at, class, position) in each(results) {
                match position {
                    Position::Reg(reg) => load(asm, class, reg, SP + at),
                    Position::Word(word) => copy(asm, class, incoming(word), SP + at),
                }
            }
            get(asm, X30, SP + slots);
            asm.mov_x_imm(X16, bytes as u64);
            asm.add_x_ext(SP, SP, X16);
            asm.ret();
            host
        })
    }
}
