//! What a form's operands are, and random ones, as far as this test can make them.
//!
//! An operand is made of what it means: a register's number, an immediate's value. Of the crate's types nothing is
//! used but constructors that take just that.

use super::random::Random;
use tailfirst::{Access, aarch64::*};

/// What stands in an operand's place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// A general register of 4 or 8 bytes; 31 is zero.
    General {
        number: usize,
        bytes: usize,
    },
    /// Registers from `number` on, of lanes of `width` bytes: `lanes` of each, or as many as there are.
    Vector {
        number: usize,
        width: usize,
        lanes: Option<usize>,
        registers: usize,
    },
    /// A lane, which is taken for all: of the register, or of each 128 bits.
    Lane {
        number: usize,
        width: usize,
        lane: usize,
        scalable: bool,
    },
    /// A pair of lanes, which is taken for all pairs.
    Pair {
        number: usize,
        width: usize,
        pair: usize,
        scalable: bool,
    },
    /// A lane of a scalable vector, which is zero where the vector has not as many.
    Element {
        number: usize,
        width: usize,
        lane: usize,
    },
    /// A predicate, of lanes of `width` bytes.
    Predicate {
        number: usize,
        width: usize,
    },
    /// A predicate that says which lanes are active; what becomes of the others.
    Governor {
        number: usize,
        others: Others,
    },
    Immediate(i64),
    /// What becomes of the operand before: `shift` is 0 to 3 for LSL, LSR, ASR and ROR.
    Shifted {
        shift: u32,
        amount: u32,
    },
    /// A general register, extended from `bits` bits and shifted left.
    Extended {
        number: usize,
        signed: bool,
        bits: u32,
        amount: u32,
    },
    /// One of the sixteen conditions.
    Condition(u32),
    /// N, Z, C and V as bits 3 to 0.
    Flags(u32),
    /// The bits from `lsb` on.
    Field {
        lsb: u32,
        width: u32,
    },
    /// One of the tiles of lanes of `width` bytes.
    Tile {
        number: usize,
        width: usize,
    },
    /// A row or column of a tile; its number is the sum of `offset` and what a general register has.
    Slice {
        number: usize,
        width: usize,
        vertical: bool,
        register: usize,
        offset: usize,
    },
    /// A number of lanes by name: `POW2` is 0, `ALL` is 31.
    Pattern(u32),
}

/// What a governing predicate does to lanes that are not active.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Others {
    Merge,
    Zero,
    /// The instruction has its own idea.
    Own,
}

/// An operand of a form.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    pub place: Place,
    pub access: Access,
    /// Whether the syntax says that the destination is a source, too.
    pub repeated: bool,
}

fn size(letter: u8) -> Option<usize> {
    Some(match letter {
        b'B' => 1,
        b'H' => 2,
        b'S' => 4,
        b'D' => 8,
        b'Q' => 16,
        _ => return None,
    })
}

/// Random operands: what they mean, and as the form takes them. `None` where an operand is of a kind not known here.
pub fn operands(form: &Form, random: &mut Random) -> Option<(Vec<Slot>, Vec<Operand>)> {
    let mut slots = Vec::new();
    let mut all = Vec::new();
    for (info, value) in form.operands.iter().zip(form.values) {
        let kind = Kind { name: value.kind, width: value.width, from_bits: value.from_bits };
        let (place, operand) = operand(&kind, random)?;
        // `Zdn` is `<Zdn>` in the syntax, but `Rdn` is `<Xdn>` or `<Wdn>`.
        let name = if info.name.ends_with("dn") { "dn>".into() } else { format!("<{}>", info.name) };
        slots.push(Slot { place, access: info.access, repeated: form.syntax.matches(&name).count() > 1 });
        all.push(operand);
    }
    Some((slots, all))
}

/// A kind of operand: its name in the tables, the width of its bits, and the operand that has some bits.
struct Kind {
    name: &'static str,
    width: u32,
    from_bits: fn(u32) -> Option<Operand>,
}

fn operand(kind: &Kind, random: &mut Random) -> Option<(Place, Operand)> {
    let lane =
        |kind, random: &mut Random| lane(kind, random).or_else(|| pair(kind, random)).or_else(|| element(kind, random));
    register(kind, random).or_else(|| lane(kind.name, random)).or_else(|| other(kind, random))
}

/// A register or a list of them, whose bits in the instruction are the number of the first.
fn register(kind: &Kind, random: &mut Random) -> Option<(Place, Operand)> {
    let from_bits = kind.from_bits;
    let kind = kind.name;
    let (place, number) = match kind {
        "X" | "W" => {
            let number = if random.below(4) == 0 { 31 } else { random.below(GENERAL_NUMBERS) };
            (Place::General { number, bytes: if kind == "X" { 8 } else { 4 } }, number)
        }
        "XSP" | "WSP" => {
            let number = random.below(GENERAL_NUMBERS);
            (Place::General { number, bytes: if kind == "XSP" { 8 } else { 4 } }, number)
        }
        "P" | "PM" | "PZ" | "PLow" | "PLowM" | "PLowZ" => {
            let number = random.below(if kind.starts_with("PLow") { 8 } else { 16 });
            let others = match kind.as_bytes()[kind.len() - 1] {
                b'M' => Others::Merge,
                b'Z' => Others::Zero,
                _ => Others::Own,
            };
            (Place::Governor { number, others }, number)
        }
        "PB" | "PH" | "PS" | "PD" => {
            let number = random.below(16);
            (Place::Predicate { number, width: size(kind.as_bytes()[1])? }, number)
        }
        "Z" => vector(1, None, 1, random),
        "VHigh" => {
            let number = random.below(32);
            (Place::Lane { number, width: 8, lane: 1, scalable: false }, number)
        }
        "ZAH" | "ZAS" | "ZAD" => {
            let width = size(kind.as_bytes()[2])?;
            let number = random.below(width);
            (Place::Tile { number, width }, number)
        }
        _ if kind.len() == 1 => vector(size(kind.as_bytes()[0])?, Some(1), 1, random),
        _ => {
            let (kind, registers) = match kind.split_once('x') {
                Some((kind, count)) => (kind, count.parse().ok()?),
                None => (kind, 1),
            };
            let width = size(*kind.as_bytes().last()?)?;
            match kind.strip_prefix('V') {
                Some(shape) => vector(width, Some(shape[..shape.len() - 1].parse().ok()?), registers, random),
                None if kind.len() == 2 && kind.starts_with('Z') => vector(width, None, registers, random),
                None => return None,
            }
        }
    };
    Some((place, from_bits(number as u32)?))
}

const GENERAL_NUMBERS: usize = super::machine::GENERAL;

fn vector(width: usize, lanes: Option<usize>, registers: usize, random: &mut Random) -> (Place, usize) {
    let number = random.below(32);
    (Place::Vector { number, width, lanes, registers }, number)
}

fn lane(kind: &str, random: &mut Random) -> Option<(Place, Operand)> {
    macro_rules! lanes {
        ($($kind:literal $ty:ident $register:ident $width:literal $registers:literal $lanes:literal;)*) => {
            match kind {
                $($kind => {
                    let (number, lane) = (random.below($registers), random.below($lanes));
                    let register = $register::from_bits(number as u32)?;
                    let scalable = stringify!($register) == "Z";
                    let place = Place::Lane { number, width: $width, lane, scalable };
                    Some((place, $ty::new(register, lane as u8)?.into()))
                })*
                _ => None,
            }
        };
    }
    lanes! {
        "LaneB" LaneB V 1 32 16;
        "LaneH" LaneH V 2 32 8;
        "LaneS" LaneS V 4 32 4;
        "LaneD" LaneD V 8 32 2;
        "LaneH4" LaneHLow V 2 16 8;
        "ZLaneH" ZLaneH Z 2 8 8;
        "ZLaneS" ZLaneS Z 4 8 4;
        "ZLaneD" ZLaneD Z 8 16 2;
        "ZLaneHLong" ZLaneHLong Z 2 16 8;
        "ZLaneSLong" ZLaneSLong Z 4 16 4;
    }
}

fn pair(kind: &str, random: &mut Random) -> Option<(Place, Operand)> {
    macro_rules! pairs {
        ($($kind:literal $ty:ident $register:ident $width:literal $registers:literal $pairs:literal;)*) => {
            match kind {
                $($kind => {
                    let (number, pair) = (random.below($registers), random.below($pairs));
                    let register = $register::from_bits(number as u32)?;
                    let scalable = stringify!($register) == "Z";
                    let place = Place::Pair { number, width: $width, pair, scalable };
                    Some((place, $ty::new(register, pair as u8)?.into()))
                })*
                _ => None,
            }
        };
    }
    pairs! {
        "PairH" PairH V 2 32 4;
        "PairHLow" PairHLow V 2 32 2;
        "PairS" PairS V 4 32 2;
        "ZPairH" ZPairH Z 2 8 4;
        "ZPairS" ZPairS Z 4 16 2;
    }
}

fn element(kind: &str, random: &mut Random) -> Option<(Place, Operand)> {
    macro_rules! elements {
        ($($letter:literal $ty:ident $width:literal;)*) => {
            match kind.strip_prefix("ZIndex")? {
                $($letter => {
                    let (number, lane) = (random.below(32), random.below(64 / $width));
                    let element = ZIndex::<$ty>::new(Z::from_bits(number as u32)?, lane as u8)?;
                    Some((Place::Element { number, width: $width, lane }, element.into()))
                })*
                _ => None,
            }
        };
    }
    elements!("B" B 1; "H" H 2; "S" S 4; "D" D 8;)
}

/// Immediates, and what says how registers are read.
fn other(kind: &Kind, random: &mut Random) -> Option<(Place, Operand)> {
    let number: i64 = match kind.name {
        "U" => plain("U", kind.width, 0, random),
        "AddImm" => random.around(0, 4095) << (12 * random.below(2)),
        "SveImm" => random.around(0, 255) << (8 * random.below(2)),
        "SveSImm" => random.around(-128, 127) << (8 * random.below(2)),
        "MovWide32" => random.around(0, 0xFFFF) << (16 * random.below(2)),
        "MovWide64" => random.around(0, 0xFFFF) << (16 * random.below(4)),
        "MovInverted32" => i64::from(!((random.around(0, 0xFFFE) as u32) << (16 * random.below(2)))),
        "MovInverted64" => !(random.around(0, 0xFFFF) << (16 * random.below(4))),
        "LslImm32" => random.around(0, 31),
        "LslImm64" => random.around(0, 63),
        "LogicalImm32" => i64::from(bitmask(random) as u32),
        "LogicalImm64" => bitmask(random) as i64,
        "InvertedImm64" => !bitmask(random) as i64,
        "ShrImm8" => random.around(1, 8),
        "ShrImm16" | "LaneFbits16" => random.around(1, 16),
        "ShrImm32" | "LaneFbits32" | "Fbits32" => random.around(1, 32),
        "ShrImm64" | "LaneFbits64" | "Fbits64" => random.around(1, 64),
        "ByteMask64" => {
            let bytes = random.below(256);
            (0..8).filter(|i| bytes >> i & 1 == 1).fold(0, |mask, i| mask | 0xFF << (8 * i))
        }
        // Negative, for ones are shifted in.
        "Msl" => {
            let long = random.below(2);
            return Some((Place::Immediate([-8, -16][long]), (kind.from_bits)(long as u32)?));
        }
        "Mul16" => random.around(1, 16),
        "Rot2" => random.one_of(&[0, 90, 180, 270]),
        "Rot1" => random.one_of(&[90, 270]),
        name => match name.split_once("<<") {
            Some((sign @ ("U" | "S"), shift)) => plain(sign, kind.width, shift.parse().ok()?, random),
            _ => return special(name, random),
        },
    };
    Some((Place::Immediate(number), Operand::Imm(number)))
}

fn plain(sign: &str, width: u32, shift: u32, random: &mut Random) -> i64 {
    let high = 1 << width;
    (if sign == "U" { random.around(0, high - 1) } else { random.around(-high / 2, high / 2 - 1) }) << shift
}

/// A run of ones, turned around and repeated: what immediates of logical instructions can be.
fn bitmask(random: &mut Random) -> u64 {
    let size = random.one_of(&[2, 4, 8, 16, 32]);
    let ones = random.around(1, size - 1) as u32;
    let turn = random.around(0, size - 1) as u32;
    let run = (1u64 << ones) - 1;
    let all = (1u64 << size) - 1;
    let element = (run << turn | run >> (size as u32 - turn)) & all;
    (0..64 / size).fold(0, |mask, i| mask | element << (i * size))
}

fn special(kind: &str, random: &mut Random) -> Option<(Place, Operand)> {
    match kind {
        "Cond" => {
            let condition = random.below(16) as u32;
            Some((Place::Condition(condition), Cond::from_bits(condition)?.into()))
        }
        "CondInv" => {
            let condition = random.below(14) as u32;
            Some((Place::Condition(condition), CondInv::new(Cond::from_bits(condition)?)?.into()))
        }
        "Nzcv" => {
            let flags = random.below(16) as u32;
            Some((Place::Flags(flags), Nzcv::new(flags as u8)?.into()))
        }
        "SvePattern" => {
            let pattern = random.below(32) as u32;
            Some((Place::Pattern(pattern), SvePattern::new(pattern as u8)?.into()))
        }
        "Shift32" | "Shift64" | "ShiftRor32" | "ShiftRor64" => {
            let shift = random.below(if kind.starts_with("ShiftRor") { 4 } else { 3 }) as u32;
            let amount = random.around(0, if kind.ends_with("32") { 31 } else { 63 }) as u32;
            let how = [ShiftKind::Lsl, ShiftKind::Lsr, ShiftKind::Asr, ShiftKind::Ror][shift as usize];
            let operand = match kind {
                "Shift32" => Shift32::new(how, amount)?.into(),
                "Shift64" => Shift64::new(how, amount)?.into(),
                "ShiftRor32" => ShiftRor32::new(how, amount)?.into(),
                _ => ShiftRor64::new(how, amount)?.into(),
            };
            Some((Place::Shifted { shift, amount }, operand))
        }
        "Extended32" | "Extended64" => extended(kind == "Extended64", random),
        "BfxField32" | "BfiField32" => {
            let lsb = random.around(0, 31) as u32;
            let width = random.around(1, 32 - i64::from(lsb)) as u32;
            Some((Place::Field { lsb, width }, BitField32::new(lsb, width)?.into()))
        }
        "BfxField64" | "BfiField64" => {
            let lsb = random.around(0, 63) as u32;
            let width = random.around(1, 64 - i64::from(lsb)) as u32;
            Some((Place::Field { lsb, width }, BitField64::new(lsb, width)?.into()))
        }
        "FpImm8" => {
            let value = random.around(16, 31) as f64 / 16.0 * 2_f64.powi(random.around(-3, 4) as i32);
            let value = if random.below(2) == 1 { -value } else { value };
            Some((real(value), FpImm8::new(value)?.into()))
        }
        "HalfOrOne" => one_of_two(0.5, HalfOrOne::Half.into(), 1.0, HalfOrOne::One.into(), random),
        "HalfOrTwo" => one_of_two(0.5, HalfOrTwo::Half.into(), 2.0, HalfOrTwo::Two.into(), random),
        "ZeroOrOne" => one_of_two(0.0, ZeroOrOne::Zero.into(), 1.0, ZeroOrOne::One.into(), random),
        _ => slice(kind, random),
    }
}

/// A real number, by its bits.
fn real(value: f64) -> Place {
    Place::Immediate(value.to_bits() as i64)
}

fn one_of_two(a: f64, first: Operand, b: f64, second: Operand, random: &mut Random) -> Option<(Place, Operand)> {
    Some(if random.below(2) == 0 { (real(a), first) } else { (real(b), second) })
}

fn extended(wide: bool, random: &mut Random) -> Option<(Place, Operand)> {
    let number = random.below(GENERAL_NUMBERS);
    let (w, x) = (Gpr32::new(number as u8)?, Gpr64::new(number as u8)?);
    let amount = random.below(5) as u8;
    let (signed, bits, register) = match random.below(if wide { 8 } else { 6 }) {
        0 => (false, 8, w.uxtb(amount)),
        1 => (false, 16, w.uxth(amount)),
        2 => (false, 32, w.uxtw(amount)),
        3 => (true, 8, w.sxtb(amount)),
        4 => (true, 16, w.sxth(amount)),
        5 => (true, 32, w.sxtw(amount)),
        6 => (false, 64, x.uxtx(amount)),
        _ => (true, 64, x.sxtx(amount)),
    };
    let operand = if wide { Extended64::new(register)?.into() } else { Extended32::new(register)?.into() };
    Some((Place::Extended { number, signed, bits, amount: amount.into() }, operand))
}

fn slice(kind: &str, random: &mut Random) -> Option<(Place, Operand)> {
    macro_rules! slices {
        ($($letter:literal $ty:ident $width:literal)*) => {
            match kind.strip_prefix("ZASlice")? {
                $($letter => {
                    let (tile, offset) = (random.below($width), random.below(16 / $width));
                    let register = 12 + random.below(4);
                    let vertical = random.below(2) == 1;
                    let index = Gpr32::new(register as u8)?;
                    let make = if vertical { ZASlice::<$ty>::vertical } else { ZASlice::<$ty>::horizontal };
                    let place = Place::Slice { number: tile, width: $width, vertical, register, offset };
                    Some((place, make(tile as u8, index, offset as u8)?.into()))
                })*
                _ => None,
            }
        };
    }
    slices!("B" B 1 "H" H 2 "S" S 4 "D" D 8 "Q" Q 16)
}
