//! Ciphers and hashes: FIPS 197 and FIPS 180-4, and products of polynomials.
//!
//! The manual counts words from the highest; here a vector's words stand from the lowest on.

use super::{Bytes, In, Models, Out, get, integer, put};

pub fn add(m: &mut Models) {
    ciphers(m);
    sha1(m);
    sha256(m);
    m.whole("pclmulqdq", 8, |input| {
        let imm = input.imm.unwrap_or(0) as usize;
        let mut out = [0; 64];
        for i in (0..input.dest / 8).step_by(2) {
            let [a, b] = [(0, imm), (1, imm >> 4)].map(|(source, half)| get(&input.s[source], 8, i + half % 2));
            let product = (0..64).filter(|bit| b >> bit & 1 == 1).fold(0, |sum, bit| sum ^ u128::from(a) << bit);
            put(&mut out, 8, i, product as u64);
            put(&mut out, 8, i + 1, (product >> 64) as u64);
        }
        Out::vector(out, 0)
    });
}

/// The cipher's substitution: an inverse, and an affine map.
fn substitute(byte: u8) -> u8 {
    let inverse = integer::inverse(byte);
    (0..5).fold(0x63, |all, n| all ^ inverse.rotate_left(n))
}

/// The cipher's columns, each multiplied with a polynomial's factors.
fn mix(state: &[u8], factors: [u8; 4]) -> Vec<u8> {
    let byte = |i: usize| {
        let (column, row) = (i / 4 * 4, i % 4);
        (0..4).fold(0, |all, n| all ^ integer::times(state[column + n], factors[(n + 4 - row) % 4]))
    };
    (0..state.len()).map(byte).collect()
}

const MIX: [u8; 4] = [2, 3, 1, 1];
const UNMIX: [u8; 4] = [14, 11, 13, 9];

fn vector(bytes: Vec<u8>) -> Out {
    let mut out: Bytes = [0; 64];
    out[..bytes.len()].copy_from_slice(&bytes);
    Out::vector(out, 0)
}

fn ciphers(m: &mut Models) {
    let forth: Vec<u8> = (0..=255).map(substitute).collect();
    let mut back = vec![0; 256];
    (0..=255).for_each(|byte| back[usize::from(forth[usize::from(byte)])] = byte);
    for (stem, table, turn, factors) in [("aesenc", forth.clone(), 1, MIX), ("aesdec", back, 3, UNMIX)] {
        for (name, mixes) in [(stem.to_string(), true), (format!("{stem}last"), false)] {
            let table = table.clone();
            m.whole(&name, 1, move |input| {
                // Rows are turned, row by row more; bytes are substituted; columns are mixed; the key is added.
                let byte = |i: usize| {
                    let (segment, column, row) = (i / 16 * 16, i % 16 / 4, i % 4);
                    let from = segment + (column + turn * row) % 4 * 4 + row;
                    table[usize::from(input.s[0][from])]
                };
                let state: Vec<u8> = (0..input.dest).map(byte).collect();
                let state = if mixes { mix(&state, factors) } else { state };
                vector(state.iter().zip(&input.s[1]).map(|(byte, key)| byte ^ key).collect())
            });
        }
    }
    m.whole("aesimc", 1, |input| vector(mix(&input.s[0][..16], UNMIX)));
    m.whole("aeskeygenassist", 4, move |input| {
        let words = [1, 3].map(|i| {
            let bytes = [0, 1, 2, 3].map(|byte| forth[usize::from(input.s[0][4 * i + byte])]);
            u32::from_le_bytes(bytes)
        });
        let constant = input.imm.unwrap_or(0) as u32;
        let turned = words.map(|word| word.rotate_right(8) ^ constant);
        out([words[0], turned[0], words[1], turned[1]])
    });
}

fn words(source: &Bytes) -> [u32; 4] {
    [0, 1, 2, 3].map(|i| get(source, 4, i) as u32)
}

fn out(words: [u32; 4]) -> Out {
    vector(words.iter().flat_map(|word| word.to_le_bytes()).collect())
}

fn sources(input: &In) -> [[u32; 4]; 2] {
    [words(&input.s[0]), words(&input.s[1])]
}

fn choose(x: u32, y: u32, z: u32) -> u32 {
    x & y ^ !x & z
}

fn parity(x: u32, y: u32, z: u32) -> u32 {
    x ^ y ^ z
}

fn majority(x: u32, y: u32, z: u32) -> u32 {
    x & y ^ x & z ^ y & z
}

/// Vectors have the earliest word highest.
fn sha1(m: &mut Models) {
    m.whole("sha1nexte", 4, |input| {
        let [a, b] = sources(input);
        out([b[0], b[1], b[2], b[3].wrapping_add(a[3].rotate_left(30))])
    });
    m.whole("sha1msg1", 4, |input| {
        let [a, b] = sources(input);
        // W[t - 16] and W[t - 14].
        out([a[0] ^ b[2], a[1] ^ b[3], a[2] ^ a[0], a[3] ^ a[1]])
    });
    m.whole("sha1msg2", 4, |input| {
        let [a, b] = sources(input);
        let mut w = [0; 4];
        for i in (0..4).rev() {
            // W[t - 3] is, of the last word, the first of this result.
            let before = if i == 0 { w[3] } else { b[i - 1] };
            w[i] = (a[i] ^ before).rotate_left(1);
        }
        out(w)
    });
    m.whole("sha1rnds4", 4, |input| {
        let f = [choose, parity, majority, parity][input.imm.unwrap_or(0) as usize % 4];
        // The square roots of 2, 3, 5 and 10, times 2 to the power 30.
        let k = [2.0_f64, 3.0, 5.0, 10.0][input.imm.unwrap_or(0) as usize % 4].sqrt() * 2_f64.powi(30);
        let [[mut d, mut c, mut b, mut a], w] = sources(input);
        // The first word has the fifth variable in it.
        let mut e = 0_u32;
        for word in w.into_iter().rev() {
            let sum = a.rotate_left(5).wrapping_add(f(b, c, d)).wrapping_add(e);
            let next = sum.wrapping_add(word).wrapping_add(k as u32);
            (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
        }
        out([d, c, b, a])
    });
}

/// The xor of a word turned right by each of these numbers, and shifted by the last of them where it says so.
fn sigma(word: u32, turns: [u32; 2], last: u32, shifts: bool) -> u32 {
    let last = if shifts { word >> last } else { word.rotate_right(last) };
    word.rotate_right(turns[0]) ^ word.rotate_right(turns[1]) ^ last
}

/// Vectors have the earliest word lowest, but the state is two of (F, E, B, A) and (H, G, D, C).
fn sha256(m: &mut Models) {
    m.whole("sha256rnds2", 4, |input| {
        let [[mut h, mut g, mut d, mut c], [mut f, mut e, mut b, mut a]] = sources(input);
        for word in &words(&input.s[2])[..2] {
            let first = h.wrapping_add(sigma(e, [6, 11], 25, false)).wrapping_add(choose(e, f, g)).wrapping_add(*word);
            let second = sigma(a, [2, 13], 22, false).wrapping_add(majority(a, b, c));
            (a, b, c, d, e, f, g, h) = (first.wrapping_add(second), a, b, c, d.wrapping_add(first), e, f, g);
        }
        out([f, e, b, a])
    });
    m.whole("sha256msg1", 4, |input| {
        let [a, b] = sources(input);
        let next = [a[1], a[2], a[3], b[0]];
        out([0, 1, 2, 3].map(|i| a[i].wrapping_add(sigma(next[i], [7, 18], 3, true))))
    });
    m.whole("sha256msg2", 4, |input| {
        let [a, b] = sources(input);
        let mut w = [0; 4];
        for i in 0..4 {
            let before = if i < 2 { b[i + 2] } else { w[i - 2] };
            w[i] = a[i].wrapping_add(sigma(before, [17, 19], 10, true));
        }
        out(w)
    });
}
