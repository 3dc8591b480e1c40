//! Wasmtime: Winch, which compiles in a single pass, and Cranelift at two of its levels.

use wasmtime::{Config, Engine, Linker, Module, OptLevel, Store, Strategy, TypedFunc};

use super::{ABSENT, Compiled, Contender, Outcome};

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

struct WasmtimeModule {
    module: Module,
    ready: Option<(Store<()>, TypedFunc<i32, i32>)>,
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
        Ok(Box::new(WasmtimeModule { module: Module::from_binary(&self.engine, binary)?, ready: None }))
    }
}

impl Compiled for WasmtimeModule {
    fn instantiate(&mut self) -> Outcome<()> {
        let engine = self.module.engine();
        let mut store = Store::new(engine, ());
        let mut linker = Linker::new(engine);
        linker.define_unknown_imports_as_default_values(&mut store, &self.module)?;
        let instance = linker.instantiate(&mut store, &self.module)?;
        if let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut store, "_initialize") {
            initialize.call(&mut store, ())?;
        }
        let run = instance.get_typed_func(&mut store, "run")?;
        self.ready = Some((store, run));
        Ok(())
    }

    fn run(&mut self, argument: i32) -> Outcome<i32> {
        let (store, run) = self.ready.as_mut().ok_or(ABSENT)?;
        Ok(run.call(store, argument)?)
    }

    fn code(&self) -> Option<usize> {
        Some(self.module.text().len())
    }
}
