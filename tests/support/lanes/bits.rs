//! General registers: moves, single bits, double shifts, rotations through the carry, checksums.

use super::{
    Doing, In, Model, Models, Out, Place, State,
    execute::Random,
    general::{ADJUST, CARRY, G, OVERFLOW, PARITY, SIGN, ZERO, flag, general},
    get,
};

pub fn add(m: &mut Models) {
    moves(m);
    double_shifts(m);
    rotations(m);
    scans(m);
    tests(m);
    m.add(&["crc32".into()], Model::new(8, |input| Out::number(checksum(input).into())));
    let address = |doing: &Doing<'_>, state: &mut State| {
        doing.places[0].set(state, doing.places[1].number(doing.before));
        0
    };
    m.add(&["lea".into()], Model::of_effect(address));
}

fn moves(m: &mut Models) {
    for (name, signed) in [("mov", false), ("movzx", false), ("movsx", true), ("movsxd", true)] {
        let function = move |input: &In| {
            let Some(source) = input.s.first() else { return Out::number(input.imm.unwrap_or(0)) };
            let (value, unused) = (get(source, 8, 0), 64 - 8 * input.source as u32);
            Out::number(if signed { ((value << unused) as i64 >> unused) as u64 } else { value })
        };
        m.add(&[name.into()], Model::new(8, function));
    }
    for name in ["bswap", "movbe"] {
        general(m, name, |g| (g.a.swap_bytes() >> (64 - g.bits), None));
    }
}

/// A count of bits, which is the last operand.
fn count(input: &In) -> u32 {
    let count = input.s.get(2).map_or(input.imm.unwrap_or(0), |bytes| get(bytes, 8, 0)) as u32;
    count & if input.dest == 8 { 63 } else { 31 }
}

/// The result of 16 bits is undefined where the count is larger.
fn has_count(places: &[Place], state: &mut State, _: &mut Random) -> bool {
    let bits = 8 * places[1].bytes() as u64;
    places[2].number(state) & (bits.max(32) - 1) <= bits
}

fn double_shifts(m: &mut Models) {
    for (name, left) in [("shld", true), ("shrd", false)] {
        let function = move |input: &In| {
            let bits = 8 * input.dest as u32;
            let [a, b] = [0, 1].map(|source| u128::from(get(&input.s[source], 8, 0)));
            let g = G { a: a as u64, b: b as u64, bits, flags: input.flags };
            let n = count(input);
            if n == 0 {
                return Out::number(g.a);
            }
            let (result, carry) = match left {
                true => ((a << bits | b) << n >> bits, a >> (bits - n) & 1 == 1),
                false => ((b << bits | a) >> n, a >> (n - 1) & 1 == 1),
            };
            let result = g.cut(result as u64);
            let flags = g.of(result) | flag(CARRY, carry) | flag(OVERFLOW, g.top(result) != g.top(g.a));
            Out { flags: Some((flags, ADJUST | flag(OVERFLOW, n != 1))), ..Out::number(result) }
        };
        m.add(&[name.into()], Model::new(8, function)).prepare = Some(Box::new(has_count));
    }
}

/// Rotations of a number with the carry above it.
fn rotations(m: &mut Models) {
    for (name, left) in [("rcl", true), ("rcr", false)] {
        general(m, name, move |g| {
            let masked = g.b as u32 & if g.bits == 64 { 63 } else { 31 };
            let wide = g.bits + 1;
            let n = masked % wide;
            let turn = if left || n == 0 { n } else { wide - n };
            let all = u128::from(g.a) | u128::from(g.carry()) << g.bits;
            let turned = all << turn | all >> (wide - turn);
            let result = g.cut(turned as u64);
            if masked == 0 {
                return (result, None);
            }
            let carry = turned >> g.bits & 1 == 1;
            let overflow = if left { g.top(result) != carry } else { g.top(result) != g.top(result << 1) };
            let kept = g.flags & !(CARRY | OVERFLOW);
            (result, Some((kept | flag(CARRY, carry) | flag(OVERFLOW, overflow), flag(OVERFLOW, masked != 1))))
        });
    }
}

fn scans(m: &mut Models) {
    for (name, reverse) in [("bsf", false), ("bsr", true)] {
        general(m, name, move |g| {
            // Of zero, the destination stays.
            let place = match (g.b, reverse) {
                (0, _) => g.a,
                (b, false) => b.trailing_zeros().into(),
                (b, true) => b.ilog2().into(),
            };
            (place, Some((flag(ZERO, g.b == 0), CARRY | OVERFLOW | SIGN | ADJUST | PARITY)))
        });
        // With 32 bits it is not told whether the upper half stays, too.
        let index = m.by_name[name];
        m.models[index].prepare =
            Some(Box::new(|places, state, _| places[0].bytes() != 4 || places[1].number(state) != 0));
    }
}

/// `bt` and what changes the bit as well. In memory a register counts bits from the operand on, however many.
fn tests(m: &mut Models) {
    for (name, change) in [
        ("bt", None),
        ("bts", Some((|bits, bit| bits | bit) as fn(u64, u64) -> u64)),
        ("btr", Some(|bits, bit| bits & !bit)),
        ("btc", Some(|bits, bit| bits ^ bit)),
    ] {
        let effect = move |doing: &Doing<'_>, state: &mut State| {
            let [place, offset] = [doing.places[0], doing.places[1]];
            let size = place.bytes();
            let offset = offset.number(doing.before) as usize;
            let bit = 1 << (offset % (8 * size));
            let start = match doing.places {
                [Place::Memory(_), Place::Register(..)] => offset / (8 * size) * size,
                _ => 0,
            };
            let old = match place {
                Place::Memory(_) => get(&doing.before.memory, size, start / size),
                _ => place.number(doing.before),
            };
            if let Some(change) = change {
                let new = change(old, bit);
                match place {
                    Place::Memory(_) => super::put(&mut state.memory, size, start / size, new),
                    _ => place.set(state, new),
                }
            }
            state.flags = state.flags & !CARRY | flag(CARRY, old & bit != 0);
            OVERFLOW | SIGN | ADJUST | PARITY
        };
        m.add(&[name.into()], Model::of_effect(effect)).prepare = Some(Box::new(|places, state, random| {
            if let [Place::Memory(_), offset @ Place::Register(..)] = places {
                offset.set(state, random.number() % 512);
            }
            true
        }));
    }
}

/// A remainder of polynomials, with all bits in reverse: CRC-32C.
fn checksum(input: &In) -> u32 {
    let polynomial = 0x1EDC_6F41_u32.reverse_bits();
    let mut sum = get(&input.s[0], 4, 0) as u32;
    for byte in &input.s[1][..input.source] {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = sum >> 1 ^ if sum & 1 == 1 { polynomial } else { 0 };
        }
    }
    sum
}
