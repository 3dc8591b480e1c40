//! Random programs with blocks, and what they must become.
//!
//! A program is a tree in reading order: instructions, references, labels, data, alignments, and blocks of the same. It is placed by the crate, and laid
//! out by a model: a list of items, each with a length, without buffers, positions, fixups or scopes to be rebased. The model follows the documentation in what
//! it says about branches (near where the target is not in sight, short where it is bound and near enough, wherever aligned blocks are moved) and gaps; then every item's bytes follow from the manuals'
//! diagrams. Gaps are compared by what they are: as few instructions as possible that do nothing.

// Every test is a crate by itself and uses a part of this.
#![allow(dead_code)]

pub mod a64;
#[path = "../x64/choices.rs"]
pub mod choices;
pub mod x64;

use choices::Choices;
use quickcheck::TestResult;
use tailfirst::{Align, Encoder, FinishError, Isa, Label, Late, RelocationTarget, Symbol};

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
    fn run(enc: &mut Encoder<'_, Self>, count: usize);
    fn refer(enc: &mut Encoder<'_, Self>, kind: usize, label: Label);
    fn symbol(enc: &mut Encoder<'_, Self>, symbol: Symbol);
    fn late(enc: &mut Encoder<'_, Self>, late: Late);

    fn run_bytes(count: usize) -> Vec<u8>;
    /// Whether the kind has a short form that reaches so far up.
    fn is_short(kind: usize, up: usize) -> bool;
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
    /// Outside of forward blocks.
    batches: bool,
    drops: bool,
}

pub fn program<M: Machine>(numbers: &[u64], drops: bool) -> Program {
    let mut choices = Choices::new(numbers);
    let mut left = numbers.len() / 2 + 1;
    let mut labels = 0;
    let mut nodes = Vec::new();
    let place = Place { depth: 0, alignments: true, moved: false, batches: true, drops };
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
                Node::Forward(list::<M>(c, left, labels, Place { alignments: false, batches: false, ..inside }))
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
            20 | 21 if place.depth < 6 && place.batches => Node::Batch(list::<M>(c, left, labels, inside)),
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
pub fn place<M: Machine>(enc: &mut Encoder<'_, M>, program: &Program) -> Placing {
    let labels = program.early.iter().map(|early| early.then(|| enc.label())).collect();
    let late = LATE.iter().map(|_| enc.late()).collect();
    let mut placing = Placing { labels, bound: vec![false; program.labels], late, late_set: vec![false; LATE.len()] };
    placing.backward(enc, &program.nodes);
    for index in 0..LATE.len() {
        placing.set(enc, index);
    }
    placing
}

impl Placing {
    fn set<M: Machine>(&mut self, enc: &mut Encoder<'_, M>, index: usize) {
        if !self.late_set[index] {
            self.late_set[index] = true;
            enc.set_late(self.late[index], LATE[index]);
        }
    }

    fn backward<M: Machine>(&mut self, enc: &mut Encoder<'_, M>, nodes: &[Node]) {
        for node in nodes.iter().rev() {
            match node {
                Node::Aligned(align, inner) => {
                    enc.aligned(Align::new(*align).expect("a power of two"), |enc| self.backward(enc, inner));
                }
                Node::Batch(inner) => enc.batch(|enc| self.backward(enc, inner)),
                Node::Dropped(inner) => self.dropped(enc, inner, Self::backward),
                _ => self.node(enc, node),
            }
        }
    }

    fn forward<M: Machine>(&mut self, enc: &mut Encoder<'_, M>, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Dropped(inner) => self.dropped(enc, inner, Self::forward),
                _ => self.node(enc, node),
            }
        }
    }

    fn dropped<M: Machine>(
        &mut self,
        enc: &mut Encoder<'_, M>,
        nodes: &[Node],
        place: impl Fn(&mut Self, &mut Encoder<'_, M>, &[Node]),
    ) {
        let before = (self.labels.clone(), self.bound.clone(), self.late_set.clone());
        let snapshot = enc.snapshot();
        // Twice, since a snapshot can be used again.
        for _ in 0..2 {
            place(self, enc, nodes);
            self.set(enc, 0);
            enc.rollback(snapshot);
            (self.labels, self.bound, self.late_set) = before.clone();
        }
    }

    fn node<M: Machine>(&mut self, enc: &mut Encoder<'_, M>, node: &Node) {
        let count = self.labels.len();
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
            Node::Align(align) => enc.align(Align::new(*align).expect("a power of two")),
            Node::AlignCode(align) => enc.align_code(Align::new(*align).expect("a power of two")),
            Node::Forward(inner) => enc.forward(|enc| self.forward(enc, inner)),
            Node::Aligned(..) | Node::Batch(_) | Node::Dropped(_) => unreachable!("the callers do these"),
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

/// The items placed so far, the last one in the code first.
struct Model {
    items: Vec<Item>,
    /// The open blocks: for aligned ones the index where what will be moved begins, and how far it may be moved; a forward one is not moved.
    blocks: Vec<(usize, Option<usize>)>,
    /// In which block a label is known, by the number of open blocks; `None` before it is made.
    owners: Vec<Option<usize>>,
    alignment: u32,
}

impl Model {
    fn placed<M: Machine>(&self) -> usize {
        self.items.iter().map(Item::len::<M>).sum()
    }

    fn own(&mut self, label: usize) -> usize {
        let label = label % self.owners.len();
        self.owners[label].get_or_insert(self.blocks.len());
        label
    }

    fn leave(&mut self) -> usize {
        let (start, _) = self.blocks.pop().expect("a block is open");
        for owner in self.owners.iter_mut().flatten() {
            *owner = (*owner).min(self.blocks.len());
        }
        start
    }

    /// The bytes between the label with this index, if it is bound outside of the blocks that are not its own, and here, when these have been moved as far as
    /// they may be.
    fn up<M: Machine>(&self, label: usize) -> Option<usize> {
        let is_bound = |item: &Item| matches!(item, Item::Label(bound) if *bound == label);
        let at = self.items.iter().rposition(is_bound)?;
        let between = &self.blocks[self.owners[label]?..];
        let is_outside = between.first().is_none_or(|&(start, _)| at < start);
        let moves: usize = between.iter().map(|&(_, most)| most).sum::<Option<usize>>()?;
        is_outside.then(|| self.items[at..].iter().map(Item::len::<M>).sum::<usize>() + moves)
    }

    fn gap<M: Machine>(&mut self, align: u32) -> usize {
        self.alignment = self.alignment.max(align);
        let align = align as usize;
        (align - self.placed::<M>() % align) % align
    }

    fn pin(&mut self) {
        let here = self.items.len();
        self.blocks.iter_mut().for_each(|(start, _)| *start = here);
        self.owners.iter_mut().flatten().for_each(|owner| *owner = 0);
    }

    fn backward<M: Machine>(&mut self, nodes: &[Node]) {
        for node in nodes.iter().rev() {
            match node {
                Node::Align(align) => {
                    let gap = self.gap::<M>(*align);
                    self.items.push(Item::Zeros(gap));
                    self.pin();
                }
                Node::AlignCode(align) => {
                    let gap = self.gap::<M>(*align);
                    self.items.push(Item::Gap(gap));
                    self.pin();
                }
                Node::Aligned(align, inner) => {
                    self.blocks.push((self.items.len(), Some(*align as usize)));
                    self.backward::<M>(inner);
                    let gap = self.gap::<M>(*align);
                    let start = self.leave();
                    self.items.insert(start, Item::Gap(gap));
                    self.pin();
                }
                Node::Batch(inner) => self.backward::<M>(inner),
                Node::Forward(inner) => {
                    let mut block = Vec::new();
                    self.forward::<M>(inner, &mut block);
                    self.items.extend(block.into_iter().rev());
                }
                Node::Refer(kind, label) => {
                    let label = self.own(*label);
                    let short = self.up::<M>(label).is_some_and(|up| M::is_short(*kind, up));
                    let len = M::refer_bytes(*kind, short, 0).len();
                    self.items.push(Item::Refer { kind: *kind, short, label, len });
                }
                _ => {
                    let item = self.plain::<M>(node);
                    self.items.extend(item);
                }
            }
        }
    }

    fn forward<M: Machine>(&mut self, nodes: &[Node], block: &mut Vec<Item>) {
        self.blocks.push((self.items.len(), None));
        for node in nodes {
            match node {
                Node::Forward(inner) => self.forward::<M>(inner, block),
                Node::Refer(kind, label) => {
                    let (label, len) = (self.own(*label), M::refer_bytes(*kind, false, 0).len());
                    block.push(Item::Refer { kind: *kind, short: false, label, len });
                }
                _ => block.extend(self.plain::<M>(node)),
            }
        }
        self.leave();
    }

    fn plain<M: Machine>(&mut self, node: &Node) -> Option<Item> {
        Some(match node {
            Node::Run(count) => Item::Bytes(M::run_bytes(*count)),
            Node::Bind(label) => Item::Label(self.own(*label)),
            Node::Symbol(symbol) => Item::Symbol(*symbol),
            Node::Late(late) => Item::Bytes(M::late_bytes(LATE[*late])),
            Node::Data(bytes) => Item::Bytes(bytes.clone()),
            Node::Dropped(_) => return None,
            _ => unreachable!("the callers do these"),
        })
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

fn expected<M: Machine>(program: &Program) -> Expected {
    let owners = program.early.iter().map(|early| early.then_some(0)).collect();
    let mut model = Model { items: Vec::new(), blocks: Vec::new(), owners, alignment: 1 };
    model.backward::<M>(&program.nodes);
    let mut len = 0;
    let mut labels = vec![0; program.labels];
    let mut items = Vec::new();
    for item in model.items.into_iter().rev() {
        if let Item::Label(label) = item {
            labels[label] = len;
        }
        let at = len;
        len += item.len::<M>();
        items.push((at, item));
    }
    Expected { items, len, labels, alignment: model.alignment }
}

impl Expected {
    /// What is different in the crate's code; finishes twice, which must not matter.
    fn compare<M: Machine>(&self, enc: &mut Encoder<'_, M>, placing: &Placing) -> Result<(), String> {
        let first = enc.finish().map(|code| code.bytes().to_vec()).map_err(|error| error.to_string())?;
        let code = enc.finish().map_err(|error| error.to_string())?;
        let bytes = code.bytes();
        if bytes != first {
            return Err("finishing again gives other bytes".into());
        }
        if bytes.len() != self.len || code.end_alignment() != self.alignment {
            return Err(format!(
                "{} bytes and alignment {}, not {} and {}",
                bytes.len(),
                code.end_alignment(),
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

/// Places a random program into growing, exact and too small memory.
pub fn is_as_expected<M: Machine>(numbers: &[u64], drops: bool) -> TestResult {
    let program = program::<M>(numbers, drops);
    match compare_all::<M>(&program) {
        Ok(()) => TestResult::passed(),
        Err(difference) => TestResult::error(format!("{difference}\nin {program:?}")),
    }
}

fn compare_all<M: Machine>(program: &Program) -> Result<(), String> {
    let expected = expected::<M>(program);
    let mut enc = Encoder::<M>::new();
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
        let mut enc = Encoder::<M>::in_slice(&mut memory[AROUND..AROUND + len]);
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
