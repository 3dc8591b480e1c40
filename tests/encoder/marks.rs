//! Marks and the tables that are made of them.

use std::cell::RefCell;
use tailfirst::{Align, Direction, Down, Label, LineTable, Marks, Up, x64::*};
use tailfirst_roundtrip::choices;
use tailfirst_roundtrip::side::Side;

fn rows(table: &LineTable<u32>) -> Vec<(usize, usize, u32)> {
    table.rows().iter().map(|row| (row.offsets.start, row.offsets.end, row.what)).collect()
}

/// Ten NOPs with a label at each, that of the highest place first.
fn nops<D: Side>(enc: &mut Emitter<'_, D>) -> Vec<Label> {
    let mut places = vec![enc.here()];
    for _ in 0..10 {
        enc.nop();
        places.push(enc.here());
    }
    if D::IS_UP {
        places.reverse();
    }
    places
}

type MarksBeside = RefCell<Marks<u32>>;

/// A byte of data, and a mark at it.
fn byte<D: Direction>(enc: &mut Emitter<'_, D>, marks: &MarksBeside, byte: u8) {
    enc.in_order(0..2, |enc, step| match step {
        0 => marks.borrow_mut().mark(enc.here(), byte.into()),
        _ => enc.data(&[byte]),
    });
}

/// Some bytes in reading order.
fn bytes<D: Direction>(enc: &mut Emitter<'_, D>, marks: &MarksBeside, all: std::ops::Range<u8>) {
    enc.in_order(all, |enc, number| byte(enc, marks, number));
}

/// In blocks of either direction and in aligned ones, in each other: each mark is where the byte is that was placed
/// with it.
#[test]
fn marks_in_blocks() {
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        let marks = MarksBeside::default();
        // In reading order; no gap has such bytes.
        enc.in_order(0..4, |enc, step| match step {
            0 => enc.forward(|asm| bytes(asm, &marks, 0xA0..0xA4)),
            1 => enc.aligned(Align::of::<32>(), |enc| {
                enc.in_order(0..5, |enc, step| match step {
                    0 => enc.backward(|enc| bytes(enc, &marks, 0xA4..0xA6)),
                    1 => byte(enc, &marks, 0xA6),
                    2 => enc.align_code(Align::of::<4>()),
                    3 => enc.aligned(Align::of::<8>(), |enc| {
                        enc.in_order(0..2, |enc, step| match step {
                            0 => byte(enc, &marks, 0xA7),
                            _ => enc.forward(|asm| asm.backward(|enc| bytes(enc, &marks, 0xA8..0xAA))),
                        });
                    }),
                    _ => byte(enc, &marks, 0xAA),
                });
            }),
            2 => enc.forward(|asm| {
                asm.backward(|enc| {
                    byte(enc, &marks, 0xAE);
                    enc.forward(|asm| bytes(asm, &marks, 0xAC..0xAE));
                    byte(enc, &marks, 0xAB);
                });
            }),
            _ => byte(enc, &marks, 0xAF),
        });
        let code = enc.finish().expect("nothing is wrong");
        let bytes = code.bytes();
        let offset = |byte: u8| bytes.iter().position(|&found| found == byte).unwrap_or(bytes.len());
        let expected: Vec<_> = (0xA0..0xB0).map(|byte| (offset(byte), offset(byte + 1), u32::from(byte))).collect();
        assert_eq!(rows(&marks.borrow().table(&code)), expected);
        // There are gaps, so that not all follow each other.
        assert!(bytes.len() > 32);
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn no_marks_no_rows() {
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        nops(&mut enc);
        let table = Marks::<u32>::new().table(&enc.finish().unwrap());
        assert!(table.rows().is_empty());
        assert_eq!(table.at(0), None);
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn rows_ascend_whatever_the_order() {
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        let places = nops(&mut enc);
        for order in [[3, 7, 10], [10, 7, 3], [7, 10, 3]] {
            let mut marks = Marks::new();
            for place in order {
                marks.mark(places[place], place as u32);
            }
            let table = marks.table(&enc.finish().unwrap());
            assert_eq!(rows(&table), [(0, 3, 10), (3, 7, 7), (7, 10, 3)]);
        }
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn below_the_lowest_mark_there_is_nothing() {
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        let places = nops(&mut enc);
        let mut marks = Marks::new();
        marks.mark(places[6], 6);
        let table = marks.table(&enc.finish().unwrap());
        assert_eq!(rows(&table), [(4, 10, 6)]);
        assert_eq!(table.at(3), None);
        assert_eq!(table.at(4).map(|row| row.what), Some(6));
        assert_eq!(table.at(9).map(|row| row.what), Some(6));
        assert_eq!(table.at(10), None);
        assert_eq!(table.at(usize::MAX), None);
    }
    check::<Down>();
    check::<Up>();
}

/// What is given first where code grows down, and last where it grows up: in reading order that is the last.
#[test]
fn of_two_marks_at_one_place_the_first_has_the_code() {
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        let mut marks = Marks::new();
        enc.in_order(0..5, |enc, step| match step {
            0 => marks.mark(enc.here(), 1),
            2 => marks.mark(enc.here(), 2), // emits nothing
            3 => marks.mark(enc.here(), 3),
            _ => enc.nop(),
        });
        let table = marks.table(&enc.finish().unwrap());
        assert_eq!(rows(&table), [(0, 1, 1), (1, 2, 3)]);
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn labels_without_a_place_are_left_out() {
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        let mut other = Emitter::<D>::new();
        let foreign = nops(&mut other).pop().unwrap();
        let pending = enc.label();
        let mut marks = Marks::new();
        enc.in_order(0..2, |enc, step| match step {
            0 => marks.mark(enc.here(), 1),
            _ => enc.nop(),
        });
        marks.mark(pending, 2);
        marks.mark(foreign, 3);
        let table = marks.table(&enc.finish().unwrap());
        assert_eq!(rows(&table), [(0, 1, 1)]);
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn a_mark_at_the_end_has_no_code() {
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        let mut marks = Marks::new();
        enc.in_order(0..3, |enc, step| match step {
            0 => marks.mark(enc.here(), 1),
            1 => enc.nop(),
            _ => marks.mark(enc.here(), 9),
        });
        let table = marks.table(&enc.finish().unwrap());
        assert_eq!(rows(&table), [(0, 1, 1)]);
        assert!(Marks::<u32>::new().table(&Emitter::<D>::new().finish().unwrap()).rows().is_empty());
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn cleared_marks_serve_the_next_code() {
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        let mut marks = Marks::new();
        for round in 0..3 {
            enc.clear();
            marks.clear();
            enc.in_order(0..2, |enc, step| match step {
                0 => marks.mark(enc.here(), round),
                _ => enc.nop(),
            });
            assert_eq!(rows(&marks.table(&enc.finish().unwrap())), [(0, 1, round)]);
        }
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn map_keeps_the_pieces() {
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        let places = nops(&mut enc);
        let mut marks = Marks::new();
        marks.mark(places[10], 5);
        marks.mark(places[4], 7);
        let table = marks.table(&enc.finish().unwrap()).map(|what| what * 10);
        assert_eq!(rows(&table), [(0, 6, 50), (6, 10, 70)]);
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn a_part_is_counted_from_its_start() {
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        let places = nops(&mut enc);
        let mut marks = Marks::new();
        for place in [2, 5, 8] {
            marks.mark(places[place], place as u32);
        }
        let table = marks.table(&enc.finish().unwrap());
        assert_eq!(rows(&table), [(2, 5, 8), (5, 8, 5), (8, 10, 2)]);
        assert_eq!(rows(&table.part(0..10)), rows(&table));
        assert_eq!(rows(&table.part(3..6)), [(0, 2, 8), (2, 3, 5)]);
        assert_eq!(rows(&table.part(5..8)), [(0, 3, 5)]);
        assert_eq!(rows(&table.part(1..3)), [(1, 2, 8)]);
        assert_eq!(rows(&table.part(9..99)), [(0, 1, 2)]);
        assert_eq!(rows(&table.part(0..2)), []);
        #[expect(clippy::reversed_empty_ranges)]
        let inverted = table.part(6..3);
        assert_eq!(rows(&inverted), []);
    }
    check::<Down>();
    check::<Up>();
}

/// Random marks against the nearest mark of each byte, looked for one byte at a time.
#[test]
fn random_marks_are_what_each_byte_says() {
    fn each_byte(numbers: Vec<u64>) -> bool {
        follows::<Down>(&numbers) && follows::<Up>(&numbers)
    }
    fn follows<D: Side>(numbers: &[u64]) -> bool {
        let mut enc = Emitter::<D>::new();
        let places = nops(&mut enc);
        let chosen: Vec<usize> = numbers.iter().map(|number| *number as usize % places.len()).collect();
        let mut marks = Marks::new();
        for (number, place) in chosen.iter().enumerate() {
            marks.mark(places[*place], number as u32);
        }
        let table = marks.table(&enc.finish().unwrap());
        (0..12).all(|byte| {
            // The nearest place at or below the byte, and there the mark that was given first, or last where code grows
            // up.
            let offsets = chosen.iter().enumerate().map(|(number, place)| (10 - place, number as u32));
            let below = offsets.filter(|(offset, _)| *offset <= byte && byte < 10);
            let expected = below.max_by_key(|(offset, number)| (*offset, D::lower(*number, !*number)));
            table.at(byte).map(|row| row.what) == expected.map(|(_, number)| number)
        })
    }
    choices::check("random_marks_are_what_each_byte_says", 2000).quickcheck(each_byte as fn(Vec<u64>) -> bool);
}
