//! Branches and loads of literals, a machine that executes them, and what it must find.

use tailfirst::{Align, Code, Direction, Down, Label, Up, aarch64::*};

pub const NOP: u32 = 0xD503_201F;

/// A call that refers to a label, in either direction.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub down: fn(&mut Encoder<'_>, Label),
    pub up: fn(&mut Assembler<'_>, Label),
}

/// A [`Place`] of what is written as one function for both.
macro_rules! place {
    (|$enc:ident, $label:ident| $call:expr) => {
        $crate::ranges::machine::Place { down: |$enc, $label| $call, up: |$enc, $label| $call }
    };
}
#[allow(unused_imports)] // Not every test file places by it.
pub(crate) use place;

/// A direction that calls can be made in.
pub trait Way: Direction {
    const IS_UP: bool;

    fn place(place: Place, enc: &mut Emitter<'_, Self>, label: Label);
}

impl Way for Down {
    const IS_UP: bool = false;

    fn place(place: Place, enc: &mut Encoder<'_>, label: Label) {
        (place.down)(enc, label);
    }
}

impl Way for Up {
    const IS_UP: bool = true;

    fn place(place: Place, asm: &mut Assembler<'_>, label: Label) {
        (place.up)(asm, label);
    }
}

/// A branch: its word without the distance, how far down it reaches, and the call.
#[derive(Debug, Clone, Copy)]
pub struct Branch {
    pub word: u32,
    pub down: usize,
    pub place: Place,
}

impl Branch {
    /// How far it reaches to what was placed before.
    pub fn back<D: Way>(self) -> usize {
        if D::IS_UP { self.down } else { self.down - 4 }
    }
}

pub const BIT: UImm<6, 0> = match UImm::new(37) {
    Some(bit) => bit,
    None => panic!("six bits"),
};
pub const SEVEN: UImm<6, 0> = match UImm::new(7) {
    Some(number) => number,
    None => panic!("six bits"),
};

pub const KIB: usize = 1 << 10;
pub const MIB: usize = 1 << 20;

macro_rules! branches {
    ($($word:literal $down:expr, $name:ident($($operand:expr),*);)*) => {
        [$(Branch { word: $word, down: $down, place: place!(|enc, label| enc.$name($($operand,)* label)) }),*]
    };
}

/// From those that reach farthest, which are the plainest.
pub const BRANCHES: [Branch; 40] = branches! {
    0x1400_0000 128 * MIB, b();
    0x9400_0000 128 * MIB, bl();
    0x5400_0000 MIB, b_cond(Cond::EQ);
    0x5400_0001 MIB, b_cond(Cond::NE);
    0x5400_0009 MIB, b_cond(Cond::LS);
    0x5400_000C MIB, b_cond(Cond::GT);
    0x5400_000E MIB, b_cond(Cond::AL);
    0x5400_000F MIB, b_cond(Cond::NV);
    0x5400_001B MIB, bc_cond(Cond::LT);
    0x5400_001E MIB, bc_cond(Cond::AL);
    0xB400_0001 MIB, cbz_x(X1);
    0x3400_0001 MIB, cbz_w(W1);
    0xB500_0001 MIB, cbnz_x(X1);
    0x3500_0001 MIB, cbnz_w(W1);
    0xB628_0001 32 * KIB, tbz(X1, BIT);
    0xB728_0001 32 * KIB, tbnz(X1, BIT);
    0xF402_0001 KIB, cbgt_x(X1, X2);
    0xF422_0001 KIB, cbge_x(X1, X2);
    0xF442_0001 KIB, cbhi_x(X1, X2);
    0xF462_0001 KIB, cbhs_x(X1, X2);
    0xF4C2_0001 KIB, cbeq_x(X1, X2);
    0xF4E2_0001 KIB, cbne_x(X1, X2);
    0x7402_0001 KIB, cbgt_w(W1, W2);
    0x7462_0001 KIB, cbhs_w(W1, W2);
    0x7402_8001 KIB, cbbgt(W1, W2);
    0x7422_8001 KIB, cbbge(W1, W2);
    0x7442_8001 KIB, cbbhi(W1, W2);
    0x74C2_8001 KIB, cbbeq(W1, W2);
    0x7402_C001 KIB, cbhgt(W1, W2);
    0x7442_C001 KIB, cbhhi(W1, W2);
    0x7462_C001 KIB, cbhhs(W1, W2);
    0x74E2_C001 KIB, cbhne(W1, W2);
    0xF503_8001 KIB, cbgt_x_imm(X1, SEVEN);
    0xF523_8001 KIB, cblt_x_imm(X1, SEVEN);
    0xF543_8001 KIB, cbhi_x_imm(X1, SEVEN);
    0xF563_8001 KIB, cblo_x_imm(X1, SEVEN);
    0xF5C3_8001 KIB, cbeq_x_imm(X1, SEVEN);
    0xF5E3_8001 KIB, cbne_x_imm(X1, SEVEN);
    0x7503_8001 KIB, cbgt_w_imm(W1, SEVEN);
    0x75E3_8001 KIB, cbne_w_imm(W1, SEVEN);
};

/// What branches depend on: the flags N, Z, C and V from bit 3 down, and two registers.
#[derive(Debug, Clone, Copy)]
pub struct State {
    pub flags: u32,
    pub x1: u64,
    pub x2: u64,
}

pub fn states() -> Vec<State> {
    let numbers = [0, 6, 7, 8, 0x80, 0x8007, 1 << 37, 0xFFFF_FFFF, u64::MAX];
    let registers = numbers.iter().flat_map(|&x1| numbers.iter().map(move |&x2| (x1, x2)));
    registers.enumerate().map(|(i, (x1, x2))| State { flags: i as u32 & 15, x1, x2 }).collect()
}

pub fn signed(value: u32, bits: u32) -> i64 {
    i64::from((value << (32 - bits)) as i32 >> (32 - bits))
}

/// Whether a branch is taken, and how far it goes in bytes; `None` of another instruction.
pub fn decode(word: u32, state: State) -> Option<(bool, i64)> {
    let register = |number: u32| match number {
        1 => state.x1,
        2 => state.x2,
        31 => 0,
        _ => panic!("no other register is used: {word:#x}"),
    };
    let is_64 = word >> 31 == 1;
    let cut = |value: u64| if is_64 { value } else { value & 0xFFFF_FFFF };
    let far = 4 * signed(word >> 5 & 0x7_FFFF, 19);
    Some(match word >> 24 & 0x7F {
        0x14..=0x17 => (true, 4 * signed(word & 0x3FF_FFFF, 26)),
        0x54 if !is_64 => {
            let [n, z, c, v] = [8, 4, 2, 1].map(|flag| state.flags & flag != 0);
            let holds = match word >> 1 & 7 {
                0 => z,
                1 => c,
                2 => n,
                3 => v,
                4 => c && !z,
                5 => n == v,
                6 => n == v && !z,
                _ => true,
            };
            (holds ^ (word & 1 == 1 && word & 15 != 15), far)
        }
        0x34 => (cut(register(word & 31)) == 0, far),
        0x35 => (cut(register(word & 31)) != 0, far),
        test @ (0x36 | 0x37) => {
            let bit = word >> 31 << 5 | word >> 19 & 31;
            (register(word & 31) >> bit & 1 == u64::from(test & 1), 4 * signed(word >> 5 & 0x3FFF, 14))
        }
        kind @ (0x74 | 0x75) => {
            let (condition, distance) = (word >> 21 & 7, 4 * signed(word >> 5 & 0x1FF, 9));
            let (a, b) = (register(word & 31), if kind == 0x74 { register(word >> 16 & 31) } else { 0 });
            let (a, b, bits) = match (kind, word >> 14 & 3) {
                (0x75, _) => (cut(a), u64::from(word >> 15 & 63), if is_64 { 64 } else { 32 }),
                (_, 2) => (a & 0xFF, b & 0xFF, 8),
                (_, 3) => (a & 0xFFFF, b & 0xFFFF, 16),
                _ => (cut(a), cut(b), if is_64 { 64 } else { 32 }),
            };
            let sign = |value: u64| (value << (64 - bits)) as i64 >> (64 - bits);
            let taken = match (condition, kind) {
                (0, _) => sign(a) > sign(b),
                (1, 0x74) => sign(a) >= sign(b),
                (1, _) => sign(a) < sign(b),
                (2, _) => a > b,
                (3, 0x74) => a >= b,
                (3, _) => a < b,
                (6, _) => a == b,
                (7, _) => a != b,
                _ => panic!("not allocated: {word:#x}"),
            };
            (taken, distance)
        }
        _ => return None,
    })
}

/// An instruction that refers to a constant of so many bytes.
pub type Load = (usize, Place);

pub const LOADS: [Load; 5] = [
    (8, place!(|enc, label| enc.ldr_d_lit(D3, label))),
    (4, place!(|enc, label| enc.ldr_w_lit(W3, label))),
    (16, place!(|enc, label| enc.ldr_q_lit(Q3, label))),
    (8, place!(|enc, label| enc.ldr_x_lit(X3, label))),
    (8, place!(|enc, label| enc.adr(X3, label))),
];

/// A load that was placed, and what it is to find.
pub struct Loaded {
    /// Its start, or if code grows up its end: before it there may be an island.
    own: Label,
    is_up: bool,
    bytes: Vec<u8>,
    align: Align,
}

/// The constant of so many bytes with a number, as aligned as it is asked for, and a load of it.
pub fn load<D: Way>(enc: &mut Emitter<'_, D>, (len, place): Load, number: u64, align: Align) -> Loaded {
    let bytes: Vec<u8> = number.to_le_bytes().into_iter().cycle().take(len).collect();
    let label = enc.constant(&bytes, align).expect("it is short");
    D::place(place, enc, label);
    Loaded { own: enc.here(), is_up: D::IS_UP, bytes, align }
}

/// Whether all loads find their constants.
pub fn check_loads(code: &Code<'_, A64>, loaded: &[Loaded]) {
    // Aligned is what is so from the base, where growth began: the other end asks for nothing.
    let base = if code.end_alignment() > 1 { code.bytes().len() as i64 } else { 0 };
    for Loaded { own, is_up, bytes, align } in loaded {
        let own = code.offset_of(*own).expect("bound") - if *is_up { 4 } else { 0 };
        let word = word_at(code.bytes(), own);
        let distance = match word {
            _ if word & 0x3B00_0000 == 0x1800_0000 => 4 * signed(word >> 5 & 0x7_FFFF, 19),
            _ if word & 0x9F00_0000 == 0x1000_0000 => signed((word >> 5 & 0x7_FFFF) << 2 | word >> 29 & 3, 21),
            _ => panic!("no load: {word:#x}"),
        };
        let at = (own as i64 + distance) as usize;
        assert_eq!(code.bytes()[at..at + bytes.len()], *bytes, "at {own:#x}, {distance} bytes away");
        assert_eq!((base - at as i64) % i64::from(align.bytes()), 0, "at {own:#x}");
    }
}

pub fn word_at(code: &[u8], at: usize) -> u32 {
    let bytes = code[at..at + 4].first_chunk().expect("four bytes");
    u32::from_le_bytes(*bytes)
}

/// Where control gets from `at`: to one of the two ends. Panics where that is neither, and where it would be by another
/// instruction than those of a gap, if there is one.
pub fn follow(code: &[u8], mut at: usize, state: State, ends: [usize; 2], has_gap: bool) -> usize {
    for step in 0..100_000 {
        // A branch may lead to itself, so the first step is taken.
        if ends.contains(&at) && step > 0 {
            return at;
        }
        match decode(word_at(code, at), state) {
            Some((true, distance)) => at = (at as i64 + distance) as usize,
            Some((false, _)) => at += 4,
            None if has_gap && word_at(code, at) == NOP => at += 4,
            None => panic!("at {at:#x} is {:#010x}, on the way to {ends:x?}", word_at(code, at)),
        }
    }
    panic!("a loop, on the way to {ends:x?}")
}

/// What was placed, and is to be followed.
#[derive(Debug, Clone, Copy)]
pub struct Placed {
    /// Where the instruction starts, and where the next one begins, which is above.
    pub own: Label,
    pub next: Label,
    /// A branch and its label; other instructions and data have a length.
    pub what: Result<(Branch, Label), usize>,
    /// Whether a gap may lie between it and the next one.
    pub has_gap: bool,
    /// Whether code grows up: what comes between is then before it, and else behind it.
    pub is_up: bool,
}

/// Whether all branches get where they should, and all else to what is above it.
pub fn check(code: &Code<'_, A64>, placed: &[Placed]) {
    let states = states();
    let bytes = code.bytes();
    let offset = |label| code.offset_of(label).expect("bound");
    for &Placed { own, next, what, has_gap, is_up } in placed {
        let (own, next) = (offset(own), offset(next));
        match what {
            Ok((branch, label)) => {
                let label = offset(label);
                for &state in &states {
                    let (taken, _) = decode(branch.word, state).expect("a branch");
                    let expected = if taken { label } else { next };
                    assert_eq!(
                        follow(bytes, own, state, [label, next], has_gap),
                        expected,
                        "{:#x} {state:x?}",
                        branch.word
                    );
                }
                if branch.word >> 26 == 0x25 && own + 4 != next && !is_up {
                    assert_eq!(follow(bytes, own + 4, states[0], [next, next], has_gap), next, "back from the call");
                }
            }
            Err(len) => {
                let (from, to) = if is_up { (own, next - len) } else { (own + len, next) };
                if from != to {
                    assert_eq!(follow(bytes, from, states[0], [to, to], has_gap), to, "past an island");
                }
            }
        }
    }
}

/// Places something, and notes where.
pub fn noted<D: Way>(
    enc: &mut Emitter<'_, D>,
    what: Result<(Branch, Label), usize>,
    place: impl FnOnce(&mut Emitter<'_, D>),
) -> Placed {
    let before = enc.here();
    place(enc);
    let has_gap = enc.pos_of(before).is_none();
    let after = enc.here();
    let (own, next) = if D::IS_UP { (before, after) } else { (after, before) };
    Placed { own, next, what, has_gap, is_up: D::IS_UP }
}

/// Places a branch, and notes where.
pub fn refer<D: Way>(enc: &mut Emitter<'_, D>, branch: Branch, label: Label) -> Placed {
    noted(enc, Ok((branch, label)), |enc| D::place(branch.place, enc, label))
}
