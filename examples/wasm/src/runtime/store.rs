//! A store: all that instances share, and what keeps it alive.
//!
//! Instances refer to one another in circles: a table of one holds functions of another that imports that table. So
//! nothing of them is freed by itself. A store owns its instances and frees them together, when the last handle is
//! gone. Addresses of records and contexts, which code has, are good as long.
//!
//! A handle of one store has no business in another, and whatever takes a handle checks that. What is behind a handle
//! changes while code runs, so no Rust reference to it is ever given out.

use std::cell::{RefCell, UnsafeCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use thiserror::Error;
use wasmparser::FuncType;

use super::crossing::Door;
use super::instance::InstanceState;
use super::module::Module;
use super::stack;
use super::trap::Trap;
use crate::abi::Activation;
use crate::value::Value;

/// Instances and what they share. Clones are the same store.
#[derive(Clone)]
pub struct Store {
    state: Rc<State>,
}

pub(super) struct State {
    activation: UnsafeCell<Activation>,
    signatures: RefCell<Vec<Signature>>,
    /// Modules by the addresses where their codes end.
    modules: RefCell<BTreeMap<usize, Module>>,
    instances: RefCell<Vec<Rc<InstanceState>>>,
}

/// A type of functions, which code knows by its number, and a door for such functions.
struct Signature {
    ty: FuncType,
    door: Door,
}

/// A function, table or global of one store was brought into another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("that is of another store")]
pub struct StoreMismatch;

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("instances", &self.state.instances.borrow().len()).finish_non_exhaustive()
    }
}

impl Default for Store {
    fn default() -> Store {
        Store::new()
    }
}

impl Store {
    /// A store without instances. Its code runs on this thread's stack.
    pub fn new() -> Store {
        let activation = Activation { stack_limit: stack::limit(), entry_sp: 0 };
        Store::of(Rc::new(State {
            activation: UnsafeCell::new(activation),
            signatures: RefCell::default(),
            modules: RefCell::default(),
            instances: RefCell::default(),
        }))
    }

    pub(super) fn of(state: Rc<State>) -> Store {
        Store { state }
    }

    pub(super) fn state(&self) -> &Rc<State> {
        &self.state
    }

    /// That a handle of this store is used in another one, or not.
    pub(super) fn check(&self, other: &Store) -> Result<(), StoreMismatch> {
        if Rc::ptr_eq(&self.state, &other.state) { Ok(()) } else { Err(StoreMismatch) }
    }

    pub(super) fn check_value(&self, value: &Value) -> Result<(), StoreMismatch> {
        match value {
            Value::FuncRef(Some(function)) => function.store().check(self),
            _ => Ok(()),
        }
    }
}

impl State {
    pub(super) fn activation(&self) -> *mut Activation {
        self.activation.get()
    }

    /// The numbers of a module's types, by index. From now on the store has the module, and a door for each type.
    pub(super) fn take(&self, module: &Module) -> Box<[u32]> {
        let mut modules = self.modules.borrow_mut();
        for code in module.code() {
            modules.entry(code.end).or_insert_with(|| module.clone());
        }
        let mut signatures = self.signatures.borrow_mut();
        let mut number = |(index, ty): (usize, &FuncType)| {
            let known = signatures.iter().position(|signature| signature.ty == *ty);
            known.unwrap_or_else(|| {
                signatures.push(Signature { ty: ty.clone(), door: module.door(index) });
                signatures.len() - 1
            }) as u32
        };
        module.info().types.iter().enumerate().map(&mut number).collect()
    }

    pub(super) fn signature(&self, number: u32) -> FuncType {
        self.signatures.borrow()[number as usize].ty.clone()
    }

    pub(super) fn door(&self, number: u32) -> Door {
        self.signatures.borrow()[number as usize].door
    }

    pub(super) fn keep(&self, instance: Rc<InstanceState>) {
        self.instances.borrow_mut().push(instance);
    }

    /// The trap that a fault at an address means. `None` if no code of the store traps there, or if Rust code has been
    /// interrupted in the middle of a change.
    pub(super) fn trap_at(&self, address: usize) -> Option<Trap> {
        let modules = self.modules.try_borrow().ok()?;
        let (_, module) = modules.range(address + 1..).next()?;
        module.trap_at(address)
    }
}
