//! Floating-point numbers of 16, 32 and 64 bits, rounded to the nearest.
//!
//! Every operation but a fused one is done with 64 bits and rounded once more: of numbers of at most 24 bits the sum,
//! product, quotient and root with 53 bits never lie so near the middle of two that it matters.

use super::{
    In, L, Models, N, Out, Source,
    integer::{SIGNS, by},
    random::Fill,
    saturate::saturated,
};

/// A format, by the bytes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Half,
    Single,
    Double,
}

impl Format {
    pub fn of(width: usize) -> Option<Format> {
        match width {
            2 => Some(Format::Half),
            4 => Some(Format::Single),
            8 => Some(Format::Double),
            _ => None,
        }
    }

    pub fn of_bits(bits: u32) -> Format {
        Format::of(bits as usize / 8).expect("a number's size")
    }

    pub fn ones(self) -> u64 {
        match self {
            Format::Half => 0xFFFF,
            Format::Single => 0xFFFF_FFFF,
            Format::Double => u64::MAX,
        }
    }

    pub fn value(self, bits: u64) -> f64 {
        match self {
            Format::Double => f64::from_bits(bits),
            Format::Single => f32::from_bits(bits as u32).into(),
            Format::Half => {
                let (exponent, fraction) = (bits >> 10 & 0x1F, (bits & 0x3FF) as f64);
                let size = match exponent {
                    0 => fraction * 2_f64.powi(-24),
                    31 if fraction == 0.0 => f64::INFINITY,
                    31 => f64::NAN,
                    _ => (1024.0 + fraction) * 2_f64.powi(exponent as i32 - 25),
                };
                if bits >> 15 & 1 == 1 { -size } else { size }
            }
        }
    }

    /// The nearest number's bits.
    pub fn round(self, value: f64) -> u64 {
        match self {
            Format::Double => value.to_bits(),
            Format::Single => (value as f32).to_bits().into(),
            Format::Half => {
                let sign = value.to_bits() >> 63 << 15;
                let size = value.abs();
                let exponent = ((size.to_bits() >> 52) as i32 - 1023).max(-14);
                if size.is_nan() {
                    return 0x7E00;
                }
                if size >= 65520.0 {
                    return sign | 0x7C00;
                }
                // In units of the last place; a carry goes into the exponent, where it belongs.
                let units = (size * 2_f64.powi(10 - exponent)).round_ties_even() as u64;
                sign | (units + ((exponent + 14) as u64) * 1024)
            }
        }
    }

    /// `a * b + c`, rounded once.
    pub fn fused(self, a: f64, b: f64, c: f64) -> u64 {
        match self {
            // The product of halves is exact, and the sum as far as it decides.
            Format::Half | Format::Double => self.round(a.mul_add(b, c)),
            Format::Single => (a as f32).mul_add(b as f32, c as f32).to_bits().into(),
        }
    }
}

fn real(n: N) -> f64 {
    Format::of_bits(n.bits).value(n.u() as u64)
}

pub fn rounded(value: f64, bits: u32) -> i128 {
    Format::of_bits(bits).round(value).into()
}

pub fn minimum(a: f64, b: f64) -> f64 {
    if a < b || a == b && a.is_sign_negative() || a.is_nan() { a } else { b }
}

pub fn maximum(a: f64, b: f64) -> f64 {
    if a > b || a == b && a.is_sign_positive() || a.is_nan() { a } else { b }
}

fn is_real(input: &In) -> bool {
    input.s.iter().chain([&input.d]).all(|s| s.width() != Some(1))
}

/// A model of real numbers.
fn reals(m: &mut Models, names: &str, f: impl Fn(L) -> i128 + 'static) {
    let model = m.some(names, is_real, by(f));
    model.fill = Fill::Real;
    model.nan = true;
}

pub fn add(m: &mut Models) {
    arithmetic(m);
    fused(m);
    comparisons(m);
    rounding(m);
    conversions(m);
}

/// Products in which zero by infinity is two.
fn extended_product(a: f64, b: f64) -> f64 {
    let product = a * b;
    if product.is_nan() { 2_f64.copysign(a.signum() * b.signum()) } else { product }
}

fn arithmetic(m: &mut Models) {
    for (names, f) in [
        ("fadd", (|a, b| a + b) as fn(f64, f64) -> f64),
        ("fsub", |a, b| a - b),
        ("fsubr", |a, b| b - a),
        ("fmul", |a, b| a * b),
        ("fnmul", |a, b| -(a * b)),
        ("fmulx", extended_product),
        ("fdiv", |a, b| a / b),
        ("fdivr", |a, b| b / a),
        ("fabd", |a, b| (a - b).abs()),
        ("fmax fmaxnm", maximum),
        ("fmin fminnm", minimum),
    ] {
        reals(m, names, move |l| rounded(f(real(l.a), number(l.b)), l.bits));
    }
    for (names, f) in [("fabs", f64::abs as fn(f64) -> f64), ("fneg", |a| -a), ("fsqrt", f64::sqrt)] {
        reals(m, names, move |l| rounded(f(real(l.a)), l.bits));
    }
    m.some("fcsel", is_real, by(|l| if l.condition { l.a.u() } else { l.b.u() }));
    m.some(
        "fmov fdup fcpy",
        |input| input.s.len() == 1,
        by(|l| match l.a.bits {
            128 => rounded(number(l.a), l.bits),
            _ => l.a.u(),
        }),
    );
    m.some("fmov", |input| input.s.is_empty(), by(|_| 0));
    reals(m, "fscale", |l| {
        let n = l.b.s().clamp(-5000, 5000) as i32;
        rounded(scaled(real(l.a), n), l.bits)
    });
    // Multiples of 90 degrees: pairs of lanes are complex numbers.
    for (name, accumulates) in [("fcadd", false), ("fcmla", true)] {
        let model = m.some(name, is_real, move |input| {
            let lane = |i: usize| {
                let l = input.lane(i);
                let other = input.lane(i ^ 1);
                let odd = i % 2 == 1;
                if !accumulates {
                    let turned = l.c.u() == 90;
                    // By 90 degrees (a, b) becomes (-b, a).
                    let part = if odd == turned { real(other.b) } else { -real(other.b) };
                    return rounded(real(l.a) + part, l.bits);
                }
                let turn = l.c.u() / 90;
                let (first, second) = if odd { (other, l) } else { (l, other) };
                let element = if turn % 2 == 0 { first.a } else { second.a };
                let part = match (turn % 2 == 0) == odd {
                    true => second.b,
                    false => first.b,
                };
                let negative = match turn {
                    0 => false,
                    1 => !odd,
                    2 => true,
                    _ => odd,
                };
                let factor = if negative { -real(part) } else { real(part) };
                Format::of_bits(l.bits).fused(real(element), factor, real(l.d)).into()
            };
            Out::lanes((0..input.lanes).map(lane).collect())
        });
        model.fill = Fill::Real;
        model.nan = true;
    }
}

/// `a` times 2 to the power `n`: in three steps, so that all factors are normal numbers.
fn scaled(a: f64, n: i32) -> f64 {
    let n = n.clamp(-2199, 2199);
    a * 2_f64.powi(n / 3) * 2_f64.powi(n / 3) * 2_f64.powi(n - n / 3 * 2)
}

/// A real number, or an immediate.
fn number(n: N) -> f64 {
    if n.bits == 128 { f64::from_bits(n.u() as u64) } else { real(n) }
}

fn fused(m: &mut Models) {
    let fused = |l: L, a: f64, b: f64, c: f64| -> i128 { Format::of_bits(l.bits).fused(a, b, c).into() };
    reals(m, "fmla", move |l| fused(l, real(l.a), real(l.b), real(l.d)));
    reals(m, "fmls", move |l| fused(l, -real(l.a), real(l.b), real(l.d)));
    reals(m, "fnmla", move |l| fused(l, -real(l.a), real(l.b), -real(l.d)));
    reals(m, "fnmls", move |l| fused(l, real(l.a), real(l.b), -real(l.d)));
    reals(m, "fmad", move |l| fused(l, real(l.d), real(l.a), real(l.b)));
    reals(m, "fmsb", move |l| fused(l, -real(l.d), real(l.a), real(l.b)));
    reals(m, "fnmad", move |l| fused(l, -real(l.d), real(l.a), -real(l.b)));
    reals(m, "fnmsb", move |l| fused(l, real(l.d), real(l.a), -real(l.b)));
    reals(m, "fmadd", move |l| fused(l, real(l.a), real(l.b), real(l.c)));
    reals(m, "fmsub", move |l| fused(l, -real(l.a), real(l.b), real(l.c)));
    reals(m, "fnmadd", move |l| fused(l, -real(l.a), real(l.b), -real(l.c)));
    reals(m, "fnmsub", move |l| fused(l, real(l.a), real(l.b), -real(l.c)));
    // Steps of Newton's method; zero by infinity counts as zero.
    let step = move |l: L, start: f64, a: f64, b: f64| {
        let (a, b) = if (a * b).is_nan() { (0.0, 0.0) } else { (a, b) };
        fused(l, -a, b, start)
    };
    reals(m, "frecps", move |l| step(l, 2.0, real(l.a), real(l.b)));
    reals(m, "frsqrts", move |l| {
        let (a, b) = (real(l.a), real(l.b));
        // The larger is halved, which is exact and keeps the product from being too large.
        if a.abs() > b.abs() { step(l, 1.5, a / 2.0, b) } else { step(l, 1.5, a, b / 2.0) }
    });
    // Products of halves are added to singles.
    for (name, negative, top) in
        [("fmlal", false, false), ("fmlsl", true, false), ("fmlal2", false, true), ("fmlsl2", true, true)]
    {
        let model = m.some(
            name,
            |input| !input.scalable && input.width == 4,
            move |input| {
                let lane = |i: usize| {
                    let at = if top { i + input.lanes } else { i };
                    let (a, b) = (real(input.s[0].get(at)), real(input.s[1].get(at)));
                    let a = if negative { -a } else { a };
                    i128::from(Format::Single.fused(a, b, real(input.d.get(i))))
                };
                Out::lanes((0..input.lanes).map(lane).collect())
            },
        );
        model.fill = Fill::Real;
        model.nan = true;
    }
    for (stem, negative) in [("fmlal", false), ("fmlsl", true)] {
        for (letter, top) in [("b", false), ("t", true)] {
            let model = m.some(
                &format!("{stem}{letter}"),
                |input| input.scalable && input.width == 4,
                by(move |l| {
                    let a = if negative { -real(l.a) } else { real(l.a) };
                    fused(l, a, real(l.b), real(l.d))
                }),
            );
            model.fill = Fill::Real;
            model.nan = true;
            model.tops = [top; 3];
        }
    }
}

/// Masks of lanes; of scalars with flags in `fcmp`. SVE's, whose results are predicates, are with the predicates.
fn comparisons(m: &mut Models) {
    for (name, f) in [
        ("fcmeq", (|a, b| a == b) as fn(f64, f64) -> bool),
        ("fcmge", |a, b| a >= b),
        ("fcmgt", |a, b| a > b),
        ("fcmle", |a, b| a <= b),
        ("fcmlt", |a, b| a < b),
        ("facge", |a, b| a.abs() >= b.abs()),
        ("facgt", |a, b| a.abs() > b.abs()),
        ("facle", |a, b| a.abs() <= b.abs()),
        ("faclt", |a, b| a.abs() < b.abs()),
    ] {
        let holds = move |l: L| {
            let b = if l.b.bits == 0 { 0.0 } else { number(l.b) };
            if f(real(l.a), b) { -1 } else { 0 }
        };
        m.some(name, |input| is_real(input) && !input.scalable, by(holds)).fill = Fill::Real;
    }
    let compare = |l: L| {
        let b = if l.b.bits == 0 { 0.0 } else { real(l.b) };
        match real(l.a).partial_cmp(&b).expect("no NaN") {
            std::cmp::Ordering::Less => 8,
            std::cmp::Ordering::Equal => 6,
            std::cmp::Ordering::Greater => 2,
        }
    };
    m.whole("fcmp fcmpe", move |input| Out { lanes: Vec::new(), flags: Some(compare(input.lane(0))) }).fill =
        Fill::Real;
    m.whole("fccmp fccmpe", move |input| {
        let l = input.lane(0);
        Out { lanes: Vec::new(), flags: Some(if l.condition { compare(l) } else { input.given_flags }) }
    })
    .fill = Fill::Real;
}

/// A rounding of a real number to an integer.
type Rounding = fn(f64) -> f64;

/// By the letters of `frint` and `fcvt`.
const ROUNDINGS: [(&str, Rounding); 5] = [
    ("n", f64::round_ties_even),
    ("m", f64::floor),
    ("p", f64::ceil),
    ("z", f64::trunc),
    // Away from zero where two are near.
    ("a", f64::round),
];

fn rounding(m: &mut Models) {
    for (letter, round) in
        ROUNDINGS.into_iter().chain([("i", f64::round_ties_even as Rounding), ("x", f64::round_ties_even)])
    {
        m.some(&format!("frint{letter}"), is_real, by(move |l| rounded(round(real(l.a)), l.bits))).fill = Fill::Small;
    }
    for (bits, least) in [(32, -2147483648.0), (64, -9223372036854775808.0)] {
        for (letter, round) in [("z", f64::trunc as Rounding), ("x", f64::round_ties_even)] {
            let model = m.some(
                &format!("frint{bits}{letter}"),
                is_real,
                by(move |l| {
                    let value = round(real(l.a));
                    rounded(if value >= least && value < -least { value } else { least }, l.bits)
                }),
            );
            model.fill = Fill::Small;
        }
    }
}

/// An integer as a real number that rounds as the integer would: with 53 bits the last one says whether more were
/// lost, so that a second rounding to fewer bits is right.
fn odd(value: i128) -> f64 {
    let size = value.unsigned_abs();
    let extra = (128 - size.leading_zeros()).saturating_sub(53);
    let kept = size >> extra << extra;
    let sticky = if kept == size { kept } else { kept | 1 << extra };
    if value < 0 { -(sticky as f64) } else { sticky as f64 }
}

/// The fraction bits that the last operand says, or none.
fn fraction(l: L) -> i32 {
    if l.b.bits == 128 { l.b.u() as i32 } else { 0 }
}

fn conversions(m: &mut Models) {
    for (sign, signed) in SIGNS {
        let to = move |l: L, round: Rounding, bits: u32| {
            let value = round(scaled(real(l.a), fraction(l)));
            // Beyond what an i128 holds, the conversion goes to its ends.
            saturated(value as i128, bits, signed)
        };
        for (letter, round) in ROUNDINGS {
            let name = format!("fcvt{letter}{sign}");
            m.some(&name, is_real, by(move |l| to(l, round, l.bits))).fill = Fill::Small;
        }
        let from = move |l: L| {
            let value = l.a.number(signed);
            match Format::of_bits(l.bits) {
                Format::Double => (value as f64 * 2_f64.powi(-fraction(l))).to_bits().into(),
                format => i128::from(format.round(odd(value) * 2_f64.powi(-fraction(l)))),
            }
        };
        m.some(&format!("{sign}cvtf"), is_real, by(from));
    }
    reals(m, "fcvt fcvtl fcvtl2 fcvtn fcvtn2", |l| rounded(real(l.a), l.bits));
    reals(m, "fcvtxn fcvtxn2", move |l| to_odd(real(l.a)));
}

/// A single with the last bit as a sign of what was lost, as `odd` does for integers.
pub fn to_odd(a: f64) -> i128 {
    let single = a as f32;
    let (low, high) = (f64::from(single).abs() < a.abs(), f64::from(single).abs() > a.abs());
    let bits = match (low, high) {
        (_, true) if single.is_infinite() => f32::MAX.copysign(single).to_bits(),
        (_, true) => (single.to_bits() - 1) | 1,
        (true, _) => single.to_bits() | 1,
        _ => single.to_bits(),
    };
    i128::from(bits)
}

/// Lanes of real numbers.
pub fn values(source: &Source) -> Vec<f64> {
    (0..source.lanes()).map(|i| real(source.get(i))).collect()
}
