//! Which form a word is.
//!
//! The word's highest bits lead to some forms. One of them it is if it has the form's fixed bits, if the fields hold
//! something that the operands can be, and if what the row says of them (`when`) holds.

use super::form::{Form, forms};

include!(concat!(env!("OUT_DIR"), "/aarch64_finder.rs"));

/// See `gen/forms/src/aarch64/finder.rs`.
static INDEX: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/aarch64_finder.bin"));

const STARTS: usize = 0;
const ENTRIES: usize = STARTS + 2 * ((1 << BUCKET_BITS) + 1);

impl Form {
    /// The form of the instruction at the start of `bytes`, and how many bytes it has: four.
    ///
    /// Of several forms with the same word it is one that needs no feature more than another; an alias only if that is
    /// the one that needs less. `None` if it is none of the enabled tables' forms, or if there are fewer than four
    /// bytes.
    ///
    /// ```
    /// use tailfirst::aarch64::*;
    /// let (form, len) = Form::at(&0x8B02_0020_u32.to_le_bytes()).unwrap();
    /// assert_eq!((form.name, len), ("add_x_shift", 4));
    /// assert!(Form::at(&[0xFF; 4]).is_none());
    /// ```
    #[inline]
    pub fn at(bytes: &[u8]) -> Option<(&'static Form, usize)> {
        // The first of those with the fewest.
        Form::all_at(bytes).min_by_key(|(form, _)| form.needs().len())
    }

    /// Every form that the bytes at the start of `bytes` can be, and how many these are: aliases, too.
    #[inline]
    pub fn all_at(bytes: &[u8]) -> impl Iterator<Item = (&'static Form, usize)> {
        let word = bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
        let candidates = word.into_iter().flat_map(Candidates::of);
        candidates.filter_map(|candidate| candidate.matching().map(|(form, _)| (form, 4)))
    }
}

/// The forms whose fixed bits a word has.
#[derive(Clone)]
pub(super) struct Candidates {
    word: u32,
    entries: core::ops::Range<usize>,
}

impl Candidates {
    pub(super) fn of(word: u32) -> Candidates {
        let at = STARTS + 2 * (word >> (32 - BUCKET_BITS)) as usize;
        Candidates { word, entries: short(at)..short(at + 2) }
    }
}

impl Iterator for Candidates {
    type Item = Candidate;

    fn next(&mut self) -> Option<Candidate> {
        let forms = ENTRIES + 2 * short(ENTRIES - 2);
        self.entries.by_ref().find_map(|entry| {
            let form = short(ENTRIES + 2 * entry);
            let at = forms + 10 * form;
            let details = forms + 10 * FORMS + short(at + 8);
            (self.word & long(at + 4) == long(at)).then_some(Candidate { form, word: self.word, details })
        })
    }
}

fn short(at: usize) -> usize {
    INDEX[at..].first_chunk().map_or(0, |bytes| u16::from_le_bytes(*bytes).into())
}

fn long(at: usize) -> u32 {
    INDEX[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// A form whose fixed bits a word has.
pub(super) struct Candidate {
    /// Its index.
    pub(super) form: usize,
    word: u32,
    /// Where in the index its details are, or those of them that have not been read.
    details: usize,
}

/// What the fields of an operand hold.
pub(super) enum Operand {
    /// A value.
    Bits(u32),
    /// A distance.
    Any,
    /// Different values where one should be.
    None,
}

/// What a form has to do with MOVPRFX.
#[derive(Clone, Copy)]
pub(super) enum Prefix {
    /// It must not follow one.
    Never,
    /// It may follow any.
    Any,
    /// It may follow one that agrees with it in this.
    After(Prefixed),
    /// It is one.
    Is(Prefixed),
}

/// What a MOVPRFX and the next instruction must agree in.
#[derive(Clone, Copy)]
pub(super) struct Prefixed {
    /// The number of the vector that is written.
    pub(super) destination: u32,
    /// The other vectors that are read, a bit each.
    pub(super) sources: u32,
    /// The number of the predicate that says which elements are written, and the logarithm of their bytes.
    pub(super) governing: Option<(u32, u8)>,
}

impl Candidate {
    /// The form, if the fields hold what its operands can be; of the details only those about MOVPRFX are left.
    pub(super) fn matching(mut self) -> Option<(&'static Form, Candidate)> {
        let form = &forms()[self.form];
        let is_one = form.values.iter().all(|value| match self.operand() {
            Operand::Bits(bits) => value.from_bits(bits).is_some(),
            Operand::Any => true,
            Operand::None => false,
        });
        (is_one && self.holds()).then_some((form, self))
    }

    fn byte(&mut self) -> u8 {
        self.details += 1;
        INDEX[self.details - 1]
    }

    fn field(&mut self) -> u32 {
        let (lsb, width) = (self.byte(), self.byte());
        self.word >> lsb & ((1u64 << width) - 1) as u32
    }

    /// A field, or a number.
    fn term(&mut self) -> u32 {
        match INDEX[self.details] {
            255 => {
                self.details += 1;
                self.byte().into()
            }
            _ => self.field(),
        }
    }

    /// The next operand.
    pub(super) fn operand(&mut self) -> Operand {
        let mut found = Operand::Any;
        for _ in 0..self.byte() {
            let bits = (0..self.byte()).fold(0, |bits, _| {
                let width = INDEX[self.details + 1];
                bits << width | self.field()
            });
            found = match found {
                Operand::Any => Operand::Bits(bits),
                Operand::Bits(other) if other == bits => Operand::Bits(bits),
                _ => Operand::None,
            };
        }
        found
    }

    /// Whether the condition holds; the operands have been asked for.
    pub(super) fn holds(&mut self) -> bool {
        let any_of = self.byte();
        let mut holds = any_of == 0;
        for _ in 0..any_of {
            let mut all = true;
            for _ in 0..self.byte() {
                let equal = self.byte() == 1;
                let (left, right) = (self.term(), self.term());
                all &= (left == right) == equal;
            }
            holds |= all;
        }
        holds
    }

    /// What the form has to do with MOVPRFX; the condition has been asked for.
    pub(super) fn prefix(&mut self) -> Prefix {
        match self.byte() {
            0 => Prefix::Never,
            1 => Prefix::Any,
            2 => Prefix::After(self.prefixed()),
            _ => Prefix::Is(self.prefixed()),
        }
    }

    fn prefixed(&mut self) -> Prefixed {
        let destination = self.field();
        let sources = (0..self.byte()).fold(0, |sources, _| {
            let (number, count) = (self.field(), self.byte());
            sources | ((1 << (1 << count)) - 1) << (number << count)
        });
        let governing = (self.byte() == 1).then(|| (self.field(), self.byte()));
        Prefixed { destination, sources, governing }
    }
}
