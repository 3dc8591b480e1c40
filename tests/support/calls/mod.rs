//! Random safe calls, right and wrong, and what must hold whatever they are.
//!
//! What correct programs become is known by a model (`trees`). Here labels are bound twice or never, snapshots are
//! stale or another block's, closures panic, batches and blocks are left by that, and lies are told about sites. Of
//! that no model says what it becomes, but these must hold:
//!
//! * No call panics.
//! * A program's result is the same in an encoder that is fresh, in one that is used again, and in every slice that is
//!   large enough. A smaller one says how much is needed, or reports the mistake.
//! * Nothing is written outside the slice.
//! * Finishing again changes nothing.

// Every test is a crate by itself and uses a part of this.
#![allow(dead_code)]

mod a64;
mod placing;
mod x64;

use placing::{Way, run};
use quickcheck::TestResult;
use std::{any::Any, panic::catch_unwind};
use tailfirst::{Code, Direction, Down, Encoder, FinishError, Isa, Label, Late, SiteKind, Up};
use tailfirst_roundtrip::choices::Choices;

#[derive(Debug, Clone)]
pub enum Call {
    /// So many instructions that refer to nothing.
    Run(usize),
    /// An instruction of this kind, to this label.
    Refer(usize, Name),
    Make,
    Bind(Name),
    Here,
    Late(usize),
    SetLate(usize, i64),
    Data(usize),
    DataAligned(u32, usize),
    DataOffset(Name),
    DataAddress(Name),
    Align(u32),
    AlignCode(u32),
    /// A constant of so many bytes, and a load of it.
    Constant(usize, u8, u32),
    ConstantAddress(Name),
    Pool,
    PlaceCold,
    Site(SiteKind, usize, Name),
    Block(Around, Vec<Call>),
    Snapshot,
    Rollback(usize),
    Finish,
    Unfinished,
    Clear,
    /// Out of all closures, up to the one that catches it.
    Panic,
}

/// What calls are made in.
#[derive(Debug, Clone, Copy)]
pub enum Around {
    Forward,
    Backward,
    /// `begin_block`, `end_block`.
    Pair,
    /// `begin_block`, and never an end.
    Begun,
    Aligned(u32),
    Batch,
    /// What is inside a late immediate's closure, and a patch site's.
    WithLate(usize),
    Patchable(SiteKind),
    Cold,
    /// What panics inside is caught.
    Caught,
}

/// One of the labels that there are, or another encoder's.
#[derive(Debug, Clone, Copy)]
pub enum Name {
    Own(usize),
    Foreign(usize),
}

pub const KINDS: [SiteKind; 7] = [
    SiteKind::X64Rel32,
    SiteKind::A64Branch,
    SiteKind::A64Conditional,
    SiteKind::X64Imm32,
    SiteKind::X64Imm64,
    SiteKind::A64Literal,
    SiteKind::Slot,
];

/// What the instruction sets do not have in common.
pub trait Machine: Isa + Sized {
    const REFERENCES: usize;

    fn plain<D: Direction>(enc: &mut Encoder<'_, Self, D>, number: usize);
    fn refer<D: Direction>(enc: &mut Encoder<'_, Self, D>, kind: usize, label: Label);
    fn late<D: Direction>(enc: &mut Encoder<'_, Self, D>, late: Late);
    /// Runs `inside` where a late immediate's instruction belongs.
    fn with_late<D: Direction>(
        enc: &mut Encoder<'_, Self, D>,
        late: Late,
        inside: impl FnOnce(&mut Encoder<'_, Self, D>),
    );
}

struct Maker<'a> {
    choices: Choices<'a>,
    left: usize,
}

impl Maker<'_> {
    fn name(&mut self) -> Name {
        let number = self.choices.below(16);
        if self.choices.rarely(40) { Name::Foreign(number) } else { Name::Own(number) }
    }

    fn align(&mut self) -> u32 {
        1 << self.choices.below(8)
    }

    fn len(&mut self) -> usize {
        match self.choices.below(8) {
            0..6 => 4 * self.choices.below(20),
            6 => self.choices.below(80),
            _ => 100 * self.choices.below(30),
        }
    }

    fn around(&mut self) -> Around {
        match self.choices.below(18) {
            0..3 => Around::Forward,
            3..6 => Around::Backward,
            6 | 7 => Around::Pair,
            8..10 => Around::Aligned(self.align()),
            10..12 => Around::Batch,
            12 => Around::Caught,
            13 => Around::WithLate(self.choices.below(3)),
            14 => Around::Patchable(self.choices.one_of(&KINDS)),
            15 | 16 => Around::Cold,
            _ if self.choices.rarely(3) => Around::Begun,
            _ => Around::Pair,
        }
    }

    fn list<M: Machine>(&mut self, depth: usize) -> Vec<Call> {
        let mut calls = Vec::new();
        while self.left > 0 {
            self.left -= 1;
            calls.push(match self.choices.below(42) {
                0 => Call::Run(1),
                1 => Call::Run(self.choices.below(60)),
                2..7 => Call::Refer(self.choices.below(M::REFERENCES), self.name()),
                7 | 8 => Call::Make,
                9..12 => Call::Bind(self.name()),
                12 | 13 => Call::Here,
                14 => Call::Late(self.choices.below(3)),
                15 => Call::SetLate(self.choices.below(3), self.choices.one_of(&[0, 40, 4095, -1, i64::MAX])),
                16 => Call::Data(self.len()),
                17 => Call::DataAligned(self.align(), self.len()),
                18 => Call::DataOffset(self.name()),
                19 => Call::DataAddress(self.name()),
                20 => Call::Align(self.align()),
                21 => Call::AlignCode(self.align()),
                22 | 23 => Call::Constant(self.choices.below(67), self.choices.below(3) as u8, self.align()),
                24 => Call::ConstantAddress(self.name()),
                25 => Call::Pool,
                26 => {
                    let kind = self.choices.one_of(&KINDS);
                    Call::Site(kind, self.choices.below(M::REFERENCES + 1), self.name())
                }
                27..32 if depth < 6 => Call::Block(self.around(), self.list::<M>(depth + 1)),
                32 => Call::Snapshot,
                33 | 34 => Call::Rollback(self.choices.below(8)),
                39 => Call::PlaceCold,
                35 if self.choices.rarely(4) => Call::Finish,
                36 if self.choices.rarely(2) => Call::Unfinished,
                37 if self.choices.rarely(8) => Call::Clear,
                38 if self.choices.rarely(4) => Call::Panic,
                _ if depth > 0 => break,
                _ => Call::Run(1),
            });
        }
        calls
    }
}

/// What does not hold of a random program.
pub fn mistake<M: Machine>(numbers: &[u64]) -> Option<String> {
    let mut maker = Maker { choices: Choices::new(numbers), left: numbers.len() / 2 + 1 };
    let mut calls = Vec::new();
    while maker.left > 0 {
        calls.extend(maker.list::<M>(0));
    }
    let ways = [("down", mistake_in::<M, Down> as fn(&[Call]) -> Option<String>), ("up", mistake_in::<M, Up>)];
    ways.into_iter().find_map(|(name, mistake)| {
        let mistake =
            catch_unwind(|| mistake(&calls)).unwrap_or_else(|panic| Some(format!("panic: {}", text(&*panic))));
        mistake.map(|mistake| format!("{name}: {mistake}\nin {calls:?}"))
    })
}

/// What a panic says.
fn text(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text")
}

/// As a test's result.
pub fn holds<M: Machine>(numbers: &[u64]) -> TestResult {
    mistake::<M>(numbers).map_or_else(TestResult::passed, TestResult::error)
}

/// Links code for an address.
fn link<M: Machine>(code: &mut Code<'_, M>) {
    code.link(0x1_0000, |symbol| Some(u64::from(symbol.0) << 20)).expect("whatever it refers to is near");
}

/// What a program has become: its bytes, or what is wrong. Linked, since it may have been linked before.
fn outcome<M: Machine, D: Way>(enc: &mut Encoder<'_, M, D>) -> Result<Vec<u8>, FinishError> {
    enc.finish().map(|mut code| {
        link(&mut code);
        code.bytes().to_vec()
    })
}

/// Of what is wrong, labels are those of a run, so only the kind is compared.
fn is_same(one: &Result<Vec<u8>, FinishError>, other: &Result<Vec<u8>, FinishError>) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => one == other,
        (Err(one), Err(other)) => std::mem::discriminant(one) == std::mem::discriminant(other),
        _ => false,
    }
}

fn mistake_in<M: Machine, D: Way>(calls: &[Call]) -> Option<String> {
    let mut enc = Encoder::<M, D>::new();
    run(&mut enc, calls);
    let expected = outcome(&mut enc);
    let again = outcome(&mut enc);
    if !is_same(&expected, &again) {
        return Some(format!("finished again {again:02x?}, not {expected:02x?}"));
    }
    enc.clear();
    run(&mut enc, calls);
    let again = outcome(&mut enc);
    if !is_same(&expected, &again) {
        return Some(format!("used again {again:02x?}, not {expected:02x?}"));
    }
    let len = match &expected {
        Ok(bytes) => bytes.len(),
        Err(_) => 200,
    };
    let sizes = (0..=6).map(|part| len * part / 6).chain([len.saturating_sub(1), len + 1, len + 50, len + 1500]);
    sizes.into_iter().find_map(|size| {
        const GUARD: usize = 100;
        let mut memory = vec![0xEE; GUARD + size + GUARD];
        let mut enc = Encoder::<M, D>::in_slice(&mut memory[GUARD..GUARD + size]);
        for _ in 0..2 {
            run(&mut enc, calls);
            let found = outcome(&mut enc);
            let is_right = match (&expected, &found) {
                (Ok(bytes), Err(FinishError::OutOfSpace { needed })) => size < len && *needed == bytes.len(),
                (Ok(_), _) => size >= len && found == expected,
                (Err(_), Err(FinishError::OutOfSpace { .. })) => true,
                (Err(_), _) => is_same(&expected, &found),
            };
            if !is_right {
                return Some(format!("in a slice of {size} {found:02x?}, not {expected:02x?}"));
            }
            enc.clear();
        }
        drop(enc);
        let mut outside = memory[..GUARD].iter().chain(&memory[GUARD + size..]);
        outside.any(|byte| *byte != 0xEE).then(|| format!("written outside a slice of {size}"))
    })
}
