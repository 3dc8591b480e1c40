//! A module's code: one of each part and one of stubs, anywhere in the arena.
//!
//! Offsets in it are distances from where the lowest of them starts. Between two may be anything: what parts did not
//! need went back to the arena, and other modules' code may be there.

use std::ops::Range;

use tailfirst::exec::{EntryPoint, ExecCode, ExecError, Function};

/// Codes that call each other, and live as long as all of them.
#[derive(Debug)]
pub struct ModuleCode {
    /// Lowest address first. There is one at least.
    codes: Vec<ExecCode>,
}

impl ModuleCode {
    /// There is one at least.
    pub(super) fn new(mut codes: Vec<ExecCode>) -> ModuleCode {
        codes.sort_by_key(ExecCode::address);
        ModuleCode { codes }
    }

    /// From where offsets are counted.
    pub fn address(&self) -> u64 {
        self.codes[0].address()
    }

    /// The bytes of all codes together.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.codes.iter().map(ExecCode::len).sum()
    }

    /// The addresses of each code, the lowest first.
    pub fn ranges(&self) -> impl Iterator<Item = Range<u64>> {
        self.codes.iter().map(|code| code.address()..code.address() + code.len() as u64)
    }

    /// The function at an offset.
    ///
    /// # Errors
    /// None of the codes is there.
    pub fn function<F: EntryPoint>(&self, offset: usize) -> Result<Function<'_, F>, ExecError> {
        let address = self.address() + offset as u64;
        let code = &self.codes[self.codes.partition_point(|code| code.address() <= address) - 1];
        code.function((address - code.address()) as usize)
    }

    /// A copy of each code, with its offset.
    pub fn to_vecs(&self) -> Vec<(usize, Vec<u8>)> {
        let offset = |code: &ExecCode| (code.address() - self.address()) as usize;
        self.codes.iter().map(|code| (offset(code), code.to_vec())).collect()
    }
}
