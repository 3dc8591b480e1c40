//! The example `trace_jit`: interpreter and JIT end in the same state, for its programs and for random ones, on this
//! machine and on simulated ones with so few registers that nearly everything is spilled.

#[path = "../examples/trace_jit/allocate.rs"]
mod allocate;
#[path = "../examples/trace_jit/backend.rs"]
mod backend;
#[path = "../examples/trace_jit/bytecode.rs"]
mod bytecode;
#[path = "../examples/trace_jit/compile.rs"]
mod compile;
#[path = "../examples/trace_jit/context.rs"]
mod context;
#[path = "../examples/trace_jit/homes.rs"]
mod homes;
#[path = "../examples/trace_jit/interpreter.rs"]
mod interpreter;
#[path = "../examples/trace_jit/ir.rs"]
mod ir;
#[path = "../examples/trace_jit/loops.rs"]
mod loops;
#[path = "../examples/trace_jit/moves.rs"]
mod moves;
#[path = "../examples/trace_jit/parse.rs"]
mod parse;
#[path = "../examples/trace_jit/record.rs"]
mod record;
#[path = "../examples/trace_jit/vm.rs"]
mod vm;

#[path = "trace_jit/simulator.rs"]
mod simulator;
#[path = "trace_jit/random.rs"]
mod random;

use bytecode::{FIRST_CONSTANT, INT_REGISTERS, Program, State, Trap, Value};
use quickcheck::{QuickCheck, TestResult};
use random::RandomProgram;
use simulator::Simulator;
use vm::{Machine, Vm};

/// What can be seen of a run: how it ended, and the state.
type Outcome = (Result<Value, Trap>, State);

fn interpreted(program: &Program) -> Outcome {
    let mut state = State::new(program);
    let result = interpreter::run(program, &mut state);
    (result, state)
}

fn compiled<M: Machine>(program: &Program, machine: M) -> (Outcome, usize) {
    let mut vm = Vm::new(program, machine);
    let result = vm.run();
    ((result, vm.state().clone()), vm.traces.len())
}

/// Whether two words are equal as floats, where one NaN is like another.
fn same_float(a: u64, b: u64) -> bool {
    a == b || f64::from_bits(a).is_nan() && f64::from_bits(b).is_nan()
}

/// The first difference between two outcomes.
fn difference((result, state): &Outcome, (expected_result, expected): &Outcome) -> Option<String> {
    let same = match (result, expected_result) {
        (Ok(Value::Float(a)), Ok(Value::Float(b))) => same_float(a.to_bits(), b.to_bits()),
        (a, b) => a == b,
    };
    if !same {
        return Some(format!("result {result:?}, expected {expected_result:?}"));
    }
    for slot in 0..FIRST_CONSTANT {
        let (a, b) = (state.frame[slot as usize], expected.frame[slot as usize]);
        if a != b && (slot < INT_REGISTERS || !same_float(a, b)) {
            return Some(format!("{} is {a:#x}, expected {b:#x}", bytecode::slot_name(slot)));
        }
    }
    let words = |state: &State| -> Vec<u64> {
        let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
        state.memory.chunks(8).map(word).collect()
    };
    let mut pairs = words(state).into_iter().zip(words(expected)).enumerate();
    let (index, (a, b)) = pairs.find(|&(index, (a, b))| a != b && (index * 8 < random::FLOATS || !same_float(a, b)))?;
    Some(format!("memory at {} is {a:#x}, expected {b:#x}", index * 8))
}

/// The example's programs, with a smaller size each, so that an interpreter without optimisation is fast enough.
fn programs() -> Vec<Program> {
    let parse = |name: &str, text: &str, full: &str, size: &str| {
        assert!(text.contains(full), "{name} has an other size");
        parse::parse(name, &text.replace(full, size)).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    vec![
        parse("sieve", include_str!("../examples/trace_jit/programs/sieve.asm"), "3000000", "20000"),
        parse("collatz", include_str!("../examples/trace_jit/programs/collatz.asm"), "200000", "2000"),
        parse("mandelbrot", include_str!("../examples/trace_jit/programs/mandelbrot.asm"), "r0, 200 ", "r0, 30 "),
        parse("matrix", include_str!("../examples/trace_jit/programs/matrix.asm"), "r0, 120 ", "r0, 20 "),
        parse("branches", include_str!("../examples/trace_jit/programs/branches.asm"), "2000000", "20000"),
        parse("pressure", include_str!("../examples/trace_jit/programs/pressure.asm"), "200000", "2000"),
    ]
}

fn random_program<M: Machine>(program: RandomProgram, machine: M) -> TestResult {
    let program = match parse::parse("random", &program.text()) {
        Ok(program) => program,
        Err(error) => return TestResult::error(error.to_string()),
    };
    let (outcome, _) = compiled(&program, machine);
    match difference(&outcome, &interpreted(&program)) {
        None => TestResult::passed(),
        Some(difference) => TestResult::error(difference),
    }
}

#[test]
fn programs_on_a_simulated_machine() {
    for program in programs() {
        let expected = interpreted(&program);
        let (outcome, traces) = compiled(&program, Simulator::<16, true>::new());
        assert_eq!(difference(&outcome, &expected), None, "{}", program.name);
        assert!(traces > 0, "{} was never compiled", program.name);
    }
}

#[test]
fn random_programs_on_simulated_machines() {
    fn two_address(program: RandomProgram) -> TestResult {
        random_program(program, Simulator::<12, true>::new())
    }
    fn few_registers(program: RandomProgram) -> TestResult {
        random_program(program, Simulator::<5, true>::new())
    }
    fn three_address(program: RandomProgram) -> TestResult {
        random_program(program, Simulator::<4, false>::new())
    }
    for property in [two_address, few_registers, three_address] {
        QuickCheck::new().tests(200).quickcheck(property as fn(RandomProgram) -> TestResult);
    }
}
