//! Immediates.
//!
//! Each kind of immediate is a type that only holds values its field can encode: `new` is where a value is refused, as
//! `None`, and `of` refuses it at compile time. Both are `const`. `bits` is the field's content, `from_bits` the way
//! back, and `value` what the instruction makes of it.

use core::fmt;

/// Methods that all immediates have.
macro_rules! immediate {
    ($ty:ident, $value:ty) => {
        impl $ty {
            /// The immediate of a value known at compile time; a value that cannot be encoded is a compile error.
            #[inline]
            pub const fn of<const VALUE: $value>() -> Self {
                const {
                    match Self::new(VALUE) {
                        Some(immediate) => immediate,
                        None => panic!("no encoding of this immediate exists"),
                    }
                }
            }

            /// Its value in the instruction.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }
        }

        debug_by_value!([] $ty);
    };
}

/// Shows the value instead of the field's content.
macro_rules! debug_by_value {
    ([$($generic:tt)*] $ty:ty) => {
        impl<$($generic)*> fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "#{:?}", self.value())
            }
        }
    };
}

debug_by_value!([const BITS: u32, const SHIFT: u32] UImm<BITS, SHIFT>);
debug_by_value!([const BITS: u32, const SHIFT: u32] SImm<BITS, SHIFT>);
debug_by_value!([const SIZE: u32] ShrImm<SIZE>);
debug_by_value!([] FpImm8);

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
        let bits = value >> SHIFT;
        if bits >> BITS == 0 && bits << SHIFT == value { Some(UImm(bits)) } else { None }
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

/// A bitmask immediate as `N:immr:imms`, 13 bits, of a 64-bit value.
///
/// Such a value is made of equal elements of 2, 4, 8, 16, 32 or 64 bits, and each element of one run of ones, rotated.
/// `imms` holds the element's size above (from its highest zero bit on; `N` counts as its inverted bit 6) and the run's
/// length less one below it, `immr` how far the run is rotated right from the element's low end.
const fn bitmask(value: u64) -> Option<u16> {
    if value == 0 || value == u64::MAX {
        return None;
    }
    let mut size: u32 = 64;
    while size > 2 {
        let half = size / 2;
        let mask = (1u64 << half) - 1;
        if value & mask != value >> half & mask {
            break;
        }
        size = half;
    }
    let element = value & (u64::MAX >> (64 - size));
    let ones = element.count_ones();
    // where the run begins
    let begin = if element & 1 == 0 {
        element.trailing_zeros()
    } else {
        // Either it begins at bit 0, or it wraps around, and begins above the only run of zeros.
        let first_zero = element.trailing_ones();
        (first_zero + (size - ones)) % size
    };
    if rotated_run(ones, begin, size) != element {
        return None;
    }
    let immr = (size - begin) % size;
    let imms = (!(size * 2 - 1) & 0x3F) | (ones - 1);
    let n = size / 64;
    Some((n << 12 | immr << 6 | imms) as u16)
}

/// `ones` ones from bit `begin` on, modulo `size`.
const fn rotated_run(ones: u32, begin: u32, size: u32) -> u64 {
    // `ones` is 1 to 63 and less than `size`.
    let run = (1u64 << ones) - 1;
    let wrapped = if begin == 0 { 0 } else { run >> (size - begin) };
    (run << begin | wrapped) & (u64::MAX >> (64 - size))
}

/// The value of `N:immr:imms`, if that is the immediate that [`bitmask`] gives; others are reserved or not canonical.
const fn bitmask_value(bits: u16) -> Option<u64> {
    let (n, immr, imms) = ((bits >> 12) as u32, (bits >> 6 & 0x3F) as u32, (bits & 0x3F) as u32);
    // The element's size is the highest bit of N:NOT(imms).
    let sizes = n << 6 | (!imms & 0x3F);
    if bits >> 13 != 0 || sizes < 2 {
        return None;
    }
    let size = 1 << sizes.ilog2();
    let (ones, right) = ((imms & (size - 1)) + 1, immr);
    if ones == size || right >= size {
        return None;
    }
    let mut value = rotated_run(ones, (size - right) % size, size);
    let mut filled = size;
    while filled < 64 {
        value |= value << filled;
        filled *= 2;
    }
    Some(value)
}

/// A bitmask immediate of a 64-bit operation (AND, ORR, EOR, TST): a pattern of 2, 4, ... 64 bits, repeated, that is
/// one run of ones, rotated. There are 5,334 of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogicalImm64(
    // N:immr:imms
    u16,
);

immediate!(LogicalImm64, u64);

impl LogicalImm64 {
    /// The immediate of this value, if it is such a pattern.
    #[inline]
    pub const fn new(value: u64) -> Option<Self> {
        match bitmask(value) {
            Some(bits) => Some(LogicalImm64(bits)),
            None => None,
        }
    }

    /// Its value.
    #[inline]
    pub const fn value(self) -> u64 {
        match bitmask_value(self.0) {
            Some(value) => value,
            // Not reached: the constructors make immediates with values.
            None => 0,
        }
    }

    /// The operand with these bits, `N:immr:imms`; `None` for reserved bits, and where `immr` has bits that mean
    /// nothing.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits >> 13 != 0 || bitmask_value(bits as u16).is_none() { None } else { Some(LogicalImm64(bits as u16)) }
    }
}

/// As [`LogicalImm64`], of a 32-bit operation.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogicalImm32(
    // immr:imms
    u16,
);

immediate!(LogicalImm32, u32);

impl LogicalImm32 {
    /// The immediate of this value, if it is such a pattern.
    #[inline]
    pub const fn new(value: u32) -> Option<Self> {
        // Twice the value has elements of at most 32 bits, so N is 0.
        match bitmask((value as u64) << 32 | value as u64) {
            Some(bits) => Some(LogicalImm32(bits)),
            None => None,
        }
    }

    /// Its value.
    #[inline]
    pub const fn value(self) -> u32 {
        LogicalImm64(self.0).value() as u32
    }

    /// The operand with these bits, `immr:imms`; `None` for reserved bits, and where `immr` has bits that mean nothing.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits >> 12 != 0 || bitmask_value(bits as u16).is_none() { None } else { Some(LogicalImm32(bits as u16)) }
    }
}

/// `hw:imm16` of the only halfword of `value` that is not zero; 0 for 0.
const fn wide(value: u64) -> Option<u32> {
    if value == 0 {
        return Some(0);
    }
    let hw = value.trailing_zeros() / 16;
    let imm16 = value >> (16 * hw);
    if imm16 > 0xFFFF { None } else { Some(hw << 16 | imm16 as u32) }
}

/// The low part of `hw:imm16`.
const fn imm16(bits: u32) -> u32 {
    bits & 0xFFFF
}

macro_rules! move_wide {
    ($($(#[$doc:meta])* $ty:ident $value:ident $bits:literal $invert:literal $refused:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty(
            // hw:imm16
            u32,
        );

        immediate!($ty, $value);

        impl $ty {
            /// The immediate of this value, if one instruction of this kind can make it.
            #[inline]
            pub const fn new(value: $value) -> Option<Self> {
                match wide((if $invert { !value } else { value }) as u64) {
                    Some(bits) if imm16(bits) != $refused => Some($ty(bits)),
                    _ => None,
                }
            }

            /// Its value.
            #[inline]
            pub const fn value(self) -> $value {
                let value = (imm16(self.0) as $value) << (16 * (self.0 >> 16));
                if $invert { !value } else { value }
            }

            /// The operand with these bits, `hw:imm16`. A shifted zero is `None`: that is no alias of this kind.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                let (hw, imm16) = (bits >> 16, imm16(bits));
                if bits >> $bits != 0 || imm16 == $refused || (imm16 == 0 && hw != 0) { None } else { Some($ty(bits)) }
            }
        }
    )*};
}

// Above 16 bits: refuses nothing.
const NOTHING: u32 = 1 << 16;

move_wide! {
    /// A 32-bit value with at most one halfword that is not zero: `mov wd, #imm` by MOVZ.
    MovWide32 u32 17 false NOTHING;
    /// A 64-bit value with at most one halfword that is not zero: `mov xd, #imm` by MOVZ.
    MovWide64 u64 18 false NOTHING;
    /// A 32-bit value with at most one halfword that is not all ones, and that is no [`MovWide32`]: `mov wd, #imm` by
    /// MOVN.
    MovInverted32 u32 17 true 0xFFFF;
    /// A 64-bit value with at most one halfword that is not all ones: `mov xd, #imm` by MOVN.
    MovInverted64 u64 18 true NOTHING;
}

macro_rules! left_shift {
    ($($ty:ident $size:literal)*) => {$(
        #[doc = concat!("The amount of LSL (immediate), as UBFM says it: 0 to ", $size, " less one.")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty(
            // immr:imms
            u16,
        );

        immediate!($ty, u32);

        impl $ty {
            #[doc = concat!("The shift by `amount` bits, below ", $size, ".")]
            #[inline]
            pub const fn new(amount: u32) -> Option<Self> {
                if amount < $size {
                    Some($ty((($size - amount) % $size << 6 | ($size - 1 - amount)) as u16))
                } else {
                    None
                }
            }

            /// The amount.
            #[inline]
            pub const fn value(self) -> u32 {
                $size - 1 - (self.0 & 0x3F) as u32
            }

            /// The operand with these bits, `immr:imms`; `None` if they are no left shift.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                let imms = bits & 0x3F;
                if imms >= $size {
                    return None;
                }
                match Self::new($size - 1 - imms) {
                    Some(shift) if shift.bits() == bits => Some(shift),
                    _ => None,
                }
            }
        }
    )*};
}

left_shift!(LslImm32 32 LslImm64 64);

macro_rules! bit_field {
    ($($ty:ident $size:literal)*) => {$(
        #[doc = concat!("Some bits of a ", $size, "-bit register: the lowest of them, and how many.")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty {
            lsb: u8,
            width: u8,
        }

        impl $ty {
            #[doc = concat!("`width` bits from bit `lsb` on: at least one, none above bit ", $size, " less one.")]
            #[inline]
            pub const fn new(lsb: u32, width: u32) -> Option<Self> {
                if lsb < $size && 1 <= width && width <= $size - lsb {
                    Some($ty { lsb: lsb as u8, width: width as u8 })
                } else {
                    None
                }
            }

            /// The lowest bit.
            #[inline]
            pub const fn lsb(self) -> u32 {
                self.lsb as u32
            }

            /// The number of bits.
            #[inline]
            pub const fn width(self) -> u32 {
                self.width as u32
            }

            /// Its value in an instruction that takes the bits out of a register (UBFX, SBFX, BFXIL): `immr:imms`.
            #[inline]
            pub const fn extract_bits(self) -> u32 {
                self.lsb() << 6 | (self.lsb() + self.width() - 1)
            }

            /// Its value in an instruction that puts bits into a register (UBFIZ, SBFIZ, BFI, BFC): `immr:imms`.
            #[inline]
            pub const fn insert_bits(self) -> u32 {
                ($size - self.lsb()) % $size << 6 | (self.width() - 1)
            }

            /// The operand with these [`extract_bits`](Self::extract_bits).
            #[inline]
            pub const fn from_extract_bits(bits: u32) -> Option<Self> {
                let (lsb, last) = (bits >> 6, bits & 0x3F);
                if lsb <= last && last < $size { Self::new(lsb, last - lsb + 1) } else { None }
            }

            /// The operand with these [`insert_bits`](Self::insert_bits).
            #[inline]
            pub const fn from_insert_bits(bits: u32) -> Option<Self> {
                let immr = bits >> 6;
                if immr < $size { Self::new(($size - immr) % $size, (bits & 0x3F) + 1) } else { None }
            }
        }
    )*};
}

bit_field!(BitField32 32 BitField64 64);

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

/// The amount of a right shift of vector elements that are `SIZE` bits wide: 1 to `SIZE`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShrImm<const SIZE: u32>(
    // SIZE less the amount
    u8,
);

impl<const SIZE: u32> ShrImm<SIZE> {
    /// The shift by `amount` bits, 1 to `SIZE`.
    #[inline]
    pub const fn new(amount: u32) -> Option<Self> {
        if 1 <= amount && amount <= SIZE { Some(ShrImm((SIZE - amount) as u8)) } else { None }
    }

    /// The shift by an amount known at compile time; one that does not exist is a compile error.
    #[inline]
    pub const fn of<const AMOUNT: u32>() -> Self {
        const {
            match Self::new(AMOUNT) {
                Some(immediate) => immediate,
                None => panic!("elements cannot be shifted by so much"),
            }
        }
    }

    /// The amount.
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
        if bits < SIZE { Some(ShrImm(bits as u8)) } else { None }
    }
}

/// The amount by which MOVI and MVNI shift ones in from below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Msl {
    /// 8 bits.
    By8,
    /// 16 bits.
    By16,
}

impl Msl {
    /// Its value in the instruction.
    #[inline]
    pub const fn bits(self) -> u32 {
        self as u32
    }

    /// The operand with these bits: 0 or 1.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        match bits {
            0 => Some(Msl::By8),
            1 => Some(Msl::By16),
            _ => None,
        }
    }
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
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $ty {
            $(
                #[doc = concat!($degrees, " degrees.")]
                $name = $bits,
            )*
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

rotations! {
    /// The rotation of a complex multiplication.
    Rotation: By0 0 0 By90 90 1 By180 180 2 By270 270 3;
    /// The rotation of a complex addition.
    RotationOdd: By90 90 0 By270 270 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{collections::BTreeSet, vec::Vec};

    /// Every bitmask immediate, from the manual's sentence and not from our code: sizes, runs, rotations.
    fn all_patterns() -> BTreeSet<u64> {
        let mut patterns = BTreeSet::new();
        for size in [2u32, 4, 8, 16, 32, 64] {
            for ones in 1..size {
                for rotation in 0..size {
                    let mut pattern = 0;
                    for bit in 0..ones {
                        let at = (bit + size - rotation) % size;
                        for copy in (0..64).step_by(size as usize) {
                            pattern |= 1u64 << (at + copy);
                        }
                    }
                    patterns.insert(pattern);
                }
            }
        }
        patterns
    }

    #[test]
    fn every_bitmask_has_its_bits() {
        let patterns = all_patterns();
        assert_eq!(patterns.len(), 5334);
        let mut seen = BTreeSet::new();
        for &pattern in &patterns {
            let imm = LogicalImm64::new(pattern).expect("is a pattern");
            assert_eq!(imm.value(), pattern);
            assert_eq!(LogicalImm64::from_bits(imm.bits()), Some(imm));
            assert!(seen.insert(imm.bits()));
            let low = pattern as u32;
            if pattern >> 32 == u64::from(low) {
                let imm32 = LogicalImm32::new(low).expect("is a pattern of at most 32 bits");
                assert_eq!((imm32.bits(), imm32.value()), (imm.bits(), low));
            }
        }
        let back: Vec<u64> = (0..1 << 13).filter_map(LogicalImm64::from_bits).map(LogicalImm64::value).collect();
        assert_eq!(back.len(), 5334);
        assert!(back.iter().all(|value| patterns.contains(value)));
        assert_eq!((0..1 << 12).filter_map(LogicalImm32::from_bits).count(), 1302);
    }

    #[test]
    fn what_is_no_bitmask() {
        let patterns = all_patterns();
        // Each pattern with one bit changed: close to what is encodable, mostly not encodable.
        for &pattern in &patterns {
            for bit in 0..64 {
                let value = pattern ^ 1 << bit;
                assert_eq!(LogicalImm64::new(value).is_some(), patterns.contains(&value), "{value:#x}");
            }
        }
        for value in [0, u64::MAX, 0x1234_5678_9ABC_DEF0, 5] {
            assert_eq!(LogicalImm64::new(value), None);
        }
        assert_eq!((LogicalImm32::new(0), LogicalImm32::new(u32::MAX)), (None, None));
    }

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
        assert_eq!(MovWide64::new(0x1234 << 32).map(MovWide64::bits), Some(0x2_1234));
        assert_eq!(MovWide64::new(0x1_0001), None);
        assert_eq!(MovInverted64::new(u64::MAX).map(MovInverted64::bits), Some(0));
        assert_eq!(MovInverted32::new(0xFFFF_0000), None);
        assert_eq!(MovInverted32::new(0x1234_FFFF).map(MovInverted32::value), Some(0x1234_FFFF));
        assert_eq!(LslImm64::new(0).map(LslImm64::bits), Some(0x3F));
        assert_eq!(LslImm64::new(63).map(LslImm64::bits), Some(1 << 6));
        assert_eq!(LslImm64::new(64), None);
        assert_eq!(LslImm32::new(1).map(LslImm32::bits), Some(31 << 6 | 30));
        assert_eq!(BitField64::new(8, 4).map(BitField64::extract_bits), Some(8 << 6 | 11));
        assert_eq!(BitField64::new(8, 4).map(BitField64::insert_bits), Some(56 << 6 | 3));
        assert_eq!((BitField32::new(31, 2), BitField32::new(0, 0)), (None, None));
        assert_eq!(Fbits64::new(64).map(Fbits64::bits), Some(0));
        assert_eq!(Fbits32::new(33), None);
        assert_eq!(ShrImm::<16>::new(16).map(ShrImm::bits), Some(0));
        assert_eq!((ShrImm::<16>::new(0), ShrImm::<16>::new(17)), (None, None));
        assert_eq!(ByteMask64::new(0xFF00_0000_0000_00FF).map(ByteMask64::bits), Some(0x81));
        assert_eq!(ByteMask64::new(0x0F), None);
    }

    #[test]
    fn bits_and_back() {
        fn check<T: Copy + PartialEq + core::fmt::Debug>(width: u32, from: fn(u32) -> Option<T>, bits: fn(T) -> u32) {
            for raw in 0..1u32 << width {
                if let Some(value) = from(raw) {
                    assert_eq!(bits(value), raw);
                }
            }
            assert_eq!(from(1 << width), None);
        }
        check(12, LslImm32::from_bits, LslImm32::bits);
        check(12, LslImm64::from_bits, LslImm64::bits);
        check(12, BitField32::from_extract_bits, BitField32::extract_bits);
        check(12, BitField64::from_extract_bits, BitField64::extract_bits);
        check(12, BitField32::from_insert_bits, BitField32::insert_bits);
        check(12, BitField64::from_insert_bits, BitField64::insert_bits);
        check(17, MovInverted32::from_bits, MovInverted32::bits);
        check(18, MovWide64::from_bits, MovWide64::bits);
        check(8, ByteMask64::from_bits, ByteMask64::bits);
        for mask in 0..256 {
            let mask = ByteMask64::from_bits(mask).expect("below 256");
            assert_eq!(ByteMask64::new(mask.value()), Some(mask));
        }
        check(9, SImm::<9, 0>::from_bits, SImm::bits);
        check(6, Fbits64::from_bits, Fbits64::bits);
    }
}
