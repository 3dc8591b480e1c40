//! General registers: flags, conditions, and what has no lanes.

use super::{
    In, L, Models, N, Out,
    integer::{by, low},
};

const NEGATIVE: u32 = 8;
const ZERO: u32 = 4;
const CARRY: u32 = 2;
const OVERFLOW: u32 = 1;

/// Whether the flags have a condition; of each pair the second is the first's opposite.
pub fn holds(condition: u32, flags: u32) -> bool {
    let is = |flag: u32| flags & flag != 0;
    let first = match condition / 2 {
        0 => is(ZERO),
        1 => is(CARRY),
        2 => is(NEGATIVE),
        3 => is(OVERFLOW),
        4 => is(CARRY) && !is(ZERO),
        5 => is(NEGATIVE) == is(OVERFLOW),
        6 => is(NEGATIVE) == is(OVERFLOW) && !is(ZERO),
        // AL and NV.
        _ => return true,
    };
    first == condition.is_multiple_of(2)
}

fn flag(flag: u32, holds: bool) -> u32 {
    if holds { flag } else { 0 }
}

/// A sum of unsigned numbers with its flags; a difference is the sum with the complement and a carry.
fn sum(a: N, b: u128, carry: i128) -> (i128, u32) {
    let b = N::new(b, a.bits);
    let result = N::new((a.u() + b.u() + carry) as u128, a.bits);
    let flags = flag(NEGATIVE, result.s() < 0)
        | flag(ZERO, result.u() == 0)
        | flag(CARRY, result.u() != a.u() + b.u() + carry)
        | flag(OVERFLOW, result.s() != a.s() + b.s() + carry);
    (result.u(), flags)
}

/// A result's sign, and whether it is zero.
fn logical(value: i128, bits: u32) -> (i128, u32) {
    let value = N::new(value as u128, bits);
    (value.u(), flag(NEGATIVE, value.s() < 0) | flag(ZERO, value.u() == 0))
}

/// A model with flags; where the result has no register, the first source has its size.
fn flagged(m: &mut Models, names: &str, f: impl Fn(L) -> (i128, u32) + 'static) {
    m.some(names, general, move |input| {
        let mut l = input.lane(0);
        if l.bits == 0 {
            l.bits = l.a.bits;
        }
        let (value, flags) = f(l);
        Out { lanes: vec![value], flags: Some(flags) }
    });
}

pub fn add(m: &mut Models) {
    // The second operand as it is, or its complement, at the operation's size.
    let b = |l: L| l.b.u() as u128;
    let not = |n: N| !(n.u() as u128);
    flagged(m, "adds cmn", move |l| sum(l.a, b(l), 0));
    flagged(m, "subs cmp", move |l| sum(l.a, not(l.b), 1));
    flagged(m, "negs", move |l| sum(N::new(0, l.bits), not(l.a), 1));
    flagged(m, "adcs", move |l| sum(l.a, b(l), l.carry));
    flagged(m, "sbcs", move |l| sum(l.a, not(l.b), l.carry));
    flagged(m, "ngcs", move |l| sum(N::new(0, l.bits), not(l.a), l.carry));
    flagged(m, "ands tst", |l| logical(l.a.u() & l.b.u(), l.bits));
    flagged(m, "bics", |l| logical(l.a.u() & !l.b.u(), l.bits));
    for (name, subtracts) in [("ccmp", true), ("ccmn", false)] {
        m.whole(name, move |input| {
            let l = input.lane(0);
            let (_, flags) = if subtracts { sum(l.a, not(l.b), 1) } else { sum(l.a, b(l), 0) };
            Out { lanes: Vec::new(), flags: Some(if l.condition { flags } else { input.given_flags }) }
        });
    }
    m.lanes("csel", |l| if l.condition { l.a.u() } else { l.b.u() });
    m.lanes("csinc", |l| if l.condition { l.a.u() } else { l.b.u() + 1 });
    m.lanes("csinv", |l| if l.condition { l.a.u() } else { !l.b.u() });
    m.lanes("csneg", |l| if l.condition { l.a.u() } else { -l.b.u() });
    m.lanes("cinc", |l| l.a.u() + i128::from(l.condition));
    m.lanes("cinv", |l| if l.condition { !l.a.u() } else { l.a.u() });
    m.lanes("cneg", |l| if l.condition { -l.a.u() } else { l.a.u() });
    m.lanes("cset", |l| l.condition.into());
    m.lanes("csetm", |l| -i128::from(l.condition));
    m.some("mov", |input| general(input) && matches!(input.d, super::Source::All(_)), by(|l| l.a.u()));
    // Addresses without the byte that has a tag.
    let address = |n: N| N::new(N::new(n.u() as u128, 56).s() as u128, 64);
    m.lanes("subp", move |l| address(l.a).u() - address(l.b).u());
    flagged(m, "subps cmpp", move |l| sum(address(l.a), not(address(l.b)), 1));
    m.lanes("gmi", |l| l.b.u() | 1 << (l.a.u() >> 56 & 0xF));
    moves(m);
    flags(m);
    for (stem, polynomial) in [("crc32", 0xEDB8_8320), ("crc32c", 0x82F6_3B78)] {
        for (letter, bits) in [("b", 8), ("h", 16), ("w", 32), ("x", 64)] {
            m.lanes(&format!("{stem}{letter}"), move |l| checksum(l.a.u() as u32, l.b.u() as u64, bits, polynomial));
        }
    }
}

fn general(input: &In) -> bool {
    !input.scalable && input.s.iter().all(|s| s.width().is_none())
}

/// Moves of sixteen bits: the shift is an immediate of its own.
fn moves(m: &mut Models) {
    let at = |l: L| l.a.u() << l.b.u();
    m.some("movz", general, by(at));
    m.some("movn", general, by(move |l| !at(l)));
    m.some("movk", general, by(move |l| l.d.u() & !(0xFFFF << l.b.u()) | at(l)));
}

/// What changes nothing but flags.
fn flags(m: &mut Models) {
    fn only(m: &mut Models, name: &str, f: impl Fn(&In) -> u32 + 'static) {
        m.whole(name, move |input| Out { lanes: Vec::new(), flags: Some(f(input)) });
    }
    only(m, "cfinv", |input| input.flags ^ CARRY);
    only(m, "axflag", |input| {
        let is = |flag: u32| input.flags & flag != 0;
        flag(ZERO, is(ZERO) || is(OVERFLOW)) | flag(CARRY, is(CARRY) && !is(OVERFLOW))
    });
    only(m, "xaflag", |input| {
        let is = |flag: u32| input.flags & flag != 0;
        flag(NEGATIVE, !is(CARRY) && !is(ZERO))
            | flag(ZERO, is(ZERO) && is(CARRY))
            | flag(CARRY, is(CARRY) || is(ZERO))
            | flag(OVERFLOW, !is(CARRY) && is(ZERO))
    });
    for (name, bits) in [("setf8", 8), ("setf16", 16)] {
        only(m, name, move |input| {
            let l = input.lane(0);
            let value = N::new(l.a.u() as u128, bits);
            let overflow = (l.a.u() >> bits ^ l.a.u() >> (bits - 1)) & 1 == 1;
            let kept = input.flags & CARRY;
            kept | flag(NEGATIVE, value.s() < 0) | flag(ZERO, value.u() == 0) | flag(OVERFLOW, overflow)
        });
    }
    only(m, "rmif", |input| {
        let turned = (input.s[0].get(0).u() as u64).rotate_right(input.s[1].get(0).u() as u32);
        input.flags & !input.given_flags | turned as u32 & input.given_flags
    });
}

/// A cyclic redundancy check, bit by bit; the polynomial is turned around, as the data are.
fn checksum(start: u32, data: u64, bits: u32, polynomial: u32) -> i128 {
    let mut rest = u64::from(start) ^ low(data.into(), bits) as u64;
    for _ in 0..bits {
        rest = rest >> 1 ^ if rest & 1 == 1 { polynomial.into() } else { 0 };
    }
    (rest as u32).into()
}
