//! Integers lane by lane: what stops at the least or greatest number, and shifts in both directions.

use super::{
    L, Models, N,
    integer::{SIGNS, by},
};

/// The number of `bits` bits that is nearest.
pub fn saturated(value: i128, bits: u32, signed: bool) -> i128 {
    if signed { value.clamp(-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { value.clamp(0, (1 << bits) - 1) }
}

pub fn add(m: &mut Models) {
    for (sign, signed) in SIGNS {
        let name = |stem: &str| format!("{sign}q{stem}");
        let (a, b) = (move |l: L| l.a.number(signed), move |l: L| l.b.number(signed));
        let to = move |value: i128, l: L| saturated(value, l.bits, signed);
        m.lanes(&name("add"), move |l| to(a(l) + b(l), l));
        m.lanes(&name("sub"), move |l| to(a(l) - b(l), l));
        m.lanes(&name("subr"), move |l| to(b(l) - a(l), l));
        m.long(&name("xtn"), move |l| to(a(l), l));
        m.long(&name("shrn"), move |l| to(a(l) >> l.b.u(), l));
        m.long(&name("rshrn"), move |l| to((a(l) + (1 << (l.b.u() - 1))) >> l.b.u(), l));
    }
    m.long("sqxtun", |l| saturated(l.a.s(), l.bits, false));
    m.long("sqshrun", |l| saturated(l.a.s() >> l.b.u(), l.bits, false));
    m.long("sqrshrun", |l| saturated((l.a.s() + (1 << (l.b.u() - 1))) >> l.b.u(), l.bits, false));
    // A signed number and an unsigned one: first the destination.
    m.some("suqadd", |input| input.s.len() == 1, by(|l| saturated(l.d.s() + l.a.u(), l.bits, true)));
    m.some("usqadd", |input| input.s.len() == 1, by(|l| saturated(l.d.u() + l.a.s(), l.bits, false)));
    m.some("suqadd", |input| input.scalable, by(|l| saturated(l.a.s() + l.b.u(), l.bits, true)));
    m.some("usqadd", |input| input.scalable, by(|l| saturated(l.a.u() + l.b.s(), l.bits, false)));
    m.lanes("sqabs", |l| saturated(l.a.s().abs(), l.bits, true));
    m.lanes("sqneg", |l| saturated(-l.a.s(), l.bits, true));
    products(m);
    shifts(m);
}

/// Doubled products.
fn products(m: &mut Models) {
    let high = |l: L, start: i128, product: i128, rounding: bool| {
        // All is halved, so that it is below 2^127.
        let half = if rounding { 1 << (l.bits - 2) } else { 0 };
        saturated(((start << (l.bits - 1)) + product + half) >> (l.bits - 1), l.bits, true)
    };
    m.lanes("sqdmulh", move |l| high(l, 0, l.a.s() * l.b.s(), false));
    m.lanes("sqrdmulh", move |l| high(l, 0, l.a.s() * l.b.s(), true));
    m.lanes("sqrdmlah", move |l| high(l, l.d.s(), l.a.s() * l.b.s(), true));
    m.lanes("sqrdmlsh", move |l| high(l, l.d.s(), -(l.a.s() * l.b.s()), true));
    let double = |l: L| saturated(2 * l.a.s() * l.b.s(), l.bits, true);
    m.long("sqdmull", double);
    let plus = move |l: L| saturated(l.d.s() + double(l), l.bits, true);
    let minus = move |l: L| saturated(l.d.s() - double(l), l.bits, true);
    m.long("sqdmlal", plus);
    m.long("sqdmlsl", minus);
    m.lanes("sqdmlalbt", plus).tops = [false, true, false];
    m.lanes("sqdmlslbt", minus).tops = [false, true, false];
}

/// `value` shifted left by `n`, or right if that is negative.
fn shifted(value: i128, n: i128, bits: u32, rounding: bool) -> i128 {
    let most = i128::from(bits);
    if n >= 0 {
        // What leaves the lane is too much for every lane, and has no low bits.
        return if n < most { value << n } else { value.signum() << 100 };
    }
    let n = (-n).min(most + 1);
    if rounding { (value + (1 << (n - 1))) >> n } else { value >> n }
}

/// Shifts by a number with a sign: Advanced SIMD has it in the lowest byte, SVE2 in the whole lane.
fn shifts(m: &mut Models) {
    fn lowest(n: N) -> i128 {
        N::new(n.u() as u128, 8).s()
    }
    let neon: fn(&super::In) -> bool = |input| !input.scalable;
    let sve: fn(&super::In) -> bool = |input| input.scalable;
    for (sign, signed) in SIGNS {
        for (stem, saturates, rounding) in
            [("shl", false, false), ("rshl", false, true), ("qshl", true, false), ("qrshl", true, true)]
        {
            let name = format!("{sign}{stem}");
            let result = move |l: L, value: N, n: i128| {
                let value = shifted(value.number(signed), n, l.bits, rounding);
                if saturates { saturated(value, l.bits, signed) } else { value }
            };
            m.some(&name, neon, by(move |l| result(l, l.a, lowest(l.b))));
            m.some(&name, sve, by(move |l| result(l, l.a, l.b.s())));
            if stem != "shl" {
                m.some(&format!("{name}r"), sve, by(move |l| result(l, l.b, l.a.s())));
            }
        }
    }
    m.lanes("sqshlu", |l| saturated(l.a.s() << l.b.u(), l.bits, false));
}
