//! The compiler: from a module's bytes to code that can run.
//!
//! All code of a module is one region of the arena, filled from its end: the exit, the stubs of each type, and then the
//! functions, the last one first. Each is decoded, [walked](walk) and forgotten before the next, so that memory is
//! bounded by the largest. Calls within the module are labels, and so are the places that trap.
//!
//! | module | subject |
//! |---|---|
//! | [`walk`], its `operands` | one pass from a function's last instruction to its first |
//! | [`state`], [`slots`] | which value is in which register there, and in which word of the frame |
//! | [`joins`], [`moves`] | labels, edges and loop heads, and the moves that make them agree |
//! | [`convention`] | where arguments and results are |
//! | [`target`] | what all this asks of a machine |
//! | [`x64`], [`aarch64`] | the machines |
//! | [`listing`] | WebAssembly beside machine code |

mod aarch64;
mod convention;
mod joins;
pub mod listing;
mod moves;
mod notes;
mod registers;
mod slots;
mod state;
mod target;
mod walk;
mod x64;

use std::time::{Duration, Instant};

use tailfirst::FinishError;
use tailfirst::exec::{Arena, ExecCode, ExecError, Region};
use wasmparser::ValType;

use crate::abi::{TrapKind, TrapSite};
use crate::ir::Class;
use crate::ir::decode::{Body, Decoded, Scratch, decode};
use crate::ir::module::ModuleInfo;
use target::{CodeLabel, StubLabels, Target};

/// The instruction set of the machine that this runs on.
#[cfg(target_arch = "aarch64")]
use {aarch64::A64 as Host, tailfirst::aarch64::Encoder as HostEncoder};
#[cfg(target_arch = "x86_64")]
use {tailfirst::x64::Encoder as HostEncoder, x64::X64 as Host};

/// How accesses outside memory are found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Bounds {
    /// By a comparison with the memory's size.
    Explicit,
    /// By a fault: every address that an instruction can form lies in the memory's reservation of 8 GiB and a page.
    #[default]
    Guard,
}

/// What may be chosen of a compilation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Config {
    pub bounds: Bounds,
}

/// A module that can be instantiated.
#[derive(Debug)]
pub struct CompiledModule {
    pub info: ModuleInfo,
    pub code: ExecCode,
    /// The offset in the code of each function that is not imported.
    pub functions: Vec<usize>,
    /// The stubs of each type.
    pub stubs: Vec<Stubs>,
    /// Where a trap's handler continues.
    pub exit: usize,
    /// In ascending order of their offsets in the code.
    pub sites: Vec<TrapSite>,
    pub spent: Spent,
}

/// Where a compilation's time went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Spent {
    /// Validation, and functions as values.
    pub decode: Duration,
    /// From values to code.
    pub walk: Duration,
    /// Labels resolved, and the code where it can run.
    pub finish: Duration,
}

/// The ways in and out for functions of one type, as offsets in the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stubs {
    /// An [`Entry`](crate::abi::Entry).
    pub entry: usize,
    /// What the record of a host function has as its code.
    pub host: usize,
}

/// Why a module was not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    #[error("not valid: {0}")]
    Invalid(#[from] wasmparser::Error),
    #[error("at offset {offset:#x}: {what} are not supported")]
    Unsupported { offset: u64, what: &'static str },
    #[error("at offset {offset:#x}: function {function} is too large: {what}")]
    TooLarge { offset: u64, function: u32, what: &'static str },
    #[error("code cannot be finished: {0}")]
    Finish(#[from] FinishError),
    #[error("no memory for code: {0}")]
    Exec(#[from] ExecError),
}

/// Compiles a module to code in the arena.
pub fn compile(wasm: &[u8], config: &Config, arena: &Arena) -> Result<CompiledModule, CompileError> {
    let start = Instant::now();
    let Decoded { info, bodies } = decode(wasm)?;
    let sections = start.elapsed();
    let bytes: usize = bodies.iter().map(Body::bytes).sum();
    let mut room = ROOM + bytes * 6 + info.types.len() * STUBS;
    loop {
        match emit(&info, &bodies, config, arena.region(room)?) {
            Err(CompileError::Finish(FinishError::OutOfSpace { needed })) if needed > room => room = needed,
            Err(error) => return Err(error),
            Ok(emitted) => {
                let Emitted { code, functions, stubs, exit, sites, mut spent } = emitted;
                spent.decode += sections;
                return Ok(CompiledModule { info, code, functions, stubs, exit, sites, spent });
            }
        }
    }
}

/// What is asked of the arena at first: for a module without functions, for a type's stubs, and 6 bytes for each of
/// code. What is too much is given back.
const ROOM: usize = 4096;
const STUBS: usize = 512;

/// Places in the code that may trap, until their offsets are known.
#[derive(Clone, Copy, Debug)]
struct Site {
    label: CodeLabel,
    kind: TrapKind,
    /// In the module.
    offset: u32,
}

struct Emitted {
    code: ExecCode,
    functions: Vec<usize>,
    stubs: Vec<Stubs>,
    exit: usize,
    sites: Vec<TrapSite>,
    spent: Spent,
}

/// Where everything of a module is in its code.
struct Labels {
    exit: CodeLabel,
    stubs: Vec<StubLabels>,
    functions: Vec<CodeLabel>,
    spent: Spent,
}

/// Emits all code of a module, the stubs at the end and below them the functions, the last one first.
/// Only one function is decoded at a time.
fn emit_all<T: Target>(info: &ModuleInfo, bodies: &[Body<'_>], target: &mut T) -> Result<Labels, CompileError> {
    let labels: Vec<_> = bodies.iter().map(|_| target.label()).collect();
    let exit = target.exit();
    let stubs = info.types.iter().map(|ty| target.stubs(&classes(ty.params()), &classes(ty.results()), exit)).collect();
    let mut scratch = Scratch::default();
    let mut spent = Spent::default();
    for body in bodies.iter().rev() {
        let start = Instant::now();
        let function = body.decode(info, &mut scratch)?;
        let decoded = Instant::now();
        if function.has_vectors && !T::has_vectors() {
            let offset = function.offset.into();
            return Err(CompileError::Unsupported { offset, what: "vectors on a processor without AVX" });
        }
        walk::walk(info, &function, &labels, target);
        spent.decode += decoded - start;
        spent.walk += decoded.elapsed();
    }
    Ok(Labels { exit, stubs, functions: labels, spent })
}

/// Emits a module into a region.
fn emit(info: &ModuleInfo, bodies: &[Body<'_>], config: &Config, mut region: Region) -> Result<Emitted, CompileError> {
    let place = region.place();
    let mut enc = HostEncoder::in_slice(region.bytes_mut());
    let mut target = Host::new(&mut enc, config.bounds);
    let Labels { exit, stubs, functions, mut spent } = emit_all(info, bodies, &mut target)?;
    let start = Instant::now();
    let sites = std::mem::take(&mut target.notes.sites);
    let mut code = enc.finish()?;
    let placed = place.link(&mut code, |_| None)?;
    let offset = |label| code.offset_of(label).expect("every label was bound");
    let mut sites: Vec<_> = sites
        .into_iter()
        .map(|Site { label, kind, offset: wasm_offset }| TrapSite {
            code_offset: offset(label) as u32,
            kind,
            wasm_offset,
        })
        .collect();
    sites.sort_by_key(|site| site.code_offset);
    let functions = functions.into_iter().map(offset).collect();
    let stubs = stubs.into_iter().map(|stubs| Stubs { entry: offset(stubs.entry), host: offset(stubs.host) }).collect();
    let exit = offset(exit);
    let code = region.publish(placed)?;
    spent.finish = start.elapsed();
    Ok(Emitted { code, functions, stubs, exit, sites, spent })
}

fn classes(types: &[ValType]) -> Vec<Class> {
    types.iter().map(|&ty| Class::of(ty)).collect()
}
