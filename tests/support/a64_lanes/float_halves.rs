//! Conversions of SVE2 between a number and the upper half of an element.

use super::{
    L, Models,
    float::{Format, rounded, to_odd},
    integer::by,
    random::Fill,
};

/// The result above what the lower half of the element has.
fn above(l: L, result: i128) -> i128 {
    let half = l.bits / 2;
    l.d.u() & ((1 << half) - 1) | result << half
}

pub fn add(m: &mut Models) {
    let value = |l: L| Format::of_bits(l.a.lane_bits()).value(l.a.u() as u64);
    let narrow = m.some(
        "fcvtnt",
        |input| input.s[0].width() == Some(input.width),
        by(move |l| {
            let l = L { bits: l.a.lane_bits(), ..l };
            above(l, rounded(value(l), l.bits / 2))
        }),
    );
    narrow.fill = Fill::Real;
    m.lanes("fcvtx", move |l| to_odd(value(l))).fill = Fill::Real;
    m.lanes("fcvtxnt", move |l| above(L { bits: 64, ..l }, to_odd(value(l)))).fill = Fill::Real;
    let model = m.whole("fcvtlt", |input| {
        let lane = |i: usize| {
            let source = input.s[0].get(2 * i + 1);
            rounded(Format::of_bits(source.lane_bits()).value(source.u() as u64), 8 * input.width as u32)
        };
        super::Out::lanes((0..input.lanes).map(lane).collect())
    });
    model.fill = Fill::Real;
}
