//! Gathers of AVX2: elements of memory, at as many addresses as a vector has indices.

use super::{Doing, Model, Models, Place, State, get, put, shape::MIDDLE};

/// The most lanes that a gather has.
fn lanes(places: &[Place], index: usize, element: usize) -> usize {
    let [dest, Place::Index { class, .. }, _] = places else { unreachable!("a gather's operands") };
    (dest.bytes() / element).min(class.bytes() / index)
}

pub fn add(m: &mut Models) {
    for (letter, index) in [("d", 4), ("q", 8)] {
        for (names, element) in [(["pgather_d", "gather_ps"], 4), (["pgather_q", "gather_pd"], 8)] {
            let effect = move |doing: &Doing<'_>, state: &mut State| {
                let [dest, indices @ Place::Index { shift, .. }, mask] = *doing.places else {
                    unreachable!("a gather's operands")
                };
                let [mut out, chosen] = [dest, mask].map(|place| place.read(doing.before));
                let indices = indices.read(doing.before);
                let lanes = lanes(doing.places, index, element);
                for i in 0..lanes {
                    // The highest bit of a lane of the mask chooses.
                    if get(&chosen, element, i) >> (8 * element - 1) == 0 {
                        continue;
                    }
                    let unused = 64 - 8 * index as u32;
                    let offset = (get(&indices, index, i) << unused) as i64 >> unused << shift;
                    let at = (offset + i64::from(MIDDLE)) as usize;
                    let mut bytes = [0; 64];
                    bytes[..element].copy_from_slice(&doing.before.memory[at..][..element]);
                    put(&mut out, element, i, get(&bytes, element, 0));
                }
                out[lanes * element..].fill(0);
                dest.write(state, &out, true);
                // The mask is used up.
                mask.write(state, &[0; 64], true);
                0
            };
            let names = names.map(|name| format!("v{}", name.replace('_', letter)));
            m.add(&names, Model::of_effect(effect)).prepare = Some(Box::new(move |places, state, random| {
                let [Place::Register(_, dest), Place::Index { number, shift, .. }, Place::Register(_, mask)] = *places
                else {
                    return false;
                };
                let low = -(i64::from(MIDDLE) >> shift);
                let high = (64 - i64::from(MIDDLE) - element as i64) >> shift;
                for i in 0..lanes(places, index, element) {
                    let offset = low + (random.number() % (high - low + 1) as u64) as i64;
                    put(&mut state.vectors[usize::from(number)], index, i, offset as u64);
                }
                // All three have to be different.
                dest != number && dest != mask && number != mask
            }));
        }
    }
}
