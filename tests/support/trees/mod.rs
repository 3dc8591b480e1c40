//! Random programs with blocks, and what they must become.
//!
//! A program is a tree in reading order: instructions, references, labels, data, alignments, and blocks of the same. It is placed by the crate in either direction, and laid
//! out by a model: a list of items, each with a length, without buffers, positions or fixups. The model follows the documentation in what
//! it says about branches (near where the target is not in sight, short where it is bound and near enough, wherever an aligned block is moved) and gaps; then every item's bytes follow from the manuals'
//! diagrams. Gaps are compared by what they are: as few instructions as possible that do nothing.

// Every test is a crate by itself and uses a part of this.
#![allow(dead_code)]

pub mod a64;
#[path = "../x64/choices.rs"]
pub mod choices;
pub mod x64;

use choices::Choices;
use quickcheck::TestResult;
use tailfirst::{Align, Direction, Down, Encoder, FinishError, Isa, Label, Late, RelocationTarget, Symbol, Up};

#[derive(Debug, Clone)]
pub enum Node {
    /// So many instructions that refer to nothing.
    Run(usize),
    /// An instruction of this kind, to this label.
    Refer(usize, usize),
    Bind(usize),
    /// A reference to a symbol.
    Symbol(u32),
    /// An instruction with this late immediate.
    Late(usize),
    Data(Vec<u8>),
    /// To a power of two; with zeros.
    Align(u32),
    /// The same with instructions.
    AlignCode(u32),
    Forward(Vec<Node>),
    Backward(Vec<Node>),
    Aligned(u32, Vec<Node>),
    /// Placed in one go.
    Batch(Vec<Node>),
    /// Placed, and rolled back.
    Dropped(Vec<Node>),
}

#[derive(Debug)]
pub struct Program {
    pub nodes: Vec<Node>,
    pub labels: usize,
    /// The labels that are made before everything else; the others are when they are first needed.
    pub early: Vec<bool>,
}

pub const LATE: [i64; 3] = [0, 40, 4095];

/// What is placed for a reference, by its kind.
pub trait Machine: Isa + Sized {
    /// The number of kinds of references.
    const KINDS: usize;
    /// Bytes that data is a multiple of.
    const UNIT: usize;
    fn run<D: Direction>(enc: &mut Encoder<'_, Self, D>, count: usize);
    fn refer<D: Direction>(enc: &mut Encoder<'_, Self, D>, kind: usize, label: Label);
    fn symbol<D: Direction>(enc: &mut Encoder<'_, Self, D>, symbol: Symbol);
    fn late<D: Direction>(enc: &mut Encoder<'_, Self, D>, late: Late);

    fn run_bytes(count: usize) -> Vec<u8>;
    /// Whether the kind has a short form for a distance from the instruction's *start*.
    fn is_short(kind: usize, distance: i64) -> bool;
    /// The bytes for a distance from the instruction's *start*.
    fn refer_bytes(kind: usize, short: bool, distance: i64) -> Vec<u8>;
    /// Where a symbol is measured from, and the bytes.
    fn symbol_bytes() -> (usize, Vec<u8>);
    fn late_bytes(value: i64) -> Vec<u8>;
    /// Whether these are instructions that do nothing, as few as possible.
    fn is_gap(bytes: &[u8]) -> bool;
}

/// What is allowed where a node stands.
#[derive(Clone, Copy)]
struct Place {
    depth: usize,
    alignments: bool,
    /// Inside an aligned block.
    moved: bool,
    drops: bool,
}

pub fn program<M: Machine>(numbers: &[u64], drops: bool) -> Program {
    let mut choices = Choices::new(numbers);
    let mut left = numbers.len() / 2 + 1;
    let mut labels = 0;
    let mut nodes = Vec::new();
    let place = Place { depth: 0, alignments: true, moved: false, drops };
    while left > 0 {
        nodes.extend(list::<M>(&mut choices, &mut left, &mut labels, place));
    }
    nodes.push(Node::Bind(labels));
    labels += 1;
    Program { nodes, labels, early: (0..labels).map(|_| choices.rarely(2)).collect() }
}

fn list<M: Machine>(c: &mut Choices<'_>, left: &mut usize, labels: &mut usize, place: Place) -> Vec<Node> {
    let mut nodes = Vec::new();
    while *left > 0 {
        *left -= 1;
        let inside = Place { depth: place.depth + 1, ..place };
        nodes.push(match c.below(22) {
            0 => Node::Run(c.below(4)),
            1 => Node::Run(110 + c.below(20)),
            2..=6 => Node::Refer(c.below(M::KINDS), c.below(100)),
            7 | 8 => {
                *labels += 1;
                Node::Bind(*labels - 1)
            }
            9 => Node::Symbol(c.below(5) as u32),
            10 => Node::Late(c.below(LATE.len())),
            11 => Node::Data((0..c.below(10) * M::UNIT).map(|i| i as u8 ^ 0xC5).collect()),
            12 if place.alignments => Node::Align(1 << c.below(7)),
            13 if place.alignments => Node::AlignCode(1 << c.below(7)),
            14 | 15 if place.depth < 6 => {
                let nodes = list::<M>(c, left, labels, inside);
                if c.rarely(2) { Node::Backward(nodes) } else { Node::Forward(nodes) }
            }
            16 | 17 if place.depth < 6 && place.alignments => {
                Node::Aligned(1 << c.below(7), list::<M>(c, left, labels, Place { moved: true, ..inside }))
            }
            18 if place.drops && place.depth < 6 => {
                // Alignment makes what is around it unmovable, and so a snapshot from inside an aligned block stale.
                let inside = Place { alignments: place.alignments && !place.moved, ..inside };
                let mut beyond = 1000 + c.below(1000);
                // Where the snapshot is, labels are often bound, before it and after.
                let mut dropped: Vec<Node> = (0..c.below(3)).map(|i| Node::Bind(beyond + i)).collect();
                dropped.extend(list::<M>(c, left, &mut beyond, inside));
                dropped.extend((0..c.below(3)).map(|i| Node::Bind(beyond + i)));
                let mut bind = |count: usize| {
                    let first = *labels;
                    *labels += count;
                    (first..*labels).map(Node::Bind)
                };
                nodes.extend(bind(c.below(3)));
                nodes.push(Node::Dropped(dropped));
                nodes.extend(bind(c.below(3)));
                continue;
            }
            19 if place.depth > 0 => break,
            20 | 21 if place.depth < 6 => Node::Batch(list::<M>(c, left, labels, inside)),
            _ => Node::Run(1),
        });
    }
    nodes
}

/// An encoder with the program's labels.
pub struct Placing {
    pub labels: Vec<Option<Label>>,
    bound: Vec<bool>,
    late: Vec<Late>,
    late_set: Vec<bool>,
}

/// Has the crate place the program.
pub fn place<M: Machine, D: Direction>(enc: &mut Encoder<'_, M, D>, program: &Program) -> Placing {
    let labels = program.early.iter().map(|early| early.then(|| enc.label())).collect();
    let late = LATE.iter().map(|_| enc.late()).collect();
    let mut placing = Placing { labels, bound: vec![false; program.labels], late, late_set: vec![false; LATE.len()] };
    placing.nodes(enc, &program.nodes);
    for index in 0..LATE.len() {
        placing.set(enc, index);
    }
    placing
}

impl Placing {
    fn set<M: Machine, D: Direction>(&mut self, enc: &mut Encoder<'_, M, D>, index: usize) {
        if !self.late_set[index] {
            self.late_set[index] = true;
            enc.set_late(self.late[index], LATE[index]);
        }
    }

    fn nodes<M: Machine, D: Direction>(&mut self, enc: &mut Encoder<'_, M, D>, nodes: &[Node]) {
        enc.in_order(nodes, |enc, node| self.node(enc, node));
    }

    fn dropped<M: Machine, D: Direction>(&mut self, enc: &mut Encoder<'_, M, D>, nodes: &[Node]) {
        let before = (self.labels.clone(), self.bound.clone(), self.late_set.clone());
        let snapshot = enc.snapshot();
        // Twice, since a snapshot can be used again.
        for _ in 0..2 {
            self.nodes(enc, nodes);
            self.set(enc, 0);
            enc.rollback(snapshot);
            (self.labels, self.bound, self.late_set) = before.clone();
        }
    }

    fn node<M: Machine, D: Direction>(&mut self, enc: &mut Encoder<'_, M, D>, node: &Node) {
        let count = self.labels.len();
        let align = |align: &u32| Align::new(*align).expect("a power of two");
        match node {
            Node::Run(count) => M::run(enc, *count),
            Node::Refer(kind, label) => {
                let label = *self.labels[label % count].get_or_insert_with(|| enc.label());
                M::refer(enc, *kind, label);
            }
            Node::Bind(label) => {
                // Only in dropped code there are labels beyond the count, and bound ones.
                let index = label % count;
                match self.labels[index] {
                    _ if self.bound[index] => {}
                    Some(label) => enc.bind(label),
                    None => self.labels[index] = Some(enc.here()),
                }
                self.bound[index] = true;
            }
            Node::Symbol(symbol) => M::symbol(enc, Symbol(*symbol)),
            Node::Late(late) => M::late(enc, self.late[*late]),
            Node::Data(bytes) => enc.data(bytes),
            Node::Align(to) => enc.align(align(to)),
            Node::AlignCode(to) => enc.align_code(align(to)),
            Node::Forward(inner) => enc.forward(|enc| self.nodes(enc, inner)),
            Node::Backward(inner) => enc.backward(|enc| self.nodes(enc, inner)),
            Node::Aligned(to, inner) => enc.aligned(align(to), |enc| self.nodes(enc, inner)),
            Node::Batch(inner) => enc.batch(|enc| self.nodes(enc, inner)),
            Node::Dropped(inner) => self.dropped(enc, inner),
        }
    }
}

#[derive(Debug, Clone)]
enum Item {
    Bytes(Vec<u8>),
    Zeros(usize),
    Gap(usize),
    Refer { kind: usize, short: bool, label: usize, len: usize },
    Symbol(u32),
    Label(usize),
}

impl Item {
    fn len<M: Machine>(&self) -> usize {
        match self {
            Item::Bytes(bytes) => bytes.len(),
            Item::Zeros(len) | Item::Gap(len) | Item::Refer { len, .. } => *len,
            Item::Symbol(_) => M::symbol_bytes().1.len(),
            Item::Label(_) => 0,
        }
    }
}

/// An encoder: what has been placed by it, in the order of its growth.
struct Level {
    up: bool,
    items: Vec<Item>,
    alignment: u32,
    /// The aligned blocks that are open, by how far each may be moved.
    shifts: Vec<usize>,
    /// Where what may be moved begins, and how many labels there were.
    movable: (usize, usize),
}

impl Level {
    fn new(up: bool) -> Self {
        Level { up, items: Vec::new(), alignment: 1, shifts: Vec::new(), movable: (0, 0) }
    }

    fn placed<M: Machine>(&self) -> usize {
        self.items.iter().map(Item::len::<M>).sum()
    }

    fn gap<M: Machine>(&mut self, align: u32, len: usize) -> usize {
        self.alignment = self.alignment.max(align);
        let align = align as usize;
        (align - (self.placed::<M>() + len) % align) % align
    }
}

/// The model: the encoders of all blocks that are open, the innermost last.
struct Model {
    levels: Vec<Level>,
    /// Where a label was made: the number of open blocks, and how many labels had been made before.
    made: Vec<Option<(usize, usize)>>,
    count: usize,
}

impl Model {
    fn level(&mut self) -> &mut Level {
        self.levels.last_mut().expect("one is always open")
    }

    fn make(&mut self, label: usize) -> usize {
        let label = label % self.made.len();
        if self.made[label].is_none() {
            self.made[label] = Some((self.levels.len(), self.count));
            self.count += 1;
        }
        label
    }

    /// The distance from here to a label, as seen by who places an instruction of `len` bytes: from the start of that. `None` if the label is not bound, or out of sight;
    /// of what was placed before an aligned block, as if that had been moved as far as it may be.
    fn distance<M: Machine>(&self, label: usize, len: usize) -> Option<i64> {
        let level = self.levels.last()?;
        let (home, number) = self.made[label]?;
        let is_bound = |item: &Item| matches!(item, Item::Label(bound) if *bound == label);
        let at = level.items.iter().rposition(is_bound)?;
        let (start, count) = level.movable;
        let shift = match level.shifts.last() {
            None => 0,
            Some(_) if number >= count => 0,
            Some(shift) if at < start => *shift,
            // Made before, and bound in what may be moved.
            Some(_) => return None,
        };
        if home != self.levels.len() {
            return None;
        }
        let back = (level.items[at..].iter().map(Item::len::<M>).sum::<usize>() + shift) as i64;
        Some(if level.up { -back } else { back + len as i64 })
    }

    /// What has been placed so far stays where it is.
    fn settle(&mut self) {
        let count = self.count;
        let level = self.level();
        level.movable = (level.items.len(), count);
    }

    fn nodes<M: Machine>(&mut self, nodes: &[Node]) {
        if self.level().up {
            nodes.iter().for_each(|node| self.node::<M>(node));
        } else {
            nodes.iter().rev().for_each(|node| self.node::<M>(node));
        }
    }

    fn align<M: Machine>(&mut self, align: u32, gap: fn(usize) -> Item) {
        let bytes = self.level().gap::<M>(align, 0);
        self.level().items.push(gap(bytes));
        self.settle();
    }

    fn node<M: Machine>(&mut self, node: &Node) {
        let item = match node {
            Node::Align(align) => return self.align::<M>(*align, Item::Zeros),
            Node::AlignCode(align) => return self.align::<M>(*align, Item::Gap),
            Node::Aligned(align, inner) if self.level().up => {
                self.align::<M>(*align, Item::Gap);
                return self.nodes::<M>(inner);
            }
            Node::Aligned(align, inner) => {
                self.settle();
                self.level().shifts.push(*align as usize);
                self.nodes::<M>(inner);
                let gap = self.level().gap::<M>(*align, 0);
                let (start, _) = self.level().movable;
                self.level().items.insert(start, Item::Gap(gap));
                self.level().shifts.pop();
                return self.settle();
            }
            Node::Batch(inner) => return self.nodes::<M>(inner),
            Node::Forward(inner) => return self.block::<M>(true, inner),
            Node::Backward(inner) => return self.block::<M>(false, inner),
            Node::Dropped(_) => return,
            Node::Refer(kind, label) => {
                let (kind, label) = (*kind, self.make(*label));
                let len = M::refer_bytes(kind, true, 0).len();
                let short = self.distance::<M>(label, len).is_some_and(|distance| M::is_short(kind, distance));
                Item::Refer { kind, short, label, len: M::refer_bytes(kind, short, 0).len() }
            }
            Node::Run(count) => Item::Bytes(M::run_bytes(*count)),
            Node::Bind(label) => Item::Label(self.make(*label)),
            Node::Symbol(symbol) => Item::Symbol(*symbol),
            Node::Late(late) => Item::Bytes(M::late_bytes(LATE[*late])),
            Node::Data(bytes) => Item::Bytes(bytes.clone()),
        };
        self.level().items.push(item);
    }

    fn block<M: Machine>(&mut self, up: bool, inner: &[Node]) {
        if self.level().up == up {
            return self.nodes::<M>(inner);
        }
        self.levels.push(Level::new(up));
        self.nodes::<M>(inner);
        let block = self.levels.pop().expect("it was pushed");
        for (home, _) in self.made.iter_mut().flatten() {
            *home = (*home).min(self.levels.len());
        }
        let is_aligned = block.alignment > 1;
        if is_aligned {
            self.settle();
            let gap = self.level().gap::<M>(block.alignment, block.placed::<M>());
            self.level().items.push(Item::Gap(gap));
        }
        self.level().items.extend(block.items.into_iter().rev());
        if is_aligned {
            self.settle();
        }
    }
}

/// What a program must become.
struct Expected {
    /// From the lowest address, with their offsets.
    items: Vec<(usize, Item)>,
    len: usize,
    labels: Vec<usize>,
    alignment: u32,
}

fn expected<M: Machine>(program: &Program, up: bool) -> Expected {
    let mut model = Model { levels: vec![Level::new(up)], made: vec![None; program.labels], count: 0 };
    for label in 0..program.labels {
        if program.early[label] {
            model.make(label);
        }
    }
    model.nodes::<M>(&program.nodes);
    let Level { mut items, alignment, .. } = model.levels.remove(0);
    if !up {
        items.reverse();
    }
    let mut len = 0;
    let mut labels = vec![0; program.labels];
    let mut placed = Vec::new();
    for item in items {
        if let Item::Label(label) = item {
            labels[label] = len;
        }
        let at = len;
        len += item.len::<M>();
        placed.push((at, item));
    }
    Expected { items: placed, len, labels, alignment }
}

impl Expected {
    /// What is different in the crate's code; finishes twice, which must not matter.
    fn compare<M: Machine, D: Direction>(&self, enc: &mut Encoder<'_, M, D>, placing: &Placing) -> Result<(), String> {
        let first = enc.finish().map(|code| code.bytes().to_vec()).map_err(|error| error.to_string())?;
        let code = enc.finish().map_err(|error| error.to_string())?;
        let bytes = code.bytes();
        if bytes != first {
            return Err("finishing again gives other bytes".into());
        }
        let alignment = code.end_alignment().max(code.start_alignment());
        if bytes.len() != self.len || alignment != self.alignment {
            return Err(format!(
                "{} bytes and alignment {}, not {} and {}",
                bytes.len(),
                alignment,
                self.len,
                self.alignment
            ));
        }
        let mut symbols = Vec::new();
        for (at, item) in &self.items {
            let found = &bytes[*at..*at + item.len::<M>()];
            let is_right = match item {
                Item::Bytes(bytes) => found == bytes,
                Item::Zeros(_) => found.iter().all(|byte| *byte == 0),
                Item::Gap(_) => M::is_gap(found),
                Item::Refer { kind, short, label, .. } => {
                    found == M::refer_bytes(*kind, *short, self.labels[*label] as i64 - *at as i64)
                }
                Item::Symbol(symbol) => {
                    let (from, bytes) = M::symbol_bytes();
                    symbols.push((at + from, *symbol));
                    found == bytes
                }
                Item::Label(_) => true,
            };
            if !is_right {
                return Err(format!("at {at}: {found:02x?} for {item:?}"));
            }
        }
        let mut relocations: Vec<_> = (code.relocations().iter())
            .map(|relocation| match relocation.target {
                RelocationTarget::Symbol(Symbol(number)) => (relocation.from, number),
                RelocationTarget::Offset(offset) => (relocation.from, 1_000_000 + offset as u32),
            })
            .collect();
        relocations.sort();
        if relocations != symbols {
            return Err(format!("relocations {relocations:?}, not {symbols:?}"));
        }
        for (label, at) in placing.labels.iter().zip(&self.labels) {
            let found = label.and_then(|label| code.offset_of(label));
            if found != Some(*at) {
                return Err(format!("{label:?} at {found:?}, not {at}"));
            }
        }
        Ok(())
    }
}

/// Places a random program into growing, exact and too small memory, in both directions.
pub fn is_as_expected<M: Machine>(numbers: &[u64], drops: bool) -> TestResult {
    let program = program::<M>(numbers, drops);
    let down = compare_all::<M, Down>(&program, false).map_err(|difference| format!("down: {difference}"));
    let up = compare_all::<M, Up>(&program, true).map_err(|difference| format!("up: {difference}"));
    match down.and(up) {
        Ok(()) => TestResult::passed(),
        Err(difference) => TestResult::error(format!("{difference}\nin {program:?}")),
    }
}

fn compare_all<M: Machine, D: Direction>(program: &Program, up: bool) -> Result<(), String> {
    let expected = expected::<M>(program, up);
    let mut enc = Encoder::<M, D>::new();
    let placing = place(&mut enc, program);
    expected.compare(&mut enc, &placing)?;
    // Again, in memory that has been used.
    enc.clear();
    let placing = place(&mut enc, program);
    expected.compare(&mut enc, &placing)?;

    const AROUND: usize = 100;
    for missing in [0, 1, expected.len / 2, expected.len] {
        let len = expected.len.saturating_sub(missing);
        let mut memory = vec![0xEE; len + 2 * AROUND];
        let mut enc = Encoder::<M, D>::in_slice(&mut memory[AROUND..AROUND + len]);
        for _ in 0..2 {
            let placing = place(&mut enc, program);
            if len == expected.len {
                expected.compare(&mut enc, &placing)?;
            } else if enc.finish().err() != Some(FinishError::OutOfSpace { needed: expected.len }) {
                return Err(format!("{:?} in a slice of {len}, where {} are needed", enc.finish().err(), expected.len));
            }
            enc.clear();
        }
        drop(enc);
        if [&memory[..AROUND], &memory[AROUND + len..]].concat().iter().any(|byte| *byte != 0xEE) {
            return Err("written outside the slice".into());
        }
    }
    Ok(())
}
