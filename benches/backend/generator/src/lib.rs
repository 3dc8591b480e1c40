//! Writes the `match` of each contender's back end, from one description.
//!
//! A JIT's lowering code has hundreds to thousands of calls of encoder functions, most of them executed rarely. What an
//! assembler costs there, in time, size and building, loops over a dozen calls do not show. So there is a back end for
//! each contender:
//!
//! ```text
//!   forms.rs --> description.rs --> tailfirst.rs, luajit.rs, ... --> a contender's build script --> its `match`
//!                      |
//!                      +--> the runner, which decodes what a contender assembles and holds it against the description
//! ```
//!
//! A contender is a package of its own (`../contenders`), so that its build can be timed and its machine code measured.
//! All get the same programs of the same operations (`../ir`). `benches/backend.sh` makes the tables.

mod description;
mod dynasm;
mod forms;
mod iced;
mod luajit;
mod tailfirst;

pub use description::{CONDITIONS, Call, Condition, KINDS, Operand, arms};

use std::fmt::Write;
use std::path::Path;

/// Where code of a contender is placed next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Growth {
    Down,
    Up,
}

/// A way to write a call down.
trait Writer {
    const GROWTH: Growth;
    /// The statement that places the instruction.
    fn call(&mut self, call: &Call) -> String;
    /// What the calls need beside the `match`.
    fn items(&self) -> String {
        String::new()
    }
}

/// The contenders.
#[derive(Clone, Copy)]
pub enum Contender {
    /// tailfirst by plain calls, growing down.
    Tailfirst,
    /// The same, growing up.
    TailfirstUp,
    /// tailfirst behind functions that are not inlined.
    TailfirstOutlined,
    /// tailfirst with a batch around each operation, growing down.
    TailfirstBatch,
    /// LuaJIT's way, inlined.
    Luajit,
    /// The same, not inlined.
    LuajitOutlined,
    /// dynasm-rs.
    Dynasm,
    /// iced-x86.
    Iced,
}

/// For build scripts: writes `arms.rs`, an expression, and `items.rs` into `OUT_DIR`.
///
/// If the environment variable `BACKEND_CHANGED_ARM` has a number, another instruction stands at the end of one arm,
/// and another for each number: so it is measured what a rebuild takes.
pub fn build_script(contender: Contender) {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=BACKEND_CHANGED_ARM");
    println!("cargo::rustc-check-cfg=cfg(upward, batched, inlined)");
    match contender {
        Contender::TailfirstUp => println!("cargo::rustc-cfg=upward"),
        Contender::TailfirstBatch => println!("cargo::rustc-cfg=batched"),
        Contender::Luajit => println!("cargo::rustc-cfg=inlined"),
        _ => {}
    }
    let changed = std::env::var("BACKEND_CHANGED_ARM").ok().and_then(|number| number.parse().ok());
    let mut arms = arms();
    if let Some(number) = changed {
        let arm = KINDS / 2;
        let copied = arms.concat().into_iter().filter(|call| call.condition == Condition::None).nth(number);
        arms[arm].extend(copied);
    }
    let (text, items) = match contender {
        Contender::Tailfirst | Contender::TailfirstBatch => write(&mut tailfirst::Plain::<false>, &arms),
        Contender::TailfirstUp => write(&mut tailfirst::Plain::<true>, &arms),
        Contender::TailfirstOutlined => write(&mut tailfirst::Outlined::default(), &arms),
        Contender::Luajit | Contender::LuajitOutlined => write(&mut luajit::Luajit, &arms),
        Contender::Dynasm => write(&mut dynasm::Dynasm, &arms),
        Contender::Iced => write(&mut iced::Iced, &arms),
    };
    let out = std::env::var_os("OUT_DIR").expect("cargo says where to write");
    let put = |name, text| std::fs::write(Path::new(&out).join(name), text).expect("the directory can be written to");
    put("arms.rs", text);
    put("items.rs", items);
}

fn write<W: Writer>(writer: &mut W, arms: &[Vec<Call>]) -> (String, String) {
    let mut text = String::from("match op.kind {\n");
    for (kind, arm) in arms.iter().enumerate() {
        let mut calls: Vec<_> = arm.iter().map(|call| writer.call(call)).collect();
        if W::GROWTH == Growth::Down {
            calls.reverse();
        }
        let _ = writeln!(text, "    {kind} => {{\n        {}\n    }}", calls.join("\n        "));
    }
    text.push_str("    kind => unreachable!(\"no operation is of kind {kind}\"),\n}\n");
    (text, writer.items())
}
