//! Programs, with their names and arguments.

use tailfirst::x64::Cond;

use crate::bytecode::Bytecode::{self, *};
use crate::bytecode::{Imm, Op::*, Reg};

pub fn all() -> [(&'static str, Vec<Bytecode>, i64); 4] {
    let absolute = vec![
        Alu(Mov, 0, Reg(1)),
        JumpIf(Cond::Ge, 0, Imm(0), 4),
        Alu(Mul, 0, Imm(-1)),
        Alu(And, 0, Imm(i32::MAX)),
        Exit,
    ];
    let factorial = vec![
        Alu(Mov, 0, Imm(1)),
        JumpIf(Cond::L, 1, Imm(2), 5),
        Alu(Mul, 0, Reg(1)),
        Alu(Sub, 1, Imm(1)),
        Jump(1),
        Exit,
    ];
    // Fills the memory with squares, and adds them up from the last to the first.
    let squares = vec![
        JumpIf(Cond::E, 2, Reg(1), 7),
        Alu(Mov, 3, Reg(2)),
        Alu(Mul, 3, Reg(2)),
        Store(4, 0, 3),
        Alu(Add, 4, Imm(8)),
        Alu(Add, 2, Imm(1)),
        Jump(0),
        Alu(Sub, 4, Imm(8)),
        Load(3, 4, 0),
        Alu(Add, 0, Reg(3)),
        Alu(Sub, 2, Imm(1)),
        JumpIf(Cond::Ne, 2, Imm(0), 7),
        Exit,
    ];
    // So many bytecodes that the jumps to the end and to the beginning are long ones.
    let body = (0..100).map(|at| Alu(Add, 0, Imm(at * 3 - 100)));
    let long = [JumpIf(Cond::Ge, 2, Reg(1), 103)].into_iter().chain(body);
    let long = long.chain([Alu(Add, 2, Imm(1)), Jump(0), Exit]).collect();
    [("absolute", absolute, -42), ("factorial", factorial, 20), ("squares", squares, 60), ("long", long, 1000)]
}
