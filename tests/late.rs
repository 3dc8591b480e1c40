//! Late immediates: what fits, what is reported, and where they may stand.

#![cfg(all(feature = "x64", feature = "aarch64"))]

use tailfirst::{Align, FinishError, Late, Range, Symbol, aarch64, x64};

const IMM32: Range = Range { low: i32::MIN as i64, high: i32::MAX as i64, step: 1 };

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// `add rsp, late`, of which the immediate is given.
fn add_rsp(value: i64) -> Result<i32, FinishError> {
    use x64::*;
    let mut enc = Encoder::new();
    let late = enc.late();
    enc.ret();
    enc.with_late(late, |enc, imm: i32| enc.add_rm64_imm(RSP, imm));
    enc.set_late(late, value);
    let code = enc.finish()?;
    assert_eq!((code.bytes().len(), &code.bytes()[..3]), (8, &[0x48, 0x81, 0xC4][..]));
    Ok(i32::from_le_bytes([code.bytes()[3], code.bytes()[4], code.bytes()[5], code.bytes()[6]]))
}

#[test]
fn a_displacement_or_immediate_of_x64_has_32_bits() {
    let mut enc = x64::Encoder::new();
    let late = enc.late();
    for value in [0, 1, -1, 127, -129, 0x5A5A_5A5A, -0x5A5A_5A5B, i32::MAX, i32::MIN] {
        assert_eq!(add_rsp(value.into()), Ok(value));
    }
    for value in [i64::from(i32::MAX) + 1, i64::from(i32::MIN) - 1, i64::MAX, i64::MIN] {
        let expected = FinishError::LateOutOfRange { late, at: 1, value, range: IMM32 };
        assert_eq!(add_rsp(value), Err(expected));
    }
}

/// A selector must not take the placeholder for a reason to choose a form that zero-extends.
#[test]
fn selectors_of_x64_choose_forms_that_sign_extend() {
    use x64::*;
    for value in [i32::MIN, -8, -1, 0, 8, i32::MAX] {
        let mut enc = Encoder::new();
        let late = enc.late();
        enc.with_late(late, |enc, imm: i32| enc.mov_r64_imm(RAX, imm.into()));
        enc.set_late(late, value.into());
        let code = enc.finish().expect("it fits");
        assert_eq!(code.bytes(), [&[0x48, 0xC7, 0xC0][..], &value.to_le_bytes()].concat());
    }
}

#[test]
fn displacements_of_x64_have_32_bits() {
    use x64::*;
    let load = |value| {
        let mut enc = Encoder::new();
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
        assert_eq!(error, FinishError::LateOutOfRange { late, at: 0, value, range: IMM32 });
    }
}

#[test]
fn a_displacement_of_x64_is_late_where_no_immediate_is_behind() {
    use x64::*;
    let mut enc = Encoder::new();
    let late = enc.late();
    enc.with_late(late, |enc, disp: i32| enc.mov_r64_rm64(RAX, RSP + disp));
    enc.set_late(late, -8);
    assert_eq!(enc.finish().expect("it fits").bytes(), [0x48, 0x8B, 0x84, 0x24, 0xF8, 0xFF, 0xFF, 0xFF]);
    enc.clear();
    let late = enc.late();
    enc.ret();
    enc.with_late(late, |enc, disp: i32| enc.cmp_rm32_imm8(RSP + disp, 1));
    enc.set_late(late, 8);
    assert_eq!(enc.finish().err(), Some(FinishError::LateMisplaced { late, at: 1 }));
}

#[test]
fn add_imm_has_twelve_bits() {
    use aarch64::*;
    let add = |value| {
        let mut enc = Encoder::new();
        let late = enc.late();
        enc.ret();
        enc.with_late(late, |enc, imm: AddImm| enc.sub_x_imm(X1, X2, imm));
        enc.set_late(late, value);
        enc.finish().map(|code| words(code.bytes())[0]).map_err(|error| (late, error))
    };
    for value in [0, 1, 0xA5A, 4095] {
        assert_eq!(add(value), Ok(0xD100_0041 | (value as u32) << 10));
    }
    for value in [-1, 4096, i64::MIN, i64::MAX, 1 << 32] {
        let (late, error) = add(value).expect_err("it does not fit");
        let range = Range { low: 0, high: 4095, step: 1 };
        assert_eq!(error, FinishError::LateOutOfRange { late, at: 8, value, range });
    }
}

#[test]
fn offsets_are_multiples_of_the_access() {
    use aarch64::*;
    /// The opcode of a load, how to place it, and the size of its access.
    type Load = (u32, fn(&mut Encoder<'_>, Late), u32);
    let loads: [Load; 5] = [
        (0x3940_0041, |enc, late| enc.with_late(late, |enc, imm: UImm<12, 0>| enc.ldrb_w_uoff(W1, X2, imm)), 0),
        (0x7940_0041, |enc, late| enc.with_late(late, |enc, imm: UImm<12, 1>| enc.ldrh_w_uoff(W1, X2, imm)), 1),
        (0xB940_0041, |enc, late| enc.with_late(late, |enc, imm: UImm<12, 2>| enc.ldr_w_uoff(W1, X2, imm)), 2),
        (0xF900_0041, |enc, late| enc.with_late(late, |enc, imm: UImm<12, 3>| enc.str_x_uoff(X1, X2, imm)), 3),
        (0x3DC0_0041, |enc, late| enc.with_late(late, |enc, imm: UImm<12, 4>| enc.ldr_q_uoff(Q1, X2, imm)), 4),
    ];
    for (opcode, place, log2) in loads {
        let word = |value| {
            let mut enc = Encoder::new();
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
            assert_eq!(error, FinishError::LateOutOfRange { late, at: 4, value, range });
        }
    }
}

#[test]
fn moves_have_sixteen_bits() {
    use aarch64::*;
    let mov = |value| {
        let mut enc = Encoder::new();
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
        assert_eq!(error, FinishError::LateOutOfRange { late, at: 4, value, range });
    }
}

#[test]
fn one_that_is_not_set() {
    let mut enc = x64::Encoder::new();
    let unused = enc.late();
    let late = enc.late();
    enc.with_late(late, |enc, imm: i32| enc.push_imm32(imm));
    enc.nop();
    assert_eq!(enc.finish().err(), Some(FinishError::LateUnset { late, at: 0 }));
    // Setting it mends that.
    enc.set_late(late, 7);
    assert_eq!(enc.finish().map(|code| code.bytes().to_vec()), Ok(vec![0x90, 0x68, 7, 0, 0, 0]));
    let _ = unused;
}

#[test]
fn one_that_is_set_twice() {
    let mut enc = x64::Encoder::new();
    let late = enc.late();
    enc.set_late(late, 1);
    enc.set_late(late, 1);
    assert_eq!(enc.finish().err(), Some(FinishError::LateSetTwice { late }));
}

#[test]
fn one_of_another_encoder_or_from_before_clearing() {
    let mut other = x64::Encoder::new();
    other.late();
    let late = other.late();
    let mut enc = x64::Encoder::new();
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

/// What is placed for a late immediate, other than one instruction that has it.
#[test]
fn a_placeholder_that_is_not_where_it_should_be() {
    use x64::*;
    let wrong: [fn(&mut Encoder<'_>, Late); 6] = [
        |enc, late| enc.with_late(late, |_, _: i32| ()),
        |enc, late| enc.with_late(late, |enc, _: i32| enc.ret()),
        |enc, late| enc.with_late(late, |enc, _: i32| enc.add_rm64_imm32(RAX, 5)),
        // The first one placed is the one that counts.
        |enc, late| {
            enc.with_late(late, |enc, imm: i32| {
                enc.nop();
                enc.add_rm64_imm(RAX, imm);
            });
        },
        |enc, late| enc.with_late(late, |enc, imm: i32| enc.mov_rm32_imm32(RAX + imm, 3)),
        |enc, late| enc.with_late(late, |enc, imm: i32| enc.add_rm64_imm(RAX, imm ^ 1)),
    ];
    for (number, place) in wrong.into_iter().enumerate() {
        for forward in [false, true] {
            let mut enc = Encoder::new();
            let late = enc.late();
            enc.set_late(late, 1);
            enc.nop();
            if forward {
                enc.forward(|enc| place(enc, late));
            } else {
                place(&mut enc, late);
            }
            assert!(
                matches!(enc.finish(), Err(FinishError::LateMisplaced { late: found, .. }) if found == late),
                "{number}, {forward}"
            );
        }
    }
    let mut enc = aarch64::Encoder::new();
    let late = enc.late();
    enc.set_late(late, 1);
    enc.with_late(late, |enc, _: aarch64::AddImm| enc.ret());
    assert_eq!(enc.finish().err(), Some(FinishError::LateMisplaced { late, at: 4 }));
    enc.clear();
    let late = enc.late();
    enc.set_late(late, 1);
    enc.with_late(late, |_, _: u16| ());
    assert_eq!(enc.finish().err(), Some(FinishError::LateMisplaced { late, at: 4 }));
}

/// One immediate in many places: backward, in a forward block, in that of an aligned one, and of each kind.
#[test]
fn one_is_used_wherever_it_is_needed_x64() {
    use x64::*;
    for align in [1, 64] {
        let mut enc = Encoder::new();
        let (frame, other) = (enc.late(), enc.late());
        enc.ret();
        enc.with_late(frame, |enc, imm: i32| enc.add_rm64_imm(RSP, imm));
        enc.with_late(other, |enc, imm: i32| enc.mov_r64_rm64(RAX, RBX + imm));
        enc.aligned(Align::new(align).expect("a power of two"), |enc| {
            enc.with_late(frame, |enc, disp: i32| enc.mov_r64_rm64(RAX, RSP + disp));
            enc.forward(|enc| {
                enc.call(Symbol(1));
                enc.with_late(frame, |enc, imm: i32| enc.push_imm32(imm));
                enc.forward(|enc| {
                    enc.ret();
                    enc.with_late(other, |enc, imm: i32| enc.push_imm32(imm));
                });
                enc.nop();
            });
            enc.set_late(frame, 0x1234);
        });
        enc.set_late(other, -2);
        let code = enc.finish().expect("all are set");
        let expected = [
            &[0xE8, 0, 0, 0, 0][..],
            &[0x68, 0x34, 0x12, 0, 0],
            &[0xC3],
            &[0x68, 0xFE, 0xFF, 0xFF, 0xFF],
            &[0x90],
            &[0x48, 0x8B, 0x84, 0x24, 0x34, 0x12, 0, 0],
        ]
        .concat();
        assert_eq!(code.bytes()[..expected.len()], expected);
        let above =
            [&[0x48, 0x8B, 0x83, 0xFE, 0xFF, 0xFF, 0xFF][..], &[0x48, 0x81, 0xC4, 0x34, 0x12, 0, 0], &[0xC3]].concat();
        assert!(code.bytes().ends_with(&above));
        assert_eq!(
            (code.bytes().len() > expected.len() + above.len(), code.bytes().len() % 64 == 0),
            (align > 1, align > 1)
        );
    }
}

#[test]
fn one_is_used_wherever_it_is_needed_aarch64() {
    use aarch64::*;
    let mut enc = Encoder::new();
    let frame = enc.late();
    enc.ret();
    enc.with_late(frame, |enc, imm: AddImm| enc.add_x_imm(X1, X1, imm));
    enc.aligned(Align::of::<32>(), |enc| {
        enc.forward(|enc| {
            enc.nop();
            enc.with_late(frame, |enc, imm: u16| enc.movz_x(X7, imm, UImm::of::<0>()));
            enc.forward(|enc| enc.with_late(frame, |enc, imm: UImm<12, 3>| enc.ldr_x_uoff(X1, X2, imm)));
            enc.nop();
        });
    });
    enc.set_late(frame, 80);
    let code = enc.finish().expect("it is set, and fits all");
    let nop = 0xD503_201F;
    assert_eq!(
        words(code.bytes()),
        [nop, 0xD280_0007 | 80 << 5, 0xF940_0041 | 10 << 10, nop, nop, nop, 0x9100_0021 | 80 << 10, 0xD65F_03C0]
    );
}

/// Finishing again, with more code or another value, fills what is already filled.
#[test]
fn finishing_again() {
    use x64::*;
    let mut enc = Encoder::new();
    let late = enc.late();
    enc.with_late(late, |enc, imm: i32| enc.push_imm32(imm));
    let before = enc.snapshot();
    enc.set_late(late, 1);
    assert_eq!(enc.finish().map(|code| code.bytes().to_vec()), Ok(vec![0x68, 1, 0, 0, 0]));
    enc.rollback(before);
    assert_eq!(enc.finish().err(), Some(FinishError::LateUnset { late, at: 0 }));
    enc.with_late(late, |enc, imm: i32| enc.push_imm32(imm));
    enc.set_late(late, 2);
    let expected = [0x68, 2, 0, 0, 0, 0x68, 2, 0, 0, 0];
    for _ in 0..2 {
        assert_eq!(enc.finish().map(|code| code.bytes().to_vec()), Ok(expected.to_vec()));
    }
}
