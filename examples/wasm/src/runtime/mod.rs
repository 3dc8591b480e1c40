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
