//! The function, and who is told of it.

use memmap2::MmapMut;
use std::{error::Error, fs, hint::black_box, path::PathBuf};
use tailfirst::{
    Marks,
    debug::{Function, GdbRegistration, JitDump, PerfMap, SourceLine},
    unwind::Unwind,
};

const SOURCE: &str = "\
fn apply(callback, n) {
    let result = callback(n);
    result + 1
}
";

/// `apply`, written from its last instruction to its first. It has no frame pointer, so nobody finds its caller by
/// luck.
#[cfg(target_arch = "x86_64")]
mod native {
    use super::*;
    use tailfirst::x64::*;

    pub type Isa = X64;
    pub type Assembler = Encoder<'static>;

    pub fn apply(enc: &mut Assembler, marks: &mut Marks<u32>, unwind: &mut Unwind<Isa>) {
        enc.ret();
        unwind.cfa_offset(enc.here(), 8);
        enc.add_rm64_imm(RSP, 40);
        marks.mark(enc.here(), 4);
        enc.add_rm64_imm(RAX, 1);
        marks.mark(enc.here(), 3);
        enc.call_rm64(RAX);
        enc.mov_rm64_r64(RDI, RSI);
        enc.mov_rm64_r64(RAX, RDI);
        marks.mark(enc.here(), 2);
        unwind.cfa_offset(enc.here(), 48);
        enc.sub_rm64_imm(RSP, 40);
        marks.mark(enc.here(), 1);
    }
}

#[cfg(target_arch = "aarch64")]
mod native {
    use super::*;
    use tailfirst::aarch64::*;

    pub type Isa = A64;
    pub type Assembler = Encoder<'static>;

    pub fn apply(enc: &mut Assembler, marks: &mut Marks<u32>, unwind: &mut Unwind<Isa>) {
        enc.ret();
        unwind.cfa_offset(enc.here(), 0);
        unwind.restored(enc.here(), X30);
        enc.ldr_x_post(X30, SP, SImm::new(16).expect("in range"));
        marks.mark(enc.here(), 4);
        enc.add_x_imm(X0, X0, AddImm::of::<1>());
        marks.mark(enc.here(), 3);
        enc.blr(X9);
        enc.mov_x(X0, X1);
        enc.mov_x(X9, X0);
        marks.mark(enc.here(), 2);
        unwind.cfa_offset(enc.here(), 16);
        unwind.saved(enc.here(), X30, -16);
        enc.str_x_pre(X30, SP, SImm::new(-16).expect("in range"));
        marks.mark(enc.here(), 1);
    }
}

type Apply = extern "C" fn(extern "C" fn(u64) -> u64, u64) -> u64;

/// What `apply` calls, by a name that a debugger can break at.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn debug_view_callback(n: u64) -> u64 {
    black_box(n) * 2
}

/// Called when everything has been unregistered.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn debug_view_end(result: u64) {
    println!("apply(twice, 20) is {}", black_box(result));
}

pub fn main() -> Result<(), Box<dyn Error>> {
    let directory = PathBuf::from(std::env::args().nth(1).unwrap_or("/tmp".into()));
    let source = directory.join("apply.lang");
    fs::write(&source, SOURCE)?;

    let mut enc = native::Assembler::new();
    let (mut marks, mut unwind) = (Marks::new(), Unwind::new());
    native::apply(&mut enc, &mut marks, &mut unwind);
    let code = enc.finish()?;

    let mut memory = MmapMut::map_anon(code.bytes().len())?;
    memory.copy_from_slice(code.bytes());
    let memory = memory.make_exec()?;
    #[cfg(target_arch = "aarch64")]
    flush(&memory);

    let file = source.to_str().ok_or("the path is not UTF-8")?;
    let lines = marks.table(&code).map(|line| SourceLine { file, line: *line, column: 0 });
    let address = memory.as_ptr() as u64;
    let eh_frame = unwind.table(&code)?.eh_frame(address);
    // The rest of its page is nobody's, and a page has 4096 bytes at least.
    let room = 4096 - code.bytes().len();
    let function = Function::new("apply", address, code.bytes());
    let function = function.with_lines(&lines).with_eh_frame(&eh_frame).with_room_above(room);

    let registration = GdbRegistration::new(&function);
    fs::write(directory.join("apply.o"), registration.image())?;
    PerfMap::at(directory.join(format!("perf-{}.map", std::process::id())))?.add(&function)?;
    let mut dump = JitDump::new(&directory)?;
    dump.add(&function)?;

    // SAFETY: `native::apply` follows C's conventions, and has this signature.
    let apply: Apply = unsafe { std::mem::transmute(memory.as_ptr()) };
    let rounds = std::env::args().nth(2).map_or(Ok(1), |rounds| rounds.parse())?;
    let mut result = 0;
    for _ in 0..rounds {
        result = apply(debug_view_callback, 20);
    }
    drop(registration);
    debug_view_end(result);
    Ok(())
}

/// AArch64's instruction cache does not notice what is written.
#[cfg(target_arch = "aarch64")]
fn flush(code: &[u8]) {
    unsafe extern "C" {
        /// From the compiler's runtime library.
        fn __clear_cache(start: *const u8, end: *const u8);
    }
    let range = code.as_ptr_range();
    // SAFETY: the range is that of a slice, so all of it is mapped and readable.
    unsafe { __clear_cache(range.start, range.end) };
}
