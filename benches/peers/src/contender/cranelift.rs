//! cranelift-assembler-x64 into a `Vec<u8>`.
//!
//! The crate's own sink of that kind is meant for tests and its methods are not inlined; the one here does the same and
//! is. The crate encodes instructions and leaves labels to its user, so an array of positions and a list of branches to
//! patch are kept here. An instruction has one immediate size; the size that holds every immediate is used, not a
//! choice by value.

use super::{Emitter, MOST_LABELS, ROOM};
use crate::workload::{Guard, ROUNDS_A_BLOCK, Round, constant_rounds, numbers};
use cranelift_assembler_x64::{
    Amode, AmodeOffset, AmodeOffsetPlusKnownOffset, CodeSink, DeferredTarget, Gpr, GprMem, KnownOffset, NonRspGpr,
    Registers, Scale, TrapCode, Xmm, XmmMem, inst,
};

struct Numbers;

impl Registers for Numbers {
    type ReadGpr = u8;
    type ReadWriteGpr = u8;
    type WriteGpr = u8;
    type ReadXmm = u8;
    type ReadWriteXmm = u8;
    type WriteXmm = u8;
}

struct Bytes(Vec<u8>);

impl CodeSink for Bytes {
    #[inline(always)]
    fn put1(&mut self, value: u8) {
        self.0.push(value);
    }

    #[inline(always)]
    fn put2(&mut self, value: u16) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    #[inline(always)]
    fn put4(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    #[inline(always)]
    fn put8(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn add_trap(&mut self, _: TrapCode) {}

    fn use_target(&mut self, _: DeferredTarget) {}

    fn known_offset(&self, offset: KnownOffset) -> i32 {
        unreachable!("no operand here has one: {offset}")
    }
}

pub struct ToVec {
    bytes: Bytes,
    labels: [Option<usize>; MOST_LABELS],
    /// Where a branch ends, and its label.
    fixups: Vec<(usize, u8)>,
}

#[inline(always)]
fn base_disp(base: u8, disp: i32) -> Amode<u8> {
    let simm32 = AmodeOffsetPlusKnownOffset { simm32: AmodeOffset::new(disp), offset: None };
    Amode::ImmReg { base, simm32, trap: None }
}

impl ToVec {
    pub fn new() -> Self {
        ToVec { bytes: Bytes(Vec::with_capacity(ROOM)), labels: [None; MOST_LABELS], fixups: Vec::new() }
    }

    #[inline(always)]
    fn mov_rr(&mut self, dst: u8, src: u8) {
        inst::movq_rm::<Numbers>::new(Gpr::new(dst), GprMem::Gpr(src)).encode(&mut self.bytes);
    }

    #[inline(always)]
    fn add(&mut self, dst: u8, src: u8) {
        inst::addq_rm::<Numbers>::new(Gpr::new(dst), GprMem::Gpr(src)).encode(&mut self.bytes);
    }

    #[inline(always)]
    fn imul(&mut self, dst: u8, src: u8) {
        inst::imulq_rm::<Numbers>::new(Gpr::new(dst), GprMem::Gpr(src)).encode(&mut self.bytes);
    }

    #[inline(always)]
    fn sub(&mut self, dst: u8, imm: i32) {
        inst::subq_mi_sxl::<Numbers>::new(GprMem::Gpr(dst), imm).encode(&mut self.bytes);
    }

    #[inline(always)]
    fn cmp(&mut self, dst: u8, imm: i32) {
        inst::cmpq_mi::<Numbers>::new(GprMem::Gpr(dst), imm).encode(&mut self.bytes);
    }

    #[inline(always)]
    fn load(&mut self, dst: u8, base: u8, disp: i32) {
        inst::movq_rm::<Numbers>::new(Gpr::new(dst), GprMem::Mem(base_disp(base, disp))).encode(&mut self.bytes);
    }

    #[inline(always)]
    fn store(&mut self, base: u8, disp: i32, src: u8) {
        inst::movq_mr::<Numbers>::new(GprMem::Mem(base_disp(base, disp)), Gpr::new(src)).encode(&mut self.bytes);
    }

    #[inline(always)]
    fn lea(&mut self, dst: u8, base: u8, index: u8, scale: u8, disp: i32) {
        let (index, scale) = (NonRspGpr::new(index), Scale::new(scale));
        let mem = Amode::ImmRegRegShift { base, index, scale, simm32: AmodeOffset::new(disp), trap: None };
        inst::leaq_rm::<Numbers>::new(Gpr::new(dst), mem).encode(&mut self.bytes);
    }

    #[inline(always)]
    fn imm(&mut self, dst: u8, imm: u64) {
        inst::movabsq_oi::<Numbers>::new(Gpr::new(dst), imm).encode(&mut self.bytes);
    }

    #[inline(always)]
    fn shl(&mut self, dst: u8, count: u8) {
        inst::shlq_mi::<Numbers>::new(GprMem::Gpr(dst), count).encode(&mut self.bytes);
    }

    #[inline(always)]
    fn addsd(&mut self, dst: u8, src: u8) {
        inst::addsd_a::<Numbers>::new(Xmm::new(dst), XmmMem::Xmm(src)).encode(&mut self.bytes);
    }

    #[inline(always)]
    fn movsd(&mut self, dst: u8, base: u8, disp: i32) {
        inst::movsd_a_m::<Numbers>::new(Xmm::new(dst), base_disp(base, disp)).encode(&mut self.bytes);
    }

    #[inline(always)]
    fn jne(&mut self, label: u8) {
        let distance = self.distance(label);
        inst::jne_d32::new(distance).encode(&mut self.bytes);
    }

    /// From the end of the branch that comes next; zero if it is to be patched.
    #[inline(always)]
    fn distance(&mut self, label: u8) -> i32 {
        const LENGTH: usize = 6;
        let end = self.bytes.0.len() + LENGTH;
        match self.labels[usize::from(label)] {
            Some(bound) => bound as i32 - end as i32,
            None => {
                self.fixups.push((end, label));
                0
            }
        }
    }
}

impl Emitter for ToVec {
    const NAME: &'static str = "cranelift-asm";

    fn begin(&mut self, _: bool) {
        self.bytes.0.clear();
        self.labels.fill(None);
    }

    fn bind(&mut self, label: usize) {
        self.labels[label] = Some(self.bytes.0.len());
    }

    fn here(&mut self, label: usize) {
        self.bind(label);
    }

    #[inline(always)]
    fn round(&mut self, r: &Round) {
        self.mov_rr(r.mov[0], r.mov[1]);
        self.add(r.add[0], r.add[1]);
        self.imul(r.imul[0], r.imul[1]);
        self.sub(r.sub, r.sub_imm);
        self.cmp(r.cmp, r.cmp_imm);
        self.load(r.load[0], r.load[1], r.load_disp);
        self.store(r.store[0], r.store_disp, r.store[1]);
        self.lea(r.lea[0], r.lea[1], r.lea[2], r.lea[3], r.lea_disp);
        self.imm(r.imm, r.imm64);
        self.shl(r.shl[0], r.shl[1]);
        self.addsd(r.addsd[0], r.addsd[1]);
        self.movsd(r.movsd[0], r.movsd[1], r.movsd_disp);
        self.jne(r.jne);
    }

    #[inline(always)]
    fn constants(&mut self, labels: [u8; ROUNDS_A_BLOCK]) {
        use numbers::*;
        #[rustfmt::skip] // one form a line
        macro_rules! push {
            (mov $dst:tt $src:tt) => { self.mov_rr($dst, $src); };
            (lea $dst:tt $base:tt $index:tt $scale:tt $disp:tt) => {
                self.lea($dst, $base, $index, u8::ilog2($scale) as u8, $disp);
            };
            (jne $round:tt) => { self.jne(labels[$round]); };
            ($form:ident $($operand:tt)*) => { self.$form($($operand),*); };
        }
        constant_rounds!(forward push);
    }

    #[inline(always)]
    fn mov(&mut self, [dst, src]: [u8; 2]) {
        self.mov_rr(dst, src);
    }

    #[inline(always)]
    fn guard(&mut self, guard: &Guard) {
        self.stub(guard);
        self.jne(guard.label);
    }

    #[inline(always)]
    fn guard_if(&mut self, guard: &Guard, cond: u8) {
        self.stub(guard);
        let distance = self.distance(guard.label);
        // An instruction has its condition in its type.
        match cond % 16 {
            0 => inst::jo_d32::new(distance).encode(&mut self.bytes),
            1 => inst::jno_d32::new(distance).encode(&mut self.bytes),
            2 => inst::jb_d32::new(distance).encode(&mut self.bytes),
            3 => inst::jae_d32::new(distance).encode(&mut self.bytes),
            4 => inst::je_d32::new(distance).encode(&mut self.bytes),
            5 => inst::jne_d32::new(distance).encode(&mut self.bytes),
            6 => inst::jbe_d32::new(distance).encode(&mut self.bytes),
            7 => inst::ja_d32::new(distance).encode(&mut self.bytes),
            8 => inst::js_d32::new(distance).encode(&mut self.bytes),
            9 => inst::jns_d32::new(distance).encode(&mut self.bytes),
            10 => inst::jp_d32::new(distance).encode(&mut self.bytes),
            11 => inst::jnp_d32::new(distance).encode(&mut self.bytes),
            12 => inst::jl_d32::new(distance).encode(&mut self.bytes),
            13 => inst::jge_d32::new(distance).encode(&mut self.bytes),
            14 => inst::jle_d32::new(distance).encode(&mut self.bytes),
            _ => inst::jg_d32::new(distance).encode(&mut self.bytes),
        }
    }

    #[inline(always)]
    fn stub(&mut self, guard: &Guard) {
        self.cmp(guard.reg, guard.imm);
    }

    fn end(&mut self) {
        for (end, label) in self.fixups.drain(..) {
            let label = self.labels[usize::from(label)].expect("every label is bound at the end");
            let distance = label as i32 - end as i32;
            self.bytes.0[end - 4..end].copy_from_slice(&distance.to_le_bytes());
        }
    }

    fn bytes(&mut self) -> Vec<u8> {
        self.bytes.0.clone()
    }
}
