//! The compiler of `examples/wasm`, with guard regions and with explicit checks of bounds.

use std::cell::OnceCell;
use std::num::NonZeroUsize;
use std::rc::Rc;

use tailfirst_wasm::compile::{Bounds, Config};
use tailfirst_wasm::ir::module::ImportKind;
use tailfirst_wasm::runtime::{Engine, Extern, HostError, Instance, Linker, Memory, Module, PAGE, Store};
use tailfirst_wasm::value::Value;
use wasmparser::ValType;

use super::{ABSENT, Compiled, Contender, NUMBERS};
use crate::Outcome;
use crate::replay::{Machine, Replay};
use crate::trace::{Callee, Js};

pub fn contenders() -> Outcome<Vec<Box<dyn Contender>>> {
    let engine = |bounds| {
        let threads = Some(NonZeroUsize::MIN);
        Engine::new(Config { bounds, threads, ..Config::default() })
    };
    Ok(vec![
        Box::new(Tailfirst { name: "tailfirst", engine: engine(Bounds::Guard)? }),
        Box::new(Tailfirst { name: "tailfirst, explicit", engine: engine(Bounds::Explicit)? }),
    ])
}

struct Tailfirst {
    name: &'static str,
    engine: Engine,
}

impl Contender for Tailfirst {
    fn name(&self) -> &'static str {
        self.name
    }

    fn compile(&self, binary: &[u8]) -> Outcome<Box<dyn Compiled>> {
        Ok(Box::new(TailfirstModule(self.engine.compile(binary)?)))
    }
}

struct TailfirstModule(Module);

impl Compiled for TailfirstModule {
    fn instantiate(&self, replay: &Replay) -> Outcome<Box<dyn Machine>> {
        let TailfirstModule(module) = self;
        let instance = Rc::new(OnceCell::new());
        let mut linker = Linker::default();
        let mut memory = None;
        let info = module.info();
        for (index, import) in info.imports.iter().enumerate() {
            match import.kind {
                ImportKind::Function(ty) => {
                    let ty = &info.types[ty as usize];
                    let (replay, instance, results) = (replay.clone(), Rc::downgrade(&instance), ty.results().to_vec());
                    linker.function(
                        &import.module,
                        &import.name,
                        ty.params(),
                        ty.results(),
                        move |caller, arguments| {
                            let mut machine = TailfirstMachine {
                                instance: instance.upgrade().ok_or(ABSENT)?,
                                memory: caller.memory(),
                            };
                            from_values(arguments)
                                .and_then(|arguments| replay.import(index as u32, &arguments, &mut machine))
                                .and_then(|answers| to_values(&answers, &results))
                                .map_err(|error| -> HostError { error })
                        },
                    );
                }
                ImportKind::Memory(ty) => {
                    let made = Memory::new(ty, module.bounds())?;
                    memory = Some(made.clone());
                    linker.define(&import.module, &import.name, Extern::Memory(made));
                }
                _ => return Err("tables and globals are not imported here".into()),
            }
        }
        let made = linker.instantiate(&Store::new(), module).map_err(|error| error.to_string())?;
        let memory = memory.or_else(|| {
            made.exports().find_map(|(_, item)| match item {
                Extern::Memory(memory) => Some(memory),
                _ => None,
            })
        });
        let _ = instance.set(made);
        Ok(Box::new(TailfirstMachine { instance, memory }))
    }

    fn code(&self) -> usize {
        self.0.compiled().code.len()
    }
}

struct TailfirstMachine {
    /// Empty while the start function runs.
    instance: Rc<OnceCell<Instance>>,
    memory: Option<Memory>,
}

impl TailfirstMachine {
    fn memory(&self) -> Outcome<&Memory> {
        Ok(self.memory.as_ref().ok_or(ABSENT)?)
    }
}

impl Machine for TailfirstMachine {
    fn call(&mut self, callee: &Callee, arguments: &[Js]) -> Outcome<Vec<Js>> {
        let instance = self.instance.get().ok_or(ABSENT)?;
        let function = match callee {
            Callee::Export(name) => instance.function(name),
            Callee::Element(index) => instance
                .exports()
                .find_map(|(_, item)| match item {
                    Extern::Table(table) => table.get(u64::from(*index)),
                    _ => None,
                })
                .and_then(|value| match value {
                    Value::FuncRef(function) => function,
                    _ => None,
                }),
        };
        let function = function.ok_or(ABSENT)?;
        let arguments = to_values(arguments, function.ty().params())?;
        from_values(&function.call(&arguments).map_err(|error| error.to_string())?)
    }

    fn write(&mut self, address: usize, bytes: &[u8]) -> Outcome<()> {
        Ok(self.memory()?.write(address as u64, bytes)?)
    }

    fn grow(&mut self, pages: u32) -> Outcome<()> {
        self.memory()?.grow(u64::from(pages)).ok_or("memory cannot grow")?;
        Ok(())
    }

    fn contents(&mut self) -> Outcome<Vec<u8>> {
        let Some(memory) = &self.memory else { return Ok(vec![]) };
        let mut bytes = vec![0; (memory.pages() * PAGE) as usize];
        memory.read(0, &mut bytes)?;
        Ok(bytes)
    }
}

fn from_values(values: &[Value]) -> Outcome<Vec<Js>> {
    let convert = |value: &Value| match *value {
        Value::I32(value) => Ok(Js::Number(value.into())),
        Value::I64(value) => Ok(Js::Big(value)),
        Value::F32(value) => Ok(Js::Number(value.into())),
        Value::F64(value) => Ok(Js::Number(value)),
        _ => Err(NUMBERS.into()),
    };
    values.iter().map(convert).collect()
}

/// What is missing is zero, and what is too much is left out.
fn to_values(values: &[Js], types: &[ValType]) -> Outcome<Vec<Value>> {
    let values = values.iter().copied().chain(std::iter::repeat(Js::Number(0.0)));
    let convert = |(value, ty): (Js, &ValType)| match ty {
        ValType::I32 => Ok(Value::I32(value.i32())),
        ValType::I64 => Ok(Value::I64(value.i64())),
        ValType::F32 => Ok(Value::F32(value.f64() as f32)),
        ValType::F64 => Ok(Value::F64(value.f64())),
        _ => Err(NUMBERS.into()),
    };
    values.zip(types).map(convert).collect()
}
