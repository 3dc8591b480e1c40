//! Operands as bits of an instruction, for the primitives that place many kinds of them (see
//! [`encode`](super::encode)).
//!
//! Which types there are, the table of operand kinds says (`gen/forms/src/aarch64/kinds.rs`).

use super::*;

/// An operand by its bits.
pub trait Bits {
    /// Its value in the instruction, right-aligned.
    fn bits(self) -> u32;
}

macro_rules! operand_bits {
    ($($ty:ty;)*) => {$(
        impl Bits for $ty {
            // This would be it if the type had none of its own.
            #[deny(unconditional_recursion)]
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn bits(self) -> u32 {
                <$ty>::bits(self)
            }
        }
    )*};
}

macro_rules! scalable_bits {
    ($($ty:ty;)*) => {
        #[cfg(any(feature = "aarch64-sve", feature = "aarch64-sme", feature = "forms"))]
        mod scalable {
            use super::*;

            operand_bits!($($ty;)*);
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/aarch64_bits.rs"));

// One for each width and scale.
macro_rules! immediate_bits {
    ($($ty:ident)*) => {$(
        impl<const WIDTH: u32, const SHIFT: u32> Bits for $ty<WIDTH, SHIFT> {
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn bits(self) -> u32 {
                <$ty<WIDTH, SHIFT>>::bits(self)
            }
        }
    )*};
}

immediate_bits!(UImm SImm);

// These are no kinds of a form's: they stand for those of several forms.
operand_bits! {
    SizedIndex;
    SizedOffset;
}
