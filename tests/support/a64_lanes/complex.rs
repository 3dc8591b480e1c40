//! Complex integers: pairs of lanes, turned by multiples of 90 degrees.

use super::{In, Models, Out, Source, integer::low, saturate::saturated};

/// The turn that the last operand says.
fn turn(input: &In) -> usize {
    input.s[2].get(0).u() as usize / 90
}

/// A source's signed numbers of so many bytes, whatever the size of its lanes.
fn numbers(source: &Source, width: usize) -> Vec<i128> {
    let Source::Lanes(bytes, _) = source else { unreachable!("a vector") };
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |all, byte| all << 8 | i128::from(*byte));
    let unused = 128 - 8 * width;
    bytes.chunks(width).map(|bytes| number(bytes) << unused >> unused).collect()
}

pub fn add(m: &mut Models) {
    for (name, saturates) in [("cmla", false), ("sqrdcmlah", true)] {
        m.some(
            name,
            |input| input.scalable,
            move |input| {
                let bits = 8 * input.width as u32;
                let [a, b] = [0, 1].map(|n| numbers(&input.s[n], input.width));
                let turn = turn(input);
                let lane = |i: usize| {
                    let (first, odd) = (i / 2 * 2, i % 2);
                    // One part of the first number is multiplied with both parts of the second.
                    let product = a[first + turn % 2] * b[first + (turn + odd) % 2];
                    let negative = if odd == 0 { turn == 1 || turn == 2 } else { turn >= 2 };
                    let product = if negative { -product } else { product };
                    let before = input.d.get(i).s();
                    if !saturates {
                        return before.wrapping_add(product);
                    }
                    // All is halved, so that it is below 2^127.
                    let sum = (before << (bits - 1)) + product + (1 << (bits - 2));
                    saturated(sum >> (bits - 1), bits, true)
                };
                Out::lanes((0..input.lanes).map(lane).collect())
            },
        );
    }
    // The real or the imaginary part of two products, of which the second numbers are turned.
    m.whole("cdot", |input| {
        let [a, b] = [0, 1].map(|n| numbers(&input.s[n], input.width / 4));
        let turn = turn(input);
        let lane = |i: usize| {
            let product = |n: usize| {
                let real = a[n] * b[n + turn % 2];
                let other = a[n + 1] * b[n + 1 - turn % 2];
                if turn == 0 || turn == 3 { real - other } else { real + other }
            };
            low(input.d.get(i).s() + product(4 * i) + product(4 * i + 2), 8 * input.width as u32) as i128
        };
        Out::lanes((0..input.lanes).map(lane).collect())
    });
}
