//! Memory with two views, where there is none.

use super::Mapping;
use crate::exec::{Branches, ExecError, Feature, Mode};
use std::ops::Range;

/// Nothing.
pub(in crate::exec) enum Pair {}

impl Pair {
    pub(in crate::exec) fn reserve(
        _: usize,
        _: impl FnOnce(&dyn Fn(Option<usize>) -> Result<Mapping, ExecError>) -> Result<Mapping, ExecError>,
    ) -> Result<Pair, ExecError> {
        Err(ExecError::Unsupported { mode: Mode::Dual, what: Feature::Mode })
    }

    pub(in crate::exec) fn run(&self) -> &Mapping {
        match *self {}
    }

    pub(in crate::exec) fn write(&self) -> &Mapping {
        match *self {}
    }

    /// # Safety
    /// None.
    pub(in crate::exec) unsafe fn commit(&self, _: Range<usize>, _: Branches) -> Result<(), ExecError> {
        match *self {}
    }

    /// # Safety
    /// None.
    pub(in crate::exec) unsafe fn decommit(&self, _: Range<usize>) -> Result<(), ExecError> {
        match *self {}
    }
}
