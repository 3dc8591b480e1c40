//! Who takes part, and what is asked of each: to compile a module, to instantiate it with imports that do nothing, and
//! to run it.

mod tailfirst;
mod wasmi;
#[cfg(feature = "wasmtime")]
mod wasmtime;

use std::error::Error;

use wasmparser::{Parser, Payload};

type Outcome<T> = Result<T, Box<dyn Error>>;

pub trait Contender {
    fn name(&self) -> &'static str;
    fn compile(&self, binary: &[u8]) -> Outcome<Box<dyn Compiled>>;
}

pub trait Compiled {
    /// Imports return zeros: no program here depends on them.
    fn instantiate(&mut self) -> Outcome<()>;
    fn run(&mut self, argument: i32) -> Outcome<i32>;
    /// Bytes of machine code, if there is any.
    fn code(&self) -> Option<usize>;
}

/// All of them; figures are compared with the first one's.
pub fn contenders() -> Outcome<Vec<Box<dyn Contender>>> {
    let mut all = tailfirst::contenders()?;
    #[cfg(feature = "wasmtime")]
    all.extend(wasmtime::contenders()?);
    all.push(wasmi::contender());
    Ok(all)
}

/// Bytes of a module's code section.
pub fn code_section(binary: &[u8]) -> Outcome<usize> {
    for payload in Parser::new(0).parse_all(binary) {
        if let Payload::CodeSectionStart { size, .. } = payload? {
            return Ok(size as usize);
        }
    }
    Err("a module without code".into())
}

/// What a module says that is run before it is instantiated.
const ABSENT: &str = "not instantiated, or without `run`";
