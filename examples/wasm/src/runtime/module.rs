//! Compiled modules, and the engine that compiles them.

use std::ops::Range;
use std::sync::Arc;

use tailfirst::exec::{Arena, ExecError};

use super::crossing::Door;
use super::trap::{Trap, TrapPlace};
use crate::abi::{Entry, TrapSite};
use crate::compile::{self, Bounds, CompileError, CompiledModule, Config, Progress};
use crate::ir::module::ModuleInfo;

/// The addresses that an engine's code can have, reserved and not spent. A branch reaches all of them: AArch64's have
/// nearly no more, and x86-64's have twice as many.
const CODE: usize = if cfg!(target_arch = "aarch64") { 120 << 20 } else { 1 << 30 };

/// Compiles modules: how, and into which memory.
#[derive(Clone)]
pub struct Engine {
    config: Config,
    arena: Arena,
}

impl Engine {
    /// An engine with an arena of its own.
    ///
    /// # Errors
    /// The system has not the addresses.
    pub fn new(config: Config) -> Result<Engine, ExecError> {
        Ok(Engine { config, arena: Arena::builder().reserve(CODE).build()? })
    }

    /// Compiles a binary module.
    ///
    /// # Errors
    /// It is not valid, uses what is not supported, or there is no memory for its code.
    pub fn compile(&self, wasm: &[u8]) -> Result<Module, CompileError> {
        self.compile_watched(wasm, &|_| {})
    }

    /// The same, and tells `watch` after each function. Several threads may do so.
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    pub fn compile_watched(&self, wasm: &[u8], watch: &(dyn Fn(Progress) + Sync)) -> Result<Module, CompileError> {
        let compiled = compile::compile(wasm, &self.config, &self.arena, watch)?;
        Ok(Module { compiled: Arc::new(compiled), bounds: self.config.bounds })
    }
}

/// A module that can be instantiated, in any number of stores and threads. Clones are the same module.
#[derive(Clone, Debug)]
pub struct Module {
    compiled: Arc<CompiledModule>,
    bounds: Bounds,
}

impl Module {
    /// What the module says of itself.
    pub fn info(&self) -> &ModuleInfo {
        &self.compiled.info
    }

    /// How accesses outside of memory are found.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// What the compiler made of it.
    pub fn compiled(&self) -> &CompiledModule {
        &self.compiled
    }

    /// The addresses of the module's codes.
    pub(super) fn code(&self) -> impl Iterator<Item = Range<usize>> {
        self.compiled.code.ranges().map(|addresses| addresses.start as usize..addresses.end as usize)
    }

    /// The code of a function that is not imported, the first of them being 0.
    pub(super) fn function(&self, index: usize) -> *const u8 {
        self.address(self.compiled.functions[index])
    }

    /// The code of host functions of a type.
    pub(super) fn host_stub(&self, ty: u32) -> *const u8 {
        self.address(self.compiled.stubs[ty as usize].host)
    }

    /// The door for functions of a type.
    pub(super) fn door(&self, ty: usize) -> Door {
        let entry = self.compiled.code.function::<Entry>(self.compiled.stubs[ty].entry);
        let entry = *entry.expect("stubs are in the code");
        Door { entry, exit: self.address(self.compiled.exit) as usize }
    }

    /// The trap that a fault at an address means. Allocates nothing, for the fault handler.
    pub(super) fn trap_at(&self, address: usize) -> Option<Trap> {
        let offset = address.checked_sub(self.address(0) as usize)?;
        let CompiledModule { sites, info, .. } = &*self.compiled;
        let index = sites.binary_search_by_key(&offset, |site| site.code_offset as usize).ok()?;
        let TrapSite { kind, wasm_offset: offset, .. } = sites[index];
        let body = info.bodies.partition_point(|&start| start <= offset).checked_sub(1)?;
        let function = (info.imported_functions + body) as u32;
        Some(Trap { kind, place: Some(TrapPlace { function, offset }) })
    }

    fn address(&self, offset: usize) -> *const u8 {
        (self.compiled.code.address() as usize + offset) as *const u8
    }
}
