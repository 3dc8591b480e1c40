//! Random programs with blocks, and what they must become.
//!
//! A program is a tree in reading order: instructions, references, labels, data, alignments, and blocks of the same. It
//! is placed by the crate, in an encoder of either direction ([`placing`]), and laid out by a [`model`] that knows no
//! buffers, positions or fixups. Both must come to the same bytes.

// Every test is a crate by itself and uses a part of this.
#![allow(dead_code)]

pub mod a64;
mod model;
mod placing;
pub mod x64;

use placing::{Way, place};
use quickcheck::TestResult;
use tailfirst::{Direction, Down, Encoder, FinishError, Isa, Label, Late, Symbol, Up};
use tailfirst_roundtrip::choices::{self, Choices};

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
    /// The late immediate gets its value, unless it has that already.
    SetLate(usize),
    /// An instruction with a late immediate of its own, of this value.
    OwnLate(usize),
    Data(Vec<u8>),
    /// Data that begins at a power of two, with this label of its own.
    DataAligned(u32, Vec<u8>, usize),
    /// To a power of two; with zeros.
    Align(u32),
    /// The same with instructions.
    AlignCode(u32),
    Forward(By, Vec<Node>),
    Backward(By, Vec<Node>),
    Aligned(u32, Vec<Node>),
    /// Placed with all other cold parts.
    Cold(By, Vec<Node>),
    /// Where the cold parts go that wait.
    PlaceCold,
    /// Placed in one go.
    Batch(Vec<Node>),
    /// Placed, and rolled back.
    Dropped(Vec<Node>),
}

/// How a block is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// `forward`, `backward`, `cold`.
    Closure,
    /// `begin_block` and `end_block`, `begin_cold` and `end_cold`.
    Pair,
}

#[derive(Debug)]
pub struct Program {
    pub nodes: Vec<Node>,
    /// The number of labels that can be referred to. Those of aligned data have the numbers behind these.
    pub labels: usize,
    /// Which of all labels are made before everything else; the others are when they are first needed.
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
    /// Whether the kind has a short form that reaches a label above it, or below, with so many bytes of code between.
    fn is_short(kind: usize, above: bool, between: usize) -> bool;
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
    /// The direction of the encoder that the node is placed in.
    up: bool,
    alignments: bool,
    /// Inside an aligned block that may be moved.
    moved: bool,
    drops: bool,
}

/// A random program for an encoder whose code grows up, or down.
fn program<M: Machine>(numbers: &[u64], up: bool, drops: bool) -> Program {
    let mut maker = Maker { choices: Choices::new(numbers), left: numbers.len() / 2 + 1, labels: 0, data_labels: 0 };
    let mut nodes = Vec::new();
    let place = Place { depth: 0, up, alignments: true, moved: false, drops };
    while maker.left > 0 {
        nodes.extend(maker.list::<M>(place));
    }
    nodes.push(Node::Bind(maker.labels));
    let Maker { choices: ref mut c, labels, data_labels, .. } = maker;
    let labels = labels + 1;
    // The labels of data are made with it.
    let early = (0..labels).map(|_| c.rarely(2)).chain((0..data_labels).map(|_| false)).collect();
    Program { nodes, labels, early }
}

struct Maker<'a> {
    choices: Choices<'a>,
    /// How many nodes are still to be made.
    left: usize,
    labels: usize,
    data_labels: usize,
}

impl Maker<'_> {
    fn bind(&mut self, count: usize) -> impl Iterator<Item = Node> + use<> {
        let first = self.labels;
        self.labels += count;
        (first..self.labels).map(Node::Bind)
    }

    fn by(&mut self) -> By {
        self.choices.one_of(&[By::Closure, By::Pair])
    }

    fn data<M: Machine>(&mut self) -> Vec<u8> {
        (0..self.choices.below(10) * M::UNIT).map(|i| i as u8 ^ 0xC5).collect()
    }

    fn list<M: Machine>(&mut self, place: Place) -> Vec<Node> {
        let mut nodes = Vec::new();
        while self.left > 0 {
            self.left -= 1;
            let inside = Place { depth: place.depth + 1, ..place };
            let is_deep = place.depth >= 7;
            // What is moved is the block around, not what is placed in this one.
            let block = |up| Place { up, moved: place.moved && up == place.up, ..inside };
            nodes.push(match self.choices.below(32) {
                0 => Node::Run(self.choices.below(4)),
                1 => Node::Run(110 + self.choices.below(20)),
                2..=6 => Node::Refer(self.choices.below(M::KINDS), self.choices.below(100)),
                7 | 8 => {
                    nodes.extend(self.bind(1));
                    continue;
                }
                9 => Node::Symbol(self.choices.below(5) as u32),
                10 => Node::Late(self.choices.below(LATE.len())),
                11 => Node::SetLate(self.choices.below(LATE.len())),
                12 => Node::OwnLate(self.choices.below(LATE.len())),
                13 => Node::Data(self.data::<M>()),
                14 if place.alignments => {
                    self.data_labels += 1;
                    Node::DataAligned(1 << self.choices.below(7), self.data::<M>(), self.data_labels - 1)
                }
                15 if place.alignments => Node::Align(1 << self.choices.below(7)),
                16 if place.alignments => Node::AlignCode(1 << self.choices.below(7)),
                17 | 18 if !is_deep => Node::Forward(self.by(), self.list::<M>(block(true))),
                19 | 20 if !is_deep => Node::Backward(self.by(), self.list::<M>(block(false))),
                21 | 22 if !is_deep && place.alignments => {
                    let moved = place.moved || !place.up;
                    Node::Aligned(1 << self.choices.below(7), self.list::<M>(Place { moved, ..inside }))
                }
                23 if place.drops && !is_deep => {
                    nodes.extend(self.dropped::<M>(inside));
                    continue;
                }
                24 if place.depth > 0 => break,
                27 | 28 if !is_deep => Node::Cold(self.by(), self.list::<M>(Place { moved: false, ..inside })),
                29 if place.alignments => Node::PlaceCold,
                25 | 26 if !is_deep => Node::Batch(self.list::<M>(inside)),
                _ => Node::Run(1),
            });
        }
        nodes
    }

    /// Something to be dropped. Where the snapshot is, labels are often bound, before it and after.
    fn dropped<M: Machine>(&mut self, inside: Place) -> Vec<Node> {
        // Alignment makes what is around it unmovable, and so a snapshot from inside an aligned block stale.
        let inside = Place { alignments: inside.alignments && !inside.moved, ..inside };
        let beyond = 1000 + self.choices.below(1000);
        let (labels, data_labels) = (std::mem::replace(&mut self.labels, beyond), self.data_labels);
        let count = self.choices.below(3);
        let mut dropped: Vec<Node> = self.bind(count).collect();
        dropped.extend(self.list::<M>(inside));
        let count = self.choices.below(3);
        dropped.extend(self.bind(count));
        (self.labels, self.data_labels) = (labels, data_labels);
        let (before, after) = (self.choices.below(3), self.choices.below(3));
        self.bind(before).chain([Node::Dropped(dropped)]).chain(self.bind(after)).collect()
    }
}

/// What is wrong with a random program, placed into growing, exact, too small and larger memory, in both directions.
pub fn mistake<M: Machine>(numbers: &[u64], drops: bool) -> Option<String> {
    let ways = [
        ("down", false, compare_all::<M, Down> as fn(&Program) -> Result<(), String>),
        ("up", true, compare_all::<M, Up>),
    ];
    ways.into_iter().find_map(|(name, up, compare)| {
        let program = program::<M>(numbers, up, drops);
        compare(&program).err().map(|difference| format!("{name}: {difference}\nin {program:?}"))
    })
}

pub fn is_as_expected<M: Machine>(numbers: &[u64], drops: bool) -> TestResult {
    mistake::<M>(numbers, drops).map_or_else(TestResult::passed, TestResult::error)
}

fn compare_all<M: Machine, D: Way>(program: &Program) -> Result<(), String> {
    let expected = model::expected::<M>(program, D::UP);
    let mut enc = Encoder::<M, D>::new();
    let placing = place(&mut enc, program);
    expected.compare(&mut enc, &placing.labels)?;
    // Again, in memory that has been used.
    enc.clear();
    let placing = place(&mut enc, program);
    expected.compare(&mut enc, &placing.labels)?;

    let less = [0, 1].into_iter().chain((1..=6).map(|part| expected.len * part / 6));
    let less = less.map(|missing| expected.len.saturating_sub(missing));
    // With room for the code, but not for what is dropped, or for all that a batch may need.
    let more = [1, 20, 100, 1500].map(|more| expected.len + more);
    for len in less.chain(more).step_by(choices::stride().min(4)) {
        compare_in_slice::<M, D>(program, &expected, len)?;
    }
    Ok(())
}

fn compare_in_slice<M: Machine, D: Way>(
    program: &Program,
    expected: &model::Expected,
    len: usize,
) -> Result<(), String> {
    const AROUND: usize = 100;
    let mut memory = vec![0xEE; len + 2 * AROUND];
    let mut enc = Encoder::<M, D>::in_slice(&mut memory[AROUND..AROUND + len]);
    for _ in 0..2 {
        let placing = place(&mut enc, program);
        if len >= expected.len {
            expected.compare(&mut enc, &placing.labels).map_err(|error| format!("in a slice of {len}: {error}"))?;
        } else if enc.finish().err() != Some(FinishError::OutOfSpace { needed: expected.len }) {
            return Err(format!("{:?} in a slice of {len}, where {} are needed", enc.finish().err(), expected.len));
        }
        enc.clear();
    }
    drop(enc);
    if [&memory[..AROUND], &memory[AROUND + len..]].concat().iter().any(|byte| *byte != 0xEE) {
        return Err("written outside the slice".into());
    }
    Ok(())
}
