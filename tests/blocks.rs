//! Blocks: random programs of them against a model, what must not be done with them, and calls in reading order.

#![cfg(all(feature = "x64", feature = "aarch64"))]

#[path = "support/trees/mod.rs"]
mod trees;

use quickcheck::TestResult;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tailfirst::{
    Align, FinishError, Label, Symbol,
    aarch64::{self, A64},
    block,
    x64::{EAX, ECX, Encoder, RAX, RDI, RSI, X64},
};

#[test]
fn programs_with_blocks_x64() {
    fn property(numbers: Vec<u64>) -> TestResult {
        trees::is_as_expected::<X64>(&numbers, false)
    }
    trees::choices::check("programs_with_blocks_x64", 1500).quickcheck(property as fn(Vec<u64>) -> TestResult);
}

#[test]
fn programs_with_blocks_aarch64() {
    fn property(numbers: Vec<u64>) -> TestResult {
        trees::is_as_expected::<A64>(&numbers, false)
    }
    trees::choices::check("programs_with_blocks_aarch64", 1500).quickcheck(property as fn(Vec<u64>) -> TestResult);
}

const A16: Align = Align::of::<16>();

/// Runs `f` in a block whose code grows down: an aligned one, one in a block that grows up, and these in each other.
type Block = fn(&mut Encoder<'_>, &mut dyn FnMut(&mut Encoder<'_>));

const COUNT: usize = 5;

fn blocks() -> [Block; COUNT] {
    [
        |enc, f| enc.aligned(A16, |enc| f(enc)),
        |enc, f| enc.forward(|asm| asm.backward(|enc| f(enc))),
        |enc, f| enc.forward(|asm| asm.backward(|enc| enc.aligned(A16, |enc| f(enc)))),
        |enc, f| enc.aligned(A16, |enc| enc.forward(|asm| asm.backward(|enc| f(enc)))),
        |enc, f| enc.aligned(A16, |enc| enc.aligned(A16, |enc| f(enc))),
    ]
}

/// That an encoder can be used again, with blocks.
fn is_usable_after_clear(enc: &mut Encoder<'_>) {
    enc.clear();
    enc.ret();
    let exit = enc.here();
    enc.forward(|enc| {
        enc.nop();
        enc.jz(exit);
    });
    enc.aligned(A16, |enc| enc.cld());
    let code = enc.finish().expect("nothing is wrong");
    assert_eq!(code.bytes()[0], 0xFC);
    assert_eq!(code.bytes()[8..], [0x90, 0x0F, 0x84, 0, 0, 0, 0, 0xC3]);
    assert_eq!((code.bytes().len(), code.offset_of(exit)), (16, Some(15)));
}

#[test]
fn finishing_in_a_block() {
    for block in blocks() {
        let mut enc = Encoder::new();
        enc.ret();
        block(&mut enc, &mut |enc| {
            assert_eq!(enc.finish().err(), Some(FinishError::OpenBlock));
            enc.nop();
            assert_eq!(enc.finish().err(), Some(FinishError::OpenBlock));
        });
        // Only asking is no mistake.
        let code = enc.finish().expect("the block is complete");
        assert_eq!((code.bytes()[0], code.bytes().last()), (0x90, Some(&0xC3)));
        is_usable_after_clear(&mut enc);
    }
}

#[test]
fn clearing_in_a_block() {
    for number in 0..COUNT {
        for growing in [true, false] {
            let mut memory = [0; 256];
            let mut enc = if growing { Encoder::new() } else { Encoder::in_slice(&mut memory) };
            enc.ret();
            let before = enc.here();
            let block = blocks()[number];
            block(&mut enc, &mut |enc| {
                enc.nop();
                enc.jmp(before);
                enc.clear();
                enc.ret();
                // Nothing is open here any more.
                assert_eq!(enc.finish().map(|code| code.bytes().to_vec()), Ok(vec![0xC3]));
                enc.forward(|enc| enc.nop());
            });
            assert_eq!(enc.finish().err(), Some(FinishError::ClearedInBlock));
            is_usable_after_clear(&mut enc);
        }
    }
}

#[test]
fn a_panic_in_a_block() {
    for number in 0..COUNT {
        for growing in [true, false] {
            let mut memory = [0; 256];
            let mut enc = if growing { Encoder::new() } else { Encoder::in_slice(&mut memory) };
            enc.ret();
            let block = blocks()[number];
            let result = catch_unwind(AssertUnwindSafe(|| {
                block(&mut enc, &mut |enc| {
                    enc.nop();
                    std::panic::resume_unwind(Box::new(5));
                });
            }));
            assert!(result.is_err());
            assert_eq!(enc.finish().err(), Some(FinishError::OpenBlock));
            // More code does no harm.
            enc.nop();
            enc.forward(|enc| enc.nop());
            enc.aligned(A16, |enc| enc.nop());
            assert!(enc.finish().is_err());
            is_usable_after_clear(&mut enc);
        }
    }
}

#[test]
fn a_panic_in_a_block_that_is_caught_in_the_block_around() {
    for outer in blocks() {
        for inner in blocks() {
            let mut enc = Encoder::new();
            enc.ret();
            outer(&mut enc, &mut |enc| {
                enc.nop();
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    inner(enc, &mut |_| {
                        std::panic::resume_unwind(Box::new(5));
                    });
                }));
                assert!(caught.is_err());
                enc.nop();
            });
            assert!(enc.finish().is_err());
            is_usable_after_clear(&mut enc);
        }
    }
}

/// Cleared, and then as deep in blocks as before, but in others.
#[test]
fn a_block_in_place_of_another() {
    for block in blocks() {
        let mut enc = Encoder::new();
        enc.ret();
        block(&mut enc, &mut |enc| {
            enc.nop();
            enc.clear();
            enc.nop();
            let caught = catch_unwind(AssertUnwindSafe(|| {
                block(enc, &mut |enc| {
                    enc.nop();
                    std::panic::resume_unwind(Box::new(5));
                });
            }));
            assert!(caught.is_err());
        });
        assert!(enc.finish().is_err());
        is_usable_after_clear(&mut enc);
    }
}

#[test]
fn an_encoder_that_is_exchanged_in_a_block() {
    for number in 0..COUNT {
        let (mut first, mut second) = ([0; 256], [0; 256]);
        let mut enc = Encoder::in_slice(&mut first);
        let mut other = Encoder::in_slice(&mut second);
        enc.ret();
        other.cld();
        let block = blocks()[number];
        block(&mut enc, &mut |enc| {
            enc.nop();
            let mut growing = Encoder::new();
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

/// Both in a block: each end of a block meets the other encoder's. (Blocks of the other direction do not let an encoder of theirs be exchanged for one of outside: its lifetime
/// is another.)
#[test]
fn two_encoders_that_are_exchanged_in_their_blocks() {
    type Block<'buf> = fn(&mut Encoder<'buf>, &mut dyn FnMut(&mut Encoder<'buf>));
    let blocks: [Block<'_>; 2] =
        [|enc, f| enc.aligned(A16, |enc| f(enc)), |enc, f| enc.aligned(A16, |enc| enc.aligned(A16, |enc| f(enc)))];
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
    let mut other = Encoder::new();
    let foreign = (0..9).map(|_| other.label()).last().expect("nine");
    for (number, block) in blocks().into_iter().enumerate() {
        for bound in [true, false] {
            let mut enc = Encoder::new();
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
            assert!(matches!(error, Err(FinishError::ForeignLabel { label, .. }) if label == foreign), "{number}");
            is_usable_after_clear(&mut enc);
        }
    }
}

#[test]
fn a_label_that_is_never_bound_or_in_a_block_only() {
    for block in blocks() {
        let mut enc = Encoder::new();
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
        enc.jmp(inside);
        let at = enc.pos().from_base() - 5;
        assert_eq!(enc.finish().map(drop), Err(FinishError::UnboundLabel { label: inside, at }));
        enc.bind(inside);
        assert_eq!(enc.finish().map(drop), Ok(()));
    }
}

#[test]
fn a_label_that_is_bound_twice_across_the_border() {
    fn is_bound_twice(enc: &mut Encoder<'_>, label: Label) -> bool {
        matches!(enc.finish(), Err(FinishError::BoundTwice { label: found, .. }) if found == label)
    }
    for block in blocks() {
        let mut enc = Encoder::new();
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

/// Where a mistake was is told as a distance from the end, as far as it is known inside a block.
#[test]
fn a_short_branch_out_of_a_block_that_does_not_reach() {
    let mut enc = Encoder::new();
    let end = enc.here();
    enc.nops(128);
    enc.forward(|enc| {
        enc.nop();
        enc.jmp_rel8(end);
    });
    let range = tailfirst::Range { low: -128, high: 127, step: 1 };
    assert_eq!(enc.finish().err(), Some(FinishError::OutOfRange { label: end, at: 128, distance: 128, range }));
}

/// Out of an aligned loop to the instruction behind it: short as long as the loop may be moved.
#[test]
fn a_branch_out_of_an_aligned_block_is_short_where_it_reaches_anyhow() {
    for (between, len) in [(0, 2), (127 - 16, 2), (128 - 16, 6)] {
        let mut enc = tailfirst::x64::Encoder::new();
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
        let own = enc.forward(|enc| {
            assert_eq!((enc.pos_of(outside), enc.pos_of(label)), (None, None));
            enc.nop();
            let own = enc.here();
            assert_eq!(enc.pos_of(own), Some(enc.pos()));
            enc.nop();
            own
        });
        assert_eq!(enc.pos_of(own).map(|pos| pos.from_base() + 1), Some(enc.pos().from_base()));
        // What is above an alignment is not moved with the rest.
        enc.align_code(A16);
        assert_eq!(enc.pos_of(label), None);
        label
    });
    assert!(enc.pos_of(inside).is_some() && enc.pos_of(outside).is_some());
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

/// `block!` gives the bytes of its calls in reverse.
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

/// What returns a `Result` ends the block where it fails: what stands behind it is placed, it and what is before it is not.
#[test]
fn calls_that_may_fail() {
    use aarch64::*;
    fn load(enc: &mut aarch64::Encoder<'_>, offset: i32) -> Result<(), AddressError> {
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
