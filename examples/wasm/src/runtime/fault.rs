//! Faults of compiled code become traps.
//!
//! Code does not check what the processor checks: it divides, it accesses memory that may be without access, and where
//! it finds that it must trap it executes an undefined instruction. Each is a *trap site*, of which the compiler noted
//! the kind and the place in the WebAssembly module. The system interrupts the thread with a signal; the handler here
//! looks up the site, notes the trap in the thread's newest crossing, and changes where the thread goes on: at the
//! exit, with the trap's number as what the entry will return.
//!
//! The handler takes no lock and allocates nothing. It looks at the program counter first, and what is not a trap site
//! is none of its business: it hands on to the handler that was there before, or lets the system end the process.

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;

use libc::{c_int, c_void, sigaction, siginfo_t};

use super::crossing::Crossing;

const SIGNALS: [c_int; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE];

/// What handled each signal before.
static BEFORE: OnceLock<[sigaction; 4]> = OnceLock::new();

/// Installs the handler, once a process.
pub(super) fn install() {
    BEFORE.get_or_init(|| {
        SIGNALS.map(|signal| {
            let mut before = MaybeUninit::<sigaction>::zeroed();
            // SAFETY: all zero is a valid `sigaction`. The handler is of the type that SA_SIGINFO demands, and calls
            // only what a signal handler may.
            unsafe {
                let mut action: sigaction = std::mem::zeroed();
                action.sa_sigaction = handle as *const () as usize;
                // On the alternate stack, which Rust's threads have: the stack may be what faults, if not in code.
                action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
                libc::sigemptyset(&mut action.sa_mask);
                let failed = libc::sigaction(signal, &action, before.as_mut_ptr());
                assert_eq!(failed, 0, "signal {signal} can be handled");
                before.assume_init()
            }
        })
    });
}

extern "C" fn handle(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the system passes the interrupted thread's state, which nobody else refers to.
    let machine = unsafe { Machine::of(context) };
    // SAFETY: the crossing is there while its code is interrupted.
    if let Some(crossing) = unsafe { Crossing::newest() } {
        // SAFETY: a crossing's store exists as long as it.
        let store = unsafe { &*crossing.store };
        if let Some(trap) = store.trap_at(*machine.pc as usize) {
            crossing.trap.set(Some(trap));
            *machine.pc = crossing.exit as _;
            *machine.result = trap.kind as Word + 1;
            return;
        }
    }
    hand_on(signal, info, context);
}

/// What the system has for a register.
#[cfg(target_arch = "x86_64")]
type Word = libc::greg_t;
#[cfg(target_arch = "aarch64")]
type Word = u64;

/// The registers of an interrupted thread that matter here.
struct Machine<'a> {
    pc: &'a mut Word,
    /// Where a function returns its result.
    result: &'a mut Word,
}

impl Machine<'_> {
    /// # Safety
    /// The pointer is what the system gave the handler.
    #[cfg(target_arch = "x86_64")]
    unsafe fn of<'a>(context: *mut c_void) -> Machine<'a> {
        // SAFETY: by the caller's promise.
        let registers = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
        const _: () = assert!(libc::REG_RAX < libc::REG_RIP);
        let (low, high) = registers.split_at_mut(libc::REG_RIP as usize);
        Machine { pc: &mut high[0], result: &mut low[libc::REG_RAX as usize] }
    }

    /// # Safety
    /// As above.
    #[cfg(target_arch = "aarch64")]
    unsafe fn of<'a>(context: *mut c_void) -> Machine<'a> {
        // SAFETY: by the caller's promise.
        let machine = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext };
        Machine { pc: &mut machine.pc, result: &mut machine.regs[0] }
    }
}

/// The handler before this one takes the signal. If there was none, the default returns to its place, and the
/// instruction faults once more.
fn hand_on(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let before = SIGNALS.iter().position(|&known| known == signal).and_then(|index| Some(&BEFORE.get()?[index]));
    match before {
        Some(before) if before.sa_sigaction != libc::SIG_DFL && before.sa_sigaction != libc::SIG_IGN => {
            // SAFETY: that handler was installed for this signal, with or without the further arguments.
            unsafe {
                if before.sa_flags & libc::SA_SIGINFO != 0 {
                    let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) =
                        std::mem::transmute(before.sa_sigaction);
                    handler(signal, info, context);
                } else {
                    let handler: extern "C" fn(c_int) = std::mem::transmute(before.sa_sigaction);
                    handler(signal);
                }
            }
        }
        // SAFETY: the default action needs no handler.
        _ => unsafe {
            let mut action: sigaction = std::mem::zeroed();
            action.sa_sigaction = libc::SIG_DFL;
            libc::sigaction(signal, &action, ptr::null_mut());
        },
    }
}
