//! Sums of products and of differences, as an immediate says.

use super::{Fill, In, Models, Out, get, put};

pub fn add(m: &mut Models) {
    // Of chosen products, in each 128 bits, to chosen lanes.
    let single = m.whole("dpps", 4, |input| {
        dots(
            input,
            4,
            |source, i| f32::from_bits(get(source, 4, i) as u32),
            |[a, b, c, d]: [f32; 4]| u64::from(((a + b) + (c + d)).to_bits()),
        )
    });
    single.fill = Fill::F32;
    single.nan = Some(4);
    let double = m.whole("dppd", 8, |input| {
        dots(input, 8, |source, i| f64::from_bits(get(source, 8, i)), |[a, b]: [f64; 2]| (a + b).to_bits())
    });
    double.fill = Fill::F64;
    double.nan = Some(8);
    // Of differences of four bytes: eight places of one source with one block of the other.
    m.whole("mpsadbw", 2, |input| {
        let imm = input.imm.unwrap_or(0) as usize;
        let mut out = [0; 64];
        for i in 0..input.dest / 2 {
            // Segments have three bits of the immediate, in turn.
            let (start, place) = (i / 8 * 16, i % 8);
            let control = imm >> (i / 8 % 2 * 3);
            let sum = (0..4).map(|n| {
                let a = input.s[0][start + (control >> 2 & 1) * 4 + place + n];
                a.abs_diff(input.s[1][start + (control & 3) * 4 + n])
            });
            put(&mut out, 2, i, sum.map(u64::from).sum());
        }
        Out::vector(out, input.dest / 2)
    });
}

fn dots<T, const N: usize>(
    input: &In,
    width: usize,
    number: impl Fn(&super::Bytes, usize) -> T,
    sum: impl Fn([T; N]) -> u64,
) -> Out
where
    T: std::ops::Mul<Output = T> + Default,
{
    let imm = input.imm.unwrap_or(0);
    let mut out = [0; 64];
    for start in (0..input.dest / width).step_by(N) {
        let products = std::array::from_fn(|i| match imm >> (4 + i) & 1 {
            1 => number(&input.s[0], start + i) * number(&input.s[1], start + i),
            _ => T::default(),
        });
        let sum = sum(products);
        (0..N).filter(|i| imm >> i & 1 == 1).for_each(|i| put(&mut out, width, start + i, sum));
    }
    Out::vector(out, input.dest / width)
}
