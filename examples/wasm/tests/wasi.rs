//! The calls of WASI, made one by one.
//!
//! The module here imports the calls and exports them again, and has a memory. So a test is the program: it puts what
//! a call reads into the memory, makes the call, and looks at what the call left there.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::rc::Rc;

use tailfirst_wasm::compile::Config;
use tailfirst_wasm::runtime::{CallError, Engine, Instance, Linker, Memory, Store};
use tailfirst_wasm::value::Value;
use tailfirst_wasm::wasi::{Exit, Wasi};

const CALLS: &[(&str, &str)] = &[
    ("args_get", "i32 i32"),
    ("args_sizes_get", "i32 i32"),
    ("clock_time_get", "i32 i64 i32"),
    ("environ_get", "i32 i32"),
    ("environ_sizes_get", "i32 i32"),
    ("fd_close", "i32"),
    ("fd_fdstat_get", "i32 i32"),
    ("fd_filestat_get", "i32 i32"),
    ("fd_pread", "i32 i32 i32 i64 i32"),
    ("fd_prestat_dir_name", "i32 i32 i32"),
    ("fd_prestat_get", "i32 i32"),
    ("fd_read", "i32 i32 i32 i32"),
    ("fd_readdir", "i32 i32 i32 i64 i32"),
    ("fd_seek", "i32 i64 i32 i32"),
    ("fd_sync", "i32"),
    ("fd_tell", "i32 i32"),
    ("fd_write", "i32 i32 i32 i32"),
    ("path_filestat_get", "i32 i32 i32 i32 i32"),
    ("path_open", "i32 i32 i32 i32 i32 i64 i64 i32 i32"),
    ("random_get", "i32 i32"),
];

const ACCES: i32 = 2;
const BADF: i32 = 8;
const FAULT: i32 = 21;
const NOENT: i32 = 44;
const NOSYS: i32 = 52;
const NOTDIR: i32 = 54;
const ROFS: i32 = 69;
const SPIPE: i32 = 70;

/// The right to read.
const READ: i64 = 2;
/// The first folder's number: after the three streams.
const FOLDER: i32 = 3;

/// A stream that a test keeps a hand on.
#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Program {
    instance: Instance,
    memory: Memory,
}

fn system(input: &'static [u8], output: &Shared) -> Wasi {
    let input: Box<dyn Read> = Box::new(input);
    Wasi::new(input, Box::new(output.clone()), Box::new(std::io::sink()))
}

impl Program {
    fn new(wasi: Wasi) -> Program {
        let mut text = String::from("(module\n");
        for (name, parameters) in CALLS {
            text += &format!(
                "(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} (param {parameters}) (result i32)))\n"
            );
        }
        text += "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func $proc_exit (param i32)))\n";
        for (name, _) in CALLS.iter().chain([&("proc_exit", "")]) {
            text += &format!("(export \"{name}\" (func ${name}))\n");
        }
        text += "(memory (export \"memory\") 1))";
        let module = Engine::new(Config::default()).unwrap().compile(&wat::parse_str(text).unwrap()).unwrap();
        let mut linker = Linker::default();
        wasi.define(&mut linker);
        let instance = linker.instantiate(&Store::new(), &module).unwrap();
        let memory = instance.memory("memory").unwrap();
        Program { instance, memory }
    }

    /// Makes a call with integers, as many and as wide as its parameters.
    fn call(&self, name: &str, arguments: &[i64]) -> i32 {
        let function = self.instance.function(name).unwrap();
        let ty = function.ty();
        let values = ty.params().iter().zip(arguments).map(|(ty, &argument)| match ty {
            wasmparser::ValType::I64 => Value::I64(argument),
            _ => Value::I32(argument as i32),
        });
        match function.call(&values.collect::<Vec<_>>()).unwrap()[..] {
            [Value::I32(errno)] => errno,
            ref results => panic!("{results:?}"),
        }
    }

    fn bytes(&self, address: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.memory.read(address, &mut bytes).unwrap();
        bytes
    }

    fn u32(&self, address: u64) -> u32 {
        u32::from_le_bytes(self.bytes(address, 4).try_into().unwrap())
    }

    fn u64(&self, address: u64) -> u64 {
        u64::from_le_bytes(self.bytes(address, 8).try_into().unwrap())
    }

    fn string(&self, address: u32) -> String {
        let bytes = self.bytes(address.into(), 100);
        let end = bytes.iter().position(|&byte| byte == 0).unwrap();
        String::from_utf8(bytes[..end].to_vec()).unwrap()
    }

    /// Puts a list of ranges at an address.
    fn ranges(&self, list: u64, ranges: &[(u32, u32)]) {
        for (index, (address, length)) in (0..).zip(ranges) {
            self.memory.write(list + 8 * index, &address.to_le_bytes()).unwrap();
            self.memory.write(list + 8 * index + 4, &length.to_le_bytes()).unwrap();
        }
    }

    /// Opens a path in the folder: its number, or the error.
    fn open(&self, path: &str, flags: i64, rights: i64) -> Result<i64, i32> {
        self.memory.write(1000, path.as_bytes()).unwrap();
        let arguments = [FOLDER.into(), 1, 1000, path.len() as i64, flags, rights, 0, 0, 900];
        match self.call("path_open", &arguments) {
            0 => Ok(self.u32(900).into()),
            errno => Err(errno),
        }
    }
}

/// A folder with a file, a folder, and a link that leads out.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("inner")).unwrap();
    std::fs::write(folder.path().join("inner/text"), "one two three").unwrap();
    std::fs::create_dir(folder.path().join("inner/below")).unwrap();
    std::fs::write(folder.path().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink("../secret", folder.path().join("inner/link")).unwrap();
    folder
}

fn in_folder(folder: &tempfile::TempDir) -> Program {
    Program::new(system(&[], &Shared::default()).folder(folder.path().join("inner"), "/data").unwrap())
}

#[test]
fn arguments_and_environment() {
    let wasi = system(&[], &Shared::default()).argument("program").argument("an argument").variable("HOME", "/");
    let program = Program::new(wasi);
    assert_eq!(program.call("args_sizes_get", &[0, 4]), 0);
    assert_eq!((program.u32(0), program.u32(4)), (2, 20));
    assert_eq!(program.call("args_get", &[16, 100]), 0);
    assert_eq!(program.string(program.u32(16)), "program");
    assert_eq!(program.string(program.u32(20)), "an argument");
    assert_eq!(program.call("environ_sizes_get", &[0, 4]), 0);
    assert_eq!((program.u32(0), program.u32(4)), (1, 7));
    assert_eq!(program.call("environ_get", &[16, 100]), 0);
    assert_eq!(program.string(program.u32(16)), "HOME=/");
    assert_eq!(program.call("args_get", &[65533, 100]), FAULT);
}

#[test]
fn streams() {
    let output = Shared::default();
    let program = Program::new(system(b"input", &output));
    program.memory.write(100, b"hello, world").unwrap();
    program.ranges(0, &[(107, 5), (100, 0), (100, 5)]);
    assert_eq!(program.call("fd_write", &[1, 0, 3, 40]), 0);
    assert_eq!(program.u32(40), 10);
    assert_eq!(*output.0.borrow(), b"worldhello");

    program.ranges(0, &[(200, 3), (300, 10)]);
    assert_eq!(program.call("fd_read", &[0, 0, 2, 40]), 0);
    assert_eq!(program.u32(40), 5);
    assert_eq!((program.bytes(200, 3), program.bytes(300, 3)), (b"inp".to_vec(), b"ut\0".to_vec()));

    assert_eq!(program.call("fd_write", &[0, 0, 2, 40]), BADF);
    assert_eq!(program.call("fd_write", &[7, 0, 2, 40]), BADF);
    assert_eq!(program.call("fd_seek", &[1, 0, 0, 40]), SPIPE);
    assert_eq!(program.call("fd_fdstat_get", &[1, 40]), 0);
    assert_eq!(program.bytes(40, 1), [2]);
}

#[test]
fn ranges_out_of_bounds_are_errors() {
    let output = Shared::default();
    let program = Program::new(system(b"input", &output));
    program.ranges(0, &[(65530, 10), (0, u32::MAX)]);
    assert_eq!(program.call("fd_write", &[1, 0, 1, 40]), FAULT);
    assert_eq!(program.call("fd_write", &[1, 8, 1, 40]), FAULT);
    assert_eq!(program.call("fd_write", &[1, 0, -1, 40]), FAULT);
    assert_eq!(program.call("fd_write", &[1, 65532, 1, 40]), FAULT);
    assert_eq!(program.call("random_get", &[65530, -1]), FAULT);
    assert_eq!(program.call("path_open", &[3, 0, 0, -1, 0, READ, 0, 0, 0]), FAULT);
}

#[test]
fn files_are_read() {
    let folder = folder();
    let program = in_folder(&folder);
    let file = program.open("text", 0, READ).unwrap();
    program.ranges(0, &[(100, 4)]);
    assert_eq!(program.call("fd_read", &[file, 0, 1, 40]), 0);
    assert_eq!((program.u32(40), program.bytes(100, 4)), (4, b"one ".to_vec()));
    assert_eq!(program.call("fd_pread", &[file, 0, 1, 8, 40]), 0);
    assert_eq!((program.u32(40), program.bytes(100, 4)), (4, b"thre".to_vec()));
    assert_eq!(program.call("fd_tell", &[file, 40]), 0);
    assert_eq!(program.u64(40), 4);
    assert_eq!(program.call("fd_seek", &[file, -2, 2, 40]), 0);
    assert_eq!(program.u64(40), 11);
    assert_eq!(program.call("fd_read", &[file, 0, 1, 40]), 0);
    assert_eq!((program.u32(40), program.bytes(100, 2)), (2, b"ee".to_vec()));

    assert_eq!(program.call("fd_filestat_get", &[file, 200]), 0);
    assert_eq!((program.bytes(216, 1), program.u64(232)), (vec![4], 13));
    program.memory.write(1000, b"below").unwrap();
    assert_eq!(program.call("path_filestat_get", &[FOLDER.into(), 1, 1000, 5, 200]), 0);
    assert_eq!(program.bytes(216, 1), [3]);

    assert_eq!(program.call("fd_close", &[file]), 0);
    assert_eq!(program.call("fd_read", &[file, 0, 1, 40]), BADF);
    assert_eq!(program.call("fd_close", &[file]), BADF);
    // The lowest free number is given again.
    assert_eq!(program.open("text", 0, READ), Ok(file));
}

#[test]
fn a_folder_has_a_name_and_a_list() {
    let folder = folder();
    let program = in_folder(&folder);
    assert_eq!(program.call("fd_prestat_get", &[FOLDER.into(), 0]), 0);
    assert_eq!((program.u32(0), program.u32(4)), (0, 5));
    assert_eq!(program.call("fd_prestat_dir_name", &[FOLDER.into(), 8, 5]), 0);
    assert_eq!(program.bytes(8, 5), b"/data");
    assert_eq!(program.call("fd_prestat_get", &[4, 0]), BADF);

    let list = |from: i64, room: usize| {
        assert_eq!(program.call("fd_readdir", &[FOLDER.into(), 2000, room as i64, from, 40]), 0);
        program.bytes(2000, program.u32(40) as usize)
    };
    let all = list(0, 1000);
    let (mut names, mut rest) = (vec![], &all[..]);
    while !rest.is_empty() {
        let length = rest[16] as usize;
        names.push((String::from_utf8(rest[24..24 + length].to_vec()).unwrap(), rest[20]));
        rest = &rest[24 + length..];
    }
    assert_eq!(names, [("below".into(), 3), ("link".into(), 7), ("text".into(), 4)]);
    assert_eq!(list(1, 1000), all[29..]);
    assert_eq!(list(0, 31), all[..31]);
    assert_eq!(list(3, 1000), []);
}

#[test]
fn nothing_outside_of_the_folder_is_seen() {
    let folder = folder();
    let program = in_folder(&folder);
    assert_eq!(program.open("../secret", 0, READ), Err(ACCES));
    assert_eq!(program.open("below/../../secret", 0, READ), Err(ACCES));
    assert_eq!(program.open("/etc/passwd", 0, READ), Err(ACCES));
    assert_eq!(program.open("link", 0, READ), Err(ACCES));
    assert_eq!(program.open("absent", 0, READ), Err(NOENT));
    assert_eq!(program.open("text/below", 0, READ), Err(NOTDIR));
}

#[test]
fn nothing_is_changed() {
    let folder = folder();
    let program = in_folder(&folder);
    assert_eq!(program.open("new", 1, READ), Err(ROFS));
    assert_eq!(program.open("text", 8, READ), Err(ROFS));
    assert_eq!(program.open("text", 0, 64), Err(ROFS));
    let file = program.open("text", 0, READ | 64).unwrap();
    program.ranges(0, &[(100, 4)]);
    assert_eq!(program.call("fd_write", &[file, 0, 1, 40]), ROFS);
    assert_eq!(program.call("fd_sync", &[file]), NOSYS);
    assert_eq!(std::fs::read_to_string(folder.path().join("inner/text")).unwrap(), "one two three");
}

#[test]
fn time_chance_and_the_end() {
    let program = Program::new(system(&[], &Shared::default()));
    assert_eq!(program.call("clock_time_get", &[1, 0, 0]), 0);
    assert_eq!(program.call("clock_time_get", &[1, 0, 8]), 0);
    assert!(program.u64(0) > 0 && program.u64(0) <= program.u64(8));
    assert_ne!(program.call("clock_time_get", &[9, 0, 0]), 0);
    assert_eq!(program.call("random_get", &[100, 300]), 0);
    assert!(program.bytes(100, 300).chunks(100).all(|chunk| chunk.iter().any(|&byte| byte != 0)));
    assert_eq!(program.bytes(400, 8), [0; 8]);

    match program.instance.function("proc_exit").unwrap().call(&[Value::I32(3)]) {
        Err(CallError::Host(error)) => assert_eq!(error.downcast_ref(), Some(&Exit(3))),
        other => panic!("{other:?}"),
    }
}
