//! Moves of parts of vectors, and moves and tests that look at the signs of lanes.

use super::{Bytes, Doing, In, Model, Models, Out, Place, State, get, put};

pub fn add(m: &mut Models) {
    for (name, width) in [("movss", 4), ("movsd", 8)] {
        m.whole(name, width, move |input| {
            let number = get(input.s.last().expect("a source"), width, 0);
            // In memory there is nothing else; from there the rest of the register becomes zero.
            let mut out = if input.dest == width || input.memory { [0; 64] } else { input.s[0] };
            put(&mut out, width, 0, number);
            Out::vector(out, 1)
        });
        // The other of two encodings.
        let index = m.by_name[name];
        m.by_name.insert(format!("v{name}.s"), index);
    }
    for (names, high) in [("movlps movlpd", 0), ("movhps movhpd", 1)] {
        m.whole(names, 8, move |input| {
            if input.dest == 8 {
                return Out::number(get(&input.s[0], 8, high));
            }
            let mut out = input.s[0];
            put(&mut out, 8, high, get(&input.s[1], 8, 0));
            Out::vector(out, 2)
        });
    }
    m.whole("movntps movntpd movntdq", 4, |input| Out::vector(input.s[0], input.dest / 4));
    m.add(&["movnti".into()], Model::new(8, |input| Out::number(get(&input.s[0], 8, 0))));
    for (names, width) in [(["vmaskmovps", "vpmaskmovd"], 4), (["vmaskmovpd", "vpmaskmovq"], 8)] {
        let effect = move |doing: &Doing<'_>, state: &mut State| {
            let [dest, mask, source] = [0, 1, 2].map(|i| doing.places[i]);
            let [mask, source] = [mask, source].map(|place| place.read(doing.before));
            // What is not chosen is left alone in memory, and zero in a register.
            let mut out = if matches!(dest, Place::Memory(_)) { dest.read(doing.before) } else { [0; 64] };
            for i in (0..dest.bytes() / width).filter(|i| sign(&mask, width, *i)) {
                put(&mut out, width, i, get(&source, width, i));
            }
            dest.write(state, &out, doing.clears);
            0
        };
        m.add(&names.map(String::from), Model::of_effect(effect));
    }
    for (name, width) in [("vtestps", 4), ("vtestpd", 8)] {
        let function = move |input: &In| {
            let lanes = || 0..input.source / width;
            let [a, b] = [0, 1].map(|n| move |i: usize| sign(&input.s[n], width, i));
            let zero = lanes().all(|i| !(a(i) && b(i)));
            let carry = lanes().all(|i| a(i) || !b(i));
            Out { flags: Some((u64::from(zero) << 6 | u64::from(carry), 0)), ..Out::number(0) }
        };
        m.add(&[name.into()], Model::new(8, function));
    }
}

fn sign(bytes: &Bytes, width: usize, i: usize) -> bool {
    get(bytes, width, i) >> (8 * width - 1) == 1
}
