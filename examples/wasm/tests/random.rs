//! Random modules do here what they do in `wasmi`, an interpreter.
//!
//! A seed makes a module, by `wasm-smith`, and the arguments for its functions. The module limits itself: a global
//! counts down at each loop's head and each function's, and at zero it traps, in both worlds at the same place. So
//! results, traps, globals and the memory must be the same after every call.
//!
//! `WASM_MODULES` is how many modules are run, `WASM_SEED` the first one's seed. The module that is run lies in the
//! build's folder for tests as `random.wasm`, in case it ends the process.

use tailfirst_wasm::abi::TrapKind;
use tailfirst_wasm::compile::{Bounds, Config};
use tailfirst_wasm::runtime::{CallError, Engine, Extern, Function, Instance, Linker, Store};
use tailfirst_wasm::value::Value;
use wasmi::TrapCode;

/// What a module may do before it stops itself. It also bounds how deep its calls are: `wasmi` allows 1,000.
const FUEL: u32 = 900;
/// Calls of each function.
const CALLS: usize = 3;
/// Bytes of randomness for a module.
const ENTROPY: usize = 8192;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn module(seed: u64) -> Vec<u8> {
    let config = wasm_smith::Config {
        canonicalize_nans: true,
        exceptions_enabled: false,
        export_everything: true,
        extended_const_enabled: false,
        gc_enabled: false,
        max_imports: 0,
        max_instructions: 400,
        max_memory32_bytes: 1 << 20,
        max_table_elements: 100,
        max_tables: 3,
        memory64_enabled: false,
        memory_max_size_required: true,
        min_funcs: 1,
        relaxed_simd_enabled: false,
        simd_enabled: false,
        table_max_size_required: true,
        tail_call_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..wasm_smith::Config::default()
    };
    let mut bytes = vec![0; ENTROPY];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    let mut module = wasm_smith::Module::new(config, &mut arbitrary::Unstructured::new(&bytes)).expect("enough bytes");
    module.ensure_termination(FUEL).expect("no function is invalid");
    module.to_bytes()
}

/// What a call came to, in both worlds' words.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// The results' bits; of a function or an external reference, whether it is one.
    Values(Vec<u64>),
    Trap(&'static str),
}

fn trap_here(kind: TrapKind) -> &'static str {
    match kind {
        TrapKind::Unreachable => "unreachable",
        TrapKind::MemoryOutOfBounds => "memory",
        // `wasmi` has one word for both.
        TrapKind::TableOutOfBounds | TrapKind::UndefinedElement => "table",
        TrapKind::UninitializedElement => "null",
        TrapKind::IndirectCallTypeMismatch => "signature",
        TrapKind::DivisionByZero => "division",
        TrapKind::IntegerOverflow => "overflow",
        TrapKind::InvalidConversion => "conversion",
        TrapKind::StackOverflow => "stack",
    }
}

fn trap_there(code: TrapCode) -> &'static str {
    match code {
        TrapCode::UnreachableCodeReached => "unreachable",
        TrapCode::MemoryOutOfBounds => "memory",
        TrapCode::TableOutOfBounds => "table",
        TrapCode::IndirectCallToNull => "null",
        TrapCode::BadSignature => "signature",
        TrapCode::IntegerDivisionByZero => "division",
        TrapCode::IntegerOverflow => "overflow",
        TrapCode::BadConversionToInteger => "conversion",
        TrapCode::StackOverflow => "stack",
        _ => "a limit",
    }
}

fn bits_here(value: &Value) -> u64 {
    match value {
        Value::I32(value) => u64::from(*value as u32),
        Value::I64(value) => *value as u64,
        Value::F32(value) => u64::from(value.to_bits()),
        Value::F64(value) => value.to_bits(),
        Value::FuncRef(function) => u64::from(function.is_some()),
        Value::ExternRef(number) => u64::from(number.is_some()),
    }
}

fn bits_there(value: &wasmi::Val) -> u64 {
    match value {
        wasmi::Val::I32(value) => u64::from(*value as u32),
        wasmi::Val::I64(value) => *value as u64,
        wasmi::Val::F32(value) => u64::from(value.to_bits()),
        wasmi::Val::F64(value) => value.to_bits(),
        wasmi::Val::FuncRef(function) => u64::from(!function.is_null()),
        wasmi::Val::ExternRef(value) => u64::from(!value.is_null()),
        wasmi::Val::V128(_) => unreachable!("there are no vectors"),
    }
}

/// The module in both worlds.
struct Pair {
    here: Instance,
    there: wasmi::Instance,
    store: wasmi::Store<()>,
}

impl Pair {
    /// `None` if the module cannot be instantiated, which must be so in both.
    fn new(engine: &Engine, binary: &[u8]) -> Option<Pair> {
        let module = engine.compile(binary).unwrap_or_else(|error| panic!("not compiled: {error}"));
        let here = Linker::default().instantiate(&Store::new(), &module);
        let engine = wasmi::Engine::default();
        let module = wasmi::Module::new(&engine, binary).expect("a valid module");
        let mut store = wasmi::Store::new(&engine, ());
        let there = wasmi::Linker::new(&engine).instantiate_and_start(&mut store, &module);
        match (here, there) {
            (Ok(here), Ok(there)) => Some(Pair { here, there, store }),
            (Err(_), Err(_)) => None,
            (here, there) => panic!("instantiated: {here:?} here, {there:?} there"),
        }
    }

    /// Calls a function in both worlds.
    fn call(&mut self, name: &str, function: &Function, random: &mut fastrand::Rng) {
        let ty = function.ty();
        let arguments: Vec<_> = ty.params().iter().map(|&ty| argument(ty, random)).collect();
        let (here, there): (Vec<_>, Vec<_>) = arguments.into_iter().unzip();
        let outcome_here = match function.call(&here) {
            Ok(results) => Outcome::Values(results.iter().map(bits_here).collect()),
            Err(CallError::Trap(trap)) => Outcome::Trap(trap_here(trap.kind)),
            Err(error) => panic!("{name}: {error}"),
        };
        let function = self.there.get_func(&self.store, name).expect("an export");
        let mut results = vec![wasmi::Val::I32(0); ty.results().len()];
        let outcome_there = match function.call(&mut self.store, &there, &mut results) {
            Ok(()) => Outcome::Values(results.iter().map(bits_there).collect()),
            Err(error) => Outcome::Trap(trap_there(error.as_trap_code().expect("a trap"))),
        };
        assert_eq!(outcome_here, outcome_there, "{name} of {here:?}: here, and there");
    }

    /// That globals and memories are the same.
    fn compare(&self) {
        for (name, what) in self.here.exports() {
            match what {
                Extern::Global(global) => {
                    let there = self.there.get_global(&self.store, name).expect("an export").get(&self.store);
                    assert_eq!(bits_here(&global.get()), bits_there(&there), "global {name}");
                }
                Extern::Memory(memory) => {
                    let there = self.there.get_memory(&self.store, name).expect("an export").data(&self.store);
                    let mut here = vec![0; memory.size() as usize];
                    memory.read(0, &mut here).unwrap();
                    assert_eq!(here.len(), there.len(), "size of memory {name}");
                    let difference = here.iter().zip(there).position(|(here, there)| here != there);
                    assert_eq!(difference, None, "the first byte of memory {name} that differs");
                }
                Extern::Table(table) => {
                    let there = self.there.get_table(&self.store, name).expect("an export");
                    assert_eq!(table.size(), there.size(&self.store), "size of table {name}");
                }
                Extern::Function(_) => {}
            }
        }
    }
}

/// An argument in both worlds: small, at the borders of its type, or anything.
fn argument(ty: wasmparser::ValType, random: &mut fastrand::Rng) -> (Value, wasmi::Val) {
    use wasmparser::ValType;
    let bits = match random.u8(..4) {
        0 => random.u64(..16),
        1 => u64::MAX << random.u8(..64),
        2 => 1 << random.u8(..64),
        _ => random.u64(..),
    };
    match ty {
        ValType::I32 => (Value::I32(bits as i32), wasmi::Val::I32(bits as i32)),
        ValType::I64 => (Value::I64(bits as i64), wasmi::Val::I64(bits as i64)),
        ValType::F32 => {
            // Which NaN an operation gives for several is the processor's choice.
            let value = f32::from_bits(bits as u32);
            let value = if value.is_nan() { f32::NAN } else { value };
            (Value::F32(value), wasmi::Val::F32(value.into()))
        }
        ValType::F64 => {
            let value = f64::from_bits(bits);
            let value = if value.is_nan() { f64::NAN } else { value };
            (Value::F64(value), wasmi::Val::F64(value.into()))
        }
        ValType::FUNCREF => (Value::FuncRef(None), wasmi::Val::FuncRef(wasmi::Ref::Null)),
        ValType::EXTERNREF => (Value::ExternRef(None), wasmi::Val::ExternRef(wasmi::Ref::Null)),
        _ => unreachable!("there are no other types"),
    }
}

fn run(seed: u64, engine: &Engine) -> usize {
    let binary = module(seed);
    std::fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/random.wasm"), &binary).expect("a folder for tests");
    let Some(mut pair) = Pair::new(engine, &binary) else { return 0 };
    pair.compare();
    let mut random = fastrand::Rng::with_seed(!seed);
    let mut calls = 0;
    let functions: Vec<_> = pair
        .here
        .exports()
        .filter_map(|(name, what)| match what {
            Extern::Function(function) => Some((name.to_string(), function)),
            _ => None,
        })
        .collect();
    for (name, function) in functions {
        for _ in 0..CALLS {
            pair.call(&name, &function, &mut random);
            pair.compare();
            calls += 1;
        }
    }
    calls
}

#[test]
fn random_modules_do_what_an_interpreter_does() {
    let (first, count) = (number("WASM_SEED", 0), number("WASM_MODULES", 300));
    let engines = [Bounds::Guard, Bounds::Explicit].map(|bounds| Engine::new(Config { bounds }).unwrap());
    let mut calls = 0;
    let mut different = vec![];
    for seed in first..first + count {
        let engine = &engines[seed as usize % engines.len()];
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(seed, engine))) {
            Ok(called) => calls += called,
            Err(_) => different.push(seed),
        }
    }
    println!("seeds {first} to {}: {calls} calls", first + count - 1);
    assert_eq!(different, [], "the seeds of modules that differ");
    assert!(calls as u64 >= count, "only {calls} calls");
}
