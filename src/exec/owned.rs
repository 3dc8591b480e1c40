//! An encoder that owns its region: for a compiler that keeps both in one struct, where neither can borrow the other.
//!
//! The encoder inside believes that its memory lasts forever. So nobody gets hold of it but in
//! [`RegionEncoder::write`], whose closure knows nothing of its lifetime, and can neither keep it nor leave in its
//! place one with memory that does not last.
//!
//! For the same reason it may change threads, as a [`Region`] may not: who may write is a matter of the thread on Apple
//! silicon, and nothing is written but in that closure, and while there is a [`RegionCode`].

use super::{ExecError, Place, Placed, Region, region::Ground, sys::Writable};
use crate::{Code, Direction, Down, Encoder, FinishError, Isa, Symbol};
use core::ops::Deref;

/// An encoder and the [`Region`] that it fills, made by [`Region::into_encoder`].
///
/// ```
/// # #[cfg(target_arch = "x86_64")] {
/// use tailfirst::{Label, exec::{Arena, ExecCode, Region, RegionEncoder}, x64::*};
///
/// /// A compiler, whose methods may be called one by one.
/// struct Compiler {
///     code: RegionEncoder<X64>,
///     entry: Option<Label>,
/// }
///
/// impl Compiler {
///     fn new(region: Region) -> Compiler {
///         Compiler { code: region.into_encoder(), entry: None }
///     }
///
///     fn result(&mut self, value: i32) {
///         let entry = self.code.write(|enc| {
///             enc.ret();
///             enc.mov_r32_imm32(EAX, value);
///             enc.here()
///         });
///         self.entry = Some(entry);
///     }
///
///     fn publish(mut self) -> Result<(ExecCode, Option<usize>), Box<dyn std::error::Error>> {
///         let code = self.code.finish()?;
///         let entry = self.entry.and_then(|entry| code.offset_of(entry));
///         let placed = code.link(|_symbol| None)?;
///         Ok((self.code.into_region().publish(placed)?, entry))
///     }
/// }
///
/// let arena = Arena::builder().build()?;
/// let mut compiler = Compiler::new(arena.region(64)?);
/// compiler.result(42);
/// let (code, entry) = compiler.publish()?;
/// let function = code.function::<unsafe extern "C" fn() -> i32>(entry.expect("bound"))?;
/// // SAFETY: such a function was emitted there.
/// assert_eq!(unsafe { function() }, 42);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It may go to other threads, as a region cannot. So a compiler takes regions in an order of its own, lets threads
/// fill them, and links what they have written to each other when all of it is there:
///
/// ```
/// # #[cfg(target_arch = "x86_64")] {
/// use std::thread;
/// use tailfirst::{Symbol, exec::{Arena, RegionEncoder}, x64::*};
///
/// let arena = Arena::builder().build()?;
/// let mut caller: RegionEncoder<X64> = arena.region(64)?.into_encoder();
/// let mut callee: RegionEncoder<X64> = arena.region(64)?.into_encoder();
/// const CALLEE: Symbol = Symbol(0);
/// thread::scope(|scope| {
///     scope.spawn(|| caller.write(|enc| enc.jmp(CALLEE)));
///     scope.spawn(|| {
///         callee.write(|enc| {
///             enc.ret();
///             enc.mov_r32_imm32(EAX, 42);
///         })
///     });
/// });
/// let placed = callee.finish()?.link(|_| None)?;
/// let callee = callee.into_region().publish(placed)?;
/// let placed = caller.finish()?.link(|_| Some(callee.address()))?;
/// let caller = caller.into_region().publish(placed)?;
/// let function = caller.function::<unsafe extern "C" fn() -> i32>(0)?;
/// // SAFETY: the code jumps to such a function.
/// assert_eq!(unsafe { function() }, 42);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Code borrows the encoder, so nothing is emitted after it is finished, and the region comes back when nobody can emit
/// any more:
///
/// ```compile_fail,E0499
/// # use tailfirst::{exec::*, x64::*};
/// # fn late(mut enc: RegionEncoder<X64>) {
/// let code = enc.finish().unwrap();
/// enc.write(|enc| enc.ret());
/// code.bytes();
/// # }
/// ```
/// ```compile_fail,E0382
/// # use tailfirst::{exec::*, x64::*};
/// # fn late(mut enc: RegionEncoder<X64>) {
/// let region = enc.into_region();
/// enc.write(|enc| enc.ret());
/// # }
/// ```
///
/// The encoder does not leave the closure, and none with other memory comes in:
///
/// ```compile_fail,E0521
/// # use tailfirst::{exec::*, x64::*};
/// # fn out(enc: &mut RegionEncoder<X64>) {
/// let mut kept = None;
/// enc.write(|enc| kept = Some(std::mem::replace(enc, Encoder::new())));
/// # }
/// ```
/// ```compile_fail,E0597
/// # use tailfirst::{exec::*, x64::*};
/// # fn into(enc: &mut RegionEncoder<X64>) {
/// let mut memory = [0; 16];
/// let other = Encoder::in_slice(&mut memory);
/// enc.write(|enc| *enc = other);
/// # }
/// ```
pub struct RegionEncoder<I: Isa, D: Direction = Down> {
    /// Writes into the region's bytes, which nobody else uses: `ground` is not given out, and no bytes of it.
    // Invariant(outlived): or into memory that lasts forever, or its own.
    encoder: Encoder<'static, I, D>,
    ground: Ground,
}

impl Region {
    /// An encoder that fills the region and owns it.
    pub fn into_encoder<I: Isa, D: Direction>(mut self) -> RegionEncoder<I, D> {
        let bytes: *mut [u8] = self.bytes_mut();
        // SAFETY: the memory is not in the region but in the arena, and the region, which keeps it, is given away only
        // with the encoder gone: Invariant(outlived).
        let bytes: &'static mut [u8] = unsafe { &mut *bytes };
        RegionEncoder { encoder: Encoder::in_slice(bytes), ground: self.ground }
    }
}

impl<I: Isa, D: Direction> RegionEncoder<I, D> {
    /// Emits: `write` gets the encoder.
    pub fn write<R>(&mut self, write: impl for<'buf> FnOnce(&mut Encoder<'buf, I, D>) -> R) -> R {
        let _writable = Writable::new();
        // Invariant(outlived): what serves for every lifetime cannot keep the encoder, whose lifetime it does not know,
        // nor replace it by one that lives shorter.
        write(&mut self.encoder)
    }

    /// Where the region is.
    pub fn place(&self) -> Place {
        self.ground.place()
    }

    /// As [`Encoder::finish`]: the code, to be [linked](RegionCode::link). It may be finished again, in another thread
    /// too.
    ///
    /// # Errors
    /// Those of [`Encoder::finish`].
    pub fn finish(&mut self) -> Result<RegionCode<'_, I>, FinishError> {
        let writable = Writable::new();
        Ok(RegionCode { place: self.ground.place(), code: self.encoder.finish()?, _writable: writable })
    }

    /// The region, to [publish](Region::publish) what was linked, or for something else.
    pub fn into_region(self) -> Region {
        Region::on(self.ground)
    }
}

/// The [`Code`] of a [`RegionEncoder`], as which it is read. It stays in the thread that has finished it, which may
/// write on Apple silicon as long as it is there.
///
/// ```compile_fail,E0277
/// # use tailfirst::{exec::*, x64::*};
/// fn elsewhere(code: RegionCode<'static, X64>) {
///     std::thread::spawn(move || code.bytes().len());
/// }
/// ```
pub struct RegionCode<'enc, I: Isa> {
    place: Place,
    /// Not given out to be changed: in the place of another it would be linked where the thread may not write.
    code: Code<'enc, I>,
    /// On Apple silicon, what lets the thread write while the code is linked.
    _writable: Writable,
}

impl<I: Isa> RegionCode<'_, I> {
    /// Where its region is.
    pub fn place(&self) -> Place {
        self.place
    }

    /// [Links](Place::link) the code for the place where it will run.
    ///
    /// # Errors
    /// Those of [`Place::link`]; [`ExecError::ForeignCode`] if another encoder was put in the place of the region's.
    pub fn link(mut self, resolve: impl FnMut(Symbol) -> Option<u64>) -> Result<Placed, ExecError> {
        self.place.link(&mut self.code, resolve)
    }
}

impl<'enc, I: Isa> Deref for RegionCode<'enc, I> {
    type Target = Code<'enc, I>;

    fn deref(&self) -> &Code<'enc, I> {
        &self.code
    }
}

impl<I: Isa, D: Direction> core::fmt::Debug for RegionEncoder<I, D> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("RegionEncoder").field("place", &self.place()).finish_non_exhaustive()
    }
}

impl<I: Isa> core::fmt::Debug for RegionCode<'_, I> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("RegionCode").field("len", &self.bytes().len()).finish_non_exhaustive()
    }
}
