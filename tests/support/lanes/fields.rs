//! AMD's bit fields of vectors, and stores of a single number (APM vol. 4: SSE4A).

use super::{Doing, Model, Models, Out, Place, State, get};

/// The length and the place of a field: two immediates, or bytes of the last source from `start` on.
fn field(places: &[Place], state: &State, start: usize) -> (u32, u32) {
    let [length, place] = match *places {
        [.., length @ Place::Immediate(_), place @ Place::Immediate(_)] => [length, place].map(|p| p.number(state)),
        [.., source] => [start, start + 1].map(|i| source.read(state)[i].into()),
        [] => unreachable!("a field"),
    };
    // A length of 0 is all.
    (if length.is_multiple_of(64) { 64 } else { length as u32 % 64 }, place as u32 % 64)
}

pub fn add(m: &mut Models) {
    for (name, start, inserts) in [("extrq", 0, false), ("insertq", 8, true)] {
        let effect = move |doing: &Doing<'_>, state: &mut State| {
            let (length, place) = field(doing.places, doing.before, start);
            let ones = u64::MAX >> (64 - length);
            let dest = doing.places[0];
            let old = dest.number(doing.before);
            let new = match inserts {
                true => old & !(ones << place) | (doing.places[1].number(doing.before) & ones) << place,
                false => old >> place & ones,
            };
            let mut bytes = dest.read(doing.before);
            bytes[..8].copy_from_slice(&new.to_le_bytes());
            dest.write(state, &bytes, false);
            0
        };
        let model = m.add(&[name.into()], Model::of_effect(effect));
        // What is above the number is undefined, and all where the field ends above it.
        model.compared = 8;
        model.prepare = Some(Box::new(move |places, state, random| {
            if let [.., source @ Place::Register(..)] = *places {
                let mut bytes = source.read(state);
                let place = random.number() % 64;
                bytes[start] = 1 + (random.number() % (64 - place)) as u8;
                bytes[start + 1] = place as u8;
                source.write(state, &bytes, false);
            }
            let (length, place) = field(places, state, start);
            length + place <= 64
        }));
    }
    for name in ["movntss", "movntsd"] {
        m.add(&[name.into()], Model::new(8, |input| Out::number(get(&input.s[0], 8, 0))));
    }
}
