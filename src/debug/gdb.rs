//! gdb's JIT interface (the gdb manual, chapter "JIT Compilation Interface").
//!
//! A debugger puts a breakpoint on `__jit_debug_register_code`. A program that has new code links an entry with an
//! object file in memory into a list that begins in `__jit_debug_descriptor`, says there what it has done, and calls
//! that function. The debugger knows both by name, so a program can have them once only: another library linked in
//! statically that defines them (LLVM does) fails to link beside this feature.

use super::{Function, image::image};
use core::{cell::UnsafeCell, ffi::c_int, ptr};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An object file that the debugger knows. `struct jit_code_entry`.
#[repr(C)]
struct Entry {
    next: *mut Entry,
    previous: *mut Entry,
    image: *const u8,
    image_len: u64,
}

/// `struct jit_descriptor`.
#[repr(C)]
struct Descriptor {
    version: u32,
    action: u32,
    relevant: *mut Entry,
    first: *mut Entry,
}

const NO_ACTION: u32 = 0;
const REGISTER: u32 = 1;
const UNREGISTER: u32 = 2;

#[repr(transparent)]
struct Shared(UnsafeCell<Descriptor>);

// SAFETY: the descriptor, and the entries that it leads to, are accessed
// 1. by who holds `LOCK`, which only `List::lock` takes;
// 2. by the debugger, which reads while this process stands still.
unsafe impl Sync for Shared {}

#[unsafe(export_name = "__jit_debug_descriptor")]
static DESCRIPTOR: Shared = Shared(UnsafeCell::new(Descriptor {
    version: 1,
    action: NO_ACTION,
    relevant: ptr::null_mut(),
    first: ptr::null_mut(),
}));

static LOCK: Mutex<()> = Mutex::new(());

/// Where the debugger stops to read the descriptor.
#[unsafe(export_name = "__jit_debug_register_code")]
#[inline(never)]
extern "C" fn debugger_stops_here() {
    // SAFETY: an empty text does nothing. To the compiler it may read and write any memory, so the descriptor is
    // written before.
    unsafe { core::arch::asm!("") };
}

/// The list of entries, locked.
struct List {
    _guard: MutexGuard<'static, ()>,
}

impl List {
    fn lock() -> List {
        // No code that holds the lock can panic, so it is never poisoned halfway.
        List { _guard: LOCK.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    fn descriptor(&mut self) -> &mut Descriptor {
        // SAFETY:
        // 1. the lock is held, so no other thread has a reference;
        // 2. the reference borrows `self`, so this thread has no other;
        // 3. the debugger reads in `tell` only, when it is not in use.
        unsafe { &mut *DESCRIPTOR.0.get() }
    }

    fn tell(&mut self, action: u32, entry: *mut Entry) {
        let descriptor = self.descriptor();
        (descriptor.action, descriptor.relevant) = (action, entry);
        debugger_stops_here();
        let descriptor = self.descriptor();
        (descriptor.action, descriptor.relevant) = (NO_ACTION, ptr::null_mut());
    }

    /// # Safety
    /// * `entry` is in no list, and nothing else refers to it until it is unlinked.
    unsafe fn link(&mut self, entry: *mut Entry) {
        let first = core::mem::replace(&mut self.descriptor().first, entry);
        // SAFETY: 1. by contract `entry` is valid and ours; 2. `first` is null, or linked and so valid, and the lock is
        // held.
        unsafe {
            debug_assert!((*entry).next.is_null() && (*entry).previous.is_null());
            (*entry).next = first;
            if let Some(first) = first.as_mut() {
                first.previous = entry;
            }
        }
        self.tell(REGISTER, entry);
    }

    /// # Safety
    /// * `entry` is linked.
    unsafe fn unlink(&mut self, entry: *mut Entry) {
        // SAFETY: `entry` is linked by contract; its neighbours are null, or linked and so valid. The lock is held.
        unsafe {
            let Entry { next, previous, .. } = *entry;
            match previous.as_mut() {
                Some(previous) => previous.next = next,
                None => {
                    debug_assert_eq!(self.descriptor().first, entry);
                    self.descriptor().first = next;
                }
            }
            if let Some(next) = next.as_mut() {
                next.previous = previous;
            }
        }
        self.tell(UNREGISTER, entry);
    }
}

/// A function that the debugger knows, until this is dropped.
///
/// ```
/// use tailfirst::{debug::{Function, GdbRegistration}, x64::*};
///
/// let mut enc = Encoder::new();
/// enc.ret();
/// let code = enc.finish()?;
/// let address = 0x7F00_0000_1000; // where `code.bytes()` were copied to
/// let registration = GdbRegistration::new(&Function::new("nothing", address, code.bytes()));
/// // ... run it ...
/// drop(registration); // before the memory is used for something else
/// # Ok::<(), tailfirst::FinishError>(())
/// ```
pub struct GdbRegistration {
    // Invariant(linked): made by `Box::into_raw`, and linked.
    entry: *mut Entry,
    /// What the entry points to.
    image: Box<[u8]>,
}

// SAFETY: the entry is accessed under the lock only, from whatever thread; the image is owned.
unsafe impl Send for GdbRegistration {}
// SAFETY: a shared registration gives out nothing but the image.
unsafe impl Sync for GdbRegistration {}

impl GdbRegistration {
    /// Tells the debugger about a function. Without a debugger, it costs the memory of an object file: some hundred
    /// bytes.
    pub fn new(function: &Function<'_>) -> Self {
        let image = image(function).into_boxed_slice();
        let entry = Box::into_raw(Box::new(Entry {
            next: ptr::null_mut(),
            previous: ptr::null_mut(),
            image: image.as_ptr(),
            image_len: image.len() as u64,
        }));
        // SAFETY: 1. the entry is new; 2. only `drop` takes it back, and unlinks it before.
        unsafe { List::lock().link(entry) };
        GdbRegistration { entry, image }
    }

    /// The object file that the debugger reads: ELF, with a symbol, the frame rules, and the lines as DWARF.
    pub fn image(&self) -> &[u8] {
        &self.image
    }
}

impl Drop for GdbRegistration {
    fn drop(&mut self) {
        // SAFETY: Invariant(linked); after `unlink` nothing else refers to the entry.
        unsafe {
            List::lock().unlink(self.entry);
            drop(Box::from_raw(self.entry));
        }
    }
}

impl core::fmt::Debug for GdbRegistration {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("GdbRegistration").field("image_len", &self.image.len()).finish_non_exhaustive()
    }
}

const _: () = assert!(size_of::<c_int>() == size_of::<u32>(), "the descriptor's fields are C's");
