//! Code that runs, on one page: assembled forward, loaded into an arena, called. It greets by a function of this
//! program, whose address becomes a symbol.
//!
//! ```sh
//! cargo run --example hello --features exec
//! ```

use tailfirst::{Symbols, exec::Arena};

/// By C's convention, whatever the system's own is.
macro_rules! native {
    ($($function:tt)*) => {
        #[cfg(target_arch = "x86_64")]
        extern "sysv64" $($function)*
        #[cfg(not(target_arch = "x86_64"))]
        extern "C" $($function)*
    };
}

native! {
    fn greet(age: u64) {
        println!("hello, code {age} instructions old");
    }
}

#[cfg(target_arch = "x86_64")]
type Greeter = unsafe extern "sysv64" fn(u64);
#[cfg(not(target_arch = "x86_64"))]
type Greeter = unsafe extern "C" fn(u64);

/// Adds 2 to its argument, and goes on in `greet`.
#[cfg(target_arch = "x86_64")]
fn assemble(symbols: &mut Symbols) -> tailfirst::x64::Assembler<'static> {
    use tailfirst::x64::*;
    let mut asm = Assembler::new();
    asm.add_rm64_imm(RDI, 2);
    asm.jmp(symbols.at(greet as *const () as u64));
    asm
}

/// Adds 2 to its argument, and goes on in `greet`.
#[cfg(target_arch = "aarch64")]
fn assemble(symbols: &mut Symbols) -> tailfirst::aarch64::Assembler<'static> {
    use tailfirst::aarch64::*;
    let mut asm = Assembler::new();
    asm.add_x_imm(X0, X0, AddImm::of::<2>());
    asm.b(symbols.at(greet as *const () as u64));
    asm
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut symbols = Symbols::new();
    let mut asm = assemble(&mut symbols);
    let code = Arena::new()?.load(&asm.finish()?, |symbol| symbols.address_of(symbol))?;
    let greeter = code.function::<Greeter>(0)?;
    // SAFETY: such a function was emitted there.
    unsafe { greeter(0) };
    Ok(())
}
