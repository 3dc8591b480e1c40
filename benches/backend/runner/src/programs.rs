//! The programs that the back ends assemble.

use fastrand::Rng;
use tailfirst_backend_generator::{Call, KINDS};
use tailfirst_backend_ir::{Cond, Gpr, Op, Program, Scale, Xmm};

/// How often each kind of operation occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draw {
    /// All alike.
    Even,
    /// By Zipf's law: the second most frequent kind half as often as the first, the third a third as often.
    Zipf,
}

/// Programs of so many operations, in the order in which they are assembled.
const LENGTHS: std::ops::RangeInclusive<usize> = 200..=2000;
const PROGRAMS: usize = 32;

pub fn programs(draw: Draw) -> Vec<Program> {
    let mut rng = Rng::with_seed(2026);
    let mut kinds: Vec<u16> = (0..KINDS as u16).collect();
    rng.shuffle(&mut kinds);
    // The share of the first kinds, summed up.
    let mut sum = 0.0;
    let shares: Vec<f64> = (1..=KINDS)
        .map(|rank| {
            sum += 1.0 / rank as f64;
            sum
        })
        .collect();
    let mut kind = |rng: &mut Rng| match draw {
        Draw::Even => rng.u16(0..KINDS as u16),
        Draw::Zipf => {
            let at = rng.f64() * sum;
            kinds[shares.partition_point(|&share| share <= at).min(KINDS - 1)]
        }
    };
    (0..PROGRAMS).map(|_| program(&mut rng, &mut kind)).collect()
}

/// Instructions of a fragment, with the `ret`, and its labels.
pub const FRAGMENT: (usize, usize) = (100, 5);
/// So many that a processor does not remember their branches from round to round.
const FRAGMENTS: usize = 1024;

/// What a tracing compiler makes of a trace.
pub fn fragments(arms: &[Vec<Call>]) -> Vec<Program> {
    let mut rng = Rng::with_seed(7);
    let (instructions, blocks) = FRAGMENT;
    let fragments = (0..FRAGMENTS).map(|_| {
        let mut kinds = Vec::new();
        let mut left = instructions - 1;
        while left > 0 {
            let kind = rng.u16(0..KINDS as u16);
            if let Some(rest) = left.checked_sub(arms[usize::from(kind)].len()) {
                left = rest;
                kinds.push(kind);
            }
        }
        let ends: Vec<_> = (1..=blocks).map(|block| kinds.len() * block / blocks).collect();
        let mut ops = Vec::new();
        for (block, &end) in ends.iter().enumerate() {
            while ops.len() < end {
                ops.push(op(&mut rng, kinds[ops.len()], block, blocks));
            }
        }
        Program { ops, ends }
    });
    fragments.collect()
}

fn program(rng: &mut Rng, kind: &mut dyn FnMut(&mut Rng) -> u16) -> Program {
    let length = rng.usize(LENGTHS);
    let mut ends = Vec::new();
    let mut end = 0;
    while end < length {
        end = (end + rng.usize(2..=12)).min(length);
        ends.push(end);
    }
    let blocks = ends.len();
    let mut ops = Vec::with_capacity(length);
    for (block, &end) in ends.iter().enumerate() {
        while ops.len() < end {
            let kind = kind(rng);
            ops.push(op(rng, kind, block, blocks));
        }
    }
    Program { ops, ends }
}

fn op(rng: &mut Rng, kind: u16, block: usize, blocks: usize) -> Op {
    let gpr = |rng: &mut Rng| Gpr::ALL[rng.usize(0..16)];
    let xmm = |rng: &mut Rng| Xmm::ALL[rng.usize(0..16)];
    Op {
        wide: wide(rng),
        imm: [imm(rng), imm(rng)],
        disp: [disp(rng), disp(rng)],
        kind,
        label: [label(rng, block, blocks), label(rng, block, blocks)],
        gpr: [gpr(rng), gpr(rng), gpr(rng), gpr(rng)],
        xmm: [xmm(rng), xmm(rng), xmm(rng)],
        index: loop {
            let index = gpr(rng);
            if index != Gpr::Rsp {
                break index;
            }
        },
        scale: Scale::ALL[rng.usize(0..4)],
        cond: Cond::ALL[rng.usize(0..16)],
        count: rng.u8(1..32),
    }
}

/// A block to branch to: three in four near by, the others anywhere.
fn label(rng: &mut Rng, block: usize, blocks: usize) -> u16 {
    let target = match rng.u8(0..4) {
        0 => rng.usize(0..blocks),
        _ => (block + rng.usize(0..12)).saturating_sub(5).min(blocks - 1),
    };
    target as u16
}

/// A constant: half of them of one byte.
fn imm(rng: &mut Rng) -> i32 {
    if rng.bool() { rng.i32(-128..128) } else { rng.i32(-1_000_000..1_000_000) }
}

/// A displacement: a quarter of them none, half of one byte.
fn disp(rng: &mut Rng) -> i32 {
    match rng.u8(0..4) {
        0 => 0,
        1 | 2 => rng.i32(-128..128),
        _ => rng.i32(-100_000..100_000),
    }
}

/// A constant of a register's size: half of them small, a quarter negative, a quarter addresses.
fn wide(rng: &mut Rng) -> i64 {
    match rng.u8(0..4) {
        0 | 1 => rng.i64(0..1 << 31),
        2 => rng.i64(-(1 << 31)..0),
        _ => rng.i64(1 << 40..1 << 47),
    }
}
