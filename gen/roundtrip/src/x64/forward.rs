//! A forward encoder that reads the checked rows and nothing else.
//!
//! The crate writes an instruction from its last byte to its first, out of words that operands carry ready made. This
//! one writes first byte first, and works out each bit where the manual describes it: prefixes, REX (SDM vol. 2A, 2.2),
//! VEX (2.3), EVEX with its scaled displacement (2.7), REX2 and the extended EVEX of APX, ModRM and SIB (2.1.5). It is
//! slow and plain on purpose. All that both have in common is [`Form`], a row that was parsed and checked, so they
//! agree only if each turned the row into bytes rightly, or both understand the manual wrongly; against that stand the
//! other oracles.
//!
//! Where the manual leaves a choice, the choice is part of the crate's promise, and made here again: segment and
//! address-size prefixes stand first (behind WAIT, which is an instruction by itself), VEX has two bytes where it can,
//! and the displacement is as short as it can be.

use tailfirst_gen::x64::{Apx, Class, Encoding, Form, Immediate, Kind, Mode, Operand, Rex, Slot};

/// An operand of an instruction as numbers, with its decorations.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    pub value: Value,
    /// The mask register; 0 is none.
    pub mask: u8,
    pub zeroing: bool,
    pub broadcast: bool,
    /// `{er}`: 0 nearest, 1 down, 2 up, 3 toward zero.
    pub rounding: Option<u8>,
    pub sae: bool,
    /// Which of the public API's ways to say the operand is taken; nothing that an encoding depends on.
    pub spelling: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Register(u8),
    Memory(Address),
    /// An immediate, an absolute address, or a flags value.
    Number(i64),
    /// An absolute address with prefixes.
    Absolute(u64, Override),
    /// An address that the opcode fixes.
    Fixed(Override),
    /// A branch displacement.
    Distance(i32),
}

/// What an address that no ModRM says has in front of its instruction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Override {
    pub segment: Option<u8>,
    pub narrow: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Address {
    /// 26, 2E, 36, 3E, 64 or 65.
    pub segment: Option<u8>,
    /// 32-bit addressing.
    pub narrow: bool,
    pub base: Base,
    /// Register number and the logarithm of the scale.
    pub index: Option<(u8, u8)>,
    pub disp: i32,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Base {
    None,
    Register(u8),
    /// The end of the instruction.
    Rip,
}

/// The instruction's bytes; `arguments` are the form's parameters in order.
pub fn encode(form: &Form, arguments: &[Argument]) -> Vec<u8> {
    let operands = form.parameters().zip(arguments).collect();
    let instruction = Instruction { form, operands };
    let mut bytes = instruction.head();
    bytes.extend(instruction.immediates());
    bytes
}

struct Instruction<'a> {
    form: &'a Form,
    operands: Vec<(&'a Operand, &'a Argument)>,
}

/// The operands' register numbers as they spread over prefixes and ModRM, five bits each.
struct Numbers {
    reg: u8,
    /// ModRM.rm, the opcode's low bits, or the base of an address.
    base: u8,
    index: u8,
    vvvv: u8,
}

impl Instruction<'_> {
    fn at(&self, slot: Slot) -> Option<&Argument> {
        self.operands.iter().find(|(operand, _)| operand.slot == slot).map(|(_, argument)| *argument)
    }

    fn register(&self, slot: Slot) -> u8 {
        match self.at(slot).map(|argument| &argument.value) {
            Some(Value::Register(number)) => *number,
            _ => 0,
        }
    }

    fn address(&self) -> Option<&Address> {
        match self.at(Slot::Rm).map(|argument| &argument.value) {
            Some(Value::Memory(address)) => Some(address),
            _ => None,
        }
    }

    /// The segment and the size of the only address.
    fn overrides(&self) -> Override {
        let of_argument = |argument: &Argument| match argument.value {
            Value::Memory(Address { segment, narrow, .. }) => Some(Override { segment, narrow }),
            Value::Absolute(_, at) | Value::Fixed(at) => Some(at),
            _ => None,
        };
        let none = Override { segment: None, narrow: false };
        self.operands.iter().find_map(|(_, argument)| of_argument(argument)).unwrap_or(none)
    }

    fn numbers(&self) -> Numbers {
        let (base, index) = match self.address() {
            Some(address) => {
                let base = if let Base::Register(base) = address.base { base } else { 0 };
                (base, address.index.map_or(0, |(index, _)| index))
            }
            // At most one of the two is there.
            None => (self.register(Slot::Rm) | self.register(Slot::Opcode), 0),
        };
        let reg = self.form.modrm().and_then(|modrm| modrm.reg).unwrap_or_else(|| self.register(Slot::Reg));
        Numbers { reg, base, index, vvvv: self.register(Slot::Vvvv) }
    }

    /// Everything in front of the immediates.
    fn head(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut prefixes: &[u8] = match &self.form.encoding {
            Encoding::Legacy { prefixes, .. } | Encoding::Rex2 { prefixes, .. } => prefixes,
            Encoding::Vex { .. } | Encoding::Evex { .. } => &[],
        };
        if let [0x9B, rest @ ..] = prefixes {
            bytes.push(0x9B);
            prefixes = rest;
        }
        let Override { segment, narrow } = self.overrides();
        bytes.extend(segment);
        bytes.extend(narrow.then_some(0x67));
        bytes.extend(prefixes);
        let Numbers { reg, base, index, vvvv } = self.numbers();
        let bit = |number: u8, at: u8| number >> at & 1;
        match &self.form.encoding {
            Encoding::Legacy { rex, opcode, plus, modrm, .. } => {
                let w = u8::from(*rex == Rex::W);
                let payload = w << 3 | bit(reg, 3) << 2 | bit(index, 3) << 1 | bit(base, 3);
                if payload != 0 || self.needs_rex() {
                    assert!(*rex != Rex::Forbidden, "{} with REX", self.form.name);
                    bytes.push(0x40 | payload);
                }
                bytes.extend(opcode);
                if *plus {
                    *bytes.last_mut().expect("an opcode has a byte") |= base & 7;
                }
                if modrm.is_some() {
                    bytes.extend(self.modrm(1));
                }
            }
            Encoding::Rex2 { w, map1, opcode, plus, modrm, .. } => {
                bytes.push(0xD5);
                let high = u8::from(*map1) << 3 | bit(reg, 4) << 2 | bit(index, 4) << 1 | bit(base, 4);
                let low = u8::from(*w) << 3 | bit(reg, 3) << 2 | bit(index, 3) << 1 | bit(base, 3);
                bytes.push(high << 4 | low);
                bytes.push(if *plus { opcode | base & 7 } else { *opcode });
                if modrm.is_some() {
                    bytes.extend(self.modrm(1));
                }
            }
            Encoding::Vex { l, pp, map, w, opcode, modrm } => {
                let (r, x, b) = (bit(!reg, 3), bit(!index, 3), bit(!base, 3));
                let last = (!vvvv & 15) << 3 | l << 2 | pp;
                if *map > 7 {
                    // AMD64 APM vol. 6, 1.2.3
                    bytes.extend([0x8F, r << 7 | x << 6 | b << 5 | map, w << 7 | last]);
                } else if *map == 1 && *w == 0 && x == 1 && b == 1 {
                    bytes.extend([0xC5, r << 7 | last]);
                } else {
                    bytes.extend([0xC4, r << 7 | x << 6 | b << 5 | map, w << 7 | last]);
                }
                bytes.push(*opcode);
                if modrm.is_some() {
                    bytes.extend(self.modrm(1));
                }
            }
            Encoding::Evex { ll, pp, map, w, opcode, disp8, apx, .. } => {
                let decorated =
                    |wanted: fn(&Argument) -> bool| self.operands.iter().any(|(_, argument)| wanted(argument));
                let rounding = self.operands.iter().find_map(|(_, argument)| argument.rounding);
                let broadcast = decorated(|argument| argument.broadcast);
                let vsib = self.operands.iter().any(|(operand, _)| matches!(operand.kind, Kind::Vsib { .. }));
                // The fifth bits have different places for vector registers, general registers and addresses.
                let vector_rm = self.operands.iter().any(|(operand, _)| {
                    let class = match operand.kind {
                        Kind::Reg(class) | Kind::RegMem { class, .. } => Some(class),
                        _ => None,
                    };
                    operand.slot == Slot::Rm && class.is_some_and(Class::is_vector)
                }) && self.address().is_none();
                let x = if vector_rm { bit(base, 4) } else { bit(index, 3) };
                let b4 = if vector_rm { 0 } else { bit(base, 4) };
                let x4 = if vsib { 0 } else { bit(index, 4) };
                let v4 = if vsib { bit(index, 4) } else { bit(vvvv, 4) };
                let inverted = (bit(reg, 3) << 3 | x << 2 | bit(base, 3) << 1 | bit(reg, 4)) ^ 15;
                let vvvv_field = match self.at(Slot::Vvvv).map(|argument| &argument.value) {
                    // Default flags are not inverted.
                    Some(Value::Number(flags)) => *flags as u8,
                    _ => !vvvv & 15,
                };
                let aaa = self.operands.iter().map(|(_, argument)| argument.mask).max().unwrap_or(0);
                let z = u8::from(decorated(|argument| argument.zeroing));
                let last = match apx {
                    // Nor is the condition.
                    Some(Apx { nd, scc: Some(scc), .. }) => u8::from(*nd) << 4 | scc,
                    Some(Apx { nd, nf, scc: None }) => u8::from(*nd) << 4 | (v4 ^ 1) << 3 | u8::from(*nf) << 2,
                    None => {
                        let sae = decorated(|argument| argument.sae);
                        let b = broadcast || rounding.is_some() || sae;
                        // In both cases the operation is on all 512 bits, or scalar.
                        let ll = if sae { 0 } else { rounding.unwrap_or(*ll) };
                        z << 7 | ll << 5 | u8::from(b) << 4 | (v4 ^ 1) << 3 | aaa
                    }
                };
                bytes.extend([
                    0x62,
                    inverted << 4 | b4 << 3 | map,
                    w << 7 | vvvv_field << 3 | (x4 ^ 1) << 2 | pp,
                    last,
                ]);
                bytes.push(*opcode);
                bytes.extend(self.modrm(if broadcast { disp8.1 } else { disp8.0 }));
            }
        }
        bytes
    }

    /// SPL, BPL, SIL and DIL share their numbers with AH, CH, DH and BH, which they are without REX.
    fn needs_rex(&self) -> bool {
        self.operands.iter().any(|(operand, argument)| {
            let low_byte = matches!(operand.kind, Kind::Reg(Class::R8) | Kind::RegMem { class: Class::R8, .. });
            low_byte && matches!(argument.value, Value::Register(4..=7))
        })
    }

    /// ModRM, SIB and displacement; a displacement of one byte counts units of `unit` bytes.
    fn modrm(&self, unit: u32) -> Vec<u8> {
        let row = self.form.modrm().expect("only called where the row has ModRM");
        let Numbers { reg, base, .. } = self.numbers();
        let reg = (reg & 7) << 3;
        let Some(address) = self.address() else {
            return vec![0b11 << 6 | reg | row.rm.unwrap_or(base & 7)];
        };
        let (index, scale) = address.index.unwrap_or((4, 0));
        let sib = |base: u8| scale << 6 | (index & 7) << 3 | base & 7;
        let wide = address.disp.to_le_bytes();
        let mut bytes = match address.base {
            Base::Rip => vec![reg | 0b101],
            Base::None => vec![reg | 0b100, sib(0b101)],
            Base::Register(base) => {
                let unit = unit as i32;
                let short = i8::try_from(address.disp / unit).ok().filter(|_| address.disp % unit == 0);
                // Mod 00 with base 101 would mean that there is no base.
                let (mode, disp) = match short {
                    Some(0) if base & 7 != 0b101 => (0b00, vec![]),
                    Some(short) => (0b01, vec![short as u8]),
                    None => (0b10, wide.to_vec()),
                };
                let mut bytes = if address.index.is_some() || base & 7 == 0b100 || row.mode == Mode::MemorySib {
                    vec![mode << 6 | reg | 0b100, sib(base)]
                } else {
                    vec![mode << 6 | reg | base & 7]
                };
                bytes.extend(disp);
                return bytes;
            }
        };
        bytes.extend(wide);
        bytes
    }

    fn immediates(&self) -> Vec<u8> {
        let numbers = |slot: Slot| {
            self.operands.iter().filter(move |(operand, _)| operand.slot == slot).map(|(_, argument)| {
                match argument.value {
                    Value::Number(number) => number,
                    Value::Distance(distance) => distance.into(),
                    Value::Register(number) => number.into(),
                    Value::Absolute(address, _) => address as i64,
                    Value::Memory(_) | Value::Fixed(_) => {
                        unreachable!("{} has memory as an immediate", self.form.name)
                    }
                }
            })
        };
        let mut values = numbers(Slot::Imm);
        let mut value = || values.next().expect("every immediate has an operand");
        let one = |slot: Slot| numbers(slot).next().expect("every place has an operand");
        let mut bytes = Vec::new();
        for immediate in &self.form.immediates {
            match immediate {
                Immediate::Value(len) => bytes.extend(&value().to_le_bytes()[..*len as usize]),
                Immediate::Rel(len) => bytes.extend(&one(Slot::Rel).to_le_bytes()[..*len as usize]),
                Immediate::Moffs => {
                    let len = if self.overrides().narrow { 4 } else { 8 };
                    bytes.extend(&one(Slot::Moffs).to_le_bytes()[..len]);
                }
                Immediate::Is4 => bytes.push((one(Slot::Is4) as u8) << 4),
                Immediate::Is5 => bytes.push((one(Slot::Is4) as u8) << 4 | value() as u8),
            }
        }
        bytes
    }
}
