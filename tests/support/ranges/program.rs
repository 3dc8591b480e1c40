//! Random programs of branches, loads and what lies between them.

use super::machine::{BRANCHES, LOADS, Loaded, MIB, NOP, Placed, Way, check, check_loads, load, noted, refer};
use tailfirst::{Align, Down, FinishError, Label, Up, aarch64::Emitter};
use tailfirst_roundtrip::choices::Choices;

/// So many bytes of nops, as data.
pub struct Filler(pub Vec<u8>);

impl Filler {
    pub fn new() -> Self {
        Filler(NOP.to_le_bytes().repeat(16 * MIB))
    }

    /// In pieces that a B reaches over.
    pub fn place<D: Way>(&self, enc: &mut Emitter<'_, D>, words: usize, placed: &mut Vec<Placed>) {
        let mut left = 4 * words;
        while left > 0 {
            let len = left.min(self.0.len());
            placed.push(noted(enc, Err(len), |enc| enc.data(&self.0[..len])));
            left -= len;
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
    /// A branch over what lies between it and its label, which is bound before or after it.
    Over(usize, bool, Vec<Item>),
    /// The constants that wait, with a branch over them.
    Pool,
    /// A block whose code grows up, and one whose code grows down.
    Forward(Vec<Item>),
    Backward(Vec<Item>),
    Aligned(u32, Vec<Item>),
    /// Placed with all other cold parts, and where these go that wait, with a branch over them.
    Cold(Vec<Item>),
    PlaceCold,
    /// Code that follows is aligned.
    Align(u32),
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

impl<'a> Program<'a> {
    pub fn new<D: Way>(enc: &mut Emitter<'_, D>, filler: &'a Filler, labels: usize) -> Self {
        let bound = vec![false; labels];
        let labels = (0..labels).map(|_| enc.label()).collect();
        Program { labels, bound, filler, placed: Vec::new(), loaded: Vec::new() }
    }

    pub fn place<D: Way>(&mut self, enc: &mut Emitter<'_, D>, items: &[Item]) {
        for item in items {
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
                    self.placed.push(refer(enc, BRANCHES[kind], self.labels[label]));
                }
                &Item::Load(kind, number, log2) => {
                    let align = Align::new(1 << log2).expect("a power of two");
                    let load = |enc: &mut Emitter<'_, D>| self.loaded.push(load(enc, LOADS[kind], number, align));
                    self.placed.push(noted(enc, Err(4), load));
                }
                &Item::Bind(label) => {
                    if !std::mem::replace(&mut self.bound[label], true) {
                        enc.bind(self.labels[label]);
                    }
                }
                Item::Over(kind, is_bound, items) => {
                    let label = if *is_bound { enc.here() } else { enc.label() };
                    if !is_bound {
                        self.placed.push(refer(enc, BRANCHES[*kind], label));
                    }
                    self.place(enc, items);
                    if *is_bound {
                        self.placed.push(refer(enc, BRANCHES[*kind], label));
                    } else {
                        enc.bind(label);
                    }
                }
                Item::Pool => around(enc, |enc| enc.place_pool()),
                Item::PlaceCold => around(enc, |enc| enc.place_cold()),
                Item::Cold(items) => enc.cold(|enc| self.place(enc, items)),
                Item::Forward(items) => self.block::<D, Up>(enc, |enc, this| enc.forward(|asm| this.inner(asm, items))),
                Item::Backward(items) => {
                    self.block::<D, Down>(enc, |enc, this| enc.backward(|enc| this.inner(enc, items)));
                }
                Item::Aligned(align, items) => {
                    let align = Align::new(*align).expect("a power of two");
                    enc.aligned(align, |enc| self.place(enc, items));
                }
                Item::Align(align) => {
                    let align = Align::new(*align).expect("a power of two");
                    let placed = noted(enc, Err(0), |enc| enc.align_code(align));
                    self.placed.push(Placed { has_gap: true, ..placed });
                }
                Item::Batch(items) => enc.batch(|enc| self.place(enc, items)),
                Item::Undone(items) => {
                    let (snapshot, bound) = (enc.snapshot(), self.bound.clone());
                    let (placed, loaded) = (self.placed.len(), self.loaded.len());
                    let before = enc.here();
                    self.place(enc, items);
                    // Something was aligned in an aligned block, which has begun anew.
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

    /// The lower and the upper end of what a block has.
    fn inner<D: Way>(&mut self, enc: &mut Emitter<'_, D>, items: &[Item]) -> (Label, Label) {
        let first = enc.here();
        self.place(enc, items);
        let last = enc.here();
        if D::IS_UP { (first, last) } else { (last, first) }
    }

    /// Between a block and what was placed before it there may be a gap, which control gets through.
    fn block<D: Way, B: Way>(
        &mut self,
        enc: &mut Emitter<'_, D>,
        place: impl FnOnce(&mut Emitter<'_, D>, &mut Self) -> (Label, Label),
    ) {
        let before = enc.here();
        let (low, high) = place(enc, self);
        if D::IS_UP != B::IS_UP {
            let (own, next) = if D::IS_UP { (before, low) } else { (high, before) };
            self.placed.push(Placed { own, next, what: Err(0), has_gap: true, is_up: D::IS_UP });
        }
    }
}

/// Places what code must not run into, with a branch around it.
fn around<D: Way>(enc: &mut Emitter<'_, D>, place: impl FnOnce(&mut Emitter<'_, D>)) {
    let label = if D::IS_UP { enc.label() } else { enc.here() };
    if D::IS_UP {
        enc.b(label);
    }
    place(enc);
    if D::IS_UP {
        enc.bind(label);
    } else {
        enc.b(label);
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
        .map(|_| match choices.below(if depth == 0 { 13 } else { 23 }) {
            0 => Item::Nops(gap(choices, limits.min(4))),
            1 => Item::Data(gap(choices, limits)),
            2 => Item::Bind(choices.below(labels)),
            3..8 => Item::Refer(choices.below(BRANCHES.len()), choices.below(labels)),
            8..10 => Item::Load(choices.below(LOADS.len()), choices.below(3) as u64, choices.below(8) as u32),
            10 => Item::Align(4 << choices.below(6)),
            11 => Item::Pool,
            12 => Item::PlaceCold,
            20 | 21 => Item::Cold(items(choices, labels, depth - 1, limits.min(8), 10)),
            13 => Item::Forward(items(choices, labels, depth - 1, limits.min(8), 10)),
            14 | 15 => Item::Backward(items(choices, labels, depth - 1, limits.min(8), 10)),
            16 => Item::Aligned(4 << choices.below(11), items(choices, labels, depth - 1, limits.min(8), 8)),
            17 => Item::Undone(items(choices, labels, depth - 1, limits.min(8), 8)),
            18 => {
                let (kind, is_bound) = (choices.below(BRANCHES.len()), choices.rarely(2));
                Item::Over(kind, is_bound, items(choices, labels, depth - 1, limits.min(8), 6))
            }
            _ => Item::Batch(items(choices, labels, depth - 1, limits.min(8), count)),
        })
        .collect()
}

/// Places the program and looks where it leads.
pub fn run<D: Way>(enc: &mut Emitter<'_, D>, filler: &Filler, items: &[Item], labels: usize) {
    enc.nop();
    let mut program = Program::new(enc, filler, labels);
    program.place(enc, items);
    for label in 0..program.labels.len() {
        program.place(enc, &[Item::Bind(label), Item::Nops(1)]);
    }
    match enc.finish() {
        Ok(code) => {
            check(&code, &program.placed);
            check_loads(&code, &program.loaded);
        }
        // To what is bound nothing reaches farther than a B.
        Err(FinishError::OutOfRange { distance, .. }) if distance.abs() > 120 * MIB as i64 => {}
        Err(problem) => panic!("{problem} in {items:?}"),
    }
}

/// More numbers than an instruction takes.
pub fn stretched(numbers: &[u64]) -> Vec<u64> {
    (0..8).flat_map(|round: u32| numbers.iter().map(move |number| number.rotate_left(7 * round))).collect()
}
