//! Vector instructions on one page: `y += a * x` over arrays, four or eight numbers at a time, with what the processor
//! has.
//!
//! ```sh
//! cargo run --example simd --features exec
//! ```

use tailfirst::exec::Arena;

/// The factor comes in the first vector register, then the number of elements, a multiple of eight and not 0, then `x`
/// and `y`.
#[cfg(target_arch = "x86_64")]
type Axpy = unsafe extern "sysv64" fn(f32, usize, *const f32, *mut f32);
#[cfg(not(target_arch = "x86_64"))]
type Axpy = unsafe extern "C" fn(f32, usize, *const f32, *mut f32);

/// Written from the last instruction to the first: the loop's head is aligned when it is reached.
#[cfg(target_arch = "x86_64")]
fn assemble() -> tailfirst::x64::Encoder<'static> {
    use tailfirst::{Align, block, x64::*};
    let has_fma = std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma");
    let mut enc = Encoder::new();
    if has_fma {
        block!(enc; vzeroupper(); ret());
    } else {
        enc.ret();
    }
    enc.aligned(Align::of::<32>(), |enc| {
        let head = enc.label();
        let bytes = if has_fma { 32 } else { 16 };
        block!(enc; add_rm64_imm(RSI, bytes); add_rm64_imm(RDX, bytes); sub_rm64_imm(RDI, bytes / 4); jne(head));
        if has_fma {
            block!(enc;
                vmovups_ymm_ymmm256(YMM1, Mem::from(RSI));
                vfmadd213ps_ymm_ymm_ymmm256(YMM1, YMM0, Mem::from(RDX));
                vmovups_ymmm256_ymm(Mem::from(RDX), YMM1);
            );
        } else {
            block!(enc;
                movups_xmm_xmmm128(XMM1, Mem::from(RSI));
                mulps_xmm_xmmm128(XMM1, XMM0);
                movups_xmm_xmmm128(XMM2, Mem::from(RDX));
                addps_xmm_xmmm128(XMM1, XMM2);
                movups_xmmm128_xmm(Mem::from(RDX), XMM1);
            );
        }
        enc.bind(head);
    });
    if has_fma {
        enc.vbroadcastss_ymm_xmm(YMM0, XMM0);
    } else {
        enc.shufps_xmm_xmmm128_imm8(XMM0, XMM0, 0);
    }
    enc
}

/// Written from the last instruction to the first: the loop's head is aligned when it is reached.
#[cfg(target_arch = "aarch64")]
fn assemble() -> tailfirst::aarch64::Encoder<'static> {
    use tailfirst::{Align, aarch64::*, block};
    let mut enc = Encoder::new();
    let factor = LaneS::new(V0, 0).expect("there are four lanes");
    enc.ret();
    enc.aligned(Align::of::<32>(), |enc| {
        let head = enc.label();
        block!(enc;
            ldr_q_post(Q1, X1, SImm::of::<16>());
            ldr_q_uoff(Q2, X2, UImm::of::<0>());
            fmla_v4s_elem(V2.v4s(), V1.v4s(), factor);
            str_q_post(Q2, X2, SImm::of::<16>());
            subs_x_imm(X0, X0, AddImm::of::<4>());
            b_cond(Cond::NE, head);
        );
        enc.bind(head);
    });
    enc
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let code = Arena::new()?.load(&assemble().finish()?, |_symbol| None)?;
    let axpy = code.function::<Axpy>(0)?;
    let x: Vec<f32> = (0..1000).map(|n| n as f32).collect();
    let mut y = vec![0.5; x.len()];
    // SAFETY: such a function was emitted there, and both arrays have so many elements.
    unsafe { axpy(2.0, x.len(), x.as_ptr(), y.as_mut_ptr()) };
    println!("2 * {} + 0.5 = {}", x[999], y[999]);
    assert!(x.iter().zip(&y).all(|(x, y)| *y == 2.0 * x + 0.5));
    Ok(())
}
