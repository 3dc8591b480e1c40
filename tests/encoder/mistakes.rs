//! `finish` says which instruction it refused, whatever the mistake, wherever the instruction stands: marks tell what
//! of the source it belongs to.

use tailfirst::{
    AddressProblem, Align, Direction, Down, Encoder, FinishError, Isa, Label, Marks, SiteKind, Up, aarch64, block, x64,
};

const A16: Align = Align::of::<16>();

/// Places the code of an operation, and marks it.
fn operation<'b, I: Isa, D: Direction>(
    enc: &mut Encoder<'b, I, D>,
    marks: &mut Marks<&'static str>,
    name: &'static str,
    place: impl FnOnce(&mut Encoder<'b, I, D>),
) {
    let before = enc.here();
    place(enc);
    // From its lower end upward.
    let after = enc.here();
    marks.mark(if enc.grows_up() { before } else { after }, name);
}

/// What is known outside of the wrong instruction.
#[derive(Clone, Copy)]
struct Around {
    bound: Label,
    foreign: Label,
}

type Wrong<I, D> = fn(&mut Encoder<'_, I, D>, Around);
type Kind = fn(FinishError) -> bool;

/// An instruction set, its wrong instructions and an innocent one.
trait Mistakes: Isa {
    fn innocent<D: Direction>(enc: &mut Encoder<'_, Self, D>);
    fn wrong<D: Direction>() -> Vec<(Wrong<Self, D>, Kind)>;
}

macro_rules! is {
    ($pattern:pat) => {
        |error| matches!(error, $pattern)
    };
}

impl Mistakes for x64::X64 {
    fn innocent<D: Direction>(enc: &mut Encoder<'_, Self, D>) {
        enc.nop();
    }

    fn wrong<D: Direction>() -> Vec<(Wrong<Self, D>, Kind)> {
        use x64::*;
        vec![
            (
                |enc, _| {
                    let never = enc.label();
                    enc.jz(never);
                },
                is!(FinishError::UnboundLabel { .. }),
            ),
            (|enc, around| enc.jz(around.foreign), is!(FinishError::ForeignLabel { .. })),
            (|enc, around| enc.call(around.foreign), is!(FinishError::ForeignLabel { .. })),
            (|enc, around| enc.je_rel8(around.bound), is!(FinishError::OutOfRange { .. })),
            (|enc, around| block!(enc; bind(around.bound); ret()), is!(FinishError::BoundTwice { .. })),
            (|enc, around| block!(enc; bind(around.foreign); ret()), is!(FinishError::ForeignLabel { .. })),
            (
                |enc, _| enc.mov_r64_rm64(RAX, Mem::from(RAX) + RSP * 2),
                is!(FinishError::Address { problem: AddressProblem::IndexIsStackPointer, .. }),
            ),
            (
                |enc, _| enc.vpgatherdd_xmm_vm32x_xmm(XMM1, Mem::from(RAX) + XMM1 * 4, XMM2),
                is!(FinishError::Operands { .. }),
            ),
            (
                |enc, _| {
                    let late = enc.late();
                    enc.with_late(late, |enc, imm: i32| enc.add_rm64_imm32(RAX, imm));
                },
                is!(FinishError::LateUnset { .. }),
            ),
            (
                |enc, _| {
                    let late = enc.late();
                    enc.with_late(late, |enc, imm: i32| enc.add_rm64_imm32(RAX, imm));
                    enc.set_late(late, 1 << 40);
                },
                is!(FinishError::LateOutOfRange { .. }),
            ),
            (
                |enc, _| {
                    let late = enc.late();
                    enc.with_late(late, |enc, _: i32| enc.add_rm64_imm8(RAX, 1));
                    enc.set_late(late, 1);
                },
                is!(FinishError::LateMisplaced { .. }),
            ),
            (
                |enc, _| {
                    enc.patchable(SiteKind::X64Rel32, |enc| enc.ret());
                },
                is!(FinishError::NoPatchField { .. }),
            ),
        ]
    }
}

impl Mistakes for aarch64::A64 {
    fn innocent<D: Direction>(enc: &mut Encoder<'_, Self, D>) {
        enc.nop();
    }

    fn wrong<D: Direction>() -> Vec<(Wrong<Self, D>, Kind)> {
        use aarch64::*;
        vec![
            (
                |enc, _| {
                    let never = enc.label();
                    enc.cbz_x(X0, never);
                },
                is!(FinishError::UnboundLabel { .. }),
            ),
            (|enc, around| enc.b(around.foreign), is!(FinishError::ForeignLabel { .. })),
            (|enc, around| block!(enc; bind(around.bound); ret()), is!(FinishError::BoundTwice { .. })),
            (|enc, _| enc.cpyfp(X0, X0, X2), is!(FinishError::Operands { .. })),
            (
                |enc, _| {
                    enc.patchable(SiteKind::A64Branch, |enc| block!(enc; nop(); nop()));
                },
                is!(FinishError::NoPatchField { .. }),
            ),
        ]
    }
}

/// Places where the wrong instruction may stand.
const PLACES: [&str; 9] = [
    "plain",
    "forward",
    "backward",
    "aligned",
    "cold",
    "aligned in backward in forward",
    "forward in aligned",
    "backward in cold",
    "cold in forward",
];

fn at_place<I: Mistakes, D: Direction>(
    enc: &mut Encoder<'_, I, D>,
    place: &str,
    marks: &mut Marks<&'static str>,
    number: usize,
    around: Around,
) {
    fn here<I: Mistakes, D: Direction>(
        enc: &mut Encoder<'_, I, D>,
        marks: &mut Marks<&'static str>,
        number: usize,
        around: Around,
    ) {
        operation(enc, marks, "before", I::innocent);
        operation(enc, marks, "wrong", |enc| I::wrong()[number].0(enc, around));
        operation(enc, marks, "after", I::innocent);
    }
    match place {
        "plain" => here(enc, marks, number, around),
        "forward" => enc.forward(|enc| here(enc, marks, number, around)),
        "backward" => enc.backward(|enc| here(enc, marks, number, around)),
        "aligned" => enc.aligned(A16, |enc| here(enc, marks, number, around)),
        "cold" => enc.cold(|enc| here(enc, marks, number, around)),
        "aligned in backward in forward" => {
            enc.forward(|enc| enc.backward(|enc| enc.aligned(A16, |enc| here(enc, marks, number, around))));
        }
        "forward in aligned" => enc.aligned(A16, |enc| enc.forward(|enc| here(enc, marks, number, around))),
        "backward in cold" => enc.cold(|enc| enc.backward(|enc| here(enc, marks, number, around))),
        "cold in forward" => enc.forward(|enc| enc.cold(|enc| here(enc, marks, number, around))),
        _ => unreachable!(),
    }
}

fn all<I: Mistakes, D: Direction>() {
    for place in PLACES {
        for (number, (_, is_kind)) in I::wrong::<D>().into_iter().enumerate() {
            let mut other = Encoder::<I, D>::new();
            let foreign = other.label();
            let mut enc = Encoder::<I, D>::new();
            let mut marks = Marks::new();
            let bound = enc.here();
            // Out of a short branch's reach.
            operation(&mut enc, &mut marks, "first", |enc| (0..200).for_each(|_| I::innocent(enc)));
            at_place(&mut enc, place, &mut marks, number, Around { bound, foreign });
            operation(&mut enc, &mut marks, "last", I::innocent);
            operation(&mut enc, &mut marks, "last", |enc| (0..200).for_each(|_| I::innocent(enc)));
            let error = enc.finish().err();
            assert!(error.is_some_and(is_kind), "{place}, {number}: {error:?}");
            let code = enc.unfinished();
            let offset = code.mistake();
            let lines = marks.table(&code);
            let what = offset.and_then(|offset| lines.at(offset)).map(|row| row.what);
            assert_eq!(what, Some("wrong"), "{place}, {number}: {error:?} at {offset:?} of {:?}", lines.rows());
        }
    }
}

#[test]
fn marks_tell_whose_mistake_it_is() {
    all::<x64::X64, Down>();
    all::<x64::X64, Up>();
    all::<aarch64::A64, Down>();
    all::<aarch64::A64, Up>();
}

/// Positions in errors are counted from the base of the code, also where the mistake is made in a block.
#[test]
fn positions_are_those_of_the_code() {
    use x64::*;
    let mut enc = Encoder::new();
    enc.ret();
    enc.forward(|asm| {
        asm.nop();
        asm.mov_r64_rm64(RAX, Mem::from(RAX) + RSP * 2);
        asm.nop();
    });
    // The instruction takes four bytes, and begins so far from the end.
    let at = enc.pos().from_base() - 1;
    let problem = AddressProblem::IndexIsStackPointer;
    assert_eq!(enc.finish().err(), Some(FinishError::Address { problem, at }));
    assert_eq!(enc.unfinished().mistake(), Some(1));

    // What was placed well has no mistake, and a mistake that is no instruction's has no place.
    let mut enc = Encoder::new();
    let label = enc.label();
    enc.jmp(label);
    assert!(enc.finish().is_err());
    assert_eq!(enc.unfinished().mistake(), Some(4));
    enc.bind(label);
    assert!(enc.finish().is_ok());
    assert_eq!(enc.unfinished().mistake(), None);
    let late = enc.late();
    enc.set_late(late, 1);
    enc.set_late(late, 1);
    assert!(matches!(enc.finish(), Err(FinishError::LateSetTwice { .. })));
    assert_eq!(enc.unfinished().mistake(), None);
}
