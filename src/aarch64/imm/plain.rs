//! Plain numbers: unsigned, signed, in units of a power of two, and the one of ADD, which has a choice of units.

debug_by_value!([const BITS: u32, const SHIFT: u32] UImm<BITS, SHIFT>);
debug_by_value!([const BITS: u32, const SHIFT: u32] SImm<BITS, SHIFT>);

/// An unsigned immediate of `BITS` bits, in units of 2<sup>`SHIFT`</sup>.
///
/// ```
/// use tailfirst::aarch64::*;
/// let mut enc = Encoder::new();
/// enc.ldr_x_uoff(X1, X2, UImm::of::<32760>());
/// assert_eq!(UImm::<12, 3>::new(32761), None);
/// // Immediates of 8 and 16 bits take plain numbers, too.
/// enc.brk(7);
/// # let _ = enc;
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UImm<const BITS: u32, const SHIFT: u32>(u32);

impl<const BITS: u32, const SHIFT: u32> UImm<BITS, SHIFT> {
    /// The immediate of this value: a multiple of 2<sup>`SHIFT`</sup> below 2<sup>`BITS + SHIFT`</sup>.
    #[inline]
    pub const fn new(value: u32) -> Option<Self> {
        // The highest value has all the bits that a value may have.
        let highest = ((1 << BITS) - 1) << SHIFT;
        if value & !highest == 0 { Some(UImm(value >> SHIFT)) } else { None }
    }

    /// The immediate of a value known at compile time; a value that cannot be encoded is a compile error.
    #[inline]
    pub const fn of<const VALUE: u32>() -> Self {
        const {
            match Self::new(VALUE) {
                Some(immediate) => immediate,
                None => panic!("no encoding of this immediate exists"),
            }
        }
    }

    /// Its value, unscaled.
    #[inline]
    pub const fn value(self) -> u32 {
        self.0 << SHIFT
    }

    /// Its value in the instruction.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The operand with these bits, below 2<sup>`BITS`</sup>.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits >> BITS == 0 { Some(UImm(bits)) } else { None }
    }
}

impl<const BITS: u32> UImm<BITS, 0> {
    /// The immediate of the value modulo 2<sup>`BITS`</sup>: of the amount of a shift or a rotation, as languages that
    /// define large ones have it.
    ///
    /// ```
    /// use tailfirst::aarch64::*;
    /// let mut enc = Encoder::new();
    /// enc.ror_x_imm(X1, X2, UImm::wrapping(8_u32.wrapping_neg())); // to the left, by 8
    /// enc.lsl_x_imm(X1, X2, LslImm64::wrapping(64 + 8));
    /// # let code = enc.finish()?;
    /// # assert_eq!(code.bytes(), [0x41, 0xDC, 0x78, 0xD3, 0x41, 0xE0, 0xC2, 0x93]);
    /// # Ok::<(), tailfirst::FinishError>(())
    /// ```
    #[inline]
    pub const fn wrapping(value: u32) -> Self {
        UImm(value & ((1 << BITS) - 1))
    }
}

impl From<u8> for UImm<8, 0> {
    #[inline]
    fn from(value: u8) -> Self {
        UImm(value.into())
    }
}

impl From<u16> for UImm<16, 0> {
    #[inline]
    fn from(value: u16) -> Self {
        UImm(value.into())
    }
}

/// A signed immediate of `BITS` bits, in units of 2<sup>`SHIFT`</sup>.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SImm<const BITS: u32, const SHIFT: u32>(
    // The field: two's complement in `BITS` bits.
    u32,
);

impl<const BITS: u32, const SHIFT: u32> SImm<BITS, SHIFT> {
    const MASK: u32 = (1 << BITS) - 1;

    /// The immediate of this value: a multiple of 2<sup>`SHIFT`</sup> from -2<sup>`BITS + SHIFT - 1`</sup> up to below
    /// 2<sup>`BITS + SHIFT - 1`</sup>.
    #[inline]
    pub const fn new(value: i32) -> Option<Self> {
        let units = value >> SHIFT;
        let half = 1 << (BITS - 1);
        if -half <= units && units < half && units << SHIFT == value {
            Some(SImm(units as u32 & Self::MASK))
        } else {
            None
        }
    }

    /// The immediate of a value known at compile time; a value that cannot be encoded is a compile error.
    #[inline]
    pub const fn of<const VALUE: i32>() -> Self {
        const {
            match Self::new(VALUE) {
                Some(immediate) => immediate,
                None => panic!("no encoding of this immediate exists"),
            }
        }
    }

    /// Its value, unscaled.
    #[inline]
    pub const fn value(self) -> i32 {
        ((self.0 << (32 - BITS)) as i32 >> (32 - BITS)) << SHIFT
    }

    /// Its value in the instruction.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The operand with these bits, below 2<sup>`BITS`</sup>.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits >> BITS == 0 { Some(SImm(bits)) } else { None }
    }
}

impl From<i8> for SImm<8, 0> {
    #[inline]
    fn from(value: i8) -> Self {
        SImm(value as u8 as u32)
    }
}

/// The immediate of ADD, SUB, CMP and CMN: 12 bits, or 12 bits above 12 zeros.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddImm(
    // sh:imm12
    u16,
);

immediate!(AddImm, u32);

impl AddImm {
    /// The immediate of this value: below 4096, or a multiple of 4096 below 2<sup>24</sup>.
    #[inline]
    pub const fn new(value: u32) -> Option<Self> {
        if value < 1 << 12 {
            Some(AddImm(value as u16))
        } else if value < 1 << 24 && value.is_multiple_of(1 << 12) {
            Some(AddImm(1 << 12 | (value >> 12) as u16))
        } else {
            None
        }
    }

    /// Its value.
    #[inline]
    pub const fn value(self) -> u32 {
        let low = self.0 as u32 & 0xFFF;
        if self.0 >> 12 == 0 { low } else { low << 12 }
    }

    /// The operand with these bits: `sh:imm12`.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits < 1 << 13 { Some(AddImm(bits as u16)) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges() {
        assert_eq!(AddImm::new(4095).map(AddImm::bits), Some(0x0FFF));
        assert_eq!(AddImm::new(4096).map(AddImm::bits), Some(0x1001));
        assert_eq!(AddImm::new(4097), None);
        assert_eq!(AddImm::new(0xFFF000).map(AddImm::value), Some(0xFFF000));
        assert_eq!(AddImm::new(1 << 24), None);
        assert_eq!(UImm::<12, 3>::new(32760).map(UImm::bits), Some(4095));
        assert_eq!((UImm::<12, 3>::new(32768), UImm::<12, 3>::new(4)), (None, None));
        assert_eq!(SImm::<9, 0>::new(-256).map(SImm::bits), Some(0x100));
        assert_eq!(SImm::<9, 0>::of::<255>().value(), 255);
        assert_eq!((SImm::<9, 0>::new(256), SImm::<9, 0>::new(-257)), (None, None));
        assert_eq!(SImm::<7, 3>::new(-512).map(SImm::value), Some(-512));
        assert_eq!(SImm::<7, 3>::new(-511), None);
    }
}
