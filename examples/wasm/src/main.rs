//! Compiles WebAssembly modules, and runs them.
//!
//! ```text
//! tailfirst-wasm run FILE [OPTIONS] [-- ARGUMENTS]                   a program, by its function `_start`
//! tailfirst-wasm run FILE [OPTIONS] --invoke NAME [ARGUMENTS]        one function; the rest of the line is for it
//! tailfirst-wasm compile FILE [OPTIONS]
//!
//! --explicit           bounds are checked by code, not by guard regions
//! --threads N          at most so many threads compile, if not one for each processor
//! --stats              sizes and times, on stderr
//! --folder PATH        run: the program can read this folder, as `/`
//! --env NAME=VALUE     run: a variable of the program's environment
//! --listing            compile: WebAssembly beside machine code, on stdout
//! --svg PICTURE        compile: a function's blocks, with what is in registers at their borders, into this file
//! --function NAME      compile: which function that is, by name or index, if not the first
//! --isa x64|aarch64    compile: for which instruction set these are, if not this machine's
//! ```
//!
//! FILE is a binary module, or text. What takes a while says on a terminal how far it is. The exit status is the
//! program's own, or 1 with a message that says what went wrong and where.

mod progress;

use std::error::Error;
use std::io::Write;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tailfirst_wasm::compile::listing::{Isa, listing};
use tailfirst_wasm::compile::svg::svg;
use tailfirst_wasm::compile::{Bounds, Config, Spent};
use tailfirst_wasm::ir::module::ModuleInfo;
use tailfirst_wasm::runtime::{CallError, Engine, InstantiateError, Linker, Module, Store};
use tailfirst_wasm::value::Value;
use tailfirst_wasm::wasi::{Exit, Wasi};

const USAGE: &str = "usage:
  tailfirst-wasm run FILE [OPTIONS] [--folder PATH] [--env NAME=VALUE] [-- ARGUMENTS]
  tailfirst-wasm run FILE [OPTIONS] [--folder PATH] [--env NAME=VALUE] --invoke NAME [ARGUMENTS]
  tailfirst-wasm compile FILE [OPTIONS] [--listing] [--svg PICTURE [--function NAME]] [--isa x64|aarch64]
options: [--explicit] [--threads N] [--stats]";

/// What the command line asks for.
#[derive(Default)]
struct Options {
    file: String,
    bounds: Bounds,
    threads: Option<NonZeroUsize>,
    stats: bool,
    listing: bool,
    /// The file for a picture.
    svg: Option<String>,
    /// The function in it.
    function: Option<String>,
    /// The instruction set to show, if not this machine's.
    isa: Option<Isa>,
    folder: Option<String>,
    environment: Vec<(String, String)>,
    /// A function, and its arguments.
    invoke: Option<(String, Vec<String>)>,
    arguments: Vec<String>,
}

impl Options {
    fn config(&self) -> Config {
        Config { bounds: self.bounds, threads: self.threads, ..Config::default() }
    }
}

fn main() -> ExitCode {
    let outcome = match std::env::args().skip(1).collect::<Vec<_>>().split_first() {
        Some((command, rest)) if command == "run" => options(rest).and_then(run),
        Some((command, rest)) if command == "compile" => options(rest).and_then(compile),
        _ => Err(USAGE.into()),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

fn options(arguments: &[String]) -> Result<Options, Box<dyn Error>> {
    let mut options = Options::default();
    let mut rest = arguments.iter().cloned();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("{argument} wants a value\n{USAGE}"));
        match &*argument {
            "--explicit" => options.bounds = Bounds::Explicit,
            "--threads" => {
                let threads = value()?;
                let number = threads.parse().map_err(|_| format!("{threads} is no number of threads\n{USAGE}"))?;
                options.threads = Some(number);
            }
            "--stats" => options.stats = true,
            "--listing" => options.listing = true,
            "--svg" => options.svg = Some(value()?),
            "--function" => options.function = Some(value()?),
            "--isa" => {
                options.isa = Some(match &*value()? {
                    "x64" => Isa::X64,
                    "aarch64" => Isa::Aarch64,
                    isa => return Err(format!("there is no code for {isa}\n{USAGE}").into()),
                });
            }
            "--folder" => options.folder = Some(value()?),
            "--env" => {
                let variable = value()?;
                let (name, value) = variable.split_once('=').ok_or_else(|| format!("{variable} is not NAME=VALUE"))?;
                options.environment.push((name.into(), value.into()));
            }
            "--invoke" => options.invoke = Some((value()?, rest.by_ref().collect())),
            "--" => options.arguments = rest.by_ref().collect(),
            _ if argument.starts_with('-') || !options.file.is_empty() => {
                return Err(format!("{argument} is unknown\n{USAGE}").into());
            }
            _ => options.file = argument,
        }
    }
    if options.file.is_empty() {
        return Err(format!("no file\n{USAGE}").into());
    }
    Ok(options)
}

/// The binary module of the file.
fn read(options: &Options) -> Result<Vec<u8>, Box<dyn Error>> {
    let in_file = |error: &dyn Error| format!("{}: {error}", options.file);
    let bytes = std::fs::read(&options.file).map_err(|error| in_file(&error))?;
    Ok(wat::parse_bytes(&bytes).map_err(|error| in_file(&error))?.into_owned())
}

fn load(options: &Options, binary: &[u8]) -> Result<Module, Box<dyn Error>> {
    let engine = Engine::new(options.config())?;
    let start = Instant::now();
    let line = progress::Line::on_terminal();
    let show = |progress| {
        if let Some(line) = &line {
            line.show(progress);
        }
    };
    let module = engine.compile_watched(binary, &show).map_err(|error| format!("{}: {error}", options.file))?;
    drop(line);
    if options.stats {
        let (time, compiled) = (start.elapsed(), module.compiled());
        eprintln!(
            "compiled {} functions, {} bytes of WebAssembly to {} bytes of code, in {}: {:.1} MB/s",
            compiled.functions.len(),
            binary.len(),
            compiled.code.len(),
            milliseconds(time),
            binary.len() as f64 / 1e6 / time.as_secs_f64(),
        );
        let Spent { decode, walk, finish } = compiled.spent;
        let [decode, walk, finish] = [decode, walk, finish].map(milliseconds);
        eprintln!("of all threads' time, {decode} to decode, {walk} to emit, {finish} to finish");
    }
    Ok(module)
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

fn compile(options: Options) -> Result<ExitCode, Box<dyn Error>> {
    let binary = read(&options)?;
    let module = load(&options, &binary)?;
    let isa = options.isa.unwrap_or(Isa::HOST);
    if options.listing {
        let listing = listing(&binary, &options.config(), isa)?;
        std::io::stdout().write_all(listing.as_bytes())?;
    }
    if let Some(file) = &options.svg {
        let picture = svg(&binary, &options.config(), isa, drawn(&options, module.info())?)
            .map_err(|error| format!("{}: {error}", options.file))?;
        std::fs::write(file, picture).map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The function to be drawn.
fn drawn(options: &Options, info: &ModuleInfo) -> Result<u32, Box<dyn Error>> {
    let Some(name) = &options.function else { return Ok(info.imported_functions as u32) };
    let function = info.function_named(name).or_else(|| name.parse().ok());
    Ok(function.ok_or_else(|| format!("{}: the module has no function `{name}`", options.file))?)
}

fn run(options: Options) -> Result<ExitCode, Box<dyn Error>> {
    let module = load(&options, &read(&options)?)?;
    let mut wasi = Wasi::default().argument(&options.file);
    for argument in &options.arguments {
        wasi = wasi.argument(argument);
    }
    for (name, value) in &options.environment {
        wasi = wasi.variable(name, value);
    }
    if let Some(folder) = &options.folder {
        wasi = wasi.folder(folder, "/").map_err(|error| format!("{folder}: {error}"))?;
    }
    let mut linker = Linker::default();
    wasi.define(&mut linker);

    let start = Instant::now();
    let results = call(&options, &linker, &module);
    if options.stats {
        eprintln!("ran {}", milliseconds(start.elapsed()));
    }
    match results {
        Ok(results) => {
            for result in results {
                writeln!(std::io::stdout(), "{result}")?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(InstantiateError::Call(CallError::Host(error))) => match error.downcast::<Exit>() {
            Ok(exit) => Ok(ExitCode::from(exit.0 as u8)),
            Err(error) => Err(format!("{}: {error}", options.file).into()),
        },
        Err(error) => Err(format!("{}: {error}", options.file).into()),
    }
}

/// Instantiates the module, and calls what the command line asks for.
fn call(options: &Options, linker: &Linker, module: &Module) -> Result<Vec<Value>, InstantiateError> {
    let instance = linker.instantiate(&Store::new(), module)?;
    let absent = |name: &str| CallError::Host(format!("the module exports no function `{name}`").into());
    let Some((name, arguments)) = &options.invoke else {
        return Ok(instance.function("_start").ok_or_else(|| absent("_start"))?.call(&[])?);
    };
    // What is no program, but a library, may want to be told once.
    if let Some(initialize) = instance.function("_initialize") {
        initialize.call(&[])?;
    }
    let function = instance.function(name).ok_or_else(|| absent(name))?;
    let ty = function.ty();
    let wrong = || {
        let parameters: Vec<_> = ty.params().iter().map(ToString::to_string).collect();
        CallError::Host(format!("`{name}` takes [{}], not {arguments:?}", parameters.join(" ")).into())
    };
    if arguments.len() != ty.params().len() {
        return Err(wrong().into());
    }
    let values = ty.params().iter().zip(arguments).map(|(&ty, text)| Value::parse(ty, text).ok_or_else(wrong));
    Ok(function.call(&values.collect::<Result<Vec<_>, _>>()?)?)
}
