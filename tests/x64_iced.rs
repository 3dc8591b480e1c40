//! Every form, with random operands, read back by iced-x86, which shares nothing with this crate.
//!
//! iced must find one instruction of the same length with the row's mnemonic, prefixes, operands and decorations. Its own
//! notation of what it found (`op_code_string`) must be the row's `op`, in all but spelling. The forms that iced
//! does not know are counted by CPU feature; llvm-mc looks at those.

#[path = "support/x64/mod.rs"]
mod support;

use iced_x86::{Decoder, DecoderOptions, Instruction, OpKind, Register, RoundingControl};
use quickcheck::{Gen, TestResult};
use std::collections::BTreeMap;
use support::{
    MODEL,
    choices::{self, Choices},
    forward::{self, Address, Argument, Base, Value},
    operands::Sample,
};
use tailfirst_gen::{
    table,
    x64::{self, Class, Form as Model, Immediate, Kind, Operand},
};

/// Random cases a form.
const CASES: usize = 40;

/// CPU features that iced 1.21 does not know, and how many forms need each.
const UNKNOWN: [(&str, usize); 1] = [("APX_F", 0)];

/// Where iced thinks that the code lies.
const IP: u64 = 0x10_0000_0000;

fn is_unknown(form: &Model) -> bool {
    form.cpu.iter().any(|feature| UNKNOWN.iter().any(|(unknown, _)| unknown == feature))
}

#[test]
fn iced_reads_every_form_as_it_was_meant() {
    let mut gen = Gen::from_size_and_seed(100, choices::seed("iced_reads_every_form_as_it_was_meant"));
    let mut wrong = BTreeMap::new();
    for form in MODEL.iter().filter(|form| !is_unknown(form)) {
        for _ in 0..CASES {
            let numbers = choices::numbers(&mut gen);
            let sample = Sample::new(form, &mut Choices::new(&numbers));
            let bytes = forward::encode(form, &sample.arguments);
            if let Err(reason) = agrees(form, &sample.arguments, &bytes) {
                wrong.entry(form.name.clone()).or_insert(format!("{} | {}: {reason} | {bytes:02x?} {:?}", form.syntax, form.notation, sample.arguments));
            }
        }
    }
    let all: Vec<_> = wrong.values().map(String::as_str).collect();
    assert!(all.is_empty(), "{} forms:\n{}", all.len(), all.join("\n"));
}

#[test]
fn the_forms_that_iced_does_not_know_are_counted() {
    for (feature, count) in UNKNOWN {
        let forms = MODEL.iter().filter(|form| form.cpu.iter().any(|other| other == feature)).count();
        assert_eq!(forms, count, "{feature}");
    }
}

/// Whether iced finds in `bytes` what the row says.
fn agrees(form: &Model, arguments: &[Argument], bytes: &[u8]) -> Result<(), String> {
    // WAIT is an instruction by itself; what follows it is the same without waiting.
    let (bytes, mnemonic) = match (bytes, form.mnemonic.as_str()) {
        ([0x9B, rest @ ..], waiting) if waiting != "wait" => (rest, waiting.replacen('f', "fn", 1)),
        (_, plain) => (bytes, plain.to_string()),
    };
    let mut decoder = Decoder::with_ip(64, bytes, IP, DecoderOptions::MPX);
    let found = decoder.decode();
    equal("length", found.len(), bytes.len())?;
    if found.is_invalid() {
        return Err("no instruction".into());
    }
    mnemonic_agrees(&mnemonic, &found)?;
    notation_agrees(form, &found)?;
    operands_agree(form, arguments, &found)?;
    decorations_agree(form, arguments, &found)
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: iced says {found:?}, expected {expected:?}")) }
}

fn mnemonic_agrees(mnemonic: &str, found: &Instruction) -> Result<(), String> {
    let mut words: Vec<&str> = mnemonic.split(' ').collect();
    let last = words.pop().unwrap_or_default();
    // Names that tell sizes apart where no operand does.
    let last = match last {
        "nopw" => "nop",
        "leavew" => "leave",
        "retfw" | "retfq" => "retf",
        "pushw" => "push",
        "popw" => "pop",
        other => other,
    };
    equal("mnemonic", format!("{:?}", found.mnemonic()).to_lowercase().as_str(), last)?;
    let has = |word: &str| words.contains(&word);
    equal("lock", found.has_lock_prefix(), has("lock"))?;
    let repne = found.has_repne_prefix();
    equal("F2", repne, has("repne") || has("xacquire"))?;
    equal("F3", found.has_rep_prefix(), has("rep") || has("repe") || has("xrelease"))
}

/// iced's notation of an opcode as the tables have it.
fn notation_agrees(form: &Model, found: &Instruction) -> Result<(), String> {
    let mut expected: Vec<String> = Vec::new();
    let leading = form.mnemonic.split(' ').count() - 1;
    for (at, word) in form.notation.split(' ').enumerate() {
        match word {
            "NP" | "NOREX" | "9B" if at == 0 || word != "9B" => {}
            "F0" | "F2" | "F3" | "64" | "65" if leading > 0 && at < leading && !form.mnemonic.starts_with('{') => {}
            "!(11):rrr:bbb" | "11:rrr:bbb" => expected.push("/r".into()),
            _ => expected.push(word.replace("+i", "+r")),
        }
    }
    let info = found.op_code();
    let mut words: Vec<String> = Vec::new();
    for word in info.op_code_string().split(' ') {
        match word {
            "NP" | "o32" | "a64" => {}
            "o16" => words.push("66".into()),
            "o64" => words.push("REX.W".into()),
            "a32" => words.push("67".into()),
            "!(11):rrr:bbb" | "11:rrr:bbb" => words.push("/r".into()),
            _ => words.push(match word.split_once('+') {
                Some((opcode, _)) => format!("{opcode}+r"),
                None => word.into(),
            }),
        }
    }
    equal("notation", words.join(" "), expected.join(" "))
}

fn operands_agree(form: &Model, arguments: &[Argument], found: &Instruction) -> Result<(), String> {
    let mut arguments = arguments.iter();
    let count = found.op_count();
    // The tables call implicit what iced gives as operands of string instructions and the like.
    if form.operands.is_empty() {
        return Ok(());
    }
    equal("number of operands", count as usize, form.operands.len())?;
    for (at, operand) in (0..count).zip(&form.operands) {
        let argument = if let Kind::Fixed(number) = operand.kind { Err(number) } else { Ok(arguments.next().expect("an argument a parameter")) };
        operand_agrees(operand, argument, found, at).map_err(|reason| format!("operand {at}, {reason}"))?;
    }
    Ok(())
}

fn operand_agrees(operand: &Operand, argument: Result<&Argument, u8>, found: &Instruction, at: u32) -> Result<(), String> {
    let kind = found.op_kind(at);
    let argument = match argument {
        Ok(argument) => argument,
        Err(number) if kind == OpKind::Register => {
            let name = operand.text.to_lowercase().replace("st(0)", "st0");
            let name = if name == "st" { "st0".into() } else { name };
            let _ = number;
            return equal("fixed register", format!("{:?}", found.op_register(at)).to_lowercase(), name);
        }
        Err(number) => return equal("fixed immediate", found.immediate(at), number.into()),
    };
    let size = |expected: Option<u32>| match expected {
        Some(bits) => equal("bits in memory", found.memory_size().size() as u32 * 8, bits),
        None => Ok(()),
    };
    match (&argument.value, &operand.kind) {
        (Value::Register(number), Kind::Reg(class) | Kind::RegMem { class, .. }) => {
            equal("kind", kind, OpKind::Register)?;
            equal("register", found.op_register(at), register(*class, *number))
        }
        (Value::Memory(address), memory) => {
            equal("kind", kind, OpKind::Memory)?;
            address_agrees(memory, address, found)?;
            match memory {
                Kind::RegMem { broadcast, .. } if argument.broadcast => size(*broadcast),
                Kind::RegMem { bits, .. } => size(Some(*bits)),
                Kind::Mem { bits, .. } => size(*bits),
                _ => Ok(()),
            }
        }
        (Value::Number(number), Kind::Imm { bits, .. }) => {
            let mask = u64::MAX >> (64 - bits);
            equal("immediate", found.immediate(at) & mask, *number as u64 & mask)
        }
        (Value::Number(number), Kind::Moffs { bits }) => {
            equal("kind", kind, OpKind::Memory)?;
            equal("bits in memory", found.memory_size().size() as u32 * 8, *bits)?;
            equal("absolute address", found.memory_displacement64(), *number as u64)
        }
        (Value::Distance(distance), _) => equal("target", found.near_branch_target(), found.next_ip().wrapping_add_signed((*distance).into())),
        other => unreachable!("{other:?}"),
    }
}

fn address_agrees(memory: &Kind, address: &Address, found: &Instruction) -> Result<(), String> {
    let general = if address.narrow { Register::EAX } else { Register::RAX };
    let base = match address.base {
        Base::None => Register::None,
        Base::Rip => Register::RIP,
        Base::Register(number) => general + u32::from(number),
    };
    equal("base", found.memory_base(), base)?;
    let first = match memory {
        Kind::Vsib { class } => register(*class, 0),
        _ => general,
    };
    let (index, scale) = match address.index {
        Some((number, log2)) => (first + u32::from(number), 1 << log2),
        None => (Register::None, 1),
    };
    equal("index", found.memory_index(), index)?;
    equal("scale", found.memory_index_scale(), scale)?;
    let disp = match address.base {
        Base::Rip => found.next_ip().wrapping_add_signed(address.disp.into()),
        _ if address.narrow => u64::from(address.disp as u32),
        _ => i64::from(address.disp) as u64,
    };
    equal("displacement", found.memory_displacement64(), disp)?;
    let segment = match address.segment {
        Some(0x64) => Register::FS,
        Some(_) => Register::GS,
        None => Register::None,
    };
    equal("segment", found.segment_prefix(), segment)
}

fn register(class: Class, number: u8) -> Register {
    let first = match class {
        // In iced's order ah, ch, dh and bh stand between bl and spl.
        Class::R8 if number > 3 => Register::AH + 4,
        Class::R8 | Class::R8h => Register::AL,
        Class::R16 | Class::Low16 => Register::AX,
        Class::R32 | Class::Low32 => Register::EAX,
        Class::R64 => Register::RAX,
        Class::Xmm | Class::EXmm => Register::XMM0,
        Class::Ymm | Class::EYmm => Register::YMM0,
        Class::Zmm => Register::ZMM0,
        Class::K => Register::K0,
        Class::Tmm => Register::TMM0,
        Class::St => Register::ST0,
        Class::Sreg => Register::ES,
        Class::E8 | Class::E16 | Class::E32 | Class::E64 => unreachable!("iced knows no APX"),
    };
    let offset = if first == Register::AH + 4 { number - 4 } else { number };
    first + u32::from(offset)
}

fn decorations_agree(form: &Model, arguments: &[Argument], found: &Instruction) -> Result<(), String> {
    let any = |wanted: fn(&Argument) -> bool| arguments.iter().any(wanted);
    let mask = arguments.iter().map(|argument| argument.mask).max().unwrap_or(0);
    let mask = if mask == 0 { Register::None } else { Register::K0 + u32::from(mask) };
    equal("mask", found.op_mask(), mask)?;
    equal("zeroing", found.zeroing_masking(), any(|argument| argument.zeroing))?;
    equal("broadcast", found.is_broadcast(), any(|argument| argument.broadcast))?;
    let rounding = match arguments.iter().find_map(|argument| argument.rounding) {
        None => RoundingControl::None,
        Some(0) => RoundingControl::RoundToNearest,
        Some(1) => RoundingControl::RoundDown,
        Some(2) => RoundingControl::RoundUp,
        Some(_) => RoundingControl::RoundTowardZero,
    };
    equal("rounding", found.rounding_control(), rounding)?;
    let sae = any(|argument| argument.sae);
    equal("sae", found.suppress_all_exceptions(), sae)?;
    let _ = (form, Immediate::Is4, TestResult::passed, table::read::<x64::Row>);
    Ok(())
}
