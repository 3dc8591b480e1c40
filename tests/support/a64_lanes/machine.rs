//! The processor's registers as data, and what executes one instruction on them.
//!
//! One function loads all registers from a [`State`], calls a stub and stores all registers. A stub is an instruction
//! and `RET`, so that thousands of instructions need one block of code. X30 has the return address meanwhile; no
//! instruction is tested with it, nor with SP.

use std::mem::offset_of;
use tailfirst::{
    aarch64::*,
    exec::{Arena, ExecCode},
};

/// The most bytes that a scalable vector can have.
const MOST: usize = 256;

/// The most that a vector of streaming mode has here: ZA has the square of it.
const MOST_STREAMING: usize = 64;

/// The general registers that instructions are tested with: X0 to X29.
pub const GENERAL: usize = 30;

/// All that an instruction may read and write.
///
/// Vectors, predicates and rows of ZA stand one after the other, each as long as it is at the vector length.
#[derive(Clone, PartialEq)]
#[repr(C, align(16))]
pub struct State {
    pub general: [u64; GENERAL],
    /// N, Z, C and V as bits 31 to 28.
    pub flags: u64,
    /// Where the instruction is.
    stub: u64,
    pub vectors: [u8; 32 * MOST],
    pub predicates: [u8; 16 * MOST / 8],
    pub array: [u8; MOST_STREAMING * MOST_STREAMING],
}

impl State {
    pub fn new() -> Box<State> {
        Box::new(State {
            general: [0; GENERAL],
            flags: 0,
            stub: 0,
            vectors: [0; 32 * MOST],
            predicates: [0; 16 * MOST / 8],
            array: [0; MOST_STREAMING * MOST_STREAMING],
        })
    }
}

/// Which registers there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Vectors of 128 bits, and no predicates.
    Neon,
    /// Scalable vectors.
    Sve,
    /// The same in streaming mode, and ZA.
    Streaming,
}

/// A mode with the bytes of a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    pub mode: Mode,
    pub bytes: usize,
}

impl Unit {
    /// Sets the vector length of this thread; `None` where the processor has not that length.
    pub fn set(mode: Mode, bytes: usize) -> Option<Unit> {
        const PR_SVE_SET_VL: i32 = 50;
        const PR_SME_SET_VL: i32 = 63;
        const LENGTH: i32 = 0xFFFF;
        unsafe extern "C" {
            fn prctl(option: i32, argument: usize, ...) -> i32;
        }
        let most = if mode == Mode::Streaming { MOST_STREAMING } else { MOST };
        assert!(bytes <= most, "a state has no room for vectors of {bytes} bytes");
        let option = match mode {
            Mode::Neon => return (bytes == 16).then_some(Unit { mode, bytes }),
            Mode::Sve => PR_SVE_SET_VL,
            Mode::Streaming => PR_SME_SET_VL,
        };
        // SAFETY: the call changes the vector length and nothing in memory. What Rust compiled does not depend on it.
        let set = unsafe { prctl(option, bytes) };
        (set >= 0 && set & LENGTH == bytes as i32).then_some(Unit { mode, bytes })
    }
}

/// Code that executes single instructions.
pub struct Machine {
    around: ExecCode,
    stubs: ExecCode,
}

fn general(number: usize) -> Gpr64 {
    Gpr64::new(number as u8).expect("below 31")
}

/// The address of a field of the state whose address X30 has, in X0.
fn address(asm: &mut Assembler<'_>, offset: usize) {
    asm.mov_x_imm(X0, offset as u64);
    asm.add_x(X0, X30, X0);
}

/// Moves all vector registers, predicates and ZA, by way of X0 and W12.
fn vectors(asm: &mut Assembler<'_>, unit: Unit, loads: bool) {
    let scaled = |number: u32| SImm::new(number as i32).expect("32 registers");
    address(asm, offset_of!(State, vectors));
    for number in 0..32 {
        let z = Z::from_bits(number).expect("below 32");
        let q = Q::from_bits(number).expect("below 32");
        let place = UImm::new(16 * number).expect("below 512");
        match (unit.mode, loads) {
            (Mode::Neon, true) => asm.ldr_q_uoff(q, X0, place),
            (Mode::Neon, false) => asm.str_q_uoff(q, X0, place),
            (_, true) => asm.ldr_z(z, X0, scaled(number)),
            (_, false) => asm.str_z(z, X0, scaled(number)),
        }
    }
    if unit.mode == Mode::Neon {
        return;
    }
    address(asm, offset_of!(State, predicates));
    for number in 0..16 {
        let p = P::from_bits(number).expect("below 16");
        if loads { asm.ldr_p(p, X0, scaled(number)) } else { asm.str_p(p, X0, scaled(number)) }
    }
    if unit.mode == Mode::Streaming {
        address(asm, offset_of!(State, array));
        for row in 0..unit.bytes {
            asm.mov_w_imm(W12, row as u32);
            let slice = ZAVector::new(W12, 0).expect("W12 to W15");
            if loads {
                asm.ldr_za(slice, X0)
            } else {
                asm.str_za(slice, X0)
            }
            asm.add_x_imm(X0, X0, AddImm::new(unit.bytes as u32).expect("below 4096"));
        }
    }
}

/// The function `fn(&mut State)` around a stub.
fn around(asm: &mut Assembler<'_>, unit: Unit) {
    let x = |offset: usize| UImm::new(offset as u32).expect("a field near the start");
    let below = |bytes: i32| SImm::new(bytes).expect("on the stack");
    let callee = || (19..29).step_by(2).map(|first| (general(first), general(first + 1)));
    let callee_d = || (8..16).step_by(2).map(|first| [first, first + 1].map(|n| D::from_bits(n).expect("below 32")));
    asm.bti(BtiTarget::C);
    asm.stp_x_pre(X29, X30, SP, below(-176));
    asm.str_x_uoff(X0, SP, x(168));
    for (i, (first, second)) in callee().enumerate() {
        asm.stp_x_off(first, second, SP, below(16 + 16 * i as i32));
    }
    for (i, [first, second]) in callee_d().enumerate() {
        asm.stp_d_off(first, second, SP, below(96 + 16 * i as i32));
    }
    if unit.mode == Mode::Streaming {
        asm.smstart(SmeMode::SmZa);
    }
    asm.ldr_x_uoff(X30, SP, x(168));
    vectors(asm, unit, true);
    asm.ldr_x_uoff(X0, X30, x(offset_of!(State, flags)));
    asm.msr(SysReg::NZCV, X0);
    for number in 0..GENERAL {
        asm.ldr_x_uoff(general(number), X30, x(offset_of!(State, general) + 8 * number));
    }
    asm.ldr_x_uoff(X30, X30, x(offset_of!(State, stub)));
    asm.blr(X30);
    asm.ldr_x_uoff(X30, SP, x(168));
    for number in 0..GENERAL {
        asm.str_x_uoff(general(number), X30, x(offset_of!(State, general) + 8 * number));
    }
    asm.mrs(X0, SysReg::NZCV);
    asm.str_x_uoff(X0, X30, x(offset_of!(State, flags)));
    vectors(asm, unit, false);
    if unit.mode == Mode::Streaming {
        asm.smstop(SmeMode::SmZa);
    }
    for (i, [first, second]) in callee_d().enumerate() {
        asm.ldp_d_off(first, second, SP, below(96 + 16 * i as i32));
    }
    for (i, (first, second)) in callee().enumerate() {
        asm.ldp_x_off(first, second, SP, below(16 + 16 * i as i32));
    }
    asm.ldp_x_post(X29, X30, SP, below(176));
    asm.ret();
}

impl Machine {
    /// What executes each of these instructions; they access no memory and transfer no control.
    pub fn new(arena: &Arena, unit: Unit, instructions: &[(&Form, &[Operand])]) -> Machine {
        let load = |mut asm: Assembler<'_>| {
            let code = asm.finish().expect("code without mistakes");
            arena.load(&code, |_| None).expect("room in the arena")
        };
        let mut asm = Assembler::new();
        around(&mut asm, unit);
        let around = load(asm);
        let mut asm = Assembler::new();
        for (form, operands) in instructions {
            form.emit(&mut asm, operands).expect("operands of the form");
            asm.ret();
        }
        Machine { around, stubs: load(asm) }
    }

    /// Executes the instruction with this index.
    pub fn execute(&self, index: usize, state: &mut State) {
        state.stub = self.stubs.address() + 8 * index as u64;
        let function = self.around.function::<unsafe extern "C" fn(*mut State)>(0).expect("the start");
        // SAFETY: the function follows the procedure call standard: it preserves X19 to X29 and D8 to D15. It writes
        // nothing but the stack and the state. The stub is one of this machine's, for the state outlives the call.
        unsafe { function(state) };
        state.stub = 0;
    }
}
