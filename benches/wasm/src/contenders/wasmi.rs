//! wasmi, an interpreter.

use wasmi::{
    AsContextMut, Caller, Engine, Extern, ExternType, Instance, Linker, Memory, Module, Store, Table, Val, ValType,
};

use super::{ABSENT, Compiled, Contender, NUMBERS};
use crate::Outcome;
use crate::replay::{Machine, Replay};
use crate::trace::{Callee, Js};

pub fn contender() -> Box<dyn Contender> {
    Box::new(Wasmi { engine: Engine::default() })
}

struct Wasmi {
    engine: Engine,
}

impl Contender for Wasmi {
    fn name(&self) -> &'static str {
        "wasmi"
    }

    fn compile(&self, binary: &[u8]) -> Outcome<Box<dyn Compiled>> {
        Ok(Box::new(WasmiModule(Module::new(&self.engine, binary)?)))
    }
}

struct WasmiModule(Module);

/// What a store has for its imports.
struct Host {
    replay: Replay,
    /// None while the start function runs.
    instance: Option<Instance>,
    memory: Option<Memory>,
    table: Option<Table>,
}

impl Compiled for WasmiModule {
    fn instantiate(&self, replay: &Replay) -> Outcome<Box<dyn Machine>> {
        let WasmiModule(module) = self;
        let host = Host { replay: replay.clone(), instance: None, memory: None, table: None };
        let mut store = Store::new(module.engine(), host);
        let mut linker = Linker::new(module.engine());
        // A module may import a function twice.
        linker.allow_shadowing(true);
        for (index, import) in module.imports().enumerate() {
            match import.ty() {
                ExternType::Func(ty) => {
                    let answer = move |mut caller: Caller<'_, Host>, arguments: &[Val], results: &mut [Val]| {
                        let replay = caller.data().replay.clone();
                        let mut machine = WasmiMachine { store: caller.as_context_mut() };
                        let answers = from_values(arguments)
                            .and_then(|arguments| replay.import(index as u32, &arguments, &mut machine))
                            .map_err(|error| wasmi::Error::new(error.to_string()))?;
                        for (result, answer) in results.iter_mut().zip(answers) {
                            *result =
                                to_value(answer, result.ty()).map_err(|error| wasmi::Error::new(error.to_string()))?;
                        }
                        Ok(())
                    };
                    linker.func_new(import.module(), import.name(), ty.clone(), answer)?;
                }
                ExternType::Memory(ty) => {
                    let memory = Memory::new(&mut store, *ty)?;
                    store.data_mut().memory = Some(memory);
                    linker.define(import.module(), import.name(), memory)?;
                }
                _ => return Err("tables and globals are not imported here".into()),
            }
        }
        let instance = linker.instantiate_and_start(&mut store, module)?;
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
        Ok(Box::new(WasmiMachine { store }))
    }

    fn code(&self) -> usize {
        0
    }
}

/// An instance from outside, by its store, or from an import, by its caller's.
struct WasmiMachine<S> {
    store: S,
}

impl<S: AsContextMut<Data = Host>> WasmiMachine<S> {
    fn memory(&self) -> Outcome<Memory> {
        Ok(self.store.as_context().data().memory.ok_or(ABSENT)?)
    }
}

impl<S: AsContextMut<Data = Host>> Machine for WasmiMachine<S> {
    fn call(&mut self, callee: &Callee, arguments: &[Js]) -> Outcome<Vec<Js>> {
        let mut store = self.store.as_context_mut();
        let function = match callee {
            Callee::Export(name) => store.data().instance.ok_or(ABSENT)?.get_func(&mut store, name),
            Callee::Element(index) => {
                let table = store.data().table.ok_or(ABSENT)?;
                match table.get(&store, u64::from(*index)) {
                    Some(Val::FuncRef(function)) => function.val().copied(),
                    _ => None,
                }
            }
        };
        let function = function.ok_or(ABSENT)?;
        let ty = function.ty(&store);
        let given = arguments.iter().copied().chain(std::iter::repeat(Js::Number(0.0)));
        let arguments: Vec<_> =
            given.zip(ty.params()).map(|(value, ty)| to_value(value, *ty)).collect::<Outcome<_>>()?;
        let mut results = vec![Val::I32(0); ty.results().len()];
        function.call(&mut store, &arguments, &mut results)?;
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
        Val::F32(value) => Ok(Js::Number(f32::from(*value).into())),
        Val::F64(value) => Ok(Js::Number(f64::from(*value))),
        _ => Err(NUMBERS.into()),
    };
    values.iter().map(convert).collect()
}

fn to_value(value: Js, ty: ValType) -> Outcome<Val> {
    match ty {
        ValType::I32 => Ok(Val::I32(value.i32())),
        ValType::I64 => Ok(Val::I64(value.i64())),
        ValType::F32 => Ok(Val::F32((value.f64() as f32).into())),
        ValType::F64 => Ok(Val::F64(value.f64().into())),
        _ => Err(NUMBERS.into()),
    }
}
