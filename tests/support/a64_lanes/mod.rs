//! Plain Rust models of AArch64 instructions, and what executes forms to compare them.
//!
//! A model belongs to mnemonics and says what a lane of the destination, or all of it, becomes: `add` is one model for
//! general registers, Advanced SIMD and SVE, whatever the lanes' size. What the forms of a mnemonic have in common is
//! done here: which lanes of the sources belong to one of the destination, where a governing predicate keeps or clears
//! lanes, that writing a W register clears the upper half of X, and a V register what is above it.

pub mod arrange;
pub mod bfloat;
pub mod complex;
pub mod crypto;
pub mod estimate;
pub mod execute;
pub mod float;
pub mod float_halves;
pub mod general;
pub mod integer;
pub mod machine;
pub mod outer;
pub mod predicates;
pub mod random;
pub mod reduce;
pub mod saturate;
pub mod search;
pub mod shape;
pub mod sm;

use random::Fill;
use std::collections::HashMap;

/// A number of `bits` bits.
#[derive(Debug, Clone, Copy, Default)]
pub struct N {
    raw: u128,
    bits: u32,
}

impl N {
    pub fn new(raw: u128, bits: u32) -> N {
        let unused = 128 - bits;
        N { raw: raw << unused >> unused, bits }
    }

    /// As an unsigned number.
    pub fn u(self) -> i128 {
        self.raw as i128
    }

    /// As a signed number.
    pub fn s(self) -> i128 {
        let unused = 128 - self.bits;
        (self.raw as i128) << unused >> unused
    }

    pub fn lane_bits(self) -> u32 {
        self.bits
    }

    pub fn number(self, signed: bool) -> i128 {
        if signed { self.s() } else { self.u() }
    }
}

/// What one lane of a destination is made of.
#[derive(Debug, Clone, Copy)]
pub struct L {
    /// The destination before.
    pub d: N,
    /// The sources, in the order of operands; the destination is one where the syntax has it twice.
    pub a: N,
    pub b: N,
    pub c: N,
    /// The size of the result.
    pub bits: u32,
    pub condition: bool,
    pub carry: i128,
    /// The lowest bit and the number of bits of a bit field.
    pub field: (u32, u32),
}

/// A source.
#[derive(Debug, Clone)]
pub enum Source {
    /// Lanes of so many bytes.
    Lanes(Vec<u8>, usize),
    /// The same for all lanes.
    All(N),
    /// A predicate's bits, one a byte of the vector, and the bytes of a lane. A lane is as its lowest bit is.
    Bits(Vec<bool>, usize),
}

impl Source {
    pub fn get(&self, i: usize) -> N {
        match self {
            Source::All(number) => *number,
            Source::Bits(bits, width) => N::new(bits[i * width].into(), 1),
            Source::Lanes(bytes, width) => {
                // A single lane is taken for all.
                let i = if bytes.len() == *width { 0 } else { i };
                let mut number = [0; 16];
                number[..*width].copy_from_slice(&bytes[i * width..][..*width]);
                N::new(u128::from_le_bytes(number), 8 * *width as u32)
            }
        }
    }

    /// The same, of a predicate with all bits of the lane.
    pub fn all_bits(&self, i: usize) -> i128 {
        match self {
            Source::Bits(bits, width) => (0..*width).map(|bit| i128::from(bits[i * width + bit]) << bit).sum(),
            _ => self.get(i).u(),
        }
    }

    pub fn lanes(&self) -> usize {
        match self {
            Source::All(_) => 1,
            Source::Bits(bits, width) => bits.len() / width,
            Source::Lanes(bytes, width) => bytes.len() / width,
        }
    }

    /// A lane's size in bytes; none where all lanes have the same.
    pub fn width(&self) -> Option<usize> {
        match self {
            Source::Lanes(_, width) => Some(*width),
            Source::All(_) | Source::Bits(..) => None,
        }
    }
}

/// What a model reads.
pub struct In {
    pub mnemonic: &'static str,
    /// The destination before; without lanes where there is none.
    pub d: Source,
    /// The size of its lanes in bytes.
    pub width: usize,
    /// The size of a result, which may stand in a larger lane.
    pub result: usize,
    /// The number of lanes.
    pub lanes: usize,
    pub s: Vec<Source>,
    /// Governing predicates, a bit a byte of the vector.
    pub governors: Vec<Vec<bool>>,
    /// The size of an element that they govern, in bytes.
    pub container: usize,
    /// Whether registers are scalable.
    pub scalable: bool,
    /// The bytes of a scalable vector.
    pub vector: usize,
    /// N, Z, C and V as bits 3 to 0.
    pub flags: u32,
    /// The condition's number, or the flags that stand as an immediate.
    pub condition: Option<u32>,
    pub given_flags: u32,
    pub field: (u32, u32),
    pub pattern: Option<u32>,
    /// Whether the syntax has a W register beside an X register that is written.
    pub half: bool,
    /// Which half of wide lanes each source is taken from, as SVE2's `B` and `T` say.
    pub tops: [bool; 3],
}

impl In {
    /// Whether a governing predicate has an element.
    pub fn active(&self, governor: usize, i: usize) -> bool {
        self.governors.get(governor).is_none_or(|bits| bits[i * self.container])
    }

    /// Which lane of a source belongs to a lane of the destination.
    fn place(&self, source: &Source, number: usize, i: usize) -> usize {
        let Some(width) = source.width() else { return i };
        let second = self.mnemonic.ends_with('2') && !self.scalable;
        match (width, self.scalable, self.governors.is_empty()) {
            _ if width == self.width => i,
            (_, true, false) => i * self.container / width,
            (_, true, true) if width < self.width => self.width / width * i + usize::from(self.tops[number]),
            (_, true, true) => i * self.width / width,
            (_, false, _) if width < self.width => {
                if second {
                    i + self.lanes
                } else {
                    i
                }
            }
            _ => i,
        }
    }

    pub fn lane(&self, i: usize) -> L {
        let source = |number: usize| self.s.get(number).map_or(N::default(), |s| s.get(self.place(s, number, i)));
        L {
            d: if self.d.lanes() > i { self.d.get(i) } else { N::default() },
            a: source(0),
            b: source(1),
            c: source(2),
            bits: 8 * self.result as u32,
            condition: self.condition.is_some_and(|condition| general::holds(condition, self.flags)),
            carry: i128::from(self.flags >> 1 & 1),
            field: self.field,
        }
    }

    /// Whether lanes become narrower without a predicate, so that SVE2 writes every second one.
    fn narrows(&self) -> bool {
        let wider = |source: &Source| source.width().is_some_and(|width| width > self.width);
        self.scalable && self.governors.is_empty() && self.s.first().is_some_and(wider)
    }
}

/// What a model writes.
pub struct Out {
    pub lanes: Vec<i128>,
    pub flags: Option<u32>,
}

impl Out {
    pub fn lanes(lanes: Vec<i128>) -> Out {
        Out { lanes, flags: None }
    }

    /// The lowest lane and zeros.
    pub fn one(value: i128) -> Out {
        Out::lanes(vec![value])
    }
}

pub struct Model {
    pub fill: Fill,
    /// Whether a result can be NaN.
    pub nan: bool,
    pub tops: [bool; 3],
    /// Whether a governing predicate chooses the lanes that are written.
    pub masked: bool,
    /// Whether lanes of predicates are written with all their bits, of which but the lowest mean nothing.
    pub all_bits: bool,
    function: Box<dyn Fn(&In) -> Out>,
}

/// All models, by mnemonic.
#[derive(Default)]
pub struct Models {
    pub models: Vec<Model>,
    pub by_name: HashMap<String, Vec<usize>>,
    /// The names that each model was given.
    pub names: Vec<String>,
    accepts: Vec<fn(&In) -> bool>,
}

impl Models {
    pub fn all() -> Models {
        let mut models = Models::default();
        integer::add(&mut models);
        saturate::add(&mut models);
        general::add(&mut models);
        float::add(&mut models);
        arrange::add(&mut models);
        reduce::add(&mut models);
        predicates::add(&mut models);
        crypto::add(&mut models);
        outer::add(&mut models);
        estimate::add(&mut models);
        bfloat::add(&mut models);
        float_halves::add(&mut models);
        complex::add(&mut models);
        search::add(&mut models);
        sm::add(&mut models);
        models
    }

    /// The model of a mnemonic for such operands.
    pub fn find(&self, input: &In) -> Option<&Model> {
        let all = self.by_name.get(input.mnemonic)?;
        all.iter().find(|index| (self.accepts[**index])(input)).map(|index| &self.models[*index])
    }

    /// A model of names, with spaces between them, for those operands that `accepts` says.
    pub fn some(
        &mut self,
        names: &str,
        accepts: fn(&In) -> bool,
        function: impl Fn(&In) -> Out + 'static,
    ) -> &mut Model {
        let index = self.models.len();
        self.models.push(Model {
            fill: Fill::Bits,
            nan: false,
            tops: [false; 3],
            masked: true,
            all_bits: false,
            function: Box::new(function),
        });
        self.accepts.push(accepts);
        self.names.push(names.into());
        for name in names.split(' ') {
            self.by_name.entry(name.into()).or_default().push(index);
        }
        &mut self.models[index]
    }

    pub fn whole(&mut self, names: &str, function: impl Fn(&In) -> Out + 'static) -> &mut Model {
        self.some(names, |_| true, function)
    }

    /// A model of one lane.
    pub fn lanes(&mut self, names: &str, f: impl Fn(L) -> i128 + 'static) -> &mut Model {
        self.whole(names, move |input| by_lanes(input, &f))
    }

    /// The same for SVE2's instructions on the bottom and top halves of wider lanes, which end in `b` and `t`.
    pub fn halves(&mut self, stem: &str, f: impl Fn(L) -> i128 + Copy + 'static) {
        for (letter, top) in [("b", false), ("t", true)] {
            self.lanes(&format!("{stem}{letter}"), f).tops = [top; 3];
        }
    }

    /// The same for a name, for Advanced SIMD's upper half, and for SVE2's halves.
    pub fn long(&mut self, stem: &str, f: impl Fn(L) -> i128 + Copy + 'static) {
        self.lanes(&format!("{stem} {stem}2"), f);
        self.halves(stem, f);
    }
}

fn by_lanes(input: &In, f: &impl Fn(L) -> i128) -> Out {
    let lane = |i: usize| {
        if !input.narrows() {
            return f(input.lane(i));
        }
        let top = input.tops[0];
        match (i % 2 == 1) == top {
            true => f(input.lane(i)),
            false if top => input.d.get(i).u(),
            false => 0,
        }
    };
    Out::lanes((0..input.lanes).map(lane).collect())
}

impl Model {
    pub fn run(&self, input: &In) -> Out {
        (self.function)(input)
    }
}
