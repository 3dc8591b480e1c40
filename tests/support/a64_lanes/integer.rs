//! Integers lane by lane: what wraps around.

use super::{L, Models, N};

/// `s` with signed numbers, `u` with unsigned ones.
pub const SIGNS: [(&str, bool); 2] = [("s", true), ("u", false)];

/// The low `bits` of a number.
pub fn low(value: i128, bits: u32) -> u128 {
    N::new(value as u128, bits).u() as u128
}

/// The upper half of a product.
fn high_product(l: L, signed: bool) -> i128 {
    if signed {
        (l.a.s() * l.b.s()) >> l.bits
    } else {
        ((l.a.u() as u128).wrapping_mul(l.b.u() as u128) >> l.bits) as i128
    }
}

/// A product without carries.
pub fn carryless(a: u128, b: u128) -> i128 {
    (0..64).filter(|bit| b >> bit & 1 == 1).fold(0, |sum, bit| sum ^ a << bit) as i128
}

pub fn add(m: &mut Models) {
    arithmetic(m);
    logic(m);
    shifts(m);
    bits(m);
    widening(m);
    fields(m);
    for (name, cut) in [("add", 0), ("sub", 0), ("radd", 1), ("rsub", 1)] {
        let subtracts = name.ends_with("sub");
        m.long(&format!("{name}hn"), move |l| {
            let sum = if subtracts { l.a.u() - l.b.u() } else { l.a.u() + l.b.u() };
            (sum + (cut << (l.bits - 1))) >> l.bits
        });
    }
}

fn arithmetic(m: &mut Models) {
    m.some("add", |input| input.s.len() == 2, by(|l| l.a.u().wrapping_add(l.b.u())));
    m.some("sub", |input| input.s.len() == 2, by(|l| l.a.u().wrapping_sub(l.b.u())));
    m.lanes("subr", |l| l.b.u() - l.a.u());
    m.lanes("neg", |l| l.a.u().wrapping_neg());
    m.lanes("abs", |l| l.a.s().abs());
    m.some("mul", |input| input.s.len() == 2, by(|l| l.a.u().wrapping_mul(l.b.u())));
    m.some("mla", |_| true, by(|l| l.d.u().wrapping_add(l.a.u().wrapping_mul(l.b.u()))));
    m.some("mls", |_| true, by(|l| l.d.u().wrapping_sub(l.a.u().wrapping_mul(l.b.u()))));
    m.lanes("mad", |l| l.b.u().wrapping_add(l.d.u().wrapping_mul(l.a.u())));
    m.lanes("msb", |l| l.b.u().wrapping_sub(l.d.u().wrapping_mul(l.a.u())));
    m.lanes("madd", |l| l.c.u().wrapping_add(l.a.u().wrapping_mul(l.b.u())));
    m.lanes("msub", |l| l.c.u().wrapping_sub(l.a.u().wrapping_mul(l.b.u())));
    m.lanes("mneg", |l| l.a.u().wrapping_mul(l.b.u()).wrapping_neg());
    m.lanes("pmul", |l| carryless(l.a.u() as u128, l.b.u() as u128));
    m.some("pmull pmull2", |input| input.width < 16, by(|l| carryless(l.a.u() as u128, l.b.u() as u128)));
    m.some(
        "pmull pmull2",
        |input| input.width == 16 && !input.scalable,
        by(|l| carryless(l.a.u() as u128, l.b.u() as u128)),
    );
    m.halves("pmull", |l| carryless(l.a.u() as u128, l.b.u() as u128));
    for (sign, signed) in SIGNS {
        let name = |stem: &str| format!("{sign}{stem}");
        let (a, b) = (move |l: L| l.a.number(signed), move |l: L| l.b.number(signed));
        m.lanes(&name("max"), move |l| a(l).max(b(l)));
        m.lanes(&name("min"), move |l| a(l).min(b(l)));
        m.lanes(&name("abd"), move |l| (a(l) - b(l)).abs());
        m.lanes(&name("aba"), move |l| l.d.u() + (a(l) - b(l)).abs());
        m.lanes(&name("hadd"), move |l| (a(l) + b(l)) >> 1);
        m.lanes(&name("rhadd"), move |l| (a(l) + b(l) + 1) >> 1);
        m.lanes(&name("hsub"), move |l| (a(l) - b(l)) >> 1);
        m.lanes(&name("hsubr"), move |l| (b(l) - a(l)) >> 1);
        m.lanes(&name("mulh"), move |l| high_product(l, signed));
        let divide = |a: i128, b: i128| if b == 0 { 0 } else { a / b };
        m.lanes(&name("div"), move |l| divide(a(l), b(l)));
        m.lanes(&name("divr"), move |l| divide(b(l), a(l)));
        // What is wide is the destination and the last source.
        m.lanes(&name("maddl"), move |l| l.c.u().wrapping_add(a(l) * b(l)));
        m.lanes(&name("msubl"), move |l| l.c.u().wrapping_sub(a(l) * b(l)));
        m.lanes(&name("mnegl"), move |l| -(a(l) * b(l)));
        m.lanes(&name("clamp"), move |l| a(l).max(l.d.number(signed)).min(b(l)));
    }
    m.lanes("adc", |l| l.a.u() + l.b.u() + l.carry);
    m.lanes("sbc", |l| l.a.u() - l.b.u() - 1 + l.carry);
    m.lanes("ngc", |l| -l.a.u() - 1 + l.carry);
}

/// A model of one lane, for [`Models::some`].
pub fn by(f: impl Fn(L) -> i128) -> impl Fn(&super::In) -> super::Out {
    move |input| super::by_lanes(input, &f)
}

fn logic(m: &mut Models) {
    // Two registers, or one and an immediate.
    let two: fn(&super::In) -> bool =
        |input| input.s.len() == 2 && (input.s[0].width().is_some() || !matches!(input.d, super::Source::Lanes(..)));
    m.some("and", two, by(|l| l.a.u() & l.b.u()));
    m.some("orr", two, by(|l| l.a.u() | l.b.u()));
    m.some("eor", two, by(|l| l.a.u() ^ l.b.u()));
    m.some("bic", two, by(|l| l.a.u() & !l.b.u()));
    m.some("orn", two, by(|l| l.a.u() | !l.b.u()));
    m.some("eon", two, by(|l| l.a.u() ^ !l.b.u()));
    m.lanes("nand", |l| !(l.a.u() & l.b.u()));
    m.lanes("nor", |l| !(l.a.u() | l.b.u()));
    m.lanes("mvn not", |l| !l.a.u());
    m.lanes("cnot", |l| i128::from(l.a.u() == 0));
    let chosen = |by: i128, one: i128, zero: i128| by & one | !by & zero;
    m.some("bsl", |input| !input.scalable, by(move |l| chosen(l.d.u(), l.a.u(), l.b.u())));
    m.some("bsl", |input| input.scalable, by(move |l| chosen(l.c.u(), l.a.u(), l.b.u())));
    m.lanes("bsl1n", move |l| chosen(l.c.u(), !l.a.u(), l.b.u()));
    m.lanes("bsl2n", move |l| chosen(l.c.u(), l.a.u(), !l.b.u()));
    m.lanes("nbsl", move |l| !chosen(l.c.u(), l.a.u(), l.b.u()));
    m.lanes("bit", move |l| chosen(l.b.u(), l.a.u(), l.d.u()));
    m.lanes("bif", move |l| chosen(l.b.u(), l.d.u(), l.a.u()));
    m.lanes("eor3", |l| l.a.u() ^ l.b.u() ^ l.c.u());
    m.lanes("bcax", |l| l.a.u() ^ (l.b.u() & !l.c.u()));
    // Even lanes of one and odd lanes of the other, to lanes of the first kind.
    for (name, first) in [("eorbt", 0), ("eortb", 1)] {
        m.whole(name, move |input| {
            let lane = |i: usize| match i % 2 == first {
                true => input.s[0].get(i).u() ^ input.s[1].get(i ^ 1).u(),
                false => input.d.get(i).u(),
            };
            super::Out::lanes((0..input.lanes).map(lane).collect())
        });
    }
    let ones = |holds: bool| if holds { -1 } else { 0 };
    let vectors: fn(&super::In) -> bool = |input| !input.scalable && input.s.len() == 2;
    m.some("cmtst", vectors, by(move |l| ones(l.a.u() & l.b.u() != 0)));
    for (name, f) in [
        ("cmeq", (|l| l.a.s() == l.b.s()) as fn(L) -> bool),
        ("cmge", |l| l.a.s() >= l.b.s()),
        ("cmgt", |l| l.a.s() > l.b.s()),
        ("cmhs", |l| l.a.u() >= l.b.u()),
        ("cmhi", |l| l.a.u() > l.b.u()),
        ("cmle", |l| l.a.s() <= l.b.s()),
        ("cmlt", |l| l.a.s() < l.b.s()),
        ("cmls", |l| l.a.u() <= l.b.u()),
        ("cmlo", |l| l.a.u() < l.b.u()),
    ] {
        m.some(name, vectors, by(move |l| ones(f(l))));
    }
    // With zero.
    for (name, f) in [
        ("cmeq", (|l| l.a.s() == 0) as fn(L) -> bool),
        ("cmge", |l| l.a.s() >= 0),
        ("cmgt", |l| l.a.s() > 0),
        ("cmle", |l| l.a.s() <= 0),
        ("cmlt", |l| l.a.s() < 0),
    ] {
        m.some(name, |input| !input.scalable && input.s.len() == 1, by(move |l| ones(f(l))));
    }
}

/// Two numbers one above the other, shifted right.
fn twice(high: N, low: N, bits: u32, n: u32) -> i128 {
    (((high.u() as u128) << bits | low.u() as u128) >> n) as i128
}

/// Shifts by what an immediate says, or a register.
fn shifts(m: &mut Models) {
    let general: fn(&super::In) -> bool = |input| input.s.iter().all(|s| s.width().is_none());
    let scalable: fn(&super::In) -> bool = |input| input.scalable;
    // General registers use the count's low bits.
    let turn = |l: L| (l.b.u() % i128::from(l.bits)) as u32;
    m.some("lsl lslv", general, by(move |l| l.a.u() << turn(l)));
    m.some("lsr lsrv", general, by(move |l| l.a.u() >> turn(l)));
    m.some("asr asrv", general, by(move |l| l.a.s() >> turn(l)));
    m.some("ror rorv", general, by(move |l| twice(l.a, l.a, l.bits, turn(l))));
    // SVE has lanes of zeros where the count is too large.
    let count = |n: N| n.u().min(127) as u32;
    m.some("lsl", scalable, by(move |l| if l.b.u() < l.bits.into() { l.a.u() << count(l.b) } else { 0 }));
    m.some("lsr", scalable, by(move |l| l.a.u() >> count(l.b)));
    m.some("asr", scalable, by(move |l| l.a.s() >> count(l.b)));
    m.lanes("lslr", move |l| if l.a.u() < l.bits.into() { l.b.u() << count(l.a) } else { 0 });
    m.lanes("lsrr", move |l| l.b.u() >> count(l.a));
    m.lanes("asrr", move |l| l.b.s() >> count(l.a));
    m.lanes("asrd", |l| if l.a.s() < 0 { (l.a.s() + (1 << l.b.u()) - 1) >> l.b.u() } else { l.a.s() >> l.b.u() });
    m.lanes("shl", |l| l.a.u() << l.b.u());
    let rounded = |value: i128, n: i128| (value + (1 << (n - 1))) >> n;
    for (sign, signed) in SIGNS {
        let a = move |l: L| l.a.number(signed);
        m.lanes(&format!("{sign}shr"), move |l| a(l) >> l.b.u());
        m.lanes(&format!("{sign}rshr"), move |l| rounded(a(l), l.b.u()));
        m.lanes(&format!("{sign}sra"), move |l| l.d.u() + (a(l) >> l.b.u()));
        m.lanes(&format!("{sign}rsra"), move |l| l.d.u() + rounded(a(l), l.b.u()));
        m.long(&format!("{sign}shll"), move |l| a(l) << l.b.u());
    }
    m.lanes("shll shll2", |l| l.a.u() << l.a.bits);
    m.long("shrn", |l| l.a.u() >> l.b.u());
    m.long("rshrn", move |l| rounded(l.a.u(), l.b.u()));
    m.lanes("xtn xtn2", |l| l.a.u());
    m.lanes("sli", |l| l.a.u() << l.b.u() | l.d.u() & ((1 << l.b.u()) - 1));
    m.lanes("sri", |l| {
        let kept = (1i128 << l.bits) - (1i128 << (i128::from(l.bits) - l.b.u()));
        l.a.u() >> l.b.u() | l.d.u() & kept
    });
    m.lanes("xar", |l| {
        let n = l.c.u() as u32;
        let value = l.a.u() ^ l.b.u();
        value >> n | value << (l.bits - n)
    });
}

/// What depends on single bits.
fn bits(m: &mut Models) {
    m.lanes("clz", |l| i128::from(low(l.a.u(), l.bits).leading_zeros() + l.bits) - 128);
    m.lanes("cls", |l| {
        let differ = low(l.a.s() ^ l.a.s() >> 1, l.bits - 1);
        i128::from(differ.leading_zeros() + l.bits) - 129
    });
    m.lanes("ctz", |l| i128::from(l.a.u().trailing_zeros().min(l.bits)));
    m.lanes("cnt", |l| i128::from(l.a.u().count_ones()));
    m.some("rbit", |input| input.s.len() == 1 && input.s[0].width().is_some_and(|width| width <= 8), by(reversed));
    m.some("rbit", |input| !input.scalable, by(reversed));
    // Parts of a lane change places.
    for (names, part) in [("rev revb rev16 rev32 rev64", 8), ("revh", 16), ("revw", 32)] {
        for name in names.split(' ') {
            let container = name.strip_prefix("rev").and_then(|size| size.parse().ok());
            m.some(
                name,
                is_one_register,
                by(move |l| {
                    let container = container.unwrap_or(l.bits);
                    let places = (0..l.bits / part).map(|i| i * part);
                    places.fold(0, |all, at| {
                        let to = at / container * container + (container - part - at % container);
                        all | (l.a.u() >> at & ((1 << part) - 1)) << to
                    })
                }),
            );
        }
    }
    m.lanes("bext", |l| {
        let places = (0..l.bits).filter(|place| l.b.u() >> place & 1 == 1);
        places.enumerate().fold(0, |all, (i, place)| all | (l.a.u() >> place & 1) << i)
    });
    m.lanes("bdep", |l| {
        let places = (0..l.bits).filter(|place| l.b.u() >> place & 1 == 1);
        places.enumerate().fold(0, |all, (i, place)| all | (l.a.u() >> i & 1) << place)
    });
    m.lanes("bgrp", |l| {
        let of = |wanted: i128| (0..l.bits).filter(move |place| l.b.u() >> place & 1 == wanted);
        of(1).chain(of(0)).enumerate().fold(0, |all, (i, place)| all | (l.a.u() >> place & 1) << i)
    });
}

/// A general register, or lanes that a predicate governs: the parts of each are turned around.
fn is_one_register(input: &super::In) -> bool {
    if input.scalable { !input.governors.is_empty() } else { input.s[0].width().is_none() }
}

fn reversed(l: L) -> i128 {
    (l.a.u().reverse_bits() as u128 >> (128 - l.bits)) as i128
}

/// Lanes from others of half the size.
fn widening(m: &mut Models) {
    for (sign, signed) in SIGNS {
        let name = |stem: &str| format!("{sign}{stem}");
        let (a, b) = (move |l: L| l.a.number(signed), move |l: L| l.b.number(signed));
        m.long(&name("addl"), move |l| a(l) + b(l));
        m.long(&name("subl"), move |l| a(l) - b(l));
        m.long(&name("abdl"), move |l| (a(l) - b(l)).abs());
        m.long(&name("abal"), move |l| l.d.u() + (a(l) - b(l)).abs());
        m.long(&name("addw"), move |l| l.a.u() + b(l));
        m.long(&name("subw"), move |l| l.a.u() - b(l));
        m.long(&name("mull"), move |l| a(l) * b(l));
        m.long(&name("mlal"), move |l| l.d.u() + a(l) * b(l));
        m.long(&name("mlsl"), move |l| l.d.u() - a(l) * b(l));
        m.lanes(&name("xtl"), a);
        m.lanes(&name("xtl2"), a);
    }
    m.lanes("saddlbt", |l| l.a.s() + l.b.s()).tops = [false, true, false];
    m.lanes("ssublbt", |l| l.a.s() - l.b.s()).tops = [false, true, false];
    m.lanes("ssubltb", |l| l.a.s() - l.b.s()).tops = [true, false, false];
}

/// Parts of registers.
fn fields(m: &mut Models) {
    for (sign, signed) in SIGNS {
        for (letter, bits) in [("b", 8), ("h", 16), ("w", 32)] {
            m.lanes(&format!("{sign}xt{letter}"), move |l| N::new(l.a.u() as u128, bits).number(signed));
        }
        let name = |stem: &str| format!("{sign}{stem}");
        m.lanes(&name("bfx"), move |l| N::new((l.a.u() >> l.field.0) as u128, l.field.1).number(signed));
        m.lanes(&name("bfiz"), move |l| N::new(l.a.u() as u128, l.field.1).number(signed) << l.field.0);
        m.lanes(&name("bfm"), move |l| match (l.b.u(), l.c.u()) {
            (r, s) if s >= r => N::new((l.a.u() >> r) as u128, (s - r + 1) as u32).number(signed),
            (r, s) => N::new(l.a.u() as u128, s as u32 + 1).number(signed) << (i128::from(l.bits) - r),
        });
    }
    let insert = |into: i128, what: i128, at: u32, width: u32| {
        let mask = ((1 << width) - 1) << at;
        into & !mask | what << at & mask
    };
    m.lanes("bfi", move |l| insert(l.d.u(), l.a.u(), l.field.0, l.field.1));
    m.lanes("bfc", move |l| insert(l.d.u(), 0, l.field.0, l.field.1));
    m.lanes("bfxil", move |l| insert(l.d.u(), l.a.u() >> l.field.0, 0, l.field.1));
    m.lanes("bfm", move |l| match (l.b.u() as u32, l.c.u() as u32) {
        (r, s) if s >= r => insert(l.d.u(), l.a.u() >> r, 0, s - r + 1),
        (r, s) => insert(l.d.u(), l.a.u(), l.bits - r, s + 1),
    });
    m.lanes("extr", |l| twice(l.a, l.b, l.bits, l.c.u() as u32));
}
