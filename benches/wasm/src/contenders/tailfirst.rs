//! The compiler of `examples/wasm`, with guard regions and with explicit checks of bounds.

use tailfirst_wasm::compile::{Bounds, Config};
use tailfirst_wasm::ir::module::ImportKind;
use tailfirst_wasm::runtime::{Engine, Function, Instance, Linker, Module, Store};
use tailfirst_wasm::value::Value;

use super::{ABSENT, Compiled, Contender, Outcome};

pub fn contenders() -> Outcome<Vec<Box<dyn Contender>>> {
    Ok(vec![
        Box::new(Tailfirst { name: "tailfirst", engine: Engine::new(Config { bounds: Bounds::Guard })? }),
        Box::new(Tailfirst { name: "tailfirst, explicit", engine: Engine::new(Config { bounds: Bounds::Explicit })? }),
    ])
}

struct Tailfirst {
    name: &'static str,
    engine: Engine,
}

struct TailfirstModule {
    module: Module,
    run: Option<Function>,
}

impl Contender for Tailfirst {
    fn name(&self) -> &'static str {
        self.name
    }

    fn compile(&self, binary: &[u8]) -> Outcome<Box<dyn Compiled>> {
        Ok(Box::new(TailfirstModule { module: self.engine.compile(binary)?, run: None }))
    }
}

impl TailfirstModule {
    fn instance(&self) -> Outcome<Instance> {
        let mut linker = Linker::default();
        let info = self.module.info();
        for import in &info.imports {
            if let ImportKind::Function(ty) = import.kind {
                let ty = &info.types[ty as usize];
                let zeros: Vec<_> = ty.results().iter().filter_map(|&ty| Value::zero(ty)).collect();
                linker.function(&import.module, &import.name, ty.params(), ty.results(), move |_, _| Ok(zeros.clone()));
            }
        }
        Ok(linker.instantiate(&Store::new(), &self.module)?)
    }
}

impl Compiled for TailfirstModule {
    fn instantiate(&mut self) -> Outcome<()> {
        let instance = self.instance()?;
        if let Some(initialize) = instance.function("_initialize") {
            initialize.call(&[])?;
        }
        self.run = instance.function("run");
        Ok(())
    }

    fn run(&mut self, argument: i32) -> Outcome<i32> {
        match self.run.as_ref().ok_or(ABSENT)?.call(&[Value::I32(argument)])?[..] {
            [Value::I32(result)] => Ok(result),
            _ => Err("`run` returns something else".into()),
        }
    }

    fn code(&self) -> Option<usize> {
        Some(self.module.compiled().code.len())
    }
}
