//! The run time: instances of compiled modules, and calls of their functions.
//!
//! * `module`: compiling, by an engine
//! * `linker`, `instance`, `store`: from a module to an instance, and what keeps it alive
//! * `function`, `memory`, `table`, `global`: what instances have, import and export
//! * `crossing`, `trap`, `fault`, `stack`: going into code, and coming back if it traps
//! * `builtins`: what code calls
//!
//! All of a store belongs to one thread. Code finds its data by addresses, in the layout of [`abi`](crate::abi); what
//! is given out here are handles, which keep their store alive.
//!
//! ```
//! use tailfirst_wasm::compile::Config;
//! use tailfirst_wasm::runtime::{Engine, Linker, Store};
//! use tailfirst_wasm::value::Value;
//! use wasmparser::ValType;
//!
//! let text = r#"(module
//!     (import "host" "half" (func $half (param i32) (result i32)))
//!     (func (export "answer") (param i32) (result i32)
//!         (i32.add (call $half (local.get 0)) (i32.const 2))))"#;
//! let module = Engine::new(Config::default())?.compile(&wat::parse_str(text)?)?;
//!
//! let mut linker = Linker::default();
//! linker.function("host", "half", &[ValType::I32], &[ValType::I32], |_caller, arguments| match arguments {
//!     [Value::I32(number)] if number % 2 == 0 => Ok(vec![Value::I32(number / 2)]),
//!     _ => Err("an odd number has no half".into()),
//! });
//! let instance = linker.instantiate(&Store::new(), &module)?;
//! let answer = instance.function("answer").expect("the module exports it");
//! assert!(matches!(answer.call(&[Value::I32(80)])?[..], [Value::I32(42)]));
//! assert_eq!(answer.call(&[Value::I32(81)]).unwrap_err().to_string(), "an odd number has no half");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod builtins;
mod crossing;
mod fault;
mod function;
mod global;
mod instance;
mod linker;
mod memory;
mod module;
mod stack;
mod store;
mod table;
mod trap;

pub use function::{CallError, Caller, Function, HostError, WrongResults};
pub use global::{Global, GlobalError};
pub use instance::{Extern, Instance};
pub use linker::{InstantiateError, LinkError, Linker};
pub use memory::{Memory, OutOfBounds, PAGE};
pub use module::{Engine, Module};
pub use store::{Store, StoreMismatch};
pub use table::{MOST_ELEMENTS, OutOfTable, Table, TableError};
pub use trap::{Trap, TrapPlace};
