//! Immediates of floating-point instructions: the 256 constants of FMOV, and where the binary point of a fixed-point
//! number is.

debug_by_value!([] FpImm8);

/// A floating-point immediate: +-(16 to 31) / 16 * 2<sup>-3 to 4</sup>.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FpImm8(
    // the sign, three bits of exponent, four of fraction
    u8,
);

impl FpImm8 {
    /// The immediate of this value, if it is one of the 256.
    #[inline]
    pub const fn new(value: f64) -> Option<Self> {
        let bits = value.to_bits();
        let (sign, exponent, fraction) = (bits >> 63, (bits >> 52 & 0x7FF) as i32 - 1023, bits & ((1 << 52) - 1));
        if exponent < -3 || exponent > 4 || fraction & ((1 << 48) - 1) != 0 {
            return None;
        }
        // Exponents count from -3; the highest of their three bits is inverted.
        let exponent = (exponent + 3) as u8 ^ 4;
        Some(FpImm8((sign as u8) << 7 | exponent << 4 | (fraction >> 48) as u8))
    }

    /// Its value.
    #[inline]
    pub const fn value(self) -> f64 {
        let sign = (self.0 >> 7) as u64;
        let exponent = (self.0 >> 4 & 7 ^ 4) as u64 + 1023 - 3;
        f64::from_bits(sign << 63 | exponent << 52 | ((self.0 & 0xF) as u64) << 48)
    }

    /// Its value in the instruction.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }

    /// The operand with these bits, below 256.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits < 256 { Some(FpImm8(bits as u8)) } else { None }
    }
}

macro_rules! fraction_bits {
    ($($ty:ident $max:literal)*) => {$(
        #[doc = concat!("The number of fraction bits of a fixed-point value in a ", $max, "-bit register: 1 to ", $max, ".")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty(
            // 64 less the number
            u8,
        );

        immediate!($ty, u32);

        impl $ty {
            #[doc = concat!("So many fraction bits, 1 to ", $max, ".")]
            #[inline]
            pub const fn new(bits: u32) -> Option<Self> {
                if 1 <= bits && bits <= $max { Some($ty((64 - bits) as u8)) } else { None }
            }

            /// Their number.
            #[inline]
            pub const fn value(self) -> u32 {
                64 - self.0 as u32
            }

            /// The operand with these bits: 64 less the number.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < 64 { Self::new(64 - bits) } else { None }
            }
        }
    )*};
}

fraction_bits!(Fbits32 32 Fbits64 64);

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{collections::BTreeSet, vec::Vec};

    #[test]
    fn fp_immediates() {
        let mut values = Vec::new();
        for sign in [1.0, -1.0] {
            for exponent in -3..=4 {
                for sixteenths in 16..32 {
                    values.push(sign * f64::from(sixteenths) / 16.0 * 2f64.powi(exponent));
                }
            }
        }
        let mut seen = BTreeSet::new();
        for &value in &values {
            let imm = FpImm8::new(value).expect("is one of the 256");
            assert_eq!(imm.value(), value);
            assert_eq!(FpImm8::from_bits(imm.bits()), Some(imm));
            seen.insert(imm.bits());
        }
        assert_eq!(seen.len(), 256);
        // from the manual's table of FMOV immediates
        assert_eq!(FpImm8::new(1.0).map(FpImm8::bits), Some(0x70));
        assert_eq!(FpImm8::new(2.0).map(FpImm8::bits), Some(0x00));
        assert_eq!(FpImm8::new(-31.0).map(FpImm8::bits), Some(0xBF));
        for value in [0.0, -0.0, 0.1, 32.0, 1.03125, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE] {
            assert_eq!(FpImm8::new(value), None, "{value}");
        }
    }

    #[test]
    fn fraction_bits_end() {
        assert_eq!(Fbits64::new(64).map(Fbits64::bits), Some(0));
        assert_eq!(Fbits32::new(33), None);
    }
}
