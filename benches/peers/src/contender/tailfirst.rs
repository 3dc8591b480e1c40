//! tailfirst itself, into a growing buffer and into a slice; both encoders are used again and again.
//!
//! Registers come from numbers, as for the other contenders, and addresses are made where they are used. Immediates and
//! branches go through the selectors, which take the shortest form.

use super::{ArmEmitter, Emitter, MOST_LABELS, ROOM};
use crate::workload::{ArmRound, Guard, ROUNDS_A_BLOCK, Round, constant_rounds, lower_case_registers};
use tailfirst::Label;
use tailfirst::x64::{Encoder, Gpr64, Mem, Scale, Xmm};

const SCALES: [Scale; 4] = [Scale::X1, Scale::X2, Scale::X4, Scale::X8];

/// `FIXED`: into a slice.
pub struct Tailfirst<const FIXED: bool> {
    encoder: Encoder<'static>,
    labels: [Label; MOST_LABELS],
}

impl<const FIXED: bool> Tailfirst<FIXED> {
    pub fn new() -> Self {
        // The slice lives as long as the program: one contender, one slice.
        let mut encoder = if FIXED { Encoder::in_slice(vec![0; ROOM].leak()) } else { Encoder::new() };
        let labels = [encoder.label(); MOST_LABELS];
        Tailfirst { encoder, labels }
    }
}

#[inline(always)]
fn gpr(number: u8) -> Gpr64 {
    // SAFETY: the workloads' general registers are below 16.
    unsafe { Gpr64::new(number).unwrap_unchecked() }
}

#[inline(always)]
fn xmm(number: u8) -> Xmm {
    // SAFETY: the workloads' vector registers are below 16.
    unsafe { Xmm::new(number).unwrap_unchecked() }
}

impl<const FIXED: bool> Emitter for Tailfirst<FIXED> {
    const NAME: &'static str = if FIXED { "tailfirst-slice" } else { "tailfirst-grow" };

    fn begin(&mut self, pending: bool) {
        self.encoder.clear();
        if pending {
            for label in &mut self.labels {
                *label = self.encoder.label();
            }
        }
    }

    fn bind(&mut self, label: usize) {
        self.encoder.bind(self.labels[label]);
    }

    fn here(&mut self, label: usize) {
        self.labels[label] = self.encoder.here();
    }

    #[inline(always)]
    fn round(&mut self, r: &Round) {
        let asm = &mut self.encoder;
        asm.jne(self.labels[usize::from(r.jne)]);
        asm.movsd_xmm_xmmm64(xmm(r.movsd[0]), gpr(r.movsd[1]) + r.movsd_disp);
        asm.addsd_xmm_xmmm64(xmm(r.addsd[0]), xmm(r.addsd[1]));
        asm.shl_rm64_imm8(gpr(r.shl[0]), r.shl[1]);
        asm.mov_r64_imm64(gpr(r.imm), r.imm64 as i64);
        let [dst, base, index, scale] = r.lea;
        let index = Some((gpr(index), SCALES[usize::from(scale & 3)]));
        asm.lea_r64_m(gpr(dst), Mem::new(Some(gpr(base)), index, r.lea_disp).expect("RSP is no index"));
        asm.mov_rm64_r64(gpr(r.store[0]) + r.store_disp, gpr(r.store[1]));
        asm.mov_r64_rm64(gpr(r.load[0]), gpr(r.load[1]) + r.load_disp);
        asm.cmp_rm64_imm(gpr(r.cmp), r.cmp_imm);
        asm.sub_rm64_imm(gpr(r.sub), r.sub_imm);
        asm.imul_r64_rm64(gpr(r.imul[0]), gpr(r.imul[1]));
        asm.add_rm64_r64(gpr(r.add[0]), gpr(r.add[1]));
        asm.mov_r64_rm64(gpr(r.mov[0]), gpr(r.mov[1]));
    }

    #[inline(always)]
    fn constants(&mut self, labels: [u8; ROUNDS_A_BLOCK]) {
        lower_case_registers!(tailfirst::x64);
        let asm = &mut self.encoder;
        macro_rules! push {
            (mov $dst:tt $src:tt) => { asm.mov_r64_rm64($dst, $src); };
            (add $dst:tt $src:tt) => { asm.add_rm64_r64($dst, $src); };
            (imul $dst:tt $src:tt) => { asm.imul_r64_rm64($dst, $src); };
            (sub $dst:tt $imm:tt) => { asm.sub_rm64_imm($dst, $imm); };
            (cmp $dst:tt $imm:tt) => { asm.cmp_rm64_imm($dst, $imm); };
            (load $dst:tt $base:tt $disp:tt) => { asm.mov_r64_rm64($dst, $base + $disp); };
            (store $base:tt $disp:tt $src:tt) => { asm.mov_rm64_r64($base + $disp, $src); };
            (lea $dst:tt $base:tt $index:tt $scale:tt $disp:tt) => { asm.lea_r64_m($dst, $base + $index * $scale + $disp); };
            (imm $dst:tt $imm:tt) => { asm.mov_r64_imm64($dst, $imm); };
            (shl $dst:tt $count:tt) => { asm.shl_rm64_imm8($dst, $count); };
            (addsd $dst:tt $src:tt) => { asm.addsd_xmm_xmmm64($dst, $src); };
            (movsd $dst:tt $base:tt $disp:tt) => { asm.movsd_xmm_xmmm64($dst, $base + $disp); };
            (jne $round:tt) => { asm.jne(self.labels[usize::from(labels[$round])]); };
        }
        constant_rounds!(backward push);
    }

    #[inline(always)]
    fn mov(&mut self, [dst, src]: [u8; 2]) {
        self.encoder.mov_r64_rm64(gpr(dst), gpr(src));
    }

    #[inline(always)]
    fn guard(&mut self, guard: &Guard) {
        self.encoder.jne(self.labels[usize::from(guard.label)]);
        self.stub(guard);
    }

    #[inline(always)]
    fn stub(&mut self, guard: &Guard) {
        self.encoder.cmp_rm64_imm(gpr(guard.reg), guard.imm);
    }

    fn end(&mut self) {
        self.encoder.finish().expect("every label is bound and in reach");
    }

    fn bytes(&mut self) -> Vec<u8> {
        self.encoder.finish().expect("every label is bound and in reach").bytes().to_vec()
    }
}
