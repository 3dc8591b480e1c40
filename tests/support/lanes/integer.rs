//! Vectors of integers, lane by lane (SDM vol. 2, each instruction's "Operation").

use super::{L, Models, Out, get, put, size};

fn saturate(value: i128, (low, high): (i128, i128)) -> u64 {
    value.clamp(low, high) as u64
}

/// The predicates of `vpcmp`.
pub fn predicate(number: u64, order: std::cmp::Ordering) -> bool {
    match number & 7 {
        0 => order.is_eq(),
        1 => order.is_lt(),
        2 => order.is_le(),
        3 => false,
        4 => order.is_ne(),
        5 => order.is_ge(),
        6 => order.is_gt(),
        _ => true,
    }
}

pub fn add(m: &mut Models) {
    let unsigned = |l: L| (0, i128::from(l.ones()));
    m.sizes("padd", "bwdq", |l| l.a.wrapping_add(l.b));
    m.sizes("psub", "bwdq", |l| l.a.wrapping_sub(l.b));
    m.sizes("padds", "bw", |l| saturate(i128::from(l.sa()) + i128::from(l.sb()), l.range()));
    m.sizes("psubs", "bw", |l| saturate(i128::from(l.sa()) - i128::from(l.sb()), l.range()));
    m.sizes("paddus", "bw", move |l| saturate(i128::from(l.a) + i128::from(l.b), unsigned(l)));
    m.sizes("psubus", "bw", move |l| saturate(i128::from(l.a) - i128::from(l.b), unsigned(l)));
    m.sizes("pavg", "bw", |l| (l.a + l.b + 1) >> 1);
    m.sizes("pmaxs", "bwdq", |l| l.sa().max(l.sb()) as u64);
    m.sizes("pmins", "bwdq", |l| l.sa().min(l.sb()) as u64);
    m.sizes("pmaxu", "bwdq", |l| l.a.max(l.b));
    m.sizes("pminu", "bwdq", |l| l.a.min(l.b));
    m.sizes("pmull", "wdq", |l| l.a.wrapping_mul(l.b));
    m.lanes("pmulhw", 2, |l| ((l.sa() * l.sb()) >> 16) as u64);
    m.lanes("pmulhuw", 2, |l| (l.a * l.b) >> 16);
    m.lanes("pmulhrsw", 2, |l| ((((l.sa() * l.sb()) >> 14) + 1) >> 1) as u64);
    m.lanes("pmuludq", 8, |l| (l.a & 0xFFFF_FFFF) * (l.b & 0xFFFF_FFFF));
    m.lanes("pmuldq", 8, |l| i64::from(l.a as i32).wrapping_mul(i64::from(l.b as i32)) as u64);
    m.lanes("pmaddwd", 4, |l| {
        let product = |shift: u32| i32::from((l.a >> shift) as i16).wrapping_mul(i32::from((l.b >> shift) as i16));
        product(0).wrapping_add(product(16)) as u64
    });
    m.lanes("pmaddubsw", 2, |l| {
        let product = |shift: u32| i128::from((l.a >> shift) as u8) * i128::from((l.b >> shift) as i8);
        saturate(product(0) + product(8), l.range())
    });
    m.lanes("psadbw", 8, |l| {
        l.a.to_le_bytes().iter().zip(l.b.to_le_bytes()).map(|(a, b)| u64::from(a.abs_diff(b))).sum()
    });
    m.sizes("psign", "bwd", |l| l.sa().wrapping_mul(l.sb().signum()) as u64);
    m.sizes("pabs", "bwdq", |l| l.sa().unsigned_abs());

    // Logic: the size of lanes matters to masks only.
    for (name, f) in [
        ("pand", (|l| l.a & l.b) as fn(L) -> u64),
        ("por", |l| l.a | l.b),
        ("pxor", |l| l.a ^ l.b),
        ("pandn", |l| !l.a & l.b),
    ] {
        m.lanes(name, 8, f);
        m.sizes(name, "dq", f);
        let float = &name[1..];
        m.lanes(&format!("{float}ps"), 4, f);
        m.lanes(&format!("{float}pd"), 8, f);
    }
    m.sizes("pternlog", "dq", |l| {
        (0..l.bits).fold(0, |all, bit| {
            let index = (l.a >> bit & 1) << 2 | (l.b >> bit & 1) << 1 | l.c >> bit & 1;
            all | (l.imm >> index & 1) << bit
        })
    });

    // Shifts: by one count, by a count a lane, and rotations.
    type Shift = fn(L, u64) -> u64;
    let left: Shift = |l, n| if n < u64::from(l.bits) { l.a << n } else { 0 };
    let right: Shift = |l, n| if n < u64::from(l.bits) { l.a >> n } else { 0 };
    let arithmetic: Shift = |l, n| (l.sa() >> n.min(u64::from(l.bits) - 1)) as u64;
    for (stem, letters, variable, f) in
        [("psll", "wdq", "wdq", left), ("psrl", "wdq", "wdq", right), ("psra", "wdq", "wdq", arithmetic)]
    {
        for letter in letters.chars() {
            let width = size(letter);
            m.whole(&format!("{stem}{letter}"), width, move |input| {
                let count = input.imm.unwrap_or_else(|| get(&input.s[1], 8, 0));
                let lanes = input.dest / width;
                let mut out = [0; 64];
                for i in 0..lanes {
                    put(&mut out, width, i, f(super::lane(input, width, i), count));
                }
                Out::vector(out, lanes)
            });
        }
        m.sizes(&format!("{stem}v"), variable, move |l| f(l, l.b));
    }
    for (name, right) in [("pslldq", false), ("psrldq", true)] {
        m.whole(name, 1, move |input| {
            let count = input.imm.unwrap_or(0) as usize;
            let mut out = [0; 64];
            for (i, out) in out[..input.dest].iter_mut().enumerate() {
                let from = if right { (i % 16).checked_add(count) } else { (i % 16).checked_sub(count) };
                if let Some(from) = from.filter(|from| *from < 16) {
                    *out = input.s[0][i / 16 * 16 + from];
                }
            }
            Out::vector(out, input.dest)
        });
    }
    type Rotate = fn(L, u64) -> u64;
    let rotate_left: Rotate = |l, n| {
        let n = n % u64::from(l.bits);
        if n == 0 { l.a } else { l.a << n | l.a >> (u64::from(l.bits) - n) }
    };
    m.sizes("prol", "dq", move |l| rotate_left(l, l.imm));
    m.sizes("prolv", "dq", move |l| rotate_left(l, l.b));
    m.sizes("pror", "dq", move |l| rotate_left(l, u64::from(l.bits) - l.imm % u64::from(l.bits)));
    m.sizes("prorv", "dq", move |l| rotate_left(l, u64::from(l.bits) - l.b % u64::from(l.bits)));
    type Double = fn(u32, u64, u64, u64) -> u64;
    let double_left: Double = |bits, high, low, n| {
        let n = n % u64::from(bits);
        ((u128::from(high) << bits | u128::from(low)) << n >> bits) as u64
    };
    let double_right: Double = |bits, high, low, n| {
        let n = n % u64::from(bits);
        ((u128::from(high) << bits | u128::from(low)) >> n) as u64
    };
    m.sizes("pshld", "wdq", move |l| double_left(l.bits, l.a, l.b, l.imm));
    m.sizes("pshrd", "wdq", move |l| double_right(l.bits, l.b, l.a, l.imm));
    m.sizes("pshldv", "wdq", move |l| double_left(l.bits, l.a, l.b, l.c));
    m.sizes("pshrdv", "wdq", move |l| double_right(l.bits, l.b, l.a, l.c));

    // Bits.
    m.sizes("popcnt", "bwdq", |l| u64::from(l.a.count_ones()));
    m.sizes("plzcnt", "dq", |l| u64::from(l.a.leading_zeros()) - u64::from(64 - l.bits));
    m.lanes_of_bytes("pmultishiftqb", |l| {
        let bytes = l.a.to_le_bytes().map(|shift| l.b.rotate_right(u32::from(shift) & 63) as u8);
        u64::from_le_bytes(bytes)
    });
    for width in [4, 8] {
        m.whole(if width == 4 { "pconflictd" } else { "pconflictq" }, width, move |input| {
            let lanes = input.dest / width;
            let mut out = [0; 64];
            for i in 0..lanes {
                let same = |j: &usize| get(&input.s[0], width, *j) == get(&input.s[0], width, i);
                put(&mut out, width, i, (0..i).filter(same).map(|j| 1 << j).sum());
            }
            Out::vector(out, lanes)
        });
    }
    m.lanes("pmadd52luq", 8, |l| l.a.wrapping_add((product52(l.b, l.c) & ((1 << 52) - 1)) as u64));
    m.lanes("pmadd52huq", 8, |l| l.a.wrapping_add((product52(l.b, l.c) >> 52) as u64));
    for (name, saturates) in [("pdpbusd", false), ("pdpbusds", true)] {
        m.lanes(name, 4, move |l| {
            let products = (0..4).map(|i| i128::from((l.b >> (8 * i)) as u8) * i128::from((l.c >> (8 * i)) as i8));
            let sum = i128::from(l.sa()) + products.sum::<i128>();
            if saturates { saturate(sum, l.range()) } else { sum as u64 }
        });
    }
    for (name, saturates) in [("pdpwssd", false), ("pdpwssds", true)] {
        m.lanes(name, 4, move |l| {
            let products = (0..2).map(|i| i128::from((l.b >> (16 * i)) as i16) * i128::from((l.c >> (16 * i)) as i16));
            let sum = i128::from(l.sa()) + products.sum::<i128>();
            if saturates { saturate(sum, l.range()) } else { sum as u64 }
        });
    }

    // Lanes of another size.
    for (letters, from, to) in [("bw", 1, 2), ("bd", 1, 4), ("bq", 1, 8), ("wd", 2, 4), ("wq", 2, 8), ("dq", 4, 8)] {
        m.convert(&format!("pmovzx{letters}"), from, to, |a| a);
        let unused = 64 - 8 * from as u32;
        m.convert(&format!("pmovsx{letters}"), from, to, move |a| ((a << unused) as i64 >> unused) as u64);
        let back: String = letters.chars().rev().collect();
        let (bits, wide) = (8 * from as u32, 64 - 8 * to as u32);
        m.convert(&format!("pmov{back}"), to, from, |a| a);
        m.convert(&format!("pmovus{back}"), to, from, move |a| a.min(u64::MAX >> (64 - bits)));
        m.convert(&format!("pmovs{back}"), to, from, move |a| {
            let limit = 1_i64 << (bits - 1);
            ((a << wide) as i64 >> wide).clamp(-limit, limit - 1) as u64
        });
    }

    // Horizontal, in each 128 bits: first the pairs of the first source.
    type Pair = fn(i64, i64) -> i64;
    let sum: Pair = i64::wrapping_add;
    let difference: Pair = i64::wrapping_sub;
    let short = |value: i64| value.clamp(-0x8000, 0x7FFF);
    for (name, width, f) in
        [("phaddw", 2, sum), ("phaddd", 4, sum), ("phsubw", 2, difference), ("phsubd", 4, difference)]
    {
        horizontal(m, name, width, f);
    }
    horizontal(m, "phaddsw", 2, move |a, b| short(a + b));
    horizontal(m, "phsubsw", 2, move |a, b| short(a - b));
    galois(m);
}

fn horizontal(m: &mut Models, name: &str, width: usize, f: impl Fn(i64, i64) -> i64 + 'static) {
    let unused = 64 - 8 * width;
    m.whole(name, width, move |input| {
        let (lanes, part) = (input.dest / width, input.segment() / width);
        let mut out = [0; 64];
        for i in 0..lanes {
            let source = &input.s[i % part / (part / 2)];
            let first = i / part * part + i % (part / 2) * 2;
            let number = |i| (get(source, width, i) << unused) as i64 >> unused;
            put(&mut out, width, i, f(number(first), number(first + 1)) as u64);
        }
        Out::vector(out, lanes)
    });
}

fn product52(b: u64, c: u64) -> u128 {
    let low = |value: u64| u128::from(value & ((1 << 52) - 1));
    low(b) * low(c)
}

/// Multiplication modulo x^8 + x^4 + x^3 + x + 1.
pub fn times(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b != 0 {
        if b & 1 != 0 {
            product ^= a;
        }
        a = a << 1 ^ if a & 0x80 != 0 { 0x1B } else { 0 };
        b >>= 1;
    }
    product
}

/// The number whose product with `a` is 1, and 0 of 0: the power 254.
pub fn inverse(a: u8) -> u8 {
    (0..254).fold(1, |power, _| times(power, a))
}

fn galois(m: &mut Models) {
    m.lanes("gf2p8mulb", 1, |l| u64::from(times(l.a as u8, l.b as u8)));
    for (name, inverts) in [("gf2p8affineqb", false), ("gf2p8affineinvqb", true)] {
        let affine = move |l: L| {
            let byte = |x: u8| {
                let x = if inverts { inverse(x) } else { x };
                // Row 0 stands in the last byte.
                let bit = |i: u32| ((l.b >> (8 * (7 - i))) as u8 & x).count_ones() as u8 & 1 ^ (l.imm >> i) as u8 & 1;
                (0..8).fold(0, |all, i| all | bit(i) << i)
            };
            u64::from_le_bytes(l.a.to_le_bytes().map(byte))
        };
        m.lanes_of_bytes(name, affine);
    }
}
