//! asmkit-rs, for x64 and for AArch64.
//!
//! A `CodeBuffer` is cleared and used again. `finish` resolves labels and shortens x64's branches; it also copies what
//! it finished, and there is no other way to have the labels resolved.

pub use arm::ArmBuffer;
pub use x64::Buffer;

use super::MOST_LABELS;
use asmkit::{Arch, CodeBuffer, CodeBufferFinalized, Environment, Label};

pub struct Asmkit {
    buffer: CodeBuffer,
    labels: [Label; MOST_LABELS],
    finished: Option<CodeBufferFinalized>,
}

impl Asmkit {
    fn with_arch(arch: Arch) -> Self {
        let mut buffer = CodeBuffer::new(Environment::new(arch));
        let labels = [buffer.get_label(); MOST_LABELS];
        Asmkit { buffer, labels, finished: None }
    }

    fn start(&mut self, pending: bool) {
        self.buffer.clear();
        if pending {
            for label in &mut self.labels {
                *label = self.buffer.get_label();
            }
        }
    }

    fn bind_label(&mut self, label: usize) {
        self.buffer.bind_label(self.labels[label]);
    }

    fn label_here(&mut self, label: usize) {
        self.labels[label] = self.buffer.get_label();
        self.bind_label(label);
    }

    fn finish(&mut self) {
        self.finished = Some(self.buffer.finish().expect("every instruction of a reference list can be assembled"));
    }

    fn finished(&self) -> std::vec::Vec<u8> {
        self.finished.as_ref().expect("only after a run").data().to_vec()
    }
}

macro_rules! common_steps {
    () => {
        const NAME: &'static str = "asmkit";

        fn begin(&mut self, pending: bool) {
            self.0.start(pending);
        }

        fn bind(&mut self, label: usize) {
            self.0.bind_label(label);
        }

        fn here(&mut self, label: usize) {
            self.0.label_here(label);
        }

        fn end(&mut self) {
            self.0.finish();
        }

        fn bytes(&mut self) -> std::vec::Vec<u8> {
            self.0.finished()
        }
    };
}

mod x64 {
    use super::super::Emitter;
    use super::Asmkit;
    use crate::workload::{Guard, ROUNDS_A_BLOCK, Round, constant_rounds, lower_case_registers};
    use asmkit::x86::*;
    use asmkit::{Arch, imm};

    pub struct Buffer(Asmkit);
    impl Buffer {
        pub fn new() -> Self {
            Buffer(Asmkit::with_arch(Arch::X64))
        }
    }

    #[inline(always)]
    fn gpq(number: u8) -> Gpq {
        regs::gpq(number.into())
    }

    #[inline(always)]
    fn xmm(number: u8) -> Xmm {
        regs::xmm(number.into())
    }

    impl Emitter for Buffer {
        common_steps!();

        #[inline(always)]
        fn round(&mut self, r: &Round) {
            let labels = &self.0.labels;
            let mut asm = Assembler::new(&mut self.0.buffer);
            asm.mov(gpq(r.mov[0]), gpq(r.mov[1]));
            asm.add(gpq(r.add[0]), gpq(r.add[1]));
            asm.imul(gpq(r.imul[0]), gpq(r.imul[1]));
            asm.sub(gpq(r.sub), r.sub_imm);
            asm.cmp(gpq(r.cmp), r.cmp_imm);
            asm.mov(gpq(r.load[0]), ptr64(gpq(r.load[1]), r.load_disp));
            asm.mov(ptr64(gpq(r.store[0]), r.store_disp), gpq(r.store[1]));
            let [dst, base, index, scale] = r.lea;
            asm.lea(gpq(dst), ptr64_index(gpq(base), gpq(index), scale.into(), r.lea_disp));
            asm.mov(gpq(r.imm), imm(r.imm64 as i64));
            asm.shl(gpq(r.shl[0]), imm(r.shl[1]));
            asm.addsd(xmm(r.addsd[0]), xmm(r.addsd[1]));
            asm.movsd(xmm(r.movsd[0]), ptr64(gpq(r.movsd[1]), r.movsd_disp));
            asm.jnz(labels[usize::from(r.jne)]);
        }

        #[inline(always)]
        fn constants(&mut self, targets: [u8; ROUNDS_A_BLOCK]) {
            lower_case_registers!(asmkit::x86::regs);
            let labels = &self.0.labels;
            let mut asm = Assembler::new(&mut self.0.buffer);
            #[rustfmt::skip] // one form a line
            macro_rules! push {
                (sub $dst:tt $imm:tt) => { asm.sub($dst, imm($imm)); };
                (cmp $dst:tt $imm:tt) => { asm.cmp($dst, imm($imm)); };
                (load $dst:tt $base:tt $disp:tt) => { asm.mov($dst, ptr64($base, $disp)); };
                (store $base:tt $disp:tt $src:tt) => { asm.mov(ptr64($base, $disp), $src); };
                (lea $dst:tt $base:tt $index:tt $scale:tt $disp:tt) => {
                    asm.lea($dst, ptr64_index($base, $index, u32::ilog2($scale), $disp));
                };
                (imm $dst:tt $imm:tt) => { asm.mov($dst, imm::<i64>($imm)); };
                (shl $dst:tt $count:tt) => { asm.shl($dst, imm($count)); };
                (movsd $dst:tt $base:tt $disp:tt) => { asm.movsd($dst, ptr64($base, $disp)); };
                (jne $round:tt) => { asm.jnz(labels[usize::from(targets[$round])]); };
                ($form:ident $dst:tt $src:tt) => { asm.$form($dst, $src); };
            }
            constant_rounds!(forward push);
        }

        #[inline(always)]
        fn mov(&mut self, [dst, src]: [u8; 2]) {
            Assembler::new(&mut self.0.buffer).mov(gpq(dst), gpq(src));
        }

        #[inline(always)]
        fn guard(&mut self, guard: &Guard) {
            self.stub(guard);
            let label = self.0.labels[usize::from(guard.label)];
            Assembler::new(&mut self.0.buffer).jnz(label);
        }

        #[inline(always)]
        fn guard_if(&mut self, guard: &Guard, cond: u8) {
            self.stub(guard);
            let label = self.0.labels[usize::from(guard.label)];
            let mut asm = Assembler::new(&mut self.0.buffer);
            match cond % 16 {
                0 => asm.jo(label),
                1 => asm.jno(label),
                2 => asm.jb(label),
                3 => asm.jnb(label),
                4 => asm.jz(label),
                5 => asm.jnz(label),
                6 => asm.jbe(label),
                7 => asm.jnbe(label),
                8 => asm.js(label),
                9 => asm.jns(label),
                10 => asm.jp(label),
                11 => asm.jnp(label),
                12 => asm.jl(label),
                13 => asm.jnl(label),
                14 => asm.jle(label),
                _ => asm.jnle(label),
            }
        }

        #[inline(always)]
        fn stub(&mut self, guard: &Guard) {
            Assembler::new(&mut self.0.buffer).cmp(gpq(guard.reg), imm(guard.imm));
        }
    }
}

mod arm {
    use super::super::ArmEmitter;
    use super::Asmkit;
    use crate::workload::ArmRound;
    use asmkit::aarch64::*;
    use asmkit::{Arch, imm};

    pub struct ArmBuffer(Asmkit);
    impl ArmBuffer {
        pub fn new() -> Self {
            ArmBuffer(Asmkit::with_arch(Arch::AArch64))
        }
    }

    #[inline(always)]
    fn x(number: u8) -> Gp {
        regs::x(number.into())
    }

    #[inline(always)]
    fn d(number: u8) -> Vec {
        regs::d(number.into())
    }

    impl ArmEmitter for ArmBuffer {
        common_steps!();

        #[inline(always)]
        fn round(&mut self, r: &ArmRound) {
            let labels = &self.0.labels;
            let mut asm = Assembler::new(&mut self.0.buffer);
            asm.add(x(r.add[0]), x(r.add[1]), x(r.add[2]));
            asm.sub(x(r.sub[0]), x(r.sub[1]), imm(r.sub_imm));
            asm.ldr(x(r.ldr[0]), ptr(x(r.ldr[1]), r.ldr_off.into()));
            asm.str(x(r.str[0]), ptr(x(r.str[1]), r.str_off.into()));
            asm.movz_3(x(r.movz), imm(r.movz_imm), imm(r.movz_hw * 16));
            asm.movk_3(x(r.movk), imm(r.movk_imm), imm(r.movk_hw * 16));
            asm.cmp(x(r.cmp[0]), x(r.cmp[1]));
            asm.b_ne(labels[usize::from(r.b_ne)]);
            asm.fadd(d(r.fadd[0]), d(r.fadd[1]), d(r.fadd[2]));
            asm.mul(x(r.mul[0]), x(r.mul[1]), x(r.mul[2]));
        }

        #[inline(always)]
        fn add(&mut self, [rd, rn, rm]: [u8; 3]) {
            Assembler::new(&mut self.0.buffer).add(x(rd), x(rn), x(rm));
        }
    }
}
