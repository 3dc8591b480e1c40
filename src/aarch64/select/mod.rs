//! Selectors: functions that choose among forms by the operands at hand.
//!
//! A selector never encodes; it calls forms. A sequence of several instructions stands in the order in which it runs,
//! whatever the direction: growing down, its last instruction is placed first. What no form can say is an error, and
//! then nothing is placed.

mod access;
mod constant;
mod immediate;

use super::{Cond, Emitter};
use crate::{Direction, IntoTarget};

pub use immediate::ImmError;

macro_rules! conditional_branches {
    ($($name:ident $cond:ident)*) => {
        impl<Dir: Direction> Emitter<'_, Dir> {$(
            #[doc = concat!("Branches if [`Cond::", stringify!($cond), "`] holds.")]
            #[inline]
            pub fn $name(&mut self, target: impl IntoTarget) {
                self.b_cond(Cond::$cond, target);
            }
        )*}
    };
}

conditional_branches! {
    b_eq EQ b_ne NE b_cs CS b_hs HS b_cc CC b_lo LO b_mi MI b_pl PL b_vs VS b_vc VC b_hi HI b_ls LS b_ge GE b_lt LT b_gt GT b_le LE b_al AL
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use alloc::vec::Vec;

    /// The instructions, lowest address first.
    pub(super) fn words(place: impl FnOnce(&mut Encoder<'_>)) -> Vec<u32> {
        let mut enc = Encoder::new();
        place(&mut enc);
        let code = enc.finish().expect("nothing refers to anything");
        code.bytes().chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
    }

    #[test]
    fn branches_know_their_distance() {
        let mut enc = Encoder::new();
        let head = enc.label();
        enc.b_ne(head);
        enc.ret();
        let done = enc.here();
        enc.nop();
        enc.cbz_x(X0, done);
        enc.bind(head);
        enc.b(done);
        let code = enc.finish().expect("all labels are bound");
        let word = |i: usize| code.bytes()[4 * i..4 * i + 4].to_vec();
        assert_eq!(word(0), 0x1400_0003u32.to_le_bytes());
        assert_eq!(word(1), 0xB400_0040u32.to_le_bytes());
        // back over ret, nop and itself
        assert_eq!(word(4), (0x5400_0001 | (-3i32 as u32 & 0x7_FFFF) << 5).to_le_bytes());
    }
}
