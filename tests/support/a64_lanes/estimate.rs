//! Estimates of reciprocals and roots, and what else takes floating-point numbers apart (Arm ARM, shared pseudocode:
//! `RecipEstimate`, `RecipSqrtEstimate`, `FPLogB`, `FPRecpX`, and the instructions' own).

use super::{In, L, Models, N, Out, float::Format, integer::by, random::Fill};

/// A reciprocal of 9 bits, of a number from 256 to 511.
fn reciprocal(a: u64) -> u64 {
    ((1 << 19) / (2 * a + 1)).div_ceil(2)
}

/// A reciprocal of a square root: of a number from 128 to 511.
fn reciprocal_root(a: u64) -> u64 {
    let a = if a < 256 { 2 * a + 1 } else { 2 * (a | 1) };
    let b = (512..).find(|b| a * (b + 1) * (b + 1) >= 1 << 28).expect("some number is large enough");
    b.div_ceil(2)
}

/// A number's parts: how many bits the exponent and the fraction have, and what they are.
struct Parts {
    width: u32,
    places: u32,
    sign: u64,
    exponent: i64,
    fraction: u64,
}

impl Parts {
    fn of(n: N) -> Parts {
        let bits = n.u() as u64;
        let (width, places) = match n.lane_bits() {
            16 => (5, 10),
            32 => (8, 23),
            _ => (11, 52),
        };
        Parts {
            width,
            places,
            sign: bits >> (width + places) & 1,
            exponent: (bits >> places & ((1 << width) - 1)) as i64,
            fraction: bits & ((1 << places) - 1),
        }
    }

    fn most(&self) -> i64 {
        (1 << self.width) - 1
    }

    fn is_zero(&self) -> bool {
        self.exponent == 0 && self.fraction == 0
    }

    fn made(&self, sign: u64, exponent: i64, fraction: u64) -> i128 {
        (sign << (self.width + self.places) | (exponent as u64) << self.places | fraction).into()
    }

    /// The exponent and the fraction of a number whose leading one is no part of the fraction, also of a denormal one.
    fn normal(&self) -> (i64, u64) {
        let (mut exponent, mut fraction) = (self.exponent, self.fraction);
        if exponent == 0 {
            let zeros = fraction.leading_zeros() - (64 - self.places);
            exponent = -i64::from(zeros);
            fraction = fraction << (zeros + 1) & ((1 << self.places) - 1);
        }
        (exponent, fraction)
    }
}

fn recpe(l: L) -> i128 {
    let parts = Parts::of(l.a);
    if parts.exponent == parts.most() {
        return parts.made(parts.sign, 0, 0);
    }
    let (exponent, fraction) = parts.normal();
    // Less than a fourth of the least normal number, whose reciprocal is too large.
    if parts.is_zero() || exponent < -1 {
        return parts.made(parts.sign, parts.most(), 0);
    }
    let estimate = reciprocal(256 | fraction >> (parts.places - 8)) & 0xFF;
    let fraction = estimate << (parts.places - 8);
    let one = 1 << parts.places;
    match parts.most() - 2 - exponent {
        0 => parts.made(parts.sign, 0, (one | fraction) >> 1),
        -1 => parts.made(parts.sign, 0, (one | fraction) >> 2),
        exponent => parts.made(parts.sign, exponent, fraction),
    }
}

fn rsqrte(l: L) -> i128 {
    let parts = Parts::of(l.a);
    if parts.is_zero() {
        return parts.made(parts.sign, parts.most(), 0);
    }
    if parts.sign == 1 {
        return parts.made(0, parts.most(), 1 << (parts.places - 1));
    }
    if parts.exponent == parts.most() {
        return 0;
    }
    let (exponent, fraction) = parts.normal();
    // The root halves the exponent, so an odd one and an even one make two ranges.
    let scaled = match exponent.rem_euclid(2) {
        0 => 256 | fraction >> (parts.places - 8),
        _ => 128 | fraction >> (parts.places - 7),
    };
    let middle = parts.most() / 2;
    let result = (3 * middle - 1 - exponent).div_euclid(2);
    parts.made(0, result, (reciprocal_root(scaled) & 0xFF) << (parts.places - 8))
}

/// The fraction of 2 to the power of `i`, of which all `steps` bits are behind the point: `places` bits of it.
fn power(i: u64, steps: u32, places: u32) -> u64 {
    // With 63 bits behind the point: a root halves the exponent, and what was lost.
    let root = |number: u128, bit: u32| ((number << (i >> bit & 1)) << 63).isqrt();
    let fraction = (0..steps).fold(1 << 63, root) - (1 << 63);
    let extra = 63 - places;
    ((fraction + (1 << (extra - 1))) >> extra) as u64
}

fn is_real(input: &In) -> bool {
    input.s.iter().all(|s| s.width() != Some(1))
}

pub fn add(m: &mut Models) {
    for (name, f) in [("frecpe", recpe as fn(L) -> i128), ("frsqrte", rsqrte)] {
        let model = m.some(name, is_real, by(f));
        model.fill = Fill::Real;
        model.nan = true;
    }
    m.lanes("urecpe", |l| match l.a.u() as u64 {
        a if a >> 31 == 0 => 0xFFFF_FFFF,
        a => i128::from(reciprocal(a >> 23)) << 23,
    });
    m.lanes("ursqrte", |l| match l.a.u() as u64 {
        a if a >> 30 == 0 => 0xFFFF_FFFF,
        a => i128::from(reciprocal_root(a >> 23)) << 23,
    });
    // The exponent with all bits turned over.
    let model = m.lanes("frecpx", |l| {
        let parts = Parts::of(l.a);
        let exponent = if parts.exponent == 0 { parts.most() - 1 } else { parts.most() - parts.exponent };
        parts.made(parts.sign, exponent, 0)
    });
    model.fill = Fill::Real;
    m.lanes("fexpa", |l| {
        let parts = Parts::of(l.a);
        let steps = if l.bits == 16 { 5 } else { 6 };
        let number = l.a.u() as u64;
        let exponent = number >> steps & parts.most() as u64;
        parts.made(0, exponent as i64, power(number & ((1 << steps) - 1), steps, parts.places))
    });
    let model = m.lanes("flogb", |l| {
        let parts = Parts::of(l.a);
        if parts.is_zero() {
            return -(1 << (l.bits - 1));
        }
        if parts.exponent == parts.most() {
            return (1 << (l.bits - 1)) - 1;
        }
        i128::from(parts.normal().0 - parts.most() / 2)
    });
    model.fill = Fill::Real;
    trigonometry(m);
    // A number modulo 2 to the power 32; whether that is the number.
    let model = m.whole("fjcvtzs", |input| {
        let value = f64::from_bits(input.s[0].get(0).u() as u64);
        let whole = if value.is_finite() { exact(value) } else { 0 };
        let is_same = f64::from(whole as i32) == value && !(value == 0.0 && value.is_sign_negative());
        Out { lanes: vec![whole & 0xFFFF_FFFF], flags: Some(u32::from(is_same) << 2) }
    });
    model.fill = Fill::Small;
}

/// The low bits of a number cut to an integer, however large.
fn exact(value: f64) -> i128 {
    if value.abs() < 2_f64.powi(100) {
        return value as i128;
    }
    // All 53 bits stand above the low 32.
    0
}

/// Steps of sines and cosines: the last operand says which, and the sign.
fn trigonometry(m: &mut Models) {
    let real = |n: N| Format::of_bits(n.lane_bits()).value(n.u() as u64);
    m.lanes("ftssel", move |l| {
        let top = 1 << (l.bits - 1);
        let a = if l.b.u() & 1 == 1 { Format::of_bits(l.bits).round(1.0).into() } else { l.a.u() };
        if l.b.u() & 2 == 2 { a ^ top } else { a }
    });
    let model = m.lanes("ftsmul", move |l| {
        let square = i128::from(Format::of_bits(l.bits).round(real(l.a) * real(l.a)));
        let top = 1 << (l.bits - 1);
        square & (top - 1) | if l.b.u() & 1 == 1 { top } else { 0 }
    });
    model.fill = Fill::Real;
    model.nan = true;
}
