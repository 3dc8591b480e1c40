//! What must not be done with blocks: each mistake is an error of `finish` or a panic, and afterwards the encoder is
//! usable.

use crate::nests::{A16, Within, in_all_blocks, in_all_blocks_of_blocks, is_up};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use tailfirst::{
    Direction, FinishError, Label,
    x64::{Assembler, Emitter, Encoder},
};

/// That an encoder can be used again, with blocks.
pub(super) fn is_usable_after_clear<D: Direction>(enc: &mut Emitter<'_, D>) {
    enc.clear();
    let exit = enc.label();
    enc.forward(|asm| {
        asm.nop();
        asm.jz(exit);
        asm.backward(|enc| {
            enc.ret();
            enc.bind(exit);
        });
    });
    enc.aligned(A16, |enc| enc.cld());
    let code = enc.finish().expect("nothing is wrong");
    let (loops, block, len) = if is_up::<D>() { (16, 0, 17) } else { (0, 8, 16) };
    assert_eq!((code.bytes().len(), code.bytes()[loops]), (len, 0xFC));
    assert_eq!(code.bytes()[block..][..8], [0x90, 0x0F, 0x84, 0, 0, 0, 0, 0xC3]);
    assert_eq!(code.offset_of(exit), Some(block + 7));
}

/// What was placed first: at the base.
fn at_base<D: Direction>(bytes: &[u8]) -> Option<u8> {
    if is_up::<D>() { bytes.first().copied() } else { bytes.last().copied() }
}

/// Leaves a block by a panic, and catches that around it.
fn leave_by_panic(f: impl FnOnce()) {
    let caught = catch_unwind(AssertUnwindSafe(f));
    assert!(caught.is_err());
}

#[test]
fn finishing_in_a_block() {
    fn test<O: Direction, D: Within<O>>() {
        for block in D::blocks() {
            let mut enc = Emitter::<O>::new();
            enc.ret();
            block(&mut enc, &mut |enc| {
                assert_eq!(enc.finish().err(), Some(FinishError::OpenBlock));
                enc.cld();
                assert_eq!(enc.finish().err(), Some(FinishError::OpenBlock));
            });
            // Only asking is no mistake.
            let code = enc.finish().expect("the block is complete");
            let count = code.bytes().iter().filter(|&&byte| byte == 0xFC).count();
            assert_eq!((at_base::<O>(code.bytes()), count), (Some(0xC3), 1));
            is_usable_after_clear(&mut enc);
        }
    }
    in_all_blocks!(test);
}

#[test]
fn clearing_in_a_block() {
    fn test<O: Direction, D: Within<O>>() {
        for block in D::blocks() {
            for growing in [true, false] {
                let mut memory = [0; 256];
                let mut enc = if growing { Emitter::<O>::new() } else { Emitter::in_slice(&mut memory) };
                enc.ret();
                let before = enc.here();
                block(&mut enc, &mut |enc| {
                    enc.nop();
                    enc.jmp(before);
                    enc.clear();
                    enc.ret();
                    // Nothing is open here any more.
                    assert_eq!(enc.finish().map(|code| code.bytes().to_vec()), Ok(vec![0xC3]));
                    enc.forward(|enc| enc.nop());
                    enc.backward(|enc| enc.nop());
                });
                assert_eq!(enc.finish().err(), Some(FinishError::ClearedInBlock));
                is_usable_after_clear(&mut enc);
            }
        }
    }
    in_all_blocks!(test);
}

#[test]
fn a_panic_in_a_block() {
    fn test<O: Direction, D: Within<O>>() {
        for block in D::blocks() {
            for growing in [true, false] {
                let mut memory = [0; 256];
                let mut enc = if growing { Emitter::<O>::new() } else { Emitter::in_slice(&mut memory) };
                enc.ret();
                leave_by_panic(|| {
                    block(&mut enc, &mut |enc| {
                        enc.nop();
                        resume_unwind(Box::new(5));
                    });
                });
                assert_eq!(enc.finish().err(), Some(FinishError::OpenBlock));
                // More code does no harm.
                enc.nop();
                enc.forward(|enc| enc.nop());
                enc.backward(|enc| enc.nop());
                enc.aligned(A16, |enc| enc.nop());
                assert!(enc.finish().is_err());
                is_usable_after_clear(&mut enc);
            }
        }
    }
    in_all_blocks!(test);
}

#[test]
fn a_panic_in_a_block_that_is_caught_in_the_block_around() {
    fn test<O: Direction, D: Within<O>, E: Within<D>>() {
        for outer in D::blocks() {
            for inner in E::blocks() {
                for again in [false, true] {
                    let mut enc = Emitter::<O>::new();
                    enc.ret();
                    outer(&mut enc, &mut |enc| {
                        enc.nop();
                        leave_by_panic(|| {
                            inner(enc, &mut |_| {
                                resume_unwind(Box::new(5));
                            });
                        });
                        enc.nop();
                        if again {
                            inner(enc, &mut |enc| enc.nop());
                        }
                    });
                    assert!(enc.finish().is_err());
                    is_usable_after_clear(&mut enc);
                }
            }
        }
    }
    in_all_blocks_of_blocks!(test);
}

/// Cleared, and then as deep in blocks as before, but in others.
#[test]
fn a_block_in_place_of_another() {
    fn test<O: Direction, D: Within<O>, E: Within<D>>() {
        for outer in D::blocks() {
            for inner in E::blocks() {
                let mut enc = Emitter::<O>::new();
                enc.ret();
                outer(&mut enc, &mut |enc| {
                    enc.nop();
                    enc.clear();
                    enc.nop();
                    leave_by_panic(|| {
                        inner(enc, &mut |enc| {
                            enc.nop();
                            resume_unwind(Box::new(5));
                        });
                    });
                });
                assert!(enc.finish().is_err());
                is_usable_after_clear(&mut enc);
            }
        }
    }
    in_all_blocks_of_blocks!(test);
}

#[test]
fn an_encoder_that_is_exchanged_in_a_block() {
    fn test<O: Direction, D: Within<O>>() {
        for block in D::blocks() {
            let (mut first, mut second) = ([0; 256], [0; 256]);
            let mut enc = Emitter::<O>::in_slice(&mut first);
            let mut other = Emitter::<O>::in_slice(&mut second);
            enc.ret();
            other.cld();
            block(&mut enc, &mut |enc| {
                enc.nop();
                let mut growing = Emitter::<D>::new();
                growing.ret();
                std::mem::swap(enc, &mut growing);
                enc.nop();
                assert_eq!(growing.finish().err(), Some(FinishError::OpenBlock));
                is_usable_after_clear(&mut growing);
            });
            assert_eq!(enc.finish().err(), Some(FinishError::ClearedInBlock));
            is_usable_after_clear(&mut enc);
            is_usable_after_clear(&mut other);
        }
    }
    in_all_blocks!(test);
}

/// Both in a block: each end of a block meets the other encoder's.
#[test]
fn two_encoders_that_are_exchanged_in_their_blocks() {
    type Block = for<'a> fn(&mut Encoder<'a>, &mut dyn FnMut(&mut Encoder<'a>));
    let blocks: [Block; 2] =
        [|enc, f| enc.aligned(A16, f), |enc, f| enc.aligned(A16, |enc| enc.aligned(A16, |enc| f(enc)))];
    for first in blocks {
        for second in blocks {
            let (mut a, mut b) = (Encoder::new(), Encoder::new());
            a.ret();
            a.nops(3);
            b.nops(20);
            first(&mut a, &mut |a| {
                a.nop();
                second(&mut b, &mut |b| {
                    b.nop();
                    std::mem::swap(a, b);
                });
            });
            for mut enc in [a, b] {
                assert!(enc.finish().is_err());
                is_usable_after_clear(&mut enc);
            }
        }
    }
}

#[test]
fn a_foreign_label_in_a_block() {
    fn test<O: Direction, D: Within<O>>() {
        let mut other = Encoder::new();
        let foreign = (0..9).map(|_| other.label()).last().expect("nine");
        for (number, block) in D::blocks().into_iter().enumerate() {
            for bound in [true, false] {
                let mut enc = Emitter::<O>::new();
                enc.ret();
                enc.label();
                block(&mut enc, &mut |enc| {
                    enc.label();
                    if bound {
                        enc.bind(foreign);
                    } else {
                        enc.jmp(foreign);
                    }
                });
                let error = enc.finish().map(drop);
                assert!(
                    matches!(error, Err(FinishError::ForeignLabel { label, .. }) if label == foreign),
                    "{number}: {error:?}"
                );
                is_usable_after_clear(&mut enc);
            }
        }
    }
    in_all_blocks!(test);
}

#[test]
fn a_label_that_is_never_bound_or_in_a_block_only() {
    fn test<O: Direction, D: Within<O>>() {
        for block in D::blocks() {
            let mut enc = Emitter::<O>::new();
            enc.ret();
            let outside = enc.label();
            let mut inside = None;
            block(&mut enc, &mut |enc| {
                inside = Some(enc.label());
                enc.jmp(outside);
            });
            assert!(matches!(enc.finish(), Err(FinishError::UnboundLabel { label, .. }) if label == outside));
            enc.bind(outside);
            assert_eq!(enc.finish().map(drop), Ok(()));
            let inside = inside.expect("the block has run");
            let before = enc.pos();
            enc.jmp(inside);
            // The jump's end.
            let at = if is_up::<O>() { enc.pos() } else { before }.from_base();
            assert_eq!(enc.finish().map(drop), Err(FinishError::UnboundLabel { label: inside, at }));
            enc.bind(inside);
            assert_eq!(enc.finish().map(drop), Ok(()));
        }
    }
    in_all_blocks!(test);
}

#[test]
fn a_label_that_is_bound_twice_across_the_border() {
    fn is_bound_twice<D: Direction>(enc: &mut Emitter<'_, D>, label: Label) -> bool {
        matches!(enc.finish(), Err(FinishError::BoundTwice { label: found, .. }) if found == label)
    }
    fn test<O: Direction, D: Within<O>>() {
        for block in D::blocks() {
            let mut enc = Emitter::<O>::new();
            enc.ret();
            // Before, and inside.
            let label = enc.here();
            block(&mut enc, &mut |enc| enc.bind(label));
            assert!(is_bound_twice(&mut enc, label));
            // Twice inside.
            enc.clear();
            let label = enc.label();
            block(&mut enc, &mut |enc| {
                enc.bind(label);
                enc.nop();
                enc.bind(label);
            });
            assert!(is_bound_twice(&mut enc, label));
            // Inside, and after.
            enc.clear();
            let mut label = enc.label();
            block(&mut enc, &mut |enc| enc.bind(label));
            enc.bind(label);
            assert!(is_bound_twice(&mut enc, label));
            // One of the inside.
            enc.clear();
            block(&mut enc, &mut |enc| label = enc.here());
            enc.bind(label);
            assert!(is_bound_twice(&mut enc, label));
            enc.clear();
            block(&mut enc, &mut |enc| {
                label = enc.here();
                enc.bind(label);
            });
            assert!(is_bound_twice(&mut enc, label));
        }
    }
    in_all_blocks!(test);
}

/// What does not reach is noticed when the block has its place, so it is told as a distance from the code's base.
#[test]
fn a_short_branch_out_of_a_block_that_does_not_reach() {
    let range = tailfirst::Range { low: -128, high: 127, step: 1 };
    let mut enc = Encoder::new();
    for (between, error) in
        [(127, None), (128, Some(|label| FinishError::OutOfRange { label, at: 128, distance: 128, range }))]
    {
        enc.clear();
        let end = enc.here();
        enc.nops(between);
        enc.forward(|asm| {
            asm.nop();
            asm.jmp_rel8(end);
        });
        assert_eq!(enc.finish().err(), error.map(|error| error(end)));
    }
    let mut asm = Assembler::new();
    for (between, error) in
        [(126, None), (127, Some(|label| FinishError::OutOfRange { label, at: 129, distance: -129, range }))]
    {
        asm.clear();
        let start = asm.here();
        asm.nops(between);
        asm.backward(|enc| {
            enc.nop();
            enc.jmp_rel8(start);
        });
        assert_eq!(asm.finish().err(), error.map(|error| error(start)));
    }
}

#[test]
fn finishing_around_a_block_that_is_open() {
    let (mut enc, mut asm) = (Encoder::new(), Assembler::new());
    enc.ret();
    enc.begin_block(&mut asm);
    asm.nop();
    assert_eq!(enc.finish().err(), Some(FinishError::OpenBlock));
    assert_eq!(asm.finish().err(), Some(FinishError::OpenBlock));
    // Only asking is no mistake.
    enc.end_block(&mut asm);
    assert_eq!(enc.finish().expect("the block is complete").bytes(), [0x90, 0xC3]);
}

/// What is done wrong with blocks, and what `finish` says of the encoder around them.
#[test]
fn blocks_that_are_not_ended_rightly() {
    type Mistake = fn(&mut Encoder<'_>, &mut Assembler<'_>);
    const CLEARED: FinishError = FinishError::ClearedInBlock;
    const OPEN: FinishError = FinishError::OpenBlock;
    let mistakes: [(&str, FinishError, Mistake); 17] = [
        ("a label made outside meanwhile", CLEARED, |enc, asm| {
            enc.begin_block(asm);
            enc.label();
            enc.end_block(asm);
        }),
        ("a label made there and inside", CLEARED, |enc, asm| {
            enc.begin_block(asm);
            asm.here();
            enc.here();
            enc.end_block(asm);
        }),
        ("a constant asked for outside meanwhile", CLEARED, |enc, asm| {
            enc.begin_block(asm);
            enc.constant_u64(5);
            enc.end_block(asm);
        }),
        ("a late immediate made outside meanwhile", CLEARED, |enc, asm| {
            enc.begin_block(asm);
            enc.late();
            enc.end_block(asm);
        }),
        ("a snapshot of outside gone back to", FinishError::ForeignSnapshot, |enc, asm| {
            let before = enc.snapshot();
            enc.begin_block(asm);
            enc.rollback(before);
            enc.end_block(asm);
        }),
        ("a block that has not begun", CLEARED, |enc, asm| enc.end_block(asm)),
        ("a block that has ended", CLEARED, |enc, asm| {
            enc.begin_block(asm);
            enc.end_block(asm);
            asm.nop();
            enc.end_block(asm);
        }),
        ("another one", CLEARED, |enc, asm| {
            enc.begin_block(asm);
            enc.end_block(&mut Assembler::new());
        }),
        ("another one, and then the right one", CLEARED, |enc, asm| {
            enc.begin_block(asm);
            enc.end_block(&mut Assembler::new());
            enc.end_block(asm);
        }),
        ("a block of another encoder", CLEARED, |enc, asm| {
            let (mut other, mut theirs) = (Encoder::new(), Assembler::new());
            other.begin_block(&mut theirs);
            enc.begin_block(asm);
            enc.end_block(&mut theirs);
        }),
        ("a block that another encoder took", CLEARED, |enc, asm| {
            enc.begin_block(asm);
            let mut other = Encoder::new();
            other.begin_block(asm);
            enc.end_block(asm);
        }),
        ("a cleared block", CLEARED, |enc, asm| {
            enc.begin_block(asm);
            asm.nop();
            asm.clear();
            enc.end_block(asm);
        }),
        ("a block with an open one inside", CLEARED, |enc, asm| {
            let mut inner = Encoder::new();
            enc.begin_block(asm);
            asm.begin_block(&mut inner);
            enc.end_block(asm);
        }),
        ("no end", OPEN, |enc, asm| {
            enc.begin_block(asm);
            asm.nop();
        }),
        ("no end of a block that is dropped", OPEN, |enc, _| enc.begin_block(&mut Assembler::new())),
        ("no end before the next one begins", OPEN, |enc, asm| {
            enc.begin_block(&mut Assembler::new());
            enc.begin_block(asm);
            enc.end_block(asm);
        }),
        ("no end before the same one begins again", OPEN, |enc, asm| {
            enc.begin_block(asm);
            asm.nop();
            enc.begin_block(asm);
            enc.end_block(asm);
        }),
    ];
    let (mut enc, mut asm) = (Encoder::new(), Assembler::new());
    for (name, error, mistake) in mistakes {
        enc.clear();
        enc.ret();
        let label = enc.label();
        mistake(&mut enc, &mut asm);
        enc.bind(label);
        assert_eq!(enc.finish().err(), Some(error), "{name}");
        is_usable_after_clear(&mut enc);
        is_usable_after_clear(&mut asm);
        // Blocks between the two, too.
        enc.clear();
        enc.begin_block(&mut asm);
        asm.nop();
        enc.end_block(&mut asm);
        assert_eq!(enc.finish().map(|code| code.bytes().to_vec()), Ok(vec![0x90]), "{name}");
    }
}

#[test]
fn a_panic_between_begin_and_end() {
    let (mut enc, mut asm) = (Encoder::new(), Assembler::new());
    enc.ret();
    leave_by_panic(|| {
        enc.begin_block(&mut asm);
        asm.nop();
        resume_unwind(Box::new(5));
    });
    assert_eq!(enc.finish().err(), Some(FinishError::OpenBlock));
    // It is not too late.
    asm.cld();
    enc.end_block(&mut asm);
    assert_eq!(enc.finish().expect("the block is complete").bytes(), [0x90, 0xFC, 0xC3]);
    is_usable_after_clear(&mut enc);
    is_usable_after_clear(&mut asm);
}

/// Blocks that are open in each other at once leave no tower of memory that is dropped from its top to its bottom.
#[test]
fn a_tower_of_blocks_is_dropped_on_a_small_stack() {
    use std::thread::Builder;
    const DEPTH: usize = 100_000;
    fn build(enc: &mut Encoder<'_>, depth: usize, fails: bool) {
        if depth > 0 {
            enc.forward(|asm| asm.backward(|enc| build(enc, depth - 1, fails)));
        } else if fails {
            resume_unwind(Box::new("the tower"));
        } else {
            enc.ret();
        }
    }
    // What builds it is recursive; the other thread's stack is not enough for one frame a block.
    for fails in [false, true] {
        let tower = Builder::new().stack_size(2 << 30).spawn(move || {
            let mut enc = Encoder::new();
            let left = catch_unwind(AssertUnwindSafe(|| build(&mut enc, DEPTH / 2, fails)));
            assert_eq!(left.is_err(), fails);
            enc
        });
        let mut enc = tower.expect("address space").join().expect("no overflow");
        let dropping = Builder::new().stack_size(128 << 10).spawn(move || {
            assert_eq!(
                enc.finish().map(|code| code.bytes().len()),
                if fails { Err(FinishError::OpenBlock) } else { Ok(1) }
            );
            enc.clear();
            drop(enc);
        });
        dropping.expect("a stack").join().expect("no overflow");
    }
}

/// The label of a constant that a block binds, and that is placed before the block is.
#[test]
fn a_constant_is_bound_in_a_block_and_placed_around_it() {
    use tailfirst::aarch64::{Encoder, X0};
    let mut enc = Encoder::new();
    let due = enc.constant_u64(1);
    enc.ldr_x_lit(X0, due);
    enc.nops(4 * 229_360);
    let constant = enc.forward(|asm| {
        let constant = asm.constant_u64(2);
        asm.nops(400);
        asm.bind(constant);
        constant
    });
    assert!(matches!(enc.finish(), Err(FinishError::BoundTwice { label, .. }) if label == constant));
}
