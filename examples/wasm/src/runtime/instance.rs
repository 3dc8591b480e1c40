//! Instances: a module with what it has imported and what it has made for itself.
//!
//! Code finds everything by its context, which holds addresses: of records of functions, of cells of globals, of
//! records of tables. The instance owns the lists of these addresses and what lies at them, and none of it moves.

use std::cell::{RefCell, UnsafeCell};
use std::ptr;
use std::ptr::NonNull;
use std::rc::{Rc, Weak};

use super::builtins::BUILTINS;
use super::function::{HostFunction, HostState, call_host};
use super::global::GlobalState;
use super::memory::OutOfBounds;
use super::module::Module;
use super::table::{OutOfTable, TableState};
use super::trap::Trap;
use super::{Function, Global, Memory, Store, Table};
use crate::abi::{Context, FunctionRecord, GlobalCell, TableRecord, TrapKind};
use crate::ir::module::{Constant, Export, ExportKind, Placement};

/// An instance of a module. Clones are the same instance.
#[derive(Clone, Debug)]
pub struct Instance {
    store: Store,
    state: Rc<InstanceState>,
}

/// What an instance exports, and what a module can import.
#[derive(Clone, Debug)]
pub enum Extern {
    /// A function.
    Function(Function),
    /// A table.
    Table(Table),
    /// A memory.
    Memory(Memory),
    /// A global.
    Global(Global),
}

/// A function to import, as a linker found it.
pub(super) enum FunctionImport {
    Function(Function),
    Host(Rc<HostFunction>),
}

/// All that a module uses of its own or imports, by index, but for its own functions.
pub(super) struct Parts {
    pub(super) functions: Vec<FunctionImport>,
    pub(super) tables: Vec<Rc<TableState>>,
    pub(super) memories: Vec<Memory>,
    /// Imported ones only: what the others begin with may refer to these.
    pub(super) globals: Vec<Rc<GlobalState>>,
}

#[derive(Debug)]
pub(super) struct InstanceState {
    context: UnsafeCell<Context>,
    module: Module,
    /// All functions by index, imported ones first; and so for the others.
    functions: Vec<FunctionRecord>,
    pub(super) tables: Vec<Rc<TableState>>,
    pub(super) memories: Vec<Memory>,
    globals: Vec<Rc<GlobalState>>,
    /// References of the segments; a dropped segment has none.
    elements: RefCell<Vec<Vec<u64>>>,
    /// Which segments of bytes are dropped.
    dropped: RefCell<Vec<bool>>,
    /// What the context and the records lead to, and nobody else reads.
    _behind: Behind,
}

#[derive(Debug)]
struct Behind {
    cells: Vec<*mut GlobalCell>,
    tables: Vec<*const TableRecord>,
    signatures: Box<[u32]>,
    _hosts: Vec<Rc<HostState>>,
}

impl InstanceState {
    /// The instance, whose segments are not yet where they belong.
    pub(super) fn new(store: &Store, module: &Module, parts: Parts) -> Rc<InstanceState> {
        let info = module.info();
        let signatures = store.state().take(module);
        Rc::new_cyclic(|this: &Weak<InstanceState>| {
            // SAFETY: the place of the instance is known, and only an address in it is computed.
            let context = UnsafeCell::raw_get(unsafe { &raw const (*this.as_ptr()).context });
            let mut functions = vec![];
            let mut hosts = vec![];
            for (import, &ty) in parts.functions.into_iter().zip(&info.functions) {
                let signature = signatures[ty as usize];
                functions.push(match import {
                    FunctionImport::Function(function) => {
                        let &FunctionRecord { code, context, signature } = function.record();
                        FunctionRecord { code, context, signature }
                    }
                    FunctionImport::Host(function) => {
                        let host = host(store, this, function);
                        let context = host.context.get();
                        hosts.push(host);
                        FunctionRecord { code: module.host_stub(ty), context, signature }
                    }
                });
            }
            let own = info.functions[info.imported_functions..].iter().enumerate();
            functions.extend(own.map(|(index, &ty)| FunctionRecord {
                code: module.function(index),
                context,
                signature: signatures[ty as usize],
            }));

            let mut globals = parts.globals;
            for (&ty, &initial) in info.globals[info.imported_globals..].iter().zip(&info.initial) {
                let value = evaluate(initial, &functions, &globals);
                globals.push(Rc::new(GlobalState::new(ty, value)));
            }
            let references =
                |items: &[Constant]| items.iter().map(|&item| evaluate(item, &functions, &globals) as u64).collect();
            let elements = info.elements.iter().map(|segment| references(&segment.items)).collect();

            let behind = Behind {
                cells: globals.iter().map(|global| global.cell()).collect(),
                tables: parts.tables.iter().map(|table| table.record()).collect(),
                signatures,
                _hosts: hosts,
            };
            let memory = parts.memories.first();
            InstanceState {
                context: UnsafeCell::new(Context {
                    activation: store.state().activation(),
                    memory_base: memory.map_or(ptr::null_mut(), Memory::base),
                    memory: memory.map_or(ptr::null(), Memory::record),
                    globals: behind.cells.as_ptr(),
                    tables: behind.tables.as_ptr(),
                    functions: functions.as_ptr(),
                    signatures: behind.signatures.as_ptr(),
                    builtins: &BUILTINS,
                    host: None,
                    owner: this.as_ptr().cast_mut().cast(),
                }),
                module: module.clone(),
                functions,
                tables: parts.tables,
                memories: parts.memories,
                globals,
                elements: RefCell::new(elements),
                dropped: RefCell::new(vec![false; info.data.len()]),
                _behind: behind,
            }
        })
    }

    /// Brings active segments to their places, in order. Those before one that does not fit stay there.
    pub(super) fn place_segments(&self) -> Result<(), Trap> {
        let info = self.module.info();
        for (segment, index) in info.elements.iter().zip(0..) {
            if let Placement::Active { index: table, offset } = segment.placement {
                let length = segment.items.len() as u64;
                self.table_init(table, index, self.offset(offset), 0, length)
                    .map_err(|_| Trap::of_segment(TrapKind::TableOutOfBounds))?;
            }
            if segment.placement != Placement::Passive {
                self.drop_elements(index);
            }
        }
        for (segment, index) in info.data.iter().zip(0..) {
            if let Placement::Active { offset, .. } = segment.placement {
                let length = segment.bytes.len() as u64;
                self.memory_init(index, self.offset(offset), 0, length)
                    .map_err(|_| Trap::of_segment(TrapKind::MemoryOutOfBounds))?;
                self.drop_data(index);
            }
        }
        Ok(())
    }

    /// Offsets are 32-bit integers.
    fn offset(&self, constant: Constant) -> u64 {
        u64::from(evaluate(constant, &self.functions, &self.globals) as u32)
    }

    pub(super) fn table_init(
        &self,
        table: u32,
        segment: u32,
        to: u64,
        from: u64,
        length: u64,
    ) -> Result<(), OutOfTable> {
        self.tables[table as usize].init(to, &self.elements.borrow()[segment as usize], from, length)
    }

    pub(super) fn drop_elements(&self, segment: u32) {
        self.elements.borrow_mut()[segment as usize] = vec![];
    }

    pub(super) fn memory_init(&self, segment: u32, to: u64, from: u64, length: u64) -> Result<(), OutOfBounds> {
        let dropped = self.dropped.borrow()[segment as usize];
        let bytes: &[u8] = if dropped { &[] } else { &self.module.info().data[segment as usize].bytes };
        let refused = OutOfBounds { address: from, length, size: bytes.len() as u64 };
        let end = from.checked_add(length).ok_or(refused)?;
        self.memories[0].write(to, bytes.get(from as usize..end as usize).ok_or(refused)?)
    }

    pub(super) fn drop_data(&self, segment: u32) {
        self.dropped.borrow_mut()[segment as usize] = true;
    }
}

/// A host function for one instance that imports it.
fn host(store: &Store, instance: &Weak<InstanceState>, function: Rc<HostFunction>) -> Rc<HostState> {
    Rc::new_cyclic(|this: &Weak<HostState>| HostState {
        context: UnsafeCell::new(Context {
            activation: store.state().activation(),
            memory_base: ptr::null_mut(),
            memory: ptr::null(),
            globals: ptr::null(),
            tables: ptr::null(),
            functions: ptr::null(),
            signatures: ptr::null(),
            builtins: &BUILTINS,
            host: Some(call_host),
            owner: this.as_ptr().cast_mut().cast(),
        }),
        function,
        store: Rc::downgrade(store.state()),
        instance: instance.clone(),
    })
}

/// A constant expression's value, as it is in a slot.
fn evaluate(constant: Constant, functions: &[FunctionRecord], globals: &[Rc<GlobalState>]) -> u128 {
    match constant {
        Constant::Bits(bits) => bits,
        Constant::Null => 0,
        Constant::Function(index) => (&raw const functions[index as usize]) as usize as u128,
        Constant::Global(index) => globals[index as usize].get(),
    }
}

impl Instance {
    pub(super) fn of(store: &Store, state: Rc<InstanceState>) -> Instance {
        Instance { store: store.clone(), state }
    }

    /// The module.
    pub fn module(&self) -> &Module {
        &self.state.module
    }

    /// What the instance exports by a name.
    pub fn export(&self, name: &str) -> Option<Extern> {
        let exports = &self.state.module.info().exports;
        exports.iter().find(|export| export.name == name).map(|export| self.resolve(export))
    }

    /// All that the instance exports, by name.
    pub fn exports(&self) -> impl Iterator<Item = (&str, Extern)> {
        self.state.module.info().exports.iter().map(|export| (&*export.name, self.resolve(export)))
    }

    /// The function that the instance exports by a name.
    pub fn function(&self, name: &str) -> Option<Function> {
        match self.export(name)? {
            Extern::Function(function) => Some(function),
            _ => None,
        }
    }

    /// The memory that the instance exports by a name.
    pub fn memory(&self, name: &str) -> Option<Memory> {
        match self.export(name)? {
            Extern::Memory(memory) => Some(memory),
            _ => None,
        }
    }

    /// A function by its index.
    pub(super) fn function_at(&self, index: u32) -> Function {
        let record = NonNull::from(&self.state.functions[index as usize]);
        // SAFETY: the store owns the instance, which owns the record.
        unsafe { Function::of(&self.store, record) }
    }

    fn resolve(&self, export: &Export) -> Extern {
        let index = export.index as usize;
        match export.kind {
            ExportKind::Function => Extern::Function(self.function_at(export.index)),
            ExportKind::Table => Extern::Table(Table::of(&self.store, &self.state.tables[index])),
            ExportKind::Memory => Extern::Memory(self.state.memories[index].clone()),
            ExportKind::Global => Extern::Global(Global::of(&self.store, &self.state.globals[index])),
        }
    }
}
