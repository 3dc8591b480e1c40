//! Ciphers and hashes: FIPS 197 and FIPS 180-4, a step an instruction; SM3 and SM4 have a file of their own.

use super::{
    In, Models, Out, Source,
    integer::{by, carryless},
};

pub fn add(m: &mut Models) {
    ciphers(m);
    hashes(m);
    sha512(m);
    m.some("rax1", |input| input.width == 8, by(|l| l.a.u() ^ (l.b.u() << 1 | l.b.u() >> 63)));
}

/// A product of polynomials modulo x^8 + x^4 + x^3 + x + 1.
fn multiply(a: u8, b: u8) -> u8 {
    let mut product = carryless(a.into(), b.into());
    for bit in (8..16).rev() {
        if product >> bit & 1 == 1 {
            product ^= 0x11B << (bit - 8);
        }
    }
    product as u8
}

/// The cipher's substitution: an inverse, and an affine map.
fn substitute(byte: u8) -> u8 {
    let inverse = (0..=255).find(|other| multiply(byte, *other) == 1).unwrap_or(0);
    (0..5).fold(0x63, |all, n| all ^ inverse.rotate_left(n))
}

fn ciphers(m: &mut Models) {
    let forth: Vec<u8> = (0..=255).map(substitute).collect();
    let mut back = vec![0; 256];
    (0..=255).for_each(|byte| back[usize::from(forth[usize::from(byte)])] = byte);
    // A key is added; then columns of four bytes are turned, row by row, and substituted.
    for (name, table, turn) in [("aese", forth, 1), ("aesd", back, 3)] {
        m.some(
            name,
            |input| input.width == 1,
            move |input| {
                // The state is the destination, and with SVE a source as well.
                let (state, key) = match &input.s[..] {
                    [key] => (&input.d, key),
                    [state, key, ..] => (state, key),
                    [] => unreachable!("a key"),
                };
                let lane = |i: usize| {
                    let (segment, column, row) = (i / 16 * 16, i % 16 / 4, i % 4);
                    let from = segment + (column + turn * row) % 4 * 4 + row;
                    i128::from(table[(state.get(from).u() ^ key.get(from).u()) as usize])
                };
                Out::lanes((0..input.lanes).map(lane).collect())
            },
        );
    }
    for (name, factors) in [("aesmc", [2, 3, 1, 1]), ("aesimc", [14, 11, 13, 9])] {
        m.some(
            name,
            |input| input.width == 1,
            move |input| {
                let lane = |i: usize| {
                    let (column, row) = (i / 4 * 4, i % 4);
                    let product = |n: usize| multiply(input.s[0].get(column + n).u() as u8, factors[(n + 4 - row) % 4]);
                    (0..4).fold(0, |all, n| all ^ i128::from(product(n)))
                };
                Out::lanes((0..input.lanes).map(lane).collect())
            },
        );
    }
}

/// A vector of four words, whatever lanes it has.
pub fn words(source: &Source) -> Vec<u32> {
    let Source::Lanes(bytes, _) = source else { unreachable!("a vector") };
    bytes.chunks(4).map(|word| u32::from_le_bytes(word.try_into().expect("four bytes"))).collect()
}

pub fn out(input: &In, words: &[u32]) -> Out {
    let words = words.iter().map(|word| i128::from(*word));
    if input.lanes == 4 {
        Out::lanes(words.collect())
    } else {
        Out::one(words.rev().fold(0, |all, word| all << 32 | word))
    }
}

fn hashes(m: &mut Models) {
    m.whole("sha1h", |input| Out::one((input.s[0].get(0).u() as u32).rotate_left(30).into()));
    for (name, f) in [
        ("sha1c", (|b, c, d| b & c | !b & d) as fn(u32, u32, u32) -> u32),
        ("sha1p", |b, c, d| b ^ c ^ d),
        ("sha1m", |b, c, d| b & c | b & d | c & d),
    ] {
        m.whole(name, move |input| {
            let mut abcd = words(&input.d);
            let mut e = input.s[0].get(0).u() as u32;
            for word in words(&input.s[1]) {
                let sum = abcd[0].rotate_left(5).wrapping_add(f(abcd[1], abcd[2], abcd[3]));
                let next = sum.wrapping_add(e).wrapping_add(word);
                e = abcd[3];
                abcd = vec![next, abcd[0], abcd[1].rotate_left(30), abcd[2]];
            }
            out(input, &abcd)
        });
    }
    m.whole("sha1su0", |input| {
        let (d, a, b) = (words(&input.d), words(&input.s[0]), words(&input.s[1]));
        let shifted = [d[2], d[3], a[0], a[1]];
        out(input, &[0, 1, 2, 3].map(|i| shifted[i] ^ d[i] ^ b[i]))
    });
    m.whole("sha1su1", |input| {
        let (d, a) = (words(&input.d), words(&input.s[0]));
        let mixed = [d[0] ^ a[1], d[1] ^ a[2], d[2] ^ a[3], d[3]].map(|word| word.rotate_left(1));
        out(input, &[mixed[0], mixed[1], mixed[2], mixed[3] ^ mixed[0].rotate_left(1)])
    });
    // Four rounds; the state's halves are two registers, of which an instruction writes one.
    fn rounds(input: &In, second: bool) -> Out {
        let (d, a) = (words(&input.d), words(&input.s[0]));
        let (mut x, mut y) = if second { (a, d) } else { (d, a) };
        for word in words(&input.s[1]) {
            let choose = y[0] & y[1] | !y[0] & y[2];
            let majority = x[0] & x[1] | x[0] & x[2] | x[1] & x[2];
            let sum = |w: u32, by: [u32; 3]| by.into_iter().fold(0, |all, n| all ^ w.rotate_right(n));
            let first = y[3].wrapping_add(sum(y[0], [6, 11, 25])).wrapping_add(choose).wrapping_add(word);
            let carried = x[3].wrapping_add(first);
            let next = first.wrapping_add(sum(x[0], [2, 13, 22])).wrapping_add(majority);
            (x, y) = (vec![next, x[0], x[1], x[2]], vec![carried, y[0], y[1], y[2]]);
        }
        out(input, if second { &y } else { &x })
    }
    m.whole("sha256h", |input| rounds(input, false));
    m.whole("sha256h2", |input| rounds(input, true));
    let small = |w: u32, turns: [u32; 2], shift: u32| w.rotate_right(turns[0]) ^ w.rotate_right(turns[1]) ^ w >> shift;
    m.whole("sha256su0", move |input| {
        let (d, a) = (words(&input.d), words(&input.s[0]));
        let next = [d[1], d[2], d[3], a[0]];
        out(input, &[0, 1, 2, 3].map(|i| d[i].wrapping_add(small(next[i], [7, 18], 3))))
    });
    m.whole("sha256su1", move |input| {
        let (d, a, b) = (words(&input.d), words(&input.s[0]), words(&input.s[1]));
        let middle = [a[1], a[2], a[3], b[0]];
        let mut result = [b[2], b[3], 0, 0];
        for i in 0..4 {
            let from = if i < 2 { result[i] } else { result[i - 2] };
            result[i] = small(from, [17, 19], 10).wrapping_add(d[i]).wrapping_add(middle[i]);
        }
        out(input, &result)
    });
}

/// A vector of two words of 64 bits, whatever lanes it has.
fn long_words(source: &Source) -> [u64; 2] {
    let words = words(source);
    [0, 2].map(|i| u64::from(words[i + 1]) << 32 | u64::from(words[i]))
}

/// The xor of a word turned right by each of these numbers.
fn turned(word: u64, by: [u32; 3]) -> u64 {
    by.into_iter().fold(0, |all, n| all ^ word.rotate_right(n))
}

/// Two rounds, of which one instruction has the first half and another one the second.
fn sha512(m: &mut Models) {
    fn long_out(input: &In, words: [u64; 2]) -> Out {
        let [low, high] = words.map(i128::from);
        if input.lanes == 2 { Out::lanes(vec![low, high]) } else { Out::one(high << 64 | low) }
    }
    fn sources(input: &In) -> [[u64; 2]; 3] {
        [&input.d, &input.s[0], &input.s[1]].map(long_words)
    }
    m.whole("sha512h", |input| {
        // W + K + H in the destination; G and F in the first source, E and D in the second, from the highest.
        let [sums, [f, g], [d, e]] = sources(input);
        let round =
            |e: u64, f: u64, g: u64, sum: u64| turned(e, [14, 18, 41]).wrapping_add(e & f ^ !e & g).wrapping_add(sum);
        let first = round(e, f, g, sums[1]);
        let next = first.wrapping_add(d);
        long_out(input, [round(next, e, f, sums[0]), first])
    });
    m.whole("sha512h2", |input| {
        let [sums, [c, _], [a, b]] = sources(input);
        let round = |a: u64, b: u64, c: u64, sum: u64| {
            turned(a, [28, 34, 39]).wrapping_add(a & b ^ a & c ^ b & c).wrapping_add(sum)
        };
        let first = round(a, b, c, sums[1]);
        long_out(input, [round(first, a, b, sums[0]), first])
    });
    let small = |w: u64, turns: [u32; 2], shift: u32| w.rotate_right(turns[0]) ^ w.rotate_right(turns[1]) ^ w >> shift;
    m.whole("sha512su0", move |input| {
        let [d, a] = [&input.d, &input.s[0]].map(long_words);
        let next = [d[1], a[0]];
        long_out(input, [0, 1].map(|i| d[i].wrapping_add(small(next[i], [1, 8], 7))))
    });
    m.whole("sha512su1", move |input| {
        let [d, a, b] = sources(input);
        long_out(input, [0, 1].map(|i| d[i].wrapping_add(small(a[i], [19, 61], 6)).wrapping_add(b[i])))
    });
}
