//! Who takes part, and what is asked of each: to compile a module, and to instantiate it with imports that a trace
//! answers.

mod tailfirst;
#[cfg(feature = "wasmer")]
mod wasmer;
mod wasmi;
#[cfg(feature = "wasmtime")]
mod wasmtime;

use wasmparser::{Parser, Payload};

use crate::Outcome;
use crate::replay::{Machine, Replay};

pub trait Contender {
    fn name(&self) -> &'static str;
    fn compile(&self, binary: &[u8]) -> Outcome<Box<dyn Compiled>>;
}

pub trait Compiled {
    fn instantiate(&self, replay: &Replay) -> Outcome<Box<dyn Machine>>;
    /// Bytes of machine code.
    fn code(&self) -> usize;
}

/// Those that compile; figures are compared with the first one's.
pub fn compilers() -> Outcome<Vec<Box<dyn Contender>>> {
    let all = tailfirst::contenders()?.into_iter();
    #[cfg(feature = "wasmtime")]
    let all = all.chain(wasmtime::contenders()?);
    #[cfg(feature = "wasmer")]
    let all = all.chain([wasmer::contender()]);
    Ok(all.collect())
}

/// All of them.
pub fn contenders() -> Outcome<Vec<Box<dyn Contender>>> {
    let mut all = compilers()?;
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

/// What a module lacks that a trace uses.
const ABSENT: &str = "the module exports no such thing";
const NUMBERS: &str = "a value that is no number";
