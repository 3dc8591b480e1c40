//! Branches of blocks that do not reach, on AArch64: islands lead on, and lie above and below the block, which keeps its layout.

use super::choices;
use dynasmrt::{DynasmLabelApi, TargetKind, dynasm};
use quickcheck::TestResult;
use tailfirst::{
    FinishError, Label, Range,
    aarch64::*,
    dynasm::{A64Block, PlaceError},
};

const NOP: u32 = 0xD503_201F;
const TBZ: Range = Range { low: -0x8000, high: 0x7FFC, step: 4 };

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks(4).map(|word| u32::from_le_bytes(word.try_into().expect("instructions"))).collect()
}

fn b(distance: i64) -> u32 {
    0x1400_0000 | (distance >> 2) as u32 & 0x03FF_FFFF
}

fn tbz(distance: i64) -> u32 {
    0x3618_0001 | ((distance >> 2) as u32 & 0x3FFF) << 5
}

/// A label above, bound before the block or (in a forward block) after it.
#[test]
fn an_island_below_the_block() {
    for (distance, is_near) in [(0x7FFC, true), (0x8000, false)] {
        let filler = vec![0_u8; distance as usize - 4];
        for is_forward in [false, true] {
            let (mut enc, mut block) = (Encoder::new(), A64Block::new());
            let far = enc.label();
            let label = block.share(far);
            let push = |block: &mut A64Block| dynasm!(block; .arch aarch64; nop; tbz x1, 3, =>label);
            if is_forward {
                enc.forward(|enc| {
                    push(&mut block);
                    enc.place(&mut block).expect("nothing is known yet");
                    enc.data(&filler);
                    enc.bind(far);
                });
            } else {
                enc.bind(far);
                enc.data(&filler);
                push(&mut block);
                enc.place(&mut block).expect("an island leads on");
            }
            let words = words(enc.finish().expect("in reach").bytes());
            if is_near {
                assert_eq!(words[..2], [NOP, tbz(distance)]);
            } else {
                assert_eq!(words[..4], [b(8), b(distance + 8), NOP, tbz(-8)]);
            }
        }
    }
}

/// Several branches, one of which reaches, two to one label: the island has a branch for each label.
#[test]
fn one_island_serves_the_block() {
    let (mut enc, mut block) = (Encoder::new(), A64Block::new());
    let highest = enc.here();
    enc.nops(0x1000);
    let higher = enc.here();
    enc.nops(0x8000);
    let near = enc.here();
    let labels = [highest, higher, near].map(|label| block.share(label));
    dynasm!(block
        ; .arch aarch64
        ; tbz x1, 3, =>labels[0]
        ; tbz x1, 3, =>labels[2]
        ; tbz x1, 3, =>labels[1]
        ; tbz x1, 3, =>labels[0]
    );
    enc.place(&mut block).expect("an island leads on");
    let words = words(enc.finish().expect("in reach").bytes());
    // The last branch of the block comes first, and gets the island's highest one.
    assert_eq!(words[..3], [b(12), b(0x8000 + 24), b(0x9000 + 20)]);
    assert_eq!(words[3..7], [tbz(-4), tbz(12), tbz(-16), tbz(-16)]);
}

/// Pending when the block is placed, and far away when it is bound: the block's branches come due in their order.
#[test]
fn islands_for_what_is_bound_later() {
    let (mut enc, mut block) = (Encoder::new(), A64Block::new());
    let (first, second) = (enc.label(), enc.label());
    let labels = (block.share(first), block.share(second));
    dynasm!(block; .arch aarch64; tbz x1, 3, =>labels.0; tbz x1, 3, =>labels.1);
    enc.place(&mut block).unwrap();
    enc.nops(0x9000);
    enc.bind(first);
    enc.nops(4);
    enc.bind(second);
    assert!(enc.finish().is_ok());
}

/// Neither the label nor the island is in reach; and B's reach ends, too.
#[test]
fn where_no_island_helps() {
    for (inside, is_helped) in [(0x7FFC, true), (0x8000, false)] {
        let (mut enc, mut block) = (Encoder::new(), A64Block::new());
        let label = block.share(enc.here());
        enc.nops(0x8000);
        let before = enc.pos();
        dynasm!(block; .arch aarch64; .bytes vec![0; inside]; tbz x1, 3, =>label);
        let error =
            PlaceError::OutOfRange { target: TargetKind::Dynamic(label), at: inside, distance: 0x8004, range: TBZ };
        assert_eq!(enc.place(&mut block), if is_helped { Ok(()) } else { Err(error) });
        assert_eq!(enc.pos() == before, !is_helped);
        assert!(enc.finish().is_ok());
    }
    for (filler, is_helped) in [((1 << 27) - 12, true), ((1 << 27) - 8, false)] {
        let (mut enc, mut block) = (Encoder::new(), A64Block::new());
        let label = block.share(enc.here());
        enc.data(&vec![0; filler]);
        dynasm!(block; .arch aarch64; tbz x1, 3, =>label);
        // The island's branch is one instruction below.
        let distance = filler as i64 + 4;
        let error = PlaceError::OutOfRange { target: TargetKind::Dynamic(label), at: 0, distance, range: TBZ };
        assert_eq!(enc.place(&mut block), if is_helped { Ok(()) } else { Err(error) });
        assert!(enc.finish().is_ok());
    }
}

/// An island above the block was due, and the block is refused after all: nothing has been placed, and what was due still is.
#[test]
fn a_refused_block_takes_its_islands_along() {
    let place = |refused: bool| {
        let (mut enc, mut block) = (Encoder::new(), A64Block::new());
        let above = block.share(enc.here());
        enc.nops(0x10_0000);
        let later = enc.label();
        for _ in 0..3 {
            enc.tbz_w(W1, UImm::of::<3>(), later);
        }
        enc.nops(0x6F00);
        if refused {
            let before = enc.pos();
            // Longer than what is left of TBZ's reach, and farther from the label than ADR reaches.
            dynasm!(block; .arch aarch64; .bytes [0; 0x200]; adr x1, =>above);
            let result = enc.place(&mut block);
            assert!(matches!(result, Err(PlaceError::OutOfRange { at: 0x200, .. })), "{result:?}");
            assert_eq!(enc.pos(), before);
        }
        enc.nops(0x2000);
        enc.bind(later);
        enc.finish().expect("islands lead on").bytes().to_vec()
    };
    assert_eq!(place(true), place(false));
}

/// A load has the field of a conditional branch, and no island helps it.
#[test]
fn loads_are_not_helped() {
    let range = Range { low: -0x10_0000, high: 0xF_FFFC, step: 4 };
    for (distance, is_near) in [(0x10_0000, true), (0x10_0004, false)] {
        let (mut enc, mut block) = (Encoder::new(), A64Block::new());
        let far = enc.label();
        let label = block.share(far);
        dynasm!(block; .arch aarch64; ldr x1, =>label);
        enc.place(&mut block).unwrap();
        enc.nops(distance);
        enc.bind(far);
        let error = FinishError::OutOfRange { label: far, at: 4, distance: -(distance as i64), range };
        assert_eq!(enc.finish().map(|_| ()), if is_near { Ok(()) } else { Err(error) });
    }
    for (distance, is_near) in [(0xF_FFFC, true), (0x10_0000, false)] {
        let (mut enc, mut block) = (Encoder::new(), A64Block::new());
        let label = block.share(enc.here());
        enc.nops(distance as usize - 4);
        dynasm!(block; .arch aarch64; ldr x1, =>label);
        let error = PlaceError::OutOfRange { target: TargetKind::Dynamic(label), at: 0, distance, range };
        assert_eq!(enc.place(&mut block), if is_near { Ok(()) } else { Err(error) });
    }
}

/// Where a branch at `at` leads in the end, through islands.
fn destination(code: &[u32], mut at: usize) -> usize {
    let mut hops = 0;
    loop {
        let word = code[at / 4];
        let (low, bits) = match word >> 24 {
            0x14..=0x17 => (0, 26),
            0x36 | 0xB6 => (5, 14),
            0x54 | 0xB4 => (5, 19),
            _ => return at,
        };
        let field = (word >> low) & ((1 << bits) - 1);
        let distance = i64::from((field << (32 - bits)) as i32 >> (32 - bits)) * 4;
        at = at.checked_add_signed(distance as isize).expect("inside the code");
        hops += 1;
        assert!(hops < 20, "a loop of branches");
    }
}

/// Blocks with branches up and down, fillers of up to 40 KiB and labels between them: every branch leads to its label, and blocks are whole.
fn lead_where_they_should(numbers: Vec<u64>) -> TestResult {
    const LABELS: usize = 6;
    let mut choices = choices::Choices::new(&numbers);
    let (mut enc, mut block) = (Encoder::new(), A64Block::new());
    enc.ret();
    let labels = [(); LABELS].map(|()| enc.label());
    let shared = labels.map(|label| block.share(label));
    let mut branches: Vec<(Label, usize)> = Vec::new();
    let mut blocks = Vec::new();
    let mut bound = 0;
    for _ in 0..numbers.len() / 3 {
        match choices.below(4) {
            0 => enc.nops(4 * choices.below(10_000)),
            1 if bound < LABELS => {
                // What branches lead to is no branch.
                enc.ret();
                enc.bind(labels[bound]);
                bound += 1;
            }
            2 => {
                let to = choices.below(LABELS);
                enc.cbz_x(X3, labels[to]);
                branches.push((enc.here(), to));
            }
            _ => {
                let (start, end) = (enc.label(), enc.label());
                let (first, last) = (block.share(start), block.share(end));
                let mut len = 0;
                dynasm!(block; .arch aarch64; =>first);
                for _ in 0..choices.below(5) {
                    let filler = choices.below(600);
                    for _ in 0..filler {
                        dynasm!(block; .arch aarch64; nop);
                    }
                    let place = enc.label();
                    let (at, to) = (block.share(place), choices.below(LABELS));
                    let target = shared[to];
                    match choices.below(3) {
                        0 => dynasm!(block; .arch aarch64; =>at; tbz x2, 40, =>target),
                        1 => dynasm!(block; .arch aarch64; =>at; b.hi =>target),
                        _ => dynasm!(block; .arch aarch64; =>at; cbz x3, =>target),
                    }
                    branches.push((place, to));
                    len += 4 * filler + 4;
                }
                dynasm!(block; .arch aarch64; =>last; nop);
                if let Err(error) = enc.place(&mut block) {
                    return TestResult::error(format!("{error}"));
                }
                blocks.push((start, end, len));
            }
        }
    }
    for &label in &labels[bound..] {
        enc.ret();
        enc.bind(label);
    }
    let code = match enc.finish() {
        Ok(code) => code,
        Err(error) => return TestResult::error(format!("{error}")),
    };
    let at = |label| code.offset_of(label).expect("it is bound");
    let words = words(code.bytes());
    for (branch, to) in branches {
        let (found, expected) = (destination(&words, at(branch)), at(labels[to]));
        if found != expected {
            return TestResult::error(format!("from {} to {found}, and not to {expected}", at(branch)));
        }
    }
    TestResult::from_bool(blocks.into_iter().all(|(start, end, len)| at(start) + len == at(end)))
}

#[test]
fn random_blocks_lead_where_they_should() {
    choices::check("blocks_lead", 300).quickcheck(lead_where_they_should as fn(Vec<u64>) -> TestResult);
}
