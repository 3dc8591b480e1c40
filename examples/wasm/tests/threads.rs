//! A module's functions are compiled in parts, by several threads: what comes of it is the same on any number of them.

use std::num::NonZeroUsize;
use std::sync::Mutex;

use tailfirst_wasm::compile::{CompileError, Config, Progress};
use tailfirst_wasm::runtime::{Engine, Linker, Module, Store};
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
        let sites: Vec<_> = compiled.sites.iter().map(|site| (site.code_offset, site.kind, site.wasm_offset)).collect();
        (compiled.code.to_vec(), compiled.functions.clone(), compiled.stubs.clone(), compiled.exit, sites)
    });
    let first = found.next().unwrap();
    assert!(first.1.is_sorted(), "functions are in their order");
    assert!(found.all(|other| other == first));
}

#[test]
fn functions_of_all_parts_call_each_other() {
    let wasm = module(&[]);
    for config in configs() {
        let module = compile(config, &wasm).unwrap();
        let instance = Linker::default().instantiate(&Store::new(), &module).unwrap();
        let function = instance.function("f").unwrap();
        let sum = (0..COUNT).filter(|&number| number != LAST).sum::<usize>() as i32 + 1;
        assert!(matches!(function.call(&[Value::I32(1)]).unwrap()[..], [Value::I32(value)] if value == sum));
        let trap = function.call(&[Value::I32(0)]).unwrap_err().to_string();
        assert!(trap.contains(&format!("integer divide by zero in function {LAST} ")), "{trap}");
    }
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
