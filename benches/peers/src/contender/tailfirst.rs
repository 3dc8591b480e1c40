//! tailfirst itself, in both directions, into a growing buffer, into a slice and into a region of executable memory;
//! the encoders are used again and again.
//!
//! One body serves both directions: it lists the instructions in reading order, and makes the calls in the order in
//! which code grows. So code that grows down meets bound labels in C and pending ones in D, and code that grows up, as
//! the other contenders' does, the other way round.
//!
//! Registers come from numbers, as for the other contenders, and addresses and immediates are made where they are used.
//! x64's immediates and branches go through the selectors, which take the shortest form.

use super::{ArmEmitter, Emitter, MOST_LABELS, ROOM};
use crate::workload::{
    ArmRound, Guard, ROUNDS_A_BLOCK, Round, backward, constant_rounds, forward, lower_case_registers,
};
use std::marker::PhantomData;
use tailfirst::aarch64::{self, AddImm, D, UImm, X, XSp};
use tailfirst::x64::{self, Cond, Gpr64, Mem, Scale, Xmm};
use tailfirst::{Direction, Label, exec::Arena};

pub use tailfirst::{Down, Up};

const SCALES: [Scale; 4] = [Scale::X1, Scale::X2, Scale::X4, Scale::X8];

/// Which way code grows.
pub trait Way: Direction {
    const IS_UP: bool;
}

impl Way for Down {
    const IS_UP: bool = false;
}

impl Way for Up {
    const IS_UP: bool = true;
}

/// Calls in reading order, made in the order in which code grows by the way `W`. (`tailfirst::block!` evaluates all
/// arguments before the first call; so many operands known only at run time do not fit the registers.)
macro_rules! in_growing_order {
    ($each:ident $($calls:tt)*) => {
        if W::IS_UP {
            forward! { $each [] $($calls)* }
        } else {
            backward! { $each [] $($calls)* }
        }
    };
}

/// What is written into.
pub trait Room {
    const NAME: &'static str;
    /// The same for code that grows up.
    const UP_NAME: &'static str;
    /// Memory of at least `ROOM` bytes that lives as long as the program (one contender, one piece), or none, for a
    /// buffer of the encoder's own.
    fn memory() -> Option<&'static mut [u8]>;
}

pub struct Grow;
pub struct Slice;
pub struct Region;

impl Room for Grow {
    const NAME: &'static str = "tailfirst-grow";
    const UP_NAME: &'static str = "tailfirst-up-grow";

    fn memory() -> Option<&'static mut [u8]> {
        None
    }
}

impl Room for Slice {
    const NAME: &'static str = "tailfirst-slice";
    const UP_NAME: &'static str = "tailfirst-up-slice";

    fn memory() -> Option<&'static mut [u8]> {
        Some(vec![0; ROOM].leak())
    }
}

impl Room for Region {
    const NAME: &'static str = "tailfirst-exec";
    const UP_NAME: &'static str = "tailfirst-up-exec";

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
    ($name:ident $($encoder:ident)::+) => {
        pub type $name<W, R> = Tailfirst<$($encoder)::+<'static, W>, R>;

        impl<W: Way, R: Room> $name<W, R> {
            pub fn new() -> Self {
                let mut encoder = match R::memory() {
                    Some(memory) => $($encoder)::+::in_slice(memory),
                    None => $($encoder)::+::new(),
                };
                let labels = [encoder.label(); MOST_LABELS];
                Tailfirst { encoder, labels, room: PhantomData }
            }
        }
    };
}

constructor!(X64 x64::Emitter);
constructor!(A64 aarch64::Emitter);

macro_rules! common_steps {
    () => {
        const NAME: &'static str = if W::IS_UP { R::UP_NAME } else { R::NAME };

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

impl<W: Way, R: Room> Emitter for X64<W, R> {
    common_steps!();

    #[inline(always)]
    fn round(&mut self, r: &Round) {
        let jne = self.labels[usize::from(r.jne)];
        let [dst, base, index, scale] = r.lea;
        self.encoder.batch(|asm| {
            #[rustfmt::skip] // one call a line
            macro_rules! call { ($($call:tt)*) => { asm.$($call)*; }; }
            in_growing_order! { call
                {mov_r64_rm64(gpr(r.mov[0]), gpr(r.mov[1]))}
                {add_rm64_r64(gpr(r.add[0]), gpr(r.add[1]))}
                {imul_r64_rm64(gpr(r.imul[0]), gpr(r.imul[1]))}
                {sub_rm64_imm(gpr(r.sub), r.sub_imm)}
                {cmp_rm64_imm(gpr(r.cmp), r.cmp_imm)}
                {mov_r64_rm64(gpr(r.load[0]), gpr(r.load[1]) + r.load_disp)}
                {mov_rm64_r64(gpr(r.store[0]) + r.store_disp, gpr(r.store[1]))}
                {lea_r64_m(gpr(dst), {
                    let index = Some((gpr(index), SCALES[usize::from(scale & 3)]));
                    Mem::new(Some(gpr(base)), index, r.lea_disp).expect("RSP is no index")
                })}
                {mov_r64_imm64(gpr(r.imm), r.imm64 as i64)}
                {shl_rm64_imm8(gpr(r.shl[0]), r.shl[1])}
                {addsd_xmm_xmmm64(xmm(r.addsd[0]), xmm(r.addsd[1]))}
                {movsd_xmm_xmmm64(xmm(r.movsd[0]), gpr(r.movsd[1]) + r.movsd_disp)}
                {jne(jne)}
            }
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
        if W::IS_UP {
            constant_rounds!(forward push);
        } else {
            constant_rounds!(backward push);
        }
        });
    }

    #[inline(always)]
    fn mov(&mut self, [dst, src]: [u8; 2]) {
        self.encoder.mov_r64_rm64(gpr(dst), gpr(src));
    }

    #[inline(always)]
    fn guard(&mut self, guard: &Guard) {
        let label = self.labels[usize::from(guard.label)];
        let asm = &mut self.encoder;
        macro_rules! call { ($($call:tt)*) => { asm.$($call)*; }; }
        in_growing_order! { call {cmp_rm64_imm(gpr(guard.reg), guard.imm)} {jne(label)} }
    }

    #[inline(always)]
    fn guard_if(&mut self, guard: &Guard, cond: u8) {
        let label = self.labels[usize::from(guard.label)];
        let cond = Cond::wrapping(cond);
        let asm = &mut self.encoder;
        macro_rules! call { ($($call:tt)*) => { asm.$($call)*; }; }
        in_growing_order! { call {cmp_rm64_imm(gpr(guard.reg), guard.imm)} {jcc(cond, label)} }
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

impl<W: Way, R: Room> ArmEmitter for A64<W, R> {
    common_steps!();

    #[inline(always)]
    fn round(&mut self, r: &ArmRound) {
        let b_ne = self.labels[usize::from(r.b_ne)];
        self.encoder.batch(|asm| {
            #[rustfmt::skip] // one call a line
            macro_rules! call { ($($call:tt)*) => { asm.$($call)*; }; }
            in_growing_order! { call
                {add_x(x(r.add[0]), x(r.add[1]), x(r.add[2]))}
                {sub_x_imm(x_sp(r.sub[0]), x_sp(r.sub[1]), AddImm::new(r.sub_imm.into()).expect("twelve bits"))}
                {ldr_x_uoff(x(r.ldr[0]), x_sp(r.ldr[1]), uimm(r.ldr_off))}
                {str_x_uoff(x(r.str[0]), x_sp(r.str[1]), uimm(r.str_off))}
                {movz_x(x(r.movz), r.movz_imm, uimm(u16::from(r.movz_hw) * 16))}
                {movk_x(x(r.movk), r.movk_imm, uimm(u16::from(r.movk_hw) * 16))}
                {cmp_x(x(r.cmp[0]), x(r.cmp[1]))}
                {b_ne(b_ne)}
                {fadd_d(d(r.fadd[0]), d(r.fadd[1]), d(r.fadd[2]))}
                {mul_x(x(r.mul[0]), x(r.mul[1]), x(r.mul[2]))}
            }
        });
    }

    #[inline(always)]
    fn add(&mut self, [rd, rn, rm]: [u8; 3]) {
        self.encoder.add_x(x(rd), x(rn), x(rm));
    }
}
