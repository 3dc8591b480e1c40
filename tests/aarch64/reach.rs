//! Branches near and beyond their reach, against a machine that follows them.
//!
//! A program is placed in many ways (branches up and down, islands in the way, blocks, data, what is rolled back). The
//! reference does not lay code out: it is a small interpreter of branches, written from the manual's diagrams. From
//! each branch, in each state of flags and registers, it must get to the branch's label where the instruction that was
//! asked for branches, and to the instruction above where that does not.

use crate::ranges;
use quickcheck::TestResult;
use ranges::{machine::*, program::*, tests};
use tailfirst::{Align, FinishError, Label, Range, SiteKind, Symbol, aarch64::*};
use tailfirst_roundtrip::choices::{self, Choices};

tests! {
    a_bound_label_is_reached_directly_up_to_the_limit_and_by_a_veneer_beyond
    a_pending_label_is_reached_directly_up_to_the_deadline_and_by_an_island_beyond
    b_and_bl_go_on_from_island_to_island
    bound_addresses_and_literals_reach_16_mib
    what_nothing_can_help_is_out_of_range
    what_belongs_together_stays_so
    islands_cost_in_proportion
    references_to_one_label_share_a_branch
    what_belongs_together_stays_together
    what_is_moved_or_dropped_before_an_island_serves
    islands_behind_odd_data
    a_constant_lies_at_the_end_up_to_the_deadline_and_in_an_island_beyond
    many_constants
    constants_among_other_things
    constants_are_placed_before_small_aligned_blocks
    a_blocks_branches_come_due_from_its_end
    random_programs_lead_where_they_should
    random_programs_of_300_mib
}

/// A branch, `nops`, and the label, or the other way round.
fn near<D: Way>(enc: &mut Emitter<'_, D>, kind: Branch, nops: usize, is_bound: bool) -> Vec<Placed> {
    enc.clear();
    enc.nop();
    let label = if is_bound { enc.here() } else { enc.label() };
    let mut placed = Vec::new();
    if !is_bound {
        placed.push(refer(enc, kind, label));
    }
    for _ in 0..nops {
        // Of a million nops, only the last ones are worth a note.
        enc.nop();
    }
    if is_bound {
        placed.push(refer(enc, kind, label));
    } else {
        enc.bind(label);
    }
    placed
}

/// Writes a block whose code grows in the other direction than `D`, in which the code around it grows.
macro_rules! in_block {
    ($D:ident, $enc:expr, |$block:ident| $write:expr) => {
        if $D::IS_UP { $enc.backward(|$block| $write) } else { $enc.forward(|$block| $write) }
    };
}

fn a_bound_label_is_reached_directly_up_to_the_limit_and_by_a_veneer_beyond<D: Way>() {
    let mut enc = Emitter::<D>::new();
    for branch in BRANCHES.into_iter().filter(|branch| branch.down < 128 * MIB) {
        let limit = branch.back::<D>() / 4;
        // How many instructions stand for it beyond: an inverted one and B; B alone; none can be inverted.
        let veneer = match branch.word {
            word if word >> 24 == 0x54 && word & 0xE == 0xE => 1,
            word if word >> 24 & 0x7F == 0x75 && word >> 22 & 3 != 3 => 3,
            _ => 2,
        };
        for (distance, words) in
            [(limit - 1, 1), (limit, 1), (limit + 1, veneer), (limit + 2, veneer), (2 * limit, veneer)]
        {
            // Growing down, the branch itself lies between.
            let nops = if D::IS_UP { distance } else { distance - 1 };
            let placed = near(&mut enc, branch, nops, true);
            let code = enc.finish().expect("in reach of a veneer");
            assert_eq!(code.bytes().len() / 4, 1 + nops + words, "{:#x} at {distance}", branch.word);
            check(&code, &placed);
        }
    }
}

fn a_pending_label_is_reached_directly_up_to_the_deadline_and_by_an_island_beyond<D: Way>() {
    let mut enc = Emitter::<D>::new();
    for branch in BRANCHES.into_iter().filter(|branch| branch.down < 128 * MIB) {
        let limit = branch.down / 4;
        // Growing up, the branch itself lies between.
        let deadline = limit / 8 * 7 - usize::from(D::IS_UP);
        for (nops, island) in [
            (deadline - 1, 0),
            (deadline, 0),
            (deadline + 1, 2),
            (limit - 3, 2),
            (limit - 2, 2),
            (limit - 1, 2),
            (limit, 2),
            (limit + 1, 2),
            (2 * limit, 2),
        ] {
            let placed = near(&mut enc, branch, nops, false);
            let code = enc.finish().expect("in reach of an island");
            assert_eq!(code.bytes().len() / 4, 2 + nops + island, "{:#x} at {nops}", branch.word);
            check(&code, &placed);
        }
    }
}

/// Memory that costs nothing until it is touched.
fn memory(bytes: usize) -> memmap2::MmapMut {
    memmap2::MmapMut::map_anon(bytes).expect("virtual memory")
}

fn b_and_bl_go_on_from_island_to_island<D: Way>() {
    let filler = Filler::new();
    let mut memory = memory(300 * MIB);
    for (branch, words) in [(BRANCHES[0], 32 * MIB - 1), (BRANCHES[1], 32 * MIB + 1), (BRANCHES[14], 72 * MIB)] {
        let mut enc = Emitter::<D>::in_slice(&mut memory);
        let mut placed = near(&mut enc, branch, 0, false);
        // As `near` does, with a label that is bound much later.
        let label = enc.label();
        placed.push(refer(&mut enc, branch, label));
        filler.place(&mut enc, words, &mut placed);
        enc.bind(label);
        check(&enc.finish().expect("islands lead to it"), &placed);
    }
}

/// The address that `adr` and perhaps `add` or `sub` make, and what is read there: registers' numbers, the load's word
/// without registers.
fn follow_address(code: &[u8], at: usize) -> (u32, i64, Option<u32>) {
    let word = |index: usize| word_at(code, at + 4 * index);
    let (adr, add) = (word(0), word(1));
    assert_eq!(adr & 0x9F00_0000, 0x1000_0000, "adr");
    let low = (i64::from(adr >> 5 & 0x7_FFFF) << 2 | i64::from(adr >> 29 & 3)) << 43 >> 43;
    let register = adr & 31;
    // ADD and SUB (immediate), 64 bits, shifted by 12.
    let sign = match add & 0xFFC0_0000 {
        0x9140_0000 => 1,
        0xD140_0000 => -1,
        _ => panic!("{add:#x}"),
    };
    assert_eq!((add & 31, add >> 5 & 31), (register, register));
    let to = at as i64 + low + sign * (i64::from(add >> 10 & 0xFFF) << 12);
    let has_load = at + 8 < code.len() && word(2) & 0x3F00_0000 == 0x3900_0000;
    let is_load = has_load && (word(2) & 31, word(2) >> 5 & 31) == (register, register);
    (register, to, is_load.then(|| word(2) & !0x3FF))
}

fn bound_addresses_and_literals_reach_16_mib<D: Way>() {
    let others: [(Option<u32>, Place); 4] = [
        (None, place!(|enc, label| enc.adr(X3, label))),
        (Some(0xF940_0000), place!(|enc, label| enc.ldr_x_lit(X3, label))),
        (Some(0xB940_0000), place!(|enc, label| enc.ldr_w_lit(W3, label))),
        (Some(0xB980_0000), place!(|enc, label| enc.ldrsw_x_lit(X3, label))),
    ];
    for (load, place) in others {
        let words = 2 + usize::from(load.is_some());
        for gap in [MIB, MIB + 4, 3 * MIB - 4, 16 * MIB - 16, 16 * MIB - 12, 16 * MIB - 8, 16 * MIB - 4] {
            let mut enc = Emitter::<D>::new();
            let start = enc.here();
            enc.data(b"literal.");
            let label = if D::IS_UP { start } else { enc.here() };
            enc.nops(gap);
            D::place(place, &mut enc, label);
            // From the first instruction of some, and from a single one.
            let distances =
                if D::IS_UP { [-8 - gap as i64; 2] } else { [words, 1].map(|words| (gap + 4 * words) as i64) };
            let is_far = distances[0].unsigned_abs() as usize >= 16 * MIB;
            match enc.finish() {
                Ok(code) => {
                    assert!(!is_far, "{gap:#x}");
                    let to = code.offset_of(label).expect("it is bound") as i64;
                    assert_eq!(code.bytes().len(), 8 + gap + 4 * words);
                    let at = if D::IS_UP { 8 + gap } else { 0 };
                    assert_eq!(follow_address(code.bytes(), at), (3, to, load), "{gap:#x}");
                }
                Err(FinishError::OutOfRange { distance, .. }) => {
                    assert!(is_far, "{gap:#x}");
                    assert_eq!(distance, distances[1]);
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}

/// Of pending labels nothing is out of reach but what is no branch, of bound ones nothing but a load that has no
/// register for an address and what is farther than a B.
fn what_nothing_can_help_is_out_of_range<D: Way>() {
    let imm19 = Range { low: -1_048_576, high: 1_048_572, step: 4 };
    let adr = Range { low: -1_048_576, high: 1_048_575, step: 1 };
    let others: [(bool, Range, Place); 5] = [
        (true, imm19, place!(|enc, label| enc.ldr_x_lit(X3, label))),
        (false, imm19, place!(|enc, label| enc.ldr_x_lit(XZR, label))),
        (false, imm19, place!(|enc, label| enc.ldr_d_lit(D3, label))),
        (true, imm19, place!(|enc, label| enc.ldrsw_x_lit(X3, label))),
        (true, adr, place!(|enc, label| enc.adr(X3, label))),
    ];
    // A field reaches one instruction less upward, and growing down what refers to a bound label lies between.
    let (far, near) = if D::IS_UP { (MIB, MIB - 8) } else { (MIB - 8, MIB) };
    let beyond_back = if D::IS_UP { -(MIB as i64) - 4 } else { MIB as i64 };
    let beyond_ahead = if D::IS_UP { MIB as i64 } else { -(MIB as i64) - 4 };
    for (has_register, range, place) in others {
        for beyond in [false, true] {
            let mut enc = Emitter::<D>::new();
            enc.nop();
            let label = enc.here();
            enc.nops(far + 4 * usize::from(beyond));
            D::place(place, &mut enc, label);
            let at = if D::IS_UP { MIB as u32 + 8 } else { MIB as u32 + 4 };
            let problem = |label| Err(FinishError::OutOfRange { label, at, distance: beyond_back, range });
            assert_eq!(enc.finish().map(drop), if beyond && !has_register { problem(label) } else { Ok(()) });

            // In a block, too.
            let mut enc = Emitter::<D>::new();
            enc.nop();
            let label = enc.here();
            enc.nops(far + 4 * usize::from(beyond));
            if D::IS_UP {
                enc.backward(|enc| (place.down)(enc, label));
            } else {
                enc.forward(|asm| (place.up)(asm, label));
            }
            assert_eq!(enc.finish().map(drop), if beyond { problem(label) } else { Ok(()) });

            let mut enc = Emitter::<D>::new();
            let label = enc.label();
            D::place(place, &mut enc, label);
            enc.nops(near + 4 * usize::from(beyond));
            enc.bind(label);
            let at = if D::IS_UP { 0 } else { 4 };
            let problem = FinishError::OutOfRange { label, at, distance: beyond_ahead, range };
            assert_eq!(enc.finish().map(drop), if beyond { Err(problem) } else { Ok(()) });
        }
    }
    let filler = Filler::new();
    let mut memory = memory(160 * MIB);
    for branch in [BRANCHES[0], BRANCHES[2]] {
        for beyond in [0, 1] {
            let mut enc = Emitter::<D>::in_slice(&mut memory);
            enc.nop();
            let label = enc.here();
            let mut placed = Vec::new();
            // The B of a veneer is its last instruction.
            let between = match (D::IS_UP, branch.down < 128 * MIB) {
                (false, _) => 2,
                (true, veneer) => usize::from(veneer),
            };
            filler.place(&mut enc, 32 * MIB - between + beyond, &mut placed);
            placed.push(refer(&mut enc, branch, label));
            let range = Range { low: -134_217_728, high: 134_217_724, step: 4 };
            let (at, distance) = if D::IS_UP { (8, -(128 * MIB as i64) - 4) } else { (4, 128 * MIB as i64) };
            match enc.finish() {
                Ok(code) if beyond == 0 => check(&code, &placed),
                Err(problem) if beyond == 1 => {
                    let at = 128 * MIB as u32 + at;
                    assert_eq!(problem, FinishError::OutOfRange { label, at, distance, range });
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// No island comes into a gap, behind it before what it was made for, into a site or a field of data, or between the
/// constants of a pool.
fn what_belongs_together_stays_so<D: Way>() {
    const ALIGN: Align = Align::of::<64>();
    let branch = BRANCHES[16];
    for (nops, service) in (150..260).flat_map(|nops| (0..6).map(move |service| (nops, service))) {
        let mut enc = Emitter::<D>::new();
        let case = format!("service {service} after {nops} nops");
        let mut placed = near(&mut enc, branch, 0, false);
        let label = enc.label();
        placed.push(refer(&mut enc, branch, label));
        enc.nops(4 * nops);
        let (mut point, mut offset, mut constants) = (None, None, Vec::new());
        let gap = |enc: &mut Emitter<'_, D>, is_code: bool| {
            if is_code {
                enc.align_code(ALIGN)
            } else {
                enc.align(ALIGN)
            }
            let end = enc.pos().from_base();
            assert_eq!(end % 64, 0, "{case}");
            if is_code {
                enc.nop()
            } else {
                enc.data_u32(1)
            }
            assert_eq!(enc.pos().from_base(), end + 4, "{case}");
        };
        match service {
            0 => gap(&mut enc, true),
            1 => gap(&mut enc, false),
            2 => point = Some(enc.patchable(SiteKind::A64Literal, |enc| enc.data_u64(7))),
            3 => {
                let to = enc.here();
                enc.data_offset(to);
                // Growing up, an island may be before it.
                offset = Some((enc.here(), if D::IS_UP { 4 } else { 0 }, to));
            }
            4 => {
                constants.extend((0..8).map(|number| (number, enc.constant_u128(number))));
                enc.place_pool();
            }
            _ => enc.aligned(ALIGN, |enc| {
                placed.push(refer(enc, branch, label));
                enc.nops(4 * nops);
                enc.align_code(Align::of::<16>());
                assert_eq!(enc.pos().from_base() % 16, 0, "{case}");
                placed.push(refer(enc, branch, label));
                enc.nops(4 * nops);
            }),
        }
        enc.nops(4096);
        enc.bind(label);
        let code = enc.finish().expect("islands lead to it");
        check(&code, &placed);
        if let Some(point) = point {
            let site = code.site(point).expect("aligned");
            assert_eq!(code.bytes()[site.offset..][..8], 7_u64.to_le_bytes(), "{case}");
        }
        if let Some((field, before, to)) = offset {
            let (field, to) = (code.offset_of(field).unwrap() - before, code.offset_of(to).unwrap());
            assert_eq!(word_at(code.bytes(), field), (to as u32).wrapping_sub(field as u32), "{case}");
        }
        let offsets: Vec<usize> = constants.iter().map(|&(_, label)| code.offset_of(label).unwrap()).collect();
        let are_next = |low: usize, high: usize| low + 16 == high;
        let in_order = |pair: &[usize]| if D::IS_UP { are_next(pair[0], pair[1]) } else { are_next(pair[1], pair[0]) };
        assert!(offsets.windows(2).all(in_order), "{case}");
        for (&(number, _), &at) in constants.iter().zip(&offsets) {
            assert_eq!(code.bytes()[at..][..16], number.to_le_bytes(), "{case}");
        }
    }
}

/// Each of 20,000 branches has a label of its own: an island has room for all that are due, and their number is
/// bounded.
fn islands_cost_in_proportion<D: Way>() {
    for branch in [BRANCHES[2], BRANCHES[14], BRANCHES[16]] {
        let mut enc = Emitter::<D>::new();
        enc.nop();
        let mut placed = Vec::new();
        let labels: Vec<Label> = (0..20_000).map(|_| enc.label()).collect();
        for &label in &labels {
            placed.push(refer(&mut enc, branch, label));
        }
        for &label in &labels {
            (0..branch.down / 16).for_each(|_| enc.nop());
            enc.bind(label);
            if enc.pos().from_base() > 3_000_000 {
                break;
            }
        }
        for &label in &labels {
            if enc.pos_of(label).is_none() {
                enc.bind(label);
            }
        }
        let used = enc.finish().expect("islands lead to all").bytes().len();
        // A branch, at most one B for each, and the branches over islands: one for each of many.
        let nops = used / 4;
        assert!(nops > 20_000);
        let code = enc.finish().expect("again");
        let jumps = (0..used / 4).filter(|&i| word_at(code.bytes(), 4 * i) >> 26 == 5).count();
        assert!(jumps <= 20_000 + 20_000 / 8, "{jumps} for {:#x}", branch.word);
        placed.truncate(300);
        check(&code, &placed);
    }
}

/// Branches to one label share a B.
fn references_to_one_label_share_a_branch<D: Way>() {
    let mut enc = Emitter::<D>::new();
    enc.nop();
    let label = enc.label();
    let mut placed = Vec::new();
    for _ in 0..100 {
        placed.push(refer(&mut enc, BRANCHES[14], label));
    }
    (0..10_000).for_each(|_| enc.nop());
    enc.bind(label);
    let code = enc.finish().expect("in reach of an island");
    assert_eq!(code.bytes().len() / 4, 1 + 100 + 10_000 + 2);
    check(&code, &placed);
}

fn what_belongs_together_stays_together<D: Way>() {
    /// Eight instructions, and their ends.
    fn eight<D: Way>(enc: &mut Emitter<'_, D>) -> (Label, Label) {
        let first = enc.here();
        enc.nops(32);
        (first, enc.here())
    }

    let mut enc = Emitter::<D>::new();
    let branch = BRANCHES[16];
    // At each place near the deadline: a table in pieces, a block, a stretch that is kept together.
    for nops in 180..260 {
        for kind in 0..5 {
            enc.clear();
            enc.nop();
            let label = enc.label();
            let mut placed = vec![refer(&mut enc, branch, label)];
            (0..nops).for_each(|_| enc.nop());
            let (first, last) = match kind {
                0 => {
                    enc.keep_together(36);
                    enc.data_u32(1);
                    let first = enc.here();
                    let snapshot = enc.snapshot();
                    enc.data_u32(0);
                    enc.rollback(snapshot);
                    (2..10).for_each(|n| enc.data_u32(n));
                    (first, enc.here())
                }
                1 => in_block!(D, enc, |block| eight(block)),
                2 => {
                    enc.keep_together(32);
                    eight(&mut enc)
                }
                3 => {
                    // Of two kinds of data.
                    enc.keep_together(36);
                    enc.data_u32(1);
                    let first = enc.here();
                    (0..4).for_each(|n| {
                        enc.data_offset(first);
                        enc.data_u32(n);
                    });
                    (first, enc.here())
                }
                _ => {
                    let frame = enc.late();
                    enc.set_late(frame, 9);
                    enc.with_late(frame, |enc, imm: AddImm| {
                        enc.add_x_imm(X1, X1, imm);
                    });
                    enc.nops(32);
                    (enc.here(), enc.here())
                }
            };
            (0..300).for_each(|_| enc.nop());
            enc.bind(label);
            let code = enc.finish().expect("in reach of an island");
            let [first, last] = [first, last].map(|label| code.offset_of(label).expect("bound"));
            assert!(kind > 3 || first.abs_diff(last) == 32, "{nops} {kind}: {first:#x} {last:#x}");
            let is_nop = |n: usize| word_at(code.bytes(), first.min(last) + 4 * n) == NOP;
            assert!(!matches!(kind, 1 | 2) || (0..8).all(is_nop), "{nops}");
            check(&code, &placed);
            placed.clear();
        }
    }
}

/// Where a block or a dropped part is between a branch and its island.
fn what_is_moved_or_dropped_before_an_island_serves<D: Way>() {
    let (tbz, cb) = (BRANCHES[14], BRANCHES[16]);
    type Between<'a, D> = &'a mut dyn FnMut(&mut Emitter<'_, D>, Label, &mut Vec<Placed>);
    let run = |branch: Branch, f: Between<'_, D>| {
        let mut enc = Emitter::<D>::new();
        enc.nop();
        let label = enc.label();
        let mut placed = vec![refer(&mut enc, branch, label)];
        f(&mut enc, label, &mut placed);
        enc.nops(5 * branch.down / 4);
        enc.bind(label);
        check(&enc.finish().expect("in reach of an island"), &placed);
    };
    // An island that is dropped serves nothing.
    run(tbz, &mut |enc, _, _| {
        let snapshot = enc.snapshot();
        for _ in 0..2 {
            enc.nops(40_000);
            enc.rollback(snapshot);
        }
    });
    // A block, whose length decides.
    for words in (100..260).step_by(10) {
        run(cb, &mut |enc, label, placed| {
            enc.nops(600);
            in_block!(D, enc, |block| block.nops(words * 4));
            placed.push(refer(enc, cb, label));
        });
    }
    for nops in 0..40 {
        // An island in an aligned block is moved with it, and so are some of the branches that it serves.
        run(tbz, &mut |enc, label, placed| {
            enc.nops(4 * nops);
            enc.aligned(Align::of::<64>(), |enc| {
                enc.nops(8192);
                placed.push(refer(enc, tbz, label));
                enc.nops(36_000);
            });
        });
        // Data that ends an aligned block beyond a deadline: no island comes into the gap.
        run(cb, &mut |enc, label, placed| {
            enc.nops(2000);
            enc.aligned(Align::of::<16>(), |enc| {
                placed.push(refer(enc, cb, label));
                enc.nops(860);
                (0..nops / 2).for_each(|_| enc.data_u32(NOP));
            });
        });
    }
}

/// Code after data of odd length that is aligned by `align_code`: an island before it is aligned, too.
fn islands_behind_odd_data<D: Way>() {
    let branch = BRANCHES[16];
    for nops in 180..240 {
        let mut enc = Emitter::<D>::new();
        let mut placed = near(&mut enc, branch, nops, false);
        let label = enc.label();
        placed.push(refer(&mut enc, branch, label));
        enc.nops(4 * nops);
        enc.data(&[1, 2, 3]);
        enc.align_code(Align::of::<8>());
        enc.nops(1000);
        enc.bind(label);
        check(&enc.finish().expect("in reach of an island"), &placed[1..]);
    }
}

const A8: Align = Align::of::<8>();

/// A load, `nops`, and the end. The code's words.
fn words_with_a_load<D: Way>(load_of: ranges::machine::Load, nops: usize) -> usize {
    let mut enc = Emitter::<D>::new();
    enc.nop();
    let loaded = [load(&mut enc, load_of, 7, A8)];
    (0..nops).for_each(|_| enc.nop());
    let code = enc.finish().expect("constants come in time");
    check_loads(&code, &loaded);
    code.bytes().len() / 4
}

fn a_constant_lies_at_the_end_up_to_the_deadline_and_in_an_island_beyond<D: Way>() {
    let (limit, deadline) = (MIB / 4, MIB / 32 * 7);
    for load_of in LOADS {
        for (nops, branch) in [
            (0, 0),
            (deadline - 100, 0),
            (deadline + 10, 1),
            (limit - 1, 1),
            (limit, 1),
            (limit + 1, 1),
            (2 * limit, 1),
        ] {
            let words = words_with_a_load::<D>(load_of, nops) - 2 - nops - load_of.0 / 4;
            assert!((branch..branch + 2).contains(&words), "{nops}: {words}");
        }
    }
}

/// 20,000 constants are more than the last eighth of a reach has room for: in plain code, in one aligned block, and in
/// blocks.
fn many_constants<D: Way>() {
    fn some<D: Way>(enc: &mut Emitter<'_, D>, loaded: &mut Vec<Loaded>, count: usize) {
        let done = loaded.len();
        loaded.extend((done..done + count).map(|number| load(enc, LOADS[2], number as u64, Align::of::<16>())));
    }

    for kind in 0..4 {
        let mut enc = Emitter::<D>::new();
        enc.nop();
        let mut loaded = Vec::new();
        let blocks = |enc: &mut Emitter<'_, D>, loaded: &mut Vec<Loaded>| {
            (0..100).for_each(|_| in_block!(D, enc, |block| some(block, loaded, 200)));
        };
        match kind {
            0 => some(&mut enc, &mut loaded, 20_000),
            1 => enc.aligned(Align::of::<64>(), |enc| some(enc, &mut loaded, 20_000)),
            2 => blocks(&mut enc, &mut loaded),
            _ => enc.aligned(A8, |enc| blocks(enc, &mut loaded)),
        }
        enc.nops(2 * MIB);
        check_loads(&enc.finish().expect("constants come in time"), &loaded);
    }
}

/// Constants are placed in time beside what is in the way: data, a long forward block, branches with islands of their
/// own, and what is dropped.
fn constants_among_other_things<D: Way>() {
    /// Loads around long code, and a call at its end. Gives the place of the call's end.
    fn long<D: Way>(block: &mut Emitter<'_, D>, loaded: &mut Vec<Loaded>, inside: Label) -> Label {
        loaded.push(load(block, LOADS[3], 1, A8));
        block.nops(MIB / 4);
        let call = noted(block, Err(4), |block| block.bl(Symbol(7)));
        block.bind(inside);
        loaded.push(load(block, LOADS[4], 3, A8));
        if D::IS_UP { call.next } else { call.own }
    }

    fn short<D: Way>(block: &mut Emitter<'_, D>, loaded: &mut Vec<Loaded>) {
        loaded.push(load(block, LOADS[0], 6, A8));
        block.nops(MIB / 3 / 4 * 4);
    }

    let filler = Filler::new();
    let (branch, near) = (BRANCHES[16], BRANCHES[14]);
    for before in (MIB / 32 * 7 - 40..MIB / 32 * 7 + 40).step_by(16) {
        for kind in 0..7 {
            let mut enc = Emitter::<D>::new();
            enc.nop();
            let (label, inside, mut call) = (enc.label(), enc.label(), None);
            let mut loaded = vec![load(&mut enc, LOADS[0], 1, A8), load(&mut enc, LOADS[2], 2, Align::of::<4096>())];
            let mut placed = Vec::new();
            filler.place(&mut enc, before - 220, &mut placed);
            for branch in [near, branch] {
                placed.push(refer(&mut enc, branch, label));
            }
            (0..200).for_each(|_| placed.push(noted(&mut enc, Err(4), |enc| enc.nop())));
            match kind {
                0 => filler.place(&mut enc, MIB / 8, &mut placed),
                1 => call = Some(in_block!(D, enc, |block| long(block, &mut loaded, inside))),
                2 => enc.aligned(Align::of::<1024>(), |enc| {
                    loaded.push(load(enc, LOADS[3], 1, A8));
                    filler.place(enc, MIB / 8, &mut placed);
                    loaded.push(load(enc, LOADS[4], 3, A8));
                }),
                3 => {
                    let snapshot = enc.snapshot();
                    for _ in 0..3 {
                        load(&mut enc, LOADS[1], 9, A8);
                        enc.nops(MIB / 4);
                        load(&mut enc, LOADS[3], 1, Align::of::<32>());
                        enc.rollback(snapshot);
                    }
                }
                4 => enc.aligned(A8, |enc| {
                    enc.aligned(Align::of::<32>(), |enc| {
                        loaded.push(load(enc, LOADS[0], 5, A8));
                        in_block!(D, enc, |block| short(block, &mut loaded));
                        loaded.push(load(enc, LOADS[0], 5, A8));
                    });
                }),
                5 => {
                    let slot = enc.constant_address(label);
                    enc.ldr_x_lit(X3, slot);
                }
                // Branches in a block that begins anew.
                _ => enc.aligned(Align::of::<4096>(), |enc| {
                    loaded.push(load(enc, LOADS[0], 5, A8));
                    filler.place(enc, MIB / 32 * 7 - 1000, &mut placed);
                    for _ in 0..80 {
                        placed.push(refer(enc, branch, label));
                        enc.nops(120);
                    }
                    enc.nops(80);
                }),
            }
            enc.nops(MIB / 4);
            enc.bind(label);
            enc.nop();
            let code = enc.finish().expect("constants come in time");
            check(&code, &placed);
            check_loads(&code, &loaded);
            if let Some(call) = call {
                let relocations: Vec<usize> = code.relocations().iter().map(|relocation| relocation.from).collect();
                let call = code.offset_of(call).expect("bound");
                // Where the block grew up, it is the call's end.
                assert_eq!(relocations, [if D::IS_UP { call } else { call - 4 }]);
                assert_eq!(code.offset_of(inside), Some(call));
            }
        }
    }
}

/// Small aligned blocks are not in the way of constants, be they few or many: a snapshot in one stays good.
fn constants_are_placed_before_small_aligned_blocks<D: Way>() {
    for count in [1, 400] {
        let mut enc = Emitter::<D>::new();
        enc.nop();
        let mut loaded = Vec::new();
        for block in 0..200 {
            enc.nops(5000);
            let constants = (0..count).map(|constant| block << 32 | constant);
            enc.aligned(Align::of::<32>(), |enc| {
                let snapshot = enc.snapshot();
                constants.clone().for_each(|number| drop(load(enc, LOADS[2], number, Align::of::<16>())));
                enc.nops(60_000);
                enc.rollback(snapshot);
                loaded.extend(constants.map(|number| load(enc, LOADS[2], number, Align::of::<16>())));
                enc.nops(8000);
            });
        }
        check_loads(&enc.finish().expect("no snapshot is stale"), &loaded);
    }
}

/// In a block the branch placed last comes due first.
fn a_blocks_branches_come_due_from_its_end<D: Way>() {
    fn branches<D: Way>(block: &mut Emitter<'_, D>, labels: [Label; 2]) -> [Placed; 2] {
        labels.map(|label| {
            let placed = refer(block, BRANCHES[14], label);
            block.nops(20_000);
            placed
        })
    }

    let mut enc = Emitter::<D>::new();
    enc.nop();
    let labels = [enc.label(), enc.label()];
    let placed = in_block!(D, enc, |block| branches(block, labels));
    enc.nops(36_000);
    labels.into_iter().for_each(|label| enc.bind(label));
    check(&enc.finish().expect("in reach of islands"), &placed);
}

fn random_programs_lead_where_they_should<D: Way>() {
    fn property<D: Way>(numbers: Vec<u64>) -> TestResult {
        let numbers = stretched(&numbers);
        let mut choices = Choices::new(&numbers);
        let items = items(&mut choices, 5, 3, 8, 40);
        run(&mut Emitter::<D>::new(), &Filler(NOP.to_le_bytes().repeat(MIB / 2)), &items, 5);
        TestResult::passed()
    }
    choices::check("random_programs_lead_where_they_should", 150)
        .quickcheck(property::<D> as fn(Vec<u64>) -> TestResult);
}

fn random_programs_of_300_mib<D: Way>() {
    let filler = Filler::new();
    let mut memory = memory(300 * MIB);
    let mut random = quickcheck::Gen::from_size_and_seed(100, choices::seed("random_programs_of_300_mib"));
    for _ in 0..choices::times(3) {
        let numbers = stretched(&choices::numbers(&mut random));
        let mut choices = Choices::new(&numbers);
        let mut items = items(&mut choices, 5, 3, 9, 60);
        // Two gaps that no B reaches over by itself come with any program.
        let middle = items.len() / 2;
        items.insert(middle, Item::Data(29 * MIB));
        items.push(Item::Data(29 * MIB));
        let mut left = 70 * MIB;
        items.retain(|item| match item {
            Item::Data(words) if *words > left => false,
            Item::Data(words) => {
                left -= words;
                true
            }
            _ => true,
        });
        let mut enc = Emitter::<D>::in_slice(&mut memory);
        run(&mut enc, &filler, &items, 5);
    }
}
