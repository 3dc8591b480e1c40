//! From a module's bytes to its sections and functions.

use wasmparser::{
    FuncToValidate, FuncValidatorAllocations, FunctionBody, Parser, ValidPayload, Validator, ValidatorResources,
    WasmFeatures,
};

use super::module::ModuleInfo;
use super::{Function, build, liveness, locals};
use crate::compile::CompileError;

/// What is accepted: WebAssembly 2.0.
const FEATURES: WasmFeatures = WasmFeatures::WASM2;

/// A module whose functions are not decoded yet.
#[derive(Debug)]
pub struct Decoded<'w> {
    pub info: ModuleInfo,
    /// Of those that are not imported.
    pub bodies: Vec<Body<'w>>,
}

/// A function's body, which may still be invalid.
#[derive(Debug)]
pub struct Body<'w> {
    function: FuncToValidate<ValidatorResources>,
    code: FunctionBody<'w>,
}

/// Memory that the decoding of one function leaves to the next.
#[derive(Default)]
pub struct Scratch(FuncValidatorAllocations);

/// Decodes and validates all of a module but its functions.
pub fn decode(wasm: &[u8]) -> Result<Decoded<'_>, CompileError> {
    let mut info = ModuleInfo::default();
    let mut bodies = vec![];
    let mut validator = Validator::new_with_features(FEATURES);
    let mut parser = Parser::new(0);
    parser.set_features(FEATURES);
    for payload in parser.parse_all(wasm) {
        let payload = payload?;
        if let ValidPayload::Func(function, code) = validator.payload(&payload)? {
            info.bodies.push(code.range().start as u32);
            bodies.push(Body { function, code });
        }
        info.add(&payload)?;
    }
    Ok(Decoded { info, bodies })
}

impl Body<'_> {
    /// Validates the body, and decodes it.
    pub fn decode(&self, info: &ModuleInfo, scratch: &mut Scratch) -> Result<Function, CompileError> {
        let FuncToValidate { ref resources, index, ty, features } = self.function;
        let function = FuncToValidate { resources: resources.clone(), index, ty, features };
        let mut validator = function.into_validator(std::mem::take(&mut scratch.0));
        let assigned = locals::assigned(&mut validator, &self.code)?;
        let mut function = build::build(info, index, &self.code, assigned)?;
        scratch.0 = validator.into_allocations();
        liveness::analyze(&mut function);
        Ok(function)
    }

    /// Its length in bytes.
    pub fn bytes(&self) -> usize {
        self.code.as_bytes().len()
    }
}
