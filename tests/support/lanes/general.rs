//! General registers and flags.

use super::{In, Model, Models, Out, get};

pub const CARRY: u64 = 1;
pub const PARITY: u64 = 4;
pub const ADJUST: u64 = 0x10;
pub const ZERO: u64 = 0x40;
pub const SIGN: u64 = 0x80;
pub const OVERFLOW: u64 = 0x800;

/// An operation's inputs, cut to its size.
#[derive(Clone, Copy)]
pub struct G {
    pub a: u64,
    pub b: u64,
    pub bits: u32,
    pub flags: u64,
}

impl G {
    fn new(input: &In) -> G {
        let size = if input.dest == 0 { input.source } else { input.dest };
        let bits = 8 * size as u32;
        let source = |n: usize| input.s.get(n).map(|bytes| get(bytes, 8, 0));
        let b = source(1).or(input.imm).unwrap_or(0);
        let mut g = G { a: source(0).unwrap_or(0), b, bits, flags: input.flags };
        (g.a, g.b) = (g.cut(g.a), g.cut(g.b));
        g
    }

    pub fn cut(self, value: u64) -> u64 {
        value & u64::MAX >> (64 - self.bits)
    }

    pub fn top(self, value: u64) -> bool {
        value >> (self.bits - 1) & 1 == 1
    }

    pub fn signed(self, value: u64) -> i64 {
        (value as i64) << (64 - self.bits) >> (64 - self.bits)
    }

    pub fn carry(self) -> u64 {
        self.flags & CARRY
    }

    /// SF, ZF and PF.
    pub fn of(self, result: u64) -> u64 {
        let parity = (result as u8).count_ones().is_multiple_of(2);
        flag(SIGN, self.top(result)) | flag(ZERO, self.cut(result) == 0) | flag(PARITY, parity)
    }

    /// A sum and all its flags.
    pub fn sum(self, a: u64, b: u64, carry: u64) -> (u64, u64) {
        let wide = u128::from(a) + u128::from(b) + u128::from(carry);
        let result = self.cut(wide as u64);
        let overflow = self.top((a ^ result) & (b ^ result));
        let flags = flag(CARRY, wide >> self.bits != 0) | (a ^ b ^ result) & ADJUST | flag(OVERFLOW, overflow);
        (result, flags | self.of(result))
    }

    pub fn difference(self, a: u64, b: u64, borrow: u64) -> (u64, u64) {
        let result = self.cut(a.wrapping_sub(b).wrapping_sub(borrow));
        let carry = u128::from(a) < u128::from(b) + u128::from(borrow);
        let overflow = self.top((a ^ b) & (a ^ result));
        let flags = flag(CARRY, carry) | (a ^ b ^ result) & ADJUST | flag(OVERFLOW, overflow);
        (result, flags | self.of(result))
    }
}

pub fn flag(bit: u64, holds: bool) -> u64 {
    if holds { bit } else { 0 }
}

/// A result, its flags and which of them are undefined; no flags where they stay.
pub type Result = (u64, Option<(u64, u64)>);

pub fn general(m: &mut Models, name: &str, f: impl Fn(G) -> Result + 'static) {
    let function = move |input: &In| {
        let (value, flags) = f(G::new(input));
        Out { flags, ..Out::number(value) }
    };
    m.add(&[name.to_string()], Model::new(8, function));
}

fn defined((value, flags): (u64, u64)) -> Result {
    (value, Some((flags, 0)))
}

pub fn add(m: &mut Models) {
    general(m, "add", |g| defined(g.sum(g.a, g.b, 0)));
    general(m, "adc", |g| defined(g.sum(g.a, g.b, g.carry())));
    general(m, "sub", |g| defined(g.difference(g.a, g.b, 0)));
    general(m, "sbb", |g| defined(g.difference(g.a, g.b, g.carry())));
    general(m, "cmp", |g| defined(g.difference(g.a, g.b, 0)));
    general(m, "neg", |g| defined(g.difference(0, g.a, 0)));
    general(m, "not", |g| (!g.a, None));
    // The carry stays.
    general(m, "inc", |g| {
        let (value, flags) = g.sum(g.a, 1, 0);
        (value, Some((flags & !CARRY | g.carry(), 0)))
    });
    general(m, "dec", |g| {
        let (value, flags) = g.difference(g.a, 1, 0);
        (value, Some((flags & !CARRY | g.carry(), 0)))
    });
    for (name, f) in [
        ("and", (|a, b| a & b) as fn(u64, u64) -> u64),
        ("or", |a, b| a | b),
        ("xor", |a, b| a ^ b),
        ("test", |a, b| a & b),
    ] {
        general(m, name, move |g| (f(g.a, g.b), Some((g.of(f(g.a, g.b)), ADJUST))));
    }
    shifts(m);
    conditions(m);
    bits(m);
    // A carry of its own each, and no other flag.
    for (name, bit) in [("adcx", CARRY), ("adox", OVERFLOW)] {
        general(m, name, move |g| {
            let (value, flags) = g.sum(g.a, g.b, u64::from(g.flags & bit != 0));
            (value, Some((g.flags & !bit | flag(bit, flags & CARRY != 0), 0)))
        });
    }
}

fn shifts(m: &mut Models) {
    let count = |g: G| g.b as u8 as u32 & if g.bits == 64 { 63 } else { 31 };
    for (name, left, signed) in [("shl", true, false), ("shr", false, false), ("sar", false, true)] {
        general(m, name, move |g| {
            let n = count(g);
            if n == 0 {
                return (g.a, None);
            }
            let a = if signed { i128::from(g.signed(g.a)) } else { i128::from(g.a) };
            let (result, last) = if left { (a << n, a << n >> g.bits & 1) } else { (a >> n, a >> (n - 1) & 1) };
            let result = g.cut(result as u64);
            let overflow = match (left, signed) {
                (true, _) => g.top(result) != (last == 1),
                (false, false) => g.top(g.a),
                (false, true) => false,
            };
            let flags = g.of(result) | flag(CARRY, last == 1) | flag(OVERFLOW, overflow);
            let undefined = ADJUST | flag(OVERFLOW, n != 1) | flag(CARRY, !signed && n >= g.bits);
            (result, Some((flags, undefined)))
        });
    }
    for (name, left) in [("rol", true), ("ror", false)] {
        general(m, name, move |g| {
            let n = count(g);
            if n == 0 {
                return (g.a, None);
            }
            let turn = if left { n % g.bits } else { (g.bits - n % g.bits) % g.bits };
            let result = g.cut((u128::from(g.a) << turn | u128::from(g.a) << turn >> g.bits) as u64);
            let carry = if left { result & 1 == 1 } else { g.top(result) };
            let overflow = if left { g.top(result) != carry } else { g.top(result) != g.top(result << 1) };
            let kept = g.flags & !(CARRY | OVERFLOW);
            (result, Some((kept | flag(CARRY, carry) | flag(OVERFLOW, overflow), flag(OVERFLOW, n != 1))))
        });
    }
    general(m, "shlx", move |g| (g.a << count(g), None));
    general(m, "shrx", move |g| (g.a >> count(g), None));
    general(m, "sarx", move |g| ((g.signed(g.a) >> count(g)) as u64, None));
    general(m, "rorx", move |g| {
        let n = count(g);
        ((u128::from(g.a) << g.bits >> n | u128::from(g.a) >> n) as u64, None)
    });
}

fn conditions(m: &mut Models) {
    let names = ["o", "b", "e", "be", "s", "p", "l", "le"];
    let opposites = ["no", "ae", "ne", "a", "ns", "np", "ge", "g"];
    for number in 0..8 {
        let holds = move |flags: u64| {
            let is = |bit: u64| flags & bit != 0;
            match number {
                0 => is(OVERFLOW),
                1 => is(CARRY),
                2 => is(ZERO),
                3 => is(CARRY) || is(ZERO),
                4 => is(SIGN),
                5 => is(PARITY),
                6 => is(SIGN) != is(OVERFLOW),
                _ => is(ZERO) || is(SIGN) != is(OVERFLOW),
            }
        };
        for (name, wanted) in [(names[number], true), (opposites[number], false)] {
            general(m, &format!("set{name}"), move |g| (u64::from(holds(g.flags) == wanted), None));
            general(m, &format!("cmov{name}"), move |g| (if holds(g.flags) == wanted { g.b } else { g.a }, None));
        }
    }
}

fn bits(m: &mut Models) {
    // Without AF and PF, which are undefined.
    let logic = |g: G, value: u64, carry: bool| {
        let value = g.cut(value);
        (value, Some((g.of(value) | flag(CARRY, carry), ADJUST | PARITY)))
    };
    general(m, "andn", move |g| logic(g, !g.a & g.b, false));
    general(m, "blsr", move |g| logic(g, g.a & g.a.wrapping_sub(1), g.a == 0));
    general(m, "blsi", move |g| logic(g, g.a & g.a.wrapping_neg(), g.a != 0));
    general(m, "blsmsk", move |g| logic(g, g.a ^ g.a.wrapping_sub(1), g.a == 0));
    general(m, "bzhi", move |g| {
        let n = g.b as u8;
        let value = if u32::from(n) < g.bits { g.a & ((1 << n) - 1) } else { g.a };
        logic(g, value, u32::from(n) >= g.bits)
    });
    general(m, "bextr", move |g| {
        let (start, length) = (g.b as u8, (g.b >> 8) as u8);
        let from = if start < 64 { g.a >> start } else { 0 };
        let value = if length < 64 { from & ((1 << length) - 1) } else { from };
        (value, Some((flag(ZERO, value == 0), ADJUST | PARITY | SIGN)))
    });
    general(m, "pdep", |g| {
        let places = (0..g.bits).filter(|place| g.b >> place & 1 == 1);
        (places.enumerate().map(|(i, place)| (g.a >> i & 1) << place).sum(), None)
    });
    general(m, "pext", |g| {
        let places = (0..g.bits).filter(|place| g.b >> place & 1 == 1);
        (places.enumerate().map(|(i, place)| (g.a >> place & 1) << i).sum(), None)
    });
    general(m, "popcnt", |g| (g.a.count_ones().into(), Some((flag(ZERO, g.a == 0), 0))));
    for (name, leading) in [("lzcnt", true), ("tzcnt", false)] {
        general(m, name, move |g| {
            let zeros = if leading { g.a.leading_zeros() - (64 - g.bits) } else { g.a.trailing_zeros().min(g.bits) };
            let flags = flag(CARRY, g.a == 0) | flag(ZERO, zeros == 0);
            (zeros.into(), Some((flags, OVERFLOW | SIGN | ADJUST | PARITY)))
        });
    }
}
