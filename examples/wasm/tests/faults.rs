//! What was once compiled wrongly in real programs, as small as it could be made.

use tailfirst_wasm::compile::{Bounds, Config};
use tailfirst_wasm::runtime::{Engine, Linker, Store};
use tailfirst_wasm::value::Value;

/// Calls the function `f` of a module, with both ways to check bounds.
fn call(text: &str, arguments: &[i32]) -> i32 {
    let arguments: Vec<_> = arguments.iter().map(|&argument| Value::I32(argument)).collect();
    let results = [Bounds::Guard, Bounds::Explicit].map(|bounds| {
        let module = Engine::new(Config { bounds, ..Config::default() })
            .unwrap()
            .compile(&wat::parse_str(text).unwrap())
            .unwrap();
        let instance = Linker::default().instantiate(&Store::new(), &module).unwrap();
        match instance.function("f").unwrap().call(&arguments).unwrap()[..] {
            [Value::I32(value)] => value,
            ref values => panic!("{values:?}"),
        }
    });
    assert_eq!(results[0], results[1]);
    results[0]
}

/// A branch around a jump becomes one branch; but not if something else leads to the jump.
#[test]
fn a_jump_that_is_branched_to_stays() {
    let text = r#"(module (func (export "f") (param i32 i32) (result i32)
        (block $last
            (block $first
                (block $jump
                    (br_if $jump (local.get 0))
                    (br_if $first (local.get 1)))
                (br $last))
            (return (i32.const 1)))
        (i32.const 2)))"#;
    for (arguments, result) in [([0, 0], 2), ([0, 1], 1), ([1, 0], 2), ([1, 1], 2)] {
        assert_eq!(call(text, &arguments), result, "{arguments:?}");
    }
}

/// A value that is defined in one loop and used in the next needs its word in the whole of the second.
#[test]
fn a_word_of_the_frame_is_not_shared_with_another_loop() {
    let text = r#"(module
        (func $nothing)
        (func (export "f") (param $n i32) (result i32)
            (local $defined i32) (local $between i32) (local $turn i32) (local $sum i32)
            (block $out
                (loop $first
                    (local.set $defined (i32.mul (local.get $n) (i32.const 3)))
                    (br_if $out (local.get $n))
                    (br $first)))
            (loop $second
                (call $nothing)
                (local.set $between (i32.add (local.get $defined) (local.get $turn)))
                (call $nothing)
                (local.set $sum (i32.add (local.get $sum) (local.get $between)))
                (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
                (br_if $second (i32.lt_u (local.get $turn) (i32.const 5))))
            (local.get $sum)))"#;
    assert_eq!(call(text, &[2]), 5 * 2 * 3 + 1 + 2 + 3 + 4);
}
