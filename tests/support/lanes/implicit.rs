//! What has operands that the syntax does not show, or two results: products, quotients, exchanges, flags.

use super::{
    Doing, Model, Models, Place, State,
    execute::Random,
    general::{ADJUST, CARRY, G, OVERFLOW, PARITY, SIGN, ZERO, flag},
    machine::FLAGS,
    shape::Class,
};

/// RAX, RCX, RDX and RBX, or what is low in them.
fn register(number: u8, bytes: usize) -> Place {
    Place::Register(Class::General { bytes, high: false }, number)
}

const A: u8 = 0;
const C: u8 = 1;
const D: u8 = 2;
const B: u8 = 3;

fn ah() -> Place {
    Place::Register(Class::General { bytes: 1, high: true }, 4)
}

fn effect<'a>(
    m: &'a mut Models,
    name: &str,
    effect: impl Fn(&Doing<'_>, &mut State) -> u64 + 'static,
) -> &'a mut Model {
    m.add(&[name.to_string()], Model::of_effect(effect))
}

/// A number of so many bytes, with or without a sign.
fn extended(number: u64, bytes: usize, signed: bool) -> i128 {
    let unused = 64 - 8 * bytes as u32;
    let number = number << unused;
    if signed { i128::from(number as i64 >> unused) } else { i128::from(number >> unused) }
}

pub fn add(m: &mut Models) {
    products(m);
    quotients(m);
    exchanges(m);
    accumulator(m);
    flags(m);
}

/// Where twice the size of an operand is: AX, or two registers, the upper half first.
fn halves(bytes: usize) -> (Place, Place) {
    if bytes == 1 { (ah(), register(A, 1)) } else { (register(D, bytes), register(A, bytes)) }
}

fn products(m: &mut Models) {
    const UNDEFINED: u64 = SIGN | ZERO | ADJUST | PARITY;
    for (name, signed) in [("mul", false), ("imul", true)] {
        effect(m, name, move |doing, state| {
            let size = doing.places[0].bytes();
            let number = |place: Place| extended(place.number(doing.before), size, signed);
            let product = match *doing.places {
                [place] => number(register(A, size)).wrapping_mul(number(place)),
                [a, b] | [_, a, b] => number(a) * number(b),
                _ => unreachable!("one to three operands"),
            };
            if doing.places.len() == 1 {
                let (high, low) = halves(size);
                low.set(state, product as u64);
                high.set(state, (product >> (8 * size)) as u64);
            } else {
                doing.places[0].set(state, product as u64);
            }
            let fits = extended(product as u64, size, signed) == product;
            state.flags = flag(CARRY | OVERFLOW, !fits);
            UNDEFINED
        });
    }
    // The upper half goes to the first operand, also where both are the same.
    effect(m, "mulx", |doing, state| {
        let size = doing.places[0].bytes();
        let [a, b] = [register(D, size), doing.places[2]].map(|place| u128::from(place.number(doing.before)));
        doing.places[1].set(state, (a * b) as u64);
        doing.places[0].set(state, ((a * b) >> (8 * size)) as u64);
        0
    });
}

/// The quotient and the remainder, if the quotient fits; else the processor faults.
fn divided(place: Place, state: &State, signed: bool) -> Option<(i128, i128)> {
    let size = place.bytes();
    let (high, low) = halves(size);
    let high = extended(high.number(state), size, signed);
    let dividend = high << (8 * size) | i128::from(low.number(state));
    let divisor = extended(place.number(state), size, signed);
    if divisor == 0 {
        return None;
    }
    let (quotient, remainder) = (dividend / divisor, dividend % divisor);
    (extended(quotient as u64, size, signed) == quotient).then_some((quotient, remainder))
}

/// A dividend whose quotient is any, and fits: the product of the divisor and a number, and a remainder. Where the
/// divisor is half of the dividend, it changes with it, so that it may need more than one attempt, or there is none.
fn fit(place: Place, state: &mut State, random: &mut Random, signed: bool) -> bool {
    let size = place.bytes();
    let (high, low) = halves(size);
    for _ in 0..32 {
        let divisor = extended(place.number(state), size, signed);
        let quotient = extended(random.bits(), size, signed);
        if divisor != 0 {
            let rest = i128::from(random.number()) % divisor.abs();
            let product = quotient.wrapping_mul(divisor);
            let dividend = if product < 0 || signed && random.number().is_multiple_of(2) {
                product - rest
            } else {
                product + rest
            };
            low.set(state, dividend as u64);
            high.set(state, (dividend >> (8 * size)) as u64);
        } else {
            place.set(state, random.bits());
        }
        if divided(place, state, signed).is_some() {
            return true;
        }
    }
    false
}

fn quotients(m: &mut Models) {
    for (name, signed) in [("div", false), ("idiv", true)] {
        let model = effect(m, name, move |doing, state| {
            let place = doing.places[0];
            let (quotient, remainder) = divided(place, doing.before, signed).expect("operands that do not fault");
            let (high, low) = halves(place.bytes());
            low.set(state, quotient as u64);
            high.set(state, remainder as u64);
            FLAGS
        });
        model.prepare = Some(Box::new(move |places, state, random| fit(places[0], state, random, signed)));
    }
}

fn exchanges(m: &mut Models) {
    let model = effect(m, "xchg", |doing, state| {
        let [a, b] = [doing.places[0], doing.places[1]];
        b.set(state, a.number(doing.before));
        a.set(state, b.number(doing.before));
        0
    });
    // The short form of EAX with itself would be NOP, and the crate refuses it.
    model.prepare = Some(Box::new(|places, _, _| places[0].bytes() != 4 || places[0] != places[1]));
    effect(m, "xadd", |doing, state| {
        let [a, b] = [doing.places[0], doing.places[1]];
        let g = G { a: a.number(doing.before), b: b.number(doing.before), bits: 8 * a.bytes() as u32, flags: 0 };
        let (sum, flags) = g.sum(g.a, g.b, 0);
        b.set(state, g.a);
        a.set(state, sum);
        state.flags = flags;
        0
    });
    let model = effect(m, "cmpxchg", |doing, state| {
        let [place, new] = [doing.places[0], doing.places[1]];
        let size = place.bytes();
        let accumulator = register(A, size);
        let old = place.number(doing.before);
        let compared = accumulator.number(doing.before);
        let g = G { a: compared, b: old, bits: 8 * size as u32, flags: 0 };
        let (_, flags) = g.difference(compared, old, 0);
        state.flags = flags;
        if compared == old {
            place.set(state, new.number(doing.before));
        } else {
            // What was there is written again, which clears the upper half of a register of 32 bits.
            place.set(state, old);
            accumulator.set(state, old);
        }
        0
    });
    model.prepare = Some(Box::new(|places, state, random| {
        if random.number().is_multiple_of(2) {
            register(A, places[0].bytes()).set(state, places[0].number(state));
        }
        true
    }));
    for (name, size) in [("cmpxchg8b", 4), ("cmpxchg16b", 8)] {
        let both = move |state: &State, high: u8, low: u8| {
            let [high, low] = [high, low].map(|number| u128::from(register(number, size).number(state)));
            high << (8 * size) | low
        };
        let memory = move |state: &State| {
            let mut number = [0; 16];
            number[..2 * size].copy_from_slice(&state.memory[..2 * size]);
            u128::from_le_bytes(number)
        };
        for name in [name.to_string(), format!("lock {name}")] {
            let model = effect(m, &name, move |doing, state| {
                let old = memory(doing.before);
                let is_same = old == both(doing.before, D, A);
                if is_same {
                    let new = both(doing.before, C, B);
                    state.memory[..2 * size].copy_from_slice(&new.to_le_bytes()[..2 * size]);
                } else {
                    register(A, size).set(state, old as u64);
                    register(D, size).set(state, (old >> (8 * size)) as u64);
                }
                state.flags = state.flags & !ZERO | flag(ZERO, is_same);
                0
            });
            model.prepare = Some(Box::new(move |_, state, random| {
                if random.number().is_multiple_of(2) {
                    let number = memory(state);
                    register(A, size).set(state, number as u64);
                    register(D, size).set(state, (number >> (8 * size)) as u64);
                }
                true
            }));
        }
    }
}

/// The accumulator with its own sign.
fn accumulator(m: &mut Models) {
    for (name, size) in [("cbw", 1), ("cwde", 2), ("cdqe", 4)] {
        let model = effect(m, name, move |doing, state| {
            let number = extended(register(A, size).number(doing.before), size, true);
            register(A, 2 * size).set(state, number as u64);
            0
        });
        model.prepare = Some(Box::new(any_accumulator));
    }
    for (name, size) in [("cwd", 2), ("cdq", 4), ("cqo", 8)] {
        let model = effect(m, name, move |doing, state| {
            let number = extended(register(A, size).number(doing.before), size, true);
            register(D, size).set(state, if number < 0 { u64::MAX } else { 0 });
            0
        });
        model.prepare = Some(Box::new(any_accumulator));
    }
    // A byte of a table: of the memory here.
    let model = effect(m, "xlatb", |doing, state| {
        let index = register(A, 1).number(doing.before) as usize;
        register(A, 1).set(state, doing.before.memory[index].into());
        0
    });
    model.prepare = Some(Box::new(|_, state, random| {
        let address = state.memory.as_ptr() as u64;
        register(B, 8).set(state, address);
        register(A, 1).set(state, random.number() % 64);
        random.number().to_le_bytes().iter().enumerate().for_each(|(i, byte)| state.memory[8 * i] = *byte);
        true
    }));
}

fn any_accumulator(_: &[Place], state: &mut State, random: &mut Random) -> bool {
    register(A, 8).set(state, random.bits());
    true
}

fn flags(m: &mut Models) {
    for (name, f) in [
        ("cmc", (|flags| flags ^ CARRY) as fn(u64) -> u64),
        ("clc", |flags| flags & !CARRY),
        ("stc", |flags| flags | CARRY),
    ] {
        effect(m, name, move |doing, state| {
            state.flags = f(doing.before.flags);
            0
        });
    }
    const LOW: u64 = CARRY | PARITY | ADJUST | ZERO | SIGN;
    // Bit 1 is always set.
    effect(m, "lahf", |doing, state| {
        ah().set(state, doing.before.flags & LOW | 2);
        0
    });
    let model = effect(m, "sahf", |doing, state| {
        state.flags = doing.before.flags & !LOW | ah().number(doing.before) & LOW;
        0
    });
    model.prepare = Some(Box::new(any_accumulator));
}
