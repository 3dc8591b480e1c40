//! Parallel copies: many places get their new contents at once, and any may also be a source.
//!
//! A copy may be done when no other still needs what it overwrites. If none may, they form cycles: one source is put
//! aside into the context's temporary word, which breaks its cycle. A cycle is unwound before the next is met, so one
//! word does.

use crate::backend::{Mem, Place, Source};

/// Puts `copies` into an order in which they can be done one after another. No place is the target of two.
pub fn sequence(mut copies: Vec<(Place, Source)>) -> Vec<(Place, Source)> {
    copies.retain(|&(to, from)| from != Source::Place(to));
    let mut ordered = Vec::with_capacity(copies.len());
    while !copies.is_empty() {
        let is_needed = |to: Place| copies.iter().any(|&(_, from)| from == Source::Place(to));
        match copies.iter().position(|&(to, _)| !is_needed(to)) {
            Some(free) => ordered.push(copies.swap_remove(free)),
            None => {
                let source = copies[0].1;
                let aside = Place::Mem(Mem::Temporary);
                ordered.push((aside, source));
                for (_, from) in copies.iter_mut().filter(|(_, from)| *from == source) {
                    *from = Source::Place(aside);
                }
            }
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Reg;
    use quickcheck::quickcheck;
    use std::collections::HashMap;

    quickcheck! {
        /// Executing the sequence does what the parallel copies say.
        fn sequence_is_parallel(sources: Vec<u8>) -> bool {
            let place = |n: usize| match n % 2 {
                0 => Place::Reg(Reg(n as u8)),
                _ => Place::Mem(Mem::Spill(n as u32)),
            };
            let copies: Vec<(Place, Source)> = sources.iter().take(24).enumerate().map(|(to, &from)| {
                let from = match from % 32 {
                    31 => Source::Const(31),
                    n => Source::Place(place(n as usize)),
                };
                (place(to), from)
            }).collect();

            let before: HashMap<Place, usize> = (0..31).map(|n| (place(n), n)).collect();
            let read = |contents: &HashMap<Place, usize>, from| match from {
                Source::Const(value) => value as usize,
                Source::Place(place) => contents[&place],
            };
            let mut after = before.clone();
            for (to, from) in sequence(copies.clone()) {
                let value = read(&after, from);
                after.insert(to, value);
            }
            after.remove(&Place::Mem(Mem::Temporary));
            let mut expected = before.clone();
            for &(to, from) in &copies {
                expected.insert(to, read(&before, from));
            }
            after == expected
        }
    }
}
