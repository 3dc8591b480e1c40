//! Cold parts: where they lie, what works in them, and what must not be done with them. Random programs have them, too:
//! see `support/trees` and `support/ranges`; those that are far away are in `aarch64_islands`.

use crate::nests;
use nests::{Within, in_all_blocks, in_both_directions};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tailfirst::{
    Align, Direction, Down, Encoder, FinishError, Isa, Label, Late, Marks, PatchPoint, SiteKind, Symbol, Up,
    aarch64::{self, A64},
    x64::{self, X64},
};
use tailfirst_roundtrip::side::{Blocks, Side};

/// An instruction of each kind that the encoder has something to do with.
trait Machine: Isa + Sized {
    const SITE: SiteKind;
    /// Refers to a label by a field of one size, wherever that lies.
    fn jump<D: Direction>(enc: &mut Encoder<'_, Self, D>, label: Label);
    fn load<D: Direction>(enc: &mut Encoder<'_, Self, D>, label: Label);
    fn late<D: Direction>(enc: &mut Encoder<'_, Self, D>, late: Late);
    fn call<D: Direction>(enc: &mut Encoder<'_, Self, D>, symbol: Symbol);
    fn nop<D: Direction>(enc: &mut Encoder<'_, Self, D>);
}

impl Machine for X64 {
    const SITE: SiteKind = SiteKind::X64Rel32;

    fn jump<D: Direction>(enc: &mut Encoder<'_, Self, D>, label: Label) {
        enc.jne_rel32(label);
    }

    fn load<D: Direction>(enc: &mut Encoder<'_, Self, D>, label: Label) {
        enc.mov_r64_rm64(x64::RAX, label);
    }

    fn late<D: Direction>(enc: &mut Encoder<'_, Self, D>, late: Late) {
        enc.with_late(late, |enc, imm: i32| enc.add_rm64_imm(x64::RSP, imm));
    }

    fn call<D: Direction>(enc: &mut Encoder<'_, Self, D>, symbol: Symbol) {
        enc.call(symbol);
    }

    fn nop<D: Direction>(enc: &mut Encoder<'_, Self, D>) {
        enc.nop();
    }
}

impl Machine for A64 {
    const SITE: SiteKind = SiteKind::A64Branch;

    fn jump<D: Direction>(enc: &mut Encoder<'_, Self, D>, label: Label) {
        enc.tbz(aarch64::X1, aarch64::UImm::of::<7>(), label);
    }

    fn load<D: Direction>(enc: &mut Encoder<'_, Self, D>, label: Label) {
        enc.ldr_x_lit(aarch64::X3, label);
    }

    fn late<D: Direction>(enc: &mut Encoder<'_, Self, D>, late: Late) {
        enc.with_late(late, |enc, imm: aarch64::AddImm| enc.add_x_imm(aarch64::X1, aarch64::X1, imm));
    }

    fn call<D: Direction>(enc: &mut Encoder<'_, Self, D>, symbol: Symbol) {
        enc.bl(symbol);
    }

    fn nop<D: Direction>(enc: &mut Encoder<'_, Self, D>) {
        enc.nop();
    }
}

macro_rules! in_both {
    ($test:ident) => {{
        $test::<X64, Down>();
        $test::<X64, Up>();
        $test::<A64, Down>();
        $test::<A64, Up>();
    }};
}

const PARTS: usize = 12;

/// What a program goes on with.
#[derive(Clone)]
struct Names {
    exits: Vec<Label>,
    back: Vec<Label>,
    late: [Late; 2],
    marks: Marks<usize>,
    sites: Vec<PatchPoint>,
}

impl Names {
    fn new<I: Isa, D: Direction>(enc: &mut Encoder<'_, I, D>) -> Names {
        Names {
            exits: (0..PARTS).map(|_| enc.label()).collect(),
            back: (0..PARTS).map(|_| enc.label()).collect(),
            late: [enc.late(), enc.late()],
            marks: Marks::new(),
            sites: Vec::new(),
        }
    }

    /// A piece of the main body, which has an exit, and a place to come back to.
    fn body<I: Machine, D: Direction>(&mut self, enc: &mut Encoder<'_, I, D>, number: usize) {
        self.marks.mark(enc.here(), number);
        I::jump(enc, self.exits[number]);
        I::nop(enc);
        enc.bind(self.back[number]);
        I::nop(enc);
    }

    /// An exit, with services of its own.
    fn exit<I: Machine, D: Blocks>(&mut self, enc: &mut Encoder<'_, I, D>, number: usize) {
        self.marks.mark(enc.here(), 100 + number);
        enc.bind(self.exits[number]);
        I::nop(enc);
        match number {
            0 => enc.data(&[1, 2, 3, 4]),
            1 => I::late(enc, self.late[0]),
            2 => {
                let late = enc.late();
                I::late(enc, late);
                enc.set_late(late, 33);
                enc.set_late(self.late[0], 44);
            }
            3 => self.sites.push(enc.patchable(I::SITE, |enc| I::call(enc, Symbol(3)))),
            4 => I::call(enc, Symbol(4)),
            5 => {
                let table = enc.data_aligned(&[5; 8], Align::of::<32>());
                I::load(enc, table);
                enc.data_address(self.back[2]);
            }
            6 => D::block(enc, |enc| {
                self.marks.mark(enc.here(), 200);
                I::jump(enc, self.exits[5]);
                I::late(enc, self.late[1]);
                enc.align_code(Align::of::<8>());
            }),
            7 => enc.aligned(Align::of::<64>(), |enc| {
                let head = enc.here();
                I::nop(enc);
                I::jump(enc, head);
                self.marks.mark(enc.here(), 201);
            }),
            8 => {
                let snapshot = enc.snapshot();
                I::jump(enc, self.exits[0]);
                enc.data_aligned(&[9; 9], Align::of::<128>());
                enc.constant_u64(99);
                enc.rollback(snapshot);
            }
            9 => enc.batch(|enc| {
                (0..100).for_each(|_| I::nop(enc));
                I::jump(enc, self.back[0]);
            }),
            10 => {
                for value in [1, 2, 1] {
                    let constant = enc.constant_u64(value);
                    I::load(enc, constant);
                }
            }
            _ => enc.align_code(Align::of::<16>()),
        }
        I::jump(enc, self.back[number]);
        I::jump(enc, self.exits[PARTS - 1 - number]);
        I::nop(enc);
    }
}

/// All that finished code has.
type Finished = (Vec<u8>, u32, Vec<(usize, String)>, Vec<std::ops::Range<usize>>, Vec<(usize, usize)>, Vec<usize>);

fn finished<I: Machine, D: Side>(enc: &mut Encoder<'_, I, D>, names: &Names) -> Finished {
    enc.set_late(names.late[1], 55);
    let first = enc.finish().expect("all is bound and set").bytes().to_vec();
    let code = enc.finish().expect("finishing again changes nothing");
    assert_eq!(code.bytes(), first);
    let relocations = code.relocations().iter().map(|relocation| (relocation.from, format!("{:?}", relocation.target)));
    let mut data: Vec<_> = code.data().collect();
    data.sort_by_key(|range| range.start);
    let marks = names.marks.table(&code);
    let marks = marks.rows().iter().map(|row| (row.offsets.start, row.what)).collect();
    let sites = names.sites.iter().map(|&point| code.site(point).expect("a site").offset).collect();
    (first, D::alignment(&code), relocations.collect(), data, marks, sites)
}

/// By hand: the main body, then the parts.
fn by_hand<I: Machine, D: Blocks>() -> Finished {
    let mut enc = Encoder::<I, D>::new();
    let mut names = Names::new(&mut enc);
    I::nop(&mut enc);
    (0..PARTS).for_each(|number| names.body(&mut enc, number));
    // Growing down, the loop in a part is aligned by itself.
    enc.align_code(Align::of::<64>());
    (0..PARTS).for_each(|number| names.exit(&mut enc, number));
    enc.place_pool();
    finished(&mut enc, &names)
}

#[test]
fn cold_parts_lie_as_if_written_last() {
    fn test<I: Machine, D: Blocks>()
    where
        D::Other: Blocks<Other = D>,
    {
        let expected = by_hand::<I, D>();
        type Wrap<I, D> = fn(&mut Encoder<'_, I, D>, &mut dyn FnMut(&mut Encoder<'_, I, D>));
        let ways: [(Wrap<I, D>, bool); 4] = [
            (|enc, f| f(enc), false),
            (|enc, f| enc.batch(|enc| f(enc)), false),
            (|enc, f| f(enc), true),
            (|enc, f| enc.batch(|enc| f(enc)), true),
        ];
        let mut enc = Encoder::<I, D>::new();
        for (wrap, drops) in ways {
            // In memory that has been used, too.
            enc.clear();
            let mut names = Names::new(&mut enc);
            I::nop(&mut enc);
            wrap(&mut enc, &mut |enc| {
                for number in 0..PARTS {
                    names.body(enc, number);
                    if drops {
                        let mut other = names.clone();
                        let snapshot = enc.snapshot();
                        for _ in 0..2 {
                            enc.cold(|enc| other.exit(enc, number));
                            enc.cold(|enc| enc.data_aligned(&[1], Align::of::<4096>()));
                            enc.place_cold();
                            enc.cold(|enc| I::nop(enc));
                            enc.rollback(snapshot);
                        }
                    }
                    enc.cold(|enc| names.exit(enc, number));
                }
            });
            assert_eq!(finished(&mut enc, &names), expected);
        }
    }
    in_both!(test);
}

/// Met in a block they are no part of it, and lie as if written last, too.
#[test]
fn cold_parts_in_blocks() {
    fn first<D: Direction>(enc: &mut x64::Emitter<'_, D>, exit: Label) {
        enc.jmp_rel32(exit);
        enc.in_order([0xA0, 0xA1], |enc, byte| enc.data(&[byte]));
        enc.bind(exit);
        enc.constant_u64(1);
        enc.data(&[0xA2]);
    }
    fn second<D: Direction>(enc: &mut x64::Emitter<'_, D>, exit: Label) {
        enc.align(Align::of::<8>());
        enc.data(&[0xA3]);
        enc.jmp_rel32(exit);
    }
    fn test<O: Side, D: Within<O> + Side>() {
        for block in D::blocks() {
            let codes = [false, true].map(|by_hand| {
                let mut enc = x64::Emitter::<O>::new();
                enc.data(&[0xA4]);
                let exit = enc.label();
                block(&mut enc, &mut |enc| {
                    enc.data(&[0xA5]);
                    if !by_hand {
                        enc.cold(|enc| first(enc, exit));
                    }
                    enc.jmp_rel32(exit);
                    if !by_hand {
                        enc.cold(|enc| second(enc, exit));
                    }
                    enc.data(&[0xA6]);
                });
                enc.data(&[0xA7]);
                if by_hand {
                    enc.align_code(Align::of::<8>());
                    if D::IS_UP {
                        enc.forward(|asm| first(asm, exit));
                        enc.forward(|asm| second(asm, exit));
                    } else {
                        enc.backward(|enc| first(enc, exit));
                        enc.backward(|enc| second(enc, exit));
                    }
                }
                let code = enc.finish().expect("all is bound");
                (code.bytes().to_vec(), O::alignment(&code), code.offset_of(exit))
            });
            assert_eq!(codes[0], codes[1]);
        }
    }
    in_all_blocks!(test);
}

/// In reading order: the main body, and then the parts, or the other way round; what is inside of a part is behind it.
#[test]
fn cold_in_cold() {
    fn test<I: Machine, D: Blocks>()
    where
        D::Other: Blocks<Other = D>,
    {
        let mut enc = Encoder::<I, D>::new();
        let word = |number: u8| [number; 4];
        enc.data(&word(1));
        enc.cold(|enc| {
            enc.data(&word(2));
            enc.cold(|enc| {
                enc.data(&word(4));
                enc.cold(|enc| enc.data(&word(6)));
                enc.data(&word(5));
            });
            D::block(enc, |enc| enc.cold(|enc| enc.data(&word(7))));
            enc.data(&word(3));
        });
        enc.cold(|enc| {
            enc.data(&word(8));
            enc.cold(|enc| enc.data(&word(10)));
            enc.place_cold();
            enc.data(&word(11));
        });
        let order = D::reading_order(vec![1, 2, 3, 4, 5, 6, 7, 8, 10, 11]);
        let expected: Vec<u8> = order.into_iter().flat_map(word).collect();
        assert_eq!(enc.finish().expect("nothing is pending").bytes(), expected);
    }
    in_both!(test);
}

/// Placed here and there, and after `finish`.
#[test]
fn cold_parts_where_they_are_wanted() {
    fn test<I: Machine, D: Side>() {
        let mut enc = Encoder::<I, D>::new();
        let word = |number: u8| [number; 4];
        enc.place_cold();
        enc.data(&word(1));
        enc.cold(|enc| enc.data(&word(3)));
        enc.data(&word(2));
        enc.place_cold();
        enc.place_cold();
        enc.data(&word(4));
        enc.cold(|enc| enc.data(&word(6)));
        enc.data(&word(5));
        let expected =
            |last: u8| -> Vec<u8> { D::reading_order((1..=last).collect()).into_iter().flat_map(word).collect() };
        assert_eq!(enc.finish().expect("nothing is pending").bytes(), expected(6));
        enc.data(&word(7));
        let exit = enc.cold(|enc| {
            let exit = enc.here();
            enc.data(&word(8));
            exit
        });
        assert_eq!(enc.pos_of(exit), None);
        assert_eq!(enc.finish().expect("nothing is pending").bytes(), expected(8));
        assert_eq!(enc.pos_of(exit).map(|pos| pos.from_base()), Some(28));
        let code = enc.finish().expect("nothing is pending");
        assert!(code.data().eq(core::iter::once(0..32)));
    }
    in_both!(test);
}

/// Alignment holds in each part, wherever and however often parts are placed.
#[test]
fn alignment_in_cold_parts() {
    fn test<I: Machine, D: Side>() {
        for before in 0..20 {
            let mut enc = Encoder::<I, D>::new();
            let mut aligned = Vec::new();
            for (round, align) in [8_u32, 64, 16, 4096, 4].into_iter().enumerate() {
                let align = Align::new(align).expect("a power of two");
                (0..before + round).for_each(|_| I::nop(&mut enc));
                enc.cold(|enc| (0..before % 3).for_each(|_| I::nop(enc)));
                aligned.push((enc.cold(|enc| enc.data_aligned(&[7; 12], align)), align));
                if before % 2 == 0 {
                    enc.place_cold();
                }
            }
            let code = enc.finish().expect("nothing is pending");
            assert_eq!(D::alignment(&code), 4096);
            for (label, align) in aligned {
                assert_eq!(D::distance(&code, label) % align.bytes() as usize, 0);
            }
        }
    }
    in_both!(test);
}

/// Code stands where it can, whatever data was before it.
#[test]
fn cold_code_beside_odd_data() {
    fn test<D: Side>() {
        for len in 0..8 {
            let mut enc = aarch64::Emitter::<D>::new();
            enc.nop();
            for _ in 0..3 {
                enc.cold(|enc| enc.nop());
                enc.cold(|enc| enc.data(&vec![0xAA; len]));
            }
            enc.data(&vec![0xAA; len]);
            let code = enc.finish().expect("all code is at multiples of four");
            let filled = len.next_multiple_of(4);
            assert_eq!(code.bytes().len(), 16 + 4 * filled);
            assert_eq!(code.data().map(|range| range.len()).sum::<usize>(), 4 * filled);
        }
    }
    in_both_directions!(test);
}

/// Those of the main body lie behind all cold parts, and those of cold parts behind these. One copy of each on either
/// side.
#[test]
fn constants_of_cold_parts() {
    fn test<I: Machine, D: Side>() {
        let mut enc = Encoder::<I, D>::new();
        let own = enc.constant_u64(0x1111);
        I::load(&mut enc, own);
        let [one, same] = [0, 1].map(|_| {
            enc.cold(|enc| {
                let constant = enc.constant_u64(0x2222);
                I::load(enc, constant);
                // One from outside.
                I::load(enc, own);
                constant
            })
        });
        assert_eq!(one, same);
        assert_eq!(enc.constant_u64(0x1111), own);
        let mut copies = vec![one];
        enc.place_cold();
        // They have their places, and on AArch64 others may be too far away.
        copies.push(enc.cold(|enc| {
            let constant = enc.constant_u64(0x2222);
            I::load(enc, constant);
            constant
        }));
        let code = enc.finish().expect("all are placed");
        for (label, value) in copies.iter().map(|&label| (label, 0x2222_u64)).chain([(own, 0x1111)]) {
            let at = code.offset_of(label).expect("it is placed");
            assert_eq!(code.bytes()[at..][..8], value.to_le_bytes());
        }
        let distances: Vec<usize> = copies.iter().chain([&own]).map(|&label| D::distance(&code, label)).collect();
        assert!(distances.is_sorted(), "{distances:?}");
    }
    in_both!(test);
}

/// A part may be written, dropped and written again, also when it was placed in between.
#[test]
fn a_snapshot_that_cold_parts_follow() {
    fn test<I: Machine, D: Side>() {
        let program = |drops: bool| {
            let mut enc = Encoder::<I, D>::new();
            let (exit, late) = (enc.label(), enc.late());
            let constant = enc.constant_u64(5);
            enc.cold(|enc| I::load(enc, constant));
            for round in 0..4 {
                let snapshot = enc.snapshot();
                for _ in 0..if drops { 3 } else { 0 } {
                    enc.cold(|enc| {
                        enc.bind(exit);
                        enc.set_late(late, 9);
                        I::jump(enc, exit);
                        let constant = enc.constant_u64(77);
                        I::load(enc, constant);
                        enc.data_aligned(&[1, 2, 3], Align::of::<256>());
                    });
                    let later = enc.snapshot();
                    enc.place_cold();
                    enc.cold(|enc| I::nop(enc));
                    enc.rollback(later);
                    enc.cold(|enc| I::nop(enc));
                    assert!(enc.finish().is_ok());
                    enc.rollback(snapshot);
                    assert_eq!(enc.pos_of(exit), None);
                }
                enc.cold(|enc| {
                    let inside = enc.snapshot();
                    I::jump(enc, exit);
                    enc.cold(|enc| enc.data(&[3; 4]));
                    enc.rollback(inside);
                    enc.data(&[round; 4]);
                });
                if round == 1 {
                    enc.place_cold();
                }
            }
            enc.cold(|enc| enc.bind(exit));
            I::late(&mut enc, late);
            enc.set_late(late, 3);
            I::jump(&mut enc, exit);
            let code = enc.finish().expect("each is bound and set once");
            (code.bytes().to_vec(), D::alignment(&code), code.offset_of(exit))
        };
        assert_eq!(program(true), program(false));
    }
    in_both!(test);
}

/// A snapshot of a part ends with it, and one of the code around is none of the part.
#[test]
fn a_snapshot_of_another_part() {
    fn test<I: Machine, D: Side>() {
        let mut enc = Encoder::<I, D>::new();
        let inside = enc.cold(|enc| enc.snapshot());
        enc.cold(|enc| {
            I::nop(enc);
            enc.rollback(inside);
        });
        assert_eq!(enc.finish().err(), Some(FinishError::ForeignSnapshot));
        enc.clear();
        let outside = enc.snapshot();
        enc.cold(|enc| enc.rollback(outside));
        assert_eq!(enc.finish().err(), Some(FinishError::ForeignSnapshot));
        enc.clear();
        let inside = enc.cold(|enc| enc.snapshot());
        enc.rollback(inside);
        assert_eq!(enc.finish().err(), Some(FinishError::ForeignSnapshot));
    }
    in_both!(test);
}

/// A slice of every size: the size that is needed counts cold parts, and what was beyond it is whole when it is
/// dropped.
#[test]
fn cold_parts_in_slices_of_every_size() {
    fn test<I: Machine, D: Blocks>() {
        fn write<I: Machine, D: Blocks>(enc: &mut Encoder<'_, I, D>) -> Names {
            let mut names = Names::new(enc);
            for number in 0..PARTS {
                names.body(enc, number);
                enc.cold(|enc| names.exit(enc, number));
                if number == 8 {
                    enc.place_cold();
                }
            }
            names
        }
        let mut enc = Encoder::<I, D>::new();
        let names = write(&mut enc);
        let expected = finished(&mut enc, &names);
        let needed = expected.0.len();
        for room in 0..needed + 200 {
            let mut memory = vec![0xEE; room + 16];
            let mut enc = Encoder::<I, D>::in_slice(&mut memory[8..8 + room]);
            let names = write(&mut enc);
            if room >= needed {
                assert_eq!(finished(&mut enc, &names), expected);
            } else {
                assert_eq!(enc.finish().err(), Some(FinishError::OutOfSpace { needed }));
            }
            drop(enc);
            assert_eq!((&memory[..8], &memory[8 + room..]), (&[0xEE; 8][..], &[0xEE; 8][..]));
        }
    }
    in_both!(test);
}

/// That an encoder can be used again.
fn is_usable_after_clear<I: Machine, D: Side>(enc: &mut Encoder<'_, I, D>) {
    enc.clear();
    let exit = enc.label();
    enc.data(&[1; 4]);
    enc.cold(|enc| {
        enc.bind(exit);
        enc.data(&[3; 4]);
    });
    enc.data(&[2; 4]);
    let code = enc.finish().expect("nothing is wrong");
    let expected = D::reading_order(vec![1, 2, 3]).into_iter().flat_map(|number| [number; 4]).collect::<Vec<u8>>();
    assert_eq!((code.bytes(), D::distance(&code, exit)), (&expected[..], 8));
}

#[test]
fn what_must_not_be_done_in_a_cold_part() {
    fn test<I: Machine, D: Side>() {
        let (mut growing, mut memory) = (Encoder::<I, D>::new(), [0; 256]);
        let mut fixed = Encoder::<I, D>::in_slice(&mut memory);
        for enc in [&mut growing, &mut fixed] {
            // Only asking is no mistake.
            I::nop(enc);
            enc.cold(|enc| assert_eq!(enc.finish().err(), Some(FinishError::OpenBlock)));
            assert!(enc.finish().is_ok());

            enc.cold(|enc| {
                I::nop(enc);
                enc.clear();
                is_usable_after_clear(enc);
            });
            assert_eq!(enc.finish().err(), Some(FinishError::ClearedInBlock));
            is_usable_after_clear(enc);

            enc.cold(|enc| {
                *enc = Encoder::new();
                is_usable_after_clear(enc);
            });
            assert_eq!(enc.finish().err(), Some(FinishError::ClearedInBlock));
            is_usable_after_clear(enc);

            // A panic, and another part after it.
            enc.cold(|enc| I::nop(enc));
            let snapshot = enc.snapshot();
            let caught = catch_unwind(AssertUnwindSafe(|| {
                enc.cold(|enc| {
                    I::nop(enc);
                    enc.cold(|enc| {
                        I::nop(enc);
                        panic!("out of both")
                    })
                })
            }));
            assert!(caught.is_err());
            assert_eq!(enc.finish().err(), Some(FinishError::OpenBlock));
            enc.place_cold();
            enc.cold(|enc| I::nop(enc));
            enc.place_cold();
            enc.rollback(snapshot);
            assert_eq!(enc.finish().err(), Some(FinishError::OpenBlock));
            is_usable_after_clear(enc);

            // A panic that is caught in the part around.
            enc.cold(|enc| {
                let caught = catch_unwind(AssertUnwindSafe(|| enc.cold(|_| panic!("out of one"))));
                assert!(caught.is_err());
            });
            assert!(enc.finish().is_err());
            is_usable_after_clear(enc);

            // Labels.
            let label = enc.label();
            enc.bind(label);
            enc.cold(|enc| enc.bind(label));
            assert!(matches!(enc.finish().err(), Some(FinishError::BoundTwice { label: twice, .. }) if twice == label));
            is_usable_after_clear(enc);
            let label = enc.cold(|enc| enc.label());
            I::jump(enc, label);
            assert!(matches!(enc.finish().err(), Some(FinishError::UnboundLabel { label: none, .. }) if none == label));
            is_usable_after_clear(enc);
            let foreign = Encoder::<I, D>::new().label();
            enc.cold(|enc| I::jump(enc, foreign));
            assert!(matches!(enc.finish().err(), Some(FinishError::ForeignLabel { label, .. }) if label == foreign));
            is_usable_after_clear(enc);
            let late = enc.late();
            enc.set_late(late, 1);
            enc.cold(|enc| enc.set_late(late, 2));
            assert_eq!(enc.finish().err(), Some(FinishError::LateSetTwice { late }));
            is_usable_after_clear(enc);
        }
    }
    in_both!(test);
}

/// Compilers that own their encoder begin and end a part.
#[test]
fn what_must_not_be_done_between_begin_and_end() {
    fn test<I: Machine, D: Side>() {
        let (mut growing, mut memory) = (Encoder::<I, D>::new(), [0; 256]);
        let mut fixed = Encoder::<I, D>::in_slice(&mut memory);
        for enc in [&mut growing, &mut fixed] {
            I::nop(enc);
            let around = enc.begin_cold();
            I::nop(enc);
            assert_eq!(enc.finish().err(), Some(FinishError::OpenBlock));
            enc.end_cold(around);
            assert!(enc.finish().is_ok());

            let around = enc.begin_cold();
            enc.clear();
            is_usable_after_clear(enc);
            enc.end_cold(around);
            assert_eq!(enc.finish().err(), Some(FinishError::ClearedInBlock));
            is_usable_after_clear(enc);

            // Another encoder than the one that was begun.
            let around = enc.begin_cold();
            let mut other = Encoder::<I, D>::new();
            other.end_cold(around);
            assert_eq!(other.finish().err(), Some(FinishError::ClearedInBlock));
            *enc = other;
            is_usable_after_clear(enc);

            // One whose memory is lent.
            let around = enc.begin_cold();
            let mut lent = [0; 64];
            let mut other = Encoder::<I, D>::in_slice(&mut lent);
            other.end_cold(around);
            assert_eq!(other.finish().err(), Some(FinishError::ClearedInBlock));
            is_usable_after_clear(enc);

            // The inner one of two, last.
            let outer = enc.begin_cold();
            let inner = enc.begin_cold();
            enc.end_cold(outer);
            assert_eq!(enc.finish().err(), Some(FinishError::ClearedInBlock));
            drop(inner);
            is_usable_after_clear(enc);

            // What stood aside is lost, and the part an encoder by itself when it is cleared: a block, too.
            drop(enc.begin_cold());
            assert_eq!(enc.finish().err(), Some(FinishError::OpenBlock));
            is_usable_after_clear(enc);
            let mut around = Encoder::<I, D::Opposite>::new();
            around.begin_block(enc);
            enc.cold(|enc| I::nop(enc));
            around.end_block(enc);
            assert!(around.finish().is_ok());
        }
    }
    in_both!(test);
}

/// While a block is open that was begun by `begin_block`, cold parts are its own.
#[test]
fn cold_parts_around_a_block_that_is_open() {
    let (mut enc, mut asm) = (x64::Encoder::new(), x64::Assembler::new());
    asm.cold(|asm| asm.int3());
    enc.cold(|enc| enc.data(&[3]));
    enc.begin_block(&mut asm);
    asm.data(&[1, 2]);
    asm.cold(|asm| asm.data(&[4, 5]));
    asm.place_cold();
    enc.place_cold();
    enc.end_block(&mut asm);
    assert_eq!(enc.finish().expect("all is well").bytes(), [4, 5, 3, 1, 2]);
    // By the encoder around it, that is a mistake.
    enc.clear();
    enc.begin_block(&mut asm);
    asm.data(&[1, 2]);
    enc.cold(|enc| {
        enc.data(&[7]);
        enc.constant_u64(7);
    });
    enc.place_cold();
    let _ = enc.finish();
    enc.end_block(&mut asm);
    assert_eq!(enc.finish().err(), Some(FinishError::OpenBlock));
    is_usable_after_clear(&mut enc);
    is_usable_after_clear(&mut asm);
}

/// What runs follows its rules from its label upward, in a cold part as elsewhere.
#[cfg(feature = "unwind")]
#[test]
fn frame_rules_in_cold_parts() {
    use tailfirst::unwind::Unwind;
    fn test<D: Side>() {
        let sections = [false, true].map(|by_hand| {
            let mut enc = x64::Emitter::<D>::new();
            let mut unwind = Unwind::new();
            let body = |enc: &mut x64::Emitter<'_, D>, unwind: &mut Unwind<X64>, offset: u32| {
                enc.nop();
                unwind.cfa_offset(enc.here(), offset);
                enc.ret();
            };
            body(&mut enc, &mut unwind, 16);
            if !by_hand {
                enc.cold(|enc| body(enc, &mut unwind, 24));
            }
            body(&mut enc, &mut unwind, 32);
            if by_hand {
                body(&mut enc, &mut unwind, 24);
            }
            let code = enc.finish().expect("nothing is pending");
            unwind.table(&code).expect("the rules are right").eh_frame(0x1000)
        });
        assert_eq!(sections[0], sections[1]);
    }
    in_both_directions!(test);
}
