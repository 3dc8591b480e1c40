//! Arithmetic and logic with a constant that is a value of the program.
//!
//! The forms take immediates that exist ([`AddImm`], [`LogicalImm64`]): right where the constant is known when the
//! compiler is written. Where it is the compiled program's, these functions say whether there is a form. ADD and SUB
//! are each other's forms of the opposite value, as are CMP and CMN, with the same flags for every value but 0, which
//! has a form of its own.

use crate::{
    Direction,
    aarch64::{AddImm, Cond, Emitter, IntoOperand, LogicalImm32, LogicalImm64, Nzcv, UImm, W, WSp, X, XSp},
};
use core::fmt;

/// No instruction has this immediate: it has to be loaded into a register first, by
/// [`mov_x_imm`](crate::aarch64::Encoder#method.mov_x_imm).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImmError {
    /// Of ADD, SUB, CMP and CMN: without its sign, the value is neither below 4096 nor a multiple of 4096 below
    /// 2<sup>24</sup>.
    Sum {
        /// The value.
        value: i64,
    },
    /// Of CCMP and CCMN: the value is not from -31 to 31.
    Compare {
        /// The value.
        value: i64,
    },
    /// Of AND, ORR, EOR and TST: the value is no pattern ([`LogicalImm64`], [`LogicalImm32`]).
    Pattern {
        /// The value.
        value: u64,
        /// The operation's width: 32 or 64.
        bits: u32,
    },
}

impl fmt::Display for ImmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImmError::Sum { value } => write!(f, "no ADD, SUB, CMP or CMN has the immediate {value}")?,
            ImmError::Compare { value } => write!(f, "no CCMP or CCMN has the immediate {value}, expected -31 to 31")?,
            ImmError::Pattern { value, bits } => {
                write!(f, "no AND, ORR, EOR or TST of {bits} bits has the immediate {value:#x}")?;
            }
        }
        f.write_str("; load it into a register")
    }
}

impl core::error::Error for ImmError {}

/// A value by its sign.
enum Signed<T> {
    Plus(T),
    Minus(T),
}

impl<T> Signed<T> {
    /// The immediate that `new` makes of the value without its sign.
    #[inline]
    fn of(value: i64, new: impl FnOnce(u32) -> Option<T>) -> Option<Self> {
        let immediate = u32::try_from(value.unsigned_abs()).ok().and_then(new)?;
        Some(if value < 0 { Signed::Minus(immediate) } else { Signed::Plus(immediate) })
    }
}

macro_rules! sums {
    ($($name:ident($($register:ident: $ty:ident),+; $imm:ident) $plus:ident $minus:ident $doc:literal;)*) => {
        impl<Dir: Direction> Emitter<'_, Dir> {$(
            #[doc = $doc]
            #[doc = ""]
            #[doc = concat!("[`", stringify!($plus), "`](Self::", stringify!($plus), "), or with the opposite value [`", stringify!($minus), "`](Self::", stringify!($minus), ").")]
            #[doc = ""]
            #[doc = "# Errors"]
            #[doc = "[`ImmError::Sum`] if neither has the value; nothing is placed then."]
            #[inline]
            pub fn $name(&mut self, $($register: impl IntoOperand<$ty>,)+ imm: $imm) -> Result<(), ImmError> {
                let value = i64::from(imm);
                match Signed::of(value, AddImm::new).ok_or(ImmError::Sum { value })? {
                    Signed::Plus(imm) => self.$plus($($register,)+ imm),
                    Signed::Minus(imm) => self.$minus($($register,)+ imm),
                }
                Ok(())
            }
        )*}
    };
}

sums! {
    add_x_const(rd: XSp, rn: XSp; i64) add_x_imm sub_x_imm "Adds a constant.";
    add_w_const(rd: WSp, rn: WSp; i32) add_w_imm sub_w_imm "Adds a constant.";
    adds_x_const(rd: X, rn: XSp; i64) adds_x_imm subs_x_imm "Adds a constant, and sets the flags.";
    adds_w_const(rd: W, rn: WSp; i32) adds_w_imm subs_w_imm "Adds a constant, and sets the flags.";
    sub_x_const(rd: XSp, rn: XSp; i64) sub_x_imm add_x_imm "Subtracts a constant.";
    sub_w_const(rd: WSp, rn: WSp; i32) sub_w_imm add_w_imm "Subtracts a constant.";
    subs_x_const(rd: X, rn: XSp; i64) subs_x_imm adds_x_imm "Subtracts a constant, and sets the flags.";
    subs_w_const(rd: W, rn: WSp; i32) subs_w_imm adds_w_imm "Subtracts a constant, and sets the flags.";
    cmp_x_const(rn: XSp; i64) cmp_x_imm cmn_x_imm "Compares with a constant.";
    cmp_w_const(rn: WSp; i32) cmp_w_imm cmn_w_imm "Compares with a constant.";
}

macro_rules! conditional_compares {
    ($($name:ident $ty:ident $imm:ident $plus:ident $minus:ident;)*) => {
        impl<Dir: Direction> Emitter<'_, Dir> {$(
            #[doc = "Compares with a constant if the condition holds, else sets the flags to `nzcv`."]
            #[doc = ""]
            #[doc = concat!("[`", stringify!($plus), "`](Self::", stringify!($plus), "), or with the opposite value [`", stringify!($minus), "`](Self::", stringify!($minus), ").")]
            #[doc = ""]
            #[doc = "# Errors"]
            #[doc = "[`ImmError::Compare`] if neither has the value; nothing is placed then."]
            #[inline]
            pub fn $name(&mut self, rn: impl IntoOperand<$ty>, imm: $imm, nzcv: Nzcv, cond: Cond) -> Result<(), ImmError> {
                let value = i64::from(imm);
                match Signed::of(value, UImm::new).ok_or(ImmError::Compare { value })? {
                    Signed::Plus(imm) => self.$plus(rn, imm, nzcv, cond),
                    Signed::Minus(imm) => self.$minus(rn, imm, nzcv, cond),
                }
                Ok(())
            }
        )*}
    };
}

conditional_compares! {
    ccmp_x_const X i64 ccmp_x_imm ccmn_x_imm;
    ccmp_w_const W i32 ccmp_w_imm ccmn_w_imm;
}

macro_rules! patterns {
    ($($name:ident($($register:ident: $ty:ident),+; $imm:ident) $form:ident $pattern:ident $doc:literal;)*) => {
        impl<Dir: Direction> Emitter<'_, Dir> {$(
            #[doc = $doc]
            #[doc = ""]
            #[doc = "# Errors"]
            #[doc = "[`ImmError::Pattern`] if no encoding has the value; nothing is placed then."]
            #[inline]
            pub fn $name(&mut self, $($register: impl IntoOperand<$ty>,)+ imm: $imm) -> Result<(), ImmError> {
                let pattern = $pattern::new(imm).ok_or(ImmError::Pattern { value: imm.into(), bits: $imm::BITS })?;
                self.$form($($register,)+ pattern);
                Ok(())
            }
        )*}
    };
}

patterns! {
    and_x_const(rd: XSp, rn: X; u64) and_x_imm LogicalImm64 "AND with a constant.";
    and_w_const(rd: WSp, rn: W; u32) and_w_imm LogicalImm32 "AND with a constant.";
    ands_x_const(rd: X, rn: X; u64) ands_x_imm LogicalImm64 "AND with a constant; sets the flags.";
    ands_w_const(rd: W, rn: W; u32) ands_w_imm LogicalImm32 "AND with a constant; sets the flags.";
    orr_x_const(rd: XSp, rn: X; u64) orr_x_imm LogicalImm64 "OR with a constant.";
    orr_w_const(rd: WSp, rn: W; u32) orr_w_imm LogicalImm32 "OR with a constant.";
    eor_x_const(rd: XSp, rn: X; u64) eor_x_imm LogicalImm64 "Exclusive OR with a constant.";
    eor_w_const(rd: WSp, rn: W; u32) eor_w_imm LogicalImm32 "Exclusive OR with a constant.";
    tst_x_const(rn: X; u64) tst_x_imm LogicalImm64 "AND with a constant, of which only the flags stay.";
    tst_w_const(rn: W; u32) tst_w_imm LogicalImm32 "AND with a constant, of which only the flags stay.";
}

#[cfg(test)]
mod tests {
    use super::super::tests::words;
    use crate::aarch64::*;

    #[test]
    fn sums_choose_the_sign() {
        let by = |value: i64| words(|enc| enc.add_x_const(X1, SP, value).expect("has a form"));
        assert_eq!(by(0), words(|enc| enc.add_x_imm(X1, SP, AddImm::of::<0>())));
        assert_eq!(by(4095), words(|enc| enc.add_x_imm(X1, SP, AddImm::of::<4095>())));
        assert_eq!(by(0xFF_F000), words(|enc| enc.add_x_imm(X1, SP, AddImm::of::<0xFF_F000>())));
        assert_eq!(by(-16), words(|enc| enc.sub_x_imm(X1, SP, AddImm::of::<16>())));
        assert_eq!(by(-0x5000), words(|enc| enc.sub_x_imm(X1, SP, AddImm::of::<0x5000>())));
        let mut enc = Encoder::new();
        for value in [4097, -4097, 1 << 24, -1 << 24, 1 << 32, (1 << 32) + 1, i64::MIN, i64::MAX] {
            assert_eq!(enc.add_x_const(X1, SP, value), Err(ImmError::Sum { value }));
            assert_eq!(enc.sub_x_const(X1, SP, value), Err(ImmError::Sum { value }));
            assert_eq!(enc.cmp_x_const(SP, value), Err(ImmError::Sum { value }));
        }
        assert_eq!(enc.subs_w_const(WZR, W1, i32::MIN), Err(ImmError::Sum { value: i32::MIN.into() }));
        assert_eq!(enc.pos().from_base(), 0);
    }

    /// Every selector, its form, and the form of the opposite value.
    #[test]
    fn every_sum_has_its_forms() {
        type Select = fn(&mut Encoder<'_>) -> Result<(), ImmError>;
        type Place = fn(&mut Encoder<'_>);
        let all: [(Select, Place); 24] = [
            (|e| e.add_x_const(X1, X2, 3), |e| e.add_x_imm(X1, X2, AddImm::of::<3>())),
            (|e| e.add_w_const(W1, W2, 3), |e| e.add_w_imm(W1, W2, AddImm::of::<3>())),
            (|e| e.adds_x_const(X1, X2, 3), |e| e.adds_x_imm(X1, X2, AddImm::of::<3>())),
            (|e| e.adds_w_const(W1, W2, 3), |e| e.adds_w_imm(W1, W2, AddImm::of::<3>())),
            (|e| e.sub_x_const(X1, X2, 3), |e| e.sub_x_imm(X1, X2, AddImm::of::<3>())),
            (|e| e.sub_w_const(W1, W2, 3), |e| e.sub_w_imm(W1, W2, AddImm::of::<3>())),
            (|e| e.subs_x_const(X1, X2, 3), |e| e.subs_x_imm(X1, X2, AddImm::of::<3>())),
            (|e| e.subs_w_const(W1, W2, 3), |e| e.subs_w_imm(W1, W2, AddImm::of::<3>())),
            (|e| e.cmp_x_const(X2, 3), |e| e.cmp_x_imm(X2, AddImm::of::<3>())),
            (|e| e.cmp_w_const(W2, 3), |e| e.cmp_w_imm(W2, AddImm::of::<3>())),
            (|e| e.add_x_const(X1, X2, -3), |e| e.sub_x_imm(X1, X2, AddImm::of::<3>())),
            (|e| e.add_w_const(W1, W2, -3), |e| e.sub_w_imm(W1, W2, AddImm::of::<3>())),
            (|e| e.adds_x_const(X1, X2, -3), |e| e.subs_x_imm(X1, X2, AddImm::of::<3>())),
            (|e| e.adds_w_const(W1, W2, -3), |e| e.subs_w_imm(W1, W2, AddImm::of::<3>())),
            (|e| e.sub_x_const(X1, X2, -3), |e| e.add_x_imm(X1, X2, AddImm::of::<3>())),
            (|e| e.sub_w_const(W1, W2, -3), |e| e.add_w_imm(W1, W2, AddImm::of::<3>())),
            (|e| e.subs_x_const(X1, X2, -3), |e| e.adds_x_imm(X1, X2, AddImm::of::<3>())),
            (|e| e.subs_w_const(W1, W2, -3), |e| e.adds_w_imm(W1, W2, AddImm::of::<3>())),
            (|e| e.cmp_x_const(X2, -3), |e| e.cmn_x_imm(X2, AddImm::of::<3>())),
            (|e| e.cmp_w_const(W2, -3), |e| e.cmn_w_imm(W2, AddImm::of::<3>())),
            (|e| e.ccmp_x_const(X2, 31, Nzcv::Z, Cond::NE), |e| e.ccmp_x_imm(X2, UImm::of::<31>(), Nzcv::Z, Cond::NE)),
            (|e| e.ccmp_w_const(W2, 31, Nzcv::Z, Cond::NE), |e| e.ccmp_w_imm(W2, UImm::of::<31>(), Nzcv::Z, Cond::NE)),
            (|e| e.ccmp_x_const(X2, -31, Nzcv::Z, Cond::NE), |e| e.ccmn_x_imm(X2, UImm::of::<31>(), Nzcv::Z, Cond::NE)),
            (|e| e.ccmp_w_const(W2, -31, Nzcv::Z, Cond::NE), |e| e.ccmn_w_imm(W2, UImm::of::<31>(), Nzcv::Z, Cond::NE)),
        ];
        for (i, (selector, form)) in all.into_iter().enumerate() {
            assert_eq!(words(|enc| assert_eq!(selector(enc), Ok(()))), words(form), "line {i}");
        }
        let mut enc = Encoder::new();
        for value in [32, -32, i64::MIN] {
            assert_eq!(enc.ccmp_x_const(X1, value, Nzcv::Z, Cond::NE), Err(ImmError::Compare { value }));
        }
        assert_eq!(enc.pos().from_base(), 0);
    }

    /// The flags of an addition with carry, as the manual's AddWithCarry has them, and the result.
    fn add_with_carry(a: u64, b: u64, carry: u64) -> (u64, bool, bool) {
        let unsigned = u128::from(a) + u128::from(b) + u128::from(carry);
        let signed = i128::from(a as i64) + i128::from(b as i64) + i128::from(carry);
        let result = unsigned as u64;
        (result, unsigned != u128::from(result), signed != i128::from(result as i64))
    }

    /// What the module's head says of flags: SUBS of a value other than 0 is ADDS of its opposite.
    #[test]
    fn the_opposite_sets_the_same_flags() {
        let edges = [0, 1, 2, 4095, 4096, i64::MAX as u64, 1 << 63, (1 << 63) + 1, u64::MAX - 4095, u64::MAX];
        for a in edges {
            for value in [1u64, 2, 4095, 4096, 0xFF_F000] {
                assert_eq!(add_with_carry(a, !value.wrapping_neg(), 1), add_with_carry(a, value, 0), "{a} {value}");
            }
            assert_ne!(add_with_carry(a, !0, 1), add_with_carry(a, 0, 0));
        }
    }

    #[test]
    fn patterns_exist() {
        let mut enc = Encoder::new();
        assert_eq!(enc.and_x_const(X1, X2, 0xFF), Ok(()));
        assert_eq!(enc.orr_w_const(W1, W2, 0x8000_0001), Ok(()));
        assert_eq!(enc.tst_x_const(X2, 5), Err(ImmError::Pattern { value: 5, bits: 64 }));
        assert_eq!(enc.eor_w_const(W1, W2, u32::MAX), Err(ImmError::Pattern { value: 0xFFFF_FFFF, bits: 32 }));
        assert_eq!(enc.pos().from_base(), 8);
        let expected = words(|enc| {
            enc.orr_w_imm(W1, W2, LogicalImm32::of::<0x8000_0001>());
            enc.and_x_imm(X1, X2, LogicalImm64::of::<0xFF>());
        });
        let found = words(|enc| {
            assert_eq!(enc.orr_w_const(W1, W2, 0x8000_0001), Ok(()));
            assert_eq!(enc.and_x_const(X1, X2, 0xFF), Ok(()));
        });
        assert_eq!(found, expected);
    }
}
