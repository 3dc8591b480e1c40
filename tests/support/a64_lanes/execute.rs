//! Cases: a form's operands with random registers, what a model makes of them, and the comparison.

use super::{
    In, Model, Models, N, Source,
    machine::{Mode, State, Unit},
    random::{Fill, Random},
    shape::{self, Others, Place, Slot},
};
use tailfirst::{
    Access,
    aarch64::{Assembler, Encoder, Form, Operand},
};

/// An instruction to be executed.
pub struct Case<'a> {
    pub form: &'static Form,
    pub model: &'a Model,
    pub operands: Vec<Operand>,
    slots: Vec<Slot>,
}

/// Why a form is not executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    NoModel,
    /// It has an operand that is not made here, or its model does not know such operands.
    Operands,
}

impl<'a> Case<'a> {
    /// A case of a form with random operands. Both directions place the same instruction.
    pub fn new(
        form: &'static Form,
        models: &'a Models,
        unit: Unit,
        state: &State,
        random: &mut Random,
    ) -> Result<Case<'a>, Skipped> {
        if !models.by_name.contains_key(form.mnemonic) {
            return Err(Skipped::NoModel);
        }
        // Some operands do not stand together; there are many others.
        for _ in 0..100 {
            let (slots, operands) = shape::operands(form, random).ok_or(Skipped::Operands)?;
            let mut case = Case { form, model: &models.models[0], operands, slots };
            let input = case.input(unit, state, [false; 3]).ok_or(Skipped::Operands)?;
            case.model = models.find(&input).ok_or(Skipped::Operands)?;
            if case.model.fill != Fill::Bits && case.mixes() {
                continue;
            }
            let (mut down, mut up) = (Encoder::new(), Assembler::new());
            form.emit(&mut down, &case.operands).unwrap_or_else(|error| panic!("{}: {error}", form.name));
            form.emit(&mut up, &case.operands).unwrap_or_else(|error| panic!("{}: {error}", form.name));
            let (Ok(down), Ok(up)) = (down.finish(), up.finish()) else { continue };
            assert_eq!(down.bytes(), up.bytes(), "{}", form.name);
            return Ok(case);
        }
        panic!("{}: no operands stand together", form.name)
    }

    /// Whether a register is filled with lanes of two sizes, which would make NaNs.
    fn mixes(&self) -> bool {
        let registers = || {
            self.slots.iter().filter_map(|slot| match slot.place {
                Place::Vector { number, width, .. }
                | Place::Lane { number, width, .. }
                | Place::Pair { number, width, .. }
                | Place::Element { number, width, .. } => Some((number, width)),
                _ => None,
            })
        };
        registers().any(|(a, width)| registers().any(|(b, other)| a == b && width != other))
    }

    fn is_written(slot: &Slot) -> bool {
        matches!(slot.access, Access::Write | Access::ReadWrite)
    }

    fn dest(&self) -> Option<Place> {
        self.slots.iter().find(|slot| Self::is_written(slot)).map(|slot| slot.place)
    }

    /// Fills what the instruction reads with random numbers.
    pub fn refill(&self, unit: Unit, state: &mut State, random: &mut Random) {
        let fill = self.model.fill;
        for slot in &self.slots {
            match slot.place {
                Place::General { number, .. } | Place::Extended { number, .. } if number < 31 => {
                    state.general[number] = match fill {
                        Fill::Near => (1 << 40) + 8 * random.below(64) as u64,
                        _ => random.bits(),
                    };
                }
                Place::Slice { register, .. } => state.general[register] = random.bits(),
                Place::Vector { number, width, registers, .. } => {
                    for register in number..number + registers {
                        random.fill(vector_mut(state, unit, register % 32), width, fill);
                    }
                }
                Place::Lane { number, width, .. }
                | Place::Pair { number, width, .. }
                | Place::Element { number, width, .. } => {
                    random.fill(vector_mut(state, unit, number), width, fill);
                }
                Place::Predicate { number, .. } | Place::Governor { number, .. } => {
                    let bytes = &mut state.predicates[number * unit.bytes / 8..][..unit.bytes / 8];
                    match random.below(6) {
                        0 => bytes.fill(0),
                        1 => bytes.fill(0xFF),
                        _ => bytes.iter_mut().for_each(|byte| *byte = random.number() as u8),
                    }
                }
                Place::Tile { width, .. } => {
                    random.fill(&mut state.array[..unit.bytes * unit.bytes], width, fill);
                }
                _ => {}
            }
        }
        state.flags = (random.number() & 0xF) << 28;
    }

    /// What the model reads; `None` for operands that no model can have.
    fn input(&self, unit: Unit, state: &State, tops: [bool; 3]) -> Option<In> {
        let mut written = self.slots.iter().filter(|slot| Self::is_written(slot));
        let dest = written.next();
        if written.next().is_some() {
            return None;
        }
        let mut input = In {
            mnemonic: self.form.mnemonic,
            d: Source::All(N::default()),
            width: 0,
            result: 0,
            lanes: 0,
            s: Vec::new(),
            governors: Vec::new(),
            container: 0,
            scalable: false,
            vector: unit.bytes,
            flags: (state.flags >> 28) as u32,
            condition: None,
            given_flags: 0,
            field: (0, 0),
            pattern: None,
            half: self.form.syntax.contains("<Xdn>") && self.form.syntax.contains("<Wdn>"),
            tops,
        };
        // The element that a predicate governs is as large as the destination's lane or the first source's.
        let mut is_first = true;
        for slot in &self.slots {
            let width = match slot.place {
                Place::Vector { width, lanes: None, .. }
                | Place::Slice { width, .. }
                | Place::Tile { width, .. }
                | Place::Predicate { width, .. } => width,
                _ => continue,
            };
            input.scalable = true;
            let is_dest = Self::is_written(slot);
            if is_dest || is_first {
                input.container = input.container.max(width);
            }
            is_first &= is_dest && !slot.repeated;
            if matches!(slot.place, Place::Predicate { .. }) {
                is_first = false;
            }
        }
        for slot in &self.slots {
            let is_dest = Self::is_written(slot);
            match slot.place {
                Place::Governor { number, .. } if !is_dest => {
                    input.governors.push(predicate(state, unit, number));
                    continue;
                }
                Place::Condition(condition) => input.condition = Some(condition),
                Place::Flags(flags) => input.given_flags = flags,
                Place::Field { lsb, width } => input.field = (lsb, width),
                Place::Pattern(pattern) => input.pattern = Some(pattern),
                Place::Shifted { shift, amount } => {
                    let Some(Source::All(last)) = input.s.last_mut() else { return None };
                    *last = shifted(*last, shift, amount);
                }
                _ if is_dest && !slot.repeated => {}
                _ => input.s.push(self.source(slot.place, unit, state)?),
            }
        }
        match dest.map(|slot| slot.place) {
            None => {}
            Some(place) => {
                (input.width, input.lanes) = match place {
                    Place::General { bytes, .. } => (bytes, 1),
                    Place::Vector { width, lanes, registers: 1, .. } => (width, lanes.unwrap_or(unit.bytes / width)),
                    Place::Lane { width, .. } => (width, 1),
                    Place::Predicate { width, .. } | Place::Slice { width, .. } => (width, unit.bytes / width),
                    Place::Tile { width, .. } => (width, (unit.bytes / width).pow(2)),
                    _ => return None,
                };
                input.result = input.width;
                if self.fills_upper_half(width_of(input.s.first()), place) {
                    input.lanes /= 2;
                }
                // Where a predicate governs, a narrower result stands in a wider element.
                if input.scalable && !input.governors.is_empty() && matches!(place, Place::Vector { lanes: None, .. }) {
                    (input.width, input.lanes) = (input.container, unit.bytes / input.container);
                }
                input.d = match place {
                    Place::Lane { number, width, lane, .. } => {
                        Source::Lanes(vector(state, unit, number)[lane * width..][..width].to_vec(), width)
                    }
                    _ => self.source(place, unit, state)?,
                };
                if let (Source::Lanes(_, width), false) = (&mut input.d, matches!(place, Place::Lane { .. })) {
                    *width = input.width;
                }
            }
        }
        Some(input)
    }

    /// Whether narrower lanes go to the upper half of Advanced SIMD's register, and leave the lower one.
    fn fills_upper_half(&self, source: usize, dest: Place) -> bool {
        let Place::Vector { width, lanes: Some(_), .. } = dest else { return false };
        self.form.mnemonic.ends_with('2') && source > width
    }

    /// What an operand reads.
    fn source(&self, place: Place, unit: Unit, state: &State) -> Option<Source> {
        let register = |number: usize| if number < 31 { state.general[number] } else { 0 };
        Some(match place {
            Place::General { number, bytes } => Source::All(N::new(register(number).into(), 8 * bytes as u32)),
            Place::Immediate(value) => Source::All(N::new(i128::from(value) as u128, 128)),
            Place::Extended { number, signed, bits, amount } => {
                let value = N::new(register(number).into(), bits).number(signed) << amount;
                Source::All(N::new(value as u128, 64))
            }
            Place::Vector { number, width, lanes, registers } => {
                // The manual's arrangement does not count the lower half, which these skip.
                let skips = ["fmlal2", "fmlsl2"].contains(&self.form.mnemonic) && width == 2;
                let bytes = lanes.map_or(unit.bytes, |lanes| lanes * width * if skips { 2 } else { 1 });
                let all = (number..number + registers).flat_map(|n| vector(state, unit, n % 32)[..bytes].to_vec());
                Source::Lanes(all.collect(), width)
            }
            Place::Lane { number, width, lane, scalable } => {
                let at = |segment: usize| &vector(state, unit, number)[16 * segment + lane * width..][..width];
                let segments = if scalable { unit.bytes / 16 } else { 1 };
                // An upper half is asked for, too.
                let times = if scalable { 16 / width } else { 32 / width };
                Source::Lanes((0..segments).flat_map(|segment| at(segment).repeat(times)).collect(), width)
            }
            Place::Pair { number, width, pair, scalable } => {
                let at = |segment: usize| &vector(state, unit, number)[16 * segment + 2 * pair * width..][..2 * width];
                let segments = if scalable { unit.bytes / 16 } else { 1 };
                Source::Lanes((0..segments).flat_map(|segment| at(segment).repeat(8 / width)).collect(), width)
            }
            Place::Element { number, width, lane } => {
                let bytes = vector(state, unit, number).get(lane * width..(lane + 1) * width).unwrap_or(&[]);
                let value = bytes.iter().rev().fold(0, |all, byte| all << 8 | u128::from(*byte));
                Source::All(N::new(value, 8 * width as u32))
            }
            Place::Predicate { number, width } => Source::Bits(predicate(state, unit, number), width),
            Place::Governor { number, .. } => Source::Bits(predicate(state, unit, number), 1),
            Place::Tile { number, width } => {
                let rows = (0..unit.bytes / width).map(|row| row * width + number);
                let all = rows.flat_map(|row| state.array[row * unit.bytes..][..unit.bytes].to_vec());
                Source::Lanes(all.collect(), width)
            }
            Place::Slice { width, .. } => {
                let at = |i: usize| state.array[slice_lane(place, unit, state, i)..][..width].to_vec();
                Source::Lanes((0..unit.bytes / width).flat_map(at).collect(), width)
            }
            _ => return None,
        })
    }

    /// The state after the instruction, as the model says.
    pub fn expect(&self, unit: Unit, before: &State) -> Box<State> {
        let mut after = Box::new(before.clone());
        let input = self.input(unit, before, self.model.tops).expect("as when the case was made");
        let out = self.model.run(&input);
        if let Some(flags) = out.flags {
            after.flags = u64::from(flags) << 28;
        }
        let Some(dest) = self.dest() else { return after };
        let mut lanes = out.lanes;
        for slot in &self.slots {
            let Place::Governor { others, .. } = slot.place else { continue };
            let governs = !matches!(dest, Place::General { .. } | Place::Tile { .. })
                && others != Others::Own
                && self.model.masked;
            for (i, lane) in lanes.iter_mut().enumerate() {
                if governs && !input.active(0, i) {
                    *lane = if others == Others::Merge { input.d.get(i).u() } else { 0 };
                }
            }
        }
        let bytes_of =
            |width: usize| -> Vec<u8> { lanes.iter().flat_map(|lane| lane.to_le_bytes()[..width].to_vec()).collect() };
        match dest {
            Place::General { number: 31, .. } => {}
            Place::General { number, bytes } => {
                after.general[number] = lanes[0] as u64 & u64::MAX >> (64 - 8 * bytes);
            }
            Place::Vector { number, .. } => {
                let new = bytes_of(input.width);
                let start = if self.fills_upper_half(width_of(input.s.first()), dest) { 8 } else { 0 };
                let register = vector_mut(&mut after, unit, number);
                register[2 * start..].fill(0);
                register[start..][..new.len()].copy_from_slice(&new);
            }
            Place::Lane { number, width, lane, .. } => {
                let register = vector_mut(&mut after, unit, number);
                register[16..].fill(0);
                register[lane * width..][..width].copy_from_slice(&bytes_of(width));
            }
            Place::Predicate { number, width } => {
                let all = &mut after.predicates[number * unit.bytes / 8..][..unit.bytes / 8];
                all.fill(0);
                let bits = if self.model.all_bits { (1 << width) - 1 } else { 1 };
                for (i, lane) in lanes.iter().enumerate() {
                    all[i * width / 8] |= ((lane & bits) as u8) << (i * width % 8);
                }
            }
            Place::Tile { number, width } => {
                for (row, bytes) in bytes_of(width).chunks(unit.bytes).enumerate() {
                    after.array[(row * width + number) * unit.bytes..][..unit.bytes].copy_from_slice(bytes);
                }
            }
            Place::Slice { width, .. } => {
                for (i, bytes) in bytes_of(width).chunks(width).enumerate() {
                    after.array[slice_lane(dest, unit, before, i)..][..width].copy_from_slice(bytes);
                }
            }
            _ => unreachable!("nothing is written there"),
        }
        after
    }

    /// Makes all NaNs of the destination the same.
    pub fn forget_nans(&self, unit: Unit, state: &mut State) {
        let forget = |bytes: &mut [u8], width: usize| {
            let Some(format) = super::float::Format::of(width) else { return };
            for lane in bytes.chunks_mut(width) {
                let mut bits = [0; 8];
                bits[..width].copy_from_slice(lane);
                if format.value(u64::from_le_bytes(bits)).is_nan() {
                    lane.fill(0xFF);
                }
            }
        };
        match self.dest() {
            Some(Place::Vector { number, width, .. }) => forget(vector_mut(state, unit, number), width),
            Some(Place::Tile { width, .. }) => forget(&mut state.array[..unit.bytes * unit.bytes], width),
            _ => {}
        }
    }

    /// What differs between what was expected and what was found.
    pub fn differences(&self, unit: Unit, before: &State, expected: &State, found: &State) -> String {
        let mut lines = vec![format!("{} of {:?} at {unit:?}:", self.form.syntax, self.operands)];
        let mut compare = |name: String, all: [&[u8]; 3]| {
            if all[1] != all[2] {
                let [before, expected, found] = all.map(|bytes| {
                    let text: Vec<_> = bytes.iter().rev().map(|byte| format!("{byte:02x}")).collect();
                    text.join("")
                });
                lines.push(format!("{name}\n  before   {before}\n  expected {expected}\n  found    {found}"));
            }
        };
        let all = [before, expected, found];
        for number in 0..expected.general.len() {
            let bytes = all.map(|state| state.general[number].to_le_bytes());
            compare(format!("X{number}"), [&bytes[0], &bytes[1], &bytes[2]]);
        }
        let flags = all.map(|state| state.flags.to_le_bytes());
        compare("NZCV".into(), [&flags[0][3..4], &flags[1][3..4], &flags[2][3..4]]);
        for number in 0..32 {
            compare(format!("Z{number}"), all.map(|state| vector(state, unit, number)));
        }
        for number in 0..16 {
            let bytes = all.map(|state| &state.predicates[number * unit.bytes / 8..][..unit.bytes / 8]);
            compare(format!("P{number}"), bytes);
        }
        let rows = if unit.mode == Mode::Streaming { unit.bytes } else { 0 };
        for row in 0..rows {
            compare(format!("ZA[{row}]"), all.map(|state| &state.array[row * unit.bytes..][..unit.bytes]));
        }
        for slot in &self.slots {
            match slot.place {
                Place::General { number, .. } | Place::Extended { number, .. } if number < 31 => {
                    lines.push(format!("X{number} was {:x}", before.general[number]));
                }
                Place::Vector { number, .. } | Place::Lane { number, .. } | Place::Pair { number, .. } => {
                    let bytes = vector(before, unit, number).iter().rev().map(|byte| format!("{byte:02x}"));
                    lines.push(format!("Z{number} was {}", bytes.collect::<String>()));
                }
                _ => {}
            }
        }
        lines.join("\n")
    }
}

/// The bytes of a source's lane.
fn width_of(source: Option<&Source>) -> usize {
    source.and_then(Source::width).unwrap_or(0)
}

/// Where a lane of a row or column of a tile is in ZA.
fn slice_lane(place: Place, unit: Unit, state: &State, i: usize) -> usize {
    let Place::Slice { number, width, vertical, register, offset } = place else { unreachable!("no slice") };
    let index = state.general[register] as u32;
    let slice = (index.wrapping_add(offset as u32)) as usize % (unit.bytes / width);
    let (row, column) = if vertical { (i, slice) } else { (slice, i) };
    (row * width + number) * unit.bytes + column * width
}

fn vector(state: &State, unit: Unit, number: usize) -> &[u8] {
    &state.vectors[number * unit.bytes..][..unit.bytes]
}

fn vector_mut(state: &mut State, unit: Unit, number: usize) -> &mut [u8] {
    &mut state.vectors[number * unit.bytes..][..unit.bytes]
}

/// A predicate's bits, one a byte of a vector.
fn predicate(state: &State, unit: Unit, number: usize) -> Vec<bool> {
    let bytes = &state.predicates[number * unit.bytes / 8..][..unit.bytes / 8];
    (0..unit.bytes).map(|i| bytes[i / 8] >> (i % 8) & 1 == 1).collect()
}

fn shifted(value: N, shift: u32, amount: u32) -> N {
    let bits = value.bits;
    let amount_left = (bits - amount) % bits;
    let result = match shift {
        0 => value.u() << amount,
        1 => value.u() >> amount,
        2 => value.s() >> amount,
        _ => value.u() >> amount | if amount == 0 { 0 } else { value.u() << amount_left },
    };
    N::new(result as u128, bits)
}
