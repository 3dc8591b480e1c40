//! Operations and widths as values: each function that takes one places what the function of that operation or width
//! places.

use tailfirst::{Label, aarch64, x64::*};

fn bytes(place: impl FnOnce(&mut Encoder)) -> Vec<u8> {
    let mut enc = Encoder::new();
    place(&mut enc);
    enc.finish().expect("nothing refers to anything").bytes().to_vec()
}

/// Holds a function that takes a value to those of the values, in the order of `ALL`.
macro_rules! same {
    ($ty:ident: $general:ident $arguments:tt; $($single:ident)*) => {{
        let singles: &[fn(&mut Encoder)] = &[$(|enc| same!(@call enc $single $arguments)),*];
        assert_eq!(singles.len(), $ty::ALL.len());
        for (value, single) in $ty::ALL.into_iter().zip(singles) {
            assert_eq!(bytes(|enc| same!(@call enc $general [value] $arguments)), bytes(single), "{value:?}");
        }
    }};
    (@call $enc:ident $name:ident $([$value:ident])? ($($argument:expr),*)) => {
        $enc.$name($($value,)? $($argument),*)
    };
}

#[test]
fn conditions() {
    same!(Cond: setcc_rm8(R9B); seto_rm8 setno_rm8 setb_rm8 setae_rm8 sete_rm8 setne_rm8 setbe_rm8 seta_rm8
        sets_rm8 setns_rm8 setp_rm8 setnp_rm8 setl_rm8 setge_rm8 setle_rm8 setg_rm8);
    same!(Cond: cmovcc_r64_rm64(RAX, RBX + RCX * 4 + 100);
        cmovo_r64_rm64 cmovno_r64_rm64 cmovb_r64_rm64 cmovae_r64_rm64 cmove_r64_rm64 cmovne_r64_rm64 cmovbe_r64_rm64
        cmova_r64_rm64 cmovs_r64_rm64 cmovns_r64_rm64 cmovp_r64_rm64 cmovnp_r64_rm64 cmovl_r64_rm64 cmovge_r64_rm64
        cmovle_r64_rm64 cmovg_r64_rm64);
}

#[test]
fn branches() {
    fn both(branch: impl Fn(&mut Encoder, Label)) -> Vec<u8> {
        bytes(|enc| {
            let (near, pending) = (enc.here(), enc.label());
            branch(enc, near);
            branch(enc, pending);
            enc.bind(pending);
        })
    }
    let singles: [fn(&mut Encoder, Label); 16] = [
        |e, l| e.jo(l),
        |e, l| e.jno(l),
        |e, l| e.jb(l),
        |e, l| e.jae(l),
        |e, l| e.je(l),
        |e, l| e.jne(l),
        |e, l| e.jbe(l),
        |e, l| e.ja(l),
        |e, l| e.js(l),
        |e, l| e.jns(l),
        |e, l| e.jp(l),
        |e, l| e.jnp(l),
        |e, l| e.jl(l),
        |e, l| e.jge(l),
        |e, l| e.jle(l),
        |e, l| e.jg(l),
    ];
    for (cond, single) in Cond::ALL.into_iter().zip(singles) {
        assert_eq!(both(|enc, label| enc.jcc(cond, label)), both(single), "{cond:?}");
        assert_eq!(both(|enc, label| enc.jcc_rel32(cond, label)).len(), 12);
    }
}

#[test]
fn operations() {
    same!(Alu: alu_rm64_r64(RDX, R8); add_rm64_r64 or_rm64_r64 adc_rm64_r64 sbb_rm64_r64 and_rm64_r64 sub_rm64_r64
        xor_rm64_r64 cmp_rm64_r64);
    same!(Alu: alu_rm32_imm(RSP + 8, 5); add_rm32_imm or_rm32_imm adc_rm32_imm sbb_rm32_imm and_rm32_imm
        sub_rm32_imm xor_rm32_imm cmp_rm32_imm);
    same!(Alu: alu_rm32_imm(R8D, 500); add_rm32_imm or_rm32_imm adc_rm32_imm sbb_rm32_imm and_rm32_imm
        sub_rm32_imm xor_rm32_imm cmp_rm32_imm);
    same!(Shift: shift_rm64_imm8(RDX, 3); rol_rm64_imm8 ror_rm64_imm8 rcl_rm64_imm8 rcr_rm64_imm8 shl_rm64_imm8
        shr_rm64_imm8 sar_rm64_imm8);
    same!(Arith: arithsd_xmm_xmmm64(XMM1, XMM9); addsd_xmm_xmmm64 mulsd_xmm_xmmm64 subsd_xmm_xmmm64
        minsd_xmm_xmmm64 divsd_xmm_xmmm64 maxsd_xmm_xmmm64);
    same!(Arith: arithps_xmm_xmmm128(XMM1, Mem::from(RSI)); addps_xmm_xmmm128 mulps_xmm_xmmm128 subps_xmm_xmmm128
        minps_xmm_xmmm128 divps_xmm_xmmm128 maxps_xmm_xmmm128);
}

/// Functions that take either size of an immediate place what those of one size do.
#[test]
fn immediates_by_size() {
    macro_rules! same {
        ($($by_size:ident $short:ident $long:ident $operand:expr;)*) => {$(
            for value in [0, 1, -1, 127, -128, 128, -129, 0x1234, -0x1234] {
                let expected = match i8::try_from(value) {
                    Ok(short) => bytes(|enc| enc.$short($operand, short)),
                    Err(_) => bytes(|enc| enc.$long($operand, value)),
                };
                assert_eq!(bytes(|enc| enc.$by_size($operand, value.into())), expected, "{} {value}", stringify!($by_size));
            }
        )*};
    }
    same! {
        add_rm16_imm add_rm16_imm8 add_rm16_imm16 R9W;
        or_rm16_imm or_rm16_imm8 or_rm16_imm16 RBX + 8;
        xor_rm32_imm xor_rm32_imm8 xor_rm32_imm32 EDX;
        cmp_rm32_imm cmp_rm32_imm8 cmp_rm32_imm32 Mem::rip(77);
        sub_rm64_imm sub_rm64_imm8 sub_rm64_imm32 R12 + R13 * 4 + 1000;
        and_rm64_imm and_rm64_imm8 and_rm64_imm32 (RSI + 8).fs();
        lock_add_m16_imm lock_add_m16_imm8 lock_add_m16_imm16 RAX + 8;
        lock_sbb_m16_imm lock_sbb_m16_imm8 lock_sbb_m16_imm16 R8 + RCX;
        lock_xor_m32_imm lock_xor_m32_imm8 lock_xor_m32_imm32 R9 + 1;
        lock_adc_m64_imm lock_adc_m64_imm8 lock_adc_m64_imm32 RSP + 1000;
        lock_and_m64_imm lock_and_m64_imm8 lock_and_m64_imm32 (RSP + 1000).gs();
    }
}

/// Functions that take the width place what those of one width do.
#[test]
fn widths() {
    macro_rules! same {
        ($both:ident $narrow:ident $narrow_arguments:tt $wide:ident $wide_arguments:tt) => {
            assert_eq!(bytes(|enc| same!(@call enc $both [Width::W32] $wide_arguments)),
                bytes(|enc| same!(@call enc $narrow [] $narrow_arguments)), stringify!($narrow));
            assert_eq!(bytes(|enc| same!(@call enc $both [Width::W64] $wide_arguments)),
                bytes(|enc| same!(@call enc $wide [] $wide_arguments)), stringify!($wide));
        };
        (@call $enc:ident $name:ident [$($value:expr)?] ($($argument:expr),*)) => {
            $enc.$name($($value,)? $($argument),*)
        };
    }
    same!(add_rm_r add_rm32_r32(EAX, R9D) add_rm64_r64(RAX, R9));
    same!(mov_r_rm mov_r32_rm32(R8D, RBX + 8) mov_r64_rm64(R8, RBX + 8));
    same!(sub_rm_imm sub_rm32_imm(ESI, 7) sub_rm64_imm(RSI, 7));
    same!(sub_rm_imm sub_rm32_imm(RSP + RCX * 2, 700) sub_rm64_imm(RSP + RCX * 2, 700));
    same!(imul_r_rm_imm imul_r32_rm32_imm(EDX, R13D, 300) imul_r64_rm64_imm(RDX, R13, 300));
    same!(lea_r_m lea_r32_m(EDI, RBP + 1) lea_r64_m(RDI, RBP + 1));
    same!(bswap_r bswap_r32(R15D) bswap_r64(R15));
    same!(shlx_r_rm_r shlx_r32_rm32_r32(EAX, ECX, R10D) shlx_r64_rm64_r64(RAX, RCX, R10));
    same!(cvtsi2sd_xmm_rm cvtsi2sd_xmm_rm32(XMM9, EAX) cvtsi2sd_xmm_rm64(XMM9, RAX));
    same!(alu_rm_r alu_rm32_r32(Alu::Xor, EAX, R9D) alu_rm64_r64(Alu::Xor, RAX, R9));
    same!(alu_rm_imm alu_rm32_imm(Alu::Cmp, R9D, 128) alu_rm64_imm(Alu::Cmp, R9, 128));
    same!(cmovcc_r_rm cmovcc_r32_rm32(Cond::Le, EAX, R9D) cmovcc_r64_rm64(Cond::Le, RAX, R9));
}

#[test]
fn operations_of_aarch64() {
    use aarch64::{
        AddSub, CondSelect, D1, D2, D3, Divide, FpArith, Logic, LogicImm, LogicalImm64, Shift64, ShiftBy, W1, W2, W3,
        X1, X2, X3,
    };
    fn bytes(place: impl FnOnce(&mut aarch64::Encoder)) -> Vec<u8> {
        let mut enc = aarch64::Encoder::new();
        place(&mut enc);
        enc.finish().expect("nothing refers to anything").bytes().to_vec()
    }
    /// As above; with the operations by name, since they are in the order of their bits.
    macro_rules! same {
        ($ty:ident: $general:ident $arguments:tt; $($value:ident $single:ident)*) => {{
            assert_eq!($ty::ALL.len(), [$($ty::$value),*].len());
            $(assert_eq!(
                bytes(|enc| same!(@call enc $general [$ty::$value] $arguments)),
                bytes(|enc| same!(@call enc $single $arguments)),
                stringify!($single)
            );)*
        }};
        (@call $enc:ident $name:ident $([$value:expr])? ($($argument:expr),*)) => {
            $enc.$name($($value,)? $($argument),*)
        };
    }
    same!(AddSub: add_sub_x(X1, X2, X3); Add add_x Adds adds_x Sub sub_x Subs subs_x);
    let shift = Shift64::lsl(3).expect("below 64");
    same!(AddSub: add_sub_x_shift(X1, X2, X3, shift);
        Add add_x_shift Adds adds_x_shift Sub sub_x_shift Subs subs_x_shift);
    same!(Logic: logic_w(W1, W2, W3);
        And and_w Bic bic_w Orr orr_w Orn orn_w Eor eor_w Eon eon_w Ands ands_w Bics bics_w);
    let ones = LogicalImm64::new(0xFF).expect("is a bitmask");
    same!(LogicImm: logic_imm_x_imm(X1, X2, ones); And and_x_imm Orr orr_x_imm Eor eor_x_imm);
    same!(CondSelect: cond_select_x(X1, X2, X3, aarch64::Cond::LT);
        Csel csel_x Csinc csinc_x Csinv csinv_x Csneg csneg_x);
    same!(Divide: divide_w(W1, W2, W3); Udiv udiv_w Sdiv sdiv_w);
    same!(ShiftBy: shift_by_x(X1, X2, X3); Lsl lsl_x Lsr lsr_x Asr asr_x Ror ror_x);
    same!(FpArith: fp_arith_d(D1, D2, D3); Fmul fmul_d Fdiv fdiv_d Fadd fadd_d Fsub fsub_d Fmax fmax_d Fmin fmin_d
        Fmaxnm fmaxnm_d Fminnm fminnm_d Fnmul fnmul_d);
}
