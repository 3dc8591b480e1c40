//! Selectors: functions that choose among forms by the operands at hand.
//!
//! A selector never encodes; it calls forms. A sequence of several instructions is placed like everything else, from
//! its last instruction to its first.

use super::{
    Address, AddressError, B, Cond, D, Encoder, H, Index, LogicalImm32, LogicalImm64, Offset, Prefetch, Q, S, SImm,
    UImm, W, X, XSp,
};
use crate::label::Target;

/// How a sequence that loads a constant begins; MOVK puts in the other halfwords.
#[derive(Debug, Clone, Copy)]
enum First {
    /// MOVZ of this halfword.
    Zeros(u32),
    /// MOVN of this halfword.
    Ones(u32),
    /// ORR of a constant that has the other halfwords right.
    Pattern(LogicalImm64),
}

/// A set of halfwords: bit i is the halfword at bits 16 i and up.
type Halfwords = u32;

fn members(set: Halfwords) -> impl DoubleEndedIterator<Item = u32> {
    (0..4).filter(move |i| set >> i & 1 == 1)
}

const fn halfword(value: u64, i: u32) -> u16 {
    (value >> (16 * i)) as u16
}

const fn with_halfword(value: u64, i: u32, halfword: u16) -> u64 {
    value & !(0xFFFF << (16 * i)) | (halfword as u64) << (16 * i)
}

/// The halfwords of `value` that are not `filler`.
fn others(value: u64, filler: u16) -> Halfwords {
    members(0xF).filter(|&i| halfword(value, i) != filler).fold(0, |set, i| set | 1 << i)
}

/// A bitmask immediate that is `value` but for the halfwords in `free`, which may be anything; `free` is not all of
/// them.
fn pattern(value: u64, free: Halfwords) -> Option<LogicalImm64> {
    // A pattern of 64 bits is one run of ones in a circle. If some filling of the free halfwords makes one, then so
    // does filling each with copies of the bit below it: an end of the run inside a free halfword just moves to its
    // border. (A run, or a gap, that lies wholly inside is what MOVZ and MOVN make.)
    let mut run = value;
    // Twice, because a free halfword may copy from a free one above it in this order, around the circle.
    for i in members(free).chain(members(free)) {
        let below = run.rotate_right(16 * i + 63) & 1;
        run = with_halfword(run, i, if below == 1 { 0xFFFF } else { 0 });
    }
    // A pattern of 32 bits: a free halfword is like the one 32 bits away, or if that is free too, filled in its circle
    // of 32 bits.
    let mut twice = value;
    for i in members(free) {
        let partner = i ^ 2;
        let filler = if free >> partner & 1 == 0 {
            halfword(value, partner)
        } else {
            let other = if free >> (i ^ 1) & 1 == 0 { i ^ 1 } else { i ^ 3 };
            if halfword(value, other) >> 15 == 1 { 0xFFFF } else { 0 }
        };
        twice = with_halfword(twice, i, filler);
    }
    // A pattern of 16 bits or less is a pattern of 32 bits, unless both of a pair are free.
    let fixed = members(!free).next().map_or(0, |i| halfword(value, i));
    let repeated = u64::from(fixed) * 0x0001_0001_0001_0001;
    let matches = |candidate: u64| members(!free).all(|i| halfword(candidate, i) == halfword(value, i));
    [run, twice, repeated].into_iter().filter(|&candidate| matches(candidate)).find_map(LogicalImm64::new)
}

/// The shortest way to load `value`: how to begin, and what MOVK puts in.
fn plan(value: u64, has_orr: bool) -> (First, Halfwords) {
    let (zeros, ones) = (others(value, 0), others(value, 0xFFFF));
    // MOVZ or MOVN gives one halfword; where none differs from the filler, that is the lowest.
    let lowest = |set: Halfwords| if set == 0 { 0 } else { set.trailing_zeros() };
    let (first, rest) = if zeros.count_ones() <= ones.count_ones() {
        (First::Zeros(lowest(zeros)), zeros & zeros.wrapping_sub(1))
    } else {
        (First::Ones(lowest(ones)), ones & ones.wrapping_sub(1))
    };
    if has_orr {
        for count in 0..rest.count_ones() {
            for free in (0..16).filter(|free: &Halfwords| free.count_ones() == count) {
                if let Some(pattern) = pattern(value, free) {
                    return (First::Pattern(pattern), free);
                }
            }
        }
    }
    (first, rest)
}

impl Encoder<'_> {
    /// Loads a constant, with the shortest sequence that begins with MOVZ, MOVN or ORR and goes on with MOVK: one to
    /// four instructions.
    pub fn mov_x_imm(&mut self, rd: impl Into<X>, imm: u64) {
        let rd = rd.into();
        // Register 31 of ORR (immediate) is SP, so XZR goes without it.
        let (first, rest) = plan(imm, rd.general().is_some());
        for i in members(rest).rev() {
            self.movk_x(rd, halfword(imm, i), hw(i));
        }
        match (first, rd.general()) {
            (First::Pattern(pattern), Some(rd)) => self.mov_x_bitmask(rd, pattern),
            (First::Ones(i), _) => self.movn_x(rd, !halfword(imm, i), hw(i)),
            (First::Zeros(i), _) => self.movz_x(rd, halfword(imm, i), hw(i)),
            // Not reached: `plan` was told that there is no ORR.
            (First::Pattern(_), None) => {}
        }
    }

    /// Loads a constant and clears the register's high half: one instruction (MOVZ, MOVN or ORR), or MOVZ and MOVK.
    pub fn mov_w_imm(&mut self, rd: impl Into<W>, imm: u32) {
        let rd = rd.into();
        let (low, high) = (imm as u16, (imm >> 16) as u16);
        match (high, low) {
            (0, _) => self.movz_w(rd, low, hw(0)),
            (_, 0) => self.movz_w(rd, high, hw(1)),
            (0xFFFF, _) => self.movn_w(rd, !low, hw(0)),
            (_, 0xFFFF) => self.movn_w(rd, !high, hw(1)),
            _ => match (LogicalImm32::new(imm), rd.general()) {
                (Some(pattern), Some(rd)) => self.mov_w_bitmask(rd, pattern),
                _ => {
                    self.movk_w(rd, high, hw(1));
                    self.movz_w(rd, low, hw(0));
                }
            },
        }
    }
}

/// The shift of MOVZ, MOVN and MOVK; `i` is 0 to 3, and below 2 for 32 bits.
fn hw<const BITS: u32>(i: u32) -> UImm<BITS, 4> {
    UImm::from_bits(i & ((1 << BITS) - 1)).unwrap_or_else(UImm::of::<0>)
}

macro_rules! conditional_branches {
    ($($name:ident $cond:ident)*) => {
        impl Encoder<'_> {$(
            #[doc = concat!("Branches if [`Cond::", stringify!($cond), "`] holds.")]
            #[inline]
            pub fn $name(&mut self, target: impl Into<Target>) {
                self.b_cond(Cond::$cond, target);
            }
        )*}
    };
}

conditional_branches! {
    b_eq EQ b_ne NE b_cs CS b_hs HS b_cc CC b_lo LO b_mi MI b_pl PL b_vs VS b_vc VC b_hi HI b_ls LS b_ge GE b_lt LT b_gt GT b_le LE b_al AL
}

/// An address, as one of the forms has it.
enum Choice<const LOG2: u32> {
    Scaled(XSp, UImm<12, LOG2>),
    Unscaled(XSp, SImm<9, 0>),
    Indexed(XSp, Index<LOG2>),
}

impl<const LOG2: u32> Choice<LOG2> {
    #[inline]
    fn of(address: Address) -> Result<Self, AddressError> {
        let base = address.base;
        match address.offset {
            Offset::Bytes(offset) => {
                let scaled = u32::try_from(offset).ok().and_then(UImm::new);
                match (scaled, SImm::new(offset)) {
                    (Some(offset), _) => Ok(Choice::Scaled(base, offset)),
                    (None, Some(offset)) => Ok(Choice::Unscaled(base, offset)),
                    (None, None) => Err(AddressError::Offset { offset, size: 1 << LOG2 }),
                }
            }
            Offset::Register(register) => match Index::new(register) {
                Some(index) => Ok(Choice::Indexed(base, index)),
                None => Err(AddressError::Register { register, size: 1 << LOG2 }),
            },
        }
    }
}

macro_rules! accesses {
    ($($name:ident $ty:ident $log2:literal $scaled:ident $unscaled:ident $indexed:ident $doc:literal;)*) => {
        impl Encoder<'_> {$(
            #[doc = $doc]
            #[doc = ""]
            #[doc = "The offset is a multiple of the access's size up to 4095 times that size, or -256 to 255, or a register."]
            #[doc = ""]
            #[doc = "# Errors"]
            #[doc = "[`AddressError`] if no form has the address; nothing is placed then."]
            #[inline]
            pub fn $name(&mut self, rt: impl Into<$ty>, address: impl Into<Address>) -> Result<(), AddressError> {
                match Choice::<$log2>::of(address.into())? {
                    Choice::Scaled(base, offset) => self.$scaled(rt.into(), base, offset),
                    Choice::Unscaled(base, offset) => self.$unscaled(rt.into(), base, offset),
                    Choice::Indexed(base, index) => self.$indexed(rt.into(), base, index),
                }
                Ok(())
            }
        )*}
    };
}

accesses! {
    ldr_x X 3 ldr_x_uoff ldur_x ldr_x_reg "Loads 64 bits.";
    str_x X 3 str_x_uoff stur_x str_x_reg "Stores 64 bits.";
    ldr_w W 2 ldr_w_uoff ldur_w ldr_w_reg "Loads 32 bits.";
    str_w W 2 str_w_uoff stur_w str_w_reg "Stores 32 bits.";
    ldrsw_x X 2 ldrsw_x_uoff ldursw_x ldrsw_x_reg "Loads 32 bits, sign-extended to 64.";
    ldrh_w W 1 ldrh_w_uoff ldurh_w ldrh_w_reg "Loads 16 bits, zero-extended.";
    strh_w W 1 strh_w_uoff sturh_w strh_w_reg "Stores 16 bits.";
    ldrsh_x X 1 ldrsh_x_uoff ldursh_x ldrsh_x_reg "Loads 16 bits, sign-extended to 64.";
    ldrsh_w W 1 ldrsh_w_uoff ldursh_w ldrsh_w_reg "Loads 16 bits, sign-extended to 32.";
    ldrb_w W 0 ldrb_w_uoff ldurb_w ldrb_w_reg "Loads 8 bits, zero-extended.";
    strb_w W 0 strb_w_uoff sturb_w strb_w_reg "Stores 8 bits.";
    ldrsb_x X 0 ldrsb_x_uoff ldursb_x ldrsb_x_reg "Loads 8 bits, sign-extended to 64.";
    ldrsb_w W 0 ldrsb_w_uoff ldursb_w ldrsb_w_reg "Loads 8 bits, sign-extended to 32.";
    ldr_b B 0 ldr_b_uoff ldur_b ldr_b_reg "Loads 8 bits into a vector register.";
    str_b B 0 str_b_uoff stur_b str_b_reg "Stores 8 bits of a vector register.";
    ldr_h H 1 ldr_h_uoff ldur_h ldr_h_reg "Loads 16 bits into a vector register.";
    str_h H 1 str_h_uoff stur_h str_h_reg "Stores 16 bits of a vector register.";
    ldr_s S 2 ldr_s_uoff ldur_s ldr_s_reg "Loads 32 bits into a vector register.";
    str_s S 2 str_s_uoff stur_s str_s_reg "Stores 32 bits of a vector register.";
    ldr_d D 3 ldr_d_uoff ldur_d ldr_d_reg "Loads 64 bits into a vector register.";
    str_d D 3 str_d_uoff stur_d str_d_reg "Stores 64 bits of a vector register.";
    ldr_q Q 4 ldr_q_uoff ldur_q ldr_q_reg "Loads 128 bits into a vector register.";
    str_q Q 4 str_q_uoff stur_q str_q_reg "Stores 128 bits of a vector register.";
    prfm Prefetch 3 prfm_uoff prfum prfm_reg "Prefetches memory; an index is scaled by 8.";
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;
    use alloc::{vec, vec::Vec};

    /// The instructions, lowest address first.
    fn words(place: impl FnOnce(&mut Encoder<'_>)) -> Vec<u32> {
        let mut enc = Encoder::new();
        place(&mut enc);
        let code = enc.finish().expect("nothing refers to anything");
        code.bytes().chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
    }

    /// What a sequence of MOVZ, MOVN, MOVK and ORR (immediate) leaves in register `rd`, read from the words' fields as
    /// the manual has them.
    fn run(words: &[u32], rd: u32) -> u64 {
        let mut value: u64 = 0xDEAD_BEEF_DEAD_BEEF;
        for &word in words {
            assert_eq!(word & 31, rd);
            let is_x = word >> 31 == 1;
            let (imm16, hw) = (u64::from(word >> 5 & 0xFFFF), word >> 21 & 3);
            assert!(is_x || hw < 2 || word >> 23 & 0x3F == 0b100100);
            let at = imm16 << (16 * hw);
            value = match word >> 23 & 0xFF {
                0b00_100101 => !at,
                0b10_100101 => at,
                0b11_100101 => value & !(0xFFFF << (16 * hw)) | at,
                0b01_100100 => {
                    assert_eq!(word >> 5 & 31, 31);
                    if is_x {
                        LogicalImm64::from_bits(word >> 10 & 0x1FFF).expect("is a bitmask").value()
                    } else {
                        LogicalImm32::from_bits(word >> 10 & 0xFFF).expect("is a bitmask").value().into()
                    }
                }
                _ => panic!("{word:#x} loads no constant"),
            };
            if !is_x {
                value &= 0xFFFF_FFFF;
            }
        }
        value
    }

    /// Constants of many shapes: halfwords that are zero, all ones, equal, and random, and patterns with some of them
    /// replaced.
    fn constants() -> Vec<u64> {
        let mut seed = 0x9E37_79B9_7F4A_7C15u64;
        let mut random = move || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        };
        let mut values =
            vec![0, 1, u64::MAX, u64::MAX - 1, 0xFFFF_0000_1234_0000, 1 << 63, i64::MAX as u64, 0x1234_5678_9ABC_DEF0];
        let fillers = [0u16, 0xFFFF, 0x00FF, 0xAAAA, 0x1234, 0x8000, 0x0001, 0x7FFF];
        for a in fillers {
            for b in fillers {
                for c in fillers {
                    for d in fillers {
                        values.push([a, b, c, d].iter().fold(0, |value, &h| value << 16 | u64::from(h)));
                    }
                }
            }
        }
        let patterns: Vec<u64> = (0..1 << 13).filter_map(LogicalImm64::from_bits).map(LogicalImm64::value).collect();
        for &pattern in &patterns {
            values.push(pattern);
            let (i, j) = (random() as u32 % 4, random() as u32 % 4);
            let one = with_halfword(pattern, i, random() as u16);
            values.push(one);
            values.push(with_halfword(one, j, random() as u16));
        }
        values.extend((0..20_000).map(|_| random()));
        values
    }

    #[test]
    fn constants_are_loaded() {
        for value in constants() {
            let sequence = words(|enc| enc.mov_x_imm(X7, value));
            assert_eq!(run(&sequence, 7), value, "{value:#x}");
            assert!(sequence.len() <= 4);
            let zeros = words(|enc| enc.mov_x_imm(XZR, value));
            assert_eq!(run(&zeros, 31), value, "{value:#x}");
            assert!(sequence.len() <= zeros.len());
            let low = value as u32;
            let sequence = words(|enc| enc.mov_w_imm(W7, low));
            assert_eq!(run(&sequence, 7), low.into(), "{low:#x}");
            assert!(sequence.len() <= 2);
        }
    }

    /// The length of the shortest sequence, by trying every content of the halfwords that MOVK replaces.
    fn shortest(value: u64) -> u32 {
        let wide = |filler| others(value, filler).count_ones().max(1);
        let moves = wide(0).min(wide(0xFFFF));
        if LogicalImm64::new(value).is_some() {
            return 1;
        }
        let one = || (0..4).any(|i| (0..=0xFFFF).any(|h| LogicalImm64::new(with_halfword(value, i, h)).is_some()));
        if moves > 2 && one() { 2 } else { moves }
    }

    #[test]
    fn no_sequence_is_shorter() {
        for value in constants().into_iter().step_by(1009) {
            let length = words(|enc| enc.mov_x_imm(X7, value)).len() as u32;
            let shortest = shortest(value);
            // What is three long may be ORR and two MOVK, which `shortest` does not try.
            assert!(length == shortest || (length == 3 && shortest == 4), "{value:#x}: {length}, {shortest}");
        }
    }

    #[test]
    fn two_halfwords_may_be_free() {
        // Every pattern with any two halfwords replaced takes at most three instructions.
        for pattern in (0..1 << 13).filter_map(LogicalImm64::from_bits).map(LogicalImm64::value) {
            for (i, j) in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
                let value = with_halfword(with_halfword(pattern, i, 0x1357), j, 0x2468);
                assert!(words(|enc| enc.mov_x_imm(X7, value)).len() <= 3, "{value:#x}");
            }
        }
    }

    #[test]
    fn addresses_choose_forms() {
        let chosen = |address: Address| words(|enc| enc.ldr_x(X1, address).expect("has a form"));
        let form = |place: fn(&mut Encoder<'_>)| words(place);
        assert_eq!(chosen(X2 + 32760), form(|enc| enc.ldr_x_uoff(X1, X2, UImm::of::<32760>())));
        assert_eq!(chosen(X2 + 0), form(|enc| enc.ldr_x_uoff(X1, X2, UImm::of::<0>())));
        assert_eq!(chosen(X2 + 255), form(|enc| enc.ldur_x(X1, X2, SImm::of::<255>())));
        assert_eq!(chosen(SP - 256), form(|enc| enc.ldur_x(X1, SP, SImm::of::<-256>())));
        assert_eq!(chosen(X2 + X3.lsl(3)), form(|enc| enc.ldr_x_reg(X1, X2, Index::scaled(X3))));
        assert_eq!(chosen(X2 + X3), form(|enc| enc.ldr_x_reg(X1, X2, X3)));
        assert_eq!(chosen(SP + W3.sxtw(3)), form(|enc| enc.ldr_x_reg(X1, SP, Index::scaled_sxtw(W3))));
        let mut enc = Encoder::new();
        for offset in [32768, 257, -257, i32::MIN, i32::MAX] {
            assert_eq!(enc.ldr_x(X1, X2 + offset), Err(AddressError::Offset { offset, size: 8 }));
        }
        let register = X3.lsl(2);
        assert_eq!(enc.ldr_x(X1, X2 + register), Err(AddressError::Register { register, size: 8 }));
        assert_eq!(enc.str_q(Q1, X2 + 65520), Ok(()));
        assert_eq!(enc.str_q(Q1, X2 - i32::MIN), Err(AddressError::Offset { offset: i32::MAX, size: 16 }));
        assert_eq!(enc.pos().from_end(), 4);
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
