//! Every x64 form, with random operands, read back by llvm-mc: the mnemonic, the length, and of APX, which iced-x86
//! does not know, the registers.

use quickcheck::Gen;
use std::collections::{BTreeMap, BTreeSet};
use tailfirst_gen::x64::{Class, Encoding, Form as Model, Kind, Rounding, Slot};
use tailfirst_oracles::{Answer, Dialect, LlvmMc};
use tailfirst_roundtrip::choices::{self, Choices};
use tailfirst_roundtrip::x64::{
    MODEL,
    forward::{self, Argument, Base, Value},
    operands::Sample,
};

/// Random cases a form: of APX, and of the rest.
const CASES: (u64, u64) = (24, 4);

/// All of APX that LLVM 19 knows; other extensions need not be named to its disassembler.
const FEATURES: &str = "+egpr,+ndd,+nf,+ccmp,+cf,+push2pop2,+ppx,+zu,+64bit";

struct Case {
    form: &'static Model,
    arguments: Vec<Argument>,
    bytes: Vec<u8>,
}

fn is_apx(form: &Model) -> bool {
    form.cpu.iter().any(|feature| feature == "APX_F")
}

/// What LLVM 19 does not know, and LLVM 22 does.
const NEWEST: [&str; 8] = ["AVX10_2", "AMX_FP8", "AMX_TF32", "AMX_AVX512", "AMX_MOVRS", "MOVRS", "MSR_IMM", "USER_MSR"];

/// What no LLVM knows: its rows were checked against XED's data files of 15 July 2026.
const UNKNOWN_TO_ALL: [&str; 2] = ["AVX10_V2_AUX", "ACE_1"];

/// The same of single forms.
fn is_unknown_to_all(form: &Model) -> bool {
    needs(form, &UNKNOWN_TO_ALL) || (form.name.starts_with("imulzu") && form.name.ends_with("_nf"))
}

fn needs(form: &Model, features: &[&str]) -> bool {
    form.cpu.iter().any(|feature| features.contains(&feature.as_str()))
}

/// Whether LLVM 19 may know the form.
fn is_old(form: &Model) -> bool {
    !needs(form, &NEWEST) && !is_unknown_to_all(form)
}

fn cases(test: &str, wanted: impl Fn(&Model) -> bool, count: u64) -> Vec<Case> {
    let mut random = Gen::from_size_and_seed(100, choices::seed(test));
    let mut cases = Vec::new();
    for form in MODEL.iter().filter(|form| wanted(form)) {
        for _ in 0..choices::times(count) {
            let numbers = choices::numbers(&mut random);
            let arguments = Sample::new(form, &mut Choices::new(&numbers)).arguments;
            let bytes = forward::encode(form, &arguments);
            cases.push(Case { form, arguments, bytes });
        }
    }
    cases
}

/// The bytes without what LLVM reads as instructions of their own: WAIT, and LOCK, XACQUIRE and XRELEASE, which the
/// tables call a part of the mnemonic, and behind which LLVM forgets an operand-size prefix.
fn code(case: &Case) -> Vec<u8> {
    let mut code = case.bytes.clone();
    for lead in case.form.mnemonic.split(' ') {
        let prefix = match lead {
            "lock" => 0xF0,
            "xacquire" => 0xF2,
            "xrelease" => 0xF3,
            "bnd" => 0xF2,
            "wait" => continue,
            // Those of the x87 that wait begin with it.
            _ if code[0] == 0x9B => 0x9B,
            _ => continue,
        };
        let at = code
            .iter()
            .position(|byte| *byte == prefix)
            .unwrap_or_else(|| panic!("{} has no {prefix:x}", case.form.name));
        code.remove(at);
    }
    code
}

fn ask(llvm: &LlvmMc, cases: &[Case]) -> Vec<Answer> {
    llvm.disassemble(&Dialect::x64(FEATURES), &cases.iter().map(code).collect::<Vec<_>>())
}

/// The only instruction's text; if the instruction were shorter than the bytes, there would be others, or an error.
fn text(answer: &Answer) -> Result<&str, String> {
    match answer.as_deref() {
        Ok([one]) => Ok(&one.text),
        Ok(other) => Err(format!("{} instructions: {other:?}", other.len())),
        Err(message) => Err(message.clone()),
    }
}

fn report(what: &str, wrong: BTreeMap<&str, String>) {
    let lines: Vec<_> = wrong.into_iter().map(|(name, reason)| format!("{name}: {reason}")).collect();
    assert!(lines.is_empty(), "{what}, {} forms:\n{}", lines.len(), lines.join("\n"));
}

/// The words of assembly: names and numbers.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && !"{}_".contains(c)).filter(|word| !word.is_empty())
}

/// Forms that LLVM 19 does not read: INT1; UD0 with ModRM, which its manual has and LLVM has not; VMOVW with W1 and
/// memory.
const UNKNOWN: [&str; 6] =
    ["int1", "ud0_r16_rm16", "ud0_r32_rm32", "ud0_r64_rm64", "vmovw_r64m16_xmm", "vmovw_xmm_r64m16"];

/// Mnemonics that LLVM has another name for.
const OTHER_NAMES: [(&str, &str); 27] = [
    // of RAX with itself
    ("xchg", "nop"),
    // with a far pointer
    ("call", "lcall"),
    ("jmp", "ljmp"),
    // without WAIT
    ("fclex", "fnclex"),
    ("finit", "fninit"),
    ("fsave", "fnsave"),
    ("fstcw", "fnstcw"),
    ("fstenv", "fnstenv"),
    ("fstsw", "fnstsw"),
    ("fcomip", "fcompi"),
    ("fucomip", "fucompi"),
    // with a 64-bit immediate or address
    ("mov", "movabs"),
    // The tables' names tell sizes apart where no operand does.
    ("enterw", "enter"),
    ("getsecq", "getsec"),
    ("leavew", "leave"),
    ("nopw", "nop"),
    ("popw", "pop"),
    ("pushw", "push"),
    ("retfw", "retf"),
    ("pcmpestri64", "pcmpestri"),
    ("pcmpestrm64", "pcmpestrm"),
    ("vpcmpestri64", "vpcmpestri"),
    ("vpcmpestrm64", "vpcmpestrm"),
    // LLVM 19 writes both as 50+r with REX2 (W says which), and reads both as PUSHP.
    ("push", "pushp"),
    ("pop", "popp"),
    // LLVM 19 does not know these, and reads what they are without F3.
    ("mcommit", "monitorx"),
    ("vmgexit", "vmmcall"),
];

fn mnemonic_agrees(form: &Model, text: &str) -> bool {
    let expected = form.mnemonic.split(' ').next_back().unwrap_or_default().trim_end_matches(".s");
    // LLVM makes a predicate a part of the name: cmpltpd, vpcmpequd, vpcomltub.
    let is_comparison = |word: &str| {
        let ends = ["bf16", "pd", "ps", "sd", "ss", "ph", "sh", "ub", "uw", "ud", "uq", "b", "w", "d", "q"];
        let mut stems = ends.iter().filter_map(|end| Some((expected.strip_suffix(end)?, end)));
        stems.any(|(stem, end)| {
            (stem.ends_with("cmp") || stem == "vpcom") && word.starts_with(stem) && word.ends_with(end)
        })
    };
    words(text).any(|word| word == expected || is_comparison(word) || OTHER_NAMES.contains(&(expected, word)))
}

#[test]
fn llvm_reads_every_form_as_it_was_meant() {
    let llvm = LlvmMc::from_env();
    let cases = cases("llvm_reads_every_form_as_it_was_meant", |form| !is_apx(form) && is_old(form), CASES.1);
    let mut wrong = BTreeMap::new();
    let mut unknown = BTreeSet::new();
    for (case, answer) in cases.iter().zip(ask(&llvm, &cases)) {
        match text(&answer) {
            Ok(text) if mnemonic_agrees(case.form, text) => {}
            Ok(text) => drop(wrong.insert(case.form.name.as_str(), format!("{:02x?} is `{text}` to LLVM", case.bytes))),
            Err(_) if UNKNOWN.contains(&case.form.name.as_str()) => drop(unknown.insert(case.form.name.as_str())),
            Err(reason) => drop(wrong.insert(case.form.name.as_str(), format!("{:02x?}: {reason}", case.bytes))),
        }
    }
    println!(
        "checked {} codes of {} forms",
        cases.len(),
        MODEL.iter().filter(|form| !is_apx(form) && is_old(form)).count() - unknown.len()
    );
    // Of VMOVW it reads the register.
    let always = UNKNOWN.iter().filter(|name| !name.starts_with("vmovw"));
    for name in always {
        assert!(unknown.contains(name), "LLVM knows {name}");
    }
    report("LLVM reads something else", wrong);
}

/// What LLVM's own encoder makes of an instruction that suppresses exceptions has the same prefix: L'L says nothing
/// there, and could be anything.
#[test]
fn llvm_writes_sae_alike() {
    let llvm = LlvmMc::from_env();
    let may_suppress = |form: &Model| {
        is_old(form) && form.operands.iter().any(|operand| operand.rounding == Some(Rounding::SuppressExceptions))
    };
    let mut cases = cases("llvm_writes_sae_alike", may_suppress, CASES.0);
    cases.retain(|case| case.arguments.iter().any(|argument| argument.sae));
    let mut wrong = BTreeMap::new();
    for (case, answer) in cases.iter().zip(ask(&llvm, &cases)) {
        let same = matches!(answer.as_deref(), Ok([one]) if one.bytes == case.bytes);
        if !same {
            wrong.insert(case.form.name.as_str(), format!("{:02x?} is {answer:02x?}", case.bytes));
        }
    }
    let forms: BTreeSet<_> = cases.iter().map(|case| &case.form.name).collect();
    println!("checked {} codes of {} forms", cases.len(), forms.len());
    assert!(forms.len() > 80, "{} forms", forms.len());
    report("LLVM writes something else", wrong);
}

/// What ignores W: LLVM has only names of 32 bits there.
const NARROW: [&str; 5] = ["vextractps", "vpextrb", "vpextrw", "vpinsrb", "vpinsrw"];

/// The registers that an instruction names, in the order of Intel's syntax.
fn registers(case: &Case) -> Vec<String> {
    let mut names = Vec::new();
    let mut arguments = case.arguments.iter();
    for operand in &case.form.operands {
        if operand.slot == Slot::Fixed {
            // A count; the other fixed operands are constants.
            names.extend((operand.text == "CL").then(|| "cl".into()));
            continue;
        }
        let argument = arguments.next().expect("an argument a parameter");
        match (&argument.value, &operand.kind) {
            (Value::Register(number), Kind::Reg(Class::E64) | Kind::RegMem { class: Class::E64, .. })
                if NARROW.iter().any(|name| case.form.mnemonic.ends_with(name)) =>
            {
                names.push(name(Class::E32, *number));
            }
            (Value::Register(number), Kind::Reg(class) | Kind::RegMem { class, .. }) => {
                names.push(name(*class, *number))
            }
            (Value::Memory(address), _) => {
                let class = if address.narrow { Class::E32 } else { Class::E64 };
                match address.base {
                    Base::Register(number) => names.push(name(class, number)),
                    Base::Rip => names.push(if address.narrow { "eip" } else { "rip" }.into()),
                    Base::None => {}
                }
                let class = if let Kind::Vsib { class } = operand.kind { class } else { class };
                names.extend(address.index.map(|(number, _)| name(class, number)));
            }
            _ => {}
        }
    }
    names
}

fn name(class: Class, number: u8) -> String {
    const LOW: [&str; 8] = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
    let low = LOW.get(usize::from(number));
    match (class, low) {
        (Class::R8 | Class::E8, Some(low)) => {
            if number < 4 {
                format!("{}l", &low[..1])
            } else {
                format!("{low}l")
            }
        }
        (Class::R8 | Class::E8, None) => format!("r{number}b"),
        (Class::R16 | Class::Low16 | Class::E16, Some(low)) => low.to_string(),
        (Class::R16 | Class::Low16 | Class::E16, None) => format!("r{number}w"),
        (Class::R32 | Class::Low32 | Class::E32, Some(low)) => format!("e{low}"),
        (Class::R32 | Class::Low32 | Class::E32, None) => format!("r{number}d"),
        (Class::R64 | Class::E64, Some(low)) => format!("r{low}"),
        (Class::R64 | Class::E64, None) => format!("r{number}"),
        (Class::Xmm | Class::EXmm, _) => format!("xmm{number}"),
        (Class::Ymm | Class::EYmm, _) => format!("ymm{number}"),
        (Class::Zmm, _) => format!("zmm{number}"),
        // LLVM names a pair by its first register.
        (Class::K | Class::KPair, _) => format!("k{number}"),
        (Class::Tmm, _) => format!("tmm{number}"),
        other => panic!("no APX form has {other:?}"),
    }
}

/// Whether LLVM reads the mnemonic and the registers of an APX instruction.
fn agrees(case: &Case, answer: &Answer) -> Result<(), String> {
    let text = text(answer)?;
    if !mnemonic_agrees(case.form, text) {
        return Err(format!("is `{text}` to LLVM"));
    }
    let expected = registers(case);
    let names: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
    let operands = text.split_once(' ').map_or("", |(_, operands)| operands);
    let mut found: Vec<&str> = words(operands).filter(|word| names.contains(word)).collect();
    if case.form.mnemonic == "xchg" && found != expected {
        // LLVM prefers its operands in the other order.
        found.reverse();
    }
    if found == expected { Ok(()) } else { Err(format!("is `{text}` to LLVM, expected {expected:?}")) }
}

/// LLVM reads each case's mnemonic and registers, and the cases are of more than so many forms.
fn assert_registers(llvm: &LlvmMc, cases: &[Case], more_than: usize) {
    let mut wrong = BTreeMap::new();
    let mut forms = BTreeSet::new();
    for (case, answer) in cases.iter().zip(ask(llvm, cases)) {
        forms.insert(case.form.name.as_str());
        if let Err(reason) = agrees(case, &answer) {
            wrong.insert(case.form.name.as_str(), format!("{:02x?} {reason}", case.bytes));
        }
    }
    println!("checked {} codes of {} forms", cases.len(), forms.len());
    assert!(forms.len() > more_than, "{} forms", forms.len());
    report("LLVM reads something else", wrong);
}

#[test]
fn llvm_reads_apx_with_its_registers() {
    let llvm = LlvmMc::from_env();
    let cases = cases("llvm_reads_apx_with_its_registers", |form| is_apx(form) && is_old(form), CASES.0);
    assert_registers(&llvm, &cases, 900);
}

/// Vector instructions with R16 to R31, as registers and in addresses.
#[test]
fn llvm_reads_vectors_with_apx_registers() {
    let llvm = LlvmMc::from_env();
    let is_wanted = |form: &Model| {
        let is_evex = matches!(form.encoding, Encoding::Evex { .. });
        is_evex && !is_apx(form) && is_old(form) && !UNKNOWN.contains(&form.name.as_str())
    };
    let mut cases = cases("llvm_reads_vectors_with_apx_registers", is_wanted, CASES.1);
    cases.retain(has_apx_register);
    assert_registers(&llvm, &cases, 500);
}

fn has_apx_register(case: &Case) -> bool {
    registers(case).iter().any(|name| {
        let number = name.strip_prefix('r').map(|name| name.trim_end_matches(['b', 'w', 'd']));
        number.and_then(|number| number.parse().ok()).is_some_and(|number: u8| number > 15)
    })
}

/// LLVM's own encoder makes the same bytes of what LLVM reads: the mnemonic, and every bit.
#[test]
fn llvm_writes_the_newest_forms_alike() {
    let llvm = LlvmMc::newest_from_env();
    let cases = cases("llvm_writes_the_newest_forms_alike", |form| needs(form, &NEWEST), CASES.0);
    let mut wrong = BTreeMap::new();
    for (case, answer) in cases.iter().zip(ask(&llvm, &cases)) {
        let agrees = text(&answer).and_then(|text| {
            if !mnemonic_agrees(case.form, text) {
                return Err(format!("is `{text}` to LLVM"));
            }
            // Prefixes of an address may stand in another order.
            let found = answer.as_deref().map_or_else(|_| vec![], |all| all[0].bytes.clone());
            let (prefixes, rest) = split_prefixes(&case.bytes);
            let (found_prefixes, found_rest) = split_prefixes(&found);
            if (&prefixes, rest) == (&found_prefixes, found_rest) {
                Ok(())
            } else {
                Err(format!("is `{text}` to LLVM, which makes {found:02x?} of it"))
            }
        });
        if let Err(reason) = agrees {
            wrong.insert(case.form.name.as_str(), format!("{:02x?} {reason}", case.bytes));
        }
    }
    let forms: BTreeSet<_> = cases.iter().map(|case| &case.form.name).collect();
    println!("checked {} codes of {} forms", cases.len(), forms.len());
    for feature in NEWEST {
        assert!(cases.iter().any(|case| needs(case.form, &[feature])), "no form needs {feature}");
    }
    report("LLVM reads something else", wrong);
}

/// No more than these are without an oracle.
#[test]
fn the_forms_that_no_llvm_knows_are_counted() {
    let count = |feature: &str| MODEL.iter().filter(|form| needs(form, &[feature])).count();
    assert_eq!(UNKNOWN_TO_ALL.map(count), [63, 20]);
    let all: Vec<_> = MODEL.iter().filter(|form| is_unknown_to_all(form)).map(|form| &form.name).collect();
    assert_eq!(all.len(), 63 + 20 + 6, "{all:?}");
}

/// The segment and address-size prefixes, sorted, and what follows them.
fn split_prefixes(bytes: &[u8]) -> (Vec<u8>, &[u8]) {
    let is_prefix = |byte: &&u8| matches!(byte, 0x26 | 0x2E | 0x36 | 0x3E | 0x64 | 0x65 | 0x67);
    let count = bytes.iter().take_while(is_prefix).count();
    let mut prefixes = bytes[..count].to_vec();
    prefixes.sort_unstable();
    (prefixes, &bytes[count..])
}

/// A wrong row is found: instructions with one bit of opcode, prefix or ModRM changed are none of the same meaning.
#[test]
fn wrong_bytes_are_found() {
    let llvm = LlvmMc::from_env();
    let mut cases = cases("wrong_bytes_are_found", |form| is_apx(form) && form.name.starts_with("add_er"), 8);
    let right = cases.iter().zip(ask(&llvm, &cases)).filter(|(case, answer)| agrees(case, answer).is_ok()).count();
    assert_eq!(right, cases.len());
    for case in &mut cases {
        // The opcode's bit that tells ADD from what is eight further on, in REX2 and in EVEX.
        let at = if case.bytes.contains(&0xD5) { 2 } else { 4 };
        let at = at + case.bytes.iter().position(|byte| matches!(byte, 0xD5 | 0x62)).expect("APX has a prefix");
        case.bytes[at] ^= 0x08;
    }
    let found = cases.iter().zip(ask(&llvm, &cases)).filter(|(case, answer)| agrees(case, answer).is_err()).count();
    println!("found {found} of {} mistakes", cases.len());
    // 80 and 83 are groups: the bit that is changed there makes another instruction, or none.
    assert_eq!(found, cases.len());
}
