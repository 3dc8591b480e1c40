//! Random operands for any form, as numbers and as the public API says them.
//!
//! [`Sample::new`] chooses numbers ([`Argument`]); [`Sample::operands`] says the same to an encoder, in one of the ways
//! that the API has for it (`EXmm` or `Xmm`, `RBX + RCX * 4` or `Mem::new`, a distance or a label). The values that
//! matter are preferred: registers whose numbers mean something else in ModRM or SIB (RSP, R12, RBP, R13) or need REX
//! (SPL), displacements around one byte and around disp8*N, immediates at both ends of their types.

use super::forward::{self, Address, Argument, Base, Override, Value};
use crate::choices::Choices;
use tailfirst::{Label, Symbol, x64::*};
use tailfirst_gen::{
    condition::Term,
    x64::{Class, Encoding, Form as Model, Kind, Mask, Mode, Pointer, Rounding, Slot},
};

/// An instruction and the code around it.
#[derive(Debug, Clone)]
pub struct Sample {
    pub arguments: Vec<Argument>,
    pub reach: Reach,
    /// Bytes of other code below the instruction.
    pub below: u8,
    /// Bytes of other code above it.
    pub above: u8,
}

/// What a PC-relative operand is said to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reach {
    /// A displacement.
    Number,
    /// A label at the end of the code, bound before it is used.
    Above,
    /// A label at the start of the code, pending when it is used.
    Below,
    /// A symbol.
    Outside,
}

/// The labels that [`Sample::operands`] refers to.
#[derive(Debug, Clone, Copy)]
pub struct Labels {
    pub above: Label,
    pub below: Label,
}

/// The symbol that [`Sample::operands`] refers to.
pub const OUTSIDE: Symbol = Symbol(7);

impl Sample {
    pub fn new(form: &Model, choices: &mut Choices) -> Sample {
        let mut arguments: Vec<_> = form.parameters().map(|operand| argument(form, operand, choices)).collect();
        settle(form, &mut arguments);
        shorten(form, &mut arguments);
        let around = [choices.number(), choices.number()];
        // Seldom much, since most of the time would go into it.
        let [below, above] = around.map(|number| (number / 4 % if number % 4 == 3 { 101 } else { 4 }) as u8);
        let relative = arguments.iter().find_map(|argument| match &argument.value {
            Value::Memory(Address { base: Base::Rip, segment: None, .. }) => {
                Some(&[Reach::Number, Reach::Above, Reach::Below, Reach::Outside][..])
            }
            Value::Distance(_) => Some(&[Reach::Above, Reach::Below, Reach::Outside][..]),
            _ => None,
        });
        let reach = relative.map_or(Reach::Number, |ways| choices.one_of(ways));
        let mut sample = Sample { arguments, reach, below, above };
        let distance = match reach {
            Reach::Number | Reach::Outside => return sample,
            Reach::Above => i32::from(above),
            // A displacement that is not one byte always has four, so the length is that of any.
            Reach::Below => -(forward::encode(form, &sample.arguments).len() as i32) - i32::from(below),
        };
        for argument in &mut sample.arguments {
            match &mut argument.value {
                Value::Memory(Address { base: Base::Rip, disp, .. }) | Value::Distance(disp) => *disp = distance,
                _ => {}
            }
        }
        sample
    }

    /// The PC-relative operand's distance.
    pub fn distance(&self) -> i32 {
        let distance = self.arguments.iter().find_map(|argument| match argument.value {
            Value::Memory(Address { base: Base::Rip, disp, .. }) | Value::Distance(disp) => Some(disp),
            _ => None,
        });
        distance.unwrap_or(0)
    }

    /// The operands for [`tailfirst::x64::Form::emit`].
    pub fn operands(&self, form: &Model, labels: Labels) -> Vec<Operand> {
        form.parameters()
            .zip(&self.arguments)
            .map(|(operand, argument)| self.operand(&operand.kind, argument, labels))
            .collect()
    }

    fn operand(&self, kind: &Kind, argument: &Argument, labels: Labels) -> Operand {
        let plain = match (&argument.value, kind) {
            (Value::Register(number), Kind::Reg(class) | Kind::RegMem { class, .. }) => {
                register(*class, *number, argument.spelling)
            }
            (Value::Memory(address), Kind::Vsib { class }) => vector_memory(*class, address, argument.spelling),
            (Value::Memory(address), _) => self.memory(address, argument.spelling, labels),
            (Value::Number(flags), Kind::FlagsValue) => Dfv::from_bits(*flags as u8).expect("four bits").into(),
            (Value::Number(number), _) => Operand::imm(*number),
            (Value::Absolute(address, Override { segment, narrow }), _) => match narrow {
                true => Moffs::addr32(*address as u32, segment.map(segment_register)).into(),
                false => Moffs::new(*address, segment.map(segment_register)).into(),
            },
            (Value::Fixed(at), Kind::FixedAddress(pointer)) => fixed_address(*pointer, *at),
            (Value::Fixed(_), _) => unreachable!("a fixed address as {kind:?}"),
            (Value::Distance(_), _) => match self.reach {
                Reach::Below => labels.below.into(),
                Reach::Outside => OUTSIDE.into(),
                Reach::Number | Reach::Above => labels.above.into(),
            },
            (Value::Register(_), _) => unreachable!("a register as {kind:?}"),
        };
        let mut operand = plain;
        if argument.mask != 0 {
            operand = operand.k(K::new(argument.mask).expect("below 8"));
        }
        if argument.zeroing {
            operand = operand.z();
        }
        if argument.broadcast {
            operand = operand.broadcast();
        }
        if let Some(mode) = argument.rounding {
            operand = operand.rounded([Round::Nearest, Round::Down, Round::Up, Round::Zero][usize::from(mode)]);
        }
        if argument.sae { operand.sae() } else { operand }
    }

    fn memory(&self, address: &Address, spelling: u64, labels: Labels) -> Operand {
        let segmented = |mem: Mem| match address.segment {
            Some(0x64) if spelling % 2 == 1 => mem.fs(),
            Some(0x65) if spelling % 2 == 1 => mem.gs(),
            Some(segment) => mem.segment(segment_register(segment)),
            None => mem,
        };
        let prefixed = |mem: Mem| segmented(if address.narrow { mem.addr32() } else { mem });
        match (&address.base, self.reach) {
            (Base::Rip, Reach::Above) if address.segment.is_none() && !address.narrow => return labels.above.into(),
            (Base::Rip, Reach::Above) => return prefixed(labels.above.into()).into(),
            (Base::Rip, Reach::Below) => return prefixed(labels.below.into()).into(),
            (Base::Rip, Reach::Outside) => return prefixed(OUTSIDE.into()).into(),
            _ => {}
        }
        let high = |number: u8| number > 15;
        let base = if let Base::Register(base) = address.base { Some(base) } else { None };
        let extended = base.is_some_and(high) || address.index.is_some_and(|(index, _)| high(index));
        if extended {
            let mem = extended_memory(base, address);
            let mem = if address.narrow { mem.addr32() } else { mem };
            return address.segment.map_or(mem, |segment| mem.segment(segment_register(segment))).into();
        }
        match &address.base {
            Base::Rip if spelling % 2 == 1 => prefixed(Mem::rip(address.disp)),
            Base::Rip => prefixed(Mem::rip(0) + address.disp),
            _ if address.narrow && spelling % 4 == 3 => prefixed(wide_memory(base, address, spelling)),
            _ if address.narrow => segmented(narrow_memory(base, address, spelling)),
            _ => segmented(wide_memory(base, address, spelling)),
        }
        .into()
    }
}

/// A 64-bit register below number 16.
fn wide(number: u8) -> Gpr64 {
    Gpr64::new(number).expect("below 16")
}

fn wide_memory(base: Option<u8>, address: &Address, spelling: u64) -> Mem {
    let scale = |log2: u8| [Scale::X1, Scale::X2, Scale::X4, Scale::X8][usize::from(log2)];
    let Address { index, disp, .. } = *address;
    if spelling % 2 == 1 {
        let index = index.map(|(index, log2)| (wide(index), scale(log2)));
        return Mem::new(base.map(wide), index, disp).expect("RSP is no index here");
    }
    match (base.map(wide), index.map(|(index, log2)| wide(index) * (1 << log2))) {
        (Some(base), Some(index)) if spelling % 3 == 2 => base + disp + index,
        (Some(base), Some(index)) => base + index + disp,
        // Every negative displacement but one has a positive counterpart.
        (Some(base), None) if disp > i32::MIN && disp < 0 => base - -disp,
        (Some(base), None) => base + disp,
        (None, Some(index)) => index + disp,
        (None, None) => Mem::absolute(disp),
    }
}

fn narrow_memory(base: Option<u8>, address: &Address, spelling: u64) -> Mem {
    let narrow = |number: u8| Gpr32::new(number).expect("below 16");
    let Address { index, disp, .. } = *address;
    match (base.map(narrow), index.map(|(index, log2)| narrow(index) * (1 << log2))) {
        (Some(base), Some(index)) if spelling % 2 == 1 => base + disp + index,
        (Some(base), Some(index)) => base + index + disp,
        (Some(base), None) => base + disp,
        (None, Some(index)) => index + disp,
        (None, None) => Mem::absolute(disp).addr32(),
    }
}

fn extended_memory(base: Option<u8>, address: &Address) -> EMem {
    let any = |number: u8| EGpr64::new(number).expect("below 32");
    let Address { index, disp, .. } = *address;
    match (base.map(any), index.map(|(index, log2)| any(index) * (1 << log2))) {
        (Some(base), Some(index)) => base + index + disp,
        (Some(base), None) => base + disp,
        (None, Some(index)) => index + disp,
        (None, None) => unreachable!("it has a high register"),
    }
}

/// The segment register of a prefix byte.
fn segment_register(prefix: u8) -> Sreg {
    SEGMENTS.iter().find(|(byte, _)| *byte == prefix).map(|(_, register)| *register).expect("a segment prefix")
}

/// Segment prefixes (SDM vol. 2A, 2.1.1), and whose they are.
const SEGMENTS: [(u8, Sreg); 6] = [(0x64, FS), (0x65, GS), (0x26, ES), (0x2E, CS), (0x36, SS), (0x3E, DS)];

fn fixed_address(pointer: Pointer, Override { segment, narrow }: Override) -> Operand {
    let segment = segment.map(segment_register);
    match (pointer, narrow) {
        (Pointer::Rsi, false) => StringSource::rsi(segment).into(),
        (Pointer::Rsi, true) => StringSource::esi(segment).into(),
        (Pointer::Rbx, false) => XlatTable::rbx(segment).into(),
        (Pointer::Rbx, true) => XlatTable::ebx(segment).into(),
        (Pointer::Rdi, false) => MaskedDestination::rdi(segment).into(),
        (Pointer::Rdi, true) => MaskedDestination::edi(segment).into(),
    }
}

fn vector_memory(class: Class, address: &Address, spelling: u64) -> Operand {
    fn prefixed<R: Copy>(mem: VMem<R>, address: &Address) -> Operand
    where
        Operand: From<VMem<R>>,
    {
        // The registers of 32 bits said so already, but it may be said again.
        let mem = if address.narrow { mem.addr32() } else { mem };
        address.segment.map_or(mem, |segment| mem.segment(segment_register(segment))).into()
    }
    let Address { index: Some((index, log2)), disp, .. } = *address else {
        unreachable!("an address with a vector index has an index")
    };
    let base = if let Base::Register(base) = address.base { Some(base) } else { None };
    macro_rules! with_index {
        ($index:expr) => {{
            let index = $index.expect("a number of the class") * (1 << log2);
            let mem = match base {
                None => index + disp,
                Some(base) if address.narrow => Gpr32::new(base).expect("below 16") + index + disp,
                Some(base) if spelling % 3 == 1 => wide(base) + disp + index,
                Some(base) => wide(base) + index + disp,
            };
            prefixed(mem, address)
        }};
    }
    // An extended base makes an operand of EVEX of any index.
    if let Some(base) = base.filter(|base| *base > 15) {
        let base = EGpr64::new(base).expect("below 32");
        macro_rules! with_base {
            ($index:expr) => {
                prefixed(base + $index.expect("a number of the class") * (1 << log2) + disp, address)
            };
        }
        return match class {
            Class::EXmm => with_base!(EXmm::new(index)),
            Class::EYmm => with_base!(EYmm::new(index)),
            Class::Zmm => with_base!(Zmm::new(index)),
            _ => unreachable!("{class:?} with an address of any register"),
        };
    }
    let plain = spelling % 2 == 1;
    match class {
        Class::EXmm if plain && index < 16 => with_index!(Xmm::new(index)),
        Class::EYmm if plain && index < 16 => with_index!(Ymm::new(index)),
        Class::Xmm => with_index!(Xmm::new(index)),
        Class::Ymm => with_index!(Ymm::new(index)),
        Class::EXmm => with_index!(EXmm::new(index)),
        Class::EYmm => with_index!(EYmm::new(index)),
        Class::Zmm => with_index!(Zmm::new(index)),
        _ => unreachable!("{class:?} is no vector register"),
    }
}

fn register(class: Class, number: u8, spelling: u64) -> Operand {
    /// A register of an extended class, or, where there is one, its plain name.
    fn either<P: Into<Operand>, E: Into<Operand>>(plain: Option<P>, extended: Option<E>, spelling: u64) -> Operand {
        match (plain, extended) {
            (Some(plain), _) if spelling % 2 == 1 => plain.into(),
            (_, extended) => extended.expect("below 32").into(),
        }
    }
    fn is<R: Into<Operand>>(register: Option<R>) -> Operand {
        register.expect("a number of the class").into()
    }
    match class {
        Class::R8 => is(Gpr8::new(number)),
        Class::R8h => is(Gpr8h::new(number)),
        Class::R16 | Class::Low16 => is(Gpr16::new(number)),
        Class::R32 | Class::Low32 => is(Gpr32::new(number)),
        Class::R64 => is(Gpr64::new(number)),
        Class::E8 => either(Gpr8::new(number), EGpr8::new(number), spelling),
        Class::E16 => either(Gpr16::new(number), EGpr16::new(number), spelling),
        Class::E32 => either(Gpr32::new(number), EGpr32::new(number), spelling),
        Class::E64 => either(Gpr64::new(number), EGpr64::new(number), spelling),
        Class::Xmm => is(Xmm::new(number)),
        Class::Ymm => is(Ymm::new(number)),
        Class::Zmm => is(Zmm::new(number)),
        Class::EXmm => either(Xmm::new(number), EXmm::new(number), spelling),
        Class::EYmm => either(Ymm::new(number), EYmm::new(number), spelling),
        Class::K => is(K::new(number)),
        Class::KPair => is(K::new(number).and_then(KPair::new)),
        Class::Tmm => is(Tmm::new(number)),
        Class::St => is(St::new(number)),
        Class::Sreg => is(Sreg::new(number)),
        Class::Mm => is(Mm::new(number)),
        Class::Cr => is(Cr::new(number)),
        Class::Dr => is(Dr::new(number)),
    }
}

fn argument(form: &Model, operand: &tailfirst_gen::x64::Operand, choices: &mut Choices) -> Argument {
    let mut argument = Argument {
        value: Value::Number(0),
        mask: 0,
        zeroing: false,
        broadcast: false,
        rounding: None,
        sae: false,
        spelling: choices.number(),
    };
    let mut unit = disp8(form).0;
    argument.value = match operand.kind {
        Kind::Reg(class) => Value::Register(number(class, choices)),
        Kind::RegMem { class, broadcast, .. } => {
            if choices.below(2) == 0 {
                Value::Register(number(class, choices))
            } else {
                argument.broadcast = broadcast.is_some() && choices.below(2) == 1;
                if argument.broadcast {
                    unit = disp8(form).1;
                }
                Value::Memory(address(form, class.is_extended(), unit, choices))
            }
        }
        Kind::Mem { extended, .. } => Value::Memory(address(form, extended, unit, choices)),
        Kind::Vsib { class } => Value::Memory(Address {
            segment: segment(choices),
            narrow: choices.rarely(6),
            base: match choices.rarely(6) {
                true => Base::None,
                false if class.is_extended() => Base::Register(number(Class::E64, choices)),
                false => Base::Register(number(Class::R64, choices)),
            },
            index: Some((number(class, choices), choices.below(4) as u8)),
            disp: disp(unit, choices),
        }),
        Kind::Imm { bits, signed } => Value::Number(immediate(bits, signed, choices)),
        Kind::Rel { bits: 8 } => Value::Distance(choices.one_of(&[0, 1, -1, 127, -128, 42])),
        Kind::Rel { .. } => Value::Distance(disp(1, choices)),
        Kind::Moffs { prefixed: false, .. } => Value::Number(immediate(64, false, choices)),
        Kind::Moffs { .. } => {
            let at = Override { segment: segment(choices), narrow: choices.below(2) == 1 };
            let address = immediate(64, false, choices) as u64;
            Value::Absolute(if at.narrow { address & u64::from(u32::MAX) } else { address }, at)
        }
        Kind::FixedAddress(_) => Value::Fixed(Override { segment: segment(choices), narrow: choices.below(2) == 1 }),
        Kind::FlagsValue => Value::Number(choices.below(16) as i64),
        Kind::Fixed(_) => unreachable!("a fixed operand is no parameter"),
    };
    let in_register = matches!(argument.value, Value::Register(_));
    match operand.mask {
        Some(_) if form.needs_mask() => argument.mask = 1 + choices.below(7) as u8,
        Some(mask) => {
            argument.mask = choices.below(8) as u8;
            argument.zeroing = mask == Mask::Zeroing && in_register && argument.mask != 0 && choices.below(2) == 1;
        }
        None => {}
    }
    if in_register && choices.below(2) == 1 {
        match operand.rounding {
            Some(Rounding::Embedded) => argument.rounding = Some(choices.below(4) as u8),
            Some(Rounding::SuppressExceptions) => argument.sae = true,
            None => {}
        }
    }
    argument
}

/// N of disp8*N, for the whole operand and for an element.
fn disp8(form: &Model) -> (u32, u32) {
    if let Encoding::Evex { disp8, .. } = form.encoding { disp8 } else { (1, 1) }
}

fn number(class: Class, choices: &mut Choices) -> u8 {
    // Numbers that mean something else somewhere, or change one bit of an encoding.
    const NOTABLE: [u8; 12] = [4, 5, 8, 12, 13, 15, 16, 20, 21, 24, 28, 31];
    if class == Class::Cr {
        return choices.one_of(&[0, 2, 3, 4, 8]);
    }
    let number = if choices.below(2) == 0 { choices.below(32) as u8 } else { choices.one_of(&NOTABLE) };
    match class {
        Class::KPair => number % class.count() * 2,
        _ => number % class.count(),
    }
}

fn address(form: &Model, extended: bool, unit: u32, choices: &mut Choices) -> Address {
    let low = form.is_without_rex();
    let class = match (low, extended) {
        (true, _) => Class::Low32,
        (false, false) => Class::R64,
        (false, true) => Class::E64,
    };
    let needs_sib = form.modrm().is_some_and(|modrm| modrm.mode == Mode::MemorySib);
    let shape = choices.below(8);
    let base = match shape {
        5 => Base::None,
        6 if !needs_sib => Base::Rip,
        7 => Base::None,
        _ => Base::Register(number(class, choices)),
    };
    let mut index = match shape {
        2..=4 | 7 => Some((number(class, choices), choices.below(4) as u8)),
        _ => None,
    };
    // RSP is no index.
    if let Some((number, _)) = &mut index
        && *number == 4
    {
        *number = 6;
    }
    let narrow = match form.address_bits() {
        Some(bits) => bits == 32,
        None => choices.rarely(6),
    };
    Address { segment: segment(choices), narrow, base, index, disp: disp(unit, choices) }
}

/// Seldom one, and then mostly one with a base.
fn segment(choices: &mut Choices) -> Option<u8> {
    if choices.below(3) < 2 {
        return None;
    }
    let others = SEGMENTS[2..].iter().map(|(byte, _)| Some(*byte));
    choices.one_of(&[Some(0x64), Some(0x65)].into_iter().chain(others).collect::<Vec<_>>())
}

fn disp(unit: u32, choices: &mut Choices) -> i32 {
    let n = unit as i32;
    match choices.below(4) {
        0 => 0,
        1 => choices.one_of(&[1, -1, 8, 127, -128, 128, -129, i32::MAX, i32::MIN]),
        2 => choices.one_of(&[n, -n, 127 * n, -128 * n, 128 * n, -129 * n, 127 * n + 1, -128 * n - 1, n / 2, 126 * n]),
        _ => choices.number() as i32,
    }
}

fn immediate(bits: u32, signed: bool, choices: &mut Choices) -> i64 {
    let (low, high) = match (signed, bits) {
        (_, 64) => (i64::MIN, i64::MAX),
        (true, _) => (-1 << (bits - 1), (1 << (bits - 1)) - 1),
        (false, _) => (0, (1 << bits) - 1),
    };
    match choices.below(4) {
        0 => 0,
        1 => choices.one_of(&[1, low, high]),
        2 => choices.one_of(&[high - 1, low + 1, if signed { -1 } else { 1 }]),
        _ if bits == 64 => choices.number() as i64,
        // The difference is one less than a power of two.
        _ => low + (choices.number() as i64 & (high - low)),
    }
}

/// Takes an address's prefixes away where they would make the instruction longer than 15 bytes.
fn shorten(form: &Model, arguments: &mut [Argument]) {
    if forward::encode(form, arguments).len() <= 15 {
        return;
    }
    for argument in arguments {
        if let Value::Memory(address) = &mut argument.value {
            (address.segment, address.narrow) = (None, form.address_bits() == Some(32));
        }
    }
}

/// Changes register numbers until the row's `when` holds.
fn settle(form: &Model, arguments: &mut [Argument]) {
    let mut step = 0;
    while !holds(form, arguments) {
        step += 1;
        assert!(step < 100, "{}: no operands for {:?}", form.name, form.when);
        for (at, (operand, argument)) in form.parameters().zip(&mut *arguments).enumerate() {
            let by = at as u8 + 1;
            if let (Value::Memory(address), "segment==0") =
                (&mut argument.value, form.when.as_ref().map_or("", |when| &when.text))
            {
                address.segment = None;
            }
            match (&mut argument.value, &operand.kind) {
                (Value::Register(number), Kind::Reg(class) | Kind::RegMem { class, .. }) => {
                    *number = (*number + by) % class.count()
                }
                (Value::Memory(Address { index: Some((number, _)), .. }), Kind::Vsib { class }) => {
                    *number = (*number + by) % class.count()
                }
                _ => {}
            }
        }
    }
}

/// Whether the row's `when` holds: its names are operands (a register's number, or an index's) or segment registers.
pub fn holds(form: &Model, arguments: &[Argument]) -> bool {
    let Some(when) = form.when.as_ref().filter(|_| form.has_check()) else { return true };
    let mut parameters = arguments.iter();
    let numbers: Vec<Option<u32>> = form
        .operands
        .iter()
        .map(|operand| match (&operand.kind, operand.slot) {
            (Kind::Fixed(number), _) => Some(u32::from(*number)),
            (_, Slot::Fixed) => None,
            _ => match &parameters.next()?.value {
                Value::Register(number) => Some(u32::from(*number)),
                Value::Memory(Address { index: Some((number, _)), .. })
                    if matches!(operand.kind, Kind::Vsib { .. }) =>
                {
                    Some(u32::from(*number))
                }
                _ => None,
            },
        })
        .collect();
    let segmented =
        arguments.iter().any(|argument| matches!(argument.value, Value::Memory(Address { segment: Some(_), .. })));
    let term = |term: &Term| match term {
        Term::Number(number) => Some(*number),
        Term::Name(name) if name == "segment" => Some(segmented.into()),
        Term::Name(name) => match ["ES", "CS", "SS", "DS", "FS", "GS"].iter().position(|segment| segment == name) {
            Some(number) => Some(number as u32),
            None => {
                numbers[name.strip_prefix("op").expect("a name is an operand").parse::<usize>().expect("a number") - 1]
            }
        },
    };
    when.any_of.iter().any(|all_of| {
        all_of.iter().all(|comparison| {
            comparison.left == Term::Name("k1".into())
                || (term(&comparison.left) == term(&comparison.right)) == comparison.equal
        })
    })
}
