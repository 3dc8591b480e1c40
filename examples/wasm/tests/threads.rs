//! A module's functions are compiled in parts, by several threads: what comes of it is the same on any number of them.

use std::num::NonZeroUsize;
use std::sync::Mutex;

use tailfirst_wasm::abi::TrapKind;
use tailfirst_wasm::compile::{CompileError, CompiledModule, Config, Progress};
use tailfirst_wasm::runtime::{Engine, Instance, Linker, Module, Store};
use tailfirst_wasm::value::Value;

const COUNT: usize = 60;

/// How far from each function the one is that it calls: they are all called, and from other parts.
const STEP: usize = 37;
/// The one that calls none, since the first would be next.
const LAST: usize = COUNT - STEP;

/// The function of each number adds that to what the next one gives. The last one traps if the argument is zero. Those
/// that are `wrong` give nothing.
fn module(wrong: &[usize]) -> Vec<u8> {
    let functions = (0..COUNT).map(|number| {
        let next = (number + STEP) % COUNT;
        let body = match number {
            _ if wrong.contains(&number) => "".into(),
            LAST => "(i32.div_u (local.get 0) (local.get 0))".into(),
            // The sign is taken away by a constant of 16 bytes, which is to be aligned.
            _ if number % 3 == 0 => format!(
                "(i32.add (i32.const {number}) (i32.trunc_f64_u (f64.abs (f64.convert_i32_u
                    (call $f{next} (local.get 0))))))"
            ),
            _ => format!("(i32.add (i32.const {number}) (call $f{next} (local.get 0)))"),
        };
        format!("(func $f{number} (param i32) (result i32) {body})\n")
    });
    let text = format!("(module (export \"f\" (func $f0)) {})", functions.collect::<String>());
    wat::parse_str(text).expect("a module")
}

/// Parts of a function or a few, for so many threads, and for those that there are.
fn configs() -> impl Iterator<Item = Config> {
    let threads = [1, 2, 5].map(NonZeroUsize::new);
    threads.into_iter().chain([None]).map(|threads| Config { threads, part: 100, ..Config::default() })
}

/// A module of which some parts become longer than their regions, if there is room for each byte once.
fn module_of_long_code() -> Vec<u8> {
    let calls = "(call_indirect (param i32) (local.get 0) (local.get 0))".repeat(50);
    let functions = (0..COUNT).map(|number| match number % 7 {
        0 => format!("(func $f{number} (param i32) (result i32) {calls} (i32.const {number}))\n"),
        _ => format!("(func $f{number} (param i32) (result i32) (call $f{} (local.get 0)))\n", number / 7 * 7),
    });
    let text = format!(
        "(module (table 1 funcref) (elem (i32.const 0) $ignore) (func $ignore (param i32))
            (export \"f\" (func $f{})) {})",
        COUNT - 1,
        functions.collect::<String>()
    );
    wat::parse_str(text).expect("a module")
}

fn compile(config: Config, wasm: &[u8]) -> Result<Module, CompileError> {
    // An arena of its own, so that codes are at the same place in theirs.
    Engine::new(config).expect("an arena").compile(wasm)
}

#[test]
fn code_is_the_same_on_any_number_of_threads() {
    let wasm = module(&[]);
    let mut found = configs().map(|config| {
        let module = compile(config, &wasm).unwrap_or_else(|error| panic!("{config:?}: {error}"));
        let compiled = module.compiled();
        let (functions, stubs) = (compiled.functions.clone(), compiled.stubs.clone());
        (compiled.code.to_vecs(), functions, stubs, compiled.exit, sites(compiled))
    });
    let first = found.next().unwrap();
    assert!(found.all(|other| other == first));
}

fn sites(compiled: &CompiledModule) -> Vec<(u32, TrapKind, u32)> {
    compiled.sites.iter().map(|site| (site.code_offset, site.kind, site.wasm_offset)).collect()
}

/// Parts that do not fit their regions are emitted once more: the code works, and is the same on any number of threads.
#[test]
fn longer_code_is_emitted_twice() {
    let wasm = module_of_long_code();
    let codes = |room| {
        configs().map(move |config| Config { room, ..config }).map(|config| {
            let module = compile(config, &wasm).unwrap_or_else(|error| panic!("{config:?}: {error}"));
            let instance = Linker::default().instantiate(&Store::new(), &module).unwrap();
            let function = instance.function("f").unwrap();
            let results = function.call(&[Value::I32(0)]).unwrap();
            assert!(matches!(results[..], [Value::I32(value)] if value == ((COUNT - 1) / 7 * 7) as i32));
            let trap = function.call(&[Value::I32(1)]).unwrap_err().to_string();
            assert!(trap.contains("undefined element"), "{trap}");
            let compiled = module.compiled();
            (compiled.code.to_vecs(), compiled.functions.clone(), sites(compiled))
        })
    };
    let lengths = [1, 1000].map(|room| {
        let mut codes = codes(room);
        let (first, ..) = &codes.next().unwrap();
        let lengths: Vec<usize> = first.iter().map(|(_, code)| code.len()).collect();
        lengths.iter().sum::<usize>()
    });
    // What does not fit is in no code.
    assert_eq!(lengths[0], lengths[1]);
    let mut codes = codes(1);
    let first = codes.next().unwrap();
    assert!(codes.all(|other| other == first));
}

/// Codes of one module may lie between those of another: a trap is found all the same.
#[test]
fn modules_fill_the_gaps_between_codes() {
    let engine = Engine::new(configs().next().unwrap()).unwrap();
    // Nothing comes of constants that are dropped.
    let dropped = "(drop (i32.const 1))".repeat(500);
    let function = |number| {
        format!(
            "(func (export \"{number}\") (param i32) (result i32) {dropped} (i32.div_u (local.get 0) (local.get 0)))\n"
        )
    };
    let text = format!("(module {})", (0..10).map(function).collect::<String>());
    let with_gaps = engine.compile(&wat::parse_str(text).unwrap()).unwrap();
    let others: Vec<_> = (0..3).map(|_| engine.compile(&module(&[])).unwrap()).collect();

    let starts = |module: &Module| module.compiled().code.ranges().map(|range| range.start).collect::<Vec<_>>();
    let (gaps, codes) = (starts(&with_gaps), starts(&others[0]));
    assert!(codes.iter().any(|code| gaps[0] < *code && *code < gaps[gaps.len() - 1]), "this tests nothing");

    let store = Store::new();
    let instantiate = |module| Linker::default().instantiate(&store, module).unwrap();
    let with_gaps = instantiate(&with_gaps);
    let others: Vec<_> = others.iter().map(instantiate).collect();
    let traps_in = |instance: &Instance, name: &str, number: usize| {
        let trap = instance.function(name).unwrap().call(&[Value::I32(0)]).unwrap_err().to_string();
        assert!(trap.contains(&format!("integer divide by zero in function {number} ")), "{trap}");
    };
    (0..10).for_each(|number| traps_in(&with_gaps, &number.to_string(), number));
    others.iter().for_each(|instance| traps_in(instance, "f", LAST));
}

/// Where an error is.
fn offset(error: CompileError) -> u64 {
    match error {
        CompileError::Invalid(error) => error.offset(),
        error => panic!("{error}"),
    }
}

#[test]
fn the_first_error_counts() {
    for first in [0, 1, 30, COUNT - 1] {
        let expected = offset(compile(Config::default(), &module(&[first])).unwrap_err());
        for config in configs() {
            for others in [&[][..], &[31, 32, 33, 45], &[COUNT - 1]] {
                let wrong: Vec<_> = others.iter().copied().filter(|&other| other > first).chain([first]).collect();
                let error = compile(config, &module(&wrong)).unwrap_err();
                assert_eq!(offset(error), expected, "{wrong:?} {config:?}");
            }
        }
    }
}

#[test]
fn each_function_is_told_once() {
    let wasm = module(&[]);
    for config in configs() {
        let told = Mutex::new(vec![]);
        let watch = |progress| told.lock().unwrap().push(progress);
        Engine::new(config).unwrap().compile_watched(&wasm, &watch).unwrap();
        let mut told = told.into_inner().unwrap();
        told.sort_by_key(|progress: &Progress| progress.done);
        let expected: Vec<_> = (1..=COUNT).map(|done| Progress { done, total: COUNT }).collect();
        assert_eq!(told, expected);
    }
}
