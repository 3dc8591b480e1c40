//! Conditions on the flags: sixteen of them on either instruction set, numbered as instructions have them.

macro_rules! conditions {
    ($(#[$doc:meta])* $($name:ident $code:literal $text:literal)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Cond {
            $(
                #[doc = concat!($text, ".")]
                $name = $code,
            )*
        }

        impl Cond {
            /// All conditions, in the order of their codes.
            pub const ALL: [Cond; 16] = [$(Cond::$name),*];

            /// The condition with this code, below 16.
            #[inline(always)]
            pub const fn new(code: u8) -> Option<Self> {
                if code < 16 { Some(Self::ALL[code as usize]) } else { None }
            }

            /// The condition with this code modulo 16.
            #[inline(always)]
            pub const fn wrapping(code: u8) -> Self {
                Self::ALL[code as usize % 16]
            }

            /// Its code.
            #[inline(always)]
            pub const fn number(self) -> u8 {
                self as u8
            }

            /// Its value in the instruction.
            #[inline(always)]
            pub const fn bits(self) -> u32 {
                self as u32
            }

            /// The condition with these bits, below 16.
            #[inline(always)]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 16 { Some(Self::ALL[bits as usize]) } else { None }
            }
        }
    };
}
