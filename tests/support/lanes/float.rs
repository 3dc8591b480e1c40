//! Floating-point numbers. All is rounded to the nearest, as Rust does.

use super::{Fill, In, L, Model, Models, Out, get, integer, lane, put};

/// Models of `ps`, `pd`, `ss` and `sd` of a name: an expression of three numbers, for both types.
macro_rules! float {
    ($m:expr, $stem:expr, $operands:expr, |$a:ident, $b:ident, $c:ident| $value:expr) => {{
        let f32_lane = |l: L| {
            let [$a, $b, $c] = [l.a, l.b, l.c].map(|bits| f32::from_bits(bits as u32));
            let _ = ($a, $b, $c);
            u64::from(f32::to_bits($value))
        };
        let f64_lane = |l: L| {
            let [$a, $b, $c] = [l.a, l.b, l.c].map(f64::from_bits);
            let _ = ($a, $b, $c);
            f64::to_bits($value)
        };
        both($m, $stem, $operands, f32_lane, f64_lane);
    }};
}

fn both(m: &mut Models, stem: &str, operands: usize, f32s: fn(L) -> u64, f64s: fn(L) -> u64) {
    for (letter, width, fill, f) in [("s", 4, Fill::F32, f32s), ("d", 8, Fill::F64, f64s)] {
        let packed = m.lanes(&format!("{stem}p{letter}"), width, f);
        packed.fill = fill;
        packed.nan = Some(width);
        scalar(m, &format!("{stem}s{letter}"), width, operands, f).fill = fill;
    }
}

/// The lowest lane; the others are those of the first source. An operation of one number takes the last source's.
fn scalar<'a>(m: &'a mut Models, name: &str, width: usize, operands: usize, f: fn(L) -> u64) -> &'a mut Model {
    let model = m.whole(name, width, move |input| {
        let mut l = lane(input, width, 0);
        if operands == 1 {
            l.a = l.b;
        }
        let mut out = input.s[0];
        // The first source of an accumulation is the destination, whose upper lanes stay.
        put(&mut out, width, 0, f(l));
        Out::vector(out, 1)
    });
    model.nan = Some(width);
    model
}

pub fn add(m: &mut Models) {
    float!(m, "add", 2, |a, b, c| a + b);
    float!(m, "sub", 2, |a, b, c| a - b);
    float!(m, "mul", 2, |a, b, c| a * b);
    float!(m, "div", 2, |a, b, c| a / b);
    // The second where they are equal, as zeros of both signs are.
    float!(m, "min", 2, |a, b, c| if a < b { a } else { b });
    float!(m, "max", 2, |a, b, c| if a > b { a } else { b });
    float!(m, "sqrt", 1, |a, b, c| a.sqrt());
    // 132: first by third, plus second. 213: second by first, plus third. 231: second by third, plus first.
    float!(m, "fmadd132", 3, |a, b, c| a.mul_add(c, b));
    float!(m, "fmadd213", 3, |a, b, c| b.mul_add(a, c));
    float!(m, "fmadd231", 3, |a, b, c| b.mul_add(c, a));
    float!(m, "fmsub132", 3, |a, b, c| a.mul_add(c, -b));
    float!(m, "fmsub213", 3, |a, b, c| b.mul_add(a, -c));
    float!(m, "fmsub231", 3, |a, b, c| b.mul_add(c, -a));
    float!(m, "fnmadd132", 3, |a, b, c| (-a).mul_add(c, b));
    float!(m, "fnmadd213", 3, |a, b, c| (-b).mul_add(a, c));
    float!(m, "fnmadd231", 3, |a, b, c| (-b).mul_add(c, a));
    float!(m, "fnmsub132", 3, |a, b, c| (-a).mul_add(c, -b));
    float!(m, "fnmsub213", 3, |a, b, c| (-b).mul_add(a, -c));
    float!(m, "fnmsub231", 3, |a, b, c| (-b).mul_add(c, -a));
    alternating(m);
    rounding(m);
    conversions(m);
    comparisons(m);
}

/// `fmaddsub` subtracts in even lanes, `fmsubadd` and what has no product adds there.
fn alternating(m: &mut Models) {
    for (kind, even) in [("fmaddsub", -1.0), ("fmsubadd", 1.0)] {
        for (order, places) in [("132", [0, 2, 1]), ("213", [1, 0, 2]), ("231", [1, 2, 0])] {
            let sources = move |l: L| places.map(|place| [l.a, l.b, l.c][place]);
            let sign = move |l: L| if l.i.is_multiple_of(2) { even } else { -even };
            let single = m.lanes(&format!("{kind}{order}ps"), 4, move |l| {
                let [a, b, c] = sources(l).map(|bits| f32::from_bits(bits as u32));
                a.mul_add(b, sign(l) as f32 * c).to_bits().into()
            });
            single.fill = Fill::F32;
            single.nan = Some(4);
            let double = m.lanes(&format!("{kind}{order}pd"), 8, move |l| {
                let [a, b, c] = sources(l).map(f64::from_bits);
                a.mul_add(b, sign(l) * c).to_bits()
            });
            double.fill = Fill::F64;
            double.nan = Some(8);
        }
    }
    let single = m.lanes("addsubps", 4, |l| {
        let [a, b] = [l.a, l.b].map(|bits| f32::from_bits(bits as u32));
        if l.i.is_multiple_of(2) { a - b } else { a + b }.to_bits().into()
    });
    single.fill = Fill::F32;
    single.nan = Some(4);
    let double = m.lanes("addsubpd", 8, |l| {
        let [a, b] = [l.a, l.b].map(f64::from_bits);
        if l.i.is_multiple_of(2) { a - b } else { a + b }.to_bits()
    });
    double.fill = Fill::F64;
    double.nan = Some(8);
    for (name, sign) in [("hadd", 1.0), ("hsub", -1.0)] {
        let single = m.whole(&format!("{name}ps"), 4, move |input| {
            let at = |source: &super::Bytes, i| f32::from_bits(get(source, 4, i) as u32);
            pairs(input, 4, move |source, i| (at(source, i) + sign as f32 * at(source, i + 1)).to_bits().into())
        });
        single.fill = Fill::F32;
        single.nan = Some(4);
        let double = m.whole(&format!("{name}pd"), 8, move |input| {
            let at = |source: &super::Bytes, i| f64::from_bits(get(source, 8, i));
            pairs(input, 8, move |source, i| (at(source, i) + sign * at(source, i + 1)).to_bits())
        });
        double.fill = Fill::F64;
        double.nan = Some(8);
    }
}

fn pairs(input: &In, width: usize, f: impl Fn(&super::Bytes, usize) -> u64) -> Out {
    let (lanes, part) = (input.dest / width, 16 / width);
    let mut out = [0; 64];
    for i in 0..lanes {
        let source = &input.s[i % part / (part / 2)];
        put(&mut out, width, i, f(source, i / part * part + i % (part / 2) * 2));
    }
    Out::vector(out, lanes)
}

/// `round` and `vrndscale` to an integer, in the mode of the immediate.
fn rounding(m: &mut Models) {
    fn round(value: f64, imm: u64) -> f64 {
        match imm & 7 {
            0 => value.round_ties_even(),
            1 => value.floor(),
            2 => value.ceil(),
            3 => value.trunc(),
            // The mode that MXCSR says: nearest.
            _ => value.round_ties_even(),
        }
    }
    let single = |l: L| u64::from((round(f64::from(f32::from_bits(l.a as u32)), l.imm) as f32).to_bits());
    let double = |l: L| round(f64::from_bits(l.a), l.imm).to_bits();
    for stem in ["round", "rndscale"] {
        both(m, stem, 1, single, double);
        // The upper half of vrndscale's immediate says how many binary places remain; here none.
        for kind in ["ps", "pd", "ss", "sd"] {
            let index = m.by_name[&format!("{stem}{kind}")];
            m.models[index].immediates = 7;
        }
    }
}

fn conversions(m: &mut Models) {
    let single = |bits: u64| f32::from_bits(bits as u32);
    let double = f64::from_bits;
    /// Integers that do not fit become the lowest one.
    fn signed(value: f64, low: f64, high: f64, bits: u32) -> u64 {
        if value >= low && value < high { value as i64 as u64 } else { 1 << (bits - 1) }
    }
    fn unsigned(value: f64, high: f64) -> u64 {
        if value > -1.0 && value < high { value as u64 } else { u64::MAX }
    }
    let i32_of = |value: f64| signed(value, -2147483648.0, 2147483648.0, 32);
    let i64_of = |value: f64| signed(value, -9223372036854775808.0, 9223372036854775808.0, 64);
    let u32_of = |value: f64| unsigned(value, 4294967296.0);
    let u64_of = |value: f64| unsigned(value, 18446744073709551616.0);

    m.convert("cvtdq2ps", 4, 4, |a| (a as i32 as f32).to_bits().into());
    m.convert("cvtdq2pd", 4, 8, |a| f64::from(a as i32).to_bits());
    m.convert("cvtudq2ps", 4, 4, |a| (a as u32 as f32).to_bits().into());
    m.convert("cvtudq2pd", 4, 8, |a| f64::from(a as u32).to_bits());
    m.convert("cvtqq2ps", 8, 4, |a| (a as i64 as f32).to_bits().into());
    m.convert("cvtqq2pd", 8, 8, |a| (a as i64 as f64).to_bits());
    m.convert("cvtuqq2ps", 8, 4, |a| (a as f32).to_bits().into());
    m.convert("cvtuqq2pd", 8, 8, |a| (a as f64).to_bits());
    m.convert("cvtps2pd", 4, 8, move |a| f64::from(single(a)).to_bits()).fill = Fill::F32;
    m.convert("cvtpd2ps", 8, 4, move |a| (double(a) as f32).to_bits().into()).fill = Fill::F64;
    type Whole = fn(f64) -> u64;
    for (name, width, of) in [
        ("dq", 4, i32_of as Whole),
        ("udq", 4, u32_of as Whole),
        ("qq", 8, i64_of as Whole),
        ("uqq", 8, u64_of as Whole),
    ] {
        for (letter, truncates) in [("", false), ("t", true)] {
            let whole = move |value: f64| of(if truncates { value.trunc() } else { value.round_ties_even() });
            m.convert(&format!("cvt{letter}ps2{name}"), 4, width, move |a| whole(f64::from(single(a)))).fill =
                Fill::Small32;
            m.convert(&format!("cvt{letter}pd2{name}"), 8, width, move |a| whole(double(a))).fill = Fill::Small64;
        }
    }
    // Between scalars and general registers.
    for (name, of32, of64) in [("si", i32_of as Whole, i64_of as Whole), ("usi", u32_of as Whole, u64_of as Whole)] {
        for (letter, truncates) in [("", false), ("t", true)] {
            let whole = move |input: &In, value: f64| {
                let value = if truncates { value.trunc() } else { value.round_ties_even() };
                Out::number(if input.dest == 4 { of32(value) } else { of64(value) })
            };
            m.whole(&format!("cvt{letter}ss2{name}"), 8, move |input| {
                whole(input, single(get(&input.s[0], 4, 0)).into())
            })
            .fill = Fill::Small32;
            m.whole(&format!("cvt{letter}sd2{name}"), 8, move |input| whole(input, double(get(&input.s[0], 8, 0))))
                .fill = Fill::Small64;
        }
    }
    for (name, signed) in [("si", true), ("usi", false)] {
        let number = move |input: &In| {
            let value = get(input.s.last().expect("a source"), 8, 0);
            match (input.source, signed) {
                (4, true) => i128::from(value as i32),
                (4, false) => i128::from(value as u32),
                (_, true) => i128::from(value as i64),
                (_, false) => i128::from(value),
            }
        };
        m.whole(&format!("cvt{name}2ss"), 4, move |input| {
            let mut out = input.s[0];
            put(&mut out, 4, 0, (number(input) as f32).to_bits().into());
            Out::vector(out, 1)
        });
        m.whole(&format!("cvt{name}2sd"), 8, move |input| {
            let mut out = input.s[0];
            put(&mut out, 8, 0, (number(input) as f64).to_bits());
            Out::vector(out, 1)
        });
    }
    m.whole("cvtss2sd", 8, move |input| {
        let mut out = input.s[0];
        put(&mut out, 8, 0, f64::from(single(get(&input.s[1], 4, 0))).to_bits());
        Out::vector(out, 1)
    })
    .fill = Fill::F32;
    m.whole("cvtsd2ss", 4, move |input| {
        let mut out = input.s[0];
        put(&mut out, 4, 0, (double(get(&input.s[1], 8, 0)) as f32).to_bits().into());
        Out::vector(out, 1)
    })
    .fill = Fill::F64;
}

/// Packed comparisons are masks of lanes, or mask registers; those of scalars are flags.
fn comparisons(m: &mut Models) {
    // No operand is NaN, so which of the 32 predicates are true of NaN does not show, and eight remain.
    let holds = |imm: u64, a: f64, b: f64| integer::predicate(imm, a.partial_cmp(&b).expect("no NaN"));
    for (letter, width, fill) in [("s", 4, Fill::F32), ("d", 8, Fill::F64)] {
        let number =
            move |bits: u64| if width == 4 { f32::from_bits(bits as u32).into() } else { f64::from_bits(bits) };
        let lane_holds = move |input: &In, i| {
            let l = lane(input, width, i);
            // A legacy form has three bits of immediate; the others are reserved, and no test sets them.
            holds(l.imm, number(l.a), number(l.b))
        };
        let packed = m.whole(&format!("cmpp{letter}"), width, move |input| {
            super::masks::truths(input, width, input.source / width, |i| lane_holds(input, i))
        });
        packed.fill = fill;
        packed.immediates = 31;
        let scalar = m.whole(&format!("cmps{letter}"), width, move |input| {
            if input.dest == 8 {
                return super::masks::truths(input, width, 1, |i| lane_holds(input, i));
            }
            let mut out = input.s[0];
            put(&mut out, width, 0, if lane_holds(input, 0) { u64::MAX } else { 0 });
            Out::vector(out, 1)
        });
        scalar.fill = fill;
        scalar.immediates = 31;
        m.whole(&format!("comis{letter} ucomis{letter}"), width, move |input| {
            let l = lane(input, width, 0);
            let order = number(l.a).partial_cmp(&number(l.b)).expect("no NaN");
            let flags = if order.is_eq() { 0x40 } else { u64::from(order.is_lt()) };
            Out { flags: Some((flags, 0)), ..Out::number(0) }
        })
        .fill = fill;
    }
}
