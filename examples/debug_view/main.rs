//! A function that debuggers and profilers can see: its name, its source lines, its frames.
//!
//! It is `apply(callback, n)`, which returns `callback(n) + 1`, compiled from a language that does not exist; its
//! source is written beside the maps, in the directory that is the first argument, or /tmp. This runs it:
//!
//! ```sh
//! cargo run --example debug_view
//! ```
//!
//! And this runs it in gdb, stops in the callback, and asks for a backtrace:
//!
//! ```sh
//! cargo run --example debug_view --config 'target."cfg(unix)".runner = ["gdb", "-ex", "break debug_view_callback", "-ex", "run", "-ex", "backtrace", "--args"]'
//! ```
//!
//! `.ci/debuggers` and `.ci/perf` look at it with gdb, lldb and perf, and compare.

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod linux;

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    linux::main()
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn main() {
    println!("Linux on x86-64 and AArch64 only");
}
