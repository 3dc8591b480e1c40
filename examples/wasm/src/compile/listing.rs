//! WebAssembly beside the machine code that it became, of either instruction set.
//!
//! While a module is emitted, the back end marks where the code of each instruction begins. A comment there has the
//! text of the instruction, and of those before it that became nothing by themselves: a `local.get`, a constant that is
//! an immediate, a comparison that is a branch's. Code that is not in the order of the text, edges' moves and what
//! traps lead to, stands below its function.

use std::collections::HashMap;

use tailfirst::listing::{Disassemble, Listing};

use super::aarch64::A64;
use super::target::{CodeLabel, StubLabels, Target};
use super::x64::X64;
use super::{CompileError, Config, emit_functions, emit_stubs};
use crate::ir::decode::{Decoded, Scratch, decode};
use crate::ir::module::ModuleInfo;

/// An instruction set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Isa {
    X64,
    Aarch64,
}

impl Isa {
    /// That of the machine that this runs on.
    #[cfg(target_arch = "x86_64")]
    pub const HOST: Isa = Isa::X64;
    #[cfg(target_arch = "aarch64")]
    pub const HOST: Isa = Isa::Aarch64;
}

/// Compiles a module for reading.
pub fn listing(wasm: &[u8], config: &Config, isa: Isa) -> Result<String, CompileError> {
    let module = decode(wasm)?;
    let text = lines(wasm);
    match isa {
        Isa::X64 => {
            let mut enc = tailfirst::x64::Encoder::new();
            let mut target = X64::new(&mut enc, config.bounds);
            target.notes.marks = Some(vec![]);
            let labels = emit(&module, &mut target)?;
            let marks = target.notes.marks.unwrap_or_default();
            Ok(render(&enc.finish()?, &module.info, &labels, &marks, &text))
        }
        Isa::Aarch64 => {
            let mut enc = tailfirst::aarch64::Encoder::new();
            let mut target = A64::new(&mut enc, config.bounds);
            target.notes.marks = Some(vec![]);
            let labels = emit(&module, &mut target)?;
            let marks = target.notes.marks.unwrap_or_default();
            Ok(render(&enc.finish()?, &module.info, &labels, &marks, &text))
        }
    }
}

/// Where everything is.
struct Labels {
    exit: CodeLabel,
    stubs: Vec<StubLabels>,
    functions: Vec<CodeLabel>,
}

/// Emits all of a module as one part.
fn emit<T: Target>(module: &Decoded<'_>, target: &mut T) -> Result<Labels, CompileError> {
    let (exit, stubs) = emit_stubs(&module.info, target);
    let all = 0..module.bodies.len();
    let (functions, _) = emit_functions(module, all, target, &mut Scratch::default(), &|| {})?;
    Ok(Labels { exit, stubs, functions: functions.labels })
}

/// The module's text, line by line, with the offset that each line was printed from.
fn lines(wasm: &[u8]) -> Vec<(u32, String)> {
    let mut storage = String::new();
    let mut config = wasmprinter::Config::new();
    let Ok(lines) = config.name_unnamed(false).offsets_and_lines(wasm, &mut storage) else { return vec![] };
    lines.filter_map(|(offset, line)| Some((offset? as u32, line.trim().to_string()))).collect()
}

fn render<I: Disassemble>(
    code: &tailfirst::Code<'_, I>,
    info: &ModuleInfo,
    labels: &Labels,
    marks: &[(CodeLabel, u32)],
    text: &[(u32, String)],
) -> String {
    let mut listing = Listing::new();
    listing.name(labels.exit, "exit");
    for (number, stubs) in labels.stubs.iter().enumerate() {
        listing.name(stubs.entry, format!("entry{number}"));
        listing.name(stubs.host, format!("host{number}"));
    }
    let names: HashMap<_, _> = info.names.iter().map(|(index, name)| (*index as usize, name)).collect();
    for (index, &label) in (info.imported_functions..).zip(&labels.functions) {
        match names.get(&index) {
            Some(name) => listing.name(label, format!("function{index}_{name}")),
            None => listing.name(label, format!("function{index}")),
        }
    }
    // Marks are in the order in which code grew: within a function, an instruction comes after those that follow it.
    for (at, &(label, offset)) in marks.iter().enumerate() {
        let before = marks.get(at + 1).map_or(0, |&(_, before)| before);
        if before >= offset {
            continue;
        }
        let from = text.partition_point(|&(line, _)| line <= before);
        let to = text.partition_point(|&(line, _)| line <= offset);
        if from < to {
            let lines: Vec<_> = text[from..to].iter().map(|(_, line)| line.as_str()).collect();
            listing.comment(label, lines.join("\n"));
        }
    }
    listing.of(code).with_offsets().to_string()
}
