//! What every contender assembles.
//!
//! A workload is a list of about 10,000 instructions, given twice: as operands in the compact shape that the timed
//! loops read ([`Round`], [`Guard`], [`ArmRound`]), and as a reference list ([`Insn`], or A64 words) in address order
//! that the bytes are held against. Both come from the same data, made by a seeded generator, so all contenders see the
//! same operands in the same places of memory. The forms of a round follow one another in a fixed order, so the loops
//! have no dispatch.
//!
//! In A, B and E a label stands after every block of a few rounds, and a branch goes to any label at a higher address:
//! bound for a backward emitter, pending for a forward one. In C the 256 labels stand above all branches, in D below
//! all.
//!
//! F to I are C and D with branches whose conditions are values, as they are where a compiler lowers comparisons. In F
//! and G the same condition is seen [`RUN`] times in a row, so that a processor foresees it; in H and I each is
//! another, and so in each run.

use fastrand::Rng;
use std::hint::black_box;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Workload {
    A,
    B,
    C,
    D,
    E,
    F,
    G,
    H,
    I,
}

impl Workload {
    pub const ALL: [Workload; 9] = [
        Workload::A,
        Workload::B,
        Workload::C,
        Workload::D,
        Workload::E,
        Workload::F,
        Workload::G,
        Workload::H,
        Workload::I,
    ];

    pub fn letter(self) -> char {
        match self {
            Workload::A => 'A',
            Workload::B => 'B',
            Workload::C => 'C',
            Workload::D => 'D',
            Workload::E => 'E',
            Workload::F => 'F',
            Workload::G => 'G',
            Workload::H => 'H',
            Workload::I => 'I',
        }
    }

    /// How the guards of C, D and their kin branch.
    pub fn guards(self) -> GuardKind {
        match self {
            Workload::F | Workload::G => GuardKind::Steady,
            Workload::H | Workload::I => GuardKind::Any,
            _ => GuardKind::Jne,
        }
    }

    pub fn about(self) -> &'static str {
        match self {
            Workload::A => "x64, the 13 forms of a trace, operands known at run time",
            Workload::B => "x64, the same forms, operands known at compile time",
            Workload::C => "x64, guards: cmp + jne to one of 256 labels at higher addresses",
            Workload::D => "x64, guards: cmp + jne to one of 256 labels at lower addresses",
            Workload::E => "AArch64, ten forms of a trace, operands known at run time",
            Workload::F => "as C, the conditions values that are easily predicted",
            Workload::G => "as D, the conditions values that are easily predicted",
            Workload::H => "as C, the conditions values that differ from guard to guard and from run to run",
            Workload::I => "as D, the conditions values that differ from guard to guard and from run to run",
        }
    }
}

/// Labels of A-D; an index fits `u8`.
pub const LABELS: usize = 256;
/// Rounds between two labels in A and B.
pub const ROUNDS_A_BLOCK: usize = 3;
/// Instructions after the last label of A and B.
const TAIL: usize = 16;
/// Labels of E.
pub const ARM_LABELS: usize = 249;
/// Rounds between two labels in E.
pub const ARM_ROUNDS_A_BLOCK: usize = 4;
/// So often the same condition is seen in F and G.
pub const RUN: usize = 64;
/// Instructions after the last label of E.
const ARM_TAIL: usize = 40;

/// The operands of the 13 forms, in the order in which they stand in memory. Registers by number; `lea[3]` is the
/// scale's logarithm; `jne` is a label. The widest come first, so that a round has no padding. C reads it too.
#[repr(C)]
pub struct Round {
    pub imm64: u64,
    pub sub_imm: i32,
    pub cmp_imm: i32,
    pub load_disp: i32,
    pub store_disp: i32,
    pub lea_disp: i32,
    pub movsd_disp: i32,
    pub mov: [u8; 2],
    pub add: [u8; 2],
    pub imul: [u8; 2],
    pub sub: u8,
    pub cmp: u8,
    pub load: [u8; 2],
    pub store: [u8; 2],
    pub lea: [u8; 4],
    pub imm: u8,
    pub shl: [u8; 2],
    pub addsd: [u8; 2],
    pub movsd: [u8; 2],
    pub jne: u8,
}

/// `cmp reg, imm` and, if it guards, a branch to the label: `jne`, or by a condition's number. C reads it too.
#[repr(C)]
pub struct Guard {
    pub imm: i32,
    pub reg: u8,
    pub label: u8,
    /// F's and G's condition.
    pub steady: u8,
    /// H's and I's.
    pub cond: u8,
}

/// How a guard branches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GuardKind {
    /// By `jne`.
    Jne,
    /// By the condition `Guard::steady`.
    Steady,
    /// By the condition `Guard::cond`.
    Any,
}

/// The operands of E's forms: add, sub, ldr, str, movz, movk, cmp, b.ne, fadd, mul. `hw` is in halfwords, `ldr_off` and
/// `str_off` in bytes.
pub struct ArmRound {
    pub add: [u8; 3],
    pub sub: [u8; 2],
    pub sub_imm: u16,
    pub ldr: [u8; 2],
    pub ldr_off: u16,
    pub str: [u8; 2],
    pub str_off: u16,
    pub movz: u8,
    pub movz_hw: u8,
    pub movz_imm: u16,
    pub movk: u8,
    pub movk_hw: u8,
    pub movk_imm: u16,
    pub cmp: [u8; 2],
    pub b_ne: u8,
    pub fadd: [u8; 3],
    pub mul: [u8; 3],
}

pub struct Inputs {
    pub rounds: Vec<Round>,
    pub tail: Vec<[u8; 2]>,
    pub guards: Vec<Guard>,
    pub stubs: Vec<Guard>,
    pub arm_rounds: Vec<ArmRound>,
    pub arm_tail: Vec<[u8; 3]>,
}

/// An x64 instruction of the reference lists. `Jne` and `Jcc` name the index of the instruction that they jump to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Insn {
    Mov { dst: u8, src: u8 },
    Add { dst: u8, src: u8 },
    Imul { dst: u8, src: u8 },
    Sub { dst: u8, imm: i32 },
    Cmp { dst: u8, imm: i32 },
    Load { dst: u8, base: u8, disp: i32 },
    Store { base: u8, disp: i32, src: u8 },
    Lea { dst: u8, base: u8, index: u8, scale: u8, disp: i32 },
    MovImm { dst: u8, imm: u64 },
    Shl { dst: u8, count: u8 },
    Addsd { dst: u8, src: u8 },
    Movsd { dst: u8, base: u8, disp: i32 },
    Jne { target: usize },
    Jcc { cond: u8, target: usize },
}

/// B's block: three rounds of constants as `{form operands}`, given in address order to the macro `$each`, or from the
/// last to the first if `$order` is `backward`. `{jne n}` goes to the label of the block's round `n`.
macro_rules! constant_rounds {
    ($order:ident $each:ident) => {
        $crate::workload::$order! { $each []
            {mov rbx rax} {add rcx r10} {imul rsi rdi} {sub rdx 24} {cmp r11 100000} {load rax rbx 16} {store rbp (-8) r12}
            {lea r13 r14 rcx 4 64} {imm r8 0x1122334455667788} {shl r15 3} {addsd xmm1 xmm9} {movsd xmm2 rsp 40} {jne 0}
            {mov r9 rdx} {add rax rbp} {imul r12 r8} {sub rsp 4096} {cmp rdi (-1)} {load r10 r13 0} {store rax 512 rcx}
            {lea rbx rbx rsi 8 (-4096)} {imm rcx 0x7fffeeeeddddcccc} {shl rdx 12} {addsd xmm12 xmm3} {movsd xmm0 r9 8000} {jne 1}
            {mov r14 r15} {add r8 rsi} {imul rax rbx} {sub r9 (-300)} {cmp rcx 7} {load rbp r12 1024} {store r11 0 rdx}
            {lea r10 rsp r9 1 0} {imm rax 0x4000000000000001} {shl rsi 33} {addsd xmm5 xmm6} {movsd xmm15 rdi (-128)} {jne 2}
        }
    };
}

macro_rules! forward {
    ($each:ident [] $({$($item:tt)*})*) => { $( $each!{$($item)*} )* };
}

macro_rules! backward {
    ($each:ident [$({$($done:tt)*})*]) => { $( $each!{$($done)*} )* };
    ($each:ident [$($done:tt)*] $head:tt $($rest:tt)*) => {
        $crate::workload::backward! { $each [$head $($done)*] $($rest)* }
    };
}

/// What B's register names stand for, for contenders that take numbers. A contender that names registers by constants
/// of its own invokes `constant_rounds!` where those are in scope.
#[allow(non_upper_case_globals)]
pub mod numbers {
    macro_rules! number {
        ($($name:ident $number:literal)*) => { $( pub const $name: u8 = $number; )* };
    }
    number! {
        rax 0 rcx 1 rdx 2 rbx 3 rsp 4 rbp 5 rsi 6 rdi 7 r8 8 r9 9 r10 10 r11 11 r12 12 r13 13 r14 14 r15 15
        xmm0 0 xmm1 1 xmm2 2 xmm3 3 xmm5 5 xmm6 6 xmm9 9 xmm12 12 xmm15 15
    }
}

/// The same for a contender whose constants are in capitals: names them as B does.
macro_rules! lower_case_registers {
    ($($module:ident)::+) => {
        use $($module)::+::{
            R8 as r8, R9 as r9, R10 as r10, R11 as r11, R12 as r12, R13 as r13, R14 as r14, R15 as r15, RAX as rax,
            RBP as rbp, RBX as rbx, RCX as rcx, RDI as rdi, RDX as rdx, RSI as rsi, RSP as rsp, XMM0 as xmm0, XMM1 as xmm1,
            XMM2 as xmm2, XMM3 as xmm3, XMM5 as xmm5, XMM6 as xmm6, XMM9 as xmm9, XMM12 as xmm12, XMM15 as xmm15,
        };
    };
}

pub(crate) use {backward, constant_rounds, forward, lower_case_registers};

impl Inputs {
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        Inputs {
            rounds: (0..LABELS * ROUNDS_A_BLOCK).map(|at| Round::any(&mut rng, at)).collect(),
            tail: (0..TAIL).map(|_| [reg(&mut rng), reg(&mut rng)]).collect(),
            guards: Guard::many(&mut rng, (10_000 - LABELS) / 2),
            stubs: Guard::many(&mut rng, LABELS),
            arm_rounds: (0..ARM_LABELS * ARM_ROUNDS_A_BLOCK).map(|at| ArmRound::any(&mut rng, at)).collect(),
            arm_tail: (0..ARM_TAIL).map(|_| [arm_reg(&mut rng), arm_reg(&mut rng), arm_reg(&mut rng)]).collect(),
        }
    }

    /// Reads something of every cache line of the operands.
    pub fn touch(&self) {
        black_box(self.rounds.iter().fold(0, |sum, round| sum ^ round.imm64));
        black_box(self.guards.iter().chain(&self.stubs).fold(0, |sum, guard| sum ^ guard.imm));
        black_box(self.arm_rounds.iter().fold(0, |sum, round| sum ^ round.sub_imm));
    }

    /// The reference list of A-D, in address order.
    pub fn insns(&self, workload: Workload) -> Vec<Insn> {
        let mut list = Vec::new();
        match workload {
            Workload::A | Workload::B => {
                let after_block = |label: u8| (usize::from(label) + 1) * ROUNDS_A_BLOCK * FORMS;
                for block in self.rounds.chunks_exact(ROUNDS_A_BLOCK) {
                    if workload == Workload::A {
                        block.iter().for_each(|round| round.insns(&mut list, after_block(round.jne)));
                    } else {
                        constants(&mut list, |round| after_block(block[round].jne));
                    }
                }
                list.extend(self.tail.iter().map(|&[dst, src]| Insn::Mov { dst, src }));
            }
            Workload::C | Workload::F | Workload::H => {
                let stubs = 2 * self.guards.len();
                let kind = workload.guards();
                self.guards.iter().for_each(|guard| guard.insns(&mut list, kind, stubs + usize::from(guard.label)));
                list.extend(self.stubs.iter().map(Guard::cmp));
            }
            Workload::D | Workload::G | Workload::I => {
                list.extend(self.stubs.iter().map(Guard::cmp));
                let kind = workload.guards();
                self.guards.iter().for_each(|guard| guard.insns(&mut list, kind, usize::from(guard.label)));
            }
            Workload::E => unreachable!("E is not x64: arm_words"),
        }
        list
    }

    /// The reference of E: the words themselves, from the manual's diagrams.
    pub fn arm_words(&self) -> Vec<u32> {
        let mut words = Vec::new();
        let r = |reg: u8, at: u32| u32::from(reg) << at;
        let three = |[rd, rn, rm]: [u8; 3]| r(rm, 16) | r(rn, 5) | r(rd, 0);
        let two = |[rd, rn]: [u8; 2]| r(rn, 5) | r(rd, 0);
        for round in &self.arm_rounds {
            words.push(0x8b00_0000 | three(round.add));
            words.push(0xd100_0000 | u32::from(round.sub_imm) << 10 | two(round.sub));
            words.push(0xf940_0000 | u32::from(round.ldr_off / 8) << 10 | two(round.ldr));
            words.push(0xf900_0000 | u32::from(round.str_off / 8) << 10 | two(round.str));
            words.push(0xd280_0000 | r(round.movz_hw, 21) | u32::from(round.movz_imm) << 5 | r(round.movz, 0));
            words.push(0xf280_0000 | r(round.movk_hw, 21) | u32::from(round.movk_imm) << 5 | r(round.movk, 0));
            words.push(0xeb00_001f | r(round.cmp[1], 16) | r(round.cmp[0], 5));
            let target = (usize::from(round.b_ne) + 1) * ARM_ROUNDS_A_BLOCK * ARM_FORMS;
            words.push(0x5400_0001 | ((target - words.len()) as u32) << 5);
            words.push(0x1e60_2800 | three(round.fadd));
            words.push(0x9b00_7c00 | three(round.mul));
        }
        words.extend(self.arm_tail.iter().map(|&regs| 0x8b00_0000 | three(regs)));
        words
    }
}

const FORMS: usize = 13;
const ARM_FORMS: usize = 10;

fn reg(rng: &mut Rng) -> u8 {
    rng.u8(0..16)
}

/// Not 31, which is the stack pointer in some places and zero in others.
fn arm_reg(rng: &mut Rng) -> u8 {
    rng.u8(0..31)
}

/// A displacement: a quarter none, half of one byte, a quarter of four.
fn disp(rng: &mut Rng) -> i32 {
    match rng.u8(0..4) {
        0 => 0,
        1 | 2 => rng.i32(-128..128),
        _ => wide(rng),
    }
}

/// An immediate: half of one byte, half of four.
fn imm(rng: &mut Rng) -> i32 {
    if rng.bool() { rng.i32(-128..128) } else { wide(rng) }
}

fn wide(rng: &mut Rng) -> i32 {
    let magnitude = rng.i32(1000..1_000_000);
    if rng.bool() { magnitude } else { -magnitude }
}

impl Round {
    fn any(rng: &mut Rng, at: usize) -> Self {
        let index = [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15][rng.usize(0..15)];
        Round {
            // Needs all eight bytes, signed or not.
            imm64: rng.u64(..) >> 2 | 1 << 62,
            sub_imm: imm(rng),
            cmp_imm: imm(rng),
            load_disp: disp(rng),
            store_disp: disp(rng),
            lea_disp: disp(rng),
            movsd_disp: disp(rng),
            mov: [reg(rng), reg(rng)],
            add: [reg(rng), reg(rng)],
            imul: [reg(rng), reg(rng)],
            sub: reg(rng),
            cmp: reg(rng),
            load: [reg(rng), reg(rng)],
            store: [reg(rng), reg(rng)],
            lea: [reg(rng), reg(rng), index, rng.u8(0..4)],
            imm: reg(rng),
            shl: [reg(rng), rng.u8(1..64)],
            addsd: [reg(rng), reg(rng)],
            movsd: [reg(rng), reg(rng)],
            jne: rng.u8((at / ROUNDS_A_BLOCK) as u8..=(LABELS - 1) as u8),
        }
    }

    fn insns(&self, list: &mut Vec<Insn>, target: usize) {
        list.extend([
            Insn::Mov { dst: self.mov[0], src: self.mov[1] },
            Insn::Add { dst: self.add[0], src: self.add[1] },
            Insn::Imul { dst: self.imul[0], src: self.imul[1] },
            Insn::Sub { dst: self.sub, imm: self.sub_imm },
            Insn::Cmp { dst: self.cmp, imm: self.cmp_imm },
            Insn::Load { dst: self.load[0], base: self.load[1], disp: self.load_disp },
            Insn::Store { base: self.store[0], disp: self.store_disp, src: self.store[1] },
            Insn::Lea {
                dst: self.lea[0],
                base: self.lea[1],
                index: self.lea[2],
                scale: 1 << self.lea[3],
                disp: self.lea_disp,
            },
            Insn::MovImm { dst: self.imm, imm: self.imm64 },
            Insn::Shl { dst: self.shl[0], count: self.shl[1] },
            Insn::Addsd { dst: self.addsd[0], src: self.addsd[1] },
            Insn::Movsd { dst: self.movsd[0], base: self.movsd[1], disp: self.movsd_disp },
            Insn::Jne { target },
        ]);
    }
}

fn constants(list: &mut Vec<Insn>, target: impl Fn(usize) -> usize) {
    use numbers::*;
    #[rustfmt::skip] // one form a line
    macro_rules! push {
        (mov $dst:tt $src:tt) => { list.push(Insn::Mov { dst: $dst, src: $src }); };
        (add $dst:tt $src:tt) => { list.push(Insn::Add { dst: $dst, src: $src }); };
        (imul $dst:tt $src:tt) => { list.push(Insn::Imul { dst: $dst, src: $src }); };
        (sub $dst:tt $imm:tt) => { list.push(Insn::Sub { dst: $dst, imm: $imm }); };
        (cmp $dst:tt $imm:tt) => { list.push(Insn::Cmp { dst: $dst, imm: $imm }); };
        (load $dst:tt $base:tt $disp:tt) => { list.push(Insn::Load { dst: $dst, base: $base, disp: $disp }); };
        (store $base:tt $disp:tt $src:tt) => { list.push(Insn::Store { base: $base, disp: $disp, src: $src }); };
        (lea $dst:tt $base:tt $index:tt $scale:tt $disp:tt) => {
            list.push(Insn::Lea { dst: $dst, base: $base, index: $index, scale: $scale, disp: $disp });
        };
        (imm $dst:tt $imm:tt) => { list.push(Insn::MovImm { dst: $dst, imm: $imm }); };
        (shl $dst:tt $count:tt) => { list.push(Insn::Shl { dst: $dst, count: $count }); };
        (addsd $dst:tt $src:tt) => { list.push(Insn::Addsd { dst: $dst, src: $src }); };
        (movsd $dst:tt $base:tt $disp:tt) => { list.push(Insn::Movsd { dst: $dst, base: $base, disp: $disp }); };
        (jne $round:tt) => { list.push(Insn::Jne { target: target($round) }); };
    }
    constant_rounds!(forward push);
}

impl Guard {
    fn many(rng: &mut Rng, count: usize) -> Vec<Self> {
        let mut guards: Vec<_> =
            (0..count).map(|_| Guard { imm: imm(rng), reg: reg(rng), label: rng.u8(..), steady: 0, cond: 0 }).collect();
        // Drawn by themselves, so that C and D are the same as they were without.
        let mut rng = Rng::with_seed(rng.clone().u64(..));
        for run in guards.chunks_mut(RUN) {
            let steady = rng.u8(0..16);
            run.iter_mut().for_each(|guard| (guard.steady, guard.cond) = (steady, rng.u8(0..16)));
        }
        guards
    }

    fn cmp(&self) -> Insn {
        Insn::Cmp { dst: self.reg, imm: self.imm }
    }

    fn insns(&self, list: &mut Vec<Insn>, kind: GuardKind, target: usize) {
        let branch = match kind {
            GuardKind::Jne => Insn::Jne { target },
            GuardKind::Steady => Insn::Jcc { cond: self.steady, target },
            GuardKind::Any => Insn::Jcc { cond: self.cond, target },
        };
        list.extend([self.cmp(), branch]);
    }
}

impl ArmRound {
    fn any(rng: &mut Rng, at: usize) -> Self {
        let mut pair = || [arm_reg(rng), arm_reg(rng)];
        let [sub, ldr, str, cmp] = [pair(), pair(), pair(), pair()];
        let mut triple = || [arm_reg(rng), arm_reg(rng), arm_reg(rng)];
        let [add, fadd, mul] = [triple(), triple(), triple()];
        ArmRound {
            add,
            sub,
            sub_imm: rng.u16(0..4096),
            ldr,
            ldr_off: rng.u16(0..4096) * 8,
            str,
            str_off: rng.u16(0..4096) * 8,
            movz: arm_reg(rng),
            movz_hw: rng.u8(0..4),
            movz_imm: rng.u16(..),
            movk: arm_reg(rng),
            movk_hw: rng.u8(0..4),
            movk_imm: rng.u16(..),
            cmp,
            b_ne: rng.u8((at / ARM_ROUNDS_A_BLOCK) as u8..ARM_LABELS as u8),
            fadd,
            mul,
        }
    }
}
