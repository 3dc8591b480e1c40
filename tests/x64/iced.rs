//! Every form, with random operands, read back by iced-x86, which shares nothing with this crate.
//!
//! iced must find one instruction of the same length with the row's mnemonic, prefixes, operands and decorations. Its
//! own notation of what it found (`op_code_string`) must be the row's `op`, in all but spelling. The forms that iced
//! does not know are counted by CPU feature; llvm-mc looks at those.

use iced_x86::{
    Decoder, DecoderOptions, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register, RflagsBits,
    RoundingControl,
};
use quickcheck::Gen;
use std::collections::BTreeMap;
use tailfirst_gen::{
    table,
    x64::{self, Access, Class, Form as Model, Kind, Operand, Pointer, Row},
};
use tailfirst_roundtrip::choices::{self, Choices};
use tailfirst_roundtrip::x64::{
    MODEL,
    forward::{self, Address, Argument, Base, Override, Value},
    operands::Sample,
};

/// Random cases a form.
const CASES: u64 = 40;

/// CPU features that iced 1.21 does not know, and how many forms need each.
const UNKNOWN: [(&str, usize); 11] = [
    ("APX_F", 1813),
    ("AVX10_2", 280),
    ("AVX10_V2_AUX", 63),
    ("AMX_FP8", 4),
    ("AMX_TF32", 1),
    ("AMX_AVX512", 12),
    ("AMX_MOVRS", 4),
    ("MOVRS", 22),
    ("MSR_IMM", 4),
    ("USER_MSR", 8),
    ("ACE_1", 20),
];

/// Where iced thinks that the code lies.
const IP: u64 = 0x10_0000_0000;

fn is_unknown(form: &Model) -> bool {
    form.cpu.iter().any(|feature| UNKNOWN.iter().any(|(unknown, _)| unknown == feature))
}

#[test]
fn iced_reads_every_form_as_it_was_meant() {
    let mut g = Gen::from_size_and_seed(100, choices::seed("iced_reads_every_form_as_it_was_meant"));
    let mut wrong = BTreeMap::new();
    let mut read = 0;
    for form in MODEL.iter().filter(|form| !is_unknown(form)) {
        for _ in 0..choices::times(CASES) {
            read += 1;
            let numbers = choices::numbers(&mut g);
            let arguments = without_apx(form, Sample::new(form, &mut Choices::new(&numbers)).arguments);
            let bytes = forward::encode(form, &arguments);
            if let Err(reason) = agrees(form, &arguments, &bytes) {
                wrong
                    .entry(form.name.clone())
                    .or_insert(format!("{} | {}: {reason} | {bytes:02x?} {arguments:?}", form.syntax, form.notation));
            }
        }
    }
    println!("iced read {read} instructions");
    let all: Vec<_> = wrong.values().map(String::as_str).collect();
    assert!(all.is_empty(), "{} forms:\n{}", all.len(), all.join("\n"));
}

#[test]
fn access_and_flags_are_what_iced_says() {
    let mut g = Gen::from_size_and_seed(100, choices::seed("access_and_flags_are_what_iced_says"));
    let mut wrong = Vec::new();
    for form in
        MODEL.iter().filter(|form| !is_unknown(form) && !OTHER_EFFECTS.iter().any(|(other, _)| *other == form.mnemonic))
    {
        let sample = Sample::new(form, &mut Choices::new(&choices::numbers(&mut g)));
        let found = typical(form, without_apx(form, sample.arguments));
        if let Err(reason) = effects_agree(form, &found) {
            wrong.push(format!("{} | {}: {reason}", form.table, form.syntax));
        }
    }
    assert!(wrong.is_empty(), "{} forms:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_forms_that_iced_does_not_know_are_counted() {
    for (feature, count) in UNKNOWN {
        let forms = MODEL.iter().filter(|form| form.cpu.iter().any(|other| other == feature)).count();
        assert_eq!(forms, count, "{feature}");
    }
}

/// The arguments with general registers below number 16: iced knows no others.
fn without_apx(form: &Model, mut arguments: Vec<Argument>) -> Vec<Argument> {
    for (operand, argument) in form.parameters().zip(&mut arguments) {
        match (&operand.kind, &mut argument.value) {
            (Kind::Reg(class) | Kind::RegMem { class, .. }, Value::Register(number))
                if class.is_extended() && !class.is_vector() =>
            {
                *number %= 16;
            }
            (kind, Value::Memory(Address { base, index, .. })) => {
                if let Base::Register(base) = base {
                    *base %= 16;
                }
                if let (false, Some((index, _))) = (matches!(kind, Kind::Vsib { .. }), index) {
                    // 20 would be RSP, which is no index.
                    *index = if *index == 20 { 5 } else { *index % 16 };
                }
            }
            _ => {}
        }
    }
    arguments
}

/// Whether iced finds in `bytes` what the row says.
fn agrees(form: &Model, arguments: &[Argument], bytes: &[u8]) -> Result<(), String> {
    let rest = without_wait(form, bytes);
    let mnemonic = if rest.len() < bytes.len() { form.mnemonic.replacen('f', "fn", 1) } else { form.mnemonic.clone() };
    let found = Decoder::with_ip(64, rest, IP, DecoderOptions::MPX).decode();
    equal("length", found.len(), rest.len())?;
    if found.is_invalid() {
        return Err("no instruction".into());
    }
    // The exchange of the accumulator with itself is what NOP is.
    if form.mnemonic == "xchg" && found.mnemonic() == Mnemonic::Nop {
        return equal(
            "register",
            arguments.iter().map(|argument| argument.value.clone()).collect::<Vec<_>>(),
            vec![Value::Register(0)],
        );
    }
    mnemonic_agrees(&mnemonic, &found)?;
    notation_agrees(form, &found)?;
    operands_agree(form, arguments, &found)?;
    decorations_agree(arguments, &found)
}

/// WAIT is an instruction by itself; what follows it is the same instruction without waiting.
fn without_wait<'a>(form: &Model, bytes: &'a [u8]) -> &'a [u8] {
    match bytes {
        [0x9B, rest @ ..] if form.mnemonic != "wait" => rest,
        _ => bytes,
    }
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
        "enterw" => "enter",
        "retfw" | "retfq" => "retf",
        "pushw" => "push",
        "popw" => "pop",
        other => other.trim_end_matches(".s"),
    };
    equal("mnemonic", format!("{:?}", found.mnemonic()).to_lowercase().as_str(), last)?;
    let has = |word: &str| words.contains(&word);
    equal("lock", found.has_lock_prefix(), has("lock"))?;
    let repne = found.has_repne_prefix();
    equal("F2", repne, has("repne") || has("xacquire") || has("bnd"))?;
    if has("notrack") {
        equal("notrack", found.segment_prefix(), Register::DS)?;
    }
    equal("F3", found.has_rep_prefix(), has("rep") || has("repe") || has("xrelease"))
}

/// Whether the row's `op` is what iced notes, in all but spelling.
fn notation_agrees(form: &Model, found: &Instruction) -> Result<(), String> {
    let spelled = |word: &str| match word {
        "11:rrr:bbb" | "!(11):rrr:bbb" => "/r".into(),
        "11:000:000" => "C0".into(),
        "iq" => "io".into(),
        _ => word.replace(".NP", "").replace(".LLIG", ".LIG").replace("+i", "+r"),
    };
    let mut row: Vec<String> = form.notation.split(' ').map(spelled).collect();
    // iced's notation is without WAIT, and without the prefixes that lead the mnemonic.
    for lead in form.mnemonic.split(' ') {
        let prefix = match lead {
            "lock" => "F0",
            "rep" | "repe" | "xrelease" => "F3",
            "repne" | "xacquire" | "bnd" => "F2",
            "notrack" => "3E",
            // Of others it is a part of iced's notation, too.
            "addr32" if STRINGS.iter().any(|string| form.mnemonic.contains(string)) => "67",
            waiting if waiting.starts_with('f') => "9B",
            _ => continue,
        };
        if let Some(at) = row.iter().position(|word| word == prefix) {
            row.remove(at);
        }
    }
    row.retain(|word| !matches!(word.as_str(), "NP" | "NOREX" | "D64"));
    // In the row it is the memory operand's.
    if form.address_bits() == Some(32) {
        row.insert(0, "67".into());
    }
    // ModRM.reg of these is ignored.
    if form.mnemonic.starts_with("set") {
        row.iter_mut().filter(|word| *word == "/0").for_each(|word| *word = "/r".into());
    }
    let info = found.op_code();
    let default_64 = info.default_op_size64() || info.force_op_size64() || info.intel_force_op_size64();
    let mut iced: Vec<String> = Vec::new();
    for word in info.op_code_string().split(' ') {
        iced.push(match word {
            "NP" | "o32" | "a64" => continue,
            "o64" if default_64 => continue,
            "o16" => "66".into(),
            "o64" => "REX.W".into(),
            "a32" => "67".into(),
            "/vsib" | "!(11):rrr:bbb" | "11:rrr:bbb" => "/r".into(),
            _ => match word.split_once('+') {
                Some((opcode, _)) => format!("{opcode}+r"),
                None => word.into(),
            },
        });
    }
    equal("notation", iced.join(" "), row.join(" "))
}

/// String instructions with nothing but a destination.
const STRINGS: [&str; 3] = ["stos", "scas", "ins"];

/// Forms whose first operands in iced's view are implicit in the tables': ST0, or memory at RDI.
const IMPLICIT_FIRST: [&str; 8] = ["fcom", "fcomp", "fucom", "fucomp", "fxch", "maskmovq", "maskmovdqu", "vmaskmovdqu"];

fn operands_agree(form: &Model, arguments: &[Argument], found: &Instruction) -> Result<(), String> {
    // The tables call implicit what iced gives as operands of string instructions and the like.
    if form.operands.is_empty() {
        return Ok(());
    }
    if let [Operand { kind: Kind::FixedAddress(pointer), .. }, others @ ..] = &form.operands[..] {
        fixed_address_agrees(*pointer, arguments, found)?;
        if others.is_empty() {
            return Ok(());
        }
    }
    let mut arguments = arguments.iter();
    let mut at =
        u32::from(IMPLICIT_FIRST.contains(&form.mnemonic.as_str()) && found.op_count() as usize > form.operands.len());
    for operand in &form.operands {
        // iced calls implicit what the manual writes as <XMM0>.
        if operand.text == "XMM0" {
            continue;
        }
        let agrees = match operand.kind {
            Kind::Fixed(number) => fixed_agrees(operand, number, found, at),
            Kind::FixedAddress(_) => {
                arguments.next();
                Ok(())
            }
            _ => operand_agrees(form, operand, arguments.next().expect("an argument a parameter"), found, at),
        };
        agrees.map_err(|reason| format!("{}, {reason}", operand.text))?;
        at += 1;
    }
    equal("number of operands", found.op_count(), at)
}

fn fixed_agrees(operand: &Operand, number: u8, found: &Instruction, at: u32) -> Result<(), String> {
    if found.op_kind(at) != OpKind::Register {
        return equal("constant", found.immediate(at), number.into());
    }
    let name = match operand.text.as_str() {
        "ST(0)" | "ST" => "st0".into(),
        other => other.to_lowercase(),
    };
    equal("register", format!("{:?}", found.op_register(at)).to_lowercase(), name)
}

fn operand_agrees(
    form: &Model,
    operand: &Operand,
    argument: &Argument,
    found: &Instruction,
    at: u32,
) -> Result<(), String> {
    let kind = found.op_kind(at);
    let size = |expected: Option<u32>| match expected {
        Some(bits) => equal("bits in memory", found.memory_size().size() as u32 * 8, bits),
        None => Ok(()),
    };
    match (&argument.value, &operand.kind) {
        (Value::Register(number), Kind::Reg(class) | Kind::RegMem { class, .. }) => {
            equal("kind", kind, OpKind::Register)?;
            // iced calls the register of these by the operand size, of which they read the low half.
            let class = if matches!(form.mnemonic.as_str(), "verr" | "verw" | "lldt" | "ltr" | "lmsw" | "lkgs") {
                Class::R32
            } else {
                *class
            };
            equal("register", found.op_register(at), register(class, *number))
        }
        (Value::Memory(address), memory) => {
            equal("kind", kind, OpKind::Memory)?;
            // NOTRACK and DS are one prefix.
            let notrack = form.mnemonic.contains("notrack").then_some(0x3E);
            address_agrees(memory, &Address { segment: notrack.or(address.segment), ..address.clone() }, found)?;
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
        (Value::Number(number), Kind::Moffs { bits, .. }) => {
            equal("kind", kind, OpKind::Memory)?;
            equal("bits in memory", found.memory_size().size() as u32 * 8, *bits)?;
            equal("absolute address", found.memory_displacement64(), *number as u64)
        }
        (Value::Absolute(address, Override { segment, narrow }), Kind::Moffs { bits, .. }) => {
            equal("kind", kind, OpKind::Memory)?;
            equal("bits in memory", found.memory_size().size() as u32 * 8, *bits)?;
            equal("absolute address", found.memory_displacement64(), *address)?;
            equal("bytes of the address", found.memory_displ_size(), if *narrow { 4 } else { 8 })?;
            equal("segment", found.segment_prefix(), segment_register(*segment))
        }
        (Value::Distance(distance), _) => {
            equal("target", found.near_branch_target(), found.next_ip().wrapping_add_signed((*distance).into()))
        }
        other => unreachable!("{other:?}"),
    }
}

fn address_agrees(memory: &Kind, address: &Address, found: &Instruction) -> Result<(), String> {
    let general = if address.narrow { Register::EAX } else { Register::RAX };
    let base = match address.base {
        Base::None => Register::None,
        Base::Rip if address.narrow => Register::EIP,
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
        Base::Rip if address.narrow => u64::from((found.next_ip() as u32).wrapping_add_signed(address.disp)),
        Base::Rip => found.next_ip().wrapping_add_signed(address.disp.into()),
        _ if address.narrow => u64::from(address.disp as u32),
        _ => i64::from(address.disp) as u64,
    };
    equal("displacement", found.memory_displacement64(), disp)?;
    equal("segment", found.segment_prefix(), segment_register(address.segment))
}

/// The segment register that a prefix says.
fn segment_register(prefix: Option<u8>) -> Register {
    match prefix {
        Some(0x26) => Register::ES,
        Some(0x2E) => Register::CS,
        Some(0x36) => Register::SS,
        Some(0x3E) => Register::DS,
        Some(0x64) => Register::FS,
        Some(0x65) => Register::GS,
        None => Register::None,
        Some(other) => unreachable!("{other:x} is no segment prefix"),
    }
}

/// An address that the opcode fixes: iced gives it beside what the tables call implicit.
fn fixed_address_agrees(pointer: Pointer, arguments: &[Argument], found: &Instruction) -> Result<(), String> {
    let [Argument { value: Value::Fixed(Override { segment, narrow }), .. }, ..] = arguments else {
        unreachable!("it is the first operand")
    };
    let kind = match (pointer, narrow) {
        (Pointer::Rsi, false) => OpKind::MemorySegRSI,
        (Pointer::Rsi, true) => OpKind::MemorySegESI,
        (Pointer::Rdi, false) => OpKind::MemorySegRDI,
        (Pointer::Rdi, true) => OpKind::MemorySegEDI,
        (Pointer::Rbx, _) => {
            let base = if *narrow { Register::EBX } else { Register::RBX };
            equal("base and index", (found.memory_base(), found.memory_index()), (base, Register::AL))?;
            OpKind::Memory
        }
    };
    let addresses = found.op_kinds().filter(|found| *found == kind).count();
    equal("number of addresses", addresses, 1)?;
    equal("segment", found.segment_prefix(), segment_register(*segment))
}

fn register(class: Class, number: u8) -> Register {
    let first = match class {
        // In iced's order ah, ch, dh and bh stand between bl and spl.
        Class::R8 if number > 3 => Register::AH + 4,
        Class::R8 | Class::R8h => Register::AL,
        Class::R16 | Class::Low16 => Register::AX,
        Class::R32 | Class::Low32 | Class::E32 => Register::EAX,
        Class::R64 | Class::E64 => Register::RAX,
        Class::Xmm | Class::EXmm => Register::XMM0,
        Class::Ymm | Class::EYmm => Register::YMM0,
        Class::Zmm => Register::ZMM0,
        Class::K | Class::KPair => Register::K0,
        Class::Tmm => Register::TMM0,
        Class::St => Register::ST0,
        Class::Sreg => Register::ES,
        Class::Mm => Register::MM0,
        Class::Cr => Register::CR0,
        Class::Dr => Register::DR0,
        Class::E8 | Class::E16 => unreachable!("only forms of APX have these"),
    };
    let offset = if first == Register::AH + 4 { number - 4 } else { number };
    first + u32::from(offset)
}

fn decorations_agree(arguments: &[Argument], found: &Instruction) -> Result<(), String> {
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
    equal("sae", found.suppress_all_exceptions(), any(|argument| argument.sae))
}

/// An instruction whose registers differ, whose counts are neither 0 nor 1, and whose mask is k0 where it may be: in
/// iced's view `sub eax, eax` reads nothing, a shift by 0 leaves the flags alone, and a merged destination is read,
/// which the tables say by the mask.
fn typical(form: &Model, mut arguments: Vec<Argument>) -> Instruction {
    for (at, argument) in arguments.iter_mut().enumerate() {
        match &mut argument.value {
            Value::Register(number) => *number = at as u8 + 2,
            Value::Memory(Address { index: Some((number, _)), .. }) => *number = 7,
            Value::Number(number) => *number = 5,
            _ => {}
        }
        if !form.needs_mask() {
            (argument.mask, argument.zeroing) = (0, false);
        }
    }
    let bytes = forward::encode(form, &arguments);
    Decoder::with_ip(64, without_wait(form, &bytes), IP, DecoderOptions::MPX).decode()
}

/// Where the tables say something else than iced, on purpose.
const OTHER_EFFECTS: [(&str, &str); 16] = [
    ("movss", "a load writes all, a move between registers a part; the row says the latter"),
    ("movsd", "as movss"),
    ("rdsspd", "leaves the register alone when shadow stacks are off"),
    ("rdsspq", "as rdsspd"),
    ("sar", "by one it clears the overflow flag, which iced calls writing"),
    ("ffree", "writes the register's tag"),
    ("ffreep", "as ffree"),
    ("insertq", "keeps what lies outside of the field, with constants, too"),
    ("vpscatterdd", "elements that are masked out stay as they are"),
    ("vpscatterqq", "as vpscatterdd"),
    ("vscatterdpd", "as vpscatterdd"),
    ("vscatterdps", "as vpscatterdd"),
    ("vpscatterdq", "as vpscatterdd"),
    ("vpscatterqd", "as vpscatterdd"),
    ("vscatterqpd", "as vpscatterdd"),
    ("vscatterqps", "as vpscatterdd"),
];

/// What the row says about access and flags, and what iced says.
fn effects_agree(form: &Model, found: &Instruction) -> Result<(), String> {
    let mut factory = InstructionInfoFactory::new();
    let info = factory.info(found);
    let first =
        u32::from(IMPLICIT_FIRST.contains(&form.mnemonic.as_str()) && found.op_count() as usize > form.operands.len());
    for (at, operand) in (first..).zip(&form.operands) {
        // iced has these at other places.
        if matches!(operand.kind, Kind::FixedAddress(_)) {
            continue;
        }
        if operand.text == "XMM0" || matches!(operand.kind, Kind::Imm { .. } | Kind::Rel { .. }) {
            continue;
        }
        let access = match info.op_access(at) {
            OpAccess::Read | OpAccess::CondRead => Access::Read,
            OpAccess::Write => Access::Write,
            // What may be left as it is, is read, too.
            OpAccess::ReadWrite | OpAccess::ReadCondWrite | OpAccess::CondWrite => Access::ReadWrite,
            OpAccess::None | OpAccess::NoMemAccess => Access::None,
        };
        equal(&operand.text, access, operand.access)?;
    }
    let flags = |bits: u32| -> String {
        let all = [
            ('o', RflagsBits::OF),
            ('s', RflagsBits::SF),
            ('z', RflagsBits::ZF),
            ('a', RflagsBits::AF),
            ('p', RflagsBits::PF),
            ('c', RflagsBits::CF),
            ('d', RflagsBits::DF),
            ('i', RflagsBits::IF),
        ];
        all.iter().filter(|(_, bit)| bits & bit != 0).map(|(letter, _)| letter).collect()
    };
    let said = |what: char| -> String {
        let word = form.rflags.split(' ').find(|word| word.starts_with(what)).and_then(|word| word.split_once(':'));
        let letters = word.map_or("", |(_, letters)| letters);
        "oszapcdi".chars().filter(|letter| letters.contains(*letter)).collect()
    };
    equal("flags read", flags(found.rflags_read()), said('r'))?;
    equal("flags written", flags(found.rflags_written()), said('w'))?;
    equal("flags cleared", flags(found.rflags_cleared()), said('0'))?;
    equal("flags set", flags(found.rflags_set()), said('1'))?;
    equal("flags undefined", flags(found.rflags_undefined()), said('u'))
}

/// The test of the test: rows with one mistake each, which iced must notice.
#[test]
fn a_wrong_row_is_noticed() {
    let right = r#"(ins: "add r/m64, imm8", op: "REX.W 83 /0 ib", en: "MI", io: "rw r", rflags: "w:oszapc")"#;
    assert_eq!(verdict(right), Ok(()));
    for (wrong, reason) in [
        (right.replace("/0", "/1"), "mnemonic"),
        (right.replace("REX.W ", ""), "needs REX.W"),
        (right.replace("REX.W ", "D64 "), "bits in memory"),
        (right.replace("REX.W 83 /0 ib", "66 REX.W 83 /0 ib"), "notation"),
        (right.replace("83 /0 ib", "81 /0 id").replace("imm8", "imm32").replace("REX.W ", "D64 66 "), "length"),
        (right.replace("83 /0 ib", "81 /0 id").replace("imm8", "imm32"), "fine: this is a row, too"),
        (r#"(ins: "mov r64, r/m64", op: "REX.W 89 /r", en: "RM", io: "w r")"#.into(), "r64, "),
        (r#"(ins: "lock add r/m64, r64", op: "REX.W 01 /r", en: "MR", io: "rw r")"#.into(), "lock"),
        (r#"(ins: "movzx r32, r/m16", op: "0F B6 /r", en: "RM", io: "w r")"#.into(), "r/m16, "),
        (r#"(ins: "imul r64, r/m64, imm8", op: "REX.W 6B /r ib", en: "MRI", io: "w r r")"#.into(), "Slot"),
        (r#"(ins: "vaddps xmm1, xmm2, xmm3", op: "VEX.128.NP.0F.WIG 58 /r", en: "VRM", io: "w r r")"#.into(), "xmm1, register"),
        (r#"(ins: "vaddps ymm1, ymm2, ymm3/m256", op: "VEX.128.NP.0F.WIG 58 /r", en: "RVM", io: "w r r")"#.into(), "ymm1, register"),
        (vaddps("Tuple1Scalar", "m512"), "displacement"),
        (vaddps("FullMem", "m512/m64bcst"), "Tuple"),
        (vaddps("Full", "m512/m64bcst"), "bits in memory"),
        (r#"(ins: "vpgatherdd zmm1 {k1}, vm32z", op: "EVEX.512.66.0F38.W0 91 /r", en: "RM", io: "rw r", tt: Tuple1Scalar, when: "op1!=op2 && k1!=0")"#.into(), "mnemonic"),
        (right.replace("rw r", "w r"), "r/m64: "),
        (right.replace("w:oszapc", "w:oszap"), "flags written"),
    ] {
        match verdict(&wrong) {
            Ok(()) => assert!(reason.starts_with("fine"), "not noticed: {wrong}"),
            Err(found) => assert!(found.contains(reason), "{wrong} is refused for {found}, not for {reason}"),
        }
    }
}

fn vaddps(tuple: &str, memory: &str) -> String {
    format!(
        r#"(ins: "vaddps zmm1 {{k1}}{{z}}, zmm2, zmm3/{memory}", op: "EVEX.512.NP.0F.W0 58 /r", en: "RVM", io: "w r r", tt: {tuple})"#
    )
}

/// What the checks above say of a row.
fn verdict(row: &str) -> Result<(), String> {
    let text = format!(r#"Table(source: "test", groups: [(title: "test", rows: [{row}])])"#);
    let lines = table::read::<Row>("x64/wrong.ron", &text).map_err(|error| format!("{:?}", error.reason))?;
    let forms = x64::forms(&lines).map_err(|error| format!("{:?}", error.reason))?;
    let mut g = Gen::from_size_and_seed(100, 0);
    for form in &forms {
        for _ in 0..100 {
            let sample = Sample::new(form, &mut Choices::new(&choices::numbers(&mut g)));
            let arguments = without_apx(form, sample.arguments);
            agrees(form, &arguments, &forward::encode(form, &arguments))?;
            effects_agree(form, &typical(form, arguments))?;
        }
    }
    Ok(())
}
