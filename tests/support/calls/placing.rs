//! Random safe calls, made.

use super::{Around, Call, Machine, Name};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use tailfirst::{Align, Code, Direction, Down, Encoder, Label, Late, PatchPoint, SiteKind, Snapshot, Symbol, Up};

/// A direction, as far as the calls depend on it.
pub trait Way: Direction + Sized {
    type Other: Way<Other = Self>;

    /// Calls in a block between `begin_block` and, if wanted, `end_block`.
    fn pair<M: Machine>(made: &mut Made, enc: &mut Encoder<'_, M, Self>, calls: &[Call], end: End);
}

/// How a block ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Regular,
    None,
}

macro_rules! way {
    ($way:ty, $other:ty) => {
        impl Way for $way {
            type Other = $other;

            fn pair<M: Machine>(made: &mut Made, enc: &mut Encoder<'_, M, Self>, calls: &[Call], end: End) {
                let mut block = Encoder::<M, $other>::new();
                block.here();
                enc.begin_block(&mut block);
                made.calls(&mut block, calls);
                if end == End::Regular {
                    enc.end_block(&mut block);
                }
            }
        }
    };
}
way!(Down, Up);
way!(Up, Down);

/// What has been made so far.
pub struct Made {
    labels: Vec<Label>,
    foreign: Vec<Label>,
    lates: Vec<Late>,
    snapshots: Vec<Snapshot>,
    points: Vec<PatchPoint>,
}

/// Makes the calls, and catches what is thrown.
pub fn run<M: Machine, D: Way>(enc: &mut Encoder<'_, M, D>, calls: &[Call]) {
    let mut other = Encoder::<M, D>::new();
    let foreign = (0..20).map(|_| other.label()).collect();
    let mut made = Made {
        labels: vec![enc.label()],
        foreign,
        lates: (0..3).map(|_| enc.late()).collect(),
        snapshots: Vec::new(),
        points: Vec::new(),
    };
    made.caught(enc, calls);
}

impl Made {
    fn caught<M: Machine, D: Way>(&mut self, enc: &mut Encoder<'_, M, D>, calls: &[Call]) {
        let thrown = catch_unwind(AssertUnwindSafe(|| self.calls(enc, calls)));
        if let Err(thrown) = thrown
            && !thrown.is::<Thrown>()
        {
            resume_unwind(thrown);
        }
    }

    fn calls<M: Machine, D: Way>(&mut self, enc: &mut Encoder<'_, M, D>, calls: &[Call]) {
        calls.iter().for_each(|call| self.call(enc, call));
    }

    fn label(&self, name: Name) -> Label {
        match name {
            Name::Own(number) => self.labels[self.labels.len() - 1 - number % self.labels.len()],
            Name::Foreign(number) => self.foreign[number],
        }
    }

    fn call<M: Machine, D: Way>(&mut self, enc: &mut Encoder<'_, M, D>, call: &Call) {
        match call {
            Call::Run(count) => (0..*count).for_each(|number| M::plain(enc, number)),
            Call::Refer(kind, name) => M::refer(enc, *kind, self.label(*name)),
            Call::Make => self.labels.push(enc.label()),
            Call::Bind(name) => {
                let label = self.label(*name);
                // Mostly what is right: bound once.
                if enc.pos_of(label).is_none() {
                    enc.bind(label);
                } else {
                    self.labels.push(enc.here());
                }
            }
            Call::Here => self.labels.push(enc.here()),
            Call::Late(late) => M::late(enc, self.lates[*late]),
            Call::SetLate(late, value) => enc.set_late(self.lates[*late], *value),
            Call::Data(len) => enc.data(&vec![0xC5; *len]),
            Call::DataAligned(align, len) => self.labels.push(enc.data_aligned(&vec![0xC6; *len], alignment(*align))),
            Call::DataOffset(name) => enc.data_offset(self.label(*name)),
            Call::DataAddress(name) => enc.data_address(self.label(*name)),
            Call::Align(align) => enc.align(alignment(*align)),
            Call::AlignCode(align) => enc.align_code(alignment(*align)),
            Call::Constant(len, byte, align) => {
                let constant = enc.constant(&vec![*byte; *len], alignment(*align));
                assert_eq!(constant.is_some(), *len <= 64, "a constant of {len} bytes");
                if let Some(constant) = constant {
                    M::refer(enc, M::REFERENCES - 4, constant);
                    self.labels.push(constant);
                }
            }
            Call::ConstantAddress(name) => {
                let constant = enc.constant_address(self.label(*name));
                self.labels.push(constant);
            }
            Call::Pool => enc.place_pool(),
            Call::PlaceCold => enc.place_cold(),
            Call::Site(kind, reference, name) => self.site(enc, *kind, *reference, *name),
            Call::Block(around, calls) => self.block(enc, *around, calls),
            Call::Snapshot => self.snapshots.push(enc.snapshot()),
            Call::Rollback(number) => {
                if let Some(snapshot) = self.snapshots.iter().rev().nth(*number) {
                    enc.rollback(*snapshot);
                }
            }
            Call::Finish => {
                if let Ok(mut code) = enc.finish() {
                    self.look(&mut code);
                }
            }
            Call::Unfinished => self.look(&mut enc.unfinished()),
            Call::Clear => {
                enc.clear();
                self.labels.push(enc.label());
                self.lates = (0..3).map(|_| enc.late()).collect();
            }
            // Not `panic!`: that would print.
            Call::Panic => resume_unwind(Box::new(Thrown)),
        }
    }

    fn site<M: Machine, D: Way>(&mut self, enc: &mut Encoder<'_, M, D>, kind: SiteKind, reference: usize, name: Name) {
        let label = self.label(name);
        let point = enc.patchable(kind, |enc| {
            if reference < M::REFERENCES { M::refer(enc, reference, label) } else { enc.data_address(Symbol(5)) }
        });
        self.points.push(point);
    }

    fn block<M: Machine, D: Way>(&mut self, enc: &mut Encoder<'_, M, D>, around: Around, calls: &[Call]) {
        match around {
            Around::Forward => enc.forward(|enc| self.calls(enc, calls)),
            Around::Backward => enc.backward(|enc| self.calls(enc, calls)),
            Around::Pair => D::pair(self, enc, calls, End::Regular),
            Around::Begun => D::pair(self, enc, calls, End::None),
            Around::Aligned(align) => enc.aligned(alignment(align), |enc| self.calls(enc, calls)),
            Around::Batch => enc.batch(|enc| self.calls(enc, calls)),
            Around::WithLate(late) => M::with_late(enc, self.lates[late], |enc| self.calls(enc, calls)),
            Around::Patchable(kind) => {
                // What is placed may be placed again elsewhere.
                let point = enc.patchable(kind, |enc| {
                    let mut inner = Made {
                        labels: self.labels.clone(),
                        foreign: self.foreign.clone(),
                        lates: self.lates.clone(),
                        snapshots: self.snapshots.clone(),
                        points: Vec::new(),
                    };
                    inner.calls(enc, calls);
                });
                self.points.push(point);
            }
            Around::Cold => enc.cold(|enc| self.calls(enc, calls)),
            Around::Caught => self.caught(enc, calls),
        }
    }

    /// Asks code for all that it knows.
    fn look<M: Machine>(&self, code: &mut Code<'_, M>) {
        let len = code.bytes().len();
        for label in self.labels.iter().chain(&self.foreign) {
            assert!(code.offset_of(*label).is_none_or(|offset| offset <= len), "{label:?} outside");
        }
        for data in code.data() {
            assert!(data.start < data.end && data.end <= len, "data {data:?} of {len} bytes");
        }
        for relocation in code.relocations() {
            assert!(relocation.from <= len, "{relocation:?} outside");
        }
        for point in &self.points {
            if let Ok(site) = code.site(*point) {
                assert!(site.offset + 4 <= len, "{site:?} outside");
            }
        }
        super::link(code);
    }
}

/// What `Call::Panic` throws.
struct Thrown;

fn alignment(bytes: u32) -> Align {
    Align::new(bytes).expect("a power of two")
}
