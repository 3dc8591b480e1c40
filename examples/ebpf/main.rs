//! A compiler that goes forward: what an `Assembler` is for.
//!
//! A small bytecode in the manner of eBPF is compiled in one pass, from its first instruction to its last, as its
//! verifier and its interpreter go. So the code grows upward. Read in this order:
//!
//! * `bytecode`: the language, its verifier and its interpreter
//! * `x64`, `aarch64`: a compiler each, whole and by itself; the processor's is the one that is built
//! * `native`: running what was compiled
//!
//! What of `tailfirst` is used for what:
//!
//! * `Assembler`: one call places one machine instruction, above what was placed before. `Compiler` owns it, and uses
//!   it for all programs, so its memory is had once. Nothing is passed along: a method that places code is a method of
//!   `Compiler`.
//! * labels: each bytecode has one, made before the pass and bound when its turn comes. A jump back finds its label
//!   bound and is exact at once, and short where that reaches; a jump ahead is filled in by `finish`.
//! * operations as values: `alu_rm64_r64(Alu::Xor, ..)`, `logic_x(Logic::Eor, ..)`, `jcc(cond, ..)`. What a bytecode's
//!   operation is called on the machine is said once, and whether the operand is a register or an immediate is asked
//!   once, for all.
//! * selectors: `mov_r64_imm`, `alu_rm64_imm` and `jcc` take the shortest form for an operand; `add_x_const` says
//!   whether there is one.
//! * cold parts: on x86-64 a division by zero traps, so it is led aside. `cold` writes that where it is met, and
//!   `finish` lays it behind the program, which falls through. AArch64 divides by zero as the bytecode does.
//! * `exec`: the code goes into an arena, and is entered as a typed function.
//!
//! There is nothing to allocate: each of the bytecode's registers has one of the machine's. An address is taken modulo
//! the memory's size, so whatever a program does it accesses its memory only.
//!
//! ```text
//! cargo run --example ebpf
//! ```
//!
//! It runs some programs by the interpreter and by the compiled code, and fails if the results differ.

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod bytecode;
mod native;
mod programs;
#[cfg(target_arch = "x86_64")]
mod x64;

use std::error::Error;

use bytecode::{Program, WORDS};

fn main() -> Result<(), Box<dyn Error>> {
    let mut native = native::Native::new()?;
    for (name, bytecodes, argument) in programs::all() {
        let program = Program::new(bytecodes).map_err(|_| format!("{name} leaves itself"))?;
        let mut memories = [[0; WORDS]; 2];
        let expected = program.interpret(argument, &mut memories[0]);
        let bytes = native.compiler.compile(&program)?.bytes().len();
        let result = native.run(&program, argument, &mut memories[1])?;
        println!("{name} of {argument}: {result}, by {} bytecodes in {bytes} bytes", program.bytecodes().len());
        if result != expected || memories[0] != memories[1] {
            return Err(format!("{name}: the interpreter has {expected}").into());
        }
    }
    Ok(())
}
