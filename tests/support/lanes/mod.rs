//! Plain Rust models of instructions, and what executes forms to compare them.
//!
//! A model belongs to mnemonics and says what one lane, or one vector, becomes. [`execute`] makes every combination of
//! register, memory and broadcast source and of masks that a form has, executes it on random inputs, and compares all
//! registers: a legacy SSE form leaves what is above 128 bits, one with VEX or EVEX clears
//! it, and no other register changes.

pub mod arrange;
pub mod bits;
pub mod crypto;
pub mod execute;
pub mod fields;
pub mod float;
pub mod gather;
pub mod general;
pub mod half;
pub mod implicit;
pub mod integer;
pub mod machine;
pub mod masks;
pub mod mmx;
pub mod partial;
pub mod shape;
pub mod strings;
pub mod sums;

use execute::Random;
use machine::{Bytes, State};
use shape::Place;
use std::collections::HashMap;

/// What a model reads.
pub struct In {
    /// All that the form reads but immediates, in the order of operands: first the destination where it is read.
    pub s: Vec<Bytes>,
    pub imm: Option<u64>,
    /// The size of the destination.
    pub dest: usize,
    /// The size of the last source that is a register or as large as one.
    pub source: usize,
    /// Whether that source is in memory.
    pub memory: bool,
    /// Whether the destination is a mask register.
    pub gives_mask: bool,
    /// The flags before.
    pub flags: u64,
}

impl In {
    /// The bytes within which lanes are moved: 16, of MMX registers 8.
    pub fn segment(&self) -> usize {
        self.dest.min(16)
    }
}

/// What a model writes.
pub struct Out {
    pub bytes: Bytes,
    /// How many lanes a mask chooses from; none above are kept.
    pub lanes: usize,
    /// Flags, and those of them that are undefined.
    pub flags: Option<(u64, u64)>,
}

impl Out {
    pub fn vector(bytes: Bytes, lanes: usize) -> Out {
        Out { bytes, lanes, flags: None }
    }

    pub fn number(value: u64) -> Out {
        let mut bytes = [0; 64];
        bytes[..8].copy_from_slice(&value.to_le_bytes());
        Out::vector(bytes, 64)
    }
}

/// What inputs are made of. There are no NaNs among floating-point numbers, so a result that is one comes from the
/// operation, and is compared with no regard to its bits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fill {
    Bits,
    F32,
    F64,
    /// Numbers of 32 bits that are of few bits, and exact in every format.
    Small32,
    Small64,
}

pub struct Model {
    /// The size of a destination's lane.
    pub width: usize,
    pub fill: Fill,
    /// The size of lanes of the result that may be NaN.
    pub nan: Option<usize>,
    /// Of immediates, those bits that matter.
    pub immediates: u64,
    /// The source whose lanes stand where merging would keep the destination's.
    pub otherwise: Option<usize>,
    pub function: Box<dyn Fn(&In) -> Out>,
    /// What happens where the explicit operands do not tell it all. It stands in `function`'s place.
    pub effect: Option<Box<Effect>>,
    /// Makes operands that the instruction does not fault on; false where there are none, or no result is defined.
    pub prepare: Option<Box<Prepare>>,
    /// How many bytes of the destination are compared; what is above is undefined.
    pub compared: usize,
}

/// Changes the state, and says which flags are undefined.
pub type Effect = dyn Fn(&Doing<'_>, &mut State) -> u64;

pub type Prepare = dyn Fn(&[Place], &mut State, &mut Random) -> bool;

/// What an effect is told.
pub struct Doing<'a> {
    pub places: &'a [Place],
    pub before: &'a State,
    /// Whether the rest of a vector register becomes zero.
    pub clears: bool,
}

impl Model {
    /// A model of bits, all of which may be any.
    pub fn new(width: usize, function: impl Fn(&In) -> Out + 'static) -> Model {
        Model {
            width,
            fill: Fill::Bits,
            nan: None,
            immediates: u64::MAX,
            otherwise: None,
            function: Box::new(function),
            effect: None,
            prepare: None,
            compared: 64,
        }
    }

    /// A model that changes the state itself.
    pub fn of_effect(effect: impl Fn(&Doing<'_>, &mut State) -> u64 + 'static) -> Model {
        let model = Model::new(8, |_| unreachable!("the effect is asked"));
        Model { effect: Some(Box::new(effect)), ..model }
    }
}

/// A lane's inputs, zero-extended.
#[derive(Debug, Clone, Copy)]
pub struct L {
    pub a: u64,
    pub b: u64,
    pub c: u64,
    pub imm: u64,
    pub bits: u32,
    /// The lane's number.
    pub i: usize,
}

impl L {
    pub fn signed(self, value: u64) -> i64 {
        (value as i64) << (64 - self.bits) >> (64 - self.bits)
    }

    pub fn sa(self) -> i64 {
        self.signed(self.a)
    }

    pub fn sb(self) -> i64 {
        self.signed(self.b)
    }

    /// The lane's lowest and highest signed number.
    pub fn range(self) -> (i128, i128) {
        (-(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1)
    }

    pub fn ones(self) -> u64 {
        u64::MAX >> (64 - self.bits)
    }
}

/// A lane of `width` bytes.
pub fn get(bytes: &Bytes, width: usize, i: usize) -> u64 {
    let mut number = [0; 8];
    number[..width].copy_from_slice(&bytes[i * width..][..width]);
    u64::from_le_bytes(number)
}

pub fn put(bytes: &mut Bytes, width: usize, i: usize, value: u64) {
    bytes[i * width..][..width].copy_from_slice(&value.to_le_bytes()[..width]);
}

/// What has forms with LOCK.
const LOCKED: &str = "add or adc sbb and sub xor inc dec not neg bts btr btc xchg xadd cmpxchg";

/// All models, by mnemonic.
#[derive(Default)]
pub struct Models {
    pub models: Vec<Model>,
    pub by_name: HashMap<String, usize>,
    /// The names that each model was given.
    pub names: Vec<Vec<String>>,
}

impl Models {
    pub fn all() -> Models {
        let mut models = Models::default();
        integer::add(&mut models);
        float::add(&mut models);
        arrange::add(&mut models);
        masks::add(&mut models);
        general::add(&mut models);
        bits::add(&mut models);
        implicit::add(&mut models);
        crypto::add(&mut models);
        fields::add(&mut models);
        strings::add(&mut models);
        gather::add(&mut models);
        partial::add(&mut models);
        sums::add(&mut models);
        half::add(&mut models);
        mmx::add(&mut models);
        models.lock();
        models
    }

    pub fn add(&mut self, names: &[String], model: Model) -> &mut Model {
        let index = self.models.len();
        self.models.push(model);
        self.names.push(names.to_vec());
        for name in names {
            assert!(self.by_name.insert(name.clone(), index).is_none(), "two models of {name}");
        }
        &mut self.models[index]
    }

    /// LOCK changes nothing that one thread sees.
    fn lock(&mut self) {
        for name in LOCKED.split(' ') {
            let index = self.by_name[name];
            self.by_name.insert(format!("lock {name}"), index);
        }
    }

    /// Names as written, with spaces between them, and also with a `v` in front.
    pub fn whole(&mut self, names: &str, width: usize, function: impl Fn(&In) -> Out + 'static) -> &mut Model {
        let names: Vec<String> = names.split(' ').flat_map(|name| [name.to_string(), format!("v{name}")]).collect();
        self.add(&names, Model::new(width, function))
    }

    /// A vector of the destination's size, lane by lane, from as wide lanes.
    pub fn lanes(&mut self, names: &str, width: usize, f: impl Fn(L) -> u64 + 'static) -> &mut Model {
        self.whole(names, width, move |input| {
            let lanes = input.dest / width;
            let mut out = [0; 64];
            for i in 0..lanes {
                put(&mut out, width, i, f(lane(input, width, i)));
            }
            Out::vector(out, lanes)
        })
    }

    /// The same for lanes of eight bytes, where a mask chooses from bytes.
    pub fn lanes_of_bytes(&mut self, names: &str, f: impl Fn(L) -> u64 + 'static) -> &mut Model {
        self.whole(names, 1, move |input| {
            let mut out = [0; 64];
            for i in 0..input.dest / 8 {
                put(&mut out, 8, i, f(lane(input, 8, i)));
            }
            Out::vector(out, input.dest)
        })
    }

    /// The same for lanes of several sizes, whose letters end the name.
    pub fn sizes(&mut self, stem: &str, letters: &str, f: impl Fn(L) -> u64 + Copy + 'static) {
        for letter in letters.chars() {
            self.lanes(&format!("{stem}{letter}"), size(letter), f);
        }
    }

    /// A vector of other lanes, one for each of the source.
    pub fn convert(&mut self, names: &str, from: usize, to: usize, f: impl Fn(u64) -> u64 + 'static) -> &mut Model {
        self.whole(names, to, move |input| {
            let lanes = (input.dest / to).min(input.source / from);
            let mut out = [0; 64];
            for i in 0..lanes {
                put(&mut out, to, i, f(get(&input.s[0], from, i)));
            }
            Out::vector(out, lanes)
        })
    }
}

/// The size that a mnemonic's last letter means.
pub fn size(letter: char) -> usize {
    match letter {
        'b' => 1,
        'w' => 2,
        'd' => 4,
        'q' => 8,
        _ => unreachable!("{letter} is no size"),
    }
}

pub fn lane(input: &In, width: usize, i: usize) -> L {
    let source = |n: usize| input.s.get(n).map_or(0, |bytes| get(bytes, width, i));
    L { a: source(0), b: source(1), c: source(2), imm: input.imm.unwrap_or(0), bits: 8 * width as u32, i }
}
