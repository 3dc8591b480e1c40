//! Islands where something is in the way: blocks longer than a branch reaches, data, alignment, other islands,
//! constants, cold parts, and what is rolled back.

#[allow(dead_code)] // only a part of it is needed here
use crate::ranges;
use ranges::{machine::*, tests};
use tailfirst::{Align, Label, aarch64::*};

tests! {
    a_block_far_longer_than_a_branch_reaches
    long_data_twice
    a_constant_before_data_longer_than_its_reach
    a_table_of_offsets
    a_pool_right_behind_data
    many_branches_at_the_end_of_a_block
    an_island_behind_a_block_comes_after_what_is_due
    a_block_refers_to_what_is_too_far_before_it
    what_aligned_code_refers_to_may_be_too_far
    loads_wait_for_a_constant_that_a_block_places
    constants_of_a_block_without_loads
    constants_among_many_branches
    costs_are_linear
    branches_between_far_parts
    constants_that_are_far_from_cold_code
    cold_code_goes_on_after_it_was_placed
    cold_code_goes_on_after_it_was_dropped
}

const CB: Branch = BRANCHES[16];
const TBZ: Branch = BRANCHES[14];
const B_NE: Branch = BRANCHES[3];
const A8: Align = Align::of::<8>();

/// Writes a block whose code grows in the other direction than `D`, in which the code around it grows.
macro_rules! in_block {
    ($D:ident, $enc:expr, |$block:ident| $write:expr) => {
        if $D::IS_UP { $enc.backward(|$block| $write) } else { $enc.forward(|$block| $write) }
    };
}

/// Binds the labels, and checks everything.
fn end<D: Way>(enc: &mut Emitter<'_, D>, labels: &[Label], placed: &[Placed], loaded: &[Loaded]) {
    labels.iter().for_each(|&label| enc.bind(label));
    enc.nop();
    let code = enc.finish().expect("all is in reach");
    check(&code, placed);
    check_loads(&code, loaded);
}

fn labels<D: Way>(enc: &mut Emitter<'_, D>, count: usize) -> Vec<Label> {
    (0..count).map(|_| enc.label()).collect()
}

/// A branch to each of the labels.
fn branches<D: Way>(enc: &mut Emitter<'_, D>, kind: Branch, labels: &[Label]) -> Vec<Placed> {
    labels.iter().map(|&label| refer(enc, kind, label)).collect()
}

fn a_block_far_longer_than_a_branch_reaches<D: Way>() {
    fn inside<D: Way>(block: &mut Emitter<'_, D>, outside: Label) -> Vec<Placed> {
        let within = block.label();
        let placed = vec![refer(block, TBZ, within), refer(block, CB, outside), refer(block, TBZ, outside)];
        block.nops(4 * 9000);
        block.bind(within);
        block.nop();
        placed
    }

    let mut enc = Emitter::<D>::new();
    enc.nop();
    let label = enc.label();
    let mut placed = vec![refer(&mut enc, TBZ, label)];
    placed.extend(in_block!(D, enc, |block| inside(block, label)));
    end(&mut enc, &[label], &placed, &[]);
}

fn long_data_twice<D: Way>() {
    for (kind, len) in [(CB, 864), (TBZ, 20_000)] {
        let mut enc = Emitter::<D>::new();
        enc.nop();
        let label = enc.label();
        let mut placed = vec![refer(&mut enc, kind, label)];
        let data = vec![7; len];
        for _ in 0..2 {
            placed.push(noted(&mut enc, Err(len), |enc| enc.data(&data)));
        }
        end(&mut enc, &[label], &placed[..1], &[]);
    }
}

fn a_constant_before_data_longer_than_its_reach<D: Way>() {
    let mut enc = Emitter::<D>::new();
    enc.nop();
    let loaded = [load(&mut enc, LOADS[3], 7, A8)];
    enc.data(&[1; 204]);
    enc.data(&[2; 1_105_216]);
    end(&mut enc, &[], &[], &loaded);
}

fn a_table_of_offsets<D: Way>() {
    let mut enc = Emitter::<D>::new();
    enc.nop();
    let label = enc.label();
    let placed = [refer(&mut enc, CB, label)];
    let mut fields = Vec::new();
    for _ in 0..300 {
        enc.data_offset(label);
        // Growing up, there may be an island before it.
        fields.push((enc.here(), if D::IS_UP { 4 } else { 0 }));
    }
    enc.bind(label);
    enc.nop();
    let code = enc.finish().expect("an island comes between");
    check(&code, &placed);
    let to = code.offset_of(label).expect("bound") as u32;
    for (field, before) in fields {
        let field = code.offset_of(field).expect("bound") - before;
        assert_eq!(word_at(code.bytes(), field), to.wrapping_sub(field as u32));
    }
}

fn a_pool_right_behind_data<D: Way>() {
    for len in 0..8 {
        for nops in [0, 210, 215, 220, 225] {
            let mut enc = Emitter::<D>::new();
            enc.nop();
            let label = enc.label();
            let placed = [refer(&mut enc, CB, label)];
            let loaded = [load(&mut enc, LOADS[2], 7, Align::of::<16>()), load(&mut enc, LOADS[1], 8, A8)];
            enc.nops(4 * nops);
            enc.data(&[9; 8][..len]);
            enc.place_pool();
            enc.nops(1000);
            end(&mut enc, &[label], &placed, &loaded);
        }
    }
}

/// Those that reach farther leave room for the others in an island, and so do constants.
fn many_branches_at_the_end_of_a_block<D: Way>() {
    fn inside<D: Way>(block: &mut Emitter<'_, D>, labels: &[Label], loaded: &mut Vec<Loaded>) -> Vec<Placed> {
        block.nops(32_000);
        let mut placed = branches(block, TBZ, &labels[..600]);
        placed.extend(branches(block, B_NE, &labels[600..]));
        placed.extend(branches(block, CB, &labels[..3]));
        loaded.push(load(block, LOADS[2], 7, A8));
        placed
    }

    let mut enc = Emitter::<D>::new();
    enc.nop();
    let labels = labels(&mut enc, 700);
    let mut loaded = Vec::new();
    let mut placed = in_block!(D, enc, |block| inside(block, &labels, &mut loaded));
    // A block in a block.
    placed.extend(enc.forward(|asm| {
        let mut placed = asm.backward(|enc| inside(enc, &labels, &mut loaded));
        placed.extend(asm.backward(|enc| enc.forward(|asm| inside(asm, &labels, &mut loaded))));
        placed
    }));
    enc.nops(5000);
    end(&mut enc, &labels, &placed, &loaded);
}

/// Behind a block there is an island for what it refers to that lies too far away on its other side. What waits
/// meanwhile must not come too late.
fn an_island_behind_a_block_comes_after_what_is_due<D: Way>() {
    fn inside<D: Way>(block: &mut Emitter<'_, D>, far: &[Label]) -> Vec<Placed> {
        let mut placed = branches(block, TBZ, far);
        placed.extend(branches(block, CB, &far[..30]));
        block.nops(100);
        placed
    }

    for before in (0..896).step_by(60) {
        let mut enc = Emitter::<D>::new();
        let far: Vec<Label> = (0..100)
            .map(|_| {
                enc.nop();
                enc.here()
            })
            .collect();
        enc.nops(33_000);
        let label = enc.label();
        let mut placed = vec![refer(&mut enc, CB, label), refer(&mut enc, TBZ, label)];
        enc.nops(before);
        placed.extend(in_block!(D, enc, |block| inside(block, &far)));
        enc.nops(2000);
        end(&mut enc, &[label], &placed, &[]);
    }
}

/// Branches that are not due at a block's end, to what was bound before it: those that reach less must come first in
/// the island.
fn a_block_refers_to_what_is_too_far_before_it<D: Way>() {
    fn inside<D: Way>(block: &mut Emitter<'_, D>, far: &[Label]) -> Vec<Placed> {
        block.nops(700);
        let mut placed = branches(block, CB, &far[..10]);
        placed.extend(branches(block, TBZ, &far[10..]));
        placed
    }

    let mut enc = Emitter::<D>::new();
    let far: Vec<Label> = (0..200)
        .map(|_| {
            enc.nop();
            enc.here()
        })
        .collect();
    enc.nops(33_000);
    let placed = in_block!(D, enc, |block| inside(block, &far));
    end(&mut enc, &[], &placed, &[]);
}

/// The code may end before what aligned code refers to comes due.
fn what_aligned_code_refers_to_may_be_too_far<D: Way>() {
    const A16: Align = Align::of::<16>();
    for kind in 0..5 {
        let mut enc = Emitter::<D>::new();
        enc.nop();
        let far = enc.here();
        enc.nops(2000);
        let mut placed = Vec::new();
        enc.aligned(A16, |enc| match kind {
            0 => placed.push(refer(enc, CB, far)),
            1 => enc.aligned(A16, |enc| placed.push(refer(enc, CB, far))),
            2 => {
                placed.push(refer(enc, CB, far));
                enc.align_code(A8);
                enc.nop();
            }
            3 => {
                enc.aligned(A16, |enc| {
                    placed.push(refer(enc, CB, far));
                    enc.aligned(A16, |enc| enc.nop());
                });
                enc.nop();
            }
            _ => {
                placed.push(in_block!(D, enc, |block| refer(block, CB, far)));
                enc.aligned(A16, |enc| enc.nop());
            }
        });
        // The next instruction may be behind a gap.
        placed.iter_mut().for_each(|placed| placed.has_gap = true);
        end(&mut enc, &[], &placed, &[]);
    }
}

/// What waits outside is placed by a block, whose code goes on for longer than loads reach.
fn loads_wait_for_a_constant_that_a_block_places<D: Way>() {
    fn inside<D: Way>(block: &mut Emitter<'_, D>, len: usize, loaded: &mut Vec<Loaded>) {
        loaded.push(load(block, LOADS[2], 7, A8));
        let over = block.label();
        block.b(over);
        block.place_pool();
        block.data(&vec![0; len]);
        block.bind(over);
        block.nop();
    }

    for len in [0, MIB / 4, MIB / 2, 3 * MIB / 4, MIB, 2 * MIB] {
        for before in [0, MIB / 2, MIB / 4 * 3] {
            let mut enc = Emitter::<D>::new();
            enc.nop();
            let label = enc.label();
            let mut placed = vec![refer(&mut enc, B_NE, label), refer(&mut enc, TBZ, label)];
            let mut loaded = vec![load(&mut enc, LOADS[2], 7, A8), load(&mut enc, LOADS[4], 8, Align::of::<64>())];
            enc.nops(before);
            placed.push(refer(&mut enc, CB, label));
            enc.nops(800);
            let snapshot = enc.snapshot();
            let count = loaded.len();
            for again in [true, false] {
                in_block!(D, enc, |block| inside(block, len, &mut loaded));
                loaded.push(load(&mut enc, LOADS[2], 7, A8));
                if again {
                    enc.rollback(snapshot);
                    loaded.truncate(count);
                }
            }
            enc.nops(2000);
            end(&mut enc, &[label], &placed, &loaded);
        }
    }
}

fn constants_of_a_block_without_loads<D: Way>() {
    fn inside<D: Way>(block: &mut Emitter<'_, D>) -> Vec<Label> {
        block.align_code(A8);
        (0..5000).map(|number| block.constant_u128(number)).collect()
    }

    for before in (860..920).step_by(4) {
        let mut enc = Emitter::<D>::new();
        enc.nop();
        let label = enc.label();
        let placed = [refer(&mut enc, CB, label)];
        enc.nops(before);
        let constants = in_block!(D, enc, |block| inside(block));
        enc.nops(2000);
        enc.bind(label);
        let code = enc.finish().expect("constants find a place");
        check(&code, &placed);
        for (number, label) in constants.into_iter().enumerate() {
            let at = code.offset_of(label).expect("placed");
            assert_eq!(code.bytes()[at..][..16], (number as u128).to_le_bytes());
        }
    }
}

/// An island that leads on to many labels does not keep constants out of reach.
fn constants_among_many_branches<D: Way>() {
    for kind in [B_NE, TBZ] {
        let mut enc = Emitter::<D>::new();
        enc.nop();
        let labels = labels(&mut enc, 100_000);
        let mut placed = branches(&mut enc, kind, &labels[..1]);
        let loaded = [load(&mut enc, LOADS[2], 7, A8)];
        placed.extend(branches(&mut enc, kind, &labels[1..]).into_iter().step_by(5000));
        enc.nops(MIB);
        end(&mut enc, &labels, &placed, &loaded);
    }
}

/// 200,000 loads of constants over far code, and 100,000 pending branches of each reach, in blocks and beside them,
/// take a moment and not minutes.
fn costs_are_linear<D: Way>() {
    fn loads<D: Way>(enc: &mut Emitter<'_, D>, from: u64, count: u64) -> Vec<Loaded> {
        (from..from + count).map(|number| load(enc, LOADS[0], number % 50_000, A8)).collect()
    }

    let mut enc = Emitter::<D>::new();
    enc.nop();
    let mut loaded = loads(&mut enc, 0, 100_000);
    for part in 0..2000 {
        loaded.extend(in_block!(D, enc, |block| loads(block, 50 * part, 50)));
    }
    enc.nops(2 * MIB);
    end(&mut enc, &[], &[], &loaded);

    for kind in [B_NE, TBZ, CB] {
        let mut enc = Emitter::<D>::new();
        enc.nop();
        let labels = labels(&mut enc, 100_000);
        let mut placed = branches(&mut enc, kind, &labels);
        for part in labels.chunks(100) {
            placed.extend(in_block!(D, enc, |block| branches(block, kind, part)));
        }
        enc.nops(2 * MIB);
        let placed: Vec<Placed> = placed.into_iter().step_by(1009).collect();
        end(&mut enc, &labels, &placed, &[]);
    }
}

/// Branches of all reaches, from the body to a part, back, and from part to part; with less between them, and with more
/// than they reach.
fn branches_between_far_parts<D: Way>() {
    for (body, part) in [(10, 10), (KIB, 10), (10, KIB), (40 * KIB, 10), (10, 40 * KIB), (2 * MIB, 3 * MIB)] {
        let mut enc = Emitter::<D>::new();
        enc.nop();
        let start = enc.here();
        let mut placed = Vec::new();
        let exits: Vec<Label> = BRANCHES.iter().map(|_| enc.label()).collect();
        for (number, branch) in BRANCHES.into_iter().enumerate() {
            placed.push(refer(&mut enc, branch, exits[number]));
            let back = enc.here();
            enc.cold(|enc| {
                enc.bind(exits[number]);
                enc.nop();
                placed.push(refer(enc, branch, back));
                placed.push(refer(enc, branch, start));
                placed.push(refer(enc, branch, exits[(number + 7) % exits.len()]));
                if number % 13 == 0 {
                    (0..part / 4).for_each(|_| enc.nop());
                }
            });
            if number % 13 == 1 {
                (0..body / 4).for_each(|_| enc.nop());
            }
            if number == 30 && body == part {
                enc.b(back);
                enc.place_cold();
            }
        }
        check(&enc.finish().expect("everything is in reach of islands"), &placed);
    }
}

/// Asked for in a part: before long code, between long parts, and where the body has places for its own.
fn constants_that_are_far_from_cold_code<D: Way>() {
    let mut enc = Emitter::<D>::new();
    let mut loaded = Vec::new();
    let align = Align::of::<16>();
    for number in 0..3 {
        loaded.push(load(&mut enc, LOADS[0], number, align));
        enc.cold(|enc| loaded.push(load(enc, LOADS[0], number, align)));
        (0..3 * MIB / 8).for_each(|_| enc.nop());
        enc.cold(|enc| {
            for load_of in LOADS {
                loaded.push(load(enc, load_of, number, align));
            }
            (0..3 * MIB / 16).for_each(|_| enc.nop());
        });
        let around = enc.label();
        enc.b(around);
        enc.place_pool();
        enc.bind(around);
    }
    check_loads(&enc.finish().expect("each constant is in reach"), &loaded);
}

/// What is placed is the body's: it comes due there, and not in parts that come later.
fn cold_code_goes_on_after_it_was_placed<D: Way>() {
    let mut enc = Emitter::<D>::new();
    enc.nop();
    let exits = labels(&mut enc, 3);
    let mut placed = Vec::new();
    for _ in 0..3 {
        enc.cold(|enc| {
            placed.extend(branches(enc, TBZ, &exits));
            enc.nops(3000);
        });
        enc.place_cold();
        enc.nops(100);
        enc.cold(|enc| {
            placed.extend(branches(enc, TBZ, &exits));
            enc.nops(40_000);
        });
    }
    enc.place_cold();
    end(&mut enc, &exits, &placed, &[]);
}

/// An island that is dropped served what comes due again.
fn cold_code_goes_on_after_it_was_dropped<D: Way>() {
    let mut enc = Emitter::<D>::new();
    enc.nop();
    let exits = labels(&mut enc, 3);
    let mut placed = enc.cold(|enc| branches(enc, TBZ, &exits));
    let snapshot = enc.snapshot();
    for _ in 0..2 {
        enc.cold(|enc| enc.nops(40_000));
        enc.rollback(snapshot);
        enc.cold(|enc| enc.nops(40_000));
        enc.place_cold();
        enc.rollback(snapshot);
    }
    enc.cold(|enc| {
        enc.nops(40_000);
        placed.extend(branches(enc, TBZ, &exits));
    });
    enc.place_cold();
    end(&mut enc, &exits, &placed, &[]);
}
