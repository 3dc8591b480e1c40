//! Published code: executable, entered by typed functions, freed when it is dropped.

use super::{EntryPoint, ExecError, patch::CodeId, region::Held};
use core::{
    marker::PhantomData,
    ops::{Deref, Range},
};

/// Code that can be run. Dropping it frees its memory; it keeps the arena alive, so the two may be dropped in any
/// order.
///
/// What code refers to is not kept alive: if one trace jumps into another, keep that one as long.
pub struct ExecCode {
    pub(super) held: Held,
    pub(super) id: CodeId,
    /// Where the code is in the arena.
    bytes: Range<usize>,
}

impl ExecCode {
    pub(super) fn new(held: Held, id: CodeId, bytes: Range<usize>) -> ExecCode {
        ExecCode { held, id, bytes }
    }

    /// The code's length in bytes.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Where the code starts in the arena.
    pub(super) fn start(&self) -> usize {
        self.bytes.start
    }

    /// The address where the code runs: that of its lowest byte.
    ///
    /// For linking other code, and for whatever wants addresses. The memory there is only to be run and read.
    pub fn address(&self) -> u64 {
        self.held.shared.addresses().start + self.start() as u64
    }

    /// The function that starts `offset` bytes above the code's start, as [`Code::offset_of`](crate::Code::offset_of)
    /// gives it for a label.
    ///
    /// Calling it is unsafe: see [`Function`].
    ///
    /// # Errors
    /// [`ExecError::Entry`] if that is not in the code, or on AArch64 no multiple of 4.
    pub fn function<F: EntryPoint>(&self, offset: usize) -> Result<Function<'_, F>, ExecError> {
        let step = if cfg!(target_arch = "aarch64") { 4 } else { 1 };
        // An offset inside the code cannot make the sum too large.
        let at = self.start().wrapping_add(offset);
        if offset >= self.len() || !at.is_multiple_of(step) {
            return Err(ExecError::Entry { offset, len: self.len() });
        }
        // SAFETY: the place is in the code, which is in the arena.
        let address = unsafe { self.held.shared.views.run().add(at) };
        Ok(Function { function: F::at(address), code: PhantomData })
    }

    /// A copy of the bytes as they are now.
    pub fn to_vec(&self) -> Vec<u8> {
        self.held.shared.unedited(|| {
            // SAFETY: the code's pages can be read as long as it exists, and nobody edits it now.
            let bytes = unsafe {
                core::slice::from_raw_parts(self.held.shared.views.run().add(self.start()).cast_const(), self.len())
            };
            bytes.to_vec()
        })
    }
}

impl core::fmt::Debug for ExecCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ExecCode").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// A function of an [`ExecCode`], called like the function pointer that it derefs to, and usable as long as the code
/// exists.
///
/// # Safety
/// Calling it is unsafe, and promises that
/// * at this place of the code begins a function with the convention and the types of `F`, written for this processor;
/// * what the code does with its arguments, and with memory, is sound;
/// * the code is linked, and all that it refers to still exists;
/// * nothing unwinds out of it, unless `F` is of an `-unwind` convention;
/// * on Apple silicon, the thread has no [`Region`](super::Region) and no [`RegionCode`](super::RegionCode), and is not
///   in [`RegionEncoder::write`](super::RegionEncoder::write);
/// * a copy of the pointer, as `*function` is, is not called when the code is gone.
///
/// ```compile_fail,E0505
/// # use tailfirst::exec::*;
/// fn late(code: ExecCode) {
///     let function = code.function::<unsafe extern "C" fn()>(0).unwrap();
///     drop(code);
///     unsafe { function() }; // the code is gone
/// }
/// ```
/// ```compile_fail,E0133
/// # use tailfirst::exec::*;
/// fn careless(code: &ExecCode) {
///     let function = code.function::<unsafe extern "C" fn()>(0).unwrap();
///     function(); // calls are unsafe
/// }
/// ```
/// ```compile_fail,E0277
/// # use tailfirst::exec::*;
/// fn wrong(code: &ExecCode) {
///     let function = code.function::<fn()>(0); // Rust's convention is nobody else's
/// }
/// ```
/// ```compile_fail,E0277
/// # use tailfirst::exec::*;
/// fn wrong(code: &ExecCode) {
///     let function = code.function::<usize>(0); // no function
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Function<'code, F> {
    function: F,
    code: PhantomData<&'code ExecCode>,
}

impl<F> Deref for Function<'_, F> {
    type Target = F;

    fn deref(&self) -> &F {
        &self.function
    }
}

impl<F> core::fmt::Debug for Function<'_, F> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Function").finish_non_exhaustive()
    }
}
