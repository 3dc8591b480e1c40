//! From a module's bytes to its sections and functions.

use wasmparser::{FuncValidatorAllocations, Parser, ValidPayload, Validator, WasmFeatures};

use super::module::ModuleInfo;
use super::{Function, build, liveness, locals};
use crate::compile::CompileError;

/// What is accepted: WebAssembly 2.0 without vectors.
const FEATURES: WasmFeatures = WasmFeatures::WASM2.difference(WasmFeatures::SIMD);

/// A module, decoded and valid.
#[derive(Debug)]
pub struct Decoded {
    pub info: ModuleInfo,
    /// Those that are not imported.
    pub functions: Vec<Function>,
    /// The bytes of their bodies.
    pub bytes: usize,
}

/// Decodes a module.
pub fn decode(wasm: &[u8]) -> Result<Decoded, CompileError> {
    let mut info = ModuleInfo::default();
    let mut bodies = vec![];
    let mut bytes = 0;
    let mut validator = Validator::new_with_features(FEATURES);
    let mut parser = Parser::new(0);
    parser.set_features(FEATURES);
    for payload in parser.parse_all(wasm) {
        let payload = payload?;
        if let ValidPayload::Func(function, body) = validator.payload(&payload)? {
            bytes += body.as_bytes().len();
            info.bodies.push(body.range().start as u32);
            bodies.push((function, body));
        }
        info.add(&payload)?;
    }
    let mut functions = vec![];
    let mut allocations = FuncValidatorAllocations::default();
    for (function, body) in bodies {
        let mut validator = function.into_validator(allocations);
        let assigned = locals::assigned(&mut validator, &body)?;
        let mut function = build::build(&info, validator.index(), &body, assigned)?;
        allocations = validator.into_allocations();
        liveness::analyze(&mut function);
        functions.push(function);
    }
    Ok(Decoded { info, functions, bytes })
}
