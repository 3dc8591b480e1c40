//! What MMX registers alone have: the rest is as with vectors, of 8 bytes.

use super::{Fill, Models, Out, get, put};

/// The nearest integer, or the lowest one where it does not fit.
fn whole(value: f64) -> u64 {
    if (-2147483648.0..2147483648.0).contains(&value) { value as i64 as u64 } else { 0x8000_0000 }
}

pub fn add(m: &mut Models) {
    m.whole("pshufw", 2, |input| {
        let mut out = [0; 64];
        let place = |i: usize| input.imm.unwrap_or(0) as usize >> (2 * i) & 3;
        (0..4).for_each(|i| put(&mut out, 2, i, get(&input.s[0], 2, place(i))));
        Out::vector(out, 4)
    });
    m.whole("movq2dq movdq2q movntq", 8, |input| Out::number(get(&input.s[0], 8, 0)));
    for (letter, round) in [("", f64::round_ties_even as fn(f64) -> f64), ("t", f64::trunc)] {
        m.convert(&format!("cvt{letter}ps2pi"), 4, 4, move |a| whole(round(f32::from_bits(a as u32).into()))).fill =
            Fill::Small32;
        m.convert(&format!("cvt{letter}pd2pi"), 8, 4, move |a| whole(round(f64::from_bits(a)))).fill = Fill::Small64;
    }
    m.convert("cvtpi2pd", 4, 8, |a| f64::from(a as i32).to_bits());
    m.whole("cvtpi2ps", 4, |input| {
        let mut out = input.s[0];
        (0..2).for_each(|i| put(&mut out, 4, i, (get(&input.s[1], 4, i) as i32 as f32).to_bits().into()));
        Out::vector(out, 4)
    });
}
