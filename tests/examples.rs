//! The examples of one page run, and do not take what is wrong.

#[path = "../examples/brainfuck.rs"]
mod brainfuck;
#[path = "../examples/hello.rs"]
mod hello;
#[path = "../examples/jump_table.rs"]
mod jump_table;
#[path = "../examples/mapping.rs"]
mod mapping;
#[path = "../examples/patch.rs"]
mod patch;
#[path = "../examples/simd.rs"]
mod simd;

#[test]
fn they_run() {
    hello::main().expect("it runs");
    brainfuck::main().expect("it runs");
    jump_table::main().expect("it runs");
    mapping::main().expect("it runs");
    patch::main().expect("it runs");
    simd::main().expect("it runs");
}

#[test]
fn a_bracket_has_its_other_half() {
    for (text, wrong) in [("[", 0), ("+]", 1), ("[-]]", 3), ("][", 1), ("+[[-]", 1)] {
        let found = brainfuck::compile(text).map(|_| ());
        assert!(matches!(found, Err(brainfuck::Mistake::Bracket { at }) if at == wrong), "{text}: {found:?}");
    }
}
