//! Numbers of 16 bits, with five bits of exponent (IEEE 754 binary16): to and from singles.

use super::{Fill, Models, Out, get, put};

/// The number with these bits, as a single.
fn value(bits: u64) -> f32 {
    let (exponent, fraction) = (bits >> 10 & 0x1F, (bits & 0x3FF) as f32);
    let size = match exponent {
        0 => fraction * 2_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + fraction) * 2_f32.powi(exponent as i32 - 25),
    };
    if bits >> 15 & 1 == 1 { -size } else { size }
}

/// A number's bits, rounded as `mode` says: to the nearest, down, up, to zero.
fn rounded(value: f32, mode: u64) -> u64 {
    let sign = u64::from(value.is_sign_negative());
    let size = f64::from(value.abs());
    let exponent = ((size.to_bits() >> 52) as i32 - 1023).max(-14);
    // In units of the last place; a carry goes into the exponent, where it belongs.
    let units = size * 2_f64.powi(10 - exponent);
    let (away, nearest) = (if sign == 1 { mode == 1 } else { mode == 2 }, mode == 0);
    let limit = if nearest || away { 0x7C00 } else { 0x7BFF };
    let result = match exponent {
        _ if value.is_infinite() => 0x7C00,
        16.. => limit,
        _ => {
            let units = if nearest {
                units.round_ties_even()
            } else if away {
                units.ceil()
            } else {
                units.floor()
            };
            units as u64 + (exponent + 14) as u64 * 1024
        }
    };
    sign << 15 | result
}

pub fn add(m: &mut Models) {
    m.convert("cvtph2ps", 2, 4, |a| value(a).to_bits().into()).nan = Some(4);
    let model = m.whole("cvtps2ph", 2, |input| {
        let imm = input.imm.unwrap_or(0);
        // Else the mode is MXCSR's: to the nearest.
        let mode = if imm & 4 == 0 { imm & 3 } else { 0 };
        let lanes = (input.dest / 2).min(input.source / 4);
        let mut out = [0; 64];
        for i in 0..lanes {
            put(&mut out, 2, i, rounded(f32::from_bits(get(&input.s[0], 4, i) as u32), mode));
        }
        Out::vector(out, lanes)
    });
    model.fill = Fill::F32;
    model.immediates = 7;
}
