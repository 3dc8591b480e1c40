//! Batches beyond what `tests/blocks.rs` has in its random programs: long ones, at the ends of slices, where they are not allowed, and left by a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use tailfirst::{Direction, Down, FinishError, Up, aarch64, x64};

/// More instructions than room is made for, into memory that has to grow.
#[test]
fn longer_than_its_room() {
    let mut enc = x64::Encoder::new();
    enc.batch(|enc| (0..10_000).for_each(|n| enc.mov_r64_imm64(x64::RAX, n)));
    let code = enc.finish().expect("no labels");
    let expected: Vec<u8> = (0..10_000i64).rev().flat_map(|n| [&[0x48, 0xB8], &n.to_le_bytes()[..]].concat()).collect();
    assert!(code.bytes() == expected);

    let mut enc = aarch64::Encoder::new();
    enc.batch(|enc| (0..10_000).for_each(|n| enc.movz_w(aarch64::W0, n, aarch64::UImm::of::<0>())));
    let code = enc.finish().expect("no labels");
    let expected: Vec<u8> = (0..10_000u32).rev().flat_map(|n| (0x5280_0000 | n << 5).to_le_bytes()).collect();
    assert!(code.bytes() == expected);
}

/// Slices in which there is room for the code, and less, but never for what a batch may need: each batch is written elsewhere, and comes to its place if it fits.
#[test]
fn in_slices_without_room_for_what_it_may_need() {
    const AROUND: usize = 64;
    for len in 0..1500 {
        let mut memory = vec![0xEE; len + 2 * AROUND];
        let mut enc = x64::Encoder::in_slice(&mut memory[AROUND..AROUND + len]);
        for _ in 0..100 {
            enc.batch(|enc| {
                enc.add_rm64_imm(x64::RCX, 1);
                enc.mov_r64_imm64(x64::RAX, -1);
            });
            enc.nop();
        }
        let expected = [0x90, 0x48, 0xB8, 255, 255, 255, 255, 255, 255, 255, 255, 0x48, 0x83, 0xC1, 1].repeat(100);
        match enc.finish() {
            Ok(code) => assert!(code.bytes() == expected, "in {len} bytes"),
            Err(error) => {
                assert_eq!(error, FinishError::OutOfSpace { needed: 1500 });
                assert!(len < 1500);
            }
        }
        drop(enc);
        assert!(
            memory[..AROUND].iter().chain(&memory[AROUND + len..]).all(|byte| *byte == 0xEE),
            "outside of {len} bytes"
        );
    }
}

/// What a fixed buffer has left after a batch that was written elsewhere is used as before.
#[test]
fn a_buffer_is_used_again_behind_a_short_batch() {
    let mut memory = vec![0; 600];
    let mut enc = x64::Encoder::in_slice(&mut memory);
    enc.batch(|enc| enc.ret());
    for _ in 0..599 {
        enc.nop();
    }
    assert_eq!(enc.finish().map(|code| code.bytes().len()), Ok(600));
    enc.nop();
    assert_eq!(enc.finish().err(), Some(FinishError::OutOfSpace { needed: 601 }));
}

#[test]
fn in_blocks_and_around_them() {
    let mut enc = x64::Encoder::new();
    enc.forward(|asm| {
        asm.nop();
        asm.batch(|asm| (0..1000).for_each(|_| asm.ret()));
    });
    let expected = [&[0x90][..], &[0xC3; 1000]].concat();
    assert_eq!(enc.finish().expect("no labels").bytes(), expected);
    enc.clear();
    enc.batch(|enc| {
        enc.ret();
        enc.forward(|asm| {
            asm.nop();
            asm.cld();
        });
        enc.nop();
    });
    assert_eq!(enc.finish().expect("no labels").bytes(), [0x90, 0x90, 0xFC, 0xC3]);
}

/// Going back, in a batch that has run past the end of a slice, to where the code still fitted: it is whole.
#[test]
fn going_back_in_a_batch_beyond_the_end() {
    use x64::*;
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Back {
        Inside,
        After,
        AfterPanic,
    }
    fn place<D: Direction>(enc: &mut Emitter<'_, D>, back: Back) -> Result<Vec<u8>, FinishError> {
        (0..6).for_each(|_| enc.mov_r64_imm64(RAX, 0x1111_1111_1111_1111));
        let mut snapshot = None;
        let left = catch_unwind(AssertUnwindSafe(|| {
            enc.batch(|enc| {
                enc.mov_r64_imm64(RCX, 0x2222_2222_2222_2222);
                let before = enc.snapshot();
                (0..5).for_each(|_| enc.mov_r64_imm64(RDX, 0x3333_3333_3333_3333));
                snapshot = Some(before);
                match back {
                    Back::Inside => enc.rollback(before),
                    Back::After => {}
                    Back::AfterPanic => std::panic::resume_unwind(Box::new(5)),
                }
            });
        }));
        assert_eq!(left.is_err(), back == Back::AfterPanic);
        if back != Back::Inside {
            enc.rollback(snapshot.expect("it was taken"));
        }
        enc.finish().map(|code| code.bytes().to_vec())
    }
    fn all<D: Direction>() {
        for back in [Back::Inside, Back::After, Back::AfterPanic] {
            let expected = place::<D>(&mut tailfirst::Encoder::new(), back).expect("it grows");
            assert_eq!(expected.len(), 70);
            for len in 0..300 {
                let mut memory = vec![0xEE; len];
                let found = place::<D>(&mut tailfirst::Encoder::in_slice(&mut memory), back);
                let fits = if len < 70 { Err(FinishError::OutOfSpace { needed: 70 }) } else { Ok(expected.clone()) };
                assert_eq!(found, fits, "{back:?} in {len} bytes");
            }
        }
    }
    all::<Down>();
    all::<Up>();
}

#[test]
fn in_each_other() {
    let mut enc = x64::Encoder::new();
    let placed = enc.batch(|enc| {
        enc.ret();
        let inner = enc.batch(|enc| {
            enc.nop();
            1
        });
        (0..500).for_each(|_| enc.cld());
        inner + 500
    });
    assert_eq!(placed, 501);
    assert_eq!(enc.finish().map(|code| code.bytes().len()), Ok(502));
}

/// What was placed before the panic stays, and the encoder goes on.
#[test]
fn left_by_a_panic() {
    for len in [16, 4096] {
        let mut memory = vec![0; len];
        let mut enc = x64::Encoder::in_slice(&mut memory);
        enc.ret();
        let left = catch_unwind(AssertUnwindSafe(|| {
            enc.batch(|enc| {
                enc.nop();
                std::panic::resume_unwind(Box::new("left"));
            })
        }));
        assert!(left.is_err());
        enc.cld();
        assert_eq!(enc.finish().expect("no labels").bytes(), [0xFC, 0x90, 0xC3]);
    }
}

/// What comes due within a batch comes before it or after it, and what is noted in it does not come too late: branches of all reaches, whose labels are bound far
/// away.
#[test]
fn branches_that_come_due() {
    use aarch64::*;
    for between in [1, 10, 50, 200] {
        for batches in [1, 3, 30, 300] {
            let mut enc = Encoder::new();
            let labels: Vec<_> = (0..3).map(|_| enc.label()).collect();
            for _ in 0..batches {
                enc.batch(|enc| {
                    enc.cbgt_x(X1, X2, labels[0]);
                    enc.tbz(X3, UImm::of::<3>(), labels[1]);
                    enc.b_ne(labels[2]);
                    (0..between).for_each(|_| enc.nop());
                });
            }
            labels.iter().for_each(|label| enc.bind(*label));
            let len = enc.finish().map(|code| code.bytes().len());
            assert!(len.is_ok_and(|len| len >= batches * (between + 3) * 4), "{batches} of {between}: {len:?}");
        }
    }
}

/// A batch in which each instruction becomes two, since its label is too far above, with a branch pending that reaches little farther than that.
#[test]
fn a_branch_that_comes_due_in_a_batch_of_long_ones() {
    use aarch64::*;
    for apart in 0..300 {
        let mut enc = Encoder::new();
        let above = enc.here();
        (0..300).for_each(|_| enc.nop());
        let below = enc.label();
        enc.cbgt_x(X1, X2, below);
        (0..apart).for_each(|_| enc.nop());
        for _ in 0..20 {
            enc.batch(|enc| (0..30).for_each(|_| enc.cbgt_x(X3, X4, above)));
        }
        enc.bind(below);
        assert!(enc.finish().is_ok(), "{apart} instructions between");
    }
}
