//! Late immediates: what fits, what is reported, and where they may stand.

use tailfirst::{Align, Direction, Down, FinishError, Late, LateSum, Range, Symbol, Up, aarch64, block, x64};
use tailfirst_roundtrip::side::Side;

const IMM32: Range = Range { low: i32::MIN as i64, high: i32::MAX as i64, step: 1 };

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// `add rsp, late`, of which the immediate is given.
fn add_rsp<D: Side>(value: i64) -> Result<i32, (Late, FinishError)> {
    use x64::*;
    let mut enc = Emitter::<D>::new();
    let late = enc.late();
    enc.with_late(late, |enc, imm: i32| enc.add_rm64_imm(RSP, imm));
    enc.set_late(late, value);
    let code = enc.finish().map_err(|error| (late, error))?;
    assert_eq!((code.bytes().len(), &code.bytes()[..3]), (7, &[0x48, 0x81, 0xC4][..]));
    Ok(i32::from_le_bytes([code.bytes()[3], code.bytes()[4], code.bytes()[5], code.bytes()[6]]))
}

#[test]
fn a_displacement_or_immediate_of_x64_has_32_bits() {
    fn check<D: Side>() {
        for value in [0, 1, -1, 127, -129, 0x5A5A_5A5A, -0x5A5A_5A5B, i32::MAX, i32::MIN] {
            assert_eq!(add_rsp::<D>(value.into()), Ok(value));
        }
        for value in [i64::from(i32::MAX) + 1, i64::from(i32::MIN) - 1, i64::MAX, i64::MIN] {
            let (late, error) = add_rsp::<D>(value).expect_err("it does not fit");
            assert_eq!(error, FinishError::LateOutOfRange { late, at: D::lower(7, 0), value, range: IMM32 });
        }
    }
    check::<Down>();
    check::<Up>();
}

/// A selector must not take the placeholder for a reason to choose a form that zero-extends.
#[test]
fn selectors_of_x64_choose_forms_that_sign_extend() {
    use x64::*;
    fn check<D: Side>() {
        for value in [i32::MIN, -8, -1, 0, 8, i32::MAX] {
            let mut enc = Emitter::<D>::new();
            let late = enc.late();
            enc.with_late(late, |enc, imm: i32| enc.mov_r64_imm(RAX, imm.into()));
            enc.set_late(late, value.into());
            let code = enc.finish().expect("it fits");
            assert_eq!(code.bytes(), [&[0x48, 0xC7, 0xC0][..], &value.to_le_bytes()].concat());
        }
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn displacements_of_x64_have_32_bits() {
    use x64::*;
    fn check<D: Side>() {
        let load = |value| {
            let mut enc = Emitter::<D>::new();
            let late = enc.late();
            enc.with_late(late, |enc, disp: i32| enc.mov_r64_rm64(RAX, RBX + disp));
            enc.set_late(late, value);
            enc.finish().map(|code| code.bytes().to_vec()).map_err(|error| (late, error))
        };
        for value in [i32::MIN, -1, 0, i32::MAX] {
            assert_eq!(load(value.into()), Ok([&[0x48, 0x8B, 0x83][..], &value.to_le_bytes()].concat()));
        }
        for value in [i64::from(i32::MIN) - 1, i64::from(i32::MAX) + 1] {
            let (late, error) = load(value).expect_err("it does not fit");
            assert_eq!(error, FinishError::LateOutOfRange { late, at: D::lower(7, 0), value, range: IMM32 });
        }
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn a_displacement_of_x64_is_late_with_an_immediate_behind_and_without() {
    use x64::*;
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        let late = enc.late();
        enc.with_late(late, |enc, disp: i32| enc.mov_r64_rm64(RAX, RSP + disp));
        enc.set_late(late, -8);
        assert_eq!(enc.finish().expect("it fits").bytes(), [0x48, 0x8B, 0x84, 0x24, 0xF8, 0xFF, 0xFF, 0xFF]);
        enc.clear();
        let late = enc.late();
        enc.ret();
        enc.with_late(late, |enc, disp: i32| enc.cmp_rm32_imm8(RSP + disp, 1));
        enc.set_late(late, 8);
        let code = enc.finish().expect("it fits");
        let at = usize::from(D::IS_UP);
        assert_eq!(code.bytes()[at..at + 8], [0x83, 0xBC, 0x24, 8, 0, 0, 0, 1]);
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn add_imm_has_twelve_bits_and_their_shift() {
    use aarch64::*;
    fn check<D: Side>() {
        let add = |value| {
            let mut enc = Emitter::<D>::new();
            let late = enc.late();
            enc.with_late(late, |enc, imm: AddImm| enc.sub_x_imm(X1, X2, imm));
            enc.set_late(late, value);
            enc.finish().map(|code| words(code.bytes())[0]).map_err(|error| (late, error))
        };
        for value in [0, 1, 0xA5A, 4095] {
            assert_eq!(add(value), Ok(0xD100_0041 | (value as u32) << 10));
        }
        for value in [0x1000, 0x5000, 0xA5_A000, 0xFF_F000] {
            assert_eq!(add(value), Ok(0xD140_0041 | (value as u32) >> 2));
        }
        let small = Range { low: 0, high: 4095, step: 1 };
        let large = Range { low: 0, high: 0xFF_F000, step: 4096 };
        let wrong = [(-1, small), (i64::MIN, small), (0x1001, large), (0x100_0000, large), (i64::MAX, large)];
        for (value, range) in wrong {
            let (late, error) = add(value).expect_err("it does not fit");
            assert_eq!(error, FinishError::LateOutOfRange { late, at: D::lower(0, 4), value, range });
        }
    }
    check::<Down>();
    check::<Up>();
}

/// The opcode of a load, how to place it, and the size of its access.
type LateLoad<D> = (u32, fn(&mut aarch64::Emitter<'_, D>, Late), u32);

#[test]
fn offsets_are_multiples_of_the_access() {
    use aarch64::*;
    fn check<D: Side>() {
        let loads: [LateLoad<D>; 5] = [
            (0x3940_0041, |enc, late| enc.with_late(late, |enc, imm: UImm<12, 0>| enc.ldrb_w_uoff(W1, X2, imm)), 0),
            (0x7940_0041, |enc, late| enc.with_late(late, |enc, imm: UImm<12, 1>| enc.ldrh_w_uoff(W1, X2, imm)), 1),
            (0xB940_0041, |enc, late| enc.with_late(late, |enc, imm: UImm<12, 2>| enc.ldr_w_uoff(W1, X2, imm)), 2),
            (0xF900_0041, |enc, late| enc.with_late(late, |enc, imm: UImm<12, 3>| enc.str_x_uoff(X1, X2, imm)), 3),
            (0x3DC0_0041, |enc, late| enc.with_late(late, |enc, imm: UImm<12, 4>| enc.ldr_q_uoff(Q1, X2, imm)), 4),
        ];
        for (opcode, place, log2) in loads {
            let word = |value| {
                let mut enc = Emitter::<D>::new();
                let late = enc.late();
                place(&mut enc, late);
                enc.set_late(late, value);
                enc.finish().map(|code| words(code.bytes())[0]).map_err(|error| (late, error))
            };
            let range = Range { low: 0, high: 4095 << log2, step: 1 << log2 };
            for number in [0, 1, 0xA5A, 4095] {
                assert_eq!(word(i64::from(number) << log2), Ok(opcode | number << 10));
            }
            // What is no multiple, at both ends.
            let odd = [1, range.high - 1].into_iter().filter(|_| log2 > 0);
            for value in [-range.step, -1, range.high + 1, 4096 << log2, i64::MIN, i64::MAX].into_iter().chain(odd) {
                let (late, error) = word(value).expect_err("it does not fit");
                assert_eq!(error, FinishError::LateOutOfRange { late, at: D::lower(0, 4), value, range });
            }
        }
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn moves_have_sixteen_bits() {
    use aarch64::*;
    fn check<D: Side>() {
        let mov = |value| {
            let mut enc = Emitter::<D>::new();
            let late = enc.late();
            enc.with_late(late, |enc, imm: u16| enc.movz_x(X7, imm, UImm::of::<0>()));
            enc.set_late(late, value);
            enc.finish().map(|code| words(code.bytes())[0]).map_err(|error| (late, error))
        };
        for value in [0, 1, 0xA55A, 0xFFFF] {
            assert_eq!(mov(value), Ok(0xD280_0007 | (value as u32) << 5));
        }
        for value in [-1, 0x1_0000, i64::MIN, i64::MAX] {
            let (late, error) = mov(value).expect_err("it does not fit");
            let range = Range { low: 0, high: 0xFFFF, step: 1 };
            assert_eq!(error, FinishError::LateOutOfRange { late, at: D::lower(0, 4), value, range });
        }
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn a_late_immediate_and_a_number() {
    use x64::*;
    type Plus = fn(Late) -> LateSum;
    fn check<D: Side>() {
        let push = |value, plus: Plus| {
            let mut enc = Emitter::<D>::new();
            let late = enc.late();
            // The numbers of its uses differ, and go with them into the code around.
            enc.forward(|asm| asm.with_late(plus(late), |asm, imm: i32| asm.push_imm32(imm)));
            enc.set_late(late, value);
            let code = enc.finish().map_err(|error| (late, error))?;
            Ok(i32::from_le_bytes([code.bytes()[1], code.bytes()[2], code.bytes()[3], code.bytes()[4]]))
        };
        assert_eq!(push(40, |late| late + 8), Ok(48));
        assert_eq!(push(40, |late| late - 8), Ok(32));
        assert_eq!(push(40, LateSum::from), Ok(40));
        assert_eq!(push(-1, |late| late + (i32::MIN + 1)), Ok(i32::MIN));
        assert_eq!(push(-1, |late| late - i32::MIN), Ok(i32::MAX));
        let wrong: [(i64, Plus, i64); 3] = [
            (i32::MAX.into(), |late| late + 1, i64::from(i32::MAX) + 1),
            (i64::MAX, |late| late + 1, i64::MAX),
            (i64::MIN, |late| late - 1, i64::MIN),
        ];
        for (value, plus, sum) in wrong {
            let (late, error) = push(value, plus).expect_err("it does not fit");
            assert_eq!(error, FinishError::LateOutOfRange { late, at: D::lower(5, 0), value: sum, range: IMM32 });
        }
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn one_that_is_not_set() {
    fn check<D: Side>() {
        let mut enc = x64::Emitter::<D>::new();
        let unused = enc.late();
        let late = enc.late();
        enc.with_late(late, |enc, imm: i32| enc.push_imm32(imm));
        enc.nop();
        assert_eq!(enc.finish().err(), Some(FinishError::LateUnset { late, at: D::lower(5, 0) }));
        // Setting it mends that.
        enc.set_late(late, 7);
        assert_eq!(
            enc.finish().map(|code| code.bytes().to_vec()),
            Ok(D::reading_order(vec![vec![0x68, 7, 0, 0, 0], vec![0x90]]).concat())
        );
        let _ = unused;
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn one_that_is_set_twice() {
    fn check<D: Side>() {
        let mut enc = x64::Emitter::<D>::new();
        let late = enc.late();
        enc.set_late(late, 1);
        enc.set_late(late, 1);
        assert_eq!(enc.finish().err(), Some(FinishError::LateSetTwice { late }));
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn one_of_another_encoder_or_from_before_clearing() {
    fn check<D: Side>() {
        let mut other = x64::Emitter::<D>::new();
        other.late();
        let late = other.late();
        let mut enc = x64::Emitter::<D>::new();
        enc.late();
        enc.set_late(late, 1);
        assert_eq!(enc.finish().err(), Some(FinishError::ForeignLate { late }));
        enc.clear();
        enc.with_late(late, |enc, imm: i32| enc.push_imm32(imm));
        assert_eq!(enc.finish().err(), Some(FinishError::ForeignLate { late }));
        other.clear();
        other.with_late(late, |enc, imm: i32| enc.push_imm32(imm));
        assert_eq!(other.finish().err(), Some(FinishError::ForeignLate { late }));
    }
    check::<Down>();
    check::<Up>();
}

/// What is placed for a late immediate, other than one instruction that has it.
#[test]
fn a_placeholder_that_is_not_where_it_should_be() {
    use x64::*;
    type Wrong<D> = fn(&mut Emitter<'_, D>, Late);
    fn wrong<D: Direction>() -> [Wrong<D>; 6] {
        [
            |enc, late| enc.with_late(late, |_, _: i32| ()),
            |enc, late| enc.with_late(late, |enc, _: i32| enc.ret()),
            |enc, late| enc.with_late(late, |enc, _: i32| enc.add_rm64_imm32(RAX, 5)),
            |enc, late| {
                enc.with_late(late, |enc, imm: i32| block!(enc; add_rm64_imm(RAX, imm); sub_rm64_imm(RAX, imm)))
            },
            |enc, late| enc.with_late(late, |enc, imm: i32| enc.mov_rm32_imm32(RAX + imm, imm)),
            |enc, late| enc.with_late(late, |enc, imm: i32| enc.add_rm64_imm(RAX, imm ^ 1)),
        ]
    }
    fn check<D: Side>(place: impl Fn(&mut Emitter<'_, D>, usize, Late)) {
        for number in 0..6 {
            let mut enc = Emitter::<D>::new();
            let late = enc.late();
            enc.set_late(late, 1);
            enc.nop();
            place(&mut enc, number, late);
            assert!(
                matches!(enc.finish(), Err(FinishError::LateMisplaced { late: found, .. }) if found == late),
                "{number}"
            );
        }
    }
    check::<Down>(|enc, number, late| wrong()[number](enc, late));
    check::<Down>(|enc, number, late| enc.forward(|asm| wrong()[number](asm, late)));
    check::<Up>(|asm, number, late| wrong()[number](asm, late));
    check::<Up>(|asm, number, late| asm.backward(|enc| wrong()[number](enc, late)));

    fn aarch64<D: Side>() {
        let mut enc = aarch64::Emitter::<D>::new();
        let late = enc.late();
        enc.set_late(late, 1);
        enc.with_late(late, |enc, _: aarch64::AddImm| enc.ret());
        assert_eq!(enc.finish().err(), Some(FinishError::LateMisplaced { late, at: D::lower(0, 4) }));
        enc.clear();
        enc.nop();
        let late = enc.late();
        enc.set_late(late, 1);
        enc.with_late(late, |_, _: u16| ());
        assert_eq!(enc.finish().err(), Some(FinishError::LateMisplaced { late, at: 4 }));
    }
    aarch64::<Down>();
    aarch64::<Up>();
}

/// One immediate in many places: directly, in a block, in a block of that, in an aligned one, and of each kind; and it
/// is set in a block.
#[test]
fn one_is_used_wherever_it_is_needed_x64() {
    use x64::*;
    fn inside<D: Direction>(enc: &mut Emitter<'_, D>, frame: Late, other: Late) {
        enc.in_order(0..4, |enc, step| match step {
            0 => enc.call(Symbol(1)),
            1 => enc.with_late(frame, |enc, imm: i32| enc.push_imm32(imm)),
            2 => {
                let ret_and_push = |enc: &mut Emitter<'_, Up>| {
                    enc.ret();
                    enc.with_late(other, |enc, imm: i32| enc.push_imm32(imm));
                };
                // One of these is a block.
                enc.forward(ret_and_push);
                enc.backward(|enc| enc.forward(ret_and_push));
            }
            _ => enc.nop(),
        });
    }
    fn check<D: Side>(align: u32, block: fn(&mut Emitter<'_, D>, Late, Late)) {
        let mut enc = Emitter::<D>::new();
        let (frame, other) = (enc.late(), enc.late());
        let mut start = enc.label();
        enc.in_order(0..3, |enc, step| match step {
            0 => {
                let align = Align::new(align).expect("a power of two");
                enc.aligned(align, |enc| {
                    start = enc.label();
                    enc.in_order(0..3, |enc, step| match step {
                        0 => enc.bind(start),
                        1 => block(enc, frame, other),
                        _ => enc.with_late(frame, |enc, disp: i32| enc.mov_r64_rm64(RAX, RSP + disp)),
                    });
                });
            }
            1 => enc.with_late(other, |enc, imm: i32| enc.mov_r64_rm64(RAX, RBX + imm)),
            _ => enc.with_late(frame, |enc, imm: i32| enc.add_rm64_imm(RSP, imm)),
        });
        enc.set_late(other, -2);
        let code = enc.finish().expect("all are set");
        let ret_and_push = [0xC3, 0x68, 0xFE, 0xFF, 0xFF, 0xFF];
        let expected = [
            &[0xE8, 0, 0, 0, 0][..],
            &[0x68, 0x34, 0x12, 0, 0],
            &ret_and_push,
            &ret_and_push,
            &[0x90],
            &[0x48, 0x8B, 0x84, 0x24, 0x34, 0x12, 0, 0],
        ]
        .concat();
        let above = [&[0x48, 0x8B, 0x83, 0xFE, 0xFF, 0xFF, 0xFF][..], &[0x48, 0x81, 0xC4, 0x34, 0x12, 0, 0]].concat();
        assert_eq!(code.bytes()[code.offset_of(start).expect("bound")..][..expected.len()], expected);
        assert!(code.bytes().ends_with(&above));
        assert_eq!(D::distance(&code, start) % align as usize, 0);
        let has_gap = align > 1 && !D::IS_UP;
        assert_eq!(code.bytes().len() > expected.len() + above.len(), has_gap);
    }
    for align in [1, 64] {
        check::<Down>(align, |enc, frame, other| {
            enc.set_late(frame, 0x1234);
            inside(enc, frame, other);
        });
        check::<Down>(align, |enc, frame, other| {
            enc.forward(|asm| {
                asm.set_late(frame, 0x1234);
                inside(asm, frame, other);
            });
        });
        check::<Up>(align, |asm, frame, other| {
            asm.set_late(frame, 0x1234);
            inside(asm, frame, other);
        });
        check::<Up>(align, |asm, frame, other| {
            asm.backward(|enc| {
                inside(enc, frame, other);
                enc.forward(|asm| asm.set_late(frame, 0x1234));
            });
        });
    }
}

/// Made in a block, and used and set outside of it.
#[test]
fn one_that_a_block_makes() {
    use x64::*;
    fn check<D: Side>(block: fn(&mut Emitter<'_, D>) -> Late) {
        let mut enc = Emitter::<D>::new();
        let first = enc.late();
        let late = block(&mut enc);
        assert_ne!(late, first);
        let second = enc.late();
        enc.with_late(late, |enc, imm: i32| enc.push_imm32(imm));
        enc.with_late(second, |enc, imm: i32| enc.push_imm32(imm));
        for (late, value) in [(first, 1), (late, 2), (second, 3)] {
            enc.set_late(late, value);
        }
        let pushes = [2_u8, 2, 3].map(|value| vec![0x68, value, 0, 0, 0]).to_vec();
        assert_eq!(enc.finish().expect("all are set").bytes(), D::reading_order(pushes).concat());
    }
    fn make<D: Direction>(enc: &mut Emitter<'_, D>) -> Late {
        let late = enc.late();
        enc.with_late(late, |enc, imm: i32| enc.push_imm32(imm));
        late
    }
    check::<Down>(make);
    check::<Down>(|enc| enc.forward(make));
    check::<Down>(|enc| enc.forward(|asm| asm.backward(make)));
    check::<Up>(make);
    check::<Up>(|asm| asm.backward(make));
    check::<Up>(|asm| asm.backward(|enc| enc.forward(make)));
}

/// Inside a block one of outside is set again, or one that nobody has made.
#[test]
fn mistakes_in_blocks() {
    fn check<D: Side>(set: fn(&mut x64::Emitter<'_, D>, Late)) {
        let mut enc = x64::Emitter::<D>::new();
        let late = enc.late();
        set(&mut enc, late);
        assert_eq!(enc.finish().err(), None);
        set(&mut enc, late);
        assert_eq!(enc.finish().err(), Some(FinishError::LateSetTwice { late }));
        let mut other = x64::Emitter::<D>::new();
        let foreign = [other.late(), other.late()][1];
        enc.clear();
        enc.late();
        set(&mut enc, foreign);
        assert_eq!(enc.finish().err(), Some(FinishError::ForeignLate { late: foreign }));
    }
    check::<Down>(|enc, late| enc.forward(|asm| asm.set_late(late, 1)));
    check::<Down>(|enc, late| enc.forward(|asm| asm.backward(|enc| enc.set_late(late, 1))));
    check::<Up>(|asm, late| asm.backward(|enc| enc.set_late(late, 1)));
    check::<Up>(|asm, late| asm.backward(|enc| enc.forward(|asm| asm.set_late(late, 1))));
}

#[test]
fn one_is_used_wherever_it_is_needed_aarch64() {
    use aarch64::*;
    fn inside<D: Direction>(enc: &mut Emitter<'_, D>, frame: Late) {
        enc.in_order(0..4, |enc, step| match step {
            1 => enc.with_late(frame, |enc, imm: u16| enc.movz_x(X7, imm, UImm::of::<0>())),
            2 => {
                enc.forward(|asm| {
                    asm.backward(|enc| enc.with_late(frame, |enc, imm: UImm<12, 3>| enc.ldr_x_uoff(X1, X2, imm)))
                });
            }
            _ => enc.nop(),
        });
    }
    fn check<D: Side>(block: fn(&mut Emitter<'_, D>, Late)) {
        let mut enc = Emitter::<D>::new();
        let frame = enc.late();
        enc.in_order(0..3, |enc, step| match step {
            0 => enc.aligned(Align::of::<32>(), |enc| block(enc, frame)),
            1 => enc.with_late(frame, |enc, imm: AddImm| enc.add_x_imm(X1, X1, imm)),
            _ => enc.ret(),
        });
        enc.set_late(frame, 80);
        let code = enc.finish().expect("it is set, and fits all");
        let nop = 0xD503_201F;
        let block = [nop, 0xD280_0007 | 80 << 5, 0xF940_0041 | 10 << 10, nop];
        let gap = if D::IS_UP { vec![] } else { vec![nop; 2] };
        assert_eq!(words(code.bytes()), [&block[..], &gap, &[0x9100_0021 | 80 << 10, 0xD65F_03C0]].concat());
    }
    check::<Down>(inside);
    check::<Down>(|enc, frame| enc.forward(|asm| inside(asm, frame)));
    check::<Up>(inside);
    check::<Up>(|asm, frame| asm.backward(|enc| inside(enc, frame)));
}

/// Finishing again, with more code or another value, fills what is already filled.
#[test]
fn finishing_again() {
    use x64::*;
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        let late = enc.late();
        enc.with_late(late, |enc, imm: i32| enc.push_imm32(imm));
        let before = enc.snapshot();
        enc.set_late(late, 1);
        assert_eq!(enc.finish().map(|code| code.bytes().to_vec()), Ok(vec![0x68, 1, 0, 0, 0]));
        enc.rollback(before);
        assert_eq!(enc.finish().err(), Some(FinishError::LateUnset { late, at: D::lower(5, 0) }));
        enc.with_late(late, |enc, imm: i32| enc.push_imm32(imm));
        enc.set_late(late, 2);
        let expected = [0x68, 2, 0, 0, 0, 0x68, 2, 0, 0, 0];
        for _ in 0..2 {
            assert_eq!(enc.finish().map(|code| code.bytes().to_vec()), Ok(expected.to_vec()));
        }
    }
    check::<Down>();
    check::<Up>();
}
