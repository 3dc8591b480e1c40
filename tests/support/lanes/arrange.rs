//! Instructions that move lanes: interleaving, packing, shuffles, permutations, broadcasts, insertion, blends.

use super::{In, Model, Models, Out, get, put};

/// Lanes each of which is a lane of a source: which source, and which lane, for the destination's lane `i`.
fn moves<'a>(
    m: &'a mut Models,
    names: &str,
    width: usize,
    from: impl Fn(&In, usize) -> (usize, usize) + 'static,
) -> &'a mut Model {
    m.whole(names, width, move |input| {
        let lanes = input.dest / width;
        let mut out = [0; 64];
        for i in 0..lanes {
            let (source, lane) = from(input, i);
            put(&mut out, width, i, get(&input.s[source], width, lane));
        }
        Out::vector(out, lanes)
    })
}

fn imm(input: &In) -> usize {
    input.imm.unwrap_or(0) as usize
}

pub fn add(m: &mut Models) {
    // Interleaving and shuffling within 128 bits.
    for (names, width) in
        [("punpck_bw", 1), ("punpck_wd", 2), ("punpck_dq", 4), ("punpck_qdq", 8), ("unpck_ps", 4), ("unpck_pd", 8)]
    {
        for (letter, high) in [("l", 0), ("h", 1)] {
            moves(m, &names.replace('_', letter), width, move |input, i| {
                let part = input.segment() / width;
                (i % 2, i / part * part + high * part / 2 + i % part / 2)
            });
        }
    }
    moves(m, "pshufd", 4, |input, i| (0, i / 4 * 4 + (imm(input) >> (2 * (i % 4)) & 3)));
    moves(m, "pshuflw", 2, |input, i| (0, if i % 8 < 4 { i / 8 * 8 + (imm(input) >> (2 * (i % 4)) & 3) } else { i }));
    moves(m, "pshufhw", 2, |input, i| {
        (0, if i % 8 >= 4 { i / 8 * 8 + 4 + (imm(input) >> (2 * (i % 4)) & 3) } else { i })
    });
    moves(m, "shufps", 4, |input, i| (i % 4 / 2, i / 4 * 4 + (imm(input) >> (2 * (i % 4)) & 3)));
    moves(m, "shufpd", 8, |input, i| (i % 2, i / 2 * 2 + (imm(input) >> i & 1)));
    m.whole("pshufb", 1, |input| {
        let mut out = [0; 64];
        for (i, out) in out[..input.dest].iter_mut().enumerate() {
            let index = usize::from(input.s[1][i]);
            let part = input.segment();
            *out = if index & 0x80 != 0 { 0 } else { input.s[0][i / part * part + index % part] };
        }
        Out::vector(out, input.dest)
    });
    m.whole("palignr", 1, |input| {
        let mut out = [0; 64];
        for (i, out) in out[..input.dest].iter_mut().enumerate() {
            let size = input.segment();
            let (part, from) = (i / size * size, i % size + imm(input));
            *out = match from / size {
                0 => input.s[1][part + from],
                1 => input.s[0][part + from - size],
                _ => 0,
            };
        }
        Out::vector(out, input.dest)
    });
    moves(m, "permilps", 4, |input, i| {
        let index = input.imm.map_or_else(|| get(&input.s[1], 4, i) as usize, |imm| imm as usize >> (2 * (i % 4)));
        (0, i / 4 * 4 + index % 4)
    });
    moves(m, "permilpd", 8, |input, i| {
        let index = input.imm.map_or_else(|| get(&input.s[1], 8, i) as usize >> 1, |imm| imm as usize >> i);
        (0, i / 2 * 2 + index % 2)
    });
    moves(m, "movddup", 8, |_, i| (0, i / 2 * 2));
    moves(m, "movsldup", 4, |_, i| (0, i / 2 * 2));
    moves(m, "movshdup", 4, |_, i| (0, i / 2 * 2 + 1));
    moves(m, "pblendw", 2, |input, i| (imm(input) >> (i % 8) & 1, i));
    moves(m, "pblendd blendps", 4, |input, i| (imm(input) >> i & 1, i));
    moves(m, "blendpd", 8, |input, i| (imm(input) >> i & 1, i));
    for (names, width) in [("pblendvb", 1), ("blendvps", 4), ("blendvpd", 8)] {
        moves(m, names, width, move |input, i| ((get(&input.s[2], width, i) >> (8 * width - 1) & 1) as usize, i));
    }
    packs(m);
    permutations(m);
    parts(m);
    elements(m);
    plain(m);
}

/// Two sources to lanes of half the size, with saturation, within 128 bits.
fn packs(m: &mut Models) {
    for (name, from, signed) in
        [("packsswb", 2, true), ("packuswb", 2, false), ("packssdw", 4, true), ("packusdw", 4, false)]
    {
        m.whole(name, from / 2, move |input| {
            let to = from / 2;
            let (lanes, part) = (input.dest / to, input.segment() / to);
            let bits = 8 * to;
            let (low, high) =
                if signed { (-(1_i64 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1_i64 << bits) - 1) };
            let mut out = [0; 64];
            for i in 0..lanes {
                let source = &input.s[i % part / (part / 2)];
                let unused = 64 - 8 * from;
                let value = get(source, from, i / part * (part / 2) + i % (part / 2));
                put(&mut out, to, i, ((value << unused) as i64 >> unused).clamp(low, high) as u64);
            }
            Out::vector(out, lanes)
        });
    }
}

/// Across a whole vector.
fn permutations(m: &mut Models) {
    // Indices in the first source, or in an immediate for each four lanes.
    for (names, width) in [("permb", 1), ("permw", 2), ("permd permps", 4), ("permq permpd", 8)] {
        moves(m, names, width, move |input, i| match input.imm {
            Some(imm) => (0, i / 4 * 4 + (imm as usize >> (2 * (i % 4)) & 3)),
            None => (1, get(&input.s[0], width, i) as usize % (input.dest / width)),
        });
    }
    // Indices in the destination, of the two sources.
    for (suffix, width) in [("b", 1), ("w", 2), ("d", 4), ("q", 8), ("ps", 4), ("pd", 8)] {
        let lanes = move |input: &In| input.dest / width;
        moves(m, &format!("permi2{suffix}"), width, move |input, i| {
            let index = get(&input.s[0], width, i) as usize;
            (1 + index / lanes(input) % 2, index % lanes(input))
        });
        // Indices in the first source, of the destination and the second source.
        moves(m, &format!("permt2{suffix}"), width, move |input, i| {
            let index = get(&input.s[1], width, i) as usize;
            (index / lanes(input) % 2 * 2, index % lanes(input))
        });
    }
    for (name, width) in [("alignd", 4), ("alignq", 8)] {
        moves(m, name, width, move |input, i| {
            let lanes = input.dest / width;
            let from = i + imm(input) % lanes;
            (if from < lanes { 1 } else { 0 }, from % lanes)
        });
    }
    m.whole("perm2f128 perm2i128", 8, |input| {
        let mut out = [0; 64];
        for (half, out) in out[..32].chunks_mut(16).enumerate() {
            let choice = imm(input) >> (4 * half);
            if choice & 8 == 0 {
                out.copy_from_slice(&input.s[choice >> 1 & 1][(choice & 1) * 16..][..16]);
            }
        }
        Out::vector(out, 4)
    });
    for (suffix, width) in [("f32x4", 4), ("i32x4", 4), ("f64x2", 8), ("i64x2", 8)] {
        moves(m, &format!("shuf{suffix}"), width, move |input, i| {
            let (part, parts) = (i * width / 16, input.dest / 16);
            let bits = parts / 2;
            let chosen = imm(input) >> (bits * part) & (parts - 1);
            (part / (parts / 2), chosen * 16 / width + i % (16 / width))
        });
    }
    for (suffix, width) in [("d", 4), ("q", 8), ("ps", 4), ("pd", 8)] {
        let stem = if suffix.starts_with('p') { "blendm" } else { "pblendm" };
        moves(m, &format!("{stem}{suffix}"), width, |_, i| (1, i)).otherwise = Some(0);
    }
}

/// Insertion and extraction of parts, and broadcasts of them.
fn parts(m: &mut Models) {
    for (suffix, width, part) in [
        ("f128", 8, 16),
        ("i128", 8, 16),
        ("f32x4", 4, 16),
        ("i32x4", 4, 16),
        ("f64x2", 8, 16),
        ("i64x2", 8, 16),
        ("f32x8", 4, 32),
        ("i32x8", 4, 32),
        ("f64x4", 8, 32),
        ("i64x4", 8, 32),
    ] {
        m.whole(&format!("insert{suffix}"), width, move |input| {
            let mut out = input.s[0];
            let place = imm(input) % (input.dest / part) * part;
            out[place..][..part].copy_from_slice(&input.s[1][..part]);
            Out::vector(out, input.dest / width)
        });
        m.whole(&format!("extract{suffix}"), width, move |input| {
            let mut out = [0; 64];
            let place = imm(input) % (input.source / part) * part;
            out[..part].copy_from_slice(&input.s[0][place..][..part]);
            Out::vector(out, part / width)
        });
        moves(m, &format!("broadcast{suffix}"), width, move |_, i| (0, i % (part / width)));
    }
    for (names, width, of) in [
        ("pbroadcastb", 1, 1),
        ("pbroadcastw", 2, 1),
        ("pbroadcastd broadcastss", 4, 1),
        ("pbroadcastq broadcastsd", 8, 1),
        ("broadcastf32x2 broadcasti32x2", 4, 2),
    ] {
        moves(m, names, width, move |_, i| (0, i % of));
    }
}

/// Single elements.
fn elements(m: &mut Models) {
    for (letter, width) in [('b', 1), ('w', 2), ('d', 4), ('q', 8)] {
        m.whole(&format!("pinsr{letter}"), width, move |input| {
            let mut out = input.s[0];
            put(&mut out, width, imm(input) % (input.segment() / width), get(&input.s[1], width, 0));
            Out::vector(out, 16 / width)
        });
        m.whole(&format!("pextr{letter}"), width, move |input| {
            Out::number(get(&input.s[0], width, imm(input) % (input.source / width)))
        });
    }
    m.whole("extractps", 4, |input| Out::number(get(&input.s[0], 4, imm(input) % 4)));
    m.whole("insertps", 4, |input| {
        let mut out = input.s[0];
        // Of memory there is one element, whatever the immediate says.
        let place = if input.memory { 0 } else { imm(input) >> 6 & 3 };
        put(&mut out, 4, imm(input) >> 4 & 3, get(&input.s[1], 4, place));
        (0..4).filter(|i| imm(input) >> i & 1 == 1).for_each(|i| put(&mut out, 4, i, 0));
        Out::vector(out, 4)
    });
    for (names, width) in [("pmovmskb", 1), ("movmskps", 4), ("movmskpd", 8)] {
        m.whole(names, 8, move |input| {
            let sign = |i: usize| get(&input.s[0], width, i) >> (8 * width - 1) & 1;
            Out::number((0..input.source / width).map(|i| sign(i) << i).sum())
        });
    }
    m.whole("movd", 4, |input| Out::vector(only(&input.s[0], 4), 1));
    m.whole("movq", 8, |input| Out::vector(only(&input.s[0], 8), 1));
    for (name, high, low) in [("movlhps", (1, 0), (0, 0)), ("movhlps", (0, 1), (1, 1))] {
        moves(m, name, 8, move |_, i| if i == 0 { low } else { high });
    }
    m.whole("ptest", 8, |input| {
        let [a, b] = [0, 1].map(|n| &input.s[n][..input.dest.max(input.source)]);
        let zero = a.iter().zip(b).all(|(a, b)| a & b == 0);
        let carry = a.iter().zip(b).all(|(a, b)| !a & b == 0);
        Out { flags: Some((u64::from(zero) << 6 | u64::from(carry), 0)), ..Out::number(0) }
    });
    m.whole("phminposuw", 8, |input| {
        let least = (0..8).map(|i| get(&input.s[0], 2, i) | (i as u64) << 16).min_by_key(|found| found & 0xFFFF);
        let mut out = [0; 64];
        put(&mut out, 8, 0, least.expect("of eight"));
        Out::vector(out, 1)
    });
}

fn only(bytes: &super::Bytes, width: usize) -> super::Bytes {
    let mut out = [0; 64];
    out[..width].copy_from_slice(&bytes[..width]);
    out
}

/// Moves of whole vectors.
fn plain(m: &mut Models) {
    for (names, width) in [
        ("movups movaps movdqa movdqu lddqu", 4),
        ("movupd movapd", 8),
        ("movdqa32 movdqu32", 4),
        ("movdqa64 movdqu64", 8),
        ("movdqu8", 1),
        ("movdqu16", 2),
        ("movntdqa", 8),
    ] {
        moves(m, names, width, |_, i| (0, i));
    }
}
