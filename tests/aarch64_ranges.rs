//! Branches near and beyond their reach, against a machine that follows them.
//!
//! A program is placed in many ways (branches up and down, islands in the way, blocks, data, what is rolled back). The reference does not lay code out: it is a small
//! interpreter of branches, written from the manual's diagrams. From each branch, in each state of flags and registers, it must get to the branch's label where the
//! instruction that was asked for branches, and to the instruction above where that does not.

#[allow(dead_code)] // only a part of it is needed here
#[path = "support/x64/choices.rs"]
mod choices;

#[path = "support/ranges/mod.rs"]
mod ranges;

use choices::Choices;
use quickcheck::TestResult;
use ranges::{machine::*, program::*};
use tailfirst::{
    Align, Down, FinishError, Label, Range, SiteKind, Symbol, Up,
    aarch64::{Emitter, Encoder, *},
};

/// A branch, `nops`, and the label, or the other way round.
fn near<Dir: Both>(enc: &mut Emitter<'_, Dir>, branch: Branch, nops: usize, is_up: bool) -> Vec<Placed> {
    enc.clear();
    enc.nop();
    let label = if is_up { enc.here() } else { enc.label() };
    let mut placed = Vec::new();
    if !is_up {
        placed.push(noted(enc, Ok((branch, label)), |enc| branch.place(enc, label)));
    }
    for _ in 0..nops {
        // Of a million nops, only the last ones are worth a note.
        enc.nop();
    }
    if is_up {
        placed.push(noted(enc, Ok((branch, label)), |enc| branch.place(enc, label)));
    } else {
        enc.bind(label);
    }
    placed
}

#[test]
fn a_bound_label_is_reached_directly_up_to_the_limit_and_by_a_veneer_beyond() {
    let mut enc = Encoder::new();
    for branch in BRANCHES.into_iter().filter(|branch| branch.down < 128 * MIB) {
        let limit = branch.down / 4 - 1;
        // How many instructions stand for it beyond: an inverted one and B; B alone; none can be inverted.
        let veneer = match branch.word {
            word if word >> 24 == 0x54 && word & 0xE == 0xE => 1,
            word if word >> 24 & 0x7F == 0x75 && word >> 22 & 3 != 3 => 3,
            _ => 2,
        };
        for (distance, words) in
            [(limit - 1, 1), (limit, 1), (limit + 1, veneer), (limit + 2, veneer), (2 * limit, veneer)]
        {
            let placed = near(&mut enc, branch, distance - 1, true);
            let code = enc.finish().expect("in reach of a veneer");
            assert_eq!(code.bytes().len() / 4, 1 + distance - 1 + words, "{:#x} at {distance}", branch.word);
            check(&code, &placed);
        }
    }
}

#[test]
fn a_pending_label_is_reached_directly_up_to_the_deadline_and_by_an_island_beyond() {
    let mut enc = Encoder::new();
    for branch in BRANCHES.into_iter().filter(|branch| branch.down < 128 * MIB) {
        let limit = branch.down / 4;
        let deadline = limit / 8 * 7;
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

#[test]
fn b_and_bl_go_on_from_island_to_island() {
    let filler = Filler::new();
    let mut memory = memory(300 * MIB);
    for (branch, words) in [(BRANCHES[0], 32 * MIB - 1), (BRANCHES[1], 32 * MIB + 1), (BRANCHES[14], 72 * MIB)] {
        let mut enc = Encoder::in_slice(&mut memory);
        let mut placed = near(&mut enc, branch, 0, false);
        // As `near` does, with a label that is bound much later.
        let label = enc.label();
        placed.push(noted(&mut enc, Ok((branch, label)), |enc| branch.place(enc, label)));
        filler.place(&mut enc, words, &mut placed);
        enc.bind(label);
        check(&enc.finish().expect("islands lead to it"), &placed);
    }
}

/// The address that `adr` and perhaps `add` make, and what is read there: registers' numbers, the load's word without registers.
fn follow_address(code: &[u8], at: usize) -> (u32, i64, Option<u32>) {
    let word = |index: usize| u32::from_le_bytes(code[at + 4 * index..][..4].try_into().expect("four bytes"));
    let (adr, add) = (word(0), word(1));
    assert_eq!(adr & 0x9F00_0000, 0x1000_0000, "adr");
    let low = (i64::from(adr >> 5 & 0x7_FFFF) << 2 | i64::from(adr >> 29 & 3)) << 43 >> 43;
    let register = adr & 31;
    // ADD (immediate), 64 bits, shifted by 12.
    assert_eq!(add & 0xFFC0_0000, 0x9140_0000, "add");
    assert_eq!((add & 31, add >> 5 & 31), (register, register));
    let to = at as i64 + low + (i64::from(add >> 10 & 0xFFF) << 12);
    let load = word(2);
    let is_load = load & 0x3F00_0000 == 0x3900_0000 && (load & 31, load >> 5 & 31) == (register, register);
    (register, to, is_load.then_some(load & !0x3FF))
}

#[test]
fn addresses_and_literals_above_reach_16_mib() {
    let others: [(Option<u32>, Place); 4] = [
        (None, place!(|enc, label| enc.adr(X3, label))),
        (Some(0xF940_0000), place!(|enc, label| enc.ldr_x_lit(X3, label))),
        (Some(0xB940_0000), place!(|enc, label| enc.ldr_w_lit(W3, label))),
        (Some(0xB980_0000), place!(|enc, label| enc.ldrsw_x_lit(X3, label))),
    ];
    for (load, place) in others {
        for gap in [MIB, MIB + 4, 3 * MIB - 4, 16 * MIB - 12, 16 * MIB - 8, 16 * MIB - 4] {
            let mut enc = Encoder::new();
            enc.data(b"literal.");
            let label = enc.here();
            enc.nops(gap);
            place.call(&mut enc, label);
            let words = 2 + usize::from(load.is_some());
            let is_far = gap + 4 * words >= 16 * MIB;
            match enc.finish() {
                Ok(code) => {
                    assert!(!is_far, "{gap:#x}");
                    let to = code.offset_of(label).expect("it is bound") as i64;
                    assert_eq!(code.bytes().len(), 8 + gap + 4 * words);
                    assert_eq!(follow_address(code.bytes(), 0), (3, to, load), "{gap:#x}");
                }
                Err(FinishError::OutOfRange { distance, .. }) => {
                    assert!(is_far, "{gap:#x}");
                    assert_eq!(distance, gap as i64 + 4);
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}

/// Downward nothing is out of reach but what is no branch, upward nothing but a load that has no register for an address and what is farther than a B.
#[test]
fn what_nothing_can_help_is_out_of_range() {
    let imm19 = Range { low: -1_048_576, high: 1_048_572, step: 4 };
    let adr = Range { low: -1_048_576, high: 1_048_575, step: 1 };
    let others: [(bool, Range, Place); 5] = [
        (true, imm19, place!(|enc, label| enc.ldr_x_lit(X3, label))),
        (false, imm19, place!(|enc, label| enc.ldr_x_lit(XZR, label))),
        (false, imm19, place!(|enc, label| enc.ldr_d_lit(D3, label))),
        (true, imm19, place!(|enc, label| enc.ldrsw_x_lit(X3, label))),
        (true, adr, place!(|enc, label| enc.adr(X3, label))),
    ];
    for (has_register, range, place) in others {
        for beyond in [false, true] {
            let mut enc = Encoder::new();
            enc.nop();
            let label = enc.here();
            (0..MIB / 4 - 2 + usize::from(beyond)).for_each(|_| enc.nop());
            place.call(&mut enc, label);
            let at = MIB as u32 + 4 * u32::from(beyond);
            let problem = |label| Err(FinishError::OutOfRange { label, at, distance: MIB as i64, range });
            assert_eq!(enc.finish().map(drop), if beyond && !has_register { problem(label) } else { Ok(()) });

            // In a block, too.
            let mut enc = Encoder::new();
            enc.nop();
            let label = enc.here();
            enc.nops(MIB - 8 + 4 * usize::from(beyond));
            enc.forward(|asm| place.call(asm, label));
            assert_eq!(enc.finish().map(drop), if beyond { problem(label) } else { Ok(()) });

            let mut enc = Encoder::new();
            let label = enc.label();
            place.call(&mut enc, label);
            (0..MIB / 4 + usize::from(beyond)).for_each(|_| enc.nop());
            enc.bind(label);
            let problem = FinishError::OutOfRange { label, at: 4, distance: -(MIB as i64) - 4, range };
            assert_eq!(enc.finish().map(drop), if beyond { Err(problem) } else { Ok(()) });
        }
    }
    let filler = Filler::new();
    let mut memory = memory(160 * MIB);
    for branch in [BRANCHES[0], BRANCHES[2]] {
        for beyond in [0, 1] {
            let mut enc = Encoder::in_slice(&mut memory);
            enc.nop();
            let label = enc.here();
            let mut placed = Vec::new();
            filler.place(&mut enc, 32 * MIB - 2 + beyond, &mut placed);
            placed.push(noted(&mut enc, Ok((branch, label)), |enc| branch.place(enc, label)));
            let range = Range { low: -134_217_728, high: 134_217_724, step: 4 };
            let distance = 128 * MIB as i64;
            match enc.finish() {
                Ok(code) if beyond == 0 => check(&code, &placed),
                Err(problem) if beyond == 1 => {
                    let at = 128 * MIB as u32 + 4;
                    assert_eq!(problem, FinishError::OutOfRange { label, at, distance, range });
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// No island comes into a gap, behind it before what it was made for, into a site or a field of data, or between the constants of a pool.
#[test]
fn what_belongs_together_stays_so() {
    const ALIGN: Align = Align::of::<64>();
    let branch = BRANCHES[16];
    for (nops, service) in (150..260).flat_map(|nops| (0..6).map(move |service| (nops, service))) {
        let mut enc = Encoder::new();
        let case = format!("service {service} after {nops} nops");
        let mut placed = near(&mut enc, branch, 0, false);
        let label = enc.label();
        placed.push(noted(&mut enc, Ok((branch, label)), |enc| branch.place(enc, label)));
        enc.nops(4 * nops);
        let (mut point, mut offset, mut constants) = (None, None, Vec::new());
        let gap = |enc: &mut Encoder<'_>, is_code: bool| {
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
                offset = Some((enc.here(), to));
            }
            4 => {
                constants.extend((0..8).map(|number| (number, enc.constant_u128(number))));
                enc.place_pool();
            }
            _ => enc.aligned(ALIGN, |enc| {
                placed.push(noted(enc, Ok((branch, label)), |enc| branch.place(enc, label)));
                enc.nops(4 * nops);
                enc.align_code(Align::of::<16>());
                assert_eq!(enc.pos().from_base() % 16, 0, "{case}");
                placed.push(noted(enc, Ok((branch, label)), |enc| branch.place(enc, label)));
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
        if let Some((field, to)) = offset {
            let (field, to) = (code.offset_of(field).unwrap(), code.offset_of(to).unwrap());
            let distance = i32::from_le_bytes(code.bytes()[field..][..4].try_into().unwrap());
            assert_eq!(distance as usize, to - field, "{case}");
        }
        let offsets: Vec<usize> = constants.iter().map(|&(_, label)| code.offset_of(label).unwrap()).collect();
        assert!(offsets.windows(2).all(|pair| pair[0] == pair[1] + 16), "{case}");
        for (&(number, _), &at) in constants.iter().zip(&offsets) {
            assert_eq!(code.bytes()[at..][..16], number.to_le_bytes(), "{case}");
        }
    }
}

/// Each of 20,000 branches has a label of its own: an island has room for all that are due, and their number is bounded.
#[test]
fn islands_cost_in_proportion() {
    for branch in [BRANCHES[2], BRANCHES[14], BRANCHES[16]] {
        let mut enc = Encoder::new();
        enc.nop();
        let mut placed = Vec::new();
        let labels: Vec<Label> = (0..20_000).map(|_| enc.label()).collect();
        for &label in &labels {
            placed.push(noted(&mut enc, Ok((branch, label)), |enc| branch.place(enc, label)));
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
#[test]
fn references_to_one_label_share_a_branch() {
    let mut enc = Encoder::new();
    enc.nop();
    let label = enc.label();
    let mut placed = Vec::new();
    for _ in 0..100 {
        placed.push(noted(&mut enc, Ok((BRANCHES[14], label)), |enc| BRANCHES[14].place(enc, label)));
    }
    (0..10_000).for_each(|_| enc.nop());
    enc.bind(label);
    let code = enc.finish().expect("in reach of an island");
    assert_eq!(code.bytes().len() / 4, 1 + 100 + 10_000 + 2);
    check(&code, &placed);
}

#[test]
fn what_belongs_together_stays_together() {
    let mut enc = Encoder::new();
    let branch = BRANCHES[16];
    // At each place near the deadline: a table in pieces, a forward block, a stretch that is kept together.
    for nops in 180..260 {
        for kind in 0..5 {
            enc.clear();
            enc.nop();
            let label = enc.label();
            let mut placed = vec![noted(&mut enc, Ok((branch, label)), |enc| branch.place(enc, label))];
            (0..nops).for_each(|_| enc.nop());
            let (above, below) = match kind {
                0 => {
                    enc.keep_together(40);
                    enc.data_u32(1);
                    let above = enc.here();
                    let snapshot = enc.snapshot();
                    enc.data_u32(0);
                    enc.rollback(snapshot);
                    (2..10).for_each(|n| enc.data_u32(n));
                    (above, enc.here())
                }
                1 => enc.forward(|asm| {
                    let below = asm.here();
                    (0..8).for_each(|_| asm.nop());
                    (asm.here(), below)
                }),
                2 => {
                    enc.keep_together(32);
                    let above = enc.here();
                    (0..8).for_each(|_| enc.nop());
                    (above, enc.here())
                }
                3 => {
                    // Of two kinds of data.
                    enc.keep_together(40);
                    enc.data_u32(1);
                    let above = enc.here();
                    (0..4).for_each(|n| {
                        enc.data_offset(above);
                        enc.data_u32(n);
                    });
                    (above, enc.here())
                }
                _ => {
                    let frame = enc.late();
                    enc.set_late(frame, 9);
                    enc.with_late(frame, |enc, imm: AddImm| {
                        enc.add_x_imm(X1, X1, imm);
                    });
                    (0..8).for_each(|_| enc.nop());
                    (enc.here(), enc.here())
                }
            };
            (0..300).for_each(|_| enc.nop());
            enc.bind(label);
            let code = enc.finish().expect("in reach of an island");
            let apart = code.offset_of(above).expect("bound") - code.offset_of(below).expect("bound");
            assert!(kind > 3 || apart == 32 || kind == 1, "{nops} {kind}: {apart}");
            let in_block = |at: usize| word_at(code.bytes(), at) == NOP;
            let below = code.offset_of(below).expect("bound");
            assert!(kind != 1 || (0..8).all(|n| in_block(below + 4 * n)), "{nops}");
            check(&code, &placed);
            placed.clear();
        }
    }
}

/// Where a block or a dropped part is between a branch and its island.
#[test]
fn what_is_moved_or_dropped_before_an_island_serves() {
    let (tbz, cb) = (BRANCHES[14], BRANCHES[16]);
    let run = |branch: Branch, f: &mut dyn FnMut(&mut Encoder<'_>, Label, &mut Vec<Placed>)| {
        let mut enc = Encoder::new();
        enc.nop();
        let label = enc.label();
        let mut placed = vec![noted(&mut enc, Ok((branch, label)), |enc| branch.place(enc, label))];
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
    // A forward block, whose length decides.
    for words in (100..260).step_by(10) {
        run(cb, &mut |enc, label, placed| {
            enc.nops(600);
            enc.forward(|asm| asm.nops(words * 4));
            placed.push(noted(enc, Ok((cb, label)), |enc| cb.place(enc, label)));
        });
    }
    for nops in 0..40 {
        // An island in an aligned block is moved with it, and so are some of the branches that it serves.
        run(tbz, &mut |enc, label, placed| {
            enc.nops(4 * nops);
            enc.aligned(Align::of::<64>(), |enc| {
                enc.nops(8192);
                placed.push(noted(enc, Ok((tbz, label)), |enc| tbz.place(enc, label)));
                enc.nops(36_000);
            });
        });
        // Data that ends an aligned block beyond a deadline: no island comes into the gap.
        run(cb, &mut |enc, label, placed| {
            enc.nops(2000);
            enc.aligned(Align::of::<16>(), |enc| {
                placed.push(noted(enc, Ok((cb, label)), |enc| cb.place(enc, label)));
                enc.nops(860);
                (0..nops / 2).for_each(|_| enc.data_u32(NOP));
            });
        });
    }
}

/// Code after data of odd length that is aligned by `align_code`: an island before it is aligned, too.
#[test]
fn islands_behind_odd_data() {
    let branch = BRANCHES[16];
    for nops in 180..240 {
        let mut enc = Encoder::new();
        let mut placed = near(&mut enc, branch, nops, false);
        let label = enc.label();
        placed.push(noted(&mut enc, Ok((branch, label)), |enc| branch.place(enc, label)));
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
fn words_with_a_load(load_of: Load, nops: usize) -> usize {
    let mut enc = Encoder::new();
    enc.nop();
    let loaded = [load(&mut enc, load_of, 7, A8)];
    (0..nops).for_each(|_| enc.nop());
    let code = enc.finish().expect("constants come in time");
    check_loads(&code, &loaded);
    code.bytes().len() / 4
}

#[test]
fn a_constant_lies_at_the_end_up_to_the_deadline_and_in_an_island_beyond() {
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
            let words = words_with_a_load(load_of, nops) - 2 - nops - load_of.0 / 4;
            assert!((branch..branch + 2).contains(&words), "{nops}: {words}");
        }
    }
}

/// 20,000 constants are more than the last eighth of a reach has room for: in plain code, in one aligned block, and in forward blocks.
#[test]
fn many_constants() {
    for kind in 0..4 {
        let mut enc = Encoder::new();
        enc.nop();
        let mut loaded = Vec::new();
        fn all<Dir: Both>(enc: &mut Emitter<'_, Dir>, loaded: &mut Vec<Loaded>, count: u64) {
            let done = loaded.len() as u64;
            loaded.extend((done..done + count).map(|number| load(enc, LOADS[2], number, Align::of::<16>())));
        }
        let loaded_in = &mut loaded;
        match kind {
            0 => all(&mut enc, loaded_in, 20_000),
            1 => enc.aligned(Align::of::<64>(), |enc| all(enc, loaded_in, 20_000)),
            2 => (0..100).for_each(|_| enc.forward(|enc| all(enc, loaded_in, 200))),
            _ => enc.aligned(A8, |enc| (0..100).for_each(|_| enc.forward(|enc| all(enc, loaded_in, 200)))),
        }
        enc.nops(2 * MIB);
        check_loads(&enc.finish().expect("constants come in time"), &loaded);
    }
}

/// Constants are placed in time beside what is in the way: data, a long forward block, branches with islands of their own, and what is dropped.
#[test]
fn constants_among_other_things() {
    let filler = Filler::new();
    let (branch, near) = (BRANCHES[16], BRANCHES[14]);
    for before in (MIB / 32 * 7 - 40..MIB / 32 * 7 + 40).step_by(16) {
        for kind in 0..7 {
            let mut enc = Encoder::new();
            enc.nop();
            let (label, inside, mut call) = (enc.label(), enc.label(), None);
            let mut loaded = vec![load(&mut enc, LOADS[0], 1, A8), load(&mut enc, LOADS[2], 2, Align::of::<4096>())];
            let mut placed = Vec::new();
            filler.place(&mut enc, before - 220, &mut placed);
            for branch in [near, branch] {
                placed.push(noted(&mut enc, Ok((branch, label)), |enc| branch.place(enc, label)));
            }
            (0..200).for_each(|_| placed.push(noted(&mut enc, Err(4), |enc| enc.nop())));
            match kind {
                0 => filler.place(&mut enc, MIB / 8, &mut placed),
                1 => enc.forward(|asm| {
                    loaded.push(load(asm, LOADS[3], 1, A8));
                    asm.nops(MIB / 4);
                    asm.bind(inside);
                    call = Some(asm.here());
                    asm.bl(Symbol(7));
                    loaded.push(load(asm, LOADS[4], 3, A8));
                }),
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
                        enc.forward(|asm| {
                            loaded.push(load(asm, LOADS[0], 6, A8));
                            asm.nops(MIB / 3 / 4 * 4);
                        });
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
                        placed.push(noted(enc, Ok((branch, label)), |enc| branch.place(enc, label)));
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
                assert_eq!(
                    (code.offset_of(inside), relocations),
                    (code.offset_of(call), code.offset_of(call).into_iter().collect())
                );
            }
        }
    }
}

/// Small aligned blocks are not in the way of constants, be they few or many: a snapshot in one stays good.
#[test]
fn constants_are_placed_before_small_aligned_blocks() {
    for count in [1, 400] {
        let mut enc = Encoder::new();
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

/// In a forward block the branch placed last comes due first.
#[test]
fn a_forward_blocks_branches_come_due_from_its_end() {
    let mut enc = Encoder::new();
    enc.nop();
    let tbz = BRANCHES[14];
    let labels = [enc.label(), enc.label()];
    let mut placed = Vec::new();
    enc.forward(|asm| {
        for label in labels {
            let own = asm.here();
            tbz.place(asm, label);
            placed.push(Placed { own, next: asm.here(), what: Ok((tbz, label)), has_gap: false });
            (0..5000).for_each(|_| asm.nop());
        }
    });
    (0..9000).for_each(|_| enc.nop());
    labels.into_iter().for_each(|label| enc.bind(label));
    check(&enc.finish().expect("in reach of islands"), &placed);
}

#[test]
fn random_programs_lead_where_they_should() {
    fn property(numbers: Vec<u64>) -> TestResult {
        let numbers = stretched(&numbers);
        let mut choices = Choices::new(&numbers);
        let items = items(&mut choices, 5, 3, 8, 60);
        let filler = Filler(NOP.to_le_bytes().repeat(MIB / 2));
        run::<Down>(&mut tailfirst::Encoder::new(), &filler, &items, 5);
        run::<Up>(&mut tailfirst::Encoder::new(), &filler, &items, 5);
        TestResult::passed()
    }
    choices::check("random_programs_lead_where_they_should", 150).quickcheck(property as fn(Vec<u64>) -> TestResult);
}

#[test]
fn random_programs_of_300_mib() {
    let filler = Filler::new();
    let mut memory = memory(300 * MIB);
    let mut random = quickcheck::Gen::from_size_and_seed(100, choices::seed("random_programs_of_300_mib"));
    for _ in 0..choices::times(3) {
        let numbers = stretched(&choices::numbers(&mut random));
        let mut choices = Choices::new(&numbers);
        let mut items = items(&mut choices, 5, 2, 9, 60);
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
        run::<Down>(&mut tailfirst::Encoder::in_slice(&mut memory), &filler, &items, 5);
        run::<Up>(&mut tailfirst::Encoder::in_slice(&mut memory), &filler, &items, 5);
    }
}
