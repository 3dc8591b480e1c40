//! Code that runs without an arena: in a mapping of `memmap2`, which is written, and then made executable. That does
//! for a program that makes its code once. It needs no feature of this crate.
//!
//! ```sh
//! cargo run --example mapping
//! ```

use memmap2::{Mmap, MmapMut};
use tailfirst::FinishError;

#[cfg(target_arch = "x86_64")]
type Function = unsafe extern "sysv64" fn(u64, u64) -> u64;
#[cfg(not(target_arch = "x86_64"))]
type Function = unsafe extern "C" fn(u64, u64) -> u64;

/// A function that gives `a * a + b`.
#[cfg(target_arch = "x86_64")]
fn assemble() -> Result<Vec<u8>, FinishError> {
    use tailfirst::x64::*;
    let mut asm = Assembler::new();
    asm.mov_r64_rm64(RAX, RDI);
    asm.imul_r64_rm64(RAX, RAX);
    asm.add_rm64_r64(RAX, RSI);
    asm.ret();
    Ok(asm.finish()?.bytes().to_vec())
}

/// A function that gives `a * a + b`.
#[cfg(target_arch = "aarch64")]
fn assemble() -> Result<Vec<u8>, FinishError> {
    use tailfirst::aarch64::*;
    let mut asm = Assembler::new();
    asm.madd_x(X0, X0, X0, X1);
    asm.ret();
    Ok(asm.finish()?.bytes().to_vec())
}

/// Memory that has the code and can be run.
fn load(code: &[u8]) -> std::io::Result<Mmap> {
    let mut memory = MmapMut::map_anon(code.len())?;
    memory.copy_from_slice(code);
    let memory = memory.make_exec()?;
    // On x86-64 the processor sees what was written. On AArch64 it has to be told, by what the compiler's run time has
    // for that.
    #[cfg(target_arch = "aarch64")]
    {
        unsafe extern "C" {
            fn __clear_cache(begin: *const u8, end: *const u8);
        }
        let range = memory.as_ptr_range();
        // SAFETY: the range is the mapping's.
        unsafe { __clear_cache(range.start, range.end) };
    }
    Ok(memory)
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let memory = load(&assemble()?)?;
    // SAFETY: such a function is at the mapping's start, and the mapping lives until it has returned.
    let found = unsafe {
        let function: Function = std::mem::transmute(memory.as_ptr());
        function(5, 17)
    };
    assert_eq!(found, 42);
    println!("5 * 5 + 17 = {found}");
    Ok(())
}
