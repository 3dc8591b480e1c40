//! The processor, as the machine that executes compiled code.
//!
//! All code lies in one arena, so that branches between traces always reach. It is written where it will run: the
//! encoder fills a region of the arena from its end, is linked for that place, and what the region has left over goes
//! back. Native code is entered by one C function, and left by returning from it; both are emitted by the back end,
//! once, as the *door*.
//!
//! Each exit begins with a jump that is a *patch site*. It leads to the door until the exit gets a side trace, and from
//! then on there. Code that was published changes in no other way.

use tailfirst::exec::{Arena, ExecCode, Patch, PatchSite, Region, Value};
use tailfirst::{FinishError, Symbol};

use crate::backend::{EmitError, HostBackend, LEAVE, LOOP_ALIGN, Source, trace_of_symbol};
use crate::bytecode::Slot;
use crate::compile::{Exit, compile};
use crate::context::Context;
use crate::ir::Trace;
use crate::vm::Machine;

/// The instruction set of the machine that this runs on, and the other; their encoders are the back ends.
#[cfg(target_arch = "aarch64")]
pub type Host = tailfirst::aarch64::A64;
#[cfg(target_arch = "aarch64")]
pub type Other = tailfirst::x64::X64;
#[cfg(target_arch = "x86_64")]
pub type Host = tailfirst::x64::X64;
#[cfg(target_arch = "x86_64")]
pub type Other = tailfirst::aarch64::A64;

pub type HostEncoder<'b> = tailfirst::Encoder<'b, Host>;

/// Context, linear memory, and the code to execute. The back end follows the System V convention wherever it runs.
#[cfg(target_arch = "x86_64")]
type Enter = unsafe extern "sysv64" fn(*mut Context, *mut u8, u64);
#[cfg(not(target_arch = "x86_64"))]
type Enter = unsafe extern "C" fn(*mut Context, *mut u8, u64);

/// What is asked of the arena for a trace at first, in bytes. Most are shorter; one that is not says how much it needs.
const REGION: usize = 1024;

pub struct Native {
    arena: Arena,
    door: ExecCode,
    /// The offset of `enter` in the door.
    enter: usize,
    /// The address of `leave`.
    leave: u64,
    traces: Vec<Published>,
}

/// A trace in the arena.
struct Published {
    code: ExecCode,
    /// The offset of its first instruction: the pool lies below.
    start: usize,
    /// The exits' jumps.
    sites: Vec<PatchSite>,
}

impl Published {
    fn start(&self) -> u64 {
        self.code.address() + self.start as u64
    }
}

impl Native {
    pub fn new() -> Result<Native, EmitError> {
        let arena = Arena::builder().build()?;
        let mut region = arena.region(REGION)?;
        let place = region.place();
        let mut enc = HostEncoder::in_slice(region.bytes_mut());
        let door = enc.door();
        let mut code = enc.finish()?;
        let placed = place.link(&mut code, |_| None)?;
        let (Some(enter), Some(leave)) = (code.offset_of(door.enter), code.offset_of(door.leave)) else {
            unreachable!("both labels are bound")
        };
        let door = region.publish(placed)?;
        let leave = door.address() + leave as u64;
        Ok(Native { arena, door, enter, leave, traces: vec![] })
    }

    /// Compiles a trace into a region, and publishes it.
    fn emit(
        &mut self,
        mut region: Region,
        trace: &Trace,
        pending: &[(Slot, Source)],
        first_exit: u32,
    ) -> Result<Vec<Exit>, EmitError> {
        let place = region.place();
        let mut enc = HostEncoder::in_slice(region.bytes_mut());
        let compiled = compile(&mut enc, trace, pending, first_exit)?;
        let mut code = enc.finish()?;
        let address = |symbol: Symbol| match trace_of_symbol(symbol) {
            Some(trace) => self.traces.get(trace).map(Published::start),
            None => (symbol == LEAVE).then_some(self.leave),
        };
        let placed = place.link(&mut code, address)?;

        let bound = |label| code.offset_of(label).expect("the label is bound");
        let start = bound(compiled.start);
        let sites: Vec<_> = compiled.stubs.iter().map(|stub| code.site(stub.site)).collect::<Result<_, _>>()?;
        let head = compiled.head.map(bound);

        let code = region.publish(placed)?;
        let sites = sites.into_iter().map(|site| code.patch_site(site)).collect::<Result<_, _>>()?;
        let is_aligned = |offset| (code.address() + offset as u64).is_multiple_of(LOOP_ALIGN.bytes() as u64);
        debug_assert!(head.is_none_or(is_aligned), "the loop's head is at {head:?}");
        self.traces.push(Published { code, start, sites });
        Ok(compiled.exits)
    }
}

impl Machine for Native {
    fn install(&mut self, trace: &Trace, pending: &[(Slot, Source)], first_exit: u32) -> Result<Vec<Exit>, EmitError> {
        let mut bytes = REGION;
        loop {
            let region = self.arena.region(bytes)?;
            match self.emit(region, trace, pending, first_exit) {
                Err(EmitError::Finish(FinishError::OutOfSpace { needed })) if needed > bytes => bytes = needed,
                installed => return installed,
            }
        }
    }

    fn attach(&mut self, (trace, exit): (usize, usize), side: usize) -> Result<(), EmitError> {
        let value = Value::Target(self.traces[side].start());
        let Published { code, sites, .. } = &self.traces[trace];
        // SAFETY:
        // 1. The site is the jump that `Backend::exit` emitted there.
        // 2. The side trace expects every value where the exit leaves it, and so does what the jump led to before.
        // 3. Traces are kept as long as `self`.
        unsafe { code.patch(&[Patch { site: sites[exit], value }]) }.map(|_undo| ()).map_err(EmitError::from)
    }

    unsafe fn run(&mut self, context: &mut Context, trace: usize) {
        let memory = context.state.memory.as_mut_ptr();
        let enter = self.door.function::<Enter>(self.enter).expect("the label is in the code");
        // SAFETY:
        // 1. `HostBackend::door` emitted a function of this type there.
        // 2. The trace was compiled for this context, by the caller's promise. It accesses the context, and the linear
        //    memory where a guard has found the address in bounds, and nothing else.
        // 3. All traces that it may go to exist as long as `self`, and regions only within `install`.
        unsafe { enter(context, memory, self.traces[trace].start()) };
    }
}
