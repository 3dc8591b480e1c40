//! SME's outer products, and sums to all rows or columns of a tile.

use super::{
    In, Models, Out, bfloat,
    float::{Format, values},
    random::Fill,
};

/// A tile of `f(row, column, before)`, for lanes that both predicates have.
fn tile(input: &In, f: impl Fn(usize, usize, i128) -> i128) -> Out {
    let side = input.vector / input.width;
    let lane = |i: usize| {
        let (row, column, before) = (i / side, i % side, input.d.get(i).u());
        if input.active(0, row) && input.active(1, column) { f(row, column, before) } else { before }
    };
    Out::lanes((0..input.lanes).map(lane).collect())
}

pub fn add(m: &mut Models) {
    for (name, by_column) in [("addha", true), ("addva", false)] {
        m.whole(name, move |input| {
            tile(input, |row, column, before| before + input.s[0].get(if by_column { column } else { row }).u())
        });
    }
    for (name, negative) in [("fmopa", false), ("fmops", true)] {
        let model = m.some(
            name,
            |input| input.s[0].width() == Some(input.width),
            move |input| {
                let format = Format::of(input.width).expect("a number's size");
                let (a, b) = (values(&input.s[0]), values(&input.s[1]));
                tile(input, |row, column, before| {
                    let a = if negative { -a[row] } else { a[row] };
                    format.fused(a, b[column], format.value(before as u64)).into()
                })
            },
        );
        model.fill = Fill::Real;
        model.nan = true;
    }
    // Pairs of halves: the sum of their products is rounded once, and then added.
    for (name, negative) in [("fmopa", false), ("fmops", true)] {
        let model = m.some(
            name,
            |input| input.width == 4 && input.s[0].width() == Some(2),
            move |input| {
                bfloat::outer(input, negative, values, |start, a, b| {
                    let products = bfloat::sum_to_odd(a[0] * b[0], a[1] * b[1]) as f32;
                    (start as f32 + products).into()
                })
            },
        );
        model.fill = Fill::Real;
        model.nan = true;
    }
    // Four narrow lanes of a row by four of a column; each of them is active or not.
    for (sign, first, second) in [("s", true, true), ("u", false, false), ("su", true, false), ("us", false, true)] {
        for (name, negative) in [("mopa", false), ("mops", true)] {
            m.some(&format!("{sign}{name}"), four_to_one, move |input| {
                let width = input.width / 4;
                let active = |governor: usize, i: usize| input.governors[governor][i * width];
                let side = input.vector / input.width;
                let lane = |i: usize| {
                    let product = |n: usize| {
                        let (a, b) = (4 * (i / side) + n, 4 * (i % side) + n);
                        let both = active(0, a) && active(1, b);
                        if both { input.s[0].get(a).number(first) * input.s[1].get(b).number(second) } else { 0 }
                    };
                    let sum: i128 = (0..4).map(product).sum();
                    input.d.get(i).u() + if negative { -sum } else { sum }
                };
                Out::lanes((0..input.lanes).map(lane).collect())
            });
        }
    }
}

fn four_to_one(input: &In) -> bool {
    input.s.len() == 2 && input.s[0].width() == Some(input.width / 4)
}
