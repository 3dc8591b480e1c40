//! Branches of blocks that do not reach, on AArch64: islands lead on, and lie above and below the block, which keeps
//! its layout.

use super::choices;
use dynasmrt::{DynasmLabelApi, TargetKind, dynasm};
use quickcheck::TestResult;
use tailfirst::{
    Down, FinishError, Label, Range, Up,
    aarch64::*,
    block,
    dynasm::{A64Block, PlaceError},
};
use tailfirst_roundtrip::side::{Blocks, Side};

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

/// A label that is bound before the block, growing down or up.
#[test]
fn an_island_below_the_block() {
    fn place<D: Side>(filler: usize) -> Vec<u32> {
        let (mut enc, mut block) = (Emitter::<D>::new(), A64Block::new());
        let label = block.share(enc.here());
        enc.data(&vec![0_u8; filler]);
        dynasm!(block; .arch aarch64; nop; tbz x1, 3, =>label);
        enc.place(&mut block).expect("an island leads on");
        words(enc.finish().expect("in reach").bytes())
    }
    for (distance, is_near) in [(0x7FFC, true), (0x8000, false)] {
        let words = place::<Down>(distance as usize - 4);
        if is_near {
            assert_eq!(words[..2], [NOP, tbz(distance)]);
        } else {
            assert_eq!(words[..4], [b(8), b(distance + 8), NOP, tbz(-8)]);
        }
    }
    for (distance, is_near) in [(-0x8000, true), (-0x8004, false)] {
        let filler = (-distance - 4) as usize;
        let words = place::<Up>(filler);
        let block = &words[filler / 4..];
        if is_near {
            assert_eq!(*block, [NOP, tbz(distance)]);
        } else {
            assert_eq!(*block, [NOP, tbz(8), b(8), b(distance - 8)]);
        }
    }
}

/// A label that is bound after the block, in a block that grows the other way: when the branch comes due, it is not
/// known where that will be.
#[test]
fn an_island_behind_the_block_before_the_label_is_known() {
    fn place<D: Blocks>(filler: usize) -> Vec<u32> {
        let (mut enc, mut block) = (Emitter::<D>::new(), A64Block::new());
        let far = enc.label();
        let label = block.share(far);
        dynasm!(block; .arch aarch64; nop; tbz x1, 3, =>label);
        D::block(&mut enc, |enc| {
            enc.place(&mut block).expect("nothing is known yet");
            enc.data(&vec![0_u8; filler]);
            enc.bind(far);
        });
        words(enc.finish().expect("in reach").bytes())
    }
    for (filler, is_near) in [(0x6F00, true), (0x7100, false)] {
        let up = place::<Down>(filler);
        let distance = filler as i64 + 4;
        if is_near {
            assert_eq!(up[..2], [NOP, tbz(distance)]);
        } else {
            // It reaches in spite of the island.
            assert_eq!(up[..4], [NOP, tbz(distance + 8), b(8), b(distance)]);
        }
        let down = place::<Up>(filler);
        let block = &down[filler / 4..];
        let distance = distance + if is_near { 0 } else { 8 };
        assert_eq!(block[block.len() - 2..], [NOP, tbz(-distance)]);
        assert_eq!(block.len(), if is_near { 2 } else { 4 });
    }
    for place in [place::<Down>, place::<Up>] {
        let mut words = place(0x9000);
        let at = words.iter().position(|&word| word == NOP).expect("it is there") + 1;
        let end = 4 * words.len();
        // What the code's end leads to.
        words.push(NOP);
        assert_eq!(destination(&words, 4 * at), if at == 1 { end } else { 0 });
    }
}

/// Several branches, one of which reaches, two to one label: the island has a branch for each label.
#[test]
fn one_island_serves_the_block() {
    fn place<D: Side>() -> Vec<u32> {
        let (mut enc, mut block) = (Emitter::<D>::new(), A64Block::new());
        let farthest = enc.here();
        enc.nops(0x1000);
        let farther = enc.here();
        enc.nops(0x8000);
        let near = enc.here();
        let labels = [farthest, farther, near].map(|label| block.share(label));
        dynasm!(block
            ; .arch aarch64
            ; tbz x1, 3, =>labels[0]
            ; tbz x1, 3, =>labels[2]
            ; tbz x1, 3, =>labels[1]
            ; tbz x1, 3, =>labels[0]
        );
        enc.place(&mut block).expect("an island leads on");
        words(enc.finish().expect("in reach").bytes())
    }
    let down = place::<Down>();
    // The last branch of the block comes first, and gets the island's highest one.
    assert_eq!(down[..3], [b(12), b(0x8000 + 24), b(0x9000 + 20)]);
    assert_eq!(down[3..7], [tbz(-4), tbz(12), tbz(-16), tbz(-16)]);
    let up = place::<Up>();
    // Growing up it is the first one, and the lowest.
    assert_eq!(up[0x9000 / 4..], [tbz(20), tbz(-4), tbz(16), tbz(8), b(12), b(-0x9000 - 20), b(-0x8000 - 24),]);
}

/// Pending when the block is placed, and far away when it is bound: the block's branches come due in their order.
#[test]
fn islands_for_what_is_bound_later() {
    fn check<D: Side>() {
        let (mut enc, mut block) = (Emitter::<D>::new(), A64Block::new());
        let (start, first, second) = (enc.label(), enc.label(), enc.label());
        let labels = (block.share(start), block.share(first), block.share(second));
        dynasm!(block; .arch aarch64; =>labels.0; tbz x1, 3, =>labels.1; tbz x1, 3, =>labels.2);
        enc.place(&mut block).unwrap();
        enc.nops(0x9000);
        enc.bind(first);
        enc.nops(4);
        enc.bind(second);
        enc.nops(4);
        let code = enc.finish().expect("islands lead on");
        let (words, at) = (words(code.bytes()), |label| code.offset_of(label).expect("bound"));
        assert_eq!(destination(&words, at(start)), at(first));
        assert_eq!(destination(&words, at(start) + 4), at(second));
    }
    check::<Down>();
    check::<Up>();
}

/// Neither the label nor the island is in reach; and B's reach ends, too.
#[test]
fn where_no_island_helps() {
    fn far_inside<D: Side>(inside: usize, odd: usize, is_helped: bool) {
        let (mut enc, mut block) = (Emitter::<D>::new(), A64Block::new());
        let label = block.share(enc.here());
        enc.nops(0x8004);
        let before = enc.pos();
        // The island goes to the other end of the block.
        match D::IS_UP {
            false => dynasm!(block; .arch aarch64; .bytes vec![0; inside]; tbz x1, 3, =>label),
            true => dynasm!(block; .arch aarch64; tbz x1, 3, =>label; .bytes vec![0; inside]; .bytes vec![0; odd]),
        }
        let error = PlaceError::OutOfRange {
            target: TargetKind::Dynamic(label),
            at: D::lower(0, inside),
            distance: D::lower(-0x8004, 0x8008),
            range: TBZ,
        };
        assert_eq!(enc.place(&mut block), if is_helped { Ok(()) } else { Err(error) }, "{inside:#x} {odd}");
        assert_eq!(enc.pos() == before, !is_helped);
        assert!(enc.finish().is_ok());
    }
    far_inside::<Down>(0x7FFC, 0, true);
    far_inside::<Down>(0x8000, 0, false);
    // The island's branch comes behind the branch over all, and behind what no instruction can follow.
    far_inside::<Up>(0x7FF4, 0, true);
    far_inside::<Up>(0x7FF8, 0, false);
    far_inside::<Up>(0x7FF0, 3, true);
    far_inside::<Up>(0x7FF4, 1, false);

    fn far_label<D: Side>(filler: usize, is_helped: bool) {
        let (mut enc, mut block) = (Emitter::<D>::new(), A64Block::new());
        let label = block.share(enc.here());
        enc.data(&vec![0; filler]);
        dynasm!(block; .arch aarch64; tbz x1, 3, =>label);
        let distance = D::lower(-(filler as i64), filler as i64 + 4);
        let error = PlaceError::OutOfRange { target: TargetKind::Dynamic(label), at: 0, distance, range: TBZ };
        assert_eq!(enc.place(&mut block), if is_helped { Ok(()) } else { Err(error) });
        assert!(enc.finish().is_ok());
    }
    // The island's branch is one instruction below.
    far_label::<Down>((1 << 27) - 12, true);
    far_label::<Down>((1 << 27) - 8, false);
    // Or above, with that over all between.
    far_label::<Up>((1 << 27) - 8, true);
    far_label::<Up>((1 << 27) - 4, false);
}

/// An island before the block was due, and the block is refused after all: nothing has been placed, and what was due
/// still is.
#[test]
fn a_refused_block_takes_its_islands_along() {
    fn place<D: Side>(refused: bool) -> Vec<u8> {
        let (mut enc, mut block) = (Emitter::<D>::new(), A64Block::new());
        let base = block.share(enc.here());
        enc.nops(0x10_0004);
        let later = enc.label();
        for _ in 0..3 {
            enc.tbz_w(W1, UImm::of::<3>(), later);
        }
        enc.nops(0x6F00);
        if refused {
            let before = enc.pos();
            // Longer than what is left of TBZ's reach, and farther from the label than ADR reaches.
            dynasm!(block; .arch aarch64; .bytes [0; 0x200]; adr x1, =>base; .bytes [0; 0x200]);
            let result = enc.place(&mut block);
            assert!(matches!(result, Err(PlaceError::OutOfRange { at: 0x200, .. })), "{result:?}");
            assert_eq!(enc.pos(), before);
        }
        enc.nops(0x2000);
        enc.bind(later);
        enc.finish().expect("islands lead on").bytes().to_vec()
    }
    assert_eq!(place::<Down>(true), place::<Down>(false));
    assert_eq!(place::<Up>(true), place::<Up>(false));
}

/// A load has the field of a conditional branch, and no island helps it.
#[test]
fn loads_are_not_helped() {
    let range = Range { low: -0x10_0000, high: 0xF_FFFC, step: 4 };
    fn later<D: Side>(distance: i64, range: Option<Range>) {
        let (mut enc, mut block) = (Emitter::<D>::new(), A64Block::new());
        let far = enc.label();
        let label = block.share(far);
        dynasm!(block; .arch aarch64; ldr x1, =>label);
        enc.place(&mut block).unwrap();
        enc.nops(D::lower(distance - 4, -distance) as usize);
        enc.bind(far);
        let error = range.map(|range| FinishError::OutOfRange { label: far, at: D::lower(0, 4), distance, range });
        assert_eq!(enc.finish().err(), error);
    }
    fn earlier<D: Side>(distance: i64, range: Option<Range>) {
        let (mut enc, mut block) = (Emitter::<D>::new(), A64Block::new());
        let label = block.share(enc.here());
        enc.nops(D::lower(-distance, distance - 4) as usize);
        dynasm!(block; .arch aarch64; ldr x1, =>label);
        let error =
            range.map(|range| PlaceError::OutOfRange { target: TargetKind::Dynamic(label), at: 0, distance, range });
        assert_eq!(enc.place(&mut block).err(), error);
    }
    for (distance, range) in [(-0x10_0000, None), (-0x10_0004, Some(range))] {
        later::<Down>(distance, range);
        earlier::<Up>(distance, range);
    }
    for (distance, range) in [(0xF_FFFC, None), (0x10_0000, Some(range))] {
        earlier::<Down>(distance, range);
        later::<Up>(distance, range);
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

/// Blocks with branches up and down, fillers of up to 40 KiB and labels between them: every branch leads to its label,
/// and blocks are whole.
fn lead_where_they_should<D: Side>(numbers: &[u64]) -> TestResult {
    const LABELS: usize = 6;
    let mut choices = choices::Choices::new(numbers);
    let (mut enc, mut block) = (Emitter::<D>::new(), A64Block::new());
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
                block!(enc; bind(labels[bound]); ret());
                bound += 1;
            }
            2 => {
                let to = choices.below(LABELS);
                let place = enc.label();
                block!(enc; bind(place); cbz_x(X3, labels[to]));
                branches.push((place, to));
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
        block!(enc; bind(label); ret());
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
    fn property(numbers: Vec<u64>) -> TestResult {
        let down = lead_where_they_should::<Down>(&numbers);
        if down.is_failure() { down } else { lead_where_they_should::<Up>(&numbers) }
    }
    choices::check("blocks_lead", 300).quickcheck(property as fn(Vec<u64>) -> TestResult);
}
