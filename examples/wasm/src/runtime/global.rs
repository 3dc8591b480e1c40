//! Globals: cells that code reads and writes by their address.

use std::cell::UnsafeCell;
use std::rc::Rc;

use thiserror::Error;
use wasmparser::{GlobalType, ValType};

use super::{Store, StoreMismatch};
use crate::abi::GlobalCell;
use crate::value::Value;

/// A global of a store. Clones are the same global.
#[derive(Clone, Debug)]
pub struct Global {
    store: Store,
    state: Rc<GlobalState>,
}

/// What a store's globals and instances share.
#[derive(Debug)]
pub(super) struct GlobalState {
    cell: UnsafeCell<GlobalCell>,
    pub(super) ty: GlobalType,
}

/// Why a global did not take a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum GlobalError {
    /// It never changes.
    #[error("the global is immutable")]
    Immutable,
    /// The value is of another type.
    #[error("a global of {expected} takes no {found}")]
    Type {
        /// The global's type.
        expected: ValType,
        /// The value's.
        found: ValType,
    },
    /// The function is of another store.
    #[error(transparent)]
    Store(#[from] StoreMismatch),
}

impl GlobalState {
    pub(super) fn new(ty: GlobalType, slot: u128) -> GlobalState {
        GlobalState { cell: UnsafeCell::new(GlobalCell(slot)), ty }
    }

    pub(super) fn get(&self) -> u128 {
        // SAFETY: nobody holds a reference to the cell.
        unsafe { (*self.cell.get()).0 }
    }

    pub(super) fn cell(&self) -> *mut GlobalCell {
        self.cell.get()
    }
}

impl Global {
    /// A global with a value.
    ///
    /// # Errors
    /// The value is of another type, or a function of another store.
    pub fn new(store: &Store, ty: GlobalType, value: &Value) -> Result<Global, GlobalError> {
        check(store, ty, value)?;
        Ok(Global { store: store.clone(), state: Rc::new(GlobalState::new(ty, value.to_slot())) })
    }

    pub(super) fn of(store: &Store, state: &Rc<GlobalState>) -> Global {
        Global { store: store.clone(), state: state.clone() }
    }

    pub(super) fn in_store(&self, store: &Store) -> Result<Rc<GlobalState>, StoreMismatch> {
        self.store.check(store)?;
        Ok(self.state.clone())
    }

    /// The type.
    pub fn ty(&self) -> GlobalType {
        self.state.ty
    }

    /// The value.
    pub fn get(&self) -> Value {
        // SAFETY: a global of functions holds null or a record of the store.
        unsafe { Value::from_slot(&self.store, self.state.ty.content_type, self.state.get()) }
    }

    /// Changes the value.
    ///
    /// # Errors
    /// The global is immutable, or does not take this value.
    pub fn set(&self, value: &Value) -> Result<(), GlobalError> {
        if !self.state.ty.mutable {
            return Err(GlobalError::Immutable);
        }
        check(&self.store, self.state.ty, value)?;
        // SAFETY: nobody holds a reference to the cell.
        unsafe { (*self.state.cell.get()).0 = value.to_slot() };
        Ok(())
    }
}

fn check(store: &Store, ty: GlobalType, value: &Value) -> Result<(), GlobalError> {
    if value.ty() != ty.content_type {
        return Err(GlobalError::Type { expected: ty.content_type, found: value.ty() });
    }
    Ok(store.check_value(value)?)
}
