//! A function's type with a reference.

use tailfirst::exec::ExecCode;

fn enter(code: &ExecCode) {
    let _ = code.function::<unsafe extern "C" fn(&u64) -> u64>(0);
}

fn main() {}
