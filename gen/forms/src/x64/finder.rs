//! What finds the form that some bytes are: a pattern a form, in the order in which a decoder asks.
//!
//! ```text
//!   starts of buckets, one a bank and opcode byte, and the end    u16 each
//!   entries: index of a form, pattern                             u16, u64 each
//! ```
//!
//! All numbers are little-endian. A bank is an opcode map of one encoding space. In a bucket forms that are aliases of
//! others come last.

use super::{Encoding, Form, Immediate, Kind, Mask, Mode, Rex, Rounding, Slot};
use crate::layout::{self, Layout, field, zeros};

/// Where the banks of each encoding space begin: a bank for each of its maps.
mod bank {
    pub const LEGACY: usize = 0;
    pub const REX2: usize = 4;
    /// XOP's maps are behind VEX's.
    pub const VEX: usize = 6;
    pub const EVEX: usize = 17;
    pub const COUNT: usize = 25;
}

/// The prefixes that a row can ask for, by their bits in a pattern.
const PREFIXES: [u8; 8] = [0x66, 0xF2, 0xF3, 0xF0, 0x9B, 0x67, 0x2E, 0x3E];

static PATTERN: Layout = Layout {
    name: "Pattern",
    of: "what the bytes of a form are like",
    taken_by: &[],
    bits: 64,
    groups: &[
        &[field("prefixes", 8, "the prefixes, a bit each: 66, F2, F3, F0, 9B, 67, 2E, 3E from the lowest on")],
        &[
            field("rex", 2, "0 without W, 1 with W, 2 no REX"),
            field("l", 2, "L or L'L"),
            field("pp", 2, "as VEX"),
            field("address", 2, "1 without prefix 67, 2 with it, 0 either"),
        ],
        &[field("extra", 8, "the fixed byte behind the opcode")],
        &[
            field("has_extra", 1, "whether there is one"),
            field("plus", 1, "whether the low bits of the opcode, or of that byte, are a register"),
            zeros(2),
            field("has_digit", 1, "whether ModRM.reg is fixed"),
            field("digit", 3, "as what"),
        ],
        &[
            field("memory", 1, "whether ModRM can be memory"),
            field("register", 1, "whether ModRM can be a register"),
            field("sib", 1, "whether memory has a SIB byte"),
            field("vsib", 1, "whether the index is a vector"),
            field("has_rm", 1, "whether ModRM.rm is fixed"),
            field("rm", 3, "as what"),
        ],
        &[
            field("immediate", 4, "the bytes of immediates"),
            field("moffs", 1, "whether they are an address, of 4 bytes with prefix 67"),
            field("addressed", 1, "whether there is an address, which can have prefixes"),
            field("vvvv", 1, "whether vvvv is used"),
            zeros(1),
        ],
        &[
            field("mask", 1, "whether there can be a mask"),
            field("masked", 1, "whether there must be one"),
            field("zeroing", 1, "whether there can be zeroing"),
            field("broadcast", 1, "whether EVEX.b is right beside memory"),
            field("rounding", 1, "whether EVEX.b is right beside a register"),
            zeros(3),
        ],
        &[
            field("apx", 1, "whether the last byte of EVEX is APX's"),
            field("nd", 1, "ND"),
            field("nf", 1, "NF"),
            field("has_scc", 1, "whether there is a condition"),
            field("scc", 4, "the condition"),
        ],
    ],
};

/// The index of these forms.
///
/// # Panics
/// There are more forms than an index can have.
pub fn finder(forms: &[Form]) -> Vec<u8> {
    let mut buckets: Vec<Vec<(u16, u64)>> = vec![Vec::new(); bank::COUNT * 256];
    let mut order: Vec<usize> = (0..forms.len()).collect();
    order.sort_by_key(|&index| forms[index].alias.is_some());
    for index in order {
        let form = &forms[index];
        let number = u16::try_from(index).expect("fewer forms than 65536");
        let opcode = Opcode::of(form);
        // A register in the opcode byte itself.
        let registers = if opcode.plus && opcode.extra.is_none() { 8 } else { 1 };
        for register in 0..registers {
            buckets[opcode.bank * 256 + opcode.byte as usize + register].push((number, pattern(form, &opcode)));
        }
    }
    let mut bytes = Vec::new();
    let mut start = 0u16;
    for bucket in &buckets {
        bytes.extend(start.to_le_bytes());
        start = start.checked_add(bucket.len() as u16).expect("fewer entries than 65536");
    }
    bytes.extend(start.to_le_bytes());
    for (form, pattern) in buckets.iter().flatten() {
        bytes.extend(form.to_le_bytes());
        bytes.extend(pattern.to_le_bytes());
    }
    bytes
}

/// The reader of a pattern, and the places of the banks, as the text of a module.
pub fn finder_reader() -> String {
    let banks = [
        ("LEGACY", bank::LEGACY),
        ("REX2", bank::REX2),
        ("VEX", bank::VEX),
        ("EVEX", bank::EVEX),
        ("COUNT", bank::COUNT),
    ];
    let banks = banks.map(|(name, at)| format!("    pub const {name}: usize = {at};\n")).concat();
    let prefixes = PREFIXES.map(|byte| format!("{byte:#04x}")).join(", ");
    layout::readers(&[&PATTERN])
        + &format!("\npub const PREFIXES: [u8; 8] = [{prefixes}];\n\npub mod bank {{\n{banks}}}\n")
}

/// Where a form's opcode is.
struct Opcode {
    bank: usize,
    byte: u8,
    /// A further fixed byte.
    extra: Option<u8>,
    plus: bool,
}

impl Opcode {
    fn of(form: &Form) -> Opcode {
        let (bank, byte, extra, plus) = match &form.encoding {
            Encoding::Legacy { opcode, plus, .. } => {
                let (map, rest) = match &opcode[..] {
                    [0x0F, 0x38, rest @ ..] if !rest.is_empty() => (2, rest),
                    [0x0F, 0x3A, rest @ ..] if !rest.is_empty() => (3, rest),
                    [0x0F, rest @ ..] if !rest.is_empty() => (1, rest),
                    all => (0, all),
                };
                (bank::LEGACY + map, rest[0], rest.get(1).copied(), *plus)
            }
            Encoding::Rex2 { map1, opcode, plus, .. } => (bank::REX2 + usize::from(*map1), *opcode, None, *plus),
            Encoding::Vex { map, opcode, .. } => (bank::VEX + usize::from(*map), *opcode, None, false),
            Encoding::Evex { map, opcode, .. } => (bank::EVEX + usize::from(*map), *opcode, None, false),
        };
        Opcode { bank, byte, extra, plus }
    }
}

fn pattern(form: &Form, opcode: &Opcode) -> u64 {
    let (prefixes, rex, l, pp): (&[u8], _, _, _) = match &form.encoding {
        Encoding::Legacy { prefixes, rex, .. } => {
            let rex = match rex {
                Rex::AsNeeded => 0,
                Rex::W => 1,
                Rex::Forbidden => 2,
            };
            (prefixes, rex, 0, 0)
        }
        Encoding::Rex2 { prefixes, w, .. } => (prefixes, u32::from(*w), 0, 0),
        Encoding::Vex { l, pp, w, .. } => (&[], u32::from(*w), (*l).into(), (*pp).into()),
        Encoding::Evex { ll, pp, w, .. } => (&[], u32::from(*w), (*ll).into(), (*pp).into()),
    };
    let prefixes = prefixes.iter().fold(0, |bits, prefix| {
        bits | 1 << PREFIXES.iter().position(|other| other == prefix).expect("a row's prefix is one of these")
    });
    let apx = if let Encoding::Evex { apx, .. } = &form.encoding { *apx } else { None };
    let modrm = form.modrm();
    let operand = |slot| form.operands.iter().find(|operand| operand.slot == slot);
    let any = |wanted: fn(&super::Operand) -> bool| u32::from(form.operands.iter().any(wanted));
    let (memory, register) = match (modrm.map(|modrm| modrm.mode), operand(Slot::Rm).map(|operand| &operand.kind)) {
        (None, _) => (false, false),
        (Some(Mode::Register), _) | (_, None | Some(Kind::Reg(_))) => (false, true),
        (Some(Mode::Memory | Mode::MemorySib), _) | (_, Some(Kind::Mem { .. } | Kind::Vsib { .. })) => (true, false),
        _ => (true, true),
    };
    let immediate = form.immediates.iter().map(|immediate| match immediate {
        Immediate::Value(bytes) | Immediate::Rel(bytes) => *bytes,
        Immediate::Moffs => 8,
        Immediate::Is4 | Immediate::Is5 => 1,
    });
    let vsib = any(|operand| matches!(operand.kind, Kind::Vsib { .. }));
    let address = match form.address_bits() {
        None => 0,
        Some(64) => 1,
        Some(_) => 2,
    };
    let addressed = memory
        || form
            .operands
            .iter()
            .any(|operand| matches!(operand.kind, Kind::FixedAddress(_) | Kind::Moffs { prefixed: true, .. }));
    let digit = modrm.and_then(|modrm| modrm.reg);
    let rm = modrm.and_then(|modrm| modrm.rm);
    let scc = apx.and_then(|apx| apx.scc);
    PATTERN.pack(&[
        ("prefixes", prefixes),
        ("rex", rex),
        ("l", l),
        ("pp", pp),
        ("address", address),
        ("extra", opcode.extra.unwrap_or(0).into()),
        ("has_extra", opcode.extra.is_some().into()),
        ("plus", opcode.plus.into()),
        ("has_digit", digit.is_some().into()),
        ("digit", digit.unwrap_or(0).into()),
        ("memory", memory.into()),
        ("register", register.into()),
        ("sib", modrm.is_some_and(|modrm| modrm.mode == Mode::MemorySib).into()),
        ("vsib", vsib),
        ("has_rm", rm.is_some().into()),
        ("rm", rm.unwrap_or(0).into()),
        ("immediate", immediate.sum()),
        ("moffs", form.immediates.contains(&Immediate::Moffs).into()),
        ("addressed", addressed.into()),
        ("vvvv", operand(Slot::Vvvv).is_some().into()),
        ("mask", any(|operand| operand.mask.is_some())),
        ("masked", form.needs_mask().into()),
        ("zeroing", any(|operand| operand.mask == Some(Mask::Zeroing))),
        ("broadcast", any(|operand| matches!(operand.kind, Kind::RegMem { broadcast: Some(_), .. }))),
        (
            "rounding",
            any(|operand| matches!(operand.rounding, Some(Rounding::Embedded | Rounding::SuppressExceptions))),
        ),
        ("apx", apx.is_some().into()),
        ("nd", apx.is_some_and(|apx| apx.nd).into()),
        ("nf", apx.is_some_and(|apx| apx.nf).into()),
        ("has_scc", scc.is_some().into()),
        ("scc", scc.unwrap_or(0).into()),
    ])
}
