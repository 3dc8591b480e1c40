//! Immediates of vector instructions: right shifts and fixed points, which count down, shifts and masks of MOVI,
//! rotations of complex numbers.

/// Numbers from 1 to `SIZE`, whose fields hold what is missing to `SIZE`.
macro_rules! counting_down {
    ($($(#[$doc:meta])* $ty:ident $parameter:ident $new:literal $value:literal $refused:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty<const SIZE: u32>(
            // SIZE less the number
            u8,
        );

        debug_by_value!([const SIZE: u32] $ty<SIZE>);

        impl<const SIZE: u32> $ty<SIZE> {
            #[doc = concat!($new, ", 1 to `SIZE`.")]
            #[inline]
            pub const fn new($parameter: u32) -> Option<Self> {
                if 1 <= $parameter && $parameter <= SIZE { Some($ty((SIZE - $parameter) as u8)) } else { None }
            }

            #[doc = concat!($new, " known at compile time; one that does not exist is a compile error.")]
            #[inline]
            pub const fn of<const NUMBER: u32>() -> Self {
                const {
                    match Self::new(NUMBER) {
                        Some(immediate) => immediate,
                        None => panic!($refused),
                    }
                }
            }

            #[doc = $value]
            #[inline]
            pub const fn value(self) -> u32 {
                SIZE - self.0 as u32
            }

            /// Its value in the instruction.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }

            /// The operand with these bits, below `SIZE`.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < SIZE { Some($ty(bits as u8)) } else { None }
            }
        }
    )*};
}

counting_down! {
    /// The amount of a right shift of vector elements that are `SIZE` bits wide: 1 to `SIZE`.
    ShrImm amount "The shift by an amount" "The amount." "elements cannot be shifted by so much";
    /// The number of bits behind the point of fixed-point elements that are `SIZE` bits wide: 1 to `SIZE`.
    LaneFbits fbits "The number of bits" "The number." "elements have no such number of bits behind the point";
}

choices! {
    /// The amount by which MOVI and MVNI shift ones in from below.
    Msl: By8 0 "8 bits" By16 1 "16 bits";
}

/// A 64-bit value whose bytes are 0x00 or 0xFF.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ByteMask64(
    // a bit a byte
    u8,
);

immediate!(ByteMask64, u64);

impl ByteMask64 {
    /// The immediate of this value, if all its bytes are 0x00 or 0xFF.
    #[inline]
    pub const fn new(value: u64) -> Option<Self> {
        // The lowest bit of each byte, gathered in the highest byte.
        let gathered = (value & 0x0101_0101_0101_0101).wrapping_mul(0x0102_0408_1020_4080);
        let mask = ByteMask64((gathered >> 56) as u8);
        if mask.value() == value { Some(mask) } else { None }
    }

    /// Its value.
    #[inline]
    pub const fn value(self) -> u64 {
        let mut value = 0;
        let mut byte = 0;
        while byte < 8 {
            if self.0 >> byte & 1 == 1 {
                value |= 0xFF << (8 * byte);
            }
            byte += 1;
        }
        value
    }

    /// The operand with these bits, one a byte.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits < 256 { Some(ByteMask64(bits as u8)) } else { None }
    }
}

macro_rules! rotations {
    ($($(#[$doc:meta])* $ty:ident: $($name:ident $degrees:literal $bits:literal)*;)*) => {$(
        choices! {
            $(#[$doc])*
            $ty: $($name $bits concat!($degrees, " degrees"))*;
        }

        impl $ty {
            /// The rotation by so many degrees.
            #[inline]
            pub const fn new(degrees: u32) -> Option<Self> {
                match degrees {
                    $($degrees => Some($ty::$name),)*
                    _ => None,
                }
            }
        }
    )*};
}

rotations! {
    /// The rotation of a complex multiplication.
    Rotation: By0 0 0 By90 90 1 By180 180 2 By270 270 3;
    /// The rotation of a complex addition.
    RotationOdd: By90 90 0 By270 270 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges() {
        assert_eq!(ShrImm::<16>::new(16).map(ShrImm::bits), Some(0));
        assert_eq!((ShrImm::<16>::new(0), ShrImm::<16>::new(17)), (None, None));
        assert_eq!(ByteMask64::new(0xFF00_0000_0000_00FF).map(ByteMask64::bits), Some(0x81));
        assert_eq!(ByteMask64::new(0x0F), None);
    }
}
