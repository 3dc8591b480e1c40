//! What a block of five instructions costs, beside the same five placed without one: `blocks WAY KIND ROUNDS` places a
//! thousand of them in each round. benches/instructions.sh counts the instructions that this executes.
//!
//! KIND is `plain`, or `branch` if the last of the five goes to a label outside. All ways give the same bytes, which is
//! verified first.

use fastrand::Rng;
use std::process::ExitCode;
use tailfirst::x64::*;
use tailfirst::{Code, Direction, Label, block};

const WAYS: [&str; 6] = ["calls", "block", "batch", "forward", "pair", "up"];
const BLOCKS: usize = 1000;

/// The operands of a block.
struct Five {
    dst: Gpr64,
    src: Gpr64,
    base: Gpr64,
    imm: i32,
    disp: i32,
}

impl Five {
    fn any(rng: &mut Rng) -> Five {
        let mut reg = || Gpr64::new(rng.u8(0..16)).expect("below 16");
        Five { dst: reg(), src: reg(), base: reg(), imm: rng.i32(-1000..1000), disp: rng.i32(-1000..1000) }
    }

    /// Places the five by calls in the order in which code grows.
    #[inline(always)]
    fn calls<D: Direction, const UP: bool>(&self, asm: &mut Emitter<'_, D>, outside: Option<Label>) {
        let &Five { dst, src, base, imm, disp } = self;
        if UP {
            asm.mov_r64_rm64(dst, src);
            asm.add_rm64_imm(dst, imm);
            asm.cmp_rm64_r64(dst, base);
            asm.mov_rm64_r64(base + disp, dst);
        }
        match outside {
            Some(label) => asm.jne(label),
            None => asm.mov_r64_rm64(src, base + imm),
        }
        if !UP {
            asm.mov_rm64_r64(base + disp, dst);
            asm.cmp_rm64_r64(dst, base);
            asm.add_rm64_imm(dst, imm);
            asm.mov_r64_rm64(dst, src);
        }
    }

    /// Places the five by `block!`.
    #[inline(always)]
    fn block(&self, asm: &mut Encoder<'_>, outside: Option<Label>) {
        let &Five { dst, src, base, imm, disp } = self;
        match outside {
            Some(label) => block!(asm;
                mov_r64_rm64(dst, src);
                add_rm64_imm(dst, imm);
                cmp_rm64_r64(dst, base);
                mov_rm64_r64(base + disp, dst);
                jne(label);
            ),
            None => block!(asm;
                mov_r64_rm64(dst, src);
                add_rm64_imm(dst, imm);
                cmp_rm64_r64(dst, base);
                mov_rm64_r64(base + disp, dst);
                mov_r64_rm64(src, base + imm);
            ),
        }
    }
}

struct Blocks {
    all: Vec<Five>,
    enc: Encoder<'static>,
    asm: Assembler<'static>,
}

impl Blocks {
    fn new() -> Blocks {
        let mut rng = Rng::with_seed(0);
        Blocks { all: (0..BLOCKS).map(|_| Five::any(&mut rng)).collect(), enc: Encoder::new(), asm: Assembler::new() }
    }

    /// One round.
    fn round(&mut self, way: &str, is_branch: bool) -> Code<'_, X64> {
        if is_branch { self.places::<true>(way) } else { self.places::<false>(way) }
    }

    #[inline(always)]
    fn places<const BRANCH: bool>(&mut self, way: &str) -> Code<'_, X64> {
        let Blocks { all, enc, asm } = self;
        if way == "up" {
            asm.clear();
            let outside = asm.label();
            let target = BRANCH.then_some(outside);
            all.iter().for_each(|five| five.calls::<_, true>(asm, target));
            asm.data(&[0x90; 128]);
            asm.bind(outside);
            asm.ret();
            return asm.finish().expect("the label is bound");
        }
        enc.clear();
        enc.ret();
        let outside = enc.here();
        // So many bytes that all branches are near.
        enc.data(&[0x90; 128]);
        let target = BRANCH.then_some(outside);
        let all = all.iter().rev();
        match way {
            "calls" => all.for_each(|five| five.calls::<_, false>(enc, target)),
            "block" => all.for_each(|five| five.block(enc, target)),
            "batch" => all.for_each(|five| enc.batch(|enc| five.block(enc, target))),
            "forward" => all.for_each(|five| enc.forward(|asm| five.calls::<_, true>(asm, target))),
            "pair" => all.for_each(|five| {
                enc.begin_block(asm);
                five.calls::<_, true>(asm, target);
                enc.end_block(asm);
            }),
            _ => unreachable!("not one of WAYS"),
        }
        enc.finish().expect("the label is bound")
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let known = match &arguments[..] {
        [way, kind, rounds] if WAYS.contains(&&**way) && ["plain", "branch"].contains(&&**kind) => {
            rounds.parse().ok().map(|rounds: usize| (way, kind == "branch", rounds))
        }
        _ => None,
    };
    let Some((way, is_branch, rounds)) = known else {
        eprintln!("usage: blocks {{{}}} {{plain|branch}} ROUNDS", WAYS.join("|"));
        return ExitCode::FAILURE;
    };
    let mut blocks = Blocks::new();
    let expected = blocks.round("calls", is_branch).bytes().to_vec();
    if blocks.round(way, is_branch).bytes() != expected {
        eprintln!("{way}: other bytes than by calls");
        return ExitCode::FAILURE;
    }
    for _ in 0..rounds {
        std::hint::black_box(blocks.round(way, is_branch).bytes());
    }
    println!("{} bytes", expected.len());
    ExitCode::SUCCESS
}
