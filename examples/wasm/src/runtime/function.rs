//! Functions: those of instances, called from Rust, and Rust's, called from instances.
//!
//! Code calls every function in the same way, by a record of its code and its context. A function of Rust has a context
//! of its own, and as its code the importing module's stub for functions of its type, which puts the arguments into
//! slots and calls [`call_host`].

use std::cell::UnsafeCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::rc::{Rc, Weak};

use thiserror::Error;
use wasmparser::{FuncType, ValType};

use super::crossing::{self, Crossing, Failure, Outcome};
use super::instance::InstanceState;
use super::store::State;
use super::{Memory, Store, StoreMismatch, Trap};
use crate::abi::{Context, FunctionRecord};
use crate::value::Value;

/// What a host function fails with. It ends the call from Rust that led to it.
pub type HostError = Box<dyn std::error::Error>;

/// What the entry stub returns when a host function has failed; code does not look at it.
const FAILED: u64 = 1 << 32;

/// A function of a store. Clones are the same function.
#[derive(Clone)]
pub struct Function {
    store: Store,
    record: NonNull<FunctionRecord>,
}

/// Why a call has no results.
#[derive(Debug, Error)]
pub enum CallError {
    /// The arguments are not of the parameters' types, or not as many.
    #[error("the function takes {}, not {}", types(.expected), types(.found))]
    Arguments {
        /// The parameters' types.
        expected: Vec<ValType>,
        /// The arguments'.
        found: Vec<ValType>,
    },
    /// An argument is a function of another store.
    #[error(transparent)]
    Store(#[from] StoreMismatch),
    /// The function trapped.
    #[error("trap: {0}")]
    Trap(#[from] Trap),
    /// A host function failed.
    #[error("{0}")]
    Host(HostError),
}

/// A host function has returned values that are not of its type.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the host function returned {}, not {}", types(.found), types(.expected))]
pub struct WrongResults {
    /// The types that it was defined with.
    pub expected: Vec<ValType>,
    /// Those that it returned.
    pub found: Vec<ValType>,
}

/// Types as they are written in WebAssembly.
pub(super) fn types(types: &[ValType]) -> String {
    let names: Vec<_> = types.iter().map(ToString::to_string).collect();
    format!("[{}]", names.join(" "))
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").field("ty", &self.ty()).finish_non_exhaustive()
    }
}

impl Function {
    /// # Safety
    /// The record is of the store.
    pub(super) unsafe fn of(store: &Store, record: NonNull<FunctionRecord>) -> Function {
        Function { store: store.clone(), record }
    }

    /// # Safety
    /// The reference is null or the address of a record of the store.
    pub(crate) unsafe fn from_reference(store: &Store, reference: u64) -> Option<Function> {
        let record = NonNull::new(reference as usize as *mut FunctionRecord)?;
        Some(Function { store: store.clone(), record })
    }

    pub(crate) fn reference(&self) -> u64 {
        self.record.as_ptr() as usize as u64
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    pub(super) fn record(&self) -> &FunctionRecord {
        // SAFETY: records exist as long as their store and never change.
        unsafe { self.record.as_ref() }
    }

    /// The function's type.
    pub fn ty(&self) -> FuncType {
        self.store.state().signature(self.record().signature)
    }

    /// Calls the function.
    ///
    /// # Errors
    /// The arguments do not fit, or the function did not return.
    ///
    /// # Panics
    /// A host function has panicked; the panic goes on here.
    pub fn call(&self, arguments: &[Value]) -> Result<Vec<Value>, CallError> {
        let ty = self.ty();
        let fits = arguments.iter().map(Value::ty).eq(ty.params().iter().copied());
        if !fits {
            let found = arguments.iter().map(Value::ty).collect();
            return Err(CallError::Arguments { expected: ty.params().to_vec(), found });
        }
        let mut slots = vec![0; ty.params().len().max(ty.results().len())];
        for (slot, argument) in slots.iter_mut().zip(arguments) {
            self.store.check_value(argument)?;
            *slot = argument.to_slot();
        }
        let state = self.store.state();
        let door = state.door(self.record().signature);
        // SAFETY: record and door are of the store and of one type, and so are the slots.
        match unsafe { crossing::enter(state, door, self.record(), &mut slots) } {
            Outcome::Returned => {}
            Outcome::Trapped(trap) => return Err(CallError::Trap(trap)),
            Outcome::Failed(error) => return Err(CallError::Host(error)),
        }
        let results = ty.results().iter().zip(&slots);
        // SAFETY: code leaves results of the function's type.
        Ok(results.map(|(&ty, &slot)| unsafe { Value::from_slot(&self.store, ty, slot) }).collect())
    }
}

/// A function of Rust, as a linker knows it.
pub(super) struct HostFunction {
    pub(super) ty: FuncType,
    pub(super) call: Box<Call>,
}

type Call = dyn Fn(&Caller<'_>, &[Value]) -> Result<Vec<Value>, HostError>;

impl fmt::Debug for HostFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostFunction").field("ty", &self.ty).finish_non_exhaustive()
    }
}

/// Who calls a host function: the instance that imports it.
pub struct Caller<'a> {
    store: &'a Store,
    instance: &'a InstanceState,
}

impl Caller<'_> {
    /// The caller's store.
    pub fn store(&self) -> &Store {
        self.store
    }

    /// The caller's memory, if it has one.
    pub fn memory(&self) -> Option<Memory> {
        self.instance.memories.first().cloned()
    }
}

/// A function of Rust that an instance has imported: what its context belongs to.
#[derive(Debug)]
pub(super) struct HostState {
    pub(super) context: UnsafeCell<Context>,
    pub(super) function: Rc<HostFunction>,
    pub(super) store: Weak<State>,
    /// Who imports it. It owns this.
    pub(super) instance: Weak<InstanceState>,
}

/// What the stub of a host function calls.
///
/// # Safety
/// The context is that of a host function, and the slots hold arguments of its parameters' types, with room for its
/// results.
pub(super) unsafe extern "C" fn call_host(context: *mut Context, slots: *mut u128) -> u64 {
    // SAFETY: by the caller's promise; the state exists as long as the instance that calls.
    let host = unsafe { &*(*context).owner.cast::<HostState>() };
    // SAFETY: by the caller's promise.
    let failure = match catch_unwind(AssertUnwindSafe(|| unsafe { host.call(slots) })) {
        Ok(Ok(())) => return 0,
        Ok(Err(error)) => Failure::Error(error),
        Err(payload) => Failure::Panic(payload),
    };
    // SAFETY: the reference ends here.
    let crossing = unsafe { Crossing::newest() }.expect("code runs in a crossing");
    crossing.failure.set(Some(failure));
    FAILED
}

impl HostState {
    /// # Safety
    /// As for [`call_host`].
    unsafe fn call(&self, slots: *mut u128) -> Result<(), HostError> {
        let store = Store::of(self.store.upgrade().expect("a store whose code runs exists"));
        let ty = &self.function.ty;
        let arguments: Vec<_> = ty
            .params()
            .iter()
            .enumerate()
            // SAFETY: by the caller's promise.
            .map(|(index, &ty)| unsafe { Value::from_slot(&store, ty, *slots.add(index)) })
            .collect();
        let instance = self.instance.upgrade().expect("an instance whose code runs exists");
        let caller = Caller { store: &store, instance: &instance };
        let results = (self.function.call)(&caller, &arguments)?;
        if !results.iter().map(Value::ty).eq(ty.results().iter().copied()) {
            let found = results.iter().map(Value::ty).collect();
            return Err(WrongResults { expected: ty.results().to_vec(), found }.into());
        }
        for (index, result) in results.iter().enumerate() {
            store.check_value(result)?;
            // SAFETY: by the caller's promise.
            unsafe { slots.add(index).write(result.to_slot()) };
        }
        Ok(())
    }
}
