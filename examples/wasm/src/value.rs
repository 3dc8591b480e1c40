//! WebAssembly values, as the program around a module sees them and as compiled code passes them.
//!
//! Compiled code keeps values in registers. Where it meets the program, at its entry and at calls of host functions,
//! values lie in *slots*, 16 bytes each: what is shorter fills the low bytes, and the rest may be anything. A reference
//! in a slot is 0 if it is null. A function is then the address of its record, and an external reference is the
//! program's own number plus one: the run time gives no meaning to it.

use std::fmt;

use wasmparser::ValType;

use crate::runtime::{Function, Store};

/// A value of one of WebAssembly's types.
#[derive(Clone, Debug)]
pub enum Value {
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// A 32-bit float.
    F32(f32),
    /// A 64-bit float.
    F64(f64),
    /// A vector, lane 0 in the lowest bits.
    V128(u128),
    /// A function, or null.
    FuncRef(Option<Function>),
    /// A number that the program around the module chose, or null.
    ExternRef(Option<u32>),
}

impl Value {
    /// The value's type.
    pub fn ty(&self) -> ValType {
        match self {
            Value::I32(_) => ValType::I32,
            Value::I64(_) => ValType::I64,
            Value::F32(_) => ValType::F32,
            Value::F64(_) => ValType::F64,
            Value::V128(_) => ValType::V128,
            Value::FuncRef(_) => ValType::FUNCREF,
            Value::ExternRef(_) => ValType::EXTERNREF,
        }
    }

    /// The value that a variable of this type starts with: zero, or null.
    pub fn zero(ty: ValType) -> Option<Value> {
        match ty {
            ValType::I32 => Some(Value::I32(0)),
            ValType::I64 => Some(Value::I64(0)),
            ValType::F32 => Some(Value::F32(0.0)),
            ValType::F64 => Some(Value::F64(0.0)),
            ValType::V128 => Some(Value::V128(0)),
            ValType::FUNCREF => Some(Value::FuncRef(None)),
            ValType::EXTERNREF => Some(Value::ExternRef(None)),
            ValType::Ref(_) => None,
        }
    }

    /// A number as it is written on a command line: decimal, for integers also `0x` and hexadecimal, which is all for
    /// vectors.
    pub fn parse(ty: ValType, text: &str) -> Option<Value> {
        match ty {
            ValType::I32 => integer(text, 32).map(|bits| Value::I32(bits as i32)),
            ValType::I64 => integer(text, 64).map(|bits| Value::I64(bits as i64)),
            ValType::F32 => text.parse().ok().map(Value::F32),
            ValType::F64 => text.parse().ok().map(Value::F64),
            ValType::V128 => u128::from_str_radix(text.strip_prefix("0x")?, 16).ok().map(Value::V128),
            ValType::EXTERNREF => text.parse().ok().map(|number| Value::ExternRef(Some(number))),
            ValType::Ref(_) => None,
        }
    }

    pub(crate) fn to_slot(&self) -> u128 {
        match self {
            Value::I32(value) => u128::from(*value as u32),
            Value::I64(value) => u128::from(*value as u64),
            Value::F32(value) => u128::from(value.to_bits()),
            Value::F64(value) => u128::from(value.to_bits()),
            Value::V128(value) => *value,
            Value::FuncRef(function) => function.as_ref().map_or(0, |function| u128::from(function.reference())),
            Value::ExternRef(number) => number.map_or(0, |number| u128::from(number) + 1),
        }
    }

    /// # Safety
    /// A slot of a function's type is null or the address of a record of the store.
    pub(crate) unsafe fn from_slot(store: &Store, ty: ValType, slot: u128) -> Value {
        // All but a vector; who wrote less has left the upper half alone.
        let word = slot as u64;
        match ty {
            ValType::I32 => Value::I32(slot as i32),
            ValType::I64 => Value::I64(slot as i64),
            ValType::F32 => Value::F32(f32::from_bits(slot as u32)),
            ValType::F64 => Value::F64(f64::from_bits(word)),
            ValType::V128 => Value::V128(slot),
            // SAFETY: by the caller's promise.
            ValType::FUNCREF => Value::FuncRef(unsafe { Function::from_reference(store, word) }),
            ValType::EXTERNREF => Value::ExternRef(word.checked_sub(1).map(|number| number as u32)),
            ValType::Ref(_) => unreachable!("modules with other types are not compiled"),
        }
    }
}

/// The two's complement of an integer of so many bits, signed or not.
fn integer(text: &str, bits: u32) -> Option<u64> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let magnitude = match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    let magnitude = i128::from(magnitude.ok()?);
    let value = if negative { -magnitude } else { magnitude };
    (-(1 << (bits - 1))..1 << bits).contains(&value).then_some(value as u64)
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::I32(value) => write!(f, "{value}"),
            Value::I64(value) => write!(f, "{value}"),
            Value::F32(value) => write!(f, "{value}"),
            Value::F64(value) => write!(f, "{value}"),
            Value::V128(value) => write!(f, "{value:#034x}"),
            Value::FuncRef(None) | Value::ExternRef(None) => f.write_str("null"),
            Value::FuncRef(Some(_)) => f.write_str("function"),
            Value::ExternRef(Some(number)) => write!(f, "extern {number}"),
        }
    }
}
