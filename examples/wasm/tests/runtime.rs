//! Instances, what they share, and host functions: calls in both directions, and every way that they end.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use tailfirst_wasm::abi::TrapKind;
use tailfirst_wasm::compile::{Bounds, Config};
use tailfirst_wasm::runtime::{
    CallError, Engine, Extern, Global, GlobalError, Instance, InstantiateError, LinkError, Linker, Memory, Module,
    Store, StoreMismatch, WrongResults,
};
use tailfirst_wasm::value::Value;
use wasmparser::{GlobalType, MemoryType, ValType};

fn module_with(bounds: Bounds, text: &str) -> Module {
    Engine::new(Config { bounds, ..Config::default() }).unwrap().compile(&wat::parse_str(text).unwrap()).unwrap()
}

fn module(text: &str) -> Module {
    module_with(Bounds::Guard, text)
}

fn instance(linker: &Linker, text: &str) -> Instance {
    linker.instantiate(&Store::new(), &module(text)).unwrap()
}

fn call(instance: &Instance, name: &str, arguments: &[i32]) -> Result<Vec<i32>, CallError> {
    let arguments: Vec<_> = arguments.iter().map(|&argument| Value::I32(argument)).collect();
    let results = instance.function(name).unwrap().call(&arguments)?;
    Ok(results.iter().map(|result| if let Value::I32(result) = result { *result } else { panic!() }).collect())
}

fn trap(outcome: Result<Vec<i32>, CallError>) -> TrapKind {
    match outcome {
        Err(CallError::Trap(trap)) => trap.kind,
        other => panic!("{other:?}"),
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("error {0}")]
struct Number(i32);

const NESTED: &str = r#"(module
    (import "host" "again" (func $again (param i32) (result i32)))
    (func (export "run") (param i32) (result i32) (i32.add (call $again (local.get 0)) (i32.const 1)))
    (func (export "fail") (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0))))"#;

/// A linker whose `again` does something with the instance that calls it, once that is known.
fn nested(again: impl Fn(&Instance, i32) -> Result<i32, Box<dyn std::error::Error>> + 'static) -> Instance {
    let known = Rc::new(std::cell::RefCell::new(None::<Instance>));
    let instances = known.clone();
    let mut linker = Linker::default();
    linker.function("host", "again", &[ValType::I32], &[ValType::I32], move |_, arguments| {
        let [Value::I32(argument)] = arguments else { unreachable!() };
        let instance = instances.borrow().clone().unwrap();
        Ok(vec![Value::I32(again(&instance, *argument)?)])
    });
    let instance = instance(&linker, NESTED);
    *known.borrow_mut() = Some(instance.clone());
    instance
}

#[test]
fn calls_nest_and_return() {
    let instance = nested(|instance, argument| match argument {
        0 => Ok(100),
        _ => Ok(call(instance, "run", &[argument - 1])?[0]),
    });
    assert_eq!(call(&instance, "run", &[10]).unwrap(), [111]);
}

#[test]
fn a_trap_ends_the_innermost_call_only() {
    let instance = nested(|instance, argument| match call(instance, "fail", &[argument]) {
        Ok(results) => Ok(results[0]),
        Err(CallError::Trap(trap)) if trap.kind == TrapKind::DivisionByZero => Ok(40),
        Err(error) => Err(error.into()),
    });
    assert_eq!(call(&instance, "run", &[0]).unwrap(), [41]);
    assert_eq!(call(&instance, "run", &[1]).unwrap(), [2]);
    assert_eq!(trap(call(&instance, "fail", &[0])), TrapKind::DivisionByZero);
}

#[test]
fn a_host_functions_error_ends_the_call() {
    let instance = nested(|instance, argument| match argument {
        0 => Err(Number(7).into()),
        // The error of an inner call goes on as this one's.
        _ => Ok(call(instance, "run", &[argument - 1])?[0]),
    });
    match call(&instance, "run", &[0]) {
        Err(CallError::Host(error)) => assert_eq!(error.downcast_ref(), Some(&Number(7))),
        other => panic!("{other:?}"),
    }
    assert!(matches!(call(&instance, "run", &[3]), Err(CallError::Host(_))));
    assert_eq!(call(&instance, "fail", &[1]).unwrap(), [1]);
}

#[test]
fn a_host_functions_panic_goes_on_behind_the_call() {
    let instance = nested(|instance, argument| match argument {
        0 => panic!("at the bottom"),
        _ => Ok(call(instance, "run", &[argument - 1])?[0]),
    });
    let payload = catch_unwind(AssertUnwindSafe(|| call(&instance, "run", &[3]))).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"at the bottom"));
    assert_eq!(call(&instance, "fail", &[1]).unwrap(), [1]);
}

#[test]
fn a_stack_that_is_exhausted_can_be_used_again() {
    let text = r#"(module (func $deep (export "deep") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
            (else (i32.const 0)))))"#;
    let instance = instance(&Linker::default(), text);
    for _ in 0..2 {
        assert_eq!(trap(call(&instance, "deep", &[-1])), TrapKind::StackOverflow);
        assert_eq!(call(&instance, "deep", &[1000]).unwrap(), [1000]);
    }
}

#[test]
fn threads_share_a_module() {
    let module =
        module("(module (func (export \"f\") (param i32) (result i32) (i32.div_s (i32.const 8) (local.get 0))))");
    let threads = [1, 2, 4].map(|number| {
        let module = module.clone();
        std::thread::spawn(move || {
            let instance = Linker::default().instantiate(&Store::new(), &module).unwrap();
            assert_eq!(call(&instance, "f", &[number]).unwrap(), [8 / number]);
            assert_eq!(trap(call(&instance, "f", &[0])), TrapKind::DivisionByZero);
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn threads_have_their_own_stores() {
    let threads = [1, 2, 3].map(|number| {
        std::thread::spawn(move || {
            let instance = nested(move |_, argument| Ok(argument * number));
            assert_eq!(call(&instance, "run", &[10]).unwrap(), [10 * number + 1]);
            assert_eq!(trap(call(&instance, "fail", &[0])), TrapKind::DivisionByZero);
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn a_host_function_gets_and_returns_every_type() {
    use ValType::{F32, F64, I32, I64, V128};
    let types = [I32, I64, F32, F64, V128, ValType::EXTERNREF, ValType::FUNCREF];
    let all: Vec<_> = types.iter().cycle().take(84).copied().collect();
    let names: Vec<_> = all.iter().map(ToString::to_string).collect();
    let turned: Vec<_> = names.iter().rev().cloned().collect();
    let (names, turned) = (names.join(" "), turned.join(" "));
    let gets: String = (0..all.len()).map(|index| format!("(local.get {index})")).collect();
    let last_first: String = (0..all.len()).rev().map(|index| format!("(local.get {index})")).collect();
    let text = format!(
        r#"(module (import "host" "same" (func $same (param {names}) (result {names})))
            (export "same" (func $same))
            (func (export "through") (param {names}) (result {names}) (call $same {gets}))
            (func $turned (export "turned") (param {names}) (result {turned}) {last_first})
            (func (export "through_turned") (param {names}) (result {turned}) (call $turned {gets})))"#
    );
    let mut linker = Linker::default();
    linker.function("host", "same", &all, &all, |_, arguments| Ok(arguments.to_vec()));
    let instance = instance(&linker, &text);
    let arguments: Vec<_> = (0..all.len() as i32)
        .map(|index| match index % 7 {
            0 => Value::I32(index - 100),
            1 => Value::I64(i64::from(index) << 40),
            2 => Value::F32(index as f32 / 3.0),
            3 => Value::F64(f64::from(index) / 7.0),
            4 => Value::V128(u128::MAX / (index as u128 + 3)),
            5 => Value::ExternRef(Some(index as u32)),
            _ => Value::FuncRef(instance.function("through")),
        })
        .collect();
    for name in ["same", "through"] {
        let results = instance.function(name).unwrap().call(&arguments).unwrap();
        assert_eq!(format!("{results:?}"), format!("{arguments:?}"), "{name}");
    }
    for name in ["turned", "through_turned"] {
        let mut results = instance.function(name).unwrap().call(&arguments).unwrap();
        results.reverse();
        assert_eq!(format!("{results:?}"), format!("{arguments:?}"), "{name}");
    }
}

#[test]
fn a_host_function_sees_its_callers_memory() {
    let mut linker = Linker::default();
    linker.function("host", "poke", &[ValType::I32], &[], |caller, arguments| {
        let [Value::I32(address)] = arguments else { unreachable!() };
        caller.memory().expect("the module has one").write(*address as u64, &[42])?;
        Ok(vec![])
    });
    let text = r#"(module (import "host" "poke" (func $poke (param i32))) (memory 1)
        (func (export "run") (param i32) (result i32) (call $poke (local.get 0)) (i32.load8_u (local.get 0))))"#;
    let instance = instance(&linker, text);
    assert_eq!(call(&instance, "run", &[65535]).unwrap(), [42]);
    assert!(matches!(call(&instance, "run", &[65536]), Err(CallError::Host(_))));
}

#[test]
fn results_of_the_wrong_types_are_an_error() {
    let mut linker = Linker::default();
    linker.function("host", "f", &[], &[ValType::I32], |_, _| Ok(vec![Value::I64(1)]));
    let text = r#"(module (import "host" "f" (func $f (result i32))) (export "f" (func $f)))"#;
    match call(&instance(&linker, text), "f", &[]) {
        Err(CallError::Host(error)) => {
            let expected = WrongResults { expected: vec![ValType::I32], found: vec![ValType::I64] };
            assert_eq!(error.downcast_ref(), Some(&expected));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn arguments_of_the_wrong_types_are_an_error() {
    let instance = nested(|_, argument| Ok(argument));
    let run = instance.function("run").unwrap();
    for arguments in [&[][..], &[Value::I64(1)], &[Value::I32(1), Value::I32(1)]] {
        match run.call(arguments) {
            Err(CallError::Arguments { expected, found }) => {
                assert_eq!((&expected[..], found.len()), (&[ValType::I32][..], arguments.len()));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn instances_call_one_another_through_a_table() {
    let store = Store::new();
    let mut linker = Linker::default();
    let owner = r#"(module (table (export "table") 4 funcref) (memory (export "memory") 1)
        (type $unary (func (param i32) (result i32)))
        (func (export "call") (param i32 i32) (result i32)
            (i32.add (call_indirect (type $unary) (local.get 1) (local.get 0)) (i32.load (i32.const 0)))))"#;
    let owner = linker.instantiate(&store, &module(owner)).unwrap();
    linker.instance("owner", &owner);
    let guest = r#"(module (import "owner" "table" (table 4 funcref)) (memory 1)
        (func $double (param i32) (result i32)
            (i32.store (i32.const 0) (i32.const 1000))
            (i32.mul (local.get 0) (i32.const 2)))
        (func $other (param i64) (result i32) (i32.const 0))
        (func $trap (param i32) (result i32) (i32.load (i32.const 0x7FFFFFF0)))
        (elem (i32.const 0) $double $other $trap))"#;
    linker.instantiate(&store, &module_with(Bounds::Explicit, guest)).unwrap();

    // The guest stores into its own memory, and the owner goes on with its own.
    assert_eq!(call(&owner, "call", &[0, 21]).unwrap(), [42]);
    assert_eq!(trap(call(&owner, "call", &[1, 21])), TrapKind::IndirectCallTypeMismatch);
    assert_eq!(trap(call(&owner, "call", &[2, 21])), TrapKind::MemoryOutOfBounds);
    assert_eq!(trap(call(&owner, "call", &[3, 21])), TrapKind::UninitializedElement);
    assert_eq!(trap(call(&owner, "call", &[4, 21])), TrapKind::UndefinedElement);

    let Some(Extern::Table(table)) = owner.export("table") else { panic!() };
    table.set(3, &table.get(0).unwrap()).unwrap();
    assert_eq!(call(&owner, "call", &[3, 4]).unwrap(), [8]);
}

#[test]
fn what_a_module_imports_must_fit() {
    let mut linker = Linker::default();
    let ty = MemoryType { memory64: false, shared: false, initial: 1, maximum: Some(2), page_size_log2: None };
    linker.define("m", "memory", Extern::Memory(Memory::new(ty, Bounds::Guard).unwrap()));
    linker.define("m", "unguarded", Extern::Memory(Memory::new(ty, Bounds::Explicit).unwrap()));
    linker.function("m", "function", &[ValType::I32], &[], |_, _| Ok(vec![]));
    let refused = |bounds: Bounds, import: &str| {
        let module = module_with(bounds, &format!("(module (import \"m\" {import}))"));
        match linker.instantiate(&Store::new(), &module) {
            Ok(_) => None,
            Err(InstantiateError::Link(error)) => Some(error),
            Err(error) => panic!("{error}"),
        }
    };
    let guard = |import| refused(Bounds::Guard, import);
    assert!(guard(r#""memory" (memory 1 2)"#).is_none());
    assert!(guard(r#""memory" (memory 0)"#).is_none());
    assert!(matches!(guard(r#""memory" (memory 2)"#), Some(LinkError::Type { .. })));
    assert!(matches!(guard(r#""memory" (memory 1 1)"#), Some(LinkError::Type { .. })));
    assert!(matches!(guard(r#""memory" (func)"#), Some(LinkError::Type { .. })));
    assert!(matches!(guard(r#""unguarded" (memory 1)"#), Some(LinkError::Unguarded { .. })));
    assert!(refused(Bounds::Explicit, r#""unguarded" (memory 1)"#).is_none());
    assert!(guard(r#""function" (func (param i32))"#).is_none());
    assert!(matches!(guard(r#""absent" (func)"#), Some(LinkError::Missing { .. })));
    match guard(r#""function" (func (param i64) (result f32))"#) {
        Some(LinkError::Type { name, expected, found, .. }) => {
            assert_eq!((&*name, &*expected), ("function", "function [i64] -> [f32]"));
            assert_eq!(found, "function [i32] -> []");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn stores_do_not_mix() {
    let instances = [(); 2].map(|()| nested(|_, argument| Ok(argument)));
    let [one, two] = &instances;
    let mut linker = Linker::default();
    linker.instance("one", one);
    let importer = module(r#"(module (import "one" "run" (func (param i32) (result i32))))"#);
    assert!(matches!(
        linker.instantiate(&Store::new(), &importer),
        Err(InstantiateError::Link(LinkError::Store { .. }))
    ));

    let taker = r#"(module (func (export "take") (param funcref)))"#;
    let taker = instance(&Linker::default(), taker);
    let foreign = Value::FuncRef(two.function("run"));
    assert!(matches!(taker.function("take").unwrap().call(&[foreign]), Err(CallError::Store(StoreMismatch))));
}

#[test]
fn a_global_is_shared_and_typed() {
    let store = Store::new();
    let mut linker = Linker::default();
    let ty = GlobalType { content_type: ValType::I32, mutable: true, shared: false };
    let global = Global::new(&store, ty, &Value::I32(5)).unwrap();
    linker.define("m", "global", Extern::Global(global.clone()));
    let text = r#"(module (import "m" "global" (global $g (mut i32)))
        (func (export "add") (param i32) (result i32)
            (global.set $g (i32.add (global.get $g) (local.get 0))) (global.get $g)))"#;
    let instance = linker.instantiate(&store, &module(text)).unwrap();
    assert_eq!(call(&instance, "add", &[2]).unwrap(), [7]);
    global.set(&Value::I32(10)).unwrap();
    assert_eq!(call(&instance, "add", &[2]).unwrap(), [12]);
    assert!(matches!(global.get(), Value::I32(12)));
    let wrong = GlobalError::Type { expected: ValType::I32, found: ValType::F32 };
    assert_eq!(global.set(&Value::F32(1.0)), Err(wrong));
}

#[test]
fn a_global_holds_a_vector() {
    let text = r#"(module
        (global $g (export "g") (mut v128) (v128.const i64x2 1 2))
        (func (export "double") (global.set $g (i64x2.add (global.get $g) (global.get $g)))))"#;
    let instance = instance(&Linker::default(), text);
    let Some(Extern::Global(global)) = instance.export("g") else { panic!() };
    assert!(matches!(global.get(), Value::V128(bits) if bits == 2 << 64 | 1));
    call(&instance, "double", &[]).unwrap();
    assert!(matches!(global.get(), Value::V128(bits) if bits == 4 << 64 | 2));
    global.set(&Value::V128(u128::MAX)).unwrap();
    call(&instance, "double", &[]).unwrap();
    assert!(matches!(global.get(), Value::V128(bits) if bits == u128::MAX - 1 - (1 << 64)));
}

#[test]
fn a_handle_keeps_its_store() {
    let calls = Rc::new(Cell::new(0));
    let counter = calls.clone();
    let run = {
        let mut linker = Linker::default();
        linker.function("host", "again", &[ValType::I32], &[ValType::I32], move |_, arguments| {
            counter.set(counter.get() + 1);
            Ok(arguments.to_vec())
        });
        instance(&linker, NESTED).function("run").unwrap()
    };
    assert!(matches!(run.call(&[Value::I32(1)]).unwrap()[..], [Value::I32(2)]));
    assert_eq!((calls.get(), Rc::strong_count(&calls)), (1, 2));
    drop(run);
    assert_eq!(Rc::strong_count(&calls), 1, "what belongs to a store is freed with it");
}

#[test]
fn what_cannot_be_had_is_an_error() {
    let table = module("(module (table 20000000 funcref))");
    assert!(matches!(
        Linker::default().instantiate(&Store::new(), &table),
        Err(InstantiateError::Link(LinkError::Table { elements: 20_000_000 }))
    ));
    let text = r#"(module (memory 1 3) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
    let instance = instance(&Linker::default(), text);
    assert_eq!(call(&instance, "grow", &[3]).unwrap(), [-1]);
    assert_eq!(call(&instance, "grow", &[-1]).unwrap(), [-1]);
    assert_eq!(call(&instance, "grow", &[2]).unwrap(), [1]);
}
