//! Branches near and beyond their reach, against a machine that follows them.
//!
//! A program is placed in many ways (branches up and down, islands in the way, blocks, data, what is rolled back). The reference does not lay code out: it is a small
//! interpreter of branches, written from the manual's diagrams. From each branch, in each state of flags and registers, it must get to the branch's label where the
//! instruction that was asked for branches, and to the instruction above where that does not.

#[allow(dead_code)] // only a part of it is needed here
#[path = "support/x64/choices.rs"]
mod choices;

use choices::Choices;
use quickcheck::TestResult;
use tailfirst::{
    Align, FinishError, Label, Range, SiteKind, Symbol,
    aarch64::{Encoder, *},
};

const NOP: u32 = 0xD503_201F;

type Place = fn(&mut Encoder<'_>, Label);

/// A branch: its word without the distance, how far down it reaches, and the call.
#[derive(Clone, Copy)]
struct Branch {
    word: u32,
    down: usize,
    place: Place,
}

const BIT: UImm<6, 0> = match UImm::new(37) {
    Some(bit) => bit,
    None => panic!("six bits"),
};
const SEVEN: UImm<6, 0> = match UImm::new(7) {
    Some(number) => number,
    None => panic!("six bits"),
};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

macro_rules! branches {
    ($($word:literal $down:expr, $name:ident($($operand:expr),*);)*) => {
        [$(Branch { word: $word, down: $down, place: |enc, label| enc.$name($($operand,)* label) }),*]
    };
}

/// From those that reach farthest, which are the plainest.
const BRANCHES: [Branch; 40] = branches! {
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
struct State {
    flags: u32,
    x1: u64,
    x2: u64,
}

fn states() -> Vec<State> {
    let numbers = [0, 6, 7, 8, 0x80, 0x8007, 1 << 37, 0xFFFF_FFFF, u64::MAX];
    let registers = numbers.iter().flat_map(|&x1| numbers.iter().map(move |&x2| (x1, x2)));
    registers.enumerate().map(|(i, (x1, x2))| State { flags: i as u32 & 15, x1, x2 }).collect()
}

fn signed(value: u32, bits: u32) -> i64 {
    i64::from((value << (32 - bits)) as i32 >> (32 - bits))
}

/// Whether a branch is taken, and how far it goes in bytes; `None` of another instruction.
fn decode(word: u32, state: State) -> Option<(bool, i64)> {
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
type Load = (usize, Place);

const LOADS: [Load; 5] = [
    (8, |enc, label| enc.ldr_d_lit(D3, label)),
    (4, |enc, label| enc.ldr_w_lit(W3, label)),
    (16, |enc, label| enc.ldr_q_lit(Q3, label)),
    (8, |enc, label| enc.ldr_x_lit(X3, label)),
    (8, |enc, label| enc.adr(X3, label)),
];

/// A load that was placed, and what it is to find.
struct Loaded {
    own: Label,
    bytes: Vec<u8>,
    align: Align,
}

/// The constant of so many bytes with a number, as aligned as it is asked for, and a load of it.
fn load(enc: &mut Encoder<'_>, (len, place): Load, number: u64, align: Align) -> Loaded {
    let bytes: Vec<u8> = number.to_le_bytes().into_iter().cycle().take(len).collect();
    let label = enc.constant(&bytes, align).expect("it is short");
    place(enc, label);
    Loaded { own: enc.here(), bytes, align }
}

/// Whether all loads find their constants.
fn check_loads(code: &tailfirst::Code<'_, A64>, loaded: &[Loaded]) {
    for Loaded { own, bytes, align } in loaded {
        let own = code.offset_of(*own).expect("bound");
        let word = word_at(code.bytes(), own);
        let distance = match word {
            _ if word & 0x3B00_0000 == 0x1800_0000 => 4 * signed(word >> 5 & 0x7_FFFF, 19),
            _ if word & 0x9F00_0000 == 0x1000_0000 => signed((word >> 5 & 0x7_FFFF) << 2 | word >> 29 & 3, 21),
            _ => panic!("no load: {word:#x}"),
        };
        let at = (own as i64 + distance) as usize;
        assert_eq!(code.bytes()[at..at + bytes.len()], *bytes, "at {own:#x}, {distance} bytes away");
        assert_eq!((code.bytes().len() - at) % align.bytes() as usize, 0, "at {own:#x}");
    }
}

fn word_at(code: &[u8], at: usize) -> u32 {
    let bytes = code[at..at + 4].first_chunk().expect("four bytes");
    u32::from_le_bytes(*bytes)
}

/// Where control gets from `at`: to one of the two ends. Panics where that is neither, and where it would be by another instruction than those of a gap, if there is one.
fn follow(code: &[u8], mut at: usize, state: State, ends: [usize; 2], has_gap: bool) -> usize {
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
#[derive(Clone, Copy)]
struct Placed {
    /// The instruction's start, and where the next one begins: what was placed above.
    own: Label,
    next: Label,
    /// A branch and its label; other instructions and data have a length.
    what: Result<(Branch, Label), usize>,
    /// Whether an aligned block around has begun anew between it and the next one, which leaves a gap.
    has_gap: bool,
}

/// Whether all branches get where they should, and all else to what is above it.
fn check(code: &tailfirst::Code<'_, A64>, placed: &[Placed]) {
    let states = states();
    let bytes = code.bytes();
    let offset = |label| code.offset_of(label).expect("bound");
    for &Placed { own, next, what, has_gap } in placed {
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
                if branch.word >> 26 == 0x25 && own + 4 != next {
                    assert_eq!(follow(bytes, own + 4, states[0], [next, next], has_gap), next, "back from the call");
                }
            }
            Err(len) if own + len != next => {
                assert_eq!(follow(bytes, own + len, states[0], [next, next], has_gap), next, "past an island");
            }
            Err(_) => {}
        }
    }
}

/// Places something, and notes where.
fn noted(enc: &mut Encoder<'_>, what: Result<(Branch, Label), usize>, place: impl FnOnce(&mut Encoder<'_>)) -> Placed {
    let next = enc.here();
    place(enc);
    let has_gap = enc.pos_of(next).is_none();
    Placed { own: enc.here(), next, what, has_gap }
}

/// A branch, `nops`, and the label, or the other way round.
fn near(enc: &mut Encoder<'_>, branch: Branch, nops: usize, is_up: bool) -> Vec<Placed> {
    enc.clear();
    enc.nop();
    let label = if is_up { enc.here() } else { enc.label() };
    let mut placed = Vec::new();
    if !is_up {
        placed.push(noted(enc, Ok((branch, label)), |enc| (branch.place)(enc, label)));
    }
    for _ in 0..nops {
        // Of a million nops, only the last ones are worth a note.
        enc.nop();
    }
    if is_up {
        placed.push(noted(enc, Ok((branch, label)), |enc| (branch.place)(enc, label)));
    } else {
        enc.bind(label);
    }
    placed
}

#[test]
fn a_bound_label_is_reached_directly_up_to_the_limit_and_by_a_veneer_beyond() {
    let mut enc = Encoder::new();
    for branch in BRANCHES.into_iter().filter(|branch| branch.down < 128 * MIB) {
        let limit = branch.down / 4 - 1;
        // How many instructions stand for it beyond: an inverted one and B; B alone; none can be inverted.
        let veneer = match branch.word {
            word if word >> 24 == 0x54 && word & 0xE == 0xE => 1,
            word if word >> 24 & 0x7F == 0x75 && word >> 22 & 3 != 3 => 3,
            _ => 2,
        };
        for (distance, words) in
            [(limit - 1, 1), (limit, 1), (limit + 1, veneer), (limit + 2, veneer), (2 * limit, veneer)]
        {
            let placed = near(&mut enc, branch, distance - 1, true);
            let code = enc.finish().expect("in reach of a veneer");
            assert_eq!(code.bytes().len() / 4, 1 + distance - 1 + words, "{:#x} at {distance}", branch.word);
            check(&code, &placed);
        }
    }
}

#[test]
fn a_pending_label_is_reached_directly_up_to_the_deadline_and_by_an_island_beyond() {
    let mut enc = Encoder::new();
    for branch in BRANCHES.into_iter().filter(|branch| branch.down < 128 * MIB) {
        let limit = branch.down / 4;
        let deadline = limit / 8 * 7;
        for (nops, island) in [
            (deadline - 1, 0),
            (deadline, 0),
            (deadline + 1, 2),
            (limit - 3, 2),
            (limit - 2, 2),
            (limit - 1, 2),
            (limit, 2),
            (limit + 1, 2),
            (2 * limit, 2),
        ] {
            let placed = near(&mut enc, branch, nops, false);
            let code = enc.finish().expect("in reach of an island");
            assert_eq!(code.bytes().len() / 4, 2 + nops + island, "{:#x} at {nops}", branch.word);
            check(&code, &placed);
        }
    }
}

/// Memory that costs nothing until it is touched.
fn memory(bytes: usize) -> memmap2::MmapMut {
    memmap2::MmapMut::map_anon(bytes).expect("virtual memory")
}

/// So many bytes of nops, as data.
struct Filler(Vec<u8>);

impl Filler {
    fn new() -> Self {
        Filler(NOP.to_le_bytes().repeat(16 * MIB))
    }

    /// In pieces that a B reaches over.
    fn place(&self, enc: &mut Encoder<'_>, words: usize, placed: &mut Vec<Placed>) {
        let mut left = 4 * words;
        while left > 0 {
            let len = left.min(self.0.len());
            placed.push(noted(enc, Err(len), |enc| enc.data(&self.0[..len])));
            left -= len;
            if left > 0 {
                placed.push(noted(enc, Err(4), |enc| enc.nop()));
                left -= 4;
            }
        }
    }
}

#[test]
fn b_and_bl_go_on_from_island_to_island() {
    let filler = Filler::new();
    let mut memory = memory(300 * MIB);
    for (branch, words) in [(BRANCHES[0], 32 * MIB - 1), (BRANCHES[1], 32 * MIB + 1), (BRANCHES[14], 72 * MIB)] {
        let mut enc = Encoder::in_slice(&mut memory);
        let mut placed = near(&mut enc, branch, 0, false);
        // As `near` does, with a label that is bound much later.
        let label = enc.label();
        placed.push(noted(&mut enc, Ok((branch, label)), |enc| (branch.place)(enc, label)));
        filler.place(&mut enc, words, &mut placed);
        enc.bind(label);
        check(&enc.finish().expect("islands lead to it"), &placed);
    }
}

/// The address that `adr` and perhaps `add` make, and what is read there: registers' numbers, the load's word without registers.
fn follow_address(code: &[u8], at: usize) -> (u32, i64, Option<u32>) {
    let word = |index: usize| u32::from_le_bytes(code[at + 4 * index..][..4].try_into().expect("four bytes"));
    let (adr, add) = (word(0), word(1));
    assert_eq!(adr & 0x9F00_0000, 0x1000_0000, "adr");
    let low = (i64::from(adr >> 5 & 0x7_FFFF) << 2 | i64::from(adr >> 29 & 3)) << 43 >> 43;
    let register = adr & 31;
    // ADD (immediate), 64 bits, shifted by 12.
    assert_eq!(add & 0xFFC0_0000, 0x9140_0000, "add");
    assert_eq!((add & 31, add >> 5 & 31), (register, register));
    let to = at as i64 + low + (i64::from(add >> 10 & 0xFFF) << 12);
    let load = word(2);
    let is_load = load & 0x3F00_0000 == 0x3900_0000 && (load & 31, load >> 5 & 31) == (register, register);
    (register, to, is_load.then_some(load & !0x3FF))
}

#[test]
fn addresses_and_literals_above_reach_16_mib() {
    let others: [(Option<u32>, Place); 4] = [
        (None, |enc, label| enc.adr(X3, label)),
        (Some(0xF940_0000), |enc, label| enc.ldr_x_lit(X3, label)),
        (Some(0xB940_0000), |enc, label| enc.ldr_w_lit(W3, label)),
        (Some(0xB980_0000), |enc, label| enc.ldrsw_x_lit(X3, label)),
    ];
    for (load, place) in others {
        for gap in [MIB, MIB + 4, 3 * MIB - 4, 16 * MIB - 12, 16 * MIB - 8, 16 * MIB - 4] {
            let mut enc = Encoder::new();
            enc.data(b"literal.");
            let label = enc.here();
            enc.nops(gap);
            place(&mut enc, label);
            let words = 2 + usize::from(load.is_some());
            let is_far = gap + 4 * words >= 16 * MIB;
            match enc.finish() {
                Ok(code) => {
                    assert!(!is_far, "{gap:#x}");
                    let to = code.offset_of(label).expect("it is bound") as i64;
                    assert_eq!(code.bytes().len(), 8 + gap + 4 * words);
                    assert_eq!(follow_address(code.bytes(), 0), (3, to, load), "{gap:#x}");
                }
                Err(FinishError::OutOfRange { distance, .. }) => {
                    assert!(is_far, "{gap:#x}");
                    assert_eq!(distance, gap as i64 + 4);
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}

/// Downward nothing is out of reach but what is no branch, upward nothing but a load that has no register for an address and what is farther than a B.
#[test]
fn what_nothing_can_help_is_out_of_range() {
    let imm19 = Range { low: -1_048_576, high: 1_048_572, step: 4 };
    let adr = Range { low: -1_048_576, high: 1_048_575, step: 1 };
    let others: [(bool, Range, Place); 5] = [
        (true, imm19, |enc, label| enc.ldr_x_lit(X3, label)),
        (false, imm19, |enc, label| enc.ldr_x_lit(XZR, label)),
        (false, imm19, |enc, label| enc.ldr_d_lit(D3, label)),
        (true, imm19, |enc, label| enc.ldrsw_x_lit(X3, label)),
        (true, adr, |enc, label| enc.adr(X3, label)),
    ];
    for (has_register, range, place) in others {
        for beyond in [false, true] {
            let mut enc = Encoder::new();
            enc.nop();
            let label = enc.here();
            (0..MIB / 4 - 2 + usize::from(beyond)).for_each(|_| enc.nop());
            place(&mut enc, label);
            let at = MIB as u32 + 4 * u32::from(beyond);
            let problem = FinishError::OutOfRange { label, at, distance: MIB as i64, range };
            assert_eq!(enc.finish().map(drop), if beyond && !has_register { Err(problem) } else { Ok(()) });

            // In a block, too.
            let mut enc = Encoder::new();
            enc.nop();
            let label = enc.here();
            enc.nops(MIB - 8 + 4 * usize::from(beyond));
            enc.forward(|asm| place(asm, label));
            assert_eq!(enc.finish().map(drop), if beyond { Err(problem) } else { Ok(()) });

            let mut enc = Encoder::new();
            let label = enc.label();
            place(&mut enc, label);
            (0..MIB / 4 + usize::from(beyond)).for_each(|_| enc.nop());
            enc.bind(label);
            let problem = FinishError::OutOfRange { label, at: 4, distance: -(MIB as i64) - 4, range };
            assert_eq!(enc.finish().map(drop), if beyond { Err(problem) } else { Ok(()) });
        }
    }
    let filler = Filler::new();
    let mut memory = memory(160 * MIB);
    for branch in [BRANCHES[0], BRANCHES[2]] {
        for beyond in [0, 1] {
            let mut enc = Encoder::in_slice(&mut memory);
            enc.nop();
            let label = enc.here();
            let mut placed = Vec::new();
            filler.place(&mut enc, 32 * MIB - 2 + beyond, &mut placed);
            placed.push(noted(&mut enc, Ok((branch, label)), |enc| (branch.place)(enc, label)));
            let range = Range { low: -134_217_728, high: 134_217_724, step: 4 };
            let distance = 128 * MIB as i64;
            match enc.finish() {
                Ok(code) if beyond == 0 => check(&code, &placed),
                Err(problem) if beyond == 1 => {
                    let at = 128 * MIB as u32 + 4;
                    assert_eq!(problem, FinishError::OutOfRange { label, at, distance, range });
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// No island comes into a gap, behind it before what it was made for, into a site or a field of data, or between the constants of a pool.
#[test]
fn what_belongs_together_stays_so() {
    const ALIGN: Align = Align::of::<64>();
    let branch = BRANCHES[16];
    for (nops, service) in (150..260).flat_map(|nops| (0..6).map(move |service| (nops, service))) {
        let mut enc = Encoder::new();
        let case = format!("service {service} after {nops} nops");
        let mut placed = near(&mut enc, branch, 0, false);
        let label = enc.label();
        placed.push(noted(&mut enc, Ok((branch, label)), |enc| (branch.place)(enc, label)));
        enc.nops(4 * nops);
        let (mut point, mut offset, mut constants) = (None, None, Vec::new());
        let gap = |enc: &mut Encoder<'_>, is_code: bool| {
            if is_code {
                enc.align_code(ALIGN)
            } else {
                enc.align(ALIGN)
            }
            let end = enc.pos().from_end();
            assert_eq!(end % 64, 0, "{case}");
            if is_code {
                enc.nop()
            } else {
                enc.data_u32(1)
            }
            assert_eq!(enc.pos().from_end(), end + 4, "{case}");
        };
        match service {
            0 => gap(&mut enc, true),
            1 => gap(&mut enc, false),
            2 => point = Some(enc.patchable(SiteKind::A64Literal, |enc| enc.data_u64(7))),
            3 => {
                let to = enc.here();
                enc.data_offset(to);
                offset = Some((enc.here(), to));
            }
            4 => {
                constants.extend((0..8).map(|number| (number, enc.constant_u128(number))));
                enc.place_pool();
            }
            _ => enc.aligned(ALIGN, |enc| {
                placed.push(noted(enc, Ok((branch, label)), |enc| (branch.place)(enc, label)));
                enc.nops(4 * nops);
                enc.align_code(Align::of::<16>());
                assert_eq!(enc.pos().from_end() % 16, 0, "{case}");
                placed.push(noted(enc, Ok((branch, label)), |enc| (branch.place)(enc, label)));
                enc.nops(4 * nops);
            }),
        }
        enc.nops(4096);
        enc.bind(label);
        let code = enc.finish().expect("islands lead to it");
        check(&code, &placed);
        if let Some(point) = point {
            let site = code.site(point).expect("aligned");
            assert_eq!(code.bytes()[site.offset..][..8], 7_u64.to_le_bytes(), "{case}");
        }
        if let Some((field, to)) = offset {
            let (field, to) = (code.offset_of(field).unwrap(), code.offset_of(to).unwrap());
            let distance = i32::from_le_bytes(code.bytes()[field..][..4].try_into().unwrap());
            assert_eq!(distance as usize, to - field, "{case}");
        }
        let offsets: Vec<usize> = constants.iter().map(|&(_, label)| code.offset_of(label).unwrap()).collect();
        assert!(offsets.windows(2).all(|pair| pair[0] == pair[1] + 16), "{case}");
        for (&(number, _), &at) in constants.iter().zip(&offsets) {
            assert_eq!(code.bytes()[at..][..16], number.to_le_bytes(), "{case}");
        }
    }
}

/// Each of 20,000 branches has a label of its own: an island has room for all that are due, and their number is bounded.
#[test]
fn islands_cost_in_proportion() {
    for branch in [BRANCHES[2], BRANCHES[14], BRANCHES[16]] {
        let mut enc = Encoder::new();
        enc.nop();
        let mut placed = Vec::new();
        let labels: Vec<Label> = (0..20_000).map(|_| enc.label()).collect();
        for &label in &labels {
            placed.push(noted(&mut enc, Ok((branch, label)), |enc| (branch.place)(enc, label)));
        }
        for &label in &labels {
            (0..branch.down / 16).for_each(|_| enc.nop());
            enc.bind(label);
            if enc.pos().from_end() > 3_000_000 {
                break;
            }
        }
        for &label in &labels {
            if enc.pos_of(label).is_none() {
                enc.bind(label);
            }
        }
        let used = enc.finish().expect("islands lead to all").bytes().len();
        // A branch, at most one B for each, and the branches over islands: one for each of many.
        let nops = used / 4;
        assert!(nops > 20_000);
        let code = enc.finish().expect("again");
        let jumps = (0..used / 4).filter(|&i| word_at(code.bytes(), 4 * i) >> 26 == 5).count();
        assert!(jumps <= 20_000 + 20_000 / 8, "{jumps} for {:#x}", branch.word);
        placed.truncate(300);
        check(&code, &placed);
    }
}

/// Branches to one label share a B.
#[test]
fn references_to_one_label_share_a_branch() {
    let mut enc = Encoder::new();
    enc.nop();
    let label = enc.label();
    let mut placed = Vec::new();
    for _ in 0..100 {
        placed.push(noted(&mut enc, Ok((BRANCHES[14], label)), |enc| (BRANCHES[14].place)(enc, label)));
    }
    (0..10_000).for_each(|_| enc.nop());
    enc.bind(label);
    let code = enc.finish().expect("in reach of an island");
    assert_eq!(code.bytes().len() / 4, 1 + 100 + 10_000 + 2);
    check(&code, &placed);
}

#[test]
fn what_belongs_together_stays_together() {
    let mut enc = Encoder::new();
    let branch = BRANCHES[16];
    // At each place near the deadline: a table in pieces, a forward block, a stretch that is kept together.
    for nops in 180..260 {
        for kind in 0..5 {
            enc.clear();
            enc.nop();
            let label = enc.label();
            let mut placed = vec![noted(&mut enc, Ok((branch, label)), |enc| (branch.place)(enc, label))];
            (0..nops).for_each(|_| enc.nop());
            let (above, below) = match kind {
                0 => {
                    enc.data_u32(1);
                    let above = enc.here();
                    let snapshot = enc.snapshot();
                    enc.data_u32(0);
                    enc.rollback(snapshot);
                    (2..10).for_each(|n| enc.data_u32(n));
                    (above, enc.here())
                }
                1 => enc.forward(|asm| {
                    let below = asm.here();
                    (0..8).for_each(|_| asm.nop());
                    (asm.here(), below)
                }),
                2 => {
                    enc.keep_together(32);
                    let above = enc.here();
                    (0..8).for_each(|_| enc.nop());
                    (above, enc.here())
                }
                3 => {
                    // Of two kinds of data.
                    enc.data_u32(1);
                    let above = enc.here();
                    (0..4).for_each(|n| {
                        enc.data_offset(above);
                        enc.data_u32(n);
                    });
                    (above, enc.here())
                }
                _ => {
                    let frame = enc.late();
                    enc.set_late(frame, 9);
                    enc.with_late(frame, |enc, imm: AddImm| {
                        enc.add_x_imm(X1, X1, imm);
                    });
                    (0..8).for_each(|_| enc.nop());
                    (enc.here(), enc.here())
                }
            };
            (0..300).for_each(|_| enc.nop());
            enc.bind(label);
            let code = enc.finish().expect("in reach of an island");
            let apart = code.offset_of(above).expect("bound") - code.offset_of(below).expect("bound");
            assert!(kind > 3 || apart == 32 || kind == 1, "{nops} {kind}: {apart}");
            let in_block = |at: usize| word_at(code.bytes(), at) == NOP;
            let below = code.offset_of(below).expect("bound");
            assert!(kind != 1 || (0..8).all(|n| in_block(below + 4 * n)), "{nops}");
            check(&code, &placed);
            placed.clear();
        }
    }
}

/// Where a block or a dropped part is between a branch and its island.
#[test]
fn what_is_moved_or_dropped_before_an_island_serves() {
    let (tbz, cb) = (BRANCHES[14], BRANCHES[16]);
    let run = |branch: Branch, f: &mut dyn FnMut(&mut Encoder<'_>, Label, &mut Vec<Placed>)| {
        let mut enc = Encoder::new();
        enc.nop();
        let label = enc.label();
        let mut placed = vec![noted(&mut enc, Ok((branch, label)), |enc| (branch.place)(enc, label))];
        f(&mut enc, label, &mut placed);
        enc.nops(5 * branch.down / 4);
        enc.bind(label);
        check(&enc.finish().expect("in reach of an island"), &placed);
    };
    // An island that is dropped serves nothing.
    run(tbz, &mut |enc, _, _| {
        let snapshot = enc.snapshot();
        for _ in 0..2 {
            enc.nops(40_000);
            enc.rollback(snapshot);
        }
    });
    // A forward block, whose length decides.
    for words in (100..260).step_by(10) {
        run(cb, &mut |enc, label, placed| {
            enc.nops(600);
            enc.forward(|asm| asm.nops(words * 4));
            placed.push(noted(enc, Ok((cb, label)), |enc| (cb.place)(enc, label)));
        });
    }
    for nops in 0..40 {
        // An island in an aligned block is moved with it, and so are some of the branches that it serves.
        run(tbz, &mut |enc, label, placed| {
            enc.nops(4 * nops);
            enc.aligned(Align::of::<64>(), |enc| {
                enc.nops(8192);
                placed.push(noted(enc, Ok((tbz, label)), |enc| (tbz.place)(enc, label)));
                enc.nops(36_000);
            });
        });
        // Data that ends an aligned block beyond a deadline: no island comes into the gap.
        run(cb, &mut |enc, label, placed| {
            enc.nops(2000);
            enc.aligned(Align::of::<16>(), |enc| {
                placed.push(noted(enc, Ok((cb, label)), |enc| (cb.place)(enc, label)));
                enc.nops(860);
                (0..nops / 2).for_each(|_| enc.data_u32(NOP));
            });
        });
    }
}

/// Code after data of odd length that is aligned by `align_code`: an island before it is aligned, too.
#[test]
fn islands_behind_odd_data() {
    let branch = BRANCHES[16];
    for nops in 180..240 {
        let mut enc = Encoder::new();
        let mut placed = near(&mut enc, branch, nops, false);
        let label = enc.label();
        placed.push(noted(&mut enc, Ok((branch, label)), |enc| (branch.place)(enc, label)));
        enc.nops(4 * nops);
        enc.data(&[1, 2, 3]);
        enc.align_code(Align::of::<8>());
        enc.nops(1000);
        enc.bind(label);
        check(&enc.finish().expect("in reach of an island"), &placed[1..]);
    }
}

const A8: Align = Align::of::<8>();

/// A load, `nops`, and the end. The code's words.
fn words_with_a_load(load_of: Load, nops: usize) -> usize {
    let mut enc = Encoder::new();
    enc.nop();
    let loaded = [load(&mut enc, load_of, 7, A8)];
    (0..nops).for_each(|_| enc.nop());
    let code = enc.finish().expect("constants come in time");
    check_loads(&code, &loaded);
    code.bytes().len() / 4
}

#[test]
fn a_constant_lies_at_the_end_up_to_the_deadline_and_in_an_island_beyond() {
    let (limit, deadline) = (MIB / 4, MIB / 32 * 7);
    for load_of in LOADS {
        for (nops, branch) in [
            (0, 0),
            (deadline - 100, 0),
            (deadline + 10, 1),
            (limit - 1, 1),
            (limit, 1),
            (limit + 1, 1),
            (2 * limit, 1),
        ] {
            let words = words_with_a_load(load_of, nops) - 2 - nops - load_of.0 / 4;
            assert!((branch..branch + 2).contains(&words), "{nops}: {words}");
        }
    }
}

/// 20,000 constants are more than the last eighth of a reach has room for: in plain code, in one aligned block, and in forward blocks.
#[test]
fn many_constants() {
    for kind in 0..4 {
        let mut enc = Encoder::new();
        enc.nop();
        let mut loaded = Vec::new();
        let mut all = |enc: &mut Encoder<'_>, count: u64| {
            let done = loaded.len() as u64;
            for number in done..done + count {
                let next = enc.here();
                let mut one = load(enc, LOADS[2], number, Align::of::<16>());
                if enc.pos_of(next).is_none() && kind > 1 {
                    one.own = next;
                }
                loaded.push(one);
            }
        };
        match kind {
            0 => all(&mut enc, 20_000),
            1 => enc.aligned(Align::of::<64>(), |enc| all(enc, 20_000)),
            2 => (0..100).for_each(|_| enc.forward(|enc| all(enc, 200))),
            _ => enc.aligned(A8, |enc| (0..100).for_each(|_| enc.forward(|enc| all(enc, 200)))),
        }
        enc.nops(2 * MIB);
        check_loads(&enc.finish().expect("constants come in time"), &loaded);
    }
}

/// Constants are placed in time beside what is in the way: data, a long forward block, branches with islands of their own, and what is dropped.
#[test]
fn constants_among_other_things() {
    let filler = Filler::new();
    let (branch, near) = (BRANCHES[16], BRANCHES[14]);
    for before in (MIB / 32 * 7 - 40..MIB / 32 * 7 + 40).step_by(16) {
        for kind in 0..7 {
            let mut enc = Encoder::new();
            enc.nop();
            let (label, inside, mut call) = (enc.label(), enc.label(), None);
            let mut loaded = vec![load(&mut enc, LOADS[0], 1, A8), load(&mut enc, LOADS[2], 2, Align::of::<4096>())];
            let mut placed = Vec::new();
            filler.place(&mut enc, before - 220, &mut placed);
            for branch in [near, branch] {
                placed.push(noted(&mut enc, Ok((branch, label)), |enc| (branch.place)(enc, label)));
            }
            (0..200).for_each(|_| placed.push(noted(&mut enc, Err(4), |enc| enc.nop())));
            match kind {
                0 => filler.place(&mut enc, MIB / 8, &mut placed),
                1 => enc.forward(|asm| {
                    let own = asm.here();
                    loaded.push(Loaded { own, ..load(asm, LOADS[3], 1, A8) });
                    asm.nops(MIB / 4);
                    asm.bind(inside);
                    call = Some(asm.here());
                    asm.bl(Symbol(7));
                    let own = asm.here();
                    loaded.push(Loaded { own, ..load(asm, LOADS[4], 3, A8) });
                }),
                2 => enc.aligned(Align::of::<1024>(), |enc| {
                    loaded.push(load(enc, LOADS[3], 1, A8));
                    filler.place(enc, MIB / 8, &mut placed);
                    loaded.push(load(enc, LOADS[4], 3, A8));
                }),
                3 => {
                    let snapshot = enc.snapshot();
                    for _ in 0..3 {
                        load(&mut enc, LOADS[1], 9, A8);
                        enc.nops(MIB / 4);
                        load(&mut enc, LOADS[3], 1, Align::of::<32>());
                        enc.rollback(snapshot);
                    }
                }
                4 => enc.aligned(A8, |enc| {
                    enc.aligned(Align::of::<32>(), |enc| {
                        loaded.push(load(enc, LOADS[0], 5, A8));
                        enc.forward(|asm| {
                            let own = asm.here();
                            loaded.push(Loaded { own, ..load(asm, LOADS[0], 6, A8) });
                            asm.nops(MIB / 3 / 4 * 4);
                        });
                        loaded.push(load(enc, LOADS[0], 5, A8));
                    });
                }),
                5 => {
                    let slot = enc.constant_address(label);
                    enc.ldr_x_lit(X3, slot);
                }
                // Branches in a block that begins anew.
                _ => enc.aligned(Align::of::<4096>(), |enc| {
                    loaded.push(load(enc, LOADS[0], 5, A8));
                    filler.place(enc, MIB / 32 * 7 - 1000, &mut placed);
                    for _ in 0..80 {
                        placed.push(noted(enc, Ok((branch, label)), |enc| (branch.place)(enc, label)));
                        enc.nops(120);
                    }
                    enc.nops(80);
                }),
            }
            enc.nops(MIB / 4);
            enc.bind(label);
            enc.nop();
            let code = enc.finish().expect("constants come in time");
            check(&code, &placed);
            check_loads(&code, &loaded);
            if let Some(call) = call {
                let relocations: Vec<usize> = code.relocations().iter().map(|relocation| relocation.from).collect();
                assert_eq!(
                    (code.offset_of(inside), relocations),
                    (code.offset_of(call), code.offset_of(call).into_iter().collect())
                );
            }
        }
    }
}

/// Small aligned blocks are not in the way of constants, be they few or many: a snapshot in one stays good.
#[test]
fn constants_are_placed_before_small_aligned_blocks() {
    for count in [1, 400] {
        let mut enc = Encoder::new();
        enc.nop();
        let mut loaded = Vec::new();
        for block in 0..200 {
            enc.nops(5000);
            let constants = (0..count).map(|constant| block << 32 | constant);
            enc.aligned(Align::of::<32>(), |enc| {
                let snapshot = enc.snapshot();
                constants.clone().for_each(|number| drop(load(enc, LOADS[2], number, Align::of::<16>())));
                enc.nops(60_000);
                enc.rollback(snapshot);
                loaded.extend(constants.map(|number| load(enc, LOADS[2], number, Align::of::<16>())));
                enc.nops(8000);
            });
        }
        check_loads(&enc.finish().expect("no snapshot is stale"), &loaded);
    }
}

/// In a forward block the branch placed last comes due first.
#[test]
fn a_forward_blocks_branches_come_due_from_its_end() {
    let mut enc = Encoder::new();
    enc.nop();
    let tbz = BRANCHES[14];
    let labels = [enc.label(), enc.label()];
    let mut placed = Vec::new();
    enc.forward(|asm| {
        for label in labels {
            let own = asm.here();
            (tbz.place)(asm, label);
            placed.push(Placed { own, next: asm.here(), what: Ok((tbz, label)), has_gap: false });
            (0..5000).for_each(|_| asm.nop());
        }
    });
    (0..9000).for_each(|_| enc.nop());
    labels.into_iter().for_each(|label| enc.bind(label));
    check(&enc.finish().expect("in reach of islands"), &placed);
}

#[derive(Debug, Clone)]
enum Item {
    Nops(usize),
    Data(usize),
    Refer(usize, usize),
    /// A load, the number of its constant, and the power of two that this is aligned to.
    Load(usize, u64, u32),
    Bind(usize),
    Forward(Vec<Item>),
    Aligned(u32, Vec<Item>),
    /// Placed in one go.
    Batch(Vec<Item>),
    /// Placed, and rolled back.
    Undone(Vec<Item>),
}

struct Program<'a> {
    labels: Vec<Label>,
    bound: Vec<bool>,
    filler: &'a Filler,
    placed: Vec<Placed>,
    loaded: Vec<Loaded>,
}

impl Program<'_> {
    fn place(&mut self, enc: &mut Encoder<'_>, items: &[Item], is_forward: bool) {
        for item in items {
            let before = enc.here();
            match item {
                Item::Nops(0) | Item::Data(0) => {}
                &Item::Nops(count) => {
                    for _ in 0..count.min(2000) {
                        let next = enc.here();
                        enc.nop();
                        self.note(enc, next, Err(4), is_forward);
                    }
                    (2000..count).for_each(|_| enc.nop());
                }
                &Item::Data(words) if is_forward => enc.data(&self.filler.0[..4 * words.min(8)]),
                &Item::Data(words) => {
                    // It would go on with data before it, and no island could be between.
                    self.placed.push(noted(enc, Err(4), |enc| enc.nop()));
                    self.filler.place(enc, words, &mut self.placed);
                }
                &Item::Refer(kind, label) => {
                    let (branch, label) = (BRANCHES[kind], self.labels[label]);
                    (branch.place)(enc, label);
                    self.note(enc, before, Ok((branch, label)), is_forward);
                }
                &Item::Load(kind, number, log2) => {
                    let align = Align::new(1 << log2).expect("a power of two");
                    let mut loaded = load(enc, LOADS[kind], number, align);
                    self.note(enc, before, Err(4), is_forward);
                    if is_forward {
                        loaded.own = before;
                    }
                    self.loaded.push(loaded);
                }
                &Item::Bind(label) => {
                    if !std::mem::replace(&mut self.bound[label], true) {
                        enc.bind(self.labels[label]);
                    }
                }
                Item::Forward(items) => enc.forward(|asm| self.place(asm, items, true)),
                Item::Aligned(align, items) if !is_forward => {
                    let align = Align::new(*align).expect("a power of two");
                    enc.aligned(align, |enc| self.place(enc, items, false));
                }
                Item::Batch(items) if !is_forward => enc.batch(|enc| self.place(enc, items, false)),
                Item::Aligned(_, items) | Item::Batch(items) => self.place(enc, items, is_forward),
                Item::Undone(items) => {
                    let (snapshot, bound) = (enc.snapshot(), self.bound.clone());
                    let (placed, loaded) = (self.placed.len(), self.loaded.len());
                    self.place(enc, items, is_forward);
                    // Constants were placed in an aligned block, which has begun anew.
                    let is_stale = !is_forward && enc.pos_of(before).is_none();
                    if !is_stale {
                        enc.rollback(snapshot);
                        self.bound = bound;
                        self.placed.truncate(placed);
                        self.loaded.truncate(loaded);
                    }
                }
            }
        }
    }

    fn note(&mut self, enc: &mut Encoder<'_>, before: Label, what: Result<(Branch, Label), usize>, is_forward: bool) {
        let after = enc.here();
        let (own, next) = if is_forward { (before, after) } else { (after, before) };
        let has_gap = !is_forward && enc.pos_of(before).is_none();
        self.placed.push(Placed { own, next, what, has_gap });
    }
}

/// A gap that ends near one of the limits below `limits`, or any.
fn gap(choices: &mut Choices, limits: usize) -> usize {
    const LIMITS: [usize; 9] = [2, 112, 224, 256, 7168, 8192, 229_376, 262_144, 29 * MIB];
    let limit = choices.one_of(&LIMITS[..limits]);
    // In a forward block no island can be, so it must be short.
    let about = if limits == 1 { 16 } else { 40 };
    (limit + choices.below(about)).saturating_sub(choices.below(about))
}

fn items(choices: &mut Choices, labels: usize, depth: usize, limits: usize, count: usize) -> Vec<Item> {
    let count = if limits == 1 { 4 } else { count };
    (0..choices.below(count))
        .map(|_| match choices.below(if depth == 0 { 10 } else { 15 }) {
            0 => Item::Nops(gap(choices, limits.min(4))),
            1 => Item::Data(gap(choices, limits)),
            2 => Item::Bind(choices.below(labels)),
            3..8 => Item::Refer(choices.below(BRANCHES.len()), choices.below(labels)),
            8..10 => Item::Load(choices.below(LOADS.len()), choices.below(3) as u64, choices.below(8) as u32),
            10 => Item::Forward(items(choices, labels, depth - 1, 1, count)),
            11 => Item::Aligned(4 << choices.below(11), items(choices, labels, depth - 1, limits.min(8), 8)),
            12 => Item::Undone(items(choices, labels, depth - 1, limits.min(8), 8)),
            _ => Item::Batch(items(choices, labels, depth - 1, limits, count)),
        })
        .collect()
}

/// Places the program and looks where it leads.
fn run(enc: &mut Encoder<'_>, filler: &Filler, items: &[Item], labels: usize) {
    enc.nop();
    let labels: Vec<Label> = (0..labels).map(|_| enc.label()).collect();
    let bound = vec![false; labels.len()];
    let mut program = Program { labels, bound, filler, placed: Vec::new(), loaded: Vec::new() };
    program.place(enc, items, false);
    for label in 0..program.labels.len() {
        program.place(enc, &[Item::Bind(label), Item::Nops(1)], false);
    }
    match enc.finish() {
        Ok(code) => {
            check(&code, &program.placed);
            check_loads(&code, &program.loaded);
        }
        // Upward nothing reaches farther than a B.
        Err(FinishError::OutOfRange { distance, .. }) if distance > 120 * MIB as i64 => {}
        Err(problem) => panic!("{problem} in {items:?}"),
    }
}

/// More numbers than an instruction takes.
fn stretched(numbers: &[u64]) -> Vec<u64> {
    (0..8).flat_map(|round: u32| numbers.iter().map(move |number| number.rotate_left(7 * round))).collect()
}

#[test]
fn random_programs_lead_where_they_should() {
    fn property(numbers: Vec<u64>) -> TestResult {
        let numbers = stretched(&numbers);
        let mut choices = Choices::new(&numbers);
        let items = items(&mut choices, 5, 2, 8, 60);
        run(&mut Encoder::new(), &Filler(NOP.to_le_bytes().repeat(MIB / 2)), &items, 5);
        TestResult::passed()
    }
    choices::check("random_programs_lead_where_they_should", 150).quickcheck(property as fn(Vec<u64>) -> TestResult);
}

#[test]
fn random_programs_of_300_mib() {
    let filler = Filler::new();
    let mut memory = memory(300 * MIB);
    let mut random = quickcheck::Gen::from_size_and_seed(100, choices::seed("random_programs_of_300_mib"));
    for _ in 0..choices::times(3) {
        let numbers = stretched(&choices::numbers(&mut random));
        let mut choices = Choices::new(&numbers);
        let mut items = items(&mut choices, 5, 2, 9, 60);
        // Two gaps that no B reaches over by itself come with any program.
        let middle = items.len() / 2;
        items.insert(middle, Item::Data(29 * MIB));
        items.push(Item::Data(29 * MIB));
        let mut left = 70 * MIB;
        items.retain(|item| match item {
            Item::Data(words) if *words > left => false,
            Item::Data(words) => {
                left -= words;
                true
            }
            _ => true,
        });
        let mut enc = Encoder::in_slice(&mut memory);
        run(&mut enc, &filler, &items, 5);
    }
}
