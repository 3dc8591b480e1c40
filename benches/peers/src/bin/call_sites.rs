//! What a call of an encoder function inlines to: one function a form of workload A, once with operands known at
//! compile time and once with operands known at run time. benches/call_sites.sh lists their sizes; run by itself the
//! program only keeps them alive.

use std::hint::black_box;
use tailfirst::Label;
use tailfirst::x64::*;

/// The functions' names are their symbols.
macro_rules! sites {
    ($($constant:ident $variable:ident($($operand:ident: $ty:ty = $value:expr),*) $form:ident($($argument:expr),*);)*) => {
        $(
            #[unsafe(no_mangle)]
            #[inline(never)]
            fn $constant(enc: &mut Encoder<'_>) {
                $(let $operand: $ty = $value;)*
                enc.$form($($argument),*);
            }

            #[unsafe(no_mangle)]
            #[inline(never)]
            fn $variable(enc: &mut Encoder<'_>, $($operand: $ty),*) {
                enc.$form($($argument),*);
            }
        )*

        fn call_all(enc: &mut Encoder<'_>) {
            $(
                black_box($constant as fn(&mut Encoder<'_>))(enc);
                black_box($variable as fn(&mut Encoder<'_>, $($ty),*))(enc, $($value),*);
            )*
        }
    };
}

sites! {
    constant_mov variable_mov(dst: Gpr64 = RAX, src: Gpr64 = R9) mov_r64_rm64(dst, src);
    constant_add variable_add(dst: Gpr64 = RAX, src: Gpr64 = R9) add_rm64_r64(dst, src);
    constant_imul variable_imul(dst: Gpr64 = RAX, src: Gpr64 = R9) imul_r64_rm64(dst, src);
    constant_sub variable_sub(dst: Gpr64 = RCX, imm: i32 = 1000) sub_rm64_imm(dst, imm);
    constant_cmp variable_cmp(dst: Gpr64 = RCX, imm: i32 = 7) cmp_rm64_imm(dst, imm);
    constant_load variable_load(dst: Gpr64 = RDX, base: Gpr64 = RDI, disp: i32 = 40) mov_r64_rm64(dst, base + disp);
    constant_store variable_store(src: Gpr64 = RDX, base: Gpr64 = RDI, disp: i32 = 400) mov_rm64_r64(base + disp, src);
    constant_lea variable_lea(dst: Gpr64 = RDX, base: Gpr64 = RDI, index: Gpr64 = RCX, disp: i32 = 8) lea_r64_m(dst, base + index * 8 + disp);
    constant_imm variable_imm(dst: Gpr64 = RSI, imm: i64 = 1 << 40) mov_r64_imm64(dst, imm);
    constant_shl variable_shl(dst: Gpr64 = RSI, count: u8 = 3) shl_rm64_imm8(dst, count);
    constant_addsd variable_addsd(dst: Xmm = XMM1, src: Xmm = XMM9) addsd_xmm_xmmm64(dst, src);
    constant_movsd variable_movsd(dst: Xmm = XMM1, base: Gpr64 = RDI, disp: i32 = 16) movsd_xmm_xmmm64(dst, base + disp);
}

/// A label is never a constant.
#[unsafe(no_mangle)]
#[inline(never)]
fn variable_jne(enc: &mut Encoder<'_>, label: Label) {
    enc.jne(label);
}

/// A condition that is a value.
#[unsafe(no_mangle)]
#[inline(never)]
fn variable_jcc(enc: &mut Encoder<'_>, cond: Cond, label: Label) {
    enc.jcc(cond, label);
}

fn main() {
    let mut enc = Encoder::new();
    let label = enc.here();
    call_all(&mut enc);
    black_box(variable_jne as fn(&mut Encoder<'_>, Label))(&mut enc, label);
    black_box(variable_jcc as fn(&mut Encoder<'_>, Cond, Label))(&mut enc, Cond::E, label);
    println!("{} bytes assembled", enc.finish().map_or(0, |code| code.bytes().len()));
}
