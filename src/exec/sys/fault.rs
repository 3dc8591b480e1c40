//! Requests that fail because a test wants them to.

use crate::exec::{ExecError, error::Request};
use std::cell::Cell;

/// How many requests fail, once one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::exec) enum Refused {
    /// That one.
    One,
    /// And all that come after.
    AllFromThenOn,
}

thread_local! {
    /// Requests of this thread that still succeed, if some are to fail, and how many are.
    static SUCCEED: Cell<Option<(u32, Refused)>> = const { Cell::new(None) };
    /// Whether one has failed.
    static FAILED: Cell<bool> = const { Cell::new(false) };
}

/// What an injected failure gives as the system's error number: out of memory, on every Unix.
pub(in crate::exec) const CODE: i32 = 12;

pub(in crate::exec) fn check(request: Request) -> Result<(), ExecError> {
    match SUCCEED.get() {
        None => Ok(()),
        Some((0, refused)) => {
            FAILED.set(true);
            if refused == Refused::One {
                SUCCEED.set(None);
            }
            Err(ExecError::System { request, code: CODE })
        }
        Some((count, refused)) => {
            SUCCEED.set(Some((count - 1, refused)));
            Ok(())
        }
    }
}

/// Runs `body` with requests failing, after `succeed` that do not. Tells whether one failed.
pub(in crate::exec) fn after<T>(succeed: u32, refused: Refused, body: impl FnOnce() -> T) -> (T, bool) {
    FAILED.set(false);
    SUCCEED.set(Some((succeed, refused)));
    let result = body();
    SUCCEED.set(None);
    (result, FAILED.get())
}
