//! Running: a program's machine code goes into an arena of executable memory, and is entered as a function.

use std::error::Error;

use tailfirst::exec::Arena;

#[cfg(target_arch = "aarch64")]
use crate::aarch64::{Compiler, Function};
use crate::bytecode::{Memory, Program};
#[cfg(target_arch = "x86_64")]
use crate::x64::{Compiler, Function};

pub struct Native {
    pub compiler: Compiler,
    arena: Arena,
}

impl Native {
    pub fn new() -> Result<Native, Box<dyn Error>> {
        Ok(Native { compiler: Compiler::default(), arena: Arena::builder().build()? })
    }

    /// Compiles a program and runs it.
    pub fn run(&mut self, program: &Program, argument: u64, memory: &mut Memory) -> Result<u64, Box<dyn Error>> {
        let code = self.compiler.compile(program)?;
        let len = code.bytes().len();
        let mut region = self.arena.region(len)?;
        // The code has no symbols, so it needs no linking, and may lie anywhere.
        let start = region.len() - len;
        region.bytes_mut()[start..].copy_from_slice(code.bytes());
        let placed = region.place().code(len)?;
        let code = region.publish(placed)?;
        let function = code.function::<Function>(0)?;
        // SAFETY: `compile` gives a function of this type at offset 0, which accesses the memory only.
        Ok(unsafe { function(argument, memory.as_mut_ptr()) })
    }
}
