//! Requests that fail because a test wants them to.

use crate::exec::{ExecError, error::Request};
use std::cell::Cell;

thread_local! {
    /// Requests of this thread that still succeed, if one is to fail.
    static SUCCEED: Cell<Option<u32>> = const { Cell::new(None) };
}

/// What an injected failure gives as the system's error number: out of memory, on every Unix.
pub(in crate::exec) const CODE: i32 = 12;

pub(super) fn check(request: Request) -> Result<(), ExecError> {
    match SUCCEED.get() {
        None => Ok(()),
        Some(0) => {
            SUCCEED.set(None);
            Err(ExecError::System { request, code: CODE })
        }
        Some(count) => {
            SUCCEED.set(Some(count - 1));
            Ok(())
        }
    }
}

/// Runs `body` with one request failing, after `succeed` that do not. Tells whether one failed.
pub(in crate::exec) fn after<T>(succeed: u32, body: impl FnOnce() -> T) -> (T, bool) {
    SUCCEED.set(Some(succeed));
    let result = body();
    (result, SUCCEED.take().is_none())
}
