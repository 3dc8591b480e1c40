//! Operands that are one of a few: enumerations whose values are those of their field.

macro_rules! choices {
    ($($(#[$doc:meta])* $ty:ident: $($name:ident $bits:literal $text:expr)*;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $ty {
            $(
                #[doc = concat!($text, ".")]
                $name = $bits,
            )*
        }

        impl $ty {
            /// Its value in the instruction.
            #[inline]
            pub const fn bits(self) -> u32 {
                self as u32
            }

            /// The operand with these bits.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                match bits {
                    $($bits => Some($ty::$name),)*
                    _ => None,
                }
            }
        }
    )*};
}
