//! SM3 and SM4 (GB/T 32905-2016 and 32907-2016), a step an instruction.

use super::{
    In, Models, Out,
    crypto::{out, words},
    integer::carryless,
};

pub fn add(m: &mut Models) {
    hash_rounds(m);
    hash_messages(m);
    ciphers(m);
}

/// A word turned left by each of these numbers, and the xor of all.
fn turned(word: u32, by: &[u32]) -> u32 {
    by.iter().fold(0, |all, n| all ^ word.rotate_left(*n))
}

fn hash_rounds(m: &mut Models) {
    m.whole("sm3ss1", |input| {
        let [a, b, c] = [0, 1, 2].map(|n| words(&input.s[n])[3]);
        let sum = a.rotate_left(12).wrapping_add(b).wrapping_add(c);
        out(input, &[0, 0, 0, sum.rotate_left(7)])
    });
    // Half of a round each: of A, B, C and D, or of E, F, G and H, with A and E highest.
    fn parity(x: u32, y: u32, z: u32) -> u32 {
        x ^ y ^ z
    }
    fn majority(x: u32, y: u32, z: u32) -> u32 {
        x & y | x & z | y & z
    }
    fn choose(x: u32, y: u32, z: u32) -> u32 {
        x & y | !x & z
    }
    type Boolean = fn(u32, u32, u32) -> u32;
    for (name, f, second) in [
        ("sm3tt1a", parity as Boolean, false),
        ("sm3tt1b", majority, false),
        ("sm3tt2a", parity, true),
        ("sm3tt2b", choose, true),
    ] {
        m.whole(name, move |input| {
            let d = words(&input.d);
            let (first, word) = (words(&input.s[0])[3], input.s[1].get(0).u() as u32);
            let sum = f(d[3], d[2], d[1]).wrapping_add(d[0]).wrapping_add(word);
            let (top, turn) = match second {
                false => (sum.wrapping_add(first ^ d[3].rotate_left(12)), 9),
                true => (turned(sum.wrapping_add(first), &[0, 9, 17]), 19),
            };
            out(input, &[d[1], d[2].rotate_left(turn), d[3], top])
        });
    }
}

fn hash_messages(m: &mut Models) {
    fn sources(input: &In) -> [Vec<u32>; 3] {
        [&input.d, &input.s[0], &input.s[1]].map(words)
    }
    m.whole("sm3partw1", |input| {
        let [d, a, b] = sources(input);
        let mut w = [0; 4];
        for i in 0..4 {
            // The word three places on, of which the last is one of this result.
            let on = if i < 3 { b[i + 1] } else { w[0] };
            w[i] = turned(d[i] ^ a[i] ^ on.rotate_left(15), &[0, 15, 23]);
        }
        out(input, &w)
    });
    m.whole("sm3partw2", |input| {
        let [d, a, b] = sources(input);
        let part = [0, 1, 2, 3].map(|i| a[i] ^ b[i].rotate_left(7));
        let mut w = [0, 1, 2, 3].map(|i| d[i] ^ part[i]);
        w[3] ^= turned(part[0].rotate_left(15), &[0, 15, 23]);
        out(input, &w)
    });
}

/// A product of polynomials modulo x^8 + x^7 + x^6 + x^5 + x^4 + x^2 + 1.
fn multiply(a: u8, b: u8) -> u8 {
    let mut product = carryless(a.into(), b.into());
    for bit in (8..16).rev() {
        if product >> bit & 1 == 1 {
            product ^= 0x1F5 << (bit - 8);
        }
    }
    product as u8
}

/// The cipher's substitution: an affine map, an inverse, and the map again.
fn substitute(byte: u8) -> u8 {
    let affine = |byte: u8| {
        let bit = |i: u32| ((0xA7_u8.rotate_left(i) & byte).count_ones() as u8 & 1) << i;
        (0..8).fold(0xD3, |all, i| all ^ bit(i))
    };
    let byte = affine(byte);
    affine((0..=255).find(|other| multiply(byte, *other) == 1).unwrap_or(0))
}

fn ciphers(m: &mut Models) {
    let table: Vec<u8> = (0..=255).map(substitute).collect();
    for (name, turns) in [("sm4e", &[0, 2, 10, 18, 24][..]), ("sm4ekey", &[0, 13, 23])] {
        let table = table.clone();
        m.whole(name, move |input| {
            // The state is the destination, or with SVE and for keys the first source.
            let (state, keys) = match &input.s[..] {
                [keys] => (&input.d, keys),
                [state, keys, ..] => (state, keys),
                [] => unreachable!("keys"),
            };
            let (mut x, keys) = (words(state), words(keys));
            for segment in (0..x.len()).step_by(4) {
                for key in &keys[segment..segment + 4] {
                    let mixed = x[segment + 1] ^ x[segment + 2] ^ x[segment + 3] ^ key;
                    let bytes = mixed.to_le_bytes().map(|byte| table[usize::from(byte)]);
                    let next = x[segment] ^ turned(u32::from_le_bytes(bytes), turns);
                    x.copy_within(segment + 1..segment + 4, segment);
                    x[segment + 3] = next;
                }
            }
            Out::lanes(x.into_iter().map(i128::from).collect())
        });
    }
}
