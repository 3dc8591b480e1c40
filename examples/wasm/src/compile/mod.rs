//! The compiler: from a module's bytes to code that can run.
//!
//! A module's functions are divided into [parts], which threads compile side by side, each part from its end, the last
//! function first, and into a region of its own. Each function is decoded, [walked](walk) and forgotten before the
//! next, so that memory is bounded by the largest. Calls within a part are labels, and so are the places that trap.
//! Then the parts and the stubs of each type are [linked](mod@link) to each other where they are, as [one code](code).
//!
//! | module | subject |
//! |---|---|
//! | [`walk`], its `operands` | one pass from a function's last instruction to its first |
//! | [`state`], [`slots`] | which value is in which register there, and in which word of the frame |
//! | [`joins`], [`moves`] | labels, edges and loop heads, and the moves that make them agree |
//! | [`convention`] | where arguments and results are |
//! | [`target`] | what all this asks of a machine |
//! | [`x64`], [`aarch64`] | the machines |
//! | [`parts`], [`link`](mod@link), [`code`] | several threads, and one code |
//! | [`listing`] | WebAssembly beside machine code |
//! | [`svg`], `walk`'s `borders` | a function's blocks, and what is in registers at their borders |

mod aarch64;
pub mod code;
mod convention;
mod joins;
mod link;
pub mod listing;
mod moves;
mod notes;
mod parts;
mod registers;
mod slots;
mod state;
pub mod svg;
mod target;
mod walk;
mod x64;

use std::num::NonZeroUsize;
use std::ops::{AddAssign, Range};
use std::time::{Duration, Instant};

use tailfirst::FinishError;
use tailfirst::exec::{Arena, ExecError};
use wasmparser::ValType;

use crate::abi::{TrapKind, TrapSite};
use crate::ir::decode::{Decoded, Scratch, decode};
use crate::ir::module::ModuleInfo;
use crate::ir::{Class, Function};
use code::ModuleCode;
use link::Linked;
use parts::{Functions, Part};
use target::{CodeLabel, StubLabels, Target};

/// The instruction set of the machine that this runs on.
#[cfg(target_arch = "aarch64")]
use {aarch64::A64 as Host, tailfirst::aarch64::A64 as HostIsa};
#[cfg(target_arch = "x86_64")]
use {tailfirst::x64::X64 as HostIsa, x64::X64 as Host};

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
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    pub bounds: Bounds,
    /// The most threads; as many as there are processors if nothing is said. Code does not depend on it.
    pub threads: Option<NonZeroUsize>,
    /// How many bytes of functions a thread takes at a time, at least. A smaller module has one thread.
    pub part: usize,
    /// How many bytes of code a byte of functions becomes, nearly always: so many addresses are taken for it until all
    /// is compiled. A part that becomes longer is compiled twice.
    pub room: usize,
}

impl Default for Config {
    fn default() -> Config {
        Config { bounds: Bounds::default(), threads: None, part: 64 << 10, room: 8 }
    }
}

/// How far a compilation is, in functions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    pub done: usize,
    pub total: usize,
}

/// A module that can be instantiated.
#[derive(Debug)]
pub struct CompiledModule {
    pub info: ModuleInfo,
    pub code: ModuleCode,
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

/// Where a compilation's time went: that of all threads together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Spent {
    /// Validation, and functions as values.
    pub decode: Duration,
    /// From values to code.
    pub walk: Duration,
    /// Calls from part to part resolved, and the code such that it can run.
    pub finish: Duration,
}

impl AddAssign for Spent {
    fn add_assign(&mut self, Spent { decode, walk, finish }: Spent) {
        self.decode += decode;
        self.walk += walk;
        self.finish += finish;
    }
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

/// Compiles a module to code in the arena. `watch` is told after each function, by the thread that has compiled it.
///
/// # Errors
/// That of the first function that has one.
pub fn compile(
    wasm: &[u8],
    config: &Config,
    arena: &Arena,
    watch: &(dyn Fn(Progress) + Sync),
) -> Result<CompiledModule, CompileError> {
    let start = Instant::now();
    let module = decode(wasm)?;
    let mut spent = Spent { decode: start.elapsed(), ..Spent::default() };
    let parts = parts::emit(&module, config, arena, watch)?;
    for Part { spent: of_part, .. } in &parts {
        spent += *of_part;
    }
    let start = Instant::now();
    let info = module.info;
    let Linked { code, functions, stubs, exit, sites } = link::link(&info, config.bounds, parts, arena)?;
    spent.finish = start.elapsed();
    Ok(CompiledModule { info, code, functions, stubs, exit, sites, spent })
}

/// Places in the code that may trap, until their offsets are known.
#[derive(Clone, Copy, Debug)]
struct Site {
    label: CodeLabel,
    kind: TrapKind,
    /// In the module.
    offset: u32,
}

/// Emits the way out of traps, and the stubs of each type.
fn emit_stubs<T: Target>(info: &ModuleInfo, target: &mut T) -> (CodeLabel, Vec<StubLabels>) {
    let exit = target.exit();
    let stubs = info.types.iter().map(|ty| target.stubs(&classes(ty.params()), &classes(ty.results()), exit));
    (exit, stubs.collect())
}

/// Emits functions, the last one first, and counts each. Only one is decoded at a time.
///
/// Behind one with an error they are only decoded, since one of them may have an error, too.
fn emit_functions<T: Target>(
    module: &Decoded<'_>,
    numbers: Range<usize>,
    target: &mut T,
    scratch: &mut Scratch,
    count: &dyn Fn(),
) -> Result<(Functions, Spent), CompileError> {
    let functions = Functions::new(numbers.clone(), |_| target.label());
    let mut spent = Spent::default();
    let mut outcome = Ok(());
    for body in module.bodies[numbers].iter().rev() {
        let start = Instant::now();
        let function = body.decode(&module.info, scratch).and_then(supported::<T>);
        let decoded = Instant::now();
        spent.decode += decoded - start;
        match function {
            Ok(function) if outcome.is_ok() => walk::walk(&module.info, &function, &functions, target, None),
            Ok(_) => {}
            Err(error) => outcome = Err(error),
        }
        spent.walk += decoded.elapsed();
        count();
    }
    outcome.map(|()| (functions, spent))
}

/// The function, if this machine can run it.
fn supported<T: Target>(function: Function) -> Result<Function, CompileError> {
    if function.has_vectors && !T::has_vectors() {
        let offset = function.offset.into();
        return Err(CompileError::Unsupported { offset, what: "vectors on a processor without AVX" });
    }
    Ok(function)
}

fn classes(types: &[ValType]) -> Vec<Class> {
    types.iter().map(|&ty| Class::of(ty)).collect()
}
