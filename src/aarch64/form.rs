//! The AArch64 forms as data, and emission of a form chosen at run time.

use super::*;
use crate::{
    Direction, Down, Up,
    form::{OperandError, OperandInfo},
    references::label::{Label, Symbol, Target},
};

/// A form: one encoding, and the function that writes it.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// The encoder function.
    pub name: &'static str,
    /// The mnemonic in lower case.
    pub mnemonic: &'static str,
    /// Arm's assembler syntax.
    pub syntax: &'static str,
    /// The bits from the highest: `0` and `1`, `(0)` and `(1)` that should be so, fields.
    pub encoding: &'static str,
    /// Arm's name of the encoding; most aliases have none.
    pub id: Option<&'static str>,
    /// The explicit operands, in the manual's order.
    pub operands: &'static [OperandInfo],
    /// What the operands are in bits, one an operand.
    pub values: &'static [&'static Value],
    /// What must hold between fields; `finish` fails if it does not.
    pub condition: Option<&'static str>,
    /// Access to the flags: `r:nzcv w:nzcv`.
    pub flags: &'static str,
    /// Architecture features, all needed.
    pub cpu: &'static [CpuFeature],
    /// Further ones, which [`CpuFeature`] does not know: those of tables of another crate.
    pub other_cpu: &'static [&'static str],
    /// Another form that can place the same word.
    pub alias: Option<&'static str>,
    /// The table with the form's row.
    pub table: &'static str,
    /// What calls the encoder function.
    pub emit: Emit,
}

/// What calls an encoder function: one of those that a function can call.
#[derive(Debug, Clone, Copy)]
pub struct Emit {
    /// That function.
    pub call: Call,
    /// Which one.
    pub index: u8,
}

/// A function that calls one of some encoder functions, for each direction.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// In code that grows down.
    pub down: fn(&mut Encoder<'_>, u8, &[Operand]) -> Result<(), OperandError>,
    /// In code that grows up.
    pub up: fn(&mut Assembler<'_>, u8, &[Operand]) -> Result<(), OperandError>,
}

/// What an operand is in bits.
#[derive(Debug, Clone, Copy)]
pub struct Value {
    /// The kind as the table names it: `X`, `U<<3`, `LogicalImm64`.
    pub kind: &'static str,
    /// The width of its value in bits.
    pub width: u32,
    /// [`Value::from_bits`].
    pub from_bits: fn(u32) -> Option<Operand>,
}

impl Value {
    /// The operand with these bits, right-aligned; `None` if there is none, and for labels, whose bits are a distance.
    ///
    /// ```
    /// use tailfirst::aarch64::*;
    /// let form = forms().iter().find(|form| form.name == "and_x_imm").unwrap();
    /// let imm = form.values[2];
    /// let legal = (0..1 << imm.width).filter_map(|bits| imm.from_bits(bits)).count();
    /// assert_eq!(legal, 5334);
    /// ```
    pub fn from_bits(&self, bits: u32) -> Option<Operand> {
        (self.from_bits)(bits)
    }
}

impl Form {
    /// The features of [`cpu`](Self::cpu), and what they imply.
    pub fn needs(&self) -> CpuFeatures {
        self.cpu.iter().copied().collect()
    }

    /// Calls the encoder function.
    ///
    /// # Errors
    /// The operands are not those of the form; nothing is placed then.
    pub fn emit<D: Direction>(&self, enc: &mut Emitter<'_, D>, operands: &[Operand]) -> Result<(), OperandError> {
        if operands.len() != self.operands.len() {
            return Err(OperandError::Count { expected: self.operands.len(), found: operands.len() });
        }
        let Emit { call, index } = self.emit;
        D::choose(enc, |enc| (call.down)(enc, index, operands), |enc| (call.up)(enc, index, operands))
    }
}

/// Every form, table by table.
#[cfg_attr(unoptimized, inline(never))]
#[cfg_attr(not(unoptimized), inline)]
pub fn forms() -> &'static [Form] {
    generated::FORMS
}

mod generated {
    use super::{get as parameter, *};
    use crate::form::Access;
    include!(concat!(env!("OUT_DIR"), "/aarch64_forms.rs"));
}

/// The operand at an index, as the encoder function takes it.
pub fn get<T: TryFrom<Operand>>(operands: &[Operand], index: usize, expected: &'static str) -> Result<T, OperandError> {
    let operand = operands.get(index).and_then(|operand| T::try_from(*operand).ok());
    operand.ok_or(OperandError::Kind { index, expected })
}

/// The operand types: variant, type, and the variants that become one.
macro_rules! operands {
    ($($variant:ident $ty:ty $(, $from:ident)*;)*) => {
        /// An operand of any kind.
        #[derive(Clone, Copy, PartialEq)]
        #[non_exhaustive]
        pub enum Operand {
            /// An immediate by its value; where a form wants a kind of immediate, it is converted.
            Imm(i64),
            /// What a branch, an address or a literal refers to.
            Target(Target),
            $(
                #[doc = concat!("A `", stringify!($variant), "`.")]
                $variant($ty),
            )*
        }

        impl core::fmt::Debug for Operand {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self {
                    Operand::Imm(value) => value.fmt(f),
                    Operand::Target(target) => target.fmt(f),
                    $(Operand::$variant(value) => value.fmt(f),)*
                }
            }
        }

        $(
            impl From<$ty> for Operand {
                fn from(value: $ty) -> Self {
                    Operand::$variant(value)
                }
            }

            impl TryFrom<Operand> for $ty {
                type Error = Operand;

                fn try_from(operand: Operand) -> Result<Self, Operand> {
                    let converted = match operand {
                        Operand::$variant(value) => Some(value),
                        $(Operand::$from(value) => converted!($from value $ty),)*
                        _ => None,
                    };
                    converted.ok_or(operand)
                }
            }
        )*
    };
}

macro_rules! converted {
    (Imm $value:ident $ty:ty) => {
        Number::of($value).and_then(<$ty>::new)
    };
    ($from:ident $value:ident $ty:ty) => {
        <$ty>::try_from($value).ok()
    };
}

/// What constructors of immediates take.
trait Number: Sized {
    /// An immediate's value as such a number.
    fn of(value: i64) -> Option<Self>;
}

impl Number for u32 {
    fn of(value: i64) -> Option<Self> {
        value.try_into().ok()
    }
}

impl Number for i32 {
    fn of(value: i64) -> Option<Self> {
        value.try_into().ok()
    }
}

impl Number for u64 {
    /// The same bits.
    fn of(value: i64) -> Option<Self> {
        Some(value as u64)
    }
}

include!(concat!(env!("OUT_DIR"), "/aarch64_operands.rs"));

impl<const BITS: u32, const SHIFT: u32> From<UImm<BITS, SHIFT>> for Operand {
    fn from(immediate: UImm<BITS, SHIFT>) -> Self {
        Operand::Imm(immediate.value().into())
    }
}

impl<const BITS: u32, const SHIFT: u32> TryFrom<Operand> for UImm<BITS, SHIFT> {
    type Error = Operand;

    fn try_from(operand: Operand) -> Result<Self, Operand> {
        match operand {
            Operand::Imm(value) => Number::of(value).and_then(UImm::new).ok_or(operand),
            _ => Err(operand),
        }
    }
}

impl<const BITS: u32, const SHIFT: u32> From<SImm<BITS, SHIFT>> for Operand {
    fn from(immediate: SImm<BITS, SHIFT>) -> Self {
        Operand::Imm(immediate.value().into())
    }
}

impl<const BITS: u32, const SHIFT: u32> TryFrom<Operand> for SImm<BITS, SHIFT> {
    type Error = Operand;

    fn try_from(operand: Operand) -> Result<Self, Operand> {
        match operand {
            Operand::Imm(value) => Number::of(value).and_then(SImm::new).ok_or(operand),
            _ => Err(operand),
        }
    }
}

impl TryFrom<Operand> for Target {
    type Error = Operand;

    fn try_from(operand: Operand) -> Result<Self, Operand> {
        match operand {
            Operand::Target(target) => Ok(target),
            _ => Err(operand),
        }
    }
}

macro_rules! operand_from {
    ($($ty:ty => $variant:ident $convert:expr;)*) => {$(
        impl From<$ty> for Operand {
            fn from(value: $ty) -> Self {
                Operand::$variant($convert(value))
            }
        }
    )*};
}

operand_from! {
    Gpr64 => X X::from;
    Gpr32 => W W::from;
    i32 => Imm i64::from;
    i64 => Imm core::convert::identity;
    Target => Target core::convert::identity;
    Label => Target Target::from;
    Symbol => Target Target::from;
}
