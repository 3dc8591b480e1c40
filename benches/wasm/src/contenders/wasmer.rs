//! Wasmer with Singlepass, which compiles in a single pass, too.
//!
//! A thread of its own compiles, one only, so it is the processor time of the whole process that tells what that takes.
//! Results that are NaN stay as the processor makes them, as they do in the others.

use std::num::NonZero;
use std::sync::Arc;

use wasmer::sys::{CompilerConfig, EngineBuilder, Singlepass};
use wasmer::{
    AsStoreMut, Engine, Extern, ExternType, Function, FunctionEnv, FunctionEnvMut, Imports, Instance, Memory, Module,
    RuntimeError, Store, Table, Type, Value,
};

use super::{ABSENT, Compiled, Contender, NUMBERS};
use crate::Outcome;
use crate::replay::{Machine, Replay};
use crate::trace::{Callee, Js};

pub fn contender() -> Box<dyn Contender> {
    let mut config = Singlepass::new();
    config.num_threads(NonZero::<usize>::MIN).canonicalize_nans(false);
    Box::new(Wasmer { native: EngineBuilder::new(Box::new(config) as Box<dyn CompilerConfig>).engine() })
}

struct Wasmer {
    native: wasmer::sys::engine::Engine,
}

impl Contender for Wasmer {
    fn name(&self) -> &'static str {
        "Singlepass"
    }

    fn compile(&self, binary: &[u8]) -> Outcome<Box<dyn Compiled>> {
        let engine = Engine::from(&self.native);
        let module = Module::from_binary(&engine, binary)?;
        Ok(Box::new(WasmerModule { native: self.native.clone(), engine, module, binary: binary.into() }))
    }
}

struct WasmerModule {
    native: wasmer::sys::engine::Engine,
    engine: Engine,
    module: Module,
    binary: Arc<[u8]>,
}

/// What a store has for its imports.
struct Host {
    replay: Replay,
    /// None while the start function runs.
    instance: Option<Instance>,
    memory: Option<Memory>,
    table: Option<Table>,
}

impl Compiled for WasmerModule {
    fn instantiate(&self, replay: &Replay) -> Outcome<Box<dyn Machine>> {
        let mut store = Store::new(self.engine.clone());
        let host = Host { replay: replay.clone(), instance: None, memory: None, table: None };
        let host = FunctionEnv::new(&mut store, host);
        let mut imports = Imports::new();
        for (index, import) in self.module.imports().enumerate() {
            match import.ty() {
                ExternType::Function(ty) => {
                    let results = ty.results().to_vec();
                    let answer = move |env: FunctionEnvMut<'_, Host>, arguments: &[Value]| {
                        let replay = env.data().replay.clone();
                        let mut machine = WasmerMachine { host: env.as_ref(), store: env };
                        from_values(arguments)
                            .and_then(|arguments| replay.import(index as u32, &arguments, &mut machine))
                            .and_then(|answers| to_values(&answers, &results))
                            .map_err(RuntimeError::user)
                    };
                    let function = Function::new_with_env(&mut store, &host, ty, answer);
                    imports.define(import.module(), import.name(), function);
                }
                ExternType::Memory(ty) => {
                    let memory = Memory::new(&mut store, *ty)?;
                    host.as_mut(&mut store).memory = Some(memory.clone());
                    imports.define(import.module(), import.name(), memory);
                }
                _ => return Err("tables and globals are not imported here".into()),
            }
        }
        let instance = Instance::new(&mut store, &self.module, &imports)?;
        let there = host.as_mut(&mut store);
        for (_, item) in instance.exports.iter() {
            match item {
                Extern::Memory(memory) => _ = there.memory.get_or_insert_with(|| memory.clone()),
                Extern::Table(table) => _ = there.table.get_or_insert_with(|| table.clone()),
                _ => {}
            }
        }
        there.instance = Some(instance);
        Ok(Box::new(WasmerMachine { host, store }))
    }

    /// A module does not give its code away, so this compiles once more.
    fn code(&self) -> usize {
        let artifact = self.native.compile(&self.binary).expect("it was compiled before");
        let functions = artifact.finished_function_extents().expect("it is for this machine");
        functions.iter().map(|(_, extent)| extent.length).sum()
    }
}

/// An instance from outside, by its store, or from an import, by its caller's.
struct WasmerMachine<S> {
    host: FunctionEnv<Host>,
    store: S,
}

impl<S: AsStoreMut> WasmerMachine<S> {
    fn host(&self) -> &Host {
        self.host.as_ref(&self.store)
    }

    fn memory(&self) -> Outcome<Memory> {
        Ok(self.host().memory.clone().ok_or(ABSENT)?)
    }
}

impl<S: AsStoreMut> Machine for WasmerMachine<S> {
    fn call(&mut self, callee: &Callee, arguments: &[Js]) -> Outcome<Vec<Js>> {
        let function = match callee {
            Callee::Export(name) => {
                let instance = self.host().instance.as_ref().ok_or(ABSENT)?;
                instance.exports.get_function(name).map_err(|_| ABSENT)?.clone()
            }
            Callee::Element(index) => {
                let table = self.host().table.clone().ok_or(ABSENT)?;
                match table.get(&mut self.store, *index) {
                    Some(Value::FuncRef(Some(function))) => function,
                    _ => return Err(ABSENT.into()),
                }
            }
        };
        let ty = function.ty(&self.store);
        let arguments = to_values(arguments, ty.params())?;
        from_values(&function.call(&mut self.store, &arguments)?)
    }

    fn write(&mut self, address: usize, bytes: &[u8]) -> Outcome<()> {
        Ok(self.memory()?.view(&self.store).write(address as u64, bytes)?)
    }

    fn grow(&mut self, pages: u32) -> Outcome<()> {
        self.memory()?.grow(&mut self.store, pages)?;
        Ok(())
    }

    fn contents(&mut self) -> Outcome<Vec<u8>> {
        let Some(memory) = self.host().memory.clone() else { return Ok(vec![]) };
        Ok(memory.view(&self.store).copy_to_vec()?)
    }
}

fn from_values(values: &[Value]) -> Outcome<Vec<Js>> {
    let convert = |value: &Value| match value {
        Value::I32(value) => Ok(Js::Number((*value).into())),
        Value::I64(value) => Ok(Js::Big(*value)),
        Value::F32(value) => Ok(Js::Number((*value).into())),
        Value::F64(value) => Ok(Js::Number(*value)),
        _ => Err(NUMBERS.into()),
    };
    values.iter().map(convert).collect()
}

/// What is missing is zero, and what is too much is left out.
fn to_values(values: &[Js], types: &[Type]) -> Outcome<Vec<Value>> {
    let values = values.iter().copied().chain(std::iter::repeat(Js::Number(0.0)));
    let convert = |(value, ty): (Js, &Type)| match ty {
        Type::I32 => Ok(Value::I32(value.i32())),
        Type::I64 => Ok(Value::I64(value.i64())),
        Type::F32 => Ok(Value::F32(value.f64() as f32)),
        Type::F64 => Ok(Value::F64(value.f64())),
        _ => Err(NUMBERS.into()),
    };
    values.zip(types).map(convert).collect()
}
