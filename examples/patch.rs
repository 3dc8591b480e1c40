//! Code that is changed while it may run, on one page: a call that leads to a stub first, and to the real function once
//! there is one. That is how calls of functions that are not compiled yet, inline caches and traces that are joined
//! later work.
//!
//! ```sh
//! cargo run --example patch --features exec
//! ```

use tailfirst::{
    PatchPoint,
    exec::{Arena, Patch, Value},
};

#[cfg(target_arch = "x86_64")]
type Function = unsafe extern "sysv64" fn() -> u64;
#[cfg(not(target_arch = "x86_64"))]
type Function = unsafe extern "C" fn() -> u64;

/// Jumps to a stub that gives 1; behind that lies a function that gives 2. The jump is what will be changed.
#[cfg(target_arch = "x86_64")]
fn assemble() -> (tailfirst::x64::Assembler<'static>, PatchPoint, tailfirst::Label) {
    use tailfirst::{SiteKind, x64::*};
    let mut asm = Assembler::new();
    let (stub, compiled) = (asm.label(), asm.label());
    let jump = asm.patchable(SiteKind::X64Rel32, |asm| asm.jmp_rel32(stub));
    for (label, number) in [(stub, 1), (compiled, 2)] {
        asm.bind(label);
        asm.mov_r32_imm32(EAX, number);
        asm.ret();
    }
    (asm, jump, compiled)
}

/// Branches to a stub that gives 1; behind that lies a function that gives 2. The branch is what will be changed.
#[cfg(target_arch = "aarch64")]
fn assemble() -> (tailfirst::aarch64::Assembler<'static>, PatchPoint, tailfirst::Label) {
    use tailfirst::{SiteKind, aarch64::*};
    let mut asm = Assembler::new();
    let (stub, compiled) = (asm.label(), asm.label());
    let jump = asm.patchable(SiteKind::A64Branch, |asm| asm.b(stub));
    for (label, number) in [(stub, 1), (compiled, 2)] {
        asm.bind(label);
        asm.mov_x_imm(X0, number);
        asm.ret();
    }
    (asm, jump, compiled)
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut asm, jump, compiled) = assemble();
    let finished = asm.finish()?;
    let (site, compiled) = (finished.site(jump)?, finished.offset_of(compiled).ok_or("it is bound")?);
    let code = Arena::new()?.load(&finished, |_symbol| None)?;
    let function = code.function::<Function>(0)?;
    let site = code.patch_site(site)?;
    // SAFETY: such functions were emitted there, and the jump may lead to either.
    unsafe {
        println!("before: {}", function());
        assert_eq!(function(), 1);
        let undo = code.patch(&[Patch { site, value: Value::Target(code.address() + compiled as u64) }])?;
        println!("after: {}", function());
        assert_eq!(function(), 2);
        code.patch(&undo)?;
        assert_eq!(function(), 1);
    }
    Ok(())
}
