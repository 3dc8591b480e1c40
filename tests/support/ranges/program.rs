//! Random programs of branches, loads and what lies between them.

use super::machine::{BRANCHES, Both, LOADS, Loaded, MIB, NOP, Placed, check, check_loads, load, noted};
use crate::choices::Choices;
use tailfirst::{Align, FinishError, Label, aarch64::Emitter};

/// So many bytes of nops, as data.
pub struct Filler(pub Vec<u8>);

impl Filler {
    pub fn new() -> Self {
        Filler(NOP.to_le_bytes().repeat(16 * MIB))
    }

    /// In pieces that a B reaches over.
    pub fn place<Dir: Both>(&self, enc: &mut Emitter<'_, Dir>, words: usize, placed: &mut Vec<Placed>) {
        let mut left = 4 * words;
        while left > 0 {
            let len = left.min(self.0.len());
            placed.push(noted(enc, Err(len), |enc| enc.data(&self.0[..len])));
            left -= len;
            if left > 0 {
                placed.push(noted(enc, Err(4), |enc| enc.nop()));
                left -= 4;
            }
        }
    }
}

#[derive(Debug, Clone)]
pub enum Item {
    Nops(usize),
    Data(usize),
    Refer(usize, usize),
    /// A load, the number of its constant, and the power of two that this is aligned to.
    Load(usize, u64, u32),
    Bind(usize),
    /// In the other direction.
    Block(Vec<Item>),
    Aligned(u32, Vec<Item>),
    /// Placed in one go.
    Batch(Vec<Item>),
    /// Placed, and rolled back.
    Undone(Vec<Item>),
}

pub struct Program<'a> {
    pub labels: Vec<Label>,
    pub bound: Vec<bool>,
    pub filler: &'a Filler,
    pub placed: Vec<Placed>,
    pub loaded: Vec<Loaded>,
}

impl Program<'_> {
    pub fn place<Dir: Both>(&mut self, enc: &mut Emitter<'_, Dir>, items: &[Item]) {
        for item in items {
            let before = enc.here();
            match item {
                Item::Nops(0) | Item::Data(0) => {}
                &Item::Nops(count) => {
                    for _ in 0..count.min(2000) {
                        self.placed.push(noted(enc, Err(4), |enc| enc.nop()));
                    }
                    (2000..count).for_each(|_| enc.nop());
                }
                &Item::Data(words) => self.filler.place(enc, words, &mut self.placed),
                &Item::Refer(kind, label) => {
                    let (branch, label) = (BRANCHES[kind], self.labels[label]);
                    self.placed.push(noted(enc, Ok((branch, label)), |enc| branch.place(enc, label)));
                }
                &Item::Load(kind, number, log2) => {
                    let align = Align::new(1 << log2).expect("a power of two");
                    self.loaded.push(load(enc, LOADS[kind], number, align));
                }
                &Item::Bind(label) => {
                    if !std::mem::replace(&mut self.bound[label], true) {
                        enc.bind(self.labels[label]);
                    }
                }
                Item::Block(items) => Dir::block(enc, |block| self.place(block, items)),
                Item::Aligned(align, items) => {
                    let align = Align::new(*align).expect("a power of two");
                    enc.aligned(align, |enc| self.place(enc, items));
                }
                Item::Batch(items) => enc.batch(|enc| self.place(enc, items)),
                Item::Undone(items) => {
                    let (snapshot, bound) = (enc.snapshot(), self.bound.clone());
                    let (placed, loaded) = (self.placed.len(), self.loaded.len());
                    self.place(enc, items);
                    // Constants were placed in an aligned block, which has begun anew.
                    let is_stale = enc.pos_of(before).is_none();
                    if !is_stale {
                        enc.rollback(snapshot);
                        self.bound = bound;
                        self.placed.truncate(placed);
                        self.loaded.truncate(loaded);
                    }
                }
            }
        }
    }
}

/// A gap that ends near one of the limits below `limits`, or any.
pub fn gap(choices: &mut Choices, limits: usize) -> usize {
    const LIMITS: [usize; 9] = [2, 112, 224, 256, 7168, 8192, 229_376, 262_144, 29 * MIB];
    let limit = choices.one_of(&LIMITS[..limits]);
    (limit + choices.below(40)).saturating_sub(choices.below(40))
}

pub fn items(choices: &mut Choices, labels: usize, depth: usize, limits: usize, count: usize) -> Vec<Item> {
    (0..choices.below(count))
        .map(|_| match choices.below(if depth == 0 { 10 } else { 15 }) {
            0 => Item::Nops(gap(choices, limits.min(4))),
            1 => Item::Data(gap(choices, limits)),
            2 => Item::Bind(choices.below(labels)),
            3..8 => Item::Refer(choices.below(BRANCHES.len()), choices.below(labels)),
            8..10 => Item::Load(choices.below(LOADS.len()), choices.below(3) as u64, choices.below(8) as u32),
            10 => Item::Block(items(choices, labels, depth - 1, limits.min(7), 12)),
            11 => Item::Aligned(4 << choices.below(11), items(choices, labels, depth - 1, limits.min(8), 8)),
            12 => Item::Undone(items(choices, labels, depth - 1, limits.min(8), 8)),
            _ => Item::Batch(items(choices, labels, depth - 1, limits.min(8), count)),
        })
        .collect()
}

/// Places the program and looks where it leads.
pub fn run<Dir: Both>(enc: &mut Emitter<'_, Dir>, filler: &Filler, items: &[Item], labels: usize) {
    enc.nop();
    let labels: Vec<Label> = (0..labels).map(|_| enc.label()).collect();
    let bound = vec![false; labels.len()];
    let mut program = Program { labels, bound, filler, placed: Vec::new(), loaded: Vec::new() };
    program.place(enc, items);
    for label in 0..program.labels.len() {
        program.place(enc, &[Item::Bind(label), Item::Nops(1)]);
    }
    match enc.finish() {
        Ok(code) => {
            check(&code, &program.placed);
            check_loads(&code, &program.loaded);
        }
        // Back, nothing reaches farther than a B.
        Err(FinishError::OutOfRange { distance, .. }) if distance.unsigned_abs() > 120 * MIB as u64 => {}
        Err(problem) => panic!("{problem} in {items:?}"),
    }
}

/// More numbers than an instruction takes.
pub fn stretched(numbers: &[u64]) -> Vec<u64> {
    (0..8).flat_map(|round: u32| numbers.iter().map(move |number| number.rotate_left(7 * round))).collect()
}
