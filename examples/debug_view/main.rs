//! A function that debuggers and profilers can see: its name, its source lines, its frames.
//!
//! It is `apply(callback, n)`, which returns `callback(n) + 1`, compiled from a language that does not exist; its source is written beside
//! the maps. Run it in gdb, break in the callback, and ask for a backtrace:
//!
//! ```text
//! cargo build --features debug-info --example debug_view
//! gdb -ex 'break debug_view_callback' -ex run -ex backtrace --args target/debug/examples/debug_view /tmp
//! ```
//!
//! `.ci/gdb` does this and compares.

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
