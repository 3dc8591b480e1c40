//! Histograms, and loops that look for addresses that overlap.

use super::{In, Models, N, Out, predicates::tested_all, random::Fill};

pub fn add(m: &mut Models) {
    // How many active lanes up to this one have the number.
    m.whole("histcnt", |input| {
        let is_same = |i: usize, j: usize| input.s[0].get(i).u() == input.s[1].get(j).u();
        let lane = |i: usize| (0..=i).filter(|j| input.active(0, *j) && is_same(i, *j)).count() as i128;
        Out::lanes((0..input.lanes).map(lane).collect())
    });
    // How many bytes of the same 128 bits have it.
    m.whole("histseg", |input| {
        let lane = |i: usize| {
            let segment = i / 16 * 16..i / 16 * 16 + 16;
            segment.filter(|j| input.s[0].get(i).u() == input.s[1].get(*j).u()).count() as i128
        };
        Out::lanes((0..input.lanes).map(lane).collect())
    });
    // Lanes before the second address is reached; all where it is never, or is the same. No two addresses here are less
    // than an element apart: whether that is the same depends on whether one rounds or compares first.
    for (name, both) in [("whilerw", true), ("whilewr", false)] {
        let model = m.whole(name, move |input: &In| {
            let [a, b]: [N; 2] = [0, 1].map(|n| input.s[n].get(0));
            let difference = b.u() - a.u();
            let difference = if both { difference.abs() } else { difference };
            let lanes = difference.div_euclid(input.width as i128);
            tested_all((0..input.lanes).map(|i| lanes <= 0 || (i as i128) < lanes).collect())
        });
        model.fill = Fill::Near;
    }
}
