//! A compiler that goes forward: what an [`Assembler`] is for.
//!
//! A small bytecode in the manner of eBPF is compiled in one pass, from its first instruction to its last, as its verifier
//! and its interpreter go. So the code grows upward. What of `tailfirst` is used for what:
//!
//! * [`Assembler`]: one call places one machine instruction, above what was placed before. `Compiler` owns it, for all
//!   programs, and so its memory is had once.
//! * labels: each bytecode has one, made before the pass and bound when its turn comes. A jump back finds its label bound
//!   and takes the short form where that reaches; a jump ahead is filled in by `finish`.
//! * selectors (`mov_r64_imm`, `add_rm64_imm`, `jcc`): they take the shortest form for an operand, and a condition that is
//!   a value.
//! * `exec`: the code goes to the end of a region of an arena, and is entered as a typed function.
//!
//! Read in this order: `bytecode`, `compile`.
//!
//! There is no stack frame and nothing to allocate: the bytecode's registers are those that a callee may change. An address
//! is taken modulo the memory's size, so whatever a program does it accesses its memory only.
//!
//! ```text
//! cargo run --example ebpf
//! ```
//!
//! It runs some programs by the interpreter and, on x86-64, by the compiled code, and fails if the results differ.

mod bytecode;
mod compile;
mod programs;

#[cfg(target_arch = "x86_64")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut compiler = compile::Compiler::new()?;
    for (name, program, argument) in programs::all() {
        let mut memories = [[0; bytecode::WORDS]; 2];
        let expected = bytecode::interpret(&program, argument, &mut memories[0]);
        let bytes = compiler.compile(&program)?.bytes().len();
        let result = compiler.run(&program, argument, &mut memories[1])?;
        println!("{name} of {argument}: {result}, by {} bytecodes in {bytes} bytes", program.len());
        if result != expected || memories[0] != memories[1] {
            return Err(format!("{name}: the interpreter has {expected}").into());
        }
    }
    Ok(())
}

#[cfg(not(target_arch = "x86_64"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut compiler = compile::Compiler::new()?;
    for (name, program, argument) in programs::all() {
        let result = bytecode::interpret(&program, argument, &mut [0; bytecode::WORDS]);
        let bytes = compiler.compile(&program)?.bytes().len();
        println!("{name} of {argument}: {result}, by {} bytecodes in {bytes} bytes, not run", program.len());
    }
    Ok(())
}
