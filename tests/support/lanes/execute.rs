//! Execution of all that a form can be made of.

use super::{
    Bytes, Doing, Fill, In, Model, Out, get,
    machine::{FLAGS, Function, GENERAL, State, Vectors},
    put,
    shape::{Class, Embedded, Masking, Place, Slot, slots},
};
use tailfirst::{
    Access,
    x64::{Form, K, Round},
};

/// Random numbers with notable ones among them: SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[(self.number() % all.len() as u64) as usize]
    }

    pub fn bits(&mut self) -> u64 {
        const NOTABLE: [u64; 12] = [
            0,
            1,
            u64::MAX,
            0x8000_0000_0000_0000,
            0x7FFF_FFFF_FFFF_FFFF,
            0x8080_8080_8080_8080,
            0x7F7F_7F7F_7F7F_7F7F,
            0x8000_8000_8000_8000,
            0x7FFF_8000_0001_FFFF,
            0x8000_0000_7FFF_FFFF,
            0x0000_0020_0010_0008,
            0x0000_0003_0000_001F,
        ];
        match self.number() % 8 {
            0 => self.one_of(&NOTABLE),
            1 => self.number() & 0x3F,
            _ => self.number(),
        }
    }

    fn f64(&mut self) -> f64 {
        const NOTABLE: [f64; 10] =
            [0.0, -0.0, 1.0, -1.5, 2.5, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, 5e-324];
        loop {
            let value = match self.number() % 8 {
                0 => self.one_of(&NOTABLE),
                // Of like size, so that sums are of both.
                1..5 => (self.number() as i64 as f64) / 1e17,
                _ => f64::from_bits(self.number()),
            };
            if !value.is_nan() {
                return value;
            }
        }
    }

    fn f32(&mut self) -> f32 {
        const NOTABLE: [f32; 10] =
            [0.0, -0.0, 1.0, -1.5, 2.5, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN_POSITIVE, 1e-45];
        loop {
            let value = match self.number() % 8 {
                0 => self.one_of(&NOTABLE),
                1..5 => (self.number() as i64 as f32) / 1e17,
                _ => f32::from_bits(self.number() as u32),
            };
            if !value.is_nan() {
                return value;
            }
        }
    }

    /// A number around those that integers can hold, with halves.
    fn small(&mut self) -> f64 {
        let size = self.number() % 68;
        (self.number() as i64 >> 2) as f64 / 2.0 / 2_f64.powi(size as i32)
    }

    fn fill(&mut self, bytes: &mut [u8], fill: Fill) {
        for eight in bytes.chunks_mut(8) {
            let both = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
            let value = match fill {
                Fill::Bits => self.bits(),
                Fill::F32 => both(self.f32().to_bits(), self.f32().to_bits()),
                Fill::F64 => self.f64().to_bits(),
                Fill::Small32 => both((self.small() as f32).to_bits(), (self.small() as f32).to_bits()),
                Fill::Small64 => self.small().to_bits(),
            };
            eight.copy_from_slice(&value.to_le_bytes());
        }
    }
}

/// A state of random numbers.
pub fn random_state(random: &mut Random) -> Box<State> {
    let mut state = Box::new(State {
        vectors: [[0; 64]; 32],
        memory: [0; 64],
        mmx: [[0; 8]; 8],
        masks: [0; 8],
        general: [0; GENERAL.len()],
        flags: 2,
    });
    state.vectors.iter_mut().for_each(|bytes| random.fill(bytes, Fill::Bits));
    random.fill(&mut state.memory, Fill::Bits);
    state.masks.iter_mut().for_each(|mask| *mask = random.number());
    state.general.iter_mut().for_each(|register| *register = random.bits());
    state
}

/// How an execution ended that was not as the model says.
#[derive(Debug)]
pub enum Failure {
    /// The form has operands that are not made here.
    Shape,
    /// What differs.
    Difference(String),
}

/// What is done with a form's code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Run {
    /// It is executed.
    Execute,
    /// It is encoded, for the processor lacks the instruction: so another processor will find operands.
    Encode,
}

/// Executes or encodes all combinations of a form's operands, and says how many cases there were.
pub fn execute(
    form: &Form,
    model: &Model,
    vectors: Vectors,
    state: &mut State,
    random: &mut Random,
    run: Run,
) -> Result<u64, Failure> {
    const INPUTS: u64 = 3;
    const PLACES: usize = 3;
    // What an immediate says is as much as what registers have, and each is another instruction.
    const IMMEDIATES: usize = 12;
    // Of the string instruction CMPSD, which has no operands, the comparison's model knows nothing.
    let slots = slots(form).filter(|slots| !slots.is_empty() || model.effect.is_some()).ok_or(Failure::Shape)?;
    let mut cases = 0;
    let has_immediate = slots.iter().any(|slot| slot.immediate.is_some() && slot.fixed.is_none());
    let times = match (run, has_immediate) {
        (Run::Encode, _) => 1,
        (Run::Execute, true) => IMMEDIATES,
        (Run::Execute, false) => PLACES,
    };
    for combination in combinations(&slots).iter().flat_map(|combination| std::iter::repeat_n(combination, times)) {
        let mut immediates = model.immediates;
        if immediates == 31 && !encoded_with(form, &["VEX", "EVEX"]) {
            // The comparisons of SSE have eight predicates.
            immediates = 7;
        }
        let places = (0..100)
            .find_map(|_| {
                let places = combination.place(&slots, immediates, random);
                is_ready(state, &places, model, random).then_some(places)
            })
            .unwrap_or_else(|| panic!("{}: no operands that it takes", form.syntax));
        let mask = combination.mask.then(|| 1 + (random.number() % 7) as u8);
        let operands: Vec<_> = slots
            .iter()
            .zip(&places)
            .zip(&combination.ways)
            .filter(|((slot, _), _)| slot.fixed.is_none())
            .map(|((slot, place), way)| {
                let operand = match slot.embedded.filter(|_| *way == Way::Embedded) {
                    // As MXCSR rounds, and the models do.
                    Some(Embedded::Rounding) => place.operand().rounded(Round::Nearest),
                    Some(Embedded::NoExceptions) => place.operand().sae(),
                    None => place.operand(),
                };
                match mask.filter(|_| slot.masking != Masking::None) {
                    Some(mask) if combination.zeroing => operand.k(K::new(mask).expect("below 8")).z(),
                    Some(mask) => operand.k(K::new(mask).expect("below 8")),
                    None => operand,
                }
            })
            .collect();
        let function = Function::new(vectors, |enc| {
            form.emit(enc, &operands).unwrap_or_else(|error| panic!("{} of {operands:?}: {error}", form.syntax));
        });
        if run == Run::Encode {
            cases += 1;
            continue;
        }
        for _ in 0..INPUTS {
            let is_found = (0..100).any(|_| is_ready(state, &places, model, random));
            assert!(is_found, "{} of {places:?}: no input that it takes", form.syntax);
            let before = state.clone();
            let mut expected = before.clone();
            let with = Case { form, model, slots: &slots, places: &places, mask, zeroing: combination.zeroing };
            let undefined = with.expect(&before, &mut expected);
            // What a register has not stays as it is in memory.
            for (expected, before) in expected.vectors.iter_mut().zip(&before.vectors) {
                expected[vectors.bytes()..].copy_from_slice(&before[vectors.bytes()..]);
            }
            function.call(state);
            let mut found = state.clone();
            // The interrupt flag and others are the system's.
            found.flags = found.flags & FLAGS & !undefined | 2;
            expected.flags = expected.flags & FLAGS & !undefined | 2;
            if let Some(width) = model.nan {
                for state in [&mut found, &mut expected] {
                    with.written().for_each(|place| forget_nans(state, place, width));
                }
            }
            if model.compared < 64 {
                for place in with.written() {
                    let mut bytes = place.read(&found);
                    let undefined = model.compared..place.bytes();
                    bytes[undefined.clone()].copy_from_slice(&place.read(&expected)[undefined]);
                    place.write(&mut found, &bytes, false);
                }
            }
            if found != expected {
                let difference = differences(&before, &expected, &found);
                return Err(Failure::Difference(format!("{} of {operands:?}:\n{difference}", form.syntax)));
            }
            cases += 1;
        }
    }
    Ok(cases)
}

pub fn encoded_with(form: &Form, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| form.encoding.starts_with(&format!("{prefix}.")))
}

/// What each slot is to be, and with which mask.
#[derive(Debug, Clone)]
struct Combination {
    ways: Vec<Way>,
    mask: bool,
    zeroing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Register,
    /// A register with its own rounding, or none of the exceptions.
    Embedded,
    Memory,
    Broadcast,
    Immediate,
    Address,
    Index,
}

fn combinations(slots: &[Slot]) -> Vec<Combination> {
    let mut all = vec![Combination { ways: Vec::new(), mask: false, zeroing: false }];
    for slot in slots {
        let ways = [
            slot.register.map(|_| Way::Register),
            slot.register.and(slot.embedded).map(|_| Way::Embedded),
            slot.memory.map(|_| Way::Memory),
            slot.broadcast.map(|_| Way::Broadcast),
            slot.immediate.map(|_| Way::Immediate),
            slot.address.then_some(Way::Address),
            slot.index.map(|_| Way::Index),
        ];
        let mut next = Vec::new();
        for combination in &all {
            for way in ways.into_iter().flatten() {
                let mut combination = combination.clone();
                combination.ways.push(way);
                next.push(combination.clone());
                if slot.masking != Masking::None {
                    combination.mask = true;
                    next.push(combination.clone());
                    if slot.masking == Masking::Zeroing && way == Way::Register {
                        combination.zeroing = true;
                        next.push(combination);
                    }
                }
            }
        }
        all = next;
    }
    all
}

impl Combination {
    fn place(&self, slots: &[Slot], immediates: u64, random: &mut Random) -> Vec<Place> {
        let place = |(slot, way): (&Slot, &Way)| match way {
            Way::Register | Way::Embedded => {
                let class = slot.register.expect("a register");
                let numbers: Vec<u8> = class.numbers().into_iter().filter(|n| !slot.low || *n < 8).collect();
                Place::Register(class, slot.fixed.unwrap_or_else(|| random.one_of(&numbers)))
            }
            Way::Memory => Place::Memory(slot.memory.expect("memory")),
            Way::Broadcast => Place::Broadcast(slot.broadcast.expect("a broadcast")),
            Way::Address => {
                let [base, index] = [random.one_of(&GENERAL), random.one_of(&GENERAL)];
                let disp = random.bits() as i32 >> (random.number() % 32);
                Place::Address { base, index, shift: (random.number() % 4) as u32, disp }
            }
            Way::Index => {
                let class = slot.index.expect("a vector of indices");
                Place::Index { class, number: random.one_of(&class.numbers()), shift: (random.number() % 4) as u32 }
            }
            Way::Immediate => Place::Immediate(match slot.fixed {
                Some(value) => value.into(),
                None => {
                    let (bytes, signed) = slot.immediate.expect("an immediate");
                    let unused = 64 - 8 * bytes as u32;
                    let value = (random.bits() & immediates) << unused;
                    if signed { value as i64 >> unused } else { (value >> unused) as i64 }
                }
            }),
        };
        slots.iter().zip(&self.ways).map(place).collect()
    }
}

/// Fills what the instruction reads; false if the model says that there is no defined result.
fn is_ready(state: &mut State, places: &[Place], model: &Model, random: &mut Random) -> bool {
    for place in places {
        refill(state, *place, model.fill, random);
    }
    state.flags = random.number() & FLAGS | 2;
    model.prepare.as_ref().is_none_or(|prepare| prepare(places, state, random))
}

fn refill(state: &mut State, place: Place, fill: Fill, random: &mut Random) {
    match place {
        Place::Register(Class::Vector { .. }, number) => random.fill(&mut state.vectors[usize::from(number)], fill),
        Place::Register(Class::Mmx, number) => random.fill(&mut state.mmx[usize::from(number)], fill),
        Place::Register(Class::Mask, number) => {
            state.masks[usize::from(number)] = if random.number().is_multiple_of(4) { 0 } else { random.bits() };
        }
        Place::Register(Class::General { .. }, _) => {
            let mut value = [0; 64];
            value[..8].copy_from_slice(&random.bits().to_le_bytes());
            place.write(state, &value, false);
        }
        Place::Memory(_) | Place::Broadcast(_) => random.fill(&mut state.memory, fill),
        Place::Immediate(_) => {}
        Place::Address { base, index, .. } => {
            for number in [base, index] {
                refill(state, Place::Register(Class::General { bytes: 8, high: false }, number), fill, random);
            }
        }
        Place::Index { number, .. } => random.fill(&mut state.vectors[usize::from(number)], fill),
    }
}

struct Case<'a> {
    form: &'a Form,
    model: &'a Model,
    slots: &'a [Slot],
    places: &'a [Place],
    mask: Option<u8>,
    zeroing: bool,
}

impl Case<'_> {
    fn written(&self) -> impl Iterator<Item = Place> {
        let writes = |slot: &Slot| matches!(slot.access, Access::Write | Access::ReadWrite);
        self.slots.iter().zip(self.places).filter(move |(slot, _)| writes(slot)).map(|(_, place)| *place)
    }

    /// Makes of the state what the model says, and says which flags are undefined.
    fn expect(&self, before: &State, state: &mut State) -> u64 {
        let clears = encoded_with(self.form, &["VEX", "EVEX"]);
        if let Some(effect) = &self.model.effect {
            return effect(&Doing { places: self.places, before, clears }, state);
        }
        let reads = |slot: &Slot| matches!(slot.access, Access::Read | Access::ReadWrite);
        let read = || self.slots.iter().zip(self.places).filter(|(slot, _)| reads(slot));
        let is_immediate = |place: &Place| matches!(place, Place::Immediate(_));
        let dest = self.written().next();
        let size = |slot: &Slot, place: &Place| match place {
            Place::Register(class, _) => class.bytes(),
            Place::Memory(bytes) => slot.register.map_or(*bytes, Class::bytes),
            Place::Broadcast(_) => slot.register.map_or(64, Class::bytes),
            Place::Immediate(_) | Place::Address { .. } | Place::Index { .. } => 8,
        };
        let last = read().rfind(|(_, place)| !is_immediate(place));
        let input = In {
            s: read().filter(|(_, place)| !is_immediate(place)).map(|(_, place)| place.read(before)).collect(),
            imm: self.places.iter().find_map(|place| match place {
                Place::Immediate(value) => Some(*value as u64),
                _ => None,
            }),
            dest: dest.map_or(0, |dest| match dest {
                Place::Register(class, _) => class.bytes(),
                Place::Memory(bytes) => bytes,
                _ => unreachable!("nothing is written there"),
            }),
            source: last.map_or(0, |(slot, place)| size(slot, place)),
            gives_mask: matches!(dest, Some(Place::Register(Class::Mask, _))),
            memory: last.is_some_and(|(_, place)| matches!(place, Place::Memory(_))),
            flags: before.flags & FLAGS,
        };
        let out = (self.model.function)(&input);
        if let Some(dest) = dest {
            dest.write(state, &self.masked(dest, before, &input, &out), clears);
        }
        let Some((flags, undefined)) = out.flags else { return 0 };
        state.flags = flags;
        undefined
    }

    /// The result with those lanes that the mask does not choose as they were, or zero.
    fn masked(&self, dest: Place, before: &State, input: &In, out: &Out) -> Bytes {
        let Some(mask) = self.mask.map(|mask| before.masks[usize::from(mask)]) else { return out.bytes };
        let mut bytes = out.bytes;
        if let Place::Register(Class::Mask, _) = dest {
            let kept = get(&bytes, 8, 0) & mask;
            put(&mut bytes, 8, 0, kept);
            return bytes;
        }
        let width = self.model.width;
        let old = self.model.otherwise.map_or_else(|| dest.read(before), |source| input.s[source]);
        for i in (0..out.lanes).filter(|i| mask >> i & 1 == 0) {
            put(&mut bytes, width, i, if self.zeroing { 0 } else { get(&old, width, i) });
        }
        bytes
    }
}

/// Makes all NaNs the same.
fn forget_nans(state: &mut State, place: Place, width: usize) {
    let Place::Register(Class::Vector { .. }, number) = place else { return };
    let bytes = &mut state.vectors[usize::from(number)];
    for i in 0..64 / width {
        let bits = get(bytes, width, i);
        let nan = if width == 4 { f32::from_bits(bits as u32).is_nan() } else { f64::from_bits(bits).is_nan() };
        if nan {
            put(bytes, width, i, u64::MAX);
        }
    }
}

fn differences(before: &State, expected: &State, found: &State) -> String {
    let mut lines = Vec::new();
    let mut compare = |name: String, all: [&[u8]; 3]| {
        if all[1] != all[2] {
            let [was, expected, found] = all.map(|bytes| format!("{:02x?}", bytes));
            lines.push(format!("{name}\n  was      {was}\n  expected {expected}\n  found    {found}"));
        }
    };
    let all = [before, expected, found];
    for number in 0..32 {
        compare(format!("vector {number}"), all.map(|state| &state.vectors[number][..]));
    }
    compare("memory".into(), all.map(|state| &state.memory[..]));
    for number in 0..8 {
        let masks = all.map(|state| state.masks[number].to_le_bytes());
        compare(format!("mask {number}"), masks.each_ref().map(|bytes| &bytes[..]));
        compare(format!("mmx {number}"), all.map(|state| &state.mmx[number][..]));
    }
    for (number, register) in GENERAL.iter().enumerate() {
        let general = all.map(|state| state.general[number].to_le_bytes());
        compare(format!("general {register}"), general.each_ref().map(|bytes| &bytes[..]));
    }
    let flags = all.map(|state| state.flags.to_le_bytes());
    compare("flags".into(), flags.each_ref().map(|bytes| &bytes[..]));
    lines.push(format!(
        "memory {:02x?}\nmmx {:02x?}\nmasks {:x?}\ngeneral {:x?}\nvectors {:02x?}",
        before.memory, before.mmx, before.masks, before.general, before.vectors
    ));
    lines.join("\n")
}
