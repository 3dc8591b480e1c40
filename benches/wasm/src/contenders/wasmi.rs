//! wasmi, an interpreter.

use wasmi::{Caller, Engine, ExternType, Linker, Module, Store, TypedFunc, Val};

use super::{ABSENT, Compiled, Contender, Outcome};

pub fn contender() -> Box<dyn Contender> {
    Box::new(Wasmi { engine: Engine::default() })
}

struct Wasmi {
    engine: Engine,
}

struct WasmiModule {
    module: Module,
    ready: Option<(Store<()>, TypedFunc<i32, i32>)>,
}

impl Contender for Wasmi {
    fn name(&self) -> &'static str {
        "wasmi"
    }

    fn compile(&self, binary: &[u8]) -> Outcome<Box<dyn Compiled>> {
        Ok(Box::new(WasmiModule { module: Module::new(&self.engine, binary)?, ready: None }))
    }
}

impl Compiled for WasmiModule {
    fn instantiate(&mut self) -> Outcome<()> {
        let engine = self.module.engine();
        let mut store = Store::new(engine, ());
        let mut linker = Linker::new(engine);
        for import in self.module.imports() {
            if let ExternType::Func(ty) = import.ty() {
                let zeros: Vec<_> = ty.results().iter().map(|&ty| Val::default(ty)).collect();
                let zero = move |_: Caller<'_, ()>, _: &[Val], results: &mut [Val]| {
                    results.clone_from_slice(&zeros);
                    Ok(())
                };
                linker.func_new(import.module(), import.name(), ty.clone(), zero)?;
            }
        }
        let instance = linker.instantiate_and_start(&mut store, &self.module)?;
        if let Ok(initialize) = instance.get_typed_func::<(), ()>(&store, "_initialize") {
            initialize.call(&mut store, ())?;
        }
        let run = instance.get_typed_func(&store, "run")?;
        self.ready = Some((store, run));
        Ok(())
    }

    fn run(&mut self, argument: i32) -> Outcome<i32> {
        let (store, run) = self.ready.as_mut().ok_or(ABSENT)?;
        Ok(run.call(store, argument)?)
    }

    fn code(&self) -> Option<usize> {
        None
    }
}
