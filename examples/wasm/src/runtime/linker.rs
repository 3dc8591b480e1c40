//! From a module to an instance: what it imports is looked up by name, and must be of the type that it asks for.

use std::collections::HashMap;
use std::rc::Rc;

use thiserror::Error;
use wasmparser::{FuncType, GlobalType, MemoryType, TableType, ValType};

use super::function::{HostFunction, types};
use super::instance::{FunctionImport, InstanceState, Parts};
use super::memory::PAGE;
use super::table::TableState;
use super::{CallError, Caller, Extern, HostError, Instance, Memory, Module, Store};
use crate::compile::Bounds;
use crate::ir::module::{Import, ImportKind};
use crate::value::Value;

/// What modules can import, by module and name.
#[derive(Debug, Default)]
pub struct Linker {
    definitions: HashMap<(String, String), Definition>,
}

#[derive(Clone, Debug)]
enum Definition {
    Extern(Extern),
    Host(Rc<HostFunction>),
}

/// Why a module cannot be instantiated here.
#[derive(Debug, Error)]
pub enum LinkError {
    /// Nothing has the name.
    #[error("`{module}` has no `{name}`, which the module imports as a {expected}")]
    Missing {
        /// The module's name.
        module: String,
        /// The name there.
        name: String,
        /// What it is to be.
        expected: String,
    },
    /// Something else has the name.
    #[error("`{name}` of `{module}` is a {found}; the module imports a {expected}")]
    Type {
        /// The module's name.
        module: String,
        /// The name there.
        name: String,
        /// What it is to be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// It is of another store.
    #[error("`{name}` of `{module}` is of another store")]
    Store {
        /// The module's name.
        module: String,
        /// The name there.
        name: String,
    },
    /// A memory has no guard region, on which the module's code relies.
    #[error("`{name}` of `{module}` is a memory without a guard region")]
    Unguarded {
        /// The module's name.
        module: String,
        /// The name there.
        name: String,
    },
    /// There is no memory for a memory.
    #[error("a memory of {pages} pages cannot be had: {cause}")]
    Memory {
        /// Its initial size.
        pages: u64,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A table is larger than tables may be here, or there is no memory for it.
    #[error("a table of {elements} elements cannot be had")]
    Table {
        /// Its initial size.
        elements: u64,
    },
}

/// Why there is no instance.
#[derive(Debug, Error)]
pub enum InstantiateError {
    /// An import is missing, or there is no memory.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A segment does not fit, or the start function did not return.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl Linker {
    /// Defines a function of Rust. It gets its caller and arguments of the parameters' types.
    pub fn function(
        &mut self,
        module: &str,
        name: &str,
        parameters: &[ValType],
        results: &[ValType],
        call: impl Fn(&Caller<'_>, &[Value]) -> Result<Vec<Value>, HostError> + 'static,
    ) {
        let ty = FuncType::new(parameters.iter().copied(), results.iter().copied());
        let function = Definition::Host(Rc::new(HostFunction { ty, call: Box::new(call) }));
        self.definitions.insert((module.into(), name.into()), function);
    }

    /// Defines what exists already.
    pub fn define(&mut self, module: &str, name: &str, what: Extern) {
        self.definitions.insert((module.into(), name.into()), Definition::Extern(what));
    }

    /// Defines all that an instance exports.
    pub fn instance(&mut self, module: &str, instance: &Instance) {
        for (name, what) in instance.exports() {
            self.define(module, name, what);
        }
    }

    /// Makes an instance, and runs its start function.
    ///
    /// # Errors
    /// An import is missing or of another type, there is no memory, a segment does not fit, or the start function did
    /// not return. In the last two cases what was written into imported tables and memories stays there.
    pub fn instantiate(&self, store: &Store, module: &Module) -> Result<Instance, InstantiateError> {
        let parts = self.parts(store, module)?;
        let state = InstanceState::new(store, module, parts);
        store.state().keep(state.clone());
        let instance = Instance::of(store, state.clone());
        state.place_segments().map_err(CallError::Trap)?;
        if let Some(start) = module.info().start {
            instance.function_at(start).call(&[])?;
        }
        Ok(instance)
    }

    fn parts(&self, store: &Store, module: &Module) -> Result<Parts, LinkError> {
        let info = module.info();
        let mut parts = Parts { functions: vec![], tables: vec![], memories: vec![], globals: vec![] };
        for import in &info.imports {
            let wanted = Wanted { import, types: &info.types };
            let found = self.definitions.get(&(import.module.clone(), import.name.clone()));
            let found = found.ok_or_else(|| wanted.missing())?;
            wanted.check(found)?;
            match found {
                Definition::Host(function) => parts.functions.push(FunctionImport::Host(function.clone())),
                Definition::Extern(Extern::Function(function)) => {
                    function.store().check(store).map_err(|_| wanted.of_other_store())?;
                    parts.functions.push(FunctionImport::Function(function.clone()));
                }
                Definition::Extern(Extern::Table(table)) => {
                    parts.tables.push(table.in_store(store).map_err(|_| wanted.of_other_store())?);
                }
                Definition::Extern(Extern::Memory(memory)) => {
                    if module.bounds() == Bounds::Guard && !memory.is_guarded() {
                        return Err(wanted.unguarded());
                    }
                    parts.memories.push(memory.clone());
                }
                Definition::Extern(Extern::Global(global)) => {
                    parts.globals.push(global.in_store(store).map_err(|_| wanted.of_other_store())?);
                }
            }
        }
        for &ty in &info.tables[info.imported_tables..] {
            let table = TableState::new(ty).ok_or(LinkError::Table { elements: ty.initial })?;
            parts.tables.push(Rc::new(table));
        }
        for &ty in &info.memories[info.imported_memories..] {
            let memory = Memory::new(ty, module.bounds());
            parts.memories.push(memory.map_err(|cause| LinkError::Memory { pages: ty.initial, cause })?);
        }
        Ok(parts)
    }
}

/// An import, and the types of the module that wants it.
struct Wanted<'a> {
    import: &'a Import,
    types: &'a [FuncType],
}

impl Wanted<'_> {
    /// That what was found is of the type that is wanted, or may be used as such.
    fn check(&self, found: &Definition) -> Result<(), LinkError> {
        let fits = match (&self.import.kind, found) {
            (&ImportKind::Function(ty), Definition::Host(function)) => self.types[ty as usize] == function.ty,
            (&ImportKind::Function(ty), Definition::Extern(Extern::Function(function))) => {
                self.types[ty as usize] == function.ty()
            }
            (ImportKind::Table(wanted), Definition::Extern(Extern::Table(table))) => {
                let ty = table.ty();
                let limits = ((wanted.initial, wanted.maximum), (ty.initial, ty.maximum));
                wanted.element_type == ty.element_type && within(limits.0, limits.1)
            }
            (ImportKind::Memory(wanted), Definition::Extern(Extern::Memory(memory))) => {
                let ty = memory.ty();
                within((wanted.initial, wanted.maximum), (ty.initial, ty.maximum))
            }
            (ImportKind::Global(wanted), Definition::Extern(Extern::Global(global))) => *wanted == global.ty(),
            _ => false,
        };
        if fits {
            return Ok(());
        }
        let found = match found {
            Definition::Host(function) => function_text(&function.ty),
            Definition::Extern(Extern::Function(function)) => function_text(&function.ty()),
            Definition::Extern(Extern::Table(table)) => table_text(table.ty()),
            Definition::Extern(Extern::Memory(memory)) => memory_text(memory.ty()),
            Definition::Extern(Extern::Global(global)) => global_text(global.ty()),
        };
        let (module, name) = self.names();
        Err(LinkError::Type { module, name, expected: self.text(), found })
    }

    fn text(&self) -> String {
        match self.import.kind {
            ImportKind::Function(ty) => function_text(&self.types[ty as usize]),
            ImportKind::Table(ty) => table_text(ty),
            ImportKind::Memory(ty) => memory_text(ty),
            ImportKind::Global(ty) => global_text(ty),
        }
    }

    fn names(&self) -> (String, String) {
        (self.import.module.clone(), self.import.name.clone())
    }

    fn missing(&self) -> LinkError {
        let (module, name) = self.names();
        LinkError::Missing { module, name, expected: self.text() }
    }

    fn of_other_store(&self) -> LinkError {
        let (module, name) = self.names();
        LinkError::Store { module, name }
    }

    fn unguarded(&self) -> LinkError {
        let (module, name) = self.names();
        LinkError::Unguarded { module, name }
    }
}

/// Whether sizes, least and most, are within those that are wanted.
fn within(wanted: (u64, Option<u64>), found: (u64, Option<u64>)) -> bool {
    let most = match (wanted.1, found.1) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wanted), Some(found)) => found <= wanted,
    };
    found.0 >= wanted.0 && most
}

fn function_text(ty: &FuncType) -> String {
    format!("function {} -> {}", types(ty.params()), types(ty.results()))
}

fn table_text(ty: TableType) -> String {
    format!("table of {} elements{}, {}", ty.initial, most(ty.maximum), ty.element_type)
}

fn memory_text(ty: MemoryType) -> String {
    format!("memory of {} pages of {PAGE} bytes{}", ty.initial, most(ty.maximum))
}

fn global_text(ty: GlobalType) -> String {
    format!("{} global of {}", if ty.mutable { "mutable" } else { "constant" }, ty.content_type)
}

fn most(maximum: Option<u64>) -> String {
    maximum.map_or_else(String::new, |maximum| format!(", at most {maximum}"))
}
