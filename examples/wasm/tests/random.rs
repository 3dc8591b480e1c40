//! Random modules do here what they do in `wasmi`, an interpreter.
//!
//! A seed makes a module, by `wasm-smith`, and the arguments for its functions. The module limits itself: a global
//! counts down at each loop's head and each function's, and at zero it traps, in both worlds at the same place. So
//! results, traps, globals and the memory must be the same after every call.
//!
//! `WASM_MODULES` is how many modules are run, `WASM_SEED` the first one's seed. The module that is run lies in the
//! build's folder for tests as `random.wasm`, in case it ends the process.

mod support;

use tailfirst_wasm::abi::TrapKind;
use tailfirst_wasm::compile::{Bounds, Config};
use tailfirst_wasm::ir::module::ExportKind;
use tailfirst_wasm::runtime::{CallError, Engine, Extern, Instance, Linker, Module, Store};
use tailfirst_wasm::value::Value;
use wasmi::TrapCode;
use wasmi::errors::ErrorKind;

/// What a module may do before it stops itself. It also bounds how deep its calls are: `wasmi` allows 1,000.
const FUEL: u32 = 900;
/// Calls of each function.
const CALLS: usize = 3;
/// Bytes of randomness for a module.
const ENTROPY: usize = 1 << 16;

fn module(seed: u64) -> Vec<u8> {
    let config = wasm_smith::Config {
        canonicalize_nans: true,
        // Every other pair of modules looks before it may trap, and so gets further.
        disallow_traps: seed % 4 >= 2,
        export_everything: true,
        max_imports: 0,
        max_instructions: 1000,
        max_memory32_bytes: 1 << 20,
        max_table_elements: 100,
        max_tables: 3,
        memory_max_size_required: true,
        min_funcs: 5,
        min_globals: 2,
        min_memories: 1,
        min_tables: 1,
        min_types: 3,
        table_max_size_required: true,
        ..support::version_2()
    };
    let mut module = support::module(config, seed, ENTROPY);
    module.ensure_termination(FUEL).expect("no function is invalid");
    module.to_bytes()
}

/// What a call came to, in both worlds' words.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// The results' bits; of a function or an external reference, whether it is one.
    Values(Vec<u128>),
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

fn bits_here(value: &Value) -> u128 {
    match value {
        Value::I32(value) => u128::from(*value as u32),
        Value::I64(value) => u128::from(*value as u64),
        Value::F32(value) => u128::from(value.to_bits()),
        Value::F64(value) => u128::from(value.to_bits()),
        Value::V128(value) => *value,
        Value::FuncRef(function) => u128::from(function.is_some()),
        Value::ExternRef(number) => u128::from(number.is_some()),
    }
}

fn bits_there(value: &wasmi::Val) -> u128 {
    match value {
        wasmi::Val::I32(value) => u128::from(*value as u32),
        wasmi::Val::I64(value) => u128::from(*value as u64),
        wasmi::Val::F32(value) => u128::from(value.to_bits()),
        wasmi::Val::F64(value) => u128::from(value.to_bits()),
        wasmi::Val::V128(value) => value.as_u128(),
        wasmi::Val::FuncRef(function) => u128::from(!function.is_null()),
        wasmi::Val::ExternRef(value) => u128::from(!value.is_null()),
    }
}

/// A module in both worlds.
struct Modules {
    here: Module,
    there: wasmi::Module,
}

/// An instance of it in both.
struct Pair {
    here: Instance,
    there: wasmi::Instance,
    store: wasmi::Store<()>,
}

impl Modules {
    fn new(engine: &Engine, binary: &[u8]) -> Modules {
        let here = engine.compile(binary).unwrap_or_else(|error| panic!("not compiled: {error}"));
        let there = wasmi::Module::new(&wasmi::Engine::default(), binary).expect("a valid module");
        Modules { here, there }
    }

    /// `None` if it cannot be instantiated, which must be so in both.
    fn instantiate(&self) -> Option<Pair> {
        let here = Linker::default().instantiate(&Store::new(), &self.here);
        let engine = self.there.engine();
        let mut store = wasmi::Store::new(engine, ());
        let there = wasmi::Linker::new(engine).instantiate_and_start(&mut store, &self.there);
        match (here, there) {
            (Ok(here), Ok(there)) => Some(Pair { here, there, store }),
            (Err(_), Err(_)) => None,
            (here, there) => panic!("instantiated: {here:?} here, {there:?} there"),
        }
    }

    fn functions(&self) -> impl Iterator<Item = &str> {
        let exports = self.here.info().exports.iter();
        exports.filter(|export| export.kind == ExportKind::Function).map(|export| &*export.name)
    }
}

impl Pair {
    /// Calls a function in both worlds. Whether it returned.
    fn call(&mut self, name: &str, random: &mut fastrand::Rng) -> bool {
        let function = self.here.function(name).expect("an export");
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
            Err(error) => match (error.as_trap_code(), error.kind()) {
                (Some(code), _) => Outcome::Trap(trap_there(code)),
                // A `table.copy` that does not fit.
                (None, ErrorKind::Table(_)) => Outcome::Trap("table"),
                (None, _) => panic!("{name} there: {error}"),
            },
        };
        assert_eq!(outcome_here, outcome_there, "{name} of {here:?}: here, and there");
        matches!(outcome_here, Outcome::Values(_))
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
                    // Whole slices are compared fast even where nothing is optimized.
                    let difference = || here.iter().zip(there).position(|(here, there)| here != there);
                    assert!(here == there, "memory {name} differs at {:?}", difference());
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
        ValType::V128 => {
            let bits = u128::from(bits) << 64 | u128::from(random.u64(..));
            (Value::V128(bits), wasmi::Val::V128(bits.into()))
        }
        ValType::FUNCREF => (Value::FuncRef(None), wasmi::Val::FuncRef(wasmi::Ref::Null)),
        ValType::EXTERNREF => (Value::ExternRef(None), wasmi::Val::ExternRef(wasmi::Ref::Null)),
        _ => unreachable!("there are no other types"),
    }
}

/// How many calls returned, and how many trapped.
fn run(seed: u64, engine: &Engine) -> (usize, usize) {
    let binary = module(seed);
    std::fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/random.wasm"), &binary).expect("a folder for tests");
    let modules = Modules::new(engine, &binary);
    let mut random = fastrand::Rng::with_seed(!seed);
    let (mut returned, mut trapped) = (0, 0);
    // Each function has an instance of its own: what limits the calls is a global.
    for name in modules.functions() {
        let Some(mut pair) = modules.instantiate() else { continue };
        pair.compare();
        for _ in 0..CALLS {
            *if pair.call(name, &mut random) { &mut returned } else { &mut trapped } += 1;
            pair.compare();
        }
    }
    (returned, trapped)
}

#[test]
fn random_modules_do_what_an_interpreter_does() {
    let seeds = support::seeds();
    let engines =
        [Bounds::Guard, Bounds::Explicit].map(|bounds| Engine::new(Config { bounds, ..Config::default() }).unwrap());
    let (mut returned, mut trapped) = (0, 0);
    let mut different = vec![];
    for seed in seeds.clone() {
        let engine = &engines[seed as usize % engines.len()];
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(seed, engine))) {
            Ok(calls) => (returned, trapped) = (returned + calls.0, trapped + calls.1),
            Err(_) => different.push(seed),
        }
    }
    println!("seeds {seeds:?}: {returned} calls returned, {trapped} trapped");
    assert_eq!(different, [], "the seeds of modules that differ");
    assert!(returned as u64 >= seeds.end - seeds.start, "only {returned} calls returned");
}
