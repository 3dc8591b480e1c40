//! What a form's operands are, as far as this test can make them.

use super::machine::{self, GENERAL, State};
use tailfirst::{
    Access,
    x64::{EXmm, EYmm, Form, Gpr8, Gpr8h, Gpr16, Gpr32, Gpr64, K, Mm, Operand, Xmm, Ymm, Zmm},
};

/// A kind of register, with its size in bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Class {
    Vector {
        bytes: usize,
        all: bool,
    },
    Mask,
    Mmx,
    /// `high`: a form without REX, which has AH in SPL's place.
    General {
        bytes: usize,
        high: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Masking {
    None,
    Merging,
    Zeroing,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Embedded {
    Rounding,
    NoExceptions,
}

/// An operand of a form.
#[derive(Debug, Clone)]
pub struct Slot {
    pub register: Option<Class>,
    /// The size of memory.
    pub memory: Option<usize>,
    /// The size of an element in memory that is broadcast.
    pub broadcast: Option<usize>,
    /// The size of an immediate.
    pub immediate: Option<(usize, bool)>,
    /// Whether it stands beside bits 8 to 15 of a register, so that it has no REX prefix, and numbers below 8.
    pub low: bool,
    /// Whether it is an address whose memory is not accessed.
    pub address: bool,
    /// The vectors of indices in an address.
    pub index: Option<Class>,
    /// What beside the register has no regard to MXCSR: the rounding, or exceptions alone.
    pub embedded: Option<Embedded>,
    /// The register's number, or the constant, where the opcode fixes it.
    pub fixed: Option<u8>,
    pub masking: Masking,
    pub access: Access,
}

/// What stands in a slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    Register(Class, u8),
    /// Memory of a size.
    Memory(usize),
    /// Memory of an element.
    Broadcast(usize),
    Immediate(i64),
    /// An address alone: a base, an index shifted left, and a displacement.
    Address {
        base: u8,
        index: u8,
        shift: u32,
        disp: i32,
    },
    /// As many addresses as a vector has indices, shifted left: from [`MIDDLE`] of the memory on.
    Index {
        class: Class,
        number: u8,
        shift: u32,
    },
}

/// Where memory is that is addressed with indices of both signs.
pub const MIDDLE: i32 = 32;

/// The operands of a form; `None` where there is one of another kind.
pub fn slots(form: &Form) -> Option<Vec<Slot>> {
    let text = form.syntax.strip_prefix(form.mnemonic)?.trim();
    if text.is_empty() {
        return Some(Vec::new());
    }
    let mut parameters = form.operands.iter();
    let mut slots = Vec::new();
    for text in text.split(", ") {
        let masking = match (text.contains("{z}"), text.contains("{k")) {
            (true, _) => Masking::Zeroing,
            (false, true) => Masking::Merging,
            (false, false) => Masking::None,
        };
        let plain: String = text.split(['{', ' ']).next()?.into();
        let mut slot = Slot {
            register: None,
            memory: None,
            broadcast: None,
            immediate: None,
            low: false,
            address: false,
            index: None,
            embedded: match (text.contains("{er}"), text.contains("{sae}")) {
                (true, _) => Some(Embedded::Rounding),
                (_, true) => Some(Embedded::NoExceptions),
                _ => None,
            },
            fixed: None,
            masking,
            access: Access::Read,
        };
        if let Some((class, number)) = fixed(&plain) {
            slot.register = Some(class);
            slot.fixed = Some(number);
            // Of those with a fixed register first, all but comparisons write it.
            if slots.is_empty() && !["cmp", "test"].contains(&form.mnemonic) {
                slot.access = Access::ReadWrite;
            }
            slots.push(slot);
            continue;
        }
        if plain == "1" {
            slot.immediate = Some((1, false));
            slot.fixed = Some(1);
            slots.push(slot);
            continue;
        }
        let info = parameters.next()?;
        slot.low = info.kind.starts_with("Low<");
        slot.access = info.access;
        let all = ["EXmm", "EYmm", "Zmm"].iter().any(|class| info.kind.contains(class));
        let high = info.kind.contains("Gpr8h");
        for part in plain.replace("r/m", "r0/m").split('/') {
            let bits = |text: &str| text.trim_end_matches('h').parse::<usize>().ok().map(|bits| bits / 8);
            if let Some(imm) = part.strip_prefix("uimm") {
                slot.immediate = Some((bits(imm)?, false));
            } else if let Some(imm) = part.strip_prefix("imm") {
                slot.immediate = Some((bits(imm)?, true));
            } else if part.starts_with("mm") {
                slot.register = Some(Class::Mmx);
            } else if part.starts_with("xmm") {
                slot.register = Some(Class::Vector { bytes: 16, all });
            } else if part.starts_with("ymm") {
                slot.register = Some(Class::Vector { bytes: 32, all });
            } else if part.starts_with("zmm") {
                slot.register = Some(Class::Vector { bytes: 64, all });
            } else if let Some(element) = part.strip_suffix("bcst") {
                slot.broadcast = Some(bits(element.strip_prefix('m')?)?);
            } else if part == "m" {
                slot.address = true;
            } else if let Some(index) = part.strip_prefix("vm") {
                // EVEX's need a mask, which is used up.
                if form.encoding.starts_with("EVEX") {
                    return None;
                }
                slot.index = Some(Class::Vector { bytes: if index.ends_with('x') { 16 } else { 32 }, all: false });
            } else if let Some(size) = part.strip_prefix('m') {
                slot.memory = Some(bits(size)?);
                // `r/m` stands for a register as wide.
                if slot.register == Some(Class::General { bytes: 0, high }) {
                    slot.register = Some(Class::General { bytes: bits(size)?, high });
                }
            } else if part == "r0" {
                slot.register = Some(Class::General { bytes: 0, high });
            } else if let Some(size) = part.strip_prefix('r') {
                slot.register = Some(Class::General { bytes: bits(size)?, high });
            } else if part.len() == 2 && part.starts_with('k') {
                slot.register = Some(Class::Mask);
            } else {
                return None;
            }
        }
        slots.push(slot);
    }
    if parameters.next().is_some() { None } else { Some(slots) }
}

fn fixed(name: &str) -> Option<(Class, u8)> {
    let general = |bytes| Class::General { bytes, high: false };
    Some(match name {
        "AL" => (general(1), 0),
        "AX" => (general(2), 0),
        "EAX" => (general(4), 0),
        "RAX" => (general(8), 0),
        "CL" => (general(1), 1),
        "XMM0" => (Class::Vector { bytes: 16, all: false }, 0),
        _ => return None,
    })
}

impl Class {
    pub fn bytes(self) -> usize {
        match self {
            Class::Vector { bytes, .. } | Class::General { bytes, .. } => bytes,
            Class::Mask | Class::Mmx => 8,
        }
    }

    /// The numbers of the class's registers that a [`State`] has.
    pub fn numbers(self) -> Vec<u8> {
        match self {
            Class::Vector { all: true, .. } => (0..32).collect(),
            Class::Vector { all: false, .. } => (0..16).collect(),
            Class::Mask | Class::Mmx => (0..8).collect(),
            Class::General { high: true, .. } => vec![0, 1, 2, 3, 4, 5, 6, 7],
            Class::General { high: false, .. } => GENERAL.to_vec(),
        }
    }
}

/// A general register's place in the state, and whether it is bits 8 to 15 of it.
fn general(number: u8, high: bool) -> (usize, bool) {
    let second = high && number >= 4;
    let number = if second { number - 4 } else { number };
    (GENERAL.iter().position(|known| *known == number).expect("a register of the state"), second)
}

impl Place {
    pub fn operand(self) -> Operand {
        match self {
            Place::Memory(_) => machine::memory().into(),
            Place::Broadcast(_) => Operand::from(machine::memory()).broadcast(),
            Place::Immediate(value) => Operand::imm(value),
            Place::Address { base, index, shift, disp } => {
                let [base, index] = [base, index].map(|number| Gpr64::new(number).expect("below 16"));
                (base + index * (1 << shift) + disp).into()
            }
            Place::Index { class, number, shift } => {
                let (base, scale) = (machine::memory() + MIDDLE, 1 << shift);
                match class.bytes() {
                    16 => (base + Xmm::new(number).expect("below 16") * scale).into(),
                    _ => (base + Ymm::new(number).expect("below 16") * scale).into(),
                }
            }
            Place::Register(class, number) => match class {
                Class::Mask => K::new(number).map(Operand::from),
                Class::Mmx => Mm::new(number).map(Operand::from),
                Class::Vector { bytes: 16, all: false } => Xmm::new(number).map(Operand::from),
                Class::Vector { bytes: 32, all: false } => Ymm::new(number).map(Operand::from),
                Class::Vector { bytes: 16, all: true } => EXmm::new(number).map(Operand::from),
                Class::Vector { bytes: 32, all: true } => EYmm::new(number).map(Operand::from),
                Class::Vector { .. } => Zmm::new(number).map(Operand::from),
                Class::General { bytes: 1, high: true } => Gpr8h::new(number).map(Operand::from),
                Class::General { bytes: 1, .. } => Gpr8::new(number).map(Operand::from),
                Class::General { bytes: 2, .. } => Gpr16::new(number).map(Operand::from),
                Class::General { bytes: 4, .. } => Gpr32::new(number).map(Operand::from),
                Class::General { .. } => Gpr64::new(number).map(Operand::from),
            }
            .expect("a number of the class"),
        }
    }

    /// The bytes of what is there.
    pub fn bytes(self) -> usize {
        match self {
            Place::Register(class, _) => class.bytes(),
            Place::Memory(bytes) => bytes,
            _ => 8,
        }
    }

    /// The number there, of at most 64 bits.
    pub fn number(self, state: &State) -> u64 {
        super::get(&self.read(state), 8, 0)
    }

    pub fn set(self, state: &mut State, number: u64) {
        let mut bytes = [0; 64];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        self.write(state, &bytes, false);
    }

    /// What an instruction reads there.
    pub fn read(self, state: &State) -> machine::Bytes {
        let mut all = [0; 64];
        match self {
            Place::Register(class @ Class::Vector { .. }, number) => {
                all[..class.bytes()].copy_from_slice(&state.vectors[usize::from(number)][..class.bytes()]);
            }
            Place::Register(Class::Mask, number) => {
                all[..8].copy_from_slice(&state.masks[usize::from(number)].to_le_bytes());
            }
            Place::Register(Class::Mmx, number) => all[..8].copy_from_slice(&state.mmx[usize::from(number)]),
            Place::Register(Class::General { bytes, high }, number) => {
                let (index, second) = general(number, high);
                let value = state.general[index] >> if second { 8 } else { 0 };
                all[..bytes].copy_from_slice(&value.to_le_bytes()[..bytes]);
            }
            Place::Memory(bytes) => all[..bytes].copy_from_slice(&state.memory[..bytes]),
            Place::Broadcast(bytes) => {
                for element in all.chunks_mut(bytes) {
                    element.copy_from_slice(&state.memory[..bytes]);
                }
            }
            Place::Immediate(value) => all[..8].copy_from_slice(&value.to_le_bytes()),
            Place::Address { base, index, shift, disp } => {
                let [base, index] = [base, index].map(|number| state.general[general(number, false).0]);
                let sum = base.wrapping_add(index << shift).wrapping_add(disp as u64);
                all[..8].copy_from_slice(&sum.to_le_bytes());
            }
            Place::Index { class, number, .. } => return Place::Register(class, number).read(state),
        }
        all
    }

    /// Puts a result there; `clears`: the rest of a vector register becomes zero.
    pub fn write(self, state: &mut State, value: &machine::Bytes, clears: bool) {
        match self {
            Place::Register(class @ Class::Vector { .. }, number) => {
                let register = &mut state.vectors[usize::from(number)];
                if clears {
                    register.fill(0);
                }
                register[..class.bytes()].copy_from_slice(&value[..class.bytes()]);
            }
            Place::Register(Class::Mask, number) => {
                state.masks[usize::from(number)] = u64::from_le_bytes(value[..8].try_into().expect("8 bytes"));
            }
            Place::Register(Class::Mmx, number) => state.mmx[usize::from(number)].copy_from_slice(&value[..8]),
            Place::Register(Class::General { bytes, high }, number) => {
                let (index, second) = general(number, high);
                let low = u64::from_le_bytes(value[..8].try_into().expect("8 bytes"));
                let old = state.general[index];
                state.general[index] = match bytes {
                    1 if second => old & !0xFF00 | (low & 0xFF) << 8,
                    1 => old & !0xFF | low & 0xFF,
                    2 => old & !0xFFFF | low & 0xFFFF,
                    4 => low & 0xFFFF_FFFF,
                    _ => low,
                };
            }
            Place::Memory(bytes) => state.memory[..bytes].copy_from_slice(&value[..bytes]),
            _ => unreachable!("nothing is written there"),
        }
    }
}
