//! All lanes of a vector to one, pairs to one, and sums of products.

use super::{
    In, L, Models, N, Out,
    float::{Format, maximum, minimum, rounded, values},
    integer::SIGNS,
    random::Fill,
};

pub fn add(m: &mut Models) {
    integers(m);
    reals(m);
    pairs(m);
    dot_products(m);
}

/// The active lanes of the last source.
fn active(input: &In) -> Vec<N> {
    let source = input.s.last().expect("a vector");
    (0..source.lanes()).filter(|i| input.active(0, *i)).map(|i| source.get(i)).collect()
}

fn integers(m: &mut Models) {
    m.whole("addv", |input| Out::one(active(input).into_iter().map(N::u).sum()));
    m.whole("andv", |input| Out::one(active(input).into_iter().fold(-1, |all, n| all & n.u())));
    m.whole("orv", |input| Out::one(active(input).into_iter().fold(0, |all, n| all | n.u())));
    m.whole("eorv", |input| Out::one(active(input).into_iter().fold(0, |all, n| all ^ n.u())));
    for (sign, signed) in SIGNS {
        let all = move |input: &In| active(input).into_iter().map(move |n| n.number(signed));
        for name in ["addlv", "addv"] {
            m.whole(&format!("{sign}{name}"), move |input| Out::one(all(input).sum()));
        }
        // Where no lane is active, the least and the greatest number.
        let bits = |input: &In| 8 * input.width as u32;
        m.whole(&format!("{sign}maxv"), move |input| {
            let none = if signed { -(1 << (bits(input) - 1)) } else { 0 };
            Out::one(all(input).max().unwrap_or(none))
        });
        m.whole(&format!("{sign}minv"), move |input| {
            let none = if signed { (1 << (bits(input) - 1)) - 1 } else { -1 };
            Out::one(all(input).min().unwrap_or(none))
        });
    }
}

fn reals(m: &mut Models) {
    fn real(m: &mut Models, name: &str, f: impl Fn(&In, Vec<f64>) -> f64 + 'static) {
        let model = m.whole(name, move |input| {
            let all = values(input.s.last().expect("a vector"));
            Out::one(rounded(f(input, all), 8 * input.width as u32))
        });
        model.fill = Fill::Real;
        model.nan = true;
    }
    for (name, f, none) in [
        ("fmaxv", maximum as fn(f64, f64) -> f64, f64::NEG_INFINITY),
        ("fminv", minimum, f64::INFINITY),
        // What is no number does not count.
        ("fmaxnmv", maximum, f64::NAN),
        ("fminnmv", minimum, f64::NAN),
    ] {
        real(m, name, move |input, all| {
            let kept = all.into_iter().enumerate().filter(|(i, _)| input.active(0, *i)).map(|(_, value)| value);
            kept.reduce(f).unwrap_or(none)
        });
    }
    // By halves, with zeros where lanes are not active.
    real(m, "faddv", |input, all| {
        let format = Format::of(input.width).expect("a number's size");
        let mut all: Vec<f64> =
            all.into_iter().enumerate().map(|(i, value)| if input.active(0, i) { value } else { 0.0 }).collect();
        while all.len() > 1 {
            all = all.chunks(2).map(|two| format.value(format.round(two[0] + two[1]))).collect();
        }
        all[0]
    });
    // In order, from the lowest lane on.
    real(m, "fadda", |input, all| {
        let format = Format::of(input.width).expect("a number's size");
        let active = all.into_iter().enumerate().filter(|(i, _)| input.active(0, *i));
        active.fold(values(&input.s[0])[0], |sum, (_, value)| format.value(format.round(sum + value)))
    });
}

/// Two lanes that become one: of two vectors one after the other, in SVE2 in turn.
fn pair<'a>(m: &'a mut Models, names: &str, f: impl Fn(N, N, u32) -> i128 + 'static) -> &'a mut super::Model {
    m.some(
        names,
        |input| input.width < 16,
        move |input| {
            let bits = 8 * input.width as u32;
            let lane = |i: usize| {
                let half = input.lanes / 2;
                let (source, first) = match (input.scalable, input.s.len()) {
                    (true, _) => (i % 2, i / 2 * 2),
                    // A scalar of two lanes.
                    (false, 1) => (0, 0),
                    (false, _) => (i / half, i % half * 2),
                };
                f(input.s[source].get(first), input.s[source].get(first + 1), bits)
            };
            Out::lanes((0..input.lanes).map(lane).collect())
        },
    )
}

fn pairs(m: &mut Models) {
    pair(m, "addp", |a, b, _| a.u() + b.u());
    for (sign, signed) in SIGNS {
        pair(m, &format!("{sign}maxp"), move |a, b, _| a.number(signed).max(b.number(signed)));
        pair(m, &format!("{sign}minp"), move |a, b, _| a.number(signed).min(b.number(signed)));
        for (name, accumulates) in [("addlp", false), ("adalp", true)] {
            m.whole(&format!("{sign}{name}"), move |input| {
                let lane = |i: usize| {
                    let sum: i128 = [2 * i, 2 * i + 1].map(|at| input.s[0].get(at).number(signed)).iter().sum();
                    if accumulates { input.d.get(i).u() + sum } else { sum }
                };
                Out::lanes((0..input.lanes).map(lane).collect())
            });
        }
    }
    for (names, f) in
        [("faddp", (|a, b| a + b) as fn(f64, f64) -> f64), ("fmaxp fmaxnmp", maximum), ("fminp fminnmp", minimum)]
    {
        let model = pair(m, names, move |a, b, bits| {
            let [a, b] = [a, b].map(|n| Format::of_bits(bits).value(n.u() as u64));
            rounded(f(a, b), bits)
        });
        model.fill = Fill::Real;
        model.nan = true;
    }
}

/// Four narrow lanes, multiplied and added to a wide one; an element is as wide as the destination's lane.
fn dot_products(m: &mut Models) {
    for (name, first, second) in
        [("sdot", true, true), ("udot", false, false), ("usdot", false, true), ("sudot", true, false)]
    {
        m.some(
            name,
            |input| input.s.len() == 2,
            move |input| {
                let bits = 2 * input.width as u32;
                let part = |source: usize, i: usize, n: usize, signed: bool| {
                    let source = &input.s[source];
                    let per = input.width / source.width().expect("a vector");
                    let lane = source.get(i * per + n * per / 4);
                    let raw = lane.u() >> if per == 1 { n as u32 * bits } else { 0 };
                    N::new(raw as u128, bits).number(signed)
                };
                let lane = |i: usize| {
                    let products = (0..4).map(|n| part(0, i, n, first) * part(1, i, n, second));
                    input.d.get(i).u() + products.sum::<i128>()
                };
                Out::lanes((0..input.lanes).map(lane).collect())
            },
        );
    }
    // Two by eight numbers times eight by two, in each 128 bits.
    for (name, first, second) in [("smmla", true, true), ("ummla", false, false), ("usmmla", false, true)] {
        m.some(
            name,
            |input| input.width == 4 && input.s[0].width() == Some(1),
            move |input| {
                let lane = |i: usize| {
                    let (segment, row, column) = (i / 4 * 16, i % 4 / 2 * 8, i % 2 * 8);
                    let product = |n: usize| {
                        let a = input.s[0].get(segment + row + n).number(first);
                        a * input.s[1].get(segment + column + n).number(second)
                    };
                    input.d.get(i).u() + (0..8).map(product).sum::<i128>()
                };
                Out::lanes((0..input.lanes).map(lane).collect())
            },
        );
    }
    // Two by two numbers times two by two: each product and each sum is rounded. With doubles that is 256 bits.
    let model = m.some(
        "fmmla",
        |input| match input.s[0].width() {
            Some(4) => input.width == 4,
            Some(8) => input.width == 8 && input.vector >= 32,
            _ => false,
        },
        |input| {
            let format = Format::of(input.width).expect("a number's size");
            let [a, b, d] = [&input.s[0], &input.s[1], &input.d].map(values);
            let near = |value: f64| format.value(format.round(value));
            let lane = |i: usize| {
                let (row, column) = (i / 4 * 4 + i % 4 / 2 * 2, i / 4 * 4 + i % 2 * 2);
                let [first, second] = [0, 1].map(|n| near(a[row + n] * b[column + n]));
                format.round(d[i] + near(first + second)).into()
            };
            Out::lanes((0..input.lanes).map(lane).collect())
        },
    );
    model.fill = Fill::Real;
    model.nan = true;
    for (name, subtracts) in [("adclb", false), ("adclt", false), ("sbclb", true), ("sbclt", true)] {
        let top = usize::from(name.ends_with('t'));
        // A sum with a carry in the second source's odd lane, which goes to the destination's odd lane.
        m.whole(name, move |input| {
            let bits = 8 * input.width as u32;
            let lane = |i: usize| {
                let even = i / 2 * 2;
                let other = input.s[0].get(even + top);
                let other = if subtracts { N::new(!other.u() as u128, bits) } else { other };
                let sum = input.d.get(even).u() + other.u() + (input.s[1].get(even + 1).u() & 1);
                if i.is_multiple_of(2) { sum } else { sum >> bits }
            };
            Out::lanes((0..input.lanes).map(lane).collect())
        });
    }
    let complex = |l: L, other: L, odd: bool| {
        let turned = l.c.u() == 90;
        if odd == turned { l.a.s() + other.b.s() } else { l.a.s() - other.b.s() }
    };
    for (name, saturates) in [("cadd", false), ("sqcadd", true)] {
        m.whole(name, move |input| {
            let lane = |i: usize| {
                let l = input.lane(i);
                let sum = complex(l, input.lane(i ^ 1), i % 2 == 1);
                if saturates { super::saturate::saturated(sum, l.bits, true) } else { sum }
            };
            Out::lanes((0..input.lanes).map(lane).collect())
        });
    }
}
