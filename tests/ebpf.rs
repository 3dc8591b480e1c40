//! The example `ebpf`: interpreter and compiled code agree, for its programs, for every operation and condition, and
//! for random programs.

#[cfg(target_arch = "aarch64")]
#[path = "../examples/ebpf/aarch64.rs"]
mod aarch64;
#[path = "../examples/ebpf/bytecode.rs"]
mod bytecode;
#[path = "../examples/ebpf/native.rs"]
mod native;
#[path = "../examples/ebpf/programs.rs"]
mod programs;
#[cfg(target_arch = "x86_64")]
#[path = "../examples/ebpf/x64.rs"]
mod x64;

use bytecode::{Bytecode, Cond, Memory, Op, Operand, Operand::*, Program, Register, Register::*, WORDS};
use native::Native;
use quickcheck::{Arbitrary, Gen, QuickCheck};

const REGISTERS: [Register; 5] = [R0, R1, R2, R3, R4];

const OPS: [Op; 12] =
    [Op::Mov, Op::Add, Op::Sub, Op::Mul, Op::Div, Op::Mod, Op::And, Op::Or, Op::Xor, Op::Lsh, Op::Rsh, Op::Arsh];

const CONDS: [Cond; 11] =
    [Cond::Eq, Cond::Ne, Cond::Gt, Cond::Ge, Cond::Lt, Cond::Le, Cond::Sgt, Cond::Sge, Cond::Slt, Cond::Sle, Cond::Set];

/// Where what is added, compared or shifted by changes its form or its result.
const EDGES: [i32; 14] = [0, 1, -1, 2, 63, 64, 127, 128, -128, 4095, 4096, 4097, i32::MIN, i32::MAX];

/// Values of the registers.
const VALUES: [[u64; 5]; 5] = [
    [0, 0, 0, 0, 0],
    [0, 1, u64::MAX, 1 << 63, i64::MAX as u64],
    [u64::MAX, i64::MAX as u64, 1 << 63, 1, 0],
    [7, 100, 63, 64, 65],
    [1 << 31, 1 << 32, (1 << 31) - 1, 0x0123_4567_89AB_CDEF, -5i64 as u64],
];

fn native() -> Native {
    Native::new().expect("an arena can be had")
}

fn verified(bytecodes: Vec<Bytecode>) -> Program {
    Program::new(bytecodes).expect("it stays within itself")
}

fn agree(native: &mut Native, program: &Program, argument: u64, mut memory: Memory) -> bool {
    let mut expected = memory;
    let result = native.run(program, argument, &mut memory).expect("executable memory can be had");
    result == program.interpret(argument, &mut expected) && memory == expected
}

#[test]
fn programs_agree() {
    let mut native = native();
    let results = programs::all().map(|(name, bytecodes, argument)| {
        let program = verified(bytecodes);
        assert!(agree(&mut native, &program, argument, [1; WORDS]), "{name}");
        program.interpret(argument, &mut [0; WORDS])
    });
    let squares = (0..60).map(|n| n * n).sum();
    let long = 1000 * (0..100).map(|at| 3 * at + 100).sum::<u64>();
    assert_eq!(results, [(1..=20).product(), 45, 111, 21, 1 << 63, 7, squares, long]);
}

/// A program that has its registers from the memory's first words, and leaves them there.
fn between_loads_and_stores(body: impl IntoIterator<Item = Bytecode>) -> Program {
    let loads = REGISTERS.into_iter().rev().map(|register| Bytecode::Load(register, R0, 8 * register as i32));
    let stores = REGISTERS.into_iter().map(|register| Bytecode::Store(R0, 8 * register as i32, register));
    verified(loads.chain(body).chain(stores).chain([Bytecode::Exit]).collect())
}

fn agree_for_all_values(bytecodes: &[Bytecode]) {
    let mut native = native();
    let program = between_loads_and_stores(bytecodes.iter().copied());
    for values in VALUES {
        let memory = std::array::from_fn(|word| *values.get(word).unwrap_or(&0));
        assert!(agree(&mut native, &program, 0, memory), "{bytecodes:?} with {values:?}");
    }
}

fn operands() -> impl Iterator<Item = Operand> {
    REGISTERS.map(Reg).into_iter().chain(EDGES.map(Imm))
}

/// Each of these with each operand, on two registers: one in turn, and the operand's own, if that is a register.
fn with_operands<T: Copy>(of: &[T]) -> impl Iterator<Item = (T, Register, Operand)> {
    let pairs = of.iter().flat_map(|&one| operands().map(move |operand| (one, operand)));
    pairs.enumerate().flat_map(|(at, (one, operand))| {
        let own = match operand {
            Reg(register) => register,
            Imm(_) => REGISTERS[(at + 2) % 5],
        };
        [(one, REGISTERS[at % 5], operand), (one, own, operand)]
    })
}

#[test]
fn every_operation_agrees() {
    for (op, dst, src) in with_operands(&OPS) {
        agree_for_all_values(&[Bytecode::Alu(op, dst, src)]);
    }
}

#[test]
fn every_condition_agrees() {
    for (cond, a, b) in with_operands(&CONDS) {
        // The jump goes over one of two changes.
        let target = REGISTERS.len() + 2;
        agree_for_all_values(&[
            Bytecode::JumpIf(cond, a, b, target),
            Bytecode::Alu(Op::Xor, a, Imm(1)),
            Bytecode::Alu(Op::Xor, R3, Imm(2)),
        ]);
    }
}

#[test]
fn what_leaves_itself_is_refused() {
    use Bytecode::{Exit, Jump, JumpIf};
    for bytecodes in
        [vec![], vec![Jump(1)], vec![JumpIf(Cond::Eq, R0, Imm(0), 2), Exit], vec![Exit, Bytecode::Load(R0, R0, 0)]]
    {
        assert!(Program::new(bytecodes.clone()).is_err(), "{bytecodes:?}");
    }
}

#[cfg(target_arch = "aarch64")]
const JUMP_TO_ITSELF: &[u8] = &[0x00, 0x00, 0x00, 0x14];
#[cfg(target_arch = "x86_64")]
const JUMP_TO_ITSELF: &[u8] = &[0xEB, 0xFE];

#[test]
fn jumps_back_are_exact_and_short() {
    let mut native = native();
    let code = native.compiler.compile(&verified(vec![Bytecode::Jump(0)])).expect("all labels are bound");
    assert!(code.bytes().ends_with(JUMP_TO_ITSELF), "{:x?}", code.bytes());
}

/// A piece of a random program. All jumps go to pieces, by the distance in pieces.
#[derive(Debug, Clone, Copy)]
enum Piece {
    Bytecode(Bytecode),
    Ahead(Option<(Cond, Register, Operand)>, usize),
    Back(Option<(Cond, Register, Operand)>, usize),
}

/// A program that ends, since each jump back takes from register 4 and goes on when that is used up.
#[derive(Debug, Clone)]
struct RandomProgram(Vec<Piece>);

const JUMPS_BACK: i32 = 50;

impl RandomProgram {
    fn program(&self) -> Program {
        let jump = |cond, target| match cond {
            None => Bytecode::Jump(target),
            Some((cond, a, b)) => Bytecode::JumpIf(cond, a, b, target),
        };
        // Where each piece begins, and where the stores do.
        let mut starts = vec![1];
        for piece in &self.0 {
            starts.push(starts[starts.len() - 1] + if matches!(piece, Piece::Back(..)) { 3 } else { 1 });
        }
        let mut bytecodes = vec![Bytecode::Alu(Op::Mov, R4, Imm(JUMPS_BACK))];
        for (at, &piece) in self.0.iter().enumerate() {
            match piece {
                Piece::Bytecode(bytecode) => bytecodes.push(bytecode),
                Piece::Ahead(cond, by) => bytecodes.push(jump(cond, starts[at + 1 + by % (self.0.len() - at)])),
                Piece::Back(cond, by) => bytecodes.extend([
                    Bytecode::Alu(Op::Sub, R4, Imm(1)),
                    Bytecode::JumpIf(Cond::Sle, R4, Imm(0), starts[at + 1]),
                    jump(cond, starts[at - by % (at + 1)]),
                ]),
            }
        }
        bytecodes.extend(REGISTERS.map(|register| Bytecode::Store(R0, 8 * register as i32, register)));
        bytecodes.push(Bytecode::Exit);
        verified(bytecodes)
    }
}

impl Arbitrary for RandomProgram {
    fn arbitrary(g: &mut Gen) -> Self {
        RandomProgram((0..g.size()).map(|_| piece(g)).collect())
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let pieces = self.0.clone();
        let without = move |at: usize, len: usize| {
            let mut pieces = pieces.clone();
            pieces.drain(at..at + len);
            RandomProgram(pieces)
        };
        let len = self.0.len();
        let halves = (len > 3).then_some([(0, len / 2), (len / 2, len - len / 2)]).into_iter().flatten();
        Box::new(halves.chain((0..len).map(|at| (at, 1))).map(move |(at, len)| without(at, len)))
    }
}

fn piece(g: &mut Gen) -> Piece {
    let any = |g: &mut Gen| *g.choose(&REGISTERS).expect("not empty");
    let changed = |g: &mut Gen| *g.choose(&[R0, R1, R2, R3]).expect("not empty");
    let operand = |g: &mut Gen| match u8::arbitrary(g) % 4 {
        0 | 1 => Reg(any(g)),
        2 => Imm(*g.choose(&EDGES).expect("not empty")),
        _ => Imm(i32::arbitrary(g)),
    };
    let cond = |g: &mut Gen| {
        let cond = *g.choose(&CONDS).expect("not empty");
        (!u8::arbitrary(g).is_multiple_of(4)).then_some((cond, any(g), operand(g)))
    };
    match u8::arbitrary(g) % 12 {
        0 | 1 => Piece::Ahead(cond(g), usize::arbitrary(g) % 8),
        2 | 3 => Piece::Back(cond(g), usize::arbitrary(g)),
        4 => Piece::Bytecode(Bytecode::Load(changed(g), any(g), i32::arbitrary(g))),
        5 => Piece::Bytecode(Bytecode::Store(any(g), i32::arbitrary(g), any(g))),
        _ => {
            let op = *g.choose(&OPS).expect("not empty");
            Piece::Bytecode(Bytecode::Alu(op, changed(g), operand(g)))
        }
    }
}

#[test]
fn random_programs_agree() {
    fn holds(program: RandomProgram, argument: u64) -> bool {
        agree(&mut native(), &program.program(), argument, std::array::from_fn(|word| word as u64 * 0x0101_0101_0101))
    }
    QuickCheck::new().tests(300).quickcheck(holds as fn(RandomProgram, u64) -> bool);
}
