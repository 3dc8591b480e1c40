//! Modules that mean harm, or that something has damaged: an error or code, never a panic, in bounded time and memory.
//!
//! `WASM_MODULES` is how many modules are damaged, `WASM_SEED` the first one's seed.

mod support;

use tailfirst_wasm::compile::{CompileError, Config};
use tailfirst_wasm::runtime::{Engine, Linker, Store};
use tailfirst_wasm::value::Value;

fn engine() -> Engine {
    Engine::new(Config::default()).unwrap()
}

/// Compiles a module of one function and calls it.
fn value(text: &str) -> i32 {
    let module = engine().compile(&wat::parse_str(text).unwrap()).unwrap_or_else(|error| panic!("{error}"));
    let instance = Linker::default().instantiate(&Store::new(), &module).unwrap();
    match instance.function("f").unwrap().call(&[Value::I32(1)]).unwrap()[..] {
        [Value::I32(value)] => value,
        ref values => panic!("{values:?}"),
    }
}

#[test]
fn damaged_modules_are_errors_or_code() {
    let engine = engine();
    let seeds = support::seeds();
    let (mut compiled, mut refused) = (0, 0);
    for seed in seeds.clone() {
        let mut random = fastrand::Rng::with_seed(seed);
        // Those of all proposals are to be refused as they are.
        let config = if seed % 4 == 0 { wasm_smith::Config::default() } else { support::version_2() };
        let mut binary = support::module(wasm_smith::Config { max_instructions: 50, ..config }, seed, 4096).to_bytes();
        for _ in 0..random.usize(0..4) {
            let place = random.usize(..binary.len());
            match random.u8(..3) {
                0 => binary[place] = random.u8(..),
                1 => binary.truncate(place.max(8)),
                _ => binary[place] ^= 1 << random.u8(..8),
            }
        }
        match engine.compile(&binary) {
            Ok(_) => compiled += 1,
            Err(_) => refused += 1,
        }
    }
    println!("seeds {seeds:?}: {compiled} compiled, {refused} refused");
}

#[test]
fn what_is_no_module_is_refused_with_its_place() {
    for bytes in [&b""[..], b"\0asm", b"\x7fELF\x02\x01\x01\0", b"\0asm\x02\0\0\0", b"(module)"] {
        assert!(matches!(engine().compile(bytes), Err(CompileError::Invalid(_))), "{bytes:?}");
    }
}

#[test]
fn what_is_not_supported_is_refused() {
    for text in [
        "(module (memory i64 1))",
        "(module (memory 1) (memory 1))",
        "(module (memory 1 1 shared))",
        "(module (tag))",
        "(module (type (struct)))",
        "(module (func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))))",
        "(module (func $f (return_call $f)))",
    ] {
        let error = engine().compile(&wat::parse_str(text).unwrap()).expect_err(text);
        assert!(matches!(error, CompileError::Invalid(_) | CompileError::Unsupported { .. }), "{text}: {error}");
    }
}

#[test]
fn blocks_may_be_nested_deeply() {
    let depth = 20_000;
    for kind in ["block", "loop"] {
        let (open, close) = (format!("{kind} ").repeat(depth), "end ".repeat(depth));
        let text = format!("(module (func (export \"f\") (param i32) (result i32) {open} {close} local.get 0))");
        assert_eq!(value(&text), 1);
    }
    let open = "local.get 0 if (result i32) ".repeat(depth);
    let close = "else i32.const 7 end ".repeat(depth);
    let text = format!("(module (func (export \"f\") (param i32) (result i32) {open} local.get 0 {close}))");
    assert_eq!(value(&text), 1);
}

#[test]
fn a_stack_of_many_values_is_kept() {
    let depth = 5_000;
    let (many, sum) = ("local.get 0 i32.clz ".repeat(depth), "i32.add ".repeat(depth - 1));
    let text = format!("(module (func (export \"f\") (param i32) (result i32) {many} {sum}))");
    assert_eq!(value(&text), 31 * depth as i32);
}

#[test]
fn a_function_may_have_many_variables() {
    let variables = 45_000;
    let locals = "i32 ".repeat(variables);
    let text = format!(
        "(module (func (export \"f\") (param i32) (result i32) (local {locals})
            (local.set {variables} (local.get 0))
            (loop $again
                (local.set 7 (i32.add (local.get 7) (local.get {variables})))
                (br_if $again (i32.lt_u (local.get 7) (i32.const 10))))
            (local.get 7)))"
    );
    assert_eq!(value(&text), 10);
}

#[test]
fn a_table_of_branches_may_be_large() {
    let labels = "0 ".repeat(50_000);
    let text = format!(
        "(module (func (export \"f\") (param i32) (result i32)
            (block (block (br_table {labels} 1 (local.get 0)))
                (return (i32.const 5)))
            (i32.const 6)))"
    );
    assert_eq!(value(&text), 5);
}

#[test]
fn memory_is_had_when_it_is_used() {
    // 4 GiB, and a table of as many elements as there may be.
    let text = "(module (memory 65536) (table 10000000 funcref)
        (func (export \"f\") (param i32) (result i32)
            (i32.store (i32.const -4) (local.get 0)) (i32.load (i32.const -4))))";
    assert_eq!(value(text), 1);
}
