//! Wasmtime: Winch, which compiles in a single pass, and Cranelift at two of its levels. It is built without the
//! feature that compiles on several threads.

use wasmtime::{
    AsContextMut, Caller, Config, Engine, Extern, ExternType, Instance, Linker, Memory, Module, OptLevel, Store,
    Strategy, Table, Val, ValType,
};

use super::{ABSENT, Compiled, Contender, NUMBERS};
use crate::Outcome;
use crate::replay::{Machine, Replay};
use crate::trace::{Callee, Js};

pub fn contenders() -> Outcome<Vec<Box<dyn Contender>>> {
    Ok(vec![
        Box::new(Wasmtime::new("Winch", Config::new().strategy(Strategy::Winch))?),
        Box::new(Wasmtime::new("Cranelift, none", Config::new().cranelift_opt_level(OptLevel::None))?),
        Box::new(Wasmtime::new("Cranelift, speed", Config::new().cranelift_opt_level(OptLevel::Speed))?),
    ])
}

struct Wasmtime {
    name: &'static str,
    engine: Engine,
}

impl Wasmtime {
    fn new(name: &'static str, config: &Config) -> Outcome<Wasmtime> {
        Ok(Wasmtime { name, engine: Engine::new(config)? })
    }
}

impl Contender for Wasmtime {
    fn name(&self) -> &'static str {
        self.name
    }

    fn compile(&self, binary: &[u8]) -> Outcome<Box<dyn Compiled>> {
        Ok(Box::new(WasmtimeModule(Module::from_binary(&self.engine, binary)?)))
    }
}

struct WasmtimeModule(Module);

/// What a store has for its imports.
struct Host {
    replay: Replay,
    /// None while the start function runs.
    instance: Option<Instance>,
    memory: Option<Memory>,
    table: Option<Table>,
}

impl Compiled for WasmtimeModule {
    fn instantiate(&self, replay: &Replay) -> Outcome<Box<dyn Machine>> {
        let WasmtimeModule(module) = self;
        let host = Host { replay: replay.clone(), instance: None, memory: None, table: None };
        let mut store = Store::new(module.engine(), host);
        let mut linker = Linker::new(module.engine());
        // A module may import a function twice.
        linker.allow_shadowing(true);
        for (index, import) in module.imports().enumerate() {
            match import.ty() {
                ExternType::Func(ty) => {
                    let types: Vec<_> = ty.results().collect();
                    let answer = move |mut caller: Caller<'_, Host>, arguments: &[Val], results: &mut [Val]| {
                        let replay = caller.data().replay.clone();
                        let mut machine = WasmtimeMachine { store: caller.as_context_mut() };
                        let answers = from_values(arguments)
                            .and_then(|arguments| replay.import(index as u32, &arguments, &mut machine))
                            .map_err(wasmtime::Error::from_boxed)?;
                        let answers = answers.into_iter().chain(std::iter::repeat(Js::Number(0.0)));
                        for ((result, answer), ty) in results.iter_mut().zip(answers).zip(&types) {
                            *result = to_value(answer, ty.clone()).map_err(wasmtime::Error::from_boxed)?;
                        }
                        Ok(())
                    };
                    linker.func_new(import.module(), import.name(), ty, answer)?;
                }
                ExternType::Memory(ty) => {
                    let memory = Memory::new(&mut store, ty)?;
                    store.data_mut().memory = Some(memory);
                    linker.define(&store, import.module(), import.name(), memory)?;
                }
                _ => return Err("tables and globals are not imported here".into()),
            }
        }
        let instance = linker.instantiate(&mut store, module)?;
        let exports: Vec<_> = instance.exports(&mut store).map(|export| export.into_extern()).collect();
        let host = store.data_mut();
        host.instance = Some(instance);
        for item in exports {
            match item {
                Extern::Memory(memory) => _ = host.memory.get_or_insert(memory),
                Extern::Table(table) => _ = host.table.get_or_insert(table),
                _ => {}
            }
        }
        Ok(Box::new(WasmtimeMachine { store }))
    }

    fn code(&self) -> usize {
        self.0.text().len()
    }
}

/// An instance from outside, by its store, or from an import, by its caller's.
struct WasmtimeMachine<S> {
    store: S,
}

impl<S: AsContextMut<Data = Host>> WasmtimeMachine<S> {
    fn memory(&self) -> Outcome<Memory> {
        Ok(self.store.as_context().data().memory.ok_or(ABSENT)?)
    }
}

impl<S: AsContextMut<Data = Host>> Machine for WasmtimeMachine<S> {
    fn call(&mut self, callee: &Callee, arguments: &[Js]) -> Outcome<Vec<Js>> {
        let mut store = self.store.as_context_mut();
        let function = match callee {
            Callee::Export(name) => store.data().instance.ok_or(ABSENT)?.get_func(&mut store, name),
            Callee::Element(index) => {
                let table = store.data().table.ok_or(ABSENT)?;
                table.get(&mut store, u64::from(*index)).and_then(|item| item.as_func().flatten().copied())
            }
        };
        let function = function.ok_or(ABSENT)?;
        let ty = function.ty(&store);
        let given = arguments.iter().copied().chain(std::iter::repeat(Js::Number(0.0)));
        let arguments: Vec<_> =
            given.zip(ty.params()).map(|(value, ty)| to_value(value, ty)).collect::<Outcome<_>>()?;
        let mut results = vec![Val::I32(0); ty.results().len()];
        function.call(&mut store, &arguments, &mut results).map_err(|error| format!("{error:?}"))?;
        from_values(&results)
    }

    fn write(&mut self, address: usize, bytes: &[u8]) -> Outcome<()> {
        let memory = self.memory()?;
        Ok(memory.write(&mut self.store, address, bytes)?)
    }

    fn grow(&mut self, pages: u32) -> Outcome<()> {
        let memory = self.memory()?;
        memory.grow(&mut self.store, pages.into())?;
        Ok(())
    }

    fn contents(&mut self) -> Outcome<Vec<u8>> {
        let memory = self.store.as_context().data().memory;
        Ok(memory.map_or_else(Vec::new, |memory| memory.data(&self.store).to_vec()))
    }
}

fn from_values(values: &[Val]) -> Outcome<Vec<Js>> {
    let convert = |value: &Val| match value {
        Val::I32(value) => Ok(Js::Number((*value).into())),
        Val::I64(value) => Ok(Js::Big(*value)),
        Val::F32(value) => Ok(Js::Number(f32::from_bits(*value).into())),
        Val::F64(value) => Ok(Js::Number(f64::from_bits(*value))),
        _ => Err(NUMBERS.into()),
    };
    values.iter().map(convert).collect()
}

fn to_value(value: Js, ty: ValType) -> Outcome<Val> {
    match ty {
        ValType::I32 => Ok(Val::I32(value.i32())),
        ValType::I64 => Ok(Val::I64(value.i64())),
        ValType::F32 => Ok(Val::F32((value.f64() as f32).to_bits())),
        ValType::F64 => Ok(Val::F64(value.f64().to_bits())),
        _ => Err(NUMBERS.into()),
    }
}
