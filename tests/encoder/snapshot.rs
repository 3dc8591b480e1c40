//! Snapshots: random programs with parts that are placed and dropped, against the same without; and snapshots of
//! something else.

use crate::{nests, trees};
use nests::{A16, Within, in_all_blocks, in_all_blocks_of_blocks, in_both_directions, is_up};
use quickcheck::TestResult;
use tailfirst::{
    Align, Direction, FinishError, Label,
    aarch64::A64,
    x64::{Assembler, Emitter, Encoder, RAX, X64},
};
use tailfirst_roundtrip::choices;

#[test]
fn what_is_dropped_leaves_no_trace_x64() {
    fn property(numbers: Vec<u64>) -> TestResult {
        trees::is_as_expected::<X64>(&numbers, true)
    }
    choices::check("what_is_dropped_leaves_no_trace_x64", 1500).quickcheck(property as fn(Vec<u64>) -> TestResult);
}

#[test]
fn what_is_dropped_leaves_no_trace_aarch64() {
    fn property(numbers: Vec<u64>) -> TestResult {
        trees::is_as_expected::<A64>(&numbers, true)
    }
    choices::check("what_is_dropped_leaves_no_trace_aarch64", 1500).quickcheck(property as fn(Vec<u64>) -> TestResult);
}

/// Labels that were bound before and after a snapshot at its very place, or beyond it, older and younger than it and
/// than the block that it is in.
fn labels_bound_around_a_snapshot<D: Direction>(
    own: &mut Vec<Label>,
    outside: &[Label],
    enc: &mut Emitter<'_, D>,
    inside: impl Fn(&mut Emitter<'_, D>, &mut dyn FnMut(&mut dyn Binding)),
) {
    *own = (0..5).map(|_| enc.label()).collect();
    let bind = |enc: &mut dyn Binding, which: &[usize]| {
        which.iter().flat_map(|&index| [outside[index], own[index]]).for_each(|label| enc.bind_here(label));
    };
    enc.cld();
    bind(enc, &[0]);
    let first = enc.snapshot();
    for _ in 0..2 {
        bind(enc, &[1]);
        let second = enc.snapshot();
        for _ in 0..2 {
            bind(enc, &[2]);
            inside(enc, &mut |enc| {
                bind(enc, &[3]);
                enc.place_one();
                bind(enc, &[4]);
            });
            let young = enc.here();
            let _ = enc.snapshot();
            enc.rollback(second);
            assert_eq!(enc.pos_of(young), None);
        }
        inside(enc, &mut |enc| bind(enc, &[2]));
        enc.rollback(first);
    }
    enc.stc();
    bind(enc, &[1, 2, 3, 4]);
}

/// An encoder of either direction.
trait Binding {
    fn bind_here(&mut self, label: Label);
    fn place_one(&mut self);
}

impl<D: Direction> Binding for Emitter<'_, D> {
    fn bind_here(&mut self, label: Label) {
        self.bind(label);
    }

    fn place_one(&mut self) {
        self.nop();
    }
}

/// In an encoder, and in blocks; around the code itself, and around a block with it that is dropped.
#[test]
fn labels_bound_around_a_snapshot_in_blocks() {
    fn is_right<O: Direction>(enc: &mut Emitter<'_, O>, labels: [&[Label]; 2]) {
        let code = enc.finish().expect("each is bound once");
        for labels in labels {
            let places: Vec<_> = labels.iter().map(|&label| code.offset_of(label).expect("bound")).collect();
            assert!(places[1..].iter().all(|&place| place == places[1]));
            // The one instruction is between.
            assert_eq!(places[0].abs_diff(places[1]), 1, "{places:?} of {}", code.bytes().len());
        }
    }
    fn test<O: Direction, D: Within<O>>() {
        for block in D::blocks() {
            for depth in 0..3 {
                let mut enc = Emitter::<O>::new();
                let outside: Vec<_> = (0..5).map(|_| enc.label()).collect();
                enc.ret();
                let mut own = Vec::new();
                block(&mut enc, &mut |enc| {
                    // Nothing is aligned inside: a snapshot of an aligned block would be stale then.
                    labels_bound_around_a_snapshot(&mut own, &outside, enc, |enc, f| match depth {
                        0 => f(enc),
                        1 => enc.forward(|asm| asm.backward(|enc| f(enc))),
                        _ => enc.backward(|enc| enc.forward(|asm| f(asm))),
                    });
                });
                is_right(&mut enc, [&outside, &own]);
            }
        }
        // Around a block, which may be aligned.
        for block in D::blocks() {
            let mut enc = Emitter::<O>::new();
            let outside: Vec<_> = (0..5).map(|_| enc.label()).collect();
            enc.ret();
            let mut own = Vec::new();
            labels_bound_around_a_snapshot(&mut own, &outside, &mut enc, |enc, f| block(enc, &mut |enc| f(enc)));
            is_right(&mut enc, [&outside, &own]);
        }
    }
    in_all_blocks!(test);
}

/// A peephole optimiser takes a snapshot for each instruction. This would take minutes, were one in proportion to all
/// labels.
#[test]
fn snapshots_of_many_labels() {
    const COUNT: usize = 200_000;
    let mut enc = Encoder::new();
    let labels: Vec<_> = (0..COUNT).map(|_| enc.label()).collect();
    for &label in &labels {
        let before = enc.snapshot();
        enc.cld();
        enc.bind(label);
        enc.constant_u64(1);
        let undone = enc.snapshot();
        enc.nop();
        enc.rollback(undone);
        enc.rollback(before);
        enc.stc();
        enc.bind(label);
        enc.constant_u64(2);
    }
    assert_eq!(enc.finish().map(|code| code.bytes().len()), Ok(COUNT + 8));
}

#[test]
fn alignment_is_rolled_back() {
    let mut enc = Encoder::new();
    enc.align(Align::of::<4>());
    let snapshot = enc.snapshot();
    enc.aligned(A16, |enc| enc.ret());
    enc.align(Align::of::<64>());
    enc.rollback(snapshot);
    assert_eq!(enc.finish().map(|code| (code.end_alignment(), code.bytes().len())), Ok((4, 0)));
}

#[test]
fn mistakes_are_not_rolled_back() {
    let mut enc = Encoder::new();
    let label = enc.here();
    let snapshot = enc.snapshot();
    enc.nop();
    enc.bind(label);
    enc.rollback(snapshot);
    assert_eq!(enc.finish().err(), Some(FinishError::BoundTwice { label, at: 1 }));
}

/// A full slice, in steps of every size around its end.
#[test]
fn a_slice_that_had_overflowed() {
    fn test<D: Direction>() {
        for room in 0..40 {
            for kept in 0..=room {
                let mut memory = vec![0xEE; room + 16];
                let mut enc = Emitter::<D>::in_slice(&mut memory[8..8 + room]);
                (0..kept).for_each(|_| enc.cld());
                let snapshot = enc.snapshot();
                let full = {
                    (0..9).for_each(|_| enc.mov_r64_imm64(RAX, -1));
                    let full = enc.snapshot();
                    enc.data(&[0xAA; 100]);
                    enc.aligned(A16, |enc| enc.forward(|asm| asm.backward(|enc| enc.ret())));
                    full
                };
                assert!(matches!(enc.finish(), Err(FinishError::OutOfSpace { .. })));
                enc.rollback(full);
                let needed = kept + 90;
                assert_eq!(enc.finish().err(), (needed > room).then_some(FinishError::OutOfSpace { needed }));
                enc.rollback(snapshot);
                assert_eq!(enc.finish().map(|code| code.bytes().to_vec()), Ok(vec![0xFC; kept]));
                (kept..room).for_each(|_| enc.stc());
                let mut expected = [vec![0xFC; kept], vec![0xF9; room - kept]];
                if !is_up::<D>() {
                    expected.reverse();
                }
                assert_eq!(enc.finish().map(|code| code.bytes().to_vec()), Ok(expected.concat()));
                drop(enc);
                assert_eq!((&memory[..8], &memory[8 + room..]), (&[0xEE; 8][..], &[0xEE; 8][..]));
            }
        }
    }
    in_both_directions!(test);
}

/// A label from outside, bound in a block, is pending again there.
#[test]
fn rolling_back_in_blocks() {
    let mut enc = Encoder::new();
    let outside = enc.label();
    enc.ret();
    enc.forward(|enc| {
        enc.cld();
        let snapshot = enc.snapshot();
        for _ in 0..3 {
            enc.forward(|enc| enc.bind(outside));
            enc.jmp(outside);
            enc.rollback(snapshot);
        }
        enc.jmp(outside);
        enc.bind(outside);
    });
    assert_eq!(enc.finish().expect("it is bound once").bytes(), [0xFC, 0xE9, 0, 0, 0, 0, 0xC3]);

    let mut asm = Assembler::new();
    let outside = asm.label();
    asm.ret();
    asm.backward(|enc| {
        enc.cld();
        let snapshot = enc.snapshot();
        for _ in 0..3 {
            enc.forward(|asm| asm.bind(outside));
            enc.jmp(outside);
            enc.rollback(snapshot);
        }
        enc.bind(outside);
        enc.jmp(outside);
    });
    assert_eq!(asm.finish().expect("it is bound once").bytes(), [0xC3, 0xE9, 0, 0, 0, 0, 0xFC]);
}

/// What was asked for in a block that is dropped, and in a block by what is dropped there.
#[test]
fn alignment_is_rolled_back_in_blocks() {
    fn test<D: Direction>() {
        let mut enc = Emitter::<D>::new();
        enc.ret();
        let outside = enc.snapshot();
        for drops_inside in [true, false] {
            enc.forward(|asm| {
                asm.backward(|enc| {
                    enc.cld();
                    let inside = enc.snapshot();
                    enc.align(A16);
                    enc.nop();
                    if drops_inside {
                        enc.rollback(inside);
                    }
                })
            });
            if !drops_inside {
                enc.rollback(outside);
                enc.stc();
            }
        }
        let code = enc.finish().expect("nothing is wrong");
        let expected = if is_up::<D>() { [0xC3, 0xF9] } else { [0xF9, 0xC3] };
        assert_eq!((code.bytes(), code.end_alignment(), code.start_alignment()), (&expected[..], 1, 1));
    }
    in_both_directions!(test);
}

/// While a block is open, what is around it does not go back.
#[test]
fn rolling_back_around_a_block_that_is_open() {
    let (mut enc, mut asm) = (Encoder::new(), Assembler::new());
    let snapshot = enc.snapshot();
    enc.begin_block(&mut asm);
    asm.nop();
    enc.rollback(snapshot);
    enc.end_block(&mut asm);
    assert!(is_foreign(&mut enc));
}

fn is_foreign<D: Direction>(enc: &mut Emitter<'_, D>) -> bool {
    enc.finish().err() == Some(FinishError::ForeignSnapshot)
}

#[test]
fn a_snapshot_of_another_encoder() {
    let mut other = Encoder::new();
    let theirs = other.snapshot();
    let mut enc = Encoder::new();
    let _ = enc.snapshot();
    enc.ret();
    enc.rollback(theirs);
    assert!(is_foreign(&mut enc));
}

/// One that is gone, whose memory the next encoder has.
#[test]
fn a_snapshot_of_an_encoder_that_is_gone() {
    for _ in 0..10 {
        let mut gone = Encoder::new();
        let label = gone.label();
        let frame = gone.late();
        (0..20).for_each(|_| gone.jmp(label));
        gone.set_late(frame, 1);
        gone.constant_u64(1);
        gone.place_pool();
        let theirs = gone.snapshot();
        drop(gone);
        let mut enc = Encoder::new();
        let _ = enc.snapshot();
        enc.ret();
        enc.rollback(theirs);
        assert!(is_foreign(&mut enc));
    }
}

#[test]
fn a_snapshot_of_code_that_is_gone() {
    let mut enc = Encoder::new();
    enc.nop();
    let before = enc.snapshot();
    enc.mov_r64_imm64(RAX, 1);
    let gone = enc.snapshot();
    enc.rollback(before);
    enc.nops(100);
    let _ = enc.snapshot();
    enc.rollback(gone);
    assert!(is_foreign(&mut enc));
    enc.clear();
    enc.nops(100);
    let _ = enc.snapshot();
    enc.rollback(before);
    assert!(is_foreign(&mut enc));
}

#[test]
fn a_snapshot_of_another_block() {
    fn test<O: Direction, D: Within<O>>() {
        for first in D::blocks() {
            for second in D::blocks() {
                let mut enc = Emitter::<O>::new();
                let label = enc.label();
                // From outside, inside.
                let outside = enc.snapshot();
                first(&mut enc, &mut |enc| {
                    enc.jmp(label);
                    enc.rollback(outside);
                });
                assert!(is_foreign(&mut enc));
                // From inside, outside and in the next block.
                for next in [false, true] {
                    enc.clear();
                    let label = enc.label();
                    let mut inside = None;
                    first(&mut enc, &mut |enc| {
                        inside = Some(enc.snapshot());
                        enc.jmp(label);
                        enc.call(label);
                    });
                    let inside = inside.expect("the block has run");
                    (0..5).for_each(|_| enc.call(label));
                    if next {
                        second(&mut enc, &mut |enc| {
                            enc.call(label);
                            let _ = enc.snapshot();
                            enc.rollback(inside);
                        });
                    } else {
                        let _ = enc.snapshot();
                        enc.rollback(inside);
                    }
                    enc.bind(label);
                    assert!(is_foreign(&mut enc));
                }
            }
        }
    }
    in_all_blocks!(test);
}

/// From the block around, and of the one inside in that.
#[test]
fn a_snapshot_of_a_block_in_a_block() {
    fn test<O: Direction, D: Within<O>, E: Within<D>>() {
        for first in D::blocks() {
            for second in E::blocks() {
                for goes_in in [true, false] {
                    let mut enc = Emitter::<O>::new();
                    first(&mut enc, &mut |enc| {
                        let around = enc.snapshot();
                        enc.nop();
                        let mut inside = around;
                        second(enc, &mut |enc| {
                            inside = enc.snapshot();
                            enc.nop();
                            if goes_in {
                                enc.rollback(around);
                            }
                        });
                        if !goes_in {
                            enc.rollback(inside);
                        }
                    });
                    assert!(is_foreign(&mut enc));
                }
            }
        }
    }
    in_all_blocks_of_blocks!(test);
}

#[test]
fn a_snapshot_from_above_an_alignment_inside_an_aligned_block() {
    let alignments: [fn(&mut Encoder<'_>); 4] = [
        |enc| enc.align(A16),
        |enc| {
            enc.data_aligned(&[1], A16);
        },
        |enc| enc.aligned(A16, |enc| enc.nop()),
        |enc| enc.forward(|asm| asm.align_code(A16)),
    ];
    for alignment in alignments {
        let mut enc = Encoder::new();
        enc.aligned(A16, |enc| {
            enc.nop();
            let above = enc.snapshot();
            alignment(enc);
            let below = enc.snapshot();
            enc.cld();
            enc.rollback(below);
            assert_eq!(enc.finish().err(), Some(FinishError::OpenBlock));
            enc.rollback(above);
        });
        assert!(is_foreign(&mut enc));
    }
}

/// What an encoder and its blocks have in common is with the block that is open.
#[test]
fn snapshots_around_a_block_that_is_open_are_none() {
    let (mut enc, mut asm) = (Encoder::new(), Assembler::new());
    let older = enc.snapshot();
    let constant = enc.constant_u64(5);
    enc.mov_r64_rm64(RAX, constant);
    enc.place_pool();
    enc.begin_block(&mut asm);
    let snapshot = enc.snapshot();
    enc.end_block(&mut asm);
    enc.rollback(snapshot);
    enc.rollback(older);
    assert_eq!(enc.finish().map(|_| ()), Err(FinishError::ForeignSnapshot));
}

/// Constants are lost with a block that a panic leaves, also those of the code around the code that it was in.
#[test]
fn snapshots_from_before_a_lost_block_are_none() {
    fn lose<D: Direction>(enc: &mut Emitter<'_, D>) {
        let lost = || enc.forward(|asm| asm.backward(|_| std::panic::resume_unwind(Box::new(()))));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(lost)).is_err());
        enc.forward(|asm| asm.backward(|enc| enc.nop()));
    }
    fn check(lose: fn(&mut Encoder<'_>)) {
        let mut enc = Encoder::new();
        let constants = [enc.constant_u64(5), enc.constant_u64(6)];
        constants.into_iter().for_each(|constant| enc.mov_r64_rm64(RAX, constant));
        enc.place_pool();
        let snapshot = enc.snapshot();
        lose(&mut enc);
        enc.constant_u64(7);
        enc.rollback(snapshot);
        assert_eq!(enc.finish().map(|_| ()), Err(FinishError::OpenBlock));
        enc.clear();
        enc.forward(|asm| asm.nop());
        assert_eq!(enc.finish().map(|code| code.bytes().to_vec()), Ok(vec![0x90]));
    }
    check(lose);
    check(|enc| enc.forward(|asm| asm.backward(lose)));
}
