//! Parallel moves: all sources are read before any target is written.
//!
//! A move may be made when its target is the source of no other that is left. If none may, those that are left form
//! cycles: one source goes to a scratch register, which is where its readers find it from then on. A move between two
//! stack words needs a scratch register, too: a cycle keeps the one of the values' own class, and such a move takes the
//! other class's. That of integers is half a vector, so that is moved in halves.

use super::registers::Reg;
use super::target::{Place, Source, Target};
use crate::ir::Class;

/// One of several moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Move {
    pub to: Place,
    pub from: Source,
    pub class: Class,
}

/// Emits moves as one, below what was emitted before.
pub fn emit<T: Target>(target: &mut T, mut moves: Vec<Move>) {
    moves.retain(|step| step.from != Source::Place(step.to));
    // Most often there is none or one, which need no order.
    let steps = if moves.len() < 2 { moves } else { order(moves, T::scratch) };
    for step in steps.into_iter().rev() {
        match (step.to, step.from) {
            (Place::Reg(_), _) | (_, Source::Place(Place::Reg(_)) | Source::Constant(_)) => {
                target.copy(step.class, step.to, step.from);
            }
            (to, Source::Place(from)) => {
                let class = if step.class == Class::Int { Class::Float } else { Class::Int };
                let through = Place::Reg(T::scratch(class));
                for word in 0..step.class.words() {
                    target.copy(class, to.word(word), Source::Place(through));
                    target.copy(class, through, Source::Place(from.word(word)));
                }
            }
        }
    }
}

/// The moves, none of which is from where it is to, one after another.
fn order(mut left: Vec<Move>, scratch: impl Fn(Class) -> Reg) -> Vec<Move> {
    // Constants read nothing, and a word may need the scratch register for one: they come last.
    let (mut steps, constants) = {
        let (constants, moves): (Vec<_>, Vec<_>) =
            left.into_iter().partition(|step| matches!(step.from, Source::Constant(_)));
        left = moves;
        (Vec::with_capacity(left.len() + constants.len() + 1), constants)
    };
    while !left.is_empty() {
        let before = left.len();
        let mut at = 0;
        while at < left.len() {
            let to = Source::Place(left[at].to);
            if left.iter().enumerate().any(|(other, step)| other != at && step.from == to) {
                at += 1;
            } else {
                steps.push(left.swap_remove(at));
            }
        }
        if left.len() == before {
            let Move { from, class, .. } = left[0];
            let kept = Place::Reg(scratch(class));
            steps.push(Move { to: kept, from, class });
            for step in left.iter_mut().filter(|step| step.from == from) {
                step.from = Source::Place(kept);
            }
        }
    }
    steps.extend(constants);
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// Random sets of moves do what moving all at once does.
    #[test]
    fn moves_are_as_if_made_at_once() {
        let mut state = 1_u64;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % below
        };
        let scratch = |class| if class == Class::Int { Reg::int(31) } else { Reg::float(31) };
        for _ in 0..10_000 {
            let place = |number: u64| match number {
                0..4 => Place::Reg(Reg::int(number as u8)),
                _ => Place::Slot(number as u32),
            };
            let mut moves = vec![];
            for to in 0..8 {
                if random(3) > 0 {
                    let from = match random(9) {
                        8 => Source::Constant(100 + to),
                        from => Source::Place(place(from)),
                    };
                    if from != Source::Place(place(to)) {
                        moves.push(Move { to: place(to), from, class: Class::Int });
                    }
                }
            }
            let key = |place: Place| format!("{place:?}");
            let before: HashMap<_, _> = (0..8).map(|number| (key(place(number)), number)).collect();
            let read = |values: &HashMap<String, u64>, from: Source| match from {
                Source::Constant(bits) => bits,
                Source::Place(place) => values[&key(place)],
            };
            let mut expected = before.clone();
            for step in &moves {
                expected.insert(key(step.to), read(&before, step.from));
            }
            let mut found = before;
            for step in order(moves.clone(), scratch) {
                let value = read(&found, step.from);
                found.insert(key(step.to), value);
            }
            found.remove(&key(Place::Reg(Reg::int(31))));
            assert_eq!(found, expected, "{moves:?}");
        }
    }
}
