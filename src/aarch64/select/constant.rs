//! Loading constants.
//!
//! A constant of 64 bits is four halfwords. MOVZ and MOVN make one and fill the others with zeros or ones, ORR makes
//! all of a bitmask immediate, MOVK puts in one. So the shortest sequence begins with what gets most halfwords right.
//! That ORR may get any of them right, and not all, is what makes the search: a bitmask immediate has to be found that
//! agrees with the constant in some halfwords, whatever it has in the others.
//!
//! Register 31 of ORR (immediate) is SP, so XZR and WZR go without it.

use crate::{
    Direction,
    aarch64::{Emitter, Encoder, IntoOperand, LogicalImm32, LogicalImm64, UImm, W, X},
};

use core::iter::once;

/// How a sequence that loads a constant begins; MOVK puts in the other halfwords.
#[derive(Debug, Clone, Copy)]
enum First<Pattern> {
    /// MOVZ of this halfword.
    Zeros(u32),
    /// MOVN of this halfword.
    Ones(u32),
    /// ORR of a constant that has the other halfwords right.
    Pattern(Pattern),
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

/// A way to load a constant: how to begin, and what MOVK puts in.
#[derive(Debug, Clone, Copy)]
struct Plan<Pattern> {
    first: First<Pattern>,
    rest: Halfwords,
}

impl<Pattern> Plan<Pattern> {
    fn instructions(&self) -> usize {
        1 + self.rest.count_ones() as usize
    }
}

/// The shortest way to load `value`, with or without ORR.
fn plan(value: u64, has_orr: bool) -> Plan<LogicalImm64> {
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
                    return Plan { first: First::Pattern(pattern), rest: free };
                }
            }
        }
    }
    Plan { first, rest }
}

/// As [`plan`], for 32 bits.
fn plan32(value: u32, has_orr: bool) -> Plan<LogicalImm32> {
    let (low, high) = (value as u16, (value >> 16) as u16);
    let one = |first| Plan { first, rest: 0 };
    match (high, low, LogicalImm32::new(value)) {
        (0, _, _) => one(First::Zeros(0)),
        (_, 0, _) => one(First::Zeros(1)),
        (0xFFFF, _, _) => one(First::Ones(0)),
        (_, 0xFFFF, _) => one(First::Ones(1)),
        (_, _, Some(pattern)) if has_orr => one(First::Pattern(pattern)),
        _ => Plan { first: First::Zeros(0), rest: 1 << 1 },
    }
}

impl<Dir: Direction> Emitter<'_, Dir> {
    /// Loads a constant, with the shortest sequence that begins with MOVZ, MOVN or ORR and goes on with MOVK: one to
    /// four instructions ([`mov_x_imm_count`](Self::mov_x_imm_count)).
    pub fn mov_x_imm(&mut self, rd: impl IntoOperand<X>, imm: u64) {
        let rd = rd.into();
        let Plan { first, rest } = plan(imm, rd.general().is_some());
        let steps = once(None).chain(members(rest).map(Some));
        self.in_order(steps, |enc, replaced| match (replaced, first, rd.general()) {
            (Some(i), _, _) => enc.movk_x(rd, halfword(imm, i), hw(i)),
            (None, First::Pattern(pattern), Some(rd)) => enc.mov_x_bitmask(rd, pattern),
            (None, First::Ones(i), _) => enc.movn_x(rd, !halfword(imm, i), hw(i)),
            (None, First::Zeros(i), _) => enc.movz_x(rd, halfword(imm, i), hw(i)),
            // Not reached: `plan` was told that there is no ORR.
            (None, First::Pattern(_), None) => {}
        });
    }

    /// Loads a constant and clears the register's high half: one instruction (MOVZ, MOVN or ORR), or MOVZ and MOVK
    /// ([`mov_w_imm_count`](Self::mov_w_imm_count)).
    pub fn mov_w_imm(&mut self, rd: impl IntoOperand<W>, imm: u32) {
        let rd = rd.into();
        let Plan { first, rest } = plan32(imm, rd.general().is_some());
        let steps = once(None).chain(members(rest).map(Some));
        self.in_order(steps, |enc, replaced| match (replaced, first, rd.general()) {
            (Some(i), _, _) => enc.movk_w(rd, halfword(imm.into(), i), hw(i)),
            (None, First::Pattern(pattern), Some(rd)) => enc.mov_w_bitmask(rd, pattern),
            (None, First::Ones(i), _) => enc.movn_w(rd, !halfword(imm.into(), i), hw(i)),
            (None, First::Zeros(i), _) => enc.movz_w(rd, halfword(imm.into(), i), hw(i)),
            // Not reached: `plan32` was told that there is no ORR.
            (None, First::Pattern(_), None) => {}
        });
    }
}

impl Encoder<'_> {
    /// The number of instructions that [`mov_x_imm`](Self::mov_x_imm) places: 1 to 4.
    ///
    /// ```
    /// use tailfirst::aarch64::*;
    /// assert_eq!(Encoder::mov_x_imm_count(X0, 0xFFFF_0000_1234_0000), 2);
    /// assert_eq!(Encoder::mov_x_imm_count(X0, 0x1234_5678_9ABC_DEF0), 4);
    /// ```
    pub fn mov_x_imm_count(rd: impl IntoOperand<X>, imm: u64) -> usize {
        plan(imm, rd.into().general().is_some()).instructions()
    }

    /// The number of instructions that [`mov_w_imm`](Self::mov_w_imm) places: 1 or 2.
    pub fn mov_w_imm_count(rd: impl IntoOperand<W>, imm: u32) -> usize {
        plan32(imm, rd.into().general().is_some()).instructions()
    }
}

/// The shift of MOVZ, MOVN and MOVK; `i` is 0 to 3, and below 2 for 32 bits.
fn hw<const BITS: u32>(i: u32) -> UImm<BITS, 4> {
    UImm::from_bits(i & ((1 << BITS) - 1)).unwrap_or_else(UImm::of::<0>)
}

#[cfg(test)]
mod tests {
    use super::{super::tests::words, *};
    use crate::aarch64::*;
    use alloc::{vec, vec::Vec};
    use quickcheck::Arbitrary;

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
        let mut source = quickcheck::Gen::from_size_and_seed(100, 0x9E37_79B9_7F4A_7C15);
        let mut random = move || u64::arbitrary(&mut source);
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
            assert_eq!(Encoder::mov_x_imm_count(X7, value), sequence.len(), "{value:#x}");
            let zeros = words(|enc| enc.mov_x_imm(XZR, value));
            assert_eq!(run(&zeros, 31), value, "{value:#x}");
            assert_eq!(Encoder::mov_x_imm_count(XZR, value), zeros.len(), "{value:#x}");
            assert!(sequence.len() <= zeros.len());
            let low = value as u32;
            let sequence = words(|enc| enc.mov_w_imm(W7, low));
            assert_eq!(run(&sequence, 7), low.into(), "{low:#x}");
            assert!(sequence.len() <= 2);
            assert_eq!(Encoder::mov_w_imm_count(W7, low), sequence.len(), "{low:#x}");
            let zeros = words(|enc| enc.mov_w_imm(WZR, low));
            assert_eq!(run(&zeros, 31), low.into(), "{low:#x}");
            assert_eq!(Encoder::mov_w_imm_count(WZR, low), zeros.len(), "{low:#x}");
        }
    }

    #[test]
    fn sequences_are_the_same_in_both_directions_and_in_blocks() {
        fn load<D: Direction>(enc: &mut Emitter<'_, D>, value: u64, is_x: bool) {
            if is_x {
                enc.mov_x_imm(X7, value);
            } else {
                enc.mov_w_imm(W7, value as u32);
            }
        }

        for (value, is_x) in constants().into_iter().step_by(97).flat_map(|value| [(value, true), (value, false)]) {
            let sequence = words(|enc| load(enc, value, is_x));
            let mut asm = Assembler::new();
            load(&mut asm, value, is_x);
            asm.backward(|enc| load(enc, value, is_x));
            asm.backward(|enc| enc.forward(|asm| load(asm, value, is_x)));
            let code = asm.finish().expect("nothing refers to anything");
            let up: Vec<u32> =
                code.bytes().chunks_exact(4).filter_map(|b| b.try_into().ok()).map(u32::from_le_bytes).collect();
            assert_eq!(up, sequence.repeat(3), "{value:#x}");
            assert_eq!(words(|enc| enc.forward(|asm| load(asm, value, is_x))), sequence, "{value:#x}");
            let nested = words(|enc| enc.forward(|asm| asm.backward(|enc| load(enc, value, is_x))));
            assert_eq!(nested, sequence, "{value:#x}");
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
}
