//! Types of functions that code can be entered by.

/// A pointer to a function with a foreign convention, whose calls are unsafe: `unsafe extern "C" fn(A, B) -> R` with up
/// to twelve parameters, and on x86-64 also `extern "sysv64"` and `extern "win64"`, the same on every system.
///
/// Each has a sibling for functions that panics and foreign exceptions may leave, which must have [frame
/// rules](crate::unwind) that the process's unwinder knows: `extern "C-unwind"`, `extern "sysv64-unwind"`, `extern
/// "win64-unwind"`.
///
/// Sealed. Types like `unsafe extern "C" fn(&T)`, whose parameters have lifetimes of any length, are of another sort to
/// the compiler and not among these: let such parameters be raw pointers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no type of function that code can be entered by",
    label = "expected a type such as `unsafe extern \"C\" fn(u64) -> u64`",
    note = "calls are unsafe, the convention is foreign, there are at most twelve parameters, and none is a reference"
)]
pub trait EntryPoint: Copy + sealed::EntryPoint {}

#[diagnostic::do_not_recommend]
impl<F: Copy + sealed::EntryPoint> EntryPoint for F {}

pub(super) mod sealed {
    pub trait EntryPoint {
        /// The function at `address`.
        fn at(address: *const u8) -> Self;
    }
}

macro_rules! entry_points {
    ($($abi:literal)*) => { $(entry_points!($abi: A B C D E F G H I J K L);)* };
    ($abi:literal: $($first:ident $($rest:ident)*)?) => {
        impl<R $(, $first $(, $rest)*)?> sealed::EntryPoint
            for unsafe extern $abi fn($($first $(, $rest)*)?) -> R
        {
            fn at(address: *const u8) -> Self {
                // SAFETY: both are pointers, not null, of one size. Making the function is harmless; calling it is
                // unsafe.
                unsafe { core::mem::transmute::<*const u8, Self>(address) }
            }
        }
        $(entry_points!($abi: $($rest)*);)?
    };
}

entry_points!("C" "C-unwind");
#[cfg(target_arch = "x86_64")]
entry_points!("sysv64" "sysv64-unwind" "win64" "win64-unwind");
