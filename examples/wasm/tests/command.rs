//! The command, run as a process: what it prints, and how it ends.

use std::path::PathBuf;
use std::process::Command;

struct Ran {
    status: i32,
    output: String,
    errors: String,
}

/// Runs the command in a folder with a module in it, `module.wat`.
fn run(module: &str, arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("module.wat"), module).unwrap();
    let output = command().args(arguments).current_dir(folder.path()).output().unwrap();
    Ran {
        status: output.status.code().expect("the process ends by itself"),
        output: String::from_utf8(output.stdout).unwrap(),
        errors: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Another machine's programs are run as cargo runs them.
fn command() -> Command {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_tailfirst-wasm"));
    match std::env::var("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER") {
        Ok(runner) if cfg!(target_arch = "aarch64") => {
            let mut words = runner.split_whitespace();
            let mut command = Command::new(words.next().expect("a runner has a name"));
            command.args(words).arg(program);
            command
        }
        _ => Command::new(program),
    }
}

const ADD: &str = r#"(module
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "pair") (param i64 f32) (result f32 i64) (local.get 1) (local.get 0))
    (func (export "divide") (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0))))"#;

const HELLO: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\10\00\00\00\06\00\00\00")
    (data (i32.const 16) "hello\n")
    (func (export "_start")
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        (drop (call $args (i32.const 8) (i32.const 12)))
        (call $exit (i32.load (i32.const 8)))))"#;

#[test]
fn a_function_is_called_by_its_name() {
    let ran = run(ADD, &["run", "module.wat", "--invoke", "add", "-5", "0x10"]);
    assert_eq!((ran.status, &*ran.output), (0, "11\n"), "{}", ran.errors);
    let ran = run(ADD, &["run", "module.wat", "--explicit", "--invoke", "pair", "-1", "0.5"]);
    assert_eq!((ran.status, &*ran.output), (0, "0.5\n-1\n"), "{}", ran.errors);
    let not = r#"(module (func (export "not") (param v128) (result v128) (v128.not (local.get 0))))"#;
    let ran = run(not, &["run", "module.wat", "--invoke", "not", "0xff"]);
    assert_eq!((ran.status, &*ran.output), (0, "0xffffffffffffffffffffffffffffff00\n"), "{}", ran.errors);
}

#[test]
fn a_program_writes_and_ends_with_its_own_status() {
    let ran = run(HELLO, &["run", "module.wat", "--", "one", "two"]);
    assert_eq!((ran.status, &*ran.output, &*ran.errors), (3, "hello\n", ""));
}

#[test]
fn statistics_are_on_the_other_stream() {
    let ran = run(ADD, &["run", "module.wat", "--stats", "--invoke", "add", "1", "2"]);
    assert_eq!((ran.status, &*ran.output), (0, "3\n"), "{}", ran.errors);
    assert!(ran.errors.starts_with("compiled 3 functions, "), "{}", ran.errors);
}

#[test]
fn a_listing_is_of_either_instruction_set() {
    for (isa, texts) in [("x64", ["i32.add", "ud2", "div"]), ("aarch64", ["i32.add", "udiv", "add"])] {
        let ran = run(ADD, &["compile", "module.wat", "--listing", "--isa", isa]);
        assert_eq!((ran.status, &*ran.errors), (0, ""));
        for text in texts {
            assert!(ran.output.contains(text), "{isa}: {text} in {}", ran.output);
        }
    }
}

#[test]
fn a_picture_is_written_into_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("picture.svg");
    for (function, expected) in [("divide", "function 2"), ("1", "function 1")] {
        let ran = run(ADD, &["compile", "module.wat", "--svg", file.to_str().unwrap(), "--function", function]);
        assert_eq!((ran.status, &*ran.output, &*ran.errors), (0, "", ""));
        let picture = std::fs::read_to_string(&file).unwrap();
        assert!(picture.starts_with("<svg ") && picture.contains(expected), "{picture}");
    }
}

#[test]
fn errors_say_what_and_where() {
    let cases: [(&str, &[&str], &str); 12] = [
        (
            ADD,
            &["compile", "module.wat", "--svg", "picture.svg", "--function", "sum"],
            "module.wat: the module has no function `sum`",
        ),
        (
            ADD,
            &["compile", "module.wat", "--svg", "picture.svg", "--function", "3"],
            "module.wat: function 3 is not one of the module's own",
        ),
        (ADD, &["compile", "module.wat", "--svg", "absent/picture.svg"], "absent/picture.svg: No such file"),
        (
            ADD,
            &["run", "module.wat", "--invoke", "divide", "0"],
            "module.wat: trap: integer divide by zero in function 2 at 0x",
        ),
        (ADD, &["run", "module.wat", "--invoke", "sum"], "exports no function `sum`"),
        (ADD, &["run", "module.wat", "--invoke", "add", "1"], "`add` takes [i32 i32], not [\"1\"]"),
        (ADD, &["run", "module.wat", "--invoke", "add", "1", "5000000000"], "`add` takes [i32 i32], not"),
        (ADD, &["run", "module.wat"], "exports no function `_start`"),
        (ADD, &["run", "absent.wasm"], "absent.wasm: No such file"),
        ("(module (func (export \"f\") (result i32)))", &["run", "module.wat"], "module.wat: not valid: type mismatch"),
        ("(module (import \"a\" \"b\" (memory 1)))", &["run", "module.wat"], "`a` has no `b`"),
        ("(module", &["run", "module.wat"], "module.wat: "),
    ];
    for (module, arguments, expected) in cases {
        let ran = run(module, arguments);
        assert_eq!((ran.status, &*ran.output), (1, ""), "{arguments:?}");
        assert!(ran.errors.starts_with("error: ") && ran.errors.contains(expected), "{expected}: {}", ran.errors);
    }
}

#[test]
fn a_wrong_line_is_answered_with_the_usage() {
    for arguments in [
        &[][..],
        &["build"],
        &["run"],
        &["run", "--fast", "module.wat"],
        &["run", "module.wat", "--env"],
        &["compile", "module.wat", "--threads", "0"],
    ] {
        let ran = run(ADD, arguments);
        assert_eq!(ran.status, 1);
        assert!(ran.errors.contains("usage:"), "{arguments:?}: {}", ran.errors);
    }
}
