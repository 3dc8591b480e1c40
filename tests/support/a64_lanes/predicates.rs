//! What makes or counts predicates.

use super::{In, L, Model, Models, N, Out, Source, float::values, integer::SIGNS, random::Fill, saturate::saturated};

pub fn add(m: &mut Models) {
    comparisons(m);
    loops(m);
    logic(m);
    breaks(m);
    single(m);
    counts(m);
}

/// The flags that tell a result: N of the first active lane, Z that there is none, C that the last is false.
fn test(active: impl Fn(usize) -> bool, result: &[bool]) -> u32 {
    let lanes: Vec<bool> = (0..result.len()).filter(|i| active(*i)).map(|i| result[i]).collect();
    let first = lanes.first().copied().unwrap_or(false);
    let last = lanes.last().copied().unwrap_or(false);
    u32::from(first) << 3 | u32::from(!lanes.contains(&true)) << 2 | u32::from(!last) << 1
}

fn truths(lanes: Vec<bool>) -> Out {
    Out::lanes(lanes.into_iter().map(i128::from).collect())
}

/// A predicate, and flags by the lanes that are active.
fn tested(input: &In, lanes: Vec<bool>) -> Out {
    let flags = test(|i| input.active(0, i), &lanes);
    Out { flags: Some(flags), ..truths(lanes) }
}

/// The same by all lanes.
pub fn tested_all(lanes: Vec<bool>) -> Out {
    let flags = test(|_| true, &lanes);
    Out { flags: Some(flags), ..truths(lanes) }
}

fn lanes(input: &In, f: impl Fn(usize) -> bool) -> Vec<bool> {
    (0..input.lanes).map(f).collect()
}

fn comparisons(m: &mut Models) {
    for (name, f) in [
        ("cmpeq", (|l| l.a.s() == l.b.s()) as fn(L) -> bool),
        ("cmpne", |l| l.a.s() != l.b.s()),
        ("cmpge", |l| l.a.s() >= l.b.s()),
        ("cmpgt", |l| l.a.s() > l.b.s()),
        ("cmple", |l| l.a.s() <= l.b.s()),
        ("cmplt", |l| l.a.s() < l.b.s()),
        ("cmphs", |l| l.a.u() >= l.b.u()),
        ("cmphi", |l| l.a.u() > l.b.u()),
        ("cmpls", |l| l.a.u() <= l.b.u()),
        ("cmplo", |l| l.a.u() < l.b.u()),
    ] {
        m.whole(name, move |input| tested(input, lanes(input, |i| f(input.lane(i)))));
    }
    for (name, f) in [
        ("fcmeq", (|a, b| a == b) as fn(f64, f64) -> bool),
        ("fcmne", |a, b| a != b),
        ("fcmge", |a, b| a >= b),
        ("fcmgt", |a, b| a > b),
        ("fcmle", |a, b| a <= b),
        ("fcmlt", |a, b| a < b),
        ("fcmuo", |a, b| a.is_nan() || b.is_nan()),
        ("facge", |a, b| a.abs() >= b.abs()),
        ("facgt", |a, b| a.abs() > b.abs()),
        ("facle", |a, b| a.abs() <= b.abs()),
        ("faclt", |a, b| a.abs() < b.abs()),
    ] {
        let model = m.some(
            name,
            |input| matches!(input.d, Source::Bits(..)),
            move |input| {
                let a = values(&input.s[0]);
                let b = input.s.get(1).map_or(vec![0.0; a.len()], values);
                truths(lanes(input, |i| f(a[i], b[i])))
            },
        );
        model.fill = Fill::Real;
    }
    // Whether a lane is somewhere in the same 128 bits of the other vector.
    for (name, wanted) in [("match", true), ("nmatch", false)] {
        m.whole(name, move |input| {
            let per = 16 / input.width;
            let found = |i: usize| {
                let a = input.s[0].get(i).u();
                (i / per * per..(i / per + 1) * per).any(|place| input.s[1].get(place).u() == a)
            };
            tested(input, lanes(input, |i| found(i) == wanted))
        });
    }
}

/// Lanes for as long as a counter compares so; the counter wraps around.
fn loops(m: &mut Models) {
    for (name, up, f) in [
        ("whilelt", true, (|a, b| a.s() < b.s()) as fn(N, N) -> bool),
        ("whilele", true, |a, b| a.s() <= b.s()),
        ("whilelo", true, |a, b| a.u() < b.u()),
        ("whilels", true, |a, b| a.u() <= b.u()),
        ("whilegt", false, |a, b| a.s() > b.s()),
        ("whilege", false, |a, b| a.s() >= b.s()),
        ("whilehi", false, |a, b| a.u() > b.u()),
        ("whilehs", false, |a, b| a.u() >= b.u()),
    ] {
        m.whole(name, move |input| {
            let (mut counter, limit) = (input.s[0].get(0), input.s[1].get(0));
            let mut goes_on = true;
            let mut result: Vec<bool> = (0..input.lanes)
                .map(|_| {
                    goes_on = goes_on && f(counter, limit);
                    let next = counter.u() + if up { 1 } else { -1 };
                    counter = N::new(next as u128, counter.bits);
                    goes_on
                })
                .collect();
            if !up {
                result.reverse();
            }
            tested_all(result)
        });
    }
    for (name, wanted) in [("ctermeq", true), ("ctermne", false)] {
        m.whole(name, move |input| {
            let ends = (input.s[0].get(0).u() == input.s[1].get(0).u()) == wanted;
            let carry = input.flags & 2;
            let flags = if ends { 8 } else { u32::from(carry == 0) };
            Out { lanes: Vec::new(), flags: Some(input.flags & 6 | flags) }
        });
    }
}

/// Those that set flags; what sets none has the models of vectors.
fn logic(m: &mut Models) {
    for (name, f) in [
        ("ands", (|a, b| a && b) as fn(bool, bool) -> bool),
        ("bics", |a, b| a && !b),
        ("eors", |a, b| a != b),
        ("orrs", |a, b| a || b),
        ("orns", |a, b| a || !b),
        ("nands", |a, b| !(a && b)),
        ("nors", |a, b| !(a || b)),
        ("nots", |a, _| !a),
        ("movs", |a, _| a),
    ] {
        m.some(
            name,
            |input| matches!(input.d, Source::Bits(..)),
            move |input| {
                let governed = !input.governors.is_empty();
                let lane = |i: usize| {
                    let a = input.s[0].get(i).u() == 1;
                    input.active(0, i) && f(a, input.s.get(1).is_some_and(|b| b.get(i).u() == 1))
                };
                if governed { tested(input, lanes(input, lane)) } else { tested_by(input, lanes(input, lane)) }
            },
        );
    }
    m.whole("ptest", |input| {
        let result: Vec<bool> = (0..input.s[0].lanes()).map(|i| input.s[0].get(i).u() == 1).collect();
        Out { lanes: Vec::new(), flags: Some(test(|i| input.active(0, i), &result)) }
    });
    for (name, upper) in [("punpklo", false), ("punpkhi", true)] {
        m.whole(name, move |input| {
            let first = if upper { input.lanes } else { 0 };
            truths(lanes(input, |i| input.s[0].get(first + i).u() == 1))
        });
    }
}

/// A move without a governing predicate is governed by its source.
fn tested_by(input: &In, result: Vec<bool>) -> Out {
    let flags = test(|i| input.s[0].get(i).u() == 1, &result);
    Out { flags: Some(flags), ..truths(result) }
}

/// Lanes up to the first true one.
fn breaks(m: &mut Models) {
    /// Active lanes before the first true one, or up to it, if there are any.
    fn until(input: &In, by: &Source, start: bool, including: bool) -> Vec<bool> {
        let mut goes_on = start;
        lanes(input, |_| false)
            .into_iter()
            .enumerate()
            .map(|(i, _)| {
                let (active, stops) = (input.active(0, i), by.get(i).u() == 1);
                if active && stops && !including {
                    goes_on = false;
                }
                let here = active && goes_on;
                if active && stops {
                    goes_on = false;
                }
                here
            })
            .collect()
    }
    for (letter, including) in [("a", true), ("b", false)] {
        m.whole(&format!("brk{letter}"), move |input| truths(until(input, &input.s[0], true, including)));
        m.whole(&format!("brk{letter}s"), move |input| tested(input, until(input, &input.s[0], true, including)));
        let propagated = move |input: &In| until(input, &input.s[1], last_active(input, &input.s[0]), including);
        m.whole(&format!("brkp{letter}"), move |input| truths(propagated(input)));
        m.whole(&format!("brkp{letter}s"), move |input| tested(input, propagated(input)));
    }
    /// The destination as it is, if the last active lane of the source is true; or nothing.
    fn next(input: &In) -> Vec<bool> {
        let goes_on = last_active(input, &input.s[1]);
        lanes(input, |i| goes_on && input.s[0].get(i).u() == 1)
    }
    own(m.whole("brkn", |input| truths(next(input))));
    own(m.whole("brkns", |input| tested_all(next(input))));
}

/// The governing predicate is no mask of the result.
fn own(model: &mut Model) {
    model.masked = false;
}

fn last_active(input: &In, source: &Source) -> bool {
    (0..input.lanes).rev().find(|i| input.active(0, *i)).is_some_and(|i| source.get(i).u() == 1)
}

/// Lanes of a pattern, and single lanes.
fn single(m: &mut Models) {
    let pattern = |input: &In| lanes(input, |i| i < pattern_lanes(input, input.lanes));
    m.whole("ptrue", move |input| truths(pattern(input)));
    // The result is its own mask.
    m.whole("ptrues", move |input| {
        let result = pattern(input);
        Out { flags: Some(test(|i| result[i], &result)), ..truths(result.clone()) }
    });
    m.whole("pfalse", |input| truths(lanes(input, |_| false)));
    m.whole("pfirst", |input| {
        let first = (0..input.lanes).find(|i| input.active(0, *i));
        tested(input, lanes(input, |i| first == Some(i) || input.s[0].get(i).u() == 1))
    });
    m.whole("pnext", |input| {
        let start = (0..input.lanes).rev().find(|i| input.s[0].get(*i).u() == 1).map_or(0, |last| last + 1);
        let next = (start..input.lanes).find(|i| input.active(0, *i));
        tested(input, lanes(input, |i| next == Some(i)))
    });
}

/// How many of so many lanes a pattern has.
fn pattern_lanes(input: &In, lanes: usize) -> usize {
    let exactly = |n: usize| if n <= lanes { n } else { 0 };
    match input.pattern.unwrap_or(31) as usize {
        0 => 1 << lanes.ilog2(),
        n @ 1..=8 => exactly(n),
        n @ 9..=13 => exactly(16 << (n - 9)),
        29 => lanes / 4 * 4,
        30 => lanes / 3 * 3,
        31 => lanes,
        _ => 0,
    }
}

fn counts(m: &mut Models) {
    for (letter, width) in [("b", 1), ("h", 2), ("w", 4), ("d", 8)] {
        let count = move |input: &In| {
            let multiplier = input.s.last().expect("an immediate").get(0).u();
            pattern_lanes(input, input.vector / width) as i128 * multiplier
        };
        m.whole(&format!("cnt{letter}"), move |input| Out::one(count(input)));
        steps(m, letter, count);
    }
    m.whole("cntp", |input| {
        let lanes = input.s[0].lanes();
        Out::one((0..lanes).filter(|i| input.active(0, *i)).map(|i| input.s[0].get(i).u()).sum())
    });
    steps(m, "p", |input| {
        let source = input.s.iter().find(|s| matches!(s, Source::Bits(..))).expect("a predicate");
        (0..source.lanes()).map(|i| source.get(i).u()).sum()
    });
    let multiple = |n: N, bytes: usize| n.u() * bytes as i128;
    m.whole("rdvl rdsvl", move |input| Out::one(multiple(input.s[0].get(0), input.vector)));
    m.whole("addvl addsvl", move |input| Out::one(input.s[0].get(0).u() + multiple(input.s[1].get(0), input.vector)));
    m.whole("addpl addspl", move |input| {
        Out::one(input.s[0].get(0).u() + multiple(input.s[1].get(0), input.vector / 8))
    });
}

/// Steps up and down by a count, of registers or of all lanes.
fn steps(m: &mut Models, letter: &str, count: impl Fn(&In) -> i128 + Copy + 'static) {
    for (name, sign) in [("inc", 1), ("dec", -1)] {
        let every =
            move |input: &In, f: &dyn Fn(N) -> i128| Out::lanes((0..input.lanes).map(|i| f(input.d.get(i))).collect());
        m.whole(&format!("{name}{letter}"), move |input| every(input, &|d| d.u() + sign * count(input)));
        for (letters, signed) in SIGNS {
            m.whole(&format!("{letters}q{name}{letter}"), move |input| {
                every(input, &|d| {
                    // A W register beside the X register: a number of 32 bits, extended.
                    let bits = if input.half { 32 } else { d.bits };
                    let number = N::new(d.u() as u128, bits).number(signed);
                    saturated(number + sign * count(input), bits, signed)
                })
            });
        }
    }
}
