//! Mask registers: their own instructions, and comparisons and tests that give masks.

use super::{In, Model, Models, Out, get, lane, put};

/// A comparison's result: a mask register, or lanes of all ones.
pub fn truths(input: &In, width: usize, lanes: usize, holds: impl Fn(usize) -> bool) -> Out {
    if input.gives_mask {
        Out::number((0..lanes).map(|i| u64::from(holds(i)) << i).sum())
    } else {
        let mut out = [0; 64];
        for i in 0..lanes {
            put(&mut out, width, i, if holds(i) { u64::MAX } else { 0 });
        }
        Out::vector(out, lanes)
    }
}

pub fn add(m: &mut Models) {
    for (letter, width) in [('b', 1), ('w', 2), ('d', 4), ('q', 8)] {
        let bits = 8 * width as u32;
        let ones = u64::MAX >> (64 - bits);
        // Comparisons and tests of vectors' lanes.
        m.whole(&format!("pcmpeq{letter}"), width, move |input| {
            truths(input, width, input.source / width, |i| lane(input, width, i).a == lane(input, width, i).b)
        });
        m.whole(&format!("pcmpgt{letter}"), width, move |input| {
            truths(input, width, input.source / width, |i| lane(input, width, i).sa() > lane(input, width, i).sb())
        });
        m.whole(&format!("pcmp{letter}"), width, move |input| {
            truths(input, width, input.source / width, |i| {
                let l = lane(input, width, i);
                super::integer::predicate(l.imm, l.sa().cmp(&l.sb()))
            })
        })
        .immediates = 7;
        m.whole(&format!("pcmpu{letter}"), width, move |input| {
            truths(input, width, input.source / width, |i| {
                let l = lane(input, width, i);
                super::integer::predicate(l.imm, l.a.cmp(&l.b))
            })
        })
        .immediates = 7;
        for (name, wanted) in [("ptestm", true), ("ptestnm", false)] {
            m.whole(&format!("{name}{letter}"), width, move |input| {
                truths(input, width, input.source / width, |i| {
                    let l = lane(input, width, i);
                    (l.a & l.b != 0) == wanted
                })
            });
        }
        // From the lanes' highest bits, and back.
        m.whole(&format!("pmov{letter}2m"), width, move |input| {
            truths(input, width, input.source / width, |i| lane(input, width, i).sa() < 0)
        });
        m.lanes(&format!("pmovm2{letter}"), width, |_| 0).function = Box::new(move |input| {
            let mut out = [0; 64];
            let lanes = input.dest / width;
            for i in 0..lanes {
                put(&mut out, width, i, if get(&input.s[0], 8, 0) >> i & 1 == 1 { u64::MAX } else { 0 });
            }
            Out::vector(out, lanes)
        });
        // Masks.
        let mut mask = |name: &str, f: fn(u64, u64, u32) -> u64| {
            let function = move |input: &In| {
                let [a, b] = [0, 1].map(|n| input.s.get(n).map_or(0, |source| get(source, 8, 0) & ones));
                Out::number(f(a, input.imm.unwrap_or(b), bits) & ones)
            };
            let model = Model::new(8, function);
            m.add(&[format!("k{name}{letter}")], model);
        };
        mask("and", |a, b, _| a & b);
        mask("andn", |a, b, _| !a & b);
        mask("or", |a, b, _| a | b);
        mask("xor", |a, b, _| a ^ b);
        mask("xnor", |a, b, _| !(a ^ b));
        mask("not", |a, _, _| !a);
        mask("add", |a, b, _| a.wrapping_add(b));
        mask("mov", |a, _, _| a);
        mask("shiftl", |a, n, bits| if n < u64::from(bits) { a << n } else { 0 });
        mask("shiftr", |a, n, bits| if n < u64::from(bits) { a >> n } else { 0 });
        for (name, both) in [("kortest", false), ("ktest", true)] {
            let function = move |input: &In| {
                let [a, b] = [0, 1].map(|n| get(&input.s[n], 8, 0) & ones);
                let (zero, carry) = if both { (a & b == 0, !a & b == 0) } else { (a | b == 0, a | b == ones) };
                Out { flags: Some((u64::from(zero) << 6 | u64::from(carry), 0)), ..Out::number(0) }
            };
            let model = Model::new(8, function);
            m.add(&[format!("{name}{letter}")], model);
        }
    }
    for (letters, bits) in [("bw", 8), ("wd", 16), ("dq", 32)] {
        let function = move |input: &In| {
            let [a, b] = [0, 1].map(|n| get(&input.s[n], 8, 0) & ((1 << bits) - 1));
            Out::number(a << bits | b)
        };
        let model = Model::new(8, function);
        m.add(&[format!("kunpck{letters}")], model);
    }
    for (name, width) in [("pbroadcastmb2q", 8), ("pbroadcastmw2d", 4)] {
        m.whole(name, width, move |input| {
            let mut out = [0; 64];
            let lanes = input.dest / width;
            let low = get(&input.s[0], 8, 0) & if width == 8 { 0xFF } else { 0xFFFF };
            (0..lanes).for_each(|i| put(&mut out, width, i, low));
            Out::vector(out, lanes)
        });
    }
}
