//! Marks and the tables that are made of them.

#![cfg(feature = "x64")]

use tailfirst::{Align, LineTable, Marks, x64::*};

#[path = "support/x64/choices.rs"]
#[allow(dead_code)]
mod choices;

fn rows(table: &LineTable<u32>) -> Vec<(usize, usize, u32)> {
    table.rows().iter().map(|row| (row.offsets.start, row.offsets.end, row.what)).collect()
}

/// Ten NOPs with a label at each, lowest last.
fn nops(enc: &mut Encoder<'_>) -> Vec<tailfirst::Label> {
    let end = enc.here();
    let mut places = vec![end];
    for _ in 0..10 {
        enc.nop();
        places.push(enc.here());
    }
    places
}

/// In forward and in aligned blocks, in each other: each mark is where the byte is that was placed with it.
#[test]
fn marks_in_blocks() {
    let mut enc = Encoder::new();
    let marks = std::cell::RefCell::new(Marks::new());
    let back = |enc: &mut Encoder<'_>, byte: u8| {
        enc.data(&[byte]);
        marks.borrow_mut().mark(enc.here(), u32::from(byte));
    };
    let ahead = |asm: &mut Encoder<'_>, byte: u8| {
        marks.borrow_mut().mark(asm.here(), u32::from(byte));
        asm.data(&[byte]);
    };
    // From the last byte to the first; no gap has such bytes.
    back(&mut enc, 0xAF);
    enc.forward(|asm| {
        ahead(asm, 0xAB);
        asm.forward(|asm| (0xAC..0xAE).for_each(|byte| ahead(asm, byte)));
        ahead(asm, 0xAE);
    });
    enc.aligned(Align::of::<32>(), |enc| {
        back(enc, 0xAA);
        enc.aligned(Align::of::<8>(), |enc| {
            enc.forward(|asm| (0xA8..0xAA).for_each(|byte| ahead(asm, byte)));
            back(enc, 0xA7);
        });
        enc.align_code(Align::of::<4>());
        back(enc, 0xA6);
        enc.forward(|asm| (0xA4..0xA6).for_each(|byte| ahead(asm, byte)));
    });
    enc.forward(|asm| (0xA0..0xA4).for_each(|byte| ahead(asm, byte)));
    let code = enc.finish().expect("nothing is wrong");
    let bytes = code.bytes();
    let offset = |byte: u8| bytes.iter().position(|&found| found == byte).unwrap_or(bytes.len());
    let expected: Vec<_> = (0xA0..0xB0).map(|byte| (offset(byte), offset(byte + 1), u32::from(byte))).collect();
    assert_eq!(rows(&marks.borrow().table(&code)), expected);
    // There are gaps, so that not all follow each other.
    assert!(bytes.len() > 32);
}

#[test]
fn no_marks_no_rows() {
    let mut enc = Encoder::new();
    nops(&mut enc);
    let table = Marks::<u32>::new().table(&enc.finish().unwrap());
    assert!(table.rows().is_empty());
    assert_eq!(table.at(0), None);
}

#[test]
fn rows_ascend_whatever_the_order() {
    let mut enc = Encoder::new();
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

#[test]
fn below_the_lowest_mark_there_is_nothing() {
    let mut enc = Encoder::new();
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

#[test]
fn of_two_marks_at_one_place_the_first_has_the_code() {
    let mut enc = Encoder::new();
    let mut marks = Marks::new();
    enc.nop();
    marks.mark(enc.here(), 3);
    // Instruction 2 emits nothing.
    marks.mark(enc.here(), 2);
    enc.nop();
    marks.mark(enc.here(), 1);
    let table = marks.table(&enc.finish().unwrap());
    assert_eq!(rows(&table), [(0, 1, 1), (1, 2, 3)]);
}

#[test]
fn labels_without_a_place_are_left_out() {
    let mut enc = Encoder::new();
    let mut other = Encoder::new();
    let foreign = nops(&mut other).pop().unwrap();
    let pending = enc.label();
    enc.nop();
    let mut marks = Marks::new();
    marks.mark(enc.here(), 1);
    marks.mark(pending, 2);
    marks.mark(foreign, 3);
    let table = marks.table(&enc.finish().unwrap());
    assert_eq!(rows(&table), [(0, 1, 1)]);
}

#[test]
fn a_mark_at_the_end_has_no_code() {
    let mut enc = Encoder::new();
    let mut marks = Marks::new();
    marks.mark(enc.here(), 9);
    enc.nop();
    marks.mark(enc.here(), 1);
    let table = marks.table(&enc.finish().unwrap());
    assert_eq!(rows(&table), [(0, 1, 1)]);
    assert!(Marks::<u32>::new().table(&Encoder::new().finish().unwrap()).rows().is_empty());
}

#[test]
fn cleared_marks_serve_the_next_code() {
    let mut enc = Encoder::new();
    let mut marks = Marks::new();
    for round in 0..3 {
        enc.clear();
        marks.clear();
        enc.nop();
        marks.mark(enc.here(), round);
        assert_eq!(rows(&marks.table(&enc.finish().unwrap())), [(0, 1, round)]);
    }
}

#[test]
fn map_keeps_the_pieces() {
    let mut enc = Encoder::new();
    let places = nops(&mut enc);
    let mut marks = Marks::new();
    marks.mark(places[10], 5);
    marks.mark(places[4], 7);
    let table = marks.table(&enc.finish().unwrap()).map(|what| what * 10);
    assert_eq!(rows(&table), [(0, 6, 50), (6, 10, 70)]);
}

#[test]
fn a_part_is_counted_from_its_start() {
    let mut enc = Encoder::new();
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

/// Random marks against the nearest mark of each byte, looked for one byte at a time.
#[test]
fn random_marks_are_what_each_byte_says() {
    fn each_byte(numbers: Vec<u64>) -> bool {
        let mut enc = Encoder::new();
        let places = nops(&mut enc);
        let chosen: Vec<usize> = numbers.iter().map(|number| *number as usize % places.len()).collect();
        let mut marks = Marks::new();
        for (number, place) in chosen.iter().enumerate() {
            marks.mark(places[*place], number as u32);
        }
        let table = marks.table(&enc.finish().unwrap());
        (0..12).all(|byte| {
            // The nearest place at or below the byte, and there the mark that was given first.
            let offsets = chosen.iter().enumerate().map(|(number, place)| (10 - place, number as u32));
            let below = offsets.filter(|(offset, _)| *offset <= byte && byte < 10);
            let expected = below.max_by_key(|(offset, number)| (*offset, std::cmp::Reverse(*number)));
            table.at(byte).map(|row| row.what) == expected.map(|(_, number)| number)
        })
    }
    choices::check("random_marks_are_what_each_byte_says", 2000).quickcheck(each_byte as fn(Vec<u64>) -> bool);
}
