//! From Rust into compiled code and back, by whichever way it comes back.
//!
//! A *crossing* is one entry into code. It stands on the Rust stack, and the thread knows the newest one. Code comes
//! back in one of two ways: it returns, or it traps. For a trap the fault handler notes it in the crossing and lets the
//! thread go on at the *exit*, which takes the stack back to where the entry found it and returns from there. No frame
//! of Rust lies between: where a host function enters code again, that is a newer crossing, which ends first.
//!
//! A host function cannot unwind through code. What it fails with, an error or a panic, waits in the crossing, and the
//! call that made the crossing goes on with it.

use std::any::Any;
use std::cell::Cell;
use std::ptr;

use super::fault;
use super::function::HostError;
use super::store::State;
use super::trap::Trap;
use crate::abi::{Entry, FunctionRecord};

thread_local! {
    /// The newest crossing of this thread, or null.
    static NEWEST: Cell<*const Crossing> = const { Cell::new(ptr::null()) };
}

/// What a host function left behind that did not return.
pub(super) enum Failure {
    Error(HostError),
    Panic(Box<dyn Any + Send>),
}

/// The stubs that lead into code for functions of a type, and out of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Door {
    pub(super) entry: Entry,
    /// The address where a thread goes on after a trap.
    pub(super) exit: usize,
}

pub(super) struct Crossing {
    outer: *const Crossing,
    /// Whose code it is, for the fault handler.
    pub(super) store: *const State,
    pub(super) exit: usize,
    pub(super) trap: Cell<Option<Trap>>,
    pub(super) failure: Cell<Option<Failure>>,
}

/// How code came back.
pub(super) enum Outcome {
    Returned,
    Trapped(Trap),
    Failed(HostError),
}

impl Crossing {
    /// The thread's newest crossing.
    ///
    /// # Safety
    /// The reference is gone before the crossing is.
    pub(super) unsafe fn newest<'a>() -> Option<&'a Crossing> {
        // SAFETY: it stands on this thread's stack until it is taken off the list.
        unsafe { NEWEST.get().as_ref() }
    }
}

/// Enters a function. Slots hold the arguments, and then the results.
///
/// # Safety
/// The function is of the store, the door of the function's type, and the slots are of that type and as many as it has
/// parameters or results.
pub(super) unsafe fn enter(store: &State, door: Door, function: &FunctionRecord, slots: &mut [u128]) -> Outcome {
    fault::install();
    let crossing =
        Crossing { outer: NEWEST.get(), store, exit: door.exit, trap: Cell::new(None), failure: Cell::new(None) };
    NEWEST.set(&raw const crossing);
    // SAFETY: by the caller's promise; nothing unwinds out of code.
    let status = unsafe { (door.entry)(function.code, function.context, slots.as_mut_ptr()) };
    NEWEST.set(crossing.outer);
    if status == 0 {
        return Outcome::Returned;
    }
    match (crossing.failure.take(), crossing.trap.take()) {
        (Some(Failure::Error(error)), _) => Outcome::Failed(error),
        (Some(Failure::Panic(payload)), _) => std::panic::resume_unwind(payload),
        (None, Some(trap)) => Outcome::Trapped(trap),
        (None, None) => unreachable!("who goes to the exit says why"),
    }
}
