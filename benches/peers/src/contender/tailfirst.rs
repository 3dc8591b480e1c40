//! tailfirst itself, into a growing buffer, into a slice and into a region of executable memory; the encoders are used again and again.
//!
//! Registers come from numbers, as for the other contenders, and addresses and immediates are made where they are used. x64's
//! immediates and branches go through the selectors, which take the shortest form.

use super::{ArmEmitter, Emitter, MOST_LABELS, ROOM};
use crate::workload::{ArmRound, Guard, ROUNDS_A_BLOCK, Round, constant_rounds, lower_case_registers};
use std::marker::PhantomData;
use tailfirst::aarch64::{self, AddImm, D, UImm, X, XSp};
use tailfirst::x64::{self, Gpr64, Mem, Scale, Xmm};
use tailfirst::{Label, exec::Arena};

const SCALES: [Scale; 4] = [Scale::X1, Scale::X2, Scale::X4, Scale::X8];

/// What is written into.
pub trait Room {
    const NAME: &'static str;
    /// Memory of at least `ROOM` bytes that lives as long as the program (one contender, one piece), or none, for a buffer of the encoder's own.
    fn memory() -> Option<&'static mut [u8]>;
}

pub struct Grow;
pub struct Slice;
pub struct Region;

impl Room for Grow {
    const NAME: &'static str = "tailfirst-grow";

    fn memory() -> Option<&'static mut [u8]> {
        None
    }
}

impl Room for Slice {
    const NAME: &'static str = "tailfirst-slice";

    fn memory() -> Option<&'static mut [u8]> {
        Some(vec![0; ROOM].leak())
    }
}

impl Room for Region {
    const NAME: &'static str = "tailfirst-exec";

    fn memory() -> Option<&'static mut [u8]> {
        let arena = Arena::builder().build().expect("memory for an arena");
        let region = arena.region(ROOM).expect("the arena is larger");
        Some(Box::leak(Box::new(region)).bytes_mut())
    }
}

pub struct Tailfirst<E, R> {
    encoder: E,
    labels: [Label; MOST_LABELS],
    room: PhantomData<R>,
}

/// The same for both architectures.
macro_rules! constructor {
    ($name:ident $encoder:ty) => {
        pub type $name<R> = Tailfirst<$encoder, R>;

        impl<R: Room> Tailfirst<$encoder, R> {
            pub fn new() -> Self {
                let mut encoder = match R::memory() {
                    Some(memory) => <$encoder>::in_slice(memory),
                    None => <$encoder>::new(),
                };
                let labels = [encoder.label(); MOST_LABELS];
                Tailfirst { encoder, labels, room: PhantomData }
            }
        }
    };
}

constructor!(X64 x64::Encoder<'static>);
constructor!(A64 aarch64::Encoder<'static>);

macro_rules! common_steps {
    () => {
        const NAME: &'static str = R::NAME;

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

        fn end(&mut self) {
            self.encoder.finish().expect("every label is bound and in reach");
        }

        fn bytes(&mut self) -> Vec<u8> {
            self.encoder.finish().expect("every label is bound and in reach").bytes().to_vec()
        }
    };
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

impl<R: Room> Emitter for X64<R> {
    common_steps!();

    #[inline(always)]
    fn round(&mut self, r: &Round) {
        let jne = self.labels[usize::from(r.jne)];
        self.encoder.batch(|asm| {
            asm.jne(jne);
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
        });
    }

    #[inline(always)]
    fn constants(&mut self, labels: [u8; ROUNDS_A_BLOCK]) {
        lower_case_registers!(tailfirst::x64);
        let targets = labels.map(|label| self.labels[usize::from(label)]);
        self.encoder.batch(|asm| {
        #[rustfmt::skip] // one form a line
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
            (jne $round:tt) => { asm.jne(targets[$round]); };
        }
        constant_rounds!(backward push);
        });
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
}

#[inline(always)]
fn x(number: u8) -> X {
    // SAFETY: the workload's general registers are below 31.
    unsafe { X::new(number).unwrap_unchecked() }
}

#[inline(always)]
fn x_sp(number: u8) -> XSp {
    // SAFETY: the workload's general registers are below 31.
    unsafe { XSp::new(number).unwrap_unchecked() }
}

#[inline(always)]
fn d(number: u8) -> D {
    // SAFETY: the workload's vector registers are below 31.
    unsafe { D::new(number).unwrap_unchecked() }
}

/// An immediate that the workload knows to be encodable, though the compiler does not.
#[inline(always)]
fn uimm<const BITS: u32, const SHIFT: u32>(value: u16) -> UImm<BITS, SHIFT> {
    UImm::new(value.into()).expect("in range, and a multiple")
}

impl<R: Room> ArmEmitter for A64<R> {
    common_steps!();

    #[inline(always)]
    fn round(&mut self, r: &ArmRound) {
        let b_ne = self.labels[usize::from(r.b_ne)];
        self.encoder.batch(|asm| {
            asm.mul_x(x(r.mul[0]), x(r.mul[1]), x(r.mul[2]));
            asm.fadd_d(d(r.fadd[0]), d(r.fadd[1]), d(r.fadd[2]));
            asm.b_ne(b_ne);
            asm.cmp_x(x(r.cmp[0]), x(r.cmp[1]));
            asm.movk_x(x(r.movk), r.movk_imm, uimm(u16::from(r.movk_hw) * 16));
            asm.movz_x(x(r.movz), r.movz_imm, uimm(u16::from(r.movz_hw) * 16));
            asm.str_x_uoff(x(r.str[0]), x_sp(r.str[1]), uimm(r.str_off));
            asm.ldr_x_uoff(x(r.ldr[0]), x_sp(r.ldr[1]), uimm(r.ldr_off));
            let imm = AddImm::new(r.sub_imm.into()).expect("twelve bits");
            asm.sub_x_imm(x_sp(r.sub[0]), x_sp(r.sub[1]), imm);
            asm.add_x(x(r.add[0]), x(r.add[1]), x(r.add[2]));
        });
    }

    #[inline(always)]
    fn add(&mut self, [rd, rn, rm]: [u8; 3]) {
        self.encoder.add_x(x(rd), x(rn), x(rm));
    }
}
