//! Batches beyond what `blocks.rs` has in its random programs: long ones, at the ends of slices, with snapshots
//! there, and left by a panic.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use tailfirst::{Direction, Down, FinishError, Up, aarch64, x64};

/// Pieces of code in the order in which they were placed, as they lie.
fn laid_out<D: Direction>(mut pieces: Vec<Vec<u8>>) -> Vec<u8> {
    if std::any::TypeId::of::<D>() == std::any::TypeId::of::<Down>() {
        pieces.reverse();
    }
    pieces.concat()
}

/// `mov r64, imm64` with the same byte eight times.
fn mov(r64: x64::Gpr64, byte: u8) -> Vec<u8> {
    let opcode = if r64 == x64::RAX {
        0xB8
    } else if r64 == x64::RCX {
        0xB9
    } else {
        0xBA
    };
    [&[0x48, opcode], &[byte; 8][..]].concat()
}

/// More instructions than room is made for, into memory that has to grow.
#[test]
fn longer_than_its_room() {
    fn test<D: Direction>() {
        let mut enc = x64::Emitter::<D>::new();
        enc.batch(|enc| (0..10_000).for_each(|n| enc.mov_r64_imm64(x64::RAX, n)));
        let code = enc.finish().expect("no labels");
        let expected = (0..10_000i64).map(|n| [&[0x48, 0xB8], &n.to_le_bytes()[..]].concat());
        assert!(code.bytes() == laid_out::<D>(expected.collect()));

        let mut enc = aarch64::Emitter::<D>::new();
        enc.batch(|enc| (0..10_000).for_each(|n| enc.movz_w(aarch64::W0, n, aarch64::UImm::of::<0>())));
        let code = enc.finish().expect("no labels");
        let expected = (0..10_000u32).map(|n| (0x5280_0000 | n << 5).to_le_bytes().to_vec());
        assert!(code.bytes() == laid_out::<D>(expected.collect()));
    }
    test::<Down>();
    test::<Up>();
}

/// Slices in which there is room for the code, and less, but never for what a batch may need: each batch is written
/// elsewhere, and comes to its place if it fits.
#[test]
fn in_slices_without_room_for_what_it_may_need() {
    fn test<D: Direction>() {
        const AROUND: usize = 64;
        let pieces = [vec![0x48, 0x83, 0xC1, 1], mov(x64::RAX, 255), vec![0x90]];
        let expected = laid_out::<D>(pieces.to_vec()).repeat(100);
        for len in 0..1500 {
            let mut memory = vec![0xEE; len + 2 * AROUND];
            let mut enc = x64::Emitter::<D>::in_slice(&mut memory[AROUND..AROUND + len]);
            for _ in 0..100 {
                enc.batch(|enc| {
                    enc.add_rm64_imm(x64::RCX, 1);
                    enc.mov_r64_imm64(x64::RAX, -1);
                });
                enc.nop();
            }
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
    test::<Down>();
    test::<Up>();
}

/// What a fixed buffer has left after a batch that was written elsewhere is used as before.
#[test]
fn a_buffer_is_used_again_behind_a_short_batch() {
    fn test<D: Direction>() {
        let mut memory = vec![0; 600];
        let mut enc = x64::Emitter::<D>::in_slice(&mut memory);
        enc.batch(|enc| enc.ret());
        for _ in 0..599 {
            enc.nop();
        }
        assert_eq!(enc.finish().map(|code| code.bytes().len()), Ok(600));
        enc.nop();
        assert_eq!(enc.finish().err(), Some(FinishError::OutOfSpace { needed: 601 }));
    }
    test::<Down>();
    test::<Up>();
}

#[test]
fn in_blocks_and_around_them() {
    let mut enc = x64::Encoder::new();
    enc.forward(|asm| {
        asm.nop();
        asm.batch(|asm| (0..1000).for_each(|_| asm.ret()));
    });
    assert_eq!(enc.finish().expect("no labels").bytes(), [&[0x90][..], &[0xC3; 1000]].concat());
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

    let mut asm = x64::Assembler::new();
    asm.batch(|asm| {
        asm.ret();
        asm.backward(|enc| {
            enc.nop();
            enc.batch(|enc| (0..1000).for_each(|_| enc.cld()));
        });
        asm.nop();
    });
    assert_eq!(asm.finish().expect("no labels").bytes(), [&[0xC3][..], &[0xFC; 1000], &[0x90, 0x90]].concat());
}

#[test]
fn in_each_other() {
    fn test<D: Direction>() {
        let mut enc = x64::Emitter::<D>::new();
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
        let expected = laid_out::<D>(vec![vec![0xC3], vec![0x90], vec![0xFC; 500]]);
        assert_eq!(enc.finish().expect("no labels").bytes(), expected);
    }
    test::<Down>();
    test::<Up>();
}

/// What was placed before the panic stays, and the encoder goes on.
#[test]
fn left_by_a_panic() {
    fn test<D: Direction>() {
        for len in [16, 4096] {
            let mut memory = vec![0; len];
            let mut enc = x64::Emitter::<D>::in_slice(&mut memory);
            enc.ret();
            let left = catch_unwind(AssertUnwindSafe(|| {
                enc.batch(|enc| {
                    enc.nop();
                    resume_unwind(Box::new("left"));
                })
            }));
            assert!(left.is_err());
            enc.cld();
            let expected = laid_out::<D>(vec![vec![0xC3], vec![0x90], vec![0xFC]]);
            assert_eq!(enc.finish().expect("no labels").bytes(), expected);
        }
    }
    test::<Down>();
    test::<Up>();
}

/// When a snapshot that was taken in a batch is gone back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Back {
    InBatch,
    Behind,
    BehindPanic,
}

/// A batch in a slice that has room for what is kept, but not for what is dropped, or for all that a batch may need.
#[test]
fn a_snapshot_in_a_batch_that_does_not_fit() {
    fn test<D: Direction>(len: usize, back: Back) {
        let kept = [vec![mov(x64::RAX, 0x11); 6], vec![mov(x64::RCX, 0x22)]].concat();
        let last = mov(x64::RAX, 0x44);
        let mut memory = vec![0xEE; len];
        let mut enc = x64::Emitter::<D>::in_slice(&mut memory);
        (0..6).for_each(|_| enc.mov_r64_imm64(x64::RAX, 0x1111_1111_1111_1111));
        let mut snapshot = enc.snapshot();
        let left = catch_unwind(AssertUnwindSafe(|| {
            enc.batch(|enc| {
                enc.mov_r64_imm64(x64::RCX, 0x2222_2222_2222_2222);
                snapshot = enc.snapshot();
                (0..5).for_each(|_| enc.mov_r64_imm64(x64::RDX, 0x3333_3333_3333_3333));
                match back {
                    Back::InBatch => enc.rollback(snapshot),
                    Back::Behind => {}
                    Back::BehindPanic => resume_unwind(Box::new("left")),
                }
            });
        }));
        assert_eq!(left.is_err(), back == Back::BehindPanic);
        if back != Back::InBatch {
            enc.rollback(snapshot);
        }
        let what = format!("{back:?} in {len}");
        let finish = |enc: &mut x64::Emitter<'_, D>, pieces: &[Vec<u8>]| {
            let expected = laid_out::<D>(pieces.to_vec());
            let needed = expected.len();
            let expected = if needed <= len { Ok(expected) } else { Err(FinishError::OutOfSpace { needed }) };
            assert_eq!(enc.finish().map(|code| code.bytes().to_vec()), expected, "{what}");
        };
        finish(&mut enc, &kept);
        // And on.
        enc.mov_r64_imm64(x64::RAX, 0x4444_4444_4444_4444);
        finish(&mut enc, &[kept, vec![last]].concat());
    }
    for len in (0..300).chain([1200, 1300, 5000]) {
        for back in [Back::InBatch, Back::Behind, Back::BehindPanic] {
            test::<Down>(len, back);
            test::<Up>(len, back);
        }
    }
}

/// What comes due within a batch comes before it or after it, and what is noted in it does not come too late: branches
/// of all reaches, whose labels are bound far away.
#[test]
fn branches_that_come_due() {
    use aarch64::*;
    fn test<D: Direction>() {
        for between in [1, 10, 50, 200] {
            for batches in [1, 3, 30, 300] {
                let mut enc = Emitter::<D>::new();
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
    test::<Down>();
    test::<Up>();
}

/// A batch in which each instruction becomes two, since its label is too far away, with a branch pending that reaches
/// little farther than that.
#[test]
fn a_branch_that_comes_due_in_a_batch_of_long_ones() {
    use aarch64::*;
    fn test<D: Direction>() {
        for apart in 0..300 {
            let mut enc = Emitter::<D>::new();
            let earlier = enc.here();
            (0..300).for_each(|_| enc.nop());
            let later = enc.label();
            enc.cbgt_x(X1, X2, later);
            (0..apart).for_each(|_| enc.nop());
            for _ in 0..20 {
                enc.batch(|enc| (0..30).for_each(|_| enc.cbgt_x(X3, X4, earlier)));
            }
            enc.bind(later);
            assert!(enc.finish().is_ok(), "{apart} instructions between");
        }
    }
    test::<Down>();
    test::<Up>();
}
