//! Comparisons of strings (SDM vol. 1, 4.1): characters of two vectors, each with each, as the immediate says.

use super::{Bytes, Doing, Model, Models, Place, State, general, get, put, shape::Class};

/// What an immediate says.
#[derive(Clone, Copy)]
struct Way(u64);

impl Way {
    /// The bytes of a character.
    fn width(self) -> usize {
        1 + (self.0 & 1) as usize
    }

    fn lanes(self) -> usize {
        16 / self.width()
    }

    fn character(self, vector: &Bytes, i: usize) -> i64 {
        let value = get(vector, self.width(), i);
        match (self.0 & 2 != 0, self.width()) {
            (false, _) => value as i64,
            (true, 1) => (value as i8).into(),
            (true, _) => (value as i16).into(),
        }
    }

    /// How many characters there are before one that is zero.
    fn implied(self, vector: &Bytes) -> usize {
        (0..self.lanes()).find(|i| get(vector, self.width(), *i) == 0).unwrap_or(self.lanes())
    }

    /// Bits that say what became of each character of the second vector; `a` and `b` characters are valid.
    fn result(self, first: &Bytes, second: &Bytes, a: usize, b: usize) -> u64 {
        let n = self.lanes();
        let [one, other] = [first, second].map(|vector| move |i: usize| self.character(vector, i));
        let holds = |j: usize| match self.0 >> 2 & 3 {
            // Any of the first.
            0 => j < b && (0..a).any(|i| one(i) == other(j)),
            // In one of the ranges that the first has the ends of.
            1 => j < b && (0..a / 2).any(|i| one(2 * i) <= other(j) && other(j) <= one(2 * i + 1)),
            // The same; two ends count as that.
            2 => {
                if j < a && j < b {
                    one(j) == other(j)
                } else {
                    j >= a && j >= b
                }
            }
            // The first stands there, as far as the vector goes.
            _ => (0..n - j).all(|i| i >= a || i + j < b && one(i) == other(i + j)),
        };
        let found = (0..n).filter(|j| holds(*j)).fold(0, |all, j| all | 1 << j);
        let ones = (1 << n) - 1;
        match self.0 >> 4 & 3 {
            1 => !found & ones,
            // The opposite, for valid characters.
            3 => found ^ ((1 << b) - 1),
            _ => found,
        }
    }
}

/// A length that a register says: its size, and no more than there are characters.
fn length(value: u64, wide: bool, lanes: usize) -> usize {
    let value = if wide { value as i64 } else { (value as i32).into() };
    value.unsigned_abs().min(lanes as u64) as usize
}

fn register(number: u8) -> Place {
    Place::Register(Class::General { bytes: 8, high: false }, number)
}

pub fn add(m: &mut Models) {
    for (stem, explicit, wide) in [("pcmpistr_", false, false), ("pcmpestr_", true, false), ("pcmpestr_64", true, true)]
    {
        for (letter, gives_mask) in [("m", true), ("i", false)] {
            let effect = move |doing: &Doing<'_>, state: &mut State| {
                let [first, second, imm] = [0, 1, 2].map(|i| doing.places[i]);
                let way = Way(imm.number(doing.before));
                let [one, other] = [first, second].map(|place| place.read(doing.before));
                let (a, b) = if explicit {
                    let [a, b] = [0, 2].map(|n| length(register(n).number(doing.before), wide, way.lanes()));
                    (a, b)
                } else {
                    (way.implied(&one), way.implied(&other))
                };
                let result = way.result(&one, &other, a, b);
                let upper = way.0 & 0x40 != 0;
                if gives_mask {
                    let mut bytes = [0; 64];
                    match upper {
                        true => {
                            let lane = |i: usize| if result >> i & 1 == 1 { u64::MAX } else { 0 };
                            (0..way.lanes()).for_each(|i| put(&mut bytes, way.width(), i, lane(i)));
                        }
                        false => put(&mut bytes, 8, 0, result),
                    }
                    Place::Register(Class::Vector { bytes: 16, all: false }, 0).write(state, &bytes, doing.clears);
                } else {
                    let index = match (result, upper) {
                        (0, _) => way.lanes() as u64,
                        (_, true) => result.ilog2().into(),
                        (_, false) => result.trailing_zeros().into(),
                    };
                    Place::Register(Class::General { bytes: 4, high: false }, 1).set(state, index);
                }
                state.flags = general::flag(general::CARRY, result != 0)
                    | general::flag(general::ZERO, b < way.lanes())
                    | general::flag(general::SIGN, a < way.lanes())
                    | general::flag(general::OVERFLOW, result & 1 == 1);
                0
            };
            let name = stem.replace('_', letter);
            let model = m.add(&[name.clone(), format!("v{name}")], Model::of_effect(effect));
            model.immediates = 0x7F;
            model.prepare = Some(Box::new(move |places, state, random| {
                // Few different characters, so that they meet, and lengths around a vector's.
                for place in &places[..2] {
                    let mut bytes = place.read(state);
                    let few = random.number() & random.number();
                    for byte in &mut bytes[..16] {
                        *byte = match random.number() % 8 {
                            0 => *byte,
                            1 => few as u8,
                            _ => (random.number() % 3) as u8 + (few & 1) as u8,
                        };
                    }
                    place.write(state, &bytes, false);
                }
                for number in [0, 2] {
                    if random.number() % 4 != 0 {
                        let small = (random.number() % 40) as i64 - 20;
                        // What is above 32 bits matters to the wide form only.
                        let high = if wide { 0 } else { random.number() << 32 };
                        register(number).set(state, (small as u64 & if wide { u64::MAX } else { 0xFFFF_FFFF }) | high);
                    }
                }
                true
            }));
        }
    }
}
