//! Executable memory: an arena of addresses, code written in place, and patches of code that runs.
//!
//! Finished code runs by one call, [`Arena::load`], which copies it:
//!
//! ```
//! # #[cfg(target_arch = "x86_64")] {
//! use tailfirst::{exec::Arena, x64::*};
//!
//! let mut asm = Assembler::new();
//! asm.lea_r64_m(RAX, RDI + RSI * 2);
//! asm.ret();
//! let code = Arena::new()?.load(&asm.finish()?, |_symbol| None)?;
//!
//! let function = code.function::<unsafe extern "sysv64" fn(u64, u64) -> u64>(0)?;
//! // SAFETY: such a function was emitted there.
//! assert_eq!(unsafe { function(2, 20) }, 42);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! But a JIT wants its traces near one another, so that branches between them always reach; wants to know the addresses
//! before it emits; wants no copy and no call of the system for every trace; and it wants no page that is writable and
//! executable. An [`Arena`] is a reserved range of addresses, if possible near the program's own code. It hands out
//! [`Region`]s, which an encoder fills from the end; publishing one makes it an [`ExecCode`] and gives back what was
//! not needed. Dropping that frees it.
//!
//! ```
//! # #[cfg(target_arch = "x86_64")] {
//! use tailfirst::{exec::Arena, x64::*};
//!
//! let arena = Arena::builder().reserve(16 << 20).build()?;
//! let mut region = arena.region(4096)?;
//! let place = region.place();
//! let mut enc = Encoder::in_slice(region.bytes_mut()); // no copy: this is where it will run
//! enc.ret();
//! enc.lea_r64_m(RAX, RDI + RSI * 2);
//! let entry = enc.here();
//! let mut code = enc.finish()?;
//! let placed = place.link(&mut code, |_symbol| None)?;
//! let offset = code.offset_of(entry).expect("bound above");
//! let code = region.publish(placed)?;
//!
//! let function = code.function::<unsafe extern "sysv64" fn(u64, u64) -> u64>(offset)?;
//! // SAFETY: such a function was emitted there.
//! assert_eq!(unsafe { function(2, 20) }, 42);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The encoder borrows the region, so nothing can be emitted after publishing:
//!
//! ```compile_fail,E0505
//! # use tailfirst::{exec::*, x64::*};
//! # fn late(mut region: Region) {
//! let place = region.place();
//! let mut enc = Encoder::in_slice(region.bytes_mut());
//! let placed = place.link(&mut enc.finish().unwrap(), |_| None).unwrap();
//! let code = region.publish(placed).unwrap();
//! enc.ret();
//! # }
//! ```
//! ```compile_fail,E0382
//! # use tailfirst::exec::*;
//! # fn late(mut region: Region, placed: Placed) {
//! let code = region.publish(placed).unwrap();
//! region.bytes_mut()[0] = 0xCC;
//! # }
//! ```
//!
//! A compiler that wants both in one struct takes a [`RegionEncoder`], which owns the region. So does one that compiles
//! in several threads.
//!
//! # From an arena to code that runs
//!
//! ```text
//! with borrows:
//!
//! Arena ──region──> Region ───────────────────publish(Placed)───────────────────> ExecCode
//!                     └ bytes_mut ─> Encoder ──finish──> Code ──Place::link──> Placed
//!
//! with an owner:
//!
//! Region ──into_encoder──> RegionEncoder ──into_region──> Region ──publish(Placed)──> ExecCode
//!                            └ finish ─> RegionCode ──link──> Placed
//!
//! without a region of one's own:
//!
//! Encoder ──finish──> Code ──Arena::load──> ExecCode
//! ```
//!
//! | | what it is | may change threads |
//! |---|---|---|
//! | [`Arena`] | a range of addresses | yes, and be shared |
//! | [`Region`] | a part of it to write into, not executable | no |
//! | [`RegionEncoder`] | a region with the encoder that fills it | yes |
//! | [`RegionCode`] | what that encoder has finished, to be read and linked | no |
//! | [`Placed`] | the proof that a code is linked, for this region | yes |
//! | [`ExecCode`] | published code, executable and not writable | yes, and be shared |
//!
//! # Calls to the program
//!
//! Addresses are symbols' values; nobody looks up names. Whether a function is near or far need not be known: a branch
//! that does not reach it is led there by a veneer, a jump below the code ([`Place::link`]).
//!
//! ```
//! # #[cfg(target_arch = "x86_64")] {
//! use tailfirst::{Symbol, exec::Arena, x64::*};
//!
//! extern "sysv64" fn half(n: u64) -> u64 {
//!     n / 2
//! }
//! const HALF: Symbol = Symbol(0);
//!
//! let arena = Arena::builder().build()?;
//! let mut region = arena.region(64)?;
//! let place = region.place();
//! let mut enc = Encoder::in_slice(region.bytes_mut());
//! enc.jmp(HALF);
//! let mut code = enc.finish()?;
//! let placed = place.link(&mut code, |symbol| (symbol == HALF).then_some(half as *const () as u64))?;
//! let code = region.publish(placed)?;
//! let function = code.function::<unsafe extern "sysv64" fn(u64) -> u64>(0)?;
//! // SAFETY: the code jumps to such a function.
//! assert_eq!(unsafe { function(42) }, 21);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | | bytes | for whom | can be changed |
//! |---|---|---|---|
//! | a veneer, by [linking](Place::link) | 16 for each far target, if there are any | this code | no |
//! | a stub, by [`Arena::callable`] | 16 for each far target | all codes of the arena, as long as that lives | no |
//! | a slot, by [`constant_address`](crate::Encoder::constant_address) | 8 for each target | this code | [yes](SiteKind::Slot) |
//!
//! A slot is an address that code calls through: `call [rip + slot]` on x86-64, `ldr x16, slot` and `blr x16` on
//! AArch64. One store leads all calls through it elsewhere, at any distance, while they run: to a function that has
//! just been compiled, say, and was interpreted before.
//!
//! ```
//! # #[cfg(target_arch = "x86_64")] {
//! use tailfirst::{Symbol, exec::*, x64::*};
//!
//! extern "sysv64" fn half(n: u64) -> u64 {
//!     n / 2
//! }
//! extern "sysv64" fn third(n: u64) -> u64 {
//!     n / 3
//! }
//! const CALLEE: Symbol = Symbol(0);
//!
//! let arena = Arena::builder().build()?;
//! let mut region = arena.region(64)?;
//! let place = region.place();
//! let mut enc = Encoder::in_slice(region.bytes_mut());
//! let slot = enc.constant_address(CALLEE);
//! enc.ret();
//! enc.pop_r64(RCX);
//! enc.call_rm64(slot); // On AArch64: `enc.blr(X16); enc.ldr_x_lit(X16, slot);`
//! enc.push_r64(RCX);
//! let entry = enc.here();
//! let mut code = enc.finish()?;
//! let placed = place.link(&mut code, |_| Some(half as *const () as u64))?;
//! let [entry, slot] = [entry, slot].map(|label| code.offset_of(label).expect("placed"));
//! let code = region.publish(placed)?;
//!
//! let function = code.function::<unsafe extern "sysv64" fn(u64) -> u64>(entry)?;
//! let slot = code.patch_site(Site { offset: slot, kind: SiteKind::Slot })?;
//! // SAFETY: the code calls such a function, the one or the other.
//! unsafe {
//!     assert_eq!(function(42), 21);
//!     code.patch(&[Patch { site: slot, value: Value::Target(third as *const () as u64) }])?;
//!     assert_eq!(function(42), 14);
//! }
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! All calls of one code to one symbol share its slot. For one of its own, place [the
//! address](crate::Encoder::data_address) as [`patchable`](crate::Encoder::patchable) data.
//!
//! # Writable, executable, never both
//!
//! [`Mode::Dual`] maps the memory twice, [`Mode::Flip`] changes what pages may be used for; [`Mode`] says what each
//! costs. Which instructions may be changed while they run, and when threads see it, is in [`patch`]; what is done for
//! caches, and what for other threads' pipelines, follows from the processor: nothing for new code on x86-64,
//! maintenance by cache lines and a `membarrier` on AArch64.
//!
//! A thread that learns the address of new code in one of the ways that order memory (a lock, a channel, an acquiring
//! load) runs that code. On AArch64 systems [that do not synchronize](Arena::synchronizes), it must execute an `isb`
//! first.
//!
//! # What this defends against, and what it leaves to you
//!
//! Someone who can make the program write where it should not wants to write code. Against that:
//!
//! * no address is writable and executable, at any time, not after a failed call of the system either (on Apple
//!   silicon: in no thread);
//! * in flip mode, no writable view of published code exists anywhere, but for the moment of a patch, at an address of
//!   its own;
//! * unused parts of the range have no access, and so have a page at both ends, and [if wanted](Builder::guard_pages)
//!   one below every region: a write or a jump that runs off an end faults; (Apple silicon has no guard pages, and its
//!   unused parts are like freed code);
//! * where pages are shared, freed code is overwritten with instructions that trap, and so are the gaps between codes;
//!   where not, freed pages lose all access;
//! * [if wanted](Builder::random_placement), places in the arena cannot be guessed from one another;
//! * on AArch64 under Linux, pages can be mapped with [PROT_BTI](Branches::Marked), so that indirect branches lead to
//!   marked places only;
//! * nobody can make the memory file of dual mode shorter, and it cannot be executed as a program;
//! * `Display` and `Debug` never print addresses or anything that reveals them, such as distances, instructions and
//!   values of patches. The errors' fields contain them.
//!
//! Left to you:
//!
//! * what the code does. This crate does not know whether it is right; so calling and patching are `unsafe`, and
//!   publishing is not;
//! * in dual mode, a writable view of all code exists. Its address is in no register or memory of running code unless
//!   you put it there, but it is in this process's memory. If that is too much, use flip mode;
//! * code can be read: its slots, stubs and veneers hold addresses of the program, and its instructions tell others;
//! * files for perf (feature `debug-info`), if you write them, tell all addresses to whoever may read them;
//! * constants in code are bytes in executable memory, and whoever chooses them chooses bytes that a wild jump may run
//!   into. Blind them if they come from a stranger;
//! * marks at entries: emit `endbr64` or `bti c` first of all in a function that is entered through a pointer, if the
//!   processor is to check that. This crate's stubs and veneers are reached by direct branches and need none. Nobody
//!   turns the check on for x86-64 code: Linux gives user programs shadow stacks, but no branch tracking;
//! * `fork`: in dual mode parent and child share the memory of code, writes included. Let a child `exec`, or use flip
//!   mode;
//! * speculation: nothing here keeps code from running ahead of its checks on guesses. Emit the barriers that you want;
//! * how much a stranger may compile: [limit](Builder::limit) the arena;
//! * keeping code alive that other code, or a thread still inside it, refers to; [`Function`] borrows its code, but a
//!   return address does not;
//! * signals and unwinding: code without unwind information cannot be unwound through.

mod arena;
mod builder;
mod code;
mod coherence;
mod entry;
mod error;
mod far;
#[cfg(all(test, target_os = "linux"))]
mod faults;
mod load;
mod owned;
pub mod patch;
mod pieces;
mod ranges;
mod region;
mod sys;
mod views;

pub use crate::{Site, SiteKind};
pub use arena::{Arena, Stats};
pub use builder::{Branches, Builder, Mode};
pub use code::{ExecCode, Function};
pub use entry::EntryPoint;
pub use error::{ExecError, Feature, Request};
pub use owned::{RegionCode, RegionEncoder};
pub use patch::{Patch, PatchError, PatchSite, Value};
pub use region::{Place, Placed, Region};
