//! What comes of small functions, as a listing shows it, and what comes of hostile modules.

use tailfirst::exec::Arena;
use tailfirst_wasm::compile::listing::{Isa, listing};
use tailfirst_wasm::compile::{Bounds, CompileError, Config, compile};

/// The machine instructions of function 0.
fn code(isa: Isa, text: &str) -> Vec<String> {
    let wasm = wat::parse_str(text).expect("a module");
    let text = listing(&wasm, &Config::default(), isa).expect("a valid module");
    let lines = text.lines().skip_while(|line| !line.starts_with("function0")).skip(1);
    let lines = lines.take_while(|line| line.starts_with([' ', ';'])).filter(|line| line.starts_with(' '));
    lines.filter_map(|line| Some(line.trim().split_once("  ")?.1.to_string())).collect()
}

const SUM: &str = "(module (memory 1) (func (param i32 i32) (result i32) (local i32)
    (loop $next
        (local.set 2 (i32.add (local.get 2) (i32.load (local.get 0))))
        (local.set 0 (i32.add (local.get 0) (i32.const 4)))
        (br_if $next (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
    (local.get 2)))";

/// Every value of the loop stays where the back edge brings it, the load is an operand, and the subtraction is the
/// branch's test.
#[test]
fn a_loop_has_no_moves() {
    let found = code(Isa::X64, SUM);
    let body = ["add edi, [r14+rbp]", "add ebp, 0x4", "sub ebx, 0x1"];
    let at = found.iter().position(|line| line == body[0]).unwrap_or_else(|| panic!("no load: {found:#?}"));
    assert_eq!(found[at..at + 3], body, "{found:#?}");
    assert!(found[at + 3].starts_with("jne "), "{found:#?}");
    assert_eq!(found[at + 4], "ret");
}

#[test]
fn the_same_on_aarch64() {
    let found = code(Isa::Aarch64, SUM);
    let at = found.iter().position(|line| line.starts_with("ldr w")).expect("the load");
    let mnemonics: Vec<_> = found[at..].iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(mnemonics, ["ldr", "add", "add", "sub", "cbnz", "ret"], "{found:#?}");
}

/// What nobody needs is not there: not the multiplication, not the local that keeps it from turn to turn.
#[test]
fn dead_values_are_dropped() {
    let found = code(
        Isa::X64,
        "(module (func (param i32) (result i32) (local i32)
            (loop $next
                (local.set 1 (i32.mul (local.get 1) (local.get 0)))
                (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get 0)))",
    );
    assert_eq!(found.iter().filter(|line| line.contains("imul")).count(), 0, "{found:#?}");
}

#[test]
fn comparisons_are_branches() {
    let found = code(
        Isa::X64,
        "(module (func (param i32 i32) (result i32)
            (if (result i32) (i32.lt_s (local.get 0) (local.get 1)) (then (i32.const 1)) (else (local.get 1)))))",
    );
    assert_eq!(found.iter().filter(|line| line.starts_with("cmp ")).count(), 1, "{found:#?}");
    assert!(!found.iter().any(|line| line.starts_with("set")), "{found:#?}");
}

#[test]
fn an_index_is_scaled_by_the_addition() {
    let text = "(module (func (param i32 i32) (result i32)
        (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 3)))))";
    assert_eq!(code(Isa::X64, text), ["lea edi, [rdi+rsi*8]", "ret"]);
    assert_eq!(code(Isa::Aarch64, text), ["add w0, w0, w1, lsl #3", "ret"]);
}

/// Also by exchanging operands, where that makes no difference.
#[test]
fn vectors_are_operands_from_memory() {
    let load = "(v128.load offset=16 (local.get 0))";
    for (operation, expected) in [
        (format!("i16x8.add (local.get 1) {load}"), "vpaddw xmm0, xmm0, [r14+rdi+0x10]"),
        (format!("f32x4.mul {load} (local.get 1)"), "vmulps xmm0, xmm0, [r14+rdi+0x10]"),
        (format!("i32x4.gt_s (local.get 1) {load}"), "vpcmpgtd xmm0, xmm0, [r14+rdi+0x10]"),
    ] {
        let text = format!("(module (memory 1) (func (param i32 v128) (result v128) ({operation})))");
        assert_eq!(code(Isa::X64, &text), [expected, "ret"]);
    }
    for operation in [format!("i32x4.sub {load} (local.get 1)"), format!("i8x16.swizzle (local.get 1) {load}")] {
        let text = format!("(module (memory 1) (func (param i32 v128) (result v128) ({operation})))");
        let found = code(Isa::X64, &text);
        assert!(found.iter().any(|line| line.starts_with("vmovdqu ")), "{found:#?}");
    }
}

/// A load stays before a store that may change what it reads.
#[test]
fn loads_are_not_folded_across_effects() {
    let text = "(module (memory 1) (func (param i32 i32) (result i32) (local i32)
        (local.set 2 (i32.load (local.get 0)))
        (i32.store (local.get 1) (i32.const 5))
        (i32.add (local.get 1) (local.get 2))))";
    let found = code(Isa::X64, text);
    let at = |what: &str| found.iter().position(|line| line.contains(what)).expect("it is there");
    assert!(at(", [r14+") < at("mov dword ptr"), "{found:#?}");
}

/// Both instruction sets, and both ways of checking bounds, compile the text.
fn compiles(text: &str) -> Result<(), CompileError> {
    let wasm = wat::parse_str(text).expect("a module");
    for bounds in [Bounds::Guard, Bounds::Explicit] {
        for isa in [Isa::X64, Isa::Aarch64] {
            listing(&wasm, &Config { bounds, ..Config::default() }, isa)?;
        }
        compile(&wasm, &Config { bounds, ..Config::default() }, &Arena::new().expect("an arena"), &|_| {})?;
    }
    Ok(())
}

#[test]
fn relaxed_vectors_are_refused() {
    let text = "(module (func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))))";
    let error = compiles(text).expect_err("not of version 2.0");
    assert!(matches!(error, CompileError::Invalid(_)), "{error:?}");
}

#[test]
fn deep_nesting() {
    let depth = 5_000;
    let blocks = "block\n".repeat(depth);
    let loops = "loop\n".repeat(depth);
    let ends = "end\n".repeat(depth);
    let branch = "local.get 0 br_if 7 local.get 0 local.set 1\n";
    compiles(&format!("(module (func (param i32) (local i32) {blocks} {branch} {ends} {loops} {branch} {ends}))"))
        .expect("valid");
}

/// As many edges as targets, each of which brings as many locals as the block sets.
#[test]
fn too_many_arguments_of_edges() {
    let (locals, targets) = (5_000, 5_000);
    let sets = (1..locals).map(|local| format!("(local.set {local} (local.get 0))")).collect::<String>();
    let locals = "i32 ".repeat(locals);
    let targets = "0 ".repeat(targets);
    let error = compiles(&format!(
        "(module (func (param i32) (local {locals}) (block {sets} (br_table {targets} (local.get 0)))))"
    ))
    .expect_err("25 million values");
    assert!(matches!(error, CompileError::TooLarge { function: 0, .. }), "{error:?}");
}

#[test]
fn wide_tables() {
    let targets = "0 1 2 ".repeat(20_000);
    compiles(&format!(
        "(module (func (param i32) (result i32)
            (block (block (block (br_table {targets} (local.get 0)) ) (return (i32.const 1))) (return (i32.const 2)))
            (i32.const 3)))"
    ))
    .expect("valid");
}

/// More arguments and results than registers, and more values at once than registers.
#[test]
fn crowds() {
    let types = "i32 i64 f32 f64 ".repeat(100);
    let results = (0..400).map(|local| format!("local.get {local}\n")).collect::<String>();
    compiles(&format!(
        "(module (func $self (param {types}) (result {types}) {results} call $self) (export \"self\" (func $self)))"
    ))
    .expect("valid");
}

#[test]
fn large_frames() {
    let count = 6_000;
    let sets = (0..count).map(|local| format!("(local.set {local} (call 1))")).collect::<String>();
    let sum = (0..count).map(|local| format!("local.get {local} i32.add\n")).collect::<String>();
    let locals = "i32 ".repeat(count);
    compiles(&format!(
        "(module (func (result i32) (local {locals}) {sets} i32.const 0 {sum}) (func (result i32) i32.const 1))"
    ))
    .expect("valid");
}
