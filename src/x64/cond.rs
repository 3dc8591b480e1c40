//! Conditions of `jcc`, `setcc` and `cmovcc`.

/// A condition on the flags; its value is the low half of the opcode (SDM vol. 1, appendix B).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Cond {
    /// Overflow.
    O = 0,
    /// No overflow.
    No = 1,
    /// Below, unsigned (carry).
    B = 2,
    /// Above or equal, unsigned (no carry).
    Ae = 3,
    /// Equal (zero).
    E = 4,
    /// Not equal (not zero).
    Ne = 5,
    /// Below or equal, unsigned.
    Be = 6,
    /// Above, unsigned.
    A = 7,
    /// Sign (negative).
    S = 8,
    /// No sign (not negative).
    Ns = 9,
    /// Parity even; unordered, after a floating-point comparison.
    P = 10,
    /// Parity odd; ordered, after a floating-point comparison.
    Np = 11,
    /// Less, signed.
    L = 12,
    /// Greater or equal, signed.
    Ge = 13,
    /// Less or equal, signed.
    Le = 14,
    /// Greater, signed.
    G = 15,
}

impl Cond {
    /// All conditions, in the order of their codes.
    pub const ALL: [Cond; 16] = [
        Cond::O,
        Cond::No,
        Cond::B,
        Cond::Ae,
        Cond::E,
        Cond::Ne,
        Cond::Be,
        Cond::A,
        Cond::S,
        Cond::Ns,
        Cond::P,
        Cond::Np,
        Cond::L,
        Cond::Ge,
        Cond::Le,
        Cond::G,
    ];

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

    /// The opposite condition.
    #[inline]
    pub const fn inverse(self) -> Cond {
        Cond::ALL[self as usize ^ 1]
    }
}
