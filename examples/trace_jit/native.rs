//! The processor, as the machine that executes compiled code.
//!
//! Native code is entered by one C function, and left by returning from it; both are emitted by the back end, once.

use crate::backend::{Backend, EmitError};
use crate::context::Context;
use crate::memory::Executable;
use crate::vm::Machine;

/// The back end for the machine that this runs on, and the one for the other.
#[cfg(target_arch = "aarch64")]
pub type Host = crate::aarch64::Aarch64;
#[cfg(target_arch = "aarch64")]
pub type Other = crate::x64::X64;
#[cfg(target_arch = "x86_64")]
pub type Host = crate::x64::X64;
#[cfg(target_arch = "x86_64")]
pub type Other = crate::aarch64::Aarch64;

/// Context, linear memory, and the code to execute. The back end follows the System V convention wherever it runs.
#[cfg(target_arch = "x86_64")]
type Enter = unsafe extern "sysv64" fn(*mut Context, *mut u8, usize);
#[cfg(not(target_arch = "x86_64"))]
type Enter = unsafe extern "C" fn(*mut Context, *mut u8, usize);

pub struct Native {
    /// `enter`, and above it `leave`.
    door: Executable,
    leave: usize,
    code: Vec<Executable>,
}

impl Native {
    pub fn new() -> Result<Native, EmitError> {
        let mut host = Host::default();
        host.leave();
        let above = host.position();
        host.enter();
        let code = host.finish()?;
        Ok(Native { leave: code.len() - above, door: executable(&code)?, code: vec![] })
    }
}

fn executable(code: &[u8]) -> Result<Executable, EmitError> {
    Executable::new(code).map_err(|error| EmitError(error.to_string()))
}

impl Machine for Native {
    type Backend = Host;

    fn leave(&self) -> usize {
        self.door.start() as usize + self.leave
    }

    fn install(&mut self, code: &[u8]) -> Result<usize, EmitError> {
        let code = executable(code)?;
        let address = code.start() as usize;
        self.code.push(code);
        Ok(address)
    }

    unsafe fn run(&mut self, context: &mut Context, address: usize) {
        let memory = context.state.memory.as_mut_ptr();
        // SAFETY:
        // 1. `door` begins with the function that `Backend::enter` emitted, which has this type and is executable.
        // 2. The code at `address` was compiled for this context, by the caller's promise. It accesses the context, and
        //    the linear memory where a guard has found the address in bounds, and nothing else.
        unsafe {
            let enter = std::mem::transmute::<*const u8, Enter>(self.door.start());
            enter(context, memory, address);
        }
    }
}
