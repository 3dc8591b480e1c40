//! dynasm-rs with its two assemblers, for x64 and for AArch64.
//!
//! `VecAssembler` gives its bytes away by `take` (a new allocation each time) or by `drain`; `drain` is used, at the
//! start of the next buffer, so that the allocation is kept. `Assembler` copies its bytes into executable memory; as it
//! only ever appends, a new one is made when a region of [`REGION`] bytes is full, which spreads the cost of mapping
//! over several buffers. The macro expands into pushes on either, so both share the code.
//!
//! B's registers are named in the source, so that the macro assembles at compile time. With registers known only at run
//! time the macro takes the 32-bit size of immediates and displacements, and a scale must be a literal: a `match` picks
//! it.

#![allow(clippy::useless_conversion, reason = "dynasm! converts registers that are bytes already")]

use super::{ArmEmitter, Emitter, MOST_LABELS, ROOM};
use crate::workload::{ArmRound, Guard, ROUNDS_A_BLOCK, Round, constant_rounds};
use dynasmrt::aarch64::Aarch64Relocation;
use dynasmrt::relocations::Relocation;
use dynasmrt::x64::X64Relocation;
use dynasmrt::{Assembler, DynamicLabel, DynasmApi, DynasmLabelApi, VecAssembler, dynasm};

const REGION: usize = 1 << 20;

/// What the two assemblers do not have in common.
pub trait Target: DynasmLabelApi {
    const NAME: &'static str;
    fn create() -> Self;
    /// Starts a new buffer and returns its offset.
    fn begin(&mut self) -> usize;
    fn new_label(&mut self) -> DynamicLabel;
    fn end(&mut self);
    fn bytes(&mut self, start: usize) -> Vec<u8>;
}

const RESOLVED: &str = "every label is bound and in reach";

impl<R: Relocation> Target for VecAssembler<R> {
    const NAME: &'static str = "dynasm-vec";

    fn create() -> Self {
        VecAssembler::new_with_capacity(0, ROOM, 0, 0, MOST_LABELS, 0, 0)
    }

    fn begin(&mut self) -> usize {
        drop(self.drain().expect(RESOLVED));
        0
    }

    fn new_label(&mut self) -> DynamicLabel {
        self.new_dynamic_label()
    }

    fn end(&mut self) {
        self.commit().expect(RESOLVED);
    }

    fn bytes(&mut self, _: usize) -> Vec<u8> {
        self.drain().expect(RESOLVED).collect()
    }
}

impl<R: Relocation> Target for Assembler<R> {
    const NAME: &'static str = "dynasm-exec";

    fn create() -> Self {
        Assembler::new_with_capacity(REGION).expect("memory")
    }

    fn begin(&mut self) -> usize {
        if self.offset().0 + ROOM > REGION {
            *self = Self::create();
        }
        self.labels_mut().clear();
        self.offset().0
    }

    fn new_label(&mut self) -> DynamicLabel {
        self.new_dynamic_label()
    }

    fn end(&mut self) {
        self.commit().expect(RESOLVED);
    }

    fn bytes(&mut self, start: usize) -> Vec<u8> {
        self.reader().lock()[start..].to_vec()
    }
}

pub struct Dynasm<T> {
    ops: T,
    start: usize,
    labels: [DynamicLabel; MOST_LABELS],
}

pub type ToVec = Dynasm<VecAssembler<X64Relocation>>;
pub type ToMemory = Dynasm<Assembler<X64Relocation>>;
pub type ArmToVec = Dynasm<VecAssembler<Aarch64Relocation>>;
pub type ArmToMemory = Dynasm<Assembler<Aarch64Relocation>>;

impl<T: Target> Dynasm<T> {
    pub fn new() -> Self {
        let mut ops = T::create();
        let labels = [ops.new_label(); MOST_LABELS];
        Dynasm { ops, start: 0, labels }
    }

    fn start(&mut self, pending: bool) {
        self.start = self.ops.begin();
        if pending {
            for label in &mut self.labels {
                *label = self.ops.new_label();
            }
        }
    }

    fn bind_label(&mut self, label: usize) {
        self.ops.dynamic_label(self.labels[label]);
    }

    fn label_here(&mut self, label: usize) {
        self.labels[label] = self.ops.new_label();
        self.bind_label(label);
    }
}

/// The same for both architectures.
macro_rules! common_steps {
    () => {
        const NAME: &'static str = T::NAME;

        fn begin(&mut self, pending: bool) {
            self.start(pending);
        }

        fn bind(&mut self, label: usize) {
            self.bind_label(label);
        }

        fn here(&mut self, label: usize) {
            self.label_here(label);
        }

        fn end(&mut self) {
            self.ops.end();
        }

        fn bytes(&mut self) -> Vec<u8> {
            self.ops.bytes(self.start)
        }
    };
}

/// For the type's relocations: they tell the architectures apart.
pub trait X64Target: Target<Relocation = X64Relocation> {}
impl<T: Target<Relocation = X64Relocation>> X64Target for T {}
pub trait ArmTarget: Target<Relocation = Aarch64Relocation> {}
impl<T: Target<Relocation = Aarch64Relocation>> ArmTarget for T {}

impl<T: X64Target> Emitter for Dynasm<T> {
    common_steps!();

    #[inline(always)]
    fn round(&mut self, r: &Round) {
        let ops = &mut self.ops;
        dynasm!(ops
            ; .arch x64
            ; mov Rq(r.mov[0]), Rq(r.mov[1])
            ; add Rq(r.add[0]), Rq(r.add[1])
            ; imul Rq(r.imul[0]), Rq(r.imul[1])
            ; sub Rq(r.sub), r.sub_imm
            ; cmp Rq(r.cmp), r.cmp_imm
            ; mov Rq(r.load[0]), [Rq(r.load[1]) + r.load_disp]
            ; mov [Rq(r.store[0]) + r.store_disp], Rq(r.store[1])
        );
        let [dst, base, index, scale] = r.lea;
        match scale {
            0 => dynasm!(ops; .arch x64; lea Rq(dst), [Rq(base) + 1 * Rq(index) + r.lea_disp]),
            1 => dynasm!(ops; .arch x64; lea Rq(dst), [Rq(base) + 2 * Rq(index) + r.lea_disp]),
            2 => dynasm!(ops; .arch x64; lea Rq(dst), [Rq(base) + 4 * Rq(index) + r.lea_disp]),
            _ => dynasm!(ops; .arch x64; lea Rq(dst), [Rq(base) + 8 * Rq(index) + r.lea_disp]),
        }
        dynasm!(ops
            ; .arch x64
            ; mov Rq(r.imm), QWORD r.imm64 as i64
            ; shl Rq(r.shl[0]), r.shl[1] as i8
            ; addsd Rx(r.addsd[0]), Rx(r.addsd[1])
            ; movsd Rx(r.movsd[0]), [Rq(r.movsd[1]) + r.movsd_disp]
            ; jne =>self.labels[usize::from(r.jne)]
        );
    }

    #[inline(always)]
    fn constants(&mut self, labels: [u8; ROUNDS_A_BLOCK]) {
        let ops = &mut self.ops;
        #[rustfmt::skip] // one form a line
        macro_rules! push {
            (imm $dst:tt $imm:tt) => { dynasm!(ops; .arch x64; mov $dst, QWORD $imm); };
            (load $dst:tt $base:tt $disp:tt) => { dynasm!(ops; .arch x64; mov $dst, [$base + $disp]); };
            (store $base:tt $disp:tt $src:tt) => { dynasm!(ops; .arch x64; mov [$base + $disp], $src); };
            (lea $dst:tt $base:tt $index:tt $scale:tt $disp:tt) => {
                dynasm!(ops; .arch x64; lea $dst, [$base + $scale * $index + $disp]);
            };
            (movsd $dst:tt $base:tt $disp:tt) => { dynasm!(ops; .arch x64; movsd $dst, [$base + $disp]); };
            (jne $round:tt) => { dynasm!(ops; .arch x64; jne =>self.labels[usize::from(labels[$round])]); };
            ($form:ident $dst:tt $src:tt) => { dynasm!(ops; .arch x64; $form $dst, $src); };
        }
        constant_rounds!(forward push);
    }

    #[inline(always)]
    fn mov(&mut self, [dst, src]: [u8; 2]) {
        let ops = &mut self.ops;
        dynasm!(ops; .arch x64; mov Rq(dst), Rq(src));
    }

    #[inline(always)]
    fn guard(&mut self, guard: &Guard) {
        let ops = &mut self.ops;
        dynasm!(ops
            ; .arch x64
            ; cmp Rq(guard.reg), guard.imm
            ; jne =>self.labels[usize::from(guard.label)]
        );
    }

    #[inline(always)]
    fn guard_if(&mut self, guard: &Guard, cond: u8) {
        self.stub(guard);
        let (ops, label) = (&mut self.ops, self.labels[usize::from(guard.label)]);
        // The macro wants the condition in the mnemonic.
        match cond % 16 {
            0 => dynasm!(ops; .arch x64; jo =>label),
            1 => dynasm!(ops; .arch x64; jno =>label),
            2 => dynasm!(ops; .arch x64; jb =>label),
            3 => dynasm!(ops; .arch x64; jae =>label),
            4 => dynasm!(ops; .arch x64; je =>label),
            5 => dynasm!(ops; .arch x64; jne =>label),
            6 => dynasm!(ops; .arch x64; jbe =>label),
            7 => dynasm!(ops; .arch x64; ja =>label),
            8 => dynasm!(ops; .arch x64; js =>label),
            9 => dynasm!(ops; .arch x64; jns =>label),
            10 => dynasm!(ops; .arch x64; jp =>label),
            11 => dynasm!(ops; .arch x64; jnp =>label),
            12 => dynasm!(ops; .arch x64; jl =>label),
            13 => dynasm!(ops; .arch x64; jge =>label),
            14 => dynasm!(ops; .arch x64; jle =>label),
            _ => dynasm!(ops; .arch x64; jg =>label),
        }
    }

    #[inline(always)]
    fn stub(&mut self, guard: &Guard) {
        let ops = &mut self.ops;
        dynasm!(ops; .arch x64; cmp Rq(guard.reg), guard.imm);
    }
}

impl<T: ArmTarget> ArmEmitter for Dynasm<T> {
    common_steps!();

    #[inline(always)]
    fn round(&mut self, r: &ArmRound) {
        let ops = &mut self.ops;
        dynasm!(ops
            ; .arch aarch64
            ; add X(r.add[0]), X(r.add[1]), X(r.add[2])
            ; sub XSP(r.sub[0]), XSP(r.sub[1]), r.sub_imm.into()
            ; ldr X(r.ldr[0]), [XSP(r.ldr[1]), r.ldr_off.into()]
            ; str X(r.str[0]), [XSP(r.str[1]), r.str_off.into()]
            ; movz X(r.movz), r.movz_imm.into(), LSL u32::from(r.movz_hw) * 16
            ; movk X(r.movk), r.movk_imm.into(), LSL u32::from(r.movk_hw) * 16
            ; cmp X(r.cmp[0]), X(r.cmp[1])
            ; b.ne =>self.labels[usize::from(r.b_ne)]
            ; fadd D(r.fadd[0]), D(r.fadd[1]), D(r.fadd[2])
            ; mul X(r.mul[0]), X(r.mul[1]), X(r.mul[2])
        );
    }

    #[inline(always)]
    fn add(&mut self, [rd, rn, rm]: [u8; 3]) {
        let ops = &mut self.ops;
        dynasm!(ops; .arch aarch64; add X(rd), X(rn), X(rm));
    }
}
