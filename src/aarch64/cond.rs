//! Conditions and flags.

conditions! {
    /// A condition on the flags.
    #[allow(clippy::upper_case_acronyms)] // the manual's names
    EQ 0 "Equal: Z"
    NE 1 "Not equal: not Z"
    CS 2 "Carry, unsigned higher or same: C"
    CC 3 "No carry, unsigned lower: not C"
    MI 4 "Negative: N"
    PL 5 "Positive or zero: not N"
    VS 6 "Overflow: V"
    VC 7 "No overflow: not V"
    HI 8 "Unsigned higher: C and not Z"
    LS 9 "Unsigned lower or same: not C or Z"
    GE 10 "Signed greater or equal: N is V"
    LT 11 "Signed less: N is not V"
    GT 12 "Signed greater: not Z, and N is V"
    LE 13 "Signed less or equal: Z, or N is not V"
    AL 14 "Always"
    NV 15 "Always, too"
}

impl Cond {
    /// [`CS`](Self::CS) by its other name.
    pub const HS: Cond = Cond::CS;
    /// [`CC`](Self::CC) by its other name.
    pub const LO: Cond = Cond::CC;

    /// The condition that holds when this one does not; of AL and NV, each other, though both always hold.
    #[inline(always)]
    pub const fn inverse(self) -> Self {
        Self::ALL[(self as usize) ^ 1]
    }
}

/// The condition of CSET, CSETM, CINC, CINV and CNEG, whose instructions hold its inverse; neither AL nor NV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CondInv(Cond);

macro_rules! inverted {
    ($($name:ident)*) => {
        impl CondInv {$(
            #[doc = concat!("[`Cond::", stringify!($name), "`].")]
            pub const $name: CondInv = CondInv(Cond::$name);
        )*}
    };
}

inverted!(EQ NE CS HS CC LO MI PL VS VC HI LS GE LT GT LE);

impl CondInv {
    /// All conditions but AL and NV, in the order of their codes.
    pub const ALL: [CondInv; 14] = {
        let mut all = [CondInv::EQ; 14];
        let mut code = 0;
        while code < all.len() {
            all[code] = CondInv(Cond::ALL[code]);
            code += 1;
        }
        all
    };

    /// The operand of a condition; `None` for AL and NV.
    #[inline(always)]
    pub const fn new(cond: Cond) -> Option<Self> {
        match cond {
            Cond::AL | Cond::NV => None,
            _ => Some(CondInv(cond)),
        }
    }

    /// The condition.
    #[inline(always)]
    pub const fn cond(self) -> Cond {
        self.0
    }

    /// Its value in the instruction: the inverse condition's.
    #[inline(always)]
    pub const fn bits(self) -> u32 {
        self.0 as u32 ^ 1
    }

    /// The operand with these bits, below 14.
    #[inline(always)]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        match Cond::from_bits(bits) {
            Some(inverse) => Self::new(inverse.inverse()),
            None => None,
        }
    }
}

impl TryFrom<Cond> for CondInv {
    type Error = Cond;

    #[inline]
    fn try_from(cond: Cond) -> Result<Self, Cond> {
        CondInv::new(cond).ok_or(cond)
    }
}

/// Values of the flags, or a choice of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Nzcv(u8);

impl Nzcv {
    /// No flag.
    pub const NONE: Nzcv = Nzcv(0);
    /// Negative.
    pub const N: Nzcv = Nzcv(8);
    /// Zero.
    pub const Z: Nzcv = Nzcv(4);
    /// Carry.
    pub const C: Nzcv = Nzcv(2);
    /// Overflow.
    pub const V: Nzcv = Nzcv(1);

    /// The flags of a number below 16.
    #[inline(always)]
    pub const fn new(bits: u8) -> Option<Self> {
        if bits < 16 { Some(Nzcv(bits)) } else { None }
    }

    /// The flags of both.
    #[inline(always)]
    pub const fn union(self, other: Nzcv) -> Self {
        Nzcv(self.0 | other.0)
    }

    /// Its value in the instruction.
    #[inline(always)]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }

    /// The operand with these bits, below 16.
    #[inline(always)]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits < 16 { Some(Nzcv(bits as u8)) } else { None }
    }
}

impl core::ops::BitOr for Nzcv {
    type Output = Nzcv;

    #[inline(always)]
    fn bitor(self, other: Nzcv) -> Nzcv {
        self.union(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverses() {
        assert_eq!(CondInv::EQ.bits(), Cond::NE.bits());
        assert_eq!((CondInv::new(Cond::AL), CondInv::new(Cond::NV)), (None, None));
        assert_eq!((0..16).filter_map(CondInv::from_bits).count(), 14);
        for bits in 0..14 {
            assert_eq!(CondInv::from_bits(bits).map(CondInv::bits), Some(bits));
        }
        assert_eq!(Cond::from_bits(16), None);
        assert_eq!((Nzcv::N | Nzcv::V).bits(), 9);
    }
}
