//! Functions in executable memory, for the tests of what tools are told.

// Every test is a crate by itself and uses a part of this.
#![allow(dead_code)]

use memmap2::{Mmap, MmapMut};
use tailfirst::{LineTable, Marks, debug::SourceLine, unwind::Unwind};

/// A function that calls what it is given: `call(callback, n)` is `callback(n) + 1`.
pub struct Call {
    memory: Mmap,
    pub code: Vec<u8>,
    pub eh_frame: Vec<u8>,
    lines: LineTable<u32>,
}

pub type Callback = extern "C-unwind" fn(u64) -> u64;

/// How the function's frame is found.
#[derive(Debug, Clone, Copy)]
pub enum Frame {
    /// By a frame pointer.
    Pointer,
    /// By the stack pointer.
    NoPointer,
}

impl Call {
    pub fn new(frame: Frame) -> Call {
        let mut enc = native::Encoder::new();
        let (mut marks, mut unwind) = (Marks::new(), Unwind::new());
        native::call(&mut enc, &mut marks, &mut unwind, frame);
        let code = enc.finish().expect("every label is bound");
        let mut memory = MmapMut::map_anon(code.bytes().len()).expect("memory");
        memory.copy_from_slice(code.bytes());
        let memory = memory.make_exec().expect("executable memory");
        #[cfg(target_arch = "aarch64")]
        flush(&memory);
        let eh_frame = unwind.table(&code).expect("the rules are in order").eh_frame(memory.as_ptr() as u64);
        Call { code: code.bytes().to_vec(), eh_frame, lines: marks.table(&code), memory }
    }

    pub fn address(&self) -> u64 {
        self.memory.as_ptr() as u64
    }

    pub fn lines(&self) -> LineTable<SourceLine<'static>> {
        self.lines.map(|line| SourceLine { file: "call.lang", line: *line, column: 7 })
    }

    pub fn call(&self, callback: Callback, n: u64) -> u64 {
        // SAFETY: `native::call` follows C's conventions and has this signature. Where a callback may panic, the frame
        // is registered.
        let function: extern "C-unwind" fn(Callback, u64) -> u64 = unsafe { std::mem::transmute(self.memory.as_ptr()) };
        function(callback, n)
    }
}

#[cfg(target_arch = "x86_64")]
pub mod native {
    use super::Frame;
    use tailfirst::{Marks, unwind::Unwind, x64::*};

    pub use tailfirst::x64::Encoder;
    pub const MACHINE: u32 = 62;

    /// What a function must leave as it found it, besides RBP.
    const PRESERVED: [Gpr64; 5] = [RBX, R12, R13, R14, R15];

    pub fn call(enc: &mut Encoder<'_>, marks: &mut Marks<u32>, unwind: &mut Unwind<X64>, frame: Frame) {
        // The return address and RBP are above. With these it is 64 bytes, a multiple of 16.
        let depth = |saved: usize| 16 + 8 * saved as u32;
        let all = PRESERVED.len();
        enc.ret();
        unwind.cfa(enc.here(), RSP, 8);
        unwind.restored(enc.here(), RBP);
        enc.pop_r64(RBP);
        for (saved, register) in PRESERVED.into_iter().enumerate() {
            unwind.restored(enc.here(), register);
            if let Frame::NoPointer = frame {
                unwind.cfa_offset(enc.here(), depth(saved));
            }
            enc.pop_r64(register);
        }
        if let Frame::NoPointer = frame {
            unwind.cfa_offset(enc.here(), depth(all));
        }
        enc.add_rm64_imm(RSP, 8);
        marks.mark(enc.here(), 4);
        enc.add_rm64_imm(RAX, 1);
        marks.mark(enc.here(), 3);
        enc.call_rm64(RAX);
        enc.mov_rm64_r64(RDI, RSI);
        enc.mov_rm64_r64(RAX, RDI);
        // So that a caller notices registers that were not restored.
        for register in PRESERVED {
            enc.mov_r64_imm(register, -1);
        }
        marks.mark(enc.here(), 2);
        if let Frame::NoPointer = frame {
            enc.mov_r64_imm(RBP, -1);
            unwind.cfa_offset(enc.here(), depth(all) + 8);
        }
        enc.sub_rm64_imm(RSP, 8);
        for (saved, register) in PRESERVED.into_iter().enumerate().rev() {
            unwind.saved(enc.here(), register, -(depth(saved + 1) as i32));
            if let Frame::NoPointer = frame {
                unwind.cfa_offset(enc.here(), depth(saved + 1));
            }
            enc.push_r64(register);
        }
        if let Frame::Pointer = frame {
            unwind.cfa_register(enc.here(), RBP);
            enc.mov_rm64_r64(RBP, RSP);
        }
        unwind.cfa_offset(enc.here(), 16);
        unwind.saved(enc.here(), RBP, -16);
        enc.push_r64(RBP);
        marks.mark(enc.here(), 1);
    }
}

#[cfg(target_arch = "aarch64")]
pub mod native {
    use super::Frame;
    use tailfirst::{Marks, aarch64::*, unwind::Unwind};

    pub use tailfirst::aarch64::Encoder;
    pub const MACHINE: u32 = 183;

    pub fn call(enc: &mut Encoder<'_>, marks: &mut Marks<u32>, unwind: &mut Unwind<A64>, frame: Frame) {
        let bytes = |n| SImm::new(n).expect("in range");
        enc.ret();
        unwind.cfa(enc.here(), SP, 0);
        unwind.restored(enc.here(), X29);
        unwind.restored(enc.here(), X30);
        enc.ldp_x_post(X29, X30, SP, bytes(48));
        unwind.restored(enc.here(), X19);
        unwind.restored(enc.here(), X20);
        enc.ldp_x_off(X19, X20, SP, bytes(16));
        unwind.restored(enc.here(), D8);
        enc.ldr_d(D8, SP + 32).expect("in range");
        marks.mark(enc.here(), 4);
        enc.add_x_imm(X0, X0, AddImm::of::<1>());
        marks.mark(enc.here(), 3);
        enc.blr(X9);
        enc.mov_x(X0, X1);
        enc.mov_x(X9, X0);
        enc.fmov_d_x(D8, X19);
        enc.mov_x_imm(X19, u64::MAX);
        enc.mov_x_imm(X20, u64::MAX);
        marks.mark(enc.here(), 2);
        unwind.saved(enc.here(), D8, -16);
        enc.str_d(D8, SP + 32).expect("in range");
        unwind.saved(enc.here(), X19, -32);
        unwind.saved(enc.here(), X20, -24);
        enc.stp_x_off(X19, X20, SP, bytes(16));
        if let Frame::Pointer = frame {
            unwind.cfa_register(enc.here(), X29);
            enc.mov_x_sp(X29, SP);
        }
        unwind.cfa_offset(enc.here(), 48);
        unwind.saved(enc.here(), X29, -48);
        unwind.saved(enc.here(), X30, -40);
        enc.stp_x_pre(X29, X30, SP, bytes(-48));
        marks.mark(enc.here(), 1);
    }
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

/// A new directory, removed when dropped.
pub struct Directory(pub std::path::PathBuf);

impl Directory {
    pub fn new(test: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("tailfirst-{test}-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Directory(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // Left behind in a directory for such things, if it cannot be removed.
        _ = std::fs::remove_dir_all(&self.0);
    }
}
