//! Loads and stores of AArch64 whose size is a value: each function places what the function of that size places.

use std::fmt::Debug;
use tailfirst::{Direction, Down, FinishError, Up, aarch64::*};

/// Both place the same word.
#[track_caller]
fn same_word<D: Direction>(
    by_value: impl FnOnce(&mut Emitter<'_, D>),
    own: impl FnOnce(&mut Emitter<'_, D>),
    of: impl Debug,
) {
    let (mut enc, mut of_own) = (Emitter::<D>::default(), Emitter::<D>::default());
    by_value(&mut enc);
    own(&mut of_own);
    let (code, of_own) = (enc.finish().expect("no references"), of_own.finish().expect("no references"));
    assert_eq!(code.bytes().len(), 4, "{of:?}");
    assert_eq!(code.bytes(), of_own.bytes(), "{of:?}");
}

/// Addresses that every size has, that some have, and that none has.
const ADDRESSES: [Address; 20] = {
    const fn at(offset: i32) -> Address {
        Address { base: SP, offset: Offset::Bytes(offset) }
    }
    const fn by(register: ExtendedReg) -> Address {
        Address { base: SP, offset: Offset::Register(register) }
    }
    [
        at(0),
        at(-256),
        at(-257),
        at(255),
        at(256),
        at(4095),
        at(4096),
        at(8190),
        at(16380),
        at(32760),
        at(65520),
        at(65536),
        at(i32::MIN),
        by(X4.lsl(0)),
        by(X4.lsl(1)),
        by(X4.lsl(3)),
        by(W4.uxtw(4)),
        by(W4.sxtw(2)),
        by(W4.sxth(0)),
        by(X4.lsl(5)),
    ]
};

/// Holds the functions that take a value to those of each value: their registers, the logarithm of the size, and what
/// they are called.
macro_rules! same {
    ($D:ident $ty:ident $rt:expr; $uoff:ident $post:ident $pre:ident $reg:ident $unscaled:ident $any:ident;
        $($value:ident $own:expr, $log2:literal:
            $own_uoff:ident $own_post:ident $own_pre:ident $own_reg:ident $own_unscaled:ident $own_any:ident;)*) => {
        assert_eq!($ty::ALL.len(), [$($ty::$value),*].len());
        $({
            let value = $ty::$value;
            for count in [0, 3, 4095] {
                let sized = value.offset(count << $log2).expect("is a multiple in reach");
                let offset = UImm::new(count << $log2).expect("is a multiple in reach");
                same_word::<$D>(
                    |enc| enc.$uoff(value, $rt, SP, sized),
                    |enc| enc.$own_uoff($own, SP, offset),
                    (value, count),
                );
            }
            for register in [X4.lsl(0), X4.lsl($log2), X4.sxtx(0), W4.uxtw(0), W4.uxtw($log2), W4.sxtw($log2)] {
                let sized = value.index(register).expect("is an index");
                let index = Index::new(register).expect("is an index");
                same_word::<$D>(
                    |enc| enc.$reg(value, $rt, X2, sized),
                    |enc| enc.$own_reg($own, X2, index),
                    (value, register),
                );
            }
            let pairs = [
                (SizedIndex::scaled(XZR), Index::scaled(XZR)),
                (SizedIndex::scaled_uxtw(W4), Index::scaled_uxtw(W4)),
                (SizedIndex::scaled_sxtw(WZR), Index::scaled_sxtw(WZR)),
                (X4.into(), X4.into()),
            ];
            for (sized, index) in pairs {
                same_word::<$D>(
                    |enc| enc.$reg(value, $rt, X2, sized),
                    |enc| enc.$own_reg($own, X2, index),
                    (value, index),
                );
            }
            for offset in [-256, -1, 0, 255].map(|offset| SImm::new(offset).expect("is in reach")) {
                same_word::<$D>(
                    |enc| enc.$unscaled(value, $rt, X2, offset),
                    |enc| enc.$own_unscaled($own, X2, offset),
                    (value, offset),
                );
                same_word::<$D>(
                    |enc| enc.$post(value, $rt, X2, offset),
                    |enc| enc.$own_post($own, X2, offset),
                    (value, offset),
                );
                same_word::<$D>(
                    |enc| enc.$pre(value, $rt, SP, offset),
                    |enc| enc.$own_pre($own, SP, offset),
                    (value, offset),
                );
            }
            for address in ADDRESSES {
                let (mut enc, mut own) = (Emitter::<$D>::default(), Emitter::<$D>::default());
                assert_eq!(enc.$any(value, $rt, address), own.$own_any($own, address), "{value:?}");
                let (code, own) = (enc.finish().expect("is right"), own.finish().expect("is right"));
                assert_eq!(code.bytes(), own.bytes(), "{value:?} {address:?}");
            }
        })*
    };
}

fn all<D: Direction>() {
    same!(D Load X1; load_uoff load_post load_pre load_reg load_unscaled load;
        U8 W1, 0: ldrb_w_uoff ldrb_w_post ldrb_w_pre ldrb_w_reg ldurb_w ldrb_w;
        I8To32 W1, 0: ldrsb_w_uoff ldrsb_w_post ldrsb_w_pre ldrsb_w_reg ldursb_w ldrsb_w;
        I8To64 X1, 0: ldrsb_x_uoff ldrsb_x_post ldrsb_x_pre ldrsb_x_reg ldursb_x ldrsb_x;
        U16 W1, 1: ldrh_w_uoff ldrh_w_post ldrh_w_pre ldrh_w_reg ldurh_w ldrh_w;
        I16To32 W1, 1: ldrsh_w_uoff ldrsh_w_post ldrsh_w_pre ldrsh_w_reg ldursh_w ldrsh_w;
        I16To64 X1, 1: ldrsh_x_uoff ldrsh_x_post ldrsh_x_pre ldrsh_x_reg ldursh_x ldrsh_x;
        U32 W1, 2: ldr_w_uoff ldr_w_post ldr_w_pre ldr_w_reg ldur_w ldr_w;
        I32To64 X1, 2: ldrsw_x_uoff ldrsw_x_post ldrsw_x_pre ldrsw_x_reg ldursw_x ldrsw_x;
        U64 X1, 3: ldr_x_uoff ldr_x_post ldr_x_pre ldr_x_reg ldur_x ldr_x;
    );
    same!(D Store XZR; store_uoff store_post store_pre store_reg store_unscaled store;
        U8 WZR, 0: strb_w_uoff strb_w_post strb_w_pre strb_w_reg sturb_w strb_w;
        U16 WZR, 1: strh_w_uoff strh_w_post strh_w_pre strh_w_reg sturh_w strh_w;
        U32 WZR, 2: str_w_uoff str_w_post str_w_pre str_w_reg stur_w str_w;
        U64 XZR, 3: str_x_uoff str_x_post str_x_pre str_x_reg stur_x str_x;
    );
    same!(D FpSize V3; fp_load_uoff fp_load_post fp_load_pre fp_load_reg fp_load_unscaled fp_load;
        B B3, 0: ldr_b_uoff ldr_b_post ldr_b_pre ldr_b_reg ldur_b ldr_b;
        H H3, 1: ldr_h_uoff ldr_h_post ldr_h_pre ldr_h_reg ldur_h ldr_h;
        S S3, 2: ldr_s_uoff ldr_s_post ldr_s_pre ldr_s_reg ldur_s ldr_s;
        D D3, 3: ldr_d_uoff ldr_d_post ldr_d_pre ldr_d_reg ldur_d ldr_d;
        Q Q3, 4: ldr_q_uoff ldr_q_post ldr_q_pre ldr_q_reg ldur_q ldr_q;
    );
    same!(D FpSize V31; fp_store_uoff fp_store_post fp_store_pre fp_store_reg fp_store_unscaled fp_store;
        B B31, 0: str_b_uoff str_b_post str_b_pre str_b_reg stur_b str_b;
        H H31, 1: str_h_uoff str_h_post str_h_pre str_h_reg stur_h str_h;
        S S31, 2: str_s_uoff str_s_post str_s_pre str_s_reg stur_s str_s;
        D D31, 3: str_d_uoff str_d_post str_d_pre str_d_reg stur_d str_d;
        Q Q31, 4: str_q_uoff str_q_post str_q_pre str_q_reg stur_q str_q;
    );
}

#[test]
fn sizes_are_values_downward() {
    all::<Down>();
}

#[test]
fn sizes_are_values_upward() {
    all::<Up>();
}

#[test]
fn what_an_address_fits_is_what_an_access_takes() {
    for address in ADDRESSES {
        for (bytes, size) in [(1, FpSize::B), (2, FpSize::H), (4, FpSize::S), (8, FpSize::D), (16, FpSize::Q)] {
            assert_eq!(address.fits(bytes), Encoder::new().fp_load(size, V0, address).is_ok(), "{bytes} {address:?}");
        }
        assert!([0, 3, 32].into_iter().all(|size| !address.fits(size)));
    }
}

#[test]
fn write_back_into_the_register_itself_is_refused() {
    let mut enc = Encoder::new();
    enc.load_post(Load::I16To32, X1, X1, SImm::of::<2>());
    let error = enc.finish().expect_err("the base is written twice");
    assert_eq!(error, FinishError::Operands { form: "load_post", when: "Rn==31 || Rn!=Rt", at: 0 });
}
