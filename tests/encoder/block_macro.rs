//! `block!`: calls in reading order, whichever way the code grows.

use crate::nests::{Within, in_all_blocks, in_both_directions};
use tailfirst::{
    Direction, aarch64, block,
    x64::{Assembler, EAX, ECX, Emitter, Encoder, RAX, RCX, RDI, RSI},
};

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
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
                $($call)*; $($call)*; $($call)*; $($call)*; $($call)*;
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
