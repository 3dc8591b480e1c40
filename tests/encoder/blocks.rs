//! Blocks: random programs of them against a model, what must not be done with them, and calls in reading order.

use crate::{nests, trees};
use nests::{A16, Within, in_all_blocks, in_all_blocks_of_blocks, in_both_directions, is_up};
use quickcheck::TestResult;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use tailfirst::{
    Align, Direction, FinishError, Label, Symbol,
    aarch64::{self, A64},
    block,
    x64::{Assembler, EAX, ECX, Emitter, Encoder, RAX, RCX, RDI, RSI, X64},
};
use tailfirst_roundtrip::choices;

#[test]
fn programs_with_blocks_x64() {
    fn property(numbers: Vec<u64>) -> TestResult {
        trees::is_as_expected::<X64>(&numbers, false)
    }
    choices::check("programs_with_blocks_x64", 1500).quickcheck(property as fn(Vec<u64>) -> TestResult);
}

#[test]
fn programs_with_blocks_aarch64() {
    fn property(numbers: Vec<u64>) -> TestResult {
        trees::is_as_expected::<A64>(&numbers, false)
    }
    choices::check("programs_with_blocks_aarch64", 1500).quickcheck(property as fn(Vec<u64>) -> TestResult);
}

/// That an encoder can be used again, with blocks.
fn is_usable_after_clear<D: Direction>(enc: &mut Emitter<'_, D>) {
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

/// A branch inside a block to a label inside is short where it reaches, however deep that is.
#[test]
fn branches_inside_a_block_are_short_where_they_reach() {
    fn test<O: Direction, D: Within<O>>() {
        // What lies below counts from the end of the branch.
        let most = if is_up::<D>() { 126 } else { 127 };
        for block in D::blocks() {
            for (between, len) in [(0, 2), (most, 2), (most + 1, 5)] {
                let mut enc = Emitter::<O>::new();
                enc.ret();
                block(&mut enc, &mut |enc| {
                    let label = enc.here();
                    (0..between).for_each(|_| enc.cld());
                    let before = enc.pos().from_base();
                    enc.jmp(label);
                    assert_eq!(enc.pos().from_base() - before, len);
                });
                let code = enc.finish().expect("all labels are bound");
                let jump = code.bytes().iter().position(|&byte| byte == [0xEB, 0xE9][usize::from(len == 5)]);
                let distance = if is_up::<D>() { -(between + len as i32) } else { between };
                let field = &distance.to_le_bytes()[..len as usize - 1];
                assert_eq!(&code.bytes()[jump.expect("it is there") + 1..][..field.len()], field);
            }
        }
    }
    in_all_blocks!(test);
}

/// Out of an aligned loop to the instruction behind it: short as long as the loop may be moved.
#[test]
fn a_branch_out_of_an_aligned_block_is_short_where_it_reaches_anyhow() {
    for (between, len) in [(0, 2), (127 - 16, 2), (128 - 16, 6)] {
        let mut enc = Encoder::new();
        enc.ret();
        let exit = enc.here();
        enc.aligned(Align::of::<16>(), |enc| {
            enc.nops(between);
            enc.jnz(exit);
        });
        let code = enc.finish().expect("it reaches");
        let gap = code.bytes().len() - 1 - between - len;
        assert!(gap < 16, "{between}: {gap}");
        let up = (between + gap) as u8;
        let bytes = if len == 2 { vec![0x75, up] } else { vec![0x0F, 0x85, up, 0, 0, 0] };
        assert_eq!(&code.bytes()[..len], bytes);
    }
}

/// Labels from outside are pending inside, and those of a complete block are not.
#[test]
fn labels_in_sight() {
    let mut enc = Encoder::new();
    enc.ret();
    let outside = enc.here();
    assert!(enc.pos_of(outside).is_some());
    let inside = enc.aligned(A16, |enc| {
        assert_eq!(enc.pos_of(outside), None);
        let label = enc.here();
        assert!(enc.pos_of(label).is_some());
        let pending = enc.label();
        let inner = enc.forward(|enc| {
            assert_eq!((enc.pos_of(outside), enc.pos_of(label)), (None, None));
            let inner = enc.here();
            assert_eq!(enc.pos_of(inner), Some(enc.pos()));
            enc.bind(pending);
            assert_eq!(enc.pos_of(pending), None);
            inner
        });
        assert!(enc.pos_of(inner).is_some() && enc.pos_of(pending).is_some());
        // What is above an alignment is not moved with the rest.
        enc.align_code(A16);
        assert_eq!(enc.pos_of(label), None);
        label
    });
    assert!(enc.pos_of(inside).is_some() && enc.pos_of(outside).is_some());

    let mut asm = Assembler::new();
    asm.ret();
    let outside = asm.here();
    asm.aligned(A16, |asm| {
        // Nothing is moved.
        assert!(asm.pos_of(outside).is_some());
        let inside = asm.backward(|enc| {
            assert_eq!(enc.pos_of(outside), None);
            let label = enc.here();
            assert_eq!(enc.pos_of(label), Some(enc.pos()));
            label
        });
        assert!(asm.pos_of(inside).is_some());
    });
}

/// A nest of loops, each with an aligned head.
#[test]
fn aligned_in_aligned() {
    for (outer, inner) in [(16, 64), (64, 16), (32, 32)] {
        let (outer, inner) = (Align::new(outer).expect("a power of two"), Align::new(inner).expect("a power of two"));
        let mut enc = Encoder::new();
        enc.ret();
        let heads = enc.aligned(outer, |enc| {
            let outer_head = enc.label();
            enc.jnz(outer_head);
            enc.dec_rm64(RSI);
            let inner_head = enc.aligned(inner, |enc| {
                let head = enc.label();
                enc.jnz(head);
                enc.dec_rm64(RDI);
                enc.bind(head);
                head
            });
            enc.mov_r64_imm(RDI, 10);
            enc.bind(outer_head);
            (outer_head, inner_head)
        });
        let code = enc.finish().expect("all labels are bound");
        let from_end = |label| code.bytes().len() - code.offset_of(label).expect("it is bound");
        assert_eq!((from_end(heads.0) % outer.bytes() as usize, from_end(heads.1) % inner.bytes() as usize), (0, 0));
        assert_eq!(code.end_alignment(), outer.max(inner).bytes());
    }
}

/// Two pages of relocations to places in the code: those of blocks are moved with them.
#[test]
fn pages_in_blocks() {
    use aarch64::X1;
    let mut enc = aarch64::Encoder::new();
    enc.ret();
    enc.aligned(Align::of::<64>(), |enc| {
        let label = enc.label();
        enc.adrp(X1, label);
        enc.forward(|enc| {
            enc.nop();
            enc.adrp(X1, label);
            enc.bind(label);
            enc.adrp(X1, Symbol(1));
        });
    });
    let code = enc.finish().expect("all labels are bound");
    let mut found: Vec<_> = code.relocations().iter().map(|r| (r.from, format!("{:?}", r.target))).collect();
    found.sort();
    assert_eq!(
        found,
        [(4, "Offset(8)".into()), (8, "Symbol(Symbol(1))".into()), (12, "Offset(8)".into())] as [(usize, String); 3]
    );
}

#[test]
fn results_and_borrows_go_through_blocks() {
    let mut enc = Encoder::new();
    let mut count = 0;
    let text = String::from("moved");
    let label = enc.forward(|enc| {
        count += text.len();
        enc.here()
    });
    assert_eq!((enc.aligned(A16, |_| text), count), ("moved".into(), 5));
    let code = enc.finish().expect("nothing is wrong");
    assert_eq!((code.bytes().len(), code.offset_of(label)), (0, Some(0)));
}

/// `begin_block` and `end_block` give what `forward` and `backward` give: for blocks in each other, used again, several
/// in a row, with labels, constants and late immediates across their borders.
#[test]
fn blocks_without_closures() {
    let mut by_closures = Encoder::new();
    let exit = by_closures.label();
    let frame = by_closures.late();
    for number in 0..3 {
        by_closures.ret();
        by_closures.forward(|asm| {
            asm.jmp(exit);
            let inside = asm.here();
            let constant = asm.constant_u64(number);
            asm.lea_r64_m(RAX, constant);
            asm.backward(|enc| {
                enc.jz(inside);
                enc.with_late(frame, |enc, imm: i32| enc.add_rm64_imm(RCX, imm));
                enc.aligned(A16, |enc| enc.cld());
            });
            asm.call(Symbol(1));
        });
    }
    by_closures.bind(exit);
    by_closures.set_late(frame, 7);
    let code = by_closures.finish().expect("nothing is wrong");

    let (mut enc, mut asm, mut inner) = (Encoder::new(), Assembler::new(), Encoder::new());
    // What is in them is forgotten.
    asm.ret();
    asm.constant_u64(77);
    inner.here();
    let exit = enc.label();
    let frame = enc.late();
    for number in 0..3 {
        enc.ret();
        enc.begin_block(&mut asm);
        asm.jmp(exit);
        let inside = asm.here();
        let constant = asm.constant_u64(number);
        asm.lea_r64_m(RAX, constant);
        asm.begin_block(&mut inner);
        inner.jz(inside);
        inner.with_late(frame, |enc, imm: i32| enc.add_rm64_imm(RCX, imm));
        inner.aligned(A16, |enc| enc.cld());
        asm.end_block(&mut inner);
        asm.call(Symbol(1));
        enc.end_block(&mut asm);
        // Empty, and encoders of their own.
        assert_eq!(inner.finish().map(|code| code.bytes().len()), Ok(0));
        is_usable_after_clear(&mut asm);
        is_usable_after_clear(&mut inner);
    }
    enc.bind(exit);
    enc.set_late(frame, 7);
    let same = enc.finish().expect("nothing is wrong");
    assert_eq!((same.bytes(), same.end_alignment()), (code.bytes(), code.end_alignment()));
    assert_eq!(same.relocations(), code.relocations());
}

/// Of what is around a block, code that is placed meanwhile lies before the block.
#[test]
fn code_around_a_block_that_is_open() {
    let (mut enc, mut asm) = (Encoder::new(), Assembler::new());
    let label = enc.label();
    enc.ret();
    enc.begin_block(&mut asm);
    let inside = asm.here();
    asm.stc();
    asm.jmp(label);
    enc.nop();
    enc.bind(label);
    enc.end_block(&mut asm);
    enc.jmp(inside);
    let code = enc.finish().expect("nothing is wrong");
    assert_eq!(code.bytes(), [0xEB, 0, 0xF9, 0xE9, 0, 0, 0, 0, 0x90, 0xC3]);
}

/// A block in a slice, which has room for it or has not.
#[test]
fn a_block_in_a_slice() {
    let (mut enc, mut memory) = (Encoder::new(), [0xEE; 12]);
    let mut asm = Assembler::in_slice(&mut memory[1..11]);
    for (count, expected) in [(10, Ok(11)), (11, Err(FinishError::OutOfSpace { needed: 12 })), (10, Ok(11))] {
        enc.clear();
        enc.ret();
        enc.begin_block(&mut asm);
        asm.nops(count);
        enc.end_block(&mut asm);
        assert_eq!(enc.finish().map(|code| code.bytes().len()), expected);
    }
    drop(asm);
    assert_eq!((memory[0], memory[11]), (0xEE, 0xEE));
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

/// `block!` gives what its calls give in reverse in an encoder that grows down, and as they stand in one that grows up.
#[test]
fn calls_in_reading_order() {
    let mut enc = Encoder::new();
    enc.ret();
    enc.shl_rm64_imm8(RAX, 2);
    enc.add_rm64_r64(RAX, RSI);
    enc.mov_r64_rm64(RAX, RDI + RSI * 4);
    let expected = enc.finish().expect("nothing is wrong").bytes().to_vec();

    enc.clear();
    block!(enc; mov_r64_rm64(RAX, RDI + RSI * 4); add_rm64_r64(RAX, RSI); shl_rm64_imm8(RAX, 2); ret());
    assert_eq!(enc.finish().expect("nothing is wrong").bytes(), expected);
    let mut asm = Assembler::new();
    block!(asm; mov_r64_rm64(RAX, RDI + RSI * 4); add_rm64_r64(RAX, RSI); shl_rm64_imm8(RAX, 2); ret());
    assert_eq!(asm.finish().expect("nothing is wrong").bytes(), expected);

    // With trailing separators, through a reference, a field and a call.
    struct Compiler<'buf> {
        enc: Encoder<'buf>,
    }
    fn by_reference(enc: &mut Encoder<'_>) {
        block!(enc;
            add_rm64_r64(RAX, RSI,);
            shl_rm64_imm8(
                RAX,
                2,
            );
        );
    }
    enc.clear();
    let mut compiler = Compiler { enc };
    block!(compiler.enc; ret());
    by_reference(&mut compiler.enc);
    let enc = &mut compiler.enc;
    block!(enc; mov_r64_rm64(RAX, RDI + RSI * 4););
    assert_eq!(enc.finish().expect("nothing is wrong").bytes(), expected);
}

#[test]
fn arguments_are_evaluated_in_reading_order_and_before_anything_is_placed() {
    let mut order = Vec::new();
    let mut next = |name: &'static str, value| {
        order.push(name);
        value
    };
    let mut enc = Encoder::new();
    enc.ret();
    block!(enc;
        add_rm32_imm32(EAX, next("first", 1));
        // The place of the ret: nothing of this block is placed yet.
        jmp(enc.here());
        enter_imm16_imm8(next("second", 2) as u16, next("third", 3) as u8);
        sub_rm32_imm32({ next("register", 0); ECX }, next("fourth", 4));
    );
    assert_eq!(order, ["first", "second", "third", "register", "fourth"]);
    let expected =
        [&[0x81, 0xC0, 1, 0, 0, 0][..], &[0xEB, 10], &[0xC8, 2, 0, 3], &[0x81, 0xE9, 4, 0, 0, 0], &[0xC3]].concat();
    assert_eq!(enc.finish().expect("nothing is wrong").bytes(), expected);

    let mut asm = Assembler::new();
    asm.ret();
    // The place behind the ret.
    block!(asm; cld(); jmp(asm.here()); nop());
    assert_eq!(asm.finish().expect("nothing is wrong").bytes(), [0xC3, 0xFC, 0xEB, 0xFD, 0x90]);
}

/// Names of the caller's are not confused with the macro's.
#[test]
fn arguments_have_the_callers_names() {
    let (argument, encoder) = (1, 2);
    let mut enc = Encoder::new();
    block!(enc; push_imm8(encoder); push_imm8(argument); push_imm8(argument + encoder));
    assert_eq!(enc.finish().expect("nothing is wrong").bytes(), [0x6A, 2, 0x6A, 1, 0x6A, 3]);
}

/// A hundred calls of three arguments are within the compiler's limit.
#[test]
fn many_calls() {
    macro_rules! hundred {
        ($enc:ident $($call:tt)*) => {
            block!($enc;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
            )
        };
    }
    let mut enc = Encoder::new();
    let mut number = 0;
    let mut next = || {
        number += 1;
        number
    };
    hundred!(enc imul_r32_rm32_imm32(EAX, ECX, next()));
    let code = enc.finish().expect("nothing is wrong");
    let expected: Vec<u8> = (1..=100).flat_map(|number| [0x69, 0xC1, number, 0, 0, 0]).collect();
    assert_eq!(code.bytes(), expected);
}

/// What returns a `Result` ends the block where it fails: what was placed before it stays, it and the rest is not
/// placed.
#[test]
fn calls_that_may_fail() {
    use aarch64::*;
    fn load<D: Direction>(enc: &mut aarch64::Emitter<'_, D>, offset: i32) -> Result<(), AddressError> {
        block!(enc; ret(); ldr_x(X0, X1 + offset)?; nop(););
        Ok(())
    }
    let mut enc = aarch64::Encoder::new();
    load(&mut enc, 8).expect("a multiple of eight");
    let words = [0xD65F_03C0, 0xF940_0420, 0xD503_201Fu32];
    assert_eq!(enc.finish().expect("nothing is wrong").bytes(), words.map(u32::to_le_bytes).concat());
    enc.clear();
    load(&mut enc, 1 << 30).expect_err("no offset of a load");
    assert_eq!(enc.finish().expect("nothing is wrong").bytes(), words[2].to_le_bytes());

    let mut asm = Assembler::new();
    load(&mut asm, 8).expect("a multiple of eight");
    assert_eq!(asm.finish().expect("nothing is wrong").bytes(), words.map(u32::to_le_bytes).concat());
    asm.clear();
    load(&mut asm, 1 << 30).expect_err("no offset of a load");
    assert_eq!(asm.finish().expect("nothing is wrong").bytes(), words[0].to_le_bytes());
}

/// A helper for both directions, called in encoders and blocks of both.
#[test]
fn calls_of_a_helper_for_both_directions() {
    fn helper<D: Direction>(enc: &mut Emitter<'_, D>) {
        block!(enc;
            mov_r64_rm64(RAX, RDI + RSI * 4);
            add_rm64_r64(RAX, RSI);
            shl_rm64_imm8(RAX, 2);
        );
    }
    fn registers<D: Direction>(enc: &mut Emitter<'_, D>) {
        enc.in_order([RAX, RCX, RDI], |enc, register| enc.push_r64(register));
    }
    const HELPER: [u8; 11] = [0x48, 0x8B, 0x04, 0xB7, 0x48, 0x01, 0xF0, 0x48, 0xC1, 0xE0, 0x02];
    const REGISTERS: [u8; 3] = [0x50, 0x51, 0x57];
    fn alone<D: Direction>() {
        let mut enc = Emitter::<D>::new();
        helper(&mut enc);
        assert_eq!(enc.finish().expect("nothing is wrong").bytes(), HELPER);
        enc.clear();
        registers(&mut enc);
        assert_eq!(enc.finish().expect("nothing is wrong").bytes(), REGISTERS);
    }
    fn in_block<O: Direction, D: Within<O>>() {
        for block in D::blocks() {
            let mut enc = Emitter::<O>::new();
            enc.in_order([false, true], |enc, second| {
                if second {
                    block(enc, &mut |enc| registers(enc));
                } else {
                    block(enc, &mut |enc| helper(enc));
                }
            });
            let code = enc.finish().expect("nothing is wrong").bytes().to_vec();
            let at = |bytes: &[u8]| code.windows(bytes.len()).position(|found| found == bytes);
            assert!(at(&HELPER).is_some() && at(&HELPER) < at(&REGISTERS), "{code:02x?}");
        }
    }
    in_both_directions!(alone);
    in_all_blocks!(in_block);
}

#[test]
fn calls_in_reading_order_aarch64() {
    use aarch64::*;
    let mut enc = Encoder::new();
    let end = enc.label();
    block!(enc; cbz_x(X1, end); add_x(X0, X0, X1); ret());
    enc.forward(|enc| {
        enc.nop();
        enc.bind(end);
    });
    let words = [0xD503_201F, 0xB400_0001, 0x8B01_0000, 0xD65F_03C0u32];
    assert_eq!(enc.finish().expect("all labels are bound").bytes(), words.map(u32::to_le_bytes).concat());
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
