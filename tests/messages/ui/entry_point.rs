//! A function's type without a convention.

use tailfirst::exec::ExecCode;

fn enter(code: &ExecCode) {
    let _ = code.function::<fn(u64) -> u64>(0);
}

fn main() {}
