//! Numbers of eight bits of exponent and seven of fraction: a single's upper half.
//!
//! Their dot products are rounded to odd and have no denormal numbers, as FPCR says that has no EBF (Arm ARM,
//! `BFDotAdd`).

use super::{In, L, Models, Out, Source, float::Format, integer::by, random::Fill};

/// The nearest number's bits, of a single's.
fn rounded(bits: u32) -> i128 {
    // A carry goes into the exponent, where it belongs.
    let half = 0x7FFF + (bits >> 16 & 1);
    i128::from(u64::from(bits) + u64::from(half)) >> 16
}

fn single(bits: u32) -> f64 {
    f32::from_bits(bits).into()
}

/// Zero in place of a denormal number.
fn flushed(value: f64) -> f64 {
    if value.abs() < f64::from(f32::MIN_POSITIVE) { 0_f64.copysign(value) } else { value }
}

/// A single that is cut, with the last bit set where that lost something.
fn to_odd(value: f64) -> f64 {
    if !value.is_finite() || value == 0.0 {
        return value;
    }
    let bits = value.to_bits();
    let extra = 52 - 23;
    let lost = bits & ((1 << extra) - 1) != 0;
    let cut = f64::from_bits(bits >> extra << extra | u64::from(lost) << extra);
    if cut.abs() > f64::from(f32::MAX) { f64::INFINITY.copysign(cut) } else { flushed(cut) }
}

/// A sum of two singles, rounded to odd with 53 bits first, which changes nothing.
fn sum(a: f64, b: f64) -> f64 {
    to_odd(sum_to_odd(flushed(a), flushed(b)))
}

/// A sum whose last bit is set where it is not exact, so that to round it once more is to round once.
pub fn sum_to_odd(a: f64, b: f64) -> f64 {
    let near = a + b;
    if !near.is_finite() || near == 0.0 {
        return near;
    }
    // What the rounding lost.
    let part = near - a;
    let lost = (a - (near - part)) + (b - part);
    if lost == 0.0 {
        return near;
    }
    let bits = near.to_bits();
    let is_less = (lost > 0.0) == (near > 0.0);
    f64::from_bits(if is_less { bits | 1 } else { (bits - 1) | 1 })
}

/// Two products of pairs, and their sum.
fn dot_add(start: f64, a: [f64; 2], b: [f64; 2]) -> f64 {
    let product = |i: usize| to_odd(flushed(a[i]) * flushed(b[i]));
    sum(start, sum(product(0), product(1)))
}

/// A source's numbers, whatever the size of its lanes.
fn numbers(source: &Source) -> Vec<f64> {
    let Source::Lanes(bytes, _) = source else { unreachable!("a vector") };
    bytes.chunks(2).map(|two| single(u32::from(two[1]) << 24 | u32::from(two[0]) << 16)).collect()
}

fn starts(input: &In) -> Vec<f64> {
    (0..input.lanes).map(|i| single(input.d.get(i).u() as u32)).collect()
}

fn out(values: impl Iterator<Item = f64>) -> Out {
    Out::lanes(values.map(|value| (value as f32).to_bits().into()).collect())
}

fn real(m: &mut Models, name: &str, accepts: fn(&In) -> bool, f: impl Fn(&In) -> Out + 'static, nan: bool) {
    let model = m.some(name, accepts, f);
    model.fill = Fill::Brain;
    model.nan = nan;
}

/// How a source's lanes are read, and how two products of pairs are added.
type Numbers = fn(&Source) -> Vec<f64>;
type DotAdd = fn(f64, [f64; 2], [f64; 2]) -> f64;

/// Pairs of a row by pairs of a column; what is not active is zero, and where no product is, the element stays.
pub fn outer(input: &In, negative: bool, numbers: Numbers, dot_add: DotAdd) -> Out {
    let (a, b, d) = (numbers(&input.s[0]), numbers(&input.s[1]), starts(input));
    let side = input.vector / input.width;
    let active = |governor: usize, i: usize| input.governors[governor][2 * i];
    out((0..input.lanes).map(|i| {
        let (row, column) = (2 * (i / side), 2 * (i % side));
        if !(0..2).any(|n| active(0, row + n) && active(1, column + n)) {
            return d[i];
        }
        let factor = if negative { -1.0 } else { 1.0 };
        let rows = [row, row + 1].map(|at| if active(0, at) { factor * a[at] } else { 0.0 });
        let columns = [column, column + 1].map(|at| if active(1, at) { b[at] } else { 0.0 });
        dot_add(d[i], rows, columns)
    }))
}

/// A destination of singles in one register.
fn is_single(input: &In) -> bool {
    input.width == 4 && matches!(input.d, Source::Lanes(..))
}

pub fn add(m: &mut Models) {
    let dot = |input: &In| {
        let (a, b, d) = (numbers(&input.s[0]), numbers(&input.s[1]), starts(input));
        out((0..input.lanes).map(|i| dot_add(d[i], [a[2 * i], a[2 * i + 1]], [b[2 * i], b[2 * i + 1]])))
    };
    real(m, "bfdot", is_single, dot, true);
    // Two by four numbers times four by two, in each 128 bits.
    let product = |input: &In| {
        let (a, b, d) = (numbers(&input.s[0]), numbers(&input.s[1]), starts(input));
        let lane = |i: usize| {
            let (segment, row, column) = (i / 4 * 8, i % 4 / 2 * 4, i % 2 * 4);
            (0..4).step_by(2).fold(d[i], |sum, n| {
                let [a, b] = [(&a, row), (&b, column)].map(|(all, at)| [0, 1].map(|k| all[segment + at + n + k]));
                dot_add(sum, a, b)
            })
        };
        out((0..input.lanes).map(lane))
    };
    real(m, "bfmmla", is_single, product, true);
    for (name, negative) in [("bfmopa", false), ("bfmops", true)] {
        real(
            m,
            name,
            |input| input.width == 4 && input.s[0].width() == Some(2),
            move |input| outer(input, negative, numbers, dot_add),
            true,
        );
    }
    for (name, top) in [("bfmlalb", 0), ("bfmlalt", 1)] {
        let fused = move |input: &In| {
            let (a, b, d) = (numbers(&input.s[0]), numbers(&input.s[1]), starts(input));
            let lane = |i: usize| Format::Single.fused(a[2 * i + top], b[2 * i + top], d[i]).into();
            Out::lanes((0..input.lanes).map(lane).collect())
        };
        real(m, name, is_single, fused, true);
    }
    let narrow = |l: L| rounded(l.a.u() as u32);
    // SME2's take two vectors, and have no predicate.
    let from_singles: fn(&In) -> bool =
        |input| input.s[0].width() == Some(4) && input.result == 2 && !(input.scalable && input.governors.is_empty());
    real(m, "bfcvt", from_singles, by(narrow), false);
    real(m, "bfcvtn", from_singles, by(narrow), false);
    real(m, "bfcvtn2", from_singles, by(narrow), false);
    // To the upper half of an element, whose lower half stays.
    let top = move |l: L| l.d.u() & 0xFFFF | narrow(l) << 16;
    real(m, "bfcvtnt", |input| input.width == 4, by(top), false);
}
