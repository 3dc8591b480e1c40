//! What moves lanes.

use super::{In, L, Models, N, Out, Source, integer::by};

pub fn add(m: &mut Models) {
    copies(m);
    pairs_of_vectors(m);
    tables(m);
    scalable(m);
}

fn whole(input: &In, f: impl Fn(usize) -> i128) -> Out {
    Out::lanes((0..input.lanes).map(f).collect())
}

/// A lane of the first or second vector, which are two sources or a list.
fn two(input: &In, number: usize, i: usize) -> i128 {
    let list = &input.s[0];
    if list.lanes() == 2 * input.lanes { list.get(number * input.lanes + i).u() } else { input.s[number].get(i).u() }
}

fn copies(m: &mut Models) {
    let one: fn(&In) -> bool = |input| input.s.len() == 1;
    m.some("dup umov ins cpy dupm mov mova", one, by(|l| l.a.u()));
    m.lanes("smov", |l| l.a.s());
    // A byte or halfword, shifted, in every lane; `orr` and `bic` have the destination as a source, too.
    let shifted: fn(&In) -> bool =
        |input| !input.scalable && matches!(input.d, Source::Lanes(..)) && input.s.iter().all(|s| s.width().is_none());
    // With a negative number, ones are shifted in.
    let place = |l: L| match l.b.u() as i64 {
        n @ ..0 => ((l.a.u() + 1) << -n) - 1,
        n => l.a.u() << n,
    };
    m.some("movi", shifted, by(place));
    m.some("mvni", shifted, by(move |l| !place(l)));
    m.some("orr", shifted, by(|l| l.d.u() | l.a.u() << l.b.u()));
    m.some("bic", shifted, by(|l| l.d.u() & !(l.a.u() << l.b.u())));
}

fn pairs_of_vectors(m: &mut Models) {
    // Of 128 bits there are no pairs at the least vector length.
    let accepts: fn(&In) -> bool = |input| input.s.len() == 2 && (input.width < 16 || input.vector >= 32);
    for (part, names) in [(0, ["zip1", "uzp1", "trn1"]), (1, ["zip2", "uzp2", "trn2"])] {
        let [zip, uzp, trn] = names;
        let model =
            m.some(zip, accepts, move |input| whole(input, |i| input.s[i % 2].all_bits((i + part * input.lanes) / 2)));
        model.all_bits = true;
        let model = m.some(uzp, accepts, move |input| {
            let half = input.lanes / 2;
            whole(input, |i| input.s[i / half].all_bits(i % half * 2 + part))
        });
        model.all_bits = true;
        let model = m.some(trn, accepts, move |input| whole(input, |i| input.s[i % 2].all_bits(i / 2 * 2 + part)));
        model.all_bits = true;
    }
    // Lanes of a container change places.
    for (name, container) in [("rev16", 2), ("rev32", 4), ("rev64", 8)] {
        let vectors: fn(&In) -> bool = |input| !input.scalable && input.s[0].width().is_some();
        m.some(name, vectors, move |input| {
            let last = container / input.width - 1;
            whole(input, |i| input.s[0].get(i ^ last).u())
        });
    }
    let unpredicated: fn(&In) -> bool = |input| input.scalable && input.governors.is_empty();
    let reversed = |input: &In| whole(input, |i| input.s[0].all_bits(input.lanes - 1 - i));
    m.some("rev", unpredicated, reversed).all_bits = true;
    // From a byte on; SVE's immediate can be beyond the first vector, which has no effect.
    m.some(
        "ext",
        |input| (2..=3).contains(&input.s.len()),
        |input| {
            let first = input.s.last().expect("an immediate").get(0).u() as usize;
            let first = if first < input.lanes { first } else { 0 };
            whole(input, |i| match first + i {
                place if place < input.lanes => two(input, 0, place),
                place => two(input, 1, place - input.lanes),
            })
        },
    );
}

fn tables(m: &mut Models) {
    let look = |input: &In, i: usize| {
        let (table, index) = (&input.s[0], input.s[1].get(i).u());
        (index < table.lanes() as i128).then(|| table.get(index as usize).u())
    };
    m.whole("tbl", move |input| whole(input, |i| look(input, i).unwrap_or(0)));
    m.whole("tbx", move |input| whole(input, |i| look(input, i).unwrap_or_else(|| input.d.get(i).u())));
}

/// SVE's.
fn scalable(m: &mut Models) {
    let vectors: fn(&In) -> bool = |input| matches!(input.d, Source::Lanes(..));
    for (name, signed, upper) in
        [("sunpklo", true, false), ("sunpkhi", true, true), ("uunpklo", false, false), ("uunpkhi", false, true)]
    {
        m.whole(name, move |input| {
            let first = if upper { input.lanes } else { 0 };
            whole(input, |i| input.s[0].get(first + i).number(signed))
        });
    }
    m.whole("insr", |input| whole(input, |i| if i == 0 { input.s[0].get(0).u() } else { input.d.get(i - 1).u() }));
    m.whole("index", |input| {
        let [start, step] = [0, 1].map(|n| input.s[n].get(0).s());
        whole(input, |i| start.wrapping_add(step.wrapping_mul(i as i128)))
    });
    m.some(
        "sel",
        |input| input.s.len() == 2,
        |input| whole(input, |i| input.s[usize::from(!input.active(0, i))].get(i).u()),
    );
    m.some("compact", vectors, |input| {
        let kept: Vec<i128> = (0..input.lanes).filter(|i| input.active(0, *i)).map(|i| input.s[0].get(i).u()).collect();
        whole(input, |i| kept.get(i).copied().unwrap_or(0))
    });
    // From the first active lane to the last, and then lanes of the second vector.
    m.some(
        "splice",
        |input| (1..=2).contains(&input.s.len()),
        |input| {
            let active: Vec<usize> = (0..input.lanes).filter(|i| input.active(0, *i)).collect();
            let taken = match (active.first(), active.last()) {
                (Some(first), Some(last)) => *first..*last + 1,
                _ => 0..0,
            };
            let second = (0..input.lanes).map(|i| two(input, 1, i));
            let all: Vec<i128> = taken.map(|i| two(input, 0, i)).chain(second).collect();
            whole(input, |i| all[i])
        },
    );
    // The last active lane of the last operand, or the one after it, which is the first after the last of all.
    for (letter, after) in [("a", true), ("b", false)] {
        let found = move |input: &In| -> Option<N> {
            let vector = input.s.last().expect("a vector");
            let last = (0..vector.lanes()).rev().find(|i| input.active(0, *i))?;
            Some(vector.get(if after { (last + 1) % vector.lanes() } else { last }))
        };
        m.whole(&format!("last{letter}"), move |input| {
            let vector = input.s.last().expect("a vector");
            let none = if after { 0 } else { vector.lanes() - 1 };
            Out::one(found(input).unwrap_or(vector.get(none)).u())
        });
        m.whole(&format!("clast{letter}"), move |input| {
            // Where no lane is active, a general register becomes its own low bits.
            let width = input.s.last().and_then(Source::width).expect("a vector");
            let kept = N::new(input.s[0].get(0).u() as u128, 8 * width as u32);
            let value = found(input);
            whole(input, |i| match value {
                Some(value) => value.u(),
                None if input.lanes > 1 => input.s[0].get(i).u(),
                None => kept.u(),
            })
        });
    }
}
