//! The example `ebpf`: interpreter and compiled code agree, for its programs and for random ones.
#![cfg(target_arch = "x86_64")]

#[path = "../examples/ebpf/bytecode.rs"]
mod bytecode;
#[path = "../examples/ebpf/compile.rs"]
mod compile;
#[path = "../examples/ebpf/programs.rs"]
mod programs;

use bytecode::{Bytecode, Imm, Memory, Op, Operand, Reg, WORDS, interpret};
use compile::Compiler;
use quickcheck::{Arbitrary, Gen, QuickCheck};
use tailfirst::x64::Cond;

fn agree(compiler: &mut Compiler, program: &[Bytecode], argument: i64) -> bool {
    let mut expected: Memory = std::array::from_fn(|word| word as i64 * 0x0101_0101_0101);
    let mut memory = expected;
    let result = compiler.run(program, argument, &mut memory).expect("executable memory can be had");
    result == interpret(program, argument, &mut expected) && memory == expected
}

#[test]
fn programs_agree() {
    let mut compiler = Compiler::new().expect("an arena can be had");
    for (name, program, argument) in programs::all() {
        assert!(agree(&mut compiler, &program, argument), "{name}");
    }
    let results = programs::all().map(|(_, program, argument)| interpret(&program, argument, &mut [0; WORDS]));
    let squares = (0..60).map(|n| n * n).sum();
    let long = 1000 * (0..100).map(|at| at * 3 - 100).sum::<i64>();
    assert_eq!(results, [42, (1..=20).product(), squares, long]);
}

/// A program whose jumps go ahead only, so that it ends.
#[derive(Debug, Clone)]
struct Straight(Vec<Bytecode>);

impl Arbitrary for Straight {
    fn arbitrary(g: &mut Gen) -> Self {
        let len = g.size();
        let mut program: Vec<_> = (0..len).map(|at| bytecode(g, at, len)).collect();
        program.push(Bytecode::Exit);
        Straight(program)
    }
}

fn bytecode(g: &mut Gen, at: usize, end: usize) -> Bytecode {
    let register = |g: &mut Gen| *g.choose(&[0, 1, 2, 3, 4, 5]).expect("not empty");
    let target = |g: &mut Gen| at + 1 + usize::arbitrary(g) % (end - at);
    let operand = |g: &mut Gen| -> Operand {
        match u8::arbitrary(g) % 3 {
            0 => Reg(register(g)),
            1 => Imm(i8::arbitrary(g).into()),
            _ => Imm(i32::arbitrary(g)),
        }
    };
    match u8::arbitrary(g) % 10 {
        0 => Bytecode::Jump(target(g)),
        1 | 2 => {
            let cond = *g.choose(&Cond::ALL).expect("not empty");
            Bytecode::JumpIf(cond, register(g), operand(g), target(g))
        }
        3 => Bytecode::Load(register(g), register(g), i32::arbitrary(g)),
        4 => Bytecode::Store(register(g), i32::arbitrary(g), register(g)),
        _ => {
            let op = *g.choose(&[Op::Mov, Op::Add, Op::Sub, Op::Mul, Op::And]).expect("not empty");
            Bytecode::Alu(op, register(g), operand(g))
        }
    }
}

#[test]
fn random_programs_agree() {
    fn holds(Straight(program): Straight, argument: i64) -> bool {
        agree(&mut Compiler::new().expect("an arena can be had"), &program, argument)
    }
    QuickCheck::new().tests(300).quickcheck(holds as fn(Straight, i64) -> bool);
}
