//! The example `trace_jit`: interpreter and JIT end in the same state, for its programs and for random ones, on this
//! machine and on simulated ones with so few registers that nearly everything is spilled.

#[path = "../examples/trace_jit/aarch64.rs"]
mod aarch64;
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
#[path = "../examples/trace_jit/listing.rs"]
mod listing;
#[path = "../examples/trace_jit/loops.rs"]
mod loops;
#[path = "../examples/trace_jit/moves.rs"]
mod moves;
#[path = "../examples/trace_jit/native.rs"]
mod native;
#[path = "../examples/trace_jit/parse.rs"]
mod parse;
#[path = "../examples/trace_jit/record.rs"]
mod record;
#[path = "../examples/trace_jit/vm.rs"]
mod vm;
#[path = "../examples/trace_jit/x64.rs"]
mod x64;

#[path = "trace_jit/random.rs"]
mod random;
#[path = "trace_jit/simulator.rs"]
mod simulator;

use backend::{LOOP_ALIGN, Place, Source};
use bytecode::{FIRST_CONSTANT, INT_REGISTERS, Program, State, Trap, Value};
use ir::End;
use listing::listings;
use native::{Host, Native, Other};
use quickcheck::{QuickCheck, TestResult};
use random::RandomProgram;
use simulator::Simulator;
use vm::{Installed, Machine, Origin, Vm};

/// What can be seen of a run: how it ended, and the state.
type Outcome = (Result<Value, Trap>, State);

fn interpreted(program: &Program) -> Outcome {
    let mut state = State::new(program);
    let result = interpreter::run(program, &mut state);
    (result, state)
}

/// The outcome of a run that compiles, and the machine after it.
fn compiled<M: Machine>(program: &Program, machine: M) -> (Outcome, Vm<'_, M>) {
    let mut vm = Vm::new(program, machine);
    let result = vm.run();
    ((result, vm.state().clone()), vm)
}

fn this_machine() -> Native {
    Native::new().expect("executable memory can be had")
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

fn parsed(name: &str, text: &str) -> Program {
    parse::parse(name, text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The example's programs, with a smaller size each, so that an interpreter without optimisation is fast enough.
fn programs() -> [Program; 6] {
    let smaller = |name: &str, text: &str, full: &str, size: &str| {
        assert!(text.contains(full), "{name} has an other size");
        parsed(name, &text.replace(full, size))
    };
    [
        smaller("sieve", include_str!("../examples/trace_jit/programs/sieve.asm"), "3000000", "20000"),
        smaller("collatz", include_str!("../examples/trace_jit/programs/collatz.asm"), "100000", "2000"),
        smaller("mandelbrot", include_str!("../examples/trace_jit/programs/mandelbrot.asm"), "r0, 200 ", "r0, 30 "),
        smaller("matrix", include_str!("../examples/trace_jit/programs/matrix.asm"), "r0, 120 ", "r0, 20 "),
        branches(),
        pressure(),
    ]
}

/// A program whose guards fail often.
fn branches() -> Program {
    parsed("branches", &include_str!("../examples/trace_jit/programs/branches.asm").replace("2000000", "20000"))
}

/// A program with more live values than a machine has registers.
fn pressure() -> Program {
    parsed("pressure", &include_str!("../examples/trace_jit/programs/pressure.asm").replace("200000", "2000"))
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

fn check_programs<M: Machine>(machine: impl Fn() -> M) {
    for program in programs() {
        let (outcome, vm) = compiled(&program, machine());
        assert_eq!(difference(&outcome, &interpreted(&program)), None, "{}", program.name);
        assert!(!vm.traces.is_empty(), "{} was never compiled", program.name);
    }
}

fn check_random_programs(tests: u64, property: fn(RandomProgram) -> TestResult) {
    QuickCheck::new().tests(tests).quickcheck(property);
}

#[test]
fn programs_on_this_machine() {
    check_programs(this_machine);
}

#[test]
fn programs_on_a_simulated_machine() {
    check_programs(Simulator::<16, true>::new);
}

#[test]
fn random_programs_on_this_machine() {
    check_random_programs(300, |program| random_program(program, this_machine()));
}

#[test]
fn random_programs_on_simulated_machines() {
    check_random_programs(100, |program| random_program(program, Simulator::<12, true>::new()));
    check_random_programs(100, |program| random_program(program, Simulator::<5, true>::new()));
    check_random_programs(100, |program| random_program(program, Simulator::<4, false>::new()));
}

#[test]
fn random_programs_compile_for_the_other_machine() {
    check_random_programs(100, |program| {
        let program = parsed("random", &program.text());
        let (_, vm) = compiled(&program, this_machine());
        match listings::<Other>(&vm.traces) {
            Ok(_) => TestResult::passed(),
            Err(error) => TestResult::error(error.to_string()),
        }
    });
}

#[test]
fn more_values_than_registers_are_spilled() {
    let program = pressure();
    let (_, vm) = compiled(&program, this_machine());
    let is_in_memory = |(_, from): &(_, Source)| matches!(from, Source::Place(Place::Mem(_)));
    let mut exits = vm.traces.iter().flat_map(|installed| &installed.exits);
    assert!(exits.any(|exit| exit.restores.iter().any(is_in_memory)));
}

#[test]
fn exits_that_are_taken_often_get_side_traces() {
    let program = branches();
    let (_, vm) = compiled(&program, this_machine());
    let sides = vm.traces.iter().filter(|installed| matches!(installed.origin, Origin::Exit(_))).count();
    assert!(sides >= 3, "{sides} side traces");
    assert_eq!(vm.statistics.attached, sides as u64, "side traces that are patched in");
    assert!(vm.statistics.entered < 200, "left native code {} times", vm.statistics.entered);
}

#[test]
fn traps_in_hot_loops_find_the_interpreters_state() {
    let out_of_bounds = parsed("out of bounds", ".memory 1000\n l: st [r0 + 8], r0\n add r0, r0, 8\n jmp l");
    let division = parsed("division", "mov r0, 100\n l: sub r0, r0, 1\n div r1, 7000, r0\n add r2, r2, r1\n jmp l");
    for (program, trap) in
        [(out_of_bounds, Trap::OutOfBounds { pc: 0, address: 1000 }), (division, Trap::DivideByZero { pc: 2 })]
    {
        let expected = interpreted(&program);
        assert_eq!(expected.0, Err(trap));
        let (outcome, vm) = compiled(&program, this_machine());
        assert_eq!(difference(&outcome, &expected), None, "{}", program.name);
        assert_eq!(vm.traces.len(), 1);
    }
}

/// The instructions of a listing: offset and number of bytes.
fn instructions(listing: &str) -> Vec<(usize, usize)> {
    let is_byte = |word: &&str| word.len() == 2 && u8::from_str_radix(word, 16).is_ok();
    let instruction = |line: &str| {
        let (offset, rest) = line.split_once("  ").filter(|_| line.starts_with(' '))?;
        let offset = if offset.is_empty() { rest.trim_start().split_once(' ')?.0 } else { offset };
        let bytes = line[line.find(offset)? + offset.len()..].split_whitespace().take_while(is_byte).count();
        Some((usize::from_str_radix(offset, 16).ok()?, bytes))
    };
    listing.lines().skip(2).filter_map(instruction).collect()
}

/// What the heading says how long the code is.
fn code_len(listing: &str) -> usize {
    let (before, _) = listing.split_once(" bytes of").expect("the heading says it");
    before.rsplit(' ').next().and_then(|len| len.parse().ok()).expect("a number")
}

fn check_listings(traces: &[Installed], listings: &[String]) {
    assert_eq!(listings.len(), traces.len());
    for (installed, listing) in traces.iter().zip(listings) {
        let (instructions, len) = (instructions(listing), code_len(listing));
        let mut end = 0;
        for (offset, bytes) in instructions {
            assert_eq!(offset, end, "{listing}");
            end += bytes;
        }
        assert_eq!(end, len, "{listing}");
        for index in 0..installed.trace.ins.len() {
            let comment = format!("; {} ", ir::Ref(index as u32));
            assert!(listing.lines().any(|line| line.starts_with(&comment)), "no comment {comment:?} in\n{listing}");
        }
        for exit in (installed.first_exit..).take(installed.exits.len()) {
            assert!(listing.contains(&format!("\nexit_{exit}:\n")), "{listing}");
        }
        assert!(listing.contains("\nstart:\n"), "{listing}");
    }
}

/// Each loop begins at an aligned distance from the code's end, which regions of an arena align. (Where it is in the
/// end, a debug assertion of `native.rs` checks.)
fn check_loops(traces: &[Installed], listings: &[String]) {
    for (installed, listing) in traces.iter().zip(listings) {
        let loops: Vec<&str> = listing.split("\nloop:\n").skip(1).collect();
        assert_eq!(loops.len(), usize::from(matches!(installed.trace.end, End::Loop { .. })), "{listing}");
        for rest in loops {
            let (head, _) = instructions(&format!("\n\n{rest}"))[0];
            assert!((code_len(listing) - head).is_multiple_of(LOOP_ALIGN.bytes() as usize), "{listing}");
        }
    }
}

#[test]
fn listings_have_every_instruction_and_loops_are_aligned() {
    for program in programs() {
        let (_, vm) = compiled(&program, this_machine());
        let host = listings::<Host>(&vm.traces).expect("compiled before");
        let other = listings::<Other>(&vm.traces).expect("compiles");
        for listings in [host, other] {
            check_listings(&vm.traces, &listings);
            check_loops(&vm.traces, &listings);
        }
    }
}

#[test]
fn constants_come_from_the_pool() {
    let program = parsed(
        "pool",
        "l: fadd f0, f0, 0.1\n add r0, r0, 0x123456789abcdef0\n add r1, r1, 1\n jlt r1, 1000, l\n halt f0",
    );
    let expected = interpreted(&program);
    let (outcome, vm) = compiled(&program, this_machine());
    assert_eq!(difference(&outcome, &expected), None);
    for listings in [listings::<Host>(&vm.traces), listings::<Other>(&vm.traces)] {
        let listing = listings.expect("compiles").concat();
        assert!(listing.contains("\nconstants:\n"), "{listing}");
        for constant in [0.1f64.to_bits(), 0x1234_5678_9abc_def0] {
            let data = format!(".byte {}", constant.to_le_bytes().map(|byte| format!("{byte:#04x}")).join(", "));
            assert!(listing.contains(&data), "no {data} in\n{listing}");
        }
    }
}

#[test]
fn branches_on_nan_go_where_the_interpreter_goes() {
    for branch in ["fjeq", "fjne", "fjlt", "fjle", "fjgt", "fjge"] {
        let text = format!(
            "fdiv f0, f1, f1\n l: add r0, r0, 1\n {branch} f0, f2, over\n add r1, r1, 1\n over: jlt r0, 1000, l\n halt r1"
        );
        let program = parsed(branch, &text);
        let (outcome, vm) = compiled(&program, this_machine());
        assert_eq!(difference(&outcome, &interpreted(&program)), None, "{branch}");
        assert!(vm.statistics.entered < 50, "{branch}: left native code {} times", vm.statistics.entered);
    }
}
