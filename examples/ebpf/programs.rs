//! Programs, with their names and arguments.

use crate::bytecode::Bytecode::{self, *};
use crate::bytecode::{Cond, Op::*, Operand::*, Register::*};

pub fn all() -> [(&'static str, Vec<Bytecode>, u64); 8] {
    let factorial = vec![
        Alu(Mov, R0, Imm(1)),
        JumpIf(Cond::Lt, R1, Imm(2), 5),
        Alu(Mul, R0, Reg(R1)),
        Alu(Sub, R1, Imm(1)),
        Jump(1),
        Exit,
    ];
    // The sum of the digits.
    let digits = vec![
        Alu(Mov, R2, Reg(R1)),
        Alu(Mod, R2, Imm(10)),
        Alu(Add, R0, Reg(R2)),
        Alu(Div, R1, Imm(10)),
        JumpIf(Cond::Ne, R1, Imm(0), 0),
        Exit,
    ];
    // The steps from a number to 1.
    let collatz = vec![
        JumpIf(Cond::Le, R1, Imm(1), 8),
        Alu(Add, R0, Imm(1)),
        JumpIf(Cond::Set, R1, Imm(1), 5),
        Alu(Rsh, R1, Imm(1)),
        Jump(0),
        Alu(Mul, R1, Imm(3)),
        Alu(Add, R1, Imm(1)),
        Jump(0),
        Exit,
    ];
    // The greatest divisor that a number has in common with 1071.
    let divisor = vec![
        Alu(Mov, R0, Imm(1071)),
        JumpIf(Cond::Gt, R0, Reg(R1), 5),
        JumpIf(Cond::Eq, R0, Reg(R1), 7),
        Alu(Sub, R1, Reg(R0)),
        Jump(1),
        Alu(Sub, R0, Reg(R1)),
        Jump(1),
        Exit,
    ];
    // The bits of a number, the last one first.
    let reversed = vec![
        Alu(Lsh, R0, Imm(1)),
        Alu(Mov, R3, Reg(R1)),
        Alu(And, R3, Imm(1)),
        Alu(Or, R0, Reg(R3)),
        Alu(Rsh, R1, Imm(1)),
        Alu(Add, R2, Imm(1)),
        JumpIf(Cond::Slt, R2, Imm(64), 0),
        Exit,
    ];
    // How far a number, with its sign, is from 0; but 100 at most, and 0 for those next to it.
    let distance = vec![
        JumpIf(Cond::Sgt, R1, Imm(1), 5),
        JumpIf(Cond::Sge, R1, Imm(-1), 9),
        Alu(Mov, R2, Reg(R1)),
        Alu(Arsh, R2, Imm(63)),
        Alu(Xor, R1, Reg(R2)),
        Alu(Sub, R1, Reg(R2)),
        Alu(Mov, R0, Reg(R1)),
        JumpIf(Cond::Sle, R0, Imm(100), 9),
        Alu(Mov, R0, Imm(100)),
        Exit,
    ];
    // Fills the memory with squares, and adds them up from the last to the first.
    let squares = vec![
        JumpIf(Cond::Eq, R2, Reg(R1), 7),
        Alu(Mov, R3, Reg(R2)),
        Alu(Mul, R3, Reg(R2)),
        Store(R4, 0, R3),
        Alu(Add, R4, Imm(8)),
        Alu(Add, R2, Imm(1)),
        Jump(0),
        Alu(Sub, R4, Imm(8)),
        Load(R3, R4, 0),
        Alu(Add, R0, Reg(R3)),
        Alu(Sub, R2, Imm(1)),
        JumpIf(Cond::Ne, R2, Imm(0), 7),
        Exit,
    ];
    // So many bytecodes that the jumps to the end and to the beginning are long ones.
    let body = (0..100).map(|at| Alu(Add, R0, Imm(3 * at + 100)));
    let long = [JumpIf(Cond::Ge, R2, Reg(R1), 103)].into_iter().chain(body);
    let long = long.chain([Alu(Add, R2, Imm(1)), Jump(0), Exit]).collect();
    [
        ("factorial", factorial, 20),
        ("digits", digits, 9_876_543_210),
        ("collatz", collatz, 27),
        ("divisor", divisor, 462),
        ("reversed", reversed, 1),
        ("distance", distance, -7i64 as u64),
        ("squares", squares, 60),
        ("long", long, 1000),
    ]
}
